//! Derivatives in the language.
//!
//! In: what type is wanted, or none. Out: `grad`, `value_and_grad`, `jvp`, `vjp`, `jacobian`, `hessian`, `hvp` of a lambda that captures what it likes, of an item or of a variable, with a mode or without, and parts
//! of what these give; they nest as lambdas and items do. Modes are nodes of their own ([`Sort::Mode`]), so that a relation can change them.

use super::Writer;
use super::functions::Signature;
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece, Sort};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;
use std::collections::BTreeMap;

/// What is asked of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Grad,
    ValueAndGrad,
    Jvp,
    Vjp,
    Jacobian,
    Hessian,
    Hvp,
}

impl Form {
    const ALL: [Form; 7] =
        [Form::Grad, Form::ValueAndGrad, Form::Jvp, Form::Vjp, Form::Jacobian, Form::Hessian, Form::Hvp];

    fn name(self) -> &'static str {
        ["grad", "value_and_grad", "jvp", "vjp", "jacobian", "hessian", "hvp"][self as usize]
    }

    fn feature(self) -> Feature {
        match self {
            Form::Grad | Form::ValueAndGrad => Feature::Grad,
            Form::Jvp => Feature::Jvp,
            Form::Vjp => Feature::Vjp,
            Form::Jacobian => Feature::Jacobian,
            Form::Hessian => Feature::Hessian,
            Form::Hvp => Feature::Hvp,
        }
    }

    /// Whether functions with such a parameter are differentiated so here.
    pub(super) fn takes(self, ty: &Ty) -> bool {
        match ty {
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Array(..) => true,
            Ty::Struct(..) | Ty::Tuple(_) => !matches!(self, Form::Jacobian | Form::Hessian),
            Ty::Fn(..) => false,
        }
    }

    /// Whether an `&mut` parameter is lent to it.
    pub(super) fn lends(self) -> bool {
        matches!(self, Form::Grad | Form::ValueAndGrad | Form::Hessian)
    }

    /// How many derivatives stand inside one another.
    pub(super) fn orders(self) -> usize {
        1 + usize::from(matches!(self, Form::Hessian | Form::Hvp))
    }
}

/// A function to be differentiated.
pub(super) struct Callee {
    pub(super) text: Node,
    pub(super) params: Vec<Ty>,
    pub(super) result: Ty,
    /// Places for `&mut` parameters, by parameter.
    pub(super) lent: Vec<Option<String>>,
}

impl Writer {
    /// A derivative of any sort, and its type.
    pub(super) fn derivative(&mut self, depth: usize) -> Option<(Node, Ty)> {
        if self.allowed == 0 || self.budget <= 0 {
            return None;
        }
        let forms: Vec<Form> = Form::ALL.into_iter().filter(|f| f.orders() <= self.allowed).collect();
        let form = if self.rng.percent(35) { Form::Grad } else { *self.rng.pick(&forms) };
        let (callee, inner) = self.inside(form.orders(), |w| w.callee(form, depth));
        let callee = callee?;
        Some(self.derivative_of(form, &callee, inner))
    }

    /// A derivative of this function, which contains others to this order.
    pub(super) fn derivative_of(&mut self, form: Form, callee: &Callee, inner: usize) -> (Node, Ty) {
        self.note_derivative(form, inner);
        let matrix = matches!(form, Form::Jacobian | Form::Hessian);
        if matrix && callee.params.iter().chain([&callee.result]).any(is_single) {
            self.note(Feature::SingleMatrix);
        }
        let ty = self.type_of(form, callee);
        let pieces = self.derivative_call(form, callee);
        for place in callee.lent.iter().flatten() {
            let root = place.split(['.', '[']).next().unwrap_or_default().to_owned();
            self.hide(&root, false);
        }
        (Node::expr(&ty, pieces), ty)
    }

    fn note_derivative(&mut self, form: Form, inner: usize) {
        self.note(form.feature());
        self.note(Feature::Derivative);
        if form.orders() + inner > 1 {
            self.note(Feature::HigherOrder);
        }
        if inner > 0 {
            self.note(Feature::NestedDerivative);
        }
        if self.loops > 0 {
            self.note(Feature::DerivativeInLoop);
        }
        if self.recursing {
            self.note(Feature::DerivativeInRecursion);
        }
    }

