//! `adit build`, and what it wrote in other processes.

mod common;

use common::{adit, file};
use std::path::{Path, PathBuf};

/// A folder of its own for what a test builds.
fn folder(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("build").join(test)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

#[test]
fn another_process_loads_what_was_built() {
    let out = folder("loads");
    for (derivative, command) in [("value", "run"), ("gradient", "grad"), ("hessian", "hess"), ("jacobian", "jac")] {
        let built =
            adit(&["build", "examples/linreg.ad", "--derivative", derivative, "--emit", "adc", "--out", text(&out)]);
        let path = out.join(format!("neg_log_posterior_{derivative}.adc"));
        assert_eq!((built.code, built.out.trim()), (Some(0), text(&path)), "{built:?}");
        let at = ["--at", "@examples/linreg.json", "--json"];
        let wanted = adit(&[&[command, "examples/linreg.ad"][..], &at].concat());
        let found = adit(&[&[command, text(&path)][..], &at].concat());
        assert_eq!((found.code, found.out), (Some(0), wanted.out), "{derivative}: {}", found.err);
    }
}

#[test]
fn commands_that_need_a_program_say_so_of_what_was_built() {
    let out = folder("programs");
    let source = file("build", "bowl.ad", b"fn f(x: [f64; n], k: f64) -> f64 { k * sum(x^2) }");
    let built = |more: &[&str]| {
        let fixed = ["build", text(&source), "--emit", "adc", "--out", text(&out)];
        assert_eq!(adit(&[&fixed[..], more].concat()).code, Some(0));
        out.join("f_gradient.adc")
    };
    let path = built(&[]);
    for command in [&["cost"][..], &["emit", "--stage", "typed"], &["sample"], &["optimize"]] {
        let refused = adit(&[&[command[0], text(&path)], &command[1..]].concat());
        assert!(refused.code == Some(2) && refused.err.contains("AD0933"), "{command:?}: {refused:?}");
        assert!(refused.err.contains("needs the program"), "{refused:?}");
    }
    let run = ["grad", text(&path), "--at", "{\"x\": [1, 2], \"k\": 2}", "--max-steps", "1"];
    let refused = adit(&run);
    assert!(refused.code == Some(2) && refused.err.contains("counts no steps"), "{refused:?}");
    built(&["--max-steps", "1000"]);
    let stopped = adit(&run);
    assert!(stopped.code == Some(1) && stopped.err.contains("AD0806"), "{stopped:?}");
    let size = adit(&["cost", text(&source), "--size", "q=3"]);
    assert!(size.code == Some(2) && size.err.contains("no integer parameter `q`; it has n"), "{size:?}");
}

#[test]
fn directions_along_what_was_asked_for() {
    let out = folder("directions");
    let source = file("build", "map.ad", b"fn f(x: [f64; n], k: f64) -> [f64; n] { k * sin(x) }");
    for command in ["jvp", "jac"] {
        let kind = if command == "jac" { "jacobian" } else { command };
        let args = ["build", text(&source), "--derivative", kind, "--wrt", "x", "--emit", "adc", "--out", text(&out)];
        assert_eq!(adit(&args).code, Some(0));
        let path = out.join(format!("f_{kind}.adc"));
        let more: &[&str] = if command == "jvp" { &["--dir", "{\"x\": [1, 2]}"] } else { &[] };
        let at = [&["--at", "{\"x\": [0.5, 1.5], \"k\": 2}", "--json"], more].concat();
        let wanted = adit(&[&[command, text(&source), "--wrt", "x"][..], &at].concat());
        let found = adit(&[&[command, text(&path)][..], &at].concat());
        assert_eq!((found.code, found.out), (Some(0), wanted.out), "{command}: {}", found.err);
    }
    let at = ["--at", "{\"x\": [0.5, 1.5], \"k\": 2}", "--dir", "{\"k\": 1}"];
    let refused = adit(&[&["jvp", text(&out.join("f_jvp.adc"))][..], &at].concat());
    assert!(refused.code == Some(2) && refused.err.contains("AD0933"), "{refused:?}");
}

#[test]
fn what_cannot_be_loaded_or_built_is_told() {
    let out = folder("refused");
    let built = adit(&["build", "examples/linreg.ad", "--emit", "adc", "--out", text(&out)]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let whole = out.join("neg_log_posterior_gradient.adc");
    let bytes = std::fs::read(&whole).expect("it was written");
    let short = file("build", "short.adc", &bytes[..bytes.len() / 2]);
    let foreign = file("build", "foreign.adc", b"fn f(x: f64) -> f64 { x }");
    let at = ["--at", "@examples/linreg.json"];
    for (command, path, code) in [
        ("grad", &short, "AD0930"),
        ("grad", &foreign, "AD0930"),
        ("hess", &whole, "AD0933"),
        ("run", &whole, "AD0933"),
        ("check", &whole, "AD0933"),
    ] {
        let ran = adit(&[&[command, text(path)][..], &at].concat());
        assert!(ran.code == Some(2) && ran.err.contains(code), "{command}: {ran:?}");
    }
    // A sparsity pattern is found in the program, which is not there.
    for (kind, command) in [("hessian", "hess"), ("jacobian", "jac")] {
        let args = ["build", "examples/linreg.ad", "--derivative", kind, "--emit", "adc", "--out", text(&out)];
        assert_eq!(adit(&args).code, Some(0));
        let path = out.join(format!("neg_log_posterior_{kind}.adc"));
        let sparse = adit(&[&[command, text(&path), "--sparse"][..], &at].concat());
        assert!(sparse.code == Some(2) && sparse.err.contains("AD0933"), "{command} --sparse: {sparse:?}");
    }
    let named = adit(&[&["grad", text(&whole), "--fn", "g"][..], &at].concat());
    assert!(named.code == Some(2) && named.err.contains("AD0904"), "{named:?}");
    let mode = adit(&["build", "examples/linreg.ad", "--derivative", "hvp", "--mode", "forward"]);
    assert!(mode.code == Some(2) && mode.err.contains("AD0901"), "{mode:?}");
}
