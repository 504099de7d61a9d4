//! What compiled code prints: the fixed part of a line, and its formatting.
//!
//! In: a [`PrintLine`] made by the compiler and the values of one execution, 8 bytes each. Out: text. Numbers look as [`adit_ir::display`] says, in the interpreter too.

use adit_ir::display::{write_array, write_scalar};
use adit_ir::{Elements, Scalar, ScalarType};
use serde::{Deserialize, Serialize};
use std::slice;

/// One piece of a line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum PrintPiece {
    /// Literal text.
    Text(String),
    /// A number: one value.
    Scalar(ScalarType),
    /// An array: its address, then its extents.
    Array(ScalarType, usize),
}

/// A line that one `print` writes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PrintLine {
    /// In order.
    pub pieces: Vec<PrintPiece>,
}

impl PrintLine {
    /// How many 8-byte values one execution has.
    pub fn values(&self) -> usize {
        self.pieces.iter().map(PrintPiece::values).sum()
    }

    /// The text of one execution, without an end of line.
    ///
    /// # Safety
    /// `values` are as the pieces say, and arrays have as many elements as their extents multiply to.
    pub unsafe fn format(&self, mut values: &[u64]) -> String {
        let mut out = String::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            if i > 0 {
                out.push(' ');
            }
            let (own, rest) = values.split_at(piece.values());
            // SAFETY: these are the values of this piece.
            unsafe { piece.format(own, &mut out) };
            values = rest;
        }
        out
    }
}

impl PrintPiece {
    fn values(&self) -> usize {
        match self {
            PrintPiece::Text(_) => 0,
            PrintPiece::Scalar(_) => 1,
            PrintPiece::Array(_, rank) => 1 + rank,
        }
    }

    /// # Safety
    /// `values` are as this piece says.
    unsafe fn format(&self, values: &[u64], out: &mut String) {
        match self {
            PrintPiece::Text(text) => out.push_str(text),
            PrintPiece::Scalar(ty) => write_scalar(out, scalar(*ty, values[0])),
            PrintPiece::Array(ty, _) => {
                let dims: Vec<usize> = values[1..].iter().map(|&d| d as usize).collect();
                // SAFETY: the caller vouches for address and extents.
                write_array(out, &dims, unsafe { elements(*ty, values[0], &dims) });
            }
        }
    }
}

/// A number out of its 8 bytes.
pub fn scalar(ty: ScalarType, bits: u64) -> Scalar {
    match ty {
        ScalarType::F64 => Scalar::F64(f64::from_bits(bits)),
        ScalarType::F32 => {
            // It lies in the first half of its 8 bytes.
            let [a, b, c, d, ..] = bits.to_ne_bytes();
            Scalar::F32(f32::from_ne_bytes([a, b, c, d]))
        }
        ScalarType::I64 => Scalar::I64(bits as i64),
        ScalarType::Bool => Scalar::Bool(bits & 1 == 1),
    }
}

/// The 8 bytes of a number.
pub fn bits(number: Scalar) -> u64 {
    match number {
        Scalar::F64(x) => x.to_bits(),
        Scalar::F32(x) => {
            // It lies in the first half of its 8 bytes.
            let [a, b, c, d] = x.to_ne_bytes();
            u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0])
        }
        Scalar::I64(i) => i as u64,
        Scalar::Bool(b) => u64::from(b),
    }
}

/// # Safety
/// There are as many elements at `address` as the extents multiply to.
unsafe fn elements<'a>(ty: ScalarType, address: u64, dims: &[usize]) -> Elements<'a> {
    let count: usize = if dims.contains(&0) { 0 } else { dims.iter().product() };
    // SAFETY: as the caller vouches; an empty slice needs no memory at all.
    unsafe {
        match ty {
            ScalarType::F64 => Elements::F64(slice_at(address, count)),
            ScalarType::F32 => Elements::F32(slice_at(address, count)),
            ScalarType::I64 => Elements::I64(slice_at(address, count)),
            ScalarType::Bool => Elements::Bool(slice_at(address, count)),
        }
    }
}

/// # Safety
/// There are `count` elements at `address`.
unsafe fn slice_at<'a, T>(address: u64, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: as the caller vouches.
    unsafe { slice::from_raw_parts(address as usize as *const T, count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_separated_by_a_space() {
        let array = [1.0_f64, 2.5];
        let line = PrintLine {
            pieces: vec![
                PrintPiece::Text("x =".into()),
                PrintPiece::Scalar(ScalarType::I64),
                PrintPiece::Array(ScalarType::F64, 1),
                PrintPiece::Scalar(ScalarType::Bool),
            ],
        };
        let values = [(-3_i64) as u64, array.as_ptr() as u64, 2, 1];
        assert_eq!(line.values(), 4);
        // SAFETY: the values are as the pieces say.
        assert_eq!(unsafe { line.format(&values) }, "x = -3 [1.0, 2.5] true");
    }
}
