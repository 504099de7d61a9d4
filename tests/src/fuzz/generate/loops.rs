//! Loops, and leaving them.
//!
//! In: the scope. Out: `for` over every form of range, `while` with a counter that the program itself never touches, `break`, `continue` and `return` under conditions.

use super::Writer;
use super::scope::Var;
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

impl Writer {
    /// Brings a variable into scope.
    pub(super) fn declare(&mut self, name: &str, ty: Ty, mutable: bool) {
        self.scope.push(Var::new(name, ty, mutable));
    }

    /// Brings a loop index into scope.
    pub(super) fn declare_index(&mut self, name: &str, below: Option<Dim>) {
        self.scope.push(Var { below, ..Var::new(name, Ty::I64, false) });
    }

    /// A range, what its indices stay below, and whether it has a step.
    fn range(&mut self) -> (Node, Option<Dim>) {
        let dim = self.some_dim();
        let outer: Vec<(String, Dim)> = self
            .scope
            .iter()
            .filter(|v| v.ty == Ty::I64)
            .filter_map(|v| Some((v.name.clone(), v.below.clone()?)))
            .collect();
        let step = |w: &mut Self, text: String| {
            w.note(Feature::StepLoop);
            text
        };
        let (text, below) = match self.rng.below(16) {
            0..=4 => (format!("0..{dim}"), Some(dim)),
            5 => (format!("1..{dim}"), Some(dim)),
            6 => (format!("0..={}", self.rng.between(0, 3)), Some(Dim::Lit(4))),
            7 => (step(self, format!("0..{dim} step 2")), Some(dim)),
            8 => (step(self, format!("{dim} - 1..=0 step -1")), Some(dim)),
            9 => (step(self, format!("({dim} - 1)..-1 step -{}", self.rng.clone().between(1, 2))), Some(dim)),
            10 | 11 if !outer.is_empty() => {
                self.note(Feature::Triangular);
                let (i, below) = self.rng.pick(&outer).clone();
                let text = match self.rng.below(4) {
                    0 => format!("0..{i}"),
                    1 => format!("0..={i}"),
                    2 => format!("{i} + 1..{below}"),
                    _ => format!("{i}..{below}"),
                };
                (text, Some(below))
            }
            12 => {
                let k = self.small_int();
                return (Node::group(pieces!["0..min(", k, ", 3)"]), Some(Dim::Lit(3)));
            }
            13 => {
                let k = self.int(1);
                let bound = self.rng.between(2, 4);
                return (Node::group(pieces!["0..abs(", k, format!(") % {bound}")]), Some(Dim::Lit(bound)));
            }
            14 => (format!("{}..{}", self.rng.between(0, 3), self.rng.between(0, 3)), None),
            _ => (format!("0..{dim}"), Some(dim)),
        };
        (Node::group(pieces![text]), below)
    }

    /// `for`
    pub(super) fn for_loop(&mut self) -> Node {
        self.note_loop();
        let (range, below) = self.range();
        let i = self.fresh("i");
        let kept = self.kept();
        let body = self.loop_body(|w| w.declare_index(&i, below));
        Node::stmt(pieces![kept, format!("for {i} in "), range, " {\n", body, "}"])
    }

    fn note_loop(&mut self) {
        self.note(Feature::Loop);
        if self.loops > 0 {
            self.note(Feature::NestedLoop);
        }
    }

    fn loop_body(&mut self, declare: impl FnOnce(&mut Self)) -> Node {
        let before = std::mem::replace(&mut self.breakable, true);
        let kept = usize::from(std::mem::take(&mut self.kept));
        self.checkpointed += kept;
        self.loops += 1;
        let count = 1 + self.rng.below(4);
        let body = self.scoped(|w| {
            declare(w);
            w.statements(count)
        });
        self.loops -= 1;
        self.checkpointed -= kept;
        self.breakable = before;
        Node::body(body)
    }

    /// `while`, with its counter before it.
    pub(super) fn while_loop(&mut self) -> Node {
        self.note_loop();
        self.note(Feature::While);
        let k = self.fresh("k");
        self.declare_index(&k, None);
        let rounds = match self.dims().first() {
            Some(dim) if self.rng.percent(30) => dim.to_string(),
            _ => self.rng.between(0, 4).to_string(),
        };
        let condition = match self.rng.below(3) {
            0 => pieces![format!("{k} < {rounds} && "), self.boolean(1)],
            _ => pieces![format!("{k} < {rounds}")],
        };
        let endless = self.rng.percent(15);
        let kept = self.kept_while();
        let body = self.loop_body(|_| {});
        let pieces = if endless {
            self.note(Feature::Break);
            let mut pieces =
                pieces![format!("let mut {k} = 0;\n"), kept, "while true {\nif !(", Node::group(condition)];
            pieces.extend(pieces![format!(") {{ break; }}\n{k} += 1;\n"), body, "}"]);
            pieces
        } else {
            let mut pieces = pieces![format!("let mut {k} = 0;\n"), kept, "while ", Node::group(condition)];
            pieces.extend(pieces![format!(" {{\n{k} += 1;\n"), body, "}"]);
            pieces
        };
        Node::stmt(pieces)
    }

    fn kept_while(&mut self) -> Node {
        let kept = self.kept();
        if self.kept {
            self.note(Feature::CheckpointedWhile);
        }
        kept
    }

    /// `while` whose condition is about a float that shrinks.
    pub(super) fn shrinking_loop(&mut self) -> Node {
        self.note_loop();
        self.note(Feature::While);
        let v = self.fresh("v");
        let start = self.small_float();
        let floor = self.rng.float(0.2, 0.9);
        let floor = (floor * 1e5 + 41.0).round() / 1e5;
        let shrink = self.rng.float(0.4, 0.7);
        self.declare(&v, Ty::F64, false);
        let kept = self.kept_while();
        let body = self.loop_body(|_| {});
        let mut pieces =
            pieces![format!("let mut {v} = 1.7 + sin("), start, ");\n", kept, format!("while {v} > {floor:?} {{\n")];
        pieces.extend(pieces![format!("{v} *= {shrink:?};\n"), body, "}"]);
        Node::stmt(pieces)
    }

    /// Leaves a loop or the function, if a condition holds.
    pub(super) fn exit(&mut self) -> Node {
        let condition = self.boolean(2);
        let before = if self.rng.percent(40) { self.scoped(|w| w.update()) } else { None };
        let leave = match self.rng.below(3) {
            0 if self.breakable => {
                self.note(Feature::Break);
                Node::stmt(pieces!["break;"])
            }
            1 if self.breakable => {
                self.note(Feature::Continue);
                Node::stmt(pieces!["continue;"])
            }
            _ => {
                self.note(Feature::Return);
                match self.result.clone() {
                    Some(ty) => Node::stmt(pieces!["return ", self.value(&ty, 2), ";"]),
                    None => Node::stmt(pieces!["return;"]),
                }
            }
        };
        let body = Node::body(before.into_iter().chain([leave]).collect());
        if self.rng.percent(20) {
            let other = self.scoped(|w| w.statements(1));
            return Node::stmt(pieces!["if ", condition, " {\n", body, "} else {\n", Node::body(other), "}"]);
        }
        Node::stmt(pieces!["if ", condition, " {\n", body, "}"])
    }
}
