//! Spans, diagnostics and their rendering for Adit.
//!
//! What goes in: source texts ([`SourceMap::add`]) and facts about them ([`Diagnostic`]), each with a
//! byte range ([`Span`]) and a stable code ([`Code`]). What comes out: positions in lines and columns,
//! and a text a person can read:
//!
//! ```text
//! error[AD0201]: expected `f64`, found `bool`
//!  --> model.ad:3:9
//!   |
//! 3 |     s + true
//!   |         ^^^^ this is a `bool`
//!   |
//!   = help: write `1.0` or `0.0`
//! ```
//!
//! What it deliberately does not do: it never reads files, never prints, never decides exit codes, and
//! does not know what any code means. Every function here is total: a span that lies outside its
//! text, splits a character or names an unknown file gives a poorer message, never a panic.

mod render;
mod source;

pub use render::render;
pub use source::{Position, SourceMap};

use std::fmt;

/// A source text in a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct FileId(pub u32);

impl FileId {
    /// The file of spans that belong to no text.
    pub const NONE: FileId = FileId(u32::MAX);
}

impl Default for FileId {
    fn default() -> Self {
        Self::NONE
    }
}

/// A range of bytes of one source text, `start` inclusive, `end` exclusive.
///
/// The default is [`Span::NONE`]: no place at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// The text the range belongs to.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// No place: for things that no source text says.
    pub const NONE: Span = Span { file: FileId::NONE, start: 0, end: 0 };

    /// The bytes `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// Whether this is no place at all.
    pub fn is_none(self) -> bool {
        self.file == FileId::NONE
    }

    /// The smallest span that covers both. If one is no place, or the two are in different files, the
    /// other (or the first) is the answer.
    pub fn to(self, other: Span) -> Span {
        if self.is_none() {
            return other;
        }
        if other.file != self.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at the start.
    pub fn at_start(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty span at the end.
    pub fn at_end(self) -> Span {
        Span { start: self.end, ..self }
    }
}

/// The stable name of a kind of diagnostic, such as `AD0201`; `adit explain` tells what it means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One fact that the user has to know: what is wrong, where, and what could be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// One sentence, without a final stop, in the user's words.
    pub message: String,
    /// The place the message is about.
    pub span: Span,
    /// Places with a remark each. One whose span equals [`Diagnostic::span`] labels the carets.
    pub labels: Vec<(Span, String)>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What the user could write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without labels, notes or help.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, labels: Vec::new(), notes: Vec::new(), help: None }
    }

    /// Adds a remark at `span`.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// Adds a remark at the place of the message itself.
    #[must_use]
    pub fn here(self, text: impl Into<String>) -> Self {
        let span = self.span;
        self.label(span, text)
    }

    /// Adds a further fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what could be written instead; a second call replaces the first.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// The message in one line, without its place: `error[AD0201]: …`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u32, end: u32) -> Span {
        Span::new(FileId(0), start, end)
    }

    #[test]
    fn joining_covers_both() {
        assert_eq!(span(4, 6).to(span(1, 2)), span(1, 6));
        assert_eq!(Span::NONE.to(span(1, 2)), span(1, 2));
        assert_eq!(span(1, 2).to(Span::NONE), span(1, 2));
        let elsewhere = Span::new(FileId(1), 0, 9);
        assert_eq!(span(1, 2).to(elsewhere), span(1, 2));
    }

    #[test]
    fn default_is_no_place() {
        assert!(Span::default().is_none());
        assert!(!span(0, 0).is_none());
    }

    #[test]
    fn builder_keeps_order_and_last_help() {
        let d = Diagnostic::new(Code("AD0201"), span(1, 2), "wrong")
            .here("a")
            .label(span(4, 5), "b")
            .note("n")
            .help("first")
            .help("second");
        assert_eq!(d.labels, [(span(1, 2), "a".into()), (span(4, 5), "b".into())]);
        assert_eq!(d.help.as_deref(), Some("second"));
        assert_eq!(d.to_string(), "error[AD0201]: wrong");
    }
}
