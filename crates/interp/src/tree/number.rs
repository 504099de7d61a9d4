//! Numbers of a run: plain ones, and ones that move.
//!
//! In: operands of the primitive table. Out: [`Number`]: a scalar, or a primal with a tangent. Each evaluation of a derivative has a *level* of its own, and a tangent belongs to one level:
//! numbers of an inner derivative have the higher level and are taken apart first, so that the perturbations of two derivatives never mix.
//!
//! ```text
//! level 1: x = 3 + 1 ε₁           x * x = 9 + 6 ε₁
//! level 2: x = (3 + 1 ε₁) + 1 ε₂   x * x = (9 + 6 ε₁) + (6 + 2 ε₁) ε₂
//! ```
//!
//! How primitives move is written down in [`super::partials`], by hand and in terms of primitives: this file deliberately reads no derivative from the primitive table. A tangent that is exactly 0 is no
//! tangent: that is the strong zero.

use super::partials;
use adit_ir::prim::PrimTrap;
use adit_ir::{Prim, Scalar, ScalarType};
use std::sync::Arc;

/// Values of a run.
pub(super) type Value = super::value::Value<Number>;
/// Arrays of a run.
pub(super) type Array = super::value::Array<Number>;
/// Functions of a run.
pub(super) type Closure = super::value::Closure<Number>;
/// What a call gave.
pub(super) type Outcome = super::Outcome<Number>;

/// A number of a run.
#[derive(Clone, PartialEq, Debug)]
pub enum Number {
    /// It does not move.
    Plain(Scalar),
    /// It moves in at least one level.
    Dual(Arc<Dual>),
}

/// A float and its tangent.
#[derive(PartialEq, Debug)]
pub struct Dual {
    /// Which derivative the tangent belongs to; those of `primal` and `tangent` are lower.
    level: u32,
    primal: Number,
    /// Of the primal's type.
    tangent: Number,
}

impl Dual {
    #[cold]
    fn plain(&self) -> Scalar {
        self.primal.plain()
    }
}

/// No primitive has more operands.
const MAX_ARITY: usize = 3;

impl Number {
    /// What a run without derivatives has in its place.
    pub(super) fn plain(&self) -> Scalar {
        match self {
            Number::Plain(s) => *s,
            Number::Dual(dual) => dual.plain(),
        }
    }

    pub(super) fn ty(&self) -> ScalarType {
        self.plain().ty()
    }

    pub(super) fn float(ty: ScalarType, x: f64) -> Self {
        Number::Plain(Scalar::float(ty, x))
    }

    /// The highest level in which it moves; 0 if in none.
    pub(super) fn level(&self) -> u32 {
        match self {
            Number::Plain(_) => 0,
            Number::Dual(dual) => dual.level,
        }
    }

    /// A number that moves so; `level` is above those of both.
    pub(super) fn moving(level: u32, primal: Number, tangent: Number) -> Self {
        if tangent.is_still() {
            return primal;
        }
        Number::Dual(Arc::new(Dual { level, primal, tangent }))
    }

    /// Whether this is 0 and does not move: as a tangent, that of a number that does not move.
    pub(super) fn is_still(&self) -> bool {
        matches!(self, Number::Plain(s) if s.as_float() == Some(0.0))
    }

    /// The primal in the highest level that may be there, and the tangent if it moves in it.
    pub(super) fn split(&self, level: u32) -> (Number, Option<Number>) {
        match self {
            Number::Dual(dual) if dual.level == level => (dual.primal.clone(), Some(dual.tangent.clone())),
            Number::Dual(_) | Number::Plain(_) => (self.clone(), None),
        }
    }

    /// The primal, the tangent being 0 where it does not move.
    pub(super) fn split_or_zero(&self, level: u32) -> (Number, Number) {
        let (primal, tangent) = self.split(level);
        let tangent = tangent.unwrap_or_else(|| Number::Plain(super::value::zero(primal.ty())));
        (primal, tangent)
    }

    /// A function of two operands.
    pub(super) fn binary(prim: Prim, a: &Number, b: &Number) -> Result<Number, PrimTrap> {
        if let (Number::Plain(a), Number::Plain(b)) = (a, b) {
            return prim.apply(&[*a, *b]).map(Number::Plain);
        }
        moved(prim, &[a.clone(), b.clone()])
    }

    /// A function of the table.
    pub(super) fn apply(prim: Prim, args: &[Number]) -> Result<Number, PrimTrap> {
        let mut scalars = [Scalar::Bool(false); MAX_ARITY];
        for (scalar, arg) in scalars.iter_mut().zip(args) {
            match arg {
                Number::Plain(s) => *scalar = *s,
                Number::Dual(_) => return moved(prim, args),
            }
        }
        prim.apply(&scalars[..args.len()]).map(Number::Plain)
    }

    /// A function of floats that never fails.
    pub(super) fn of(prim: Prim, args: &[Number]) -> Number {
        Number::apply(prim, args).unwrap_or_else(|trap| panic!("{prim} gave {trap:?}"))
    }

    /// The same number as another float type.
    pub(super) fn to(self, ty: ScalarType) -> Number {
        match Prim::conversion(self.ty(), ty) {
            Some(prim) => Number::of(prim, &[self]),
            None => self,
        }
    }
}

/// A function of operands of which at least one moves.
#[cold]
fn moved(prim: Prim, args: &[Number]) -> Result<Number, PrimTrap> {
    let level = args.iter().map(Number::level).max().unwrap_or(0);
    let (primals, tangents): (Vec<Number>, Vec<Option<Number>>) = args.iter().map(|arg| arg.split(level)).unzip();
    let value = Number::apply(prim, &primals)?;
    if !value.ty().is_float() {
        return Ok(value);
    }
    let mut sum = None;
    for (k, tangent) in tangents.into_iter().enumerate() {
        let Some(tangent) = tangent else { continue };
        let Some(partial) = partials::partial(prim, k, &primals, &value) else { continue };
        let term = Number::of(Prim::Smul, &[tangent.to(value.ty()), partial]);
        sum = Some(match sum {
            Some(sum) => Number::of(Prim::Add, &[sum, term]),
            None => term,
        });
    }
    Ok(match sum {
        Some(tangent) => Number::moving(level, value, tangent),
        None => value,
    })
}

impl From<Scalar> for Number {
    fn from(s: Scalar) -> Self {
        Number::Plain(s)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $prim:ident),*) => {
        $(impl std::ops::$trait for Number {
            type Output = Number;

            fn $method(self, other: Number) -> Number {
                Number::of(Prim::$prim, &[self, other])
            }
        })*
    };
}

operators! { Add add Add, Sub sub Sub, Mul mul Mul, Div div Div }

impl std::ops::Neg for Number {
    type Output = Number;

    fn neg(self) -> Number {
        Number::of(Prim::Neg, &[self])
    }
}
