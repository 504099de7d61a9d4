//! Long-lived values of large functions live in memory.
//!
//! In: a function. Out: a [`Plan`].

use adit_ir::{Function, Value};

/// Which values live in memory.
#[derive(Debug)]
pub(crate) struct Plan {
    slots: Vec<u32>,
}

impl Plan {
    pub(crate) fn new(_: &Function) -> Self {
        Plan { slots: Vec::new() }
    }

    /// Where a value lives, if in memory.
    pub(crate) fn slot(&self, v: Value) -> Option<u32> {
        self.slots.get(v.index()).copied().filter(|&s| s != u32::MAX)
    }
}

use crate::error::CodegenError;
use crate::lower::Lower;
use cranelift_codegen::ir;

impl Lower<'_, '_, '_, '_> {
    pub(crate) fn open_frame(&mut self) -> Result<(), CodegenError> {
        Ok(())
    }

    pub(crate) fn reload(&mut self, v: Value, _slot: u32) -> ir::Value {
        self.reloads.get(v).map(|r| r.0).unwrap_or(self.context)
    }

    pub(crate) fn keep(&mut self, v: Value, _slot: u32, clif: ir::Value) {
        self.values[v.index()] = Some(clif);
    }
}
