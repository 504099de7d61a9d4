//! Prepared calls: arguments laid out once, run many times.
//!
//! In: a function and its arguments, perhaps directions. Out: [`Prepared`], which keeps code, memory and the frame of one call. Each run starts from the same contents: what a run wrote into
//! lent arrays, array results and shadows is put back before the next. It does not resize: other sizes are another preparation.

use super::{Function, Gradient, Outcome, Wrt};
use crate::calls::{Along, Lane};
use crate::error::{Error, Result};
use crate::frame::{Frame, Slot};
use crate::pipeline::Derivative;
use crate::value::{Array, Data, Value, change_single};
use adit_codegen::Entry;
use adit_ir::{Passing, Scalar};
use adit_runtime::Workspace;
use std::ops::Range;

/// What the runs of a prepared call give, beside the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gives {
    Nothing,
    Gradient,
    /// Along so many directions.
    Tangents(usize),
}

/// A call of a function, of its gradient or of its derivatives along directions, with everything at hand, for loops that repeat it.
///
/// ```
/// let module = adit::Engine::new().compile("fn f(x: [f64; n], k: f64) -> f64 { k * sum(x^2) }")?;
/// let mut step = module.function("f")?.prepare_gradient(&[[3.0, 4.0].into(), 2.0.into()], &["x"])?;
/// step.run()?;
/// assert_eq!(step.value(), Some(50.0));
/// assert_eq!(step.gradient().floats(), [12.0, 16.0]);
/// step.update("x", &mut |x| *x /= 2.0)?;
/// step.run()?;
/// assert_eq!(step.value(), Some(12.5));
/// # Ok::<(), adit::Error>(())
/// ```
#[derive(Debug)]
pub struct Prepared {
    function: Function,
    entry: Entry,
    gives: Gives,
    /// Which parameters of the IR function are active.
    active: Vec<bool>,
    workspace: Workspace,
    frame: Frame,
    /// What the written arrays hold before a run, by slot.
    initial: Vec<(usize, Array)>,
    results: Vec<Scalar>,
}

impl Function {
    /// A call of the function, to be run many times.
    ///
    /// # Errors
    /// Arguments that do not fit.
    pub fn prepare(&self, args: &[Value]) -> Result<Prepared> {
        let frame = self.frame(args)?;
        let active = vec![false; self.inner.shape.layout.ir_params()];
        Prepared::new(self, (&Derivative::Primal, Gives::Nothing), active, frame)
    }

    /// A call of the value and the gradient in reverse mode, to be run many times.
    ///
    /// # Errors
    /// As [`Function::gradient_wrt`], without running anything.
    pub fn prepare_gradient(&self, args: &[Value], wrt: Wrt<'_>) -> Result<Prepared> {
        self.one_float()?;
        let active = self.active(wrt, false)?;
        let mut frame = self.frame(args)?;
        self.inner.shape.add_shadows(&mut frame, &active, &[1.0], &[])?;
        let derivative = self.served(Derivative::Vjp(active.clone()));
        Prepared::new(self, (&derivative, Gives::Gradient), active, frame)
    }

    /// A call of the value and the derivatives of the result along several directions at once, to be run many times. Each direction is as for [`Function::jvp`].
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: f64, y: f64) -> f64 { x * y }")?.function("f")?;
    /// let along = [[Some(1.0.into()), None], [None, Some(1.0.into())]];
    /// let mut call = f.prepare_jvp(&[3.0.into(), 5.0.into()], &along.each_ref().map(|d| &d[..]))?;
    /// call.run()?;
    /// assert_eq!(call.tangents(), [5.0.into(), 3.0.into()]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::jvp`], without running anything.
    pub fn prepare_jvp(&self, args: &[Value], directions: &[&[Option<Value>]]) -> Result<Prepared> {
        if directions.is_empty() {
            return self.prepare(args);
        }
        let mut given: Vec<&str> = directions.iter().flat_map(|d| self.given(d)).collect();
        given.sort_unstable();
        given.dedup();
        let (active, lanes) = (self.active_or_none(&given)?, directions.len());
        let mut frame = self.frame(args)?;
        let each = directions.iter().map(|d| self.direction(&frame, args, d, &active));
        let each = each.collect::<Result<Vec<Vec<f64>>>>()?;
        let component = |float: usize, lane: usize| each[lane][float];
        self.inner.shape.add_tangents(&mut frame, &active, &Along { lanes, component: &component });
        let derivative = Derivative::Jvp(active.clone(), lanes);
        Prepared::new(self, (&derivative, Gives::Tangents(lanes)), active, frame)
    }
}

