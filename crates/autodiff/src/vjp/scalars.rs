//! The reverse of functions of numbers and of `select`.
//!
//! In: the adjoint w of the result. Out: w · partial for each active operand; for a `select`, w for the side taken and 0 for the other.
//!
//! ```text
//! v3 = div v1, v2              v5 = const 1.0 ; v6 = div v5, v2 ; v1_bar += smul w, v6
//!                              … ; v2_bar += smul w, (partial in v2)
//! v4 = select v0, v1, v2       v1_bar += select v0, w, 0 ; v2_bar += select v0, 0, w
//! ```

use super::Sweep;
use super::residuals::Residuals;
use crate::{algebra, rules};
use adit_ir::Value;
use adit_ir::prim::Prim;

impl Sweep<'_, '_> {
    pub(super) fn prim(&mut self, prim: Prim, args: &[Value], result: Value) {
        let Some(w) = self.take(result) else { return };
        for (operand, (&arg, partial)) in args.iter().zip(rules::partials(prim, self.options.mutant)).enumerate() {
            let (Some(partial), true) = (partial, self.activity.of(arg)) else { continue };
            self.asked.partials.push(result);
            let mut at = Residuals { sweep: self, args, result };
            let factor = rules::factor(&mut at, partial);
            if let Some(contribution) = algebra::cotangent_term(&mut self.b, prim, operand, w, factor) {
                let contribution = algebra::converted(&mut self.b, contribution, self.source.ty(arg));
                self.add(arg, contribution);
            }
        }
    }

    pub(super) fn select(&mut self, cond: Value, then: Value, otherwise: Value, result: Value) {
        let Some(w) = self.take(result) else { return };
        let zero = self.zero(result);
        for (side, [if_true, if_false]) in [(then, [w, zero]), (otherwise, [zero, w])] {
            if self.activity.of(side) {
                let cond = self.residual(cond);
                let contribution = self.b.select(cond, if_true, if_false);
                self.add(side, contribution);
            }
        }
    }
}
