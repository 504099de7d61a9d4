//! What is measured, and how: shared by the criterion benches and by the table that the binary prints.
//!
//! In: the programs of `examples/` and `unseen/`, generated straight-line programs, programs of others in `peers/`. Out: times. A problem is the same for Adit and for a peer: the same numbers go
//! to both, and both results are compared before any time counts. Clock and calls are those of [`adit::bench`]. Nothing here knows how the compiler works, but [`phases`], which walks its rooms one by one.

pub mod bundle;
pub mod calls;
pub mod goals;
pub mod kernels;
pub mod nested;
pub mod numbers;
pub mod peer;
pub mod phases;
pub mod plot;
pub mod problems;
pub mod process;
pub mod promises;
pub mod recurrence;
pub mod report;
pub mod rivals;
pub mod serve;
pub mod side;
pub mod straight;
pub mod table;
pub mod unseen;

/// What can go wrong while measuring, in words.
pub type Result<T> = std::result::Result<T, String>;
