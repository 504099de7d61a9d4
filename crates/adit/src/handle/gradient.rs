//! The handle of a gradient.
//!
//! In: arguments, and buffers shaped like the parameters differentiated. Out: the value, and the buffers overwritten. In reverse mode by one sweep into the buffers themselves; in forward mode by as many
//! sweeps as it takes, see [`super::matrix`].

use super::arguments::Arguments;
use super::matrix::Sweeps;
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::How;
use super::request::Request;
use crate::error::Result;
use crate::function::Function;
use crate::outcome::Mode;
use crate::pipeline::Derivative;
use adit_ir::ScalarType;
use std::sync::Arc;

/// A compiled gradient: [`Function::gradient`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct GradientFn {
    inner: Arc<Inner>,
}

#[derive(Debug)]
enum Inner {
    Reverse(Box<Callee>),
    Forward(Box<Sweeps>),
}

impl GradientFn {
    pub(super) fn new(request: &Request<GradientFn>) -> Result<Self> {
        request.function.one_float()?;
        let active = request.active(false)?;
        let reverse = Derivative::Gradient(active.clone());
        let inner = match request.mode {
            Some(Mode::Reverse) => Inner::Reverse(Box::new(request.callee(&reverse, &active, How::Gradient)?)),
            None => {
                let reverse = request.function.served(reverse);
                Inner::Reverse(Box::new(request.callee(&reverse, &active, How::Gradient)?))
            }
            Some(Mode::Forward) => {
                Inner::Forward(Box::new(Sweeps::forward(&request.function, request.positions(), active)?))
            }
        };
        Ok(GradientFn { inner: Arc::new(inner) })
    }

    /// What it calls, if that is one call.
    pub(super) fn callee(&self) -> Option<&Callee> {
        match &*self.inner {
            Inner::Reverse(callee) => Some(callee),
            Inner::Forward(_) => None,
        }
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        match &*self.inner {
            Inner::Reverse(callee) => &callee.function,
            Inner::Forward(sweeps) => &sweeps.function,
        }
    }

    /// The value. `gradient` takes `&mut` of something shaped like each parameter differentiated, in the order of [`Request::wrt`], and is overwritten; what is no float in it stays. Parameters that the
    /// function has `&mut` are changed if they are passed so.
    ///
    /// # Errors
    /// What does not fit, by the name of the parameter, before anything ran; or a run that stops. Then `gradient` holds nothing that means anything.
    pub fn value_and_gradient(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut gradient: impl Arguments,
    ) -> Result<f64> {
        let callee = match &*self.inner {
            Inner::Reverse(callee) => callee,
            Inner::Forward(sweeps) => return sweeps.gradient(workspace, &mut args, &mut gradient),
        };
        passing!(workspace, callee, |pass| {
            args.pass_all(&mut pass);
            pass.group(&callee.plan.gradient, true);
            gradient.pass_all(&mut pass);
        });
        gradient.finish_all(&mut workspace.take(&callee.plan.gradient));
        args.finish_all(&mut workspace.take(&callee.plan.finals));
        Ok(callee.one_float(workspace))
    }
}

impl Callee {
    /// The float that the last call returned first.
    #[inline]
    pub(super) fn one_float(&self, workspace: &Workspace) -> f64 {
        match self.first {
            Some(ScalarType::F32) => f64::from(workspace.staging.result::<f32>(0)),
            Some(ScalarType::F64 | ScalarType::I64 | ScalarType::Bool) | None => workspace.staging.result::<f64>(0),
        }
    }
}
