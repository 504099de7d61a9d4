//! Tests of the checker: for each rule a program that keeps it and one that breaks it.
//!
//! A wrong program marks the place of the diagnostic: `«…»` encloses the span that the message must be about.

mod builtins;
mod checkpoints;
mod consts;
mod control;
mod derivatives;
mod dims;
mod functions;
mod hostile;
mod mutability;
mod names;
mod numbers;
mod values;

use super::{Checked, check};
use crate::typed::{FnDef, Program, Ty};
use adit_diag::FileId;

/// Checks a program that has no syntax errors.
fn checked(source: &str) -> Checked {
    let parsed = adit_syntax::parse(FileId(0), source);
    assert!(parsed.diagnostics.is_empty(), "{source}\n{:?}", parsed.diagnostics);
    check(&parsed.file)
}

/// Asserts that a program is right.
#[track_caller]
fn right(source: &str) {
    let checked = checked(source);
    assert!(checked.diagnostics.is_empty(), "{source}\n{:#?}", checked.diagnostics);
    assert!(checked.program.is_some());
}

/// Asserts that a program has exactly one mistake, of this code, at the place marked; gives all its words.
#[track_caller]
fn wrong(code: &str, marked: &str) -> String {
    let start = marked.find('«').expect("the place is marked");
    let source = marked.replacen('«', "", 1);
    let end = source.find('»').expect("the place is marked");
    let source = source.replacen('»', "", 1);
    let checked = checked(&source);
    assert!(checked.program.is_none());
    let found: Vec<_> =
        checked.diagnostics.iter().map(|d| (d.code.0, &source[d.span.start as usize..d.span.end as usize])).collect();
    assert_eq!(found, [(code, &source[start..end])], "{source}\n{:#?}", checked.diagnostics);
    let d = &checked.diagnostics[0];
    assert_eq!((d.span.start as usize, d.span.end as usize), (start, end), "{source}");
    let labels: Vec<_> = d
        .labels
        .iter()
        .map(|(span, text)| format!("[{}] {text}", &source[span.start as usize..span.end as usize]))
        .collect();
    format!("{}\n{}\n{}\n{}", d.message, labels.join("\n"), d.notes.join("\n"), d.help.clone().unwrap_or_default())
}

#[test]
fn the_first_program() {
    right(
        "struct Params { alpha: f64, beta: f64, sigma: f64 }

        fn neg_log_posterior(p: Params, x: [f64; n], y: [f64; n]) -> f64 {
            let mut nll = 0.0;
            for i in 0..n {
                nll -= normal_logpdf(y[i], p.alpha + p.beta * x[i], p.sigma);
            }
            nll - normal_logpdf(p.alpha, 0, 3) - normal_logpdf(p.beta, 0, 3) - exponential_logpdf(p.sigma, 3)
        }

        fn test_function(x: [f64; n]) -> f64 { sum(sin(x) + cos(x^2)) }

        fn control_flow(x: [f64; n]) -> f64 {
            let mut s = 0.0;
            for i in 0..n {
                if x[i] > 0.5 { s += sin(x[i]); } else { s += cos(x[i]); }
            }
            s
        }

        fn newton_sqrt(a: f64) -> f64 {
            let mut r = a;
            while abs(r * r - a) > 1e-12 { r = 0.5 * (r + a / r); }
            r
        }",
    );
}

/// The typed program of a right source.
#[track_caller]
fn program(source: &str) -> Program {
    let checked = checked(source);
    assert!(checked.diagnostics.is_empty(), "{source}\n{:#?}", checked.diagnostics);
    checked.program.unwrap()
}

/// The function of that name.
#[track_caller]
fn function<'p>(program: &'p Program, name: &str) -> &'p FnDef {
    program.functions.iter().find(|f| &*f.name == name).unwrap()
}

/// The type, as the source writes it, of the variable `name` in the last function that has one.
#[track_caller]
fn type_of(source: &str, name: &str) -> String {
    let program = program(source);
    let mut found = None;
    for f in program.functions.iter().filter(|f| !f.is_library) {
        let names = super::report::Names { locals: &f.locals, structs: &program.structs };
        found = f.locals.iter().rev().find(|l| &*l.name == name).map(|l| names.ty(&l.ty)).or(found);
    }
    found.expect("there is such a variable")
}

/// Codes and places of all mistakes, in order: `AD0101 missing`.
fn mistakes(source: &str) -> Vec<String> {
    let spans = |d: &adit_diag::Diagnostic| source[d.span.start as usize..d.span.end as usize].to_owned();
    checked(source).diagnostics.iter().map(|d| format!("{} {}", d.code, spans(d))).collect()
}

#[test]
fn several_independent_mistakes_and_no_follow_ups() {
    let found = mistakes(
        "struct P { a: f64 }
        fn f(x: f64) -> f64 { let y = missing; let z = y + 1; z * absent(y) }
        fn g(x: f64) -> f64 { sin(x, x) }
        fn h(p: P) -> f64 { let q = p.b; q + q * p.a }
        fn k(x: f64) -> f64 { let b = true + x; let mut c = b; c += b; f(b, b) }",
    );
    assert_eq!(
        found,
        ["AD0101 missing", "AD0102 absent", "AD0203 sin(x, x)", "AD0104 b", "AD0202 +", "AD0203 f(b, b)"]
    );
}

#[test]
fn types_stand_in_the_tree() {
    let program = program("fn f(x: [f64; n]) -> f64 { sum(2 * x) }");
    let f = function(&program, "f");
    assert_eq!(f.dims.len(), 1);
    assert_eq!(f.locals[1].ty, Ty::I64);
    assert_eq!(f.body.ty, Ty::F64);
}
