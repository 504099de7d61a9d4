//! Reductions and other functions the compiler knows.

use super::{right, type_of, wrong};

fn of(e: &str) -> String {
    type_of(&format!("fn f(x: f64, v: [f64; n], w: [i64; n], b: [bool; n], a: [f64; n, m]) {{ let y = {e}; }}"), "y")
}

#[test]
fn reductions_of_arrays_and_generators() {
    for e in [
        "sum(v)",
        "sum(a)",
        "prod(v)",
        "max(v)",
        "min(a)",
        "mean(v)",
        "norm(a)",
        "logsumexp(v)",
        "sum(v[i] for i in 0..n)",
        "max(v[i] for i in 0..n step 2)",
    ] {
        assert_eq!(of(e), "f64", "{e}");
    }
    for e in ["sum(w)", "max(w)", "argmax(v)", "argmin(w)", "sum(1 for i in 0..n)", "argmin(v[i] for i in 0..n)"] {
        assert_eq!(of(e), "i64", "{e}");
    }
    for e in ["any(b)", "all(v > 0)", "any(v[i] > x for i in 0..n)"] {
        assert_eq!(of(e), "bool", "{e}");
    }
    right("fn f(a: [f64; n, m]) -> f64 { logsumexp(a[i, j] for i in 0..n, j in i..m) }");
    wrong("AD0201", "fn f(x: f64) -> f64 { sum(«x») }");
    wrong("AD0201", "fn f(b: [bool; n]) -> i64 { sum(«b») }");
    wrong("AD0201", "fn f(v: [f64; n]) -> bool { any(«v») }");
    wrong("AD0203", "fn f(v: [f64; n]) -> f64 { «sum(v, v)» }");
    wrong("AD0203", "fn f(x: f64) -> f64 { «max(x, x, x)» }");
    wrong("AD0203", "fn f() -> f64 { «sum()» }");
    wrong("AD0206", "fn f(w: [i64; n]) -> f64 { mean(«w[i]» for i in 0..n) }");
}

#[test]
fn sums_of_comprehensions_make_no_array() {
    use crate::typed::ExprKind;
    let program = super::program("fn f(v: [f64; n]) -> f64 { sum([2 * v[i] for i in 0..n]) }");
    let value = super::function(&program, "f").body.value.as_ref().unwrap();
    assert!(matches!(value.kind, ExprKind::Reduce { .. }), "{value:?}");
    let program = super::program("fn f(v: [f64; n]) -> f64 { sum(normal_logpdf(v, 0, 1)) }");
    let value = super::function(&program, "f").body.value.as_ref().unwrap();
    let ExprKind::Block(b) = &value.kind else { panic!("{value:?}") };
    assert!(matches!(b.value.as_ref().unwrap().kind, ExprKind::Reduce { .. }));
    assert!(super::function(&program, "normal_logpdf").is_library);
}

#[test]
fn only_used_library_functions_are_there() {
    let program = super::program("fn f(x: [f64; n]) -> [f64; n] { softmax(x) }");
    let names: Vec<&str> = program.functions.iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["f", "softmax"]);
    let program = super::program("fn sort(x: f64) -> f64 { x } fn f(x: f64) -> f64 { sort(x) }");
    assert_eq!(program.functions.len(), 2);
}

#[test]
fn arrays() {
    assert_eq!(of("dot(v, 2 * v)"), "f64");
    assert_eq!(of("dot(w, w)"), "i64");
    assert_eq!(of("transpose(a)"), "[f64; m, n]");
    assert_eq!(of("cumsum(v)"), "[f64; n]");
    assert_eq!(of("sort(v)"), "[f64; n]");
    assert_eq!(of("softmax(v)"), "[f64; n]");
    assert_eq!(of("where(b, v, 0)"), "[f64; n]");
    assert_eq!(of("where(x > 0, v, 1)"), "[f64; n]");
    assert_eq!(of("where(v > 0, 1, 2)"), "[i64; n]");
    assert_eq!(of("where(v > 0, b, !b)"), "[bool; n]");
    wrong("AD0303", "fn f(a: [f64; n, m]) -> f64 { dot(«a», a[0, ..]) }");
    wrong("AD0301", "fn f(a: [f64; 2], b: [f64; 3]) -> f64 { dot(a, «b») }");
    wrong("AD0303", "fn f(v: [f64; n]) -> f64 { sum(transpose(«v»)) }");
    wrong("AD0303", "fn f(a: [f64; n, m]) { let y = sort(«a»); }");
    wrong("AD0201", "fn f(v: [f64; n]) { let y = where(«v», 1, 2); }");
    wrong("AD0201", "fn f(b: bool, v: [f64; n]) { let y = where(b, v, «true»); }");
    wrong("AD0201", "fn f(x: f64) -> i64 { len(«x») }");
    wrong("AD0205", "fn f(v: [f64; n]) -> i64 { size(v, «1») }");
    right("fn f(v: [f64; n], k: i64) -> i64 { size(v, k) + len(v) }");
}

#[test]
fn assert_and_print() {
    right(
        "fn f(x: f64, v: [f64; n]) { assert(x > 0, \"positive\"); assert(n > 0); print(\"x\", x, v, n, true); print(); }",
    );
    wrong("AD0203", "fn f() { «assert()»; }");
    wrong("AD0203", "fn f(x: f64) { «assert(x > 0, x)»; }");
    wrong("AD0201", "fn f(t: (f64, f64)) { print(«t»); }");
    wrong("AD0201", "fn g(x: f64) { } fn f() { g(«\"text\"»); }");
    wrong("AD0201", "fn f(x: f64) -> f64 { sin(«x for i in 0..3») }");
}
