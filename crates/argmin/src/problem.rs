//! The problem that `argmin` sees.
//!
//! In: a function, its arguments, the names of those that move. Out: [`Problem`], whose point is the vector of all floats that move: [`CostFunction`], [`Gradient`] and [`Hessian`] for a function
//! whose result is one float, [`Operator`] and [`Jacobian`] for one whose result is several (residuals). Each derivative is compiled when it is first asked for. Calls take a scratch
//! of workspace and arguments from a shelf and put it back, so that solvers may call from several threads, and nothing is allocated but the vectors that are given away. It minimises nothing.

use crate::free::{Free, floats};
use adit::{BoundGradient, CallFn, Error, Function, HessianFn, HvpFn, JacobianFn, Result, Value, Workspace};
use argmin::core::{CostFunction, Gradient, Hessian, Jacobian, Operator};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A function of Adit's as a problem of `argmin`'s. Cheap to clone; clones share compiled code.
///
/// Points are `Vec<f64>`: the floats of all arguments that move, in order (fields of structs as they are defined, arrays row major).
#[derive(Clone, Debug)]
pub struct Problem {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    function: Function,
    free: Free,
    handles: Handles,
    shelf: Mutex<Vec<Scratch>>,
}

/// Compiled when they are first wanted.
#[derive(Debug, Default)]
struct Handles {
    cost: OnceLock<Result<CallFn>>,
    residuals: OnceLock<Result<CallFn>>,
    /// Something shaped like the result.
    result: OnceLock<Result<Value>>,
    gradient: OnceLock<Result<BoundGradient>>,
    hvp: OnceLock<Result<HvpFn>>,
    hessian: OnceLock<Result<HessianFn>>,
    jacobian: OnceLock<Result<JacobianFn>>,
}

/// What one call works with.
#[derive(Debug)]
struct Scratch {
    workspace: Workspace,
    args: Vec<Value>,
    along: Vec<Value>,
    slopes: Vec<Value>,
    product: Vec<Value>,
    value: Value,
    matrix: Vec<f64>,
    gradient: Option<BoundGradient>,
}

impl Problem {
    /// From arguments by position (see [`Function::arrange`]): those in `free` start there and move, the others stay. No names mean all parameters that carry floats.
    ///
    /// ```
    /// use adit_argmin::{Gradient, Problem};
    ///
    /// let source = "fn cost(x: [f64; n], target: [f64; n]) -> f64 { sum((x - target)^2) }";
    /// let cost = adit::Engine::new().compile(source)?.function("cost")?;
    /// let args = cost.arrange(&[("x", [0.0, 0.0].into()), ("target", [1.0, 2.0].into())])?;
    /// let problem = Problem::new(&cost, &args, &["x"])?;
    /// assert_eq!(problem.gradient(&vec![0.0, 0.0]).unwrap(), [-2.0, -4.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that is no parameter's, too few arguments, one that moves and carries no floats, nothing that moves.
    pub fn new(function: &Function, args: &[Value], free: &[&str]) -> Result<Problem> {
        let free = Free::new(function, args, free)?;
        let inner = Inner { function: function.clone(), free, handles: Handles::default(), shelf: Mutex::default() };
        Ok(Problem { inner: Arc::new(inner) })
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.inner.function
    }

    /// What moves: names, and the way from floats to values.
    pub fn free(&self) -> &Free {
        &self.inner.free
    }

    /// The point that was given.
    pub fn start(&self) -> Vec<f64> {
        self.inner.free.start()
    }

    /// Borrows a scratch with the arguments of this point.
    fn with<T>(&self, x: &[f64], work: impl FnOnce(&mut Scratch) -> Result<T>) -> Result<T> {
        let shelf = || self.inner.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = shelf().pop();
        let mut scratch = match taken {
            Some(scratch) => scratch,
            None => Scratch::new(&self.inner.free, self.result()?.clone()),
        };
        let out = self.inner.free.put(x, &mut scratch.args).and_then(|()| work(&mut scratch));
        shelf().push(scratch);
        out
    }

    fn result(&self) -> Result<&Value> {
        let run = || Ok(self.inner.function.call(&self.inner.free.arguments())?.value);
        self.handle(&self.inner.handles.result, run)
    }

    fn wrt(&self) -> impl Iterator<Item = &str> {
        self.inner.free.parameters().iter().map(String::as_str)
    }

    /// The value where the result is one float.
    ///
    /// # Errors
    /// A result that is something else, or a run that stops.
    pub fn value(&self, x: &[f64]) -> Result<f64> {
        let call = self.handle(&self.inner.handles.cost, || {
            // A cost is one float, and that is what gradients ask for.
            self.bound_gradient()?;
            self.inner.function.build()
        })?;
        self.with(x, |s| {
            call.call(&mut s.workspace, &s.args[..], &mut s.value)?;
            s.value.as_f64().ok_or_else(|| Error::internal("a cost that is no float"))
        })
    }

    /// The value and the gradient.
    ///
    /// # Errors
    /// A result that is not one float, a derivative that is refused, or a run that stops.
    pub fn value_and_gradient(&self, x: &[f64]) -> Result<(f64, Vec<f64>)> {
        let bound = self.bound_gradient()?;
        self.with(x, |s| {
            let gradient = s.gradient.get_or_insert_with(|| bound.clone());
            let mut slopes = vec![0.0; x.len()];
            let value = gradient.value_and_gradient(&mut s.workspace, x, &mut slopes)?;
            Ok((value, slopes))
        })
    }

