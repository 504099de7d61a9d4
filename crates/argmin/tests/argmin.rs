//! The problems of this crate, solved by `argmin` itself.

#![expect(clippy::unwrap_used, reason = "in tests, what fails shall fail")]

use adit::{Engine, Function, Value};
use adit_argmin::{CostFunction, Gradient, Hessian, Jacobian, LevenbergMarquardt, Operator, Problem, Wolfe};
use argmin::core::{Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::neldermead::NelderMead;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};

const SOURCE: &str = "
struct Point { x: f64, turns: i64, rest: [f64; 2] }
fn rosenbrock(x: [f64; n]) -> f64 { sum((1 - x[i])^2 + 100 * (x[i + 1] - x[i]^2)^2 for i in 0..n - 1) }
fn bowl(p: Point, center: [f64; 2], weight: f64) -> f64 { weight * ((p.x - 3)^2 + sum((p.rest - center)^2)) + 1 }
fn line(a: f64, b: f64, x: [f64; n], y: [f64; n]) -> [f64; n] { y - (a + b * x) }
fn single(x: f32) -> f32 { (x - 2)^2 }
fn guarded(x: [f64; 1]) -> f64 { assert(x[0] < 10); (x[0] - 100)^2 }
fn count(n: i64) -> i64 { n }
";

fn function(name: &str) -> Function {
    Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}")).function(name).unwrap()
}

fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance), "{found:?} and {expected:?}");
}

#[test]
fn a_quasi_newton_method_goes_to_the_minimum_by_either_line_search() {
    let problem = Problem::new(&function("rosenbrock"), &[[-1.2, 1.0, 0.5].into()], &["x"]).unwrap();
    macro_rules! found {
        ($search:expr) => {{
            let start = problem.start();
            let solver = Executor::new(problem.clone(), LBFGS::new($search, 7));
            let result = solver.configure(|state| state.param(start).max_iters(200)).run().unwrap();
            result.state.get_best_param().unwrap().clone()
        }};
    }
    near(&found!(MoreThuenteLineSearch::new()), &[1.0; 3], 1e-6);
    near(&found!(Wolfe::default()), &[1.0; 3], 1e-6);
}

#[test]
fn a_trust_region_takes_the_hessian() {
    let problem = Problem::new(&function("rosenbrock"), &[[-1.2, 1.0].into()], &["x"]).unwrap();
    let start = problem.start();
    let solver = Executor::new(problem, TrustRegion::new(Steihaug::new().with_max_iters(20)));
    let result = solver.configure(|state| state.param(start).max_iters(100)).run().unwrap();
    near(result.state.get_best_param().unwrap(), &[1.0; 2], 1e-8);
}

#[test]
fn a_method_without_derivatives_takes_the_cost() {
    let problem = Problem::new(&function("rosenbrock"), &[[0.0, 0.0].into()], &[]).unwrap();
    let corners = vec![vec![-1.0, 3.0], vec![2.0, 1.5], vec![2.0, -1.0]];
    let solver = Executor::new(problem, NelderMead::new(corners).with_sd_tolerance(1e-12).unwrap());
    let result = solver.configure(|state| state.max_iters(1000)).run().unwrap();
    near(result.state.get_best_param().unwrap(), &[1.0; 2], 1e-4);
}

#[test]
fn least_squares_take_residuals_and_their_jacobian() {
    let line = function("line");
    let data = [("x", vec![0.0, 1.0, 2.0].into()), ("y", vec![1.0, 3.5, 5.0].into())];
    let args = line.arrange(&[&[("a", 0.0.into()), ("b", 0.0.into())], &data[..]].concat()).unwrap();
    let problem = Problem::new(&line, &args, &["a", "b"]).unwrap();
    assert_eq!(problem.apply(&vec![1.0, 2.0]).unwrap(), [0.0, 0.5, 0.0]);
    assert_eq!(problem.jacobian(&vec![1.0, 2.0]).unwrap(), [[-1.0, 0.0], [-1.0, -1.0], [-1.0, -2.0]]);
    let solver = Executor::new(problem, LevenbergMarquardt::default());
    let result = solver.configure(|state| state.param(vec![0.0, 0.0]).max_iters(50)).run().unwrap();
    near(result.state.get_best_param().unwrap(), &[7.0 / 6.0, 2.0], 1e-10);
}

