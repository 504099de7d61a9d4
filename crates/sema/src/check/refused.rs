//! What the language has and this build has not: one clear message, and the rest is checked.
//!
//! In: the construct. Out: its refusal.

use super::body::Body;
use super::report::codes;
use adit_diag::Diagnostic;
use adit_syntax::ast;

impl Body<'_, '_> {
    pub(super) fn refuse_checkpoint(&mut self, checkpoint: Option<&ast::Checkpoint>) {
        if let Some(c) = checkpoint {
            self.checker.reports.push(
                Diagnostic::new(codes::NO_CHECKPOINT, c.span, "`@checkpoint` is not in this build")
                    .help("leave it out: the loop's values are stored"),
            );
        }
    }
}
