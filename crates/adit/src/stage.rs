//! Stages: what each step of the pipeline makes, as text.
//!
//! In: a function and the name of a stage. Out: text. [`Stage::ALL`] is the one list, in the order of the pipeline. The stages of the IR read back.

use crate::calls::Shape;
use crate::error::Result;
use crate::options::Options;
use crate::pipeline::{self, Derivative, Derived, Unit};
use adit_diag::Span;
use adit_ir::{FuncId, Module, print};
use adit_sema::typed::FnId;
use std::fmt;
use std::str::FromStr;

macro_rules! stages {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// A step of the pipeline that can be shown.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Stage {
            $($(#[$doc])* $variant,)*
        }

        impl Stage {
            /// Every stage, in order.
            pub const ALL: &'static [Stage] = &[$(Stage::$variant,)*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Stage::$variant => $name,)*
                }
            }
        }
    };
}

stages! {
    /// The words of the source.
    Tokens "tokens",
    /// The syntax tree.
    Ast "ast",
    /// The function desugared.
    Lowered "lowered",
    /// The first SSA.
    Typed "typed",
    /// SSA cleaned up.
    Optimized "optimized",
    /// What derivatives flow through, on the source.
    Activity "activity",
    /// The forward derivative.
    Jvp "jvp",
    /// The reverse derivative.
    Vjp "vjp",
    /// What the reverse derivative saves, on the source.
    Tape "tape",
    /// The forward derivative cleaned up.
    JvpOptimized "jvp-optimized",
    /// The reverse derivative cleaned up.
    VjpOptimized "vjp-optimized",
    /// SSA as it goes to the code generator.
    Finished "finished",
    /// What became of each loop, on the source.
    Vectorized "vectorized",
    /// Cranelift's IR.
    Clif "clif",
    /// Machine instructions before encoding.
    Vcode "vcode",
    /// Machine code beside source lines.
    Native "native",
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(s: &str) -> std::result::Result<Self, String> {
        let found = Stage::ALL.iter().copied().find(|stage| stage.name() == s);
        found.ok_or_else(|| {
            let names: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
            format!("there is no stage `{s}` in this build; there are {}", names.join(", "))
        })
    }
}

/// Whose code a machine-level stage shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Of {
    /// The function itself.
    #[default]
    Primal,
    /// Its forward derivative.
    Jvp,
    /// Its reverse derivative.
    Vjp,
    /// The reverse derivative's forward one, which gives a Hessian times directions; of what gives one float.
    Hvp,
}

impl Stage {
    /// The text of a stage of a whole file.
    pub(crate) fn of_text(self, text: &str) -> Option<String> {
        match self {
            Stage::Tokens => Some(adit_syntax::dump::tokens(text)),
            Stage::Ast => Some(adit_syntax::dump::ast(&adit_syntax::parse(adit_diag::FileId(0), text).file, text)),
            Stage::Lowered
            | Stage::Typed
            | Stage::Optimized
            | Stage::Jvp
            | Stage::Vjp
            | Stage::Tape
            | Stage::Activity => None,
            Stage::JvpOptimized | Stage::VjpOptimized | Stage::Finished | Stage::Vectorized => None,
            Stage::Clif | Stage::Vcode | Stage::Native => None,
        }
    }
}

