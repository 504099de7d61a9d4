//! The stacks of an analysis, and control that is known.
//!
//! In: a function and its inputs. Out: what it returns. This is the machine of the reference interpreter (`adit_interp::ir`) with [`Value`]s in the place of numbers: a [`Frame`] for each active function, an
//! [`Activation`] for each region under way, and no recursion on the host's stack. Where a condition or a trip count is not known, [`super::unknown`] takes over; instructions without regions are
//! [`super::ops`]' matter.

use super::memory::{Fault, Mark, Memory, Subscripts, Written};
use super::unknown::Spread;
use crate::value::{Collection, Domain, Value};
use adit_diag::Span;
use adit_ir::limits::Limits;
use adit_ir::shape::{Extent, Wanted};
use adit_ir::{FuncId, Function, Inst, InstData, Int, Module, Op, Region, RunError, Scalar, Shapes, Trap, Trips};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, Ordering};

/// A short list of values.
pub(super) type Values = SmallVec<[Value; 4]>;

/// What a value of the program holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    /// Nothing yet.
    Empty,
    Scalar(Value),
    /// An index into the arrays of [`Memory`].
    Array(usize),
    /// An index into its tapes.
    Tape(usize),
}

/// An active function.
struct Frame {
    id: FuncId,
    /// Where its values begin among the slots.
    base: usize,
    /// The call that waits for its results; none for the host's.
    call: Option<Inst>,
    /// How uncertain it was that the program came here.
    uncertainty: u32,
}

/// A region under way.
struct Activation {
    region: Region,
    /// The instruction to come.
    next: usize,
    owner: Owner,
    /// What was in use when the region began.
    mark: Mark,
}

/// What a region's end means.
pub(super) enum Owner {
    /// The function returns.
    Body,
    /// The `if` has its results.
    Arm(Inst),
    /// The other arm runs too.
    FirstArm(Inst),
    /// The `if` has the results of both arms: these, and what the first wrote.
    SecondArm(Inst, Values, Vec<Written>),
    /// The next iteration begins, if there is one.
    Iteration { inst: Inst, done: u64, trips: Trips },
    /// The next iteration begins, unless it brings nothing new.
    Unbounded(Inst, Box<Spread>),
    /// The body runs, or the loop ends, or both.
    Condition(Inst, Option<Box<Spread>>),
    /// The condition is asked again.
    Repetition(Inst, Option<Box<Spread>>),
}

/// More values than this in all active functions count as recursion that is too deep.
const MAX_SLOTS: usize = 1 << 24;

/// Sets are collected when there are so many more than were needed the last time.
const COLLECTED: usize = 1 << 19;

/// What an analysis may use.
#[derive(Clone, Copy, Debug)]
pub struct Options<'m> {
    /// Bytes for values and sets, active functions, steps.
    pub limits: Limits,
    /// A flag that another thread sets to stop it.
    pub interrupt: Option<&'m AtomicBool>,
    /// A seeded bug.
    pub mutant: Option<crate::Mutant>,
}

impl Default for Options<'_> {
    /// As a run has by default.
    fn default() -> Self {
        Options { limits: Limits::default(), interrupt: None, mutant: None }
    }
}

pub(crate) struct Machine<'m> {
    pub(super) module: &'m Module,
    pub(super) options: Options<'m>,
    shapes: Vec<Shapes>,
    pub(crate) domain: Domain,
    pub(crate) memory: Memory,
    slots: Vec<Slot>,
    frames: Vec<Frame>,
    activations: Vec<Activation>,
    base: usize,
    /// How many conditions that are not known led here. 0: the program surely comes here.
    pub(super) uncertainty: u32,
    /// A float that depends on all inputs.
    pub(super) everything: Value,
    /// What the host's function returned.
    returned: Option<Values>,
    steps: u64,
    /// How many sets there are when they are collected next.
    full: usize,
}

