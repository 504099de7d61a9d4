//! As far as the compiler lets a text come.

use super::{Kind, Reached};
use crate::fuzz::call::{difference, run_ir, run_native, zeros};
use crate::fuzz::compile::verified;
use adit_autodiff::{Options, jvp_with, vjp_with};
use adit_diag::{FileId, SourceMap, render};
use adit_interp::ir::{Array, Cell, Data, Input, Interpreter, Number};
use adit_ir::{FuncId, Function, Int, Limits, Module, ScalarType, Trap, Type, print_module};
use adit_sema::typed::FnId;
use adit_syntax::ast::ItemKind;

/// Small enough for any program to be over soon: fewer steps if each may be long.
fn limits(module: &Module) -> Limits {
    let size: usize = module.iter().map(|(_, f)| f.live_inst_count()).sum();
    let steps = (MOST_INSTRUCTIONS / size.max(1)).clamp(10, 3000) as u64;
    Limits { memory_bytes: 4 << 20, tape_bytes: None, depth: 40, steps: Some(steps), threads: 1 }
}

/// What one run may take in all, roughly.
const MOST_INSTRUCTIONS: usize = 3_000_000;

/// Derivatives may not grow beyond this.
const INSTRUCTIONS: usize = 200_000;

/// Larger functions are not compiled here: that takes long for reasons that are no mistake.
const LARGE: usize = 4000;

/// The IR of a program as text, if it is one.
pub(super) fn ir_text(source: &str) -> Option<String> {
    let module = front_end(source).ok()?.0?;
    let mut module = crate::fuzz::relations::all_cleaned(&module);
    let f = module.ids().next()?;
    let active = crate::fuzz::call::active(module.function(f));
    // A derivative beside it, so that tapes are spoiled too.
    let _ = vjp_with(&mut module, f, &active, &Options::default());
    Some(print_module(&module))
}

/// Everything that can be done with a text.
pub(super) fn whole(kind: Kind, text: &str) -> Result<Reached, String> {
    let mut reached = Reached::default();
    let module = match kind {
        Kind::Source => front_end(text)?.0,
        Kind::Ir => adit_reader::read_verified(FileId(0), text).ok(),
    };
    let Some(mut module) = module else {
        reached.refused += 1;
        return Ok(reached);
    };
    reached.accepted += 1;
    if kind == Kind::Source {
        verified(&module).map_err(|e| format!("lowered IR breaks a rule: {e}"))?;
    }
    // What cannot be made stays as it is, and is refused by all that follows.
    for id in module.ids().take(6) {
        let options = Options { instructions: INSTRUCTIONS, ..Options::default() };
        let _ = adit_autodiff::resolve(&mut module, id, adit_autodiff::MAX_ORDER, &options, &mut |_, _| {});
    }
    verified(&module).map_err(|e| format!("derivatives within break a rule: {e}"))?;
    let cleaned = crate::fuzz::relations::all_cleaned(&module);
    verified(&cleaned).map_err(|e| format!("cleaned IR breaks a rule: {e}"))?;
    for id in module.ids().take(6) {
        both(&module, &cleaned, id, &mut reached)?;
        derivatives(&cleaned, id, &mut reached)?;
    }
    Ok(reached)
}

/// Parses, checks, renders what is told, lowers.
fn front_end(text: &str) -> Result<(Option<Module>, usize), String> {
    let mut sources = SourceMap::new();
    let file = sources.add("hostile.ad", text);
    let parsed = adit_syntax::parse(file, text);
    let checked = adit_sema::check(&parsed.file);
    let told: Vec<_> = parsed.diagnostics.iter().chain(&checked.diagnostics).collect();
    for diagnostic in told.iter().take(5) {
        if render(&sources, diagnostic, false).is_empty() {
            return Err("a diagnostic is rendered as nothing".into());
        }
    }
    let Some(program) = checked.program.filter(|_| told.is_empty()) else {
        // Imports are read by the library.
        let imports = parsed.file.items.iter().any(|item| matches!(item.kind, ItemKind::Import(_)));
        if told.is_empty() && !imports {
            return Err("there is neither a program nor a diagnostic".into());
        }
        return Ok((None, told.len()));
    };
    for k in 0..program.functions.len() {
        let _ = adit_sema::layout::Layout::of(&program, FnId(k as u32));
    }
    match adit_sema::lower::lower(&program) {
        Ok(module) => Ok((Some(module), 0)),
        Err(diagnostics) if diagnostics.is_empty() => Err("lowering fails without a word".into()),
        Err(diagnostics) => Ok((None, diagnostics.len())),
    }
}

