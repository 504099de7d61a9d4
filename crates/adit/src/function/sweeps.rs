//! Runs that belong to one call of the user's.
//!
//! In: which derivative of a function, and frames. Out: results, and frames written to. Code and memory serve all runs; what the program prints is printed by the first alone. Nothing is laid
//! out here.

use super::Function;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::pipeline::Derivative;
use adit_ir::Scalar;
use adit_runtime::Entry;
use adit_runtime::Workspace;

/// Compiled code with memory of its own.
pub(crate) struct Sweeps<'f> {
    function: &'f Function,
    entry: Entry,
    workspace: Workspace,
}

impl<'f> Sweeps<'f> {
    /// The first run prints.
    pub(crate) fn new(function: &'f Function, derivative: &Derivative) -> Result<Self> {
        let (entry, workspace) = (function.entry(derivative)?, function.workspace());
        Ok(Sweeps { function, entry, workspace })
    }

    /// No run prints.
    pub(crate) fn quiet(function: &'f Function, derivative: &Derivative) -> Result<Self> {
        let mut sweeps = Sweeps::new(function, derivative)?;
        sweeps.workspace.set_sink(None);
        Ok(sweeps)
    }

    /// Runs once.
    pub(crate) fn run(&mut self, frame: &mut Frame) -> Result<Vec<Scalar>> {
        let Sweeps { function, entry, workspace } = self;
        let mut results = Vec::new();
        let call = || entry.call(workspace, &mut frame.arguments(), &mut results);
        let outcome = function.options().timed("run", call);
        outcome.map_err(|e| Error::run(&e, function.sources().clone()))?;
        self.workspace.set_sink(None);
        Ok(results)
    }
}
