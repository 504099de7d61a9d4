//! Adjoints: what has been accumulated for each primal value.
//!
//! In: contributions. Out: sums, as SSA values. A structural zero is `None` and emits nothing.
//!
//! An adjoint is defined in the reverse of the region that defines its value (its *home*). The first contribution from a region inside the home's makes it an
//! accumulator of every frame in between: a frame that may run once notes the adjoint outside, to be merged when it ends; a loop's frame gets a parameter that carries it.
//!
//! ```text
//! primal, x outside          reverse, first contribution to x inside the loop
//! for … {                    for rev … (v5: f64 = x_bar so far) {
//!   v3 = mul x, v2             v6 = smul v4, v2
//! }                            v7 = add v5, v6
//!                              yield v7
//!                            }
//! ```

use super::Sweep;
use super::frames::Kind;
use crate::Mutant;
use crate::algebra;
use adit_ir::{Const, Op, ScalarType, Value};

impl Sweep<'_, '_> {
    /// Takes the adjoint of a value at its definition, and leaves zero.
    pub(super) fn take(&mut self, v: Value) -> Option<Value> {
        if self.has(Mutant::AdjointKept) {
            return self.adjoint[v.index()];
        }
        self.adjoint[v.index()].take()
    }

    /// Adds a contribution.
    pub(super) fn add(&mut self, v: Value, contribution: Value) {
        if self.registers.array(v).is_none() && !self.activity.of(v) {
            return;
        }
        self.record(v);
        let so_far = self.adjoint[v.index()].filter(|_| !self.has(Mutant::AdjointAssigned));
        self.adjoint[v.index()] = Some(algebra::sum(&mut self.b, so_far, contribution));
    }

    /// Sets the adjoint of a value that the innermost frame defines.
    pub(super) fn set(&mut self, v: Value, adjoint: Value) {
        self.record(v);
        self.adjoint[v.index()] = Some(adjoint);
    }

    /// The adjoint of a value so far, which the innermost frame will change.
    pub(super) fn so_far(&mut self, v: Value) -> Option<Value> {
        self.record(v);
        self.adjoint[v.index()]
    }

    /// Makes the adjoint an accumulator of every frame from its home's to the innermost.
    fn record(&mut self, v: Value) {
        let home = self.registers.home(v).unwrap_or_else(|| self.facts.home(v));
        let home = self.place[home.index()];
        let home = if self.has(Mutant::AdjointKept) { 0 } else { home };
        let last = self.recorded[v.index()].unwrap_or(home);
        for depth in last + 1..self.frames.len() {
            let outside = self.adjoint[v.index()];
            self.frames[depth].recorded.push((v, outside));
            if self.frames[depth].kind == Kind::Loop {
                let region = self.frames[depth].region;
                let ty = self.element(v).into();
                let carried = self.b.func_mut().add_value(ty);
                self.b.func_mut().region_mut(region).params.push(carried);
                self.adjoint[v.index()] = Some(carried);
            }
        }
        self.recorded[v.index()] = Some(self.depth().max(last));
    }

    /// An adjoint of a primal value, or a literal zero.
    pub(super) fn or_zero(&mut self, adjoint: Option<Value>, of: Value) -> Value {
        adjoint.unwrap_or_else(|| self.zero(of))
    }

    /// A literal zero of the type of a primal float, or of an array's elements; visible everywhere.
    pub(super) fn zero(&mut self, of: Value) -> Value {
        let float = self.element(of);
        if let Some((_, zero)) = self.zeros.iter().find(|(ty, _)| *ty == float) {
            return *zero;
        }
        let zero = self.at_entry(Op::Const(Const::float(float, 0.0)), float.into());
        self.zeros.push((float, zero));
        zero
    }

    /// The type of a primal float, of an array's elements, or of a register.
    pub(super) fn element(&self, v: Value) -> ScalarType {
        let ty = self.source.ty(self.registers.array(v).unwrap_or(v));
        let element = ty.scalar().or_else(|| ty.array().map(|a| a.element));
        element.expect("adjoints are of scalars and arrays")
    }
}
