//! Blocks and statements.
//!
//! ```text
//! { let mut s = 0.0; for i in 0..n { s += x[i]; } s }
//! ```
//!
//! A statement that starts with `if` or `{` ends with its `}`, as in Rust: `if a { b } -c` is two statements.
//! After a mistake the next statement is looked for behind a `;`, a `}` or at a keyword.

use super::Parser;
use super::operands::fits_operand;
use crate::ast::{
    AssignOp, Block, Checkpoint, CheckpointPolicy, Expr, ExprKind, For, GeneratorLoop, Pattern, PatternKind, Range,
    Stmt, StmtKind, While,
};
use crate::lexer::{Kind, NumberForm};
use crate::{codes, literals};
use adit_diag::Span;

/// What one step in a block gives.
enum Step {
    Stmt(Stmt),
    Value(Expr),
    Nothing,
}

/// Units of a memory budget, in bytes.
const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl Parser<'_> {
    /// `{ … }`; without a `{` a mistake.
    pub(super) fn parse_block(&mut self) -> Block {
        self.nested(Self::block_here, |p| {
            let span = p.here().at_start();
            p.block(Vec::new(), None, span)
        })
    }

    fn block_here(&mut self) -> Block {
        if self.peek() != Kind::LBrace {
            let mut diagnostic = self.missing("`{`");
            diagnostic.help = match self.peek() {
                Kind::Eq => Some("to compare, write `==`".to_owned()),
                Kind::Comma => {
                    Some("one loop stands within another: `for i in 0..n { for j in 0..m { … } }`".to_owned())
                }
                _ => self.help_without_braces().or_else(|| self.help_after_operand()),
            };
            self.report(diagnostic);
            let span = self.here().at_start();
            return self.block(Vec::new(), None, span);
        }
        let ((stmts, value), span) = self.inside(Self::stmts);
        self.block(stmts, value.map(Box::new), span)
    }

    /// What to write for a body that begins as in languages without braces.
    fn help_without_braces(&self) -> Option<String> {
        let begins = match self.peek() {
            Kind::Ident => matches!(self.peek_name(), "then" | "do" | "begin") || self.comes_after(Kind::RParen),
            Kind::Colon | Kind::Return => true,
            _ => false,
        };
        begins.then(|| "bodies stand in braces: `if c { a } else { b }`, `for i in 0..n { … }`".to_owned())
    }

    fn stmts(&mut self) -> (Vec<Stmt>, Option<Expr>) {
        let (mut stmts, mut value) = (Vec::new(), None);
        while !self.at_end() {
            self.found();
            let start = self.at;
            match self.step() {
                Step::Stmt(stmt) => stmts.push(stmt),
                Step::Value(expr) => value = Some(expr),
                Step::Nothing => {}
            }
            if self.lost {
                let lost_at = self.at;
                self.skip_stmt(start);
                if self.at > lost_at {
                    // What was skipped may have given the block its value or have left it: later stages must not miss either.
                    let skipped = self.error_expr();
                    stmts.push(Stmt { span: skipped.span, kind: StmtKind::Expr(skipped) });
                }
            }
        }
        // What was skipped is over, and so is being lost; also at the end of an unclosed brace.
        self.found();
        (stmts, value)
    }

    /// Skips the rest of a statement that started at `start` and has a mistake in it.
    fn skip_stmt(&mut self, start: usize) {
        if self.at > start && self.brackets.tokens[self.at - 1].kind == Kind::Semi {
            return;
        }
        while !self.at_end() {
            match self.peek() {
                Kind::Semi => {
                    self.bump();
                    return;
                }
                Kind::LBrace => {
                    self.skip_one();
                    if self.peek() != Kind::Else {
                        return;
                    }
                }
                kind if self.at > start && (starts_stmt(kind) || self.at_item()) => return,
                _ => self.skip_one(),
            }
        }
    }

    fn step(&mut self) -> Step {
        match self.peek() {
            Kind::Semi => {
                self.bump();
                Step::Nothing
            }
            Kind::Fn | Kind::Struct | Kind::Const | Kind::Import if self.at_item() => {
                self.misplaced_item();
                Step::Nothing
            }
            Kind::Else => {
                self.misplaced_else();
                Step::Nothing
            }
            Kind::Let => self.finished(Self::let_kind),
            Kind::Break => self.finished(|p| p.jump(StmtKind::Break)),
            Kind::Continue => self.finished(|p| p.jump(StmtKind::Continue)),
            Kind::Return => self.finished(Self::return_kind),
            Kind::While => self.loop_stmt(|p| p.while_kind(None)),
            Kind::For => self.loop_stmt(|p| p.for_kind(None)),
            Kind::At => self.loop_stmt(Self::checkpointed),
            _ => self.expr_step(),
        }
    }

    /// A statement that a `;` has to end, but at the end of the block.
    fn finished(&mut self, kind: impl FnOnce(&mut Self) -> StmtKind) -> Step {
        let start = self.here();
        let kind = kind(self);
        self.finish_stmt();
        Step::Stmt(Stmt { span: start.to(self.before()), kind })
    }

    fn finish_stmt(&mut self) {
        if self.at_end() || self.eat(Kind::Semi) {
            return;
        }
        let mut diagnostic = self.missing("`;` after this statement");
        diagnostic.help = self.help_after_operand();
        self.report(diagnostic);
    }

    fn loop_stmt(&mut self, kind: impl FnOnce(&mut Self) -> Option<StmtKind>) -> Step {
        let start = self.here();
        match kind(self) {
            Some(kind) => Step::Stmt(Stmt { span: start.to(self.before()), kind }),
            None => Step::Nothing,
        }
    }

    /// A definition in a block: read, reported, dropped.
    fn misplaced_item(&mut self) {
        let start = self.here();
        let (what, help) = match self.peek() {
            Kind::Const => ("constants", "write `let` for a value of this block"),
            Kind::Struct => ("structs", "move it out of this function"),
            Kind::Import => ("imports", "move it to the top of the file"),
            _ => ("functions", "move it out of this function"),
        };
        let message = format!("{what} are defined at the top of a file, not in a function");
        self.report_and_go_on(self.error(codes::UNEXPECTED, start, message).help(help));
        self.muted += 1;
        self.nested(Self::item, |_| None);
        self.muted -= 1;
    }

    fn misplaced_else(&mut self) {
        let diagnostic = self
            .error(codes::UNEXPECTED, self.here(), "this `else` has no `if` before it")
            .help("`else` stands right after the `}` of its `if`, without a `;`");
        self.report(diagnostic);
        self.bump();
    }

    fn let_kind(&mut self) -> StmtKind {
        self.bump();
        let mutable = self.eat(Kind::Mut);
        let pattern = self.pattern(mutable);
        let ty = self.eat(Kind::Colon).then(|| self.parse_type());
        if !self.eat(Kind::Eq) {
            let mut diagnostic = self.missing("`=` and a value");
            diagnostic.help = match self.peek() {
                Kind::Semi | Kind::End => Some("every variable has a value from the start".to_owned()),
                Kind::Comma => Some("several variables are a tuple: `let (a, b) = …`".to_owned()),
                Kind::LBrace => Some("only tuples are taken apart; fields are read as `s.x`".to_owned()),
                _ => None,
            };
            self.report(diagnostic);
            let value = self.error_expr();
            return StmtKind::Let { pattern, ty, value };
        }
        let value = self.parse_expr();
        StmtKind::Let { pattern, ty, value }
    }

    /// A name, `_`, or a tuple of these.
    fn pattern(&mut self, mutable: bool) -> Pattern {
        self.nested(|p| p.pattern_here(mutable), |p| Pattern { span: p.here().at_start(), kind: PatternKind::Error })
    }

    fn pattern_here(&mut self, mutable: bool) -> Pattern {
        let start = self.here();
        let mutable = self.eat(Kind::Mut) || mutable;
        let kind = match self.peek() {
            Kind::Ident if self.peek_name() == "_" => {
                self.bump();
                PatternKind::Wildcard
            }
            Kind::Ident => PatternKind::Name { name: self.take_ident(), mutable },
            Kind::LParen => {
                let ((mut elements, comma), span) = self.inside(|p| p.list(|p| p.pattern(mutable)));
                if elements.len() == 1
                    && !comma
                    && let Some(inner) = elements.pop()
                {
                    return Pattern { span, ..inner };
                }
                PatternKind::Tuple(elements)
            }
            _ => {
                let _ = self.ident("the name of a variable");
                PatternKind::Error
            }
        };
        Pattern { span: start.to(self.before()), kind }
    }

    fn jump(&mut self, kind: StmtKind) -> StmtKind {
        self.bump();
        kind
    }

    fn return_kind(&mut self) -> StmtKind {
        self.bump();
        let bare = matches!(self.peek(), Kind::Semi | Kind::End);
        StmtKind::Return((!bare).then(|| self.parse_expr()))
    }

    fn while_kind(&mut self, checkpoint: Option<Checkpoint>) -> Option<StmtKind> {
        self.bump();
        let condition = self.header(Self::parse_expr);
        let body = self.parse_block();
        Some(StmtKind::While(Box::new(While { checkpoint, condition, body })))
    }

    fn for_kind(&mut self, checkpoint: Option<Checkpoint>) -> Option<StmtKind> {
        self.bump();
        let head = self.header(Self::loop_head)?;
        let body = self.parse_block();
        let GeneratorLoop { var, range, .. } = head;
        Some(StmtKind::For(Box::new(For { checkpoint, var, range, body })))
    }

    /// Parses with `{` as the start of a block, not of a struct literal.
    pub(super) fn header<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.struct_literals, false);
        let head = parse(self);
        self.struct_literals = outer;
        head
    }

    /// `i in lo..hi step k`
    pub(super) fn loop_head(&mut self) -> Option<GeneratorLoop> {
        let start = self.here();
        if self.peek() == Kind::LParen {
            let diagnostic = self.unexpected("the name of the loop variable");
            self.report(diagnostic.help("loops run over ranges of integers: `for i in 0..n { … }`"));
            return None;
        }
        let var = self.ident("the name of the loop variable")?;
        if !self.eat(Kind::In) {
            let diagnostic = self.missing("`in` and a range");
            self.report(diagnostic.help("loops run over ranges of integers: `for i in 0..n { … }`"));
        }
        let range = self.range()?;
        Some(GeneratorLoop { span: start.to(self.before()), var, range })
    }

    fn range(&mut self) -> Option<Range> {
        let lo = self.parse_expr();
        let inclusive = self.peek() == Kind::DotDotEq;
        if !inclusive && self.peek() != Kind::DotDot {
            let mut diagnostic = self.missing("`..`");
            diagnostic.help = Some("loops run over ranges of integers: `for i in 0..n`".to_owned());
            self.report(diagnostic);
            return None;
        }
        self.bump();
        let hi = self.parse_expr();
        let step = (self.peek_name() == "step").then(|| {
            self.bump();
            self.parse_expr()
        });
        let span = lo.span.to(self.before());
        Some(Range { span, lo, hi, inclusive, step })
    }

    /// `@checkpoint(…)` and the loop after it.
    fn checkpointed(&mut self) -> Option<StmtKind> {
        let start = self.here();
        self.bump();
        if self.peek_name() != "checkpoint" {
            self.expected("`checkpoint`");
            return None;
        }
        self.bump();
        if self.peek() != Kind::LParen {
            self.expected("`(every: k)`, `(binomial: c)` or `(budget: 64 MiB)`");
            return None;
        }
        let (policy, _) = self.inside(Self::checkpoint_policy);
        let checkpoint = Some(Checkpoint { span: start.to(self.before()), policy });
        match self.peek() {
            Kind::While => self.while_kind(checkpoint),
            Kind::For => self.for_kind(checkpoint),
            _ => {
                self.expected("a `for` or `while` loop after `@checkpoint(…)`");
                None
            }
        }
    }

    fn checkpoint_policy(&mut self) -> CheckpointPolicy {
        let word = self.peek_name();
        if !matches!(word, "every" | "binomial" | "budget") {
            self.expected("`every`, `binomial` or `budget`");
            self.skip_until(|_| false);
            return CheckpointPolicy::Error;
        }
        self.bump();
        self.expect(Kind::Colon, "`:`");
        let policy = match word {
            "every" => CheckpointPolicy::Every(self.parse_expr()),
            "binomial" => CheckpointPolicy::Binomial(self.parse_expr()),
            _ => self.budget(),
        };
        self.eat(Kind::Comma);
        policy
    }

    /// `64 MiB`
    fn budget(&mut self) -> CheckpointPolicy {
        if self.peek() != Kind::Number(NumberForm::Int) {
            self.expected("a size such as `64 MiB`");
            return CheckpointPolicy::Error;
        }
        let number = self.bump();
        let unit = self.peek_name();
        let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let mut diagnostic = self.missing("a unit");
            diagnostic.help = Some("units are `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`".to_owned());
            self.report(diagnostic);
            return CheckpointPolicy::Error;
        };
        self.bump();
        let count = literals::int(self.text_of(number)).ok();
        match count.and_then(|count| count.checked_mul(*bytes)) {
            Some(bytes) => CheckpointPolicy::Budget(bytes),
            None => {
                let span = number.span(self.file);
                self.report(self.error(codes::BAD_NUMBER, span, "this size is too large"));
                CheckpointPolicy::Error
            }
        }
    }

    /// An expression, with what follows deciding what it is for: an assignment, a statement, the value.
    fn expr_step(&mut self) -> Step {
        let start = self.here();
        let block_like = matches!(self.peek(), Kind::If | Kind::LBrace);
        let expr = if block_like { self.block_like() } else { self.parse_expr() };
        if let Some(op) = assign_op(self.peek()) {
            return self.assignment(start, expr, op);
        }
        if self.at_end() {
            return Step::Value(expr);
        }
        if !self.eat(Kind::Semi) && !block_like {
            self.unfinished_expr(start);
        }
        Step::Stmt(Stmt { span: start.to(self.before()), kind: StmtKind::Expr(expr) })
    }

    fn unfinished_expr(&mut self, start: Span) {
        let mut diagnostic = self.missing("`;` after this statement");
        diagnostic.help = match self.peek() {
            Kind::Comma => Some("several values are a tuple: `(a, b)`".to_owned()),
            _ => self.help_foreign_stmt(start).or_else(|| self.help_after_operand()),
        };
        self.report(diagnostic);
    }

    /// What to write for a statement that starts with a word of another language.
    fn help_foreign_stmt(&self, start: Span) -> Option<String> {
        let word = self.text.get(start.start as usize..start.end as usize)?;
        let help = match word {
            "var" | "mut" | "auto" => "variables are declared by `let`, or `let mut` if they change",
            "elif" | "elsif" | "elseif" => "write `else if`",
            "loop" => "write `while true`",
            "match" | "switch" => "write `if … else if …`",
            "not" => "logical not is written `!`",
            "lambda" => "functions without a name are written `|x| x + 1`",
            "print" | "assert" => "arguments stand in parentheses",
            _ => return None,
        };
        fits_operand(self.peek()).then(|| help.to_owned())
    }

    fn assignment(&mut self, start: Span, place: Expr, op: AssignOp) -> Step {
        let op_span = self.here();
        self.bump();
        let place = self.checked_place(place, "assigned");
        let value = self.parse_expr();
        self.finish_stmt();
        let kind = StmtKind::Assign { place, op, op_span, value };
        Step::Stmt(Stmt { span: start.to(self.before()), kind })
    }

    /// The expression, if it is a place; else an error in its stead.
    pub(super) fn checked_place(&mut self, expr: Expr, what: &str) -> Expr {
        if expr.is_place() || expr.kind == ExprKind::Error {
            return expr;
        }
        let message = format!("this cannot be {what}: it is a value, not a place");
        let mut diagnostic = self.error(codes::NOT_A_PLACE, expr.span, message);
        diagnostic.help = Some(match &expr.kind {
            ExprKind::Tuple(_) => "assign the parts one by one, or declare new ones with `let (a, b) = …`".to_owned(),
            ExprKind::Binary { .. } if what == "assigned" => "to compare, write `==`".to_owned(),
            _ => "places are variables, their elements `a[i]` and their fields `s.x`".to_owned(),
        });
        self.report_and_go_on(diagnostic);
        Expr { height: 1, kind: ExprKind::Error, ..expr }
    }
}

fn assign_op(kind: Kind) -> Option<AssignOp> {
    match kind {
        Kind::Eq => Some(AssignOp::Set),
        Kind::PlusEq => Some(AssignOp::Add),
        Kind::MinusEq => Some(AssignOp::Sub),
        Kind::StarEq => Some(AssignOp::Mul),
        Kind::SlashEq => Some(AssignOp::Div),
        _ => None,
    }
}

/// Whether the token can only be the start of a statement.
fn starts_stmt(kind: Kind) -> bool {
    matches!(kind, Kind::Let | Kind::While | Kind::For | Kind::If | Kind::Return | Kind::Break | Kind::Continue)
}
