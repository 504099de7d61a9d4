//! Derivatives of functions at a point, by numbers that move.
//!
//! In: a derivative of the tree. Out: its value. Everything comes from one operation: the function runs with tangents on its inputs, in a level of its own. A derivative in many inputs is one run for each
//! float among them; a cotangent is the product of the seed with all of those; the Hessian is the Jacobian of the gradient. That is slow, and has nothing in common with how derivatives are compiled.
//!
//! ```text
//! grad(f)([x₀, x₁])     f([x₀ + ε, x₁]) and f([x₀, x₁ + ε]): the two tangents
//! ```
//!
//! The mode decides one thing alone: which rule of a function is asked ([`super::ruled`]). A derivative prints what the function prints, once, however often it is run.

use super::number::{Array, Closure, Number, Outcome, Value};
use super::value::{one, zero};
use super::{Eval, Machine};
use adit_diag::Span;
use adit_ir::{Mode, Prim, RunError, ScalarType, sweeps};
use adit_sema::typed::{Arg, Derivative, DerivativeKind, DimExpr, Expr, FnId, FnTy, StructDef, Ty};

/// A function of its arguments.
type Function<'f, 'p, 'r> = &'f dyn Fn(&mut Machine<'p, 'r>, &[Value]) -> Eval<Outcome>;

/// A function, its arguments, and which of them it is differentiated in.
struct Point<'f, 'p, 'r> {
    f: Function<'f, 'p, 'r>,
    args: Vec<Value>,
    inputs: Vec<usize>,
}

/// A function's own outcome, and one tangent of its value for each float of the inputs.
struct Columns {
    outcome: Outcome,
    tangents: Vec<Value>,
}

impl<'p, 'r> Machine<'p, 'r> {
    pub(super) fn derivative(&mut self, e: &'p Expr, d: &'p Derivative) -> Eval<Value> {
        let Value::Function(closure) = self.expr(&d.callee)? else { panic!("{:?} is not a function", d.callee) };
        let Ty::Fn(Some(told)) = &d.callee.ty else { panic!("the type of a callee is told") };
        let (mut args, targets) = self.arguments(&d.args)?;
        let along = args.split_off(told.params.len());
        let given = &d.args[..told.params.len()];
        let f = |machine: &mut Self, args: &[Value]| machine.run_closure(&closure, told, given, args, e.span);
        let inputs = (0..args.len()).filter(|&i| carries_floats(&self.program.structs, &told.params[i].ty)).collect();
        let point = Point { f: &f, args, inputs };
        if d.kind != DerivativeKind::Vjp {
            for (&input, tangent) in point.inputs.iter().zip(&along) {
                same_shapes(&point.args[input], tangent, e.span)?;
            }
        }
        let (value, outcome) = self.of_kind(d, told, &point, &along, e.span)?;
        self.take_back(&targets, &outcome)?;
        Ok(value)
    }

    /// What is wanted, and what the function itself gave.
    fn of_kind(
        &mut self,
        d: &Derivative,
        told: &FnTy,
        point: &Point<'_, 'p, 'r>,
        along: &[Value],
        span: Span,
    ) -> Eval<(Value, Outcome)> {
        match d.kind {
            DerivativeKind::Gradient | DerivativeKind::ValueAndGradient => {
                let with_value = d.kind == DerivativeKind::ValueAndGradient;
                let (gradient, outcome) = match d.mode {
                    Some(mode) => self.gradient(point, mode)?,
                    None => self.gradient(point, Mode::Vjp)?,
                };
                let value = if with_value { pair(outcome.value.clone(), gradient) } else { gradient };
                Ok((value, outcome))
            }
            DerivativeKind::Jvp => {
                let (outcome, tangent) = self.directional(point, along, Mode::Jvp)?;
                Ok((pair(outcome.value.clone(), tangent), outcome))
            }
            DerivativeKind::Vjp => {
                let columns = self.columns(point, Mode::Vjp)?;
                same_shapes(&columns.outcome.value, &along[0], span)?;
                let cotangents = point.shaped(columns.weighted(&along[0]));
                Ok((pair(columns.outcome.value.clone(), cotangents), columns.outcome))
            }
            DerivativeKind::Jacobian => {
                let mode = d.mode.unwrap_or_else(|| cheaper(&self.program.structs, told));
                self.jacobian(point, mode)
            }
            DerivativeKind::Hessian => {
                let gradient = |machine: &mut Self, args: &[Value]| machine.gradient_of(point, args);
                let slope = Point { f: &gradient, args: point.args.clone(), inputs: point.inputs.clone() };
                let outcome = (point.f)(self, &point.args)?;
                let (value, _) = self.in_silence(|machine| machine.jacobian(&slope, d.mode.unwrap_or(Mode::Jvp)))?;
                Ok((value, outcome))
            }
            DerivativeKind::Hvp => {
                let gradient = |machine: &mut Self, args: &[Value]| machine.gradient_of(point, args);
                let slope = Point { f: &gradient, args: point.args.clone(), inputs: point.inputs.clone() };
                if d.mode == Some(Mode::Vjp) {
                    let columns = self.columns(&slope, Mode::Vjp)?;
                    return Ok((slope.shaped(columns.weighted(&together(along.to_vec()))), columns.outcome));
                }
                let (outcome, tangent) = self.directional(&slope, along, Mode::Jvp)?;
                Ok((tangent, outcome))
            }
        }
    }

