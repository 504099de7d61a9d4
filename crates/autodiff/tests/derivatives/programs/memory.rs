//! Arrays that are written, and tapes.

use super::Arg::{F, I, Mut, V};
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    vec![
        hand("f2 constant store clears the shadow", F2, vec![F(3.0)], 3.0, vec![F(1.0)]),
        hand("f3 array of an iteration starts at zero", F3, vec![F(3.0)], 3.0, vec![F(1.0)]),
        hand("t9 overwritten after use", T9, vec![Mut(vec![3.0]), F(4.0)], 29.0, vec![V(vec![6.0]), F(5.0)]),
        // a^8
        hand("t10 square in place", T10, vec![Mut(vec![1.5])], 1.5f64.powi(8), vec![V(vec![136.6875])]),
        hand("t11 overwritten before use", T11, vec![F(2.0), F(3.0)], 9.0, vec![F(0.0), F(6.0)]),
        hand("t12 cleared in a branch", T12, vec![F(3.0), I(1)], 3.0, vec![F(1.0)]),
        hand("t12 not cleared", T12, vec![F(3.0), I(0)], 12.0, vec![F(7.0)]),
        // s = x^2 (w0^2 + w1^2 + w2^2)
        hand(
            "t14 array per iteration",
            T14,
            vec![F(1.3), V(vec![0.0, 1.0, 2.0])],
            1.69 * 5.0,
            vec![F(13.0), V(vec![0.0, 3.38, 6.76])],
        ),
        hand("t15 double buffer", T15, vec![V(vec![2.0, 3.0])], 72.0, vec![V(vec![108.0, 48.0])]),
        hand("t16 read twice", T16, vec![V(vec![3.0])], 12.0, vec![V(vec![7.0])]),
        // R3: 2 a^3
        hand("r3 doubled in place", R3, vec![Mut(vec![3.0])], 54.0, vec![V(vec![54.0])]),
        // u1 = u1 + u0^2 (1 + c^2), returns u1
        hand("k2 two places in place", K2, vec![Mut(vec![2.0, 1.0]), F(0.5)], 6.0, vec![V(vec![5.0, 1.0]), F(4.0)]),
        hand("fill and sum", FILL, vec![F(3.0)], 6.0 * 9.0, vec![F(36.0)]),
        // b = a (2 by 2), then sum of b[i][j] * a[i][j]
        hand("copy and dot", COPY, vec![V(vec![1.0, 2.0, 3.0, 4.0])], 30.0, vec![V(vec![2.0, 4.0, 6.0, 8.0])]),
        // b[0] = x, then all of b overwritten by a constant array
        hand("copy of constants", COPY_CONST, vec![F(3.0)], 3.0, vec![F(1.0)]),
        // pushes x, 2x, 4x; pops give 4x * 1 + 2x * x + x * x^2 … see the text
        hand("tape", TAPE, vec![F(3.0)], 12.0 * 6.0 * 3.0, vec![F(8.0 * 3.0 * 9.0)]),
        // sum over i < 3 of (i + 1) x^2: arrays of 1, 2, 3 elements
        hand("array of an iteration's own length", RAGGED, vec![F(3.0)], 54.0, vec![F(36.0)]),
        hand("array of an arm", ARM, vec![F(3.0), I(4)], 36.0, vec![F(24.0)]),
        // s = x^2 (1 + 4 + 9)
        hand("overwritten in the next iteration", NEXT, vec![F(3.0)], 126.0, vec![F(84.0)]),
        // The loop adds to element 2 of an array of 2 in iterations that there are not.
        hand("element of a loop that does not run", NOT_RUN, vec![V(vec![2.0, 3.0]), I(0)], 0.0, vec![V(vec![0.0; 2])]),
        hand(
            "element of an arm that is not taken",
            NOT_RUN,
            vec![V(vec![2.0, 3.0]), I(3)],
            18.0,
            vec![V(vec![9.0, 6.0])],
        ),
        hand(
            "scratch under a condition",
            SCRATCH,
            vec![V(vec![1.0, 2.0, 3.0])],
            1.0 + 1.0 + 9.0,
            vec![V(vec![4.0, 0.0, 6.0])],
        ),
    ]
}

const F2: &str = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 1]
  store v1[0], v0
  v2 = const 1.0
  store v1[0], v2
  v3 = load v1[0]
  v4 = mul v3, v0
  return v4
}";

const F3: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..2 (v4: f64 = v1) {
    v5 = alloc [f64; 1]
    v6 = const 0
    v7 = cmp eq v3, v6
    if v7 {
      store v5[0], v0
    }
    v8 = load v5[0]
    v9 = add v4, v8
    yield v9
  }
  return v2
}";

const T9: &str = "
func @f(v0: mut [f64; 1], v1: f64) -> f64 {
  v2 = load v0[0]
  v3 = mul v2, v2
  v4 = const 5.0
  store v0[0], v4
  v5 = load v0[0]
  v6 = mul v5, v1
  v7 = add v3, v6
  return v7
}";

const T10: &str = "
func @f(v0: mut [f64; 1]) -> f64 {
  for v1 in 0..3 {
    v2 = load v0[0]
    v3 = load v0[0]
    v4 = mul v2, v3
    store v0[0], v4
  }
  v5 = load v0[0]
  return v5
}";

const T11: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = alloc [f64; 1]
  store v2[0], v0
  store v2[0], v1
  v3 = load v2[0]
  v4 = mul v3, v3
  return v4
}";

const T12: &str = "
func @f(v0: f64, v1: i64) -> f64 {
  v2 = alloc [f64; 1]
  v3 = mul v0, v0
  store v2[0], v3
  v4 = const 1
  v5 = cmp eq v1, v4
  if v5 {
    v6 = const 0.0
    store v2[0], v6
  }
  v7 = load v2[0]
  v8 = add v7, v0
  return v8
}";

