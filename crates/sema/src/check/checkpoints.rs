//! `@checkpoint(…)` before a loop.
//!
//! In: what the attribute says. Out: what is bounded and an expression for by how much, an `i64`. A size that is known and less than 1 is a mistake; one that turns out so when
//! the program runs counts as 1. The attribute bounds the memory of derivatives, so the loop itself is checked as if it were not there.

use super::body::Body;
use super::report::codes;
use crate::typed::{Checkpoint, Expr, ExprKind, Ty};
use adit_diag::Diagnostic;
use adit_ir::{CheckpointKind, Const};
use adit_syntax::ast::{self, CheckpointPolicy};

impl Body<'_, '_> {
    #[inline(never)]
    pub(super) fn checkpoint(&mut self, checkpoint: Option<&ast::Checkpoint>) -> Option<Checkpoint> {
        let ast::Checkpoint { span, policy } = checkpoint?;
        let (kind, size) = match policy {
            CheckpointPolicy::Every(k) => {
                (CheckpointKind::Every, self.at_least_one(k, "the number of iterations between snapshots"))
            }
            CheckpointPolicy::Binomial(c) => {
                (CheckpointKind::Binomial, self.at_least_one(c, "the number of snapshots"))
            }
            CheckpointPolicy::Budget(0) => {
                self.too_small(*span, "the budget", "0 bytes");
                return None;
            }
            CheckpointPolicy::Budget(bytes) => {
                let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
                (CheckpointKind::Budget, Expr { span: *span, ty: Ty::I64, kind: ExprKind::Const(Const::I64(bytes)) })
            }
            CheckpointPolicy::Error => {
                self.checker.reports.fail();
                return None;
            }
        };
        Some(Checkpoint { kind, size: Box::new(size) })
    }

    fn at_least_one(&mut self, e: &ast::Expr, what: &str) -> Expr {
        let size = self.integer(e, what);
        let known = self.poly_of(&size).and_then(|poly| poly.as_constant());
        if let Some(known) = known.filter(|&known| known < 1) {
            self.too_small(e.span, what, &known.to_string());
        }
        size
    }

    fn too_small(&mut self, span: adit_diag::Span, what: &str, found: &str) {
        let message = format!("{what} is at least 1, found {found}");
        self.checker.reports.push(Diagnostic::new(codes::CHECKPOINT, span, message));
    }
}
