//! The algebra of derivatives: sums and products of tangents and cotangents.
//!
//! In: values already in the function. Out: the instructions that add or multiply them, simplified where a structural zero, 1 or −1 is involved.
//! This is the only file of the crate that names primitives: a derivative is a sum of products, whatever the table holds.
//! Nothing else is simplified here: that is the optimiser's.

use adit_ir::{Builder, Prim, Value};

/// `a + b`, where `None` is a structural zero.
pub fn sum(b: &mut Builder, a: Option<Value>, x: Value) -> Value {
    match a {
        None => x,
        Some(a) => b.prim(Prim::Add, &[a, x]),
    }
}

/// What a tangent or cotangent is multiplied with.
#[derive(Clone, Copy, Debug)]
pub enum Factor {
    /// A partial that is a literal.
    Literal(f64),
    /// Any other.
    Value(Value),
}

/// `w · p` where `w = 0` wins over any `p`. `None` is a structural zero.
pub fn product(b: &mut Builder, w: Value, p: Factor) -> Option<Value> {
    match p {
        Factor::Literal(0.0) => None,
        Factor::Literal(1.0) => Some(w),
        Factor::Literal(-1.0) => Some(b.prim(Prim::Neg, &[w])),
        Factor::Literal(c) => {
            let p = b.f64(c);
            Some(b.prim(Prim::Smul, &[w, p]))
        }
        Factor::Value(p) => Some(b.prim(Prim::Smul, &[w, p])),
    }
}

/// `n + 1` for trip counts.
pub fn successor(b: &mut Builder, n: Value) -> Value {
    let one = b.i64(1);
    b.prim(Prim::Iadd, &[n, one])
}
