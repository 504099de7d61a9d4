//! Calls whose derivatives someone wrote.

use crate::harness::{Random, close, inputs, read, relations, run};
use crate::programs::Arg::{self, F, Matrix, Mut, V};
use adit_autodiff::{Options, RefusalKind, complete_rules, jvp, vjp};
use adit_interp::ir::Cell;
use adit_ir::{FuncId, Mode, Module, print_module, same_modules, verify};

/// x² by a rule for each mode, called twice in a loop.
const SQUARE: &str = "
func @main(v0: f64) -> f64 {
  v1 = const 1.0
  v2 = for v3 in 0..3 (v4: f64 = v1) {
    v5 = mul v0, v4
    v6 = call @square(v5)
    v7 = call @square(v0)
    v8 = add v6, v7
    yield v8
  }
  return v2
}
func @square(v0: f64) -> f64 JVP VJP {
  v1 = mul v0, v0
  return v1
}
func @forward(v0: f64, v1: f64) -> f64 {
  v2 = const 2.0
  v3 = mul v0, v2
  v4 = smul v1, v3
  return v4
}
func @reverse(v0: f64, v1: f64) -> f64 {
  v2 = const 2.0
  v3 = mul v0, v2
  v4 = smul v1, v3
  return v4
}
";

fn square(jvp: &str, vjp: &str) -> String {
    SQUARE.replace("JVP", jvp).replace("VJP", vjp)
}

fn holds(text: &str, args: &[Arg]) {
    let mut module = read(text);
    let f = FuncId::new(0);
    let point = inputs(&module, f, args);
    let outcome = relations(&mut module, f, &point, &mut Random::new(3), &Options::default());
    if let Err(error) = outcome {
        panic!("{error}\n{text}");
    }
    assert_eq!(verify(&module), Ok(()));
}

#[test]
fn either_rule_serves_both_modes_of_scalars() {
    for (jvp, vjp) in [("jvp @forward", "vjp @reverse"), ("jvp @forward", ""), ("", "vjp @reverse")] {
        holds(&square(jvp, vjp), &[F(0.7)]);
    }
}

