//! The pipeline: from source text to the IR of any derivative, and to native code.
//!
//! In: source text, options, and which [`Derivative`] of which function. Out: IR at every stage, and [`Code`]. One direction: text → tree → typed tree → SSA → cleaned SSA →
//! derivative → cleaned derivative → machine code. Nothing is cached here and no numbers are seen.

use crate::consequences;
use crate::error::{Error, Result};
use crate::imports::{self, Loader};
use crate::options::Options;
use crate::roomy::roomy;
use adit_autodiff::Refusal;
use adit_codegen::{Code, CodegenError, Image};
use adit_diag::{Code as DiagCode, Diagnostic, FileId, SourceMap, Span};
use adit_ir::{CallGraph, Const, FuncId, Function, Inst, Module, Op, ScalarType};
use adit_sema::HostFn;
use adit_sema::typed::Program;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Iterations of a block of a loop that is split: so many that functions over slices are at their best, and so few that a block stays in the nearest cache.
const BLOCK: i64 = 128;

/// A program after the front end.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) sources: Arc<SourceMap>,
    pub(crate) file: FileId,
    pub(crate) program: Program,
    pub(crate) ir: Module,
}

/// What is made of a function. Masks say for each parameter of the IR function whether it is active.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Derivative {
    Primal,
    /// Forward, along so many directions at once.
    Jvp(Vec<bool>, usize),
    Vjp(Vec<bool>),
    /// Reverse, with the seed 1 for the first float that is returned and 0 for others: these are literals, not parameters.
    Gradient(Vec<bool>),
    /// Forward over reverse, along so many directions at once.
    Hvp(Vec<bool>, usize),
    /// Reverse over reverse.
    ReverseOverReverse(Vec<bool>),
    /// The first half of [`Derivative::Vjp`]: what the function does, and a record of it on a tape.
    Augmented(Vec<bool>),
    /// The second: the reverse sweep, from the tape.
    Reversed(Vec<bool>),
    /// One of these, in which rules of one mode serve the other, even where arrays move. Those of second order do so anyway.
    Completed(Box<Derivative>),
}

impl fmt::Display for Derivative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Derivative::Primal => "its value alone",
            Derivative::Jvp(_, 1) => "this derivative in a direction",
            Derivative::Jvp(..) => "this derivative in several directions",
            Derivative::Vjp(_) => "this derivative of a combination of results",
            Derivative::Gradient(_) => "this gradient",
            Derivative::Hvp(..) | Derivative::ReverseOverReverse(_) => "this second derivative",
            Derivative::Augmented(_) | Derivative::Reversed(_) => "this gradient in two calls",
            Derivative::Completed(derivative) => return derivative.fmt(f),
        })
    }
}

/// A function of a module of its own.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    pub(crate) module: Module,
    pub(crate) id: FuncId,
}

impl Derived {
    pub(crate) fn function(&self) -> &Function {
        self.module.function(self.id)
    }
}

/// Parses, checks and lowers.
pub(crate) fn front_end(source: (&str, &str), loader: Loader<'_>, options: &Options, hosts: &[HostFn]) -> Result<Unit> {
    let loaded = imports::load(source.0, source.1, loader)?;
    roomy(|| checked(loaded, options, hosts))?
}

/// Checks and lowers.
fn checked(loaded: imports::Loaded, options: &Options, hosts: &[HostFn]) -> Result<Unit> {
    let (sources, file) = (Arc::new(loaded.sources), loaded.file);
    let checked = adit_sema::check_with(&loaded.tree, hosts);
    let mut diagnostics = consequences::independent(loaded.diagnostics, checked.diagnostics, &sources);
    diagnostics.sort_by_key(|d| (d.span.file, d.span.start));
    let program = match checked.program {
        Some(program) if diagnostics.is_empty() => program,
        Some(_) | None => return Err(Error::compile(diagnostics, sources)),
    };
    let ir = adit_sema::lower::lower(&program).map_err(|d| Error::compile(d, sources.clone()))?;
    verified(&ir)?;
    adit_autodiff::check_orders(&ir, options.max_order).map_err(|refusals| {
        let diagnostics = refusals.iter().map(Refusal::to_diagnostic).collect();
        Error::compile(diagnostics, sources.clone())
    })?;
    Ok(Unit { sources, file, program, ir })
}

