//! Exponentials, and what is made of one exponential.
//!
//! In: lanes. Out: lanes. x = n log 2 + r with |r| ≤ log 2 / 2; eʳ is 1 + r + t, t a polynomial, whose parts are kept apart until nothing more is to be added to them.

use super::arithmetic::{BIASED, Double, again2, polynomial, power_of_two, quotient, signed, sum, sum_ordered};
use super::coefficients::{EXP, LN_2};
use super::lanes::Lanes;
use adit_ir::Prim;
use std::f64::consts::{LN_2 as LOG_2, LOG2_E};

/// Below this, eˣ is 0.
const LOWEST: f64 = -746.0;
/// Above this, it is infinite.
const HIGHEST: f64 = 710.0;

/// eˣ = 2ⁿ (1 + r + t).
pub struct Parts<L> {
    /// n, as [`power_of_two`] wants it.
    pub n: L,
    /// |r| ≤ log 2 / 2.
    pub r: L,
    /// About r² / 2.
    pub t: L,
}

impl<L: Lanes> Parts<L> {
    /// Of the exponential of x + low, for x between −746 and 710 and `low` so small that its square counts for nothing.
    #[inline(always)]
    pub fn of(x: L, low: L) -> Self {
        let n = x.mul_add(L::splat(LOG2_E), L::splat(BIASED));
        let k = n - L::splat(BIASED);
        let high = k.mul_add(L::splat(-LN_2[0]), x);
        let tail = k * L::splat(LN_2[1]) - low;
        let r = high - tail;
        let error = (high - r) - tail;
        Parts { n, r, t: (r * r).mul_add(polynomial(r, &EXP), error) }
    }

    /// 1 + r + t.
    #[inline(always)]
    pub fn mantissa(&self) -> Double<L> {
        let (high, low) = sum_ordered(L::splat(1.0), self.r);
        sum_ordered(high, low + self.t)
    }

    /// The exponential, rounded, in one number.
    #[inline(always)]
    pub fn value(&self) -> L {
        let (high, low) = self.mantissa();
        scaled(high + low, self.n)
    }

    /// The exponential, where it neither overflows nor loses digits at the lower end of the range.
    #[inline(always)]
    pub fn double(&self) -> Double<L> {
        let (high, low) = self.mantissa();
        (scaled(high, self.n), scaled(low, self.n))
    }
}

/// x 2ⁿ.
#[inline(always)]
pub fn scaled<L: Lanes>(x: L, n: L) -> L {
    let (a, b) = power_of_two(n);
    x * a * b
}

/// eˣ.
#[inline(always)]
pub fn exp<L: Lanes>(x: L) -> L {
    let x = x.at_least(L::splat(LOWEST)).at_most(L::splat(HIGHEST));
    let n = x.mul_add(L::splat(LOG2_E), L::splat(BIASED));
    let k = n - L::splat(BIASED);
    let r = k.mul_add(L::splat(-LN_2[1]), k.mul_add(L::splat(-LN_2[0]), x));
    scaled((r * r).mul_add(polynomial(r, &EXP), r) + L::splat(1.0), n)
}

/// 2ˣ.
#[inline(always)]
pub fn exp2<L: Lanes>(x: L) -> L {
    let x = x.at_least(L::splat(-1076.0)).at_most(L::splat(1025.0));
    let n = x + L::splat(BIASED);
    let r = (x - (n - L::splat(BIASED))) * L::splat(LOG_2);
    scaled((r * r).mul_add(polynomial(r, &EXP), r) + L::splat(1.0), n)
}

/// (eˣ − 1) / 4 as a sum of two; the quarter keeps the largest from overflowing too soon.
#[inline(always)]
pub fn quarter_expm1<L: Lanes>(parts: &Parts<L>) -> Double<L> {
    let (a, b) = power_of_two(parts.n);
    let scale = a * (b * L::splat(0.25));
    let (high, low) = sum_ordered(scale - L::splat(0.25), scale * parts.r);
    sum_ordered(high, low + scale * parts.t)
}

/// eˣ − 1.
#[inline(always)]
pub fn expm1<L: Lanes>(x: L) -> L {
    let parts = Parts::of(x.at_least(L::splat(-50.0)).at_most(L::splat(HIGHEST)), L::splat(0.0));
    let (high, low) = quarter_expm1(&parts);
    L::select(x.abs().lt(L::splat(1e-17)), x, (high + low) * L::splat(4.0))
}

