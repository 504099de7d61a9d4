//! Where a sum of squares keeps its digits, so that `norm` of an array takes its root.
//!
//! In: a type of floats. Out: bounds. Beyond [`trusted`] the elements are measured by the largest of them, held within [`scales`]. What computes a `norm` asks here, so that all round alike.

use adit_ir::ScalarType;

/// Between these a sum of squares, its power −3/2 (of which second derivatives are made) and the squares of all but negligible elements keep their digits.
pub fn trusted(element: ScalarType) -> [f64; 2] {
    let exponent = if element == ScalarType::F32 { 80 } else { 660 };
    [2f64.powi(-exponent), 2f64.powi(exponent)]
}

/// The least and the largest scale: both have a reciprocal.
pub fn scales(element: ScalarType) -> [f64; 2] {
    let exponent = if element == ScalarType::F32 { 126 } else { 1022 };
    [2f64.powi(-exponent), 2f64.powi(exponent)]
}
