//! Expressions of arrays.
//!
//! In: an element type, dimensions, a depth. Out: an expression of that type: a variable, element-wise arithmetic, a comprehension, a slice, a product, a literal, a call.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty, list};
use crate::pieces;

impl Writer {
    /// An array.
    pub(super) fn array(&mut self, element: &Ty, dims: &[Dim], depth: usize) -> Node {
        let ty = Ty::Array(Box::new(element.clone()), dims.to_vec());
        if self.poor(depth) || *element != Ty::F64 {
            return self.small_array(element, dims);
        }
        let d = depth - 1;
        let pieces = match self.rng.below(22) {
            0..=2 => {
                self.note(Feature::ElementWise);
                let op = *self.rng.pick(&[" + ", " - ", " * "]);
                pieces!["(", self.array(element, dims, d), op, self.array(element, dims, d), ")"]
            }
            3..=4 => {
                self.note(Feature::ElementWise);
                let op = *self.rng.pick(&[" + ", " - ", " * "]);
                pieces!["(", self.float(d.min(1)), op, self.array(element, dims, d), ")"]
            }
            5 => {
                self.note(Feature::ElementWise);
                let name = self.smooth();
                pieces![format!("{name}("), self.array(element, dims, d), ")"]
            }
            6 => {
                self.note(Feature::ElementWise);
                match self.rng.below(4) {
                    0 => pieces!["(-", self.array(element, dims, d), ")"],
                    1 => pieces!["(", self.array(element, dims, d), "^2)"],
                    2 => pieces!["(", self.array(element, dims, d), " / (1.2 + ", self.array(element, dims, d), "^2))"],
                    _ => pieces!["max(", self.array(element, dims, d), format!(", {:?})", self.odd_float())],
                }
            }
            7..=9 => return self.comprehension(dims, d),
            10..=11 => return self.slice(dims).unwrap_or_else(|| self.small_array(element, dims)),
            12 => return self.slice(dims).unwrap_or_else(|| self.comprehension(dims, d)),
            13 => return self.product(dims, d),
            14 if dims.len() == 2 => {
                self.note(Feature::Matrix);
                let flipped = [dims[1].clone(), dims[0].clone()];
                pieces!["transpose(", self.array(element, &flipped, d), ")"]
            }
            15 if self.allowed > 0 && self.rng.percent(30) => {
                self.note(Feature::StopGradient);
                pieces!["stop_gradient(", self.array(element, dims, d), ")"]
            }
            15 => {
                self.note(Feature::IfValue);
                let condition = self.boolean(d);
                pieces![
                    "(if ",
                    condition,
                    " { ",
                    self.array(element, dims, d),
                    " } else { ",
                    self.array(element, dims, d),
                    " })"
                ]
            }
            16 => {
                self.note(Feature::ElementWise);
                let c = pieces!["where(", self.array(element, dims, d), format!(" > {:?}, ", self.odd_float())];
                let mut pieces = c;
                pieces.extend(pieces![self.array(element, dims, d), ", ", self.array(element, dims, d), ")"]);
                pieces
            }
            17 if dims.len() == 1 => {
                let name = *self.rng.pick(&["cumsum(", "softmax(", "cumsum(", "sort("]);
                pieces![name, self.array(element, dims, d), ")"]
            }
            18 if self.allowed > 0 && self.rng.percent(60) => {
                return self.array_of_derivative(dims, d).unwrap_or_else(|| self.small_array(element, dims));
            }
            18..=19 => return self.call_or(&ty, d, |w| w.small_array(&Ty::F64, dims)),
            _ => return self.small_array(element, dims),
        };
        Node::expr(&ty, pieces)
    }

    /// A variable, a literal, or an array of one value.
    fn small_array(&mut self, element: &Ty, dims: &[Dim]) -> Node {
        let ty = Ty::Array(Box::new(element.clone()), dims.to_vec());
        if self.rng.percent(80)
            && let Some(path) = self.path_of(&ty)
        {
            return Node::expr(&ty, pieces![path.text]);
        }
        let pieces = match (element, dims) {
            (Ty::F64, [Dim::Lit(k)]) if self.rng.percent(70) => self.literal_of(*k),
            (Ty::F64, _) => match self.rng.below(4) {
                0 => pieces![format!("zeros({})", list(dims))],
                1 => pieces![format!("ones({})", list(dims))],
                _ => {
                    let x = self.small_float();
                    pieces!["fill(", x, format!(", {})", list(dims))]
                }
            },
            (Ty::Bool, _) => pieces![format!("fill(true, {})", list(dims))],
            (_, [Dim::Lit(k)]) => {
                let elements: Vec<String> = (0..*k).map(|_| self.rng.between(0, 3).to_string()).collect();
                pieces![format!("[{}]", elements.join(", "))]
            }
            (_, _) => pieces![format!("fill({}, {})", self.rng.between(0, 2), list(dims))],
        };
        Node::expr(&ty, pieces)
    }

