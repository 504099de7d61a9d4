//! Calls whose arguments are laid out once.
//!
//! In: an [`Entry`], and for each of its parameters what it is ([`Part`]): something that stays, floats that come anew with each call, floats that a call gives. Out: [`Bound`], whose calls take two slices. All that
//! [`Entry::call`] checks of a list of arguments is checked when it is made. Arrays of doubles that come or go are parts of the slices themselves; what the function writes or what is of single precision has a buffer
//! here. It has no words for errors: who makes it knows what its arguments are called.

use crate::Workspace;
use crate::entry::{Entry, Kind, element_count};
use crate::staged::sealed::Word;
use adit_ir::{Passing, RunError, Scalar, ScalarType};
use std::ops::Range;
use std::sync::Arc;

/// Elements of an array.
#[derive(Clone, PartialEq, Debug)]
pub enum Buffer {
    /// Of double precision.
    F64(Vec<f64>),
    /// Of single precision.
    F32(Vec<f32>),
    /// Integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// What a parameter of a bound call is.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// A number that stays.
    Scalar(Scalar),
    /// An array that stays; what the function writes into it is forgotten.
    Array(Vec<usize>, Buffer),
    /// A number that comes, from this place of the inputs.
    Number(usize),
    /// An array of floats that comes, from this place of the inputs.
    Input(Vec<usize>, usize),
    /// An array of floats that the function writes, which is zero before: it goes to this place of the outputs.
    Output(Vec<usize>, usize),
}

/// A call that is laid out. Clones share the arrays that stay, and can be called at the same time.
///
/// What is done before a call stands in a list for each kind, so that nothing is asked of what is not there.
#[derive(Clone, Debug)]
pub struct Bound {
    entry: Entry,
    /// Dimensions, then arguments.
    words: Vec<u64>,
    results: Vec<u64>,
    /// Words that are numbers of the inputs, of double precision and of single, and those that are addresses in them: which, and the place.
    numbers: Vec<(usize, usize)>,
    singles: Vec<(usize, usize)>,
    read: Vec<(usize, usize)>,
    /// Words that are addresses in the outputs: which, and the places.
    written: Vec<(usize, Range<usize>)>,
    buffers: Vec<Through>,
    /// Arrays that nothing writes; their addresses are among the words.
    kept: Vec<Arc<Buffer>>,
    /// Results that are outputs, of double precision and of single: which, and the place.
    returned: Vec<(usize, usize)>,
    returned_singles: Vec<(usize, usize)>,
    /// The type of the first result.
    first: Option<ScalarType>,
    /// Outputs that are zero before a call.
    blank: Vec<Range<usize>>,
    inputs: usize,
    outputs: usize,
}

/// A word that is the address of a buffer, which the function writes or which is of another precision, and what it holds before.
#[derive(Clone, Debug)]
struct Through {
    word: usize,
    buffer: Buffer,
    before: Before,
}

#[derive(Clone, Debug)]
enum Before {
    Same(Arc<Buffer>),
    Inputs(Range<usize>),
    /// Zeros; afterwards it goes there.
    Outputs(Range<usize>),
}

impl Buffer {
    fn ty(&self) -> ScalarType {
        match self {
            Buffer::F64(_) => ScalarType::F64,
            Buffer::F32(_) => ScalarType::F32,
            Buffer::I64(_) => ScalarType::I64,
            Buffer::Bool(_) => ScalarType::Bool,
        }
    }

    fn len(&self) -> usize {
        match self {
            Buffer::F64(x) => x.len(),
            Buffer::F32(x) => x.len(),
            Buffer::I64(x) => x.len(),
            Buffer::Bool(x) => x.len(),
        }
    }

    /// Zeros; none but of floats.
    fn zeros(ty: ScalarType, len: usize) -> Option<Buffer> {
        match ty {
            ScalarType::F64 => Some(Buffer::F64(vec![0.0; len])),
            ScalarType::F32 => Some(Buffer::F32(vec![0.0; len])),
            ScalarType::I64 | ScalarType::Bool => None,
        }
    }

