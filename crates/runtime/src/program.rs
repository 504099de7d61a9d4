//! What machine code needs beside itself to run.
//!
//! In: the tables that the compiler filled. Out: [`Program`], which the compiled code's statuses and numbers point into: where it may stop, how much stack its functions need, the lines it prints, the
//! functions without a body that it calls, the calls that may be divided. A [`Workspace`](crate::Workspace) holds it during a call. It can be written down and read back; addresses it holds none.

use crate::external::ExternalCall;
use crate::print::PrintLine;
use crate::spread::SpreadCall;
use adit_diag::Span;
use adit_ir::Trap;
use serde::{Deserialize, Serialize};

/// A place where a program can stop.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Site {
    /// Which rule it may break there.
    pub trap: Trap,
    /// The source position.
    pub span: Span,
}

/// The tables of compiled code.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Program {
    /// The status that compiled code returns is a place in this list, plus 1.
    pub sites: Vec<Site>,
    /// For each function, the bytes of stack that it and its calls need.
    pub needs: Vec<u64>,
    /// What `print` writes, by place.
    pub lines: Vec<PrintLine>,
    /// Calls of functions without a body, by place.
    pub externals: Vec<ExternalCall>,
    /// Calls that threads may divide among themselves, by place.
    pub spreads: Vec<SpreadCall>,
}
