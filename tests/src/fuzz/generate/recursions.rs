//! Functions that call themselves, or each other, and derivatives of them.
//!
//! In: the random numbers. Out: functions with a parameter that says how deep they still go, which call themselves before the rest of their body: once, twice, in a branch, in a loop, as their value; with
//! arguments that change on the way, arrays that are lent and passed on, depths that data decide. Their bodies may contain derivatives, and derivatives of them are taken.

use super::Writer;
use super::derivatives::Form;
use super::functions::{Signature, param};
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

impl Writer {
    /// A recursive function, or two that call each other.
    pub(super) fn recursive_item(&mut self) {
        let name = self.fresh("g");
        let mut params = Vec::new();
        for i in 0..1 + self.rng.below(3) {
            let rich = self.rng.percent(30);
            let ty = if i == 0 && self.rng.percent(50) { Ty::F64 } else { self.param_type(&["n", "m"], rich) };
            let chance = if matches!(ty, Ty::Array(..)) { 40 } else { 12 };
            let lent = self.rng.percent(chance) && !matches!(ty, Ty::Bool | Ty::I64);
            params.push(param(&format!("p{i}"), ty, lent));
        }
        let dims = self.bound(&mut params);
        if params.is_empty() {
            params.push(param("p0", Ty::F64, false));
        }
        let result =
            if self.rng.percent(70) { Some(Ty::F64) } else { self.helper_result(&dims, params.iter().any(|p| p.lent)) };
        let allowed = self.allowed;
        // What is left is for a derivative of this function.
        self.allowed = if allowed > 1 || self.rng.percent(50) { allowed.min(1) } else { 0 };
        self.recursive_function(Signature { name, dims, params, result, recursive: None, order: 0 });
        self.allowed = allowed;
    }

    /// Writes a function of this signature that calls itself, or another that calls it.
    pub(super) fn recursive_function(&mut self, mut signature: Signature) {
        signature.recursive = Some(signature.params.len());
        signature.params.push(param("deep", Ty::I64, false));
        self.recursing = true;
        let other = self.rng.percent(35).then(|| self.fresh("g"));
        let next = other.clone().unwrap_or_else(|| signature.name.clone());
        self.budget = 25;
        let ((), order) = self.inside(0, |w| w.function(&signature, Some(&next)));
        signature.order = order;
        if let Some(other) = other {
            self.note(Feature::MutualRecursion);
            self.budget = 15;
            let partner = Signature { name: other, ..signature.clone() };
            let ((), order) = self.inside(0, |w| w.function(&partner, Some(&signature.name)));
            signature.order = signature.order.max(order);
        }
        self.recursing = false;
        self.functions.push(signature);
    }

    /// How the body of a recursive function begins.
    pub(super) fn recursive_start(&mut self, signature: &Signature, next: &str) -> Vec<Node> {
        let mut stmts = Vec::new();
        let end = match &signature.result {
            Some(ty) => pieces![" { return ", self.value(ty, 2), "; }"],
            None => pieces![" { return; }"],
        };
        let mut first = pieces!["if deep <= 0"];
        if self.rng.percent(20) {
            first.extend(pieces![" || ", self.boolean(1)]);
        }
        first.extend(end);
        stmts.push(Node::stmt(first));
        for p in signature.params.iter().filter(|p| p.lent) {
            if matches!(p.ty, Ty::Array(..)) {
                self.note(Feature::RecursionInPlace);
            }
            if self.rng.percent(50) {
                stmts.extend(self.change_of(&p.name));
            }
        }
        if self.rng.percent(20) {
            stmts.push(self.exit());
        }
        stmts.push(self.recursive_calls(signature, next));
        if self.allowed > 0 && self.rng.percent(55) {
            stmts.extend(self.let_derivative());
        }
        stmts
    }

