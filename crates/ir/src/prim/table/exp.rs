//! Exponentials, logarithms, and the functions that keep them from overflowing and cancelling.

use super::columns::{Algebra, Code, Complex, Eval, INF, Kink, Row, Signature, complex, eval, f};
use super::{floats, pairs, partials};
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

pub static exp: Row = Row {
    name: "exp",
    source: Some("exp"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::exp),
    guard: None,
    complex: Complex::F1(complex::exp),
    partials: partials![r],
    code: Code::Call,
    cost: 8,
    algebra: Algebra::NONE,
    about: "e to the power x.",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 700.0, -700.0],
    kinks: &[],
};

pub static exp2: Row = Row {
    name: "exp2",
    source: Some("exp2"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::exp2),
    guard: None,
    complex: Complex::F1(complex::exp2),
    partials: partials![mul(r, { LN_2 })],
    code: Code::Call,
    cost: 8,
    algebra: Algebra::NONE,
    about: "2 to the power x.",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 1000.0, -1000.0],
    kinks: &[],
};

pub static expm1: Row = Row {
    name: "expm1",
    source: Some("expm1"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::expm1),
    guard: None,
    complex: Complex::F1(complex::expm1),
    partials: partials![exp(x)],
    code: Code::Call,
    cost: 14,
    algebra: Algebra::NONE,
    about: "exp(x) - 1 without cancellation.",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 700.0, -700.0],
    kinks: &[],
};

