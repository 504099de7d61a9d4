//! Derivative rules: `@jvp(f)` and `@vjp(f)`.
//!
//! In: functions with a rule attribute. Out: for each function that has rules, which ones. Their types are compared with those that follow from the function's:
//!
//! ```text
//! fn f(x: [f64; n], k: i64, s: f64) -> f64
//! @jvp(f) fn f_jvp(x: [f64; n], k: i64, s: f64, dx: [f64; n], ds: f64) -> (f64, f64)
//! @vjp(f) fn f_vjp(x: [f64; n], k: i64, s: f64, w: f64) -> (f64, ([f64; n], f64))
//! ```
//!
//! Only parameters that carry floats have tangents and cotangents. Cotangents may stand in a tuple of their own or follow the value. Names of parameters and dimensions are the rule's own.

use super::report::{Names, codes, is_error};
use super::{Checker, Function};
use crate::typed::{DimExpr, FnId, FnRules, LocalId, Ty};
use adit_diag::Diagnostic;
use adit_ir::{Mode, ScalarType};
use adit_syntax::ast::{self, RuleKind};
use rustc_hash::FxHashMap;

/// The mode of a rule.
pub(super) fn mode(kind: RuleKind) -> Mode {
    match kind {
        RuleKind::Jvp => Mode::Jvp,
        RuleKind::Vjp => Mode::Vjp,
    }
}

impl Checker<'_> {
    /// Finds the rules among the user's functions.
    pub(super) fn rules(&mut self) {
        for index in 0..self.functions.len() {
            let function = self.function(FnId(index as u32));
            if let Some(rule) = &function.item.rule {
                self.rule(rule, FnId(index as u32));
            }
        }
    }

    fn rule(&mut self, rule: &ast::Rule, id: FnId) {
        let name = &rule.target.name;
        let Some(&of) = self.function_names.get(name) else {
            let message = format!("there is no function `{name}` that this could be a rule of");
            let d = Diagnostic::new(codes::UNKNOWN_FUNCTION, rule.target.span, message);
            self.reports.push(d.help("rules are given for functions of the program itself"));
            return;
        };
        let mode = mode(rule.kind);
        let place = self.fn_rules.entry(of).or_default().of_mut(mode);
        if let Some(first) = place.replace(id) {
            let first = self.function(first).item.name.span;
            let message = format!("`{name}` has two {} rules", mode.name());
            self.reports.push(
                Diagnostic::new(codes::DEFINED_TWICE, rule.span, message)
                    .here("defined again here")
                    .label(first, "first defined here"),
            );
        }
        self.rule_type(rule, of, id);
    }

    /// Whether a rule has the type that follows from its function's.
    fn rule_type(&mut self, rule: &ast::Rule, of: FnId, id: FnId) {
        let [f, g] = [of, id].map(|id| self.function(id));
        let types = f.signature.params.iter().chain(&g.signature.params).map(|p| &p.ty);
        if types.chain([&f.signature.result, &g.signature.result]).any(broken) {
            return;
        }
        if let Some(why) = self.unruly(&f) {
            let message = format!("`{}` can't have derivative rules: {why}", f.name);
            self.reports.push(
                Diagnostic::new(codes::RULE, rule.span, message)
                    .label(f.item.signature, "the function is defined here"),
            );
            return;
        }
        let wanted = self.rule_params(&f, mode(rule.kind));
        let mut same = Same::new(&f);
        let have = &g.signature.params;
        let fits = wanted.len() == have.len()
            && wanted.iter().zip(have).all(|(want, have)| !have.lent && same.types(want, &have.ty));
        let results = self.rule_results(&f, mode(rule.kind));
        if fits && results.iter().any(|want| same.types(want, &g.signature.result)) {
            return;
        }
        let names = Names { locals: &f.signature.locals, structs: &self.structs };
        let params: Vec<String> = wanted.iter().map(|ty| names.ty(ty)).collect();
        let shown = format!("fn({}) -> {}", params.join(", "), names.ty(&results[0]));
        let message = format!("the {} rule of `{}` must have the type `{shown}`", mode(rule.kind).name(), f.name);
        let parts = match rule.kind {
            RuleKind::Jvp => {
                "all parameters, then a tangent for each that carries floats; it gives the value and its tangent"
            }
            RuleKind::Vjp => "all parameters, then the cotangent of the value; it gives the value and the cotangents",
        };
        self.reports.push(
            Diagnostic::new(codes::RULE, g.item.signature, message)
                .label(f.item.signature, "this is the function")
                .note(format!("a {} rule takes {parts}", mode(rule.kind).name())),
        );
    }

    /// Why a function has no derivatives that a rule could state.
    fn unruly(&self, f: &Function) -> Option<&'static str> {
        let params = &f.signature.params;
        if params.iter().any(|p| p.lent) {
            return Some("it has a `&mut` parameter");
        }
        if params.iter().any(|p| matches!(p.ty, Ty::Fn(_))) {
            return Some("it takes functions");
        }
        if !params.iter().any(|p| self.carries_floats(&p.ty)) {
            return Some("no parameter carries floats");
        }
        if !self.carries_floats(&f.signature.result) {
            return Some("it gives no floats");
        }
        self.gives_other_arrays(&f.signature.result).then_some("it gives an array of integers or truth values")
    }

    /// Whether there is a float in values of a type.
    fn carries_floats(&self, ty: &Ty) -> bool {
        self.any_leaf(ty, &|element, _| element.is_float())
    }

    fn gives_other_arrays(&self, ty: &Ty) -> bool {
        self.any_leaf(ty, &|element, array| array && !element.is_float())
    }

    fn any_leaf(&self, ty: &Ty, test: &dyn Fn(ScalarType, bool) -> bool) -> bool {
        match ty {
            _ if is_error(ty) => false,
            Ty::Scalar(s) => test(*s, false),
            Ty::Array { element, .. } => test(*element, true),
            Ty::Struct { id, .. } => {
                self.structs[id.0 as usize].fields.iter().any(|field| self.any_leaf(&field.ty, test))
            }
            Ty::Tuple(items) => items.iter().any(|item| self.any_leaf(item, test)),
            Ty::Fn(_) | Ty::Never => false,
        }
    }

    fn moving(&self, f: &Function) -> Vec<Ty> {
        f.signature.params.iter().map(|p| &p.ty).filter(|ty| self.carries_floats(ty)).cloned().collect()
    }

    fn rule_params(&self, f: &Function, mode: Mode) -> Vec<Ty> {
        let mut all: Vec<Ty> = f.signature.params.iter().map(|p| p.ty.clone()).collect();
        match mode {
            Mode::Jvp => all.extend(self.moving(f)),
            Mode::Vjp => all.push(f.signature.result.clone()),
        }
        all
    }

    /// The result types that a rule may have, the usual one first.
    fn rule_results(&self, f: &Function, mode: Mode) -> Vec<Ty> {
        let value = f.signature.result.clone();
        match (mode, self.moving(f).as_slice()) {
            (Mode::Jvp, _) => vec![Ty::Tuple(vec![value.clone(), value])],
            (Mode::Vjp, [one]) => vec![Ty::Tuple(vec![value, one.clone()])],
            (Mode::Vjp, several) => {
                let flat = std::iter::once(value.clone()).chain(several.iter().cloned()).collect();
                vec![Ty::Tuple(vec![value, Ty::Tuple(several.to_vec())]), Ty::Tuple(flat)]
            }
        }
    }

    /// The rules of a library function: files named after it.
    pub(super) fn library_rules(&mut self, name: &str, id: FnId) {
        let mut rules = FnRules::default();
        for mode in Mode::ALL {
            *rules.of_mut(mode) = self.library_function_of(&format!("{name}_{}", mode.name()));
        }
        if rules != FnRules::default() {
            self.fn_rules.insert(id, rules);
        }
    }
}

