//! Loops whose derivative has to save something: `x += 0.01 * sin(x) * p` over T steps, plain and with checkpoints.
//!
//! In: how often to repeat. Out: nanoseconds a step of value and gradient, and how they relate. What is compared takes turns, so that a busy neighbour hits both; ratios are medians of the ratios
//! within one turn.
//!
//! ```text
//! T = 1,000, 10 snapshots            43.6 ns a step        3.1 over plain
//! ```

use crate::Result;
use adit::Engine;
use adit::bench::clock::{batch_of, median, time};
use adit::bench::{At, Steady, What};

/// The peak of arrays and tapes that the longest run is given, in bytes: 64 MiB, less what the process itself takes.
const MEMORY: u64 = 48 << 20;

/// The recurrence of one length, with or without snapshots.
#[derive(Debug)]
struct Runner {
    steady: Steady,
    steps: f64,
    calls: u64,
}

impl Runner {
    /// The gradient; with no parameter named, the function itself.
    fn new(attribute: &str, steps: i64, wrt: Option<&[&str]>) -> Result<Runner> {
        let source = format!(
            "fn f(x0: f64, p: f64, n: i64) -> f64 {{ let mut x = x0; {attribute} for t in 0..n {{ x += 0.01 * sin(x) * p; }} x }}"
        );
        let engine =
            Engine::builder().limits(|limits| limits.memory_bytes = MEMORY).build().map_err(|e| e.to_string())?;
        let args = [1.0.into(), (500.0 / steps as f64).into(), steps.into()];
        let f = engine.compile(&source).and_then(|module| module.function("f")).map_err(|e| e.to_string())?;
        let what = if wrt.is_some() { What::Gradient } else { What::Primal };
        let made = Steady::new(&f, what, At { args: &args, wrt: wrt.unwrap_or_default() });
        let mut steady = made.map_err(|e| e.to_string())?;
        let calls = batch_of(|| steady.run());
        steady.checked().map_err(|e| e.to_string())?;
        Ok(Runner { steady, steps: steps as f64, calls })
    }

    /// Nanoseconds a step.
    fn time(&mut self) -> f64 {
        time(self.calls, || self.steady.run()) / self.steps
    }
}

/// What was measured of one form of the loop.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its length and its snapshots.
    pub title: &'static str,
    /// Nanoseconds a step of value and gradient.
    pub step: f64,
    /// How often the time a step of what it is compared with.
    pub ratio: f64,
    /// What it is compared with.
    pub over: &'static str,
    /// How much that was to be at most.
    pub goal: f64,
}

/// Title, attribute, steps; steps of what it is compared with, and whether that is the gradient; the goal.
type Form = (&'static str, &'static str, i64, i64, bool, f64);

const FORMS: [Form; 4] = [
    ("T = 1,000,000", "", 1_000_000, 1_000_000, false, 3.5),
    ("T = 1,000, 10 snapshots", "@checkpoint(binomial: 10)", 1000, 1000, true, 4.0),
    ("T = 1,000, 100 snapshots", "@checkpoint(binomial: 100)", 1000, 1000, true, 2.5),
    ("T = 10,000,000 within 32 MiB", "@checkpoint(budget: 32 MiB)", 10_000_000, 1_000_000, true, 3.0),
];

/// Measures every form.
///
/// # Errors
/// If one does not compile or run.
pub fn measure(repeats: usize) -> Result<Vec<Row>> {
    let row = |(title, attribute, steps, others, gradient, goal): Form| {
        let wrt: &[&str] = &["x0", "p"];
        let mut one = Runner::new(attribute, steps, Some(wrt))?;
        let mut other = Runner::new("", others, gradient.then_some(wrt))?;
        let turns = repeats.min(20_000_000 / steps.unsigned_abs() as usize + 1);
        let times: Vec<(f64, f64)> = (0..turns).map(|_| (one.time(), other.time())).collect();
        let ratios: Vec<f64> = times.iter().map(|(one, other)| one / other).collect();
        let step = median(&times.iter().map(|(one, _)| *one).collect::<Vec<_>>());
        let over = if gradient { "plain" } else { "primal" };
        Ok(Row { title, step, ratio: median(&ratios), over, goal })
    };
    FORMS.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recurrence_runs_with_and_without_snapshots() {
        for attribute in ["", "@checkpoint(binomial: 3)"] {
            let mut runner = Runner::new(attribute, 10, Some(&["x0"])).expect("it runs");
            assert!(runner.time() > 0.0);
        }
    }
}
