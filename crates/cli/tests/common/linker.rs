//! What links objects: the C compiler, and the library that they are linked with.
//!
//! In: nothing. Out: whether there is `cc`, where `libadit_native.a` is, what commands print. Where there is no `cc`, tests try nothing, and say so.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own for what a test links.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("objects").join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Whether there is a C compiler.
#[expect(clippy::print_stderr, reason = "a test that tries nothing says so")]
pub fn has_cc() -> bool {
    let found = Command::new("cc").arg("--version").output().is_ok();
    if !found {
        eprintln!("there is no `cc`: what is linked is not tried");
    }
    found
}

/// The folder where `cargo` puts the library that objects are linked with, built now.
pub fn native() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--package", "adit-native", "--target-dir"]).arg(target);
    let done = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target.join("debug")
}

/// What a command prints, after a success.
pub fn done(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("it prints text")
}

/// The bits of numbers, as the programs of these tests print them.
pub fn bits(numbers: impl IntoIterator<Item = f64>) -> String {
    numbers.into_iter().map(|x| format!("{:016x}", x.to_bits())).collect::<Vec<_>>().join(" ")
}
