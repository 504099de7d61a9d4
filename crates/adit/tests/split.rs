//! Split mode: what two calls with a tape between give is what one call gives; the tape is of its arguments as they were; what does not fit it is told before anything runs.

use adit::{
    Active, Activity, BatchDuplicated, Const, Duplicated, Engine, Error, Function, Sweep, Tape, Value, Workspace,
};

/// A loop that saves, one of unknown length, branches, recursion that stays a call, calls, a struct, arrays written and returned.
const SOURCE: &str = "
struct P<n> { w: [f64; n], k: f64, id: i64 }
fn power(x: f64, n: i64) -> f64 { if n <= 0 { 1.0 } else { x * sin(power(x, n - 1)) } }
fn f(p: P<n>, x: [f64; n], m: i64) -> [f64; n] {
    let mut y = fill(0.0, n);
    let mut s = p.k;
    for i in 0..n {
        s = sin(s) * x[i] + p.w[i];
        if s > 0.3 { y[i] = s * s; } else { y[i] = power(s, m); }
    }
    let mut left = s * s;
    while left > 0.01 { left *= 0.5 * cos(s); y[0] += left; }
    y
}
fn energy(x: [f64; n], a: f64) -> f64 { let mut s = a; for i in 0..n { s = sin(s) * x[i] + s; } s }
fn scale(x: [f64; n], out: &mut [f64; n]) { out = x * x * out; }
fn plain(x: f64, y: f64) -> (f64, f64) { (x * y, x) }";

fn function(name: &str) -> Function {
    Engine::new().compile(SOURCE).and_then(|m| m.function(name)).unwrap_or_else(|e| panic!("{e}"))
}

fn told<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("a refusal was expected"),
        Err(e) => format!("{}: {}", e.diagnostics()[0].code, e.diagnostics()[0].message),
    }
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-13 * (1.0 + a.abs()), "{a} {b}");
    }
}

fn numbers(n: usize, from: f64) -> Vec<f64> {
    (0..n).map(|i| (from + i as f64 * 0.77).sin()).collect()
}

#[test]
fn two_calls_give_what_one_gives() {
    let f = function("f");
    let (split, vjp) = (f.split().build().expect("it compiles"), f.vjp().build().expect("it compiles"));
    let mut ws = Workspace::new();
    for n in [1, 2, 7, 40] {
        let p = Value::structure([("w", numbers(n, 0.3).into()), ("k", 0.4.into()), ("id", 7_i64.into())]);
        let (x, seed) = (numbers(n, 1.0), numbers(n, 2.0));
        let (mut dp, mut dx, mut y) = (p.zeroed(), vec![0.0; n], vec![0.0; n]);
        vjp.value_and_cotangents(&mut ws, (&p, &x, 3), &seed, &mut y, (&mut dp, &mut dx)).expect("it runs");
        let mut own = x.clone();
        let (mut sp, mut sx, mut z) = (p.zeroed(), Vec::new(), Vec::new());
        let tape = split.value_and_tape(&mut ws, (&p, &own, 3), &mut z).expect("it runs");
        own.fill(f64::NAN);
        // Other calls use the workspace meanwhile.
        vjp.value_and_cotangents(&mut ws, (&p, &seed, 5), &x, (), (&mut p.zeroed(), &mut own)).expect("it runs");
        tape.cotangents(&mut ws, &seed, (&mut sp, &mut sx)).expect("it runs");
        assert_eq!(y, z);
        close(&dx, &sx);
        close(&dp.floats(), &sp.floats());
    }
}

/// What is outermost may be a recursion, have a rule of its own, loops that are reversed iteration by iteration or from snapshots, and print.
#[test]
fn every_kind_of_function_falls_apart() {
    let sources = [
        "fn f(x: [f64; n], k: i64) -> f64 { if k <= 0 { sum(x) } else { sin(f(x, k - 1)) * x[0] } }",
        "fn f(x: [f64; n], k: i64) -> f64 { sum(x^2) * f64(k) }
         @vjp(f) fn rule(x: [f64; n], k: i64, w: f64) -> (f64, [f64; n]) { (f(x, k), 7.0 * w * x) }",
        "fn f(x: [f64; n], k: i64) -> f64 { let mut s = 0.0; for i in 0..n { let mut t = x[i]; for j in 0..k { t = sin(t) + 0.1; } s += t * t; } s }",
        "fn f(x: [f64; n], k: i64) -> f64 { let mut s = x[0]; @checkpoint(binomial: 3) for i in 0..20 * k { s = sin(s) + 0.1 * x[i % n]; } s }",
        "fn f(x: [f64; n], k: i64) -> f64 { let mut s = x[0]; @checkpoint(every: 4) while s < 9.0 { print(s); s = s * s + x[n - 1]^2 + f64(k); } s }",
        "fn f(x: [f64; n], k: i64) -> f64 { let g = grad(|y: [f64; n]| prod(sin(y)))(x); dot(g, x) }",
    ];
    for source in sources {
        let f = Engine::new().compile(source).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"));
        let (x, mut ws, mut dx, mut sx) = (numbers(6, 1.0), Workspace::new(), vec![0.0; 6], vec![0.0; 6]);
        let value = f.gradient().build().and_then(|g| g.value_and_gradient(&mut ws, (&x, 3), &mut dx)).expect(source);
        let mut same = 0.0;
        let split = f.split().build().unwrap_or_else(|e| panic!("{e}"));
        let tape = split.value_and_tape(&mut ws, (&x, 3), &mut same).expect(source);
        tape.cotangents(&mut ws, 1.0, &mut sx).expect(source);
        close(&[value], &[same]);
        close(&dx, &sx);
    }
}

