//! Which bracket closes which, found before parsing.
//!
//! What goes in: tokens. What comes out: the same tokens without closers that close nothing, and for each
//! opener the place where its contents end. The parser never looks beyond that place, so one wrong bracket
//! cannot disturb what follows, and skipping a bracket is one step.
//!
//! ```text
//! { let y = f(x; g([1)) }     `(` ends at `;`, not closed · `[` ends at the first `)`, not closed
//! ```
//!
//! Three facts tell where a forgotten closer is missing: no `;`, `let`, `while`, `return`, `break`, `continue`
//! stands directly in parentheses (but for those of another language's `for (…; …; …)`), no `{` in a list of parameters, and no definition in brackets of any sort.
//! The last is used only when brackets stay open to the end without it; else the parser can say that
//! functions do not nest.

use adit_diag::{Diagnostic, FileId};

use crate::codes;
use crate::lexer::{Kind, Token};

/// Tokens with their brackets paired.
pub(crate) struct Brackets {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// For an opener, the index of the token that ends its contents; for a closer, the index of its opener.
    ends: Vec<u32>,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
}

const NONE: u32 = u32::MAX;

impl Brackets {
    /// Pairs the brackets of a file.
    pub fn pair(file: FileId, tokens: Vec<Token>) -> Self {
        let mut plain = Matcher::new(file, false);
        plain.run(&tokens);
        if !plain.open_at_end {
            return plain.out;
        }
        let mut split = Matcher::new(file, true);
        split.run(&tokens);
        split.out
    }

    /// Where the contents of the opener at `open` end: the index of its closer, or of the token before which
    /// the closer is missing.
    pub fn end_of(&self, open: usize) -> usize {
        self.ends[open] as usize
    }

    /// Whether the opener at `open` has a closer.
    pub fn is_closed(&self, open: usize) -> bool {
        self.ends[self.end_of(open)] as usize == open
    }
}

/// The three sorts of brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Paren,
    Square,
    Brace,
}

impl Sort {
    fn opened_by(kind: Kind) -> Option<Self> {
        let sorts = [(Kind::LParen, Sort::Paren), (Kind::LBracket, Sort::Square), (Kind::LBrace, Sort::Brace)];
        sorts.into_iter().find(|(k, _)| *k == kind).map(|(_, sort)| sort)
    }

    fn closed_by(kind: Kind) -> Option<Self> {
        let sorts = [(Kind::RParen, Sort::Paren), (Kind::RBracket, Sort::Square), (Kind::RBrace, Sort::Brace)];
        sorts.into_iter().find(|(k, _)| *k == kind).map(|(_, sort)| sort)
    }

    fn name(self) -> &'static str {
        match self {
            Sort::Paren => "parenthesis",
            Sort::Square => "bracket",
            Sort::Brace => "brace",
        }
    }

    fn symbols(self) -> (&'static str, &'static str) {
        match self {
            Sort::Paren => ("(", ")"),
            Sort::Square => ("[", "]"),
            Sort::Brace => ("{", "}"),
        }
    }
}

/// One run over the tokens.
struct Matcher {
    file: FileId,
    /// Whether a definition ends all open brackets.
    split_items: bool,
    /// The open brackets, outermost first, by index in `out.tokens`.
    open: Vec<(Sort, usize)>,
    /// How many of each sort are open, so that a wrong closer costs no search.
    counts: [usize; 3],
    /// The index in `out.tokens` of the parameter list that is open, if one is.
    params: Option<usize>,
    /// Whether the text ended within brackets.
    open_at_end: bool,
    out: Brackets,
}

impl Matcher {
    fn new(file: FileId, split_items: bool) -> Self {
        let out = Brackets { tokens: Vec::new(), ends: Vec::new(), diagnostics: Vec::new() };
        Self { file, split_items, open: Vec::new(), counts: [0; 3], params: None, open_at_end: false, out }
    }

    fn run(&mut self, tokens: &[Token]) {
        for (i, &token) in tokens.iter().enumerate() {
            let next = tokens.get(i + 1).map_or(Kind::End, |t| t.kind);
            self.end_unclosed_before(token, next);
            if let Some(sort) = Sort::closed_by(token.kind) {
                self.close(sort, token);
            } else {
                if let Some(sort) = Sort::opened_by(token.kind) {
                    self.open(sort, token);
                }
                self.push(token, NONE);
            }
        }
    }

    fn open(&mut self, sort: Sort, token: Token) {
        while sort == Sort::Brace && self.params.is_some() {
            self.end_unclosed(token);
        }
        if sort == Sort::Paren && self.after_fn_name() {
            self.params = Some(self.out.tokens.len());
        }
        self.open.push((sort, self.out.tokens.len()));
        self.counts[sort as usize] += 1;
    }

    /// Whether the last two tokens are `fn name`.
    fn after_fn_name(&self) -> bool {
        matches!(self.out.tokens.as_slice(), [.., f, name] if f.kind == Kind::Fn && name.kind == Kind::Ident)
    }

    /// Whether an opener is that of `for (i = 0; …)`, which other languages write.
    fn after_for(&self, open: usize) -> bool {
        open.checked_sub(1).is_some_and(|before| self.out.tokens[before].kind == Kind::For)
    }

    fn push(&mut self, token: Token, end: u32) {
        self.out.tokens.push(token);
        self.out.ends.push(end);
    }

