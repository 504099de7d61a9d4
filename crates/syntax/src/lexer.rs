//! Text to tokens.
//!
//! What goes in: source text of at most 4 GiB. What comes out: tokens with their byte ranges, closed by one
//! [`Kind::End`]; the `///` lines apart, since they may stand anywhere; and a diagnostic for each character,
//! comment or string that is none. Wrong characters are dropped, so the parser sees only tokens.
//!
//! ```text
//! s += x[1..n];    Ident PlusEq Ident [ Int .. Ident ] ; End
//! ```
//!
//! What it deliberately does not do: numbers and strings keep their text (see `literals.rs`), and no name
//! is a keyword that the grammar does not need; `step` and all library functions are plain names.

use adit_diag::{Diagnostic, FileId, Span};
use logos::{Lexer, Logos};

use crate::codes;

/// What a token is. The text says the rest.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Debug)]
#[logos(skip r"[ \t\r\n\f\u{feff}]+")]
pub enum Kind {
    /// `fn`
    #[token("fn")]
    Fn,
    /// `struct`
    #[token("struct")]
    Struct,
    /// `const`
    #[token("const")]
    Const,
    /// `import`
    #[token("import")]
    Import,
    /// `let`
    #[token("let")]
    Let,
    /// `mut`
    #[token("mut")]
    Mut,
    /// `if`
    #[token("if")]
    If,
    /// `else`
    #[token("else")]
    Else,
    /// `while`
    #[token("while")]
    While,
    /// `for`
    #[token("for")]
    For,
    /// `in`
    #[token("in")]
    In,
    /// `break`
    #[token("break")]
    Break,
    /// `continue`
    #[token("continue")]
    Continue,
    /// `return`
    #[token("return")]
    Return,
    /// `true`
    #[token("true")]
    True,
    /// `false`
    #[token("false")]
    False,
    /// A name.
    #[regex(r"[_\p{XID_Start}]\p{XID_Continue}*")]
    Ident,
    /// A number; letters that follow it directly are part of it, and make it a bad one.
    #[regex("[0-9]", number)]
    Number(NumberForm),
    /// `"…"` on one line.
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Text,
    /// `"…` up to the end of the line. Never in the parser's input.
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#)]
    OpenText,
    /// `/// …`. Never in the parser's input.
    #[regex(r"///[^\n]*", allow_greedy = true, priority = 20)]
    Doc,
    /// `// …`. Never in the parser's input.
    #[regex(r"//[^\n]*", allow_greedy = true, priority = 10)]
    LineComment,
    /// `/* … */`, which nests; whether it is closed. Never in the parser's input.
    #[token("/*", block_comment)]
    BlockComment(bool),
    /// `(`
    #[token("(")]
    LParen,
    /// `)`
    #[token(")")]
    RParen,
    /// `[`
    #[token("[")]
    LBracket,
    /// `]`
    #[token("]")]
    RBracket,
    /// `{`
    #[token("{")]
    LBrace,
    /// `}`
    #[token("}")]
    RBrace,
    /// `,`
    #[token(",")]
    Comma,
    /// `;`
    #[token(";")]
    Semi,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `..`
    #[token("..")]
    DotDot,
    /// `..=`
    #[token("..=")]
    DotDotEq,
    /// `->`
    #[token("->")]
    Arrow,
    /// `=`
    #[token("=")]
    Eq,
    /// `==`
    #[token("==")]
    EqEq,
    /// `!=`
    #[token("!=")]
    NotEq,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEq,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEq,
    /// `+`
    #[token("+")]
    Plus,
    /// `+=`
    #[token("+=")]
    PlusEq,
    /// `-`
    #[token("-")]
    Minus,
    /// `-=`
    #[token("-=")]
    MinusEq,
    /// `*`
    #[token("*")]
    Star,
    /// `*=`
    #[token("*=")]
    StarEq,
    /// `/`
    #[token("/")]
    Slash,
    /// `/=`
    #[token("/=")]
    SlashEq,
    /// `%`
    #[token("%")]
    Percent,
    /// `@`
    #[token("@")]
    At,
    /// `^`
    #[token("^")]
    Caret,
    /// `!`
    #[token("!")]
    Not,
    /// `&&`
    #[token("&&")]
    AndAnd,
    /// `||`
    #[token("||")]
    OrOr,
    /// `&`
    #[token("&")]
    Amp,
    /// `|`
    #[token("|")]
    Pipe,
    /// The end of the text, or of the brackets that are being parsed.
    End,
}

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberForm {
    /// Digits alone.
    Int,
    /// With a point or an exponent.
    Float,
    /// With something else at its end.
    Bad,
}

