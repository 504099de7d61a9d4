//! `cse`, `hoist`, `dce`, `promote`: what reads and writes of arrays become.

use crate::harness::{after, check};
use adit_ir::FuncId;
use adit_ir::print::print_function;

#[test]
fn equal_operations_merge_and_a_store_is_read_back() {
    check(
        "cse",
        "func @f(v0: f64, v1: mut [f64; d0]) -> f64 {
           v2 = load v1[0]
           v3 = load v1[0]
           v4 = mul v2, v0
           v5 = mul v0, v3
           store v1[1], v4
           v6 = load v1[0]
           v7 = load v1[1]
           v8 = add v5, v6
           v9 = add v8, v7
           return v9
         }",
        "func @f(v0: f64, v1: mut [f64; d0]) -> f64 {
  v2 = load v1[0]
  v3 = mul v2, v0
  store v1[1], v3
  v4 = load v1[0]
  v5 = add v3, v4
  v6 = add v5, v3
  return v6
}",
    );
}

#[test]
fn what_a_loop_may_write_is_read_again() {
    let text = "func @f(v0: mut [f64; d0]) -> f64 {
           v1 = load v0[0]
           v2 = for v3 in 0..d0 (v4: f64 = v1) {
             v5 = load v0[0]
             v6 = add v4, v5
             store v0[v3], v6
             yield v6
           }
           v7 = load v0[0]
           v8 = add v7, v2
           return v8
         }";
    let module = after("cse", text);
    let printed = print_function(&module, module.function(FuncId::new(0)));
    assert_eq!(printed.matches("load").count(), 3, "{printed}");
}

#[test]
fn invariant_work_leaves_loops_but_not_branches_and_loads_stay() {
    check(
        "hoist",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
           v2 = const 0.0
           v3 = for v4 in 0..d0 (v5: f64 = v2) {
             v6 = log v0
             v7 = load v1[v4]
             v8 = mul v6, v7
             v9 = cmp gt v7, v0
             v10 = if v9 { v11 = exp v0 v12 = add v8, v11 yield v12 } else { yield v8 }
             v13 = add v5, v10
             yield v13
           }
           return v3
         }",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = log v0
  v4 = for v5 in 0..d0 (v6: f64 = v2) {
    v7 = load v1[v5]
    v8 = mul v3, v7
    v9 = cmp gt v7, v0
    v10 = if v9 {
      v11 = exp v0
      v12 = add v8, v11
      yield v12
    } else {
      yield v8
    }
    v13 = add v6, v10
    yield v13
  }
  return v4
}",
    );
}

#[test]
fn unused_carried_values_and_unread_arrays_go() {
    check(
        "dce",
        "func @f(v0: f64) -> f64 {
           v1 = const 0.0
           v2 = alloc [f64; 3]
           store v2[1], v0
           v3, v4 = for v5 in 0..10 (v6: f64 = v1, v7: f64 = v1) {
             v8 = add v6, v0
             v9 = mul v7, v0
             v10 = sin v9
             yield v8, v10
           }
           return v3
         }",
        "func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..10 (v4: f64 = v1) {
    v5 = add v4, v0
    yield v5
  }
  return v2
}",
    );
}

#[test]
fn what_may_trap_stays() {
    let text = "func @f(v0: i64, v1: [f64; d0]) -> i64 {
           v2 = load v1[v0]
           v3 = idiv v0, v0
           v4 = alloc [f64; v0]
           return v0
         }";
    let module = after("dce", text);
    let printed = print_function(&module, module.function(FuncId::new(0)));
    assert!(printed.contains("load") && printed.contains("idiv") && printed.contains("alloc"), "{printed}");
}

#[test]
fn small_arrays_become_scalars_through_loops_and_branches() {
    check(
        "promote",
        "func @f(v0: f64) -> f64 {
           v1 = alloc [f64; 2]
           store v1[0], v0
           for v2 in 0..5 () {
             v3 = load v1[0]
             v4 = cmp gt v3, v0
             if v4 { store v1[1], v3 } else { acc v1[0], v0 }
           }
           v5 = load v1[0]
           v6 = load v1[1]
           v7 = add v5, v6
           return v7
         }",
        "func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2, v3 = for v4 in 0..5 (v5: f64 = v1, v6: f64 = v0) {
    v7 = cmp gt v6, v0
    v8, v9 = if v7 {
      yield v6, v6
    } else {
      v10 = add v6, v0
      yield v5, v10
    }
    yield v8, v9
  }
  v11 = add v3, v2
  return v11
}",
    );
}

#[test]
fn what_is_proved_to_be_in_range_is_neither_read_nor_written_in_vain() {
    check(
        "dce",
        "func @f(v0: [f64; d0], v1: i64) -> f64 {
           v2 = const 1.0
           v3 = alloc [f64; d0]
           for v4 in 0..d0 {
             v5 = load v0[v4]
             store v3[v4], v5
           }
           v6 = alloc [f64; d0]
           for v7 in 0..d0 {
             store v6[v1], v2
           }
           for v8 in v1..d0 {
             v9 = load v0[v8]
           }
           return v2
         }",
        "func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = const 1.0
  v3 = alloc [f64; d0]
  for v4 in 0..d0 {
    store v3[v1], v2
  }
  for v5 in v1..d0 {
    v6 = load v0[v5]
  }
  return v2
}",
    );
}
