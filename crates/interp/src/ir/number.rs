//! What floats become in a run.
//!
//! In: nothing. Out: [`Number`], with the two kinds that every oracle needs, and [`Cell`], one scalar of a run. A new kind (hyper-dual, double-double) is one `impl`: it
//! says how primitives continue to it. Integers and truth values are themselves in every run.

use adit_ir::external::{Answer, External, Operand};
use adit_ir::prim::{ComplexScalar, PrimTrap};
use adit_ir::{Const, Prim, Scalar, ScalarType};
use num_complex::Complex64;
use std::fmt::Debug;

/// One scalar of a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<N> {
    /// An `f64` of the program.
    F64(N),
    /// An `f32` of the program: its real part is one.
    F32(N),
    /// An integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
}

impl<N: Number> Cell<N> {
    /// Its type in the program.
    pub fn ty(self) -> ScalarType {
        match self {
            Cell::F64(_) => ScalarType::F64,
            Cell::F32(_) => ScalarType::F32,
            Cell::I64(_) => ScalarType::I64,
            Cell::Bool(_) => ScalarType::Bool,
        }
    }

    /// What a run in floats has in its place.
    pub fn real(self) -> Scalar {
        match self {
            Cell::F64(x) => Scalar::F64(x.real()),
            Cell::F32(x) => Scalar::F32(x.real() as f32),
            Cell::I64(i) => Scalar::I64(i),
            Cell::Bool(b) => Scalar::Bool(b),
        }
    }

    /// The scalar in these numbers.
    pub fn from_real(s: Scalar) -> Self {
        match s {
            Scalar::F64(x) => Cell::F64(N::from_real(x)),
            Scalar::F32(x) => Cell::F32(N::from_real(x.into())),
            Scalar::I64(i) => Cell::I64(i),
            Scalar::Bool(b) => Cell::Bool(b),
        }
    }

    pub(crate) fn literal(c: Const) -> Self {
        match c {
            Const::F64(x) => Cell::F64(N::from_real(x)),
            Const::F32(x) => Cell::F32(N::from_real(x.into())),
            Const::I64(i) => Cell::I64(i),
            Const::Bool(b) => Cell::Bool(b),
        }
    }
}

impl From<Cell<f64>> for Scalar {
    fn from(c: Cell<f64>) -> Self {
        c.real()
    }
}

/// A kind of numbers that floats can become.
pub trait Number: Copy + Debug {
    /// A float of the program.
    fn from_real(x: f64) -> Self;

    /// The float that a run in floats has in its place: what comparisons, conversions and `print` see.
    fn real(self) -> f64;

    /// The sum, as `acc` makes it.
    fn sum(self, other: Self) -> Self;

    /// The same with its real part rounded to `f32`. Further parts, tangents, are not rounded: they stay as good an oracle as they are.
    fn single(self) -> Self;

    /// A function of the table. The operands fit its signature.
    fn apply(prim: Prim, args: &[Cell<Self>]) -> Result<Cell<Self>, PrimTrap>;

    /// A function without a body, which is to give so many floats.
    fn call(external: &External, operands: &mut [Operand<'_, Self>], results: usize) -> Answer<Self>;
}

impl Number for f64 {
    fn from_real(x: f64) -> Self {
        x
    }

    fn real(self) -> f64 {
        self
    }

    fn sum(self, other: Self) -> Self {
        self + other
    }

    fn single(self) -> Self {
        f64::from(self as f32)
    }

    fn apply(prim: Prim, args: &[Cell<Self>]) -> Result<Cell<Self>, PrimTrap> {
        let mut scalars = [Scalar::Bool(false); MAX_ARITY];
        for (scalar, arg) in scalars.iter_mut().zip(args) {
            *scalar = arg.real();
        }
        prim.apply(&scalars[..args.len()]).map(Cell::from_real)
    }

    fn call(external: &External, operands: &mut [Operand<'_, Self>], results: usize) -> Answer<Self> {
        external.call(operands, results)
    }
}

impl Number for Complex64 {
    fn from_real(x: f64) -> Self {
        Complex64::new(x, 0.0)
    }

    fn real(self) -> f64 {
        self.re
    }

    fn sum(self, other: Self) -> Self {
        self + other
    }

    fn single(self) -> Self {
        Complex64::new(f64::from(self.re as f32), self.im)
    }

    fn apply(prim: Prim, args: &[Cell<Self>]) -> Result<Cell<Self>, PrimTrap> {
        let mut scalars = [ComplexScalar::Bool(false); MAX_ARITY];
        for (scalar, arg) in scalars.iter_mut().zip(args) {
            *scalar = match *arg {
                Cell::F64(z) => ComplexScalar::F64(z),
                Cell::F32(z) => ComplexScalar::F32(z),
                Cell::I64(i) => ComplexScalar::I64(i),
                Cell::Bool(b) => ComplexScalar::Bool(b),
            };
        }
        Ok(match prim.apply_complex(&scalars[..args.len()])? {
            ComplexScalar::F64(z) => Cell::F64(z),
            ComplexScalar::F32(z) => Cell::F32(z),
            ComplexScalar::I64(i) => Cell::I64(i),
            ComplexScalar::Bool(b) => Cell::Bool(b),
        })
    }

    fn call(external: &External, operands: &mut [Operand<'_, Self>], _: usize) -> Answer<Self> {
        external.call_complex(operands)
    }
}

/// No primitive has more operands.
pub(crate) const MAX_ARITY: usize = 3;
