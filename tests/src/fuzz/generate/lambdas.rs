//! Functions as values: lambdas, names for functions, functions as arguments.
//!
//! In: a function type. Out: a lambda whose body may mention whatever is in scope (and assigns none of it), a variable or an item of that type, a function of the table, or a derivative that is one; and calls of
//! all these. How many derivatives stand inside one another is counted, so that it stays within [`Writer::allowed`].

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::Ty;
use crate::pieces;

/// Functions of the table that any operand suits.
const TABLE: [&str; 5] = ["sin", "tanh", "atan", "sigmoid", "erf"];

impl Writer {
    /// Writes what stands inside so many derivatives; also how many more are in it.
    pub(super) fn inside<T>(&mut self, orders: usize, write: impl FnOnce(&mut Self) -> T) -> (T, usize) {
        let (allowed, order) = (self.allowed, std::mem::take(&mut self.order));
        self.allowed = allowed.saturating_sub(orders);
        self.differentiating += orders;
        let written = write(self);
        self.differentiating -= orders;
        let inner = self.order;
        self.allowed = allowed;
        self.order = order.max(inner + orders);
        (written, inner)
    }

    /// `|x, y| …`, its parameters perhaps with types.
    pub(super) fn lambda(&mut self, params: &[Ty], result: &Ty, depth: usize, typed: bool) -> Node {
        self.note(Feature::Lambda);
        let names: Vec<String> = params.iter().map(|_| self.fresh("l")).collect();
        let heads = names.iter().zip(params).map(|(name, ty)| match typed {
            true => format!("{name}: {}", ty.text(&self.structs)),
            false => name.clone(),
        });
        let head = format!("|{}| ", heads.collect::<Vec<_>>().join(", "));
        let around = (self.breakable, self.result.replace(result.clone()));
        let could: Vec<bool> = self.scope.iter_mut().map(|v| std::mem::take(&mut v.mutable)).collect();
        self.breakable = false;
        let body = self.scoped(|w| {
            names.iter().zip(params).for_each(|(name, ty)| w.declare(name, ty.clone(), false));
            let body = w.scoped(|w| w.lambda_body(result, depth));
            w.through(body, &names, result)
        });
        self.scope.iter_mut().zip(could).for_each(|(v, could)| v.mutable = could);
        (self.breakable, self.result) = around;
        Node::group(pieces![head, body])
    }

    /// The body of a lambda, with the parameters in it that it does not mention.
    fn through(&mut self, mut body: Node, names: &[String], result: &Ty) -> Node {
        if !matches!(result, Ty::F64 | Ty::Array(..)) {
            return body;
        }
        for name in names {
            if body.mentions(name) && !self.rng.percent(20) {
                continue;
            }
            let Some(ty) = self.scope.iter().find(|v| v.name == *name).map(|v| v.ty.clone()) else { continue };
            let Some(mut x) = self.float_of(Node::expr(&ty, pieces![name.clone()]), &ty) else { continue };
            if matches!(result, Ty::Array(element, _) if **element == Ty::F32) {
                x = Node::expr(&Ty::F32, pieces!["f32(", x, ")"]);
            }
            let pieces = match self.rng.below(4) {
                0 => pieces!["(", body, " * sin(", x, "))"],
                1 => pieces!["(0.4 * ", x, "^2 + ", body, ")"],
                2 => pieces!["(", body, " + tanh(", x, "))"],
                _ => pieces!["(exp(-(", x, "^2)) * ", body, ")"],
            };
            body = Node::expr(result, pieces);
        }
        body
    }

    /// An expression, or a block with a variable that it changes.
    fn lambda_body(&mut self, result: &Ty, depth: usize) -> Node {
        if self.budget < 12 || !self.rng.percent(25) {
            return self.value(result, depth);
        }
        let x = self.float(1);
        let name = self.fresh("u");
        self.declare(&name, Ty::F64, true);
        let mut pieces = pieces![format!("{{\nlet mut {name} = "), x, ";\n"];
        let count = 1 + self.rng.below(2);
        pieces.extend(pieces![Node::body(self.statements(count))]);
        let value = match result {
            Ty::F64 if self.path_named(&name) => {
                Node::expr(result, pieces![format!("(0.6 * {name} + "), self.float(depth.min(2)), ")"])
            }
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Array(..) | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => {
                self.value(result, depth.min(2))
            }
        };
        pieces.extend(pieces![value, "\n}"]);
        Node::group(pieces)
    }

    /// Whether a name still means a float: statements may have hidden it.
    fn path_named(&self, name: &str) -> bool {
        self.visible().any(|v| v.name == name && v.ty == Ty::F64)
    }

