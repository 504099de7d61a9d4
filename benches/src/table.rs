//! The table: every problem, straight-line programs, the whole process, and what was to be reached.
//!
//! In: how often to repeat, and a C compiler if there is one. Out: rows of medians. Adit and the peer take turns within each repetition, and ratios are medians of the
//! ratios within one, so that a busy neighbour hits both.

use crate::Result;
use crate::peer::{self, Peer};
use crate::problems::Problem;
use crate::straight;
use adit::bench::clock::{batch_of, median, once, time};
use adit::bench::{Steady, What};
use adit::{Engine, Workspace};
use std::path::Path;

/// What was measured of a problem.
#[derive(Clone, Debug)]
pub struct Row {
    /// The problem's name and size.
    pub title: String,
    /// Milliseconds from source text to a gradient in machine code.
    pub compile: f64,
    /// Nanoseconds of the function.
    pub primal: f64,
    /// Nanoseconds of value and gradient.
    pub gradient: f64,
    /// Gradient over primal.
    pub ratio: f64,
    /// The same in C, for every variant there is.
    pub peers: Vec<PeerRow>,
}

/// What was measured of a peer.
#[derive(Clone, Debug)]
pub struct PeerRow {
    /// The C file's name.
    pub name: String,
    /// Nanoseconds of its function, and of value and gradient.
    pub times: (f64, f64),
    /// Adit over peer, primal and gradient.
    pub ratios: (f64, f64),
}

/// Everything that times one problem.
struct Racer {
    primal: Steady,
    gradient: Steady,
    calls: (u64, u64),
}

impl Racer {
    fn new(problem: &Problem) -> Result<Racer> {
        let f = problem.compile()?;
        let mut primal = problem.steady(&f, What::Primal)?;
        let mut gradient = problem.steady(&f, What::Gradient)?;
        let calls = (batch_of(|| primal.run()), batch_of(|| gradient.run()));
        primal.checked().and_then(|()| gradient.checked()).map_err(|e| e.to_string())?;
        Ok(Racer { primal, gradient, calls })
    }

    fn time_primal(&mut self) -> f64 {
        time(self.calls.0, || self.primal.run())
    }

    fn time_gradient(&mut self) -> f64 {
        time(self.calls.1, || self.gradient.run())
    }
}

/// How many directions forward mode is measured with.
pub const LANES: [usize; 3] = [1, 4, 8];

/// Forward mode along [`LANES`] directions at once, over the primal; each direction moves all that the problem is differentiated by.
///
/// # Errors
/// If a program does not compile or run.
pub fn forward(problem: &Problem, repeats: usize) -> Result<[f64; LANES.len()]> {
    let f = problem.compile()?;
    let mut calls = vec![problem.steady(&f, What::Primal)?];
    for lanes in LANES {
        calls.push(problem.steady(&f, What::Jvp(lanes))?);
    }
    let batches: Vec<u64> = calls.iter_mut().map(|call| batch_of(|| call.run())).collect();
    let mut ratios = LANES.map(|_| Vec::new());
    for _ in 0..repeats {
        let times: Vec<f64> = calls.iter_mut().zip(&batches).map(|(call, n)| time(*n, || call.run())).collect();
        for (ratios, t) in ratios.iter_mut().zip(&times[1..]) {
            ratios.push(t / times[0]);
        }
    }
    Ok(ratios.map(|ratios| median(&ratios)))
}

/// Measures a problem; with a C compiler, its peers too.
///
/// # Errors
/// If a program does not compile or run, or a peer computes something else.
pub fn measure(problem: &Problem, repeats: usize, compiler: Option<&str>) -> Result<Row> {
    let compile = compile_time(problem, repeats.min(31))?;
    let mut racer = Racer::new(problem)?;
    let (mut primals, mut gradients) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        primals.push(racer.time_primal());
        gradients.push(racer.time_gradient());
    }
    let peers = match compiler {
        Some(compiler) => {
            variants(problem.name).iter().map(|name| race(problem, &mut racer, name, compiler, repeats)).collect()
        }
        None => Ok(Vec::new()),
    }?;
    Ok(Row {
        title: problem.title(),
        compile,
        primal: median(&primals),
        gradient: median(&gradients),
        ratio: median_ratio(&gradients, &primals),
        peers,
    })
}

