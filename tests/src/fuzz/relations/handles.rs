//! The library's handles, from source to numbers: sparse derivatives are the dense ones, and split mode is reverse mode.
//!
//! In: a program and its arguments. Out: a failure if compressed sweeps, put back into a dense matrix by their pattern, are not the matrix of plain sweeps in the same mode; or if the augmented primal has another
//! value than the function, or its reverse other cotangents than reverse mode in one call; or if a tape that was copied does not give the same twice. One program in a few is looked at, because each of these
//! is compiled anew. Numbers that are drawn here are drawn apart from all else. Bugs that were put into the compiler are not in the library, so that with one of them nothing is looked at.

use super::numbers::{far, wild};
use super::{Failure, MORE, Subject};
use crate::fuzz::bug::Bug;
use crate::fuzz::generate::{Arg, MAIN};
use crate::fuzz::rng::Rng;
use adit::{Array, Data, Engine, Error, ErrorKind, Function, Mode, Pattern, ScalarType, Value, Workspace};
use adit_ir::Scalar;

/// One program in so many is looked at.
const ONE_IN: usize = 5;

/// Relative tolerance: both sides add the same terms, and sums of exact zeros.
const CLOSE: f64 = 1e-12;

/// The same where numbers of 32 bits lie on the way, which one side may round and the other not.
const CLOSE_SINGLE: f64 = 1e-5;

/// What is compared: the name of the relation, and the work, with its relative tolerance.
type Compared = (&'static str, fn(&Function, &[Value], &mut Rng, f64) -> Told);

/// Whether it was compared; or what went wrong.
type Told = Result<bool, Wrong>;

/// What went wrong.
enum Wrong {
    /// Numbers that differ, in words.
    Differs(String),
    /// What the library said.
    Said(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Wrong::Said(error)
    }
}

const ALL: [Compared; 3] = [("sparse", jacobian), ("sparse", hessian), ("split", split)];

impl Subject<'_> {
    /// Compares what handles give.
    pub(super) fn handles(&mut self) -> Result<(), Failure> {
        let mut rng = Rng::new(self.plan.seed, 3);
        if !self.plan.native || self.plan.bug != Bug::None || rng.below(ONE_IN) != 0 {
            return Ok(());
        }
        let engine = Engine::builder().strict(true).limits(|limits| *limits = MORE).build();
        let f = engine.and_then(|engine| engine.compile(&self.source)).and_then(|module| module.function(MAIN));
        let f = f.map_err(|e| Failure { relation: "compiles", detail: e.to_string() })?;
        let args: Vec<Value> = self.case.args.iter().map(value).collect();
        if f.call(&args).is_err() {
            return Ok(());
        }
        let close = if self.single() { CLOSE_SINGLE } else { CLOSE };
        for ((relation, compare), seen) in ALL.iter().zip(0..) {
            match compare(&f, &args, &mut rng, close) {
                Ok(compared) => self.report.handles[seen] = compared,
                Err(Wrong::Differs(detail)) => return Err(Failure { relation, detail }),
                // A run that stops at a limit, which sweeps count differently; a derivative that there is not.
                Err(Wrong::Said(error)) if error.kind() == ErrorKind::Run || there_is_none(&error) => {}
                Err(Wrong::Said(error)) => return Err(Failure { relation, detail: error.to_string() }),
            }
        }
        Ok(())
    }
}

/// Whether a function has no such derivative: no float to differentiate by, a result that is not one float.
fn there_is_none(error: &Error) -> bool {
    let code = error.diagnostics()[0].code.0;
    matches!(code, "AD0602" | "AD0603")
}

/// An argument for the library.
fn value(arg: &Arg) -> Value {
    match arg {
        Arg::Scalar(Scalar::F64(x)) => Value::F64(*x),
        Arg::Scalar(Scalar::F32(x)) => Value::F32(*x),
        Arg::Scalar(Scalar::I64(i)) => Value::I64(*i),
        Arg::Scalar(Scalar::Bool(b)) => Value::Bool(*b),
        Arg::Array(element, dims, elements) => {
            Value::Array(Array { dims: dims.clone(), data: data(*element, elements) })
        }
        Arg::Struct(fields) => Value::Struct(fields.iter().map(|(name, arg)| (name.clone(), value(arg))).collect()),
        Arg::Tuple(items) => Value::Tuple(items.iter().map(value).collect()),
    }
}

