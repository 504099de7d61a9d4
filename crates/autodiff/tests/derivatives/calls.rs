//! Calls: both modes go through them, recursion included.

use crate::harness::{close, inputs, read, run};
use crate::programs::Arg::{self, F, I};
use crate::programs::calls::{FIBONACCI, POWERS};
use adit_autodiff::{jvp, vjp};
use adit_interp::ir::Cell;
use adit_ir::{FuncId, Module, verify};

/// x^n by recursion, and a product over calls of it; beside them a function that calls itself twice.
fn power() -> Module {
    read(&format!("{POWERS}{FIBONACCI}"))
}

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
    let mut module = power();
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
    let mut module = power();
    jvp(&mut module, FuncId::new(0), &[true]).expect("within limits");
    assert_eq!(module.len(), 5);
    jvp(&mut module, FuncId::new(0), &[false]).expect("within limits");
    assert_eq!(module.function(FuncId::new(5)).name, "main__jvp_2");
    assert_eq!(module.len(), 6, "nothing active: no derivative of the callee");
}

#[test]
fn reverse_mode_goes_through_recursion() {
    let mut module = power();
    let [main, pow, fib] = ["main", "pow", "fib"].map(|name| module.find(name).expect("it is there"));
    let dpow = vjp(&mut module, pow, &[true, false]).expect("within limits");
    assert_eq!(derivative(&module, dpow, &[F(2.0), I(5), F(1.0)], 1), 80.0);
    let dfib = vjp(&mut module, fib, &[true, false]).expect("within limits");
    assert_eq!(derivative(&module, dfib, &[F(2.0), I(5), F(1.0)], 1), 1024.0);
    let dmain = vjp(&mut module, main, &[true]).expect("within limits");
    assert!(close(derivative(&module, dmain, &[F(1.5), F(1.0)], 1), 45.5625, 1.0));
    assert_eq!(verify(&module), Ok(()));
}

#[test]
fn one_pair_of_halves_serves_all_calls_of_one_activity() {
    let mut module = power();
    vjp(&mut module, FuncId::new(0), &[true]).expect("within limits");
    let names: Vec<&str> = module.iter().map(|(_, f)| f.name.as_str()).collect();
    assert_eq!(names, ["main", "pow", "fib", "main__vjp", "pow__aug", "pow__rev"]);
}

#[test]
fn records_are_what_the_reverse_mentions() {
    let mut module = power();
    vjp(&mut module, FuncId::new(1), &[true, false]).expect("within limits");
    let text = |name| {
        let f = module.find(name).expect("it was made");
        adit_ir::print_function(&module, module.function(f))
    };
    assert_eq!(
        text("pow__aug"),
        "func @pow__aug(v0: f64, v1: i64, v2: mut tape) -> f64 {
  v3 = const 0.0
  v4 = const 0
  v5 = cmp eq v1, v4
  v6 = if v5 {
    v7 = const 1.0
    yield v7
  } else {
    v8 = const 1
    v9 = isub v1, v8
    v10 = call @pow__aug(v0, v9, v2)
    v11 = mul v0, v10
    tape.push v2, (v10)
    yield v11
  }
  tape.push v2, (v5, v0)
  return v6
}
"
    );
    assert_eq!(
        text("pow__rev"),
        "func @pow__rev(v0: f64, v1: mut tape) -> f64 {
  v2 = const 0.0
  v3, v4 = tape.pop v1 (bool, f64)
  v5 = if v3 {
    yield v2
  } else {
    v6 = tape.pop v1 (f64)
    v7 = smul v0, v6
    v8 = smul v0, v4
    v9 = call @pow__rev(v8, v1)
    v10 = add v7, v9
    yield v10
  }
  return v5
}
"
    );
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
