//! What comes from files and from standard input.
//!
//! In: names of files and the texts of `--at`, `--dir`, `--seed`. Out: programs as text, JSON with the folder that its references are relative to. Standard input can be read once: by
//! `-` for the program or by `@-` for JSON. Nothing is compiled here.

use crate::json::Json;
use adit::diag::Code;
use adit::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

static STDIN_TAKEN: AtomicBool = AtomicBool::new(false);

/// JSON, and where its references start.
#[derive(Debug)]
pub struct Given {
    /// The value.
    pub json: Json,
    /// The folder of the file it stood in, or the working folder.
    pub folder: PathBuf,
}

/// The name that errors use for a program, and its text.
///
/// # Errors
/// AD0902 if it cannot be read or is not UTF-8.
pub fn program(path: &Path) -> Result<(String, String)> {
    if path == Path::new("-") {
        return Ok(("<stdin>".to_owned(), stdin()?));
    }
    Ok((path.display().to_string(), file(path)?))
}

/// What a file holds if it is a compiled derivative, by its name or by how it begins.
///
/// # Errors
/// AD0902 if it cannot be read.
pub fn artefact(path: &Path) -> Result<Option<Vec<u8>>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(&path.display().to_string(), &reason(&e)))?;
    Ok((adit::is_artefact(&bytes) || path.extension().is_some_and(|e| e == "adc")).then_some(bytes))
}

/// JSON text, or `@FILE.json`.
///
/// # Errors
/// AD0902 if a file cannot be read, AD0903 for malformed JSON.
pub fn json(option: &str, text: &str) -> Result<Given> {
    let working = PathBuf::from(".");
    match text.trim_start().strip_prefix('@') {
        None => Ok(Given { json: Json::parse(option, text)?, folder: working }),
        Some("-") => Ok(Given { json: Json::parse("<stdin>", &stdin()?)?, folder: working }),
        Some(name) => {
            let path = Path::new(name);
            let folder = path.parent().map_or(working, Path::to_path_buf);
            Ok(Given { json: Json::parse(name, &file(path)?)?, folder })
        }
    }
}

fn file(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(&path.display().to_string(), &reason(&e)))?;
    utf8(&path.display().to_string(), bytes)
}

/// Why a file can't be read, in words.
pub fn reason(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return "there is no such file".to_owned();
    }
    error.to_string()
}

fn stdin() -> Result<String> {
    if STDIN_TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Error::input(Code("AD0901"), "standard input cannot be read twice"));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|e| unreadable("standard input", &e.to_string()))?;
    utf8("standard input", bytes)
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        unreadable(name, &format!("it is not UTF-8 text (byte {at})"))
    })
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::input(Code("AD0902"), format!("cannot read {name}: {why}"))
}
