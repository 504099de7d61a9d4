//! Arithmetic and choice on floats.

use super::super::Prim;
use super::columns::{Algebra, Code, Complex, Eval, INF, Kink, Linear, NAN, Native, Row, Signature, complex, eval, f};
use super::{floats, pairs, partials};

pub static add: Row = Row {
    name: "add",
    source: Some("+"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::add),
    guard: None,
    complex: Complex::F2(complex::add),
    partials: partials![1.0; 1.0],
    code: Code::Native(Native::FAdd),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        left_identity: Some(f(-0.0)),
        right_identity: Some(f(-0.0)),
        second_through: Some((Prim::Neg, Prim::Sub)),
        unsigned: [true, true],
        not_minus: [true, true],
        linear: Some(Linear::Sum(&[1.0, 1.0])),
        ..Algebra::NONE
    },
    about: "Sum.",
    points: pairs![
        (0.5, 2.0),
        (-3.25, 0.75),
        (1e10, -1e-10),
        (1e200, 1e100),
        (0.1, 0.3),
        (-7.0, -11.0),
        (0.0, -0.0),
        (0.0, 5.0)
    ],
    kinks: &[],
};

pub static sub: Row = Row {
    name: "sub",
    source: Some("-"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::sub),
    guard: None,
    complex: Complex::F2(complex::sub),
    partials: partials![1.0; {-1.0}],
    code: Code::Native(Native::FSub),
    cost: 1,
    algebra: Algebra {
        right_identity: Some(f(0.0)),
        second_through: Some((Prim::Neg, Prim::Add)),
        unsigned: [true, true],
        not_minus: [true, false],
        linear: Some(Linear::Sum(&[1.0, -1.0])),
        ..Algebra::NONE
    },
    about: "Difference.",
    points: pairs![
        (0.5, 2.0),
        (-3.25, 0.75),
        (1e10, -1e-10),
        (1e200, 1e100),
        (0.1, 0.3),
        (-7.0, -11.0),
        (0.0, -0.0),
        (0.0, 5.0)
    ],
    kinks: &[],
};

pub static mul: Row = Row {
    name: "mul",
    source: Some("*"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::mul),
    guard: None,
    complex: Complex::F2(complex::mul),
    partials: partials![y; x],
    code: Code::Native(Native::FMul),
    cost: 1,
    algebra: Algebra {
        commutative: true,
        left_identity: Some(f(1.0)),
        right_identity: Some(f(1.0)),
        right_negating: Some((f(-1.0), Prim::Neg)),
        odd: Some((Prim::Neg, [true, true])),
        unsigned: [true, true],
        linear: Some(Linear::Product),
        ..Algebra::NONE
    },
    about: "Product.",
    points: pairs![
        (0.5, 2.0),
        (-3.25, 0.75),
        (1e10, -1e-10),
        (1e200, 1e100),
        (0.1, 0.3),
        (-7.0, -11.0),
        (0.0, 5.0),
        (5.0, 0.0),
        (0.0, 0.0)
    ],
    kinks: &[],
};

pub static div: Row = Row {
    name: "div",
    source: Some("/"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::div),
    guard: None,
    complex: Complex::F2(complex::div),
    partials: partials![div(1.0, y); neg(div(r, y))],
    code: Code::Native(Native::FDiv),
    cost: 4,
    algebra: Algebra {
        right_identity: Some(f(1.0)),
        right_negating: Some((f(-1.0), Prim::Neg)),
        odd: Some((Prim::Neg, [true, true])),
        unsigned: [true, false],
        linear: Some(Linear::Quotient),
        ..Algebra::NONE
    },
    about: "Quotient.",
    points: pairs![
        (0.5, 2.0),
        (-3.25, 0.75),
        (1e10, -1e-10),
        (1e200, 1e100),
        (0.1, 0.3),
        (-7.0, -11.0),
        (0.0, 5.0),
        (1.0, 3.0),
        (1e-200, 1e-100)
    ],
    kinks: &[Kink {
        at: &[f(1.0), f(0.0)],
        partials: &[INF, -INF],
        note: "infinite slope at a pole; a zero tangent or cotangent gives 0",
    }],
};

