//! From tokens to functions: what all parts of the text form share.
//!
//! In: tokens. Out: a module. [`Source`] reads all headers, then all bodies; [`Cursor`] is a place among the tokens, with words, lists, integers, names;
//! [`Body`] is one function under construction, with its regions. Operations are in [`crate::ops`].

use crate::SYNTAX;
use crate::header::{DerivedHeader, Header};
use crate::lexer::{Kind, Token};
use adit_diag::{Diagnostic, FileId, Span};
use adit_ir::verify::MAX_NESTING;
use adit_ir::{Builder, Derived, FuncId, Function, Int, Module, Region, Rules, ScalarType, Type, Value};
use std::collections::HashMap;

/// What reading one thing gives.
pub(crate) type Parse<T> = Result<T, Box<Diagnostic>>;

/// A text, cut into tokens.
pub(crate) struct Source<'t> {
    pub(crate) file: FileId,
    pub(crate) text: &'t str,
    /// The length of the text.
    pub(crate) end: u32,
    pub(crate) tokens: Vec<Token>,
}

impl Source<'_> {
    /// Reads all functions.
    pub(crate) fn module(&self) -> Result<Module, Vec<Diagnostic>> {
        let starts = self.starts();
        if starts.first() != Some(&0) && !self.tokens.is_empty() {
            let cursor = Cursor::at(self, 0);
            let what = "a module is a list of functions, each beginning with `func`";
            return Err(vec![*cursor.error(cursor.here(), what)]);
        }
        let headers = all(starts.iter().map(|&start| Cursor::at(self, start).header()))?;
        let mut callees = HashMap::new();
        for (i, header) in headers.iter().enumerate() {
            callees.entry(header.name.as_str()).or_insert(Callee {
                id: FuncId::new(i),
                params: header.param_count(),
                results: &header.results,
            });
        }
        let ends = starts.iter().skip(1).copied().chain([self.tokens.len()]);
        let functions = all(headers.iter().zip(ends).map(|(header, end)| {
            let cursor = Cursor::at(self, header.body);
            if header.external.is_some() {
                return header.bodiless(cursor, end);
            }
            let body = Body::start(cursor, header, &callees)?;
            match &header.derived {
                Some(derived) => body.declaration(header, derived, end),
                None => body.function(header, end),
            }
        }))?;
        let mut module = Module::new();
        for f in functions {
            module.push(f);
        }
        let rules = all(headers.iter().map(|header| {
            let [jvp, vjp] = [0, 1].map(|k| self.rule(header.rules[k].as_ref(), &callees));
            Ok(Rules { jvp: jvp?, vjp: vjp? })
        }))?;
        for (id, rules) in module.ids().zip(rules) {
            module.set_rules(id, rules);
        }
        Ok(module)
    }

    /// The function that a header names as a rule.
    fn rule(&self, name: Option<&(String, Span)>, callees: &HashMap<&str, Callee<'_>>) -> Parse<Option<FuncId>> {
        let Some((name, span)) = name else { return Ok(None) };
        match callees.get(name.as_str()) {
            Some(callee) => Ok(Some(callee.id)),
            None => Err(Cursor::at(self, 0).error(*span, format!("there is no function `{name}`"))),
        }
    }

    /// The places of all words `func`, which no body contains.
    fn starts(&self) -> Vec<usize> {
        let is_func = |t: &Token| t.kind == Kind::Word && &self.text[t.start as usize..t.end as usize] == "func";
        let found = self.tokens.iter().enumerate().filter(|(_, t)| is_func(t));
        found.map(|(i, _)| i).collect()
    }
}

/// All successes, or all failures.
fn all<T>(results: impl Iterator<Item = Parse<T>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(x) => good.push(x),
            Err(d) => bad.push(*d),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// What a call must know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callee<'h> {
    pub(crate) id: FuncId,
    pub(crate) params: usize,
    pub(crate) results: &'h [ScalarType],
}

/// A place among the tokens.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'s, 't> {
    source: &'s Source<'t>,
    next: usize,
}

impl<'s, 't> Cursor<'s, 't> {
    pub(crate) fn at(source: &'s Source<'t>, next: usize) -> Self {
        Cursor { source, next }
    }

    pub(crate) fn position(&self) -> usize {
        self.next
    }

    fn token(&self) -> Option<Token> {
        self.source.tokens.get(self.next).copied()
    }

    pub(crate) fn peek(&self) -> Option<Kind> {
        self.token().map(|t| t.kind)
    }

    fn span_of(&self, token: Option<Token>) -> Span {
        let end = self.source.end;
        let (start, end) = token.map_or((end, end), |t| (t.start, t.end));
        Span::new(self.source.file, start, end)
    }

    /// The place of the next token, or the end of the text.
    pub(crate) fn here(&self) -> Span {
        self.span_of(self.token())
    }

    /// The place of the token just read.
    pub(crate) fn before(&self) -> Span {
        let before = self.next.checked_sub(1);
        self.span_of(before.and_then(|i| self.source.tokens.get(i)).copied())
    }

