//! Nothing is allocated after the first call at a size; threads that share a handle compute the same bits as one; programs that are dropped leave nothing behind.
//!
//! What a thread allocates is counted by an allocator of the whole program, so these are a program of their own.
//! `python3 tools/races/races.py` runs the threads under a checker that sees what compiled code reads and writes.

use adit::{Engine, Workspace};
use allocation_counter::measure;

/// How often the second and third of three calls allocate.
fn allocations(mut call: impl FnMut()) -> u64 {
    call();
    let counted = measure(|| {
        call();
        call();
    });
    counted.count_total
}

/// A loop whose reverse saves something, an array of its own, a struct, a matrix.
const SOURCE: &str = "
struct P<n> { w: [f64; n], k: f64 }
fn f(p: P<n>, x: [f64; n], a: [f64; n, n]) -> f64 {
    let mut s = p.k;
    let y = a @ x;
    for i in 0..n { s = sin(s) * y[i] + p.w[i] * exp(-s^2); }
    s
}
fn g(p: P<n>, x: [f64; n]) -> [f64; n] { [sin(p.k * x[i]) * p.w[i] for i in 0..n] }
fn h(x: f64, y: f64) -> f64 { x * y + x }";

struct Handles {
    gradient: adit::GradientFn,
    forward: adit::GradientFn,
    hvp: adit::HvpFn,
    hessian: adit::HessianFn,
    jacobian: adit::JacobianFn,
    jvp: adit::JvpFn,
    vjp: adit::VjpFn,
    call: adit::CallFn,
    split: adit::SplitFn,
    bound: adit::BoundGradient,
}

fn handles() -> adit::Result<Handles> {
    let module = Engine::new().compile(SOURCE)?;
    let (f, g) = (module.function("f")?, module.function("g")?);
    Ok(Handles {
        gradient: f.gradient().wrt(["x", "a"]).build()?,
        forward: f.gradient().wrt(["x"]).mode(adit::Mode::Forward).build()?,
        hvp: f.hvp().wrt(["x"]).build()?,
        hessian: f.hessian().wrt(["x"]).build()?,
        jacobian: g.jacobian().wrt(["x"]).build()?,
        jvp: g.jvp().wrt(["x"]).build()?,
        vjp: g.vjp().wrt(["x"]).build()?,
        call: g.build()?,
        split: f.split().wrt(["x"]).build()?,
        bound: module.function("h")?.gradient().build()?.bind(&[1.0.into(), 2.0.into()])?,
    })
}

#[derive(adit::Leaves)]
struct P<'x> {
    w: &'x [f64],
    k: f64,
}

fn numbers(n: usize, from: f64) -> Vec<f64> {
    (0..n).map(|i| (from + i as f64 * 0.37).sin()).collect()
}

/// Everything once, all results in one list.
fn all(h: &Handles, ws: &mut Workspace, n: usize, out: &mut Vec<f64>) -> adit::Result<()> {
    let (w, x, a) = (numbers(n, 0.1), numbers(n, 0.2), numbers(n * n, 0.3));
    let a = adit::View::new(&a, [n, n])?;
    let (mut v, mut m, mut b) = (vec![0.0; n], vec![0.0; n * n], vec![0.0; n * n]);
    let p = &P { w: &w, k: 0.4 };
    let args = || (p, &x, a);
    out.push(h.gradient.value_and_gradient(ws, args(), (&mut v, adit::ViewMut::new(&mut m, [n, n])?))?);
    out.extend(&v);
    out.extend(&m);
    out.push(h.hvp.value_gradient_and_product(ws, args(), &w, (), &mut v)?);
    out.extend(&v);
    h.jacobian.value_and_jacobian(ws, (p, &x), &mut v, &mut b)?;
    out.extend(&b);
    Ok(())
}

