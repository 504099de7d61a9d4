//! What each instruction without regions does to what is known.
//!
//! In: an instruction, the values and the memory of an analysis. Out: its results in their slots, or a trap without its place. Control is in [`super::machine`].

use super::machine::{Machine, Slot, Values};
use super::memory::Fault;
use crate::structure::MAX_ARITY;
use crate::value::Value;
use adit_ir::shape::COPY;
use adit_ir::{CmpOp, Const, InstData, Int, Op, Prim, Scalar, ScalarType, Trap};

impl Machine<'_> {
    /// Does one instruction that has no regions and calls nothing.
    pub(super) fn simple(&mut self, data: &InstData) -> Result<(), Fault> {
        let limit = self.options.limits.memory_bytes;
        let surely = self.uncertainty == 0;
        let result = match &data.op {
            Op::Const(c) => Slot::Scalar(Value::Known(literal(*c))),
            Op::Prim { prim, args } => Slot::Scalar(self.prim(*prim, args)?),
            Op::Cmp { op, a, b } => Slot::Scalar(compared(*op, self.value(*a), self.value(*b))),
            Op::Select { cond, then, otherwise } => {
                let (then, otherwise) = (self.value(*then), self.value(*otherwise));
                Slot::Scalar(match self.value(*cond).bool() {
                    Some(true) => then,
                    Some(false) => otherwise,
                    None => self.domain.join(then, otherwise),
                })
            }
            Op::Alloc { ty } => {
                let dims = self.subscripts(&ty.dims);
                Slot::Array(self.memory.alloc(ty.element, &dims, limit)?)
            }
            Op::Load { array, subscripts } => {
                let (array, subscripts) = (self.array(*array), self.subscripts(subscripts));
                Slot::Scalar(self.memory.load(&mut self.domain, array, &subscripts)?)
            }
            Op::Store { array, subscripts, value } => return self.write(*array, subscripts, *value, false),
            Op::Acc { array, subscripts, value } => return self.write(*array, subscripts, *value, true),
            Op::Copy { to, from } => return self.copy([self.array(*to), self.array(*from)]),
            Op::Fill { array, value } => {
                let (array, value) = (self.array(*array), self.value(*value));
                self.memory.work += self.memory.arrays[array].elements.len() as u64;
                self.memory.fill(&mut self.domain, array, value, surely);
                return Ok(());
            }
            Op::TapeNew { .. } => Slot::Tape(self.memory.tape(self.uncertainty)),
            Op::TapePush { tape, values } => {
                let record = self.values(values);
                let tape = self.tape(*tape);
                self.memory.push(&mut self.domain, tape, &record, self.uncertainty);
                return Ok(());
            }
            Op::TapePop { tape } => return self.pop(*tape, &data.results),
            Op::Assert { cond, trap, details } => return self.assertion(*cond, trap, details),
            Op::Print { .. } => return Ok(()),
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } => panic!("{:?} is control", data.op),
        };
        self.set(data.results[0], result);
        Ok(())
    }

    fn prim(&mut self, prim: Prim, args: &[adit_ir::Value]) -> Result<Value, Fault> {
        let mut values = [Value::Unknown; MAX_ARITY];
        for (value, &v) in values.iter_mut().zip(args) {
            *value = self.value(v);
        }
        let value = self.domain.prim(prim, &values[..args.len()]);
        value.map_err(|trap| {
            let guarded = prim.row().guard.map_or(0, |g| usize::from(g.operand));
            (Trap::from(trap), [values[guarded].int().unwrap_or(0), 0])
        })
    }

    fn write(
        &mut self,
        array: adit_ir::Value,
        subscripts: &[Int],
        value: adit_ir::Value,
        adds: bool,
    ) -> Result<(), Fault> {
        let (array, subscripts, value) = (self.array(array), self.subscripts(subscripts), self.value(value));
        self.memory.write(&mut self.domain, array, &subscripts, (value, adds))
    }

    fn copy(&mut self, [to, from]: [usize; 2]) -> Result<(), Fault> {
        let dims = [to, from].map(|array| self.memory.arrays[array].dims.as_deref());
        if let [Some(target), Some(source)] = dims
            && target != source
        {
            let differ = target.iter().zip(source).find(|(a, b)| a != b);
            let details = differ.map_or([0; 2], |(a, b)| [*a, *b]);
            return Err((Trap::ShapeMismatch(COPY.into()), details));
        }
        self.memory.work += self.memory.arrays[from].elements.len() as u64;
        self.memory.copy(&mut self.domain, [to, from], self.uncertainty == 0);
        Ok(())
    }

    fn pop(&mut self, tape: adit_ir::Value, results: &[adit_ir::Value]) -> Result<(), Fault> {
        let f = self.function();
        let types: Vec<ScalarType> = results.iter().filter_map(|&v| f.ty(v).scalar()).collect();
        let tape = self.tape(tape);
        let record = self.memory.pop(&mut self.domain, tape, &types, self.uncertainty)?;
        self.assign(results, record as Values);
        Ok(())
    }

    fn assertion(&self, cond: adit_ir::Value, trap: &Trap, details: &[Int]) -> Result<(), Fault> {
        if self.value(cond).bool() != Some(false) {
            return Ok(());
        }
        let mut numbers = [0; 2];
        for (number, &detail) in numbers.iter_mut().zip(details) {
            *number = self.int(detail).unwrap_or(0);
        }
        Err((trap.clone(), numbers))
    }
}

fn literal(c: Const) -> Scalar {
    match c {
        Const::F64(x) => Scalar::F64(x),
        Const::F32(x) => Scalar::F32(x),
        Const::I64(i) => Scalar::I64(i),
        Const::Bool(b) => Scalar::Bool(b),
    }
}

fn compared(op: CmpOp, a: Value, b: Value) -> Value {
    let holds = match (a, b) {
        (Value::Known(Scalar::F64(a)), Value::Known(Scalar::F64(b))) => op.holds(a, b),
        (Value::Known(Scalar::F32(a)), Value::Known(Scalar::F32(b))) => op.holds(a, b),
        (Value::Known(Scalar::I64(a)), Value::Known(Scalar::I64(b))) => op.holds(a, b),
        (Value::Known(Scalar::Bool(a)), Value::Known(Scalar::Bool(b))) => op.holds(a, b),
        (Value::Known(_) | Value::Float(_) | Value::Unknown, _) => return Value::Unknown,
    };
    Value::Known(Scalar::Bool(holds))
}