pub static rem: Row = Row {
    name: "rem",
    source: Some("%"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::rem),
    guard: None,
    complex: Complex::F2(complex::rem),
    partials: partials![1.0; neg(round(div(sub(x, r), y)))],
    code: Code::Call,
    cost: 12,
    algebra: Algebra::NONE,
    about: "Remainder of the division towards zero, with the sign of x (`fmod`).",
    points: pairs![(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (0.25, 3.0), (1e10, 0.7), (5.3, 1.1), (0.0, 2.0)],
    kinks: &[Kink {
        at: &[f(6.0), f(2.0)],
        partials: &[1.0, -3.0],
        note: "at a multiple of y, the derivative of the side that the value belongs to",
    }],
};

pub static neg: Row = Row {
    name: "neg",
    source: Some("-"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::neg),
    guard: None,
    complex: Complex::F1(complex::neg),
    partials: partials![{ -1.0 }],
    code: Code::Native(Native::FNeg),
    cost: 1,
    algebra: Algebra { involution: true, unsigned: [true, false], linear: Some(Linear::Sum(&[-1.0])), ..Algebra::NONE },
    about: "The number with the other sign.",
    points: floats![0.0, -0.0, 1.5, -2.5, 1e300],
    kinks: &[],
};

pub static fma: Row = Row {
    name: "fma",
    source: Some("fma"),
    parameters: &["x", "y", "z"],
    signature: Signature::F3,
    eval: Eval::F3(eval::fma, eval::fma32),
    guard: None,
    complex: Complex::F3(complex::fma),
    partials: partials![y; x; 1.0],
    code: Code::Native(Native::FFma),
    cost: 2,
    algebra: Algebra::NONE,
    about: "x * y + z with one rounding.",
    points: &[
        &[f(1.5), f(2.5), f(-3.0)],
        &[f(1e10), f(1e-10), f(-1.0)],
        &[f(0.1), f(10.0), f(-1.0)],
        &[f(0.0), f(2.0), f(3.0)],
    ],
    kinks: &[],
};

pub static smul: Row = Row {
    name: "smul",
    source: None,
    parameters: &["w", "p"],
    signature: Signature::F2,
    eval: Eval::F2(eval::smul),
    guard: None,
    complex: Complex::F2(complex::smul),
    partials: partials![y; x],
    code: Code::Native(Native::FSmul),
    cost: 2,
    algebra: Algebra {
        left_identity: Some(f(1.0)),
        right_identity: Some(f(1.0)),
        left_absorbing: Some(f(0.0)),
        odd: Some((Prim::Neg, [true, false])),
        left_not_zero: Some(Prim::Mul),
        linear: Some(Linear::Product),
        ..Algebra::NONE
    },
    about: "The product whose zero is strong: 0 if w is 0, whatever p is, infinite and NaN included; else w * p. Tangents and cotangents meet partials in it.",
    points: pairs![(0.5, 2.0), (-3.25, 0.75), (5.0, 0.0), (0.0, 5.0), (0.0, 0.0), (1e200, 1e100)],
    kinks: &[Kink {
        at: &[f(0.0), f(INF)],
        partials: &[INF, 0.0],
        note: "the derivative is that of a product, its own products being strong again",
    }],
};

pub static abs: Row = Row {
    name: "abs",
    source: Some("abs"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::abs),
    guard: None,
    complex: Complex::F1(complex::abs),
    partials: partials![sign(x)],
    code: Code::Native(Native::FAbs),
    cost: 1,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "Absolute value.",
    points: floats![1.5, -2.5, 1e-300, -1e300],
    kinks: &[
        Kink { at: &[f(0.0)], partials: &[0.0], note: "halfway between the slopes -1 and 1" },
        Kink { at: &[f(-0.0)], partials: &[0.0], note: "halfway between the slopes -1 and 1" },
    ],
};

pub static sign: Row = Row {
    name: "sign",
    source: Some("sign"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::sign),
    guard: None,
    complex: Complex::RealPart,
    partials: partials![zero],
    code: Code::Native(Native::FSign),
    cost: 2,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "-1, 0 or 1; NaN for NaN.",
    points: floats![1.5, -2.5, 1e-300, -1e300],
    kinks: &[Kink { at: &[f(0.0)], partials: &[0.0], note: "a step counts as flat" }],
};

pub static min: Row = Row {
    name: "min",
    source: Some("min"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::min),
    guard: None,
    complex: Complex::F2(complex::min),
    partials: partials![select(Lt; x, y, 1.0, select(Eq; x, y, 0.5, select(Eq; x, x, 0.0, 1.0))); select(Lt; y, x, 1.0, select(Eq; x, y, 0.5, select(Eq; y, y, 0.0, 1.0)))],
    code: Code::Native(Native::FMin),
    cost: 2,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(f(INF)),
        right_identity: Some(f(INF)),
        ..Algebra::NONE
    },
    about: "The smaller; NaN if either is NaN; -0 is below +0.",
    points: pairs![(0.5, 2.0), (2.0, 0.5), (-1e300, 1e300), (-1.0, -2.0)],
    kinks: &[
        Kink { at: &[f(2.0), f(2.0)], partials: &[0.5, 0.5], note: "one half to each side of a tie" },
        Kink { at: &[f(0.0), f(-0.0)], partials: &[0.5, 0.5], note: "one half to each side of a tie" },
        Kink {
            at: &[f(NAN), f(1.0)],
            partials: &[1.0, 0.0],
            note: "the derivative goes where the value came from: to the NaN",
        },
        Kink {
            at: &[f(1.0), f(NAN)],
            partials: &[0.0, 1.0],
            note: "the derivative goes where the value came from: to the NaN",
        },
    ],
};

