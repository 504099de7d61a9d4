//! Scratch arrays: arrays made outside a loop that carry nothing from one iteration to the next are made in the iteration.
//!
//! In: a module, before its functions are differentiated backwards. Out: the same functions, with allocations further inside; nothing if there are none to move. Values don't change.
//!
//! ```text
//! v1 = alloc [f64; d1]                     for v2 in 0..d0 {
//! for v2 in 0..d0 {                          v9 = alloc [f64; d1]
//!   for v3 in 0..d1 { store v1[v3], … }      for v3 in 0..d1 { store v9[v3], … }
//!   … load v1[v4] …                          … load v9[v4] …
//! }                                        }
//! ```
//!
//! An array moves into the loops around its uses if, in each of them, every read comes after a write to the same element in the same iteration, and nothing outside reads it. What is written is told by
//! subscripts: the same values; all of a dimension, where a loop over its extent writes at its index, or where each of a few literal indices is written; `fill` and `copy` write everything. What an arm of an `if`
//! writes counts after it if the other arm writes it too. What a loop or a `while` writes otherwise doesn't count after it: it may not have run.
//!
//! What this deliberately does not do: arrays of which an iteration writes little are left alone, because a new array is all zeros, which takes time.

use super::facts;
use super::nest::Nest;
use adit_ir::{ArrayType, CallGraph, FuncId, Function, Inst, Int, Module, Op, OperandMap, Region, Value, Values};
use rustc_hash::{FxHashMap, FxHashSet};

/// Moves into loops within loops, and no further.
const MOST_ROUNDS: usize = 6;

/// Literal extents up to this may be written index by index.
const MOST_INDICES: i64 = 16;

/// Arrays of no more elements than this may be made for a few of them.
const FEW_ELEMENTS: i64 = 64;

/// How many instructions may be looked at, in one function.
const PATIENCE: usize = 10_000_000;

/// The module with scratch arrays made in loops, for functions that `root` reaches; nothing if none moves. A seeded bug takes what is written in one arm of an `if` for written.
pub fn moved_inwards(module: &Module, root: FuncId, one_arm: bool) -> Option<Module> {
    let mut changed: Option<Module> = None;
    for id in CallGraph::with_rules(module, &[root]).order {
        for _ in 0..MOST_ROUNDS {
            let f = changed.as_ref().unwrap_or(module).function(id);
            let moves = moves(module, f, one_arm);
            if moves.is_empty() {
                break;
            }
            let f = changed.get_or_insert_with(|| module.clone()).function_mut(id);
            carry_out(f, &moves);
        }
    }
    changed
}

/// An allocation that is to move.
struct Move {
    alloc: Inst,
    /// Into these loops, each with what uses the array in it.
    into: Vec<(Inst, Vec<Inst>)>,
    /// Whether nothing else uses it.
    is_all: bool,
}

fn moves(module: &Module, f: &Function, one_arm: bool) -> Vec<Move> {
    let mut has_loops = false;
    let (mut allocs, mut uses) = (Vec::new(), FxHashMap::<Value, Vec<Inst>>::default());
    f.walk(&mut |inst| {
        let op = &f.inst(inst).op;
        has_loops |= matches!(op, Op::For { .. } | Op::While { .. });
        if let Op::Alloc { ty } = op {
            allocs.push((inst, ty));
        }
        let mut touched = looked_at(op);
        touched.extend(facts::written(module, op));
        touched.sort_unstable();
        touched.dedup();
        touched.into_iter().for_each(|v| uses.entry(v).or_default().push(inst));
    });
    if !has_loops || allocs.is_empty() {
        return Vec::new();
    }
    let nest = Nest::new(f);
    let mut patience = PATIENCE;
    let mut moves = Vec::new();
    for (alloc, ty) in allocs {
        let array = f.inst(alloc).results[0];
        let Some(uses) = uses.get(&array) else { continue };
        let mut scratch = Scratch { f, nest: &nest, array, ty, uses, is_full: false, one_arm, patience };
        if let Some(loops) = scratch.loops(nest.region(alloc)).filter(|loops| !loops.is_empty()) {
            let into: Vec<_> = loops.iter().map(|&around| (around, scratch.range(around).to_vec())).collect();
            let is_all = into.iter().map(|(_, uses)| uses.len()).sum::<usize>() == uses.len();
            moves.push(Move { alloc, into, is_all });
        }
        patience = scratch.patience;
    }
    moves
}

