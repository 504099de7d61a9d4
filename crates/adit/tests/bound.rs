//! Gradients and other calls whose arguments mostly stay: the bits of the handle they come from, on flat slices.

use adit::{Array, BoundCall, BoundGradient, Data, Engine, Error, Function, Mode, Value, Workspace};

const SOURCE: &str = "
struct P<n> { w: [f64; n, 2], k: f64, id: i64, s: f32 }
fn f(p: P<n>, a: [f64; n], b: [f32; n], tmp: &mut [f64; n], c: f64, flags: [bool; n], counts: [i64; n]) -> f64 {
    let mut t = c;
    for i in 0..n {
        tmp[i] = tmp[i] * a[i] + f64(b[i]) * p.w[i, 0];
        if flags[i] { t += sin(tmp[i]) * p.w[i, 1]; } else { t = cos(t) * f64(counts[i] + p.id); }
    }
    t * p.k + f64(p.s)
}";

fn function() -> Function {
    Engine::new().compile(SOURCE).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"))
}

fn numbers(n: usize, from: f64) -> Vec<f64> {
    (0..n).map(|i| (from + i as f64 * 0.77).sin()).collect()
}

fn arguments(n: usize, from: f64) -> Vec<Value> {
    let singles = numbers(n, from + 0.4).into_iter().map(|x| x as f32).collect();
    let p = Value::structure([
        ("w", Value::Array(Array::f64(&[n, 2], numbers(2 * n, from)))),
        ("k", (from + 0.3).into()),
        ("id", 2_i64.into()),
        ("s", Value::F32(0.25)),
    ]);
    let array = |data| Value::Array(Array { dims: vec![n], data });
    vec![
        p,
        numbers(n, from + 1.0).into(),
        array(Data::F32(singles)),
        numbers(n, from + 2.0).into(),
        (from - 0.2).into(),
        array(Data::Bool((0..n).map(|i| i % 3 > 0).collect())),
        array(Data::I64((0..n as i64).collect())),
    ]
}

fn floats(values: &[&Value]) -> Vec<f64> {
    values.iter().flat_map(|v| v.floats()).collect()
}

#[test]
fn a_bound_gradient_gives_the_bits_of_its_handle() {
    let f = function();
    let names: Vec<String> = f.signature().params.iter().map(|p| p.name.clone()).collect();
    for wrt in [vec!["p", "a", "b", "tmp", "c"], vec!["c", "tmp", "p"], vec!["b"], vec!["c"]] {
        let gradient = f.gradient().wrt(&wrt).build().unwrap_or_else(|e| panic!("{e}"));
        let places: Vec<usize> = wrt.iter().map(|w| names.iter().position(|n| n == w).expect("it is there")).collect();
        let mut bound = gradient.bind(&arguments(5, 0.1)).unwrap_or_else(|e| panic!("{e}"));
        let mut ws = Workspace::new();
        for from in [0.1, 0.9, 0.1] {
            // What is bound comes from one point, what moves from another.
            let (mut args, moved) = (arguments(5, 0.1), arguments(5, from));
            places.iter().for_each(|&at| args[at] = moved[at].clone());
            let mut shadows: Vec<Value> = places.iter().map(|&at| args[at].zeroed()).collect();
            let value = gradient.value_and_gradient(&mut ws, &args[..], &mut shadows[..]).expect("it runs");
            let x = floats(&places.iter().map(|&at| &args[at]).collect::<Vec<_>>());
            let mut slopes = vec![f64::NAN; bound.dim()];
            let same = bound.value_and_gradient(&mut ws, &x, &mut slopes).expect("it runs");
            assert_eq!((value.to_bits(), floats(&shadows.iter().collect::<Vec<_>>())), (same.to_bits(), slopes));
        }
    }
}

