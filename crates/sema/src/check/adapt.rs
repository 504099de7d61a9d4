//! Literals where other numbers are wanted: integers where floats are, floats where `f32` is.
//!
//! In: a checked expression beside the source it comes from, and the element type its context wants. Out: the same expression with its literals of that type, if all
//! that it consists of are literals (perhaps negated) or `zeros`, `ones`, `fill`, `identity`, which take the type their context wants. Values of blocks, `if`,
//! array literals and comprehensions are looked through:
//!
//! ```text
//! if c { 1 } else { -2 }   for f64:   if c { 1.0 } else { -2.0 }
//! 1 / 2                    for f64:   not adaptable; this is i64 arithmetic
//! -sqrt(2.0) / pi          for f32:   adaptable, computed in f32
//! ```
//!
//! The source is needed because a `const` is a literal in the typed tree, but keeps its type.

use super::report::is_silent;
use crate::typed::{BinOp, Block, Builtin, Expr, ExprKind, Ty};
use adit_ir::prim::Sort;
use adit_ir::{Const, ScalarType};
use adit_syntax::ast::{self, ArgKind, UnaryOp};

/// What a scalar or the elements of an array are.
pub(super) fn element(ty: &Ty) -> Option<ScalarType> {
    match ty {
        Ty::Scalar(s) | Ty::Array { element: s, .. } => Some(*s),
        Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => None,
    }
}

/// The same type with other elements.
pub(super) fn with_element(ty: &Ty, to: ScalarType) -> Ty {
    match ty {
        Ty::Scalar(_) => Ty::Scalar(to),
        Ty::Array { dims, .. } => Ty::Array { element: to, dims: dims.clone() },
        Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => ty.clone(),
    }
}

/// Whether all that an expression consists of can be, or already is, of this type.
pub(super) fn adaptable(e: &Expr, src: &ast::Expr, to: ScalarType) -> bool {
    if element(&e.ty) == Some(to) || is_silent(&e.ty) {
        return true;
    }
    match (&e.kind, &src.kind) {
        (ExprKind::Const(c), _) => {
            (literal(src).is_some() && to != ScalarType::Bool) || (is_float_literal(*c, src) && to.is_float())
        }
        // Arithmetic of float literals alone.
        (ExprKind::Prim { .. } | ExprKind::Binary { .. }, _) if to == ScalarType::F32 => {
            element(&e.ty) == Some(ScalarType::F64) && arithmetic_adaptable(e, src)
        }
        (ExprKind::Builtin { builtin: Builtin::Zeros | Builtin::Ones | Builtin::Identity, .. }, _) => true,
        (ExprKind::Builtin { builtin: Builtin::Fill, args }, _) => {
            first_argument(src).is_some_and(|v| adaptable(&args[0], v, to))
        }
        (ExprKind::Array { elements, .. }, ast::ExprKind::Array(_)) => {
            let sources = array_leaves(src);
            elements.len() == sources.len() && elements.iter().zip(sources).all(|(e, src)| adaptable(e, src, to))
        }
        (ExprKind::Stack(items), ast::ExprKind::Array(sources)) => {
            items.iter().zip(sources).all(|(e, src)| adaptable(e, src, to))
        }
        (ExprKind::Comprehension(g), ast::ExprKind::Comprehension(source)) => {
            adaptable(&g.element, &source.element, to)
        }
        (ExprKind::Block(b), ast::ExprKind::Block(source)) => block_adaptable(b, source, to),
        (ExprKind::If { arms, otherwise }, ast::ExprKind::If { arms: sources, otherwise: last }) => {
            arms.iter().zip(sources).all(|(arm, src)| block_adaptable(&arm.body, &src.body, to))
                && otherwise.iter().zip(last).all(|(b, src)| block_adaptable(b, src, to))
        }
        _ => false,
    }
}

