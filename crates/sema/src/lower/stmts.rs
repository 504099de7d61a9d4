//! Functions, blocks and statements.
//!
//! In: a function's parameters and body. Out: the IR function's signature, its entry checks, its instructions and what it returns.
//!
//! A block whose statements may leave is cut at them ([`super::exits`]); its value, if it has one, is whatever its last part gives. Blocks are no regions: only `if`s, loops and
//! guards are.

use super::analysis::{Exit, Key};
use super::env::{Lowerer, Slot};
use super::exits::{At, Exited, Frame};
use super::values::{Origin, Sink, Val, Vals, View};
use crate::layout::{DimSource, Leaf, ResultLeaf};
use crate::typed::*;
use adit_ir::{ArrayType, Int, Ints, Passing, Prim, ScalarType, Type, Value};

impl Lowerer<'_> {
    /// Declares the signature and lowers the body.
    pub(super) fn body(&mut self) {
        let skip = self.temporary();
        self.frames.push(Frame { key: None, id: 0, skip, leave: skip });
        let dims = self.signature();
        self.check_extents(&dims);
        self.result = self.result_sinks(&dims);
        let sinks = self.result.clone();
        let def = self.def;
        if def.external.is_some() {
            return;
        }
        self.find_named_results(&def.body);
        self.function_block(&def.body, 0, 0, &sinks);
        self.close_guards(0, At::FunctionEnd);
    }

    /// Parameters, in the order of the layout, with their slots; gives the extents of each array leaf.
    fn signature(&mut self) -> Vec<Ints> {
        let layout = self.layout;
        self.given_functions();
        for dim in &layout.dims {
            if let DimSource::Explicit(_) = dim.source {
                let v = self.b.param(Type::I64, Passing::ByValue);
                let slot = self.base(dim.local);
                self.set_scalar(slot, v);
            }
        }
        let mut extents = Vec::new();
        for (leaf, slot) in layout.params.iter().zip(self.param_slots()) {
            extents.push(self.declare_leaf(leaf, slot));
        }
        for leaf in &layout.destinations {
            extents.push(self.array_param(leaf, Passing::Mut).1);
        }
        extents
    }

    /// Parameters that are functions: first what they captured.
    fn given_functions(&mut self) {
        let Some(special) = self.special.clone() else { return };
        let def = self.def;
        let params = def.params.iter().filter(|p| matches!(self.local_ty(p.local), Ty::Fn(_)));
        let params: Vec<LocalId> = params.map(|p| p.local).collect();
        for (local, shape) in params.into_iter().zip(special.key.functions) {
            let function = self.declare_function(shape);
            self.functions.insert(local, function);
        }
    }

    /// The slots of the leaves of all parameters.
    fn param_slots(&self) -> Vec<u32> {
        let slots = |param: &ParamDef| {
            let base = self.base(param.local);
            base..base + self.width(self.local_ty(param.local)) as u32
        };
        self.def.params.iter().flat_map(slots).collect()
    }

    fn declare_leaf(&mut self, leaf: &Leaf, slot: u32) -> Ints {
        if !leaf.is_array() {
            let v = self.b.param(leaf.element.into(), Passing::ByValue);
            self.set_scalar(slot, v);
            return Ints::new();
        }
        let (passing, origin) =
            if leaf.lent { (Passing::Mut, Origin::Variable) } else { (Passing::ByValue, Origin::Fixed) };
        let (v, dims) = self.array_param(leaf, passing);
        self.set(slot, Slot::Array(Box::new(View::whole(v, &dims, origin))));
        dims
    }

    /// An array parameter. An extent that is a bare name is that dimension; an expression gets a dimension of its own.
    fn array_param(&mut self, leaf: &Leaf, passing: Passing) -> (Value, Ints) {
        let dims: Ints = leaf.dims.iter().map(|dim| self.param_dim(dim)).collect();
        let ty = ArrayType { element: leaf.element, dims: dims.clone() };
        (self.b.param(Type::Array(ty), passing), dims)
    }

    fn param_dim(&mut self, dim: &DimExpr) -> Int {
        let bound = |this: &Self, local: LocalId| {
            let is = |d: &crate::layout::Dimension| d.local == local && matches!(d.source, DimSource::Extent { .. });
            this.layout.dims.iter().any(is)
        };
        match dim {
            DimExpr::Const(c) if *c >= 0 => Int::Const(*c),
            DimExpr::Local(local) if bound(self, *local) => {
                let slot = self.base(*local);
                let v = self.slot(slot).scalar().unwrap_or_else(|| self.b.dim());
                self.set_scalar(slot, v);
                self.mark_natural(Int::Value(v));
                Int::Value(v)
            }
            DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => {
                let v = self.b.dim();
                self.mark_natural(Int::Value(v));
                Int::Value(v)
            }
        }
    }

    /// Where the leaves of the result go. The caller has made storage of the right extents, so they are what the signature says.
    fn result_sinks(&mut self, extents: &[Ints]) -> Vec<Sink> {
        let layout = self.layout;
        let mut sinks = Vec::new();
        for leaf in &layout.result_leaves {
            sinks.push(match *leaf {
                ResultLeaf::Scalar(i) => Sink::Slot(self.temporary(), layout.results[i].element),
                ResultLeaf::Array(i) => {
                    let array = self.b.func().params[self.captured_params + layout.ir_destination(i)].value;
                    let own = &extents[layout.params.len() + i];
                    let dims = layout.destinations[i].dims.iter().zip(own);
                    let dims: Ints = dims.map(|(dim, &own)| self.dim(dim).unwrap_or(own)).collect();
                    dims.iter().for_each(|&dim| self.mark_natural(dim));
                    Sink::Place(View::whole(array, &dims, Origin::Variable))
                }
            });
        }
        sinks
    }

    /// The slots of the scalar leaves of the result.
    pub(super) fn result_slots(&self) -> Vec<(u32, ScalarType)> {
        let slot = |sink: &Sink| match sink {
            Sink::Slot(slot, ty) => Some((*slot, *ty)),
            Sink::Place(_) => None,
        };
        self.result.iter().filter_map(slot).collect()
    }

    /// Extents that are expressions must be what they say; from then on they are known as that.
    fn check_extents(&mut self, extents: &[Ints]) {
        let layout = self.layout;
        let slots = self.param_slots();
        for ((leaf, dims), slot) in layout.params.iter().zip(extents).zip(slots) {
            let mut known = Ints::new();
            for (axis, (wanted, &found)) in leaf.dims.iter().zip(dims).enumerate() {
                self.at(self.def.span);
                let value = self.dim(wanted).unwrap_or(found);
                let what = crate::layout::extent_in_words(&leaf.path.to_string(), axis, dims.len());
                self.require_same(found, value, format!("{what} and `{}`", layout.dim_in_words(wanted)));
                self.mark_natural(value);
                known.push(value);
            }
            if let Slot::Array(view) = self.slot(slot).clone() {
                self.set(slot, Slot::Array(Box::new(View { dims: known, ..*view })));
            }
        }
    }

    /// What the function returns: scalar leaves of the result, then last values of lent scalars.
    pub(super) fn returned(&mut self) -> Vec<Value> {
        let slots = self.result_slots();
        let mut out: Vec<Value> = slots.into_iter().map(|(slot, ty)| self.get_scalar(slot, ty)).collect();
        let layout = self.layout;
        for &i in &layout.finals {
            let leaf = &layout.params[i];
            let param = leaf.path.param.expect("parameters have positions");
            let offset = (i - layout.leaves_of_param(param).start) as u32;
            let slot = self.base(self.def.params[param].local) + offset;
            out.push(self.get_scalar(slot, leaf.element));
        }
        out
    }

    // Blocks

    /// Lowers the function's own block from a statement on. What follows an `if` that returns goes into its other branch.
    fn function_block(&mut self, block: &Block, from: usize, depth: usize, sinks: &[Sink]) {
        let (base, key) = (self.guards.len(), Key::of_block(block));
        for (i, stmt) in block.stmts.iter().enumerate().skip(from) {
            if !self.reach(base, key, i) {
                return;
            }
            match returning_arms(stmt) {
                Some(arms) if self.guards.len() == base && depth + arms.len() <= MAX_TAILS => {
                    let mut rest = |this: &mut Self| this.function_block(block, i + 1, depth + arms.len(), sinks);
                    self.at(stmt.span);
                    self.return_or(arms, &mut rest);
                    return;
                }
                Some(_) | None => self.stmt(stmt, key, i),
            }
        }
        if let Some(value) = &block.value
            && self.reach(base, key, block.stmts.len())
        {
            self.expr_into(value, sinks);
        }
    }

    /// Arms that all return, else the rest of the function.
    fn return_or(&mut self, arms: &[Arm], rest: &mut dyn FnMut(&mut Self)) {
        let Some((arm, others)) = arms.split_first() else {
            rest(self);
            return;
        };
        let condition = self.scalar(&arm.condition);
        self.at(arm.condition.span);
        self.branch_at(At::FunctionEnd, condition, &mut |this| this.block_stmts(&arm.body), &mut |this| {
            this.return_or(others, rest)
        });
    }

    /// Lowers a block for its effect.
    pub(super) fn block_stmts(&mut self, block: &Block) {
        if self.stmts(block)
            && let Some(value) = &block.value
        {
            self.effect(value);
        }
    }

    /// Lowers a block and delivers its value.
    pub(super) fn block_into(&mut self, block: &Block, sinks: &[Sink]) {
        if self.stmts(block)
            && let Some(value) = &block.value
        {
            self.expr_into(value, sinks);
        }
    }

    /// Lowers a block and gives its value; guards stay open for what follows in the same statement.
    pub(super) fn block(&mut self, block: &Block) -> Vals {
        if !self.stmts(block) {
            return self.nothing(&block.ty);
        }
        match &block.value {
            Some(value) => {
                let mut vals = self.raw(value);
                if vals.iter().any(Val::traps) {
                    self.settle();
                    self.complete(&mut vals);
                }
                vals
            }
            None => self.nothing(&block.ty),
        }
    }

    /// Lowers statements; whether what follows them is reached.
    fn stmts(&mut self, block: &Block) -> bool {
        let base = self.guards.len();
        let key = Key::of_block(block);
        for (i, stmt) in block.stmts.iter().enumerate() {
            if !self.reach(base, key, i) {
                return false;
            }
            self.stmt(stmt, key, i);
        }
        if block.value.is_none() {
            return self.exited != Exited::Yes;
        }
        self.reach(base, key, block.stmts.len())
    }

    /// The boundary before a statement; whether it can be reached.
    fn reach(&mut self, base: usize, key: Key, i: usize) -> bool {
        if self.exited == Exited::Yes {
            return false;
        }
        if self.exited == Exited::Maybe {
            let stamp = self.facts.blocks.get(&key).map_or(0, |facts| facts.stamps[i]);
            self.boundary(base, At::Stmt(stamp));
        }
        true
    }

    fn stmt(&mut self, stmt: &Stmt, block: Key, i: usize) {
        self.at(stmt.span);
        match &stmt.kind {
            StmtKind::Let { pattern, value, ascribed } => {
                let outlives =
                    !self.guards.is_empty() && self.facts.blocks.get(&block).is_some_and(|f| f.last_exit > i);
                self.let_stmt(pattern, value, ascribed.as_ref(), outlives);
            }
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value),
            StmtKind::Expr(e) => self.effect(e),
            StmtKind::While { checkpoint, condition, body } => {
                let checkpoint = self.checkpoint(checkpoint.as_ref());
                self.at(stmt.span);
                let inst = self.while_stmt(condition, body);
                self.b.func_mut().inst_mut(inst).op.set_checkpoint(checkpoint);
            }
            StmtKind::For { checkpoint, var, range, body } => {
                let checkpoint = self.checkpoint(checkpoint.as_ref());
                let trip = self.trip(range);
                self.at(stmt.span);
                let inst = self.counted(Key::of_loop(body), *var, trip, &[], &mut |this| this.block_stmts(body));
                self.b.func_mut().inst_mut(inst).op.set_checkpoint(checkpoint);
            }
            StmtKind::Break => self.leave_loop(Exit::Break),
            StmtKind::Continue => self.leave_loop(Exit::Continue),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let sinks = self.result.clone();
                    self.expr_into(value, &sinks);
                    self.settle();
                }
                self.leave_to(Exit::Return);
            }
        }
    }

    /// `break` and `continue`: to the innermost loop.
    fn leave_loop(&mut self, exit: fn(Key) -> Exit) {
        if let Some(key) = self.frame().key {
            self.leave_to(exit(key));
        }
    }

    // Variables that are the result

    /// Finds variables that the last line of the function returns and that can live in the result's storage: nothing else is ever written there, since nothing returns earlier.
    fn find_named_results(&mut self, body: &Block) {
        let Some(value) = &body.value else { return };
        let returns = self.facts.log.contains(&super::analysis::Write::Exit(Exit::Return));
        if returns || self.facts.is_busy(value) {
            return;
        }
        let mut start = 0;
        for part in parts_of(value) {
            let (local, sink) = (named(part), self.result.get(start).cloned());
            start += self.width(&part.ty);
            if let (Some(local), Some(Sink::Place(place))) = (local, sink)
                && body.stmts.iter().any(|stmt| declares(stmt, local))
                && self.named_results.iter().all(|(other, _)| *other != local)
            {
                self.named_results.push((local, place));
            }
        }
    }

    /// Declares a variable right in the storage of the result, if its shape is that of the result for sure.
    fn let_result(&mut self, pattern: &Pattern, value: &Expr) -> bool {
        let Pattern::Local(local) = pattern else { return false };
        let found = self.named_results.iter().find(|(named, _)| named == local);
        let (Some((_, place)), Ty::Array { dims, .. }) = (found.cloned(), &value.ty) else {
            return false;
        };
        let known: Option<Ints> = dims.iter().map(|dim| self.dim(dim)).collect();
        if known.is_none_or(|known| known != place.dims) {
            return false;
        }
        self.expr_into(value, &[Sink::Place(place.clone())]);
        self.settle();
        let slot = self.base(*local);
        self.set(slot, Slot::Array(Box::new(place)));
        true
    }

    // let

    fn let_stmt(&mut self, pattern: &Pattern, value: &Expr, ascribed: Option<&Ty>, outlives: bool) {
        if let ExprKind::Function(_) = value.kind {
            self.let_function(pattern, value);
            return;
        }
        if ascribed.is_none() && self.let_result(pattern, value) {
            return;
        }
        let vals = if is_scalars(&value.ty) && ascribed.is_none() {
            self.raw(value)
        } else {
            self.lasting = outlives;
            let vals = self.expr(value);
            self.lasting = false;
            vals
        };
        self.at(value.span);
        if let Some(ty) = ascribed {
            self.check_ascription(&vals, ty);
        }
        self.lasting = outlives;
        self.bind(pattern, &value.ty, &vals);
        self.lasting = false;
    }

    /// Declares the variables of a pattern.
    fn bind(&mut self, pattern: &Pattern, ty: &Ty, vals: &[Val]) {
        match pattern {
            Pattern::Wildcard => self.complete(&mut vals.to_vec()),
            Pattern::Local(local) => {
                let base = self.base(*local);
                for (i, val) in vals.iter().enumerate() {
                    self.bind_leaf(*local, base + i as u32, i, val);
                }
            }
            Pattern::Tuple(patterns) => {
                let Ty::Tuple(items) = ty else { return };
                let mut start = 0;
                for (pattern, item) in patterns.iter().zip(items) {
                    let end = (start + self.unit.sizes.leaves(item)).min(vals.len());
                    self.bind(pattern, item, &vals[start..end]);
                    start = end;
                }
            }
        }
    }

    fn bind_leaf(&mut self, local: LocalId, slot: u32, _leaf: usize, val: &Val) {
        match val {
            Val::Scalar(v) => self.set_scalar(slot, *v),
            Val::Array(arr) => {
                let mutable = self.def.locals[local.0 as usize].mutable;
                let view = self.own(arr, mutable, self.local_ty(local));
                self.set(slot, Slot::Array(Box::new(view)));
            }
        }
    }
}

