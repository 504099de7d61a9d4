//! Which numbers of a loop's body go in pairs.
//!
//! In: the body of a counted loop, without regions and calls. Out: [`Pairs`], if most of its arithmetic is done on two numbers alike: by instructions of the same kind, whose operands are pairs, one number for both, or what
//! stays the same in the loop. Found from where numbers end, which says which of them belong together: elements beside each other that are written, and what is carried beside each other. Nothing is emitted here.

use crate::lower::vector::native_of_lanes;
use adit_ir::bounds::Facts;
use adit_ir::{ArrayType, Function, Inst, Int, Op, Region, ScalarType, Type, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// Loops with more instructions are left as they are.
const MOST: usize = 400;

/// Fewer pairs are not worth a loop of their own kind.
const LEAST: usize = 4;

/// So many vectors that add up do not wait for themselves.
const SUMS: usize = 3;

/// Two numbers in one vector.
pub(super) type Pair = (Value, Value);

/// What a loop carries, by place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    One(usize),
    /// This place and the next.
    Two(usize),
}

/// What goes in pairs.
#[derive(Clone, Default, Debug)]
pub(in crate::lower) struct Pairs {
    /// By either number.
    of: FxHashMap<Value, Pair>,
    /// By the second of two instructions, the first.
    pub(super) firsts: FxHashMap<Inst, Inst>,
    /// First ones.
    pub(super) early: FxHashSet<Inst>,
    pub(super) slots: Vec<Slot>,
    /// Whether elements are read or written in pairs.
    in_memory: bool,
}

struct Planner<'p> {
    f: &'p Function,
    facts: &'p Facts<'p>,
    params: &'p [Value],
    /// Where a value is defined in the body.
    by: FxHashMap<Value, Inst>,
    place: FxHashMap<Inst, usize>,
    pairs: Pairs,
}

/// The pairs of a loop's body, if there are enough of them.
pub(in crate::lower) fn plan(f: &Function, facts: &Facts<'_>, body: Region) -> Option<Pairs> {
    let data = f.region(body);
    if data.insts.len() > MOST || !data.insts.iter().all(|&inst| is_simple(&f.inst(inst).op)) {
        return None;
    }
    let (mut by, mut place) = (FxHashMap::default(), FxHashMap::default());
    for (at, &inst) in data.insts.iter().enumerate() {
        place.insert(inst, at);
        by.extend(f.inst(inst).results.iter().map(|&v| (v, inst)));
    }
    let mut planner = Planner { f, facts, params: &data.params, by, place, pairs: Pairs::default() };
    planner.written(&data.insts);
    planner.carried(&data.yields);
    let found = planner.pairs.firsts.len();
    let enough = found >= LEAST && 4 * found >= data.insts.len();
    (enough && planner.holds(body)).then_some(planner.pairs)
}

/// Whether an operation has neither regions nor calls.
fn is_simple(op: &Op) -> bool {
    match op {
        Op::Prim { prim, .. } => matches!(prim.row().code, adit_ir::prim::Code::Native(_)),
        Op::Const(_) | Op::Cmp { .. } | Op::Select { .. } => true,
        Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } => true,
        Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } => false,
        Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Assert { .. } | Op::Print { .. } => false,
        Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => false,
    }
}