pub static max: Row = Row {
    name: "max",
    source: Some("max"),
    parameters: &["x", "y"],
    signature: Signature::F2,
    eval: Eval::F2(eval::max),
    guard: None,
    complex: Complex::F2(complex::max),
    partials: partials![select(Gt; x, y, 1.0, select(Eq; x, y, 0.5, select(Eq; x, x, 0.0, 1.0))); select(Gt; y, x, 1.0, select(Eq; x, y, 0.5, select(Eq; y, y, 0.0, 1.0)))],
    code: Code::Native(Native::FMax),
    cost: 2,
    algebra: Algebra {
        commutative: true,
        idempotent: true,
        left_identity: Some(f(-INF)),
        right_identity: Some(f(-INF)),
        ..Algebra::NONE
    },
    about: "The larger; NaN if either is NaN; -0 is below +0.",
    points: pairs![(0.5, 2.0), (2.0, 0.5), (-1e300, 1e300), (-1.0, -2.0)],
    kinks: &[
        Kink { at: &[f(2.0), f(2.0)], partials: &[0.5, 0.5], note: "one half to each side of a tie" },
        Kink { at: &[f(0.0), f(-0.0)], partials: &[0.5, 0.5], note: "one half to each side of a tie" },
        Kink {
            at: &[f(NAN), f(1.0)],
            partials: &[1.0, 0.0],
            note: "the derivative goes where the value came from: to the NaN",
        },
        Kink {
            at: &[f(1.0), f(NAN)],
            partials: &[0.0, 1.0],
            note: "the derivative goes where the value came from: to the NaN",
        },
    ],
};

pub static relu: Row = Row {
    name: "relu",
    source: Some("relu"),
    parameters: &["x"],
    signature: Signature::F1,
    eval: Eval::F1(eval::relu),
    guard: None,
    complex: Complex::F1(complex::relu),
    partials: partials![select(Le; x, 0.0, 0.0, 1.0)],
    code: Code::Native(Native::FRelu),
    cost: 2,
    algebra: Algebra { idempotent: true, ..Algebra::NONE },
    about: "x where it is positive, else 0.",
    points: floats![1.5, -2.5, 1e-300, -1e300],
    kinks: &[Kink { at: &[f(0.0)], partials: &[0.0], note: "the slope of the left side" }],
};
