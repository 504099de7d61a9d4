//! Loops over data keep nothing from one data point to the next: what is pushed on a tape in one is popped in the same one.

use adit::{AdOpt, AdOpts, Engine, Of, Stage};
use std::collections::BTreeMap;

/// The reverse derivative of a program's last function.
fn reverse(source: &str, ad_opt: AdOpts) -> String {
    let module = Engine::builder().ad_opt(ad_opt).build().and_then(|engine| engine.compile(source));
    let module = module.unwrap_or_else(|e| panic!("{e}"));
    let function = module.entry().unwrap_or_else(|e| panic!("{e}"));
    function.emit(Stage::VjpOptimized, Of::Vjp, 1).unwrap_or_else(|e| panic!("{e}"))
}

/// The tapes that are pushed in one statement of the derivative's body and popped in another, with the statement that pushes.
fn kept(source: &str, ad_opt: AdOpts) -> Vec<(String, String)> {
    let text = reverse(source, ad_opt);
    let mut statement = String::new();
    let mut pushed: BTreeMap<String, String> = BTreeMap::new();
    let mut kept = Vec::new();
    for line in text.lines() {
        let inner = line.trim_start();
        if line.len() - inner.len() == 2 && inner != "}" && !inner.starts_with("} else") {
            statement = inner.to_owned();
        }
        let tape =
            |after: &str| inner.split(after).nth(1).map(|rest| rest.split([',', ' ']).next().unwrap_or_default());
        if let Some(tape) = tape("tape.push ") {
            pushed.insert(tape.to_owned(), statement.clone());
        }
        if let Some(tape) = tape("tape.pop ") {
            let by = pushed.get(tape).expect("pushed before");
            if *by != statement {
                kept.push((tape.to_owned(), by.clone()));
            }
        }
    }
    kept
}

fn example(name: &str) -> String {
    let path = format!("{}/../../examples/{name}.ad", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn filetest(name: &str) -> String {
    let path = format!("{}/../../tests/filetests/run/{name}.ad", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn sums_over_data_keep_nothing() {
    for name in ["test_function", "control_flow", "linreg", "mlp"] {
        assert_eq!(kept(&example(name), AdOpts::ALL), [], "{name}");
    }
    for name in ["program-multiclass-regression", "program-k-means-cost", "program-multilayer-perceptron"] {
        assert_eq!(kept(&filetest(name), AdOpts::ALL), [], "{name}");
    }
}

/// What the mixture's weights are normalised by is not a sum over data.
#[test]
fn a_mixture_keeps_nothing_of_its_data() {
    let kept = kept(&filetest("program-gaussian-mixture"), AdOpts::ALL);
    assert!(kept.iter().all(|(_, pushed_in)| !pushed_in.contains("0..d1")), "{kept:?}");
}

/// The derivative of the logarithm is known when the sum is.
#[test]
fn what_is_not_known_yet_is_kept_or_runs_again() {
    let source = "fn f(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s += tanh(x[i]); } log(s) }";
    assert!(!kept(source, AdOpts::NONE.with(AdOpt::Local)).is_empty());
    assert_eq!(kept(source, AdOpts::NONE.with(AdOpt::Rerun)), []);
}

/// Each component of the mixture costs a triangle of products, and what its reverse needs is gone with the point.
#[test]
fn within_an_iteration_that_is_reversed_at_once_dear_loops_are_saved() {
    let module = Engine::new().compile(&example("gmm")).unwrap_or_else(|e| panic!("{e}"));
    let function = module.function("log_likelihood").unwrap_or_else(|e| panic!("{e}"));
    let text = function.emit(Stage::Tape, Of::Vjp, 1).unwrap_or_else(|e| panic!("{e}"));
    assert!(text.contains("loop of line 40: each iteration is reversed right after it ran"), "{text}");
    assert!(!text.contains("runs again"), "{text}");
}

/// A map writes its own elements, and reads what it needs again: its reverse goes first to last. A recurrence, and what comes back from a tape, goes last to first.
#[test]
fn where_order_is_free_reverse_loops_ascend() {
    let descends = |source: &str, ad_opt| reverse(source, ad_opt).contains("for rev ");
    let map =
        "fn f(x: [f64; n], k: f64) -> f64 { let mut y = zeros(n); for i in 0..n { y[i] = k * x[i]; } y[0] * y[1] }";
    assert!(descends(map, AdOpts::ALL.without(AdOpt::Ascend)) && !descends(map, AdOpts::ALL));
    let recurrence = "fn f(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s = 0.5 * s + x[i]; } s }";
    assert!(descends(recurrence, AdOpts::ALL));
    let through_memory =
        "fn f(x: [f64; n]) -> f64 { let mut y = x; for i in 1..n { y[i] = x[i] + 2.0 * y[i - 1]; } y[n - 1] }";
    assert!(descends(through_memory, AdOpts::ALL));
    let saved = "fn f(x: [f64; n]) -> f64 { let mut y = zeros(n); for i in 0..n { y[i] = sin(x[i])^2; } y[0] * y[1] }";
    assert!(descends(saved, AdOpts::NONE.with(AdOpt::Ascend)));
}
