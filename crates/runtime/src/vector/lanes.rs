//! Several floats at once, as the functions of this room see them.
//!
//! In: floats. Out: [`Lanes`], the operations that the functions are written in, once for every machine, and its implementations: [`Wide512`] (AVX-512), [`Wide256`] (AVX2 with FMA), and
//! [`Plain`], two floats in ordinary code, for everything else; [`Twice`] is two of one kind. Bits of lanes are worked on in the same type: `shl`, `int_add` and their like take a lane for 64 bits.
//!
//! Every operation is one that the standard for floats defines to the last bit, so machines with fused products agree with each other, and so do those without. What differs between the two is
//! [`Lanes::mul_add`], which rounds once or twice: functions use it where either will do, and [`Lanes::product`] where the error of a product matters.
//!
//! All functions here are `#[inline(always)]`: they end up within a function compiled for the instructions that they use, which is how LLVM may inline the intrinsics.

mod plain;
mod twice;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use plain::Plain;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};
pub use twice::Twice;
#[cfg(target_arch = "x86_64")]
pub use x86::{Wide256, Wide512};

/// The most lanes that any implementation has.
pub const MOST: usize = 16;

/// Several floats.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A truth value for each lane.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;
    /// How many there are.
    const COUNT: usize;
    /// Whether products and sums are fused.
    const FUSED: bool;
    /// The floats at an address.
    ///
    /// # Safety
    /// [`Lanes::COUNT`] floats can be read there.
    unsafe fn load(from: *const f64) -> Self;
    /// Writes them to an address.
    ///
    /// # Safety
    /// [`Lanes::COUNT`] floats can be written there.
    unsafe fn store(self, to: *mut f64);
    /// The same float in all lanes.
    fn splat(x: f64) -> Self;
    /// self · b + c, rounded once where [`Lanes::FUSED`], otherwise twice.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// Bitwise and.
    fn and(self, other: Self) -> Self;
    /// Bitwise or.
    fn or(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Bits moved up.
    fn shl<const N: u32>(self) -> Self;
    /// Bits moved down, zeros coming in.
    fn shr<const N: u32>(self) -> Self;
    /// The sum as 64-bit integers.
    fn int_add(self, other: Self) -> Self;
    /// The difference as 64-bit integers.
    fn int_sub(self, other: Self) -> Self;
    /// `bound` where self is below it, elsewhere self, NaN included.
    fn at_least(self, bound: Self) -> Self;
    /// `bound` where self is above it, elsewhere self, NaN included.
    fn at_most(self, bound: Self) -> Self;
    /// Where self < other.
    fn lt(self, other: Self) -> Self::Mask;
    /// Where self ≤ other.
    fn le(self, other: Self) -> Self::Mask;
    /// Where self = other.
    fn eq(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, elsewhere `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// The mask as bits, the first lane lowest.
    fn bits(mask: Self::Mask) -> u32;

    /// The same 64 bits in all lanes.
    #[inline(always)]
    fn pattern(bits: u64) -> Self {
        Self::splat(f64::from_bits(bits))
    }

    /// The magnitude.
    #[inline(always)]
    fn abs(self) -> Self {
        self.and(Self::pattern(!SIGN))
    }

    /// The sign bit alone.
    #[inline(always)]
    fn sign(self) -> Self {
        self.and(Self::pattern(SIGN))
    }

    /// The product, and the error of its rounding, exactly unless it is subnormal or overflows.
    #[inline(always)]
    fn product(self, other: Self) -> (Self, Self) {
        let high = self * other;
        if Self::FUSED {
            return (high, self.mul_add(other, -high));
        }
        let ((a, b), (c, d)) = (halves(self), halves(other));
        (high, b * d - (((high - a * c) - b * c) - a * d))
    }
}

/// The sign bit.
pub const SIGN: u64 = 1 << 63;

/// A float as the sum of two with half of its digits each (Veltkamp's splitting).
#[inline(always)]
fn halves<L: Lanes>(x: L) -> (L, L) {
    let scaled = x * L::splat(134_217_729.0);
    let high = scaled - (scaled - x);
    (high, x - high)
}
