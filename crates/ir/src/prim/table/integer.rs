//! Integers, which wrap, and truth values.

use super::columns::{Algebra, Code, Complex, Condition, Eval, Guard, Native, PrimTrap, Row, Signature, b, eval, i};
use super::{integer_pairs, integers, partials};

pub static iadd: Row = Row {
    name: "iadd",
    source: Some("+"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::iadd),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IAdd),
    cost: 1,
    algebra: Algebra { commutative: true, left_identity: Some(i(0)), right_identity: Some(i(0)), ..Algebra::NONE },
    about: "Sum, wrapping.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static isub: Row = Row {
    name: "isub",
    source: Some("-"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::isub),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::ISub),
    cost: 1,
    algebra: Algebra { right_identity: Some(i(0)), ..Algebra::NONE },
    about: "Difference, wrapping.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static imul: Row = Row {
    name: "imul",
    source: Some("*"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::imul),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IMul),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        left_identity: Some(i(1)),
        right_identity: Some(i(1)),
        left_absorbing: Some(i(0)),
        right_absorbing: Some(i(0)),
        ..Algebra::NONE
    },
    about: "Product, wrapping.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static idiv: Row = Row {
    name: "idiv",
    source: Some("/"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::idiv),
    guard: Some(Guard { operand: 1, stops_if: Condition::Zero, trap: PrimTrap::DivisionByZero }),
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IDiv),
    cost: 8,
    algebra: Algebra { right_identity: Some(i(1)), ..Algebra::NONE },
    about: "Quotient towards zero. A zero divisor stops the program; i64::MIN / -1 wraps.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static irem: Row = Row {
    name: "irem",
    source: Some("%"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::irem),
    guard: Some(Guard { operand: 1, stops_if: Condition::Zero, trap: PrimTrap::DivisionByZero }),
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IRem),
    cost: 8,
    algebra: Algebra::NONE,
    about: "Remainder of the division towards zero, with the sign of n. A zero divisor stops the program; i64::MIN % -1 is 0.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static ineg: Row = Row {
    name: "ineg",
    source: Some("-"),
    parameters: &["n"],
    signature: Signature::I1,
    eval: Eval::I1(eval::ineg),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::INeg),
    cost: 1,
    algebra: Algebra { involution: true, ..Algebra::NONE },
    about: "The number with the other sign, wrapping.",
    points: integers![0, 7, -7, i64::MIN],
    kinks: &[],
};

pub static ipow: Row = Row {
    name: "ipow",
    source: Some("^"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::ipow),
    guard: Some(Guard { operand: 1, stops_if: Condition::Negative, trap: PrimTrap::NegativeExponent }),
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Call,
    cost: 8,
    algebra: Algebra { right_identity: Some(i(1)), ..Algebra::NONE },
    about: "n to the power m, wrapping. A negative exponent stops the program.",
    points: integer_pairs![(2, 10), (-3, 3), (0, 0), (10, 30), (-1, i64::MAX)],
    kinks: &[],
};

pub static iabs: Row = Row {
    name: "iabs",
    source: Some("abs"),
    parameters: &["n"],
    signature: Signature::I1,
    eval: Eval::I1(eval::iabs),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::IAbs),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "Absolute value, wrapping.",
    points: integers![0, 7, -7, i64::MIN],
    kinks: &[],
};

pub static isign: Row = Row {
    name: "isign",
    source: Some("sign"),
    parameters: &["n"],
    signature: Signature::I1,
    eval: Eval::I1(eval::isign),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::ISign),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "-1, 0 or 1.",
    points: integers![0, 7, -7, i64::MIN],
    kinks: &[],
};

pub static imin: Row = Row {
    name: "imin",
    source: Some("min"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::imin),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IMin),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(i(i64::MAX)),
        right_identity: Some(i(i64::MAX)),
        left_absorbing: Some(i(i64::MIN)),
        right_absorbing: Some(i(i64::MIN)),
        ..Algebra::NONE
    },
    about: "The smaller.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static imax: Row = Row {
    name: "imax",
    source: Some("max"),
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::imax),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::IMax),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(i(i64::MIN)),
        right_identity: Some(i(i64::MIN)),
        left_absorbing: Some(i(i64::MAX)),
        right_absorbing: Some(i(i64::MAX)),
        ..Algebra::NONE
    },
    about: "The larger.",
    points: integer_pairs![(7, 2), (-7, 2), (7, -2), (0, 5), (i64::MAX, 1), (i64::MIN, -1)],
    kinks: &[],
};

pub static revolve: Row = Row {
    name: "revolve",
    source: None,
    parameters: &["n", "m"],
    signature: Signature::I2,
    eval: Eval::I2(eval::revolve),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Call,
    cost: 60,
    algebra: Algebra::NONE,
    about: "How many of n steps to run before the next of m snapshots, so that reversing them all computes least again (Griewank and Walther's schedule).",
    points: integer_pairs![(10, 3), (100, 10), (5, 1), (1, 4), (0, 0), (i64::MAX, 2)],
    kinks: &[],
};

pub static and: Row = Row {
    name: "and",
    source: Some("&&"),
    parameters: &["a", "b"],
    signature: Signature::B2,
    eval: Eval::B2(eval::and),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::And),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(b(true)),
        right_identity: Some(b(true)),
        left_absorbing: Some(b(false)),
        right_absorbing: Some(b(false)),
        ..Algebra::NONE
    },
    about: "Whether both hold. Both operands are evaluated.",
    points: &[&[b(false), b(false)], &[b(false), b(true)], &[b(true), b(false)], &[b(true), b(true)]],
    kinks: &[],
};

pub static or: Row = Row {
    name: "or",
    source: Some("||"),
    parameters: &["a", "b"],
    signature: Signature::B2,
    eval: Eval::B2(eval::or),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float; not_float],
    code: Code::Native(Native::Or),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(b(false)),
        right_identity: Some(b(false)),
        left_absorbing: Some(b(true)),
        right_absorbing: Some(b(true)),
        ..Algebra::NONE
    },
    about: "Whether one holds at least. Both operands are evaluated.",
    points: &[&[b(false), b(false)], &[b(false), b(true)], &[b(true), b(false)], &[b(true), b(true)]],
    kinks: &[],
};

pub static not: Row = Row {
    name: "not",
    source: Some("!"),
    parameters: &["a"],
    signature: Signature::B1,
    eval: Eval::B1(eval::not),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![not_float],
    code: Code::Native(Native::Not),
    cost: 1,
    algebra: Algebra { involution: true, ..Algebra::NONE },
    about: "Whether it does not hold.",
    points: &[&[b(false)], &[b(true)]],
    kinks: &[],
};
