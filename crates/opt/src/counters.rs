//! Counters that a program moves by hand are computed from the index of their loop.
//!
//! In: a function. Out: the same with integers that a counted loop by ones carries, and that each iteration moves by one literal, computed instead:
//!
//! ```text
//! v1 = for v2 in v3..d0 (v4: i64 = v5) {           v6 = isub v5, v3
//!   …                                        ⇒     for v2 in v3..d0 (…) {
//!   v7 = iadd v4, 1                                  v4 = iadd v2, v6
//!   yield v7                                         …
//! }                                                }
//!                                                  v8 = imax d0, v3   v9 = isub v8, v3   v1 = iadd v5, v9
//! ```
//!
//! What a loop carries has to be saved for a reverse sweep, from which the index can be had for nothing. All arithmetic wraps, so both are equal whatever the numbers. The carried value itself stays, as
//! long as nobody drops it (`dce.rs`). Loops that run last to first, by other steps, or that move a counter under a condition, are left as they are.

use crate::Options;
use adit_ir::bounds::Facts;
use adit_ir::{
    Builder, Copier, Function, Inst, Int, Module, Op, OperandMap, Prim, Region, Rewrite, ScalarType, Type, Value,
};
use rustc_hash::FxHashMap;

/// Computes the counters of one function.
pub fn run(_: &Module, f: &Function, _: Options) -> Option<Function> {
    let is_integer = |v: &Value| *f.ty(*v) == Type::I64;
    if !f.insts().any(|i| matches!(&i.op, Op::For { inits, .. } if inits.iter().any(is_integer))) {
        return None;
    }
    let facts = Facts::new(f);
    let mut loops: FxHashMap<Inst, Vec<Counter>> = FxHashMap::default();
    f.walk(&mut |inst| {
        let found = counters(f, &facts, inst);
        if !found.is_empty() {
            loops.insert(inst, found);
        }
    });
    if loops.is_empty() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Counting { facts, loops, bodies: FxHashMap::default() }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// What starts somewhere and moves by a literal each time.
#[derive(Clone, Copy)]
struct Counter {
    /// Its name in the body.
    carried: Value,
    /// Its name after the loop.
    result: Value,
    start: Value,
    /// A literal.
    by: Int,
}

fn counters(f: &Function, facts: &Facts<'_>, inst: Inst) -> Vec<Counter> {
    let data = f.inst(inst);
    let Op::For { step, reversed: false, inits, body, .. } = &data.op else { return Vec::new() };
    if facts.literal(*step) != Some(1) {
        return Vec::new();
    }
    let region = f.region(*body);
    let moved = |i: usize| {
        let (carried, next) = (region.params[i + 1], region.yields[i]);
        let is_integer = f.ty(carried).scalar() == Some(ScalarType::I64);
        let (root, by) = is_integer.then(|| facts.split(next.into()))?;
        let counts = root == Some(carried) && by != 0;
        counts.then_some(Counter { carried, result: data.results[i], start: inits[i], by: Int::Const(by) })
    };
    (0..inits.len()).filter_map(moved).collect()
}

/// The rewriting.
struct Counting<'f> {
    facts: Facts<'f>,
    loops: FxHashMap<Inst, Vec<Counter>>,
    /// By body of a loop: the counters, with what the index times their literal is added to, in the new function.
    bodies: FxHashMap<Region, Vec<(Counter, Int)>>,
}

impl Rewrite for Counting<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let source = copier.source;
        let (Op::For { lo, hi, body, .. }, Some(counters)) = (&source.inst(inst).op, self.loops.remove(&inst)) else {
            copier.copy(self, b, inst);
            return;
        };
        let [lo, hi] = [*lo, *hi].map(|i| self.known(copier, i));
        let mut bases = Vec::with_capacity(counters.len());
        for &counter in &counters {
            let start = self.known(copier, counter.start.into());
            let before = arith(b, Prim::Imul, lo, counter.by);
            bases.push((counter, arith(b, Prim::Isub, start, before)));
        }
        self.bodies.insert(*body, bases);
        copier.copy(self, b, inst);
        b.set_span(copier.span(inst));
        for counter in counters.into_iter().filter(|c| self.facts.uses(c.result) > 0) {
            let end = arith(b, Prim::Imax, hi, lo);
            let trips = arith(b, Prim::Isub, end, lo);
            let far = arith(b, Prim::Imul, trips, counter.by);
            let last = arith(b, Prim::Iadd, self.known(copier, counter.start.into()), far);
            copier.map.set(counter.result, Int::Value(b.int_value(last)));
        }
    }

    fn enter(&mut self, copier: &mut Copier<'_>, b: &mut Builder, region: Region) {
        for (counter, base) in self.bodies.remove(&region).unwrap_or_default() {
            let index = copier.map.int(Int::Value(copier.source.region(region).params[0]));
            let far = arith(b, Prim::Imul, index, counter.by);
            let now = arith(b, Prim::Iadd, far, base);
            copier.map.set(counter.carried, Int::Value(b.int_value(now)));
        }
    }
}

impl Counting<'_> {
    /// An operand of the source in the new function, a literal if it is one.
    fn known(&self, copier: &Copier<'_>, i: Int) -> Int {
        self.facts.literal(i).map_or_else(|| copier.map.int(i), Int::Const)
    }
}

fn arith(b: &mut Builder, prim: Prim, x: Int, y: Int) -> Int {
    prim.folded(x, y).unwrap_or_else(|| {
        let args = [x, y].map(|i| b.int_value(i));
        Int::Value(b.prim(prim, &args))
    })
}
