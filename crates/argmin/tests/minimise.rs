//! Minimising by this crate: it goes down to the last digit, and says why where it does not.

#![expect(clippy::unwrap_used, reason = "in tests, what fails shall fail")]

use adit::{Engine, Value};
use adit_argmin::{Method, Minimum, Options, Problem, Step, Stop, minimise};

fn problem(source: &str, args: &[Value]) -> Problem {
    let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
    Problem::new(&module.entry().unwrap(), args, &[]).unwrap()
}

fn found(problem: &Problem, method: Method) -> Minimum {
    minimise(problem, &Options { method: Some(method), ..Options::default() }, &mut |_| ()).unwrap()
}

fn refused(problem: &Problem, options: &Options) -> String {
    minimise(problem, options, &mut |_| ()).unwrap_err().diagnostics()[0].code.to_string()
}

const ROSENBROCK: &str =
    "fn f(x: [f64; n]) -> f64 { sum((1 - x[i])^2 + 100 * (x[i + 1] - x[i]^2)^2 for i in 0..n - 1) }";

#[test]
fn many_floats_go_down_as_few_do() {
    for n in [2, 10, 51, 200] {
        let start: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let problem = problem(ROSENBROCK, &[start.into()]);
        for method in [Method::Lbfgs, Method::NewtonCg] {
            let found = found(&problem, method);
            assert!(found.converged && found.gradient_norm < 1e-6, "{n}, {method:?}: {found:?}");
        }
    }
}

#[test]
fn units_of_floats_do_not_matter() {
    let source = "fn f(a: f64, b: f64) -> f64 { (1e9 * a - 1)^2 + (1e-9 * b - 1)^2 + (1e9 * a - 1e-9 * b)^4 }";
    for method in [Method::Lbfgs, Method::NewtonCg] {
        let found = found(&problem(source, &[3e-9.into(), 5e8.into()]), method);
        let errors = [found.point[0] * 1e9 - 1.0, found.point[1] * 1e-9 - 1.0];
        assert!(found.converged && errors.iter().all(|e| e.abs() < 1e-9), "{method:?}: {found:?}");
    }
}

#[test]
fn where_there_is_no_value_searches_turn_back() {
    let source = "fn f(x: f64) -> f64 { x - log(x) - sqrt(2 - x) }";
    for method in [Method::Lbfgs, Method::NewtonCg] {
        let found = found(&problem(source, &[1.9.into()]), method);
        let x = found.point[0];
        assert!((1.0 - 1.0 / x + 0.5 / (2.0 - x).sqrt()).abs() < 1e-10, "{method:?}: {found:?}");
    }
}

#[test]
fn what_has_no_minimum_is_not_said_to_have_one() {
    for (source, start) in [("fn f(x: f64) -> f64 { -x^3 }", 1.0), ("fn f(x: f64) -> f64 { x }", 0.0)] {
        for method in [Method::Lbfgs, Method::NewtonCg] {
            let found = found(&problem(source, &[start.into()]), method);
            assert!(!found.converged, "{source}, {method:?}: {found:?}");
        }
    }
}

#[test]
fn kinks_end_without_a_hang() {
    for method in [Method::Lbfgs, Method::NewtonCg] {
        let found = found(&problem("fn f(x: [f64; 3]) -> f64 { sum(abs(x - 1)) }", &[[0.3, 4.0, -2.0].into()]), method);
        assert!(found.iterations < 1000, "{method:?}: {found:?}");
    }
}

#[test]
fn a_start_at_the_minimum_stays() {
    for method in [Method::Lbfgs, Method::NewtonCg] {
        let found = found(&problem("fn f(x: [f64; 2]) -> f64 { dot(x, x) }", &[[0.0, 0.0].into()]), method);
        assert_eq!((found.point, found.value, found.stop, found.iterations), (vec![0.0; 2], 0.0, Stop::Gradient, 0));
    }
}

#[test]
fn iterations_are_seen_and_bounded() {
    let problem = problem(ROSENBROCK, &[[-1.2, 1.0].into()]);
    let mut steps: Vec<Step> = Vec::new();
    let options = Options { max_iterations: 5, ..Options::default() };
    let found = minimise(&problem, &options, &mut |step| steps.push(*step)).unwrap();
    assert_eq!((found.iterations, found.stop, found.converged), (5, Stop::Iterations, false));
    assert_eq!(steps.iter().map(|s| s.iteration).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert!((steps[0].value - 24.2).abs() < 1e-12 && steps.windows(2).all(|s| s[1].value < s[0].value), "{steps:?}");
    assert_eq!(steps[5].value, found.value);
}

#[test]
fn residuals_that_vanish_are_found_even_if_no_point_is_the_only_one() {
    let found = found(
        &problem("fn f(a: f64, b: f64) -> [f64; 1] { [a + b - 1] }", &[0.0.into(), 5.0.into()]),
        Method::LevenbergMarquardt,
    );
    assert!(found.converged && (found.point[0] + found.point[1] - 1.0).abs() < 1e-12, "{found:?}");
}

#[test]
fn floats_that_have_no_effect_stay() {
    let source = "fn f(a: f64, b: f64) -> [f64; 2] { [a - 1 + 0 * b, a - 3] }";
    let found = found(&problem(source, &[0.5.into(), 5.0.into()]), Method::LevenbergMarquardt);
    assert!(found.converged && (found.point[0] - 2.0).abs() < 1e-12 && found.point[1] == 5.0, "{found:?}");
}

#[test]
fn what_cannot_be_minimised_is_told_with_its_code() {
    let usual = Options::default();
    let by = |method| Options { method: Some(method), ..Options::default() };
    let squares = problem("fn f(x: f64) -> [f64; 2] { [x, 1 - x] }", &[3.0.into()]);
    let integers = problem("fn f(x: f64) -> [i64; 2] { [1, 2] }", &[3.0.into()]);
    assert_eq!(refused(&integers, &usual), "AD0602");
    assert_eq!(refused(&squares, &by(Method::Lbfgs)), "AD0602");
    let cost = problem("fn f(x: f64) -> f64 { x^2 }", &[3.0.into()]);
    assert_eq!(refused(&cost, &by(Method::LevenbergMarquardt)), "AD0910");
    assert_eq!(refused(&problem("fn f(x: f64) -> f64 { log(x) }", &[(-1.0).into()]), &usual), "AD0911");
    assert_eq!(refused(&problem("fn f(x: f64) -> f64 { sqrt(x) }", &[0.0.into()]), &usual), "AD0911");
    assert_eq!(refused(&problem("fn f(x: f64) -> [f64; 1] { [log(x)] }", &[(-1.0).into()]), &usual), "AD0911");
    assert_eq!(refused(&problem("fn f(x: f64) -> f64 { assert(x > 2.5); x^2 }", &[3.0.into()]), &usual), "AD0803");
}
