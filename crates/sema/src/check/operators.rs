//! Operators, and functions of the primitive table.
//!
//! In: operands. Out: the row of the table that the source's symbol or name means for their types, applied element by element: arrays must have one shape, scalars
//! are repeated. No function is named here; what there is stands in the table.

use super::adapt::{adapt, adaptable, element};
use super::body::Body;
use super::dims::{Comparison, compare};
use super::expr::bad;
use super::report::{a_scalar, codes, count, is_error};
use crate::typed::{BinOp, DimExpr, Expr, ExprKind, Link, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::prim::Signature;
use adit_ir::{CmpOp, Prim, ScalarType};
use adit_syntax::ast::{self, BinaryOp};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::LazyLock;

/// The rows that each name or symbol of the source may mean.
static ROWS: LazyLock<FxHashMap<&'static str, Vec<Prim>>> = LazyLock::new(|| {
    let mut rows: FxHashMap<&'static str, Vec<Prim>> = FxHashMap::default();
    for prim in Prim::ALL {
        if let Some(source) = prim.row().source {
            rows.entry(source).or_default().push(*prim);
        }
    }
    rows
});

fn rows(source: &str) -> &'static [Prim] {
    ROWS.get(source).map_or(&[], Vec::as_slice)
}

/// The row that a symbol or name means for operands of these types.
pub(super) fn row(source: &str, args: &[ScalarType]) -> Option<Prim> {
    rows(source).iter().copied().find(|p| p.row().signature.accepts(args))
}

/// `-n`
pub(super) fn integer_negation() -> Prim {
    static ROW: LazyLock<Prim> = LazyLock::new(|| row("-", &[ScalarType::I64]).expect("the table negates integers"));
    *ROW
}

