//! Where values of a [plan](crate::spill) live.
//!
//! In: how many 8-byte slots. Out: [`Frame`]: a slot of the machine's stack, or where that would be large, memory of the arena, which goes when the function returns.

use super::Lower;
use super::control::Mark;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::{ArrayType, Int, ScalarType};
use cranelift_codegen::ir::{self, InstBuilder, StackSlot, StackSlotData, StackSlotKind};
use cranelift_frontend::FunctionBuilder;

/// Frames of more bytes are in the arena.
const LARGE: u32 = 32 << 10;

/// Memory of one activation of a function.
#[derive(Clone, Copy)]
pub(crate) enum Frame {
    Stack(StackSlot),
    Arena { base: ir::Value, mark: Mark },
}

impl Frame {
    /// The address of a byte, in two parts.
    pub(crate) fn address(self, b: &mut FunctionBuilder<'_>, offset: i32) -> (ir::Value, i32) {
        match self {
            Frame::Stack(slot) => (b.ins().stack_addr(abi::WORD, slot, 0), offset),
            Frame::Arena { base, .. } => (base, offset),
        }
    }
}

impl Lower<'_, '_, '_, '_> {
    /// Makes room for that many slots.
    pub(crate) fn frame(&mut self, slots: u32) -> Result<Frame, CodegenError> {
        let bytes = slots.saturating_mul(8);
        if bytes <= LARGE {
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 3);
            return Ok(Frame::Stack(self.b.create_sized_stack_slot(data)));
        }
        let mark = self.arena_mark();
        let dims = [Int::Const(i64::from(slots))].into_iter().collect();
        let bytes = self.word(i64::from(bytes));
        let base = self.bump(&ArrayType { element: ScalarType::I64, dims }, bytes, None)?;
        Ok(Frame::Arena { base, mark })
    }

    /// Gives the frame's memory back before the function returns.
    pub(crate) fn close_frame(&mut self) {
        if let Some(Frame::Arena { mark, .. }) = self.frame {
            self.give_back(mark);
        }
    }
}