fn data(element: ScalarType, elements: &[Scalar]) -> Data {
    macro_rules! of {
        ($kind:ident) => {
            Data::$kind(
                elements.iter().filter_map(|s| if let Scalar::$kind(x) = s { Some(*x) } else { None }).collect(),
            )
        };
    }
    match element {
        ScalarType::F64 => of!(F64),
        ScalarType::F32 => of!(F32),
        ScalarType::I64 => of!(I64),
        ScalarType::Bool => of!(Bool),
    }
}

/// The matrix of a pattern and its entries, row by row.
fn dense(pattern: &Pattern, entries: &[f64]) -> Vec<f64> {
    let mut matrix = vec![0.0; pattern.rows() * pattern.columns()];
    for ((row, column), x) in pattern.entries().zip(entries) {
        matrix[row * pattern.columns() + column] = *x;
    }
    matrix
}

/// Compares a sparse matrix with a dense one.
fn same(what: &str, matrix: Array, pattern: &Pattern, entries: &[f64], close: f64) -> Told {
    let wanted = Value::Array(matrix).floats();
    if wild(&wanted) {
        return Ok(false);
    }
    let found = dense(pattern, entries);
    if found.len() != wanted.len() {
        return Err(Wrong::Differs(format!("a {what} of {} entries, and of {}", wanted.len(), found.len())));
    }
    match far(&wanted, &found, close) {
        Some(detail) => Err(Wrong::Differs(format!("the dense and the compressed {what}: {detail}"))),
        None => Ok(true),
    }
}

fn jacobian(f: &Function, args: &[Value], rng: &mut Rng, close: f64) -> Told {
    let mode = *rng.pick(&[Mode::Forward, Mode::Reverse]);
    let (value, matrix) = f.jacobian().mode(mode).at(args)?;
    let sparse = f.jacobian().mode(mode).sparse(args)?;
    let (same_value, entries) = sparse.at(args)?;
    match far(&value.floats(), &same_value.floats(), 0.0) {
        Some(detail) if !wild(&value.floats()) => Err(Wrong::Differs(format!("values beside Jacobians: {detail}"))),
        Some(_) | None => same("Jacobian", matrix, sparse.pattern(), &entries, close),
    }
}

fn hessian(f: &Function, args: &[Value], rng: &mut Rng, close: f64) -> Told {
    // It is differentiated twice, and compiled for several directions.
    if rng.percent(60) {
        return Ok(false);
    }
    let (_, matrix) = f.hessian().at(args)?;
    let sparse = f.hessian().sparse(args)?;
    let (_, entries) = sparse.at(args)?;
    same("Hessian", matrix, sparse.pattern(), &entries, close)
}

fn split(f: &Function, args: &[Value], rng: &mut Rng, close: f64) -> Told {
    let value = f.call(args)?.value;
    let mut seed = value.zeroed();
    seed.for_each_float_mut(&mut |x| *x = rng.float(-1.0, 1.0));
    let carries = f.signature().params.iter().zip(args).filter(|(p, _)| p.ty.carries_floats());
    let blank: Vec<Value> = carries.map(|(_, arg)| arg.zeroed()).collect();
    let floats = |slopes: &[Value]| slopes.iter().flat_map(Value::floats).collect::<Vec<f64>>();
    let mut workspace = Workspace::new();

    let mut wanted = blank.clone();
    f.vjp().build()?.value_and_cotangents(&mut workspace, args, &seed, (), &mut wanted[..])?;
    let (mut found, mut again, mut augmented) = (blank.clone(), blank, value.clone());
    let tape = f.split().build()?.value_and_tape(&mut workspace, args, &mut augmented)?;
    let copy = tape.clone();
    tape.cotangents(&mut workspace, &seed, &mut found[..])?;
    copy.cotangents(&mut Workspace::new(), &seed, &mut again[..])?;

    if wild(&value.floats()) || wild(&floats(&wanted)) {
        return Ok(false);
    }
    if let Some(detail) = far(&value.floats(), &augmented.floats(), 0.0) {
        return Err(Wrong::Differs(format!("the function and its augmented primal: {detail}")));
    }
    if let Some(detail) = far(&floats(&found), &floats(&again), 0.0) {
        return Err(Wrong::Differs(format!("a tape and its copy: {detail}")));
    }
    match far(&floats(&wanted), &floats(&found), close) {
        Some(detail) => Err(Wrong::Differs(format!("reverse mode in one call and in two: {detail}"))),
        None => Ok(true),
    }
}
