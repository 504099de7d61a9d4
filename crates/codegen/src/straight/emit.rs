//! From the instructions of a run to machine code, in one pass.
//!
//! In: a run, how often each value is still needed, and which slots of the frame are taken. Out: code whose operands are in registers where they lately were, and in the frame otherwise.
//!
//! ```text
//! v7 = sin v6       movsd %xmm2,0x30(%rbx)      v6 is needed later: a call leaves nothing in registers
//!                   movaps %xmm2,%xmm0
//!                   call *0x1234(%rip)
//! v8 = mul v7, v5   mulsd 0x28(%rbx),%xmm0      v7 is not needed any more
//! ```
//!
//! A value is stored only when its register is wanted for another, at a call, and at the end, and only if it is still needed. A slot whose value nobody needs any more is used again, if the value was
//! made in this run: what comes from outside may be needed by the next iteration of a loop. No arithmetic is rearranged; functions without an instruction here are called, those of the table that the
//! interpreter calls.

use super::asm::{Asm, Place, Sse, Xmm};
use super::{Callee, NONE, Straight};
use adit_ir::bounds::Facts;
use adit_ir::prim::{Code, Native, Row};
use adit_ir::{Const, Function, Inst, Int, Op, Prim, Value};

/// The sign of a double.
const SIGN: u64 = 1 << 63;

/// A saved register and the return address.
const FRAME: u64 = 16;

/// How many registers for floats there are.
const REGISTERS: usize = 16;

/// What outlives a run.
pub(super) struct State<'a> {
    pub(super) f: &'a Function,
    facts: &'a Facts<'a>,
    /// The slot of each value, by value.
    pub(super) slots: Vec<u32>,
    pub(super) count: u32,
    /// Slots to be used again.
    free: Vec<u32>,
    /// How often each value is still mentioned.
    left: Vec<u32>,
    /// In which run each value is made, counted from 1; 0 for others.
    born: Vec<u32>,
    /// In which register each value is.
    at: Vec<u8>,
    runs: u32,
}

impl<'a> State<'a> {
    pub(super) fn new(f: &'a Function, facts: &'a Facts<'a>) -> Self {
        let n = f.value_count();
        let left = (0..n).map(|i| facts.uses(Value::new(i))).collect();
        let (slots, born, at) = (vec![NONE; n], vec![0; n], vec![NO_REGISTER; n]);
        State { f, facts, slots, count: 0, free: Vec::new(), left, born, at, runs: 0 }
    }

    /// Of each value, whether a run makes it.
    pub(super) fn made(&self) -> Vec<bool> {
        self.born.iter().map(|&run| run != 0).collect()
    }

    /// How often a value is still mentioned.
    pub(super) fn left(&self, v: Value) -> u32 {
        self.left[v.index()]
    }

    fn literal(&self, v: Value) -> Option<Const> {
        match self.facts.def(v) {
            Some(Op::Const(c)) => Some(*c),
            _ => None,
        }
    }

    /// The slot of a value; a new one if it has none.
    fn slot(&mut self, v: Value) -> u32 {
        let known = self.slots[v.index()];
        if known != NONE {
            return known;
        }
        // What others store before the run must not be where an earlier run stores something.
        let again = if self.born[v.index()] == self.runs { self.free.pop() } else { None };
        let slot = again.unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        self.slots[v.index()] = slot;
        slot
    }
}

const NO_REGISTER: u8 = u8::MAX;

/// A run under way.
pub(super) struct Emitter<'s, 'a> {
    state: &'s mut State<'a>,
    asm: Asm,
    /// What is in each register.
    holds: [Option<Value>; REGISTERS],
    /// Registers whose value is not in its slot.
    dirty: u16,
    /// When each register was last used.
    used: [u32; REGISTERS],
    clock: u32,
    /// Registers that must not be taken now.
    pinned: u16,
    out: Straight,
}

/// Emits a run.
pub(super) fn emit(state: &mut State<'_>, insts: &[Inst]) -> Straight {
    state.runs += 1;
    let f = state.f;
    for &inst in insts {
        let data = f.inst(inst);
        if !matches!(data.op, Op::Const(_)) {
            data.results.iter().for_each(|r| state.born[r.index()] = state.runs);
        }
    }
    let mut emitter = Emitter {
        state,
        asm: Asm::default(),
        holds: [None; REGISTERS],
        dirty: 0,
        used: [0; REGISTERS],
        clock: 0,
        pinned: 0,
        out: Straight::default(),
    };
    emitter.asm.enter();
    insts.iter().for_each(|&inst| emitter.inst(inst));
    emitter.finish()
}

impl Emitter<'_, '_> {
    fn finish(mut self) -> Straight {
        self.flush();
        self.asm.leave();
        (self.out.code, self.out.end) = self.asm.finish();
        self.out.frame = FRAME;
        self.out
    }

    fn inst(&mut self, inst: Inst) {
        let f = self.state.f;
        let data = f.inst(inst);
        self.clock += 1;
        self.pinned = 0;
        if self.out.lines.last().is_none_or(|(_, span)| *span != data.span) {
            self.out.lines.push((self.asm.len() as u32, data.span));
        }
        if let (Op::Prim { prim, args }, [result]) = (&data.op, &data.results[..]) {
            self.prim(*prim, args, *result);
        }
    }

