//! Derivatives grow and cost in proportion to the program.

use adit_autodiff::{Options, RefusalKind, jvp_with, vjp, vjp_with};
use adit_diag::Span;
use adit_ir::{Bounds, Builder, Function, Int, Module, Passing, Prim, Type};

/// `n` multiplications and sines in a row.
fn straight(n: usize) -> Function {
    let mut b = Builder::new("f", Span::NONE);
    let x = b.param(Type::F64, Passing::ByValue);
    let mut y = x;
    for i in 0..n {
        y = if i % 2 == 0 { b.prim(Prim::Mul, &[y, x]) } else { b.prim(Prim::Sin, &[y]) };
    }
    b.finish(&[y])
}

/// `n` loops, one inside the other.
fn nested(n: usize) -> Function {
    let mut b = Builder::new("f", Span::NONE);
    let x = b.param(Type::F64, Passing::ByValue);
    let mut carried = vec![x];
    for _ in 0..n {
        let region = b.open(&[Type::I64, Type::F64]);
        carried.push(b.func().region(region).params[1]);
    }
    let mut y = b.prim(Prim::Mul, &[x, carried[n]]);
    for depth in (0..n).rev() {
        let region = b.close(&[y]);
        let bounds = Bounds::up_to(Int::Const(2));
        let inst = b.for_(bounds, &[carried[depth]], region);
        y = b.results(inst)[0];
    }
    b.finish(&[y])
}

fn vjp_size(f: Function) -> usize {
    let mut module = Module::new();
    let f = module.push(f);
    let g = vjp(&mut module, f, &[true]).expect("within limits");
    module.function(g).live_inst_count()
}

#[test]
fn straight_lines_grow_linearly() {
    let [small, large] = [1_000, 10_000].map(|n| vjp_size(straight(n)));
    assert!(large < 10 * small + 100, "{small} instructions became {large}");
}

#[test]
fn nests_grow_linearly() {
    let [small, large] = [20, 200].map(|n| vjp_size(nested(n)));
    assert!(large < 10 * small + 100, "{small} instructions became {large}");
}

#[test]
fn too_many_instructions_are_refused() {
    let mut module = Module::new();
    let f = module.push(straight(1_000));
    let options = Options { instructions: 1_500, ..Options::default() };
    for refusal in [vjp_with(&mut module, f, &[true], &options), jvp_with(&mut module, f, &[true], &options)] {
        let kind = refusal.expect_err("2,000 instructions or more").kind;
        assert_eq!(kind, RefusalKind::TooLarge { function: "f".into(), limit: 1_500 });
    }
    assert_eq!(module.len(), 1);
}

#[test]
fn deep_nests_are_refused_and_need_no_deep_stack() {
    let work = || {
        let mut module = Module::new();
        let f = module.push(nested(470));
        vjp(&mut module, f, &[true]).expect("within limits");
        let f = module.push(nested(500));
        let kind = vjp(&mut module, f, &[true]).expect_err("beyond the limit").kind;
        assert!(matches!(kind, RefusalKind::TooDeep { .. }));
        let kind = adit_autodiff::jvp(&mut module, f, &[true]).expect_err("beyond the limit").kind;
        assert!(matches!(kind, RefusalKind::TooDeep { .. }));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("threads start");
    thread.join().expect("2 MiB of stack are enough");
}

/// `cargo test --release -p adit-autodiff --test size -- --ignored --nocapture` tells what 100,000 instructions cost.
#[test]
#[ignore = "measures time"]
fn a_hundred_thousand_instructions_take_little_time() {
    let mut module = Module::new();
    let f = module.push(straight(100_000));
    let start = std::time::Instant::now();
    vjp(&mut module, f, &[true]).expect("within limits");
    let reverse = start.elapsed();
    assert!(reverse.as_millis() < 200, "{reverse:?}");
}
