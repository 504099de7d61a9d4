//! Functions: values and derivatives by native code.
//!
//! In: arguments by position or by name. Out: [`Outcome`]s and derivatives in the shape of the source's types. Each derivative is made and compiled when first asked for, and kept.
//! How IR calls are laid out is [`crate::calls`]'s matter.

mod dense;
pub(crate) mod origin;
mod sweeps;

use crate::calls::{self, Along, Lane, Shape};
use crate::error::{Error, Result};
use crate::frame::{self, Frame};
use crate::options::{Options, Sink};
use crate::outcome::{Gradient, Mode, Outcome};
use crate::pipeline::{self, Derivative, Unit};
use crate::roomy::roomy;
use crate::signature::{Signature, Type};
use crate::stage::{Of, Stage};
use crate::value::{Array, Value};
use adit_codegen::Code;
use adit_diag::{Code as DiagCode, SourceMap, Span};
use adit_ir::{FuncId, RunError, Scalar, ScalarType, Trap};
use adit_runtime::{Entry, Workspace};
use adit_sema::layout::Layout;
use adit_sema::typed::FnId;
use origin::Origin;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use sweeps::Sweeps;

/// A function of a module. Cheap to clone; clones share compiled code; calls may run in parallel.
#[derive(Clone, Debug)]
pub struct Function {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    origin: Origin,
    /// What the code's spans point into.
    sources: Arc<SourceMap>,
    span: Span,
    options: Arc<Options>,
    name: String,
    shape: Shape,
    compiled: Mutex<HashMap<Derivative, Arc<Compiled>>>,
}

#[derive(Debug)]
pub(crate) struct Compiled {
    code: Code,
    id: FuncId,
}

