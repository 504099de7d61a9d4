//! Loops divided among threads, against the loops.
//!
//! In: a function, finished, and what the interpreter gave. Out: a failure unless code whose loops are parts, however little there is to do in them, gives the same: on one thread bit for bit what the interpreter makes of the
//! parts; on several the same but for [rounding](super::vectors), and the same bits each time. What was compared is counted in the [report](super::Report).

use super::{Failure, Subject, limited};
use crate::fuzz::call::{Run, run_native};
use adit_codegen::{Options, compile};
use adit_interp::ir::Input;
use adit_ir::{FuncId, Limits, Module, Trap, print_module};
use adit_opt::spread;

/// More pieces than one, and for many loops of random programs more than iterations.
const THREADS: [usize; 3] = [2, 3, 7];

impl Subject<'_> {
    /// That a finished module does on several threads what the interpreter did.
    pub(super) fn threads(
        &mut self,
        module: &Module,
        id: FuncId,
        inputs: &[Input<f64>],
        expected: &Run,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let deep = matches!(expected, Err(e) if e.trap == Trap::RecursionTooDeep);
        if self.plan.seed % 4 != 2 || limited(expected) || deep {
            return Ok(());
        }
        let Some((parts, ids)) = spread::all(module, id, 0.0) else { return Ok(()) };
        let fail =
            |detail: String| Failure { relation: "threads", detail: format!("{detail}\n{}", print_module(&parts)) };
        crate::fuzz::compile::verified(&parts).map_err(fail)?;
        let options = Options { spread: ids, verify_clif: true, ..Options::default() };
        let code = compile(&parts, &[id], &options).map_err(|e| fail(e.to_string()))?;
        let entry = code.entry(id).ok_or_else(|| fail("there is no entry".into()))?;
        // Calls of parts are levels of depth, and steps.
        let more =
            Limits { depth: 4 * limits.depth, steps: limits.steps.map(|steps| steps.saturating_mul(2)), ..*limits };
        let threads = THREADS[(self.plan.seed / 4) as usize % THREADS.len()];
        let run = |threads| run_native(&entry, parts.function(id), inputs, &Limits { threads, steps: None, ..more });
        let (serial, divided, again) = (run(1), run(threads), run(threads));
        let plain = self.interpret(&parts, id, inputs, &more);
        if [&serial, &divided, &again, &plain].into_iter().any(limited) {
            return Ok(());
        }
        let told = |f: Failure| fail(f.detail);
        self.same("threads", ["the interpreter", "a thread"], &plain, &serial).map_err(told)?;
        self.same("threads", ["threads", "threads again"], &divided, &again).map_err(told)?;
        if let Err(difference) = self.same("threads", ["the interpreter", "threads"], expected, &divided) {
            self.rounds_at_most(module, (id, inputs), (expected, &divided), limits).map_err(|()| told(difference))?;
        }
        self.report.spread += 1;
        Ok(())
    }
}