    pub(crate) fn error(&self, span: Span, what: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(SYNTAX, span, what))
    }

    /// What was wanted, and what stands here instead.
    pub(crate) fn expected(&self, wanted: &str) -> Box<Diagnostic> {
        let found = match self.token() {
            Some(token) => format!("`{}`", self.slice(token)),
            None => "the end of the text".into(),
        };
        self.error(self.here(), format!("expected {wanted}, found {found}"))
    }

    fn slice(&self, token: Token) -> &'t str {
        &self.source.text[token.start as usize..token.end as usize]
    }

    /// Reads a token of this kind, if it is the next.
    pub(crate) fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.next += usize::from(found);
        found
    }

    /// Reads a token of this kind.
    pub(crate) fn expect(&mut self, kind: Kind) -> Parse<&'t str> {
        match self.token() {
            Some(token) if token.kind == kind => {
                self.next += 1;
                Ok(self.slice(token))
            }
            _ => Err(self.expected(kind.about())),
        }
    }

    pub(crate) fn peek_word(&self) -> Option<&'t str> {
        self.token().filter(|t| t.kind == Kind::Word).map(|t| self.slice(t))
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == Some(word);
        self.next += usize::from(found);
        found
    }

    pub(crate) fn word(&mut self, word: &str) -> Parse<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    /// Reads things separated by commas up to and with `end`, which may come at once.
    pub(crate) fn list<T>(&mut self, end: Kind, mut item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = Vec::new();
        if self.eat(end) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.eat(Kind::Comma) {
                self.expect(end)?;
                return Ok(items);
            }
        }
    }

    pub(crate) fn integer(&mut self) -> Parse<i64> {
        let text = self.expect(Kind::Int)?;
        text.parse().map_err(|_| self.error(self.before(), "this integer does not fit 64 bits"))
    }

    /// The number in `d3`.
    pub(crate) fn dim_index(&mut self) -> Parse<usize> {
        let text = self.expect(Kind::Dim)?;
        text[1..].parse().map_err(|_| self.error(self.before(), "there are not so many dimensions"))
    }

    pub(crate) fn scalar_type(&mut self) -> Parse<ScalarType> {
        let found = (ScalarType::ALL.into_iter()).find(|s| self.peek_word() == Some(s.name()));
        self.next += usize::from(found.is_some());
        found.ok_or_else(|| self.expected("a scalar type"))
    }

    pub(crate) fn function_name(&mut self) -> Parse<String> {
        if self.peek() == Some(Kind::QuotedFunction) {
            let text = self.expect(Kind::QuotedFunction)?;
            return self.unquoted(&text[1..]);
        }
        let text = self.expect(Kind::Function)?;
        Ok(text[1..].into())
    }

    pub(crate) fn text(&mut self) -> Parse<String> {
        let text = self.expect(Kind::Text)?;
        self.unquoted(text)
    }

    /// What stands in quotes, escapes replaced: the inverse of [`adit_ir::print::quoted`].
    fn unquoted(&self, quoted: &str) -> Parse<String> {
        let mut out = String::new();
        let mut chars = quoted[1..quoted.len() - 1].chars();
        while let Some(c) = chars.next() {
            let c = match c {
                '\\' => {
                    escaped(&mut chars).ok_or_else(|| self.error(self.before(), "this text has an unknown escape"))?
                }
                c => c,
            };
            out.push(c);
        }
        Ok(out)
    }
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    match chars.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' => Some('\\'),
        '"' => Some('"'),
        'u' => {
            let (digits, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            *chars = rest.chars();
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        }
        _ => None,
    }
}

/// A function under construction.
pub(crate) struct Body<'s, 't> {
    pub(crate) c: Cursor<'s, 't>,
    pub(crate) b: Builder,
    pub(crate) callees: &'s HashMap<&'s str, Callee<'s>>,
    names: HashMap<&'t str, Value>,
    dims: Vec<Value>,
    depth: usize,
}

impl<'s, 't> Body<'s, 't> {
    fn start(cursor: Cursor<'s, 't>, header: &Header<'t>, callees: &'s HashMap<&'s str, Callee<'s>>) -> Parse<Self> {
        let mut names = HashMap::new();
        let (b, dims) = header.start(|name, span, value| match names.insert(name, value) {
            Some(_) => Err(cursor.error(span, format!("`{name}` is defined twice"))),
            None => Ok(()),
        })?;
        let (c, depth) = (cursor, 0);
        Ok(Body { c, b, callees, names, dims, depth })
    }

    /// Reads the body, which ends before token `end`.
    fn function(mut self, header: &Header<'_>, end: usize) -> Parse<Function> {
        let returned = self.region("return")?;
        if self.c.position() != end {
            return Err(self.c.expected("`func`"));
        }
        if let Some(&v) = (returned.iter()).find(|&&v| self.b.ty(v).scalar().is_none()) {
            let what = format!("{v:?} is no scalar, so it cannot be returned");
            return Err(self.c.error(header.span, what));
        }
        let mut f = self.b.finish(&returned);
        f.results.clone_from(&header.results);
        Ok(f)
    }

