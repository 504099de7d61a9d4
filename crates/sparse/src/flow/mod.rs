//! The analysis: a function of the IR, run on what is known instead of on numbers.
//!
//! In: a module that verifies, a function, and its [`Input`]s: sizes and integers as they are, floats by their number. Out: for each float of the [`Output`]s the inputs it may depend on ([`Problem::jacobian`]),
//! or the pairs of inputs that may meet in one of them ([`Problem::hessian`]).
//!
//! What holds, whatever the floats that are inputs:
//!
//! 1. An entry that is not in the pattern is zero, in every run that ends, for every derivative that this compiler makes.
//! 2. Sizes, integers and truth values that do not depend on floats are known, so loops over them run as they do in the program, and subscripts made of them are exact.
//! 3. Where a condition depends on floats, all paths count (`flow/unknown.rs`); where a subscript does, all elements do (`flow/memory.rs`).
//! 4. Functions without a body, and those with derivative rules of their own, may do anything with what they are given; so may recursion that only floats end.
//!
//! ```text
//! y[i] = x[i] * x[i - 1]            row i: {i - 1, i}
//! if x[0] > 0 { x[1] } else { x[2] }     {1, 2}: conditions have no derivative, but both arms count
//! x[i64(x[0])]                           all of x
//! ```
//!
//! Dependence on nothing but a factor that happens to be 0 counts. Numbers are looked at only where they decide; what is known of floats does not survive memory or loops. It does not print.

mod machine;
mod memory;
mod ops;
#[cfg(test)]
mod tests;
mod unknown;

pub use machine::Options;

use crate::pattern::Pattern;
use crate::sets::Set;
use crate::value::{Inputs, Value};
use adit_diag::Span;
use adit_ir::{FuncId, Module, RunError, Scalar, ScalarType, Trap};
use machine::{Machine, Slot};
use memory::Array;

/// What an entry of a pattern takes until it can be computed: its place, its colour, where it is read.
const ENTRY_BYTES: u64 = 64;

/// One argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// An integer or a truth value.
    Scalar(Scalar),
    /// A float, and its number if it is one of those that are differentiated by.
    Float(Option<u32>),
    /// An array of these extents.
    Array(Vec<i64>, Elements),
}

/// The elements of an array, row major.
#[derive(Clone, PartialEq, Debug)]
pub enum Elements {
    /// Floats, and the number of the first if they are differentiated by; the others follow.
    Floats(Option<u32>),
    /// Integers.
    Ints(Vec<i64>),
    /// Truth values.
    Bools(Vec<bool>),
}

/// Where floats of the result are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// A result of the function, by its place.
    Result(usize),
    /// All elements of an argument, by its place.
    Argument(usize),
}

/// What is analysed.
#[derive(Clone, Debug)]
pub struct Problem<'m> {
    /// It verifies.
    pub module: &'m Module,
    /// One of its functions.
    pub function: FuncId,
    /// One for each parameter, of its type.
    pub inputs: Vec<Input>,
    /// How many floats it is differentiated by; their numbers are below.
    pub columns: usize,
}

