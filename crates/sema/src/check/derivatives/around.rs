//! Functions around functions: what the compiler writes for derivatives as functions, and for functions that change their arguments.
//!
//! In: an expression that is a function. Out: which of its parameters it is lent ([`Body::lent_params`]), and lambdas that call it:
//!
//! ```text
//! grad(f)                                    |x, y| grad(f)(x, y)
//! f, of a: &mut [f64; n] and x: f64          |a, x| { let mut w = a; let v = f(&mut w, x); (v, w) }
//! ```
//!
//! The second makes the final contents outputs; where only the value counts it is left alone.

use super::value_of;
use crate::check::body::Body;
use crate::check::functions::{Kind, Known};
use crate::check::lambdas::Code;
use crate::check::operators;
use crate::check::report::{codes, is_error};
use crate::typed::{FnId, Ty};
use adit_diag::Span;
use adit_ir::Prim;
use adit_syntax::ast::{self, ArgKind, PatternKind};

/// What a call with arguments by value gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outputs {
    /// What the function gives.
    Value,
    /// That, if it gives anything, then what it leaves in its `&mut` parameters.
    All,
}

impl Body<'_, '_> {
    /// A function as a lambda that calls it.
    pub(super) fn around(&mut self, f: &ast::Expr, lent: &[bool]) -> Known {
        let names = names(f.span, "", lent.len());
        let args = names.iter().zip(lent).map(|(name, &lent)| argument(name, lent)).collect();
        let body = of_height(f, ast::ExprKind::Call { callee: Box::new(f.clone()), args });
        let types = self.scalar_params(f, names.len());
        let shared = self.shared_name(f);
        self.lambda_known(f.span, names, lent, types, body, shared)
    }

    /// A function with `&mut` parameters as one that takes values.
    pub(super) fn by_value(&mut self, f: &ast::Expr, lent: &[bool], outputs: Outputs) -> Known {
        let (params, own) = (names(f.span, "", lent.len()), names(f.span, "w", lent.len()));
        let variables = own.iter().zip(&params).zip(lent).filter(|(_, lent)| **lent);
        let mut stmts: Vec<ast::Stmt> = variables.map(|((own, param), _)| variable(own, true, read(param))).collect();
        let args = own.iter().zip(&params).zip(lent);
        let args = args.map(|((own, param), &lent)| argument(if lent { own } else { param }, lent)).collect();
        let call = of_height(f, ast::ExprKind::Call { callee: Box::new(f.clone()), args });
        let finals = own.iter().zip(lent).filter(|(_, lent)| **lent).map(|(own, _)| read(own));
        let value = match outputs {
            Outputs::Value => call,
            Outputs::All => {
                let mut all: Vec<ast::Expr> = Vec::new();
                if self.gives_nothing(f) {
                    stmts.push(ast::Stmt { span: f.span, kind: ast::StmtKind::Expr(call) });
                } else {
                    let value = ast::Ident { name: "#v".into(), span: f.span };
                    stmts.push(variable(&value, false, call));
                    all.push(read(&value));
                }
                all.extend(finals);
                if all.len() == 1 { all.remove(0) } else { of_height(f, ast::ExprKind::Tuple(all)) }
            }
        };
        let height = f.height.saturating_add(2);
        let block = ast::Block { span: f.span, height, stmts, value: Some(Box::new(value)) };
        let types = self.scalar_params(f, lent.len());
        let body = of_height(f, ast::ExprKind::Block(block));
        let shared = self.shared_name(f).map(|name| format!("{name} by value, {outputs:?}"));
        self.lambda_known(f.span, params, &vec![false; lent.len()], types, body, shared)
    }

    fn lambda_known(
        &mut self,
        span: Span,
        names: Vec<ast::Ident>,
        lent: &[bool],
        types: Vec<Option<Ty>>,
        body: ast::Expr,
        shared: Option<String>,
    ) -> Known {
        let params = names.into_iter().zip(lent.iter().copied()).zip(types).map(|((name, lent), ty)| (name, lent, ty));
        let site = self.lambda_of(span, params.collect(), body, shared.map(Into::into));
        Known { kind: Kind::Lambda(site), local: None, span }
    }

    /// A name for a function that is the same wherever it is written: one known by its name, or a derivative of such.
    fn shared_name(&mut self, f: &ast::Expr) -> Option<String> {
        match &f.kind {
            ast::ExprKind::Name(name) => {
                (self.find(name).is_none() && self.names_function(name)).then(|| format!("#{name}"))
            }
            ast::ExprKind::Call { callee, args } => {
                let operator = self.derivative_operator(callee)?;
                let (inner, mode) = match &args[..] {
                    [inner] => (inner, ""),
                    [inner, mode] => match &value_of(mode)?.kind {
                        ast::ExprKind::Name(mode) => (inner, &**mode),
                        _ => return None,
                    },
                    _ => return None,
                };
                let inner = self.shared_name(value_of(inner)?)?;
                Some(format!("#{}({inner}, {mode})", operator.name))
            }
            _ => None,
        }
    }

    /// The types of parameters that are numbers, where a function states them: literals adapt to them.
    fn scalar_params(&mut self, f: &ast::Expr, count: usize) -> Vec<Option<Ty>> {
        match &f.kind {
            ast::ExprKind::Call { args, .. } => {
                if let Some(inner) = args.first().and_then(value_of) {
                    return self.scalar_params(inner, count);
                }
            }
            ast::ExprKind::Name(name) if self.find(name).is_none() && self.is_own_function(name) => {
                let id = self.checker.function_names[name];
                let params = &self.checker.function(id).signature.params;
                return params.iter().map(|p| matches!(p.ty, Ty::Scalar(_)).then(|| p.ty.clone())).collect();
            }
            _ => {}
        }
        vec![None; count]
    }

