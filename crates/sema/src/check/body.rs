//! Statements and blocks.
//!
//! In: the body of a function, and its signature. Out: the same as typed tree. A block whose end is never reached has the type [`Ty::Never`]; a block's `value` is there
//! only if it is neither unit nor never, else it stands among the statements.

use super::adapt::{element, with_element};
use super::dims;
use super::fit::Why;
use super::frames::{Frame, FrameId};
use super::lambdas::{InstanceOf, Site, shapeless};
use super::report::{Names, codes, error, is_error, is_silent};
use super::scope::{Fact, Scope};
use super::types::{DimNames, Found};
use super::{Checker, Function};
use crate::typed::{
    Block, DimExpr, Expr, ExprKind, FnDef, FnRules, LocalDef, LocalId, ParamDef, Pattern, Stmt, StmtKind, Ty,
};
use adit_diag::{Diagnostic, Span};
use adit_ir::{Const, ScalarType};
use adit_syntax::ast::{self, PatternKind};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// One function being checked.
pub(super) struct Body<'c, 'a> {
    pub(super) checker: &'c mut Checker<'a>,
    pub(super) scope: Scope,
    pub(super) result: Gives,
    /// Innermost last.
    pub(super) loops: Vec<Loop>,
    /// Variables mentioned since a call's arguments, or a comprehension, began.
    pub(super) mentions: Vec<Mention>,
    /// How many calls' arguments and comprehensions are being checked.
    pub(super) watching: u32,
    /// The active frame, to which all of the above belongs.
    pub(super) frame: FrameId,
    /// The function, and the lambdas in it that are being checked.
    pub(super) frames: Vec<Frame>,
    /// Lambdas, and what they were used for.
    pub(super) sites: Vec<(Site, Vec<InstanceOf>)>,
    /// How high the bodies of the lambdas being checked are, in sum.
    pub(super) height: u32,
    /// The function's name.
    pub(super) owner: Arc<str>,
    /// The name that a lambda is about to get.
    pub(super) naming: Option<Arc<str>>,
}

/// What `return` must give.
#[derive(Default)]
pub(super) enum Gives {
    /// There is no `return` in a constant.
    #[default]
    Nothing,
    /// The function's result, and where that is written.
    Told(Ty, Span),
    /// The first value tells.
    Lambda {
        /// What the result has to fit, without dimensions, if that is known.
        want: Option<Ty>,
        /// What was returned first.
        found: Option<Ty>,
        /// What would fit that and a later value that does not fit, without dimensions.
        joined: Option<Ty>,
        /// The body.
        at: Span,
    },
}

impl Gives {
    /// Notes a value that does not fit what a lambda returned before: literals may adapt to it.
    pub(super) fn join(&mut self, ty: &Ty) {
        if let Gives::Lambda { want: None, found: Some(found), joined, .. } = self {
            *joined = Some(joined_types(joined.as_ref().unwrap_or(found), ty));
        }
    }
}

/// A type that literals of one and values of the other may have, without dimensions: floats come before integers, `f32` before `f64`.
fn joined_types(a: &Ty, b: &Ty) -> Ty {
    let join = |a: ScalarType, b: ScalarType| match (a, b) {
        (ScalarType::I64 | ScalarType::F64, ScalarType::F32) => b,
        (ScalarType::I64, ScalarType::F64) => b,
        (ScalarType::F64 | ScalarType::F32 | ScalarType::I64 | ScalarType::Bool, _) => a,
    };
    match (a, b) {
        (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
            Ty::Tuple(a.iter().zip(b).map(|(a, b)| joined_types(a, b)).collect())
        }
        _ => match (element(a), element(b)) {
            (Some(x), Some(y)) => shapeless(&with_element(a, join(x, y))),
            (_, _) => shapeless(a),
        },
    }
}

/// A variable, or part of one, that an expression reads, assigns or lends.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) local: LocalId,
    /// Fields from there on; subscripts don't count.
    pub(super) path: Vec<u32>,
    pub(super) lent: bool,
    pub(super) span: Span,
}

