//! Constant folding: what is known when compiling is computed when compiling.
//!
//! In: a function. Out: the same with operations on literals replaced by literals, decided `if`s and `select`s by what they choose, loops that never run
//! by what they start with, values carried unchanged by what they start with, and literal extents, bounds and subscripts written in place.
//!
//! ```text
//! v1 = const 2          ⇒      v2 = const 3.0
//! v2 = const 3.0               v4 = mul v2, v0
//! v3 = powi v2, v1             …
//! ```
//!
//! An operation that would trap stays where it is. Nothing is reassociated.

use crate::Options;
use crate::consts::{Consts, Folded, literal, scalar};
use adit_ir::{
    Builder, CmpOp, Const, Copier, Function, Inst, Int, Module, Op, OperandMap, Region, Rewrite, Scalar, Value,
};
use rustc_hash::FxHashMap;

/// Folds one function.
pub fn run(_: &Module, f: &Function, _: Options) -> Option<Function> {
    if !Fold::default().changes(f, f.body) {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Fold::default(), &mut b, f.body);
    Some(b.finish(&returned))
}

#[derive(Default)]
struct Fold {
    consts: Consts,
    /// By region of a loop that is being copied: the parameters that it carries unchanged, with what they start as.
    unchanged: FxHashMap<Region, Vec<(Value, Value)>>,
}

impl Rewrite for Fold {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let source = copier.source;
        let op = &source.inst(inst).op;
        if self.control(copier, b, inst, op) {
            return;
        }
        let mut mapped = op.clone();
        mapped.map_operands(&Folded { map: &copier.map, consts: &self.consts });
        match self.value_of(b.func(), &mapped) {
            Some(Known::Literal(c)) => {
                let v = self.consts.emit(b, c);
                copier.map.set(source.inst(inst).results[0], v);
            }
            Some(Known::Value(v)) => copier.map.set(source.inst(inst).results[0], v),
            None => self.emit(copier, b, inst, mapped),
        }
    }

    fn enter(&mut self, copier: &mut Copier<'_>, _: &mut Builder, region: Region) {
        for (param, init) in self.unchanged.remove(&region).unwrap_or_default() {
            copier.map.set(param, init);
        }
    }
}

/// What an operation is known to give.
enum Known {
    Literal(Const),
    Value(Value),
}

impl Fold {
    /// Whether anything in a region is known: most functions were folded before, and need no copy.
    fn changes(&mut self, f: &Function, region: Region) -> bool {
        f.region(region).insts.iter().any(|&inst| {
            let data = f.inst(inst);
            match &data.op {
                Op::Const(c) => {
                    self.consts.note(data.results[0], *c);
                    return false;
                }
                Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => return self.value_of(f, &data.op).is_some(),
                Op::For { lo, hi, step, .. } if never_runs([*lo, *hi, *step]) => return true,
                _ => {}
            }
            let mut literal = false;
            // Floats are written nowhere in place.
            data.op
                .visit_operands(&mut |v| literal |= matches!(self.consts.get(v), Some(Const::I64(_) | Const::Bool(_))));
            literal || !unchanged(f, &data.op).1.is_empty() || data.op.regions().into_iter().any(|r| self.changes(f, r))
        })
    }

    /// Handles instructions with regions whose course is known.
    fn control(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, op: &Op) -> bool {
        match op {
            Op::If { cond, then, otherwise } => match self.consts.get(copier.map.value(*cond)) {
                Some(Const::Bool(c)) => self.splice(copier, b, inst, if c { *then } else { *otherwise }),
                Some(Const::F64(_) | Const::F32(_) | Const::I64(_)) | None => return false,
            },
            Op::For { lo, hi, step, inits, .. } => {
                let bounds = [*lo, *hi, *step].map(|i| self.consts.int(copier.map.int(i)));
                if !never_runs(bounds) {
                    return false;
                }
                let results = &copier.source.inst(inst).results;
                for (&result, &init) in results.iter().zip(inits) {
                    let v = copier.map.value(init);
                    copier.map.set(result, v);
                }
            }
            Op::Const(_)
            | Op::Prim { .. }
            | Op::Cmp { .. }
            | Op::Select { .. }
            | Op::While { .. }
            | Op::Alloc { .. } => return false,
            Op::Load { .. }
            | Op::Store { .. }
            | Op::Acc { .. }
            | Op::Copy { .. }
            | Op::Fill { .. }
            | Op::Call { .. } => return false,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {
                return false;
            }
        }
        true
    }

