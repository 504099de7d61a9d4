//! In which order the parts of several iterations run.
//!
//! In: a [`Loop`] and which functions have kernels for whole slices. Out: [`Phases`]: what each sweep over a block of iterations does, which kernels run between sweeps, and which values are kept in buffers from
//! one to a later one.
//!
//! ```text
//! y = sin(x·x) + x        phase 0    x·x into buffer 0          phase 1    buffer 0 + x
//!                         sin over buffer 0
//! ```
//!
//! A step belongs to the first phase in which its operands are there, and later than what touched the same array before it. What is cheap is computed again in a later phase rather than kept; what adds up does so in
//! one phase. Without kernels there is one phase. No instruction is emitted here.

use adit_ir::loops::{Form, Linear, Loop, Reduction, Refusal, Step, What, Why};
use adit_ir::prim::{Code, Native};
use adit_ir::{Function, Op, Prim, ScalarType, Type, Value};
use adit_runtime::vector::{At, Level, Slice, pair, single};
use rustc_hash::FxHashMap;

/// So many operations are computed again rather than kept.
const CHEAP: u32 = 3;

/// More buffers would be much of a stack.
const MOST_BUFFERS: usize = 24;

/// Where numbers of buffers of arguments begin before it is known how many others there are.
const ARGUMENTS: usize = 1 << 20;

/// A buffer, by its place.
pub(super) type Buffer = usize;

/// Where an operand of a kernel is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Buffer(Buffer),
    /// The array itself, where the step reads it.
    Array(usize),
}

/// A kernel to be run over a block.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) slice: &'static Slice,
    /// The primitives that it computes.
    pub(super) prims: Vec<Prim>,
    arguments: Vec<Value>,
    pub(super) from: Vec<Source>,
    /// Where results go.
    pub(super) to: Vec<Buffer>,
}

/// One sweep, and the kernels after it.
#[derive(Default, Debug)]
pub(super) struct Phase {
    /// Steps, in order.
    pub(super) steps: Vec<usize>,
    /// Values read from buffers.
    pub(super) fetched: Vec<(Value, Buffer)>,
    /// Values put into buffers.
    pub(super) kept: Vec<(Value, Buffer)>,
    /// Carried values that add up here.
    pub(super) carried: Vec<usize>,
    pub(super) calls: Vec<Call>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Phases {
    pub(super) phases: Vec<Phase>,
    pub(super) buffers: usize,
    /// What is wanted of what is the same in all iterations.
    pub(super) uniform: Vec<Value>,
}

impl Phase {
    /// Gives buffers of arguments their places after those of results.
    fn settle(&mut self, results: usize) {
        let place = |buffer: &mut Buffer| {
            if *buffer >= ARGUMENTS {
                *buffer = *buffer - ARGUMENTS + results;
            }
        };
        self.kept.iter_mut().for_each(|(_, buffer)| place(buffer));
        for call in &mut self.calls {
            call.from.iter_mut().for_each(|source| match source {
                Source::Buffer(buffer) => place(buffer),
                Source::Array(_) => {}
            });
        }
    }
}

struct Planner<'p> {
    f: &'p Function,
    l: &'p Loop,
    form: &'p dyn Fn(&Op) -> Form,
    machine: Level,
    /// The step that defines a value.
    by: FxHashMap<Value, usize>,
    needed: Vec<bool>,
    /// The phase of each step.
    level: Vec<usize>,
    buffer: FxHashMap<Value, Buffer>,
    /// Buffers of arguments that are in none of results.
    arguments: usize,
    phases: Vec<Phase>,
    /// In which phase a step is already.
    emitted: Vec<Option<usize>>,
}

