//! Loops whose iterations are run a second time in the reverse sweep, each right in front of its reverse: nothing is saved from one iteration to the next.
//!
//! In: a loop whose iterations are independent ([`super::independent`]), but whose adjoints are known only after it. Out: at its place in the reverse sweep a second copy of it, with the reverse of the
//! body at the end of the body, as [`super::local`] puts it into the forward sweep:
//!
//! ```text
//! v6 = for v7 in 0..d0 (v8: f64 = v5) {      v9 = for v10 in 0..d0 (v11: f64 = v5) {        w is the adjoint of v6, known by now
//!   v1 = load v0[v7]                           v12 = load v0[v10]
//!   v2 = sin v1                                v13 = sin v12
//!   v3 = add v8, v2                            v14 = add v11, v13
//!   yield v3                                   v15 = cos v12 ; v16 = smul w, v15 ; acc v0_bar[v10], v16
//! }                                            yield v14
//! return log(v6)                             }
//! ```
//!
//! The copy carries whatever the loop carries, in the order of the primal, so it ends when that does. It stores nothing into arrays from outside, which keep what they hold at the end, and asserts and
//! prints nothing. The independence of iterations is asked with that in mind: what it reads from outside must be as it was. An array that is
//! written later, but of which every iteration reads all, is saved as a whole after the loop, and read from there.
//!
//! What this does not do: it says which loops *may* be run again; [`super::plan`] says where something would be saved otherwise.

use super::Sweep;
use super::facts::Facts;
use super::frames::{Closed, Kind};
use super::independent::{Again, Iterations, Obstacle, Relaxed, Reversal};
use super::loops::Carried;
use super::plan::Overwrites;
use crate::refusal::Refusal;
use crate::{AdOpt, Mutant};
use adit_ir::{Function, Inst, Op, OperandMap, Region, Value};
use rustc_hash::FxHashSet;

impl Sweep<'_, '_> {
    /// Runs the iterations of a loop again and reverses them, if that is allowed and planned; says whether.
    pub(super) fn again_and_back(&mut self, inst: Inst, body: Region, carried: &[Carried]) -> Result<bool, Refusal> {
        if !self.options.opts.has(AdOpt::Rerun) {
            return Ok(false);
        }
        let planned = self.plan.reruns(inst);
        let may = self.may_run_again(inst, self.relaxed_again());
        let verdict = match &may {
            Ok(_) if planned => Reversal::Again,
            Ok(_) => Reversal::Whole(Obstacle::Needless),
            Err(obstacle) => Reversal::Whole(*obstacle),
        };
        self.asked.loops.push((inst, verdict));
        let (Ok(kept), Reversal::Again) = (may, verdict) else { return Ok(false) };
        let inside = Inside::of(self, inst);
        let known = self.known_again(inst, inside.mentions(self.source, inst), &kept);
        // The copy is listed when its reverse is built: what that needs from around it comes first.
        let (copy, made) = self.apart(|sweep| {
            let dropped = |inst: Inst| inside.drops(sweep.source, inst);
            sweep.forward.again(sweep.source, &mut sweep.b, inst, &known, &dropped)
        });
        let (Some(copy), Some(region)) = (copy, self.forward.region(body)) else { return Ok(false) };
        self.b.func_mut().inst_mut(copy).op.set_checkpoint(None);
        let seeds: Vec<Option<Value>> = carried.iter().map(|c| c.seed).collect();
        // Whatever asks for these within the iteration gets what the iteration reads.
        let restored = known.iter().filter(|(v, _)| kept.contains(v)).map(|&(v, own)| (self.forward.map.value(v), own));
        self.standin.extend(restored);
        let around = std::mem::replace(&mut self.again, known);
        let Closed { changes, .. } = self.reverse_at_end(body, region, carried, &seeds)?;
        self.again = around;
        for &v in &kept {
            self.standin.remove(&self.forward.map.value(v));
        }
        let here = self.b.current();
        self.b.func_mut().region_mut(here).insts.extend(made);
        self.hand_on(copy, &changes, carried);
        Ok(true)
    }

