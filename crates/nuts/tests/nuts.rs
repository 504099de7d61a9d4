//! Programs of Adit, sampled by nuts-rs itself.
//!
//! In: small models whose posteriors are known. Out: densities, gradients, draws and errors that are compared with them.

use adit::{Engine, Error, Function, Value};
use adit_nuts::{Constraint, Kind, Posterior, Settings, sample, summary};
use nuts_rs::rand::SeedableRng;
use nuts_rs::{Chain, CpuMath, DiagNutsSettings, Settings as _};

fn function(source: &str) -> Function {
    Engine::new().compile(source).expect("it works").function("f").expect("it works")
}

fn code(error: &Error) -> &str {
    error.diagnostics()[0].code.0
}

const ALL: &str = "struct P { a: f64, b: f64, w: [f64; k] }
    fn f(p: P, q: [f64; n, 3], o: [f64; 4], y: [f64; n]) -> f64 {
        let mut v = p.a * p.b + dot(p.w, p.w) + log(p.a) - p.b^2 + sum(o * o * o);
        for i in 0..n { v += y[i] * log(q[i, 0]) - q[i, 1]^2; }
        v
    }";

fn posterior_of_all(kind: Kind) -> Posterior {
    let f = function(&ALL.replace("struct P", "struct P<k>").replace("p: P", "p: P<k>"));
    let sizes = [("k".to_owned(), 2)];
    let posterior = Posterior::with_sizes(&f, kind, &[("y", [1.0, 2.0].into())], &sizes).expect("it works");
    let constraints =
        [("p.a", "positive"), ("p.b", "interval(-1, 2)"), ("p.w", "upper(3)"), ("q", "simplex"), ("o", "ordered")];
    constraints
        .iter()
        .fold(posterior, |p, (path, c)| p.constrain(path, c.parse().expect("it works")).expect("it works"))
}

#[test]
fn gradients_through_all_constraints_agree_with_differences() {
    for kind in [Kind::Log, Kind::NegLog] {
        let posterior = posterior_of_all(kind);
        assert_eq!((posterior.dim(), posterior.names().len()), (4 + 4 + 4, 4 + 6 + 4));
        let mut density = posterior.density();
        let y: Vec<f64> = (0..12).map(|i| 0.3 * f64::from(i % 5) - 0.5).collect();
        let mut gradient = vec![0.0; 12];
        density.log_density(&y, &mut gradient).expect("it works");
        for i in 0..12 {
            let mut at = |step: f64| {
                let mut y = y.clone();
                y[i] += step;
                density.log_density(&y, &mut [0.0; 12]).expect("it works")
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-7, "{i}: {slope} {}", gradient[i]);
        }
    }
}

