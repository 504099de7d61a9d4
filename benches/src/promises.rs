//! What was promised of speed, beside others and alone.
//!
//! In: races, rivals, and what is measured here: forward mode, second derivatives, a sparse Jacobian, straight-line programs, a call of two operations. Out: rows with the figure and its bound. A promise whose rival is not there, that
//! needs a machine of another kind, or what is not built, stands there with the reason in place of a figure.

use crate::peer::Peer;
use crate::problems::{self, Problem};
use crate::rivals::{self, Rival};
use crate::side::{Race, Which};
use crate::{Result, bundle, calls, process, straight, table, unseen};
use adit::bench::clock::{batch_of, median, time};
use adit::bench::{At, Steady, What};
use adit::{Cpu, Engine, Workspace};
use adit_runtime::vector::Level;

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Promise {
    /// In words.
    pub what: String,
    /// The most it may be.
    pub most: f64,
    /// Its unit; empty for ratios.
    pub unit: &'static str,
    /// What was measured, or why it was not.
    pub found: Result<f64>,
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

/// The most that an [unseen](crate::unseen) program's gradient, or its value where C has no gradient, may take over C by hand.
const UNSEEN: f64 = 2.0;

/// Measures what races do not tell, and makes the table.
///
/// # Errors
/// If a program does not compile or run.
pub fn keep(races: &[Race], rivals: &[Rival], repeats: usize) -> Result<Vec<Promise>> {
    let mut rows: Vec<Promise> =
        BESIDE.iter().map(|beside| row(beside.0, beside_others(races, beside), beside.5, "")).collect();
    rows.extend(unseen(races));
    let compile = |n| table::straight_line(n, repeats.min(200_000 / n + 1).min(15));
    let [small, middle, large] = [compile(1000)?, compile(10_000)?, compile(100_000)?];
    rows.push(row("straight-line, 10,000 operations: compile", Ok(middle), 150.0, " ms"));
    let growth = straight::exponent((1000, 100_000), (small, large));
    rows.push(row("… growth from 1,000 to 100,000: exponent", Ok(growth), 1.25, ""));
    let whole = process::adit().and_then(|adit| process::grad(&adit, "linreg", 31));
    rows.push(row("first gradient: `adit grad examples/linreg.ad`", whole, 10.0, " ms"));
    rows.push(row("… over JAX's process, linreg n = 20", first(races, "linreg n=20", "JAX"), 0.02, ""));
    let problems = problems::all();
    let named = |title: &str| problems.iter().find(|p| p.title() == title).ok_or_else(|| format!("no {title}"));
    let (trig, linreg) = (named("test_function n=1000")?, named("linreg n=1000")?);
    rows.extend(derivatives(repeats)?);
    rows.push(row("call of value and gradient of two operations", Ok(call(repeats)?), calls::MOST, " ns"));
    let jacobian = bundle_jacobian(rivals, repeats);
    rows.push(row("bundle adjustment, n = 49, Jacobian, over C's primal, gcc -O3 -march=native", jacobian, 7.0, ""));
    let threads = two_threads(&problems::large_gmm(), repeats.min(15))?;
    rows.push(row("gmm with n = 100,000 on two threads, over one", Ok(threads), 1.0 / 1.7, ""));
    for (what, problem) in [("limited to AVX2, over AVX-512: trig", trig), ("… linreg, n = 1000", linreg)] {
        rows.push(row(what, narrower(problem, repeats), 1.8, ""));
    }
    Ok(rows)
}

/// Forward mode and second derivatives, of what they are derivatives of.
///
/// # Errors
/// If a program does not compile or run.
pub fn derivatives(repeats: usize) -> Result<Vec<Promise>> {
    let problems = problems::all();
    let named = |title: &str| problems.iter().find(|p| p.title() == title).ok_or_else(|| format!("no {title}"));
    let product = over(named("mlp 10-32-32-1, batch 64")?, What::Hvp, What::Gradient, repeats)?;
    let dense = dense_hessian(named("logistic_regression n=1000, d=20")?, "w", repeats)?;
    let lanes = |title| over(named(title)?, What::Jvp(8), What::Primal, repeats);
    Ok(vec![
        row("Hessian times a direction over gradient, mlp", Ok(product), 2.5, ""),
        row("dense Hessian of a regression by 20 numbers, over its gradient", Ok(dense), 8.0, ""),
        row("forward, 8 lanes, over primal: trig", Ok(lanes("test_function n=1000")?), 3.0, ""),
        row("… linreg, n = 1000", Ok(lanes("linreg n=1000")?), 3.0, ""),
    ])
}

fn row(what: &str, found: Result<f64>, most: f64, unit: &'static str) -> Promise {
    Promise { what: what.to_owned(), most, unit, found }
}

fn beside_others(races: &[Race], &(_, title, ours, theirs, which, _): &Beside) -> Result<f64> {
    race(races, title)?.ratio(("Adit", ours), (theirs, which)).ok_or_else(|| format!("no {theirs} here"))
}

fn race<'r>(races: &'r [Race], title: &str) -> Result<&'r Race> {
    races.iter().find(|race| race.title == title).ok_or_else(|| format!("no race of {title}"))
}

