//! What each pass makes of a program, as text, and that it still means the same.

use adit_diag::FileId;
use adit_ir::limits::Limits;
use adit_ir::print::print_function;
use adit_ir::{Argument, Elements, ElementsMut, FuncId, Module, RunError, Scalar};
use adit_opt::{INEXACT, Options, PASSES, find};

fn read(text: &str) -> Module {
    adit_reader::read_module(FileId(0), text).expect("the test program is well formed")
}

fn verified(module: &Module, what: &str) {
    if let Err(violations) = adit_ir::verify::verify(module) {
        let text: Vec<String> = violations.iter().map(ToString::to_string).collect();
        panic!("after {what}: {}\n{}", text.join("\n"), adit_ir::print::print_module(module));
    }
}

/// Runs a pass on the last function.
fn after(pass: &str, text: &str) -> Module {
    let mut module = read(text);
    verified(&module, "reading");
    let last = FuncId::new(module.len() - 1);
    let run = find(pass).expect("a pass of the table").run;
    if let Some(f) = run(&module, module.function(last), Options::default()) {
        *module.function_mut(last) = f;
    }
    verified(&module, pass);
    module
}

fn check(pass: &str, before: &str, expected: &str) {
    let module = after(pass, before);
    let last = FuncId::new(module.len() - 1);
    let found = print_function(&module, module.function(last));
    assert_eq!(found.trim(), expected.trim(), "{pass} made:\n{found}");
}

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
fn calls_become_bodies_and_recursion_stays() {
    check(
        "inline",
        "func @g(v0: [f64; d0], v1: [f64; d0]) -> f64 {
           v2 = load v0[0]
           v3 = load v1[0]
           v4 = mul v2, v3
           return v4
         }
         func @r(v0: f64) -> f64 {
           v1 = call @r(v0)
           return v1
         }
         func @f(v0: [f64; d0], v1: [f64; d1]) -> f64 {
           v2 = call @g(v0, v1)
           v3 = call @r(v2)
           return v3
         }",
        "func @f(v0: [f64; d0], v1: [f64; d1]) -> f64 {
  v2 = cmp eq d0, d1
  assert v2, shape_mismatch(\"dimension 1 of argument 2 of `g`\")(d0, d1)
  v3 = load v0[0]
  v4 = load v1[0]
  v5 = mul v3, v4
  v6 = call @r(v5)
  return v6
}",
    );
}

#[test]
fn a_doubling_chain_stays_small() {
    let mut text = String::from("func @f0(v0: f64) -> f64 { v1 = sin v0 return v1 }\n");
    for i in 1..=60 {
        let callee = i - 1;
        text += &format!(
            "func @f{i}(v0: f64) -> f64 {{ v1 = call @f{callee}(v0) v2 = call @f{callee}(v0) v3 = add v1, v2 return v3 }}\n"
        );
    }
    let mut module = read(&text);
    let root = module.find("f60").expect("the last of the chain");
    adit_opt::clean_up_all(&mut module, root);
    verified(&module, "the chain");
    let left = adit_ir::CallGraph::new(&module, &[root]).order;
    let size: usize = left.iter().map(|&f| module.function(f).live_inst_count()).sum();
    assert!(left.len() > 1 && size < 2 * adit_opt::inline::GROWTH, "{} functions, {size} instructions", left.len());
}

#[test]
fn a_long_chain_of_single_calls_is_inlined_in_linear_time() {
    let mut text = String::from("func @f0(v0: f64) -> f64 { v1 = sin v0 return v1 }\n");
    for i in 1..=3000 {
        let callee = i - 1;
        text += &format!("func @f{i}(v0: f64) -> f64 {{ v1 = call @f{callee}(v0) v2 = mul v1, v0 return v2 }}\n");
    }
    let mut module = read(&text);
    let root = module.find("f3000").expect("the last of the chain");
    adit_opt::clean_up_all(&mut module, root);
    assert_eq!(adit_ir::CallGraph::new(&module, &[root]).order, [root]);
    assert_eq!(module.function(root).live_inst_count(), 3001);
}

