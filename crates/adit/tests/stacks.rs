//! Threads of any size: compiling and running have the stack that they need, and say so where recursion has not.

use adit::{Engine, Error, ErrorKind, Of, Stage, Value, Workspace};

/// What this gives on a thread of so many bytes of stack.
fn on_stack_of<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(bytes).spawn(work).expect("threads start");
    thread.join().expect("it does not panic")
}

/// A sum in so many brackets.
fn nested(depth: usize) -> String {
    format!("fn f(x: [f64; n]) -> f64 {{ {}sum(sin(x)){} }}", "(1 + ".repeat(depth), ")".repeat(depth))
}

#[test]
fn the_smallest_threads_compile_and_run() {
    for (bytes, depth) in [(32 << 10, 3), (64 << 10, 100), (512 << 10, 100)] {
        let work = move || -> Result<(), Error> {
            let f = Engine::new().compile(&nested(depth))?.function("f")?;
            let mut slopes = [0.0; 2];
            let gradient = f.gradient().build()?;
            let value = gradient.value_and_gradient(&mut Workspace::new(), &[0.0, 0.0], &mut slopes)?;
            assert_eq!((value, slopes), (depth as f64, [1.0, 1.0]));
            assert!(f.emit(Stage::Optimized, Of::Primal, 1)?.contains("sin"));
            assert_eq!(f.cost(&[])?.len(), 2);
            f.gradient().artefact().map(drop)
        };
        on_stack_of(bytes, work).unwrap_or_else(|e| panic!("{bytes}: {e}"));
    }
}

#[test]
fn the_deepest_programs_compile_on_threads_that_nobody_gave_a_size() {
    let deepest = (0..300).rev().find_map(|depth| Engine::new().compile(&nested(depth)).ok().map(|_| depth));
    let deepest = deepest.expect("some depth is admitted");
    let compiled = on_stack_of(2 << 20, move || {
        let f = Engine::new().compile(&nested(deepest))?.function("f")?;
        f.gradient().at(&[[0.0].into()])
    });
    assert_eq!(compiled.unwrap_or_else(|e| panic!("{e}")).value, Value::F64(deepest as f64));
}

#[test]
fn recursion_is_told_by_the_limit_that_it_met() {
    let source = "fn f(x: f64) -> f64 { 1.0 + f(x) }";
    let told = |depth: u32, bytes: usize| {
        let error = on_stack_of(bytes, move || {
            let engine = Engine::builder().limits(|limits| limits.depth = depth).build()?;
            engine.compile(source)?.function("f")?.call(&[1.0.into()])
        });
        let error = error.expect_err("it never ends");
        assert_eq!((error.kind(), error.diagnostics()[0].code.0), (ErrorKind::Run, "AD0804"));
        error.diagnostics()[0].message.clone()
    };
    assert_eq!(told(100, 4 << 20), "recursion is deeper than the limit of 100 calls");
    let full = told(u32::MAX, 256 << 10);
    assert!(full.starts_with("recursion is deeper than the stack of this thread"), "{full}");
}
