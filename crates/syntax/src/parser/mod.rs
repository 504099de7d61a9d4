//! Tokens to tree: recursive descent, one file for each sort of thing.
//!
//! What goes in: source text. What comes out: a tree for whatever the text says, and a diagnostic for each
//! independent mistake. It never fails and never panics.
//!
//! **How it recovers.** Brackets are paired beforehand (`brackets.rs`). Inside a bracket the parser sees
//! [`Kind::End`] where the contents end, so nothing can run out of its bracket ([`Parser::inside`]). After a
//! mistake it is *lost*: it reports nothing more until the next statement, list element or definition starts
//! ([`Parser::found`]), and skips whole brackets on the way.
//!
//! **How it stays shallow.** Every construct that can hold itself passes [`Parser::nested`], which refuses the
//! 257th level; every node that is built has its height checked ([`Parser::expr`]). So neither the parser nor
//! who walks or drops its trees can run out of stack. Operator chains, `else if` and postfix chains are loops.
//!
//! What it deliberately does not do: it resolves no name, and asks nothing of library functions, so that a
//! program may define its own.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a parser asks for a few tokens and treats all others alike, also those added later"
)]

mod exprs;
mod items;
mod operands;
mod stmts;
mod types;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use adit_diag::{Code, Diagnostic, FileId, Span};

use crate::ast::{Block, Expr, ExprId, ExprKind, File, Ident, MAX_DEPTH, Name, Stmt, Type, TypeKind};
use crate::brackets::Brackets;
use crate::lexer::{Kind, Token, lex};
use crate::{codes, height};

/// The longest source text, in bytes.
pub const MAX_SOURCE: usize = 16 << 20;

/// How many brackets, blocks, prefix operators and powers may stand inside one another.
pub const MAX_NESTING: usize = 256;

/// The most diagnostics that one file gives.
pub const MAX_DIAGNOSTICS: usize = 100;

/// What parsing gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed {
    /// The tree. Where the text was wrong it has error nodes, or nothing.
    pub file: File,
    /// What was wrong, in the order of the text; at most [`MAX_DIAGNOSTICS`]. If empty, the tree has no error
    /// nodes.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a source text.
pub fn parse(file: FileId, text: &str) -> Parsed {
    if text.len() > MAX_SOURCE {
        let message = format!("this file has {} bytes; the limit is {MAX_SOURCE}", text.len());
        let diagnostic = Diagnostic::new(codes::TOO_LARGE, Span::new(file, 0, 0), message);
        let file = File { id: file, items: Vec::new(), expr_count: 0 };
        return Parsed { file, diagnostics: vec![diagnostic] };
    }
    let lexed = lex(file, text);
    let brackets = Brackets::pair(file, lexed.tokens);
    let mut parser = Parser::new(file, text, brackets, lexed.docs);
    let items = parser.items();
    let unread = lines_of(text, &lexed.diagnostics);
    let mut diagnostics = lexed.diagnostics;
    let mut found = parser.brackets.diagnostics;
    found.append(&mut parser.diagnostics);
    found.retain(|d| !unread.iter().any(|line| line.contains(&(d.span.start as usize))));
    diagnostics.append(&mut found);
    diagnostics.sort_by_key(|d| d.span.start);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let file = File { id: file, items, expr_count: parser.expr_count };
    Parsed { file, diagnostics }
}

/// The lines of these diagnostics, each once. What the parser finds on a line that could not be read
/// whole is a consequence: the tokens that are missing there.
fn lines_of(text: &str, diagnostics: &[Diagnostic]) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    for diagnostic in diagnostics.iter().take(MAX_DIAGNOSTICS) {
        let at = diagnostic.span.start as usize;
        if lines.last().is_none_or(|line| !line.contains(&at)) {
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
            lines.push(start..end + 1);
        }
    }
    lines
}

/// The state of parsing one file.
struct Parser<'a> {
    file: FileId,
    text: &'a str,
    brackets: Brackets,
    docs: Vec<Token>,
    /// The next token.
    at: usize,
    /// Where the innermost bracket's contents end; tokens from there on are not seen.
    limit: usize,
    /// Whether `name {` starts a struct literal; not so in the header of `if`, `while` and `for`.
    struct_literals: bool,
    /// Nothing is reported while this is set: a mistake was, and we have not found the way again.
    lost: bool,
    /// Nothing is reported while this is not 0: we are in a bracket that was reported as unclosed.
    muted: usize,
    nesting: usize,
    expr_count: u32,
    names: HashSet<Name>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn new(file: FileId, text: &'a str, brackets: Brackets, docs: Vec<Token>) -> Self {
        let limit = brackets.tokens.len() - 1;
        Self {
            file,
            text,
            brackets,
            docs,
            at: 0,
            limit,
            struct_literals: true,
            lost: false,
            muted: 0,
            nesting: 0,
            expr_count: 0,
            names: HashSet::new(),
            diagnostics: Vec::new(),
        }
    }
}

