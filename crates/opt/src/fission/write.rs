//! Writes a loop in stages.
//!
//! In: a loop and its [`Plan`]. Out: what stands for it: a loop over whole blocks with a loop for each stage in it, and the loop as it was for what is left, which is all of it if there are few iterations or a subscript would be out of range.
//!
//! Stages count from the least index of their block, whichever way the loop runs; those that are sequential run that way. Parallel ones go up.

use super::plan::{Plan, Stage};
use crate::{Mutant, Options};
use adit_ir::loops::Linear;
use adit_ir::{
    ArrayType, Bounds, Builder, CmpOp, Copier, Inst, Int, Op, OperandMap, Plain, Prim, Region, Type, Value, Values,
};

/// Loops with more iterations are none that end; so many times any even step is far from wrapping.
const MOST_TRIPS: i64 = 1 << 40;

/// The way a loop runs.
#[derive(Clone, Copy)]
struct Course {
    lo: Int,
    hi: Int,
    step: i64,
    reversed: bool,
    body: Region,
    /// The least index.
    low: Value,
    /// How many there are, below 0 if that is more than a number holds.
    trips: Value,
}

impl Course {
    /// The way of a loop by ones.
    fn of(copier: &Copier<'_>, b: &mut Builder, inst: Inst, step: i64) -> Option<Self> {
        let Op::For { lo, hi, reversed, body, .. } = copier.source.inst(inst).op else { return None };
        let (lo, hi) = (copier.map.int(lo), copier.map.int(hi));
        let (first, end) = if step > 0 { (lo, hi) } else { (hi, lo) };
        let (first, end) = (b.int_value(first), b.int_value(end));
        let end = b.prim(Prim::Imax, &[end, first]);
        let trips = b.prim(Prim::Isub, &[end, first]);
        let low = if step > 0 { first } else { plus(b, first, 1) };
        Some(Course { lo, hi, step, reversed, body, low, trips })
    }

    fn descends(self) -> bool {
        self.reversed == (self.step > 0)
    }
}

fn plus(b: &mut Builder, v: Value, by: i64) -> Value {
    let by = b.i64(by);
    b.prim(Prim::Iadd, &[v, by])
}

/// Writes a loop as its plan says.
pub(super) fn split(copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, plan: &Plan, how: (i64, Options)) {
    let (block, options) = how;
    let source = copier.source;
    let Op::For { inits, .. } = &source.inst(inst).op else { return };
    b.set_span(copier.span(inst));
    let Some(course) = Course::of(copier, b, inst, plan.step) else { return };
    let runs = in_range(copier, b, course, plan);
    // Blocks begin as long as a whole one is left.
    let last = plus(b, course.trips, 1 - block);
    let none = b.i64(0);
    let limit = b.select(runs, last, none);
    let any = b.cmp(CmpOp::Gt, limit, none);
    let begins = copier.map.values(inits);
    b.open(&[]);
    let done = blocks(copier, b, course, plan, (limit, &begins, block, options));
    let then = b.close(&done);
    b.open(&[]);
    let otherwise: Values = std::iter::once(none).chain(begins).collect();
    let otherwise = b.close(&otherwise);
    let chosen = b.if_(any, then, otherwise);
    let results = b.results(chosen);
    rest(copier, b, course, inst, &results, options);
}

/// Whether no iteration can stop for a subscript that goes evenly with the index, and the number of iterations is an ordinary one.
fn in_range(copier: &Copier<'_>, b: &mut Builder, course: Course, plan: &Plan) -> Value {
    let (none, most) = (b.i64(0), b.i64(MOST_TRIPS));
    let counted = b.cmp(CmpOp::Ge, course.trips, none);
    let few = b.cmp(CmpOp::Lt, course.trips, most);
    let mut holds = b.prim(Prim::And, &[counted, few]);
    if plan.checks.is_empty() {
        return holds;
    }
    let way = plus(b, course.trips, -1);
    let high = b.prim(Prim::Iadd, &[course.low, way]);
    for (form, extent) in &plan.checks {
        let extent = b.int_value(copier.map.int(*extent));
        let ends: &[Value] = if form.is_uniform() { &[course.low] } else { &[course.low, high] };
        for &index in ends {
            let at = value(copier, b, form, index);
            let (above, below) = (b.cmp(CmpOp::Ge, at, none), b.cmp(CmpOp::Lt, at, extent));
            let inside = b.prim(Prim::And, &[above, below]);
            holds = b.prim(Prim::And, &[holds, inside]);
        }
    }
    holds
}

/// The form at an index.
fn value(copier: &Copier<'_>, b: &mut Builder, form: &Linear, index: Value) -> Value {
    let mut sum: Option<Value> = None;
    let terms = form.terms.iter().map(|&(v, factor)| (copier.map.value(v), factor));
    for (v, factor) in std::iter::once((index, form.scale)).chain(terms).filter(|&(_, factor)| factor != 0) {
        let term = if factor == 1 { v } else { times(b, v, factor) };
        sum = Some(sum.map_or(term, |sum| b.prim(Prim::Iadd, &[sum, term])));
    }
    match sum {
        Some(sum) if form.offset == 0 => sum,
        Some(sum) => plus(b, sum, form.offset),
        None => b.i64(form.offset),
    }
}

