//! Construct by construct: a program with derivatives, and what it must give, from calculus.

use crate::tree::tests::{floats, outcome, program, stopped, value};
use crate::tree::{Array, Value, run};
use adit_ir::{Limits, Scalar, Trap};
use adit_sema::typed::FnId;

/// All numbers of a value.
fn numbers(value: &Value) -> Vec<f64> {
    let mut all = Vec::new();
    value.numbers(&mut all);
    all.into_iter().map(|s| s.as_float().unwrap_or(f64::NAN)).collect()
}

/// That `f` of these arguments gives these numbers.
#[track_caller]
fn gives_for(source: &str, args: Vec<Value>, expected: &[f64]) {
    let found = numbers(&value(source, args));
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    let same = found.len() == expected.len() && found.iter().zip(expected).all(close);
    assert!(same, "{found:?} instead of {expected:?} in {source}");
}

#[track_caller]
fn gives(body: &str, expected: &[f64]) {
    gives_for(body, vec![2.0.into()], expected);
}

/// What `f` prints.
fn lines(source: &str, args: Vec<Value>) -> Vec<String> {
    let program = program(source);
    let main = program.functions.iter().position(|f| &*f.name == "f").expect("there is an `f`");
    let mut lines = Vec::new();
    let ran = run(&program, FnId(main as u32), args, &Limits::default(), &mut |line| lines.push(line.to_owned()));
    ran.expect("the run succeeds");
    lines
}

#[test]
fn gradients_of_numbers() {
    gives("fn f(x: f64) -> f64 { grad(|t| t^3)(x) }", &[12.0]);
    gives("fn f(x: f64) -> f64 { grad(|t| t^3, forward)(x) }", &[12.0]);
    gives("fn f(x: f64) -> (f64, f64) { value_and_grad(sin)(x) }", &[2f64.sin(), 2f64.cos()]);
    gives("fn f(x: f64) -> (f64, f64) { grad(|a, b| a * b^2)(x, 3.0) }", &[9.0, 12.0]);
    gives("fn f(x: f64) -> (f64, f64) { jvp(|a, b| a * b^2, (x, 3.0), (1.0, 0.5)) }", &[18.0, 15.0]);
    gives("fn f(x: f64) -> f64 { grad(grad(grad(|t| t^4)))(x) }", &[48.0]);
    gives("fn f(x: f64) -> f64 { hessian(|t| t^4)(x) }", &[48.0]);
    gives("fn f(x: f64) -> f64 { hvp(|t| t^4, x, 0.5) }", &[24.0]);
    gives("fn f(x: f64) -> (f64, f64) { hvp(|a, b| a^2 * b, (x, 3.0), (1.0, 0.5), reverse) }", &[8.0, 4.0]);
}

/// The classic: d/dx (x · d/dy (x + y)) is 1, not 2.
#[test]
fn perturbations_do_not_mix() {
    gives("fn f(x: f64) -> f64 { grad(|a| a * grad(|b| a + b)(1.0))(x) }", &[1.0]);
    gives("fn f(x: f64) -> f64 { grad(|a| grad(|b| a * b)(a) * a)(x) }", &[4.0]);
    gives("fn f(x: f64) -> f64 { grad(|a| a * jvp(|b| a * b^2, 3.0, a).1)(x) }", &[6.0 * 3.0 * 4.0]);
}

#[test]
fn arrays_structs_and_their_integers() {
    let source = "struct P<n> { w: [f64; n], k: i64, b: f64 }
        fn g(p: P<n>, x: [f64; n]) -> f64 { p.b + f64(p.k) * dot(p.w, x)^2 }
        fn f(w: [f64; n], x: [f64; n]) -> (P<n>, [f64; n]) { grad(g)(P { w: w, k: 3, b: 1 }, x) }";
    let found = value(source, vec![floats(&[2], &[1.0, 2.0]), floats(&[2], &[3.0, 4.0])]);
    let Value::Tuple(parts) = &found else { panic!("{found:?}") };
    // 2 · 3 · 11 = 66
    let expected = Value::Tuple(vec![floats(&[2], &[198.0, 264.0]), Value::from(0), 1.0.into()]);
    assert_eq!(parts[0], expected);
    assert_eq!(parts[1], floats(&[2], &[66.0, 132.0]));
}

