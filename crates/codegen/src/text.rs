//! The last stages as text: Cranelift IR, its machine IR, and machine code beside the source.
//!
//! In: a module, one of its functions, options; for machine code also a way from spans to source lines. Out: text to read.
//!
//! ```text
//! ; 3 | s = s + x[i] * x[i]
//!     001f  vmovsd    (%rdx,%rax,8),%xmm1
//!     0024  vmulsd    %xmm1,%xmm1,%xmm1
//! ```
//!
//! The code is compiled for itself, as [`compile`](crate::compile) would, but not linked; nothing runs.

use crate::compiler::Compiler;
use crate::disasm::{Instruction, disassemble};
use crate::error::CodegenError;
use crate::lower::namespace;
use crate::machine::compile_context;
use crate::options::Options;
use crate::straight::Straight;
use crate::unit::Reach;
use adit_diag::Span;
use adit_ir::{FuncId, Module};
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::ir::{ExternalName, SourceLoc, UserExternalName};
use std::fmt::{Display, Write};

/// Finds the line of a span: its number, and its text.
pub type SourceLines<'a> = &'a dyn Fn(Span) -> Option<(usize, String)>;

/// A function as Cranelift IR, before Cranelift's own optimisation.
pub fn clif_text(module: &Module, f: FuncId, options: &Options) -> Result<String, CodegenError> {
    let mut compiler = Compiler::new(module, &[f], options, Reach::Address)?;
    compiler.lower(f)?;
    let text = compiler.context.func.display().to_string();
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(line);
        if let Some(name) = declared(line).and_then(|name| compiler.name(&name)) {
            let _ = write!(out, "  ; {name}");
        }
        out.push('\n');
    }
    Ok(out)
}

/// The external function that a line like `fn0 = u1:3 sig0` declares.
fn declared(line: &str) -> Option<UserExternalName> {
    let (_, rest) = line.trim().strip_prefix("fn")?.split_once(" = ")?;
    let name = rest.split_whitespace().find_map(|word| word.strip_prefix('u'))?;
    let (space, index) = name.split_once(':')?;
    Some(UserExternalName::new(space.parse().ok()?, index.parse().ok()?))
}

/// A function as Cranelift's machine IR, after register allocation.
pub fn vcode_text(module: &Module, f: FuncId, options: &Options) -> Result<String, CodegenError> {
    let mut compiler = Compiler::new(module, &[f], options, Reach::Address)?;
    compiler.compile_only(f, true)?;
    let compiled = compiler.context.compiled_code().and_then(|c| c.vcode.clone());
    compiled.ok_or_else(|| CodegenError::Internal("no machine IR".into()))
}

/// A function as machine code, with the source line beside each group of instructions.
pub fn native_text(
    module: &Module,
    f: FuncId,
    options: &Options,
    source: SourceLines<'_>,
) -> Result<String, CodegenError> {
    let mut compiler = Compiler::new(module, &[f], options, Reach::Address)?;
    compiler.compile_only(f, false)?;
    let compiled = compiler.context.compiled_code().ok_or_else(|| CodegenError::Internal("no code".into()))?;
    let locations = Locations::new(&compiler, source);
    let mut out = String::new();
    list(&mut out, compiled.code_buffer(), &locations, &compiler.relocated_names());
    for (place, run) in compiler.unit.straight.iter().enumerate() {
        let _ = writeln!(out, "\n{}:", run_name(place));
        list(&mut out, &run.code, &Locations::of_run(run, source), &run.calls);
    }
    Ok(out)
}

/// Writes machine code beside its source lines.
fn list(out: &mut String, code: &[u8], locations: &Locations, names: &[(u32, impl Display)]) {
    let mut line = None;
    for Instruction { start, bytes, text } in disassemble(code, locations.end) {
        if let Some(found) = locations.line(start)
            && line.as_ref() != Some(&found)
        {
            let _ = writeln!(out, "; {} | {}", found.0, found.1.trim());
            line = Some(found);
        }
        let _ = write!(out, "    {start:04x}  {text}");
        let from = names.partition_point(|(at, _)| *at < start);
        for (_, name) in names[from..].iter().take_while(|(at, _)| *at < start + bytes) {
            let _ = write!(out, "  ; {name}");
        }
        out.push('\n');
    }
}

/// What code made without Cranelift is called.
fn run_name(place: usize) -> String {
    format!("run {place}")
}

/// The source lines of ranges of code.
struct Locations {
    /// Where the last instruction of the program ends.
    end: u32,
    ranges: Vec<(u32, u32, (usize, String))>,
}

impl Locations {
    fn new(compiler: &Compiler<'_>, source: SourceLines<'_>) -> Self {
        let compiled = compiler.context.compiled_code();
        let sorted = compiled.map_or(&[][..], |c| c.buffer.get_srclocs_sorted());
        let line = |location: SourceLoc| compiler.unit.spans.span(location).filter(|s| !s.is_none()).and_then(source);
        let ranges = sorted.iter().filter_map(|r| Some((r.start, r.end, line(r.loc)?))).collect();
        let end = sorted.iter().map(|r| r.end).max().unwrap_or(0);
        Locations { end, ranges }
    }

    fn of_run(run: &Straight, source: SourceLines<'_>) -> Self {
        let end = run.end as u32;
        let ends = run.lines.iter().skip(1).map(|&(start, _)| start).chain([end]);
        let ranges = run.lines.iter().zip(ends).filter(|((_, span), _)| !span.is_none());
        let ranges = ranges.filter_map(|(&(start, span), behind)| Some((start, behind, source(span)?))).collect();
        Locations { end, ranges }
    }

    fn line(&self, at: u32) -> Option<(usize, String)> {
        let after = self.ranges.partition_point(|r| r.0 <= at);
        let (_, end, line) = self.ranges.get(after.checked_sub(1)?)?;
        (at < *end).then(|| line.clone())
    }
}

impl Compiler<'_> {
    /// Compiles one function into `self.context`.
    fn compile_only(&mut self, f: FuncId, disassembly: bool) -> Result<(), CodegenError> {
        let isa = self.lower(f)?;
        self.context.set_disasm(disassembly);
        compile_context(&mut self.context, &*isa, &self.unit.module.function(f).name)
    }

    /// What a number of an external function stands for.
    fn name(&self, name: &UserExternalName) -> Option<String> {
        let place = name.index as usize;
        if name.namespace == namespace::STRAIGHT {
            Some(run_name(place))
        } else if name.namespace == namespace::SHARED {
            Some(format!("loop {place}"))
        } else if name.namespace == namespace::COMPILED {
            let f = *self.unit.graph.order.get(place)?;
            Some(format!("@{}", self.unit.module.function(f).name))
        } else {
            // A thunk goes by the name of its import.
            self.unit.imports.get(place).map(|import| (*import).to_owned())
        }
    }

    /// Where addresses of other functions stand in the code, and whose.
    fn relocated_names(&self) -> Vec<(u32, String)> {
        let compiled = self.context.compiled_code();
        let all = compiled.map_or(&[][..], |c| c.buffer.relocs());
        let func = &self.context.func;
        let name = |target: &FinalizedRelocTarget| match target {
            FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                self.name(&func.params.user_named_funcs()[*name])
            }
            FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => Some(call.to_string()),
            FinalizedRelocTarget::ExternalName(ExternalName::TestCase(_) | ExternalName::KnownSymbol(_)) => None,
            FinalizedRelocTarget::Func(_) => None,
        };
        let mut names: Vec<_> = all.iter().filter_map(|r| Some((r.offset, name(&r.target)?))).collect();
        names.sort();
        names
    }
}
