//! What nobody writes but everybody may: effects inside expressions, exits inside values, parts of unnamed things, extents that types don't know.
//!
//! In: the scope. Out: expressions and statements whose meaning hangs on the order of evaluation, on copies, or on checks at run time.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

impl Writer {
    /// A float with an effect in it, or a part of something without a name.
    pub(super) fn odd_float_value(&mut self, depth: usize) -> Option<Node> {
        let pieces = match self.rng.below(8) {
            0..=1 => {
                // Left to right: the first sees the old value, the last the new one.
                let x = self.place_of(&Ty::F64)?.text;
                let e = self.float(depth);
                self.note(Feature::Effect);
                pieces![format!("({x} + {{ {x} = 0.4 * {x} + 0.5 * "), e, format!("; {x} }} * {x})")]
            }
            2 => {
                let (path, dims) = self.float_array(true)?;
                let a = path.text;
                self.note(Feature::Effect);
                self.note(Feature::ArrayWrite);
                let (read, write) = (self.element(&a, &Ty::F64, &dims), self.element(&a, &Ty::F64, &dims));
                let e = self.float(depth);
                pieces!["(", read.clone(), " * { ", write, " = cos(", e, "); ", read, " })"]
            }
            3 => {
                let (path, dims) = self.float_array(true)?;
                let a = path.text;
                self.note(Feature::Effect);
                self.note(Feature::ArrayWrite);
                let write = self.element(&a, &Ty::F64, &dims);
                pieces![format!("sum({a} * {{ "), write, format!(" = 0.7; {a} }})")]
            }
            4 => {
                let dim = self.some_dim();
                let a = self.array(&Ty::F64, std::slice::from_ref(&dim), depth);
                let i = self.index(&dim);
                pieces!["(", a, ")[", i, "]"]
            }
            5 => {
                let (a, b) = (self.float(depth), self.float(depth));
                let i = self.index(&Dim::Lit(2));
                pieces!["[", a, ", ", b, "][", i, "]"]
            }
            6 => pieces!["sincos(", self.float(depth), format!(").{}", self.rng.between(0, 1))],
            _ => {
                let (a, b) = (self.float(depth), self.float(depth));
                pieces!["(", a, ", ", b, format!(").{}", self.rng.between(0, 1))]
            }
        };
        Some(Node::expr(&Ty::F64, pieces))
    }

    /// A statement of an unusual sort.
    pub(super) fn odd_statement(&mut self) -> Option<Node> {
        match self.rng.below(8) {
            0 => self.whole_update(),
            1 => self.exit_in_value(),
            2..=3 => self.unknown_part(),
            4 => self.index_with_effect(),
            5 => Some(self.let_ints()),
            6 => self.int_element_update(),
            _ => self.copied_then_changed(),
        }
    }

    /// A whole struct or tuple takes another value.
    fn whole_update(&mut self) -> Option<Node> {
        let path = self.path(&|p| p.mutable && matches!(p.ty, Ty::Struct(..) | Ty::Tuple(_)))?;
        let value = self.value(&path.ty.clone(), 2);
        Some(Node::stmt(pieces![format!("{} = ", path.text), value, ";"]))
    }

    /// `let x = if c { return y; } else { z };`
    fn exit_in_value(&mut self) -> Option<Node> {
        let condition = self.boolean(2);
        let leave = match self.rng.below(3) {
            0 if self.breakable => {
                self.note(Feature::Break);
                pieces!["break;"]
            }
            1 if self.breakable => {
                self.note(Feature::Continue);
                pieces!["continue;"]
            }
            _ => {
                self.note(Feature::Return);
                match self.result.clone() {
                    Some(ty) => pieces!["return ", self.value(&ty, 2), ";"],
                    None => pieces!["return;"],
                }
            }
        };
        let value = self.float(2);
        let name = self.fresh("x");
        self.declare(&name, Ty::F64, true);
        let mut pieces = pieces![format!("let mut {name} = if "), condition, " { "];
        pieces.extend(leave);
        pieces.extend(pieces![" } else { ", value, " };"]);
        Some(Node::stmt(pieces))
    }

