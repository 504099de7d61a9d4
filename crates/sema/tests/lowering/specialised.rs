//! How often functions are made for what they are given.

use super::harness::*;

const APPLY: &str = "fn apply(g: fn(f64) -> f64, x: f64) -> f64 { g(x) * x }
    fn twice(g: fn(f64) -> f64, x: f64) -> f64 { apply(g, apply(g, x)) }
    fn h(x: f64) -> f64 { x^3 }
    fn two(x: f64, y: f64) -> f64 { h(x) * y }";

/// How many functions a program has in which `term` stands so many times.
fn functions(before: &str, term: &str, count: usize) -> usize {
    let sum = vec![term; count].join(" + ");
    lower(&program(&format!("{APPLY} fn f(x: f64) -> f64 {{ {before} {sum} }}"))).len()
}

#[test]
fn what_is_used_a_hundred_times_with_the_same_functions_is_made_once() {
    let named = "let k = |t| t * x; let d = grad(h); k(x) + d(x) +";
    let terms = [
        "apply(h, x)",
        "twice(h, x)",
        "apply(k, x)",
        "twice(k, x)",
        "k(x)",
        "apply(d, x)",
        "twice(d, x)",
        "d(x)",
        "grad(h)(x)",
        "apply(grad(h), x)",
        "grad(two)(x, x).0",
        "grad(k)(x)",
        "grad(d)(x)",
        "jvp(two, (x, x), (1, 0)).1",
        "hessian(h)(x)",
        "apply(sin, x)",
        "grad(sin)(x)",
    ];
    for term in terms {
        let (once, often) = (functions(named, term, 1), functions(named, term, 100));
        assert_eq!(often, once, "{term}");
    }
}

#[test]
fn other_functions_make_other_specialisations() {
    let base = functions("", "apply(h, x)", 1);
    assert_eq!(functions("", "apply(h, x) + apply(sin, x)", 1), base + 2, "`sin` as a function, and `apply` of it");
    assert_eq!(functions("", "grad(h)(x) + grad(h, forward)(x)", 1), functions("", "grad(h)(x)", 1) + 1);
}
