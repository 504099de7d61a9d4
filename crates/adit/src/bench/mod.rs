//! What a function and its derivatives cost, measured.
//!
//! In: an engine, something that compiles a function of it, arguments, and how long it may take. Out: a [`BenchReport`], a [`Row`] for each of primal, forward mode along one direction and along several, gradient (or
//! reverse mode with seeds of 1, where the result is not one float) and Hessian times a direction:
//!
//! ```text
//!              time      over primal   compile
//! primal       0.34 µs   1             0.9 ms
//! gradient     0.41 µs   1.2           2.1 ms
//! ```
//!
//! All take turns, so that a busy neighbour hits all of them; a ratio is the median of those within one turn. Compiling is measured from the source to the end of the first call, each time in a module of its own. Calls are
//! steady: nothing is laid out but arguments. What the program prints is dropped. Nothing here judges what is fast.

pub mod clock;
mod steady;

pub use clock::Spread;
pub use steady::{At, Steady, What};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::function::Function;
use crate::value::Value;
use clock::{batch_of, once, time};
use std::time::{Duration, Instant};

/// Of the time, so much goes to compiling.
const COMPILING: f64 = 0.25;

/// How to compile the function that is measured, with an engine that prints nothing.
pub type Compile<'a> = &'a dyn Fn(&Engine) -> Result<Function>;

/// Told how much of the time is over, from 0 to 1; says whether to go on.
pub type Progress<'a> = &'a dyn Fn(f64) -> bool;

/// What is measured, and for how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// By which parameters; none means all that hold floats.
    pub wrt: Vec<String>,
    /// Along how many directions forward mode goes at once, besides one.
    pub lanes: usize,
    /// How long all of it takes, more or less: every call is measured once at least.
    pub time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { wrt: Vec::new(), lanes: 8, time: Duration::from_secs(1) }
    }
}

/// What was measured of one call.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of what.
    pub what: What,
    /// Nanoseconds of a call.
    pub time: Spread,
    /// Over the primal, in turns; nothing where there is no primal, as in an artefact of a gradient.
    pub ratio: Option<Spread>,
    /// Milliseconds from the source to the end of the first call.
    pub compile: Spread,
    /// Calls in each batch that was timed.
    pub calls: u64,
    /// Bytes that the workspace keeps from call to call.
    pub memory: u64,
    /// How many of them are buffers of tapes.
    pub tape: u64,
    /// Whether the workspace grew after the first call.
    pub allocates: bool,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct BenchReport {
    /// The function's name.
    pub function: String,
    /// What could be measured.
    pub rows: Vec<Row>,
    /// What there is not of this function, and why.
    pub refused: Vec<(What, Error)>,
    /// How many batches of each were timed.
    pub turns: usize,
    /// How often each was compiled.
    pub compiled: usize,
    /// Whether it was ended before its time.
    pub interrupted: bool,
}

/// One call in the race.
struct Racer {
    what: What,
    steady: Steady,
    calls: u64,
    /// After the first call.
    memory: u64,
    times: Vec<f64>,
    compiled: Vec<f64>,
}

/// Measures a function.
///
/// ```
/// use adit::bench::{Settings, What, bench};
/// use std::time::Duration;
///
/// let compile = |engine: &adit::Engine| engine.compile("fn f(x: [f64; n]) -> f64 { sum(sin(x)) }")?.function("f");
/// let settings = Settings { time: Duration::from_millis(10), ..Settings::default() };
/// let report = bench(&adit::Engine::new(), &compile, &[[0.5, 1.0].into()], &settings, &|_| true)?;
/// let names: Vec<&str> = report.rows.iter().map(|row| row.what.name()).collect();
/// assert_eq!(names, ["primal", "jvp", "jvp", "gradient", "hvp"]);
/// assert!(report.rows[3].time.median > 0.0 && !report.rows[3].allocates);
/// # Ok::<(), adit::Error>(())
/// ```
///
/// # Errors
/// What compiling gives; arguments that do not fit; a run that stops. A derivative that does not exist is no error, unless nothing is left.
pub fn bench(
    engine: &Engine,
    compile: Compile<'_>,
    args: &[Value],
    settings: &Settings,
    progress: Progress<'_>,
) -> Result<BenchReport> {
    let f = compile(&engine.quiet())?;
    let wrt: Vec<&str> = settings.wrt.iter().map(String::as_str).collect();
    let at = At { args, wrt: &wrt };
    let (mut racers, refused, result) = start(engine, compile, &f, at, settings.lanes)?;
    let began = Instant::now();
    let over = || began.elapsed().as_secs_f64() / settings.time.as_secs_f64().max(f64::MIN_POSITIVE);
    let goes_on = || progress(over().min(1.0));
    while goes_on() && over() < COMPILING {
        for racer in &mut racers {
            racer.compile(engine, compile, at, &result)?;
        }
    }
    for racer in &mut racers {
        racer.calls = batch_of(|| racer.steady.run());
        racer.steady.checked()?;
    }
    let mut interrupted = false;
    while racers.iter().any(|racer| racer.times.is_empty()) || (!interrupted && over() < 1.0) {
        for racer in &mut racers {
            racer.turn()?;
        }
        interrupted = !goes_on();
    }
    Ok(BenchReport {
        function: f.name().to_owned(),
        turns: racers.first().map_or(0, |racer| racer.times.len()),
        compiled: racers.first().map_or(0, |racer| racer.compiled.len()),
        rows: rows(&racers),
        refused,
        interrupted,
    })
}

