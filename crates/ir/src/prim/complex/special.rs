//! The error function and the gamma function: series and functional equations in complex numbers.

use super::{C, c, cos, div, exp, log, mul, sin};
use crate::prim::eval::{self, BERNOULLI_OVER_FACTORIAL, BERNOULLI_OVER_INDEX};
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

const ONE: C = c(1.0, 0.0);

/// 0 where it is below all floats.
pub fn gauss(z: C) -> C {
    if z.re.abs() > 40.0 {
        return c(0.0, 0.0);
    }
    exp(-mul(z, z))
}

pub fn erf(z: C) -> C {
    if z.re.abs() < 1.0 {
        erf_series(z)
    } else if z.re > 0.0 {
        ONE - erfc_integral(z)
    } else {
        erfc_integral(-z) - ONE
    }
}

pub fn erfc(z: C) -> C {
    if z.re.abs() < 1.0 {
        ONE - erf_series(z)
    } else if z.re > 0.0 {
        erfc_integral(z)
    } else {
        c(2.0, 0.0) - erfc_integral(-z)
    }
}

/// 2/√π Σ (−1)ⁿ z²ⁿ⁺¹ / n! (2n + 1), for |Re z| < 1.
fn erf_series(z: C) -> C {
    let square = mul(z, z);
    let (mut power, mut sum) = (z, z);
    for n in 1..25 {
        power = -mul(power, square) / f64::from(n);
        sum += power / f64::from(2 * n + 1);
    }
    sum * FRAC_2_SQRT_PI
}

/// erfc(z) = (z e^(−z²) / π) ∫ e^(−t²) / (z² + t²) dt by the trapezoidal rule of step ½, whose error is that of the poles ±iz, known in closed
/// form, and e^(−π²/h²) ≈ 10⁻¹⁷ (Hunter and Regan 1972). For Re z ≥ 1.
fn erfc_integral(z: C) -> C {
    const STEP: f64 = 0.5;
    let square = mul(z, z);
    let mut sum = div(ONE, square);
    for n in 1..15 {
        let t = STEP * f64::from(n);
        sum += div(c(2.0 * (-t * t).exp(), 0.0), square + c(t * t, 0.0));
    }
    let integral = mul(mul(z, exp(-square)), sum) * (STEP / PI);
    if z.re >= PI / STEP {
        return integral;
    }
    integral + div(c(2.0, 0.0), ONE - exp(z * (2.0 * PI / STEP)))
}

/// Newton's iteration on the complex erf (on erfc beyond ½), from the real value. Its fixed point depends on erf alone.
pub fn erfinv(z: C) -> C {
    if z.re < 0.0 {
        return -erfinv(-z);
    }
    let mut w = c(eval::erfinv(z.re), 0.0);
    for _ in 0..4 {
        let excess = if z.re < 0.5 { erf(w) - z } else { (ONE - z) - erfc(w) };
        w -= excess * ((w.re * w.re).exp() / FRAC_2_SQRT_PI);
    }
    w
}

/// Likewise on erfc, below ½ by the logarithm, in which the step is what it is relative to z.
pub fn erfcinv(z: C) -> C {
    if z.re >= 0.5 {
        return if z.re > 1.5 { -erfcinv(c(2.0, 0.0) - z) } else { erfinv(ONE - z) };
    }
    let mut w = c(eval::erfcinv(z.re), 0.0);
    for _ in 0..4 {
        let tail = erfc(w);
        w += mul(div(tail, gauss(w)), log(div(tail, z))) / FRAC_2_SQRT_PI;
    }
    w
}

/// Stirling's series after a shift beyond 15; reflection on the left. The sign of Γ is dropped, as in log |Γ|.
pub fn lgamma(z: C) -> C {
    if z.re < 0.5 {
        let s = sin(from_pole(z) * PI);
        return c(PI.ln(), 0.0) - log(positive(s)) - lgamma(ONE - z);
    }
    let (mut w, mut shift) = (z, c(0.0, 0.0));
    while w.re < 15.0 {
        shift += log(w);
        w += ONE;
    }
    let inverse = div(ONE, w);
    let square = mul(inverse, inverse);
    let mut power = inverse;
    let mut series = c(0.5 * (2.0 * PI).ln(), 0.0);
    for (k, b) in BERNOULLI_OVER_INDEX.iter().enumerate() {
        series += power * (b / (2 * k + 1) as f64);
        power = mul(power, square);
    }
    mul(w - c(0.5, 0.0), log(w)) - w + series - shift
}

/// The asymptotic series after a shift beyond 15; reflection on the left.
pub fn digamma(z: C) -> C {
    if z.re <= 0.0 {
        let angle = from_pole(z) * PI;
        return digamma(ONE - z) - div(cos(angle), sin(angle)) * PI;
    }
    let (mut w, mut shift) = (z, c(0.0, 0.0));
    while w.re < 15.0 {
        shift += div(ONE, w);
        w += ONE;
    }
    let inverse = div(ONE, w);
    let square = mul(inverse, inverse);
    let mut power = square;
    let mut series = inverse * 0.5;
    for b in BERNOULLI_OVER_INDEX {
        series += power * b;
        power = mul(power, square);
    }
    log(w) - series - shift
}

/// Terms of the sum, then the asymptotic series; on the left the reflection at z and at its fractional part, as in the real evaluation.
pub fn polygamma(n: i64, z: C) -> C {
    if n <= 0 {
        return if n == 0 { digamma(z) } else { c(f64::NAN, f64::NAN) };
    }
    let sign = if n & 1 == 1 { 1.0 } else { -1.0 };
    if z.re > 0.0 {
        return zeta_like(n, z) * sign;
    }
    let d = from_pole(z);
    let (r, rest) = if d.re > 0.0 { (d, ONE - d) } else { (ONE + d, -d) };
    zeta_like(n, r) * sign + (zeta_like(n, rest) - zeta_like(n, ONE - z))
}

/// n! Σ 1 / (z + k)ⁿ⁺¹ for Re z > 0.
fn zeta_like(n: i64, z: C) -> C {
    let (mut w, mut sum) = (z, c(0.0, 0.0));
    while w.re < n as f64 + 15.0 {
        let term = power_term(n, w);
        sum += term;
        if term.re <= sum.re * 1e-18 {
            return sum;
        }
        w += ONE;
    }
    let m = n as f64;
    let inverse = div(ONE, w);
    let mut rising = ONE;
    let mut series = ONE + inverse * (0.5 * m);
    for (k, b) in BERNOULLI_OVER_FACTORIAL.iter().enumerate() {
        let i = 2.0 * k as f64;
        rising = mul(mul(rising, inverse * (m + i)), inverse * (m + i + 1.0));
        series += rising * *b;
    }
    sum + mul(mul(power_term(n, w), w) / m, series)
}

/// n! / wⁿ⁺¹.
fn power_term(n: i64, w: C) -> C {
    let inverse = div(ONE, w);
    if n > 170 {
        return exp(c(libm::lgamma(n as f64 + 1.0), 0.0) - log(w) * (n as f64 + 1.0));
    }
    (1..=n).fold(inverse, |product, j| mul(product, inverse * j as f64))
}

/// z less the integer next to its real part.
fn from_pole(z: C) -> C {
    c(z.re - z.re.round(), z.im)
}

fn positive(z: C) -> C {
    if z.re < 0.0 { -z } else { z }
}