impl Prepared {
    fn new(
        function: &Function,
        (derivative, gives): (&Derivative, Gives),
        active: Vec<bool>,
        frame: Frame,
    ) -> Result<Prepared> {
        let entry = function.entry(derivative)?;
        let written = frame.slots.iter().enumerate().filter_map(|(i, slot)| match slot {
            Slot::Array(Passing::Mut, array) => Some((i, array.clone())),
            Slot::Array(Passing::ByValue, _) | Slot::Scalar(_) => None,
        });
        let initial = written.collect();
        let (function, workspace) = (function.clone(), function.workspace());
        Ok(Prepared { function, entry, gives, active, workspace, frame, initial, results: Vec::new() })
    }

    /// Runs it once.
    ///
    /// # Errors
    /// A run that stops.
    pub fn run(&mut self) -> Result<()> {
        for (slot, array) in &self.initial {
            if let Slot::Array(_, written) = &mut self.frame.slots[*slot] {
                overwrite(&mut written.data, &array.data);
            }
        }
        let called = self.entry.call(&mut self.workspace, &mut self.frame.arguments(), &mut self.results);
        called.map_err(|e| Error::run(&e, self.function.inner.unit.sources.clone()))
    }

    /// The float that the last run returned, if the result is one float and there was a run.
    pub fn value(&self) -> Option<f64> {
        self.function.one_float().ok()?;
        match self.results.first()? {
            Scalar::F64(x) => Some(*x),
            Scalar::F32(x) => Some(f64::from(*x)),
            Scalar::I64(_) | Scalar::Bool(_) => None,
        }
    }

    /// Whether there are results, as far as those that are numbers tell.
    fn has_run(&self) -> bool {
        !self.results.is_empty() || self.function.inner.shape.layout.results.is_empty()
    }

    /// What the last run returned. Before any run, and after one that stopped, there is nothing to tell: a unit.
    pub fn outcome(&self) -> Outcome {
        if !self.has_run() {
            return Outcome { value: Value::unit(), finals: Vec::new() };
        }
        self.function.inner.shape.outcome(&self.frame, &self.results)
    }

    /// The derivatives of the result along the directions, in order, that the last run computed; none before any run, and if this was not prepared with directions.
    pub fn tangents(&self) -> Vec<Value> {
        let shape = &self.function.inner.shape;
        match self.gives {
            Gives::Tangents(of) if self.has_run() => {
                (0..of).map(|at| shape.tangent(&self.frame, &self.results, &self.active, Lane { at, of })).collect()
            }
            Gives::Tangents(_) | Gives::Nothing | Gives::Gradient => Vec::new(),
        }
    }

    /// The gradient that the last run computed; empty before any run, and if this was not prepared for it.
    pub fn gradient(&self) -> Gradient {
        if self.results.is_empty() || self.gives != Gives::Gradient {
            return Gradient { value: self.outcome().value, parameters: Vec::new() };
        }
        self.function.inner.shape.gradient(&self.frame, &self.results, &self.active)
    }

    /// Changes the floats of a parameter, in order: fields as defined, arrays row major.
    ///
    /// # Errors
    /// If there is no such parameter.
    pub fn update(&mut self, name: &str, change: &mut dyn FnMut(&mut f64)) -> Result<()> {
        for slot in self.slots_of(name)? {
            let lent = self.initial.iter_mut().find(|(s, _)| *s == slot).map(|(_, array)| array);
            match (lent, &mut self.frame.slots[slot]) {
                (Some(array), _) | (None, Slot::Array(_, array)) => array.data.for_each_float_mut(change),
                (None, Slot::Scalar(Scalar::F64(x))) => change(x),
                (None, Slot::Scalar(Scalar::F32(x))) => change_single(x, change),
                (None, Slot::Scalar(Scalar::I64(_) | Scalar::Bool(_))) => {}
            }
        }
        Ok(())
    }