    fn callee(&mut self, form: Form, depth: usize) -> Option<Callee> {
        let lends = form.lends() && self.arguments == 0;
        match self.rng.below(10) {
            0..=3 => {
                if let Some(callee) = self.item_to_differentiate(form, lends, &|_| true) {
                    return Some(callee);
                }
            }
            4 => {
                let ty = Ty::Fn(vec![Ty::F64], Box::new(Ty::F64));
                if let Some(name) = self.named_function(&ty) {
                    return Some(plain(Node::group(pieces![name]), vec![Ty::F64], Ty::F64));
                }
            }
            5 if form == Form::Grad => {
                if let Some(text) = self.derivative_as_function(&[Ty::F64], &Ty::F64, depth) {
                    return Some(plain(text, vec![Ty::F64], Ty::F64));
                }
            }
            _ => {}
        }
        let params = self.differentiable_params(form);
        let result = self.differentiable_result(form);
        let typed = self.rng.percent(50);
        let text = self.lambda(&params, &result, depth.clamp(1, 3), typed);
        Some(plain(text, params, result))
    }

    fn differentiable_params(&mut self, form: Form) -> Vec<Ty> {
        let whole = matches!(form, Form::Jacobian | Form::Hessian);
        let count = 1 + usize::from(self.rng.percent(30));
        let mut params = Vec::new();
        for _ in 0..count {
            params.push(match self.rng.below(10) {
                0 if self.singles => self.single_or_array(),
                0..=4 => Ty::F64,
                8 if !whole => Ty::Tuple(vec![Ty::F64, Ty::F64]),
                9 if !whole && !self.structs.is_empty() => self.struct_with_floats(),
                _ => Ty::floats(&[self.some_dim()]),
            });
        }
        params
    }

    fn struct_with_floats(&mut self) -> Ty {
        let id = self.rng.below(self.structs.len());
        let args = (0..self.structs[id].dims.len()).map(|_| self.some_dim()).collect();
        let ty = Ty::Struct(id, args);
        if ty.has_floats(&self.structs) { ty } else { Ty::F64 }
    }

    fn differentiable_result(&mut self, form: Form) -> Ty {
        match form {
            Form::Grad | Form::ValueAndGrad | Form::Hessian | Form::Hvp if self.singles && self.rng.percent(20) => {
                Ty::F32
            }
            Form::Jacobian if self.singles && self.rng.percent(20) => self.single_or_array(),
            Form::Grad | Form::ValueAndGrad | Form::Hessian | Form::Hvp => Ty::F64,
            Form::Jacobian => Ty::floats(&[self.some_dim()]),
            Form::Jvp | Form::Vjp => match self.rng.below(8) {
                0..=4 => Ty::F64,
                5 => Ty::Tuple(vec![Ty::F64, Ty::floats(&[self.some_dim()])]),
                _ => Ty::floats(&[self.some_dim()]),
            },
        }
    }

    /// A function of the program, its dimension names standing for some of those in scope.
    pub(super) fn item_to_differentiate(
        &mut self,
        form: Form,
        lends: bool,
        wanted: &dyn Fn(&Signature) -> bool,
    ) -> Option<Callee> {
        let structs = &self.structs;
        let suits = |s: &&Signature| {
            let result = match (&s.result, form) {
                (Some(Ty::F64 | Ty::F32), _) => true,
                (Some(Ty::Array(..)), Form::Jvp | Form::Vjp | Form::Jacobian) => true,
                (_, _) => false,
            };
            result
                && wanted(s)
                && s.order <= self.allowed
                && s.params.iter().all(|p| form.takes(&p.ty) && (lends || !p.lent))
                && s.params.iter().any(|p| p.ty.has_floats(structs))
        };
        let suitable: Vec<Signature> = self.functions.iter().filter(suits).cloned().collect();
        if suitable.is_empty() {
            return None;
        }
        let s = self.rng.pick(&suitable).clone();
        let names: BTreeMap<String, Dim> = s.dims.iter().map(|d| (d.clone(), self.some_dim())).collect();
        let params: Vec<Ty> = s.params.iter().map(|p| p.ty.renamed(&names)).collect::<Option<_>>()?;
        let places = self.places(&s.params, &params)?;
        if s.params.iter().any(|p| p.lent) {
            self.note(Feature::DerivativeOfLent);
        }
        if s.recursive.is_some() {
            self.note(Feature::DerivativeOfRecursion);
        }
        self.order = self.order.max(s.order);
        let lent = places.into_iter().map(|place| place.map(|(text, _)| text)).collect();
        Some(Callee { text: Node::group(pieces![s.name]), params, result: s.result?.renamed(&names)?, lent })
    }

