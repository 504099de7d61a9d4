//! Lambdas: where they are written, and what they are for certain types of their parameters.
//!
//! In: a lambda, and the types that a use gives its parameters. Out: an *instance*: a function of the program whose first parameters are what the lambda captures. The body is checked once for each
//! combination of types, in a frame of its own ([`super::frames`]).
//!
//! ```text
//! let g = |t| t * c; g(2.0) + g(3.0) + sum(g(x))      two instances: of an `f64`, and of an array
//! ```
//!
//! A function of the table or the compiler's own that is used as a value is the lambda `|p0, p1| name(p0, p1)`; its instances belong to the whole program.

use super::binding::binding;
use super::body::{Body, Gives, Use};
use super::dims;
use super::expr::known_dims;
use super::fit::Why;
use super::frames::{Left, Place};
use super::functions::Kind;
use super::report::{codes, error, is_error};
use super::scope::Fact;
use crate::typed::{
    Block, Capture, DimExpr, Expr, FnDef, FnId, FnRules, Instance, LambdaDef, LambdaId, LocalDef, LocalId, ParamDef,
    Stmt, StmtKind, Ty,
};
use adit_diag::{Diagnostic, Span};
use adit_syntax::ast::{self, ArgKind};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Bytes of source text that lambdas in one program may have, counted for each combination of types.
const MAX_TEXT: usize = 4 << 20;
/// How deep lambdas that are checked within each other may nest, counted in expressions.
const MAX_HEIGHT: u32 = 256;

/// A position in [`Body::sites`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SiteId(usize);

/// A lambda, as written.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) span: Span,
    /// None for what captures nothing: a function known by its name, or by `shared`.
    place: Option<Place>,
    /// What it is wherever it is written, so that its instances belong to the whole program.
    shared: Option<Arc<str>>,
    /// In the frame where it is written.
    pub(super) lambda: LambdaId,
    pub(super) code: Code,
}

/// What a lambda consists of.
#[derive(Clone)]
pub(super) enum Code {
    /// Parameters, with the types that are annotated, and the body.
    Written { params: Rc<[SiteParam]>, body: Rc<ast::Expr> },
    /// A function of the table or the compiler's own.
    Known(Arc<str>),
}

/// A parameter of a lambda.
#[derive(Clone, Debug)]
pub(super) struct SiteParam {
    pub(super) name: ast::Ident,
    pub(super) lent: bool,
    pub(super) span: Span,
    /// As annotated, where the lambda is written.
    pub(super) ty: Option<Ty>,
}

/// What a use gives a parameter.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Given {
    pub(super) ty: Ty,
    pub(super) lent: bool,
    /// Which function it is, if it is one that is known.
    pub(super) function: Option<Kind>,
}

/// A lambda for certain types.
pub(super) struct InstanceOf {
    /// Types where the lambda is written.
    params: Vec<Given>,
    /// What the result has to fit, without dimensions.
    want: Option<Ty>,
    state: State,
}

/// How far an instance is.
#[derive(Clone)]
enum State {
    /// It is being checked.
    Open,
    /// It was reported, unless anything was taken back since so many retries.
    Wrong {
        retries: u32,
    },
    Right(Rc<Checked>),
}

/// What a use of an instance must know. Types are those of the instance.
pub(super) struct Checked {
    pub(super) function: FnId,
    pub(super) params: Vec<Ty>,
    /// The variables of the parameters.
    pub(super) locals: Vec<LocalId>,
    pub(super) result: Ty,
    /// What locals stand for where the lambda is written.
    pub(super) outer: FxHashMap<LocalId, LocalId>,
}

impl Body<'_, '_> {
    /// A lambda that is written here.
    #[inline(never)]
    pub(super) fn lambda_site(&mut self, span: Span, params: &[ast::LambdaParam], body: &ast::Expr) -> SiteId {
        self.checker.duplicates(params.iter().map(|p| &p.name), "parameter");
        let bound = self.bound_by(params);
        let names: Vec<Arc<str>> = bound.iter().map(|(name, _)| name.clone()).collect();
        let body = binding(&bound, params, body);
        let params = params.iter().map(|p| SiteParam {
            name: p.name.clone(),
            lent: p.lent,
            span: p.span,
            ty: p.ty.as_ref().map(|ty| self.open_type(ty, &names)),
        });
        let params: Vec<SiteParam> = params.collect();
        self.site(span, Code::Written { params: params.into(), body: Rc::new(body) }, None)
    }

