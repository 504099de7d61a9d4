//! Promotion: small arrays that never escape become scalars.
//!
//! In: a function. Out: the same where an array with literal extents, of at most [`MOST_ELEMENTS`] elements, that is only loaded from, stored to, added to and filled, with literal subscripts in
//! range, or copied from or to one of the same extents, is replaced by one SSA value per element. What a region changes is yielded by it and carried through its loop.
//!
//! ```text
//! v1 = alloc [f64; 2]                     v1 = const 0.0
//! store v1[0], v0                  ⇒      …
//! v2 = load v1[0]                         v0 for v2
//! ```
//!
//! Arrays written in the condition of a `while` stay, since a condition yields nothing but its truth value. Calls make an array escape.

use crate::Options;
use adit_ir::{
    ArrayType, Builder, Copier, Function, Inst, Int, Module, Op, OperandMap, Prim, Region, Rewrite, Type, Value, Values,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Larger arrays stay arrays.
pub const MOST_ELEMENTS: i64 = 64;

/// One element of a promoted array, by its row-major position.
type Slot = (Value, usize);

/// Promotes in one function.
pub fn run(_: &Module, f: &Function, _: Options) -> Option<Function> {
    let arrays = candidates(f);
    if arrays.is_empty() {
        return None;
    }
    let mut changed = Changed { f, arrays: &arrays, by_region: vec![Vec::new(); f.region_count()] };
    changed.visit(f.body);
    let by_region = changed.by_region;
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let mut promote = Promote { arrays: &arrays, by_region: &by_region, now: FxHashMap::default() };
    let returned = copier.copy_insts(&mut promote, &mut b, f.body);
    Some(b.finish(&returned))
}

/// The arrays that can become scalars.
fn candidates(f: &Function) -> FxHashSet<Value> {
    let mut fit = FxHashSet::default();
    f.walk(&mut |inst| {
        let data = f.inst(inst);
        if let Op::Alloc { ty } = &data.op
            && element_count(ty).is_some()
        {
            fit.insert(data.results[0]);
        }
    });
    if !fit.is_empty() {
        f.walk(&mut |inst| keep_fit(f, &f.inst(inst).op, &mut fit));
    }
    fit
}

fn element_count(ty: &ArrayType) -> Option<i64> {
    let count = ty.dims.iter().try_fold(1i64, |n, d| d.constant().filter(|&c| c >= 0).and_then(|c| n.checked_mul(c)));
    count.filter(|&n| n <= MOST_ELEMENTS)
}

/// Removes arrays that this operation uses in a way that scalars can't serve.
fn keep_fit(f: &Function, op: &Op, fit: &mut FxHashSet<Value>) {
    let fits =
        |array: &Value, subscripts: &[Int]| f.ty(*array).array().is_some_and(|ty| position(ty, subscripts).is_some());
    match op {
        Op::Load { array, subscripts } | Op::Store { array, subscripts, .. } | Op::Acc { array, subscripts, .. } => {
            if !fits(array, subscripts) {
                fit.remove(array);
            }
        }
        Op::Fill { .. } => {}
        Op::Copy { to, from }
            if literal_extents(f, *to).is_some_and(|dims| literal_extents(f, *from) == Some(dims)) => {}
        Op::While { cond, .. } => f.walk_region(*cond, &mut |inst| {
            if let Some((array, _)) = written(f, &f.inst(inst).op) {
                fit.remove(&array);
            }
        }),
        _ => op.visit_operands(&mut |v| {
            fit.remove(&v);
        }),
    }
}

/// The extents of an array, where all are literals.
fn literal_extents(f: &Function, array: Value) -> Option<Vec<i64>> {
    f.ty(array).array()?.dims.iter().map(|d| d.constant()).collect()
}

/// The row-major position of literal subscripts in range.
fn position(ty: &ArrayType, subscripts: &[Int]) -> Option<usize> {
    let mut at = 0i64;
    for (d, s) in ty.dims.iter().zip(subscripts) {
        let (d, s) = (d.constant()?, s.constant()?);
        if !(0..d).contains(&s) {
            return None;
        }
        at = at.checked_mul(d)?.checked_add(s)?;
    }
    usize::try_from(at).ok()
}

/// The array that an operation writes, with the positions.
fn written(f: &Function, op: &Op) -> Option<(Value, Vec<usize>)> {
    match op {
        Op::Store { array, subscripts, .. } | Op::Acc { array, subscripts, .. } => {
            Some((*array, position(f.ty(*array).array()?, subscripts).into_iter().collect()))
        }
        Op::Fill { array, .. } | Op::Copy { to: array, .. } => Some((*array, positions(f.ty(*array).array()?))),
        _ => None,
    }
}

fn positions(ty: &ArrayType) -> Vec<usize> {
    let count = element_count(ty).and_then(|n| usize::try_from(n).ok());
    (0..count.unwrap_or(0)).collect()
}

/// The subscripts of all elements, in row-major order.
fn subscripts(ty: &ArrayType) -> Vec<Vec<Int>> {
    ty.dims.iter().filter_map(|d| d.constant()).fold(vec![Vec::new()], |outer, extent| {
        let inner = |at: Vec<Int>| (0..extent).map(move |i| at.iter().copied().chain([Int::Const(i)]).collect());
        outer.into_iter().flat_map(inner).collect()
    })
}

/// Which slots of arrays made outside each region are written in it.
struct Changed<'f> {
    f: &'f Function,
    arrays: &'f FxHashSet<Value>,
    by_region: Vec<Vec<Slot>>,
}

