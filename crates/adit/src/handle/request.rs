//! Asking for a derivative: by which parameters, in which mode; once, or as a handle.
//!
//! In: a [`Function`]. Out: a [`Request`], which is either answered once for [`Value`]s (`at`) or built into a handle for many calls (`build`). Nothing is compiled before.

use super::arguments::Arguments;
use super::forward::JvpFn;
use super::gradient::GradientFn;
use super::matrix::{HessianFn, JacobianFn};
use super::pass::Callee;
use super::plan::{How, Plan};
use super::primal::CallFn;
use super::reverse::VjpFn;
use super::second::HvpFn;
use super::sparse::{SparseHessianFn, SparseJacobianFn};
use super::split::SplitFn;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::outcome::{Gradient, Mode};
use crate::pipeline::Derivative;
use crate::value::{Array, Value};
use adit_diag::Code;
use std::marker::PhantomData;

/// A derivative that is asked for, of the kind that the handle `K` computes.
#[derive(Debug)]
pub struct Request<K> {
    pub(crate) function: Function,
    pub(crate) wrt: Vec<String>,
    pub(crate) mode: Option<Mode>,
    pub(crate) lanes: usize,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Request<K> {
    fn clone(&self) -> Self {
        Request {
            function: self.function.clone(),
            wrt: self.wrt.clone(),
            mode: self.mode,
            lanes: self.lanes,
            kind: PhantomData,
        }
    }
}

impl Function {
    fn request<K>(&self) -> Request<K> {
        let (wrt, mode) = (self.default_wrt(), self.default_mode());
        Request { function: self.clone(), wrt, mode, lanes: 1, kind: PhantomData }
    }

    /// The value and the gradient of a function that returns one float.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n], k: f64) -> f64 { k * sum(x^2) }")?.function("f")?;
    ///
    /// // Once:
    /// let gradient = f.gradient().at(&[[3.0, 4.0].into(), 2.0.into()])?;
    /// assert_eq!(gradient.value, adit::Value::F64(50.0));
    /// assert_eq!(gradient.of("x"), Some(&[12.0, 16.0].into()));
    ///
    /// // Many times:
    /// let gradient = f.gradient().wrt(["x"]).build()?;
    /// let (mut workspace, mut dx) = (adit::Workspace::new(), [0.0; 2]);
    /// let value = gradient.value_and_gradient(&mut workspace, (&[3.0, 4.0], 2.0), &mut dx)?;
    /// assert_eq!((value, dx), (50.0, [12.0, 16.0]));
    /// # Ok::<(), adit::Error>(())
    /// ```
    pub fn gradient(&self) -> Request<GradientFn> {
        self.request()
    }

    /// The value, and the derivative of the result in a direction.
    pub fn jvp(&self) -> Request<JvpFn> {
        self.request()
    }

    /// The value, and the derivatives of a combination of all floats of the result.
    pub fn vjp(&self) -> Request<VjpFn> {
        self.request()
    }

    /// The value with a tape, and from the tape the derivatives of a combination of all floats of the result: two calls.
    pub fn split(&self) -> Request<SplitFn> {
        self.request()
    }

    /// The value, and the Hessian times a direction, of a function that returns one float.
    pub fn hvp(&self) -> Request<HvpFn> {
        self.request()
    }

    /// The value, and the derivative of every float of the result by every float of the parameters.
    pub fn jacobian(&self) -> Request<JacobianFn> {
        self.request()
    }

    /// The value, the gradient and the Hessian of a function that returns one float.
    pub fn hessian(&self) -> Request<HessianFn> {
        self.request()
    }
}

impl<K> Request<K> {
    /// By these parameters alone, in this order; none means all that carry floats, or all that an artefact was made for.
    #[must_use]
    pub fn wrt<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.wrt = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        if self.wrt.is_empty() {
            self.wrt = self.function.default_wrt();
        }
        self
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.wrt.iter().map(String::as_str).collect()
    }

    /// The positions of the parameters, in the order asked for.
    pub(crate) fn positions(&self) -> Vec<usize> {
        let params = &self.function.signature().params;
        if self.wrt.is_empty() {
            return (0..params.len()).filter(|&p| params[p].ty.carries_floats()).collect();
        }
        let position = |name: &String| params.iter().position(|p| p.name == *name);
        self.wrt.iter().filter_map(position).collect()
    }

