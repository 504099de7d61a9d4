//! Mistakes that only follow from others.
//!
//! In: what the parser and what the checker found. Out: what a person should read. Where the text could not be read, the checker saw less than what was written; so what it says of
//! the same line is no news, and neither is a name that it misses and that stands there:
//!
//! ```text
//! let y = 3;                             AD0004: expected a definition
//! fn f(x: f64) -> f64 { x + y }          (no word of `y`)
//! ```
//!
//! It deliberately does not look at more than lines: a mistake elsewhere is one of its own.

use adit_diag::{Diagnostic, FileId, SourceMap};
use std::collections::HashSet;
use std::ops::Range;

/// Codes of names that are missing.
const NAMES: [&str; 3] = ["AD0101", "AD0102", "AD0103"];

/// All that the parser found, and what the checker found besides.
pub(crate) fn independent(
    mut syntax: Vec<Diagnostic>,
    checked: Vec<Diagnostic>,
    sources: &SourceMap,
) -> Vec<Diagnostic> {
    let unread: HashSet<(FileId, usize, usize)> = syntax
        .iter()
        .flat_map(|d| std::iter::once(d.span).chain(d.labels.iter().map(|label| label.0)))
        .filter_map(|span| line(sources, span.file, span.start).map(|line| (span.file, line.start, line.end)))
        .collect();
    let words: HashSet<&str> = unread
        .iter()
        .filter_map(|&(file, start, end)| sources.text(file)?.get(start..end))
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let follows = |d: &Diagnostic| {
        let here = line(sources, d.span.file, d.span.start).map(|line| (d.span.file, line.start, line.end));
        let missed = NAMES.contains(&d.code.0) && sources.snippet(d.span).is_some_and(|name| words.contains(name));
        missed || here.is_some_and(|here| unread.contains(&here))
    };
    if unread.is_empty() {
        syntax.extend(checked);
    } else {
        syntax.extend(checked.into_iter().filter(|d| !follows(d)));
    }
    syntax
}

/// The line of a place, without its end.
fn line(sources: &SourceMap, file: FileId, at: u32) -> Option<Range<usize>> {
    let text = sources.text(file)?;
    let at = (at as usize).min(text.len());
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text.get(at..)?.find('\n').map_or(text.len(), |newline| at + newline);
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use crate::Engine;

    fn told(source: &str) -> Vec<&'static str> {
        let error = Engine::new().compile(source).expect_err("it is wrong");
        error.diagnostics().iter().map(|d| d.code.0).collect()
    }

    #[test]
    fn what_follows_from_a_mistake_of_syntax_is_not_told() {
        assert_eq!(told("fn f(x: f64 -> f64 { x }"), ["AD0005"]);
        assert_eq!(told("fn f(x: f64) -> f64 { 0 < x < 1 }"), ["AD0007"]);
        assert_eq!(told("fn f(x: f64) -> f64 { not x > 0 }"), ["AD0004"]);
        assert_eq!(told("let y = 3;\nfn f(x: f64) -> f64 { x + y }"), ["AD0004"]);
        assert_eq!(told("fn f(x: f64) -> f64 {\n fn g(y: f64) -> f64 { y }\n g(x)\n}"), ["AD0004"]);
    }

    #[test]
    fn other_mistakes_are() {
        assert_eq!(told("fn f(x: f64) -> f64 {\n let = 3;\n x + z\n}"), ["AD0004", "AD0101"]);
        assert_eq!(told("let y = 3;\nfn f(x: f64) -> bool { x }"), ["AD0004", "AD0201"]);
    }
}
