//! What a compilation can be asked for.
//!
//! In: the host's wishes. Out: [`Options`]. Nothing here touches Cranelift; what an option does is written beside each.

use crate::mutant::Mutant;

/// How much time to spend for faster code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum OptLevel {
    /// The fastest compilation: no optimisation, one allocation pass.
    O0,
    /// No optimisation, full register allocation.
    O1,
    /// Full optimisation, less for very large functions.
    #[default]
    O2,
    /// Full optimisation.
    O3,
}

/// Which instructions may be used.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cpu {
    /// All that this machine has.
    #[default]
    Native,
    /// Those that every machine of this architecture has.
    Baseline,
    /// Those of a processor by Cranelift's name (`haswell`, `znver3`, …). This machine must have them all.
    Named(String),
}

/// Whether several iterations of a loop run at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Vectors {
    /// Never.
    #[default]
    Off,
    /// Where it is worth it.
    On,
    /// Wherever it can be done, from two iterations on, in short blocks: for tests, whose loops are short.
    Eager,
}

/// Whether kernels take the place of nests of loops that are products of matrices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Products {
    /// Never.
    #[default]
    Off,
    /// Where extents make it worth a call.
    On,
    /// Wherever there is something to do: for tests, whose matrices are small.
    Eager,
}

/// What a compilation can be asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Options {
    /// Time spent on speed.
    pub opt: OptLevel,
    /// Instructions used.
    pub cpu: Cpu,
    /// Source order of every operation, bit for bit: no vectors, whatever [`Options::vectors`] says.
    pub strict: bool,
    /// Runs several iterations of a loop at once where they have nothing to do with one another, or only add something up; not with [`Options::strict`] and [`Options::fuel`].
    pub vectors: Vectors,
    /// Products of matrices by kernels; not with [`Options::strict`] and [`Options::fuel`].
    pub products: Products,
    /// A seeded bug: tests only.
    pub mutant: Option<Mutant>,
    /// Keeps every bounds check, even those proved superfluous.
    pub keep_checks: bool,
    /// Counts steps, so that [`Limits::steps`](adit_ir::limits::Limits::steps) holds. Without it that limit is ignored.
    pub fuel: bool,
    /// Functions of more instructions are large: their long-lived values are kept in memory, and their long runs of arithmetic compiled without Cranelift.
    pub large_above: usize,
    /// Runs of arithmetic in large functions are long from so many operations on.
    pub run_from: usize,
    /// Functions of more instructions have loops that differ in nothing but what they mention compiled once, and short code rather than fast code around them; not with [`OptLevel::O3`].
    pub share_above: usize,
    /// Functions that are one loop from their first parameter to their second: calls of those whose loop threads can divide among themselves are so divided.
    pub spread: Vec<adit_ir::FuncId>,
    /// Runs Cranelift's verifier.
    pub verify_clif: bool,
}

impl Default for Options {
    /// Fast code for this machine.
    fn default() -> Self {
        Options {
            opt: OptLevel::default(),
            cpu: Cpu::default(),
            strict: true,
            vectors: Vectors::Off,
            products: Products::Off,
            mutant: None,
            keep_checks: false,
            fuel: false,
            large_above: 600,
            run_from: 100,
            share_above: 1_000,
            spread: Vec::new(),
            verify_clif: cfg!(debug_assertions),
        }
    }
}
