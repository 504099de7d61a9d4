//! Which part of a loop runs in which stage.
//!
//! In: the parts of a loop and what comes before what ([`Body`]). Out: a [`Plan`], if splitting the loop gains something: its stages, even ones sequential, odd ones parallel, and which values wait in arrays.
//!
//! Each part has the first stage that it can have: one that is not before those of parts before it, of the right sort. What needs nothing but the index and arrays that stay as they are then moves to the stage that wants it, and what a kernel
//! needs into its stage. What is cheap is computed again in a later stage rather than kept.

use super::Fission;
use super::depend::{Body, Context, Part, Work, read};
use adit_ir::loops::Linear;
use adit_ir::{Inst, Int, Op, ScalarType, Value};

/// So many operations are computed again rather than kept.
const CHEAP: u32 = 3;

/// More arrays are not worth it.
const MOST_KEPT: usize = 24;

/// What it costs to keep a value for an iteration, and to run a loop more, in nanoseconds.
const KEEP: u32 = 1;

/// So many carried values, and each is there but once in vectors over iterations.
const CROWD: usize = 7;

/// Out of how many nanoseconds of a function one is left where it runs over slices.
const FASTER: u32 = 3;

/// How a loop is split.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) stages: Vec<Stage>,
    /// Instructions of the body, by part.
    pub(super) insts: Vec<Inst>,
    pub(super) index: Value,
    /// 1 or -1.
    pub(super) step: i64,
    /// What waits from one stage to a later one.
    pub(super) kept: Vec<(Value, ScalarType)>,
    /// What has to be in range, at the first index and the last.
    pub(super) checks: Vec<(Linear, Int)>,
}

/// A loop over a block.
#[derive(Default, Debug)]
pub(super) struct Stage {
    /// Whether iterations may run in any order.
    pub(super) parallel: bool,
    /// What it carries, by place.
    pub(super) carried: Vec<usize>,
    /// Parts to be run, in order.
    pub(super) parts: Vec<usize>,
    /// Whether the index is looked at.
    pub(super) index: bool,
    /// What is taken from arrays, by place in [`Plan::kept`].
    pub(super) fetched: Vec<usize>,
    /// What is put there.
    pub(super) kept: Vec<usize>,
}

/// How to split a loop, which may be within another one.
pub(super) fn plan(c: Context<'_, '_>, fission: Fission, inst: Inst, within: bool) -> Option<Plan> {
    let Op::For { step, .. } = c.f.inst(inst).op else { return None };
    if !is_long(c, fission, inst, within) {
        return None;
    }
    let body = read(c, fission, inst)?;
    let is = |work: Work| body.parts.iter().any(|part| part.work == work && !part.idle);
    let sink = is_beside(c, inst);
    let whole = !sink && !is(Work::Single) && adit_ir::loops::read(c.f, c.facts, inst).is_ok();
    if !is(Work::Kernel) || !is(Work::Serial) || whole {
        return None;
    }
    let levels = Levels::of(&body, sink);
    let beside = |(part, level): (&Part, &usize)| part.work == Work::Kernel && !part.idle && level % 2 == 1;
    if !body.parts.iter().zip(&levels.level).any(beside) {
        return None;
    }
    let most = levels.level.iter().copied().max().unwrap_or(0);
    let stages = (0..=most).map(|s| Stage { parallel: s % 2 == 1, ..Stage::default() }).collect();
    let insts = body.parts.iter().filter_map(|part| part.inst).collect();
    let step = c.facts.literal(step)?;
    let plan = Plan { stages, insts, index: body.index, step, kept: Vec::new(), checks: Vec::new() };
    let mut planner = Planner { c, body: &body, level: levels.level, plan };
    planner.fill();
    let gains = planner.fits() && (fission.eager || planner.gains());
    let mut plan = planner.plan;
    plan.checks = body.checks;
    gains.then_some(plan)
}

/// Whether an iteration does so much to elements beside each other that two of them go well at a time, better than two iterations, for which they would be gathered: derivatives along several directions do.
fn is_beside(c: Context<'_, '_>, inst: Inst) -> bool {
    let Op::For { ref inits, body, .. } = c.f.inst(inst).op else { return false };
    let behind = |inst: &&Inst| match &c.f.inst(**inst).op {
        Op::Load { subscripts, .. } => subscripts
            .split_last()
            .is_some_and(|(last, others)| !others.is_empty() && c.facts.literal(*last).is_some_and(|last| last > 0)),
        _ => false,
    };
    inits.len() >= CROWD && 2 * c.f.region(body).insts.iter().filter(behind).count() >= inits.len()
}

