//! Functions with derivative rules of their own.
//!
//! In: a catalogue of functions with derivatives worked out by hand. Out: an item with `@jvp`, `@vjp` or both, which the rest of the program calls and differentiates like any other. As the rules are right, every
//! relation holds as if they were not there.

use super::functions::Signature;
use super::{Param, Writer};
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Sort};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

/// A function of `x`, perhaps `y` and `k`, with what its rules give.
struct Known {
    params: &'static [(&'static str, Kind)],
    result: Kind,
    /// The body.
    value: &'static str,
    /// Over the parameters and their tangents `dx`, `dy`.
    tangent: &'static str,
    /// Of each parameter that carries floats, over the parameters and the cotangent `w`.
    cotangents: &'static [&'static str],
}

/// A type of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Int,
    /// `[f64; n]`
    Array,
    /// `(f64, f64)`
    Pair,
}

use Kind::{Array, Float, Int, Pair};

const KNOWN: [Known; 15] = [
    Known {
        params: &[("x", Float)],
        result: Float,
        value: "sin(0.7 * x)",
        tangent: "0.7 * cos(0.7 * x) * dx",
        cotangents: &["0.7 * w * cos(0.7 * x)"],
    },
    Known {
        params: &[("x", Float)],
        result: Float,
        value: "if x > 0.00043 { tanh(x) } else { 0.5 * x^2 }",
        tangent: "if x > 0.00043 { (1 - tanh(x)^2) * dx } else { x * dx }",
        cotangents: &["if x > 0.00043 { w / cosh(x)^2 } else { w * x }"],
    },
    Known {
        params: &[("x", Float)],
        result: Float,
        value: "let mut r = 1.0 + 0.5 * x^2; for k in 0..40 { r = 0.5 * (r + (1 + x^2) / r); } r",
        tangent: "x / sqrt(1 + x^2) * dx",
        cotangents: &["w * x / sqrt(1 + x^2)"],
    },
    Known {
        params: &[("x", Float)],
        result: Float,
        value: "let mut r = 1.0; for k in 0..3 { r *= cos(x); } r",
        tangent: "-3 * cos(x)^2 * sin(x) * dx",
        cotangents: &["-3 * w * sin(x) * cos(x)^2"],
    },
    Known {
        params: &[("x", Float), ("y", Float)],
        result: Float,
        value: "sin(x * y) + 0.3 * y^2",
        tangent: "cos(x * y) * (y * dx + x * dy) + 0.6 * y * dy",
        cotangents: &["w * y * cos(x * y)", "w * (x * cos(x * y) + 0.6 * y)"],
    },
    Known {
        params: &[("x", Float), ("y", Float)],
        result: Float,
        value: "x / (1 + y^2)",
        tangent: "dx / (1 + y^2) - 2 * x * y * dy / (1 + y^2)^2",
        cotangents: &["w / (1 + y^2)", "-2 * w * x * y / (1 + y^2)^2"],
    },
    Known {
        params: &[("x", Float), ("k", Int), ("y", Float)],
        result: Float,
        value: "if k > 1 { f64(k) * sin(x) } else { x * cos(y) }",
        tangent: "if k > 1 { f64(k) * cos(x) * dx } else { cos(y) * dx - x * sin(y) * dy }",
        cotangents: &[
            "if k > 1 { f64(k) * w * cos(x) } else { w * cos(y) }",
            "if k > 1 { 0 } else { -w * x * sin(y) }",
        ],
    },
    Known {
        params: &[("x", Array)],
        result: Float,
        value: "sqrt(1 + sum(x^2))",
        tangent: "dot(x, dx) / sqrt(1 + sum(x^2))",
        cotangents: &["w / sqrt(1 + sum(x^2)) * x"],
    },
    Known {
        params: &[("x", Array), ("y", Float)],
        result: Float,
        value: "let mut s = 0.0; for i in 0..n { s += sin(x[i] * y); } s",
        tangent: "sum(cos(x[i] * y) * (x[i] * dy + y * dx[i]) for i in 0..n)",
        cotangents: &["w * y * cos(x * y)", "w * sum(x * cos(x * y))"],
    },
    Known {
        params: &[("x", Array), ("y", Array)],
        result: Float,
        value: "dot(sin(x), y)",
        tangent: "dot(cos(x) * dx, y) + dot(sin(x), dy)",
        cotangents: &["w * cos(x) * y", "w * sin(x)"],
    },
    Known {
        params: &[("x", Array)],
        result: Array,
        value: "tanh(x)",
        tangent: "(1 - tanh(x)^2) * dx",
        cotangents: &["w * (1 - tanh(x)^2)"],
    },
    Known {
        params: &[("x", Array)],
        result: Array,
        value: "[x[n - 1 - i] * x[i] for i in 0..n]",
        tangent: "[x[n - 1 - i] * dx[i] + dx[n - 1 - i] * x[i] for i in 0..n]",
        cotangents: &["[(w[i] + w[n - 1 - i]) * x[n - 1 - i] for i in 0..n]"],
    },
    Known {
        params: &[("x", Array), ("y", Float)],
        result: Array,
        value: "cumsum(x) * y",
        tangent: "cumsum(dx) * y + cumsum(x) * dy",
        cotangents: &["[y * sum(w[j] for j in i..n) for i in 0..n]", "dot(w, cumsum(x))"],
    },
    Known {
        params: &[("x", Float)],
        result: Pair,
        value: "(sin(x), x * cos(x))",
        tangent: "(cos(x) * dx, (cos(x) - x * sin(x)) * dx)",
        cotangents: &["w.0 * cos(x) + w.1 * (cos(x) - x * sin(x))"],
    },
    Known {
        params: &[("x", Pair), ("y", Float)],
        result: Float,
        value: "x.0 * sin(y) + x.1^2",
        tangent: "dx.0 * sin(y) + x.0 * cos(y) * dy + 2 * x.1 * dx.1",
        cotangents: &["(w * sin(y), 2 * w * x.1)", "w * x.0 * cos(y)"],
    },
];

