//! Expressions of floats.
//!
//! In: a depth. Out: an expression whose value is tame: not far from 1 in size, and its functions away from the edges of their domains, but for one in many.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

/// Which operands a function gets.
#[derive(Clone, Copy)]
enum Domain {
    Any,
    Small,
    Positive,
    /// Between −1 and 1.
    Unit,
    AboveOne,
    Negative,
}

/// Functions of one float.
const UNARY: &[(&str, Domain)] = &[
    ("sin", Domain::Any),
    ("cos", Domain::Any),
    ("tanh", Domain::Any),
    ("atan", Domain::Any),
    ("sigmoid", Domain::Any),
    ("softplus", Domain::Any),
    ("erf", Domain::Any),
    ("erfc", Domain::Any),
    ("asinh", Domain::Any),
    ("log1pexp", Domain::Any),
    ("relu", Domain::Any),
    ("abs", Domain::Any),
    ("sign", Domain::Any),
    ("floor", Domain::Any),
    ("ceil", Domain::Any),
    ("round", Domain::Any),
    ("trunc", Domain::Any),
    ("exp", Domain::Small),
    ("exp2", Domain::Small),
    ("expm1", Domain::Small),
    ("sinh", Domain::Small),
    ("cosh", Domain::Small),
    ("tan", Domain::Small),
    ("sqrt", Domain::Positive),
    ("cbrt", Domain::Positive),
    ("log", Domain::Positive),
    ("log2", Domain::Positive),
    ("log10", Domain::Positive),
    ("log1p", Domain::Positive),
    ("lgamma", Domain::Positive),
    ("digamma", Domain::Positive),
    ("asin", Domain::Unit),
    ("acos", Domain::Unit),
    ("atanh", Domain::Unit),
    ("erfinv", Domain::Unit),
    ("acosh", Domain::AboveOne),
    ("log1mexp", Domain::Negative),
];

/// Functions of more, with the domains of their operands.
const MORE: &[(&str, &[Domain])] = &[
    ("max", &[Domain::Any, Domain::Any]),
    ("min", &[Domain::Any, Domain::Any]),
    ("hypot", &[Domain::Any, Domain::Positive]),
    ("atan2", &[Domain::Any, Domain::Positive]),
    ("logaddexp", &[Domain::Any, Domain::Any]),
    ("xlogy", &[Domain::Any, Domain::Positive]),
    ("xlog1py", &[Domain::Any, Domain::Positive]),
    ("fma", &[Domain::Any, Domain::Small, Domain::Any]),
    ("normal_logpdf", &[Domain::Any, Domain::Any, Domain::Positive]),
    ("exponential_logpdf", &[Domain::Positive, Domain::Positive]),
];

impl Writer {
    /// An `f64`.
    pub(super) fn float(&mut self, depth: usize) -> Node {
        if self.poor(depth) || self.rng.percent(12) {
            return self.small_float();
        }
        let d = depth - 1;
        let pieces = match self.rng.below(32) {
            0..=3 => pieces!["(", self.float(d), *self.rng.pick(&[" + ", " - "]), self.float(d), ")"],
            4..=6 => pieces!["(", self.float(d), " * ", self.float(d), ")"],
            7 => pieces!["(", self.float(d), " / ", self.within(Domain::Positive, d), ")"],
            8 => self.with_integer_literal(d),
            9 => pieces!["(-", self.float(d), ")"],
            10..=14 => return self.unary(d),
            15..=16 => return self.several(d),
            17 => self.power(d),
            18 => pieces!["f64(", self.int(d), ")"],
            19 => {
                self.note(Feature::IfValue);
                pieces!["(if ", self.boolean(d), " { ", self.float(d), " } else { ", self.float(d), " })"]
            }
            20 => return self.block_value(d),
            21..=24 => return self.reduction(d),
            27 if self.singles => return self.float_of_singles(d),
            25..=27 => return self.call_or(&Ty::F64, d, Writer::small_float),
            28 if self.allowed > 0 && self.rng.percent(30) => {
                self.note(Feature::StopGradient);
                pieces!["stop_gradient(", self.float(d), ")"]
            }
            28 => pieces!["(", self.float(d), " % ", self.within(Domain::Positive, d), ")"],
            29 if self.lambdas && self.rng.percent(60) => return self.lambda_at_once(d),
            30 if self.allowed > 0 && self.rng.percent(60) => {
                return self.float_of_derivative(d).unwrap_or_else(|| self.small_float());
            }
            29..=30 => return self.odd_float_value(d).unwrap_or_else(|| self.small_float()),
            _ => return self.small_float(),
        };
        Node::expr(&Ty::F64, pieces)
    }

