//! Cold exits: what happens when a program stops.
//!
//! In: conditions. Out: a branch to a block, laid out far away, that stores the trap's details into the context and returns the status of its site. No instruction of compiled code raises a signal.
//! Also the questions asked at each beginning of a loop body and at each call: has someone interrupted, are steps left.

use super::Lower;
use super::fixed::Fixed;
use super::shared::Part;
use crate::abi;
use crate::error::CodegenError;
use adit_diag::Span;
use adit_ir::{Int, Trap, Value};
use adit_runtime::context::offset;
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder, InstructionData, MemFlagsData, SourceLoc, types};

/// What a cold exit returns.
#[derive(Clone, Copy)]
pub(super) enum Status {
    /// The status of a site.
    Site(i64),
    /// The status of a site, plus the context's `fault`: sites in a row.
    SitePlusFault(i64),
    /// What a callee returned.
    Passed(ir::Value),
}

/// A cold block still to be filled.
pub(super) struct Exit {
    block: Block,
    status: Status,
    details: [Option<ir::Value>; 2],
    location: SourceLoc,
}

impl Lower<'_, '_, '_, '_> {
    /// A cold block that leaves the function.
    pub(super) fn exit(&mut self, status: Status, details: &[ir::Value]) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        let details = [details.first().copied(), details.get(1).copied()];
        self.exits.push(Exit { block, status, details, location: self.b.srcloc() });
        block
    }

    /// Stops the program if `cond` holds.
    pub(super) fn trap_if(&mut self, cond: ir::Value, trap: Trap, details: &[ir::Value]) {
        let site = self.unit.status(trap, self.span);
        let exit = self.exit(Status::Site(site), details);
        self.leave_if(cond, exit);
    }

    /// Leaves with what a hook has found, from a cold path, if the hook gave 0.
    ///
    /// The way out has no block of its own: Cranelift's mid-end forgets the loop that it is in when it comes by a block outside, and then hoists nothing more; cold paths
    /// come before the hot ones that they lead back to.
    pub(super) fn leave_unless(&mut self, answer: ir::Value, status: Status) {
        let status = self.status(status);
        let context = self.context();
        self.b.ins().store(self.memory.context, status, context, offset::STATUS);
        let (fail, go_on) = (self.fail_block(), self.b.create_block());
        self.b.set_cold_block(go_on);
        self.branch_to(answer, go_on, fail);
    }

    /// Stops the program unless `cond` holds. [`Self::trap_if`] is better where the opposite condition costs nothing: its cold exit comes after what follows.
    fn trap_unless(&mut self, cond: ir::Value, trap: Trap, details: &[ir::Value]) {
        let site = self.unit.status(trap, self.span);
        let exit = self.exit(Status::Site(site), details);
        let go_on = self.b.create_block();
        self.branch_to(cond, go_on, exit);
    }

    /// Goes to a cold exit if `cond` holds.
    ///
    /// Of two blocks that are else equal, Cranelift puts the second one of a branch first. Its mid-end hoists nothing from what comes after an exit, so exits are to come last; its one-pass
    /// register allocator takes long for what is used far away, so in large functions, which the mid-end does not see, they are to come first.
    pub(super) fn leave_if(&mut self, cond: ir::Value, exit: Block) {
        let go_on = self.b.create_block();
        if self.plan.is_large() {
            let stays = self.opposite(cond);
            self.b.ins().brif(stays, go_on, &[], exit, &[]);
        } else {
            self.b.ins().brif(cond, exit, &[], go_on, &[]);
        }
        self.b.switch_to_block(go_on);
    }

    /// Returns the status that is in the context already if `cond` holds.
    pub(super) fn fail_if(&mut self, cond: ir::Value) {
        let fail = self.fail_block();
        self.leave_if(cond, fail);
    }

    /// Goes on in a block that leads back to where a loop begins if `cond` holds, and leaves the loop otherwise.
    ///
    /// As [`Self::leave_if`]: what leads back comes next in large functions, not after all that follows the loop.
    pub(super) fn come_back_if(&mut self, cond: ir::Value, back: Block, (after, leave): (Block, &[BlockArg])) {
        if self.plan.is_large() {
            let leaves = self.opposite(cond);
            self.b.ins().brif(leaves, after, leave, back, &[]);
        } else {
            self.b.ins().brif(cond, back, &[], after, leave);
        }
        self.b.switch_to_block(back);
    }

    /// The opposite of a condition; of a comparison of integers, the opposite comparison.
    fn opposite(&mut self, cond: ir::Value) -> ir::Value {
        let made_by = self.b.func.dfg.value_def(cond).inst();
        match made_by.map(|inst| self.b.func.dfg.insts[inst]) {
            Some(InstructionData::IntCompare { cond, args: [a, b], .. }) => self.b.ins().icmp(cond.complement(), a, b),
            Some(_) | None => self.b.ins().icmp_imm_s(IntCC::Equal, cond, 0),
        }
    }

    pub(super) fn assert(&mut self, cond: Value, trap: &Trap, details: &[Int]) -> Result<(), CodegenError> {
        let cond = self.get(cond)?;
        let details = details.iter().map(|&d| self.int(d)).collect::<Result<Vec<_>, _>>()?;
        self.trap_unless(cond, trap.clone(), &details);
        Ok(())
    }

    /// Takes a step, and looks at the interruption flag.
    pub(super) fn poll(&mut self, span: Span) {
        if self.unit.options.fuel {
            self.step(span);
        }
        let site = self.unit.status(Trap::Interrupted, span);
        let exit = self.exit(Status::Site(site), &[]);
        // Atomic, lest the load be taken for equal to an earlier one.
        let flags = MemFlagsData::trusted();
        let interrupt = self.fixed(Fixed::Interrupt);
        let flag = self.b.ins().atomic_load(types::I8, flags, interrupt);
        self.leave_if(flag, exit);
    }

    fn step(&mut self, span: Span) {
        let site = self.unit.status(Trap::StepLimit, span);
        let exit = self.exit(Status::Site(site), &[]);
        let flags = self.memory.context;
        let context = self.context();
        let fuel = self.b.ins().load(abi::WORD, flags, context, offset::FUEL);
        let none = self.b.ins().icmp_imm_s(IntCC::Equal, fuel, 0);
        self.leave_if(none, exit);
        let less = self.b.ins().iadd_imm_s(fuel, -1);
        self.b.ins().store(flags, less, context, offset::FUEL);
    }

    /// Fills the cold blocks, after all else.
    pub(super) fn emit_exits(&mut self) -> Result<(), CodegenError> {
        for exit in std::mem::take(&mut self.exits) {
            self.b.switch_to_block(exit.block);
            self.b.set_srcloc(exit.location);
            for (i, detail) in exit.details.into_iter().flatten().enumerate() {
                let place = offset::DETAILS + 8 * i as i32;
                let context = self.fixed_anew(Fixed::Context);
                self.b.ins().store(self.memory.context, detail, context, place);
            }
            let status = self.status(exit.status);
            let context = self.fixed_anew(Fixed::Context);
            self.b.ins().store(self.memory.context, status, context, offset::STATUS);
            let fail = self.fail_block();
            self.b.ins().jump(fail, &[]);
        }
        if let Some(fail) = self.fail {
            self.b.switch_to_block(fail);
            // Through memory: a block parameter with thousands of sources would take the register allocator quadratic time.
            let context = self.fixed_anew(Fixed::Context);
            let status = self.b.ins().load(abi::STATUS, self.memory.context, context, offset::STATUS);
            let returns = self.b.func.signature.returns.clone();
            let zeros = returns.iter().skip(1).map(|r| self.zero_of(r.value_type));
            let returned: Vec<ir::Value> = std::iter::once(status).chain(zeros.collect::<Vec<_>>()).collect();
            self.b.ins().return_(&returned);
        }
        Ok(())
    }

    fn status(&mut self, status: Status) -> ir::Value {
        match status {
            Status::Passed(status) => status,
            Status::Site(site) => match self.part {
                Part::Function(_) => self.b.ins().iconst(abi::STATUS, site),
                Part::Loop => {
                    // What it has for a depth is where its numbers begin.
                    let before = self.fixed_anew(Fixed::Depth);
                    let before = self.b.ins().ireduce(abi::STATUS, before);
                    self.b.ins().iadd_imm_s(before, site)
                }
            },
            Status::SitePlusFault(site) => {
                let first = self.status(Status::Site(site));
                let context = self.fixed_anew(Fixed::Context);
                let fault = self.b.ins().load(types::I32, self.memory.context, context, offset::FAULT);
                self.b.ins().iadd(first, fault)
            }
        }
    }

    fn fail_block(&mut self) -> Block {
        if let Some(fail) = self.fail {
            return fail;
        }
        let fail = self.b.create_block();
        self.b.set_cold_block(fail);
        self.fail = Some(fail);
        fail
    }

    fn zero_of(&mut self, ty: ir::Type) -> ir::Value {
        if ty.is_float() { self.float_const(ty, 0.0) } else { self.b.ins().iconst(ty, 0) }
    }
}
