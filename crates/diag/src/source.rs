//! Source texts and positions in them.
//!
//! What goes in: names and texts, in any order. What comes out: for a span, the line and column that an
//! editor would show. A byte offset beyond the text counts as its end, one inside a character as the
//! character's start. It does not read files and does not compare names: adding one text twice gives
//! two ids.

use crate::{FileId, Span};
use std::ops::Range;

/// A place as a person counts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position<'a> {
    /// The name the file was added under.
    pub file: &'a str,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl std::fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Source {
    name: String,
    text: String,
    /// Byte offset of the start of each line; the first is 0, so it is never empty.
    lines: Vec<usize>,
    /// Byte offsets that are not the start of a character. With these a column costs a search, not a walk
    /// along a line that may be megabytes long.
    inner: Vec<usize>,
}

impl Source {
    /// The index of the line that holds the byte.
    fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The number of characters before the offset, counted from the start of the text.
    fn characters_before(&self, offset: usize) -> usize {
        offset - self.inner.partition_point(|&inner| inner < offset)
    }

    /// The offset moved back into the text and onto a character boundary.
    fn clamp(&self, offset: u32) -> usize {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// All source texts of a compilation.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// A map without texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under a name to show to the user.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i + 1));
        let inner = (0..text.len()).filter(|&at| !text.is_char_boundary(at)).collect();
        let id = FileId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source { name: name.into(), text, lines, inner });
        id
    }

    /// The name of a file.
    pub fn name(&self, file: FileId) -> Option<&str> {
        self.source(file).map(|s| s.name.as_str())
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> Option<&str> {
        self.source(file).map(|s| s.text.as_str())
    }

    /// The number of texts; ids are dense from 0.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether no text was added yet.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Where the span starts; `None` for a span of no file of this map.
    pub fn position(&self, span: Span) -> Option<Position<'_>> {
        let source = self.source(span.file)?;
        let offset = source.clamp(span.start);
        let line = source.line_of(offset);
        let column = source.characters_before(offset) - source.characters_before(source.lines[line]);
        Some(Position { file: &source.name, line: as_count(line), column: as_count(column) })
    }

    /// The text a span covers; `None` for a span of no file of this map.
    pub fn snippet(&self, span: Span) -> Option<&str> {
        self.text(span.file).map(|text| &text[self.bytes(span)])
    }

    /// The lines `first..=last` (from 1) of a file, as one text with the final line break left out.
    pub fn lines(&self, file: FileId, first: u32, last: u32) -> Option<&str> {
        let source = self.source(file)?;
        let start = *source.lines.get((first as usize).checked_sub(1)?)?;
        let end = source.lines.get(last as usize).map_or(source.text.len(), |&next| next - 1);
        source.text.get(start..end)
    }

    /// The span as byte indices that are safe to slice the text with.
    pub(crate) fn bytes(&self, span: Span) -> Range<usize> {
        let Some(source) = self.source(span.file) else {
            return 0..0;
        };
        let start = source.clamp(span.start);
        start..source.clamp(span.end).max(start)
    }

    /// The bytes of all lines that `range` touches, final line break excluded, and the first line's number.
    pub(crate) fn line_window(&self, file: FileId, range: Range<usize>) -> (Range<usize>, usize) {
        let Some(source) = self.source(file) else {
            return (0..0, 1);
        };
        let first = source.line_of(range.start);
        let last = source.line_of(range.end.max(range.start));
        let end = source.lines.get(last + 1).map_or(source.text.len(), |&next| next - 1);
        (source.lines[first]..end, first + 1)
    }

    fn source(&self, file: FileId) -> Option<&Source> {
        self.sources.get(file.0 as usize)
    }
}

/// An index from 0 as a count from 1.
fn as_count(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, start: u32) -> (u32, u32) {
        let mut map = SourceMap::new();
        let file = map.add("a.ad", text);
        let p = map.position(Span::new(file, start, start)).expect("the file is known");
        (p.line, p.column)
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        assert_eq!(at("ab\ncd", 0), (1, 1));
        assert_eq!(at("ab\ncd", 2), (1, 3));
        assert_eq!(at("ab\ncd", 3), (2, 1));
        assert_eq!(at("ab\ncd\n", 6), (3, 1));
        assert_eq!(at("", 0), (1, 1));
    }

    #[test]
    fn columns_count_characters_and_offsets_are_clamped() {
        assert_eq!(at("θβ = 1", 4), (1, 3));
        assert_eq!(at("θ", 1), (1, 1));
        assert_eq!(at("ab", 900), (1, 3));
    }

    #[test]
    fn unknown_files_have_no_position() {
        let map = SourceMap::new();
        assert_eq!(map.position(Span::NONE), None);
        assert_eq!(map.snippet(Span::new(FileId(3), 0, 1)), None);
    }

    #[test]
    fn lines_are_cut_without_their_break() {
        let mut map = SourceMap::new();
        let file = map.add("a.ad", "one\ntwo\nthree");
        assert_eq!(map.lines(file, 2, 2), Some("two"));
        assert_eq!(map.lines(file, 2, 3), Some("two\nthree"));
        assert_eq!(map.lines(file, 4, 4), None);
        assert_eq!(map.lines(file, 0, 1), None);
    }
}
