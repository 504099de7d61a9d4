//! What the language has and this build has not.
//!
//! In: names of functions. Out: the code and words of the refusal. Each stands here in one row, so that what is built later is one row less. Arguments of refused
//! calls are still checked, where they are values.

use super::body::Body;
use super::calls::Call;
use super::expr::bad;
use super::indexing::Purpose;
use super::report::codes;
use crate::typed::Expr;
use adit_diag::{Code, Diagnostic};
use adit_syntax::ast::{self, ArgKind};

/// A group of functions that are refused for one reason.
pub(super) struct Refusal {
    code: Code,
    names: &'static [&'static str],
    what: &'static str,
    help: &'static str,
}

static REFUSALS: &[Refusal] = &[Refusal {
    code: codes::NO_DERIVATIVES,
    names: &["grad", "value_and_grad", "jvp", "vjp", "jacobian", "hessian", "hvp"],
    what: "derivative operators in the language are",
    help: "derivatives of a function are taken from outside: `adit grad`, `adit jvp`, or the library",
}];

/// The refusal of a function.
pub(super) fn find(name: &str) -> Option<&'static Refusal> {
    REFUSALS.iter().find(|r| r.names.contains(&name))
}

impl Body<'_, '_> {
    #[inline(never)]
    pub(super) fn refuse(&mut self, call: Call, refusal: &Refusal) -> Expr {
        let message = format!("`{}`: {} not in this build", call.name, refusal.what);
        self.checker.reports.push(Diagnostic::new(refusal.code, call.name_span, message).help(refusal.help));
        for arg in call.args {
            match &arg.kind {
                ArgKind::Value(e) if self.is_function_argument(e) => {}
                ArgKind::Value(e) => drop(self.expr(e)),
                ArgKind::Lent(e) => drop(self.place(e, Purpose::Lend)),
                ArgKind::Generator(g) => drop(self.generator(g)),
                ArgKind::Text(_) => {}
            }
        }
        bad(call.span)
    }

    /// Whether an argument is a function, or the word for a mode: nothing to check in a refused call.
    fn is_function_argument(&self, e: &ast::Expr) -> bool {
        if let ast::ExprKind::Name(name) = &e.kind {
            let local = self.scope.find(name).filter(|l| !matches!(self.scope.local(*l).ty, crate::typed::Ty::Fn(_)));
            return local.is_none() && self.checker.own_constant(name).is_none();
        }
        if let ast::ExprKind::Call { callee, .. } = &e.kind {
            return matches!(&callee.kind, ast::ExprKind::Name(name) if find(name).is_some());
        }
        matches!(e.kind, ast::ExprKind::Lambda { .. })
    }

    pub(super) fn refuse_checkpoint(&mut self, checkpoint: Option<&ast::Checkpoint>) {
        if let Some(c) = checkpoint {
            self.checker.reports.push(
                Diagnostic::new(codes::NO_CHECKPOINT, c.span, "`@checkpoint` is not in this build")
                    .help("leave it out: the loop's values are stored"),
            );
        }
    }
}
