//! Values as the host holds them: numbers, arrays, structs, tuples.
//!
//! In: the caller's numbers. Out: [`Value`], which every call of the library takes and gives. Values know nothing of a program: whether one fits a
//! parameter is decided by [`crate::bind`].

use adit_ir::ScalarType;
use adit_runtime::element_count;

/// A value of the language, owned.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A float.
    F64(f64),
    /// A float of single precision. Floats of either kind go where the other is wanted; to `f32`, the nearest.
    F32(f32),
    /// An integer; where a parameter wants a float, it is converted.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// An array of numbers.
    Array(Array),
    /// A struct: field names and values, in the order of its definition when it comes from Adit, in any order when it goes in.
    Struct(Vec<(String, Value)>),
    /// A tuple; the empty one is unit.
    Tuple(Vec<Value>),
}

/// An array: extents and elements in row-major order.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// Extents, outermost first. Their product is the number of elements; calls refuse arrays of which that is not true (AD0906).
    pub dims: Vec<usize>,
    /// The elements.
    pub data: Data,
}

/// The elements of an array.
#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    /// Floats.
    F64(Vec<f64>),
    /// Floats of single precision.
    F32(Vec<f32>),
    /// Integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Data {
    /// How many elements.
    pub fn len(&self) -> usize {
        match self {
            Data::F64(x) => x.len(),
            Data::F32(x) => x.len(),
            Data::I64(x) => x.len(),
            Data::Bool(x) => x.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Data {
    /// What the elements are.
    pub fn element(&self) -> ScalarType {
        match self {
            Data::F64(_) => ScalarType::F64,
            Data::F32(_) => ScalarType::F32,
            Data::I64(_) => ScalarType::I64,
            Data::Bool(_) => ScalarType::Bool,
        }
    }

    /// Makes it so many elements of this type; zeros where there were none.
    pub(crate) fn resize(&mut self, n: usize, element: Option<ScalarType>) {
        if element.is_some_and(|element| element != self.element()) {
            *self = match element {
                Some(ScalarType::F32) => Data::F32(Vec::new()),
                Some(ScalarType::I64) => Data::I64(Vec::new()),
                Some(ScalarType::Bool) => Data::Bool(Vec::new()),
                Some(ScalarType::F64) | None => Data::F64(Vec::new()),
            };
        }
        match self {
            Data::F64(x) => x.resize(n, 0.0),
            Data::F32(x) => x.resize(n, 0.0),
            Data::I64(x) => x.resize(n, 0),
            Data::Bool(x) => x.resize(n, false),
        }
    }

    /// Floats of this type, the nearest to these.
    pub(crate) fn floats(ty: ScalarType, x: impl Iterator<Item = f64>) -> Data {
        match ty {
            ScalarType::F32 => Data::F32(x.map(|x| x as f32).collect()),
            ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => Data::F64(x.collect()),
        }
    }

    /// Calls `change` with every float, in order.
    pub(crate) fn for_each_float_mut(&mut self, change: &mut dyn FnMut(&mut f64)) {
        match self {
            Data::F64(x) => x.iter_mut().for_each(change),
            Data::F32(x) => x.iter_mut().for_each(|x| change_single(x, change)),
            Data::I64(_) | Data::Bool(_) => {}
        }
    }
}

/// Changes a float of single precision as one of double, and rounds.
pub(crate) fn change_single(x: &mut f32, change: &mut dyn FnMut(&mut f64)) {
    let mut wide = f64::from(*x);
    change(&mut wide);
    *x = wide as f32;
}

impl Array {
    /// An array of floats.
    ///
    /// # Panics
    /// If the number of elements is not the product of the extents.
    pub fn f64(dims: &[usize], elements: Vec<f64>) -> Self {
        let array = Array { dims: dims.to_vec(), data: Data::F64(elements) };
        assert!(array.is_whole(), "as many elements as the extents say");
        array
    }

    /// Whether the extents say how many elements there are.
    pub(crate) fn is_whole(&self) -> bool {
        element_count(&self.dims) == Some(self.data.len())
    }
}

impl Value {
    /// `()`, what a function without a result gives.
    pub fn unit() -> Self {
        Value::Tuple(Vec::new())
    }

    /// A matrix of floats with this many rows, row major.
    ///
    /// # Panics
    /// If the rows are not of one length.
    pub fn matrix(rows: &[Vec<f64>]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        assert!(rows.iter().all(|row| row.len() == columns), "the rows of a matrix have one length");
        Value::Array(Array::f64(&[rows.len(), columns], rows.concat()))
    }

    /// A struct with these fields.
    pub fn structure<const N: usize>(fields: [(&str, Value); N]) -> Self {
        Value::Struct(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    /// The float, where it is one, of either precision.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::F64(x) => Some(*x),
            Value::F32(x) => Some(f64::from(*x)),
            Value::I64(_) | Value::Bool(_) | Value::Array(_) | Value::Struct(_) | Value::Tuple(_) => None,
        }
    }

    /// The elements, where it is an array of floats of double precision.
    pub fn as_slice(&self) -> Option<&[f64]> {
        match self {
            Value::Array(Array { data: Data::F64(x), .. }) => Some(x),
            Value::Array(_) | Value::Struct(_) | Value::Tuple(_) => None,
            Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) => None,
        }
    }

    /// The elements, where it is an array of floats of single precision.
    pub fn as_slice_f32(&self) -> Option<&[f32]> {
        match self {
            Value::Array(Array { data: Data::F32(x), .. }) => Some(x),
            Value::Array(_) | Value::Struct(_) | Value::Tuple(_) => None,
            Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) => None,
        }
    }

    /// The field of this name, where it is a struct that has it.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) => None,
            Value::Array(_) | Value::Tuple(_) => None,
        }
    }

    /// Calls `see` with every float in it, of either precision, in order.
    pub fn for_each_float(&self, see: &mut dyn FnMut(f64)) {
        match self {
            Value::F64(x) => see(*x),
            Value::F32(x) => see(f64::from(*x)),
            Value::Array(Array { data: Data::F64(x), .. }) => x.iter().copied().for_each(see),
            Value::Array(Array { data: Data::F32(x), .. }) => x.iter().map(|&x| f64::from(x)).for_each(see),
            Value::Array(_) | Value::I64(_) | Value::Bool(_) => {}
            Value::Struct(fields) => fields.iter().for_each(|(_, v)| v.for_each_float(see)),
            Value::Tuple(items) => items.iter().for_each(|v| v.for_each_float(see)),
        }
    }

    /// All floats in it, in order: fields as defined, arrays row major.
    pub fn floats(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.for_each_float(&mut |x| out.push(x));
        out
    }

    /// Calls `change` with every float in it, in order. What it leaves in place of one of single precision is rounded.
    pub fn for_each_float_mut(&mut self, change: &mut dyn FnMut(&mut f64)) {
        match self {
            Value::F64(x) => change(x),
            Value::F32(x) => change_single(x, change),
            Value::Array(array) => array.data.for_each_float_mut(change),
            Value::I64(_) | Value::Bool(_) => {}
            Value::Struct(fields) => fields.iter_mut().for_each(|(_, v)| v.for_each_float_mut(change)),
            Value::Tuple(items) => items.iter_mut().for_each(|v| v.for_each_float_mut(change)),
        }
    }

    /// A value of the same shape with every float 0, every integer 0, every truth value false.
    pub fn zeroed(&self) -> Value {
        match self {
            Value::F64(_) => Value::F64(0.0),
            Value::F32(_) => Value::F32(0.0),
            Value::I64(_) => Value::I64(0),
            Value::Bool(_) => Value::Bool(false),
            Value::Array(a) => Value::Array(Array { dims: a.dims.clone(), data: zeroed(&a.data) }),
            Value::Struct(fields) => Value::Struct(fields.iter().map(|(n, v)| (n.clone(), v.zeroed())).collect()),
            Value::Tuple(items) => Value::Tuple(items.iter().map(Value::zeroed).collect()),
        }
    }
}

