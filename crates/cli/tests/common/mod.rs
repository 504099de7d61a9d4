//! Runs the binary.
//!
//! In: arguments, and what stands on standard input. Out: exit code and both streams. The working folder is that of the repository, so that `examples/` is at hand.

#![allow(dead_code, reason = "each test program uses a part")]

use serde_json::Value as Json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    /// None after a signal.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Standard output as JSON, after a success.
    pub fn json(&self) -> Json {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command in the folder of the repository, with nothing on standard input and no wish for colours.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adit"));
    command.args(args).current_dir(root()).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

pub fn adit(args: &[&str]) -> Ran {
    finish(&mut command(args))
}

pub fn finish(command: &mut Command) -> Ran {
    let done = command.output().expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// With a text on standard input.
pub fn fed(input: &[u8], args: &[&str]) -> Ran {
    let mut command = command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A program that stops before it reads closes the pipe.
    let _ = stdin.write_all(input);
    drop(stdin);
    let done = child.wait_with_output().expect("the binary ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// A file of a folder that belongs to one test.
pub fn file(test: &str, name: &str, contents: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let path = folder.join(name);
    std::fs::write(&path, contents).expect("a file for the test");
    path
}

/// The first difference of two JSON values; numbers agree to 1e-10 relative to max(1, expected).
pub fn difference(expected: &Json, found: &Json, place: &str) -> Option<String> {
    match (expected, found) {
        (Json::Object(a), Json::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().find_map(|(k, v)| difference(v, &b[k], &format!("{place}.{k}")))
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(a, b, &format!("{place}[{i}]")))
        }
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            ((a - b).abs() > 1e-10 * a.abs().max(1.0)).then(|| format!("{place}: {a} and {b}"))
        }
        (a, b) => (a != b).then(|| format!("{place}: {a} and {b}")),
    }
}

#[track_caller]
pub fn same(expected: &Json, found: &Json) {
    assert_eq!(difference(expected, found, "$"), None);
}
