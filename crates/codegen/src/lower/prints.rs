//! Printing.
//!
//! In: a `print`. Out: stores of its values into scratch memory, 8 bytes each, and a call of the hook with the fixed part of the line. Formatting is the runtime's.

use super::Lower;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::{PrintPart, Trap, Type, Value};
use adit_runtime::{PrintLine, PrintPiece, hooks};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, types};

impl Lower<'_, '_, '_, '_> {
    pub(super) fn print(&mut self, parts: &[PrintPart]) -> Result<(), CodegenError> {
        let mut pieces = Vec::with_capacity(parts.len());
        let mut values = Vec::new();
        for part in parts {
            match part {
                PrintPart::Text(text) => pieces.push(PrintPiece::Text(text.clone())),
                PrintPart::Value(v) => pieces.push(self.piece(*v, &mut values)?),
            }
        }
        let line = PrintLine { pieces };
        let room = self.scratch(8 * values.len().max(1) as u32);
        for (i, &value) in values.iter().enumerate() {
            self.b.ins().store(self.memory.frame, value, room, 8 * i as i32);
        }
        let line = self.unit.line(line);
        let line = self.word(line);
        let context = self.context();
        let written = self.call_import(hooks::PRINT.name, &[context, line, room], Some(abi::WORD));
        let written = written.ok_or_else(|| CodegenError::Internal("the print hook gives nothing".into()))?;
        // What stopped the run is the sink's panic, which goes on when the call has ended.
        let failed = self.b.ins().icmp_imm_s(IntCC::Equal, written, 0);
        self.trap_if(failed, Trap::Interrupted, &[]);
        Ok(())
    }

    fn piece(&mut self, v: Value, values: &mut Vec<ir::Value>) -> Result<PrintPiece, CodegenError> {
        let f = self.f;
        let value = self.get(v)?;
        match f.ty(v) {
            Type::Scalar(s) => {
                let wide = if abi::scalar(*s) == types::I8 { self.b.ins().uextend(abi::WORD, value) } else { value };
                values.push(wide);
                Ok(PrintPiece::Scalar(*s))
            }
            Type::Array(a) => {
                values.push(value);
                for &dim in &a.dims {
                    let dim = self.int(dim)?;
                    values.push(dim);
                }
                Ok(PrintPiece::Array(a.element, a.dims.len()))
            }
            Type::Tape(_) => Err(CodegenError::Internal("a tape is printed".into())),
        }
    }
}
