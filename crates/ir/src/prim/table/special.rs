//! The error function and the gamma function.

use super::columns::{Algebra, Code, Complex, Eval, INF, Kink, NAN, Row, Signature, complex, eval, f, i};
use super::{floats, partials};
use std::f64::consts::FRAC_2_SQRT_PI;

pub static erf: Row = Row {
    name: "erf",
    source: Some("erf"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::erf),
    guard: None,
    complex: Complex::F1(complex::erf),
    partials: partials![mul({ FRAC_2_SQRT_PI }, gauss(x))],
    code: Code::Call,
    cost: 18,
    algebra: Algebra::NONE,
    about: "The error function.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.0, 1.5, -3.0, 6.0, -10.0, 20.0],
    kinks: &[],
};

pub static erfc: Row = Row {
    name: "erfc",
    source: Some("erfc"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::erfc),
    guard: None,
    complex: Complex::F1(complex::erfc),
    partials: partials![mul({ -FRAC_2_SQRT_PI }, gauss(x))],
    code: Code::Call,
    cost: 30,
    algebra: Algebra::NONE,
    about: "1 - erf(x) without cancellation.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.0, 1.5, -3.0, 6.0, -10.0, 20.0, 26.0],
    kinks: &[],
};

pub static erfinv: Row = Row {
    name: "erfinv",
    source: Some("erfinv"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::erfinv),
    guard: None,
    complex: Complex::F1(complex::erfinv),
    partials: partials![div({ 1.0 / FRAC_2_SQRT_PI }, gauss(r))],
    code: Code::Call,
    cost: 90,
    algebra: Algebra::NONE,
    about: "Inverse of the error function, between -1 and 1.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 0.1, 0.9, -0.999999, 0.49, 1e-300],
    kinks: &[
        Kink { at: &[f(1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(-1.0)], partials: &[INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};

pub static erfcinv: Row = Row {
    name: "erfcinv",
    source: Some("erfcinv"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::erfcinv),
    guard: None,
    complex: Complex::F1(complex::erfcinv),
    partials: partials![div({ -1.0 / FRAC_2_SQRT_PI }, gauss(r))],
    code: Code::Call,
    cost: 110,
    algebra: Algebra::NONE,
    about: "Inverse of the complementary error function, between 0 and 2, accurate for the smallest x.",
    points: floats![1.0, 0.5, 1.5, 0.999, 1e-10, 0.1, 1.9, 0.3, 1e-300, 1.999999],
    kinks: &[
        Kink { at: &[f(0.0)], partials: &[-INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
        Kink { at: &[f(2.0)], partials: &[-INF], note: "infinite slope; a zero tangent or cotangent gives 0" },
    ],
};

pub static gauss: Row = Row {
    name: "gauss",
    source: None,
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::gauss),
    guard: None,
    complex: Complex::F1(complex::gauss),
    partials: partials![smul(r, mul({ -2.0 }, x))],
    code: Code::Call,
    cost: 10,
    algebra: Algebra::NONE,
    about: "exp(-x * x), accurate for large x. It serves the partials of `erf` and its relatives.",
    points: floats![0.0, 0.5, -0.5, 1e-10, 1.0, 1.5, -3.0, 6.0, -10.0, 20.0, 26.0, 1e200, INF],
    kinks: &[],
};

pub static lgamma: Row = Row {
    name: "lgamma",
    source: Some("lgamma"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::lgamma),
    guard: None,
    complex: Complex::F1(complex::lgamma),
    partials: partials![digamma(x)],
    code: Code::Call,
    cost: 30,
    algebra: Algebra::NONE,
    about: "Logarithm of the absolute value of the gamma function.",
    points: floats![0.5, 1.0, 2.0, 1.4616321449683622, 3.7, 10.0, 1e-10, 1e10, -0.5, -1.3, -10.7, 171.5],
    kinks: &[],
};

pub static digamma: Row = Row {
    name: "digamma",
    source: Some("digamma"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::digamma),
    guard: None,
    complex: Complex::F1(complex::digamma),
    partials: partials![polygamma([1], x)],
    code: Code::Call,
    cost: 25,
    algebra: Algebra::NONE,
    about: "Derivative of `lgamma`.",
    points: floats![0.5, 1.0, 2.0, 1.4616321449683622, 3.7, 10.0, 1e-10, 1e10, -0.5, -1.3, -10.7, 171.5],
    kinks: &[],
};

pub static polygamma: Row = Row {
    name: "polygamma",
    source: Some("polygamma"),
    parameters: &["n", "x"],
    signature: Signature::IF,
    eval: Eval::IF(eval::polygamma),
    guard: None,
    complex: Complex::IF(complex::polygamma),
    partials: partials![not_float; polygamma(iadd(iadd(x, [1]), isign(imin(x, [0]))), y)],
    code: Code::Call,
    cost: 80,
    algebra: Algebra::NONE,
    about: "The n-th derivative of `digamma`; NaN for negative n.",
    points: &[
        &[i(0), f(0.5)],
        &[i(1), f(0.5)],
        &[i(1), f(3.7)],
        &[i(1), f(-0.5)],
        &[i(2), f(1.5)],
        &[i(2), f(-1.3)],
        &[i(3), f(0.1)],
        &[i(5), f(20.5)],
        &[i(1), f(1e10)],
        &[i(30), f(12.0)],
        &[i(200), f(300.0)],
    ],
    kinks: &[Kink { at: &[i(-1), f(0.5)], partials: &[0.0, NAN], note: "no such function, and no derivative of it" }],
};
