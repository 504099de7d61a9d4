//! Lexer, parser and syntax tree of the Adit language.

pub mod ast;
