//! Handles: what they compute is what the one-time calls compute, on every kind of value, in every mode; what does not fit is told by name.

use adit::{Array, Engine, Error, Function, Mode, Value, View, ViewMut, Workspace};

fn function(source: &str) -> Function {
    let engine = Engine::builder().strict(true).build();
    let module = engine.and_then(|engine| engine.compile(source)).unwrap_or_else(|e| panic!("{e}"));
    module.entry().unwrap_or_else(|e| panic!("{e}"))
}

fn told<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("a refusal");
    assert_eq!(error.kind(), adit::ErrorKind::Input, "{error}");
    let told = &error.diagnostics()[0];
    format!("{}: {}", told.code, told.message)
}

/// A function of everything: a struct, a matrix, what is lent (array and scalar), integers; two results.
const MIXED: &str = "
struct P<n> { w: [f64; n], k: f64, id: i64 }
fn f(p: P<n>, x: [f64; n, 2], s: &mut [f64; n], t: &mut f64) -> (f64, [f64; n]) {
    let mut total = p.k;
    for i in 0..n {
        if x[i, 0] > x[i, 1] { total += sin(x[i, 0]) * p.w[i]; } else { total *= 1 + x[i, 1]^2; }
        s[i] = s[i] * total;
    }
    t = t * total;
    (total / (1 + norm(s)^2), [exp(-p.k * s[i]) * p.w[i] * t for i in 0..n])
}";

fn mixed(n: usize) -> Vec<Value> {
    let number = |i: usize| (i as f64 * 0.7 + 0.3).sin();
    let list = |from: usize, n: usize| -> Vec<f64> { (from..from + n).map(number).collect() };
    let p = Value::structure([("w", list(0, n).into()), ("k", 0.4.into()), ("id", 3i64.into())]);
    vec![p, Value::Array(Array::f64(&[n, 2], list(50, 2 * n))), list(90, n).into(), 0.7.into()]
}

fn floats(x: &Array) -> Vec<f64> {
    Value::Array(x.clone()).floats()
}

fn result(n: usize) -> Value {
    Value::Tuple(vec![0.0.into(), vec![0.0; n].into()])
}

#[test]
fn every_handle_computes_what_is_computed_once() {
    let f = function(MIXED);
    let mut ws = Workspace::new();
    let call = f.build().expect("it compiles");
    let jvp = f.jvp().build().expect("it compiles");
    let vjp = f.vjp().build().expect("it compiles");
    for n in [1, 4, 2] {
        let args = mixed(n);
        let once = f.call(&args).expect("it runs");
        let (mut value, mut lent) = (result(n), args.clone());
        call.call(&mut ws, &mut lent[..], &mut value).expect("it runs");
        assert_eq!(value, once.value);
        assert_eq!((&lent[2], &lent[3]), (&once.finals[0].1, &once.finals[1].1));

        let along: Vec<Value> = args.clone();
        let tangent = f.jvp().at(&args, &along.iter().cloned().map(Some).collect::<Vec<_>>()).expect("it runs").1;
        let mut out = result(n);
        jvp.value_and_tangent(&mut ws, &args[..], &along[..], &mut value, &mut out).expect("it runs");
        assert_eq!((&value, &out), (&once.value, &tangent));

        let seed = once.value.clone();
        let cotangent = f.vjp().at(&args, &seed).expect("it runs");
        let mut slopes: Vec<Value> = args.iter().map(Value::zeroed).collect();
        vjp.value_and_cotangents(&mut ws, &args[..], &seed, &mut value, &mut slopes[..]).expect("it runs");
        let expected: Vec<f64> = cotangent.floats();
        assert_eq!((slopes.iter().flat_map(Value::floats).collect::<Vec<_>>(), value), (expected, once.value));
    }
}

