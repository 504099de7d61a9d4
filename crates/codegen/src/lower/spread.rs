//! Calls that threads divide among themselves.
//!
//! In: a `call` of a function that is one loop from its first parameter to its second ([`Options::spread`](crate::Options::spread)). Out: its arguments in scratch memory, as its trampoline takes them, and a call of the hook,
//! which decides how many threads there are to be. Whether the loop's iterations can be divided, and how they add up, is read from the loop; where they cannot, the call is like any other.

use super::traps::Status;
use super::{Lower, namespace};
use crate::abi;
use crate::error::CodegenError;
use crate::unit::Unit;
use adit_ir::bounds::Facts;
use adit_ir::loops::{Reduction, Spread, spread};
use adit_ir::{FuncId, Function, Inst, Int, Op, ScalarType, Value};
use adit_runtime::{Length, SpreadCall, Summed, hooks};
use cranelift_codegen::ir::{self, InstBuilder, UserExternalName, types};

/// What the runtime has to know of calls of a function, if they can be divided.
pub(crate) fn spread_call(unit: &Unit<'_>, id: FuncId) -> Option<SpreadCall> {
    let place = unit.graph.place(id).filter(|_| unit.options.spread.contains(&id))?;
    let f = unit.module.function(id);
    let facts = Facts::new(f);
    let inst = only_loop(f, &facts)?;
    let Op::For { step, reversed, inits, .. } = &f.inst(inst).op else { return None };
    let spread = spread(unit.module, f, &facts, inst).ok()?;
    let neutral =
        |(&reduction, &init): (&Reduction, &Value)| match (reduction.nothing(f.ty(init).scalar()?), facts.def(init)) {
            (Some(nothing), Some(Op::Const(c))) => (nothing == *c).then_some((reduction, c.ty())),
            (_, _) => None,
        };
    let results: Vec<(Reduction, ScalarType)> = spread.carried.iter().zip(inits).map(neutral).collect::<Option<_>>()?;
    Some(SpreadCall {
        words: f.dims.len() + f.params.len(),
        bounds: f.dims.len(),
        ascends: facts.literal(*step)? > 0,
        reversed: *reversed,
        summed: summed(f, &facts, &spread)?,
        results,
        place,
    })
}

/// The loop that a function is, if it is one over all that its first two parameters say, and they say nothing else.
fn only_loop(f: &Function, facts: &Facts<'_>) -> Option<Inst> {
    let body = f.region(f.body);
    let (&inst, before) = body.insts.split_last()?;
    let [first, second, ..] = &f.params[..] else { return None };
    let Op::For { lo, hi, .. } = f.inst(inst).op else { return None };
    let bounds = [lo, hi] == [first, second].map(|param| Int::Value(param.value));
    let alone = [first, second].iter().all(|param| facts.uses(param.value) == 1);
    let plain = before.iter().all(|&inst| matches!(f.inst(inst).op, Op::Const(_) | Op::TapeNew { .. }));
    let whole = f.inst(inst).results == body.yields;
    (bounds && alone && plain && whole).then_some(inst)
}

/// The arrays to which a loop only adds.
fn summed(f: &Function, facts: &Facts<'_>, spread: &Spread) -> Option<Vec<Summed>> {
    let one = |&array: &Value| {
        let param = f.params.iter().position(|param| param.value == array)?;
        let ty = f.ty(array).array()?;
        let extent = |&dim: &Int| match facts.literal(dim) {
            Some(literal) => Some(Length::Literal(literal)),
            None => f.dims.iter().position(|&d| Some(d) == dim.value()).map(Length::Word),
        };
        let extents = ty.dims.iter().map(extent).collect::<Option<_>>()?;
        Some(Summed { at: f.dims.len() + param, element: ty.element, extents })
    };
    spread.summed.iter().map(one).collect()
}

impl Lower<'_, '_, '_, '_> {
    /// Calls the hook for a call, whose dimensions and depth are known, and gives the address of the results.
    pub(super) fn spread(
        &mut self,
        (callee, call): (FuncId, SpreadCall),
        (dims, args): (&[Int], &[Value]),
        depth: ir::Value,
    ) -> Result<ir::Value, CodegenError> {
        let words = call.words;
        let room = self.scratch(8 * (words + call.results.len()) as u32);
        let mut passed = Vec::with_capacity(words);
        for &dim in dims {
            passed.push(self.int(dim)?);
        }
        passed.extend(self.values(args)?);
        for (place, value) in passed.into_iter().enumerate() {
            self.b.ins().store(self.memory.frame, value, room, 8 * place as i32);
        }
        let place = u32::try_from(call.place).unwrap_or(u32::MAX);
        let call = self.unit.spread(callee, call);
        let call = self.word(call);
        let signature = abi::trampoline(self.unit.call_conv);
        let part = self.declare(UserExternalName::new(namespace::TRAMPOLINE, place), signature);
        let part = self.b.ins().func_addr(abi::WORD, part);
        let context = self.context();
        let status = self.call_import(hooks::SPREAD.name, &[context, call, part, room, depth], Some(abi::WORD));
        let status = status.ok_or_else(|| CodegenError::Internal("the hook for loops gives nothing".into()))?;
        let status = self.b.ins().ireduce(types::I32, status);
        let exit = self.exit(Status::Passed(status), &[]);
        self.leave_if(status, exit);
        Ok(self.b.ins().iadd_imm_s(room, 8 * words as i64))
    }
}