impl<'m> Machine<'m> {
    pub(crate) fn new(module: &'m Module, options: Options<'m>, second: bool) -> Self {
        Machine {
            module,
            options,
            shapes: module.iter().map(|(_, f)| Shapes::of(f)).collect(),
            domain: Domain::new(second),
            memory: Memory::default(),
            slots: Vec::new(),
            frames: Vec::new(),
            activations: Vec::new(),
            base: 0,
            uncertainty: 0,
            everything: Value::CONSTANT,
            returned: None,
            steps: 0,
            full: COLLECTED,
        }
    }

    /// Analyses a function of so many inputs. Arrays stay in the memory.
    pub(super) fn run(&mut self, id: FuncId, args: &[Slot], inputs: u32) -> Result<Values, RunError> {
        let all = self.domain.sets.below(inputs);
        self.everything = Value::Float(self.domain.all(all));
        self.enter(id, args, None, self.module.function(id).span)?;
        loop {
            if let Some(results) = self.returned.take() {
                return Ok(results);
            }
            self.advance()?;
        }
    }

    /// Does the next instruction, or ends the newest region.
    fn advance(&mut self) -> Result<(), RunError> {
        let f = self.function();
        if self.domain.count() > self.full {
            self.collect(f.span)?;
        }
        let top = self.activations.last_mut().expect("the last region to end returns");
        match f.region(top.region).insts.get(top.next) {
            Some(&inst) => {
                top.next += 1;
                self.execute(f, inst)
            }
            None => self.leave(f),
        }
    }

