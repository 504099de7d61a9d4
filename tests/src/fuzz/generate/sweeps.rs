//! Loops over data, as statistics and numerics are full of them, and loops that keep snapshots.
//!
//! In: arrays in scope. Out: sums over data, maps that are used later, sums per row and their logarithms, scratch arrays made outside of the loop that fills them, also in the arms of an `if`; what comes after the
//! loop decides whether an adjoint is known before it. And `@checkpoint(…)` before loops of every sort.

use super::Writer;
use super::scope::Path;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece, Sort};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

impl Writer {
    /// Loops over data.
    pub(super) fn sweep(&mut self) -> Node {
        self.note(Feature::ArrayShape);
        self.note(Feature::Loop);
        if !self.rng.percent(20) {
            return self.sweep_shape();
        }
        self.note(Feature::LoopInArm);
        let condition = self.boolean(2);
        let then = self.scoped(|w| Node::body(vec![w.sweep_into_place()]));
        let mut pieces = pieces!["if ", condition, " {\n", then, "}"];
        if self.rng.percent(50) {
            let otherwise = self.scoped(|w| Node::body(vec![w.sweep_into_place()]));
            pieces.extend(pieces![" else {\n", otherwise, "}"]);
        }
        Node::stmt(pieces)
    }

    fn sweep_shape(&mut self) -> Node {
        match self.rng.below(10) {
            0..=3 => self.sums(),
            4..=5 => self.map_then_sum(),
            6..=7 => self.sums_of_rows(),
            8 => self.scratch_outside(),
            _ => self.sweep_into_place(),
        }
    }

    /// An array over a dimension, which may be data.
    fn data(&mut self) -> Option<(String, Vec<Dim>)> {
        let (path, dims) = self.float_array(false)?;
        Some((path.text, dims))
    }

    /// What an iteration adds: made of an element, an index of its loop in scope.
    fn term(&mut self, data: &str, dims: &[Dim], index: &[&str]) -> Node {
        let mut element = pieces![format!("{data}[")];
        for (k, dim) in dims.iter().enumerate() {
            let subscript = match index.get(k) {
                Some(i) => Node::expr(&Ty::I64, pieces![(*i).to_owned()]),
                None => self.index(dim),
            };
            element.extend(pieces![if k == 0 { "" } else { ", " }, subscript]);
        }
        element.extend(pieces!["]"]);
        let x = Node::expr(&Ty::F64, element);
        let pieces = match self.rng.below(8) {
            0 => return x,
            1 => pieces!["(", x.clone(), " - ", self.float(1), ")^2"],
            2 => pieces![x, " * ", self.float(1)],
            3 => pieces!["log(1.1 + ", x, "^2)"],
            4 => pieces!["exp(-0.5 * (", x, ")^2)"],
            5 => pieces![
                "(if ",
                x.clone(),
                " > ",
                format!("{:?}", self.odd_float()),
                " { ",
                x,
                " } else { ",
                self.float(1),
                " })"
            ],
            6 => pieces!["exp(0.3 * ", x, ") * ", self.float(1)],
            _ => pieces![format!("{}(", self.smooth()), x, " + ", self.float(1), ")"],
        };
        Node::expr(&Ty::F64, pieces)
    }

    /// What is done with a sum after its loop.
    fn after(&mut self, sum: &str) -> Vec<Piece> {
        let name = self.fresh("x");
        let pieces = match self.rng.below(6) {
            0 => pieces![format!("\nlet mut {name} = log(0.4 + {sum}^2);")],
            1 => pieces![format!("\nlet mut {name} = {sum} * "), self.float(1), ";"],
            2 => {
                let Some(place) = self.place_of(&Ty::F64) else { return Vec::new() };
                return pieces![format!("\n{} += 0.3 * {sum};", place.text)];
            }
            _ => return Vec::new(),
        };
        self.declare(&name, Ty::F64, true);
        pieces
    }

    /// `for i in 0..n {`, perhaps with a checkpoint before it.
    fn head(&mut self, i: &str, dim: &Dim) -> Vec<Piece> {
        let range = match self.rng.below(8) {
            0 => format!("1..{dim}"),
            1 => format!("{dim} - 1..=0 step -1"),
            _ => format!("0..{dim}"),
        };
        pieces![self.kept(), format!("for {i} in {range} {{\n")]
    }

