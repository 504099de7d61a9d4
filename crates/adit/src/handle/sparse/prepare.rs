//! What is done once: the pattern, its colours, and where each entry is read.
//!
//! In: sweeps that can be made, and arguments of which sizes, integers and truth values count (their *witness*). Out: [`Prepared`]. The analysis runs on the function as differentiation finds it, with the rules of
//! what it calls.

use super::super::arguments::Arguments;
use super::super::fault::leaf_of;
use super::super::matrix::Sweeps;
use super::super::memory::Workspace;
use super::super::plan::Target;
use crate::error::{Error, Result};
use crate::outcome::Mode;
use crate::pipeline;
use crate::roomy::roomy;
use adit_ir::{Scalar, ScalarType, sweeps};
use adit_sema::layout::{Given, Leaf};
use adit_sparse::Pattern;
use adit_sparse::colour::{self, Colouring, Read};
use adit_sparse::flow::{Elements, Input, Options, Output, Problem};

/// A pattern, for arguments with one witness, and how to compute it.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Extents, integers and truth values of the arguments, leaf by leaf.
    pub(super) witness: Vec<i64>,
    pub(super) pattern: Pattern,
    compressed: Compressed,
}

/// How a matrix is computed in few sweeps.
#[derive(Debug)]
pub(super) struct Compressed {
    pub(super) mode: Mode,
    pub(super) colours: usize,
    /// How many directions a sweep follows.
    pub(super) lanes: usize,
    /// How many numbers a product has.
    pub(super) width: usize,
    /// The colour of each float that directions move.
    colouring: Colouring,
    /// Where entries are read, sweep by sweep.
    reads: Vec<Place>,
    /// Where those of each sweep begin, and the end.
    starts: Vec<usize>,
}

/// An entry, and where it is found among the products of a sweep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) product: usize,
    pub(super) entry: usize,
}

impl Compressed {
    /// With so many lanes, of products of so many numbers.
    fn new(mode: Mode, colouring: Colouring, reads: &[Read], lanes: usize, width: usize) -> Self {
        let colours = colouring.count();
        let sweep_of = |read: &Read| read.colour / lanes;
        // A Hessian without entries has a gradient all the same.
        let mut starts = vec![0; colours.div_ceil(lanes).max(1) + 1];
        reads.iter().for_each(|read| starts[sweep_of(read) + 1] += 1);
        (1..starts.len()).for_each(|sweep| starts[sweep] += starts[sweep - 1]);
        let mut next = starts.clone();
        let mut places = vec![Place { product: 0, entry: 0 }; reads.len()];
        for (entry, read) in reads.iter().enumerate() {
            let at = &mut next[sweep_of(read)];
            places[*at] = Place { product: read.place * lanes + read.colour % lanes, entry };
            *at += 1;
        }
        Compressed { mode, colours, lanes, width, colouring, reads: places, starts }
    }

    /// The entries that each sweep gives.
    pub(super) fn sweeps(&self) -> impl Iterator<Item = &[Place]> {
        self.starts.windows(2).map(|ends| &self.reads[ends[0]..ends[1]])
    }

    /// 1 if directions of a colour move a float, else 0.
    pub(super) fn moves(&self, float: usize, colour: usize) -> f64 {
        f64::from(u8::from(self.colouring.of(float) == Some(colour)))
    }
}

/// Where in a witness a leaf's part is.
struct Part<'w> {
    leaf: &'w Leaf,
    extents: &'w [i64],
    integers: &'w [i64],
}

fn parts<'w>(leaves: &'w [Leaf], mut witness: &'w [i64]) -> Vec<Part<'w>> {
    let mut take = |n: usize| {
        let (part, rest) = witness.split_at(n.min(witness.len()));
        witness = rest;
        part
    };
    let part = |leaf: &'w Leaf| {
        let extents = take(leaf.dims.len());
        let count = extents.iter().map(|&d| usize::try_from(d).unwrap_or(0)).product();
        Part { leaf, extents, integers: if leaf.element.is_float() { &[] } else { take(count) } }
    };
    leaves.iter().map(part).collect()
}