fn arithmetic_adaptable(e: &Expr, src: &ast::Expr) -> bool {
    let single = |e: &Expr, src: &ast::Expr| !is_float(e) || adaptable(e, src, ScalarType::F32);
    match (&e.kind, operands(src).as_slice()) {
        (ExprKind::Prim { prim, args }, sources) if prim.row().signature.result == Sort::Float => {
            args.len() == sources.len() && args.iter().zip(sources).all(|(e, src)| single(e, src))
        }
        (ExprKind::Binary { first, rest }, [head, sources @ ..]) if rest.len() == sources.len() => {
            let arithmetic = |op: BinOp| matches!(op, BinOp::Prim(p) if p.row().signature.result == Sort::Float);
            single(first, head)
                && rest.iter().zip(sources).all(|(link, src)| arithmetic(link.op) && single(&link.rhs, src))
        }
        _ => false,
    }
}

fn is_float(e: &Expr) -> bool {
    element(&e.ty).is_some_and(ScalarType::is_float)
}

/// What an operator or a function is applied to.
fn operands(src: &ast::Expr) -> Vec<&ast::Expr> {
    match &src.kind {
        ast::ExprKind::Unary { operand, .. } => vec![operand],
        ast::ExprKind::Binary { first, rest } => [&**first].into_iter().chain(rest.iter().map(|l| &l.rhs)).collect(),
        ast::ExprKind::Call { args, .. } => args.iter().filter_map(value).collect(),
        // Others have no operands that literals could be.
        ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::Bool(_) | ast::ExprKind::Name(_) => Vec::new(),
        ast::ExprKind::Index { .. } | ast::ExprKind::Field { .. } | ast::ExprKind::TupleField { .. } => Vec::new(),
        ast::ExprKind::Struct { .. } | ast::ExprKind::Tuple(_) | ast::ExprKind::Array(_) => Vec::new(),
        ast::ExprKind::Comprehension(_) | ast::ExprKind::If { .. } | ast::ExprKind::Block(_) => Vec::new(),
        ast::ExprKind::Lambda { .. } | ast::ExprKind::Error => Vec::new(),
    }
}

fn value(arg: &ast::Arg) -> Option<&ast::Expr> {
    if let ArgKind::Value(v) = &arg.kind { Some(v) } else { None }
}

/// A float that stands in the text, or one of the language's constants: `0.5`, `-0.5`, `pi`.
fn is_float_literal(c: Const, src: &ast::Expr) -> bool {
    let float = |e: &ast::Expr| matches!(e.kind, ast::ExprKind::Float(_));
    if let ast::ExprKind::Unary { op: UnaryOp::Neg, operand } = &src.kind {
        return float(operand);
    }
    let constant = |name: &str| super::consts::library_constant(name) == Some(c);
    float(src) || matches!(&src.kind, ast::ExprKind::Name(name) if constant(name))
}

fn block_adaptable(b: &Block, src: &ast::Block, to: ScalarType) -> bool {
    match (&b.value, &src.value) {
        (Some(value), Some(src)) => adaptable(value, src, to),
        _ => b.ty == Ty::Never,
    }
}

/// Which of several values, that must have one type, has it already: the first, unless that is all literals and a later
/// number is not; of literals alone, a float.
pub(super) fn model<'e>(parts: impl Iterator<Item = (usize, &'e Expr, Option<&'e ast::Expr>)>) -> Option<usize> {
    let (mut first, mut float) = (None, None);
    for (index, e, src) in parts {
        let flexible = src.is_some_and(|src| ScalarType::ALL.iter().filter(|s| adaptable(e, src, **s)).count() > 1);
        let number = element(&e.ty).is_some_and(|s| s != ScalarType::Bool);
        if !flexible && (number || first.is_none()) {
            // A float literal does not become an integer.
            let integer = element(&e.ty) == Some(ScalarType::I64);
            return float.filter(|_| integer).or(Some(index));
        }
        first = first.or(Some(index));
        if element(&e.ty).is_some_and(ScalarType::is_float) {
            float = float.or(Some(index));
        }
    }
    float.or(first)
}

