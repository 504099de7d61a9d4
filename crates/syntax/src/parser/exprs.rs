//! Operators: which binds tighter, and chains.
//!
//! ```text
//! -x^2 + a * b @ c      Binary { first: Neg(x ^ 2), rest: [+ Binary { first: a, rest: [* b, @ c] }] }
//! ```
//!
//! | loosest first | |
//! |---|---|
//! | `\|\|` | |
//! | `&&` | |
//! | `== != < <= > >=` | do not chain |
//! | `+ -` | |
//! | `* / % @` | |
//! | `-x !x` | |
//! | `^` | from the right; its exponent may have a prefix: `2^-1` |
//! | `f(x) a[i] s.x` | see `operands.rs` |

use super::Parser;
use crate::ast::{BinaryOp, Expr, ExprKind, Link, UnaryOp};
use crate::lexer::{Kind, NumberForm};
use crate::{codes, literals};

/// How tight a binary operator binds; `^` apart, which is part of its operand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
}

impl Level {
    /// The next tighter level; none above products but prefix operators.
    fn tighter(self) -> Option<Self> {
        match self {
            Level::Or => Some(Level::And),
            Level::And => Some(Level::Comparison),
            Level::Comparison => Some(Level::Sum),
            Level::Sum => Some(Level::Product),
            Level::Product => None,
        }
    }
}

/// The binary operators.
const OPERATORS: &[(Kind, Level, BinaryOp)] = &[
    (Kind::OrOr, Level::Or, BinaryOp::Or),
    (Kind::AndAnd, Level::And, BinaryOp::And),
    (Kind::EqEq, Level::Comparison, BinaryOp::Eq),
    (Kind::NotEq, Level::Comparison, BinaryOp::Ne),
    (Kind::Less, Level::Comparison, BinaryOp::Lt),
    (Kind::LessEq, Level::Comparison, BinaryOp::Le),
    (Kind::Greater, Level::Comparison, BinaryOp::Gt),
    (Kind::GreaterEq, Level::Comparison, BinaryOp::Ge),
    (Kind::Plus, Level::Sum, BinaryOp::Add),
    (Kind::Minus, Level::Sum, BinaryOp::Sub),
    (Kind::Star, Level::Product, BinaryOp::Mul),
    (Kind::Slash, Level::Product, BinaryOp::Div),
    (Kind::Percent, Level::Product, BinaryOp::Rem),
    (Kind::At, Level::Product, BinaryOp::MatMul),
];

fn operator(kind: Kind) -> Option<(Level, BinaryOp)> {
    OPERATORS.iter().find(|(k, ..)| *k == kind).map(|(_, level, op)| (*level, *op))
}

/// Whether the token stands between two operands.
pub(super) fn is_operator(kind: Kind) -> bool {
    kind == Kind::Caret || operator(kind).is_some()
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn parse_expr(&mut self) -> Expr {
        self.nested(|p| p.operators(Level::Or), Self::error_expr)
    }

    /// Operands joined by operators that bind at least as tight as `loosest`.
    pub(super) fn operators(&mut self, loosest: Level) -> Expr {
        let mut expr = self.prefixed();
        while let Some((level, _)) = operator(self.peek())
            && level >= loosest
        {
            expr = self.chain(expr, level);
        }
        expr
    }

    /// `first op rhs op rhs …`, all operators of one level.
    fn chain(&mut self, first: Expr, level: Level) -> Expr {
        let (start, mut rest) = (first.span, Vec::new());
        while let Some((l, op)) = operator(self.peek())
            && l == level
        {
            let op_span = self.here();
            if level == Level::Comparison && !rest.is_empty() {
                self.chained_comparison();
            }
            self.bump();
            let rhs = match level.tighter() {
                Some(tighter) => self.operators(tighter),
                None => self.prefixed(),
            };
            // A second comparison was reported; the tree keeps its promise that there is one.
            if level != Level::Comparison || rest.is_empty() {
                rest.push(Link { id: self.fresh_id(), op, op_span, rhs });
            }
        }
        self.joined(first, rest, start)
    }

    fn joined(&mut self, first: Expr, rest: Vec<Link>, start: adit_diag::Span) -> Expr {
        let (id, end) = rest.last().map_or((first.id, start), |link| (link.id, link.rhs.span));
        self.expr_with_id(id, ExprKind::Binary { first: Box::new(first), rest }, start.to(end))
    }

    fn chained_comparison(&mut self) {
        let diagnostic = self
            .error(codes::CHAINED_COMPARISON, self.here(), "comparisons do not chain")
            .help("write `a < b && b < c`, or put one comparison in parentheses");
        self.report_and_go_on(diagnostic);
    }

    /// An operand with `-` and `!` before it.
    fn prefixed(&mut self) -> Expr {
        let op = match self.peek() {
            Kind::Minus => UnaryOp::Neg,
            Kind::Not => UnaryOp::Not,
            _ => return self.power(),
        };
        let start = self.here();
        if let Some(least) = self.least_int() {
            return least;
        }
        self.bump();
        let operand = Box::new(self.nested(Self::prefixed, Self::error_expr));
        let span = start.to(operand.span);
        self.expr(ExprKind::Unary { op, operand }, span)
    }

    /// `-9223372036854775808`, whose digits alone are no `i64`.
    fn least_int(&mut self) -> Option<Expr> {
        let tighter = [Kind::Caret, Kind::LParen, Kind::LBracket, Kind::Dot];
        let literal = self.peek() == Kind::Minus
            && self.peek_at(1) == Kind::Number(NumberForm::Int)
            && !tighter.contains(&self.peek_at(2));
        if !literal {
            return None;
        }
        let digits = self.text_of(self.brackets.tokens[self.at + 1]);
        if literals::int(digits) != Ok(literals::MIN_MAGNITUDE) {
            return None;
        }
        let start = self.here();
        self.bump();
        self.bump();
        let span = start.to(self.before());
        Some(self.expr(ExprKind::Int(i64::MIN), span))
    }

    /// An operand, perhaps raised to a power.
    fn power(&mut self) -> Expr {
        let base = self.operand();
        if self.peek() != Kind::Caret {
            return base;
        }
        let op_span = self.here();
        self.bump();
        let rhs = self.nested(Self::prefixed, Self::error_expr);
        let start = base.span;
        let link = Link { id: self.fresh_id(), op: BinaryOp::Pow, op_span, rhs };
        self.joined(base, vec![link], start)
    }
}
