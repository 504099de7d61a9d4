//! Tiny programs whose gradients are known by hand.
//!
//! In: nothing. Out: [`ALL`]: each program's text, arguments, result and gradient. The arithmetic behind each expected number stands beside it. Every float parameter
//! is active; arrays are read-only unless they say `Mut`.

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    F(f64),
    I(i64),
    /// An array passed by value.
    V(Vec<f64>),
    /// A `mut` array.
    Mut(Vec<f64>),
    /// Integers passed by value.
    Is(Vec<i64>),
    /// An array of these extents, passed by value.
    Matrix([i64; 2], Vec<f64>),
}

/// A program, a point, and what must come out. The gradient is that of the first result (seeds of other results and of `mut` arrays are zero), one
/// entry per active parameter: `F` or `V`.
pub struct Hand {
    pub name: &'static str,
    pub text: &'static str,
    pub args: Vec<Arg>,
    pub value: f64,
    pub gradient: Vec<Arg>,
}

use Arg::{F, I, Is, Matrix, Mut, V};

fn hand(name: &'static str, text: &'static str, args: Vec<Arg>, value: f64, gradient: Vec<Arg>) -> Hand {
    Hand { name, text, args, value, gradient }
}

/// Every program.
pub fn all() -> Vec<Hand> {
    let mut all = straight_line();
    all.extend(loops());
    all.extend(memory());
    all.extend(data());
    all
}

fn straight_line() -> Vec<Hand> {
    let (sin2, cos2) = 2f64.sin_cos();
    vec![
        // d = (y + cos x, x)
        hand("f1 product and sine", F1, vec![F(2.0), F(3.0)], 6.0 + sin2, vec![F(3.0 + cos2), F(2.0)]),
        // 2x + cos(x) along the way: three uses of one value
        hand(
            "h2 square and sine of product",
            H2,
            vec![F(1.0), F(2.0)],
            2.0 + sin2,
            vec![F(4.0 + 2.0 * cos2), F(1.0 + cos2)],
        ),
        hand("c1 shared kernel", C1, vec![F(0.0)], 1f64.sin(), vec![F(2.0 * 1f64.cos())]),
        // x * trunc(x): the integer part is a constant
        hand("a2 through an integer", A2, vec![F(2.5)], 5.0, vec![F(2.0)]),
        hand("a1 constant side, taken", A1, vec![F(2.0)], 2.0, vec![F(1.0)]),
        hand("a1 constant side, not taken", A1, vec![F(-2.0)], 0.0, vec![F(0.0)]),
        hand("a1 constant side, at the kink", A1, vec![F(0.0)], 0.0, vec![F(1.0)]),
        // select c, sqrt x, 0 at 0: the side not taken has an infinite partial
        hand("select hides an infinity", SELECT, vec![F(0.0)], 0.0, vec![F(0.0)]),
        hand("select takes its side", SELECT, vec![F(4.0)], 2.0, vec![F(0.25)]),
        hand("a result that is a parameter", IDENTITY, vec![F(4.0)], 4.0, vec![F(1.0)]),
        hand("a result twice", TWICE, vec![F(4.0)], 8.0, vec![F(2.0)]),
    ]
}

fn loops() -> Vec<Hand> {
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

fn memory() -> Vec<Hand> {
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
        hand(
            "scratch under a condition",
            SCRATCH,
            vec![V(vec![1.0, 2.0, 3.0])],
            1.0 + 1.0 + 9.0,
            vec![V(vec![4.0, 0.0, 6.0])],
        ),
    ]
}

fn data() -> Vec<Hand> {
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

const F1: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = mul v0, v1
  v3 = sin v0
  v4 = add v2, v3
  return v4
}";

const H2: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = const 2
  v3 = powi v0, v2
  v4 = mul v3, v1
  v5 = mul v0, v1
  v6 = sin v5
  v7 = add v4, v6
  return v7
}";

const C1: &str = "
func @f(v0: f64) -> f64 {
  v1 = exp v0
  v2 = mul v1, v1
  v3 = sin v2
  return v3
}";

const A2: &str = "
func @f(v0: f64) -> f64 {
  v1 = ftoi v0
  v2 = itof v1
  v3 = mul v0, v2
  return v3
}";

const A1: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = cmp ge v0, v1
  v3 = if v2 {
    yield v0
  } else {
    yield v1
  }
  return v3
}";

const SELECT: &str = "
func @f(v0: f64) -> f64 {
  v1 = const 0.0
  v2 = cmp gt v0, v1
  v3 = sqrt v0
  v4 = select v2, v3, v1
  return v4
}";

const IDENTITY: &str = "
func @f(v0: f64) -> f64 {
  return v0
}";

const TWICE: &str = "
func @f(v0: f64) -> f64 {
  v1 = add v0, v0
  return v1
}";

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

/// Indices 10, 7, 4, 1 by a negative step, run backwards; only 7 multiplies by itself.
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

/// Pushes x, 2x, 4x and multiplies what comes back: 8 x^3.
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

/// A scratch cell outside the loop, written only in even iterations: x0^2 + x0^2 + x2^2.
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
