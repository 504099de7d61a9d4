//! Sparsity patterns against derivatives: what a pattern leaves out is zero.
//!
//! In: a function and a point. Out: a failure if a column of the Jacobian, or of the Hessian of a sum with random weights, has a number where the pattern has none. Columns are those of a few inputs, chosen at
//! random; patterns hold for all floats, so it does not matter at which point they are looked at.

use super::derivatives::{Derived, Probe};
use super::numbers::{floats, mapped};
use super::{Failure, MORE, Subject};
use crate::fuzz::call::is_array;
use crate::fuzz::rng::Rng;
use adit_interp::ir::{Cell, Data, Input};
use adit_ir::{Function, Limits, Module, Passing, RunError, Trap};
use adit_sparse::Pattern;
use adit_sparse::flow::{Elements, Input as Known, Options, Output, Problem};

/// Columns that are looked at.
const COLUMNS: usize = 3;

/// What the analysis may use: it may take more steps than a run, which stops at the first error.
const LIMITS: Limits = Limits { steps: Some(3_000_000), ..MORE };

/// The parameters that directions move, and how many floats each has.
struct Moved {
    parameters: Vec<(usize, usize)>,
    columns: usize,
}

impl Moved {
    fn new(probe: &Probe, inputs: &[Input<f64>], first_destination: usize) -> Self {
        let active = (0..first_destination).filter(|&k| probe.active()[k]);
        let parameters: Vec<_> = active.map(|k| (k, floats(&inputs[k]).len())).collect();
        let columns = parameters.iter().map(|(_, count)| count).sum();
        Moved { parameters, columns }
    }

    /// The number of the first float of a parameter.
    fn first(&self, parameter: usize) -> Option<u32> {
        let before = self.parameters.iter().take_while(|(k, _)| *k < parameter).map(|(_, count)| count);
        let there = self.parameters.iter().any(|(k, _)| *k == parameter);
        there.then(|| before.sum::<usize>() as u32)
    }

    /// Slots of a forward derivative, along one float.
    fn slots(&self, probe: &Probe, inputs: &[Input<f64>], column: usize) -> Vec<Input<f64>> {
        let mut slots = inputs.to_vec();
        for (k, along) in probe.along.iter().enumerate() {
            let first = self.first(k).map(|first| first as usize);
            let mut at = 0;
            let unit = &mut |_| {
                at += 1;
                f64::from(u8::from(first.is_some_and(|first| first + at - 1 == column)))
            };
            slots.extend(along.as_ref().map(|x| mapped(x, unit)));
        }
        slots
    }

    fn known(&self, k: usize, input: &Input<f64>) -> Known {
        match input {
            Input::Scalar(Cell::F64(_) | Cell::F32(_)) => Known::Float(self.first(k)),
            Input::Scalar(cell) => Known::Scalar(cell.real()),
            Input::Array(array) => {
                let elements = match &array.data {
                    Data::F64(_) | Data::F32(_) => Elements::Floats(self.first(k)),
                    Data::I64(x) => Elements::Ints(x.clone()),
                    Data::Bool(x) => Elements::Bools(x.clone()),
                };
                Known::Array(array.dims.clone(), elements)
            }
        }
    }
}

/// What the reverse derivative of a function gives, of which a further derivative has tangents.
impl Moved {
    /// Tangents of adjoints, each with the number of its float.
    fn adjoints(&self, f: &Function, probe: &Probe, inputs: &[Input<f64>], tangents: &[f64]) -> Vec<(usize, f64)> {
        let active = |&k: &usize| probe.active()[k];
        let arrays: Vec<usize> = (0..f.params.len()).filter(active).filter(|&k| is_array(f, k)).collect();
        let scalars = (0..f.params.len()).filter(active).filter(|&k| !is_array(f, k));
        let mut numbers: Vec<Option<usize>> = vec![None; f.results.iter().filter(|ty| ty.is_float()).count()];
        numbers.extend(scalars.map(|k| self.first(k).map(|n| n as usize)));
        let written = arrays.iter().filter(|&&k| f.params[k].passing == Passing::Mut);
        numbers.extend(written.flat_map(|&k| vec![None; floats(&inputs[k]).len()]));
        for &k in &arrays {
            let first = self.first(k).map(|n| n as usize);
            numbers.extend((0..floats(&inputs[k]).len()).map(|i| first.map(|first| first + i)));
        }
        numbers.into_iter().zip(tangents).filter_map(|(number, &x)| Some((number?, x))).collect()
    }
}