    /// A variable, an element or a literal.
    pub(super) fn small_float(&mut self) -> Node {
        match self.rng.below(10) {
            0..=4 => {
                if let Some(path) = self.path_of(&Ty::F64) {
                    return Node::expr(&Ty::F64, pieces![path.text]);
                }
            }
            5..=7 => {
                if let Some((path, dims)) = self.float_array(false) {
                    return self.element(&path.text, &Ty::F64, &dims);
                }
            }
            _ => {}
        }
        self.literal()
    }

    pub(super) fn literal(&mut self) -> Node {
        let text = match self.rng.below(20) {
            0 => self.rng.pick(&["pi", "e", "1e-3", "2.0", "1.0"]).to_string(),
            _ => format!("{:?}", self.rng.float(-1.5, 1.5)),
        };
        Node::expr(&Ty::F64, pieces![text])
    }

    /// An operand inside a domain; one in many is anywhere.
    fn within(&mut self, domain: Domain, depth: usize) -> Node {
        let e = self.float(depth);
        if self.rng.percent(2) {
            self.note(Feature::Unwrapped);
            return e;
        }
        let pieces = match domain {
            Domain::Any => return e,
            Domain::Small => pieces!["(", self.rng.pick(&["sin(", "1.2 * tanh(", "cos("]).to_string(), e, "))"],
            Domain::Positive => match self.rng.below(3) {
                0 => pieces!["(0.6 + ", e, "^2)"],
                1 => pieces!["(1.4 + sin(", e, "))"],
                _ => pieces!["(0.3 + exp(cos(", e, ")))"],
            },
            Domain::Unit => pieces!["(0.9 * ", self.rng.pick(&["sin(", "tanh("]).to_string(), e, "))"],
            Domain::AboveOne => pieces!["(1.1 + ", e, "^2)"],
            Domain::Negative => pieces!["(-0.2 - ", e, "^2)"],
        };
        Node::expr(&Ty::F64, pieces)
    }

    fn unary(&mut self, depth: usize) -> Node {
        let &(name, domain) = self.rng.pick(UNARY);
        Node::expr(&Ty::F64, pieces![format!("{name}("), self.within(domain, depth), ")"])
    }

