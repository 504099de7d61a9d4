//! Library functions of numbers, applied element by element.
//!
//! In: a call of a library function whose parameters and result are numbers, with arguments of which some are arrays. Out: a comprehension of calls, after every
//! argument was evaluated once, in order; inside a reduction, a reduction over a generator, without an array between:
//!
//! ```text
//! normal_logpdf(y, 0, s * s)        { let scale = s * s; let n = size(y, 0); [normal_logpdf(y[i], 0.0, scale) for i in 0..n] }
//! sum(normal_logpdf(y, 0, s * s))   { let scale = s * s; let n = size(y, 0); sum(normal_logpdf(y[i], 0.0, scale) for i in 0..n) }
//! ```
//!
//! The user's own functions of numbers are not applied to arrays: there a comprehension says what is meant.

use super::Function;
use super::adapt::{adaptable, element, with_element};
use super::body::Body;
use super::calls::Call;
use super::expr::{bad, constant};
use super::fit::Why;
use super::library;
use super::operators::shaped;
use super::report::is_error;
use super::scope::Fact;
use crate::typed::{
    Arg, Block, Builtin, DimExpr, Expr, ExprKind, FnId, Generator, GeneratorLoop, LocalDef, LocalId, Pattern, Range,
    Reduction, Stmt, StmtKind, Subscript, SubscriptKind, Ty,
};
use adit_diag::Span;
use adit_ir::{Const, Prim, ScalarType};
use adit_syntax::ast;
use std::sync::Arc;

/// Names of loop variables and extents, outermost first.
const INDICES: [&str; 4] = ["i", "j", "k", "l"];

/// A mapped call being built.
struct Build {
    span: Span,
    stmts: Vec<Stmt>,
    /// The extents of the first array, once they have names.
    extents: Vec<LocalId>,
    /// The same, as the types of the others must have them.
    dims: Vec<DimExpr>,
}

impl Body<'_, '_> {
    /// A call of a library function.
    #[inline(never)]
    pub(super) fn library_call(&mut self, call: Call, id: FnId) -> Expr {
        let function = self.checker.function(id);
        let signature = &function.signature;
        let scalar = |ty: &Ty| matches!(ty, Ty::Scalar(_));
        let scalars = scalar(&signature.result) && signature.params.iter().all(|p| scalar(&p.ty));
        let defaults = library::defaults(call.name, call.args.len(), signature.params.len());
        if !scalars || signature.params.len() != call.args.len() + defaults.len() {
            return self.library_call_of_arrays(call, id, &function);
        }
        let Some((mut args, sources)) = self.plain_args(call) else { return bad(call.span) };
        let single = signature.result == Ty::F64 && args.iter().any(|e| element(&e.ty) == Some(ScalarType::F32));
        let mut fits = true;
        if single {
            args = args.into_iter().zip(&sources).map(|(e, src)| self.widened(e, src, &mut fits)).collect();
        }
        for ((e, src), param) in args.iter_mut().zip(sources).zip(&signature.params) {
            let want = match (&e.ty, element(&param.ty)) {
                (Ty::Array { .. }, Some(to)) => with_element(&e.ty, to),
                _ => param.ty.clone(),
            };
            let why = Why::new(format!("the parameter `{}` of `{}`", param.name, call.name));
            fits &= self.fit(e, src, &want, &why);
        }
        if !fits {
            return bad(call.span);
        }
        args.extend(defaults.iter().map(|x| constant(call.span, Const::F64(*x))));
        let value = if args.iter().all(|e| scalar(&e.ty)) {
            Expr {
                span: call.span,
                ty: signature.result.clone(),
                kind: ExprKind::Call { callee: id, args: args.into_iter().map(Arg::Value).collect() },
            }
        } else {
            self.mapped(call.span, id, &function, args)
        };
        if single { converted(Prim::Narrow, value, ScalarType::F32) } else { value }
    }

    /// A call of a library function that takes whole arrays; such functions are of `f64`, and serve `f32` by conversions.
    fn library_call_of_arrays(&mut self, call: Call, id: FnId, function: &Function) -> Expr {
        let params = &function.signature.params;
        let numbers = |ty: &Ty| element(ty).is_some();
        if params.len() != call.args.len() || !params.iter().all(|p| !p.lent && numbers(&p.ty)) {
            return self.function_call(call, id);
        }
        let Some((args, sources)) = self.plain_args(call) else { return bad(call.span) };
        self.in_double(call, id, args, &sources).unwrap_or_else(|| bad(call.span))
    }

