//! Operands: literals, names, calls, subscripts, fields, brackets, `if`, blocks, lambdas.
//!
//! ```text
//! grad(|w| loss(w, x))(w0)      a[i, 1..n]      sum(e for i in 0..n)      Layer { w: w0, b }.w
//! ```
//!
//! Calls, subscripts and fields follow their operand in a loop. Inside brackets a `{` after a name starts a
//! struct literal again, also in the header of a loop.

use super::Parser;
use super::exprs::is_operator;
use crate::ast::{Arg, ArgKind, Arm, Expr, ExprKind, FieldInit, Generator, LambdaParam, Subscript, SubscriptKind};
use crate::lexer::{Kind, NumberForm};
use crate::{codes, literals};
use adit_diag::Span;

/// Whether the token can only be the start of an operand.
pub(super) fn fits_operand(kind: Kind) -> bool {
    matches!(kind, Kind::Ident | Kind::Number(_) | Kind::Text | Kind::True | Kind::False | Kind::If)
}

impl Parser<'_> {
    /// An operand with all calls, subscripts and fields that follow it.
    pub(super) fn operand(&mut self) -> Expr {
        let mut expr = self.primary();
        loop {
            expr = match self.peek() {
                Kind::LParen => self.call(expr),
                Kind::LBracket => self.index(expr),
                Kind::Dot => self.field_of(expr),
                _ => return expr,
            };
        }
    }

    fn primary(&mut self) -> Expr {
        match self.peek() {
            Kind::Number(form) => self.number(form),
            Kind::True => self.literal(ExprKind::Bool(true)),
            Kind::False => self.literal(ExprKind::Bool(false)),
            Kind::Ident => self.name_or_struct(),
            Kind::LParen => self.parenthesised(),
            Kind::LBracket => self.array(),
            Kind::If => self.block_like(),
            Kind::LBrace if self.struct_literals || self.value_before_a_body() => self.block_like(),
            Kind::Pipe | Kind::OrOr => self.lambda(),
            Kind::Text => self.misplaced_text(),
            _ => self.no_operand(),
        }
    }

    /// Whether the brace here holds a value of the header, because the header goes on behind it: `while { step(); i < n } { … }`
    fn value_before_a_body(&self) -> bool {
        let end = self.brackets.end_of(self.at);
        let after = self.peek_at(end + 1 - self.at);
        self.brackets.is_closed(self.at)
            && (matches!(after, Kind::LBrace | Kind::DotDot | Kind::DotDotEq) || is_operator(after))
    }

    fn literal(&mut self, kind: ExprKind) -> Expr {
        let span = self.here();
        self.bump();
        self.expr(kind, span)
    }

    fn number(&mut self, form: NumberForm) -> Expr {
        let text = self.text_of(self.next());
        let value = match form {
            NumberForm::Int => {
                literals::int(text).and_then(|v| i64::try_from(v).map_err(|_| literals::too_large())).map(ExprKind::Int)
            }
            NumberForm::Float => literals::float(text).map(ExprKind::Float),
            NumberForm::Bad => Err(literals::bad_number(text)),
        };
        let kind = value.unwrap_or_else(|(message, help)| {
            let mut diagnostic = self.error(codes::BAD_NUMBER, self.here(), message);
            diagnostic.help = help;
            self.report_and_go_on(diagnostic);
            ExprKind::Error
        });
        self.literal(kind)
    }

    fn name_or_struct(&mut self) -> Expr {
        if self.peek_at(1) == Kind::LBrace && self.struct_literals {
            return self.struct_literal();
        }
        let ident = self.take_ident();
        if &*ident.name == "_" {
            let diagnostic = self
                .error(codes::UNEXPECTED, ident.span, "`_` has no value")
                .help("`_` stands only where a name is declared but not used");
            self.report_and_go_on(diagnostic);
            return self.expr(ExprKind::Error, ident.span);
        }
        self.expr(ExprKind::Name(ident.name), ident.span)
    }

    fn struct_literal(&mut self) -> Expr {
        let name = self.take_ident();
        let (fields, span) = self.bracketed_list(Self::field_init);
        let fields = fields.into_iter().flatten().collect();
        let span = name.span.to(span);
        self.expr(ExprKind::Struct { name, fields }, span)
    }

    /// `w: w0`, or `b` for `b: b`.
    fn field_init(&mut self) -> Option<FieldInit> {
        if self.peek() == Kind::DotDot {
            let mut diagnostic = self.unexpected("the name of a field");
            let help = "there is no `..rest`: copy the struct with `let mut`, then assign its fields";
            diagnostic.help = Some(help.to_owned());
            self.report(diagnostic);
            return None;
        }
        let name = self.ident("the name of a field")?;
        let value = if self.eat(Kind::Colon) {
            self.parse_expr()
        } else {
            self.expr(ExprKind::Name(name.name.clone()), name.span)
        };
        Some(FieldInit { span: name.span.to(self.before()), name, value })
    }

    /// `()`, `(e)`, `(e,)`, `(a, b)`
    fn parenthesised(&mut self) -> Expr {
        let ((mut elements, comma), span) = self.inside(|p| p.list(Self::parse_expr_not_generator));
        if elements.len() == 1
            && !comma
            && let Some(inner) = elements.pop()
        {
            return Expr { span, ..inner };
        }
        self.expr(ExprKind::Tuple(elements), span)
    }

    fn parse_expr_not_generator(&mut self) -> Expr {
        let expr = self.parse_expr();
        if self.peek() == Kind::For {
            let mut diagnostic = self.missing("`,` or `)`");
            diagnostic.help = Some("write `[e for i in …]`, or give it to a reduction: `sum(e for i in …)`".to_owned());
            self.report(diagnostic);
        }
        expr
    }

    /// `[]`, `[a, b]`, `[e for i in 0..n]`
    fn array(&mut self) -> Expr {
        let (kind, span) = self.inside(|p| {
            if p.at_end() {
                return ExprKind::Array(Vec::new());
            }
            let first = p.parse_expr();
            match p.peek() {
                Kind::For => p.generator(first).map_or(ExprKind::Error, ExprKind::Comprehension),
                Kind::Semi => p.repeated_element(),
                _ => p.array_rest(first),
            }
        });
        self.expr(kind, span)
    }

    fn array_rest(&mut self, first: Expr) -> ExprKind {
        let mut elements = vec![first];
        if self.eat(Kind::Comma) {
            elements.append(&mut self.list(Self::parse_expr).0);
        } else if !self.at_end() {
            let diagnostic = self.missing("`,` or `]`");
            self.report(diagnostic);
            self.skip_until(|kind| kind == Kind::Comma);
            self.eat(Kind::Comma);
            elements.append(&mut self.list(Self::parse_expr).0);
        }
        ExprKind::Array(elements)
    }

    /// `[v; n]`, which other languages have.
    fn repeated_element(&mut self) -> ExprKind {
        let diagnostic = self.unexpected("`,` or `]`").help("for n equal elements, write `fill(v, n)`");
        self.report(diagnostic);
        self.skip_until(|_| false);
        ExprKind::Error
    }

    /// `for i in 0..n, j in 0..m` after the element; `None`, reported, without a loop.
    fn generator(&mut self, element: Expr) -> Option<Generator> {
        self.bump();
        let mut loops = vec![self.loop_head()?];
        while self.peek() == Kind::Comma && self.peek_at(1) == Kind::Ident && self.peek_at(2) == Kind::In {
            self.bump();
            loops.push(self.loop_head()?);
        }
        let help = match self.peek() {
            Kind::For => Some("further loops stand after a comma: `for i in 0..n, j in 0..m`"),
            Kind::If => Some("there are no filters; write `if c { e } else { 0 }` as the element"),
            _ => None,
        };
        if let Some(help) = help {
            let diagnostic = self.missing("the end of the generator").help(help);
            self.report(diagnostic);
            self.skip_until(|kind| kind == Kind::Comma);
        }
        self.eat_final_comma();
        Some(Generator { element: Box::new(element), loops })
    }

    /// Takes a comma that nothing follows.
    fn eat_final_comma(&mut self) {
        if self.peek() == Kind::Comma && self.peek_at(1) == Kind::End {
            self.bump();
        }
    }

    fn call(&mut self, callee: Expr) -> Expr {
        let (args, span) = self.bracketed_list(Self::arg);
        let span = callee.span.to(span);
        self.expr(ExprKind::Call { callee: Box::new(callee), args }, span)
    }

    fn arg(&mut self) -> Arg {
        let start = self.here();
        let kind = match self.peek() {
            Kind::Amp => self.lent_arg(),
            Kind::Text => ArgKind::Text(self.take_text()),
            _ => self.value_arg(),
        };
        Arg { span: start.to(self.before()), kind }
    }

    fn lent_arg(&mut self) -> ArgKind {
        let start = self.here();
        self.bump();
        if !self.eat(Kind::Mut) {
            let diagnostic = self
                .error(codes::UNEXPECTED, start, "expected `&mut`, found `&`")
                .help("values are given as they are, `f(x)`; what may change is lent, `f(&mut x)`");
            self.report_and_go_on(diagnostic);
        }
        let place = self.parse_expr();
        ArgKind::Lent(self.checked_place(place, "lent"))
    }

    fn value_arg(&mut self) -> ArgKind {
        let value = self.parse_expr();
        if self.peek() != Kind::For {
            return ArgKind::Value(value);
        }
        match self.generator(value) {
            Some(generator) => ArgKind::Generator(generator),
            None => ArgKind::Value(self.error_expr()),
        }
    }

    fn index(&mut self, base: Expr) -> Expr {
        let (subscripts, bracket) = self.bracketed_list(Self::subscript);
        let span = base.span.to(bracket);
        if subscripts.is_empty() {
            let message = "expected a subscript between `[` and `]`";
            self.report_and_go_on(self.error(codes::UNEXPECTED, bracket, message));
            return self.expr(ExprKind::Error, span);
        }
        self.expr(ExprKind::Index { base: Box::new(base), subscripts }, span)
    }

    /// `i`, `lo..hi`, `lo..=hi`, `lo..`, `..hi`, `..`
    fn subscript(&mut self) -> Subscript {
        let start = self.here();
        let dots = |kind| matches!(kind, Kind::DotDot | Kind::DotDotEq);
        let lo = (!dots(self.peek())).then(|| self.parse_expr());
        let kind = match lo {
            Some(index) if !dots(self.peek()) => SubscriptKind::Index(index),
            lo => {
                let inclusive = self.bump().kind == Kind::DotDotEq;
                let open = matches!(self.peek(), Kind::Comma | Kind::End);
                let hi = (inclusive || !open).then(|| self.parse_expr());
                SubscriptKind::Slice { lo, hi, inclusive }
            }
        };
        Subscript { span: start.to(self.before()), kind }
    }

    /// `.name`, `.0`, and `.0.1`, which the lexer takes for a number.
    fn field_of(&mut self, base: Expr) -> Expr {
        self.bump();
        let token = self.next();
        match self.peek() {
            Kind::Ident => {
                let field = self.take_ident();
                let span = base.span.to(field.span);
                self.expr(ExprKind::Field { base: Box::new(base), field }, span)
            }
            Kind::Number(_) => {
                self.bump();
                self.tuple_fields(base, token.span(self.file))
            }
            _ => {
                let mut diagnostic = self.unexpected("the name of a field");
                diagnostic.help = self.help_after_point();
                self.report(diagnostic);
                self.expr(ExprKind::Error, base.span)
            }
        }
    }

    /// What to write for a point that means each element elsewhere.
    fn help_after_point(&self) -> Option<String> {
        let operator = matches!(self.peek(), Kind::Star | Kind::Slash | Kind::Caret | Kind::Plus | Kind::Minus);
        let help =
            "operators and functions of numbers take arrays element by element, without a point: `x * y`, `sin(x)`";
        (operator || self.peek() == Kind::LParen).then(|| help.to_owned())
    }

    fn tuple_fields(&mut self, base: Expr, number: Span) -> Expr {
        let text = &self.text[number.start as usize..number.end as usize];
        let (mut base, mut start) = (base, number.start);
        for digits in text.split('.') {
            let end = start + digits.len() as u32;
            let index_span = Span::new(self.file, start, end);
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let Some(index) = digits.parse().ok().filter(|_| plain) else {
                let message = format!("`{text}` is neither a field nor a position in a tuple");
                self.report_and_go_on(self.error(codes::BAD_NUMBER, number, message));
                return self.expr(ExprKind::Error, base.span.to(number));
            };
            let span = base.span.to(index_span);
            base = self.expr(ExprKind::TupleField { base: Box::new(base), index, index_span }, span);
            start = end + 1;
        }
        base
    }

    /// An `if` with all its arms, or a block.
    pub(super) fn block_like(&mut self) -> Expr {
        let start = self.here();
        if self.peek() == Kind::LBrace {
            let block = self.parse_block();
            let span = start.to(self.before());
            return self.expr(ExprKind::Block(block), span);
        }
        let (mut arms, mut otherwise) = (Vec::new(), None);
        while self.eat(Kind::If) {
            let condition = self.header(Self::parse_expr);
            let body = self.parse_block();
            arms.push(Arm { condition, body });
            if !self.eat(Kind::Else) {
                break;
            }
            if self.peek() != Kind::If {
                otherwise = Some(self.parse_block());
                break;
            }
        }
        let span = start.to(self.before());
        self.expr(ExprKind::If { arms, otherwise }, span)
    }

    /// `|x, y: f64| body`; the body reaches as far as it can.
    fn lambda(&mut self) -> Expr {
        let start = self.here();
        let bare = self.bump().kind == Kind::OrOr;
        let params = if bare { Vec::new() } else { self.lambda_params() };
        let body = Box::new(self.parse_expr());
        let span = start.to(body.span);
        self.expr(ExprKind::Lambda { params, body }, span)
    }

    fn lambda_params(&mut self) -> Vec<LambdaParam> {
        let mut params = Vec::new();
        while self.peek() != Kind::Pipe {
            let Some(name) = self.ident("the name of a parameter") else {
                return params;
            };
            let (mut lent, mut ty) = (false, None);
            if self.eat(Kind::Colon) {
                lent = self.lending();
                ty = Some(self.parse_type());
            }
            params.push(LambdaParam { span: name.span.to(self.before()), name, lent, ty });
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::Pipe, "`|` after the parameters");
        params
    }

    fn misplaced_text(&mut self) -> Expr {
        let diagnostic = self
            .error(codes::UNEXPECTED, self.here(), "a text is not a value")
            .help("texts stand only as arguments: `assert(c, \"message\")`, `print(x, \"label\")`");
        self.report_and_go_on(diagnostic);
        self.literal(ExprKind::Error)
    }

    fn no_operand(&mut self) -> Expr {
        let mut diagnostic = self.unexpected("an expression");
        diagnostic.help = self.help_before_operand().map(str::to_owned);
        self.report(diagnostic);
        self.error_expr()
    }

    /// What the user may have meant, where an expression is missing.
    fn help_before_operand(&self) -> Option<&'static str> {
        let previous = if self.at == 0 { Kind::End } else { self.brackets.tokens[self.at - 1].kind };
        match (previous, self.peek()) {
            (Kind::Star, Kind::Star) => Some("powers are written `x^2`"),
            (Kind::Plus, Kind::Plus) => Some("to count up, write `i += 1`"),
            (Kind::Percent | Kind::Caret | Kind::At | Kind::AndAnd | Kind::OrOr, Kind::Eq) => {
                Some("only `+ - * /` combine with `=`; write the operation out: `x = x % y`")
            }
            (Kind::Less | Kind::Greater | Kind::NotEq | Kind::EqEq, Kind::Eq) => {
                Some("the comparisons are `==`, `!=`, `<`, `<=`, `>`, `>=`")
            }
            (Kind::RBrace, kind) if is_operator(kind) => {
                Some("a statement ends with this `}`; to go on with its value, put parentheses around it")
            }
            (_, Kind::Plus) => Some("there is no prefix `+`"),
            (_, Kind::Dot) => Some("a number starts with a digit: `0.5`"),
            (_, Kind::Amp) => Some("logical and is written `&&`; `&mut x` stands only as an argument"),
            (_, Kind::DotDot | Kind::DotDotEq) => Some(RANGES),
            (_, Kind::While | Kind::For) => Some("loops are statements and have no value"),
            (_, Kind::Return | Kind::Break | Kind::Continue) => {
                Some("this is a statement; in an expression, put it in braces: `if c { return x; }`")
            }
            (Kind::Pipe | Kind::OrOr, Kind::Arrow) => Some("the result of a lambda has no type ascribed: `|x| …`"),
            (Kind::AndAnd | Kind::OrOr, Kind::Less | Kind::LessEq | Kind::Greater | Kind::GreaterEq) => {
                Some("both sides are comparisons of their own: `a < x && x < b`")
            }
            (_, Kind::Mut) => Some("variables are declared by `let mut x = …`"),
            (_, Kind::Fn) => Some("a function without a name is written `|x| …`"),
            _ => None,
        }
    }

    /// What the user may have meant, where an expression should have ended.
    pub(super) fn help_after_operand(&self) -> Option<String> {
        let help = match self.peek() {
            Kind::DotDot | Kind::DotDotEq => RANGES,
            Kind::Amp => "logical and is written `&&`",
            Kind::Pipe => "logical or is written `||`",
            Kind::Colon if self.peek_at(1) == Kind::Colon => "functions are called by their names alone: `log(x)`",
            Kind::Colon if self.peek_at(1) == Kind::Eq => "variables are declared by `let x = …`",
            Kind::Colon => {
                "types stand in `let x: T = …`; a struct literal after `if`, `while`, `for` needs parentheses"
            }
            Kind::Ident if self.peek_name() == "as" => "types are converted by `f64(x)`, `f32(x)`, `i64(x)`",
            Kind::Ident if self.peek_name() == "and" => "logical and is written `&&`",
            Kind::Ident if self.peek_name() == "or" => "logical or is written `||`",
            Kind::Not if self.after_a_name() => "there are no macros: a line is printed by `print(\"x is\", x)`",
            Kind::Ident | Kind::Number(_) if self.after_a_name() => {
                "the arguments of a call stand in parentheses: `f(x)`"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// Whether such a token stands before this.
    pub(super) fn comes_after(&self, kind: Kind) -> bool {
        self.at.checked_sub(1).is_some_and(|at| self.brackets.tokens[at].kind == kind)
    }

    /// Whether a name stands right before this, on the same line.
    fn after_a_name(&self) -> bool {
        let Some(before) = self.at.checked_sub(1).map(|at| self.brackets.tokens[at]) else { return false };
        let between = before.span(self.file).end as usize..self.here().start as usize;
        before.kind == Kind::Ident && self.text.get(between).is_some_and(|space| !space.contains('\n'))
    }
}

const RANGES: &str = "ranges stand only in `for`, in comprehensions and in subscripts";
