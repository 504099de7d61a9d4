//! Runs of calls that need no Cranelift.
//!
//! In: a run of [`crate::glue`]. Out: its machine code, and a call of it with the addresses of the frame and of the context, which leaves with the status that the run has left in the context if it says so.

use super::fixed::Fixed;
use super::{Lower, namespace};
use crate::abi;
use crate::error::CodegenError;
use crate::glue::asm::{Argument, Asm, Word};
use crate::straight::Callee;
use adit_ir::{ArrayType, Const, FuncId, Inst, Int, Op, ScalarType, Trap, Type, Value};
use adit_runtime::hooks::Hook;
use adit_runtime::{ExternalCall, hooks};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, UserExternalName};

impl Lower<'_, '_, '_, '_> {
    /// Writes a run down, and calls it.
    pub(super) fn glue(&mut self, insts: &[Inst]) -> Result<(), CodegenError> {
        let f = self.f;
        let mut asm = Asm::new();
        let frame = self.frame_address();
        for &inst in insts {
            let data = f.inst(inst);
            if matches!(data.op, Op::Const(_)) {
                self.inst(inst)?;
                continue;
            }
            self.position += 1;
            self.locate(data.span);
            asm.line(data.span);
            self.glue_inst(&mut asm, inst)?;
            for &result in &data.results {
                // It is never looked at: the value has a slot.
                self.values[result.index()] = Some(frame);
            }
        }
        let place = u32::try_from(self.unit.straight.len()).unwrap_or(u32::MAX);
        self.unit.straight.push(asm.finish());
        let mut signature = Signature::new(self.unit.call_conv);
        signature.params.extend([AbiParam::new(abi::WORD); 3]);
        signature.returns.push(AbiParam::new(abi::STATUS));
        let function = self.declare(UserExternalName::new(namespace::STRAIGHT, place), signature);
        let passed = [frame, self.context(), self.fixed(Fixed::Depth)];
        let call = self.b.ins().call(function, &passed);
        self.called();
        let status = self.b.inst_results(call)[0];
        self.fail_if(status);
        Ok(())
    }

    fn glue_inst(&mut self, asm: &mut Asm, inst: Inst) -> Result<(), CodegenError> {
        let data = self.f.inst(inst);
        let first = || data.results.first().ok_or_else(|| CodegenError::Internal("no result".into()));
        match &data.op {
            Op::Alloc { ty } => {
                self.glue_alloc(asm, ty)?;
                asm.store_word(self.slot_of(*first()?)?);
                Ok(())
            }
            Op::TapeNew { .. } => {
                asm.pass(&[Argument::Context]);
                self.glue_hook(asm, hooks::TAPE_OPEN);
                asm.store_word(self.slot_of(*first()?)?);
                Ok(())
            }
            Op::Fill { array, value } => {
                let count = Argument::Product(self.extents(*array)?);
                asm.pass(&[Argument::Word(self.word_of(*array)?), count, Argument::Word(self.word_of(*value)?)]);
                self.glue_hook(asm, hooks::FILL_WORDS);
                Ok(())
            }
            Op::Copy { to, from } => {
                let size = self.f.ty(*to).array().map_or(8, |ty| ty.element.bytes());
                let bytes = Argument::Bytes(self.extents(*to)?, size.trailing_zeros() as u8);
                asm.pass(&[Argument::Word(self.word_of(*to)?), Argument::Word(self.word_of(*from)?), bytes]);
                self.glue_hook(asm, hooks::COPY);
                Ok(())
            }
            Op::Call { callee, args } => self.glue_external(asm, *callee, args, &data.results),
            Op::For { .. } => self.glue_shared(asm, inst, &data.results),
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } => Err(not_glue()),
            Op::While { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Assert { .. } => {
                Err(not_glue())
            }
            Op::TapePush { .. } | Op::TapePop { .. } | Op::Print { .. } => Err(not_glue()),
        }
    }

    fn glue_hook(&mut self, asm: &mut Asm, hook: Hook) {
        self.unit.import(hook.name);
        asm.call(Callee::Import(hook.name));
    }

