//! Tapes: records on growable stacks, as wide as their fields together.
//!
//! In: `tape.new`, `tape.push`, `tape.pop`. Out: inline stores and loads at the tape's top, after one comparison; the hook where the buffer is full, a trap where it is empty. Short loops keep the
//! ends of their tapes in registers. What a pop gives is not
//! trusted: subscripts made from it are checked like any others.

use super::Lower;
use crate::abi;
use crate::error::CodegenError;
use crate::lower::traps::Status;
use adit_ir::limits::{record_bytes, record_offsets};
use adit_ir::{Op, Region, ScalarType, Trap, Value};
use adit_runtime::{hooks, tape};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, types};

/// Behind the newest record, and behind the last that fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    top: ir::Value,
    end: ir::Value,
}

impl Lower<'_, '_, '_, '_> {
    pub(super) fn tape_new(&mut self) -> Result<ir::Value, CodegenError> {
        let context = self.context();
        let tape = self.call_import(hooks::TAPE_OPEN.name, &[context], Some(abi::WORD));
        tape.ok_or_else(|| CodegenError::Internal("the tape hook gives nothing".into()))
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) -> Result<(), CodegenError> {
        let flags = self.memory.tape;
        let (offsets, bytes) = self.layout(values);
        let values = self.values(values)?;
        let header = self.get(tape)?;
        let Ends { top, end } = self.ends(tape, header);
        let behind = self.b.ins().iadd_imm_s(top, bytes);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, behind, end);
        let (full, room) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(full);
        self.b.append_block_param(room, abi::WORD);
        self.b.append_block_param(room, abi::WORD);
        self.b.ins().brif(fits, room, &[top.into(), end.into()], full, &[]);
        self.b.switch_to_block(full);
        self.b.ins().store(flags, top, header, tape::TOP);
        let Ends { top, end } = self.aside(|lower| lower.grow(header, bytes));
        self.b.ins().jump(room, &[top.into(), end.into()]);
        self.b.switch_to_block(room);
        let (top, end) = (self.b.block_params(room)[0], self.b.block_params(room)[1]);
        for (&value, offset) in values.iter().zip(offsets) {
            self.b.ins().store(flags, value, top, offset);
        }
        let top = self.b.ins().iadd_imm_s(top, bytes);
        self.set_ends(tape, header, Ends { top, end });
        Ok(())
    }

    /// Where the fields of a record lie, and how many bytes it has.
    fn layout(&self, fields: &[Value]) -> (Vec<i32>, i64) {
        let types: Vec<ScalarType> = fields.iter().filter_map(|&v| self.f.ty(v).scalar()).collect();
        let bytes = record_bytes(types.iter().copied());
        (record_offsets(&types).into_iter().map(|offset| offset as i32).collect(), bytes as i64)
    }

    /// Makes room for a record of so many bytes.
    fn grow(&mut self, header: ir::Value, bytes: i64) -> Ends {
        let (context, record) = (self.context(), self.word(bytes));
        let grown = self.call_cold(hooks::TAPE_GROW, &[context, header, record]);
        let site = self.unit.status(Trap::MemoryLimit, self.span);
        self.unit.status(Trap::TapeLimit, self.span);
        self.leave_unless(grown, Status::SitePlusFault(site));
        self.load_ends(header)
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) -> Result<(), CodegenError> {
        let flags = self.memory.tape;
        let (offsets, bytes) = self.layout(results);
        let header = self.get(tape)?;
        let Ends { top, end } = self.ends(tape, header);
        let held = self.tape_held(tape, header);
        let empty = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, held, bytes);
        self.trap_if(empty, Trap::EmptyTape, &[]);
        let top = self.b.ins().iadd_imm_s(top, -bytes);
        self.set_ends(tape, header, Ends { top, end });
        for (&result, offset) in results.iter().zip(offsets) {
            let ty = self.f.ty(result).scalar();
            let mut value = self.b.ins().load(ty.map_or(types::I64, abi::scalar), flags, top, offset);
            if ty == Some(ScalarType::Bool) {
                // A record of another kind, which only malformed IR text pops, must not give a truth value that is neither.
                value = self.b.ins().icmp_imm_u(IntCC::NotEqual, value, 0);
            }
            self.define(result, value)?;
        }
        Ok(())
    }

    /// Where a tape's records end: out of registers in a loop that keeps them there.
    fn ends(&mut self, tape: Value, header: ir::Value) -> Ends {
        match self.kept_ends.iter().find(|(kept, _)| *kept == tape) {
            Some((_, ends)) => *ends,
            None => self.load_ends(header),
        }
    }

    /// Behind the newest record.
    pub(super) fn tape_top(&mut self, tape: Value, header: ir::Value) -> ir::Value {
        self.ends(tape, header).top
    }

    /// How many bytes fit behind the newest record.
    pub(super) fn tape_room(&mut self, tape: Value, header: ir::Value) -> ir::Value {
        let Ends { top, end } = self.ends(tape, header);
        self.b.ins().isub(end, top)
    }

    /// How many bytes all records have.
    pub(super) fn tape_held(&mut self, tape: Value, header: ir::Value) -> ir::Value {
        let Ends { top, .. } = self.ends(tape, header);
        let base = self.b.ins().load(abi::WORD, self.memory.tape, header, tape::BASE);
        self.b.ins().isub(top, base)
    }

    /// Has the newest record end so many bytes farther.
    pub(super) fn move_top(&mut self, tape: Value, header: ir::Value, way: ir::Value) {
        let Ends { top, end } = self.ends(tape, header);
        let top = self.b.ins().iadd(top, way);
        self.set_ends(tape, header, Ends { top, end });
    }

    fn load_ends(&mut self, header: ir::Value) -> Ends {
        let flags = self.memory.tape;
        let top = self.b.ins().load(abi::WORD, flags, header, tape::TOP);
        let end = self.b.ins().load(abi::WORD, flags, header, tape::END);
        Ends { top, end }
    }

    fn set_ends(&mut self, tape: Value, header: ir::Value, ends: Ends) {
        match self.kept_ends.iter_mut().find(|(kept, _)| *kept == tape) {
            Some((_, kept)) => *kept = ends,
            None => {
                self.b.ins().store(self.memory.tape, ends.top, header, tape::TOP);
            }
        }
    }

    /// Begins to keep in registers the ends of the tapes that a loop's body uses, if only the body itself does and none of its regions.
    pub(super) fn keep_ends(&mut self, body: Region) -> Result<(), CodegenError> {
        for tape in self.tapes_of(body) {
            let header = self.get(tape)?;
            let ends = self.load_ends(header);
            self.kept_ends.push((tape, ends));
        }
        Ok(())
    }

    /// Stores what was kept, and keeps it no longer.
    pub(super) fn store_ends(&mut self) -> Result<(), CodegenError> {
        for (tape, ends) in std::mem::take(&mut self.kept_ends) {
            let header = self.get(tape)?;
            self.b.ins().store(self.memory.tape, ends.top, header, tape::TOP);
        }
        Ok(())
    }

    /// What is kept, as values that a loop carries.
    pub(super) fn carried_ends(&self) -> Vec<ir::Value> {
        self.kept_ends.iter().flat_map(|(_, ends)| [ends.top, ends.end]).collect()
    }

    /// What is kept is from now on in these values, in the order of [`Self::carried_ends`].
    pub(super) fn set_carried_ends(&mut self, values: &[ir::Value]) {
        for ((_, ends), pair) in self.kept_ends.iter_mut().zip(values.chunks_exact(2)) {
            *ends = Ends { top: pair[0], end: pair[1] };
        }
    }

    fn tapes_of(&self, body: Region) -> Vec<Value> {
        let f = self.f;
        let mut here: Vec<Value> = Vec::new();
        let mut deeper: Vec<Value> = Vec::new();
        for &inst in &f.region(body).insts {
            let op = &f.inst(inst).op;
            here.extend(tape_used(op));
            for inner in op.regions() {
                f.walk_region(inner, &mut |inst| deeper.extend(tape_used(&f.inst(inst).op)));
            }
        }
        here.sort_unstable();
        here.dedup();
        here.retain(|tape| !deeper.contains(tape));
        here
    }
}

/// The tape that an instruction pushes to or pops from.
fn tape_used(op: &Op) -> Option<Value> {
    let (Op::TapePush { tape, .. } | Op::TapePop { tape }) = op else {
        return None;
    };
    Some(*tape)
}
