//! Expressions.
//!
//! In: an expression of the tree. Out: its value. Operands from left to right; `&&` and `||` stop early. Arithmetic on arrays is [`super::elementwise`], what is known
//! of whole arrays [`super::arrays`], generators [`super::generators`], subscripts [`super::places`], calls [`super::calls`].

use super::number::{Array, Number, Value};
use super::{Eval, Machine};
use adit_diag::Span;
use adit_ir::host::Elements;
use adit_ir::prim::PrimTrap;
use adit_ir::{CmpOp, Const, Prim, RunError, Scalar, ScalarType, Trap, display};
use adit_sema::typed::{BinOp, Expr, ExprKind, Link, PrintArg, Ty};
use smallvec::SmallVec;

impl<'p> Machine<'p, '_> {
    pub(super) fn expr(&mut self, e: &'p Expr) -> Eval<Value> {
        self.nesting += 1;
        let value = if self.nesting > super::MAX_NESTING { Err(self.too_deep(e.span).into()) } else { self.kind(e) };
        self.nesting -= 1;
        value
    }

    fn kind(&mut self, e: &'p Expr) -> Eval<Value> {
        match &e.kind {
            ExprKind::Const(c) => Ok(literal(*c)),
            ExprKind::Local(local) => Ok(self.local(*local).clone()),
            ExprKind::Prim { prim, args } => self.prim(e, *prim, args),
            ExprKind::Binary { first, rest } => self.chain(e, first, rest),
            ExprKind::Call { callee, args } => self.call(*callee, args, e.span),
            ExprKind::Function(function) => Ok(Value::Function(self.function(function))),
            ExprKind::CallValue { callee, args } => self.call_value(callee, args, e.span),
            ExprKind::Derivative(d) => self.derivative(e, d),
            ExprKind::Builtin { builtin, args } => self.builtin(e, *builtin, args),
            ExprKind::Reduce { op, generator } => self.reduce_generator(e, *op, generator),
            ExprKind::Comprehension(generator) => self.comprehension(e, generator),
            ExprKind::Array { dims, elements } => self.array_literal(e, dims, elements),
            ExprKind::Stack(parts) => self.stack(e, parts),
            ExprKind::Index { base, subscripts } => self.index(e, base, subscripts),
            ExprKind::Field { base, index } => Ok(self.expr(base)?.field(*index).clone()),
            ExprKind::Struct { fields } => self.structure(fields),
            ExprKind::Tuple(items) => Ok(Value::Tuple(self.all(items)?)),
            ExprKind::If { arms, otherwise } => {
                for arm in arms {
                    if self.expr(&arm.condition)?.bool() {
                        return self.block(&arm.body);
                    }
                }
                otherwise.as_ref().map_or_else(|| Ok(Value::unit()), |block| self.block(block))
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Assert { condition, message } => {
                if !self.expr(condition)?.bool() {
                    return Err(RunError::new(Trap::AssertFailed(message.clone()), e.span).into());
                }
                Ok(Value::unit())
            }
            ExprKind::Print(parts) => self.print_line(parts),
        }
    }

    /// Evaluates expressions in order.
    pub(super) fn all(&mut self, exprs: &'p [Expr]) -> Eval<Vec<Value>> {
        exprs.iter().map(|e| self.expr(e)).collect()
    }

    fn prim(&mut self, e: &'p Expr, prim: Prim, args: &'p [Expr]) -> Eval<Value> {
        if is_array(&e.ty) {
            return self.elementwise(e);
        }
        let mut numbers: SmallVec<[Number; 3]> = SmallVec::new();
        for arg in args {
            numbers.push(self.expr(arg)?.into_scalar());
        }
        Ok(Value::Scalar(apply(prim, &numbers, e.span)?))
    }

    fn chain(&mut self, e: &'p Expr, first: &'p Expr, rest: &'p [Link]) -> Eval<Value> {
        if is_elementwise(e) {
            return self.elementwise(e);
        }
        // A chain whose last operator is not element-wise is one whose links before it are values of their own.
        let mut value = self.expr(first)?;
        for link in rest {
            value = self.link(value, link)?;
        }
        Ok(value)
    }

    /// One operator of a chain: both sides as whole values.
    pub(super) fn link(&mut self, left: Value, link: &'p Link) -> Eval<Value> {
        match link.op {
            BinOp::And if !left.bool() => Ok(false.into()),
            BinOp::Or if left.bool() => Ok(true.into()),
            BinOp::And | BinOp::Or => self.expr(&link.rhs),
            BinOp::MatMul => {
                let right = self.expr(&link.rhs)?;
                self.matmul(left.array(), right.array(), link.span)
            }
            BinOp::Prim(_) | BinOp::Cmp(_) if is_array(&link.ty) => {
                let right = self.expr(&link.rhs)?;
                self.combine(link.op, &left, &right, link.span)
            }
            BinOp::Prim(_) | BinOp::Cmp(_) => {
                let right = self.expr(&link.rhs)?.into_scalar();
                Ok(Value::Scalar(binary(link.op, &left.into_scalar(), &right, link.span)?))
            }
        }
    }

    fn structure(&mut self, fields: &'p [(u32, Expr)]) -> Eval<Value> {
        let mut items = vec![Value::unit(); fields.len()];
        for (position, value) in fields {
            items[*position as usize] = self.expr(value)?;
        }
        Ok(Value::Tuple(items))
    }

    fn print_line(&mut self, parts: &'p [PrintArg]) -> Eval<Value> {
        let mut line = String::new();
        for (i, part) in parts.iter().enumerate() {
            let text = match part {
                PrintArg::Text(text) => text.clone(),
                PrintArg::Value(e) => shown(&self.expr(e)?),
            };
            if i > 0 {
                line.push(' ');
            }
            line.push_str(&text);
        }
        if self.silent == 0 {
            (self.print)(&line);
        }
        Ok(Value::unit())
    }
}