    /// A derivative without a body: its header, which ends before token `end`, is all there is.
    fn declaration(self, header: &Header<'_>, derived: &DerivedHeader<'_>, end: usize) -> Parse<Function> {
        if self.c.position() != end {
            return Err(self.c.expected("`func`"));
        }
        let Some(of) = self.callees.get(derived.of.as_str()) else {
            return Err(self.c.error(derived.of_span, format!("there is no function `{}`", derived.of)));
        };
        let active = header.active(derived, of.params);
        if active.iter().filter(|a| **a).count() != derived.active.len() {
            let what = "what follows `wrt` are parameters of the function derived from, each once";
            return Err(self.c.error(header.span, what));
        }
        let mut f = self.b.finish(&[]);
        f.results.clone_from(&header.results);
        f.derived = Some(Derived {
            of: of.id,
            mode: derived.mode,
            active,
            lanes: derived.lanes,
            silent: derived.silent,
            served: derived.served,
        });
        Ok(f)
    }

    /// Reads `{ … yield … }` into the builder's current region, and gives what it yields.
    pub(crate) fn region(&mut self, ending: &str) -> Parse<Vec<Value>> {
        self.c.expect(Kind::OpenBrace)?;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            let what = format!("regions nest more than {MAX_NESTING} deep");
            return Err(self.c.error(self.c.before(), what));
        }
        let mut yields = Vec::new();
        while !self.c.eat(Kind::CloseBrace) {
            if self.c.eat_word(ending) {
                yields = self.values()?;
                self.c.expect(Kind::CloseBrace)?;
                break;
            }
            self.instruction()?;
        }
        self.depth -= 1;
        Ok(yields)
    }

    /// Reads a region of its own, with parameters of these names and types.
    pub(crate) fn inner(&mut self, params: &[(&'t str, Span)], types: &[Type]) -> Parse<Region> {
        let region = self.b.open(types);
        for (i, &(name, span)) in params.iter().enumerate() {
            self.define(name, span, self.b.func().region(region).params[i])?;
        }
        let yields = self.region("yield")?;
        Ok(self.b.close(&yields))
    }

    /// Reads `v7, v8 = …`, or an instruction without results.
    fn instruction(&mut self) -> Parse<()> {
        let start = self.c.here();
        let mut names = Vec::new();
        if self.c.peek() == Some(Kind::Value) {
            names = self.new_names()?;
            self.c.expect(Kind::Equals)?;
        }
        let read = self.operation()?;
        if names.len() != read.types.len() {
            let (given, named) = (read.types.len(), names.len());
            let what = format!("this gives {given} results, and {named} are named");
            return Err(self.c.error(start.to(read.end), what));
        }
        self.b.set_span(start.to(read.end));
        let inst = self.b.push(read.op, &read.types);
        for ((name, span), value) in names.into_iter().zip(self.b.results(inst)) {
            self.define(name, span, value)?;
        }
        Ok(())
    }

    /// Names to be defined, at least one.
    pub(crate) fn new_names(&mut self) -> Parse<Vec<(&'t str, Span)>> {
        let mut names = Vec::new();
        loop {
            let span = self.c.here();
            names.push((self.c.expect(Kind::Value)?, span));
            if !self.c.eat(Kind::Comma) {
                return Ok(names);
            }
        }
    }

    fn define(&mut self, name: &'t str, span: Span, value: Value) -> Parse<()> {
        match self.names.insert(name, value) {
            Some(_) => Err(self.c.error(span, format!("`{name}` is defined twice"))),
            None => Ok(()),
        }
    }

    /// A value that is defined already.
    pub(crate) fn value(&mut self) -> Parse<Value> {
        if self.c.peek() == Some(Kind::Dim) {
            let index = self.c.dim_index()?;
            let found = self.dims.get(index).copied();
            return found.ok_or_else(|| {
                let what = "no parameter mentions this dimension";
                self.c.error(self.c.before(), what)
            });
        }
        let name = self.c.expect(Kind::Value)?;
        let found = self.names.get(name).copied();
        found.ok_or_else(|| {
            let what = format!("`{name}` is not defined before");
            self.c.error(self.c.before(), what)
        })
    }

    /// Values separated by commas, at least one.
    pub(crate) fn values(&mut self) -> Parse<Vec<Value>> {
        let mut values = vec![self.value()?];
        while self.c.eat(Kind::Comma) {
            values.push(self.value()?);
        }
        Ok(values)
    }

    /// A literal or a value.
    pub(crate) fn int(&mut self) -> Parse<Int> {
        match self.c.peek() {
            Some(Kind::Int) => Ok(Int::Const(self.c.integer()?)),
            _ => Ok(Int::Value(self.value()?)),
        }
    }

    /// Integer operands separated by commas, up to and with `end`.
    pub(crate) fn ints(&mut self, end: Kind) -> Parse<Vec<Int>> {
        let mut ints = Vec::new();
        if self.c.eat(end) {
            return Ok(ints);
        }
        loop {
            ints.push(self.int()?);
            if !self.c.eat(Kind::Comma) {
                self.c.expect(end)?;
                return Ok(ints);
            }
        }
    }
}