impl Kind {
    fn ty(self) -> Ty {
        match self {
            Float => Ty::F64,
            Int => Ty::I64,
            Array => Ty::floats(&[Dim::name("n")]),
            Pair => Ty::Tuple(vec![Ty::F64, Ty::F64]),
        }
    }
}

impl Known {
    /// `x: f64, y: f64`, then what `more` says of each parameter that carries floats.
    fn heads(&self, more: &str) -> String {
        let head = |prefix: &str, (name, kind): &(&str, Kind)| format!("{prefix}{name}: {}", kind.ty().text(&[]));
        let mut heads: Vec<String> = self.params.iter().map(|p| head("", p)).collect();
        match more {
            "" => {}
            "d" => heads.extend(self.params.iter().filter(|p| p.1 != Int).map(|p| head("d", p))),
            seed => heads.push(format!("{seed}: {}", self.result.ty().text(&[]))),
        }
        heads.join(", ")
    }

    fn call(&self, name: &str) -> String {
        let args: Vec<&str> = self.params.iter().map(|(name, _)| *name).collect();
        format!("{name}({})", args.join(", "))
    }

    fn item(&self, name: &str) -> String {
        format!("fn {name}({}) -> {} {{\n{}\n}}", self.heads(""), self.result.ty().text(&[]), self.value)
    }

    fn jvp(&self, name: &str) -> String {
        let result = self.result.ty().text(&[]);
        let (heads, value, tangent) = (self.heads("d"), self.call(name), self.tangent);
        format!("@jvp({name})\nfn {name}_jvp({heads}) -> ({result}, {result}) {{\n({value}, {tangent})\n}}")
    }

    fn vjp(&self, name: &str) -> String {
        let list =
            |parts: Vec<String>| if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) };
        let floats = self.params.iter().filter(|(_, kind)| *kind != Int);
        let types = list(floats.map(|(_, kind)| kind.ty().text(&[])).collect());
        let result = self.result.ty().text(&[]);
        let cotangents = list(self.cotangents.iter().map(|c| c.to_string()).collect());
        let (heads, value) = (self.heads("w"), self.call(name));
        format!("@vjp({name})\nfn {name}_vjp({heads}) -> ({result}, {types}) {{\n({value}, {cotangents})\n}}")
    }
}

impl Writer {
    /// A function of the catalogue, with a rule or two.
    pub(super) fn ruled_item(&mut self) {
        let known = self.rng.pick(&KNOWN);
        let name = self.fresh("g");
        // Of a function of arrays, a mode without a rule is refused.
        let scalars = known.result == Float && known.params.iter().all(|(_, kind)| matches!(kind, Float | Int));
        let which = if scalars { self.rng.below(3) } else { 2 };
        let mut items = vec![known.item(&name)];
        if which != 1 {
            self.note(Feature::JvpRule);
            items.push(known.jvp(&name));
        }
        if which != 0 {
            self.note(Feature::VjpRule);
            items.push(known.vjp(&name));
        }
        self.items.push(Node { sort: Sort::Item, pieces: pieces![items.join("\n")] });
        let params = known.params.iter().map(|(name, kind)| super::functions::param(name, kind.ty(), false));
        let params: Vec<Param> = params.collect();
        let arrays = params.iter().any(|p| matches!(p.ty, Ty::Array(..)));
        let dims = if arrays { vec!["n".to_owned()] } else { vec![] };
        let result = Some(known.result.ty());
        self.functions.push(Signature { name, dims, params, result, recursive: None, order: 0 });
    }
}
