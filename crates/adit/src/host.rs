//! Functions of the host, with their derivatives.
//!
//! In: a signature as the language writes it, and closures. Out: [`HostFunction`], to be registered with [`Engine::with_function`](crate::Engine::with_function). A program calls it by its name; compiled code and
//! interpreters call the same closure. A panic, or an error that a closure gives, stops the run with AD0815 at the place of the call; it never unwinds through compiled code.
//!
//! Derivatives are what was registered, and nothing else: a mode without a closure is found from the other's where only scalars move, and refused with AD0611 otherwise, as are derivatives of closures for
//! derivatives. `stop_gradient` around a call says that there is none.
//!
//! Closures compute in `f64`. Where a signature says `f32`, they get the number widened, and what they give is rounded; so are tangents and cotangents.

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::value::{Array, Data, Value};
use adit_diag::{Code, SourceMap};
use adit_ir::external::{Closure, External, Floats, Operand};
use adit_sema::HostFn;
use adit_sema::typed::ExternalDef;
use std::sync::Arc;

/// The step of central differences, and how far a derivative may be from one, relative to max(1, both): for functions of `f64`, and where there is an `f32`, which keeps 7 digits.
const STEPS: [(f64, f64); 2] = [(1e-5, 1e-5), (1.0 / 256.0, 1e-4)];

/// A function of the host.
///
/// ```
/// use adit::{Engine, HostFunction};
/// let spring = HostFunction::scalar("fn spring(x: f64, k: f64) -> f64", |a| 0.5 * a[1] * a[0] * a[0])
///     .partials(|a, out| (out[0], out[1]) = (a[1] * a[0], 0.5 * a[0] * a[0]));
/// let engine = Engine::new().with_function(spring)?;
/// let module = engine.compile("fn f(x: f64) -> f64 { spring(x, 3) + x }")?;
/// let gradient = module.function("f")?.gradient().at(&[2.0.into()])?;
/// assert_eq!(gradient.value, adit::Value::F64(8.0));
/// assert_eq!(gradient.of("x"), Some(&adit::Value::F64(7.0)));
/// # Ok::<(), adit::Error>(())
/// ```
#[derive(Clone)]
pub struct HostFunction {
    signature: String,
    run: Arc<Closure>,
    jvp: Option<Arc<Closure>>,
    vjp: Option<Arc<Closure>>,
}

impl std::fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (jvp, vjp) = (self.jvp.is_some(), self.vjp.is_some());
        f.debug_struct("HostFunction")
            .field("signature", &self.signature)
            .field("jvp", &jvp)
            .field("vjp", &vjp)
            .finish()
    }
}

/// The scalars among operands, in order.
fn scalars(operands: &[Operand<'_, f64>]) -> Vec<f64> {
    let scalar = |o: &Operand<'_, f64>| match o {
        Operand::Float(x) => Some(*x),
        Operand::Int(_) | Operand::Bool(_) | Operand::Array { .. } | Operand::Out { .. } => None,
    };
    operands.iter().filter_map(scalar).collect()
}

impl HostFunction {
    /// A function of floats that gives one: `fn spring(x: f64, k: f64) -> f64`.
    pub fn scalar(signature: &str, f: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        HostFunction::new(signature, move |operands| Ok(Floats::from_iter([f(&scalars(operands))])))
    }

