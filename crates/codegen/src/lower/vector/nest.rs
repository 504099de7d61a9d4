//! Loops around loops, written twice: with vectors within, and without.
//!
//! In: a loop that is in no other one. Out: [`Nest`]: which of the loops in it could run in vectors if they are long enough, and a sum that tells, before the outermost begins, whether they are. How long an inner loop is can be seen
//! there if its bounds are known there, or go with the index of a loop around it: half the way, on the average.
//!
//! ```text
//! for i in 0..n {                             n · (8·d − 150) > 0 ?
//!   for j in 0..d { s += x[i, j] · w[j]; }    yes: the loop, its inner one in vectors where d is large enough
//! }                                           no:  the loop as it is without vectors
//! ```
//!
//! A comparison in front of each inner loop would be enough for what comes out, and does too much: what vectors want in registers is in the way of the loops around, which short inner loops, being most of what is run, feel by a tenth and
//! more. Written twice, the loop without vectors is what it would be if there were none.
//!
//! Not done for large functions, whose compilation takes its time as it is, nor where no inner loop's length can be seen. Nor where the nest is long, unless it calls functions; to ask in front of each nest within it took more than their vectors gained. Loops of a length that is written in the
//! program are no matter: for those it is decided here. Products of matrices have [kernels](crate::lower::products) where they are large.

use super::Plan;
use crate::error::CodegenError;
use crate::lower::Lower;
use adit_ir::bounds::Facts;
use adit_ir::{Bounds, Function, Inst, Int, Op, Region, Value};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder};
use rustc_hash::FxHashMap;

/// Nests of more instructions are not written twice: the second copy takes its time to be compiled.
const MOST: usize = 160;

/// But those of up to so many are that call functions of many numbers: of these, vectors gain most.
const MOST_CALLING: usize = 300;

/// In long nests loops have to be so many times as long, and to gain so many times what they cost once: more wants registers there.
const DOUBT: i64 = 2;

/// Of loops within so many others the length matters.
const DEEPEST: usize = 5;

/// Trips that are looked at: so many are enough, and their products cannot wrap.
const MOST_TRIPS: i64 = 1 << 9;

/// What an inner loop costs that does not run in vectors but asks whether it should.
const ASKING: i64 = 16;

/// The loops in a loop that may run in vectors.
pub(in crate::lower) struct Nest {
    loops: Vec<(Inst, Weight)>,
}

/// What decides for an inner loop.
#[derive(Clone, Copy)]
struct Weight {
    saves: i64,
    once: i64,
    least: i64,
}

/// Which copy of a nest is being written.
pub(in crate::lower) struct Copy {
    loops: Vec<Inst>,
    vectors: bool,
}

impl Copy {
    /// Whether a loop may run in vectors here; nothing if that does not depend on the copy.
    pub(super) fn takes(&self, inst: Inst) -> Option<bool> {
        self.loops.contains(&inst).then_some(self.vectors)
    }
}

impl Nest {
    /// The inner loops of a loop that are taken if they are long; `plan` says what becomes of one.
    pub(super) fn of(
        f: &Function,
        facts: &Facts<'_>,
        outer: Inst,
        plan: &dyn Fn(Inst) -> Option<Plan>,
        is_product: &dyn Fn(Inst) -> bool,
    ) -> Option<Nest> {
        let mut size = 0;
        let Op::For { body, .. } = f.inst(outer).op else { return None };
        f.walk_region(body, &mut |_| size += 1);
        if size > MOST_CALLING {
            return None;
        }
        let is_long = size > MOST;
        let (seen, around, loops) = (Seen::default(), Vec::new(), Vec::new());
        let mut search = Search { f, facts, plan, is_product, is_long, calls: false, seen, around, loops };
        search.enter(outer);
        let taken = !search.loops.is_empty() && (!is_long || search.calls);
        taken.then_some(Nest { loops: search.loops })
    }

    /// Whether a loop is one of them.
    pub(super) fn has(&self, inst: Inst) -> bool {
        self.loops.iter().any(|&(known, _)| known == inst)
    }
}

