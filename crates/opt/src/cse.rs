//! Common subexpressions: what was already computed, or already read, is not computed or read again.
//!
//! In: a function. Out: the same where an operation equal to an earlier one that is still in scope gives the earlier value. A load is equal to an earlier load of (or store to) the same
//! element if nothing was written to that array in between; arrays never alias, so that question has an exact answer.
//!
//! ```text
//! v2 = mul v0, v1       ⇒      v2 = mul v0, v1
//! v3 = mul v1, v0              v2 for v3
//! ```
//!
//! Operations that may trap are merged with an earlier equal one (which would have trapped first). Allocations are never merged.

use crate::per_value::PerValue;
use crate::writes::{Writes, written};
use crate::{Mutant, Options};
use adit_ir::{
    Builder, CmpOp, Const, Copier, Function, Inst, Int, Ints, Module, Op, Prim, Region, Rewrite, ScalarType, Value,
    Values,
};
use rustc_hash::FxHashMap;

/// Merges within one function.
pub fn run(module: &Module, f: &Function, options: Options) -> Option<Function> {
    let mut search = Search {
        module,
        f,
        options,
        writes: Writes::of(module, f),
        known: Known::for_size_of(f),
        merged: PerValue::default(),
        any: false,
        versions: FxHashMap::default(),
        clock: 0,
    };
    search.region(f.body);
    if !search.any {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Merge { merged: &search.merged }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Leaves out what equals something earlier.
struct Merge<'s> {
    merged: &'s PerValue<Value>,
}

impl Rewrite for Merge<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        match copier.source.inst(inst).results[..] {
            [result] if let Some(&earlier) = self.merged.get(result) => {
                let v = copier.map.get(earlier).expect("what is earlier was copied");
                copier.map.set(result, v);
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

/// What makes two operations on scalars equal: what they do, and to which values, or for literals to which bits. No operation has more than three operands. Small, since large functions have many.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    operands: [u32; 3],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Const(ScalarType),
    Prim(Prim),
    Cmp(CmpOp),
    Select,
}

impl Key {
    fn literal(c: Const) -> Key {
        let bits = match c {
            Const::F64(x) => x.to_bits(),
            Const::F32(x) => u64::from(x.to_bits()),
            Const::I64(i) => i as u64,
            Const::Bool(b) => u64::from(b),
        };
        Key { kind: Kind::Const(c.ty()), operands: [bits as u32, (bits >> 32) as u32, 0] }
    }

    /// Nothing, if there are more operands than any operation has.
    fn of(kind: Kind, values: impl IntoIterator<Item = Value>) -> Option<Key> {
        let mut operands = [u32::MAX; 3];
        for (place, v) in values.into_iter().enumerate() {
            *operands.get_mut(place)? = v.index() as u32;
        }
        Some(Key { kind, operands })
    }
}

/// An element: array, subscripts, version of the array's contents.
type Element = (Value, Ints, u32);

/// What was computed, and what is in memory, with the scopes in which that is so.
#[derive(Default)]
struct Known {
    results: FxHashMap<Key, Value>,
    elements: FxHashMap<Element, Value>,
    /// What open regions have added, the body aside, which ends last.
    log: (Vec<Key>, Vec<Element>),
    depth: usize,
}

impl Known {
    /// With room for all that a function computes: growing a large table costs as much as filling it.
    fn for_size_of(f: &Function) -> Self {
        let results = FxHashMap::with_capacity_and_hasher(f.inst_count(), Default::default());
        Known { results, ..Known::default() }
    }

    fn remember(&mut self, key: Key, v: Value) {
        if self.depth > 1 {
            self.log.0.push(key);
        }
        self.results.insert(key, v);
    }

    fn remember_element(&mut self, element: Element, v: Value) {
        if self.depth > 1 {
            self.log.1.push(element.clone());
        }
        self.elements.insert(element, v);
    }

    /// Forgets what was added since the logs had these lengths.
    fn forget(&mut self, marks: (usize, usize)) {
        for key in self.log.0.drain(marks.0..) {
            self.results.remove(&key);
        }
        for element in self.log.1.drain(marks.1..) {
            self.elements.remove(&element);
        }
    }
}

struct Search<'m> {
    module: &'m Module,
    f: &'m Function,
    options: Options,
    writes: Writes,
    known: Known,
    /// What values are equal to, where something earlier is.
    merged: PerValue<Value>,
    any: bool,
    /// Which version of its contents an array has; 0 at first.
    versions: FxHashMap<Value, u32>,
    clock: u32,
}

impl Search<'_> {
    fn region(&mut self, region: Region) {
        let f = self.f;
        let marks = (self.known.log.0.len(), self.known.log.1.len());
        self.known.depth += 1;
        f.region(region).insts.iter().for_each(|&inst| self.inst(inst));
        self.known.depth -= 1;
        self.known.forget(marks);
    }

    fn inst(&mut self, inst: Inst) {
        let data = self.f.inst(inst);
        match &data.op {
            Op::Load { array, subscripts } => self.load(*array, subscripts, data.results[0]),
            op => match self.key(op) {
                Some(key) => self.computed(key, data.results[0]),
                None => self.other(op),
            },
        }
    }

    /// The value that stands for a value.
    fn now(&self, v: Value) -> Value {
        self.merged.get(v).copied().unwrap_or(v)
    }

    fn merge(&mut self, v: Value, earlier: Value) {
        self.merged.insert(v, earlier);
        self.any = true;
    }

    fn computed(&mut self, key: Key, v: Value) {
        match self.known.results.get(&key).copied() {
            Some(earlier) => self.merge(v, earlier),
            None => self.known.remember(key, v),
        }
    }

    fn load(&mut self, array: Value, subscripts: &[Int], v: Value) {
        let element = self.element(array, subscripts);
        match self.known.elements.get(&element).copied() {
            Some(earlier) => self.merge(v, earlier),
            None => self.known.remember_element(element, v),
        }
    }

    /// What writes, and what has regions.
    fn other(&mut self, op: &Op) {
        let regions = op.regions();
        if matches!(op, Op::For { .. } | Op::While { .. }) {
            self.overwritten(&regions);
        }
        if !(self.options.has(Mutant::MergedAcrossStore) && matches!(op, Op::Store { .. })) {
            written(self.module, op, &mut |array| self.new_version(array));
        }
        if let Op::Store { array, subscripts, value } = op {
            let element = self.element(*array, subscripts);
            self.known.remember_element(element, self.now(*value));
        }
        regions.iter().for_each(|&region| self.region(region));
        self.overwritten(&regions);
    }

    fn key(&self, op: &Op) -> Option<Key> {
        match op {
            Op::Const(c) => Some(Key::literal(*c)),
            Op::Prim { prim, args } => self.prim_key(*prim, args),
            Op::Cmp { op, a, b } => Key::of(Kind::Cmp(*op), [self.now(*a), self.now(*b)]),
            Op::Select { cond, then, otherwise } => {
                Key::of(Kind::Select, [*cond, *then, *otherwise].map(|v| self.now(v)))
            }
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Alloc { .. } | Op::Load { .. } => None,
            Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } => None,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {
                None
            }
        }
    }

    fn prim_key(&self, prim: Prim, args: &Values) -> Option<Key> {
        let mut key = Key::of(Kind::Prim(prim), args.iter().map(|&v| self.now(v)))?;
        if prim.row().algebra.commutative {
            key.operands[..2].sort_unstable();
        }
        Some(key)
    }

    fn element(&self, array: Value, subscripts: &[Int]) -> Element {
        let now = |i: &Int| i.value().map_or(*i, |v| Int::Value(self.now(v)));
        (array, subscripts.iter().map(now).collect(), self.versions.get(&array).copied().unwrap_or(0))
    }

    /// Forgets what was read from arrays that these regions write.
    fn overwritten(&mut self, regions: &[Region]) {
        for &region in regions {
            for &array in self.writes.in_region(region) {
                self.clock += 1;
                self.versions.insert(array, self.clock);
            }
        }
    }

    fn new_version(&mut self, array: Value) {
        self.clock += 1;
        self.versions.insert(array, self.clock);
    }
}