impl Part<'_> {
    /// What the analysis is given; `first` is the number of its first float, if it is differentiated by.
    fn input(&self, first: Option<u32>) -> Input {
        let integers = self.integers;
        let scalar = |i: i64| match self.leaf.element {
            ScalarType::Bool => Scalar::Bool(i != 0),
            ScalarType::I64 | ScalarType::F64 | ScalarType::F32 => Scalar::I64(i),
        };
        match (self.leaf.is_array(), self.leaf.element) {
            (false, ScalarType::F64 | ScalarType::F32) => Input::Float(first),
            (false, ScalarType::I64 | ScalarType::Bool) => {
                Input::Scalar(scalar(integers.first().copied().unwrap_or(0)))
            }
            (true, element) => {
                let elements = match element {
                    ScalarType::F64 | ScalarType::F32 => Elements::Floats(first),
                    ScalarType::I64 => Elements::Ints(integers.to_vec()),
                    ScalarType::Bool => Elements::Bools(integers.iter().map(|&i| i != 0).collect()),
                };
                Input::Array(self.extents.to_vec(), elements)
            }
        }
    }

    fn floats(&self) -> usize {
        self.extents.iter().map(|&d| usize::try_from(d).unwrap_or(0)).product()
    }
}

impl Sweeps {
    /// Puts extents, integers and truth values of the arguments in the workspace.
    pub(super) fn witness(&self, workspace: &mut Workspace, args: &mut impl Arguments) -> Result<()> {
        loop {
            let mut witness = std::mem::take(&mut workspace.witness);
            witness.clear();
            let mut pass = workspace.begin(&self.primal);
            pass.preserve();
            pass.witness(&mut witness);
            args.pass_all(&mut pass);
            let ran = pass.checked();
            workspace.witness = witness;
            if workspace.ran(&self.primal, ran?)? {
                return Ok(());
            }
        }
    }

    /// What the analysis is given, and how many floats are differentiated by.
    fn inputs(&self, witness: &[i64]) -> Result<(Vec<Input>, usize)> {
        let layout = &self.function.shape().layout;
        let parts = parts(&layout.params, witness);
        let group = &self.primal.plan.gradient;
        let mut first = vec![None; parts.len()];
        let mut columns = 0;
        for leaf in group.items.iter().flat_map(std::ops::Range::clone) {
            if group.targets[leaf] != Target::Skip {
                first[leaf] = Some(u32::try_from(columns).unwrap_or(u32::MAX));
                columns += parts[leaf].floats();
            }
        }
        let size = |&d: &i64| usize::try_from(d).ok();
        let shapes: Vec<Vec<Option<usize>>> = parts.iter().map(|p| p.extents.iter().map(size).collect()).collect();
        let ints: Vec<Option<i64>> = parts.iter().map(|p| p.integers.first().copied()).collect();
        let bound = layout.bind(Given { shapes: &shapes, ints: &ints, explicit: &[] });
        let bound = bound.map_err(|e| Error::input(super::WRONG_SIZE, e.to_string()))?;
        let explicit = bound.explicit.iter().map(|&d| Input::Scalar(Scalar::I64(d)));
        let given = parts.iter().zip(first).map(|(part, first)| part.input(first));
        let destinations = bound.destinations.iter().map(|dims| {
            let dims = dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect();
            Input::Array(dims, Elements::Floats(None))
        });
        Ok((explicit.chain(given).chain(destinations).collect(), columns))
    }

    /// Where the floats of the result are.
    fn outputs(&self) -> Vec<Output> {
        let group = &self.primal.plan.value;
        let leaves = group.items.iter().flat_map(std::ops::Range::clone);
        let floats = leaves.filter(|&leaf| leaf_of(self.function.shape(), group, leaf).element.is_float());
        let place = |leaf: usize| match group.targets[leaf] {
            Target::Result(k) => Some(Output::Result(k)),
            Target::Slot(at) | Target::Lanes(at) => Some(Output::Argument(at)),
            Target::Skip => None,
        };
        floats.filter_map(place).collect()
    }

    /// The pattern for arguments with this witness.
    fn pattern(&self, witness: &[i64], second: bool) -> Result<Pattern> {
        let f = &self.function;
        let (unit, function) = f.program()?;
        let module = roomy(|| pipeline::primal(unit, function, f.options()))??;
        let (inputs, columns) = self.inputs(witness)?;
        let problem = Problem { module: &module, function, inputs, columns };
        let interrupt = Some(&*f.options().interrupt);
        let options = Options { limits: f.options().limits, interrupt, ..Options::default() };
        let outputs = self.outputs();
        let found = f.options().timed("find sparsity", || match second {
            false => problem.jacobian(&outputs, &options),
            true => problem.hessian(&outputs, &options),
        });
        found.map_err(|e| Error::run(&e, unit.sources.clone()))
    }

    fn most_lanes(&self) -> usize {
        self.lanes.len() - 1
    }
}

