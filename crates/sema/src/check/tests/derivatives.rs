//! Derivatives in the language: what they are, and what is none.

use super::{mistakes, wrong};

#[test]
fn a_gradient_is_of_one_float() {
    wrong("AD0602", "fn g(x: f64) -> (f64, f64) { (x, x) } fn f(x: f64) -> f64 { grad(«g»)(x) }");
    wrong("AD0602", "fn g(x: [f64; n]) -> [f64; n] { x } fn f(x: [f64; n]) -> [f64; n, n] { hessian(«g»)(x) }");
    wrong("AD0602", "fn g(x: f64) -> i64 { 1 } fn f(x: f64) -> f64 { let (v, t) = jvp(«g», x, 1); 1 }");
}

#[test]
fn something_must_be_differentiated() {
    wrong("AD0603", "fn g(n: i64) -> f64 { f64(n) } fn f(x: f64) -> f64 { grad(«g»)(3) }");
    wrong("AD0603", "fn f(n: i64) -> f64 { grad(«|k| f64(k)»)(n) }");
}

#[test]
fn directions_have_the_shapes_of_what_they_are_of() {
    let g = "fn g(x: [f64; 2], c: f64) -> f64 { c * sum(x) }";
    wrong("AD0203", &format!("{g} fn f(x: [f64; 2]) -> f64 {{ let (v, t) = jvp(g, (x, 1), «(x, 1, 2)»); t }}"));
    wrong("AD0201", &format!("{g} fn f(x: [f64; 2]) -> f64 {{ let (v, t) = jvp(g, (x, 1), («1.0», 1)); t }}"));
    wrong("AD0301", &format!("{g} fn f(x: [f64; 2]) -> f64 {{ let (v, t) = jvp(g, (x, 1), («[1.0]», 1)); t }}"));
    wrong("AD0201", &format!("{g} fn f(x: [f64; 2]) -> f64 {{ let (v, t) = vjp(g, (x, 1), «x»); v }}"));
    wrong("AD0203", &format!("{g} fn f(x: [f64; 2]) -> f64 {{ let (v, t) = «jvp(g, (x, 1))»; t }}"));
}

#[test]
fn a_mode_is_forward_or_reverse() {
    wrong("AD0201", "fn g(x: f64) -> f64 { x } fn f(x: f64) -> f64 { grad(g, «x»)(x) }");
    wrong("AD0203", "fn g(x: f64) -> f64 { x } fn f(x: f64) -> f64 { «grad(g, forward, x)»(x) }");
}

#[test]
fn derivatives_of_derivatives_of_nothing_are_told() {
    wrong("AD0203", "fn f(x: f64) -> f64 { grad(«grad»())(x) }");
    wrong("AD0405", "fn f(x: f64) -> f64 { grad(grad(«&mut x»))(x) }");
    wrong("AD0201", "fn f(x: f64) -> f64 { grad(grad(«x for i in 0..3»))(x) }");
    wrong("AD0201", "fn g(x: f64) -> f64 { x } fn f(x: f64) -> f64 { grad(grad(g, «2»))(x) }");
}

#[test]
fn a_name_for_what_is_no_derivative_is_no_second_mistake() {
    assert_eq!(mistakes("fn f(x: f64) -> f64 { let g = grad(h); g(x) + g(1) }"), ["AD0101 h"]);
}

#[test]
fn operators_take_functions_and_give_functions() {
    wrong("AD0208", "fn f(x: f64) -> f64 { grad(«x»)(x) }");
    wrong("AD0101", "fn f(x: f64) -> f64 { grad(«g»)(x) }");
    wrong("AD0212", "fn g(x: f64) -> f64 { x } fn f(x: f64) -> f64 { 1 + «grad(g)» }");
}
