//! Where values of a [plan](crate::spill) live.
//!
//! In: how many 8-byte slots. Out: [`Frame`]: a slot of the machine's stack, or where that would be large, memory of the arena, which goes when the function returns.

use super::Lower;
use super::control::Mark;
use super::fixed::Fixed;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::{ArrayType, Int, ScalarType};
use cranelift_codegen::ir::{self, InstBuilder, StackSlot, StackSlotData, StackSlotKind};

/// Frames of more bytes are in the arena.
const LARGE: u32 = 32 << 10;

/// Memory of one activation of a function.
#[derive(Clone, Copy)]
pub(crate) enum Frame {
    Stack(StackSlot),
    Arena(Mark),
}

impl Lower<'_, '_, '_, '_> {
    /// The address of the frame.
    pub(crate) fn frame_address(&mut self) -> ir::Value {
        match self.frame {
            Some(Frame::Stack(slot)) => self.b.ins().stack_addr(abi::WORD, slot, 0),
            Some(Frame::Arena(_)) | None => self.fixed(Fixed::Frame),
        }
    }

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
        self.set_fixed(Fixed::Frame, base);
        Ok(Frame::Arena(mark))
    }

    /// Gives the frame's memory back before the function returns.
    pub(crate) fn close_frame(&mut self) {
        if let Some(Frame::Arena(mark)) = self.frame {
            self.give_back(mark);
        }
    }
}
