//! Functions as values: which expressions are functions, passing them, naming them, calling what is not a plain name of a function.
//!
//! In: an expression that is a function, and what is wanted of it. Out: an [`ExprKind::Function`] of a told type, or a call. A function is known wherever it is mentioned: what a name given by `let`, a
//! parameter without annotation or a capture stands for is its [`Kind`]. Only of a parameter with a function type nothing but that type is known.
//!
//! Types of a lambda's parameters are those that a use gives: the arguments of a call, or the function type that an argument must have. So other arguments are checked first.

mod called;

use super::body::{Body, Mention};
use super::calls::{Holes, Part};
use super::dims::{self, substitute};
use super::expr::known_dims;
use super::fit::Why;
use super::lambdas::{Checked, Code, Given, SiteId, shapeless};
use super::report::{codes, count, error, is_error};
use super::scope::Fact;
use super::{builtins, library, operators};
use crate::typed::{DimExpr, Expr, ExprKind, FnId, FnTy, FnTyParam, FnValue, LocalDef, LocalId, Pattern, StmtKind, Ty};
use adit_diag::{Diagnostic, Span};
use adit_syntax::ast::{self, PatternKind};
use rustc_hash::FxHashMap;

/// Which function something is, wherever that is asked.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    /// A function of the program.
    Named(FnId),
    /// A parameter: its type tells all there is to know.
    Typed,
    /// A lambda.
    Lambda(SiteId),
}

/// A function that an expression is.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// The variable that it is; none where it is written out.
    pub(super) local: Option<LocalId>,
    pub(super) span: Span,
}

impl Body<'_, '_> {
    /// The function that an expression is, if it is one at all.
    pub(super) fn known(&mut self, e: &ast::Expr) -> Option<Known> {
        if let ast::ExprKind::Lambda { params, body } = &e.kind {
            let site = self.lambda_site(e.span, params, body);
            return Some(Known { kind: Kind::Lambda(site), local: None, span: e.span });
        }
        if self.is_derivative(e) {
            return self.known_derivative(e);
        }
        let ast::ExprKind::Name(name) = &e.kind else { return None };
        if let Some(local) = self.find(name) {
            return self.known_local(local, e.span);
        }
        if self.is_own_function(name) {
            let kind = Kind::Named(self.checker.function_names[name]);
            return Some(Known { kind, local: None, span: e.span });
        }
        if self.checker.own_constant(name).is_some() || super::consts::library_constant(name).is_some() {
            return None;
        }
        if let Some(id) = self.checker.host_function(name) {
            return Some(Known { kind: Kind::Named(id), local: None, span: e.span });
        }
        if builtins::find(name).is_some() || operators::is_table_function(name) {
            let site = self.known_site(e.span, name);
            return Some(Known { kind: Kind::Lambda(site), local: None, span: e.span });
        }
        let id = self.checker.library_function(name)?;
        Some(Known { kind: Kind::Named(id), local: None, span: e.span })
    }

    pub(super) fn known_local(&self, local: LocalId, span: Span) -> Option<Known> {
        let Ty::Fn(_) = &self.scope.local(local).ty else { return None };
        let kind = self.scope.fact(local).function.clone().unwrap_or(Kind::Typed);
        Some(Known { kind, local: Some(local), span })
    }

    /// Whether an expression is a function, so that [`Body::known`] tells which.
    pub(super) fn is_function(&mut self, e: &ast::Expr) -> bool {
        let ast::ExprKind::Name(name) = &e.kind else {
            return matches!(e.kind, ast::ExprKind::Lambda { .. }) || self.is_derivative(e);
        };
        if let Some(local) = self.find(name) {
            return matches!(self.scope.local(local).ty, Ty::Fn(_));
        }
        self.names_function(name)
    }

    /// Whether a name that is no variable is that of a function.
    pub(super) fn names_function(&self, name: &str) -> bool {
        if self.is_own_function(name) {
            return true;
        }
        self.checker.own_constant(name).is_none()
            && super::consts::library_constant(name).is_none()
            && (self.checker.is_host_function(name)
                || builtins::find(name).is_some()
                || operators::is_table_function(name)
                || library::find(name).is_some())
    }

    /// Says that a function stands where only values can.
    #[inline(never)]
    pub(super) fn function_as_value(&mut self, span: Span, what: &str) {
        let message = format!("{what} can't be a function: functions are no values");
        let d = Diagnostic::new(codes::FUNCTION_AS_VALUE, span, message);
        self.checker
            .reports
            .push(d.note("a function can be called, passed as an argument, and named by `let`; nothing else"));
    }

    // Naming

