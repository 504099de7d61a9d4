//! Scalars, operators, functions.

use super::harness::*;

#[test]
fn a_nice_function() {
    assert_eq!(f("fn f(x: f64) -> f64 { 2 * x + 1 }", &[V::F(3.0)]), "7.0");
}

#[test]
fn operators_of_integers_and_floats() {
    assert_eq!(
        f("fn f(a: i64, b: i64) -> (i64, i64, i64) { (a / b, a % b, -a - b * 2) }", &[V::I(-7), V::I(2)]),
        "(-3, -1, 3)"
    );
    assert_eq!(f("fn f(x: f64) -> f64 { -x^2 + 2.0^-1 }", &[V::F(3.0)]), "-8.5");
    assert_eq!(f("fn f(x: f64, k: i64) -> f64 { x^k }", &[V::F(2.0), V::I(-2)]), "0.25");
}

#[test]
fn short_circuit_runs_the_right_side_only_if_it_matters() {
    let source = "fn p(k: i64, b: bool) -> bool { print(k); b }
        fn f(a: bool, b: bool) -> (bool, bool) { (p(1, a) && p(2, b) && p(3, true), p(4, a) || p(5, b)) }";
    assert_eq!(f(source, &[V::B(true), V::B(false)]), "(false, true) | 1 | 2 | 4");
    assert_eq!(f(source, &[V::B(false), V::B(true)]), "(false, true) | 1 | 4 | 5");
    assert_eq!(f(source, &[V::B(true), V::B(true)]), "(true, true) | 1 | 2 | 3 | 4");
}

#[test]
fn operands_are_evaluated_from_left_to_right() {
    let source = "fn p(x: f64) -> f64 { print(x); x }
        fn f() -> f64 { p(1) - p(2) * p(3) / p(4) }";
    assert_eq!(f(source, &[]), "-0.5 | 1.0 | 2.0 | 3.0 | 4.0");
}

#[test]
fn traps_have_the_span_of_their_expression() {
    assert_eq!(f("fn f(a: i64) -> i64 { 1 + 6 / a }", &[V::I(0)]), "AD0802 at 26..31: integer division by zero");
    let failed = f("fn f(a: i64) -> i64 { assert(a > 3, \"small\"); a }", &[V::I(0)]);
    assert_eq!(failed, "AD0803 at 22..44: assertion failed: small");
}

#[test]
fn variables_and_shadowing() {
    assert_eq!(f("fn f(x: f64) -> f64 { let mut y = x; y += 1; let x = y * 2; y = 0; x + y }", &[V::F(1.0)]), "4.0");
    assert_eq!(f("fn f(x: f64) -> f64 { let y = { let mut t = x; t *= 3; t - 1 }; y / 2 }", &[V::F(1.0)]), "1.0");
}

#[test]
fn library_functions_written_in_the_language() {
    assert_eq!(f("fn f(x: f64) -> f64 { normal_logpdf(x, 0, 1) }", &[V::F(0.0)]), "-0.9189385332046727");
    assert_eq!(f("fn f(x: f64) -> (f64, f64) { sincos(x) }", &[V::F(0.0)]), "(0.0, 1.0)");
}

#[test]
fn recursion_and_mutual_calls() {
    let source = "fn even(n: i64) -> bool { if n == 0 { true } else { odd(n - 1) } }
        fn odd(n: i64) -> bool { if n == 0 { false } else { even(n - 1) } }
        fn f(n: i64) -> bool { even(n) }";
    assert_eq!(f(source, &[V::I(10)]), "true");
    assert_eq!(f(source, &[V::I(7)]), "false");
}