/// Looking at tokens and taking them.
impl<'a> Parser<'a> {
    fn peek(&self) -> Kind {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Kind {
        let at = self.at + ahead;
        if at < self.limit { self.brackets.tokens[at].kind } else { Kind::End }
    }

    /// The next token, which at the end of a bracket is what ends it.
    fn next(&self) -> Token {
        self.brackets.tokens[self.at]
    }

    /// The place of the next token.
    fn here(&self) -> Span {
        self.next().span(self.file)
    }

    /// The place of the last token taken.
    fn before(&self) -> Span {
        let at = self.at.saturating_sub(1);
        self.brackets.tokens[at].span(self.file)
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The text of the next token if that is a name, else nothing.
    fn peek_name(&self) -> &'a str {
        if self.peek() == Kind::Ident { self.text_of(self.next()) } else { "" }
    }

    fn at_end(&self) -> bool {
        self.at >= self.limit
    }

    /// Takes a token; at the end of a bracket, none.
    fn bump(&mut self) -> Token {
        let token = self.next();
        if !self.at_end() {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.bump();
        }
        found
    }

    /// The name of the next token, which the caller knows to be one, taken.
    fn take_ident(&mut self) -> Ident {
        let span = self.here();
        let token = self.bump();
        Ident { name: self.name(self.text_of(token)), span }
    }

    /// One shared copy of a spelling.
    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Name = Arc::from(text);
        self.names.insert(name.clone());
        name
    }
}

/// Reporting mistakes and finding the way again.
impl Parser<'_> {
    /// Reports unless this is a consequence of an earlier mistake; from now on we are lost.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.lost && self.muted == 0 {
            self.diagnostics.push(diagnostic);
        }
        self.lost = true;
    }

    /// Reports a mistake after which parsing goes on as if nothing had happened.
    fn report_and_go_on(&mut self, diagnostic: Diagnostic) {
        let lost = self.lost;
        self.report(diagnostic);
        self.lost = lost;
    }

    /// We know again where we are: what is wrong from here on is a mistake of its own.
    fn found(&mut self) {
        self.lost = false;
    }

    fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, span, message)
    }

    /// Reports that the next token is not what has to stand here.
    fn expected(&mut self, what: &str) {
        let diagnostic = self.unexpected(what);
        self.report(diagnostic);
    }

    fn unexpected(&self, what: &str) -> Diagnostic {
        let message = format!("expected {what}, found {}", self.describe_next());
        self.error(codes::UNEXPECTED, self.here(), message)
    }

    /// Takes the token, or reports that it is missing where it should stand: after the last one.
    fn expect(&mut self, kind: Kind, what: &str) -> bool {
        if self.eat(kind) {
            return true;
        }
        let diagnostic = self.missing(what);
        self.report(diagnostic);
        false
    }

    /// That something is missing between the last token and the next.
    fn missing(&self, what: &str) -> Diagnostic {
        let message = format!("expected {what}, found {}", self.describe_next());
        let here = self.here();
        if self.at == 0 {
            return self.error(codes::UNEXPECTED, here, message);
        }
        let diagnostic = self.error(codes::UNEXPECTED, self.before().at_end(), message);
        if here.start == here.end { diagnostic } else { diagnostic.label(here, "found this") }
    }

    /// The next token as a message speaks of it.
    fn describe_next(&self) -> String {
        let token = self.next();
        let text = self.text_of(token);
        match token.kind {
            Kind::End => token.kind.describe().to_owned(),
            Kind::Text => "a text".to_owned(),
            kind if kind.is_keyword() => format!("the keyword `{text}`"),
            _ if text.len() > 40 => token.kind.describe().to_owned(),
            _ => format!("`{text}`"),
        }
    }

    /// Skips one token, or one bracket with all that is in it.
    fn skip_one(&mut self) {
        if matches!(self.peek(), Kind::LParen | Kind::LBracket | Kind::LBrace) {
            let end = self.brackets.end_of(self.at);
            let past = if self.brackets.is_closed(self.at) { end + 1 } else { end };
            self.at = past.max(self.at + 1).min(self.limit);
        } else {
            self.bump();
        }
    }

    /// Skips until `stop` holds of the next token, or to the end of the bracket.
    fn skip_until(&mut self, stop: impl Fn(Kind) -> bool) {
        while !self.at_end() && !stop(self.peek()) {
            self.skip_one();
        }
    }
}

