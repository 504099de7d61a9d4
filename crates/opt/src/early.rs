//! Calls come before loops: what is computed by a call, and could be computed before a loop that stands in front of it, is.
//!
//! In: a function. Out: the same with pure operations that become calls moved in front of the first loop after their operands, with what they need for it:
//!
//! ```text
//! v1 = for … { … }             v2 = mul v0, v9
//! v2 = mul v0, v9        ⇒     v3 = log v2
//! v3 = log v2                  v1 = for … { … }
//! ```
//!
//! A call leaves no register as it was. What a loop carries, and is wanted behind a call that follows, would be kept in memory for the sake of that call, within the loop too. Only the order within one region changes, so all runs as often as before; what may stop the run stays where it is.

use crate::Options;
use adit_ir::prim::Code;
use adit_ir::{Effect, Function, Inst, Module, Op, Region};

/// Moves calls in one function.
pub fn run(_: &Module, f: &Function, _: Options) -> Option<Function> {
    let is_loop = |op: &Op| matches!(op, Op::For { .. } | Op::While { .. });
    if !f.insts().any(|i| is_loop(&i.op)) || !f.insts().any(|i| is_call(&i.op)) {
        return None;
    }
    let mut regions = vec![f.body];
    f.walk(&mut |inst| regions.extend(f.inst(inst).op.regions()));
    let mut place = vec![None; f.value_count()];
    let mut changed: Option<Function> = None;
    for region in regions {
        if let Some(order) = ordered(f, region, &mut place) {
            changed.get_or_insert_with(|| f.clone()).region_mut(region).insts = order;
        }
    }
    changed
}

fn is_call(op: &Op) -> bool {
    matches!(op, Op::Prim { prim, .. } if prim.row().code == Code::Call)
}

/// A better order of a region's instructions, if there is one. `place` is where values are defined, for those of this region.
fn ordered(f: &Function, region: Region, place: &mut [Option<(Region, usize)>]) -> Option<Vec<Inst>> {
    let insts = &f.region(region).insts;
    // In front of which instruction each could stand, with all that it needs.
    let mut earliest = vec![0; insts.len()];
    // The first loop at or behind each instruction.
    let mut first_loop = vec![insts.len(); insts.len() + 1];
    for (at, &inst) in insts.iter().enumerate().rev() {
        let is_loop = matches!(f.inst(inst).op, Op::For { .. } | Op::While { .. });
        first_loop[at] = if is_loop { at } else { first_loop[at + 1] };
    }
    let mut to: Vec<usize> = (0..insts.len()).collect();
    for (at, &inst) in insts.iter().enumerate() {
        let data = f.inst(inst);
        data.results.iter().for_each(|r| place[r.index()] = Some((region, at)));
        earliest[at] = at + 1;
        if data.op.effect() == Effect::Pure {
            let operands = data.op.operands();
            let here = operands.iter().filter_map(|v| place[v.index()]).filter(|(r, _)| *r == region);
            earliest[at] = here.map(|(_, at)| earliest[at]).max().unwrap_or(0);
            if is_call(&data.op) && first_loop[earliest[at]] < at {
                to[at] = first_loop[earliest[at]];
            }
        }
    }
    if to.iter().enumerate().all(|(at, &to)| at == to) {
        return None;
    }
    // What they need goes with them.
    for at in (0..insts.len()).rev().filter(|&at| earliest[at] <= at) {
        for v in f.inst(insts[at]).op.operands() {
            match place[v.index()] {
                Some((defined_in, by)) if defined_in == region && earliest[by] <= by => to[by] = to[by].min(to[at]),
                _ => {}
            }
        }
    }
    let mut order: Vec<usize> = (0..insts.len()).collect();
    order.sort_by_key(|&at| (to[at], to[at] == at, at));
    Some(order.into_iter().map(|at| insts[at]).collect())
}
