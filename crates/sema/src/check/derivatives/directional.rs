//! `jvp`, `vjp`, `hvp`: derivatives at a point, along a direction.
//!
//! In: a function, a point, a direction or seed, of `hvp` perhaps a mode. Out: [`ExprKind::Derivative`], whose arguments are those of the function, then the directions. Point and direction of a function of
//! several parameters are tuples: one that is written out stands for its parts, another is evaluated once.
//!
//! ```text
//! jvp(f, (x, y), d(x))        { let direction = d(x); Derivative { Jvp, f, [x, y, direction.0, direction.1] } }
//! ```

use super::around::Outputs;
use super::{Operator, applied, types, value_of};
use crate::check::body::Body;
use crate::check::calls::Call;
use crate::check::expr::bad;
use crate::check::fit::Why;
use crate::check::report::{codes, count, is_error};
use crate::check::scope::Fact;
use crate::typed::{Arg, Block, DerivativeKind, Expr, ExprKind, LocalDef, Pattern, Stmt, StmtKind, Ty};
use adit_diag::Diagnostic;
use adit_ir::Mode;
use adit_syntax::ast::{self, ArgKind};

/// What a call of an operator consists of.
struct Parts<'s> {
    f: &'s ast::Expr,
    at: &'s ast::Expr,
    direction: &'s ast::Expr,
    mode: Option<Mode>,
}

impl Body<'_, '_> {
    /// `jvp(f, at, direction)`
    #[inline(never)]
    pub(in super::super) fn directional(&mut self, call: Call, operator: Operator) -> Expr {
        let Some(parts) = self.parts_of_call(call, operator) else { return bad(call.span) };
        let (mark, mut stmts) = (self.scope.enter(), Vec::new());
        let value = self.directional_of(call, operator, &parts, &mut stmts);
        self.scope.leave(mark);
        match value {
            Some(value) if stmts.is_empty() => value,
            Some(value) => {
                let ty = self.outside(&value.ty, mark.first);
                let block = Block { span: call.span, stmts, value: Some(Box::new(value)), ty: ty.clone() };
                Expr { span: call.span, ty, kind: ExprKind::Block(block) }
            }
            None => bad(call.span),
        }
    }

