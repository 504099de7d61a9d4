//! Forward mode through calls: to the forward derivative of the callee.
//!
//! In and out:
//!
//! ```text
//! v3 = call @g(v1, v2)         v3, v4 = call @g__jvp(v1, v2, v1_dot)
//! ```
//!
//! The callee's activity is that of the arguments here; its derivative is requested, not made, so a function may call itself. A result that
//! is not active here still has its tangent computed there.

use super::{Lanes, Sweep};
use crate::Mutant;
use crate::refusal::Refusal;
use crate::ruled;
use adit_ir::{FuncId, Inst, Mode, Op, Type, Value};

impl Sweep<'_, '_> {
    /// Whether derivatives flow through a call.
    pub(super) fn is_active_call(&self, args: &[Value], results: &[Value]) -> bool {
        args.iter().chain(results).any(|&v| self.activity.of(v))
    }

    pub(super) fn call(&mut self, inst: Inst, callee: FuncId, args: &[Value]) -> Result<(), Refusal> {
        if let Some(way) = ruled::way(self.module, callee, Mode::Jvp, self.source.inst(inst).span)? {
            return self.ruled(inst, callee, args, way);
        }
        let tangents: Vec<Option<Lanes>> = args.iter().map(|&v| self.argument(v)).collect();
        let active: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let mut all = self.copier.map.values(args);
        all.extend(tangents.into_iter().flatten().flatten());
        let op = Op::Call { callee: self.catalog.request(callee, &active), args: all };

        let results = &self.source.inst(inst).results;
        let floats: Vec<Value> = results.iter().copied().filter(|&r| self.source.ty(r).is_float()).collect();
        let mut types: Vec<Type> = results.iter().map(|&r| self.source.ty(r).clone()).collect();
        types.extend(floats.iter().flat_map(|&r| self.lane_types(r)));
        let copy = self.b.push(op, &types);
        let defined = self.b.results(copy);
        for (&from, &to) in results.iter().zip(&defined) {
            self.copier.map.set(from, to);
        }
        let told = floats.len() - usize::from(floats.len() > 1 && self.has(Mutant::ResultTangentLost));
        self.set_tangents(floats.into_iter().take(told), &defined[results.len()..]);
        Ok(())
    }

    /// What an argument brings along: a tangent or a shadow.
    fn argument(&self, v: Value) -> Option<Lanes> {
        self.tangent[v.index()].clone().filter(|_| self.activity.of(v))
    }
}
