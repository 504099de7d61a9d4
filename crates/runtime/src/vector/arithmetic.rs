//! What several functions are built of: polynomials, sums and quotients with their errors, powers of two, and lanes done again one by one.
//!
//! In: lanes. Out: lanes, often two of them: a float and what must be added to it, written `(high, low)`.

use super::lanes::{Lanes, MOST};
use adit_ir::Prim;
use adit_ir::prim::Eval;

/// A number as the sum of two floats, the second one small.
pub type Double<L> = (L, L);

/// A polynomial, constant term first. Odd and even powers are summed apart, which takes half as long where the machine works on several sums at once.
#[inline(always)]
pub fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: &[f64; N]) -> L {
    if N < 4 {
        let mut sum = L::splat(coefficients[N - 1]);
        for i in (0..N - 1).rev() {
            sum = sum.mul_add(x, L::splat(coefficients[i]));
        }
        return sum;
    }
    let square = x * x;
    let (mut first, mut second) = (L::splat(coefficients[N - 1]), L::splat(coefficients[N - 2]));
    let mut i = N - 2;
    while i >= 2 {
        first = first.mul_add(square, L::splat(coefficients[i - 1]));
        second = second.mul_add(square, L::splat(coefficients[i - 2]));
        i -= 2;
    }
    // `first` has the power above that of `second`; with an odd one out, the constant term is left.
    let sum = first.mul_add(x, second);
    if i == 1 { sum.mul_add(x, L::splat(coefficients[0])) } else { sum }
}

/// a + b and the error of that sum, for |a| ≥ |b| or a = 0.
#[inline(always)]
pub fn sum_ordered<L: Lanes>(a: L, b: L) -> Double<L> {
    let high = a + b;
    (high, b - (high - a))
}

/// a + b and the error of that sum.
#[inline(always)]
pub fn sum<L: Lanes>(a: L, b: L) -> Double<L> {
    let high = a + b;
    let back = high - a;
    (high, (a - (high - back)) + (b - back))
}

/// a / b: the quotient, and what is missing to it.
#[inline(always)]
pub fn quotient<L: Lanes>(a: Double<L>, b: Double<L>) -> Double<L> {
    let inverse = L::splat(1.0) / b.0;
    let q = a.0 * inverse;
    let (high, low) = q.product(b.0);
    let rest = ((a.0 - high) - low) + (a.1 - q * b.1);
    (q, rest * inverse)
}

/// The square root of a sum of two: the root, and what is missing to it. Not for 0.
#[inline(always)]
pub fn root<L: Lanes>(a: Double<L>) -> Double<L> {
    let r = a.0.sqrt();
    let (high, low) = r.product(r);
    (r, (((a.0 - high) - low) + a.1) * (L::splat(0.5) / r))
}

/// The magnitude of `x` with the sign of `from`.
#[inline(always)]
pub fn signed<L: Lanes>(x: L, from: L) -> L {
    x.abs().or(from.sign())
}

/// Whether any lane is in the mask.
#[inline(always)]
pub fn any<L: Lanes>(mask: L::Mask) -> bool {
    L::bits(mask) != 0
}

/// Added to a number between −2⁵¹ and 2⁵¹ and taken away again, it rounds to an integer; in between, the lowest bits are that integer and 2048, hence positive for exponents.
pub const BIASED: f64 = 6_755_399_441_055_744.0 + 2048.0;

const ONE: u64 = 1023 << 52;

/// 2ⁿ as a product of two, for the integer that is in the lowest bits of `biased`: each factor is a float for |n| < 2045.
#[inline(always)]
pub fn power_of_two<L: Lanes>(biased: L) -> Double<L> {
    let half = biased.shr::<1>();
    let bias = L::pattern(1 << 52);
    (half.shl::<52>().int_sub(bias), biased.int_sub(half).shl::<52>().int_sub(bias))
}

/// A positive float that is not subnormal: k and m, x = 2ᵏ m, m between 1/√2 and √2, and 2⁻ᵏ (0 for the largest k).
#[inline(always)]
pub fn exponent<L: Lanes>(x: L) -> (L, L, L) {
    let biased = x.int_add(L::pattern(ONE.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits()))).shr::<52>();
    let k = biased.or(L::splat(4_503_599_627_370_496.0)) - L::splat(4_503_599_627_370_496.0 + 1023.0);
    let power = biased.shl::<52>();
    (k, x.int_sub(power).int_add(L::pattern(ONE)), L::pattern(2046 << 52).int_sub(power))
}

/// The lanes of the mask done again by the primitive's own function of one float.
#[inline(always)]
pub fn again<L: Lanes>(value: L, mask: L::Mask, x: L, prim: Prim) -> L {
    again2(value, mask, x, x, prim)
}

/// The lanes of the mask done again by the primitive's own function, of the second float too if it has two operands.
#[inline(always)]
pub fn again2<L: Lanes>(value: L, mask: L::Mask, x: L, y: L, prim: Prim) -> L {
    if !any::<L>(mask) {
        return value;
    }
    let (mut out, mut first, mut second) = ([0.0; MOST], [0.0; MOST], [0.0; MOST]);
    // SAFETY: there is room for the most lanes that there are.
    unsafe {
        value.store(out.as_mut_ptr());
        x.store(first.as_mut_ptr());
        y.store(second.as_mut_ptr());
    }
    one_by_one(&mut out, [&first, &second], L::bits(mask), prim);
    // SAFETY: as above.
    unsafe { L::load(out.as_ptr()) }
}

/// All lanes by the primitive's own function.
#[inline(always)]
pub fn each<L: Lanes>(x: L, y: L, prim: Prim) -> L {
    again2(x, x.eq(x) | !x.eq(x), x, y, prim)
}

#[cold]
#[inline(never)]
fn one_by_one(out: &mut [f64; MOST], [x, y]: [&[f64; MOST]; 2], lanes: u32, prim: Prim) {
    let eval = prim.row().eval;
    for i in (0..MOST).filter(|i| lanes >> i & 1 == 1) {
        if let Eval::F1(f) = eval {
            out[i] = f(x[i]);
        } else if let Eval::F2(f) = eval {
            out[i] = f(x[i], y[i]);
        }
    }
}