/// The arrays whose contents an operation reads, to compute with or to print.
fn looked_at(op: &Op) -> Values {
    let mut arrays = facts::read(op);
    if let Op::Print { .. } = op {
        op.visit_operands(&mut |v| arrays.push(v));
    }
    arrays
}

/// One array under examination.
struct Scratch<'a> {
    f: &'a Function,
    nest: &'a Nest,
    array: Value,
    ty: &'a ArrayType,
    /// What reads or writes it, in the order of the text.
    uses: &'a [Inst],
    /// Whether all of it was ever written.
    is_full: bool,
    /// [`Mutant::ScratchUnwritten`](crate::Mutant)
    one_arm: bool,
    patience: usize,
}

/// Elements that have been written; of each dimension one index, or all.
type Pattern = Vec<Option<Int>>;

impl Scratch<'_> {
    /// The outermost loops in a region that use the array for themselves; nothing if anything reads what they leave behind.
    fn loops(&mut self, home: Region) -> Option<Vec<Inst>> {
        let mut loops = Vec::new();
        for &inst in self.uses {
            match self.nest.outermost_loop(inst, home) {
                Some(around) if loops.contains(&around) => {}
                Some(around) => loops.push(around),
                None if self.reads(inst) => return None,
                None => {}
            }
        }
        loops.retain(|&around| self.range(around).iter().any(|&inst| self.reads(inst)));
        for &around in &loops {
            self.is_full = false;
            let regions = self.f.inst(around).op.regions();
            let (body, tested) = regions.split_last()?;
            if tested.iter().any(|cond| self.is_used_in(*cond)) {
                return None;
            }
            self.region(*body, &mut Vec::new())?;
            if !self.is_full && self.elements().is_none_or(|elements| elements > FEW_ELEMENTS) {
                return None;
            }
        }
        Some(loops)
    }

    fn reads(&self, inst: Inst) -> bool {
        looked_at(&self.f.inst(inst).op).contains(&self.array)
    }

    /// The uses inside an instruction, itself included.
    fn range(&self, inst: Inst) -> &[Inst] {
        let place = |inst: &Inst| self.nest.position(*inst);
        let first = self.uses.partition_point(|used| place(used) < place(&inst));
        let end = self.uses.partition_point(|used| place(used) <= self.nest.last(inst));
        &self.uses[first..end]
    }

    fn is_used_in(&self, region: Region) -> bool {
        self.f.region(region).insts.iter().any(|&inst| !self.range(inst).is_empty())
    }

    /// How many elements it has, if the text says so.
    fn elements(&self) -> Option<i64> {
        self.ty.dims.iter().try_fold(1_i64, |product, dim| match dim {
            Int::Const(c) => product.checked_mul(*c),
            Int::Value(_) => None,
        })
    }

    /// Goes through a region in which these elements are written already; nothing if another is read.
    fn region(&mut self, region: Region, written: &mut Vec<Pattern>) -> Option<()> {
        let f = self.f;
        for &inst in &f.region(region).insts {
            self.patience = self.patience.checked_sub(1)?;
            if !self.range(inst).is_empty() {
                self.inst(inst, written)?;
            }
        }
        Some(())
    }

    fn inst(&mut self, inst: Inst, written: &mut Vec<Pattern>) -> Option<()> {
        let f = self.f;
        let at = |subscripts: &[Int]| subscripts.iter().map(|&i| Some(i)).collect::<Pattern>();
        let all = vec![None; self.ty.dims.len()];
        match &f.inst(inst).op {
            Op::Load { subscripts, .. } | Op::Acc { subscripts, .. } => covers(written, &at(subscripts)).then_some(()),
            Op::Store { subscripts, .. } => {
                self.write(written, at(subscripts));
                Some(())
            }
            Op::Fill { array: to, .. } | Op::Copy { to, .. } if *to == self.array => {
                self.write(written, all);
                Some(())
            }
            Op::Fill { .. } | Op::Copy { .. } | Op::Call { .. } | Op::Print { .. } => {
                covers(written, &all).then_some(())
            }
            Op::If { then, otherwise, .. } => {
                let mut sides = [written.clone(), std::mem::take(written)];
                self.region(*then, &mut sides[0])?;
                self.region(*otherwise, &mut sides[1])?;
                let [then, otherwise] = sides;
                *written = then.into_iter().filter(|pattern| self.one_arm || covers(&otherwise, pattern)).collect();
                Some(())
            }
            Op::For { lo, hi, step, body, .. } => {
                let mut inside = written.clone();
                self.region(*body, &mut inside)?;
                let index = Some(Int::Value(f.region(*body).params[0]));
                if (*lo, *step) == (Int::Const(0), Int::Const(1)) {
                    for pattern in inside {
                        self.write_all(written, pattern, index, *hi);
                    }
                }
                Some(())
            }
            Op::While { cond, body, .. } => {
                self.region(*cond, written)?;
                self.region(*body, &mut written.clone())
            }
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => Some(()),
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } => Some(()),
        }
    }

    /// What a loop has written at its index, it has written in all of a dimension that it goes through.
    fn write_all(&mut self, written: &mut Vec<Pattern>, mut pattern: Pattern, index: Option<Int>, extent: Int) {
        let mut places = (0..pattern.len()).filter(|&d| pattern[d] == index);
        if let (Some(d), None) = (places.next(), places.next())
            && self.ty.dims[d] == extent
        {
            pattern[d] = None;
            self.write(written, pattern);
        }
    }

    fn write(&mut self, written: &mut Vec<Pattern>, pattern: Pattern) {
        if covers(written, &pattern) {
            return;
        }
        self.is_full |= pattern.iter().all(Option::is_none);
        written.push(pattern.clone());
        // All of a few literal indices.
        for (d, dim) in self.ty.dims.iter().enumerate() {
            let (Int::Const(extent @ 1..=MOST_INDICES), Some(Int::Const(_))) = (dim, pattern[d]) else { continue };
            let with = |index: Option<Int>| {
                let mut other = pattern.clone();
                other[d] = index;
                other
            };
            if (0..*extent).all(|i| covers(written, &with(Some(Int::Const(i))))) {
                return self.write(written, with(None));
            }
        }
    }
}

