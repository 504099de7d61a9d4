//! Workspaces: the memory that calls of handles reuse.
//!
//! In: limits and sinks, by the engine of whatever is called. Out: [`Workspace`], where arguments are laid out, arrays lie that a host does not give, and compiled code keeps its tapes. It grows in the first
//! call at a size, and not after it.

use super::split::Records;
use crate::options::Options;
use adit_runtime::{Element, Staging};
use sealed::Number as Sealed;
use std::fmt;
use std::sync::Arc;

/// Memory for calls of [handles](crate::GradientFn): one for each thread. Any handle may use any workspace.
///
/// The first call at a size allocates, those after it do not. Nothing that a call leaves in it is seen by the next.
#[derive(Default)]
pub struct Workspace {
    pub(super) machine: adit_runtime::Workspace,
    pub(super) staging: Staging,
    pub(super) scratch: Scratch,
    /// Where in `scratch` arguments of the last call lie.
    pub(super) placed: Vec<Placed>,
    /// A row or column under way.
    pub(super) row: Vec<f64>,
    /// What the last tape that was reversed left.
    pub(super) spare: Option<Records>,
    /// Extents and integers of the arguments of a sparse derivative.
    pub(super) witness: Vec<i64>,
    /// Whose limits and sinks are set.
    pub(super) options: Option<Arc<Options>>,
}

impl Workspace {
    /// An empty one.
    pub fn new() -> Self {
        Workspace::default()
    }

    /// Bytes kept for the next call.
    pub fn bytes(&self) -> u64 {
        let (arrays, tapes) = self.machine.memory_in_use();
        let row = 8 * (self.row.capacity() + self.witness.capacity());
        let row = row + self.spare.as_ref().map_or(0, Records::capacity);
        arrays + tapes + (self.staging.bytes() + self.scratch.bytes() + row) as u64
    }

    /// How many of them are buffers of tapes, which grow by doubling.
    pub(crate) fn tapes(&self) -> u64 {
        self.machine.memory_in_use().1
    }

    /// Gives the memory back to the system.
    pub fn release(&mut self) {
        self.machine.release_memory();
        self.scratch = Scratch::default();
        self.staging = Staging::default();
        (self.placed, self.row, self.witness, self.spare) = (Vec::new(), Vec::new(), Vec::new(), None);
    }

    /// Takes over the limits and sinks of an engine.
    #[inline]
    pub(super) fn serve(&mut self, options: &Arc<Options>) {
        if !self.options.as_ref().is_some_and(|o| Arc::ptr_eq(o, options)) {
            self.obey(options);
        }
    }

    #[cold]
    fn obey(&mut self, options: &Arc<Options>) {
        self.machine.set_limits(options.limits);
        self.machine.set_interrupt(options.interrupt.clone());
        self.options = Some(options.clone());
        self.print(true);
    }

    /// Lets what the program prints through, or drops it.
    pub(super) fn print(&mut self, on: bool) {
        let sink = self.options.as_ref().and_then(|o| o.sink.clone()).filter(|_| on);
        self.machine.set_sink(sink.map(|sink| Box::new(move |line: &str| sink(line)) as _));
    }

    /// An argument that lies here.
    pub(super) fn argument<T: Number>(&self, slot: usize) -> Option<&[T]> {
        let placed = self.placed.iter().find(|p| p.slot == slot && p.kind == T::KIND)?;
        Some(&T::all(&self.scratch)[placed.start..placed.start + placed.len])
    }

    /// Floats of single or double precision of an argument that lies here.
    pub(super) fn floats(&self, slot: usize) -> Option<Floats<'_>> {
        let double = self.argument(slot).map(Floats::Double);
        double.or_else(|| self.argument(slot).map(Floats::Single))
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

/// An argument in the scratch memory.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    slot: usize,
    kind: usize,
    start: usize,
    len: usize,
}

/// An array of floats.
#[derive(Clone, Copy, Debug)]
pub(super) enum Floats<'a> {
    Double(&'a [f64]),
    Single(&'a [f32]),
}

impl Floats<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            Floats::Double(x) => x.len(),
            Floats::Single(x) => x.len(),
        }
    }

    pub(super) fn get(self, i: usize) -> f64 {
        match self {
            Floats::Double(x) => x[i],
            Floats::Single(x) => f64::from(x[i]),
        }
    }
}

/// Memory for arrays that a host does not give.
#[derive(Debug, Default)]
pub struct Scratch {
    f64: Vec<f64>,
    f32: Vec<f32>,
    i64: Vec<i64>,
    bool: Vec<bool>,
}

/// How many elements of each type.
pub(super) type Sizes = [usize; 4];

impl Scratch {
    fn bytes(&self) -> usize {
        8 * (self.f64.capacity() + self.i64.capacity()) + 4 * self.f32.capacity() + self.bool.capacity()
    }

