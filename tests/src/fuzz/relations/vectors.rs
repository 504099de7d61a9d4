//! Vector code and kernels against the interpreter.
//!
//! In: a function, finished, and what the interpreter gave. Out: a failure unless code whose loops run several iterations at once, or have kernels in their place where they are products of matrices, wherever that can be done, gives the same, but for rounding: 1e-12 relative
//! to the largest number on the way, and a hundred times what the interpreter's own numbers move by if each operation is [off by a little](super::shaken). Sums are added up in another order, and functions over whole slices
//! round otherwise; errors are the same, at the same places.
//!
//! A program whose integers or truth values depend on such a rounding, or whose numbers are so large that they overflow in one order and not in the other, proves nothing.

use super::numbers::{answer_floats, wild};
use super::shaken::shaken_runs;
use super::{Failure, Subject, limited};
use crate::fuzz::call::{Answer, Run, run_ir, run_native};
use adit_codegen::{Options, Products, Vectors, compile};
use adit_interp::ir::{Data, Input, Interpreter};
use adit_ir::bounds::Facts;
use adit_ir::loops::products::read;
use adit_ir::{FuncId, Function, Limits, Module, Op, Scalar};

/// How far numbers may be apart, relative to the largest on the way.
const NEAR: f64 = 1e-12;

/// How far they may be apart, relative to what rounding moves them by: a run shows what a typical rounding does, not the worst.
const TIMES: f64 = 100.0;

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
        let reachable = super::values::reachable(module, id);
        let has_products = reachable.iter().any(|&id| has_products(module.function(id)));
        let products = if has_products { Products::Eager } else { Products::Off };
        let vectors = match (self.plan.seed % 4, self.plan.vectors) {
            // What programs have without being asked; their loops are mostly too short for it.
            (0, _) => Vectors::On,
            (1, _) | (_, true) => Vectors::Eager,
            (_, false) if has_products => Vectors::Off,
            (_, false) => return Ok(()),
        };
        if limited(expected) || !reachable.into_iter().any(has_loops) {
            return Ok(());
        }
        let fail = |detail: String| Failure { relation: "vectors", detail };
        let options = Options { strict: false, vectors, products, verify_clif: true, ..Options::default() };
        let code =
            compile(module, &[id], &options).map_err(|e| fail(format!("{e}\n{}", adit_ir::print_module(module))))?;
        let entry = code.entry(id).ok_or_else(|| fail("there is no entry".into()))?;
        let run = run_native(&entry, module.function(id), inputs, &Limits { steps: None, ..*limits });
        let Err(told) = self.same("vectors", ["the interpreter", "vector code"], expected, &run) else { return Ok(()) };
        let rounded = self.rounds_at_most(module, (id, inputs), (expected, &run), limits);
        rounded.map_err(|()| fail(format!("{} ({options:?})\n{}", told.detail, adit_ir::print_module(module))))
    }

    /// Whether what two runs of a function gave differs by rounding at most.
    pub(super) fn rounds_at_most(
        &self,
        module: &Module,
        (id, inputs): (FuncId, &[Input<f64>]),
        (expected, run): (&Run, &Run),
        limits: &Limits,
    ) -> Result<(), ()> {
        let interpreter = Interpreter::new(module, *limits);
        let f = module.function(id);
        let largest = run_ir(&interpreter, f, id, inputs).map_or(0.0, |(_, outcome)| outcome.largest);
        let shaken = shaken_runs(&interpreter, (f, id), inputs);
        is_rounding(expected, run, &shaken, largest).then_some(()).ok_or(())
    }
}

/// Whether a loop of a function is a product of matrices.
fn has_products(f: &Function) -> bool {
    let facts = Facts::new(f);
    let mut found = false;
    f.walk(&mut |inst| found |= read(f, &facts, inst).is_some());
    found
}

/// Whether what two runs gave differs by rounding at most, given what shaken ones gave.
fn is_rounding(expected: &Run, run: &Run, shaken: &[Option<Answer>], largest: f64) -> bool {
    let Ok(a) = expected else {
        // What stops the program may depend on a rounding.
        return shaken.iter().any(Option::is_some);
    };
    let numbers = answer_floats(a);
    if wild(&numbers) || wild(&[largest]) || !shaken.iter().flatten().all(|moved| others(moved) == others(a)) {
        return true;
    }
    let Ok(b) = run else { return shaken.iter().any(Option::is_none) };
    let mut tolerances = vec![NEAR * largest.max(1.0); numbers.len()];
    for moved in shaken {
        let Some(moved) = moved else { return true };
        for ((tolerance, x), y) in tolerances.iter_mut().zip(&numbers).zip(answer_floats(moved)) {
            *tolerance = tolerance.max(TIMES * (x - y).abs());
        }
    }
    let pairs = numbers.iter().zip(answer_floats(b)).zip(tolerances);
    others(a) == others(b) && pairs.into_iter().all(|((x, y), tolerance)| *x == y || (x - y).abs() <= tolerance)
}

/// Integers and truth values, how many floats there are, and how many lines.
fn others(answer: &Answer) -> (Vec<Scalar>, Vec<Data<f64>>, [usize; 2]) {
    let scalars = answer.results.iter().filter(|s| s.as_float().is_none()).copied().collect();
    let arrays = answer.arrays.iter().map(|array| array.data.clone());
    let arrays = arrays.filter(|data| matches!(data, Data::I64(_) | Data::Bool(_))).collect();
    (scalars, arrays, [answer_floats(answer).len(), answer.lines.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(x: f64, i: i64) -> Answer {
        Answer { results: vec![Scalar::F64(x), Scalar::I64(i)], arrays: Vec::new(), lines: Vec::new() }
    }

    #[test]
    fn what_is_rounded_otherwise_may_move_floats_and_no_integers() {
        let quiet = [const { None::<Answer> }; 3].map(|_| Some(answer(1.0 + 1e-15, 3)));
        let steep = quiet.clone().map(|_| Some(answer(1.0 + 1e-9, 3)));
        let says = |b: Answer, shaken: &[Option<Answer>]| is_rounding(&Ok(answer(1.0, 3)), &Ok(b), shaken, 1.0);
        assert!(says(answer(1.0 + 1e-13, 3), &quiet));
        assert!(!says(answer(1.0 + 1e-8, 3), &quiet));
        assert!(says(answer(1.0 + 1e-8, 3), &steep));
        assert!(!says(answer(1.0 + 1e-6, 3), &steep));
        assert!(!says(answer(1.0, 4), &steep));
        assert!(says(answer(1.0, 4), &[Some(answer(1.0, 4)), None, None]));
    }
}
