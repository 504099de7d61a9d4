//! Derivatives, run by the reference interpreter and compared with what they must be.

mod calls;
mod checkpoints;
mod hand;
mod harness;
mod kinks;
mod lanes;
mod masks;
mod programs;
mod random;
mod resolve;
mod ruled;
mod single;
mod text;
