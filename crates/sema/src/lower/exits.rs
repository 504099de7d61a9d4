//! Branches, and leaving early.
//!
//! In: conditions, regions to fill, `break`, `continue` and `return`. Out: `if` instructions that yield what their regions changed, flags, and guards.
//!
//! Whoever leaves sets the flags of every loop on the way ([`Lowerer::leave_to`]); they are temporaries like any other. What follows something that may have left runs
//! in a *guard*, a region under "not left". A guard is opened lazily, before whatever is lowered next, and closed at the next boundary between statements at which
//! something may have left again: guards of one block are siblings, so a thousand early returns stay linear.
//!
//! ```text
//! if c { return 0.0; }       v3, v4 = if c { yield true, 0.0 } else { yield false, 0.0 }
//! let y = f(x);              v9 = if v3 { yield v4 } else { …; yield v8 }
//! y + 1.0
//! ```
//!
//! Where the function's own block returns under a condition, what follows goes into the other branch instead, a few levels deep ([`super::stmts`]): no flag is needed then.
//!
//! A guard yields what it changed and somebody may still read: variables mentioned later, temporaries. Arrays can't be yielded. One that is declared in a guard and needed after it
//! keeps the guard open to the end of the block (the next guard nests in it), unless its storage could be made before the guard ([`super::arrays`]).

use super::analysis::{Exit, Key};
use super::env::{Change, Lowerer, Slot};
use super::values::Sink;
use adit_ir::{Const, Op, Prim, Region, ScalarType, Type, Value};

/// Whether control may have left what is being lowered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exited {
    No,
    /// The flag of the innermost frame tells.
    Maybe,
    /// What follows is never reached.
    Yes,
}

/// Something that can be left: the function, a loop, a loop of a generator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// None for the function.
    pub(super) key: Option<Key>,
    /// [`super::analysis::LoopFacts::id`]; 0 for the function.
    pub(super) id: u32,
    /// The flag that the rest of this iteration is skipped.
    pub(super) skip: u32,
    /// The flag that no further iteration runs; perhaps the same.
    pub(super) leave: u32,
}

/// An open region that runs only if nothing has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    /// Whether it is skipped.
    pub(super) left: Value,
    pub(super) region: Region,
    /// Values from here on are not known outside.
    pub(super) first_value: usize,
    /// What flags are inside, unless they are set again: false.
    cleared: Value,
}

/// Where a guard is closed, which decides what is still needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    /// Before the statement of this number.
    Stmt(u32),
    /// At the end of a region: variables declared in it are gone.
    RegionEnd,
    /// At the end of the function: only temporaries are needed.
    FunctionEnd,
}