/// A token: its kind and its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Token {
    /// Where it stands in `file`.
    pub fn span(self, file: FileId) -> Span {
        Span::new(file, self.start, self.end)
    }
}

/// What lexing gives.
pub(crate) struct Lexed {
    /// The tokens, the last of which is [`Kind::End`].
    pub tokens: Vec<Token>,
    /// The `///` lines, in order.
    pub docs: Vec<Token>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// Cuts a text into tokens.
pub(crate) fn lex(file: FileId, text: &str) -> Lexed {
    let mut lexed = Lexed { tokens: Vec::with_capacity(text.len() / 4), docs: Vec::new(), diagnostics: Vec::new() };
    let mut lexer = Kind::lexer(text);
    while let Some(result) = lexer.next() {
        let range = lexer.span();
        let span = Span::new(file, range.start as u32, range.end as u32);
        match result {
            Ok(kind) => lexed.take(kind, span, &text[range]),
            Err(()) => lexed.unknown(span, &text[range]),
        }
    }
    // The end stands right after the last token: an error there is then shown where something is missing,
    // not below blank lines and comments.
    let end = lexed.tokens.last().map_or(0, |t| t.end);
    lexed.tokens.push(Token { kind: Kind::End, start: end, end });
    lexed
}

impl Lexed {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all tokens but a few are kept")]
    fn take(&mut self, kind: Kind, span: Span, text: &str) {
        let token = Token { kind, start: span.start, end: span.end };
        match kind {
            Kind::LineComment | Kind::BlockComment(true) => {}
            // Four slashes or more draw a line; they document nothing.
            Kind::Doc if text.starts_with("////") => {}
            Kind::Doc => self.docs.push(token),
            Kind::BlockComment(false) => {
                let open = Span { end: span.start + 2, ..span };
                let d = Diagnostic::new(codes::UNTERMINATED, open, "this comment is never closed");
                self.diagnostics.push(d.help("close it with `*/`; comments nest"));
            }
            Kind::OpenText => {
                let d = Diagnostic::new(codes::UNTERMINATED, span, "this text is never closed");
                let d = d.help("close it with `\"` on the same line");
                self.diagnostics.push(d);
                self.tokens.push(Token { kind: Kind::Text, ..token });
            }
            _ => self.tokens.push(token),
        }
    }

