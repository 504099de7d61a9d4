//! Numbers from files.
//!
//! In: a reference, `data.csv:x` or `x.npy`, and the folder that it is relative to. Out: an array of whatever the file holds; what a parameter makes of it is
//! [`crate::json_in`]'s matter. The kind of file is told by its name.

mod csv;
mod npy;

use adit::diag::Code;
use adit::{Array, Error, Result};
use std::path::{Path, PathBuf};

/// Reads what a reference (without its `@`) names.
///
/// # Errors
/// AD0902 for files that cannot be read, AD0903 for malformed ones, AD0904 for unknown columns.
pub fn read(folder: &Path, reference: &str) -> Result<Array> {
    if has_extension(reference, ".npy") {
        return npy::read(reference, &bytes(folder, reference)?);
    }
    match reference.rsplit_once(':') {
        Some((file, column)) if has_extension(file, ".csv") => csv::column(file, &bytes(folder, file)?, column),
        Some(_) | None => {
            let text = format!("`@{reference}` is neither a column, `@FILE.csv:COLUMN`, nor an array, `@FILE.npy`");
            Err(Error::input(Code("AD0905"), text))
        }
    }
}

/// The names of the columns of a CSV file.
///
/// # Errors
/// AD0902 for files that cannot be read, AD0903 for malformed ones.
pub fn names(folder: &Path, file: &str) -> Result<Vec<String>> {
    csv::names(file, &bytes(folder, file)?)
}

fn has_extension(name: &str, extension: &str) -> bool {
    let start = name.len().checked_sub(extension.len());
    start.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(extension))
}

fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path: PathBuf = folder.join(name);
    std::fs::read(&path).map_err(|e| Error::input(Code("AD0902"), format!("cannot read {}: {e}", path.display())))
}

/// AD0903.
fn malformed(file: &str, what: impl std::fmt::Display) -> Error {
    Error::input(Code("AD0903"), format!("{file}: {what}"))
}