/// Derives from a function of a module; the module's other functions stay reachable by calls.
pub(crate) fn derive(unit: &Unit, id: FuncId, derivative: &Derivative, options: &Options) -> Result<Derived> {
    let refused = |r: Refusal| Error::compile(vec![r.to_diagnostic()], unit.sources.clone());
    let mut module = resolved(unit, id, options)?;
    let derivative = match derivative {
        Derivative::Primal => {
            module.forget_rules();
            derivative
        }
        Derivative::Completed(derivative) => {
            adit_autodiff::complete_rules(&mut module);
            derivative
        }
        Derivative::Hvp(..) | Derivative::ReverseOverReverse(_) => {
            adit_autodiff::complete_rules(&mut module);
            derivative
        }
        Derivative::Jvp(..)
        | Derivative::Vjp(_)
        | Derivative::Gradient(_)
        | Derivative::Augmented(_)
        | Derivative::Reversed(_) => derivative,
    };
    clean(&mut module, id, options);
    let jvp = |module: &mut Module, id, active: &[bool], lanes| {
        adit_autodiff::jvp_with(module, id, active, &options.autodiff(lanes)).map_err(refused)
    };
    let vjp = |module: &mut Module, id, active: &[bool]| {
        adit_autodiff::vjp_with(module, id, active, &options.autodiff(1)).map_err(refused)
    };
    let split = |module: &mut Module, id, active: &[bool]| {
        adit_autodiff::split_with(module, id, active, &options.autodiff(1)).map_err(refused)
    };
    // The reverse derivative, to be differentiated once more, and what of it is active then.
    let inner = |module: &mut Module, active: &[bool]| {
        let of_vjp = active_in_vjp(module.function(id), active);
        let inner = vjp(module, id, active)?;
        clean(module, inner, options);
        Ok::<_, Error>((inner, of_vjp))
    };
    let id = match derivative {
        Derivative::Primal | Derivative::Completed(_) => id,
        Derivative::Jvp(active, lanes) => jvp(&mut module, id, active, *lanes)?,
        Derivative::Vjp(active) => vjp(&mut module, id, active)?,
        Derivative::Gradient(active) => {
            let seeds = module.function(id).results.iter().filter(|ty| ty.is_float()).count();
            let id = vjp(&mut module, id, active)?;
            seed_with_one(module.function_mut(id), seeds);
            id
        }
        Derivative::Augmented(active) => split(&mut module, id, active)?[0],
        Derivative::Reversed(active) => split(&mut module, id, active)?[1],
        Derivative::Hvp(active, lanes) => {
            let (inner, active) = inner(&mut module, active)?;
            jvp(&mut module, inner, &active, *lanes)?
        }
        Derivative::ReverseOverReverse(active) => {
            let (inner, active) = inner(&mut module, active)?;
            vjp(&mut module, inner, &active)?
        }
    };
    verified(&module)?;
    Ok(Derived { module, id })
}

/// The function itself, cleaned, with the rules of what it calls: what derivatives are made of.
pub(crate) fn primal(unit: &Unit, id: FuncId, options: &Options) -> Result<Module> {
    let mut module = resolved(unit, id, options)?;
    clean(&mut module, id, options);
    Ok(module)
}

/// What the reverse derivative of a function saves.
pub(crate) fn saved(unit: &Unit, id: FuncId, active: &[bool], options: &Options) -> Result<adit_autodiff::Report> {
    let mut module = resolved(unit, id, options)?;
    clean(&mut module, id, options);
    adit_autodiff::saved(&module, id, active, &options.autodiff(1))
        .map_err(|r| Error::compile(vec![r.to_diagnostic()], unit.sources.clone()))
}

/// What of a function depends on its active parameters differentiably.
pub(crate) fn reached(unit: &Unit, id: FuncId, active: &[bool], options: &Options) -> Result<adit_autodiff::Reached> {
    let mut module = resolved(unit, id, options)?;
    clean(&mut module, id, options);
    Ok(adit_autodiff::reached(&module, id, active))
}

/// What derivatives of a function flow through.
pub(crate) fn flows(unit: &Unit, id: FuncId, active: &[bool], options: &Options) -> Result<Vec<adit_autodiff::Flow>> {
    let mut module = resolved(unit, id, options)?;
    clean(&mut module, id, options);
    Ok(adit_autodiff::flows(&module, id, active))
}

/// The program's IR, in which a function and all that it reaches call no derivative that is not made.
pub(crate) fn resolved(unit: &Unit, id: FuncId, options: &Options) -> Result<Module> {
    let mut module = unit.ir.clone();
    let mut cleaned = |module: &mut Module, id: FuncId| clean(module, id, options);
    let resolved = adit_autodiff::resolve(&mut module, id, options.max_order, &options.autodiff(1), &mut cleaned);
    resolved.map_err(|r| Error::compile(vec![r.to_diagnostic()], unit.sources.clone()))?;
    Ok(module)
}

/// Cleans what differentiation left. What has derivative rules may be inlined now.
pub(crate) fn optimized(mut derived: Derived, options: &Options) -> Result<Derived> {
    derived.module.forget_rules();
    clean(&mut derived.module, derived.id, options);
    verified(&derived.module)?;
    Ok(derived)
}