    /// What a derivative gives.
    fn type_of(&self, form: Form, callee: &Callee) -> Ty {
        let floats: Vec<Ty> = callee.params.iter().filter(|ty| ty.has_floats(&self.structs)).cloned().collect();
        let dims = |ty: &Ty| match ty {
            Ty::Array(_, dims) => dims.clone(),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => Vec::new(),
        };
        // Numbers of a derivative have the type of the parameter that it is taken in.
        let shaped = |dims: Vec<Dim>, parameter: &Ty| {
            let element = if is_single(parameter) { Ty::F32 } else { Ty::F64 };
            if dims.is_empty() { element } else { Ty::Array(Box::new(element), dims) }
        };
        let gradient = one_or_tuple(floats.clone());
        let result = callee.result.clone();
        match form {
            Form::Grad | Form::Hvp => gradient,
            Form::ValueAndGrad | Form::Vjp => Ty::Tuple(vec![result, gradient]),
            Form::Jvp => Ty::Tuple(vec![result.clone(), result]),
            Form::Jacobian => {
                one_or_tuple(floats.iter().map(|p| shaped([dims(&result), dims(p)].concat(), p)).collect())
            }
            Form::Hessian => {
                let row =
                    |p: &Ty| one_or_tuple(floats.iter().map(|q| shaped([dims(p), dims(q)].concat(), q)).collect());
                one_or_tuple(floats.iter().map(row).collect())
            }
        }
    }

    fn derivative_call(&mut self, form: Form, callee: &Callee) -> Vec<Piece> {
        let mut args: Vec<Piece> = Vec::new();
        self.arguments += 1;
        for (ty, lent) in callee.params.iter().zip(&callee.lent) {
            args.push(match lent {
                Some(place) => format!("&mut {place}").into(),
                None if *ty == Ty::I64 => self.rng.between(0, 2).to_string().into(),
                None => self.value(ty, 1).into(),
            });
        }
        let function = callee.text.clone();
        let pieces = match form {
            Form::Grad | Form::ValueAndGrad | Form::Jacobian | Form::Hessian => {
                let mode = self.mode();
                let mut pieces = pieces![format!("{}(", form.name()), function, mode, ")"];
                pieces.extend(listed(args));
                pieces
            }
            Form::Jvp | Form::Hvp => {
                let floats = callee.params.iter().filter(|ty| ty.has_floats(&self.structs));
                let floats: Vec<Ty> = floats.cloned().collect();
                let along: Vec<Piece> = floats.iter().map(|ty| self.value(ty, 1).into()).collect();
                let (at, along) = (bare_or_listed(args), bare_or_listed(along));
                let mode = if form == Form::Hvp { self.mode() } else { Node::group(pieces![]) };
                let (at, along) = (Node::group(at), Node::group(along));
                pieces![format!("{}(", form.name()), function, ", ", at, ", ", along, mode, ")"]
            }
            Form::Vjp => {
                let seed = self.value(&callee.result, 1);
                pieces!["vjp(", function, ", ", Node::group(bare_or_listed(args)), ", ", seed, ")"]
            }
        };
        self.arguments -= 1;
        pieces
    }

