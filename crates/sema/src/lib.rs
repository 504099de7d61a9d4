//! Names, types, dimensions, and lowering to SSA, of the Adit language.
//!
//! In: syntax trees. Out: diagnostics, or a typed program ([`typed`]) and its SSA form.

pub mod check;
pub mod conventions;
pub mod layout;
pub mod lower;
pub mod squares;
pub mod typed;

pub use check::{Checked, HostFn, check, check_with};
