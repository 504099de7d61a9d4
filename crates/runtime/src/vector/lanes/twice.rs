//! Two of one kind of lanes, as lanes.
//!
//! In and out: as [`Lanes`] says. Constants are fetched once for both, and one waits while the other computes.

use super::Lanes;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Twice as many.
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