    /// `let r = next(…, deep - 1);`, or more of it.
    fn recursive_calls(&mut self, signature: &Signature, next: &str) -> Node {
        let Some(ty) = signature.result.clone() else {
            let mut pieces = self.recursive_call(signature, next, 1);
            pieces.extend(pieces![";"]);
            return Node::stmt(pieces);
        };
        let r = self.fresh("r");
        let call = Node::expr(&ty, self.recursive_call(signature, next, 1));
        let choice = if ty == Ty::F64 { self.rng.below(8) } else { 0 };
        let pieces = match choice {
            3 => {
                self.note(Feature::SeveralCalls);
                let again = Node::expr(&ty, self.recursive_call(signature, next, 2));
                pieces![format!("let {r} = 0.7 * "), call, " * cos(", again, ");"]
            }
            4 => {
                self.note(Feature::SeveralCalls);
                let again = Node::expr(&ty, self.recursive_call(signature, next, 1));
                pieces![format!("let {r} = tanh("), call, ") + ", again, " / 2;"]
            }
            5 => {
                let (condition, other) = (self.boolean(2), self.float(2));
                pieces![format!("let {r} = if "), condition, " { ", call, " } else { ", other, " };"]
            }
            6 => {
                self.note(Feature::SeveralCalls);
                self.note(Feature::Loop);
                let i = self.fresh("i");
                let body = Node::body(vec![Node::stmt(pieces![format!("{r} += 0.5 * "), call, ";"])]);
                pieces![format!("let mut {r} = 0.3;\nfor {i} in 0..2 {{\n"), body, "}"]
            }
            7 => {
                self.note(Feature::Return);
                let condition = self.boolean(2);
                let float = self.float(2);
                pieces!["if ", condition, " { return ", call, format!("; }}\nlet {r} = "), float, ";"]
            }
            _ => pieces![format!("let {r} = "), call, ";"],
        };
        self.declare(&r, ty, choice == 6);
        Node::stmt(pieces)
    }

    /// `next(…, deep - 1)`
    fn recursive_call(&mut self, signature: &Signature, next: &str, less: i64) -> Vec<Piece> {
        self.note(Feature::Recursion);
        let lent = signature.params.iter().filter(|p| p.lent).map(|p| p.name.clone());
        let lent: Vec<String> = lent.collect();
        lent.iter().for_each(|name| self.hide(name, true));
        self.arguments += 1;
        let mut pieces = pieces![format!("{next}(")];
        for (i, p) in signature.params.iter().enumerate() {
            let name = &p.name;
            let arg = match (Some(i) == signature.recursive, p.lent) {
                (true, _) => self.less_deep(less),
                (false, true) => Node::group(pieces![format!("&mut {name}")]),
                (false, false) => self.passed_on(name, &p.ty),
            };
            pieces.extend(pieces![if i == 0 { "" } else { ", " }, arg]);
        }
        self.arguments -= 1;
        lent.iter().for_each(|name| self.hide(name, false));
        pieces.extend(pieces![")"]);
        pieces
    }

    /// What the next call gets for a parameter of this one.
    fn passed_on(&mut self, name: &str, ty: &Ty) -> Node {
        let visible = self.visible().any(|v| v.name == name && v.ty == *ty);
        let pieces = match (ty, self.rng.below(10)) {
            (_, _) if !visible => return self.value(ty, 0),
            (Ty::F64, 0..=1) => pieces![format!("0.6 * {name} + 0.2")],
            (Ty::F64, 2) => pieces![format!("sin({name})")],
            (Ty::F64, 3..=4) => return self.float(1),
            (Ty::I64, 0..=3) => pieces![format!("{name} + 1")],
            (Ty::Array(element, _), 0..=1) if **element == Ty::F64 => pieces![format!("0.8 * {name}")],
            (Ty::Array(element, _), 2) if **element == Ty::F64 => pieces![format!("cos({name})")],
            (_, _) => pieces![name.to_owned()],
        };
        Node::expr(ty, pieces)
    }