    /// A lambda that the compiler writes; for each parameter whether it is lent. One that captures nothing may be `shared`, under a name for what it is.
    pub(super) fn lambda_of(
        &mut self,
        span: Span,
        params: Vec<(ast::Ident, bool, Option<Ty>)>,
        body: ast::Expr,
        shared: Option<Arc<str>>,
    ) -> SiteId {
        let param = |(name, lent, ty)| SiteParam { name, lent, span, ty };
        let params: Vec<SiteParam> = params.into_iter().map(param).collect();
        self.site(span, Code::Written { params: params.into(), body: Rc::new(body) }, shared)
    }

    /// A function known by its name, as a lambda.
    pub(super) fn known_site(&mut self, span: Span, name: &str) -> SiteId {
        self.site(span, Code::Known(name.into()), Some(name.into()))
    }

    fn site(&mut self, span: Span, code: Code, shared: Option<Arc<str>>) -> SiteId {
        let lambdas = &mut self.frames[self.frame].lambdas;
        let lambda = LambdaId(lambdas.len() as u32);
        lambdas.push(LambdaDef { span, captures: Vec::new() });
        let place = shared.is_none().then(|| Place { frame: self.frame, first: self.scope.next() });
        self.sites.push((Site { span, place, shared, lambda, code }, Vec::new()));
        SiteId(self.sites.len() - 1)
    }

    pub(super) fn site_of(&self, site: SiteId) -> &Site {
        &self.sites[site.0].0
    }

    /// The frame where a lambda is written.
    pub(super) fn place_of(&self, site: SiteId) -> Option<Place> {
        self.sites[site.0].0.place
    }

    /// Says that a lambda of this frame was never used, so that its types are not known.
    pub(super) fn unused_lambdas(&mut self, from: usize) {
        if self.checker.reports.failed() {
            return;
        }
        let unused = |(site, instances): &&(Site, Vec<InstanceOf>)| instances.is_empty() && site.shared.is_none();
        let spans: Vec<Span> = self.sites[from..].iter().filter(unused).map(|(site, _)| site.span).collect();
        for span in spans {
            self.checker.reports.push(
                Diagnostic::new(
                    codes::NOT_INFERRED,
                    span,
                    "this lambda is never used, so the types of its parameters are not known",
                )
                .help("annotate them, `|x: f64| …`, or leave the lambda out"),
            );
        }
    }

    /// A lambda for the types that a use gives its parameters: types of the active frame, as many as there are parameters.
    pub(super) fn instance(
        &mut self,
        site: SiteId,
        given: &[Given],
        want: Option<&Ty>,
        at: Span,
    ) -> Option<Rc<Checked>> {
        let this = self.sites[site.0].0.clone();
        let params = self.params_where_written(&this, given);
        if params.iter().any(|p| is_error(&p.ty)) {
            return None;
        }
        let want = want.map(shapeless);
        match self.find_instance(site, &params, want.as_ref()) {
            Some(State::Right(checked)) => return Some(checked),
            Some(State::Wrong { .. }) => return None,
            Some(State::Open) => {
                let message = "this function is needed to tell its own type";
                self.checker.reports.say(codes::NOT_INFERRED, at, message);
                return None;
            }
            None => {}
        }
        let (names, body) = this.written(params.len());
        if !self.may_grow(&this, &body, at) {
            return None;
        }
        let list = self.instances(site);
        list.push(InstanceOf { params: params.clone(), want: want.clone(), state: State::Open });
        let index = list.len() - 1;
        self.height += u32::from(body.height);
        let checked = self.check_joined(&this, &names, &params, want, &body);
        self.height -= u32::from(body.height);
        self.instances(site)[index].state = match &checked {
            Some(checked) => State::Right(checked.clone()),
            None => State::Wrong { retries: self.checker.reports.retries() },
        };
        checked
    }

