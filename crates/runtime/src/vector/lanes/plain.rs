//! Two lanes in ordinary code, for any machine.
//!
//! In and out: as [`Lanes`] says. Masks are bits, so that nothing branches.

use super::Lanes;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Two floats, in code for any machine.
#[derive(Clone, Copy)]
pub struct Plain([f64; 2]);

/// A truth value for each lane of [`Plain`]: all bits or none.
#[derive(Clone, Copy)]
pub struct PlainMask([u64; 2]);

macro_rules! plain_operators {
    ($($operator:ident $function:ident)*) => {
        $(impl $operator for Plain {
            type Output = Plain;
            #[inline(always)]
            fn $function(self, other: Plain) -> Plain {
                Plain([self.0[0].$function(other.0[0]), self.0[1].$function(other.0[1])])
            }
        })*
    };
}

plain_operators! { Add add Sub sub Mul mul Div div }

impl Neg for Plain {
    type Output = Plain;
    #[inline(always)]
    fn neg(self) -> Plain {
        Plain([-self.0[0], -self.0[1]])
    }
}

impl BitAnd for PlainMask {
    type Output = PlainMask;
    #[inline(always)]
    fn bitand(self, other: PlainMask) -> PlainMask {
        PlainMask([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }
}

impl BitOr for PlainMask {
    type Output = PlainMask;
    #[inline(always)]
    fn bitor(self, other: PlainMask) -> PlainMask {
        PlainMask([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

impl Not for PlainMask {
    type Output = PlainMask;
    #[inline(always)]
    fn not(self) -> PlainMask {
        PlainMask([!self.0[0], !self.0[1]])
    }
}

impl Plain {
    #[inline(always)]
    fn from_bits(bits: [u64; 2]) -> Plain {
        Plain([f64::from_bits(bits[0]), f64::from_bits(bits[1])])
    }

    #[inline(always)]
    fn to_bits(self) -> [u64; 2] {
        [self.0[0].to_bits(), self.0[1].to_bits()]
    }
}

#[inline(always)]
fn all_bits(truths: [bool; 2]) -> PlainMask {
    PlainMask([0u64.wrapping_sub(u64::from(truths[0])), 0u64.wrapping_sub(u64::from(truths[1]))])
}

impl Lanes for Plain {
    type Mask = PlainMask;
    const COUNT: usize = 2;
    const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: two floats can be read there, as the caller promises.
        unsafe { Plain([*from, *from.add(1)]) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: two floats can be written there, as the caller promises.
        unsafe {
            *to = self.0[0];
            *to.add(1) = self.0[1];
        }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Plain([x, x])
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        if Self::FUSED {
            Plain([self.0[0].mul_add(b.0[0], c.0[0]), self.0[1].mul_add(b.0[1], c.0[1])])
        } else {
            self * b + c
        }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Plain([self.0[0].sqrt(), self.0[1].sqrt()])
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        let (a, b) = (self.to_bits(), other.to_bits());
        Plain::from_bits([a[0] & b[0], a[1] & b[1]])
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        let (a, b) = (self.to_bits(), other.to_bits());
        Plain::from_bits([a[0] | b[0], a[1] | b[1]])
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        let (a, b) = (self.to_bits(), other.to_bits());
        Plain::from_bits([a[0] ^ b[0], a[1] ^ b[1]])
    }
    #[inline(always)]
    fn shl<const N: u32>(self) -> Self {
        let a = self.to_bits();
        Plain::from_bits([a[0] << N, a[1] << N])
    }
    #[inline(always)]
    fn shr<const N: u32>(self) -> Self {
        let a = self.to_bits();
        Plain::from_bits([a[0] >> N, a[1] >> N])
    }
    #[inline(always)]
    fn int_add(self, other: Self) -> Self {
        let (a, b) = (self.to_bits(), other.to_bits());
        Plain::from_bits([a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])])
    }
    #[inline(always)]
    fn int_sub(self, other: Self) -> Self {
        let (a, b) = (self.to_bits(), other.to_bits());
        Plain::from_bits([a[0].wrapping_sub(b[0]), a[1].wrapping_sub(b[1])])
    }
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        Self::select(self.lt(bound), bound, self)
    }
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        Self::select(bound.lt(self), bound, self)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> PlainMask {
        all_bits([self.0[0] < other.0[0], self.0[1] < other.0[1]])
    }
    #[inline(always)]
    fn le(self, other: Self) -> PlainMask {
        all_bits([self.0[0] <= other.0[0], self.0[1] <= other.0[1]])
    }
    #[inline(always)]
    fn eq(self, other: Self) -> PlainMask {
        all_bits([self.0[0] == other.0[0], self.0[1] == other.0[1]])
    }
    #[inline(always)]
    fn select(mask: PlainMask, yes: Self, no: Self) -> Self {
        let (m, a, b) = (mask.0, yes.to_bits(), no.to_bits());
        Plain::from_bits([(a[0] & m[0]) | (b[0] & !m[0]), (a[1] & m[1]) | (b[1] & !m[1])])
    }
    #[inline(always)]
    fn bits(mask: PlainMask) -> u32 {
        ((mask.0[0] & 1) | (mask.0[1] & 2)) as u32
    }
}
