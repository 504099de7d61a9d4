//! Lanes of x86-64: AVX2 with FMA, and AVX-512.
//!
//! In and out: as [`Lanes`] says. Values of these types exist only within functions that were entered because the machine has the instructions (`Level::is_here` says so), which is what makes the intrinsics
//! sound.

use super::{Lanes, SIGN};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

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
