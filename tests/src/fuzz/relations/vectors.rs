//! Vector code against the interpreter.
//!
//! In: a function, finished, and what the interpreter gave. Out: a failure unless code whose loops run several iterations at once, wherever that can be done, gives the same, but for 1e-12 relative, times the condition of the
//! computation: the largest number on the way. Sums are added up in another order, and functions over whole slices round otherwise; errors are the same, at the same places.
//!
//! A program whose integers or truth values depend on such a rounding, or whose numbers are so large that they overflow in one order and not in the other, proves nothing.

use super::numbers::{answer_floats, wild};
use super::{Failure, Subject, limited};
use crate::fuzz::call::{Answer, Run, run_ir, run_native};
use adit_codegen::{Options, Vectors, compile};
use adit_interp::ir::{Input, Interpreter};
use adit_ir::{FuncId, Limits, Module, Op};

/// How far numbers may be apart, relative to the largest on the way.
const NEAR: f64 = 1e-12;

impl Subject<'_> {
    /// That vector code of a finished module does what the interpreter did.
    pub(super) fn vectors(
        &self,
        module: &Module,
        id: FuncId,
        inputs: &[Input<f64>],
        expected: &Run,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let has_loops = |id: FuncId| module.function(id).insts().any(|i| matches!(i.op, Op::For { .. }));
        if !self.plan.vectors || limited(expected) || !super::values::reachable(module, id).into_iter().any(has_loops) {
            return Ok(());
        }
        let fail = |detail: String| Failure { relation: "vectors", detail };
        let vectors = if self.plan.seed.is_multiple_of(4) { Vectors::On } else { Vectors::Eager };
        let options = Options { strict: false, vectors, ..Options::default() };
        let code = compile(module, &[id], &options).map_err(|e| fail(e.to_string()))?;
        let entry = code.entry(id).ok_or_else(|| fail("there is no entry".into()))?;
        let run = run_native(&entry, module.function(id), inputs, &Limits { steps: None, ..*limits });
        let Err(told) = self.same("vectors", ["the interpreter", "vector code"], expected, &run) else { return Ok(()) };
        if let (Ok(a), Ok(b)) = (expected, &run) {
            let interpreter = Interpreter::new(module, *limits);
            let largest = run_ir(&interpreter, module.function(id), id, inputs).map_or(0.0, |(_, o)| o.largest);
            if near(a, b, largest) {
                return Ok(());
            }
        }
        Err(fail(format!("{} ({options:?})\n{}", told.detail, adit_ir::print_module(module))))
    }
}

/// Whether two answers differ by rounding at most.
fn near(a: &Answer, b: &Answer, largest: f64) -> bool {
    let (a, b) = (answer_floats(a), answer_floats(b));
    if wild(&a) || wild(&[largest]) {
        return true;
    }
    let tolerance = NEAR * largest.max(1.0);
    a.len() == b.len() && a.iter().zip(&b).all(|(x, y)| x == y || (x - y).abs() <= tolerance)
}