#[test]
fn evaluations_allocate_nothing() {
    let posterior = posterior_of_all(Kind::Log);
    let mut density = posterior.density();
    let (y, mut gradient) = ([0.1; 12], [0.0; 12]);
    density.log_density(&y, &mut gradient).expect("it works");
    let counted = allocation_counter::measure(|| {
        for _ in 0..10 {
            density.log_density(&y, &mut gradient).expect("it works");
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn the_library_itself_samples_a_density() {
    let f = function("fn f(x: [f64; 2]) -> f64 { normal_logpdf(x[0], 3, 2) + normal_logpdf(x[1], -1, 0.5) }");
    let posterior = Posterior::new(&f, Kind::Log, &[]).expect("it works");
    let mut rng = nuts_rs::rand::rngs::ChaCha8Rng::seed_from_u64(1);
    let math = CpuMath::new(posterior.density());
    let mut chain = DiagNutsSettings::default().new_chain(0, math, &mut rng).expect("it works");
    chain.set_position(&[0.0, 0.0]).expect("it works");
    let draws: Vec<_> = (0..2400).map(|_| chain.draw().expect("it works").0).skip(400).collect();
    let mean = |i: usize| draws.iter().map(|d| d[i]).sum::<f64>() / 2000.0;
    assert!((mean(0) - 3.0).abs() < 0.25 && (mean(1) + 1.0).abs() < 0.07, "{} {}", mean(0), mean(1));
}

#[test]
fn draws_do_not_depend_on_threads_but_on_the_seed() {
    let f = function("fn f(s: f64, y: [f64; n]) -> f64 { -sum(normal_logpdf(y, 0, s)) + s }");
    let posterior = Posterior::new(&f, Kind::NegLog, &[("y", [1.0, -2.0, 0.5].into())]).expect("it works");
    let posterior = posterior.constrain("s", Constraint::Lower(0.0)).expect("it works");
    let run = |threads: usize, seed: u64| {
        let settings = Settings { chains: 3, threads, seed, warmup: 100, draws: 50, start: vec![] };
        sample(&posterior, &settings, &|_| true).expect("it works")
    };
    assert_eq!(run(1, 7), run(3, 7));
    assert_ne!(run(1, 7).chains, run(1, 8).chains);
    assert_ne!(run(1, 7).chains[0], run(1, 7).chains[1]);
}

#[test]
fn a_simplex_under_dirichlet_has_its_means() {
    let f = function("fn f(w: [f64; 3]) -> f64 { log(w[0]) + 4 * log(w[2]) + log(w[1]) * 0 }");
    let posterior =
        Posterior::new(&f, Kind::Log, &[]).expect("it works").constrain("w", Constraint::Simplex).expect("it works");
    let run =
        sample(&posterior, &Settings { warmup: 500, draws: 1000, ..Settings::default() }, &|_| true).expect("it works");
    // Dirichlet(2, 1, 5).
    for (s, mean) in summary(&run).iter().zip([0.25, 0.125, 0.625]) {
        assert!((s.mean - mean).abs() < 4.0 * s.sd / s.ess_bulk.sqrt(), "{s:?}");
        assert!(s.r_hat < 1.02, "{s:?}");
    }
}

#[test]
fn misuse_is_told() {
    let f = function("fn f(x: f64, k: i64, w: [f64; n]) -> f64 { x + sum(w) + f64(k) }");
    let new = |data: &[(&str, Value)]| Posterior::new(&f, Kind::Log, data).map(drop).unwrap_err();
    assert_eq!(code(&new(&[])), "AD0921");
    assert_eq!(code(&new(&[("k", 1.into())])), "AD0906");
    assert_eq!(code(&new(&[("k", 1.into()), ("z", 1.0.into())])), "AD0904");
    let all = [("x", 1.0.into()), ("k", 1.into()), ("w", [1.0].into())];
    assert_eq!(code(&new(&all)), "AD0921");
    let posterior = Posterior::new(&f, Kind::Log, &all[1..]).expect("it works");
    assert_eq!(code(&posterior.clone().constrain("w", Constraint::Simplex).unwrap_err()), "AD0920");
    let empty = [
        Constraint::Interval(1.0, 1.0),
        Constraint::Interval(2.0, 1.0),
        Constraint::Interval(f64::NAN, 1.0),
        Constraint::Interval(0.0, f64::INFINITY),
        Constraint::Lower(f64::INFINITY),
        Constraint::Upper(f64::NAN),
    ];
    for constraint in empty {
        assert_eq!(code(&posterior.clone().constrain("x", constraint).unwrap_err()), "AD0920", "{constraint:?}");
    }
    assert_eq!(code(&posterior.constrain("x", Constraint::Simplex).unwrap_err()), "AD0920");
}

#[test]
fn what_the_program_refuses_is_no_starting_point_and_what_is_wrong_ends_it() {
    let start = |source: &str| {
        let posterior = Posterior::new(&function(source), Kind::Log, &[]).expect("it works");
        sample(&posterior, &Settings { chains: 1, warmup: 10, draws: 10, ..Settings::default() }, &|_| true)
            .unwrap_err()
    };
    let refused = start("fn f(x: f64) -> f64 { assert(x > 10, \"too small\"); x }");
    assert_eq!(code(&refused), "AD0922");
    assert!(refused.to_string().contains("too small"), "{refused}");
    assert_eq!(code(&start("fn f(x: f64) -> f64 { log(-1 - x^2) }")), "AD0922");
    assert_eq!(
        code(&start("fn f(x: [f64; 3]) -> f64 { let mut s = 0.0; for i in 0..4 { s -= x[i]^2; } s }")),
        "AD0801"
    );
}