    fn prim(&mut self, prim: Prim, args: &[Value], result: Value) {
        let row = prim.row();
        match (row.code, args) {
            (Code::Native(Native::FAdd), &[a, b]) => self.binary(Sse::Add, commuted(self, a, b), result),
            (Code::Native(Native::FMul), &[a, b]) => self.binary(Sse::Mul, commuted(self, a, b), result),
            (Code::Native(Native::FSub), &[a, b]) => self.binary(Sse::Sub, (a, b), result),
            (Code::Native(Native::FDiv), &[a, b]) => self.binary(Sse::Div, (a, b), result),
            (Code::Native(Native::FSmul), &[w, p]) => self.strong_product(w, p, result),
            (Code::Native(Native::FNeg), &[a]) => self.masked(Sse::Xor, SIGN, a, result),
            (Code::Native(Native::FAbs), &[a]) => self.masked(Sse::And, !SIGN, a, result),
            (Code::Native(Native::FSqrt), &[a]) => self.root(a, result),
            (Code::Native(Native::FPowi), &[a, n]) => match self.state.facts.literal(Int::Value(n)) {
                Some(power @ 2..=4) => self.power((a, n), power, result),
                Some(_) | None => self.call(row, args, result),
            },
            (Code::Native(_) | Code::Call, _) => self.call(row, args, result),
        }
    }

    /// The register that a value is in.
    fn register(&self, v: Value) -> Option<Xmm> {
        let at = self.state.at[v.index()];
        (at != NO_REGISTER).then_some(Xmm(at))
    }

    /// Where an operand is, without moving it; if in a register, it stays there for now.
    fn place(&mut self, v: Value) -> Place {
        if let Some(Const::F64(x)) = self.state.literal(v) {
            return Place::Literal(x.to_bits());
        }
        match self.register(v) {
            Some(r) => {
                self.pin(r);
                Place::Register(r)
            }
            None => Place::Slot(self.state.slot(v)),
        }
    }

    fn pin(&mut self, r: Xmm) {
        self.pinned |= 1 << r.0;
        self.used[usize::from(r.0)] = self.clock;
    }

    /// A register that holds an operand.
    fn loaded(&mut self, v: Value) -> Xmm {
        let place = self.place(v);
        if let Place::Register(r) = place {
            return r;
        }
        let r = self.fresh();
        self.asm.op(Sse::Load, r, place);
        if let Place::Slot(_) = place {
            self.hold(r, v);
        }
        r
    }

    /// A register for something new: an empty one, or the one whose value was not used for longest.
    fn fresh(&mut self) -> Xmm {
        let takes = |r: &usize| self.pinned & (1 << r) == 0;
        let empty = (0..REGISTERS).filter(takes).find(|&r| self.holds[r].is_none());
        let oldest = || (0..REGISTERS).filter(takes).min_by_key(|&r| self.used[r]);
        // At most three are pinned.
        let r = empty.or_else(oldest).unwrap_or(0);
        let r = Xmm(r as u8);
        self.save(r);
        self.empty(r);
        self.pin(r);
        r
    }

    fn hold(&mut self, r: Xmm, v: Value) {
        self.holds[usize::from(r.0)] = Some(v);
        self.state.at[v.index()] = r.0;
    }

    /// Forgets what a register holds.
    fn empty(&mut self, r: Xmm) {
        if let Some(v) = self.holds[usize::from(r.0)].take() {
            self.state.at[v.index()] = NO_REGISTER;
        }
        self.dirty &= !(1 << r.0);
    }

    /// Stores what a register holds, if that is needed and not done yet.
    fn save(&mut self, r: Xmm) {
        if let Some(v) = self.holds[usize::from(r.0)]
            && self.dirty & (1 << r.0) != 0
            && self.state.left(v) > 0
        {
            let slot = self.state.slot(v);
            self.asm.store(Place::Slot(slot), r);
            self.dirty &= !(1 << r.0);
        }
    }

    /// Stores all that is still needed, and empties the registers.
    fn flush(&mut self) {
        for r in (0..REGISTERS as u8).map(Xmm) {
            self.save(r);
            self.empty(r);
        }
    }

    /// Counts the operands of an instruction as mentioned.
    fn mention(&mut self, args: &[Value]) {
        for &v in args {
            let left = &mut self.state.left[v.index()];
            *left = left.saturating_sub(1);
        }
    }

    /// Frees the register and the slot of a value that is not mentioned any more.
    fn release(&mut self, v: Value) {
        if self.state.left(v) > 0 {
            return;
        }
        if let Some(r) = self.register(v) {
            self.empty(r);
        }
        let slot = self.state.slots[v.index()];
        if slot != NONE && self.state.born[v.index()] == self.state.runs {
            self.state.slots[v.index()] = NONE;
            self.state.free.push(slot);
        }
    }

    /// Ends an instruction with its result in a register.
    fn done(&mut self, args: &[Value], v: Value, r: Xmm) {
        self.mention(args);
        args.iter().for_each(|&a| self.release(a));
        self.define(v, r);
    }

