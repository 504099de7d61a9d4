//! Records of tapes, those of many iterations at a time.
//!
//! In: a loop every iteration of which pushes as much as the others on a tape, or pops as much. Out: where the fields lie that an iteration writes or reads; room for all records in front of the loop, and the tape's new end behind it.
//!
//! ```text
//! three iterations push (a, b)        a0 b0 a1 b1 a2 b2 |           the first one's record is the lowest, the last one's under the top
//! and a loop the other way pops them                    |           the first one's record is under the top: index and address go the same way again
//! ```
//!
//! Where there is no room and none can be had, or fewer records than iterations, the loop runs one by one, and stops where it always did.

use super::elements::{Place, Spot, Stride};
use super::{Extent, Plan};
use crate::error::CodegenError;
use crate::lower::Lower;
use crate::mutant::Mutant;
use adit_ir::loops::{Field, Loop, Record};
use adit_runtime::hooks;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, Block, InstBuilder};

impl Lower<'_, '_, '_, '_> {
    /// Goes to `scalar` unless the tapes have room for what so many iterations push, and hold what they pop.
    pub(super) fn tapes_suffice(&mut self, l: &Loop, whole: ir::Value, scalar: Block) -> Result<(), CodegenError> {
        for Record { tape, saves, bytes, .. } in l.tapes() {
            let header = self.get(tape)?;
            let wanted = self.b.ins().imul_imm_s(whole, bytes as i64);
            let free = match saves {
                true => self.tape_room(tape, header),
                false => self.tape_held(tape, header),
            };
            let short = self.b.ins().icmp(IntCC::UnsignedLessThan, free, wanted);
            if !saves {
                self.unless(short, scalar);
                continue;
            }
            let (full, room) = (self.b.create_block(), self.b.create_block());
            self.b.set_cold_block(full);
            self.b.ins().brif(short, full, &[], room, &[]);
            self.b.switch_to_block(full);
            let grown = self.aside(|lower| {
                let context = lower.context();
                lower.call_cold(hooks::TAPE_GROW, &[context, header, wanted])
            });
            self.b.ins().brif(grown, room, &[], scalar, &[]);
            self.b.switch_to_block(room);
        }
        Ok(())
    }

    /// Where a field lies: at the index, counted from the top that the tape has before.
    pub(super) fn field_place<'l>(
        &mut self,
        plan: &'l Plan,
        field: Field,
        extent: Extent,
    ) -> Result<Place<'l>, CodegenError> {
        let record = &plan.l.records[field.record];
        let all = plan.l.tapes().iter().find(|all| all.tape == record.tape).map_or(record.bytes, |all| all.bytes);
        let rises = extent.rises != (self.errs(Mutant::RecordsTurned) && !record.saves);
        let header = self.get(record.tape)?;
        let top = self.tape_top(record.tape, header);
        // The first iteration in order pushes at the top, or pops from under it.
        let (within, first) = match record.saves {
            true => (record.before + field.offset, 0),
            false => (all - record.before - record.bytes + field.offset, -(all as i64)),
        };
        let stride = if rises == record.saves { all as i64 } else { -(all as i64) };
        let begins = match rises {
            true => extent.from,
            false => self.b.ins().iadd_imm_s(extent.end, -1),
        };
        let way = self.b.ins().imul_imm_s(begins, -stride);
        let origin = self.b.ins().iadd(top, way);
        let origin = self.b.ins().iadd_imm_s(origin, within as i64 + first);
        Ok(Place { spot: Spot::Field(field), origin, stride: Stride::Literal(stride) })
    }

    /// Moves the tops of tapes past what the vectors have pushed or popped.
    pub(super) fn move_tops(&mut self, l: &Loop, whole: ir::Value) -> Result<(), CodegenError> {
        for Record { tape, saves, bytes, .. } in l.tapes() {
            let header = self.get(tape)?;
            let bytes = if saves { bytes as i64 } else { -(bytes as i64) };
            let way = self.b.ins().imul_imm_s(whole, bytes);
            if !self.errs(Mutant::TopLost) {
                self.move_top(tape, header, way);
            }
        }
        Ok(())
    }
}
