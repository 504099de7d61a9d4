//! Subscripts, slices, ranges, places and assignment.
//!
//! In: their syntax. Out: typed expressions and places. A subscript that is a position removes its dimension, a slice keeps it; a place is a variable, fields, and at
//! the end perhaps one pair of brackets.

use super::adapt::{self, adaptable};
use super::body::{Body, Mention};
use super::dims::{self, Arithmetic};
use super::expr::bad;
use super::fit::{Why, adapt_to};
use super::operators;
use super::report::{codes, count, is_error, is_silent};
use crate::typed::{
    BinOp, DimExpr, Expr, ExprKind, LocalId, Place, Range, Step, StmtKind, Subscript, SubscriptKind, Ty,
};
use adit_diag::{Diagnostic, Span};
use adit_ir::ScalarType;
use adit_syntax::ast::{self, AssignOp};

/// What a place is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Assign,
    Lend,
}

impl Body<'_, '_> {
    /// An expression that must be an `i64`, and what for.
    pub(super) fn integer(&mut self, e: &ast::Expr, what: &str) -> Expr {
        let typed = self.expr(e);
        self.must_be_integer(&typed, what);
        typed
    }

    #[inline(never)]
    fn must_be_integer(&mut self, e: &Expr, what: &str) {
        if e.ty == Ty::I64 || is_silent(&e.ty) {
            return;
        }
        let code = if what == SUBSCRIPT { codes::INDEX } else { codes::MISMATCH };
        let mut d = Diagnostic::new(code, e.span, format!("{what} is an `i64`, found `{}`", self.show(&e.ty)));
        if matches!(e.ty, Ty::Scalar(s) if s.is_float()) {
            d.help = Some("`i64(…)` converts, towards zero".to_owned());
        }
        self.checker.reports.push(d);
    }

    /// The values of a loop variable.
    #[inline(never)]
    pub(super) fn range(&mut self, r: &ast::Range) -> Range {
        Range {
            span: r.span,
            lo: Box::new(self.integer(&r.lo, "the start of a range")),
            hi: Box::new(self.integer(&r.hi, "the end of a range")),
            inclusive: r.inclusive,
            step: r.step.as_ref().map(|s| Box::new(self.integer(s, "the step of a range"))),
        }
    }

    #[inline(never)]
    pub(super) fn index(&mut self, span: Span, base: &ast::Expr, subscripts: &[ast::Subscript]) -> Expr {
        let base = self.expr(base);
        let subscripts: Vec<Subscript> = subscripts.iter().map(|s| self.subscript(s)).collect();
        match self.indexed(span, &base.ty, &subscripts) {
            Some(ty) => Expr { span, ty, kind: ExprKind::Index { base: Box::new(base), subscripts } },
            None => bad(span),
        }
    }

    #[inline(never)]
    fn subscript(&mut self, s: &ast::Subscript) -> Subscript {
        let kind = match &s.kind {
            ast::SubscriptKind::Index(e) => SubscriptKind::Index(self.integer(e, SUBSCRIPT)),
            ast::SubscriptKind::Slice { lo, hi, inclusive } => SubscriptKind::Slice {
                lo: lo.as_ref().map(|e| self.integer(e, SUBSCRIPT)),
                hi: hi.as_ref().map(|e| self.integer(e, SUBSCRIPT)),
                inclusive: *inclusive,
            },
        };
        Subscript { span: s.span, kind }
    }

