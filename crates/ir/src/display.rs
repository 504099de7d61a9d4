//! How numbers look to the user of a running program.
//!
//! In: scalars and arrays. Out: text, appended to a `String`. The interpreter and compiled code both write `print` lines with these, so their lines are equal.
//! One `print` is one line; its parts are separated by one space.
//!
//! - A float is the shortest decimal that reads back as the same float, with a point or an exponent: `1.0`, `0.1`, `1e300`, `-0.0`, `inf`, `-inf`, `NaN`.
//! - An integer is decimal, a truth value `true` or `false`.
//! - An array is `[1.0, 2.0]`, of higher rank nested: `[[1, 2], [3, 4]]`. One without elements is `[]`, whatever its rank.

use crate::host::{Elements, Scalar};
use std::fmt::Write;

/// Appends one scalar.
pub fn write_scalar(out: &mut String, x: Scalar) {
    // Writing to a `String` cannot fail.
    let _ = match x {
        Scalar::F64(x) => write!(out, "{x:?}"),
        Scalar::F32(x) => write!(out, "{x:?}"),
        Scalar::I64(i) => write!(out, "{i}"),
        Scalar::Bool(b) => write!(out, "{b}"),
    };
}

/// Appends all elements of an array with these extents. Extents that do not fit the elements give odd brackets, nothing worse.
pub fn write_array(out: &mut String, dims: &[usize], elements: Elements<'_>) {
    if elements.is_empty() {
        out.push_str("[]");
        return;
    }
    let rows = row_lengths(dims);
    for i in 0..elements.len() {
        let opening = rows.iter().filter(|&&row| i % row == 0).count();
        if i > 0 {
            out.extend(std::iter::repeat_n(']', opening));
            out.push_str(", ");
        }
        out.extend(std::iter::repeat_n('[', opening));
        write_scalar(out, element(elements, i));
    }
    out.extend(std::iter::repeat_n(']', rows.len()));
}

/// The number of elements below each bracket, innermost first.
fn row_lengths(dims: &[usize]) -> Vec<usize> {
    let longer = |row: &mut usize, dim: &usize| {
        *row = row.saturating_mul(*dim).max(1);
        Some(*row)
    };
    dims.iter().rev().scan(1, longer).collect()
}

fn element(elements: Elements<'_>, i: usize) -> Scalar {
    match elements {
        Elements::F64(x) => Scalar::F64(x[i]),
        Elements::F32(x) => Scalar::F32(x[i]),
        Elements::I64(x) => Scalar::I64(x[i]),
        Elements::Bool(x) => Scalar::Bool(x[i]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dims: &[usize], elements: Elements<'_>) -> String {
        let mut out = String::new();
        write_array(&mut out, dims, elements);
        out
    }

    #[test]
    fn floats_read_back() {
        for (x, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e300, "1e300"),
            (-0.0, "-0.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let mut out = String::new();
            write_scalar(&mut out, Scalar::F64(x));
            assert_eq!(out, text);
        }
    }

    #[test]
    fn arrays_nest_by_rank() {
        assert_eq!(array(&[2], Elements::F64(&[1.0, 2.5])), "[1.0, 2.5]");
        assert_eq!(array(&[2, 2], Elements::I64(&[1, 2, 3, 4])), "[[1, 2], [3, 4]]");
        assert_eq!(array(&[2, 1, 2], Elements::I64(&[1, 2, 3, 4])), "[[[1, 2]], [[3, 4]]]");
        assert_eq!(array(&[1], Elements::Bool(&[true])), "[true]");
        assert_eq!(array(&[3, 0], Elements::F64(&[])), "[]");
    }
}
