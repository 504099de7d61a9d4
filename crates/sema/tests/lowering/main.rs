//! The lowering, tested by running what it makes: source → typed tree → SSA, verified → interpreted.
//!
//! Each test is a program, arguments and what comes out; where the language page fixes an order, programs print.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect fails, and shows why"
)]

mod harness;

mod aggregates;
mod arrays;
mod control;
mod random;
mod scalars;
mod specialised;
mod text;
