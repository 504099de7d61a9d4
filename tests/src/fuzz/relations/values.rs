//! Values: the tree, the IR as lowered, the IR after each pass, compiled code.

use super::{Failure, LIMITS, Subject, limited};
use crate::fuzz::call::{Run, run_ir, run_native, run_tree, zeros_alike};
use crate::fuzz::compile::verified;
use crate::fuzz::features::Feature;
use adit_codegen::{OptLevel, Options, compile};
use adit_diag::FileId;
use adit_interp::ir::{Input, Interpreter};
use adit_ir::{FuncId, Limits, Module, Op, print_module, same_modules};

impl Subject<'_> {
    pub(super) fn values(&mut self, inputs: &[Input<f64>]) -> Result<(), Failure> {
        let main = self.built.main;
        let differentiates = self.case.features.has(Feature::Derivative);
        let plain = self.interpret(&self.built.plain, main, inputs, &LIMITS);
        if differentiates && !limited(&plain) {
            self.tree_differentiates(inputs)?;
        }
        let tree = (!differentiates).then(|| run_tree(&self.built, &self.case.args, &LIMITS));
        if tree.as_ref().is_some_and(limited) || limited(&plain) {
            self.report.too_long = true;
            return Ok(());
        }
        self.report.stopped = plain.as_ref().err().map(|e| e.trap.code());
        if let Some(tree) = tree {
            self.same("tree = ir", ["the tree", "the IR"], &tree, &plain)?;
        }
        self.text(&self.built.plain)?;
        let cleaned = self.cleaned(&self.built.plain, main);
        self.after_passes(&cleaned, inputs, &plain)?;
        self.rounds(&cleaned, main, (inputs, &plain), &LIMITS)?;
        self.in_stages(&cleaned, main, inputs, &LIMITS)?;
        if self.plan.native {
            let plain_too = self.rng.percent(20);
            let plain_module = plain_too.then(|| self.built.plain.clone());
            for module in std::iter::once(&cleaned).chain(&plain_module) {
                let options = self.rng.clone_options();
                self.native(module, main, inputs, &plain, &LIMITS, &options)?;
            }
            self.rng.bits();
        }
        Ok(())
    }

    /// Runs IR with the interpreter.
    pub(super) fn interpret(&self, module: &Module, id: FuncId, inputs: &[Input<f64>], limits: &Limits) -> Run {
        let interpreter = Interpreter::new(module, *limits);
        run_ir(&interpreter, module.function(id), id, inputs).map(|(answer, _)| answer)
    }

    /// That a module reads back from its text.
    pub(super) fn text(&self, module: &Module) -> Result<(), Failure> {
        let text = print_module(module);
        let fail = |what: String| Err(Failure { relation: "text", detail: format!("{what}\n{text}") });
        match adit_reader::read_module(FileId(0), &text) {
            Ok(read) if same_modules(module, &read) => Ok(()),
            Ok(_) => fail("another module reads back".into()),
            Err(diagnostics) => fail(format!("the text does not read back: {diagnostics:?}")),
        }
    }

    /// That clean-up keeps rules and meaning; if not, the pass that breaks them is named.
    fn after_passes(&self, cleaned: &Module, inputs: &[Input<f64>], expected: &Run) -> Result<(), Failure> {
        let rules = verified(cleaned).map_err(|detail| Failure { relation: "passes", detail });
        let found = rules.and_then(|()| {
            let run = self.interpret(cleaned, self.built.main, inputs, &LIMITS);
            self.same("passes", ["the IR", "the cleaned IR"], expected, &run)
        });
        let Err(failure) = found else {
            // Every program's text is read as lowered; texts take time.
            return if self.plan.seed.is_multiple_of(3) { self.text(cleaned) } else { Ok(()) };
        };
        let mut module = self.built.plain.clone();
        for id in reachable(&self.built.plain, self.built.main) {
            for name in adit_opt::CLEAN_UP {
                let pass = adit_opt::find(name).expect("a pass of the clean-up is in the table");
                let before = print_module(&module);
                if let Some(f) = (pass.run)(&module, module.function(id), self.plan.bug.optimiser()) {
                    *module.function_mut(id) = f;
                }
                let rules = verified(&module).map_err(|detail| Failure { relation: "passes", detail });
                let held = rules.and_then(|()| {
                    let run = self.interpret(&module, self.built.main, inputs, &LIMITS);
                    self.same("passes", ["before", "after"], expected, &run)
                });
                if let Err(Failure { detail, .. }) = held {
                    let detail =
                        format!("pass `{name}`: {detail}\nbefore:\n{before}\nafter:\n{}", print_module(&module));
                    return Err(Failure { relation: "passes", detail });
                }
            }
        }
        Err(failure)
    }

    /// That compiled code does what the interpreter did.
    pub(super) fn native(
        &mut self,
        module: &Module,
        id: FuncId,
        inputs: &[Input<f64>],
        expected: &Run,
        limits: &Limits,
        options: &Options,
    ) -> Result<(), Failure> {
        let fail = |detail: String| Failure { relation: "native", detail };
        // The interpreter ran it unfinished.
        let finished = adit_opt::finish_all(module, id, self.plan.bug.optimiser());
        let module = finished.as_ref().unwrap_or(module);
        let code = compile(module, &[id], options).map_err(|e| fail(e.to_string()))?;
        let entry = code.entry(id).ok_or_else(|| fail("there is no entry".into()))?;
        let run = run_native(&entry, module.function(id), inputs, limits);
        let told = self.same("native", ["the interpreter", "compiled code"], expected, &run).or_else(|failure| {
            // What is passed over adds no zeros, which would make 0 of −0.
            let Some(finished) = &finished else { return Err(failure) };
            self.same("native", ["the interpreter", "compiled code"], &zeros_alike(expected), &zeros_alike(&run))?;
            let again = self.interpret(finished, id, inputs, limits);
            self.same("native", ["the interpreter, finished,", "compiled code"], &again, &run)
        });
        told.map_err(|f| fail(format!("{} ({options:?})\n{}", f.detail, print_module(module))))?;
        self.vectors(module, id, inputs, expected, limits)?;
        self.threads(module, id, inputs, expected, limits)
    }

    /// The module with the function and all that it calls cleaned up, as the compiler does it.
    pub(super) fn cleaned(&self, module: &Module, root: FuncId) -> Module {
        let mut module = module.clone();
        self.plan.bug.clean(&mut module, root);
        module
    }
}

/// A function and all that it calls, the function first.
pub(in crate::fuzz) fn reachable(module: &Module, root: FuncId) -> Vec<FuncId> {
    let mut order = vec![root];
    let mut next = 0;
    while let Some(&id) = order.get(next) {
        let f = module.function(id);
        f.walk(&mut |inst| {
            if let Op::Call { callee, .. } = f.inst(inst).op
                && !order.contains(&callee)
            {
                order.push(callee);
            }
        });
        next += 1;
    }
    order
}

impl crate::fuzz::rng::Rng {
    /// Options for one compilation, the same until the next random number is taken.
    pub(super) fn clone_options(&self) -> Options {
        let mut rng = self.clone();
        let opt = *rng.pick(&[OptLevel::O0, OptLevel::O0, OptLevel::O0, OptLevel::O2, OptLevel::O2, OptLevel::O3]);
        Options {
            opt,
            fuel: rng.percent(50),
            keep_checks: rng.percent(25),
            verify_clif: rng.percent(10),
            share_above: if rng.percent(33) { 0 } else { Options::default().share_above },
            ..Options::default()
        }
    }
}
