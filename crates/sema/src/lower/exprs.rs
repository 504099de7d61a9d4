//! Expressions: scalars, structs and tuples, operators, `if` as a value, `assert`, `print`.
//!
//! In: an [`Expr`]. Out: its [`Vals`] ([`Lowerer::expr`]), or its effect alone, or its value delivered to where it is wanted ([`Lowerer::expr_into`]), so that results of loops, calls and
//! `if`s need no copy. Operands are evaluated from left to right; one that views a variable which a later operand assigns is copied first.
//!
//! `raw` gives a value of an expression after which control may have left; everything that goes on computing calls `expr` or `scalar`, which open a guard then.

use super::env::Lowerer;
use super::values::{Arr, Lazy, Origin, Sink, Val, Vals, View};
use crate::typed::*;
use adit_ir::{Const, Int, Ints, Prim, PrintPart, Trap, Value};
use smallvec::smallvec;

impl<'p> Lowerer<'p> {
    /// The value of an expression; what follows is lowered only if control gets there.
    pub(super) fn expr(&mut self, e: &Expr) -> Vals {
        let vals = self.raw(e);
        self.settle();
        vals
    }

    /// The value of a scalar expression.
    pub(super) fn scalar(&mut self, e: &Expr) -> Value {
        match self.expr(e).pop() {
            Some(Val::Scalar(v)) => v,
            Some(Val::Array(_)) | None => self.bool(false),
        }
    }

    /// The value of an array expression.
    pub(super) fn array(&mut self, e: &Expr) -> Box<Arr> {
        match self.expr(e).pop() {
            Some(Val::Array(arr)) => arr,
            Some(Val::Scalar(v)) => self.splat(v),
            None => {
                let v = self.bool(false);
                self.splat(v)
            }
        }
    }

    fn splat(&mut self, v: Value) -> Box<Arr> {
        Box::new(Arr { element: self.scalar_type(v), dims: Ints::new(), lazy: Lazy::Splat(v) })
    }

