//! Loops in stages, against the loops.
//!
//! In: a function and its arguments. Out: a failure unless it runs alike, bit for bit, with every loop split that can be, in blocks of a few iterations: as if products, quotients and all that is called had functions of slices, and some operations no
//! vectors. What was compared is counted in the [report](super::Report).

use super::{Failure, Subject, limited, reachable};
use crate::fuzz::compile::verified;
use adit_interp::ir::Input;
use adit_ir::bounds::Facts;
use adit_ir::loops::Form;
use adit_ir::prim::{Code, Native};
use adit_ir::{FuncId, Function, Limits, Module, Op, print_module};
use adit_opt::{Fission, Options, fission};

/// Iterations of a block: more than one, and less than loops of random programs have.
const BLOCKS: [i64; 2] = [2, 3];

/// What is done by functions of slices, for all that loops in stages know.
fn form(_: &Function, _: &Facts<'_>, op: &Op) -> Form {
    let Op::Prim { prim, .. } = op else { return Form::Lanes };
    match prim.row().code {
        Code::Call | Code::Native(Native::FMul | Native::FSmul | Native::FDiv) => Form::Kernel,
        Code::Native(Native::IMul | Native::IMin | Native::FToI) => Form::None,
        Code::Native(_) => Form::Lanes,
    }
}

impl Subject<'_> {
    /// That a function runs alike in stages.
    pub(super) fn in_stages(
        &mut self,
        module: &Module,
        id: FuncId,
        inputs: &[Input<f64>],
        limits: &Limits,
    ) -> Result<(), Failure> {
        let block = BLOCKS[self.plan.seed as usize % BLOCKS.len()];
        let options = Options { fission: Some(Fission { block, form, eager: true }), ..self.plan.bug.optimiser() };
        let mut split = module.clone();
        let mut count = 0;
        for f in reachable(module, id) {
            if let Some(changed) = fission::run(module, module.function(f), options) {
                *split.function_mut(f) = changed;
                count += 1;
            }
        }
        if count == 0 {
            return Ok(());
        }
        verified(&split).map_err(|detail| Failure { relation: "stages", detail })?;
        let plain = self.interpret(module, id, inputs, limits);
        let more = Limits { steps: limits.steps.map(|steps| steps.saturating_mul(10)), ..*limits };
        let run = self.interpret(&split, id, inputs, &more);
        if limited(&plain) || limited(&run) {
            return Ok(());
        }
        self.report.staged += count;
        self.same("stages", ["as it was", "in stages"], &plain, &run).map_err(|failure| {
            let (before, after) = (print_module(module), print_module(&split));
            Failure { detail: format!("{}\nbefore:\n{before}\nafter:\n{after}", failure.detail), ..failure }
        })
    }
}
