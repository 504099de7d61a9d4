//! Derivatives in the language: `grad(f)(x)`, `jvp(f, x, dx)` and their like.
//!
//! In: a call of an operator with a function, and the arguments of that function. Out: [`ExprKind::Derivative`]. The function is checked by calling it with these arguments; what that says about its parameters and its
//! result says what the derivative is ([`types`]).
//!
//! ```text
//! grad(f)(x, y)                 Derivative { Gradient, f, [x, y] }
//! jvp(f, (x, y), (dx, dy))      Derivative { Jvp, f, [x, y, dx, dy] }
//! ```

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all that can be written, a few forms are functions, literals or tuples; nothing else is treated apart"
)]

mod around;
mod directional;
mod types;

use super::body::Body;
use super::calls::Call;
use super::expr::bad;
use super::functions::{Kind, Known};
use super::lambdas::Code;
use super::report::codes;
use super::{builtins, operators};
use crate::typed::{Arg, Derivative, DerivativeKind, Expr, ExprKind, FnTy, FnTyParam, FnValue, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::Mode;
use adit_syntax::ast::{self, ArgKind};

/// An operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    name: &'static str,
    pub(super) kind: DerivativeKind,
}

static OPERATORS: [Operator; 7] = [
    Operator { name: "grad", kind: DerivativeKind::Gradient },
    Operator { name: "value_and_grad", kind: DerivativeKind::ValueAndGradient },
    Operator { name: "jacobian", kind: DerivativeKind::Jacobian },
    Operator { name: "hessian", kind: DerivativeKind::Hessian },
    Operator { name: "jvp", kind: DerivativeKind::Jvp },
    Operator { name: "vjp", kind: DerivativeKind::Vjp },
    Operator { name: "hvp", kind: DerivativeKind::Hvp },
];

/// The operator of this name.
pub(super) fn find(name: &str) -> Option<Operator> {
    OPERATORS.iter().copied().find(|operator| operator.name == name)
}

/// The names of all.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    OPERATORS.iter().map(|operator| -> &'n str { operator.name })
}

impl Operator {
    /// Whether it gives a function: `grad(f)` is one, `jvp(f, x, dx)` is not.
    pub(super) fn gives_function(self) -> bool {
        match self.kind {
            DerivativeKind::Gradient | DerivativeKind::ValueAndGradient => true,
            DerivativeKind::Jacobian | DerivativeKind::Hessian => true,
            DerivativeKind::Jvp | DerivativeKind::Vjp | DerivativeKind::Hvp => false,
        }
    }

    /// Whether it needs a result of one float.
    fn needs_one_float(self) -> bool {
        match self.kind {
            DerivativeKind::Gradient | DerivativeKind::ValueAndGradient => true,
            DerivativeKind::Hessian | DerivativeKind::Hvp => true,
            DerivativeKind::Jacobian | DerivativeKind::Jvp | DerivativeKind::Vjp => false,
        }
    }
}

/// What is differentiated: the function, its arguments, and what it takes and gives with them.
struct Applied {
    callee: Expr,
    args: Vec<Arg>,
    told: FnTy,
}

impl Body<'_, '_> {
    /// The operator that an expression names, if no variable or function of the program has its name.
    pub(super) fn derivative_operator(&self, e: &ast::Expr) -> Option<Operator> {
        let ast::ExprKind::Name(name) = &e.kind else { return None };
        find(name).filter(|_| self.means_library(name))
    }

    /// Whether a name is not one of the program's own.
    fn means_library(&self, name: &str) -> bool {
        self.scope.find(name).is_none() && !self.is_own_function(name) && self.checker.own_constant(name).is_none()
    }

