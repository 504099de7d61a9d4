//! Logarithms, and what is made of one logarithm.
//!
//! In: lanes. Out: lanes. x = 2ᵏ (1 + f) with 1 + f between 1/√2 and √2; log(1 + f) is 2 artanh s, s = f / (2 + f), summed such that f itself comes last. Operands that are no positive normal
//! numbers are left to the scalar function.

use super::arithmetic::{Double, again, again2, exponent, polynomial, quotient, root, signed, sum, sum_ordered};
use super::coefficients::{LN_2, LOG, LOG_TAIL, LOG2_E, LOG10_2, LOG10_E, TWO_THIRDS};
use super::exponential::{Parts, quarter_expm1};
use super::lanes::Lanes;
use adit_ir::Prim;

/// Where x is not a positive normal number.
#[inline(always)]
fn odd<L: Lanes>(x: L) -> L::Mask {
    !(L::splat(f64::MIN_POSITIVE).le(x) & x.le(L::splat(f64::MAX)))
}

/// k log 2 + log(1 + f) + rest.
#[inline(always)]
fn combined<L: Lanes>(k: L, f: L, rest: L) -> L {
    let s = f / (f + L::splat(2.0));
    let z = s * s;
    let half = f * f * L::splat(0.5);
    let inner = s.mul_add(z.mul_add(polynomial(z, &LOG), half), k.mul_add(L::splat(LN_2[1]), rest));
    k.mul_add(L::splat(LN_2[0]), f - (half - inner))
}

/// log x for positive normal numbers.
#[inline(always)]
pub fn log_normal<L: Lanes>(x: L) -> L {
    let (k, m, _) = exponent(x);
    combined(k, m - L::splat(1.0), L::splat(0.0))
}

/// log of a sum of two. Exact to a rounding even where the first one is 1 and the second the rest of a number that rounds to it.
#[inline(always)]
fn log_sum<L: Lanes>((high, low): Double<L>) -> L {
    let (k, m, power) = exponent(high);
    let low = low * power;
    let whole = m - L::splat(1.0);
    let f = whole + low;
    combined(k, f, low - (f - whole))
}

/// log x.
#[inline(always)]
pub fn log<L: Lanes>(x: L) -> L {
    again(log_normal(x), odd(x), x, Prim::Log)
}

/// log(x) / log b for a base b: k `base` + log(1 + f) `factor`, both constants as sums of two, the products of k with the first part of `base` exact.
#[inline(always)]
fn log_to_base<L: Lanes>(x: L, base: [f64; 2], factor: [f64; 2]) -> L {
    let (k, m, _) = exponent(x);
    let f = m - L::splat(1.0);
    let s = f / (f + L::splat(2.0));
    let z = s * s;
    let half = f * f * L::splat(0.5);
    let (high, low) = sum_ordered(f, s * z.mul_add(polynomial(z, &LOG), half) - half);
    let (product, error) = high.product(L::splat(factor[0]));
    let rest = low.mul_add(L::splat(factor[0]), high.mul_add(L::splat(factor[1]), error));
    let (sum, error) = sum_ordered(k * L::splat(base[0]), product);
    sum + (error + k.mul_add(L::splat(base[1]), rest))
}

/// log₂ x.
#[inline(always)]
pub fn log2<L: Lanes>(x: L) -> L {
    again(log_to_base(x, [1.0, 0.0], LOG2_E), odd(x), x, Prim::Log2)
}

/// log₁₀ x.
#[inline(always)]
pub fn log10<L: Lanes>(x: L) -> L {
    again(log_to_base(x, LOG10_2, LOG10_E), odd(x), x, Prim::Log10)
}

/// Operands beyond this are left to scalar functions where squares or inverse powers would overflow.
const LARGE: f64 = 1e150;

/// log(1 + x) for −1 < x ≤ [`LARGE`].
#[inline(always)]
fn log1p_inside<L: Lanes>(x: L) -> L {
    signed(log_sum(sum(L::splat(1.0), x)), x)
}

/// Where log(1 + x) is left to the scalar function.
#[inline(always)]
fn odd1p<L: Lanes>(x: L) -> L::Mask {
    !(L::splat(-1.0).lt(x) & x.le(L::splat(LARGE)))
}

/// log(1 + x).
#[inline(always)]
pub fn log1p<L: Lanes>(x: L) -> L {
    again(log1p_inside(x), odd1p(x), x, Prim::Log1p)
}

/// log(1 + exp(x + low)) for x ≤ 0.
#[inline(always)]
fn log1p_exp<L: Lanes>(x: L, low: L) -> L {
    let lowest = L::splat(-746.0);
    let low = L::select(lowest.lt(x), low, L::splat(0.0));
    let (high, low) = Parts::of(x.at_least(lowest), low).double();
    let (one, rest) = sum_ordered(L::splat(1.0), high);
    log_sum((one, rest + low))
}

/// log(1 + eˣ).
#[inline(always)]
pub fn softplus<L: Lanes>(x: L) -> L {
    x.at_least(L::splat(0.0)) + log1p_exp(-x.abs(), L::splat(0.0))
}