const PROGRAM: &str = "
func @square(v0: f64) -> f64 { v1 = mul v0, v0 return v1 }
func @f(v0: f64, v1: i64, v2: [f64; d0], v3: mut [f64; d0]) -> (f64, i64) {
  v4 = const 0.0
  v5 = const 0
  v6 = const 1
  v7 = alloc [f64; 2]
  v8, v9 = for v10 in 0..d0 (v11: f64 = v4, v12: i64 = v5) {
    v13 = load v2[v10]
    v14 = call @square(v13)
    v15 = mul v14, v0
    v16 = cmp gt v15, v11
    v17 = if v16 { store v7[0], v15 v18 = sin v0 yield v18 } else { acc v7[1], v13 v19 = add v0, v13 yield v19 }
    store v3[v10], v17
    v20 = add v11, v17
    v21 = iadd v12, v6
    yield v20, v21
  }
  v22, v23 = while (v24: i64 = v9, v25: f64 = v8) { v26 = cmp lt v24, v1 yield v26 } do (v33, v34) {
    v27 = load v7[0]
    v28 = add v34, v27
    v29 = iadd v33, v6
    yield v29, v28
  }
  v30 = load v7[1]
  v31 = add v23, v30
  v32 = idiv v1, v6
  return v31, v32
}";

fn run(module: &Module) -> (Result<Vec<Scalar>, RunError>, Vec<f64>) {
    let x = [0.5, -1.25, 3.0, 0.125];
    let mut y = [0.0; 4];
    let dims = [4];
    let mut args = [
        Argument::Scalar(Scalar::F64(0.75)),
        Argument::Scalar(Scalar::I64(9)),
        Argument::Array { dims: &dims, elements: Elements::F64(&x) },
        Argument::ArrayMut { dims: &dims, elements: ElementsMut::F64(&mut y) },
    ];
    let f = module.find("f").expect("the program has it");
    let results = adit_interp::ir::run(module, f, &mut args, &Limits::default(), &mut |_| {});
    (results, y.to_vec())
}

#[test]
fn every_pass_keeps_results_bit_for_bit_alone_and_together() {
    let expected = run(&read(PROGRAM));
    assert!(expected.0.is_ok());
    for pass in PASSES.iter().filter(|pass| !INEXACT.contains(&pass.name)) {
        assert_eq!(run(&after(pass.name, PROGRAM)), expected, "{}", pass.name);
    }
    let mut module = read(PROGRAM);
    let f = module.find("f").expect("the program has it");
    let cleaned = adit_opt::clean_up(&module, module.function(f));
    *module.function_mut(f) = cleaned;
    verified(&module, "all passes");
    assert_eq!(run(&module), expected);
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

#[test]
fn a_part_of_an_array_is_read_where_it_is() {
    check(
        "views",
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
           v2 = const 0
           v3 = cmp ge v1, v2
           v4 = cmp lt v1, d0
           v5 = and v3, v4
           assert v5, index_out_of_range(v1, d0)
           v6 = alloc [f64; d1]
           for v7 in 0..d1 {
             v8 = load v0[v1, v7]
             store v6[v7], v8
           }
           v9 = alloc [f64; 3]
           for v10 in 0..3 {
             v11 = const 2
             v12 = iadd v10, v11
             v13 = load v6[v12]
             store v9[v10], v13
           }
           v14 = load v6[v1]
           v15 = load v9[1]
           v16 = add v14, v15
           return v16
         }",
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp ge v1, v2
  v4 = cmp lt v1, d0
  v5 = and v3, v4
  assert v5, index_out_of_range(v1, d0)
  v6 = alloc [f64; 3]
  for v7 in 0..3 {
    v8 = const 2
    v9 = iadd v7, v8
    v10 = load v0[v1, v9]
    store v6[v7], v10
  }
  v11 = load v0[v1, v1]
  v12 = load v6[1]
  v13 = add v11, v12
  return v13
}",
    );
}

