//! Costs without running: formulas in sizes and trip counts.

use adit::Engine;

#[test]
fn costs_are_formulas_until_sizes_are_given() {
    let text = "fn f(x0: f64, p: [f64; m], n: i64) -> f64 {
        let mut x = x0;
        for i in 0..n { for j in 0..m { x += 0.01 * sin(x) * p[j]; } }
        x
    }";
    let f = Engine::new().compile(text).and_then(|module| module.entry()).expect("it compiles");
    let [value, gradient] = f.cost(&[]).expect("it is told");
    assert!(value.operations.value().is_none());
    assert_eq!(value.tape.to_string(), "0");
    assert_eq!(gradient.tape.to_string(), "8·m·n");
    let [value, gradient] = f.cost(&[("n".to_owned(), 10), ("m".to_owned(), 3)]).expect("it is told");
    assert_eq!(gradient.tape.value(), Some(240.0));
    let ratio = gradient.operations.value().expect("known") / value.operations.value().expect("known");
    assert!((1.0..5.0).contains(&ratio), "{ratio}");
    assert!(f.cost(&[("k".to_owned(), 1)]).is_err());
}

#[test]
fn several_results_are_weighted() {
    let module = Engine::new().compile("fn f(x: [f64; n]) -> [f64; n] { exp(x) }").expect("it compiles");
    let f = module.entry().expect("it is there");
    let [value, gradient] = f.cost(&[("n".to_owned(), 100)]).expect("it is told").map(|c| c.operations.value());
    assert!(gradient > value && gradient < value.map(|v| 5.0 * v), "{gradient:?} for {value:?}");
}

#[test]
fn chains_of_calls_that_double_take_no_time() {
    let mut text =
        "fn f0(x: f64, n: i64) -> f64 { if n == 0 { x } else { f0(sin(x), n - 1) + f0(cos(x), n - 1) } }\n".to_owned();
    for i in 1..60 {
        text += &format!("fn f{i}(x: f64, n: i64) -> f64 {{ f{0}(x, n) * f{0}(x + 1, n) }}\n", i - 1);
    }
    let f = Engine::new().compile(&text).and_then(|module| module.function("f59")).expect("it compiles");
    f.cost(&[]).expect("it is told");
}
