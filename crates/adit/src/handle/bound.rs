//! Gradients whose other arguments stay: flat slices in and out.
//!
//! In: a [`GradientFn`], and arguments. Out: a [`BoundGradient`], which owns those that are not differentiated and takes the floats of the others as one slice, in the order of [`Request::wrt`](super::Request::wrt)
//! (fields as they are defined, arrays row major); the gradient goes into another. Nothing is looked at twice: names, kinds and extents are checked when it is made. That is what samplers and minimisers call.

use super::gradient::GradientFn;
use super::laid::Laid;
use super::memory::Workspace;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::value::Value;
use adit_diag::Code;
use adit_ir::RunError;
use adit_runtime::Bound;
use std::sync::Arc;

/// A gradient whose arguments are laid out: [`GradientFn::bind`]. Clones share the arrays that stay; each is called by one thread at a time.
#[derive(Clone, Debug)]
pub struct BoundGradient {
    gradient: GradientFn,
    /// Those of its engine.
    options: Arc<Options>,
    bound: Bound,
}

impl GradientFn {
    /// Lays a call out. All of `args` tell sizes; those that are not differentiated, and what is no float in the others, stay as they are.
    ///
    /// ```
    /// use adit::{Engine, Workspace};
    ///
    /// let source = "fn f(k: f64, x: [f64; n], y: [f64; n]) -> f64 { k * sum((x - y)^2) }";
    /// let f = Engine::new().compile(source)?.function("f")?;
    /// let gradient = f.gradient().wrt(["x", "k"]).build()?;
    /// let mut bound = gradient.bind(&[1.0.into(), [0.0, 0.0].into(), [1.0, 2.0].into()])?;
    /// let (mut workspace, mut slopes) = (Workspace::new(), [0.0; 3]);
    /// let value = bound.value_and_gradient(&mut workspace, &[3.0, 3.0, 10.0], &mut slopes)?;
    /// assert_eq!((value, slopes), (50.0, [40.0, 20.0, 5.0]));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// Arguments that do not fit; a handle in forward mode, which has no one call to be laid out (AD0907).
    pub fn bind(&self, args: &[Value]) -> Result<BoundGradient> {
        let Some(callee) = self.callee() else {
            let text = "a gradient in forward mode is several calls: only one in reverse mode can be bound";
            return Err(Error::input(Code("AD0907"), text));
        };
        let function = self.function();
        if args.len() != function.signature().params.len() {
            let (wanted, given) = (function.signature().params.len(), args.len());
            return Err(Error::input(Code("AD0904"), format!("{wanted} values are wanted, {given} were given")));
        }
        let mut laid = Laid::new(callee, function.frame(args)?.slots);
        laid.moving(callee.plan.gradient.items.iter().cloned().flatten());
        laid.giving(&callee.plan.gradient);
        Ok(BoundGradient { gradient: self.clone(), options: function.options_arc().clone(), bound: laid.bind()? })
    }
}

impl BoundGradient {
    /// The gradient that is called.
    pub fn gradient(&self) -> &GradientFn {
        &self.gradient
    }

    /// How many floats it is by.
    pub fn dim(&self) -> usize {
        self.bound.inputs()
    }

    /// The value; the gradient is overwritten. Both slices are as long as [`BoundGradient::dim`] says. Nothing is allocated after the first call.
    ///
    /// # Errors
    /// Slices of another length (AD0906), or a run that stops.
    pub fn value_and_gradient(&mut self, workspace: &mut Workspace, x: &[f64], gradient: &mut [f64]) -> Result<f64> {
        workspace.serve(&self.options);
        let ran = match &self.options.clock {
            None => self.bound.call(&mut workspace.machine, x, gradient),
            Some(_) => self.timed(workspace, x, gradient),
        };
        match ran {
            Ok(()) => Ok(self.bound.first()),
            Err(e) => Err(self.stopped(&e, x, gradient)),
        }
    }

    /// Why there is no gradient: slices of other lengths, which the call refuses, are told in other words.
    #[cold]
    fn stopped(&self, error: &RunError, x: &[f64], gradient: &[f64]) -> Error {
        if (x.len(), gradient.len()) == (self.bound.inputs(), self.bound.outputs()) {
            return Error::run(error, self.gradient.function().sources().clone());
        }
        let (dim, x, g) = (self.bound.inputs(), x.len(), gradient.len());
        let text = format!("a point and a gradient have {dim} floats here; {x} and {g} were given");
        Error::input(Code("AD0906"), text)
    }

    #[cold]
    fn timed(
        &mut self,
        workspace: &mut Workspace,
        x: &[f64],
        gradient: &mut [f64],
    ) -> std::result::Result<(), RunError> {
        let BoundGradient { gradient: of, bound, .. } = self;
        of.function().options().timed("run", || bound.call(&mut workspace.machine, x, gradient))
    }
}
