//! What every function has at hand from beginning to end: the context, the depth, the address of the interruption flag, its frame.
//!
//! In: parameters. Out: values. In small functions they are simply used. In large ones, thousands of uses of one value would cost the register allocator dearly, so they are
//! stored at the beginning and loaded back near their uses, as [`crate::spill`] does with the program's own values.

use super::Lower;
use crate::abi;
use crate::spill::STALE;
use cranelift_codegen::ir::{self, InstBuilder, StackSlot, StackSlotData, StackSlotKind};

/// One of those values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Fixed {
    /// The address of the context.
    Context,
    /// How many calls deeper the program may go.
    Depth,
    /// The address of the interruption flag.
    Interrupt,
    /// Where results go that do not fit into registers.
    Results,
    /// The address of a large frame.
    Frame,
}

/// How many there are.
const COUNT: usize = 5;

/// Where they are.
#[derive(Default)]
pub(crate) struct AtHand {
    values: [Option<ir::Value>; COUNT],
    /// In large functions.
    slot: Option<StackSlot>,
}

impl Lower<'_, '_, '_, '_> {
    /// Keeps the values that will be set in memory.
    pub(super) fn keep_fixed_in_memory(&mut self) {
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * COUNT as u32, 3);
        self.at_hand.slot = Some(self.b.create_sized_stack_slot(data));
    }

    pub(super) fn set_fixed(&mut self, which: Fixed, value: ir::Value) {
        self.at_hand.values[which as usize] = Some(value);
        if let Some(slot) = self.at_hand.slot {
            let address = self.b.ins().stack_addr(abi::WORD, slot, 0);
            self.b.ins().store(self.memory.frame, value, address, 8 * which as i32);
            self.fixed_loads.insert(which, (value, self.position));
        }
    }

    /// The value; 0 for one that was never set.
    pub(crate) fn fixed(&mut self, which: Fixed) -> ir::Value {
        if let Some((value, at)) = self.fixed_loads.get(which)
            && self.position - at <= STALE
        {
            return value;
        }
        let value = self.fixed_anew(which);
        if self.at_hand.slot.is_some() {
            self.fixed_loads.insert(which, (value, self.position));
        }
        value
    }

    /// The value, loaded here if it is in memory.
    pub(super) fn fixed_anew(&mut self, which: Fixed) -> ir::Value {
        match (self.at_hand.slot, self.at_hand.values[which as usize]) {
            (Some(slot), _) => {
                let address = self.b.ins().stack_addr(abi::WORD, slot, 0);
                self.b.ins().load(abi::WORD, self.memory.frame, address, 8 * which as i32)
            }
            (None, Some(value)) => value,
            (None, None) => self.word(0),
        }
    }

    /// The address of the context.
    pub(crate) fn context(&mut self) -> ir::Value {
        self.fixed(Fixed::Context)
    }

    /// Emits what only some paths run: loads made there are forgotten afterwards.
    pub(crate) fn aside<T>(&mut self, emit: impl FnOnce(&mut Self) -> T) -> T {
        let marks = (self.reloads.mark(), self.checked.mark(), self.fixed_loads.mark());
        let result = emit(self);
        self.reloads.reset(marks.0);
        self.checked.reset(marks.1);
        self.fixed_loads.reset(marks.2);
        result
    }
}
