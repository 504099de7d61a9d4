//! Subscripts: elements and parts of arrays.
//!
//! In: an array and what stands between its brackets. Out: an element, or a [`View`]: no element is copied until somebody keeps the part.
//!
//! Subscripts are evaluated from left to right. A slice is checked as soon as it is evaluated: `0 ≤ lo ≤ hi ≤` extent. Positions are checked when the element or part is read or written: those that name
//! one element by the `load` or `store` itself, those beside a slice here, since a part without elements reads none. What is in range by construction (`..`, an index of a loop up to this very
//! extent) is not checked.

use super::env::Lowerer;
use super::values::{Arr, Axis, Val, Vals, View};
use crate::typed::*;
use adit_ir::{CmpOp, Int, Ints, Prim, Trap, Value};
use smallvec::{SmallVec, smallvec};

/// A subscript, evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Position(Int),
    Slice { lo: Int, hi: Int },
}

impl Lowerer<'_> {
    pub(super) fn index(&mut self, e: &Expr, base: &Expr, subscripts: &[Subscript]) -> Vals {
        let mut arr = self.array(base);
        if arr.lazy.is_changeable() && subscripts.iter().any(|s| self.is_busy_subscript(s)) {
            let view = self.fresh(&arr);
            *arr = Arr::of_view(arr.element, view);
        }
        let view = self.as_view(&arr);
        let parts = self.parts(&view, subscripts);
        self.at(e.span);
        if let Some(positions) = all_positions(&parts) {
            self.check_positions(&view, &positions);
            let v = self.load(&view, &positions);
            return smallvec![Val::Scalar(v)];
        }
        self.check_part(&view, &parts);
        let view = self.part_of(&view, &parts);
        smallvec![Val::Array(Box::new(Arr::of_view(arr.element, view)))]
    }

    fn is_busy_subscript(&self, subscript: &Subscript) -> bool {
        match &subscript.kind {
            SubscriptKind::Index(e) => self.facts.is_busy(e),
            SubscriptKind::Slice { lo, hi, .. } => lo.iter().chain(hi).any(|e| self.facts.is_busy(e)),
        }
    }

    /// Evaluates subscripts, from left to right.
    pub(super) fn parts(&mut self, view: &View, subscripts: &[Subscript]) -> SmallVec<[Part; 2]> {
        let mut parts = SmallVec::new();
        for (subscript, &extent) in subscripts.iter().zip(&view.dims) {
            parts.push(match &subscript.kind {
                SubscriptKind::Index(e) => {
                    let v = self.scalar(e);
                    Part::Position(self.int(v))
                }
                SubscriptKind::Slice { lo, hi, inclusive } => {
                    self.slice(subscript, [lo.as_ref(), hi.as_ref()], *inclusive, extent)
                }
            });
        }
        parts
    }

    fn slice(&mut self, at: &Subscript, [lo, hi]: [Option<&Expr>; 2], inclusive: bool, extent: Int) -> Part {
        let lo = lo.map(|e| self.scalar(e));
        let hi = hi.map(|e| self.scalar(e));
        let lo = lo.map_or(Int::Const(0), |v| self.int(v));
        let mut bound = hi.map_or(extent, |v| self.int(v));
        if inclusive && hi.is_some() {
            bound = self.add(bound, Int::Const(1));
        }
        self.at(at.span);
        self.check_slice(lo, bound, extent);
        Part::Slice { lo, hi: bound }
    }

    /// Positions beside a slice must be in range.
    pub(super) fn check_part(&mut self, view: &View, parts: &[Part]) {
        let dims = view.dims.clone();
        for (part, &extent) in parts.iter().zip(&dims) {
            if let Part::Position(i) = *part {
                self.check_position(i, extent);
            }
        }
    }

    /// The part of a view.
    pub(super) fn part_of(&mut self, view: &View, parts: &[Part]) -> View {
        let mut dims = Ints::new();
        let mut along = Vec::new();
        for part in parts {
            along.push(dims.len());
            if let Part::Slice { lo, hi } = *part {
                let extent = self.sub(hi, lo);
                self.mark_natural(extent);
                dims.push(extent);
            }
        }
        let mut axes = SmallVec::new();
        for axis in &view.axes {
            axes.push(match *axis {
                Axis::Fixed(i) => Axis::Fixed(i),
                Axis::Along { dim, offset } => match parts[dim] {
                    Part::Position(i) => Axis::Fixed(self.add(i, offset)),
                    Part::Slice { lo, .. } => Axis::Along { dim: along[dim], offset: self.add(lo, offset) },
                },
            });
        }
        let all =
            |(part, &extent): (&Part, &Int)| matches!(*part, Part::Slice { lo: Int::Const(0), hi } if hi == extent);
        let whole = view.whole && parts.iter().zip(&view.dims).all(all);
        View { array: view.array, axes, dims, whole, origin: view.origin }
    }

    /// An element of a part must be in the part; one of all of an array is checked by whoever touches it.
    pub(super) fn check_positions(&mut self, view: &View, positions: &[Int]) {
        if !view.whole {
            let dims = view.dims.clone();
            positions.iter().zip(&dims).for_each(|(&i, &extent)| self.check_position(i, extent));
        }
    }

    pub(super) fn check_position(&mut self, i: Int, extent: Int) {
        if let Int::Value(v) = i
            && self.below.get(&v) == Some(&extent)
        {
            return;
        }
        if let (Int::Const(i), Int::Const(n)) = (i, extent)
            && (0..n).contains(&i)
        {
            return;
        }
        let (v, n) = (self.int_value(i), self.int_value(extent));
        let zero = self.int_value(Int::Const(0));
        let not_below = self.b.cmp(CmpOp::Ge, v, zero);
        let below = self.b.cmp(CmpOp::Lt, v, n);
        let inside = self.b.prim(Prim::And, &[not_below, below]);
        self.b.assert(inside, Trap::IndexOutOfRange, &[i, extent]);
    }

    fn check_slice(&mut self, lo: Int, hi: Int, extent: Int) {
        let mut inside: Option<Value> = None;
        let checks = [(Int::Const(0), lo), (lo, hi), (hi, extent)];
        for (a, b) in checks {
            if a == b || (a == Int::Const(0) && self.is_natural(b)) || is_ordered(a, b) {
                continue;
            }
            let (a, b) = (self.int_value(a), self.int_value(b));
            let ordered = self.b.cmp(CmpOp::Le, a, b);
            inside = Some(inside.map_or(ordered, |before| self.b.prim(Prim::And, &[before, ordered])));
        }
        if let Some(inside) = inside {
            self.b.assert(inside, Trap::BadSlice, &[lo, hi]);
        }
    }
}

fn is_ordered(a: Int, b: Int) -> bool {
    matches!((a, b), (Int::Const(a), Int::Const(b)) if a <= b)
}

/// The positions, if there are no slices.
pub(super) fn all_positions(parts: &[Part]) -> Option<Ints> {
    let position = |part: &Part| match part {
        Part::Position(i) => Some(*i),
        Part::Slice { .. } => None,
    };
    parts.iter().map(position).collect()
}
