//! What has to come before what in a loop.
//!
//! In: a counted loop. Out: [`Body`]: its *parts* (the instructions of its body, with all that is in them, and what it carries), how each may run, which has to come before which, and which subscripts have to be in range for that.
//!
//! An edge from one part to another says that no iteration of the first may run after one of the second that follows it, in the loop's order. Parts on a cycle of edges stay together and run iteration by iteration:
//!
//! - a value comes before its uses; what is yielded before the carried value of the next iteration, which has its uses;
//! - accesses of an array that is written come in their order; and if an iteration may touch an element that another one touches, they are a cycle. It may not where some axis goes evenly with the index, in the same way in every access;
//! - whatever may stop the run, prints, calls or uses a tape is one cycle.

use super::Fission;
use crate::writes::written;
use crate::{Mutant, Options};
use adit_ir::bounds::Facts;
use adit_ir::loops::{Form, Linear};
use adit_ir::{Effect, Function, Inst, Int, Module, Op, Region, ScalarType, Type, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// Parts and instructions of a loop that is looked at.
const LARGEST: usize = 160;

/// Subscripts that go up faster are not even ones, so that the greatest of 2^40 iterations does not wrap.
const STEEPEST: u64 = 1 << 16;

/// Where a loop stands.
#[derive(Clone, Copy)]
pub(super) struct Context<'c, 'f> {
    pub(super) module: &'c Module,
    pub(super) f: &'f Function,
    pub(super) facts: &'c Facts<'f>,
    pub(super) options: Options,
}

/// How a part may run; of several, the last counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Work {
    /// For several iterations at once, cheaply.
    Lanes,
    /// For several iterations at once, and then it takes much less time.
    Kernel,
    /// In any order, but for one iteration at a time.
    Single,
    /// Iteration by iteration.
    Serial,
}

/// A part of a loop.
#[derive(Debug)]
pub(super) struct Part {
    /// The instruction; none for what is carried.
    pub(super) inst: Option<Inst>,
    pub(super) work: Work,
    /// What of it comes from the loop: values of other parts, or the index.
    pub(super) uses: Vec<Value>,
    /// What it takes for one iteration where it has a kernel, in nanoseconds.
    pub(super) cost: u32,
    /// Whether it need not run: an assertion that holds if [`Body::checks`] do, or what nothing needs.
    pub(super) idle: bool,
}

/// A loop.
pub(super) struct Body {
    pub(super) index: Value,
    /// Instructions in order, then what is carried.
    pub(super) parts: Vec<Part>,
    /// The part that a value is of.
    pub(super) by: FxHashMap<Value, usize>,
    /// Which part comes before which.
    pub(super) edges: Vec<(usize, usize)>,
    /// Forms that have to be in range.
    pub(super) checks: Vec<(Linear, Int)>,
    /// Arrays that the loop writes.
    pub(super) written: Vec<Value>,
}

/// An array is touched.
struct Touch {
    array: Value,
    part: usize,
    /// By axis; none if it is not known which elements.
    forms: Option<Vec<Option<Linear>>>,
    writes: bool,
}

struct Reader<'r, 'f> {
    c: Context<'r, 'f>,
    fission: Fission,
    /// What the loop defines.
    inside: FxHashSet<Value>,
    touches: Vec<Touch>,
    /// Parts that may stop the run, or are seen from outside.
    stops: Vec<usize>,
    out: Body,
}

/// Reads a loop, if it is one that goes by ones and is not long.
pub(super) fn read(c: Context<'_, '_>, fission: Fission, inst: Inst) -> Option<Body> {
    let Op::For { step, body, .. } = c.f.inst(inst).op else { return None };
    if !matches!(c.facts.literal(step), Some(1 | -1)) {
        return None;
    }
    let region = c.f.region(body);
    let (&index, carried) = region.params.split_first()?;
    let inside = defined(c.f, body);
    let mut count = carried.len();
    c.f.walk_region(body, &mut |_| count += 1);
    if count > LARGEST {
        return None;
    }
    let mut by = FxHashMap::default();
    for (i, &inst) in region.insts.iter().enumerate() {
        by.extend(c.f.inst(inst).results.iter().map(|&v| (v, i)));
    }
    by.extend(carried.iter().enumerate().map(|(k, &v)| (v, region.insts.len() + k)));
    let out = Body { index, parts: Vec::new(), by, edges: Vec::new(), checks: Vec::new(), written: Vec::new() };
    let mut reader = Reader { c, fission, inside, touches: Vec::new(), stops: Vec::new(), out };
    region.insts.iter().for_each(|&inst| reader.part(inst));
    for &yielded in &region.yields {
        let uses = vec![yielded];
        reader.out.parts.push(Part { inst: None, work: Work::Serial, uses, cost: 0, idle: false });
    }
    reader.connect();
    reader.rest();
    Some(reader.out)
}