#[test]
fn matrices_are_those_that_are_computed_once() {
    let f = function(MIXED);
    let g = function(
        "fn g(x: [f64; n], a: f64, k: i64) -> f64 {
             let mut s = a;
             for i in 1..n { s = s * cos(x[i] * x[i - 1]) + exp(a * x[i]) * f64(k); }
             s / (1 + dot(x, x))
         }",
    );
    let mut ws = Workspace::new();
    let hessian = g.hessian().build().expect("it compiles");
    let hvp = g.hvp().build().expect("it compiles");
    for n in [3, 9, 1] {
        let args = mixed(n);
        let (value, expected) = f.jacobian().mode(Mode::Forward).at(&args).expect("it runs");
        for mode in [Some(Mode::Forward), Some(Mode::Reverse), None] {
            let jacobian = f.jacobian().mode(mode).build().expect("it compiles");
            let (rows, columns) = jacobian.shape(&mut ws, &args[..]).expect("they fit");
            assert_eq!([rows, columns], expected.dims[..]);
            let (mut same, mut matrix) = (result(n), vec![9.0; rows * columns]);
            let mut kept = args.clone();
            jacobian.value_and_jacobian(&mut ws, &mut kept[..], &mut same, &mut matrix).expect("it runs");
            assert_eq!((&same, &kept), (&value, &args), "{mode:?}");
            for (a, b) in matrix.iter().zip(floats(&expected)) {
                assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()), "{mode:?}: {a} {b}");
            }
        }
        let x: Vec<f64> = (0..n).map(|i| (i as f64 * 1.3).sin()).collect();
        let args = [x.clone().into(), 0.3.into(), 2i64.into()];
        let (gradient, expected) = g.hessian().at(&args).expect("it runs");
        let (mut dx, mut da, mut matrix) = (vec![], 0.0, vec![9.0; (n + 1) * (n + 1)]);
        let value = hessian.value_gradient_and_hessian(&mut ws, (&x, 0.3, 2), (&mut dx, &mut da), &mut matrix);
        assert_eq!(Value::F64(value.expect("it runs")), gradient.value);
        dx.push(da);
        assert_eq!((&dx, &matrix), (&gradient.floats(), &floats(&expected)));
        let (mut product, mut last) = (vec![], 0.0);
        let along = (&x, 1.0);
        hvp.value_gradient_and_product(&mut ws, (&x, 0.3, 2), along, (), (&mut product, &mut last)).expect("it runs");
        product.push(last);
        let row = |i: usize| &matrix[i * (n + 1)..(i + 1) * (n + 1)];
        let dot = |row: &[f64]| row.iter().zip(x.iter().chain([&1.0])).map(|(a, b)| a * b).sum::<f64>();
        for (i, p) in product.iter().enumerate() {
            assert!((p - dot(row(i))).abs() < 1e-12 * (1.0 + p.abs()), "{p} {}", dot(row(i)));
        }
    }
}

#[test]
fn gradients_in_both_modes_go_into_the_buffers_in_the_order_asked_for() {
    let f = function(
        "struct P<n> { w: [f64; n], k: f64, id: i64 }
         fn f(p: P<n>, x: [f64; n], m: [f64; 2, n], b: f64) -> f64 { b * sum(p.w * x) * p.k + sum(m^2) }",
    );
    let p = Value::structure([("w", [1.0, 2.0].into()), ("k", 0.5.into()), ("id", 7i64.into())]);
    let (x, m, mut ws) = ([3.0, 5.0], [[1.0, 2.0], [3.0, 4.0]], Workspace::new());
    for mode in [Mode::Reverse, Mode::Forward] {
        let gradient = f.gradient().wrt(["m", "p", "b"]).mode(mode).build().expect("it compiles");
        for _ in 0..2 {
            // What is there is overwritten; what is no float stays.
            let (mut dp, mut dm, mut db) = (p.clone(), [[9.0; 2]; 2], 9.0);
            let all = (&p, &x, &m, 2.0);
            let value = gradient.value_and_gradient(&mut ws, all, (&mut dm, &mut dp, &mut db)).expect("it runs");
            assert_eq!(value, 2.0 * 13.0 * 0.5 + 30.0, "{mode:?}");
            assert_eq!((dm, db), ([[2.0, 4.0], [6.0, 8.0]], 6.5), "{mode:?}");
            let expected = [("w", [3.0, 5.0].into()), ("k", 26.0.into()), ("id", 7i64.into())];
            assert_eq!(dp, Value::structure(expected), "{mode:?}");
        }
    }
}

