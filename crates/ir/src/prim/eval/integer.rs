//! Integers, which wrap, and truth values. A zero divisor or a negative exponent never arrives: it gives 0 here.

pub extern "C" fn iadd(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

pub extern "C" fn isub(a: i64, b: i64) -> i64 {
    a.wrapping_sub(b)
}

pub extern "C" fn imul(a: i64, b: i64) -> i64 {
    a.wrapping_mul(b)
}

pub extern "C" fn idiv(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}

pub extern "C" fn irem(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_rem(b) }
}

pub extern "C" fn ineg(a: i64) -> i64 {
    a.wrapping_neg()
}

/// By squaring; at most 63 rounds.
pub extern "C" fn ipow(base: i64, exponent: i64) -> i64 {
    if exponent < 0 {
        return 0;
    }
    let (mut square, mut rest, mut power) = (base, exponent, 1_i64);
    while rest > 0 {
        if rest & 1 == 1 {
            power = power.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest >>= 1;
    }
    power
}

pub extern "C" fn iabs(a: i64) -> i64 {
    a.wrapping_abs()
}

pub extern "C" fn isign(a: i64) -> i64 {
    a.signum()
}

pub extern "C" fn imin(a: i64, b: i64) -> i64 {
    a.min(b)
}

pub extern "C" fn imax(a: i64, b: i64) -> i64 {
    a.max(b)
}

pub extern "C" fn and(a: bool, b: bool) -> bool {
    a & b
}

pub extern "C" fn or(a: bool, b: bool) -> bool {
    a | b
}

pub extern "C" fn not(a: bool) -> bool {
    !a
}
