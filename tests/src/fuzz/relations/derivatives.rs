//! First derivatives: forward, reverse, the complex step, each with each.
//!
//! Derivatives are taken of the function as lowered, whose calls all stay calls, and of the cleaned function, whose calls are mostly inlined, and cleaned once more: so that level 0 is checked by itself, and what
//! the compiler really runs too.

use super::numbers::{all, answer_floats, array_floats, complex, dot, far, mapped, random, tangents, wild};
use super::{Failure, MORE, Subject};
use crate::fuzz::call::{Answer, Run, active, is_array, run_ir};
use crate::fuzz::compile::verified;
use crate::fuzz::features::Feature;
use crate::fuzz::rng::Rng;
use adit_autodiff::{AdOpts, Options, Refusal, Reversal, jvp_with, saved, vjp_with};
use adit_interp::ir::{Cell, Input, Interpreter, Number};
use adit_ir::{FuncId, Function, Module, Passing, RunError, ScalarType, print_module};
use num_complex::Complex64;

/// A direction for each active parameter, and a seed for each float that comes out.
pub(super) struct Probe {
    active: Vec<bool>,
    /// By parameter.
    pub(super) along: Vec<Option<Input<f64>>>,
    /// By parameter: seeds for the last contents of active `mut` arrays.
    contents: Vec<Option<Input<f64>>>,
    /// For the results that are floats.
    seeds: Vec<Cell<f64>>,
    /// How many results the function has.
    results: usize,
    /// How many `mut` arrays it has.
    written: usize,
}

impl Probe {
    /// Random directions and seeds; nothing flows into destinations, which are zero at first.
    pub(super) fn new(f: &Function, inputs: &[Input<f64>], first_destination: usize, rng: &mut Rng) -> Self {
        let active = active(f);
        let mut along = Vec::new();
        let mut contents = Vec::new();
        for (k, input) in inputs.iter().enumerate() {
            let zero = |_| 0.0;
            along.push(
                active[k]
                    .then(|| if k < first_destination { random(input, rng) } else { mapped(input, &mut { zero }) }),
            );
            let written = active[k] && is_array(f, k) && f.params[k].passing == Passing::Mut;
            contents.push(written.then(|| random(input, rng)));
        }
        let seeds = f.results.iter().filter_map(|ty| match ty {
            ScalarType::F64 => Some(Cell::F64(rng.float(-1.0, 1.0))),
            ScalarType::F32 => Some(Cell::F32(rng.float(-1.0, 1.0).single())),
            ScalarType::I64 | ScalarType::Bool => None,
        });
        let seeds = seeds.collect();
        let written = f.params.iter().filter(|p| p.passing == Passing::Mut).count();
        Probe { active, along, contents, seeds, results: f.results.len(), written }
    }

    pub(super) fn active(&self) -> &[bool] {
        &self.active
    }

    /// Slots of `f__jvp`.
    pub(super) fn forward(&self, inputs: &[Input<f64>]) -> Vec<Input<f64>> {
        inputs.iter().chain(self.along.iter().flatten()).cloned().collect()
    }

    /// Slots of `f__vjp`, all seeds times a factor.
    pub(super) fn reverse(&self, inputs: &[Input<f64>], factor: f64) -> Vec<Input<f64>> {
        let mut slots = inputs.to_vec();
        for (k, input) in inputs.iter().enumerate() {
            if self.active[k] && matches!(input, Input::Array(_)) {
                let shadow = self.contents[k].as_ref();
                slots.push(match shadow {
                    Some(seed) => mapped(seed, &mut |x| factor * x),
                    None => mapped(input, &mut |_| 0.0),
                });
            }
        }
        slots.extend(self.seeds.iter().map(|s| mapped(&Input::Scalar(*s), &mut |x| factor * x)));
        slots
    }

