//! The lowering, tested by running what it makes: source → typed tree → SSA, verified → interpreted.
//!
//! Each test is a program, arguments and what comes out; where the language page fixes an order, programs print.

mod harness;

mod aggregates;
mod arrays;
mod control;
mod random;
mod scalars;
mod text;
