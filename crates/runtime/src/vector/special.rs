//! The error function and its inverse, the cube root, rounding.
//!
//! In: lanes. Out: lanes. erfc is exp(−x²) / (1 + 2x) times a polynomial in (x − 4) / (x + 4), the product in twice the digits; erf is a polynomial below 1 and 1 − erfc beyond.

use super::arithmetic::{Double, again, polynomial, quotient, root, signed, sum, sum_ordered};
use super::coefficients::{
    CBRT, ERF, ERFC, ERFC_AT_FOUR, ERFCINV, ERFCINV_AT_MIDDLE, ERFINV, HALF_ROOT_PI, TWO_OVER_ROOT_PI,
};
use super::exponential::{gauss_parts, scaled};
use super::lanes::Lanes;
use super::logarithm::log_normal;
use adit_ir::Prim;

/// erfc |x|.
#[inline(always)]
fn erfc_positive<L: Lanes>(x: L) -> L {
    let parts = gauss_parts(x);
    let (e, e_low) = parts.mantissa();
    let a = x.abs().at_most(L::splat(27.5));
    let t = (a - L::splat(4.0)) / (a + L::splat(4.0));
    let (f, f_low) = sum_ordered(L::splat(ERFC_AT_FOUR[0]), t * polynomial(t, &ERFC));
    let (q, missing) = quotient((f, f_low + L::splat(ERFC_AT_FOUR[1])), sum(L::splat(1.0), a + a));
    let (high, low) = e.product(q);
    scaled(high + e.mul_add(missing, e_low.mul_add(q, low)), parts.n)
}

/// erf |x| for |x| ≤ 1, as a sum of two.
#[inline(always)]
fn erf_near<L: Lanes>(a: L) -> Double<L> {
    let z = a * a;
    let (high, low) = a.product(L::splat(TWO_OVER_ROOT_PI[0]));
    let rest = z.mul_add(polynomial(z, &ERF), L::splat(TWO_OVER_ROOT_PI[1]));
    (high, a.mul_add(rest, low))
}

/// 1 − erf x.
#[inline(always)]
pub fn erfc<L: Lanes>(x: L) -> L {
    let (a, one) = (x.abs(), L::splat(1.0));
    let negative = x.lt(L::splat(0.0));
    let (high, low) = erf_near(a);
    let (high, low) = (L::select(negative, -high, high), L::select(negative, -low, low));
    let near = (one - high) - low;
    let tail = erfc_positive(a);
    let far = L::select(negative, L::splat(2.0) - tail, tail);
    L::select(a.lt(L::splat(0.5)), near, far)
}

/// The error function.
#[inline(always)]
pub fn erf<L: Lanes>(x: L) -> L {
    let (a, one) = (x.abs(), L::splat(1.0));
    let (high, low) = erf_near(a);
    signed(L::select(a.lt(one), high + low, one - erfc_positive(a)), x)
}

/// erf⁻¹ a for 0 ≤ a ≤ ½.
#[inline(always)]
fn erfinv_near<L: Lanes>(a: L) -> L {
    let z = a * a;
    let (high, low) = a.product(L::splat(HALF_ROOT_PI[0]));
    high + a.mul_add(z.mul_add(polynomial(z, &ERFINV), L::splat(HALF_ROOT_PI[1])), low)
}

/// erfc⁻¹ x for 10⁻¹⁶ ≤ x ≤ ½, of s = √(−log x).
#[inline(always)]
fn erfcinv_far<L: Lanes>(x: L) -> L {
    let (s, s_low) = root((-log_normal(x), L::splat(0.0)));
    let middle = L::splat(2.25);
    let u = (s - middle) / (s + middle);
    let (f, f_low) = sum_ordered(L::splat(ERFCINV_AT_MIDDLE[0]), u * polynomial(u, &ERFCINV));
    let (high, low) = s.product(f);
    // The slope in s is nearly 1.
    high + (s.mul_add(f_low + L::splat(ERFCINV_AT_MIDDLE[1]), low) + s_low)
}

/// The inverse of erf.
#[inline(always)]
pub fn erfinv<L: Lanes>(x: L) -> L {
    let (a, one) = (x.abs(), L::splat(1.0));
    let value = L::select(a.le(L::splat(0.5)), erfinv_near(a), erfcinv_far(one - a));
    again(signed(value, x), !a.lt(one), x, Prim::Erfinv)
}

/// The inverse of erfc. Where x is tiny, it is left to the scalar function.
#[inline(always)]
pub fn erfcinv<L: Lanes>(x: L) -> L {
    let (one, half) = (L::splat(1.0), L::splat(0.5));
    let from_one = one - x;
    let far = erfcinv_far(L::select(x.lt(one), x, L::splat(2.0) - x));
    let value = signed(L::select(from_one.abs().le(half), erfinv_near(from_one.abs()), far), from_one);
    again(value, !(L::splat(1.2e-16).lt(x) & x.lt(L::splat(2.0))), x, Prim::Erfcinv)
}

/// The cube root: a polynomial, a step of Halley's iteration, and one of Newton's with the cube in twice the digits.
#[inline(always)]
pub fn cbrt<L: Lanes>(x: L) -> L {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let a = x.abs();
    let two_to_52 = 4_503_599_627_370_496.0;
    let exponent = a.shr::<52>().or(L::splat(two_to_52)) - L::splat(two_to_52 + 1023.0);
    let third = (exponent - L::splat(1.0)).mul_add(L::splat(1.0 / 3.0), L::splat(ROUND)).shl::<52>();
    let m = a.int_sub(third).int_sub(third).int_sub(third);
    let g = polynomial(m, &CBRT);
    let (cube, two) = (g * g * g, L::splat(2.0));
    let g = g * (m.mul_add(two, cube) / cube.mul_add(two, m));
    let (square, square_low) = g.product(g);
    let (cube, cube_low) = square.product(g);
    let excess = (cube - m) + square_low.mul_add(g, cube_low);
    let g = g - excess / (square * L::splat(3.0));
    let ordinary = L::splat(f64::MIN_POSITIVE).le(a) & a.le(L::splat(f64::MAX));
    again(signed(g.int_add(third), x), !ordinary, x, Prim::Cbrt)
}

/// To the nearest integer, halves away from 0.
#[inline(always)]
pub fn round<L: Lanes>(x: L) -> L {
    let a = x.abs();
    let two_to_52 = L::splat(4_503_599_627_370_496.0);
    let even = (a + two_to_52) - two_to_52;
    let away = L::select((a - even).eq(L::splat(0.5)), even + L::splat(1.0), even);
    signed(L::select(a.lt(two_to_52), away, a), x)
}
