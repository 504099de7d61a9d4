//! Loops that run in a cheaper form, and once more as they were if that is in doubt.
//!
//! In: a loop whose results have been computed in another way, and a truth value that says whether to doubt them. Out: the choice: `if doubt { the loop as it was } else { what was computed }`, and whether an `if` is one.

use adit_ir::bounds::Facts;
use adit_ir::{Builder, Copier, Function, Inst, Int, Op, Plain, Value};

/// How many values are followed to see what a doubt is about.
const FAR: usize = 100;

/// Writes the choice: what the loop's results have become by now, or if `wrong` the loop as it was.
pub(crate) fn otherwise(copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, wrong: Value) {
    let results = &copier.source.inst(inst).results;
    let tried = copier.map.values(results);
    b.open(&[]);
    copier.copy(&mut Plain, b, inst);
    let then = b.close(&copier.map.values(results));
    b.open(&[]);
    let otherwise = b.close(&tried);
    let chosen = b.if_(wrong, then, otherwise);
    for (&result, value) in results.iter().zip(b.results(chosen)) {
        copier.map.set(result, Int::Value(value));
    }
}

/// Whether an `if` runs a loop because of what it would give otherwise: seldom.
pub(crate) fn is_choice(f: &Function, facts: &Facts<'_>, op: &Op) -> bool {
    let &Op::If { cond, then, otherwise } = op else { return false };
    let (then, otherwise) = (f.region(then), f.region(otherwise));
    let is_loop = |inst: Inst| matches!(f.inst(inst).op, Op::For { .. } | Op::While { .. });
    let again = matches!(then.insts[..], [only] if is_loop(only) && f.inst(only).results[..] == then.yields[..]);
    if !again || !otherwise.insts.is_empty() {
        return false;
    }
    let mut open = vec![cond];
    for _ in 0..FAR {
        let Some(v) = open.pop() else { return false };
        if otherwise.yields.contains(&v) {
            return true;
        }
        if let Some(op @ (Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. })) = facts.def(v) {
            op.visit_operands(&mut |v| open.push(v));
        }
    }
    false
}
