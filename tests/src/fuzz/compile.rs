//! From source text to everything that is compared.
//!
//! In: the text of a program. Out: [`Built`]: its typed tree, its IR as lowered and cleaned up, and how its signature is taken apart. Each step can refuse; a program
//! that was written well typed and is refused is a failure like any other.

use super::bug::Bug;
use adit_autodiff::{MAX_ORDER, resolve};
use adit_diag::{FileId, SourceMap, Span, render};
use adit_ir::{FuncId, Module, print_module, verify};
use adit_sema::layout::Layout;
use adit_sema::lower::lower_with;
use adit_sema::typed::{FnId, Program};

/// A program in all its forms.
#[derive(Debug)]
pub struct Built {
    /// The typed tree.
    pub program: Program,
    /// The function under test in it.
    pub tree_main: FnId,
    /// How its signature is taken apart.
    pub layout: Layout,
    /// As lowered, with the derivatives that it contains.
    pub plain: Module,
    /// The function under test in the IR.
    pub main: FuncId,
}

/// What happens to a function before a derivative of it is made within the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clean {
    /// Nothing: derivatives are those of the functions as lowered.
    Nothing,
    /// What the compiler does: it is cleaned up, and so is the derivative.
    Each,
}

/// Parses, checks, lowers, and makes the derivatives that the program contains.
///
/// # Errors
/// What the compiler says, as a person would see it.
pub fn build(source: &str, main: &str, clean: Clean, bug: Bug) -> Result<Built, String> {
    let mut sources = SourceMap::new();
    let file = sources.add("program.ad", source);
    let told = |diagnostics: &Vec<adit_diag::Diagnostic>| {
        diagnostics.iter().map(|d| render(&sources, d, false)).collect::<Vec<_>>().join("\n")
    };
    let parsed = adit_syntax::parse(file, source);
    if !parsed.diagnostics.is_empty() {
        return Err(told(&parsed.diagnostics));
    }
    let checked = adit_sema::check(&parsed.file);
    let Some(program) = checked.program.filter(|_| checked.diagnostics.is_empty()) else {
        return Err(told(&checked.diagnostics));
    };
    let mut plain = lower_with(&program, bug.lowering()).map_err(|d| told(&d))?;
    verified(&plain).map_err(|e| format!("as lowered: {e}"))?;
    let position = program.functions.iter().position(|f| &*f.name == main);
    let tree_main = FnId(position.ok_or("there is no function of that name")? as u32);
    let layout = Layout::of(&program, tree_main).map_err(|e| format!("{e:?}"))?;
    let main = plain.find(main).ok_or("the function was not lowered")?;
    let mut each = |module: &mut Module, id: FuncId| {
        if clean == Clean::Each {
            bug.clean(module, id);
        }
    };
    let resolved = resolve(&mut plain, main, MAX_ORDER, &bug.derivative(), &mut each);
    resolved.map_err(|r| told(&vec![r.to_diagnostic()]))?;
    verified(&plain).map_err(|e| format!("with its derivatives made: {e}"))?;
    Ok(Built { program, tree_main, layout, plain, main })
}

/// That a module keeps the rules of the IR.
///
/// # Errors
/// The rules that it breaks, with its text.
pub fn verified(module: &Module) -> Result<(), String> {
    verify(module).map_err(|violations| {
        let rules: Vec<String> = violations.iter().map(ToString::to_string).collect();
        format!("{}\n{}", rules.join("\n"), print_module(module))
    })
}

/// A place as line and column, for messages and comparison: the start of the span.
pub fn place(source: &str, span: Span) -> Option<(usize, usize)> {
    if span.file == FileId::NONE {
        return None;
    }
    let before = source.get(..span.start as usize)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Some((line, column))
}