    fn parts_of_call<'s>(&mut self, call: Call<'s>, operator: Operator) -> Option<Parts<'s>> {
        let (three, mode) = match call.args {
            [three @ .., mode] if three.len() == 3 && operator.kind == DerivativeKind::Hvp => {
                (three, Some(self.mode(mode)?))
            }
            three => (three, None),
        };
        let [f, at, direction] = three else {
            let message = format!("`{}` takes 3 arguments, found {}", operator.name, call.args.len());
            let d = Diagnostic::new(codes::ARGUMENT_COUNT, call.span, message);
            let what = if operator.kind == DerivativeKind::Vjp { "seed" } else { "direction" };
            self.checker.reports.push(d.help(format!("`{}(f, (x, y), {what})`", operator.name)));
            self.args_for_themselves(call.args.get(1..).unwrap_or_default());
            return None;
        };
        Some(Parts { f: self.plain(f)?, at: self.plain(at)?, direction: self.plain(direction)?, mode })
    }

    fn directional_of(&mut self, call: Call, operator: Operator, parts: &Parts, stmts: &mut Vec<Stmt>) -> Option<Expr> {
        let Parts { f, at, direction, mode } = *parts;
        let lent = self.lent_params(f)?;
        let args = self.split(at, lent.len(), "argument", stmts)?;
        let at = Call { args: &args, ..call };
        let applied = if lent.contains(&true) {
            let outputs = if operator.needs_one_float() { Outputs::Value } else { Outputs::All };
            let known = self.by_value(f, &lent, outputs);
            let called = self.call_at(at, &known);
            applied(called, f.span)?
        } else {
            self.applied(at, f, &lent)?
        };
        let mut e = self.derivative(call.span, f.span, operator, mode, applied)?;
        let ExprKind::Derivative(d) = &mut e.kind else { return None };
        let before = stmts.len();
        let along = self.directions(operator, &d.callee, direction, stmts)?;
        if stmts.len() > before {
            self.evaluate_first(&mut d.args, before, stmts);
        }
        d.args.extend(along.into_iter().map(Arg::Value));
        Some(e)
    }

    /// The point, before a direction that is evaluated in a statement of its own.
    fn evaluate_first(&mut self, args: &mut [Arg], before: usize, stmts: &mut Vec<Stmt>) {
        let mut first = Vec::new();
        for (k, arg) in args.iter_mut().enumerate() {
            let Arg::Value(e) = arg else { continue };
            if matches!(e.ty, Ty::Fn(_)) || matches!(e.kind, ExprKind::Const(_)) {
                continue;
            }
            let (span, ty) = (e.span, e.ty.clone());
            let def = LocalDef { name: format!("#point{k}").into(), ty: ty.clone(), mutable: false, span };
            let local = self.scope.declare(def, Fact::default());
            let value = std::mem::replace(e, Expr { span, ty, kind: ExprKind::Local(local) });
            first.push(Stmt { span, kind: StmtKind::Let { pattern: Pattern::Local(local), value, ascribed: None } });
        }
        stmts.splice(before..before, first);
    }

    /// An argument that is a value.
    pub(super) fn plain<'s>(&mut self, arg: &'s ast::Arg) -> Option<&'s ast::Expr> {
        match &arg.kind {
            ArgKind::Value(e) => return Some(e),
            ArgKind::Lent(_) => {
                let d = Diagnostic::new(codes::MUT_UNWANTED, arg.span, "the point of this derivative is a value");
                self.checker.reports.push(
                    d.help("leave out `&mut`: what the function leaves in its argument is given beside its value"),
                );
            }
            ArgKind::Text(_) | ArgKind::Generator(_) => {
                self.checker.reports.say(codes::MISMATCH, arg.span, "expected a value here");
            }
        }
        None
    }

    /// Tangents, one per input, or a seed.
    fn directions(
        &mut self,
        operator: Operator,
        callee: &Expr,
        given: &ast::Expr,
        stmts: &mut Vec<Stmt>,
    ) -> Option<Vec<Expr>> {
        let Ty::Fn(Some(told)) = &callee.ty else { return None };
        if operator.kind == DerivativeKind::Vjp {
            let why = Why::new("the result of the function");
            return Some(vec![self.fitting(given, &told.result, &why)?]);
        }
        let inputs = types::inputs(&self.checker.structs, told);
        let parts = self.split(given, inputs.len(), "tangent", stmts)?;
        if parts.len() != inputs.len() {
            self.wrong_parts(given, inputs.len(), parts.len(), "tangent");
            return None;
        }
        let why = Why::new("the parameter that it is a tangent of");
        let mut out = Vec::new();
        for (part, input) in parts.iter().zip(&inputs) {
            out.push(self.fitting(value_of(part)?, input, &why));
        }
        out.into_iter().collect()
    }

    fn wrong_parts(&mut self, given: &ast::Expr, wanted: usize, found: usize, what: &str) {
        let message = format!("expected {}, found {found}", count(wanted, what));
        let d = Diagnostic::new(codes::ARGUMENT_COUNT, given.span, message);
        let help = match what {
            "tangent" => "there is one for each parameter that carries floats; several are a tuple",
            _ => "there is one for each parameter of the function; several are a tuple",
        };
        self.checker.reports.push(d.help(help));
    }

    fn fitting(&mut self, e: &ast::Expr, ty: &Ty, why: &Why) -> Option<Expr> {
        let mut typed = self.expr(e);
        let fits = self.fit(&mut typed, e, ty, why);
        (fits && !is_error(&typed.ty)).then_some(typed)
    }

    /// The parts of a value that stands for several: those of a tuple that is written out, the fields of another, which is evaluated once. One alone stands for itself.
    fn split(&mut self, e: &ast::Expr, wanted: usize, what: &str, stmts: &mut Vec<Stmt>) -> Option<Vec<ast::Arg>> {
        let arg = |e: ast::Expr| ast::Arg { span: e.span, kind: ArgKind::Value(e) };
        if wanted == 1 {
            return Some(vec![arg(e.clone())]);
        }
        if let ast::ExprKind::Tuple(items) = &e.kind {
            return Some(items.iter().cloned().map(arg).collect());
        }
        let value = self.expr(e);
        match &value.ty {
            ty if is_error(ty) => return None,
            Ty::Tuple(items) if items.len() == wanted => {}
            _ => {
                self.wrong_parts(e, wanted, 1, what);
                return None;
            }
        }
        // No source can mention this name.
        let name = ast::ExprKind::Name(format!("#{what}").into());
        let def = LocalDef { name: format!("#{what}").into(), ty: value.ty.clone(), mutable: false, span: e.span };
        let pattern = Pattern::Local(self.scope.declare(def, Fact::default()));
        stmts.push(Stmt { span: e.span, kind: StmtKind::Let { pattern, value, ascribed: None } });
        let field = |index| {
            let base = Box::new(ast::Expr { kind: name.clone(), height: 1, ..*e });
            let kind = ast::ExprKind::TupleField { base, index, index_span: e.span };
            arg(ast::Expr { kind, height: 2, ..*e })
        };
        Some((0..wanted as u32).map(field).collect())
    }
}
