//! `counters`: what a loop counts by hand is computed from its index.

use crate::harness::{after, check, read, run};
use adit_ir::print::print_function;
use adit_ir::{FuncId, Module, RunError, Scalar};

#[test]
fn what_is_counted_by_hand_is_computed_from_the_index() {
    check(
        "counters",
        "func @f(v0: mut [f64; d0], v1: i64, v2: i64) -> (i64, i64) {
           v3 = const 0
           v4 = const 1
           v5 = const -3
           v6, v7 = for v8 in v1..d0 (v9: i64 = v2, v10: i64 = v3) {
             v11 = itof v9
             store v0[v10], v11
             v12 = iadd v9, v4
             v13 = iadd v10, v5
             yield v12, v13
           }
           return v6, v3
         }",
        "func @f(v0: mut [f64; d0], v1: i64, v2: i64) -> (i64, i64) {
  v3 = const 0
  v4 = const 1
  v5 = const -3
  v6 = isub v2, v1
  v7 = const -3
  v8 = imul v1, v7
  v9 = const 0
  v10 = isub v9, v8
  v11, v12 = for v13 in v1..d0 (v14: i64 = v2, v15: i64 = v3) {
    v16 = iadd v13, v6
    v17 = const -3
    v18 = imul v13, v17
    v19 = iadd v18, v10
    v20 = itof v16
    store v0[v19], v20
    v21 = iadd v16, v4
    v22 = iadd v19, v5
    yield v21, v22
  }
  v23 = imax d0, v1
  v24 = isub v23, v1
  v25 = iadd v2, v24
  return v25, v3
}",
    );
}

/// The results of a loop over `bounds` that carries an integer moved by `by` and an integer that adds up all its values.
fn counted(clean: bool, bounds: &str, by: i64) -> (Result<Vec<Scalar>, RunError>, Vec<f64>) {
    let text = format!(
        "func @f(v0: f64, v1: i64, v2: [f64; d0], v3: mut [f64; d0]) -> (i64, i64) {{
           v4 = const {by}
           v5 = const 0
           v6, v7 = for {bounds} (v9: i64 = v1, v10: i64 = v5) {{
             v11 = const 31
             v12 = imul v10, v11
             v13 = iadd v12, v9
             v14 = iadd v9, v4
             yield v14, v13
           }}
           return v6, v7
         }}"
    );
    run(&if clean { after("counters", &text) } else { read(&text) })
}

#[test]
fn counters_agree_whatever_the_loop_and_whatever_wraps() {
    let steps = ["v8 in 2..7", "v8 in 7..2", "v8 in v1..d0", "v8 in d0..v1", "rev v8 in 2..7", "v8 in 2..9 step 3"];
    let far = ["v8 in 9223372036854775800..9223372036854775807", "v8 in -9223372036854775808..-9223372036854775800"];
    for bounds in steps.iter().chain(&far) {
        for by in [1, -1, 5, i64::MAX, i64::MIN] {
            let (found, expected) = (counted(true, bounds, by), counted(false, bounds, by));
            assert!(expected.0.is_ok(), "{bounds}");
            assert_eq!(found, expected, "{bounds} by {by}");
        }
    }
}

#[test]
fn what_counts_under_a_condition_or_backwards_is_carried() {
    let carried = |bounds: &str, next: &str| {
        let text = format!(
            "func @f(v0: i64, v1: bool) -> i64 {{
               v2 = const 1
               v3 = for {bounds} (v5: i64 = v0) {{
                 v6 = iadd v5, v2
                 {next}
               }}
               return v3
             }}"
        );
        let printed = |module: &Module| print_function(module, module.function(FuncId::new(0)));
        printed(&after("counters", &text)) == printed(&read(&text))
    };
    assert!(carried("rev v4 in 0..v0", "yield v6"));
    assert!(carried("v4 in 0..v0 step 2", "yield v6"));
    assert!(carried("v4 in 0..v0", "v7 = select v1, v6, v5 yield v7"));
    assert!(carried("v4 in 0..v0", "v7 = iadd v6, v4 yield v7"));
    assert!(!carried("v4 in 0..v0", "yield v6"));
}