/// All values that a region and those within define.
fn defined(f: &Function, region: Region) -> FxHashSet<Value> {
    let mut inside: FxHashSet<Value> = f.region(region).params.iter().copied().collect();
    f.walk_region(region, &mut |inst| {
        inside.extend(&f.inst(inst).results);
        f.inst(inst).op.regions().iter().for_each(|&inner| inside.extend(&f.region(inner).params));
    });
    inside
}

impl Reader<'_, '_> {
    fn part(&mut self, inst: Inst) {
        let f = self.c.f;
        let place = self.out.parts.len();
        let op = &f.inst(inst).op;
        let idle = self.asserted(op);
        let mut part = Part { inst: Some(inst), work: Work::Lanes, uses: Vec::new(), cost: 0, idle };
        if !idle {
            let mut all = vec![inst];
            op.regions().iter().for_each(|&region| f.walk_region(region, &mut |inner| all.push(inner)));
            for inner in all {
                self.inst(place, inner, &mut part);
            }
        }
        self.out.parts.push(part);
    }

    /// One instruction of a part.
    fn inst(&mut self, place: usize, inst: Inst, part: &mut Part) {
        let data = self.c.f.inst(inst);
        self.uses(&data.op, &mut part.uses);
        let (work, stops) = self.work(place, inst);
        part.work = part.work.max(work);
        if let (Work::Kernel, Op::Prim { prim, .. }) = (work, &data.op) {
            part.cost += prim.row().cost;
        }
        if stops && self.stops.last() != Some(&place) {
            self.stops.push(place);
        }
    }

    fn uses(&self, op: &Op, uses: &mut Vec<Value>) {
        let mut see = |v: Value| {
            if (v == self.out.index || self.out.by.contains_key(&v)) && !uses.contains(&v) {
                uses.push(v);
            }
        };
        op.visit_operands(&mut see);
        op.regions().iter().for_each(|&region| self.c.f.region(region).yields.iter().for_each(|&v| see(v)));
    }

    /// How an instruction may run, and whether it may stop the run or is seen from outside.
    fn work(&mut self, place: usize, inst: Inst) -> (Work, bool) {
        let data = self.c.f.inst(inst);
        match &data.op {
            Op::Load { array, subscripts } => self.access(place, (*array, subscripts), false),
            Op::Store { array, subscripts, .. } | Op::Acc { array, subscripts, .. } => {
                self.access(place, (*array, subscripts), true)
            }
            Op::If { .. } => (Work::Lanes, false),
            Op::For { step, .. } => (Work::Serial, self.c.facts.literal(*step).is_none_or(|step| step == 0)),
            op if op.effect() == Effect::Pure => (self.pure(op, &data.results), false),
            op => {
                self.whole(place, op, &data.results);
                (Work::Serial, true)
            }
        }
    }

    fn pure(&self, op: &Op, results: &[Value]) -> Work {
        let f = self.c.f;
        let single = |v: Value| f.ty(v) == &Type::Scalar(ScalarType::F32);
        if op.operands().into_iter().any(single) || results.iter().any(|&v| single(v)) {
            return Work::Single;
        }
        match (self.fission.form)(f, self.c.facts, op) {
            Form::Lanes => Work::Lanes,
            Form::Kernel => Work::Kernel,
            Form::None => Work::Single,
        }
    }

    /// Arrays that an operation touches as a whole, or makes.
    fn whole(&mut self, part: usize, op: &Op, results: &[Value]) {
        let is_array = |v: &Value| self.c.f.ty(*v).array().is_some();
        let mut lent = Vec::new();
        written(self.c.module, op, &mut |array| lent.push(array));
        let operands = op.operands();
        for &array in operands.iter().chain(results).filter(|v| is_array(v)) {
            let writes = lent.contains(&array) || results.contains(&array);
            self.touches.push(Touch { array, part, forms: None, writes });
        }
    }

