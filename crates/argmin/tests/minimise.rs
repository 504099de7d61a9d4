//! Minimising by this crate: it goes down to the last digit, and says why where it does not.

#![expect(clippy::unwrap_used, reason = "in tests, what fails shall fail")]

use adit::{Engine, Value};
use adit_argmin::{Bound, Method, Minimum, Options, Problem, Step, Stop, minimise};

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
fn the_value_told_is_the_functions_at_the_point_told() {
    for k in 1..20 {
        let source = format!("fn f(x: f64, y: f64) -> f64 {{ {k}.0 / 7 + (x - {k}.0 / 3)^2 + exp(y / {k}) - y / 21 }}");
        let problem = problem(&source, &[0.3.into(), 0.7.into()]);
        for method in [Method::Lbfgs, Method::NewtonCg] {
            let found = found(&problem, method);
            let args: Vec<Value> = found.point.iter().map(|x| (*x).into()).collect();
            assert_eq!(problem.function().call(&args).unwrap().value, Value::F64(found.value), "{k}, {method:?}");
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

/// One bound holds from below, one from an interval's end, one not at all; an array has one element that is bounded.
fn bounded(source: &str) -> Problem {
    let problem = problem(source, &[1.0.into(), 1.0.into(), 0.5.into(), [2.0, 2.0].into()]);
    let bounds = [
        ("x", Bound::Lower(0.0)),
        ("y", Bound::Between(0.0, 2.0)),
        ("z", Bound::Upper(1.0)),
        ("w[1]", Bound::Lower(1.0)),
    ];
    bounds.into_iter().fold(problem, |problem, (path, bound)| problem.bounded(path, bound).unwrap())
}

/// Where these and the value end: the pull is towards -1, 3, 0.25, (0.5, 0.5), and `x * z` joins two of them.
fn is_within(found: &Minimum, by: &str) {
    let wanted = [0.0, 2.0, 0.25, 0.5, 1.0];
    assert!(found.converged, "{by}: {found:?}");
    let off = found.point.iter().zip(wanted).map(|(x, wanted)| (x - wanted).abs()).fold(0.0, f64::max);
    assert!(off < 1e-7 && (found.value - 3.25).abs() < 1e-9, "{by}: {found:?}");
    assert!(found.point[0] >= 0.0 && found.point[1] <= 2.0 && found.point[4] >= 1.0, "{by}: {found:?}");
}

#[test]
fn minima_may_lie_on_bounds_and_within() {
    let pull = "(x + 1)^2 + (y - 3)^2 + (z - 0.25)^2 + dot(w - 0.5, w - 0.5) + 1 + x * (z + 1)";
    let cost = bounded(&format!("fn f(x: f64, y: f64, z: f64, w: [f64; 2]) -> f64 {{ {pull} }}"));
    for method in [Method::Lbfgs, Method::NewtonCg] {
        is_within(&found(&cost, method), method.name());
    }
    let residuals = "[x + 1, y - 3, z - 0.25, w[0] - 0.5, w[1] - 0.5, 1]";
    let squares = bounded(&format!("fn f(x: f64, y: f64, z: f64, w: [f64; 2]) -> [f64; 6] {{ {residuals} }}"));
    is_within(&found(&squares, Method::LevenbergMarquardt), "squares");
}

#[test]
fn derivatives_by_what_moves_in_the_place_of_bounded_floats_are_exact() {
    use adit_argmin::{Gradient, Hessian, Jacobian};
    let cost = bounded("fn f(x: f64, y: f64, z: f64, w: [f64; 2]) -> f64 { exp(x * y - z) + y^2 * w[0] * w[1]^2 }");
    let (at, h) = (cost.start(), 1e-6);
    let moved = |j: usize, h: f64| {
        let mut at = at.clone();
        at[j] += h;
        at
    };
    let near =
        |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-7 * wanted.abs().max(1.0), "{found} {wanted}");
    let gradient = |at: &Vec<f64>| cost.gradient(at).unwrap();
    let hessian = cost.hessian(&at).unwrap();
    for (j, row) in hessian.iter().enumerate() {
        let difference = cost.value(&moved(j, h)).unwrap() - cost.value(&moved(j, -h)).unwrap();
        near(gradient(&at)[j], difference / (2.0 * h));
        let unit: Vec<f64> = (0..at.len()).map(|i| f64::from(u8::from(i == j))).collect();
        let product = cost.hessian_product(&at, &unit).unwrap();
        let (up, down) = (gradient(&moved(j, h)), gradient(&moved(j, -h)));
        for i in 0..at.len() {
            near(row[i], (up[i] - down[i]) / (2.0 * h));
            near(product[i], row[i]);
        }
    }
    let residuals = bounded("fn f(x: f64, y: f64, z: f64, w: [f64; 2]) -> [f64; 2] { [x * y - z, w[0] * w[1]^2 * x] }");
    let by = |i: usize, at: &[f64]| residuals.residuals(at).unwrap()[i];
    for (i, row) in residuals.jacobian(&at).unwrap().iter().enumerate() {
        for (j, entry) in row.iter().enumerate() {
            near(*entry, (by(i, &moved(j, h)) - by(i, &moved(j, -h))) / (2.0 * h));
        }
    }
}

#[test]
fn bounds_that_do_not_fit_are_refused() {
    let problem = problem("fn f(x: [f64; 2]) -> f64 { dot(x, x) }", &[[1.0, 2.0].into()]);
    let code = |path: &str, bound: Bound| {
        let refused = problem.clone().bounded(path, bound).unwrap_err();
        refused.diagnostics()[0].code.to_string()
    };
    assert_eq!(code("y", Bound::Lower(0.0)), "AD0920");
    assert_eq!(code("x[2]", Bound::Lower(0.0)), "AD0920");
    assert_eq!(code("x", Bound::Between(1.0, 1.0)), "AD0920");
    assert_eq!(code("x", Bound::Lower(1.0)), "AD0911");
    assert_eq!(code("x[1]", Bound::Upper(1.5)), "AD0911");
}