    fn define(&mut self, v: Value, r: Xmm) {
        if self.state.left(v) > 0 {
            self.hold(r, v);
            self.dirty |= 1 << r.0;
        }
    }

    /// Whether a value is in a register and is not needed after this instruction, which mentions it so often.
    fn dies(&self, v: Value, mentions: u32) -> bool {
        self.register(v).is_some() && self.state.left(v) == mentions
    }

    /// A register to be overwritten that holds an operand now.
    fn copied(&mut self, v: Value, mentions: u32) -> Xmm {
        if self.dies(v, mentions)
            && let Some(r) = self.register(v)
        {
            self.empty(r);
            self.pin(r);
            return r;
        }
        let from = self.place(v);
        let to = self.fresh();
        self.bring(to, from);
        to
    }

    fn bring(&mut self, to: Xmm, from: Place) {
        match from {
            Place::Register(r) => self.asm.copy(to, r),
            Place::Slot(_) | Place::Literal(_) | Place::Mask(_) => self.asm.op(Sse::Load, to, from),
        }
    }

    fn binary(&mut self, code: Sse, (a, b): (Value, Value), result: Value) {
        let from = self.place(b);
        let to = self.copied(a, 1 + u32::from(a == b));
        self.asm.op(code, to, from);
        self.done(&[a, b], result, to);
    }

    fn masked(&mut self, code: Sse, mask: u64, a: Value, result: Value) {
        let to = self.copied(a, 1);
        self.asm.op(code, to, Place::Mask(mask));
        self.done(&[a], result, to);
    }

    fn root(&mut self, a: Value, result: Value) {
        let from = self.place(a);
        let to = self.fresh();
        self.asm.op(Sse::Sqrt, to, from);
        self.done(&[a], result, to);
    }

    /// A power from 2 to 4, with the products in the order of the row's evaluation.
    fn power(&mut self, (a, n): (Value, Value), power: i64, result: Value) {
        let from = self.loaded(a);
        let to = self.fresh();
        self.asm.copy(to, from);
        self.asm.op(Sse::Mul, to, Place::Register(from));
        match power {
            3 => self.asm.op(Sse::Mul, to, Place::Register(from)),
            4 => self.asm.op(Sse::Mul, to, Place::Register(to)),
            _ => {}
        }
        self.done(&[a, n], result, to);
    }

    /// `w == 0 ? w : w * p`: with `p` masked to +0 where `w` is a zero, the product is that zero.
    fn strong_product(&mut self, w: Value, p: Value, result: Value) {
        let args = [w, p];
        let (w, p) = (self.loaded(w), self.loaded(p));
        let to = self.fresh();
        self.asm.op(Sse::Xor, to, Place::Register(to));
        self.asm.op(Sse::NotEqual, to, Place::Register(w));
        self.asm.op(Sse::And, to, Place::Register(p));
        self.asm.op(Sse::Mul, to, Place::Register(w));
        self.done(&args, result, to);
    }

    /// Calls the function of a row, with the C convention.
    fn call(&mut self, row: &Row, args: &[Value], result: Value) {
        let floats = row.signature.args.iter().filter(|sort| sort.is_float()).count();
        if floats > 1 {
            // From the frame, no operand is in the way of another.
            let registers: Vec<Xmm> = args.iter().filter_map(|&v| self.register(v)).collect();
            registers.into_iter().for_each(|r| self.save(r));
        }
        self.mention(args);
        (0..REGISTERS as u8).for_each(|r| self.save(Xmm(r)));
        let mut next = 0;
        for (&v, sort) in args.iter().zip(row.signature.args) {
            if sort.is_float() {
                self.float_argument(Xmm(next), v, floats == 1);
                next += 1;
            } else {
                self.integer_argument(v);
            }
        }
        (0..REGISTERS as u8).for_each(|r| self.empty(Xmm(r)));
        let hole = self.asm.call();
        self.out.calls.push((hole as u32, Callee::Import(row.name)));
        args.iter().for_each(|&v| self.release(v));
        self.define(result, Xmm(0));
    }

    fn float_argument(&mut self, to: Xmm, v: Value, alone: bool) {
        let in_register = self.register(v).is_some();
        let from = if in_register && !alone { Place::Slot(self.state.slot(v)) } else { self.place(v) };
        if from != Place::Register(to) {
            self.bring(to, from);
        }
    }

    fn integer_argument(&mut self, v: Value) {
        match self.state.facts.literal(Int::Value(v)) {
            Some(n) => self.asm.integer_argument(n),
            None => {
                let slot = self.state.slot(v);
                self.asm.integer_argument_from(slot);
            }
        }
    }
}

/// The operands of a commutative operation: first one whose register can be overwritten, second a literal.
fn commuted(emitter: &Emitter<'_, '_>, a: Value, b: Value) -> (Value, Value) {
    let literal = emitter.state.literal(a).is_some();
    let better = !emitter.dies(a, 1) && emitter.dies(b, 1);
    if literal || better { (b, a) } else { (a, b) }
}