    fn literal_of(&mut self, k: i64) -> Vec<Piece> {
        let mut pieces = pieces!["["];
        for i in 0..k {
            pieces.extend(pieces![if i == 0 { "" } else { ", " }, self.small_float()]);
        }
        pieces.extend(pieces!["]"]);
        pieces
    }

    /// `[e for i in 0..n]`, also nested, also of arrays.
    pub(super) fn comprehension(&mut self, dims: &[Dim], depth: usize) -> Node {
        self.note(Feature::Comprehension);
        let ty = Ty::floats(dims);
        let (i, j) = (self.fresh("i"), self.fresh("j"));
        self.scoped(|w| {
            w.declare_index(&i, Some(dims[0].clone()));
            let pieces = match dims {
                [Dim::Lit(count)] if w.rng.percent(30) => {
                    let range = w.odd_range(*count, &i);
                    // The index is not below the dimension here.
                    w.scope.iter_mut().filter(|v| v.name == i).for_each(|v| v.below = None);
                    pieces!["[", w.float(depth), format!(" for {range}]")]
                }
                [dim] => pieces!["[", w.float(depth), format!(" for {i} in 0..{dim}]")],
                [dim, rest @ ..] if rest.len() > 1 || w.rng.percent(40) => {
                    pieces!["[", w.array(&Ty::F64, rest, depth), format!(" for {i} in 0..{dim}]")]
                }
                [a, b, ..] => {
                    w.declare_index(&j, Some(b.clone()));
                    pieces!["[", w.float(depth), format!(" for {i} in 0..{a}, {j} in 0..{b}]")]
                }
                [] => pieces!["[0.5]"],
            };
            Node::expr(&ty, pieces)
        })
    }

    /// A part of a variable that has these dimensions, if there is one.
    fn slice(&mut self, dims: &[Dim]) -> Option<Node> {
        let ty = Ty::floats(dims);
        let matrices = self.path(&|p| match &p.ty {
            Ty::Array(e, d) => **e == Ty::F64 && d.len() == dims.len() + 1 && kept(d, dims).is_some(),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => false,
        });
        if let Some(path) = matrices
            && let Ty::Array(_, all) = path.ty.clone()
            && let Some(gone) = kept(&all, dims)
        {
            self.note(Feature::Slice);
            let index = self.index(&all[gone]);
            let mut pieces = pieces![format!("{}[", path.text)];
            for (k, dim) in all.iter().enumerate() {
                let part = if k == gone { Piece::Node(index.clone()) } else { self.whole(dim).into() };
                pieces.extend(pieces![if k == 0 { "" } else { ", " }, part]);
            }
            pieces.extend(pieces!["]"]);
            return Some(Node::expr(&ty, pieces));
        }
        let [Dim::Lit(k)] = dims else { return None };
        let path = self.path(
            &|p| matches!(&p.ty, Ty::Array(e, d) if **e == Ty::F64 && matches!(d[..], [Dim::Lit(l)] if l > *k)),
        )?;
        let Ty::Array(_, all) = path.ty.clone() else { return None };
        let Dim::Lit(l) = all[0] else { return None };
        self.note(Feature::Slice);
        let lo = self.rng.between(0, l - k);
        let range = if self.rng.percent(30) { format!("{lo}..={}", lo + k - 1) } else { format!("{lo}..{}", lo + k) };
        Some(Node::expr(&ty, pieces![format!("{}[{range}]", path.text)]))
    }

    /// All of a dimension, in one of the ways to say so.
    fn whole(&mut self, dim: &Dim) -> String {
        match self.rng.below(4) {
            0 => format!("0..{dim}"),
            _ => "..".into(),
        }
    }

    /// A matrix product of these dimensions.
    fn product(&mut self, dims: &[Dim], depth: usize) -> Node {
        self.note(Feature::Matrix);
        let inner = self.some_dim();
        let pieces = match dims {
            [rows] if self.rng.percent(60) => {
                let (a, x) = ([rows.clone(), inner.clone()], [inner]);
                pieces!["(", self.array(&Ty::F64, &a, depth), " @ ", self.array(&Ty::F64, &x, depth), ")"]
            }
            [columns] => {
                let (x, a) = ([inner.clone()], [inner, columns.clone()]);
                pieces!["(", self.array(&Ty::F64, &x, depth), " @ ", self.array(&Ty::F64, &a, depth), ")"]
            }
            [rows, columns] => {
                let (a, b) = ([rows.clone(), inner.clone()], [inner, columns.clone()]);
                pieces!["(", self.array(&Ty::F64, &a, depth), " @ ", self.array(&Ty::F64, &b, depth), ")"]
            }
            _ => return self.small_array(&Ty::F64, dims),
        };
        Node::expr(&Ty::floats(dims), pieces)
    }
}

/// The axis of `all` without which it is `dims`.
fn kept(all: &[Dim], dims: &[Dim]) -> Option<usize> {
    (0..all.len()).find(|&gone| {
        let rest = all.iter().enumerate().filter(|(k, _)| *k != gone).map(|(_, d)| d);
        rest.eq(dims.iter())
    })
}
