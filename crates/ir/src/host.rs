//! What a host passes in and gets back: scalars and arrays, borrowed.
//!
//! In: the caller's numbers. Out: [`Scalar`], [`Elements`], [`ElementsMut`] and [`Argument`], which the interpreter and compiled code both take, one per parameter of the
//! IR function. Structs, names and JSON are known to the library above, not here.

use crate::types::ScalarType;

/// One number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar {
    /// A float.
    F64(f64),
    /// A float of single precision.
    F32(f32),
    /// An integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
}

impl Scalar {
    /// A number of a float type, the nearest to `x`; of type `f64` if `ty` is no float type.
    pub const fn float(ty: ScalarType, x: f64) -> Scalar {
        match ty {
            ScalarType::F32 => Scalar::F32(x as f32),
            ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => Scalar::F64(x),
        }
    }

    /// The number, where it is a float.
    pub fn as_float(self) -> Option<f64> {
        match self {
            Scalar::F64(x) => Some(x),
            Scalar::F32(x) => Some(f64::from(x)),
            Scalar::I64(_) | Scalar::Bool(_) => None,
        }
    }

    /// Its type.
    pub fn ty(self) -> ScalarType {
        match self {
            Scalar::F64(_) => ScalarType::F64,
            Scalar::F32(_) => ScalarType::F32,
            Scalar::I64(_) => ScalarType::I64,
            Scalar::Bool(_) => ScalarType::Bool,
        }
    }
}

/// Elements that are only read, row major.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// Floats.
    F64(&'a [f64]),
    /// Floats of single precision.
    F32(&'a [f32]),
    /// Integers.
    I64(&'a [i64]),
    /// Truth values.
    Bool(&'a [bool]),
}

impl Elements<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Elements::F64(x) => x.len(),
            Elements::F32(x) => x.len(),
            Elements::I64(x) => x.len(),
            Elements::Bool(x) => x.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What one is.
    pub fn ty(&self) -> ScalarType {
        match self {
            Elements::F64(_) => ScalarType::F64,
            Elements::F32(_) => ScalarType::F32,
            Elements::I64(_) => ScalarType::I64,
            Elements::Bool(_) => ScalarType::Bool,
        }
    }
}

/// Elements that may be written, row major.
#[derive(Debug)]
pub enum ElementsMut<'a> {
    /// Floats.
    F64(&'a mut [f64]),
    /// Floats of single precision.
    F32(&'a mut [f32]),
    /// Integers.
    I64(&'a mut [i64]),
    /// Truth values.
    Bool(&'a mut [bool]),
}

impl ElementsMut<'_> {
    /// The same elements, to read.
    pub fn as_ref(&self) -> Elements<'_> {
        match self {
            ElementsMut::F64(x) => Elements::F64(x),
            ElementsMut::F32(x) => Elements::F32(x),
            ElementsMut::I64(x) => Elements::I64(x),
            ElementsMut::Bool(x) => Elements::Bool(x),
        }
    }
}

/// One argument of a call from the host. The product of `dims` equals the number of elements.
#[derive(Debug)]
pub enum Argument<'a> {
    /// For a scalar parameter.
    Scalar(Scalar),
    /// For an array parameter passed by value.
    Array {
        /// Extents, outermost first.
        dims: &'a [usize],
        /// Row major.
        elements: Elements<'a>,
    },
    /// For a `mut` array parameter.
    ArrayMut {
        /// Extents, outermost first.
        dims: &'a [usize],
        /// Row major.
        elements: ElementsMut<'a>,
    },
}