    /// `grad(f, mode)(args)`
    #[inline(never)]
    pub(super) fn derivative_at(&mut self, call: Call, operator: Operator, of: &[ast::Arg]) -> Expr {
        let Some((f, mode)) = self.function_and_mode(call.name_span, operator, of) else {
            self.args_for_themselves(call.args);
            return bad(call.span);
        };
        let Some(lent) = self.lent_params(f) else { return bad(call.span) };
        let Some(applied) = self.applied(call, f, &lent) else { return bad(call.span) };
        self.derivative(call.span, f.span, operator, mode, applied).unwrap_or_else(|| bad(call.span))
    }

    /// What stands in the parentheses of `grad(f, mode)`.
    fn function_and_mode<'s>(
        &mut self,
        name: Span,
        operator: Operator,
        of: &'s [ast::Arg],
    ) -> Option<(&'s ast::Expr, Option<Mode>)> {
        let (f, mode) = match of {
            [f] => (self.plain(f)?, None),
            [f, mode] => (self.plain(f)?, Some(self.mode(mode)?)),
            _ => {
                let message = format!("`{}` takes a function, and perhaps a mode", operator.name);
                let d = Diagnostic::new(codes::ARGUMENT_COUNT, name, message);
                self.checker.reports.push(d.help(format!("`{0}(f)(x)`, `{0}(f, forward)(x)`", operator.name)));
                return None;
            }
        };
        Some((f, mode))
    }

    fn mode(&mut self, arg: &ast::Arg) -> Option<Mode> {
        let found = match &arg.kind {
            ArgKind::Value(ast::Expr { kind: ast::ExprKind::Name(name), .. }) => match &**name {
                "forward" => Some(Mode::Jvp),
                "reverse" => Some(Mode::Vjp),
                _ => None,
            },
            ArgKind::Value(_) | ArgKind::Lent(_) | ArgKind::Text(_) | ArgKind::Generator(_) => None,
        };
        if found.is_none() {
            let d = Diagnostic::new(codes::MISMATCH, arg.span, "expected a mode: `forward` or `reverse`");
            self.checker
                .reports
                .push(d.help("arguments of the function follow in parentheses of their own: `grad(f)(x)`"));
        }
        found
    }

    /// Whether a function can be differentiated so, and what the derivative is.
    fn derivative(
        &mut self,
        span: Span,
        at: Span,
        operator: Operator,
        mode: Option<Mode>,
        applied: Applied,
    ) -> Option<Expr> {
        let Applied { callee, args, told } = applied;
        let result = &told.result;
        if operator.needs_one_float() && !matches!(result, Ty::Scalar(s) if s.is_float()) {
            let message =
                format!("`{}` needs a function of one float; this one gives `{}`", operator.name, self.show(result));
            let d = Diagnostic::new(codes::NOT_ONE_FLOAT, at, message);
            self.checker.reports.push(d.help("`jacobian` differentiates functions of other results"));
            return None;
        }
        let structs = &self.checker.structs;
        let inputs = types::inputs(structs, &told);
        if inputs.is_empty() {
            self.checker.reports.say(codes::NO_FLOATS, at, "no parameter of this function carries floats");
            return None;
        }
        if !types::carries_floats(structs, result) {
            let message = format!("this function gives `{}`, which has no derivative", self.show(result));
            self.checker.reports.say(codes::NOT_ONE_FLOAT, at, message);
            return None;
        }
        let ty = types::derivative(structs, operator.kind, &inputs, result);
        let derivative = Derivative { kind: operator.kind, mode, callee: Box::new(callee), args };
        Some(Expr { span, ty, kind: ExprKind::Derivative(Box::new(derivative)) })
    }

    // The function

    /// Whether an expression is a derivative as a function.
    pub(super) fn is_derivative(&self, e: &ast::Expr) -> bool {
        let ast::ExprKind::Call { callee, .. } = &e.kind else { return false };
        self.derivative_operator(callee).is_some_and(Operator::gives_function)
    }

    /// `grad(f)` as a function: the lambda `|x, y| grad(f)(x, y)`.
    pub(super) fn known_derivative(&mut self, e: &ast::Expr) -> Option<Known> {
        let lent = self.lent_params(e)?;
        Some(self.around(e, &lent))
    }

    /// The function, called with these arguments.
    fn applied(&mut self, call: Call, f: &ast::Expr, lent: &[bool]) -> Option<Applied> {
        let (is_direct, met) = (self.is_direct(f), self.checker.reports.met());
        let known = if is_direct { self.known(f)? } else { self.around(f, lent) };
        let mut called = self.call_at(call, &known);
        let is_call = matches!(called.kind, ExprKind::Call { .. } | ExprKind::CallValue { .. });
        if is_direct && !is_call && met == self.checker.reports.met() {
            // A function of numbers was applied to arrays: as a lambda it is a call of its own.
            let known = self.around(f, lent);
            called = self.call_of_known(call, &known);
        }
        applied(called, f.span)
    }

    fn call_at(&mut self, call: Call, known: &Known) -> Expr {
        let floats = floats_if_all_integers(call.args);
        let args = if matches!(known.kind, Kind::Lambda(_)) { floats.as_deref() } else { None };
        self.call_of_known(Call { args: args.unwrap_or(call.args), ..call }, known)
    }

    /// Whether a call of a function is one: functions of the table become instructions.
    fn is_direct(&mut self, f: &ast::Expr) -> bool {
        let ast::ExprKind::Name(name) = &f.kind else { return !self.is_derivative(f) };
        match self.find(name) {
            Some(local) => match self.known_local(local, f.span).map(|known| known.kind) {
                Some(Kind::Lambda(site)) => matches!(self.site_of(site).code, Code::Written { .. }),
                Some(Kind::Named(_) | Kind::Typed) | None => true,
            },
            None => {
                self.is_own_function(name) || !(builtins::find(name).is_some() || operators::is_table_function(name))
            }
        }
    }
}