    fn glue_alloc(&mut self, asm: &mut Asm, ty: &ArrayType) -> Result<(), CodegenError> {
        for (axis, &dim) in ty.dims.iter().enumerate() {
            asm.put(axis, self.word_of_int(dim)?);
        }
        let site = self.unit.status(Trap::NegativeLength, self.span);
        self.unit.status(Trap::MemoryLimit, self.span);
        let literal = |n: i64| Argument::Word(Word::Literal(n));
        let (rank, size) = (ty.dims.len() as i64, ty.element.bytes() as i64);
        asm.pass(&[Argument::Context, Argument::Room, literal(rank), literal(size), literal(site)]);
        self.glue_hook(asm, hooks::ALLOC_ZEROED);
        asm.leave_if_none();
        Ok(())
    }

    fn glue_shared(&mut self, asm: &mut Asm, inst: Inst, results: &[Value]) -> Result<(), CodegenError> {
        let (place, before, args) = self.shared_call(inst)?;
        let mut passed = vec![Argument::Context, Argument::Word(Word::Literal(before))];
        for &v in args {
            let word = self.word_of(v)?;
            let float = self.f.ty(v).scalar().is_some_and(ScalarType::is_float);
            passed.push(if float { Argument::Float(word) } else { Argument::Word(word) });
        }
        asm.pass(&passed);
        asm.call(Callee::Shared(place));
        asm.leave_if_nonzero();
        let mut floats = 0;
        for &result in results {
            let slot = self.slot_of(result)?;
            if self.f.ty(result).scalar().is_some_and(ScalarType::is_float) {
                asm.store_float(floats, slot);
                floats += 1;
            } else {
                asm.store_integer(slot);
            }
        }
        Ok(())
    }

    fn glue_external(
        &mut self,
        asm: &mut Asm,
        callee: FuncId,
        args: &[Value],
        results: &[Value],
    ) -> Result<(), CodegenError> {
        asm.poll(self.unit.status(Trap::Interrupted, self.span));
        asm.enter(self.unit.status(Trap::RecursionTooDeep, self.span));
        let target = self.unit.module.function(callee);
        let call = ExternalCall::new(target, self.unit.options.strict);
        let call = call.ok_or_else(|| CodegenError::Internal("a function with a body is no external one".into()))?;
        let words = call.words();
        let mut place = 0;
        for &arg in args {
            let dims = if let Type::Array(_) = self.f.ty(arg) { self.extents(arg)? } else { Vec::new() };
            for word in std::iter::once(self.word_of(arg)?).chain(dims) {
                asm.put(place, word);
                place += 1;
            }
        }
        let call = Argument::Word(Word::Literal(self.unit.external(call)));
        asm.pass(&[Argument::Context, call, Argument::Room]);
        self.glue_hook(asm, hooks::EXTERNAL);
        asm.stop_if_none(self.external_sites());
        for (i, &result) in results.iter().enumerate() {
            asm.fetch(words + i, self.slot_of(result)?);
        }
        Ok(())
    }

    /// The extents of an array.
    fn extents(&self, array: Value) -> Result<Vec<Word>, CodegenError> {
        let f = self.f;
        let dims = f.ty(array).array().map_or(&[][..], |ty| &ty.dims);
        dims.iter().map(|&dim| self.word_of_int(dim)).collect()
    }

    fn word_of_int(&self, int: Int) -> Result<Word, CodegenError> {
        match int {
            Int::Const(n) => Ok(Word::Literal(n)),
            Int::Value(v) => self.word_of(v),
        }
    }

    fn word_of(&self, v: Value) -> Result<Word, CodegenError> {
        match self.facts.def(v) {
            Some(Op::Const(Const::F64(x))) => Ok(Word::Literal(x.to_bits() as i64)),
            Some(Op::Const(Const::F32(x))) => Ok(Word::Literal(i64::from(x.to_bits()))),
            Some(Op::Const(Const::I64(n))) => Ok(Word::Literal(*n)),
            Some(Op::Const(Const::Bool(b))) => Ok(Word::Literal(i64::from(*b))),
            _ => self.slot_of(v).map(Word::Slot),
        }
    }

    fn slot_of(&self, v: Value) -> Result<u32, CodegenError> {
        self.plan.slot(v).ok_or_else(|| CodegenError::Internal(format!("{v:?} of a run is not in the frame")))
    }
}

fn not_glue() -> CodegenError {
    CodegenError::Internal("an instruction of a run is no call".into())
}
