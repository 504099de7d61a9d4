//! Steady calls: compiled, warm, arguments in place, results into buffers.
//!
//! In: a function, its arguments, and [`What`] of it is called. Out: [`Steady`], which repeats one call by a handle and keeps what it gave. Directions and seeds are 1 in every float.

use crate::error::Result;
use crate::function::Function;
use crate::handle::{CallFn, GradientFn, HvpFn, JvpFn, VjpFn, Workspace};
use crate::value::Value;

/// What of a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The function itself.
    Primal,
    /// Its value and its derivatives along so many directions at once.
    Jvp(usize),
    /// Its value and gradient; of what gives one float.
    Gradient,
    /// Its value and the derivatives of the sum of all that it gives.
    Vjp,
    /// Its value, gradient, and Hessian times a direction; of what gives one float.
    Hvp,
}

impl What {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            What::Primal => "primal",
            What::Jvp(_) => "jvp",
            What::Gradient => "gradient",
            What::Vjp => "vjp",
            What::Hvp => "hvp",
        }
    }

    /// Along how many directions at once; 0 where there are none.
    pub fn directions(self) -> usize {
        match self {
            What::Jvp(lanes) => lanes,
            What::Hvp => 1,
            What::Primal | What::Gradient | What::Vjp => 0,
        }
    }
}

/// Where a function is called, and by which parameters it is differentiated; none means all that hold floats.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// All arguments.
    pub args: &'a [Value],
    /// Names of parameters.
    pub wrt: &'a [&'a str],
}

/// A call that is repeated.
#[derive(Debug)]
pub struct Steady {
    handle: Handle,
    workspace: Workspace,
    args: Vec<Value>,
    value: Value,
    /// Shaped like the parameters differentiated.
    slopes: Vec<Value>,
    fault: Option<crate::Error>,
}

#[derive(Debug)]
enum Handle {
    Primal(CallFn),
    Gradient(GradientFn),
    Forward { jvp: JvpFn, along: Vec<Vec<Value>>, tangents: Vec<Value> },
    Reverse { vjp: VjpFn, seed: Value },
    Second { hvp: HvpFn, along: Vec<Value>, product: Vec<Value> },
}

impl Steady {
    /// Of a function that gives one float.
    ///
    /// # Errors
    /// If it, or what is wanted of it, cannot be compiled.
    pub fn new(f: &Function, what: What, at: At<'_>) -> Result<Steady> {
        Steady::giving(f, what, at, &Value::F64(f64::NAN))
    }

    /// Of a function whose result has this shape.
    ///
    /// # Errors
    /// If it, or what is wanted of it, cannot be compiled.
    pub fn giving(f: &Function, what: What, at: At<'_>, result: &Value) -> Result<Steady> {
        let moved = moved(f, at);
        let ones = || moved.iter().map(one).collect::<Vec<Value>>();
        let slopes = || moved.iter().map(Value::zeroed).collect::<Vec<Value>>();
        let (handle, slopes) = match what {
            What::Primal => (Handle::Primal(f.build()?), Vec::new()),
            What::Gradient => (Handle::Gradient(f.gradient().wrt(at.wrt).build()?), slopes()),
            What::Jvp(lanes) => {
                let jvp = f.jvp().wrt(at.wrt).lanes(lanes).build()?;
                let (along, tangents) = (vec![ones(); lanes], vec![result.zeroed(); lanes]);
                (Handle::Forward { jvp, along, tangents }, Vec::new())
            }
            What::Vjp => (Handle::Reverse { vjp: f.vjp().wrt(at.wrt).build()?, seed: one(result) }, slopes()),
            What::Hvp => {
                let hvp = f.hvp().wrt(at.wrt).build()?;
                (Handle::Second { hvp, along: ones(), product: slopes() }, slopes())
            }
        };
        let (args, value) = (at.args.to_vec(), result.clone());
        Ok(Steady { handle, workspace: Workspace::new(), args, value, slopes, fault: None })
    }

    /// Runs once.
    ///
    /// # Errors
    /// Arguments that do not fit, or a run that stops.
    pub fn try_run(&mut self) -> Result<()> {
        let Steady { handle, workspace, args, value, slopes, .. } = self;
        let args = &args[..];
        match (handle, value) {
            (Handle::Primal(f), Value::F64(value)) => f.call(workspace, args, value),
            (Handle::Primal(f), value) => f.call(workspace, args, value),
            (Handle::Gradient(g), value) => {
                *value = Value::F64(g.value_and_gradient(workspace, args, &mut slopes[..])?);
                Ok(())
            }
            (Handle::Forward { jvp, along, tangents }, value) => match (&along[..], &mut tangents[..]) {
                ([along], [tangent]) => jvp.value_and_tangent(workspace, args, &along[..], value, tangent),
                (along, tangents) => {
                    let mut along: Vec<&[Value]> = along.iter().map(|d| &d[..]).collect();
                    let mut tangents: Vec<&mut Value> = tangents.iter_mut().collect();
                    jvp.value_and_tangents(workspace, args, &mut along, value, &mut tangents)
                }
            },
            (Handle::Reverse { vjp, seed }, value) => {
                vjp.value_and_cotangents(workspace, args, &*seed, value, &mut slopes[..])
            }
            (Handle::Second { hvp, along, product }, value) => {
                let (along, product) = (&along[..], &mut product[..]);
                *value =
                    Value::F64(hvp.value_gradient_and_product(workspace, args, along, &mut slopes[..], product)?);
                Ok(())
            }
        }
    }

    /// Runs once; an error waits for [`Steady::checked`], so that a clock has nothing to ask.
    pub fn run(&mut self) {
        if let Err(error) = self.try_run() {
            self.fault = Some(error);
        }
    }

    /// Whether no run stopped.
    ///
    /// # Errors
    /// What the last run that stopped said.
    pub fn checked(&mut self) -> Result<()> {
        self.fault.take().map_or(Ok(()), Err)
    }

    /// The value of the last run; NaN if that is no float.
    pub fn value(&self) -> f64 {
        self.value.as_f64().unwrap_or(f64::NAN)
    }

    /// All floats of the gradient of the last run.
    pub fn slopes(&self) -> Vec<f64> {
        self.slopes.iter().flat_map(Value::floats).collect()
    }

    /// Where it runs.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }
}

/// The arguments that are differentiated.
fn moved(f: &Function, at: At<'_>) -> Vec<Value> {
    let params = &f.signature().params;
    if at.wrt.is_empty() {
        let all = f.differentiated_by();
        let floats = params.iter().zip(at.args).filter(|(p, _)| p.ty.carries_floats() && all.contains(&&p.name[..]));
        return floats.map(|(_, arg)| arg.clone()).collect();
    }
    let position = |name: &&str| params.iter().position(|p| p.name == *name);
    at.wrt.iter().filter_map(|name| at.args.get(position(name)?).cloned()).collect()
}

/// The same with 1 in every float.
fn one(value: &Value) -> Value {
    let mut value = value.clone();
    value.for_each_float_mut(&mut |x| *x = 1.0);
    value
}
