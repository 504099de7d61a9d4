//! Jacobians and Hessians in chunks of lanes: of any width, with any remainder, in either mode.

use adit::{Array, Engine, Function, Mode, Value};
use std::sync::{Arc, Mutex};

fn function(source: &str, lanes: usize) -> Function {
    let engine = Engine::builder().lanes(lanes).strict(true).build();
    let module = engine.and_then(|engine| engine.compile(source)).unwrap_or_else(|e| panic!("{e}"));
    module.entry().unwrap_or_else(|e| panic!("{e}"))
}

fn floats(array: &Array) -> Vec<f64> {
    Value::Array(array.clone()).floats()
}

fn bits(array: &Array) -> Vec<u64> {
    floats(array).into_iter().map(f64::to_bits).collect()
}

/// A matrix with rows that differ, of scalars, arrays, a struct, `&mut`, loops and branches.
const MIXED: &str = "
struct P<n> { w: [f64; n], k: f64, id: i64 }
fn f(p: P<n>, x: [f64; n, 2], s: &mut [f64; n]) -> (f64, [f64; n]) {
    let mut total = p.k;
    for i in 0..n {
        if x[i, 0] > x[i, 1] { total += sin(x[i, 0]) * p.w[i]; } else { total *= 1 + x[i, 1]^2; }
        s[i] = s[i] * total;
    }
    (total / (1 + norm(s)^2), [exp(-p.k * s[i]) * p.w[i] for i in 0..n])
}";

fn mixed(n: usize) -> Vec<Value> {
    let number = |i: usize| (i as f64 * 0.7 + 0.3).sin();
    let list = |from: usize, n: usize| -> Vec<f64> { (from..from + n).map(number).collect() };
    let p = Value::structure([("w", list(0, n).into()), ("k", 0.4.into()), ("id", 3i64.into())]);
    vec![p, Value::Array(Array::f64(&[n, 2], list(50, 2 * n))), list(90, n).into()]
}

#[test]
fn every_width_gives_the_same_bits() {
    for n in [1, 2, 5] {
        let args = mixed(n);
        let (value, expected) = function(MIXED, 1).jacobian().mode(Mode::Forward).at(&args).expect("it runs");
        assert_eq!(expected.dims, [n + 1, 4 * n + 1]);
        for lanes in [2, 3, 4, 7, 8, 64] {
            let (same, matrix) = function(MIXED, lanes).jacobian().mode(Mode::Forward).at(&args).expect("it runs");
            assert_eq!((same, bits(&matrix)), (value.clone(), bits(&expected)), "n = {n}, {lanes} lanes");
        }
    }
}

#[test]
fn rows_and_columns_make_the_same_jacobian() {
    let f = function(MIXED, 8);
    let args = mixed(3);
    let [(v, by_columns), (w, by_rows)] =
        [Mode::Forward, Mode::Reverse].map(|mode| f.jacobian().mode(mode).at(&args).expect("it runs"));
    assert_eq!(v, w);
    assert_eq!(by_columns.dims, by_rows.dims);
    for (a, b) in floats(&by_columns).iter().zip(floats(&by_rows)) {
        assert!((a - b).abs() < 1e-13 * (1.0 + a.abs()), "{a} {b}");
    }
    let (_, chosen) = f.jacobian().at(&args).expect("it runs");
    assert!(chosen == by_columns || chosen == by_rows);
}

#[test]
fn hessians_are_symmetric_and_the_same_for_every_width() {
    let source = "fn f(x: [f64; n], a: f64) -> f64 {
        let mut s = a;
        for i in 1..n { s = s * cos(x[i] * x[i - 1]) + exp(a * x[i]); }
        s / (1 + dot(x, x))
    }";
    for n in [1, 6, 7, 8, 16] {
        let x: Vec<f64> = (0..n).map(|i| (f64::from(i) * 1.3).sin()).collect();
        let args = [x.into(), 0.3.into()];
        let (gradient, expected) = function(source, 1).hessian().at(&args).expect("it runs");
        assert_eq!(gradient, function(source, 1).gradient().at(&args).expect("it runs"));
        let (size, h) = (expected.dims[0], floats(&expected));
        for i in 0..size {
            for j in 0..i {
                let (a, b) = (h[i * size + j], h[j * size + i]);
                assert!((a - b).abs() < 1e-12 * (1.0 + a.abs()), "n = {n}: {a} {b}");
            }
        }
        for lanes in [2, 4, 5, 8] {
            let (same, matrix) = function(source, lanes).hessian().at(&args).expect("it runs");
            assert_eq!((same, bits(&matrix)), (gradient.clone(), bits(&expected)), "n = {n}, {lanes} lanes");
        }
    }
}

