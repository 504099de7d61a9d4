//! Names: scopes, shadowing, suggestions, double definitions.

use super::{mistakes, right, type_of, wrong};

#[test]
fn variables_end_with_their_block() {
    right("fn f(x: f64) -> f64 { { let y = x; y; } let y = 2 * x; y }");
    wrong("AD0101", "fn f(x: f64) -> f64 { { let y = x; y; } «y» }");
    wrong("AD0101", "fn f(x: f64) -> f64 { for i in 0..3 { print(i); } f64(«i») }");
    wrong("AD0101", "fn f(x: f64) -> f64 { let y = «y»; 1 }");
    wrong("AD0101", "fn f(x: [f64; n]) -> f64 { sum(x[i] for i in 0..n) + f64(«i») }");
}

#[test]
fn a_later_declaration_hides_an_earlier_one() {
    assert_eq!(type_of("fn f(x: f64) -> f64 { let y = 1; let y = x * f64(y); y }", "y"), "f64");
    right("fn f(x: f64) -> f64 { let x = [x, x]; x[0] }");
    right("fn f(x: [f64; n]) -> i64 { let n = 7; for x in 0..n { print(x); } n }");
}

#[test]
fn the_users_names_come_before_the_library() {
    right("fn norm(x: f64) -> f64 { x } fn f(x: f64) -> f64 { norm(x) }");
    right("fn sin(a: i64, b: i64) -> i64 { a + b } fn f() -> i64 { sin(1, 2) }");
    right("fn sum(x: f64) -> f64 { x } fn f(x: f64) -> f64 { sum(x) }");
    right("fn gamma_logpdf(x: f64) -> f64 { x } fn f(x: f64) -> f64 { gamma_logpdf(x) }");
    assert_eq!(type_of("fn f() -> i64 { let e = 2; let y = e; y }", "y"), "i64");
    assert_eq!(type_of("const pi: i64 = 3; fn f() -> i64 { let y = pi; y }", "y"), "i64");
    right("fn f(sign: f64, norm: f64) -> f64 { sign * norm }");
    right("fn f(x: [f64; e]) -> f64 { f64(e) + sum(x) }");
    wrong("AD0208", "fn f(x: [f64; n]) -> f64 { let norm = 1.0; «norm»(x) + norm }");
}

#[test]
fn the_library_does_not_see_the_users_names() {
    right("fn log(x: f64) -> f64 { x } fn f(x: f64) -> f64 { normal_logpdf(x, 0, 1) }");
    right("const inf: i64 = 1; fn f(x: f64) -> f64 { exponential_logpdf(x, 1) }");
    right("struct T { a: f64 } fn min(t: T) -> f64 { t.a } fn f(x: [f64; n]) -> [f64; n] { sort(x) }");
}

#[test]
fn unknown_names_suggest_similar_ones() {
    let words = wrong("AD0101", "fn f(sigma: f64) -> f64 { «sigmma» }");
    assert!(words.contains("did you mean `sigma`?"), "{words}");
    let words = wrong("AD0102", "fn f(x: f64) -> f64 { «normal_logpf»(x, 0, 1) }");
    assert!(words.contains("`normal_logpdf`"), "{words}");
    let words = wrong("AD0102", "fn helper(x: f64) -> f64 { x } fn f(x: f64) -> f64 { «helpr»(x) }");
    assert!(words.contains("`helper`"), "{words}");
    let words = wrong("AD0103", "struct Layer { w: f64 } fn f(l: «Layr») -> f64 { 1 }");
    assert!(words.contains("`Layer`"), "{words}");
    let words = wrong("AD0104", "struct P { alpha: f64 } fn f(p: P) -> f64 { p.«alhpa» }");
    assert!(words.contains("`alpha`"), "{words}");
}

#[test]
fn names_are_defined_once() {
    wrong("AD0105", "fn f() { } fn «f»() { }");
    wrong("AD0105", "fn f() { } const «f»: f64 = 1;");
    wrong("AD0105", "struct S { a: f64 } struct «S» { b: f64 }");
    wrong("AD0105", "struct «f64» { a: i64 }");
    wrong("AD0105", "struct S { a: f64, «a»: f64 }");
    wrong("AD0105", "struct S<n, «n»> { a: [f64; n] }");
    wrong("AD0105", "fn f(x: f64, «x»: f64) { }");
    right("struct f { a: f64 } fn f(a: f64) -> f { f { a: a } }");
}

#[test]
fn both_definitions_of_a_name_are_checked() {
    let found = mistakes("fn f() -> f64 { a } fn f() -> f64 { b }");
    assert_eq!(found, ["AD0105 f", "AD0101 a", "AD0101 b"]);
}

#[test]
fn what_is_not_a_function_is_not_called() {
    wrong("AD0208", "fn f(x: f64) -> f64 { «x»(1) }");
    wrong("AD0208", "const C: f64 = 1; fn f(x: f64) -> f64 { «C»(1) }");
    wrong("AD0208", "fn f(x: [f64; n]) -> f64 { «x[0]»(1) }");
    let words = wrong("AD0208", "struct P { a: f64 } fn f(x: f64) -> P { «P»(x) }");
    assert!(words.contains("P { … }"), "{words}");
}

#[test]
fn functions_see_each_other_in_any_order_and_themselves() {
    right(
        "fn f(n: i64) -> i64 { if n == 0 { 1 } else { g(n - 1) } } fn g(n: i64) -> i64 { if n == 0 { 0 } else { f(n - 1) + g(n - 1) } }",
    );
}

#[test]
fn unused_functions_are_checked() {
    wrong("AD0101", "fn f() -> f64 { 1 } fn unused() -> f64 { «y» }");
}

#[test]
fn the_users_constants_are_no_dimensions_of_the_library() {
    right("const n: i64 = 3; fn f(x: [f64; 5]) -> [f64; 5] { sort(cumsum(x)) }");
}

#[test]
fn underscores_declare_nothing() {
    right("fn f(_: f64, _: i64) -> i64 { let (_, _) = (1, 2); sum(1 for _ in 0..3, _ in 0..2) }");
    wrong("AD0105", "fn f() { let (a, (b, «a»)) = (1, (2, 3)); }");
    wrong("AD0105", "fn f() { let s = [i for i in 0..3, «i» in 0..2]; }");
}