    /// One sum over data, or two.
    fn sums(&mut self) -> Node {
        let Some((data, dims)) = self.data() else { return self.for_loop() };
        let (s, q, i) = (self.fresh("s"), self.fresh("s"), self.fresh("i"));
        let two = self.rng.percent(35);
        let mut pieces = pieces![format!("let mut {s} = 0.0;\n")];
        if two {
            pieces.extend(pieces![format!("let mut {q} = 0.0;\n")]);
        }
        let head = self.head(&i, &dims[0]);
        let body = self.inside_loop(&[(&i, &dims[0])], |w| {
            let op = *w.rng.pick(&["+=", "+=", "+=", "-="]);
            let first = w.rng.percent(20).then(|| w.mutable_float());
            let mut stmts = vec![Node::stmt(pieces![format!("{s} {op} "), w.term(&data, &dims, &[&i]), ";"])];
            if two {
                let term = w.term(&data, &dims, &[&i]);
                let condition = w.rng.percent(30).then(|| w.boolean(1));
                let mut add = pieces![format!("{q} += "), term, ";"];
                if let Some(condition) = condition {
                    add = pieces!["if ", condition, " {\n", Node::body(vec![Node::stmt(add)]), "}"];
                }
                stmts.push(Node::stmt(add));
            }
            if w.rng.percent(12) {
                let at = w.rng.below(stmts.len() + 1);
                stmts.insert(at, w.exit());
            }
            first.into_iter().chain(stmts).collect()
        });
        pieces.extend(head);
        pieces.extend(pieces![body, "}"]);
        self.declare(&s, Ty::F64, true);
        if two {
            self.declare(&q, Ty::F64, true);
        }
        pieces.extend(self.after(&s));
        Node::stmt(pieces)
    }

    /// An array that one loop fills and another sums.
    fn map_then_sum(&mut self) -> Node {
        let Some((data, dims)) = self.data() else { return self.for_loop() };
        let dim = dims[0].clone();
        let (w_name, s) = (self.fresh("a"), self.fresh("s"));
        let (i, j) = (self.fresh("i"), self.fresh("i"));
        let mut pieces = pieces![format!("let mut {w_name} = zeros({dim});\nlet mut {s} = 0.0;\n")];
        self.note(Feature::ArrayWrite);
        pieces.extend(self.head(&i, &dim));
        let fill = self.inside_loop(&[(&i, &dim)], |w| {
            let op = *w.rng.pick(&["=", "=", "+="]);
            vec![Node::stmt(pieces![format!("{w_name}[{i}] {op} "), w.term(&data, &dims, &[&i]), ";"])]
        });
        pieces.extend(pieces![fill, "}\n"]);
        self.declare(&w_name, Ty::floats(std::slice::from_ref(&dim)), true);
        pieces.extend(self.head(&j, &dim));
        let used = self.inside_loop(&[(&j, &dim)], |w| {
            let term = w.term(&w_name.clone(), std::slice::from_ref(&dim), &[&j]);
            let mut stmts = vec![Node::stmt(pieces![format!("{s} += "), term, ";"])];
            if w.rng.percent(15) {
                stmts.extend(w.change_of(&w_name));
            }
            stmts
        });
        pieces.extend(pieces![used, "}"]);
        self.declare(&s, Ty::F64, true);
        pieces.extend(self.after(&s));
        Node::stmt(pieces)
    }

    /// The logarithm of a sum for each row.
    fn sums_of_rows(&mut self) -> Node {
        let rank = |p: &Path| match &p.ty {
            Ty::Array(e, dims) if **e == Ty::F64 => dims.len(),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Array(..) | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => 0,
        };
        let path = self.path(&|p| rank(p) == 2).or_else(|| self.path(&|p| rank(p) == 1));
        let Some(Path { ty: Ty::Array(_, own), text: data, .. }) = path else { return self.for_loop() };
        self.note(Feature::NestedLoop);
        let mut dims = own.clone();
        if dims.len() == 1 {
            dims.push(self.some_dim());
        }
        let (s, t, i, j) = (self.fresh("s"), self.fresh("s"), self.fresh("i"), self.fresh("i"));
        let mut pieces = pieces![format!("let mut {s} = 0.0;\n")];
        pieces.extend(self.head(&i, &dims[0]));
        let body = self.inside_loop(&[(&i, &dims[0])], |w| {
            let mut inner = pieces![format!("let mut {t} = 0.0;\n")];
            inner.extend(w.head(&j, &dims[1]));
            let add = w.inside_loop(&[(&j, &dims[1])], |w| {
                let term = w.term(&data, &own, &[&i, &j]);
                vec![Node::stmt(pieces![format!("{t} += exp(0.4 * "), term, ");"])]
            });
            inner.extend(pieces![add, "}"]);
            let end = match w.rng.below(3) {
                0 => format!("{s} += log({t} + 0.1);"),
                1 => format!("{s} += {t}^2;"),
                _ => format!("{s} += log(1.2 + {t}) * {t};"),
            };
            vec![Node::stmt(inner), Node::stmt(pieces![end])]
        });
        pieces.extend(pieces![body, "}"]);
        self.declare(&s, Ty::F64, true);
        pieces.extend(self.after(&s));
        Node::stmt(pieces)
    }

