//! From lanes to slices: the loop over a slice, for each kind of machine and each float type.
//!
//! In: a [`Body`], which is a function of lanes. Out: functions of pointers and a length, with the C convention. A slice's end goes through the same arithmetic as its middle, in a buffer, so results
//! depend neither on place nor on length. Each element is read before any of its place is written, so a destination may *be* a source; it may not overlap one otherwise.
//!
//! Slices of `f32` are widened in pieces, computed in `f64`, and rounded once, as the primitive table says of `f32`.

use super::lanes::{Lanes, MOST, Plain, Twice};

/// A function of one or two floats with one or two results.
pub trait Body {
    /// How many operands it has.
    const SOURCES: usize;
    /// How many results.
    const RESULTS: usize;
    /// The function; what is not counted is neither read nor written.
    fn of<L: Lanes>(x: [L; 2]) -> [L; 2];
}

/// A kind of machine.
pub trait Version {
    /// Runs the body over slices.
    ///
    /// # Safety
    /// `n` floats can be read at each source that the body has and written at each destination; each destination is a source or apart from them all. The machine is of this kind.
    unsafe fn run<K: Body>(to: *mut f64, too: *mut f64, x: *const f64, y: *const f64, n: usize);
}

/// A function like [`Version::run`].
type Run = unsafe fn(*mut f64, *mut f64, *const f64, *const f64, usize);

/// Any machine.
pub struct Any;

impl Version for Any {
    unsafe fn run<K: Body>(to: *mut f64, too: *mut f64, x: *const f64, y: *const f64, n: usize) {
        // SAFETY: as the caller promises.
        unsafe { over::<Twice<Plain>, K>(to, too, x, y, n) }
    }
}