    /// Where compiled code finds it.
    fn address(&mut self) -> u64 {
        let address = match self {
            Buffer::F64(x) => x.as_mut_ptr().expose_provenance(),
            Buffer::F32(x) => x.as_mut_ptr().expose_provenance(),
            Buffer::I64(x) => x.as_mut_ptr().expose_provenance(),
            Buffer::Bool(x) => x.as_mut_ptr().expose_provenance(),
        };
        address as u64
    }

    /// Takes floats over.
    fn set(&mut self, floats: &[f64]) {
        match self {
            Buffer::F64(x) => x.copy_from_slice(floats),
            Buffer::F32(x) => x.iter_mut().zip(floats).for_each(|(x, float)| *x = *float as f32),
            Buffer::I64(_) | Buffer::Bool(_) => {}
        }
    }

    /// Makes floats zero.
    fn clear(&mut self) {
        match self {
            Buffer::F64(x) => x.fill(0.0),
            Buffer::F32(x) => x.fill(0.0),
            Buffer::I64(_) | Buffer::Bool(_) => {}
        }
    }

    fn get(&self, floats: &mut [f64]) {
        match self {
            Buffer::F64(x) => floats.copy_from_slice(x),
            Buffer::F32(x) => x.iter().zip(floats).for_each(|(x, float)| *float = f64::from(*x)),
            Buffer::I64(_) | Buffer::Bool(_) => {}
        }
    }

    /// Holds what another one of its type and length holds.
    fn restore(&mut self, from: &Buffer) {
        match (self, from) {
            (Buffer::F64(x), Buffer::F64(y)) => x.copy_from_slice(y),
            (Buffer::F32(x), Buffer::F32(y)) => x.copy_from_slice(y),
            (Buffer::I64(x), Buffer::I64(y)) => x.copy_from_slice(y),
            (Buffer::Bool(x), Buffer::Bool(y)) => x.copy_from_slice(y),
            (Buffer::F64(_) | Buffer::F32(_) | Buffer::I64(_) | Buffer::Bool(_), _) => {}
        }
    }
}

/// A part that does not fit its parameter, by its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfit(pub usize);

impl Entry {
    /// Lays a call out. `returned` are results that go to the outputs, with their places there.
    ///
    /// # Errors
    /// The first part that does not fit its parameter, in kind, number of dimensions or elements, or in an extent that must agree with another.
    pub fn bind(&self, parts: Vec<Part>, returned: Vec<(usize, usize)>) -> Result<Bound, Unfit> {
        let signature = self.signature();
        if parts.len() != signature.params.len() || returned.iter().any(|&(k, _)| k >= signature.results.len()) {
            return Err(Unfit(parts.len()));
        }
        let first = signature.shapes.binds.len();
        let outputs = returned.iter().map(|&(_, place)| place + 1).max().unwrap_or(0);
        // What is no float stays 0.
        let of = |ty| move |&(result, _): &(usize, usize)| signature.results[result] == ty;
        let [returned, returned_singles] =
            [ScalarType::F64, ScalarType::F32].map(|ty| returned.iter().copied().filter(of(ty)).collect());
        let mut bound = Bound {
            entry: self.clone(),
            words: vec![0; first + parts.len()],
            results: vec![0; signature.results.len()],
            numbers: Vec::new(),
            singles: Vec::new(),
            read: Vec::new(),
            written: Vec::new(),
            buffers: Vec::new(),
            kept: Vec::new(),
            returned,
            returned_singles,
            first: signature.results.first().copied(),
            blank: Vec::new(),
            inputs: 0,
            outputs,
        };
        let mut extents = vec![0; signature.extents];
        for (at, part) in parts.into_iter().enumerate() {
            let dims = bound.part(at, first + at, part).ok_or(Unfit(at))?;
            let from = signature.first_extent[at];
            extents[from..from + dims.len()].copy_from_slice(&dims);
        }
        bound.dimensions(&extents)?;
        bound.apart()?;
        bound.blank = bound.unreturned();
        Ok(bound)
    }
}