    /// `let g = f;`
    #[inline(never)]
    pub(super) fn let_function(
        &mut self,
        pattern: &ast::Pattern,
        ty: Option<&ast::Type>,
        value: &ast::Expr,
    ) -> Option<StmtKind> {
        let ascribed = ty.map(|ty| (self.written_type(ty), ty.span));
        let Some(known) = self.known(value) else {
            // What it would name is unknown, which is no news where it is used.
            self.pattern(pattern, &error(), Fact::default());
            return None;
        };
        let (typed, kind) = match &ascribed {
            Some((Ty::Fn(Some(want)), at)) => {
                let why = Why::at("the type ascribed", *at);
                (self.function_for(&known, want, &why), Kind::Typed)
            }
            Some((ty, at)) => {
                if !is_error(ty) {
                    let message = format!("expected `{}`, found a function", self.show(ty));
                    let d = Diagnostic::new(codes::MISMATCH, value.span, message);
                    self.checker.reports.push(d.label(*at, "the type ascribed"));
                }
                (None, Kind::Typed)
            }
            None => {
                if let PatternKind::Name { name, .. } = &pattern.kind {
                    self.naming = Some(name.name.clone());
                }
                self.annotated_alone(&known);
                self.naming = None;
                (Some(self.untyped(&known)), known.kind.clone())
            }
        };
        let (name, typed) = match &pattern.kind {
            PatternKind::Name { name, mutable: false } => (name, typed),
            PatternKind::Name { name, mutable: true } => {
                self.function_as_value(value.span, "a variable that may be assigned");
                (name, None)
            }
            PatternKind::Wildcard | PatternKind::Tuple(_) => {
                self.function_as_value(value.span, "what a pattern takes apart");
                return None;
            }
            PatternKind::Error => {
                self.checker.reports.fail();
                return None;
            }
        };
        let ty = typed.as_ref().map_or_else(error, |e| e.ty.clone());
        let fact = Fact { function: Some(kind), ..Fact::default() };
        let local = LocalDef { name: name.name.clone(), ty, mutable: false, span: name.span };
        let local = self.scope.declare(local, fact);
        typed.map(|value| StmtKind::Let { pattern: Pattern::Local(local), value, ascribed: None })
    }

    /// A lambda whose parameters are all annotated is checked even if it is never used.
    fn annotated_alone(&mut self, known: &Known) {
        let Kind::Lambda(site) = known.kind else { return };
        let Code::Written { params, .. } = &self.site_of(site).code else { return };
        let given: Option<Vec<Given>> =
            params.iter().map(|p| p.ty.clone().map(|ty| Given { ty, lent: p.lent, function: None })).collect();
        if let (Some(given), true) = (given, known.local.is_none()) {
            let given: Vec<Given> = given.into_iter().map(|g| Given { function: typed_kind(&g.ty), ..g }).collect();
            self.instance(site, &given, None, known.span);
        }
    }

    /// A function of which its uses tell the type.
    fn untyped(&mut self, known: &Known) -> Expr {
        let ty = match (&known.kind, known.local) {
            (Kind::Typed, Some(local)) => self.scope.local(local).ty.clone(),
            _ => Ty::Fn(None),
        };
        Expr { span: known.span, ty, kind: ExprKind::Function(self.value_of(known, None)) }
    }

    /// How the typed tree names a function.
    fn value_of(&mut self, known: &Known, instance: Option<FnId>) -> FnValue {
        match (&known.kind, known.local) {
            (Kind::Named(id), _) => FnValue::Named(*id),
            (Kind::Lambda(_) | Kind::Typed, Some(local)) => FnValue::Local { local, instance },
            (Kind::Lambda(site), None) => {
                let this = self.site_of(*site);
                if let (true, Some(id)) = (this.is_shared(), instance) {
                    return FnValue::Named(id);
                }
                FnValue::Lambda { lambda: this.lambda, instance }
            }
            (Kind::Typed, None) => FnValue::Named(FnId(u32::MAX)),
        }
    }

    // Functions for a type

    /// A function where one of this type is wanted.
    #[inline(never)]
    pub(super) fn function_for(&mut self, known: &Known, want: &FnTy, why: &Why) -> Option<Expr> {
        let (have, instance) = match &known.kind {
            Kind::Named(id) => (self.named_for(*id, known, want, why)?, None),
            Kind::Typed => {
                let local = known.local?;
                let Ty::Fn(Some(have)) = self.scope.local(local).ty.clone() else { return None };
                self.takes_these(known, &have, want, why).then_some((*have, None))?
            }
            Kind::Lambda(site) => {
                let (have, instance) = self.lambda_for(*site, known, want, why)?;
                (have, Some(instance))
            }
        };
        if !self.gives_this(known, &have, want, why) {
            return None;
        }
        let params = have.params.into_iter().zip(&want.params);
        let params = params.map(|(h, w)| FnTyParam { lent: h.lent, ty: known_dims(&w.ty, &h.ty) });
        let ty = FnTy { params: params.collect(), result: known_dims(&want.result, &have.result) };
        let kind = ExprKind::Function(self.value_of(known, instance));
        Some(Expr { span: known.span, ty: Ty::Fn(Some(Box::new(ty))), kind })
    }

