//! The part of the library that is written in the language itself.
//!
//! In: names. Out: syntax trees of functions, each parsed when it is first asked for, once per process. One file holds one function, so what a program does not use
//! is not even read. Spans of library code belong to no file.

use adit_diag::FileId;
use adit_syntax::ast::{FnItem, Item, ItemKind};
use std::sync::OnceLock;

struct Entry {
    name: &'static str,
    text: &'static str,
    parsed: OnceLock<Option<Item>>,
}

macro_rules! library {
    ($($name:literal),* $(,)?) => {
        [$(Entry {
            name: $name,
            text: include_str!(concat!("../library/", $name, ".ad")),
            parsed: OnceLock::new(),
        }),*]
    };
}

static LIBRARY: [Entry; 20] = library![
    "bernoulli_logit_logpmf",
    "beta_logpdf",
    "binomial_logit_logpmf",
    "categorical_logit_logpmf",
    "cauchy_logpdf",
    "cumsum",
    "dirichlet_logpdf",
    "exponential_logpdf",
    "gamma_logpdf",
    "lognormal_logpdf",
    "multi_normal_cholesky_logpdf",
    "normal_cdf",
    "normal_logpdf",
    "normal_quantile",
    "poisson_log_logpmf",
    "sincos",
    "softmax",
    "sort",
    "student_t_logpdf",
    "uniform_logpdf",
];

/// Values of the last parameters of functions that may be called without them.
const DEFAULTS: [(&str, &[f64]); 2] = [("normal_cdf", &[0.0, 1.0]), ("normal_quantile", &[0.0, 1.0])];

/// What stands for the last parameters when only `given` of `wanted` arguments are there; nothing if that is no way to call the function.
pub(super) fn defaults(name: &str, given: usize, wanted: usize) -> &'static [f64] {
    let known = DEFAULTS.iter().find(|(known, _)| *known == name);
    known.map(|(_, values)| *values).filter(|values| given + values.len() == wanted).unwrap_or_default()
}

/// A function of the library: its name, its definition, its documentation.
pub(super) fn find(name: &str) -> Option<(&'static str, &'static FnItem, &'static str)> {
    let entry = LIBRARY.iter().find(|e| e.name == name)?;
    let item = entry.parsed.get_or_init(|| {
        let parsed = adit_syntax::parse(FileId::NONE, entry.text);
        parsed.file.items.into_iter().next()
    });
    match item {
        Some(Item { kind: ItemKind::Fn(f), docs, .. }) => Some((entry.name, f, docs)),
        _ => None,
    }
}

/// The functions written in the language: name and source text, which begins with the documentation.
pub fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIBRARY.iter().map(|e| (e.name, e.text))
}

/// The names of all functions.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    LIBRARY.iter().map(|e| -> &'n str { e.name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_holds_the_function_of_its_name() {
        for entry in &LIBRARY {
            let parsed = adit_syntax::parse(FileId::NONE, entry.text);
            assert!(parsed.diagnostics.is_empty(), "{}: {:?}", entry.name, parsed.diagnostics);
            assert_eq!(parsed.file.items.len(), 1, "{}", entry.name);
            let (name, f, docs) = find(entry.name).unwrap();
            assert_eq!(name, &*f.name.name);
            assert!(!docs.is_empty(), "{name} has no documentation");
        }
    }

    #[test]
    fn every_function_is_right() {
        for name in names() {
            let (_, f, _) = find(name).unwrap();
            let args: Vec<&str> = f.params.iter().map(|p| &*p.name.name).collect();
            let (_, text) = sources().find(|(known, _)| *known == name).unwrap();
            let (head, _) = text.split_once("\nfn ").unwrap().1.split_once(" -> ").unwrap();
            let (_, params) = head.split_once('(').unwrap();
            let source = format!("fn caller({params} {{ {name}({}); }}", args.join(", "));
            let parsed = adit_syntax::parse(FileId(0), &source);
            let checked = crate::check::check(&parsed.file);
            assert!(checked.program.is_some(), "{source}: {:?}", checked.diagnostics);
        }
    }
}
