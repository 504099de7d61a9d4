//! Loops that run again in the reverse sweep, and loops that look as if they could.

use super::Arg::{F, I, Mut, V};
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    vec![
        // (x0^2 + x1^2)^2 + a, for x[0] = a after the loop
        hand(
            "squared, overwritten after the loop",
            OVERWRITTEN,
            vec![Mut(vec![1.0, 2.0]), F(5.0)],
            30.0,
            vec![V(vec![20.0, 40.0]), F(1.0)],
        ),
        // (x0^2 + x1^2 + x2^2)^2 + y1^2, where y takes the elements of x in turn: x2 at last
        hand(
            "one element for all iterations",
            ONE_ELEMENT,
            vec![V(vec![1.0, 2.0, 3.0]), Mut(vec![7.0, 8.0])],
            207.0 - 2.0,
            vec![V(vec![56.0, 112.0, 168.0 + 6.0]), V(vec![0.0, 0.0])],
        ),
        // x1^3, squared: what iterations copy to one array is what the last one does
        hand("copied over in each iteration", COPIED, vec![V(vec![2.0, 3.0])], 729.0, vec![V(vec![0.0, 1458.0])]),
        // y: 2, 2 x0, 2 x0 x1, and (sum of y)^2 = 256
        hand("each element from the last", FROM_THE_LAST, vec![V(vec![3.0, 4.0])], 1024.0, vec![V(vec![640.0, 384.0])]),
        // the product of all, doubled: what is carried is no sum
        hand("a product, squared", PRODUCT, vec![V(vec![2.0, 3.0, 5.0])], 900.0, vec![V(vec![900.0, 600.0, 360.0])]),
        // (x0^2 + x1^2)^2, and y += x^2 left behind; the square of y1 is 9^2 = 81 with y1 = 5 + x1^2
        hand(
            "added to an array of the caller",
            ADDS,
            vec![V(vec![1.0, 2.0]), Mut(vec![3.0, 5.0])],
            106.0,
            vec![V(vec![20.0, 40.0 + 72.0]), V(vec![0.0, 18.0])],
        ),
        // q: 1, (Σ x) q^2 …: q1 = 3, q2 = 27
        hand("a sum in each step", STEPS, vec![V(vec![1.0, 2.0]), I(2)], 27.0, vec![V(vec![27.0, 27.0])]),
        // (x0^2 + x1^2)^2, if at all
        hand("under a condition", CONDITION, vec![V(vec![1.0, 2.0]), I(1)], 25.0, vec![V(vec![20.0, 40.0])]),
        hand("under a condition that fails", CONDITION, vec![V(vec![1.0, 2.0]), I(0)], 0.0, vec![V(vec![0.0, 0.0])]),
        // (2 x0^2 + x1^2)^2, counted by hand; x0 counts twice
        hand("a while that counts", COUNTS, vec![V(vec![1.0, 2.0])], 36.0, vec![V(vec![48.0, 48.0])]),
        // Σ y^2 (y = x^2), squared: (1 + 16)^2
        hand("a map, read in the iteration", MAP, vec![V(vec![1.0, 2.0])], 289.0, vec![V(vec![136.0, 1088.0])]),
        // 4 q^4 (1 + 1/256) for q = w0^2 + w1^2
        hand(
            "an array that each iteration reads and a later loop changes",
            KEPT,
            vec![Mut(vec![1.0, 2.0]), I(2)],
            2509.765625,
            vec![V(vec![4015.625, 8031.25])],
        ),
        // 2 Σ x^2 + 2 Σ x^4 + x0^2 / 2
        hand("an array read again and again, twice", TWICE, vec![V(vec![1.0, 2.0])], 44.5, vec![V(vec![13.0, 72.0])]),
    ]
}

const OVERWRITTEN: &str = "
func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    v8 = add v5, v7
    yield v8
  }
  store v0[0], v1
  v9 = mul v3, v3
  v10 = add v9, v1
  return v10
}";

const COPIED: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; 1]
  for v2 in 0..d0 {
    v3 = load v0[v2]
    v4 = alloc [f64; 2]
    fill v4, v3
    v5 = load v4[0]
    v6 = load v4[1]
    v7 = mul v5, v6
    v8 = mul v7, v6
    v9 = alloc [f64; 1]
    store v9[0], v8
    copy v1, v9
  }
  v10 = load v1[0]
  v11 = mul v10, v10
  return v11
}";

const ONE_ELEMENT: &str = "
func @f(v0: [f64; d0], v1: mut [f64; d1]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    v8 = add v5, v7
    store v1[1], v6
    yield v8
  }
  v9 = mul v3, v3
  v10 = load v1[1]
  v11 = mul v10, v10
  v12 = add v9, v11
  return v12
}";

