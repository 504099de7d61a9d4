//! How deep a tree is.
//!
//! What goes in: the parts of a node that is being built. What comes out: the length of the longest path
//! through it, itself included, so that the parser can refuse the node when it passes
//! [`MAX_DEPTH`](crate::ast::MAX_DEPTH). Each child knows its own height: the cost is one look at each.

use crate::ast::{
    Arg, ArgKind, Arm, Block, Checkpoint, CheckpointPolicy, Expr, ExprKind, Generator, Range, Stmt, StmtKind,
    Subscript, SubscriptKind, Type, TypeKind,
};

/// The height of an expression of this kind.
pub(crate) fn of_expr(kind: &ExprKind) -> usize {
    1 + match kind {
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Error => 0,
        ExprKind::Unary { operand, .. } => expr(operand),
        ExprKind::Binary { first, rest } => expr(first).max(most(rest, |link| expr(&link.rhs))),
        ExprKind::Call { callee, args } => expr(callee).max(most(args, arg)),
        ExprKind::Index { base, subscripts } => expr(base).max(most(subscripts, subscript)),
        ExprKind::Field { base, .. } | ExprKind::TupleField { base, .. } => expr(base),
        ExprKind::Struct { fields, .. } => most(fields, |field| expr(&field.value)),
        ExprKind::Tuple(elements) | ExprKind::Array(elements) => most(elements, expr),
        ExprKind::Comprehension(generator) => of_generator(generator),
        ExprKind::If { arms, otherwise } => of_arms(arms, otherwise.as_ref()),
        ExprKind::Block(block) => usize::from(block.height),
        ExprKind::Lambda { params, body } => expr(body).max(most(params, |p| p.ty.as_ref().map_or(0, ty))),
    }
}

/// The height of a type of this kind.
pub(crate) fn of_type(kind: &TypeKind) -> usize {
    1 + match kind {
        TypeKind::Error => 0,
        TypeKind::Named { dims, .. } => most(dims, expr),
        TypeKind::Array { element, dims } => ty(element).max(most(dims, expr)),
        TypeKind::Tuple(elements) => most(elements, ty),
        TypeKind::Fn { params, result } => most(params, |p| ty(&p.ty)).max(result.as_ref().map_or(0, |t| ty(t))),
    }
}

/// The height of a block: that of its deepest statement.
pub(crate) fn of_block(stmts: &[Stmt], value: Option<&Expr>) -> usize {
    most(stmts, stmt).max(value.map_or(0, expr))
}

fn stmt(stmt: &Stmt) -> usize {
    match &stmt.kind {
        StmtKind::Let { ty: ascribed, value, .. } => expr(value).max(ascribed.as_ref().map_or(0, ty)),
        StmtKind::Assign { place, value, .. } => expr(place).max(expr(value)),
        StmtKind::Expr(value) => expr(value),
        StmtKind::While(w) => 1 + expr(&w.condition).max(block(&w.body)).max(checkpoint(w.checkpoint.as_ref())),
        StmtKind::For(f) => 1 + range(&f.range).max(block(&f.body)).max(checkpoint(f.checkpoint.as_ref())),
        StmtKind::Return(value) => value.as_ref().map_or(0, expr),
        StmtKind::Break | StmtKind::Continue => 0,
    }
}

fn of_arms(arms: &[Arm], otherwise: Option<&Block>) -> usize {
    let arm = |(i, arm): (usize, &Arm)| i + expr(&arm.condition).max(block(&arm.body));
    let deepest = arms.iter().enumerate().map(arm).max().unwrap_or(0);
    deepest.max(otherwise.map_or(0, |b| arms.len() - 1 + block(b)))
}

fn of_generator(generator: &Generator) -> usize {
    expr(&generator.element).max(most(&generator.loops, |l| range(&l.range)))
}

fn arg(arg: &Arg) -> usize {
    match &arg.kind {
        ArgKind::Value(value) | ArgKind::Lent(value) => expr(value),
        ArgKind::Text(_) => 0,
        ArgKind::Generator(generator) => of_generator(generator),
    }
}

fn subscript(subscript: &Subscript) -> usize {
    match &subscript.kind {
        SubscriptKind::Index(index) => expr(index),
        SubscriptKind::Slice { lo, hi, .. } => [lo, hi].into_iter().flatten().map(expr).max().unwrap_or(0),
    }
}

fn range(range: &Range) -> usize {
    expr(&range.lo).max(expr(&range.hi)).max(range.step.as_ref().map_or(0, expr))
}

fn checkpoint(checkpoint: Option<&Checkpoint>) -> usize {
    checkpoint.map_or(0, |c| match &c.policy {
        CheckpointPolicy::Every(k) | CheckpointPolicy::Binomial(k) => expr(k),
        CheckpointPolicy::Budget(_) | CheckpointPolicy::Error => 0,
    })
}

fn block(block: &Block) -> usize {
    usize::from(block.height)
}

fn expr(expr: &Expr) -> usize {
    usize::from(expr.height)
}

fn ty(ty: &Type) -> usize {
    usize::from(ty.height)
}

fn most<T>(parts: &[T], height: impl Fn(&T) -> usize) -> usize {
    parts.iter().map(height).max().unwrap_or(0)
}