/// Distributes the steps of a loop.
pub(super) fn plan(f: &Function, l: &Loop, machine: Level, form: &dyn Fn(&Op) -> Form) -> Result<Phases, Refusal> {
    let n = l.steps.len();
    let mut by = FxHashMap::default();
    for (i, step) in l.steps.iter().enumerate() {
        if let Some(v) = result(f, step) {
            by.insert(v, i);
        }
    }
    let (needed, level, emitted) = (vec![false; n], vec![0; n], vec![None; n]);
    let (buffer, phases) = (FxHashMap::default(), Vec::new());
    let mut planner = Planner { f, l, form, machine, by, needed, level, buffer, arguments: 0, phases, emitted };
    planner.mark();
    planner.check()?;
    planner.set_levels();
    planner.fill();
    let uniform = planner.uniform();
    let results = planner.buffer.len();
    let buffers = results + planner.arguments;
    let mut phases = planner.phases;
    phases.iter_mut().for_each(|phase| phase.settle(results));
    if buffers > MOST_BUFFERS {
        return Err(Refusal { why: Why::Long, span: l.steps[0].span });
    }
    Ok(Phases { phases, buffers, uniform })
}

/// Whether a step leaves something in memory.
fn writes(step: &Step) -> bool {
    matches!(step.what, What::Store(..) | What::Acc(..) | What::Save(..))
}

/// The value that a step defines.
pub(super) fn result(f: &Function, step: &Step) -> Option<Value> {
    match &step.what {
        What::Compute(inst) => f.inst(*inst).results.first().copied(),
        What::Choose(choice) => Some(choice.result),
        What::Load(_, v) | What::Take(_, v) => Some(*v),
        What::Store(..) | What::Acc(..) | What::Save(..) => None,
    }
}

/// The values that a step needs, conditions of guards included.
pub(super) fn operands(f: &Function, l: &Loop, step: &Step) -> Vec<Value> {
    match &step.what {
        What::Compute(inst) => {
            let mut all = f.inst(*inst).op.operands().to_vec();
            if matches!(&f.inst(*inst).op, Op::Prim { prim, .. } if prim.row().code == Code::Native(Native::FPowi)) {
                // The exponent is a literal.
                all.truncate(1);
            }
            all
        }
        What::Choose(choice) => vec![choice.cond, choice.then, choice.otherwise],
        What::Load(..) | What::Take(..) => Vec::new(),
        What::Save(_, v) => vec![*v],
        What::Store(_, v, guard) | What::Acc(_, v, guard) => {
            let mut all = vec![*v];
            let mut guard = *guard;
            while let Some(g) = guard {
                all.push(l.guards[g].cond);
                guard = l.guards[g].outer;
            }
            all
        }
    }
}

