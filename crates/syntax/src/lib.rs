//! Lexer, parser and syntax tree of the Adit language.
//!
//! What goes in: source text. What comes out: a tree ([`ast::File`]) and diagnostics, several in one run
//! where the mistakes are independent.
//!
//! ```
//! use adit_diag::FileId;
//!
//! let parsed = adit_syntax::parse(FileId(0), "fn f(x: f64) -> f64 { 2 * x + 1 }");
//! assert!(parsed.diagnostics.is_empty());
//! assert_eq!(parsed.file.items.len(), 1);
//! ```
//!
//! What it deliberately does not do: no name is looked up and no type checked. Whatever the text, nothing
//! here panics, loops for ever or runs out of stack ([`ast::MAX_DEPTH`], [`MAX_NESTING`]).

pub mod ast;
mod brackets;
pub mod codes;
pub mod dump;
mod height;
pub mod lexer;
mod literals;
mod parser;

pub use parser::{MAX_DIAGNOSTICS, MAX_NESTING, MAX_SOURCE, Parsed, parse};
