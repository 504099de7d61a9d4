//! `adit bench`: what it measures of which function, what it says where there is nothing to measure, and what it refuses.
//!
//! Times are not judged: they are positive, and a ratio is that of its times, more or less.

mod common;

use common::{adit, fed, file};
use serde_json::Value as Json;

const LINREG: &[&str] = &["bench", "examples/linreg.ad", "--at", "@examples/linreg.json", "--for", "20ms"];

fn names(report: &Json) -> Vec<(&str, u64)> {
    let rows = report["rows"].as_array().expect("rows are a list").iter();
    rows.map(|row| {
        let name = row["name"].as_str().expect("a row has a name");
        (name, row["directions"].as_u64().expect("a row has directions"))
    })
    .collect()
}

fn number(row: &Json, what: &str, which: &str) -> f64 {
    row[what][which].as_f64().unwrap_or_else(|| panic!("no {which} of {what}: {row}"))
}

#[test]
fn structs_and_arrays_are_measured_by_every_derivative() {
    let report = adit(&[LINREG, &["--wrt", "p", "--json"]].concat()).json();
    assert_eq!(report["function"], "neg_log_posterior");
    assert_eq!(names(&report), [("primal", 0), ("jvp", 1), ("jvp", 8), ("gradient", 0), ("hvp", 1)]);
    assert_eq!((&report["refused"], &report["interrupted"]), (&Json::Array(Vec::new()), &Json::Bool(false)));
    assert!(report["turns"].as_u64() > Some(0) && report["compiled"].as_u64() > Some(0));
    for row in report["rows"].as_array().unwrap() {
        for what in ["time_ns", "compile_ms", "ratio"] {
            let [low, median, high] = ["low", "median", "high"].map(|which| number(row, what, which));
            assert!(0.0 < low && low <= median && median <= high, "{row}");
        }
        assert_eq!((&row["allocates"], row["calls"].as_u64() > Some(0)), (&Json::Bool(false), true), "{row}");
        assert!(row["memory_bytes"].as_u64() >= row["tape_bytes"].as_u64(), "{row}");
    }
    assert_eq!(number(&report["rows"][0], "ratio", "median"), 1.0);
}

#[test]
fn several_floats_have_a_vjp_and_no_gradient() {
    let program = "fn f(x: [f64; n], k: i64) -> ([f64; n], f64, i64) { (sin(x) * f64(k), sum(x), k) }";
    let at = ["--at", r#"{"x": [1, 2], "k": 3}"#, "--for", "1ms", "--json", "--lanes", "3"];
    let report = fed(program.as_bytes(), &[&["bench", "-"], &at[..]].concat()).json();
    assert_eq!(names(&report), [("primal", 0), ("jvp", 1), ("jvp", 3), ("vjp", 0)]);
}

#[test]
fn tapes_are_told() {
    let at = ["--at", r#"{"x": 0.3, "p": 0.1, "n": 1000}"#, "--for", "1ms", "--json"];
    let program = "fn f(x: f64, p: f64, n: i64) -> f64 { let mut y = x; for t in 0..n { y += sin(y) * p; } y }";
    let report = fed(program.as_bytes(), &[&["bench", "-", "--ad-opt", "none"], &at[..]].concat()).json();
    let tapes: Vec<u64> =
        report["rows"].as_array().unwrap().iter().map(|r| r["tape_bytes"].as_u64().unwrap()).collect();
    assert!(tapes[0] == 0 && tapes[3] >= 8000, "{tapes:?}");
}

#[test]
fn derivatives_that_do_not_exist_are_named() {
    let rule = "fn f(x: [f64; n]) -> f64 { sum(x * x) }
        @vjp(f) fn back(x: [f64; n], w: f64) -> (f64, [f64; n]) { (sum(x * x), 2 * w * x) }";
    let at = ["bench", "-", "--fn", "f", "--at", r#"{"x": [0.5, 1]}"#, "--for", "1ms"];
    let report = fed(rule.as_bytes(), &[&at[..], &["--json"]].concat()).json();
    assert_eq!(names(&report), [("primal", 0), ("gradient", 0), ("hvp", 1)]);
    let refused: Vec<&str> =
        report["refused"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!((refused, &report["refused"][0]["code"]), (vec!["jvp", "jvp"], &"AD0611".into()));
    let shown = fed(rule.as_bytes(), &at);
    assert!(shown.code == Some(0) && shown.out.contains("\nno jvp, 8 at once: "), "{shown:?}");
    let whole = fed(b"fn f(n: i64) -> i64 { n * n }", &["bench", "-", "--at", r#"{"n": 3}"#, "--for", "1ms", "--json"]);
    assert_eq!(names(&whole.json()), [("primal", 0)]);
}

#[test]
fn an_artefact_is_measured_by_what_it_holds() {
    let folder = file("bench", "kept.txt", b"").parent().unwrap().display().to_string();
    let built = adit(&["build", "examples/nice_function.ad", "--emit", "adc", "--out", &folder]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let kept = format!("{folder}/nice_function_gradient.adc");
    let report = adit(&["bench", &kept, "--at", "@examples/nice_function.json", "--for", "1ms", "--json"]).json();
    assert_eq!(names(&report), [("gradient", 0)]);
    assert!(report["rows"][0].get("ratio").is_none(), "{report}");
}

#[test]
fn what_a_program_prints_is_printed_by_no_call() {
    let ran = fed(b"fn f(x: f64) -> f64 { print(x); x }", &["bench", "-", "--at", r#"{"x": 3}"#, "--for", "1ms"]);
    assert_eq!((ran.code, &ran.err[..]), (Some(0), ""));
}

/// A program, options, the exit code, the error's code, and words of it.
type Mistake = (&'static [u8], &'static [&'static str], i32, &'static str, &'static str);

#[test]
fn mistakes_are_told_with_their_places() {
    let cases: &[Mistake] = &[
        (b"fn f(x: f64) -> f64 { x }", &["--at", "{}"], 2, "AD0904", "x"),
        (b"fn f(x: f64) -> f64 { x }", &["--at", r#"{"x": 1}"#, "--wrt", "y"], 2, "AD0904", "y"),
        (b"fn f(x: f64) -> f64 { x }", &["--at", r#"{"x": 1}"#, "--for", "soon"], 2, "AD0901", "a time is wanted"),
        (b"fn f(x: f64) -> f64 { x }", &["--at", r#"{"x": 1}"#, "--fn", "g"], 2, "AD0904", "g"),
        (b"fn f(x: f64) -> f64 { y }", &["--at", r#"{"x": 1}"#], 3, "AD0101", "<stdin>:1:23"),
        (b"fn f(x: f64) -> f64 {\n  assert(x > 2); x }", &["--at", r#"{"x": 1}"#], 1, "AD0803", "<stdin>:2:"),
        (
            b"fn f(x: f64) -> f64 {\n  let mut y = x; while true { y += 1; } y }",
            &["--at", r#"{"x": 1}"#, "--max-steps", "1000"],
            1,
            "AD0806",
            "<stdin>:2:",
        ),
    ];
    for (program, more, code, name, words) in cases {
        let ran = fed(program, &[&["bench", "-"], *more].concat());
        assert_eq!((ran.code, &ran.out[..]), (Some(*code), ""), "{ran:?}");
        assert!(ran.err.contains(name) && ran.err.contains(words), "{words}: {}", ran.err);
    }
}
