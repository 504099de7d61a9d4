//! Arrays that only hold a part of another are read there.
//!
//! In: a function. Out: the same without arrays that one nest of loops fills from another array and that are only read afterwards, as slices are that are handed to an inlined function:
//!
//! ```text
//! v3 = alloc [f64; d1]
//! for v4 in 0..d1 {
//!   v5 = load v0[v2, v4]                   (v0: [f64; d0, d1])
//!   store v3[v4], v5             ⇒
//! }
//! v6 = load v3[v1]                         v6 = load v0[v2, v1]
//! ```
//!
//! An array is a view if each of its extents is counted through by one loop of the nest, if nothing else writes it, if nothing writes the other array until it goes, if what the nest reads is proved to be in
//! range, so that no trap goes with it, and if a subscript that is out of range of the view stops the program as it did: where it becomes the same subscript of an equal extent, or is proved to be in range.
//! Whole functions are looked at once; views of views are followed. What is computed on the way, as the elements of a sum of arrays are, stays.

use crate::Options;
use crate::writes::{Writes, written};
use adit_ir::bounds::Facts;
use adit_ir::{
    Builder, Copier, Effect, Function, Inst, Int, Module, Op, OperandMap, Passing, Prim, Region, Rewrite, Value,
};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// Reads views where they are views of, in one function.
pub fn run(module: &Module, f: &Function, _: Options) -> Option<Function> {
    let mut found = Search::new(f);
    found.visit(f.body);
    let stores = found.stores();
    if stores.is_empty() {
        return None;
    }
    let (facts, last) = (Facts::new(f), LastWrites::new(module, f));
    let asserts = found.asserts(&facts);
    let mut views: FxHashMap<Value, View> = FxHashMap::default();
    let (mut filled, mut gone) = (Vec::new(), FxHashSet::default());
    for (array, fill) in stores {
        let Some(view) = fill.view(f, &facts, &asserts, array) else { continue };
        let nest = fill.nest[0];
        let later = found.loads[&array].iter().all(|&(_, place)| place > nest.place);
        if later && last.none_after(nest.region, nest.place, view.of) {
            filled.push((array, nest.inst));
            views.insert(array, view);
        }
    }
    for (array, nest) in filled {
        if found.loads[&array].iter().all(|&(load, _)| stops_alike(&views, f, &facts, load)) {
            gone.extend([found.allocs[&array].inst, nest]);
        } else {
            views.remove(&array);
        }
    }
    if views.is_empty() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Through { views, gone }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Where an instruction stands.
#[derive(Clone, Copy)]
struct Place {
    inst: Inst,
    region: Region,
    place: usize,
}

/// Arrays that are stored to once and else only read.
struct Search<'f> {
    f: &'f Function,
    /// The instructions around the one looked at, outermost first.
    around: Vec<Place>,
    allocs: FxHashMap<Value, Place>,
    /// What stores to each, with the loops around it that the array is made outside of.
    fills: FxHashMap<Value, Fill>,
    /// What reads each array that is made here, and where that is in the region in which the array is made.
    loads: FxHashMap<Value, Vec<(Inst, usize)>>,
    asserts: Vec<Place>,
    refused: FxHashSet<Value>,
}

/// Where subscripts are first known to be in range of extents.
type Asserts = FxHashMap<(Int, Int), Place>;

/// A store, in loops.
struct Fill {
    store: Place,
    /// All that is around it, outermost first.
    around: Vec<Place>,
    nest: Vec<Place>,
}

impl<'f> Search<'f> {
    fn new(f: &'f Function) -> Self {
        let (allocs, fills, loads) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        Search { f, around: Vec::new(), allocs, fills, loads, asserts: Vec::new(), refused: FxHashSet::default() }
    }

