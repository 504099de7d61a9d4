//! Loops that keep snapshots, against the same loops without.
//!
//! In: a function, a probe. Out: a failure unless both derivatives are the same with the program's `@checkpoint`s and with none; of a program that has none, with some put before its loops, or with a limit for
//! tapes, which makes one of every loop that saves. The same bit for bit (zeros of either sign being one), but where an optimisation of reverse mode changes the order of additions: then as [`super::levels`] has it.

use super::derivatives::Probe;
use super::{Failure, MORE, Subject, limited};
use crate::fuzz::call::{Run, zeros_alike};
use crate::fuzz::rng::Rng;
use adit_autodiff::Options;
use adit_interp::ir::Input;
use adit_ir::{Checkpoint, CheckpointKind, Inst, Int, Module, Op};

/// Of a hundred programs without checkpoints, how many get some.
const GIVEN: u64 = 12;

/// Limits for tapes, in bytes.
const TAPES: [u64; 5] = [0, 40, 200, 1000, 1 << 20];

impl Subject<'_> {
    /// With snapshots and without.
    pub(super) fn checkpoints(
        &mut self,
        module: &Module,
        probe: &Probe,
        inputs: &[Input<f64>],
        primal: &Run,
    ) -> Result<(), Failure> {
        let mut max_tape = None;
        let (mut with, mut without) = (module.clone(), module.clone());
        if has_checkpoints(module) {
            change(&mut without, &mut |_| None);
        } else if !self.rng.percent(GIVEN) {
            return Ok(());
        } else if self.rng.percent(35) {
            max_tape = Some(*self.rng.pick(&TAPES));
        } else {
            let rng = &mut self.rng;
            change(&mut with, &mut |_| some(rng));
            if !has_checkpoints(&with) {
                return Ok(());
            }
        }
        let opts = self.switches(2);
        let options = Options { opts, ..self.plan.bug.derivative() };
        let told =
            |f: Failure| Failure { relation: "checkpoints", detail: format!("{opts}: {} {}", f.relation, f.detail) };
        let main = self.built.main;
        let kept =
            super::derivatives::derive(&with, main, probe.active(), &Options { max_tape, ..options }).map_err(told)?;
        let plain = super::derivatives::derive(&without, main, probe.active(), &options).map_err(told)?;
        let names = ["without snapshots", "with"];
        let a = self.interpret(&plain.module, plain.vjp, &probe.reverse(inputs, 1.0), &MORE);
        let b = self.reverse(&kept, probe, inputs, primal).map_err(told)?;
        if limited(&a) || limited(&b) {
            return Ok(());
        }
        let bits = self.same("checkpoints", names, &zeros_alike(&a), &zeros_alike(&b));
        match (&a, &b) {
            (Ok(a), Ok(b)) if !opts.is_exact() => {
                let apart = self.apart(&plain, plain.vjp, (probe, &probe.reverse(inputs, 1.0)), [a, b]);
                let fail = |detail: String| told(Failure { relation: "", detail });
                apart.map_or(Ok(()), |apart| apart.map_err(fail))?;
            }
            (_, _) => bits.map_err(told)?,
        }
        let forward = [&plain, &kept].map(|d| self.interpret(&d.module, d.jvp, &probe.forward(inputs), &MORE));
        self.same("checkpoints", names, &forward[0], &forward[1]).map_err(told)?;
        if self.plan.native && self.rng.percent(15) {
            let clean = self.cleaned(&kept.module, kept.vjp);
            let options = self.rng.clone_options();
            self.native(&clean, kept.vjp, &probe.reverse(inputs, 1.0), &b, &MORE, &options).map_err(told)?;
        }
        self.report.checkpoints = true;
        Ok(())
    }
}

/// A checkpoint for two loops in three.
fn some(rng: &mut Rng) -> Option<Checkpoint> {
    let kind = *rng.pick(&[CheckpointKind::Every, CheckpointKind::Binomial, CheckpointKind::Budget]);
    let size = match kind {
        CheckpointKind::Every | CheckpointKind::Binomial => rng.between(1, 4),
        CheckpointKind::Budget => *rng.pick(&[1, 64, 200, 500, 5000]),
    };
    rng.percent(66).then_some(Checkpoint { kind, size: Int::Const(size) })
}

fn is_loop(op: &Op) -> bool {
    matches!(op, Op::For { reversed: false, .. } | Op::While { .. })
}

fn loops(module: &Module) -> Vec<(adit_ir::FuncId, Inst)> {
    let mut found = Vec::new();
    for id in module.ids() {
        let f = module.function(id);
        f.walk(&mut |inst| {
            if is_loop(&f.inst(inst).op) {
                found.push((id, inst));
            }
        });
    }
    found
}

fn has_checkpoints(module: &Module) -> bool {
    loops(module).iter().any(|&(id, inst)| module.function(id).inst(inst).op.checkpoint().is_some())
}

fn change(module: &mut Module, checkpoint: &mut dyn FnMut(Inst) -> Option<Checkpoint>) {
    for (id, inst) in loops(module) {
        module.function_mut(id).inst_mut(inst).op.set_checkpoint(checkpoint(inst));
    }
}