    /// A call of a library function of `f64`; where arguments are `f32` they are converted, and so is what it gives.
    pub(super) fn in_double(
        &mut self,
        call: Call,
        id: FnId,
        mut args: Vec<Expr>,
        sources: &[&ast::Expr],
    ) -> Option<Expr> {
        let single = args.iter().any(|e| element(&e.ty) == Some(ScalarType::F32));
        let mut fits = true;
        if single {
            args = args.into_iter().zip(sources).map(|(e, src)| self.widened(e, src, &mut fits)).collect();
        }
        let value = fits.then(|| self.call_of_typed(call, id, args, sources)).flatten()?;
        let narrows = single && element(&value.ty) == Some(ScalarType::F64);
        Some(if narrows { converted(Prim::Narrow, value, ScalarType::F32) } else { value })
    }

    /// An argument of a library function among arguments of `f32`: the function computes in `f64`, and its value is rounded once.
    fn widened(&mut self, mut e: Expr, src: &ast::Expr, fits: &mut bool) -> Expr {
        match element(&e.ty) {
            Some(ScalarType::F32) => converted(Prim::Widen, e, ScalarType::F64),
            Some(ScalarType::F64) if !adaptable(&e, src, ScalarType::F32) => {
                let want = with_element(&e.ty, ScalarType::F32);
                *fits &= self.fit(&mut e, src, &want, &Why::new("the other arguments, which are `f32`"));
                e
            }
            Some(_) | None => e,
        }
    }

    #[inline(never)]
    fn mapped(&mut self, span: Span, callee: FnId, function: &Function, mut args: Vec<Expr>) -> Expr {
        let Some(dims) = self.broadcast(&args.iter_mut().collect::<Vec<_>>()) else { return bad(span) };
        let mark = self.scope.enter();
        let mut build = Build { span, stmts: Vec::new(), extents: Vec::new(), dims: Vec::new() };
        let args: Vec<Expr> =
            args.into_iter().zip(&function.signature.params).map(|(e, p)| self.named(&mut build, &p.name, e)).collect();
        let loops: Vec<GeneratorLoop> =
            build.extents.iter().enumerate().map(|(axis, extent)| self.index_over(span, axis, *extent)).collect();
        let indices: Vec<LocalId> = loops.iter().map(|l| l.var).collect();
        let element = Expr {
            span,
            ty: function.signature.result.clone(),
            kind: ExprKind::Call { callee, args: args.into_iter().map(|e| Arg::Value(at(e, &indices))).collect() },
        };
        self.scope.leave(mark);
        let Ty::Scalar(scalar) = element.ty else { return bad(span) };
        let ty = shaped(scalar, dims);
        let generator = Generator { loops, element: Box::new(element) };
        let value = Expr { span, ty: ty.clone(), kind: ExprKind::Comprehension(generator) };
        in_block(span, build.stmts, value, self.outside(&ty, mark.first))
    }

    /// An argument that can be mentioned in every iteration: a constant, or a variable.
    fn named(&mut self, build: &mut Build, name: &Arc<str>, e: Expr) -> Expr {
        let array = matches!(e.ty, Ty::Array { .. });
        let ascribed = (array && !build.extents.is_empty()).then(|| self.shaped_as_first(build, &e.ty));
        let ascribed = ascribed.filter(|ty| !self.same_dims(&e.ty, ty));
        let simple = matches!(e.kind, ExprKind::Const(_) | ExprKind::Local(_)) && ascribed.is_none();
        let named = if simple { e } else { self.bind(build, name, e, ascribed) };
        if let (Ty::Array { dims, .. }, true) = (&named.ty, build.extents.is_empty()) {
            for (axis, dim) in dims.iter().enumerate() {
                let extent = self.bind_extent(build, axis, dim, &named);
                build.extents.push(extent);
                build.dims.push(if *dim == DimExpr::Unknown { DimExpr::Local(extent) } else { dim.clone() });
            }
        }
        named
    }

    fn shaped_as_first(&self, build: &Build, ty: &Ty) -> Ty {
        match ty {
            Ty::Array { element, .. } => Ty::Array { element: *element, dims: build.dims.clone() },
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => ty.clone(),
        }
    }

