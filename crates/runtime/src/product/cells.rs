//! Several floats at once, for products of matrices.
//!
//! In: floats of one type. Out: [`Cells`], the few operations that a product is made of, and its implementations: those of `f64` are the [`Lanes`] of the vector functions, those of `f32` stand here.

use super::tile::MOST;
use crate::vector::lanes::Lanes;
use std::ops::{Add, Mul, Sub};

/// A type of floats.
pub trait Float: Copy + PartialEq + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + 'static {
    /// 0.
    const ZERO: Self;
    /// Whether it is no number.
    fn is_nan(self) -> bool;
}

impl Float for f64 {
    const ZERO: f64 = 0.0;

    #[inline(always)]
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}

impl Float for f32 {
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}

/// Several floats.
pub trait Cells: Copy {
    /// Of which type.
    type Float: Float;
    /// How many.
    const COUNT: usize;
    /// How many rows of a result are computed together: as many as there are registers for two vectors of each.
    const ROWS: usize;
    /// # Safety
    /// [`Cells::COUNT`] floats can be read there.
    unsafe fn load(from: *const Self::Float) -> Self;
    /// # Safety
    /// [`Cells::COUNT`] floats can be written there.
    unsafe fn store(self, to: *mut Self::Float);
    /// The same float everywhere.
    fn splat(x: Self::Float) -> Self;
    /// self · b + c, rounded once where the machine can.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// self + other
    fn plus(self, other: Self) -> Self;
    /// self − other
    fn minus(self, other: Self) -> Self;
    /// Whether one is no number.
    fn has_nan(self) -> bool;

    /// All of them added up: one half to the other, as long as there are two.
    #[inline(always)]
    fn sum(self) -> Self::Float {
        let mut all = [Self::Float::ZERO; MOST];
        // SAFETY: there are no more than that.
        unsafe { self.store(all.as_mut_ptr()) };
        let mut left = Self::COUNT;
        while left > 1 {
            left /= 2;
            for i in 0..left {
                all[i] = all[i] + all[i + left];
            }
        }
        all[0]
    }
}

/// Lanes of the vector functions, and how many rows there are registers for.
#[derive(Clone, Copy)]
pub struct Double<L, const ROWS: usize>(L);

impl<L: Lanes, const ROWS: usize> Cells for Double<L, ROWS> {
    type Float = f64;
    const COUNT: usize = L::COUNT;
    const ROWS: usize = ROWS;

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: as the caller promises.
        Double(unsafe { L::load(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: as the caller promises.
        unsafe { self.0.store(to) };
    }

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Double(L::splat(x))
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        Double(self.0.mul_add(b.0, c.0))
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Double(self.0 + other.0)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Double(self.0 - other.0)
    }

    #[inline(always)]
    fn has_nan(self) -> bool {
        let all = if L::COUNT == 32 { u32::MAX } else { (1 << L::COUNT) - 1 };
        L::bits(self.0.eq(self.0)) & all != all
    }
}

/// Four `f32`, in code for any machine.
#[derive(Clone, Copy)]
pub struct Four([f32; 4]);

impl Four {
    #[inline(always)]
    fn with(self, other: Four, of: impl Fn(f32, f32) -> f32) -> Four {
        Four(std::array::from_fn(|i| of(self.0[i], other.0[i])))
    }
}

impl Cells for Four {
    type Float = f32;
    const COUNT: usize = 4;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as the caller promises; an array of floats is aligned as they are.
        Four(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as the caller promises; an array of floats is aligned as they are.
        unsafe { *to.cast() = self.0 };
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Four([x; 4])
    }

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.with(b, |x, y| x * y).plus(c)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.with(other, |x, y| x + y)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.with(other, |x, y| x - y)
    }

    #[inline(always)]
    fn has_nan(self) -> bool {
        self.0.iter().any(|x| x.is_nan())
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Cells;
    use std::arch::x86_64::*;

    macro_rules! singles {
        ($($(#[$about:meta])* $name:ident $vector:ident $count:literal $rows:literal
            $load:ident $store:ident $splat:ident $fma:ident $add:ident $sub:ident |$x:ident| $nan:expr;)*) => {
            $(
                $(#[$about])*
                #[derive(Clone, Copy)]
                pub struct $name($vector);

                impl Cells for $name {
                    type Float = f32;
                    const COUNT: usize = $count;
                    const ROWS: usize = $rows;

                    #[inline(always)]
                    unsafe fn load(from: *const f32) -> Self {
                        // SAFETY: as the caller promises; whoever uses this type knows that the machine has the instruction.
                        Self(unsafe { $load(from) })
                    }

                    #[inline(always)]
                    unsafe fn store(self, to: *mut f32) {
                        // SAFETY: as above.
                        unsafe { $store(to, self.0) };
                    }

                    #[inline(always)]
                    fn splat(x: f32) -> Self {
                        // SAFETY: whoever uses this type knows that the machine has the instruction.
                        Self(unsafe { $splat(x) })
                    }

                    #[inline(always)]
                    fn mul_add(self, b: Self, c: Self) -> Self {
                        // SAFETY: as above.
                        Self(unsafe { $fma(self.0, b.0, c.0) })
                    }

                    #[inline(always)]
                    fn plus(self, other: Self) -> Self {
                        // SAFETY: as above.
                        Self(unsafe { $add(self.0, other.0) })
                    }

                    #[inline(always)]
                    fn minus(self, other: Self) -> Self {
                        // SAFETY: as above.
                        Self(unsafe { $sub(self.0, other.0) })
                    }

                    #[inline(always)]
                    fn has_nan(self) -> bool {
                        let $x = self.0;
                        // SAFETY: as above.
                        unsafe { $nan }
                    }
                }
            )*
        };
    }

    singles! {
        /// Eight `f32`: AVX2 with FMA.
        Eight __m256 8 4 _mm256_loadu_ps _mm256_storeu_ps _mm256_set1_ps _mm256_fmadd_ps _mm256_add_ps _mm256_sub_ps
            |x| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_UNORD_Q>(x, x)) != 0;
        /// Sixteen `f32`: AVX-512.
        Sixteen __m512 16 8 _mm512_loadu_ps _mm512_storeu_ps _mm512_set1_ps _mm512_fmadd_ps _mm512_add_ps _mm512_sub_ps
            |x| _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x) != 0;
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Eight, Sixteen};
