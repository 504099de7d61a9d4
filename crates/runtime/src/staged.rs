//! Calls whose arguments are written straight into their words.
//!
//! In: an [`Entry`], and arguments one by one, each at its place. Out: results in a [`Staging`], which keeps its memory from call to call. What [`Entry::call`] checks of a list of arguments is checked
//! here as they come: element types, ranks, that extents multiply to the number of elements, that every argument was given; extents that must agree are compared by [`Staged::check`]. That no written
//! array overlaps another is what the borrow checker proves: a [`Staged`] holds every borrow until it has run. It makes no words for errors: the caller knows what its arguments are called.

use crate::Workspace;
use crate::entry::{Entry, Kind, element_count};
use crate::seats::Form;
use crate::tape::OwnedTape;
use adit_ir::shape::{Extent, Wanted};
use adit_ir::{Passing, RunError, ScalarType};
use std::marker::PhantomData;

/// Where arguments wait for a call and results are found after it.
#[derive(Debug, Default)]
pub struct Staging {
    /// Values of dimensions, then arguments.
    words: Vec<u64>,
    /// For each argument, which call it was given last for: nothing is cleared between calls.
    given: Vec<u64>,
    /// The extents of all array arguments, where the entry says.
    extents: Vec<usize>,
    results: Vec<u64>,
    /// Which call this is.
    call: u64,
}

/// A number that compiled code takes and gives.
pub trait Element: Copy + Default + PartialEq + Send + Sync + sealed::Word + 'static {
    /// What it is called.
    const TYPE: ScalarType;
}

pub(crate) mod sealed {
    /// How a number fills 8 bytes. Nobody else may say so.
    pub trait Word: Sized {
        fn to_word(self) -> u64;
        fn from_word(word: u64) -> Self;
    }
}

macro_rules! elements {
    ($($ty:ty, $name:ident, |$x:ident| $to:expr, |$w:ident| $from:expr;)*) => {
        $(impl sealed::Word for $ty {
            #[inline]
            fn to_word(self) -> u64 {
                let $x = self;
                $to
            }
            #[inline]
            fn from_word($w: u64) -> Self {
                $from
            }
        }
        impl Element for $ty {
            const TYPE: ScalarType = ScalarType::$name;
        })*
    };
}

elements! {
    f64, F64, |x| x.to_bits(), |w| f64::from_bits(w);
    // It lies in the first half of its 8 bytes.
    f32, F32, |x| { let [a, b, c, d] = x.to_ne_bytes(); u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0]) },
        |w| { let [a, b, c, d, ..] = w.to_ne_bytes(); f32::from_ne_bytes([a, b, c, d]) };
    i64, I64, |x| x as u64, |w| w as i64;
    bool, Bool, |x| u64::from(x), |w| w as u8 != 0;
}

/// Why an argument is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// It is a scalar where an array is wanted, or the other way round.
    Kind,
    /// Its numbers are of another type.
    Element,
    /// It has another number of dimensions.
    Rank,
    /// Its extents multiply to another number than it has elements.
    Count,
    /// It is lent where it is only read.
    NotLent,
    /// It is only read where it is to be written.
    ReadOnly,
}

/// Two extents that should agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disagreement {
    /// Which one was looked at.
    pub found: Extent,
    /// What it should be.
    pub wanted: Wanted,
}

/// Why a call did not come to its end.
#[derive(Debug)]
pub enum Stop {
    /// Nothing ran: extents do not agree.
    Sizes(Disagreement),
    /// It stopped.
    Run(RunError),
}

/// A call under way. It holds every borrow of its arguments.
#[derive(Debug)]
pub struct Staged<'s, 'a> {
    entry: &'s Entry,
    staging: &'s mut Staging,
    missing: usize,
    /// A tape of the host's, and its place.
    tape: Option<(usize, &'a mut OwnedTape)>,
    borrowed: PhantomData<&'a mut ()>,
}

impl Entry {
    /// Begins a call.
    #[inline]
    pub fn stage<'s, 'a>(&'s self, staging: &'s mut Staging) -> Staged<'s, 'a> {
        let missing = self.parameters();
        staging.call += 1;
        staging.fit(self);
        Staged { entry: self, staging, missing, tape: None, borrowed: PhantomData }
    }

