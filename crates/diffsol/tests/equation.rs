//! Closures: values, products and transposed products of known functions.

#![expect(clippy::unwrap_used, reason = "in tests, what fails shall fail")]

use adit::{Engine, Function, Value};
use adit_diffsol::{Equation, Roles};

const SOURCE: &str = "
struct Rates { birth: f64, bite: f64 }
fn prey(y: [f64; 2], r: Rates, death: f64, t: f64) -> [f64; 2] {
    [y[0] * (r.birth - r.bite * y[1]) + t, y[1] * (y[0] - death)]
}
fn begin(y0: [f64; 2], k: f64) -> [f64; 2] { k * y0 }
fn fails(y: [f64; 1]) -> [f64; 1] { assert(y[0] < 1); y }
";

fn function(name: &str) -> Function {
    Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}")).function(name).unwrap()
}

fn prey() -> Equation {
    let f = function("prey");
    let rates = Value::structure([("birth", 0.0.into()), ("bite", 0.0.into())]);
    let args = f.arrange(&[("y", [0.0, 0.0].into()), ("r", rates), ("death", 0.0.into()), ("t", 0.0.into())]).unwrap();
    // Parameters in another order than the function's: death, birth, bite.
    Equation::new(&f, &args, &Roles { state: &["y"], parameters: &["death", "r"], time: Some("t") }).unwrap()
}

const AT: (&[f64], &[f64], f64) = (&[2.0, 3.0], &[0.5, 7.0, 2.0], 10.0);

#[test]
fn products_are_those_of_the_function() {
    let f = prey();
    let mut out = [0.0; 2];
    f.value()(AT.0, AT.1, AT.2, &mut out);
    assert_eq!(out, [12.0, 4.5]);
    // By the state: [[1, -4], [3, 1.5]].
    f.jacobian()(AT.0, AT.1, AT.2, &[1.0, 10.0], &mut out);
    assert_eq!(out, [-39.0, 18.0]);
    f.jacobian_adjoint()(AT.0, AT.1, AT.2, &[1.0, 10.0], &mut out);
    assert_eq!(out, [-31.0, -11.0]);
    // By death, birth, bite: [[0, 2, -6], [-3, 0, 0]].
    f.sensitivity()(AT.0, AT.1, AT.2, &[1.0, 10.0, 100.0], &mut out);
    assert_eq!(out, [-580.0, -3.0]);
    let mut slopes = [0.0; 3];
    f.sensitivity_adjoint()(AT.0, AT.1, AT.2, &[1.0, 10.0], &mut slopes);
    assert_eq!(slopes, [30.0, -2.0, 6.0]);
    assert!(f.failure().is_none());
}

#[test]
fn initial_values_have_parameters_alone() {
    let f = function("begin");
    let args = f.arrange(&[("y0", [1.0, 2.0].into()), ("k", 1.0.into())]).unwrap();
    let start = Equation::new(&f, &args, &Roles { state: &[], parameters: &["k"], time: None }).unwrap();
    let (mut out, mut slope) = ([0.0; 2], [0.0]);
    start.start()(&[3.0], 0.0, &mut out);
    assert_eq!(out, [3.0, 6.0]);
    start.start_sensitivity()(&[3.0], 0.0, &[10.0], &mut out);
    assert_eq!(out, [10.0, 20.0]);
    start.start_adjoint()(&[3.0], 0.0, &[1.0, 10.0], &mut slope);
    assert_eq!(slope, [-21.0]);
}

#[test]
fn what_fails_is_nan_and_told() {
    let f = function("fails");
    let equation = Equation::new(&f, &[[0.0].into()], &Roles { state: &["y"], parameters: &[], time: None }).unwrap();
    let code = || equation.failure().map(|error| error.diagnostics()[0].code.to_string());
    let mut out = [0.0];
    equation.value()(&[0.5], &[], 0.0, &mut out);
    assert_eq!((out, code()), ([0.5], None));
    equation.value()(&[2.0], &[], 0.0, &mut out);
    assert!(out[0].is_nan());
    assert_eq!(code().as_deref(), Some("AD0803"));

    let other = prey();
    other.value()(&[1.0], AT.1, AT.2, &mut [0.0; 2]);
    assert_eq!(other.failure().unwrap().diagnostics()[0].code.to_string(), "AD0906");
    let unknown = Equation::new(&f, &[[0.0].into()], &Roles { state: &["z"], parameters: &[], time: None });
    assert_eq!(unknown.unwrap_err().diagnostics()[0].code.to_string(), "AD0904");
}

#[test]
fn nothing_is_allocated_after_the_first_call() {
    let f = prey();
    let (value, forward, backward) = (f.value(), f.jacobian(), f.sensitivity_adjoint());
    let calls = || {
        value(AT.0, AT.1, AT.2, &mut [0.0; 2]);
        forward(AT.0, AT.1, AT.2, &[1.0, 0.0], &mut [0.0; 2]);
        backward(AT.0, AT.1, AT.2, &[1.0, 0.0], &mut [0.0; 3]);
    };
    calls();
    let counts = allocation_counter::measure(calls);
    assert_eq!(counts.count_total, 0, "{counts:?}");
}
