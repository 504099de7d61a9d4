//! Programs as IR text, and the clean-up passes by name.
//!
//! In: IR text, or a module; names of passes. Out: modules that verify. What passes there are is told by the table of the optimiser alone. Nothing is differentiated or compiled here.

use crate::error::{Error, Result};
use adit_diag::{Code, SourceMap};
use adit_ir::{FuncId, Module, verify};
use std::sync::Arc;

/// Names of all passes, each with a line that says what it does.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    adit_opt::PASSES.iter().map(|pass| (pass.name, pass.about))
}

/// The passes that the compiler runs before and after differentiation, in order.
pub fn clean_up() -> &'static [&'static str] {
    adit_opt::CLEAN_UP
}

/// Reads IR text and verifies it; errors speak of it by `name`.
///
/// ```
/// let module = adit::parse_ir("twice", "func @twice(v0: f64) -> f64 {\n  v1 = add v0, v0\n  return v1\n}\n")?;
/// assert_eq!(adit::passes::run(module.clone(), "cse")?.len(), module.len());
/// # Ok::<(), adit::Error>(())
/// ```
///
/// # Errors
/// Every function that does not read, or every rule that it breaks.
pub fn parse_ir(name: &str, text: &str) -> Result<Module> {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    adit_reader::read_verified(file, text).map_err(|diagnostics| Error::compile(diagnostics, Arc::new(sources)))
}

/// Runs one pass on every function of a module that verifies.
///
/// # Errors
/// If there is no such pass.
pub fn run(mut module: Module, pass: &str) -> Result<Module> {
    let found = adit_opt::find(pass).ok_or_else(|| {
        let names: Vec<&str> = all().map(|(name, _)| name).collect();
        Error::input(Code("AD0901"), format!("there is no pass `{pass}`; there are {}", names.join(", ")))
    })?;
    let ids: Vec<FuncId> = module.iter().filter(|(_, f)| f.derived.is_none()).map(|(id, _)| id).collect();
    for id in ids {
        if let Some(changed) = (found.run)(&module, module.function(id), adit_opt::Options::default()) {
            *module.function_mut(id) = changed;
        }
    }
    verify(&module).map_err(|_| Error::internal(format!("the pass `{pass}` left IR that does not verify")))?;
    Ok(module)
}
