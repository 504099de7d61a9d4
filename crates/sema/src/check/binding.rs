//! Dimension names that a lambda's parameters bind.
//!
//! In: the annotated parameters of a lambda, and its body. Out: which names its call binds, each with the place that tells, and a body that begins with them. A name that means something where the lambda is written
//! is not bound anew; names in types of functions are not bound at all.
//!
//! ```text
//! |a: [f64; m], b: [f64; m]| e        |a: [f64; _], b: [f64; _]| { let m = size(a, 0); let a: [f64; m] = a; let b: [f64; m] = b; e }
//! ```

use super::body::{Body, dimension_names};
use crate::typed::{DimExpr, StructDef, Ty};
use adit_syntax::ast::{
    self, Arg, ArgKind, Block, Expr, ExprKind, Ident, Pattern, PatternKind, Stmt, StmtKind, TypeKind,
};
use std::sync::Arc;

/// How deep structs are searched for the array that tells a dimension.
const MAX_PATH: usize = 64;

/// A name, and the expression that is its value.
pub(super) type Bound = (Arc<str>, Expr);

/// Where the extent of a dimension is to be seen: an array, and which of its extents.
struct Seen {
    array: Expr,
    axis: usize,
}

impl Body<'_, '_> {
    /// The names that a call of a lambda with these parameters binds.
    pub(super) fn bound_by(&mut self, params: &[ast::LambdaParam]) -> Vec<Bound> {
        let mut bound: Vec<Bound> = Vec::new();
        // Parameters themselves are no dimensions, and the type of a function can't wait for its call.
        let mut taken: Vec<&Arc<str>> = params.iter().map(|p| &p.name.name).collect();
        let types = params.iter().filter_map(|p| p.ty.as_ref());
        types.filter(|ty| matches!(ty.kind, TypeKind::Fn { .. })).for_each(|ty| dimension_names(ty, &mut taken));
        for param in params {
            let Some(ty) = &param.ty else { continue };
            let mut names = Vec::new();
            dimension_names(ty, &mut names);
            for name in names {
                let known = bound.iter().any(|(known, _)| known == name) || self.find(name).is_some();
                if known || taken.contains(&name) || self.checker.own_constant(name).is_some() {
                    continue;
                }
                let at = Expr { span: param.span, ..named(&param.name.name, param) };
                if let Some(Seen { array, axis }) = self.seen(ty, name, at) {
                    let axis = made(ExprKind::Int(axis as i64), param);
                    bound.push((name.clone(), call("#size", [array, axis], param)));
                }
            }
        }
        bound
    }

    /// Where a type mentions a dimension bare, in the value that stands `at` a place.
    fn seen(&self, ty: &ast::Type, name: &str, at: Expr) -> Option<Seen> {
        let bare = |dims: &[Expr]| dims.iter().position(|d| matches!(&d.kind, ExprKind::Name(n) if **n == *name));
        match &ty.kind {
            TypeKind::Array { dims, .. } => bare(dims).map(|axis| Seen { array: at, axis }),
            TypeKind::Named { name, dims } => {
                let (dim, id) = (bare(dims)?, self.checker.struct_names.get(&name.name)?);
                seen_in(&self.checker.structs, &self.checker.structs[id.0 as usize], dim, at, MAX_PATH)
            }
            TypeKind::Tuple(items) => {
                let mut items = (0u32..).zip(items);
                items.find_map(|(index, item)| self.seen(item, name, part(&at, index)))
            }
            TypeKind::Fn { .. } | TypeKind::Error => None,
        }
    }
}

/// Where a field of a struct mentions its dimension of this number bare.
fn seen_in(structs: &[StructDef], def: &StructDef, dim: usize, at: Expr, depth: usize) -> Option<Seen> {
    let depth = depth.checked_sub(1)?;
    def.fields.iter().find_map(|field| {
        let span = at.span;
        let field_of = ExprKind::Field { base: Box::new(at.clone()), field: Ident { name: field.name.clone(), span } };
        seen_at(structs, &field.ty, dim, Expr { kind: field_of, height: at.height + 1, ..at.clone() }, depth)
    })
}

fn seen_at(structs: &[StructDef], ty: &Ty, dim: usize, at: Expr, depth: usize) -> Option<Seen> {
    let bare = |dims: &[DimExpr]| dims.iter().position(|d| matches!(d, DimExpr::Struct(k) if *k as usize == dim));
    match ty {
        Ty::Array { dims, .. } => bare(dims).map(|axis| Seen { array: at, axis }),
        Ty::Struct { id, dims } => seen_in(structs, structs.get(id.0 as usize)?, bare(dims)?, at, depth),
        Ty::Tuple(items) => {
            let mut items = (0u32..).zip(items);
            items.find_map(|(index, item)| seen_at(structs, item, dim, part(&at, index), depth))
        }
        Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => None,
    }
}

/// The body, after what the call binds is bound, and compared with all that parameters mention.
pub(super) fn binding(bound: &[Bound], params: &[ast::LambdaParam], body: &Expr) -> Expr {
    if bound.is_empty() {
        return body.clone();
    }
    let let_ = |name: &Arc<str>, ty: Option<ast::Type>, value: Expr| {
        let span = value.span;
        let name = Ident { name: name.clone(), span };
        let pattern = Pattern { span, kind: PatternKind::Name { name, mutable: false } };
        Stmt { span, kind: StmtKind::Let { pattern, ty, value } }
    };
    let mut stmts: Vec<Stmt> = bound.iter().map(|(name, size)| let_(name, None, size.clone())).collect();
    for param in params {
        let Some(ty) = &param.ty else { continue };
        let mut names = Vec::new();
        dimension_names(ty, &mut names);
        let mentions = names.into_iter().any(|name| bound.iter().any(|(known, _)| known == name));
        if mentions && !param.lent && !matches!(ty.kind, TypeKind::Fn { .. }) {
            stmts.push(let_(&param.name.name, Some(ty.clone()), named(&param.name.name, param)));
        }
    }
    let height = body.height.saturating_add(2);
    let block = Block { span: body.span, height: height - 1, stmts, value: Some(Box::new(body.clone())) };
    Expr { height, kind: ExprKind::Block(block), ..body.clone() }
}

fn made(kind: ExprKind, at: &ast::LambdaParam) -> Expr {
    Expr { id: ast::ExprId(0), span: at.span, height: 1, kind }
}

fn named(name: &Arc<str>, at: &ast::LambdaParam) -> Expr {
    made(ExprKind::Name(name.clone()), at)
}

fn part(tuple: &Expr, index: u32) -> Expr {
    let kind = ExprKind::TupleField { base: Box::new(tuple.clone()), index, index_span: tuple.span };
    Expr { kind, height: tuple.height + 1, ..tuple.clone() }
}

fn call<const N: usize>(name: &str, args: [Expr; N], at: &ast::LambdaParam) -> Expr {
    let height = args.iter().map(|arg| arg.height).max().unwrap_or(0) + 1;
    let args = args.into_iter().map(|e| Arg { span: e.span, kind: ArgKind::Value(e) }).collect();
    let callee = Box::new(named(&name.into(), at));
    Expr { height, ..made(ExprKind::Call { callee, args }, at) }
}
