//! What derivatives are.
//!
//! In: what a function takes and gives. Out: the type of a derivative. *Inputs* are the parameters that carry floats; a derivative in one of them has its type, integers and truth values included.
//!
//! | result | input | Jacobian |
//! |---|---|---|
//! | a float | any | the input's type |
//! | an array | a float | the result's type |
//! | an array | an array | an array: extents of the result, then of the input |
//! | an array | a struct or tuple | a tuple, one for each part that carries floats |
//! | a struct or tuple | any | a tuple, one for each part that carries floats |
//!
//! Several inputs are a tuple; a tuple of one is that one. The Hessian is the Jacobian of the gradient, hence of several inputs a tuple of tuples.

use crate::layout::field_type;
use crate::typed::{DerivativeKind, DimExpr, FnTy, StructDef, Ty};

/// The types of the parameters that carry floats.
pub(in super::super) fn inputs(structs: &[StructDef], function: &FnTy) -> Vec<Ty> {
    let carrying = function.params.iter().filter(|p| carries_floats(structs, &p.ty));
    carrying.map(|p| p.ty.clone()).collect()
}

/// Whether there is a float in a value.
pub(in super::super) fn carries_floats(structs: &[StructDef], ty: &Ty) -> bool {
    match ty {
        Ty::Scalar(s) | Ty::Array { element: s, .. } => s.is_float(),
        Ty::Struct { id, .. } => {
            structs.get(id.0 as usize).is_some_and(|def| def.fields.iter().any(|f| carries_floats(structs, &f.ty)))
        }
        Ty::Tuple(items) => items.iter().any(|item| carries_floats(structs, item)),
        Ty::Fn(_) | Ty::Never => false,
    }
}

/// The type of a derivative.
pub(super) fn derivative(structs: &[StructDef], kind: DerivativeKind, inputs: &[Ty], result: &Ty) -> Ty {
    let all = together(inputs.to_vec());
    match kind {
        DerivativeKind::Gradient | DerivativeKind::Hvp => all,
        DerivativeKind::ValueAndGradient | DerivativeKind::Vjp => Ty::Tuple(vec![result.clone(), all]),
        DerivativeKind::Jvp => Ty::Tuple(vec![result.clone(), result.clone()]),
        DerivativeKind::Jacobian => jacobian(structs, result, &all),
        DerivativeKind::Hessian => jacobian(structs, &all, &all),
    }
}

/// One alone is itself.
fn together(mut types: Vec<Ty>) -> Ty {
    if types.len() == 1 { types.remove(0) } else { Ty::Tuple(types) }
}

fn jacobian(structs: &[StructDef], result: &Ty, inputs: &Ty) -> Ty {
    match result {
        Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => inputs.clone(),
        Ty::Array { dims, .. } => of_array(structs, result, dims, inputs),
        Ty::Struct { .. } | Ty::Tuple(_) => {
            together(parts(structs, result).iter().map(|part| jacobian(structs, part, inputs)).collect())
        }
    }
}

fn of_array(structs: &[StructDef], result: &Ty, outer: &[DimExpr], input: &Ty) -> Ty {
    match input {
        Ty::Fn(_) | Ty::Never => result.clone(),
        Ty::Scalar(element) => Ty::Array { element: *element, dims: outer.to_vec() },
        Ty::Array { element, dims } => {
            Ty::Array { element: *element, dims: outer.iter().chain(dims).cloned().collect() }
        }
        Ty::Struct { .. } | Ty::Tuple(_) => {
            together(parts(structs, input).iter().map(|part| of_array(structs, result, outer, part)).collect())
        }
    }
}

/// The parts that carry floats.
fn parts(structs: &[StructDef], ty: &Ty) -> Vec<Ty> {
    let all = match ty {
        Ty::Tuple(items) => items.clone(),
        Ty::Struct { id, dims } => {
            let fields = structs.get(id.0 as usize).map_or(&[][..], |def| &def.fields);
            fields.iter().map(|field| field_type(field, dims)).collect()
        }
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => vec![ty.clone()],
    };
    all.into_iter().filter(|part| carries_floats(structs, part)).collect()
}
