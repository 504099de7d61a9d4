//! Loops that are reversed iteration by iteration, and loops that look as if they could be.

use super::Arg::{F, I, Mut, V};
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    vec![
        // x0^2 + x1^2 + x2^2, halved
        hand("sum of squares, scaled", SCALED, vec![V(vec![1.0, 2.0, 3.0])], 7.0, vec![V(vec![1.0, 2.0, 3.0])]),
        // (x0^2 + x1^2 + x2^2)^2
        hand(
            "sum of squares, squared",
            SQUARED,
            vec![V(vec![1.0, 2.0, 3.0])],
            196.0,
            vec![V(vec![56.0, 112.0, 168.0])],
        ),
        // x0^2 + x1^2 + a, for x[0] = a after the loop
        hand(
            "overwritten after the loop",
            OVERWRITTEN,
            vec![Mut(vec![2.0, 3.0]), F(5.0)],
            18.0,
            vec![V(vec![4.0, 6.0]), F(1.0)],
        ),
        // x0^2 + x1^2 + x0 + a, for x[0] += a after the loop
        hand(
            "added to after the loop",
            ADDED_TO,
            vec![Mut(vec![2.0, 3.0]), F(5.0)],
            20.0,
            vec![V(vec![5.0, 6.0]), F(1.0)],
        ),
        // (1 + 1/4 + 1/16) (x0^2 + x1^2)
        hand(
            "halved by an outer loop",
            HALVED,
            vec![Mut(vec![2.0, 4.0]), I(3)],
            26.25,
            vec![V(vec![21.0 / 8.0 * 2.0, 21.0 / 8.0 * 4.0])],
        ),
        // s = ((0 - 0.5 s) + x0) …: x2 - 0.5 x1 + 0.25 x0
        hand("a recurrence", RECURRENCE, vec![V(vec![4.0, 6.0, 8.0])], 6.0, vec![V(vec![0.25, -0.5, 1.0])]),
        // x2 - x1 + x0
        hand("the sign alternates", ALTERNATES, vec![V(vec![4.0, 6.0, 9.0])], 7.0, vec![V(vec![1.0, -1.0, 1.0])]),
        // a b + b b: the last number is carried beside the sum
        hand("neighbours through a carried number", CARRIED, vec![V(vec![2.0, 3.0])], 15.0, vec![V(vec![3.0, 8.0])]),
        // sums of rows, squared: (1 + 2)^2 + (3 + 4)^2
        hand(
            "squares of sums",
            ROWS,
            vec![super::Arg::Matrix([2, 2], vec![1.0, 2.0, 3.0, 4.0])],
            58.0,
            vec![V(vec![6.0, 6.0, 14.0, 14.0])],
        ),
        // x0 + |x1| + x2, by a branch that adds to the sum or subtracts from it
        hand("branches add and subtract", BRANCHES, vec![V(vec![2.0, -3.0, 4.0])], 9.0, vec![V(vec![1.0, -1.0, 1.0])]),
        // adds x until 10 is passed: 4 trips of 3
        hand("until large", UNTIL, vec![F(3.0)], 12.0, vec![F(4.0)]),
        // y[i] = x[i]^2, read after the loop
        hand("a map whose consumer comes later", MAP, vec![V(vec![1.0, 2.0])], 17.0, vec![V(vec![4.0, 32.0])]),
    ]
}

/// A sum whose adjoint is known before it.
pub const SCALED: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = mul v5, v5
    v7 = add v4, v6
    yield v7
  }
  v8 = const 0.5
  v9 = mul v2, v8
  return v9
}";

const SQUARED: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = mul v5, v5
    v7 = add v4, v6
    yield v7
  }
  v8 = mul v2, v2
  return v8
}";

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
  v9 = load v0[0]
  v10 = add v3, v9
  return v10
}";

const ADDED_TO: &str = "
func @f(v0: mut [f64; d0], v1: f64) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    v8 = add v5, v7
    yield v8
  }
  acc v0[0], v1
  v9 = load v0[0]
  v10 = add v3, v9
  return v10
}";

const HALVED: &str = "
func @f(v0: mut [f64; d0], v1: i64) -> f64 {
  v2 = const 0.0
  v3 = const 0.5
  v4 = for v5 in 0..v1 (v6: f64 = v2) {
    v7 = for v8 in 0..d0 (v9: f64 = v6) {
      v10 = load v0[v8]
      v11 = mul v10, v10
      v12 = add v9, v11
      yield v12
    }
    for v13 in 0..d0 {
      v14 = load v0[v13]
      v15 = mul v14, v3
      store v0[v13], v15
    }
    yield v7
  }
  return v4
}";

const RECURRENCE: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = const 0.5
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = mul v2, v5
    v8 = sub v6, v7
    yield v8
  }
  return v3
}";

const ALTERNATES: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = sub v5, v4
    yield v6
  }
  return v2
}";

const CARRIED: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = load v0[1]
  v3, v4 = for v5 in 0..d0 (v6: f64 = v1, v7: f64 = v2) {
    v8 = load v0[v5]
    v9 = mul v7, v8
    v10 = add v6, v9
    yield v10, v8
  }
  v11 = load v0[0]
  v12 = mul v11, v2
  v13 = sub v3, v12
  v14 = mul v2, v2
  v15 = add v13, v14
  return v15
}";

const ROWS: &str = "
func @f(v0: [f64; d0, d1]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = for v6 in 0..d1 (v7: f64 = v1) {
      v8 = load v0[v3, v6]
      v9 = add v7, v8
      yield v9
    }
    v10 = mul v5, v5
    v11 = add v4, v10
    yield v11
  }
  return v2
}";

/// Each arm adds or subtracts.
pub const BRANCHES: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = cmp gt v5, v1
    v7 = if v6 {
      v8 = add v4, v5
      yield v8
    } else {
      v9 = sub v4, v5
      yield v9
    }
    yield v7
  }
  return v2
}";

const UNTIL: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = const 10.0
  v3 = while (v4: f64 = v1) {
    v5 = cmp lt v4, v2
    yield v5
  } do (v6) {
    v7 = add v6, v0
    yield v7
  }
  return v3
}";

const MAP: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v1 = const 0.0
  v2 = alloc [f64; d0]
  for v3 in 0..d0 {
    v4 = load v0[v3]
    v5 = mul v4, v4
    store v2[v3], v5
  }
  v6 = for v7 in 0..d0 (v8: f64 = v1) {
    v9 = load v2[v7]
    v10 = mul v9, v9
    v11 = add v8, v10
    yield v11
  }
  return v6
}";
