//! The table: every problem, straight-line programs, the whole process, and what was to be reached.
//!
//! In: how often to repeat. Out: rows of medians. What is compared takes turns within each repetition, and ratios are medians of the ratios within one, so that a busy neighbour hits both.

use crate::Result;
use crate::problems::Problem;
use crate::straight;
use adit::bench::clock::{batch_of, median, once, time};
use adit::bench::{Steady, What};
use adit::{Engine, Workspace};

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
}

/// Everything that times one problem.
struct Racer {
    primal: Steady,
    gradient: Steady,
    calls: (u64, u64),
}

impl Racer {
    fn new(problem: &Problem, engine: &Engine) -> Result<Racer> {
        let f = problem.compile_by(engine)?;
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

/// Measures a problem.
///
/// # Errors
/// If a program does not compile or run.
pub fn measure(problem: &Problem, repeats: usize) -> Result<Row> {
    let engine = Engine::new();
    let compiled = (0..repeats.min(31)).map(|_| compile_time(problem, &engine)).collect::<Result<Vec<f64>>>()?;
    let mut racer = Racer::new(problem, &engine)?;
    let (mut primals, mut gradients) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        primals.push(racer.time_primal());
        gradients.push(racer.time_gradient());
    }
    Ok(Row {
        title: problem.title(),
        compile: median(&compiled),
        primal: median(&primals),
        gradient: median(&gradients),
        ratio: median_ratio(&gradients, &primals),
    })
}

/// Milliseconds from source text to a gradient in machine code.
fn compile_time(problem: &Problem, engine: &Engine) -> Result<f64> {
    let (ms, made) = once(|| {
        let f = problem.compile_by(engine)?;
        f.gradient().wrt(problem.wrt).build().map_err(|e| e.to_string())
    });
    made.map(|_| ms)
}

/// What vectors change: with over without, in turns.
#[derive(Clone, Debug)]
pub struct Change {
    /// The problem's name and size.
    pub title: String,
    /// Milliseconds from source text to a gradient in machine code, with vectors.
    pub compile: f64,
    /// Compilation, function, value and gradient: with over without.
    pub over: [f64; 3],
}

/// Measures a problem with vectors and without.
///
/// # Errors
/// If a program does not compile or run.
pub fn vectors(problem: &Problem, repeats: usize) -> Result<Change> {
    let made = |on| Engine::builder().vectors(on).build().map_err(|e| e.to_string());
    let [with, without] = [made(true)?, made(false)?];
    let mut racers = [Racer::new(problem, &with)?, Racer::new(problem, &without)?];
    let (mut compiled, mut over) = (Vec::new(), [const { Vec::new() }; 3]);
    for turn in 0..repeats {
        if turn < 31 {
            let [with, without] = [compile_time(problem, &with)?, compile_time(problem, &without)?];
            compiled.push(with);
            over[0].push(with / without);
        }
        let [with, without] = racers.each_mut().map(Racer::time_primal);
        over[1].push(with / without);
        let [with, without] = racers.each_mut().map(Racer::time_gradient);
        over[2].push(with / without);
    }
    Ok(Change { title: problem.title(), compile: median(&compiled), over: over.map(|ratios| median(&ratios)) })
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
    fn a_problem_is_measured() {
        let problem = crate::problems::all().swap_remove(0);
        let row = measure(&problem, 1).expect("it runs");
        assert!(row.compile > 0.0 && row.primal > 0.0 && row.gradient > 0.0);
    }
}