    fn bind(&mut self, build: &mut Build, name: &Arc<str>, value: Expr, ascribed: Option<Ty>) -> Expr {
        let ty = ascribed.clone().unwrap_or_else(|| value.ty.clone());
        let local = self.hidden(build.span, name.clone(), ty.clone(), Fact::default());
        build
            .stmts
            .push(Stmt { span: build.span, kind: StmtKind::Let { pattern: Pattern::Local(local), value, ascribed } });
        read(build.span, local, ty)
    }

    fn bind_extent(&mut self, build: &mut Build, axis: usize, dim: &DimExpr, array: &Expr) -> LocalId {
        let fact = Fact { value: super::dims::Poly::of(dim, &self.scope), ..Fact::default() };
        let local = self.hidden(build.span, format!("n{axis}").into(), Ty::I64, fact);
        let args = vec![array.clone(), constant(build.span, Const::I64(axis as i64))];
        let value = Expr { span: build.span, ty: Ty::I64, kind: ExprKind::Builtin { builtin: Builtin::Size, args } };
        build.stmts.push(Stmt {
            span: build.span,
            kind: StmtKind::Let { pattern: Pattern::Local(local), value, ascribed: None },
        });
        local
    }

    fn index_over(&mut self, span: Span, axis: usize, extent: LocalId) -> GeneratorLoop {
        let name = INDICES.get(axis).copied().unwrap_or("i");
        GeneratorLoop {
            var: self.hidden(span, name.into(), Ty::I64, Fact::default()),
            range: Range {
                span,
                lo: Box::new(constant(span, Const::I64(0))),
                hi: Box::new(read(span, extent, Ty::I64)),
                inclusive: false,
                step: None,
            },
        }
    }

    fn hidden(&mut self, span: Span, name: Arc<str>, ty: Ty, fact: Fact) -> LocalId {
        let mutable = false;
        self.scope.declare(LocalDef { name, ty, mutable, span }, fact)
    }
}

/// Converted between floats, element by element.
fn converted(prim: Prim, e: Expr, to: ScalarType) -> Expr {
    if is_error(&e.ty) {
        return e;
    }
    Expr { span: e.span, ty: with_element(&e.ty, to), kind: ExprKind::Prim { prim, args: vec![e] } }
}

fn read(span: Span, local: LocalId, ty: Ty) -> Expr {
    Expr { span, ty, kind: ExprKind::Local(local) }
}

/// One element of an array; a number as it is.
fn at(e: Expr, indices: &[LocalId]) -> Expr {
    let (span, Ty::Array { element, .. }) = (e.span, &e.ty) else { return e };
    let subscript = |i: &LocalId| Subscript { span, kind: SubscriptKind::Index(read(span, *i, Ty::I64)) };
    Expr {
        span,
        ty: Ty::Scalar(*element),
        kind: ExprKind::Index { subscripts: indices.iter().map(subscript).collect(), base: Box::new(e) },
    }
}

fn in_block(span: Span, stmts: Vec<Stmt>, value: Expr, ty: Ty) -> Expr {
    let block = Block { span, stmts, value: Some(Box::new(value)), ty: ty.clone() };
    Expr { span, ty, kind: ExprKind::Block(block) }
}

/// A reduction of an array: if that is a comprehension of numbers, one over its generator, without the array.
pub(super) fn reduction(span: Span, op: Reduction, ty: Ty, mut e: Expr) -> Expr {
    if let ExprKind::Block(block) = &mut e.kind
        && block.value.as_ref().is_some_and(|v| is_of_numbers(v))
        && let Some(value) = block.value.take()
    {
        block.value = Some(Box::new(reduction(span, op, ty.clone(), *value)));
        block.ty = ty.clone();
        return Expr { span, ty, ..e };
    }
    if is_of_numbers(&e)
        && let ExprKind::Comprehension(generator) = e.kind
    {
        return Expr { span, ty, kind: ExprKind::Reduce { op, generator } };
    }
    Expr { span, ty, kind: ExprKind::Builtin { builtin: Builtin::Reduce(op), args: vec![e] } }
}

/// Whether it is a comprehension whose elements are numbers.
fn is_of_numbers(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Comprehension(g) if matches!(g.element.ty, Ty::Scalar(_)))
}