/// The C files of a problem, as far as they are written.
fn variants(name: &'static str) -> Vec<&'static str> {
    let all = if name == "linreg" { vec!["linreg", "linreg_as_written"] } else { vec![name] };
    all.into_iter().filter(|variant| peer::is_written(variant)).collect()
}

/// Milliseconds from source text to a gradient in machine code.
fn compile_time(problem: &Problem, repeats: usize) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..repeats {
        let (ms, made) = once(|| {
            let f = problem.compile()?;
            f.gradient().wrt(problem.wrt).build().map_err(|e| e.to_string())
        });
        made?;
        times.push(ms);
    }
    Ok(median(&times))
}

/// Adit and a peer in turns.
fn race(problem: &Problem, racer: &mut Racer, name: &str, compiler: &str, repeats: usize) -> Result<PeerRow> {
    let folder = std::env::temp_dir();
    let program = peer::build(compiler, name, &folder)?;
    let raced = race_with(problem, racer, name, &program, repeats);
    // Left behind, it would only take room.
    let _ = std::fs::remove_file(&program);
    raced
}

fn race_with(problem: &Problem, racer: &mut Racer, name: &str, program: &Path, repeats: usize) -> Result<PeerRow> {
    let mut peer = Peer::start(program, problem)?;
    let first = peer.gradient(1)?;
    agree(&problem.title(), "value", racer.gradient.value(), first.value)?;
    agree(&problem.title(), "sum of the gradient", racer.gradient.slopes().iter().sum(), first.sum)?;
    agree(&problem.title(), "primal", racer.primal.value(), peer.primal(1)?.value)?;
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..repeats {
        times[0].push(racer.time_primal());
        times[1].push(peer.primal(racer.calls.0)?.nanoseconds);
        times[2].push(racer.time_gradient());
        times[3].push(peer.gradient(racer.calls.1)?.nanoseconds);
    }
    Ok(PeerRow {
        name: name.to_string(),
        times: (median(&times[1]), median(&times[3])),
        ratios: (median_ratio(&times[0], &times[1]), median_ratio(&times[2], &times[3])),
    })
}

/// That Adit and a peer computed the same, to rounding.
fn agree(title: &str, what: &str, ours: f64, theirs: f64) -> Result<()> {
    let close = (ours - theirs).abs() <= 1e-9 * ours.abs().max(theirs.abs()).max(1.0);
    if close { Ok(()) } else { Err(format!("{title}: the {what} is {ours:?} here and {theirs:?} in C")) }
}

fn median_ratio(over: &[f64], under: &[f64]) -> f64 {
    let ratios: Vec<f64> = over.iter().zip(under).map(|(a, b)| a / b).collect();
    median(&ratios)
}

/// Milliseconds from the text of a straight-line program to its gradient in machine code.
///
/// # Errors
/// If it does not compile.
pub fn straight_line(operations: usize, repeats: usize) -> Result<f64> {
    let source = straight::program(operations);
    let mut times = Vec::new();
    for _ in 0..repeats.max(1) {
        let (ms, made) = once(|| {
            let module = Engine::new().compile(&source)?;
            module.function("straight")?.gradient().build()
        });
        let gradient = made.map_err(|e| e.to_string())?;
        let (mut dx, mut dy) = (0.0_f64, 0.0);
        let ran = gradient.value_and_gradient(&mut Workspace::new(), (0.3, 0.7), (&mut dx, &mut dy));
        ran.map_err(|e| e.to_string())?;
        if !(dx + dy).is_finite() {
            return Err(format!("the gradient of {operations} operations is not finite"));
        }
        times.push(ms);
    }
    Ok(median(&times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_measured_without_a_peer() {
        let problem = crate::problems::all().swap_remove(0);
        let row = measure(&problem, 1, None).expect("it runs");
        assert!(row.compile > 0.0 && row.primal > 0.0 && row.gradient > 0.0 && row.peers.is_empty());
    }

    #[test]
    fn results_that_differ_are_told() {
        assert!(agree("p", "value", 1.0, 1.0 + 1e-12).is_ok());
        assert!(agree("p", "value", 1.0, 1.0 + 1e-6).is_err());
        assert!(agree("p", "value", f64::NAN, f64::NAN).is_err());
    }
}
