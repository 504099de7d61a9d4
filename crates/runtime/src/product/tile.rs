//! The innermost part of a product: a few rows by a few vectors of the result.
//!
//! In: rows of `A` and columns of `B`, by their strides. Out: `C ± A B` in place. The sums of a tile stay in registers from the first term to the last, and meet `C` once.
//!
//! **Strong zeros.** Where a factor is a weight, 0 times anything is 0. Plain products differ from that only in being NaN, and a NaN stays in its sum. So a tile without a NaN among its sums is right, and
//! one with is computed again, product by product.

use super::cells::{Cells, Float};

/// Which factor makes a product zero by being zero, whatever the other is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// None.
    None,
    /// The one of `A`.
    Left,
    /// The one of `B`.
    Right,
}

impl Weight {
    /// The same where factors have changed sides.
    pub fn swapped(self) -> Weight {
        match self {
            Weight::None => Weight::None,
            Weight::Left => Weight::Right,
            Weight::Right => Weight::Left,
        }
    }

    /// A product.
    #[inline(always)]
    fn product<T: Float>(self, a: T, b: T) -> T {
        let zero = match self {
            Weight::None => false,
            Weight::Left => a == T::ZERO,
            Weight::Right => b == T::ZERO,
        };
        if zero { T::ZERO } else { a * b }
    }
}

/// A matrix that is read: its first element, and how far it is to the next row and to the next column.
#[derive(Clone, Copy)]
pub struct Matrix<T> {
    /// The first element.
    pub at: *const T,
    /// To the next row.
    pub down: isize,
    /// To the next column.
    pub along: isize,
}

impl<T> Matrix<T> {
    /// The matrix that begins at an element.
    #[inline(always)]
    pub fn from(self, row: usize, column: usize) -> Self {
        let offset = self.down.wrapping_mul(row as isize).wrapping_add(self.along.wrapping_mul(column as isize));
        Matrix { at: self.at.wrapping_offset(offset), ..self }
    }

    /// Its rows as columns.
    pub fn transposed(self) -> Self {
        Matrix { at: self.at, down: self.along, along: self.down }
    }
}

/// What a tile is computed from.
#[derive(Clone, Copy)]
pub struct Terms<T> {
    /// Rows.
    pub a: Matrix<T>,
    /// Columns, each next to the last.
    pub b: Matrix<T>,
    /// How many terms each sum has.
    pub k: usize,
    /// Whether the product is taken away.
    pub negative: bool,
    /// Which factor is a weight.
    pub weight: Weight,
}

/// Adds a product to `R` rows of `V` vectors at `c`, which are `down` apart.
///
/// # Safety
/// The elements of `a`, `R` rows of `k`, and of `b`, `k` rows of `V` vectors, can be read; those at `c` can be written, and are apart from them.
#[inline(always)]
pub unsafe fn tile<C: Cells, const R: usize, const V: usize>(t: &Terms<C::Float>, c: *mut C::Float, down: isize) {
    let mut sums = [[C::splat(C::Float::ZERO); V]; R];
    let (mut a, mut b) = (t.a.at, t.b.at);
    for _ in 0..t.k {
        let mut columns = [C::splat(C::Float::ZERO); V];
        for (v, column) in columns.iter_mut().enumerate() {
            // SAFETY: a row of `b`, as promised.
            *column = unsafe { C::load(b.add(v * C::COUNT)) };
        }
        for (r, row) in sums.iter_mut().enumerate() {
            // SAFETY: an element of `a`, as promised.
            let x = C::splat(unsafe { *a.offset(r as isize * t.a.down) });
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = x.mul_add(column, *sum);
            }
        }
        // Behind the last elements these are not read.
        (a, b) = (a.wrapping_offset(t.a.along), b.wrapping_offset(t.b.down));
    }
    if t.weight != Weight::None && all(&sums).has_nan() {
        // SAFETY: as promised.
        unsafe { exact(t, (R, V * C::COUNT), c, down) };
        return;
    }
    for (r, row) in sums.iter().enumerate() {
        for (v, &sum) in row.iter().enumerate() {
            // SAFETY: elements of `c`, as promised.
            unsafe {
                let place = c.offset(r as isize * down).add(v * C::COUNT);
                let old = C::load(place);
                (if t.negative { old.minus(sum) } else { old.plus(sum) }).store(place);
            }
        }
    }
}

/// All sums of a tile in one: no number if one of them is none, and perhaps if some are infinite.
#[inline(always)]
fn all<C: Cells, const R: usize, const V: usize>(sums: &[[C; V]; R]) -> C {
    let mut rows = sums.map(|row| row.into_iter().reduce(C::plus).unwrap_or(C::splat(C::Float::ZERO)));
    let mut left = R;
    while left > 1 {
        left /= 2;
        for r in 0..left {
            rows[r] = rows[r].plus(rows[r + left]);
        }
    }
    rows[0]
}

/// The same, product by product.
///
/// # Safety
/// As for [`tile`].
#[cold]
#[inline(never)]
pub unsafe fn exact<T: Float>(t: &Terms<T>, (rows, columns): (usize, usize), c: *mut T, down: isize) {
    for r in 0..rows {
        for j in 0..columns {
            let sum = (0..t.k).fold(T::ZERO, |sum, k| {
                // SAFETY: elements of `a` and `b`, as promised.
                let (a, b) = unsafe { (*t.a.from(r, k).at, *t.b.from(k, j).at) };
                sum + t.weight.product(a, b)
            });
            // SAFETY: an element of `c`, as promised.
            unsafe {
                let place = c.offset(r as isize * down).add(j);
                *place = if t.negative { *place - sum } else { *place + sum };
            }
        }
    }
}

/// Dot products: `out[i] = Σ x[k] rows[i, k]`, for `R` rows whose elements lie one after the other, as those of `x` do.
///
/// # Safety
/// The elements, `k` of `x` and `R` rows of `k`, can be read.
#[inline(always)]
pub unsafe fn dots<C: Cells, const R: usize>(x: *const C::Float, rows: Matrix<C::Float>, k: usize) -> [C::Float; R] {
    let mut sums = [C::splat(C::Float::ZERO); R];
    let whole = k - k % C::COUNT;
    for at in (0..whole).step_by(C::COUNT) {
        // SAFETY: elements of `x` and of the rows, as promised.
        unsafe {
            let factor = C::load(x.add(at));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = C::load(rows.at.offset(r as isize * rows.down).add(at)).mul_add(factor, *sum);
            }
        }
    }
    let mut out = [C::Float::ZERO; R];
    for (r, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
        // SAFETY: elements of `x` and of a row, as promised.
        let ends = (whole..k).map(|at| unsafe { *x.add(at) * *rows.at.offset(r as isize * rows.down).add(at) });
        *out = ends.fold(sum.sum(), |s, x| s + x);
    }
    out
}

/// The most floats that a vector has.
pub const MOST: usize = 16;
