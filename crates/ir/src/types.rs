//! Types of SSA values.
//!
//! In: nothing. Out: [`ScalarType`], [`ArrayType`] (element type and dimensions), [`TapeType`] (the fields of one record), [`Type`].
//! An array's dimensions are part of the type of its handle, as literals or as `i64` values in scope, so whether two arrays
//! have the same shape is often a comparison of names.

use crate::entities::Value;
use smallvec::SmallVec;
use std::fmt;

/// The type of one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum ScalarType {
    /// IEEE binary64.
    F64,
    /// IEEE binary32.
    F32,
    /// Two's complement, wrapping.
    I64,
    /// One byte in memory, 0 or 1.
    Bool,
}

impl ScalarType {
    /// Every scalar type, in the order of the text form's keywords.
    pub const ALL: [ScalarType; 4] = [ScalarType::F64, ScalarType::F32, ScalarType::I64, ScalarType::Bool];

    /// The keyword in the text form and in the language.
    pub fn name(self) -> &'static str {
        match self {
            ScalarType::F64 => "f64",
            ScalarType::F32 => "f32",
            ScalarType::I64 => "i64",
            ScalarType::Bool => "bool",
        }
    }

    /// Bytes of one element in memory.
    pub fn bytes(self) -> usize {
        match self {
            ScalarType::F64 | ScalarType::I64 => 8,
            ScalarType::F32 => 4,
            ScalarType::Bool => 1,
        }
    }

    /// Whether values of this type have derivatives.
    pub fn is_float(self) -> bool {
        matches!(self, ScalarType::F64 | ScalarType::F32)
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An integer operand: a literal, or an `i64` value in scope. Dimensions, loop bounds and subscripts are written with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Int {
    /// A literal.
    Const(i64),
    /// A value of type `i64`.
    Value(Value),
}

impl Int {
    /// The value, where it is not a literal.
    pub fn value(self) -> Option<Value> {
        match self {
            Int::Const(_) => None,
            Int::Value(v) => Some(v),
        }
    }

    /// The literal, where it is one.
    pub fn constant(self) -> Option<i64> {
        match self {
            Int::Const(c) => Some(c),
            Int::Value(_) => None,
        }
    }
}

impl From<Value> for Int {
    fn from(v: Value) -> Self {
        Int::Value(v)
    }
}

impl From<i64> for Int {
    fn from(c: i64) -> Self {
        Int::Const(c)
    }
}

/// A short list of integer operands: dimensions, subscripts.
pub type Ints = SmallVec<[Int; 2]>;

/// The type of an array handle. Row major; rank at least one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ArrayType {
    /// What one element is.
    pub element: ScalarType,
    /// The extents, outermost first.
    pub dims: Ints,
}

/// The type of a tape: the fields of one record, first pushed first.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TapeType {
    /// The fields of every record; none for a *mixed* tape, whose records may differ: each push and pop says what its record is.
    pub fields: SmallVec<[ScalarType; 4]>,
}

impl TapeType {
    /// The type of tapes whose records may differ.
    pub fn mixed() -> Self {
        TapeType { fields: SmallVec::new() }
    }

    /// Whether records may differ.
    pub fn is_mixed(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A number.
    Scalar(ScalarType),
    /// A handle of an array: a parameter or an `alloc`.
    Array(ArrayType),
    /// A handle of a tape: a `tape.new`, or a parameter if its records may differ.
    Tape(TapeType),
}

impl Type {
    /// `f64`.
    pub const F64: Type = Type::Scalar(ScalarType::F64);
    /// `f32`.
    pub const F32: Type = Type::Scalar(ScalarType::F32);
    /// `i64`.
    pub const I64: Type = Type::Scalar(ScalarType::I64);
    /// `bool`.
    pub const BOOL: Type = Type::Scalar(ScalarType::Bool);

    /// The scalar type, where it is one.
    pub fn scalar(&self) -> Option<ScalarType> {
        match self {
            Type::Scalar(s) => Some(*s),
            Type::Array(_) | Type::Tape(_) => None,
        }
    }

    /// The array type, where it is one.
    pub fn array(&self) -> Option<&ArrayType> {
        match self {
            Type::Array(a) => Some(a),
            Type::Scalar(_) | Type::Tape(_) => None,
        }
    }

    /// The tape type, where it is one.
    pub fn tape(&self) -> Option<&TapeType> {
        match self {
            Type::Tape(t) => Some(t),
            Type::Scalar(_) | Type::Array(_) => None,
        }
    }

    /// Whether values (or elements) of this type have derivatives.
    pub fn is_float(&self) -> bool {
        match self {
            Type::Scalar(s) => s.is_float(),
            Type::Array(a) => a.element.is_float(),
            Type::Tape(t) => t.is_mixed() || t.fields.iter().any(|s| s.is_float()),
        }
    }
}

impl From<ScalarType> for Type {
    fn from(s: ScalarType) -> Self {
        Type::Scalar(s)
    }
}
