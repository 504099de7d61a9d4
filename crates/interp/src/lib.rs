//! The reference meaning of Adit's SSA, and of its syntax tree.

pub mod ir;
pub mod tree;
