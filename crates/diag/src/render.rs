//! A diagnostic as text, in the look that users of rustc know.
//!
//! What goes in: a diagnostic and the texts its spans point into. What comes out: a title line, one excerpt
//! for each file concerned, notes and help, ending in a line break.
//!
//! Only the lines concerned are handed to the renderer, so that a message costs no more in a long file than
//! in a short one. An excerpt that would be longer than [`EXCERPT_LIMIT`] (a program on one line of megabytes)
//! is replaced by its position alone.

use crate::{Diagnostic, FileId, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

/// Longest excerpt shown, in bytes.
const EXCERPT_LIMIT: usize = 16 * 1024;

/// Renders `diagnostic` for a person; with `color`, with terminal colours.
pub fn render(sources: &SourceMap, diagnostic: &Diagnostic, color: bool) -> String {
    let title = Level::ERROR.primary_title(normalize_untrusted_str(&diagnostic.message)).id(diagnostic.code.0);
    let mut elements: Vec<Element<'_>> = Vec::new();
    for file in files(diagnostic) {
        elements.extend(excerpt(sources, diagnostic, file));
    }
    let notes = diagnostic.notes.iter().map(|text| (Level::NOTE, text));
    let help = diagnostic.help.iter().map(|text| (Level::HELP, text));
    for (level, text) in notes.chain(help) {
        elements.push(level.message(normalize_untrusted_str(text)).into());
    }
    let report: &[Group<'_>] = &[title.elements(elements)];
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.render(report);
    text.push('\n');
    text
}

/// The files the diagnostic has spans in, that of the message first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for span in all_spans(diagnostic) {
        if !span.is_none() && !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

fn all_spans(diagnostic: &Diagnostic) -> impl Iterator<Item = Span> {
    std::iter::once(diagnostic.span).chain(diagnostic.labels.iter().map(|(span, _)| *span))
}

/// The lines of one file that the diagnostic speaks of, with its marks; `None` for an unknown file.
fn excerpt<'a>(sources: &'a SourceMap, d: &'a Diagnostic, file: FileId) -> Option<Element<'a>> {
    let (name, text) = (sources.name(file)?, sources.text(file)?);
    let span = all_spans(d).filter(|s| s.file == file).reduce(Span::to)?;
    let (window, first_line) = sources.line_window(file, sources.bytes(span));
    if window.len() > EXCERPT_LIMIT {
        let place = if d.span.file == file { d.span } else { span };
        let position = sources.position(place)?;
        let origin = Origin::path(name).line(position.line as usize).char_column(position.column as usize);
        return Some(origin.into());
    }
    let base = window.start;
    let mut snippet = Snippet::source(&text[window]).path(name).line_start(first_line);
    for (kind, span, label) in marks(d, file) {
        let bytes = sources.bytes(span);
        let mark = kind.span(bytes.start - base..bytes.end - base).label(label);
        snippet = snippet.annotation(mark);
    }
    Some(snippet.into())
}

/// What to mark in one file: the carets with their label, then the other labels.
fn marks(d: &Diagnostic, file: FileId) -> Vec<(AnnotationKind, Span, Option<String>)> {
    let own = d.labels.iter().position(|(span, _)| *span == d.span);
    let text = |i: usize| normalize_untrusted_str(&d.labels[i].1);
    let primary = (AnnotationKind::Primary, d.span, own.map(text));
    let others = d.labels.iter().enumerate().filter(|(i, _)| Some(*i) != own);
    std::iter::once(primary)
        .chain(others.map(|(i, (span, _))| (AnnotationKind::Context, *span, Some(text(i)))))
        .filter(|(_, span, _)| span.file == file)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    const TEXT: &str = "fn f(x: f64) -> f64 {\n    let y = x;\n    y + true\n}\n";

    fn map(text: &str) -> (SourceMap, FileId) {
        let mut map = SourceMap::new();
        let file = map.add("model.ad", text);
        (map, file)
    }

    fn find(file: FileId, text: &str, what: &str) -> Span {
        let start = text.find(what).expect("the text has it") as u32;
        Span::new(file, start, start + what.len() as u32)
    }

    #[test]
    fn a_message_shows_line_carets_labels_notes_and_help() {
        let (map, file) = map(TEXT);
        let d = Diagnostic::new(Code("AD0201"), find(file, TEXT, "true"), "expected `f64`, found `bool`")
            .here("this is a `bool`")
            .label(find(file, TEXT, "x: f64"), "because of this")
            .note("nothing converts")
            .help("write `1.0`");
        let expected = "\
error[AD0201]: expected `f64`, found `bool`
 --> model.ad:3:9
  |
1 | fn f(x: f64) -> f64 {
  |      ------ because of this
2 |     let y = x;
3 |     y + true
  |         ^^^^ this is a `bool`
  |
  = note: nothing converts
  = help: write `1.0`
";
        assert_eq!(render(&map, &d, false), expected);
    }

    #[test]
    fn colour_only_adds_escapes() {
        let (map, file) = map(TEXT);
        let d = Diagnostic::new(Code("AD0001"), find(file, TEXT, "let"), "no");
        assert!(!render(&map, &d, false).contains('\u{1b}'));
        assert!(render(&map, &d, true).contains('\u{1b}'));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_is_shown() {
        let (map, file) = map("fn f() {\n  1");
        let d = Diagnostic::new(Code("AD0005"), Span::new(file, 12, 12), "never closed")
            .label(Span::new(file, 7, 8), "opened here");
        let text = render(&map, &d, false);
        assert!(text.contains("model.ad:2:4"), "{text}");
        assert!(text.contains("opened here"), "{text}");
    }

    #[test]
    fn two_files_give_two_excerpts() {
        let (mut map, a) = map("import \"b.ad\";\nfn f() {}\n");
        let b = map.add("b.ad", "fn f() {}\n");
        let d = Diagnostic::new(Code("AD0105"), Span::new(a, 18, 19), "`f` is defined twice")
            .label(Span::new(b, 3, 4), "first here");
        let text = render(&map, &d, false);
        assert!(text.contains("model.ad:2:4") && text.contains("b.ad:1:4"), "{text}");
    }

    #[test]
    fn no_span_is_a_panic() {
        let (map, file) = map("a = θ;\r\n\tb\u{1b}[0m\n");
        for start in 0..20 {
            for end in 0..20 {
                let span = Span::new(file, start, end);
                let d = Diagnostic::new(Code("AD0001"), span, "m\u{1b}\nn").here("l");
                assert!(!render(&map, &d, false).contains('\u{1b}'));
            }
        }
        let lost = Diagnostic::new(Code("AD0001"), Span::new(FileId(9), 0, 1), "lost");
        assert!(render(&map, &lost, false).starts_with("error[AD0001]: lost"));
        let nowhere = Diagnostic::new(Code("AD0001"), Span::NONE, "nowhere").help("none");
        assert!(render(&map, &nowhere, false).contains("help: none"));
    }

    #[test]
    fn a_program_on_one_huge_line_gives_its_position_alone() {
        let text = "a+".repeat(EXCERPT_LIMIT);
        let (map, file) = map(&text);
        let d = Diagnostic::new(Code("AD0004"), Span::new(file, 20_000, 20_001), "no");
        let shown = render(&map, &d, false);
        assert!(shown.contains("model.ad:1:20001") && shown.len() < 200, "{shown}");
    }
}
