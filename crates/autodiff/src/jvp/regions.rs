//! Forward mode through `if`, `for` and `while`: each active yielded or carried float is followed by its tangent (one value a lane), after all the primal ones.
//!
//! In and out:
//!
//! ```text
//! v3 = for v4 in 0..v0 (v5: f64 = v1) {        v3, v6 = for v4 in 0..v0 (v5: f64 = v1, v7: f64 = v1_dot) {
//!   v8 = sin v5                                  v8 = sin v5
//!   yield v8                                     v9 = cos v5
//! }                                              v10 = smul v7, v9
//!                                                yield v8, v10
//!                                              }
//! ```

use super::Sweep;
use crate::refusal::Refusal;
use adit_ir::{Checkpoint, Inst, Op, OperandMap, Region, Type, Value, Values};
use smallvec::SmallVec;

/// Positions in a list of results or carried values.
type Places = SmallVec<[usize; 4]>;

impl Sweep<'_, '_> {
    pub(super) fn branch(&mut self, inst: Inst, cond: Value, then: Region, otherwise: Region) -> Result<(), Refusal> {
        let results = &self.source.inst(inst).results;
        let active: Places = (0..results.len()).filter(|&j| self.activity.of(results[j])).collect();
        let mut arms = [then, otherwise];
        for arm in &mut arms {
            *arm = self.region(*arm, &[], &active)?;
        }
        let [then, otherwise] = arms;
        let op = Op::If { cond: self.copier.map.value(cond), then, otherwise };
        self.emit(inst, op, &active);
        Ok(())
    }

    pub(super) fn counted(&mut self, inst: Inst, inits: &[Value], body: Region) -> Result<(), Refusal> {
        let params = &self.source.region(body).params;
        let active = self.carried(&[&params[1..]]);
        let inits = self.inits(inits, &active);
        let tangents: Places = active.iter().map(|j| j + 1).collect();
        let body = self.region(body, &tangents, &active)?;
        let mut op = self.source.inst(inst).op.clone();
        if let Op::For { lo, hi, step, checkpoint, inits: all, body: inner, .. } = &mut op {
            let kept = checkpoint.as_mut().map(|c| &mut c.size);
            for bound in [lo, hi, step].into_iter().chain(kept) {
                *bound = self.copier.map.int(*bound);
            }
            (*all, *inner) = (inits, body);
        }
        self.emit(inst, op, &active);
        Ok(())
    }

    pub(super) fn uncounted(&mut self, inst: Inst, inits: &[Value], cond: Region, body: Region) -> Result<(), Refusal> {
        let params = [cond, body].map(|r| self.source.region(r).params.as_slice());
        let active = self.carried(&params);
        let inits = self.inits(inits, &active);
        let cond = self.region(cond, &active, &[])?;
        let body = self.region(body, &active, &active)?;
        let kept = self.source.inst(inst).op.checkpoint();
        let checkpoint = kept.map(|c| Checkpoint { size: self.copier.map.int(c.size), ..c });
        self.emit(inst, Op::While { checkpoint, inits, cond, body }, &active);
        Ok(())
    }

    /// Which carried values are active in any of the regions that receive them.
    fn carried(&self, params: &[&[Value]]) -> Places {
        let count = params.first().map_or(0, |list| list.len());
        (0..count).filter(|&j| params.iter().any(|list| self.activity.of(list[j]))).collect()
    }

    /// First values of what is carried, tangents after primals.
    fn inits(&mut self, inits: &[Value], active: &[usize]) -> Values {
        let mut all = self.copier.map.values(inits);
        for &j in active {
            all.extend(self.tangent_or_zero(inits[j]));
        }
        all
    }

    /// Copies a region. Its parameters at `received` have tangents, which follow the primal parameters; its yields at `yielded` hand theirs on, likewise.
    fn region(&mut self, region: Region, received: &[usize], yielded: &[usize]) -> Result<Region, Refusal> {
        let data = self.source.region(region);
        let mut types: Vec<Type> = data.params.iter().map(|&p| self.source.ty(p).clone()).collect();
        types.extend(received.iter().flat_map(|&j| self.lane_types(data.params[j])));
        let copy = self.b.open(&types);
        let params = self.b.func().region(copy).params.clone();
        for (&from, &to) in data.params.iter().zip(&params) {
            self.copier.map.set(from, to);
        }
        self.set_tangents(received.iter().map(|&j| data.params[j]), &params[data.params.len()..]);
        self.nested(|sweep| sweep.insts(region))?;
        let mut yields = self.copier.map.values(&data.yields);
        for &j in yielded {
            yields.extend(self.tangent_or_zero(data.yields[j]));
        }
        Ok(self.b.close(&yields))
    }

    /// Appends the operation that stands for `inst`, its results followed by the tangents of those at `active`.
    fn emit(&mut self, inst: Inst, op: Op, active: &[usize]) {
        let data = self.source.inst(inst);
        let mut types: Vec<Type> = data.results.iter().map(|&r| self.source.ty(r).clone()).collect();
        types.extend(active.iter().flat_map(|&j| self.lane_types(data.results[j])));
        self.b.set_span(data.span);
        let copy = self.b.push(op, &types);
        let defined = self.b.results(copy);
        for (&from, &to) in data.results.iter().zip(&defined) {
            self.copier.map.set(from, to);
        }
        self.set_tangents(active.iter().map(|&j| data.results[j]), &defined[data.results.len()..]);
    }
}
