//! Steady calls: compiled, warm, arguments in place, results into buffers.
//!
//! In: a function and its arguments. Out: [`Steady`], which repeats one call by a handle and keeps what it gave.

use crate::Result;
use adit::{CallFn, Function, GradientFn, JvpFn, Value, Workspace};

/// A call that is repeated.
#[derive(Debug)]
pub struct Steady {
    handle: Handle,
    workspace: Workspace,
    args: Vec<Value>,
    value: f64,
    /// Shaped like the parameters differentiated.
    slopes: Vec<Value>,
}

#[derive(Debug)]
enum Handle {
    Primal(CallFn),
    Gradient(GradientFn),
    Forward { jvp: JvpFn, along: Vec<Vec<Value>>, tangents: Vec<f64> },
}

impl Steady {
    /// Of a function that returns one float.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn primal(f: &Function, args: &[Value]) -> Result<Steady> {
        let handle = f.build().map_err(|e| e.to_string())?;
        Ok(Steady::new(Handle::Primal(handle), args, Vec::new()))
    }

    /// Of its value and gradient.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn gradient(f: &Function, args: &[Value], wrt: &[&str]) -> Result<Steady> {
        let handle = f.gradient().wrt(wrt).build().map_err(|e| e.to_string())?;
        Ok(Steady::new(Handle::Gradient(handle), args, moved(f, args, wrt)))
    }

    /// Of its value and its derivatives along so many directions at once; each moves all that is differentiated.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn forward(f: &Function, args: &[Value], wrt: &[&str], lanes: usize) -> Result<Steady> {
        let jvp = f.jvp().wrt(wrt).lanes(lanes).build().map_err(|e| e.to_string())?;
        let along = vec![moved(f, args, wrt); lanes];
        Ok(Steady::new(Handle::Forward { jvp, along, tangents: vec![0.0; lanes] }, args, Vec::new()))
    }

    fn new(handle: Handle, args: &[Value], slopes: Vec<Value>) -> Steady {
        Steady { handle, workspace: Workspace::new(), args: args.to_vec(), value: f64::NAN, slopes }
    }

    /// Runs once.
    ///
    /// # Errors
    /// A run that stops.
    pub fn try_run(&mut self) -> Result<()> {
        let Steady { handle, workspace, args, value, slopes } = self;
        let args = &args[..];
        let ran = match handle {
            Handle::Primal(f) => f.call(workspace, args, value),
            Handle::Gradient(g) => g.value_and_gradient(workspace, args, &mut slopes[..]).map(|v| *value = v),
            Handle::Forward { jvp, along, tangents } => {
                let mut along: Vec<&[Value]> = along.iter().map(|d| &d[..]).collect();
                let mut tangents: Vec<&mut f64> = tangents.iter_mut().collect();
                match (&mut along[..], &mut tangents[..]) {
                    ([along], [tangent]) => jvp.value_and_tangent(workspace, args, *along, value, &mut **tangent),
                    (along, tangents) => jvp.value_and_tangents(workspace, args, along, value, tangents),
                }
            }
        };
        ran.map_err(|e| e.to_string())
    }

    /// Runs once. That it does not fail was seen before the clock started.
    pub fn run(&mut self) {
        let done = self.try_run();
        std::hint::black_box(done.is_ok());
    }

    /// The value of the last run.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// All floats of the gradient of the last run.
    pub fn slopes(&self) -> Vec<f64> {
        self.slopes.iter().flat_map(Value::floats).collect()
    }
}

/// The arguments that are differentiated.
fn moved(f: &Function, args: &[Value], wrt: &[&str]) -> Vec<Value> {
    let params = &f.signature().params;
    if wrt.is_empty() {
        let floats = params.iter().zip(args).filter(|(p, _)| p.ty.carries_floats());
        return floats.map(|(_, arg)| arg.clone()).collect();
    }
    wrt.iter().filter_map(|name| Some(args[params.iter().position(|p| p.name == *name)?].clone())).collect()
}