/// Something that `break` can't go through, or a loop.
pub(super) enum Loop {
    /// A loop, and whether a `break` leaves it.
    Around { broken: bool },
    /// A condition or generator.
    Barrier,
}

/// Whether the value of a block or `if` is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is.
    Kept,
    /// It is not: it may be of any type.
    Dropped,
}

impl<'c, 'a> Body<'c, 'a> {
    fn new(checker: &'c mut Checker<'a>, scope: Scope, result: Gives, owner: Arc<str>) -> Self {
        let frames = vec![Frame::default()];
        let (loops, mentions, sites) = (Vec::new(), Vec::new(), Vec::new());
        Body {
            checker,
            scope,
            result,
            loops,
            mentions,
            watching: 0,
            frame: 0,
            frames,
            sites,
            height: 0,
            owner,
            naming: None,
        }
    }

    /// Checks a function.
    pub(super) fn check(checker: &'c mut Checker<'a>, function: &Function<'a>) -> FnDef {
        let signature = &function.signature;
        let item = function.item;
        let mut scope = Scope::with_locals(&signature.locals);
        for (index, p) in item.params.iter().enumerate() {
            scope.fact_mut(LocalId(index as u32)).by_value = !p.lent;
        }
        let result_span = item.result.as_ref().map_or(item.signature, |ty| ty.span);
        let result = Gives::Told(signature.result.clone(), result_span);
        let mut this = Body::new(checker, scope, result, function.name.clone());
        let known = this.checker.reports.known();
        let mut body = this.block(&item.body, Use::Kept);
        let broken = known != this.checker.reports.known();
        if function.external.is_none() {
            this.body_value(&mut body, item, &signature.result, broken);
        }
        this.unused_lambdas(0);
        FnDef {
            name: function.name.clone(),
            docs: function.docs.to_owned(),
            span: item.name.span,
            is_library: function.is_library,
            dims: signature.dims.clone(),
            params: signature.params.iter().enumerate().map(parameter).collect(),
            result: signature.result.clone(),
            external: function.external.clone(),
            rules: FnRules::default(),
            locals: this.scope.locals,
            lambdas: std::mem::take(&mut this.frames[0].lambdas),
            instance_of: None,
            body,
        }
    }

    /// Checks the value of a constant.
    pub(super) fn constant(checker: &'c mut Checker<'a>, value: &ast::Expr, ty: &Ty) -> Expr {
        let mut this = Body::new(checker, Scope::default(), Gives::Nothing, "const".into());
        let mut typed = this.expr(value);
        this.fit(&mut typed, value, ty, &Why::new("the constant's type"));
        typed
    }

    fn body_value(&mut self, body: &mut Block, item: &ast::FnItem, result: &Ty, broken: bool) {
        if body.ty == Ty::Never {
            return;
        }
        if let (Some(typed), Some(value)) = (&mut body.value, &item.body.value) {
            let why = match &item.result {
                Some(ty) => Why::at("the function's result", ty.span),
                None => Why::at("a function without `->` gives nothing", item.signature),
            };
            if self.fit(typed, value, result, &why) {
                body.ty = typed.ty.clone();
            }
        } else if !(result.is_unit() || is_silent(result) || is_error(&body.ty) || broken) {
            self.no_value(item, result);
        }
    }

    fn no_value(&mut self, item: &ast::FnItem, result: &Ty) {
        let message = format!("`{}` doesn't give {} on every path", item.name.name, self.names().ty(result));
        let end = Span { start: item.body.span.end.saturating_sub(1), ..item.body.span };
        let mut d = Diagnostic::new(codes::NO_VALUE, end, message).here("here the value is missing");
        if let Some(ty) = &item.result {
            d = d.label(ty.span, "the value that is to be returned");
        }
        if item.body.stmts.last().is_some_and(is_dropped_value) {
            d = d.help("leave out the last `;`: the last expression of a block is its value");
        }
        self.checker.reports.push(d);
    }

