//! The whole process: from the start of `adit grad` to its end, as a shell would wait for it.
//!
//! In: a release build of `adit`, made by the same cargo that runs the benches. Out: milliseconds. Its output is checked for the gradient, so that a quick failure does not pass for speed.

use crate::Result;
use adit::bench::clock::{median, once};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder that cargo built the running binary in.
///
/// # Errors
/// If the binary was moved elsewhere.
pub fn target() -> Result<PathBuf> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let found = this.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    found.map(Path::to_path_buf).ok_or_else(|| format!("{} lies in no folder of cargo's", this.display()))
}

/// Builds `adit` next to the running binary, and tells where it is.
///
/// # Errors
/// If it can't be built.
pub fn adit() -> Result<PathBuf> {
    let target = target()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root()).args(["build", "--release", "--quiet", "--package", "adit-cli", "--target-dir"]);
    let built = build.arg(&target).stderr(Stdio::null()).status().map_err(|e| e.to_string())?;
    let adit = target.join("release").join("adit").with_extension(std::env::consts::EXE_EXTENSION);
    if built.success() && adit.exists() { Ok(adit) } else { Err("`adit` could not be built".into()) }
}

/// Median milliseconds of `adit grad` on an example, over that many processes.
///
/// # Errors
/// If it does not print a gradient.
pub fn grad(adit: &Path, example: &str, processes: usize) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..processes {
        let mut command = Command::new(adit);
        let (file, at) = (format!("examples/{example}.ad"), format!("@examples/{example}.json"));
        command.current_dir(root()).args(["grad", &file, "--at", &at, "--json"]);
        let (ms, output) = once(|| command.output());
        let output = output.map_err(|e| e.to_string())?;
        if !output.status.success() || !output.stdout.starts_with(b"{\"value\"") {
            return Err(format!("`adit grad {file}` gave no gradient"));
        }
        times.push(ms);
    }
    Ok(median(&times))
}