#[test]
fn matrices_have_the_extents_of_the_result_first() {
    let x = || vec![floats(&[2], &[2.0, 3.0])];
    let jacobian = "fn g(x: [f64; n]) -> [f64; 3] { [x[0] * x[1], x[0], x[1]^2] }
        fn f(x: [f64; n]) -> [f64; 3, n] { jacobian(g)(x) }";
    assert_eq!(value(jacobian, x()), floats(&[3, 2], &[3.0, 2.0, 1.0, 0.0, 0.0, 6.0]));
    let hessian = "fn g(x: [f64; n]) -> f64 { x[0]^2 * x[1] } fn f(x: [f64; n]) -> [f64; n, n] { hessian(g)(x) }";
    assert_eq!(value(hessian, x()), floats(&[2, 2], &[6.0, 4.0, 4.0, 0.0]));
    let blocks = "fn g(x: [f64; n], s: f64) -> f64 { s^2 * x[0] * x[1] }
        fn f(x: [f64; n]) -> (([f64; n, n], [f64; n]), ([f64; n], f64)) { hessian(g)(x, 5.0) }";
    let (off, cross) = (25.0, [30.0, 20.0]);
    gives_for(blocks, x(), &[0.0, off, off, 0.0, cross[0], cross[1], cross[0], cross[1], 12.0]);
    let mixed = "fn g(x: [f64; n], s: f64) -> ([f64; n], i64, f64) { (s * x, 1, x[0]) }
        fn f(x: [f64; n]) -> (([f64; n, n], [f64; n]), ([f64; n], f64)) { jacobian(g)(x, 5.0) }";
    gives_for(mixed, x(), &[5.0, 0.0, 0.0, 5.0, 2.0, 3.0, 1.0, 0.0, 0.0]);
}

#[test]
fn cotangents_are_weighted_by_the_seed() {
    let source = "fn g(x: f64, y: f64) -> ([f64; 2], f64) { ([x * y, x], y^2) }
        fn f(x: f64) -> (([f64; 2], f64), (f64, f64)) { vjp(g, (x, 3.0), ([10.0, 100.0], 1000.0)) }";
    gives_for(source, vec![2.0.into()], &[6.0, 2.0, 9.0, 130.0, 6020.0]);
}

#[test]
fn loops_branches_recursion_and_captures() {
    gives("fn f(x: f64) -> f64 { grad(|t| { let mut s = t; for i in 0..3 { s *= t; } s })(x) }", &[32.0]);
    gives(
        "fn p(x: f64, k: i64) -> f64 { if k == 0 { 1 } else { x * p(x, k - 1) } } fn f(x: f64) -> f64 { grad(|t| p(t, 4))(x) }",
        &[32.0],
    );
    gives("fn f(x: f64) -> f64 { let c = x^2; grad(|t| if t > c { t } else { c * t })(x) }", &[4.0]);
    gives("fn f(x: f64) -> f64 { grad(|u| { let c = u^2; grad(|t| c * t)(1.0) })(x) }", &[4.0]);
    gives("fn f(x: f64) -> f64 { let mut s = 0.0; for i in 0..3 { s += grad(|t| f64(i) * t^2)(x); } s }", &[12.0]);
    gives(
        "fn g(h: fn(f64) -> f64, x: f64) -> f64 { grad(h)(x) } fn f(x: f64) -> f64 { g(|t| t^2, x) + g(sin, 0.0) }",
        &[5.0],
    );
}

#[test]
fn what_is_lent_holds_its_last_contents_once() {
    let source = "fn double(a: &mut [f64; n], k: &mut i64) -> f64 { let s = dot(a, a); a *= 2; k += 1; s }
        fn f(x: [f64; n]) -> ([f64; n], [f64; n], i64) {
            let mut a = x; let mut k = 0;
            let g = grad(double)(&mut a, &mut k);
            (g, a, k)
        }";
    let found = value(source, vec![floats(&[2], &[1.0, 3.0])]);
    assert_eq!(found, Value::Tuple(vec![floats(&[2], &[2.0, 6.0]), floats(&[2], &[2.0, 6.0]), Value::from(1)]));
    assert!(outcome(source, vec![floats(&[0], &[])]).is_ok(), "no floats, one run");
}

