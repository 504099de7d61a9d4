//! The problem that `argmin` sees.
//!
//! In: a function, its arguments, the names of those that move. Out: [`Problem`], whose point is the vector of all floats that move: [`CostFunction`], [`Gradient`] and [`Hessian`] for a function
//! whose result is one float, [`Operator`] and [`Jacobian`] for one whose result is several (residuals). Each derivative is compiled when it is first asked for. Calls take a scratch
//! of workspace and arguments from a shelf and put it back, so that solvers may call from several threads, and nothing is allocated but the vectors that are given away. Floats that are bounded move without their bounds
//! ([`crate::bounds`]). It minimises nothing.

use crate::bounds::{Bound, Bounds};
use crate::free::{Free, floats};
use adit::diag::Code;
use adit::{BoundCall, BoundGradient, Error, Function, HessianFn, JacobianFn, Result, Value, Workspace};
use argmin::core::{CostFunction, Gradient, Hessian, Jacobian, Operator};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A function of Adit's as a problem of `argmin`'s. Cheap to clone; clones share compiled code.
///
/// Points are `Vec<f64>`: the floats of all arguments that move, in order (fields of structs as they are defined, arrays row major). Where some are [bounded](Problem::bounded), points are what solvers move instead,
/// without bounds, and [`Problem::outside`] leads from there to the floats themselves.
#[derive(Clone, Debug)]
pub struct Problem {
    inner: Arc<Inner>,
    bounds: Arc<Bounds>,
    start: Arc<[f64]>,
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
    call: OnceLock<Result<BoundCall>>,
    gradient: OnceLock<Result<BoundGradient>>,
    hvp: OnceLock<Result<BoundCall>>,
    hessian: OnceLock<Result<HessianFn>>,
    jacobian: OnceLock<Result<JacobianFn>>,
}

