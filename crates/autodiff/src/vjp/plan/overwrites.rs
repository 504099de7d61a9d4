//! Which reads of arrays give the same again after everything has run.
//!
//! In: a function. Out: for a read of an array, whether a write to that array may come after it and hit what it read. Nothing restores memory, so what is not overwritten can be read again in
//! the reverse sweep.
//!
//! A write comes later if it stands behind the read, or inside a loop around the read (in a later iteration), unless subscripts tell otherwise. They do where they are a loop's index
//! and a number, in each dimension:
//!
//! ```text
//! for i in 1..n {
//!   v1 = load a[i - 1]         read again: later iterations write to the right of it
//!   v2 = load a[i]             saved: the store below hits it
//!   v3 = load a[i + 1]         saved: the next iteration hits it
//!   store a[i], …
//! }
//! ```
//!
//! Arrays are different objects if they are different values, and in each execution of the region that makes them: the loops around that do not matter. An `if` is not looked into: a write in its other arm counts as later.

use crate::algebra;
use crate::vjp::facts;
use crate::vjp::nest::Nest;
use adit_ir::{Function, Inst, Int, Module, Op, Region, Value};
use rustc_hash::FxHashMap;
use std::ops::RangeInclusive;

/// More writes than this are not looked at one by one.
const MOST_WRITES: usize = 16;

/// Offsets beyond this are not subtracted from one another.
const LARGEST_OFFSET: i64 = 1 << 31;

/// The writes of a function, by array.
#[derive(Debug)]
pub struct Overwrites<'s> {
    source: &'s Function,
    nest: &'s Nest,
    /// In the order of the text.
    writes: FxHashMap<Value, Vec<Inst>>,
    /// [`Mutant::LaterIterationForgotten`](crate::Mutant): loops are not seen.
    forgets: bool,
}

/// A subscript: something and a number.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Form {
    base: Base,
    offset: i64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Base {
    /// Nothing: the subscript is a number.
    Zero,
    /// The index of the common loop with this number, outermost first.
    Index(usize),
    /// A value that is the same throughout.
    Fixed(Value),
    /// Anything.
    Unknown,
}

impl<'s> Overwrites<'s> {
    /// Collects the writes.
    pub fn new(module: &Module, source: &'s Function, nest: &'s Nest, forgets: bool) -> Self {
        let mut writes: FxHashMap<Value, Vec<Inst>> = FxHashMap::default();
        source.walk(&mut |inst| {
            let mut add = |array: Value| writes.entry(array).or_default().push(inst);
            match &source.inst(inst).op {
                Op::Store { array, .. } | Op::Acc { array, .. } | Op::Fill { array, .. } => add(*array),
                Op::Copy { to, .. } => add(*to),
                Op::Call { callee, args } => {
                    facts::lent(module, *callee, args).into_iter().for_each(add);
                }
                Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => {}
                Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Load { .. } | Op::TapeNew { .. } => {}
                Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {}
            }
        });
        Overwrites { source, nest, writes, forgets }
    }

    /// Whether anything that this instruction reads of the array may be overwritten later, by itself included.
    pub fn hit(&self, read: Inst, array: Value) -> bool {
        let Some(writes) = self.writes.get(&array) else { return false };
        let start = self.nest.outermost_loop(read, self.nest.home(array)).unwrap_or(read);
        let start = self.nest.position(start);
        let first = writes.partition_point(|&write| self.nest.position(write) < start);
        let candidates = &writes[first..];
        candidates.len() > MOST_WRITES || candidates.iter().any(|&write| self.is_later(read, write, array))
    }

    /// Whether an instruction, or one inside it, writes the array.
    pub fn any_in(&self, inst: Inst, array: Value) -> bool {
        self.any_at(array, self.nest.position(inst)..=self.nest.last(inst))
    }

    /// Whether the array is written from one instruction on, and before another that stands behind it in the same region.
    pub fn any_between(&self, first: Inst, second: Inst, array: Value) -> bool {
        self.any_at(array, self.nest.position(first)..=self.nest.position(second).saturating_sub(1))
    }

    fn any_at(&self, array: Value, places: RangeInclusive<u32>) -> bool {
        let Some(writes) = self.writes.get(&array) else { return false };
        let first = writes.partition_point(|&write| self.nest.position(write) < *places.start());
        writes.get(first).is_some_and(|&write| places.contains(&self.nest.position(write)))
    }

