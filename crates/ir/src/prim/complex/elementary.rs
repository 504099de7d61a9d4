//! Circular and hyperbolic functions, and the exponential family that avoids overflow.

use super::{C, c, div, exp, expm1, log, log1p, mul, sqrt};
use std::f64::consts::{FRAC_PI_2, LN_2, PI};

const ONE: C = c(1.0, 0.0);

pub fn sin(z: C) -> C {
    c(z.re.sin() * z.im.cosh(), z.re.cos() * z.im.sinh())
}

pub fn cos(z: C) -> C {
    c(z.re.cos() * z.im.cosh(), -z.re.sin() * z.im.sinh())
}

pub fn tan(z: C) -> C {
    div(sin(z), cos(z))
}

/// Kahan's formulas ("Branch cuts for complex elementary functions", 1987), with one root of 1 − z and one of 1 + z.
pub fn asin(z: C) -> C {
    let (minus, plus) = (sqrt(ONE - z), sqrt(ONE + z));
    c(z.re.atan2(mul(minus, plus).re), mul(minus.conj(), plus).im.asinh())
}

pub fn acos(z: C) -> C {
    let (minus, plus) = (sqrt(ONE - z), sqrt(ONE + z));
    c(2.0 * minus.re.atan2(plus.re), mul(plus.conj(), minus).im.asinh())
}

/// Im = ¼ log(1 + 4b / (a² + (1 − b)²)).
pub fn atan(z: C) -> C {
    let from_pole = z.re * z.re + (1.0 - z.im) * (1.0 - z.im);
    c(z.re.atan(), 0.25 * (4.0 * z.im / from_pole).ln_1p())
}

/// atan(y / x), or its complement, turned into the right half.
pub fn atan2(y: C, x: C) -> C {
    if x.re.abs() >= y.re.abs() {
        let turn = if x.re >= 0.0 { 0.0 } else { PI.copysign(y.re) };
        atan(div(y, x)) + c(turn, 0.0)
    } else {
        c(FRAC_PI_2.copysign(y.re), 0.0) - atan(div(x, y))
    }
}

pub fn sinh(z: C) -> C {
    c(z.re.sinh() * z.im.cos(), z.re.cosh() * z.im.sin())
}

pub fn cosh(z: C) -> C {
    c(z.re.cosh() * z.im.cos(), z.re.sinh() * z.im.sin())
}

/// (1 − e^(−2z)) / (1 + e^(−2z)) for a positive real part.
pub fn tanh(z: C) -> C {
    if z.re < 0.0 {
        return -tanh(-z);
    }
    let e = exp(-z - z);
    div(-expm1(-z - z), ONE + e)
}

/// 1 / cosh(z), or, where that may overflow, 2 e^(−z) / (1 + e^(−2z)) for a positive real part; the function is even.
pub fn sech(z: C) -> C {
    if z.re.abs() < 1.0 {
        return div(ONE, cosh(z));
    }
    let z = if z.re < 0.0 { -z } else { z };
    let e = exp(-z);
    div(e + e, ONE + mul(e, e))
}

/// log(z + √(z² + 1)) for a positive real part.
pub fn asinh(z: C) -> C {
    if z.re < 0.0 {
        return -asinh(-z);
    }
    if z.re > 1e8 {
        return log(z) + c(LN_2, 0.0);
    }
    let square = mul(z, z);
    log1p(z + div(square, ONE + sqrt(ONE + square)))
}

/// log(z + √(z − 1) √(z + 1)).
pub fn acosh(z: C) -> C {
    if z.re > 1e8 {
        return log(z) + c(LN_2, 0.0);
    }
    log(z + mul(sqrt(z - ONE), sqrt(z + ONE)))
}

pub fn atanh(z: C) -> C {
    let (plus, minus) = (log1p(z), log1p(-z));
    c(0.5 * (plus.re - minus.re), 0.5 * (plus.im - minus.im))
}

pub fn sigmoid(z: C) -> C {
    if z.re >= 0.0 {
        div(ONE, ONE + exp(-z))
    } else {
        let e = exp(z);
        div(e, ONE + e)
    }
}

pub fn softplus(z: C) -> C {
    if z.re > 0.0 { z + log1p(exp(-z)) } else { log1p(exp(z)) }
}

pub fn log1mexp(z: C) -> C {
    if z.re > -LN_2 { log(-expm1(z)) } else { log1p(-exp(z)) }
}

pub fn logaddexp(x: C, y: C) -> C {
    let (large, small) = if x.re >= y.re { (x, y) } else { (y, x) };
    if large.re == f64::NEG_INFINITY {
        return c(large.re, 0.0);
    }
    large + log1p(exp(small - large))
}

pub fn logshare(x: C, y: C) -> C {
    if x.re == f64::NEG_INFINITY {
        return c(0.0, 0.0);
    }
    sigmoid(x - y)
}

pub fn xlogy(x: C, y: C) -> C {
    if x.re == 0.0 && y.re == 0.0 { c(0.0, 0.0) } else { mul(x, log(y)) }
}

pub fn xlog1py(x: C, y: C) -> C {
    if x.re == 0.0 && y.re == -1.0 { c(0.0, 0.0) } else { mul(x, log1p(y)) }
}
