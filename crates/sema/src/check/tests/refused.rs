//! What this build does not have: one clear message at the construct, and the rest is checked.

use super::{mistakes, wrong};

#[test]
fn imports_and_what_may_come_from_them() {
    assert!(mistakes("import \"other.ad\"; fn f(t: Thing, x: f64) -> f64 { other(x, t) + SCALE }").is_empty());
    assert_eq!(mistakes("import \"other.ad\"; fn f() -> f64 { true }"), ["AD0201 true"]);
}

#[test]
fn checkpoints() {
    wrong("AD0505", "fn f(x: f64) -> f64 { let mut s = x; «@checkpoint(every: 10)» for i in 0..9 { s *= x; } s }");
    wrong("AD0505", "fn f(x: f64) -> f64 { let mut s = x; «@checkpoint(budget: 64 MiB)» while s > 1 { s /= 2; } s }");
}
