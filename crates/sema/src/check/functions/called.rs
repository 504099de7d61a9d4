//! Calls of what is not a plain name of a function: lambdas, parameters, names for functions.
//!
//! In: a call, and the function that it is of. Out: [`ExprKind::CallValue`], or what a call of the function by its name is. Arguments of a lambda say what its parameters are. An integer literal says so only
//! as far as the lambda can be checked:
//!
//! ```text
//! (|i| x[i])(0)         i is an integer
//! (|t| t * 2.5)(2)      t is a float: read as an integer, the lambda is wrong
//! ```

use super::{Kind, Known, typed_kind};
use crate::check::adapt::{adaptable, element, with_element};
use crate::check::body::Body;
use crate::check::calls::Call;
use crate::check::expr::bad;
use crate::check::fit::Why;
use crate::check::indexing::Purpose;
use crate::check::lambdas::{Checked, Code, Given, SiteId, shapeless};
use crate::check::report::{codes, count, is_error};
use crate::typed::{Arg, DimExpr, Expr, ExprKind, FnTy, FnTyParam, Ty};
use adit_diag::Diagnostic;
use adit_ir::ScalarType;
use adit_syntax::ast::{self, ArgKind};
use std::rc::Rc;

/// More integer literals in one call are not looked at one by one.
const MAX_LITERALS: usize = 8;

impl Body<'_, '_> {
    /// A call of a function that is not a plain name of one.
    #[inline(never)]
    pub(in super::super) fn call_of_known(&mut self, call: Call, known: &Known) -> Expr {
        match &known.kind {
            Kind::Named(id) => {
                let function = self.checker.function(*id);
                let call = Call { name: &function.name, ..call };
                if function.is_library { self.library_call(call, *id) } else { self.function_call(call, *id) }
            }
            Kind::Typed => self.call_of_param(call, known).unwrap_or_else(|| bad(call.span)),
            Kind::Lambda(site) => match &self.site_of(*site).code {
                Code::Known(name) => {
                    let name = name.clone();
                    self.call_of_name(Call { name: &name, ..call })
                }
                Code::Written { .. } => self.call_of_lambda(call, *site, known).unwrap_or_else(|| bad(call.span)),
            },
        }
    }

    fn call_of_param(&mut self, call: Call, known: &Known) -> Option<Expr> {
        let ty = self.scope.local(known.local?).ty.clone();
        let Ty::Fn(Some(function)) = &ty else { return None };
        if function.params.len() != call.args.len() {
            self.wrong_call_count(call, function.params.len());
            return None;
        }
        let start = self.mentions.len();
        let mut args = Vec::with_capacity(call.args.len());
        for (arg, param) in call.args.iter().zip(&function.params) {
            let why = Why::new(format!("the type of `{}`", call.name));
            args.push(self.value_argument(call, arg, param.lent, &param.ty, &why));
        }
        let args = self.lent_arguments(start, args)?;
        let callee = Expr { span: known.span, ty: ty.clone(), kind: ExprKind::Function(self.value_of(known, None)) };
        let kind = ExprKind::CallValue { callee: Box::new(callee), args };
        Some(Expr { span: call.span, ty: function.result.clone(), kind })
    }

    /// Whether nothing is lent twice; afterwards what was lent came back.
    fn lent_arguments(&mut self, start: usize, args: Vec<Option<Arg>>) -> Option<Vec<Arg>> {
        let once = self.lent_once(start);
        self.mentions[start..].iter_mut().for_each(|m| m.lent = false);
        let args: Option<Vec<Arg>> = args.into_iter().collect();
        args.filter(|_| once)
    }

    #[inline(never)]
    fn wrong_call_count(&mut self, call: Call, wanted: usize) {
        let message = format!("this function takes {}, found {}", count(wanted, "argument"), call.args.len());
        self.checker.reports.say(codes::ARGUMENT_COUNT, call.span, message);
        self.args_for_themselves(call.args);
    }