#[test]
fn what_is_empty_has_an_empty_matrix() {
    let empty: Value = Vec::<f64>::new().into();
    let (value, j) = function("fn f(x: [f64; n]) -> [f64; n] { 2 * x }", 8)
        .jacobian()
        .at(std::slice::from_ref(&empty))
        .expect("it runs");
    assert_eq!((value, j), (empty.clone(), Array::f64(&[0, 0], vec![])));
    let f = function("fn f(x: [f64; n]) -> f64 { sum(x) + 1 }", 8);
    let (value, j) = f.jacobian().at(std::slice::from_ref(&empty)).expect("it runs");
    assert_eq!((value, j), (1.0.into(), Array::f64(&[1, 0], vec![])));
    let (gradient, h) = f.hessian().at(std::slice::from_ref(&empty)).expect("it runs");
    assert_eq!((gradient.value, h), (1.0.into(), Array::f64(&[0, 0], vec![])));
    assert_eq!(gradient.parameters, [("x".to_owned(), empty.clone())]);
    let g = f.gradient().mode(Mode::Forward).at(&[empty]).expect("it runs");
    assert_eq!(g.value, 1.0.into());
    let integers = function("fn f(x: [f64; n]) -> i64 { n }", 8);
    let (value, j) = integers.jacobian().at(&[[1.0, 2.0].into()]).expect("it runs");
    assert_eq!((value, j), (2i64.into(), Array::f64(&[0, 2], vec![])));
}

#[test]
fn a_program_prints_once_however_many_sweeps_it_takes() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let sink = move |line: &str| sink.lock().expect("no panic").push(line.to_owned());
    let engine = Engine::builder().lanes(2).sink(sink).build().expect("these are options");
    let module = engine
        .compile("fn f(x: [f64; n]) -> [f64; n] { print(n); x * x }\nfn g(x: [f64; n]) -> f64 { print(n); sum(x^3) }")
        .expect("it compiles");
    let x: Value = [1.0, 2.0, 3.0, 4.0, 5.0].into();
    let args = std::slice::from_ref(&x);
    let count = || std::mem::take(&mut *lines.lock().expect("no panic")).len();
    let [f, g] = ["f", "g"].map(|name| module.function(name).expect("it is there"));
    for mode in [Mode::Forward, Mode::Reverse] {
        f.jacobian().mode(mode).at(args).expect("it runs");
        assert_eq!(count(), 1, "{mode:?}");
    }
    g.hessian().at(args).expect("it runs");
    assert_eq!(count(), 1);
    g.gradient().mode(Mode::Forward).at(args).expect("it runs");
    assert_eq!(count(), 1);
}

#[test]
fn matrices_beyond_the_memory_limit_are_refused() {
    let engine = Engine::builder().limits(|limits| limits.memory_bytes = 100_000).build();
    let module =
        engine.and_then(|engine| engine.compile("fn f(x: [f64; n]) -> f64 { sum(x^2) }")).expect("it compiles");
    let f = module.function("f").expect("it is there");
    let x: Value = vec![1.0; 2000].into();
    for (what, result) in [
        ("lanes", f.jacobian().mode(Mode::Forward).at(std::slice::from_ref(&x)).map(|_| ())),
        ("hessian", f.hessian().at(std::slice::from_ref(&x)).map(|_| ())),
    ] {
        let error = result.expect_err(what);
        assert_eq!(error.diagnostics()[0].code.0, "AD0805", "{what}");
    }
}

