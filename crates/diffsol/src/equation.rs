//! A function of state, parameters and time, with its derivatives as closures.
//!
//! In: a function, arguments that tell sizes and constants, the [`Roles`] of the others. Out: closures over slices. All derivatives are compiled and laid out when the [`Equation`] is made, because closures cannot
//! tell what is refused; a run that stops leaves NaN, from which solvers turn back, and the first error for [`Equation::failure`]. Calls take a scratch of workspace and bound calls from a
//! shelf and put it back, so that nothing is allocated after the first ones.

use adit::{BoundCall, Error, Function, Result, Value, Workspace};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the parameters of a function are to a differential equation; those that are none of these stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'r> {
    /// The state; none for initial values.
    pub state: &'r [&'r str],
    /// What the solution is differentiated by, in the order of diffsol's vector of parameters.
    pub parameters: &'r [&'r str],
    /// The time, if the function takes it.
    pub time: Option<&'r str>,
}

/// A function of state, parameters and time. Cheap to clone; clones share compiled code, scratch and failure.
#[derive(Clone, Debug)]
pub struct Equation {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    calls: Calls,
    /// Whether the function takes the time.
    timed: bool,
    shelf: Mutex<Vec<Scratch>>,
    failure: Mutex<Option<Error>>,
}

/// All calls, laid out. What moves is the state, the parameters, the time; then what a product is asked with.
#[derive(Clone, Debug)]
struct Calls {
    value: BoundCall,
    state: Option<Products>,
    parameters: Option<Products>,
}

/// The products with the derivative by some arguments.
#[derive(Clone, Debug)]
struct Products {
    forward: BoundCall,
    backward: BoundCall,
}

/// What one call works with.
#[derive(Debug)]
struct Scratch {
    workspace: Workspace,
    calls: Calls,
}

/// Where a function is evaluated.
#[derive(Clone, Copy)]
struct At<'a> {
    state: &'a [f64],
    parameters: &'a [f64],
    time: f64,
}

/// Which derivative.
#[derive(Clone, Copy)]
enum By {
    State,
    Parameters,
}

impl Products {
    /// None where there is nothing to differentiate by.
    fn new(function: &Function, args: &[Value], wrt: &[&str], moving: &[&[&str]]) -> Result<Option<Products>> {
        if wrt.is_empty() {
            return Ok(None);
        }
        let forward = function.jvp().wrt(wrt.iter().copied()).build()?.bind(args, moving)?;
        let backward = function.vjp().wrt(wrt.iter().copied()).build()?.bind(args, moving)?;
        Ok(Some(Products { forward, backward }))
    }
}

impl Calls {
    fn products(&mut self, by: By) -> Option<&mut Products> {
        match by {
            By::State => self.state.as_mut(),
            By::Parameters => self.parameters.as_mut(),
        }
    }
}

