//! Calls: what is called, and whether the arguments fit.
//!
//! In: `f(…)`. Out: a call of a function of the program, or of the table, or of the compiler's own; the user's names come before all others. Dimensions are compared
//! when all arguments are known, so that a message can name both sides; nothing lent may be mentioned again in the same call.

use super::body::{Body, Mention};
use super::dims::{self, substitute};
use super::expr::bad;
use super::fit::Why;
use super::indexing::Purpose;
use super::report::{Names, codes, count, is_error};
use super::scope::Scope;
use super::{Function, builtins, derivatives, foreign, library, operators};
use crate::typed::{Arg, DimExpr, Expr, ExprKind, FnId, LocalId, Ty};
use adit_diag::{Diagnostic, Span};
use adit_syntax::ast::{self, ArgKind};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The call being checked.
#[derive(Clone, Copy)]
pub(super) struct Call<'s> {
    pub(super) span: Span,
    pub(super) name: &'s str,
    pub(super) name_span: Span,
    pub(super) args: &'s [ast::Arg],
}

/// The unknown dimensions of a signature or struct, being found.
pub(super) struct Holes {
    /// For each: what it is, and the position of the part that told so.
    found: Vec<Option<(DimExpr, usize)>>,
    /// The name of each, for messages.
    kind: HoleKind,
    /// The `i64` parameters, given by these arguments.
    values: FxHashMap<LocalId, DimExpr>,
}

enum HoleKind {
    Struct,
    /// The first dimension local and the number of dimensions.
    Function(u32),
}

impl Holes {
    /// The dimensions of a struct.
    pub(super) fn of_struct(dims: usize) -> Holes {
        Holes { found: vec![None; dims], kind: HoleKind::Struct, values: FxHashMap::default() }
    }

    pub(super) fn of_function(function: &Function) -> Holes {
        Holes {
            found: vec![None; function.signature.dims.len()],
            kind: HoleKind::Function(function.signature.params.len() as u32),
            values: FxHashMap::default(),
        }
    }

    fn index(&self, dim: &DimExpr) -> Option<usize> {
        let index = match (&self.kind, dim) {
            (HoleKind::Struct, DimExpr::Struct(i)) => *i,
            (HoleKind::Function(first), DimExpr::Local(local)) => local.0.checked_sub(*first)?,
            _ => return None,
        } as usize;
        (index < self.found.len()).then_some(index)
    }

    /// What a name of the signature is at the call.
    fn value(&self, dim: &DimExpr) -> DimExpr {
        if let Some(index) = self.index(dim) {
            return self.found[index].as_ref().map_or(DimExpr::Unknown, |(dim, _)| dim.clone());
        }
        let DimExpr::Local(local) = dim else { return dim.clone() };
        self.values.get(local).cloned().unwrap_or(DimExpr::Unknown)
    }

    fn bind(&mut self, want: &Ty, have: &Ty, part: usize) {
        match (want, have) {
            (Ty::Array { dims: want, .. }, Ty::Array { dims: have, .. })
            | (Ty::Struct { dims: want, .. }, Ty::Struct { dims: have, .. }) => {
                for (want, have) in want.iter().zip(have) {
                    let Some(index) = self.index(want) else { continue };
                    let known = self.found[index].as_ref().is_some_and(|(dim, _)| *dim != DimExpr::Unknown);
                    if !known {
                        self.found[index] = Some((have.clone(), part));
                    }
                }
            }
            (Ty::Tuple(want), Ty::Tuple(have)) => want.iter().zip(have).for_each(|(w, h)| self.bind(w, h, part)),
            (Ty::Fn(Some(want)), Ty::Fn(Some(have))) => {
                want.params.iter().zip(&have.params).for_each(|(w, h)| self.bind(&w.ty, &h.ty, part));
                self.bind(&want.result, &have.result, part);
            }
            _ => {}
        }
    }

    /// A type of the signature, at the call.
    pub(super) fn ty(&self, ty: &Ty, scope: &Scope) -> Ty {
        dims::map_dims(ty, &|dim| substitute(dim, &|d| self.value(d), scope))
    }

    /// Every dimension found.
    pub(super) fn all(&self) -> Vec<DimExpr> {
        self.found.iter().map(|f| f.as_ref().map_or(DimExpr::Unknown, |(dim, _)| dim.clone())).collect()
    }
}

