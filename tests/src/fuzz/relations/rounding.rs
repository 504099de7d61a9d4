//! What finishing rounds otherwise, against what it came from.
//!
//! In: a function, its arguments, how it ran. Out: a failure unless it runs alike with all passes of [`adit_opt::FINISH`], those of [`adit_opt::INEXACT`] too: numbers apart by no more than 1e-12, times the largest on the way. Where the function itself takes
//! another course if its arguments change by the last digit, nothing is said. What was compared is counted in the [report](super::Report).

use super::derivatives::CLOSE;
use super::numbers::{answer_floats, mapped, wild};
use super::{Failure, Subject, limited};
use crate::fuzz::call::{Answer, Run, run_ir};
use crate::fuzz::compile::verified;
use adit_interp::ir::{Input, Interpreter};
use adit_ir::{FuncId, Limits, Module, print_module};

/// How far numbers may be apart, relative to the largest on the way.
const APART: f64 = 1e-12;

/// Arguments change by so little to see whether a function jumps.
const LITTLE: f64 = 1e-14;

impl Subject<'_> {
    /// That a function that ran so runs alike when it is finished.
    pub(super) fn rounds(
        &mut self,
        module: &Module,
        id: FuncId,
        (inputs, expected): (&[Input<f64>], &Run),
        limits: &Limits,
    ) -> Result<(), Failure> {
        let options = adit_opt::Options { inexact: true, ..self.plan.bug.optimiser() };
        let Some(finished) = adit_opt::finish_all(module, id, options) else { return Ok(()) };
        let fail = |detail: String| Failure { relation: "rounding", detail };
        verified(&finished).map_err(fail)?;
        let run = self.interpret(&finished, id, inputs, limits);
        if limited(&run) || limited(expected) {
            return Ok(());
        }
        let bits = self.same("rounding", ["as it was", "finished"], expected, &run);
        let Err(failure) = bits else { return Ok(()) };
        let tolerance = APART * (self.close() / CLOSE) * self.largest_of(module, id, inputs, limits);
        let told = |detail: String| {
            format!("{detail}\nbefore:\n{}\nafter:\n{}", print_module(module), print_module(&finished))
        };
        match (expected, &run) {
            (Ok(a), Ok(b)) if near(a, b, tolerance) => self.report.rounded += 1,
            (Ok(a), _) if wild(&answer_floats(a)) => {}
            _ if self.jumps(module, id, (inputs, expected), limits, tolerance) => {}
            _ => return Err(fail(told(failure.detail))),
        }
        Ok(())
    }

    fn largest_of(&self, module: &Module, id: FuncId, inputs: &[Input<f64>], limits: &Limits) -> f64 {
        let interpreter = Interpreter::new(module, *limits);
        let run = run_ir(&interpreter, module.function(id), id, inputs);
        run.map_or(0.0, |(_, outcome)| outcome.largest.max(f64::MIN_POSITIVE))
    }

    /// Whether a function ends otherwise when its arguments change by little.
    fn jumps(
        &self,
        module: &Module,
        id: FuncId,
        (inputs, expected): (&[Input<f64>], &Run),
        limits: &Limits,
        tolerance: f64,
    ) -> bool {
        [1.0 - LITTLE, 1.0 + LITTLE].into_iter().any(|factor| {
            let moved: Vec<Input<f64>> = inputs.iter().map(|slot| mapped(slot, &mut |x| x * factor)).collect();
            match (expected, &self.interpret(module, id, &moved, limits)) {
                (Ok(a), Ok(b)) => !near(a, b, tolerance),
                (a, b) => self.same("rounding", ["as it was", "moved"], a, b).is_err(),
            }
        })
    }
}

/// Whether two answers are of the same floats, but for so much.
fn near(a: &Answer, b: &Answer, tolerance: f64) -> bool {
    let (x, y) = (answer_floats(a), answer_floats(b));
    let close =
        |(x, y): (&f64, &f64)| x.to_bits() == y.to_bits() || (x - y).abs() <= tolerance || x.is_nan() && y.is_nan();
    x.len() == y.len() && x.iter().zip(&y).all(close)
}
