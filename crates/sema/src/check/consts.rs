//! Constants: in which order they are computed, and their values.
//!
//! In: the `const` items. Out: a number for each ([`Checker::consts`]). A constant is made of literals, other constants, operators, functions of the primitive
//! table and `if`; it is checked as a function body would be, then computed with the table's own functions, so it has the value the same expression has at run time.

use super::Checker;
use super::body::Body;
use super::operators;
use super::report::{codes, is_silent};
use super::types::{DimNames, Found};
use crate::typed::{BinOp, Block, Builtin, Expr, ExprKind, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::prim::PrimTrap;
use adit_ir::{Const, Prim, Scalar};
use adit_syntax::ast::{self, ArgKind, ItemKind};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// `π`, `e`, `∞` and NaN, by the names the language gives them.
const LIBRARY: [(&str, f64); 4] =
    [("pi", std::f64::consts::PI), ("e", std::f64::consts::E), ("inf", f64::INFINITY), ("nan", f64::NAN)];

/// A constant of the language.
pub(super) fn library_constant(name: &str) -> Option<Const> {
    LIBRARY.iter().find(|(n, _)| *n == name).map(|(_, value)| Const::F64(*value))
}

/// The names of the language's constants.
pub(super) fn library_constants<'n>() -> impl Iterator<Item = &'n str> {
    LIBRARY.iter().map(|(name, _)| -> &'n str { name })
}

/// Constants have scalar types, so there are no dimensions.
struct NoDims;

impl DimNames for NoDims {
    fn find(&self, _: &str) -> Found {
        Found::Nothing
    }
}

/// What is known while the order is found.
struct Order<'f> {
    items: FxHashMap<Arc<str>, &'f ast::ConstItem>,
    /// Constants whose value is being asked for.
    open: FxHashMap<Arc<str>, Vec<ast::Ident>>,
}

impl Checker<'_> {
    /// The user's constant of that name; the inner `None` if there was a mistake in it.
    pub(super) fn own_constant(&self, name: &str) -> Option<Option<Const>> {
        self.consts.get(name).filter(|_| !self.in_library).copied()
    }

    /// Computes every constant. Chains of any length are followed without recursion.
    pub(super) fn constants(&mut self, file: &ast::File) {
        let mut order = Order { items: FxHashMap::default(), open: FxHashMap::default() };
        let items = file.items.iter().filter_map(|i| match &i.kind {
            ItemKind::Const(c) => Some(c),
            ItemKind::Fn(_) | ItemKind::Struct(_) | ItemKind::Import(_) => None,
        });
        for c in items.clone() {
            order.items.entry(c.name.name.clone()).or_insert(c);
        }
        let is_first = |c: &ast::ConstItem| order.items.get(&c.name.name).is_some_and(|first| std::ptr::eq(*first, c));
        let (first, again): (Vec<_>, Vec<_>) = items.partition(|c| is_first(c));
        for c in first {
            self.constant_and_needed(c, &mut order);
        }
        // The second definition of a name is checked for itself.
        for c in again {
            self.constant(c);
        }
    }

    fn constant_and_needed<'f>(&mut self, root: &'f ast::ConstItem, order: &mut Order<'f>) {
        let mut path = vec![root];
        while let Some(&c) = path.last() {
            let name = c.name.name.clone();
            if self.consts.contains_key(&name) {
                path.pop();
                continue;
            }
            let needed = order.open.entry(name.clone()).or_insert_with(|| {
                let mut needed = Vec::new();
                mentions(&c.value, &mut needed);
                needed
            });
            match needed.pop() {
                Some(next) if self.consts.contains_key(&next.name) => {}
                Some(next) if order.open.contains_key(&next.name) => {
                    self.cycle(c, &next);
                    self.consts.insert(name, None);
                }
                Some(next) => path.extend(order.items.get(&next.name).copied()),
                None => {
                    let value = self.constant(c);
                    self.consts.insert(name, value);
                    path.pop();
                }
            }
        }
    }

    fn cycle(&mut self, c: &ast::ConstItem, mention: &ast::Ident) {
        let message = format!("the constant `{}` needs its own value", c.name.name);
        let mut d = Diagnostic::new(codes::NOT_CONSTANT, c.name.span, message);
        if c.name.name != mention.name {
            d.labels.push((mention.span, format!("`{}` is being computed from it", mention.name)));
        } else {
            d.labels.push((mention.span, "here".to_owned()));
        }
        self.reports.push(d);
    }

    /// The value of one constant, when those it needs are known.
    fn constant(&mut self, c: &ast::ConstItem) -> Option<Const> {
        let ty = self.resolve(&c.ty, &NoDims);
        if !matches!(ty, Ty::Scalar(_)) && !is_silent(&ty) {
            self.reports.say(codes::NOT_CONSTANT, c.ty.span, "a constant is a number: `f64`, `f32`, `i64` or `bool`");
            return None;
        }
        if !self.may_be_constant(&c.value) {
            return None;
        }
        let value = Body::constant(self, &c.value, &ty);
        if is_silent(&value.ty) || is_silent(&ty) {
            return None;
        }
        match evaluate(&value) {
            Ok(Scalar::F64(x)) => Some(Const::F64(x)),
            Ok(Scalar::F32(x)) => Some(Const::F32(x)),
            Ok(Scalar::I64(n)) => Some(Const::I64(n)),
            Ok(Scalar::Bool(b)) => Some(Const::Bool(b)),
            Err(stop) => {
                self.reports.say(codes::NOT_CONSTANT, stop.span, stop.why);
                None
            }
        }
    }

    /// Whether an expression is made of what constants are made of; says what is not.
    fn may_be_constant(&mut self, e: &ast::Expr) -> bool {
        match &e.kind {
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::Bool(_) => true,
            // The name is looked up when the expression is checked.
            ast::ExprKind::Name(_) => true,
            ast::ExprKind::Unary { operand, .. } => self.may_be_constant(operand),
            ast::ExprKind::Binary { first, rest } => {
                let first = self.may_be_constant(first);
                rest.iter().fold(first, |ok, link| self.may_be_constant(&link.rhs) && ok)
            }
            ast::ExprKind::Call { callee, args } => self.call_may_be_constant(e.span, callee, args),
            ast::ExprKind::If { arms, otherwise } => {
                let mut ok = otherwise.as_ref().is_none_or(|b| self.block_may_be_constant(b));
                for arm in arms {
                    ok &= self.may_be_constant(&arm.condition);
                    ok &= self.block_may_be_constant(&arm.body);
                }
                ok
            }
            ast::ExprKind::Block(b) => self.block_may_be_constant(b),
            ast::ExprKind::Error => {
                self.reports.fail();
                false
            }
            ast::ExprKind::Index { .. } | ast::ExprKind::Field { .. } | ast::ExprKind::TupleField { .. } => {
                self.not_constant(e.span)
            }
            ast::ExprKind::Struct { .. } | ast::ExprKind::Tuple(_) | ast::ExprKind::Array(_) => {
                self.not_constant(e.span)
            }
            ast::ExprKind::Comprehension(_) | ast::ExprKind::Lambda { .. } => self.not_constant(e.span),
        }
    }

    fn call_may_be_constant(&mut self, span: Span, callee: &ast::Expr, args: &[ast::Arg]) -> bool {
        let in_table = |name: &str| operators::is_table_function(name) && !self.function_names.contains_key(name);
        if !matches!(&callee.kind, ast::ExprKind::Name(name) if in_table(name)) {
            return self.not_constant(span);
        }
        args.iter().fold(true, |ok, arg| match &arg.kind {
            ArgKind::Value(e) => self.may_be_constant(e) && ok,
            ArgKind::Lent(_) | ArgKind::Text(_) | ArgKind::Generator(_) => self.not_constant(arg.span),
        })
    }

    fn block_may_be_constant(&mut self, b: &ast::Block) -> bool {
        match (&b.value, b.stmts.first()) {
            (Some(value), None) => self.may_be_constant(value),
            (_, Some(stmt)) => self.not_constant(stmt.span),
            (None, None) => self.not_constant(b.span),
        }
    }

    fn not_constant(&mut self, span: Span) -> bool {
        self.reports.push(
            Diagnostic::new(codes::NOT_CONSTANT, span, "this is not a constant")
                .note("constants are made of numbers, other constants, operators, mathematical functions and `if`"),
        );
        false
    }
}