    /// A function of scalars and arrays. It gets one operand per parameter, then one to be written per array of the result, and gives the floats of the result.
    pub fn new(
        signature: &str,
        f: impl Fn(&mut [Operand<'_, f64>]) -> std::result::Result<Floats<f64>, String> + Send + Sync + 'static,
    ) -> Self {
        HostFunction { signature: signature.to_owned(), run: Arc::new(f), jvp: None, vjp: None }
    }

    /// The partials of a function made by [`HostFunction::scalar`], for both modes: one is written for each parameter.
    pub fn partials(self, p: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static) -> Self {
        let p = Arc::new(p);
        let partials = move |at: &[f64]| {
            let mut out = vec![0.0; at.len()];
            p(at, &mut out);
            out
        };
        let of = partials.clone();
        self.jvp(move |operands| {
            let all = scalars(operands);
            let (at, along) = all.split_at(all.len() / 2);
            let terms = of(at).into_iter().zip(along).filter(|(_, d)| **d != 0.0);
            Ok(Floats::from_iter([terms.map(|(p, d)| p * d).sum()]))
        })
        .vjp(move |operands| {
            let all = scalars(operands);
            let Some((seed, at)) = all.split_last() else { return Ok(Floats::new()) };
            let zero = *seed == 0.0;
            Ok(partials(at).into_iter().map(|p| if zero { 0.0 } else { p * seed }).collect())
        })
    }

    /// Its tangents. Operands: the parameters; a tangent for each that holds floats; one to be written per array of the result. Gives the tangents of the result's floats.
    pub fn jvp(
        mut self,
        f: impl Fn(&mut [Operand<'_, f64>]) -> std::result::Result<Floats<f64>, String> + Send + Sync + 'static,
    ) -> Self {
        self.jvp = Some(Arc::new(f));
        self
    }

    /// Its cotangents. Operands: the parameters; the cotangents of the result's arrays, then of its floats; one to be written per array of `f64` among the parameters. Gives the cotangents of the `f64`s among them.
    pub fn vjp(
        mut self,
        f: impl Fn(&mut [Operand<'_, f64>]) -> std::result::Result<Floats<f64>, String> + Send + Sync + 'static,
    ) -> Self {
        self.vjp = Some(Arc::new(f));
        self
    }

    /// What the checker takes.
    pub(crate) fn build(&self) -> Result<HostFn> {
        let head = self.signature.trim_start().trim_start_matches("fn").trim_start();
        let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let external = |name: String, f: &Arc<Closure>| {
            let f = f.clone();
            External::host(name, move |operands| f(operands))
        };
        let partial = |mode: &str, f: &Option<Arc<Closure>>| f.as_ref().map(|f| external(format!("{name}.{mode}"), f));
        let function = external(name.clone(), &self.run);
        let partials = [partial("jvp", &self.jvp), partial("vjp", &self.vjp)];
        let built = HostFn::new(&self.signature, ExternalDef { function, partials });
        built.map_err(|diagnostics| Error::compile(diagnostics, Arc::new(SourceMap::new())))
    }
}

/// How large the floats are at the points that are tried, one after the other, until the function is defined there.
const SIZES: [f64; 5] = [1.0, -1.0, 0.1, 100.0, 1e4];

/// Compares registered derivatives with central differences along one direction, at the first of a few points where the function and its differences are finite. Every named extent is 2 there.
pub(crate) fn check(engine: &Engine, host: &HostFn, function: &HostFunction) -> Result<()> {
    if function.jvp.is_none() && function.vjp.is_none() {
        return Ok(());
    }
    let names: Vec<&str> = host.item.params.iter().map(|p| &*p.name.name).collect();
    let name = host.name();
    let rest = function.signature.find('(').map_or("", |at| &function.signature[at..]);
    let module = engine.compile_named(name, &format!("fn probe{rest} {{ {name}({}) }}", names.join(", ")))?;
    let probe = module.function("probe")?;
    match SIZES.iter().find_map(|size| Point::at(&probe, *size)) {
        Some(point) => point.check(&probe, name, function),
        None => Ok(()),
    }
}

/// A point with what differences say there.
struct Point {
    args: Vec<Value>,
    directions: Vec<Value>,
    value: Value,
    /// Of each float of the result.
    slopes: Vec<f64>,
    /// How far each may be from a derivative.
    allowed: Vec<f64>,
}

impl Point {
    /// Nothing where the function is not defined, or not finite.
    fn at(probe: &Function, size: f64) -> Option<Point> {
        let mut number = 0.3;
        let signature = probe.signature();
        let args: Vec<Value> = signature.params.iter().map(|p| at(&p.ty, size, &mut number)).collect();
        let directions: Vec<Value> = args.iter().map(|arg| along(arg, &mut number)).collect();
        let value = probe.call(&args).ok()?.value;
        let single = signature.params.iter().map(|p| &p.ty).chain([&signature.result]).any(holds_single);
        let (h, tolerance) = STEPS[usize::from(single)];
        let h = h * size.abs().max(1.0);
        let shifted = |by: f64| {
            let mut moved = args.clone();
            shift(&mut moved, &directions, by);
            probe.call(&moved).ok().map(|outcome| outcome.value.floats())
        };
        let (after, before) = (shifted(h)?, shifted(-h)?);
        let pairs = || after.iter().zip(&before);
        let slopes: Vec<f64> = pairs().map(|(a, b)| (a - b) / (2.0 * h)).collect();
        // What cancels in a difference is as uncertain as the values are large.
        let precision = if single { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let lost = pairs().map(|(a, b)| 4.0 * precision * a.abs().max(b.abs()) / h);
        let allowed = lost.zip(&slopes).map(|(lost, slope)| lost + tolerance * slope.abs().max(1.0)).collect();
        let finite = value.floats().iter().chain(&slopes).all(|x| x.is_finite());
        finite.then_some(Point { args, directions, value, slopes, allowed })
    }

    fn check(&self, probe: &Function, name: &str, function: &HostFunction) -> Result<()> {
        if function.jvp.is_some() {
            let given: Vec<Option<Value>> = self.directions.iter().cloned().map(Some).collect();
            let (_, tangent) = probe.jvp().at(&self.args, &given)?;
            compare(name, "jvp", &tangent.floats(), &self.slopes, &self.allowed)?;
        }
        if function.vjp.is_some() {
            let mut seed = self.value.zeroed();
            let mut weight = 0.7;
            seed.for_each_float_mut(&mut |x| {
                weight += 0.4;
                *x = weight;
            });
            let gradient = probe.vjp().at(&self.args, &seed)?;
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let directions: Vec<f64> = self.directions.iter().flat_map(Value::floats).collect();
            let seed = seed.floats();
            let (found, wanted) = (dot(&gradient.floats(), &directions), dot(&seed, &self.slopes));
            compare(name, "vjp", &[found], &[wanted], &[dot(&seed, &self.allowed)])?;
        }
        Ok(())
    }
}

fn compare(name: &str, mode: &str, found: &[f64], wanted: &[f64], allowed: &[f64]) -> Result<()> {
    let close = |((a, b), allowed): ((&f64, &f64), &f64)| (a - b).abs() <= *allowed;
    if found.iter().zip(wanted).zip(allowed).all(close) {
        return Ok(());
    }
    let text = format!(
        "the {mode} of the host function `{name}` gives {found:?}; differences of the function give {wanted:?}"
    );
    Err(Error::input(Code("AD0612"), text))
}

/// Whether an `f32` is in it.
fn holds_single(ty: &crate::Type) -> bool {
    match ty {
        crate::Type::Scalar(s) | crate::Type::Array { element: s, .. } => *s == adit_ir::ScalarType::F32,
        crate::Type::Tuple(items) => items.iter().any(holds_single),
        crate::Type::Struct { fields, .. } => fields.iter().any(|(_, ty)| holds_single(ty)),
    }
}

/// A value to try.
fn at(ty: &crate::Type, size: f64, number: &mut f64) -> Value {
    let mut next = || {
        *number = (*number * 1.7 + 0.41) % 1.0;
        size * (0.5 + *number)
    };
    match ty {
        crate::Type::Scalar(adit_ir::ScalarType::I64) => Value::I64(2),
        crate::Type::Scalar(adit_ir::ScalarType::Bool) => Value::Bool(true),
        crate::Type::Scalar(adit_ir::ScalarType::F32) => Value::F32(next() as f32),
        crate::Type::Array { element, dims } => {
            let dims: Vec<usize> = dims.iter().map(|d| d.parse().unwrap_or(2)).collect();
            let count = dims.iter().product();
            Value::Array(Array { data: Data::floats(*element, (0..count).map(|_| next())), dims })
        }
        crate::Type::Scalar(_) | crate::Type::Struct { .. } | crate::Type::Tuple(_) => Value::F64(next()),
    }
}

/// A direction of the shape of a value.
fn along(value: &Value, number: &mut f64) -> Value {
    let mut direction = value.clone();
    direction.for_each_float_mut(&mut |x| {
        *number = (*number * 1.7 + 0.41) % 1.0;
        *x = *number - 0.5;
    });
    direction
}

fn shift(args: &mut [Value], directions: &[Value], by: f64) {
    for (arg, direction) in args.iter_mut().zip(directions) {
        let mut steps = direction.floats().into_iter();
        arg.for_each_float_mut(&mut |x| *x += by * steps.next().unwrap_or(0.0));
    }
}
