//! Nests of loops that are products of matrices.
//!
//! In: a `for` of a function. Out: a [`Nest`]: its loops, what has to hold before them for nothing in them to stop the program, and the [`Task`]s that they come to; or nothing, where there is anything else in it.
//!
//! ```text
//! for v4 in 0..d0 {                                     loops    0 in 0..d0, 1 in 0..d1, 2 in 0..d2
//!   for v5 in 0..d1 {
//!     v6 = load v0[v4, v5]                              task     v1[1, 2] += Σ0 v2[0, 2] · v0[0, 1], zeros of v2 winning
//!     v7 = for v8 in 0..d2 (v9: f64 = 0.0) {            task     v3[0, 1] += Σ2 v2[0, 2] · v10[1, 2]
//!       …  v11 = load v2[v4, v8]   v12 = smul v11, v6   acc v1[v5, v8], v12
//!          v13 = load v10[v5, v8]  v14 = mul v11, v13   v15 = add v9, v14   yield v15
//!     }
//!     acc v3[v4, v5], v7
//!   }
//! }
//! ```
//!
//! It does not matter in which order the loops stand, where sums are added up (in a carried value or in the array), or how many products share a nest: an index is a *row* of a product if the result and the left factor have it, a
//! *column* if the result and the right one do, and a *term* if both factors do. So hand-written loops, those of `@`, and the derivatives of both are the same thing here.
//!
//! All of it is computed anew from the instructions. What makes the tasks mean what the loops do:
//!
//! - bounds are known before the nest, steps are 1, and every subscript goes up evenly with at most one index;
//! - an array that is written is not read, and it is only added to, or every element of it is overwritten once;
//! - but an element may be read and *then* set to zero, once each: it is cleared when all is done;
//! - there is nothing in the nest but arithmetic, reads, these writes, and assertions that can be made before.
//!
//! Products are of floats; sums are added up in another order. What this does not do: factors that are not elements of arrays; sums of elements; triangles, whose inner bounds depend on outer indices.

mod read;
mod terms;

pub use read::{read, read_as_independent};

use super::Linear;
use crate::entities::Value;
use crate::types::{Int, ScalarType};
use smallvec::SmallVec;

/// A nest of loops that is nothing but products.
#[derive(Debug)]
pub struct Nest {
    /// Its loops, each before those inside it.
    pub loops: Vec<Counted>,
    /// What has to hold, in order.
    pub checks: Vec<Check>,
    /// What it comes to, in an order in which it may be done.
    pub tasks: Vec<Task>,
}

/// A loop with step 1, in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its index.
    pub index: Value,
    /// First index.
    pub lo: Int,
    /// Bound, exclusive.
    pub hi: Int,
}

/// A subscript.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// The loop with whose index it goes up, and by how much.
    pub along: Option<(usize, i64)>,
    /// The rest, which is the same all over the nest.
    pub rest: Linear,
}

/// Something that has to hold before the nest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// The subscript has to be in range, at the first index and the last.
    InRange(Form, Int),
    /// The condition has to hold.
    Holds(Value),
}

/// An element of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// The array.
    pub array: Value,
    /// Its subscripts.
    pub subscripts: SmallVec<[Form; 2]>,
}

impl Access {
    /// The loops whose indices it has, as bits.
    fn loops(&self) -> u8 {
        self.subscripts.iter().filter_map(|form| form.along).fold(0, |loops, (l, _)| loops | 1 << l)
    }
}

/// Which factor makes a product zero by being zero, whatever the other is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// The one with the row's index.
    Left,
    /// The one with the column's index.
    Right,
}

/// A matrix that becomes a product, or to which one is added; or, without factors, one that becomes zero.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// The element type of all arrays of it.
    pub float: ScalarType,
    /// The result.
    pub to: Access,
    /// Left and right.
    pub factors: Option<[Access; 2]>,
    /// The loop over rows of the result.
    pub rows: Option<usize>,
    /// The loop over terms.
    pub terms: Option<usize>,
    /// The loop over columns of the result.
    pub columns: Option<usize>,
    /// Whether it is taken away.
    pub negative: bool,
    /// Which factor is a weight.
    pub weight: Option<Weight>,
    /// Whether the result is the product alone.
    pub overwrites: bool,
}

impl Task {
    /// The loops that it is made of.
    pub fn loops(&self) -> impl Iterator<Item = usize> {
        [self.rows, self.terms, self.columns].into_iter().flatten()
    }
}
