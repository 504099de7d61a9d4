//! Runs of arithmetic that have their machine code already.
//!
//! In: a [`Run`]. Out: a call of its code with the frame's address. What the run needs was stored when it was defined, and what others need of it is in the frame afterwards.

use super::{Lower, namespace};
use crate::abi;
use crate::error::CodegenError;
use crate::straight::{Callee, Run};
use adit_ir::Inst;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, UserExternalName};

impl Lower<'_, '_, '_, '_> {
    /// Calls a run, which begins with an instruction.
    pub(super) fn run(&mut self, first: Inst, run: Run) -> Result<(), CodegenError> {
        run.literals.iter().try_for_each(|&literal| self.inst(literal))?;
        self.locate(self.f.inst(first).span);
        self.position += run.length;
        let place = u32::try_from(self.unit.straight.len()).unwrap_or(u32::MAX);
        for (_, callee) in &run.code.calls {
            if let Callee::Import(name) = callee {
                self.unit.import(name);
            }
        }
        self.unit.straight.push(run.code);
        let mut signature = Signature::new(self.unit.call_conv);
        signature.params.push(AbiParam::new(abi::WORD));
        let function = self.declare(UserExternalName::new(namespace::STRAIGHT, place), signature);
        let frame = self.frame_address();
        self.b.ins().call(function, &[frame]);
        self.called();
        for v in run.results {
            // It is never looked at: the value has a slot.
            self.values[v.index()] = Some(frame);
        }
        Ok(())
    }
}
