//! Roots and powers.

pub extern "C" fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

pub extern "C" fn cbrt(x: f64) -> f64 {
    x.cbrt()
}

pub extern "C" fn hypot(x: f64, y: f64) -> f64 {
    x.hypot(y)
}

/// x / hypot(x, y): the cosine of the direction of (x, y). 0 at the origin; limits along the axes and the diagonal where operands are infinite.
pub extern "C" fn unit(x: f64, y: f64) -> f64 {
    let r = x.hypot(y);
    if r == 0.0 {
        0.0
    } else if r.is_infinite() && x.abs() <= f64::MAX && y.abs() <= f64::MAX {
        unit(x * 0.5, y * 0.5)
    } else if r.is_infinite() {
        let flat = |v: f64| {
            if v.is_infinite() { 1_f64.copysign(v) } else { v * 0.0 }
        };
        unit(flat(x), flat(y))
    } else {
        x / r
    }
}

pub extern "C" fn pow(x: f64, y: f64) -> f64 {
    x.powf(y)
}

/// Exponents 0 to 4 by multiplication, −1 by division, others by `pow`, of the magnitude: the sign is that of the parity of `n` even beyond 2⁵³.
pub extern "C" fn powi(x: f64, n: i64) -> f64 {
    match n {
        0 => 1.0,
        1 => x,
        2 => x * x,
        3 => x * x * x,
        4 => (x * x) * (x * x),
        -1 => 1.0 / x,
        _ => {
            let magnitude = x.abs().powf(n as f64);
            if x.is_sign_negative() && n & 1 == 1 { -magnitude } else { magnitude }
        }
    }
}

/// xᵖ (log x)ᵏ, with the strong zero: 0 at x = 0 for p > 0. Derivatives of `pow` by its exponent, of every order.
pub extern "C" fn powlog(x: f64, p: f64, k: i64) -> f64 {
    super::smul(pow(x, p), powi(x.ln(), k))
}