const FROM_THE_LAST: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 2.0
  v3 = const 1
  v4 = iadd d0, v3
  v5 = alloc [f64; v4]
  store v5[0], v2
  for v6 in 0..d0 {
    v7 = load v5[v6]
    v8 = load v0[v6]
    v9 = mul v7, v8
    v10 = iadd v6, v3
    store v5[v10], v9
  }
  v11 = for v12 in 0..v4 (v13: f64 = v1) {
    v14 = load v5[v12]
    v15 = add v13, v14
    yield v15
  }
  v16 = mul v11, v11
  return v16
}";

const PRODUCT: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 1.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = mul v4, v5
    yield v6
  }
  v7 = mul v2, v2
  return v7
}";

const ADDS: &str = "
func @f(v0: [f64; d0], v1: mut [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    v8 = add v5, v7
    acc v1[v4], v7
    yield v8
  }
  v9 = mul v3, v3
  v10 = load v1[1]
  v11 = mul v10, v10
  v12 = add v9, v11
  return v12
}";

const STEPS: &str = "
func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = const 1.0
  v3 = const 0.0
  v4 = for v5 in 0..v1 (v6: f64 = v2) {
    v7 = mul v6, v6
    v8 = for v9 in 0..d0 (v10: f64 = v3) {
      v11 = load v0[v9]
      v12 = mul v11, v7
      v13 = add v10, v12
      yield v13
    }
    yield v8
  }
  return v4
}";

const CONDITION: &str = "
func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = const 0.0
  v3 = const 0
  v4 = cmp gt v1, v3
  v5 = if v4 {
    v6 = for v7 in 0..d0 (v8: f64 = v2) {
      v9 = load v0[v7]
      v10 = mul v9, v9
      v11 = add v8, v10
      yield v11
    }
    v12 = mul v6, v6
    yield v12
  } else { yield v2 }
  return v5
}";

const COUNTS: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 0
  v3 = const 1
  v4, v5 = while (v6: f64 = v1, v7: i64 = v2) {
    v8 = cmp le v7, d0
    yield v8
  } do (v9, v10) {
    v11 = cmp eq v10, d0
    v12 = select v11, v2, v10
    v13 = load v0[v12]
    v14 = mul v13, v13
    v15 = add v9, v14
    v16 = iadd v10, v3
    yield v15, v16
  }
  v17 = mul v4, v4
  return v17
}";

const MAP: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; d0]
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    store v2[v4], v7
    v8 = load v2[v4]
    v9 = mul v8, v8
    v10 = add v5, v9
    yield v10
  }
  v11 = mul v3, v3
  return v11
}";

const KEPT: &str = "
func @f(v0: mut [f64; d0], v1: i64) -> f64 {
  v2 = const 0.0
  v3 = const 0.5
  v4 = for v5 in 0..v1 (v6: f64 = v2) {
    v7 = for v8 in 0..2 (v9: f64 = v2) {
      v16 = for v23 in 0..1 (v24: f64 = v9) {
        v10 = for v11 in 0..d0 (v12: f64 = v2) {
          v13 = load v0[v11]
          v14 = mul v13, v13
          v15 = add v12, v14
          yield v15
        }
        v25 = mul v10, v10
        v26 = add v24, v25
        yield v26
      }
      yield v16
    }
    for v18 in 0..d0 {
      v19 = load v0[v18]
      v20 = mul v19, v3
      store v0[v18], v20
    }
    v21 = mul v7, v7
    v22 = add v6, v21
    yield v22
  }
  return v4
}";

const TWICE: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 0.5
  v3 = alloc [f64; d0]
  copy v3, v0
  v4 = for v5 in 0..d0 (v6: f64 = v1) {
    v7 = for v8 in 0..d0 (v9: f64 = v6) {
      v10 = load v3[v8]
      v11 = mul v10, v10
      v12 = add v9, v11
      yield v12
    }
    yield v7
  }
  for v13 in 0..d0 {
    v14 = load v3[v13]
    v15 = mul v14, v14
    store v3[v13], v15
  }
  v16 = for v17 in 0..d0 (v18: f64 = v4) {
    v19 = for v20 in 0..d0 (v21: f64 = v18) {
      v22 = load v3[v20]
      v23 = mul v22, v22
      v24 = add v21, v23
      yield v24
    }
    yield v19
  }
  for v25 in 0..d0 {
    v26 = load v3[v25]
    v27 = mul v26, v2
    store v3[v25], v27
  }
  v28 = load v3[0]
  v29 = add v16, v28
  return v29
}";
