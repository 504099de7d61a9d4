//! `adit sample`: a regression whose posterior is known by numerical integration, what it writes, and what it refuses.

mod common;

use common::{adit, fed, root};
use serde_json::Value as Json;
use std::path::Path;

const DATA: &str = r#"{"x": "@examples/data/iris.csv:petal_length", "y": "@examples/data/iris.csv:petal_width"}"#;

fn regression(more: &[&str]) -> Json {
    let fixed = ["sample", "examples/linreg.ad", "--data", DATA, "--constrain", "p.sigma=positive", "--json"];
    adit(&[&fixed[..], more].concat()).json()
}

#[test]
fn a_regression_has_the_moments_of_its_posterior() {
    let reference = std::fs::read_to_string(root().join("tests/references/linreg/posterior.json")).unwrap();
    let reference: Json = serde_json::from_str(&reference).unwrap();
    let found = regression(&["--seed", "1", "--draws", "2000"]);
    assert_eq!(found["divergences"], 0);
    let summary = found["summary"].as_array().unwrap();
    assert_eq!(summary.len(), 3);
    for s in summary {
        let known = &reference[s["name"].as_str().unwrap()];
        let [mean, sd] = ["mean", "sd"].map(|k| known[k].as_f64().unwrap());
        let ess = s["ess_bulk"].as_f64().unwrap().min(s["ess_tail"].as_f64().unwrap());
        let off = |k: &str, wanted: f64| (s[k].as_f64().unwrap() - wanted).abs();
        assert!(off("mean", mean) < 4.0 * sd / ess.sqrt(), "{s}");
        assert!(off("sd", sd) < 4.0 * sd / (2.0 * ess).sqrt(), "{s}");
        assert!(s["r_hat"].as_f64().unwrap() < 1.01, "{s}");
    }
}

#[test]
fn draws_and_charts_are_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample");
    let (out, plots) = (folder.join("draws.csv"), folder.join("plots"));
    std::fs::create_dir_all(&folder).unwrap();
    let more = ["--chains", "2", "--draws", "20", "--warmup", "50"];
    let run = |threads: &str| {
        let files = ["--threads", threads, "--out", out.to_str().unwrap(), "--plot", plots.to_str().unwrap()];
        regression(&[&more[..], &files].concat());
        std::fs::read_to_string(&out).unwrap()
    };
    let draws = run("1");
    assert_eq!(draws, run("2"));
    assert_eq!(draws.lines().next(), Some("chain,draw,divergent,p.alpha,p.beta,p.sigma"));
    assert_eq!(draws.lines().count(), 41);
    for file in ["trace-p.alpha.svg", "density-p.sigma.svg"] {
        assert!(std::fs::read_to_string(plots.join(file)).unwrap().starts_with("<svg"), "{file}");
    }
}

#[test]
fn columns_are_data_by_their_names_and_logs_may_be_returned() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample_columns");
    std::fs::create_dir_all(&folder).unwrap();
    let table = folder.join("d.csv");
    std::fs::write(&table, "y,note\n1,a\n2,b\n3,c\n").unwrap();
    let program = "fn f(mu: f64, w: [f64; k], y: [f64; n]) -> f64 { sum(normal_logpdf(y, mu, 0.1)) - dot(w, w) }";
    let data = format!("@{}", table.display());
    let args = ["sample", "-", "--data", &data, "--density", "log", "--size", "k=2", "--json"];
    let found = fed(program.as_bytes(), &args).json();
    let names: Vec<&str> = found["summary"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mu", "w[0]", "w[1]"]);
    assert!((found["summary"][0]["mean"].as_f64().unwrap() - 2.0).abs() < 0.02);
}

#[test]
fn bounds_that_nobody_said_are_asked_for() {
    let program = "fn f(mu: f64, sigma: f64, y: [f64; n]) -> f64 { sum(normal_logpdf(y, mu, sigma)) - mu^2 - sigma^2 }";
    let of = |more: &[&str]| {
        let fixed = ["sample", "-", "--density", "log", "--data", "{\"y\": [1, 2, 3]}", "--draws", "200"];
        fed(program.as_bytes(), &[&fixed[..], more].concat())
    };
    let (free, bounded) = (of(&[]), of(&["--constrain", "sigma=positive"]));
    assert!(free.out.contains("no finite value at") && free.out.contains("--constrain sigma=positive"), "{free:?}");
    assert!(bounded.code == Some(0) && !bounded.out.contains("no finite value"), "{bounded:?}");
}

/// Presses Ctrl-C once the sampler has printed so many lines, and waits for the end.
#[cfg(unix)]
fn interrupted(args: &[&str], lines: usize) -> common::Ran {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    let mut command = common::command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let program = b"fn f(x: [f64; k]) -> f64 { print(\"at\"); dot(x, x) / 2 }";
    child.stdin.take().expect("it is a pipe").write_all(program).expect("it reads its program");
    let mut told = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
    assert_eq!(told.by_ref().take(lines).count(), lines, "it goes on until it is interrupted");
    let pressed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(pressed.expect("there is `kill`").success());
    // What it still prints has to be read, or it waits.
    let err = told.map_while(Result::ok).filter(|line| line != "at").collect::<Vec<_>>().join("\n");
    let done = child.wait_with_output().expect("the binary ends");
    common::Ran { code: done.status.code(), out: String::from_utf8(done.stdout).expect("output is UTF-8"), err }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_gives_the_draws_that_it_has() {
    let out = common::file("interrupted", "draws.csv", b"");
    let fixed = ["sample", "-", "--size", "k=2", "--chains", "2", "--json"];
    let endless = ["--draws", "1000000000", "--warmup", "10", "--out", out.to_str().unwrap()];
    let ran = interrupted(&[&fixed[..], &endless].concat(), 5000);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let found = ran.json();
    let draws = found["draws"].as_u64().unwrap();
    assert!(found["interrupted"] == true && found["chains"] == 2 && draws > 10, "{found}");
    let written = std::fs::read_to_string(out).unwrap();
    assert_eq!(written.lines().count() as u64, 1 + 2 * draws);

    let ran = interrupted(&[&fixed[..], &["--draws", "10", "--warmup", "1000000000"]].concat(), 500);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("AD0807") && ran.err.contains("before there were draws"), "{ran:?}");
}

#[test]
fn misuse_has_its_code() {
    let program = "fn f(s: f64, k: i64) -> f64 { f64(k) * s^2 }";
    for (more, code) in [
        (&["--data", "{\"k\": 1}", "--constrain", "s=postive"][..], "AD0920"),
        (&["--data", "{\"k\": 1}", "--constrain", "t=positive"], "AD0920"),
        (&["--data", "{\"k\": 1}", "--constrain", "s"], "AD0901"),
        (&[], "AD0921"),
        (&["--data", "{\"k\": 1, \"s\": 1}"], "AD0921"),
        (&["--data", "{\"k\": 1}", "--data", "{\"k\": 2}"], "AD0904"),
        (&["--data", "{\"k\": 1}", "--init", "{\"s\": -1}", "--constrain", "s=positive"], "AD0922"),
    ] {
        let ran = fed(program.as_bytes(), &[&["sample", "-"], more].concat());
        assert!(ran.code == Some(2) && ran.err.contains(code), "{more:?}: {}", ran.err);
    }
}
