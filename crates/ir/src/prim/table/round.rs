//! Rounding, conversion between floats and integers, and what users declare constant. Nothing here has a derivative.

use super::columns::{Algebra, Code, Complex, Condition, Eval, Guard, Kink, Native, PrimTrap, Row, Signature, eval, f};
use super::{floats, integers, partials};

pub static floor: Row = Row {
    name: "floor",
    source: Some("floor"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::floor),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Native(Native::FFloor),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "The largest integer that is not above x.",
    points: floats![0.2, -0.2, 1.7, -1.7, 1e15, 1e300],
    kinks: &[Kink { at: &[f(2.0)], partials: &[0.0], note: "a step counts as flat" }],
};

pub static ceil: Row = Row {
    name: "ceil",
    source: Some("ceil"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::ceil),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Native(Native::FCeil),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "The smallest integer that is not below x.",
    points: floats![0.2, -0.2, 1.7, -1.7, 1e15, 1e300],
    kinks: &[Kink { at: &[f(2.0)], partials: &[0.0], note: "a step counts as flat" }],
};

pub static round: Row = Row {
    name: "round",
    source: Some("round"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::round),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Call,
    cost: 4,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "The nearest integer; a tie goes away from zero.",
    points: floats![0.2, -0.2, 1.7, -1.7, 1e15, 1e300],
    kinks: &[Kink { at: &[f(2.5)], partials: &[0.0], note: "a step counts as flat" }],
};

pub static trunc: Row = Row {
    name: "trunc",
    source: Some("trunc"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::trunc),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Native(Native::FTrunc),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "The integer part, towards zero.",
    points: floats![0.2, -0.2, 1.7, -1.7, 1e15, 1e300],
    kinks: &[Kink { at: &[f(2.0)], partials: &[0.0], note: "a step counts as flat" }],
};

pub static stopgrad: Row = Row {
    name: "stopgrad",
    source: Some("stop_gradient"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::stopgrad),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Native(Native::FSame),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "x itself; a constant for every derivative, outer ones too.",
    points: floats![0.0, 0.2, -0.2, 1.7, -1e15, 1e300],
    kinks: &[Kink { at: &[f(2.0)], partials: &[0.0], note: "a constant by decree" }],
};

pub static itof: Row = Row {
    name: "itof",
    source: Some("f64"),
    parameters: &["n"],
    signature: Signature::ITOF,
    eval: Eval::IToF(eval::itof),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::IToF),
    cost: 1,
    algebra: Algebra::NONE,
    about: "The float nearest to an integer, ties to even.",
    points: integers![0, 1, -7, i64::MAX, i64::MIN],
    kinks: &[],
};

pub static ftoi: Row = Row {
    name: "ftoi",
    source: Some("i64"),
    parameters: &["x"],
    signature: Signature::FTOI,
    eval: Eval::FToI(eval::ftoi),
    guard: Some(Guard { operand: 0, stops_if: Condition::NotAnInteger, trap: PrimTrap::FloatToInt }),
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::FToI),
    cost: 1,
    algebra: Algebra::NONE,
    about: "The integer part of a float, as an integer. NaN and what does not fit stop the program.",
    points: floats![0.0, 2.9, -2.9, 1e18, -9223372036854775808.0],
    kinks: &[],
};