    /// Reports characters that no token starts with; neighbours share one report.
    fn unknown(&mut self, span: Span, text: &str) {
        if let Some(last) = self.diagnostics.last_mut()
            && last.code == codes::UNKNOWN_CHARACTER
            && last.span.end == span.start
        {
            last.span.end = span.end;
            last.message = "these characters mean nothing here".into();
            last.help = None;
            return;
        }
        let shown = if text == "'" { text.to_owned() } else { text.escape_debug().to_string() };
        let message = format!("the character `{shown}` means nothing here");
        let mut d = Diagnostic::new(codes::UNKNOWN_CHARACTER, span, message);
        let meant = MEANT.iter().find(|(wrong, _)| *wrong == text);
        d.help = meant.map(|(_, right)| (*right).to_owned());
        self.diagnostics.push(d);
    }
}

/// Characters that people type or paste, and what Adit writes instead.
const MEANT: &[(&str, &str)] = &[
    ("'", "texts stand in `\"…\"`; a matrix is turned by `transpose(a)`"),
    ("“", "texts stand in `\"…\"`"),
    ("”", "texts stand in `\"…\"`"),
    ("−", "minus is written `-`"),
    ("–", "minus is written `-`"),
    ("×", "times is written `*`"),
    ("·", "times is written `*`"),
    ("÷", "division is written `/`"),
    ("²", "powers are written `x^2`"),
    ("³", "powers are written `x^3`"),
    ("≤", "write `<=`"),
    ("≥", "write `>=`"),
    ("≠", "write `!=`"),
    ("#", "comments start with `//`, attributes with `@`"),
    ("~", "logical not is written `!`; what has a distribution adds to a log density: `lp += normal_logpdf(x, m, s)`"),
    ("?", "a choice is written `if c { a } else { b }`"),
    ("$", "names consist of letters, digits and `_`"),
    ("`", "texts stand in `\"…\"`"),
];

/// The text after the first digit that belongs to the number.
///
/// As in Rust, `1.` is a float unless a second point or a name follows: `1..n` is a range, `t.0.x` a field.
fn number(lexer: &mut Lexer<'_, Kind>) -> NumberForm {
    let rest = lexer.remainder();
    let bytes = rest.as_bytes();
    let mut form = NumberForm::Int;
    let mut at = digits(bytes, 0);
    let after_point = rest.get(at + 1..).and_then(|t| t.chars().next());
    let goes_on = after_point.is_some_and(|c| c == '.' || c == '_' || c.is_alphabetic());
    if bytes.get(at) == Some(&b'.') && !goes_on {
        form = NumberForm::Float;
        at = digits(bytes, at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            form = NumberForm::Float;
            at = digits(bytes, at + 1 + sign);
        }
    }
    let tail = rest[at..].chars();
    let tail: usize = tail.take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
    if tail > 0 {
        form = NumberForm::Bad;
    }
    lexer.bump(at + tail);
    form
}

/// The end of the digits and underscores from `at`.
fn digits(bytes: &[u8], at: usize) -> usize {
    let run = bytes[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_');
    at + run.count()
}

/// Takes the rest of a block comment; whether it is closed.
fn block_comment(lexer: &mut Lexer<'_, Kind>) -> bool {
    let bytes = lexer.remainder().as_bytes();
    let (mut open, mut at) = (1_u32, 0);
    while open > 0 && at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (open, at) = (open + 1, at + 2),
            b"*/" => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
    }
    lexer.bump(at);
    open == 0
}

impl Kind {
    /// What to call it in a message.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most tokens are signs")]
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Ident => "a name",
            Kind::Number(_) => "a number",
            Kind::Text | Kind::OpenText => "a text",
            Kind::Doc | Kind::LineComment | Kind::BlockComment(_) => "a comment",
            Kind::End => "the end of the file",
            kind if kind.is_keyword() => "a keyword",
            _ => "a sign",
        }
    }

    /// Whether the grammar reserves it, though it looks like a name.
    pub fn is_keyword(self) -> bool {
        use Kind::{
            Break, Const, Continue, Else, False, Fn, For, If, Import, In, Let, Mut, Return, Struct, True, While,
        };
        matches!(
            self,
            Fn | Struct
                | Const
                | Import
                | Let
                | Mut
                | If
                | Else
                | While
                | For
                | In
                | Break
                | Continue
                | Return
                | True
                | False
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        lex(FileId(0), text).tokens.iter().map(|t| t.kind).collect()
    }

    fn codes_of(text: &str) -> Vec<(&'static str, u32, u32)> {
        let lexed = lex(FileId(0), text);
        lexed.diagnostics.iter().map(|d| (d.code.0, d.span.start, d.span.end)).collect()
    }

    const INT: Kind = Kind::Number(NumberForm::Int);
    const FLOAT: Kind = Kind::Number(NumberForm::Float);
    const BAD: Kind = Kind::Number(NumberForm::Bad);

    #[test]
    fn numbers_end_where_rust_ends_them() {
        assert_eq!(kinds("1..n"), [INT, Kind::DotDot, Kind::Ident, Kind::End]);
        assert_eq!(kinds("1. + 2"), [FLOAT, Kind::Plus, INT, Kind::End]);
        assert_eq!(kinds("1.5e-3"), [FLOAT, Kind::End]);
        assert_eq!(kinds("1_000 1e6 2.5E+1_0"), [INT, FLOAT, FLOAT, Kind::End]);
        assert_eq!(kinds("t.0.x"), [Kind::Ident, Kind::Dot, INT, Kind::Dot, Kind::Ident, Kind::End]);
        assert_eq!(kinds("t.0.1"), [Kind::Ident, Kind::Dot, FLOAT, Kind::End]);
        assert_eq!(kinds("1.0..=2.0"), [FLOAT, Kind::DotDotEq, FLOAT, Kind::End]);
        assert_eq!(kinds("2x 1.5f32 0x10 1e 1e+ 3θ"), [BAD, BAD, BAD, BAD, BAD, Kind::Plus, BAD, Kind::End]);
    }

    #[test]
    fn names_may_be_greek_and_contain_keywords() {
        assert_eq!(kinds("σ_2 format _ step"), [Kind::Ident, Kind::Ident, Kind::Ident, Kind::Ident, Kind::End]);
        assert_eq!(kinds("for formal"), [Kind::For, Kind::Ident, Kind::End]);
    }

    #[test]
    fn the_longest_operator_wins() {
        use Kind::{Arrow, DotDotEq, End, EqEq, LessEq, Minus, MinusEq, OrOr, Pipe};
        assert_eq!(
            kinds("-- -> -= .. = ..= == <= || |"),
            [Minus, Minus, Arrow, MinusEq, Kind::DotDot, Kind::Eq, DotDotEq, EqEq, LessEq, OrOr, Pipe, End]
        );
    }

    #[test]
    fn comments_leave_nothing_but_documentation() {
        let lexed = lex(FileId(0), "// a\n/// b\n//// c\n/* d /* e */ f */ /**/ x ///g");
        assert_eq!(lexed.tokens.len(), 2);
        assert_eq!(lexed.docs.len(), 2);
        assert!(lexed.diagnostics.is_empty());
    }

    #[test]
    fn open_comments_and_texts_are_reported_where_they_open() {
        assert_eq!(codes_of("x /* a /* b */"), [("AD0002", 2, 4)]);
        assert_eq!(codes_of("p(\"ab\nc)"), [("AD0002", 2, 5)]);
        assert_eq!(codes_of("p(\"ab\\\nc)"), [("AD0002", 2, 6)]);
        assert_eq!(kinds("\"a\\\"b\" \"\""), [Kind::Text, Kind::Text, Kind::End]);
    }

    #[test]
    fn neighbouring_unknown_characters_share_a_report() {
        assert_eq!(codes_of("a ## b # c"), [("AD0001", 2, 4), ("AD0001", 7, 8)]);
        assert_eq!(kinds("a # b"), [Kind::Ident, Kind::Ident, Kind::End]);
    }

    #[test]
    fn long_tokens_need_no_stack() {
        for text in ["a".repeat(3_000_000), format!("// {}", "x".repeat(3_000_000)), "/*".repeat(1_000_000)] {
            assert!(kinds(&text).len() <= 2);
        }
        assert_eq!(kinds(&format!("\"{}\"", "\\n".repeat(1_000_000))), [Kind::Text, Kind::End]);
        assert_eq!(kinds(&"1".repeat(3_000_000)), [INT, Kind::End]);
        assert_eq!(kinds(&" \n".repeat(1_000_000)), [Kind::End]);
    }
}
