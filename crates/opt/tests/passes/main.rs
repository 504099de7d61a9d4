//! What each pass makes of a program, as text, and that it still means the same.

mod counters;
mod early;
mod factor;
mod fission;
mod harness;
mod inline;
mod memory;
mod scalars;
mod skip;
mod speculate;
mod spread;
mod unroll;
mod views;

use adit_opt::{INEXACT, PASSES};
use harness::{after, read, run, verified};

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
