//! Objects of `adit build`, called from C and from Rust: the same bits as the library gives in this process.
//!
//! In: small programs. Out: one executable of C with all their objects, one of Rust with one of them, and what these print: statuses, and numbers as bits. Without `cc` nothing is tried, and that is said.

#[path = "common/linker.rs"]
mod linker;

use adit::{Artefact, Engine, Function, Value};
use linker::{bits, done, folder, has_cc, native};
use std::path::{Path, PathBuf};
use std::process::Command;

const LINREG: &str = "fn linreg(alpha: f64, beta: f64, sigma: f64, x: [f64; n], y: [f64; n]) -> f64 {
    sum(0.5 * ((y - alpha - beta * x) / sigma)^2) + f64(len(x)) * log(sigma)
}";

/// Trips that depend on data: its reverse sweep needs a tape.
const TRIPS: &str = "fn trips(x: f64, a: [f64; n]) -> f64 {
    let mut y = x;
    while y < 10.0 { y = y * (1.0 + a[0]^2) + sum(sin(a)); }
    log(y)
}";

const SOLVED: &str = "fn solved(a: [f64; n, n], b: [f64; n]) -> f64 { sum(solve(a, b)^2) }";
const PICK: &str = "fn pick(x: [f64; n], i: i64) -> f64 {\n    x[i]^2\n}";
const MAP: &str = "fn map(x: [f64; n], k: f64) -> [f64; n] { k * sin(x) + x[0] }";
const PLANE: &str = "fn plane(x: [f64; n], k: f64) -> f64 { k * prod(x) + exp(k * x[0]) }";
const STEP: &str = "fn step(x: &mut [f64; n], t: &mut f64, v: [f64; n + 1], on: bool) -> f64 {
    if on { for i in 0..n { x[i] += v[i] * v[i + 1]; } }
    t = t + 1.0;
    sum(x) + t
}";
const SINGLE: &str = "fn single(x: [f32; n], k: f32) -> f32 { k * sum(x^2) }";

fn function(source: &str) -> Function {
    let compiled = Engine::new().compile(source).and_then(|module| module.entry());
    compiled.unwrap_or_else(|e| panic!("{e}"))
}

/// Writes object and header; the object's path.
fn written(artefact: &Artefact, folder: &Path) -> PathBuf {
    let write = |end: &str, bytes: &[u8]| {
        let path = folder.join(format!("{}.{end}", artefact.symbol()));
        std::fs::write(&path, bytes).expect("it can be written");
        path
    };
    write("h", artefact.header().unwrap_or_else(|e| panic!("{e}")).as_bytes());
    write("o", &artefact.object().unwrap_or_else(|e| panic!("{e}")))
}

/// A line of numbers, as C prints them.
fn line(name: &str, numbers: impl IntoIterator<Item = f64>) -> String {
    format!("{name} 0 {}\n", bits(numbers))
}

const MAIN: &str = include_str!("objects/main.c");

