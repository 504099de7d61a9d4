//! Dead code: what nobody needs is not computed.
//!
//! In: a function. Out: the same without unused pure operations, unused loads that are proved to be in range, arrays that are written but never read, tapes that are never popped,
//! carried values and `if` results that nobody uses, and counted loops and `if`s with nothing left in them.
//!
//! ```text
//! v1, v2 = for v3 in 0..d0 (v4: f64 = v0, v5: f64 = v0) { …  yield v6, v7 }       v1 = for v3 in 0..d0 (v4: f64 = v0) { … yield v6 }
//! return v1                                                                  ⇒    return v1
//! ```
//!
//! A trap, a print or a write to a parameter is always needed. A `while` is kept: it may not end, and that is part of what a program means.
//!
//! One walk marks what is needed, starting from what always is; a second copies what was marked.

use crate::{Mutant, Options};
use adit_ir::bounds::Facts;
use adit_ir::{
    Builder, Copier, Effect, Function, Inst, Int, Module, Op, OperandMap, Region, Rewrite, Type, Value, Values,
};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;

/// Cleans one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    let mut marks = Marks::new(f);
    marks.mark_roots();
    marks.close();
    if options.has(Mutant::StoreDropped) {
        not_read_below(f).into_iter().for_each(|store| marks.inst[store.index()] = false);
    }
    if marks.all() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Sweep { marks: &marks }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Who defines a value.
#[derive(Clone, Copy)]
enum Def {
    /// A parameter or dimension of the function.
    Signature,
    /// The n-th result of an instruction.
    Result(Inst, usize),
    /// The n-th parameter of a region of an instruction.
    Param(Inst, usize),
}

struct Marks<'f> {
    f: &'f Function,
    /// Which subscripts are in range, once that was asked for.
    facts: OnceCell<Facts<'f>>,
    def: Vec<Def>,
    /// The instruction that owns the region an instruction stands in.
    owner: Vec<Option<Inst>>,
    /// Writes into arrays and tapes made here, by array or tape: needed once it is read.
    writers: FxHashMap<Value, Vec<Inst>>,
    value: Vec<bool>,
    inst: Vec<bool>,
    work: Vec<Work>,
}

enum Work {
    Value(Value),
    Inst(Inst),
}

impl<'f> Marks<'f> {
    fn new(f: &'f Function) -> Self {
        let values = f.value_count();
        let mut marks = Marks {
            f,
            facts: OnceCell::new(),
            def: vec![Def::Signature; values],
            owner: vec![None; f.inst_count()],
            writers: FxHashMap::default(),
            value: vec![false; values],
            inst: vec![false; f.inst_count()],
            work: Vec::new(),
        };
        marks.index(f.body, None);
        marks
    }

    fn index(&mut self, region: Region, owner: Option<Inst>) {
        for &inst in &self.f.region(region).insts {
            self.owner[inst.index()] = owner;
            let data = self.f.inst(inst);
            for (k, &v) in data.results.iter().enumerate() {
                self.def[v.index()] = Def::Result(inst, k);
            }
            for inner in data.op.regions() {
                for (k, &v) in self.f.region(inner).params.iter().enumerate() {
                    self.def[v.index()] = Def::Param(inst, k);
                }
                self.index(inner, Some(inst));
            }
        }
    }

    /// Whether an array or tape is made in this function, so that only this function can read it.
    fn is_local(&self, v: Value) -> bool {
        matches!(self.def[v.index()], Def::Result(..))
    }

    fn mark_roots(&mut self) {
        let f = self.f;
        f.walk(&mut |inst| {
            let op = &f.inst(inst).op;
            match written_object(op) {
                Some(object) if self.is_local(object) && !self.may_trap(op) => {
                    self.writers.entry(object).or_default().push(inst)
                }
                _ if self.always_needed(op) => self.work.push(Work::Inst(inst)),
                _ => {}
            }
        });
        let returned = f.region(f.body).yields.iter().copied();
        self.work.extend(returned.map(Work::Value));
        let signature = f.params.iter().map(|p| p.value).chain(f.dims.iter().copied());
        self.work.extend(signature.map(Work::Value));
    }

    /// Whether everything is needed.
    fn all(&self) -> bool {
        let mut all = true;
        self.f.walk(&mut |inst| {
            let data = self.f.inst(inst);
            let results = data.op.regions().is_empty() || data.results.iter().all(|v| self.value[v.index()]);
            all &= self.inst[inst.index()] && results;
        });
        all
    }