/// What is not known in front of a nest: what it defines, but for the indices of its loops.
#[derive(Default)]
struct Seen {
    inside: FxHashMap<Value, Inside>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Index,
    Other,
}

impl Seen {
    /// Whether a bound can be told in front of the nest.
    fn tells(&self, facts: &Facts<'_>, bound: Int) -> bool {
        let (root, _) = facts.split(bound);
        root.is_none_or(|root| self.inside.get(&root) != Some(&Inside::Other))
    }
}

struct Search<'s, 'f> {
    f: &'f Function,
    facts: &'s Facts<'f>,
    plan: &'s dyn Fn(Inst) -> Option<Plan>,
    is_product: &'s dyn Fn(Inst) -> bool,
    is_long: bool,
    /// Whether a loop calls functions of many numbers.
    calls: bool,
    seen: Seen,
    /// Whether the bounds of each loop around can be told.
    around: Vec<bool>,
    loops: Vec<(Inst, Weight)>,
}

impl Search<'_, '_> {
    fn enter(&mut self, inst: Inst) {
        let f = self.f;
        let data = f.inst(inst);
        let Op::For { lo, hi, step, body, .. } = data.op else { return };
        if (self.is_product)(inst) {
            return;
        }
        let told = self.seen.tells(self.facts, lo) && self.seen.tells(self.facts, hi);
        let by_one = matches!(self.facts.literal(step), Some(1 | -1));
        let params = &f.region(body).params;
        params.iter().for_each(|&v| self.note(v, Inside::Other));
        if told && by_one {
            self.note(params[0], Inside::Index);
        }
        if !self.around.is_empty()
            && told
            && self.around.iter().all(|&told| told)
            && self.around.len() < DEEPEST
            && let Some(plan) = (self.plan)(inst)
            && plan.trips.is_none()
        {
            let doubt = if self.is_long { DOUBT } else { 1 };
            let (once, least) = (doubt * plan.worth.once, doubt * plan.least);
            self.calls |= plan.phases.buffers > 0;
            self.loops.push((inst, Weight { saves: plan.worth.saves, once, least }));
            return;
        }
        self.around.push(told && by_one);
        self.region(body);
        self.around.pop();
    }

    fn region(&mut self, region: Region) {
        let f = self.f;
        for &inst in &f.region(region).insts {
            let data = f.inst(inst);
            data.results.iter().for_each(|&v| self.note(v, Inside::Other));
            if matches!(data.op, Op::For { .. }) {
                self.enter(inst);
            } else if !matches!(data.op, Op::While { .. }) {
                // How often a `while` runs is not known; what is in it is not weighed.
                data.op.regions().into_iter().for_each(|inner| self.region(inner));
            }
        }
    }

    fn note(&mut self, v: Value, inside: Inside) {
        self.seen.inside.insert(v, inside);
    }
}

impl Lower<'_, '_, '_, '_> {
    /// What of the loops in a loop may run in vectors, if any.
    pub(in crate::lower) fn nest(&self, inst: Inst) -> Option<Nest> {
        if self.loops > 0 || self.copy.is_some() || self.plan.is_large() || !self.may_have_vectors() {
            return None;
        }
        let is_product = |inner| self.product_plan(inner).is_some();
        Nest::of(self.f, &self.facts, inst, &|inner| self.planned(inner).ok(), &is_product)
    }

    /// Writes a loop twice, behind a question, and what it gives where both come together.
    pub(in crate::lower) fn twice(
        &mut self,
        nest: &Nest,
        (inst, bounds): (Inst, Bounds),
        inits: &[Value],
        body: Region,
        results: &[Value],
    ) -> Result<(), CodegenError> {
        let gains = self.gains(nest, inst)?;
        let [long, short] = [true, false].map(|_| self.b.create_block());
        let after = self.block_for(results);
        self.b.ins().brif(gains, long, &[], short, &[]);
        for (block, vectors) in [(long, true), (short, false)] {
            self.b.switch_to_block(block);
            self.copy = Some(Copy { loops: nest.loops.iter().map(|&(inst, _)| inst).collect(), vectors });
            let given = self.aside(|lower| {
                lower.loop_((inst, bounds), inits, body, results)?;
                lower.values(results)
            })?;
            self.jump(after, &given);
        }
        self.copy = None;
        self.arrive(after, results)
    }