    /// The type of `a[…]`.
    #[inline(never)]
    fn indexed(&mut self, span: Span, base: &Ty, subscripts: &[Subscript]) -> Option<Ty> {
        let Ty::Array { element, dims } = base else {
            if !is_silent(base) {
                let mut d = Diagnostic::new(
                    codes::INDEX,
                    span,
                    format!("a value of type `{}` has no subscripts", self.show(base)),
                );
                if matches!(base, Ty::Tuple(_)) {
                    d.help = Some("the parts of a tuple are `t.0`, `t.1`, …".to_owned());
                }
                self.checker.reports.push(d);
            }
            return None;
        };
        if dims.len() != subscripts.len() {
            self.wrong_count(span, base, dims.len(), subscripts.len());
            return None;
        }
        let kept: Vec<DimExpr> = subscripts.iter().zip(dims).filter_map(|(s, d)| self.kept(s, d)).collect();
        Some(match kept.is_empty() {
            true => Ty::Scalar(*element),
            false => Ty::Array { element: *element, dims: kept },
        })
    }

    fn wrong_count(&mut self, span: Span, base: &Ty, rank: usize, found: usize) {
        let message =
            format!("an array of type `{}` takes {}, found {found}", self.show(base), count(rank, "subscript"));
        let mut d = Diagnostic::new(codes::INDEX, span, message);
        if found < rank {
            let all = vec![".."; rank - found].join(", ");
            d.help = Some(format!("a whole row is `a[i, {all}]`"));
        }
        self.checker.reports.push(d);
    }

    /// The dimension that a subscript leaves.
    fn kept(&self, s: &Subscript, extent: &DimExpr) -> Option<DimExpr> {
        let SubscriptKind::Slice { lo, hi, inclusive } = &s.kind else { return None };
        let lo = lo.as_ref().map_or(DimExpr::Const(0), |e| self.dim_of(e));
        let hi = hi.as_ref().map_or_else(|| extent.clone(), |e| self.dim_of(e));
        Some(self.distance(lo, hi, *inclusive))
    }

    /// `hi - lo`, and one more if `hi` is taken; unknown if that is negative.
    pub(super) fn distance(&self, lo: DimExpr, hi: DimExpr, inclusive: bool) -> DimExpr {
        let mut distance = match lo == DimExpr::Const(0) {
            true => hi,
            false => dims::apply(Arithmetic::Sub.prim(), hi, lo, &self.scope),
        };
        if inclusive {
            distance = dims::apply(Arithmetic::Add.prim(), distance, DimExpr::Const(1), &self.scope);
        }
        if matches!(distance, DimExpr::Const(c) if c < 0) { DimExpr::Unknown } else { distance }
    }

    /// Something to assign or lend; `None` if it was wrong.
    #[inline(never)]
    pub(super) fn place(&mut self, e: &ast::Expr, purpose: Purpose) -> Option<Place> {
        let mut steps = Vec::new();
        let mut root = e;
        while let ast::ExprKind::Field { base, .. }
        | ast::ExprKind::TupleField { base, .. }
        | ast::ExprKind::Index { base, .. } = &root.kind
        {
            steps.push(root);
            root = base;
        }
        let local = self.place_root(root, e.span, purpose)?;
        let mut ty = self.scope.local(local).ty.clone();
        let at = self.mentions.len();
        self.mentions.push(Mention { local, path: Vec::new(), lent: purpose == Purpose::Lend, span: e.span });
        let mut path = Vec::new();
        for step in steps.into_iter().rev() {
            if matches!(path.last(), Some(Step::Index(_))) {
                self.index_twice(step.span);
                return None;
            }
            let (taken, next) = self.step(step, &ty)?;
            if let Step::Field(i) = taken {
                self.mentions[at].path.push(i);
            }
            path.push(taken);
            ty = next;
        }
        (!is_error(&ty)).then_some(Place { span: e.span, local, path, ty })
    }

    fn step(&mut self, e: &ast::Expr, ty: &Ty) -> Option<(Step, Ty)> {
        if let ast::ExprKind::Field { field, .. } = &e.kind {
            return self.field_of(ty, field).map(|(i, ty)| (Step::Field(i), ty));
        }
        if let ast::ExprKind::TupleField { index, index_span, .. } = &e.kind {
            return self.tuple_part(ty, *index, *index_span).map(|ty| (Step::Field(*index), ty));
        }
        let ast::ExprKind::Index { subscripts, .. } = &e.kind else { return None };
        let subscripts: Vec<Subscript> = subscripts.iter().map(|s| self.subscript(s)).collect();
        self.indexed(e.span, ty, &subscripts).map(|ty| (Step::Index(subscripts), ty))
    }

