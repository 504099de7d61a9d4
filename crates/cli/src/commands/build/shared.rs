//! Shared libraries, by the C compiler of the system.
//!
//! In: an artefact, and where `libadit_native.a` is. Out: a shared library with the one function of the artefact and all that it needs. Nothing is compiled here: the object is linked.

use crate::args::Build;
use crate::session::unwritable;
use adit::diag::Code;
use adit::{Artefact, Error, Result};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library that objects are linked with, as cargo calls it.
const NATIVE: &str = "libadit_native.a";

/// Links a shared library; its path.
///
/// # Errors
/// AD0934 without a C compiler or the library, or if linking fails.
pub fn library(artefact: &Artefact, args: &Build) -> Result<PathBuf> {
    let native = native(args)?;
    let name = artefact.symbol();
    let object = args.out.join(format!(".{name}.{}.o", std::process::id()));
    std::fs::write(&object, artefact.object()?).map_err(|e| unwritable(&object, &e))?;
    let path = args.out.join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    let linked = link(&object, &native, &path);
    // It was an intermediate: that it cannot be removed is no error.
    let _ = std::fs::remove_file(&object);
    linked.map(|()| path)
}

fn native(args: &Build) -> Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join(NATIVE));
    let found = args.native.clone().or_else(beside).filter(|path| path.is_file());
    found.ok_or_else(|| {
        cannot(format!(
            "there is no {NATIVE}: `cargo build --release -p adit-native` makes it, `--native FILE` tells where it is"
        ))
    })
}

fn link(object: &Path, native: &Path, to: &Path) -> Result<()> {
    let mut cc = Command::new("cc");
    cc.arg("-shared").arg("-o").arg(to).arg(object).arg(native).args(["-lm", "-lpthread", "-ldl"]);
    if cfg!(target_os = "linux") {
        // The function alone is seen from outside.
        cc.args(["-Wl,--exclude-libs,ALL", "-Wl,--gc-sections"]);
    }
    let done = cc.output().map_err(|e| cannot(format!("a shared library needs the C compiler `cc`: {e}")))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(cannot(format!("`cc` does not link: {}", String::from_utf8_lossy(&done.stderr).trim()))),
    }
}

fn cannot(text: String) -> Error {
    Error::input(Code("AD0934"), text)
}