/// sinh x = 2 (F + F / (4F + 1)), F a quarter of e^|x| − 1.
#[inline(always)]
pub fn sinh<L: Lanes>(x: L) -> L {
    let (high, low) = quarter_expm1(&Parts::of(x.abs().at_most(L::splat(710.6)), L::splat(0.0)));
    // Beyond the limit the quotient is ¼ and counts for nothing.
    let (limit, four) = (L::splat(1e100), L::splat(4.0));
    let small = (high.at_most(limit), L::select(high.lt(limit), low, L::splat(0.0)));
    let (below, error) = sum(small.0 * four, L::splat(1.0));
    let (q, missing) = quotient(small, (below, small.1.mul_add(four, error)));
    let (value, error) = sum_ordered(high, q);
    let value = (value + (error + (low + missing))) * L::splat(2.0);
    signed(L::select(x.abs().lt(L::splat(1e-17)), x, value), x)
}

/// cosh x = 2 (G + 1 / 16G), G a quarter of e^|x|.
#[inline(always)]
pub fn cosh<L: Lanes>(x: L) -> L {
    let parts = Parts::of(x.abs().at_most(L::splat(710.6)), L::splat(0.0));
    let (high, low) = parts.mantissa();
    let (a, b) = power_of_two(parts.n);
    let b = b * L::splat(0.25);
    let large = high * a * b;
    let (value, error) = sum_ordered(large, L::splat(1.0 / 16.0) / large);
    (value + (error + low * a * b)) * L::splat(2.0)
}

/// exp(−x²), as parts.
#[inline(always)]
pub fn gauss_parts<L: Lanes>(x: L) -> Parts<L> {
    let a = x.abs().at_most(L::splat(27.5));
    let (square, error) = a.product(a);
    Parts::of((-square).at_least(L::splat(LOWEST)), -error)
}

/// exp(−x²).
#[inline(always)]
pub fn gauss<L: Lanes>(x: L) -> L {
    gauss_parts(x).value()
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid<L: Lanes>(x: L) -> L {
    let negative = x.lt(L::splat(0.0));
    let parts = Parts::of((-x.abs()).at_least(L::splat(LOWEST)), L::splat(0.0));
    let (high, low) = parts.mantissa();
    let (a, b) = power_of_two(parts.n);
    let (one, rest) = sum_ordered(L::splat(1.0), high * a * b);
    let above = (L::select(negative, high, L::splat(1.0)), L::select(negative, low, L::splat(0.0)));
    let (q, missing) = quotient(above, (one, rest + low * a * b));
    let q = q + missing;
    L::select(negative, q * a * b, q)
}

/// eˣ / (eˣ + eʸ). Where both are infinite alike the scalar function says what it is.
#[inline(always)]
pub fn logshare<L: Lanes>(x: L, y: L) -> L {
    let (difference, error) = sum(x, -y);
    let s = sigmoid(difference);
    let better = s.mul_add(error * (L::splat(1.0) - s), s);
    let finite = error.abs().le(L::splat(f64::MAX));
    again2(L::select(finite, better, s), !finite, x, y, Prim::Logshare)
}

/// tanh x = −E / (E + 2), E = exp(−2|x|) − 1.
#[inline(always)]
pub fn tanh<L: Lanes>(x: L) -> L {
    let parts = Parts::of((-x.abs()).at_least(L::splat(LOWEST)), L::splat(0.0));
    let (a, b) = power_of_two(parts.n);
    let (above, below) = tanh_fraction(&parts, a * b);
    let (tanh, missing) = quotient(above, below);
    signed(tanh + missing, x)
}

/// 1 / cosh x = 2 exp(−|x|) / (E + 2).
#[inline(always)]
pub fn sech<L: Lanes>(x: L) -> L {
    let parts = Parts::of((-x.abs()).at_least(L::splat(LOWEST)), L::splat(0.0));
    let (a, b) = power_of_two(parts.n);
    let (_, below) = tanh_fraction(&parts, a * b);
    let (sech, short) = quotient(parts.mantissa(), below);
    (sech + short) * a * (b * L::splat(2.0))
}

/// −E and E + 2 for E = (2ⁿ (1 + r + t))² − 1, n ≤ 0.
#[inline(always)]
fn tanh_fraction<L: Lanes>(parts: &Parts<L>, power: L) -> (Double<L>, Double<L>) {
    let (r, t, two) = (parts.r, parts.t, L::splat(2.0));
    let square = power * power;
    let twice = r + r;
    let rest = r.mul_add(r, t * (twice + two + t));
    let (least, lost) = sum_ordered(L::splat(-1.0), square);
    let (high, low) = sum_ordered(least, square * twice);
    let (high, low) = sum_ordered(high, low + square.mul_add(rest, lost));
    let (below, error) = sum_ordered(two, high);
    ((-high, -low), (below, error + low))
}
