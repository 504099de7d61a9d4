//! Calls: forward mode goes through them, recursion included; reverse mode refuses those through which derivatives flow.

use crate::harness::{close, inputs, read, run};
use crate::programs::Arg::{self, F, I};
use adit_autodiff::{RefusalKind, jvp, vjp};
use adit_interp::ir::Cell;
use adit_ir::{FuncId, Module, verify};

/// x^n by recursion, and a product over calls of it.
const POWER: &str = "
func @main(v0: f64) -> f64 {
  v1 = const 1.0
  v2 = for v3 in 0..4 (v4: f64 = v1) {
    v5 = call @pow(v0, v3)
    v6 = mul v4, v5
    yield v6
  }
  return v2
}

func @pow(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp eq v1, v2
  v4 = if v3 {
    v5 = const 1.0
    yield v5
  } else {
    v6 = const 1
    v7 = isub v1, v6
    v8 = call @pow(v0, v7)
    v9 = mul v0, v8
    yield v9
  }
  return v4
}

func @fib(v0: f64, v1: i64) -> f64 {
  v2 = const 2
  v3 = cmp lt v1, v2
  v4 = if v3 {
    yield v0
  } else {
    v5 = const 1
    v6 = isub v1, v5
    v7 = isub v1, v2
    v8 = call @fib(v0, v6)
    v9 = call @fib(v0, v7)
    v10 = mul v8, v9
    yield v10
  }
  return v4
}
";

/// Writes to its argument, and returns what was there.
const DOUBLE: &str = "
func @main(v0: f64, v1: f64) -> f64 {
  v2 = alloc [f64; 2]
  store v2[1], v0
  v3, v4 = call @double(v2, v1)
  v5 = load v2[1]
  v6 = mul v3, v5
  return v6
}

func @double(v0: mut [f64; d0], v1: f64) -> (f64, i64) {
  v2 = load v0[1]
  v3 = mul v2, v1
  store v0[1], v3
  return v2, d0
}
";

fn derivative(module: &Module, g: FuncId, args: &[Arg], at: usize) -> f64 {
    let mut inputs = inputs(module, g, args);
    let outcome = run(module, g, &mut inputs).expect("the program runs");
    let Cell::F64(x) = outcome.results[at] else { panic!("a float at {at}") };
    x
}

#[test]
fn forward_mode_goes_through_recursion() {
    let mut module = read(POWER);
    let [main, pow, fib] = ["main", "pow", "fib"].map(|name| module.find(name).expect("it is there"));
    let dpow = jvp(&mut module, pow, &[true, false]).expect("within limits");
    assert_eq!(derivative(&module, dpow, &[F(2.0), I(5), F(1.0)], 1), 80.0);
    let dfib = jvp(&mut module, fib, &[true, false]).expect("within limits");
    assert_eq!(derivative(&module, dfib, &[F(2.0), I(5), F(1.0)], 1), 1024.0);
    let dmain = jvp(&mut module, main, &[true]).expect("within limits");
    assert!(close(derivative(&module, dmain, &[F(1.5), F(1.0)], 1), 45.5625, 1.0));
    let ddmain = jvp(&mut module, dmain, &[true, false]).expect("within limits");
    assert!(close(derivative(&module, ddmain, &[F(1.5), F(1.0), F(1.0)], 3), 30.0 * 1.5f64.powi(4), 1.0));
    assert_eq!(verify(&module), Ok(()));
}

#[test]
fn forward_mode_goes_through_calls_that_write() {
    let mut module = read(DOUBLE);
    let main = FuncId::new(0);
    let g = jvp(&mut module, main, &[true, true]).expect("within limits");
    assert_eq!(verify(&module), Ok(()));
    // x * (x * y)
    assert_eq!(derivative(&module, g, &[F(3.0), F(5.0), F(1.0), F(0.0)], 1), 30.0);
    assert_eq!(derivative(&module, g, &[F(3.0), F(5.0), F(0.0), F(1.0)], 1), 9.0);
    let callees: Vec<&str> = module.iter().map(|(_, f)| f.name.as_str()).collect();
    assert_eq!(callees, ["main", "double", "main__jvp", "double__jvp"]);
}

#[test]
fn one_derivative_serves_all_calls_of_one_activity() {
    let mut module = read(POWER);
    jvp(&mut module, FuncId::new(0), &[true]).expect("within limits");
    assert_eq!(module.len(), 5);
    jvp(&mut module, FuncId::new(0), &[false]).expect("within limits");
    assert_eq!(module.function(FuncId::new(5)).name, "main__jvp_2");
    assert_eq!(module.len(), 6, "nothing active: no derivative of the callee");
}

#[test]
fn reverse_mode_refuses_calls_and_names_them() {
    let mut module = read(DOUBLE);
    for active in [[true, false], [false, true]] {
        let refusal = vjp(&mut module, FuncId::new(0), &active).expect_err("a call remains");
        assert_eq!(refusal.kind, RefusalKind::CallsRemain { callee: "double".into() });
        let place = refusal.span.start as usize..refusal.span.end as usize;
        assert!(DOUBLE[place].contains("call @double"), "the span is the call's");
    }
    assert_eq!(module.len(), 2, "the module is as it was");
}

#[test]
fn reverse_mode_keeps_calls_without_derivatives() {
    let mut module = read(
        "
func @main(v0: f64, v1: i64) -> f64 {
  v2 = call @scale(v1)
  v3 = mul v0, v2
  return v3
}

func @scale(v0: i64) -> f64 {
  v1 = itof v0
  return v1
}
",
    );
    let g = vjp(&mut module, FuncId::new(0), &[true, true]).expect("nothing flows through the call");
    assert_eq!(derivative(&module, g, &[F(3.0), I(4), F(1.0)], 1), 4.0);
}
