//! Native code for Adit's SSA, by Cranelift.
//!
//! In: a verified [`Module`](adit_ir::Module), the functions to be called from outside, [`Options`]. Out: [`Code`], whose [`Entry`]s run in a [`Workspace`](adit_runtime::Workspace), or text of the stages on the way
//! ([`clif_text`], [`vcode_text`], [`native_text`]). This is the only crate that names Cranelift. It optimises what only machine code shows (superfluous checks, memory for long-lived values); the rest is the work of passes before it.
//!
//! Agreement with the interpreter is bit for bit, NaNs being all equal: their sign and payload are not part of the language.

#![expect(unsafe_code, reason = "compiled code is called by address; each block says why it is sound")]
#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod disasm;
mod entry;
mod error;
mod isa;
mod jit;
mod lower;
mod options;
mod scoped;
mod shared;
mod spill;
mod staged;
mod straight;
mod text;
mod unit;

pub use entry::Entry;
pub use error::CodegenError;
pub use jit::{Code, compile};
pub use options::{Cpu, OptLevel, Options};
pub use staged::{Disagreement, Element, Misfit, Staged, Staging};
pub use text::{SourceLines, clif_text, native_text, vcode_text};
