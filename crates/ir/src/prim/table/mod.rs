//! The rows. One `static` each, named as the row is; every column is spelled out, because a missing one must not compile.
//!
//! Partials are written with [`d!`](crate::prim::expr): `x`, `y`, `z` operands, `r` the result. They must hold at the edges, and so must *their* derivatives, since
//! higher orders differentiate them by this same table. So they are made of functions whose own derivatives stay bounded where the row's do (`sech(x)`,
//! not `1/cosh(x)`; `sigmoid(-x)`, not `1 - r`), they divide by what may be infinite rather than multiply by its inverse, and a product that may
//! meet 0 · ∞ is `smul`.

#![expect(non_upper_case_globals, reason = "a row is named as the text form names it")]

pub mod arith;
pub mod exp;
pub mod integer;
pub mod power;
pub mod round;
pub mod special;
pub mod trig;

/// What every file of rows uses.
mod columns {
    pub use crate::host::Scalar;
    pub use crate::prim::row::{
        Algebra, Code, Complex, Condition, Eval, Guard, Kink, Linear, Native, PrimTrap, Row, Signature,
    };
    pub(super) use crate::prim::{complex, eval};

    /// A float operand of a point.
    pub const fn f(x: f64) -> Scalar {
        Scalar::F64(x)
    }

    /// An operand of a point, of single precision.
    pub const fn s(x: f32) -> Scalar {
        Scalar::F32(x)
    }

    /// An integer operand of a point.
    pub const fn i(n: i64) -> Scalar {
        Scalar::I64(n)
    }

    /// A truth value of a point.
    pub const fn b(t: bool) -> Scalar {
        Scalar::Bool(t)
    }

    pub const INF: f64 = f64::INFINITY;
    pub const NAN: f64 = f64::NAN;
}

/// Partials: `partials![cos(x)]`, `partials![1.0; neg(y); not_float; zero]`, one per operand.
macro_rules! partials {
    ($($head:tt $(($($inner:tt)*))?);* $(;)?) => { &[$(partials!(@ $head $(($($inner)*))?)),*] };
    (@ not_float) => { $crate::prim::Partial::NotFloat };
    (@ zero) => { $crate::prim::Partial::Zero };
    (@ $head:tt $(($($inner:tt)*))?) => { $crate::prim::Partial::Expr(d!($head $(($($inner)*))?)) };
}

/// Points of one float operand: `floats![0.5, 1.0]`.
macro_rules! floats {
    ($($x:expr),* $(,)?) => { &[$(&[$crate::host::Scalar::F64($x)]),*] };
}

/// Points of two float operands: `pairs![(0.5, 1.0), (2.0, 3.0)]`.
macro_rules! pairs {
    ($(($x:expr, $y:expr)),* $(,)?) => { &[$(&[$crate::host::Scalar::F64($x), $crate::host::Scalar::F64($y)]),*] };
}

/// Points of one integer operand.
macro_rules! integers {
    ($($x:expr),* $(,)?) => { &[$(&[$crate::host::Scalar::I64($x)]),*] };
}

/// Points of two integer operands.
macro_rules! integer_pairs {
    ($(($x:expr, $y:expr)),* $(,)?) => { &[$(&[$crate::host::Scalar::I64($x), $crate::host::Scalar::I64($y)]),*] };
}

use {floats, integer_pairs, integers, pairs, partials};
