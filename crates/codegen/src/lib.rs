//! Native code for Adit's SSA, by Cranelift.
//!
//! In: a verified [`Module`], the functions to be called from outside, [`Options`]. Out: [`Code`], whose [`Entry`](adit_runtime::Entry)s run in a [`Workspace`](adit_runtime::Workspace), or text of the stages on the way
//! ([`clif_text`], [`vcode_text`], [`native_text`]). This is the only crate that names Cranelift. It optimises what only machine code shows (superfluous checks, memory for long-lived values); the rest is the work of passes before it.
//!
//! Agreement with the interpreter is bit for bit, NaNs being all equal: their sign and payload are not part of the language.

#![expect(unsafe_code, reason = "compiled code is called by address; each block says why it is sound")]
#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod compiler;
mod disasm;
mod error;
mod glue;
mod image;
mod isa;
mod load;
mod lower;
mod machine;
mod mutant;
mod object;
mod options;
mod scoped;
mod shared;
mod spill;
mod straight;
mod text;
mod trampoline;
mod unit;

pub use error::CodegenError;
pub use image::Image;
pub use isa::check_cpu;
pub use load::Code;
pub use lower::vector::{LoopReport, loop_reports, vector_form};
pub use mutant::Mutant;
pub use object::{Outside, Parameter};
pub use options::{Cpu, OptLevel, Options, Products, Vectors};
pub use text::{SourceLines, clif_text, native_text, vcode_text};

use adit_ir::{FuncId, Module};
use unit::Reach;

/// Compiles everything that the entries can reach, for this process.
///
/// # Errors
/// If the machine or the module will not do.
pub fn compile(module: &Module, entries: &[FuncId], options: &Options) -> Result<Code, CodegenError> {
    compiler::image(module, entries, options, Reach::Address)?.load()
}

/// The same, not placed in memory yet: code that holds no addresses, for this machine or another of its kind.
///
/// # Errors
/// If the machine or the module will not do.
pub fn image(module: &Module, entries: &[FuncId], options: &Options) -> Result<Image, CodegenError> {
    compiler::image(module, entries, options, Reach::Table)
}