    /// Ends the brackets that `token` cannot stand in.
    fn end_unclosed_before(&mut self, token: Token, next: Kind) {
        let item = self.split_items && starts_item(token.kind, next);
        if token.kind == Kind::End || item {
            while !self.open.is_empty() {
                self.end_unclosed(token);
            }
        }
        let ends_square = matches!(token.kind, Kind::Let | Kind::While | Kind::Return | Kind::Break | Kind::Continue);
        while let Some(&(sort, open)) = self.open.last() {
            let ends_paren = ends_square || (token.kind == Kind::Semi && !self.after_for(open));
            match sort {
                Sort::Paren if ends_paren => self.end_unclosed(token),
                Sort::Square if ends_square => self.end_unclosed(token),
                Sort::Paren | Sort::Square | Sort::Brace => break,
            }
        }
    }

    /// Takes the innermost bracket off the stack as one that ends, unclosed, before `token`.
    fn end_unclosed(&mut self, token: Token) {
        let Some((sort, open)) = self.pop() else {
            return;
        };
        self.out.ends[open] = self.out.tokens.len() as u32;
        self.open_at_end |= token.kind == Kind::End;
        let (_, closer) = sort.symbols();
        let span = self.out.tokens[open].span(self.file);
        let message = format!("this {} is never closed", sort.name());
        let d = Diagnostic::new(codes::UNCLOSED, span, message)
            .label(token.span(self.file), format!("`{closer}` is missing before this"));
        self.out.diagnostics.push(d);
    }

    fn close(&mut self, sort: Sort, token: Token) {
        if self.counts[sort as usize] == 0 {
            return self.close_wrongly(sort, token);
        }
        while self.open.last().is_some_and(|(innermost, _)| *innermost != sort) {
            self.end_unclosed(token);
        }
        self.close_innermost(token);
    }

    fn close_innermost(&mut self, token: Token) {
        if let Some((_, open)) = self.pop() {
            self.out.ends[open] = self.out.tokens.len() as u32;
            self.push(token, open as u32);
        }
    }

    /// A closer without any opener of its sort: a slip for the closer of the innermost bracket, or dropped.
    fn close_wrongly(&mut self, sort: Sort, token: Token) {
        let span = token.span(self.file);
        let (opener, closer) = sort.symbols();
        match self.open.last() {
            Some(&(other @ (Sort::Paren | Sort::Square), open)) if sort != Sort::Brace => {
                let message = format!("this {} is closed by `{closer}`", other.name());
                let open = self.out.tokens[open].span(self.file);
                let d = Diagnostic::new(codes::UNCLOSED, span, message)
                    .here(format!("`{}` expected", other.symbols().1))
                    .label(open, "opened here");
                self.out.diagnostics.push(d);
                self.close_innermost(token);
            }
            _ => {
                let message = format!("this `{closer}` closes nothing: there is no `{opener}` before it");
                self.out.diagnostics.push(Diagnostic::new(codes::UNEXPECTED, span, message));
            }
        }
    }

    fn pop(&mut self) -> Option<(Sort, usize)> {
        let top = self.open.pop()?;
        self.counts[top.0 as usize] -= 1;
        if self.params == Some(top.1) {
            self.params = None;
        }
        Some(top)
    }
}

/// Whether the two tokens can only be the start of a definition.
pub(crate) fn starts_item(kind: Kind, next: Kind) -> bool {
    let named = matches!(kind, Kind::Fn | Kind::Struct | Kind::Const) && next == Kind::Ident;
    named || (kind == Kind::Import && next == Kind::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::lex;

    fn pair(text: &str) -> Brackets {
        Brackets::pair(FileId(0), lex(FileId(0), text).tokens)
    }

    /// Code and text under each diagnostic.
    fn wrong(text: &str) -> Vec<(&'static str, u32)> {
        pair(text).diagnostics.iter().map(|d| (d.code.0, d.span.start)).collect()
    }

    #[test]
    fn brackets_pair_inside_out() {
        let b = pair("f(a[1], {b})");
        assert_eq!((b.end_of(1), b.end_of(3), b.end_of(7)), (10, 5, 9));
        assert!(b.is_closed(1) && b.diagnostics.is_empty());
    }

    #[test]
    fn a_statement_ends_an_open_parenthesis() {
        assert_eq!(wrong("fn f() { g(x; h([y); }"), [("AD0005", 10), ("AD0005", 16)]);
        assert_eq!(wrong("fn f() { g([x  let y = 1; }"), [("AD0005", 11), ("AD0005", 10)]);
        let b = pair("{ g(x; }");
        assert_eq!(b.tokens[b.end_of(2)].kind, Kind::Semi);
        assert!(!b.is_closed(2) && b.is_closed(0));
    }

    #[test]
    fn a_definition_ends_open_braces() {
        assert_eq!(wrong("fn f() { if a { b } fn g() { c }"), [("AD0005", 7)]);
        assert_eq!(wrong("fn f() { fn g() { c } }"), []);
    }

    #[test]
    fn a_body_ends_an_open_parameter_list() {
        assert_eq!(wrong("fn f(x: [f64; n { a } fn g() { b }"), [("AD0005", 8), ("AD0005", 4)]);
        let b = pair("fn f(x: f64 { a }");
        assert_eq!(b.tokens[b.end_of(2)].kind, Kind::LBrace);
    }

    #[test]
    fn wrong_closers_are_taken_or_dropped() {
        assert_eq!(wrong("f(x]"), [("AD0005", 3)]);
        assert_eq!(wrong("{ a) }"), [("AD0004", 3)]);
        assert_eq!(wrong("}}"), [("AD0004", 0), ("AD0004", 1)]);
        assert_eq!(pair("{ a) }").tokens.len(), 4);
    }

    #[test]
    fn many_wrong_brackets_are_linear() {
        let text = format!("{}{}", "(".repeat(200_000), "]".repeat(200_000));
        assert_eq!(pair(&text).diagnostics.len(), 200_000);
        let text = format!("{}{}{}", "[".repeat(100_000), "(".repeat(100_000), "]".repeat(100_000));
        assert_eq!(pair(&text).diagnostics.len(), 100_000);
    }
}
