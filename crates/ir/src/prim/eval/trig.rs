//! Circular and hyperbolic functions.

pub extern "C" fn sin(x: f64) -> f64 {
    x.sin()
}

pub extern "C" fn cos(x: f64) -> f64 {
    x.cos()
}

pub extern "C" fn tan(x: f64) -> f64 {
    x.tan()
}

pub extern "C" fn asin(x: f64) -> f64 {
    x.asin()
}

pub extern "C" fn acos(x: f64) -> f64 {
    x.acos()
}

pub extern "C" fn atan(x: f64) -> f64 {
    x.atan()
}

pub extern "C" fn atan2(y: f64, x: f64) -> f64 {
    y.atan2(x)
}

pub extern "C" fn sinh(x: f64) -> f64 {
    x.sinh()
}

pub extern "C" fn cosh(x: f64) -> f64 {
    x.cosh()
}

pub extern "C" fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// 1 / cosh x, also where cosh x is no float.
pub extern "C" fn sech(x: f64) -> f64 {
    if x.abs() > 40.0 { 2.0 * (-x.abs()).exp() } else { 1.0 / x.cosh() }
}

pub extern "C" fn asinh(x: f64) -> f64 {
    libm::asinh(x)
}

pub extern "C" fn acosh(x: f64) -> f64 {
    libm::acosh(x)
}

pub extern "C" fn atanh(x: f64) -> f64 {
    libm::atanh(x)
}