/// Arguments for any function: each dimension 2, floats between 0 and 1, integers 1.
fn arguments(f: &Function) -> Vec<Input<f64>> {
    let mut next = 0.0;
    let mut float = || {
        next += 0.37;
        next % 1.0
    };
    let arg = |p: &adit_ir::Param| match f.ty(p.value) {
        Type::Scalar(ScalarType::F64) => Input::Scalar(Cell::F64(float())),
        Type::Scalar(ScalarType::F32) => Input::Scalar(Cell::F32(Number::single(float()))),
        Type::Scalar(ScalarType::I64) => Input::Scalar(Cell::I64(2)),
        Type::Scalar(ScalarType::Bool) => Input::Scalar(Cell::Bool(true)),
        Type::Array(ty) => {
            let dims: Vec<i64> = ty.dims.iter().map(|d| if let Int::Const(c) = d { *c } else { 2 }).collect();
            let sane = dims.iter().all(|d| (0..50).contains(d));
            let dims = if sane { dims } else { dims.iter().map(|_| 1).collect() };
            let mut array = zeros(ty.element, &dims);
            if let Array { data: Data::F64(x) | Data::F32(x), .. } = &mut array {
                x.iter_mut().for_each(|x| *x = Number::single(float()));
            }
            Input::Array(array)
        }
        Type::Tape(_) => Input::Scalar(Cell::I64(0)),
    };
    f.params.iter().map(arg).collect()
}

/// Interprets and compiles one function, cleaned and not: all must end alike.
fn both(module: &Module, cleaned: &Module, id: FuncId, reached: &mut Reached) -> Result<(), String> {
    let f = module.function(id);
    let inputs = arguments(f);
    let allowed = limits(module);
    let interpreter = Interpreter::new(module, allowed);
    let plain = run_ir(&interpreter, f, id, &inputs).map(|(answer, _)| answer);
    match &plain {
        Ok(_) => reached.ran += 1,
        Err(_) => reached.stopped += 1,
    }
    let size: usize = cleaned.iter().map(|(_, f)| f.live_inst_count()).sum();
    if size > LARGE {
        return Ok(());
    }
    let options = adit_codegen::Options { opt: adit_codegen::OptLevel::O0, fuel: true, ..Default::default() };
    let code = match adit_codegen::compile(cleaned, &[id], &options) {
        Ok(code) => code,
        Err(adit_codegen::CodegenError::Internal(what)) => return Err(format!("code generation fails: {what}")),
        Err(_) => return Ok(()),
    };
    let entry = code.entry(id).ok_or("there is no entry")?;
    let native = run_native(&entry, cleaned.function(id), &inputs, &allowed);
    // Clean-up may save steps, memory and calls, never take more.
    let limited = |trap: &Trap| matches!(trap, Trap::StepLimit | Trap::MemoryLimit | Trap::RecursionTooDeep);
    match (&plain, &native) {
        (Ok(a), Ok(b)) => difference(a, b).map_or(Ok(()), |d| Err(format!("interpreter and compiled code: {d}"))),
        (Err(a), Err(b)) if a.trap.code() == b.trap.code() || limited(&a.trap) => Ok(()),
        (Err(a), _) if limited(&a.trap) => Ok(()),
        // Compiled code knows how many bytes a record has, not of which kind they are.
        (Err(a), _) if a.trap == Trap::EmptyTape => Ok(()),
        (a, b) => Err(format!("interpreter and compiled code: {:?} and {:?}", a.as_ref().err(), b.as_ref().err())),
    }
}

/// Both derivatives, forward mode also with several lanes, run with seeds of 1.
fn derivatives(cleaned: &Module, id: FuncId, reached: &mut Reached) -> Result<(), String> {
    let active = crate::fuzz::call::active(cleaned.function(id));
    for (reverse, lanes) in [(false, 1), (false, 3), (true, 1)] {
        let options = Options { instructions: INSTRUCTIONS, lanes, ..Options::default() };
        let mut module = cleaned.clone();
        let made = if reverse {
            vjp_with(&mut module, id, &active, &options)
        } else {
            jvp_with(&mut module, id, &active, &options)
        };
        let Ok(made) = made else { continue };
        reached.derived += 1;
        verified(&module).map_err(|e| format!("a derivative breaks a rule: {e}"))?;
        let f = module.function(made);
        let interpreter = Interpreter::new(&module, limits(&module));
        let _ = run_ir(&interpreter, f, made, &arguments(f));
    }
    Ok(())
}
