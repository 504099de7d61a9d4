//! Whether a value fits its place.
//!
//! In: a checked expression and the type its place wants. Out: the expression with its literals adapted, or one diagnostic. Dimensions that types can't decide fit;
//! they are compared when the program runs.

use super::adapt::{adapt, adaptable, element, with_element};
use super::body::Body;
use super::dims::{self, Comparison};
use super::report::{a_scalar, codes, is_silent};
use crate::typed::{Block, DimExpr, Expr, ExprKind, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::ScalarType;
use adit_syntax::ast::{self, BinaryOp};
use std::borrow::Cow;

/// Why a type is wanted.
pub(super) struct Why {
    what: Cow<'static, str>,
    at: Option<Span>,
    /// Whether what should be mended stands there, not where the value is.
    cure: bool,
}

impl Why {
    /// For this reason.
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Why {
        Why { what: what.into(), at: None, cure: false }
    }

    /// For a reason that stands at a place of its own.
    pub(super) fn at(what: impl Into<Cow<'static, str>>, at: Span) -> Why {
        Why { what: what.into(), at: (!at.is_none()).then_some(at), cure: false }
    }

    /// As [`Why::at`], for a place that most likely is the mistake.
    pub(super) fn meant(what: impl Into<Cow<'static, str>>, at: Span) -> Why {
        Why { cure: true, ..Why::at(what, at) }
    }

    pub(super) fn explain(&self, d: Diagnostic) -> Diagnostic {
        match self.at {
            Some(at) => d.label(at, self.what.to_string()),
            None => d.note(format!("wanted by {}", self.what)),
        }
    }
}

/// How a type differs from the one wanted.
enum Difference {
    /// An integer, where a float is wanted.
    Integer,
    /// Another sort of thing.
    Sort,
    /// Another rank.
    Rank,
    /// Two dimensions that are never equal.
    Dimension(DimExpr, DimExpr),
}

impl Body<'_, '_> {
    /// Makes a value fit, or says why it doesn't.
    #[inline(never)]
    pub(super) fn fit(&mut self, e: &mut Expr, src: &ast::Expr, want: &Ty, why: &Why) -> bool {
        adapt_to(e, src, want);
        self.fits(e, src, want, why)
    }

    /// As [`Body::fit`], for what can't adapt.
    #[inline(never)]
    pub(super) fn fits(&mut self, e: &Expr, src: &ast::Expr, want: &Ty, why: &Why) -> bool {
        let Some(difference) = self.difference(&e.ty, want) else { return true };
        let (have, wanted) = (self.show(&e.ty), self.show(want));
        let d = match difference {
            Difference::Integer => {
                let message =
                    format!("expected `{wanted}`, found `{have}`: integers don't become floats by themselves");
                let d = Diagnostic::new(codes::INTEGER_FOR_FLOAT, src.span, message);
                self.float_help(d, e, src, element(want).unwrap_or(ScalarType::F64))
            }
            Difference::Sort => {
                let d = Diagnostic::new(codes::MISMATCH, src.span, format!("expected `{wanted}`, found `{have}`"));
                if why.cure { d } else { conversion_help(d, &e.ty, want) }
            }
            Difference::Rank => Diagnostic::new(
                codes::RANK,
                src.span,
                format!("expected `{wanted}`, found `{have}`, which has another rank"),
            ),
            Difference::Dimension(have_dim, want_dim) => {
                let (have_dim, want_dim) = (self.names().dim(&have_dim), self.names().dim(&want_dim));
                let message = format!("expected `{wanted}`, found `{have}`: {have_dim} is not {want_dim}");
                Diagnostic::new(codes::DIMENSIONS, src.span, message)
            }
        };
        self.checker.reports.push(why.explain(d));
        false
    }

    fn difference(&self, have: &Ty, want: &Ty) -> Option<Difference> {
        if is_silent(have) || is_silent(want) {
            return None;
        }
        match (have, want) {
            (Ty::Scalar(a), Ty::Scalar(b)) => scalar_difference(*a, *b),
            (Ty::Array { element: a, dims: d }, Ty::Array { element: b, dims: e }) => {
                if d.len() != e.len() {
                    return Some(Difference::Rank);
                }
                scalar_difference(*a, *b).or_else(|| self.dims_difference(d, e))
            }
            (Ty::Struct { id: a, dims: d }, Ty::Struct { id: b, dims: e }) if a == b => self.dims_difference(d, e),
            (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
                a.iter().zip(b).find_map(|(a, b)| self.difference(a, b))
            }
            (Ty::Fn(Some(a)), Ty::Fn(Some(b))) if a.params.len() == b.params.len() => {
                let mut params = a.params.iter().zip(&b.params);
                let found = params.find_map(|(a, b)| {
                    if a.lent == b.lent { self.difference(&a.ty, &b.ty) } else { Some(Difference::Sort) }
                });
                found.or_else(|| self.difference(&a.result, &b.result))
            }
            _ => Some(Difference::Sort),
        }
    }

    /// Whether a type can't be another.
    pub(super) fn differs(&self, have: &Ty, want: &Ty) -> bool {
        self.difference(have, want).is_some()
    }

    fn dims_difference(&self, have: &[DimExpr], want: &[DimExpr]) -> Option<Difference> {
        have.iter()
            .zip(want)
            .find(|(a, b)| dims::compare(a, b, &self.scope) == Comparison::Different)
            .map(|(a, b)| Difference::Dimension(a.clone(), b.clone()))
    }

    /// Whether types tell that all dimensions agree.
    pub(super) fn same_dims(&self, a: &Ty, b: &Ty) -> bool {
        match (a, b) {
            (Ty::Array { dims: a, .. }, Ty::Array { dims: b, .. })
            | (Ty::Struct { dims: a, .. }, Ty::Struct { dims: b, .. }) => {
                a.iter().zip(b).all(|(a, b)| dims::compare(a, b, &self.scope) == Comparison::Same)
            }
            (Ty::Tuple(a), Ty::Tuple(b)) => a.iter().zip(b).all(|(a, b)| self.same_dims(a, b)),
            _ => true,
        }
    }

    /// Says how an integer becomes a float of this type.
    pub(super) fn float_help(&self, d: Diagnostic, e: &Expr, src: &ast::Expr, float: ScalarType) -> Diagnostic {
        if let ExprKind::Local(local) = e.kind
            && let Some((literal, value)) = self.scope.fact(local).literal
        {
            let name = &self.scope.local(local).name;
            let d = d.label(literal, "an integer, because of this");
            return d.help(format!("write `{value}.0` here if `{name}` is to be a float, else `{float}({name})`"));
        }
        if integer_division(src) {
            let d = d.note("`/` of two integers drops the fraction: `1 / 2` is 0");
            return d.help("write one of the numbers as a float: `1.0 / 2`");
        }
        if let ast::ExprKind::Name(name) = &src.kind {
            return d.help(format!("write `{float}({name})`"));
        }
        d.help(format!("convert it: `{float}(…)`"))
    }
}

fn integer_division(src: &ast::Expr) -> bool {
    matches!(&src.kind, ast::ExprKind::Binary { rest, .. } if rest.iter().any(|l| l.op == BinaryOp::Div))
}

fn scalar_difference(have: ScalarType, want: ScalarType) -> Option<Difference> {
    match (have, want) {
        _ if have == want => None,
        (ScalarType::I64, ScalarType::F64 | ScalarType::F32) => Some(Difference::Integer),
        _ => Some(Difference::Sort),
    }
}

fn conversion_help(d: Diagnostic, have: &Ty, want: &Ty) -> Diagnostic {
    match (element(have), element(want), have, want) {
        (Some(_), Some(to), Ty::Scalar(_), Ty::Scalar(_)) if to != ScalarType::Bool => {
            d.help(format!("convert it: `{to}(…)`"))
        }
        (Some(_), Some(ScalarType::Bool), Ty::Scalar(from), Ty::Scalar(_)) => {
            d.help(format!("this is {}; compare it with a number to get a `bool`", a_scalar(*from)))
        }
        (_, _, Ty::Scalar(_), Ty::Array { .. }) => d.help("`fill(value, n)` makes an array of one value"),
        _ => d,
    }
}

/// Adapts literals to the scalars of a type, as far as that is possible.
pub(super) fn adapt_to(e: &mut Expr, src: &ast::Expr, want: &Ty) {
    if let Ty::Tuple(wanted) = want {
        if matches!(e.ty, Ty::Tuple(_)) {
            adapt_tuple(e, src, wanted, want);
        }
        return;
    }
    if let Some(to) = element(want)
        && element(&e.ty).is_some_and(|have| have != to)
        && adaptable(e, src, to)
    {
        adapt(e, src, to);
    }
}

/// Adapts the parts of a tuple; values of blocks and branches are looked through.
fn adapt_tuple(e: &mut Expr, src: &ast::Expr, parts: &[Ty], want: &Ty) {
    match (&mut e.kind, &src.kind) {
        (ExprKind::Tuple(items), ast::ExprKind::Tuple(sources)) => {
            items.iter_mut().zip(sources).zip(parts).for_each(|((e, src), want)| adapt_to(e, src, want));
            e.ty = Ty::Tuple(items.iter().map(|e| e.ty.clone()).collect());
        }
        (ExprKind::Block(b), ast::ExprKind::Block(src)) => {
            adapt_block(b, src, want);
            e.ty = b.ty.clone();
        }
        (ExprKind::If { arms, otherwise }, ast::ExprKind::If { arms: sources, otherwise: last }) => {
            let blocks = arms.iter_mut().map(|a| &mut a.body).chain(otherwise);
            let sources = sources.iter().map(|a| &a.body).chain(last);
            for (b, src) in blocks.zip(sources) {
                adapt_block(b, src, want);
                if b.ty != Ty::Never {
                    e.ty = with_elements(&e.ty, &b.ty);
                }
            }
        }
        _ => {}
    }
}

fn adapt_block(b: &mut Block, src: &ast::Block, want: &Ty) {
    if let (Some(value), Some(src)) = (&mut b.value, &src.value) {
        adapt_to(value, src, want);
        b.ty = with_elements(&b.ty, &value.ty);
    }
}

/// The first type with the numbers of the second: dimensions stay.
pub(super) fn with_elements(ty: &Ty, numbers: &Ty) -> Ty {
    match (ty, numbers) {
        (Ty::Tuple(a), Ty::Tuple(b)) => Ty::Tuple(a.iter().zip(b).map(|(a, b)| with_elements(a, b)).collect()),
        _ => element(numbers).map_or_else(|| ty.clone(), |s| with_element(ty, s)),
    }
}