    /// An argument for a parameter of a told type.
    #[inline(never)]
    fn value_argument(&mut self, call: Call, arg: &ast::Arg, lent: bool, ty: &Ty, why: &Why) -> Option<Arg> {
        match (&arg.kind, lent) {
            (ArgKind::Value(e), false) => {
                if let Ty::Fn(Some(want)) = ty {
                    return self.function_argument(e, want, why).map(Arg::Value);
                }
                let mut typed = self.expr(e);
                let fits = self.fit(&mut typed, e, ty, why);
                (fits && !is_error(&typed.ty)).then_some(Arg::Value(typed))
            }
            (ArgKind::Lent(e), true) => {
                let place = self.place(e, Purpose::Lend)?;
                let stand_in = Expr { ty: place.ty.clone(), ..bad(e.span) };
                self.fits(&stand_in, e, ty, why).then_some(Arg::Lent(place))
            }
            (ArgKind::Value(_) | ArgKind::Lent(_) | ArgKind::Text(_) | ArgKind::Generator(_), _) => {
                self.wrong_argument(call, arg);
                None
            }
        }
    }

    /// A function given as an argument.
    pub(in super::super) fn function_argument(&mut self, e: &ast::Expr, want: &FnTy, why: &Why) -> Option<Expr> {
        if !self.is_function(e) {
            let typed = self.expr(e);
            if !is_error(&typed.ty) {
                let message = format!("expected `{}`, found `{}`", self.names().function(want), self.show(&typed.ty));
                let d = Diagnostic::new(codes::MISMATCH, e.span, message);
                self.checker.reports.push(why.explain(d));
            }
            return None;
        }
        let known = self.known(e)?;
        self.function_for(&known, want, why)
    }

    fn call_of_lambda(&mut self, call: Call, site: SiteId, known: &Known) -> Option<Expr> {
        let annotated = self.annotations(site)?;
        if annotated.len() != call.args.len() {
            self.wrong_call_count(call, annotated.len());
            return None;
        }
        let start = self.mentions.len();
        let mut args = Vec::with_capacity(call.args.len());
        let mut given = Vec::with_capacity(call.args.len());
        for (arg, (ty, lent)) in call.args.iter().zip(&annotated) {
            let (arg, what) = self.lambda_argument(call, arg, ty.as_ref(), *lent).unzip();
            args.push(arg);
            given.extend(what);
        }
        let mut args = self.lent_arguments(start, args)?;
        let checked = self.instance_of_literals(call, site, &annotated, (&mut args, &mut given))?;
        self.mention_captures(site, known);
        let types: Vec<Ty> = given.iter().map(|g| g.ty.clone()).collect();
        let values: Vec<DimExpr> = args
            .iter()
            .map(|arg| match arg {
                Arg::Value(e) if e.ty == Ty::I64 => self.dim_of(e),
                Arg::Value(_) | Arg::Lent(_) => DimExpr::Unknown,
            })
            .collect();
        let params = self.params_outward(site, &checked, &types, &values);
        let result = self.outward(site, &checked, &checked.result, &types, &values);
        let lent = args.iter().map(|arg| matches!(arg, Arg::Lent(_)));
        let params: Vec<FnTyParam> = params.into_iter().zip(lent).map(|(ty, lent)| FnTyParam { lent, ty }).collect();
        let ty = Ty::Fn(Some(Box::new(FnTy { params, result: result.clone() })));
        let callee = ExprKind::Function(self.value_of(known, Some(checked.function)));
        let callee = Box::new(Expr { span: known.span, ty, kind: callee });
        Some(Expr { span: call.span, ty: result, kind: ExprKind::CallValue { callee, args } })
    }

    /// The instance for these arguments, of which some are integer literals: they are integers if the lambda can be checked so, else floats, all of them or the first that can.
    fn instance_of_literals(
        &mut self,
        call: Call,
        site: SiteId,
        annotated: &[(Option<Ty>, bool)],
        (args, given): (&mut [Arg], &mut [Given]),
    ) -> Option<Rc<Checked>> {
        let literals = literals(call.args, annotated, args);
        let attempt = self.checker.reports.attempt();
        let found = self.instance(site, given, None, call.span);
        if found.is_some() || literals.is_empty() {
            return found;
        }
        let said = self.checker.reports.take_back(attempt);
        for floats in readings(&literals) {
            let mut given_floats = given.to_vec();
            for &(at, _) in &floats {
                given_floats[at].ty = with_element(&given[at].ty, ScalarType::F64);
            }
            if let Some(found) = self.instance(site, &given_floats, None, call.span) {
                given.clone_from_slice(&given_floats);
                for (at, src) in floats {
                    if let Arg::Value(e) = &mut args[at] {
                        self.fit(e, src, &given[at].ty, &Why::new("the lambda"));
                    }
                }
                return Some(found);
            }
            self.checker.reports.take_back(attempt);
        }
        self.checker.reports.restore(said);
        None
    }