    /// What types mention.
    pub(super) fn names(&self) -> Names<'_> {
        Names { locals: &self.scope.locals, structs: &self.checker.structs }
    }

    /// A type as the source writes it.
    pub(super) fn show(&self, ty: &Ty) -> String {
        self.names().ty(ty)
    }

    /// Checks a block.
    pub(super) fn block(&mut self, b: &ast::Block, usage: Use) -> Block {
        let mark = self.scope.enter();
        let mut stmts = Vec::with_capacity(b.stmts.len() + 1);
        let mut never = false;
        for stmt in &b.stmts {
            let (kind, ends) = self.stmt(stmt);
            never |= ends;
            stmts.extend(kind.map(|kind| Stmt { span: stmt.span, kind }));
        }
        let mut value = b.value.as_ref().map(|v| self.used(v, usage));
        let mut ty = value.as_ref().map_or_else(Ty::unit, |v| v.ty.clone());
        if usage == Use::Dropped && ty != Ty::Never {
            ty = Ty::unit();
        }
        if ty.is_unit() && never {
            ty = Ty::Never;
        }
        if (ty.is_unit() || ty == Ty::Never)
            && let Some(v) = value.take()
        {
            stmts.push(Stmt { span: v.span, kind: StmtKind::Expr(v) });
        }
        self.scope.leave(mark);
        Block { span: b.span, stmts, value: value.map(Box::new), ty: self.outside(&ty, mark.first) }
    }

    /// A type without the locals from `first` on, which are out of scope.
    #[inline(never)]
    pub(super) fn outside(&self, ty: &Ty, first: LocalId) -> Ty {
        let outlives = |local| self.scope.outlives(local, first);
        if dims::all_dims(ty, &|dim| dims::is_within(dim, &outlives)) {
            return ty.clone();
        }
        dims::map_dims(ty, &|dim| dims::outside(dim, &outlives, &self.scope))
    }

    /// A type as written in a body: its dimensions may be any immutable `i64` in scope.
    #[inline(never)]
    pub(super) fn written_type(&mut self, ty: &ast::Type) -> Ty {
        self.open_type(ty, &[])
    }

    /// As [`Body::written_type`], where some names stand for dimensions that are not known yet.
    pub(super) fn open_type(&mut self, ty: &ast::Type, open: &[Arc<str>]) -> Ty {
        let mut names = Vec::new();
        dimension_names(ty, &mut names);
        let found = names.into_iter().filter_map(|name| Some((name.clone(), self.find(name)?))).collect();
        self.checker.resolve(ty, &ScopeDims { scope: &self.scope, found, open })
    }

    /// An expression whose value may be dropped.
    pub(super) fn used(&mut self, e: &ast::Expr, usage: Use) -> Expr {
        if let ast::ExprKind::If { arms, otherwise } = &e.kind {
            return self.if_expr(e, arms, otherwise.as_ref(), usage);
        }
        if let ast::ExprKind::Block(b) = &e.kind {
            return self.block_expr(e.span, b, usage);
        }
        self.expr(e)
    }

    /// A statement, unless it was wrong; and whether what follows is never reached.
    #[inline(never)]
    fn stmt(&mut self, s: &ast::Stmt) -> (Option<StmtKind>, bool) {
        if self.watching == 0 {
            self.mentions.clear();
        }
        match &s.kind {
            ast::StmtKind::Let { pattern, ty, value } => (self.let_stmt(pattern, ty.as_ref(), value), false),
            ast::StmtKind::Assign { place, op, op_span, value } => (self.assign(place, *op, *op_span, value), false),
            ast::StmtKind::Expr(e) => {
                let e = self.used(e, Use::Dropped);
                let never = e.ty == Ty::Never;
                (Some(StmtKind::Expr(e)), never)
            }
            ast::StmtKind::While(w) => self.while_stmt(w),
            ast::StmtKind::For(f) => (Some(self.for_stmt(f)), false),
            ast::StmtKind::Break => {
                self.leave_loop(s.span, "break", true);
                (Some(StmtKind::Break), true)
            }
            ast::StmtKind::Continue => {
                self.leave_loop(s.span, "continue", false);
                (Some(StmtKind::Continue), true)
            }
            ast::StmtKind::Return(value) => (Some(self.return_stmt(s.span, value.as_ref())), true),
        }
    }

    #[inline(never)]
    fn leave_loop(&mut self, span: Span, what: &str, breaks: bool) {
        match self.loops.last_mut() {
            Some(Loop::Around { broken }) => *broken |= breaks,
            Some(Loop::Barrier) => {
                let message = format!("`{what}` can't leave a loop condition, a comprehension or a reduction");
                self.checker.reports.say(codes::OUTSIDE_LOOP, span, message);
            }
            None => self.checker.reports.say(codes::OUTSIDE_LOOP, span, format!("`{what}` outside of a loop")),
        }
    }

    #[inline(never)]
    fn return_stmt(&mut self, span: Span, value: Option<&ast::Expr>) -> StmtKind {
        let (result, at) = match &self.result {
            Gives::Nothing => (Some(error()), span),
            Gives::Told(ty, at) => (Some(ty.clone()), *at),
            Gives::Lambda { want, found, at, .. } => (want.clone().or_else(|| found.clone()), *at),
        };
        let typed = value.map(|v| {
            let mut typed = self.expr(v);
            if let Some(result) = &result {
                let what =
                    if result.is_unit() { "a function without `->` gives nothing" } else { "the function's result" };
                if !self.fit(&mut typed, v, result, &Why::at(what, at)) {
                    self.result.join(&typed.ty);
                }
            }
            typed
        });
        let ty = typed.as_ref().map_or_else(Ty::unit, |v| v.ty.clone());
        if let Gives::Lambda { found: found @ None, .. } = &mut self.result {
            *found = Some(ty);
        }
        let result = result.unwrap_or_else(Ty::unit);
        if typed.is_none() && !result.is_unit() && !is_silent(&result) {
            let message = format!("this `return` must give {}", self.show(&result));
            let d = Diagnostic::new(codes::NO_VALUE, span, message).label(at, "the value that is to be returned");
            self.checker.reports.push(d);
        }
        StmtKind::Return(typed)
    }

    /// Checks something that `break` can't leave.
    pub(super) fn guarded<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> T {
        self.loops.push(Loop::Barrier);
        let checked = check(self);
        self.loops.pop();
        checked
    }

    /// The body of a loop; and whether a `break` leaves it.
    #[inline(never)]
    fn loop_body(&mut self, body: &ast::Block) -> (Block, bool) {
        self.loops.push(Loop::Around { broken: false });
        let body = self.block(body, Use::Dropped);
        let broken = matches!(self.loops.pop(), Some(Loop::Around { broken: true }));
        (body, broken)
    }

    #[inline(never)]
    fn while_stmt(&mut self, w: &ast::While) -> (Option<StmtKind>, bool) {
        let checkpoint = self.checkpoint(w.checkpoint.as_ref());
        let condition = self.guarded(|this| this.condition(&w.condition));
        let (body, broken) = self.loop_body(&w.body);
        let forever = matches!(w.condition.kind, ast::ExprKind::Bool(true)) && !broken;
        (Some(StmtKind::While { checkpoint, condition, body }), forever)
    }

    /// An expression that must be a `bool`.
    #[inline(never)]
    pub(super) fn condition(&mut self, e: &ast::Expr) -> Expr {
        let typed = self.expr(e);
        if typed.ty == Ty::BOOL || is_silent(&typed.ty) {
            return typed;
        }
        let message = format!("a condition is a `bool`, found `{}`", self.show(&typed.ty));
        let mut d = Diagnostic::new(codes::CONDITION, e.span, message);
        d.help = match &typed.ty {
            Ty::Scalar(ScalarType::F64 | ScalarType::F32 | ScalarType::I64) => Some("compare with `!= 0`".to_owned()),
            Ty::Array { element: ScalarType::Bool, .. } => Some("write `any(…)` or `all(…)`".to_owned()),
            Ty::Scalar(ScalarType::Bool)
            | Ty::Array { .. }
            | Ty::Struct { .. }
            | Ty::Tuple(_)
            | Ty::Fn(_)
            | Ty::Never => None,
        };
        self.checker.reports.push(d);
        typed
    }

    #[inline(never)]
    fn for_stmt(&mut self, f: &ast::For) -> StmtKind {
        let checkpoint = self.checkpoint(f.checkpoint.as_ref());
        let range = self.range(&f.range);
        let mark = self.scope.enter();
        let var = self.index_variable(&f.var);
        let (body, _) = self.loop_body(&f.body);
        self.scope.leave(mark);
        StmtKind::For { checkpoint, var, range, body }
    }

    /// Declares the variable of a loop; `_` can't be mentioned.
    pub(super) fn index_variable(&mut self, ident: &ast::Ident) -> LocalId {
        self.declare(ident.name.clone(), ident.span, Ty::I64, false, Fact::default())
    }

    fn declare(&mut self, name: Arc<str>, span: Span, ty: Ty, mutable: bool, fact: Fact) -> LocalId {
        let local = LocalDef { name, ty, mutable, span };
        self.scope.declare(local, fact)
    }

    #[inline(never)]
    fn let_stmt(&mut self, pattern: &ast::Pattern, ty: Option<&ast::Type>, value: &ast::Expr) -> Option<StmtKind> {
        if self.is_function(value) {
            return self.let_function(pattern, ty, value);
        }
        let mut typed = self.expr(value);
        let mut bound = typed.ty.clone();
        let mut ascribed = None;
        if let Some(ty) = ty {
            let wanted = self.written_type(ty);
            if self.fit(&mut typed, value, &wanted, &Why::at("the type ascribed", ty.span)) {
                ascribed = (!self.same_dims(&typed.ty, &wanted)).then(|| wanted.clone());
            }
            bound = wanted;
        }
        let fact = self.fact_of(&typed, value);
        let mut names = Vec::new();
        pattern_names(pattern, &mut names);
        self.checker.duplicates(names.into_iter(), "variable");
        let pattern = self.pattern(pattern, &bound, fact);
        Some(StmtKind::Let { pattern, value: typed, ascribed })
    }

    fn fact_of(&self, typed: &Expr, value: &ast::Expr) -> Fact {
        if typed.ty != Ty::I64 {
            let integers = matches!(typed.ty, Ty::Array { element: ScalarType::I64, .. });
            return Fact { literal: integers.then(|| first_integer(value)).flatten(), ..Fact::default() };
        }
        let literal = match (&value.kind, &typed.kind) {
            (ast::ExprKind::Int(c), _) => Some((value.span, *c)),
            (ast::ExprKind::Unary { .. }, ExprKind::Const(Const::I64(c))) => Some((value.span, *c)),
            _ => None,
        };
        Fact { value: self.poly_of(typed), literal, ..Fact::default() }
    }

    pub(super) fn pattern(&mut self, pattern: &ast::Pattern, ty: &Ty, fact: Fact) -> Pattern {
        match &pattern.kind {
            PatternKind::Name { name, mutable } => {
                let fact = Fact { value: fact.value.filter(|_| !mutable), ..fact };
                Pattern::Local(self.declare(name.name.clone(), name.span, ty.clone(), *mutable, fact))
            }
            PatternKind::Wildcard => Pattern::Wildcard,
            PatternKind::Tuple(parts) => Pattern::Tuple(self.tuple_pattern(pattern.span, parts, ty)),
            PatternKind::Error => {
                self.checker.reports.fail();
                Pattern::Wildcard
            }
        }
    }

    fn tuple_pattern(&mut self, span: Span, parts: &[ast::Pattern], ty: &Ty) -> Vec<Pattern> {
        let unknown = error();
        let mut items: &[Ty] = &[];
        match ty {
            Ty::Tuple(types) if types.len() == parts.len() => items = types,
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => {
                if !is_silent(ty) {
                    let message = format!("a pattern of {} names for a value of type `{}`", parts.len(), self.show(ty));
                    self.checker.reports.say(codes::MISMATCH, span, message);
                }
            }
        }
        let ty_of = |i: usize| items.get(i).unwrap_or(&unknown);
        parts.iter().enumerate().map(|(i, p)| self.pattern(p, ty_of(i), Fact::default())).collect()
    }
}

