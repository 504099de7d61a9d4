//! Wrong usage, wrong input, wrong programs, runs that stop: each with its exit code, its code and its words.

mod common;

use common::{Ran, adit, fed, file};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// A case: a program on standard input, arguments, exit code, diagnostic code, words of the message.
type Case = (&'static str, &'static [&'static str], i32, &'static str, &'static str);

/// Takes every kind of parameter.
const ALL: &str = "struct P { a: f64, k: i64 } \
    fn f(p: P, x: [f64; n], y: [f64; n], m: [f64; n, 2], t: (f64, bool)) -> f64 { p.a * sum(x) }";
const X: &str = "fn f(x: f64) -> f64 { x * x }";
const V: &str = "fn f(x: [f64; n], y: [f64; n]) -> f64 { sum(x * y) }";
const N: &str = "fn f(n: i64, x: f64) -> f64 { x * f64(n) }";

const USAGE: &[Case] = &[
    (X, &[], 2, "AD0901", "a command is wanted"),
    (X, &["gradient", "-"], 2, "AD0901", "unrecognized subcommand"),
    (X, &["grat", "-"], 2, "AD0901", "'grad'"),
    (X, &["fmt", "-"], 2, "AD0901", "`adit fmt` is not in this build"),
    (X, &["repl", "-", "--at", "{}"], 2, "AD0901", "`adit repl` is not in this build"),
    (X, &["fmt"], 2, "AD0901", "`adit fmt` is not in this build"),
    (X, &["run"], 2, "AD0901", "<FILE>"),
    (X, &["run", "-", "--att", "{}"], 2, "AD0901", "--at"),
    (X, &["run", "-", "--at"], 2, "AD0901", "value is required"),
    (X, &["jvp", "-", "--at", "{\"x\": 1}"], 2, "AD0901", "--dir"),
    (X, &["vjp", "-", "--at", "{\"x\": 1}"], 2, "AD0901", "--seed"),
    (X, &["run", "-", "--opt", "4"], 2, "AD0901", "--opt"),
    (X, &["run", "-", "--ad-opt", "0"], 2, "AD0901", "recompute"),
    (X, &["run", "-", "--max-memory", "lots"], 2, "AD0901", "64MiB"),
    (X, &["run", "-", "--timeout", "-1s"], 2, "AD0901", ""),
    (X, &["run", "-", "--timeout", "soon"], 2, "AD0901", "500ms"),
    (X, &["run", "-", "--max-depth", "0"], 2, "AD0901", "--max-depth"),
    (X, &["run", "-", "--cpu", "abacus", "--at", "{\"x\": 1}"], 2, "AD0901", "abacus"),
    (X, &["grad", "-", "--mode", "sideways"], 2, "AD0901", "sideways"),
    (X, &["jac", "-", "--plot", "p.svg", "--at", "{\"x\": 1}"], 2, "AD0901", "--sparse"),
    (X, &["check", "-", "--order", "3"], 2, "AD0901", "--order"),
    (X, &["emit", "-"], 2, "AD0901", "--stage"),
    (X, &["emit", "-", "--stage", "tapes"], 2, "AD0901", "`tapes`"),
    (X, &["emit", "-", "--stage", "typed,typo"], 2, "AD0901", "`typo`"),
    (X, &["run", "-", "--at", "@-"], 2, "AD0901", "twice"),
    ("", &["opt", "-", "--passes", "magic"], 2, "AD0901", "`magic`"),
];

const NAMES: &[Case] = &[
    (X, &["run", "-", "--fn", "g", "--at", "{\"x\": 1}"], 2, "AD0904", "`g`"),
    ("fn a() -> f64 { 1 } fn b() -> f64 { 2 }", &["run", "-"], 2, "AD0904", "a, b"),
    ("fn a(x: f64) -> f64 { b(x) } fn b(x: f64) -> f64 { a(x) }", &["run", "-"], 2, "AD0904", "a, b"),
    (X, &["run", "-"], 2, "AD0904", "`x` has no value"),
    (X, &["run", "-", "--at", "{}"], 2, "AD0904", "`x` has no value"),
    (X, &["run", "-", "--at", "{\"X\": 1}"], 2, "AD0904", "did you mean `x`?"),
    (X, &["run", "-", "--at", "{\"x\": 1, \"z\": 2}"], 2, "AD0904", "`z`"),
    (X, &["run", "-", "--at", "{\"x\": 1, \"x\": 2}"], 2, "AD0904", "`x` is given twice"),
    (X, &["grad", "-", "--at", "{\"x\": 1}", "--wrt", "y"], 2, "AD0904", "`y`"),
    (X, &["jvp", "-", "--at", "{\"x\": 1}", "--dir", "{\"y\": 1}"], 2, "AD0904", "`y`"),
    (X, &["jvp", "-", "--at", "{\"x\": 1}", "--dir", "{\"x\": 1}", "--wrt", "q"], 2, "AD0904", "`q`"),
    (X, &["explain", "AD9998"], 2, "AD0904", "`AD9998`"),
    (X, &["explain", "sine"], 2, "AD0904", ""),
    (
        V,
        &["run", "-", "--at", "{\"x\": \"@examples/data/iris.csv:petal_lenght\", \"y\": []}"],
        2,
        "AD0904",
        "`petal_length`",
    ),
];

const VALUES: &[Case] = &[
    (X, &["run", "-", "--at", "{\"x\": 1"], 2, "AD0903", "--at:1:7"),
    (X, &["run", "-", "--at", ""], 2, "AD0903", "EOF"),
    (X, &["run", "-", "--at", "{\"x\": NaN}"], 2, "AD0903", "--at:1:"),
    (X, &["run", "-", "--at", "{x: 1}"], 2, "AD0903", "--at:1:2"),
    (X, &["run", "-", "--at", "{\"x\": 1} 2"], 2, "AD0903", "trailing"),
    (X, &["run", "-", "--at", "{\"x\": 1e999}"], 2, "AD0903", "range"),
    (X, &["run", "-", "--at", "[1]"], 2, "AD0905", "an object by parameter name"),
    (X, &["run", "-", "--at", "{\"x\": null}"], 2, "AD0905", "`null`"),
    (X, &["run", "-", "--at", "{\"x\": \"1\"}"], 2, "AD0905", "a number"),
    (X, &["run", "-", "--at", "{\"x\": [1]}"], 2, "AD0905", "not a list"),
    (X, &["run", "-", "--at", "{\"x\": true}"], 2, "AD0905", "`true`"),
    (X, &["run", "-", "--at", "{\"x\": {\"y\": 1}}"], 2, "AD0905", "an object"),
    (N, &["run", "-", "--at", "{\"n\": 0.5, \"x\": 1}"], 2, "AD0905", "an integer, not the number 0.5"),
    (N, &["run", "-", "--at", "{\"n\": 9223372036854775808, \"x\": 1}"], 2, "AD0905", "64 bits"),
    (N, &["run", "-", "--at", "{\"n\": \"NaN\", \"x\": 1}"], 2, "AD0905", "`n`"),
    (V, &["run", "-", "--at", "{\"x\": 1, \"y\": [1]}"], 2, "AD0905", "a list"),
    (V, &["run", "-", "--at", "{\"x\": [[1]], \"y\": [1]}"], 2, "AD0905", "`x[0]`"),
    (V, &["run", "-", "--at", "{\"x\": [1, null], \"y\": [1, 2]}"], 2, "AD0905", "`x[1]`"),
    (V, &["run", "-", "--at", "{\"x\": [1, 2], \"y\": [1]}"], 2, "AD0906", "n"),
    (V, &["run", "-", "--at", "{\"x\": \"@none.csv:a\", \"y\": [1]}"], 2, "AD0902", "none.csv"),
    (V, &["run", "-", "--at", "{\"x\": \"@none.npy\", \"y\": [1]}"], 2, "AD0902", "none.npy"),
    (V, &["run", "-", "--at", "{\"x\": \"@examples/linreg.ad\", \"y\": [1]}"], 2, "AD0905", "@FILE.csv:COLUMN"),
    (
        ALL,
        &["run", "-", "--at", "{\"p\": [1, 2], \"x\": [], \"y\": [], \"m\": [], \"t\": [1, true]}"],
        2,
        "AD0905",
        "struct `P`",
    ),
    (
        ALL,
        &["run", "-", "--at", "{\"p\": {\"a\": 1}, \"x\": [], \"y\": [], \"m\": [], \"t\": [1, true]}"],
        2,
        "AD0904",
        "`p.k`",
    ),
    (
        ALL,
        &[
            "run",
            "-",
            "--at",
            "{\"p\": {\"a\": 1, \"k\": 2, \"b\": 3}, \"x\": [], \"y\": [], \"m\": [], \"t\": [1, true]}",
        ],
        2,
        "AD0904",
        "`b`",
    ),
    (
        ALL,
        &["run", "-", "--at", "{\"p\": {\"a\": 1, \"k\": 2}, \"x\": [1], \"y\": [1], \"m\": [[1, 2]], \"t\": [1]}"],
        2,
        "AD0905",
        "2 values",
    ),
    (
        ALL,
        &["run", "-", "--at", "{\"p\": {\"a\": 1, \"k\": 2}, \"x\": [1], \"y\": [1], \"m\": [[1, 2]], \"t\": [1, 0]}"],
        2,
        "AD0905",
        "`t.1`",
    ),
    (
        ALL,
        &[
            "run",
            "-",
            "--at",
            "{\"p\": {\"a\": 1, \"k\": 2}, \"x\": [1], \"y\": [1], \"m\": [[1, 2], [3]], \"t\": [1, true]}",
        ],
        2,
        "AD0905",
        "`m[1]`",
    ),
    (
        ALL,
        &[
            "run",
            "-",
            "--at",
            "{\"p\": {\"a\": 1, \"k\": 2}, \"x\": [1], \"y\": [1], \"m\": [[1, 2, 3]], \"t\": [1, true]}",
        ],
        2,
        "AD0906",
        "m",
    ),
    (X, &["run", "-", "--at", "@none.json"], 2, "AD0902", "none.json"),
    (X, &["jvp", "-", "--at", "{\"x\": 1}", "--dir", "{\"x\": null}"], 2, "AD0905", "`x`"),
    (X, &["jvp", "-", "--at", "{\"x\": 1}", "--dir", "1"], 2, "AD0905", "the direction"),
    (V, &["jvp", "-", "--at", "{\"x\": [1], \"y\": [1]}", "--dir", "{\"x\": [1, 2]}"], 2, "AD0906", ""),
    (X, &["vjp", "-", "--at", "{\"x\": 1}", "--seed", "[1]"], 2, "AD0905", "`seed`"),
    (X, &["vjp", "-", "--at", "{\"x\": 1}", "--seed", "{"], 2, "AD0903", "--seed:1:"),
    (
        "fn f(x: [f64; n]) -> [f64; n] { x }",
        &["vjp", "-", "--at", "{\"x\": [1, 2]}", "--seed", "[1]"],
        2,
        "AD0906",
        "seed",
    ),
];

const PROGRAMS: &[Case] = &[
    ("fn f() -> f64 { y }", &["run", "-"], 3, "AD0101", "`y`"),
    ("fn f(", &["run", "-"], 3, "AD0004", ""),
    ("$", &["run", "-"], 3, "AD0001", ""),
    ("fn f() -> f64 { true }", &["emit", "-", "--stage", "native"], 3, "AD0201", ""),
    ("import \"other.ad\"; fn f(x: f64) -> f64 { x }", &["run", "-", "--at", "{\"x\": 1}"], 3, "AD0502", "import"),
    ("fn f(x: f64) -> (f64, f64) { (x, x) }", &["grad", "-", "--at", "{\"x\": 1}"], 3, "AD0602", "one float"),
    ("fn f(x: f64) -> [f64; 2] { [x, x] }", &["hess", "-", "--at", "{\"x\": 1}"], 3, "AD0602", "one float"),
    ("fn f(x: f64) -> i64 { 1 }", &["check", "-", "--at", "{\"x\": 1}"], 3, "AD0602", "no floats"),
    ("fn f(n: i64) -> f64 { f64(n) }", &["grad", "-", "--at", "{\"n\": 1}"], 3, "AD0603", "holds floats"),
    (N, &["grad", "-", "--at", "{\"n\": 1, \"x\": 1}", "--wrt", "n"], 3, "AD0603", "`n`"),
    ("func @f(v0: f64) -> f64 {\n  return v1\n}\n", &["opt", "-"], 3, "AD1001", ""),
    ("func @f(v0: f64) -> i64 {\n  return v0\n}\n", &["opt", "-"], 3, "AD1002", ""),
    ("nonsense", &["opt", "-"], 3, "AD1001", ""),
];

const RUNS: &[Case] = &[
    ("fn f(x: [f64; n]) -> f64 { x[n] }", &["run", "-", "--at", "{\"x\": [1]}"], 1, "AD0801", "index 1"),
    ("fn f(x: [f64; n]) -> f64 { x[n] }", &["grad", "-", "--at", "{\"x\": [1]}"], 1, "AD0801", "index 1"),
    ("fn f(n: i64) -> i64 { 1 / n }", &["run", "-", "--at", "{\"n\": 0}"], 1, "AD0802", "zero"),
    (
        "fn f(x: f64) -> f64 { assert(x > 0, \"positive\"); x }",
        &["run", "-", "--at", "{\"x\": 0}"],
        1,
        "AD0803",
        "positive",
    ),
    ("fn f(n: i64) -> i64 { 1 + f(n + 1) }", &["run", "-", "--at", "{\"n\": 0}"], 1, "AD0804", "10000"),
    ("fn f(n: i64) -> i64 { 1 + f(n + 1) }", &["run", "-", "--at", "{\"n\": 0}", "--max-depth", "7"], 1, "AD0804", "7"),
    (
        "fn f(n: i64) -> f64 { let a = zeros(n); sum(a) }",
        &["run", "-", "--at", "{\"n\": 1000000000000}"],
        1,
        "AD0805",
        "",
    ),
    (
        "fn f(n: i64) -> f64 { let a = zeros(n); sum(a) }",
        &["run", "-", "--at", "{\"n\": 10000000}", "--max-memory", "64MiB"],
        1,
        "AD0805",
        "67108864",
    ),
    ("fn f(n: i64) -> [f64; n] { zeros(n) }", &["run", "-", "--at", "{\"n\": 1000000000000}"], 1, "AD0805", ""),
    (
        "fn f(n: i64) -> i64 { let mut s = 0; for i in 0..n { s += i; } s }",
        &["run", "-", "--at", "{\"n\": 1000}", "--max-steps", "999"],
        1,
        "AD0806",
        "999",
    ),
    (
        "fn f() -> i64 { let mut s = 0; while true { s += 1; if s < 0 { break; } } s }",
        &["run", "-", "--timeout", "50ms"],
        1,
        "AD0807",
        "longer than the limit of 0.05 s (`--timeout`)",
    ),
    (
        "fn f() -> i64 { let mut s = 0; while true { s += 1; if s < 0 { break; } } s }",
        &["run", "-", "--timeout", "50ms", "--opt", "0"],
        1,
        "AD0807",
        "longer than the limit of 0.05 s (`--timeout`)",
    ),
    ("fn f(n: i64) -> i64 { 2^n }", &["run", "-", "--at", "{\"n\": -1}"], 1, "AD0809", "-1"),
    ("fn f(x: f64) -> i64 { i64(x) }", &["run", "-", "--at", "{\"x\": \"NaN\"}"], 1, "AD0810", ""),
    (
        "fn f(k: i64) -> i64 { let mut s = 0; for i in 0..9 step k { s += i; } s }",
        &["run", "-", "--at", "{\"k\": 0}"],
        1,
        "AD0811",
        "",
    ),
    ("fn f(x: [f64; n]) -> f64 { sum(x[2..1]) }", &["run", "-", "--at", "{\"x\": [1, 2, 3]}"], 1, "AD0812", ""),
];

fn complaint(case: &Case, ran: &Ran) -> Option<String> {
    let (_, args, exit, code, words) = case;
    let told = ran.err.contains(code) && ran.err.contains(words) && ran.out.is_empty();
    (ran.code != Some(*exit) || !told).then(|| format!("{args:?}: wanted {exit} {code} {words:?}, got {ran:#?}"))
}

fn check(cases: &[Case]) {
    let complaints: Vec<String> =
        cases.iter().filter_map(|case| complaint(case, &fed(case.0.as_bytes(), case.1))).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn wrong_usage_exits_with_2() {
    check(USAGE);
}

#[test]
fn unknown_and_missing_names_exit_with_2() {
    check(NAMES);
}

#[test]
fn wrong_values_exit_with_2() {
    check(VALUES);
}

#[test]
fn programs_that_do_not_compile_exit_with_3() {
    check(PROGRAMS);
}

#[test]
fn runs_that_stop_exit_with_1() {
    check(RUNS);
}

#[test]
fn with_json_every_refusal_is_an_object_a_line() {
    for case in [USAGE, NAMES, VALUES, PROGRAMS, RUNS].concat() {
        let mut args = case.1.to_vec();
        args.push("--json");
        let ran = fed(case.0.as_bytes(), &args);
        let mut codes = Vec::new();
        for line in ran.err.lines() {
            let object: Json = serde_json::from_str(line).unwrap_or_else(|e| panic!("{args:?}: {e}: {line}"));
            let keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(&keys[..6], ["code", "message", "file", "span", "line", "column"], "{args:?}");
            let placed = object["line"].is_number();
            assert!(
                [&object["column"], &object["span"][0], &object["span"][1]].iter().all(|x| x.is_number() == placed)
            );
            codes.push(object["code"].as_str().unwrap_or_default().to_owned());
        }
        // An option at the end may be taken for the value of the one before.
        assert!(codes.contains(&case.3.to_owned()) || codes == ["AD0901"], "{args:?}: {}", ran.err);
    }
}

#[test]
fn several_errors_of_one_program_are_told_at_once() {
    let source = b"fn f() -> f64 { y }\nfn g() -> f64 { true }\n";
    let ran = fed(source, &["run", "-", "--fn", "f", "--json"]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(3), 2), "{}", ran.err);
    let second: Json = serde_json::from_str(ran.err.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["line"], serde_json::json!(2));
    assert_eq!(second["file"], serde_json::json!("<stdin>"));
}

#[test]
fn files_that_cannot_be_read_exit_with_2() {
    let latin = file("unreadable", "latin.ad", b"fn f() -> f64 { 1 } // \xe9");
    let latin = latin.to_str().unwrap();
    let folder = env!("CARGO_TARGET_TMPDIR");
    for (path, words) in [("no-such-file.ad", "no-such-file.ad"), (latin, "UTF-8"), (folder, "cannot read")] {
        for command in ["run", "grad", "check", "opt"] {
            let ran = adit(&[command, path]);
            assert!(ran.code == Some(2) && ran.err.contains("AD0902") && ran.err.contains(words), "{ran:?}");
        }
    }
    let ran = fed(b"fn f() -> f64 { \xff }", &["run", "-"]);
    assert!(ran.code == Some(2) && ran.err.contains("AD0902"), "{ran:?}");
    let json = file("unreadable", "latin.json", b"{\"x\": \"\xe9\"}");
    let ran = adit(&["run", "examples/nice_function.ad", "--at", &format!("@{}", json.display())]);
    assert!(ran.code == Some(2) && ran.err.contains("AD0902"), "{ran:?}");
}

#[test]
fn malformed_columns_and_arrays_exit_with_2() {
    let source = b"fn f(x: [f64; n]) -> f64 { sum(x) }";
    for (name, contents, code) in [
        ("ragged.csv", &b"x,y\n1\n"[..], "AD0903"),
        ("words.csv", b"x\n1\ntwo\n", "AD0905"),
        ("hole.csv", b"x,y\n,1\n", "AD0905"),
        ("empty.csv", b"", "AD0904"),
        ("twice.csv", b"x,x\n1,2\n", "AD0904"),
        ("not.npy", b"x\n1\n", "AD0903"),
        ("cut.npy", b"\x93NUMPY\x01\x00\xff\xff{", "AD0903"),
        ("truth.csv", b"x\ntrue\n", "AD0905"),
    ] {
        let path = file("malformed", name, contents);
        let reference =
            if name.ends_with(".csv") { format!("@{}:x", path.display()) } else { format!("@{}", path.display()) };
        let at = serde_json::json!({ "x": reference }).to_string();
        let ran = fed(source, &["run", "-", "--at", &at]);
        assert!(ran.code == Some(2) && ran.err.contains(code), "{name}: {ran:?}");
    }
}

#[test]
fn absurd_input_is_refused_quickly() {
    let start = Instant::now();
    let deep = "[".repeat(1_000_000);
    let ran = fed(deep.as_bytes(), &["run", "examples/nice_function.ad", "--at", "@-"]);
    assert!(ran.code == Some(2) && ran.err.contains("AD0903"), "{ran:?}");
    let nested = format!("fn f(x: f64) -> f64 {{ {}x{} }}", "(".repeat(100_000), ")".repeat(100_000));
    let ran = fed(nested.as_bytes(), &["run", "-", "--at", "{\"x\": 1}"]);
    assert!(ran.code == Some(3) && ran.err.contains("AD0006"), "{:?} {}", ran.code, &ran.err[..ran.err.len().min(300)]);
    let random: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 & 0x7f).collect();
    assert_eq!(fed(&random, &["run", "-"]).code, Some(3));
    assert_eq!(fed(&random, &["opt", "-"]).code, Some(3));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_time_limit_holds_for_interpreters_too() {
    let source = b"fn f(x: f64) -> f64 { let mut s = x; while s > 0 { s += 1; } s }";
    let start = Instant::now();
    let ran = fed(source, &["check", "-", "--at", "{\"x\": 1}", "--timeout", "200ms"]);
    assert!(ran.code == Some(1) && ran.err.contains("AD0807"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn deep_recursion_meets_its_limit_and_not_the_end_of_the_stack() {
    let source = b"fn f(x: f64, n: i64) -> f64 { if n == 0 { x } else { 1 + f(x, n - 1) } }";
    let at = |n: u32| format!("{{\"x\": 0, \"n\": {n}}}");
    let ran = fed(source, &["run", "-", "--at", &at(9_999), "--json"]);
    assert_eq!(ran.json()["value"], serde_json::json!(9999.0));
    let ran = fed(source, &["run", "-", "--at", &at(1_000_000_000), "--max-depth", "4000000000"]);
    assert!(ran.code == Some(1) && ran.err.contains("AD0804"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf8_are_wrong_usage() {
    use std::os::unix::ffi::OsStrExt;
    let latin = std::ffi::OsStr::from_bytes(b"\xe9");
    for before in [&["run", "-", "--at"][..], &["run"], &[]] {
        let ran = common::finish(common::command(before).arg(latin));
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}