    /// A function of this type.
    pub(super) fn function_value(&mut self, params: &[Ty], result: &Ty, depth: usize) -> Node {
        let ty = Ty::Fn(params.to_vec(), Box::new(result.clone()));
        let scalar = params == [Ty::F64] && *result == Ty::F64;
        match self.rng.below(10) {
            0..=1 if scalar => return Node::group(pieces![*self.rng.pick(&TABLE)]),
            2..=4 => {
                if let Some(name) = self.named_function(&ty) {
                    return Node::group(pieces![name]);
                }
            }
            5..=6 => {
                if let Some(derivative) = self.derivative_as_function(params, result, depth) {
                    return derivative;
                }
            }
            _ => {}
        }
        let typed = self.rng.percent(40);
        self.lambda(params, result, depth.min(2), typed)
    }

    /// The name of a variable or an item of this type.
    pub(super) fn named_function(&mut self, ty: &Ty) -> Option<String> {
        let mut found: Vec<(String, usize)> = self.function_variables(&|t| t == ty);
        for s in &self.functions {
            let plain = s.recursive.is_none() && s.params.iter().all(|p| !p.lent && !matches!(p.ty, Ty::Fn(..)));
            let Some(result) = s.result.clone().filter(|_| plain && s.order <= self.allowed) else { continue };
            let own = Ty::Fn(s.params.iter().map(|p| p.ty.clone()).collect(), Box::new(result));
            if super::calls::unify(&own, ty).is_some() {
                found.push((s.name.clone(), s.order));
            }
        }
        if found.is_empty() {
            return None;
        }
        let (name, order) = self.rng.pick(&found).clone();
        self.order = self.order.max(order);
        Some(name)
    }

    /// Variables that are functions, and their orders, which are allowed.
    fn function_variables(&self, suits: &dyn Fn(&Ty) -> bool) -> Vec<(String, usize)> {
        let all = self.visible().filter(|v| matches!(v.ty, Ty::Fn(..)) && v.order <= self.allowed && suits(&v.ty));
        all.map(|v| (v.name.clone(), v.order)).collect()
    }

    /// A call of a variable that is a function with this result.
    pub(super) fn call_of_variable(&mut self, ty: &Ty, depth: usize) -> Option<Node> {
        let found = self.function_variables(&|t| matches!(t, Ty::Fn(_, result) if **result == *ty));
        if found.is_empty() {
            return None;
        }
        let (name, order) = self.rng.pick(&found).clone();
        let Some(Ty::Fn(params, _)) = self.visible().filter(|v| v.name == name).map(|v| v.ty.clone()).last() else {
            return None;
        };
        self.order = self.order.max(order);
        self.note(Feature::CallOfVariable);
        Some(Node::expr(ty, self.applied(name.into(), &params, depth)))
    }

    /// `f(x, y)`
    pub(super) fn applied(&mut self, function: Piece, params: &[Ty], depth: usize) -> Vec<Piece> {
        let mut pieces = vec![function, "(".into()];
        self.arguments += 1;
        for (i, ty) in params.iter().enumerate() {
            pieces.extend(pieces![if i == 0 { "" } else { ", " }, self.value(ty, depth.min(2))]);
        }
        self.arguments -= 1;
        pieces.extend(pieces![")"]);
        pieces
    }

    /// `(|x| …)(y)`
    pub(super) fn lambda_at_once(&mut self, depth: usize) -> Node {
        let params = self.function_params();
        let typed = self.rng.percent(30);
        let lambda = self.lambda(&params, &Ty::F64, depth, typed);
        let callee = Node::group(pieces!["(", lambda, ")"]);
        Node::expr(&Ty::F64, self.applied(callee.into(), &params, 1))
    }

    /// Parameters for a small function.
    pub(super) fn function_params(&mut self) -> Vec<Ty> {
        let one = |w: &mut Self| if w.rng.percent(60) { Ty::F64 } else { Ty::floats(&[w.some_dim()]) };
        (0..1 + usize::from(self.rng.percent(35))).map(|_| one(self)).collect()
    }

    /// `let g = …;` and a use of it; what it captures may change in between.
    pub(super) fn let_function(&mut self) -> Node {
        let params = self.function_params();
        let result = if self.rng.percent(75) { Ty::F64 } else { Ty::floats(&[self.some_dim()]) };
        let ty = Ty::Fn(params.clone(), Box::new(result.clone()));
        let (function, order) = self.inside(0, |w| w.function_value(&params, &result, 2));
        self.note(Feature::LetFunction);
        let name = self.fresh("f");
        self.scope.push(super::Var { order, ..super::Var::new(&name, ty, false) });
        let mut pieces = pieces![format!("let {name} = "), function, ";\n"];
        if let Some(change) = self.update() {
            pieces.extend(pieces![change, "\n"]);
        }
        let r = self.fresh("r");
        pieces.extend(pieces![format!("let {r} = ")]);
        pieces.extend(self.applied(name.into(), &params, 1));
        pieces.extend(pieces![";"]);
        self.declare(&r, result, false);
        Node::stmt(pieces)
    }
}