    /// J ẋ by a run in complex numbers.
    pub(super) fn complex_step(&self, module: &Module, f: FuncId, inputs: &[Input<f64>]) -> Step {
        let mut slots: Vec<Input<Complex64>> =
            inputs.iter().zip(&self.along).map(|(x, t)| complex(x, t.as_ref())).collect();
        let Ok(outcome) = Interpreter::new(module, MORE).run_with(f, &mut slots, &mut |_| {}) else {
            return Step { tangents: None, near_kink: false };
        };
        let results = outcome.results.iter().filter_map(|c| match c {
            Cell::F64(z) | Cell::F32(z) => Some(*z),
            Cell::I64(_) | Cell::Bool(_) => None,
        });
        let mut numbers: Vec<Complex64> = results.collect();
        for (slot, written) in slots.iter().zip(&self.contents) {
            if let (Input::Array(a), Some(_)) = (slot, written) {
                numbers.extend(array_floats(a));
            }
        }
        Step { tangents: Some(tangents(&numbers)), near_kink: outcome.nearest_kink < 1e-6 }
    }

    /// The part of a derivative's answer that is the primal's.
    pub(super) fn primal(&self, answer: &Answer) -> Answer {
        Answer {
            results: answer.results[..self.results].to_vec(),
            arrays: answer.arrays[..self.written].to_vec(),
            lines: answer.lines.clone(),
        }
    }

    /// J ẋ: tangents of results, then of active `mut` arrays; or x̄: adjoints of active scalars, then of active arrays.
    pub(super) fn derivative(&self, answer: &Answer) -> Vec<f64> {
        all(&answer.results[self.results..], &answer.arrays[self.written..])
    }

    /// ẋ in the order of x̄.
    fn direction(&self) -> Vec<f64> {
        let along = || self.along.iter().flatten();
        let scalars = along().filter_map(|slot| match slot {
            Input::Scalar(Cell::F64(x) | Cell::F32(x)) => Some(*x),
            Input::Scalar(_) | Input::Array(_) => None,
        });
        let arrays = along().flat_map(|slot| match slot {
            Input::Array(a) => array_floats(a),
            Input::Scalar(_) => Vec::new(),
        });
        scalars.chain(arrays).collect()
    }

    /// ȳ in the order of ẏ.
    fn cotangent(&self) -> Vec<f64> {
        let contents = self.contents.iter().flatten().flat_map(super::numbers::floats);
        let seeds = self.seeds.iter().flat_map(|s| super::numbers::floats(&Input::Scalar(*s)));
        seeds.chain(contents).collect()
    }

    /// Whether ⟨ȳ, J ẋ⟩ and ⟨x̄, ẋ⟩ differ.
    pub(super) fn products_differ(&self, forward: &Answer, reverse: &Answer, tolerance: f64) -> Option<String> {
        let (y, y_size) = dot(&self.cotangent(), &self.derivative(forward));
        let (x, x_size) = dot(&self.derivative(reverse), &self.direction());
        let far = (y - x).is_nan() || (y - x).abs() > tolerance * (1.0 + y_size + x_size);
        far.then(|| {
            format!(
                "⟨ȳ, J ẋ⟩ = {y:?}, ⟨Jᵀ ȳ, ẋ⟩ = {x:?}; tangents {:?}, adjoints {:?}",
                self.derivative(forward),
                self.derivative(reverse)
            )
        })
    }
}

/// What a run in complex numbers gave.
pub(super) struct Step {
    /// None if it stopped: where tangents are beyond all bounds, they change values.
    tangents: Option<Vec<f64>>,
    near_kink: bool,
}

/// A module with derivatives in it.
pub(super) struct Derived {
    pub(super) module: Module,
    pub(super) jvp: FuncId,
    pub(super) vjp: FuncId,
}

/// Relative tolerance of everything that is not bit for bit.
pub(super) const CLOSE: f64 = 1e-9;

/// The same where numbers of 32 bits are among them.
const CLOSE_SINGLE: f64 = 2e-4;

/// Where larger numbers of 32 bits are added, nothing is left to compare.
pub(super) const DROWNED_SINGLE: f64 = 300.0;

