//! Statements.
//!
//! In: the scope. Out: declarations, assignments to every sort of place, swaps, conditions, and what [`super::loops`] and [`super::calls`] write.

use super::{Flavour, Writer};
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty, list};
use crate::pieces;

/// Statements may be nested so deep.
const DEEPEST: usize = 4;

impl Writer {
    /// Statements of any sort.
    pub(super) fn statements(&mut self, count: usize) -> Vec<Node> {
        self.depth += 1;
        let stmts = (0..count).map(|_| self.statement()).collect();
        self.depth -= 1;
        stmts
    }

    pub(super) fn statement(&mut self) -> Node {
        self.budget -= 1;
        let nest = if self.depth < DEEPEST && self.budget > 0 { 1 } else { 0 };
        let weights = match self.flavour {
            Flavour::Mixed => [8, 3, 2, 10, 6, 3, 2, 5 * nest, 4 * nest, nest, 2 * nest, 4, 3, 1, 1, 6],
            Flavour::Minimal => [2, 0, 0, 8, 0, 0, 8, 4 * nest, 5 * nest, nest, 2 * nest, 2, 1, 0, 0, 1],
            Flavour::Memory => [2, 1, 0, 4, 14, 3, 1, 4 * nest, 5 * nest, nest, nest, 2, 2, 0, 0, 4],
        };
        let stmt = match self.rng.weighted(&weights) {
            0 if self.singles && self.rng.percent(30) => Some(self.single_statement()),
            0 => Some(self.let_float()),
            1 => Some(self.let_array()),
            2 => Some(self.let_compound()),
            3 => self.update(),
            4 => self.element_update(),
            5 => self.array_update(),
            6 => self.swap(),
            7 => Some(self.condition()),
            8 => Some(self.for_loop()),
            9 => Some(self.while_loop()),
            10 => Some(self.nested_loops()),
            11 => self.call_statement(),
            12 => Some(self.exit()),
            13 if self.lambdas && self.rng.percent(50) => Some(self.let_function()),
            13 => Some(self.assertion()),
            14 if self.allowed > 0 && self.rng.percent(60) => self.let_derivative(),
            14 => Some(self.print()),
            _ => self.odd_statement(),
        };
        stmt.unwrap_or_else(|| self.let_float())
    }

    /// Loops of a sort that is not the simplest.
    fn nested_loops(&mut self) -> Node {
        match self.rng.below(4) {
            0 => self.shrinking_loop(),
            1 => self.while_loop(),
            2 => self.sweep(),
            _ => self.for_loop(),
        }
    }

    pub(super) fn let_float(&mut self) -> Node {
        let (ty, value) = match self.rng.below(12) {
            0 => (Ty::I64, self.int(2)),
            1 => (Ty::Bool, self.boolean(2)),
            _ => (Ty::F64, self.float(3)),
        };
        let name = self.new_name("x");
        let mutable = ty == Ty::F64 && self.rng.percent(65) || self.rng.percent(30);
        let ascribed = if self.rng.percent(20) { format!(": {}", ty.text(&self.structs)) } else { String::new() };
        self.declare(&name, ty, mutable);
        let word = if mutable { "let mut" } else { "let" };
        Node::stmt(pieces![format!("{word} {name}{ascribed} = "), value, ";"])
    }

    pub(super) fn let_array(&mut self) -> Node {
        if self.loops > 0 {
            self.note(Feature::LocalArray);
        }
        let rank = 1 + usize::from(self.rng.percent(25));
        let dims: Vec<Dim> = (0..rank).map(|_| self.some_dim()).collect();
        let value = self.array(&Ty::F64, &dims, 2);
        let name = self.new_name("a");
        let mutable = self.rng.percent(80);
        let ty = Ty::floats(&dims);
        let ascribed = if self.rng.percent(20) { format!(": {}", ty.text(&self.structs)) } else { String::new() };
        self.declare(&name, ty, mutable);
        let word = if mutable { "let mut" } else { "let" };
        Node::stmt(pieces![format!("{word} {name}{ascribed} = "), value, ";"])
    }