    /// `, forward`, `, reverse`, or nothing.
    fn mode(&mut self) -> Node {
        let mode = *self.rng.pick(&["", "", ", forward", ", reverse"]);
        if !mode.is_empty() {
            self.note(Feature::ForcedMode);
        }
        Node { sort: Sort::Mode, pieces: pieces![mode] }
    }

    /// `grad(f)` as a function of one number, or of one array.
    pub(super) fn derivative_as_function(&mut self, params: &[Ty], result: &Ty, depth: usize) -> Option<Node> {
        let [param] = params else { return None };
        if self.allowed == 0 || self.budget <= 0 || param != result || !result.has_floats(&self.structs) {
            return None;
        }
        let (f, inner) = self.inside(1, |w| {
            let ty = Ty::Fn(params.to_vec(), Box::new(Ty::F64));
            match w.named_function(&ty) {
                Some(name) if w.rng.percent(50) => Node::group(pieces![name]),
                _ => w.lambda(params, &Ty::F64, depth.clamp(1, 2), true),
            }
        });
        self.note_derivative(Form::Grad, inner);
        let mode = self.mode();
        Some(Node::group(pieces!["grad(", f, mode, ")"]))
    }

    /// A float that is made of a derivative.
    pub(super) fn float_of_derivative(&mut self, depth: usize) -> Option<Node> {
        let (derivative, ty) = self.derivative(depth)?;
        let float = self.float_of(derivative, &ty)?;
        let pieces = match self.rng.below(3) {
            0 => return Some(float),
            1 => pieces![format!("({:?} * ", self.rng.float(0.2, 0.5)), float, ")"],
            _ => pieces!["tanh(", float, ")"],
        };
        Some(Node::expr(&Ty::F64, pieces))
    }

    /// A number made of any value that has one.
    pub(super) fn float_of(&mut self, value: Node, ty: &Ty) -> Option<Node> {
        let pieces = match ty {
            Ty::F64 => return Some(value),
            Ty::F32 => pieces!["f64(", value, ")"],
            Ty::Array(element, _) if **element == Ty::F32 => pieces!["f64(sum(", value, "))"],
            Ty::Array(element, dims) if **element == Ty::F64 => match self.rng.below(4) {
                0 => pieces!["sum(", value, ")"],
                1 => pieces!["sum(sin(", value, "))"],
                2 => pieces!["(0.3 * sum(", value, "^2))"],
                _ => {
                    let mut pieces = pieces!["(", value, ")["];
                    for (k, dim) in dims.clone().iter().enumerate() {
                        pieces.extend(pieces![if k == 0 { "" } else { ", " }, self.index(dim)]);
                    }
                    pieces.extend(pieces!["]"]);
                    pieces
                }
            },
            Ty::Tuple(items) => {
                let k = self.rng.below(items.len());
                let part = Node::expr(&items[k], pieces![value, format!(".{k}")]);
                return self.float_of(part, &items[k]);
            }
            Ty::Struct(id, args) => {
                let fields = self.structs[*id].fields_of(args);
                let fields: Vec<_> = fields.into_iter().filter(|(_, ty)| ty.has_floats(&self.structs)).collect();
                if fields.is_empty() {
                    return None;
                }
                let (name, ty) = self.rng.pick(&fields).clone();
                let part = Node::expr(&ty, pieces![value, format!(".{name}")]);
                return self.float_of(part, &ty);
            }
            Ty::I64 | Ty::Bool | Ty::Array(..) | Ty::Fn(..) => return None,
        };
        Some(Node::expr(&Ty::F64, pieces))
    }

    /// An array of these dimensions that is a derivative.
    pub(super) fn array_of_derivative(&mut self, dims: &[Dim], depth: usize) -> Option<Node> {
        if self.allowed == 0 || self.budget <= 0 {
            return None;
        }
        let ty = Ty::floats(dims);
        let form = *self.rng.pick(&[Form::Grad, Form::Grad, Form::Jvp, Form::Vjp, Form::Hvp]);
        let form = if form.orders() <= self.allowed { form } else { Form::Grad };
        let (params, result, part) = match form {
            Form::Jvp => (vec![Ty::F64], ty.clone(), ".1"),
            Form::Vjp => (vec![ty.clone()], Ty::F64, ".1"),
            Form::Grad | Form::ValueAndGrad | Form::Jacobian | Form::Hessian | Form::Hvp => {
                (vec![ty.clone()], Ty::F64, "")
            }
        };
        let typed = self.rng.percent(40);
        let (text, inner) = self.inside(form.orders(), |w| w.lambda(&params, &result, depth.clamp(1, 2), typed));
        self.note_derivative(form, inner);
        let mut pieces = self.derivative_call(form, &plain(text, params, result));
        pieces.extend(pieces![part]);
        Some(Node::expr(&ty, pieces))
    }