#[test]
fn a_view_of_a_view_is_followed_and_equal_extents_are_known() {
    check(
        "views",
        "func @f(v0: [f64; d0, 8], v1: [f64; d1], v2: i64) -> f64 {
           v3 = imul d0, v2
           v4 = cmp eq v3, d1
           assert v4, shape_mismatch(\"columns\")(v3, d1)
           v5 = alloc [f64; d0, 8]
           for v6 in 0..d0 {
             for v7 in 0..8 {
               v8 = load v0[v6, v7]
               store v5[v6, v7], v8
             }
           }
           v9 = alloc [f64; d0]
           for v10 in 0..d0 {
             v11 = load v5[v10, 3]
             store v9[v10], v11
           }
           v12 = alloc [f64; v3]
           for v13 in 0..v3 {
             v14 = load v1[v13]
             store v12[v13], v14
           }
           v15 = load v9[v2]
           v16 = load v12[v2]
           v17 = add v15, v16
           return v17
         }",
        "func @f(v0: [f64; d0, 8], v1: [f64; d1], v2: i64) -> f64 {
  v3 = imul d0, v2
  v4 = cmp eq v3, d1
  assert v4, shape_mismatch(\"columns\")(v3, d1)
  v5 = load v0[v2, 3]
  v6 = load v1[v2]
  v7 = add v5, v6
  return v7
}",
    );
}

#[test]
fn a_subscript_that_no_view_of_a_view_looks_at_is_still_looked_at() {
    check(
        "views",
        "func @f(v0: [f64; d0], v1: [f64; d1], v2: i64) -> f64 {
           v3 = alloc [f64; d1, d0]
           for v4 in 0..d1 {
             for v5 in 0..d0 {
               v6 = load v0[v5]
               store v3[v4, v5], v6
             }
           }
           v7 = alloc [f64; d1, d0]
           for v8 in 0..d1 {
             for v9 in 0..d0 {
               v10 = load v3[v8, v9]
               store v7[v8, v9], v10
             }
           }
           v11 = load v7[v2, v2]
           return v11
         }",
        "func @f(v0: [f64; d0], v1: [f64; d1], v2: i64) -> f64 {
  v3 = alloc [f64; d1, d0]
  for v4 in 0..d1 {
    for v5 in 0..d0 {
      v6 = load v0[v5]
      store v3[v4, v5], v6
    }
  }
  v7 = load v3[v2, v2]
  return v7
}",
    );
}

#[test]
fn what_is_written_later_read_earlier_or_not_in_range_is_copied() {
    for text in [
        // What is viewed changes before it is read.
        "func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = alloc [f64; d0]
  for v3 in 0..d0 {
    v4 = load v0[v3]
    store v2[v3], v4
  }
  fill v0, v1
  v5 = const 0
  v6 = load v2[v5]
  return v6
}",
        // The array is read before it is filled.
        "func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = alloc [f64; d0]
  v3 = load v2[v1]
  for v4 in 0..d0 {
    v5 = load v0[v4]
    store v2[v4], v5
  }
  v6 = load v2[v1]
  v7 = add v3, v6
  return v7
}",
        // The row may not exist: the trap would be told elsewhere, or not at all.
        "func @f(v0: [f64; d0, d1], v1: i64) -> f64 {
  v2 = alloc [f64; d1]
  for v3 in 0..d1 {
    v4 = load v0[v1, v3]
    store v2[v3], v4
  }
  v5 = load v2[v1]
  return v5
}",
        // The loop fills another array, too.
        "func @f(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; d0]
  v2 = alloc [f64; d0]
  for v3 in 0..d0 {
    v4 = load v0[v3]
    v5 = sin v4
    store v1[v3], v5
    store v2[v3], v4
  }
  v6 = load v1[0]
  v7 = load v2[0]
  v8 = mul v6, v7
  return v8
}",
        // Beyond the part there is more.
        "func @f(v0: [f64; 8], v1: i64) -> f64 {
  v2 = alloc [f64; 3]
  for v3 in 0..3 {
    v4 = load v0[v3]
    store v2[v3], v4
  }
  v5 = load v2[v1]
  return v5
}",
        // The loop fills another array, too.
        "func @f(v0: [f64; d0], v1: f64) -> f64 {
  v2 = alloc [f64; d0]
  v3 = alloc [f64; d0, 2]
  for v4 in 0..d0 {
    v5 = load v0[v4]
    store v2[v4], v5
    store v3[v4, 0], v1
    store v3[v4, 1], v5
  }
  v6 = for v7 in 0..d0 (v8: f64 = v1) {
    v9 = load v2[v7]
    v10 = load v3[v7, 0]
    v11 = add v9, v10
    v12 = add v8, v11
    yield v12
  }
  return v6
}",
    ] {
        check("views", text, text);
    }
}

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