#[test]
fn single_precision_views_and_tuples_go_in_and_out() {
    let f = function(
        "fn f(t: (f32, [f32; m, n]), flags: [bool; n]) -> f32 { if flags[0] { t.0 * sum(t.1^2) } else { 0.0 } }",
    );
    let gradient = f.gradient().build().expect("it compiles");
    let a = View::new(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]).expect("it fits");
    let (mut ds, mut da, mut ws) = (0.0_f32, [0.0_f32; 6], Workspace::new());
    let out = ((&mut ds, ViewMut::new(&mut da, [2, 3]).expect("it fits")),);
    let value = gradient.value_and_gradient(&mut ws, ((2.0_f32, a), &[true, false, true]), out).expect("it runs");
    assert_eq!((value, ds, da), (182.0, 91.0, [4.0, 8.0, 12.0, 16.0, 20.0, 24.0]));
}

#[test]
fn several_directions_at_once_are_what_each_is_alone() {
    let f = function(MIXED);
    let args = mixed(3);
    let along: Vec<Vec<Value>> = (0..3)
        .map(|lane| {
            let mut along = args.clone();
            let mut i = lane as f64;
            along.iter_mut().for_each(|v| {
                v.for_each_float_mut(&mut |x| {
                    i += 1.0;
                    *x = (i * 1.7).cos();
                });
            });
            along
        })
        .collect();
    let jvp = f.jvp().lanes(3).build().expect("it compiles");
    let (mut ws, mut value, mut tangents) = (Workspace::new(), result(3), vec![result(3); 3]);
    for _ in 0..2 {
        let mut outs: Vec<&mut Value> = tangents.iter_mut().collect();
        let mut ins: Vec<&[Value]> = along.iter().map(|d| &d[..]).collect();
        jvp.value_and_tangents(&mut ws, &args[..], &mut ins, &mut value, &mut outs).expect("it runs");
        for (along, tangent) in along.iter().zip(&tangents) {
            let one: Vec<Option<Value>> = along.iter().cloned().map(Some).collect();
            assert_eq!(
                (&value, tangent),
                (&f.call(&args).expect("it runs").value, &f.jvp().at(&args, &one).expect("it runs").1)
            );
        }
    }
    let outs: &mut [&mut Value] = &mut [];
    let none = jvp.value_and_tangents(&mut ws, &args[..], &mut [&args[..]; 0], &mut value, outs);
    assert_eq!(told(none), "AD0904: this handle was built for 3 directions at once, 0 were given");
}

#[test]
fn sizes_that_types_compute_are_checked_before_the_run() {
    let f = function(
        "fn f(x: [f64; n], y: [f64; n + 1], k: i64, z: [f64; k]) -> [f64; n + k] { fill(x[0] * y[0], n + k) }",
    );
    let call = f.build().expect("it compiles");
    let (mut ws, mut out) = (Workspace::new(), Vec::<f64>::new());
    call.call(&mut ws, (&[2.0], &[3.0, 0.0], 2, &[0.0; 2]), &mut out).expect("it runs");
    assert_eq!(out, [6.0; 3]);
    let wrong = call.call(&mut ws, (&[2.0], &[3.0], 2, &[0.0; 2]), &mut out);
    assert_eq!(told(wrong), "AD0906: sizes do not agree: the length of `y` is 1, but `n + 1` is 2");
    let wrong = call.call(&mut ws, (&[2.0], &[3.0, 0.0], 3, &[0.0; 2]), &mut out);
    assert_eq!(told(wrong), "AD0906: sizes do not agree: the length of `z` is 2, but `k` is 3");
    let wrong = call.call(&mut ws, (&[2.0], &[3.0, 0.0], -3, &[0.0; 2]), ());
    assert_eq!(told(wrong), "AD0906: the length of `z` would be -3");
    let wrong = call.call(&mut ws, (&[2.0], &[3.0, 0.0], 2, &[0.0; 2]), &mut [0.0; 2]);
    assert_eq!(told(wrong), "AD0906: the value of `result` has the extents [2] where [3] are wanted");
}