/// Whether all that a pattern stands for was written.
fn covers(written: &[Pattern], pattern: &Pattern) -> bool {
    let alike = |known: &Pattern| known.iter().zip(pattern).all(|(known, wanted)| known.is_none() || known == wanted);
    written.iter().any(alike)
}

/// One array takes the place of another.
struct Renamed {
    from: Value,
    to: Value,
}

impl OperandMap for Renamed {
    fn value(&self, v: Value) -> Value {
        if v == self.from { self.to } else { v }
    }
}

/// Makes arrays in loops, and drops them where they were if that was all.
fn carry_out(f: &mut Function, moves: &[Move]) {
    let mut dropped = FxHashSet::default();
    for moved in moves {
        let data = f.inst(moved.alloc).clone();
        let from = data.results[0];
        for (around, uses) in &moved.into {
            let Some(&body) = f.inst(*around).op.regions().last() else { continue };
            let to = f.add_value(f.ty(from).clone());
            let made = f.add_inst(data.op.clone(), [to].into_iter().collect(), data.span);
            uses.iter().for_each(|&inst| f.inst_mut(inst).op.map_operands(&Renamed { from, to }));
            f.region_mut(body).insts.insert(0, made);
        }
        if moved.is_all {
            dropped.insert(moved.alloc);
        }
    }
    let mut regions = vec![f.body];
    while let Some(region) = regions.pop() {
        f.region_mut(region).insts.retain(|inst| !dropped.contains(inst));
        let inner: Vec<Region> = f.region(region).insts.iter().flat_map(|&inst| f.inst(inst).op.regions()).collect();
        regions.extend(inner);
    }
}
