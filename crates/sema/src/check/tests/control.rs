//! Control flow: blocks, `if`, loops, `return`, and which paths give a value.

use super::{function, program, right, wrong};
use crate::typed::{StmtKind, Ty};

#[test]
fn every_path_gives_the_value() {
    right("fn f(x: f64) -> f64 { if x > 0 { return 1; } 2 }");
    right("fn f(x: f64) -> f64 { if x > 0 { return 1; } else { return 2; } }");
    right("fn f(x: f64) -> f64 { if x > 0 { 1 } else { return 2; } }");
    right("fn f(x: f64) -> f64 { return x; }");
    right("fn f(x: f64) -> f64 { { return x; } }");
    right("fn f(x: f64) -> f64 { while true { if x > 1 { return x; } } }");
    right("fn f(x: f64) -> f64 { while true { for i in 0..3 { break; } return x; } }");
    wrong("AD0207", "fn f(x: f64) -> f64 { if x > 0 { return 1; } «}»");
    wrong("AD0207", "fn f(x: f64) -> f64 { while true { break; } «}»");
    wrong("AD0207", "fn f(x: f64) -> f64 { for i in 0..9 { return x; } «}»");
    wrong("AD0207", "fn f(x: f64) -> f64 { while x > 0 { return x; } «}»");
    wrong("AD0207", "fn f(x: f64) -> f64 { «}»");
    wrong("AD0207", "fn f(x: f64) -> f64 { «return;» }");
    let words = wrong("AD0207", "fn f(x: f64) -> f64 { x; «}»");
    assert!(words.contains("leave out the last `;`"), "{words}");
}

#[test]
fn what_is_never_reached_is_no_mistake() {
    right("fn f(x: f64) -> f64 { return x; let y = 2; print(y); }");
    right("fn f(x: f64) -> f64 { return x; 2 }");
    right("fn f() { while true { continue; print(1); } }");
}

#[test]
fn functions_without_a_result() {
    right("fn g() { } fn f() { g() }");
    right("fn f(x: &mut f64) { if x > 0 { return; } x = 1; }");
    right("fn f(x: f64) -> () { let u = (); u }");
    let words = wrong("AD0201", "fn f(x: f64) { «x» }");
    assert!(words.contains("without `->`"), "{words}");
    wrong("AD0201", "fn f(x: f64) { return «x»; }");
    wrong("AD0202", "fn g() { } fn f() -> f64 { 1 «+» g() }");
}

#[test]
fn an_if_without_else_gives_nothing() {
    right("fn f(x: &mut f64) { if x > 0 { x = 1; } else if x < 0 { x = 2; } }");
    right("fn g(x: f64) -> f64 { x } fn f(x: f64) -> f64 { if x > 0 { g(x) } x }");
    wrong("AD0207", "fn f(x: f64) -> f64 { let y = if x > 0 { «1» }; x }");
    wrong("AD0207", "fn f(x: f64) -> f64 { if x > 0 { «x» } }");
}

#[test]
fn branches_have_one_type() {
    right("fn f(x: f64) -> (f64, bool) { if x > 0 { (x, true) } else { (0, false) } }");
    right("fn f(x: f64) { if x > 0 { 1 } else { true } x; }");
    wrong("AD0201", "fn f(x: f64) -> f64 { let y = if x > 0 { 1 } else { «true» }; x }");
    wrong("AD0207", "fn f(x: f64) -> f64 { let y = if x > 0 { 1 } else «{ }»; x }");
    wrong("AD0301", "fn f(x: f64) -> f64 { sum(if x > 0 { [1, 2] } else { «[1, 2, 3]» }) }");
    right("fn f(a: [f64; n], b: [f64; m]) -> f64 { sum(if n > m { a } else { b }) }");
}

#[test]
fn the_shape_of_an_if_is_known_before() {
    wrong(
        "AD0306",
        "fn f(x: f64) -> f64 { sum(«if x > 0 { let k = i64(x); zeros(k) } else { let k = 2 * i64(x); ones(k) }») }",
    );
    right("fn f(x: f64) -> f64 { sum(if x > 0 { let k = i64(x); zeros(k) } else { ones(2) }) }");
    right("fn f(x: f64) -> f64 { let k = i64(x); sum(if x > 0 { zeros(k) } else { ones(k) }) }");
    right("fn f(x: f64, n: i64) -> f64 { sum(if x > 0 { let k = n + 1; zeros(k) } else { ones(n + 1) }) }");
}

#[test]
fn conditions_are_bool() {
    wrong("AD0204", "fn f(x: f64) { if «x» { } }");
    wrong("AD0204", "fn f(k: i64) { while «k» { } }");
    let words = wrong("AD0204", "fn f(v: [f64; n]) { if «v > 0» { } }");
    assert!(words.contains("any"), "{words}");
    wrong("AD0204", "fn f(x: f64) { assert(«x», \"x\"); }");
}

#[test]
fn break_and_continue_stand_in_loops() {
    right("fn f() { for i in 0..3 { if i == 1 { continue; } else { break; } } }");
    wrong("AD0107", "fn f() { «break;» }");
    wrong("AD0107", "fn f() { if true { «continue;» } }");
    wrong("AD0107", "fn f() { while ({ «break;» true }) { } }");
    wrong("AD0107", "fn f() { for i in 0..2 { let s = sum({ «break;» i } for i in 0..3); } }");
}

#[test]
fn ranges_are_integers() {
    right("fn f(k: i64) { for i in k..=2 * k step -1 { } for _ in 0..k { } }");
    wrong("AD0201", "fn f(x: f64) { for i in 0..«x» { } }");
    wrong("AD0201", "fn f(x: f64) { for i in 0..3 step «0.5» { } }");
    wrong("AD0401", "fn f() { for i in 0..3 { «i» = 2; } }");
}

#[test]
fn values_of_statements_are_dropped() {
    right(
        "fn g(x: f64) -> f64 { x } fn f(x: f64) { for i in 0..3 { g(x) } g(x); x; if x > 0 { g(x) } else { true } g(x); }",
    );
    let program = program("fn f(x: f64) { { x } x; }");
    let body = &function(&program, "f").body;
    assert!(body.value.is_none());
    assert_eq!(body.ty, Ty::unit());
    assert!(matches!(body.stmts[0].kind, StmtKind::Expr(_)));
}

#[test]
fn what_never_gives_a_value_is_no_operand() {
    wrong("AD0211", "fn f(x: f64) -> f64 { x + «{ return 1; }» }");
    wrong("AD0211", "fn f(x: f64) -> f64 { let y = «if x > 0 { return 1; } else { return 2; }»; 1 }");
}
