//! Calls that stay calls: recursion, direct and mutual, with scalars and arrays.

use super::Arg::{F, I, V};
use super::{Hand, hand};

pub fn programs() -> Vec<Hand> {
    vec![
        // x^0 · x^1 · x^2 · x^3 = x^6: 1.5^6 and 6 · 1.5^5.
        hand("a power by recursion in a loop", POWERS, vec![F(1.5)], 11.390625, vec![F(45.5625)]),
        // x · x^2 = x^3 … n = 4: x^5.
        hand("two calls of itself", FIBONACCI, vec![F(2.0), I(4)], 32.0, vec![F(80.0)]),
        // n = 2: y (2x)^2, then y (1 · 4x^2)^2: y (4 x^2 + 16 x^4); y (8 x + 64 x^3), 4 x^2 + 16 x^4.
        hand("records around a call", SQUARES, vec![F(0.5), F(3.0), I(2)], 6.0, vec![F(36.0), F(2.0)]),
        // even: x · odd, odd: y · even; n = 3: x y x = x^2 y.
        hand("each calls the other", MUTUAL, vec![F(2.0), F(5.0), I(3)], 20.0, vec![F(20.0), F(4.0)]),
        // Σ x_k^2 over an array that is passed twice.
        hand("an array passed twice", TWICE, vec![V(vec![1.0, 2.0])], 5.0, vec![V(vec![2.0, 4.0])]),
        // The array becomes x_0, x_0 x_1, x_0 x_1 x_2: the last is 24, its gradient 12, 8, 6.
        hand(
            "an array that each level changes",
            PREFIX,
            vec![V(vec![2.0, 3.0, 4.0])],
            24.0,
            vec![V(vec![12.0, 8.0, 6.0])],
        ),
    ]
}

pub const POWERS: &str = "
func @main(v0: f64) -> f64 {
  v1 = const 1.0
  v2 = for v3 in 0..4 (v4: f64 = v1) {
    v5 = call @pow(v0, v3)
    v6 = mul v4, v5
    yield v6
  }
  return v2
}

func @pow(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp eq v1, v2
  v4 = if v3 {
    v5 = const 1.0
    yield v5
  } else {
    v6 = const 1
    v7 = isub v1, v6
    v8 = call @pow(v0, v7)
    v9 = mul v0, v8
    yield v9
  }
  return v4
}
";

pub const FIBONACCI: &str = "
func @fib(v0: f64, v1: i64) -> f64 {
  v2 = const 2
  v3 = cmp lt v1, v2
  v4 = if v3 {
    yield v0
  } else {
    v5 = const 1
    v6 = isub v1, v5
    v7 = isub v1, v2
    v8 = call @fib(v0, v6)
    v9 = call @fib(v0, v7)
    v10 = mul v8, v9
    yield v10
  }
  return v4
}
";

const SQUARES: &str = "
func @f(v0: f64, v1: f64, v2: i64) -> f64 {
  v3 = const 0
  v4 = cmp eq v2, v3
  v5 = if v4 {
    v6 = const 0.0
    yield v6
  } else {
    v7 = itof v2
    v8 = mul v0, v7
    v9 = mul v8, v8
    v10 = mul v9, v1
    v11 = const 1
    v12 = isub v2, v11
    v13 = call @f(v9, v1, v12)
    v14 = add v10, v13
    yield v14
  }
  return v5
}
";

const MUTUAL: &str = "
func @even(v0: f64, v1: f64, v2: i64) -> f64 {
  v3 = const 0
  v4 = cmp eq v2, v3
  v5 = if v4 {
    v6 = const 1.0
    yield v6
  } else {
    v7 = const 1
    v8 = isub v2, v7
    v9 = call @odd(v0, v1, v8)
    v10 = mul v0, v9
    yield v10
  }
  return v5
}

func @odd(v0: f64, v1: f64, v2: i64) -> f64 {
  v3 = const 0
  v4 = cmp eq v2, v3
  v5 = if v4 {
    v6 = const 1.0
    yield v6
  } else {
    v7 = const 1
    v8 = isub v2, v7
    v9 = call @even(v0, v1, v8)
    v10 = mul v9, v1
    yield v10
  }
  return v5
}
";

const TWICE: &str = "
func @main(v0: [f64; d0]) -> f64 {
  v1 = call @dot(v0, v0)
  return v1
}

func @dot(v0: [f64; d0], v1: [f64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = load v1[v4]
    v8 = mul v6, v7
    v9 = add v5, v8
    yield v9
  }
  return v3
}
";

const PREFIX: &str = "
func @main(v0: [f64; d0]) -> f64 {
  v1 = alloc [f64; d0]
  copy v1, v0
  v2 = const 1
  call @step(v1, v2)
  v3 = isub d0, v2
  v4 = load v1[v3]
  return v4
}

func @step(v0: mut [f64; d0], v1: i64) {
  v2 = cmp lt v1, d0
  if v2 {
    v3 = const 1
    v4 = isub v1, v3
    v5 = load v0[v4]
    v6 = load v0[v1]
    v7 = mul v5, v6
    store v0[v1], v7
    v8 = iadd v1, v3
    call @step(v0, v8)
  }
}
";