/// Kinds of machines that need a function compiled for them.
#[cfg(target_arch = "x86_64")]
macro_rules! versions {
    ($($(#[$about:meta])* $version:ident $lanes:ident $features:literal)*) => {
        $(
            $(#[$about])*
            pub struct $version;

            impl Version for $version {
                unsafe fn run<K: Body>(to: *mut f64, too: *mut f64, x: *const f64, y: *const f64, n: usize) {
                    #[target_feature(enable = $features)]
                    unsafe fn inner<K: Body>(to: *mut f64, too: *mut f64, x: *const f64, y: *const f64, n: usize) {
                        // SAFETY: as the caller promises.
                        unsafe { over::<Twice<super::lanes::$lanes>, K>(to, too, x, y, n) }
                    }
                    // SAFETY: as the caller promises, who knows too that the machine has these features.
                    unsafe { inner::<K>(to, too, x, y, n) }
                }
            }
        )*
    };
}

#[cfg(target_arch = "x86_64")]
versions! {
    /// x86-64 with AVX2 and FMA.
    Avx2 Wide256 "avx2,fma"
    /// x86-64 with AVX-512 (F, DQ, VL).
    Avx512 Wide512 "avx512f,avx512dq,avx512vl,avx2,fma"
}

#[cfg(not(target_arch = "x86_64"))]
pub use Any as Avx2;
#[cfg(not(target_arch = "x86_64"))]
pub use Any as Avx512;

/// The loop.
#[inline(always)]
unsafe fn over<L: Lanes, K: Body>(to: *mut f64, too: *mut f64, x: *const f64, y: *const f64, n: usize) {
    let mut ends = [[1.0f64; MOST]; 2];
    let mut done = 0;
    while done < n {
        let left = n - done;
        let whole = left >= L::COUNT;
        // SAFETY: `left` elements are left at each pointer that counts; if they are fewer than the lanes, a buffer takes their place, which has room for the most lanes.
        unsafe {
            let mut places = [to, too].map(|at| at.wrapping_add(done));
            let mut operands = [x, y].map(|at| at.wrapping_add(done));
            if !whole {
                for i in 0..K::SOURCES {
                    operands[i].copy_to_nonoverlapping(ends[i].as_mut_ptr(), left);
                    operands[i] = ends[i].as_ptr();
                }
                let buffers = ends.as_mut_ptr();
                (0..K::RESULTS).for_each(|i| places[i] = buffers.add(i).cast());
            }
            let first = L::load(operands[0]);
            let second = if K::SOURCES == 2 { L::load(operands[1]) } else { first };
            let results = K::of([first, second]);
            results[0].store(places[0]);
            if K::RESULTS == 2 {
                results[1].store(places[1]);
            }
            if !whole {
                to.add(done).copy_from_nonoverlapping(ends[0].as_ptr(), left);
                if K::RESULTS == 2 {
                    too.add(done).copy_from_nonoverlapping(ends[1].as_ptr(), left);
                }
            }
        }
        done += L::COUNT;
    }
}

/// How many floats are widened at a time.
const PIECE: usize = 128;

/// The same for slices of `f32`.
unsafe fn widened(run: Run, counts: [usize; 2], to: [*mut f32; 2], from: [*const f32; 2], n: usize) {
    let mut sources = [[1.0f64; PIECE]; 2];
    let mut results = [[0.0f64; PIECE]; 2];
    for done in (0..n).step_by(PIECE) {
        let count = PIECE.min(n - done);
        for i in 0..counts[0] {
            // SAFETY: `n` floats can be read there, as the caller promises.
            let narrow = unsafe { std::slice::from_raw_parts(from[i].add(done), count) };
            sources[i].iter_mut().zip(narrow).for_each(|(to, x)| *to = f64::from(*x));
        }
        let ([a, b], [x, y]) = (&mut results, &sources);
        // SAFETY: the buffers have room for `count` floats.
        unsafe { run(a.as_mut_ptr(), b.as_mut_ptr(), x.as_ptr(), y.as_ptr(), count) };
        for i in 0..counts[1] {
            // SAFETY: `n` floats can be written there, as the caller promises, and the sources of this piece have been read.
            let narrow = unsafe { std::slice::from_raw_parts_mut(to[i].add(done), count) };
            narrow.iter_mut().zip(&results[i]).for_each(|(to, x)| *to = *x as f32);
        }
    }
}

/// Entries by shape, for each float type.
macro_rules! entries {
    ($($shape:ident($to:ident $(, $too:ident)?; $x:ident $(, $y:ident)?);)*) => {
        /// Entries for slices of `f64`. Safety: as [`Version::run`].
        pub mod double {
            use super::{Body, Version};
            use std::ptr::null;
            $(
                #[doc = "Pointers to the results, pointers to the operands, length."]
                pub unsafe extern "C" fn $shape<K: Body, V: Version>($to: *mut f64, $($too: *mut f64,)? $x: *const f64, $($y: *const f64,)? n: usize) {
                    let too = [std::ptr::null_mut() $(, $too)?];
                    let y = [null() $(, $y)?];
                    // SAFETY: as the caller promises; what is null is not used.
                    unsafe { V::run::<K>($to, too[too.len() - 1], $x, y[y.len() - 1], n) }
                }
            )*
        }

        /// Entries for slices of `f32`. Safety: as [`Version::run`].
        pub mod single {
            use super::{Body, Version, widened};
            $(
                #[doc = "Pointers to the results, pointers to the operands, length."]
                pub unsafe extern "C" fn $shape<K: Body, V: Version>($to: *mut f32, $($too: *mut f32,)? $x: *const f32, $($y: *const f32,)? n: usize) {
                    let to = [$to, [$to $(, $too)?][K::RESULTS - 1]];
                    let from = [$x, [$x $(, $y)?][K::SOURCES - 1]];
                    // SAFETY: as the caller promises.
                    unsafe { widened(V::run::<K>, [K::SOURCES, K::RESULTS], to, from, n) }
                }
            )*
        }
    };
}

entries! {
    one(to; x);
    two(to; x, y);
    one_pair(to, too; x);
    two_pair(to, too; x, y);
}