#[test]
fn arrays_of_the_most_dimensions_go_one_direction_at_a_time() {
    let ones = ["1"; 31].join(", ");
    let source = format!("fn f(x: [f64; 2, {ones}]) -> f64 {{ x[0, {0}] * x[1, {0}] }}", ones.replace('1', "0"));
    let mut dims = vec![1; 32];
    dims[0] = 2;
    let x = Value::Array(Array::f64(&dims, vec![3.0, 5.0]));
    let f = function(&source, 8);
    let (_, h) = f.hessian().at(std::slice::from_ref(&x)).expect("it runs");
    assert_eq!(floats(&h), [0.0, 1.0, 1.0, 0.0]);
    let (_, j) = f.jacobian().mode(Mode::Forward).at(&[x]).expect("it runs");
    assert_eq!(floats(&j), [5.0, 3.0]);
}

#[test]
fn matrices_of_single_precision_are_of_single_precision() {
    let f = function("fn f(x: [f32; n], c: f64) -> f64 { f64(sum(x * x)) * 0.1 * c }", 8);
    let args = [Value::from(vec![0.1_f32, 0.2]), 0.9.into()];
    for mode in [Mode::Forward, Mode::Reverse] {
        let (_, j) = f.jacobian().wrt(["x"]).mode(mode).at(&args).expect("it runs");
        assert_eq!(j.data.element(), adit::ScalarType::F32);
        let (_, mixed) = f.jacobian().mode(mode).at(&args).expect("it runs");
        assert_eq!(mixed.data.element(), adit::ScalarType::F64);
        let x = Value::Array(mixed).floats();
        assert!(x[..2].iter().all(|x| f64::from(*x as f32) == *x) && f64::from(x[2] as f32) != x[2], "{x:?}");
    }
    let (gradient, h) = f.hessian().wrt(["x"]).at(&args).expect("it runs");
    assert!(gradient.of("x").is_some_and(|x| x.as_slice_f32().is_some()));
    assert_eq!(h.data.element(), adit::ScalarType::F32);
}

const BY_RULE: &str = "
fn length(x: [f64; n]) -> f64 { sqrt(sum(x * x)) }
fn cubed(x: [f64; n]) -> f64 { length(x)^3 }
fn both(x: [f64; n]) -> f64 { length(x)^3 + 0 * other(x) }
fn other(x: [f64; n]) -> f64 { sum(x) }
";

#[test]
fn where_no_mode_is_asked_for_rules_of_either_serve() {
    let vjp = "@vjp(length) fn back(x: [f64; n], w: f64) -> (f64, [f64; n]) { let r = length(x); (r, w / r * x) }";
    let jvp =
        "@jvp(length) fn along(x: [f64; n], dx: [f64; n]) -> (f64, f64) { let r = length(x); (r, dot(x, dx) / r) }";
    let other = "@jvp(other) fn along_other(x: [f64; n], dx: [f64; n]) -> (f64, f64) { (sum(x), sum(dx)) }";
    let rules = [(jvp.to_owned(), "cubed"), (vjp.to_owned(), "cubed"), (format!("{vjp} {other}"), "both")];
    for (k, (rules, name)) in rules.iter().enumerate() {
        let module = Engine::new().compile(&format!("{BY_RULE}{rules}")).expect("it compiles");
        let f = module.function(name).expect("it is there");
        let args = [[1.0, 2.0, 2.0].into()];
        let slopes = [9.0, 18.0, 18.0];
        assert_eq!(f.gradient().at(&args).expect("there is one").floats(), slopes);
        assert_eq!(Value::Array(f.jacobian().at(&args).expect("there is one").1).floats(), slopes);
        let (gradient, hessian) = f.hessian().at(&args).expect("there is one");
        assert_eq!(gradient.floats(), slopes);
        assert_eq!(Value::Array(hessian).floats(), [10.0, 2.0, 2.0, 2.0, 13.0, 4.0, 2.0, 4.0, 13.0]);
        let product = f.hvp().at(&args, &[Some([0.0, 1.0, 0.0].into())]).expect("there is one");
        assert_eq!(product.floats(), [2.0, 13.0, 4.0]);
        f.gradient().build().expect("there is one");
        let refused = [Mode::Forward, Mode::Reverse].map(|mode| f.gradient().mode(mode).at(&args).is_err());
        assert_eq!(refused, [k > 0, k != 1]);
    }
}