#[test]
fn clones_are_called_at_the_same_time() {
    let gradient = function().gradient().wrt(["a", "c", "b"]).build().expect("it compiles");
    let bound = gradient.bind(&arguments(9, 0.1)).expect("it fits");
    let run = |mut bound: BoundGradient| {
        let (mut ws, mut all) = (Workspace::new(), Vec::new());
        for k in 0..200 {
            let (x, mut slopes) = (numbers(19, f64::from(k)), vec![0.0; 19]);
            // Single precision comes from what fits in it.
            let x: Vec<f64> = x.into_iter().map(|x| f64::from(x as f32)).collect();
            all.push(bound.value_and_gradient(&mut ws, &x, &mut slopes).expect("it runs").to_bits());
            all.extend(slopes.into_iter().map(f64::to_bits));
        }
        all
    };
    let serial = run(bound.clone());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| run(bound.clone()))).collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().expect("no panic"), serial));
    });
}

#[test]
fn what_cannot_be_bound_is_told() {
    let told = |result: Result<(), Error>| {
        let error = result.expect_err("a refusal");
        format!("{}: {}", error.diagnostics()[0].code, error.diagnostics()[0].message)
    };
    let (f, args) = (function(), arguments(3, 0.1));
    let gradient = f.gradient().wrt(["a", "c"]).build().expect("it compiles");
    assert_eq!(told(gradient.bind(&args[..3]).map(drop)), "AD0904: 7 values are wanted, 3 were given");
    let mut short = args.clone();
    short[1] = [1.0].into();
    assert!(told(gradient.bind(&short).map(drop)).starts_with("AD0906: "));
    let mut bound = gradient.bind(&args).expect("it fits");
    let wrong = bound.value_and_gradient(&mut Workspace::new(), &[0.0; 3], &mut [0.0; 4]);
    assert_eq!(told(wrong.map(drop)), "AD0906: a point and a gradient have 4 floats here; 3 and 4 were given");
    let forward = f.gradient().wrt(["a"]).mode(Mode::Forward).build().expect("it compiles");
    assert!(told(forward.bind(&args).map(drop)).starts_with("AD0907: a gradient in forward mode is several calls"));
}

/// A result of all kinds, an array among them.
const SEVERAL: &str = "
struct P<n> { w: [f64; n, 2], k: f64, id: i64, s: f32 }
fn f(p: P<n>, a: [f64; n], b: [f32; n], tmp: &mut [f64; n], c: f64, flags: [bool; n], counts: [i64; n]) -> (f64, [f64; n], i64, f32) {
    let mut t = c;
    for i in 0..n {
        tmp[i] = tmp[i] * a[i] + f64(b[i]) * p.w[i, 0];
        if flags[i] { t += sin(tmp[i]) * p.w[i, 1]; } else { t = cos(t) * f64(counts[i] + p.id); }
    }
    (t * p.k, [tmp[i] * exp(a[i] * t) for i in 0..n], p.id, p.s * b[0])
}";

/// What moves, in groups, with what is differentiated among it, or not.
const MOVING: [(&[&str], &[&[&str]]); 4] = [
    (&["a"], &[&["a"]]),
    (&["c", "p"], &[&["p", "a"], &[], &["c"]]),
    (&["p", "a", "b", "tmp", "c"], &[&["c"], &["b", "tmp"], &["a", "p"]]),
    (&["tmp"], &[&["b"]]),
];

