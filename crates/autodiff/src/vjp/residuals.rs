//! Residuals: primal values in the reverse sweep.
//!
//! In: a primal value that a rule mentions. Out: what stands for it here. The first of these that applies:
//!
//! | the value is | what stands for it |
//! |---|---|
//! | defined in the function's body, or a parameter | its forward copy |
//! | the index of a `for` | the index of the reversed `for` |
//! | a literal | the literal, again |
//! | anything else | a field of the record that its region's forward copy pushes and its region's reverse pops |
//!
//! Asking is what makes a value saved, see [`super::frames`]. A stand-in is found again until the frame that it is visible in ends.

use super::Sweep;
use crate::Mutant;
use crate::rules::Operands;
use adit_ir::{Builder, Int, Ints, Op, OperandMap, ScalarType, Value};

impl Sweep<'_, '_> {
    /// What stands for a primal value.
    pub(super) fn residual(&mut self, v: Value) -> Value {
        let forward = self.forward.map.value(v);
        let home = self.place[self.facts.home(v).index()];
        if home == 0 && !self.has(Mutant::ReloadInsteadOfSave) {
            return forward;
        }
        if let Some(&standin) = self.standin.get(&forward) {
            return standin;
        }
        if let Some(again) = self.again(v) {
            self.name(forward, again);
            return again;
        }
        self.saved(forward, home)
    }

    /// What stands for a value of the forward sweep that the region at this place defines.
    pub(super) fn saved(&mut self, forward: Value, home: usize) -> Value {
        if home == 0 {
            return forward;
        }
        if let Some(&standin) = self.standin.get(&forward) {
            return standin;
        }
        let ty = self.b.ty(forward).clone();
        let standin = self.b.func_mut().add_value(ty);
        self.frames[home].saved.push((forward, standin));
        self.standin.insert(forward, standin);
        standin
    }

    /// States what stands for a forward value until the innermost frame ends.
    pub(super) fn name(&mut self, forward: Value, standin: Value) {
        self.standin.insert(forward, standin);
        self.frame().named.push(forward);
    }

    /// Integer operands in the reverse sweep.
    pub(super) fn residual_ints(&mut self, ints: &[Int]) -> Ints {
        ints.iter().map(|&i| self.residual_int(i)).collect()
    }

    /// An integer operand in the reverse sweep.
    pub(super) fn residual_int(&mut self, i: Int) -> Int {
        match i {
            Int::Const(c) => Int::Const(c),
            Int::Value(v) => Int::Value(self.residual(v)),
        }
    }

    /// Computes the value a second time, if that is allowed.
    fn again(&mut self, v: Value) -> Option<Value> {
        let inst = self.facts.definition(v)?;
        match &self.source.inst(inst).op {
            Op::Const(c) => Some(self.b.constant(*c)),
            Op::Load { array, subscripts } if self.has(Mutant::ReloadInsteadOfSave) => self.reload(*array, subscripts),
            Op::Load { .. } | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => None,
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } | Op::TapePop { .. } => None,
            Op::Alloc { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => None,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::Assert { .. } | Op::Print { .. } => None,
        }
    }

    /// [`Mutant::ReloadInsteadOfSave`]: reads an array that is still there, whatever happened to it since.
    fn reload(&mut self, array: Value, subscripts: &[Int]) -> Option<Value> {
        if self.place[self.facts.home(array).index()] != 0 {
            return None;
        }
        let at = self.residual_ints(subscripts);
        let array = self.forward.map.value(array);
        Some(self.b.load(array, &at))
    }

    /// [`Mutant::LastConditionOnly`]: a cell that keeps only the last value of its region's executions.
    pub(super) fn last_only(&mut self, v: Value) -> Value {
        let (forward, home) = (self.forward.map.value(v), self.facts.home(v));
        match self.forward.region(home) {
            Some(region) if self.place[home.index()] != 0 => {
                let cell = self.cell(self.scalar_type(forward));
                self.append_forward(region, |b| b.store(cell, &[Int::Const(0)], forward));
                self.b.load(cell, &[Int::Const(0)])
            }
            Some(_) | None => forward,
        }
    }
}

/// The operands of a rule are residuals.
pub(super) struct Residuals<'a, 's, 'r> {
    pub(super) sweep: &'a mut Sweep<'s, 'r>,
    pub(super) args: &'a [Value],
    pub(super) result: Value,
}

impl Operands for Residuals<'_, '_, '_> {
    fn builder(&mut self) -> &mut Builder {
        &mut self.sweep.b
    }

    fn float(&self) -> ScalarType {
        self.sweep.element(self.result)
    }

    fn literal(&self, index: usize) -> Option<f64> {
        self.sweep.literals.of(self.args[index])
    }

    fn arg(&mut self, index: usize) -> Value {
        self.sweep.residual(self.args[index])
    }

    fn result(&mut self) -> Value {
        self.sweep.residual(self.result)
    }
}