#[test]
fn the_floats_of_structs_move_and_their_integers_stay() {
    let bowl = function("bowl");
    let point = Value::structure([("x", 1.0.into()), ("turns", 7i64.into()), ("rest", [0.0, 0.0].into())]);
    let args = bowl.arrange(&[("p", point), ("center", [4.0, 5.0].into()), ("weight", 2.0.into())]).unwrap();
    let problem = Problem::new(&bowl, &args, &["p"]).unwrap();
    assert_eq!(problem.free().names(), ["p.x", "p.rest[0]", "p.rest[1]"]);
    let at = vec![2.0, 4.0, 6.0];
    assert_eq!(problem.cost(&at).unwrap(), 5.0);
    assert_eq!(problem.gradient(&at).unwrap(), [-4.0, 0.0, 4.0]);
    assert_eq!(problem.hessian(&at).unwrap(), [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]]);
    assert_eq!(problem.hessian_product(&at, &[1.0, 0.0, -1.0]).unwrap(), [4.0, 0.0, -4.0]);
    let (name, value) = problem.free().values_at(&at).unwrap().remove(0);
    assert_eq!((name.as_str(), value.field("turns")), ("p", Some(&7i64.into())));
    assert_eq!(value.field("rest"), Some(&[4.0, 6.0].into()));
}

#[test]
fn single_precision_is_rounded() {
    let problem = Problem::new(&function("single"), &[1.0f32.into()], &[]).unwrap();
    assert_eq!(problem.cost(&vec![0.5]).unwrap(), 2.25);
    assert_eq!(problem.gradient(&vec![0.5]).unwrap(), [-3.0]);
}

#[test]
fn threads_share_a_problem() {
    let problem = Problem::new(&function("rosenbrock"), &[[0.0; 4].into()], &[]).unwrap();
    let at = |k: u8| vec![0.1 * f64::from(k), 0.5, -0.5, 1.0];
    let alone: Vec<_> = (0..8).map(|k| problem.gradient(&at(k)).unwrap()).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let work: Vec<_> = (0..8)
            .map(|k| {
                scope.spawn({
                    let problem = &problem;
                    move || problem.gradient(&at(k)).unwrap()
                })
            })
            .collect();
        work.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn what_does_not_fit_is_told_with_its_code() {
    let code = |error: adit::Error| error.diagnostics()[0].code.to_string();
    let rosenbrock = function("rosenbrock");
    assert_eq!(code(Problem::new(&rosenbrock, &[[0.0].into()], &["y"]).unwrap_err()), "AD0904");
    assert_eq!(code(Problem::new(&rosenbrock, &[], &[]).unwrap_err()), "AD0904");
    assert_eq!(code(Problem::new(&rosenbrock, &[Value::from(Vec::<f64>::new())], &[]).unwrap_err()), "AD0603");
    assert_eq!(code(Problem::new(&function("count"), &[1i64.into()], &[]).unwrap_err()), "AD0603");
    let residuals =
        Problem::new(&function("line"), &[0.0.into(), 0.0.into(), [0.0].into(), [0.0].into()], &["a"]).unwrap();
    assert_eq!(code(residuals.value(&[0.0]).unwrap_err()), "AD0602");
    assert_eq!(code(residuals.residuals(&[0.0, 1.0]).unwrap_err()), "AD0906");
}

#[test]
fn a_run_that_stops_is_an_error_of_argmin_in_adits_words() {
    let problem = Problem::new(&function("guarded"), &[[0.0].into()], &[]).unwrap();
    let solver = Executor::new(problem.clone(), LBFGS::new(MoreThuenteLineSearch::new(), 3));
    let stopped = solver.configure(|state| state.param(vec![20.0]).max_iters(20)).run();
    let Err(error) = stopped else { panic!("it runs") };
    assert!(error.to_string().contains("AD0803"), "{error}");
    assert!(error.downcast_ref::<adit::Error>().is_some());
}

#[test]
fn nothing_is_allocated_but_what_is_given_away() {
    let problem = Problem::new(&function("rosenbrock"), &[[0.5; 4].into()], &[]).unwrap();
    let at = vec![0.1, 0.2, 0.3, 0.4];
    let counted = |what: &str, allowed: u64, work: &dyn Fn()| {
        work();
        let counts = allocation_counter::measure(work);
        assert!(counts.count_total <= allowed, "{what}: {counts:?}");
    };
    counted("a cost", 0, &|| drop(problem.cost(&at)));
    counted("a gradient", 1, &|| drop(problem.gradient(&at)));
    counted("a product", 1, &|| drop(problem.hessian_product(&at, &at)));
    counted("a Hessian", 5, &|| drop(problem.hessian(&at)));
    counted("residuals", 1, &|| drop(problem.apply(&at)));
}
