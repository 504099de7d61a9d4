//! `inline`: calls become bodies, in linear time.

use crate::harness::{check, read, verified};

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