impl Subject<'_> {
    /// Whether there are numbers of 32 bits.
    pub(super) fn single(&self) -> bool {
        self.case.features.has(Feature::Single)
    }

    /// The relative tolerance of everything that is not bit for bit.
    pub(super) fn close(&self) -> f64 {
        if self.single() { CLOSE_SINGLE } else { CLOSE }
    }

    pub(super) fn derivatives(&mut self, inputs: &[Input<f64>]) -> Result<(), Failure> {
        let main = self.built.main;
        let f = self.built.plain.function(main);
        let first_destination = self.built.layout.ir_destination(0);
        let probe = Probe::new(f, inputs, first_destination, &mut self.rng);
        if !probe.active.iter().any(|&a| a) {
            return Ok(());
        }
        let primal = self.interpret(&self.built.plain, main, inputs, &MORE);
        let clean = self.cleaned(&self.built.plain, main);
        let opts = self.switches(0);
        let level_0 = self.derive(&self.built.plain, main, probe.active(), AdOpts::NONE)?;
        let mut best = self.derive(&clean, main, probe.active(), opts)?;

        let forward_0 = self.forward(&level_0, &probe, inputs, &primal)?;
        let reverse_0 = self.reverse(&level_0, &probe, inputs, &primal)?;
        let forward_1 = self.forward(&best, &probe, inputs, &primal)?;
        let reverse_1 = self.reverse(&best, &probe, inputs, &primal)?;
        self.levels(&clean, (opts, &reverse_1), &probe, inputs)?;
        self.checkpoints(&clean, &probe, inputs, &primal)?;
        self.in_place(&clean, &probe)?;
        // As the compiler does: what has rules may be inlined now.
        best.module.forget_rules();
        for id in [best.jvp, best.vjp] {
            best.module = self.cleaned(&best.module, id);
        }
        let fail = |detail: String| Failure { relation: "passes", detail };
        verified(&best.module).map_err(|e| fail(format!("cleaned derivatives: {e}")))?;
        if self.rng.percent(35) {
            self.text(&best.module)?;
        }
        let forward_2 = self.forward(&best, &probe, inputs, &primal)?;
        let reverse_2 = self.reverse(&best, &probe, inputs, &primal)?;
        self.same("passes", ["jvp", "cleaned jvp"], &forward_1, &forward_2)?;
        self.same("passes", ["vjp", "cleaned vjp"], &reverse_1, &reverse_2)?;
        if self.plan.native {
            self.native_derivatives(
                &level_0,
                &best,
                &probe,
                inputs,
                [&forward_0, &forward_2],
                [&reverse_0, &reverse_2],
            )?;
        }
        if self.rng.percent(50) {
            let whole = if self.rng.percent(50) { &clean } else { &self.built.plain }.clone();
            self.lanes(&whole, main, &probe, inputs)?;
        }
        let (Ok(value), Ok(forward_0), Ok(forward_2)) = (&primal, &forward_0, &forward_2) else { return Ok(()) };
        let whole = if self.plan.seed.is_multiple_of(2) { clean.clone() } else { self.built.plain.clone() };
        self.sparse(&whole, &level_0, &probe, inputs)?;
        let compared = self.compare(&probe, inputs, value, [forward_0, forward_2], [&reverse_0, &reverse_2]);
        self.unless_drowned(&level_0, &probe, inputs, compared)?;
        if self.plan.second && self.report.first {
            let inner = if self.rng.percent(50) { &level_0 } else { &best };
            self.second(inner, &clean, &probe, inputs)?;
        }
        Ok(())
    }

    /// Of one program in eight, whether a loop is reversed iteration by iteration: counted, not checked.
    fn in_place(&mut self, clean: &Module, probe: &Probe) -> Result<(), Failure> {
        if !self.plan.seed.is_multiple_of(8) {
            return Ok(());
        }
        let report = saved(clean, self.built.main, probe.active(), &self.plan.bug.derivative());
        let report = report.map_err(|r| Failure { relation: "derives", detail: r.to_diagnostic().to_string() })?;
        self.report.loops_seen = true;
        self.report.in_place = report.loops.iter().any(|l| !matches!(l.how, Reversal::Whole(_)));
        self.report.again = report.loops.iter().any(|l| l.how == Reversal::Again);
        Ok(())
    }

    /// Both derivatives of a function.
    pub(super) fn derive(&self, module: &Module, f: FuncId, active: &[bool], opts: AdOpts) -> Result<Derived, Failure> {
        derive(module, f, active, &Options { opts, ..self.plan.bug.derivative() })
    }

    /// The reverse derivative of a function alone.
    pub(super) fn derive_reverse(
        &self,
        module: &Module,
        f: FuncId,
        probe: &Probe,
        opts: AdOpts,
    ) -> Result<Derived, Failure> {
        let fail = |detail: String| Failure { relation: "derives", detail };
        let mut module = module.clone();
        let options = Options { opts, ..self.plan.bug.derivative() };
        let vjp =
            vjp_with(&mut module, f, probe.active(), &options).map_err(|r| fail(r.to_diagnostic().to_string()))?;
        verified(&module).map_err(fail)?;
        Ok(Derived { module, jvp: vjp, vjp })
    }

    fn forward(&self, d: &Derived, probe: &Probe, inputs: &[Input<f64>], primal: &Run) -> Result<Run, Failure> {
        let run = self.interpret(&d.module, d.jvp, &probe.forward(inputs), &MORE);
        self.keeps_primal("jvp", probe, primal, &run, d)?;
        Ok(run)
    }

    pub(super) fn reverse(
        &self,
        d: &Derived,
        probe: &Probe,
        inputs: &[Input<f64>],
        primal: &Run,
    ) -> Result<Run, Failure> {
        let id = d.vjp;
        let interpreter = Interpreter::new(&d.module, MORE);
        let f = d.module.function(id);
        let run = run_ir(&interpreter, f, id, &probe.reverse(inputs, 1.0));
        if let Ok((_, outcome)) = &run
            && outcome.records_left > 0
        {
            let detail = format!("{} records are left\n{}", outcome.records_left, print_module(&d.module));
            return Err(Failure { relation: "tapes", detail });
        }
        let run = run.map(|(answer, _)| answer);
        self.keeps_primal("vjp", probe, primal, &run, d)?;
        if let Ok(answer) = &run {
            self.linear(&interpreter, f, id, probe, inputs, answer)?;
        }
        Ok(run)
    }

    /// That a derivative computes the same values, prints the same lines, and stops at the same place.
    fn keeps_primal(&self, name: &str, probe: &Probe, primal: &Run, run: &Run, d: &Derived) -> Result<(), Failure> {
        let found = match run {
            Ok(answer) => Ok(probe.primal(answer)),
            Err(e) => Err(e.clone()),
        };
        let held = self.same("primal", ["the primal", name], primal, &found);
        held.map_err(|f| Failure { detail: format!("{}\n{}", f.detail, print_module(&d.module)), ..f })
    }

    /// That reverse mode is linear in its seeds: exactly, for factors 0 and 2.
    fn linear(
        &self,
        interpreter: &Interpreter<'_>,
        f: &Function,
        id: FuncId,
        probe: &Probe,
        inputs: &[Input<f64>],
        once: &Answer,
    ) -> Result<(), Failure> {
        let fail = |detail: String| Failure { relation: "linear", detail };
        let run = |factor: f64| {
            let run = run_ir(interpreter, f, id, &probe.reverse(inputs, factor));
            run.map(|(answer, _)| probe.derivative(&answer))
                .map_err(|e: RunError| fail(format!("seed times {factor}: {e}")))
        };
        // What a rule multiplies is the rule's own affair: 0 · NaN is NaN there.
        let ruled = self.case.features.has(Feature::JvpRule) || self.case.features.has(Feature::VjpRule);
        if ruled && probe.derivative(once).iter().any(|x| !x.is_finite()) {
            return Ok(());
        }
        if let Some(x) = run(0.0)?.into_iter().find(|x| *x != 0.0) {
            return Err(fail(format!("seeds of zero give {x:?}")));
        }
        let once = probe.derivative(once);
        let range = if self.single() { 1e30 } else { 1e280 };
        let tame = |x: f64| x == 0.0 || x.abs() > 1.0 / range && x.abs() < range;
        for (x, twice) in once.iter().zip(run(2.0)?) {
            if tame(*x) && 2.0 * x != twice {
                return Err(fail(format!("{x:?} doubles to {twice:?}")));
            }
        }
        Ok(())
    }

    fn native_derivatives(
        &mut self,
        level_0: &Derived,
        best: &Derived,
        probe: &Probe,
        inputs: &[Input<f64>],
        forward: [&Run; 2],
        reverse: [&Run; 2],
    ) -> Result<(), Failure> {
        let level_0_too = self.rng.percent(10);
        for (d, forward, reverse, wanted) in
            [(best, forward[1], reverse[1], true), (level_0, forward[0], reverse[0], level_0_too)]
        {
            if !wanted {
                continue;
            }
            let options = self.rng.clone_options();
            // Compiling takes most of the time: forward mode, the simpler, is compiled for some programs only.
            if self.rng.percent(40) {
                self.native(&d.module, d.jvp, &probe.forward(inputs), forward, &MORE, &options)?;
            }
            self.native(&d.module, d.vjp, &probe.reverse(inputs, 1.0), reverse, &MORE, &options)?;
        }
        Ok(())
    }

    /// Excuses a difference where numbers on the way were so large that their rounding is one: they may cancel in one mode and not in the other.
    pub(super) fn unless_drowned(
        &mut self,
        d: &Derived,
        probe: &Probe,
        inputs: &[Input<f64>],
        compared: Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Err(failure) = compared else { return Ok(()) };
        let forward = self.largest(d, d.jvp, &probe.forward(inputs));
        let reverse = self.largest(d, d.vjp, &probe.reverse(inputs, 1.0));
        let drowned = wild(&[forward, reverse]) || self.single() && forward.max(reverse) > DROWNED_SINGLE;
        self.report.wild |= drowned;
        if drowned { Ok(()) } else { Err(failure) }
    }

    /// Where a derivative is not the complex step's, unless the oracle itself is to blame.
    pub(super) fn far_from_step(&mut self, step: &Step, derivative: &[f64], tolerance: f64) -> Option<String> {
        let Some(tangents) = &step.tangents else {
            self.report.wild = true;
            return None;
        };
        let far = far(tangents, derivative, tolerance)?;
        // A NaN whose cotangent is zero is nothing to the program, by strong zero, but may be to the oracle.
        self.report.near_kink |= step.near_kink;
        self.report.wild |= wild(tangents);
        (!step.near_kink && !wild(tangents)).then_some(far)
    }

    /// Tangents with the complex step, tangents with adjoints.
    fn compare(
        &mut self,
        probe: &Probe,
        inputs: &[Input<f64>],
        value: &Answer,
        forward: [&Answer; 2],
        reverse: [&Run; 2],
    ) -> Result<(), Failure> {
        let main = self.built.main;
        let numbers = [answer_floats(value), probe.derivative(forward[0]), probe.derivative(forward[1])];
        if numbers.iter().any(|n| wild(n)) {
            self.report.wild = true;
            return Ok(());
        }
        let step = probe.complex_step(&self.built.plain, main, inputs);
        for (name, forward) in ["jvp", "cleaned jvp"].into_iter().zip(forward) {
            if let Some(far) = self.far_from_step(&step, &probe.derivative(forward), self.close()) {
                return Err(Failure {
                    relation: "complex step",
                    detail: format!("the complex step and {name}: {far}"),
                });
            }
        }
        for (forward, reverse) in forward.into_iter().zip(reverse) {
            let Ok(reverse) = reverse else { continue };
            if wild(&probe.derivative(reverse)) {
                self.report.wild = true;
            } else if let Some(detail) = probe.products_differ(forward, reverse, self.close()) {
                return Err(Failure { relation: "inner product", detail });
            }
        }
        self.report.first = true;
        Ok(())
    }
}

/// Both derivatives of a function, perhaps with a seeded bug.
///
/// # Errors
/// If a derivative breaks a rule of the IR, or is refused.
pub(super) fn derive(module: &Module, f: FuncId, active: &[bool], options: &Options) -> Result<Derived, Failure> {
    let fail = |detail: String| Failure { relation: "derives", detail };
    let mut module = module.clone();
    let refused = |r: Refusal| fail(r.to_diagnostic().to_string());
    let jvp = jvp_with(&mut module, f, active, options).map_err(refused)?;
    let vjp = vjp_with(&mut module, f, active, options).map_err(refused)?;
    verified(&module).map_err(fail)?;
    Ok(Derived { module, jvp, vjp })
}