impl Changed<'_> {
    fn visit(&mut self, region: Region) {
        let f = self.f;
        let mut seen = FxHashSet::default();
        let mut slots = Vec::new();
        let mut local = FxHashSet::default();
        for &inst in &f.region(region).insts {
            let data = f.inst(inst);
            if matches!(data.op, Op::Alloc { .. }) {
                local.insert(data.results[0]);
            }
            let mut inside: Vec<Slot> = Vec::new();
            if let Some((array, at)) = written(f, &data.op) {
                inside.extend(at.into_iter().map(|k| (array, k)));
            }
            for inner in data.op.regions() {
                self.visit(inner);
                inside.extend(&self.by_region[inner.index()]);
            }
            let outer = inside.into_iter().filter(|(a, _)| self.arrays.contains(a) && !local.contains(a));
            slots.extend(outer.filter(|slot| seen.insert(*slot)));
        }
        self.by_region[region.index()] = slots;
    }
}

struct Promote<'p> {
    arrays: &'p FxHashSet<Value>,
    by_region: &'p [Vec<Slot>],
    /// What each slot holds, in values of the new function.
    now: FxHashMap<Slot, Value>,
}

impl Rewrite for Promote<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        let changed = self.changed(&data.op);
        if !changed.is_empty() {
            self.copy_carrying(copier, b, inst, &changed);
        } else if !self.access(copier, b, inst, &data.op) {
            copier.copy(self, b, inst);
        }
    }
}

