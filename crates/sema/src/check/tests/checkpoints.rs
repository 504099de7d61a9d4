//! `@checkpoint(…)` before a loop.

use super::{right, wrong};

#[test]
fn sizes_are_expressions() {
    right("fn f(x: f64) -> f64 { let mut s = x; @checkpoint(every: 10) for i in 0..9 { s *= x; } s }");
    right(
        "fn f(x: f64, n: i64) -> f64 { let mut s = x; @checkpoint(binomial: n / 2 + 1) for i in 0..n { s *= x; } s }",
    );
    right("fn f(x: f64) -> f64 { let mut s = x; @checkpoint(budget: 64 MiB) while s > 1 { s /= 2; } s }");
}

#[test]
fn sizes_are_integers() {
    wrong("AD0201", "fn f(x: f64) -> f64 { let mut s = x; @checkpoint(every: «x») for i in 0..9 { s *= x; } s }");
    wrong("AD0201", "fn f(x: f64) -> f64 { let mut s = x; @checkpoint(binomial: «2.0») while s > 1 { s /= 2; } s }");
}

#[test]
fn known_sizes_are_at_least_one() {
    wrong("AD0505", "fn f(x: f64) -> f64 { let mut s = x; @checkpoint(every: «0») for i in 0..9 { s *= x; } s }");
    wrong(
        "AD0505",
        "const C: i64 = 1; fn f(x: f64) -> f64 { let mut s = x; @checkpoint(binomial: «C - 2») while s > 1 { s /= 2; } s }",
    );
    wrong("AD0505", "fn f(x: f64) -> f64 { let mut s = x; «@checkpoint(budget: 0 MiB)» while s > 1 { s /= 2; } s }");
}