/// The dimensions that a type within a body may mention.
struct ScopeDims<'s> {
    scope: &'s Scope,
    found: FxHashMap<Arc<str>, LocalId>,
    /// Names whose values are not known yet.
    open: &'s [Arc<str>],
}

impl DimNames for ScopeDims<'_> {
    fn find(&self, name: &str) -> Found {
        match self.found.get(name) {
            Some(&local) if self.scope.is_dimension(local) => Found::Dim(DimExpr::Local(local)),
            Some(&local) if is_error(&self.scope.local(local).ty) => Found::Dim(DimExpr::Unknown),
            Some(_) => Found::Refused("is not an immutable `i64`"),
            None if self.open.iter().any(|open| **open == *name) => Found::Dim(DimExpr::Unknown),
            None => Found::Nothing,
        }
    }
}

/// The names in the dimensions of a type.
pub(super) fn dimension_names<'t>(ty: &'t ast::Type, out: &mut Vec<&'t Arc<str>>) {
    let mut pending: Vec<&ast::Expr> = Vec::new();
    match &ty.kind {
        ast::TypeKind::Named { dims, .. } => pending.extend(dims),
        ast::TypeKind::Array { element, dims } => {
            dimension_names(element, out);
            pending.extend(dims);
        }
        ast::TypeKind::Tuple(items) => items.iter().for_each(|t| dimension_names(t, out)),
        ast::TypeKind::Fn { params, result } => {
            params.iter().map(|p| &p.ty).chain(result.as_deref()).for_each(|t| dimension_names(t, out));
        }
        ast::TypeKind::Error => {}
    }
    while let Some(e) = pending.pop() {
        if let ast::ExprKind::Name(name) = &e.kind {
            out.push(name);
        } else if let ast::ExprKind::Unary { operand, .. } = &e.kind {
            pending.push(operand);
        } else if let ast::ExprKind::Binary { first, rest } = &e.kind {
            pending.push(first);
            pending.extend(rest.iter().map(|link| &link.rhs));
        }
    }
}

/// The names that a pattern declares.
fn pattern_names<'p>(pattern: &'p ast::Pattern, out: &mut Vec<&'p ast::Ident>) {
    match &pattern.kind {
        PatternKind::Name { name, .. } => out.push(name),
        PatternKind::Tuple(parts) => parts.iter().for_each(|p| pattern_names(p, out)),
        PatternKind::Wildcard | PatternKind::Error => {}
    }
}

fn parameter((index, p): (usize, &super::Parameter)) -> ParamDef {
    ParamDef { local: LocalId(index as u32), lent: p.lent, span: p.span }
}

/// Whether a statement computes a value and drops it.
fn is_dropped_value(s: &ast::Stmt) -> bool {
    matches!(&s.kind, ast::StmtKind::Expr(e) if !e.is_block_like())
}

/// The first element of an array, if that is written as an integer.
fn first_integer(value: &ast::Expr) -> Option<(Span, i64)> {
    if let ast::ExprKind::Array(items) = &value.kind {
        first_integer(items.first()?)
    } else if let ast::ExprKind::Comprehension(of) = &value.kind {
        first_integer(&of.element)
    } else if let ast::ExprKind::Int(c) = &value.kind {
        Some((value.span, *c))
    } else {
        None
    }
}