    fn close(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Value(v) => self.need_value(v),
                Work::Inst(inst) => self.need_inst(inst),
            }
        }
    }

    fn need_value(&mut self, v: Value) {
        if std::mem::replace(&mut self.value[v.index()], true) {
            return;
        }
        match self.def[v.index()] {
            Def::Signature => {}
            Def::Result(inst, k) => {
                self.work.push(Work::Inst(inst));
                self.need_slot(inst, k);
            }
            Def::Param(inst, k) => {
                self.work.push(Work::Inst(inst));
                if let Some(slot) = slot_of_param(&self.f.inst(inst).op, k) {
                    self.need_slot(inst, slot);
                }
            }
        }
        if self.f.ty(v).scalar().is_none() {
            let writers = self.writers.remove(&v).unwrap_or_default();
            self.work.extend(writers.into_iter().map(Work::Inst));
        }
    }

    /// Needs what the `slot`-th result of an instruction with regions is made of.
    fn need_slot(&mut self, inst: Inst, slot: usize) {
        let data = self.f.inst(inst);
        let yields = |r: Region| self.f.region(r).yields[slot];
        let param = |r: Region, k: usize| self.f.region(r).params[k];
        let needed: Vec<Value> = match &data.op {
            Op::If { then, otherwise, .. } => vec![yields(*then), yields(*otherwise)],
            Op::For { inits, body, .. } => vec![yields(*body), inits[slot], param(*body, slot + 1), data.results[slot]],
            Op::While { inits, cond, body, .. } => {
                vec![yields(*body), inits[slot], param(*body, slot), param(*cond, slot), data.results[slot]]
            }
            _ => return,
        };
        self.work.extend(needed.into_iter().map(Work::Value));
    }

    fn need_inst(&mut self, inst: Inst) {
        if std::mem::replace(&mut self.inst[inst.index()], true) {
            return;
        }
        let f = self.f;
        self.work.extend(self.owner[inst.index()].map(Work::Inst));
        let op = &f.inst(inst).op;
        match op {
            Op::If { cond, .. } => self.work.push(Work::Value(*cond)),
            Op::For { lo, hi, step, checkpoint, .. } => {
                let kept = checkpoint.map(|c| c.size);
                let bounds = [*lo, *hi, *step].into_iter().chain(kept).filter_map(Int::value);
                self.work.extend(bounds.map(Work::Value));
            }
            Op::While { checkpoint, cond, .. } => {
                self.work.extend(checkpoint.and_then(|c| c.size.value()).map(Work::Value));
                self.work.push(Work::Value(f.region(*cond).yields[0]));
            }
            // A needed write needs its array, too: it is only reached once the array is read, or because it may trap.
            _ => op.visit_operands(&mut |v| self.work.push(Work::Value(v))),
        }
    }

    /// Whether something may be missed if this does not run, whoever uses its results.
    fn always_needed(&self, op: &Op) -> bool {
        match op.effect() {
            Effect::Pure => false,
            Effect::Trap => true,
            Effect::Read | Effect::Alloc => self.may_trap(op),
            Effect::Write => true,
            Effect::Regions => matches!(op, Op::While { .. }),
        }
    }

    /// Whether a memory operation can raise a trap, the memory limit aside.
    fn may_trap(&self, op: &Op) -> bool {
        let f = self.f;
        match op {
            Op::Load { array, subscripts }
            | Op::Store { array, subscripts, .. }
            | Op::Acc { array, subscripts, .. } => !self.in_bounds(*array, subscripts),
            Op::Copy { to, from } => f.ty(*to).array().map(|t| &t.dims) != f.ty(*from).array().map(|t| &t.dims),
            Op::Alloc { ty } => ty.dims.iter().any(|&d| !never_negative(f, d)),
            _ => false,
        }
    }

    /// Whether all subscripts are known to stand below their extents.
    fn in_bounds(&self, array: Value, subscripts: &[Int]) -> bool {
        let dims = self.f.ty(array).array().map_or(&[][..], |ty| &ty.dims);
        let facts = self.facts.get_or_init(|| Facts::new(self.f));
        dims.iter().zip(subscripts).all(|(&extent, &s)| facts.in_range(s, extent))
    }
}

/// The array or tape that an operation only adds to or overwrites.
fn written_object(op: &Op) -> Option<Value> {
    match op {
        Op::Store { array, .. } | Op::Acc { array, .. } | Op::Fill { array, .. } | Op::Copy { to: array, .. } => {
            Some(*array)
        }
        Op::TapePush { tape, .. } | Op::TapePop { tape } => Some(*tape),
        _ => None,
    }
}

