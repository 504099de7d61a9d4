//! Functions as values: lambdas, function parameters, names for functions.

use super::{mistakes, program, right, type_of, wrong};

#[test]
fn lambdas_take_their_types_from_their_use() {
    right("fn f(x: f64) -> f64 { let g = |t| t * x; g(2.0) }");
    right("fn f(x: f64) -> f64 { (|t, u| t * u)(x, 2.0) + (|| x)() }");
    right(
        "fn a(f: fn(f64) -> f64, x: f64) -> f64 { f(x) } fn f(x: f64) -> f64 { a(|t| 1, x) + a(sin, x) + a(g, x) } fn g(x: f64) -> f64 { x }",
    );
    assert_eq!(type_of("fn f(x: [f64; n]) -> f64 { let g = |w| w; let y = g(x); sum(y) }", "y"), "[f64; n]");
    assert_eq!(
        type_of("fn f(x: [f64; n]) -> f64 { let g = |w| w[1..len(w)]; let y = g(x); sum(y) }", "y"),
        "[f64; n - 1]"
    );
    assert_eq!(
        type_of("fn f(k: i64) -> f64 { let g = |m: i64| zeros(m + 1); let y = g(k); sum(y) }", "y"),
        "[f64; k + 1]"
    );
    assert_eq!(type_of("fn f(x: f64) -> f64 { let k = 4; let g = || zeros(k); let y = g(); sum(y) }", "y"), "[f64; k]");
}

#[test]
fn an_instance_is_made_once_for_the_same_types() {
    let uses = "g(x) + ".repeat(100);
    let program = program(&format!("fn f(x: f64) -> f64 {{ let g = |t| t * x; {uses} x }}"));
    assert_eq!(program.functions.len(), 2);
}

#[test]
fn functions_are_no_values() {
    wrong("AD0212", "fn f(x: f64) -> f64 { let mut g = «|y| y + x»; 1 }");
    wrong("AD0212", "fn f(x: f64) -> f64 { let a = («sin», x); 1 }");
    wrong("AD0212", "fn f(g: fn(f64) -> f64, x: f64) -> f64 { «g» + 1 }");
    wrong("AD0212", "fn f(g: &mut «fn(f64) -> f64», x: f64) -> f64 { g(x) }");
    wrong("AD0212", "fn f(x: f64) -> f64 { let g = |y| «|z| z + y»; g(x); 1 }");
}

#[test]
fn functions_that_do_not_fit() {
    let with = |call: &str| {
        format!(
            "fn a(f: fn([f64; n]) -> f64, x: [f64; n]) -> f64 {{ f(x) }} fn f(x: [f64; n], y: [f64; 3]) -> f64 {{ {call} }}"
        )
    };
    right(&with("a(sum, y) + a(|w| dot(w, x), x)"));
    wrong("AD0201", &with("a(|w| «w», x)"));
    wrong("AD0213", &with("a(«|w: f64| w», x)"));
    wrong("AD0213", &with("a(«|w: [f64; 2]| w[0]», y)"));
    wrong("AD0203", &with("let g = |v| v; «g(x, x)»"));
    wrong("AD0206", "fn a(f: fn(f64) -> f64) -> f64 { f(1) } fn f(k: i64) -> f64 { a(|x| «k») }");
}

#[test]
fn mistakes_in_a_lambda_are_said_once() {
    assert_eq!(mistakes("fn f(x: f64) -> f64 { let g = |t| t * y; g(x) + g(x) + g(2) }"), ["AD0101 y"]);
}

#[test]
fn lambdas_that_never_end_are_refused() {
    assert_eq!(mistakes("fn f(x: f64) -> f64 { let w = |g| g(g); w(w) }"), ["AD0211 g(g)"]);
    let found = mistakes("fn f(x: f64) -> f64 { let w = |g| g(|y| g(y)); w(w) }");
    assert!(found[0].starts_with("AD0701") || found[0].starts_with("AD0211"), "{found:?}");
    let mut source = String::from("fn f(x: f64) -> f64 { let g0 = |t| t + x;");
    for i in 1..10_000 {
        source += &format!("let g{i} = |t| g{}(t) + 1;", i - 1);
    }
    source += " g9999(x) }";
    assert!(mistakes(&source)[0].starts_with("AD0701"));
}
