//! The compiler under test, as the test programs see it: JSON in, JSON or codes out.
//!
//! In: source text, a function's name, arguments by name. Out: values and derivatives as `adit … --json` prints them, or [`Refusal`]s with line and column. This
//! is the one file of the tests that knows the library's interface.

use crate::filetest::{Limits, Told, split};
use adit::{Array, Data, Engine, Error, Function, Mode, Module, ScalarType, Type, Value};
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why there is no result.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Codes and places, in order.
    pub told: Vec<Told>,
    /// As a person sees it.
    pub rendered: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told: Vec<String> = self.told.iter().map(Told::to_string).collect();
        write!(f, "{}\n{}", told.join(", "), self.rendered)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let told = error.diagnostics().iter().map(|d| Told {
            code: d.code.to_string(),
            place: error.sources().position(d.span).map(|p| (p.line as usize, p.column as usize)),
        });
        Refusal { told: told.collect(), rendered: error.render(false) }
    }
}

impl From<String> for Refusal {
    fn from(rendered: String) -> Self {
        Refusal { told: Vec::new(), rendered }
    }
}

/// A result, or why there is none.
pub type Outcome<T> = Result<T, Refusal>;

/// A compiled program.
#[derive(Debug)]
pub struct Subject {
    module: Module,
    timer: Option<(Duration, Arc<AtomicBool>)>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Subject {
    /// Compiles a program, and the files that stand below it for its imports, at an optimisation level.
    pub fn new(source: &str, opt: u8, limits: Limits) -> Outcome<Self> {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let printed = lines.clone();
        let engine = Engine::builder().opt(opt).sink(move |line| lock(&printed).push(line.to_owned()));
        let engine = engine.limits(|l| (l.steps, l.tape_bytes) = (limits.steps, limits.tape)).build()?;
        let (main, others) = split(source);
        let read = |path: &str| {
            let found = others.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "there is no such file".to_owned())
        };
        let module = engine.compile_with("source", main, &read)?;
        let timer = limits.timeout.map(|t| (Duration::from_secs_f64(t), engine.options().interrupt.clone()));
        Ok(Subject { module, timer, lines })
    }

    /// The lines that were printed since the last time.
    pub fn printed(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.lines))
    }

    fn function(&self, name: Option<&str>) -> Outcome<Function> {
        Ok(match name {
            Some(name) => self.module.function(name)?,
            None => self.module.entry()?,
        })
    }

    fn start(&self) {
        if let Some((duration, interrupt)) = self.timer.clone() {
            std::thread::spawn(move || {
                std::thread::sleep(duration);
                interrupt.store(true, Ordering::Relaxed);
            });
        }
    }

    /// The result and the final contents of `&mut` parameters.
    pub fn value(&self, name: Option<&str>, at: &Json) -> Outcome<(Json, Json)> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        self.start();
        let outcome = function.call(&args)?;
        let finals = outcome.finals.iter().map(|(n, v)| (n.clone(), to_json(v)));
        Ok((to_json(&outcome.value), Json::Object(finals.collect::<Map<_, _>>())))
    }

    /// The value and the gradient by parameter name.
    pub fn gradient(&self, name: Option<&str>, at: &Json, mode: Mode) -> Outcome<(Json, Json)> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        self.start();
        let gradient = function.gradient().mode(mode).at(&args)?;
        let parts = named(&function, &gradient.parameters);
        Ok((to_json(&gradient.value), parts))
    }

    /// The Jacobian: rows by the floats of the result, columns by those of the parameters.
    pub fn jacobian(&self, name: Option<&str>, at: &Json, mode: Mode) -> Outcome<Json> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        self.start();
        let (_, jacobian) = function.jacobian().mode(mode).at(&args)?;
        Ok(to_json(&Value::Array(jacobian)))
    }

    /// Whether a gradient can be asked for: the result is one float, and some parameter carries floats.
    pub fn has_gradient(&self, name: Option<&str>) -> Outcome<bool> {
        let function = self.function(name)?;
        let signature = function.signature();
        let floats = matches!(signature.result, Type::Scalar(s) if s.is_float());
        Ok(floats && signature.params.iter().any(|p| p.ty.carries_floats()))
    }

    /// The Hessian over all floats of the parameters, in order.
    pub fn hessian(&self, name: Option<&str>, at: &Json) -> Outcome<Json> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        self.start();
        let (_, hessian) = function.hessian().at(&args)?;
        Ok(to_json(&Value::Array(hessian)))
    }

    /// Every engine against every other, to second order: the pairs that disagree.
    pub fn check(&self, name: Option<&str>, at: &Json) -> Outcome<Vec<String>> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        let report = function.check(&args, &[], 2)?;
        let wrong = report.pairs.iter().filter(|pair| !pair.agrees);
        Ok(wrong.map(|pair| format!("{pair:?}")).collect())
    }

    /// The cotangents of the parameters by name.
    pub fn vjp(&self, name: Option<&str>, at: &Json, seed: &Json) -> Outcome<Json> {
        let function = self.function(name)?;
        let args = arguments(&function, at)?;
        let seed = from_json(seed, &function.signature().result)?;
        let gradient = function.vjp().at(&args, &seed)?;
        Ok(named(&function, &gradient.parameters))
    }
}