    /// Parts whose length only the run knows.
    fn unknown_part(&mut self) -> Option<Node> {
        let (to, dims) = self.float_array(true)?;
        let [dim] = &dims[..] else { return None };
        let from = self.path_of(&Ty::floats(&dims))?.text;
        let (q, k, to) = (self.fresh("q"), self.int(1), to.text);
        self.note(Feature::UnknownLength);
        self.note(Feature::ArrayWrite);
        let mut pieces =
            pieces![format!("let {q} = "), Node::expr(&Ty::I64, pieces!["min(abs(", k, format!("), {dim})")]), ";\n"];
        let e = self.float(1);
        pieces.extend(match self.rng.below(5) {
            0 => pieces![format!("{to}[0..{q}] = sin({from}[0..{q}] * "), e, ");"],
            1 => pieces![format!("{to}[{q}..] += "), e, format!(" * {from}[{q}..];")],
            2 => pieces![format!("{to}[{q}..{dim}] = {from}[0..{dim} - {q}];")],
            3 => {
                let s = self.place_of(&Ty::F64)?.text;
                pieces![format!("{s} += sum({to}[0..{q}] * {from}[0..{q}]) + 0.1 * "), e, ";"]
            }
            // Now and then of the wrong length.
            _ => pieces![format!("{to}[0..{q}] = {from}[0..min({q}, 2)] + "), e, ";"],
        });
        self.declare_index(&q, None);
        Some(Node::stmt(pieces))
    }

    /// `a[{ x = …; i }] += x`: the subscript is evaluated once, and first.
    fn index_with_effect(&mut self) -> Option<Node> {
        let x = self.place_of(&Ty::F64)?.text;
        let (path, dims) = self.float_array(true)?;
        let [dim] = &dims[..] else { return None };
        self.note(Feature::Effect);
        self.note(Feature::ArrayWrite);
        let (e, i) = (self.float(1), self.index(dim));
        let op = *self.rng.pick(&["=", "+=", "*="]);
        Some(Node::stmt(pieces![
            format!("{}[{{ {x} = 0.3 * {x} + 0.4 * ", path.text),
            e,
            "; ",
            i,
            format!(" }}] {op} 0.9 * {x};")
        ]))
    }

    fn let_ints(&mut self) -> Node {
        let dim = self.some_dim();
        let name = self.fresh("k");
        let ty = Ty::ints(std::slice::from_ref(&dim));
        let value = match self.rng.below(3) {
            0 => pieces![format!("fill({}, {dim})", self.rng.between(0, 2))],
            _ => {
                let i = self.fresh("i");
                self.scoped(|w| {
                    w.declare_index(&i, Some(dim.clone()));
                    pieces!["[", w.int(1), format!(" for {i} in 0..{dim}]")]
                })
            }
        };
        self.declare(&name, ty.clone(), true);
        // Without its type, `fill(0, n)` would be floats.
        let written = ty.text(&self.structs);
        Node::stmt(pieces![format!("let mut {name}: {written} = "), Node::expr(&ty, value), ";"])
    }

    fn int_element_update(&mut self) -> Option<Node> {
        let path = self.path(&|p| p.mutable && matches!(&p.ty, Ty::Array(e, _) if **e == Ty::I64))?;
        let Ty::Array(_, dims) = path.ty.clone() else { return None };
        let place = self.element(&path.text, &Ty::I64, &dims);
        let op = *self.rng.pick(&["=", "+=", "-="]);
        Some(Node::stmt(pieces![place, format!(" {op} "), self.int(2), ";"]))
    }

    /// A copy is made, then one of the two is changed; both are used.
    fn copied_then_changed(&mut self) -> Option<Node> {
        let (path, dims) = self.float_array(true)?;
        let (a, b) = (path.text, self.fresh("a"));
        self.note(Feature::ArrayWrite);
        let changed = if self.rng.percent(50) { a.clone() } else { b.clone() };
        let place = self.element(&changed, &Ty::F64, &dims);
        let e = self.float(2);
        let word = if changed == b || self.rng.percent(50) { "let mut" } else { "let" };
        self.declare(&b, Ty::floats(&dims), word == "let mut");
        let mut pieces: Vec<Piece> = pieces![format!("{word} {b} = {a};\n"), place, " = sin(", e, ");"];
        if let Some(s) = self.place_of(&Ty::F64) {
            pieces.extend(pieces![format!("\n{} += sum({a} * {b});", s.text)]);
        }
        Some(Node::stmt(pieces))
    }

    /// A comprehension over a range of another form, with this many elements.
    pub(super) fn odd_range(&mut self, count: i64, i: &str) -> String {
        match self.rng.below(4) {
            0 => format!("{i} in 0..={}", count - 1),
            1 => format!("{i} in 0..{} step 2", 2 * count),
            2 => format!("{i} in {}..0 step -1", count),
            _ => format!("{i} in 1..{}", count + 1),
        }
    }
}
