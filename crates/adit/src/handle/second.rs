//! The handle of a Hessian times a direction.
//!
//! In: arguments, and a direction shaped like the parameters differentiated. Out: the value, the gradient if it is wanted, and the product, in buffers shaped likewise. Forward over reverse, in one call.

use super::arguments::Arguments;
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::How;
use super::request::Request;
use crate::error::Result;
use crate::function::Function;
use crate::pipeline::Derivative;
use std::sync::Arc;

/// A compiled Hessian-vector product: [`Function::hvp`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct HvpFn {
    callee: Arc<Callee>,
}

impl HvpFn {
    pub(super) fn new(request: &Request<HvpFn>) -> Result<Self> {
        request.function.one_float()?;
        let active = request.active(false)?;
        let derivative = request.function.served(Derivative::Hvp(active.clone(), 1));
        let callee = request.callee(&derivative, &active, How::ForwardOverReverse(1))?;
        Ok(HvpFn { callee: Arc::new(callee) })
    }

    pub(super) fn callee(&self) -> &Callee {
        &self.callee
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.callee.function
    }

    /// The value. `along` gives a direction for each parameter differentiated, in the order of [`Request::wrt`]; `gradient` and `product` take `&mut` of something shaped like each, and are overwritten.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n]) -> f64 { prod(x) }")?.function("f")?;
    /// let (mut gradient, mut product) = ([0.0; 3], [0.0; 3]);
    /// let value = f.hvp().build()?.value_gradient_and_product(
    ///     &mut adit::Workspace::new(), &[2.0, 3.0, 5.0], &[1.0, 0.0, 0.0], &mut gradient, &mut product,
    /// )?;
    /// assert_eq!((value, gradient, product), (30.0, [15.0, 10.0, 6.0], [0.0, 5.0, 3.0]));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_gradient_and_product(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut along: impl Arguments,
        mut gradient: impl Arguments,
        mut product: impl Arguments,
    ) -> Result<f64> {
        let callee = &*self.callee;
        let plan = &callee.plan;
        passing!(workspace, callee, |pass| {
            args.pass_all(&mut pass);
            pass.group(&plan.along, false);
            along.pass_all(&mut pass);
            pass.group(&plan.gradient, true);
            gradient.pass_all(&mut pass);
            pass.group(&plan.product, true);
            product.pass_all(&mut pass);
            pass.seeds(1.0);
        });
        gradient.finish_all(&mut workspace.take(&plan.gradient));
        product.finish_all(&mut workspace.take(&plan.product));
        args.finish_all(&mut workspace.take(&plan.finals));
        Ok(callee.one_float(workspace))
    }
}
