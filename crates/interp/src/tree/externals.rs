//! Functions without a body: kernels and host functions.
//!
//! In: the active function, its parameters bound and their sizes checked. Out: what it gives, put together to the type that its signature states.

use super::Machine;
use super::number::{Array, Number, Value};
use super::value::zero;
use adit_diag::Span;
use adit_ir::external::{External, Operand};
use adit_ir::{RunError, Scalar, ScalarType};
use adit_sema::typed::{FnDef, Ty};

/// An argument as the function reads it, or an array that it writes.
enum Held {
    Scalar(Scalar),
    Array(Vec<usize>, Vec<f64>),
    Out(Vec<usize>, Vec<f64>),
}

impl<'p> Machine<'p, '_> {
    pub(super) fn call_external(&mut self, def: &'p FnDef, external: &External, span: Span) -> Result<Value, RunError> {
        let given: Vec<&Value> = def.params.iter().map(|param| self.local(param.local)).collect();
        call(external, &given, &self.blank(&def.result), span)
    }

    /// A value of a function's result type.
    fn blank(&self, ty: &Ty) -> Value {
        match ty {
            Ty::Array { element, dims } => {
                let extent = |dim| self.extent(dim, &[]).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                let dims: Vec<usize> = dims.iter().map(extent).collect();
                let elements = vec![zero(*element).into(); dims.iter().product()].into();
                Value::Array(Array { element: *element, dims, elements })
            }
            Ty::Tuple(items) => Value::Tuple(items.iter().map(|item| self.blank(item)).collect()),
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Fn(_) | Ty::Never => 0.0.into(),
        }
    }
}

/// What a function without a body gives for these arguments: a value of the same shape as `result`.
pub(super) fn call(external: &External, given: &[&Value], result: &Value, span: Span) -> Result<Value, RunError> {
    let mut held = Vec::new();
    given.iter().for_each(|value| hold(value, &mut held));
    destinations(result, &mut held);
    let mut operands: Vec<Operand<'_, f64>> = held.iter_mut().map(Held::operand).collect();
    let answer = external.call(&mut operands, floats_of(result));
    let floats = answer.map_err(|failure| {
        let (trap, details) = failure.trap();
        RunError::with_details(trap, span, details)
    })?;
    let mut arrays = held.into_iter().filter_map(Held::written);
    Ok(assemble(result, &mut arrays, &mut floats.into_iter()))
}

/// How many floats of a result are in no array.
fn floats_of(result: &Value) -> usize {
    match result {
        Value::Array(_) => 0,
        Value::Tuple(items) => items.iter().map(floats_of).sum(),
        Value::Scalar(_) | Value::Function(_) => 1,
    }
}

/// The arrays of a result.
fn destinations(result: &Value, out: &mut Vec<Held>) {
    match result {
        Value::Array(a) => out.push(Held::Out(a.dims.clone(), vec![0.0; a.elements.len()])),
        Value::Tuple(items) => items.iter().for_each(|item| destinations(item, out)),
        Value::Scalar(_) | Value::Function(_) => {}
    }
}

/// An element of an array of floats.
fn float(n: &Number) -> f64 {
    match n.plain() {
        Scalar::F64(x) => x,
        Scalar::F32(x) => f64::from(x),
        Scalar::I64(_) | Scalar::Bool(_) => panic!("{n:?} is no float"),
    }
}

/// The leaves of an argument.
fn hold(value: &Value, out: &mut Vec<Held>) {
    match value {
        Value::Scalar(n) => out.push(Held::Scalar(n.plain())),
        Value::Array(array) => out.push(Held::Array(array.dims.clone(), array.elements.iter().map(float).collect())),
        Value::Tuple(items) => items.iter().for_each(|item| hold(item, out)),
        Value::Function(_) => panic!("{value:?} is no argument of a function without a body"),
    }
}

impl Held {
    fn operand(&mut self) -> Operand<'_, f64> {
        match self {
            Held::Scalar(Scalar::F64(x)) => Operand::Float(*x),
            Held::Scalar(Scalar::F32(x)) => Operand::Float(f64::from(*x)),
            Held::Scalar(Scalar::I64(i)) => Operand::Int(*i),
            Held::Scalar(Scalar::Bool(b)) => Operand::Bool(*b),
            Held::Array(dims, elements) => Operand::Array { dims, elements },
            Held::Out(dims, elements) => Operand::Out { dims, elements },
        }
    }

    fn written(self) -> Option<Array> {
        match self {
            Held::Out(dims, elements) => {
                let elements = elements.into_iter().map(|x| Scalar::F64(x).into()).collect();
                Some(Array { element: ScalarType::F64, dims, elements })
            }
            Held::Scalar(_) | Held::Array(..) => None,
        }
    }
}

/// A result of this shape from its arrays and floats, in order.
fn assemble(shape: &Value, arrays: &mut dyn Iterator<Item = Array>, floats: &mut dyn Iterator<Item = f64>) -> Value {
    match shape {
        Value::Array(_) => Value::Array(arrays.next().expect("there is one for each in the shape")),
        Value::Tuple(items) => Value::Tuple(items.iter().map(|item| assemble(item, arrays, floats)).collect()),
        Value::Scalar(_) | Value::Function(_) => floats.next().expect("there are as many as were asked for").into(),
    }
}