/// Whether a mistake was reported in a type.
fn broken(ty: &Ty) -> bool {
    is_error(ty) || matches!(ty, Ty::Tuple(items) if items.iter().any(broken))
}

/// Whether types are equal when the dimensions of one function are those of another.
struct Same {
    params: u32,
    dims: FxHashMap<LocalId, LocalId>,
}

impl Same {
    /// `i64` parameters stand at the same positions in both.
    fn new(f: &Function) -> Self {
        Same { params: f.signature.params.len() as u32, dims: FxHashMap::default() }
    }

    fn types(&mut self, want: &Ty, have: &Ty) -> bool {
        match (want, have) {
            (Ty::Scalar(a), Ty::Scalar(b)) => a == b,
            (Ty::Array { element: a, dims: want }, Ty::Array { element: b, dims: have }) => {
                a == b && self.dims(want, have)
            }
            (Ty::Struct { id: a, dims: want }, Ty::Struct { id: b, dims: have }) => a == b && self.dims(want, have),
            (Ty::Tuple(want), Ty::Tuple(have)) => {
                want.len() == have.len() && want.iter().zip(have).all(|(w, h)| self.types(w, h))
            }
            (Ty::Scalar(_) | Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never, _) => false,
        }
    }

    fn dims(&mut self, want: &[DimExpr], have: &[DimExpr]) -> bool {
        want.len() == have.len() && want.iter().zip(have).all(|(w, h)| self.dim(w, h))
    }

    fn dim(&mut self, want: &DimExpr, have: &DimExpr) -> bool {
        match (want, have) {
            (DimExpr::Const(a), DimExpr::Const(b)) => a == b,
            (DimExpr::Local(a), DimExpr::Local(b)) if a.0 < self.params || b.0 < self.params => a == b,
            (DimExpr::Local(a), DimExpr::Local(b)) => match self.dims.get(a) {
                Some(known) => known == b,
                None => {
                    let fresh = !self.dims.values().any(|taken| taken == b);
                    self.dims.insert(*a, *b);
                    fresh
                }
            },
            (DimExpr::Apply(p, a), DimExpr::Apply(q, b)) => {
                p == q && a.iter().zip(b.iter()).all(|(w, h)| self.dim(w, h))
            }
            (DimExpr::Unknown, _) | (_, DimExpr::Unknown) => true,
            (DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Struct(_) | DimExpr::Apply(..), _) => false,
        }
    }
}
