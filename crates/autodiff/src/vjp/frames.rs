//! Frames: the regions of the reverse sweep while they are being built.
//!
//! In: the primal region whose reverse begins. Out, when it ends: the reverse region, complete but for its yields, and the accumulators that it changed.
//! Ending a frame is also where saving happens: what its reverse asked for is pushed at the end of the forward copy of its primal region, and popped at the start of
//! the reverse region.
//!
//! ```text
//! for v4 in 0..v0 {                    for v4 in rev 0..v0 {
//!   …                                    v9 = tape.pop v8
//!   tape.push v8, v6                     …
//! }                                    }
//! ```

use super::Sweep;
use crate::Mutant;
use crate::refusal::{MAX_DEPTH, Refusal};
use adit_diag::Span;
use adit_ir::{ArrayType, Inst, Int, Op, Region, ScalarType, TapeType, Type, Value, Values};

/// How often a frame's region runs each time the region around it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// At most once.
    Straight,
    /// Any number of times: accumulators are carried.
    Loop,
}

/// A region of the reverse sweep under construction.
#[derive(Debug)]
pub struct Frame {
    pub(super) kind: Kind,
    /// The primal region that it reverses, if any.
    pub(super) primal: Option<Region>,
    /// The region being built.
    pub(super) region: Region,
    /// Values of enclosing frames whose adjoint changed here, with their adjoint outside.
    pub(super) recorded: Vec<(Value, Option<Value>)>,
    /// Values of the forward copy of `primal` that are saved, with what stands for them here.
    pub(super) saved: Vec<(Value, Value)>,
    /// Forward values whose stand-in is visible only here.
    pub(super) named: Vec<Value>,
    /// How many instructions of `region` come before what is saved is popped: they stand for what the primal region runs before this.
    pub(super) before: usize,
    /// Whether the forward copy of `primal` stands in the same region, in front of its reverse: all its values are visible, and nothing of it is saved.
    pub(super) visible: bool,
    span: Span,
}

impl Frame {
    /// An empty one.
    pub fn new(kind: Kind, primal: Option<Region>, region: Region, span: Span) -> Self {
        Frame {
            kind,
            primal,
            region,
            span,
            recorded: Vec::new(),
            saved: Vec::new(),
            named: Vec::new(),
            before: 0,
            visible: false,
        }
    }

    /// One whose forward copy stands in front of it, in the same region.
    pub fn visible(primal: Region, kind: Kind, region: Region, span: Span) -> Self {
        Frame { visible: true, ..Frame::new(kind, Some(primal), region, span) }
    }
}

/// An accumulator that a finished frame changed.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The primal value.
    pub value: Value,
    /// Its adjoint before, in the enclosing frame.
    pub outside: Option<Value>,
    /// Its adjoint at the end of the frame's region.
    pub inside: Option<Value>,
}

/// A finished frame.
#[derive(Debug)]
pub struct Closed {
    /// Its region, without yields.
    pub region: Region,
    /// What it changed, in order of first change.
    pub changes: Vec<Change>,
}

impl Sweep<'_, '_> {
    /// The innermost frame's place.
    pub(super) fn depth(&self) -> usize {
        self.frames.len() - 1
    }

