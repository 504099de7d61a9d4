//! What checkpoints cost: how often iterations run, and how much memory they take.

use adit::{Engine, ErrorKind, HostFunction, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Runs of the body for one gradient: those of the forward sweep, those on the way to a turn, and one for each turn.
fn runs(attribute: &str, header: &str, length: i64) -> i64 {
    let count = Arc::new(AtomicI64::new(0));
    let counted = count.clone();
    let step = HostFunction::scalar("fn step(x: f64) -> f64", move |a| {
        counted.fetch_add(1, Ordering::Relaxed);
        0.5 * a[0] + 1.0
    })
    .partials(|_, out| out[0] = 0.5);
    let text = format!(
        "fn f(x: f64, n: i64) -> f64 {{ let mut s = x; let mut t = 0; @checkpoint({attribute}) {header} {{ s = step(s); t += 1; }} s }}"
    );
    let engine = Engine::new().with_function(step).expect("right");
    let f = engine.compile(&text).and_then(|module| module.function("f")).expect("it compiles");
    let gradient = f.gradient().wrt(["x"]).at(&[3.0.into(), length.into()]).expect("there is one");
    assert_eq!(gradient.floats(), [0.5_f64.powi(length as i32)]);
    count.load(Ordering::Relaxed)
}

/// The fewest steps that any schedule runs to reverse some steps from a snapshot before them, besides one for each turn.
fn fewest(length: i64, snapshots: i64) -> i64 {
    let binomial = |n: i64, k: i64| (0..k.min(n - k)).fold(1, |product, i| product * (n - i) / (i + 1));
    let t = (0..).find(|&t| binomial(snapshots + t, snapshots) >= length).expect("it grows");
    t * length - if t > 0 { binomial(snapshots + t, t - 1) } else { 0 }
}

/// The same after a forward sweep through all of them, which may take as many snapshots on its way, by trying where the next one goes.
fn after_all(length: i64, snapshots: i64) -> i64 {
    let mut left = vec![vec![0; length as usize + 1]; snapshots as usize + 1];
    for s in 1..=snapshots {
        for l in 2..=length {
            let cuts = (1..l).filter(|_| s > 1).map(|m| fewest(m, s) + left[s as usize - 1][(l - m) as usize]);
            left[s as usize][l as usize] = cuts.chain([fewest(l, s)]).min().expect("there is one");
        }
    }
    left[snapshots as usize][length as usize]
}

#[test]
fn as_few_iterations_run_as_can_be() {
    for (length, snapshots) in [(1, 1), (2, 1), (5, 1), (10, 3), (56, 5), (60, 3), (100, 10), (9, 20)] {
        let attribute = format!("binomial: {snapshots}");
        // The forward sweep, what is run again, and each turn's own.
        let expected = length + after_all(length, snapshots) + length;
        assert_eq!(runs(&attribute, "for _ in 0..n", length), expected, "{length} steps, {snapshots} snapshots");
        // Without a known length, iterations are counted first.
        assert_eq!(runs(&attribute, "while t < n", length), expected + length, "{length} steps, {snapshots} snapshots");
    }
    assert_eq!(runs("every: 7", "for _ in 0..n", 20), 40);
    assert_eq!(runs("every: 7", "while t < n", 20), 40);
    assert_eq!(runs("binomial: 3", "for _ in 0..n", 0), 0);
}

/// A snapshot is x and how many iterations came before; an iteration saves x.
#[test]
fn there_are_never_more_snapshots_than_asked_for() {
    let gradient = |snapshots: u64, tape_bytes: u64| {
        let limits = |limits: &mut Limits| limits.tape_bytes = Some(tape_bytes);
        let text = format!(
            "fn f(x0: f64, n: i64) -> f64 {{ let mut x = x0; @checkpoint(binomial: {snapshots}) for i in 0..n {{ x += 0.01 * sin(x); }} x }}"
        );
        let engine = Engine::builder().limits(limits).build().expect("these are options");
        engine
            .compile(&text)
            .and_then(|module| module.function("f"))
            .expect("it compiles")
            .gradient()
            .at(&[1.0.into(), 50.into()])
    };
    for snapshots in [1, 2, 5, 10, 49] {
        gradient(snapshots, 16 * snapshots + 8).expect("it fits");
        assert_eq!(gradient(snapshots, 16 * snapshots + 7).expect_err("a byte is missing").kind(), ErrorKind::Run);
    }
}

/// What an iteration saves is what its reverse pushes: numbers, inner loops, snapshots of inner loops.
#[test]
fn a_budget_is_kept() {
    let limits = |limits: &mut Limits| limits.tape_bytes = Some(64 << 10);
    let engine = Engine::builder().limits(limits).build().expect("these are options");
    for (attribute, inner) in
        [("", "m"), ("", "t % 7"), ("@checkpoint(every: 50)", "m"), ("@checkpoint(binomial: 7)", "m")]
    {
        let text = format!(
            "fn f(x0: f64, n: i64, m: i64) -> f64 {{
    let mut x = x0;
    @checkpoint(budget: 64 KiB)
    for t in 0..n {{
        {attribute}
        for i in 0..{inner} {{ x += if x > 1.0 {{ 0.01 * sin(x) }} else {{ 0.02 }}; }}
    }}
    x
}}"
        );
        let f = engine.compile(&text).and_then(|module| module.function("f")).expect("it compiles");
        let gradient = f.gradient().at(&[0.5.into(), 500.into(), 100.into()]);
        gradient.unwrap_or_else(|e| panic!("{e}\n{text}"));
    }
}

