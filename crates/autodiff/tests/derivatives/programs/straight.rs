//! Programs without loops and arrays.

use super::Arg::F;
use super::{Hand, hand};

/// The programs of this file.
pub fn programs() -> Vec<Hand> {
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