    /// The Hessian times a direction.
    ///
    /// # Errors
    /// As [`Problem::value_and_gradient`].
    pub fn hessian_product(&self, x: &[f64], along: &[f64]) -> Result<Vec<f64>> {
        let hvp = self.handle(&self.inner.handles.hvp, || self.inner.function.hvp().wrt(self.wrt()).build())?;
        self.with(x, |s| {
            self.inner.free.put_slopes(along, &mut s.along)?;
            let (along, slopes) = (&s.along[..], &mut s.slopes[..]);
            hvp.value_gradient_and_product(&mut s.workspace, &s.args[..], along, slopes, &mut s.product[..])?;
            Ok(floats(&s.product, x.len()))
        })
    }

    /// The Hessian, row by row.
    ///
    /// # Errors
    /// As [`Problem::value_and_gradient`]; a matrix beyond the memory limit.
    pub fn dense_hessian(&self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        let build = || self.inner.function.hessian().wrt(self.wrt()).build();
        let hessian = self.handle(&self.inner.handles.hessian, build)?;
        self.with(x, |s| {
            s.matrix.resize(x.len() * x.len(), 0.0);
            hessian.value_gradient_and_hessian(&mut s.workspace, &s.args[..], &mut s.slopes[..], &mut s.matrix)?;
            Ok(s.matrix.chunks(x.len()).map(<[f64]>::to_vec).collect())
        })
    }

    /// All floats of the result.
    ///
    /// # Errors
    /// A run that stops.
    pub fn residuals(&self, x: &[f64]) -> Result<Vec<f64>> {
        let call = self.handle(&self.inner.handles.residuals, || self.inner.function.build())?;
        self.with(x, |s| {
            call.call(&mut s.workspace, &s.args[..], &mut s.value)?;
            let mut size = 0;
            s.value.for_each_float(&mut |_| size += 1);
            Ok(floats(std::slice::from_ref(&s.value), size))
        })
    }

    /// The derivative of each float of the result (a row) by each float that moves (a column), row by row.
    ///
    /// # Errors
    /// A derivative that is refused, a matrix beyond the memory limit, or a run that stops.
    pub fn dense_jacobian(&self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        self.with_jacobian(x, |rows, entries| entries.chunks(x.len()).take(rows).map(<[f64]>::to_vec).collect())
    }

    /// Calls `see` with the number of rows of the Jacobian, and its entries row by row.
    pub(crate) fn with_jacobian<T>(&self, x: &[f64], see: impl FnOnce(usize, &[f64]) -> T) -> Result<T> {
        let build = || self.inner.function.jacobian().wrt(self.wrt()).build();
        let jacobian = self.handle(&self.inner.handles.jacobian, build)?;
        self.with(x, |s| {
            let (rows, columns) = jacobian.shape(&mut s.workspace, &s.args[..])?;
            s.matrix.resize(rows * columns, 0.0);
            jacobian.value_and_jacobian(&mut s.workspace, &s.args[..], (), &mut s.matrix)?;
            Ok(see(rows, &s.matrix))
        })
    }

    fn bound_gradient(&self) -> Result<&BoundGradient> {
        self.handle(&self.inner.handles.gradient, || {
            self.inner.function.gradient().wrt(self.wrt()).build()?.bind(&self.inner.free.arguments())
        })
    }

    fn handle<'h, H>(&self, place: &'h OnceLock<Result<H>>, build: impl FnOnce() -> Result<H>) -> Result<&'h H> {
        place.get_or_init(build).as_ref().map_err(Error::clone)
    }
}

impl Scratch {
    fn new(free: &Free, value: Value) -> Scratch {
        let slopes = free.slopes();
        Scratch {
            workspace: Workspace::new(),
            args: free.arguments(),
            along: slopes.clone(),
            product: slopes.clone(),
            slopes,
            value,
            matrix: Vec::new(),
            gradient: None,
        }
    }
}

/// The traits of `argmin`: its errors carry Adit's, with their text.
macro_rules! serves {
    ($($of:ident { $($output:ident = $ty:ty),* } $name:ident($point:ident) -> $result:ty { $body:expr })*) => {
        $(impl $of for Problem {
            type Param = Vec<f64>;
            $(type $output = $ty;)*

            fn $name(&self, $point: &Vec<f64>) -> std::result::Result<$result, argmin::core::Error> {
                let problem = self;
                let answer: fn(&Problem, &Vec<f64>) -> Result<$result> = $body;
                Ok(answer(problem, $point)?)
            }
        })*
    };
}

serves! {
    CostFunction { Output = f64 } cost(x) -> f64 { |p, x| p.value(x) }
    Gradient { Gradient = Vec<f64> } gradient(x) -> Vec<f64> { |p, x| Ok(p.value_and_gradient(x)?.1) }
    Hessian { Hessian = Vec<Vec<f64>> } hessian(x) -> Vec<Vec<f64>> { |p, x| p.dense_hessian(x) }
    Operator { Output = Vec<f64> } apply(x) -> Vec<f64> { |p, x| p.residuals(x) }
    Jacobian { Jacobian = Vec<Vec<f64>> } jacobian(x) -> Vec<Vec<f64>> { |p, x| p.dense_jacobian(x) }
}
