//! Tests of the checker: for each rule a program that keeps it and one that breaks it.
//!
//! A wrong program marks the place of the diagnostic: `«…»` encloses the span that the message must be about.

use super::{Checked, check};
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

#[test]
fn an_integer_that_should_be_a_float() {
    let words =
        wrong("AD0206", "fn f(x: f64) -> f64 { «(1 / 2) * x» }".replace("«(1 / 2) * x»", "(1 / 2) «*» x").as_str());
    assert!(words.contains("1.0 / 2"), "{words}");
}