const T14: &str = "
func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = alloc [f64; 1]
    v7 = load v1[v4]
    v8 = mul v0, v7
    store v6[0], v8
    v9 = load v6[0]
    v10 = mul v9, v9
    store v6[0], v10
    v11 = load v6[0]
    v12 = add v5, v11
    yield v12
  }
  return v3
}";

const T15: &str = "
func @f(v0: [f64; 2]) -> f64 {
  v1 = alloc [f64; 2]
  v2 = alloc [f64; 2]
  v3 = alloc [f64; 2]
  copy v1, v0
  for v4 in 0..3 {
    v5 = load v1[0]
    v6 = load v1[1]
    v7 = mul v5, v6
    store v2[0], v7
    store v2[1], v5
    copy v3, v1
    copy v1, v2
    copy v2, v3
  }
  v8 = load v1[0]
  return v8
}";

const T16: &str = "
func @f(v0: [f64; 1]) -> f64 {
  v1 = load v0[0]
  v2 = load v0[0]
  v3 = mul v1, v2
  v4 = add v3, v1
  return v4
}";

const R3: &str = "
func @f(v0: mut [f64; 1]) -> f64 {
  v1 = load v0[0]
  v2 = const 2.0
  v3 = load v0[0]
  v4 = mul v3, v2
  store v0[0], v4
  v5 = mul v1, v1
  v6 = load v0[0]
  v7 = mul v5, v6
  return v7
}";

const K2: &str = "
func @f(v0: mut [f64; 2], v1: f64) -> f64 {
  for v2 in 0..2 {
    v3 = load v0[0]
    v4 = mul v3, v3
    acc v0[1], v4
    v5 = mul v3, v1
    store v0[0], v5
  }
  v6 = load v0[1]
  return v6
}";

const FILL: &str = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 2, 3]
  fill v1, v0
  v2 = const 0.0
  v3 = for v4 in 0..2 (v5: f64 = v2) {
    v6 = for v7 in 0..3 (v8: f64 = v5) {
      v9 = load v1[v4, v7]
      v10 = mul v9, v9
      v11 = add v8, v10
      yield v11
    }
    yield v6
  }
  fill v1, v2
  return v3
}";

const COPY: &str = "
func @f(v0: [f64; 2, 2]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; 2, 2]
  copy v2, v0
  v3 = for v4 in 0..2 (v5: f64 = v1) {
    v6 = for v7 in 0..2 (v8: f64 = v5) {
      v9 = load v2[v4, v7]
      v10 = load v0[v4, v7]
      v11 = mul v9, v10
      v12 = add v8, v11
      yield v12
    }
    yield v6
  }
  return v3
}";

const COPY_CONST: &str = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 2]
  v2 = alloc [f64; 2]
  v3 = const 1.0
  fill v2, v3
  store v1[1], v0
  copy v1, v2
  v4 = load v1[1]
  v5 = mul v4, v0
  return v5
}";

const TAPE: &str = "
func @f(v0: f64) -> f64 {
  v1 = tape.new (f64, i64)
  v2 = for v3 in 0..3 (v4: f64 = v0) {
    tape.push v1, (v4, v3)
    v5 = add v4, v4
    yield v5
  }
  v6 = const 1.0
  v7 = for v8 in 0..3 (v9: f64 = v6) {
    v10, v11 = tape.pop v1
    v12 = mul v9, v10
    yield v12
  }
  return v7
}";

const SCRATCH: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; 1]
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = const 2
    v7 = irem v4, v6
    v8 = const 0
    v9 = cmp eq v7, v8
    if v9 {
      v10 = load v0[v4]
      v11 = mul v10, v10
      store v1[0], v11
    }
    v12 = load v1[0]
    v13 = add v5, v12
    yield v13
  }
  return v3
}";

const RAGGED: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..3 (v4: f64 = v1) {
    v5 = const 1
    v6 = iadd v3, v5
    v7 = alloc [f64; v6, 2]
    v8 = alloc [f64; v6, 2]
    fill v7, v0
    copy v8, v7
    v9 = for v10 in 0..v6 (v11: f64 = v4) {
      v12 = load v8[v10, 1]
      v13 = mul v12, v0
      v14 = add v11, v13
      yield v14
    }
    yield v9
  }
  return v2
}";

const ARM: &str = "
func @f(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp gt v1, v2
  v4 = if v3 {
    v5 = alloc [f64; v1]
    for v6 in 0..v1 {
      store v5[v6], v0
    }
    v7 = const 0.0
    v8 = for v9 in 0..v1 (v10: f64 = v7) {
      v11 = load v5[v9]
      v12 = mul v11, v0
      v13 = add v10, v12
      yield v13
    }
    yield v8
  } else {
    yield v0
  }
  return v4
}";

const NEXT: &str = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 1]
  v2 = const 0.0
  v3 = for v4 in 0..3 (v5: f64 = v2) {
    acc v1[0], v0
    v6 = load v1[0]
    v7 = mul v6, v6
    v8 = add v5, v7
    yield v8
  }
  return v3
}";

/// s = n * a[0] * a[1]; a[2] is read in iterations from the sixth on.
const NOT_RUN: &str = "
func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = const 0.0
  v3 = const 5
  v4 = for v5 in 0..v1 (v6: f64 = v2) {
    v7 = load v0[0]
    v8 = load v0[1]
    v9 = mul v7, v8
    v10 = cmp gt v5, v3
    v11 = if v10 {
      v12 = load v0[2]
      yield v12
    } else {
      yield v9
    }
    v13 = add v6, v11
    yield v13
  }
  return v4
}";
