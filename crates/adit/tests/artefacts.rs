//! Compiled derivatives that are written down and read back: the same bits, no compilation, and errors for all else.

use adit::{Engine, Error, ErrorKind, Function, HostFunction, Kind, Mode, Value, Workspace, is_artefact};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ROSENBROCK: &str = "fn f(x: [f64; n], k: f64) -> f64 {
    let mut s = 0.0;
    for i in 1..n { s += k * (x[i] - x[i - 1]^2)^2 + (1.0 - x[i - 1])^2; }
    s * exp(-0.01 * k)
}";

/// Trips that depend on data: its reverse sweep needs a tape.
const WHILE: &str = "fn f(x: f64, a: [f64; n]) -> f64 {
    let mut y = x;
    while y < 10.0 { y = y * (1.0 + a[0]^2) + sum(a); }
    log(y)
}";

const SOLVE: &str = "fn f(a: [f64; n, n], b: [f64; n]) -> f64 { sum(solve(a, b)^2) }";

const MAP: &str = "fn f(x: [f64; n], k: f64) -> [f64; n] { k * sin(x) }";

fn function(source: &str) -> Function {
    Engine::new().compile(source).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"))
}

fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let error = outcome.expect_err("it is refused");
    let first = &error.diagnostics()[0];
    format!("{}: {}", first.code, first.message)
}

fn reload(bytes: &[u8]) -> Function {
    Engine::new().load(bytes).unwrap_or_else(|e| panic!("{e}"))
}

fn rosenbrock_args() -> [Value; 2] {
    [[0.3, -1.2, 0.7, 2.0, 0.1].into(), 7.0.into()]
}

#[test]
fn every_kind_gives_the_same_after_loading() -> Result<(), Error> {
    let (f, args) = (function(ROSENBROCK), rosenbrock_args());
    let along = [Some([1.0, 0.5, -0.25, 3.0, 0.0].into()), None];

    let loaded = reload(&f.artefact()?.to_bytes()?);
    assert_eq!(loaded.call(&args)?, f.call(&args)?);
    assert_eq!((loaded.name(), loaded.signature()), (f.name(), f.signature()));

    for mode in [None, Some(Mode::Reverse), Some(Mode::Forward)] {
        let loaded = reload(&f.gradient().mode(mode).artefact()?.to_bytes()?);
        assert_eq!(loaded.gradient().at(&args)?, f.gradient().mode(mode).at(&args)?, "{mode:?}");
    }
    let loaded = reload(&f.jvp().artefact()?.to_bytes()?);
    assert_eq!(loaded.jvp().at(&args, &along)?, f.jvp().at(&args, &along)?);
    let loaded = reload(&f.vjp().artefact()?.to_bytes()?);
    assert_eq!(loaded.vjp().at(&args, &2.0.into())?, f.vjp().at(&args, &2.0.into())?);
    let loaded = reload(&f.hvp().artefact()?.to_bytes()?);
    assert_eq!(loaded.hvp().at(&args, &along)?, f.hvp().at(&args, &along)?);
    let loaded = reload(&f.hessian().artefact()?.to_bytes()?);
    assert_eq!(loaded.hessian().at(&args)?, f.hessian().at(&args)?);
    let map = function(MAP);
    for mode in [None, Some(Mode::Reverse), Some(Mode::Forward)] {
        let loaded = reload(&map.jacobian().mode(mode).artefact()?.to_bytes()?);
        assert_eq!(loaded.jacobian().at(&args)?, map.jacobian().mode(mode).at(&args)?, "{mode:?}");
    }
    Ok(())
}

#[test]
fn handles_of_what_was_loaded_give_the_same_bits() -> Result<(), Error> {
    let workspace = &mut Workspace::new();
    let (a, b) = ([[4.0, 1.0], [2.0, 3.0]], [1.0, -0.5]);
    let f = function(SOLVE);
    let loaded = reload(&f.gradient().artefact()?.to_bytes()?);
    let mut found = [([[0.0; 2]; 2], [0.0; 2]); 2];
    for (f, (da, db)) in [&f, &loaded].into_iter().zip(&mut found) {
        f.gradient().build()?.value_and_gradient(workspace, (&a, &b), (da, db))?;
    }
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0].1, [0.0; 2]);

    let f = function(WHILE);
    let loaded = reload(&f.gradient().wrt(["a"]).artefact()?.to_bytes()?);
    assert_eq!(loaded.differentiated_by(), ["a"]);
    let mut found = [[0.0; 3]; 2];
    f.gradient().wrt(["a"]).build()?.value_and_gradient(workspace, (0.5, &[0.25, 0.5, 0.125]), &mut found[0])?;
    loaded.gradient().build()?.value_and_gradient(workspace, (0.5, &[0.25, 0.5, 0.125]), &mut found[1])?;
    assert_eq!(found[0], found[1]);
    Ok(())
}

