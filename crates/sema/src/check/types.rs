//! Types as written, and how large they may be.
//!
//! In: [`ast::Type`]s and the dimension names that may stand in them ([`DimNames`]). Out: [`Ty`]s. Structs that contain themselves, and types of more than
//! [`MAX_LEAVES`] scalars and arrays or nested deeper than [`MAX_TYPE_DEPTH`], are refused, so that every later walk over a type is short.

use super::dims::{self, Arithmetic, NoValues};
use super::items::constant_dim;
use super::report::{codes, count, error, is_error};
use super::{Checker, foreign};
use crate::typed::{DimExpr, FnTy, FnTyParam, StructId, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::ScalarType;
use adit_syntax::ast::{self, BinaryOp, ExprKind, TypeKind, UnaryOp};

/// Scalars and arrays in one type.
const MAX_LEAVES: u32 = 4096;
/// Structs and tuples around a leaf.
const MAX_TYPE_DEPTH: u32 = 64;
/// Nodes of one written dimension.
const MAX_DIM_NODES: usize = 64;

/// How large a type is.
#[derive(Clone, Copy, Default)]
pub(super) struct Weight {
    leaves: u32,
    depth: u32,
}

/// What a name in a dimension stands for.
#[derive(Clone)]
pub(super) enum Found {
    /// This.
    Dim(DimExpr),
    /// Something that can't be a dimension: the rest of a sentence about it.
    Refused(&'static str),
    /// Nothing that is known here.
    Nothing,
}

/// The names that may stand in a dimension, constants aside.
pub(super) trait DimNames {
    /// What the name stands for.
    fn find(&self, name: &str) -> Found;
}

/// Whether it names a scalar type.
pub(super) fn is_scalar_name(name: &str) -> bool {
    scalar_named(name).is_some()
}

fn scalar_named(name: &str) -> Option<ScalarType> {
    ScalarType::ALL.into_iter().find(|s| s.name() == name)
}

impl Checker<'_> {
    /// The type that is written.
    pub(super) fn resolve(&mut self, ty: &ast::Type, names: &dyn DimNames) -> Ty {
        let resolved = match &ty.kind {
            TypeKind::Named { name, dims } => self.named(name, dims, names),
            TypeKind::Array { element, dims } => self.array(element, dims, names),
            TypeKind::Tuple(items) => {
                Ty::Tuple(items.iter().map(|t| self.resolve_value(t, names, "a part of a tuple")).collect())
            }
            TypeKind::Fn { params, result } => {
                let params =
                    params.iter().map(|p| FnTyParam { lent: p.lent, ty: self.param_type(&p.ty, p.lent, names) });
                let params = params.collect();
                let result = result.as_ref().map_or_else(Ty::unit, |ty| self.resolve_value(ty, names, "a result"));
                Ty::Fn(Some(Box::new(FnTy { params, result })))
            }
            TypeKind::Error => {
                self.reports.fail();
                error()
            }
        };
        self.limited(resolved, ty.span)
    }

    /// The type that is written, where it can't be that of a function.
    pub(super) fn resolve_value(&mut self, ty: &ast::Type, names: &dyn DimNames, what: &str) -> Ty {
        let resolved = self.resolve(ty, names);
        if !matches!(resolved, Ty::Fn(_)) {
            return resolved;
        }
        let message = format!("{what} can't be a function: functions are no values");
        let d = Diagnostic::new(codes::FUNCTION_AS_VALUE, ty.span, message);
        self.reports.push(d.note("function types are for parameters"));
        error()
    }

    /// The type of a parameter.
    pub(super) fn param_type(&mut self, ty: &ast::Type, lent: bool, names: &dyn DimNames) -> Ty {
        if lent { self.resolve_value(ty, names, "what is lent") } else { self.resolve(ty, names) }
    }

    fn named(&mut self, name: &ast::Ident, args: &[ast::Expr], names: &dyn DimNames) -> Ty {
        let dims: Vec<DimExpr> = args.iter().map(|d| self.dimension(d, names)).collect();
        if let Some(scalar) = scalar_named(&name.name) {
            if !dims.is_empty() {
                let message = format!("`{}` has no dimensions; an array is written `[{}; n]`", name.name, name.name);
                self.reports.say(codes::STRUCT_DIMENSIONS, name.span, message);
            }
            return Ty::Scalar(scalar);
        }
        let Some(&id) = self.struct_names.get(&name.name) else {
            self.unknown_type(name);
            return error();
        };
        let def = &self.structs[id.0 as usize];
        if def.dims.len() != dims.len() {
            let message = format!("`{}` has {}, found {}", def.name, count(def.dims.len(), "dimension"), dims.len());
            let place = def.span;
            let d = Diagnostic::new(codes::STRUCT_DIMENSIONS, name.span, message).label(place, "defined here");
            self.reports.push(d);
            return error();
        }
        Ty::Struct { id, dims }
    }

    pub(super) fn unknown_type(&mut self, name: &ast::Ident) {
        if self.imports {
            return self.reports.fail();
        }
        let scalars = ScalarType::ALL.iter().map(|s| -> &str { s.name() });
        let known = scalars.chain(self.structs.iter().map(|s| &*s.name));
        let similar = self.reports.similar(&name.name, known).map(str::to_owned);
        let mut d = Diagnostic::new(codes::UNKNOWN_TYPE, name.span, format!("there is no type `{}`", name.name));
        d.help = foreign::type_name(&name.name).or_else(|| similar.map(|s| format!("did you mean `{s}`?")));
        self.reports.push(d);
    }

    fn array(&mut self, element: &ast::Type, dims: &[ast::Expr], names: &dyn DimNames) -> Ty {
        let element_ty = self.resolve_value(element, names, "an element");
        let dims: Vec<DimExpr> = dims.iter().map(|d| self.dimension(d, names)).collect();
        match element_ty {
            Ty::Scalar(element) => Ty::Array { element, dims },
            ty if is_error(&ty) => ty,
            Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => {
                self.reports.push(
                    Diagnostic::new(codes::MISMATCH, element.span, "the elements of an array are numbers")
                        .help("more dimensions are written `[f64; n, m]`; structs hold arrays, not the reverse"),
                );
                error()
            }
        }
    }

    /// A dimension as written.
    pub(super) fn dimension(&mut self, e: &ast::Expr, names: &dyn DimNames) -> DimExpr {
        let dim = self.dim_expr(e, names);
        if matches!(dim, DimExpr::Const(c) if c < 0) {
            self.reports.say(codes::DIMENSIONS, e.span, "a dimension is not negative");
            return DimExpr::Unknown;
        }
        dim
    }

    fn dim_expr(&mut self, e: &ast::Expr, names: &dyn DimNames) -> DimExpr {
        match &e.kind {
            ExprKind::Int(c) => DimExpr::Const(*c),
            ExprKind::Name(name) => self.dim_name(name, e.span, names),
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                let operand = self.dim_expr(operand, names);
                dims::apply(Arithmetic::Sub.prim(), DimExpr::Const(0), operand, &NoValues)
            }
            ExprKind::Binary { first, rest } => {
                let mut dim = self.dim_expr(first, names);
                for link in rest {
                    let rhs = self.dim_expr(&link.rhs, names);
                    dim = match dim_operator(link.op) {
                        Some(op) => self.dim_apply(op, dim, rhs, (e.span, link.op_span)),
                        None => self.not_a_dimension(link.op_span),
                    };
                }
                dim
            }
            ExprKind::Error => {
                self.reports.fail();
                DimExpr::Unknown
            }
            ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Unary { .. } | ExprKind::Call { .. } => {
                self.not_a_dimension(e.span)
            }
            ExprKind::Index { .. } | ExprKind::Field { .. } | ExprKind::TupleField { .. } => {
                self.not_a_dimension(e.span)
            }
            ExprKind::Struct { .. } | ExprKind::Tuple(_) | ExprKind::Array(_) | ExprKind::Comprehension(_) => {
                self.not_a_dimension(e.span)
            }
            ExprKind::If { .. } | ExprKind::Block(_) | ExprKind::Lambda { .. } => self.not_a_dimension(e.span),
        }
    }

    /// As written if it is short; two numbers become one.
    fn dim_apply(&mut self, op: Arithmetic, a: DimExpr, b: DimExpr, (span, op_span): (Span, Span)) -> DimExpr {
        let divides = matches!(op, Arithmetic::Div | Arithmetic::Rem);
        if divides && b == DimExpr::Const(0) {
            self.reports.say(codes::NOT_CONSTANT, op_span, "division by zero in a dimension");
            return DimExpr::Unknown;
        }
        if a == DimExpr::Unknown || b == DimExpr::Unknown {
            return DimExpr::Unknown;
        }
        let short = dims::nodes(&a) + dims::nodes(&b) < MAX_DIM_NODES;
        let numbers = matches!((&a, &b), (DimExpr::Const(_), DimExpr::Const(_)));
        if short && !numbers {
            return DimExpr::Apply(op.prim(), Box::new([a, b]));
        }
        let dim = dims::apply(op.prim(), a, b, &NoValues);
        if dim == DimExpr::Unknown {
            let message = "this dimension is too long: at most 64 names, numbers and operators";
            self.reports.say(codes::LIMIT, span, message);
        }
        dim
    }

    fn not_a_dimension(&mut self, span: Span) -> DimExpr {
        self.reports.push(
            Diagnostic::new(codes::UNBOUND_DIMENSION, span, "this can't stand in a dimension")
                .note("dimensions are made of integers, names and `+ - * / %`"),
        );
        DimExpr::Unknown
    }

    fn dim_name(&mut self, name: &str, span: Span, names: &dyn DimNames) -> DimExpr {
        let found = match (names.find(name), self.own_constant(name)) {
            (Found::Nothing, Some(constant)) => constant_dim(constant),
            (found, _) => found,
        };
        match found {
            Found::Dim(dim) => dim,
            Found::Refused(why) => {
                self.reports.say(codes::UNBOUND_DIMENSION, span, format!("`{name}` {why}, so it is no dimension"));
                DimExpr::Unknown
            }
            Found::Nothing => {
                self.reports.push(
                    Diagnostic::new(
                        codes::UNBOUND_DIMENSION,
                        span,
                        format!("the dimension `{name}` is not bound here"),
                    )
                    .note("a parameter of type `[f64; n]` binds `n`; one of type `[f64; 2 * n]` doesn't"),
                );
                DimExpr::Unknown
            }
        }
    }

    /// How large a type is; its structs are weighed already.
    fn weight(&self, ty: &Ty) -> Weight {
        match ty {
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => Weight { leaves: 1, depth: 0 },
            Ty::Struct { id, .. } => self.weights.get(id.0 as usize).copied().unwrap_or_default(),
            Ty::Tuple(items) => around(items.iter().map(|t| self.weight(t))),
        }
    }

    /// The type, unless it is too large.
    pub(super) fn limited(&mut self, ty: Ty, span: Span) -> Ty {
        let weight = self.weight(&ty);
        if weight.leaves <= MAX_LEAVES && weight.depth <= MAX_TYPE_DEPTH {
            return ty;
        }
        self.reports.push(
            Diagnostic::new(codes::LIMIT, span, "this type is too large")
                .note(format!("at most {MAX_LEAVES} numbers and arrays, {MAX_TYPE_DEPTH} structs and tuples deep")),
        );
        error()
    }

    /// Weighs every struct, inner ones first, without recursion on the source; a struct that contains itself loses the field that does it.
    pub(super) fn weigh_structs(&mut self) {
        self.weights = vec![Weight::default(); self.structs.len()];
        let mut state = vec![State::New; self.structs.len()];
        for root in 0..self.structs.len() {
            // A struct, and the fields of it that are done.
            let mut path = vec![(root, 0)];
            while let Some(&(at, field)) = path.last() {
                match self.next_inner(at, field, &mut state) {
                    Some((next_field, inner)) => {
                        if let Some(top) = path.last_mut() {
                            top.1 = next_field;
                        }
                        path.push((inner, 0));
                    }
                    None => {
                        state[at] = State::Done;
                        self.weigh_struct(at);
                        path.pop();
                    }
                }
            }
        }
    }

    /// The next field from `field` on with a struct that is not weighed yet.
    fn next_inner(&mut self, at: usize, field: usize, state: &mut [State]) -> Option<(usize, usize)> {
        if state[at] == State::Done {
            return None;
        }
        state[at] = State::Open;
        for index in field..self.structs[at].fields.len() {
            let mut inner = Vec::new();
            structs_in(&self.structs[at].fields[index].ty, &mut inner);
            for id in inner {
                match state[id.0 as usize] {
                    State::Done => {}
                    State::New => return Some((index, id.0 as usize)),
                    State::Open => {
                        self.recursive_struct(at, index);
                        break;
                    }
                }
            }
        }
        None
    }

    fn recursive_struct(&mut self, at: usize, field: usize) {
        let def = &mut self.structs[at];
        def.fields[field].ty = error();
        let message = format!("`{}` contains itself, by its field `{}`", def.name, def.fields[field].name);
        self.reports.say(codes::RECURSIVE_STRUCT, def.span, message);
    }

    fn weigh_struct(&mut self, at: usize) {
        if self.weights[at].depth > 0 {
            return;
        }
        let weight = around(self.structs[at].fields.iter().map(|f| self.weight(&f.ty)));
        self.weights[at] = weight;
        if weight.leaves > MAX_LEAVES || weight.depth > MAX_TYPE_DEPTH {
            let span = self.structs[at].span;
            for field in &mut self.structs[at].fields {
                field.ty = error();
            }
            self.weights[at] = Weight { leaves: 0, depth: 1 };
            let message =
                format!("this struct is too large: at most {MAX_LEAVES} numbers and arrays, {MAX_TYPE_DEPTH} deep");
            self.reports.say(codes::LIMIT, span, message);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

fn structs_in(ty: &Ty, out: &mut Vec<StructId>) {
    match ty {
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => {}
        Ty::Struct { id, .. } if is_error(ty) => debug_assert_eq!(id.0, u32::MAX),
        Ty::Struct { id, .. } => out.push(*id),
        Ty::Tuple(items) => items.iter().for_each(|t| structs_in(t, out)),
    }
}

fn around(parts: impl Iterator<Item = Weight>) -> Weight {
    let all = parts.fold(Weight::default(), |a, b| Weight {
        leaves: a.leaves.saturating_add(b.leaves),
        depth: a.depth.max(b.depth),
    });
    Weight { depth: all.depth + 1, ..all }
}

fn dim_operator(op: BinaryOp) -> Option<Arithmetic> {
    match op {
        BinaryOp::Add => Some(Arithmetic::Add),
        BinaryOp::Sub => Some(Arithmetic::Sub),
        BinaryOp::Mul => Some(Arithmetic::Mul),
        BinaryOp::Div => Some(Arithmetic::Div),
        BinaryOp::Rem => Some(Arithmetic::Rem),
        BinaryOp::Or | BinaryOp::And | BinaryOp::MatMul | BinaryOp::Pow => None,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => None,
    }
}
