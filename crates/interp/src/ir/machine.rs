//! The stacks of a run, and control.
//!
//! In: a function and its arguments. Out: what it returns. A [`Frame`] holds the values of one active function; an [`Activation`] is one region under way: when its last
//! instruction is done, its [`Owner`] says what happens with what it yields. So `if`, loops and calls push, ends pop, and the host's stack stays flat.
//! Everything without regions is in [`super::ops`].

use super::memory::{Fault, Mark, Memory};
use super::number::{Cell, Number};
use super::{Input, Interpreter, Outcome, Print};
use adit_diag::Span;
use adit_ir::limits::Limits;
use adit_ir::shape::{Extent, Wanted};
use adit_ir::{FuncId, Function, Inst, InstData, Int, Op, Region, RunError, Trap, Trips, Value};
use smallvec::SmallVec;
use std::sync::atomic::Ordering;

/// A short list of scalars.
pub(super) type Cells<N> = SmallVec<[Cell<N>; 4]>;

/// What a value of the program holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot<N> {
    /// Nothing yet.
    Empty,
    Scalar(Cell<N>),
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
#[derive(Clone, Copy)]
enum Owner {
    /// The function returns.
    Body,
    /// The `if` has its results.
    Arm(Inst),
    /// The next iteration begins, if there is one.
    Iteration { inst: Inst, done: u64, trips: Trips },
    /// The body runs, or the loop ends.
    Condition(Inst),
    /// The condition is asked again.
    Repetition(Inst),
}

/// More values than this in all active functions count as recursion that is too deep: the interpreter keeps them all.
const MAX_SLOTS: usize = if cfg!(test) { 1 << 21 } else { 1 << 25 };

pub(super) struct Machine<'r, 'm, N> {
    interpreter: &'r Interpreter<'m>,
    pub(super) print: Print<'r>,
    pub(super) memory: Memory<N>,
    slots: Vec<Slot<N>>,
    frames: Vec<Frame>,
    activations: Vec<Activation>,
    base: usize,
    /// What a function without a body gave that the host called itself.
    external_results: Option<Cells<N>>,
    steps: u64,
    pub(super) nearest_kink: f64,
    pub(super) nearest_kink_at: Span,
    pub(super) on_kink: Option<Span>,
    pub(super) largest: f64,
    pub(super) not_finite: bool,
}

impl<'r, 'm, N: Number> Machine<'r, 'm, N> {
    pub(super) fn new(interpreter: &'r Interpreter<'m>, print: Print<'r>) -> Self {
        Machine {
            interpreter,
            print,
            memory: Memory::new(interpreter.limits),
            slots: Vec::new(),
            frames: Vec::new(),
            activations: Vec::new(),
            base: 0,
            external_results: None,
            steps: 0,
            nearest_kink: f64::INFINITY,
            nearest_kink_at: Span::NONE,
            on_kink: None,
            largest: 0.0,
            not_finite: false,
        }
    }

    /// What is known after the run, results aside.
    pub(super) fn tally(self) -> Outcome<N> {
        Outcome {
            results: Vec::new(),
            nearest_kink: self.nearest_kink,
            nearest_kink_at: self.nearest_kink_at,
            on_kink: self.on_kink,
            largest: self.largest,
            not_finite: self.not_finite,
            steps: self.steps,
            peak_bytes: self.memory.peak,
            records_left: self.memory.records_left,
        }
    }

    /// Runs a function; arrays go in and come back, whether or not the run succeeds.
    pub(super) fn run(&mut self, id: FuncId, inputs: &mut [Input<N>]) -> Result<Cells<N>, RunError> {
        let mut args = Vec::new();
        for input in inputs.iter_mut() {
            args.push(match input {
                Input::Scalar(cell) => Slot::Scalar(*cell),
                Input::Array(array) => {
                    let nothing = super::Array::of(&[], Vec::new());
                    Slot::Array(self.memory.host(std::mem::replace(array, nothing)))
                }
            });
        }
        let span = self.interpreter.module.function(id).span;
        let results = self.enter(id, &args, None, span).and_then(|()| self.go_on());
        for (input, slot) in inputs.iter_mut().zip(&args) {
            if let (Input::Array(array), Slot::Array(index)) = (input, slot) {
                *array = self.memory.give_back(*index);
            }
        }
        results
    }

    fn go_on(&mut self) -> Result<Cells<N>, RunError> {
        let mut f = self.function();
        loop {
            let top = self.activations.last_mut().expect("the last region to end returns");
            match f.region(top.region).insts.get(top.next) {
                Some(&inst) => {
                    top.next += 1;
                    self.execute(f, inst)?;
                    if matches!(f.inst(inst).op, Op::Call { .. }) {
                        f = self.function();
                    }
                }
                None => {
                    if let Some(results) = self.leave(f)? {
                        return Ok(results);
                    }
                    f = self.function();
                }
            }
        }
    }

