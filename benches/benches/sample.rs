//! Draws in a second, with a program's gradient and with one written in Rust by hand.
//!
//! In: the regression of `examples/linreg.ad` on 150 irises, its scale as a logarithm, and the same written with the care of the one by hand. Out: draws in a second by nuts-rs with each gradient, what a gradient alone takes, and the ratio. All have the same seed and the same start, so
//! they take the same path but for rounding; they take turns, and the best of each counts.
//!
//! ```text
//! cargo bench -p adit-benches --bench sample
//! ```

#![expect(clippy::print_stdout, reason = "it shows what it measures")]

use adit::{Engine, Module};
use adit_nuts::{Constraint, Kind, Posterior};
use nuts_rs::rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::Instant;

const WARMUP: usize = 500;
const DRAWS: usize = 5000;
const TURNS: usize = 7;

/// The same density with what the one by hand takes out of its loop taken out too. What calls a function comes before the loop: behind it, what the loop carries would be kept in memory for the sake of the call.
const WITH_CARE: &str = "
struct Params { alpha: f64, beta: f64, sigma: f64 }
fn neg_log_posterior(p: Params, x: [f64; n], y: [f64; n]) -> f64 {
    let rest = f64(n) * log(p.sigma)
        - normal_logpdf(p.alpha, 0, 3) - normal_logpdf(p.beta, 0, 3) - exponential_logpdf(p.sigma, 3);
    let mut squares = 0.0;
    for i in 0..n { let r = y[i] - p.alpha - p.beta * x[i]; squares += r * r; }
    squares / (2 * p.sigma^2) + rest
}";

/// The regression by hand.
struct ByHand {
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl Error for Never {}

impl LogpError for Never {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl HasDims for ByHand {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), 3)])
    }
}

impl CpuLogpFunc for ByHand {
    type LogpError = Never;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        3
    }

    fn logp(&mut self, q: &[f64], g: &mut [f64]) -> Result<f64, Never> {
        let (alpha, beta, sigma) = (q[0], q[1], q[2].exp());
        let (mut squares, mut sum, mut moment) = (0.0, 0.0, 0.0);
        for (x, y) in self.x.iter().zip(&self.y) {
            let r = y - alpha - beta * x;
            squares += r * r;
            sum += r;
            moment += r * x;
        }
        let (n, w) = (self.x.len() as f64, 1.0 / (sigma * sigma));
        g[0] = sum * w - alpha / 9.0;
        g[1] = moment * w - beta / 9.0;
        g[2] = squares * w - n - sigma / 3.0 + 1.0;
        Ok(-0.5 * squares * w - n * q[2] - (alpha * alpha + beta * beta) / 18.0 - sigma / 3.0 + q[2])
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, q: &[f64]) -> Result<Vec<f64>, CpuMathError> {
        Ok(q.to_vec())
    }
}

/// What was measured.
#[derive(Clone, Copy, Default)]
struct Speed {
    /// In a second.
    draws: f64,
    /// For each draw.
    gradients: f64,
    /// Nanoseconds of a gradient without a sampler.
    alone: f64,
}

impl Speed {
    /// The better of both.
    fn or(self, other: Speed) -> Speed {
        let alone = if self.alone > 0.0 { self.alone.min(other.alone) } else { other.alone };
        if self.draws > other.draws { Speed { alone, ..self } } else { Speed { alone, ..other } }
    }

    fn of<F: CpuLogpFunc>(density: impl Fn() -> F) -> Result<Speed, Box<dyn Error>> {
        let (draws, gradients) = speed(density())?;
        Ok(Speed { draws, gradients, alone: nanoseconds(density()) })
    }
}

/// Draws in a second, and gradients for each draw.
fn speed<F: CpuLogpFunc>(density: F) -> Result<(f64, f64), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let settings = DiagNutsSettings { num_tune: WARMUP as u64, num_draws: DRAWS as u64, ..Default::default() };
    let mut chain = settings.new_chain(0, CpuMath::new(density), &mut rng)?;
    chain.set_position(&[0.0, 0.0, 0.0])?;
    for _ in 0..WARMUP {
        chain.draw()?;
    }
    let start = Instant::now();
    let mut gradients = 0;
    for _ in 0..DRAWS {
        gradients += chain.draw()?.1.num_gradients;
    }
    Ok((DRAWS as f64 / start.elapsed().as_secs_f64(), gradients as f64 / DRAWS as f64))
}

/// Nanoseconds of a density with its gradient, alone.
fn nanoseconds(mut density: impl CpuLogpFunc) -> f64 {
    const CALLS: u32 = 200_000;
    let (q, mut gradient) = ([-0.36, 0.41, -1.6], [0.0; 3]);
    let start = Instant::now();
    for _ in 0..CALLS {
        // What it gives is looked at by nobody, but it is a call through memory.
        let _ = std::hint::black_box(density.logp(std::hint::black_box(&q), &mut gradient));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// A column of a table with a header.
fn column(table: &str, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut lines = table.lines();
    let header = lines.next().ok_or("the table is empty")?;
    let at = header.split(',').position(|h| h == name).ok_or("there is no such column")?;
    lines.map(|line| Ok(line.split(',').nth(at).ok_or("a row is short")?.parse()?)).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let table = std::fs::read_to_string(folder.join("data/iris.csv"))?;
    let (x, y) = (column(&table, "petal_length")?, column(&table, "petal_width")?);
    let engine = Engine::new();
    let programs = [engine.compile_file(folder.join("linreg.ad"))?, engine.compile(WITH_CARE)?];
    let data = [("x", x.as_slice().into()), ("y", y.as_slice().into())];
    let posterior = |module: &Module| -> Result<Posterior, Box<dyn Error>> {
        let posterior = Posterior::new(&module.function("neg_log_posterior")?, Kind::NegLog, &data)?;
        Ok(posterior.constrain("p.sigma", Constraint::Lower(0.0))?)
    };
    let [friendly, careful] = [posterior(&programs[0])?, posterior(&programs[1])?];
    let by_hand = || ByHand { x: x.clone(), y: y.clone() };
    let mut best = [Speed::default(); 3];
    for _ in 0..TURNS {
        best[0] = best[0].or(Speed::of(|| friendly.density())?);
        best[1] = best[1].or(Speed::of(|| careful.density())?);
        best[2] = best[2].or(Speed::of(by_hand)?);
    }
    for (name, s) in ["as in the examples", "with care", "by hand in Rust"].iter().zip(&best) {
        let ratio = s.draws / best[2].draws;
        println!(
            "{name:<18} {:>9.0} draws/s, {:.2} gradients a draw, {:>4.0} ns a gradient alone, ratio {ratio:.2}",
            s.draws, s.gradients, s.alone
        );
    }
    println!("goal: a ratio of at least 0.8");
    Ok(())
}
