//! Which loops get back an array that they read, as a whole.
//!
//! In: what a plan saves. Out: for loops that leave an array alone and read its elements several times, the array; and the reads that then need not be saved.
//!
//! ```text
//! for i in 0..d0 {                           a is saved once, d0 · d0 elements, and read again in the reverse of the loop;
//!   for j in 0..d0 {                         each read saved would be d0 · d0 · d0
//!     for k in 0..d0 { v1 = load a[i, k] … }
//!   }
//! }
//! ```
//!
//! A read counts if it goes through the whole array: at the indices of loops that go through the whole extents. An array is worth it if another loop repeats such a read, if two of them stand in one loop, or if
//! somebody gets the array back anyway: another loop or a call that sees it as it is here.
//!
//! What this does not do: loops of unknown length, and reads under a condition, which may be rare.

use super::{Asked, Plan, Question};
use adit_ir::{Inst, Int, Op, Region, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is decided about arrays.
#[derive(Debug, Default)]
pub struct Keeps {
    /// Loops, with an array that each gets back, and what reads it there.
    pub arrays: Vec<(Inst, Value, Vec<Value>)>,
    /// What is read from arrays that are there.
    pub reads: FxHashSet<Value>,
}

/// The reads of one array in one loop.
struct Group {
    around: Inst,
    array: Value,
    reads: Vec<Value>,
    /// How many go through the whole array.
    full: usize,
    /// Whether one of these is repeated by another loop.
    repeated: bool,
}

impl Question<'_> {
    /// Decides about the reads that a plan saves.
    pub(super) fn keeps(&self, asked: &Asked, plan: &Plan) -> Keeps {
        let (mut keeps, mut groups) = (Keeps::default(), Vec::<Group>::new());
        let mut place: FxHashMap<(Inst, Value), usize> = FxHashMap::default();
        let restored: FxHashSet<(Inst, Value)> = asked.arrays.iter().copied().collect();
        for &v in &plan.saved {
            let Some((inst, array, subscripts)) = self.read(v) else { continue };
            if self.facts.nest.loops_around(inst).any(|(_, around)| restored.contains(&(around, array))) {
                keeps.reads.insert(v);
            } else if let Some(around) = self.leaves_alone(inst, array) {
                let at = *place.entry((around, array)).or_insert_with(|| {
                    groups.push(Group { around, array, reads: Vec::new(), full: 0, repeated: false });
                    groups.len() - 1
                });
                let full = self.goes_through(around, array, subscripts);
                groups[at].reads.push(v);
                groups[at].full += usize::from(full);
                groups[at].repeated |= full && self.depth_within(inst, around) > subscripts.len();
            }
        }
        let kept: Vec<bool> = groups.iter().map(|group| group.repeated || group.full > 1).collect();
        let known: Vec<(Inst, Value)> =
            groups.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(group, _)| (group.around, group.array)).collect();
        let known = self.by_array(known.into_iter().chain(asked.arrays.iter().copied()));
        for (group, kept) in groups.into_iter().zip(kept) {
            let others = known.get(&group.array).map(Vec::as_slice).unwrap_or_default();
            if kept || others.iter().any(|&other| self.is_same_at(group.around, other, group.array)) {
                keeps.reads.extend(&group.reads);
                keeps.arrays.push((group.around, group.array, group.reads));
            }
        }
        keeps
    }

    fn read(&self, v: Value) -> Option<(Inst, Value, &[Int])> {
        let inst = self.facts.definition(v)?;
        let Op::Load { array, subscripts } = &self.source.inst(inst).op else { return None };
        Some((inst, *array, subscripts))
    }

    /// The outermost counted loop around a read that leaves the array alone, and that the reverse sweep reverses as a whole.
    fn leaves_alone(&self, read: Inst, array: Value) -> Option<Inst> {
        let (nest, mut found) = (&self.facts.nest, None);
        let mut region = nest.region(read);
        while let Some(around) = nest.around(region) {
            let is_loop = matches!(self.source.inst(around).op, Op::For { .. });
            let is_made_inside = nest.is_inside(nest.home(array), region);
            let is_written = self.overwrites.any_in(around, array) && !self.keeps_all;
            if !is_loop || is_made_inside || self.is_visible(region) || is_written {
                break;
            }
            found = Some(around);
            region = nest.region(around);
        }
        found
    }

    /// Whether a read goes through the whole array each time a loop around it runs.
    fn goes_through(&self, around: Inst, array: Value, subscripts: &[Int]) -> bool {
        let dims = self.source.ty(array).array().map(|ty| &ty.dims[..]).unwrap_or_default();
        let distinct = (1..subscripts.len()).all(|d| !subscripts[..d].contains(&subscripts[d]));
        distinct && subscripts.iter().zip(dims).all(|(subscript, dim)| self.is_whole_index(around, *subscript, *dim))
    }

    /// Whether a subscript is the index of a loop, this one or one in it, that goes through an extent.
    fn is_whole_index(&self, around: Inst, subscript: Int, dim: Int) -> bool {
        let (Some(index), nest) = (subscript.value(), &self.facts.nest) else { return false };
        let body = nest.home(index);
        let Some(by) = nest.around(body).filter(|_| nest.index(self.source, body) == Some(index)) else { return false };
        let Op::For { lo, hi, step, .. } = self.source.inst(by).op else { return false };
        let is_within = (nest.position(around)..=nest.last(around)).contains(&nest.position(by));
        is_within && (lo, hi, step) == (Int::Const(0), dim, Int::Const(1))
    }

    /// How many loops there are from one to what it repeats.
    fn depth_within(&self, inst: Inst, around: Inst) -> usize {
        self.facts.nest.loops_around(inst).take_while(|(_, by)| *by != around).count() + 1
    }

    fn by_array(&self, pairs: impl Iterator<Item = (Inst, Value)>) -> FxHashMap<Value, Vec<Inst>> {
        let mut by_array: FxHashMap<Value, Vec<Inst>> = FxHashMap::default();
        pairs.for_each(|(inst, array)| by_array.entry(array).or_default().push(inst));
        by_array
    }

    /// Whether two instructions of one region see the same in an array.
    fn is_same_at(&self, a: Inst, b: Inst, array: Value) -> bool {
        let nest = &self.facts.nest;
        let (first, second) = if nest.position(a) < nest.position(b) { (a, b) } else { (b, a) };
        let region: Region = nest.region(a);
        region == nest.region(b) && !self.overwrites.any_between(first, second, array)
    }
}