/// The module as it goes to the code generator, and what that is told.
pub(crate) fn finished<'d>(derived: &'d Derived, options: &Options) -> (Cow<'d, Module>, adit_codegen::Options) {
    let (strict, told) = (options.strict, options.codegen());
    let fission = fission(&told);
    let threads = options.limits.threads > 1 && options.opt > 1 && !strict && !told.fuel;
    let module = passes(derived, options, fission);
    let parts = || adit_opt::spread::all(&module, derived.id, adit_opt::spread::LEAST_WORK);
    match threads.then(parts).flatten() {
        Some((module, spread)) => (Cow::Owned(module), adit_codegen::Options { spread, ..told }),
        None => (module, told),
    }
}

/// The module after all passes but the one that makes parts for threads.
fn passes<'d>(derived: &'d Derived, options: &Options, fission: Option<adit_opt::Fission>) -> Cow<'d, Module> {
    let strict = options.strict;
    let told = adit_opt::Options { strict, inexact: !strict, fission, ..adit_opt::Options::default() };
    let finish = || adit_opt::finish_all(&derived.module, derived.id, told);
    let finished = (options.opt > 1).then(finish).flatten();
    finished.map_or(Cow::Borrowed(&derived.module), Cow::Owned)
}

/// Which loops are split: those that vector code gains by. Not where steps count, which become more.
fn fission(to: &adit_codegen::Options) -> Option<adit_opt::Fission> {
    let vectors = to.vectors != adit_codegen::Vectors::Off && !to.strict && !to.fuel;
    vectors.then_some(adit_opt::Fission { block: BLOCK, form: adit_codegen::vector_form, eager: false })
}

/// Compiles to machine code that can be kept. It runs on one thread, for what it is linked with starts none.
pub(crate) fn image(derived: &Derived, options: &Options) -> Result<Image> {
    let mut options = options.clone();
    options.limits.threads = 1;
    let (module, told) = finished(derived, &options);
    adit_codegen::image(&module, &[derived.id], &told).map_err(codegen_error)
}

/// Compiles to machine code.
pub(crate) fn compile(derived: &Derived, options: &Options) -> Result<Code> {
    let (module, told) = finished(derived, options);
    adit_codegen::compile(&module, &[derived.id], &told).map_err(codegen_error)
}

pub(crate) fn codegen_error(e: CodegenError) -> Error {
    match e {
        CodegenError::UnsupportedCpu(_) => Error::input(DiagCode("AD0901"), e.to_string()),
        CodegenError::TooLarge { .. } | CodegenError::Unmade { .. } | CodegenError::UnsupportedHost(_) => {
            Error::compile(vec![Diagnostic::new(DiagCode("AD0701"), Span::NONE, e.to_string())], Arc::default())
        }
        CodegenError::Internal(text) => Error::internal(text),
    }
}

/// Puts literals in place of the last parameters of `f__vjp`, its seeds: 1, then zeros.
fn seed_with_one(f: &mut Function, seeds: usize) {
    let first = f.params.len().saturating_sub(seeds);
    let seeds = f.params.split_off(first);
    let literals: Vec<Inst> = seeds
        .iter()
        .zip(std::iter::once(1.0).chain(std::iter::repeat(0.0)))
        .map(|(seed, x)| {
            let ty = f.ty(seed.value).scalar().unwrap_or(ScalarType::F64);
            f.add_inst(Op::Const(Const::float(ty, x)), std::iter::once(seed.value).collect(), f.span)
        })
        .collect();
    f.region_mut(f.body).insts.splice(0..0, literals);
}

/// Which parameters of `f__vjp` are active when it is differentiated again: the primal ones and their shadows, not the seeds.
fn active_in_vjp(f: &Function, active: &[bool]) -> Vec<bool> {
    let shadows = f.params.iter().zip(active).filter(|(p, a)| **a && f.ty(p.value).array().is_some()).count();
    let seeds = f.results.iter().filter(|ty| ty.is_float()).count();
    let mut mask = active.to_vec();
    mask.extend(std::iter::repeat_n(true, shadows).chain(std::iter::repeat_n(false, seeds)));
    mask
}

/// Runs the clean-up passes on a function and all that it calls; without optimisation, functions of the library are inlined alone, so that errors in them have a place.
fn clean(module: &mut Module, id: FuncId, options: &Options) {
    if options.opt > 0 {
        adit_opt::clean_up_all(module, id);
    } else {
        for (f, inlined) in adit_opt::inline::library(module, id) {
            *module.function_mut(f) = inlined;
        }
    }
}

/// A function and all that it calls, directly or not, derivative rules included; the function first.
pub(crate) fn reachable(module: &Module, root: FuncId) -> Vec<FuncId> {
    CallGraph::with_rules(module, &[root]).order
}

/// In debug builds, that a module keeps the IR's rules; a violation is a bug of ours.
fn verified(module: &Module) -> Result<()> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    adit_ir::verify::verify(module).map_err(|violations| {
        let text: Vec<String> = violations.iter().map(|v| v.to_string()).collect();
        Error::internal(format!("the IR does not verify: {}", text.join("; ")))
    })
}
