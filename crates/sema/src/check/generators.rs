//! Comprehensions, and reductions over generators.
//!
//! In: `e for i in 0..n, j in 0..m`. Out: typed loops and element. The extents of a comprehension are told from its ranges; they, and the shape of an element that
//! is an array, must be known before the first element is computed.

use super::adapt::element;
use super::body::{Body, Mention};
use super::dims;
use super::expr::bad;
use super::operators::shaped;
use super::report::{codes, is_error};
use crate::typed::{DimExpr, Expr, ExprKind, Generator, GeneratorLoop, LocalId, Range, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::Const;
use adit_syntax::ast;

/// A checked generator, and what a comprehension of it must know.
pub(super) struct Checked {
    pub(super) generator: Generator,
    /// The trip count of each loop.
    extents: Vec<DimExpr>,
    /// For each loop, whether its bounds mention an outer index.
    varies: Vec<bool>,
    /// The first local that is out of scope afterwards.
    first: LocalId,
}

impl Body<'_, '_> {
    /// Checks loops and element.
    #[inline(never)]
    pub(super) fn generator(&mut self, g: &ast::Generator) -> Checked {
        self.checker.duplicates(g.loops.iter().map(|l| &l.var), "index");
        self.watching += 1;
        let mark = self.scope.enter();
        let mut loops: Vec<GeneratorLoop> = Vec::with_capacity(g.loops.len());
        let mut extents = Vec::with_capacity(g.loops.len());
        let mut varies = Vec::with_capacity(g.loops.len());
        for l in &g.loops {
            let before = self.mentions.len();
            let range = self.range(&l.range);
            let index = |m: &Mention| loops.iter().any(|l| l.var == m.local);
            varies.push(self.mentions[before..].iter().any(index));
            extents.push(self.trip_count(&range));
            let var = self.index_variable(&l.var);
            loops.push(GeneratorLoop { var, range });
        }
        let element = Box::new(self.guarded(|this| this.expr(&g.element)));
        self.scope.leave(mark);
        self.watching -= 1;
        Checked { generator: Generator { loops, element }, extents, varies, first: mark.first }
    }

    /// How often a loop runs, where that can be told.
    #[inline(never)]
    fn trip_count(&self, range: &Range) -> DimExpr {
        let (lo, hi) = (self.dim_of(&range.lo), self.dim_of(&range.hi));
        if let (DimExpr::Const(lo), DimExpr::Const(hi)) = (&lo, &hi) {
            let step = range.step.as_ref().map_or(Some(1), |s| number(s));
            return constant_trips(*lo, *hi, range.inclusive, step).map_or(DimExpr::Unknown, DimExpr::Const);
        }
        match &range.step {
            None => self.distance(lo, hi, range.inclusive),
            Some(step) if number(step) == Some(1) => self.distance(lo, hi, range.inclusive),
            Some(_) => DimExpr::Unknown,
        }
    }

    #[inline(never)]
    pub(super) fn comprehension(&mut self, span: Span, g: &ast::Generator) -> Expr {
        let checked = self.generator(g);
        let Some(mut dims) = self.extents(g, &checked) else { return bad(span) };
        let inner = self.outside(&checked.generator.element.ty, checked.first);
        if is_error(&inner) {
            return bad(span);
        }
        let Some(element) = element(&inner) else {
            let message =
                format!("the elements of an array are numbers or arrays of one shape, found `{}`", self.show(&inner));
            self.checker.reports.say(codes::MISMATCH, g.element.span, message);
            return bad(span);
        };
        let inner = self.known_before(g.element.span, inner);
        match inner {
            Ty::Array { dims: more, .. } => dims.extend(more),
            inner if is_error(&inner) => return bad(span),
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => {}
        }
        Expr { span, ty: shaped(element, dims), kind: ExprKind::Comprehension(checked.generator) }
    }

    /// The extents in terms of what is known before the first element.
    #[inline(never)]
    fn extents(&mut self, g: &ast::Generator, checked: &Checked) -> Option<Vec<DimExpr>> {
        let mut dims = Vec::with_capacity(g.loops.len());
        for (index, extent) in checked.extents.iter().enumerate() {
            let outlives = |local| self.scope.outlives(local, checked.first);
            let outside = dims::outside(extent, &outlives, &self.scope);
            if outside == DimExpr::Unknown && checked.varies[index] {
                let l = &g.loops[index];
                let message =
                    format!("how many elements there are along `{}` must not depend on another index", l.var.name);
                self.checker.reports.push(
                    Diagnostic::new(codes::SHAPE_UNKNOWN, l.range.span, message).help(
                        "a reduction may have such bounds; an array is filled by loops: `let mut a = zeros(n, m);`",
                    ),
                );
                return None;
            }
            dims.push(outside);
        }
        Some(dims)
    }
}

fn number(e: &Expr) -> Option<i64> {
    if let ExprKind::Const(Const::I64(c)) = e.kind { Some(c) } else { None }
}

/// How many values `lo..hi step k` has.
fn constant_trips(lo: i64, hi: i64, inclusive: bool, step: Option<i64>) -> Option<i64> {
    let step = i128::from(step.filter(|s| *s != 0)?);
    let (lo, hi) = (i128::from(lo), i128::from(hi));
    // One past the last value allowed, in the direction of the step.
    let end = if inclusive { hi + step.signum() } else { hi };
    let distance = (end - lo) * step.signum();
    let trips = (distance + step.abs() - 1).div_euclid(step.abs());
    i64::try_from(trips.max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::constant_trips;

    #[test]
    fn trips_are_counted_as_loops_run() {
        for (lo, hi, inclusive, step) in [
            (0, 5, false, 1),
            (0, 5, true, 1),
            (5, 0, false, -2),
            (5, 0, true, -5),
            (3, 3, true, 1),
            (4, 3, true, 1),
            (0, 7, false, 3),
        ] {
            let mut count = 0;
            let mut i = lo;
            let before =
                |i: i64| if step > 0 { i < hi || (inclusive && i == hi) } else { i > hi || (inclusive && i == hi) };
            while before(i) {
                count += 1;
                i += step;
            }
            assert_eq!(constant_trips(lo, hi, inclusive, Some(step)), Some(count), "{lo}..{hi} step {step}");
        }
        assert_eq!(constant_trips(i64::MIN, i64::MAX, true, Some(1)), None);
        assert_eq!(constant_trips(0, 5, false, Some(0)), None);
    }
}
