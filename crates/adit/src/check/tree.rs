//! The typed tree among the engines.
//!
//! In: a function at a point. Out: its value and its derivatives by the interpreter of the typed tree, which shares neither lowering nor derivative passes with the others: it differentiates by numbers that
//! move, one direction at a time.
//!
//! That is slow, so it gets a number of steps; a run that needs more is left out, and noted.

use super::engines::{Directions, Flat, Subject, contains_derivatives, dot, first_message, flatten};
use super::output::Output;
use crate::error::{Error, Result};
use crate::frame::{Slot, rebuild, scalar_value};
use crate::value::Value;
use adit_interp::tree;
use adit_ir::{Limits, Mode, Scalar};
use adit_sema::typed::FnId;

/// What this engine is called.
pub(super) const NAME: &str = "typed tree";

/// Steps for a value that contains derivatives.
const STEPS: u64 = 1_000_000;

/// Steps for the derivatives along all directions.
const STEPS_OF_DIRECTIONS: u64 = 200_000;

/// The value, unless it takes too long.
pub(super) fn value(subject: &Subject<'_>, notes: &mut Vec<String>) -> Option<(&'static str, Flat, Output)> {
    let mut limits = subject.function.options().limits;
    if contains_derivatives(subject.function) {
        limits.steps = Some(limits.steps.unwrap_or(STEPS).min(STEPS));
    }
    let mut output = Output::default();
    let outcome = match run(subject, &limits, &mut |line| output.add(line)) {
        Ok(outcome) => outcome,
        Err(e) if is_limit(&e) => {
            notes.push(format!("the typed tree is left out: {}", first_message(&e)));
            return None;
        }
        Err(e) => {
            // The function has run before: an error here is a result of its own, unlike any number.
            notes.push(format!("the typed tree stops: {}", first_message(&e)));
            return Some((NAME, Flat(Vec::new()), output));
        }
    };
    let mut out = Vec::new();
    numbers(&outcome.value, &mut out);
    outcome.finals.iter().for_each(|v| numbers(v, &mut out));
    Some((NAME, Flat(out), output))
}

/// Whether a run stopped at a limit, which the tree counts in its own way.
fn is_limit(error: &Error) -> bool {
    const LIMITS: [&str; 4] = ["AD0804", "AD0805", "AD0806", "AD0807"];
    error.diagnostics().iter().all(|d| LIMITS.contains(&d.code.0))
}

/// The derivative of the combination of results along each direction, unless that takes too long.
pub(super) fn derivatives(
    subject: &Subject<'_>,
    directions: &Directions,
    notes: &mut Vec<String>,
) -> Option<(&'static str, Vec<f64>)> {
    let mut limits = subject.function.options().limits;
    let each = STEPS_OF_DIRECTIONS / (directions.count() as u64).max(1);
    limits.steps = Some(limits.steps.unwrap_or(each).min(each));
    match directions.each(|along| derivative(subject, along, &limits)) {
        Ok(columns) => Some((NAME, columns)),
        Err(e) if is_limit(&e) => None,
        Err(e) => {
            notes.push(format!("the typed tree stops: {}", first_message(&e)));
            Some((NAME, Vec::new()))
        }
    }
}

fn derivative(subject: &Subject<'_>, along: &[f64], limits: &Limits) -> Result<f64> {
    let (unit, _) = subject.function.program()?;
    let mut along = along.iter().copied();
    let args = arguments(subject, &mut |_, x| x);
    let tangents = arguments(subject, &mut |slot, _| {
        let moves = subject.active.get(slot).is_some_and(|active| *active);
        if moves { along.next().unwrap_or(0.0) } else { 0.0 }
    });
    let ran = tree::tangent(&unit.program, id(subject)?, &args, &tangents, Mode::Jvp, limits);
    let tangent = ran.map_err(|e| Error::run(&e, unit.sources.clone()))?;
    let mut out = Vec::new();
    numbers(&tangent, &mut out);
    let floats: Vec<f64> = out.into_iter().filter_map(Scalar::as_float).collect();
    Ok(dot(&subject.weights, &floats))
}

fn run(subject: &Subject<'_>, limits: &Limits, print: &mut (dyn FnMut(&str) + Send)) -> Result<tree::Outcome> {
    let (unit, _) = subject.function.program()?;
    let args = arguments(subject, &mut |_, x| x);
    let ran = tree::run(&unit.program, id(subject)?, args, limits, print);
    ran.map_err(|e| Error::run(&e, unit.sources.clone()))
}

/// Which function of the tree it is.
fn id(subject: &Subject<'_>) -> Result<FnId> {
    let f = subject.function;
    let position = f.program()?.0.program.functions.iter().position(|def| *def.name == *f.name());
    Ok(FnId(position.ok_or_else(|| Error::internal("a function without a definition"))? as u32))
}

/// Values of the tree in the shape of the point: for each float of a slot of the frame, in order, what `float` makes of it.
fn arguments(subject: &Subject<'_>, float: &mut dyn FnMut(usize, f64) -> f64) -> Vec<tree::Value> {
    let shape = subject.function.shape();
    let argument = |(i, p): (usize, &crate::Parameter)| {
        let mut leaves = shape.layout.leaves_of_param(i).map(|leaf| {
            let slot = shape.layout.ir_param(leaf);
            let mut value = match &subject.frame.slots[slot] {
                Slot::Scalar(s) => scalar_value(*s),
                Slot::Array(_, a) => Value::Array(a.clone()),
            };
            value.for_each_float_mut(&mut |x| *x = float(slot, *x));
            value
        });
        to_tree(&rebuild(&p.ty, &mut || leaves.next().unwrap_or_else(Value::unit)))
    };
    shape.signature.params.iter().enumerate().map(argument).collect()
}

fn to_tree(value: &Value) -> tree::Value {
    let scalars = |v: &Value| {
        let mut out = Vec::new();
        flatten(v, &mut out);
        out
    };
    match value {
        Value::F64(x) => tree::Value::Scalar(Scalar::F64(*x)),
        Value::F32(x) => tree::Value::Scalar(Scalar::F32(*x)),
        Value::I64(i) => tree::Value::Scalar(Scalar::I64(*i)),
        Value::Bool(b) => tree::Value::Scalar(Scalar::Bool(*b)),
        Value::Array(a) => {
            let element = a.data.element();
            tree::Value::Array(tree::Array { element, dims: a.dims.clone(), elements: scalars(value).into() })
        }
        Value::Struct(fields) => tree::Value::Tuple(fields.iter().map(|(_, v)| to_tree(v)).collect()),
        Value::Tuple(items) => tree::Value::Tuple(items.iter().map(to_tree).collect()),
    }
}

fn numbers(value: &tree::Value, out: &mut Vec<Scalar>) {
    match value {
        tree::Value::Scalar(s) => out.push(*s),
        tree::Value::Array(a) => out.extend(&a.elements),
        tree::Value::Tuple(items) => items.iter().for_each(|v| numbers(v, out)),
        tree::Value::Function(_) => {}
    }
}