    /// A call of a function value with other arguments than those that stand there.
    fn run_closure(
        &mut self,
        closure: &Closure,
        told: &FnTy,
        given: &[Arg],
        args: &[Value],
        span: Span,
    ) -> Eval<Outcome> {
        self.step(span)?;
        self.enter_closure(closure, told, given, args.to_vec(), span)
    }

    /// The function with tangents on its inputs: what it gives, and how that moves.
    fn directional(&mut self, point: &Point<'_, 'p, 'r>, along: &[Value], mode: Mode) -> Eval<(Outcome, Value)> {
        self.modes.push(mode);
        let level = self.modes.len() as u32;
        let mut args = point.args.clone();
        for (&input, tangent) in point.inputs.iter().zip(along) {
            args[input] = moving(level, &args[input], tangent);
        }
        let outcome = (point.f)(self, &args);
        self.modes.pop();
        let Outcome { value, finals } = outcome?;
        let primal = |value: &Value| value.map(&mut |n| n.split(level).0);
        let tangent = value.map(&mut |n| n.split_or_zero(level).1);
        let finals = finals.iter().map(primal).collect();
        Ok((Outcome { value: primal(&value), finals }, tangent))
    }

    /// The tangent of a function that the host calls.
    pub(super) fn tangent_for_host(
        &mut self,
        id: FnId,
        args: &[Value],
        along: &[Value],
        mode: Mode,
    ) -> Result<Value, RunError> {
        self.modes.push(mode);
        let level = self.modes.len() as u32;
        let moved = args.iter().zip(along).map(|(arg, tangent)| moving(level, arg, tangent)).collect();
        let outcome = self.call_from_host(id, moved);
        self.modes.pop();
        Ok(outcome?.value.map(&mut |n| n.split_or_zero(level).1))
    }

    /// The function once, as it is, and then in silence along each float of the inputs.
    fn columns(&mut self, point: &Point<'_, 'p, 'r>, mode: Mode) -> Eval<Columns> {
        let outcome = (point.f)(self, &point.args)?;
        let tangents = self.in_silence(|machine| machine.tangents(point, mode))?;
        Ok(Columns { outcome, tangents })
    }

    /// One run for each float of the inputs.
    fn tangents(&mut self, point: &Point<'_, 'p, 'r>, mode: Mode) -> Eval<Vec<Value>> {
        let mut tangents = Vec::new();
        let resting: Vec<Value> = point.inputs.iter().map(|&input| zeros_like(&point.args[input])).collect();
        for which in 0..resting.len() {
            for k in 0..floats(&resting[which]) {
                let mut along = resting.clone();
                along[which] = unit(&resting[which], k);
                tangents.push(self.directional(point, &along, mode)?.1);
            }
        }
        Ok(tangents)
    }

    /// Runs without printing.
    fn in_silence<T>(&mut self, run: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        self.silent += 1;
        let result = run(self);
        self.silent -= 1;
        result
    }

    fn gradient(&mut self, point: &Point<'_, 'p, 'r>, mode: Mode) -> Eval<(Value, Outcome)> {
        let columns = self.columns(point, mode)?;
        let slopes = columns.tangents.iter().map(Value::scalar).collect();
        Ok((point.shaped(slopes), columns.outcome))
    }