fn nothing_is_allocated(h: &Handles) -> adit::Result<()> {
    let mut ws = Workspace::new();
    // The last is large enough for the kernels of products.
    for n in [5, 12, 40] {
        let (w, x, a) = (numbers(n, 0.1), numbers(n, 0.2), numbers(n * n, 0.3));
        let a = adit::View::new(&a, [n, n])?;
        let p = &P { w: &w, k: 0.4 };
        let (mut v, mut u, mut m) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
        let ws = &mut ws;
        let count = |name: &str, call: &mut dyn FnMut() -> adit::Result<()>| {
            assert_eq!(allocations(|| call().expect("it runs")), 0, "{name}, n = {n}");
        };
        count("gradient", &mut || {
            let da = adit::ViewMut::new(&mut m, [n, n])?;
            h.gradient.value_and_gradient(ws, (p, &x, a), (&mut v, da)).map(drop)
        });
        count("gradient, forward", &mut || h.forward.value_and_gradient(ws, (p, &x, a), &mut v).map(drop));
        count("hvp", &mut || h.hvp.value_gradient_and_product(ws, (p, &x, a), &w, &mut u, &mut v).map(drop));
        count("hessian", &mut || h.hessian.value_gradient_and_hessian(ws, (p, &x, a), &mut u, &mut m).map(drop));
        count("jacobian", &mut || h.jacobian.value_and_jacobian(ws, (p, &x), &mut u, &mut m));
        for mode in [adit::Mode::Forward, adit::Mode::Reverse] {
            let sparse = h.jacobian.function().jacobian().wrt(["x"]).mode(mode).sparse((p, &x))?;
            count("sparse jacobian", &mut || sparse.value_and_jacobian(ws, (p, &x), &mut u, &mut v));
        }
        let sparse = h.hessian.function().hessian().wrt(["x"]).sparse((p, &x, a))?;
        let mut entries = vec![0.0; sparse.pattern().nnz()];
        count("sparse hessian", &mut || {
            sparse.value_gradient_and_hessian(ws, (p, &x, a), &mut u, &mut entries).map(drop)
        });
        count("jvp", &mut || h.jvp.value_and_tangent(ws, (p, &x), &w, &mut u, &mut v));
        count("vjp", &mut || h.vjp.value_and_cotangents(ws, (p, &x), &w, &mut u, &mut v));
        count("split", &mut || h.split.value_and_tape(ws, (p, &x, a), ())?.cotangents(ws, 1.0, &mut v));
        let (mut bound, point, mut slopes) = (h.bound.clone(), [0.3, 0.4], [0.0; 2]);
        count("bound", &mut || bound.value_and_gradient(ws, &point, &mut slopes).map(drop));
        count("call", &mut || h.call.call(ws, (p, &x), &mut v));
        let fixed = [adit::Value::structure([("w", w.clone().into()), ("k", 0.4.into())]), x.clone().into()];
        let mut bound = h.vjp.bind(&fixed, &[&["x"]])?;
        count("bound call", &mut || bound.call(ws, &[&x, &w], &mut [&mut u, &mut v]));
    }
    Ok(())
}

/// Compiles and drops programs that differ, and calls each; the bytes that this leaves allocated.
fn cycles(count: usize) -> adit::Result<i64> {
    let engine = Engine::new();
    let mut ws = Workspace::new();
    let mut cycle = |k: usize| {
        let module = engine.compile(&format!("fn f(x: f64, y: f64) -> f64 {{ x * y + {k}.0 }}"))?;
        let (mut dx, mut dy) = (0.0, 0.0);
        let gradient = module.function("f")?.gradient().build()?;
        let value = gradient.value_and_gradient(&mut ws, (2.0, 3.0), (&mut dx, &mut dy))?;
        assert_eq!((value, dx, dy), (6.0 + k as f64, 3.0, 2.0));
        Ok::<(), adit::Error>(())
    };
    (0..20).try_for_each(&mut cycle)?;
    let mut ran = Ok(());
    let counted = measure(|| ran = (0..count).try_for_each(&mut cycle));
    ran.map(|()| counted.bytes_current)
}

/// Pages of the process in memory, where the system tells.
fn resident() -> Option<u64> {
    std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()
}

#[test]
fn nothing_is_allocated_after_the_first_call() {
    let handles = handles().unwrap_or_else(|e| panic!("{e}"));
    nothing_is_allocated(&handles).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn eight_threads_share_a_set_of_handles() {
    let handles = handles().unwrap_or_else(|e| panic!("{e}"));
    let run = || {
        let (mut ws, mut out) = (Workspace::new(), Vec::new());
        for n in (1..20).chain((1..20).rev()) {
            all(&handles, &mut ws, n, &mut out)?;
        }
        Ok::<Vec<u64>, adit::Error>(out.into_iter().map(f64::to_bits).collect())
    };
    let serial = run().unwrap_or_else(|e| panic!("{e}"));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("no panic").unwrap_or_else(|e| panic!("{e}")), serial);
        }
    });
}

#[test]
fn programs_that_are_dropped_leave_nothing() {
    let left = cycles(300).unwrap_or_else(|e| panic!("{e}"));
    assert!(left.abs() < 10_000, "{left} bytes are left");
}

/// `cargo test --release -p adit --test allocations -- --ignored a_hundred_thousand`
#[test]
#[ignore = "takes a minute, optimised"]
fn a_hundred_thousand_programs_come_and_go_in_flat_memory() {
    cycles(1000).unwrap_or_else(|e| panic!("{e}"));
    let pages = resident();
    let left = cycles(100_000).unwrap_or_else(|e| panic!("{e}"));
    assert!(left.abs() < 100_000, "{left} bytes are left");
    if let (Some(before), Some(after)) = (pages, resident()) {
        assert!(after < before + before / 4 + 1000, "{before} pages became {after}");
    }
}
