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
use adit_diag::Span;

/// How tight a binary operator binds; `^` apart, which is part of its operand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Or,
    And,
    Comparison,
    Sum,
    Product,
}

/// The level of a binary operator.
fn operator(kind: Kind) -> Option<(Level, BinaryOp)> {
    let operator = match kind {
        Kind::OrOr => (Level::Or, BinaryOp::Or),
        Kind::AndAnd => (Level::And, BinaryOp::And),
        Kind::EqEq => (Level::Comparison, BinaryOp::Eq),
        Kind::NotEq => (Level::Comparison, BinaryOp::Ne),
        Kind::Less => (Level::Comparison, BinaryOp::Lt),
        Kind::LessEq => (Level::Comparison, BinaryOp::Le),
        Kind::Greater => (Level::Comparison, BinaryOp::Gt),
        Kind::GreaterEq => (Level::Comparison, BinaryOp::Ge),
        Kind::Plus => (Level::Sum, BinaryOp::Add),
        Kind::Minus => (Level::Sum, BinaryOp::Sub),
        Kind::Star => (Level::Product, BinaryOp::Mul),
        Kind::Slash => (Level::Product, BinaryOp::Div),
        Kind::Percent => (Level::Product, BinaryOp::Rem),
        Kind::At => (Level::Product, BinaryOp::MatMul),
        _ => return None,
    };
    Some(operator)
}

/// A chain whose last operand is being parsed.
struct Chain {
    level: Level,
    first: Expr,
    rest: Vec<Link>,
    /// The operator before that operand.
    op: BinaryOp,
    op_span: Span,
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
    ///
    /// The chains that wait for a tighter one to end are on a stack of our own, loosest first: recursion here
    /// would cost ten frames at each level of parentheses.
    pub(super) fn operators(&mut self, loosest: Level) -> Expr {
        let mut waiting: Vec<Chain> = Vec::new();
        loop {
            let operand = self.prefixed();
            let next = operator(self.peek()).filter(|(level, _)| *level >= loosest);
            let Some((level, op)) = next else {
                return self.finish_chains(&mut waiting, operand, None);
            };
            let first = self.finish_chains(&mut waiting, operand, Some(level));
            let op_span = self.here();
            match waiting.pop_if(|chain| chain.level == level) {
                Some(mut chain) => {
                    if level == Level::Comparison {
                        self.chained_comparison();
                    }
                    self.extend(&mut chain, first);
                    waiting.push(Chain { op, op_span, ..chain });
                }
                None => waiting.push(Chain { level, first, rest: Vec::new(), op, op_span }),
            }
            self.bump();
        }
    }

    /// Ends the chains that bind tighter than `next`, of which `operand` is the last operand; all without.
    fn finish_chains(&mut self, waiting: &mut Vec<Chain>, operand: Expr, next: Option<Level>) -> Expr {
        let mut operand = operand;
        while let Some(mut chain) = waiting.pop_if(|chain| next.is_none_or(|next| next < chain.level)) {
            self.extend(&mut chain, operand);
            operand = self.joined(chain.first, chain.rest);
        }
        operand
    }

    /// Adds the waiting operator with its right operand. Of a second comparison, which was reported, nothing is
    /// kept: the tree promises that comparisons have one link.
    fn extend(&mut self, chain: &mut Chain, rhs: Expr) {
        if chain.level == Level::Comparison && !chain.rest.is_empty() {
            return;
        }
        let (op, op_span) = (chain.op, chain.op_span);
        chain.rest.push(Link { id: self.fresh_id(), op, op_span, rhs });
    }

    fn joined(&mut self, first: Expr, rest: Vec<Link>) -> Expr {
        let Some(last) = rest.last() else {
            return first;
        };
        let (id, span) = (last.id, first.span.to(last.rhs.span));
        self.expr_with_id(id, ExprKind::Binary { first: Box::new(first), rest }, span)
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
        let link = Link { id: self.fresh_id(), op: BinaryOp::Pow, op_span, rhs };
        self.joined(base, vec![link])
    }
}