#[test]
fn what_does_not_fit_is_told_by_name() {
    let f = function(
        "struct P { a: f64, w: [f64; 2] }\nfn f(p: P, x: [f64; n], m: [f64; n, n], k: i64) -> f64 { sum(x) * p.a * sum(p.w) + sum(m) }",
    );
    let mut ws = Workspace::new();
    let g = f.gradient().wrt(["x"]).build().expect("it compiles");
    let p = Value::structure([("a", 1.0.into()), ("w", [1.0, 2.0].into())]);
    let (x, m, mut dx) = ([1.0, 2.0], [[0.0; 2]; 2], [0.0; 2]);
    let good = (&p, &x, &m, 1);
    g.value_and_gradient(&mut ws, good, &mut dx).expect("it runs");
    let mut case =
        |args: &mut dyn FnMut(&mut Workspace, &mut [f64; 2]) -> adit::Result<f64>| told(args(&mut ws, &mut dx));
    for (expected, found) in [
        (
            "AD0904: 4 values are wanted (`p`, `x`, `m`, `k`), 3 were given",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &m), dx)),
        ),
        (
            "AD0904: 4 values are wanted (`p`, `x`, `m`, `k`), 5 were given",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &m, 1, 1), dx)),
        ),
        ("AD0905: `k` takes i64, not f64", case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &m, 1.0), dx))),
        (
            "AD0905: `x` takes an array of f64, not f32",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &[1.0_f32, 2.0], &m, 1), dx)),
        ),
        (
            "AD0905: `x` takes an array of f64, not one f64",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, 1.0, &m, 1), dx)),
        ),
        (
            "AD0905: `k` takes one i64, not an array of i64",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &m, &[1_i64]), dx)),
        ),
        (
            "AD0905: `m` takes an array of f64 with 2 dimensions: another number of dimensions was given",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &[0.0; 4], 1), dx)),
        ),
        (
            "AD0906: sizes do not agree: dimension 1 of `m` is 3, but `n`, the length of `x`, is 2",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &x, &[[0.0; 2]; 3], 1), dx)),
        ),
        (
            "AD0906: the gradient of `x` has the extents [3] where [2] are wanted",
            case(&mut |ws, _| g.value_and_gradient(ws, good, &mut [0.0; 3])),
        ),
        (
            "AD0905: the gradient of `x` takes an array of f64, not f32",
            case(&mut |ws, _| g.value_and_gradient(ws, good, &mut [0.0_f32; 2])),
        ),
        (
            "AD0905: the gradient of `x` is written: pass it by `&mut`",
            case(&mut |ws, _| g.value_and_gradient(ws, good, &[0.0; 2])),
        ),
        (
            "AD0904: the gradient of 1 values are wanted (`x`), 2 were given",
            case(&mut |ws, dx| g.value_and_gradient(ws, good, (dx, &mut 0.0))),
        ),
        (
            "AD0904: a field `b` was given: where `p.a` comes",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&Value::structure([("b", 1.0.into())]), &x, &m, 1), dx)),
        ),
        (
            "AD0904: `p.w` was not given",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&Value::structure([("a", 1.0.into())]), &x, &m, 1), dx)),
        ),
        (
            "AD0905: more was given than `x` and what belongs to it",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, (&x, &x), &m, 1), dx)),
        ),
        (
            "AD0905: `x` is not lent to the function: pass it by `&`, not by `&mut`",
            case(&mut |ws, dx| g.value_and_gradient(ws, (&p, &mut [1.0, 2.0], &m, 1), dx)),
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn requests_for_nothing_are_refused() {
    let f = function("fn f(x: [f64; n], k: i64) -> [f64; n] { x }");
    let code = |e: Error| e.diagnostics()[0].code.to_string();
    assert_eq!(code(f.gradient().build().expect_err("no float")), "AD0602");
    assert_eq!(code(f.vjp().wrt(["k"]).build().expect_err("no float")), "AD0603");
    assert_eq!(code(f.vjp().wrt(["y"]).build().expect_err("no such name")), "AD0904");
    assert_eq!(code(f.vjp().wrt(["x", "x"]).build().expect_err("twice")), "AD0904");
}

#[test]
fn a_matrix_wants_its_room_and_prints_once() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(0));
    let count = lines.clone();
    let sink = move |_: &str| *count.lock().expect("no panic") += 1;
    let engine = Engine::builder().lanes(2).sink(sink).build().expect("these are options");
    let module = engine.compile("fn f(x: [f64; n]) -> [f64; n] { print(n); x * x }").expect("it compiles");
    let f = module.function("f").expect("it is there");
    let (x, mut ws, mut matrix) = ([1.0, 2.0, 3.0, 4.0, 5.0], Workspace::new(), [0.0; 25]);
    for mode in [Mode::Forward, Mode::Reverse] {
        let jacobian = f.jacobian().mode(mode).build().expect("it compiles");
        for runs in 1..3 {
            jacobian.value_and_jacobian(&mut ws, &x, (), &mut matrix).expect("it runs");
            assert_eq!(std::mem::take(&mut *lines.lock().expect("no panic")), 1, "{mode:?}, run {runs}");
        }
        let wrong = jacobian.value_and_jacobian(&mut ws, &x, (), &mut matrix[..24]);
        assert_eq!(told(wrong), "AD0906: the Jacobian is 5 by 5: 24 elements were given");
    }
}

