//! The primitive table: each row against numbers computed elsewhere, against its own complex continuation, and against its conventions.

mod accuracy;
mod complex_step;
mod evaluation;
mod kinks;
mod table;
mod tree;
