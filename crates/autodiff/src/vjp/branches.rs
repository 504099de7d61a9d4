//! The reverse of `if`: an `if` on the same condition, whose arms are the reverses of the primal's arms.
//!
//! In: the adjoints of the results. Out: the accumulators that the arms changed, yielded by both.
//!
//! ```text
//! v3 = if v0 {                 v8 = if v0 {
//!   v4 = mul v1, v1              v5 = smul w, v1 ; v6 = add v1_bar, v5 ; v7 = add v6, v5
//!   yield v4                     yield v7
//! } else {                     } else {
//!   yield v2                     yield v1_bar            (and v2_bar, likewise)
//! }                            }
//! ```
//!
//! An `if` whose reverse is empty is left out, with its condition.

use super::Sweep;
use super::frames::{Change, Closed, Kind};
use crate::Mutant;
use crate::refusal::Refusal;
use adit_ir::{Op, Region, Value, Values};
use rustc_hash::FxHashMap;

/// The adjoint of an accumulator at the end of each arm; `None` where the arm leaves it alone.
#[derive(Clone, Copy)]
struct Merge {
    value: Value,
    outside: Option<Value>,
    inside: [Option<Value>; 2],
}

impl Sweep<'_, '_> {
    pub(super) fn branch(
        &mut self,
        cond: Value,
        then: Region,
        otherwise: Region,
        results: &[Value],
    ) -> Result<(), Refusal> {
        let seeds: Vec<Option<Value>> = results.iter().map(|&r| self.take(r)).collect();
        let silent = seeds.iter().all(Option::is_none);
        if silent && !self.facts.writes(then) && !self.facts.writes(otherwise) {
            return Ok(());
        }
        let arms = [self.arm(then, &seeds)?, self.arm(otherwise, &seeds)?];
        if arms.iter().all(|arm| arm.changes.is_empty() && self.b.func().region(arm.region).insts.is_empty()) {
            return Ok(());
        }
        let cond = if self.has(Mutant::WrongCondition) { self.other_condition(cond) } else { cond };
        let cond = if self.has(Mutant::LastConditionOnly) { self.last_only(cond) } else { self.residual(cond) };
        self.join(cond, arms);
        Ok(())
    }

    /// [`Mutant::WrongCondition`]: that of another `if` of the region, if there is one.
    fn other_condition(&mut self, own: Value) -> Value {
        let source = self.source;
        let region = self.frame().primal.unwrap_or(source.body);
        let condition = |&inst| if let Op::If { cond, .. } = source.inst(inst).op { Some(cond) } else { None };
        let mut conditions = source.region(region).insts.iter().filter_map(condition);
        conditions.find(|&cond| cond != own).unwrap_or(own)
    }

    /// The reverse of one arm, whose yields have these adjoints.
    fn arm(&mut self, region: Region, seeds: &[Option<Value>]) -> Result<Closed, Refusal> {
        self.open(Kind::Straight, Some(region), &[])?;
        let source = self.source;
        let data = source.region(region);
        let lost = self.has(Mutant::WrongExit) && data.insts.is_empty();
        for (&v, seed) in data.yields.iter().zip(seeds) {
            if let (Some(seed), false) = (seed, lost) {
                self.add(v, *seed);
            }
        }
        self.region(region)?;
        Ok(self.close())
    }

    /// Emits an `if` over two finished arms. Accumulators continue as its results; what the arms yielded before comes back.
    pub(super) fn join(&mut self, cond: Value, arms: [Closed; 2]) -> Values {
        let (merges, forgets) = (merge(&arms), self.has(Mutant::MergeForgets));
        for (side, arm) in arms.iter().enumerate() {
            let adjoint = |m: &Merge| m.inside[side].or(m.outside.filter(|_| !forgets));
            let yields: Values = merges.iter().map(|m| self.or_zero(adjoint(m), m.value)).collect();
            self.b.func_mut().region_mut(arm.region).yields.extend(yields);
        }
        let [then, otherwise] = arms.map(|arm| arm.region);
        let inst = self.b.if_(cond, then, otherwise);
        let results = self.b.results(inst);
        let own = results.len() - merges.len();
        for (merge, &result) in merges.iter().zip(&results[own..]) {
            self.adjoint[merge.value.index()] = Some(result);
        }
        results[..own].into()
    }
}

/// What either arm changed, in order of first change.
fn merge(arms: &[Closed; 2]) -> Vec<Merge> {
    let mut merges: Vec<Merge> = Vec::new();
    let mut known: FxHashMap<Value, usize> = FxHashMap::default();
    for (side, arm) in arms.iter().enumerate() {
        for &Change { value, outside, inside } in &arm.changes {
            let place = *known.entry(value).or_insert_with(|| {
                merges.push(Merge { value, outside, inside: [None; 2] });
                merges.len() - 1
            });
            merges[place].inside[side] = inside;
        }
    }
    merges
}