/// The text of a stage of one function; derivatives are those in active parameters, along so many lanes.
pub(crate) fn emit(
    unit: &Unit,
    id: FuncId,
    options: &Options,
    stage: Stage,
    of: Of,
    (active, lanes): (&[bool], usize),
    shape: &Shape,
) -> Result<String> {
    let derive = |d: Derivative| pipeline::derive(unit, id, &d, options);
    let jvp = || derive(Derivative::Jvp(active.to_vec(), lanes));
    let vjp = || derive(Derivative::Vjp(active.to_vec()));
    match stage {
        Stage::Tokens | Stage::Ast => {
            let text = unit.sources.text(unit.file).unwrap_or_default();
            Ok(stage.of_text(text).unwrap_or_default())
        }
        Stage::Lowered => Ok(lowered(unit, id)),
        Stage::Typed => Ok(ir_text(unit, &Derived { module: unit.ir.clone(), id })),
        Stage::Optimized => Ok(ir_text(unit, &derive(Derivative::Primal)?)),
        Stage::Jvp => Ok(ir_text(unit, &jvp()?)),
        Stage::Vjp => Ok(ir_text(unit, &vjp()?)),
        Stage::Activity => {
            let (flows, names) = (pipeline::flows(unit, id, active, options)?, shape.param_names());
            Ok(crate::flows::text(unit, &unit.ir.function(id).name, &names, active, &flows))
        }
        Stage::Tape => {
            let saved = pipeline::saved(unit, id, active, options)?;
            Ok(crate::tape::text(unit, id, &shape.dim_names(), &saved))
        }
        Stage::JvpOptimized => Ok(ir_text(unit, &pipeline::optimized(jvp()?, options)?)),
        Stage::VjpOptimized => Ok(ir_text(unit, &pipeline::optimized(vjp()?, options)?)),
        Stage::Finished | Stage::Vectorized | Stage::Clif | Stage::Vcode | Stage::Native => {
            let derived = match of {
                Of::Primal => derive(Derivative::Primal)?,
                Of::Jvp => pipeline::optimized(jvp()?, options)?,
                Of::Vjp => pipeline::optimized(vjp()?, options)?,
                Of::Hvp => pipeline::optimized(derive(Derivative::Hvp(active.to_vec(), lanes))?, options)?,
            };
            machine_text(unit, &derived, options, stage)
        }
    }
}

/// A function and all that it calls.
fn ir_text(unit: &Unit, derived: &Derived) -> String {
    let source = |span: Span| source_line(unit, span).map(|(line, text)| format!("{line}: {text}"));
    let ids = pipeline::reachable(&derived.module, derived.id);
    let options = print::PrintOptions { source: Some(&source) };
    let texts = ids.iter().map(|&id| print::print_function_with(&derived.module, derived.module.function(id), options));
    texts.collect::<Vec<_>>().join("\n")
}

fn machine_text(unit: &Unit, derived: &Derived, options: &Options, stage: Stage) -> Result<String> {
    let source = |span: Span| source_line(unit, span);
    let (module, options) = pipeline::finished(derived, options);
    if stage == Stage::Finished {
        return Ok(ir_text(unit, &Derived { module: module.into_owned(), id: derived.id }));
    }
    let module = &*module;
    if stage == Stage::Vectorized {
        return Ok(loops_text(unit, module, derived.id));
    }
    let text = if stage == Stage::Clif {
        adit_codegen::clif_text(module, derived.id, &options)
    } else if stage == Stage::Vcode {
        adit_codegen::vcode_text(module, derived.id, &options)
    } else {
        adit_codegen::native_text(module, derived.id, &options, &source)
    };
    text.map_err(pipeline::codegen_error)
}

/// What becomes of each loop of a function and of what it calls, where vectors are on.
fn loops_text(unit: &Unit, module: &Module, id: FuncId) -> String {
    let mut text = String::new();
    for id in pipeline::reachable(module, id) {
        let f = module.function(id);
        text += &format!("func @{}\n", f.name);
        for report in adit_codegen::loop_reports(module, id) {
            let line = |span: Span| source_line(unit, span);
            let (number, source) = line(report.span).map_or((0, String::new()), |found| found);
            text += &format!("{number:>5}: {source}\n       {}", report.what);
            text += &match report.because.and_then(line) {
                Some((at, source)) if at != number => format!(", at {at}: {source}\n"),
                Some(_) | None => "\n".to_owned(),
            };
        }
    }
    text
}

/// The function desugared, to read.
fn lowered(unit: &Unit, id: FuncId) -> String {
    let name = &unit.ir.function(id).name;
    let found = unit.program.functions.iter().position(|def| *def.name == **name);
    found.map_or_else(String::new, |i| adit_sema::lower::lowered_text(&unit.program, FnId(i as u32)))
}

/// Line number and trimmed text of the line where a span starts.
pub(crate) fn source_line(unit: &Unit, span: Span) -> Option<(usize, String)> {
    let position = unit.sources.position(span)?;
    let text = unit.sources.lines(span.file, position.line, position.line)?;
    Some((position.line as usize, text.trim().to_string()))
}
