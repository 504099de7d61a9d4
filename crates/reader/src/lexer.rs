//! Words of the text form.
//!
//! In: text. Out: [`Token`]s with their places, comments left out, or the first character that begins no token. A `;` separates only right after `[` and an
//! element type; everywhere else it begins a comment that ends with the line.

use crate::SYNTAX;
use adit_diag::{Diagnostic, FileId, Span};
use logos::Logos;

/// The kinds of tokens; what exactly stands there is in the text.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Debug)]
#[logos(skip r"[ \t\r\n]+")]
pub(crate) enum Kind {
    /// A keyword, the name of an operation or of a type.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")]
    Word,
    /// `v12`
    #[regex(r"v[0-9]+", priority = 20)]
    Value,
    /// `d0`
    #[regex(r"d[0-9]+", priority = 20)]
    Dim,
    #[regex(r"-?[0-9]+")]
    Int,
    #[regex(r"-?[0-9]+(\.[0-9]+([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)")]
    Float,
    #[token("-inf")]
    NegativeInfinity,
    #[regex(r"0x[0-9a-fA-F]+")]
    Hex,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Text,
    /// `@f`
    #[regex(r"@[A-Za-z_][A-Za-z0-9_.]*")]
    Function,
    /// `@"any text"`
    #[regex(r#"@"([^"\\\n]|\\[^\n])*""#)]
    QuotedFunction,
    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token("=")]
    Equals,
    #[token("->")]
    Arrow,
    #[token("..")]
    Range,
    #[token(";")]
    Semicolon,
}

impl Kind {
    /// How messages call it.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Kind::Word => "a word",
            Kind::Value => "a value",
            Kind::Dim => "a dimension",
            Kind::Int => "an integer",
            Kind::Float | Kind::NegativeInfinity => "a float",
            Kind::Hex => "the bits of a float",
            Kind::Text => "a text in quotes",
            Kind::Function | Kind::QuotedFunction => "a function's name",
            Kind::OpenParen => "`(`",
            Kind::CloseParen => "`)`",
            Kind::OpenBracket => "`[`",
            Kind::CloseBracket => "`]`",
            Kind::OpenBrace => "`{`",
            Kind::CloseBrace => "`}`",
            Kind::Comma => "`,`",
            Kind::Colon => "`:`",
            Kind::Equals => "`=`",
            Kind::Arrow => "`->`",
            Kind::Range => "`..`",
            Kind::Semicolon => "`;`",
        }
    }
}

/// One word and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Cuts a text, whose length fits 32 bits, into tokens.
pub(crate) fn lex(file: FileId, text: &str) -> Result<Vec<Token>, Box<Diagnostic>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut lexer = Kind::lexer(text);
    while let Some(kind) = lexer.next() {
        let [start, end] = [lexer.span().start, lexer.span().end].map(|at| at as u32);
        match kind {
            Ok(Kind::Semicolon) if !separates(&tokens) => {
                let rest = lexer.remainder();
                lexer.bump(rest.find('\n').unwrap_or(rest.len()));
            }
            Ok(kind) => tokens.push(Token { kind, start, end }),
            Err(()) => {
                let span = Span::new(file, start, end);
                let what = format!("`{}` begins no word of the text form", lexer.slice());
                return Err(Box::new(Diagnostic::new(SYNTAX, span, what)));
            }
        }
    }
    Ok(tokens)
}

/// Whether a `;` after these tokens is part of an array type.
fn separates(tokens: &[Token]) -> bool {
    let last = tokens.len().saturating_sub(2);
    let kinds = tokens[last..].iter().map(|t| t.kind);
    kinds.eq([Kind::OpenBracket, Kind::Word])
}