    /// One element is touched.
    fn access(&mut self, part: usize, (array, subscripts): (Value, &[Int]), writes: bool) -> (Work, bool) {
        let Some(ty) = self.c.f.ty(array).array() else { return (Work::Serial, true) };
        let forms: Vec<Option<Linear>> = subscripts.iter().map(|&i| self.even(i)).collect();
        let (mut checks, mut stops) = (Vec::new(), false);
        for ((&subscript, &extent), form) in subscripts.iter().zip(&ty.dims).zip(&forms) {
            if !self.c.facts.in_range(subscript, extent) {
                match form {
                    Some(form) if self.is_outside(extent) => checks.push((form.clone(), extent)),
                    Some(_) | None => stops = true,
                }
            }
        }
        let has_lanes = matches!(ty.element, ScalarType::F64 | ScalarType::I64) && forms.iter().all(Option::is_some);
        self.touches.push(Touch { array, part, forms: Some(forms), writes });
        if stops {
            return (Work::Serial, true);
        }
        checks.into_iter().for_each(|check| self.check(check));
        (if has_lanes { Work::Lanes } else { Work::Single }, false)
    }

    fn check(&mut self, check: (Linear, Int)) {
        if !self.out.checks.contains(&check) {
            self.out.checks.push(check);
        }
    }

    /// The form of a subscript that goes evenly with the index.
    fn even(&self, i: Int) -> Option<Linear> {
        let form = Linear::of(self.c.facts, self.out.index, &|v| !self.inside.contains(&v), i);
        form.filter(|form| form.scale.unsigned_abs() <= STEEPEST)
    }

    fn is_outside(&self, i: Int) -> bool {
        i.value().is_none_or(|v| !self.inside.contains(&v))
    }

    /// Whether an operation asserts that something is in range, and nothing else; that is looked at in front of the loop.
    fn asserted(&mut self, op: &Op) -> bool {
        let Some((subscript, extent)) = self.c.facts.asserted(op) else { return false };
        let form = self.even(subscript).filter(|_| self.is_outside(extent));
        let holds = form.is_some();
        form.into_iter().for_each(|form| self.check((form, extent)));
        holds
    }

    /// Writes down what comes before what.
    fn connect(&mut self) {
        for part in 0..self.out.parts.len() {
            for v in &self.out.parts[part].uses {
                self.out.edges.extend(self.out.by.get(v).map(|&from| (from, part)));
            }
        }
        if !self.c.options.has(Mutant::StopsSplit) {
            let stops = std::mem::take(&mut self.stops);
            self.bind(&stops);
        }
        let mut arrays: Vec<Value> = Vec::new();
        for touch in &self.touches {
            if !arrays.contains(&touch.array) {
                arrays.push(touch.array);
            }
        }
        arrays.into_iter().for_each(|array| self.order(array));
    }

    /// Finds what nothing needs.
    fn rest(&mut self) {
        let f = self.c.f;
        let only_computes = |inst: Inst| matches!(f.inst(inst).op.effect(), Effect::Pure | Effect::Read);
        let parts = &mut self.out.parts;
        let acts = |part: &Part| part.work == Work::Serial || !part.inst.is_some_and(only_computes);
        let mut open: Vec<usize> = (0..parts.len()).filter(|&i| !parts[i].idle && acts(&parts[i])).collect();
        parts.iter_mut().for_each(|part| part.idle = true);
        while let Some(part) = open.pop() {
            if std::mem::take(&mut parts[part].idle) {
                open.extend(parts[part].uses.iter().filter_map(|v| self.out.by.get(v)));
            }
        }
    }

    /// These parts stay together, in their order.
    fn bind(&mut self, parts: &[usize]) {
        self.out.edges.extend(parts.windows(2).map(|pair| (pair[0], pair[1])));
        if let (Some(&first), Some(&last)) = (parts.first(), parts.last()) {
            self.out.edges.push((last, first));
        }
    }

    /// What touches an array that is written.
    fn order(&mut self, array: Value) {
        let touches: Vec<&Touch> = self.touches.iter().filter(|touch| touch.array == array).collect();
        if !touches.iter().any(|touch| touch.writes) {
            return;
        }
        self.out.written.push(array);
        let apart = self.c.options.has(Mutant::DistanceForgotten) || are_apart(&touches);
        let mut parts: Vec<usize> = touches.iter().map(|touch| touch.part).collect();
        parts.dedup();
        match apart {
            true => self.out.edges.extend(parts.windows(2).map(|pair| (pair[0], pair[1]))),
            false => self.bind(&parts),
        }
    }
}

/// Whether no two iterations touch the same element: some axis goes evenly with the index, in the same way in each access.
fn are_apart(touches: &[&Touch]) -> bool {
    let Some(first) = touches.first().and_then(|touch| touch.forms.as_ref()) else { return false };
    let same = |axis: usize, touch: &&Touch| touch.forms.as_ref().is_some_and(|forms| forms[axis] == first[axis]);
    let goes = |axis: usize| first[axis].as_ref().is_some_and(|form| !form.is_uniform());
    (0..first.len()).any(|axis| goes(axis) && touches.iter().all(|touch| same(axis, touch)))
}
