//! Arithmetic and choice.

use super::{C, c};

/// A conversion between floats: what it rounds is decided by the type of the result.
pub fn same(x: C) -> C {
    x
}

pub fn add(x: C, y: C) -> C {
    x + y
}

pub fn sub(x: C, y: C) -> C {
    x - y
}

/// An imaginary part that is exactly zero stays zero beside an infinite real part: the strong zero of the language.
pub fn mul(x: C, y: C) -> C {
    c(x.re * y.re - strong(x.im, y.im), strong(x.im, y.re) + strong(y.im, x.re))
}

/// By Smith's method, which squares nothing and so neither over- nor underflows.
pub fn div(x: C, y: C) -> C {
    if y.im == 0.0 {
        return c(x.re / y.re, strong(x.im, 1.0 / y.re));
    }
    if y.re.abs() >= y.im.abs() {
        let ratio = y.im / y.re;
        let denominator = y.re + y.im * ratio;
        c((x.re + x.im * ratio) / denominator, (x.im - x.re * ratio) / denominator)
    } else {
        let ratio = y.re / y.im;
        let denominator = y.re * ratio + y.im;
        c((x.re * ratio + x.im) / denominator, (x.im * ratio - x.re) / denominator)
    }
}

/// x − n y with the integer n of the real parts.
pub fn rem(x: C, y: C) -> C {
    let n = ((x.re - x.re % y.re) / y.re).round();
    c(x.re % y.re, x.im - strong(y.im, n))
}

pub fn neg(x: C) -> C {
    -x
}

/// The real part with one rounding, as its purpose is.
pub fn fma(x: C, y: C, z: C) -> C {
    c(x.re.mul_add(y.re, z.re) - strong(x.im, y.im), mul(x, y).im + z.im)
}

/// The strong zero looks at each part of w: at w = 0 the product is still linear in the imaginary part of w.
pub fn smul(w: C, p: C) -> C {
    c(strong(w.re, p.re), strong(w.im, p.re) + strong(p.im, w.re))
}

pub fn abs(x: C) -> C {
    if x.re < 0.0 { -x } else { x }
}

pub fn min(x: C, y: C) -> C {
    if x.re <= y.re || x.re.is_nan() { x } else { y }
}

pub fn max(x: C, y: C) -> C {
    if x.re >= y.re || x.re.is_nan() { x } else { y }
}

pub fn relu(x: C) -> C {
    if x.re <= 0.0 { c(0.0, 0.0) } else { x }
}

/// 0 where w = 0, else w p.
fn strong(w: f64, p: f64) -> f64 {
    if w == 0.0 { 0.0 } else { w * p }
}
