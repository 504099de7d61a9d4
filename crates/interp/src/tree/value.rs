//! Values of the tree interpreter: owned, cloned freely.
//!
//! In: nothing. Out: [`Value`] and [`Array`]. Structs and tuples are both [`Value::Tuple`]: the tree names fields by position.

use adit_ir::{Scalar, ScalarType};
use adit_sema::typed::FnId;
use std::sync::Arc;

/// A value of the language.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A number.
    Scalar(Scalar),
    /// An array of numbers.
    Array(Array),
    /// A struct or a tuple, by position; the empty one is unit.
    Tuple(Vec<Value>),
    /// A function.
    Function(Closure),
}

/// A function as a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Closure {
    /// Which; none for a lambda of which it is not said yet for what types.
    pub function: Option<FnId>,
    /// What a lambda captured where it was written.
    pub captured: Arc<[Value]>,
}

/// An array: extents and elements, row major.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// What an element is.
    pub element: ScalarType,
    /// Extents, outermost first; their product is the number of elements.
    pub dims: Vec<usize>,
    /// Row major.
    pub elements: Vec<Scalar>,
}

impl Value {
    /// `()`
    pub fn unit() -> Self {
        Value::Tuple(Vec::new())
    }

    pub(super) fn scalar(&self) -> Scalar {
        match self {
            Value::Scalar(s) => *s,
            Value::Array(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not a number"),
        }
    }

    pub(super) fn int(&self) -> i64 {
        match self.scalar() {
            Scalar::I64(i) => i,
            s @ (Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) => panic!("{s:?} is not an integer"),
        }
    }

    pub(super) fn bool(&self) -> bool {
        match self.scalar() {
            Scalar::Bool(b) => b,
            s @ (Scalar::F64(_) | Scalar::F32(_) | Scalar::I64(_)) => panic!("{s:?} is not a truth value"),
        }
    }

    pub(super) fn array(&self) -> &Array {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not an array"),
        }
    }

    pub(super) fn array_mut(&mut self) -> &mut Array {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("this is not an array"),
        }
    }

    pub(super) fn into_array(self) -> Array {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not an array"),
        }
    }

    pub(super) fn field(&self, index: u32) -> &Value {
        match self {
            Value::Tuple(items) => &items[index as usize],
            Value::Scalar(_) | Value::Array(_) | Value::Function(_) => panic!("{self:?} has no fields"),
        }
    }

    pub(super) fn field_mut(&mut self, index: u32) -> &mut Value {
        match self {
            Value::Tuple(items) => &mut items[index as usize],
            Value::Scalar(_) | Value::Array(_) | Value::Function(_) => panic!("this has no fields"),
        }
    }
}

impl Array {
    /// Where the element of these subscripts stands; they are in range.
    pub(super) fn offset(&self, subscripts: &[usize]) -> usize {
        self.dims.iter().zip(subscripts).fold(0, |offset, (dim, i)| offset * dim + i)
    }
}

pub(super) fn zero(ty: ScalarType) -> Scalar {
    match ty {
        ScalarType::F64 | ScalarType::F32 => Scalar::float(ty, 0.0),
        ScalarType::I64 => Scalar::I64(0),
        ScalarType::Bool => Scalar::Bool(false),
    }
}

pub(super) fn one(ty: ScalarType) -> Scalar {
    match ty {
        ScalarType::F64 | ScalarType::F32 => Scalar::float(ty, 1.0),
        ScalarType::I64 => Scalar::I64(1),
        ScalarType::Bool => Scalar::Bool(true),
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Value::Scalar(Scalar::F64(x))
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Scalar(Scalar::I64(i))
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Scalar(Scalar::Bool(b))
    }
}

impl From<&[f64]> for Value {
    fn from(x: &[f64]) -> Self {
        let elements = x.iter().map(|&x| Scalar::F64(x)).collect();
        Value::Array(Array { element: ScalarType::F64, dims: vec![x.len()], elements })
    }
}