    /// Evaluates for the effect.
    pub(super) fn effect(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::If { arms, otherwise } if e.ty.is_unit() || e.ty == Ty::Never => {
                self.if_into(arms, otherwise.as_ref(), &[]);
            }
            ExprKind::Block(block) => self.block_stmts(block),
            _ => {
                let mut vals = self.raw(e);
                if vals.iter().any(Val::traps) {
                    self.settle();
                    self.complete(&mut vals);
                }
            }
        }
    }

    /// The value of an expression, after which control may have left.
    pub(super) fn raw(&mut self, e: &Expr) -> Vals {
        self.at(e.span);
        match &e.kind {
            ExprKind::Const(c) => smallvec![Val::Scalar(self.constant(*c))],
            ExprKind::Local(local) => self.local(*local),
            ExprKind::Prim { prim, args } => self.prim_expr(e, *prim, args),
            ExprKind::Binary { first, rest } => self.binary(first, rest),
            ExprKind::Call { callee, args } => self.call(e, *callee, args, None),
            ExprKind::Function(_) => Vals::new(),
            ExprKind::CallValue { callee, args } => self.call_value(e, callee, args, None),
            ExprKind::Derivative(d) => self.derivative(e, d),
            ExprKind::Builtin { builtin, args } => self.builtin(e, *builtin, args),
            ExprKind::Reduce { op, generator } => smallvec![Val::Scalar(self.reduce(e, *op, generator))],
            ExprKind::Comprehension(generator) => self.comprehension(e, generator),
            ExprKind::Array { dims, elements } => self.array_literal(e, dims, elements),
            ExprKind::Stack(items) => self.stack(e, items),
            ExprKind::Index { base, subscripts } => self.index(e, base, subscripts),
            ExprKind::Field { base, index } => self.field(base, *index),
            ExprKind::Struct { fields } => self.struct_literal(&e.ty, fields),
            ExprKind::Tuple(items) => self.tuple(items),
            ExprKind::If { arms, otherwise } => self.if_vals(e, arms, otherwise.as_ref()),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Assert { condition, message } => self.assert(e, condition, message),
            ExprKind::Print(args) => self.print(e, args),
        }
    }

    /// Evaluates and delivers each leaf to its sink. The sinks are nothing that the expression reads.
    pub(super) fn expr_into(&mut self, e: &Expr, sinks: &[Sink]) {
        match &e.kind {
            ExprKind::If { arms, otherwise } => self.if_into(arms, otherwise.as_ref(), sinks),
            ExprKind::Block(block) => self.block_into(block, sinks),
            ExprKind::Tuple(items) => {
                let mut start = 0;
                for item in items {
                    let end = start + self.width(&item.ty);
                    self.expr_into(item, &sinks[start..end.min(sinks.len())]);
                    self.settle();
                    start = end;
                }
            }
            ExprKind::Call { callee, args } => {
                self.at(e.span);
                let vals = self.call(e, *callee, args, Some(sinks));
                self.settle();
                self.deliver(e, &vals, sinks);
            }
            ExprKind::CallValue { callee, args } => {
                self.at(e.span);
                let vals = self.call_value(e, callee, args, Some(sinks));
                self.settle();
                self.deliver(e, &vals, sinks);
            }
            ExprKind::Comprehension(generator) => {
                self.at(e.span);
                self.comprehension_into(e, generator, sinks);
            }
            _ => {
                let vals = self.expr(e);
                self.deliver(e, &vals, sinks);
            }
        }
    }

    /// Puts values where they are wanted.
    pub(super) fn deliver(&mut self, e: &Expr, vals: &[Val], sinks: &[Sink]) {
        for (val, sink) in vals.iter().zip(sinks) {
            match (val, sink) {
                (Val::Scalar(v), Sink::Slot(slot, _)) => self.set_scalar(*slot, *v),
                (Val::Array(arr), Sink::Place(place)) => {
                    self.at(e.span);
                    if arr.view().is_some_and(|v| v.same_place(place)) {
                        continue;
                    }
                    self.require_shape(&place.dims, &arr.dims, "the place and the value");
                    self.fill(place, arr);
                }
                (Val::Scalar(_), Sink::Place(_)) | (Val::Array(_), Sink::Slot(..)) => {}
            }
        }
    }

    /// How many leaves a type has.
    pub(super) fn width(&self, ty: &Ty) -> usize {
        self.unit.sizes.leaves(ty)
    }

    /// Makes elements real that could stop the run: something else is evaluated before they are used, or they are not used at all.
    pub(super) fn complete(&mut self, vals: &mut [Val]) {
        for val in vals {
            if val.traps()
                && let Val::Array(arr) = val
            {
                let view = self.fresh(arr);
                **arr = Arr::of_view(arr.element, view);
            }
        }
    }

    /// Single-leaf operands of something that wants them as values, one after the other.
    pub(super) fn arguments_of(&mut self, exprs: &[&Expr]) -> Vec<Val> {
        let vals = self.records(exprs);
        vals.into_iter().flat_map(|mut vals| vals.pop()).collect()
    }

    /// Single-leaf operands of element-wise arithmetic, from left to right; those that later ones might change are copied.
    pub(super) fn operands(&mut self, exprs: &[&Expr]) -> Vec<Val> {
        let last_busy = exprs.iter().rposition(|e| self.facts.is_busy(e)).unwrap_or(0);
        let mut out = Vec::with_capacity(exprs.len());
        for (i, e) in exprs.iter().enumerate() {
            let mut vals = self.expr(e);
            if i < last_busy {
                self.freeze(&mut vals);
            }
            out.extend(vals.pop().map_or_else(|| self.nothing(&Ty::BOOL).pop(), Some));
        }
        out
    }

    /// Copies what may be assigned before it is used; nothing else is computed.
    pub(super) fn freeze(&mut self, vals: &mut Vals) {
        for val in vals {
            let Val::Array(arr) = val else { continue };
            arr.lazy.each_view_mut(&mut |view| {
                if view.origin == Origin::Variable {
                    let element = self.element_type(view.array);
                    *view = self.fresh(&Arr::of_view(element, view.clone()));
                }
            });
        }
    }

    // Variables and fields

    pub(super) fn local(&mut self, local: LocalId) -> Vals {
        let (base, ty) = (self.base(local), self.local_ty(local));
        self.leaves_at(base, ty)
    }

    /// The values of the slots of a variable or a part of it.
    fn leaves_at(&mut self, base: u32, ty: &Ty) -> Vals {
        let leaves = self.leaf_types(ty);
        leaves.iter().enumerate().map(|(i, leaf)| self.slot_val(base + i as u32, leaf)).collect()
    }

    fn field(&mut self, base: &Expr, index: u32) -> Vals {
        if let Some((slot, ty)) = self.field_slot(base) {
            let (offset, ty) = super::analysis::field_offset(self.unit.program, &self.unit.sizes, ty, index);
            return self.leaves_at(slot + offset, ty);
        }
        let (start, ty) = super::analysis::field_offset(self.unit.program, &self.unit.sizes, &base.ty, index);
        let width = self.width(ty);
        let mut vals = self.expr(base);
        self.complete(&mut vals);
        if vals.len() < start as usize + width {
            return self.nothing(ty);
        }
        vals.drain(start as usize..).take(width).collect()
    }

    /// The first slot and the type of a variable, or of a field of fields of one.
    fn field_slot(&self, mut e: &Expr) -> Option<(u32, &'p Ty)> {
        let mut path = Vec::new();
        while let ExprKind::Field { base, index } = &e.kind {
            path.push(*index);
            e = base;
        }
        let ExprKind::Local(local) = e.kind else { return None };
        let (mut slot, mut ty) = (self.base(local), self.local_ty(local));
        for index in path.into_iter().rev() {
            let (offset, field) = super::analysis::field_offset(self.unit.program, &self.unit.sizes, ty, index);
            slot += offset;
            ty = field;
        }
        Some((slot, ty))
    }

    fn struct_literal(&mut self, ty: &Ty, fields: &[(u32, Expr)]) -> Vals {
        let exprs: Vec<&Expr> = fields.iter().map(|(_, e)| e).collect();
        let vals = self.records(&exprs);
        let mut ordered: Vec<(u32, Vals)> = fields.iter().map(|(at, _)| *at).zip(vals).collect();
        ordered.sort_by_key(|(at, _)| *at);
        let vals: Vals = ordered.into_iter().flat_map(|(_, vals)| vals).collect();
        if vals.len() == self.width(ty) { vals } else { self.nothing(ty) }
    }

    fn tuple(&mut self, items: &[Expr]) -> Vals {
        let exprs: Vec<&Expr> = items.iter().collect();
        self.records(&exprs).into_iter().flatten().collect()
    }

    /// Operands of any type, from left to right, each complete before the next; those that later ones might change are copied.
    pub(super) fn records(&mut self, exprs: &[&Expr]) -> Vec<Vals> {
        let last_busy = exprs.iter().rposition(|e| self.facts.is_busy(e)).unwrap_or(0);
        let mut out = Vec::with_capacity(exprs.len());
        for (i, e) in exprs.iter().enumerate() {
            let mut vals = self.expr(e);
            if i < last_busy {
                self.freeze(&mut vals);
            }
            if i + 1 < exprs.len() {
                self.complete(&mut vals);
            }
            out.push(vals);
        }
        out
    }

    // Operators

    fn prim_expr(&mut self, e: &Expr, prim: Prim, args: &[Expr]) -> Vals {
        let exprs: Vec<&Expr> = args.iter().collect();
        let vals = self.operands(&exprs);
        self.at(e.span);
        smallvec![self.apply(prim, &vals, e.span, &exprs)]
    }

    /// Operators from left to right. `&&` and `||` of scalars run their right side only if it matters.
    fn binary(&mut self, first: &Expr, rest: &[Link]) -> Vals {
        let mut vals = self.expr(first);
        for (i, link) in rest.iter().enumerate() {
            if self.facts.is_busy(&link.rhs) {
                self.freeze(&mut vals);
            }
            let Some(a) = vals.pop() else { return self.nothing(&link.ty) };
            let result = match (link.op, &a) {
                (BinOp::And, Val::Scalar(a)) => Val::Scalar(self.short_circuit(*a, true, &link.rhs)),
                (BinOp::Or, Val::Scalar(a)) => Val::Scalar(self.short_circuit(*a, false, &link.rhs)),
                _ => {
                    let Some(b) = self.expr(&link.rhs).pop() else { return self.nothing(&link.ty) };
                    self.at(link.span);
                    self.combine(link.op, link.span, a, b, [(i == 0).then_some(first), Some(&link.rhs)])
                }
            };
            vals.push(result);
        }
        vals
    }

    /// `a && rhs` if `go_on`, `a || rhs` if not.
    fn short_circuit(&mut self, a: Value, go_on: bool, rhs: &Expr) -> Value {
        if let Some(Const::Bool(known)) = self.literal(a) {
            return if known == go_on { self.scalar(rhs) } else { a };
        }
        let slot = self.temporary();
        let mut run = |this: &mut Self| {
            let v = this.scalar(rhs);
            this.set_scalar(slot, v);
        };
        let mut skip = |this: &mut Self| {
            let v = this.bool(!go_on);
            this.set_scalar(slot, v);
        };
        if go_on {
            self.branch(a, &mut run, &mut skip);
        } else {
            self.branch(a, &mut skip, &mut run);
        }
        let result = self.get_scalar(slot, adit_ir::ScalarType::Bool);
        self.settle();
        result
    }

    // if

    fn if_vals(&mut self, e: &Expr, arms: &[Arm], otherwise: Option<&Block>) -> Vals {
        let sinks = self.new_sinks(e);
        self.if_into(arms, otherwise, &sinks);
        self.collect(&sinks)
    }

    /// What was delivered to sinks that were made for it.
    pub(super) fn collect(&mut self, sinks: &[Sink]) -> Vals {
        let mut out = Vals::new();
        for sink in sinks {
            out.push(match sink {
                Sink::Slot(slot, ty) => Val::Scalar(self.get_scalar(*slot, *ty)),
                Sink::Place(view) => {
                    let element = self.element_type(view.array);
                    Val::Array(Box::new(Arr::of_view(element, view.clone())))
                }
            });
        }
        out
    }

    fn if_into(&mut self, arms: &[Arm], otherwise: Option<&Block>, sinks: &[Sink]) {
        let Some((arm, rest)) = arms.split_first() else {
            if let Some(block) = otherwise {
                if sinks.is_empty() { self.block_stmts(block) } else { self.block_into(block, sinks) }
            }
            return;
        };
        let span = arm.condition.span;
        let condition = self.scalar(&arm.condition);
        self.at(span);
        self.branch(
            condition,
            &mut |this| {
                if sinks.is_empty() { this.block_stmts(&arm.body) } else { this.block_into(&arm.body, sinks) }
            },
            &mut |this| this.if_into(rest, otherwise, sinks),
        );
    }

    // assert, print

    fn assert(&mut self, e: &Expr, condition: &Expr, message: &str) -> Vals {
        let condition = self.scalar(condition);
        self.at(e.span);
        self.b.assert(condition, Trap::AssertFailed(message.into()), &[]);
        Vals::new()
    }

    fn print(&mut self, e: &Expr, args: &[PrintArg]) -> Vals {
        let exprs = args.iter().filter_map(|a| match a {
            PrintArg::Text(_) => None,
            PrintArg::Value(e) => Some(e),
        });
        let exprs: Vec<&Expr> = exprs.collect();
        let mut values = self.arguments_of(&exprs).into_iter();
        let mut parts = Vec::new();
        for arg in args {
            let part = match arg {
                PrintArg::Text(text) => Some(PrintPart::Text(text.clone())),
                PrintArg::Value(_) => match values.next() {
                    Some(Val::Scalar(v)) => Some(PrintPart::Value(v)),
                    Some(Val::Array(arr)) => Some(PrintPart::Value(self.handle(&arr))),
                    None => None,
                },
            };
            parts.extend(part);
        }
        self.at(e.span);
        self.b.print(parts);
        Vals::new()
    }

    /// Storage and slots for the value of an expression, made before it is known which part of the expression gives it.
    pub(super) fn new_sinks(&mut self, e: &Expr) -> Vec<Sink> {
        let leaves = self.leaf_types(&e.ty);
        let mut shapes = None;
        let mut sinks = Vec::new();
        for (i, leaf) in leaves.iter().enumerate() {
            if leaf.rank == 0 {
                sinks.push(Sink::Slot(self.temporary(), leaf.element));
                continue;
            }
            let shapes = shapes.get_or_insert_with(|| self.shapes_before(e));
            let dims = shapes.get(i).cloned().unwrap_or_default();
            self.at(e.span);
            sinks.push(Sink::Place(self.storage_before(e, leaf.element, &dims)));
        }
        sinks
    }

    /// Storage for the value of an expression that may leave: a negative extent must not stop the run before it does.
    fn storage_before(&mut self, e: &Expr, element: adit_ir::ScalarType, dims: &[Int]) -> View {
        if !self.facts.is_busy(e) || dims.iter().all(|&d| self.is_natural(d)) {
            return self.storage(element, dims);
        }
        let clamped: Ints = dims.iter().map(|&d| self.arith(Prim::Imax, d, Int::Const(0))).collect();
        View { dims: dims.into(), ..self.storage(element, &clamped) }
    }
}