#[test]
fn code_for_any_machine_of_its_kind_runs_here() -> Result<(), Error> {
    let source = "fn f(x: [f64; n]) -> f64 { sum(floor(x) * x) + sum(round(x)) + sum(ceil(x) * trunc(x)) }";
    let f = Engine::builder().cpu(adit::Cpu::Baseline).build()?.compile(source)?.function("f")?;
    let args = [[0.3, -1.7, 2.5].into()];
    let loaded = reload(&f.gradient().artefact()?.to_bytes()?);
    assert_eq!(loaded.gradient().at(&args)?, f.gradient().at(&args)?);
    Ok(())
}

#[test]
fn what_an_artefact_does_not_hold_is_refused_by_name() -> Result<(), Error> {
    let f = function(ROSENBROCK);
    let (loaded, args) = (reload(&f.gradient().wrt(["x"]).artefact()?.to_bytes()?), rosenbrock_args());
    let held = "AD0933: this artefact holds the gradient by `x` of `f`, and not";
    assert_eq!(told(loaded.call(&args)), format!("{held} its value alone"));
    assert_eq!(told(loaded.gradient().wrt(["k"]).at(&args)), format!("{held} this gradient"));
    assert_eq!(told(loaded.hessian().build()), format!("{held} its value alone"));
    assert_eq!(told(loaded.jvp().at(&args, &[None, Some(1.0.into())])), format!("{held} derivatives along `k`"));
    assert_eq!(told(loaded.emit(adit::Stage::Typed, adit::Of::Primal, 1)), format!("{held} what this asks for"));
    assert_eq!(told(loaded.check(&args, &[], 1)), format!("{held} what this asks for"));
    // A sparsity pattern is found in the program, which is not there.
    let map = reload(&function(MAP).jacobian().artefact()?.to_bytes()?);
    let held = "AD0933: this artefact holds the jacobian by `x`, `k` of `f`, and not what this asks for";
    assert_eq!(told(map.jacobian().sparse(&args[..])), held);
    let second = reload(&f.hessian().wrt(["x"]).artefact()?.to_bytes()?);
    let held = "AD0933: this artefact holds the hessian by `x` of `f`, and not what this asks for";
    assert_eq!(told(second.hessian().sparse(&args[..])), held);
    let unknown = told(loaded.gradient().wrt(["z"]).at(&args));
    assert_eq!(unknown, "AD0904: `f` has no parameter `z`; it has x, k");
    Ok(())
}

#[test]
fn a_run_that_stops_says_where() -> Result<(), Error> {
    let f = function("fn f(x: [f64; n], i: i64) -> f64 {\n    x[i]^2\n}");
    let loaded = reload(&f.gradient().artefact()?.to_bytes()?);
    let stopped = |f: &Function| f.gradient().at(&[[1.0, 2.0].into(), 5.into()]).expect_err("it stops");
    assert_eq!(stopped(&loaded).to_string(), stopped(&f).to_string());
    assert_eq!(stopped(&loaded).kind(), ErrorKind::Run);
    assert!(stopped(&loaded).to_string().contains("x[i]^2"));
    Ok(())
}

#[test]
fn limits_and_sinks_are_those_of_the_engine_that_loads() -> Result<(), Error> {
    let f = function("fn f(x: f64) -> f64 { print(\"x is\", x); let a = zeros(1000); sum(a) + x }");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = lines.clone();
    let sink = move |line: &str| seen.lock().expect("no panic").push(line.to_owned());
    let loud = Engine::builder().sink(sink).build()?;
    let bytes = f.artefact()?.to_bytes()?;
    loud.load(&bytes)?.call(&[2.0.into()])?;
    assert_eq!(*lines.lock().expect("no panic"), ["x is 2.0"]);
    let small = Engine::builder().limits(|limits| limits.memory_bytes = 1000).build()?;
    assert!(told(small.load(&bytes)?.call(&[2.0.into()])).starts_with("AD0805"));
    Ok(())
}

#[test]
fn functions_of_the_host_cannot_be_kept() -> Result<(), Error> {
    let engine = Engine::new().with_function(HostFunction::scalar("fn twice(x: f64) -> f64", |a| 2.0 * a[0]))?;
    let f = engine.compile("fn f(x: f64) -> f64 { twice(x) }")?.function("f")?;
    let wanted = "AD0934: `f` calls `twice`, a function of this process, which no artefact can hold";
    assert_eq!(told(f.artefact()), wanted);
    Ok(())
}

#[test]
fn the_same_artefact_has_the_same_bytes() -> Result<(), Error> {
    let bytes = || function(ROSENBROCK).gradient().artefact()?.to_bytes();
    assert!(is_artefact(&bytes()?) && !is_artefact(b"fn f() {}"));
    assert_eq!(bytes()?, bytes()?);
    assert_eq!(function(ROSENBROCK).gradient().artefact()?.kind(), Kind::Gradient);
    Ok(())
}

