//! Numbers: literals, conversions, operators, functions of the table.

use super::{right, type_of, wrong};

fn of(expression: &str) -> String {
    type_of(
        &format!("fn f(x: f64, k: i64, b: bool, v: [f64; n], w: [i64; n], m: [f64; n, p]) {{ let y = {expression}; }}"),
        "y",
    )
}

#[test]
fn integer_literals_adapt_to_floats() {
    for expression in [
        "2 * x",
        "x - 1",
        "-2 * x",
        "x^2",
        "x^-1",
        "2^x",
        "x % 3",
        "max(0, x)",
        "max(x, -1)",
        "atan2(1, x)",
        "sqrt(2)",
        "fma(1, x, 2)",
        "f64(3)",
        "x + if b { 1 } else { -2 }",
        "x + { let t = 2; 3 }",
        "if b { 1 } else { 2.5 }",
        "if b { x } else { 0 }",
        "if b { 1 } else if x > 0 { 2 } else { x }",
        "hypot(3, 4)",
        "floor(2)",
        "normal_logpdf(0, 0, 1)",
        "mean([1, 2])",
        "norm([3, 4])",
        "(1)*x",
        "polygamma(1, 2)",
        "dot([1, 2], [0.5, 1])",
        "if b { 0 } else if x > 1 { return; } else { x }",
    ] {
        assert_eq!(of(expression), "f64", "{expression}");
    }
    assert_eq!(of("[1, 2.5, 3]"), "[f64; 3]");
    assert_eq!(of("[[1, 2], [3, x]]"), "[f64; 2, 2]");
    assert_eq!(of("[1, 2] * x"), "[f64; 2]");
    assert_eq!(of("where(b, 1, x)"), "f64");
    assert_eq!(of("where(v > 0, 1, v)"), "[f64; n]");
    right(
        "fn f() -> f64 { return 1; } fn g() -> f64 { 0 } fn h(x: f64) { } fn k() { h(2); let y: f64 = -3; let (a, b): (f64, i64) = (1, 2); }",
    );
    right("struct P { a: f64, v: [f64; 2] } fn f() -> P { P { a: 1, v: [1, 2] } }");
    right("fn f() -> [f64; 2, 2] { [[1, 2], [3, 4]] }");
    right("fn f() -> [f64; 3] { [0 for i in 0..3] }");
    right("fn f() -> (f64, f64) { (1, if true { 2 } else { 3 }) }");
}

#[test]
fn literals_yield_before_zeros_does() {
    assert_eq!(of("zeros(n) + 1"), "[f64; n]");
    assert_eq!(of("1 - zeros(n) * 2"), "[f64; n]");
    assert_eq!(of("where(b, zeros(n), 1)"), "[f64; n]");
    assert_eq!(of("dot(zeros(2), [1, 2])"), "f64");
    assert_eq!(of("max(zeros(n), 0)"), "[f64; n]");
    assert_eq!(of("[[1, 2], zeros(2)]"), "[f64; 2, 2]");
    assert_eq!(of("identity(2) @ [1, 2]"), "[f64; 2]");
    assert_eq!(of("zeros(n) + w"), "[i64; n]");
}

#[test]
fn literals_in_tuples_adapt_too() {
    right("fn f(c: bool) -> (f64, (f64, i64)) { if c { (1, (2, 3)) } else { let t = 1; { (0.5, (-1, t)) } } }");
    right(
        "fn f(c: bool) { let t: (f64, [f64; 2]) = { (1, [2, 3]) }; let u = if c { (1, 2) } else { (0.5, 2) }; let x: f64 = u.0; }",
    );
}

#[test]
fn integers_alone_stay_integers() {
    for expression in [
        "1 / 2",
        "2^3",
        "k^2",
        "-k",
        "abs(-2)",
        "max(1, 2)",
        "sign(k)",
        "k % 3",
        "i64(x)",
        "i64(b)",
        "len(v)",
        "size(m, 1)",
        "sum(w)",
        "argmax(v)",
        "1_000",
    ] {
        assert_eq!(of(expression), "i64", "{expression}");
    }
    assert_eq!(of("[1, 2]"), "[i64; 2]");
    assert_eq!(of("w + 1"), "[i64; n]");
    assert_eq!(of("abs(w)"), "[i64; n]");
    assert_eq!(of("[i for i in 0..k]"), "[i64; k]");
}

#[test]
fn nothing_else_becomes_a_float_by_itself() {
    let words = wrong("AD0206", "fn f(x: f64) -> f64 { (1 / 2) «*» x }");
    assert!(words.contains("1.0 / 2"), "{words}");
    wrong("AD0206", "fn f(x: f64) -> f64 { 2 * 3 «*» x }");
    let words = wrong("AD0206", "fn f(x: f64, k: i64) -> f64 { k «*» x }");
    assert!(words.contains("f64(k)"), "{words}");
    wrong("AD0206", "fn f(k: i64) -> f64 { «k» }");
    wrong("AD0206", "fn f(k: i64) -> f64 { return «k»; }");
    wrong("AD0206", "fn f(k: i64) -> f64 { sin(«k») }");
    wrong("AD0206", "fn f(k: i64, x: f64) -> f64 { max(«k», x) }");
    wrong("AD0206", "fn f(k: i64) -> f64 { k «^» 0.5 }");
    wrong("AD0206", "fn f(k: i64) { let y: f64 = «k»; }");
    wrong("AD0206", "const N: i64 = 3; fn f(x: f64) -> f64 { N «*» x }");
    wrong("AD0206", "fn f(w: [i64; n]) -> f64 { mean(«w») }");
    wrong("AD0206", "fn g(x: f64) { } fn f(k: i64) { g(«k»); }");
    wrong("AD0206", "fn f(k: i64, x: f64) -> f64 { if x > 0 { x } else { «k» } }");
    wrong("AD0206", "fn f(k: i64, x: f64) -> [f64; 2] { [x, «k»] }");
}

