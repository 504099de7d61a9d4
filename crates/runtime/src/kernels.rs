//! Kernels for programs that need not be strict.
//!
//! In: a row of the table of kernels and its operands. Out: what the row promises, to rounding.

use adit_ir::Kernel;
use adit_ir::external::{Answer, Operand};

/// Runs a kernel.
pub fn run(kernel: Kernel, operands: &mut [Operand<'_, f64>]) -> Answer<f64> {
    (kernel.row().real)(operands)
}
