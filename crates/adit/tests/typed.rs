//! Typed handles: the signature is checked once, by name; calls are those of other handles.

#![expect(clippy::type_complexity, reason = "the types are what is tested")]

use adit::{Engine, FnType, Leaves, Module, Typed, Workspace};

const SOURCE: &str = "
struct P<n> { w: [f64; n], k: f64 }
fn energy(p: P<n>, x: [f64; n]) -> f64 { p.k * sum(p.w * x) }
fn outer(x: [f64; m], y: [f64; n]) -> [f64; m, n] { [x[i] * y[j] for i in 0..m, j in 0..n] }
fn double(x: [f64; n]) -> [f64; n] { 2 * x }
fn step(x: &mut [f64; n], dt: f64) { x = x * dt; }
fn both(k: i64, flag: bool) -> (f64, i64) { if flag { (0.5, k) } else { (1.5, -k) } }
fn constant() -> f64 { 42.0 }";

#[derive(Leaves)]
struct P {
    w: Vec<f64>,
    k: f64,
}

fn module() -> Module {
    Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn calls_have_the_types_of_the_signature() {
    let (m, mut ws) = (module(), Workspace::new());
    let energy: Typed<fn(&P, &[f64]) -> f64> = m.typed("energy").expect("it fits");
    let p = P { w: vec![1.0, 2.0], k: 3.0 };
    let x = vec![1.0, 10.0];
    assert_eq!(energy.call(&mut ws, (&p, &x)).expect("it runs"), 63.0);
    let double: Typed<fn(&[f64]) -> Vec<f64>> = m.typed("double").expect("it fits");
    assert_eq!(double.call(&mut ws, (&x,)).expect("it runs"), [2.0, 20.0]);
    let outer: Typed<fn(&[f64; 2], &[f64]) -> Vec<[f64; 2]>> = m.typed("outer").expect("it fits");
    assert_eq!(outer.call(&mut ws, (&[1.0, 2.0], &x)).expect("it runs"), [[1.0, 10.0], [2.0, 20.0]]);
    let step: Typed<fn(&mut Vec<f64>, f64)> = m.typed("step").expect("it fits");
    let mut changed = x.clone();
    step.call(&mut ws, (&mut changed, 0.5)).expect("it runs");
    assert_eq!(changed, [0.5, 5.0]);
    let both: Typed<fn(i64, bool) -> (f64, i64)> = m.typed("both").expect("it fits");
    assert_eq!(both.clone().call(&mut ws, (7, false)).expect("it runs"), (1.5, -7));
    let constant: Typed<fn() -> f64> = m.typed("constant").expect("it fits");
    assert_eq!(constant.call(&mut ws, ()).expect("it runs"), 42.0);
}

fn told<F: FnType>(m: &Module, name: &str) -> String {
    let error = m.typed::<F>(name).expect_err("it does not fit");
    format!("{}: {}", error.diagnostics()[0].code, error.diagnostics()[0].message)
}

#[test]
fn signatures_that_differ_are_told_by_name() {
    let m = module();
    assert_eq!(told::<fn(i64, i64) -> (f64, i64)>(&m, "both"), "AD0905: `flag` takes bool, not i64");
    assert_eq!(told::<fn(i64) -> (f64, i64)>(&m, "both"), "AD0904: 2 values are wanted (`k`, `flag`), 1 were given");
    assert_eq!(told::<fn(i64, bool) -> f64>(&m, "both"), "AD0904: the value of `result.1` was not given");
    assert_eq!(
        told::<fn(&[[f64; 2]]) -> Vec<f64>>(&m, "double"),
        "AD0905: `x` takes an array of f64: another number of dimensions was given"
    );
    assert_eq!(told::<fn(&[f32]) -> Vec<f64>>(&m, "double"), "AD0905: `x` takes an array of f64, not f32");
    assert_eq!(
        told::<fn(&mut [f64]) -> Vec<f64>>(&m, "double"),
        "AD0905: `x` is not lent to the function: pass it by `&`, not by `&mut`"
    );
    assert_eq!(told::<fn(&[f64], f64)>(&m, "step"), "AD0905: `x` is written: pass it by `&mut`");
    assert_eq!(
        told::<fn(&(Vec<f64>, f64), &[f64]) -> f64>(&m, "energy"),
        "AD0904: a field `0` was given: where `p.w` comes"
    );
    assert_eq!(told::<fn(&P, &[f64]) -> i64>(&m, "energy"), "AD0905: the value of `result` takes f64, not i64");
}