    /// Whether vectors gain more by the loops that are long enough than they lose by the others.
    fn gains(&mut self, nest: &Nest, outer: Inst) -> Result<ir::Value, CodegenError> {
        let mut halves = FxHashMap::default();
        let once = self.word(1);
        let Op::For { lo, hi, body, .. } = self.f.inst(outer).op else { return Ok(once) };
        let trips = self.trips_told((lo, hi), body, &mut halves)?;
        let sum = self.gain_of(nest, body, trips, &mut halves)?;
        Ok(self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, sum, 0))
    }

    /// What is gained in a region that runs so many times.
    fn gain_of(
        &mut self,
        nest: &Nest,
        region: Region,
        times: ir::Value,
        halves: &mut FxHashMap<Value, ir::Value>,
    ) -> Result<ir::Value, CodegenError> {
        let f = self.f;
        let mut sum = self.word(0);
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            let known = nest.loops.iter().find(|&&(known, _)| known == inst);
            if let Op::For { lo, hi, body, .. } = op
                && (known.is_some() || self.is_around(nest, *body))
            {
                let trips = self.trips_told((*lo, *hi), *body, halves)?;
                let gain = match known {
                    Some(&(_, weight)) => self.gain_of_one(weight, trips, times),
                    None => {
                        let times = self.b.ins().imul(times, trips);
                        self.gain_of(nest, *body, times, halves)?
                    }
                };
                sum = self.b.ins().iadd(sum, gain);
            } else if let Op::If { then, otherwise, .. } = op {
                for arm in [then, otherwise] {
                    let gain = self.gain_of(nest, *arm, times, halves)?;
                    sum = self.b.ins().iadd(sum, gain);
                }
            }
        }
        Ok(sum)
    }

    fn is_around(&self, nest: &Nest, region: Region) -> bool {
        let mut found = false;
        self.f.walk_region(region, &mut |inst| found |= nest.has(inst));
        found
    }

    fn gain_of_one(&mut self, weight: Weight, trips: ir::Value, times: ir::Value) -> ir::Value {
        let saved = self.b.ins().imul_imm_s(trips, weight.saves);
        let gain = self.b.ins().iadd_imm_s(saved, -weight.once);
        let long = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, trips, weight.least);
        let asking = self.word(-ASKING);
        let gain = self.b.ins().select(long, gain, asking);
        self.b.ins().imul(gain, times)
    }

    /// How often a loop runs, about; its index is then halfway.
    fn trips_told(
        &mut self,
        (lo, hi): (Int, Int),
        body: Region,
        halves: &mut FxHashMap<Value, ir::Value>,
    ) -> Result<ir::Value, CodegenError> {
        let (lo, hi) = (self.told(lo, halves)?, self.told(hi, halves)?);
        let way = self.b.ins().isub(hi, lo);
        let half = self.b.ins().sshr_imm_u(way, 1);
        let half = self.b.ins().iadd(lo, half);
        halves.insert(self.f.region(body).params[0], half);
        let way = self.b.ins().iabs(way);
        let most = self.word(MOST_TRIPS);
        Ok(self.b.ins().umin(way, most))
    }

    /// A bound, with indices of loops around halfway.
    fn told(&mut self, bound: Int, halves: &FxHashMap<Value, ir::Value>) -> Result<ir::Value, CodegenError> {
        let (root, offset) = self.facts.split(bound);
        let Some(root) = root else { return Ok(self.word(offset)) };
        let value = match halves.get(&root) {
            Some(&half) => half,
            None => self.get(root)?,
        };
        Ok(self.b.ins().iadd_imm_s(value, offset))
    }
}