#[test]
fn an_integer_accumulator_is_explained() {
    let words = wrong("AD0206", "fn f(x: f64) -> f64 { let mut s = 0; «s += x»; x }");
    assert!(words.contains("write `0.0`") && words.contains("[0]"), "{words}");
    let words = wrong("AD0206", "fn f() -> f64 { let s = 0; «s» }");
    assert!(words.contains("write `0.0` here if"), "{words}");
    right("fn f(x: f64) -> f64 { let mut s = 0.0; s += x; s += 1; s *= -2; s }");
    right("fn f() -> i64 { let mut s = 0; s += 1; s /= 2; s }");
    wrong("AD0206", "fn f(k: i64) -> f64 { let mut s = 0.0; «s += k»; s }");
}

#[test]
fn powers() {
    assert_eq!(of("x^k"), "f64");
    assert_eq!(of("v^k"), "[f64; n]");
    assert_eq!(of("v^w"), "[f64; n]");
    assert_eq!(of("2^0.5"), "f64");
    assert_eq!(of("-x^2"), "f64");
    assert_eq!(of("2^-1"), "i64");
}

#[test]
fn conversions() {
    assert_eq!(of("f64(k) + f64(b) + f64(x)"), "f64");
    assert_eq!(of("f64(v > 0)"), "[f64; n]");
    assert_eq!(of("f64(w)"), "[f64; n]");
    assert_eq!(of("i64(v)"), "[i64; n]");
    wrong("AD0203", "fn f() -> f64 { «f64(1, 2)» }");
    wrong("AD0201", "fn f(p: (f64, f64)) -> f64 { f64(«p») }");
    let words = wrong("AD0201", "fn f(x: f64) -> i64 { «x» }");
    assert!(words.contains("`i64(…)`"), "{words}");
}

#[test]
fn operators_apply_to_numbers() {
    wrong("AD0202", "fn f(b: bool) -> f64 { f64(b «+» b) }");
    wrong("AD0202", "fn f(x: f64, b: bool) -> f64 { x «*» b }");
    wrong("AD0202", "fn f(p: (f64, f64)) -> f64 { p «+» 1 }");
    wrong("AD0202", "fn f(b: bool) -> bool { «-b» }");
    wrong("AD0202", "fn f(x: f64) -> bool { «!x» }");
    wrong("AD0202", "fn f(x: f64) -> bool { x «&&» true }");
    wrong("AD0202", "fn f(v: [bool; n]) -> bool { v «||» true }");
    wrong("AD0202", "struct P { a: f64 } fn f(p: P) -> bool { p «==» p }");
    assert_eq!(of("!b && (x > 0 || k != 2)"), "bool");
    assert_eq!(of("!(v > 0)"), "[bool; n]");
}

#[test]
fn comparisons() {
    assert_eq!(of("x < 1"), "bool");
    assert_eq!(of("1 <= x"), "bool");
    assert_eq!(of("v >= 0"), "[bool; n]");
    assert_eq!(of("v == 2 * v"), "[bool; n]");
    assert_eq!(of("b == (x > 0)"), "bool");
    wrong("AD0202", "fn f(a: bool, b: bool) -> bool { a «<» b }");
    wrong("AD0206", "fn f(x: f64, k: i64) -> bool { x «<» k }");
    wrong("AD0202", "fn f(x: f64, b: bool) -> bool { x «==» b }");
}

#[test]
fn functions_of_the_table() {
    assert_eq!(of("sin(v) + cos(x)"), "[f64; n]");
    assert_eq!(of("atan2(v, 1)"), "[f64; n]");
    assert_eq!(of("max(m, 0)"), "[f64; n, p]");
    wrong("AD0203", "fn f(x: f64) -> f64 { «sin(x, x)» }");
    wrong("AD0203", "fn f(x: f64) -> f64 { «atan2(x)» }");
    wrong("AD0201", "fn f(b: bool) -> f64 { sin(«b») }");
    wrong("AD0201", "fn f(x: f64) -> f64 { polygamma(«x», x) }");
    wrong("AD0201", "fn f(p: (f64, f64)) -> f64 { exp(«p») }");
}

#[test]
fn library_functions_of_numbers_apply_to_arrays() {
    assert_eq!(of("normal_logpdf(v, 0, 1)"), "[f64; n]");
    assert_eq!(of("normal_logpdf(0, v, exp(v))"), "[f64; n]");
    assert_eq!(of("exponential_logpdf(m, 2)"), "[f64; n, p]");
    assert_eq!(of("sum(normal_logpdf(v, 0, x * x))"), "f64");
    wrong("AD0301", "fn f(x: [f64; 2], y: [f64; 3]) -> f64 { sum(normal_logpdf(x, «y», 1)) }");
    wrong("AD0206", "fn f(w: [i64; n]) -> f64 { sum(normal_logpdf(«w», 0, 1)) }");
    wrong("AD0203", "fn f(x: f64) -> f64 { «normal_logpdf(x, 0)» }");
    wrong("AD0201", "fn g(x: f64) -> f64 { x } fn f(v: [f64; n]) -> f64 { g(«v») }");
}