#[test]
fn a_result_of_several_numbers_is_seeded_as_a_tuple() {
    let split = function("plain").split().wrt(["y", "x"]).build().expect("it compiles");
    let (mut ws, mut dx, mut dy) = (Workspace::new(), 0.0, 0.0);
    let tape = split.value_and_tape(&mut ws, (3.0, 5.0), ()).expect("it runs");
    tape.cotangents(&mut ws, (2.0, 10.0), (&mut dy, &mut dx)).expect("it runs");
    assert_eq!((dx, dy), (20.0, 6.0));
}

#[test]
fn tapes_go_to_other_threads_and_clones_are_reversed_by_themselves() {
    let split = function("energy").split().build().expect("it compiles");
    let (mut ws, x) = (Workspace::new(), numbers(50, 0.2));
    let mut value = 0.0;
    let tape = split.value_and_tape(&mut ws, (&x, 0.7), &mut value).expect("it runs");
    assert!(tape.bytes() > 0);
    let reverse = |tape: Tape, seed: f64| {
        let (mut dx, mut da) = (vec![0.0; 50], 0.0);
        tape.cotangents(&mut Workspace::new(), seed, (&mut dx, &mut da)).expect("it runs");
        (dx, da)
    };
    let (one, other) = (tape.clone(), tape.clone());
    let (there, here) = std::thread::scope(|scope| {
        let there = scope.spawn(|| reverse(one, 1.0));
        (there.join().expect("no panic"), reverse(tape, 1.0))
    });
    assert_eq!(there, here);
    let doubled = reverse(other, 2.0);
    assert_eq!((doubled.0[3], doubled.1), (2.0 * here.0[3], 2.0 * here.1));
}

#[test]
fn what_does_not_fit_the_tape_is_told() {
    let split = function("energy").split().build().expect("it compiles");
    let (mut ws, x, mut da) = (Workspace::new(), [0.1, 0.2, 0.3], 0.0);
    let mut tape = || split.value_and_tape(&mut ws, (&x, 0.7), ()).expect("it runs");
    let [a, b, c] = [tape(), tape(), tape()];
    let wrong = a.cotangents(&mut ws, 1.0, (&mut [0.0; 4], &mut da));
    assert_eq!(told(wrong), "AD0906: the gradient of `x` has the extents [4] where [3] are wanted");
    let wrong = b.cotangents(&mut ws, (1.0, 2.0), (&mut [0.0; 3], &mut da));
    assert!(told(wrong).starts_with("AD0905: "));
    let wrong = c.cotangents(&mut ws, 1.0, (&mut [0.0; 3], &da));
    assert_eq!(told(wrong), "AD0905: the gradient of `a` is written: pass it by `&mut`");
    let wrong = function("f").split().wrt(["m"]).build();
    assert!(told(wrong).starts_with("AD0603"));
}

#[test]
fn tapes_count_as_memory() {
    let source = "fn f(a: f64, n: i64) -> f64 { let mut s = a; for i in 0..n { s = sin(s) + s; } s }";
    let engine = Engine::builder().limits(|limits| limits.memory_bytes = 1 << 20).build().expect("these are options");
    let f = engine.compile(source).and_then(|m| m.function("f")).expect("it compiles");
    let (split, mut ws) = (f.split().build().expect("it compiles"), Workspace::new());
    let (mut slopes, mut tapes) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        tapes.push(split.value_and_tape(&mut ws, (0.5, 10_000), ()).expect("it fits: other tapes are the host's"));
    }
    let error = split.value_and_tape(&mut ws, (0.5, 10_000_000), ()).expect_err("it does not fit");
    assert_eq!(error.diagnostics()[0].code.0, "AD0805");
    for tape in tapes {
        let mut slope = 0.0;
        tape.cotangents(&mut ws, 1.0, &mut slope).expect("it runs");
        slopes.push(slope);
    }
    assert!(slopes.iter().all(|slope| *slope == slopes[0]), "{slopes:?}");
}

