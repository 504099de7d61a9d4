//! Places: what is assigned or lent.
//!
//! In: a [`Place`] and a value. Out: new slot values for scalars, stores for arrays. Subscripts are evaluated first, once; then the value, wholly; then, for `op=`, the old value is
//! read; then it is stored.
//!
//! ```text
//! a[1..n] = a[0..n - 1];      the value reads other elements of the array that it goes to: through a temporary
//! a = a + b;                  it reads the very element that it replaces: one loop, in place
//! ```

use super::env::{Lowerer, Slot};
use super::slices::{Part, all_positions};
use super::values::{Arr, Lazy, Origin, Val, Vals, View};
use crate::typed::*;
use adit_diag::Span;
use adit_ir::{Int, Ints, Prim, Value};
use smallvec::SmallVec;

/// A place, its subscripts evaluated.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// Slots of a variable or a part of it.
    Slots { first: u32, count: u32 },
    /// One element.
    Element { view: View, at: Ints },
    /// A slice of all of an array, and what stands between the brackets; positions are checked when it is read or written.
    Part { view: View, whole: View, parts: SmallVec<[Part; 2]> },
}

impl Lowerer<'_> {
    /// Evaluates the subscripts of a place.
    pub(super) fn target(&mut self, place: &Place) -> Target {
        let (start, end) = super::analysis::place_leaves(self.unit.program, &self.unit.sizes, self.def, place);
        let first = self.base(place.local) + start;
        let Some(Step::Index(subscripts)) = place.path.last() else {
            return Target::Slots { first, count: end - start };
        };
        let Slot::Array(view) = self.slot(first) else {
            return Target::Slots { first, count: 0 };
        };
        let view = (**view).clone();
        let parts = self.parts(&view, subscripts);
        self.at(place.span);
        match all_positions(&parts) {
            Some(at) => Target::Element { view, at },
            None => Target::Part { view: self.part_of(&view, &parts), whole: view, parts },
        }
    }

    pub(super) fn assign(&mut self, place: &Place, op: Option<BinOp>, value: &Expr) {
        let span = self.b.span();
        let target = self.target(place);
        let mut vals = self.expr(value);
        self.b.set_span(span);
        match target {
            Target::Slots { first, count } => self.assign_slots(place, first..first + count, op, &mut vals, span),
            Target::Element { view, at } => {
                if let Some(Val::Scalar(v)) = vals.pop() {
                    self.assign_element(place, &view, &at, op, v, span);
                }
            }
            Target::Part { view, whole, parts } => {
                if let Some(val) = vals.pop() {
                    self.at(place.span);
                    self.check_part(&whole, &parts);
                    self.assign_array(place, &view, op, &val, span);
                }
            }
        }
    }

    fn assign_slots(
        &mut self,
        place: &Place,
        slots: std::ops::Range<u32>,
        op: Option<BinOp>,
        vals: &mut Vals,
        span: Span,
    ) {
        if slots.len() > 1 {
            self.separate(slots.clone(), vals);
        }
        for (slot, val) in slots.zip(vals.iter()) {
            let current = self.slot(slot).clone();
            match (current, val) {
                (Slot::Array(view), val) => self.assign_array(place, &view, op, val, span),
                (Slot::Scalar(old), Val::Scalar(new)) => {
                    let new = match op {
                        None => *new,
                        Some(op) => self.combine_scalars(op, old, *new, span),
                    };
                    self.set_scalar(slot, new);
                }
                (Slot::Undefined, Val::Scalar(new)) => self.set_scalar(slot, *new),
                (Slot::Scalar(_) | Slot::Undefined, Val::Array(_)) => {}
            }
        }
    }

    /// Copies arrays that read any of the slots' storage, so that storing one leaf does not change another.
    fn separate(&mut self, slots: std::ops::Range<u32>, vals: &mut Vals) {
        let storage: Vec<_> = slots
            .filter_map(|slot| match self.slot(slot) {
                Slot::Array(view) => Some(view.array),
                Slot::Scalar(_) | Slot::Undefined => None,
            })
            .collect();
        for val in vals {
            let Val::Array(arr) = val else { continue };
            let mut reads = false;
            arr.lazy.each_view(&mut |view| reads |= storage.contains(&view.array));
            if reads {
                let view = self.fresh(arr);
                **arr = Arr::of_view(arr.element, view);
            }
        }
    }

    fn combine_scalars(&mut self, op: BinOp, old: Value, new: Value, span: Span) -> Value {
        match self.combine(op, span, Val::Scalar(old), Val::Scalar(new), [None, None]) {
            Val::Scalar(v) => v,
            Val::Array(_) => new,
        }
    }

    fn assign_element(&mut self, place: &Place, view: &View, at: &[Int], op: Option<BinOp>, v: Value, span: Span) {
        let is_float = self.element_type(view.array).is_float();
        self.at(place.span);
        match op {
            None => self.store(view, at, v),
            Some(BinOp::Prim(Prim::Add)) if is_float => {
                let subscripts = self.subscripts(view, at);
                self.b.acc(view.array, &subscripts, v);
            }
            Some(op) => {
                let old = self.load(view, at);
                self.b.set_span(span);
                let new = self.combine_scalars(op, old, v, span);
                self.at(place.span);
                self.store(view, at, new);
            }
        }
    }

    /// Stores an array, or a scalar everywhere.
    fn assign_array(&mut self, source: &Place, place: &View, op: Option<BinOp>, val: &Val, span: Span) {
        let element = self.element_type(place.array);
        let mut arr = match val {
            Val::Array(arr) => (**arr).clone(),
            Val::Scalar(v) => Arr { element, dims: place.dims.clone(), lazy: Lazy::Splat(*v) },
        };
        self.b.set_span(span);
        if op.is_none() {
            self.at(source.span);
        }
        self.require_shape(&place.dims, &arr.dims, "the place and the value");
        let mut conflict = false;
        arr.lazy.each_view(&mut |view| conflict |= view.array == place.array && !view.same_place(place));
        if conflict {
            let view = self.fresh(&arr);
            arr = Arr::of_view(arr.element, view);
        }
        if let Some(op) = op {
            let old = Arr::of_view(element, View { origin: Origin::Variable, ..place.clone() });
            let new = Val::Array(Box::new(arr));
            match self.combine(op, span, Val::Array(Box::new(old)), new, [None, None]) {
                Val::Array(combined) => arr = *combined,
                Val::Scalar(_) => return,
            }
        }
        if arr.view().is_none_or(|view| !view.same_place(place)) {
            self.b.set_span(span);
            self.fill(place, &arr);
        }
    }
}
