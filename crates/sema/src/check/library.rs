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

static LIBRARY: [Entry; 6] = library!["cumsum", "exponential_logpdf", "normal_logpdf", "sincos", "softmax", "sort",];

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
            let args: Vec<String> = f.params.iter().map(|p| p.name.name.to_string()).collect();
            let params: Vec<String> = f
                .params
                .iter()
                .map(|p| {
                    let array = matches!(p.ty.kind, adit_syntax::ast::TypeKind::Array { .. });
                    format!("{}: {}", p.name.name, if array { "[f64; n]" } else { "f64" })
                })
                .collect();
            let source = format!("fn caller({}) {{ {name}({}); }}", params.join(", "), args.join(", "));
            let parsed = adit_syntax::parse(FileId(0), &source);
            let checked = crate::check::check(&parsed.file);
            assert!(checked.program.is_some(), "{source}: {:?}", checked.diagnostics);
        }
    }
}
