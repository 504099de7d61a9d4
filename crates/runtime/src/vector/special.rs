//! The error function, the cube root, rounding.
//!
//! In: lanes. Out: lanes. erfc is exp(−x²) / (1 + 2x) times a polynomial in (x − 4) / (x + 4), the product in twice the digits; erf is a polynomial below 1 and 1 − erfc beyond.

use super::arithmetic::{Double, again, polynomial, quotient, signed, sum, sum_ordered};
use super::coefficients::{CBRT, ERF, ERFC, ERFC_AT_FOUR, TWO_OVER_ROOT_PI};
use super::exponential::{gauss_parts, scaled};
use super::lanes::Lanes;
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