    /// Whether the write may come after the read and hit what it read.
    fn is_later(&self, read: Inst, write: Inst, array: Value) -> bool {
        let common = || self.nest.common_loops(read, write, self.nest.home(array));
        let loops = if self.forgets { Vec::new() } else { common() };
        let mut shift: Vec<Option<i64>> = vec![None; loops.len()];
        for (r, w) in self.subscripts(read).iter().zip(self.subscripts(write)) {
            let [r, w] = [*r, *w].map(|int| self.form(int, &loops));
            let apart = r.offset - w.offset;
            match (r.base, w.base) {
                (Base::Zero, Base::Zero) if apart != 0 => return false,
                (Base::Fixed(a), Base::Fixed(b)) if a == b && apart != 0 => return false,
                // The write hits where its index is the read's and `apart`.
                (Base::Index(a), Base::Index(b)) if a == b => {
                    if shift[a].is_some_and(|known| known != apart) {
                        return false;
                    }
                    shift[a] = Some(apart);
                }
                _ => {}
            }
        }
        for (shift, body) in shift.into_iter().zip(loops) {
            match (shift, self.step(body)) {
                (Some(0), _) => {}
                (Some(shift), Some(step)) if shift % step != 0 => return false,
                (Some(shift), Some(step)) => return (shift > 0) == (step > 0),
                (Some(_), None) | (None, _) => return true,
            }
        }
        // Within one iteration of all common loops.
        write == read || self.nest.position(write) > self.nest.position(read)
    }

    /// Whether each of these touches one element only, at a subscript that is the index of this loop and a number, the same for all: no two iterations touch the same element.
    pub fn own_element(&self, touching: &[Inst], body: Region) -> bool {
        let form = |inst: &Inst, dim: usize| self.subscripts(*inst).get(dim).map(|&int| self.form(int, &[body]));
        let Some(first) = touching.first() else { return true };
        (0..self.subscripts(*first).len()).any(|dim| {
            let own = form(first, dim);
            own.is_some_and(|form| form.base == Base::Index(0)) && touching.iter().all(|inst| form(inst, dim) == own)
        })
    }

    /// Whether each iteration of this loop reads all of an array by this instruction: at the indices of loops in it that go through the whole extents.
    pub fn reads_all(&self, read: Inst, array: Value, body: Region) -> bool {
        let Op::Load { subscripts, .. } = &self.source.inst(read).op else { return true };
        let dims = self.source.ty(array).array().map(|ty| &ty.dims[..]).unwrap_or_default();
        let goes_through = |subscript: &Int, dim: &Int| {
            let (Some(index), zero, one) = (subscript.value(), Int::Const(0), Int::Const(1)) else { return false };
            let around = self.nest.home(index);
            self.nest.index(self.source, around) == Some(index)
                && around != body
                && self.nest.is_inside(around, body)
                && {
                    let bounds = self.nest.around(around).map(|inst| &self.source.inst(inst).op);
                    matches!(bounds, Some(Op::For { lo, hi, step, .. }) if (lo, hi, step) == (&zero, dim, &one))
                }
        };
        let distinct = (1..subscripts.len()).all(|d| !subscripts[..d].contains(&subscripts[d]));
        distinct && subscripts.iter().zip(dims).all(|(subscript, dim)| goes_through(subscript, dim))
    }

    /// The subscripts of an access to one element; none if it is to all.
    fn subscripts(&self, inst: Inst) -> &'s [Int] {
        match &self.source.inst(inst).op {
            Op::Load { subscripts, .. } | Op::Store { subscripts, .. } | Op::Acc { subscripts, .. } => subscripts,
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => &[],
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Copy { .. } | Op::Fill { .. } => &[],
            Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => &[],
            Op::Assert { .. } | Op::Print { .. } => &[],
        }
    }

    /// By how much the index of a loop grows from one iteration to the next, where the text says so; none for a `while`.
    fn step(&self, body: Region) -> Option<i64> {
        let Op::For { step: Int::Const(step), reversed, .. } = self.source.inst(self.nest.around(body)?).op else {
            return None;
        };
        let step = if reversed { step.checked_neg()? } else { step };
        (step.unsigned_abs() <= LARGEST_OFFSET.unsigned_abs() && step != 0).then_some(step)
    }

    fn form(&self, int: Int, loops: &[Region]) -> Form {
        let (mut base, mut offset) = (int, 0_i64);
        let unknown = Form { base: Base::Unknown, offset: 0 };
        // Sums of sums are short in practice.
        for _ in 0..4 {
            if offset.abs() > LARGEST_OFFSET {
                return unknown;
            }
            let v = match base {
                Int::Const(c) if c.abs() > LARGEST_OFFSET => return unknown,
                Int::Const(c) => return Form { base: Base::Zero, offset: offset + c },
                Int::Value(v) => v,
            };
            match algebra::integer_sum(self.source, &|v| self.nest.definition(v), v) {
                Some((_, number)) if number.unsigned_abs() > LARGEST_OFFSET.unsigned_abs() => return unknown,
                Some((term, number)) => (base, offset) = (term, offset + number),
                None => return Form { base: self.base(v, loops), offset },
            }
        }
        unknown
    }

    fn base(&self, v: Value, loops: &[Region]) -> Base {
        let is_index = |body: &Region| self.nest.index(self.source, *body) == Some(v);
        if let Some(number) = loops.iter().position(is_index) {
            return Base::Index(number);
        }
        let inside = loops.first().is_some_and(|&outermost| self.nest.is_inside(self.nest.home(v), outermost));
        if inside { Base::Unknown } else { Base::Fixed(v) }
    }
}
