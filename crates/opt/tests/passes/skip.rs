//! `skip`: loops that only add products with zero are passed over.

use crate::harness::{after, check, read};
use adit_ir::print::print_function;
use adit_ir::{FuncId, Module};
use adit_opt::{Options, find};

/// A loop over `v0`, which carries `v5` from `begin`, with `v9` for a weight that may be zero, and `body`.
fn loop_with_a_weight(begin: &str, body: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: bool, v3: f64, v4: [i64; d0]) -> f64 {{
           v5 = const 0.0
           v9 = if v2 {{ yield v3 }} else {{ yield v5 }}
           v8 = select v2, v5, v3
           v10 = for v11 in 0..d0 (v12: f64 = {begin}) {{
             v13 = load v0[v11]
             {body}
           }}
           return v10
         }}"
    )
}

#[test]
fn loops_that_only_add_products_with_zero_are_passed_over() {
    check(
        "skip",
        &loop_with_a_weight("v3", "v14 = smul v9, v13 v15 = neg v14 acc v1[v11], v15 v16 = sub v12, v14 yield v16"),
        "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: bool, v3: f64, v4: [i64; d0]) -> f64 {
  v5 = const 0.0
  v6 = if v2 {
    yield v3
  } else {
    yield v5
  }
  v7 = select v2, v5, v3
  v8 = const 0.0
  v9 = cmp ne v6, v8
  v10 = if v9 {
    v11 = for v12 in 0..d0 (v13: f64 = v3) {
      v14 = load v0[v12]
      v15 = smul v6, v14
      v16 = neg v15
      acc v1[v12], v16
      v17 = sub v13, v15
      yield v17
    }
    yield v11
  } else {
    yield v3
  }
  return v10
}",
    );
}

fn loops_asked(module: &Module) -> usize {
    let printed = print_function(module, module.function(FuncId::new(0)));
    printed.matches("cmp ne").count()
}

#[test]
fn what_is_passed_over_may_hold_loops_and_branches_and_several_weights() {
    let asked = [
        (
            1,
            "v3",
            "v14 = for v15 in 0..d0 (v16: f64 = v5) { v17 = load v0[v15] v18 = smul v9, v17 v19 = add v16, v18 yield v19 } acc v1[v11], v14 yield v12",
        ),
        (1, "v3", "v14 = smul v9, v13 v15 = if v2 { yield v14 } else { yield v5 } acc v1[v11], v15 yield v12"),
        (1, "v9", "v14 = smul v12, v13 acc v1[v11], v14 yield v14"),
        (2, "v3", "v14 = smul v9, v13 v15 = smul v8, v13 v16 = add v14, v15 acc v1[v11], v16 yield v12"),
        // The other factor may be zero, too, but need not be asked.
        (1, "v3", "v14 = smul v9, v8 acc v1[v11], v14 yield v12"),
    ];
    for (weights, begin, body) in asked {
        let module = after("skip", &loop_with_a_weight(begin, body));
        assert_eq!(loops_asked(&module), weights, "{body}");
    }
}

#[test]
fn loops_that_do_more_run_whatever_their_weights() {
    let kept = [
        // The second factor wins only if the first is finite.
        ("v3", "v14 = smul v13, v9 acc v1[v11], v14 yield v12"),
        ("v3", "v14 = mul v9, v13 acc v1[v11], v14 yield v12"),
        ("v3", "v14 = smul v9, v13 v15 = add v14, v3 acc v1[v11], v15 yield v12"),
        ("v3", "v14 = smul v9, v13 store v1[v11], v14 yield v12"),
        ("v3", "v14 = smul v9, v13 acc v1[v11], v14 yield v14"),
        ("v3", "v14 = smul v9, v13 v15 = mul v12, v13 acc v1[v11], v14 yield v15"),
        ("v3", "v14 = smul v9, v13 v15 = cmp lt v14, v13 print v15 acc v1[v11], v14 yield v12"),
        // No arm makes this weight zero.
        ("v3", "v14 = smul v3, v13 acc v1[v11], v14 yield v12"),
    ];
    for (begin, body) in kept {
        assert_eq!(loops_asked(&after("skip", &loop_with_a_weight(begin, body))), 0, "{body}");
    }
}

#[test]
fn loops_that_may_stop_are_not_passed_over() {
    let stops = [
        "v14 = load v4[v11] v15 = load v0[v14] v16 = smul v9, v15 acc v1[v11], v16 yield v12",
        "v14 = load v4[v11] v16 = smul v9, v13 acc v1[v14], v16 yield v12",
    ];
    for body in stops {
        let text = loop_with_a_weight("v3", body);
        assert_eq!(loops_asked(&after("skip", &text)), 0, "{body}");
        let module = read(&text);
        let options = Options { mutant: Some(adit_opt::Mutant::SkipTrapping), ..Options::default() };
        let run = find("skip").expect("a pass of the table").run;
        assert!(run(&module, module.function(FuncId::new(0)), options).is_some(), "the seeded bug shows: {body}");
    }
    let divides = "v14 = load v4[v11] v15 = idiv v14, v14 v16 = smul v9, v13 acc v1[v11], v16 yield v12";
    assert_eq!(loops_asked(&after("skip", &loop_with_a_weight("v3", divides))), 0);
}
