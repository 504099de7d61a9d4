//! Derivatives within programs: made inner first, to a limit.

use crate::harness;
use crate::harness::{all_floats, read};
use crate::programs::Arg::{self, F};
use adit_autodiff::{MAX_ORDER, Options, Refusal, RefusalKind, check_orders, resolve};
use adit_interp::ir::Cell;
use adit_ir::{Module, verify};

/// x · d/dy (x + y) at y = 1, differentiated in x: 1, unless perturbations are confused, then 2.
const CONFUSION: &str = "
func @inner(v0: f64, v1: f64) -> f64 {
  v2 = add v0, v1
  return v2
}

func @inner__d(v0: f64, v1: f64, v2: f64) -> (f64, f64) = MODE1 @inner wrt v1

func @outer(v0: f64) -> f64 {
  v1 = const 1.0
  v2, v3 = call @inner__d(v0, v1, v1)
  v4 = mul v0, v3
  return v4
}

func @outer__d(v0: f64, v1: f64) -> (f64, f64) = jvp @outer wrt v0

func @main(v0: f64) -> f64 {
  v1 = const 1.0
  v2, v3 = call @outer__d(v0, v1)
  return v3
}
";

fn resolved(text: &str, name: &str, limit: usize) -> Result<Module, Refusal> {
    let mut module = read(text);
    let id = module.find(name).expect("the function is there");
    resolve(&mut module, id, limit, &Options::default(), &mut |_, _| {})?;
    verify(&module).unwrap_or_else(|e| panic!("{e:?}"));
    Ok(module)
}

fn value(module: &Module, name: &str, args: &[Arg]) -> f64 {
    let id = module.find(name).expect("the function is there");
    let outcome = harness::run(module, id, &mut harness::inputs(module, id, args)).expect("it runs");
    match outcome.results[0] {
        Cell::F64(x) | Cell::F32(x) => x,
        Cell::I64(_) | Cell::Bool(_) => panic!("no float"),
    }
}

#[test]
fn perturbations_are_not_confused() {
    // A unit seed and a unit tangent stand at the same place, so the modes differ by one word. The outer one does not go through calls in reverse.
    for text in ["jvp", "vjp"].map(|inner| CONFUSION.replace("MODE1", inner)) {
        let module = resolved(&text, "main", MAX_ORDER).expect("it resolves");
        assert_eq!(value(&module, "main", &[F(3.0)]), 1.0, "{text}");
    }
}

#[test]
fn an_outer_derivative_goes_through_an_inner_one() {
    // x³ by products; its derivative, declared, within a function that is itself differentiated here.
    let text = "
func @cube(v0: f64) -> f64 {
  v1 = mul v0, v0
  v2 = mul v1, v0
  return v2
}

func @cube__vjp(v0: f64, v1: f64) -> (f64, f64) = vjp @cube wrt v0

func @main(v0: f64) -> f64 {
  v1 = sin v0
  v2 = const 1.0
  v3, v4 = call @cube__vjp(v1, v2)
  return v4
}
";
    let mut module = resolved(text, "main", 1).expect("it resolves");
    let main = module.find("main").expect("it is there");
    let wanted = 3.0 * 0.5f64.sin().powi(2);
    assert!((value(&module, "main", &[F(0.5)]) - wanted).abs() < 1e-15);
    let active = all_floats(&module, main);
    let slope = adit_autodiff::jvp(&mut module, main, &active).expect("forward mode goes through calls");
    let mut inputs = harness::inputs(&module, slope, &[F(0.5), F(1.0)]);
    let outcome = harness::run(&module, slope, &mut inputs).expect("it runs");
    let Cell::F64(found) = outcome.results[1] else { panic!("no float") };
    assert!((found - 6.0 * 0.5f64.sin() * 0.5f64.cos()).abs() < 1e-14);
}

#[test]
fn what_is_reached_alone_is_made() {
    let text = "
func @f(v0: f64) -> f64 {
  v1 = exp v0
  return v1
}

func @f__jvp(v0: f64, v1: f64) -> (f64, f64) = jvp @f wrt v0
";
    let module = resolved(text, "f", MAX_ORDER).expect("it resolves");
    assert_eq!(module.len(), 2);
    assert!(module.iter().any(|(_, f)| f.derived.is_some()));
}

/// Each function but the first contains the derivative of the one before.
fn tower(height: usize) -> String {
    let mut text = "func @f0(v0: f64) -> f64 {\n  v1 = sin v0\n  return v1\n}\n".to_string();
    for k in 1..=height {
        let below = k - 1;
        text += &format!(
            "\nfunc @d{k}(v0: f64, v1: f64) -> (f64, f64) = jvp @f{below} wrt v0\n\nfunc @f{k}(v0: f64) -> f64 {{\n  v1 = const 1.0\n  v2, v3 = call @d{k}(v0, v1)\n  return v3\n}}\n"
        );
    }
    text
}

