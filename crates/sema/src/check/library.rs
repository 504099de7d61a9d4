//! The part of the library that is written in the language itself.
//!
//! In: names. Out: syntax trees of functions, each parsed when it is first asked for, once per process. One file holds one function, so what a program does not use
//! is not even read. Kernels are functions of the library too, without a body. Spans of library code belong to no file.

use crate::typed::ExternalDef;
use adit_diag::FileId;
use adit_ir::{External, Kernel};
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

static LIBRARY: [Entry; 35] = library![
    "bernoulli_logit_logpmf",
    "beta_logpdf",
    "binomial_logit_logpmf",
    "categorical_logit_logpmf",
    "cauchy_logpdf",
    "cholesky_jvp",
    "cholesky_vjp",
    "cumsum",
    "dirichlet_logpdf",
    "exponential_logpdf",
    "gamma_logpdf",
    "inv",
    "inv_jvp",
    "inv_vjp",
    "logdet_jvp",
    "logdet_vjp",
    "lognormal_logpdf",
    "multi_normal_cholesky_logpdf",
    "normal_cdf",
    "normal_logpdf",
    "normal_quantile",
    "poisson_log_logpmf",
    "sincos",
    "softmax",
    "solve_jvp",
    "solve_triangular_jvp",
    "solve_triangular_vector",
    "solve_triangular_vjp",
    "solve_vector",
    "solve_vjp",
    "sort",
    "student_t_logpdf",
    "triangle_jvp",
    "triangle_vjp",
    "uniform_logpdf",
];

/// Values of the last parameters of functions that may be called without them.
const DEFAULTS: [(&str, &[f64]); 2] = [("normal_cdf", &[0.0, 1.0]), ("normal_quantile", &[0.0, 1.0])];

/// What stands for the last parameters when only `given` of `wanted` arguments are there; nothing if that is no way to call the function.
pub(super) fn defaults(name: &str, given: usize, wanted: usize) -> &'static [f64] {
    let known = DEFAULTS.iter().find(|(known, _)| *known == name);
    known.map(|(_, values)| *values).filter(|values| given + values.len() == wanted).unwrap_or_default()
}

/// A function of the library.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) item: &'a FnItem,
    pub(super) docs: &'a str,
    /// Whether only the library itself calls it.
    pub(super) internal: bool,
    /// What it is instead of its body.
    pub(super) external: Option<ExternalDef>,
}

/// The function of this name: a file, or a row of the table of kernels.
pub(super) fn find(name: &str) -> Option<Found<'static>> {
    if let Some(kernel) = Kernel::from_name(name) {
        return kernel_function(kernel);
    }
    let entry = LIBRARY.iter().find(|e| e.name == name)?;
    let item = entry.parsed.get_or_init(|| {
        let parsed = adit_syntax::parse(FileId::NONE, entry.text);
        parsed.file.items.into_iter().next()
    });
    match item {
        Some(Item { kind: ItemKind::Fn(f), docs, .. }) => {
            Some(Found { name: entry.name, item: f, docs, internal: is_internal(entry.name), external: None })
        }
        _ => None,
    }
}

/// Functions that only the library itself calls, derivative rules among them.
fn is_internal(name: &str) -> bool {
    let ends = ["_jvp", "_vjp", "_vector"];
    name == "triangle" || ends.iter().any(|end| name.ends_with(end))
}

/// A kernel as a function: its signature comes from its row.
fn kernel_function(kernel: Kernel) -> Option<Found<'static>> {
    static PARSED: [OnceLock<Option<Item>>; Kernel::ALL.len()] = [const { OnceLock::new() }; Kernel::ALL.len()];
    let row = kernel.row();
    let place = Kernel::ALL.iter().position(|k| *k == kernel)?;
    let item = PARSED[place].get_or_init(|| {
        let parsed = adit_syntax::parse(FileId::NONE, &format!("{} {{}}", row.signature));
        parsed.file.items.into_iter().next()
    });
    let Some(Item { kind: ItemKind::Fn(item), .. }) = item else { return None };
    let external = ExternalDef { function: External::Kernel(kernel), partials: [None, None] };
    let internal = is_internal(row.name);
    Some(Found { name: row.name, item, docs: row.about, internal, external: Some(external) })
}

/// The functions written in the language: name and source text, which begins with the documentation.
pub fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIBRARY.iter().map(|e| (e.name, e.text))
}

/// The names of all functions.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    let files = LIBRARY.iter().map(|e| -> &'n str { e.name });
    files.chain(Kernel::ALL.iter().map(|k| -> &'n str { k.row().name })).filter(|name| !is_internal(name))
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
            let Found { name, item, docs, .. } = find(entry.name).unwrap();
            assert_eq!(name, &*item.name.name);
            assert!(!docs.is_empty(), "{name} has no documentation");
        }
    }

    #[test]
    fn every_function_is_right() {
        for name in names() {
            let f = find(name).unwrap().item;
            let args: Vec<&str> = f.params.iter().map(|p| &*p.name.name).collect();
            let file = sources().find(|(known, _)| *known == name).map(|(_, text)| text.split_once("\nfn ").unwrap().1);
            let text = file.unwrap_or_else(|| Kernel::from_name(name).unwrap().row().signature);
            let (head, _) = text.split_once(" -> ").unwrap();
            let (_, params) = head.split_once('(').unwrap();
            let source = format!("fn caller({params} {{ {name}({}); }}", args.join(", "));
            let parsed = adit_syntax::parse(FileId(0), &source);
            let checked = crate::check::check(&parsed.file);
            assert!(checked.program.is_some(), "{source}: {:?}", checked.diagnostics);
        }
    }
}