fn shown(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Scalar(s) => display::write_scalar(&mut out, s.plain()),
        Value::Array(a) => show_array(&mut out, a),
        Value::Tuple(items) => out.extend(items.iter().map(shown)),
        Value::Function(_) => panic!("a function is not printed"),
    }
    out
}

fn show_array(out: &mut String, a: &Array) {
    let (mut floats, mut singles, mut ints, mut bools) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for s in &a.elements {
        match s.plain() {
            Scalar::F64(x) => floats.push(x),
            Scalar::F32(x) => singles.push(x),
            Scalar::I64(i) => ints.push(i),
            Scalar::Bool(b) => bools.push(b),
        }
    }
    let elements = match a.element {
        ScalarType::F64 => Elements::F64(&floats),
        ScalarType::F32 => Elements::F32(&singles),
        ScalarType::I64 => Elements::I64(&ints),
        ScalarType::Bool => Elements::Bool(&bools),
    };
    display::write_array(out, &a.dims, elements);
}

fn literal(c: Const) -> Value {
    match c {
        Const::F64(x) => x.into(),
        Const::F32(x) => Value::Scalar(Scalar::F32(x).into()),
        Const::I64(i) => i.into(),
        Const::Bool(b) => b.into(),
    }
}

pub(super) fn is_array(ty: &Ty) -> bool {
    matches!(ty, Ty::Array { .. })
}

/// Whether an expression is a node of an element-wise loop.
pub(super) fn is_elementwise(e: &Expr) -> bool {
    let strict = |link: &Link| matches!(link.op, BinOp::Prim(_) | BinOp::Cmp(_));
    let chain = matches!(&e.kind, ExprKind::Binary { rest, .. } if rest.last().is_some_and(strict));
    is_array(&e.ty) && (chain || matches!(&e.kind, ExprKind::Prim { .. }))
}

/// A function of the table.
pub(super) fn apply(prim: Prim, args: &[Number], span: Span) -> Result<Number, RunError> {
    Number::apply(prim, args).map_err(|trap| stopped(trap, args.last(), span))
}

fn stopped(trap: PrimTrap, last: Option<&Number>, span: Span) -> RunError {
    match trap {
        PrimTrap::DivisionByZero => RunError::new(Trap::DivisionByZero, span),
        PrimTrap::FloatToInt => RunError::new(Trap::FloatToInt, span),
        PrimTrap::NegativeExponent => {
            let exponent = last.map_or(0, |n| Value::Scalar(n.clone()).int());
            RunError::with_details(Trap::NegativeExponent, span, [exponent, 0])
        }
    }
}

/// A strict operator on two scalars.
pub(super) fn binary(op: BinOp, a: &Number, b: &Number, span: Span) -> Result<Number, RunError> {
    match op {
        BinOp::Prim(prim) => Number::binary(prim, a, b).map_err(|trap| stopped(trap, Some(b), span)),
        BinOp::Cmp(cmp) => Ok(Scalar::Bool(compare(cmp, a.plain(), b.plain())).into()),
        BinOp::And | BinOp::Or | BinOp::MatMul => panic!("{op:?} is not strict and scalar"),
    }
}

fn compare(cmp: CmpOp, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::F64(a), Scalar::F64(b)) => cmp.holds(a, b),
        (Scalar::F32(a), Scalar::F32(b)) => cmp.holds(a, b),
        (Scalar::I64(a), Scalar::I64(b)) => cmp.holds(a, b),
        (Scalar::Bool(a), Scalar::Bool(b)) => cmp.holds(a, b),
        (a, b) => panic!("{a:?} and {b:?} are not of one type"),
    }
}
