//! Loop-invariant hoisting: what is the same in every iteration is computed once, before the loop.
//!
//! In: a function. Out: the same with pure operations moved out of the loops in which their operands do not change; literals too.
//!
//! ```text
//! for v3 in 0..d0 (…) {            v4 = log v0
//!   v4 = log v0              ⇒     for v3 in 0..d0 (…) {
//!   …                                …
//! ```
//!
//! Only operations that can't trap move, since the loop may not run at all; loads stay. Nothing moves out of an `if`: what it guards may be expensive and is perhaps never needed.

use crate::{Mutant, Options};
use adit_ir::{Builder, Copier, Effect, Function, Inst, Int, Module, Op, Param, Passing, Region, Rewrite, Type};

/// Hoists in one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    if !f.insts().any(|i| matches!(i.op, Op::For { .. } | Op::While { .. })) {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let mut hoist = Hoist { options, depth_of: Vec::new(), owners: vec![Owner::Body], next: Owner::Body };
    hoist.note(&b, b.depth());
    let returned = copier.copy_insts(&mut hoist, &mut b, f.body);
    Some(b.finish(&returned))
}

/// What a region that is open belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Body,
    If,
    Loop,
}

struct Hoist {
    options: Options,
    /// How many regions were open where a value of the new function was defined; values not listed belong to the signature.
    depth_of: Vec<usize>,
    /// What the open regions belong to, outermost first.
    owners: Vec<Owner>,
    /// What the regions of the instruction being copied belong to.
    next: Owner,
}

impl Rewrite for Hoist {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        if data.op.effect() == Effect::Pure || self.errs(copier.source, &data.op) {
            self.hoist(copier, b, inst);
            return;
        }
        self.next = owner(&data.op);
        copier.copy(self, b, inst);
        self.note(b, b.depth());
    }

    fn enter(&mut self, _: &mut Copier<'_>, b: &mut Builder, _: Region) {
        self.owners.push(self.next);
        self.note(b, b.depth());
    }

    fn leave(&mut self, _: &mut Copier<'_>, _: &mut Builder, _: Region) {
        self.next = self.owners.pop().unwrap_or(Owner::Body);
    }
}

impl Hoist {
    fn hoist(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        let mut op = data.op.clone();
        op.map_operands(&copier.map);
        let depth = self.target(b, &op);
        let types: Vec<Type> = data.results.iter().map(|&r| copier.map.ty(copier.source.ty(r))).collect();
        b.set_span(copier.span(inst));
        let copy = b.push_at(depth, op, &types);
        self.note(b, depth);
        for (&from, to) in data.results.iter().zip(b.results(copy)) {
            copier.map.set(from, Int::Value(to));
        }
    }

    /// Whether a seeded bug takes an operation for one that may move.
    fn errs(&self, f: &Function, op: &Op) -> bool {
        match op {
            // Of an array that is never written, so that the trap alone is wrong.
            Op::Load { array, .. } => {
                let is_constant = |p: &Param| p.value == *array && p.passing == Passing::ByValue;
                self.options.has(Mutant::TrapHoisted) && f.params.iter().any(is_constant)
            }
            Op::Alloc { .. } => self.options.has(Mutant::AllocHoisted),
            _ => false,
        }
    }

    /// The outermost region that sees all operands and is left through loops only.
    fn target(&self, b: &Builder, op: &Op) -> usize {
        let seen = op.operands().iter().map(|v| self.depth_of.get(v.index()).copied().unwrap_or(1)).max().unwrap_or(1);
        let mut depth = b.depth();
        while depth > seen && self.owners[depth - 1] == Owner::Loop {
            depth -= 1;
        }
        depth
    }

    /// Notes where all values made since the last note were defined.
    fn note(&mut self, b: &Builder, depth: usize) {
        self.depth_of.resize(b.func().value_count(), depth);
    }
}

fn owner(op: &Op) -> Owner {
    match op {
        Op::For { .. } | Op::While { .. } => Owner::Loop,
        _ => Owner::If,
    }
}
