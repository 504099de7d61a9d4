//! Machine code that is nowhere yet.
//!
//! In: what the compiler made. Out: [`Image`]: bytes that may lie anywhere, the places in them that hold addresses of other things, and what the code needs to run. It can be written down and read
//! back, placed in memory ([`crate::load`]), or put into an object ([`crate::object`]).

use adit_ir::FuncId;
use adit_runtime::machine::Machine;
use adit_runtime::{Program, Signature};
use cranelift_codegen::binemit::Reloc;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Machine code, and what it leaves open.
#[derive(Debug, Serialize, Deserialize)]
pub struct Image {
    pub(crate) code: Vec<u8>,
    pub(crate) relocations: Vec<Relocation>,
    /// The names of functions that others define.
    pub(crate) imports: Vec<Cow<'static, str>>,
    pub(crate) program: Program,
    pub(crate) points: Vec<Point>,
    pub(crate) machine: Machine,
}

/// A place that is to hold an address, or a distance to one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Relocation {
    pub(crate) at: u32,
    #[serde(with = "kind")]
    pub(crate) kind: Reloc,
    pub(crate) target: Target,
    pub(crate) addend: i64,
}

/// Whose address.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Target {
    /// A byte of the code itself.
    Code(u32),
    /// One of [`Image::imports`].
    Import(u32),
    /// The word that holds the address of one of [`Image::imports`].
    Table(u32),
}

/// A function that can be called from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) id: FuncId,
    pub(crate) signature: Arc<Signature>,
    /// Where its trampoline begins.
    pub(crate) offset: u32,
    /// Its own of [`Program::needs`].
    pub(crate) place: usize,
}

/// Relocations are written as their places in a list, which may grow at its end.
mod kind {
    use super::Reloc;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    /// What compiling leaves open.
    const ALL: &[Reloc] = &[
        Reloc::Abs8,
        Reloc::X86PCRel4,
        Reloc::X86CallPCRel4,
        Reloc::Arm64Call,
        Reloc::Aarch64AdrPrelPgHi21,
        Reloc::Aarch64AddAbsLo12Nc,
    ];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(kind: &Reloc, to: S) -> Result<S::Ok, S::Error> {
        let place = ALL.iter().position(|one| one == kind);
        let unknown = || ser::Error::custom(format!("relocations of the kind {kind:?} are not written"));
        (place.ok_or_else(unknown)? as u8).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Reloc, D::Error> {
        let place = u8::deserialize(from)?;
        ALL.get(usize::from(place)).copied().ok_or_else(|| de::Error::custom("a relocation of an unknown kind"))
    }
}

impl Image {
    /// The first function of the host that it calls, which exists in this process alone.
    pub fn calls_host(&self) -> Option<&str> {
        self.program.externals.iter().find_map(adit_runtime::ExternalCall::host)
    }

    /// What it was compiled for.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Whether the function writes an array that it is given at this place.
    pub fn writes(&self, argument: usize) -> bool {
        self.points.first().is_some_and(|point| point.signature.writes(argument))
    }

    /// How many bytes of machine code there are.
    pub fn size(&self) -> usize {
        self.code.len()
    }
}