/// The parts of a value that is put together in the last line.
fn parts_of(value: &Expr) -> Vec<&Expr> {
    match &value.kind {
        ExprKind::Tuple(items) => items.iter().collect(),
        _ => vec![value],
    }
}

fn named(e: &Expr) -> Option<LocalId> {
    match e.kind {
        ExprKind::Local(local) => Some(local),
        _ => None,
    }
}

fn declares(stmt: &Stmt, local: LocalId) -> bool {
    matches!(&stmt.kind, StmtKind::Let { pattern: Pattern::Local(declared), .. } if *declared == local)
}

/// How deep early returns of the function's own block nest what follows them; further ones set flags.
const MAX_TAILS: usize = 16;

/// The arms of a statement `if … { … return …; }`, all of which return, without `else`.
fn returning_arms(stmt: &Stmt) -> Option<&[Arm]> {
    match &stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::If { arms, otherwise: None }, .. }) => {
            arms.iter().all(|arm| arm.body.ty == Ty::Never).then_some(arms)
        }
        _ => None,
    }
}

/// Whether a type has no arrays.
fn is_scalars(ty: &Ty) -> bool {
    match ty {
        Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => true,
        Ty::Array { .. } | Ty::Struct { .. } => false,
        Ty::Tuple(items) => items.iter().all(is_scalars),
    }
}

impl Lowerer<'_> {
    /// The value of an extent here, if types and variables in scope tell it.
    pub(super) fn dim(&mut self, dim: &DimExpr) -> Option<Int> {
        match dim {
            DimExpr::Const(c) => Some(Int::Const(*c)),
            DimExpr::Local(local) => {
                let v = self.slot(self.base(*local)).scalar()?;
                Some(self.int(v))
            }
            DimExpr::Apply(prim, operands) => {
                let [a, b] = operands.as_ref();
                let (a, b) = (self.dim(a)?, self.dim(b)?);
                Some(self.dim_arith(*prim, a, b))
            }
            DimExpr::Struct(_) | DimExpr::Unknown => None,
        }
    }

    fn dim_arith(&mut self, prim: Prim, a: Int, b: Int) -> Int {
        self.arith(prim, a, b)
    }
}