/// A parameter or field: its name, its type, the type and place of what is given for it.
pub(super) type Part = (String, Ty, Ty, Span);

impl Body<'_, '_> {
    #[inline(never)]
    pub(super) fn call(&mut self, span: Span, callee: &ast::Expr, args: &[ast::Arg]) -> Expr {
        let ast::ExprKind::Name(name) = &callee.kind else {
            if let ast::ExprKind::Call { callee: inner, args: of } = &callee.kind
                && let Some(operator) = self.derivative_operator(inner).filter(|operator| operator.gives_function())
            {
                let call = Call { span, name: "this function", name_span: callee.span, args };
                return self.watched(|this| this.derivative_at(call, operator, of));
            }
            return self.call_of_value(span, callee, args);
        };
        let call = Call { span, name, name_span: callee.span, args };
        if let Some(local) = self.find(name)
            && !matches!(self.scope.local(local).ty, Ty::Fn(_))
        {
            return self.call_of_variable(call, local);
        }
        self.watched(|this| {
            let known = this.find(name).and_then(|local| this.known_local(local, callee.span));
            match known {
                Some(known) => this.call_of_known(call, &known),
                None => this.call_of_name(call),
            }
        })
    }

    /// Checks a call, in which what is mentioned matters.
    fn watched(&mut self, check: impl FnOnce(&mut Self) -> Expr) -> Expr {
        self.watching += 1;
        let mark = self.mentions.len();
        let typed = check(self);
        self.watching -= 1;
        debug_assert!(self.mentions.len() >= mark);
        typed
    }

    pub(super) fn call_of_name(&mut self, call: Call) -> Expr {
        // What the compiler writes means the compiler's own, whatever the program defines.
        if let Some(known) = call.name.strip_prefix('#').and_then(builtins::find) {
            return known.check(self, call);
        }
        if self.is_own_function(call.name) {
            let id = self.checker.function_names[call.name];
            return self.function_call(call, id);
        }
        if self.checker.own_constant(call.name).is_some() {
            return self.not_a_function(call, "is a constant");
        }
        if let Some(id) = self.checker.host_function(call.name) {
            return self.function_call(call, id);
        }
        if let Some(known) = builtins::find(call.name) {
            return known.check(self, call);
        }
        if operators::is_table_function(call.name) {
            return self.call_of_table(call);
        }
        if let Some(id) = self.checker.library_function(call.name) {
            return self.library_call(call, id);
        }
        if let Some(operator) = derivatives::find(call.name).filter(|operator| !operator.gives_function()) {
            return self.directional(call, operator);
        }
        if derivatives::find(call.name).is_some() {
            let message = format!("`{0}` gives a function: `{0}(f)(x)`", call.name);
            self.checker.reports.say(codes::FUNCTION_AS_VALUE, call.span, message);
            return bad(call.span);
        }
        self.unknown_function(call)
    }

    fn call_of_table(&mut self, call: Call) -> Expr {
        match self.plain_args(call) {
            Some((args, sources)) => self.table_call(call.span, call.name, args, &sources),
            None => bad(call.span),
        }
    }

