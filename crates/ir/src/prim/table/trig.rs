//! Circular and hyperbolic functions.

use super::columns::{Algebra, Code, Complex, Eval, INF, Kink, Row, Signature, complex, eval, f};
use super::{floats, pairs, partials};
use std::f64::consts::FRAC_PI_2;

pub static sin: Row = Row {
    name: "sin",
    source: Some("sin"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sin),
    guard: None,
    complex: Complex::F1(complex::sin),
    partials: partials![cos(x)],
    code: Code::Call,
    cost: 14,
    algebra: Algebra::NONE,
    about: "Sine of an angle in radians.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.5, -3.0, 10.0, 1e5],
    kinks: &[],
};

pub static cos: Row = Row {
    name: "cos",
    source: Some("cos"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::cos),
    guard: None,
    complex: Complex::F1(complex::cos),
    partials: partials![neg(sin(x))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Cosine of an angle in radians.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.5, -3.0, 10.0, 1e5],
    kinks: &[],
};

pub static tan: Row = Row {
    name: "tan",
    source: Some("tan"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::tan),
    guard: None,
    complex: Complex::F1(complex::tan),
    partials: partials![add(1.0, mul(r, r))],
    code: Code::Call,
    cost: 18,
    algebra: Algebra::NONE,
    about: "Tangent of an angle in radians.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.5, -3.0, 10.0, 1e5, FRAC_PI_2],
    kinks: &[],
};

pub static asin: Row = Row {
    name: "asin",
    source: Some("asin"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::asin),
    guard: None,
    complex: Complex::F1(complex::asin),
    partials: partials![div(1.0, sqrt(fma(neg(x), x, 1.0)))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Arc sine, between -pi/2 and pi/2.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 0.999999, -0.999999],
    kinks: &[
        Kink { at: &[f(1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(-1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};

pub static acos: Row = Row {
    name: "acos",
    source: Some("acos"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::acos),
    guard: None,
    complex: Complex::F1(complex::acos),
    partials: partials![neg(div(1.0, sqrt(fma(neg(x), x, 1.0))))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Arc cosine, between 0 and pi.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 0.999999, -0.999999],
    kinks: &[
        Kink { at: &[f(1.0)], partials: &[-INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(-1.0)], partials: &[-INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};

pub static atan: Row = Row {
    name: "atan",
    source: Some("atan"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::atan),
    guard: None,
    complex: Complex::F1(complex::atan),
    partials: partials![div(1.0, add(1.0, mul(x, x)))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Arc tangent, between -pi/2 and pi/2.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -1e10, 1e200],
    kinks: &[],
};

pub static atan2: Row = Row {
    name: "atan2",
    source: Some("atan2"),
    parameters: &["y", "x"],
    signature: Signature::F2,
    eval: Eval::F2(eval::atan2),
    guard: None,
    complex: Complex::F2(complex::atan2),
    partials: partials![smul(unit(y, x), div(1.0, select(Eq; hypot(x, y), 0.0, { INF }, hypot(x, y)))); neg(smul(unit(x, y), div(1.0, select(Eq; hypot(x, y), 0.0, { INF }, hypot(x, y)))))],
    code: Code::Call,
    cost: 20,
    algebra: Algebra::NONE,
    about: "The angle of the point with abscissa x and ordinate y, between -pi and pi.",
    points: pairs![
        (0.5, 2.0),
        (2.0, 0.5),
        (1.0, -3.0),
        (-1.0, -3.0),
        (-5.0, -3.0),
        (1e-200, 1e-200),
        (-1e-200, 1e200),
        (1e200, 1e200),
        (0.0, 1.0),
        (1.0, 0.0),
        (-1.0, 0.0)
    ],
    kinks: &[Kink { at: &[f(0.0), f(0.0)], partials: &[0.0, 0.0], note: "the mean over all directions" }],
};

pub static sinh: Row = Row {
    name: "sinh",
    source: Some("sinh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sinh),
    guard: None,
    complex: Complex::F1(complex::sinh),
    partials: partials![cosh(x)],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "Hyperbolic sine.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -20.0, 700.0, -700.0],
    kinks: &[],
};

pub static cosh: Row = Row {
    name: "cosh",
    source: Some("cosh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::cosh),
    guard: None,
    complex: Complex::F1(complex::cosh),
    partials: partials![sinh(x)],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "Hyperbolic cosine.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -20.0, 700.0, -700.0],
    kinks: &[],
};

pub static tanh: Row = Row {
    name: "tanh",
    source: Some("tanh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::tanh),
    guard: None,
    complex: Complex::F1(complex::tanh),
    partials: partials![mul(sech(x), sech(x))],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "Hyperbolic tangent.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -20.0, 30.0, -30.0, 300.0, 800.0, -800.0, INF, -INF],
    kinks: &[],
};

pub static sech: Row = Row {
    name: "sech",
    source: None,
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sech),
    guard: None,
    complex: Complex::F1(complex::sech),
    partials: partials![neg(mul(r, tanh(x)))],
    code: Code::Call,
    cost: 16,
    algebra: Algebra::NONE,
    about: "1 / cosh(x). It serves the partial of `tanh`.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -20.0, 30.0, -30.0, 300.0, 800.0, -800.0, INF, -INF],
    kinks: &[],
};

pub static asinh: Row = Row {
    name: "asinh",
    source: Some("asinh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::asinh),
    guard: None,
    complex: Complex::F1(complex::asinh),
    partials: partials![div(1.0, hypot(1.0, x))],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "Inverse of the hyperbolic sine.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 3.0, -20.0, 1e10, -1e10, 1e200],
    kinks: &[],
};

pub static acosh: Row = Row {
    name: "acosh",
    source: Some("acosh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::acosh),
    guard: None,
    complex: Complex::F1(complex::acosh),
    partials: partials![div(1.0, mul(sqrt(sub(x, 1.0)), sqrt(add(x, 1.0))))],
    code: Code::Call,
    cost: 25,
    algebra: Algebra::NONE,
    about: "Inverse of the hyperbolic cosine, for x at least 1.",
    points: floats![1.5, 1.000001, 3.0, 20.0, 1e10, 1e200],
    kinks: &[Kink { at: &[f(1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static atanh: Row = Row {
    name: "atanh",
    source: Some("atanh"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::atanh),
    guard: None,
    complex: Complex::F1(complex::atanh),
    partials: partials![div(1.0, fma(neg(x), x, 1.0))],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "Inverse of the hyperbolic tangent, between -1 and 1.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 0.999999, -0.999999],
    kinks: &[
        Kink { at: &[f(1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(-1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};
