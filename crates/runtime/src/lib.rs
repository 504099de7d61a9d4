//! What code compiled by Adit works with while it runs.
//!
//! In: limits, an interruption flag, a sink for printed lines. Out: [`Workspace`], the memory that calls reuse: an arena for arrays ([`arena`]), tapes ([`tape`]), and
//! the [`Context`] whose fields compiled code reads and writes directly. [`hooks`] are the functions compiled code calls when its inline paths do not suffice, [`external`] calls functions without a body, [`kernels`] are the fast ones, [`spread`] divides loops among threads, [`vector`] is mathematics over slices, [`stack`] tells how much
//! of the thread's stack is left. Nothing here compiles, and no function here panics or unwinds into compiled code.
//!
//! Memory counts as [`Limits`](adit_ir::limits::Limits) says, rounded up to 8 bytes an array; tapes count with the capacity they have grown to.

#![expect(unsafe_code, reason = "compiled code works on raw memory; each block says why it is sound")]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod arena;
mod bound;
pub mod context;
mod entry;
pub mod external;
pub mod functions;
pub mod hooks;
pub mod kernels;
pub mod machine;
pub mod native;
pub mod print;
pub mod product;
pub mod program;
pub mod sealed;
mod seats;
pub mod spread;
pub mod stack;
mod staged;
pub mod tape;
pub mod vector;
pub mod workspace;

pub use bound::{Bound, Buffer, Part, Unfit};
pub use context::Context;
pub use entry::{Entry, Loaded, Signature, element_count};
pub use external::ExternalCall;
pub use print::{PrintLine, PrintPiece};
pub use program::{Program, Site};
pub use spread::{Length, SpreadCall, Summed};
pub use staged::{Disagreement, Element, Misfit, Staged, Staging, Stop};
pub use tape::OwnedTape;
pub use workspace::{Sink, Workspace};
