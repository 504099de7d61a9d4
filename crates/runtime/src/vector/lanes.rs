//! Several floats at once, as the functions of this room see them.
//!
//! In: floats. Out: [`Lanes`], the operations that the functions are written in, once for every machine, and its implementations: [`Wide512`] (AVX-512), [`Wide256`] (AVX2 with FMA), and
//! [`Plain`], two floats in ordinary code, for everything else; [`Twice`] is two of one kind. Bits of lanes are worked on in the same type: `shl`, `int_add` and their like take a lane for 64 bits.
//!
//! Every operation is one that the standard for floats defines to the last bit, so machines with fused products agree with each other, and so do those without. What differs between the two is
//! [`Lanes::mul_add`], which rounds once or twice: functions use it where either will do, and [`Lanes::product`] where the error of a product matters.
//!
//! All functions here are `#[inline(always)]`: they end up within a function compiled for the instructions that they use, which is how LLVM may inline the intrinsics.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

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

#[cfg(target_arch = "x86_64")]
pub use x86::{Wide256, Wide512};

/// The implementations for x86-64. Values of these types exist only within functions that were entered because the machine has the instructions: [`super::Level`] says so, which is what makes the
/// intrinsics sound.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Add, BitAnd, BitOr, Div, Lanes, Mul, Neg, Not, SIGN, Sub};
    use std::arch::x86_64::*;

    /// Four floats, with AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub struct Wide256(__m256d);

    /// A truth value for each lane of [`Wide256`]: all bits or none.
    #[derive(Clone, Copy)]
    pub struct Mask256(__m256d);

    /// Eight floats, with AVX-512 (F and DQ).
    #[derive(Clone, Copy)]
    pub struct Wide512(__m512d);

    /// A truth value for each lane of [`Wide512`].
    #[derive(Clone, Copy)]
    pub struct Mask512(__mmask8);

    /// Binary operators by intrinsics.
    macro_rules! operators {
        ($ty:ident: $($operator:ident $function:ident $intrinsic:ident)*) => {
            $(impl $operator for $ty {
                type Output = $ty;
                #[inline(always)]
                fn $function(self, other: $ty) -> $ty {
                    // SAFETY: a value of this type exists, so the machine has the instructions.
                    $ty(unsafe { $intrinsic(self.0, other.0) })
                }
            })*
        };
    }

    operators! { Wide256: Add add _mm256_add_pd Sub sub _mm256_sub_pd Mul mul _mm256_mul_pd Div div _mm256_div_pd }
    operators! { Mask256: BitAnd bitand _mm256_and_pd BitOr bitor _mm256_or_pd }
    operators! { Wide512: Add add _mm512_add_pd Sub sub _mm512_sub_pd Mul mul _mm512_mul_pd Div div _mm512_div_pd }

    impl Neg for Wide256 {
        type Output = Wide256;
        #[inline(always)]
        fn neg(self) -> Wide256 {
            self.xor(Wide256::pattern(SIGN))
        }
    }

    impl Neg for Wide512 {
        type Output = Wide512;
        #[inline(always)]
        fn neg(self) -> Wide512 {
            self.xor(Wide512::pattern(SIGN))
        }
    }

    impl Not for Mask256 {
        type Output = Mask256;
        #[inline(always)]
        fn not(self) -> Mask256 {
            // SAFETY: a value of this type exists, so the machine has the instructions.
            Mask256(unsafe { _mm256_xor_pd(self.0, _mm256_castsi256_pd(_mm256_set1_epi64x(-1))) })
        }
    }

    impl BitAnd for Mask512 {
        type Output = Mask512;
        #[inline(always)]
        fn bitand(self, other: Mask512) -> Mask512 {
            Mask512(self.0 & other.0)
        }
    }

    impl BitOr for Mask512 {
        type Output = Mask512;
        #[inline(always)]
        fn bitor(self, other: Mask512) -> Mask512 {
            Mask512(self.0 | other.0)
        }
    }

    impl Not for Mask512 {
        type Output = Mask512;
        #[inline(always)]
        fn not(self) -> Mask512 {
            Mask512(!self.0)
        }
    }

    /// What the two widths have in common but for the names of intrinsics.
    macro_rules! common {
        ($load:ident $store:ident $splat:ident $mul_add:ident $sqrt:ident $max:ident $min:ident; $bits:ident $floats:ident $and:ident $or:ident $xor:ident $add:ident $sub:ident) => {
            #[inline(always)]
            unsafe fn load(from: *const f64) -> Self {
                // SAFETY: as the caller promises; no alignment is asked for. The machine has the instructions, or the caller would not be here.
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f64) {
                // SAFETY: as above.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            fn splat(x: f64) -> Self {
                // SAFETY: only functions compiled for these instructions, and entered on machines that have them, come here.
                Self(unsafe { $splat(x) })
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: a value of this type exists, so the machine has the instructions.
                Self(unsafe { $mul_add(self.0, b.0, c.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn at_least(self, bound: Self) -> Self {
                // SAFETY: as above. The instruction gives its second operand where one is NaN.
                Self(unsafe { $max(bound.0, self.0) })
            }
            #[inline(always)]
            fn at_most(self, bound: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $min(bound.0, self.0) })
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $floats($and($bits(self.0), $bits(other.0))) })
            }
            #[inline(always)]
            fn or(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $floats($or($bits(self.0), $bits(other.0))) })
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $floats($xor($bits(self.0), $bits(other.0))) })
            }
            #[inline(always)]
            fn int_add(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $floats($add($bits(self.0), $bits(other.0))) })
            }
            #[inline(always)]
            fn int_sub(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $floats($sub($bits(self.0), $bits(other.0))) })
            }
        };
    }

    impl Lanes for Wide256 {
        type Mask = Mask256;
        const COUNT: usize = 4;
        const FUSED: bool = true;

        common! { _mm256_loadu_pd _mm256_storeu_pd _mm256_set1_pd _mm256_fmadd_pd _mm256_sqrt_pd _mm256_max_pd _mm256_min_pd;
        _mm256_castpd_si256 _mm256_castsi256_pd _mm256_and_si256 _mm256_or_si256 _mm256_xor_si256 _mm256_add_epi64 _mm256_sub_epi64 }

        #[inline(always)]
        fn shl<const N: u32>(self) -> Self {
            // SAFETY: a value of this type exists, so the machine has the instructions.
            Self(unsafe {
                _mm256_castsi256_pd(_mm256_sll_epi64(_mm256_castpd_si256(self.0), _mm_cvtsi64_si128(i64::from(N))))
            })
        }
        #[inline(always)]
        fn shr<const N: u32>(self) -> Self {
            // SAFETY: as above.
            Self(unsafe {
                _mm256_castsi256_pd(_mm256_srl_epi64(_mm256_castpd_si256(self.0), _mm_cvtsi64_si128(i64::from(N))))
            })
        }
        #[inline(always)]
        fn lt(self, other: Self) -> Mask256 {
            // SAFETY: as above.
            Mask256(unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn le(self, other: Self) -> Mask256 {
            // SAFETY: as above.
            Mask256(unsafe { _mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn eq(self, other: Self) -> Mask256 {
            // SAFETY: as above.
            Mask256(unsafe { _mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn select(mask: Mask256, yes: Self, no: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm256_blendv_pd(no.0, yes.0, mask.0) })
        }
        #[inline(always)]
        fn bits(mask: Mask256) -> u32 {
            // SAFETY: as above.
            unsafe { _mm256_movemask_pd(mask.0) as u32 }
        }
    }

    impl Lanes for Wide512 {
        type Mask = Mask512;
        const COUNT: usize = 8;
        const FUSED: bool = true;

        common! { _mm512_loadu_pd _mm512_storeu_pd _mm512_set1_pd _mm512_fmadd_pd _mm512_sqrt_pd _mm512_max_pd _mm512_min_pd;
        _mm512_castpd_si512 _mm512_castsi512_pd _mm512_and_si512 _mm512_or_si512 _mm512_xor_si512 _mm512_add_epi64 _mm512_sub_epi64 }

        #[inline(always)]
        fn shl<const N: u32>(self) -> Self {
            // SAFETY: a value of this type exists, so the machine has the instructions.
            Self(unsafe { _mm512_castsi512_pd(_mm512_slli_epi64::<N>(_mm512_castpd_si512(self.0))) })
        }
        #[inline(always)]
        fn shr<const N: u32>(self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_castsi512_pd(_mm512_srli_epi64::<N>(_mm512_castpd_si512(self.0))) })
        }
        #[inline(always)]
        fn lt(self, other: Self) -> Mask512 {
            // SAFETY: as above.
            Mask512(unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn le(self, other: Self) -> Mask512 {
            // SAFETY: as above.
            Mask512(unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn eq(self, other: Self) -> Mask512 {
            // SAFETY: as above.
            Mask512(unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0) })
        }
        #[inline(always)]
        fn select(mask: Mask512, yes: Self, no: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm512_mask_blend_pd(mask.0, no.0, yes.0) })
        }
        #[inline(always)]
        fn bits(mask: Mask512) -> u32 {
            u32::from(mask.0)
        }
    }
}

/// Twice as many: constants are fetched once for both, and one waits while the other computes.
#[derive(Clone, Copy)]
pub struct Twice<L>(L, L);

/// Truth values for [`Twice`].
#[derive(Clone, Copy)]
pub struct TwiceMask<M>(M, M);

macro_rules! twice_operators {
    ($($ty:ident $bound:ident: $($operator:ident $function:ident)*;)*) => {
        $($(impl<L: $bound + $operator<Output = L>> $operator for $ty<L> {
            type Output = $ty<L>;
            #[inline(always)]
            fn $function(self, other: $ty<L>) -> $ty<L> {
                $ty(self.0.$function(other.0), self.1.$function(other.1))
            }
        })*)*
    };
}

twice_operators! {
    Twice Lanes: Add add Sub sub Mul mul Div div;
    TwiceMask Copy: BitAnd bitand BitOr bitor;
}

impl<L: Lanes> Neg for Twice<L> {
    type Output = Twice<L>;
    #[inline(always)]
    fn neg(self) -> Twice<L> {
        Twice(-self.0, -self.1)
    }
}

impl<M: Not<Output = M>> Not for TwiceMask<M> {
    type Output = TwiceMask<M>;
    #[inline(always)]
    fn not(self) -> TwiceMask<M> {
        TwiceMask(!self.0, !self.1)
    }
}

/// Functions that do the same to both.
macro_rules! twice {
    ($($function:ident($($other:ident),*);)*) => {
        $(#[inline(always)]
        fn $function(self $(, $other: Self)*) -> Self {
            Twice(self.0.$function($($other.0),*), self.1.$function($($other.1),*))
        })*
    };
}

/// Comparisons.
macro_rules! twice_masks {
    ($($function:ident)*) => {
        $(#[inline(always)]
        fn $function(self, other: Self) -> Self::Mask {
            TwiceMask(self.0.$function(other.0), self.1.$function(other.1))
        })*
    };
}

impl<L: Lanes> Lanes for Twice<L> {
    type Mask = TwiceMask<L::Mask>;
    const COUNT: usize = 2 * L::COUNT;
    const FUSED: bool = L::FUSED;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: as many floats as both have can be read there, as the caller promises.
        unsafe { Twice(L::load(from), L::load(from.add(L::COUNT))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: as many floats as both have can be written there, as the caller promises.
        unsafe {
            self.0.store(to);
            self.1.store(to.add(L::COUNT));
        }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        let both = L::splat(x);
        Twice(both, both)
    }

    twice! {
        mul_add(b, c);
        sqrt();
        and(other);
        or(other);
        xor(other);
        int_add(other);
        int_sub(other);
        at_least(bound);
        at_most(bound);
    }
    twice_masks! { lt le eq }

    #[inline(always)]
    fn shl<const N: u32>(self) -> Self {
        Twice(self.0.shl::<N>(), self.1.shl::<N>())
    }
    #[inline(always)]
    fn shr<const N: u32>(self) -> Self {
        Twice(self.0.shr::<N>(), self.1.shr::<N>())
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Twice(L::select(mask.0, yes.0, no.0), L::select(mask.1, yes.1, no.1))
    }
    #[inline(always)]
    fn bits(mask: Self::Mask) -> u32 {
        L::bits(mask.0) | L::bits(mask.1) << L::COUNT
    }
}
