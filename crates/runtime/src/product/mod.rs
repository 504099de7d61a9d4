//! Products of matrices, for programs that need not be strict.
//!
//! In: a [`Request`] by compiled code, which says where three matrices lie, with any strides. Out: `C ± A B` in place of `C`, or the product alone. A vector is a matrix of one row or column.
//!
//! ```text
//! for each 128 columns of A and 256 rows:      A and B are copied where they are large or lie badly,
//!   for each panel of B, two vectors wide:      into buffers that a thread keeps
//!     for each few rows of A:                   a tile of C, in registers (tile.rs)
//! ```
//!
//! A result of one row or column is made of dot products, or of rows added up, as its matrix lies. What comes out depends on the extents and strides and the kind of machine, and on nothing else:
//! neither on addresses nor on threads. Nothing allocates once a thread has its buffers. A run that is interrupted ends early, with `C` half done.

mod cells;
mod tile;

use crate::context::Context;
use crate::hooks::Hook;
use crate::vector::Level;
use crate::vector::lanes::Plain;
#[cfg(target_arch = "x86_64")]
use crate::vector::lanes::{Wide256, Wide512};
use adit_ir::types::ScalarType;
use cells::{Cells, Double, Float, Four};
#[cfg(target_arch = "x86_64")]
use cells::{Eight, Sixteen};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use tile::{MOST, Matrix, Terms, Weight, dots, exact, tile};

/// Columns of `A` and rows of `B` that are worked on together: a panel of `B` fits into the nearest cache.
const DEPTH: usize = 128;

/// Rows of `A` that are worked on together: they fit into the second cache.
const HEIGHT: usize = 256;

/// Vectors of a panel of `B`.
const WIDE: usize = 2;

/// Vectors of a panel of `B` if the result has one row.
const WIDEST: usize = 8;

/// From how many elements on a matrix is copied before it is used again and again.
const LARGE: usize = 4096;

/// What compiled code asks for. Addresses and strides are in elements and bytes as they are named.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The result: its address, and the strides, in elements, to the next row and column.
    pub c: [i64; 3],
    /// The left factor, likewise.
    pub a: [i64; 3],
    /// The right factor, likewise.
    pub b: [i64; 3],
    /// Rows of the result, terms of each sum, columns of the result.
    pub extents: [i64; 3],
    /// [`OVERWRITES`] and the like, added up.
    pub flags: i64,
}

/// The words of a [`Request`].
pub const WORDS: usize = 13;

/// Flag: the result is the product alone, whatever stood there.
pub const OVERWRITES: i64 = 1;
/// Flag: the product is taken away.
pub const NEGATIVE: i64 = 2;
/// Flag: where an element of the left factor is 0, its product is.
pub const LEFT_WEIGHS: i64 = 4;
/// Flag: where an element of the right factor is 0, its product is.
pub const RIGHT_WEIGHS: i64 = 8;

/// A product under way.
struct Product<'r, T> {
    c: *mut T,
    /// The strides of `c`.
    down: isize,
    along: isize,
    t: Terms<T>,
    m: usize,
    n: usize,
    stop: &'r AtomicBool,
}