    pub(super) fn function(&self) -> &'m Function {
        let frame = self.frames.last().expect("a function is active");
        self.module.function(frame.id)
    }

    fn execute(&mut self, f: &'m Function, inst: Inst) -> Result<(), RunError> {
        let data = f.inst(inst);
        match &data.op {
            Op::If { cond, then, otherwise } => match self.value(*cond).bool() {
                Some(true) => self.begin(*then, Owner::Arm(inst)),
                Some(false) => self.begin(*otherwise, Owner::Arm(inst)),
                None => self.fork(*then, inst),
            },
            Op::For { lo, hi, step, reversed, inits, body, .. } => {
                let carried = self.carried(inits);
                let [Some(lo), Some(hi), Some(step)] = [*lo, *hi, *step].map(|i| self.int(i)) else {
                    return self.unbounded(f, inst, *body, carried);
                };
                match Trips::new(lo, hi, step, *reversed) {
                    Some(trips) => return self.iterate(f, inst, *body, carried, 0, trips),
                    None => {
                        self.stopped((Trap::ZeroStep, [0; 2]), data.span)?;
                        self.assign(&data.results, carried);
                    }
                }
            }
            Op::While { inits, cond, .. } => {
                let carried = self.carried(inits);
                self.assign(&f.region(*cond).params, carried);
                self.begin(*cond, Owner::Condition(inst, None));
            }
            Op::Call { callee, args } => {
                self.step(data.span)?;
                let args: Vec<Slot> = args.iter().map(|&v| self.slot(v)).collect();
                return self.enter(*callee, &args, Some(inst), data.span);
            }
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => return self.at(data),
            Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } => return self.at(data),
            Op::Copy { .. } | Op::Fill { .. } | Op::Assert { .. } | Op::Print { .. } => return self.at(data),
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => return self.at(data),
        }
        Ok(())
    }

    /// Does an instruction without regions.
    fn at(&mut self, data: &InstData) -> Result<(), RunError> {
        if let Err(fault) = self.simple(data) {
            self.stopped(fault, data.span)?;
            for &v in &data.results {
                self.bottom(v);
            }
        }
        self.work(data.span)
    }

    /// The program stops here if it comes here. Where that is not sure, whatever is said of what follows is right.
    pub(super) fn stopped(&self, (trap, details): Fault, span: Span) -> Result<(), RunError> {
        let limit = matches!(trap, Trap::MemoryLimit | Trap::StepLimit);
        if self.uncertainty > 0 && !limit { Ok(()) } else { Err(RunError::with_details(trap, span, details)) }
    }

    /// What a result is where the program stopped before.
    fn bottom(&mut self, v: adit_ir::Value) {
        let ty = self.function().ty(v).clone();
        let slot = match (ty.scalar(), ty.array()) {
            (Some(ty), _) if ty.is_float() => Slot::Scalar(Value::CONSTANT),
            (_, Some(array)) => {
                let dims: Subscripts = array.dims.iter().map(|_| None).collect();
                let made = self.memory.alloc(array.element, &dims, u64::MAX);
                made.map_or(Slot::Empty, Slot::Array)
            }
            (_, _) => Slot::Scalar(Value::Unknown),
        };
        self.set(v, slot);
    }

    pub(super) fn begin(&mut self, region: Region, owner: Owner) {
        let mark = self.memory.mark();
        self.activations.push(Activation { region, next: 0, owner, mark });
    }

    /// Ends the newest region.
    fn leave(&mut self, f: &'m Function) -> Result<(), RunError> {
        let Activation { region, owner, mark, .. } = self.activations.pop().expect("a region is under way");
        let yields = self.values(&f.region(region).yields);
        self.memory.release(mark);
        match owner {
            Owner::Body => self.give(yields),
            Owner::Arm(inst) => self.assign(&f.inst(inst).results, yields),
            Owner::FirstArm(inst) => self.other_arm(f, inst, yields),
            Owner::SecondArm(inst, first, written) => self.meet(f, inst, [first, yields], &written),
            Owner::Iteration { inst, done, trips } => {
                self.iterate(f, inst, region, kept(yields), done + 1, trips)?;
            }
            Owner::Unbounded(inst, spread) => self.again(f, inst, region, kept(yields), spread)?,
            Owner::Condition(inst, spread) => self.decide(f, inst, region, yields[0], spread)?,
            Owner::Repetition(inst, spread) => {
                if let Op::While { cond, .. } = &f.inst(inst).op {
                    self.assign(&f.region(*cond).params, kept(yields));
                    self.begin(*cond, Owner::Condition(inst, spread));
                }
            }
        }
        Ok(())
    }

    /// Begins the next iteration of a `for` with what is carried, or ends the loop.
    fn iterate(
        &mut self,
        f: &'m Function,
        inst: Inst,
        body: Region,
        carried: Values,
        done: u64,
        trips: Trips,
    ) -> Result<(), RunError> {
        let data = f.inst(inst);
        let Some(index) = trips.index(done) else {
            self.assign(&data.results, carried);
            return Ok(());
        };
        self.step(data.span)?;
        let params = &f.region(body).params;
        self.set(params[0], Slot::Scalar(Value::Known(Scalar::I64(index))));
        self.assign(&params[1..], carried);
        self.begin(body, Owner::Iteration { inst, done, trips });
        Ok(())
    }

    /// Begins a function: compares the sizes of its arguments, binds its dimensions.
    fn enter(&mut self, id: FuncId, args: &[Slot], call: Option<Inst>, span: Span) -> Result<(), RunError> {
        let callee = self.module.function(id);
        if let Some(fault) = self.misfit(id, args) {
            self.stopped(fault, span)?;
            return self.summary(id, args, call);
        }
        if callee.external.is_some() || callee.derived.is_some() || !self.module.rules(id).is_empty() {
            return self.summary(id, args, call);
        }
        let Limits { depth, .. } = self.options.limits;
        let slots = self.slots.len() + callee.value_count();
        if self.frames.len() >= depth as usize || slots > MAX_SLOTS {
            self.stopped((Trap::RecursionTooDeep, [i64::from(depth), 0]), span)?;
            return self.summary(id, args, call);
        }
        // Recursion that ends by a condition which is not known has no end here.
        let endless = |frame: &Frame| frame.id == id && frame.uncertainty < self.uncertainty;
        if self.uncertainty > 0 && self.frames.iter().any(endless) {
            return self.summary(id, args, call);
        }
        let binds = &self.shapes[id.index()].binds;
        let dims: Vec<Option<i64>> = binds.iter().map(|bind| bind.and_then(|e| self.extent(args, e))).collect();
        self.base = self.slots.len();
        self.slots.resize(slots, Slot::Empty);
        self.frames.push(Frame { id, base: self.base, call, uncertainty: self.uncertainty });
        for (&v, dim) in callee.dims.iter().zip(dims) {
            self.set(v, Slot::Scalar(dim.map_or(Value::Unknown, |d| Value::Known(Scalar::I64(d)))));
        }
        for (param, &arg) in callee.params.iter().zip(args) {
            self.set(param.value, arg);
        }
        self.begin(callee.body, Owner::Body);
        Ok(())
    }

    /// The first two extents that do not agree, of those that are known.
    fn misfit(&self, id: FuncId, args: &[Slot]) -> Option<Fault> {
        self.shapes[id.index()].checks.iter().find_map(|check| {
            let found = self.extent(args, check.found)?;
            let wanted = match check.wanted {
                Wanted::Literal(c) => c,
                Wanted::Same(first) => self.extent(args, first)?,
            };
            let what = || check.what(self.module.function(id));
            (found != wanted).then(|| (Trap::ShapeMismatch(what()), [wanted, found]))
        })
    }

    fn extent(&self, args: &[Slot], Extent { param, axis }: Extent) -> Option<i64> {
        match args[param] {
            Slot::Array(index) => self.memory.arrays[index].dims.as_ref().map(|dims| dims[axis]),
            Slot::Empty | Slot::Scalar(_) | Slot::Tape(_) => None,
        }
    }

    /// A call of which nothing is looked at but what goes in: all that comes out may depend on all of it.
    fn summary(&mut self, id: FuncId, args: &[Slot], call: Option<Inst>) -> Result<(), RunError> {
        let mut set = crate::sets::Set::EMPTY;
        for arg in args {
            let inputs = match *arg {
                Slot::Scalar(value) => value.inputs(),
                Slot::Array(index) => self.memory.arrays[index].total(&mut self.domain).inputs(),
                // What a tape may hold is not looked at.
                Slot::Tape(_) => self.everything.inputs(),
                Slot::Empty => continue,
            };
            set = self.domain.sets.union(set, inputs.set);
        }
        let inputs = self.domain.all(set);
        let callee = self.module.function(id);
        for (param, arg) in callee.params.iter().zip(args) {
            match *arg {
                Slot::Array(index) if param.passing == adit_ir::Passing::Mut => {
                    let value = Value::of_type(self.memory.arrays[index].element, inputs);
                    self.memory.anywhere(&mut self.domain, index, value);
                }
                Slot::Tape(index) => self.memory.muddle(&mut self.domain, index, self.everything),
                Slot::Array(_) | Slot::Scalar(_) | Slot::Empty => {}
            }
        }
        let results: Values = callee.results.iter().map(|&ty| Value::of_type(ty, inputs)).collect();
        match call {
            Some(inst) => self.assign(&self.function().inst(inst).results, results),
            None => self.returned = Some(results),
        }
        Ok(())
    }

    /// Ends a function: hands its results to the call, or out to the host.
    fn give(&mut self, results: Values) {
        let frame = self.frames.pop().expect("a function is active");
        self.slots.truncate(frame.base);
        let (Some(inst), Some(caller)) = (frame.call, self.frames.last()) else {
            self.returned = Some(results);
            return;
        };
        self.base = caller.base;
        self.assign(&self.module.function(caller.id).inst(inst).results, results);
    }

    /// Takes a step, unless there are none left or someone wants the analysis to stop.
    pub(super) fn step(&mut self, span: Span) -> Result<(), RunError> {
        self.memory.work += 1;
        self.work(span)
    }

    /// Counts what was looked at, and keeps the limits.
    fn work(&mut self, span: Span) -> Result<(), RunError> {
        self.steps += std::mem::take(&mut self.memory.work);
        if let Some(limit) = self.options.limits.steps
            && self.steps > limit
        {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            return Err(RunError::with_details(Trap::StepLimit, span, [limit, 0]));
        }
        if self.options.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(RunError::new(Trap::Interrupted, span));
        }
        Ok(())
    }

    /// Sets are collected when there are so many.
    #[cfg(test)]
    pub(super) fn collect_at(&mut self, count: usize) {
        self.full = count;
    }

    /// Forgets the sets that no value needs. Called between instructions, when every value that matters is in a slot, in the memory or in an activation.
    fn collect(&mut self, span: Span) -> Result<(), RunError> {
        let mut collection = self.domain.marking();
        self.visit(&mut collection);
        collection = self.domain.collect(collection);
        self.visit(&mut collection);
        self.full = 2 * self.domain.count() + COLLECTED;
        let (used, limit) = (self.domain.bytes() + self.memory.bytes(), self.options.limits.memory_bytes);
        if used > limit {
            let details = [used, limit].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            return Err(RunError::with_details(Trap::MemoryLimit, span, details));
        }
        Ok(())
    }

    fn visit(&mut self, see: &mut Collection) {
        see.visit(&mut self.everything);
        for slot in &mut self.slots {
            if let Slot::Scalar(value) = slot {
                see.visit(value);
            }
        }
        self.memory.visit(see);
        for activation in &mut self.activations {
            match &mut activation.owner {
                Owner::Body | Owner::Arm(_) | Owner::FirstArm(_) | Owner::Iteration { .. } => {}
                Owner::SecondArm(_, values, written) => {
                    values.iter_mut().for_each(|x| see.visit(x));
                    for w in written {
                        see.visit(&mut w.before);
                        see.visit(&mut w.now);
                    }
                }
                Owner::Unbounded(_, spread) => spread.visit(see),
                Owner::Condition(_, spread) | Owner::Repetition(_, spread) => {
                    spread.iter_mut().for_each(|spread| spread.visit(see));
                }
            }
        }
    }

    pub(super) fn slot(&self, v: adit_ir::Value) -> Slot {
        self.slots[self.base + v.index()]
    }

    pub(super) fn set(&mut self, v: adit_ir::Value, slot: Slot) {
        self.slots[self.base + v.index()] = slot;
    }

    pub(super) fn assign(&mut self, to: &[adit_ir::Value], values: Values) {
        for (&v, value) in to.iter().zip(values) {
            self.set(v, Slot::Scalar(value));
        }
    }

    pub(super) fn values(&self, values: &[adit_ir::Value]) -> Values {
        values.iter().map(|&v| self.value(v)).collect()
    }

    /// What a loop carries of these.
    pub(super) fn carried(&self, values: &[adit_ir::Value]) -> Values {
        kept(self.values(values))
    }

    pub(super) fn value(&self, v: adit_ir::Value) -> Value {
        match self.slot(v) {
            Slot::Scalar(value) => value,
            slot @ (Slot::Empty | Slot::Array(_) | Slot::Tape(_)) => panic!("{v:?} is {slot:?}, not a scalar"),
        }
    }

    pub(super) fn int(&self, i: Int) -> Option<i64> {
        match i {
            Int::Const(c) => Some(c),
            Int::Value(v) => self.value(v).int(),
        }
    }

    pub(super) fn subscripts(&self, ints: &[Int]) -> Subscripts {
        ints.iter().map(|&i| self.int(i)).collect()
    }

    pub(super) fn array(&self, v: adit_ir::Value) -> usize {
        match self.slot(v) {
            Slot::Array(index) => index,
            slot @ (Slot::Empty | Slot::Scalar(_) | Slot::Tape(_)) => panic!("{v:?} is {slot:?}, not an array"),
        }
    }

    pub(super) fn tape(&self, v: adit_ir::Value) -> usize {
        match self.slot(v) {
            Slot::Tape(index) => index,
            slot @ (Slot::Empty | Slot::Scalar(_) | Slot::Array(_)) => panic!("{v:?} is {slot:?}, not a tape"),
        }
    }
}

fn kept(values: Values) -> Values {
    values.into_iter().map(Value::kept).collect()
}
