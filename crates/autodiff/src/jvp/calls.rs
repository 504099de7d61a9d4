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

use super::Sweep;
use adit_ir::{FuncId, Inst, Op, ScalarType, Type, Value};

impl Sweep<'_, '_> {
    /// Whether derivatives flow through a call.
    pub(super) fn is_active_call(&self, args: &[Value], results: &[Value]) -> bool {
        args.iter().chain(results).any(|&v| self.activity.of(v))
    }

    pub(super) fn call(&mut self, inst: Inst, callee: FuncId, args: &[Value]) {
        let tangents: Vec<Option<Value>> = args.iter().map(|&v| self.argument(v)).collect();
        let active: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let mut all = self.copier.map.values(args);
        all.extend(tangents.into_iter().flatten());
        let op = Op::Call { callee: self.catalog.request(callee, &active), args: all };

        let data = self.source.inst(inst);
        let primal = &self.module.function(callee).results;
        let floats = primal.iter().filter(|&&ty| ty == ScalarType::F64).map(|_| &ScalarType::F64);
        let types: Vec<Type> = primal.iter().chain(floats).map(|&ty| ty.into()).collect();
        let copy = self.b.push(op, &types);
        let defined = self.b.results(copy);
        for (&from, &to) in data.results.iter().zip(&defined) {
            self.copier.map.set(from, to);
        }
        let floats = data.results.iter().filter(|&&r| *self.source.ty(r) == Type::F64);
        for (&result, &tangent) in floats.zip(&defined[data.results.len()..]) {
            self.tangent[result.index()] = Some(tangent);
        }
    }

    /// What an argument brings along: a tangent or a shadow.
    fn argument(&self, v: Value) -> Option<Value> {
        self.tangent[v.index()].filter(|_| self.activity.of(v))
    }
}
