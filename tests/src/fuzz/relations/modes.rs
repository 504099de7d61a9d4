//! Derivatives within a program, in every mode, and by the typed tree.
//!
//! In: a program that contains derivatives. Out: a failure unless it gives the same numbers, and the same first derivatives, when each of them is taken forward, in reverse, and as the compiler chooses, of
//! functions that were cleaned before; and the same numbers where the tree is interpreted, which has a way of its own to differentiate. These are sums in another order: the same but for rounding, and not at all where a branch hangs on the last digit.

use super::derivatives::{DROWNED_SINGLE, Probe};
use super::numbers::{answer_floats, far, wild};
use super::{Failure, MORE, Subject, limited};
use crate::fuzz::call::{Answer, run_ir, run_tree};
use crate::fuzz::compile::{Built, Clean, build, verified};
use crate::fuzz::features::Feature;
use crate::fuzz::generate::MAIN;
use crate::fuzz::node::{Node, Sort};
use adit_autodiff::vjp_with;
use adit_interp::ir::{Input, Interpreter, Outcome};
use adit_ir::{Limits, RunError, Scalar, Trap};

/// What stands in place of every mode, and what to call it.
const MODES: [(Option<&str>, &str); 3] =
    [(None, "modes as they are"), (Some(", forward"), "forward"), (Some(", reverse"), "reverse")];

/// Relative tolerance: derivatives within are sums of terms that may cancel.
const CLOSE: f64 = 1e-7;

/// The tree runs a function once for each direction.
const TREE: Limits = Limits { steps: Some(100_000), ..MORE };

/// Distances to a kink below this excuse a difference.
const NEAR: f64 = 1e-6;

/// The same for numbers of 32 bits.
const NEAR_SINGLE: f64 = 1e-4;