    /// How many parameters it has.
    #[inline]
    pub fn parameters(&self) -> usize {
        self.seats().params.len()
    }
}

impl<'a> Staged<'_, 'a> {
    #[inline]
    fn word(&mut self, at: usize, word: u64) {
        let staging = &mut *self.staging;
        staging.words[self.entry.seats().dims() + at] = word;
        let last = std::mem::replace(&mut staging.given[at], staging.call);
        self.missing -= usize::from(last != staging.call);
    }

    /// Gives a scalar argument.
    ///
    /// # Errors
    /// If another kind is wanted.
    #[inline]
    pub fn scalar<T: Element>(&mut self, at: usize, x: T) -> Result<(), Misfit> {
        if self.entry.seats().params[at].form != Form::scalar(T::TYPE) {
            return Err(self.misfit::<T>(at, None));
        }
        self.word(at, x.to_word());
        Ok(())
    }

    /// Gives an array that is read.
    ///
    /// # Errors
    /// If another kind is wanted.
    #[inline]
    pub fn array<T: Element>(&mut self, at: usize, dims: &[usize], x: &'a [T]) -> Result<(), Misfit> {
        self.shape::<T>(at, Passing::ByValue, dims, x.len())?;
        self.word(at, x.as_ptr().addr() as u64);
        // Compiled code finds it by its address alone.
        let _ = x.as_ptr().expose_provenance();
        Ok(())
    }

    /// Gives an array that is written.
    ///
    /// # Errors
    /// If another kind is wanted.
    #[inline]
    pub fn array_mut<T: Element>(&mut self, at: usize, dims: &[usize], x: &'a mut [T]) -> Result<(), Misfit> {
        self.shape::<T>(at, Passing::Mut, dims, x.len())?;
        self.word(at, x.as_mut_ptr().expose_provenance() as u64);
        Ok(())
    }

    /// Gives a tape.
    ///
    /// # Errors
    /// If another kind is wanted.
    pub fn tape(&mut self, at: usize, tape: &'a mut OwnedTape) -> Result<(), Misfit> {
        match &self.entry.signature().params[at] {
            Kind::Tape => {}
            Kind::Scalar(_) | Kind::Array { .. } => return Err(Misfit::Kind),
        }
        self.word(at, tape.address());
        self.tape = Some((at, tape));
        Ok(())
    }

    #[inline]
    fn shape<T: Element>(&mut self, at: usize, given: Passing, dims: &[usize], len: usize) -> Result<(), Misfit> {
        let seat = self.entry.seats().params[at];
        if seat.form != Form::array(T::TYPE, dims.len(), given) {
            return Err(self.misfit::<T>(at, Some(dims.len())));
        }
        if element_count(dims) != Some(len) {
            return Err(Misfit::Count);
        }
        self.staging.extents[seat.extents..seat.extents + dims.len()].copy_from_slice(dims);
        Ok(())
    }

    /// Why a number, or an array of so many dimensions, is not taken.
    #[cold]
    fn misfit<T: Element>(&self, at: usize, rank: Option<usize>) -> Misfit {
        match (&self.entry.signature().params[at], rank) {
            (Kind::Scalar(_), None) => Misfit::Element,
            (Kind::Array { element, .. }, Some(_)) if *element != T::TYPE => Misfit::Element,
            (Kind::Array { rank: wanted, .. }, Some(rank)) if *wanted != rank => Misfit::Rank,
            (Kind::Array { passing: Passing::ByValue, .. }, Some(_)) => Misfit::NotLent,
            (Kind::Array { passing: Passing::Mut, .. }, Some(_)) => Misfit::ReadOnly,
            (Kind::Scalar(_) | Kind::Array { .. } | Kind::Tape, _) => Misfit::Kind,
        }
    }

    /// Whether an argument is an array that the function writes.
    #[inline]
    pub fn writes(&self, at: usize) -> bool {
        self.entry.seats().params[at].form.is_written()
    }

    /// The extents of an array argument that was given.
    #[inline]
    pub fn extents(&self, at: usize) -> Option<&[usize]> {
        if self.is_given(at) { Some(self.staging.extents(self.entry, at)) } else { None }
    }

    /// How many dimensions an argument has; a number has none.
    pub fn rank(&self, at: usize) -> usize {
        self.staging.extents(self.entry, at).len()
    }

    /// A scalar argument that was given.
    pub fn given<T: Element>(&self, at: usize) -> Option<T> {
        let seats = self.entry.seats();
        let known = seats.params[at].form == Form::scalar(T::TYPE) && self.is_given(at);
        known.then(|| T::from_word(self.staging.words[seats.dims() + at]))
    }

