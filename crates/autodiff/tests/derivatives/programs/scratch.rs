//! Arrays outside a loop that carry nothing from one iteration to the next, and arrays that do.

use super::Arg::V;
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    vec![
        // Σ over i and j of (xi xj)^2 = (Σ x^2)^2
        hand("filled in each iteration", FILLED, vec![V(vec![1.0, 2.0])], 25.0, vec![V(vec![20.0, 40.0])]),
        // (3 x0)^2 + (x1^2)^2
        hand("written in both arms", ARMS, vec![V(vec![1.0, 3.0])], 90.0, vec![V(vec![18.0, 108.0])]),
        // x0^2 (x0 + x1): only the first iteration writes
        hand("written in one arm", ONE_ARM, vec![V(vec![2.0, 3.0])], 20.0, vec![V(vec![24.0, 4.0])]),
        // x0^2 + x1^2 + x1^2
        hand("read after the loop", READ_LATER, vec![V(vec![2.0, 3.0])], 22.0, vec![V(vec![4.0, 12.0])]),
        // x0^2 + x1^2, and the last square is printed
        hand("printed after the loop", PRINTED_LATER, vec![V(vec![2.0, 3.0])], 13.0, vec![V(vec![4.0, 6.0])]),
        // x0^2 + (x0 + x1)^2
        hand("added to in each iteration", ADDED_TO, vec![V(vec![1.0, 2.0])], 10.0, vec![V(vec![8.0, 6.0])]),
        // (x0^2)^2 + (x1^2)^2, and x0 + x1: one array for two loops
        hand("one array for two loops", TWO_LOOPS, vec![V(vec![1.0, 2.0])], 20.0, vec![V(vec![5.0, 33.0])]),
    ]
}

const FILLED: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; d0]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    for v7 in 0..d0 {
      v8 = load v0[v7]
      v9 = mul v6, v8
      store v2[v7], v9
    }
    v10 = for v11 in 0..d0 (v12: f64 = v5) {
      v13 = load v2[v11]
      v14 = mul v13, v13
      v15 = add v12, v14
      yield v15
    }
    yield v10
  }
  return v3
}";

const ARMS: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 2.0
  v3 = const 3.0
  v4 = alloc [f64; 1]
  v5 = for v6 in 0..d0 (v7: f64 = v1) {
    v8 = load v0[v6]
    v9 = cmp gt v8, v2
    if v9 {
      v10 = mul v8, v8
      store v4[0], v10
    } else {
      v11 = mul v8, v3
      store v4[0], v11
    }
    v12 = load v4[0]
    v13 = mul v12, v12
    v14 = add v7, v13
    yield v14
  }
  return v5
}";

const ONE_ARM: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 0
  v3 = alloc [f64; 1]
  v4 = for v5 in 0..d0 (v6: f64 = v1) {
    v7 = load v0[v5]
    v8 = cmp eq v5, v2
    if v8 {
      v9 = mul v7, v7
      store v3[0], v9
    } else { }
    v10 = load v3[0]
    v11 = mul v10, v7
    v12 = add v6, v11
    yield v12
  }
  return v4
}";

const PRINTED_LATER: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; 1]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    store v2[0], v7
    v8 = load v2[0]
    v9 = add v5, v8
    yield v9
  }
  print v2
  return v3
}";

const READ_LATER: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; 1]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    store v2[0], v7
    v8 = load v2[0]
    v9 = add v5, v8
    yield v9
  }
  v10 = load v2[0]
  v11 = add v3, v10
  return v11
}";

const ADDED_TO: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; 1]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    acc v2[0], v6
    v7 = load v2[0]
    v8 = mul v7, v7
    v9 = add v5, v8
    yield v9
  }
  return v3
}";

const TWO_LOOPS: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; 2]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    store v2[0], v7
    v8 = load v2[0]
    v9 = mul v8, v8
    v10 = add v5, v9
    yield v10
  }
  v11 = for v12 in 0..d0 (v13: f64 = v3) {
    v14 = load v0[v12]
    store v2[0], v14
    store v2[1], v1
    v15 = load v2[1]
    v16 = load v2[0]
    v17 = add v13, v15
    v18 = add v17, v16
    yield v18
  }
  return v11
}";
