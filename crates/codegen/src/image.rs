//! Machine code that is nowhere yet.
//!
//! In: what the compiler made. Out: [`Image`]: bytes that may lie anywhere, the places in them that hold addresses of other things, and what the code needs to run. It can be written down and read
//! back ([`crate::stored`]), placed in memory ([`crate::load`]), or put into an object ([`crate::object`]).

use adit_ir::FuncId;
use adit_runtime::{Program, Signature};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::LibCall;
use std::sync::Arc;

/// Machine code, and what it leaves open.
#[derive(Debug)]
pub struct Image {
    pub(crate) code: Vec<u8>,
    pub(crate) relocations: Vec<Relocation>,
    /// The names of functions that others define.
    pub(crate) imports: Vec<&'static str>,
    pub(crate) program: Program,
    pub(crate) points: Vec<Point>,
}

/// A place that is to hold an address, or a distance to one.
#[derive(Clone, Debug)]
pub(crate) struct Relocation {
    pub(crate) at: u32,
    pub(crate) kind: Reloc,
    pub(crate) target: Target,
    pub(crate) addend: i64,
}

/// Whose address.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Target {
    /// A byte of the code itself.
    Code(u32),
    /// One of [`Image::imports`].
    Import(u32),
    /// The word that holds the address of one of [`Image::imports`].
    Table(u32),
    /// What Cranelift calls where the machine lacks an instruction.
    Library(LibCall),
}

/// A function that can be called from outside.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) id: FuncId,
    pub(crate) signature: Arc<Signature>,
    /// Where its trampoline begins.
    pub(crate) offset: u32,
    /// Its own of [`Program::needs`].
    pub(crate) place: usize,
}

impl Image {
    /// The first function of the host that it calls, which exists in this process alone.
    pub fn calls_host(&self) -> Option<&str> {
        self.program.externals.iter().find_map(adit_runtime::ExternalCall::host)
    }
}