impl Problem<'_> {
    /// Which entries of the Jacobian may be other than zero: a row for each float of the outputs, a column for each float that it is differentiated by.
    ///
    /// # Errors
    /// If the program stops whatever the floats are, or the analysis takes more than it may.
    pub fn jacobian(&self, outputs: &[Output], options: &Options<'_>) -> Result<Pattern, RunError> {
        let mut machine = Machine::new(self.module, *options, false);
        let rows = self.run(&mut machine, outputs)?;
        let rows: Vec<Set> = rows.into_iter().map(|inputs| inputs.set).collect();
        self.pattern(&machine, &rows)
    }

    /// Which entries of the Hessian of a weighted sum of the outputs' floats may be other than zero. It is symmetric.
    ///
    /// # Errors
    /// As [`Problem::jacobian`].
    pub fn hessian(&self, outputs: &[Output], options: &Options<'_>) -> Result<Pattern, RunError> {
        let mut machine = Machine::new(self.module, *options, true);
        let sum = self.run(&mut machine, outputs)?;
        let domain = &mut machine.domain;
        let pairs = sum.into_iter().fold(Inputs::default(), |sum, inputs| domain.union(sum, inputs)).pairs;
        let rows = domain.pairs.rows(&mut domain.sets, pairs, self.columns);
        self.pattern(&machine, &rows)
    }

    /// The pattern with these rows, unless that takes too much memory.
    fn pattern(&self, machine: &Machine<'_>, rows: &[Set]) -> Result<Pattern, RunError> {
        let (sets, limit) = (&machine.domain.sets, machine.options.limits.memory_bytes);
        let bytes = sets.total(rows).saturating_mul(ENTRY_BYTES);
        if bytes > limit {
            let span = self.module.function(self.function).span;
            let details = [bytes, limit].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            return Err(RunError::with_details(Trap::MemoryLimit, span, details));
        }
        Ok(Pattern::of_rows(sets, rows, self.columns))
    }

    fn run(&self, machine: &mut Machine<'_>, outputs: &[Output]) -> Result<Vec<Inputs>, RunError> {
        let span = self.module.function(self.function).span;
        let too_many = RunError::with_details(Trap::MemoryLimit, span, [i64::MAX; 2]);
        let columns = u32::try_from(self.columns).map_err(|_| too_many)?;
        let mut args = Vec::with_capacity(self.inputs.len());
        for (at, input) in self.inputs.iter().enumerate() {
            args.push(self.slot(machine, at, input, span)?);
        }
        let results = machine.run(self.function, &args, columns)?;
        let mut rows = Vec::new();
        for output in outputs {
            match *output {
                Output::Result(at) => rows.push(results[at].inputs()),
                Output::Argument(at) => rows.extend(floats_of(machine, args[at])),
            }
        }
        Ok(rows)
    }

    fn slot(&self, machine: &mut Machine<'_>, at: usize, input: &Input, span: Span) -> Result<Slot, RunError> {
        let float = |machine: &mut Machine<'_>, number: u32| {
            let set = machine.domain.sets.single(number);
            Value::Float(Inputs { set, ..Inputs::default() })
        };
        let (dims, elements) = match input {
            Input::Scalar(number) => return Ok(Slot::Scalar(Value::Known(*number))),
            Input::Float(None) => return Ok(Slot::Scalar(Value::CONSTANT)),
            Input::Float(Some(number)) => return Ok(Slot::Scalar(float(machine, *number))),
            Input::Array(dims, elements) => (dims, elements),
        };
        let f = self.module.function(self.function);
        let element = f.ty(f.params[at].value).array().map_or(ScalarType::F64, |array| array.element);
        let known: Vec<Option<i64>> = dims.iter().copied().map(Some).collect();
        let place = |(trap, details)| RunError::with_details(trap, span, details);
        let limit = machine.options.limits.memory_bytes;
        let array = machine.memory.alloc(element, &known, limit).map_err(place)?;
        let values: Vec<Value> = match elements {
            Elements::Floats(None) => return Ok(Slot::Array(array)),
            Elements::Floats(Some(first)) => {
                let count = machine.memory.arrays[array].elements.len() as u32;
                (0..count).map(|i| float(machine, first + i)).collect()
            }
            Elements::Ints(all) => all.iter().map(|&i| Value::Known(Scalar::I64(i))).collect(),
            Elements::Bools(all) => all.iter().map(|&b| Value::Known(Scalar::Bool(b))).collect(),
        };
        machine.memory.arrays[array] = Array::new(element, Some(dims.clone()), values);
        Ok(Slot::Array(array))
    }
}

fn floats_of(machine: &mut Machine<'_>, slot: Slot) -> Vec<Inputs> {
    let Slot::Array(array) = slot else { return Vec::new() };
    let count = machine.memory.arrays[array].elements.len();
    let (memory, domain) = (&machine.memory, &mut machine.domain);
    (0..count).map(|place| memory.arrays[array].at(domain, place).inputs()).collect()
}
