//! Exponential, logarithm, roots and powers: what the other continuations are made of.

use super::{C, c, div, mul};
use std::f64::consts::{LN_2, LN_10};

const ONE: C = c(1.0, 0.0);

/// Scales both parts; an imaginary part of zero stays zero.
fn scale(z: C, s: f64) -> C {
    c(z.re * s, if z.im == 0.0 { 0.0 } else { z.im * s })
}

pub fn exp(z: C) -> C {
    scale(c(z.im.cos(), z.im.sin()), z.re.exp())
}

pub fn exp2(z: C) -> C {
    let angle = z.im * LN_2;
    scale(c(angle.cos(), angle.sin()), z.re.exp2())
}

/// cos b − 1 is −2 sin² b/2.
pub fn expm1(z: C) -> C {
    let half = (0.5 * z.im).sin();
    let (e, em1) = (z.re.exp(), z.re.exp_m1());
    c(em1 * z.im.cos() - 2.0 * half * half, if z.im == 0.0 { 0.0 } else { e * z.im.sin() })
}

pub fn log(z: C) -> C {
    let (large, small) = if z.re.abs() >= z.im.abs() { (z.re.abs(), z.im) } else { (z.im.abs(), z.re) };
    let ratio = if large == 0.0 { 0.0 } else { small / large };
    c(large.ln() + 0.5 * (ratio * ratio).ln_1p(), z.im.atan2(z.re))
}

/// log |1 + z| is half of log(1 + (2a + a² + b²)).
pub fn log1p(z: C) -> C {
    if z.re.abs() > 0.5 {
        return log(ONE + z);
    }
    c(0.5 * (z.re * (2.0 + z.re) + z.im * z.im).ln_1p(), z.im.atan2(1.0 + z.re))
}

pub fn log2(z: C) -> C {
    let l = log(z);
    c(l.re / LN_2, l.im / LN_2)
}

pub fn log10(z: C) -> C {
    let l = log(z);
    c(l.re / LN_10, l.im / LN_10)
}

/// The branch with a positive real part.
pub fn sqrt(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return c(0.0, 0.0);
    }
    let t = (2.0 * (z.re.abs() + z.re.hypot(z.im))).sqrt();
    if z.re >= 0.0 { c(t / 2.0, z.im / t) } else { c(z.im.abs() / t, (t / 2.0).copysign(z.im)) }
}

/// The real branch: (1 + ib/a)^(1/3) times the real root of a.
pub fn cbrt(z: C) -> C {
    let l = log(c(1.0, z.im / z.re));
    scale(exp(c(l.re / 3.0, l.im / 3.0)), z.re.cbrt())
}

/// a^(p.re) · exp(p (log x − log a) + i p.im log a), a the real part of x: no logarithm multiplies the error of the real power, and a
/// negative a may have an integer power.
pub fn pow(x: C, p: C) -> C {
    if x.re == 0.0 {
        return power_at_zero(x, p);
    }
    let turn = log(c(1.0, x.im / x.re));
    let by_exponent = if p.im == 0.0 { 0.0 } else { p.im * x.re.ln() };
    let exponent = mul(p, turn) + c(0.0, by_exponent);
    scale(exp(exponent), x.re.powf(p.re))
}

fn power_at_zero(x: C, p: C) -> C {
    if p.re == 0.0 {
        ONE
    } else if p.re == 1.0 {
        x
    } else {
        c(x.re.powf(p.re), 0.0)
    }
}

/// By multiplication for small exponents.
pub fn powi(x: C, n: i64) -> C {
    match n {
        0 => ONE,
        1 => x,
        2 => mul(x, x),
        3 => mul(mul(x, x), x),
        4 => mul(mul(x, x), mul(x, x)),
        -1 => div(ONE, x),
        _ => pow(x, c(n as f64, 0.0)),
    }
}

pub fn powlog(x: C, p: C, k: i64) -> C {
    if x.re == 0.0 && p.re > 0.0 {
        return c(0.0, 0.0);
    }
    mul(pow(x, p), powi(log(x), k))
}

/// √(x² + y²) by the formula, scaled by the larger real part.
pub fn hypot(x: C, y: C) -> C {
    let scale = x.re.abs().max(y.re.abs());
    let (u, v) = (c(x.re / scale, x.im / scale), c(y.re / scale, y.im / scale));
    let r = sqrt(mul(u, u) + mul(v, v));
    c(r.re * scale, r.im * scale)
}

/// ±1 / √(1 + (y/x)²), or ±(x/y) / √(1 + (x/y)²), whichever squares a ratio below 1.
pub fn unit(x: C, y: C) -> C {
    if x.re.abs() > y.re.abs() {
        let ratio = div(y, x);
        div(c(1_f64.copysign(x.re), 0.0), sqrt(ONE + mul(ratio, ratio)))
    } else {
        let ratio = div(x, y);
        div(ratio * 1_f64.copysign(y.re), sqrt(ONE + mul(ratio, ratio)))
    }
}