    fn index_twice(&mut self, span: Span) {
        self.checker.reports.push(
            Diagnostic::new(codes::NOT_A_PLACE, span, "part of a slice is not a place to assign or lend")
                .help("write one pair of brackets: `a[i, j]`"),
        );
    }

    fn place_root(&mut self, root: &ast::Expr, whole: Span, purpose: Purpose) -> Option<LocalId> {
        let ast::ExprKind::Name(name) = &root.kind else {
            if root.kind == ast::ExprKind::Error {
                self.checker.reports.fail();
            } else {
                let message = "only variables and parts of variables can be assigned or lent";
                self.checker.reports.say(codes::NOT_A_PLACE, whole, message);
            }
            return None;
        };
        let Some(local) = self.find(name) else {
            self.not_a_variable(root.span, name, purpose);
            return None;
        };
        let def = self.scope.local(local);
        if !def.mutable {
            if !is_error(&def.ty) {
                self.not_mutable(root.span, local, purpose);
            }
            return None;
        }
        Some(local)
    }

    fn not_a_variable(&mut self, span: Span, name: &str, purpose: Purpose) {
        let constant = self.checker.consts.contains_key(name) || super::consts::library_constant(name).is_some();
        if constant {
            let code = if purpose == Purpose::Lend { codes::LEND_IMMUTABLE } else { codes::NOT_MUTABLE };
            self.checker.reports.say(code, span, format!("`{name}` is a constant"));
        } else {
            self.no_such_value(span, name);
        }
    }

    fn not_mutable(&mut self, span: Span, local: LocalId, purpose: Purpose) {
        let def = self.scope.local(local);
        let name = &def.name;
        let (code, verb) = match purpose {
            Purpose::Lend => (codes::LEND_IMMUTABLE, "lent with `&mut`"),
            Purpose::Assign => (codes::NOT_MUTABLE, "assigned"),
        };
        let by_value = self.scope.fact(local).by_value;
        let captured = self.scope.fact(local).lasting;
        let message = if captured {
            format!("`{name}` can't be {verb}: a lambda has a copy of what it captures")
        } else if by_value {
            format!("`{name}` can't be {verb}: it is a parameter by value")
        } else {
            format!("`{name}` can't be {verb}: it is not declared `mut`")
        };
        let help = if captured {
            format!("make a variable of it in the lambda, `let mut {name} = {name};`")
        } else if by_value {
            format!("work on a copy, `let mut {name} = {name};`, or take it as `{name}: &mut {}`", self.show(&def.ty))
        } else {
            format!("declare it with `let mut {name}`")
        };
        let d = Diagnostic::new(code, span, message).label(def.span, "declared here").help(help);
        self.checker.reports.push(d);
    }

    #[inline(never)]
    pub(super) fn assign(
        &mut self,
        place: &ast::Expr,
        op: AssignOp,
        op_span: Span,
        value: &ast::Expr,
    ) -> Option<StmtKind> {
        let typed_place = self.place(place, Purpose::Assign);
        let mut typed = self.expr(value);
        let typed_place = typed_place?;
        if is_error(&typed.ty) {
            return None;
        }
        let op = match op.operator() {
            None => {
                self.fit_stored(&typed_place, place, &mut typed, value);
                None
            }
            Some(op) => Some(self.compound(&typed_place, op, op_span, &mut typed, value)?),
        };
        Some(StmtKind::Assign { place: typed_place, op, value: typed })
    }