/// Which parameters are differentiated; empty means all that carry floats.
pub(crate) type Wrt<'a> = &'a [&'a str];

impl Function {
    pub(crate) fn new(unit: Arc<Unit>, options: Arc<Options>, id: FnId) -> Result<Function> {
        let def = &unit.program.functions[id.0 as usize];
        let layout = Layout::of(&unit.program, id).map_err(|_| Error::internal("a signature of too many parts"))?;
        let ir = unit.ir.find(&def.name).ok_or_else(|| Error::internal(format!("`{}` was not lowered", def.name)))?;
        let shape = Shape { layout, signature: Signature::of(&unit.program, def) };
        let name = def.name.to_string();
        let (sources, span) = (unit.sources.clone(), unit.ir.function(ir).span);
        let (origin, compiled) = (Origin::Program(unit, ir), Mutex::default());
        Ok(Function { inner: Arc::new(Inner { origin, sources, span, options, name, shape, compiled }) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.inner.shape.signature
    }

    /// Arguments in the order of the parameters.
    ///
    /// # Errors
    /// If a name is unknown or missing.
    pub fn arrange(&self, named: &[(&str, Value)]) -> Result<Vec<Value>> {
        let params = &self.signature().params;
        if let Some((name, _)) = named.iter().find(|(n, _)| params.iter().all(|p| p.name != *n)) {
            return Err(self.unknown(name));
        }
        let find = |p: &crate::signature::Parameter| {
            let found = named.iter().find(|(n, _)| *n == p.name).map(|(_, v)| v.clone());
            found.ok_or_else(|| Error::input(DiagCode("AD0904"), format!("the parameter `{}` has no value", p.name)))
        };
        params.iter().map(find).collect()
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<&str> = self.signature().params.iter().map(|p| p.name.as_str()).collect();
        let text = format!("`{}` has no parameter `{name}`; it has {}", self.name(), names.join(", "));
        Error::input(DiagCode("AD0904"), text)
    }

    /// All arguments in order: those that are given, and zeros for the others, with the extents that the given ones tell, or `sizes` for dimensions that none tells.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n], w: [f64; n, k]) -> f64 { sum(x @ w) }")?.function("f")?;
    /// let args = f.completed(&[Some([1.0, 2.0].into()), None], &[("k".to_owned(), 3)])?;
    /// assert_eq!(args[1], adit::Value::Array(adit::Array::f64(&[2, 3], vec![0.0; 6])));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// Arguments that do not fit, and dimensions that nothing tells.
    pub fn completed(&self, given: &[Option<Value>], sizes: &[(String, i64)]) -> Result<Vec<Value>> {
        let (layout, params) = (&self.inner.shape.layout, &self.signature().params);
        if let Some((name, _)) = sizes.iter().find(|(n, _)| layout.dims.iter().all(|d| *d.name != **n)) {
            return Err(self.unknown(name));
        }
        if given.len() != params.len() {
            let text = format!("`{}` has {} parameters, not {}", self.name(), params.len(), given.len());
            return Err(Error::input(DiagCode("AD0904"), text));
        }
        let types: Vec<Type> = params.iter().map(|p| p.ty.clone()).collect();
        frame::completed(layout, &types, given, sizes, &|bytes| self.within_memory(bytes))
    }

    /// Runs it.
    ///
    /// # Errors
    /// Arguments that do not fit, or a run that stops.
    pub fn call(&self, args: &[Value]) -> Result<Outcome> {
        let mut frame = self.frame(args)?;
        let results = self.run(&Derivative::Primal, &mut frame)?;
        Ok(self.inner.shape.outcome(&frame, &results))
    }

    /// The value and the gradient; without a mode in reverse, or where a derivative rule for that is missing, forward.
    pub(crate) fn gradient_at(&self, args: &[Value], wrt: Wrt<'_>, mode: Option<Mode>) -> Result<Gradient> {
        self.one_float()?;
        let active = self.active(wrt, false)?;
        let reverse = Derivative::Gradient(active.clone());
        let reverse = match mode {
            Some(Mode::Reverse) => reverse,
            Some(Mode::Forward) => return self.gradient_by_lanes(args, &active),
            None if self.held().is_some() => self.served(reverse),
            None if !self.lacks_rule(&reverse) => reverse,
            None => match self.gradient_by_lanes(args, &active) {
                Err(e) if is_missing_rule(&e) => Derivative::Completed(Box::new(reverse)),
                answer => return answer,
            },
        };
        let mut frame = self.frame(args)?;
        self.inner.shape.add_shadow_arrays(&mut frame, &active, &[])?;
        let results = self.run(&reverse, &mut frame)?;
        Ok(self.inner.shape.gradient(&frame, &results, &active))
    }

    /// The value, and the derivative of the result in a direction: for each parameter a value of its type, or nothing for zero.
    pub(crate) fn jvp_at(&self, args: &[Value], directions: &[Option<Value>]) -> Result<(Value, Value)> {
        let wrt = if self.held().is_some() { self.differentiated_by() } else { self.given(directions) };
        let active = self.active_or_none(&wrt)?;
        let mut frame = self.frame(args)?;
        let direction = self.direction(&frame, args, directions, &active)?;
        let along = Along { lanes: 1, component: &|float, _| direction[float] };
        self.inner.shape.add_tangents(&mut frame, &active, &along);
        let results = self.run(&Derivative::Jvp(active.clone(), 1), &mut frame)?;
        let outcome = self.inner.shape.outcome(&frame, &results);
        Ok((outcome.value, self.inner.shape.tangent(&frame, &results, &active, Lane::ONLY)))
    }

    /// The value, and for each parameter the derivative of `seed · result`; the seed is shaped like the result.
    pub(crate) fn vjp_at(&self, args: &[Value], seed: &Value, wrt: Wrt<'_>) -> Result<Gradient> {
        let active = self.active(wrt, true)?;
        let seeds = calls::seed_leaves(&self.inner.shape, seed)?;
        let mut frame = self.reverse_frame(args, &active, &seeds.scalars, &seeds.arrays)?;
        let results = self.run(&Derivative::Vjp(active.clone()), &mut frame)?;
        Ok(self.inner.shape.gradient(&frame, &results, &active))
    }

    /// The value, and the Hessian times a direction, by forward over reverse.
    pub(crate) fn hvp_at(&self, args: &[Value], directions: &[Option<Value>], wrt: Wrt<'_>) -> Result<Gradient> {
        self.one_float()?;
        let active = self.active(wrt, false)?;
        let frame = self.frame(args)?;
        let direction = self.direction(&frame, args, directions, &active)?;
        let along = Along { lanes: 1, component: &|float, _| direction[float] };
        let mut frame = self.second_order_frame(frame, &active, &along)?;
        let results = self.run(&Derivative::Hvp(active.clone(), 1), &mut frame)?;
        Ok(self.inner.shape.hessian_product(&frame, &results, &active, Lane::ONLY))
    }

    /// The text of a stage; forward derivatives go along so many directions at once.
    ///
    /// # Errors
    /// If the derivative that the stage shows is refused.
    pub fn emit(&self, stage: Stage, of: Of, lanes: usize) -> Result<String> {
        let active = self.active_or_none(&[])?;
        let (unit, id) = self.program()?;
        roomy(|| crate::stage::emit(unit, id, self.options(), stage, of, (&active, lanes), self.shape()))?
    }

    /// What the value and the gradient cost, without running them; where the result is not one float, the derivative of
    /// a weighted result stands for the gradient. `sizes` are dimensions and `i64` parameters by name, the others stay symbols.
    ///
    /// # Errors
    /// If there is no such size, or the gradient is refused.
    pub fn cost(&self, sizes: &[(String, i64)]) -> Result<[crate::cost::Cost; 2]> {
        let (unit, id) = self.program()?;
        let (params, dims) = (self.shape().param_names(), self.shape().dim_names());
        let integers = self.signature().params.iter().filter(|p| p.ty == Type::Scalar(ScalarType::I64));
        let mut known: Vec<&str> =
            dims.iter().map(|(.., d)| d.as_str()).chain(integers.map(|p| p.name.as_str())).collect();
        known.sort_unstable();
        known.dedup();
        if let Some((name, _)) = sizes.iter().find(|(n, _)| !known.contains(&n.as_str())) {
            let sizes = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let text = format!("`{}` has no dimension and no integer parameter `{name}`; it has {sizes}", self.name());
            return Err(Error::input(DiagCode("AD0904"), text));
        }
        let names = crate::cost::Names { dims: &dims, params: &params, sizes };
        let of = |derivative: Derivative| {
            let derived = pipeline::derive(unit, id, &derivative, self.options())?;
            Ok(crate::cost::of(unit, &pipeline::optimized(derived, self.options())?, &names))
        };
        let active = self.active(&[], self.one_float().is_err())?;
        roomy(|| Ok([of(Derivative::Primal)?, of(Derivative::Vjp(active))?]))?
    }

    /// Which IR parameters are active for these names; empty means all parameters that carry floats. Destinations count as `outputs` says.
    pub(crate) fn active(&self, wrt: Wrt<'_>, outputs: bool) -> Result<Vec<bool>> {
        let params = &self.signature().params;
        if let Some(name) = wrt.iter().find(|n| params.iter().all(|p| p.name != **n)) {
            return Err(self.unknown(name));
        }
        if let Some(p) = params.iter().find(|p| wrt.contains(&p.name.as_str()) && !p.ty.carries_floats()) {
            return Err(self.refused("AD0603", format!("the parameter `{}` holds no floats", p.name)));
        }
        if !params.iter().any(|p| p.ty.carries_floats()) {
            return Err(self.refused("AD0603", format!("`{}` has no parameter that holds floats", self.name())));
        }
        let wanted = |p: usize| wrt.is_empty() || wrt.contains(&params[p].name.as_str());
        Ok(self.inner.shape.active(&wanted, outputs))
    }

    /// [`Function::active`] with outputs, where having nothing to differentiate is no error.
    fn active_or_none(&self, wrt: Wrt<'_>) -> Result<Vec<bool>> {
        if self.signature().params.iter().any(|p| p.ty.carries_floats()) {
            self.active(wrt, true)
        } else {
            Ok(vec![false; self.inner.shape.layout.ir_params()])
        }
    }

    fn given<'s>(&'s self, directions: &[Option<Value>]) -> Vec<&'s str> {
        let pairs = self.signature().params.iter().zip(directions);
        pairs.filter(|(p, d)| d.is_some() && p.ty.carries_floats()).map(|(p, _)| p.name.as_str()).collect()
    }

    pub(crate) fn one_float(&self) -> Result<()> {
        let result = &self.signature().result;
        if matches!(result, Type::Scalar(ty) if ty.is_float()) {
            return Ok(());
        }
        Err(self.refused("AD0602", format!("a gradient needs a result of one float; `{}` gives {result}", self.name())))
    }

    pub(crate) fn refused(&self, code: &'static str, message: String) -> Error {
        let diagnostic = adit_diag::Diagnostic::new(DiagCode(code), self.inner.span, message);
        Error::compile(vec![diagnostic], self.sources().clone())
    }

    pub(crate) fn frame(&self, args: &[Value]) -> Result<Frame> {
        let params = &self.signature().params;
        for (p, v) in params.iter().zip(args) {
            frame::check_names(&p.name, &p.ty, v)?;
        }
        let names: Vec<String> = params.iter().map(|p| p.name.clone()).collect();
        Frame::primal(&self.inner.shape.layout, &names, args, &|bytes| self.within_memory(bytes))
    }

    /// The active floats of a direction, in order; parameters without one have zeros.
    fn direction(
        &self,
        frame: &Frame,
        args: &[Value],
        directions: &[Option<Value>],
        active: &[bool],
    ) -> Result<Vec<f64>> {
        let full: Vec<Value> = args
            .iter()
            .enumerate()
            .map(|(i, arg)| directions.get(i).cloned().flatten().unwrap_or_else(|| still(arg)))
            .collect();
        let along = self.frame(&full)?;
        self.inner.shape.same_sizes(frame, &along)?;
        Ok(self.inner.shape.floats_of(&along, active))
    }

    /// The frame that `f__vjp` takes.
    fn reverse_frame(&self, args: &[Value], active: &[bool], seeds: &[f64], arrays: &[Array]) -> Result<Frame> {
        let mut frame = self.frame(args)?;
        self.inner.shape.add_shadows(&mut frame, active, seeds, arrays)?;
        Ok(frame)
    }

    /// The frame that `f__vjp__jvp` takes, from that of `f`.
    fn second_order_frame(&self, mut frame: Frame, active: &[bool], along: &Along<'_>) -> Result<Frame> {
        self.inner.shape.add_shadows(&mut frame, active, &[1.0], &[])?;
        self.inner.shape.add_second_order(&mut frame, active, along);
        Ok(frame)
    }

    /// That a dense matrix of floats keeps within the memory limit.
    fn fits_in_memory(&self, rows: usize, columns: usize) -> Result<()> {
        let elements = (rows as u64).checked_mul(columns as u64);
        self.within_memory(elements.and_then(|n| n.checked_mul(8)))
    }

    /// That so many bytes keep within the memory limit; none are too many to be counted.
    pub(crate) fn within_memory(&self, bytes: Option<u64>) -> Result<()> {
        let limit = self.inner.options.limits.memory_bytes;
        if bytes.is_some_and(|bytes| bytes <= limit) {
            return Ok(());
        }
        let details = [bytes.unwrap_or(u64::MAX), limit].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let error = RunError::with_details(Trap::MemoryLimit, self.inner.span, details);
        Err(Error::run(&error, self.sources().clone()))
    }

    /// A derivative whose mode nobody asked for: where a rule for it is missing, with those of the other mode.
    pub(crate) fn served(&self, derivative: Derivative) -> Derivative {
        if self.lacks_rule(&derivative) { Derivative::Completed(Box::new(derivative)) } else { derivative }
    }

    /// The two halves of a reverse derivative, whose mode nobody asked for.
    pub(crate) fn served_halves(&self, active: &[bool]) -> [Derivative; 2] {
        [Derivative::Augmented(active.to_vec()), Derivative::Reversed(active.to_vec())].map(|half| self.served(half))
    }

    /// The compiled code of a derivative, to be called.
    pub(crate) fn entry(&self, derivative: &Derivative) -> Result<Entry> {
        let compiled = self.compiled(derivative)?;
        compiled.code.entry(compiled.id).ok_or_else(|| Error::internal("compiled code without its entry"))
    }

    /// Runs, and prints what the program prints.
    pub(crate) fn run(&self, derivative: &Derivative, frame: &mut Frame) -> Result<Vec<Scalar>> {
        Sweeps::new(self, derivative)?.run(frame)
    }

    /// Runs without printing.
    pub(crate) fn run_quietly(&self, derivative: &Derivative, frame: &mut Frame) -> Result<Vec<Scalar>> {
        Sweeps::quiet(self, derivative)?.run(frame)
    }

    /// The same function in strict mode, with another sink of what it prints.
    pub(crate) fn strict(&self, sink: Option<Sink>) -> Result<Function> {
        self.with_options(Options { strict: true, sink, ..self.options().clone() })
    }

    /// The texts that its spans point into.
    pub(crate) fn sources(&self) -> &Arc<SourceMap> {
        &self.inner.sources
    }

    pub(crate) fn span(&self) -> Span {
        self.inner.span
    }

    #[inline]
    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    #[inline]
    pub(crate) fn options_arc(&self) -> &Arc<Options> {
        &self.inner.options
    }

    #[inline]
    pub(crate) fn shape(&self) -> &Shape {
        &self.inner.shape
    }

    fn workspace(&self) -> Workspace {
        let options = &self.inner.options;
        let mut workspace = Workspace::with_limits(options.limits);
        workspace.set_interrupt(options.interrupt.clone());
        if let Some(sink) = options.sink.clone() {
            workspace.set_sink(Some(Box::new(move |line| sink(line))));
        }
        workspace
    }
}

/// Whether something is refused for want of a derivative rule.
fn is_missing_rule(e: &Error) -> bool {
    e.diagnostics().iter().any(|d| d.code == DiagCode("AD0611"))
}

/// The direction in which nothing moves: floats are 0; integers and truth values stay, because extents may depend on them.
fn still(arg: &Value) -> Value {
    let mut direction = arg.clone();
    direction.for_each_float_mut(&mut |x| *x = 0.0);
    direction
}