    /// An array made outside, which each iteration fills again.
    fn scratch_outside(&mut self) -> Node {
        let Some((data, dims)) = self.data() else { return self.for_loop() };
        let (rows, dim) = (dims[0].clone(), self.some_dim());
        let (a, s) = (self.fresh("a"), self.fresh("s"));
        let (i, j, k) = (self.fresh("i"), self.fresh("i"), self.fresh("i"));
        self.note(Feature::NestedLoop);
        self.note(Feature::ArrayWrite);
        let mut pieces = pieces![format!("let mut {a} = zeros({dim});\nlet mut {s} = 0.0;\n")];
        self.declare(&a, Ty::floats(std::slice::from_ref(&dim)), true);
        pieces.extend(self.head(&i, &rows));
        let body = self.inside_loop(&[(&i, &rows)], |w| {
            let fill = w.inside_loop(&[(&j, &dim)], |w| {
                vec![Node::stmt(pieces![format!("{a}[{j}] = "), w.term(&data, &dims, &[&i]), " + ", w.float(1), ";"])]
            });
            let used = w.inside_loop(&[(&k, &dim)], |w| {
                let term = w.term(&a, std::slice::from_ref(&dim), &[&k]);
                vec![Node::stmt(pieces![format!("{s} += "), term, ";"])]
            });
            vec![
                Node::stmt(pieces![format!("for {j} in 0..{dim} {{\n"), fill, "}"]),
                Node::stmt(pieces![format!("for {k} in 0..{dim} {{\n"), used, "}"]),
            ]
        });
        pieces.extend(pieces![body, "}"]);
        self.declare(&s, Ty::F64, true);
        pieces.extend(self.after(&s));
        Node::stmt(pieces)
    }

    /// A loop that adds to a variable from outside.
    fn sweep_into_place(&mut self) -> Node {
        let (Some((data, dims)), Some(place)) = (self.data(), self.place_of(&Ty::F64)) else { return self.for_loop() };
        let i = self.fresh("i");
        let place = place.text;
        let mut pieces = self.head(&i, &dims[0]);
        let body = self.inside_loop(&[(&i, &dims[0])], |w| {
            vec![Node::stmt(pieces![format!("{place} += 0.5 * "), w.term(&data, &dims, &[&i]), ";"])]
        });
        pieces.extend(pieces![body, "}"]);
        Node::stmt(pieces)
    }

    /// The body of a loop with these indices.
    fn inside_loop(&mut self, indices: &[(&str, &Dim)], write: impl FnOnce(&mut Self) -> Vec<Node>) -> Node {
        let before = std::mem::replace(&mut self.breakable, true);
        let kept = usize::from(std::mem::take(&mut self.kept));
        self.checkpointed += kept;
        self.loops += 1;
        let stmts = self.scoped(|w| {
            indices.iter().for_each(|(i, dim)| w.declare_index(i, Some((*dim).clone())));
            write(w)
        });
        self.loops -= 1;
        self.checkpointed -= kept;
        self.breakable = before;
        Node::body(stmts)
    }

    /// `@checkpoint(…)` for the next loop, or nothing.
    pub(super) fn kept(&mut self) -> Node {
        self.kept = self.rng.percent(self.checkpoints);
        let text = if self.kept { self.checkpoint() } else { pieces![] };
        Node { sort: Sort::Kept, pieces: text }
    }

    fn checkpoint(&mut self) -> Vec<Piece> {
        if self.checkpointed > 0 {
            self.note(Feature::CheckpointInCheckpoint);
        }
        let (feature, name) =
            *self.rng.pick(&[(Feature::Every, "every"), (Feature::Binomial, "binomial"), (Feature::Budget, "budget")]);
        self.note(feature);
        if feature == Feature::Budget {
            let budget = *self.rng.pick(&["1 B", "100 B", "300 B", "1 KiB", "4 kB", "1 MiB"]);
            return pieces![format!("@checkpoint(budget: {budget})\n")];
        }
        let size = match self.rng.below(6) {
            0 => {
                // Nothing that could stop the run: without the attribute it is not evaluated.
                let path = self.path_of(&Ty::I64).map_or_else(|| "7".to_owned(), |path| path.text);
                Node::expr(&Ty::I64, pieces![format!("abs({path}) % 4")])
            }
            1 => Node::expr(&Ty::I64, pieces!["100"]),
            _ => Node::expr(&Ty::I64, pieces![self.rng.between(1, 4).to_string()]),
        };
        pieces![format!("@checkpoint({name}: "), size, ")\n"]
    }
}
