//! Types as written.
//!
//! ```text
//! [f64; n, d * (d + 1) / 2]      Layer<n, m>      (f64, [f64; n])      fn(f64, &mut [f64; n]) -> f64
//! ```
//!
//! Whether a name is a type, and what may be an element or a dimension, is not asked here.

use super::Parser;
use super::exprs::Level;
use crate::ast::{Expr, FnTypeParam, Type, TypeKind};
use crate::codes;
use crate::lexer::Kind;

impl Parser<'_> {
    /// A type.
    pub(super) fn parse_type(&mut self) -> Type {
        self.nested(Self::type_here, Self::error_type)
    }

    fn type_here(&mut self) -> Type {
        match self.peek() {
            Kind::Ident => self.named_type(),
            Kind::LBracket => self.array_type(),
            Kind::LParen => self.tuple_type(),
            Kind::Fn => self.fn_type(),
            Kind::Amp => self.misplaced_lending(),
            _ => {
                self.expected("a type");
                self.error_type()
            }
        }
    }

    fn named_type(&mut self) -> Type {
        let name = self.take_ident();
        let start = name.span;
        let dims = if self.peek() == Kind::Less { self.dim_args() } else { Vec::new() };
        let span = start.to(self.before());
        self.ty(TypeKind::Named { name, dims }, span)
    }

    /// `<n, 2 * m>`: expressions without comparisons, so that `>` ends them.
    fn dim_args(&mut self) -> Vec<Expr> {
        self.bump();
        let mut dims = Vec::new();
        while !self.at_angle_end() {
            dims.push(self.operators(Level::Sum));
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close_angle();
        dims
    }

    fn at_angle_end(&self) -> bool {
        matches!(self.peek(), Kind::Greater | Kind::GreaterEq | Kind::End)
    }

    /// Takes the `>` of `<…>`; of `>=`, as in `let l: Layer<n>= e`, its first half.
    pub(super) fn close_angle(&mut self) {
        if self.peek() == Kind::GreaterEq {
            let token = &mut self.brackets.tokens[self.at];
            token.kind = Kind::Eq;
            token.start += 1;
        } else {
            self.expect(Kind::Greater, "`>` after the dimensions");
        }
    }

    fn array_type(&mut self) -> Type {
        let ((element, dims), span) = self.inside(|p| {
            let element = p.parse_type();
            let dims = p.array_dims();
            (element, dims)
        });
        if dims.is_empty() {
            let diagnostic = self
                .error(codes::UNEXPECTED, span, "this array type has no dimensions")
                .help("write the dimensions after a `;`, as in `[f64; n]` or `[f64; n, m]`");
            self.report_and_go_on(diagnostic);
            return self.ty(TypeKind::Error, span);
        }
        self.ty(TypeKind::Array { element: Box::new(element), dims }, span)
    }

    fn array_dims(&mut self) -> Vec<Expr> {
        if self.at_end() {
            return Vec::new();
        }
        if !self.expect(Kind::Semi, "`;` and the dimensions") {
            self.skip_until(|kind| kind == Kind::Semi);
            self.eat(Kind::Semi);
        }
        self.list(Self::parse_expr).0
    }

    fn tuple_type(&mut self) -> Type {
        let ((mut elements, comma), span) = self.inside(|p| p.list(Self::parse_type));
        if elements.len() == 1
            && !comma
            && let Some(inner) = elements.pop()
        {
            return Type { span, ..inner };
        }
        self.ty(TypeKind::Tuple(elements), span)
    }

    fn fn_type(&mut self) -> Type {
        let start = self.here();
        self.bump();
        if self.peek() != Kind::LParen {
            self.expected("`(` and the types of the parameters");
            return self.error_type();
        }
        let (params, _) = self.bracketed_list(|p| {
            let lent = p.lending();
            FnTypeParam { lent, ty: p.parse_type() }
        });
        let result = self.eat(Kind::Arrow).then(|| Box::new(self.parse_type()));
        let span = start.to(self.before());
        self.ty(TypeKind::Fn { params, result }, span)
    }

    /// Takes `&mut` before the type of a parameter, if it stands here.
    pub(super) fn lending(&mut self) -> bool {
        if self.peek() != Kind::Amp {
            return false;
        }
        self.bump();
        if !self.eat(Kind::Mut) {
            let diagnostic = self
                .error(codes::UNEXPECTED, self.before(), "expected `&mut`, found `&`")
                .help("a parameter is given by value, `x: T`, or lent to be changed, `x: &mut T`");
            self.report_and_go_on(diagnostic);
        }
        true
    }

    fn misplaced_lending(&mut self) -> Type {
        let diagnostic = self
            .error(codes::UNEXPECTED, self.here(), "expected a type, found `&`")
            .help("only a parameter can be lent, directly: `x: &mut T`");
        self.report_and_go_on(diagnostic);
        self.bump();
        self.eat(Kind::Mut);
        self.parse_type()
    }
}