impl Lowerer<'_> {
    /// The innermost frame.
    pub(super) fn frame(&self) -> Frame {
        *self.frames.last().expect("the function's own frame stays")
    }

    /// Sets the flags for leaving to `exit`; what follows is not reached.
    pub(super) fn leave_to(&mut self, exit: Exit) {
        let target = match exit {
            Exit::Return => None,
            Exit::Break(key) | Exit::Continue(key) => Some(key),
        };
        let yes = self.bool(true);
        for i in (0..self.frames.len()).rev() {
            let frame = self.frames[i];
            let reached = frame.key == target;
            self.set_scalar(frame.skip, yes);
            if !(reached && matches!(exit, Exit::Continue(_))) && frame.leave != frame.skip {
                self.set_scalar(frame.leave, yes);
            }
            if reached {
                break;
            }
        }
        self.exited = Exited::Yes;
    }

    /// Runs one of two parts. Changes of slots in either are merged; control may have left if it may have in one.
    pub(super) fn branch(
        &mut self,
        condition: Value,
        then: &mut dyn FnMut(&mut Self),
        otherwise: &mut dyn FnMut(&mut Self),
    ) {
        self.branch_at(At::RegionEnd, condition, then, otherwise);
    }

    /// A branch at whose end only so much is needed.
    pub(super) fn branch_at(
        &mut self,
        at: At,
        condition: Value,
        then: &mut dyn FnMut(&mut Self),
        otherwise: &mut dyn FnMut(&mut Self),
    ) {
        let before = self.exited;
        let (then, then_changes, then_exited) = self.arm(at, then);
        self.exited = before;
        let (otherwise, other_changes, other_exited) = self.arm(at, otherwise);
        self.exited = match (then_exited, other_exited) {
            (Exited::No, Exited::No) => Exited::No,
            (Exited::Yes, Exited::Yes) => Exited::Yes,
            (Exited::No | Exited::Maybe | Exited::Yes, _) => Exited::Maybe,
        };
        let merged = self.merge(at, then_changes, other_changes);
        self.push_if(condition, then, otherwise, merged);
    }

    fn arm(&mut self, at: At, fill: &mut dyn FnMut(&mut Self)) -> (Region, Vec<Change>, Exited) {
        self.open(&[]);
        let base = self.guards.len();
        fill(self);
        self.close_guards(base, at);
        let changes = self.changes();
        let region = self.close(&[]);
        (region, changes, self.exited)
    }

    /// The slots that either side changed and the outside knows, with the value of each side.
    fn merge(&mut self, at: At, then: Vec<Change>, otherwise: Vec<Change>) -> Vec<(u32, [Option<Value>; 2])> {
        let mut merged: Vec<(u32, [Option<Value>; 2])> = Vec::new();
        let mut index = rustc_hash::FxHashMap::default();
        for (side, change) in then.into_iter().map(|c| (0, c)).chain(otherwise.into_iter().map(|c| (1, c))) {
            let known = self.is_needed(change.slot, &change.old, at);
            let Some(new) = change.new.scalar().filter(|_| known) else {
                continue;
            };
            let old = change.old.scalar();
            let place = *index.entry(change.slot).or_insert_with(|| {
                merged.push((change.slot, [old, old]));
                merged.len() - 1
            });
            merged[place].1[side] = Some(new);
        }
        merged
    }

    /// Appends the `if`, and sets each merged slot to its result; a value that both sides give is known outside of both.
    fn push_if(&mut self, condition: Value, then: Region, otherwise: Region, merged: Vec<(u32, [Option<Value>; 2])>) {
        let mut slots = Vec::new();
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let mut same = Vec::new();
        for (slot, sides) in merged {
            let [Some(a), Some(b)] = self.both_sides(sides) else { continue };
            if a == b {
                same.push((slot, a));
                continue;
            }
            if self.is_flag(a, true) && self.is_flag(b, false) {
                same.push((slot, condition));
                continue;
            }
            slots.push(slot);
            yes.push(a);
            no.push(b);
        }
        let is_empty = |region: Region| self.b.func().region(region).insts.is_empty();
        if !slots.is_empty() || !is_empty(then) || !is_empty(otherwise) {
            self.append_if(condition, [then, otherwise], &slots, [&yes, &no]);
        }
        same.into_iter().for_each(|(slot, v)| self.set_scalar(slot, v));
    }

    fn append_if(&mut self, condition: Value, [then, otherwise]: [Region; 2], slots: &[u32], yields: [&[Value]; 2]) {
        self.set_yields(then, yields[0]);
        self.set_yields(otherwise, yields[1]);
        let inst = self.b.if_(condition, then, otherwise);
        for (&slot, v) in slots.iter().zip(self.b.results(inst)) {
            self.set_scalar(slot, v);
        }
    }

    fn is_flag(&self, v: Value, b: bool) -> bool {
        self.literal(v) == Some(Const::Bool(b))
    }

    /// Both sides of a merge; a side on which the slot has no value, which then never matters, gets zero.
    fn both_sides(&mut self, sides: [Option<Value>; 2]) -> [Option<Value>; 2] {
        let Some(ty) = sides.iter().flatten().next().map(|&v| self.scalar_type(v)) else {
            return sides;
        };
        sides.map(|side| Some(side.unwrap_or_else(|| self.zero(ty))))
    }

    /// The type of a scalar value.
    pub(super) fn scalar_type(&self, v: Value) -> ScalarType {
        self.b.ty(v).scalar().expect("slots hold scalars")
    }

    // Guards

    /// Before something else is lowered within an expression: it runs only if nothing has left.
    pub(super) fn settle(&mut self) {
        if self.exited != Exited::No {
            self.open_guard();
        }
    }

    /// Between two statements of a block whose guards start at `base`.
    pub(super) fn boundary(&mut self, base: usize, at: At) {
        if self.exited == Exited::No {
            return;
        }
        while self.guards.len() > base && !self.holds_needed_array(at) {
            self.close_guard(at);
        }
        self.open_guard();
    }

    fn open_guard(&mut self) {
        let skip = self.frame().skip;
        let left = match self.slot(skip).scalar() {
            Some(v) => v,
            None => self.bool(true),
        };
        let first_value = self.b.func().value_count();
        self.open(&[]);
        let cleared = self.clear_flags();
        self.guards.push(Guard { left, region: self.b.current(), first_value, cleared });
        self.exited = Exited::No;
    }

    /// Where control is, nothing has left: all flags are known to be false.
    pub(super) fn clear_flags(&mut self) -> Value {
        let no = self.bool(false);
        for i in 0..self.frames.len() {
            let Frame { skip, leave, .. } = self.frames[i];
            // A loop that nothing leaves has no flag.
            for slot in [skip, leave].into_iter().filter(|&slot| slot != u32::MAX) {
                if self.slot(slot).scalar().is_some_and(|v| !self.is_flag(v, false)) {
                    self.set_scalar(slot, no);
                }
            }
        }
        no
    }

    /// Closes all guards above `base`.
    pub(super) fn close_guards(&mut self, base: usize, at: At) {
        while self.guards.len() > base {
            self.close_guard(at);
        }
    }

    fn close_guard(&mut self, at: At) {
        let Some(Guard { left, region: guarded, cleared, .. }) = self.guards.pop() else { return };
        let changes = self.changes();
        let mut merged = Vec::new();
        let mut arrays = Vec::new();
        for Change { slot, old, new } in changes {
            if !self.is_needed(slot, &old, at) {
                continue;
            }
            match new {
                // A flag that was cleared and not set has its old value, which was false on the way here.
                Slot::Scalar(v) if v == cleared => {}
                Slot::Scalar(v) => merged.push((slot, [old.scalar(), Some(v)])),
                Slot::Array(view) if self.homes.get(&view.array) != Some(&guarded) => arrays.push((slot, view)),
                Slot::Array(_) | Slot::Undefined => {}
            }
        }
        let guarded = self.close(&[]);
        self.open(&[]);
        let skipped = self.close(&[]);
        self.push_if(left, skipped, guarded, merged);
        for (slot, view) in arrays {
            self.set(slot, Slot::Array(view));
        }
        if self.exited == Exited::No {
            self.exited = Exited::Maybe;
        }
    }

    /// Whether a slot that changed in a guard may still be read where the guard ends.
    fn is_needed(&self, slot: u32, old: &Slot, at: At) -> bool {
        let Some(local) = self.local_of(slot) else {
            return at != At::FunctionEnd
                || self.result.iter().any(|sink| matches!(sink, Sink::Slot(s, _) if *s == slot));
        };
        let (last, home) = (self.facts.last_use[local.0 as usize], self.facts.home[local.0 as usize]);
        match at {
            At::FunctionEnd => last == u32::MAX,
            At::RegionEnd => old.scalar().is_some(),
            // A variable of this very iteration is not read once it was mentioned for the last time; one from outside may be read by the next iteration.
            At::Stmt(stamp) => last >= stamp || (old.scalar().is_some() && home != self.frame().id),
        }
    }

    /// Whether the innermost guard owns an array that is needed after it.
    fn holds_needed_array(&self, at: At) -> bool {
        let here = self.b.current();
        self.changed().any(|slot| match self.slot(slot) {
            Slot::Array(view) => {
                self.homes.get(&view.array) == Some(&here) && self.is_needed(slot, &Slot::Undefined, at)
            }
            Slot::Scalar(_) | Slot::Undefined => false,
        })
    }

    // Conditions

    /// The other truth value.
    pub(super) fn not(&mut self, v: Value) -> Value {
        match self.literal(v) {
            Some(Const::Bool(b)) => self.bool(!b),
            Some(Const::F64(_) | Const::F32(_) | Const::I64(_)) | None => self.b.prim(Prim::Not, &[v]),
        }
    }

    /// A region with these parameters that only computes: `fill` gives what it yields.
    pub(super) fn region(
        &mut self,
        params: &[Type],
        fill: &mut dyn FnMut(&mut Self, &[Value]) -> Vec<Value>,
    ) -> Region {
        let params = self.open(params);
        let yields = fill(self, &params);
        self.changes();
        self.close(&yields)
    }

    /// An `if` of two regions that only compute.
    pub(super) fn choose(
        &mut self,
        condition: Value,
        then: &mut dyn FnMut(&mut Self) -> Vec<Value>,
        otherwise: &mut dyn FnMut(&mut Self) -> Vec<Value>,
    ) -> adit_ir::Values {
        let then = self.region(&[], &mut |this, _| then(this));
        let otherwise = self.region(&[], &mut |this, _| otherwise(this));
        let inst = self.b.if_(condition, then, otherwise);
        debug_assert!(matches!(self.b.func().inst(inst).op, Op::If { .. }));
        self.b.results(inst)
    }
}