    /// Puts a region's instructions in place of the `if` that owns it.
    fn splice(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, region: Region) {
        let yields = copier.copy_insts(self, b, region);
        for (&result, v) in copier.source.inst(inst).results.iter().zip(yields) {
            copier.map.set(result, v);
        }
    }

    fn value_of(&self, f: &Function, op: &Op) -> Option<Known> {
        match op {
            Op::Const(c) => Some(Known::Literal(*c)),
            Op::Prim { prim, args } => {
                let args = self.consts.all(args)?;
                Some(Known::Literal(literal(prim.apply(&args).ok()?)))
            }
            Op::Cmp { op, a, b } => self.comparison(f, *op, *a, *b),
            Op::Select { cond, then, otherwise } => match self.consts.get(*cond) {
                Some(Const::Bool(c)) => Some(Known::Value(if c { *then } else { *otherwise })),
                Some(Const::F64(_) | Const::F32(_) | Const::I64(_)) | None => {
                    (then == otherwise).then_some(Known::Value(*then))
                }
            },
            Op::If { .. }
            | Op::For { .. }
            | Op::While { .. }
            | Op::Alloc { .. }
            | Op::Load { .. }
            | Op::Store { .. } => None,
            Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } => None,
            Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => None,
        }
    }

    fn comparison(&self, f: &Function, op: CmpOp, left: Value, right: Value) -> Option<Known> {
        let known = match (self.consts.get(left).map(scalar), self.consts.get(right).map(scalar)) {
            (Some(Scalar::F64(x)), Some(Scalar::F64(y))) => op.holds(x, y),
            (Some(Scalar::F32(x)), Some(Scalar::F32(y))) => op.holds(x, y),
            (Some(Scalar::I64(x)), Some(Scalar::I64(y))) => op.holds(x, y),
            (Some(Scalar::Bool(x)), Some(Scalar::Bool(y))) => op.holds(x, y),
            // A float may be NaN, which differs from itself.
            _ if left == right && !f.ty(left).is_float() => op.holds(0, 0),
            _ => return None,
        };
        Some(Known::Literal(Const::Bool(known)))
    }

    fn emit(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, op: Op) {
        if matches!(&op, Op::Assert { cond, .. } if self.consts.get(*cond) == Some(Const::Bool(true))) {
            return;
        }
        let same = self.carried_unchanged(copier, inst, &op);
        copier.copy_with(self, b, inst, op);
        for (slot, init) in same {
            copier.map.set(copier.source.inst(inst).results[slot], init);
        }
    }

    /// The values that a loop carries unchanged, by position, with what they start as; its regions will see that instead.
    fn carried_unchanged(&mut self, copier: &Copier<'_>, inst: Inst, op: &Op) -> Vec<(usize, Value)> {
        let source = copier.source;
        let (first, same) = unchanged(source, op);
        for region in source.inst(inst).op.regions() {
            // A condition has no index, so its parameters are the carried values.
            let params = &source.region(region).params;
            let pairs = same.iter().map(|&(k, init)| (params[k + first], init)).collect();
            self.unchanged.insert(region, pairs);
        }
        same
    }
}

/// Where the carried values begin among the parameters of a loop's body, and those carried unchanged, by position, with what they start as.
fn unchanged(f: &Function, op: &Op) -> (usize, Vec<(usize, Value)>) {
    let (first, inits, body) = match op {
        Op::For { inits, body, .. } => (1, inits, *body),
        Op::While { inits, body, .. } => (0, inits, *body),
        _ => return (0, Vec::new()),
    };
    let data = f.region(body);
    let same = (0..inits.len()).filter(|&k| data.yields[k] == data.params[k + first]);
    (first, same.map(|k| (k, inits[k])).collect())
}

fn never_runs([lo, hi, step]: [Int; 3]) -> bool {
    match (lo.constant(), hi.constant(), step.constant()) {
        (Some(lo), Some(hi), Some(step)) => step != 0 && (if step > 0 { lo >= hi } else { lo <= hi }),
        (_, _, Some(step)) => lo == hi && step != 0,
        _ => false,
    }
}