fn kept<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Equation {
    /// From arguments by position (see [`Function::arrange`]), which tell the sizes of state and parameters, and are what the others stay.
    ///
    /// # Errors
    /// Names that are no parameters', what cannot be differentiated, a run that stops at these arguments.
    pub fn new(function: &Function, args: &[Value], roles: &Roles<'_>) -> Result<Equation> {
        let moving: [&[&str]; 3] = [roles.state, roles.parameters, roles.time.as_slice()];
        let calls = Calls {
            value: function.build()?.bind(args, &moving)?,
            state: Products::new(function, args, roles.state, &moving)?,
            parameters: Products::new(function, args, roles.parameters, &moving)?,
        };
        // That it runs at all.
        function.call(args)?;
        let (shelf, failure) = (Mutex::default(), Mutex::default());
        Ok(Equation { inner: Arc::new(Inner { calls, timed: roles.time.is_some(), shelf, failure }) })
    }

    /// The first error of a run since it was made: closures have no other way to tell.
    pub fn failure(&self) -> Option<Error> {
        kept(&self.inner.failure).clone()
    }

    /// Works with a scratch; NaN comes out where that fails.
    fn work(&self, out: &mut [f64], work: impl FnOnce(&mut Scratch, &mut [f64]) -> Result<()>) {
        let inner = &*self.inner;
        let taken = kept(&inner.shelf).pop();
        let fresh = || Scratch { workspace: Workspace::new(), calls: inner.calls.clone() };
        let mut scratch = taken.unwrap_or_else(fresh);
        let done = work(&mut scratch, out);
        kept(&inner.shelf).push(scratch);
        if let Err(error) = done {
            out.fill(f64::NAN);
            kept(&inner.failure).get_or_insert(error);
        }
    }

    /// The time as a slice, if the function takes it.
    fn time<'t>(&self, time: &'t [f64; 1]) -> &'t [f64] {
        if self.inner.timed { time } else { &[] }
    }

    fn evaluate(&self, at: At<'_>, out: &mut [f64]) {
        let time = [at.time];
        self.work(out, |s, out| {
            s.calls.value.call(&mut s.workspace, &[at.state, at.parameters, self.time(&time)], &mut [out])
        });
    }

    fn forward(&self, at: At<'_>, by: By, along: &[f64], out: &mut [f64]) {
        let time = [at.time];
        self.work(out, |s, out| {
            let Some(products) = s.calls.products(by) else {
                out.fill(0.0);
                return Ok(());
            };
            let from = [at.state, at.parameters, self.time(&time), along];
            products.forward.call(&mut s.workspace, &from, &mut [&mut [], out])
        });
    }

    /// The transposed product, negative, as diffsol wants it.
    fn backward(&self, at: At<'_>, by: By, seed: &[f64], out: &mut [f64]) {
        let time = [at.time];
        self.work(out, |s, out| {
            let Some(products) = s.calls.products(by) else {
                out.fill(0.0);
                return Ok(());
            };
            let from = [at.state, at.parameters, self.time(&time), seed];
            products.backward.call(&mut s.workspace, &from, &mut [&mut [], &mut *out])?;
            out.iter_mut().for_each(|x| *x = -*x);
            Ok(())
        });
    }

    /// `f(y, p, t)`.
    pub fn value(&self) -> impl Fn(&[f64], &[f64], f64, &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |state, parameters, time, out| f.evaluate(At { state, parameters, time }, out)
    }

    /// `∂f/∂y · v`.
    pub fn jacobian(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |state, parameters, time, v, out| f.forward(At { state, parameters, time }, By::State, v, out)
    }

    /// `∂f/∂p · v`.
    pub fn sensitivity(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |state, parameters, time, v, out| f.forward(At { state, parameters, time }, By::Parameters, v, out)
    }

    /// `-(∂f/∂y)ᵀ · v`.
    pub fn jacobian_adjoint(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |state, parameters, time, v, out| f.backward(At { state, parameters, time }, By::State, v, out)
    }

    /// `-(∂f/∂p)ᵀ · v`.
    pub fn sensitivity_adjoint(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |state, parameters, time, v, out| f.backward(At { state, parameters, time }, By::Parameters, v, out)
    }

    /// `f(p, t)`, for a function without a state: initial values.
    pub fn start(&self) -> impl Fn(&[f64], f64, &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |parameters, time, out| f.evaluate(At { state: &[], parameters, time }, out)
    }

    /// `∂f/∂p · v` of initial values.
    pub fn start_sensitivity(&self) -> impl Fn(&[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |parameters, time, v, out| f.forward(At { state: &[], parameters, time }, By::Parameters, v, out)
    }

    /// `-(∂f/∂p)ᵀ · v` of initial values.
    pub fn start_adjoint(&self) -> impl Fn(&[f64], f64, &[f64], &mut [f64]) + Clone + use<> {
        let f = self.clone();
        move |parameters, time, v, out| f.backward(At { state: &[], parameters, time }, By::Parameters, v, out)
    }
}
