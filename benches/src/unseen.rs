//! Programs that no pass was written with: what somebody would write after reading `docs/language.md`, of the kinds that the compiler is made for.
//!
//! In: nothing. Out: [`all`], problems whose programs stand in `unseen/`, each with a C program by hand in `peers/`. They are there to show that what makes the examples fast is no special case.

use crate::numbers::Numbers;
use crate::problems::{Problem, normals};
use adit::Value;

/// Every one.
pub fn all() -> Vec<Problem> {
    vec![
        log_sum_exp(),
        kmeans_diagonal(),
        polynomial(),
        runge_kutta(),
        stencil(),
        poisson_regression(),
        logistic_regression("n=1000, d=10", 10),
        logistic_regression("n=1000, d=20", 20),
    ]
}

fn problem(name: &'static str, size: &'static str, source: &'static str) -> Problem {
    let (sizes, args) = (Vec::new(), Vec::new());
    Problem { name, size, source, function: name, wrt: &[], sizes, args, most: None }
}

fn log_sum_exp() -> Problem {
    const N: usize = 1000;
    let args = vec![Numbers::new(3).normals(N, 3.0).into()];
    let unseen = problem("log_sum_exp", "n=1000", include_str!("../unseen/log_sum_exp.ad"));
    Problem { sizes: vec![N], args, ..unseen }
}

/// The points and centres of the example `kmeans`.
fn kmeans_diagonal() -> Problem {
    const N: usize = 1000;
    const D: usize = 3;
    const K: usize = 10;
    let mut numbers = Numbers::new(10);
    let args = vec![normals(&mut numbers, &[K, D], 2.0), normals(&mut numbers, &[N, D], 2.0)];
    let unseen = problem("kmeans_diagonal", "n=1000, d=3, k=10", include_str!("../unseen/kmeans_diagonal.ad"));
    Problem { function: "trace", wrt: &["centres"], sizes: vec![N, D, K], args, ..unseen }
}

/// Of degree seven, at a thousand points.
fn polynomial() -> Problem {
    const M: usize = 8;
    const N: usize = 1000;
    let mut numbers = Numbers::new(7);
    let args = vec![numbers.normals(M, 1.0).into(), numbers.uniforms(N).into(), numbers.normals(N, 1.0).into()];
    let unseen = problem("polynomial", "degree 7, n=1000", include_str!("../unseen/polynomial.ad"));
    Problem { function: "least_squares", wrt: &["c"], sizes: vec![M, N], args, ..unseen }
}

/// Forty equations, a hundred steps.
fn runge_kutta() -> Problem {
    const N: usize = 40;
    const STEPS: usize = 100;
    let start = Numbers::new(96).normals(N, 1.0);
    let args = vec![start.into(), 8.0.into(), 0.01.into(), (STEPS as i64).into()];
    let unseen = problem("runge_kutta", "n=40, 100 steps", include_str!("../unseen/runge_kutta.ad"));
    Problem { function: "energy", sizes: vec![N, STEPS], args, ..unseen }
}

/// A square plate, twenty steps.
fn stencil() -> Problem {
    const N: usize = 64;
    const STEPS: usize = 20;
    let args = vec![normals(&mut Numbers::new(64), &[N, N], 1.0), 0.2.into(), (STEPS as i64).into()];
    let unseen = problem("stencil", "64 by 64, 20 steps", include_str!("../unseen/stencil.ad"));
    Problem { function: "squares", sizes: vec![N, N, STEPS], args, ..unseen }
}

/// Weights, a bias, a thousand samples of `d` numbers, and what was seen.
fn regression(d: usize, seed: u64, seen: impl Fn(f64) -> f64) -> (Vec<usize>, Vec<Value>) {
    const N: usize = 1000;
    let mut numbers = Numbers::new(seed);
    let (w, x) = (normals(&mut numbers, &[d], 0.3), normals(&mut numbers, &[N, d], 1.0));
    let y: Vec<f64> = numbers.uniforms(N).into_iter().map(seen).collect();
    (vec![N, d], vec![w, 0.1.into(), x, y.into()])
}

fn poisson_regression() -> Problem {
    let (sizes, args) = regression(10, 13, |u| (4.0 * u).floor());
    let unseen = problem("poisson_regression", "n=1000, d=10", include_str!("../unseen/poisson_regression.ad"));
    Problem { function: "loss", wrt: &["w", "b"], sizes, args, ..unseen }
}

fn logistic_regression(size: &'static str, d: usize) -> Problem {
    let (sizes, args) = regression(d, 12, f64::round);
    let unseen = problem("logistic_regression", size, include_str!("../unseen/logistic_regression.ad"));
    Problem { function: "loss", wrt: &["w", "b"], sizes, args, ..unseen }
}