#[test]
fn stopped_gradients_are_constants_at_every_order() {
    gives("fn f(x: f64) -> f64 { grad(|t| stop_gradient(t) * t)(x) }", &[2.0]);
    gives("fn f(x: f64) -> f64 { grad(|u| grad(|t| stop_gradient(u) * t * u)(u))(x) }", &[2.0]);
}

#[test]
fn conventions_at_awkward_points() {
    let zero = || vec![0.0.into()];
    gives_for("fn f(x: f64) -> f64 { grad(|t| abs(t) + sqrt([t, 4.0])[1])(x) }", zero(), &[0.0]);
    gives_for("fn f(x: f64) -> (f64, f64) { grad(|a, b| max(a, b))(x, 0.0) }", zero(), &[0.5, 0.5]);
    gives_for("fn f(x: f64) -> [f64; 3] { grad(|a| max(a))([x, x, -1]) }", zero(), &[0.5, 0.5, 0.0]);
    gives_for("fn f(x: f64) -> [f64; 2] { grad(|a| norm(a))([x, x]) }", zero(), &[0.0, 0.0]);
    gives_for(
        "fn f(x: f64) -> ((f64, f64), (f64, f64)) { hessian(|a, b| xlogy(a, b))(x, 2.0) }",
        zero(),
        &[0.0, 0.5, 0.5, 0.0],
    );
}

#[test]
fn single_precision_stays_single() {
    let source = "fn f(x: f64) -> (f32, f64) { (grad(|t| t * t)(f32(x)), grad(|t| f64(f32(t) * f32(3)))(x)) }";
    let found = value(source, vec![0.1.into()]);
    let expected = Value::Tuple(vec![Value::Scalar(Scalar::F32(0.2)), 3.0.into()]);
    assert_eq!(found, expected);
}

#[test]
fn rules_are_asked_in_the_mode_of_the_derivative() {
    let rules = "fn h(x: f64, y: f64) -> f64 { x * y }
        @jvp(h) fn h_jvp(x: f64, y: f64, dx: f64, dy: f64) -> (f64, f64) { (0.0, 100 * dx * x + dy) }
        @vjp(h) fn h_vjp(x: f64, y: f64, w: f64) -> (f64, (f64, f64)) { (0.0, (10 * w * x, w)) }";
    let check = |body: &str, expected: &[f64]| {
        gives(&format!("{rules} fn f(x: f64) -> {body}"), expected);
    };
    check("f64 { grad(|t| h(t, 3.0))(x) }", &[20.0]);
    check("f64 { grad(|t| h(t, 3.0), forward)(x) }", &[200.0]);
    check("f64 { jvp(|t| h(t, 3.0), x, 1.0).0 }", &[6.0]);
    // The second derivative is that of the rule's body.
    check("f64 { hessian(|t| h(t, 3.0))(x) }", &[10.0]);
}

#[test]
fn a_rule_of_one_mode_serves_both() {
    let vjp = "fn h(x: [f64; 2], k: i64) -> f64 { 0.0 * x[0] * f64(k) }
        @vjp(h) fn h_vjp(x: [f64; 2], k: i64, w: f64) -> (f64, [f64; 2]) { (0.0, [w * x[1], f64(k) * w]) }";
    let jvp = "fn h(x: [f64; 2], k: i64) -> f64 { 0.0 * x[0] * f64(k) }
        @jvp(h) fn h_jvp(x: [f64; 2], k: i64, d: [f64; 2]) -> (f64, f64) { (0.0, d[0] * x[1] + f64(k) * d[1]) }";
    for rules in [vjp, jvp] {
        for mode in ["forward", "reverse"] {
            let source = format!("{rules} fn f(x: f64) -> [f64; 2] {{ grad(|v| h(v, 7), {mode})([1.0, x]) }}");
            gives(&source, &[2.0, 7.0]);
        }
    }
}