#[test]
fn the_explicit_form_has_two_calls_too() {
    let f = function("energy");
    let (x, mut dx, mut all) = (numbers(9, 0.2), vec![5.0; 9], vec![5.0; 9]);
    let args = (Duplicated(&x, &mut all), Active(0.7));
    let at_once = f.autodiff(Sweep::ReverseWithPrimal, Activity::Active, args).expect("it runs");
    let (value, tape) = f.augmented(Activity::Active, (Duplicated(&x, &mut dx), Active(0.7))).expect("it runs");
    assert_eq!((Some(value), &dx), (at_once.value, &vec![5.0; 9]));
    let other = tape.clone();
    let adjoints = tape.reverse(1.0, (Duplicated(&x, &mut dx), Active(0.7))).expect("it runs");
    close(&[adjoints.1], &[at_once.adjoints.1]);
    close(&dx, &all);

    let wrong = other.clone().reverse(1.0, (Const(&x), Active(0.7)));
    assert_eq!(
        told(wrong),
        "AD0907: the tape was made of arguments that were [Duplicated, Active], not [Const, Active]"
    );
    let wrong = other.reverse(1.0, (Duplicated(&x, &mut [0.0; 2]), Active(0.7)));
    assert_eq!(told(wrong), "AD0906: the shadow of `x` has the extents [2] where [9] are wanted");
    let wrong = f.augmented(Activity::Active, (Duplicated(&x, &mut [0.0; 2]), Active(0.7)));
    assert_eq!(told(wrong), "AD0906: the shadow of `x` has other extents than the parameter");
    let wrong = f.augmented(Activity::Const, (Duplicated(&x, &mut dx), Active(0.7)));
    assert_eq!(told(wrong), "AD0907: the result was said to be Const, but it depends on `x`, `a`");
}

#[test]
fn a_batch_has_a_sweep_for_each_seed() {
    let f = function("scale");
    let (x, mut out) = ([2.0, 3.0], [10.0, 20.0]);
    let (mut rows, mut seeds) = ([[0.0; 2]; 2], [[1.0, 0.0], [0.0, 1.0]]);
    let ([a, b], [s, t]) = (&mut rows, &mut seeds);
    let args = (BatchDuplicated(&x, [a, b]), BatchDuplicated(&mut out, [s, t]));
    f.autodiff(Sweep::Reverse, Activity::Const, args).expect("it runs");
    assert_eq!(out, [40.0, 180.0]);
    assert_eq!((rows, seeds), ([[40.0, 0.0], [0.0, 120.0]], [[4.0, 0.0], [0.0, 9.0]]));

    let (mut rows, mut short) = ([0.0; 2], [0.0; 1]);
    let args =
        (BatchDuplicated(&x, [&mut rows[..], &mut short]), BatchDuplicated(&mut out, [&mut [1.0; 2], &mut [1.0; 2]]));
    let wrong = f.autodiff(Sweep::Reverse, Activity::Const, args);
    assert_eq!(told(wrong), "AD0906: the shadow of `x` has other extents than the parameter");
    assert_eq!((out, rows), ([40.0, 180.0], [0.0; 2]), "nothing ran");

    let energy = function("energy");
    let args = (BatchDuplicated(&x, [&mut [0.0; 2], &mut [0.0; 2]]), Active(1.0));
    let wrong = energy.autodiff(Sweep::Reverse, Activity::Active, args);
    assert_eq!(told(wrong), "AD0907: `a` has 1 shadows, `x` 2: all have equally many");
    let none: [&mut [f64; 2]; 0] = [];
    let wrong = energy.autodiff(Sweep::Reverse, Activity::Active, (BatchDuplicated(&x, none), Const(1.0)));
    assert_eq!(told(wrong), "AD0907: a batch has one shadow at least");
}

/// Handles are shared by threads; tapes and workspaces go from one to another.
#[test]
fn threads_may_have_what_they_need() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<(Engine, adit::Module, Function, adit::CallFn, adit::GradientFn, adit::JvpFn, adit::VjpFn, adit::HvpFn)>();
    shared::<(adit::JacobianFn, adit::HessianFn, adit::SplitFn, adit::Typed<fn(f64) -> f64>)>();
    sent::<(Tape, Workspace, adit::BoundGradient)>();
}