impl Bound {
    /// Lays one argument out, and gives its extents; nothing if it does not fit.
    fn part(&mut self, at: usize, word: usize, part: Part) -> Option<Vec<usize>> {
        let entry = self.entry.clone();
        let kind = &entry.signature().params[at];
        match (kind, part) {
            (Kind::Scalar(ty), Part::Scalar(x)) if x.ty() == *ty => self.words[word] = scalar_word(x),
            (Kind::Scalar(ScalarType::F64), Part::Number(place)) => {
                self.inputs = self.inputs.max(place + 1);
                self.numbers.push((word, place));
            }
            (Kind::Scalar(ScalarType::F32), Part::Number(place)) => {
                self.inputs = self.inputs.max(place + 1);
                self.singles.push((word, place));
            }
            (Kind::Array { element, rank, passing }, Part::Array(dims, mut buffer)) => {
                let fits = buffer.ty() == *element && dims.len() == *rank && element_count(&dims) == Some(buffer.len());
                match passing {
                    _ if !fits => return None,
                    Passing::ByValue => {
                        self.words[word] = buffer.address();
                        self.kept.push(Arc::new(buffer));
                    }
                    Passing::Mut => {
                        self.buffers.push(Through {
                            word,
                            buffer: buffer.clone(),
                            before: Before::Same(Arc::new(buffer)),
                        });
                    }
                }
                return Some(dims);
            }
            (Kind::Array { element, rank, passing }, Part::Input(dims, place)) if dims.len() == *rank => {
                let places = places(place, &dims)?;
                self.inputs = self.inputs.max(places.end);
                match (element, passing) {
                    (ScalarType::F64, Passing::ByValue) => self.read.push((word, place)),
                    _ => {
                        let buffer = Buffer::zeros(*element, places.len())?;
                        self.buffers.push(Through { word, buffer, before: Before::Inputs(places) });
                    }
                }
                return Some(dims);
            }
            (Kind::Array { element, rank, passing: Passing::Mut }, Part::Output(dims, place))
                if dims.len() == *rank =>
            {
                let places = places(place, &dims)?;
                self.outputs = self.outputs.max(places.end);
                match element {
                    ScalarType::F64 => self.written.push((word, places)),
                    ScalarType::F32 | ScalarType::I64 | ScalarType::Bool => {
                        let buffer = Buffer::zeros(*element, places.len())?;
                        self.buffers.push(Through { word, buffer, before: Before::Outputs(places) });
                    }
                }
                return Some(dims);
            }
            (Kind::Scalar(_) | Kind::Array { .. } | Kind::Tape, _) => return None,
        }
        Some(Vec::new())
    }

    /// Compares extents that must agree, and writes the values of dimensions.
    fn dimensions(&mut self, extents: &[usize]) -> Result<(), Unfit> {
        let signature = self.entry.signature();
        let extent = |e: adit_ir::shape::Extent| {
            i64::try_from(extents[signature.first_extent[e.param] + e.axis]).unwrap_or(i64::MAX)
        };
        for check in &signature.shapes.checks {
            let wanted = match check.wanted {
                adit_ir::shape::Wanted::Literal(c) => c,
                adit_ir::shape::Wanted::Same(first) => extent(first),
            };
            if wanted != extent(check.found) {
                return Err(Unfit(check.found.param));
            }
        }
        for (at, bind) in signature.shapes.binds.iter().enumerate() {
            self.words[at] = bind.map_or(0, |e| extent(e) as u64);
        }
        Ok(())
    }

    /// That no two arrays go to the same place of the outputs.
    fn apart(&self) -> Result<(), Unfit> {
        let through = self.buffers.iter().filter_map(|through| match &through.before {
            Before::Outputs(places) => Some((places.clone(), through.word)),
            Before::Same(_) | Before::Inputs(_) => None,
        });
        let written = self.written.iter().map(|(word, places)| (places.clone(), *word));
        let mut all: Vec<(Range<usize>, usize)> = written.chain(through).collect();
        all.sort_by_key(|(places, _)| (places.start, places.end));
        match all.windows(2).find(|pair| pair[0].0.end > pair[1].0.start) {
            Some(pair) => Err(Unfit(pair[1].1 - self.entry.signature().shapes.binds.len())),
            None => Ok(()),
        }
    }

