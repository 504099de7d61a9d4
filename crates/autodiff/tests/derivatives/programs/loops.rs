//! Loops over numbers, and over arrays that are only read.

use super::Arg::{F, I, Is, V};
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
    let early = |x: f64| x.powi(4);
    vec![
        // a = 3x + 5y after five steps of Fibonacci
        hand("t1 fibonacci swap", T1, vec![F(2.0), F(3.0), I(5)], 3.0 * 2.0 + 5.0 * 3.0, vec![F(3.0), F(5.0)]),
        hand("t1 fibonacci swap, no trips", T1, vec![F(2.0), F(3.0), I(0)], 2.0, vec![F(1.0), F(0.0)]),
        // a = x^3 y^2
        hand("t2 product swap", T2, vec![F(2.0), F(3.0)], 72.0, vec![F(108.0), F(48.0)]),
        hand("t3 power, no trips", T3, vec![F(2.0), I(0)], 1.0, vec![F(0.0)]),
        hand("t4 power", T3, vec![F(2.0), I(4)], 16.0, vec![F(32.0)]),
        hand("h1 cube", T3, vec![F(2.0), I(3)], 8.0, vec![F(12.0)]),
        // 2 -> 4 -> 5 -> 25 -> 27: s = (x^2 + 1)^2 + x, 4x(x^2 + 1) + 1
        hand("t5 while with break", T5, vec![F(2.0)], 27.0, vec![F(41.0)]),
        // s = x^2 + x
        hand("t6 continue", T6, vec![F(3.0)], 12.0, vec![F(7.0)]),
        hand("t7 early return, taken", T7, vec![F(2.5)], early(2.5), vec![F(62.5)]),
        // x^5 + 7x
        hand("t7 early return, not taken", T7, vec![F(1.1)], 1.1f64.powi(5) + 7.7, vec![F(14.3205)]),
        // x^5 + x^4 + 2x^3 + x^2 + 2x + 3
        hand(
            "t8 triangular horner",
            T8,
            vec![F(2.0), V(vec![1.0, 2.0, 3.0])],
            75.0,
            vec![F(142.0), V(vec![52.0, 10.0, 1.0])],
        ),
        // ((x^2 + x)^2) + x
        hand("t17 parity", T17, vec![F(2.0)], 38.0, vec![F(61.0)]),
        hand("a4 starts constant", A4, vec![F(5.0)], 15.0, vec![F(3.0)]),
        // Newton for the square root: 1/(2 sqrt x)
        hand("k3 newton square root", K3, vec![F(2.0)], 2f64.sqrt(), vec![F(0.5 / 2f64.sqrt())]),
        hand("c2 invariant factor", C2, vec![V(vec![1.0, 2.0, 3.0]), F(0.0)], 6.0, vec![V(vec![1.0; 3]), F(6.0)]),
        // sum of sin(3i + 1), i < 3
        hand("c3 nothing to save", C3, vec![F(2.0)], 2.0 * C3_SUM.sin_sum(), vec![F(C3_SUM.sin_sum())]),
        hand("v1 broadcast", V1, vec![V(vec![1.0, 2.0, 3.0]), F(4.0)], 24.0, vec![V(vec![4.0; 3]), F(6.0)]),
        hand("v2 neighbours", V2, vec![V(vec![1.0, 2.0, 3.0, 4.0])], 20.0, vec![V(vec![2.0, 4.0, 6.0, 3.0])]),
        hand(
            "v3 gather",
            V3,
            vec![V(vec![1.0, 2.0, 3.0, 4.0]), V(vec![5.0, 6.0, 7.0]), Is(vec![0, 0, 2, 0])],
            5.0 + 10.0 + 21.0 + 20.0,
            vec![V(vec![5.0, 5.0, 7.0, 5.0]), V(vec![7.0, 0.0, 3.0])],
        ),
        hand("v4 recurrence", V4, vec![F(0.5), V(vec![1.0, 2.0, 4.0])], 5.25, vec![F(3.0), V(vec![0.25, 0.5, 1.0])]),
        hand("loop backwards, by threes", REV, vec![F(2.0)], 2.0f64.powi(4) * 7.0, vec![F(4.0 * 8.0 * 7.0)]),
        // s starts at x; each trip s*s while s < 10, in a condition that writes: 3 -> 9 -> 81, and c = 3 + 9 + 81
        hand("condition writes", WHILE_COND, vec![F(3.0)], 81.0 + 93.0, vec![F(108.0 + 1.0 + 6.0 + 108.0)]),
    ]
}

/// What C3 sums.
#[derive(Clone, Copy)]
struct C3Sum;
const C3_SUM: C3Sum = C3Sum;
impl C3Sum {
    fn sin_sum(self) -> f64 {
        1f64.sin() + 4f64.sin() + 7f64.sin()
    }
}

const T1: &str = "
func @f(v0: f64, v1: f64, v2: i64) -> f64 {
  v3, v4 = for v5 in 0..v2 (v6: f64 = v0, v7: f64 = v1) {
    v8 = add v6, v7
    yield v7, v8
  }
  return v3
}";

const T2: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v3, v4 = for v5 in 0..3 (v6: f64 = v0, v7: f64 = v1) {
    v8 = mul v6, v7
    yield v8, v6
  }
  return v3
}";

const T3: &str = "
func @f(v0: f64, v1: i64) -> f64 {
  v2 = const 1.0
  v3 = for v4 in 0..v1 (v5: f64 = v2) {
    v6 = mul v5, v0
    yield v6
  }
  return v3
}";