    fn visit(&mut self, region: Region) {
        let f = self.f;
        for (place, &inst) in f.region(region).insts.iter().enumerate() {
            let here = Place { inst, region, place };
            let data = f.inst(inst);
            match &data.op {
                Op::Alloc { .. } => {
                    self.allocs.insert(data.results[0], here);
                }
                Op::Load { array, .. } => {
                    if let Some(place) = self.place_of(*array, here) {
                        self.loads.entry(*array).or_default().push((inst, place));
                    }
                }
                Op::Store { array, .. } => self.store(*array, here),
                Op::Assert { .. } => self.asserts.push(here),
                op => op.visit_operands(&mut |v| {
                    self.refused.insert(v);
                }),
            }
            let regions = data.op.regions();
            if !regions.is_empty() {
                self.around.push(here);
                regions.into_iter().for_each(|inner| self.visit(inner));
                self.around.pop();
            }
        }
    }

    /// What stands at a place or around it in the region in which an array is made, by its position there.
    fn place_of(&self, array: Value, here: Place) -> Option<usize> {
        let region = self.allocs.get(&array)?.region;
        let around = self.around.iter().rev().find(|outer| outer.region == region);
        around.or((here.region == region).then_some(&here)).map(|found| found.place)
    }

    fn asserts(&self, facts: &Facts<'_>) -> Asserts {
        let mut asserts = Asserts::default();
        for &place in &self.asserts {
            if let Some(known) = facts.asserted(&self.f.inst(place.inst).op) {
                asserts.entry(known).or_insert(place);
            }
        }
        asserts
    }

    fn store(&mut self, array: Value, store: Place) {
        let Some(made) = self.allocs.get(&array) else { return };
        let outside = self.around.iter().position(|loops| loops.region == made.region);
        let nest = outside.map(|first| self.around[first..].to_vec()).unwrap_or_default();
        if self.fills.insert(array, Fill { store, around: self.around.clone(), nest }).is_some() {
            self.refused.insert(array);
        }
    }

    /// The arrays that may be views, those made first first.
    fn stores(&mut self) -> Vec<(Value, Fill)> {
        let fills = std::mem::take(&mut self.fills);
        let fit = |(array, fill): &(Value, Fill)| {
            !fill.nest.is_empty() && !self.refused.contains(array) && self.loads.contains_key(array)
        };
        let mut fills: Vec<_> = fills.into_iter().filter(fit).collect();
        fills.sort_unstable_by_key(|(array, _)| *array);
        fills
    }
}

/// Where an array's elements are: at these subscripts of another.
struct View {
    of: Value,
    at: SmallVec<[At; 4]>,
}

/// A subscript of the array that is viewed.
#[derive(Clone, Copy)]
enum At {
    /// The same for all elements.
    Fixed(Int),
    /// The view's subscript on an axis.
    Axis(usize),
    /// The result of an operation of two operands on that subscript, at a place, and another operand.
    Moved { axis: usize, prim: Prim, place: usize, other: Int },
}

impl Fill {
    /// What the nest makes, if it fills the array from another and does nothing else.
    fn view(&self, f: &Function, facts: &Facts<'_>, asserts: &Asserts, array: Value) -> Option<View> {
        let ty = f.ty(array).array()?;
        let (inside, outer) = self.nest.split_last()?;
        if self.nest.len() != ty.dims.len() || self.store.region != body(f, inside.inst)? {
            return None;
        }
        let counts = |(nest, &extent): (&Place, &Int)| counts_through(f, facts, nest.inst, extent);
        let alone = |(nest, next): (&Place, &Place)| {
            f.region(next.region).insts.len() == 1 && body(f, nest.inst) == Some(next.region)
        };
        if !self.nest.iter().zip(&ty.dims).all(counts) || !outer.iter().zip(&self.nest[1..]).all(alone) {
            return None;
        }
        let indices = self.nest.iter().map(|nest| Some(f.region(body(f, nest.inst)?).params[0]));
        let indices: SmallVec<[Value; 4]> = indices.collect::<Option<_>>()?;
        let (load, local) = self.read(f, &indices)?;
        let Op::Load { array: of, subscripts } = &f.inst(load).op else { return None };
        let extents = &f.ty(*of).array()?.dims;
        let known = |(&s, &extent): (&Int, &Int)| {
            let before =
                |at: &Place| self.around.iter().any(|outer| outer.region == at.region && outer.place > at.place);
            facts.in_range(s, extent) || asserts.get(&(s, extent)).is_some_and(before)
        };
        if *of == array || !subscripts.iter().zip(extents).all(known) {
            return None;
        }
        let at = subscripts.iter().map(|&s| At::of(f, s, &indices, &local)).collect::<Option<_>>()?;
        Some(View { of: *of, at })
    }

