//! What functions do to what they are lent, and derivatives of such functions.
//!
//! In: a function with `&mut` parameters. Out: statements in it that change them, and a derivative of it at variables made for that, whose last contents are used later like any other variable's.

use super::Writer;
use super::derivatives::{Callee, Form};
use super::functions::Signature;
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;
use std::collections::BTreeMap;

impl Writer {
    /// Changes a part of a variable.
    pub(super) fn change_of(&mut self, root: &str) -> Option<Node> {
        let floats = |ty: &Ty| match ty {
            Ty::F64 => true,
            Ty::Array(element, _) => **element == Ty::F64,
            Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => false,
        };
        let path = self.path(&|p| p.mutable && p.root == root && floats(&p.ty))?;
        let Ty::Array(_, dims) = &path.ty else {
            return Some(Node::stmt(self.float_update(&path.text.into(), 2)));
        };
        self.note(Feature::ArrayWrite);
        if self.rng.percent(40) {
            return Some(Node::stmt(pieces![format!("{} *= cos(", path.text), self.float(1), ");"]));
        }
        let place = self.element(&path.text, &Ty::F64, dims);
        Some(Node::stmt(self.float_update(&place.into(), 2)))
    }

    /// `let mut a = …; let d = grad(f)(&mut a);`, or `let d = jvp(f, a, da);`
    pub(super) fn derivative_of_lent(&mut self) -> Option<Node> {
        let forms = [Form::Grad, Form::ValueAndGrad, Form::Jacobian, Form::Hessian, Form::Jvp, Form::Vjp, Form::Hvp];
        let forms: Vec<Form> = forms.into_iter().filter(|f| f.orders() <= self.allowed).collect();
        if forms.is_empty() {
            return None;
        }
        let form = *self.rng.pick(&forms);
        let suits = |s: &&Signature| {
            s.params.iter().any(|p| p.lent)
                && s.result == Some(Ty::F64)
                && s.order + form.orders() <= self.allowed
                && s.params.iter().any(|p| p.ty.has_floats(&self.structs))
                && s.params.iter().all(|p| form.takes(&p.ty))
        };
        let suitable: Vec<Signature> = self.functions.iter().filter(suits).cloned().collect();
        if suitable.is_empty() {
            return None;
        }
        let s = self.rng.pick(&suitable).clone();
        let names: BTreeMap<String, Dim> = s.dims.iter().map(|d| (d.clone(), self.some_dim())).collect();
        let params: Vec<Ty> = s.params.iter().map(|p| p.ty.renamed(&names)).collect::<Option<_>>()?;
        let mut stmt = pieces![];
        let mut lent = Vec::new();
        // A point is a value: nothing is lent, and the last contents are outputs.
        let at_point = matches!(form, Form::Jvp | Form::Vjp | Form::Hvp);
        for (p, ty) in s.params.iter().zip(&params) {
            if !p.lent || at_point {
                lent.push(None);
                continue;
            }
            let value = self.value(ty, 2);
            let name = self.fresh("v");
            stmt.extend(pieces![format!("let mut {name}: {} = ", ty.text(&self.structs)), value, ";\n"]);
            self.declare(&name, ty.clone(), true);
            self.hide(&name, true);
            lent.push(Some(name));
        }
        let contents = s.params.iter().zip(&params).filter(|(p, _)| p.lent).map(|(_, ty)| ty.clone());
        let result = match form {
            Form::Jvp | Form::Vjp => Ty::Tuple([Ty::F64].into_iter().chain(contents).collect()),
            Form::Grad | Form::ValueAndGrad | Form::Jacobian | Form::Hessian | Form::Hvp => Ty::F64,
        };
        let order = s.order;
        self.order = self.order.max(order + form.orders());
        let callee = Callee { text: Node::group(pieces![s.name]), params, result, lent };
        let (derivative, ty) = self.derivative_of(form, &callee, order);
        self.note(Feature::DerivativeOfLent);
        let name = self.fresh("d");
        self.declare(&name, ty, false);
        stmt.extend(pieces![format!("let {name} = "), derivative, ";"]);
        Some(Node::stmt(stmt))
    }
}
