//! What was promised of speed, beside others and alone.
//!
//! In: races, and what is measured here: forward mode, a Hessian times a direction, straight-line programs, a call of two operations. Out: rows with the figure and its bound. A promise whose rival is not there, or that needs what
//! is not built, stands there without a figure.

use crate::Result;
use crate::problems::{self, Problem};
use crate::side::{Race, Which};
use crate::{process, straight, table};
use adit::bench::What;
use adit::bench::clock::{batch_of, median, time};
use adit::{Engine, Workspace};

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Promise {
    /// In words.
    pub what: &'static str,
    /// The most it may be.
    pub most: f64,
    /// Its unit; empty for ratios.
    pub unit: &'static str,
    /// What was measured, if it was.
    pub found: Option<f64>,
}

/// In words, the problem, which of Adit's functions, over whose which, and the most that may be.
type Beside = (&'static str, &'static str, Which, &'static str, Which, f64);

const GCC: &str = "C, gcc -O3";
const GCC_NATIVE: &str = "C, gcc -O3 -march=native";
const GCC_FAST: &str = "C, gcc -O3 -march=native -ffast-math";
const CLANG_FAST: &str = "C, clang -O3 -march=native -ffast-math";

const BESIDE: [Beside; 11] = {
    use Which::{Gradient as G, Primal as P};
    [
        ("trig, n = 1000, over C's gradient, gcc -O3", "test_function n=1000", G, GCC, G, 0.25),
        ("… over C's, gcc -march=native -ffast-math", "test_function n=1000", G, GCC_FAST, G, 0.8),
        ("… over C's, clang -march=native -ffast-math", "test_function n=1000", G, CLANG_FAST, G, 0.8),
        ("branch, n = 1000, over C's gradient, gcc -O3", "control_flow n=1000", G, GCC, G, 0.3),
        ("linreg, n = 1000, over C's gradient, gcc -O3", "linreg n=1000", G, GCC, G, 0.5),
        ("mlp over JAX's gradient", "mlp 10-32-32-1, batch 64", G, "JAX", G, 0.6),
        ("… over C's loops, gcc -O3", "mlp 10-32-32-1, batch 64", G, GCC, G, 0.5),
        (
            "gmm, d = 10, k = 25, over C's primal, gcc -O3 -march=native",
            "gmm d=10, k=25, n=1000",
            G,
            GCC_NATIVE,
            P,
            1.8,
        ),
        ("… over JAX's gradient", "gmm d=10, k=25, n=1000", G, "JAX", G, 0.85),
        ("lstm, l = 2, c = 1024, over C's primal, gcc -O3 -march=native", "lstm l=2, c=1024", G, GCC_NATIVE, P, 1.8),
        ("long loop, T = 100,000, over JAX's scan", "recurrence 100,000 steps", G, "JAX", G, 0.9),
    ]
};

/// What needs more than this build has, or is measured elsewhere.
const NOT_MEASURED: [(&str, f64, &str); 4] = [
    ("bundle adjustment, Jacobian, over C's primal", 7.0, ""),
    ("dense Hessian of a regression by 20 numbers, over its gradient", 8.0, ""),
    ("two threads on gmm with n = 100,000: faster than one by", 1.7, ""),
    ("limited to AVX2, over AVX-512", 1.8, ""),
];

/// Measures what races do not tell, and makes the table.
///
/// # Errors
/// If a program does not compile or run.
pub fn keep(races: &[Race], repeats: usize) -> Result<Vec<Promise>> {
    let row = |what, found, most, unit| Promise { what, most, unit, found };
    let mut rows: Vec<Promise> =
        BESIDE.iter().map(|beside| row(beside.0, beside_others(races, beside), beside.5, "")).collect();
    let compile = |n| table::straight_line(n, repeats.min(200_000 / n + 1).min(15));
    let [small, middle, large] = [compile(1000)?, compile(10_000)?, compile(100_000)?];
    rows.push(row("straight-line, 10,000 operations: compile", Some(middle), 150.0, " ms"));
    let growth = straight::exponent((1000, 100_000), (small, large));
    rows.push(row("… growth from 1,000 to 100,000: exponent", Some(growth), 1.25, ""));
    let whole = process::adit().and_then(|adit| process::grad(&adit, "linreg", 31)).ok();
    rows.push(row("first gradient: `adit grad examples/linreg.ad`", whole, 10.0, " ms"));
    rows.push(row("… over JAX's process, linreg n = 20", first(races, "linreg n=20", "JAX"), 0.02, ""));
    let problems = problems::all();
    let named = |title: &str| problems.iter().find(|p| p.title() == title).ok_or_else(|| format!("no {title}"));
    let (trig, linreg) = (named("test_function n=1000")?, named("linreg n=1000")?);
    let product = over(named("mlp 10-32-32-1, batch 64")?, What::Hvp, What::Gradient, repeats)?;
    rows.push(row("Hessian times a direction over gradient, mlp", Some(product), 2.5, ""));
    for (what, problem) in [("forward, 8 lanes, over primal: trig", trig), ("… linreg, n = 1000", linreg)] {
        rows.push(row(what, Some(over(problem, What::Jvp(8), What::Primal, repeats)?), 3.0, ""));
    }
    rows.push(row("call of value and gradient of two operations", Some(call(repeats)?), 15.0, " ns"));
    rows.extend(NOT_MEASURED.map(|(what, most, unit)| row(what, None, most, unit)));
    Ok(rows)
}

fn beside_others(races: &[Race], &(_, title, ours, theirs, which, _): &Beside) -> Option<f64> {
    races.iter().find(|race| race.title == title)?.ratio(("Adit", ours), (theirs, which))
}

/// How much sooner Adit's process has its first gradient.
fn first(races: &[Race], title: &str, theirs: &str) -> Option<f64> {
    let race = races.iter().find(|race| race.title == title)?;
    Some(race.lane("Adit")?.first / race.lane(theirs)?.first)
}

/// Two calls in turns; the median of the ratios.
fn over(problem: &Problem, over: What, under: What, repeats: usize) -> Result<f64> {
    let f = problem.compile()?;
    let (mut over, mut under) = (problem.steady(&f, over)?, problem.steady(&f, under)?);
    let calls = (batch_of(|| over.run()), batch_of(|| under.run()));
    let turn = |_| time(calls.0, || over.run()) / time(calls.1, || under.run());
    let ratios: Vec<f64> = (0..repeats).map(turn).collect();
    over.checked().and_then(|()| under.checked()).map_err(|e| e.to_string())?;
    Ok(median(&ratios))
}

/// Nanoseconds of value and gradient of two operations, called from Rust.
fn call(repeats: usize) -> Result<f64> {
    let module = Engine::new().compile("fn f(x: f64, y: f64) -> f64 { x * y + x }");
    let gradient = module.and_then(|m| m.function("f")?.gradient().build()).map_err(|e| e.to_string())?;
    let mut bound = gradient.bind(&[1.0.into(), 2.0.into()]).map_err(|e| e.to_string())?;
    let (mut workspace, mut slopes) = (Workspace::new(), [0.0; 2]);
    let mut run =
        || _ = std::hint::black_box(bound.value_and_gradient(&mut workspace, &[1.5, 2.5], &mut slopes).is_ok());
    let calls = batch_of(&mut run);
    Ok(median(&(0..repeats).map(|_| time(calls, &mut run)).collect::<Vec<f64>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_name_problems_that_there_are() {
        let titles: Vec<String> = problems::all().iter().map(Problem::title).collect();
        assert!(BESIDE.iter().all(|(_, title, ..)| titles.contains(&(*title).to_owned())));
        assert!(call(1).expect("it runs") > 0.0);
    }
}