/// Whether a loop may have the iterations of a block, and does little else.
fn is_long(c: Context<'_, '_>, fission: Fission, inst: Inst, within: bool) -> bool {
    let Op::For { lo, hi, body, .. } = c.f.inst(inst).op else { return false };
    let trips = c.facts.literal(lo).zip(c.facts.literal(hi)).map(|(lo, hi)| lo.abs_diff(hi));
    let mut nests = false;
    c.f.walk_region(body, &mut |inner| nests |= matches!(c.f.inst(inner).op, Op::For { .. } | Op::While { .. }));
    match trips {
        Some(trips) if trips < fission.block.unsigned_abs() => false,
        Some(_) => fission.eager || !nests,
        None => fission.eager || !nests && !within,
    }
}

/// The stage of each part.
struct Levels<'b> {
    body: &'b Body,
    level: Vec<usize>,
    /// The first part of the cycle that each belongs to.
    cycle: Vec<usize>,
    work: Vec<Work>,
}

/// The first stage from `level` on that is of the right sort.
fn rounded(work: Work, level: usize) -> usize {
    match work {
        Work::Lanes => level,
        Work::Kernel => level | 1,
        Work::Single | Work::Serial => level.next_multiple_of(2),
    }
}

impl<'b> Levels<'b> {
    /// `sink` says that what comes behind kernels is better off in the stages that want it.
    fn of(body: &'b Body, sink: bool) -> Self {
        let n = body.parts.len();
        let work = body.parts.iter().map(|part| part.work).collect();
        let mut levels = Levels { body, level: vec![0; n], cycle: (0..n).collect(), work };
        levels.find_cycles();
        levels.earliest();
        levels.move_on(sink);
        levels
    }

    fn find_cycles(&mut self) {
        let reach = reachable(self.level.len(), &self.body.edges);
        let has = |from: usize, to: usize| reach[from][to / 64] >> (to % 64) & 1 == 1;
        for part in 0..self.level.len() {
            if has(part, part) {
                self.work[part] = Work::Serial;
                self.cycle[part] = (0..part).find(|&first| has(first, part) && has(part, first)).unwrap_or(part);
            }
        }
    }

    /// Gives each part the first stage that it can have. Cycles are one part, so this ends.
    fn earliest(&mut self) {
        for part in 0..self.level.len() {
            self.level[part] = rounded(self.work[part], 0);
        }
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for &(from, to) in &self.body.edges {
                let level = rounded(self.work[to], self.level[self.cycle[from]]);
                let to = self.cycle[to];
                if level > self.level[to] {
                    self.level[to] = level;
                    changed = true;
                }
            }
        }
        for part in 0..self.level.len() {
            self.level[part] = self.level[self.cycle[part]];
        }
    }

    /// Moves parts that wait for nothing to where they are wanted, and parts that a kernel waits for to the kernel.
    fn move_on(&mut self, sink: bool) {
        let free = self.free();
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); self.level.len()];
        self.body.edges.iter().for_each(|&(from, to)| after[from].push(to));
        for part in (0..self.level.len()).rev() {
            let Some(wanted) = after[part].iter().map(|&to| self.level[to]).min() else { continue };
            let level = match self.work[part] {
                Work::Lanes if free[part] || sink || wanted % 2 == 1 => wanted,
                Work::Single if free[part] => wanted - wanted % 2,
                Work::Lanes | Work::Single | Work::Kernel | Work::Serial => continue,
            };
            self.level[part] = level.max(self.level[part]);
        }
    }

    /// Which parts need nothing but the index and what does not change.
    fn free(&self) -> Vec<bool> {
        let mut free: Vec<bool> = self.work.iter().map(|work| matches!(work, Work::Lanes | Work::Single)).collect();
        // Parts that are on no cycle come in the order of the text, but for what is carried, which is not free.
        let mut edges = self.body.edges.clone();
        edges.sort_unstable();
        edges.iter().for_each(|&(from, to)| free[to] &= free[from]);
        free
    }
}

/// By part: a bit for each that can be reached from it by one edge or several.
fn reachable(n: usize, edges: &[(usize, usize)]) -> Vec<Vec<u64>> {
    let mut reach = vec![vec![0_u64; n.div_ceil(64)]; n];
    edges.iter().for_each(|&(from, to)| reach[from][to / 64] |= 1 << (to % 64));
    for via in 0..n {
        let beyond = reach[via].clone();
        for row in &mut reach {
            if row[via / 64] >> (via % 64) & 1 == 1 {
                row.iter_mut().zip(&beyond).for_each(|(bits, more)| *bits |= more);
            }
        }
    }
    reach
}