    pub(super) fn function(&self) -> &'m Function {
        let frame = self.frames.last().expect("a function is active");
        self.interpreter.module.function(frame.id)
    }

    fn execute(&mut self, f: &'m Function, inst: Inst) -> Result<(), RunError> {
        let data = f.inst(inst);
        match &data.op {
            Op::If { cond, then, otherwise } => {
                let arm = if self.bool(*cond) { *then } else { *otherwise };
                self.begin(arm, Owner::Arm(inst));
                Ok(())
            }
            Op::For { lo, hi, step, reversed, inits, body, .. } => {
                let [lo, hi, step] = [*lo, *hi, *step].map(|i| self.int(i));
                let trips = Trips::new(lo, hi, step, *reversed);
                let trips = trips.ok_or_else(|| RunError::new(Trap::ZeroStep, data.span))?;
                let carried = self.cells(inits);
                self.iterate(f, inst, *body, carried, 0, trips)
            }
            Op::While { inits, cond, .. } => {
                let carried = self.cells(inits);
                self.assign(&f.region(*cond).params, carried);
                self.begin(*cond, Owner::Condition(inst));
                Ok(())
            }
            Op::Call { callee, args } => {
                self.step(data.span)?;
                let args: Vec<Slot<N>> = args.iter().map(|&v| self.slot(v)).collect();
                self.enter(*callee, &args, Some(inst), data.span)
            }
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => self.at(data),
            Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } => self.at(data),
            Op::Copy { .. } | Op::Fill { .. } | Op::Assert { .. } | Op::Print { .. } => self.at(data),
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => self.at(data),
        }
    }

    /// Does an instruction without regions, and says where it failed if it did.
    fn at(&mut self, data: &InstData) -> Result<(), RunError> {
        let place = |(trap, details): Fault| RunError::with_details(trap, data.span, details);
        self.simple(data).map_err(place)
    }

    fn begin(&mut self, region: Region, owner: Owner) {
        let mark = self.memory.mark();
        self.activations.push(Activation { region, next: 0, owner, mark });
    }

    /// Ends the newest region. Gives the results when the host's function returns.
    fn leave(&mut self, f: &'m Function) -> Result<Option<Cells<N>>, RunError> {
        let Activation { region, owner, mark, .. } = self.activations.pop().expect("a region is under way");
        let yields = self.cells(&f.region(region).yields);
        self.memory.release(mark);
        match owner {
            Owner::Body => {
                let results = self.external_results.take().unwrap_or(yields);
                return Ok(self.give(results));
            }
            Owner::Arm(inst) => self.assign(&f.inst(inst).results, yields),
            Owner::Iteration { inst, done, trips } => self.iterate(f, inst, region, yields, done + 1, trips)?,
            Owner::Condition(inst) => self.decide(f, inst, region, &yields)?,
            Owner::Repetition(inst) => {
                if let Op::While { cond, .. } = &f.inst(inst).op {
                    self.assign(&f.region(*cond).params, yields);
                    self.begin(*cond, Owner::Condition(inst));
                }
            }
        }
        Ok(None)
    }

    /// Begins the next iteration of a `for` with what is carried, or ends the loop.
    fn iterate(
        &mut self,
        f: &'m Function,
        inst: Inst,
        body: Region,
        carried: Cells<N>,
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
        self.set(params[0], Slot::Scalar(Cell::I64(index)));
        self.assign(&params[1..], carried);
        self.begin(body, Owner::Iteration { inst, done, trips });
        Ok(())
    }

    /// Begins the body of a `while`, or ends the loop.
    fn decide(&mut self, f: &'m Function, inst: Inst, cond: Region, yields: &[Cell<N>]) -> Result<(), RunError> {
        let data = f.inst(inst);
        let carried = self.cells(&f.region(cond).params);
        if let (Op::While { body, .. }, [Cell::Bool(true)]) = (&data.op, yields) {
            self.step(data.span)?;
            self.assign(&f.region(*body).params, carried);
            self.begin(*body, Owner::Repetition(inst));
        } else {
            self.assign(&data.results, carried);
        }
        Ok(())
    }

    /// Begins a function: checks the sizes of its arguments, binds its dimensions.
    fn enter(&mut self, id: FuncId, args: &[Slot<N>], call: Option<Inst>, span: Span) -> Result<(), RunError> {
        let callee = self.interpreter.module.function(id);
        let Limits { depth, .. } = self.interpreter.limits;
        let slots = self.slots.len() + callee.value_count();
        if self.frames.len() >= depth as usize || slots > MAX_SLOTS {
            return Err(RunError::with_details(Trap::RecursionTooDeep, span, [i64::from(depth), 0]));
        }
        let shapes = &self.interpreter.shapes[id.index()];
        for check in &shapes.checks {
            let found = self.extent(args, check.found);
            let wanted = match check.wanted {
                Wanted::Literal(c) => c,
                Wanted::Same(first) => self.extent(args, first),
            };
            if found != wanted {
                let trap = Trap::ShapeMismatch(check.what(callee));
                return Err(RunError::with_details(trap, span, [wanted, found]));
            }
        }
        if let Some(external) = &callee.external {
            let results = self.call_external(callee, external, args);
            let results = results.map_err(|(trap, details)| RunError::with_details(trap, span, details))?;
            return self.answer(id, call, results);
        }
        if callee.derived.is_some() {
            let why = format!("the derivative `{}` is declared and not made", callee.name);
            return Err(RunError::new(Trap::HostFailed(why), span));
        }
        let dims: Vec<i64> = shapes.binds.iter().map(|bind| bind.map_or(0, |e| self.extent(args, e))).collect();
        self.base = self.slots.len();
        self.slots.resize(slots, Slot::Empty);
        self.frames.push(Frame { id, base: self.base, call });
        for (&v, dim) in callee.dims.iter().zip(dims) {
            self.set(v, Slot::Scalar(Cell::I64(dim)));
        }
        for (param, &arg) in callee.params.iter().zip(args) {
            self.set(param.value, arg);
        }
        self.begin(callee.body, Owner::Body);
        Ok(())
    }

    /// Hands the results of a function without a body to the call, or to a body that returns them to the host.
    fn answer(&mut self, id: FuncId, call: Option<Inst>, results: Cells<N>) -> Result<(), RunError> {
        match (call, self.frames.last()) {
            (Some(inst), Some(caller)) => {
                let waiting = &self.interpreter.module.function(caller.id).inst(inst).results;
                self.assign(waiting, results);
            }
            (_, _) => {
                self.base = self.slots.len();
                self.frames.push(Frame { id, base: self.base, call: None });
                self.external_results = Some(results);
                self.begin(self.interpreter.module.function(id).body, Owner::Body);
            }
        }
        Ok(())
    }

    fn extent(&self, args: &[Slot<N>], Extent { param, axis }: Extent) -> i64 {
        match args[param] {
            Slot::Array(index) => self.memory.array(index).dims[axis],
            Slot::Empty | Slot::Scalar(_) | Slot::Tape(_) => panic!("argument {param} is no array"),
        }
    }

    /// Ends a function: hands its results to the call, or out to the host.
    fn give(&mut self, results: Cells<N>) -> Option<Cells<N>> {
        let frame = self.frames.pop().expect("a function is active");
        self.slots.truncate(frame.base);
        let (Some(inst), Some(caller)) = (frame.call, self.frames.last()) else {
            return Some(results);
        };
        self.base = caller.base;
        let waiting = &self.interpreter.module.function(caller.id).inst(inst).results;
        self.assign(waiting, results);
        None
    }

    /// Takes a step, unless there are none left or someone wants the run to stop.
    fn step(&mut self, span: Span) -> Result<(), RunError> {
        if let Some(limit) = self.interpreter.limits.steps
            && self.steps >= limit
        {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            return Err(RunError::with_details(Trap::StepLimit, span, [limit, 0]));
        }
        self.steps += 1;
        match self.interpreter.interrupt {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(RunError::new(Trap::Interrupted, span)),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn slot(&self, v: Value) -> Slot<N> {
        self.slots[self.base + v.index()]
    }

    pub(super) fn set(&mut self, v: Value, slot: Slot<N>) {
        self.slots[self.base + v.index()] = slot;
    }

    fn assign(&mut self, to: &[Value], cells: Cells<N>) {
        for (&v, cell) in to.iter().zip(cells) {
            self.set(v, Slot::Scalar(cell));
        }
    }

    fn cells(&self, values: &[Value]) -> Cells<N> {
        values.iter().map(|&v| self.cell(v)).collect()
    }

    pub(super) fn cell(&self, v: Value) -> Cell<N> {
        match self.slot(v) {
            Slot::Scalar(cell) => cell,
            slot @ (Slot::Empty | Slot::Array(_) | Slot::Tape(_)) => panic!("{v:?} is {slot:?}, not a scalar"),
        }
    }

    pub(super) fn bool(&self, v: Value) -> bool {
        match self.cell(v) {
            Cell::Bool(b) => b,
            cell @ (Cell::F64(_) | Cell::F32(_) | Cell::I64(_)) => panic!("{v:?} is {cell:?}, not a truth value"),
        }
    }

    pub(super) fn int(&self, i: Int) -> i64 {
        match i {
            Int::Const(c) => c,
            Int::Value(v) => match self.cell(v) {
                Cell::I64(i) => i,
                cell @ (Cell::F64(_) | Cell::F32(_) | Cell::Bool(_)) => panic!("{v:?} is {cell:?}, not an integer"),
            },
        }
    }

    pub(super) fn array(&self, v: Value) -> usize {
        match self.slot(v) {
            Slot::Array(index) => index,
            slot @ (Slot::Empty | Slot::Scalar(_) | Slot::Tape(_)) => panic!("{v:?} is {slot:?}, not an array"),
        }
    }

    pub(super) fn tape(&self, v: Value) -> usize {
        match self.slot(v) {
            Slot::Tape(index) => index,
            slot @ (Slot::Empty | Slot::Scalar(_) | Slot::Array(_)) => panic!("{v:?} is {slot:?}, not a tape"),
        }
    }
}
