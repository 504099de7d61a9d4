//! The error function and its relatives.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};

pub extern "C" fn erf(x: f64) -> f64 {
    libm::erf(x)
}

pub extern "C" fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// exp(−x²), the rounding error of the square put back.
pub extern "C" fn gauss(x: f64) -> f64 {
    let square = x * x;
    if square > 750.0 {
        return 0.0;
    }
    let e = (-square).exp();
    e - e * x.mul_add(x, -square)
}

/// The inverse of erf: a first guess good to three digits, then Halley's iteration on erf, or beyond ½ on erfc, where 1 − |x| is exact.
pub extern "C" fn erfinv(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 {
        return x / FRAC_2_SQRT_PI;
    }
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { f64::INFINITY.copysign(x) } else { f64::NAN };
    }
    let mut w = first_guess(a);
    for _ in 0..3 {
        let excess = if a < 0.5 { libm::erf(w) - a } else { (1.0 - a) - libm::erfc(w) };
        let newton = excess / (FRAC_2_SQRT_PI * gauss(w));
        w -= newton / w.mul_add(newton, 1.0);
    }
    w.copysign(x)
}

/// From erf(w)² ≈ 1 − exp(−w² (4/π + c w²) / (1 + c w²)), c = 0.147 (Winitzki), solved for w.
fn first_guess(a: f64) -> f64 {
    const C: f64 = 0.147;
    let l = if a < 0.5 { (-a * a).ln_1p() } else { ((1.0 - a) * (1.0 + a)).max(LN_2 * 1e-320).ln() };
    let half = FRAC_2_SQRT_PI * FRAC_2_SQRT_PI / (2.0 * C) + 0.5 * l;
    let root = (half * half - l / C).sqrt();
    // root − half, without the cancellation for small l
    ((-l / C) / (root + half)).sqrt()
}