/// Runs a request.
///
/// # Safety
/// As [`Request`] says: the elements can be read and written, and those of `c` are apart from the others.
#[inline(always)]
unsafe fn run<C: Cells>(request: &Request, stop: &AtomicBool) {
    let matrix =
        |[at, down, along]: [i64; 3]| Matrix { at: at as *const C::Float, down: down as isize, along: along as isize };
    let [m, k, n] = request.extents.map(|n| usize::try_from(n).unwrap_or(0));
    let has = |flag: i64| request.flags & flag != 0;
    let weight = match (has(LEFT_WEIGHS), has(RIGHT_WEIGHS)) {
        (true, _) => Weight::Left,
        (false, true) => Weight::Right,
        (false, false) => Weight::None,
    };
    let terms = Terms { a: matrix(request.a), b: matrix(request.b), k, negative: has(NEGATIVE), weight };
    let c = matrix(request.c);
    let p = Product { c: c.at.cast_mut(), down: c.down, along: c.along, t: terms, m, n, stop };
    if has(OVERWRITES) {
        // SAFETY: as promised.
        unsafe { p.clear() };
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let sideways = if m == 1 || n == 1 { m > 1 } else { p.along != 1 && p.down == 1 };
    let p = if sideways { p.transposed() } else { p };
    // SAFETY: as promised.
    unsafe {
        match (p.m, p.t.b.along, p.t.b.down, p.t.a.along) {
            (1, along, 1, 1) if along != 1 || p.n == 1 => p.by_dots::<C>(),
            _ => p.by_tiles::<C>(),
        }
    }
}

impl<T: Float> Product<'_, T> {
    fn transposed(self) -> Self {
        let Terms { a, b, k, negative, weight } = self.t;
        let t = Terms { a: b.transposed(), b: a.transposed(), k, negative, weight: weight.swapped() };
        Product { c: self.c, down: self.along, along: self.down, t, m: self.n, n: self.m, stop: self.stop }
    }

    fn place(&self, i: usize, j: usize) -> *mut T {
        let offset = self.down.wrapping_mul(i as isize).wrapping_add(self.along.wrapping_mul(j as isize));
        self.c.wrapping_offset(offset)
    }

    /// # Safety
    /// As for [`run`].
    unsafe fn clear(&self) {
        // Along what lies together, if anything does.
        let (rows, columns) = match self.along != 1 && self.down == 1 {
            true => ((self.n, self.along), (self.m, self.down)),
            false => ((self.m, self.down), (self.n, self.along)),
        };
        let mut row = self.c;
        for _ in 0..rows.0 {
            let mut at = row;
            for j in 0..columns.0 {
                // SAFETY: an element of `c`, as promised.
                unsafe { *(if columns.1 == 1 { row.add(j) } else { at }) = T::ZERO };
                at = at.wrapping_offset(columns.1);
            }
            row = row.wrapping_offset(rows.1);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// One row, by a dot product for each element.
    ///
    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn by_dots<C: Cells<Float = T>>(&self) {
        let rows = self.t.b.transposed();
        let mut j = 0;
        while j < self.n && !self.is_stopped() {
            // SAFETY: as promised; there are so many rows left.
            unsafe {
                if self.n - j >= 8 {
                    let sums = dots::<C, 8>(self.t.a.at, rows.from(j, 0), self.t.k);
                    sums.iter().enumerate().for_each(|(i, &sum)| self.add_dot(j + i, sum));
                    j += 8;
                } else {
                    let [sum] = dots::<C, 1>(self.t.a.at, rows.from(j, 0), self.t.k);
                    self.add_dot(j, sum);
                    j += 1;
                }
            }
        }
    }

    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn add_dot(&self, j: usize, sum: T) {
        // SAFETY: an element of `c`, as promised.
        unsafe {
            let place = self.place(0, j);
            if self.t.weight != Weight::None && sum.is_nan() {
                exact(&Terms { b: self.t.b.from(0, j), ..self.t }, (1, 1), place, 0);
            } else {
                *place = if self.t.negative { *place - sum } else { *place + sum };
            }
        }
    }

    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn by_tiles<C: Cells<Float = T>>(&self) {
        let mut buffers = Buffers::take();
        for k in (0..self.t.k).step_by(DEPTH) {
            for i in (0..self.m).step_by(HEIGHT) {
                if self.is_stopped() {
                    break;
                }
                let (depth, height) = (DEPTH.min(self.t.k - k), HEIGHT.min(self.m - i));
                let block = Block { i, height, a: self.t.a.from(i, k), b: self.t.b.from(k, 0), depth, packed: false };
                // SAFETY: as promised; the buffers have room for a block and a panel.
                unsafe {
                    let block = match height * depth > LARGE && self.n > 2 * WIDE * C::COUNT {
                        true => block.packed::<C>(buffers.block()),
                        false => block,
                    };
                    self.panels::<C>(&block, buffers.panel());
                }
            }
        }
        buffers.put_back();
    }

    /// All panels of a block: as many as possible of the most vectors, then narrower ones.
    ///
    /// # Safety
    /// As for [`run`]; there is room for a panel at `panel`.
    #[inline(always)]
    unsafe fn panels<C: Cells<Float = T>>(&self, block: &Block<T>, panel: *mut T) {
        let (mut j, single) = (0, self.m == 1);
        while j < self.n {
            let (left, one) = (self.n - j, C::COUNT);
            // SAFETY: as promised.
            j += unsafe {
                match left / one {
                    WIDEST.. if single => self.panel::<C, 1, WIDEST>(block, (j, WIDEST * one), panel),
                    4.. if single => self.panel::<C, 1, 4>(block, (j, 4 * one), panel),
                    2.. if single => self.panel::<C, 1, 2>(block, (j, 2 * one), panel),
                    WIDE.. => self.panel::<C, 8, WIDE>(block, (j, WIDE * one), panel),
                    _ => self.panel::<C, 8, 1>(block, (j, left.min(one)), panel),
                }
            };
        }
    }

    /// So many columns of a block's product; at most `V` vectors, in tiles of at most `R` rows. Gives how many.
    ///
    /// # Safety
    /// As for [`Product::panels`].
    #[inline(always)]
    unsafe fn panel<C: Cells<Float = T>, const R: usize, const V: usize>(
        &self,
        block: &Block<T>,
        (j, count): (usize, usize),
        panel: *mut T,
    ) -> usize {
        let width = V * C::COUNT;
        let b = block.b.from(0, j);
        let reused = block.height >= 2 * C::ROWS && block.depth * self.n > LARGE;
        let b = match b.along != 1 || count < width || reused {
            // SAFETY: there is room.
            true => unsafe { padded::<C, V>(b, (block.depth, count), panel) },
            false => b,
        };
        let mut first = 0;
        while first < block.height {
            let rows = rows_of(R.min(C::ROWS), block.height - first);
            let t = Terms { a: block.rows(first, rows), b, k: block.depth, ..self.t };
            // SAFETY: as promised; so many rows are there.
            unsafe {
                if self.along == 1 && count == width {
                    tiles::<C, R, V>(&t, rows, (self.place(block.i + first, j), self.down));
                } else {
                    let mut buffer = MaybeUninit::<[T; 8 * WIDE * MOST]>::uninit();
                    let at = buffer.as_mut_ptr().cast::<T>();
                    (0..rows * V).for_each(|v| C::splat(T::ZERO).store(at.add(v * C::COUNT)));
                    tiles::<C, R, V>(&t, rows, (at, width as isize));
                    self.scatter((block.i + first, rows), (j, count), (at, width));
                }
            }
            first += rows;
        }
        count
    }

    /// Adds a buffer to a part of `c`.
    ///
    /// # Safety
    /// As for [`run`]; the buffer has so many rows of so many elements.
    unsafe fn scatter(
        &self,
        (i, rows): (usize, usize),
        (j, columns): (usize, usize),
        (buffer, width): (*const T, usize),
    ) {
        for r in 0..rows {
            for column in 0..columns {
                // SAFETY: an element of `c` and one of the buffer, as promised.
                unsafe {
                    let place = self.place(i + r, j + column);
                    *place = *place + *buffer.add(r * width + column);
                }
            }
        }
    }
}

/// The tile of so many rows.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn tiles<C: Cells, const R: usize, const V: usize>(
    t: &Terms<C::Float>,
    rows: usize,
    (c, down): (*mut C::Float, isize),
) {
    // SAFETY: as promised.
    unsafe {
        match rows {
            8 if R >= 8 && C::ROWS >= 8 => tile::<C, 8, V>(t, c, down),
            4 if R >= 4 => tile::<C, 4, V>(t, c, down),
            2 if R >= 2 => tile::<C, 2, V>(t, c, down),
            _ => tile::<C, 1, V>(t, c, down),
        }
    }
}

/// How many rows the next tile has.
#[inline(always)]
fn rows_of(most: usize, left: usize) -> usize {
    match left.min(most) {
        8.. => 8,
        4.. => 4,
        2.. => 2,
        few => few,
    }
}

/// Some rows and columns of `A`, and the rows of `B` that go with them.
struct Block<T> {
    /// The first row.
    i: usize,
    height: usize,
    a: Matrix<T>,
    b: Matrix<T>,
    depth: usize,
    /// Whether `a` is a copy, tile after tile.
    packed: bool,
}

impl<T: Float> Block<T> {
    /// The rows of a tile.
    #[inline(always)]
    fn rows(&self, first: usize, count: usize) -> Matrix<T> {
        match self.packed {
            true => Matrix { at: self.a.at.wrapping_add(first * self.depth), down: 1, along: count as isize },
            false => self.a.from(first, 0),
        }
    }

    /// The same with its part of `A` copied to a buffer.
    ///
    /// # Safety
    /// The elements can be read, and there is room for [`HEIGHT`] · [`DEPTH`] elements.
    #[inline(always)]
    unsafe fn packed<C: Cells<Float = T>>(self, to: *mut T) -> Self {
        let mut first = 0;
        while first < self.height {
            let rows = rows_of(C::ROWS, self.height - first);
            let from = self.a.from(first, 0).transposed();
            for k in 0..self.depth {
                // SAFETY: as promised.
                unsafe { strided(from.from(k, 0), rows, to.add(first * self.depth + k * rows)) };
            }
            first += rows;
        }
        Block { a: Matrix { at: to, ..self.a }, packed: true, ..self }
    }
}

/// Copies a part of a matrix to rows of `V` vectors, the rest of each being zero.
///
/// # Safety
/// The elements can be read, and there is room for the rows.
#[inline(always)]
unsafe fn padded<C: Cells, const V: usize>(
    from: Matrix<C::Float>,
    (rows, columns): (usize, usize),
    to: *mut C::Float,
) -> Matrix<C::Float> {
    let width = V * C::COUNT;
    for i in 0..rows {
        let (row, from) = (to.wrapping_add(i * width), from.from(i, 0));
        for v in 0..V {
            // SAFETY: as promised; a row that is whole has all vectors.
            unsafe {
                let whole = from.along == 1 && columns == width;
                let at = from.at.wrapping_add(v * C::COUNT);
                let vector = if whole { C::load(at) } else { C::splat(C::Float::ZERO) };
                vector.store(row.add(v * C::COUNT));
            }
        }
        if from.along != 1 || columns < width {
            // SAFETY: as promised.
            unsafe { strided(from, columns, row) };
        }
    }
    Matrix { at: to, down: width as isize, along: 1 }
}

/// Copies elements of a row.
///
/// # Safety
/// They can be read, and there is room.
#[inline(always)]
unsafe fn strided<T: Float>(from: Matrix<T>, columns: usize, to: *mut T) {
    let mut at = from.at;
    for j in 0..columns {
        // SAFETY: as promised; behind the last element nothing is read.
        unsafe { *to.add(j) = *at };
        at = at.wrapping_offset(from.along);
    }
}

/// 64 bytes, as a cache has them.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "it is there for its size")] [u64; 8]);

/// What a thread copies matrices to, made when it is wanted first.
#[derive(Default)]
struct Buffers {
    /// Room for a panel: [`DEPTH`] rows of [`WIDEST`] vectors, of a line at most.
    panel: Vec<Line>,
    /// Room for [`HEIGHT`] rows of [`DEPTH`] elements.
    block: Vec<Line>,
}

thread_local! {
    static BUFFERS: Cell<Buffers> = const { Cell::new(Buffers { panel: Vec::new(), block: Vec::new() }) };
}

impl Buffers {
    /// Those of this thread; new ones where it is about to end.
    fn take() -> Buffers {
        BUFFERS.try_with(Cell::take).unwrap_or_default()
    }

    fn put_back(self) {
        // A thread that is about to end keeps nothing.
        let _ = BUFFERS.try_with(|kept| kept.set(self));
    }

    fn panel<T>(&mut self) -> *mut T {
        room(&mut self.panel, DEPTH * WIDEST)
    }

    fn block<T>(&mut self) -> *mut T {
        room(&mut self.block, HEIGHT * DEPTH / 8)
    }
}

/// Room for so many lines.
fn room<T>(buffer: &mut Vec<Line>, lines: usize) -> *mut T {
    buffer.resize(lines, Line([0; 8]));
    buffer.as_mut_ptr().cast()
}

macro_rules! kernels {
    ($($(#[$about:meta])* $function:ident $constant:ident $name:literal $cells:ty $(, $features:literal)?;)*) => {
        $(
            $(#[$about])*
            ///
            /// # Safety
            /// Compiled code passes its own context and a request whose elements are there, those of the result apart from the others.
            unsafe extern "C" fn $function(context: *const Context, request: *const Request) {
                $(#[target_feature(enable = $features)])?
                unsafe fn inner(request: &Request, stop: &AtomicBool) {
                    // SAFETY: as promised.
                    unsafe { run::<$cells>(request, stop) };
                }
                // SAFETY: as promised; whoever chose this function knows that the machine has these features. The flag outlives the call.
                unsafe { inner(&*request, &*(*context).interrupt) };
            }

            $(#[$about])*
            pub static $constant: Hook = Hook { name: $name, address: $function as *const u8 };
        )*

        /// Every kernel.
        static ALL: &[&Hook] = &[$(&$constant),*];
    };
}

#[cfg(target_arch = "x86_64")]
kernels! {
    /// Of `f64`, on any machine.
    plain PLAIN "adit.product" Double<Plain, 4>;
    /// Of `f32`, on any machine.
    plain_single PLAIN_SINGLE "adit.product32" Four;
    /// Of `f64`, with AVX2 and FMA.
    avx2 AVX2 "adit.product.avx2" Double<Wide256, 4>, "avx2,fma";
    /// Of `f32`, with AVX2 and FMA.
    avx2_single AVX2_SINGLE "adit.product32.avx2" Eight, "avx2,fma";
    /// Of `f64`, with AVX-512.
    avx512 AVX512 "adit.product.avx512" Double<Wide512, 8>, "avx512f,avx512dq,avx512vl,avx2,fma";
    /// Of `f32`, with AVX-512.
    avx512_single AVX512_SINGLE "adit.product32.avx512" Sixteen, "avx512f,avx512dq,avx512vl,avx2,fma";
}

#[cfg(not(target_arch = "x86_64"))]
kernels! {
    /// Of `f64`, on any machine.
    plain PLAIN "adit.product" Double<Plain, 4>;
    /// Of `f32`, on any machine.
    plain_single PLAIN_SINGLE "adit.product32" Four;
}

/// The kernel for floats of a type on a kind of machine.
pub fn kernel(float: ScalarType, level: Level) -> &'static Hook {
    let [double, single] = match level {
        Level::Baseline => [&PLAIN, &PLAIN_SINGLE],
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => [&AVX2, &AVX2_SINGLE],
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => [&AVX512, &AVX512_SINGLE],
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => [&PLAIN, &PLAIN_SINGLE],
    };
    if float == ScalarType::F32 { single } else { double }
}

/// Where the kernel of this name is.
pub fn address(name: &str) -> Option<*const u8> {
    ALL.iter().find(|kernel| kernel.name == name).map(|kernel| kernel.address)
}

#[cfg(test)]
mod tests;