pub static log: Row = Row {
    name: "log",
    source: Some("log"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::log),
    guard: None,
    complex: Complex::F1(complex::log),
    partials: partials![div(1.0, x)],
    code: Code::Call,
    cost: 8,
    algebra: Algebra::NONE,
    about: "Natural logarithm.",
    points: floats![0.5, 2.0, 1.0, 1e-300, 1e300, 1.0000001, 5e-324],
    kinks: &[Kink { at: &[f(0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static log2: Row = Row {
    name: "log2",
    source: Some("log2"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::log2),
    guard: None,
    complex: Complex::F1(complex::log2),
    partials: partials![div({ LOG2_E }, x)],
    code: Code::Call,
    cost: 8,
    algebra: Algebra::NONE,
    about: "Logarithm to base 2.",
    points: floats![0.5, 2.0, 1.0, 1e-300, 1e300, 1.0000001],
    kinks: &[Kink { at: &[f(0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static log10: Row = Row {
    name: "log10",
    source: Some("log10"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::log10),
    guard: None,
    complex: Complex::F1(complex::log10),
    partials: partials![div({ LOG10_E }, x)],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Logarithm to base 10.",
    points: floats![0.5, 2.0, 1.0, 1e-300, 1e300, 1.0000001],
    kinks: &[Kink { at: &[f(0.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static log1p: Row = Row {
    name: "log1p",
    source: Some("log1p"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::log1p),
    guard: None,
    complex: Complex::F1(complex::log1p),
    partials: partials![div(1.0, add(1.0, x))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "log(1 + x) without cancellation.",
    points: floats![0.0, 0.5, -0.5, 1e-10, -1e-10, 1e300, -0.999999],
    kinks: &[Kink { at: &[f(-1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static sigmoid: Row = Row {
    name: "sigmoid",
    source: Some("sigmoid"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sigmoid),
    guard: None,
    complex: Complex::F1(complex::sigmoid),
    partials: partials![mul(r, sigmoid(neg(x)))],
    code: Code::Call,
    cost: 15,
    algebra: Algebra::NONE,
    about: "1 / (1 + exp(-x)).",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 40.0, 800.0, -800.0, -700.0, INF, -INF],
    kinks: &[],
};

pub static softplus: Row = Row {
    name: "softplus",
    source: Some("softplus"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::softplus),
    guard: None,
    complex: Complex::F1(complex::softplus),
    partials: partials![sigmoid(x)],
    code: Code::Call,
    cost: 20,
    algebra: Algebra::NONE,
    about: "log(1 + exp(x)) without overflow.",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 40.0, -40.0, 1000.0, -1000.0, INF, -INF],
    kinks: &[],
};

pub static log1pexp: Row = Row {
    name: "log1pexp",
    source: Some("log1pexp"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::softplus),
    guard: None,
    complex: Complex::F1(complex::softplus),
    partials: partials![sigmoid(x)],
    code: Code::Call,
    cost: 20,
    algebra: Algebra::NONE,
    about: "log(1 + exp(x)) without overflow. The same function as `softplus`.",
    points: floats![0.0, 0.5, -0.5, 1.0, -3.0, 1e-10, -1e-10, 20.0, -30.0, 40.0, -40.0, 1000.0, -1000.0, INF, -INF],
    kinks: &[],
};

pub static log1mexp: Row = Row {
    name: "log1mexp",
    source: Some("log1mexp"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::log1mexp),
    guard: None,
    complex: Complex::F1(complex::log1mexp),
    partials: partials![neg(div(exp(x), abs(expm1(x))))],
    code: Code::Call,
    cost: 20,
    algebra: Algebra::NONE,
    about: "log(1 - exp(x)), for negative x.",
    points: floats![-0.5, -0.69, -0.7, -1e-10, -3.0, -40.0, -1000.0, -INF],
    kinks: &[Kink { at: &[f(0.0)], partials: &[-INF], note: "infinite slope; a zero tangent or cotangent gives 0" }],
};

pub static logaddexp: Row = Row {
    name: "logaddexp",
    source: Some("logaddexp"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::logaddexp),
    guard: None,
    complex: Complex::F2(complex::logaddexp),
    partials: partials![logshare(x, y); logshare(y, x)],
    code: Code::Call,
    cost: 22,
    algebra: Algebra { commutative: true, ..Algebra::NONE },
    about: "log(exp(x) + exp(y)) without overflow.",
    points: pairs![
        (0.0, 0.0),
        (1000.0, 1000.0),
        (-1000.0, -1000.0),
        (1000.0, -1000.0),
        (1.0, 2.5),
        (-3.0, 40.0),
        (1.0, -INF)
    ],
    kinks: &[
        Kink { at: &[f(-INF), f(-INF)], partials: &[0.0, 0.0], note: "the sum is 0 and stays 0" },
        Kink { at: &[f(INF), f(INF)], partials: &[0.5, 0.5], note: "one half to each side of a tie" },
    ],
};

pub static logshare: Row = Row {
    name: "logshare",
    source: None,
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::logshare),
    guard: None,
    complex: Complex::F2(complex::logshare),
    partials: partials![mul(r, logshare(y, x)); neg(mul(r, logshare(y, x)))],
    code: Code::Call,
    cost: 18,
    algebra: Algebra::NONE,
    about: "exp(x) / (exp(x) + exp(y)), the share of x in the sum. It serves partials of `logaddexp`.",
    points: pairs![
        (0.0, 0.0),
        (1000.0, 1000.0),
        (1000.0, -1000.0),
        (-1000.0, 1000.0),
        (1.0, 2.5),
        (-3.0, 40.0),
        (1.0, -INF)
    ],
    kinks: &[Kink { at: &[f(-INF), f(-INF)], partials: &[0.0, 0.0], note: "the sum is 0 and stays 0" }],
};

pub static xlogy: Row = Row {
    name: "xlogy",
    source: Some("xlogy"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::xlogy),
    guard: None,
    complex: Complex::F2(complex::xlogy),
    partials: partials![select(Eq; add(abs(x), abs(y)), 0.0, 0.0, log(y)); select(Eq; add(abs(x), abs(y)), 0.0, 0.0, div(x, y))],
    code: Code::Call,
    cost: 10,
    algebra: Algebra::NONE,
    about: "x * log(y), 0 where x is 0.",
    points: pairs![(2.0, 3.0), (-1.5, 0.25), (0.0, 2.0), (1e-300, 1e-300), (3.0, 1.0)],
    kinks: &[
        Kink { at: &[f(0.0), f(0.0)], partials: &[0.0, 0.0], note: "0 where both operands vanish, as the value is" },
        Kink {
            at: &[f(0.5), f(0.0)],
            partials: &[-INF, INF],
            note: "infinite slope; a zero tangent or cotangent gives 0",
        },
    ],
};

pub static xlog1py: Row = Row {
    name: "xlog1py",
    source: Some("xlog1py"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::xlog1py),
    guard: None,
    complex: Complex::F2(complex::xlog1py),
    partials: partials![select(Eq; add(abs(x), abs(add(1.0, y))), 0.0, 0.0, log1p(y)); select(Eq; add(abs(x), abs(add(1.0, y))), 0.0, 0.0, div(x, add(1.0, y)))],
    code: Code::Call,
    cost: 14,
    algebra: Algebra::NONE,
    about: "x * log(1 + y), 0 where x is 0.",
    points: pairs![(2.0, 3.0), (-1.5, -0.25), (0.0, 2.0), (0.0, 0.0), (1e-300, 1e-300), (3.0, 1e-10)],
    kinks: &[
        Kink { at: &[f(0.0), f(-1.0)], partials: &[0.0, 0.0], note: "0 where both operands vanish, as the value is" },
        Kink {
            at: &[f(0.5), f(-1.0)],
            partials: &[-INF, INF],
            note: "infinite slope; a zero tangent or cotangent gives 0",
        },
    ],
};
