//! The handle of a derivative of a combination of results.
//!
//! In: arguments, and a seed shaped like the result. Out: the value, and cotangents in buffers shaped like the parameters differentiated. One sweep forward, one back.

use super::arguments::{Argument, Arguments};
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::How;
use super::request::Request;
use crate::error::Result;
use crate::function::Function;
use crate::pipeline::Derivative;
use std::sync::Arc;

/// A compiled derivative of a combination of results: [`Function::vjp`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct VjpFn {
    callee: Arc<Callee>,
}

impl VjpFn {
    pub(super) fn new(request: &Request<VjpFn>) -> Result<Self> {
        let active = request.active(true)?;
        let callee = request.callee(&Derivative::Vjp(active.clone()), &active, How::Reverse)?;
        Ok(VjpFn { callee: Arc::new(callee) })
    }

    pub(super) fn callee(&self) -> &Callee {
        &self.callee
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.callee.function
    }

    /// `seed` is shaped like the result; `value` takes `&mut` of something shaped like it, or `()` where it is not wanted; `cotangents` takes `&mut` of something shaped like each parameter differentiated, in
    /// the order of [`Request::wrt`]. Both are overwritten.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n]) -> [f64; n] { x^2 }")?.function("f")?;
    /// let mut cotangent = [0.0; 2];
    /// f.vjp().build()?.value_and_cotangents(
    ///     &mut adit::Workspace::new(), &[2.0, 3.0], &[1.0, 10.0], (), &mut cotangent,
    /// )?;
    /// assert_eq!(cotangent, [4.0, 60.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_and_cotangents(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut seed: impl Argument,
        mut value: impl Argument,
        mut cotangents: impl Arguments,
    ) -> Result<()> {
        let callee = &*self.callee;
        let plan = &callee.plan;
        passing!(workspace, callee, |pass| {
            args.pass_all(&mut pass);
            pass.group(&plan.gradient, true);
            cotangents.pass_all(&mut pass);
            pass.one(&plan.value, true, &mut value);
            // Seeds of last values of lent scalars are 0; those of the result follow.
            pass.seeds(0.0);
            // The sweep writes over the seeds of arrays, so they are copied even if they are lent.
            pass.preserve();
            pass.one(&plan.result, false, &mut seed);
        });
        value.finish(&mut workspace.take(&plan.value));
        cotangents.finish_all(&mut workspace.take(&plan.gradient));
        args.finish_all(&mut workspace.take(&plan.finals));
        Ok(())
    }
}