impl Subject<'_> {
    /// Values, and perhaps first derivatives.
    pub(super) fn modes(&mut self, inputs: &[Input<f64>]) -> Result<(), Failure> {
        if !self.case.features.has(Feature::Derivative) {
            return Ok(());
        }
        let gradients = self.rng.percent(40);
        let probe = Probe::new(self.built.plain.function(self.built.main), inputs, usize::MAX, &mut self.rng);
        let program = &self.case.program;
        let bare = program.mentions("@checkpoint").then(|| (program.with(&Sort::Kept, ""), "without snapshots"));
        let with = |(mode, name)| (mode_or(program, mode), name);
        for (program, name) in MODES.into_iter().map(with).chain(bare) {
            let fail = |detail: String| Failure { relation: "modes", detail: format!("{name}: {detail}") };
            let other = build(&program.source(), MAIN, Clean::Each, self.plan.bug).map_err(fail)?;
            if let Some(detail) = self.unlike(&other, inputs).map_err(fail)? {
                return Err(fail(detail));
            }
            if gradients && let Some(detail) = self.unlike_gradient(&other, &probe, inputs).map_err(fail)? {
                return Err(fail(format!("of the derivative, {detail}")));
            }
        }
        self.report.modes = true;
        Ok(())
    }

    /// The typed tree, whose derivatives are made of numbers that move, and the IR.
    pub(super) fn tree_differentiates(&mut self, inputs: &[Input<f64>]) -> Result<(), Failure> {
        let tree = run_tree(&self.built, &self.case.args, &TREE);
        let interpreter = Interpreter::new(&self.built.plain, MORE);
        let ir = run_ir(&interpreter, self.built.plain.function(self.built.main), self.built.main, inputs);
        self.report.tree |= tree.is_ok() && ir.is_ok();
        match self.told(tree.map(|answer| (answer, None)), ir.map(|(answer, outcome)| (answer, Some(outcome)))) {
            Some(detail) => Err(Failure { relation: "tree differentiates", detail }),
            None => Ok(()),
        }
    }

    fn unlike(&mut self, other: &Built, inputs: &[Input<f64>]) -> Result<Option<String>, String> {
        self.differ([&self.built.plain.clone(), &other.plain], [self.built.main, other.main], inputs)
    }

    fn unlike_gradient(
        &mut self,
        other: &Built,
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<Option<String>, String> {
        let mut modules = [self.built.plain.clone(), self.cleaned(&other.plain, other.main)];
        let mut ids = [self.built.main, other.main];
        for (module, id) in modules.iter_mut().zip(&mut ids) {
            *id = vjp_with(module, *id, probe.active(), &self.plan.bug.derivative())
                .map_err(|r| r.to_diagnostic().to_string())?;
            verified(module)?;
        }
        let [a, b] = &modules;
        self.differ([a, b], ids, &probe.reverse(inputs, 1.0))
    }

    /// How two functions differ, unless that is excused.
    fn differ(
        &mut self,
        [a, b]: [&adit_ir::Module; 2],
        [f, g]: [adit_ir::FuncId; 2],
        inputs: &[Input<f64>],
    ) -> Result<Option<String>, String> {
        let (left, right) = (Interpreter::new(a, MORE), Interpreter::new(b, MORE));
        let x = run_ir(&left, a.function(f), f, inputs);
        let y = run_ir(&right, b.function(g), g, inputs);
        let with = |(answer, outcome)| (answer, Some(outcome));
        Ok(self.told(x.map(with), y.map(with)))
    }

    /// How two runs differ, unless that is excused.
    fn told(&mut self, x: Ran, y: Ran) -> Option<String> {
        let (x, y) = match (x, y) {
            (Ok(x), Ok(y)) => (x, y),
            (Err(x), Err(y)) if x.trap.code() == y.trap.code() => return None,
            (x, y) => {
                // What is NaN in one mode and 0 in the other may stop only one of them, where it becomes an integer.
                let not_finite = |ran: &Ran| match ran {
                    Ok((_, outcome)) => outcome.as_ref().is_some_and(|o| o.not_finite),
                    Err(e) => e.trap == Trap::FloatToInt,
                };
                let not_finite = not_finite(&x) || not_finite(&y);
                let (x, y) = (x.map(|(a, _)| a), y.map(|(a, _)| a));
                // Forward mode does not run a function that has no directions.
                let empty = self.case.sizes.values().any(|&size| size == 0);
                let excused = not_finite || empty || limited(&x) || limited(&y);
                return (!excused).then(|| format!("{x:?} and {y:?}"));
            }
        };
        let (close, near) = if self.single() { (10.0 * self.close(), NEAR_SINGLE) } else { (CLOSE, NEAR) };
        let detail = unlike(&x.0, &y.0, close)?;
        let outcomes: Vec<&Outcome<f64>> = x.1.iter().chain(&y.1).collect();
        let largest = outcomes.iter().fold(0.0_f64, |most, o| most.max(o.largest));
        let wild_answers = [wild(&answer_floats(&x.0)), wild(&answer_floats(&y.0))];
        let drowned = wild(&[largest])
            || self.single() && largest > DROWNED_SINGLE
            || wild_answers == [true, true]
            // An infinite cotangent that meets a partial of 0 is NaN, a tangent of 0 that meets an infinite partial is 0; which of them it was may show in a branch alone.
            || outcomes.iter().any(|o| o.not_finite);
        let near_kink = outcomes.iter().any(|o| o.nearest_kink < near);
        self.report.wild |= drowned;
        self.report.near_kink |= near_kink;
        (!drowned && !near_kink).then_some(detail)
    }
}

/// A program with this in place of every mode.
fn mode_or(program: &Node, mode: Option<&str>) -> Node {
    mode.map_or_else(|| program.clone(), |mode| program.with(&Sort::Mode, mode))
}

/// What a run gave, and what the interpreter of the IR likes to tell.
type Ran = Result<(Answer, Option<Outcome<f64>>), RunError>;

/// Where two answers are not close.
fn unlike(a: &Answer, b: &Answer, close: f64) -> Option<String> {
    let others = |answer: &Answer| {
        let results = answer.results.iter().filter(|s| matches!(s, Scalar::I64(_) | Scalar::Bool(_)));
        results.copied().collect::<Vec<_>>()
    };
    if others(a) != others(b) {
        return Some(format!("{:?} and {:?}", a.results, b.results));
    }
    far(&answer_floats(a), &answer_floats(b), close)
}