const T5: &str = "
func @f(v0: f64) -> f64 {
  v1 = const false
  v2, v3 = while (v4: f64 = v0, v5: bool = v1) {
    v6 = const 10.0
    v7 = cmp lt v4, v6
    v8 = not v5
    v9 = and v7, v8
    yield v9
  } do (v10, v11) {
    v12 = mul v10, v10
    v13 = const 5.0
    v14 = cmp gt v12, v13
    v15 = if v14 {
      v16 = add v12, v0
      yield v16
    } else {
      v17 = const 1.0
      v18 = add v12, v17
      yield v18
    }
    yield v15, v14
  }
  return v2
}";

const T6: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..4 (v4: f64 = v1) {
    v5 = const 2
    v6 = irem v3, v5
    v7 = const 0
    v8 = cmp eq v6, v7
    v9 = if v8 {
      yield v4
    } else {
      v10 = mul v4, v0
      v11 = add v10, v0
      yield v11
    }
    yield v9
  }
  return v2
}";

const T7: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 1.0
  v2 = const false
  v3 = const 0.0
  v4 = const 0
  v5, v6, v7, v8 = while (v10: i64 = v4, v11: bool = v2, v12: f64 = v1, v13: f64 = v3) {
    v14 = const 5
    v15 = cmp lt v10, v14
    v16 = not v11
    v17 = and v15, v16
    yield v17
  } do (v20, v21, v22, v23) {
    v24 = mul v22, v0
    v25 = const 10.0
    v26 = cmp gt v24, v25
    v27, v28 = if v26 {
      v29 = mul v24, v0
      v30 = const true
      yield v30, v29
    } else {
      yield v21, v23
    }
    v31 = const 1
    v32 = iadd v20, v31
    yield v32, v27, v24, v28
  }
  v40 = if v6 {
    yield v8
  } else {
    v41 = const 7.0
    v42 = mul v41, v0
    v43 = add v7, v42
    yield v43
  }
  return v40
}";

const T8: &str = "
func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..4 (v5: f64 = v2) {
    v6 = for v7 in 0..v4 (v8: f64 = v5) {
      v9 = mul v8, v0
      v10 = load v1[v7]
      v11 = add v9, v10
      yield v11
    }
    yield v6
  }
  return v3
}";

const T17: &str = "
func @f(v0: f64) -> f64 {
  v2 = for v3 in 0..4 (v4: f64 = v0) {
    v5 = const 2
    v6 = irem v3, v5
    v7 = const 0
    v8 = cmp eq v6, v7
    v9 = if v8 {
      v10 = mul v4, v4
      yield v10
    } else {
      v11 = add v4, v0
      yield v11
    }
    yield v9
  }
  return v2
}";

const A4: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..3 (v4: f64 = v1) {
    v5 = add v4, v0
    yield v5
  }
  return v2
}";

const K3: &str = "
func @f(v0: f64) -> f64 {
  v1 = while (v2: f64 = v0) {
    v3 = mul v2, v2
    v4 = sub v3, v0
    v5 = abs v4
    v6 = const 1e-13
    v7 = cmp gt v5, v6
    yield v7
  } do (v8) {
    v9 = div v0, v8
    v10 = add v8, v9
    v11 = const 0.5
    v12 = mul v10, v11
    yield v12
  }
  return v1
}";

const C2: &str = "
func @f(v0: [f64; d0], v1: f64) -> f64 {
  v2 = exp v1
  v3 = const 0.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = mul v7, v2
    v9 = add v6, v8
    yield v9
  }
  return v4
}";

const C3: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..3 (v4: f64 = v1) {
    v5 = const 3
    v6 = imul v5, v3
    v7 = const 1
    v8 = iadd v6, v7
    v9 = itof v8
    v10 = sin v9
    v11 = mul v10, v0
    v12 = add v4, v11
    yield v12
  }
  return v2
}";

const V1: &str = "
func @f(v0: [f64; d0], v1: f64) -> f64 {
  v3 = const 0.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = mul v7, v1
    v9 = add v6, v8
    yield v9
  }
  return v4
}";

const V2: &str = "
func @f(v0: [f64; d0]) -> f64 {
  v3 = const 0.0
  v4 = for v5 in 1..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = const 1
    v9 = isub v5, v8
    v10 = load v0[v9]
    v11 = mul v7, v10
    v12 = add v6, v11
    yield v12
  }
  return v4
}";

const V3: &str = "
func @f(v0: [f64; d0], v1: [f64; d1], v2: [i64; d0]) -> f64 {
  v3 = const 0.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = load v2[v5]
    v9 = load v1[v8]
    v10 = mul v7, v9
    v11 = add v6, v10
    yield v11
  }
  return v4
}";

const V4: &str = "
func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v3 = const 0.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = mul v6, v0
    v8 = load v1[v5]
    v9 = add v7, v8
    yield v9
  }
  return v4
}";

const REV: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 1.0
  v2 = for rev v3 in 10..0 step -3 (v4: f64 = v1) {
    v5 = mul v4, v0
    v6 = const 7
    v7 = cmp eq v3, v6
    v8 = if v7 {
      v9 = itof v3
      v10 = mul v5, v9
      yield v10
    } else {
      yield v5
    }
    yield v8
  }
  return v2
}";

const WHILE_COND: &str = "
func @f(v0: f64) -> f64 {
  v1 = alloc [f64; 1]
  v2 = while (v3: f64 = v0) {
    acc v1[0], v3
    v4 = const 10.0
    v5 = cmp lt v3, v4
    yield v5
  } do (v6) {
    v7 = mul v6, v6
    yield v7
  }
  v8 = load v1[0]
  v9 = add v2, v8
  return v9
}";
