//! Loops: `for`, `while`, and the loops of generators.
//!
//! In: ranges, conditions, bodies. Out: `for` and `while` instructions that carry the slots which their bodies assign, and nothing else.
//!
//! ```text
//! for i in 0..n { if x[i] < 0.0 { break; } s += x[i]; }
//!
//! v5, v6, v7 = while v8, v9, v10 = (0, false, v1) { v11 = lt v8, d0; v12 = not v9; v13 = and v11, v12 } { …guard…; yield v8 + 1, left, s }
//! ```
//!
//! A `for` that can be left early becomes a `while` over its index. A `while` whose condition assigns or leaves evaluates it inside the body. It deliberately does not ask what
//! a carried value is for: that is the optimiser's.

use super::Mutant;
use super::analysis::{Exit, Key, LoopFacts, Write};
use super::env::Lowerer;
use super::exits::{At, Exited, Frame};
use crate::typed::*;
use adit_ir::{Bounds, CmpOp, Const, Inst, Int, Prim, Trap, Type, Value};

/// What a counted loop runs over, evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trip {
    pub(super) lo: Int,
    /// Exclusive.
    pub(super) hi: Int,
    pub(super) step: Int,
}

impl Lowerer<'_> {
    /// Evaluates a range: lo, hi, step.
    pub(super) fn trip(&mut self, range: &Range) -> Trip {
        let lo = self.scalar(&range.lo);
        let hi = self.scalar(&range.hi);
        let step = range.step.as_ref().map(|e| self.scalar(e));
        let step = step.map_or(Int::Const(1), |v| self.int(v));
        self.at(range.step.as_ref().map_or(range.span, |e| e.span));
        self.check_step(step);
        self.at(range.span);
        let (lo, mut hi) = (self.int(lo), self.int(hi));
        if range.inclusive {
            hi = self.after_last(hi, step);
        }
        Trip { lo, hi, step }
    }

    /// The exclusive bound that includes `last`.
    fn after_last(&mut self, last: Int, step: Int) -> Int {
        let sign = match step {
            Int::Const(c) => Int::Const(c.signum()),
            Int::Value(v) => Int::Value(self.b.prim(Prim::Isign, &[v])),
        };
        self.add(last, sign)
    }

    fn loop_facts(&self, key: Key) -> LoopFacts {
        self.facts.loops.get(&key).cloned().unwrap_or_default()
    }

    /// Enters the frame of a loop: the flags that leaving it needs.
    fn enter_loop(&mut self, key: Key, facts: &LoopFacts, own_flag: bool) -> Frame {
        let function = self.frames[0].leave;
        let leave = if facts.breaks || own_flag {
            self.temporary()
        } else if facts.returns {
            function
        } else {
            u32::MAX
        };
        // Without a way to leave there is no flag for it; `continue` has one of its own, new in each iteration.
        let skip = if facts.continues { self.temporary() } else { leave };
        let frame = Frame { key: Some(key), id: facts.id, skip, leave };
        self.frames.push(frame);
        frame
    }

    /// The slots that the body of the innermost loop changes and that have a value before it; flags and results get their first one.
    fn carried(&mut self, frame: Frame, facts: &LoopFacts, extra: &[u32]) -> Vec<u32> {
        let mut out: Vec<u32> = extra.to_vec();
        let log = self.facts.log[facts.writes.clone()].to_vec();
        let mut exits = Vec::new();
        for write in log {
            match write {
                Write::Leaves { local, start, end } => {
                    let base = self.base(local);
                    let slots = base + start..base + end;
                    out.extend(slots.filter(|&s| self.slot(s).scalar().is_some()));
                }
                Write::Exit(exit) if !exits.contains(&exit) => exits.push(exit),
                Write::Exit(_) => {}
            }
        }
        let flags: Vec<u32> = exits.into_iter().flat_map(|exit| self.flags_of(exit)).collect();
        out.extend(flags.into_iter().filter(|&s| s != frame.skip || s == frame.leave));
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The flags and result slots that leaving to `exit` sets in the frames that are open now; each gets a first value.
    fn flags_of(&mut self, exit: Exit) -> Vec<u32> {
        let (target, is_return) = match exit {
            Exit::Return => (None, true),
            Exit::Break(key) | Exit::Continue(key) => (Some(key), false),
        };
        let Some(at) = self.frames.iter().rposition(|f| f.key == target) else {
            return Vec::new();
        };
        let mut slots: Vec<u32> = Vec::new();
        for (i, frame) in self.frames[at..].iter().enumerate() {
            slots.push(frame.skip);
            if i > 0 || !matches!(exit, Exit::Continue(_)) {
                slots.push(frame.leave);
            }
        }
        for &slot in &slots {
            self.start(slot, adit_ir::ScalarType::Bool);
        }
        if is_return {
            for (slot, ty) in self.result_slots() {
                self.start(slot, ty);
                slots.push(slot);
            }
        }
        slots
    }

    /// Gives a temporary its first value before a loop carries it.
    fn start(&mut self, slot: u32, ty: adit_ir::ScalarType) {
        if self.slot(slot).scalar().is_none() {
            let zero = self.zero(ty);
            self.set_scalar(slot, zero);
        }
    }

    fn values(&self, slots: &[u32]) -> Vec<Value> {
        slots.iter().map(|&s| self.slot(s).scalar().expect("carried slots have values")).collect()
    }

    fn set_all(&mut self, slots: &[u32], values: &[Value]) {
        slots.iter().zip(values).for_each(|(&slot, &v)| self.set_scalar(slot, v));
    }

    /// `for var in trip { body }`; also carries the temporaries `extra`. Gives the loop.
    pub(super) fn counted(
        &mut self,
        key: Key,
        var: LocalId,
        trip: Trip,
        extra: &[u32],
        body: &mut dyn FnMut(&mut Self),
    ) -> Inst {
        let facts = self.loop_facts(key);
        let frame = self.enter_loop(key, &facts, false);
        let carried = self.carried(frame, &facts, extra);
        let index = self.base(var);
        let inst = match facts.breaks || facts.returns {
            true => self.counted_with_exit(frame, trip, &carried, index, body),
            false => self.plain_for(frame, trip, &carried, index, body),
        };
        self.frames.pop();
        self.exited = if facts.returns { Exited::Maybe } else { Exited::No };
        inst
    }

    fn plain_for(
        &mut self,
        frame: Frame,
        trip: Trip,
        carried: &[u32],
        index: u32,
        body: &mut dyn FnMut(&mut Self),
    ) -> Inst {
        let span = self.b.span();
        let inits = self.values(carried);
        let params = self.open(&self.types(&inits, true));
        self.set_scalar(index, params[0]);
        self.know_index(params[0], trip);
        self.set_all(carried, &params[1..]);
        self.iteration(frame, body);
        let yields = self.values(carried);
        self.changes();
        let region = self.close(&yields);
        self.b.set_span(span);
        let bounds = Bounds { lo: trip.lo, hi: trip.hi, step: trip.step, reversed: false };
        let inst = self.b.for_(bounds, &inits, region);
        let results = self.b.results(inst);
        self.set_all(carried, &results);
        inst
    }

    fn types(&self, inits: &[Value], index: bool) -> Vec<Type> {
        let first = index.then_some(Type::I64);
        first.into_iter().chain(inits.iter().map(|&v| self.b.ty(v).clone())).collect()
    }

    /// Subscripts by this index are in range for the extent `hi`.
    pub(super) fn know_index(&mut self, index: Value, trip: Trip) {
        if trip.step == Int::Const(1) && self.is_natural(trip.lo) {
            self.below.insert(index, trip.hi);
        }
    }

    /// One iteration, in an open region.
    fn iteration(&mut self, frame: Frame, body: &mut dyn FnMut(&mut Self)) {
        if frame.skip != frame.leave {
            let no = self.bool(false);
            self.set_scalar(frame.skip, no);
        }
        self.exited = Exited::No;
        let base = self.guards.len();
        body(self);
        self.close_guards(base, At::RegionEnd);
    }

    /// A `for` that can be left: a `while` over its index.
    fn counted_with_exit(
        &mut self,
        frame: Frame,
        trip: Trip,
        carried: &[u32],
        index: u32,
        body: &mut dyn FnMut(&mut Self),
    ) -> Inst {
        let span = self.b.span();
        let mut inits = vec![self.int_value(trip.lo)];
        inits.extend(self.values(carried));
        let types = self.types(&inits, false);
        let flag = 1 + carried.iter().position(|&s| s == frame.leave).unwrap_or_default();
        let condition = self.region(&types, &mut |this, params| {
            let inside = this.within(params[0], trip);
            let stay = this.not(params[flag]);
            vec![this.b.prim(Prim::And, &[inside, stay])]
        });
        let params = self.open(&types);
        self.set_scalar(index, params[0]);
        self.know_index(params[0], trip);
        self.set_all(carried, &params[1..]);
        self.clear_flags();
        self.iteration(frame, body);
        self.b.set_span(span);
        let next = self.add(Int::Value(params[0]), trip.step);
        let mut yields = vec![self.int_value(next)];
        yields.extend(self.values(carried));
        self.changes();
        let region = self.close(&yields);
        self.b.set_span(span);
        let inst = self.b.while_(&inits, condition, region);
        let results = self.b.results(inst);
        self.set_all(carried, &results[1..]);
        inst
    }

    /// A step of 0 stops the run.
    fn check_step(&mut self, step: Int) {
        if matches!(step, Int::Const(c) if c != 0) {
            return;
        }
        let (step, zero) = (self.int_value(step), self.constant(Const::I64(0)));
        let ok = self.b.cmp(CmpOp::Ne, step, zero);
        self.b.assert(ok, Trap::ZeroStep, &[]);
    }

    /// Whether an index is before the bound of a loop.
    fn within(&mut self, index: Value, trip: Trip) -> Value {
        let hi = self.int_value(trip.hi);
        match trip.step {
            Int::Const(c) => {
                self.b.cmp(if c < 0 && !self.has(Mutant::DownwardTest) { CmpOp::Gt } else { CmpOp::Lt }, index, hi)
            }
            Int::Value(step) => {
                let zero = self.constant(Const::I64(0));
                let up = self.b.cmp(CmpOp::Gt, step, zero);
                let below = self.b.cmp(CmpOp::Lt, index, hi);
                let above = self.b.cmp(CmpOp::Gt, index, hi);
                self.b.select(up, below, above)
            }
        }
    }

    /// `while condition { body }`; gives the loop.
    pub(super) fn while_stmt(&mut self, condition: &Expr, body: &Block) -> Inst {
        let span = self.b.span();
        let key = Key::of_loop(body);
        let facts = self.loop_facts(key);
        let frame = self.enter_loop(key, &facts, facts.busy_condition);
        let mut extra = Vec::new();
        if facts.busy_condition {
            self.start(frame.leave, adit_ir::ScalarType::Bool);
            extra.push(frame.leave);
        }
        let carried = self.carried(frame, &facts, &extra);
        let inits = self.values(&carried);
        let types = self.types(&inits, false);
        let flag = carried.iter().position(|&s| s == frame.leave);
        let before = self.exited;
        let test = self.region(&types, &mut |this, params| {
            this.set_all(&carried, params);
            vec![this.while_condition(condition, flag.map(|at| params[at]), facts.busy_condition)]
        });
        self.exited = before;
        let params = self.open(&types);
        self.set_all(&carried, &params);
        if flag.is_some() {
            self.clear_flags();
        }
        self.iteration(frame, &mut |this| this.while_body(frame, condition, body, facts.busy_condition));
        let yields = self.values(&carried);
        self.changes();
        let region = self.close(&yields);
        self.b.set_span(span);
        let inst = self.b.while_(&inits, test, region);
        let results = self.b.results(inst);
        self.set_all(&carried, &results);
        self.frames.pop();
        let endless = matches!(condition.kind, ExprKind::Const(Const::Bool(true))) && !facts.breaks;
        self.exited = match (endless, facts.returns) {
            (true, _) => Exited::Yes,
            (false, true) => Exited::Maybe,
            (false, false) => Exited::No,
        };
        inst
    }

    /// What `@checkpoint(…)` says of the loop that follows.
    pub(super) fn checkpoint(&mut self, checkpoint: Option<&Checkpoint>) -> Option<adit_ir::Checkpoint> {
        let Checkpoint { kind, size } = checkpoint?;
        let size = self.scalar(size);
        Some(adit_ir::Checkpoint { kind: *kind, size: self.int(size) })
    }

    /// What the condition's region yields: not left, and the condition unless the body evaluates it.
    fn while_condition(&mut self, condition: &Expr, left: Option<Value>, busy: bool) -> Value {
        let Some(left) = left else {
            return self.scalar(condition);
        };
        let stay = self.not(left);
        if busy || matches!(condition.kind, ExprKind::Const(Const::Bool(true))) {
            return stay;
        }
        self.choose(left, &mut |this| vec![this.bool(false)], &mut |this| vec![this.scalar(condition)])[0]
    }

    fn while_body(&mut self, frame: Frame, condition: &Expr, body: &Block, busy: bool) {
        if !busy {
            self.block_stmts(body);
            return;
        }
        let holds = self.scalar(condition);
        let key = frame.key.expect("loops have keys");
        self.branch(holds, &mut |this| this.block_stmts(body), &mut |this| this.leave_to(Exit::Break(key)));
    }
}
