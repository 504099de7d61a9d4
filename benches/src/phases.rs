//! Where compile time goes: the rooms of the compiler, one after the other, with a clock between them.
//!
//! In: source text and a function of it. Out: milliseconds per room on the way to its gradient in machine code, and how many instructions there were. It calls the rooms as the
//! library's pipeline does for the default options, with every float parameter active; a number here is a hint where to look, those of [`crate::table`] are what users wait for.

use crate::Result;
use adit::bench::clock::once;
use adit_diag::FileId;
use adit_ir::{FuncId, Module, ScalarType, Type};

/// Milliseconds of one room.
pub type Phase = (&'static str, f64);

/// What one walk through the rooms took.
#[derive(Clone, Debug)]
pub struct Phases {
    /// The rooms, in order.
    pub phases: Vec<Phase>,
    /// Instructions of the function as lowered, and of its gradient as compiled.
    pub instructions: (usize, usize),
}

/// Walks through the rooms once.
///
/// # Errors
/// If the program does not compile.
pub fn walk(source: &str, function: &str) -> Result<Phases> {
    let mut phases = Vec::new();
    let mut note = |name: &'static str, ms: f64| phases.push((name, ms));

    let (ms, parsed) = once(|| adit_syntax::parse(FileId(0), source));
    note("parse", ms);
    let (ms, checked) = once(|| adit_sema::check(&parsed.file));
    note("check", ms);
    let program = checked.program.ok_or("the program does not compile")?;
    let (ms, lowered) = once(|| adit_sema::lower::lower(&program));
    note("lower", ms);
    let mut module = lowered.map_err(|_| "the program does not lower")?;
    let id = module.find(function).ok_or("there is no such function")?;
    let before = module.function(id).inst_count();

    let (ms, ()) = once(|| clean(&mut module, id));
    note("clean up", ms);
    let active = active(&module, id);
    let (ms, made) = once(|| adit_autodiff::vjp(&mut module, id, &active));
    note("differentiate", ms);
    let id = made.map_err(|r| r.to_diagnostic().message)?;
    let (ms, ()) = once(|| clean(&mut module, id));
    note("clean up", ms);
    let after = module.function(id).inst_count();
    let options = adit_codegen::Options::default();
    let (ms, code) = once(|| adit_codegen::compile(&module, &[id], &options));
    note("machine code", ms);
    code.map_err(|e| e.to_string())?;
    Ok(Phases { phases, instructions: (before, after) })
}

fn clean(module: &mut Module, id: FuncId) {
    let f = adit_opt::clean_up(module, module.function(id));
    *module.function_mut(id) = f;
}

/// Every parameter that holds floats.
fn active(module: &Module, id: FuncId) -> Vec<bool> {
    let f = module.function(id);
    let float = |ty: &Type| match ty {
        Type::Scalar(s) => *s == ScalarType::F64,
        Type::Array(a) => a.element == ScalarType::F64,
        Type::Tape(_) => false,
    };
    f.params.iter().map(|p| float(f.ty(p.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_in_machine_code() {
        let walked = walk(&crate::straight::program(10), "straight").expect("it compiles");
        assert_eq!(walked.phases.len(), 7);
        assert!(walked.instructions.0 < walked.instructions.1);
        assert!(walk("fn f(", "f").is_err());
    }
}
