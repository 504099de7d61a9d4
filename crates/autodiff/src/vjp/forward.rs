//! The forward sweep: a copy of the primal that remembers which of its instructions and regions stand for which of the primal's.
//!
//! In: the primal. Out: the copy, in the builder, and [`Forward`], through which the reverse sweep finds values to save and regions to save them in.
//! The copy is exact; pushes and trip counters are added to it later, and calls replaced by those of augmented primals, when the reverse has asked for them.

use super::ruled::Ruled;
use crate::algebra;
use adit_ir::{Builder, Const, Copier, Function, Inst, Int, Op, Region, Rewrite, Type, Value, ValueMap, Values};

/// What of the forward sweep stands for what of the primal.
#[derive(Debug)]
pub struct Forward {
    /// Values.
    pub map: ValueMap,
    /// The calls that rules differentiate, and where what they read is saved.
    pub(super) ruled: Ruled,
    insts: Vec<Option<Inst>>,
    regions: Vec<Option<Region>>,
}

impl Forward {
    /// The copy of a loop, an `if` or a call.
    pub fn inst(&self, primal: Inst) -> Option<Inst> {
        self.insts[primal.index()]
    }

    /// The copy of a region.
    pub fn region(&self, primal: Region) -> Option<Region> {
        self.regions[primal.index()]
    }

    /// Copies an instruction a second time, but for what is dropped. `known` tells what stands for what it mentions of what lies outside; from now on this copy
    /// stands for what is inside it.
    pub fn again(
        &mut self,
        source: &Function,
        b: &mut Builder,
        inst: Inst,
        known: &[(Value, Value)],
        dropped: &dyn Fn(Inst) -> bool,
    ) -> Option<Inst> {
        let outside = known.iter().map(|(v, _)| v).chain(&source.inst(inst).results);
        let before: Vec<(Value, Option<Int>)> = outside.map(|&v| (v, self.map.get(v))).collect();
        known.iter().for_each(|&(v, standin)| self.map.set(v, standin));
        let mut copier = Copier { map: std::mem::take(&mut self.map), ..Copier::new(source) };
        let (insts, regions) = (std::mem::take(&mut self.insts), std::mem::take(&mut self.regions));
        let mut recorder = Recorder { ruled: std::mem::take(&mut self.ruled), insts, regions, dropped };
        recorder.inst(&mut copier, b, inst);
        *self = recorder.forward(copier.map);
        for (v, was) in before {
            was.into_iter().for_each(|was| self.map.set(v, was));
        }
        self.inst(inst)
    }
}

struct Recorder<'a> {
    ruled: Ruled,
    insts: Vec<Option<Inst>>,
    regions: Vec<Option<Region>>,
    dropped: &'a dyn Fn(Inst) -> bool,
}

impl Recorder<'_> {
    fn forward(self, map: ValueMap) -> Forward {
        Forward { map, ruled: self.ruled, insts: self.insts, regions: self.regions }
    }
}

impl Rewrite for Recorder<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        if (self.dropped)(inst) {
            return;
        }
        self.ruled.before(copier, b, inst);
        copier.copy(self, b, inst);
        self.ruled.after(b, inst);
        let op = &copier.source.inst(inst).op;
        let regions = op.regions();
        let plain = regions.is_empty() && !matches!(op, Op::Call { .. });
        if let (false, Some(&copy)) = (plain, b.func().region(b.current()).insts.last()) {
            self.insts[inst.index()] = Some(copy);
            for (region, copy) in regions.into_iter().zip(b.func().inst(copy).op.regions()) {
                self.regions[region.index()] = Some(copy);
            }
        }
    }
}

/// Declares the primal's dimensions and parameters.
pub fn signature<'s>(source: &'s Function, b: &mut Builder) -> Copier<'s> {
    let mut copier = Copier::new(source);
    copier.copy_signature(b);
    copier
}

/// Copies the primal's body; also gives its results.
pub fn copy(source: &Function, b: &mut Builder, mut copier: Copier<'_>, ruled: Ruled) -> (Forward, Values) {
    let (insts, regions) = (vec![None; source.inst_count()], vec![None; source.region_count()]);
    let mut recorder = Recorder { ruled, insts, regions, dropped: &|_| false };
    recorder.regions[source.body.index()] = Some(b.current());
    let results = copier.copy_insts(&mut recorder, b, source.body);
    (recorder.forward(copier.map), results)
}

impl super::Sweep<'_, '_> {
    /// Makes the copy of a `while` count its trips, and gives the count.
    ///
    /// ```text
    /// v3 = while (v4: f64 = v1) {…}          v3, v5 = while (v4: f64 = v1, v6: i64 = 0) {…}
    /// do { … yield v7 }                      do { … v8 = const 1 ; v9 = iadd v6, v8 ; yield v7, v9 }
    /// ```
    pub(super) fn count_trips(&mut self, inst: Inst) -> Option<Value> {
        let zero = self.at_entry(Op::Const(Const::I64(0)), Type::I64);
        let copy = self.forward.inst(inst)?;
        let regions = self.b.func().inst(copy).op.regions();
        let count = self.carry_more(copy, &[zero], &regions)[0];
        let body = *regions.last()?;
        let trip = *self.b.func().region(body).params.last()?;
        let next = self.append_forward(body, |b| algebra::successor(b, trip));
        self.b.func_mut().region_mut(body).yields.push(next);
        Some(count)
    }

    /// Makes a finished loop carry more; gives the results. These of its regions receive it, behind all else; what the body yields for it is for the caller to add.
    pub(super) fn carry_more(&mut self, copy: Inst, inits: &[Value], receiving: &[Region]) -> Values {
        let f = self.b.func_mut();
        let types: Vec<Type> = inits.iter().map(|&init| f.ty(init).clone()).collect();
        for &region in receiving {
            for ty in &types {
                let param = f.add_value(ty.clone());
                f.region_mut(region).params.push(param);
            }
        }
        let results: Values = types.into_iter().map(|ty| f.add_value(ty)).collect();
        let data = f.inst_mut(copy);
        data.results.extend(results.iter().copied());
        if let Op::For { inits: all, .. } | Op::While { inits: all, .. } = &mut data.op {
            all.extend(inits.iter().copied());
        }
        results.iter().for_each(|&v| self.definitions.state(v));
        results
    }

    /// Appends what `emit` emits to a region of the forward sweep.
    pub(super) fn append_forward<T>(&mut self, region: Region, emit: impl FnOnce(&mut Builder) -> T) -> T {
        self.insert_forward(region, None, emit)
    }

    /// Puts what `emit` emits before an instruction of a region of the forward sweep; at the end without one.
    pub(super) fn insert_forward<T>(
        &mut self,
        region: Region,
        before: Option<Inst>,
        emit: impl FnOnce(&mut Builder) -> T,
    ) -> T {
        let (made, emitted) = self.apart(|sweep| emit(&mut sweep.b));
        let insts = &mut self.b.func_mut().region_mut(region).insts;
        let place = before.and_then(|before| insts.iter().position(|&i| i == before)).unwrap_or(insts.len());
        insts.splice(place..place, emitted);
        made
    }

    /// What `emit` gives, and the instructions that it emits, which no region lists yet.
    pub(super) fn apart<T>(&mut self, emit: impl FnOnce(&mut Self) -> T) -> (T, Vec<Inst>) {
        let scratch = self.b.open(&[]);
        let made = emit(self);
        self.b.close(&[]);
        (made, std::mem::take(&mut self.b.func_mut().region_mut(scratch).insts))
    }
}
