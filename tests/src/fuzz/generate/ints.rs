//! Expressions of integers and truth values.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::Ty;
use crate::pieces;

impl Writer {
    /// An `i64`: mostly small.
    pub(super) fn int(&mut self, depth: usize) -> Node {
        if self.poor(depth) || self.rng.percent(30) {
            return self.small_int();
        }
        let d = depth - 1;
        let pieces = match self.rng.below(13) {
            0 | 1 => pieces!["(", self.int(d), " + ", self.int(d), ")"],
            2 => pieces!["(", self.int(d), " - ", self.int(d), ")"],
            3 => pieces!["(", self.int(d), " * ", self.small_int(), ")"],
            4 => pieces!["(", self.int(d), format!(" / {})", self.rng.between(2, 4))],
            5 => pieces!["(", self.int(d), format!(" % {})", self.rng.between(2, 4))],
            6 => pieces![*self.rng.pick(&["min(", "max("]), self.int(d), ", ", self.int(d), ")"],
            7 => pieces![*self.rng.pick(&["abs(", "sign(", "-("]), self.int(d), ")"],
            8 => pieces!["i64(", format!("{:.1} * ", self.rng.float(1.0, 4.0)), "sin(", self.float(d), "))"],
            9 => {
                self.note(Feature::IfValue);
                pieces!["(if ", self.boolean(d), " { ", self.int(d), " } else { ", self.int(d), " })"]
            }
            10 => pieces!["(", self.small_int(), "^2)"],
            11 if self.rng.percent(20) => {
                let op = *self.rng.pick(&[" / ", " % "]);
                pieces!["(", self.int(d), op, self.int(d), ")"]
            }
            12 => self.counted(d),
            _ => pieces!["(", self.int(d), " + 1)"],
        };
        Node::expr(&Ty::I64, pieces)
    }

    /// How many elements are large, or how long something is.
    fn counted(&mut self, depth: usize) -> Vec<crate::fuzz::node::Piece> {
        let Some((path, dims)) = self.float_array(false) else { return pieces!["2"] };
        match self.rng.below(5) {
            0 => pieces![format!("len({})", path.text)],
            1 => pieces![format!("size({}, {})", path.text, dims.len() - 1)],
            2 => {
                self.note(Feature::Reduction);
                pieces![*self.rng.pick(&["argmax(", "argmin("]), path.text, ")"]
            }
            3 => {
                self.note(Feature::Reduction);
                let i = self.fresh("i");
                self.scoped(|w| {
                    w.declare_index(&i, Some(dims[0].clone()));
                    pieces!["sum(", w.int(depth.min(1)), format!(" for {i} in 0..{})", dims[0])]
                })
            }
            _ => pieces![format!("len({}) - 1", path.text)],
        }
    }

    /// A literal, a variable, an element.
    pub(super) fn small_int(&mut self) -> Node {
        if self.rng.percent(55)
            && let Some(path) = self.path_of(&Ty::I64)
        {
            return Node::expr(&Ty::I64, pieces![path.text]);
        }
        if self.rng.percent(25)
            && let Some(path) = self.path(&|p| matches!(&p.ty, Ty::Array(e, _) if **e == Ty::I64))
            && let Ty::Array(_, dims) = path.ty.clone()
        {
            return self.element(&path.text, &Ty::I64, &dims);
        }
        Node::expr(&Ty::I64, pieces![self.rng.between(0, 5).to_string()])
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, depth: usize) -> Node {
        if self.poor(depth) {
            return self.small_boolean();
        }
        let d = depth - 1;
        let pieces = match self.rng.below(11) {
            0..=3 => self.comparison(d),
            4..=5 => {
                let op = *self.rng.pick(&[" == ", " != ", " < ", " <= ", " > ", " >= "]);
                pieces![self.int(d), op, self.int(d)]
            }
            6 => pieces!["(", self.boolean(d), *self.rng.pick(&[" && ", " || "]), self.boolean(d), ")"],
            7 => pieces!["!(", self.boolean(d), ")"],
            8 => match self.float_array(false) {
                Some((path, _)) => {
                    self.note(Feature::Reduction);
                    pieces![*self.rng.pick(&["any(", "all("]), path.text, format!(" > {:?})", self.odd_float())]
                }
                None => self.comparison(d),
            },
            _ => return self.small_boolean(),
        };
        Node::expr(&Ty::Bool, pieces![group(pieces)])
    }

    fn comparison(&mut self, depth: usize) -> Vec<crate::fuzz::node::Piece> {
        let op = *self.rng.pick(&[" < ", " > ", " <= ", " >= "]);
        let right = if self.rng.percent(60) {
            Node::expr(&Ty::F64, pieces![format!("{:?}", self.odd_float())])
        } else {
            self.float(depth)
        };
        pieces![self.float(depth), op, right]
    }

    /// A float that nothing else equals.
    pub(super) fn odd_float(&mut self) -> f64 {
        let x = self.rng.float(-1.0, 1.5);
        // Five decimals: inputs have three.
        (x * 1e5 + 37.0).round() / 1e5
    }

    fn small_boolean(&mut self) -> Node {
        let pieces = match self.path_of(&Ty::Bool) {
            Some(path) if self.rng.percent(50) => pieces![path.text],
            _ if self.rng.percent(80) => {
                let op = *self.rng.pick(&[" == ", " != ", " < ", " >= "]);
                pieces![self.small_int(), op, self.rng.between(0, 3).to_string()]
            }
            _ => {
                let x = self.small_float();
                pieces![x, format!(" > {:?}", self.odd_float())]
            }
        };
        Node::expr(&Ty::Bool, pieces)
    }
}

/// A comparison with parentheses around it: comparisons don't chain.
fn group(pieces: Vec<crate::fuzz::node::Piece>) -> Node {
    let mut all = pieces!["("];
    all.extend(pieces);
    all.extend(pieces![")"]);
    Node::group(all)
}