#[test]
fn objects_called_from_c_give_the_bits_of_this_process() -> Result<(), adit::Error> {
    if !has_cc() {
        return Ok(());
    }
    let (x, y) = ([1.0, 2.0, 3.5], [3.0, 4.5, 8.0]);
    let linreg = function(LINREG);
    let (map, plane, step, single) = (function(MAP), function(PLANE), function(STEP), function(SINGLE));
    let (trips, solved) = (function(TRIPS), function(SOLVED));
    let artefacts = [
        linreg.gradient().artefact()?,
        trips.gradient().artefact()?,
        solved.gradient().wrt(["b"]).artefact()?,
        function(PICK).gradient().artefact()?,
        map.artefact()?,
        map.jvp().artefact()?,
        map.vjp().artefact()?,
        map.jacobian().artefact()?,
        plane.hvp().artefact()?,
        plane.hessian().artefact()?,
        plane.jacobian().artefact()?,
        step.artefact()?,
        single.gradient().artefact()?,
    ];
    let folder = folder("c");
    let objects: Vec<PathBuf> = artefacts.iter().map(|artefact| written(artefact, &folder)).collect();
    let main = folder.join("main.c");
    std::fs::write(&main, MAIN).expect("it can be written");
    let program = folder.join("main");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(&main).args(&objects);
    done(cc.arg(native().join("libadit_native.a")).args(["-lm", "-lpthread", "-ldl"]));
    let printed = done(&mut Command::new(&program));

    let point: [Value; 2] = [x.into(), 0.5.into()];
    let gradient = |f: &Function, args: &[Value]| f.gradient().at(args);
    let of = |g: &adit::Gradient| [g.value.floats(), g.floats()].concat();
    let along: [Option<Value>; 2] = [Some([1.0, -1.0, 0.25].into()), Some(2.0.into())];
    let mut wanted = String::new();
    let args = [0.5.into(), 2.0.into(), 0.75.into(), x.into(), y.into()];
    wanted += &line("linreg_gradient", of(&gradient(&linreg, &args)?));
    wanted += &line("trips_gradient", of(&gradient(&trips, &[0.5.into(), [0.25, 0.5].into()])?));
    let a = adit::Array::f64(&[2, 2], vec![4.0, 1.0, 2.0, 3.0]);
    let b = [1.0, -0.5];
    wanted += &line("solved_gradient", of(&solved.gradient().wrt(["b"]).at(&[Value::Array(a), b.into()])?));
    wanted += &line("map_value", map.call(&point)?.value.floats());
    let (value, tangent) = map.jvp().at(&point, &along)?;
    wanted += &line("map_jvp", [value.floats(), tangent.floats()].concat());
    wanted += &line("map_vjp", of(&map.vjp().at(&point, &[1.0, 10.0, 100.0].into())?));
    let (value, matrix) = map.jacobian().mode(adit::Mode::Forward).at(&point)?;
    wanted += &line("map_jacobian", [value.floats(), Value::Array(matrix).floats()].concat());
    let product = plane.hvp().at(&point, &along)?;
    wanted += &line("plane_hvp", [of(&gradient(&plane, &point)?), product.floats()].concat());
    let (g, matrix) = plane.hessian().at(&point)?;
    wanted += &line("plane_hessian", [of(&g), Value::Array(matrix).floats()].concat());
    let (value, matrix) = plane.jacobian().mode(adit::Mode::Reverse).at(&point)?;
    wanted += &line("plane_jacobian", [value.floats(), Value::Array(matrix).floats()].concat());
    let outcome = step.call(&[x.into(), 5.0.into(), [1.0, 2.0, 3.0, 4.0].into(), true.into()])?;
    let finals = outcome.finals.iter().flat_map(|(_, v)| v.floats());
    wanted += &line("step_value", outcome.value.floats().into_iter().chain(finals));
    let g = single.gradient().at(&[Value::from(vec![1.5_f32, 2.0]), 0.5_f32.into()])?;
    wanted += &line("single_gradient", of(&g));
    wanted += "threads 0\n";
    wanted += "trap 801\n";
    wanted += "null 905\noverlap 808\nnegative 906\n";
    assert!(printed.starts_with(&wanted), "found\n{printed}wanted\n{wanted}");
    assert!(printed.contains("source:2:5"), "{printed}");
    Ok(())
}

const RUST_MAIN: &str = "mod linreg_gradient;
use linreg_gradient::{Failure, linreg_gradient};
fn main() {
    let (x, y) = ([1.0, 2.0, 3.5], [3.0, 4.5, 8.0]);
    let (mut value, mut da, mut db, mut ds, mut dx, mut dy) = (0.0, 0.0, 0.0, 0.0, [0.0; 3], [0.0; 3]);
    linreg_gradient(3, 0.5, 2.0, 0.75, &x, &y, &mut value, &mut da, &mut db, &mut ds, &mut dx, &mut dy).unwrap();
    let all = [&[value, da, db, ds][..], &dx, &dy].concat();
    println!(\"{}\", all.iter().map(|x| format!(\"{:016x}\", x.to_bits())).collect::<Vec<_>>().join(\" \"));
    let short = linreg_gradient(3, 0.5, 2.0, 0.75, &x[..2], &y, &mut value, &mut da, &mut db, &mut ds, &mut dx, &mut dy);
    assert_eq!(short, Err(Failure::Length { of: \"x\", wanted: Some(3), found: 2 }));
}";

#[test]
fn an_object_called_from_rust_gives_the_bits_of_this_process() -> Result<(), adit::Error> {
    if !has_cc() {
        return Ok(());
    }
    let (folder, native) = (folder("rust"), native());
    let linreg = function(LINREG);
    let artefact = linreg.gradient().artefact()?;
    let object = written(&artefact, &folder);
    std::fs::write(folder.join("linreg_gradient.rs"), artefact.rust()?).expect("it can be written");
    std::fs::write(folder.join("main.rs"), RUST_MAIN).expect("it can be written");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-D", "warnings", "main.rs", "--extern"]);
    rustc.arg(format!("adit_native={}", native.join("libadit_native.rlib").display()));
    rustc
        .arg(format!("-Ldependency={}", native.join("deps").display()))
        .arg(format!("-Clink-arg={}", object.display()));
    done(rustc.current_dir(&folder));
    let printed = done(&mut Command::new(folder.join("main")));
    let args = [0.5.into(), 2.0.into(), 0.75.into(), [1.0, 2.0, 3.5].into(), [3.0, 4.5, 8.0].into()];
    let gradient = linreg.gradient().at(&args)?;
    let wanted = line("", [gradient.value.floats(), gradient.floats()].concat());
    assert_eq!(printed, wanted.strip_prefix(" 0 ").unwrap_or_default());
    Ok(())
}