    /// The load whose result is stored at the indices, if the body does nothing else but prepare subscripts; with what it prepares.
    fn read(&self, f: &Function, indices: &[Value]) -> Option<(Inst, FxHashMap<Value, Inst>)> {
        let Op::Store { subscripts, value, .. } = &f.inst(self.store.inst).op else { return None };
        if !subscripts.iter().zip(indices).all(|(s, &i)| *s == Int::Value(i)) {
            return None;
        }
        let (mut load, mut local) = (None, FxHashMap::default());
        for &inst in &f.region(self.store.region).insts {
            let data = f.inst(inst);
            match &data.op {
                Op::Load { .. } if load.is_none() && data.results[0] == *value => load = Some(inst),
                Op::Store { .. } if inst == self.store.inst => {}
                op if op.effect() == Effect::Pure => {
                    local.insert(data.results[0], inst);
                }
                _ => return None,
            }
        }
        Some((load?, local))
    }
}

impl At {
    /// What a subscript is, given the nest's indices and what its body computes.
    fn of(f: &Function, s: Int, indices: &[Value], local: &FxHashMap<Value, Inst>) -> Option<At> {
        let axis = |v: Value| indices.iter().position(|&i| i == v);
        let Some(v) = s.value() else { return Some(At::Fixed(s)) };
        if let Some(axis) = axis(v) {
            return Some(At::Axis(axis));
        }
        let outside = |v: Value| match local.get(&v).map(|&inst| &f.inst(inst).op) {
            None => axis(v).is_none().then_some(Int::Value(v)),
            Some(Op::Const(adit_ir::Const::I64(c))) => Some(Int::Const(*c)),
            Some(_) => None,
        };
        if let Some(fixed) = outside(v) {
            return Some(At::Fixed(fixed));
        }
        let Op::Prim { prim, args } = &f.inst(*local.get(&v)?).op else { return None };
        let &[a, b] = &args[..] else { return None };
        match (axis(a), axis(b)) {
            (Some(axis), None) => Some(At::Moved { axis, prim: *prim, place: 0, other: outside(b)? }),
            (None, Some(axis)) => Some(At::Moved { axis, prim: *prim, place: 1, other: outside(a)? }),
            (_, _) => None,
        }
    }
}

/// Whether a load of a view, made one of what is viewed in the end, stops the program at the same subscripts, and says the same. What is let go of as a view only makes that easier for others.
fn stops_alike(views: &FxHashMap<Value, View>, f: &Function, facts: &Facts<'_>, load: Inst) -> bool {
    let Op::Load { array, subscripts } = &f.inst(load).op else { return false };
    let (mut array, mut proved) = (*array, SmallVec::<[bool; 4]>::new());
    let extents = f.ty(array).array().map(|ty| &ty.dims[..]).unwrap_or_default();
    proved.extend(subscripts.iter().zip(extents).map(|(&s, &extent)| facts.in_range(s, extent)));
    while let Some(view) = views.get(&array) {
        let Some(carried) = view.carry(f, facts, array, &proved) else { return false };
        (array, proved) = (view.of, carried);
    }
    true
}

