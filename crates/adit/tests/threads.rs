//! Loops divided among threads: the same numbers but for rounding, the same bits in every run, errors of the iteration that comes first, limits and interruptions that hold.

use adit::{Engine, ErrorKind, Function, Value};

fn function(source: &str, threads: usize) -> Function {
    let engine = Engine::builder().limits(|limits| limits.threads = threads).build();
    let module = engine.and_then(|engine| engine.compile(source)).unwrap_or_else(|e| panic!("{e}"));
    module.entry().unwrap_or_else(|e| panic!("{e}"))
}

/// A likelihood with scratch arrays, a table that all data add to, a row for each, and a loop within.
const MIXTURE: &str = "
fn f(w: [f64; k], mu: [f64; k], x: [f64; n], which: [i64; n]) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        let mut terms = zeros(k);
        for j in 0..k { terms[j] = w[j] - (x[i] - mu[j])^2 / 2; }
        total += logsumexp(terms) + sin(w[which[i]]);
    }
    total
}";

fn data(n: usize, k: usize) -> Vec<Value> {
    let list = |n: usize, by: f64| -> Vec<f64> { (0..n).map(|i| (i as f64 * by + 0.3).sin()).collect() };
    let which: Vec<i64> = (0..n).map(|i| ((i * 7) % k) as i64).collect();
    vec![list(k, 0.7).into(), list(k, 1.3).into(), list(n, 0.01).into(), which.into()]
}

fn gradient(f: &Function, args: &[Value]) -> Vec<f64> {
    let found = f.gradient().at(args).unwrap_or_else(|e| panic!("{e}"));
    let value = found.value.floats();
    value.into_iter().chain(found.floats()).collect()
}

#[test]
fn threads_give_what_one_gives() {
    let args = data(20_000, 7);
    let expected = gradient(&function(MIXTURE, 1), &args);
    for threads in [2, 3, 8] {
        let f = function(MIXTURE, threads);
        let found = gradient(&f, &args);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * a.abs().max(1.0);
        assert!(expected.iter().zip(&found).all(close), "{threads} threads");
        // Sums that are associated otherwise are rounded otherwise, most of them.
        assert!(expected != found, "{threads} threads: nothing was divided");
        for _ in 0..3 {
            let again = gradient(&f, &args);
            assert!(found.iter().zip(again).all(|(a, b)| a.to_bits() == b.to_bits()), "{threads} threads");
        }
    }
}

#[test]
fn sizes_may_change_from_call_to_call() {
    let f = function(MIXTURE, 2);
    for n in [20_000, 3, 0, 30_000, 1, 20_000] {
        let args = data(n, 7);
        let (one, two) = (gradient(&function(MIXTURE, 1), &args), gradient(&f, &args));
        assert!(one.iter().zip(two).all(|(a, b)| (a - b).abs() <= 1e-12 * a.abs().max(1.0)), "n = {n}");
    }
}

#[test]
fn the_first_error_in_the_order_of_the_loop_is_told() {
    let mut args = data(40_000, 5);
    let wrong = |at: &[usize], args: &mut Vec<Value>| {
        let which: Vec<i64> = (0..40_000).map(|i| if at.contains(&i) { 5 + i as i64 } else { 0 }).collect();
        args[3] = which.into();
    };
    for at in [vec![39_999], vec![25_000, 39_000], vec![10, 30_000]] {
        wrong(&at, &mut args);
        let told = [1, 4].map(|threads| function(MIXTURE, threads).call(&args).expect_err("it stops").to_string());
        assert_eq!(told[0], told[1]);
        assert!(told[0].contains(&(5 + at[0]).to_string()), "{}", told[0]);
    }
}

#[test]
fn limits_hold_and_runs_can_be_interrupted() {
    let large = "fn f(n: i64, m: i64) -> f64 {
        let mut s = 0.0;
        for i in 0..n { let mut a = zeros(m); a[i % m] = 1.0; s += sum(a); }
        s
    }";
    let engine = Engine::builder().limits(|limits| (limits.threads, limits.memory_bytes) = (4, 1 << 20));
    let f = engine.build().and_then(|engine| engine.compile(large)?.entry()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(f.call(&[100.into(), 10_000.into()]).expect("it fits").value, Value::F64(100.0));
    let told = f.call(&[100.into(), 100_000.into()]).expect_err("four arrays of 800 kB are too much");
    assert_eq!((told.kind(), told.diagnostics()[0].code.0), (ErrorKind::Run, "AD0805"));
    let endless = "fn f(n: i64) -> f64 { let mut s = 0.0; for i in 0..n { s += sin(f64(i)); } s }";
    let engine = Engine::builder().limits(|limits| limits.threads = 2).build().unwrap_or_else(|e| panic!("{e}"));
    let f = engine.compile(endless).and_then(|module| module.entry()).unwrap_or_else(|e| panic!("{e}"));
    let flag = engine.options().interrupt.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let told = f.call(&[i64::MAX.into()]).expect_err("it is stopped");
        assert_eq!(told.diagnostics()[0].code.0, "AD0807");
    });
}

#[test]
fn strict_engines_keep_the_order() {
    let args = data(20_000, 7);
    let strict = |threads: usize| {
        let engine = Engine::builder().strict(true).limits(|limits| limits.threads = threads).build();
        let f = engine.and_then(|engine| engine.compile(MIXTURE)?.entry()).unwrap_or_else(|e| panic!("{e}"));
        gradient(&f, &args)
    };
    assert!(strict(1).iter().zip(strict(4)).all(|(a, b)| a.to_bits() == b.to_bits()));
}