/// Names in an expression, outermost and leftmost last.
fn mentions(e: &ast::Expr, out: &mut Vec<ast::Ident>) {
    match &e.kind {
        ast::ExprKind::Name(name) => out.push(ast::Ident { name: name.clone(), span: e.span }),
        ast::ExprKind::Unary { operand, .. } => mentions(operand, out),
        ast::ExprKind::Binary { first, rest } => {
            rest.iter().rev().for_each(|link| mentions(&link.rhs, out));
            mentions(first, out);
        }
        ast::ExprKind::Call { args, .. } => {
            for arg in args.iter().rev() {
                if let ArgKind::Value(e) = &arg.kind {
                    mentions(e, out);
                }
            }
        }
        ast::ExprKind::If { arms, otherwise } => {
            let blocks = otherwise.iter().chain(arms.iter().rev().map(|a| &a.body));
            blocks.filter_map(|b| b.value.as_ref()).for_each(|v| mentions(v, out));
            arms.iter().for_each(|a| mentions(&a.condition, out));
        }
        ast::ExprKind::Block(b) => b.value.iter().for_each(|v| mentions(v, out)),
        // None of these can be in a constant.
        ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::Bool(_) | ast::ExprKind::Error => {}
        ast::ExprKind::Index { .. } | ast::ExprKind::Field { .. } | ast::ExprKind::TupleField { .. } => {}
        ast::ExprKind::Struct { .. } | ast::ExprKind::Tuple(_) | ast::ExprKind::Array(_) => {}
        ast::ExprKind::Comprehension(_) | ast::ExprKind::Lambda { .. } => {}
    }
}

