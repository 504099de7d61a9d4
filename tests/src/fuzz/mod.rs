//! Random programs, and the relations that must hold for each.
//!
//! In: seeds. Out: failures, each shrunk to a small program. [`generate`] writes programs, [`node`] is what they are made of, [`types`] their types, [`features`] counts what
//! they contain.

pub mod bug;
pub mod by_hand;
pub mod call;
pub mod campaign;
pub mod caught;
pub mod compile;
pub mod features;
pub mod generate;
pub mod hostile;
pub mod mutants;
pub mod node;
pub mod progress;
pub mod relations;
pub mod rng;
pub mod shrink;
pub mod tally;
pub mod types;
