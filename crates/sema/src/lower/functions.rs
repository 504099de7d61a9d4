//! Function values: what they are here, what they captured, calls of them.
//!
//! In: a [`FnValue`]. Out: a [`FnVal`]: a shape, and where its captures are found in the function being lowered. A call passes captures as leading arguments, and becomes one of the very function that is meant.

use super::calls::{Given, Passed};
use super::env::{Lowerer, Slot};
use super::special::{Endless, Shape, ShapeId};
use super::values::{Arr, Origin, Sink, Val, Vals, View};
use crate::layout::{Path, each_leaf};
use crate::typed::*;
use adit_diag::Span;
use adit_ir::{ArrayType, Int, Ints, Passing, ScalarType, Type, Value};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A function value in the function being lowered.
#[derive(Clone, Debug)]
pub(super) struct FnVal {
    pub(super) shape: ShapeId,
    /// What a lambda captured, in order.
    captured: Rc<[Held]>,
}

/// Something captured.
#[derive(Clone, Debug)]
enum Held {
    /// A local of this function.
    Local(LocalId),
    /// Parameters of this function.
    Given(Vals),
    /// A function.
    Function(FnVal),
}

impl<'p> Lowerer<'p> {
    /// The function that an expression is. A lambda captures here.
    pub(super) fn function(&mut self, e: &Expr) -> Option<FnVal> {
        let ExprKind::Function(function) = &e.kind else { return None };
        self.at(e.span);
        match function {
            FnValue::Named(id) => self.fn_val(Shape::Named(*id), Vec::new(), e.span),
            FnValue::Lambda { lambda, instance } => self.lambda(*lambda, *instance, e.span),
            FnValue::Local { local, instance } => {
                let known = self.functions.get(local).cloned()?;
                match instance {
                    Some(_) => self.chosen(known, *instance, e.span),
                    None => Some(known),
                }
            }
        }
    }

    fn fn_val(&mut self, shape: Shape, captured: Vec<Held>, span: Span) -> Option<FnVal> {
        let shape = self.unit.specials.borrow_mut().intern(shape);
        match shape {
            Ok(shape) => Some(FnVal { shape, captured: captured.into() }),
            Err(why) => {
                self.endless(why, span);
                None
            }
        }
    }

    /// A lambda, when it is said for what types.
    fn chosen(&mut self, known: FnVal, instance: Option<FnId>, span: Span) -> Option<FnVal> {
        let shape = self.unit.specials.borrow().shape(known.shape).clone();
        match shape {
            Shape::Named(_) => Some(known),
            Shape::Lambda { .. } if known.captured.is_empty() => {
                let id = instance?;
                self.fn_val(Shape::Named(id), Vec::new(), span)
            }
            Shape::Lambda { owner, lambda, functions, .. } => {
                let captured = known.captured.to_vec();
                self.fn_val(Shape::Lambda { owner, lambda, instance, functions }, captured, span)
            }
        }
    }

    fn lambda(&mut self, lambda: LambdaId, instance: Option<FnId>, span: Span) -> Option<FnVal> {
        let def = self.def;
        let captures = &def.lambdas[lambda.0 as usize].captures;
        let mut captured = Vec::with_capacity(captures.len());
        let mut functions = Vec::new();
        for capture in captures {
            if let Ty::Fn(_) = self.local_ty(capture.from) {
                let inner = self.functions.get(&capture.from).cloned()?;
                functions.push(inner.shape);
                captured.push(Held::Function(inner));
                continue;
            }
            if capture.held != capture.from {
                self.hold(*capture);
            }
            captured.push(Held::Local(capture.held));
        }
        let owner = self.id;
        let known = self.fn_val(Shape::Lambda { owner, lambda, instance: None, functions }, captured, span)?;
        if instance.is_some() { self.chosen(known, instance, span) } else { Some(known) }
    }

    /// Copies a variable that may be assigned later.
    fn hold(&mut self, capture: Capture) {
        let vals = self.local(capture.from);
        let base = self.base(capture.held);
        self.lasting = !self.guards.is_empty();
        for (i, val) in vals.iter().enumerate() {
            match val {
                Val::Scalar(v) => self.set_scalar(base + i as u32, *v),
                Val::Array(arr) => {
                    let view = self.own(arr, false, self.local_ty(capture.held));
                    self.set(base + i as u32, Slot::Array(Box::new(view)));
                }
            }
        }
        self.lasting = false;
    }

    pub(super) fn endless(&mut self, why: Endless, span: Span) {
        let message = match why {
            Endless::Shape => {
                "functions capture each other too deeply here: a function that calls itself with a lambda around the function it was given would be made without end"
            }
            Endless::Count => "too many functions would have to be made for the functions that are passed",
        };
        if !self.has_limit() {
            let d = super::limit(span, message.to_owned());
            self.error(d.help("pass the same functions on, and what changes as numbers or arrays"));
        }
    }

    // Captures as parameters

    /// Declares the parameters that hold what a function captured, which was given to this one.
    pub(super) fn declare_function(&mut self, shape: ShapeId) -> FnVal {
        let this = self.unit.specials.borrow().shape(shape).clone();
        let Shape::Lambda { owner, lambda, functions, .. } = this else {
            return FnVal { shape, captured: Rc::new([]) };
        };
        let def = &self.unit.program.functions[owner.0 as usize];
        let mut functions = functions.into_iter();
        let mut dims = FxHashMap::default();
        let mut captured = Vec::new();
        for capture in &def.lambdas[lambda.0 as usize].captures {
            let ty = &def.locals[capture.from.0 as usize].ty;
            captured.push(match (ty, functions.len()) {
                (Ty::Fn(_), 1..) => {
                    let inner = functions.next().unwrap_or(shape);
                    Held::Function(self.declare_function(inner))
                }
                _ => Held::Given(self.declare_captured(ty, &mut dims)),
            });
        }
        FnVal { shape, captured: captured.into() }
    }

