//! Calls of functions and derivatives whose other arguments stay: flat slices in and out.
//!
//! In: a handle, arguments, and the names of those that move, in groups. Out: a [`BoundCall`]: slices of floats go in, one for each group and for what the derivative is asked with; slices come out. Names, kinds and extents
//! are checked when it is made. That is what solvers call, whose points are vectors: states, parameters, time. Gradients have [their own](super::BoundGradient), which copies nothing.

use super::laid::Laid;
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::Group;
use super::{CallFn, HvpFn, JvpFn, VjpFn};
use crate::error::{Error, Result};
use crate::function::Function;
use crate::value::Value;
use adit_diag::Code;
use adit_runtime::Bound;

/// A function or a derivative whose arguments are laid out: [`CallFn::bind`], [`JvpFn::bind`], [`VjpFn::bind`], [`HvpFn::bind`]. Clones share the arrays that stay; each is called by one thread at a time.
#[derive(Clone, Debug)]
pub struct BoundCall {
    function: Function,
    bound: Bound,
    /// How many floats each slice has.
    takes: Vec<usize>,
    gives: Vec<usize>,
    /// All of them in a row.
    coming: Vec<f64>,
    going: Vec<f64>,
}

/// What a derivative is asked with, what it gives, and what seeds are that nobody gives.
struct Form<'g> {
    asked: &'g [&'g Group],
    giving: &'g [&'g Group],
    seed: f64,
}

fn bind(callee: &Callee, args: &[Value], moving: &[&[&str]], form: &Form<'_>) -> Result<BoundCall> {
    let function = &callee.function;
    let params = &function.signature().params;
    if args.len() != params.len() {
        let (wanted, given) = (params.len(), args.len());
        return Err(Error::input(Code("AD0904"), format!("{wanted} values are wanted, {given} were given")));
    }
    let position = |name: &&str| {
        let found = params.iter().position(|p| p.name == *name);
        found.ok_or_else(|| Error::input(Code("AD0904"), format!("`{}` has no parameter `{name}`", function.name())))
    };
    let all: Vec<&str> = moving.iter().copied().flatten().copied().collect();
    if let Some(name) = all.iter().enumerate().find_map(|(i, name)| all[..i].contains(name).then_some(name)) {
        return Err(Error::input(Code("AD0904"), format!("`{name}` moves twice")));
    }
    let mut laid = Laid::new(callee, function.frame(args)?.slots);
    let mut takes = Vec::new();
    for names in moving {
        let positions = names.iter().map(position).collect::<Result<Vec<usize>>>()?;
        takes.push(laid.moving(Laid::leaves(callee, &positions)));
    }
    takes.extend(form.asked.iter().map(|group| laid.asked(group)));
    let gives: Vec<usize> = form.giving.iter().map(|group| laid.giving(group)).collect();
    laid.seeds(form.seed);
    let bound = laid.bind()?;
    let (coming, going) = (vec![0.0; takes.iter().sum()], vec![0.0; gives.iter().sum()]);
    if (bound.inputs(), bound.outputs()) != (coming.len(), going.len()) {
        return Err(Error::internal("what is bound has no place in the call"));
    }
    Ok(BoundCall { function: function.clone(), bound, takes, gives, coming, going })
}

impl BoundCall {
    /// The function that is called or differentiated.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// How many floats each slice has that goes in.
    pub fn takes(&self) -> &[usize] {
        &self.takes
    }

    /// How many floats each slice has that comes out.
    pub fn gives(&self) -> &[usize] {
        &self.gives
    }

    /// Runs; the slices that come out are overwritten, and may be empty where they are not wanted. Nothing is allocated after the first call.
    ///
    /// # Errors
    /// Slices of other numbers or lengths (AD0906), or a run that stops.
    pub fn call(&mut self, workspace: &mut Workspace, from: &[&[f64]], to: &mut [&mut [f64]]) -> Result<()> {
        let fit = from.iter().map(|x| x.len()).eq(self.takes.iter().copied());
        let fits = |(to, wanted): (&&mut [f64], &usize)| to.is_empty() || to.len() == *wanted;
        if !fit || to.len() != self.gives.len() || !to.iter().zip(&self.gives).all(fits) {
            let (takes, gives) = (&self.takes, &self.gives);
            let given: [Vec<usize>; 2] = [from.iter().map(|x| x.len()).collect(), to.iter().map(|x| x.len()).collect()];
            let text = format!(
                "slices of {takes:?} floats go in here, and of {gives:?} come out; of {:?} and of {:?} were given",
                given[0], given[1]
            );
            return Err(Error::input(Code("AD0906"), text));
        }
        let mut rest = &mut self.coming[..];
        for from in from {
            let (now, later) = rest.split_at_mut(from.len());
            now.copy_from_slice(from);
            rest = later;
        }
        let options = self.function.options();
        workspace.serve(self.function.options_arc());
        let (bound, machine) = (&mut self.bound, &mut workspace.machine);
        let (coming, going) = (&self.coming[..], &mut self.going[..]);
        let ran = match &options.clock {
            None => bound.call(machine, coming, going),
            Some(_) => options.timed("run", || bound.call(machine, coming, going)),
        };
        ran.map_err(|e| Error::run(&e, self.function.sources().clone()))?;
        let mut rest = &self.going[..];
        for (to, size) in to.iter_mut().zip(&self.gives) {
            let (now, later) = rest.split_at(*size);
            if !to.is_empty() {
                to.copy_from_slice(now);
            }
            rest = later;
        }
        Ok(())
    }
}

