//! Shared libraries of `adit build`, loaded by a program that knows nothing of Adit.
//!
//! In: a program, `cc`, and a program in C that calls `dlopen`. Out: the bits that the library gives in this process, statuses, and messages. Without `cc` nothing is tried, and that is said.

#![cfg(unix)]

mod common;
#[path = "common/linker.rs"]
mod linker;

use adit::{Engine, Value};
use common::{adit, file};
use linker::{bits, done, folder, has_cc, native};
use std::path::Path;
use std::process::Command;

/// A loop whose trips depend on data, so that its reverse sweep needs a tape; functions of the runtime; a subscript that may be wrong.
const SOURCE: &str = "fn f(x: [f64; n], k: f64, i: i64) -> f64 {
    let mut y = k;
    while y < 10.0 { y = y * (1.0 + x[0]^2) + sum(sin(x)); }
    print(\"dropped\", y);
    log(y) * exp(x[i])
}";

const MAIN: &str = include_str!("objects/load.c");

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

#[test]
fn a_shared_library_gives_the_bits_of_this_process() -> Result<(), adit::Error> {
    if !has_cc() {
        return Ok(());
    }
    let folder = folder("shared");
    let source = file("shared", "f.ad", SOURCE.as_bytes());
    let native = native().join("libadit_native.a");
    let args = ["build", text(&source), "--derivative", "gradient", "--emit", "shared", "--out", text(&folder)];
    let built = adit(&[&args[..], &["--native", text(&native)]].concat());
    let library = folder.join(format!("{}f_gradient{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
    assert_eq!((built.code, built.out.trim()), (Some(0), text(&library)), "{built:?}");

    let (main, program) = (folder.join("load.c"), folder.join("load"));
    std::fs::write(&main, MAIN).expect("it can be written");
    let warnings = ["-Wall", "-Wextra", "-Werror"];
    done(Command::new("cc").args(warnings).arg("-o").arg(&program).arg(&main).args(["-ldl", "-lpthread"]));
    let printed = done(Command::new(&program).arg(&library));

    let f = Engine::new().compile(SOURCE)?.function("f")?;
    let args: [Value; 3] = [[0.25, 0.5, 1.5].into(), 0.75.into(), 2.into()];
    let gradient = f.gradient().at(&args)?;
    let numbers = bits([gradient.value.floats(), gradient.floats()].concat());
    let wanted = format!("gradient 0 {numbers}\nthreads 0\ntrap 801 f.ad:5:18: ");
    let printed = printed.replace(text(source.parent().expect("it is in a folder")), "").replace("/f.ad", "f.ad");
    assert!(printed.starts_with(&wanted), "found\n{printed}wanted\n{wanted}");
    // What the library is made of is not seen from outside, where linkers can hide it.
    assert!(!cfg!(target_os = "linux") || printed.ends_with("inside hidden\n"), "{printed}");
    Ok(())
}

#[test]
fn without_the_library_that_runs_nothing_is_linked() {
    let folder = folder("unlinked");
    let source = file("shared", "g.ad", b"fn g(x: f64) -> f64 { x^2 }");
    let args = ["build", text(&source), "--derivative", "gradient", "--emit", "shared", "--out", text(&folder)];
    let refused = adit(&[&args[..], &["--native", "no/such/library.a"]].concat());
    assert!(refused.code == Some(2) && refused.err.contains("AD0934"), "{refused:?}");
    assert!(refused.err.contains("cargo build --release -p adit-native"), "{refused:?}");
    let left = std::fs::read_dir(&folder).expect("it is there").count();
    assert_eq!(left, 0, "nothing is left behind");
}
