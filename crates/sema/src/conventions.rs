//! What derivatives are at the awkward points of what is built from several primitives, or written in the language itself.
//!
//! In: nothing. Out: [`CONVENTIONS`]: an expression, a point, its value, gradient and Hessian there. `adit explain kinks` prints them below those of the primitive table, and the
//! tests hold both modes to them at first order and at second. Conventions of single primitives are not here: they stand in their rows.

/// What a parameter is, and holds.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// A float.
    Number(f64),
    /// A vector of floats.
    Vector(&'static [f64]),
}

/// One convention.
#[derive(Clone, Copy, Debug)]
pub struct Convention {
    /// An expression of the language that gives one float.
    pub expression: &'static str,
    /// The point: the names that the expression mentions.
    pub at: &'static [(&'static str, At)],
    /// The value there.
    pub value: f64,
    /// The derivative in each float of the point, in order.
    pub gradient: &'static [f64],
    /// The second derivatives, row by row; nothing where nothing is promised.
    pub hessian: Option<&'static [f64]>,
    /// Why.
    pub note: &'static str,
}

impl Convention {
    /// A program of one function, which gives the expression.
    pub fn program(&self) -> String {
        let param = |(name, at): &(&str, At)| match at {
            At::Number(_) => format!("{name}: f64"),
            At::Vector(_) => format!("{name}: [f64; n]"),
        };
        let params: Vec<String> = self.at.iter().map(param).collect();
        format!("fn convention({}) -> f64 {{ {} }}\n", params.join(", "), self.expression)
    }
}

const INF: f64 = f64::INFINITY;

const fn convention(
    expression: &'static str,
    at: &'static [(&'static str, At)],
    value: f64,
    derivatives: (&'static [f64], &'static [f64]),
    note: &'static str,
) -> Convention {
    Convention { expression, at, value, gradient: derivatives.0, hessian: Some(derivatives.1), note }
}

const ZERO: &[(&str, At)] = &[("x", At::Number(0.0))];
const FLAT: (&[f64], &[f64]) = (&[0.0], &[0.0]);