impl Prepared {
    pub(super) fn jacobian(sweeps: &Sweeps, mode: Option<Mode>, args: &mut impl Arguments) -> Result<Prepared> {
        let witness = witness(sweeps, args)?;
        let pattern = sweeps.pattern(&witness, false)?;
        let compressed = sweeps.function.options().timed("colour", || coloured(sweeps, mode, &pattern))?;
        Ok(Prepared { witness, pattern, compressed })
    }

    pub(super) fn hessian(sweeps: &Sweeps, args: &mut impl Arguments) -> Result<Prepared> {
        let witness = witness(sweeps, args)?;
        let pattern = sweeps.pattern(&witness, true)?;
        let colouring = sweeps.function.options().timed("colour", || colour::star(&pattern));
        let reads = colour::star_reads(&pattern, &colouring).ok_or_else(wrong)?;
        let lanes = sweeps.along(colouring.count())?.plan.lanes;
        let width = pattern.rows();
        let compressed = Compressed::new(Mode::Forward, colouring, &reads, lanes, width);
        Ok(Prepared { witness, pattern, compressed })
    }

    pub(super) fn compressed(&self) -> &Compressed {
        &self.compressed
    }

    /// The name of an argument that differs, where these are another witness.
    pub(super) fn other(&self, sweeps: &Sweeps, witness: &[i64]) -> String {
        let leaves = &sweeps.function.shape().layout.params;
        let (found, wanted) = (parts(leaves, witness), parts(leaves, &self.witness));
        let differs = |(a, b): &(&Part<'_>, &Part<'_>)| a.extents != b.extents || a.integers != b.integers;
        let other = found.iter().zip(&wanted).find(differs);
        other.map_or_else(|| "an argument".to_owned(), |(part, _)| part.leaf.path.to_string())
    }
}

fn witness(sweeps: &Sweeps, args: &mut impl Arguments) -> Result<Vec<i64>> {
    let mut workspace = Workspace::new();
    sweeps.witness(&mut workspace, args)?;
    Ok(workspace.witness)
}

fn wrong() -> Error {
    Error::internal("a colouring serves its pattern")
}

/// Columns or rows, whichever take less; the other is coloured only where it might.
fn coloured(sweeps: &Sweeps, mode: Option<Mode>, pattern: &Pattern) -> Result<Compressed> {
    let by_rows = pattern.transposed();
    let most = |p: &Pattern| (0..p.columns()).map(|column| p.column(column).len()).max().unwrap_or(0);
    // No colouring has fewer colours than the fullest row or column has entries.
    let (least_rows, least_columns) = (most(pattern), most(&by_rows));
    let cheaper = |rows, columns| sweeps::by_rows(rows, columns, sweeps.most_lanes());
    let rows = || colour::columns(&by_rows);
    let columns = || colour::columns(pattern);
    let chosen = match mode {
        Some(Mode::Forward) => (Mode::Forward, columns()),
        Some(Mode::Reverse) => (Mode::Reverse, rows()),
        None if cheaper(least_rows, least_columns) && sweeps.has_reverse() => {
            let rows = rows();
            let columns = if cheaper(rows.count(), least_columns) { None } else { Some(columns()) };
            match columns.filter(|columns| !cheaper(rows.count(), columns.count())) {
                Some(columns) => (Mode::Forward, columns),
                None => (Mode::Reverse, rows),
            }
        }
        None => {
            let columns = columns();
            let worth = cheaper(least_rows, columns.count()) && sweeps.has_reverse();
            match worth.then(rows).filter(|rows| cheaper(rows.count(), columns.count())) {
                Some(rows) => (Mode::Reverse, rows),
                None => (Mode::Forward, columns),
            }
        }
    };
    match chosen {
        (Mode::Forward, colouring) => {
            let reads = colour::reads(pattern, &colouring).ok_or_else(wrong)?;
            let lanes = sweeps.along(colouring.count())?.plan.lanes;
            Ok(Compressed::new(Mode::Forward, colouring, &reads, lanes, pattern.rows()))
        }
        (Mode::Reverse, colouring) => {
            // Found row by row, and put in the order of columns.
            let found = colour::reads(&by_rows, &colouring).ok_or_else(wrong)?;
            let mut reads = vec![Read { colour: 0, place: 0 }; found.len()];
            let mut next = pattern.column_starts().to_vec();
            for ((column, _), read) in by_rows.entries().zip(found) {
                reads[next[column]] = read;
                next[column] += 1;
            }
            Ok(Compressed::new(Mode::Reverse, colouring, &reads, 1, pattern.columns()))
        }
    }
}