    /// An argument of a lambda, and what it says of the parameter.
    #[inline(never)]
    fn lambda_argument(&mut self, call: Call, arg: &ast::Arg, ty: Option<&Ty>, lent: bool) -> Option<(Arg, Given)> {
        if let Some(ty) = ty {
            let wanted = shapeless(ty);
            let why = Why::new("the parameter of the lambda");
            let arg = self.value_argument(call, arg, lent, &wanted, &why)?;
            let ty = match &arg {
                Arg::Value(e) => e.ty.clone(),
                Arg::Lent(place) => place.ty.clone(),
            };
            let function = typed_kind(&ty);
            return Some((arg, Given { ty, lent, function }));
        }
        let e = match &arg.kind {
            ArgKind::Value(e) if !lent => e,
            ArgKind::Lent(e) if lent => {
                let place = self.place(e, Purpose::Lend)?;
                let given = Given { ty: place.ty.clone(), lent, function: None };
                return (!is_error(&place.ty)).then_some((Arg::Lent(place), given));
            }
            ArgKind::Value(_) | ArgKind::Lent(_) | ArgKind::Text(_) | ArgKind::Generator(_) => {
                self.wrong_argument(call, arg);
                return None;
            }
        };
        if !self.is_function(e) {
            let typed = self.expr(e);
            let given = Given { ty: typed.ty.clone(), lent: false, function: None };
            return (!is_error(&typed.ty)).then_some((Arg::Value(typed), given));
        }
        let known = self.known(e)?;
        let typed = self.untyped(&known);
        let given = Given { ty: typed.ty.clone(), lent: false, function: Some(known.kind) };
        Some((Arg::Value(typed), given))
    }

    /// Says why an argument is none for a function value.
    #[inline(never)]
    fn wrong_argument(&mut self, call: Call, arg: &ast::Arg) {
        match &arg.kind {
            ArgKind::Value(e) => {
                self.expr(e);
                let message = "this function changes its argument: it must be lent with `&mut`";
                self.checker.reports.say(codes::MUT_MISSING, e.span, message);
            }
            ArgKind::Lent(e) => {
                self.place(e, Purpose::Lend);
                self.mut_unwanted(arg.span, call.name);
            }
            ArgKind::Text(_) => {
                self.checker.reports.say(codes::MISMATCH, arg.span, "text stands only in `assert` and `print`");
            }
            ArgKind::Generator(g) => self.generator_unwanted(arg.span, call.name, g),
        }
    }
}

/// An argument by position, with its source.
type Literal<'s> = (usize, &'s ast::Expr);

/// The arguments without a type of their own that are integer literals, or arrays of such.
fn literals<'s>(sources: &'s [ast::Arg], annotated: &[(Option<Ty>, bool)], args: &[Arg]) -> Vec<Literal<'s>> {
    let all = sources.iter().zip(annotated).zip(args).enumerate();
    all.filter_map(|(at, ((source, (ty, _)), arg))| {
        let (ArgKind::Value(src), Arg::Value(e), None) = (&source.kind, arg, ty) else { return None };
        let adapts = element(&e.ty) == Some(ScalarType::I64) && adaptable(e, src, ScalarType::F64);
        adapts.then_some((at, src))
    })
    .collect()
}

/// Which of the literals are floats, in the order of trying: all; each alone; all but each.
fn readings<'s>(literals: &[Literal<'s>]) -> Vec<Vec<Literal<'s>>> {
    let mut out = vec![literals.to_vec()];
    if literals.len() > MAX_LITERALS {
        return out;
    }
    if literals.len() > 1 {
        out.extend(literals.iter().map(|&one| vec![one]));
    }
    if literals.len() > 2 {
        out.extend(literals.iter().map(|one| literals.iter().copied().filter(|other| other.0 != one.0).collect()));
    }
    out
}