    /// A struct, a tuple, or the parts of one.
    fn let_compound(&mut self) -> Node {
        if !self.structs.is_empty() && self.rng.percent(45) {
            let id = self.rng.below(self.structs.len());
            let dims: Vec<Dim> = (0..self.structs[id].dims.len()).map(|_| self.some_dim()).collect();
            let ty = Ty::Struct(id, dims);
            let value = self.value(&ty, 2);
            let name = self.fresh("s");
            self.declare(&name, ty, true);
            return Node::stmt(pieces![format!("let mut {name} = "), value, ";"]);
        }
        self.note(Feature::Tuple);
        let (a, b) = (self.fresh("t"), self.fresh("t"));
        if self.rng.percent(25) {
            let x = self.float(2);
            self.declare(&a, Ty::F64, false);
            self.declare(&b, Ty::F64, false);
            return Node::stmt(pieces![format!("let ({a}, {b}) = sincos("), x, ");"]);
        }
        let second = if self.rng.percent(25) { Ty::floats(&[self.some_dim()]) } else { Ty::F64 };
        let ty = Ty::Tuple(vec![Ty::F64, second.clone()]);
        let value = self.value(&ty, 2);
        if self.rng.percent(50) {
            self.declare(&a, ty, true);
            return Node::stmt(pieces![format!("let mut {a} = "), value, ";"]);
        }
        self.declare(&a, Ty::F64, false);
        self.declare(&b, second, false);
        Node::stmt(pieces![format!("let ({a}, {b}) = "), value, ";"])
    }

    /// Changes a scalar.
    pub(super) fn update(&mut self) -> Option<Node> {
        if self.rng.percent(8)
            && let Some(path) = self.place_of(&Ty::I64)
        {
            let op = *self.rng.pick(&["=", "+=", "-="]);
            return Some(Node::stmt(pieces![format!("{} {op} ", path.text), self.int(2), ";"]));
        }
        if self.rng.percent(4)
            && let Some(path) = self.place_of(&Ty::Bool)
        {
            return Some(Node::stmt(pieces![format!("{} = ", path.text), self.boolean(2), ";"]));
        }
        let path = self.place_of(&Ty::F64)?;
        Some(Node::stmt(self.float_update(&path.text.clone().into(), 3)))
    }

    /// `place op= e`, damped: in a loop it happens many times.
    pub(super) fn float_update(&mut self, place: &Piece, depth: usize) -> Vec<Piece> {
        let place = || place.clone();
        let e = self.float(depth);
        let choice = self.rng.below(12);
        if !(2..=5).contains(&choice) {
            self.note(Feature::Compound);
        }
        match choice {
            0..=1 => pieces![place(), " += ", e, ";"],
            2 => pieces![place(), format!(" = {}(", self.smooth()), e, ");"],
            3 => pieces![place(), " = 0.6 * ", place(), " + 0.7 * ", e, ";"],
            4 => pieces![place(), " = ", e, ";"],
            5 => pieces![place(), " = ", place(), " * sin(", e, ");"],
            6 => pieces![place(), " -= 0.4 * ", e, ";"],
            7 => pieces![place(), " *= cos(", e, ");"],
            8 => pieces![place(), " /= (1.3 + ", e, "^2);"],
            9 => pieces![place(), " += 0.3 * ", place(), "^2 + ", e, ";"],
            _ => pieces![place(), format!(" += {}(", self.smooth()), e, ");"],
        }
    }

    /// Changes one element.
    pub(super) fn element_update(&mut self) -> Option<Node> {
        let (path, dims) = self.float_array(true)?;
        self.note(Feature::ArrayWrite);
        if self.rng.percent(15) {
            return Some(self.slice_update(&path.text, &dims));
        }
        let place = self.element(&path.text, &Ty::F64, &dims);
        Some(Node::stmt(self.float_update(&place.into(), 2)))
    }

    /// Changes a row, a column or a part.
    fn slice_update(&mut self, path: &str, dims: &[Dim]) -> Node {
        self.note(Feature::SlicePlace);
        let (place, rest) = match dims {
            [Dim::Lit(k)] => {
                let lo = self.rng.between(0, *k - 1);
                let hi = self.rng.between(lo + 1, *k);
                (format!("{path}[{lo}..{hi}]"), vec![Dim::Lit(hi - lo)])
            }
            [dim] if self.rng.percent(50) => {
                // Moves everything by one: the right-hand side is complete before anything is stored.
                return Node::stmt(pieces![format!("{path}[1..{dim}] = {path}[0..{dim} - 1];")]);
            }
            [dim] => (format!("{path}[..]"), vec![dim.clone()]),
            [a, b, ..] if dims.len() == 2 && self.rng.percent(50) => {
                (format!("{path}[{}, ..]", self.index(a).source().trim()), vec![b.clone()])
            }
            [a, b, ..] if dims.len() == 2 => {
                (format!("{path}[.., {}]", self.index(b).source().trim()), vec![a.clone()])
            }
            _ => (format!("{path}[{}]", vec![".."; dims.len()].join(", ")), dims.to_vec()),
        };
        let value = if self.rng.percent(30) { self.float(1) } else { self.array(&Ty::F64, &rest, 1) };
        let op = *self.rng.pick(&["=", "+=", "-=", "="]);
        Node::stmt(pieces![format!("{place} {op} "), value, ";"])
    }