    /// Makes room.
    pub(super) fn grow(&mut self, sizes: Sizes) {
        let larger = |have: usize, want: usize| have.max(want);
        self.f64.resize(larger(self.f64.len(), sizes[f64::KIND]), 0.0);
        self.f32.resize(larger(self.f32.len(), sizes[f32::KIND]), 0.0);
        self.i64.resize(larger(self.i64.len(), sizes[i64::KIND]), 0);
        self.bool.resize(larger(self.bool.len(), sizes[bool::KIND]), false);
    }
}

/// The scratch memory while arguments are passed. Most calls take none, so it is divided by type when the first one does.
#[derive(Debug)]
pub struct Carver<'a> {
    whole: Option<(&'a mut Scratch, &'a mut Vec<Placed>)>,
    rest: Option<Rest<'a>>,
    /// Whether there was too little.
    pub(super) short: bool,
}

/// What is left of it, by type.
#[derive(Debug)]
pub struct Rest<'a> {
    f64: &'a mut [f64],
    f32: &'a mut [f32],
    i64: &'a mut [i64],
    bool: &'a mut [bool],
    placed: &'a mut Vec<Placed>,
    /// What was asked for, in all.
    wanted: Sizes,
}

impl<'a> Carver<'a> {
    #[inline]
    pub(super) fn new(scratch: &'a mut Scratch, placed: &'a mut Vec<Placed>) -> Self {
        placed.clear();
        Carver { whole: Some((scratch, placed)), rest: None, short: false }
    }

    /// What was asked for, in all.
    pub(super) fn wanted(&self) -> Sizes {
        self.rest.as_ref().map_or([0; 4], |rest| rest.wanted)
    }

    /// Room for an argument of so many elements, holding what it held; none if there is too little.
    pub(super) fn carve<T: Number>(&mut self, slot: usize, len: usize) -> Option<&'a mut [T]> {
        if let Some((scratch, placed)) = self.whole.take() {
            let Scratch { f64, f32, i64, bool } = scratch;
            self.rest = Some(Rest { f64, f32, i64, bool, placed, wanted: [0; 4] });
        }
        let rest = self.rest.as_mut()?;
        let start = rest.wanted[T::KIND];
        rest.wanted[T::KIND] = start.saturating_add(len);
        if self.short || T::rest(rest).len() < len {
            self.short = true;
            return None;
        }
        let left = T::rest(rest);
        let (part, after) = std::mem::take(left).split_at_mut(len);
        *left = after;
        rest.placed.push(Placed { slot, kind: T::KIND, start, len });
        Some(part)
    }
}

/// A number of the language: `f64`, `f32`, `i64`, `bool`.
pub trait Number: Element + Sealed + Into<crate::value::Value> {}

pub(crate) mod sealed {
    /// What the library does with numbers.
    pub trait Number: Sized {
        /// Its place among the four.
        const KIND: usize;
        /// What it is called in errors.
        const NAME: &'static str;
        /// The scratch memory that is left for it.
        fn rest<'c, 'a>(rest: &'c mut super::Rest<'a>) -> &'c mut &'a mut [Self];
        /// All of the scratch memory for it.
        fn all(scratch: &super::Scratch) -> &[Self];
        /// The sum; for what is no float, the second.
        fn plus(self, other: Self) -> Self;
        /// The nearest to a float; itself for what is no float.
        fn nearest(self, float: f64) -> Self;
        /// A float as one of double precision; 0 for what is none.
        fn wide(self) -> f64;
        /// An integer, or a truth value as 0 or 1; none for a float.
        fn whole(self) -> Option<i64>;
    }
}

macro_rules! numbers {
    ($($ty:ident, $kind:literal, $name:literal, |$x:ident, $y:ident| $plus:expr, |$f:ident| $near:expr, |$w:ident| $wide:expr, |$i:ident| $whole:expr;)*) => {
        $(impl Number for $ty {}
        impl sealed::Number for $ty {
            const KIND: usize = $kind;
            const NAME: &'static str = $name;
            fn rest<'c, 'a>(rest: &'c mut Rest<'a>) -> &'c mut &'a mut [Self] {
                &mut rest.$ty
            }
            fn all(scratch: &Scratch) -> &[Self] {
                &scratch.$ty
            }
            fn plus(self, $y: Self) -> Self {
                let $x = self;
                $plus
            }
            fn nearest(self, float: f64) -> Self {
                let $f = (self, float);
                $near
            }
            fn wide(self) -> f64 {
                let $w = self;
                $wide
            }
            fn whole(self) -> Option<i64> {
                let $i = self;
                $whole
            }
        })*
    };
}

numbers! {
    f64, 0, "f64", |x, y| x + y, |f| f.1, |w| w, |_i| None;
    f32, 1, "f32", |x, y| x + y, |f| f.1 as f32, |w| f64::from(w), |_i| None;
    i64, 2, "i64", |_x, y| y, |f| f.0, |_w| 0.0, |i| Some(i);
    bool, 3, "bool", |_x, y| y, |f| f.0, |_w| 0.0, |b| Some(i64::from(b));
}
