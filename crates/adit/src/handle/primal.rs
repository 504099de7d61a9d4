//! The handle of a function itself.
//!
//! In: arguments. Out: the value, in a buffer shaped like the result.

use super::arguments::{Argument, Arguments};
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::How;
use crate::error::Result;
use crate::function::Function;
use crate::pipeline::Derivative;
use std::sync::Arc;

/// A compiled function: [`Function`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct CallFn {
    callee: Arc<Callee>,
}

impl CallFn {
    pub(super) fn new(function: &Function) -> Result<Self> {
        let active = vec![false; function.shape().layout.ir_params()];
        let callee = Callee::new(function, &Derivative::Primal, &[], &active, How::Primal)?;
        Ok(CallFn { callee: Arc::new(callee) })
    }

    pub(super) fn callee(&self) -> &Callee {
        &self.callee
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.callee.function
    }

    /// Runs it. `value` takes `&mut` of something shaped like the result, or `()` where it is not wanted, and is overwritten. Parameters that the function has `&mut` are changed if they are passed so;
    /// if they are passed by `&`, it works on copies.
    ///
    /// ```
    /// let source = "fn step(x: &mut [f64; n], v: [f64; n], dt: f64) -> f64 { x += dt * v; sum(x) }";
    /// let step = adit::Engine::new().compile(source)?.function("step")?.build()?;
    /// let (mut workspace, mut x, mut sum) = (adit::Workspace::new(), [1.0, 2.0], 0.0);
    /// step.call(&mut workspace, (&mut x, &[1.0, 10.0], 0.5), &mut sum)?;
    /// assert_eq!((x, sum), ([1.5, 7.0], 8.5));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn call(&self, workspace: &mut Workspace, mut args: impl Arguments, mut value: impl Argument) -> Result<()> {
        let callee = &*self.callee;
        passing!(workspace, callee, |pass| {
            args.pass_all(&mut pass);
            pass.one(&callee.plan.value, true, &mut value);
        });
        value.finish(&mut workspace.take(&callee.plan.value));
        args.finish_all(&mut workspace.take(&callee.plan.finals));
        Ok(())
    }
}