impl View {
    /// Which subscripts of what is viewed are proved to be in range, given that of the view; nothing if one that is not would no longer be looked at, or after another.
    fn carry(&self, f: &Function, facts: &Facts<'_>, array: Value, proved: &[bool]) -> Option<SmallVec<[bool; 4]>> {
        let (ty, viewed) = (f.ty(array).array()?, f.ty(self.of).array()?);
        // Axes that are looked at anew have to come in order, since the first one out of range is told.
        let mut next = 0;
        let mut kept = |axis: usize| {
            let mut places = (0..self.at.len()).filter(|&m| matches!(self.at[m], At::Axis(k) if k == axis));
            let (Some(place), None) = (places.next(), places.next()) else { return false };
            let in_order = place >= next && facts.same(viewed.dims[place], ty.dims[axis]);
            next = place + 1;
            in_order
        };
        let alike = proved.iter().enumerate().all(|(axis, &proved)| proved || kept(axis));
        let carried = |at: &At| if let At::Axis(axis) = at { proved[*axis] } else { true };
        alike.then(|| self.at.iter().map(carried).collect())
    }
}

/// The body of a `for`.
fn body(f: &Function, inst: Inst) -> Option<Region> {
    match &f.inst(inst).op {
        Op::For { body, .. } => Some(*body),
        _ => None,
    }
}

/// Whether a loop counts from 0 to an extent, by 1, and carries nothing.
fn counts_through(f: &Function, facts: &Facts<'_>, inst: Inst, extent: Int) -> bool {
    match &f.inst(inst).op {
        Op::For { lo, hi, step, reversed: false, inits, .. } => {
            let literals = (facts.literal(*lo), facts.literal(*step)) == (Some(0), Some(1));
            literals && inits.is_empty() && facts.same(*hi, extent)
        }
        _ => false,
    }
}

/// Where in each region an array is written last.
struct LastWrites {
    /// Nothing for parameters that are never written.
    constant: FxHashSet<Value>,
    at: FxHashMap<(Region, Value), usize>,
}

impl LastWrites {
    fn new(module: &Module, f: &Function) -> Self {
        let constant = f.params.iter().filter(|p| p.passing == Passing::ByValue).map(|p| p.value).collect();
        let mut last = LastWrites { constant, at: FxHashMap::default() };
        last.visit(module, f, &Writes::of(module, f), f.body);
        last
    }

    fn visit(&mut self, module: &Module, f: &Function, writes: &Writes, region: Region) {
        for (place, &inst) in f.region(region).insts.iter().enumerate() {
            let op = &f.inst(inst).op;
            written(module, op, &mut |array| {
                self.at.insert((region, array), place);
            });
            for inner in op.regions() {
                self.visit(module, f, writes, inner);
                self.at.extend(writes.in_region(inner).iter().map(|&array| ((region, array), place)));
            }
        }
    }

    /// Whether nothing behind a place of a region writes an array.
    fn none_after(&self, region: Region, place: usize, array: Value) -> bool {
        self.constant.contains(&array) || self.at.get(&(region, array)).is_none_or(|&last| last <= place)
    }
}

/// The rewriting.
struct Through {
    views: FxHashMap<Value, View>,
    gone: FxHashSet<Inst>,
}

impl Rewrite for Through {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        if self.gone.contains(&inst) {
            return;
        }
        let data = copier.source.inst(inst);
        match &data.op {
            Op::Load { array, subscripts } if self.views.contains_key(array) => {
                let mut subscripts: Vec<Int> = subscripts.iter().map(|&s| copier.map.int(s)).collect();
                let mut array = *array;
                while let Some(view) = self.views.get(&array) {
                    subscripts = view.at.iter().map(|at| subscript(*at, copier, b, &subscripts)).collect();
                    array = view.of;
                }
                let v = b.load(copier.map.value(array), &subscripts);
                copier.map.set(data.results[0], v);
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

/// A subscript of what is viewed, from those of the view.
fn subscript(at: At, copier: &Copier<'_>, b: &mut Builder, of_view: &[Int]) -> Int {
    match at {
        At::Fixed(i) => copier.map.int(i),
        At::Axis(axis) => of_view[axis],
        At::Moved { axis, prim, place, other } => {
            let mut args = [of_view[axis], copier.map.int(other)].map(|i| b.int_value(i));
            if place == 1 {
                args.swap(0, 1);
            }
            Int::Value(b.prim(prim, &args))
        }
    }
}
