//! Why there is no code.
//!
//! In: what the other files found. Out: [`CodegenError`]: limits, machines that will not do, or bugs. What stops a run is a [`RunError`](adit_ir::RunError).

use std::fmt;

/// Why a module could not be compiled.
#[derive(Clone, PartialEq, Debug)]
pub enum CodegenError {
    /// Cranelift has no back end for this machine.
    UnsupportedHost(String),
    /// No such processor, or this machine lacks some of its instructions.
    UnsupportedCpu(String),
    /// A function is too large for the machine: so many instructions, or regions nested so deeply.
    TooLarge {
        /// Its name.
        function: String,
        /// What there is too much of.
        what: &'static str,
    },
    /// A derivative that is declared and not made: there is nothing to compile.
    Unmade {
        /// Its name.
        function: String,
    },
    /// A bug, of this crate or of Cranelift, or IR that does not verify.
    Internal(String),
}

impl fmt::Display for CodegenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodegenError::UnsupportedHost(why) => write!(f, "no native code for this machine: {why}"),
            CodegenError::UnsupportedCpu(name) => write!(f, "this machine cannot run code for the processor `{name}`"),
            CodegenError::TooLarge { function, what } => write!(f, "`{function}` has too {what} for native code"),
            CodegenError::Unmade { function } => write!(f, "the derivative `{function}` is declared and not made"),
            CodegenError::Internal(what) => write!(f, "internal error in code generation (please report it): {what}"),
        }
    }
}

impl std::error::Error for CodegenError {}