    /// Whether an argument was given.
    #[inline]
    pub fn is_given(&self, at: usize) -> bool {
        self.staging.given[at] == self.staging.call
    }

    /// The first argument that was not given.
    #[inline]
    pub fn missing(&self) -> Option<usize> {
        if self.missing == 0 { None } else { (0..self.entry.parameters()).find(|&at| !self.is_given(at)) }
    }

    /// That extents which must agree do, of those arguments that were given.
    ///
    /// # Errors
    /// The first that does not.
    #[inline]
    pub fn check(&self) -> Result<(), Disagreement> {
        if self.entry.seats().agree(&self.staging.extents) { Ok(()) } else { self.disagreement() }
    }

    /// Which extents do not agree; perhaps of arguments that were not given.
    #[cold]
    fn disagreement(&self) -> Result<(), Disagreement> {
        let signature = self.entry.signature();
        let extent = |e: Extent| {
            let dims = self.extents(e.param)?;
            // Only an empty array can have an extent beyond the range of `i64`.
            Some(i64::try_from(dims[e.axis]).unwrap_or(i64::MAX))
        };
        for check in &signature.shapes.checks {
            let wanted = match check.wanted {
                Wanted::Literal(c) => Some(c),
                Wanted::Same(first) => extent(first),
            };
            let Some((found, wanted)) = extent(check.found).zip(wanted) else { continue };
            if wanted != found {
                return Err(Disagreement { found: check.found, wanted: check.wanted });
            }
        }
        Ok(())
    }

    /// Runs, with the bytes of a tape counted among the workspace's. The results are in the [`Staging`] afterwards.
    ///
    /// # Errors
    /// Extents that do not agree; what stops the run; an argument that is missing is a shape mismatch.
    #[inline(always)]
    pub fn run(&mut self, workspace: &mut Workspace) -> Result<(), Stop> {
        if self.missing > 0 {
            return Err(self.incomplete());
        }
        self.check().map_err(Stop::Sizes)?;
        if self.tape.is_some() {
            self.lend(workspace);
        }
        let Staging { words, extents, results, .. } = &mut *self.staging;
        let seats = self.entry.seats();
        seats.dimensions(extents, words);
        self.entry.run(workspace, &words[..seats.words()], &mut results[..seats.results]).map_err(Stop::Run)
    }
}

impl Staged<'_, '_> {
    #[cold]
    fn incomplete(&self) -> Stop {
        let all = self.entry.parameters();
        let counts = [all as i64, (all - self.missing) as i64];
        Stop::Run(self.entry.signature().refuse("the number of arguments".into(), counts))
    }

    /// Counts the tape among those of the workspace.
    #[inline(never)]
    fn lend(&mut self, workspace: &mut Workspace) {
        if let Some((at, tape)) = self.tape.take() {
            workspace.lend(tape.capacity() as u64);
            self.word(at, tape.address());
        }
    }
}

impl Staging {
    /// Makes room for a call.
    #[inline]
    fn fit(&mut self, entry: &Entry) {
        let seats = entry.seats();
        let fits = self.words.len() >= seats.words()
            && self.given.len() >= seats.params.len()
            && self.extents.len() >= seats.extents
            && self.results.len() >= seats.results;
        if !fits {
            self.grow(entry);
        }
    }

    #[cold]
    fn grow(&mut self, entry: &Entry) {
        let seats = entry.seats();
        self.words.resize(self.words.len().max(seats.words()), 0);
        self.given.resize(self.given.len().max(seats.params.len()), 0);
        self.extents.resize(self.extents.len().max(seats.extents), 0);
        self.results.resize(self.results.len().max(seats.results), 0);
    }

    /// A result of the last run; of another type than it has, nothing that means anything.
    #[inline]
    pub fn result<T: Element>(&self, at: usize) -> T {
        T::from_word(self.results[at])
    }

    /// The extents of an array argument of the last call, which was one of this function.
    pub fn extents(&self, entry: &Entry, at: usize) -> &[usize] {
        let signature = entry.signature();
        let rank = match &signature.params[at] {
            Kind::Array { rank, .. } => *rank,
            Kind::Scalar(_) | Kind::Tape => 0,
        };
        let first = signature.first_extent[at];
        self.extents.get(first..first + rank).unwrap_or_default()
    }

    /// How many bytes it keeps.
    pub fn bytes(&self) -> usize {
        8 * (self.words.capacity() + self.given.capacity() + self.extents.capacity() + self.results.capacity())
    }
}