    /// What a use gives parameters, as types where the lambda is written; annotations come first.
    fn params_where_written(&self, this: &Site, given: &[Given]) -> Vec<Given> {
        let types: Vec<Ty> = given.iter().map(|g| g.ty.clone()).collect();
        let mut params: Vec<Given> = given.to_vec();
        for (param, ty) in params.iter_mut().zip(self.where_written(this.place, &types)) {
            param.ty = ty;
        }
        if let Code::Written { params: written, .. } = &this.code {
            for (param, written) in params.iter_mut().zip(written.iter()) {
                if let Some(ty) = &written.ty {
                    // Where a dimension is bound by the call, its argument tells.
                    param.ty = known_dims(ty, &param.ty);
                    param.lent = written.lent;
                }
            }
        }
        params
    }

    fn find_instance(&mut self, site: SiteId, params: &[Given], want: Option<&Ty>) -> Option<State> {
        let retries = self.checker.reports.retries();
        let fits = |i: &&InstanceOf| {
            let gives = match &i.state {
                State::Wrong { retries: then } if *then != retries => false,
                State::Right(checked) if i.want.is_none() => {
                    want.is_none_or(|want| shapeless(&checked.result) == *want)
                }
                State::Right(_) | State::Open | State::Wrong { .. } => i.want.as_ref() == want,
            };
            gives && i.params == params
        };
        self.instances(site).iter().find(fits).map(|i| i.state.clone())
    }

    fn instances(&mut self, site: SiteId) -> &mut Vec<InstanceOf> {
        let (this, own) = &mut self.sites[site.0];
        match &this.shared {
            Some(name) => self.checker.known_instances.entry(name.clone()).or_default(),
            None => own,
        }
    }

    /// Whether another lambda may be checked within those that are.
    fn may_grow(&mut self, this: &Site, body: &ast::Expr, at: Span) -> bool {
        self.checker.lambda_text += (this.span.end - this.span.start) as usize + 16;
        if self.checker.lambda_text > MAX_TEXT {
            let message = "the lambdas of this program are used in too many ways";
            self.checker.reports.say(codes::LIMIT, at, message);
            return false;
        }
        if self.height + u32::from(body.height) > MAX_HEIGHT {
            let d = Diagnostic::new(codes::LIMIT, at, "lambdas that call each other nest too deeply here");
            self.checker.reports.push(d.help("annotate the parameters of some, or define functions instead"));
            return false;
        }
        true
    }

    /// Checks it; where a `return` of a literal does not fit a later value, once more, with what both can be.
    fn check_joined(
        &mut self,
        this: &Site,
        names: &[SiteParam],
        params: &[Given],
        want: Option<Ty>,
        body: &ast::Expr,
    ) -> Option<Rc<Checked>> {
        let attempt = self.checker.reports.attempt();
        let joined = match self.check_instance(this, names, params, want, body) {
            Ok(checked) => return Some(checked),
            Err(joined) => joined?,
        };
        let said = self.checker.reports.take_back(attempt);
        if self.may_grow(this, body, this.span)
            && let Ok(checked) = self.check_instance(this, names, params, Some(joined), body)
        {
            return Some(checked);
        }
        self.checker.reports.take_back(attempt);
        self.checker.reports.restore(said);
        None
    }

