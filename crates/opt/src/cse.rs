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

use crate::writes::{Writes, written};
use adit_ir::{
    Builder, CmpOp, Const, Copier, Function, Inst, Int, Ints, Module, Op, Prim, Region, Rewrite, Value, Values,
};
use rustc_hash::FxHashMap;

/// Merges within one function.
pub fn run(module: &Module, f: &Function) -> Option<Function> {
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let writes = Writes::of(module, f);
    let mut cse = Cse {
        module,
        writes,
        known: FxHashMap::default(),
        scopes: Vec::new(),
        versions: FxHashMap::default(),
        clock: 0,
    };
    let returned = copier.copy_insts(&mut cse, &mut b, f.body);
    Some(b.finish(&returned))
}

/// What makes two operations equal, in values of the new function.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Const(Const),
    Prim(Prim, Values),
    Cmp(CmpOp, Value, Value),
    Select(Value, Value, Value),
    /// Array, element, version of the array's contents.
    Load(Value, Ints, u32),
}

struct Cse<'m> {
    module: &'m Module,
    writes: Writes,
    known: FxHashMap<Key, Value>,
    /// What each region still open has added to `known`: forgotten when it ends.
    scopes: Vec<Vec<Key>>,
    /// Which version of its contents an array of the new function has; 0 at first.
    versions: FxHashMap<Value, u32>,
    clock: u32,
}

impl Rewrite for Cse<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        let regions = data.op.regions();
        if matches!(data.op, Op::For { .. } | Op::While { .. }) {
            self.overwritten(copier, &regions);
        }
        let mut op = data.op.clone();
        op.map_operands(&copier.map);
        let key = self.key(&op);
        match key.as_ref().and_then(|k| self.known.get(k)) {
            Some(&v) => copier.map.set(data.results[0], v),
            None => self.emit(copier, b, inst, op, key),
        }
        self.overwritten(copier, &regions);
    }

    fn enter(&mut self, _: &mut Copier<'_>, _: &mut Builder, _: Region) {
        self.scopes.push(Vec::new());
    }

    fn leave(&mut self, _: &mut Copier<'_>, _: &mut Builder, _: Region) {
        for key in self.scopes.pop().unwrap_or_default() {
            self.known.remove(&key);
        }
    }
}

impl Cse<'_> {
    fn key(&self, op: &Op) -> Option<Key> {
        match op {
            Op::Const(c) => Some(Key::Const(*c)),
            Op::Prim { prim, args } => Some(Key::Prim(*prim, sorted(*prim, args))),
            Op::Cmp { op, a, b } => Some(Key::Cmp(*op, *a, *b)),
            Op::Select { cond, then, otherwise } => Some(Key::Select(*cond, *then, *otherwise)),
            Op::Load { array, subscripts } => Some(self.element(*array, subscripts)),
            Op::If { .. }
            | Op::For { .. }
            | Op::While { .. }
            | Op::Alloc { .. }
            | Op::Store { .. }
            | Op::Acc { .. } => None,
            Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } => None,
            Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => None,
        }
    }

    fn element(&self, array: Value, subscripts: &[Int]) -> Key {
        Key::Load(array, subscripts.into(), self.versions.get(&array).copied().unwrap_or(0))
    }

    fn remember(&mut self, key: Key, v: Value) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(key.clone());
        }
        self.known.insert(key, v);
    }

    fn emit(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, op: Op, key: Option<Key>) {
        written(self.module, &op, &mut |array| self.new_version(array));
        if let Op::Store { array, subscripts, value } = &op {
            let key = self.element(*array, subscripts);
            self.remember(key, *value);
        }
        copier.copy_with(self, b, inst, op);
        if let Some(key) = key {
            let v = copier.map.values(&copier.source.inst(inst).results)[0];
            self.remember(key, v);
        }
    }

    /// Forgets what was read from arrays that these regions write.
    fn overwritten(&mut self, copier: &Copier<'_>, regions: &[Region]) {
        let arrays = regions.iter().flat_map(|&region| self.writes.in_region(region));
        let seen: Vec<Value> = arrays.filter_map(|&array| copier.map.get(array)?.value()).collect();
        for array in seen {
            self.new_version(array);
        }
    }

    fn new_version(&mut self, array: Value) {
        self.clock += 1;
        self.versions.insert(array, self.clock);
    }
}

fn sorted(prim: Prim, args: &Values) -> Values {
    let mut args = args.clone();
    if prim.row().algebra.commutative {
        args[..2].sort_unstable();
    }
    args
}
