//! Native code for Adit's SSA, by Cranelift.
