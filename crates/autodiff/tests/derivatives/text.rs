//! Derivatives as text: what is emitted, and that it reads back.

use crate::harness::{all_floats, derivatives, level_0, read};
use crate::programs::{all, iterations};
use adit_autodiff::{AdOpt, AdOpts, Options, vjp_with};
use adit_diag::FileId;
use adit_ir::print::{print_function, print_module};
use adit_ir::{FuncId, Op, same_modules};

#[test]
fn derivatives_read_back_to_second_order() {
    for hand in all() {
        let mut module = read(hand.text);
        let (jvp, vjp) = derivatives(&mut module, FuncId::new(0), &level_0());
        derivatives(&mut module, jvp, &level_0());
        derivatives(&mut module, vjp, &level_0());
        let text = print_module(&module);
        let again = adit_reader::read_verified(FileId(0), &text).expect("what is printed reads back");
        assert!(same_modules(&module, &again), "{}", hand.name);
    }
}

/// The text of the reverse derivative for all float parameters.
fn vjp_text(text: &str) -> String {
    let mut module = read(text);
    let f = FuncId::new(0);
    let active = all_floats(&module, f);
    let g = vjp_with(&mut module, f, &active, &level_0()).expect("no calls");
    print_function(&module, module.function(g))
}

#[test]
fn a_product() {
    let f = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = mul v0, v1
  return v2
}";
    let expected = "\
func @f__vjp(v0: f64, v1: f64, v2: f64) -> (f64, f64, f64) {
  v3 = mul v0, v1
  v4 = smul v2, v1
  v5 = smul v2, v0
  return v3, v4, v5
}
";
    assert_eq!(vjp_text(f), expected);
}

#[test]
fn a_loop_saves_what_its_rules_mention() {
    let f = "
func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 1.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v1[v4]
    v7 = mul v5, v6
    v8 = exp v6
    yield v7
  }
  return v3
}";
    let expected = "\
func @f__vjp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: f64) -> (f64, f64) {
  v4 = tape.new (f64, f64)
  v5 = const 0.0
  v6 = const 1.0
  v7 = for v8 in 0..d0 (v9: f64 = v6) {
    v10 = load v1[v8]
    v11 = mul v9, v10
    v12 = exp v10
    tape.push v4, (v10, v9)
    yield v11
  }
  v13 = for rev v14 in 0..d0 (v15: f64 = v3) {
    v16, v17 = tape.pop v4
    v18 = smul v15, v16
    v19 = smul v15, v17
    acc v2[v14], v19
    yield v18
  }
  return v7, v5
}
";
    assert_eq!(vjp_text(f), expected);
}

#[test]
fn c3_needs_no_floats_of_its_iterations_but_a_sine() {
    let program = all().into_iter().find(|hand| hand.name == "c3 nothing to save").expect("it is in the list");
    let mut module = read(program.text);
    let g = vjp_with(&mut module, FuncId::new(0), &[true], &level_0()).expect("no calls");
    let g = module.function(g);
    let mut fields = Vec::new();
    g.walk(&mut |inst| {
        if let Op::TapeNew { ty } = &g.inst(inst).op {
            fields.push(ty.fields.len());
        }
    });
    assert_eq!(fields, [1]);
}

#[test]
fn an_inactive_loop_is_not_reversed() {
    let f = "
func @f(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = for v4 in 0..v1 (v5: i64 = v2) {
    v6 = iadd v5, v4
    yield v6
  }
  v7 = itof v3
  v8 = mul v0, v7
  return v8
}";
    assert_eq!(vjp_text(f).matches("for ").count(), 1);
}

#[test]
fn what_no_result_depends_on_is_not_reversed() {
    let f = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 2]
  v2 = const 3.0
  store v1[0], v0
  v3 = for v4 in 0..2 (v5: f64 = v0) {
    v6 = mul v5, v5
    yield v6
  }
  print v3
  v7 = mul v0, v2
  return v7
}";
    let text = vjp_text(f);
    assert_eq!(text.matches("for ").count(), 1, "{text}");
    assert_eq!(text.matches("alloc").count(), 1, "{text}");
    assert_eq!(text.matches("print").count(), 1, "{text}");
}

/// The example of `docs/differentiation.md` is what the pass makes.
#[test]
fn the_documented_example_is_current() {
    let page = include_str!("../../../../docs/differentiation.md");
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let [primal, documented] = [0, 1].map(|i| blocks[i].trim_start_matches("text\n"));
    // A semicolon also stands in array types: a comment has spaces around its own.
    let code = |line: &str| line.split("  ; ").next().unwrap_or_default().trim_end().to_string();
    let documented: Vec<String> = documented.lines().map(code).collect();
    assert_eq!(vjp_text(primal).trim_end(), documented.join("\n"));
}

#[test]
fn a_sum_is_reversed_iteration_by_iteration() {
    let expected = "\
func @f__vjp(v0: [f64; d0], v1: mut [f64; d0], v2: f64) -> f64 {
  v3 = const 0.0
  v4 = const 0.5
  v5 = mul v2, v4
  v6 = for v7 in 0..d0 (v8: f64 = v3) {
    v9 = load v0[v7]
    v10 = mul v9, v9
    v11 = add v8, v10
    v12 = smul v5, v9
    v13 = smul v5, v9
    v14 = add v12, v13
    acc v1[v7], v14
    yield v11
  }
  v15 = const 0.5
  v16 = mul v6, v15
  v17 = const 0.5
  v18 = mul v2, v17
  return v16
}
";
    assert_eq!(optimised_text(iterations::SCALED), expected);
}

#[test]
fn a_sum_over_branches_needs_no_tape() {
    assert!(!optimised_text(iterations::BRANCHES).contains("tape"));
}

/// The derivative with iterations reversed one by one, and nothing else optimised.
fn optimised_text(program: &str) -> String {
    let mut module = read(program);
    let options = Options { opts: AdOpts::NONE.with(AdOpt::Local), ..Options::default() };
    let f = FuncId::new(0);
    let active = all_floats(&module, f);
    let g = vjp_with(&mut module, f, &active, &options).expect("no calls");
    print_function(&module, module.function(g))
}
