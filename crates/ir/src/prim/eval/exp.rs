//! Exponentials, logarithms, and the functions that keep them from overflowing and cancelling.

use std::f64::consts::LN_2;

pub extern "C" fn exp(x: f64) -> f64 {
    x.exp()
}

pub extern "C" fn exp2(x: f64) -> f64 {
    x.exp2()
}

pub extern "C" fn expm1(x: f64) -> f64 {
    x.exp_m1()
}

pub extern "C" fn log(x: f64) -> f64 {
    x.ln()
}

pub extern "C" fn log2(x: f64) -> f64 {
    x.log2()
}

pub extern "C" fn log10(x: f64) -> f64 {
    x.log10()
}

pub extern "C" fn log1p(x: f64) -> f64 {
    x.ln_1p()
}

/// 1 / (1 + e⁻ˣ), from the side where the exponential is small.
pub extern "C" fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// log(1 + eˣ).
pub extern "C" fn softplus(x: f64) -> f64 {
    let tail = (-x.abs()).exp().ln_1p();
    if x > 0.0 { x + tail } else { tail }
}

/// log(1 − eˣ) for x ≤ 0.
pub extern "C" fn log1mexp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// log(eˣ + eʸ).
pub extern "C" fn logaddexp(x: f64, y: f64) -> f64 {
    if x == y { x + LN_2 } else { super::max(x, y) + (-(x - y).abs()).exp().ln_1p() }
}

/// eˣ / (eˣ + eʸ): the share of x in the sum. Two −∞ share nothing, two +∞ share alike. The rounding error of x − y is put back (Knuth's exact
/// difference), to first order: the sigmoid's slope is s (1 − s).
pub extern "C" fn logshare(x: f64, y: f64) -> f64 {
    if x == y && x.is_infinite() {
        if x > 0.0 { 0.5 } else { 0.0 }
    } else {
        let difference = x - y;
        let back = difference - x;
        let error = (x - (difference - back)) - (y + back);
        let s = sigmoid(difference);
        if error.is_finite() { s + s * (error * (1.0 - s)) } else { s }
    }
}

/// x log y, 0 where x is 0.
pub extern "C" fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * y.ln() }
}

/// x log(1 + y), 0 where x is 0.
pub extern "C" fn xlog1py(x: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * y.ln_1p() }
}