    /// Which IR parameters are active; those of the result if `outputs`.
    pub(crate) fn active(&self, outputs: bool) -> Result<Vec<bool>> {
        if let Some((at, name)) = self.wrt.iter().enumerate().find(|(at, name)| self.wrt[..*at].contains(name)) {
            let text = format!("`{name}` is asked for twice (parameter {} of the list)", at + 1);
            return Err(Error::input(Code("AD0904"), text));
        }
        self.function.active(&self.names(), outputs)
    }

    /// Compiles a derivative and plans its calls.
    pub(super) fn callee(&self, derivative: &Derivative, active: &[bool], how: How) -> Result<Callee> {
        Callee::new(&self.function, derivative, &self.positions(), active, how)
    }
}

/// Modes that can be forced.
macro_rules! modes {
    ($($handle:ty),*) => {
        $(impl Request<$handle> {
            /// In this mode, and no other; with `None`, as if it had not been asked for.
            #[must_use]
            pub fn mode(mut self, mode: impl Into<Option<Mode>>) -> Self {
                self.mode = mode.into().or(self.function.default_mode());
                self
            }
        })*
    };
}

modes!(GradientFn, JacobianFn);

impl Function {
    /// Compiles it, to be called many times. [`Function::call`] is for once.
    ///
    /// # Errors
    /// If it cannot be compiled.
    pub fn build(&self) -> Result<CallFn> {
        CallFn::new(self)
    }
}

impl Callee {
    pub(super) fn new(
        function: &Function,
        derivative: &Derivative,
        wrt: &[usize],
        active: &[bool],
        how: How,
    ) -> Result<Callee> {
        let shape = function.shape();
        if let Some(dim) = shape.layout.dims.first().filter(|_| shape.layout.explicit > 0) {
            let named =
                shape.layout.dims.iter().find(|d| matches!(d.source, adit_sema::layout::DimSource::Explicit(_)));
            let name = &named.unwrap_or(dim).name;
            return Err(Error::input(Code("AD0906"), format!("nothing tells the value of the dimension `{name}`")));
        }
        let entry = function.entry(derivative)?;
        let plan = Plan::new(shape, wrt, active, how);
        if plan.likes.len() != entry.parameters() {
            return Err(Error::internal(format!("`{}` has other parameters than planned", entry.name())));
        }
        let first = shape.layout.results.first().map(|leaf| leaf.element);
        Ok(Callee { function: function.clone(), entry, plan, first })
    }
}

impl Request<GradientFn> {
    /// The value and the gradient at a point: arguments by position, see [`Function::arrange`].
    ///
    /// # Errors
    /// If the result is not one float, there is no such parameter or none that carries floats, the derivative is refused, arguments do not fit, or the run stops.
    pub fn at(&self, args: &[Value]) -> Result<Gradient> {
        self.function.gradient_at(args, &self.names(), self.mode)
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs.
    pub fn build(&self) -> Result<GradientFn> {
        GradientFn::new(self)
    }
}

impl Request<JvpFn> {
    /// Along so many directions at once, at least one; see [`JvpFn::value_and_tangents`].
    #[must_use]
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.lanes = lanes.max(1);
        self
    }