/// What one call works with; clones of handles are its own.
#[derive(Debug)]
struct Scratch {
    workspace: Workspace,
    call: Option<BoundCall>,
    gradient: Option<BoundGradient>,
    hvp: Option<BoundCall>,
    /// For matrices, which take many sweeps.
    args: Vec<Value>,
    slopes: Vec<Value>,
    matrix: Vec<f64>,
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
        let start = free.start().into();
        let inner = Inner { function: function.clone(), free, handles: Handles::default(), shelf: Mutex::default() };
        Ok(Problem { inner: Arc::new(inner), bounds: Arc::default(), start })
    }

    /// Keeps a float, or all of an array, within a bound; it is called by its path such as `p.sigma` or `x[2]`. It has to start strictly within, and may end on the bound.
    ///
    /// ```
    /// use adit_argmin::{Bound, Options, Problem, minimise};
    ///
    /// let cost = adit::Engine::new().compile("fn cost(x: f64, y: f64) -> f64 { (x + 1)^2 + (y - 3)^2 }")?.function("cost")?;
    /// let problem = Problem::new(&cost, &[1.0.into(), 1.0.into()], &[])?.bounded("x", Bound::Lower(0.0))?;
    /// let found = minimise(&problem, &Options::default(), &mut |_| ())?;
    /// assert!(found.converged && found.point[0] < 1e-9 && (found.point[1] - 3.0).abs() < 1e-9, "{found:?}");
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// AD0920 if there is no such float or array, or the bound leaves no room; AD0911 if what moves does not start within.
    pub fn bounded(mut self, path: &str, bound: Bound) -> Result<Problem> {
        let free = &self.inner.free;
        let names = free.names();
        let within = |name: &String| name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('['));
        let places: Vec<usize> = (0..names.len()).filter(|&at| within(&names[at])).collect();
        if places.is_empty() {
            let text = format!("there is no `{path}` to be bounded; what moves is {}", listed(&names));
            return Err(Error::input(Code("AD0920"), text));
        }
        if let Bound::Between(a, b) = bound
            && a.partial_cmp(&b) != Some(std::cmp::Ordering::Less)
        {
            return Err(Error::input(Code("AD0920"), format!("nothing is between {a:?} and {b:?}")));
        }
        let bounds = Arc::make_mut(&mut self.bounds);
        bounds.set(names.len(), places.into_iter(), bound);
        let start = bounds.inside(free.start()).map_err(|(at, bound)| {
            let text = format!("`{}` starts from {:?}, which is not within `{bound}`", names[at], free.start()[at]);
            Error::input(Code("AD0911"), text)
        })?;
        self.start = start.into();
        Ok(self)
    }

    /// The floats themselves, from a point of a solver: the same where nothing is bounded.
    pub fn outside(&self, point: &[f64]) -> Vec<f64> {
        self.bounds.outside(point).into_owned()
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.inner.function
    }

    /// What moves: names, and the way from floats to values.
    pub fn free(&self) -> &Free {
        &self.inner.free
    }

    /// The point of what was given.
    pub fn start(&self) -> Vec<f64> {
        self.start.to_vec()
    }

    /// Borrows a scratch.
    fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> Result<T>) -> Result<T> {
        let shelf = || self.inner.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = shelf().pop();
        let mut scratch = taken.unwrap_or_else(|| Scratch::new(&self.inner.free));
        let out = work(&mut scratch);
        shelf().push(scratch);
        out
    }

    fn wrt(&self) -> impl Iterator<Item = &str> {
        self.inner.free.parameters().iter().map(String::as_str)
    }

    /// The value where the result is one float.
    ///
    /// # Errors
    /// A result that is something else, or a run that stops.
    pub fn value(&self, x: &[f64]) -> Result<f64> {
        // A cost is one float, and that is what gradients ask for.
        self.bound_gradient()?;
        let mut value = [0.0];
        self.evaluate(x, |_| Ok(&mut value))?;
        Ok(value[0])
    }

    /// Calls the function; its floats go where `out`, who is told how many there are, says.
    fn evaluate<'o>(&self, x: &[f64], out: impl FnOnce(usize) -> Result<&'o mut [f64]>) -> Result<()> {
        let call = self.handle(&self.inner.handles.call, || {
            self.inner.function.build()?.bind(&self.inner.free.arguments(), &[&self.wrt().collect::<Vec<_>>()])
        })?;
        self.with(|s| {
            let call_here = s.call.get_or_insert_with(|| call.clone());
            call_here.call(&mut s.workspace, &[&self.bounds.outside(x)], &mut [out(call.gives()[0])?])
        })
    }

    /// The value and the gradient.
    ///
    /// # Errors
    /// A result that is not one float, a derivative that is refused, or a run that stops.
    pub fn value_and_gradient(&self, x: &[f64]) -> Result<(f64, Vec<f64>)> {
        let bound = self.bound_gradient()?;
        self.with(|s| {
            let gradient = s.gradient.get_or_insert_with(|| bound.clone());
            let mut slopes = vec![0.0; x.len()];
            let value = gradient.value_and_gradient(&mut s.workspace, &self.bounds.outside(x), &mut slopes)?;
            self.bounds.scale(x, &mut slopes);
            Ok((value, slopes))
        })
    }

    /// The Hessian times a direction.
    ///
    /// # Errors
    /// As [`Problem::value_and_gradient`].
    pub fn hessian_product(&self, x: &[f64], along: &[f64]) -> Result<Vec<f64>> {
        let hvp = self.handle(&self.inner.handles.hvp, || {
            let names: Vec<&str> = self.wrt().collect();
            self.inner.function.hvp().wrt(self.wrt()).build()?.bind(&self.inner.free.arguments(), &[&names])
        })?;
        self.with(|s| {
            let hvp = s.hvp.get_or_insert_with(|| hvp.clone());
            let (mut product, mut gradient) = (vec![0.0; x.len()], self.bounds.gradient(x.len()));
            let mut run = |along: &[f64]| {
                let from: [&[f64]; 2] = [&self.bounds.outside(x), along];
                hvp.call(&mut s.workspace, &from, &mut [&mut [], &mut gradient, &mut product])
            };
            self.bounds.along(x, along, &mut run)?;
            self.bounds.each_curved(x, &gradient, |at, [slope, bend]| {
                product[at] = slope * product[at] + bend * along[at];
            });
            Ok(product)
        })
    }

    /// The Hessian, row by row.
    ///
    /// # Errors
    /// As [`Problem::value_and_gradient`]; a matrix beyond the memory limit.
    pub fn dense_hessian(&self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        let build = || self.inner.function.hessian().wrt(self.wrt()).build();
        let hessian = self.handle(&self.inner.handles.hessian, build)?;
        self.with(|s| {
            self.inner.free.put(&self.bounds.outside(x), &mut s.args)?;
            s.matrix.resize(x.len() * x.len(), 0.0);
            hessian.value_gradient_and_hessian(&mut s.workspace, &s.args[..], &mut s.slopes[..], &mut s.matrix)?;
            let mut rows: Vec<Vec<f64>> = s.matrix.chunks(x.len()).map(<[f64]>::to_vec).collect();
            rows.iter_mut().for_each(|row| self.bounds.scale(x, row));
            if !self.bounds.is_empty() {
                self.bounds.each_curved(x, &floats(&s.slopes, x.len()), |at, [slope, bend]| {
                    rows[at].iter_mut().for_each(|entry| *entry *= slope);
                    rows[at][at] += bend;
                });
            }
            Ok(rows)
        })
    }

    /// All floats of the result.
    ///
    /// # Errors
    /// A run that stops.
    pub fn residuals(&self, x: &[f64]) -> Result<Vec<f64>> {
        let mut out = Vec::new();
        self.evaluate(x, |size| {
            out.resize(size, 0.0);
            Ok(&mut out)
        })?;
        Ok(out)
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
        self.with_slopes(x, |rows, entries| {
            entries.chunks_mut(x.len()).for_each(|row| self.bounds.scale(x, row));
            see(rows, entries)
        })
    }

    /// How many rows [`Problem::squares_jacobian`] has that are not the Jacobian's.
    pub(crate) fn bent(&self) -> usize {
        if self.bounds.is_empty() { 0 } else { self.start.len() }
    }

    /// The Jacobian of residuals whose squares are added up, row by row, and where floats are bounded below it what their bounds add to the curvature: the step of Gauss and Newton alone does not see that near a bound
    /// the residuals hardly move.
    pub(crate) fn squares_jacobian(&self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        if self.bounds.is_empty() {
            return self.dense_jacobian(x);
        }
        let residuals = self.residuals(x)?;
        self.with_slopes(x, |rows, entries| {
            let mut gradient = vec![0.0; x.len()];
            for (row, r) in entries.chunks(x.len()).zip(&residuals) {
                gradient.iter_mut().zip(row).for_each(|(g, entry)| *g += r * entry);
            }
            entries.chunks_mut(x.len()).for_each(|row| self.bounds.scale(x, row));
            let jacobian = entries.chunks(x.len()).take(rows).map(<[f64]>::to_vec);
            jacobian.chain(self.bounds.bends(x, &gradient)).collect()
        })
    }

    /// The Jacobian by the floats themselves.
    fn with_slopes<T>(&self, x: &[f64], see: impl FnOnce(usize, &mut [f64]) -> T) -> Result<T> {
        let build = || self.inner.function.jacobian().wrt(self.wrt()).build();
        let jacobian = self.handle(&self.inner.handles.jacobian, build)?;
        self.with(|s| {
            self.inner.free.put(&self.bounds.outside(x), &mut s.args)?;
            let (rows, columns) = jacobian.shape(&mut s.workspace, &s.args[..])?;
            s.matrix.resize(rows * columns, 0.0);
            jacobian.value_and_jacobian(&mut s.workspace, &s.args[..], (), &mut s.matrix)?;
            Ok(see(rows, &mut s.matrix))
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

/// Names for a message, a few of them.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(6).map(|name| format!("`{name}`")).collect();
    quoted.join(", ") + if names.len() > 6 { ", …" } else { "" }
}

impl Scratch {
    fn new(free: &Free) -> Scratch {
        let (args, slopes) = (free.arguments(), free.slopes());
        Scratch { workspace: Workspace::new(), call: None, gradient: None, hvp: None, args, slopes, matrix: Vec::new() }
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