    /// What the next call gets for `deep`: less.
    fn less_deep(&mut self, less: i64) -> Node {
        let pieces = match self.rng.below(6) {
            0 => pieces![format!("deep / {}", 1 + less)],
            1 => {
                self.note(Feature::RecursionByData);
                pieces![format!("deep - {less} - abs("), self.int(1), ") % 2"]
            }
            _ => pieces![format!("deep - {less}")],
        };
        Node::expr(&Ty::I64, pieces)
    }

    /// How deep a recursive function is to go.
    pub(super) fn depth_argument(&mut self) -> Node {
        if self.rng.percent(60) {
            return Node::expr(&Ty::I64, pieces![self.rng.between(0, 3).to_string()]);
        }
        self.note(Feature::RecursionByData);
        Node::expr(&Ty::I64, pieces!["abs(", self.int(1), ") % 4"])
    }

    /// A call of a recursive function.
    pub(super) fn call_of_recursion(&mut self) -> Option<Node> {
        self.call_statement_of(&|s| s.recursive.is_some())
    }

    /// A derivative of a recursive function.
    pub(super) fn derivative_of_recursion(&mut self) -> Option<Node> {
        let forms = [Form::Grad, Form::Grad, Form::ValueAndGrad, Form::Jvp, Form::Vjp, Form::Hessian, Form::Hvp];
        let forms: Vec<Form> = forms.into_iter().filter(|f| f.orders() <= self.allowed).collect();
        if forms.is_empty() {
            return None;
        }
        let form = *self.rng.pick(&forms);
        let lends = form.lends() && self.arguments == 0;
        let (callee, inner) =
            self.inside(form.orders(), |w| w.item_to_differentiate(form, lends, &|s| s.recursive.is_some()));
        let Some(callee) = callee else { return self.derivative_of_calls() };
        let (derivative, ty) = self.derivative_of(form, &callee, inner);
        Some(self.bound_to_names(derivative, &ty))
    }

    /// `let d = grad(|x| …)(…);` of a lambda that calls a recursive function.
    fn derivative_of_calls(&mut self) -> Option<Node> {
        let (params, result) = (vec![Ty::F64], Ty::F64);
        let form = *self.rng.pick(&[Form::Grad, Form::ValueAndGrad, Form::Jvp, Form::Vjp]);
        let x = self.fresh("l");
        let (body, inner) = self.inside(1, |w| {
            w.scoped(|w| {
                let could: Vec<bool> = w.scope.iter_mut().map(|v| std::mem::take(&mut v.mutable)).collect();
                w.declare(&x, Ty::F64, false);
                let recursive: Vec<Signature> =
                    w.functions.iter().filter(|s| s.recursive.is_some() && s.order <= w.allowed).cloned().collect();
                let call = (!recursive.is_empty()).then(|| w.rng.pick(&recursive).clone());
                let value = call.and_then(|s| w.value_of_call(&s));
                w.scope.iter_mut().zip(could).for_each(|(v, could)| v.mutable = could);
                value
            })
        });
        let text = Node::group(pieces![format!("|{x}| sin({x}) * "), body?]);
        let lent = vec![None];
        let callee = super::derivatives::Callee { text, params, result, lent };
        let (derivative, ty) = self.derivative_of(form, &callee, inner);
        Some(self.bound_to_names(derivative, &ty))
    }

    /// A float made of a call of a function that lends nothing.
    fn value_of_call(&mut self, s: &Signature) -> Option<Node> {
        let result = s.result.clone().filter(|_| s.params.iter().all(|p| !p.lent))?;
        let names = s.dims.iter().map(|d| (d.clone(), self.some_dim())).collect();
        let ty = result.renamed(&names)?;
        let call = self.call(s, names, 1)?;
        self.float_of(Node::expr(&ty, call), &ty)
    }

    /// The dimension of arrays that a function shares with its callers.
    pub(super) fn shared_dim(dims: &[String]) -> Dim {
        dims.first().map_or(Dim::Lit(2), |d| Dim::name(d))
    }
}
