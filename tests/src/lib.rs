//! What the tests of the whole project share: reading test programs, running them, comparing results.
//!
//! In: the files of `filetests/`, `../examples/` and `../docs/errors/`. Out: [`filetest::FileTest`], and for each a list of what did not come out as its
//! comments say. It knows the compiler only through [`subject`], and it never writes a file: an expectation is changed by hand or not at all.

pub mod columns;
pub mod compare;
pub mod filetest;
pub mod fuzz;
pub mod pages;
pub mod sizes;
pub mod subject;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder (from the root) that end so, sorted by name.
///
/// # Panics
/// If the folder can't be read: a test that finds nothing must not pass.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let listing = fs::read_dir(root().join(folder)).expect("the folder of test files is there");
    let mut found: Vec<PathBuf> = listing
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found
}

/// Runs `check` on every file, on all cores, and fails with everything that was found.
///
/// The environment variable `FILETEST` keeps only the files whose path contains it.
///
/// # Panics
/// If any check found something, or panicked.
pub fn check_all(paths: &[PathBuf], check: impl Fn(&Path, &str) -> Vec<String> + Sync) {
    let wanted = std::env::var("FILETEST").unwrap_or_default();
    let paths: Vec<&PathBuf> = paths.iter().filter(|p| p.to_string_lossy().contains(&wanted)).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            let complaints = check_one(path, &check);
            if !complaints.is_empty() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let text = format!("{name}\n    {}", complaints.join("\n    "));
                found.lock().expect("no check holds the lock").push(text);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().expect("no check holds the lock");
    found.sort();
    assert!(found.is_empty(), "{} of {} files:\n{}", found.len(), paths.len(), found.join("\n"));
}

fn check_one(path: &Path, check: impl Fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![error.to_string()],
    };
    catch_unwind(AssertUnwindSafe(|| check(path, &text))).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("without a message");
        vec![format!("panic: {message}")]
    })
}