/// A row for each unseen program, and for k-means, whose Hessian is one of them.
fn unseen(races: &[Race]) -> Vec<Promise> {
    let titles =
        unseen::all().iter().map(Problem::title).chain(["kmeans n=1000, d=3, k=10".to_owned()]).collect::<Vec<_>>();
    let one = |title: &String| {
        let ratio = |which| race(races, title).ok()?.ratio(("Adit", which), (GCC_NATIVE, which));
        let (which, found) = match ratio(Which::Gradient) {
            Some(gradient) => ("gradient", Some(gradient)),
            None => ("value", ratio(Which::Primal)),
        };
        let found = found.ok_or_else(|| format!("no {GCC_NATIVE} here"));
        row(&format!("unseen: {title}, {which} over C's, gcc -O3 -march=native"), found, UNSEEN, "")
    };
    titles.iter().map(one).collect()
}

/// How much sooner Adit's process has its first gradient.
fn first(races: &[Race], title: &str, theirs: &str) -> Result<f64> {
    let race = race(races, title)?;
    let lane = |name: &str| race.lane(name).ok_or_else(|| format!("no {name} here"));
    Ok(lane("Adit")?.first / lane(theirs)?.first)
}

/// Two calls of a problem in turns; the median of the ratios.
fn over(problem: &Problem, over: What, under: What, repeats: usize) -> Result<f64> {
    let f = problem.compile()?;
    ratio(problem.steady(&f, over)?, problem.steady(&f, under)?, repeats)
}

/// One call over another, if both come out.
fn ratio(mut over: Steady, mut under: Steady, repeats: usize) -> Result<f64> {
    let ratio = in_turns(|| over.run(), || under.run(), repeats);
    over.checked().and_then(|()| under.checked()).map_err(|e| e.to_string())?;
    Ok(ratio)
}

fn in_turns(mut over: impl FnMut(), mut under: impl FnMut(), repeats: usize) -> f64 {
    let calls = (batch_of(&mut over), batch_of(&mut under));
    let turn = |_| time(calls.0, &mut over) / time(calls.1, &mut under);
    median(&(0..repeats).map(turn).collect::<Vec<f64>>())
}

/// Value, gradient and all of the Hessian by one parameter, an array, over value and gradient by it.
fn dense_hessian(problem: &Problem, by: &str, repeats: usize) -> Result<f64> {
    let in_words = |e: adit::Error| e.to_string();
    let f = problem.compile()?;
    let (args, wrt) = (&problem.args[..], &[by]);
    let mut gradient = Steady::new(&f, What::Gradient, At { args, wrt }).map_err(in_words)?;
    gradient.try_run().map_err(in_words)?;
    let mut slopes = gradient.slopes();
    let mut entries = vec![0.0; slopes.len() * slopes.len()];
    let hessian = f.hessian().wrt(wrt).build().map_err(in_words)?;
    let mut workspace = Workspace::new();
    let mut run = || hessian.value_gradient_and_hessian(&mut workspace, args, &mut slopes, &mut entries);
    run().map_err(in_words)?;
    Ok(in_turns(|| drop(run()), || gradient.run(), repeats))
}

/// The sparse Jacobian of bundle adjustment over C's primal, where there is a compiler of C.
fn bundle_jacobian(rivals: &[Rival], repeats: usize) -> Result<f64> {
    let missing = || format!("no {GCC_NATIVE} here");
    let rival = rivals.iter().find(|rival| rival.name == GCC_NATIVE).ok_or_else(missing)?;
    let (problem, folder) = (bundle::largest(), rivals::folder()?);
    let mut command = rival.command(&problem, &folder)?.ok_or_else(missing)?;
    bundle::over_primal(&mut Peer::start(&mut command, &problem, &folder)?, repeats)
}

/// The gradient with instructions of AVX2 over that with all there are, where these are AVX-512, both with vectors.
fn narrower(problem: &Problem, repeats: usize) -> Result<f64> {
    if !Level::Avx512.is_here() {
        return Err("no AVX-512 here".to_owned());
    }
    let with = |cpu| Engine::builder().vectors(true).cpu(cpu).build();
    between(problem, [with(Cpu::Named("haswell".to_owned())), with(Cpu::Native)], repeats)
}

/// The gradient on two threads over that on one.
fn two_threads(problem: &Problem, repeats: usize) -> Result<f64> {
    let with = |threads| Engine::builder().limits(|limits| limits.threads = threads).build();
    between(problem, [with(2), with(1)], repeats)
}

/// The gradient by one engine over that by another.
fn between(problem: &Problem, engines: [adit::Result<Engine>; 2], repeats: usize) -> Result<f64> {
    let gradient = |engine: adit::Result<Engine>| {
        let engine = engine.map_err(|e| e.to_string())?;
        problem.steady(&problem.compile_by(&engine)?, What::Gradient)
    };
    let [over, under] = engines.map(gradient);
    ratio(over?, under?, repeats)
}

/// Nanoseconds of value and gradient of two operations, called from Rust.
fn call(repeats: usize) -> Result<f64> {
    let found = calls::measure(repeats)?.into_iter().find_map(|(what, ns)| (what == calls::MEANT).then_some(ns));
    found.ok_or_else(|| format!("no {}", calls::MEANT))
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

    #[test]
    fn what_is_measured_here_can_be() {
        assert!(two_threads(&problems::large_gmm(), 1).expect("it runs") > 0.0);
        let problems = problems::all();
        let named = |title| problems.iter().find(|p| p.title() == title).expect("it is there");
        assert!(dense_hessian(named("logistic_regression n=1000, d=20"), "w", 1).expect("it runs") > 0.0);
        let narrow = narrower(named("linreg n=1000"), 1);
        assert!(narrow == Err("no AVX-512 here".to_owned()) || narrow.is_ok_and(|ratio| ratio > 0.0));
    }
}
