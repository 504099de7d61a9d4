//! Which loops run again in the reverse sweep.
//!
//! In: the loops that may ([`super::super::rerun`]), and what a plan without them saves. Out: those in which something is saved; of loops in others that keep nothing from one iteration to the next, only
//! those that are cheaper to run again than to save: what they save is gone with the iteration, so its tape stays small, and is written where it was just read.

use super::super::independent::{Obstacle, Reversal};
use super::{Asked, Facts, LAST_SAVE, LOAD, Plan, SAVE};
use crate::vjp::nest::Nest;
use adit_ir::{Function, Inst, Op, Region};
use rustc_hash::{FxHashMap, FxHashSet};

/// The loops that are to run again.
pub fn reruns(source: &Function, facts: &Facts, asked: &Asked, plan: &Plan) -> FxHashSet<Inst> {
    let nest = &facts.nest;
    let mut last = asked.loops.clone();
    last.sort_by_key(|(inst, _)| nest.position(*inst));
    let mut chosen = FxHashSet::default();
    let mut candidates = last.iter().filter(|(_, how)| *how == Reversal::Whole(Obstacle::Needless)).peekable();
    if candidates.peek().is_none() {
        return chosen;
    }
    let saved = saved(facts, asked, plan);
    for (inst, _) in candidates {
        let Some(&saves) = saved.get(inst) else { continue };
        let is_inside =
            nest.loops_around(*inst).any(|(body, around)| asked.visible.contains(&body) || chosen.contains(&around));
        if !is_inside || cost(source, nest, *inst) <= saves.saturating_mul(SAVE) {
            chosen.insert(*inst);
        }
    }
    chosen
}

/// By loop: how often something is saved in it.
fn saved(facts: &Facts, asked: &Asked, plan: &Plan) -> FxHashMap<Inst, u64> {
    let nest = &facts.nest;
    let mut saved: FxHashMap<Inst, u64> = FxHashMap::default();
    let values = plan.saved.iter().map(|&v| facts.home(v));
    let arrays = asked.arrays.iter().filter(|(call, array)| !plan.unchanged(*call, *array)).map(|(call, _)| *call);
    let others = arrays.chain(asked.trips.iter().chain(&asked.calls).copied()).map(|inst| nest.region(inst));
    for home in values.chain(others).filter(|home| !asked.visible.contains(home)) {
        for (_, around) in nest.loops_around_region(home) {
            let so_far = saved.entry(around).or_default();
            *so_far = so_far.saturating_add(nest.executions(home));
        }
    }
    saved
}

/// What running a loop costs, as often as it runs.
fn cost(source: &Function, nest: &Nest, inst: Inst) -> u64 {
    let mut cost = 0_u64;
    let mut add = |inst: Inst| {
        let once = match &source.inst(inst).op {
            Op::Prim { prim, .. } => u64::from(prim.row().cost).max(1),
            Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } => LOAD,
            Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } | Op::For { .. } | Op::While { .. } => 1,
            Op::Const(_) | Op::Assert { .. } | Op::Print { .. } => 0,
            // Arrays and calls are dear.
            Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } => LAST_SAVE,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => LAST_SAVE,
        };
        cost = cost.saturating_add(once.saturating_mul(nest.executions(nest.region(inst))));
    };
    source.inst(inst).op.regions().into_iter().for_each(|region: Region| source.walk_region(region, &mut add));
    cost
}