    /// The outputs that are no results.
    fn unreturned(&self) -> Vec<Range<usize>> {
        let mut places: Vec<usize> =
            self.returned.iter().chain(&self.returned_singles).map(|&(_, place)| place).collect();
        places.sort_unstable();
        let ends = places.iter().copied().chain([self.outputs]);
        let starts = std::iter::once(0).chain(places.iter().map(|place| place + 1));
        starts.zip(ends).map(|(start, end)| start..end).filter(|places| !places.is_empty()).collect()
    }

    /// How many floats come.
    #[inline]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many floats go.
    #[inline]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Runs: the outputs are overwritten.
    ///
    /// # Errors
    /// What stops the run; slices of other lengths are a shape mismatch.
    #[inline(always)]
    pub fn call(&mut self, workspace: &mut Workspace, inputs: &[f64], outputs: &mut [f64]) -> Result<(), RunError> {
        if inputs.len() != self.inputs || outputs.len() != self.outputs {
            return Err(self.unfit());
        }
        for places in &self.blank {
            outputs[places.clone()].fill(0.0);
        }
        for &(word, place) in &self.numbers {
            self.words[word] = inputs[place].to_word();
        }
        for &(word, place) in &self.singles {
            self.words[word] = (inputs[place] as f32).to_word();
        }
        if !self.buffers.is_empty() {
            self.fill_buffers(inputs);
        }
        let written = outputs.as_mut_ptr();
        // Compiled code finds both by address alone.
        let _ = (inputs.as_ptr().expose_provenance(), written.expose_provenance());
        for &(word, place) in &self.read {
            self.words[word] = inputs.as_ptr().wrapping_add(place).addr() as u64;
        }
        for (word, places) in &self.written {
            self.words[*word] = written.wrapping_add(places.start).addr() as u64;
        }
        self.entry.run(workspace, &self.words, &mut self.results)?;
        for &(result, place) in &self.returned {
            outputs[place] = f64::from_word(self.results[result]);
        }
        for &(result, place) in &self.returned_singles {
            outputs[place] = f64::from(f32::from_word(self.results[result]));
        }
        if !self.buffers.is_empty() {
            self.empty_buffers(outputs);
        }
        Ok(())
    }

    #[cold]
    fn unfit(&self) -> RunError {
        let wanted = [self.inputs as i64, self.outputs as i64];
        self.entry.signature().refuse("the number of floats for".into(), wanted)
    }

    /// Before a call: what buffers hold, and where they are.
    #[inline(never)]
    fn fill_buffers(&mut self, inputs: &[f64]) {
        for Through { word, buffer, before } in &mut self.buffers {
            match before {
                Before::Same(same) => buffer.restore(same),
                Before::Inputs(places) => buffer.set(&inputs[places.clone()]),
                Before::Outputs(_) => buffer.clear(),
            }
            self.words[*word] = buffer.address();
        }
    }

    /// After a call: what the function wrote.
    #[inline(never)]
    fn empty_buffers(&self, outputs: &mut [f64]) {
        for Through { buffer, before, .. } in &self.buffers {
            if let Before::Outputs(places) = before {
                buffer.get(&mut outputs[places.clone()]);
            }
        }
    }

    /// The first result of the last run; 0 if it is no float.
    #[inline]
    pub fn first(&self) -> f64 {
        match (self.first, self.results.first()) {
            (Some(ScalarType::F64), Some(&word)) => f64::from_word(word),
            (Some(ScalarType::F32), Some(&word)) => f64::from(f32::from_word(word)),
            (Some(ScalarType::F64 | ScalarType::F32 | ScalarType::I64 | ScalarType::Bool) | None, _) => 0.0,
        }
    }
}

/// The places of an array's elements.
fn places(first: usize, dims: &[usize]) -> Option<Range<usize>> {
    Some(first..first.checked_add(element_count(dims)?)?)
}

fn scalar_word(x: Scalar) -> u64 {
    match x {
        Scalar::F64(x) => x.to_word(),
        Scalar::F32(x) => x.to_word(),
        Scalar::I64(x) => x.to_word(),
        Scalar::Bool(x) => x.to_word(),
    }
}