#[test]
fn sums_try_plain_products_first() {
    check(
        "speculate",
        "func @f(v0: [f64; d0], v1: [f64; d0]) -> f64 {
           v2 = const 0.0
           v3 = for v4 in 0..d0 (v5: f64 = v2) {
             v6 = load v0[v4]
             v7 = load v1[v4]
             v8 = smul v6, v7
             v9 = sub v5, v8
             yield v9
           }
           return v3
         }",
        "func @f(v0: [f64; d0], v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = load v1[v4]
    v8 = mul v6, v7
    v9 = sub v5, v8
    yield v9
  }
  v10 = const false
  v11 = cmp ne v3, v3
  v12 = select v11, v11, v10
  v13 = if v12 {
    v14 = for v15 in 0..d0 (v16: f64 = v2) {
      v17 = load v0[v15]
      v18 = load v1[v15]
      v19 = smul v17, v18
      v20 = sub v16, v19
      yield v20
    }
    yield v14
  } else {
    yield v3
  }
  return v13
}",
    );
}

/// A loop over `v0` and `v1` that carries `v5` from `start`, with a strong product `v8` in `body`.
fn loop_with_a_strong_product(start: &str, body: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: mut [f64; d0]) -> f64 {{
           v2 = const {start}
           v3 = for v4 in 0..d0 (v5: f64 = v2) {{
             v6 = load v0[v4]
             v7 = load v1[v4]
             v8 = smul v6, v7
             {body}
           }}
           return v3
         }}"
    )
}

#[test]
fn loops_whose_sums_would_not_tell_keep_strong_products() {
    let kept = [
        // A sum of zeros has the sign of the products.
        ("-0.0", "v9 = add v5, v8 yield v9"),
        ("0.0", "v9 = sub v8, v5 yield v9"),
        ("0.0", "v9 = mul v5, v8 yield v9"),
        // NaN or the sign would be lost on the way.
        ("0.0", "v9 = max v8, v6 v10 = add v5, v9 yield v10"),
        ("0.0", "v9 = div v6, v8 v10 = add v5, v9 yield v10"),
        ("0.0", "v9 = cmp lt v8, v6 v10 = select v9, v6, v7 v11 = add v5, v10 yield v11"),
        // It can't run twice.
        ("0.0", "acc v1[v4], v8 v9 = add v5, v8 yield v9"),
    ];
    for (start, body) in kept {
        let module = after("speculate", &loop_with_a_strong_product(start, body));
        let printed = print_function(&module, module.function(FuncId::new(0)));
        assert_eq!(printed.matches("= for ").count(), 1, "{printed}");
    }
}

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

#[test]
fn calls_come_before_loops_that_they_do_not_need() {
    check(
        "early",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
           v2 = const 2.0
           v3 = for v4 in 0..d0 (v5: f64 = v2) {
             v6 = load v1[v4]
             v7 = add v5, v6
             yield v7
           }
           v8 = const 3.0
           v9 = mul v0, v8
           v10 = log v9
           v11 = exp v3
           v12 = add v10, v11
           return v12
         }",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 2.0
  v3 = const 3.0
  v4 = mul v0, v3
  v5 = log v4
  v6 = for v7 in 0..d0 (v8: f64 = v2) {
    v9 = load v1[v7]
    v10 = add v8, v9
    yield v10
  }
  v11 = exp v6
  v12 = add v5, v11
  return v12
}",
    );
}

#[test]
fn a_call_that_may_stop_the_run_stays_behind_its_loop() {
    let text = "func @f(v0: i64, v1: [f64; d0], v2: i64) -> i64 {
  for v3 in 0..v2 {
    v4 = load v1[v3]
  }
  v5 = ipow v0, v2
  return v5
}";
    check("early", text, text);
}
