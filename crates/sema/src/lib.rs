//! Names, types, dimensions, and lowering to SSA, of the Adit language.
//!
//! In: syntax trees. Out: diagnostics, or a typed program ([`typed`]) and its SSA form.

pub mod layout;
pub mod typed;
