//! Loops as parts: which are taken, how their sums go on, and why others are not.

use crate::harness::{read, run, verified};
use adit_ir::bounds::Facts;
use adit_ir::loops::{Reduction, Spread, spread};
use adit_ir::print::print_module;
use adit_ir::{FuncId, Module, Op};
use adit_opt::spread::all;

/// The first loop of the last function, as threads see it; or why they do not.
fn outer(text: &str) -> Result<Spread, String> {
    let module = read(text);
    let f = module.function(FuncId::new(module.len() - 1));
    let first = f.region(f.body).insts.iter().copied().find(|&inst| matches!(f.inst(inst).op, Op::For { .. }));
    spread(&module, f, &Facts::new(f), first.expect("there is a loop")).map_err(|refusal| refusal.why.to_string())
}

fn refused(text: &str) -> String {
    outer(text).expect_err("it cannot be divided")
}

fn divided(text: &str) -> Module {
    let module = read(text);
    let (parts, ids) = all(&module, module.find("f").expect("it is there"), 0.0).expect("there is a part");
    assert_eq!(ids.len() + module.len(), parts.len());
    verified(&parts, "spread");
    parts
}

/// Sums, products and extrema through a loop inside, a branch and a call; an array of which each iteration has a row, and one to which all add.
const MIXED: &str = "
func @g(v0: f64) -> f64 {
  v1 = mul v0, v0
  return v1
}

func @f(v0: f64, v1: i64, v2: [f64; d0], v3: mut [f64; d1]) -> (f64, f64, f64) {
  v4 = const 1.0
  v5 = const 0
  v6 = alloc [f64; d0, 3]
  v7, v8, v9 = for rev v10 in 0..d0 (v11: f64 = v0, v12: f64 = v4, v13: f64 = v0) {
    v14 = load v2[v10]
    v15 = alloc [f64; 2]
    store v15[v5], v14
    v16 = for v17 in 0..3 (v18: f64 = v11) {
      store v6[v10, v17], v14
      v19 = load v6[v10, v17]
      v20 = call @g(v19)
      v21 = add v20, v18
      yield v21
    }
    v22 = cmp gt v14, v4
    v23 = if v22 {
      v24 = mul v12, v14
      yield v24
    } else {
      yield v12
    }
    v25 = max v14, v13
    acc v3[v5], v14
    yield v16, v23, v25
  }
  return v7, v8, v9
}";

#[test]
fn parts_give_what_loops_give() {
    let found = outer(MIXED).expect("it can be divided");
    assert_eq!(found.carried, [Reduction::Sum, Reduction::Product, Reduction::Max]);
    assert_eq!((found.own.len(), found.summed.len()), (1, 1));
    let (before, after) = (read(MIXED), divided(MIXED));
    let text = print_module(&after);
    assert!(text.contains("call @f__part0(") && text.contains("func @f__part0(v0: i64, v1: i64, "), "{text}");
    let (expected, found) = (run(&before), run(&after));
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-14 * a.abs().max(1.0));
    let floats = |scalars: Vec<adit_ir::Scalar>| scalars.iter().filter_map(|s| s.as_float()).collect::<Vec<f64>>();
    assert!(close(&floats(expected.0.expect("it runs")), &floats(found.0.expect("it runs"))), "{text}");
    assert!(close(&expected.1, &found.1), "{text}");
}

#[test]
fn a_part_has_a_name_of_its_own() {
    let taken = MIXED.replace("@g(", "@f__part0(");
    assert!(print_module(&divided(&taken)).contains("func @f__part1("));
}

#[test]
fn loops_with_little_to_do_stay() {
    let module = read(&MIXED.replace("0..d0 (v11", "0..4 (v11").replace("[f64; d0, 3]", "[f64; 4, 3]"));
    assert!(all(&module, FuncId::new(1), 1e4).is_none());
    assert!(all(&module, FuncId::new(1), 1e2).is_some());
}

/// A loop with one line in it.
fn with(line: &str) -> String {
    format!(
        "
func @p(v0: f64) -> f64 {{
  print \"p\", v0
  return v0
}}

func @f(v0: f64, v1: i64, v2: [f64; d0], v3: mut [f64; d1]) -> f64 {{
  v4 = const 0
  v5 = const 1
  v6 = tape.new (f64)
  v11 = tape.new (f64)
  tape.push v11, (v0)
  v7 = for v8 in 0..d1 (v9: f64 = v0) {{
    v10 = isub v8, v5
    {line}
    yield v99
  }}
  return v7
}}"
    )
}

#[test]
fn what_iterations_could_see_of_one_another_keeps_them_in_order() {
    let sum = "v98 = load v2[v8]\n    v99 = add v9, v98";
    assert!(outer(&with(sum)).is_ok());
    assert!(outer(&with("tape.push v6, (v0)\n    v98 = tape.pop v6\n    v99 = add v9, v98")).is_ok());
    let cases = [
        ("v99 = mul v0, v0", "an iteration needs what the one before it computed"),
        ("v98 = mul v9, v9\n    v99 = add v9, v98", "an iteration needs what the one before it computed"),
        ("v98 = add v9, v0\n    v99 = mul v98, v0", "an iteration needs what the one before it computed"),
        ("v99 = sub v0, v9", "an iteration needs what the one before it computed"),
        (
            "v98 = cmp gt v9, v0\n    v97 = select v98, v0, v0\n    v99 = add v9, v97",
            "an iteration needs what the one before it computed",
        ),
        ("store v3[v8], v9\n    v99 = add v9, v0", "an iteration needs what the one before it computed"),
        ("v98 = call @p(v0)\n    v99 = add v9, v98", "it prints"),
        ("print \"x\", v0\n    v99 = add v9, v0", "it prints"),
        ("tape.push v11, (v0)\n    v99 = add v9, v0", "something is saved for the reverse sweep"),
        ("store v3[v4], v0\n    v99 = add v9, v0", "other iterations read or write the same elements"),
        (
            "v98 = load v3[v10]\n    store v3[v8], v98\n    v99 = add v9, v0",
            "other iterations read or write the same elements",
        ),
        (
            "acc v3[v4], v0\n    v98 = load v3[v4]\n    v99 = add v9, v98",
            "other iterations read or write the same elements",
        ),
        (
            "acc v3[v4], v0\n    store v3[v8], v0\n    v99 = add v9, v0",
            "other iterations read or write the same elements",
        ),
        ("fill v3, v0\n    v99 = add v9, v0", "other iterations read or write the same elements"),
        (
            "v98 = idiv v8, v5\n    store v3[v98], v0\n    v99 = add v9, v0",
            "other iterations read or write the same elements",
        ),
    ];
    for (line, why) in cases {
        assert_eq!(refused(&with(line)), why, "{line}");
    }
}

#[test]
fn other_steps_stay() {
    let text = with("v99 = add v9, v0").replace("in 0..d1 (", "in 0..d1 step 2 (");
    assert_eq!(refused(&text), "its step is not 1");
}
