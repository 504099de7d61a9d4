//! log |Γ| and its derivatives ψ, ψ′, ψ″, ….
//!
//! Sources: the recurrence ψ(x) = ψ(x + 1) − 1/x, the reflection ψ(1 − x) − ψ(x) = π cot πx, the asymptotic series with Bernoulli numbers
//! (Abramowitz & Stegun 6.3, 6.4), and, for ψ on [1, 2], a Chebyshev fit of ψ(x) / (x − x₀) about the root x₀, computed to 60 digits.

use std::f64::consts::PI;

pub extern "C" fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The positive root of ψ, as the sum of two floats.
const ROOT: [f64; 2] = [1.4616321449683622, 9.549995429965697e-17];

/// ψ(x) / (x − x₀) on [1, 2], as a polynomial in t = 2x − 3, constant term first; error below 10⁻¹⁸.
const NEAR_ROOT: [f64; 24] = [
    0.9510558760318328,
    -0.21181371064073024,
    0.06013562106019684,
    -0.018550615381739702,
    0.005936795278301875,
    -0.0019350666647392832,
    0.0006368880303847901,
    -0.00021074841284590126,
    6.99501882655044e-05,
    -2.325823275895313e-05,
    7.741234441368395e-06,
    -2.578133701610713e-06,
    8.589062683365892e-07,
    -2.8621216825577647e-07,
    9.543261570760428e-08,
    -3.1807298477301726e-08,
    1.0528133851878114e-08,
    -3.509235492410718e-09,
    1.2466690231864029e-09,
    -4.1555064115551965e-10,
    8.748420037436287e-11,
    -2.9161179626023815e-11,
    2.916093601085364e-11,
    -9.720300404202244e-12,
];

/// B₂ₖ / (2k)!, k = 1, 2, ….
pub const BERNOULLI_OVER_FACTORIAL: [f64; 10] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
    43_867.0 / 5_109_094_217_170_944_000.0,
    -174_611.0 / 802_857_662_698_291_200_000.0,
];

/// B₂ₖ / 2k, k = 1, 2, …: the coefficients of ψ.
pub const BERNOULLI_OVER_INDEX: [f64; 8] =
    [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0, -3617.0 / 8160.0];

pub extern "C" fn digamma(x: f64) -> f64 {
    if x > 0.0 {
        digamma_positive(x)
    } else if x == 0.0 {
        -1.0 / x
    } else {
        let from_pole = x - x.round();
        if from_pole == 0.0 || x.is_nan() || x.is_infinite() {
            return f64::NAN;
        }
        digamma_positive(1.0 - x) - PI / (PI * from_pole).tan()
    }
}

fn digamma_positive(x: f64) -> f64 {
    if x >= 10.0 {
        return digamma_large(x);
    }
    if x < 1.0 {
        let inverse = 1.0 / x;
        let error = (-inverse).mul_add(x, 1.0) * inverse;
        return digamma_near_root(x + 1.0) - inverse - if error.is_finite() { error } else { 0.0 };
    }
    let steps = x.floor() - 1.0;
    let mut sum = 0.0;
    let mut y = x - 1.0;
    while y >= 1.0 {
        sum += 1.0 / y;
        y -= 1.0;
    }
    digamma_near_root(x - steps) + sum
}

/// For 1 ≤ x ≤ 2.
fn digamma_near_root(x: f64) -> f64 {
    let t = 2.0 * x - 3.0;
    let ratio = NEAR_ROOT.iter().rev().fold(0.0, |sum, c| sum * t + c);
    ((x - ROOT[0]) - ROOT[1]) * ratio
}

/// log x − 1/2x − Σ B₂ₖ / (2k x²ᵏ), for x ≥ 10.
fn digamma_large(x: f64) -> f64 {
    let u = 1.0 / (x * x);
    let series = BERNOULLI_OVER_INDEX.iter().rev().fold(0.0, |sum, c| (sum + c) * u);
    x.ln() - (0.5 / x + series)
}

/// ψ⁽ⁿ⁾(x), n ≥ 0. NaN for negative n; at the poles 0, −1, −2, … +∞ for odd n and NaN for even n (but at 0 the limit from the side of its sign).
pub extern "C" fn polygamma(n: i64, x: f64) -> f64 {
    if n <= 0 {
        return if n == 0 { digamma(x) } else { f64::NAN };
    }
    let sign = if n & 1 == 1 { 1.0 } else { -1.0 };
    if x > 0.0 {
        sign * zeta_like(n, x)
    } else if x == 0.0 {
        if n & 1 == 1 { f64::INFINITY } else { -1.0 / x }
    } else {
        let from_pole = x - x.round();
        if x.is_nan() || x.is_infinite() {
            return f64::NAN;
        }
        if from_pole == 0.0 {
            return if n & 1 == 1 { f64::INFINITY } else { f64::NAN };
        }
        // ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(r) ± (ψ⁽ⁿ⁾(1 − r) − ψ⁽ⁿ⁾(1 − x)), r the fractional part of x: the reflection, used at r and at x.
        let (r, rest) = if from_pole > 0.0 { (from_pole, 1.0 - from_pole) } else { (1.0 + from_pole, -from_pole) };
        sign * zeta_like(n, r) + (zeta_like(n, rest) - zeta_like(n, 1.0 - x))
    }
}

/// |ψ⁽ⁿ⁾(x)| = n! Σ 1/(x + k)ⁿ⁺¹ for x > 0, n ≥ 1: the first terms, smallest first, and the asymptotic series for the rest, which begins at n + 15. If
/// terms fall below 10⁻¹⁸ of the first one before, nothing is left for it.
fn zeta_like(n: i64, x: f64) -> f64 {
    let until_series = (n as f64 + 15.0 - x).max(0.0).ceil();
    let until_negligible = (x * (41.5 / (n as f64 + 1.0)).exp_m1()).ceil() + 1.0;
    let rest = if until_series <= until_negligible { asymptotic(n, x + until_series) } else { 0.0 };
    let count = until_series.min(until_negligible) as u32;
    (0..count).rev().fold(rest, |sum, k| sum + power_term(n, x + f64::from(k)))
}

/// n! for n ≤ 20, exactly.
fn factorial(n: i64) -> f64 {
    (1..=n).product::<i64>() as f64
}

/// n! / yⁿ⁺¹.
fn power_term(n: i64, y: f64) -> f64 {
    match n {
        1 => 1.0 / (y * y),
        2 => 2.0 / (y * y * y),
        3..=20 => factorial(n) / y.powf(n as f64 + 1.0),
        21..=170 => (1..=n).fold(1.0 / y, |product, j| product * (j as f64 / y)),
        _ => (libm::lgamma(n as f64 + 1.0) - (n as f64 + 1.0) * y.ln()).exp(),
    }
}

/// (n − 1)!/yⁿ · (1 + n/2y + Σ B₂ₖ/(2k)! n (n + 1) … (n + 2k − 1) / y²ᵏ), for y ≥ n + 15.
fn asymptotic(n: i64, y: f64) -> f64 {
    let m = n as f64;
    let mut rising = 1.0;
    let mut series = 0.5 * m / y;
    for (k, b) in BERNOULLI_OVER_FACTORIAL.iter().enumerate() {
        let i = 2.0 * k as f64;
        rising *= ((m + i) / y) * ((m + i + 1.0) / y);
        series += b * rising;
    }
    let lead = power_term(n, y) * (y / m);
    lead + lead * series
}
