//! Signatures as a host sees them.
//!
//! In: a function of a typed program. Out: [`Signature`]: names, passing and [`Type`]s, with dimensions written as in the source. It says nothing about the IR.

use adit_ir::ScalarType;
use adit_sema::layout::{field_type, write_dim};
use adit_sema::typed::{DimExpr, FnDef, LocalId, Program, Ty};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a function takes and gives.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// In order.
    pub params: Vec<Parameter>,
    /// What it returns; the empty tuple for nothing.
    pub result: Type,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it is `&mut`: its final contents come back.
    pub lent: bool,
    /// Its type.
    pub ty: Type,
}

/// A type of the language.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Type {
    /// A number.
    Scalar(ScalarType),
    /// An array.
    Array {
        /// What one element is.
        element: ScalarType,
        /// Its extents as the source writes them, outermost first.
        dims: Vec<String>,
    },
    /// A struct.
    Struct {
        /// Its name.
        name: String,
        /// Names and types, as defined.
        fields: Vec<(String, Type)>,
    },
    /// A tuple.
    Tuple(Vec<Type>),
}

impl Type {
    /// Whether a value of this type has derivatives.
    pub fn carries_floats(&self) -> bool {
        match self {
            Type::Scalar(s) => s.is_float(),
            Type::Array { element, .. } => element.is_float(),
            Type::Struct { fields, .. } => fields.iter().any(|(_, ty)| ty.carries_floats()),
            Type::Tuple(items) => items.iter().any(Type::carries_floats),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Scalar(s) => write!(f, "{s}"),
            Type::Array { element, dims } => write!(f, "[{element}; {}]", dims.join(", ")),
            Type::Struct { name, .. } => f.write_str(name),
            Type::Tuple(items) => {
                let items: Vec<String> = items.iter().map(Type::to_string).collect();
                write!(f, "({})", items.join(", "))
            }
        }
    }
}

impl Signature {
    pub(crate) fn of(program: &Program, def: &FnDef) -> Self {
        let name = |local: LocalId| def.locals[local.0 as usize].name.to_string();
        let params = def.params.iter().map(|p| {
            let local = &def.locals[p.local.0 as usize];
            Parameter { name: local.name.to_string(), lent: p.lent, ty: type_of(program, &local.ty, &name) }
        });
        Signature { params: params.collect(), result: type_of(program, &def.result, &name) }
    }
}

fn type_of(program: &Program, ty: &Ty, name: &dyn Fn(LocalId) -> String) -> Type {
    let dims = |dims: &[DimExpr]| dims.iter().map(|d| write_dim(d, name)).collect();
    match ty {
        Ty::Scalar(s) => Type::Scalar(*s),
        Ty::Array { element, dims: d } => Type::Array { element: *element, dims: dims(d) },
        Ty::Struct { id, dims } => {
            let def = &program.structs[id.0 as usize];
            let fields = def.fields.iter().map(|f| (f.name.to_string(), type_of(program, &field_type(f, dims), name)));
            Type::Struct { name: def.name.to_string(), fields: fields.collect() }
        }
        Ty::Tuple(items) => Type::Tuple(items.iter().map(|t| type_of(program, t, name)).collect()),
        Ty::Fn(_) | Ty::Never => Type::Tuple(Vec::new()),
    }
}