#[test]
fn nothing_that_was_changed_is_loaded() -> Result<(), Error> {
    let whole = function(WHILE).gradient().artefact()?.to_bytes()?;
    let engine = Engine::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for round in 0..4000 {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes[next(whole.len())] ^= 1 << next(8),
            1 => bytes.truncate(next(whole.len())),
            2 => (0..1 + next(20)).for_each(|_| bytes[next(whole.len())] = next(256) as u8),
            _ => bytes = (0..next(300)).map(|_| next(256) as u8).collect(),
        }
        if bytes != whole {
            let code = told(engine.load(&bytes));
            assert!(["AD0930", "AD0931"].contains(&&code[..6]), "{code}");
        }
    }
    Ok(())
}

#[test]
fn what_is_for_another_version_or_another_processor_says_so() -> Result<(), Error> {
    let engine = Engine::new();
    let mut other = function(MAP).artefact()?.to_bytes()?;
    other[adit_runtime::sealed::MAGIC.len()] ^= 1;
    let told_so = told(engine.load(&other));
    assert!(told_so.starts_with("AD0931: this was compiled by Adit of another version"), "{told_so}");
    let machine = adit_runtime::machine::Machine::here(["levitation".to_owned()]);
    let strange = adit_runtime::sealed::seal(&machine, &()).expect("it can be written");
    let told_so = told(engine.load(&strange));
    assert!(told_so.starts_with("AD0932: this was compiled for a processor with levitation, which"), "{told_so}");
    Ok(())
}

/// The median of 101 loads. A machine that does other things may spoil a hundred in a row, but not five times.
#[test]
fn loading_takes_less_than_a_millisecond() -> Result<(), Error> {
    let engine = Engine::new();
    for source in [ROSENBROCK, WHILE, SOLVE] {
        let bytes = function(source).gradient().artefact()?.to_bytes()?;
        let time = || {
            let start = Instant::now();
            let loaded = engine.load(&bytes);
            let time = start.elapsed();
            loaded.map(|_| time)
        };
        let median = || {
            let mut times = (0..101).map(|_| time()).collect::<Result<Vec<Duration>, Error>>()?;
            times.sort();
            Ok::<Duration, Error>(times[50])
        };
        let medians = (0..5).map(|_| median()).collect::<Result<Vec<Duration>, Error>>()?;
        let best = medians.into_iter().min().expect("there are five");
        assert!(best < Duration::from_millis(1), "{best:?} for {} bytes", bytes.len());
    }
    Ok(())
}

#[test]
fn headers_and_modules_say_all_that_a_caller_needs() -> Result<(), Error> {
    let source = "struct P { a: f64, w: [f64; 2] }
        fn f(p: P, x: [f64; n, k], t: &mut f64, m: i64, z: [f64; m + 1], on: bool) -> (f64, [f64; n]) {
            t = t + p.a;
            let y = x @ ones(k);
            (sum(y) + sum(z) + p.w[0] * t, if on { y } else { 2.0 * y })
        }";
    let f = function(source);
    let same = |found: String, kept: &str, name: &str| {
        let found = found.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        assert_eq!(found, kept, "{name} is not as kept; found\n{found}");
    };
    same(f.jvp().wrt(["p", "x"]).artefact()?.header()?, include_str!("artefacts/f_jvp.h"), "f_jvp.h");
    same(f.jacobian().wrt(["p"]).artefact()?.header()?, include_str!("artefacts/f_jacobian.h"), "f_jacobian.h");
    same(f.vjp().wrt(["x", "z"]).artefact()?.rust()?, include_str!("artefacts/f_vjp.rs.txt"), "f_vjp.rs");
    Ok(())
}

#[test]
fn objects_are_refused_where_c_has_nothing_to_give() -> Result<(), Error> {
    let f = function(ROSENBROCK);
    let forward = f.gradient().mode(Mode::Forward).artefact()?;
    let wanted = "AD0934: there is no C function for the gradient by `x`, `k` in this mode: leave the mode out";
    assert_eq!(told(forward.object()), wanted);
    assert_eq!(told(forward.header()), wanted);
    Ok(())
}

#[test]
fn a_limit_of_steps_is_held_or_refused() -> Result<(), Error> {
    let counting = || Engine::builder().limits(|limits| limits.steps = Some(3)).build();
    let source = "fn f(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s += x[i]^2; } s }";
    let args = [[1.0; 10].into()];
    let plain = function(source).gradient().artefact()?.to_bytes()?;
    let refused = told(counting()?.load(&plain).map(drop));
    assert!(refused.starts_with("AD0933: this artefact counts no steps"), "{refused}");
    let counted = counting()?.compile(source)?.function("f")?.gradient().artefact()?.to_bytes()?;
    let stopped = told(counting()?.load(&counted)?.gradient().at(&args));
    assert!(stopped.starts_with("AD0806"), "{stopped}");
    assert_eq!(reload(&counted).gradient().at(&args)?.value, Value::F64(10.0));
    Ok(())
}
