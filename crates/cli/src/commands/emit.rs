//! `adit emit`: stages of the compilation as text.
//!
//! In: a program and names of stages. Out: their texts, under headings if there are several, or one file each. Headings are comments of the IR's text form, so that a
//! stage printed alone reads back.

use crate::args::Emit;
use crate::json_out::{Object, text};
use crate::session::{Answer, Session, function, unwritable, usage};
use adit::{Module, Of, Result, Stage};
use std::path::Path;

/// Prints stages.
///
/// # Errors
/// AD0901 for unknown stages, and what compiling and differentiating give.
pub fn emit(session: &Session, args: &Emit) -> Result<Answer> {
    let stages = stages(&args.stages)?;
    let module = session.compile(&args.file)?;
    let texts = texts(session, &module, args, &stages)?;
    match &args.output {
        Some(folder) => write(folder, &texts),
        None if session.json => Ok(as_json(&texts).into()),
        None => Ok(as_text(&texts).into()),
    }
}

fn stages(names: &[String]) -> Result<Vec<Stage>> {
    if names.iter().any(|name| name == "all") {
        return Ok(Stage::ALL.to_vec());
    }
    names.iter().map(|name| name.trim().parse().map_err(|e: String| usage(e))).collect()
}

fn texts(session: &Session, module: &Module, args: &Emit, stages: &[Stage]) -> Result<Vec<(Stage, String)>> {
    let of_file = |stage: Stage| matches!(stage, Stage::Tokens | Stage::Ast);
    if stages.iter().all(|stage| of_file(*stage)) && args.function.is_none() {
        return stages.iter().map(|stage| Ok((*stage, module.emit(*stage)?))).collect();
    }
    let function = function(module, args.function.as_deref())?;
    let text = |stage: Stage| function.emit(stage, Of::from(args.of), session.lanes.unwrap_or(1));
    stages.iter().map(|stage| Ok((*stage, text(*stage)?))).collect()
}

fn as_text(texts: &[(Stage, String)]) -> String {
    match texts {
        [(_, text)] => ended(text),
        several => {
            let parts = several.iter().map(|(stage, text)| format!("; ---- {stage} ----\n{}", ended(text)));
            parts.collect::<Vec<_>>().join("\n")
        }
    }
}

fn as_json(texts: &[(Stage, String)]) -> String {
    let object = texts.iter().fold(Object::new(), |o, (stage, t)| o.with(stage.name(), |out| text(out, t)));
    object.finish() + "\n"
}

fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn write(folder: &Path, texts: &[(Stage, String)]) -> Result<Answer> {
    std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
    let mut told = String::new();
    for (stage, text) in texts {
        let path = folder.join(format!("{stage}.{}", extension(*stage)));
        std::fs::write(&path, ended(text)).map_err(|e| unwritable(&path, &e))?;
        told.push_str(&format!("{}\n", path.display()));
    }
    Ok(told.into())
}

fn extension(stage: Stage) -> &'static str {
    match stage {
        Stage::Tokens | Stage::Ast | Stage::Lowered | Stage::Activity | Stage::Tape => "txt",
        Stage::Vectorized | Stage::Vcode => "txt",
        Stage::Typed | Stage::Optimized | Stage::Jvp | Stage::Vjp => "adir",
        Stage::JvpOptimized | Stage::VjpOptimized | Stage::Finished => "adir",
        Stage::Clif => "clif",
        Stage::Native => "s",
    }
}