/// The last number that a derivative returns.
fn last(module: &Module, g: FuncId, args: &[Arg]) -> f64 {
    let outcome = run(module, g, &mut inputs(module, g, args)).expect("the program runs");
    match outcome.results.last() {
        Some(Cell::F64(x)) => *x,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_rule_says_is_believed() {
    // 2 x instead of 3 x: each rule is used where it is there, whatever the body would give.
    let text = square("jvp @forward", "vjp @reverse").replacen("const 2.0", "const 3.0", 1);
    let mut module = read(&text);
    let square = module.find("square").expect("it is there");
    let forward = jvp(&mut module, square, &[true]).expect("there is a rule");
    let reverse = vjp(&mut module, square, &[true]).expect("there is a rule");
    assert_eq!(last(&module, forward, &[F(5.0), F(1.0)]), 15.0);
    assert_eq!(last(&module, reverse, &[F(5.0), F(1.0)]), 10.0);
}

#[test]
fn rules_print_and_read_back() {
    let module = read(&square("jvp @forward", "vjp @reverse"));
    let printed = print_module(&module);
    assert!(printed.contains("-> f64 jvp @forward vjp @reverse {"), "{printed}");
    assert!(same_modules(&module, &read(&printed)));
    assert!(!same_modules(&module, &read(&square("jvp @forward", ""))));
}

/// b = a², element by element, of an array that is overwritten before and after; by rules for arrays.
const ARRAYS: &str = "
func @main(v0: [f64; d0], v1: f64) -> f64 {
  v2 = alloc [f64; d0]
  v3 = alloc [f64; d0]
  copy v2, v0
  v4 = const 0.0
  v5 = for v6 in 0..3 (v7: f64 = v4) {
    store v2[1], v1
    v8 = call @squares(v2, v1, v3)
    v9 = load v3[v6]
    fill v2, v9
    v10 = add v7, v8
    v11 = sin v9
    v12 = add v10, v11
    yield v12
  }
  v13 = call @squares(v0, v1, v3)
  v14 = load v3[0]
  v15 = mul v14, v13
  v16 = add v5, v15
  return v16
}
func @squares(v0: [f64; d0], v1: f64, v2: mut [f64; d0]) -> f64 jvp @forward vjp @reverse {
  for v3 in 0..d0 {
    v4 = load v0[v3]
    v5 = mul v4, v4
    store v2[v3], v5
  }
  v6 = exp v1
  return v6
}
func @forward(v0: [f64; d0], v1: f64, v2: [f64; d0], v3: f64, v4: mut [f64; d0]) -> f64 {
  for v5 in 0..d0 {
    v6 = load v0[v5]
    v7 = load v2[v5]
    v8 = mul v6, v7
    v9 = add v8, v8
    store v4[v5], v9
  }
  v10 = exp v1
  v11 = mul v10, v3
  return v11
}
func @reverse(v0: [f64; d0], v1: f64, v2: [f64; d0], v3: f64, v4: mut [f64; d0]) -> f64 {
  for v5 in 0..d0 {
    v6 = load v0[v5]
    v7 = load v2[v5]
    v8 = mul v6, v7
    v9 = add v8, v8
    store v4[v5], v9
  }
  v10 = exp v1
  v11 = mul v10, v3
  return v11
}
";

#[test]
fn arrays_are_what_they_were_at_the_call() {
    holds(ARRAYS, &[V(vec![0.5, -1.0, 2.0]), F(0.3)]);
    // Inactive parameters, one by one.
    for active in [[true, false], [false, true]] {
        let mut module = read(ARRAYS);
        let f = FuncId::new(0);
        let [forward, reverse] =
            [jvp(&mut module, f, &active), vjp(&mut module, f, &active)].map(|g| g.expect("rules"));
        assert_eq!(verify(&module), Ok(()));
        let x = vec![0.5, -1.0, 2.0];
        let (direction, shadow) = if active[0] { (V(vec![1.0, 0.0, 0.0]), vec![0.0; 3]) } else { (F(1.0), vec![]) };
        let along = last(&module, forward, &[V(x.clone()), F(0.3), direction]);
        let mut args = vec![V(x), F(0.3)];
        args.extend(active[0].then_some(Mut(shadow)));
        args.push(F(1.0));
        let mut args = inputs(&module, reverse, &args);
        let outcome = run(&module, reverse, &mut args).expect("it runs");
        assert_eq!(outcome.records_left, 0);
        let back = match (active[0], outcome.results.last()) {
            (true, _) => crate::harness::floats(&args[2])[0],
            (false, Some(Cell::F64(x))) => *x,
            (false, other) => panic!("{other:?}"),
        };
        assert!(close(along, back, 1.0), "{along} {back}");
    }
}

/// In a callee whose forward and reverse sweep are two functions, what is saved in front of a call belongs to the first.
#[test]
fn arrays_are_what_they_were_at_the_call_in_a_callee() {
    let outer = "
func @outer(v0: [f64; d0], v1: f64) -> f64 {
  v2 = call @main(v0, v1)
  v3 = sin v2
  return v3
}";
    holds(&format!("{outer}{ARRAYS}"), &[V(vec![0.5, -1.0, 2.0]), F(0.3)]);
}

#[test]
fn a_result_without_effect_saves_nothing() {
    let text = ARRAYS.replace("v11 = sin v9", "v11 = const 0.0").replace("fill v2, v9", "fill v2, v4");
    holds(&text, &[V(vec![0.5, -1.0, 2.0]), F(0.3)]);
}

/// [`ARRAYS`] without its rule of one mode.
fn arrays_without(mode: Mode) -> String {
    let rule = if mode == Mode::Jvp { "jvp @forward" } else { "vjp @reverse" };
    ARRAYS.replace(&format!(" {rule}"), "")
}

#[test]
fn a_mode_without_a_rule_is_refused_where_arrays_move() {
    for kind in Mode::ALL {
        let text = arrays_without(kind);
        let mut module = read(&text);
        let f = FuncId::new(0);
        let made = match kind {
            Mode::Jvp => jvp(&mut module, f, &[true, true]),
            Mode::Vjp => vjp(&mut module, f, &[true, true]),
        };
        let refusal = made.expect_err("there is no rule");
        assert_eq!(refusal.kind, RefusalKind::NoRule { callee: "squares".into(), kind, other: true });
        assert!(text[refusal.span.start as usize..].starts_with("v8 = call @squares"));
    }
}

#[test]
fn rules_are_completed_by_unit_directions() {
    for kind in Mode::ALL {
        let mut module = read(&arrays_without(kind));
        complete_rules(&mut module);
        complete_rules(&mut module);
        assert_eq!(verify(&module), Ok(()));
        let f = FuncId::new(0);
        let point = inputs(&module, f, &[V(vec![0.5, -1.0, 2.0]), F(0.3)]);
        let outcome = relations(&mut module, f, &point, &mut Random::new(3), &Options::default());
        assert_eq!(outcome.err(), None, "{}", print_module(&module));
    }
    // What has no rule at all stays without, and so does what has both.
    let mut module = read(ARRAYS);
    complete_rules(&mut module);
    assert!(same_modules(&module, &read(ARRAYS)));
}

#[test]
fn what_has_no_body_has_no_derivative_but_its_rules() {
    let text = "
func @main(v0: [f64; d0, d0]) -> f64 {
  v1 = call @logdet(v0)
  return v1
}
func @logdet(v0: [f64; d0, d0]) -> f64 = kernel logdet
";
    let mut module = read(text);
    let f = FuncId::new(0);
    let outcome = run(&module, f, &mut inputs(&module, f, &[Matrix([1, 1], vec![std::f64::consts::E])]));
    assert_eq!(outcome.expect("it runs").results, [Cell::F64(1.0)]);
    for (kind, made) in [(Mode::Jvp, jvp(&mut module, f, &[true])), (Mode::Vjp, vjp(&mut module, f, &[true]))] {
        let refusal = made.expect_err("there is no rule");
        assert_eq!(refusal.kind, RefusalKind::NoRule { callee: "logdet".into(), kind, other: false });
    }
    let printed = print_module(&module);
    assert!(same_modules(&module, &read(&printed)), "{printed}");
}

#[test]
fn rules_that_do_not_fit_do_not_verify() {
    let text = square("jvp @main", "");
    let found = adit_reader::read_module(adit_diag::FileId(0), &text).map(|m| verify(&m));
    assert!(matches!(found, Ok(Err(violations)) if violations[0].rule == adit_ir::Rule::Rules));
    assert!(adit_reader::read_module(adit_diag::FileId(0), &square("jvp @nothing", "")).is_err());
}

/// A call with a rule for arrays within a call: what the rule needs saved belongs to the half that runs forward.
const WITHIN: &str = "
func @main(v0: f64) -> f64 {
  v1 = alloc [f64; 2]
  store v1[0], v0
  store v1[1], v0
  v2 = call @inner(v1)
  v3 = mul v2, v0
  return v3
}
func @inner(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; d0]
  v2 = load v0[0]
  v3 = mul v2, v2
  store v1[0], v3
  v4 = call @total(v1)
  v5 = mul v4, v2
  return v5
}
func @total(v0: [f64; d0]) -> f64 vjp @reverse {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = mul v5, v5
    v7 = add v4, v6
    yield v7
  }
  return v2
}
func @reverse(v0: [f64; d0], v1: f64, v2: mut [f64; d0]) {
  v3 = const 2.0
  v4 = mul v3, v1
  for v5 in 0..d0 {
    v6 = load v0[v5]
    v7 = smul v4, v6
    store v2[v5], v7
  }
}
";

#[test]
fn what_a_rule_needs_is_saved_in_the_forward_half_of_a_call() {
    let mut module = read(WITHIN);
    let f = vjp(&mut module, FuncId::new(0), &[true]).expect("there is a rule");
    assert_eq!(verify(&module), Ok(()));
    let outcome = run(&module, f, &mut inputs(&module, f, &[F(0.5), F(1.0)])).expect("it runs");
    assert_eq!(outcome.results, [Cell::F64(0.015625), Cell::F64(0.1875)]);
}