    /// The gradient as a function, in reverse mode.
    fn gradient_of(&mut self, point: &Point<'_, 'p, 'r>, args: &[Value]) -> Eval<Outcome> {
        let at = Point { f: point.f, args: args.to_vec(), inputs: point.inputs.clone() };
        let (value, outcome) = self.gradient(&at, Mode::Vjp)?;
        Ok(Outcome { value, finals: outcome.finals })
    }

    fn jacobian(&mut self, point: &Point<'_, 'p, 'r>, mode: Mode) -> Eval<(Value, Outcome)> {
        let Columns { outcome, tangents } = self.columns(point, mode)?;
        let inputs = together(point.inputs.iter().map(|&input| zeros_like(&point.args[input])).collect());
        Ok((matrix(&outcome.value, &inputs, &tangents), outcome))
    }
}

impl Columns {
    /// The product of a seed with each tangent.
    fn weighted(&self, seed: &Value) -> Vec<Number> {
        self.tangents.iter().map(|tangent| product(seed, tangent)).collect()
    }
}

impl Point<'_, '_, '_> {
    /// A number for each float of the inputs, in their shape.
    fn shaped(&self, numbers: Vec<Number>) -> Value {
        let mut numbers = numbers.into_iter();
        let inputs = self.inputs.iter().map(|&input| filled(&self.args[input], &mut numbers));
        together(inputs.collect())
    }
}

fn pair(a: Value, b: Value) -> Value {
    Value::Tuple(vec![a, b])
}

/// One alone is itself.
fn together(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Tuple(values) }
}

/// The shape of a value with these numbers for its floats; the others are 0 and false.
pub(super) fn filled(shape: &Value, numbers: &mut dyn Iterator<Item = Number>) -> Value {
    shape.map(&mut |n| {
        let ty = n.ty();
        let number = if ty.is_float() { numbers.next() } else { None };
        number.map_or_else(|| zero(ty).into(), |number| number.to(ty))
    })
}

pub(super) fn zeros_like(value: &Value) -> Value {
    filled(value, &mut std::iter::empty())
}

/// How many floats there are.
pub(super) fn floats(value: &Value) -> usize {
    let mut all = Vec::new();
    value.numbers(&mut all);
    all.iter().filter(|n| n.ty().is_float()).count()
}

/// 1 for the `k`-th float, 0 for all else.
pub(super) fn unit(shape: &Value, k: usize) -> Value {
    let mut before = 0;
    shape.map(&mut |n| {
        let ty = n.ty();
        before += usize::from(ty.is_float());
        let here = ty.is_float() && before == k + 1;
        if here { one(ty).into() } else { zero(ty).into() }
    })
}

/// A value whose floats move as those of a tangent of the same shape.
pub(super) fn moving(level: u32, value: &Value, tangent: &Value) -> Value {
    let mut tangents = Vec::new();
    tangent.numbers(&mut tangents);
    let mut tangents = tangents.into_iter();
    value.map(&mut |n| {
        let tangent = tangents.next().cloned().unwrap_or_else(|| zero(n.ty()).into());
        if n.ty().is_float() { Number::moving(level, n.clone(), tangent.to(n.ty())) } else { n.clone() }
    })
}

/// The sum of the products of floats, a zero weight being strong; what does not move takes no part.
pub(super) fn product(weights: &Value, of: &Value) -> Number {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    weights.numbers(&mut a);
    of.numbers(&mut b);
    let pairs = a.into_iter().zip(b).filter(|(a, b)| a.ty().is_float() && !b.is_still());
    let widest = |n: &Number| n.clone().to(ScalarType::F64);
    let terms = pairs.map(|(a, b)| Number::of(Prim::Smul, &[widest(a), widest(b)]));
    terms.fold(Number::float(ScalarType::F64, 0.0), |sum, term| sum + term)
}

