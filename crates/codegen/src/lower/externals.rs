//! Calls of functions without a body.
//!
//! In: a `call` of a kernel or a host function, or the body that such a function would have. Out: the checks of every call, stores of the arguments into scratch memory, 8 bytes each and arrays
//! with their extents, a call of the hook, and a branch to a cold exit with the position of the call. Results come back in the scratch memory.

use super::Lower;
use super::traps::Status;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::{FuncId, Trap, Type, Value};
use adit_runtime::{ExternalCall, hooks};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, types};

impl Lower<'_, '_, '_, '_> {
    /// A call from a body.
    pub(super) fn call_external(
        &mut self,
        callee: FuncId,
        args: &[Value],
        results: &[Value],
    ) -> Result<(), CodegenError> {
        self.poll(self.span);
        self.enter();
        self.shapes(callee, args)?;
        let room = self.run_external(callee, args)?;
        self.fetch(room, results)
    }

    /// The whole body of a function that has none of its own: for one that is an entry.
    pub(super) fn external_body(&mut self) -> Result<(), CodegenError> {
        let f = self.f;
        let args: Vec<Value> = f.params.iter().map(|p| p.value).collect();
        let room = self.run_external(self.id, &args)?;
        let mut results = Vec::with_capacity(f.results.len());
        for (i, &ty) in f.results.iter().enumerate() {
            results.push(self.b.ins().load(abi::scalar(ty), self.memory.frame, room, 8 * i as i32));
        }
        self.return_(&results)
    }

    /// Calls the hook on checked arguments, and gives the address of the results.
    fn run_external(&mut self, callee: FuncId, args: &[Value]) -> Result<ir::Value, CodegenError> {
        let target = self.unit.module.function(callee);
        let call = ExternalCall::new(target, self.unit.options.strict);
        let call = call.ok_or_else(|| CodegenError::Internal("a function with a body is no external one".into()))?;
        let words = call.words();
        let room = self.scratch(8 * (words + target.results.len()).max(1) as u32);
        let mut place = 0;
        for &arg in args {
            for word in self.words_of(arg)? {
                self.b.ins().store(self.memory.frame, word, room, place);
                place += 8;
            }
        }
        let call = self.unit.external(call);
        let call = self.word(call);
        let context = self.context();
        let answer = self.call_import(hooks::EXTERNAL.name, &[context, call, room], Some(abi::WORD));
        let answer = answer.ok_or_else(|| CodegenError::Internal("the hook for calls gives nothing".into()))?;
        let site = self.external_sites();
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, answer, 0);
        let exit = self.exit(Status::SitePlusFault(site), &[]);
        self.leave_if(failed, exit);
        Ok(self.b.ins().iadd_imm_s(room, 8 * words as i64))
    }

    /// Takes down what goes wrong in a call, by the context's `fault`.
    pub(super) fn external_sites(&mut self) -> i64 {
        let site = self.unit.status(Trap::Singular, self.span);
        self.unit.status(Trap::NotPositiveDefinite, self.span);
        self.unit.status(Trap::HostFailed(String::new()), self.span);
        site
    }

    /// An argument as the hook reads it.
    fn words_of(&mut self, arg: Value) -> Result<Vec<ir::Value>, CodegenError> {
        let f = self.f;
        let value = self.get(arg)?;
        match f.ty(arg) {
            Type::Scalar(s) if abi::scalar(*s) == types::I8 => Ok(vec![self.b.ins().uextend(abi::WORD, value)]),
            Type::Scalar(_) => Ok(vec![value]),
            Type::Array(a) => {
                let mut words = vec![value];
                for &dim in &a.dims {
                    words.push(self.int(dim)?);
                }
                Ok(words)
            }
            Type::Tape(_) => Err(CodegenError::Internal("a tape is an argument".into())),
        }
    }
}