#[test]
fn memory_is_bounded() {
    let gradient = |attribute: &str| {
        let engine =
            Engine::builder().limits(|limits| limits.memory_bytes = 3 << 20).build().expect("these are options");
        let text = format!(
            "fn f(x0: f64, p: f64, n: i64) -> f64 {{ let mut x = x0; {attribute} for i in 0..n {{ x += 0.01 * sin(x) * p; }} x }}"
        );
        let f = engine.compile(&text).and_then(|module| module.function("f")).expect("it compiles");
        f.gradient().at(&[1.0.into(), 0.001.into(), 500_000.into()])
    };
    let kind = gradient("").expect_err("it does not fit").kind();
    assert_eq!(kind, ErrorKind::Run);
    let [every, binomial, budget] = ["every: 1000", "binomial: 20", "budget: 2 MiB"]
        .map(|kept| gradient(&format!("@checkpoint({kept})")).expect("it fits").floats());
    assert_eq!(every, binomial);
    assert_eq!(every, budget);
}

/// The place is that of the loop, not of what is in it.
#[test]
fn a_run_that_saves_too_much_names_the_loop() {
    let limits = |limits: &mut Limits| limits.tape_bytes = Some(20);
    let text = "fn f(x0: f64, n: i64) -> f64 {
        let mut x = x0;
        for i in 0..n {
            if x > 0.0 { x -= 0.01 * sin(x); }
        }
        x
    }";
    let engine = Engine::builder().limits(limits).build().expect("these are options");
    let f = engine.compile(text).and_then(|module| module.function("f")).expect("it compiles");
    let told = f.gradient().at(&[1.0.into(), 100.into()]).expect_err("not even a snapshot fits").to_string();
    assert!(told.contains("AD0816") && told.contains("3:9") && told.contains("@checkpoint"), "{told}");
}

#[test]
fn a_limit_for_tapes_bounds_every_loop_that_saves() {
    let gradient = |tape_bytes: Option<u64>| {
        let limits = |limits: &mut Limits| (limits.memory_bytes, limits.tape_bytes) = (3 << 20, tape_bytes);
        let text = "fn f(x0: f64, p: f64, n: i64) -> f64 {
            let mut x = x0;
            if n > 1 { for i in 0..n { x += 0.01 * sin(x) * p; } }
            while x > 0.5 { x *= 0.75; x -= 0.01 * sin(x); }
            x
        }";
        let engine = Engine::builder().limits(limits).build().expect("these are options");
        let f = engine.compile(text).and_then(|module| module.function("f")).expect("it compiles");
        f.gradient().at(&[1.0.into(), 0.001.into(), 500_000.into()])
    };
    let told = gradient(None).expect_err("it does not fit");
    assert!(told.to_string().contains("@checkpoint"), "{told}");
    gradient(Some(1 << 20)).expect("it fits");
}

/// Iterations run again, and what they call tells nothing twice; a recursion is not inlined.
#[test]
fn what_is_called_prints_once() {
    let run = |attribute: &str| {
        let lines = Arc::new(AtomicI64::new(0));
        let counted = lines.clone();
        let sink = move |_: &str| {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let engine = Engine::builder().sink(sink).build().expect("these are options");
        let text = format!(
            "fn tell(x: f64, k: i64) -> f64 {{ print(x); if k > 0 {{ other(sin(x), k) }} else {{ 2.0 * x }} }}
fn other(x: f64, k: i64) -> f64 {{ assert(k > 0); tell(x, k - 1) + 0.5 * x }}
fn f(x0: f64, n: i64) -> f64 {{ let mut x = x0; let mut i = 0; {attribute} while i < n {{ x = tell(x, 2); i += 1; }} x }}"
        );
        let f = engine.compile(&text).and_then(|module| module.function("f")).unwrap_or_else(|e| panic!("{e}"));
        let gradient = f.gradient().at(&[0.7.into(), 20.into()]).unwrap_or_else(|e| panic!("{e}"));
        (gradient.floats(), lines.load(Ordering::Relaxed))
    };
    let plain = run("");
    assert_eq!(plain.1, 60);
    for attribute in ["@checkpoint(every: 3)", "@checkpoint(binomial: 2)", "@checkpoint(budget: 100 B)"] {
        assert_eq!(run(attribute), plain, "{attribute}");
    }
}