/// log(1 − eˣ) for x < 0: of −(eˣ − 1) near 0, of 1 − eˣ far from it.
#[inline(always)]
pub fn log1mexp<L: Lanes>(x: L) -> L {
    let parts = Parts::of(x.at_least(L::splat(-746.0)).at_most(L::splat(0.0)), L::splat(0.0));
    let (quarter, error) = quarter_expm1(&parts);
    let (high, low) = parts.double();
    let (one, rest) = sum_ordered(L::splat(1.0), -high);
    let (near, four) = (L::splat(-std::f64::consts::LN_2).lt(x), L::splat(-4.0));
    let argument = (L::select(near, quarter * four, one), L::select(near, error * four, rest - low));
    let value = -log_sum(argument).abs();
    again(value, !x.le(L::splat(-1e-290)), x, Prim::Log1mexp)
}

/// log(eˣ + eʸ).
#[inline(always)]
pub fn logaddexp<L: Lanes>(x: L, y: L) -> L {
    let (less, more) = (x.at_most(y), y.at_least(x));
    let (difference, error) = sum(less, -more);
    let finite = x.abs().le(L::splat(LARGE)) & y.abs().le(L::splat(LARGE));
    again2(more + log1p_exp(difference, error), !finite, x, y, Prim::Logaddexp)
}

/// x log y, 0 where x is 0.
#[inline(always)]
pub fn xlogy<L: Lanes>(x: L, y: L) -> L {
    let zero = L::splat(0.0);
    again2(L::select(x.eq(zero), zero, x * log_normal(y)), odd(y), x, y, Prim::Xlogy)
}

/// x log(1 + y), 0 where x is 0.
#[inline(always)]
pub fn xlog1py<L: Lanes>(x: L, y: L) -> L {
    let zero = L::splat(0.0);
    again2(L::select(x.eq(zero), zero, x * log1p_inside(y)), odd1p(y), x, y, Prim::Xlog1py)
}

/// asinh x = log(a + √(a² + 1)), a = |x|, in twice the digits.
#[inline(always)]
pub fn asinh<L: Lanes>(x: L) -> L {
    let a = x.abs();
    let (square, error) = a.product(a);
    let (high, low) = sum(L::splat(1.0), square);
    let (high, low) = root((high, low + error));
    let (high, rest) = sum_ordered(high, a);
    let value = signed(log_sum((high, rest + low)), x);
    again(value, !a.le(L::splat(LARGE)), x, Prim::Asinh)
}

/// acosh x = log(x + √(x² − 1)), in twice the digits.
#[inline(always)]
pub fn acosh<L: Lanes>(x: L) -> L {
    let (square, error) = x.product(x);
    let (high, low) = sum(square, L::splat(-1.0));
    let (high, low) = root((high, low + error));
    let (high, rest) = sum_ordered(x, high);
    let value = log_sum((high, rest + low));
    again(value, !(L::splat(1.0).lt(x) & x.le(L::splat(LARGE))), x, Prim::Acosh)
}

/// artanh x = log((1 + a) / (1 − a)) / 2, a = |x|, the quotient in twice the digits.
#[inline(always)]
pub fn atanh<L: Lanes>(x: L) -> L {
    let (a, one) = (x.abs(), L::splat(1.0));
    let ratio = quotient(sum_ordered(one, a), sum_ordered(one, -a));
    again(signed(log_sum(ratio) * L::splat(0.5), x), !a.lt(one), x, Prim::Atanh)
}

/// log x of a positive normal number, to some 65 digits of two.
#[inline(always)]
fn log_double<L: Lanes>(x: L) -> Double<L> {
    let (k, m, _) = exponent(x);
    let f = m - L::splat(1.0);
    let (s, s_low) = quotient((f, L::splat(0.0)), sum_ordered(L::splat(2.0), f));
    let (z, z_low) = s.product(s);
    let z_low = (s + s).mul_add(s_low, z_low);
    let (c, c_low) = sum_ordered(L::splat(TWO_THIRDS[0]), z * polynomial(z, &LOG_TAIL));
    let (p, p_low) = z.product(c);
    let p_low = z.mul_add(c_low + L::splat(TWO_THIRDS[1]), z_low.mul_add(c, p_low));
    let (q, q_low) = s.product(p);
    let q_low = s.mul_add(p_low, s_low.mul_add(p, q_low));
    let (sum, first) = sum_ordered(k * L::splat(LN_2[0]), s + s);
    let (sum, second) = sum_ordered(sum, q);
    let low = k.mul_add(L::splat(LN_2[1]), (first + second) + (q_low + (s_low + s_low)));
    sum_ordered(sum, low)
}

/// xʸ for positive normal x and ordinary y: exp(y log x).
#[inline(always)]
pub fn pow_inside<L: Lanes>(x: L, y: L) -> L {
    let (high, low) = log_double(x);
    let (product, error) = y.product(high);
    let inside = product.abs().le(L::splat(745.9));
    let error = L::select(inside, y.mul_add(low, error), L::splat(0.0));
    Parts::of(product.at_least(L::splat(-746.0)).at_most(L::splat(710.0)), error).value()
}

/// xʸ.
#[inline(always)]
pub fn pow<L: Lanes>(x: L, y: L) -> L {
    again2(pow_inside(x, y), odd(x) | !y.abs().le(L::splat(LARGE)), x, y, Prim::Pow)
}