    fn misfit(&mut self, known: &Known, want: &FnTy, why: &Why, what: &str) {
        let message = format!("expected `{}`: {what}", self.names().function(want));
        let d = Diagnostic::new(codes::FUNCTION_MISFIT, known.span, message);
        self.checker.reports.push(why.explain(d));
    }

    /// Whether a function takes as many parameters as are wanted, and those lent that are.
    fn same_params(&mut self, known: &Known, lent: &[bool], want: &FnTy, why: &Why) -> bool {
        if lent.len() != want.params.len() {
            let what = format!("this function takes {}", count(lent.len(), "argument"));
            self.misfit(known, want, why, &what);
            return false;
        }
        let other = lent.iter().zip(&want.params).position(|(lent, p)| *lent != p.lent);
        if let Some(at) = other {
            let how = if lent[at] { "with" } else { "without" };
            self.misfit(known, want, why, &format!("this function takes argument {} {how} `&mut`", at + 1));
        }
        other.is_none()
    }

    fn named_for(&mut self, id: FnId, known: &Known, want: &FnTy, why: &Why) -> Option<FnTy> {
        let function = self.checker.function(id);
        let params = &function.signature.params;
        let lent: Vec<bool> = params.iter().map(|p| p.lent).collect();
        if !self.same_params(known, &lent, want, why) {
            return None;
        }
        for (p, wanted) in params.iter().zip(&want.params) {
            if self.differs(&wanted.ty, &shapeless(&p.ty)) {
                let what = format!("`{}` takes `{}` as `{}`", function.name, self.show_shapeless(&p.ty), p.name);
                self.misfit(known, want, why, &what);
                return None;
            }
        }
        let parts: Vec<Part> = params
            .iter()
            .zip(&want.params)
            .map(|(p, wanted)| (p.name.to_string(), p.ty.clone(), wanted.ty.clone(), known.span))
            .collect();
        let mut holes = Holes::of_function(&function);
        let locals = &function.signature.locals;
        if !self.fill(&mut holes, &parts, &|h| locals.get(params.len() + h).map(|l| l.name.clone())) {
            return None;
        }
        let result = holes.ty(&function.signature.result, &self.scope);
        let types = parts.into_iter().zip(lent).map(|((_, _, ty, _), lent)| FnTyParam { lent, ty });
        Some(FnTy { params: types.collect(), result })
    }

    fn takes_these(&mut self, known: &Known, have: &FnTy, want: &FnTy, why: &Why) -> bool {
        let lent: Vec<bool> = have.params.iter().map(|p| p.lent).collect();
        if !self.same_params(known, &lent, want, why) {
            return false;
        }
        let other = have.params.iter().zip(&want.params).find(|(h, w)| self.differs(&w.ty, &h.ty));
        if let Some((h, _)) = other {
            let what = format!("this function takes `{}`", self.show(&h.ty));
            self.misfit(known, want, why, &what);
            return false;
        }
        true
    }

    fn gives_this(&mut self, known: &Known, have: &FnTy, want: &FnTy, why: &Why) -> bool {
        if !self.differs(&have.result, &want.result) {
            return true;
        }
        let what = if have.result.is_unit() {
            "this function gives nothing".to_owned()
        } else {
            format!("this function gives `{}`", self.show(&have.result))
        };
        self.misfit(known, want, why, &what);
        false
    }

    /// A type without dimensions of its own, for messages about other functions.
    fn show_shapeless(&self, ty: &Ty) -> String {
        self.show(&shapeless(ty))
    }