    /// The innermost frame.
    pub(super) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the body's frame stays")
    }

    /// Begins a region with parameters of these types, which reverses `primal`.
    pub(super) fn open(&mut self, kind: Kind, primal: Option<Region>, params: &[Type]) -> Result<Values, Refusal> {
        let region = self.b.open(params);
        self.enter(Frame::new(kind, primal, region, self.b.span()))?;
        Ok(self.b.func().region(region).params.iter().copied().collect())
    }

    /// Begins the reverse of `primal` at the end of its forward copy.
    pub(super) fn reopen(&mut self, primal: Region, forward: Region) -> Result<(), Refusal> {
        self.b.reopen(forward);
        self.asked.visible.insert(primal);
        self.enter(Frame::visible(primal, Kind::Loop, forward, self.b.span()))
    }

    fn enter(&mut self, frame: Frame) -> Result<(), Refusal> {
        if self.frames.len() > MAX_DEPTH {
            return Err(Refusal::too_deep(self.source, self.b.span()));
        }
        if let Some(primal) = frame.primal {
            self.place[primal.index()] = self.frames.len();
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Ends the innermost frame; adjoints are again what they were outside.
    pub(super) fn close(&mut self) -> Closed {
        let depth = self.depth();
        let frame = self.frames.pop().expect("the body's frame stays");
        self.b.close(&[]);
        for forward in frame.named.iter().chain(frame.saved.iter().map(|(forward, _)| forward)) {
            self.standin.remove(forward);
        }
        let mut changes = Vec::with_capacity(frame.recorded.len());
        for &(value, outside) in &frame.recorded {
            let inside = std::mem::replace(&mut self.adjoint[value.index()], outside);
            self.recorded[value.index()] = Some(depth - 1);
            changes.push(Change { value, outside, inside });
        }
        self.save(&frame);
        Closed { region: frame.region, changes }
    }

    /// Pushes in the forward sweep and pops in the reverse what the frame's reverse asked for.
    fn save(&mut self, frame: &Frame) {
        let Some(forward) = frame.primal.and_then(|primal| self.forward.region(primal)) else { return };
        if frame.saved.is_empty() {
            return;
        }
        if frame.kind == Kind::Loop && self.has(Mutant::LastIterationOnly) {
            return self.keep_last(frame, forward);
        }
        self.note_tape(frame.kind);
        let tape = match self.is_cut {
            true => self.shared_tape(),
            false => {
                let fields = frame.saved.iter().map(|&(v, _)| self.scalar_type(v)).collect();
                let ty = TapeType { fields };
                self.at_entry(Op::TapeNew { ty: ty.clone() }, Type::Tape(ty))
            }
        };
        let (mut values, popped): (Values, Values) = frame.saved.iter().copied().unzip();
        if frame.kind == Kind::Loop && self.has(Mutant::FlagAfterUpdate) {
            self.update_flags(forward, &mut values);
        }
        let span = self.repeated(frame);
        let push = self.add_inst(Op::TapePush { tape, values }, Values::new(), span);
        let pop = self.add_inst(Op::TapePop { tape }, popped, span);
        self.b.func_mut().region_mut(forward).insts.push(push);
        self.b.func_mut().region_mut(frame.region).insts.insert(frame.before, pop);
    }

    /// The place of what makes the tape grow, where the run stops if that is too much: the outermost loop around a region that is being closed.
    fn repeated(&self, frame: &Frame) -> Span {
        let mut around = self.frames.iter().chain([frame]);
        around.find(|frame| frame.kind == Kind::Loop && !frame.visible).map_or(frame.span, |around| around.span)
    }

    /// [`Mutant::FlagAfterUpdate`]: the last truth value that a region yields takes the place of all.
    fn update_flags(&self, forward: Region, values: &mut Values) {
        let is_flag = |v: &Value| self.scalar_type(*v) == ScalarType::Bool;
        let updated = self.b.func().region(forward).yields.iter().copied().rfind(is_flag);
        if let Some(updated) = updated {
            values.iter_mut().filter(|v| is_flag(v)).for_each(|v| *v = updated);
        }
    }

    /// Notes that a region of this kind, or what it calls, saves something, if a loop is around. What is saved within an iteration that is reversed at once is gone with it.
    pub(super) fn note_tape(&mut self, kind: Kind) {
        let loops = kind == Kind::Loop || self.frames.iter().any(|frame| frame.kind == Kind::Loop);
        let within_iteration = self.frames.iter().skip(1).any(|frame| frame.visible);
        if let (true, false, Some(at)) = (loops, within_iteration, self.at) {
            self.asked.taped.push(at);
        }
    }

    /// [`Mutant::LastIterationOnly`]: a cell instead of a tape.
    fn keep_last(&mut self, frame: &Frame, forward: Region) {
        for &(value, standin) in &frame.saved {
            let cell = self.cell(self.scalar_type(value));
            let subscripts = [Int::Const(0)].into_iter().collect();
            let store = Op::Store { array: cell, subscripts, value };
            let store = self.add_inst(store, Values::new(), frame.span);
            let subscripts = [Int::Const(0)].into_iter().collect();
            let load = Op::Load { array: cell, subscripts };
            let load = self.add_inst(load, [standin].into_iter().collect(), frame.span);
            self.b.func_mut().region_mut(forward).insts.push(store);
            self.b.func_mut().region_mut(frame.region).insts.insert(0, load);
        }
    }

    /// An array of one element for a mutant's own use.
    pub(super) fn cell(&mut self, element: ScalarType) -> Value {
        let dims = [Int::Const(1)].into_iter().collect();
        let ty = ArrayType { element, dims };
        self.at_entry(Op::Alloc { ty: ty.clone() }, Type::Array(ty))
    }

    pub(super) fn scalar_type(&self, v: Value) -> ScalarType {
        self.b.ty(v).scalar().expect("only scalars are saved")
    }

    fn add_inst(&mut self, op: Op, results: Values, span: Span) -> Inst {
        self.b.func_mut().add_inst(op, results, span)
    }
}
