//! Rounding, conversion between numbers, and what users declare constant. Rounding is locally constant and what converts to or from integers has no derivative; conversion
//! between floats hands derivatives on.

use super::columns::{
    Algebra, Code, Complex, Condition, Eval, Guard, Kink, Native, PrimTrap, Row, Signature, complex, eval, f, s,
};
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

pub static itos: Row = Row {
    name: "itos",
    source: Some("f32"),
    parameters: &["n"],
    signature: Signature::ITOS,
    eval: Eval::IToS(eval::itos),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::IToS),
    cost: 1,
    algebra: Algebra::NONE,
    about: "The float of single precision nearest to an integer, ties to even.",
    points: integers![0, 1, -7, 16777217, i64::MAX, i64::MIN],
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

pub static widen: Row = Row {
    name: "widen",
    source: Some("f64"),
    parameters: &["x"],
    signature: Signature::WIDEN,
    eval: Eval::Widen(eval::widen),
    guard: None,
    complex: Complex::F1(complex::same),
    partials: partials![1.0],
    code: Code::Native(Native::FWiden),
    cost: 1,
    algebra: Algebra { unsigned: [true, false], ..Algebra::NONE },
    about: "The same number in double precision.",
    points: &[&[s(0.1)], &[s(-2.5)], &[s(-0.0)], &[s(f32::MIN_POSITIVE)], &[s(f32::MAX)]],
    kinks: &[],
};

pub static narrow: Row = Row {
    name: "narrow",
    source: Some("f32"),
    parameters: &["x"],
    signature: Signature::NARROW,
    eval: Eval::Narrow(eval::narrow),
    guard: None,
    complex: Complex::F1(complex::same),
    partials: partials![1.0],
    code: Code::Native(Native::FNarrow),
    cost: 1,
    algebra: Algebra { unsigned: [true, false], ..Algebra::NONE },
    about: "The nearest number of single precision, ties to even; infinite beyond its range. The derivative is that of the exact number.",
    points: floats![0.1, -2.5, -0.0, 1e-40, 1e30],
    kinks: &[],
};