impl Promote<'_> {
    /// The slots that an instruction's regions change.
    fn changed(&self, op: &Op) -> Vec<Slot> {
        let mut seen = FxHashSet::default();
        let slots = op.regions().into_iter().flat_map(|r| self.by_region[r.index()].iter().copied());
        slots.filter(|slot| seen.insert(*slot)).collect()
    }

    /// Replaces an operation on a promoted array.
    fn access(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, op: &Op) -> bool {
        let source = copier.source;
        let slot = |array: &Value, subscripts: &[Int]| {
            let ty = source.ty(*array).array().filter(|_| self.arrays.contains(array))?;
            position(ty, subscripts).map(|k| (*array, k))
        };
        match op {
            Op::Alloc { ty } if self.arrays.contains(&source.inst(inst).results[0]) => {
                let zero = b.zero(ty.element);
                self.set_all(source.inst(inst).results[0], ty, zero);
            }
            Op::Load { array, subscripts } => {
                let Some(slot) = slot(array, subscripts) else {
                    return false;
                };
                copier.map.set(source.inst(inst).results[0], self.now[&slot]);
            }
            Op::Store { array, subscripts, value } => {
                let Some(slot) = slot(array, subscripts) else {
                    return false;
                };
                self.now.insert(slot, copier.map.value(*value));
            }
            Op::Acc { array, subscripts, value } => {
                let Some(slot) = slot(array, subscripts) else {
                    return false;
                };
                // What `acc` means, spelled out.
                let sum = b.prim(Prim::Add, &[self.now[&slot], copier.map.value(*value)]);
                self.now.insert(slot, sum);
            }
            Op::Fill { array, value } if self.arrays.contains(array) => {
                let Some(ty) = source.ty(*array).array() else {
                    return false;
                };
                self.set_all(*array, ty, copier.map.value(*value));
            }
            Op::Copy { to, from } if [to, from].into_iter().any(|array| self.arrays.contains(array)) => {
                b.set_span(copier.span(inst));
                self.copy_elements(copier, b, *to, *from);
            }
            _ => return false,
        }
        true
    }

    /// A copy of which at least one side is scalars.
    fn copy_elements(&mut self, copier: &Copier<'_>, b: &mut Builder, to: Value, from: Value) {
        let Some(ty) = copier.source.ty(to).array() else { return };
        for (k, at) in positions(ty).into_iter().zip(subscripts(ty)) {
            let element = match self.now.get(&(from, k)) {
                Some(&element) => element,
                None => b.load(copier.map.value(from), &at),
            };
            if self.arrays.contains(&to) {
                self.now.insert((to, k), element);
            } else {
                b.store(copier.map.value(to), &at, element);
            }
        }
    }

    fn set_all(&mut self, array: Value, ty: &ArrayType, v: Value) {
        self.now.extend(positions(ty).into_iter().map(|k| ((array, k), v)));
    }

    /// Copies an instruction whose regions change slots: they are carried in and yielded.
    fn copy_carrying(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, slots: &[Slot]) {
        let source = copier.source;
        let data = source.inst(inst);
        let before: Values = slots.iter().map(|slot| self.now[slot]).collect();
        let mut op = data.op.clone();
        op.map_operands(&copier.map);
        match &mut op {
            Op::If { then, otherwise, .. } => {
                *then = self.region(copier, b, *then, slots, Ends::Yield);
                self.restore(slots, &before);
                *otherwise = self.region(copier, b, *otherwise, slots, Ends::Yield);
            }
            Op::For { inits, body, .. } => {
                inits.extend_from_slice(&before);
                *body = self.region(copier, b, *body, slots, Ends::Carry);
            }
            Op::While { inits, cond, body, .. } => {
                inits.extend_from_slice(&before);
                *cond = self.region(copier, b, *cond, slots, Ends::Condition);
                *body = self.region(copier, b, *body, slots, Ends::Carry);
            }
            _ => {}
        }
        b.set_span(copier.span(inst));
        let mut types: Vec<Type> = data.results.iter().map(|&r| source.ty(r).clone()).collect();
        types.extend(before.iter().map(|&v| b.ty(v).clone()));
        let copy = b.push(op, &types);
        let results = b.results(copy);
        for (&from, &to) in data.results.iter().zip(&results) {
            copier.map.set(from, to);
        }
        self.restore(slots, &results[data.results.len()..]);
    }

    fn restore(&mut self, slots: &[Slot], values: &[Value]) {
        self.now.extend(slots.iter().copied().zip(values.iter().copied()));
    }

    fn region(
        &mut self,
        copier: &mut Copier<'_>,
        b: &mut Builder,
        region: Region,
        slots: &[Slot],
        ends: Ends,
    ) -> Region {
        let source = copier.source;
        let params = &source.region(region).params;
        let mut types: Vec<Type> = params.iter().map(|&p| source.ty(p).clone()).collect();
        if ends != Ends::Yield {
            types.extend(slots.iter().map(|slot| b.ty(self.now[slot]).clone()));
        }
        let copy = b.open(&types);
        let inner = b.func().region(copy).params.clone();
        for (&from, &to) in params.iter().zip(&inner) {
            copier.map.set(from, to);
        }
        self.restore(slots, &inner[params.len()..]);
        let mut yields = copier.copy_insts(self, b, region);
        if ends != Ends::Condition {
            yields.extend(slots.iter().map(|slot| self.now[slot]));
        }
        b.close(&yields)
    }
}

/// How a region takes and gives slots.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// Sees those outside, yields new ones.
    Yield,
    /// Has them as parameters, yields new ones.
    Carry,
    /// Has them as parameters, yields none.
    Condition,
}