/// The Jacobian, out of one tangent of the result for each float of the inputs.
fn matrix(result: &Value, inputs: &Value, columns: &[Value]) -> Value {
    match result {
        Value::Scalar(_) => filled(inputs, &mut columns.iter().map(Value::scalar)),
        Value::Array(a) => rows(a, inputs, &mut columns.iter().map(Value::array)),
        Value::Tuple(items) => {
            let parts = items.iter().enumerate().filter(|(_, item)| item.carries_floats());
            let part = |(i, item): (usize, &Value)| {
                let columns: Vec<Value> = columns.iter().map(|column| column.field(i as u32).clone()).collect();
                matrix(item, inputs, &columns)
            };
            together(parts.map(part).collect())
        }
        Value::Function(_) => panic!("a function has no derivative in this sense"),
    }
}

/// How an array moves with each part of the inputs that carries floats.
fn rows(result: &Array, input: &Value, columns: &mut dyn Iterator<Item = &Array>) -> Value {
    match input {
        Value::Scalar(n) => {
            let column = columns.next().expect("there is one for each float");
            let elements = column.elements.iter().map(|e| e.clone().to(n.ty())).collect();
            Value::Array(Array { element: n.ty(), dims: column.dims.clone(), elements })
        }
        Value::Array(a) => {
            let own: Vec<&Array> = columns.take(a.elements.len()).collect();
            let row = |k: usize| own.iter().map(move |column| column.elements[k].clone().to(a.element));
            let elements = (0..result.elements.len()).flat_map(row).collect();
            let dims = result.dims.iter().chain(&a.dims).copied().collect();
            Value::Array(Array { element: a.element, dims, elements })
        }
        Value::Tuple(items) => {
            let parts = items.iter().filter(|item| item.carries_floats());
            together(parts.map(|item| rows(result, item, columns)).collect())
        }
        Value::Function(_) => panic!("a function is no input"),
    }
}

/// That a direction has the shape of what it is a direction of.
fn same_shapes(of: &Value, direction: &Value, span: Span) -> Result<(), RunError> {
    match (of, direction) {
        (Value::Array(a), Value::Array(b)) => match a.dims.iter().zip(&b.dims).find(|(a, b)| a != b) {
            Some((&a, &b)) => Err(super::elementwise::mismatch(a, b, span)),
            None => Ok(()),
        },
        (Value::Tuple(a), Value::Tuple(b)) => {
            a.iter().zip(b).try_for_each(|(of, direction)| same_shapes(of, direction, span))
        }
        (_, _) => Ok(()),
    }
}

/// Whether there is a float in values of a type.
pub(super) fn carries_floats(structs: &[StructDef], ty: &Ty) -> bool {
    let mut leaves = Vec::new();
    leaves_of(structs, ty, &mut leaves);
    leaves.iter().any(|leaf| leaf.0.is_float())
}

/// The scalars and arrays in values of a type.
fn leaves_of<'t>(structs: &'t [StructDef], ty: &'t Ty, out: &mut Vec<(ScalarType, &'t [DimExpr])>) {
    match ty {
        Ty::Scalar(s) => out.push((*s, &[])),
        Ty::Array { element, dims } => out.push((*element, dims)),
        Ty::Struct { id, .. } => {
            structs[id.0 as usize].fields.iter().for_each(|field| leaves_of(structs, &field.ty, out));
        }
        Ty::Tuple(items) => items.iter().for_each(|item| leaves_of(structs, item, out)),
        Ty::Fn(_) | Ty::Never => {}
    }
}

/// The mode that looks cheaper to the compiler, as far as types tell.
fn cheaper(structs: &[StructDef], told: &FnTy) -> Mode {
    let count = |types: &mut dyn Iterator<Item = &Ty>| {
        let mut leaves = Vec::new();
        types.for_each(|ty| leaves_of(structs, ty, &mut leaves));
        let extent = |dim: &DimExpr| match dim {
            DimExpr::Const(n) => usize::try_from(*n).ok(),
            DimExpr::Local(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => None,
        };
        let size = |dims: &[DimExpr]| dims.iter().try_fold(1_usize, |n, dim| n.checked_mul(extent(dim)?));
        let mut sizes = leaves.iter().filter(|leaf| leaf.0.is_float()).map(|leaf| size(leaf.1));
        sizes.try_fold(0_usize, |n, size| n.checked_add(size?))
    };
    let columns = count(&mut told.params.iter().map(|param| &param.ty));
    let rows = count(&mut std::iter::once(&told.result));
    sweeps::cheaper(rows, columns)
}

#[cfg(test)]
mod tests;