/// Nesting.
impl Parser<'_> {
    /// Parses one level further in, or refuses to.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> T, refuse: impl FnOnce(&mut Self) -> T) -> T {
        if self.nesting >= MAX_NESTING {
            self.too_deep(self.here());
            return refuse(self);
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("this is nested too deeply: the limit is {MAX_NESTING} levels");
        self.refuse_depth(span, message);
        self.skip_element();
    }

    fn refuse_depth(&mut self, span: Span, message: String) {
        let help = "name the inner parts with `let`, or move them to functions of their own";
        self.report(self.error(codes::TOO_DEEP, span, message).help(help));
    }

    /// Skips what is left of the innermost list element or statement.
    fn skip_element(&mut self) {
        self.skip_until(|kind| matches!(kind, Kind::Comma | Kind::Semi));
    }

    /// Parses the contents of the bracket that opens here; gives them and the place of the whole bracket.
    /// What `parse` leaves over is reported and skipped.
    fn inside<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> (T, Span) {
        let (open, span) = (self.at, self.here());
        let outer = (self.limit, self.struct_literals);
        let end = self.brackets.end_of(open);
        // An unclosed brace holds statements, which recover by themselves.
        let muted = usize::from(!self.brackets.is_closed(open) && self.peek() != Kind::LBrace);
        (self.limit, self.struct_literals) = (end, true);
        self.muted += muted;
        self.at += 1;
        let contents = parse(self);
        if !self.at_end() {
            self.expected(&format!("`{}`", self.closer(open)));
        }
        self.muted -= muted;
        self.at = end;
        (self.limit, self.struct_literals) = outer;
        if self.brackets.is_closed(open) {
            self.found();
            self.at += 1;
        }
        (contents, span.to(self.before()))
    }

    fn closer(&self, open: usize) -> &'static str {
        match self.brackets.tokens[open].kind {
            Kind::LParen => ")",
            Kind::LBracket => "]",
            _ => "}",
        }
    }

    /// Parses `element, element, …` up to the end of the bracket; a comma may follow the last. Gives also
    /// whether a comma did.
    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> T) -> (Vec<T>, bool) {
        let (mut elements, mut trailing) = (Vec::new(), false);
        while !self.at_end() {
            self.found();
            let start = self.at;
            elements.push(element(self));
            trailing = self.eat(Kind::Comma);
            if trailing || self.at_end() {
                continue;
            }
            let closer = self.closer_of_limit();
            let mut diagnostic = self.missing(&format!("`,` or `{closer}`"));
            diagnostic.help = self.help_in_list();
            self.report(diagnostic);
            self.skip_until(|kind| kind == Kind::Comma);
            if self.at == start {
                self.skip_one();
            }
            trailing = self.eat(Kind::Comma);
        }
        (elements, trailing)
    }

    /// What to write for what other languages have in lists.
    fn help_in_list(&self) -> Option<String> {
        let help = match (self.peek(), self.closer_of_limit()) {
            (Kind::Colon, "]") => "a slice is written `a[lo..hi]`",
            (Kind::LBracket, ")") => "an array type is written `[f64; n]`",
            (Kind::Eq, ")") => "arguments are told apart by their places, and every one is given",
            (Kind::Semi, "}") => "fields are set apart by `,`",
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// How the bracket that we are in ought to be closed.
    fn closer_of_limit(&self) -> &'static str {
        match self.brackets.tokens[self.limit].kind {
            Kind::RBracket => "]",
            Kind::RBrace => "}",
            _ => ")",
        }
    }

    /// `in (…)`: a list in the bracket that opens here.
    fn bracketed_list<T>(&mut self, element: impl FnMut(&mut Self) -> T) -> (Vec<T>, Span) {
        let ((elements, _), span) = self.inside(|p| p.list(element));
        (elements, span)
    }
}

/// Building nodes.
impl Parser<'_> {
    fn fresh_id(&mut self) -> ExprId {
        let id = ExprId(self.expr_count);
        self.expr_count += 1;
        id
    }

    /// An expression with a new id.
    fn expr(&mut self, kind: ExprKind, span: Span) -> Expr {
        let id = self.fresh_id();
        self.expr_with_id(id, kind, span)
    }

    /// An expression, unless it is too high: then an error.
    fn expr_with_id(&mut self, id: ExprId, kind: ExprKind, span: Span) -> Expr {
        if let Some(height) = self.checked_height(height::of_expr(&kind), span) {
            return Expr { id, span, height, kind };
        }
        // More subscripts or calls may follow, each of which would be too high again.
        self.skip_element();
        Expr { id, span, height: 1, kind: ExprKind::Error }
    }

    fn error_expr(&mut self) -> Expr {
        let span = self.here().at_start();
        self.expr(ExprKind::Error, span)
    }

    fn ty(&mut self, kind: TypeKind, span: Span) -> Type {
        match self.checked_height(height::of_type(&kind), span) {
            Some(height) => Type { span, height, kind },
            None => Type { span, height: 1, kind: TypeKind::Error },
        }
    }

    fn error_type(&mut self) -> Type {
        Type { span: self.here().at_start(), height: 1, kind: TypeKind::Error }
    }

    fn block(&mut self, stmts: Vec<Stmt>, value: Option<Box<Expr>>, span: Span) -> Block {
        match self.checked_height(height::of_block(&stmts, value.as_deref()), span) {
            Some(height) => Block { span, height, stmts, value },
            None => Block { span, height: 0, stmts: Vec::new(), value: None },
        }
    }

    /// The height as it is stored; `None`, reported, if it is beyond the limit.
    fn checked_height(&mut self, height: usize, span: Span) -> Option<u16> {
        let height = u16::try_from(height).ok().filter(|h| *h <= MAX_DEPTH);
        if height.is_none() {
            let message = format!("this is {MAX_DEPTH} operations deep, which is the limit");
            self.refuse_depth(span, message);
        }
        height
    }
}
