//! Loops that threads can divide among themselves become calls of functions of their own.
//!
//! In: a module and one of its functions. Out: the same program, in which each outermost loop that [`spread`](adit_ir::loops::spread()) takes, in the function and in all that it calls, is called as a *part* with the loop's
//! bounds where there is enough to do, and stands as it was where there is not; and the parts.
//!
//! ```text
//!                                                v11 = … how much there is to do
//!                                                v12 = ge v11, 200000.0
//! v3 = for v4 in 0..d0 (v5: f64 = v2) {          v3 = if v12 {
//!   v6 = load v0[v4]                               v13 = call @f__part0(0, d0, v0)     func @f__part0(v0: i64, v1: i64, v2: [f64; d0]) -> f64 {
//!   v7 = call @g(v6)                       ⇒       v14 = add v2, v13                      v3 = for v4 in v0..v1 (v5: f64 = -0.0) { … }
//!   v8 = add v5, v7                                yield v14                              return v3
//!   yield v8                                     } else { the loop as it was }          }
//! }
//! ```
//!
//! A part is an ordinary function, and calling it once with all of the range gives what the loop gives, but for how sums are associated. That a code generator calls it several times at once, with a piece of the range each,
//! is that one's decision, from the same facts. Nothing here knows of threads.
//!
//! What this does not do: loops within loops that are parts already. It never runs where the order of additions is to be kept.

mod part;
mod work;

use adit_ir::bounds::Facts;
use adit_ir::loops::{Spread, spread};
use adit_ir::{
    Builder, CallGraph, CmpOp, Copier, FuncId, Function, Inst, Int, Module, Op, OperandMap, Plain, Region, Rewrite,
    Value, Values,
};
use part::Part;
use rustc_hash::{FxHashMap, FxHashSet};

/// From so many operations on, in all iterations together, several threads are worth waking.
pub const LEAST_WORK: f64 = 200_000.0;

/// Writes parts for all that a function reaches, for loops of at least so much work; nothing if there is no such loop.
pub fn all(module: &Module, root: FuncId, least: f64) -> Option<(Module, Vec<FuncId>)> {
    let mut out = module.clone();
    let mut parts = Vec::new();
    for id in CallGraph::new(module, &[root]).order {
        let f = module.function(id);
        let plans = plans(module, f, least);
        if plans.is_empty() {
            continue;
        }
        let mut calls = FxHashMap::default();
        for (inst, part) in plans {
            let function = out.push(named(&out, &f.name, parts.len(), part.function));
            parts.push(function);
            calls.insert(inst, Call { function, captured: part.captured, spread: part.spread });
        }
        let mut b = Builder::new(f.name.clone(), f.span);
        let mut copier = Copier::new(f);
        copier.copy_signature(&mut b);
        let facts = Facts::new(f);
        let returned = copier.copy_insts(&mut Calls { calls, facts: &facts, least }, &mut b, f.body);
        *out.function_mut(id) = b.finish(&returned);
    }
    (!parts.is_empty()).then_some((out, parts))
}

/// A part under a name that nobody has.
fn named(module: &Module, of: &str, mut number: usize, mut f: Function) -> Function {
    f.name = format!("{of}__part{number}");
    while module.find(&f.name).is_some() {
        number += 1;
        f.name = format!("{of}__part{number}");
    }
    f
}

/// The outermost loops that can be divided, as parts.
fn plans(module: &Module, f: &Function, least: f64) -> Vec<(Inst, Part)> {
    fn search(context: (&Module, &Function, &Facts<'_>, f64), region: Region, found: &mut Vec<(Inst, Part)>) {
        let (module, f, facts, least) = context;
        for &inst in &f.region(region).insts {
            match spread(module, f, facts, inst) {
                Ok(spread) if !work::is_little(f, facts, inst, least) => {
                    found.push((inst, part::of(f, facts, inst, spread)));
                }
                Ok(_) | Err(_) => {
                    f.inst(inst).op.regions().into_iter().for_each(|inner| search(context, inner, found));
                }
            }
        }
    }
    let mut found = Vec::new();
    if f.external.is_none() {
        search((module, f, &Facts::new(f), least), f.body, &mut found);
    }
    found
}

/// What stands for a loop.
struct Call {
    function: FuncId,
    captured: Vec<Value>,
    spread: Spread,
}

struct Calls<'c, 'f> {
    calls: FxHashMap<Inst, Call>,
    facts: &'c Facts<'f>,
    least: f64,
}

impl Rewrite for Calls<'_, '_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let Some(call) = self.calls.get(&inst) else { return copier.copy(self, b, inst) };
        let work = work::emit(copier, b, self.facts, inst);
        let least = b.f64(self.least);
        let enough = b.cmp(CmpOp::Ge, work, least);
        b.open(&[]);
        let results = called(copier, b, inst, call);
        let then = b.close(&results);
        b.open(&[]);
        copier.copy(&mut Plain, b, inst);
        let results = &copier.source.inst(inst).results;
        let otherwise = b.close(&copier.map.values(results));
        let chosen = b.if_(enough, then, otherwise);
        for (&result, value) in results.iter().zip(b.results(chosen)) {
            copier.map.set(result, Int::Value(value));
        }
    }
}

/// Calls the part, and adds what it gives to what the loop begins with.
fn called(copier: &Copier<'_>, b: &mut Builder, inst: Inst, call: &Call) -> Values {
    let Op::For { lo, hi, inits, .. } = &copier.source.inst(inst).op else { return Values::new() };
    let mut args = vec![b.int_value(copier.map.int(*lo)), b.int_value(copier.map.int(*hi))];
    args.extend(copier.map.values(&call.captured));
    let types: Vec<_> = inits.iter().filter_map(|&v| copier.source.ty(v).scalar()).collect();
    let calls = b.call(call.function, &args, &types);
    let results = b.results(calls);
    let begins = copier.map.values(inits);
    let sums = call.spread.carried.iter().zip(begins.iter().zip(&results));
    sums.map(|(reduction, (&begin, &result))| reduction.join(b, begin, result)).collect()
}

/// What a loop defines, nested regions included; not its results.
fn defined(f: &Function, inst: Inst) -> FxHashSet<Value> {
    let mut defined = FxHashSet::default();
    for region in f.inst(inst).op.regions() {
        defined.extend(f.region(region).params.iter().copied());
        f.walk_region(region, &mut |inner| {
            let data = f.inst(inner);
            defined.extend(data.results.iter().copied());
            defined.extend(data.op.regions().iter().flat_map(|&region| &f.region(region).params).copied());
        });
    }
    defined
}
