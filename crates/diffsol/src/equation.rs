//! A function of state, parameters and time, with its derivatives as closures.
//!
//! In: a function, arguments that tell sizes and constants, the [`Roles`] of the others. Out: closures over slices. All derivatives are compiled when the [`Equation`] is made, because closures cannot
//! tell what is refused; a run that stops leaves NaN, from which solvers turn back, and the first error for [`Equation::failure`]. Calls take a scratch of workspace and arguments from a
//! shelf and put it back, so that nothing is allocated after the first ones.

use adit::diag::Code;
use adit::{CallFn, Error, Function, JvpFn, Result, Value, VjpFn, Workspace};
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
    value: CallFn,
    state: Part,
    parameters: Part,
    time: Option<usize>,
    args: Vec<Value>,
    result: Value,
    shelf: Mutex<Vec<Scratch>>,
    failure: Mutex<Option<Error>>,
}

/// Some arguments, and the products with the derivative by them; none where there are no arguments.
#[derive(Debug)]
struct Part {
    places: Vec<usize>,
    products: Option<(JvpFn, VjpFn)>,
}

/// What one call works with.
#[derive(Debug)]
struct Scratch {
    workspace: Workspace,
    args: Vec<Value>,
    /// Shaped like the parts of the state, and like those of the parameters.
    slopes: [Vec<Value>; 2],
    value: Value,
    other: Value,
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

impl Part {
    fn new(function: &Function, names: &[&str]) -> Result<Part> {
        let params = &function.signature().params;
        let place = |name: &&str| {
            let found = params.iter().position(|p| p.name == *name);
            found.ok_or_else(|| input("AD0904", format!("`{}` has no parameter `{name}`", function.name())))
        };
        let places = names.iter().map(place).collect::<Result<_>>()?;
        let wrt = || names.iter().copied();
        let products = match names.is_empty() {
            true => None,
            false => Some((function.jvp().wrt(wrt()).build()?, function.vjp().wrt(wrt()).build()?)),
        };
        Ok(Part { places, products })
    }
}

fn input(code: &'static str, text: String) -> Error {
    Error::input(Code(code), text)
}

/// Puts floats into values, in order.
fn put<'v>(floats: &[f64], values: impl Iterator<Item = &'v mut Value>) -> Result<()> {
    let (mut left, mut missing) = (floats.iter(), 0);
    values.for_each(|value| {
        value.for_each_float_mut(&mut |float| match left.next() {
            Some(x) => *float = *x,
            None => missing += 1,
        });
    });
    match (left.len(), missing) {
        (0, 0) => Ok(()),
        (more, fewer) => {
            let n = floats.len();
            Err(input("AD0906", format!("{n} floats are given where {} are wanted", n + fewer - more)))
        }
    }
}

/// Takes the floats of values, times a sign.
fn take<'v>(values: impl Iterator<Item = &'v Value>, sign: f64, out: &mut [f64]) -> Result<()> {
    let (wanted, mut at) = (out.len(), 0);
    values.for_each(|value| {
        value.for_each_float(&mut |x| {
            if let Some(out) = out.get_mut(at) {
                *out = sign * x;
            }
            at += 1;
        });
    });
    if at == wanted { Ok(()) } else { Err(input("AD0906", format!("{at} floats are given where {wanted} are wanted"))) }
}

impl Scratch {
    fn new(of: &Inner) -> Scratch {
        let zeros = |part: &Part| part.places.iter().map(|&i| of.args[i].zeroed()).collect();
        let slopes = [zeros(&of.state), zeros(&of.parameters)];
        let (value, other) = (of.result.clone(), of.result.clone());
        Scratch { workspace: Workspace::new(), args: of.args.clone(), slopes, value, other }
    }
}

impl Inner {
    /// Puts a point into the arguments.
    fn arrange(&self, at: At<'_>, args: &mut [Value]) -> Result<()> {
        for (part, floats) in [(&self.state, at.state), (&self.parameters, at.parameters)] {
            if part.places.is_empty() {
                continue;
            }
            // In the order of the roles, which need not be that of the function.
            let mut rest = floats;
            for &place in &part.places {
                let mut size = 0;
                args[place].for_each_float(&mut |_| size += 1);
                let (now, later) = rest.split_at(size.min(rest.len()));
                put(now, std::iter::once(&mut args[place]))?;
                rest = later;
            }
            put(rest, std::iter::empty())?;
        }
        self.time.map_or(Ok(()), |place| put(&[at.time], std::iter::once(&mut args[place])))
    }

    fn part(&self, by: By) -> &Part {
        match by {
            By::State => &self.state,
            By::Parameters => &self.parameters,
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
        let time = roles.time.map(|name| Part::new(function, &[name])).transpose()?;
        let inner = Inner {
            value: function.build()?,
            state: Part::new(function, roles.state)?,
            parameters: Part::new(function, roles.parameters)?,
            time: time.and_then(|part| part.places.first().copied()),
            args: args.to_vec(),
            result: function.call(args)?.value,
            shelf: Mutex::default(),
            failure: Mutex::default(),
        };
        Ok(Equation { inner: Arc::new(inner) })
    }

    /// The first error of a run since it was made: closures have no other way to tell.
    pub fn failure(&self) -> Option<Error> {
        kept(&self.inner.failure).clone()
    }

    /// Works at a point; NaN comes out where that fails.
    fn work(&self, at: At<'_>, out: &mut [f64], work: impl FnOnce(&mut Scratch, &mut [f64]) -> Result<()>) {
        let inner = &*self.inner;
        let taken = kept(&inner.shelf).pop();
        let mut scratch = taken.unwrap_or_else(|| Scratch::new(inner));
        let done = inner.arrange(at, &mut scratch.args).and_then(|()| work(&mut scratch, out));
        kept(&inner.shelf).push(scratch);
        if let Err(error) = done {
            out.fill(f64::NAN);
            kept(&inner.failure).get_or_insert(error);
        }
    }

    fn evaluate(&self, at: At<'_>, out: &mut [f64]) {
        self.work(at, out, |s, out| {
            self.inner.value.call(&mut s.workspace, &s.args[..], &mut s.value)?;
            take(std::iter::once(&s.value), 1.0, out)
        });
    }

    fn forward(&self, at: At<'_>, by: By, along: &[f64], out: &mut [f64]) {
        let Some((jvp, _)) = &self.inner.part(by).products else { return out.fill(0.0) };
        self.work(at, out, |s, out| {
            put(along, s.slopes[by as usize].iter_mut())?;
            let along = &s.slopes[by as usize][..];
            jvp.value_and_tangent(&mut s.workspace, &s.args[..], along, (), &mut s.value)?;
            take(std::iter::once(&s.value), 1.0, out)
        });
    }

    /// The transposed product, negative, as diffsol wants it.
    fn backward(&self, at: At<'_>, by: By, seed: &[f64], out: &mut [f64]) {
        let Some((_, vjp)) = &self.inner.part(by).products else { return out.fill(0.0) };
        self.work(at, out, |s, out| {
            put(seed, std::iter::once(&mut s.other))?;
            let slopes = &mut s.slopes[by as usize][..];
            vjp.value_and_cotangents(&mut s.workspace, &s.args[..], &s.other, (), slopes)?;
            take(s.slopes[by as usize].iter(), -1.0, out)
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
