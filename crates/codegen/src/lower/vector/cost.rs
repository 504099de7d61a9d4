//! What a loop gains by running in vectors, and from how many iterations on.
//!
//! In: a loop that has been read, its phases, and how many vectors there are of each value. Out: [`Worth`], in quarters of a cycle: what one iteration saves, and what it costs to begin and to come to an end.
//!
//! ```text
//! s += a[i] · b[i]     one by one          each addition waits for the last one                       16, and 3 for the loop
//!                      4 vectors of two    4 × (two loads, a product, a sum), within one addition     (32 + 4) / 8
//!                      once                places and splats, four sums become one, what is left over
//! ```
//!
//! The figures are rough: they decide only whether vectors are worth it, and both ways give the same but for rounding. What memory takes is not known, and not in them: where it is the bound, vectors gain nothing and lose
//! little. No machine is asked.

use super::LANES;
use super::phases::{Phases, result};
use adit_ir::loops::{Access, Linear, Loop, Reduction, Step, What};
use adit_ir::prim::{Code, Native};
use adit_ir::{Function, Op};

/// From one addition to the next that needs it.
const LATENCY: i64 = 16;

/// The index, its comparison and the way back, of a loop in scalars and of a sweep.
const TURN: i64 = 3;

/// A division or a root, of one number or of two.
const SLOW: i64 = 18;

/// A nanosecond of a function.
const NANOSECOND: i64 = 12;

/// By how much a function over slices is faster for one number.
const FASTER: i64 = 3;

/// What is done in front of each entry, and behind: trips, ends, a branch that is foreseen wrongly.
const ENTRY: i64 = 60;

/// For each thing that has to hold, each address and each splat.
const EACH: i64 = 4;

/// To call a function over slices, and to come back from it.
const CALL: i64 = 60;

/// To put a vector into a buffer, or to take it out.
const BUFFER: i64 = 4;

/// What a loop gains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Worth {
    /// What an iteration saves.
    pub(super) saves: i64,
    /// What it costs once.
    pub(super) once: i64,
}

impl Worth {
    /// From how many iterations on it gains, if it does: with two whole sweeps at least.
    pub(super) fn least(self, sweep: i64) -> Option<i64> {
        (self.saves > 0).then(|| (2 * sweep).max(self.once / self.saves + 1))
    }
}

/// What a loop gains by so many vectors of each value at a time.
pub(super) fn weigh(f: &Function, l: &Loop, phases: &Phases, copies: i64) -> Worth {
    let Times { scalar, vector, chain, calls } = times(f, l, phases);
    let scale = LANES * copies;
    let sweep = chain.max(copies * vector) + TURN * phases.phases.len() as i64;
    let saves = (scale * (scalar.max(chain) + TURN) - sweep) / scale;
    let adds = l.carried.iter().any(|&c| c != Reduction::Kept);
    let joins = if adds { LATENCY * (1 + i64::from(copies.ilog2())) } else { 0 };
    let each = EACH * (l.before.len() + phases.uniform.len() + l.written.len()) as i64;
    // What is left over saves nothing: half a sweep, on the average.
    let left = saves * (scale - 1) / 2;
    Worth { saves, once: ENTRY + joins + each + CALL * calls + left.max(0) }
}

/// What a loop takes.
#[derive(Default)]
struct Times {
    /// For one iteration, one by one.
    scalar: i64,
    /// For one vector of iterations.
    vector: i64,
    /// From what is carried to what is carried on.
    chain: i64,
    /// How many functions over slices there are.
    calls: i64,
}

fn times(f: &Function, l: &Loop, phases: &Phases) -> Times {
    let mut all = Times::default();
    let (mut seen, mut waits) = (vec![false; l.steps.len()], vec![0; l.carried.len()]);
    for phase in &phases.phases {
        for &i in &phase.steps {
            let step = &l.steps[i];
            all.vector += in_lanes(f, step);
            if !std::mem::replace(&mut seen[i], true) {
                all.scalar += one_by_one(f, step);
                if let Some(&way) = result(f, step).and_then(|v| l.ways.get(&v)) {
                    waits[way] += LATENCY;
                }
            }
        }
        for call in &phase.calls {
            let function: i64 = call.prims.iter().map(|prim| NANOSECOND * i64::from(prim.row().cost)).sum();
            all.scalar += function;
            all.vector += LANES * function / FASTER;
            all.calls += 1;
        }
        all.vector += BUFFER * (phase.kept.len() + phase.fetched.len()) as i64;
    }
    all.chain = waits.into_iter().max().unwrap_or(0);
    all
}

/// What a step takes in a loop in scalars.
fn one_by_one(f: &Function, step: &Step) -> i64 {
    match &step.what {
        What::Compute(inst) => computing(&f.inst(*inst).op),
        What::Choose(_) | What::Store(..) | What::Save(..) => 4,
        What::Load(..) | What::Take(..) => 2,
        What::Acc(..) => 8,
    }
}

/// What an operation on numbers takes.
fn computing(op: &Op) -> i64 {
    let Op::Prim { prim, .. } = op else { return if matches!(op, Op::Const(_)) { 0 } else { 2 } };
    let cost = i64::from(prim.row().cost);
    match prim.row().code {
        Code::Native(Native::FDiv | Native::FSqrt) => SLOW,
        Code::Native(Native::FSmul) => 4,
        Code::Native(_) => 2 * cost,
        Code::Call => NANOSECOND * cost,
    }
}

/// What a step takes in one vector.
fn in_lanes(f: &Function, step: &Step) -> i64 {
    let guarded = |guard: &Option<usize>| if guard.is_some() { 8 } else { 0 };
    match &step.what {
        What::Compute(inst) => computing_in_lanes(&f.inst(*inst).op),
        What::Choose(_) => 6,
        What::Load(access, _) => spread(access, 2, 6),
        What::Save(..) => 12,
        What::Take(..) => 6,
        What::Store(access, _, guard) => spread(access, 4, 12) + guarded(guard),
        What::Acc(access, _, guard) => spread(access, 8, 20) + guarded(guard),
    }
}

/// What an operation on vectors takes.
fn computing_in_lanes(op: &Op) -> i64 {
    let code = if let Op::Prim { prim, .. } = op { Some(prim.row().code) } else { None };
    match code {
        Some(Code::Native(Native::FSmul)) => 6,
        // Most machines have no such instruction for two.
        Some(Code::Native(Native::IMul | Native::IToF)) => 12,
        Some(Code::Native(_) | Code::Call) | None => computing(op),
    }
}

/// What is taken where elements lie next to each other, or apart.
fn spread(access: &Access, beside: i64, apart: i64) -> i64 {
    let together = access
        .subscripts
        .split_last()
        .is_some_and(|(last, others)| last.scale == 1 && others.iter().all(Linear::is_uniform));
    if together { beside } else { apart }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_saves_nothing_is_never_long_enough() {
        assert_eq!(Worth { saves: 0, once: 0 }.least(4), None);
        assert_eq!(Worth { saves: 16, once: 164 }.least(8), Some(16));
        assert_eq!(Worth { saves: 2, once: 100 }.least(8), Some(51));
    }
}