    /// The lambda for these types; if it is wrong, what its value could be instead, should that be the mistake.
    fn check_instance(
        &mut self,
        this: &Site,
        names: &[SiteParam],
        params: &[Given],
        want: Option<Ty>,
        body: &ast::Expr,
    ) -> Result<Rc<Checked>, Option<Ty>> {
        self.checker.reports.may_repeat();
        let (met, sites) = (self.checker.reports.met(), self.sites.len());
        self.enter_frame(this.place, Gives::Lambda { want: want.clone(), found: None, joined: None, at: body.span });
        let frame = self.frame;
        let types = Ty::Tuple(params.iter().map(|p| p.ty.clone()).collect());
        let Ty::Tuple(types) = self.inward(frame, &types) else { return Err(None) };
        let mut locals = Vec::with_capacity(params.len());
        for ((name, given), ty) in names.iter().zip(params).zip(&types) {
            let local =
                LocalDef { name: name.name.name.clone(), ty: ty.clone(), mutable: given.lent, span: name.name.span };
            let fact = Fact { by_value: !given.lent, function: given.function.clone(), ..Fact::default() };
            locals.push(self.scope.declare(local, fact));
        }
        let first = self.scope.next();
        let mut typed = self.used(body, Use::Kept);
        let (result, joined) = self.lambda_result(&mut typed, body, first);
        self.unused_lambdas(sites);
        let left = self.leave_frame();
        if met != self.checker.reports.met() || is_error(&result) {
            return Err(joined);
        }
        let outer = left.frame.outer_of();
        let own: Vec<ParamDef> = locals
            .iter()
            .zip(params)
            .zip(names)
            .map(|((&local, given), name)| ParamDef { local, lent: given.lent, span: name.span })
            .collect();
        let function = self.instance_function(this, left, own, typed, result.clone(), names);
        Ok(Rc::new(Checked { function, params: types, locals, result, outer }))
    }

    /// What a lambda gives, whose body was checked, its own variables aside; and what it could give, where its values do not fit each other.
    fn lambda_result(&mut self, typed: &mut Expr, body: &ast::Expr, first: LocalId) -> (Ty, Option<Ty>) {
        let mut gives = std::mem::take(&mut self.result);
        let ty = self.value_of_lambda(&mut gives, typed, body, first);
        let Gives::Lambda { joined, .. } = gives else { return (ty, None) };
        (ty, joined)
    }

    fn value_of_lambda(&mut self, gives: &mut Gives, typed: &mut Expr, body: &ast::Expr, first: LocalId) -> Ty {
        let Gives::Lambda { want, found, .. } = &*gives else { return error() };
        let (want, found) = (want.clone(), found.clone());
        let ty = if typed.ty == Ty::Never {
            found.or(want).unwrap_or_else(Ty::unit)
        } else {
            if let Some(ty) = want.as_ref().or(found.as_ref()) {
                let why = Why::new(if want.is_some() { "what takes this lambda" } else { "what it returns before" });
                let ty = if want.is_some() { ty.clone() } else { shapeless(ty) };
                if !self.fit(typed, body, &ty, &why) {
                    gives.join(&typed.ty);
                    return error();
                }
            }
            found.map_or_else(|| typed.ty.clone(), |found| known_dims(&typed.ty, &found))
        };
        if matches!(ty, Ty::Fn(_)) {
            self.function_as_value(body.span, "what a lambda gives");
            return error();
        }
        let ty = self.outside(&ty, first);
        self.known_before(body.span, ty)
    }

    /// Makes a function of a checked lambda.
    fn instance_function(
        &mut self,
        this: &Site,
        left: Left,
        own: Vec<ParamDef>,
        typed: Expr,
        result: Ty,
        names: &[SiteParam],
    ) -> FnId {
        let typed_params = own.iter().map(|p| p.local).chain(left.frame.captured.iter().map(|(_, inner)| *inner));
        let mut bare = FxHashSet::default();
        typed_params.for_each(|local| bare_dims(&left.scope.local(local).ty, &mut bare));
        let ids = (0..left.scope.locals.len() as u32).map(LocalId);
        let is_dim = |l: LocalId| left.scope.fact(l).lasting && (bare.contains(&l) || !left.frame.is_captured(l));
        let dims: Vec<LocalId> = ids.filter(|l| left.scope.local(*l).ty == Ty::I64 && is_dim(*l)).collect();
        let mut params = Vec::new();
        let mut captures = Vec::new();
        for &(outer, inner) in left.frame.captured.iter().filter(|(_, inner)| !dims.contains(inner)) {
            params.push(ParamDef { local: inner, lent: false, span: left.scope.local(inner).span });
            captures.push(self.captured_at(this, outer));
        }
        params.extend(own);
        let list: Vec<&str> = names.iter().map(|p| &*p.name.name).collect();
        let (owner, is_library) = match &this.code {
            Code::Known(name) => (name.clone(), true),
            Code::Written { .. } => (self.owner.clone(), self.checker.in_library),
        };
        self.checker.add_instance(&format!("{owner}.|{}|", list.join(", ")), |name| FnDef {
            name,
            docs: String::new(),
            span: this.span,
            is_library,
            dims,
            params,
            result,
            external: None,
            rules: FnRules::default(),
            locals: left.scope.locals,
            lambdas: left.frame.lambdas,
            instance_of: Some(Instance { captures }),
            body: as_block(typed),
        })
    }

