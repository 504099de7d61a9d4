//! Arguments for the function under test.
//!
//! In: types and sizes. Out: [`Arg`]s: small floats with three decimals, small integers, indices in range. They know how to become the tree interpreter's values and JSON.

use super::Param;
use crate::fuzz::rng::Rng;
use crate::fuzz::types::{Sizes, Struct, Ty};
use adit_interp::tree;
use adit_ir::{Scalar, ScalarType};

/// An argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A number.
    Scalar(Scalar),
    /// An array: element type, extents, elements.
    Array(ScalarType, Vec<usize>, Vec<Scalar>),
    /// A struct: field names and values.
    Struct(Vec<(String, Arg)>),
    /// A tuple.
    Tuple(Vec<Arg>),
}

/// Values for dimension names: seldom 0.
pub fn sizes(rng: &mut Rng) -> Sizes {
    ["n", "m"].iter().map(|name| (name.to_string(), if rng.percent(4) { 0 } else { rng.between(1, 4) })).collect()
}

/// An argument for a parameter.
pub fn arg(rng: &mut Rng, param: &Param, structs: &[Struct], sizes: &Sizes) -> Arg {
    match (&param.below, &param.ty) {
        (Some(below), Ty::Array(_, dims)) => {
            let most = (below.value(sizes) - 1).max(0);
            let dims: Vec<usize> = dims.iter().map(|d| d.value(sizes).max(0) as usize).collect();
            let count = dims.iter().product();
            Arg::Array(ScalarType::I64, dims, (0..count).map(|_| Scalar::I64(rng.between(0, most))).collect())
        }
        (_, ty) => value(rng, ty, structs, sizes),
    }
}

fn value(rng: &mut Rng, ty: &Ty, structs: &[Struct], sizes: &Sizes) -> Arg {
    match ty {
        Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool => Arg::Scalar(scalar(rng, ty)),
        Ty::Array(element, dims) => {
            let dims: Vec<usize> = dims.iter().map(|d| d.value(sizes).max(0) as usize).collect();
            let count = dims.iter().product();
            Arg::Array(scalar_type(element), dims, (0..count).map(|_| scalar(rng, element)).collect())
        }
        Ty::Struct(id, args) => {
            let fields = structs[*id].fields_of(args);
            Arg::Struct(fields.into_iter().map(|(name, ty)| (name, value(rng, &ty, structs, sizes))).collect())
        }
        Ty::Tuple(items) => Arg::Tuple(items.iter().map(|ty| value(rng, ty, structs, sizes)).collect()),
        Ty::Fn(..) => panic!("no function comes from outside"),
    }
}

fn scalar(rng: &mut Rng, ty: &Ty) -> Scalar {
    match ty {
        Ty::I64 => Scalar::I64(rng.between(-2, 5)),
        Ty::Bool => Scalar::Bool(rng.percent(50)),
        Ty::F32 => Scalar::F32(rng.float(-1.6, 1.8) as f32),
        Ty::F64 | Ty::Array(..) | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => Scalar::F64(rng.float(-1.6, 1.8)),
    }
}

fn scalar_type(ty: &Ty) -> ScalarType {
    match ty {
        Ty::I64 => ScalarType::I64,
        Ty::Bool => ScalarType::Bool,
        Ty::F32 => ScalarType::F32,
        Ty::F64 | Ty::Array(..) | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => ScalarType::F64,
    }
}

impl Arg {
    /// For the tree interpreter.
    pub fn to_tree(&self) -> tree::Value {
        match self {
            Arg::Scalar(s) => tree::Value::Scalar(*s),
            Arg::Array(element, dims, elements) => tree::Value::Array(tree::Array {
                element: *element,
                dims: dims.clone(),
                elements: elements.clone().into(),
            }),
            Arg::Struct(fields) => tree::Value::Tuple(fields.iter().map(|(_, arg)| arg.to_tree()).collect()),
            Arg::Tuple(items) => tree::Value::Tuple(items.iter().map(Arg::to_tree).collect()),
        }
    }

    /// For `--at`.
    pub fn to_json(&self) -> String {
        let joined = |items: Vec<String>, open: char, close: char| format!("{open}{}{close}", items.join(", "));
        match self {
            Arg::Scalar(s) => number(*s),
            Arg::Array(_, dims, elements) => nested(dims, &mut elements.iter().copied()),
            Arg::Struct(fields) => {
                let fields = fields.iter().map(|(name, arg)| format!("\"{name}\": {}", arg.to_json()));
                joined(fields.collect(), '{', '}')
            }
            Arg::Tuple(items) => joined(items.iter().map(Arg::to_json).collect(), '[', ']'),
        }
    }

    /// The leaves of the argument, in order.
    pub fn leaves(&self) -> Vec<&Arg> {
        match self {
            Arg::Scalar(_) | Arg::Array(..) => vec![self],
            Arg::Struct(fields) => fields.iter().flat_map(|(_, arg)| arg.leaves()).collect(),
            Arg::Tuple(items) => items.iter().flat_map(Arg::leaves).collect(),
        }
    }

    /// Every number replaced.
    pub fn mapped(&self, change: &dyn Fn(Scalar) -> Scalar) -> Arg {
        match self {
            Arg::Scalar(s) => Arg::Scalar(change(*s)),
            Arg::Array(element, dims, elements) => {
                Arg::Array(*element, dims.clone(), elements.iter().map(|s| change(*s)).collect())
            }
            Arg::Struct(fields) => Arg::Struct(fields.iter().map(|(n, a)| (n.clone(), a.mapped(change))).collect()),
            Arg::Tuple(items) => Arg::Tuple(items.iter().map(|a| a.mapped(change)).collect()),
        }
    }
}

fn number(s: Scalar) -> String {
    match s {
        Scalar::F64(x) => format!("{x:?}"),
        Scalar::F32(x) => format!("{x:?}"),
        Scalar::I64(i) => i.to_string(),
        Scalar::Bool(b) => b.to_string(),
    }
}

fn nested(dims: &[usize], elements: &mut dyn Iterator<Item = Scalar>) -> String {
    match dims {
        [] => elements.next().map_or_else(|| "0".into(), number),
        [count, rest @ ..] => {
            let parts: Vec<String> = (0..*count).map(|_| nested(rest, elements)).collect();
            format!("[{}]", parts.join(", "))
        }
    }
}
