//! How the words of a C call become arguments of a compiled function.
//!
//! In: nothing. Out: [`Interface`], which a compiler fills and [`super::pass`] follows. A *word* is a parameter of the C function: a number in its first bytes, or an address. It holds no numbers but literals.

use adit_ir::{Prim, Scalar};
use serde::{Deserialize, Serialize};

/// All that is to know for a call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// How many words there are.
    pub words: usize,
    /// For each argument of the compiled function, where it comes from.
    pub args: Vec<Source>,
    /// Results that the caller is given.
    pub outs: Vec<Out>,
    /// The matrix that the function is swept for, if any.
    pub matrix: Option<Matrix>,
}

/// Where an argument comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Source {
    /// The number in a word.
    Word(usize),
    /// The number that a word is the address of.
    Pointee(usize),
    /// A literal, as it fills 8 bytes.
    Bits(u64),
    /// An array.
    Array {
        /// Whose.
        place: Place,
        /// Its extents, outermost first.
        dims: Vec<Extent>,
    },
}

/// Whose memory an array is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Place {
    /// The caller's, to be read.
    Read(usize),
    /// The caller's, read and written.
    Lent(usize),
    /// The caller's, zeroed and written.
    Fresh(usize),
    /// A copy of the caller's.
    Copy(usize),
    /// The call's own, zeroed.
    Zeros,
}

/// An extent of an array.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Extent {
    /// A literal.
    Const(i64),
    /// The number in a word.
    Word(usize),
    /// An integer operation of two.
    Apply(Prim, Box<[Extent; 2]>),
}

/// A result that the caller is given, unless the address is null.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Out {
    /// Which result.
    pub result: usize,
    /// The word that is its address.
    pub word: usize,
}

/// A matrix of derivatives: the function is called again and again, along so many unit directions at once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Matrix {
    /// The word that is its address. Its entries are `f64`, row by row.
    pub word: usize,
    /// How many directions go at once.
    pub lanes: usize,
    /// The arguments that are directions.
    pub directions: Vec<Float>,
    /// Where entries are found after a sweep.
    pub entries: Vec<Float>,
    /// Whether a direction gives a row; else a column.
    pub rows: bool,
}

/// Floats that belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Float {
    /// An argument: an array with the lanes innermost, or the first of as many numbers.
    Argument(usize),
    /// The first of as many results as there are lanes.
    Result(usize),
}

impl Extent {
    /// Its value, if nothing is divided by zero.
    pub(super) fn value(&self, words: &[u64]) -> Option<i64> {
        match self {
            Extent::Const(c) => Some(*c),
            Extent::Word(word) => words.get(*word).map(|&word| word as i64),
            Extent::Apply(prim, operands) => {
                let [a, b] = operands.as_ref();
                match prim.apply(&[Scalar::I64(a.value(words)?), Scalar::I64(b.value(words)?)]) {
                    Ok(Scalar::I64(value)) => Some(value),
                    Ok(Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) | Err(_) => None,
                }
            }
        }
    }
}
