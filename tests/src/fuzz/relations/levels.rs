//! Optimised reverse mode against level 0, to second order.
//!
//! In: a function, a set of optimisations, a probe. Out: a failure unless derivatives are those of level 0: bit for bit where the set keeps the order of additions, else but for 1e-12 relative, times the condition
//! of the computation: the largest number that level 0 met, over the largest that it gives. What was compared is counted in the [report](super::Report).

use super::derivatives::{Derived, Probe};
use super::numbers::wild;
use super::{Failure, MORE, Subject, limited};
use crate::fuzz::call::{Answer, Run, run_ir};
use adit_autodiff::{AdOpt, AdOpts};
use adit_interp::ir::{Input, Interpreter};
use adit_ir::{FuncId, Module};

use super::derivatives::CLOSE;
use crate::fuzz::rng::Rng;

/// How far numbers may be apart, relative to the largest on the way.
const LEVEL: f64 = 1e-12;

impl Subject<'_> {
    /// Some optimisations of reverse mode, all of them for every other program.
    pub(super) fn switches(&self, stream: u64) -> AdOpts {
        let mut rng = Rng::new(self.plan.seed, 0x5e7 + stream);
        if rng.percent(50) {
            return AdOpts::ALL;
        }
        AdOpt::ALL.iter().fold(AdOpts::NONE, |set, &opt| if rng.percent(50) { set.with(opt) } else { set })
    }

    /// First order: what was computed with these optimisations, and what all of them give.
    pub(super) fn levels(
        &mut self,
        module: &Module,
        (opts, optimised): (AdOpts, &Run),
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(), Failure> {
        let main = self.built.main;
        let plain = self.derive_reverse(module, main, probe, AdOpts::NONE)?;
        let slots = probe.reverse(inputs, 1.0);
        let level_0 = self.interpret(&plain.module, plain.vjp, &slots, &MORE);
        self.level(&plain, probe, inputs, &level_0, (opts, optimised))?;
        let cleaned = self.cleaned(&plain.module, plain.vjp);
        self.rounds(&cleaned, plain.vjp, (&slots, &level_0), &MORE)?;
        self.in_stages(&cleaned, plain.vjp, &slots, &MORE)?;
        if opts != AdOpts::ALL {
            let all = self.derive_reverse(module, main, probe, AdOpts::ALL)?;
            let run = self.interpret(&all.module, all.vjp, &slots, &MORE);
            self.level(&plain, probe, inputs, &level_0, (AdOpts::ALL, &run))?;
            let cleaned = self.cleaned(&all.module, all.vjp);
            self.in_stages(&cleaned, all.vjp, &slots, &MORE)?;
        }
        Ok(())
    }

    fn level(
        &mut self,
        plain: &Derived,
        probe: &Probe,
        inputs: &[Input<f64>],
        level_0: &Run,
        (opts, optimised): (AdOpts, &Run),
    ) -> Result<(), Failure> {
        if limited(level_0) || limited(optimised) {
            return Ok(());
        }
        let bits = self.same("levels", ["level 0", &opts.to_string()], level_0, optimised);
        let (Ok(a), Ok(b)) = (level_0, optimised) else { return bits };
        if bits.is_err() {
            if opts.is_exact() {
                return bits;
            }
            let Some(apart) = self.apart(plain, plain.vjp, (probe, &probe.reverse(inputs, 1.0)), [a, b]) else {
                return Ok(());
            };
            apart.map_err(|detail| Failure { relation: "levels", detail: format!("level 0 and {opts}: {detail}") })?;
        }
        self.report.levels += 1;
        Ok(())
    }

    /// Second order: both derivatives of the reverse derivative, each made with optimisations and without.
    pub(super) fn levels_of_second(
        &mut self,
        module: &Module,
        probe: &Probe,
        outer: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(), Failure> {
        let sets = [[AdOpts::NONE; 2], [self.switches(0), self.switches(1)]];
        let mut made = Vec::new();
        for [first, second] in sets {
            let once = self.derive_reverse(module, self.built.main, probe, first)?;
            let twice = self.derive(&once.module, once.vjp, outer.active(), second);
            made.push(twice.map_err(|f| Failure { relation: "levels", ..f })?);
        }
        let [plain, optimised] = &made[..] else { return Ok(()) };
        let slots =
            [(plain.jvp, optimised.jvp, outer.forward(inputs)), (plain.vjp, optimised.vjp, outer.reverse(inputs, 1.0))];
        for (a, b, slots) in &slots {
            let x = self.interpret(&plain.module, *a, slots, &MORE);
            let y = self.interpret(&optimised.module, *b, slots, &MORE);
            if limited(&x) || limited(&y) {
                return Ok(());
            }
            let (Ok(x), Ok(y)) = (&x, &y) else { return self.same("levels", ["level 0", "optimised"], &x, &y) };
            let Some(apart) = self.apart(plain, *a, (outer, slots), [x, y]) else { return Ok(()) };
            let [first, second] = sets[1];
            apart.map_err(|detail| Failure {
                relation: "levels",
                detail: format!("second order, level 0 and {first}, then {second}: {detail}"),
            })?;
        }
        self.report.levels_second += 1;
        Ok(())
    }

    /// Whether two derivatives are too far apart; nothing if they are too large to tell.
    pub(super) fn apart(
        &self,
        level_0: &Derived,
        id: FuncId,
        (probe, slots): (&Probe, &[Input<f64>]),
        [a, b]: [&Answer; 2],
    ) -> Option<Result<(), String>> {
        let (a, b) = (probe.derivative(a), probe.derivative(b));
        if wild(&a) {
            return None;
        }
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
        if a.iter().zip(&b).all(same) {
            return Some(Ok(()));
        }
        let on_the_way = self.largest(level_0, id, slots);
        let largest = a.iter().fold(on_the_way, |largest, x| largest.max(x.abs()));
        let tolerance = LEVEL * (self.close() / CLOSE) * largest;
        let far = |(a, b): (&f64, &f64)| (a - b).is_nan() || (a - b).abs() > tolerance;
        let at = a.iter().zip(&b).position(far);
        Some(at.map_or(Ok(()), |at| {
            Err(format!("entry {at}: {:?} and {:?}, which may differ by {tolerance:e}", a[at], b[at]))
        }))
    }

    /// The largest number on the way.
    pub(super) fn largest(&self, d: &Derived, id: FuncId, inputs: &[Input<f64>]) -> f64 {
        let interpreter = Interpreter::new(&d.module, MORE);
        run_ir(&interpreter, d.module.function(id), id, inputs).map_or(0.0, |(_, outcome)| outcome.largest)
    }
}