#[test]
fn orders_have_a_limit_that_can_be_raised() {
    let refusal = resolved(&tower(5), "f5", 4).expect_err("it is too high");
    assert_eq!(refusal.kind, RefusalKind::OrderTooHigh { function: "f4".into(), limit: 4 });
    assert_eq!(check_orders(&read(&tower(7)), 4).expect_err("it is too high").len(), 1);
    assert!(check_orders(&read(&tower(5)), 5).is_ok());
    let module = resolved(&tower(5), "f5", 5).expect("it is within the limit");
    assert!((value(&module, "f5", &[F(0.3)]) - 0.3f64.cos()).abs() < 1e-15);
}

#[test]
fn a_derivative_of_itself_has_no_order() {
    let direct = "
func @f(v0: f64) -> f64 {
  v1 = const 1.0
  v2, v3 = call @f__jvp(v0, v1)
  return v3
}

func @f__jvp(v0: f64, v1: f64) -> (f64, f64) = jvp @f wrt v0
";
    let refusals = check_orders(&read(direct), MAX_ORDER).expect_err("it has no order");
    assert_eq!(refusals[0].kind, RefusalKind::OrderUnbounded { function: "f".into() });
    let odd = "func @f() = jvp @f\n";
    assert_eq!(check_orders(&read(odd), MAX_ORDER).expect_err("it has no order").len(), 1);
    // g leads back to f by two ways, only one of them through the derivative.
    let mutual = "
func @f(v0: f64) -> f64 {
  v1 = call @g(v0)
  v2 = const 1.0
  v3, v4 = call @g__jvp(v0, v2)
  return v4
}

func @g(v0: f64) -> f64 {
  v1 = call @f(v0)
  return v1
}

func @g__jvp(v0: f64, v1: f64) -> (f64, f64) = jvp @g wrt v0
";
    assert!(resolved(mutual, "g", MAX_ORDER).is_err());
}

#[test]
fn recursion_beside_derivatives_is_fine() {
    let text = "
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

func @pow__jvp(v0: f64, v1: i64, v2: f64) -> (f64, f64) = jvp @pow wrt v0

func @main(v0: f64) -> f64 {
  v1 = const 3
  v2 = const 1.0
  v3, v4 = call @pow__jvp(v0, v1, v2)
  return v4
}
";
    let module = resolved(text, "main", MAX_ORDER).expect("it resolves");
    // pow(x, 3) has the slope 3x².
    assert_eq!(value(&module, "main", &[F(2.0)]), 12.0);
}

/// Prints its argument, and so do what it calls and the rule that it has.
const PRINTING: &str = "
func @g(v0: f64) -> f64 jvp @rule {
  print \"g of\", v0
  v1 = mul v0, v0
  return v1
}

func @rule(v0: f64, v1: f64) -> f64 {
  print \"rule\"
  v2 = add v0, v0
  v3 = mul v2, v1
  return v3
}

func @f(v0: f64, v1: i64) -> f64 {
  print \"f of\", v0
  v2 = const 0
  v3 = cmp gt v1, v2
  v4 = if v3 {
    v5 = const 1
    v6 = isub v1, v5
    v7 = call @f(v0, v6)
    yield v7
  } else {
    v8 = call @g(v0)
    yield v8
  }
  return v4
}

func @f__d(v0: f64, v1: i64, v2: f64, v3: f64) -> (f64, f64, f64) = MODE jvp 2 @f wrt v0

func @main(v0: f64) -> (f64, f64) {
  v1 = const 1.0
  v2 = const 10.0
  v3 = const 2
  v4, v5, v6 = call @f__d(v0, v3, v1, v2)
  return v5, v6
}
";

#[test]
fn silent_derivatives_of_several_lanes_do_not_print() {
    for (mode, lines) in [("", 6), ("silent ", 0)] {
        let module = resolved(&PRINTING.replace("MODE ", mode), "main", MAX_ORDER).expect("it resolves");
        let main = module.find("main").expect("it is there");
        let mut printed = Vec::new();
        let mut inputs = harness::inputs(&module, main, &[F(3.0)]);
        let interpreter = adit_interp::ir::Interpreter::new(&module, adit_ir::Limits::default());
        let outcome = interpreter.run_with(main, &mut inputs, &mut |line| printed.push(line.to_owned()));
        let results = outcome.expect("it runs").results;
        assert!(matches!(results[..], [Cell::F64(a), Cell::F64(b)] if a == 6.0 && b == 60.0), "{results:?}");
        assert_eq!(printed.len(), lines, "{printed:?}");
        // The program's own functions print as before.
        assert!(
            adit_ir::print_function(&module, module.function(module.find("f").expect("it is there"))).contains("print")
        );
    }
}