    /// `let d = …;`, or the parts of what a derivative gives, or a step along a gradient.
    pub(super) fn let_derivative(&mut self) -> Option<Node> {
        if self.rng.percent(30)
            && let Some(stmt) = self.derivative_of_lent()
        {
            return Some(stmt);
        }
        if self.rng.percent(20)
            && let Some((path, dims)) = self.float_array(true)
        {
            let step = self.array_of_derivative(&dims, 2)?;
            return Some(Node::stmt(pieces![format!("{} -= 0.1 * ", path.text), step, ";"]));
        }
        let (derivative, ty) = self.derivative(2)?;
        Some(self.bound_to_names(derivative, &ty))
    }

    /// `let d = …;`, or the parts of a tuple.
    pub(super) fn bound_to_names(&mut self, derivative: Node, ty: &Ty) -> Node {
        if let Ty::Tuple(items) = ty
            && self.rng.percent(50)
        {
            let names: Vec<String> = items.iter().map(|_| self.fresh("d")).collect();
            names.iter().zip(items).for_each(|(name, ty)| self.declare(name, ty.clone(), false));
            return Node::stmt(pieces![format!("let ({}) = ", names.join(", ")), derivative, ";"]);
        }
        let name = self.fresh("d");
        let mutable = self.rng.percent(40);
        self.declare(&name, ty.clone(), mutable);
        let word = if mutable { "let mut" } else { "let" };
        Node::stmt(pieces![format!("{word} {name} = "), derivative, ";"])
    }

    /// `let j = jacobian(…)(…);` or `let h = hessian(…)(…);` with numbers of 32 bits.
    pub(super) fn matrix_of_singles(&mut self) -> Option<Node> {
        let form = if self.allowed > 1 && self.rng.percent(50) { Form::Hessian } else { Form::Jacobian };
        if form.orders() > self.allowed {
            return None;
        }
        let mut params = vec![self.single_or_array()];
        params.extend(self.differentiable_params(form).pop().filter(|_| self.rng.clone().percent(40)));
        let result = self.differentiable_result(form);
        let (text, inner) = self.inside(form.orders(), |w| w.lambda(&params, &result, 2, true));
        let (derivative, ty) = self.derivative_of(form, &plain(text, params, result), inner);
        Some(self.bound_to_names(derivative, &ty))
    }
}

fn plain(text: Node, params: Vec<Ty>, result: Ty) -> Callee {
    let lent = params.iter().map(|_| None).collect();
    Callee { text, params, result, lent }
}

/// Whether it is made of numbers of 32 bits.
fn is_single(ty: &Ty) -> bool {
    match ty {
        Ty::F32 => true,
        Ty::Array(element, _) => **element == Ty::F32,
        Ty::F64 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => false,
    }
}

fn one_or_tuple(mut parts: Vec<Ty>) -> Ty {
    if parts.len() == 1 { parts.remove(0) } else { Ty::Tuple(parts) }
}

/// `(x, y)`
fn listed(parts: Vec<Piece>) -> Vec<Piece> {
    let mut pieces = pieces!["("];
    for (i, part) in parts.into_iter().enumerate() {
        pieces.extend(pieces![if i == 0 { "" } else { ", " }]);
        pieces.push(part);
    }
    pieces.extend(pieces![")"]);
    pieces
}

/// `x` or `(x, y)`
fn bare_or_listed(parts: Vec<Piece>) -> Vec<Piece> {
    if parts.len() == 1 { parts } else { listed(parts) }
}
