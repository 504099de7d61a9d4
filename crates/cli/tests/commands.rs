//! Every command on programs whose results are known.

mod common;

use common::{adit, command, fed, file, finish, root, same};
use serde_json::{Value as Json, json};

/// The examples, and the function of each where it has to be named.
const EXAMPLES: &[(&str, Option<&str>)] = &[
    ("linreg", None),
    ("mlp", Some("loss")),
    ("control_flow", None),
    ("newton_sqrt", None),
    ("nice_function", None),
    ("test_function", None),
];

fn example(command: &str, (name, function): (&str, Option<&str>), more: &[&str]) -> common::Ran {
    let (file, at) = (format!("examples/{name}.ad"), format!("@examples/{name}.json"));
    let mut args = vec![command, &file, "--at", &at];
    if let Some(function) = function {
        args.extend(["--fn", function]);
    }
    args.extend(more);
    adit(&args)
}

fn expected(name: &str) -> Json {
    let text = std::fs::read_to_string(root().join(format!("examples/{name}.expected.json")))
        .expect("the example has its expectations");
    serde_json::from_str(&text).expect("they are JSON")
}

#[test]
fn gradients_of_the_examples_are_the_expected_ones() {
    for &(name, function) in EXAMPLES {
        let expected = expected(name);
        for more in
            [&["--json"][..], &["--json", "--opt", "0"], &["--json", "--strict", "--opt", "3", "--cpu", "baseline"]]
        {
            same(&expected, &example("grad", (name, function), more).json());
        }
        same(&expected, &example("grad", (name, function), &["--json", "--mode", "forward"]).json());
        same(&json!({"value": expected["value"]}), &example("run", (name, function), &["--json"]).json());
    }
}

#[test]
fn engines_agree_on_the_examples() {
    for &example_ in EXAMPLES {
        let ran = example("check", example_, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.out);
        assert!(ran.out.contains("all engines agree"), "{}", ran.out);
    }
    let report = example("check", ("control_flow", None), &["--json", "--order", "2"]).json();
    assert_eq!(report["agrees"], json!(true));
    assert!(report["pairs"].as_array().unwrap().len() > 20);
    assert!(report["pairs"][0]["quantity"].is_string() && report["pairs"][0]["worst"].is_number());
}

#[test]
fn a_gradient_is_a_table_for_people() {
    let ran = example("grad", ("linreg", None), &[]);
    let line = |start: &str| ran.out.lines().find(|l| l.trim_start().starts_with(start)).unwrap_or_default().to_owned();
    let point = |line: String| line.find('.').filter(|_| !line.is_empty());
    assert!(line("value").contains("-13.4516380326"), "{}", ran.out);
    assert!(line("p.alpha").contains("9.2466666666"), "{}", ran.out);
    // `p.alpha` has a point of its own: numbers are found by the last one.
    let last = |start: &str| line(start).rfind('.');
    assert_eq!(last("p.alpha"), last("p.sigma"));
    assert!(point(line("value")).is_some() && ran.out.contains("more"));
}

const SMALL: &str = "
struct P { a: f64, k: i64 }
fn f(p: P, x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s += p.a^2 * x[i]^3; } s * f64(p.k) }
fn g(x: [f64; n], c: f64) -> [f64; n] { c * x * x }
fn h(x: &mut [f64; n], s: &mut f64) -> i64 { print(\"s\", s); for i in 0..n { x[i] = x[i] * s; } s = s + 1; n }
fn t(x: f64) -> (f64, P) { (x * x, P { a: 3 * x, k: 7 }) }
fn none() -> f64 { 1.5 }
";

const AT_F: &str = r#"{"p": {"a": 2, "k": 3}, "x": [1, 2]}"#;

fn small(args: &[&str]) -> Json {
    let mut all = vec![args[0], "-"];
    all.extend(&args[1..]);
    all.push("--json");
    fed(SMALL.as_bytes(), &all).json()
}

#[test]
fn values_are_printed_with_final_contents() {
    let ran = small(&["run", "--fn", "h", "--at", r#"{"x": [1, 2], "s": 3}"#]);
    same(&json!({"value": 2, "final": {"x": [3.0, 6.0], "s": 4.0}}), &ran);
    same(&json!({"value": 1.5}), &small(&["run", "--fn", "none"]));
    same(&json!({"value": [4.0, {"a": 6.0, "k": 7}]}), &small(&["run", "--fn", "t", "--at", "{\"x\": 2}"]));
}

#[test]
fn printed_lines_go_to_standard_error_once() {
    let at = r#"{"x": [1, 2], "s": 3}"#;
    for args in
        [&["run"][..], &["jac"], &["jvp", "--dir", "{\"s\": 1}"], &["vjp", "--seed", "1"], &["run", "--opt", "0"]]
    {
        let mut all = vec![args[0], "-", "--fn", "h", "--at", at];
        all.extend(&args[1..]);
        let ran = fed(SMALL.as_bytes(), &all);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), "s 3.0\n"), "{args:?}");
    }
    let source = "fn f(x: f64) -> f64 { print(x); x * x }";
    for command in ["grad", "hess", "check"] {
        let ran = fed(source.as_bytes(), &[command, "-", "--at", "{\"x\": 3}"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), "3.0\n"), "{command}");
    }
}