#[test]
fn kernels_move_by_themselves() {
    // det [[t, 1], [1, 3]] = 3 t − 1
    gives("fn f(x: f64) -> f64 { grad(|t| logdet([[t, 1.0], [1.0, 3.0]]))(x) }", &[3.0 / 5.0]);
    gives("fn f(x: f64) -> f64 { hessian(|t| logdet([[t, 1.0], [1.0, 3.0]]))(x) }", &[-9.0 / 25.0]);
    gives("fn f(x: f64) -> f64 { grad(|t| solve([[t, 1.0], [1.0, 3.0]], [1.0, 0.0])[0])(x) }", &[-9.0 / 25.0]);
    gives("fn f(x: f64) -> f64 { grad(|t| cholesky([[t^2, 3 * t], [3 * t, 10.0]])[1, 0])(x) }", &[0.0]);
    let symmetric = "fn f(x: f64) -> [f64; 2, 2] { grad(|a| cholesky(a)[1, 0])([[4.0, 9.0], [x, 10.0]]) }";
    gives(symmetric, &[-0.125, 0.25, 0.25, 0.0]);
    gives(
        "fn f(x: f64) -> [f64; 2, 2] { grad(|t| solve_triangular(t, [1.0, 1.0])[1])([[2.0, 7.0], [x, 4.0]]) }",
        &[0.125, 0.0, -0.125, 0.0],
    );
}

#[test]
fn what_does_not_move_takes_nothing_of_a_cotangent() {
    gives("fn g(x: f64) -> f64 { 0.5 } fn f(x: f64) -> f64 { vjp(g, x, log(0.0 - x)).1 }", &[0.0]);
}

#[test]
fn lines_are_printed_once_by_each_operator() {
    let printing =
        "fn g(x: [f64; 3]) -> [f64; 2] { print(x[0]); [x[0] * x[1], x[2]] } fn h(x: [f64; 3]) -> f64 { sum(g(x)) }";
    for body in [
        "grad(h)(x)[0]",
        "grad(h, forward)(x)[0]",
        "value_and_grad(h, forward)(x).0",
        "jvp(h, x, x).1",
        "vjp(g, x, [1.0, 1.0]).1[0]",
        "jacobian(g, reverse)(x)[0, 0]",
        "jacobian(g, forward)(x)[0, 0]",
        "hessian(h)(x)[0, 0]",
        "hessian(h, reverse)(x)[0, 0]",
        "hvp(h, x, x)[0]",
        "sum(grad(|v| sum(hessian(h)(v)))(x))",
    ] {
        let source = format!("{printing} fn f(x: [f64; 3]) -> f64 {{ {body} }}");
        assert_eq!(lines(&source, vec![floats(&[3], &[1.0, 2.0, 3.0])]), ["1.0"], "{body}");
    }
}

#[test]
fn errors_stop_derivatives_where_the_function_stops() {
    let source = "fn g(x: [f64; n]) -> f64 { x[0] / x[5] } fn f(x: [f64; n]) -> [f64; n] { grad(g)(x) }";
    let (trap, text) = stopped(source, vec![floats(&[2], &[1.0, 2.0])]);
    assert_eq!((trap, &*text), (Trap::IndexOutOfRange, "x[5]"));
    let source = "fn f(x: [f64; n], d: [f64; m]) -> f64 { jvp(|v| sum(v), x, d).1 }";
    let (trap, _) = stopped(source, vec![floats(&[2], &[1.0, 2.0]), floats(&[1], &[1.0])]);
    assert!(matches!(trap, Trap::ShapeMismatch(_)), "{trap:?}");
}

/// An array that nothing moves is an array of plain numbers again.
#[test]
fn nothing_moves_afterwards() {
    let source = "fn f(x: [f64; n]) -> [f64; n] { let g = grad(|v| sum(v * v))(x); g * 0.5 }";
    let Value::Array(Array { elements, .. }) = value(source, vec![floats(&[2], &[1.0, 2.0])]) else { panic!() };
    assert_eq!(&elements[..], [Scalar::F64(1.0), Scalar::F64(2.0)]);
}
