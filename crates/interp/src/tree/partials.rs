//! How each primitive moves: a second opinion on the partials of the primitive table.
//!
//! In: a primitive, which of its operands, the operands and the value. Out: the partial derivative, in terms of primitives, so that it moves itself; nothing where it is 0 whatever the operands.
//! Written by hand from calculus and from the conventions that `adit explain kinks` prints, not from the table, which the tests compare it with.
//!
//! ```text
//! partial(Atan, 0, [x], r) = 1 / hypot(1, x) / hypot(1, x)
//! ```
//!
//! What is decided by a comparison is decided by plain numbers: a branch that is not taken contributes nothing.

use super::number::Number;
use adit_ir::{Prim, Scalar};
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

/// The operands and the value.
struct At<'n> {
    args: &'n [Number],
    value: &'n Number,
}

impl At<'_> {
    fn x(&self) -> Number {
        self.args[0].clone()
    }

    fn y(&self) -> Number {
        self.args[1].clone()
    }

    fn r(&self) -> Number {
        self.value.clone()
    }

    /// A literal of the value's type.
    fn c(&self, x: f64) -> Number {
        Number::float(self.value.ty(), x)
    }

    /// A function of the first operand.
    fn f(&self, prim: Prim) -> Number {
        Number::of(prim, &self.args[..1])
    }

    /// The plain floats, of the first two operands.
    fn plain(&self) -> [f64; 2] {
        [0, 1].map(|k| self.args.get(k).and_then(|n| n.plain().as_float()).unwrap_or(0.0))
    }

    /// The integer operand at this place.
    fn int(&self, k: usize) -> i64 {
        match self.args[k].plain() {
            Scalar::I64(n) => n,
            s @ (Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) => panic!("{s:?} is no integer"),
        }
    }

    /// One half, a whole, or none for the first operand of an extreme; for the second with operands exchanged. A NaN takes it all.
    fn share(&self, operand: usize, first_wins: fn(f64, f64) -> bool) -> Number {
        let [x, y] = self.plain();
        let (own, other) = if operand == 0 { (x, y) } else { (y, x) };
        let share = match () {
            () if own.is_nan() => 1.0,
            () if own == other => 0.5,
            () if first_wins(own, other) => 1.0,
            () => 0.0,
        };
        self.c(share)
    }

    /// Whether both of these vanish.
    fn origin(&self, offset: f64) -> bool {
        let [x, y] = self.plain();
        x == 0.0 && y + offset == 0.0
    }

    /// The length of the vector of both operands, unless it is 0.
    fn length(&self) -> Option<Number> {
        let length = Number::of(Prim::Hypot, &self.args[..2]);
        (length.plain().as_float() != Some(0.0)).then_some(length)
    }

    /// The cosine of the direction with this operand.
    fn cosine(&self, operand: usize) -> Number {
        let (own, other) = if operand == 0 { (self.x(), self.y()) } else { (self.y(), self.x()) };
        Number::of(Prim::Unit, &[own, other])
    }

    /// eˣ / (eˣ + eʸ), for operands exchanged if `operand` is 1.
    fn fraction(&self, operand: usize) -> Number {
        let [x, y] = self.plain();
        if x == y && x.is_infinite() {
            return self.c(if x > 0.0 { 0.5 } else { 0.0 });
        }
        let (own, other) = if operand == 0 { (self.x(), self.y()) } else { (self.y(), self.x()) };
        Number::of(Prim::Sigmoid, &[own - other])
    }
}

fn int(n: i64) -> Number {
    Number::Plain(Scalar::I64(n))
}

/// √π / 2 · exp(r²), the slope of the inverse of erf.
fn inverse_slope(at: &At<'_>) -> Number {
    at.c(1.0 / FRAC_2_SQRT_PI) * Number::of(Prim::Exp, &[at.r() * at.r()])
}

/// 1 / √(1 − x²)
fn arc_slope(at: &At<'_>) -> Number {
    at.c(1.0) / Number::of(Prim::Sqrt, &[(at.c(1.0) - at.x()) * (at.c(1.0) + at.x())])
}

