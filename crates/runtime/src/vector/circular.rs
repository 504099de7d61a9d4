//! Circular functions and their inverses.
//!
//! In: lanes. Out: lanes. Angles up to a million are reduced to |r| ≤ π/4 in twice the digits, larger ones are left to the scalar function; arcs are reduced to a quotient of at most √2 − 1 and a
//! multiple of π/4.

use super::arithmetic::{Double, again, again2, polynomial, quotient, root, signed, sum, sum_ordered};
use super::coefficients::{ASIN, ATAN, COS, HALF_PI, HALF_PI_SHORT, PI_2, PI_4, SIN};
use super::lanes::{Lanes, SIGN};
use adit_ir::Prim;
use std::f64::consts::FRAC_2_PI;

/// Angles beyond it are left to scalar functions.
const LARGE: f64 = 1e6;
/// Angles below it are their own sine and tangent.
const TINY: f64 = 1e-9;
/// Added and taken away again it rounds to an integer, which is in the lowest bits in between.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// An angle: the nearest multiple of π/2, as an integer in the lowest bits, and what is left.
#[inline(always)]
fn reduce<L: Lanes>(x: L) -> (L, Double<L>) {
    let n = x.mul_add(L::splat(FRAC_2_PI), L::splat(ROUND));
    let k = n - L::splat(ROUND);
    let part = |x: L, c: f64| k.mul_add(L::splat(-c), x);
    if L::FUSED {
        // The first difference is exact. The second one is too where it cancels, since the product is; elsewhere what it takes away is the smaller one.
        let first = part(x, HALF_PI[0]);
        let r = part(first, HALF_PI[1]);
        (n, (r, part(part(first - r, HALF_PI[1]), HALF_PI[2])))
    } else {
        let [a, b, c, d] = HALF_PI_SHORT;
        let (r, second) = sum(part(x, a), k * L::splat(-b));
        let (r, third) = sum(r, k * L::splat(-c));
        let (r, low) = sum_ordered(r, part(second + third, d));
        (n, (r, low))
    }
}

/// Sine and cosine of what [`reduce`] leaves.
#[inline(always)]
fn sine_and_cosine<L: Lanes>((r, low): Double<L>) -> (Double<L>, Double<L>) {
    let (z, one) = (r * r, L::splat(1.0));
    let sine = (r * z).mul_add(polynomial(z, &SIN), low);
    let half = z * L::splat(0.5);
    let whole = one - half;
    let rest = (z * z).mul_add(polynomial(z, &COS), -(r * low));
    ((r, sine), (whole, ((one - whole) - half) + rest))
}

/// Whether the lowest bit is set.
#[inline(always)]
fn is_odd<L: Lanes>(n: L) -> L::Mask {
    n.shl::<63>().or(L::splat(1.0)).lt(L::splat(0.0))
}

/// The second lowest bit as a sign.
#[inline(always)]
fn second_bit<L: Lanes>(n: L) -> L {
    n.shl::<62>().and(L::pattern(SIGN))
}

/// sin x and cos x.
#[inline(always)]
pub fn sin_cos<L: Lanes>(x: L) -> (L, L) {
    let (n, rest) = reduce(x);
    let (sine, cosine) = sine_and_cosine(rest);
    let (s, c) = (sine.0 + sine.1, cosine.0 + cosine.1);
    let odd = is_odd(n);
    let sine = L::select(odd, c, s).xor(second_bit(n));
    let cosine = L::select(odd, s, c).xor(second_bit(n.int_add(L::pattern(1))));
    let sine = L::select(x.abs().lt(L::splat(TINY)), x, sine);
    let large = !x.abs().le(L::splat(LARGE));
    (again(sine, large, x, Prim::Sin), again(cosine, large, x, Prim::Cos))
}

/// sin x.
#[inline(always)]
pub fn sin<L: Lanes>(x: L) -> L {
    let (n, rest) = reduce(x);
    let (sine, cosine) = sine_and_cosine(rest);
    let sine = L::select(is_odd(n), cosine.0 + cosine.1, sine.0 + sine.1).xor(second_bit(n));
    let sine = L::select(x.abs().lt(L::splat(TINY)), x, sine);
    again(sine, !x.abs().le(L::splat(LARGE)), x, Prim::Sin)
}

/// cos x.
#[inline(always)]
pub fn cos<L: Lanes>(x: L) -> L {
    let (n, rest) = reduce(x);
    let (sine, cosine) = sine_and_cosine(rest);
    let cosine = L::select(is_odd(n), sine.0 + sine.1, cosine.0 + cosine.1);
    let cosine = cosine.xor(second_bit(n.int_add(L::pattern(1))));
    again(cosine, !x.abs().le(L::splat(LARGE)), x, Prim::Cos)
}

/// tan x: sine over cosine, or −cosine over sine.
#[inline(always)]
pub fn tan<L: Lanes>(x: L) -> L {
    let (n, rest) = reduce(x);
    let (sine, cosine) = sine_and_cosine(rest);
    let odd = is_odd(n);
    let (sine, cosine) = (sum_ordered(sine.0, sine.1), sum_ordered(cosine.0, cosine.1));
    let above = (L::select(odd, -cosine.0, sine.0), L::select(odd, -cosine.1, sine.1));
    let below = (L::select(odd, sine.0, cosine.0), L::select(odd, sine.1, cosine.1));
    let (q, missing) = quotient(above, below);
    let value = L::select(x.abs().lt(L::splat(TINY)), x, q + missing);
    again(value, !x.abs().le(L::splat(LARGE)), x, Prim::Tan)
}

