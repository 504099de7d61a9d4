//! Roots and powers.

use super::columns::{Algebra, Code, Complex, Eval, INF, Kink, NAN, Native, Row, Signature, complex, eval, f, i};
use super::{floats, pairs, partials};

pub static sqrt: Row = Row {
    name: "sqrt",
    source: Some("sqrt"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sqrt),
    guard: None,
    complex: Complex::F1(complex::sqrt),
    partials: partials![div(0.5, r)],
    code: Code::Native(Native::FSqrt),
    cost: 5,
    algebra: Algebra::NONE,
    about: "Square root.",
    points: floats![0.25, 2.0, 1e-300, 1e300, 5e-324, INF],
    kinks: &[Kink { at: &[f(0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static cbrt: Row = Row {
    name: "cbrt",
    source: Some("cbrt"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::cbrt),
    guard: None,
    complex: Complex::F1(complex::cbrt),
    partials: partials![div(div({ 1.0 / 3.0 }, r), r)],
    code: Code::Call,
    cost: 30,
    algebra: Algebra::NONE,
    about: "Cube root, of negative numbers too.",
    points: floats![0.125, -0.125, 8.0, 2.0, -1e300, 1e-300],
    kinks: &[
        Kink { at: &[f(0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(-0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};

pub static hypot: Row = Row {
    name: "hypot",
    source: Some("hypot"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::hypot),
    guard: None,
    complex: Complex::F2(complex::hypot),
    partials: partials![unit(x, y); unit(y, x)],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "sqrt(x * x + y * y) without overflow.",
    points: pairs![(3.0, 4.0), (-1e-200, 1e-200), (1e200, -1e200), (1.0, 1e-6), (1e-6, 1.0), (0.0, 2.0), (-2.0, 0.0)],
    kinks: &[Kink { at: &[f(0.0), f(0.0)], partials: &[0.0, 0.0], note: "the mean over all directions" }],
};

pub static unit: Row = Row {
    name: "unit",
    source: None,
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::unit),
    guard: None,
    complex: Complex::F2(complex::unit),
    partials: partials![smul(unit(y, x), div(unit(y, x), select(Eq; hypot(x, y), 0.0, { INF }, hypot(x, y)))); neg(smul(r, div(unit(y, x), select(Eq; hypot(x, y), 0.0, { INF }, hypot(x, y)))))],
    code: Code::Call,
    cost: 20,
    algebra: Algebra::NONE,
    about: "x / hypot(x, y), the cosine of a direction; 0 at the origin. It serves partials of `hypot` and `atan2`.",
    points: pairs![(3.0, 4.0), (-1e-200, 1e-200), (1e200, -1e200), (1.0, 1e-6), (1e-6, 1.0), (0.0, 2.0), (-2.0, 0.0)],
    kinks: &[Kink { at: &[f(0.0), f(0.0)], partials: &[0.0, 0.0], note: "the mean over all directions" }],
};

pub static pow: Row = Row {
    name: "pow",
    source: Some("^"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::pow),
    guard: None,
    complex: Complex::F2(complex::pow),
    partials: partials![smul(y, pow(x, select(Eq; y, 0.0, select(Eq; x, 0.0, 0.0, sub(y, 1.0)), sub(y, 1.0)))); powlog(x, y, [1])],
    code: Code::Call,
    cost: 25,
    algebra: Algebra { right_identity: Some(f(1.0)), ..Algebra::NONE },
    about: "x to the power y.",
    points: pairs![
        (2.0, 3.0),
        (0.5, -1.5),
        (1.1, 100.0),
        (3.0, 0.0),
        (10.0, 300.0),
        (1e-300, 0.5),
        (0.7, 1e-20),
        (1.0, 5.0)
    ],
    kinks: &[
        Kink {
            at: &[f(0.0), f(2.0)],
            partials: &[0.0, 0.0],
            note: "exact for integer exponents; 0 to a positive power stays 0",
        },
        Kink {
            at: &[f(0.0), f(1.0)],
            partials: &[1.0, 0.0],
            note: "exact for integer exponents; 0 to a positive power stays 0",
        },
        Kink {
            at: &[f(0.0), f(0.5)],
            partials: &[INF, 0.0],
            note: "infinite slope; a zero tangent or cotangent gives 0",
        },
        Kink { at: &[f(0.0), f(0.0)], partials: &[0.0, -INF], note: "the constant 1 in x; a step down from 1 in y" },
        Kink {
            at: &[f(-2.0), f(3.0)],
            partials: &[12.0, NAN],
            note: "no derivative by the exponent of a negative base",
        },
    ],
};

pub static powi: Row = Row {
    name: "powi",
    source: Some("^"),
    parameters: &["x", "n"],
    signature: Signature::FI,
    eval: Eval::FI(eval::powi),
    guard: None,
    complex: Complex::FI(complex::powi),
    partials: partials![smul(itof(y), powi(x, isub(y, iabs(isign(y))))); not_float],
    code: Code::Native(Native::FPowi),
    cost: 6,
    algebra: Algebra { right_identity: Some(i(1)), ..Algebra::NONE },
    about: "x to an integer power: by multiplication for 0 to 4, by division for -1, else by `pow`.",
    points: &[
        &[f(2.0), i(3)],
        &[f(-2.0), i(3)],
        &[f(-0.5), i(-3)],
        &[f(1.1), i(100)],
        &[f(3.0), i(0)],
        &[f(3.0), i(1)],
        &[f(3.0), i(-1)],
        &[f(-7.0), i(2)],
        &[f(1.5), i(4)],
        &[f(0.0), i(2)],
        &[f(0.0), i(1)],
        &[f(0.0), i(5)],
    ],
    kinks: &[
        Kink { at: &[f(0.0), i(0)], partials: &[0.0, 0.0], note: "x to the power 0 is the constant 1" },
        Kink {
            at: &[f(0.0), i(-1)],
            partials: &[-INF, 0.0],
            note: "infinite slope at a pole; a zero tangent or cotangent gives 0",
        },
    ],
};

pub static powlog: Row = Row {
    name: "powlog",
    source: None,
    parameters: &["x", "p", "k"],
    signature: Signature::FFI,
    eval: Eval::FFI(eval::powlog),
    guard: None,
    complex: Complex::FFI(complex::powlog),
    partials: partials![add(smul(y, powlog(x, sub(y, 1.0), z)), smul(itof(z), powlog(x, sub(y, 1.0), isub(z, [1])))); powlog(x, y, iadd(z, [1])); not_float],
    code: Code::Call,
    cost: 35,
    algebra: Algebra::NONE,
    about: "x to the power p times the k-th power of log x; 0 at x = 0 for positive p. It is the k-th derivative of `pow` by its exponent.",
    points: &[
        &[f(2.0), f(3.0), i(1)],
        &[f(0.5), f(-1.5), i(2)],
        &[f(1.1), f(10.0), i(1)],
        &[f(3.0), f(0.0), i(1)],
        &[f(0.3), f(2.5), i(3)],
    ],
    kinks: &[
        Kink { at: &[f(0.0), f(2.0), i(1)], partials: &[0.0, 0.0, 0.0], note: "limits from the right" },
        Kink { at: &[f(0.0), f(1.0), i(1)], partials: &[-INF, 0.0, 0.0], note: "limits from the right" },
    ],
};