impl Planner<'_> {
    /// Pairs that are written beside each other.
    fn written(&mut self, insts: &[Inst]) {
        for two in insts.windows(2) {
            let [first, second] = [two[0], two[1]];
            if self.pairs.early.contains(&first) || self.pairs.firsts.contains_key(&first) {
                continue;
            }
            let [a, b] = [first, second].map(|inst| &self.f.inst(inst).op);
            let values = match (a, b) {
                (
                    Op::Store { array, subscripts, value },
                    Op::Store { array: other, subscripts: next, value: second },
                )
                | (Op::Acc { array, subscripts, value }, Op::Acc { array: other, subscripts: next, value: second })
                    if array == other && self.beside(*array, subscripts, next) =>
                {
                    (*value, *second)
                }
                _ => continue,
            };
            let before = self.pairs.clone();
            match self.is_pair(values) {
                true => self.join(first, second),
                false => self.pairs = before,
            }
        }
    }

    /// Pairs that are carried beside each other.
    fn carried(&mut self, yields: &[Value]) {
        let carried = self.params.get(1..).unwrap_or_default();
        let mut at = 0;
        while at < carried.len() {
            let two = carried.get(at + 1).filter(|_| self.is_float(carried[at])).map(|&next| (carried[at], next));
            let before = self.pairs.clone();
            let found = two.is_some_and(|pair| {
                self.note(pair);
                self.is_pair((yields[at], yields[at + 1]))
            });
            if !found {
                self.pairs = before;
            }
            self.pairs.slots.push(if found { Slot::Two(at) } else { Slot::One(at) });
            at += if found { 2 } else { 1 };
        }
    }

    fn note(&mut self, pair: Pair) {
        self.pairs.of.insert(pair.0, pair);
        self.pairs.of.insert(pair.1, pair);
    }

    fn join(&mut self, first: Inst, second: Inst) {
        self.pairs.in_memory |= !matches!(self.f.inst(first).op, Op::Prim { .. });
        self.pairs.firsts.insert(second, first);
        self.pairs.early.insert(first);
    }

    fn is_float(&self, v: Value) -> bool {
        *self.f.ty(v) == Type::F64
    }

    /// Whether a value is there before the body, or a literal.
    fn stays(&self, v: Value) -> bool {
        let defined = self.by.contains_key(&v) || self.params.contains(&v);
        !defined || matches!(self.facts.def(v), Some(Op::Const(_)))
    }

    /// Makes a pair of two numbers, if they can be one.
    fn is_pair(&mut self, pair: Pair) -> bool {
        let (a, b) = pair;
        if !self.is_float(a) || !self.is_float(b) {
            return false;
        }
        if self.pairs.of.contains_key(&a) || self.pairs.of.contains_key(&b) {
            return self.pairs.of.get(&a) == Some(&pair);
        }
        if a == b || self.stays(a) && self.stays(b) {
            return true;
        }
        let (Some(&first), Some(&second)) = (self.by.get(&a), self.by.get(&b)) else { return false };
        let alike = self.place[&first] < self.place[&second] && self.are_alike(first, second);
        if alike {
            self.note(pair);
            self.join(first, second);
        }
        alike
    }

    fn are_alike(&mut self, first: Inst, second: Inst) -> bool {
        match (&self.f.inst(first).op, &self.f.inst(second).op) {
            (Op::Prim { prim, args }, Op::Prim { prim: other, args: with }) => {
                prim == other
                    && native_of_lanes(*prim).is_some()
                    && args.iter().zip(with).all(|(&a, &b)| self.is_pair((a, b)))
            }
            // One after the other, so that nothing is written and nothing stops in between.
            (Op::Load { array, subscripts }, Op::Load { array: other, subscripts: next }) => {
                array == other && self.place[&first] + 1 == self.place[&second] && self.beside(*array, subscripts, next)
            }
            _ => false,
        }
    }

    /// Whether the element behind another one is meant, in the same row.
    fn beside(&self, array: Value, subscripts: &[Int], next: &[Int]) -> bool {
        let Some(ArrayType { element: ScalarType::F64, dims, .. }) = self.f.ty(array).array() else { return false };
        let (Some((last, others)), Some((behind, same))) = (subscripts.split_last(), next.split_last()) else {
            return false;
        };
        let [last, behind, extent] = [Some(last), Some(behind), dims.last()].map(|i| self.facts.literal(*i?));
        let (Some(last), Some(behind), Some(extent)) = (last, behind, extent) else { return false };
        others == same && last >= 0 && last.checked_add(1) == Some(behind) && behind < extent
    }

    /// Whether nobody wants one number of a pair alone.
    fn holds(&self, body: Region) -> bool {
        let data = self.f.region(body);
        let alone = |v: &Value| !self.pairs.of.contains_key(v);
        let rest = data.insts.iter().filter(|&inst| !self.pairs.has(*inst));
        let instructions = rest.into_iter().all(|&inst| self.f.inst(inst).op.operands().iter().all(alone));
        let yields = self.pairs.slots.iter().all(|slot| match *slot {
            Slot::One(k) => alone(&data.yields[k]),
            Slot::Two(k) => self.pairs.is_vector((data.yields[k], data.yields[k + 1])),
        });
        let together = self.pairs.firsts.iter().all(|(&second, &first)| {
            let [a, b] = [first, second].map(|inst| self.f.inst(inst).op.operands());
            a.iter().zip(b.iter()).all(|(&a, &b)| !self.is_float(a) || self.pairs.is_vector((a, b)))
        });
        instructions && together && yields
    }
}

impl Pairs {
    /// Whether an instruction is one of two.
    pub(super) fn has(&self, inst: Inst) -> bool {
        self.early.contains(&inst) || self.firsts.contains_key(&inst)
    }

    /// Whether they are better than several iterations at once: these have no elements beside each other where pairs have them, and yet are the remedy where sums wait for themselves.
    pub(in crate::lower) fn are_better(&self) -> bool {
        let sums = self.slots.iter().filter(|slot| matches!(slot, Slot::Two(_))).count();
        self.in_memory && (self.slots.is_empty() || sums >= SUMS)
    }

    /// Whether two numbers are a pair, or both alone.
    fn is_vector(&self, pair: Pair) -> bool {
        match (self.of.get(&pair.0), self.of.get(&pair.1)) {
            (None, None) => true,
            (Some(&a), Some(&b)) => a == pair && b == pair,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