struct Planner<'p, 'f> {
    c: Context<'p, 'f>,
    body: &'p Body,
    level: Vec<usize>,
    plan: Plan,
}

impl Planner<'_, '_> {
    /// Asks each stage, the last one first, for what it has to do; what it wants of earlier ones is asked of them afterwards.
    fn fill(&mut self) {
        let first_carried = self.plan.insts.len();
        for s in (0..self.plan.stages.len()).rev() {
            for part in 0..self.body.parts.len() {
                if self.level[part] != s || self.body.parts[part].idle {
                    continue;
                }
                match part.checked_sub(first_carried) {
                    Some(place) => self.plan.stages[s].carried.push(place),
                    None => self.plan.stages[s].parts.push(part),
                }
                self.uses(part, s);
            }
            self.plan.stages[s].parts.sort_unstable();
        }
        self.plan.stages.retain(|stage| !stage.parts.is_empty() || !stage.carried.is_empty());
    }

    fn uses(&mut self, part: usize, s: usize) {
        let body = self.body;
        body.parts[part].uses.iter().for_each(|&v| self.want(v, s));
    }

    /// Makes a value be there in a stage.
    fn want(&mut self, v: Value, s: usize) {
        let Some(&part) = self.body.by.get(&v) else {
            self.plan.stages[s].index |= v == self.body.index;
            return;
        };
        let level = self.level[part];
        if level == s || self.plan.stages[s].parts.contains(&part) {
            return;
        }
        if !self.is_kept(v) && self.cost(v, CHEAP + 1) <= CHEAP {
            self.plan.stages[s].parts.push(part);
            return self.uses(part, s);
        }
        let place = self.place(v);
        let fetched = &mut self.plan.stages[s].fetched;
        if !fetched.contains(&place) {
            fetched.push(place);
        }
        let kept = &mut self.plan.stages[level].kept;
        if !kept.contains(&place) {
            kept.push(place);
        }
    }

    fn is_kept(&self, v: Value) -> bool {
        self.plan.kept.iter().any(|&(kept, _)| kept == v)
    }

    fn place(&mut self, v: Value) -> usize {
        let kept = &mut self.plan.kept;
        kept.iter().position(|&(known, _)| known == v).unwrap_or_else(|| {
            // Handles stay where they are made.
            kept.push((v, self.c.f.ty(v).scalar().unwrap_or(ScalarType::F64)));
            kept.len() - 1
        })
    }

    /// What it would take to compute a value again, up to a bound.
    fn cost(&self, v: Value, bound: u32) -> u32 {
        let Some(&part) = self.body.by.get(&v) else { return 0 };
        if bound == 0 || self.is_kept(v) {
            return 1;
        }
        let part = &self.body.parts[part];
        if !self.repeats(part) {
            return bound + 1;
        }
        part.uses.iter().fold(1, |sum, &v| sum + if sum > bound { 0 } else { self.cost(v, bound - 1) })
    }

    /// Whether a part may run again, and soon has.
    fn repeats(&self, part: &Part) -> bool {
        let Some(inst) = part.inst else { return false };
        match &self.c.f.inst(inst).op {
            Op::Const(_) | Op::Cmp { .. } | Op::Select { .. } => true,
            Op::Prim { prim, .. } => !prim.row().is_slow() && !prim.row().traps(),
            Op::Load { array, .. } => part.work < Work::Serial && !self.body.written.contains(array),
            _ => false,
        }
    }

    /// Whether arrays are few, and parallel stages have to do with numbers that go there.
    fn fits(&self) -> bool {
        let plan = &self.plan;
        let narrow = |&place: &usize| !matches!(plan.kept[place].1, ScalarType::F64 | ScalarType::I64);
        let parallel = plan.stages.iter().filter(|stage| stage.parallel);
        let held = plan.stages.iter().map(|stage| stage.kept.len()).sum::<usize>() <= MOST_KEPT;
        held && !parallel.into_iter().any(|stage| stage.fetched.iter().chain(&stage.kept).any(narrow))
    }

    /// Whether what functions over slices save is more than what arrays cost.
    fn gains(&self) -> bool {
        let stages = &self.plan.stages;
        let parallel = stages.iter().filter(|stage| stage.parallel).flat_map(|stage| &stage.parts);
        let slow: u32 = parallel.map(|&part| self.body.parts[part].cost).sum();
        let moved: usize = stages.iter().map(|stage| stage.kept.len() + stage.fetched.len() + 1).sum();
        slow - slow / FASTER > KEEP * u32::try_from(moved).unwrap_or(u32::MAX)
    }
}