/// A call as what is differentiated.
fn applied(called: Expr, f: Span) -> Option<Applied> {
    let result = called.ty;
    match called.kind {
        ExprKind::CallValue { callee, args } => {
            let Ty::Fn(Some(told)) = callee.ty.clone() else { return None };
            Some(Applied { callee: *callee, args, told: *told })
        }
        ExprKind::Call { callee, args } => {
            let param = |arg: &Arg| match arg {
                Arg::Value(e) => FnTyParam { lent: false, ty: e.ty.clone() },
                Arg::Lent(place) => FnTyParam { lent: true, ty: place.ty.clone() },
            };
            let told = FnTy { params: args.iter().map(param).collect(), result };
            let ty = Ty::Fn(Some(Box::new(told.clone())));
            let callee = Expr { span: f, ty, kind: ExprKind::Function(FnValue::Named(callee)) };
            Some(Applied { callee, args, told })
        }
        _ => None,
    }
}

/// The arguments as floats, if all are integer literals: a parameter of a lambda has the type of its argument, and something must be differentiated.
fn floats_if_all_integers(args: &[ast::Arg]) -> Option<Vec<ast::Arg>> {
    let float = |arg: &ast::Arg| {
        let e = value_of(arg)?;
        let kind = match &e.kind {
            ast::ExprKind::Int(i) => ast::ExprKind::Float(*i as f64),
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => {
                let ast::ExprKind::Int(i) = operand.kind else { return None };
                let operand = ast::Expr { kind: ast::ExprKind::Float(i as f64), ..(**operand).clone() };
                ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand: Box::new(operand) }
            }
            _ => return None,
        };
        Some(ast::Arg { span: arg.span, kind: ArgKind::Value(ast::Expr { kind, ..e.clone() }) })
    };
    args.iter().map(float).collect()
}

fn value_of(arg: &ast::Arg) -> Option<&ast::Expr> {
    match &arg.kind {
        ArgKind::Value(e) => Some(e),
        ArgKind::Lent(_) | ArgKind::Text(_) | ArgKind::Generator(_) => None,
    }
}