/// For a = |x|: whether a > ½, and g and t with arcsin a = g + t, or arccos a = 2 (g + t) above ½, where g is √((1 − a) / 2).
#[inline(always)]
fn arc<L: Lanes>(a: L) -> (L::Mask, L, L) {
    let large = L::splat(0.5).lt(a);
    let z = L::select(large, (L::splat(1.0) - a) * L::splat(0.5), a * a);
    // At 1, anything whose root counts for nothing will do.
    let (g, g_low) = root((L::select(z.eq(L::splat(0.0)), L::splat(1e-300), z), L::splat(0.0)));
    let (g, g_low) = (L::select(large, g, a), L::select(large, g_low, L::splat(0.0)));
    (large, g, (g * z).mul_add(polynomial(z, &ASIN), g_low))
}

/// arcsin x.
#[inline(always)]
pub fn asin<L: Lanes>(x: L) -> L {
    let (large, g, t) = arc(x.abs());
    let (high, low) = sum_ordered(L::splat(PI_2[0]), -(g + g));
    let above = high + (low + (L::splat(PI_2[1]) - (t + t)));
    signed(L::select(large, above, g + t), x)
}

/// arccos x.
#[inline(always)]
pub fn acos<L: Lanes>(x: L) -> L {
    let (large, g, t) = arc(x.abs());
    let negative = x.lt(L::splat(0.0));
    // π/2 ∓ (g + t) below ½; beyond, 2 (g + t) or π less that.
    let (g, t) = (L::select(large, g + g, g), L::select(large, t + t, t));
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    let quarters = L::select(large, L::select(negative, L::splat(2.0), zero), one);
    let same = L::select(large, L::select(negative, zero, one), L::select(negative, one, zero)).eq(one);
    let (g, t) = (L::select(same, g, -g), L::select(same, t, -t));
    let (high, low) = sum_ordered(quarters * L::splat(PI_2[0]), g);
    let value = high + (low + quarters.mul_add(L::splat(PI_2[1]), t));
    L::select(x.eq(one), zero, value)
}

/// The angle of the point (b, a), or (−b, a) where `left`, for a, b ≥ 0 whose quotient is a float: a multiple of π/4, and the arc tangent of a quotient of at most √2 − 1.
#[inline(always)]
fn angle<L: Lanes>(a: L, b: L, left: L::Mask) -> L {
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    let steep = b.lt(a);
    let (less, more) = (L::select(steep, b, a), L::select(steep, a, b));
    let middle = (more * L::splat(std::f64::consts::SQRT_2 - 1.0)).lt(less);
    let (difference, d_error) = sum(less, -more);
    let (total, t_error) = sum_ordered(more, less);
    let above = (L::select(middle, difference, less), L::select(middle, d_error, zero));
    let below = (L::select(middle, total, more), L::select(middle, t_error, zero));
    let (q, missing) = quotient(above, below);
    let z = q * q;
    let t = (q * z).mul_add(polynomial(z, &ATAN), missing);
    let quarters = L::select(middle, one, zero);
    let quarters = L::select(steep, L::splat(2.0) - quarters, quarters);
    let quarters = L::select(left, L::splat(4.0) - quarters, quarters);
    let flip = L::select(steep, L::pattern(SIGN), zero).xor(L::select(left, L::pattern(SIGN), zero));
    let (high, low) = sum_ordered(quarters * L::splat(PI_4[0]), q.xor(flip));
    high + (low + quarters.mul_add(L::splat(PI_4[1]), t.xor(flip)))
}

/// arctan x.
#[inline(always)]
pub fn atan<L: Lanes>(x: L) -> L {
    let nowhere = x.lt(x);
    signed(angle(x.abs().at_most(L::splat(1e20)), L::splat(1.0), nowhere), x)
}

/// Whether numbers are neither so large nor so small that their quotient or product leaves the range.
#[inline(always)]
fn ordinary<L: Lanes>(x: L) -> L::Mask {
    L::splat(1e-145).le(x) & x.le(L::splat(1e145))
}

/// The angle of the point (x, y).
#[inline(always)]
pub fn atan2<L: Lanes>(y: L, x: L) -> L {
    let (a, b) = (y.abs(), x.abs());
    let value = signed(angle(a, b, x.lt(L::splat(0.0))), y);
    again2(value, !(ordinary(a) & ordinary(b)), y, x, Prim::Atan2)
}

/// √(x² + y²) as a sum of two, and where it is right.
#[inline(always)]
fn length<L: Lanes>(x: L, y: L) -> (Double<L>, L::Mask) {
    let (a, b) = (x.abs(), y.abs());
    let swap = a.lt(b);
    let (large, small) = (L::select(swap, b, a), L::select(swap, a, b));
    let ((p, p_low), (q, q_low)) = (large.product(large), small.product(small));
    let (high, low) = sum_ordered(p, q);
    (root((high, low + (p_low + q_low))), ordinary(large) & small.le(large))
}

/// √(x² + y²).
#[inline(always)]
pub fn hypot<L: Lanes>(x: L, y: L) -> L {
    let ((high, low), right) = length(x, y);
    again2(high + low, !right, x, y, Prim::Hypot)
}

/// x / √(x² + y²).
#[inline(always)]
pub fn unit<L: Lanes>(x: L, y: L) -> L {
    let (length, right) = length(x, y);
    let (q, missing) = quotient((x, L::splat(0.0)), length);
    let normal = L::splat(1e-290).le(x.abs()) | x.eq(L::splat(0.0));
    again2(signed(q + missing, x), !(right & normal), x, y, Prim::Unit)
}
