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

/// The inverse of erfc: of erf where 1 − x is exact; below ½ Newton's iteration on log erfc, which is nearly a parabola however small x is.
pub extern "C" fn erfcinv(x: f64) -> f64 {
    if !(x > 0.0 && x < 2.0) {
        return if x == 0.0 {
            f64::INFINITY
        } else if x == 2.0 {
            f64::NEG_INFINITY
        } else {
            f64::NAN
        };
    }
    if x >= 0.5 {
        return if x > 1.5 { -erfcinv(2.0 - x) } else { erfinv(1.0 - x) };
    }
    // At the largest guess erfc is still a number above 0.
    let mut w = guess_from_log((x * (2.0 - x)).max(f64::from_bits(1)).ln()).min(27.0);
    for _ in 0..5 {
        let tail = libm::erfc(w);
        let distance = ((tail - x) / x).ln_1p();
        w += distance * tail / (FRAC_2_SQRT_PI * gauss(w));
    }
    w
}

/// From erf(w)² ≈ 1 − exp(−w² (4/π + c w²) / (1 + c w²)), c = 0.147 (Winitzki), solved for w.
fn first_guess(a: f64) -> f64 {
    guess_from_log(if a < 0.5 { (-a * a).ln_1p() } else { ((1.0 - a) * (1.0 + a)).max(LN_2 * 1e-320).ln() })
}

/// The same of l = log(1 − a²).
fn guess_from_log(l: f64) -> f64 {
    const C: f64 = 0.147;
    let half = FRAC_2_SQRT_PI * FRAC_2_SQRT_PI / (2.0 * C) + 0.5 * l;
    let root = (half * half - l / C).sqrt();
    // root − half, without the cancellation for small l
    ((-l / C) / (root + half)).sqrt()
}