    /// The slots of the frame that a parameter's parts are in.
    fn slots_of(&self, name: &str) -> Result<Range<usize>> {
        let shape = &self.function.inner.shape;
        let found = shape.signature.params.iter().position(|p| p.name == name);
        let leaves = shape.layout.leaves_of_param(found.ok_or_else(|| self.function.unknown(name))?);
        Ok(shape.layout.ir_param(leaves.start)..shape.layout.ir_param(leaves.end))
    }
}

/// Both are of one type and length.
fn overwrite(to: &mut Data, from: &Data) {
    match (to, from) {
        (Data::F64(to), Data::F64(from)) => to.copy_from_slice(from),
        (Data::F32(to), Data::F32(from)) => to.copy_from_slice(from),
        (Data::I64(to), Data::I64(from)) => to.copy_from_slice(from),
        (Data::Bool(to), Data::Bool(from)) => to.copy_from_slice(from),
        (Data::F64(_) | Data::F32(_) | Data::I64(_) | Data::Bool(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::{Engine, Value};

    #[test]
    fn runs_repeat_although_lent_arrays_are_overwritten() {
        let module = Engine::new()
            .compile("fn f(a: &mut [f64; n], k: f64) -> f64 { let s = sum(a); a = k * a; s }")
            .expect("it compiles");
        let f = module.function("f").expect("it is there");
        let mut call = f.prepare(&[[1.0, 2.0].into(), 3.0.into()]).expect("the arguments fit");
        for _ in 0..2 {
            call.run().expect("it runs");
            assert_eq!(call.outcome().finals, [("a".to_string(), Value::from([3.0, 6.0]))]);
            assert_eq!(call.value(), Some(3.0));
        }
        call.update("a", &mut |x| *x += 1.0).expect("the parameter is there");
        call.run().expect("it runs");
        assert_eq!(call.value(), Some(5.0));
    }

    #[test]
    fn there_is_no_result_before_a_run_and_none_after_one_that_stopped() {
        let module = Engine::new().compile("fn f(x: f64) -> f64 { assert(x < 2, \"small\"); x }").expect("it compiles");
        let f = module.function("f").expect("it is there");
        let mut call = f.prepare_gradient(&[1.0.into()], &[]).expect("the arguments fit");
        assert_eq!(call.value(), None);
        assert!(call.gradient().parameters.is_empty());
        call.run().expect("it runs");
        assert_eq!(call.gradient().floats(), [1.0]);
        call.update("x", &mut |x| *x = 3.0).expect("the parameter is there");
        assert!(call.run().is_err());
        assert_eq!(call.value(), None);
        assert!(call.update("y", &mut |_| {}).is_err());
    }
    #[test]
    fn several_directions_are_what_each_is_alone() {
        let module =
            Engine::new().compile("fn f(x: [f64; n], k: f64) -> [f64; n] { k * sin(x) }").expect("it compiles");
        let f = module.function("f").expect("it is there");
        let args: [Value; 2] = [[0.5, 2.0].into(), 3.0.into()];
        let along: [[Option<Value>; 2]; 3] =
            [[Some([1.0, 0.0].into()), None], [None, Some(1.0.into())], [Some([0.5, -1.0].into()), Some(2.0.into())]];
        let mut call = f.prepare_jvp(&args, &along.each_ref().map(|d| &d[..])).expect("they fit");
        for k in [3.0, 6.0] {
            call.run().expect("it runs");
            let args = [args[0].clone(), k.into()];
            let alone = along.iter().map(|d| f.jvp(&args, d).expect("it runs").1);
            assert_eq!(call.tangents(), alone.collect::<Vec<_>>());
            call.update("k", &mut |k| *k *= 2.0).expect("it is there");
        }
        assert!(call.gradient().parameters.is_empty());
        let none = f.prepare_jvp(&args, &[]).and_then(|mut call| call.run().map(|()| call.tangents()));
        assert_eq!(none.expect("it runs"), []);
    }
}