/// Changes the literals of an adaptable expression.
pub(super) fn adapt(e: &mut Expr, src: &ast::Expr, to: ScalarType) {
    if element(&e.ty) == Some(to) || is_silent(&e.ty) {
        return;
    }
    e.ty = with_element(&e.ty, to);
    match (&mut e.kind, &src.kind) {
        (ExprKind::Const(c), _) => {
            if let Some(value) = literal(src) {
                *c = value.of(to);
            } else if let Some(x) = c.as_float() {
                *c = Const::float(to, x);
            }
        }
        (ExprKind::Prim { args, .. }, _) => {
            let floats = args.iter_mut().zip(operands(src)).filter(|(e, _)| is_float(e));
            floats.for_each(|(e, src)| adapt(e, src, to));
        }
        (ExprKind::Binary { first, rest }, _) => {
            let mut sources = operands(src).into_iter();
            if let Some(src) = sources.next() {
                adapt(first, src, to);
            }
            for (link, src) in rest.iter_mut().zip(sources) {
                link.ty = with_element(&link.ty, to);
                if is_float(&link.rhs) {
                    adapt(&mut link.rhs, src, to);
                }
            }
        }
        (ExprKind::Builtin { builtin: Builtin::Fill, args }, _) => {
            if let Some(v) = first_argument(src) {
                adapt(&mut args[0], v, to);
            }
        }
        (ExprKind::Array { elements, .. }, _) => {
            elements.iter_mut().zip(array_leaves(src)).for_each(|(e, src)| adapt(e, src, to));
        }
        (ExprKind::Stack(items), ast::ExprKind::Array(sources)) => {
            items.iter_mut().zip(sources).for_each(|(e, src)| adapt(e, src, to));
        }
        (ExprKind::Comprehension(g), ast::ExprKind::Comprehension(source)) => {
            adapt(&mut g.element, &source.element, to)
        }
        (ExprKind::Block(b), ast::ExprKind::Block(source)) => adapt_block(b, source, to),
        (ExprKind::If { arms, otherwise }, ast::ExprKind::If { arms: sources, otherwise: last }) => {
            arms.iter_mut().zip(sources).for_each(|(arm, src)| adapt_block(&mut arm.body, &src.body, to));
            otherwise.iter_mut().zip(last).for_each(|(b, src)| adapt_block(b, src, to));
        }
        _ => {}
    }
}

fn adapt_block(b: &mut Block, src: &ast::Block, to: ScalarType) {
    if let (Some(value), Some(src)) = (&mut b.value, &src.value) {
        adapt(value, src, to);
        b.ty = with_element(&b.ty, to);
    }
}

/// An integer literal; the sign apart, since `-0` is another float than `0`.
#[derive(Clone, Copy)]
pub(super) struct Literal {
    value: i64,
    negated: bool,
}

impl Literal {
    /// As a constant of this type.
    pub(super) fn of(self, to: ScalarType) -> Const {
        match (to, self.negated) {
            (ScalarType::F64, true) => Const::F64(-(self.value as f64)),
            (ScalarType::F64, false) => Const::F64(self.value as f64),
            (ScalarType::F32, true) => Const::F32(-(self.value as f32)),
            (ScalarType::F32, false) => Const::F32(self.value as f32),
            (ScalarType::I64 | ScalarType::Bool, true) => Const::I64(self.value.wrapping_neg()),
            (ScalarType::I64 | ScalarType::Bool, false) => Const::I64(self.value),
        }
    }
}

/// The integer literal that an expression is, perhaps negated.
pub(super) fn literal(src: &ast::Expr) -> Option<Literal> {
    if let ast::ExprKind::Unary { op: UnaryOp::Neg, operand } = &src.kind
        && let ast::ExprKind::Int(value) = operand.kind
    {
        return Some(Literal { value, negated: true });
    }
    let ast::ExprKind::Int(value) = src.kind else { return None };
    Some(Literal { value, negated: false })
}

fn first_argument(src: &ast::Expr) -> Option<&ast::Expr> {
    let ast::ExprKind::Call { args, .. } = &src.kind else { return None };
    let ArgKind::Value(v) = &args.first()?.kind else { return None };
    Some(v)
}

/// What an array literal, perhaps of array literals, consists of.
fn array_leaves(src: &ast::Expr) -> Vec<&ast::Expr> {
    let mut out = Vec::new();
    let mut pending = vec![src];
    while let Some(e) = pending.pop() {
        if let ast::ExprKind::Array(items) = &e.kind {
            pending.extend(items.iter().rev());
        } else {
            out.push(e);
        }
    }
    out
}