fn lock(lines: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

fn arguments(function: &Function, at: &Json) -> Outcome<Vec<Value>> {
    let object = at.as_object().ok_or("`at` is not an object".to_owned())?;
    let params = &function.signature().params;
    if let Some(name) = object.keys().find(|k| params.iter().all(|p| p.name != **k)) {
        return Err(format!("there is no parameter `{name}`").into());
    }
    let read = |p: &adit::Parameter| {
        let given = object.get(&p.name).ok_or(format!("no value for `{}`", p.name))?;
        from_json(given, &p.ty)
    };
    Ok(params.iter().map(read).collect::<Result<_, String>>()?)
}

fn from_json(json: &Json, ty: &Type) -> Result<Value, String> {
    let wrong = || format!("{json} is not of type {ty}");
    match ty {
        Type::Scalar(s) => scalar(json, *s).ok_or_else(wrong),
        Type::Array { element, dims } => array(json, *element, dims.len()).ok_or_else(wrong),
        Type::Tuple(types) => {
            let items = json.as_array().ok_or_else(wrong)?;
            let parts = items.iter().zip(types).map(|(j, t)| from_json(j, t));
            Ok(Value::Tuple(parts.collect::<Result<_, _>>()?))
        }
        Type::Struct { fields, .. } => {
            let part = |(name, ty): &(String, Type)| {
                let given = json.get(name).ok_or_else(wrong)?;
                Ok::<_, String>((name.clone(), from_json(given, ty)?))
            };
            Ok(Value::Struct(fields.iter().map(part).collect::<Result<_, _>>()?))
        }
    }
}

fn float(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => json.as_f64(),
    }
}

fn scalar(json: &Json, ty: ScalarType) -> Option<Value> {
    Some(match ty {
        ScalarType::F64 => Value::F64(float(json)?),
        ScalarType::F32 => Value::F32(float(json)? as f32),
        ScalarType::I64 => Value::I64(json.as_i64()?),
        ScalarType::Bool => Value::Bool(json.as_bool()?),
    })
}

fn array(json: &Json, element: ScalarType, rank: usize) -> Option<Value> {
    let mut dims = Vec::new();
    let mut level: Vec<&Json> = vec![json];
    for _ in 0..rank {
        let rows: Vec<&Vec<Json>> = level.iter().map(|j| j.as_array()).collect::<Option<_>>()?;
        dims.push(rows.first().map_or(0, |row| row.len()));
        level = rows.into_iter().flatten().collect();
    }
    let data = match element {
        ScalarType::F64 => Data::F64(level.into_iter().map(float).collect::<Option<_>>()?),
        ScalarType::F32 => Data::F32(level.into_iter().map(|j| float(j).map(|x| x as f32)).collect::<Option<_>>()?),
        ScalarType::I64 => Data::I64(level.into_iter().map(Json::as_i64).collect::<Option<_>>()?),
        ScalarType::Bool => Data::Bool(level.into_iter().map(Json::as_bool).collect::<Option<_>>()?),
    };
    Some(Value::Array(Array { dims, data }))
}

/// A float as JSON: what JSON has no number for is a word.
pub fn number(x: f64) -> Json {
    if x.is_nan() {
        json!("NaN")
    } else if x.is_infinite() {
        json!(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(x)
    }
}

fn nested(flat: &[Json], dims: &[usize]) -> Json {
    match dims {
        [] | [_] => Json::Array(flat.to_vec()),
        [rows, rest @ ..] => {
            let size: usize = rest.iter().product();
            let row = |i: usize| nested(&flat[i * size..(i + 1) * size], rest);
            Json::Array((0..*rows).map(row).collect())
        }
    }
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::F64(x) => number(*x),
        Value::F32(x) => number(f64::from(*x)),
        Value::I64(x) => json!(x),
        Value::Bool(x) => json!(x),
        Value::Array(Array { dims, data }) => {
            let flat: Vec<Json> = match data {
                Data::F64(x) => x.iter().map(|x| number(*x)).collect(),
                Data::F32(x) => x.iter().map(|x| number(f64::from(*x))).collect(),
                Data::I64(x) => x.iter().map(|x| json!(x)).collect(),
                Data::Bool(x) => x.iter().map(|x| json!(x)).collect(),
            };
            nested(&flat, dims)
        }
        Value::Struct(fields) => Json::Object(fields.iter().map(|(n, v)| (n.clone(), to_json(v))).collect()),
        Value::Tuple(items) => Json::Array(items.iter().map(to_json).collect()),
    }
}

/// Derivatives by parameter name, without what carries no floats.
fn named(function: &Function, parts: &[(String, Value)]) -> Json {
    let params = &function.signature().params;
    let object = parts.iter().filter_map(|(name, value)| {
        let ty = &params.iter().find(|p| p.name == *name)?.ty;
        Some((name.clone(), derivative(value, ty)?))
    });
    Json::Object(object.collect())
}

fn derivative(value: &Value, ty: &Type) -> Option<Json> {
    if !ty.carries_floats() {
        return None;
    }
    Some(match (value, ty) {
        (Value::Struct(parts), Type::Struct { fields, .. }) => {
            let kept =
                parts.iter().zip(fields).filter_map(|((name, v), (_, t))| Some((name.clone(), derivative(v, t)?)));
            Json::Object(kept.collect())
        }
        (Value::Tuple(items), Type::Tuple(types)) => {
            let kept = items.iter().zip(types).filter_map(|(v, t)| derivative(v, t));
            Json::Array(kept.collect())
        }
        _ => to_json(value),
    })
}