/// Whether a name is that of a function in the table.
pub(super) fn is_table_function(name: &str) -> bool {
    ROWS.contains_key(name) && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// All names of functions in the table, in no particular order.
pub(super) fn table_functions<'n>() -> impl Iterator<Item = &'n str> {
    Prim::ALL.iter().filter_map(|p| p.row().source.map(|s| -> &'n str { s })).filter(|s| is_table_function(s))
}

/// An operand and where it comes from; what was computed before it in a chain has no source of its own.
pub(super) struct Operand<'e> {
    pub(super) typed: &'e mut Expr,
    pub(super) src: Option<&'e ast::Expr>,
}

impl Operand<'_> {
    fn element(&self) -> Option<ScalarType> {
        element(&self.typed.ty)
    }

    fn becomes(&mut self, to: ScalarType) -> bool {
        match self.src {
            Some(src) if adaptable(self.typed, src, to) => {
                adapt(self.typed, src, to);
                true
            }
            _ => false,
        }
    }
}

/// Gives two operands one element type, if one of them can take that of the other; floats come before integers, so that `zeros(n) + 1` is of floats.
pub(super) fn agree(left: &mut Operand, right: &mut Operand) -> Option<ScalarType> {
    let (a, b) = (left.element()?, right.element()?);
    if a == b {
        return Some(a);
    }
    let order = if b.is_float() { [b, a] } else { [a, b] };
    let numbers = order.into_iter().filter(|s| *s != ScalarType::Bool);
    numbers.into_iter().find(|&to| if a == to { right.becomes(to) } else { left.becomes(to) })
}

impl Body<'_, '_> {
    /// A chain of operators of one precedence, from left to right.
    #[inline(never)]
    pub(super) fn binary(&mut self, span: Span, first: &ast::Expr, rest: &[ast::Link]) -> Expr {
        let mut left = self.expr(first);
        let mut links: Vec<Link> = Vec::with_capacity(rest.len());
        let mut ty = left.ty.clone();
        let mut ok = true;
        for (index, link) in rest.iter().enumerate() {
            let mut rhs = self.expr(&link.rhs);
            // The chain so far, as an operand: its expression only at the first link, else just its type.
            let mut so_far =
                if index == 0 { std::mem::replace(&mut left, bad(span)) } else { chain_so_far(&left, &ty) };
            let src = (index == 0).then_some(first);
            let step = ok.then(|| self.operator(&mut so_far, src, link, &mut rhs)).flatten();
            if index == 0 {
                left = so_far;
            }
            match step {
                Some((op, result)) => {
                    ty = result;
                    let span = left.span.to(rhs.span);
                    links.push(Link { span, ty: ty.clone(), op, rhs });
                }
                None => ok = false,
            }
        }
        if !ok {
            return bad(span);
        }
        let kind = ExprKind::Binary { first: Box::new(left), rest: links };
        Expr { span, ty, kind }
    }

    #[inline(never)]
    fn operator(
        &mut self,
        left: &mut Expr,
        src: Option<&ast::Expr>,
        link: &ast::Link,
        rhs: &mut Expr,
    ) -> Option<(BinOp, Ty)> {
        if is_error(&left.ty) || is_error(&rhs.ty) {
            return None;
        }
        let left = Operand { typed: left, src };
        let right = Operand { typed: rhs, src: Some(&link.rhs) };
        match link.op {
            BinaryOp::And => self.logical(left, right, link, BinOp::And),
            BinaryOp::Or => self.logical(left, right, link, BinOp::Or),
            BinaryOp::MatMul => self.matrix_product(left, right, link.op_span).map(|ty| (BinOp::MatMul, ty)),
            BinaryOp::Eq => self.comparison(left, right, link, CmpOp::Eq),
            BinaryOp::Ne => self.comparison(left, right, link, CmpOp::Ne),
            BinaryOp::Lt => self.comparison(left, right, link, CmpOp::Lt),
            BinaryOp::Le => self.comparison(left, right, link, CmpOp::Le),
            BinaryOp::Gt => self.comparison(left, right, link, CmpOp::Gt),
            BinaryOp::Ge => self.comparison(left, right, link, CmpOp::Ge),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem | BinaryOp::Pow => {
                self.arithmetic(left, right, link)
            }
        }
    }

    fn logical(&mut self, left: Operand, right: Operand, link: &ast::Link, op: BinOp) -> Option<(BinOp, Ty)> {
        if left.typed.ty == Ty::BOOL && right.typed.ty == Ty::BOOL {
            return Some((op, Ty::BOOL));
        }
        let mut d = self.no_operator(&left, &right, link);
        if [&left, &right].iter().any(|o| matches!(o.typed.ty, Ty::Array { .. })) {
            d.help = Some("`&&` and `||` take single values: write `any(…)` or `all(…)`".to_owned());
        }
        self.checker.reports.push(d);
        None
    }

    fn no_operator(&self, left: &Operand, right: &Operand, link: &ast::Link) -> Diagnostic {
        let (a, b) = (self.show(&left.typed.ty), self.show(&right.typed.ty));
        Diagnostic::new(
            codes::NO_OPERATOR,
            link.op_span,
            format!("`{}` does not apply to `{a}` and `{b}`", link.op.symbol()),
        )
        .label(left.typed.span, format!("`{a}`"))
        .label(right.typed.span, format!("`{b}`"))
    }

    fn comparison(
        &mut self,
        mut left: Operand,
        mut right: Operand,
        link: &ast::Link,
        op: CmpOp,
    ) -> Option<(BinOp, Ty)> {
        let ordered = !matches!(op, CmpOp::Eq | CmpOp::Ne);
        let allowed = |s: ScalarType| !(ordered && s == ScalarType::Bool);
        if agree(&mut left, &mut right).is_some_and(allowed) {
            let dims = self.broadcast(&[left.typed, right.typed])?;
            return Some((BinOp::Cmp(op), shaped(ScalarType::Bool, dims)));
        }
        self.refuse_operands(&left, &right, link);
        None
    }

    fn arithmetic(&mut self, mut left: Operand, mut right: Operand, link: &ast::Link) -> Option<(BinOp, Ty)> {
        let (Some(a), Some(b)) = (left.element(), right.element()) else {
            self.refuse_operands(&left, &right, link);
            return None;
        };
        let symbol = link.op.symbol();
        let prim = row(symbol, &[a, b]).or_else(|| agree(&mut left, &mut right).and_then(|s| row(symbol, &[s, s])));
        let Some(prim) = prim else {
            self.refuse_operands(&left, &right, link);
            return None;
        };
        let dims = self.broadcast(&[left.typed, right.typed])?;
        let element = result_of(prim, &[element(&left.typed.ty), element(&right.typed.ty)]);
        Some((BinOp::Prim(prim), shaped(element, dims)))
    }

    fn refuse_operands(&mut self, left: &Operand, right: &Operand, link: &ast::Link) {
        let mut d = self.no_operator(left, right, link);
        let integer = match (left.element(), right.element()) {
            (Some(ScalarType::I64), Some(float)) if float.is_float() => Some((left, float)),
            (Some(float), Some(ScalarType::I64)) if float.is_float() => Some((right, float)),
            _ => None,
        };
        if let Some((integer, float)) = integer {
            let (a, b) = (self.show(&left.typed.ty), self.show(&right.typed.ty));
            d.code = codes::INTEGER_FOR_FLOAT;
            d.message =
                format!("`{}` of `{a}` and `{b}`: integers don't become floats by themselves", link.op.symbol());
            d = match integer.src {
                Some(src) => self.float_help(d, integer.typed, src, float),
                None => {
                    d.help("the operators before this one have only integers: write one of them as a float, like `2.0`")
                }
            };
        } else if [left, right].iter().any(|o| o.element() == Some(ScalarType::Bool))
            && left.element().is_some()
            && right.element().is_some()
        {
            d = d.help("`f64(b)` and `i64(b)` are 1 for true, 0 for false");
        } else if [left, right].iter().all(|o| o.element().is_some_and(ScalarType::is_float)) {
            d = d.help("`f32` and `f64` don't mix by themselves: convert one side, `f64(…)` or `f32(…)`");
        }
        self.checker.reports.push(d);
    }

    /// The shape of an element-wise operation: that of its arrays, which must agree; empty for scalars.
    pub(super) fn broadcast(&mut self, operands: &[&mut Expr]) -> Option<Vec<DimExpr>> {
        let mut shape: Option<(Vec<DimExpr>, usize)> = None;
        for (index, e) in operands.iter().enumerate() {
            let Ty::Array { dims, .. } = &e.ty else { continue };
            let Some((have, first)) = &mut shape else {
                shape = Some((dims.clone(), index));
                continue;
            };
            let ranks = have.len() == dims.len();
            let wrong = have.iter().zip(dims).find(|(a, b)| compare(a, b, &self.scope) == Comparison::Different);
            if !ranks || wrong.is_some() {
                let wrong = wrong.map(|(a, b)| (a.clone(), b.clone()));
                self.shapes_differ(operands[*first], e, wrong.filter(|_| ranks));
                return None;
            }
            for (a, b) in have.iter_mut().zip(dims) {
                if *a == DimExpr::Unknown {
                    *a = b.clone();
                }
            }
        }
        Some(shape.map_or_else(Vec::new, |(dims, _)| dims))
    }

    fn shapes_differ(&mut self, a: &Expr, b: &Expr, dims: Option<(DimExpr, DimExpr)>) {
        let (left, right) = (self.show(&a.ty), self.show(&b.ty));
        let (code, message) = match dims {
            Some((x, y)) => {
                let (x, y) = (self.names().dim(&x), self.names().dim(&y));
                (codes::DIMENSIONS, format!("`{left}` and `{right}` have different shapes: {x} is not {y}"))
            }
            None => (codes::RANK, format!("`{left}` and `{right}` have different ranks")),
        };
        let d = Diagnostic::new(code, b.span, message).here(format!("`{right}`")).label(a.span, format!("`{left}`"));
        let rank = |ty: &Ty| if let Ty::Array { dims, .. } = ty { dims.len() } else { 0 };
        let with_vector = matches!((rank(&a.ty), rank(&b.ty)), (1, 2) | (2, 1));
        let help =
            "the product of a matrix and a vector is written `a @ b`; other operators take numbers or equal shapes";
        let d = if with_vector { d.help(help) } else { d };
        self.checker.reports.push(d);
    }

    /// The type of `a @ b`.
    #[inline(never)]
    pub(super) fn matrix_product(&mut self, mut left: Operand, mut right: Operand, at: Span) -> Option<Ty> {
        let (Ty::Array { dims: rows, .. }, Ty::Array { dims: columns, .. }) = (&left.typed.ty, &right.typed.ty) else {
            self.no_product(&left, &right, at);
            return None;
        };
        let (rows, columns) = (rows.clone(), columns.clone());
        let element = agree(&mut left, &mut right).filter(|s| *s != ScalarType::Bool);
        let (Some(element), Some(inner), true) = (element, rows.last(), rows.len() <= 2 && columns.len() <= 2) else {
            self.no_product(&left, &right, at);
            return None;
        };
        if self.differ(inner, &columns[0]) {
            let (k, l) = (self.names().dim(inner), self.names().dim(&columns[0]));
            let message = format!("`@`: the left side has {k} columns, the right side {l} rows");
            let (x, y) = (self.show(&left.typed.ty), self.show(&right.typed.ty));
            let d = Diagnostic::new(codes::DIMENSIONS, at, message);
            let d = d.label(left.typed.span, format!("`{x}`")).label(right.typed.span, format!("`{y}`"));
            self.checker.reports.push(d);
            return None;
        }
        let outer = rows[..rows.len() - 1].iter().chain(&columns[1..]).cloned().collect();
        Some(shaped(element, outer))
    }

    fn no_product(&mut self, left: &Operand, right: &Operand, at: Span) {
        let (a, b) = (self.show(&left.typed.ty), self.show(&right.typed.ty));
        let arrays = [left, right].iter().all(|o| matches!(o.typed.ty, Ty::Array { .. }));
        let code = if arrays { codes::RANK } else { codes::NO_OPERATOR };
        let mut d = Diagnostic::new(code, at, format!("no matrix product of `{a}` and `{b}`"))
            .label(left.typed.span, format!("`{a}`"))
            .label(right.typed.span, format!("`{b}`"));
        d.help = Some("`@` takes matrices and vectors of one element type; a product with a number is `*`".to_owned());
        if arrays && left.element() != right.element() {
            d.code = codes::INTEGER_FOR_FLOAT;
            d.help = Some("convert one side: `f64(…)`".to_owned());
        }
        self.checker.reports.push(d);
    }

    /// A call of a function of the table, with as many arguments as it has.
    #[inline(never)]
    pub(super) fn table_call(&mut self, span: Span, name: &str, mut args: Vec<Expr>, sources: &[&ast::Expr]) -> Expr {
        if args.iter().any(|e| is_error(&e.ty)) {
            return bad(span);
        }
        let candidates = rows(name);
        if !candidates.iter().any(|p| p.row().arity() == args.len()) {
            self.wrong_table_count(span, name, args.len());
            return bad(span);
        }
        if candidates == [Prim::Stopgrad] && !adaptable(&args[0], sources[0], ScalarType::F64) {
            return self.stopped(args.swap_remove(0));
        }
        let Some(prim) = self.overload(candidates, &mut args, sources) else {
            self.no_overload(name, candidates, &args, sources);
            return bad(span);
        };
        let dims = self.broadcast(&args.iter_mut().collect::<Vec<_>>());
        match dims {
            Some(dims) => {
                let elements: Vec<_> = args.iter().map(|e| element(&e.ty)).collect();
                Expr { span, ty: shaped(result_of(prim, &elements), dims), kind: ExprKind::Prim { prim, args } }
            }
            None => bad(span),
        }
    }

    /// The row for these arguments: as they are, or with literals adapted.
    fn overload(&self, candidates: &[Prim], args: &mut [Expr], sources: &[&ast::Expr]) -> Option<Prim> {
        let elements: Option<SmallVec<[ScalarType; 3]>> = args.iter().map(|e| element(&e.ty)).collect();
        let elements = elements?;
        if let Some(prim) = candidates.iter().find(|p| p.row().signature.accepts(&elements)) {
            return Some(*prim);
        }
        let fits = |signature: &Signature, float: ScalarType, args: &[Expr]| {
            let mut parts = args.iter().zip(sources).zip(signature.args_at(float));
            signature.args.len() == args.len() && parts.all(|((e, src), s)| adaptable(e, src, s))
        };
        let adapted = candidates.iter().find_map(|prim| {
            let signature = &prim.row().signature;
            let float = signature.float_types().iter().find(|&&float| fits(signature, float, args))?;
            Some((*prim, *float))
        });
        let (prim, float) = adapted?;
        let parts = args.iter_mut().zip(sources).zip(prim.row().signature.args_at(float));
        parts.for_each(|((e, src), s)| adapt(e, src, s));
        Some(prim)
    }

    fn wrong_table_count(&mut self, span: Span, name: &str, found: usize) {
        let wanted = rows(name).first().map_or(0, |p| p.row().arity());
        let message = format!("`{name}` takes {}, found {found}", count(wanted, "argument"));
        self.checker.reports.say(codes::ARGUMENT_COUNT, span, message);
    }

    /// Says which argument does not fit.
    fn no_overload(&mut self, name: &str, candidates: &[Prim], args: &[Expr], sources: &[&ast::Expr]) {
        let Some(prim) = candidates.iter().find(|p| p.row().arity() == args.len()) else { return };
        let signature = prim.row().signature;
        // The float type that the others would have: that of the first float among them.
        let float = args.iter().filter_map(|e| element(&e.ty)).find(|s| s.is_float()).unwrap_or(ScalarType::F64);
        let want: Vec<ScalarType> = signature.args_at(float).collect();
        let wrong = |i: &usize| element(&args[*i].ty) != Some(want[*i]) && !adaptable(&args[*i], sources[*i], want[*i]);
        let Some(index) = (0..args.len()).find(wrong) else { return };
        let (e, src) = (&args[index], sources[index]);
        let found = self.show(&e.ty);
        let d = match (element(&e.ty), want[index]) {
            (Some(ScalarType::I64), ScalarType::F64 | ScalarType::F32) => {
                let message =
                    format!("`{name}` takes a float here, found `{found}`: integers don't become floats by themselves");
                self.float_help(Diagnostic::new(codes::INTEGER_FOR_FLOAT, src.span, message), e, src, float)
            }
            (_, wanted) => {
                let message = format!("`{name}` takes {} here, found `{found}`", a_scalar(wanted));
                Diagnostic::new(codes::MISMATCH, src.span, message)
            }
        };
        self.checker.reports.push(d);
    }
}

/// What a row gives for operands of these types, which it accepts.
pub(super) fn result_of(prim: Prim, args: &[Option<ScalarType>]) -> ScalarType {
    prim.row().signature.result_for(|i| args.get(i).copied().flatten())
}

/// A number, or an array of this shape.
pub(super) fn shaped(element: ScalarType, dims: Vec<DimExpr>) -> Ty {
    if dims.is_empty() { Ty::Scalar(element) } else { Ty::Array { element, dims } }
}

fn chain_so_far(first: &Expr, ty: &Ty) -> Expr {
    Expr { ty: ty.clone(), ..bad(first.span) }
}