fn times(b: &mut Builder, v: Value, by: i64) -> Value {
    let by = b.i64(by);
    b.prim(Prim::Imul, &[v, by])
}

/// The loop over blocks. Gives how many iterations are done, and what is carried then.
fn blocks(
    copier: &mut Copier<'_>,
    b: &mut Builder,
    course: Course,
    plan: &Plan,
    (limit, begins, block, options): (Value, &[Value], i64, Options),
) -> Values {
    let dims: [Int; 1] = [block.into()];
    let arrays: Vec<Value> = plan
        .kept
        .iter()
        .map(|&(_, element)| b.alloc(ArrayType { element, dims: dims.into_iter().collect() }))
        .collect();
    let highest = course.descends().then(|| {
        let left = plus(b, course.trips, -block);
        b.prim(Prim::Iadd, &[course.low, left])
    });
    let none = b.i64(0);
    let inits: Values = std::iter::once(none).chain(begins.iter().copied()).collect();
    let mut types = vec![Type::I64];
    types.extend(inits.iter().map(|&v| b.ty(v).clone()));
    let region = b.open(&types);
    let params = b.func().region(region).params.clone();
    let (done, mut carried) = (params[0], params[2..].to_vec());
    let low = match highest {
        Some(highest) => b.prim(Prim::Isub, &[highest, done]),
        None => b.prim(Prim::Iadd, &[course.low, done]),
    };
    for stage in &plan.stages {
        let reversed = course.descends() && !stage.parallel;
        let at = At { low, reversed, block, options };
        write_stage(copier, b, (course, plan), stage, &arrays, at, &mut carried);
    }
    let next = plus(b, done, block);
    let yields: Values = std::iter::once(next).chain(carried).collect();
    let body = b.close(&yields);
    let bounds = Bounds { lo: Int::Const(0), hi: limit.into(), step: Int::Const(block), reversed: false };
    let outer = b.for_(bounds, &inits, body);
    b.results(outer)
}

/// Where a stage stands.
#[derive(Clone, Copy)]
struct At {
    /// The least index of the block.
    low: Value,
    reversed: bool,
    block: i64,
    options: Options,
}

/// The loop of one stage over one block. `carried` is what is carried into the block, and out of it as far as stages have run.
fn write_stage(
    copier: &mut Copier<'_>,
    b: &mut Builder,
    (course, plan): (Course, &Plan),
    stage: &Stage,
    arrays: &[Value],
    at: At,
    carried: &mut [Value],
) {
    let body = copier.source.region(course.body);
    let inits: Values = stage.carried.iter().map(|&k| carried[k]).collect();
    let mut types = vec![Type::I64];
    types.extend(inits.iter().map(|&v| b.ty(v).clone()));
    let region = b.open(&types);
    let params = b.func().region(region).params.clone();
    let k = [Int::Value(params[0])];
    if stage.index {
        let index = b.prim(Prim::Iadd, &[at.low, params[0]]);
        copier.map.set(plan.index, index);
    }
    for (&place, &now) in stage.carried.iter().zip(&params[1..]) {
        copier.map.set(body.params[1 + place], now);
    }
    for &place in &stage.fetched {
        let value = b.load(arrays[place], &k);
        copier.map.set(plan.kept[place].0, value);
    }
    for &part in &stage.parts {
        copier.copy(&mut Plain, b, plan.insts[part]);
    }
    let yields: Values = stage.carried.iter().map(|&place| copier.map.value(body.yields[place])).collect();
    for &place in &stage.kept {
        let kept = plan.kept[place].0;
        let late = stage.carried.iter().position(|&k| body.params[1 + k] == kept);
        let value = match late.filter(|_| at.options.has(Mutant::CarriedLate)) {
            Some(k) => yields[k],
            None => copier.map.value(kept),
        };
        b.store(arrays[place], &k, value);
    }
    let region = b.close(&yields);
    let bounds = Bounds { reversed: at.reversed, ..Bounds::up_to(at.block.into()) };
    let inner = b.for_(bounds, &inits, region);
    for (&place, value) in stage.carried.iter().zip(b.results(inner)) {
        carried[place] = value;
    }
}

/// The loop as it was, for the iterations that are left.
fn rest(copier: &mut Copier<'_>, b: &mut Builder, course: Course, inst: Inst, so_far: &[Value], options: Options) {
    let Course { lo, hi, step, reversed, body, .. } = course;
    let (done, inits) = (so_far[0], &so_far[1..]);
    let done = if options.has(Mutant::RestRepeated) { b.i64(0) } else { done };
    let bound = b.int_value(if reversed { hi } else { lo });
    let prim = if reversed == (step > 0) { Prim::Isub } else { Prim::Iadd };
    let moved = Int::Value(b.prim(prim, &[bound, done]));
    let (lo, hi) = if reversed { (lo, moved) } else { (moved, hi) };
    let body = copier.copy_region(&mut Plain, b, body);
    let left = b.for_(Bounds { lo, hi, step: Int::Const(step), reversed }, inits, body);
    let results = b.results(left);
    for (&result, value) in copier.source.inst(inst).results.iter().zip(results) {
        copier.map.set(result, value);
    }
}
