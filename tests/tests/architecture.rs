//! The direction of dependencies, and the few words that belong to few crates.
//!
//! In: the `Cargo.toml` and the sources of every crate. Out: a failure for each edge that [`ALLOWED`] does not list, each `unsafe` outside codegen and
//! runtime, each print outside cli, each file without a `//!` head. It does not look at `[dev-dependencies]`: what tests of a crate use is not what the
//! crate is built on.

use std::fs;
use std::path::{Path, PathBuf};

/// Each crate with the crates of this workspace that it may depend on. One that is not here may not exist.
const ALLOWED: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("syntax", &["diag"]),
    ("ir", &["diag"]),
    ("sema", &["diag", "syntax", "ir"]),
    ("reader", &["diag", "ir"]),
    ("opt", &["diag", "ir"]),
    ("autodiff", &["diag", "ir"]),
    ("sparse", &["diag", "ir"]),
    ("interp", &["diag", "ir", "syntax", "sema"]),
    ("runtime", &["diag", "ir"]),
    ("codegen", &["diag", "ir", "runtime"]),
    ("derive", &[]),
    (
        "adit",
        &[
            "derive", "diag", "syntax", "ir", "sema", "reader", "opt", "autodiff", "interp", "runtime", "codegen",
            "sparse",
        ],
    ),
    ("argmin", &["adit"]),
    ("diffsol", &["adit"]),
    ("native", &["runtime"]),
    ("nuts", &["adit"]),
    ("cli", &["adit", "argmin", "diag", "nuts"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn crate_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("the workspace has crates")
        .map(|e| e.expect("a directory entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The names in the `[dependencies]` and `[build-dependencies]` of a crate, those for single platforms included.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = root().join("crates").join(name).join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a crate has a Cargo.toml");
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
        } else if inside && !line.starts_with('#') {
            let key = line.split(['.', '=', ' ']).next().unwrap_or("");
            if !key.is_empty() {
                found.push(key.trim_matches('"').to_owned());
            }
        }
    }
    found
}

/// Every Rust source below `crates/NAME/src`, with its text.
fn sources(name: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join("crates").join(name).join("src")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a crate has sources") {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// Whether `word` stands in `line` by itself, outside a comment that fills the line.
fn says(line: &str, word: &str) -> bool {
    let code = line.trim_start();
    if code.starts_with("//") {
        return false;
    }
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let after = &code[at + word.len()..];
        let goes_on = word.ends_with(part_of_name) && after.starts_with(part_of_name);
        !goes_on && !code[..at].ends_with(part_of_name)
    })
}

/// `path:line` of every line that says one of `words`, in all crates but `except`.
fn lines_that_say(words: &[&str], except: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in crate_names().iter().filter(|n| !except.contains(&n.as_str())) {
        for (path, text) in sources(name) {
            for (number, line) in text.lines().enumerate() {
                if words.iter().any(|w| says(line, w)) {
                    found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    found
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

#[test]
fn every_crate_is_known() {
    let mut known: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(crate_names(), known);
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (name, allowed) in ALLOWED {
        for dependency in dependencies(name) {
            let inner = match dependency.as_str() {
                "adit" => "adit",
                other => match other.strip_prefix("adit-") {
                    Some(inner) => inner,
                    None => continue,
                },
            };
            if !allowed.contains(&inner) {
                wrong.push(format!("{name} depends on {inner}"));
            }
        }
    }
    none(&wrong, "not among the allowed edges:");
}

#[test]
fn the_allowed_edges_have_no_circle() {
    for (index, (name, allowed)) in ALLOWED.iter().enumerate() {
        for inner in *allowed {
            let position = ALLOWED.iter().position(|(n, _)| n == inner);
            assert!(position.is_some_and(|p| p < index), "{name} -> {inner} does not point back in the list");
        }
    }
}

#[test]
fn only_codegen_depends_on_cranelift() {
    let mut wrong = Vec::new();
    for name in crate_names().iter().filter(|n| *n != "codegen") {
        for dependency in dependencies(name) {
            if dependency.starts_with("cranelift") || dependency == "target-lexicon" {
                wrong.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    none(&wrong, "Cranelift outside codegen:");
}

#[test]
fn cranelift_is_named_in_codegen_alone() {
    let words = ["cranelift_codegen", "cranelift_frontend", "cranelift_jit", "cranelift_module", "cranelift_native"];
    none(&lines_that_say(&words, &["codegen"]), "Cranelift outside codegen:");
}

#[test]
fn unsafe_is_confined() {
    let found = lines_that_say(&["unsafe"], &["codegen", "runtime"]);
    none(&found, "unsafe outside codegen and runtime:");
}

#[test]
fn only_the_command_prints() {
    let words = ["println!(", "print!(", "eprintln!(", "eprint!("];
    let found: Vec<String> = lines_that_say(&words, &["cli"]);
    none(&found, "printing outside cli:");
}

/// Where the library reads files.
const READER: &str = "crates/adit/src/files.rs";

/// The library reads what `compile_file` and `load_file` are asked for, in one file of its own, and writes nothing.
#[test]
fn only_the_command_touches_files_but_for_two_functions_of_the_library() {
    let all = lines_that_say(&["std::fs", "std::env", "std::process", "std::net"], &["cli"]);
    let (read, wrong): (Vec<String>, Vec<String>) = all.into_iter().partition(|line| line.contains(READER));
    none(&wrong, "files, environment or processes outside cli:");
    assert!(read.len() == 1 && read[0].ends_with(": use std::fs;"), "{read:?}");
    let beyond = |line: &&String| !line.contains("fs::read(") && !line.contains("fs::read_to_string(");
    let used: Vec<String> = lines_that_say(&["fs::"], &["cli"]);
    none(&used.iter().filter(beyond).cloned().collect::<Vec<_>>(), "more than reading:");
    let called = lines_that_say(&["compile_file(", "load_file("], &[]);
    let own: Vec<String> = called.into_iter().filter(|line| !line.contains(READER)).collect();
    none(&own, "the library and the command read files in their own ways:");
}

#[test]
fn every_source_begins_with_its_head() {
    let mut wrong = Vec::new();
    for name in crate_names() {
        for (path, text) in sources(&name) {
            if !text.starts_with("//!") {
                wrong.push(path.display().to_string());
            }
        }
    }
    none(&wrong, "no `//!` head:");
}

#[test]
fn words_are_found_only_by_themselves() {
    assert!(says("    unsafe { f() }", "unsafe"));
    assert!(!says("#![deny(unsafe_code)]", "unsafe"));
    assert!(!says("// unsafe", "unsafe"));
    assert!(says("println!(\"x\")", "println!("));
    assert!(!says("eprintln!(\"x\")", "println!("));
}