/// All that there is of a function, compiled and called for the first time; what there is not; and what the function gives.
type Started = (Vec<Racer>, Vec<(What, Error)>, Value);

fn start(engine: &Engine, compile: Compile<'_>, f: &Function, at: At<'_>, lanes: usize) -> Result<Started> {
    let (mut racers, mut refused) = (Vec::new(), Vec::new());
    // Nothing but the shape of the result is wanted. An artefact that holds no value is of what gives one float.
    let result = match f.call(at.args) {
        Ok(outcome) => outcome.value,
        Err(error) if f.one_float().is_ok() && is_refusal(&error) => Value::F64(f64::NAN),
        Err(error) => return Err(error),
    };
    let forward = [What::Primal, What::Jvp(1), What::Jvp(lanes)];
    let reverse: &[What] = if f.one_float().is_ok() { &[What::Gradient, What::Hvp] } else { &[What::Vjp] };
    for (i, what) in forward.into_iter().chain(reverse.iter().copied()).enumerate() {
        if i == 2 && lanes == 1 {
            continue;
        }
        match Racer::new(engine, compile, what, at, &result) {
            Ok(racer) => racers.push(racer),
            Err(error) if is_refusal(&error) => refused.push((what, error)),
            Err(error) => return Err(error),
        }
    }
    match (racers.is_empty(), refused.first()) {
        (true, Some((_, error))) => Err(error.clone()),
        (_, _) => Ok((racers, refused, result)),
    }
}

/// Whether a derivative does not exist, or an artefact does not hold it.
fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Compile || error.diagnostics().iter().any(|d| d.code.0 == "AD0933")
}

impl Racer {
    fn new(engine: &Engine, compile: Compile<'_>, what: What, at: At<'_>, result: &Value) -> Result<Racer> {
        let (ms, steady) = compiled(engine, compile, what, at, result)?;
        let memory = steady.workspace().bytes();
        Ok(Racer { what, steady, calls: 1, memory, times: Vec::new(), compiled: vec![ms] })
    }

    fn compile(&mut self, engine: &Engine, compile: Compile<'_>, at: At<'_>, result: &Value) -> Result<()> {
        let (ms, _) = compiled(engine, compile, self.what, at, result)?;
        self.compiled.push(ms);
        Ok(())
    }

    fn turn(&mut self) -> Result<()> {
        let Racer { steady, calls, times, .. } = self;
        times.push(time(*calls, || steady.run()));
        steady.checked()
    }

    fn row(&self, primal: Option<&[f64]>) -> Row {
        let workspace = self.steady.workspace();
        let ratio = |primal: &[f64]| -> Spread {
            Spread::of(&self.times.iter().zip(primal).map(|(ours, primal)| ours / primal).collect::<Vec<f64>>())
        };
        Row {
            what: self.what,
            time: Spread::of(&self.times),
            ratio: primal.map(ratio),
            compile: Spread::of(&self.compiled),
            calls: self.calls,
            memory: workspace.bytes(),
            tape: workspace.tapes(),
            allocates: workspace.bytes() > self.memory,
        }
    }
}

/// Milliseconds from the source to the end of the first call, and what can be called again.
fn compiled(engine: &Engine, compile: Compile<'_>, what: What, at: At<'_>, result: &Value) -> Result<(f64, Steady)> {
    let engine = engine.quiet();
    let (ms, called) = once(|| {
        let mut steady = Steady::giving(&compile(&engine)?, what, at, result)?;
        steady.try_run().map(|()| steady)
    });
    Ok((ms, called?))
}

fn rows(racers: &[Racer]) -> Vec<Row> {
    let primal = racers.iter().find(|racer| racer.what == What::Primal).map(|racer| &racer.times[..]);
    racers.iter().map(|racer| racer.row(primal)).collect()
}