#[test]
fn a_workspace_keeps_the_limits_of_whatever_it_serves() {
    let engine = |bytes| Engine::builder().limits(|limits| limits.memory_bytes = bytes).build();
    let source = "fn f(x: [f64; n]) -> [f64; n] { x * x }";
    let [small, large] = [1_000, 1 << 30].map(|bytes| {
        let module = engine(bytes).and_then(|engine| engine.compile(source)).expect("it compiles");
        module.function("f").and_then(|f| f.build()).expect("it compiles")
    });
    let (x, mut ws) = (vec![1.0; 1000], Workspace::new());
    for _ in 0..2 {
        large.call(&mut ws, &x, ()).expect("it fits");
        assert!(ws.bytes() > 8_000);
        let error = small.call(&mut Workspace::new(), &x, ()).expect_err("it does not fit");
        assert_eq!(error.diagnostics()[0].code.0, "AD0805");
    }
    ws.release();
    assert!(ws.bytes() < 1_000, "{}", ws.bytes());
}

#[test]
fn what_one_call_was_given_the_next_one_was_not() {
    let f = function("fn f(x: [f64; n], k: f64) -> f64 { k * sum(x) }");
    let (gradient, mut ws) = (f.gradient().build().expect("it compiles"), Workspace::new());
    let (mut dx, mut dk, mut longer) = ([0.0; 2], 0.0, [0.0; 3]);
    let value = gradient.value_and_gradient(&mut ws, (&[1.0, 2.0], 3.0), (&mut dx, &mut dk)).expect("it runs");
    assert_eq!((value, dx, dk), (9.0, [3.0; 2], 3.0));
    let error = told(gradient.value_and_gradient(&mut ws, (&[1.0, 2.0], ()), (&mut dx, &mut dk)));
    assert_eq!(error, "AD0904: `k` was not given");
    let error = told(gradient.value_and_gradient(&mut ws, ((), 3.0), (&mut dx, &mut dk)));
    assert_eq!(error, "AD0904: `x` was not given");
    // Nor do extents of the last call stay.
    let value = gradient.value_and_gradient(&mut ws, (&[1.0; 3], 2.0), (&mut longer, &mut dk)).expect("it runs");
    assert_eq!((value, longer, dk), (6.0, [2.0; 3], 3.0));
}