    /// Parameters for the leaves of a captured variable. Extents that its function knows by one name are one dimension.
    fn declare_captured(&mut self, ty: &Ty, dims: &mut FxHashMap<LocalId, Int>) -> Vals {
        let mut leaves: Vec<(ScalarType, Vec<DimExpr>)> = Vec::new();
        let mut path = Path { param: None, name: "".into(), steps: Vec::new() };
        each_leaf(self.unit.program, ty, &mut path, &mut |_, element, dims| leaves.push((element, dims.to_vec())));
        let mut vals = Vals::new();
        for (element, extents) in leaves {
            self.captured_params += 1;
            if extents.is_empty() {
                vals.push(Val::Scalar(self.b.param(element.into(), Passing::ByValue)));
                continue;
            }
            let extents: Ints = extents.iter().map(|dim| self.captured_dim(dim, dims)).collect();
            let ty = ArrayType { element, dims: extents.clone() };
            let v = self.b.param(Type::Array(ty), Passing::ByValue);
            vals.push(Val::Array(Box::new(Arr::of_view(element, View::whole(v, &extents, Origin::Fixed)))));
        }
        vals
    }

    fn captured_dim(&mut self, dim: &DimExpr, dims: &mut FxHashMap<LocalId, Int>) -> Int {
        let dim = match dim {
            DimExpr::Const(c) if *c >= 0 => Int::Const(*c),
            DimExpr::Local(local) => *dims.entry(*local).or_insert_with(|| Int::Value(self.b.dim())),
            DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => Int::Value(self.b.dim()),
        };
        self.mark_natural(dim);
        dim
    }

    /// The arguments for the parameters that hold what a function captured.
    pub(super) fn pass_captured(&mut self, function: &FnVal, out: &mut Vec<Value>) {
        for held in function.captured.iter() {
            match held {
                Held::Function(inner) => self.pass_captured(inner, out),
                Held::Local(_) | Held::Given(_) => {
                    for val in self.held(held) {
                        let passed = self.pass(&val);
                        out.push(passed.value);
                    }
                }
            }
        }
    }

    fn held(&mut self, held: &Held) -> Vals {
        match held {
            Held::Local(local) => self.local(*local),
            Held::Given(vals) => vals.clone(),
            Held::Function(_) => Vals::new(),
        }
    }

    // Calls

    /// A call of a function value.
    pub(super) fn call_value(&mut self, e: &Expr, callee: &Expr, args: &[Arg], sinks: Option<&[Sink]>) -> Vals {
        let Some((target, told, given)) = self.meant(e, callee, args) else { return self.nothing(&e.ty) };
        let vals = self.call_with(e, target, args, &given, sinks);
        self.check_result_told(&told.result, &vals);
        vals
    }

    /// The function that a value means, its type, and the arguments with what it captured before them.
    pub(super) fn meant<'e>(&mut self, e: &Expr, callee: &'e Expr, args: &[Arg]) -> Option<(FnId, &'e FnTy, Given)> {
        let function = self.function(callee)?;
        let shape = self.unit.specials.borrow().shape(function.shape).clone();
        let target = match shape {
            Shape::Named(id) => Some(id),
            Shape::Lambda { instance, .. } => instance,
        };
        let (Some(target), Ty::Fn(Some(told))) = (target, &callee.ty) else { return None };
        let mut given = self.arguments(args);
        self.at(e.span);
        self.check_told(told, args, &given.passed);
        let def = &self.unit.program.functions[target.0 as usize];
        let captures = def.instance_of.iter().flat_map(|i| &i.captures);
        let mut leading = Vec::new();
        let mut functions = Vec::new();
        for &at in captures {
            match function.captured.get(at as usize) {
                Some(Held::Function(inner)) => functions.push(inner.clone()),
                Some(held) => {
                    for val in self.held(held) {
                        leading.push(self.pass(&val));
                    }
                }
                None => {}
            }
        }
        leading.append(&mut given.passed);
        functions.append(&mut given.functions);
        given.passed = leading;
        given.functions = functions;
        Some((target, told, given))
    }

    /// That arguments have the extents that a function type states.
    fn check_told(&mut self, told: &FnTy, args: &[Arg], passed: &[Passed]) {
        let mut leaves = passed.iter();
        for (i, (param, arg)) in told.params.iter().zip(args).enumerate() {
            let span = match arg {
                Arg::Value(e) => e.span,
                Arg::Lent(place) => place.span,
            };
            for dims in self.leaf_dims(&param.ty) {
                let Some(leaf) = leaves.next() else { return };
                let found = leaf.dims.clone();
                self.at(span);
                self.same_as_told(&dims, &found, &format!("argument {} and the type of the function", i + 1));
            }
        }
    }

    fn check_result_told(&mut self, told: &Ty, vals: &[Val]) {
        for (dims, val) in self.leaf_dims(told).iter().zip(vals) {
            if let Val::Array(arr) = val {
                let found = arr.dims.clone();
                self.same_as_told(dims, &found, "what a function gives and its type");
            }
        }
    }

    fn same_as_told(&mut self, told: &[DimExpr], found: &[Int], what: &str) {
        for (dim, &found) in told.iter().zip(found) {
            if let Some(wanted) = self.dim(dim)
                && wanted != found
            {
                self.require_same(found, wanted, what.to_owned());
            }
        }
    }

    /// The name of a function that a `let` gave.
    pub(super) fn let_function(&mut self, pattern: &Pattern, value: &Expr) {
        if let (Pattern::Local(local), Some(function)) = (pattern, self.function(value)) {
            self.functions.insert(*local, function);
        }
    }
}