    /// Whether a function gives no value, as far as is known before it is called.
    fn gives_nothing(&mut self, f: &ast::Expr) -> bool {
        match &f.kind {
            ast::ExprKind::Lambda { body, .. } => self.is_for_effect(body),
            ast::ExprKind::Name(name) => match self.find(name) {
                Some(local) => match self.known_local(local, f.span) {
                    Some(known) => self.known_gives_nothing(&known),
                    None => false,
                },
                None => self.is_own_function(name) && self.function_gives_nothing(self.checker.function_names[name]),
            },
            _ => false,
        }
    }

    fn known_gives_nothing(&mut self, known: &Known) -> bool {
        match &known.kind {
            Kind::Named(id) => self.function_gives_nothing(*id),
            Kind::Typed => known.local.is_some_and(|local| match &self.scope.local(local).ty {
                Ty::Fn(Some(told)) => told.result.is_unit(),
                _ => false,
            }),
            Kind::Lambda(site) => match &self.site_of(*site).code {
                Code::Written { body, .. } => {
                    let body = body.clone();
                    self.is_for_effect(&body)
                }
                Code::Known(_) => false,
            },
        }
    }

    fn function_gives_nothing(&self, id: FnId) -> bool {
        self.checker.function(id).signature.result.is_unit()
    }

    /// Whether an expression is evaluated for what it does alone.
    fn is_for_effect(&mut self, e: &ast::Expr) -> bool {
        match &e.kind {
            ast::ExprKind::Block(block) => block.value.as_ref().is_none_or(|value| self.is_for_effect(value)),
            ast::ExprKind::Call { callee, .. } => self.gives_nothing(callee),
            ast::ExprKind::Tuple(items) => items.is_empty(),
            _ => false,
        }
    }

    /// For each parameter of a function whether it is lent; nothing, with a report, for what is no function.
    pub(super) fn lent_params(&mut self, f: &ast::Expr) -> Option<Vec<bool>> {
        match &f.kind {
            ast::ExprKind::Lambda { params, .. } => return Some(params.iter().map(|p| p.lent).collect()),
            ast::ExprKind::Call { callee, args } => {
                if let Some(operator) = self.derivative_operator(callee) {
                    let (inner, _) = self.function_and_mode(callee.span, operator, args)?;
                    return self.lent_params(inner);
                }
            }
            ast::ExprKind::Name(name) => {
                if let Some(local) = self.find(name) {
                    let lent = self.known_local(local, f.span).and_then(|known| self.lent_of(&known));
                    return lent.or_else(|| self.no_function(f));
                }
                if self.names_function(name) {
                    return Some(self.lent_of_name(name));
                }
            }
            _ => {}
        }
        self.no_function(f)
    }

    fn no_function(&mut self, f: &ast::Expr) -> Option<Vec<bool>> {
        let typed = self.expr(f);
        if !is_error(&typed.ty) {
            let message = format!("expected a function, found `{}`", self.show(&typed.ty));
            self.checker.reports.say(codes::NOT_A_FUNCTION, f.span, message);
        }
        None
    }

    fn lent_of(&self, known: &Known) -> Option<Vec<bool>> {
        match &known.kind {
            Kind::Named(id) => Some(self.lent_of_function(*id)),
            Kind::Typed => match &self.scope.local(known.local?).ty {
                Ty::Fn(Some(told)) => Some(told.params.iter().map(|p| p.lent).collect()),
                _ => None,
            },
            Kind::Lambda(site) => match &self.site_of(*site).code {
                Code::Written { params, .. } => Some(params.iter().map(|p| p.lent).collect()),
                Code::Known(name) => Some(vec![false; operands(name)]),
            },
        }
    }

    fn lent_of_name(&mut self, name: &str) -> Vec<bool> {
        let id = match self.checker.function_names.get(name) {
            Some(id) if self.is_own_function(name) => Some(*id),
            _ if operators::is_table_function(name) => None,
            _ => self.checker.library_function(name),
        };
        id.map_or_else(|| vec![false; operands(name)], |id| self.lent_of_function(id))
    }

    fn lent_of_function(&self, id: FnId) -> Vec<bool> {
        self.checker.function(id).signature.params.iter().map(|p| p.lent).collect()
    }
}

/// How many operands a function of the table, or one of the compiler's own, has.
fn operands(name: &str) -> usize {
    Prim::all_for_source(name).map(|prim| prim.row().arity()).min().unwrap_or(1)
}

/// Names that no source can mention.
fn names(span: Span, what: &str, count: usize) -> Vec<ast::Ident> {
    (0..count).map(|i| ast::Ident { name: format!("#{what}{i}").into(), span }).collect()
}

fn read(name: &ast::Ident) -> ast::Expr {
    ast::Expr { id: ast::ExprId(0), span: name.span, height: 1, kind: ast::ExprKind::Name(name.name.clone()) }
}

fn argument(name: &ast::Ident, lent: bool) -> ast::Arg {
    let kind = if lent { ArgKind::Lent(read(name)) } else { ArgKind::Value(read(name)) };
    ast::Arg { span: name.span, kind }
}

/// `let name = value;`
fn variable(name: &ast::Ident, mutable: bool, value: ast::Expr) -> ast::Stmt {
    let pattern = ast::Pattern { span: name.span, kind: PatternKind::Name { name: name.clone(), mutable } };
    ast::Stmt { span: name.span, kind: ast::StmtKind::Let { pattern, ty: None, value } }
}

/// An expression in which a function stands.
fn of_height(f: &ast::Expr, kind: ast::ExprKind) -> ast::Expr {
    ast::Expr { id: f.id, span: f.span, height: f.height.saturating_add(1), kind }
}