    /// The position of a variable among what a lambda captures.
    fn captured_at(&mut self, this: &Site, outer: LocalId) -> u32 {
        let Some(place) = this.place else { return 0 };
        let captures = &self.frames[place.frame].lambdas[this.lambda.0 as usize].captures;
        if let Some(at) = captures.iter().position(|c| c.from == outer) {
            return at as u32;
        }
        let at = captures.len() as u32;
        let scope = self.scope_of_mut(place.frame);
        let def = scope.local(outer).clone();
        let held =
            if def.mutable { scope.declare_unseen(LocalDef { mutable: false, ..def }, Fact::default()) } else { outer };
        self.frames[place.frame].lambdas[this.lambda.0 as usize].captures.push(Capture { from: outer, held });
        at
    }
}

impl Site {
    /// Whether an instance is a function of the whole program.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Parameters and body; of a function known by its name, with so many parameters.
    fn written(&self, count: usize) -> (Rc<[SiteParam]>, Rc<ast::Expr>) {
        match &self.code {
            Code::Written { params, body } => (params.clone(), body.clone()),
            Code::Known(name) => {
                let params: Vec<SiteParam> = (0..count).map(|i| self.made_param(i)).collect();
                let args = params.iter().map(|p| ast::Arg {
                    span: self.span,
                    kind: ArgKind::Value(self.made(ast::ExprKind::Name(p.name.name.clone()))),
                });
                let callee = Box::new(self.made(ast::ExprKind::Name(name.clone())));
                let body = self.made(ast::ExprKind::Call { callee, args: args.collect() });
                (params.into(), Rc::new(body))
            }
        }
    }

    fn made_param(&self, index: usize) -> SiteParam {
        let name = ast::Ident { name: format!("p{index}").into(), span: self.span };
        SiteParam { name, lent: false, span: self.span, ty: None }
    }

    fn made(&self, kind: ast::ExprKind) -> ast::Expr {
        ast::Expr { id: ast::ExprId(0), span: self.span, height: 1, kind }
    }
}

/// A type without dimensions.
pub(super) fn shapeless(ty: &Ty) -> Ty {
    dims::map_dims(ty, &|_| DimExpr::Unknown)
}

/// The dimensions that a type mentions bare, outside of function types.
fn bare_dims(ty: &Ty, out: &mut FxHashSet<LocalId>) {
    match ty {
        Ty::Array { dims, .. } | Ty::Struct { dims, .. } => out.extend(dims.iter().filter_map(|d| match d {
            DimExpr::Local(local) => Some(*local),
            DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Apply(..) | DimExpr::Unknown => None,
        })),
        Ty::Tuple(items) => items.iter().for_each(|t| bare_dims(t, out)),
        Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => {}
    }
}

/// The body of a function that gives this value.
fn as_block(value: Expr) -> Block {
    let (span, ty) = (value.span, value.ty.clone());
    if let crate::typed::ExprKind::Block(block) = value.kind {
        return Block { ty, ..block };
    }
    if ty.is_unit() || ty == Ty::Never {
        return Block { span, stmts: vec![Stmt { span, kind: StmtKind::Expr(value) }], value: None, ty };
    }
    Block { span, stmts: Vec::new(), value: Some(Box::new(value)), ty }
}