/// Why there is no value.
struct Stop {
    span: Span,
    why: String,
}

/// The value of an expression that [`Checker::may_be_constant`] let pass.
fn evaluate(e: &Expr) -> Result<Scalar, Stop> {
    match &e.kind {
        ExprKind::Const(Const::F64(x)) => Ok(Scalar::F64(*x)),
        ExprKind::Const(Const::F32(x)) => Ok(Scalar::F32(*x)),
        ExprKind::Const(Const::I64(n)) => Ok(Scalar::I64(*n)),
        ExprKind::Const(Const::Bool(b)) => Ok(Scalar::Bool(*b)),
        ExprKind::Prim { prim, args } => {
            let args = args.iter().map(evaluate).collect::<Result<Vec<_>, _>>()?;
            apply(*prim, &args, e.span)
        }
        ExprKind::Binary { first, rest } => {
            let mut value = evaluate(first)?;
            for link in rest {
                value = binary(value, link.op, &link.rhs, link.span)?;
            }
            Ok(value)
        }
        ExprKind::Builtin { builtin: Builtin::Where, args } => match evaluate(&args[0])? {
            Scalar::Bool(true) => evaluate(&args[1]),
            Scalar::Bool(false) | Scalar::F64(_) | Scalar::F32(_) | Scalar::I64(_) => evaluate(&args[2]),
        },
        ExprKind::If { arms, otherwise } => {
            for arm in arms {
                if evaluate(&arm.condition)? == Scalar::Bool(true) {
                    return evaluate_block(&arm.body);
                }
            }
            otherwise.as_ref().map_or_else(|| Err(no_value(e.span)), evaluate_block)
        }
        ExprKind::Block(b) => evaluate_block(b),
        ExprKind::Function(_) | ExprKind::CallValue { .. } | ExprKind::Derivative(_) => Err(no_value(e.span)),
        ExprKind::Local(_) | ExprKind::Call { .. } | ExprKind::Builtin { .. } | ExprKind::Reduce { .. } => {
            Err(no_value(e.span))
        }
        ExprKind::Comprehension(_) | ExprKind::Array { .. } | ExprKind::Stack(_) | ExprKind::Index { .. } => {
            Err(no_value(e.span))
        }
        ExprKind::Field { .. } | ExprKind::Struct { .. } | ExprKind::Tuple(_) => Err(no_value(e.span)),
        ExprKind::Assert { .. } | ExprKind::Print(_) => Err(no_value(e.span)),
    }
}

fn no_value(span: Span) -> Stop {
    Stop { span, why: "this is not a constant".to_owned() }
}

fn evaluate_block(b: &Block) -> Result<Scalar, Stop> {
    b.value.as_ref().map_or_else(|| Err(no_value(b.span)), |v| evaluate(v))
}

fn apply(prim: Prim, args: &[Scalar], span: Span) -> Result<Scalar, Stop> {
    prim.apply(args).map_err(|trap| Stop {
        span,
        why: match trap {
            PrimTrap::DivisionByZero => "this constant has no value: division by zero",
            PrimTrap::NegativeExponent => "this constant has no value: a negative exponent on an `i64`",
            PrimTrap::FloatToInt => "this constant has no value: the float does not fit an `i64`",
        }
        .to_owned(),
    })
}

fn binary(left: Scalar, op: BinOp, rhs: &Expr, span: Span) -> Result<Scalar, Stop> {
    match (op, left) {
        (BinOp::And, Scalar::Bool(false)) | (BinOp::Or, Scalar::Bool(true)) => Ok(left),
        (BinOp::And | BinOp::Or, _) => evaluate(rhs),
        (BinOp::Prim(prim), _) => apply(prim, &[left, evaluate(rhs)?], span),
        (BinOp::Cmp(op), _) => Ok(Scalar::Bool(match (left, evaluate(rhs)?) {
            (Scalar::F64(a), Scalar::F64(b)) => op.holds(a, b),
            (Scalar::F32(a), Scalar::F32(b)) => op.holds(a, b),
            (Scalar::I64(a), Scalar::I64(b)) => op.holds(a, b),
            (Scalar::Bool(a), Scalar::Bool(b)) => op.holds(a, b),
            (Scalar::F64(_) | Scalar::F32(_) | Scalar::I64(_) | Scalar::Bool(_), _) => return Err(no_value(span)),
        })),
        (BinOp::MatMul, _) => Err(no_value(span)),
    }
}
