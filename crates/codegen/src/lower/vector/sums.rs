//! Which sums wait for themselves.
//!
//! In: a loop that has been read, and its phases. Out: whether it is bound by the latency of the numbers that it carries, so that several iterations at once are the only remedy, and how many vectors it takes until it waits no more.
//!
//! ```text
//! v29 = add v20, v28    v30 = add v21, v27    v32 = add v22, v31      each waits for the last one: 3 or 4 cycles an iteration
//! and 5 more operations on numbers                                    8 on four units: half as much, so two vectors at a time
//! ```
//!
//! Such a loop only reads and adds up: it has no branch, writes nothing, calls nothing, and does few other things for each addition that it has to wait for. What becomes of other loops is not decided here.

use super::LANES;
use super::phases::{Phases, result};
use adit_ir::loops::{Loop, Reduction, What};
use adit_ir::{Function, Op};

/// Cycles from one addition to the next that needs it.
const LATENCY: u32 = 4;

/// How many operations on floats begin in a cycle: two products and two sums, on many machines.
const UNITS: u32 = 4;

/// More vectors would be many registers.
const MOST_COPIES: i64 = 4;

/// How many vectors of each value there are at a time for the loop not to wait for its sums; none if it does not, most of the time.
pub(super) fn copies(f: &Function, l: &Loop, phases: &Phases) -> Option<i64> {
    if !only_add(f, l, phases) {
        return None;
    }
    let mut waits = vec![0; l.carried.len()];
    let mut work = 0;
    for &step in phases.phases.iter().flat_map(|phase| &phase.steps) {
        work += cost(f, l, step).unwrap_or(0);
        if let Some(&way) = result(f, &l.steps[step]).and_then(|v| l.ways.get(&v)) {
            waits[way] += LATENCY;
        }
    }
    let could = UNITS * waits.into_iter().max().unwrap_or(0);
    let wanted = could.checked_div(work).filter(|&iterations| iterations > 0)?.div_ceil(LANES as u32);
    Some(i64::from(wanted.next_power_of_two()).min(MOST_COPIES))
}

/// Whether the loop does nothing but read, compute without functions, and add up floats.
fn only_add(f: &Function, l: &Loop, phases: &Phases) -> bool {
    let adds = |reduction: &Reduction| matches!(reduction, Reduction::Sum | Reduction::Kept);
    let steps = || phases.phases.iter().flat_map(|phase| &phase.steps);
    l.written.is_empty()
        && phases.buffers == 0
        && l.carried.iter().all(adds)
        && steps().all(|&step| cost(f, l, step).is_some())
}

/// What a step costs beside its memory; nothing if it is a choice, or more than a sum needs.
fn cost(f: &Function, l: &Loop, step: usize) -> Option<u32> {
    match l.steps[step].what {
        What::Load(..) | What::Take(..) => Some(0),
        What::Compute(inst) => {
            let Op::Prim { prim, .. } = &f.inst(inst).op else { return None };
            Some(prim.row().cost)
        }
        What::Choose(_) | What::Store(..) | What::Acc(..) | What::Save(..) => None,
    }
}