/// [`Mutant::StoreDropped`]: the stores into local arrays that nothing further down in the text reads.
fn not_read_below(f: &Function) -> Vec<Inst> {
    let (mut last_read, mut local, mut stores, mut place) = (FxHashMap::default(), Vec::new(), Vec::new(), 0);
    f.walk(&mut |inst| {
        let data = f.inst(inst);
        place += 1;
        match &data.op {
            Op::Alloc { .. } => local.push(data.results[0]),
            Op::Store { array, .. } => stores.push((inst, *array, place)),
            Op::Load { array, .. } | Op::Copy { from: array, .. } => drop(last_read.insert(*array, place)),
            Op::Call { args, .. } => last_read.extend(args.iter().map(|&arg| (arg, place))),
            _ => {}
        }
    });
    stores.retain(|(_, array, place)| local.contains(array) && last_read.get(array) < Some(place));
    stores.into_iter().map(|(inst, ..)| inst).collect()
}

fn slot_of_param(op: &Op, param: usize) -> Option<usize> {
    match op {
        Op::For { .. } => param.checked_sub(1),
        _ => Some(param),
    }
}

fn never_negative(f: &Function, extent: Int) -> bool {
    match extent {
        Int::Const(c) => c >= 0,
        Int::Value(v) => f.dims.contains(&v),
    }
}

struct Sweep<'m> {
    marks: &'m Marks<'m>,
}

impl Rewrite for Sweep<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        if !self.marks.inst[inst.index()] {
            return;
        }
        let data = copier.source.inst(inst);
        let kept: Vec<bool> = data.results.iter().map(|&v| self.marks.value[v.index()]).collect();
        if kept.iter().all(|&k| k) || data.op.regions().is_empty() {
            copier.copy(self, b, inst);
        } else {
            self.copy_without(copier, b, inst, &kept);
        }
    }
}

impl Sweep<'_> {
    /// Copies an instruction with regions, leaving out the results that nobody needs.
    fn copy_without(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, kept: &[bool]) {
        let source = copier.source;
        let data = source.inst(inst);
        let keep =
            |values: &[Value]| -> Values { values.iter().zip(kept).filter(|(_, k)| **k).map(|(&v, _)| v).collect() };
        let mut op = data.op.clone();
        match &mut op {
            Op::If { then, otherwise, .. } => {
                *then = self.region(copier, b, *then, 0, kept);
                *otherwise = self.region(copier, b, *otherwise, 0, kept);
            }
            Op::For { inits, body, .. } => {
                *inits = keep(inits);
                *body = self.region(copier, b, *body, 1, kept);
            }
            Op::While { inits, cond, body, .. } => {
                *inits = keep(inits);
                *cond = self.condition(copier, b, *cond, kept);
                *body = self.region(copier, b, *body, 0, kept);
            }
            _ => {}
        }
        op.map_operands(&copier.map);
        b.set_span(copier.span(inst));
        let results = keep(&data.results);
        let types: Vec<Type> = results.iter().map(|&r| source.ty(r).clone()).collect();
        let copy = b.push(op, &types);
        for (&from, to) in results.iter().zip(b.results(copy)) {
            copier.map.set(from, to);
        }
    }

    /// Copies a region whose parameters from the `first`-th on, and whose yields, are kept or not.
    fn region(
        &mut self,
        copier: &mut Copier<'_>,
        b: &mut Builder,
        region: Region,
        first: usize,
        kept: &[bool],
    ) -> Region {
        let source = copier.source;
        self.open(copier, b, region, first, kept);
        let yields = &source.region(region).yields;
        self.insts(copier, b, region);
        let needed = yields.iter().zip(kept).filter(|(_, k)| **k).map(|(&v, _)| copier.map.value(v));
        let needed: Values = needed.collect();
        b.close(&needed)
    }

    /// Copies the condition of a `while`, which yields its one truth value whatever is kept.
    fn condition(&mut self, copier: &mut Copier<'_>, b: &mut Builder, region: Region, kept: &[bool]) -> Region {
        self.open(copier, b, region, 0, kept);
        let yields = copier.copy_insts(self, b, region);
        b.close(&yields)
    }

    fn open(&self, copier: &mut Copier<'_>, b: &mut Builder, region: Region, first: usize, kept: &[bool]) {
        let params = &copier.source.region(region).params;
        let stays = |k: usize| k < first || kept.get(k - first).copied().unwrap_or(true);
        let kept_params: Vec<Value> = params.iter().enumerate().filter(|(k, _)| stays(*k)).map(|(_, &p)| p).collect();
        let types: Vec<Type> = kept_params.iter().map(|&p| copier.source.ty(p).clone()).collect();
        let copy = b.open(&types);
        for (i, &p) in kept_params.iter().enumerate() {
            copier.map.set(p, b.func().region(copy).params[i]);
        }
    }

    fn insts(&mut self, copier: &mut Copier<'_>, b: &mut Builder, region: Region) {
        for &inst in &copier.source.region(region).insts {
            b.set_span(copier.span(inst));
            self.inst(copier, b, inst);
        }
    }
}
