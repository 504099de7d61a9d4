//! Numbers of 32 bits.
//!
//! In: a depth, or dimensions. Out: expressions of `f32` and arrays of them, conversions both ways, variables that change. Literals adapt; nothing else becomes an `f32` by itself. In programs with such numbers derivatives are
//! compared to fewer digits.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

/// `[f32; …]`
fn array_of(dims: &[Dim]) -> Ty {
    Ty::Array(Box::new(Ty::F32), dims.to_vec())
}

impl Writer {
    /// An `f32`.
    pub(super) fn single(&mut self, depth: usize) -> Node {
        self.note(Feature::Single);
        if self.poor(depth) || self.rng.percent(25) {
            return self.small_single();
        }
        let d = depth - 1;
        let pieces = match self.rng.below(12) {
            0..=1 => pieces!["(", self.single(d), *self.rng.pick(&[" + ", " - ", " * "]), self.single(d), ")"],
            2 => pieces!["(", self.single(d), format!(" * {:?})", self.rng.float(-1.5, 1.5))],
            3 => pieces!["(", self.single(d), " / (1.25 + ", self.single(d), "^2))"],
            4..=5 => pieces![format!("{}(", self.smooth()), self.single(d), ")"],
            6 => pieces!["sqrt(1 + ", self.single(d), "^2)"],
            7 => {
                let i = self.fresh("i");
                self.scoped(|w| {
                    let dim = w.some_dim();
                    w.declare_index(&i, Some(dim.clone()));
                    pieces!["sum(", w.single(d), format!(" for {i} in 0..{dim})")]
                })
            }
            8 => {
                let dims = [self.some_dim()];
                pieces!["sum(", self.singles(&dims, d), ")"]
            }
            9 => pieces!["(if ", self.boolean(d), " { ", self.single(d), " } else { ", self.single(d), " })"],
            10 => pieces!["f32(", self.int(1), ")"],
            _ => pieces!["f32(", self.float(d), ")"],
        };
        Node::expr(&Ty::F32, pieces)
    }

    /// A variable, an element, or a converted number.
    fn small_single(&mut self) -> Node {
        match self.rng.below(4) {
            0..=1 => {
                if let Some(path) = self.path_of(&Ty::F32) {
                    return Node::expr(&Ty::F32, pieces![path.text]);
                }
            }
            2 => {
                if let Some((path, dims)) = self.array_of_singles(false) {
                    return self.element(&path, &Ty::F32, &dims);
                }
            }
            _ => {}
        }
        let x = self.small_float();
        Node::expr(&Ty::F32, pieces!["f32(", x, ")"])
    }

    fn array_of_singles(&mut self, mutable: bool) -> Option<(String, Vec<Dim>)> {
        let path =
            self.path(&|p| (p.mutable || !mutable) && matches!(&p.ty, Ty::Array(element, _) if **element == Ty::F32))?;
        match path.ty {
            Ty::Array(_, dims) => Some((path.text, dims)),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => None,
        }
    }

    /// An array of `f32`.
    pub(super) fn singles(&mut self, dims: &[Dim], depth: usize) -> Node {
        self.note(Feature::Single);
        let ty = array_of(dims);
        if self.poor(depth) || self.rng.percent(30) {
            return match self.path_of(&ty) {
                Some(path) => Node::expr(&ty, pieces![path.text]),
                None => Node::expr(&ty, pieces!["f32(", self.array(&Ty::F64, dims, 0), ")"]),
            };
        }
        let d = depth - 1;
        let pieces = match self.rng.below(6) {
            0 => pieces!["(", self.singles(dims, d), *self.rng.pick(&[" + ", " * "]), self.singles(dims, d), ")"],
            1 => pieces!["(", self.single(d), " * ", self.singles(dims, d), ")"],
            2 => pieces![format!("{}(", self.smooth()), self.singles(dims, d), ")"],
            3 if dims.len() == 1 => {
                let i = self.fresh("i");
                self.scoped(|w| {
                    w.declare_index(&i, Some(dims[0].clone()));
                    pieces!["[", w.single(d), format!(" for {i} in 0..{}]", dims[0])]
                })
            }
            _ => pieces!["f32(", self.array(&Ty::F64, dims, d), ")"],
        };
        Node::expr(&ty, pieces)
    }

    /// An `f64` that was an `f32`.
    pub(super) fn float_of_singles(&mut self, depth: usize) -> Node {
        let pieces = match self.array_of_singles(false) {
            Some((path, _)) if self.rng.percent(40) => pieces![format!("sum(f64({path}) * "), self.float(1), ")"],
            _ => pieces!["f64(", self.single(depth), ")"],
        };
        Node::expr(&Ty::F64, pieces)
    }

    /// A declaration or a change of an `f32`, or of an array of them.
    pub(super) fn single_statement(&mut self) -> Node {
        self.note(Feature::Single);
        match self.rng.below(6) {
            0..=1 => {
                if let Some(path) = self.place_of(&Ty::F32) {
                    let op = *self.rng.pick(&["= 0.5 * ", "+= ", "-= 0.25 * "]);
                    return Node::stmt(pieces![format!("{} {op}", path.text), self.single(2), ";"]);
                }
            }
            2..=3 => {
                if let Some((path, dims)) = self.array_of_singles(true) {
                    self.note(Feature::ArrayWrite);
                    let place = self.element(&path, &Ty::F32, &dims);
                    let op = *self.rng.pick(&[" = ", " += 0.5 * "]);
                    return Node::stmt(pieces![place, op, self.single(2), ";"]);
                }
            }
            4 => {
                let dims = [self.some_dim()];
                let value = self.singles(&dims, 2);
                let name = self.fresh("b");
                self.declare(&name, array_of(&dims), true);
                return Node::stmt(pieces![format!("let mut {name} = "), value, ";"]);
            }
            _ => {}
        }
        let value = self.single(2);
        let name = self.fresh("h");
        self.declare(&name, Ty::F32, true);
        let ascribed = if self.rng.percent(50) { ": f32" } else { "" };
        Node::stmt(pieces![format!("let mut {name}{ascribed} = "), value, ";"])
    }

    /// `f32`, or an array of it.
    pub(super) fn single_or_array(&mut self) -> Ty {
        self.note(Feature::Single);
        if self.rng.percent(50) { Ty::F32 } else { array_of(&[self.some_dim()]) }
    }

    /// The type of a parameter.
    pub(super) fn single_param(&mut self, dims: &[&str]) -> Ty {
        self.note(Feature::Single);
        match self.rng.below(2) {
            0 => Ty::F32,
            _ => array_of(&[Dim::name(self.rng.pick::<&str>(dims))]),
        }
    }
}
