//! Analytic continuations of the primitives, for the complex step.
//!
//! In: complex operands, usually with an imaginary part of 10⁻¹⁰⁰. Out: the complex value, whose imaginary part must be good to 14 digits however small it is. Textbook
//! formulas by modulus and argument, or by the complex logarithm, lose such parts; these don't: they never subtract a quantity of order 1 from another to get one
//! of order h. Kinks and branches are decided by real parts.
//!
//! This is an oracle of the table's partials, hence independent of them: a function is continued by its definition (series, integral, functional equation, Newton's
//! iteration on its inverse), not by its derivative.

mod arith;
mod basic;
mod elementary;
mod special;

pub use arith::*;
pub use basic::*;
pub use elementary::*;
pub use special::*;

/// The numbers of this module.
pub type C = num_complex::Complex64;

/// A complex number from its parts.
const fn c(re: f64, im: f64) -> C {
    C::new(re, im)
}
