//! Expressions: literals, names, blocks, `if`, unary operators; the way to all others.
//!
//! In: [`ast::Expr`]. Out: [`Expr`] with its type; after a mistake, one of the type [`error`]. Recursion goes as deep as the tree, which the parser has bounded, so
//! functions on that path are kept small.

use super::adapt::{self, literal};
use super::body::{Body, Mention, Use};
use super::consts::{library_constant, library_constants};
use super::dims::{self, Poly};
use super::fit::{Why, adapt_to, with_elements};
use super::report::{codes, error, is_error, is_silent};
use super::{derivatives, foreign, operators};
use crate::typed::{Arm, BinOp, Block, Builtin, DimExpr, Expr, ExprKind, Link, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::{Const, ScalarType};
use adit_syntax::ast::{self, UnaryOp};

/// An expression that was reported.
pub(super) fn bad(span: Span) -> Expr {
    Expr { span, ty: error(), kind: ExprKind::Tuple(Vec::new()) }
}

/// A literal.
pub(super) fn constant(span: Span, c: Const) -> Expr {
    let ty = match c {
        Const::F64(_) => Ty::F64,
        Const::F32(_) => Ty::F32,
        Const::I64(_) => Ty::I64,
        Const::Bool(_) => Ty::BOOL,
    };
    Expr { span, ty, kind: ExprKind::Const(c) }
}

impl Body<'_, '_> {
    /// Checks an expression that must give a value (unit is one).
    pub(super) fn expr(&mut self, e: &ast::Expr) -> Expr {
        match &e.kind {
            ast::ExprKind::Int(c) => constant(e.span, Const::I64(*c)),
            ast::ExprKind::Float(x) => constant(e.span, Const::F64(*x)),
            ast::ExprKind::Bool(b) => constant(e.span, Const::Bool(*b)),
            ast::ExprKind::Name(name) => self.name(e.span, name),
            ast::ExprKind::Unary { op, operand } => self.unary(e.span, *op, operand),
            ast::ExprKind::Binary { first, rest } => self.binary(e.span, first, rest),
            ast::ExprKind::Call { callee, args } => self.call(e.span, callee, args),
            ast::ExprKind::Index { base, subscripts } => self.index(e.span, base, subscripts),
            ast::ExprKind::Field { base, field } => self.field(e.span, base, field),
            ast::ExprKind::TupleField { base, index, index_span } => {
                self.tuple_field(e.span, base, *index, *index_span)
            }
            ast::ExprKind::Struct { name, fields } => self.struct_literal(e.span, name, fields),
            ast::ExprKind::Tuple(items) => self.tuple(e.span, items),
            ast::ExprKind::Array(items) => self.array_literal(e.span, items),
            ast::ExprKind::Comprehension(generator) => self.comprehension(e.span, generator),
            ast::ExprKind::If { arms, otherwise } => {
                let e = self.if_expr(e, arms, otherwise.as_ref(), Use::Kept);
                self.with_value(e)
            }
            ast::ExprKind::Block(b) => {
                let e = self.block_expr(e.span, b, Use::Kept);
                self.with_value(e)
            }
            ast::ExprKind::Lambda { .. } => {
                self.function_as_value(e.span, "a value");
                bad(e.span)
            }
            ast::ExprKind::Error => {
                self.checker.reports.fail();
                bad(e.span)
            }
        }
    }

    /// Refuses what always leaves before it gives a value.
    #[inline(never)]
    fn with_value(&mut self, e: Expr) -> Expr {
        if e.ty != Ty::Never {
            return e;
        }
        self.checker.reports.say(codes::NOT_INFERRED, e.span, "this never gives a value, so it has no type");
        bad(e.span)
    }

    #[inline(never)]
    fn name(&mut self, span: Span, name: &str) -> Expr {
        if let Some(local) = self.find(name) {
            if let Ty::Fn(_) = self.scope.local(local).ty {
                self.function_as_value(span, "a value");
                return bad(span);
            }
            self.mentions.push(Mention { local, path: Vec::new(), lent: false, span });
            return Expr { span, ty: self.scope.local(local).ty.clone(), kind: ExprKind::Local(local) };
        }
        let own = self.checker.own_constant(name);
        match own.or_else(|| library_constant(name).filter(|_| !self.is_own_function(name)).map(Some)) {
            Some(Some(c)) => constant(span, c),
            Some(None) => bad(span),
            None => {
                self.no_such_value(span, name);
                bad(span)
            }
        }
    }

    /// Whether the user's file defines such a function (and this is no library function).
    pub(super) fn is_own_function(&self, name: &str) -> bool {
        !self.checker.in_library && self.checker.function_names.contains_key(name)
    }

    pub(super) fn no_such_value(&mut self, span: Span, name: &str) {
        if self.names_function(name) || derivatives::find(name).is_some() {
            let message = format!("`{name}` is a function, and functions are no values");
            let d = Diagnostic::new(codes::FUNCTION_AS_VALUE, span, message);
            self.checker.reports.push(d.help(format!("call it: `{name}(…)`")));
        } else if self.checker.imports || !self.checker.missing.insert((self.owner.clone(), name.into())) {
            self.checker.reports.fail();
        } else {
            let known = self.scope.names().chain(self.checker.consts.keys().map(|k| &**k)).chain(library_constants());
            let similar = self.checker.reports.similar(name, known).map(str::to_owned);
            let mut d = Diagnostic::new(codes::UNKNOWN_NAME, span, format!("there is no variable `{name}` here"));
            d.help = foreign::value(name).or_else(|| similar.map(|s| format!("did you mean `{s}`?")));
            if d.help.is_none() && self.checker.struct_names.contains_key(name) {
                d.help = Some(format!("`{name}` is a struct; its values are written `{name} {{ … }}`"));
            }
            self.checker.reports.push(d);
        }
    }

    #[inline(never)]
    fn unary(&mut self, span: Span, op: UnaryOp, operand: &ast::Expr) -> Expr {
        let typed = self.expr(operand);
        if is_silent(&typed.ty) {
            return bad(span);
        }
        if op == UnaryOp::Neg
            && let ExprKind::Const(c) = typed.kind
            && let Some(negated) = negated(c, operand)
        {
            return constant(span, negated);
        }
        let found = adapt::element(&typed.ty).and_then(|s| operators::row(op.symbol(), &[s]));
        match found {
            Some(prim) => Expr {
                span,
                ty: adapt::with_element(&typed.ty, operators::result_of(prim, &[adapt::element(&typed.ty)])),
                kind: ExprKind::Prim { prim, args: vec![typed] },
            },
            None => {
                let message = format!("`{}` does not apply to `{}`", op.symbol(), self.show(&typed.ty));
                let mut d = Diagnostic::new(codes::NO_OPERATOR, span, message);
                if op == UnaryOp::Not && adapt::element(&typed.ty).is_some() {
                    d.help = Some("compare with `== 0`".to_owned());
                }
                self.checker.reports.push(d);
                bad(span)
            }
        }
    }

    #[inline(never)]
    pub(super) fn block_expr(&mut self, span: Span, b: &ast::Block, usage: Use) -> Expr {
        let block = self.block(b, usage);
        Expr { span, ty: block.ty.clone(), kind: ExprKind::Block(block) }
    }

    #[inline(never)]
    fn tuple(&mut self, span: Span, items: &[ast::Expr]) -> Expr {
        let items: Vec<Expr> = items.iter().map(|e| self.expr(e)).collect();
        if items.iter().any(|e| is_error(&e.ty)) {
            return bad(span);
        }
        let ty = Ty::Tuple(items.iter().map(|e| e.ty.clone()).collect());
        Expr { span, ty: self.checker.limited(ty, span), kind: ExprKind::Tuple(items) }
    }

    #[inline(never)]
    pub(super) fn if_expr(
        &mut self,
        e: &ast::Expr,
        arms: &[ast::Arm],
        otherwise: Option<&ast::Block>,
        usage: Use,
    ) -> Expr {
        let first = self.scope.next();
        let mut typed = Vec::with_capacity(arms.len());
        for arm in arms {
            let condition = self.condition(&arm.condition);
            let body = self.block(&arm.body, usage);
            typed.push(Arm { condition, body });
        }
        let mut last = otherwise.map(|b| self.block(b, usage));
        let ty = match (&mut last, usage) {
            (Some(last), Use::Dropped) => {
                let never = last.ty == Ty::Never && typed.iter().all(|a| a.body.ty == Ty::Never);
                if never { Ty::Never } else { Ty::unit() }
            }
            (None, Use::Dropped) => Ty::unit(),
            (None, Use::Kept) => self.without_else(e.span, arms, &typed),
            (Some(last), Use::Kept) => {
                let blocks: Vec<&mut Block> = typed.iter_mut().map(|a| &mut a.body).chain([last]).collect();
                let sources: Vec<&ast::Block> = arms.iter().map(|a| &a.body).chain(otherwise).collect();
                self.join(e.span, blocks, &sources)
            }
        };
        let ty = self.outside(&ty, first);
        let kind = ExprKind::If { arms: typed, otherwise: last };
        Expr { span: e.span, ty, kind }
    }

    /// An `if` without `else` gives nothing.
    #[inline(never)]
    fn without_else(&mut self, span: Span, arms: &[ast::Arm], typed: &[Arm]) -> Ty {
        let gives = |arm: &&Arm| !arm.body.ty.is_unit() && !is_silent(&arm.body.ty);
        if let Some(arm) = typed.iter().find(gives) {
            let at = arm.body.value.as_ref().map_or(arm.body.span, |v| v.span);
            let message =
                format!("this gives {}, but without `else` there is no value otherwise", self.show(&arm.body.ty));
            let d = Diagnostic::new(codes::NO_VALUE, at, message).label(span.at_end(), "an `else` is missing");
            self.checker.reports.push(d.help("add `else { … }`, or end the block with `;`"));
            return error();
        }
        let broken = arms.is_empty() || typed.iter().any(|a| is_error(&a.body.ty));
        if broken { error() } else { Ty::unit() }
    }

    /// The common type of the branches; literals adapt to floats in other branches.
    #[inline(never)]
    fn join(&mut self, span: Span, mut blocks: Vec<&mut Block>, sources: &[&ast::Block]) -> Ty {
        if blocks.iter().any(|b| is_error(&b.ty)) {
            return error();
        }
        let Some(model) = self.model(&blocks, sources) else { return Ty::Never };
        let mut ty = blocks.iter().fold(blocks[model].ty.clone(), |ty, b| floats_in_tuples(&ty, &b.ty));
        let why_at = sources[model].value.as_ref().map_or(sources[model].span, |v| v.span);
        for (index, (block, source)) in blocks.iter_mut().zip(sources).enumerate() {
            if block.ty == Ty::Never || (index == model && block.ty == ty) {
                continue;
            }
            let why = Why::at(format!("this branch gives `{}`", self.show(&ty)), why_at);
            if !self.fit_block(block, source, &ty, &why) {
                return error();
            }
            ty = known_dims(&ty, &block.ty);
        }
        self.known_before(span, ty)
    }

    /// The branch whose type the others must have.
    fn model(&self, blocks: &[&mut Block], sources: &[&ast::Block]) -> Option<usize> {
        let gives = blocks.iter().zip(sources).enumerate().filter(|(_, (b, _))| b.ty != Ty::Never);
        let mut unit = None;
        let parts = gives.filter_map(|(i, (b, src))| match &b.value {
            Some(value) => Some((i, &**value, src.value.as_deref())),
            None => {
                unit.get_or_insert(i);
                None
            }
        });
        adapt::model(parts).or(unit)
    }

    fn fit_block(&mut self, block: &mut Block, source: &ast::Block, ty: &Ty, why: &Why) -> bool {
        match (&mut block.value, &source.value) {
            (Some(value), Some(src)) => {
                adapt_to(value, src, ty);
                block.ty = with_elements(&block.ty, &value.ty);
                self.fits(value, src, ty, why)
            }
            _ => {
                let fits = ty.is_unit();
                if !fits {
                    let message = format!("this branch gives nothing, but another gives `{}`", self.show(ty));
                    let d = why.explain(Diagnostic::new(codes::NO_VALUE, source.span, message));
                    self.checker.reports.push(d);
                }
                fits
            }
        }
    }

    /// Refuses a type whose dimensions are not known before the expression is evaluated.
    pub(super) fn known_before(&mut self, span: Span, ty: Ty) -> Ty {
        if dims::all_dims(&ty, &|d| *d != DimExpr::Unknown) {
            return ty;
        }
        let message = format!("the shape of this, `{}`, is not known before it is evaluated", self.show(&ty));
        self.checker.reports.push(
            Diagnostic::new(codes::SHAPE_UNKNOWN, span, message)
                .help("make the array before, with `zeros(…)`, and assign to it; or name its size with `let` before"),
        );
        error()
    }

    /// An `i64` expression as a dimension.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other expressions are unknown before they run")]
    pub(super) fn dim_of(&self, e: &Expr) -> DimExpr {
        match &e.kind {
            ExprKind::Const(Const::I64(c)) => DimExpr::Const(*c),
            ExprKind::Local(local) if self.scope.is_dimension(*local) => DimExpr::Local(*local),
            ExprKind::Prim { prim, args } if *prim == operators::integer_negation() => {
                dims::apply(dims::Arithmetic::Sub.prim(), DimExpr::Const(0), self.dim_of(&args[0]), &self.scope)
            }
            ExprKind::Binary { first, rest } => {
                rest.iter().fold(self.dim_of(first), |dim, link| self.dim_link(dim, link))
            }
            ExprKind::Builtin { builtin: Builtin::Len, args } => extent(&args[0].ty, Some(0)),
            ExprKind::Builtin { builtin: Builtin::Size, args } => extent(&args[0].ty, axis(&args[1])),
            _ => DimExpr::Unknown,
        }
    }

    fn dim_link(&self, dim: DimExpr, link: &Link) -> DimExpr {
        match link.op {
            BinOp::Prim(op) if dim != DimExpr::Unknown && dims::is_arithmetic(op) => {
                dims::apply(op, dim, self.dim_of(&link.rhs), &self.scope)
            }
            BinOp::Prim(_) | BinOp::Cmp(_) | BinOp::And | BinOp::Or | BinOp::MatMul => DimExpr::Unknown,
        }
    }

    /// An `i64` expression as a polynomial that is small enough to be kept.
    pub(super) fn poly_of(&self, e: &Expr) -> Option<Poly> {
        let dim = self.dim_of(e);
        (dim != DimExpr::Unknown).then(|| Poly::of(&dim, &self.scope)).flatten().filter(Poly::is_small)
    }
}

fn axis(e: &Expr) -> Option<usize> {
    let ExprKind::Const(Const::I64(c)) = e.kind else { return None };
    usize::try_from(c).ok()
}

fn extent(ty: &Ty, axis: Option<usize>) -> DimExpr {
    match (ty, axis) {
        (Ty::Array { dims, .. }, Some(axis)) => dims.get(axis).cloned().unwrap_or(DimExpr::Unknown),
        _ => DimExpr::Unknown,
    }
}

/// `-1` and `-1.0` are literals.
fn negated(c: Const, operand: &ast::Expr) -> Option<Const> {
    match (c, &operand.kind) {
        (Const::I64(c), ast::ExprKind::Int(_)) if literal(operand).is_some() => Some(Const::I64(c.wrapping_neg())),
        (Const::F64(x), ast::ExprKind::Float(_)) => Some(Const::F64(-x)),
        _ => None,
    }
}

/// The tuple type, with floats where `other` has them instead of integers: literals can adapt to these.
fn floats_in_tuples(ty: &Ty, other: &Ty) -> Ty {
    let (Ty::Tuple(a), Ty::Tuple(b)) = (ty, other) else { return ty.clone() };
    if a.len() != b.len() {
        return ty.clone();
    }
    let part = |(a, b): (&Ty, &Ty)| match (adapt::element(a), adapt::element(b)) {
        (Some(ScalarType::I64), Some(float)) if float.is_float() => adapt::with_element(a, float),
        (Some(ScalarType::F64), Some(ScalarType::F32)) => adapt::with_element(a, ScalarType::F32),
        _ => floats_in_tuples(a, b),
    };
    Ty::Tuple(a.iter().zip(b).map(part).collect())
}

/// The dimensions of `ty`, and where these are unknown, those of `other`.
pub(super) fn known_dims(ty: &Ty, other: &Ty) -> Ty {
    let pick = |a: &[DimExpr], b: &[DimExpr]| {
        a.iter().zip(b).map(|(a, b)| if *a == DimExpr::Unknown { b } else { a }.clone()).collect()
    };
    match (ty, other) {
        (Ty::Array { element, dims: a }, Ty::Array { dims: b, .. }) => {
            Ty::Array { element: *element, dims: pick(a, b) }
        }
        (Ty::Struct { id, dims: a }, Ty::Struct { dims: b, .. }) => Ty::Struct { id: *id, dims: pick(a, b) },
        (Ty::Tuple(a), Ty::Tuple(b)) => Ty::Tuple(a.iter().zip(b).map(|(a, b)| known_dims(a, b)).collect()),
        _ => ty.clone(),
    }
}
