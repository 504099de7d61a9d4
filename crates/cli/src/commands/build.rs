//! `adit build`: compiled derivatives as files.
//!
//! In: a program, a function of it, which derivative, and what to write. Out: files, whose paths are printed. What is in them is the library's matter.

mod shared;

use crate::args::{Build, EmitName};
use crate::session::{Answer, Session, function, unwritable, usage};
use adit::{Artefact, Function, Kind, Mode, Result};
use std::path::PathBuf;

/// Writes a derivative.
///
/// # Errors
/// What compiling, differentiating and writing give.
pub fn build(session: &Session, args: &Build) -> Result<Answer> {
    let function = function(&session.compile(&args.file)?, args.function.as_deref())?;
    let artefact = artefact(&function, args)?;
    std::fs::create_dir_all(&args.out).map_err(|e| unwritable(&args.out, &e))?;
    let mut told = String::new();
    for emit in &args.emit {
        let path = write(&artefact, *emit, args)?;
        told.push_str(&format!("{}\n", path.display()));
    }
    Ok(told.into())
}

fn artefact(function: &Function, args: &Build) -> Result<Artefact> {
    let (wrt, mode) = (&args.wrt, args.mode.map(Mode::from));
    if mode.is_some() && !matches!(args.derivative, Kind::Gradient | Kind::Jacobian) {
        return Err(usage("`--mode` is of a gradient or a Jacobian"));
    }
    match args.derivative {
        Kind::Value => function.artefact(),
        Kind::Gradient => function.gradient().wrt(wrt).mode(mode).artefact(),
        Kind::Jvp => function.jvp().wrt(wrt).artefact(),
        Kind::Vjp => function.vjp().wrt(wrt).artefact(),
        Kind::Hvp => function.hvp().wrt(wrt).artefact(),
        Kind::Jacobian => function.jacobian().wrt(wrt).mode(mode).artefact(),
        Kind::Hessian => function.hessian().wrt(wrt).artefact(),
    }
}

fn write(artefact: &Artefact, emit: EmitName, args: &Build) -> Result<PathBuf> {
    let name = artefact.symbol();
    let (name, bytes) = match emit {
        EmitName::Adc => (format!("{name}.adc"), artefact.to_bytes()?),
        EmitName::Obj => (format!("{name}.o"), artefact.object()?),
        EmitName::Header => (format!("{name}.h"), artefact.header()?.into_bytes()),
        EmitName::Rust => (format!("{name}.rs"), artefact.rust()?.into_bytes()),
        EmitName::Shared => return shared::library(artefact, args),
    };
    let path = args.out.join(name);
    std::fs::write(&path, bytes).map_err(|e| unwritable(&path, &e))?;
    Ok(path)
}
