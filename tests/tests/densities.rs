//! The densities of the library against numbers of 20 digits (`tools/references/densities.py`): values, gradients in both modes, Hessians.
//!
//! The contract: an error of at most 10⁻¹² of the number itself, in tails and edges too; or of 10⁻¹⁵ of the value, per part of the argument that changes. Where
//! the logarithms of gamma functions cancel, 1 is added to the value.

use adit::{Engine, Mode};
use adit_tests::filetest::Limits;
use adit_tests::root;
use adit_tests::subject::Subject;
use serde_json::Value as Json;
use std::fs;

/// Relative to the number itself.
const TOLERANCE: f64 = 1e-12;

/// The same of the value, where a derivative is the difference of larger terms.
const CANCELLATION: f64 = 1e-15;

/// Functions with logarithms of gamma functions, whose terms are of order 1 where the value may vanish.
const WITH_GAMMA: [&str; 4] = ["beta_logpdf", "dirichlet_logpdf", "gamma_logpdf", "student_t_logpdf"];

fn references() -> Vec<Json> {
    let text = fs::read_to_string(root().join("tests/references/densities.jsonl")).expect("the references are there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// A function that does nothing but call the one of the library, and the names of its parameters.
fn wrapped(name: &str) -> (String, Vec<&'static str>) {
    let (_, text) = adit::library_sources().find(|(known, _)| *known == name).expect("it is in the library");
    let (_, code) = text.split_once("\nfn ").expect("a function follows its documentation");
    let (head, _) = code.split_once(" {").expect("it has a body");
    let (_, signature) = head.split_once('(').expect("it has parameters");
    let (params, _) = signature.split_once(") ->").expect("it has a result");
    let args: Vec<&'static str> = params.split(", ").filter_map(|p| p.split_once(": ")).map(|(name, _)| name).collect();
    (format!("fn wrapped({signature} {{ {name}({}) }}\n", args.join(", ")), args)
}

fn floats(json: &Json, out: &mut Vec<f64>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| floats(item, out)),
        Json::String(text) => out.push(text.parse().expect("an infinity")),
        Json::Number(x) => out.push(x.as_f64().expect("a float")),
        Json::Null | Json::Bool(_) | Json::Object(_) => panic!("{json}"),
    }
}

/// Numbers that differ; the units of each are those of the arguments that it is a derivative in.
fn differences(line: &Json, what: &str, found: &Json, units: &[f64]) -> Vec<String> {
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    floats(&line[what], &mut wanted);
    floats(found, &mut got);
    assert!(wanted.len() == got.len() && got.len() == units.len(), "{line}");
    let name = line["fn"].as_str().unwrap_or_default();
    let size = line["value"].as_f64().unwrap_or(1.0).abs() + if WITH_GAMMA.contains(&name) { 1.0 } else { 0.0 };
    let wrong = wanted.iter().zip(&got).zip(units).enumerate().filter(|(_, ((w, g), unit))| {
        let allowed = (TOLERANCE * w.abs()).max(CANCELLATION * size / *unit).max(f64::MIN_POSITIVE);
        w != g && (w.is_infinite() || g.is_nan() || (*w - *g).abs() > allowed)
    });
    wrong.map(|(i, ((w, g), _))| format!("{name} {} {what}[{i}]: {g:e}, not {w:e}", line["at"])).collect()
}

fn complaints(line: &Json, subject: &Subject, params: &[&str]) -> Vec<String> {
    let at = &line["at"];
    let in_order =
        |of: &Json, like: &Json| params.iter().filter(|p| !like[p].is_null()).map(|p| of[p].clone()).collect::<Json>();
    let (value, reverse) = subject.gradient(None, at, Mode::Reverse).expect("it runs");
    let (_, forward) = subject.gradient(None, at, Mode::Forward).expect("it runs");
    let hessian = subject.hessian(None, at).expect("it runs");
    let mut arguments = Vec::new();
    floats(&in_order(at, &reverse), &mut arguments);
    let units: Vec<f64> = arguments.iter().map(|x| if *x == 0.0 { 1.0 } else { x.abs() }).collect();
    let pairs: Vec<f64> = units.iter().flat_map(|a| units.iter().map(move |b| a * b)).collect();
    [
        differences(line, "value", &value, &[1.0]),
        differences(line, "gradient", &in_order(&reverse, &reverse), &units),
        differences(line, "gradient", &in_order(&forward, &forward), &units),
        differences(line, "hessian", &hessian, &pairs),
    ]
    .concat()
}

#[test]
fn densities_and_their_derivatives_are_accurate() {
    let mut wrong = Vec::new();
    let lines = references();
    for group in lines.chunk_by(|a, b| a["fn"] == b["fn"]) {
        let (source, params) = wrapped(group[0]["fn"].as_str().unwrap());
        let subject = Subject::new(&source, 2, Limits::default()).unwrap();
        wrong.extend(group.iter().flat_map(|line| complaints(line, &subject, &params)));
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_density_has_references() {
    let lines = references();
    let densities = adit::library_sources()
        .filter(|(name, _)| name.ends_with("pdf") || name.ends_with("pmf") || name.starts_with("normal_"));
    for (name, _) in densities {
        let count = lines.iter().filter(|line| line["fn"] == name).count();
        assert!(count >= 4, "{name} has {count}");
        assert!(Engine::new().compile(&wrapped(name).0).is_ok());
    }
}
