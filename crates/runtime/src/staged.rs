//! Calls whose arguments are written straight into their words.
//!
//! In: an [`Entry`], and arguments one by one, each at its place. Out: results in a [`Staging`], which keeps its memory from call to call. What [`Entry::call`] checks of a list of arguments is checked
//! here as they come: element types, ranks, that extents multiply to the number of elements, that every argument was given; extents that must agree are compared by [`Staged::check`]. That no written
//! array overlaps another is what the borrow checker proves: a [`Staged`] holds every borrow until it has run. It makes no words for errors: the caller knows what its arguments are called.

use crate::Workspace;
use crate::entry::{Entry, Kind, element_count};
use crate::tape::OwnedTape;
use adit_ir::shape::{Extent, Wanted};
use adit_ir::{Passing, RunError, ScalarType};
use std::marker::PhantomData;

/// Where arguments wait for a call and results are found after it.
#[derive(Debug, Default)]
pub struct Staging {
    /// Values of dimensions, then arguments.
    words: Vec<u64>,
    /// Which arguments are there.
    filled: Vec<bool>,
    /// The extents of all array arguments, where the entry says.
    extents: Vec<usize>,
    results: Vec<u64>,
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
    /// Its value, and what it should be.
    pub sizes: [i64; 2],
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
    pub fn stage<'s, 'a>(&'s self, staging: &'s mut Staging) -> Staged<'s, 'a> {
        let signature = self.signature();
        let params = signature.params.len();
        staging.words.clear();
        staging.words.resize(signature.shapes.binds.len() + params, 0);
        staging.filled.clear();
        staging.filled.resize(params, false);
        staging.extents.clear();
        staging.extents.resize(signature.extents, 0);
        Staged { entry: self, staging, missing: params, tape: None, borrowed: PhantomData }
    }

    /// How many parameters it has.
    pub fn parameters(&self) -> usize {
        self.signature().params.len()
    }
}

impl<'a> Staged<'_, 'a> {
    #[inline]
    fn word(&mut self, at: usize, word: u64) {
        let first = self.entry.signature().shapes.binds.len();
        self.staging.words[first + at] = word;
        if !std::mem::replace(&mut self.staging.filled[at], true) {
            self.missing -= 1;
        }
    }

    /// Gives a scalar argument.
    ///
    /// # Errors
    /// If another kind is wanted.
    #[inline]
    pub fn scalar<T: Element>(&mut self, at: usize, x: T) -> Result<(), Misfit> {
        match &self.entry.signature().params[at] {
            Kind::Scalar(ty) if *ty == T::TYPE => {}
            Kind::Scalar(_) => return Err(Misfit::Element),
            Kind::Array { .. } | Kind::Tape => return Err(Misfit::Kind),
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
        let signature = self.entry.signature();
        let Kind::Array { element, rank, passing } = &signature.params[at] else { return Err(Misfit::Kind) };
        if *element != T::TYPE {
            return Err(Misfit::Element);
        }
        if *rank != dims.len() {
            return Err(Misfit::Rank);
        }
        match (*passing, given) {
            (Passing::ByValue, Passing::ByValue) | (Passing::Mut, Passing::Mut) => {}
            (Passing::ByValue, Passing::Mut) => return Err(Misfit::NotLent),
            (Passing::Mut, Passing::ByValue) => return Err(Misfit::ReadOnly),
        }
        if element_count(dims) != Some(len) {
            return Err(Misfit::Count);
        }
        let first = signature.first_extent[at];
        self.staging.extents[first..first + dims.len()].copy_from_slice(dims);
        Ok(())
    }

    /// Whether an argument is an array that the function writes.
    pub fn writes(&self, at: usize) -> bool {
        self.entry.signature().writes(at)
    }

    /// The extents of an array argument that was given.
    pub fn extents(&self, at: usize) -> &[usize] {
        self.staging.extents(self.entry, at)
    }

    /// A scalar argument that was given.
    pub fn given<T: Element>(&self, at: usize) -> Option<T> {
        let signature = self.entry.signature();
        let known = matches!(&signature.params[at], Kind::Scalar(ty) if *ty == T::TYPE) && self.staging.filled[at];
        known.then(|| T::from_word(self.staging.words[signature.shapes.binds.len() + at]))
    }

    /// Whether an argument was given.
    pub fn is_given(&self, at: usize) -> bool {
        self.staging.filled[at]
    }

    /// The first argument that was not given.
    pub fn missing(&self) -> Option<usize> {
        if self.missing == 0 { None } else { self.staging.filled.iter().position(|filled| !filled) }
    }

    /// That extents which must agree do, of those arguments that were given.
    ///
    /// # Errors
    /// The first that does not.
    #[inline]
    pub fn check(&self) -> Result<(), Disagreement> {
        let signature = self.entry.signature();
        for check in &signature.shapes.checks {
            let found = self.extent(check.found);
            let wanted = match check.wanted {
                Wanted::Literal(c) => c,
                Wanted::Same(first) => self.extent(first),
            };
            if wanted != found && self.comparable(check.found, check.wanted) {
                return Err(Disagreement { found: check.found, wanted: check.wanted, sizes: [found, wanted] });
            }
        }
        Ok(())
    }

    #[cold]
    fn comparable(&self, found: Extent, wanted: Wanted) -> bool {
        let with = match wanted {
            Wanted::Literal(_) => found,
            Wanted::Same(first) => first,
        };
        self.is_given(found.param) && self.is_given(with.param)
    }

    #[inline]
    fn extent(&self, e: Extent) -> i64 {
        let first = self.entry.signature().first_extent[e.param];
        // Only an empty array can have an extent beyond the range of `i64`.
        i64::try_from(self.staging.extents[first + e.axis]).unwrap_or(i64::MAX)
    }

    /// Runs, with the bytes of a tape counted among the workspace's. The results are in the [`Staging`] afterwards.
    ///
    /// # Errors
    /// What stops the run; an argument that is missing or extents that do not agree are shape mismatches.
    #[inline]
    pub fn run(mut self, workspace: &mut Workspace) -> Result<(), RunError> {
        let signature = self.entry.signature();
        if self.missing > 0 {
            let counts = [self.staging.filled.len() as i64, (self.staging.filled.len() - self.missing) as i64];
            return Err(signature.refuse("the number of arguments".into(), counts));
        }
        if let Err(d) = self.check() {
            return Err(signature.refuse("the extents of an argument".into(), d.sizes));
        }
        for (at, bind) in signature.shapes.binds.iter().enumerate() {
            self.staging.words[at] = bind.map_or(0, |e| self.extent(e) as u64);
        }
        self.staging.results.clear();
        self.staging.results.resize(signature.results.len(), 0);
        self.entry.check_room(workspace)?;
        if let Some((at, tape)) = self.tape.take() {
            workspace.lend(tape.capacity() as u64);
            self.word(at, tape.address());
        }
        self.entry.run(workspace, &self.staging.words, &mut self.staging.results)
    }
}

impl Staging {
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
        8 * (self.words.capacity() + self.extents.capacity() + self.results.capacity()) + self.filled.capacity()
    }
}
