//! Calls: arguments, dimension names, results, what is lent.
//!
//! In: a function and its arguments. Out: its result, and places changed. By-value arguments are copies; a lent place is copied in, and out again when the call is over, which
//! nobody can tell from lending since nothing lent is mentioned twice. Every size that the signature states is checked before the body runs.

use super::elementwise::mismatch;
use super::number::{Closure, Outcome, Value};
use super::places::Target;
use super::{Eval, Frame, Machine, Stop};
use adit_diag::Span;
use adit_ir::{RunError, Scalar};
use adit_sema::typed::{Arg, DimExpr, Expr, FnDef, FnId, FnTy, FnValue, Ty};

impl<'p> Machine<'p, '_> {
    pub(super) fn call_from_host(&mut self, id: FnId, args: Vec<Value>) -> Result<Outcome, RunError> {
        let span = self.program.functions[id.0 as usize].span;
        match self.enter(id, args, &[], span) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Error(e)) => Err(e),
            Err(Stop::Break | Stop::Continue | Stop::Return(_)) => panic!("a function ends its own exits"),
        }
    }

    pub(super) fn call(&mut self, callee: FnId, args: &'p [Arg], span: Span) -> Eval<Value> {
        let (values, targets) = self.arguments(args)?;
        self.step(span)?;
        let known = self.told_dims(callee, args);
        let outcome = self.enter(callee, values, &known, span)?;
        self.take_back(&targets, &outcome)
    }

    /// A call of a function value: what it captured comes first.
    pub(super) fn call_value(&mut self, callee: &'p Expr, args: &'p [Arg], span: Span) -> Eval<Value> {
        let Value::Function(closure) = self.expr(callee)? else { panic!("{callee:?} is not a function") };
        let (values, targets) = self.arguments(args)?;
        let Ty::Fn(Some(told)) = &callee.ty else { panic!("the type of a callee is told") };
        self.step(span)?;
        let outcome = self.enter_closure(&closure, told, args, values, span)?;
        self.take_back(&targets, &outcome)
    }

    /// Runs a function value for arguments that stand there as `args`.
    pub(super) fn enter_closure(
        &mut self,
        closure: &Closure,
        told: &FnTy,
        args: &[Arg],
        values: Vec<Value>,
        span: Span,
    ) -> Eval<Outcome> {
        for (value, param) in values.iter().zip(&told.params) {
            self.check_type(value, &param.ty, span)?;
        }
        let id = closure.function.expect("a function that is called is known");
        let captures = self.program.functions[id.0 as usize].instance_of.iter().flat_map(|i| &i.captures);
        let captured = captures.map(|&k| closure.captured[k as usize].clone());
        let known = self.told_dims(id, args);
        let outcome = self.enter(id, captured.chain(values).collect(), &known, span)?;
        self.check_type(&outcome.value, &told.result, span)?;
        Ok(outcome)
    }

    /// A function as a value. A lambda captures here.
    pub(super) fn function(&mut self, function: &'p FnValue) -> Closure {
        match function {
            FnValue::Named(id) => Closure { function: Some(*id), captured: [].into() },
            FnValue::Lambda { lambda, instance } => {
                let lambda = &self.frame().def.lambdas[lambda.0 as usize];
                let captured = lambda.captures.iter().map(|c| self.local(c.from).clone()).collect();
                Closure { function: *instance, captured }
            }
            FnValue::Local { local, instance } => {
                let Value::Function(closure) = self.local(*local).clone() else {
                    panic!("{local:?} is not a function")
                };
                Closure { function: instance.or(closure.function), ..closure }
            }
        }
    }

    /// Arguments from left to right, and where lent ones go back to.
    pub(super) fn arguments(&mut self, args: &'p [Arg]) -> Eval<(Vec<Value>, Vec<Target<'p>>)> {
        let mut targets: Vec<Target<'p>> = Vec::new();
        let mut values = Vec::new();
        for arg in args {
            values.push(match arg {
                Arg::Value(e) => self.expr(e)?,
                Arg::Lent(place) => {
                    let target = self.target(place)?;
                    let value = self.fetch(&target)?;
                    targets.push(target);
                    value
                }
            });
        }
        Ok((values, targets))
    }

    pub(super) fn take_back(&mut self, targets: &[Target<'p>], outcome: &Outcome) -> Eval<Value> {
        for (target, value) in targets.iter().zip(&outcome.finals) {
            self.store(target, value)?;
        }
        Ok(outcome.value.clone())
    }

    /// Runs a function in a frame of its own. `known` are values for dimension names that no array of the arguments mentions.
    pub(super) fn enter(&mut self, id: FnId, args: Vec<Value>, known: &[(u32, i64)], span: Span) -> Eval<Outcome> {
        if self.frames.len() >= self.limits.depth as usize {
            return Err(self.too_deep(span).into());
        }
        let def = &self.program.functions[id.0 as usize];
        let level = self.ruled_level(def, &args);
        if level > 0 {
            return self.ruled(id, &args, known, level, span);
        }
        self.frames.push(Frame { def, locals: vec![None; def.locals.len()] });
        let outcome = self.body(def, args, known, span);
        self.frames.pop();
        outcome
    }

    fn body(&mut self, def: &'p FnDef, args: Vec<Value>, known: &[(u32, i64)], span: Span) -> Eval<Outcome> {
        assert_eq!(def.params.len(), args.len(), "as many arguments as parameters");
        for (param, arg) in def.params.iter().zip(args) {
            self.set(param.local, arg);
        }
        for &(local, value) in known {
            self.frame().locals[local as usize] = Some(value.into());
        }
        self.bind_dims(def);
        for param in &def.params {
            let value = self.local(param.local).clone();
            self.check_type(&value, &def.locals[param.local.0 as usize].ty, span)?;
        }
        if let Some(external) = &def.external {
            let value = self.call_external(def, &external.function, span)?;
            return Ok(Outcome { value, finals: Vec::new() });
        }
        let value = match self.block(&def.body) {
            Ok(value) => {
                let end = def.body.value.as_ref().map_or(def.body.span, |v| v.span);
                self.check_result(&value, end)?;
                value
            }
            Err(Stop::Return(value)) => value,
            Err(stop @ (Stop::Error(_) | Stop::Break | Stop::Continue)) => return Err(stop),
        };
        let finals = def.params.iter().filter(|p| p.lent).map(|p| self.local(p.local).clone()).collect();
        Ok(Outcome { value, finals })
    }

    /// Gives each dimension name the first extent that mentions it bare.
    fn bind_dims(&mut self, def: &'p FnDef) {
        let mut found = Vec::new();
        for param in &def.params {
            let ty = &def.locals[param.local.0 as usize].ty;
            let value = self.local(param.local);
            self.each_extent(value, ty, &mut |dim, extent| {
                if let DimExpr::Local(local) = dim {
                    found.push((*local, extent));
                }
            });
        }
        for &dim in &def.dims {
            let extent = found.iter().find(|(local, _)| *local == dim).map(|&(_, extent)| extent as i64);
            let frame = self.frame();
            let slot = &mut frame.locals[dim.0 as usize];
            match extent {
                Some(extent) => *slot = Some(extent.into()),
                None if slot.is_none() => *slot = Some(0.into()),
                None => {}
            }
        }
    }

    /// Dimensions that structs and function types have, as the types of the call's arguments say them, for names that the signature mentions in no array.
    fn told_dims(&self, callee: FnId, args: &'p [Arg]) -> Vec<(u32, i64)> {
        let def = &self.program.functions[callee.0 as usize];
        let mut known = Vec::new();
        // What a lambda captured stands first.
        let own = &def.params[def.params.len() - args.len()..];
        for (param, arg) in own.iter().zip(args) {
            let given = match arg {
                Arg::Value(Expr { ty, .. }) => ty,
                Arg::Lent(place) => &place.ty,
            };
            self.match_dims(&def.locals[param.local.0 as usize].ty, given, false, &mut known);
        }
        known
    }

    /// `told` within a function type: there no value tells the extents of arrays.
    fn match_dims(&self, wanted: &Ty, given: &Ty, told: bool, known: &mut Vec<(u32, i64)>) {
        match (wanted, given) {
            (Ty::Array { .. }, Ty::Array { .. }) if !told => {}
            (Ty::Array { dims: wanted, .. }, Ty::Array { dims: given, .. })
            | (Ty::Struct { dims: wanted, .. }, Ty::Struct { dims: given, .. }) => {
                for (wanted, given) in wanted.iter().zip(given) {
                    if let (DimExpr::Local(local), Some(value)) = (wanted, self.extent(given, &[])) {
                        known.push((local.0, value));
                    }
                }
            }
            (Ty::Tuple(wanted), Ty::Tuple(given)) => {
                for (wanted, given) in wanted.iter().zip(given) {
                    self.match_dims(wanted, given, told, known);
                }
            }
            (Ty::Fn(Some(wanted)), Ty::Fn(Some(given))) => {
                for (wanted, given) in wanted.params.iter().zip(&given.params) {
                    self.match_dims(&wanted.ty, &given.ty, true, known);
                }
                self.match_dims(&wanted.result, &given.result, true, known);
            }
            (_, _) => {}
        }
    }

    /// Calls `see` with every extent of a value and what its type says about it.
    fn each_extent<'t>(&'t self, value: &Value, ty: &'t Ty, see: &mut dyn FnMut(&'t DimExpr, usize)) {
        self.each_extent_of(value, ty, &[], see);
    }

    fn each_extent_of<'t>(
        &'t self,
        value: &Value,
        ty: &'t Ty,
        around: &[&'t DimExpr],
        see: &mut dyn FnMut(&'t DimExpr, usize),
    ) {
        match (ty, value) {
            (Ty::Array { dims, .. }, Value::Array(array)) => {
                for (dim, &extent) in dims.iter().zip(&array.dims) {
                    see(outer(dim, around), extent);
                }
            }
            (Ty::Struct { id, dims }, Value::Tuple(items)) => {
                let around: Vec<&DimExpr> = dims.iter().map(|dim| outer(dim, around)).collect();
                let fields = &self.program.structs[id.0 as usize].fields;
                for (field, item) in fields.iter().zip(items) {
                    self.each_extent_of(item, &field.ty, &around, see);
                }
            }
            (Ty::Tuple(types), Value::Tuple(items)) => {
                for (ty, item) in types.iter().zip(items) {
                    self.each_extent_of(item, ty, around, see);
                }
            }
            (_, _) => {}
        }
    }

    /// That a value has the extents that a type states, where it states them.
    pub(super) fn check_type(&self, value: &Value, ty: &Ty, span: Span) -> Result<(), RunError> {
        self.check_in(value, ty, &[], span)
    }

    fn check_in(&self, value: &Value, ty: &Ty, around: &[i64], span: Span) -> Result<(), RunError> {
        match (ty, value) {
            (Ty::Array { dims, .. }, Value::Array(array)) => {
                for (dim, &found) in dims.iter().zip(&array.dims) {
                    match self.extent(dim, around) {
                        Some(wanted) if wanted != found as i64 => {
                            return Err(RunError { details: [wanted, found as i64], ..mismatch(0, found, span) });
                        }
                        Some(_) | None => {}
                    }
                }
            }
            (Ty::Struct { id, dims }, Value::Tuple(items)) => {
                // A dimension that types don't know is checked by no field.
                let args: Option<Vec<i64>> = dims.iter().map(|dim| self.extent(dim, around)).collect();
                let fields = &self.program.structs[id.0 as usize].fields;
                for (field, item) in fields.iter().zip(items).filter(|_| args.is_some()) {
                    self.check_in(item, &field.ty, args.as_deref().unwrap_or_default(), span)?;
                }
            }
            (Ty::Tuple(types), Value::Tuple(items)) => {
                for (ty, item) in types.iter().zip(items) {
                    self.check_in(item, ty, around, span)?;
                }
            }
            (_, _) => {}
        }
        Ok(())
    }

    /// That a result has the extents that the active function's signature states.
    pub(super) fn check_result(&mut self, value: &Value, span: Span) -> Result<(), RunError> {
        let def = self.frame().def;
        self.check_type(value, &def.result, span)
    }

    /// The value of an extent, where types know it.
    pub(super) fn extent(&self, dim: &DimExpr, around: &[i64]) -> Option<i64> {
        match dim {
            DimExpr::Const(c) => Some(*c),
            DimExpr::Local(local) => Some(self.local(*local).int()),
            DimExpr::Struct(k) => around.get(*k as usize).copied(),
            DimExpr::Apply(prim, operands) => {
                let [a, b] = operands.as_ref();
                let args = [Scalar::I64(self.extent(a, around)?), Scalar::I64(self.extent(b, around)?)];
                prim.apply(&args).ok().map(|s| Value::Scalar(s.into()).int())
            }
            DimExpr::Unknown => None,
        }
    }
}

/// A struct's own dimension by the argument that stands for it.
fn outer<'t>(dim: &'t DimExpr, around: &[&'t DimExpr]) -> &'t DimExpr {
    match dim {
        DimExpr::Struct(k) => around.get(*k as usize).copied().unwrap_or(dim),
        DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Apply(..) | DimExpr::Unknown => dim,
    }
}
