//! Tapes: records of 8 bytes a field on growable stacks.
//!
//! In: `tape.new`, `tape.push`, `tape.pop`. Out: inline stores and loads at the tape's top, after one comparison; the hook where the buffer is full, a trap where it is empty. What a pop gives is not
//! trusted: subscripts made from it are checked like any others.

use super::Lower;
use crate::abi;
use crate::error::CodegenError;
use crate::lower::traps::Status;
use adit_ir::limits::record_bytes;
use adit_ir::{ScalarType, Trap, Value};
use adit_runtime::{hooks, tape};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, types};

impl Lower<'_, '_, '_, '_> {
    pub(super) fn tape_new(&mut self) -> Result<ir::Value, CodegenError> {
        let context = self.context();
        let tape = self.call_import(hooks::TAPE_OPEN, &[context], Some(abi::WORD));
        tape.ok_or_else(|| CodegenError::Internal("the tape hook gives nothing".into()))
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) -> Result<(), CodegenError> {
        let flags = self.memory.tape;
        let values = self.values(values)?;
        let bytes = 8 * values.len() as i64;
        let counted = self.f.ty(tape).tape().map_or(0, record_bytes);
        let tape = self.get(tape)?;
        let top = self.b.ins().load(abi::WORD, flags, tape, tape::TOP);
        let end = self.b.ins().load(abi::WORD, flags, tape, tape::END);
        let behind = self.b.ins().iadd_imm_s(top, bytes);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, behind, end);
        let (full, room) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(full);
        self.b.append_block_param(room, abi::WORD);
        self.b.ins().brif(fits, room, &[top.into()], full, &[]);
        self.b.switch_to_block(full);
        let top = self.aside(|lower| lower.grow(tape, bytes, counted as i64));
        self.b.ins().jump(room, &[top.into()]);
        self.b.switch_to_block(room);
        let top = self.b.block_params(room)[0];
        for (i, &value) in values.iter().enumerate() {
            let value = match self.b.func.dfg.value_type(value) {
                types::I8 => self.b.ins().uextend(abi::WORD, value),
                _ => value,
            };
            self.b.ins().store(flags, value, top, 8 * i as i32);
        }
        let behind = self.b.ins().iadd_imm_s(top, bytes);
        self.b.ins().store(flags, behind, tape, tape::TOP);
        Ok(())
    }

    /// Makes room for a record of so many bytes, which counts for so many; the new top.
    fn grow(&mut self, tape: ir::Value, bytes: i64, counted: i64) -> ir::Value {
        let (context, record, counted) = (self.context(), self.word(bytes), self.word(counted));
        let grown = self.call_cold(hooks::TAPE_GROW, &[context, tape, record, counted]);
        let site = self.unit.status(Trap::MemoryLimit, self.span);
        let exit = self.exit(Status::Site(site), &[]);
        let go_on = self.b.create_block();
        self.b.set_cold_block(go_on);
        self.branch_to(grown, go_on, exit);
        self.b.ins().load(abi::WORD, self.memory.tape, tape, tape::TOP)
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) -> Result<(), CodegenError> {
        let flags = self.memory.tape;
        let bytes = 8 * results.len() as i64;
        let tape = self.get(tape)?;
        let top = self.b.ins().load(abi::WORD, flags, tape, tape::TOP);
        let base = self.b.ins().load(abi::WORD, flags, tape, tape::BASE);
        let held = self.b.ins().isub(top, base);
        let empty = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, held, bytes);
        self.trap_if(empty, Trap::EmptyTape, &[]);
        let top = self.b.ins().iadd_imm_s(top, -bytes);
        self.b.ins().store(flags, top, tape, tape::TOP);
        for (i, &result) in results.iter().enumerate() {
            let ty = self.f.ty(result).scalar();
            let stored = if ty == Some(ScalarType::F64) { types::F64 } else { types::I64 };
            let mut value = self.b.ins().load(stored, flags, top, 8 * i as i32);
            if ty == Some(ScalarType::Bool) {
                value = self.b.ins().ireduce(types::I8, value);
            }
            self.define(result, value)?;
        }
        Ok(())
    }
}
