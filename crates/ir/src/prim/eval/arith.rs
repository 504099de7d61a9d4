//! Arithmetic, choice and rounding of floats. Each doc comment of [`Native`](crate::prim::Native) states the same meaning for machine instructions.

pub extern "C" fn add(x: f64, y: f64) -> f64 {
    x + y
}

pub extern "C" fn sub(x: f64, y: f64) -> f64 {
    x - y
}

pub extern "C" fn mul(x: f64, y: f64) -> f64 {
    x * y
}

pub extern "C" fn div(x: f64, y: f64) -> f64 {
    x / y
}

pub extern "C" fn rem(x: f64, y: f64) -> f64 {
    x % y
}

pub extern "C" fn neg(x: f64) -> f64 {
    -x
}

pub extern "C" fn fma(x: f64, y: f64, z: f64) -> f64 {
    x.mul_add(y, z)
}

/// Widening would round twice.
pub extern "C" fn fma32(x: f32, y: f32, z: f32) -> f32 {
    x.mul_add(y, z)
}

/// The strong zero: keeps the sign of a zero, so that 1 is an identity on both sides.
pub extern "C" fn smul(w: f64, p: f64) -> f64 {
    if w == 0.0 { w } else { w * p }
}

pub extern "C" fn abs(x: f64) -> f64 {
    x.abs()
}

pub extern "C" fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}

pub extern "C" fn min(x: f64, y: f64) -> f64 {
    if x < y || (x == y && x.is_sign_negative()) {
        x
    } else if y <= x {
        y
    } else {
        x + y
    }
}

pub extern "C" fn max(x: f64, y: f64) -> f64 {
    if x > y || (x == y && x.is_sign_positive()) {
        x
    } else if y >= x {
        y
    } else {
        x + y
    }
}

pub extern "C" fn relu(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

pub extern "C" fn stopgrad(x: f64) -> f64 {
    x
}

pub extern "C" fn floor(x: f64) -> f64 {
    x.floor()
}

pub extern "C" fn ceil(x: f64) -> f64 {
    x.ceil()
}

pub extern "C" fn round(x: f64) -> f64 {
    x.round()
}

pub extern "C" fn trunc(x: f64) -> f64 {
    x.trunc()
}

pub extern "C" fn itof(n: i64) -> f64 {
    n as f64
}

pub extern "C" fn itos(n: i64) -> f32 {
    n as f32
}

pub extern "C" fn widen(x: f32) -> f64 {
    x.into()
}

pub extern "C" fn narrow(x: f64) -> f32 {
    x as f32
}

/// Towards zero; the guard has excluded NaN and what is out of range.
pub extern "C" fn ftoi(x: f64) -> i64 {
    x as i64
}