    /// `place = value`: of the place's type; a slice also takes one number for all its elements.
    #[inline(never)]
    fn fit_stored(&mut self, place: &Place, source: &ast::Expr, e: &mut Expr, src: &ast::Expr) {
        let slice = matches!(place.path.last(), Some(Step::Index(_)));
        let want = match (&place.ty, &e.ty) {
            (Ty::Array { element, .. }, Ty::Scalar(_)) if slice => Ty::Scalar(*element),
            (Ty::Array { .. }, Ty::Scalar(_)) => {
                let message = format!("a number can't replace an array of type `{}`", self.show(&place.ty));
                let d = Diagnostic::new(codes::MISMATCH, src.span, message);
                let colons = "all elements are set by assigning to the slice: `a[..] = 0.0;`";
                self.checker.reports.push(d.help(colons));
                return;
            }
            _ => place.ty.clone(),
        };
        let why = match self.scope.fact(place.local).literal {
            Some((at, value)) if adapt::element(&e.ty) == Some(ScalarType::F64) => {
                Why::meant(format!("an integer, because of this; write `{value}.0`"), at)
            }
            _ => Why::at("what is assigned", source.span),
        };
        self.fit(e, src, &want, &why);
    }

    /// `place op= value`
    #[inline(never)]
    fn compound(
        &mut self,
        place: &Place,
        op: ast::BinaryOp,
        op_span: Span,
        e: &mut Expr,
        src: &ast::Expr,
    ) -> Option<BinOp> {
        let (Some(have), Some(given)) = (adapt::element(&place.ty), adapt::element(&e.ty)) else {
            self.no_compound(place, op, op_span, e);
            return None;
        };
        if have != given && adaptable(e, src, have) {
            adapt_to(e, src, &adapt::with_element(&e.ty, have));
        }
        let given = adapt::element(&e.ty);
        let scalar_place = matches!(place.ty, Ty::Scalar(_));
        if scalar_place && matches!(e.ty, Ty::Array { .. }) {
            self.no_compound(place, op, op_span, e);
            return None;
        }
        match operators::row(op.symbol(), &[have, have]) {
            Some(prim) if given == Some(have) => self.same_shape(place, e, src).then_some(BinOp::Prim(prim)),
            Some(_) if have != ScalarType::Bool && given.is_some_and(|g| g != ScalarType::Bool) => {
                self.mixed_compound(place, op, e, src);
                None
            }
            _ => {
                self.no_compound(place, op, op_span, e);
                None
            }
        }
    }

    fn same_shape(&mut self, place: &Place, e: &Expr, src: &ast::Expr) -> bool {
        matches!(e.ty, Ty::Scalar(_)) || self.fits(e, src, &place.ty, &Why::at("what is updated", place.span))
    }

    fn mixed_compound(&mut self, place: &Place, op: ast::BinaryOp, e: &Expr, src: &ast::Expr) {
        let (left, right) = (self.show(&place.ty), self.show(&e.ty));
        let message = format!("`{}=` of `{left}` and `{right}`: there is no implicit conversion", op.symbol());
        let mut d = Diagnostic::new(codes::INTEGER_FOR_FLOAT, place.span.to(src.span), message);
        let element = adapt::element(&place.ty).filter(|s| s.is_float());
        if let (Some(float), Some(ScalarType::I64)) = (element, adapt::element(&e.ty)) {
            d = self.float_help(d, e, src, float);
        } else if let Some(float) = element {
            d = d.help(format!("convert it: `{float}(…)`"));
        } else if let Some((at, value)) = self.scope.fact(place.local).literal {
            let name = &self.scope.local(place.local).name;
            d = d.label(at, format!("`{name}` is an integer, because of this"));
            d = d.help(format!("write `{value}.0`"));
        }
        self.checker.reports.push(d);
    }

    fn no_compound(&mut self, place: &Place, op: ast::BinaryOp, op_span: Span, e: &Expr) {
        let message =
            format!("`{}=` does not apply to `{}` and `{}`", op.symbol(), self.show(&place.ty), self.show(&e.ty));
        self.checker.reports.say(codes::NO_OPERATOR, op_span, message);
    }
}

const SUBSCRIPT: &str = "a subscript";
