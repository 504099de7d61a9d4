//! Residuals: primal values in the reverse sweep.
//!
//! In: a primal value that a rule mentions. Out: what stands for it here. The first of these that applies:
//!
//! | the value is | what stands for it |
//! |---|---|
//! | defined in the function's body, or a parameter | its forward copy |
//! | the index of a `for` | the index of the reversed `for` |
//! | a literal, or made again by the [plan](super::plan) | the same instruction of the same operands, in the reverse of its region |
//! | anything else | a field of the record that its region's forward copy pushes and its region's reverse pops |
//!
//! Asking is what makes a value saved, see [`super::frames`]. What stands for it belongs to the frame that reverses its region, wherever the question comes from, and is found again
//! until that frame ends.

use super::Sweep;
use crate::Mutant;
use crate::rules::Operands;
use adit_ir::{Builder, Inst, Int, Ints, Op, OperandMap, ScalarType, Value};

impl Sweep<'_, '_> {
    /// What stands for a primal value.
    pub(super) fn residual(&mut self, v: Value) -> Value {
        let mut open = vec![(v, false)];
        while let Some((v, is_made_of_what_is_there)) = open.pop() {
            if self.standing(v).is_some() {
                continue;
            }
            match self.again(v) {
                Some(inst) if is_made_of_what_is_there => self.make(inst),
                Some(inst) => {
                    open.push((v, true));
                    self.source.inst(inst).op.visit_operands(&mut |operand| open.push((operand, false)));
                }
                None => {
                    self.asked.values.push(v);
                    self.saved(self.forward.map.value(v), self.place_of(v));
                }
            }
        }
        self.standing(v).expect("it was made or saved")
    }

    /// What stands for a primal value already.
    fn standing(&self, v: Value) -> Option<Value> {
        let forward = self.forward.map.value(v);
        let is_there = self.frames[self.place_of(v)].visible
            && !(self.has(Mutant::ReloadInsteadOfSave) && self.again(v).is_some());
        self.standin.get(&forward).copied().or_else(|| is_there.then_some(forward))
    }

    /// The place of the frame that reverses a value's region.
    pub(super) fn place_of(&self, v: Value) -> usize {
        self.place[self.facts.home(v).index()]
    }

    /// The instruction to execute again for a value, if that is planned.
    fn again(&self, v: Value) -> Option<Inst> {
        let inst = self.facts.definition(v)?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the plan decides about all others")]
        let again = match self.source.inst(inst).op {
            Op::Const(_) => true,
            // Whatever happened to the array since.
            Op::Load { array, .. } if self.has(Mutant::ReloadInsteadOfSave) => self.place_of(array) == 0,
            _ => self.plan.again(v),
        };
        again.then_some(inst)
    }

    /// Executes an instruction again, once per execution of its region, of operands that are there.
    fn make(&mut self, inst: Inst) {
        let data = self.source.inst(inst);
        let mut op = data.op.clone();
        op.map_operands(&*self);
        let place = self.place[self.facts.nest.region(inst).index()];
        let ty = self.source.ty(data.results[0]).clone();
        let result = self.b.func_mut().add_value(ty);
        let made = self.b.func_mut().add_inst(op, [result].into_iter().collect(), data.span);
        let region = self.frames[place].region;
        self.b.func_mut().region_mut(region).insts.push(made);
        let forward = self.forward.map.value(data.results[0]);
        self.standin.insert(forward, result);
        self.frames[place].named.push(forward);
    }

    /// What stands for a value of the forward sweep that the region at this place defines.
    pub(super) fn saved(&mut self, forward: Value, home: usize) -> Value {
        if self.frames[home].visible {
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

    /// [`Mutant::LastConditionOnly`], [`Mutant::BoundsAgain`]: a cell that keeps only the last value of its region's executions.
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

/// What stands for primal values, where that is known already.
impl OperandMap for Sweep<'_, '_> {
    fn value(&self, v: Value) -> Value {
        self.standing(v).expect("operands are made or saved first")
    }

    fn int(&self, i: Int) -> Int {
        match i {
            Int::Const(c) => Int::Const(c),
            Int::Value(v) => Int::Value(self.value(v)),
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
        let at_result = self.args.len() == 1 && self.sweep.has(Mutant::PartialAtResult);
        self.sweep.residual(if at_result { self.result } else { self.args[index] })
    }

    fn result(&mut self) -> Value {
        self.sweep.residual(self.result)
    }
}