    /// The name of a function that any operand suits.
    pub(super) fn smooth(&mut self) -> &'static str {
        const SMOOTH: [&str; 6] = ["sin", "cos", "tanh", "atan", "sigmoid", "erf"];
        SMOOTH[self.rng.below(SMOOTH.len())]
    }

    fn several(&mut self, depth: usize) -> Node {
        if self.rng.percent(8) {
            let order = self.rng.between(0, 2);
            let x = self.within(Domain::Positive, depth);
            return Node::expr(&Ty::F64, pieces![format!("polygamma({order}, "), x, ")"]);
        }
        let &(name, domains) = self.rng.pick(MORE);
        let mut pieces = pieces![format!("{name}(")];
        for (i, &domain) in domains.iter().enumerate() {
            pieces.extend(pieces![if i == 0 { "" } else { ", " }, self.within(domain, depth)]);
        }
        pieces.extend(pieces![")"]);
        Node::expr(&Ty::F64, pieces)
    }

    fn power(&mut self, depth: usize) -> Vec<Piece> {
        match self.rng.below(6) {
            0..=2 => pieces!["(", self.float(depth), format!("^{})", self.rng.between(2, 3))],
            3 => pieces!["(", self.within(Domain::Positive, depth), "^", self.within(Domain::Small, depth), ")"],
            4 => pieces!["(", self.within(Domain::Positive, depth), "^(", self.int(1), " % 4))"],
            _ => pieces!["(", self.within(Domain::Positive, depth), "^-1)"],
        }
    }

    /// An integer literal that becomes a float.
    fn with_integer_literal(&mut self, depth: usize) -> Vec<Piece> {
        let k = self.rng.between(1, 3);
        let x = self.float(depth);
        match self.rng.below(3) {
            0 => pieces![format!("({k} * f64({k}) * "), x, ")"],
            1 => pieces!["(", x, format!(" + {k})")],
            _ => pieces!["(", x, format!(" / {k})")],
        }
    }

    fn block_value(&mut self, depth: usize) -> Node {
        self.note(Feature::BlockValue);
        self.scoped(|w| {
            let x = w.float(depth);
            let name = w.new_name("b");
            w.declare(&name, Ty::F64, false);
            let value = w.float(depth);
            Node::expr(&Ty::F64, pieces![format!("{{ let {name} = "), x, "; ", value, " }"])
        })
    }

    /// A reduction of an array or over loops.
    pub(super) fn reduction(&mut self, depth: usize) -> Node {
        self.note(Feature::Reduction);
        if self.rng.percent(45) {
            return self.generated_reduction(depth);
        }
        let rank = 1 + usize::from(self.rng.percent(20));
        let dims: Vec<Dim> = match self.float_array(false) {
            Some((_, dims)) => dims,
            None => (0..rank).map(|_| self.some_dim()).collect(),
        };
        let a = self.array(&Ty::F64, &dims, depth);
        let pieces = match self.rng.below(12) {
            0..=3 => pieces!["sum(", a, ")"],
            4 => pieces!["mean(", a, ")"],
            5 => pieces!["max(", a, ")"],
            6 => pieces!["min(", a, ")"],
            7 => pieces!["prod(", a, ")"],
            8 => pieces!["norm(0.7 + ", a, "^2)"],
            9 => pieces!["logsumexp(", a, ")"],
            10 if dims.len() == 1 => pieces!["dot(", a, ", ", self.array(&Ty::F64, &dims, depth), ")"],
            11 if dims.len() == 1 => pieces!["(", a, " @ ", self.array(&Ty::F64, &dims, depth), ")"],
            _ => pieces!["sum(", a, ")"],
        };
        Node::expr(&Ty::F64, pieces)
    }

    fn generated_reduction(&mut self, depth: usize) -> Node {
        let op = *self.rng.pick(&["sum", "sum", "sum", "prod", "max", "min", "mean", "logsumexp", "norm"]);
        let (i, j) = (self.fresh("i"), self.fresh("j"));
        self.scoped(|w| {
            let dim = w.some_dim();
            w.declare_index(&i, Some(dim.clone()));
            let mut ranges = format!("{i} in 0..{dim}");
            if w.rng.percent(25) {
                let inner = w.some_dim();
                let hi = if w.rng.percent(40) { format!("{i} + 1") } else { inner.to_string() };
                let below = if hi == inner.to_string() { inner } else { dim };
                w.declare_index(&j, Some(below));
                ranges += &format!(", {j} in 0..{hi}");
            }
            let mut element = w.float(depth);
            if op == "prod" {
                element = Node::expr(&Ty::F64, pieces!["(1.1 + 0.3 * sin(", element, "))"]);
            }
            if op == "norm" {
                element = Node::expr(&Ty::F64, pieces!["(0.5 + ", element, "^2)"]);
            }
            Node::expr(&Ty::F64, pieces![format!("{op}("), element, format!(" for {ranges})")])
        })
    }
}