impl CallFn {
    /// Lays a call out. All of `args` tell sizes; what is named in `moving` comes with each call, a slice for each group of names, in that order; the rest stays. Goes in: a slice for each group. Comes out: the value.
    ///
    /// ```
    /// use adit::{Engine, Workspace};
    ///
    /// let source = "fn f(y: [f64; 2], k: f64, t: f64) -> [f64; 2] { [y[1] + t, -k * y[0]] }";
    /// let f = Engine::new().compile(source)?.function("f")?;
    /// let args = [[0.0, 0.0].into(), 4.0.into(), 0.0.into()];
    /// let mut slope = f.build()?.bind(&args, &[&["y"], &["t"]])?;
    /// let (mut workspace, mut dy) = (Workspace::new(), [0.0; 2]);
    /// slope.call(&mut workspace, &[&[1.0, 2.0], &[0.5]], &mut [&mut dy])?;
    /// assert_eq!(dy, [2.5, -4.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// Names and arguments that do not fit.
    pub fn bind(&self, args: &[Value], moving: &[&[&str]]) -> Result<BoundCall> {
        let callee = self.callee();
        bind(callee, args, moving, &Form { asked: &[], giving: &[&callee.plan.value], seed: 0.0 })
    }
}

impl JvpFn {
    /// Lays a call out, as [`CallFn::bind`] does. Goes in: a slice for each group of what moves, then the direction. Comes out: the value, the tangent.
    ///
    /// ```
    /// use adit::{Engine, Workspace};
    ///
    /// let f = Engine::new().compile("fn f(x: [f64; n], k: f64) -> [f64; n] { k * x^2 }")?.function("f")?;
    /// let mut jvp = f.jvp().wrt(["x"]).build()?.bind(&[[0.0, 0.0].into(), 3.0.into()], &[&["x"]])?;
    /// let mut tangent = [0.0; 2];
    /// jvp.call(&mut Workspace::new(), &[&[1.0, 2.0], &[1.0, 10.0]], &mut [&mut [], &mut tangent])?;
    /// assert_eq!(tangent, [6.0, 120.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`CallFn::bind`]; a handle of several directions (AD0904).
    pub fn bind(&self, args: &[Value], moving: &[&[&str]]) -> Result<BoundCall> {
        self.has_lanes(1)?;
        let callee = self.callee();
        let plan = &callee.plan;
        bind(callee, args, moving, &Form { asked: &[&plan.along], giving: &[&plan.value, &plan.result], seed: 0.0 })
    }
}

impl VjpFn {
    /// Lays a call out, as [`CallFn::bind`] does. Goes in: a slice for each group of what moves, then the seed. Comes out: the value, the cotangents in the order of [`Request::wrt`](super::Request::wrt).
    ///
    /// # Errors
    /// As [`CallFn::bind`].
    pub fn bind(&self, args: &[Value], moving: &[&[&str]]) -> Result<BoundCall> {
        let callee = self.callee();
        let plan = &callee.plan;
        bind(callee, args, moving, &Form { asked: &[&plan.result], giving: &[&plan.value, &plan.gradient], seed: 0.0 })
    }
}

impl HvpFn {
    /// Lays a call out, as [`CallFn::bind`] does. Goes in: a slice for each group of what moves, then the direction. Comes out: the value, the gradient, the product.
    ///
    /// # Errors
    /// As [`CallFn::bind`].
    pub fn bind(&self, args: &[Value], moving: &[&[&str]]) -> Result<BoundCall> {
        let callee = self.callee();
        let plan = &callee.plan;
        let giving = [&plan.value, &plan.gradient, &plan.product];
        bind(callee, args, moving, &Form { asked: &[&plan.along], giving: &giving, seed: 1.0 })
    }
}