/// The partial derivative in an operand that is a float, of a primitive whose value is one.
pub(super) fn partial(prim: Prim, operand: usize, args: &[Number], value: &Number) -> Option<Number> {
    use Prim as P;
    let at = At { args, value };
    let one = || at.c(1.0);
    Some(match (prim, operand) {
        (P::Add | P::Widen | P::Narrow, _) | (P::Sub | P::Rem, 0) => one(),
        (P::Neg, _) | (P::Sub, _) => -one(),
        (P::Mul | P::Smul | P::Fma, 0) => at.y(),
        (P::Mul | P::Smul, _) | (P::Fma, 1) => at.x(),
        (P::Fma, _) => one(),
        (P::Div, 0) => one() / at.y(),
        (P::Div, _) => -(at.x() / at.y() / at.y()),
        (P::Rem, _) => -Number::of(Prim::Round, &[(at.x() - at.r()) / at.y()]),
        (P::Abs, _) => at.f(Prim::Sign),
        (P::Min, _) => at.share(operand, |own, other| own < other),
        (P::Max, _) => at.share(operand, |own, other| own > other),
        (P::Relu, _) => at.c(if at.plain()[0] <= 0.0 { 0.0 } else { 1.0 }),
        (P::Sqrt, _) => one() / (at.r() + at.r()),
        (P::Cbrt, _) => one() / (at.c(3.0) * at.r() * at.r()),
        (P::Hypot, _) => at.cosine(operand),
        (P::Unit, 0) => at.cosine(1) * at.cosine(1) / at.length()?,
        (P::Unit, _) => -(at.cosine(0) * at.cosine(1) / at.length()?),
        (P::Atan2, 0) => at.cosine(1) / at.length()?,
        (P::Atan2, _) => -(at.cosine(0) / at.length()?),
        (P::Pow, 0) => Number::of(Prim::Smul, &[at.y(), Number::of(Prim::Pow, &[at.x(), at.y() - one()])]),
        (P::Pow, _) => Number::of(Prim::Powlog, &[at.x(), at.y(), int(1)]),
        (P::Powi, _) => powi(&at)?,
        (P::Powlog, 0) => powlog(&at),
        (P::Powlog, _) => Number::of(Prim::Powlog, &[at.x(), at.y(), int(at.int(2) + 1)]),
        (P::Exp, _) => at.r(),
        (P::Exp2, _) => at.c(LN_2) * at.r(),
        (P::Expm1, _) => at.f(Prim::Exp),
        (P::Log, _) => one() / at.x(),
        (P::Log2, _) => one() / at.x() / at.c(LN_2),
        (P::Log10, _) => one() / at.x() / at.c(LN_10),
        (P::Log1p, _) => one() / (one() + at.x()),
        (P::Sigmoid, _) => at.r() * Number::of(Prim::Sigmoid, &[-at.x()]),
        (P::Softplus | P::Log1pexp, _) => at.f(Prim::Sigmoid),
        (P::Log1mexp, _) => -(at.f(Prim::Exp) / Number::of(Prim::Abs, &[at.f(Prim::Expm1)])),
        (P::Logaddexp, _) => at.fraction(operand),
        (P::Logshare, 0) => at.r() * at.fraction(1),
        (P::Logshare, _) => -(at.r() * at.fraction(1)),
        (P::Xlogy, _) if at.origin(0.0) => return None,
        (P::Xlogy, 0) => Number::of(Prim::Log, &[at.y()]),
        (P::Xlogy, _) => at.x() / at.y(),
        (P::Xlog1py, _) if at.origin(1.0) => return None,
        (P::Xlog1py, 0) => Number::of(Prim::Log1p, &[at.y()]),
        (P::Xlog1py, _) => at.x() / (one() + at.y()),
        (P::Sin, _) => at.f(Prim::Cos),
        (P::Cos, _) => -at.f(Prim::Sin),
        (P::Tan, _) => one() / (at.f(Prim::Cos) * at.f(Prim::Cos)),
        (P::Asin, _) => arc_slope(&at),
        (P::Acos, _) => -arc_slope(&at),
        (P::Atan, _) => {
            let length = Number::of(Prim::Hypot, &[one(), at.x()]);
            one() / length.clone() / length
        }
        (P::Sinh, _) => at.f(Prim::Cosh),
        (P::Cosh, _) => at.f(Prim::Sinh),
        (P::Tanh, _) => at.f(Prim::Sech) * at.f(Prim::Sech),
        (P::Sech, _) => -(at.r() * at.f(Prim::Tanh)),
        (P::Asinh, _) => one() / Number::of(Prim::Hypot, &[at.x(), one()]),
        (P::Acosh, _) => {
            let root = |shift: Number| Number::of(Prim::Sqrt, &[at.x() + shift]);
            one() / root(-one()) / root(one())
        }
        (P::Atanh, _) => one() / ((one() - at.x()) * (one() + at.x())),
        (P::Erf, _) => at.c(FRAC_2_SQRT_PI) * at.f(Prim::Gauss),
        (P::Erfc, _) => -(at.c(FRAC_2_SQRT_PI) * at.f(Prim::Gauss)),
        (P::Erfinv, _) => inverse_slope(&at),
        (P::Erfcinv, _) => -inverse_slope(&at),
        (P::Gauss, _) => Number::of(Prim::Smul, &[at.r(), at.c(-2.0) * at.x()]),
        (P::Lgamma, _) => at.f(Prim::Digamma),
        (P::Digamma, _) => Number::of(Prim::Polygamma, &[int(1), at.x()]),
        // There is none of a negative order, and it does not move.
        (P::Polygamma, _) if at.int(0) < 0 => Number::of(Prim::Polygamma, &[int(at.int(0)), at.y()]),
        (P::Polygamma, _) => Number::of(Prim::Polygamma, &[int(at.int(0).saturating_add(1)), at.y()]),
        // Steps are flat, `stop_gradient` is a constant by decree, and the others are functions of integers and truth values.
        (P::Sign | P::Floor | P::Ceil | P::Round | P::Trunc | P::Stopgrad | P::Itof | P::Itos | P::Ftoi, _)
        | (P::Iadd | P::Isub | P::Imul | P::Idiv | P::Irem | P::Ineg | P::Ipow, _)
        | (P::Iabs | P::Isign | P::Imin | P::Imax | P::Revolve | P::Sow | P::And | P::Or | P::Not, _) => return None,
    })
}

/// n xⁿ⁻¹; the power 0 is the constant 1.
fn powi(at: &At<'_>) -> Option<Number> {
    let n = at.int(1);
    let power = || Number::of(Prim::Powi, &[at.x(), int(n.wrapping_sub(1))]);
    (n != 0).then(|| at.c(n as f64) * power())
}

/// The slope of xᵖ (log x)ᵏ in x: p xᵖ⁻¹ (log x)ᵏ + k xᵖ⁻¹ (log x)ᵏ⁻¹.
fn powlog(at: &At<'_>) -> Number {
    let k = at.int(2);
    let term = |weight: Number, k: i64| {
        let power = Number::of(Prim::Powlog, &[at.x(), at.y() - at.c(1.0), int(k)]);
        Number::of(Prim::Smul, &[weight, power])
    };
    term(at.y(), k) + term(at.c(k as f64), k.wrapping_sub(1))
}

#[cfg(test)]
mod tests;