    /// What stands for what the copy of a loop mentions. Arrays that hold something else by now come back from a tape.
    fn known_again(&mut self, inst: Inst, mentioned: Vec<Value>, kept: &[Value]) -> Vec<(Value, Value)> {
        let parent = self.frame().primal.and_then(|primal| self.forward.region(primal));
        let mut known = Vec::with_capacity(mentioned.len());
        for v in mentioned {
            let standin = match (self.forward.inst(inst), parent) {
                (Some(copy), Some(parent)) if kept.contains(&v) => {
                    self.asked.arrays.push((inst, v));
                    self.note_tape(Kind::Straight);
                    self.as_it_was(v, copy, parent)
                }
                _ => self.residual(v),
            };
            known.push((v, standin));
        }
        known
    }

    fn relaxed_again(&self) -> Relaxed {
        Relaxed {
            carried: self.has(Mutant::RerunCarried),
            writes: self.has(Mutant::RerunShared),
            stored_later: self.has(Mutant::RerunWrittenLater),
        }
    }

    /// Whether the iterations can be run again here, and the arrays that have to be kept for that.
    pub(super) fn may_run_again(&self, inst: Inst, relaxed: Relaxed) -> Result<Vec<Value>, Obstacle> {
        if self.is_cut {
            return Err(Obstacle::Apart);
        }
        let visible = |array: Value| self.frames[self.place_of(array)].visible;
        let overwrites =
            self.overwrites.get_or_init(|| Overwrites::new(self.requests.module, self.source, &self.facts.nest, false));
        let (module, f, facts, activity) = (self.requests.module, self.source, self.facts, self.activity);
        let restored = |array: Value| self.standin.contains_key(&self.forward.map.value(array));
        let again = Some(Again { overwrites, visible: &visible, restored: &restored });
        Iterations { module, f, facts, activity, relaxed, again }.independent(inst)
    }
}

/// What is defined inside a loop.
struct Inside<'a> {
    facts: &'a Facts,
    from: u32,
    to: u32,
    /// [`Mutant::RerunStores`]: arrays from outside that are stored into again.
    stored: FxHashSet<Value>,
}

impl<'a> Inside<'a> {
    fn of(sweep: &Sweep<'_, 'a>, inst: Inst) -> Self {
        let facts = sweep.facts;
        let mut stored = FxHashSet::default();
        if sweep.has(Mutant::RerunStores) {
            let is_there = |v: &Value| sweep.frames[sweep.place_of(*v)].visible;
            sweep.source.walk(&mut |inst| {
                if let Op::Acc { array, .. } = &sweep.source.inst(inst).op {
                    stored.extend([*array].into_iter().filter(|v| is_there(v)));
                }
            });
        }
        Inside { facts, from: facts.nest.position(inst), to: facts.nest.last(inst), stored }
    }

    fn has(&self, v: Value) -> bool {
        let nest = &self.facts.nest;
        let by = nest.definition(v).or_else(|| nest.around(nest.home(v)));
        by.is_some_and(|by| (self.from..=self.to).contains(&nest.position(by)))
    }

    /// Whether an instruction is left out when the loop runs again: its effect is seen outside.
    fn drops(&self, source: &Function, inst: Inst) -> bool {
        match &source.inst(inst).op {
            Op::Assert { .. } | Op::Print { .. } => true,
            Op::Store { array, .. } | Op::Fill { array, .. } | Op::Copy { to: array, .. } => !self.has(*array),
            Op::Acc { array, .. } => !self.has(*array) && !self.stored.contains(array),
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => false,
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Load { .. } | Op::Call { .. } => false,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => false,
        }
    }

    /// What the copy of the loop mentions of what lies outside, each once, in the order of the text.
    fn mentions(&self, source: &Function, inst: Inst) -> Vec<Value> {
        let (mut known, mut mentioned) = (FxHashSet::default(), Vec::new());
        let mut see = |v: Value| {
            if !self.has(v) && known.insert(v) {
                mentioned.push(v);
            }
        };
        let mut visit = |inst: Inst| {
            let op = &source.inst(inst).op;
            if !self.drops(source, inst) {
                op.visit_operands(&mut see);
            }
            op.regions().into_iter().for_each(|r| source.region(r).yields.iter().for_each(|&v| see(v)));
        };
        visit(inst);
        source.inst(inst).op.regions().into_iter().for_each(|region| source.walk_region(region, &mut visit));
        mentioned
    }
}