    fn lambda_for(&mut self, site: SiteId, known: &Known, want: &FnTy, why: &Why) -> Option<(FnTy, FnId)> {
        let annotated = self.annotations(site);
        if let Some(annotated) = &annotated {
            let lent: Vec<bool> = annotated
                .iter()
                .zip(&want.params)
                .map(|((ty, lent), w)| if ty.is_some() { *lent } else { *lent || w.lent })
                .collect();
            let lent = if lent.len() == annotated.len() { lent } else { annotated.iter().map(|a| a.1).collect() };
            if !self.same_params(known, &lent, want, why) {
                return None;
            }
            for ((ty, _), wanted) in annotated.iter().zip(&want.params) {
                if let Some(ty) = ty.as_ref().filter(|ty| self.differs(&wanted.ty, &shapeless(ty))) {
                    let what = format!("this lambda takes `{}`", self.show_shapeless(ty));
                    self.misfit(known, want, why, &what);
                    return None;
                }
            }
        }
        let given: Vec<Given> =
            want.params.iter().map(|p| Given { ty: p.ty.clone(), lent: p.lent, function: typed_kind(&p.ty) }).collect();
        let result = (!matches!(want.result, Ty::Fn(_))).then_some(&want.result);
        let checked = self.instance(site, &given, result, known.span)?;
        self.mention_captures(site, known);
        let types: Vec<Ty> = given.into_iter().map(|g| g.ty).collect();
        let params = self.params_outward(site, &checked, &types, &[]);
        for (index, (ty, wanted)) in params.iter().zip(&want.params).enumerate() {
            if self.differs(ty, &wanted.ty) {
                let what = format!("argument {} of this lambda is `{}`", index + 1, self.show(ty));
                self.misfit(known, want, why, &what);
                return None;
            }
        }
        let result = self.outward(site, &checked, &checked.result, &types, &[]);
        let params = params.into_iter().zip(&want.params).map(|(ty, w)| FnTyParam { lent: w.lent, ty });
        Some((FnTy { params: params.collect(), result }, checked.function))
    }

    /// For each parameter of a lambda its annotated type, where the lambda is written, and whether it is lent.
    fn annotations(&self, site: SiteId) -> Option<Vec<(Option<Ty>, bool)>> {
        match &self.site_of(site).code {
            Code::Written { params, .. } => Some(params.iter().map(|p| (p.ty.clone(), p.lent)).collect()),
            Code::Known(_) => None,
        }
    }

    /// What a lambda captures is mentioned where it is written.
    fn mention_captures(&mut self, site: SiteId, known: &Known) {
        if known.local.is_some() {
            return;
        }
        let lambda = self.site_of(site).lambda;
        let captures = &self.frames[self.frame].lambdas[lambda.0 as usize].captures;
        let captured = captures.iter().map(|c| c.from);
        self.mentions.extend(captured.map(|local| Mention { local, path: Vec::new(), lent: false, span: known.span }));
    }

    /// The types of an instance's parameters, in the active frame, where they are given these.
    fn params_outward(&mut self, site: SiteId, checked: &Checked, given: &[Ty], values: &[DimExpr]) -> Vec<Ty> {
        let own: Vec<Ty> = checked.params.iter().map(|ty| self.outward(site, checked, ty, given, values)).collect();
        own.iter().zip(given).map(|(own, given)| known_dims(own, given)).collect()
    }

    /// A type of an instance, in the active frame: `given` are the types of its arguments, `values` those arguments that can stand in dimensions.
    fn outward(&mut self, site: SiteId, checked: &Checked, ty: &Ty, given: &[Ty], values: &[DimExpr]) -> Ty {
        let mut known: FxHashMap<LocalId, DimExpr> = FxHashMap::default();
        for (param, given) in checked.params.iter().zip(given) {
            match_dims(param, given, &mut known);
        }
        known.extend(checked.locals.iter().copied().zip(values.iter().cloned()));
        let place = self.place_of(site);
        for local in dims::locals_of(ty) {
            if let (Some(outer), Some(place)) = (checked.outer.get(&local), place) {
                let here = self.down(self.frame, place.frame, *outer);
                known.insert(local, here.map_or(DimExpr::Unknown, DimExpr::Local));
            }
        }
        let replace = |d: &DimExpr| match d {
            DimExpr::Local(local) => known.get(local).cloned().unwrap_or(DimExpr::Unknown),
            DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => d.clone(),
        };
        dims::map_dims(ty, &|dim| substitute(dim, &replace, &self.scope))
    }
}

/// What is known of a parameter that is a function.
fn typed_kind(ty: &Ty) -> Option<Kind> {
    matches!(ty, Ty::Fn(_)).then_some(Kind::Typed)
}

/// What the types of arguments say about the dimensions that parameters mention bare.
fn match_dims(param: &Ty, given: &Ty, out: &mut FxHashMap<LocalId, DimExpr>) {
    match (param, given) {
        (Ty::Array { dims: param, .. }, Ty::Array { dims: given, .. })
        | (Ty::Struct { dims: param, .. }, Ty::Struct { dims: given, .. }) => {
            for (param, given) in param.iter().zip(given) {
                if let DimExpr::Local(local) = param
                    && out.get(local).is_none_or(|d| *d == DimExpr::Unknown)
                {
                    out.insert(*local, given.clone());
                }
            }
        }
        (Ty::Tuple(param), Ty::Tuple(given)) => {
            param.iter().zip(given).for_each(|(p, g)| match_dims(p, g, out));
        }
        (Ty::Fn(Some(param)), Ty::Fn(Some(given))) => {
            param.params.iter().zip(&given.params).for_each(|(p, g)| match_dims(&p.ty, &g.ty, out));
            match_dims(&param.result, &given.result, out);
        }
        _ => {}
    }
}
