//! Generators: comprehensions, and reductions over a generator.
//!
//! In: loops and an element. Out: for a reduction a nest of loops that carries its accumulator; for a comprehension storage of the trip counts (and the element's own extents), then a nest of loops
//! from 0 that stores at its own indices, so that iterations are visibly independent.
//!
//! ```text
//! [x[i] - x[i - 1] for i in 1..n]       v3 = max(n - 1, 0); v4 = alloc [f64; v3]; for p in 0..v3 { i = p + 1; …; store v4[p], … }
//! ```
//!
//! The ranges of a comprehension are evaluated once, before its storage is made. One that depends on an index around it is evaluated in each iteration of that; types tell its trip count
//! beforehand, as they do the extents of elements that are arrays.

use super::analysis::Key;
use super::env::Lowerer;
use super::loops::Trip;
use super::values::{Arr, Axis, Origin, Sink, Val, Vals, View};
use crate::typed::*;
use adit_ir::{Int, Ints, Prim, ScalarType, Value};
use smallvec::{SmallVec, smallvec};

impl Lowerer<'_> {
    /// A nest of loops around a part that runs once per element; carries the temporaries `extra`.
    fn generate(&mut self, loops: &[GeneratorLoop], extra: &[u32], body: &mut dyn FnMut(&mut Self)) {
        let Some((first, rest)) = loops.split_first() else {
            body(self);
            return;
        };
        let span = self.b.span();
        let trip = self.trip(&first.range);
        self.b.set_span(span);
        self.counted(Key::of_generator(first), first.var, trip, extra, &mut |this| {
            this.generate(rest, extra, body);
        });
    }

    /// A reduction over a generator.
    pub(super) fn reduce(&mut self, e: &Expr, op: Reduction, generator: &Generator) -> Value {
        let depends = |l: &GeneratorLoop| self.facts.loops.get(&Key::of_generator(l)).is_some_and(|f| f.depends);
        if op == Reduction::LogSumExp && !generator.loops.iter().any(depends) {
            return self.reduce_stored(e, op, generator);
        }
        let element = match generator.element.ty {
            Ty::Scalar(s) => s,
            Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => ScalarType::F64,
        };
        let inits = self.start_reduction(op, element);
        let slots: Vec<u32> = inits.iter().map(|_| self.temporary()).collect();
        slots.iter().zip(&inits).for_each(|(&slot, &v)| self.set_scalar(slot, v));
        self.generate(&generator.loops, &slots, &mut |this| {
            let x = this.scalar(&generator.element);
            let carried: Vec<Value> = slots.iter().filter_map(|&s| this.slot(s).scalar()).collect();
            this.at(e.span);
            let next = this.step_reduction(op, element, &carried, x);
            slots.iter().zip(next).for_each(|(&slot, v)| this.set_scalar(slot, v));
        });
        self.settle();
        self.at(e.span);
        let last: Vec<Value> = slots.iter().filter_map(|&s| self.slot(s).scalar()).collect();
        self.finish_reduction(op, &last)
    }

    /// A reduction that reads its elements twice stores them first, if their number is known.
    fn reduce_stored(&mut self, e: &Expr, op: Reduction, generator: &Generator) -> Value {
        let mut trips = Vec::new();
        let mut dims = Ints::new();
        for l in &generator.loops {
            let trip = self.trip(&l.range);
            dims.push(self.trip_count(trip));
            trips.push(Some(trip));
        }
        self.at(e.span);
        let element = element_of(&generator.element.ty);
        let place = self.storage(element, &dims);
        self.fill_comprehension(e, generator, &trips, &place);
        self.settle();
        self.at(e.span);
        self.reduce_array(e, op, &Arr::of_view(element, place))
    }

    pub(super) fn comprehension(&mut self, e: &Expr, generator: &Generator) -> Vals {
        let element = element_of(&e.ty);
        let (trips, dims) = self.comprehension_shape(e, generator);
        self.at(e.span);
        let place = self.storage(element, &dims);
        self.fill_comprehension(e, generator, &trips, &place);
        smallvec![Val::Array(Box::new(Arr::of_view(element, place)))]
    }

    /// Stores the elements where they are wanted, if that has the right shape for sure.
    pub(super) fn comprehension_into(&mut self, e: &Expr, generator: &Generator, sinks: &[Sink]) {
        let element = element_of(&e.ty);
        let (trips, dims) = self.comprehension_shape(e, generator);
        self.at(e.span);
        if let Some(place) = self.direct_place(sinks.first(), &dims) {
            self.fill_comprehension(e, generator, &trips, &place);
            return;
        }
        let place = self.storage(element, &dims);
        self.fill_comprehension(e, generator, &trips, &place);
        self.settle();
        let vals: Vals = smallvec![Val::Array(Box::new(Arr::of_view(element, place)))];
        self.deliver(e, &vals, sinks);
    }

    /// The ranges that can be evaluated beforehand, and all extents.
    fn comprehension_shape(&mut self, e: &Expr, generator: &Generator) -> (Vec<Option<Trip>>, Ints) {
        let mut trips = Vec::new();
        let mut dims = Ints::new();
        let types = self.leaf_dims(&e.ty).pop().unwrap_or_default();
        for (i, l) in generator.loops.iter().enumerate() {
            let depends = self.facts.loops.get(&Key::of_generator(l)).is_some_and(|facts| facts.depends);
            let trip = if depends { None } else { Some(self.trip(&l.range)) };
            let count = match trip {
                Some(trip) => self.trip_count(trip),
                None => self.known_dim(e, types.get(i)),
            };
            trips.push(trip);
            dims.push(count);
        }
        for dim in types.iter().skip(generator.loops.len()) {
            dims.push(self.known_dim(e, Some(dim)));
        }
        (trips, dims)
    }

    /// How often a loop runs.
    fn trip_count(&mut self, trip: Trip) -> Int {
        let Trip { lo, hi, step } = trip;
        let distance = self.sub(hi, lo);
        let count = match step {
            Int::Const(1) if lo == Int::Const(0) && self.is_natural(hi) => return hi,
            Int::Const(1) => distance,
            Int::Const(c) if c != 0 => {
                let reach = self.add(distance, Int::Const(c.wrapping_sub(c.signum())));
                self.arith(Prim::Idiv, reach, step)
            }
            Int::Const(_) | Int::Value(_) => {
                let v = self.int_value(step);
                let sign = self.b.prim(Prim::Isign, &[v]);
                let spare = self.sub(step, Int::Value(sign));
                let reach = self.add(distance, spare);
                self.arith(Prim::Idiv, reach, step)
            }
        };
        let count = self.arith(Prim::Imax, count, Int::Const(0));
        self.mark_natural(count);
        count
    }

    fn fill_comprehension(&mut self, e: &Expr, generator: &Generator, trips: &[Option<Trip>], place: &View) {
        self.fill_loops(e, generator, trips, place, &mut Vec::new());
    }

    fn fill_loops(
        &mut self,
        e: &Expr,
        generator: &Generator,
        trips: &[Option<Trip>],
        place: &View,
        indices: &mut Vec<Int>,
    ) {
        let at = indices.len();
        let Some(l) = generator.loops.get(at) else {
            self.fill_element(e, &generator.element, place, indices);
            return;
        };
        let count = place.dims[at];
        let trip = match trips[at] {
            Some(trip) => trip,
            None => {
                let trip = self.trip(&l.range);
                let found = self.trip_count(trip);
                self.require_same(count, found, "the lengths of two rows of a comprehension".into());
                trip
            }
        };
        self.at(e.span);
        let positions = Trip { lo: Int::Const(0), hi: count, step: Int::Const(1) };
        let var = self.base(l.var);
        self.counted(Key::of_generator(l), l.var, positions, &[], &mut |this| {
            let Some(position) = this.slot(var).scalar() else { return };
            let distance = this.arith(Prim::Imul, Int::Value(position), trip.step);
            let index = this.add(distance, trip.lo);
            let index = this.int_value(index);
            this.set_scalar(var, index);
            indices.push(Int::Value(position));
            this.fill_loops(e, generator, trips, place, indices);
            indices.pop();
        });
    }

    fn fill_element(&mut self, e: &Expr, element: &Expr, place: &View, indices: &[Int]) {
        if matches!(element.ty, Ty::Array { .. }) {
            let row = self.row(place, indices);
            self.expr_into(element, &[Sink::Place(row)]);
            return;
        }
        let v = self.scalar(element);
        self.at(e.span);
        self.store(place, indices, v);
    }

    /// The part of a place at these leading indices.
    pub(super) fn row(&mut self, place: &View, indices: &[Int]) -> View {
        let mut axes = SmallVec::new();
        for axis in &place.axes {
            axes.push(match *axis {
                Axis::Along { dim, offset } if dim < indices.len() => Axis::Fixed(self.add(indices[dim], offset)),
                Axis::Along { dim, offset } => Axis::Along { dim: dim - indices.len(), offset },
                Axis::Fixed(i) => Axis::Fixed(i),
            });
        }
        let dims = place.dims[indices.len()..].into();
        View { array: place.array, axes, dims, whole: false, origin: Origin::Variable }
    }
}

/// The element type of an array type.
pub(super) fn element_of(ty: &Ty) -> ScalarType {
    match ty {
        Ty::Array { element, .. } => *element,
        Ty::Scalar(element) => *element,
        Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => ScalarType::F64,
    }
}