fn fail(detail: String) -> Failure {
    Failure { relation: "sparse", detail }
}

/// A pattern; none if the analysis takes too long. That it stops where a run does not is a failure.
fn told(found: Result<Pattern, RunError>) -> Result<Option<Pattern>, Failure> {
    match found {
        Ok(pattern) => Ok(Some(pattern)),
        Err(RunError { trap: Trap::StepLimit | Trap::MemoryLimit, .. }) => Ok(None),
        Err(e) => Err(fail(format!("the analysis stops: {e}"))),
    }
}

/// Where the floats are that a derivative has tangents of: results, then `mut` arrays.
fn outputs(f: &Function, probe: &Probe) -> Vec<Output> {
    let results = (0..f.results.len()).filter(|&k| f.results[k].is_float()).map(Output::Result);
    let written = |&k: &usize| probe.active()[k] && is_array(f, k) && f.params[k].passing == Passing::Mut;
    results.chain((0..f.params.len()).filter(written).map(Output::Argument)).collect()
}

impl Subject<'_> {
    /// What is analysed; none if nothing moves.
    fn problem<'m>(
        &self,
        module: &'m Module,
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Option<(Moved, Problem<'m>, Options<'static>)> {
        let moved = Moved::new(probe, inputs, self.built.layout.ir_destination(0));
        let known = inputs.iter().enumerate().map(|(k, input)| moved.known(k, input)).collect();
        let problem = Problem { module, function: self.built.main, inputs: known, columns: moved.columns };
        let options = Options { limits: LIMITS, mutant: self.plan.bug.sparsity(), ..Options::default() };
        (moved.columns > 0).then_some((moved, problem, options))
    }

    /// Columns to look at. They are drawn apart from all else, so that other relations see the same as without this one.
    fn columns(&self, moved: &Moved) -> Vec<usize> {
        let mut rng = Rng::new(self.plan.seed, 2);
        (0..COLUMNS).map(|_| rng.below(moved.columns)).collect()
    }

    /// That columns of the Jacobian are zero where the pattern of this form of the function says so.
    pub(super) fn sparse(
        &mut self,
        module: &Module,
        d: &Derived,
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(), Failure> {
        let Some((moved, problem, options)) = self.problem(module, probe, inputs) else { return Ok(()) };
        let outputs = outputs(module.function(self.built.main), probe);
        let Some(pattern) = told(problem.jacobian(&outputs, &options))? else { return Ok(()) };
        for column in self.columns(&moved) {
            let run = self.interpret(&d.module, d.jvp, &moved.slots(probe, inputs, column), &MORE);
            let Ok(answer) = run else { return Ok(()) };
            let tangents = probe.derivative(&answer);
            if tangents.len() != pattern.rows() {
                return Err(fail(format!("{} tangents, {} rows", tangents.len(), pattern.rows())));
            }
            let here = |&(row, x): &(usize, &f64)| *x != 0.0 && x.is_finite() && !pattern.contains(row, column);
            if let Some((row, x)) = tangents.iter().enumerate().find(here) {
                return Err(fail(format!("output {row} by float {column} is {x:?}, and not in the pattern")));
            }
        }
        Ok(())
    }

    /// The same for the Hessian of a sum of all outputs with random weights: `d` is the derivative of the reverse derivative, at `all`.
    pub(super) fn sparse_second(
        &mut self,
        module: &Module,
        d: &Derived,
        [probe, outer]: [&Probe; 2],
        [inputs, all]: [&[Input<f64>]; 2],
    ) -> Result<(), Failure> {
        let Some((moved, problem, options)) = self.problem(module, probe, inputs) else { return Ok(()) };
        let f = module.function(self.built.main);
        let Some(pattern) = told(problem.hessian(&outputs(f, probe), &options))? else { return Ok(()) };
        for column in self.columns(&moved) {
            let run = self.interpret(&d.module, d.jvp, &moved.slots(outer, all, column), &MORE);
            let Ok(answer) = run else { return Ok(()) };
            let rows = moved.adjoints(f, probe, inputs, &outer.derivative(&answer));
            let wrong = rows.into_iter().find(|&(row, x)| x != 0.0 && x.is_finite() && !pattern.contains(row, column));
            if let Some((row, x)) = wrong {
                return Err(fail(format!("floats {row} and {column} meet in {x:?}, and not in the pattern")));
            }
        }
        Ok(())
    }
}