#[test]
fn gradients_leave_integers_out_and_obey_wrt() {
    let full = json!({"value": 108.0, "gradient": {"p": {"a": 108.0}, "x": [36.0, 144.0]}});
    same(&full, &small(&["grad", "--fn", "f", "--at", AT_F]));
    let only_x = json!({"value": 108.0, "gradient": {"x": [36.0, 144.0]}});
    same(&only_x, &small(&["grad", "--fn", "f", "--at", AT_F, "--wrt", "x"]));
    same(&only_x, &small(&["grad", "--fn", "f", "--at", AT_F, "--wrt", "x", "--mode", "forward"]));
    same(&full, &small(&["grad", "--fn", "f", "--at", AT_F, "--wrt", "x,p"]));
}

#[test]
fn directions_leave_out_what_is_zero() {
    let at = r#"{"x": [1, 2], "c": 5}"#;
    let jvp = |dir: &str, more: &[&str]| {
        let mut args = vec!["jvp", "--fn", "g", "--at", at, "--dir", dir];
        args.extend(more);
        small(&args)["tangent"].clone()
    };
    same(&json!([10.0, 0.0]), &jvp(r#"{"x": [1, 0]}"#, &[]));
    same(&json!([1.0, 4.0]), &jvp(r#"{"c": 1}"#, &[]));
    same(&json!([11.0, 4.0]), &jvp(r#"{"c": 1, "x": [1, 0]}"#, &[]));
    same(&json!([1.0, 4.0]), &jvp(r#"{"c": 1, "x": [1, 0]}"#, &["--wrt", "c"]));
    same(&json!([0.0, 0.0]), &jvp("{}", &[]));
    let nested = small(&["jvp", "--fn", "f", "--at", AT_F, "--dir", r#"{"p": {"a": 1}}"#]);
    same(&json!({"value": 108.0, "tangent": 108.0}), &nested);
    let tuple = small(&["jvp", "--fn", "t", "--at", "{\"x\": 2}", "--dir", "{\"x\": 1}"]);
    same(&json!([4.0, {"a": 3.0}]), &tuple["tangent"]);
}

#[test]
fn cotangents_are_the_transposed_of_tangents() {
    let at = r#"{"x": [1, 2], "c": 5}"#;
    let vjp = |seed: &str| small(&["vjp", "--fn", "g", "--at", at, "--seed", seed])["cotangent"].clone();
    same(&json!({"x": [10.0, 20.0], "c": 5.0}), &vjp("[1, 1]"));
    same(&json!({"x": [0.0, -20.0], "c": -4.0}), &vjp("[0, -1]"));
    let tuple = small(&["vjp", "--fn", "t", "--at", "{\"x\": 2}", "--seed", r#"[1, {"a": 10}]"#]);
    same(&json!({"x": 34.0}), &tuple["cotangent"]);
    let negative = small(&["vjp", "--fn", "f", "--at", AT_F, "--seed", "-2"]);
    same(&json!({"p": {"a": -216.0}, "x": [-72.0, -288.0]}), &negative["cotangent"]);
}

#[test]
fn jacobians_nest_the_result_outside_the_parameter() {
    let jac = |function: &str, at: &str| small(&["jac", "--fn", function, "--at", at])["jacobian"].clone();
    let expected = json!({"x": [[10.0, 0.0], [0.0, 20.0]], "c": [1.0, 4.0]});
    same(&expected, &jac("g", r#"{"x": [1, 2], "c": 5}"#));
    same(&json!({"p": {"a": 108.0}, "x": [36.0, 144.0]}), &jac("f", AT_F));
    same(&json!({"x": [4.0, {"a": 3.0}]}), &jac("t", "{\"x\": 2}"));
}

#[test]
fn hessians_are_square_over_all_floats_in_order() {
    let hess = small(&["hess", "--fn", "f", "--at", AT_F]);
    // d/da = 2 a k s, d/dx = 3 a^2 k x^2 with s the sum of cubes, 9
    let expected = json!([[54.0, 36.0, 144.0], [36.0, 72.0, 0.0], [144.0, 0.0, 144.0]]);
    same(&expected, &hess["hessian"]);
    same(&json!({"p": {"a": 108.0}, "x": [36.0, 144.0]}), &hess["gradient"]);
    let hvp = small(&["hvp", "--fn", "f", "--at", AT_F, "--dir", r#"{"x": [1, 0], "p": {"a": 1}}"#]);
    same(&json!({"value": 108.0, "hvp": {"p": {"a": 90.0}, "x": [108.0, 144.0]}}), &hvp);
    let only_x = small(&["hess", "--fn", "f", "--at", AT_F, "--wrt", "x"]);
    same(&json!([[72.0, 0.0], [0.0, 144.0]]), &only_x["hessian"]);
}

#[test]
fn sparse_matrices_are_the_dense_ones_in_columns() {
    let sparse = small(&["jac", "--fn", "g", "--sparse", "--at", r#"{"x": [1, 2], "c": 5}"#])["jacobian"].clone();
    let expected = json!({
        "rows": 2, "columns": 3, "nnz": 4, "colours": 2, "mode": "forward",
        "column_starts": [0, 1, 2, 4], "row_indices": [0, 1, 0, 1], "values": [10.0, 20.0, 1.0, 4.0],
    });
    same(&expected, &sparse);
    let only_x = small(&["hess", "--fn", "f", "--sparse", "--at", AT_F, "--wrt", "x"]);
    same(&json!([72.0, 144.0]), &only_x["hessian"]["values"]);
    same(&json!({"x": [36.0, 144.0]}), &only_x["gradient"]);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("spy.svg");
    let at = r#"{"x": [1, 2], "c": 5}"#;
    let plot = ["jac", "-", "--fn", "g", "--sparse", "--at", at, "--plot", path.to_str().expect("a name")];
    let ran = fed(SMALL.as_bytes(), &plot);
    assert!(ran.out.contains("jacobian: 2 by 3, nnz 4, colours 2, forward\n  value[0] / x[0]  10.0"), "{}", ran.out);
    assert!(std::fs::read_to_string(path).expect("it is drawn").contains("2 by 3, nnz 4"));
}

#[test]
fn tables_of_matrices_name_rows_and_columns() {
    let ran = fed(SMALL.as_bytes(), &["jac", "-", "--fn", "g", "--at", r#"{"x": [1, 2], "c": 5}"#]);
    assert!(ran.out.contains("value[1] / x[1]  20.0"), "{}", ran.out);
    let ran = fed(SMALL.as_bytes(), &["hess", "-", "--fn", "f", "--at", AT_F]);
    assert!(ran.out.contains("p.a / x[1]"), "{}", ran.out);
}

#[test]
fn stages_are_printed_and_read_back() {
    let stages =
        "tokens,ast,lowered,typed,optimized,jvp,vjp,jvp-optimized,vjp-optimized,finished,vectorized,clif,vcode,native";
    let ran = adit(&["emit", "examples/nice_function.ad", "--stage", stages]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.out.matches("; ---- ").count(), 14);
    for stage in ["typed", "optimized", "jvp", "vjp", "jvp-optimized", "vjp-optimized", "finished"] {
        for &(name, function) in EXAMPLES {
            let file = format!("examples/{name}.ad");
            let mut args = vec!["emit", &file, "--stage", stage];
            args.extend(function.iter().flat_map(|f| ["--fn", f]));
            let printed = adit(&args).out;
            let back = fed(printed.as_bytes(), &["opt", "-", "--passes", ""]);
            assert_eq!(back.code, Some(0), "{name} {stage}: {}", back.err);
            assert_eq!(back.out, without_comments(&printed), "{name} {stage}: no pass, no change");
        }
    }
    let json = adit(&["emit", "examples/nice_function.ad", "--stage", "typed,vjp", "--json"]).json();
    assert!(json["typed"].as_str().unwrap().contains("func @nice_function"));
}

/// IR text without the source lines beside it.
fn without_comments(ir: &str) -> String {
    ir.lines().map(|line| format!("{}\n", line.split("  ; ").next().unwrap_or_default())).collect()
}

#[test]
fn machine_code_is_that_of_whom_one_asks_for() {
    let native = |of: &str| {
        let args = ["emit", "examples/test_function.ad", "--stage", "clif", "--of", of];
        adit(&args).out
    };
    let texts = [native("primal"), native("jvp"), native("vjp")];
    assert!(texts.iter().all(|t| t.contains("function")), "{texts:?}");
    assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    let stages = adit(&["emit", "examples/mlp.ad", "--stage", "tokens,ast"]);
    assert_eq!(stages.code, Some(0), "stages of the file need no function: {}", stages.err);
}

#[test]
fn stages_are_written_to_files() {
    let folder = file("stages", "x", b"").parent().unwrap().join("out");
    let folder = folder.to_str().unwrap();
    let ran = adit(&["emit", "examples/nice_function.ad", "--stage", "typed,native", "-o", folder]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for name in ["typed.adir", "native.s"] {
        assert!(std::fs::metadata(format!("{folder}/{name}")).unwrap().len() > 0);
    }
}

#[test]
fn passes_are_run_in_order() {
    let ir = "func @f(v0: f64) -> f64 {\n  v1 = const 2.0\n  v2 = const 3.0\n  v3 = mul v1, v2\n  v4 = add v0, v3\n  return v4\n}\n";
    let folded = fed(ir.as_bytes(), &["opt", "-", "--passes", "fold,dce"]).out;
    assert!(folded.contains("const 6.0") && !folded.contains("mul"), "{folded}");
    let ran = fed(ir.as_bytes(), &["opt", "-", "--passes", "fold,dce", "--print-after-all"]);
    assert_eq!(ran.out, folded);
    assert!(ran.err.contains("; ---- after fold ----") && ran.err.contains("; ---- after dce ----"));
    let all = fed(ir.as_bytes(), &["opt", "-"]).out;
    assert_eq!(all, folded, "the clean-up does it all");
    assert!(adit(&["opt", "--help"]).out.contains("hoist"), "the help lists passes");
}

#[test]
fn codes_functions_and_conventions_are_explained() {
    let page = adit(&["explain", "AD0301"]);
    assert!(page.code == Some(0) && page.out.starts_with("# AD0301: "));
    assert_eq!(adit(&["explain", "ad0301"]).out, page.out);
    let kinks = adit(&["explain", "kinks"]).out;
    for name in ["abs", "max", "relu", "sqrt", "atan2", "hypot", "xlogy", "Strong zero"] {
        assert!(kinks.contains(name), "{name}");
    }
    assert!(adit(&["explain", "atan2"]).out.contains("Partial derivatives"));
    assert!(adit(&["explain", "AD0301", "--json"]).json()["text"].is_string());
}

#[test]
fn times_of_stages_go_to_standard_error() {
    let ran = adit(&["grad", "examples/linreg.ad", "--at", "@examples/linreg.json", "--time-passes", "--json"]);
    ran.json();
    for stage in ["front end", "derive", "generate code", "run"] {
        assert!(ran.err.lines().any(|l| l.starts_with(stage) && l.ends_with(" ms")), "{}", ran.err);
    }
}

#[test]
fn help_and_version_are_answers() {
    let help = adit(&["--help"]);
    assert_eq!(help.code, Some(0));
    for word in ["run", "grad", "jvp", "vjp", "jac", "hess", "hvp", "check", "emit", "opt", "explain"] {
        assert!(help.out.contains(&format!("\n  {word} ")), "{word}");
        assert_eq!(adit(&[word, "--help"]).code, Some(0));
    }
    for option in
        ["--opt", "--strict", "--cpu", "--time-passes", "--max-memory", "--max-depth", "--max-steps", "--timeout"]
    {
        assert!(help.out.contains(option), "{option}");
    }
    assert!(adit(&["--version"]).out.starts_with("adit "));
}

#[test]
fn colours_are_a_matter_of_taste() {
    let wrong = b"fn f() -> f64 { y }";
    let coloured = |args: &[&str]| fed(wrong, &[&["run", "-"], args].concat()).err.contains('\u{1b}');
    assert!(!coloured(&[]), "standard error is no terminal here");
    assert!(coloured(&["--color", "always"]));
    assert!(!coloured(&["--color", "never"]));
    assert!(!coloured(&["--color", "always", "--json"]));
    let mut always = command(&["run", "examples/none.ad", "--color", "always"]);
    assert!(finish(always.env("NO_COLOR", "1")).err.contains('\u{1b}'), "an explicit wish wins");
}

#[test]
fn matrices_have_the_type_of_their_columns() {
    let source = b"fn f(x: [f32; n], c: f64) -> f64 { f64(sum(x * x)) * 0.1 * c }";
    let path = file("matrices_have_the_type_of_their_columns", "single.ad", source);
    let ran = |command: &str, more: &[&str]| {
        let mut args =
            vec![command, path.to_str().expect("it is UTF-8"), "--at", r#"{"x": [0.1, 0.2], "c": 0.9}"#, "--json"];
        args.extend(more);
        adit(&args).out
    };
    for mode in ["forward", "reverse"] {
        assert!(
            ran("jac", &["--mode", mode]).contains(r#"{"x": [0.018000001, 0.036000002], "c": 0.0050000004470"#),
            "{mode}"
        );
    }
    assert!(ran("hess", &[]).contains(r#""hessian": [[0.18, 0.0, 0.0200000002980"#), "{}", ran("hess", &[]));
    assert!(ran("hess", &["--wrt", "x"]).contains(r#""hessian": [[0.18, 0.0], [0.0, 0.18]]"#));
}
