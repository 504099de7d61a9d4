//! Tiny programs whose gradients are known by hand.
//!
//! In: nothing. Out: [`ALL`]: each program's text, arguments, result and gradient. The arithmetic behind each expected number stands beside it. Every float parameter
//! is active; arrays are read-only unless they say `Mut`.

mod again;
pub mod calls;
mod data;
pub mod iterations;
mod loops;
mod memory;
mod scratch;
mod straight;

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    F(f64),
    I(i64),
    /// An array passed by value.
    V(Vec<f64>),
    /// A `mut` array.
    Mut(Vec<f64>),
    /// Integers passed by value.
    Is(Vec<i64>),
    /// An array of these extents, passed by value.
    Matrix([i64; 2], Vec<f64>),
}

/// A program, a point, and what must come out. The gradient is that of the first result (seeds of other results and of `mut` arrays are zero), one
/// entry per active parameter: `F` or `V`.
pub struct Hand {
    pub name: &'static str,
    pub text: &'static str,
    pub args: Vec<Arg>,
    pub value: f64,
    pub gradient: Vec<Arg>,
}

fn hand(name: &'static str, text: &'static str, args: Vec<Arg>, value: f64, gradient: Vec<Arg>) -> Hand {
    Hand { name, text, args, value, gradient }
}

/// Every program.
pub fn all() -> Vec<Hand> {
    let mut all = straight::programs();
    all.extend(loops::programs());
    all.extend(memory::programs());
    all.extend(data::programs());
    all.extend(iterations::programs());
    all.extend(again::programs());
    all.extend(scratch::programs());
    all.extend(calls::programs());
    all
}
