//! Values of the tree interpreter: owned, cloned freely.
//!
//! In: nothing. Out: [`Value`] and [`Array`], of scalars for those who call the interpreter, of [`Number`]s in a run. Structs and tuples are both [`Value::Tuple`]: the tree names fields by position.

use super::number::Number;
use adit_ir::{Scalar, ScalarType};
use adit_sema::typed::FnId;
use std::sync::Arc;

/// A value of the language.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<N = Scalar> {
    /// A number.
    Scalar(N),
    /// An array of numbers.
    Array(Array<N>),
    /// A struct or a tuple, by position; the empty one is unit.
    Tuple(Vec<Value<N>>),
    /// A function.
    Function(Closure<N>),
}

/// A function as a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Closure<N = Scalar> {
    /// Which; none for a lambda of which it is not said yet for what types.
    pub function: Option<FnId>,
    /// What a lambda captured where it was written.
    pub captured: Arc<[Value<N>]>,
}

/// An array: extents and elements, row major.
#[derive(Clone, PartialEq, Debug)]
pub struct Array<N = Scalar> {
    /// What an element is.
    pub element: ScalarType,
    /// Extents, outermost first; their product is the number of elements.
    pub dims: Vec<usize>,
    /// Row major.
    pub elements: Elements<N>,
}

/// The elements of an array. Copies share them until one is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Elements<N>(Arc<Vec<N>>);

impl<N> std::ops::Deref for Elements<N> {
    type Target = [N];

    fn deref(&self) -> &[N] {
        &self.0
    }
}

impl<N: Clone> std::ops::DerefMut for Elements<N> {
    fn deref_mut(&mut self) -> &mut [N] {
        let elements: &mut Vec<N> = Arc::make_mut(&mut self.0);
        elements
    }
}

impl<N> From<Vec<N>> for Elements<N> {
    fn from(elements: Vec<N>) -> Self {
        Elements(Arc::new(elements))
    }
}

impl<N> FromIterator<N> for Elements<N> {
    fn from_iter<I: IntoIterator<Item = N>>(elements: I) -> Self {
        Vec::from_iter(elements).into()
    }
}

impl<'e, N> IntoIterator for &'e Elements<N> {
    type Item = &'e N;
    type IntoIter = std::slice::Iter<'e, N>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<N> Value<N> {
    /// `()`
    pub fn unit() -> Self {
        Value::Tuple(Vec::new())
    }

    /// The same of other numbers.
    pub(super) fn map<M>(&self, change: &mut dyn FnMut(&N) -> M) -> Value<M> {
        match self {
            Value::Scalar(n) => Value::Scalar(change(n)),
            Value::Array(a) => Value::Array(a.map(change)),
            Value::Tuple(items) => Value::Tuple(items.iter().map(|item| item.map(change)).collect()),
            Value::Function(closure) => {
                let captured = closure.captured.iter().map(|value| value.map(change)).collect();
                Value::Function(Closure { function: closure.function, captured })
            }
        }
    }

    /// Its numbers, in order; what functions captured aside.
    pub(super) fn numbers<'v>(&'v self, out: &mut Vec<&'v N>) {
        match self {
            Value::Scalar(n) => out.push(n),
            Value::Array(a) => out.extend(&a.elements),
            Value::Tuple(items) => items.iter().for_each(|item| item.numbers(out)),
            Value::Function(_) => {}
        }
    }
}

impl Value<Number> {
    pub(super) fn scalar(&self) -> Number {
        self.number().clone()
    }

    fn number(&self) -> &Number {
        match self {
            Value::Scalar(n) => n,
            Value::Array(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not a number"),
        }
    }

    pub(super) fn into_scalar(self) -> Number {
        match self {
            Value::Scalar(n) => n,
            Value::Array(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not a number"),
        }
    }

    pub(super) fn int(&self) -> i64 {
        match self.number().plain() {
            Scalar::I64(i) => i,
            s @ (Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) => panic!("{s:?} is not an integer"),
        }
    }

    pub(super) fn bool(&self) -> bool {
        match self.number().plain() {
            Scalar::Bool(b) => b,
            s @ (Scalar::F64(_) | Scalar::F32(_) | Scalar::I64(_)) => panic!("{s:?} is not a truth value"),
        }
    }

    /// Whether there is a float in it, or an array of floats.
    pub(super) fn carries_floats(&self) -> bool {
        match self {
            Value::Scalar(n) => n.ty().is_float(),
            Value::Array(a) => a.element.is_float(),
            Value::Tuple(items) => items.iter().any(Value::carries_floats),
            Value::Function(_) => false,
        }
    }
}

impl<N: std::fmt::Debug> Value<N> {
    pub(super) fn array(&self) -> &Array<N> {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not an array"),
        }
    }

    pub(super) fn array_mut(&mut self) -> &mut Array<N> {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("this is not an array"),
        }
    }

    pub(super) fn into_array(self) -> Array<N> {
        match self {
            Value::Array(a) => a,
            Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => panic!("{self:?} is not an array"),
        }
    }

    pub(super) fn field(&self, index: u32) -> &Value<N> {
        match self {
            Value::Tuple(items) => &items[index as usize],
            Value::Scalar(_) | Value::Array(_) | Value::Function(_) => panic!("{self:?} has no fields"),
        }
    }

    pub(super) fn field_mut(&mut self, index: u32) -> &mut Value<N> {
        match self {
            Value::Tuple(items) => &mut items[index as usize],
            Value::Scalar(_) | Value::Array(_) | Value::Function(_) => panic!("this has no fields"),
        }
    }
}

impl<N> Array<N> {
    pub(super) fn map<M>(&self, change: &mut dyn FnMut(&N) -> M) -> Array<M> {
        Array { element: self.element, dims: self.dims.clone(), elements: self.elements.iter().map(change).collect() }
    }

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

impl<N: From<Scalar>> From<f64> for Value<N> {
    fn from(x: f64) -> Self {
        Value::Scalar(Scalar::F64(x).into())
    }
}

impl<N: From<Scalar>> From<i64> for Value<N> {
    fn from(i: i64) -> Self {
        Value::Scalar(Scalar::I64(i).into())
    }
}

impl<N: From<Scalar>> From<bool> for Value<N> {
    fn from(b: bool) -> Self {
        Value::Scalar(Scalar::Bool(b).into())
    }
}

impl From<&[f64]> for Value {
    fn from(x: &[f64]) -> Self {
        let elements = x.iter().map(|&x| Scalar::F64(x)).collect();
        Value::Array(Array { element: ScalarType::F64, dims: vec![x.len()], elements })
    }
}