/// Conventions beyond single primitives.
pub static CONVENTIONS: &[Convention] = &[
    convention(
        "max(a)",
        &[("a", At::Vector(&[3.0, 1.0, 3.0, 3.0]))],
        3.0,
        (&[1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0], &[0.0; 16]),
        "1/k to each of k equal maxima",
    ),
    convention(
        "min(a)",
        &[("a", At::Vector(&[1.0, 3.0, 1.0]))],
        1.0,
        (&[0.5, 0.0, 0.5], &[0.0; 9]),
        "1/k to each of k equal minima",
    ),
    convention(
        "max(a)",
        &[("a", At::Vector(&[INF, 1.0, INF]))],
        INF,
        (&[0.5, 0.0, 0.5], &[0.0; 9]),
        "infinities are as equal as other numbers",
    ),
    convention("max(a)", &[("a", At::Vector(&[-INF, -INF]))], -INF, (&[0.5, 0.5], &[0.0; 4]), "of either sign"),
    convention(
        "min(a)",
        &[("a", At::Vector(&[INF, INF, INF]))],
        INF,
        (&[1.0 / 3.0; 3], &[0.0; 9]),
        "infinities are as equal as other numbers",
    ),
    convention(
        "max(a)",
        &[("a", At::Vector(&[2.0, f64::NAN, 1.0, 3.0]))],
        f64::NAN,
        (&[0.0, 1.0, 0.0, 0.0], &[0.0; 16]),
        "the derivative goes where the value came from: to the NaN",
    ),
    convention(
        "min(a)",
        &[("a", At::Vector(&[f64::NAN, 1.0]))],
        f64::NAN,
        (&[1.0, 0.0], &[0.0; 4]),
        "the derivative goes where the value came from: to the NaN",
    ),
    convention("max(x, 0)", ZERO, 0.0, (&[0.5], &[0.0]), "a tie as any other; relu(x) is the one with 0"),
    convention(
        "sort(a)[0]",
        &[("a", At::Vector(&[2.0, 2.0]))],
        2.0,
        (&[1.0, 0.0], &[0.0; 4]),
        "equal elements keep their order",
    ),
    convention(
        "norm(a)",
        &[("a", At::Vector(&[0.0, 0.0]))],
        0.0,
        (&[0.0, 0.0], &[0.0; 4]),
        "the mean over all directions",
    ),
    convention(
        "norm(a)",
        &[("a", At::Vector(&[3e200, 4e200]))],
        5e200,
        (&[0.6, 0.8], &[1.28e-201, -9.6e-202, -9.6e-202, 7.2e-202]),
        "squares that overflow are scaled",
    ),
    convention(
        "norm(a)",
        &[("a", At::Vector(&[3e-200, 4e-200]))],
        5e-200,
        (&[0.6, 0.8], &[1.28e199, -9.6e198, -9.6e198, 7.2e198]),
        "and those that underflow",
    ),
    convention("norm(a)", &[("a", At::Vector(&[]))], 0.0, (&[], &[]), "nothing to differentiate"),
    convention(
        "prod(a)",
        &[("a", At::Vector(&[0.0, 2.0, 0.0]))],
        0.0,
        (&[0.0; 3], &[0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]),
        "exact: nothing is divided by an element",
    ),
    convention(
        "logsumexp(a)",
        &[("a", At::Vector(&[-INF, -INF]))],
        -INF,
        (&[0.0, 0.0], &[0.0; 4]),
        "the sum is 0 and stays 0",
    ),
    convention(
        "logsumexp(a)",
        &[("a", At::Vector(&[-INF, 1.0]))],
        1.0,
        (&[0.0, 1.0], &[0.0; 4]),
        "what is 0 contributes nothing",
    ),
    convention(
        "f64(i64(x)) * x",
        &[("x", At::Number(2.0))],
        4.0,
        (&[2.0], &[0.0]),
        "a rounded number counts as a constant",
    ),
    convention("abs(x) * x", ZERO, 0.0, FLAT, "abs'(0) = 0"),
    convention("x^0.0", ZERO, 1.0, FLAT, "the constant 1"),
    convention("x^3.0", ZERO, 0.0, FLAT, "exact for integer exponents, at every order"),
    convention("if x > 0 { sqrt(x) } else { 0 }", ZERO, 0.0, FLAT, "a branch that is not taken contributes nothing"),
    convention(
        "where(x > 0, log(x), x)",
        &[("x", At::Number(-1.0))],
        -1.0,
        (&[1.0], &[0.0]),
        "nor does the side that is not chosen, not even a NaN",
    ),
    convention("where(x > 0, sqrt(x), 2 * x)", ZERO, 0.0, (&[2.0], &[0.0]), "nor an infinity"),
    convention(
        "sqrt(a)[1]",
        &[("a", At::Vector(&[0.0, 4.0]))],
        2.0,
        (&[0.0, 0.25], &[0.0, 0.0, 0.0, -0.03125]),
        "strong zero: a cotangent or tangent of 0 wins over an infinite partial",
    ),
    convention(
        "xlogy(x, y)",
        &[("x", At::Number(0.0)), ("y", At::Number(2.0))],
        0.0,
        (&[std::f64::consts::LN_2, 0.0], &[0.0, 0.5, 0.5, 0.0]),
        "strong zero is no constant: the mixed derivative is there",
    ),
    convention(
        "gamma_logpdf(x, a, b)",
        &[("x", At::Number(-1.0)), ("a", At::Number(2.0)), ("b", At::Number(3.0))],
        -INF,
        (&[0.0; 3], &[0.0; 9]),
        "outside its support a density has no slope",
    ),
    convention(
        "uniform_logpdf(x, a, b)",
        &[("x", At::Number(1.0)), ("a", At::Number(0.0)), ("b", At::Number(1.0))],
        0.0,
        (&[0.0, 1.0, -1.0], &[0.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, -1.0, 1.0]),
        "at the edge, the limit from within",
    ),
];