/// The number of elements that extents say; where that is beyond all numbers, the largest.
pub(crate) fn count(dims: &[usize]) -> usize {
    element_count(dims).unwrap_or(usize::MAX)
}

pub(crate) fn zeroed(data: &Data) -> Data {
    match data {
        Data::F64(x) => Data::F64(vec![0.0; x.len()]),
        Data::F32(x) => Data::F32(vec![0.0; x.len()]),
        Data::I64(x) => Data::I64(vec![0; x.len()]),
        Data::Bool(x) => Data::Bool(vec![false; x.len()]),
    }
}

/// A name for each float of a value called `name`, in order: `p.alpha`, `x[0, 1]`.
pub fn float_names(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::F64(_) | Value::F32(_) => vec![name.to_owned()],
        Value::Array(Array { dims, data: data @ (Data::F64(_) | Data::F32(_)) }) => {
            (0..data.len()).map(|i| format!("{name}{}", subscripts(dims, i))).collect()
        }
        Value::I64(_) | Value::Bool(_) | Value::Array(_) => Vec::new(),
        Value::Struct(fields) => fields.iter().flat_map(|(n, v)| float_names(&format!("{name}.{n}"), v)).collect(),
        Value::Tuple(items) => {
            items.iter().enumerate().flat_map(|(i, v)| float_names(&format!("{name}.{i}"), v)).collect()
        }
    }
}

/// The subscripts of an element of an array with these extents: `[1, 2]`.
pub fn subscripts(dims: &[usize], flat: usize) -> String {
    let mut rest = flat;
    let mut index: Vec<String> = Vec::with_capacity(dims.len());
    for &extent in dims.iter().rev() {
        let extent = extent.max(1);
        index.push((rest % extent).to_string());
        rest /= extent;
    }
    index.reverse();
    format!("[{}]", index.join(", "))
}

macro_rules! value_from {
    ($($from:ty, |$x:ident| $to:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($x: $from) -> Self {
                $to
            }
        })*
    };
}

value_from! {
    f64, |x| Value::F64(x);
    f32, |x| Value::F32(x);
    i64, |x| Value::I64(x);
    bool, |x| Value::Bool(x);
    Array, |x| Value::Array(x);
    Vec<f64>, |x| Value::Array(Array { dims: vec![x.len()], data: Data::F64(x) });
    Vec<f32>, |x| Value::Array(Array { dims: vec![x.len()], data: Data::F32(x) });
    Vec<i64>, |x| Value::Array(Array { dims: vec![x.len()], data: Data::I64(x) });
    Vec<bool>, |x| Value::Array(Array { dims: vec![x.len()], data: Data::Bool(x) });
    &[f64], |x| x.to_vec().into();
    &[f32], |x| x.to_vec().into();
    &[i64], |x| x.to_vec().into();
}

impl<const N: usize> From<[f64; N]> for Value {
    fn from(x: [f64; N]) -> Self {
        x.to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_names_in_order() {
        let m = Value::Array(Array::f64(&[2, 2], vec![0.0; 4]));
        let v = Value::structure([("m", m), ("k", 3i64.into()), ("b", 1.0.into())]);
        assert_eq!(float_names("p", &v), ["p.m[0, 0]", "p.m[0, 1]", "p.m[1, 0]", "p.m[1, 1]", "p.b"]);
    }
}
