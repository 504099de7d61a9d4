//! `fold`, `identities`: what is known is computed, negations and strong products go where they cost nothing.

use crate::harness::{after, check};
use adit_ir::FuncId;
use adit_ir::print::print_function;

#[test]
fn constants_are_folded_and_decided_branches_taken() {
    check(
        "fold",
        "func @f(v0: f64) -> f64 {
           v1 = const 2.0
           v2 = const 3.0
           v3 = mul v1, v2
           v4 = cmp lt v1, v2
           v5 = if v4 { v6 = add v0, v3 yield v6 } else { yield v0 }
           return v5
         }",
        "func @f(v0: f64) -> f64 {
  v1 = const 2.0
  v2 = const 3.0
  v3 = const 6.0
  v4 = const true
  v5 = add v0, v3
  return v5
}",
    );
}

#[test]
fn what_a_loop_carries_unchanged_is_what_it_starts_as() {
    let text = "func @f(v0: f64) -> f64 {
           v1 = const 0.0
           v2, v3 = for v4 in 0..10 (v5: f64 = v0, v6: f64 = v1) {
             v7 = add v6, v5
             yield v5, v7
           }
           v8 = add v2, v3
           return v8
         }";
    let module = after("fold", text);
    let printed = print_function(&module, module.function(FuncId::new(0)));
    assert!(printed.contains("= add v6, v0") && printed.contains("= add v0, v3"), "{printed}");
}

#[test]
fn a_trapping_operation_on_constants_stays() {
    let module = after("fold", "func @f() -> i64 { v0 = const 1 v1 = const 0 v2 = idiv v0, v1 return v2 }");
    assert!(print_function(&module, module.function(FuncId::new(0))).contains("idiv"));
}

#[test]
fn negations_go_where_they_cost_nothing() {
    check(
        "identities",
        "func @f(v0: f64, v1: f64, v2: f64) -> (f64, f64, f64) {
           v3 = neg v0
           v4 = neg v1
           v5 = const 2.0
           v6 = mul v3, v4
           v7 = mul v3, v5
           v8 = smul v3, v2
           v9 = add v2, v8
           return v6, v7, v9
         }",
        "func @f(v0: f64, v1: f64, v2: f64) -> (f64, f64, f64) {
  v3 = neg v0
  v4 = neg v1
  v5 = const 2.0
  v6 = mul v0, v1
  v7 = const -2.0
  v8 = mul v0, v7
  v9 = smul v0, v2
  v10 = neg v9
  v11 = sub v2, v9
  return v6, v8, v11
}",
    );
}

#[test]
fn a_negation_stays_where_nothing_takes_it_in_and_in_the_partial_of_a_strong_product() {
    let text = "func @f(v0: f64, v1: f64, v2: f64) -> (f64, f64) {
  v3 = neg v0
  v4 = mul v3, v1
  v5 = smul v2, v3
  v6 = add v5, v2
  return v4, v6
}";
    check("identities", text, text);
}

#[test]
fn a_strong_product_by_a_literal_is_a_product_unless_that_is_zero() {
    check(
        "identities",
        "func @f(v0: f64) -> (f64, f64, f64, f64) {
           v1 = const 2.0
           v2 = const -1.0
           v3 = const -0.0
           v4 = smul v1, v0
           v5 = smul v2, v0
           v6 = smul v3, v0
           v7 = smul v0, v1
           return v4, v5, v6, v7
         }",
        "func @f(v0: f64) -> (f64, f64, f64, f64) {
  v1 = const 2.0
  v2 = const -1.0
  v3 = const -0.0
  v4 = mul v1, v0
  v5 = neg v0
  v6 = smul v3, v0
  v7 = smul v0, v1
  return v4, v5, v6, v7
}",
    );
}