    /// The value, and its derivative in a direction: for each parameter a value of its type, or nothing for zero.
    ///
    /// # Errors
    /// If there is no such parameter, the derivative is refused, arguments do not fit, or the run stops.
    pub fn at(&self, args: &[Value], along: &[Option<Value>]) -> Result<(Value, Value)> {
        let params = &self.function.signature().params;
        self.function.holds_directions(along)?;
        if self.wrt.is_empty() {
            return self.function.jvp_at(args, along);
        }
        self.active(true)?;
        let moves =
            |(p, along): (&crate::Parameter, &Option<Value>)| along.clone().filter(|_| self.wrt.contains(&p.name));
        let along: Vec<Option<Value>> = params.iter().zip(along).map(moves).collect();
        self.function.jvp_at(args, &along)
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs; also if no parameter carries floats.
    pub fn build(&self) -> Result<JvpFn> {
        JvpFn::new(self)
    }
}

impl Request<VjpFn> {
    /// The value, and for each parameter the derivative of `seed · result`; the seed is shaped like the result.
    ///
    /// # Errors
    /// If there is no such parameter or none that carries floats, the derivative is refused, arguments or the seed do not fit, or the run stops.
    pub fn at(&self, args: &[Value], seed: &Value) -> Result<Gradient> {
        self.function.vjp_at(args, seed, &self.names())
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs.
    pub fn build(&self) -> Result<VjpFn> {
        VjpFn::new(self)
    }
}

impl Request<SplitFn> {
    /// Compiles both calls.
    ///
    /// # Errors
    /// If there is no such parameter or none that carries floats, or the derivative is refused.
    pub fn build(&self) -> Result<SplitFn> {
        SplitFn::new(self)
    }
}

impl Request<HvpFn> {
    /// The value, and the Hessian times a direction (as for [`Function::jvp`]), by forward over reverse.
    ///
    /// # Errors
    /// As for [`Function::gradient`].
    pub fn at(&self, args: &[Value], along: &[Option<Value>]) -> Result<Gradient> {
        self.function.holds_directions(along)?;
        self.function.hvp_at(args, along, &self.names())
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs.
    pub fn build(&self) -> Result<HvpFn> {
        HvpFn::new(self)
    }
}

impl Request<JacobianFn> {
    /// The value and the Jacobian: a row for each float of the result, a column for each float of the parameters. Where no mode is forced, it is the one that looks cheaper.
    ///
    /// # Errors
    /// If there is no such parameter or none that carries floats, the derivative is refused, arguments do not fit, the matrix is beyond the memory limit, or the run stops.
    pub fn at(&self, args: &[Value]) -> Result<(Value, Array)> {
        self.function.jacobian_at(args, &self.names(), self.mode)
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs.
    pub fn build(&self) -> Result<JacobianFn> {
        JacobianFn::new(self)
    }

    /// Finds out which entries may be other than zero for arguments of these sizes with these integers and truth values, whatever the floats are, and how few sweeps compute them; compiles it. The floats of
    /// `args` are not looked at.
    ///
    /// ```
    /// let source = "fn f(x: [f64; n]) -> [f64; n] {
    ///     let mut y = x;
    ///     for i in 1..n { y[i] = x[i] * x[i - 1]; }
    ///     y
    /// }";
    /// let f = adit::Engine::new().compile(source)?.function("f")?;
    /// let x = [2.0, 3.0, 5.0, 7.0];
    /// let jacobian = f.jacobian().sparse(&x)?;
    /// assert_eq!((jacobian.pattern().nnz(), jacobian.colours()), (7, 2));
    /// let mut values = [0.0; 7];
    /// jacobian.value_and_jacobian(&mut adit::Workspace::new(), &x, (), &mut values)?;
    /// assert_eq!(jacobian.pattern().column_starts(), [0, 2, 4, 6, 7]);
    /// assert_eq!(jacobian.pattern().row_indices(), [0, 1, 1, 2, 2, 3, 3]);
    /// assert_eq!(values, [1.0, 3.0, 2.0, 5.0, 3.0, 7.0, 5.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Request::at`]; also if the program stops whatever the floats are, or finding out takes more memory or steps than a run may.
    pub fn sparse(&self, args: impl Arguments) -> Result<SparseJacobianFn> {
        SparseJacobianFn::new(self, args)
    }
}

impl Request<HessianFn> {
    /// The value, the gradient, and the Hessian: one square matrix over all floats of the parameters.
    ///
    /// # Errors
    /// As for [`Function::gradient`], or if the matrix is beyond the memory limit.
    pub fn at(&self, args: &[Value]) -> Result<(Gradient, Array)> {
        self.function.hessian_at(args, &self.names())
    }

    /// Compiles it.
    ///
    /// # Errors
    /// As [`Request::at`], but for what concerns arguments and runs.
    pub fn build(&self) -> Result<HessianFn> {
        HessianFn::new(self)
    }

    /// Finds out which entries may be other than zero for arguments of these sizes with these integers and truth values, whatever the floats are, and how few sweeps compute them; compiles it. The floats of
    /// `args` are not looked at.
    ///
    /// ```
    /// let source = "fn f(x: [f64; n]) -> f64 { x[0] * sum(x[1..]) + sum(x^2) }";
    /// let f = adit::Engine::new().compile(source)?.function("f")?;
    /// let x = [1.0, 2.0, 3.0, 4.0, 5.0];
    /// let hessian = f.hessian().sparse(&x)?;
    /// assert_eq!((hessian.pattern().nnz(), hessian.colours()), (13, 2));
    /// let (mut gradient, mut values) = ([0.0; 5], [0.0; 13]);
    /// hessian.value_gradient_and_hessian(&mut adit::Workspace::new(), &x, &mut gradient, &mut values)?;
    /// assert_eq!(values, [2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Request::at`]; also if the program stops whatever the floats are, or finding out takes more memory or steps than a run may.
    pub fn sparse(&self, args: impl Arguments) -> Result<SparseHessianFn> {
        SparseHessianFn::new(self, args)
    }
}
