//! `unroll`, and what `promote` makes of what it leaves: loops of literal length.

use crate::harness::{after, check};
use adit_ir::FuncId;
use adit_ir::print::print_function;

#[test]
fn short_loops_of_literal_length_are_written_out() {
    check(
        "unroll",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
           v2 = for rev v3 in 0..5 step 2 (v4: f64 = v0) {
             v5 = load v1[v3]
             v6 = sub v5, v4
             yield v6
           }
           return v2
         }",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 4
  v3 = load v1[v2]
  v4 = sub v3, v0
  v5 = const 2
  v6 = load v1[v5]
  v7 = sub v6, v4
  v8 = const 0
  v9 = load v1[v8]
  v10 = sub v9, v7
  return v10
}",
    );
}

#[test]
fn nests_are_written_out_from_the_inside_and_loops_around_others_stay() {
    let text = "func @f(v0: mut [f64; d0], v1: f64) {
           for v2 in 0..2 {
             for v3 in 0..3 {
               v4 = iadd v2, v3
               acc v0[v4], v1
             }
           }
           for v5 in 0..2 {
             for v6 in 0..d0 {
               for v7 in 0..2 { acc v0[v7], v1 }
             }
           }
         }";
    let module = after("unroll", text);
    let printed = print_function(&module, module.function(FuncId::new(0)));
    assert_eq!((printed.matches("for").count(), printed.matches("acc").count()), (2, 8), "{printed}");
}

#[test]
fn what_is_long_or_allocates_or_has_a_budget_stays() {
    let bodies = [
        "for v2 in 0..9 { store v1[v2], v0 }",
        "for v2 in 0..d0 { store v1[v2], v0 }",
        "for v2 in 0..3 step d0 { store v1[v2], v0 }",
        "for v2 in 0..3 { v3 = alloc [f64; d0]  copy v3, v1  store v3[v2], v0  copy v1, v3 }",
        "for v2 in 0..3 { v3 = alloc [f64; 65]  store v3[v2], v0 }",
        "for v2 in 0..3 { v3 = tape.new (f64)  tape.push v3, (v0) }",
        "for v2 in 0..3 checkpoint every 2 { store v1[v2], v0 }",
        "for v2 in 0..0 step 0 { store v1[v2], v0 }",
    ];
    for body in bodies {
        let module = after("unroll", &format!("func @f(v0: f64, v1: mut [f64; d0]) {{ {body} }}"));
        let printed = print_function(&module, module.function(FuncId::new(0)));
        assert_eq!(printed.matches("for").count(), 1, "{printed}");
    }
}

#[test]
fn a_function_grows_only_so_far() {
    let short = |first: usize| {
        let [i, x, y] = [first, first + 1, first + 2];
        format!("for v{i} in 0..8 {{ v{x} = load v1[v{i}]  v{y} = mul v{x}, v0  store v1[v{i}], v{y} }}\n")
    };
    let body: String = (0..200).map(|k| short(10 + 3 * k)).collect();
    let module = after("unroll", &format!("func @f(v0: f64, v1: mut [f64; d0]) {{ {body} }}"));
    let printed = print_function(&module, module.function(FuncId::new(0)));
    assert_eq!(printed.matches("for").count(), 200 - 2000 / 24, "{printed}");
}

#[test]
fn copies_between_small_arrays_are_copies_of_scalars() {
    check(
        "promote",
        "func @f(v0: f64, v1: [f64; 2], v2: mut [f64; 2]) -> f64 {
           v3 = alloc [f64; 2]
           copy v3, v1
           v4 = alloc [f64; 2]
           copy v4, v3
           store v4[0], v0
           copy v2, v4
           v5 = load v3[0]
           return v5
         }",
        "func @f(v0: f64, v1: [f64; 2], v2: mut [f64; 2]) -> f64 {
  v3 = const 0.0
  v4 = load v1[0]
  v5 = load v1[1]
  v6 = const 0.0
  store v2[0], v0
  store v2[1], v5
  return v4
}",
    );
}