/// Slices of the floats of these parameters, group by group.
fn groups(f: &Function, moving: &[&[&str]], args: &[Value]) -> Vec<Vec<f64>> {
    let place = |name: &&str| f.signature().params.iter().position(|p| p.name == *name).expect("it is there");
    moving.iter().map(|names| names.iter().flat_map(|name| args[place(name)].floats()).collect()).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Calls, and gives what comes out.
fn called(bound: &mut BoundCall, ws: &mut Workspace, from: &[Vec<f64>]) -> Vec<Vec<u64>> {
    let from: Vec<&[f64]> = from.iter().map(Vec::as_slice).collect();
    let mut to: Vec<Vec<f64>> = bound.gives().iter().map(|&n| vec![f64::NAN; n]).collect();
    let mut places: Vec<&mut [f64]> = to.iter_mut().map(Vec::as_mut_slice).collect();
    bound.call(ws, &from, &mut places).unwrap_or_else(|e| panic!("{e}"));
    to.iter().map(|x| bits(x)).collect()
}

#[test]
fn bound_calls_give_the_bits_of_their_handles() {
    for (source, hvp) in [(SEVERAL, false), (SOURCE, true)] {
        let f = Engine::new().compile(source).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"));
        for (wrt, moving) in MOVING {
            let fixed = arguments(4, 0.1);
            let (mut ws, mut value) = (Workspace::new(), f.call(&fixed).expect("it runs").value);
            let along: Vec<Value> = wrt.iter().map(|name| args_of(&f, name, &arguments(4, 0.7))).collect();
            let directions: Vec<f64> = along.iter().flat_map(Value::floats).collect();
            for from in [0.2, 0.9] {
                let mut args = fixed.clone();
                for name in moving.iter().copied().flatten() {
                    let at = f.signature().params.iter().position(|p| p.name == *name).expect("it is there");
                    args[at] = arguments(4, from)[at].clone();
                }
                let x = groups(&f, moving, &args);
                let with = |asked: &[f64]| [&x[..], &[asked.to_vec()]].concat();

                f.build().and_then(|call| call.call(&mut ws, &args[..], &mut value)).expect("it runs");
                let mut bound = f.build().and_then(|call| call.bind(&fixed, moving)).expect("it fits");
                assert_eq!(called(&mut bound, &mut ws, &x), [bits(&value.floats())]);

                let (jvp, mut tangent) = (f.jvp().wrt(wrt).build().expect("it compiles"), value.clone());
                jvp.value_and_tangent(&mut ws, &args[..], &along[..], &mut value, &mut tangent).expect("it runs");
                let mut bound = jvp.bind(&fixed, moving).expect("it fits");
                let found = called(&mut bound, &mut ws, &with(&directions));
                assert_eq!(found, [bits(&value.floats()), bits(&tangent.floats())], "{wrt:?} {moving:?}");

                let vjp = f.vjp().wrt(wrt).build().expect("it compiles");
                let (mut slopes, seed): (Vec<Value>, _) = (along.iter().map(Value::zeroed).collect(), value.clone());
                vjp.value_and_cotangents(&mut ws, &args[..], &seed, &mut value, &mut slopes[..]).expect("it runs");
                let mut bound = vjp.bind(&fixed, moving).expect("it fits");
                let found = called(&mut bound, &mut ws, &with(&seed.floats()));
                let slopes = floats(&slopes.iter().collect::<Vec<_>>());
                assert_eq!(found, [bits(&value.floats()), bits(&slopes)], "{wrt:?} {moving:?}");

                if hvp {
                    let hvp = f.hvp().wrt(wrt).build().expect("it compiles");
                    let mut parts: [Vec<Value>; 2] = std::array::from_fn(|_| along.iter().map(Value::zeroed).collect());
                    let [gradient, product] = &mut parts;
                    hvp.value_gradient_and_product(&mut ws, &args[..], &along[..], &mut gradient[..], &mut product[..])
                        .expect("it runs");
                    let mut bound = hvp.bind(&fixed, moving).expect("it fits");
                    let found = called(&mut bound, &mut ws, &with(&directions));
                    let wanted = parts.map(|part| bits(&floats(&part.iter().collect::<Vec<_>>())));
                    assert_eq!(found, [&[bits(&value.floats())][..], &wanted].concat(), "{wrt:?} {moving:?}");
                }
            }
        }
    }
}

/// The argument of this name.
fn args_of(f: &Function, name: &str, args: &[Value]) -> Value {
    let at = f.signature().params.iter().position(|p| p.name == name).expect("it is there");
    args[at].clone()
}

#[test]
fn what_no_call_can_be_bound_to_is_told() {
    let (f, args) = (function(), arguments(3, 0.1));
    let call = f.build().expect("it compiles");
    let told = |moving: &[&[&str]]| {
        let error = call.bind(&args, moving).expect_err("a refusal");
        format!("{}: {}", error.diagnostics()[0].code, error.diagnostics()[0].message)
    };
    assert_eq!(told(&[&["z"]]), "AD0904: `f` has no parameter `z`");
    assert_eq!(told(&[&["a"], &["c", "a"]]), "AD0904: `a` moves twice");
    let mut bound = call.bind(&args, &[&["a"], &["c"]]).expect("it fits");
    assert_eq!((bound.takes(), bound.gives()), (&[3, 1][..], &[1][..]));
    let wrong = bound.call(&mut Workspace::new(), &[&[1.0; 3], &[]], &mut [&mut [0.0]]).expect_err("too short");
    let wanted = "slices of [3, 1] floats go in here, and of [1] come out; of [3, 0] and of [1] were given";
    assert_eq!(wrong.diagnostics()[0].message, wanted);
    let several = f.jvp().wrt(["a"]).lanes(2).build().expect("it compiles");
    assert_eq!(several.bind(&args, &[]).expect_err("two lanes").diagnostics()[0].code.to_string(), "AD0904");
}

#[test]
fn extents_beyond_all_numbers_are_told_and_never_multiplied() {
    let f = Engine::new().compile("fn f(x: [f64; m, n], k: f64) -> f64 { k * sum(x) }").expect("it compiles");
    let gradient = f.function("f").and_then(|f| f.gradient().build()).expect("it has one");
    let code = |e: Error| e.diagnostics()[0].code.to_string();
    let array = |dims: [usize; 2]| Array { dims: dims.to_vec(), data: Data::F64(Vec::new()) };
    for dims in [[1 << 63, 2], [usize::MAX, usize::MAX], [3, 4]] {
        let args = [Value::Array(array(dims)), 2.0.into()];
        assert_eq!(code(gradient.bind(&args).expect_err("no such array")), "AD0906");
        let mut slopes = [args[0].clone(), 0.0.into()];
        let told = gradient.value_and_gradient(&mut Workspace::new(), &args[..], &mut slopes[..]);
        assert_eq!(code(told.expect_err("no such array")), "AD0906");
        assert_eq!(code(gradient.function().call(&args).expect_err("no such array")), "AD0906");
    }
    for dims in [[0, 3], [3, 0]] {
        let args = [Value::Array(array(dims)), 2.0.into()];
        assert_eq!(gradient.bind(&args).map(|bound| bound.dim()).unwrap_or_else(|e| panic!("{e}")), 1);
    }
    // However large the other extents of an empty array are.
    let f = Engine::new().compile("fn f(x: [f64; 0, m, n], k: f64) -> f64 { k + f64(m) * 0 }").expect("it compiles");
    let f = f.function("f").expect("it is there");
    let empty = Value::Array(Array { dims: vec![0, 1 << 62, 1 << 62], data: Data::F64(Vec::new()) });
    let args = [empty, 2.0.into()];
    assert_eq!(f.gradient().at(&args).expect("it is empty").value, Value::F64(2.0));
    assert!(f.gradient().build().and_then(|g| g.bind(&args)).is_ok());
    assert_eq!(f.hessian().at(&args).expect("it is empty").0.value, Value::F64(2.0));
}

#[test]
fn a_field_that_is_given_twice_is_told() {
    let source = "struct P { a: f64, b: f64 } fn f(p: P) -> f64 { p.a * p.b }";
    let f = Engine::new().compile(source).and_then(|m| m.function("f")).expect("it compiles");
    let twice = Value::structure([("a", 1.0.into()), ("b", 2.0.into()), ("a", 3.0.into())]);
    let error = f.call(&[twice]).expect_err("which one?");
    assert_eq!((error.diagnostics()[0].code.0, &*error.diagnostics()[0].message), ("AD0904", "`p.a` is given twice"));
}