impl Planner<'_> {
    /// Finds what is wanted in the end.
    fn mark(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for (i, step) in self.l.steps.iter().enumerate() {
            if writes(step) {
                open.push(i);
            }
        }
        // What stays as it is needs no step, whatever it is chosen by.
        let ends = self.l.ends.iter().zip(&self.l.carried).filter(|&(_, &carried)| carried != Reduction::Kept);
        open.extend(ends.filter_map(|((_, yielded), _)| self.by.get(yielded).copied()));
        while let Some(i) = open.pop() {
            if !std::mem::replace(&mut self.needed[i], true) {
                let operands = operands(self.f, self.l, &self.l.steps[i]);
                open.extend(operands.iter().filter_map(|v| self.by.get(v).copied()));
            }
        }
    }

    fn form_of(&self, step: &Step) -> Form {
        match &step.what {
            What::Compute(inst) => (self.form)(&self.f.inst(*inst).op),
            What::Choose(_) | What::Load(..) | What::Store(..) | What::Acc(..) => Form::Lanes,
            What::Save(..) | What::Take(..) => Form::Lanes,
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        for (i, step) in self.l.steps.iter().enumerate() {
            if self.needed[i] && self.form_of(step) == Form::None {
                let op = if let What::Compute(inst) = step.what { Some(&self.f.inst(inst).op) } else { None };
                let name = if let Some(Op::Prim { prim, .. }) = op { prim.name() } else { "this" };
                return Err(Refusal { why: Why::Function(name), span: step.span });
            }
        }
        Ok(())
    }

    /// From which phase on a value is there.
    fn there(&self, v: Value) -> usize {
        match self.by.get(&v) {
            Some(&i) => self.level[i] + usize::from(self.form_of(&self.l.steps[i]) == Form::Kernel),
            None => 0,
        }
    }

    fn set_levels(&mut self) {
        let mut touched: FxHashMap<Value, usize> = FxHashMap::default();
        let mut ways = vec![0; self.l.carried.len()];
        for (i, step) in self.l.steps.iter().enumerate() {
            if !self.needed[i] && matches!(step.what, What::Compute(_) | What::Choose(_)) {
                continue;
            }
            let operands = operands(self.f, self.l, step);
            let mut level = operands.iter().map(|&v| self.there(v)).max().unwrap_or(0);
            if let What::Load(access, _) | What::Store(access, ..) | What::Acc(access, ..) = &step.what
                && self.l.written.contains(&access.array)
            {
                let last = touched.entry(access.array).or_insert(0);
                level = level.max(*last);
                *last = level;
            }
            self.level[i] = level;
            if let Some(&way) = result(self.f, step).and_then(|v| self.l.ways.get(&v)) {
                ways[way] = level.max(ways[way]);
            }
        }
        for (i, step) in self.l.steps.iter().enumerate() {
            if let Some(&way) = result(self.f, step).and_then(|v| self.l.ways.get(&v)) {
                self.level[i] = ways[way];
            }
        }
        let most = (0..self.level.len()).filter(|&i| self.needed[i]).map(|i| self.level[i]).max().unwrap_or(0);
        self.phases = (0..=most).map(|_| Phase::default()).collect();
        for (k, way) in ways.into_iter().enumerate() {
            if self.l.carried[k] != Reduction::Kept {
                self.phases[way.min(most)].carried.push(k);
            }
        }
    }

    /// Asks each phase, the last one first, for what it has to do; what it wants of earlier ones is asked of them afterwards.
    fn fill(&mut self) {
        for p in (0..self.phases.len()).rev() {
            for i in 0..self.l.steps.len() {
                if !self.needed[i] || self.level[i] != p {
                    continue;
                }
                let step = &self.l.steps[i];
                let adds = result(self.f, step).is_some_and(|v| self.l.ways.contains_key(&v));
                if self.form_of(step) == Form::Kernel {
                    self.call(i, p);
                } else if writes(step) || adds {
                    self.emit(i, p);
                }
            }
            let kept: Vec<Value> = self.phases[p].kept.iter().map(|&(v, _)| v).collect();
            kept.into_iter().for_each(|v| self.want(v, p));
            self.phases[p].steps.sort_unstable();
        }
    }

    /// A kernel after this phase.
    fn call(&mut self, i: usize, p: usize) {
        let What::Compute(inst) = self.l.steps[i].what else { return };
        let data = self.f.inst(inst);
        let Op::Prim { prim, args } = &data.op else { return };
        let Some(slice) = single(*prim, ScalarType::F64, self.machine) else { return };
        let result = self.buffer_of(data.results[0]);
        if self.joined(p, *prim, args, result) {
            return;
        }
        let from = args.iter().enumerate().map(|(k, &v)| self.source(v, (k == 0).then_some(result), p)).collect();
        let call = Call { slice, prims: vec![*prim], arguments: args.to_vec(), from, to: vec![result] };
        self.phases[p].calls.push(call);
    }

    /// Whether a kernel that is there already has become one of two functions.
    fn joined(&mut self, p: usize, prim: Prim, args: &[Value], result: Buffer) -> bool {
        let swapped: Vec<Value> = args.iter().rev().copied().collect();
        for call in self.phases[p].calls.iter_mut().filter(|call| call.prims.len() == 1) {
            let at = match () {
                () if call.arguments[..] == *args => At::Same,
                () if args.len() == 2 && call.arguments == swapped => At::Swapped,
                () => continue,
            };
            let first = call.prims[0];
            if let Some(slice) = pair(first, prim, at, ScalarType::F64, self.machine) {
                (call.slice, call.prims) = (slice, vec![first, prim]);
                call.to.push(result);
                return true;
            }
            // The other one first: what was put where its result goes is where this one's goes then, which is as good.
            if at == At::Same
                && let Some(slice) = pair(prim, first, at, ScalarType::F64, self.machine)
            {
                (call.slice, call.prims) = (slice, vec![prim, first]);
                call.to.insert(0, result);
                return true;
            }
        }
        false
    }

    /// Where an operand will be: in the array that it is read from, in its buffer, or in one that is to be filled.
    fn source(&mut self, v: Value, own: Option<Buffer>, p: usize) -> Source {
        match self.by.get(&v) {
            Some(&j) if self.form_of(&self.l.steps[j]) == Form::Kernel => return Source::Buffer(self.buffer_of(v)),
            Some(&j) if self.is_slice(j) => return Source::Array(j),
            Some(_) | None => {}
        }
        let buffer = own.unwrap_or_else(|| {
            self.arguments += 1;
            ARGUMENTS + self.arguments - 1
        });
        self.phases[p].kept.push((v, buffer));
        Source::Buffer(buffer)
    }

    /// Whether a step reads elements that lie next to each other and stay what they are.
    fn is_slice(&self, j: usize) -> bool {
        let What::Load(access, v) = &self.l.steps[j].what else { return false };
        let Some((last, others)) = access.subscripts.split_last() else { return false };
        let apart = last.scale == 1 && others.iter().all(Linear::is_uniform);
        let float = self.f.ty(*v) == &Type::Scalar(ScalarType::F64);
        apart && float && !self.l.written.contains(&access.array)
    }

    fn buffer_of(&mut self, v: Value) -> Buffer {
        let next = self.buffer.len();
        *self.buffer.entry(v).or_insert(next)
    }

    fn emit(&mut self, i: usize, p: usize) {
        if self.emitted[i] == Some(p) {
            return;
        }
        self.emitted[i] = Some(p);
        self.phases[p].steps.push(i);
        for v in operands(self.f, self.l, &self.l.steps[i]) {
            self.want(v, p);
        }
    }

    /// Makes a value be there in a phase.
    fn want(&mut self, v: Value, p: usize) {
        let Some(&i) = self.by.get(&v) else { return };
        let step = &self.l.steps[i];
        if self.form_of(step) == Form::Kernel {
            let buffer = self.buffer_of(v);
            self.fetch(v, buffer, p);
        } else if self.level[i] == p || (!self.buffer.contains_key(&v) && self.cost(v, CHEAP + 1) <= CHEAP) {
            self.emit(i, p);
        } else {
            let buffer = self.buffer_of(v);
            self.fetch(v, buffer, p);
            let level = self.level[i];
            if !self.phases[level].kept.contains(&(v, buffer)) {
                self.phases[level].kept.push((v, buffer));
            }
        }
    }

    fn fetch(&mut self, v: Value, buffer: Buffer, p: usize) {
        if !self.phases[p].fetched.contains(&(v, buffer)) {
            self.phases[p].fetched.push((v, buffer));
        }
    }

    /// What it would take to compute a value again, up to a bound.
    fn cost(&self, v: Value, bound: u32) -> u32 {
        let Some(&i) = self.by.get(&v) else { return 0 };
        if bound == 0 || self.buffer.contains_key(&v) {
            return 1;
        }
        let step = &self.l.steps[i];
        match &step.what {
            What::Load(access, _) if self.l.written.contains(&access.array) => bound + 1,
            What::Compute(_) if self.form_of(step) == Form::Kernel => 1,
            What::Compute(inst) if is_slow(&self.f.inst(*inst).op) => bound + 1,
            What::Load(..)
            | What::Take(..)
            | What::Compute(_)
            | What::Choose(_)
            | What::Store(..)
            | What::Acc(..)
            | What::Save(..) => {
                let operands = operands(self.f, self.l, step);
                operands.iter().fold(1, |sum, &v| sum + if sum > bound { 0 } else { self.cost(v, bound - 1) })
            }
        }
    }

    fn uniform(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut see = |v: Value| {
            let varies = self.by.contains_key(&v) || self.l.ways.contains_key(&v) || v == self.l.index;
            if !varies && !all.contains(&v) {
                all.push(v);
            }
        };
        for phase in &self.phases {
            for &i in &phase.steps {
                operands(self.f, self.l, &self.l.steps[i]).into_iter().for_each(&mut see);
            }
            phase.kept.iter().for_each(|&(v, _)| see(v));
        }
        all
    }
}

/// Whether an operation takes several times as long as another.
fn is_slow(op: &Op) -> bool {
    matches!(op, Op::Prim { prim, .. } if prim.row().is_slow())
}