    /// Changes a whole array.
    pub(super) fn array_update(&mut self) -> Option<Node> {
        let (path, dims) = self.float_array(true)?;
        self.note(Feature::ArrayWrite);
        let pieces = match self.rng.below(5) {
            0 => pieces![format!("{} += 0.5 * ", path.text), self.array(&Ty::F64, &dims, 1), ";"],
            1 => pieces![format!("{} *= cos(", path.text), self.float(1), ");"],
            2 => pieces![format!("{} = {}(", path.text, self.smooth()), self.array(&Ty::F64, &dims, 2), ");"],
            _ => pieces![format!("{} = ", path.text), self.array(&Ty::F64, &dims, 2), ";"],
        };
        Some(Node::stmt(pieces))
    }

    /// Two variables take each other's values, or pass them on.
    pub(super) fn swap(&mut self) -> Option<Node> {
        let places = self.paths(&|p| p.mutable && p.ty == Ty::F64);
        if places.len() < 2 {
            return None;
        }
        let a = self.rng.pick(&places).clone();
        let others: Vec<_> = places.into_iter().filter(|p| p.text != a.text).collect();
        let b = self.rng.pick(&others).text.clone();
        let (a, t) = (a.text, self.fresh("w"));
        self.note(Feature::Swap);
        let e = self.float(2);
        Some(Node::stmt(match self.rng.below(4) {
            0 => pieces![format!("let {t} = {a};\n{a} = {b};\n{b} = {t};")],
            1 => pieces![format!("let {t} = {a};\n{a} = {b};\n{b} = 0.5 * {t} + 0.6 * {b};")],
            2 => pieces![format!("let {t} = ({b}, sin({a}) + 0.3 * "), e, format!(");\n{a} = {t}.0;\n{b} = {t}.1;")],
            _ => pieces![format!("let {t} = {b} * cos("), e, format!(");\n{b} = {a};\n{a} = {t};")],
        }))
    }

    fn condition(&mut self) -> Node {
        let mut pieces = pieces!["if ", self.boolean(3), " {\n", self.nested_body()];
        if self.rng.percent(20) {
            pieces.extend(pieces!["} else if ", self.boolean(2), " {\n", self.nested_body()]);
        }
        if self.rng.percent(50) {
            pieces.extend(pieces!["} else {\n", self.nested_body()]);
        }
        pieces.extend(pieces!["}"]);
        Node::stmt(pieces)
    }

    fn nested_body(&mut self) -> Node {
        let count = 1 + self.rng.below(3);
        Node::body(self.scoped(|w| w.statements(count)))
    }

    fn assertion(&mut self) -> Node {
        self.note(Feature::Assert);
        let condition = match self.rng.below(4) {
            0 => self.boolean(2),
            _ => Node::expr(&Ty::Bool, pieces![self.int(1), " > -1000"]),
        };
        Node::stmt(pieces!["assert(", condition, ", \"as it must be\");"])
    }

    fn print(&mut self) -> Node {
        self.note(Feature::Print);
        let x = self.small_float();
        match self.float_array(false) {
            Some((path, _)) if self.rng.percent(30) => {
                Node::stmt(pieces![format!("print(\"a\", {}, ", path.text), x, ");"])
            }
            _ => Node::stmt(pieces!["print(\"x\", ", x, ");"]),
        }
    }

    /// A float that depends on what is in scope.
    pub(super) fn summary(&mut self) -> Node {
        // In parentheses: a block at the start of a line would end with its brace.
        let mut pieces = pieces!["(", self.float(2), ")"];
        for path in self.paths(&|p| p.ty == Ty::F64 && p.mutable).iter().rev().take(4) {
            pieces.extend(pieces![format!(" + {:?} * {}", self.rng.float(0.3, 1.2), path.text)]);
        }
        let arrays = self.paths(&|p| matches!(&p.ty, Ty::Array(e, _) if **e == Ty::F64) && p.mutable);
        for path in arrays.iter().rev().take(3) {
            let Ty::Array(_, dims) = &path.ty else { continue };
            if self.rng.percent(60) {
                pieces.extend(pieces![format!(" + sum(sin({}))", path.text)]);
            } else {
                pieces.extend(pieces![" + 0.7 * ", self.element(&path.text, &Ty::F64, dims)]);
            }
        }
        Node::expr(&Ty::F64, pieces)
    }

    /// An array whose elements are 0, to be filled in.
    pub(super) fn let_zeros(&mut self) -> Node {
        let dims = [self.some_dim()];
        let name = self.fresh("a");
        self.declare(&name, Ty::floats(&dims), true);
        Node::stmt(pieces![format!("let mut {name} = zeros({});", list(&dims))])
    }
}