    /// Arguments that can only be values.
    #[inline(never)]
    pub(super) fn plain_args<'s>(&mut self, call: Call<'s>) -> Option<(Vec<Expr>, Vec<&'s ast::Expr>)> {
        let mut typed = Vec::with_capacity(call.args.len());
        let mut sources = Vec::with_capacity(call.args.len());
        let mut ok = true;
        for arg in call.args {
            match &arg.kind {
                ArgKind::Value(e) => {
                    typed.push(self.expr(e));
                    sources.push(e);
                }
                ArgKind::Lent(_) => {
                    self.mut_unwanted(arg.span, call.name);
                    ok = false;
                }
                ArgKind::Text(_) => {
                    self.checker.reports.say(codes::MISMATCH, arg.span, "text stands only in `assert` and `print`");
                    ok = false;
                }
                ArgKind::Generator(g) => {
                    self.generator_unwanted(arg.span, call.name, g);
                    ok = false;
                }
            }
        }
        (ok && !typed.iter().any(|e| is_error(&e.ty))).then_some((typed, sources))
    }

    #[inline(never)]
    pub(super) fn mut_unwanted(&mut self, span: Span, name: &str) {
        let message = format!("`{name}` takes this by value, without `&mut`");
        self.checker.reports.say(codes::MUT_UNWANTED, span, message);
    }

    #[inline(never)]
    pub(super) fn generator_unwanted(&mut self, span: Span, name: &str, g: &ast::Generator) {
        self.generator(g);
        let message = format!("`{name}` takes no `… for … in …`");
        let d = Diagnostic::new(codes::MISMATCH, span, message)
            .help("an array of these values is written in brackets: `[… for … in …]`");
        self.checker.reports.push(d);
    }

    #[inline(never)]
    fn call_of_value(&mut self, span: Span, callee: &ast::Expr, args: &[ast::Arg]) -> Expr {
        if let Some(known) = self.known(callee) {
            self.watching += 1;
            let call = Call { span, name: "this function", name_span: callee.span, args };
            let typed = self.call_of_known(call, &known);
            self.watching -= 1;
            return typed;
        }
        let typed = self.expr(callee);
        if !is_error(&typed.ty) {
            let message = format!("a value of type `{}` is not a function", self.show(&typed.ty));
            self.checker.reports.say(codes::NOT_A_FUNCTION, callee.span, message);
        }
        self.args_for_themselves(args);
        bad(span)
    }

    /// Checks arguments although the call is wrong.
    pub(super) fn args_for_themselves(&mut self, args: &[ast::Arg]) {
        for arg in args {
            match &arg.kind {
                ArgKind::Value(e) => drop(self.expr(e)),
                ArgKind::Lent(e) => drop(self.place(e, Purpose::Lend)),
                ArgKind::Text(_) => {}
                ArgKind::Generator(g) => drop(self.generator(g)),
            }
        }
    }

    #[inline(never)]
    fn call_of_variable(&mut self, call: Call, local: LocalId) -> Expr {
        let def = self.scope.local(local);
        if !is_error(&def.ty) {
            let message =
                format!("`{}` is a variable of type `{}` here, not a function", call.name, self.show(&def.ty));
            let d = Diagnostic::new(codes::NOT_A_FUNCTION, call.name_span, message).label(def.span, "declared here");
            self.checker.reports.push(d);
        }
        self.args_for_themselves(call.args);
        bad(call.span)
    }

    fn not_a_function(&mut self, call: Call, what: &str) -> Expr {
        let message = format!("`{}` {what}, not a function", call.name);
        self.checker.reports.say(codes::NOT_A_FUNCTION, call.name_span, message);
        self.args_for_themselves(call.args);
        bad(call.span)
    }

    #[inline(never)]
    fn unknown_function(&mut self, call: Call) -> Expr {
        if self.checker.struct_names.contains_key(call.name) {
            let what = format!("is a struct (its values are written `{} {{ … }}`)", call.name);
            return self.not_a_function(call, &what);
        }
        if self.checker.imports {
            self.checker.reports.fail();
        } else {
            let own = self.checker.function_names.keys().map(|k| &**k);
            let known = own
                .chain(operators::table_functions())
                .chain(builtins::names())
                .chain(derivatives::names())
                .chain(library::names());
            let similar = self.checker.reports.similar(call.name, known).map(str::to_owned);
            let mut d = Diagnostic::new(
                codes::UNKNOWN_FUNCTION,
                call.name_span,
                format!("there is no function `{}`", call.name),
            );
            d.help = if self.is_within(call.name) {
                Some(format!("a lambda can't call itself; a function can: `fn {}(…) -> … {{ … }}`", call.name))
            } else {
                foreign::function(call.name).or_else(|| similar.map(|s| format!("did you mean `{s}`?")))
            };
            self.checker.reports.push(d);
        }
        self.args_for_themselves(call.args);
        bad(call.span)
    }

    /// A call of a function of the program.
    #[inline(never)]
    pub(super) fn function_call(&mut self, call: Call, id: FnId) -> Expr {
        let function = self.checker.function(id);
        let params = &function.signature.params;
        if params.len() != call.args.len() {
            self.wrong_arg_count(call, &function);
            self.args_for_themselves(call.args);
            return bad(call.span);
        }
        let start = self.mentions.len();
        let mut args = Vec::with_capacity(params.len());
        let mut ok = true;
        for (arg, param) in call.args.iter().zip(params) {
            // What functions must take and give may depend on other arguments: these come last.
            let last = matches!((&param.ty, &arg.kind), (Ty::Fn(Some(_)), ArgKind::Value(_)));
            args.push(if last { None } else { self.argument(call, arg, &function, param) });
            ok &= last || args.last().is_some_and(Option::is_some);
        }
        ok = ok && self.function_arguments(call, &function, &mut args);
        let args: Vec<Arg> = args.into_iter().flatten().collect();
        ok &= self.lent_once(start);
        // What an argument's own call lent came back with its result: to a call around it, it is a mention.
        self.mentions[start..].iter_mut().for_each(|m| m.lent = false);
        if !ok {
            return self.failed_call(call, &function);
        }
        match self.result_type(&function, &args) {
            Some(ty) => Expr { span: call.span, ty, kind: ExprKind::Call { callee: id, args } },
            None => self.failed_call(call, &function),
        }
    }

    /// A call of a function of the program with arguments that are values and checked already.
    #[inline(never)]
    pub(super) fn call_of_typed(
        &mut self,
        call: Call,
        id: FnId,
        typed: Vec<Expr>,
        sources: &[&ast::Expr],
    ) -> Option<Expr> {
        let function = self.checker.function(id);
        let mut args = Vec::with_capacity(typed.len());
        for ((mut e, src), param) in typed.into_iter().zip(sources).zip(&function.signature.params) {
            let shapeless = dims::map_dims(&param.ty, &|_| DimExpr::Unknown);
            let why = Why::at(format!("the parameter `{}` of `{}`", param.name, call.name), param.span);
            if self.fit(&mut e, src, &shapeless, &why) {
                args.push(Arg::Value(e));
            }
        }
        if args.len() < function.signature.params.len() {
            return None;
        }
        let ty = self.result_type(&function, &args)?;
        Some(Expr { span: call.span, ty, kind: ExprKind::Call { callee: id, args } })
    }

    /// Arguments that are functions, when all others are known.
    fn function_arguments(&mut self, call: Call, function: &Function, args: &mut [Option<Arg>]) -> bool {
        let params = &function.signature.params;
        if args.iter().all(Option::is_some) {
            return true;
        }
        let mut holes = Holes::of_function(function);
        for (index, param) in params.iter().enumerate() {
            if let Some(arg) = &args[index] {
                self.bind_argument(&mut holes, param, index, arg);
            }
        }
        let mut ok = true;
        for (index, (param, arg)) in params.iter().zip(call.args).enumerate() {
            let (None, ArgKind::Value(e)) = (&args[index], &arg.kind) else { continue };
            let Ty::Fn(Some(want)) = holes.ty(&param.ty, &self.scope) else { continue };
            let why = Why::at(format!("the parameter `{}` of `{}`", param.name, call.name), param.span);
            match self.function_argument(e, &want, &why) {
                Some(typed) => {
                    let arg = Arg::Value(typed);
                    self.bind_argument(&mut holes, param, index, &arg);
                    args[index] = Some(arg);
                }
                None => ok = false,
            }
        }
        ok
    }

    /// What an argument says about the dimensions of a signature.
    fn bind_argument(&self, holes: &mut Holes, param: &super::Parameter, index: usize, arg: &Arg) {
        match arg {
            Arg::Value(e) => {
                holes.bind(&param.ty, &e.ty, index);
                if param.ty == Ty::I64 {
                    holes.values.insert(LocalId(index as u32), self.dim_of(e));
                }
            }
            Arg::Lent(place) => holes.bind(&param.ty, &place.ty, index),
        }
    }

    /// A wrong call still has the type of its function, if that needs no dimensions: mistakes after it are found.
    fn failed_call(&self, call: Call, function: &Function) -> Expr {
        let mut e = bad(call.span);
        if matches!(function.signature.result, Ty::Scalar(_)) {
            e.ty = function.signature.result.clone();
        }
        e
    }

    #[inline(never)]
    fn wrong_arg_count(&mut self, call: Call, function: &Function) {
        let params = &function.signature.params;
        let message = format!("`{}` takes {}, found {}", call.name, count(params.len(), "argument"), call.args.len());
        let mut d = Diagnostic::new(codes::ARGUMENT_COUNT, call.span, message);
        if !function.is_library {
            d = d.label(function.item.signature, "defined here");
        } else {
            let names: Vec<&str> = params.iter().map(|p| &*p.name).collect();
            d = d.help(format!("`{}({})`", call.name, names.join(", ")));
        }
        self.checker.reports.push(d);
    }

    #[inline(never)]
    fn argument(&mut self, call: Call, arg: &ast::Arg, function: &Function, param: &super::Parameter) -> Option<Arg> {
        let shapeless = dims::map_dims(&param.ty, &|_| DimExpr::Unknown);
        let why = Why::at(format!("the parameter `{}` of `{}`", param.name, call.name), param.span);
        match (&arg.kind, param.lent) {
            (ArgKind::Value(e), false) => {
                let mut typed = self.expr(e);
                let fits = self.fit(&mut typed, e, &shapeless, &why);
                (fits && !is_error(&typed.ty) && !is_error(&param.ty)).then_some(Arg::Value(typed))
            }
            (ArgKind::Lent(e), true) => {
                let place = self.place(e, Purpose::Lend)?;
                let stand_in = Expr { ty: place.ty.clone(), ..bad(e.span) };
                self.fits(&stand_in, e, &shapeless, &why).then_some(Arg::Lent(place))
            }
            (ArgKind::Value(e), true) => {
                self.expr(e);
                let message = format!("`{}` changes this argument: it must be lent with `&mut`", call.name);
                let mut d = Diagnostic::new(codes::MUT_MISSING, e.span, message);
                if !function.is_library {
                    d = d.label(param.span, "the parameter");
                }
                d.help = e.is_place().then(|| "write `&mut` before it".to_owned());
                self.checker.reports.push(d);
                None
            }
            (ArgKind::Lent(e), false) => {
                self.place(e, Purpose::Lend);
                self.mut_unwanted(arg.span, call.name);
                None
            }
            (ArgKind::Text(_), _) => {
                self.checker.reports.say(codes::MISMATCH, arg.span, "text stands only in `assert` and `print`");
                None
            }
            (ArgKind::Generator(g), _) => {
                self.generator_unwanted(arg.span, call.name, g);
                None
            }
        }
    }

    /// Whether nothing lent in the arguments since `start` is mentioned again in them.
    #[inline(never)]
    pub(super) fn lent_once(&mut self, start: usize) -> bool {
        let recent = &self.mentions[start..];
        if !recent.iter().any(|m| m.lent) {
            return true;
        }
        let mut by_local: FxHashMap<LocalId, Vec<&Mention>> = FxHashMap::default();
        for mention in recent {
            by_local.entry(mention.local).or_default().push(mention);
        }
        let mut twice = Vec::new();
        for (index, lent) in recent.iter().enumerate().filter(|(_, m)| m.lent) {
            let others = by_local.get(&lent.local).into_iter().flatten();
            let again = others.filter(|m| !std::ptr::eq(**m, lent)).find(|m| overlap(m, lent));
            if let Some(again) = again {
                twice.push((index, (*again).clone()));
                if twice.len() > 8 {
                    break;
                }
            }
        }
        let Some((lent, again)) = twice.first().map(|(i, again)| (recent[*i].clone(), again.clone())) else {
            return true;
        };
        let name = &self.scope.local(lent.local).name;
        let (first, second) = if lent.span.start <= again.span.start { (&lent, &again) } else { (&again, &lent) };
        let message = format!("`{name}` is lent here, so it can't be mentioned again in the same call");
        let d = Diagnostic::new(codes::LENT_TWICE, second.span, message)
            .label(first.span, format!("`{name}` is mentioned here first"));
        self.checker.reports.push(d.help("put the other value into a variable of its own before the call"));
        false
    }

    /// The type of a call's value; `None` if dimensions of the arguments don't agree.
    #[inline(never)]
    fn result_type(&mut self, function: &Function, args: &[Arg]) -> Option<Ty> {
        let mut holes = Holes::of_function(function);
        let params = &function.signature.params;
        let mut parts: Vec<Part> = Vec::with_capacity(params.len());
        for (index, (arg, param)) in args.iter().zip(params).enumerate() {
            let (ty, span) = match arg {
                Arg::Value(e) => (e.ty.clone(), e.span),
                Arg::Lent(place) => (place.ty.clone(), place.span),
            };
            if let (Arg::Value(e), true) = (arg, param.ty == Ty::I64) {
                holes.values.insert(LocalId(index as u32), self.dim_of(e));
            }
            parts.push((param.name.to_string(), param.ty.clone(), ty, span));
        }
        if !holes.found.is_empty() || !holes.values.is_empty() || parts.iter().any(|p| matches!(p.1, Ty::Array { .. }))
        {
            let locals = &function.signature.locals;
            if !self.fill(&mut holes, &parts, &|h| locals.get(params.len() + h).map(|l| l.name.clone())) {
                return None;
            }
        }
        Some(holes.ty(&function.signature.result, &self.scope))
    }

    /// Finds the dimensions of a struct from its fields, and compares them.
    pub(super) fn fill_holes(&mut self, holes: &mut Holes, parts: &[Part]) -> bool {
        self.fill(holes, parts, &|_| None)
    }

    pub(super) fn fill(&mut self, holes: &mut Holes, parts: &[Part], name: &dyn Fn(usize) -> Option<Arc<str>>) -> bool {
        for (index, (_, want, have, _)) in parts.iter().enumerate() {
            holes.bind(want, have, index);
        }
        for (index, (_, want, have, _)) in parts.iter().enumerate() {
            if let Some((wanted, have, hole)) = self.part_difference(holes, want, have) {
                self.parts_disagree(holes, parts, index, (wanted, have), hole, name);
                return false;
            }
        }
        true
    }

    /// The first dimension of a part that is never what it must be: what is wanted, what there is, and which hole it is.
    fn part_difference(&self, holes: &Holes, want: &Ty, have: &Ty) -> Option<(DimExpr, DimExpr, Option<usize>)> {
        match (want, have) {
            (Ty::Array { dims: want, .. }, Ty::Array { dims: have, .. })
            | (Ty::Struct { dims: want, .. }, Ty::Struct { dims: have, .. }) => {
                want.iter().zip(have).find_map(|(w, h)| {
                    let wanted = substitute(w, &|d| holes.value(d), &self.scope);
                    self.differ(&wanted, h).then(|| (wanted, h.clone(), holes.index(w)))
                })
            }
            (Ty::Tuple(want), Ty::Tuple(have)) => {
                want.iter().zip(have).find_map(|(w, h)| self.part_difference(holes, w, h))
            }
            (Ty::Fn(Some(want)), Ty::Fn(Some(have))) => {
                let mut params = want.params.iter().zip(&have.params);
                let found = params.find_map(|(w, h)| self.part_difference(holes, &w.ty, &h.ty));
                found.or_else(|| self.part_difference(holes, &want.result, &have.result))
            }
            _ => None,
        }
    }

    fn parts_disagree(
        &mut self,
        holes: &Holes,
        parts: &[Part],
        index: usize,
        (wanted, have): (DimExpr, DimExpr),
        hole: Option<usize>,
        name: &dyn Fn(usize) -> Option<Arc<str>>,
    ) {
        let names: Names = self.names();
        let (wanted, have) = (names.dim(&wanted), names.dim(&have));
        let (this, _, ty, span) = &parts[index];
        let other = hole.and_then(|h| holes.found[h].as_ref().map(|(_, part)| (h, *part)));
        let d = match other {
            Some((h, part)) => {
                let what = name(h).map_or_else(String::new, |n| format!(" in `{n}`"));
                let (that, _, that_ty, that_span) = &parts[part];
                let message = format!("`{that}` and `{this}` must agree{what}: one has {wanted}, the other {have}");
                Diagnostic::new(codes::DIMENSIONS, *span, message)
                    .here(format!("`{this}` is `{}`", names.ty(ty)))
                    .label(*that_span, format!("`{that}` is `{}`", names.ty(that_ty)))
            }
            None => {
                let message = format!("`{this}` must have a dimension of {wanted}, but has {have}");
                Diagnostic::new(codes::DIMENSIONS, *span, message).here(format!("`{}`", names.ty(ty)))
            }
        };
        self.checker.reports.push(d);
    }
}

/// Whether two mentions of one variable may mean the same storage.
fn overlap(a: &Mention, b: &Mention) -> bool {
    a.path.iter().zip(&b.path).all(|(a, b)| a == b)
}
