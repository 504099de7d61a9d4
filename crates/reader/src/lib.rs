//! Reads the text form of Adit's SSA.
//!
//! In: the text of an `.adir` file. Out: a [`Module`], or diagnostics `AD1001` with the place of what is wrong, at most one per function. It is the inverse of
//! [`adit_ir::print_module`]: what that prints reads back as the same program. Values may have any numbers (`v7`), each once per function; instructions get their
//! place in the text as span.
//!
//! Types that the text implies are computed here, so a text can be refused for adding up to nothing (`load` of what is no array); all other rules are
//! the verifier's. [`read_verified`] asks it and gives `AD1002`. No text, however malformed, makes reading panic or recurse without bound.

mod header;
mod lexer;
mod ops;
mod parser;

use adit_diag::{Code, Diagnostic, FileId, Span};
use adit_ir::{Module, verify};

/// The syntax of the text form is broken.
pub const SYNTAX: Code = Code("AD1001");

/// The text reads, but what it says is no well-formed program.
pub const ILL_FORMED: Code = Code("AD1002");

/// Reads a module.
pub fn read_module(file: FileId, text: &str) -> Result<Module, Vec<Diagnostic>> {
    let end = u32::try_from(text.len()).map_err(|_| {
        let message = "a text of 4 GiB or more cannot be read";
        vec![Diagnostic::new(SYNTAX, Span::new(file, 0, 0), message)]
    })?;
    let tokens = lexer::lex(file, text).map_err(|d| vec![*d])?;
    parser::Source { file, text, end, tokens }.module()
}

/// Reads a module and verifies it.
pub fn read_verified(file: FileId, text: &str) -> Result<Module, Vec<Diagnostic>> {
    let module = read_module(file, text)?;
    match verify(&module) {
        Ok(()) => Ok(module),
        Err(violations) => {
            Err(violations.into_iter().map(|v| Diagnostic::new(ILL_FORMED, v.span, v.to_string())).collect())
        }
    }
}

#[cfg(test)]
mod tests;
