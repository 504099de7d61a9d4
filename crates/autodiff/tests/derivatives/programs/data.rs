//! Programs of several loops over data.

use super::Arg::{F, Matrix, Mut, V};
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    vec![
        // ll = 1 X1 + 2 X2 + 3 X3 with X1 = a X0 + .1, …
        hand(
            "k1 state and readout",
            K1,
            vec![F(0.5), F(1.0), V(vec![1.0, 2.0, 3.0])],
            0.6 + 0.8 + 0.9,
            vec![F(6.05), F(1.375), V(vec![0.6, 0.4, 0.3])],
        ),
        // y = M x, weighted by (5, 6)
        hand(
            "l1 matrix times vector",
            L1,
            vec![Matrix([2, 2], vec![1.0, 2.0, 3.0, 4.0]), V(vec![1.0, 1.0])],
            57.0,
            vec![V(vec![5.0, 5.0, 6.0, 6.0]), V(vec![23.0, 34.0])],
        ),
        // x[0] = a after the sum: d x0 = cos x0, d a = 1
        hand(
            "overwritten after the loop",
            OVERWRITTEN,
            vec![Mut(vec![1.0, 2.0]), F(0.5)],
            1f64.sin() + 2f64.sin() + 0.5,
            vec![V(vec![1f64.cos(), 2f64.cos()]), F(1.0)],
        ),
        // s = sum_t sum_i x_i^2 / 4^t over two rounds: 2 x (1 + 1/4)
        hand("scaled in an outer loop", SCALED, vec![Mut(vec![1.0, 2.0])], 5.0 * 1.25, vec![V(vec![2.5, 5.0])]),
    ]
}

const K1: &str = "
func @f(v0: f64, v1: f64, v2: [f64; d0]) -> f64 {
  v3 = const 0.0
  v4, v5 = for v6 in 0..d0 (v7: f64 = v1, v8: f64 = v3) {
    v9 = mul v0, v7
    v10 = const 0.1
    v11 = add v9, v10
    v12 = load v2[v6]
    v13 = mul v12, v11
    v14 = add v8, v13
    yield v11, v14
  }
  return v5
}";

const L1: &str = "
func @f(v0: [f64; d0, d1], v1: [f64; d1]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = for v7 in 0..d1 (v8: f64 = v2) {
      v9 = load v0[v4, v7]
      v10 = load v1[v7]
      v11 = mul v9, v10
      v12 = add v8, v11
      yield v12
    }
    v13 = const 5
    v14 = iadd v4, v13
    v15 = itof v14
    v16 = mul v6, v15
    v17 = add v5, v16
    yield v17
  }
  return v3
}";

const OVERWRITTEN: &str = "
func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = sin v6
    v8 = add v5, v7
    yield v8
  }
  store v0[0], v1
  v9 = load v0[0]
  v10 = add v3, v9
  return v10
}";

const SCALED: &str = "
func @f(v0: mut [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..2 (v4: f64 = v1) {
    v5 = for v6 in 0..d0 (v7: f64 = v4) {
      v8 = load v0[v6]
      v9 = mul v8, v8
      v10 = add v7, v9
      yield v10
    }
    for v11 in 0..d0 {
      v12 = load v0[v11]
      v13 = const 0.5
      v14 = mul v12, v13
      store v0[v11], v14
    }
    yield v5
  }
  return v2
}";
