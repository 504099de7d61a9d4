//! Functions the compiler knows by name that are no rows of the table: reductions, array makers, conversions, `assert`, `print`.
//!
//! In: a call. Out: [`ExprKind::Builtin`], [`ExprKind::Reduce`] and their like. Which name means what stands in one table.

use super::adapt::{self, adapt, adaptable, element};
use super::body::Body;
use super::calls::Call;
use super::expr::{bad, constant};
use super::fit::Why;
use super::mapped::reduction;
use super::operators::{self, Operand, agree, shaped};
use super::report::{codes, count, is_error};
use crate::typed::{Builtin, DimExpr, Expr, ExprKind, PrintArg, Reduction, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::{Const, ScalarType};
use adit_syntax::ast::{self, ArgKind};

/// A function the compiler knows.
pub(super) struct Known {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Of an array or generator; `max` and `min` of two values are functions of the table.
    Reduce(Reduction),
    /// `zeros(n, m)`, `ones(n, m)`
    Make(Builtin),
    Fill,
    Identity,
    Len,
    Size,
    Dot,
    Transpose,
    MatMul,
    /// A function of the library for a matrix of right-hand sides, and its like for a vector.
    Solve(&'static str),
    Where,
    Convert(ScalarType),
    Assert,
    Print,
}

const fn known(name: &'static str, kind: Kind) -> Known {
    Known { name, kind }
}

static KNOWN: &[Known] = &[
    known("sum", Kind::Reduce(Reduction::Sum)),
    known("prod", Kind::Reduce(Reduction::Prod)),
    known("max", Kind::Reduce(Reduction::Max)),
    known("min", Kind::Reduce(Reduction::Min)),
    known("mean", Kind::Reduce(Reduction::Mean)),
    known("any", Kind::Reduce(Reduction::Any)),
    known("all", Kind::Reduce(Reduction::All)),
    known("argmax", Kind::Reduce(Reduction::ArgMax)),
    known("argmin", Kind::Reduce(Reduction::ArgMin)),
    known("logsumexp", Kind::Reduce(Reduction::LogSumExp)),
    known("norm", Kind::Reduce(Reduction::Norm)),
    known("zeros", Kind::Make(Builtin::Zeros)),
    known("ones", Kind::Make(Builtin::Ones)),
    known("fill", Kind::Fill),
    known("identity", Kind::Identity),
    known("len", Kind::Len),
    known("size", Kind::Size),
    known("dot", Kind::Dot),
    known("transpose", Kind::Transpose),
    known("matmul", Kind::MatMul),
    known("solve", Kind::Solve("solve_vector")),
    known("solve_triangular", Kind::Solve("solve_triangular_vector")),
    known("where", Kind::Where),
    known("f64", Kind::Convert(ScalarType::F64)),
    known("i64", Kind::Convert(ScalarType::I64)),
    known("f32", Kind::Convert(ScalarType::F32)),
    known("assert", Kind::Assert),
    known("print", Kind::Print),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.name == name)
}

/// All names.
pub(super) fn names<'n>() -> impl Iterator<Item = &'n str> {
    KNOWN.iter().map(|k| -> &'n str { k.name })
}

/// What a reduction accepts, and what it gives of it.
fn reduces(op: Reduction) -> (&'static [ScalarType], fn(ScalarType) -> ScalarType) {
    use ScalarType::{Bool, F32, F64, I64};
    match op {
        Reduction::Sum | Reduction::Prod | Reduction::Max | Reduction::Min => (&[F64, I64, F32], |s| s),
        Reduction::Mean | Reduction::LogSumExp | Reduction::Norm => (&[F64, F32], |s| s),
        Reduction::Any | Reduction::All => (&[Bool], |_| Bool),
        Reduction::ArgMax | Reduction::ArgMin => (&[F64, I64, F32], |_| I64),
    }
}

fn builtin(span: Span, ty: Ty, builtin: Builtin, args: Vec<Expr>) -> Expr {
    Expr { span, ty, kind: ExprKind::Builtin { builtin, args } }
}

/// Checked arguments, and where they come from.
struct Given<'s> {
    typed: Vec<Expr>,
    sources: Vec<&'s ast::Expr>,
}

impl<'s> Given<'s> {
    /// As many as there are.
    fn exactly<const N: usize>(self) -> Option<([Expr; N], [&'s ast::Expr; N])> {
        Some((self.typed.try_into().ok()?, self.sources.try_into().ok()?))
    }
}

/// What a wanted argument is, for messages.
#[derive(Clone, Copy)]
enum Want {
    Vector,
    Matrix,
}

impl Known {
    /// Checks a call of it.
    pub(super) fn check(&self, body: &mut Body, call: Call) -> Expr {
        let checked = match self.kind {
            Kind::Reduce(op) => body.reduce(call, op),
            Kind::Make(what) => body.make(call, what),
            Kind::Fill => body.fill_array(call),
            Kind::Identity | Kind::Len | Kind::Transpose | Kind::Convert(_) => body.of_values(call, self.kind, 1),
            Kind::Size | Kind::Dot | Kind::MatMul => body.of_values(call, self.kind, 2),
            Kind::Solve(vector) => body.solve(call, vector),
            Kind::Where => body.of_values(call, self.kind, 3),
            Kind::Assert => body.assert(call),
            Kind::Print => body.print(call),
        };
        checked.unwrap_or_else(|| bad(call.span))
    }
}

impl Body<'_, '_> {
    /// Exactly `n` values.
    fn values<'s>(&mut self, call: Call<'s>, n: usize) -> Option<Given<'s>> {
        if call.args.len() != n {
            self.wrong_count_of(call, &count(n, "argument"));
            self.args_for_themselves(call.args);
            return None;
        }
        let (typed, sources) = self.plain_args(call)?;
        Some(Given { typed, sources })
    }

    /// A call that takes exactly `n` values. The arguments are checked here, so that what is done with them is no part of the recursion.
    fn of_values(&mut self, call: Call, kind: Kind, n: usize) -> Option<Expr> {
        let given = self.values(call, n)?;
        match kind {
            Kind::Identity => self.identity(call, given),
            Kind::Len => self.len(call, given),
            Kind::Size => self.size(call, given),
            Kind::Dot => self.dot(call, given),
            Kind::Transpose => self.transpose(call, given),
            Kind::MatMul => self.matmul(call, given),
            Kind::Where => self.where_(call, given),
            Kind::Convert(to) => self.convert(call, given, to),
            Kind::Reduce(op) => self.reduce_array(call, given, op),
            Kind::Solve(_) => None,
            Kind::Make(_) | Kind::Fill | Kind::Assert | Kind::Print => None,
        }
    }

    /// A call of a library function that takes a matrix, or of its like for a vector: the second argument's rank decides.
    #[inline(never)]
    fn solve(&mut self, call: Call, vector: &str) -> Option<Expr> {
        let Given { typed, sources } = self.values(call, 2)?;
        let is_vector = matches!(&typed[1].ty, Ty::Array { dims, .. } if dims.len() == 1);
        let name = if is_vector { vector } else { call.name };
        let id = self.checker.library_function_of(name)?;
        self.in_double(call, id, typed, &sources)
    }

    fn wrong_count_of(&mut self, call: Call, takes: &str) {
        let message = format!("`{}` takes {takes}, found {}", call.name, call.args.len());
        self.checker.reports.say(codes::ARGUMENT_COUNT, call.span, message);
    }

    #[inline(never)]
    fn reduce(&mut self, call: Call, op: Reduction) -> Option<Expr> {
        if call.args.len() == 2 && operators::is_table_function(call.name) {
            let (args, sources) = self.plain_args(call)?;
            return Some(self.table_call(call.span, call.name, args, &sources));
        }
        match call.args {
            [ast::Arg { kind: ArgKind::Generator(g), .. }] => self.reduce_generator(call, op, g),
            [ast::Arg { kind: ArgKind::Value(_), .. }] => self.of_values(call, Kind::Reduce(op), 1),
            args => {
                let two = if operators::is_table_function(call.name) { ", or two values" } else { "" };
                self.wrong_count_of(call, &format!("an array or `e for i in a..b`{two}"));
                self.args_for_themselves(args);
                None
            }
        }
    }

    #[inline(never)]
    fn reduce_generator(&mut self, call: Call, op: Reduction, g: &ast::Generator) -> Option<Expr> {
        let mut generator = self.generator(g).generator;
        let e = &mut generator.element;
        if is_error(&e.ty) {
            return None;
        }
        if !matches!(e.ty, Ty::Scalar(_)) {
            let message = format!("`{}` takes one number for each index, found `{}`", call.name, self.show(&e.ty));
            self.checker.reports.say(codes::MISMATCH, g.element.span, message);
            return None;
        }
        let ty = self.reduced(call, op, e, &g.element)?;
        Some(Expr { span: call.span, ty: Ty::Scalar(ty), kind: ExprKind::Reduce { op, generator } })
    }

    #[inline(never)]
    fn reduce_array(&mut self, call: Call, given: Given, op: Reduction) -> Option<Expr> {
        let ([mut e], [src]) = given.exactly()?;
        if !matches!(e.ty, Ty::Array { .. }) {
            let message = format!("`{}` takes an array or `e for i in a..b`, found `{}`", call.name, self.show(&e.ty));
            self.checker.reports.say(codes::MISMATCH, src.span, message);
            return None;
        }
        let ty = self.reduced(call, op, &mut e, src)?;
        Some(reduction(call.span, op, Ty::Scalar(ty), e))
    }

    /// The type of a reduction over such elements.
    fn reduced(&mut self, call: Call, op: Reduction, e: &mut Expr, src: &ast::Expr) -> Option<ScalarType> {
        let (accepted, gives) = reduces(op);
        let have = element(&e.ty)?;
        if accepted.contains(&have) {
            return Some(gives(have));
        }
        if let [first, rest @ ..] = accepted
            && !rest.contains(&ScalarType::I64)
            && adaptable(e, src, *first)
        {
            adapt(e, src, *first);
            return Some(gives(*first));
        }
        let message = format!(
            "`{}` takes {}, found `{}`",
            call.name,
            accepted.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(" or "),
            self.show(&e.ty)
        );
        let code =
            if have == ScalarType::I64 && !accepted.contains(&ScalarType::I64) && accepted.contains(&ScalarType::F64) {
                codes::INTEGER_FOR_FLOAT
            } else {
                codes::MISMATCH
            };
        let mut d = Diagnostic::new(code, src.span, message);
        d.help = match (have, accepted) {
            (_, [ScalarType::Bool]) => Some("compare the elements to get `bool`s".to_owned()),
            (ScalarType::Bool, _) => Some("`i64(b)` is 1 for true, 0 for false".to_owned()),
            _ => Some("convert it: `f64(…)`".to_owned()),
        };
        self.checker.reports.push(d);
        None
    }

    /// Extents given as arguments, from `from` on.
    #[inline(never)]
    fn extents_of(&mut self, call: Call, from: usize) -> Option<(Vec<Expr>, Vec<DimExpr>)> {
        if call.args.len() <= from {
            let takes = if from == 0 { "at least one extent" } else { "a value and at least one extent" };
            self.wrong_count_of(call, takes);
            self.args_for_themselves(call.args);
            return None;
        }
        let (typed, sources) = self.plain_args(call)?;
        let mut dims = Vec::with_capacity(typed.len());
        let mut ok = true;
        for (e, src) in typed.iter().zip(sources).skip(from) {
            ok &= self.fits(e, src, &Ty::I64, &Why::new(format!("an extent of `{}`", call.name)));
            let dim = self.dim_of(e);
            dims.push(if matches!(dim, DimExpr::Const(c) if c < 0) { DimExpr::Unknown } else { dim });
        }
        ok.then_some((typed, dims))
    }

    #[inline(never)]
    fn make(&mut self, call: Call, what: Builtin) -> Option<Expr> {
        let (args, dims) = self.extents_of(call, 0)?;
        Some(builtin(call.span, shaped(ScalarType::F64, dims), what, args))
    }

    #[inline(never)]
    fn fill_array(&mut self, call: Call) -> Option<Expr> {
        let (mut args, dims) = self.extents_of(call, 1)?;
        let Ty::Scalar(mut element) = args[0].ty else {
            let message = format!("`fill` repeats one number, found `{}`", self.show(&args[0].ty));
            self.checker.reports.say(codes::MISMATCH, args[0].span, message);
            return None;
        };
        if let ArgKind::Value(src) = &call.args[0].kind
            && adaptable(&args[0], src, ScalarType::F64)
        {
            adapt(&mut args[0], src, ScalarType::F64);
            element = ScalarType::F64;
        }
        Some(builtin(call.span, shaped(element, dims), Builtin::Fill, args))
    }

    #[inline(never)]
    fn identity(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([e], [src]) = given.exactly()?;
        if !self.fits(&e, src, &Ty::I64, &Why::new("the extent of `identity`")) {
            return None;
        }
        let dim = self.dim_of(&e);
        Some(builtin(call.span, shaped(ScalarType::F64, vec![dim.clone(), dim]), Builtin::Identity, vec![e]))
    }

    /// Whether this is an array; says so if not.
    fn is_array(&mut self, call: Call, e: &Expr) -> bool {
        let array = matches!(e.ty, Ty::Array { .. });
        if !array {
            let message = format!("`{}` takes an array, found `{}`", call.name, self.show(&e.ty));
            self.checker.reports.say(codes::MISMATCH, e.span, message);
        }
        array
    }

    #[inline(never)]
    fn len(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([e], _) = given.exactly()?;
        self.is_array(call, &e).then(|| builtin(call.span, Ty::I64, Builtin::Len, vec![e]))
    }

    #[inline(never)]
    fn size(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([e, axis], [_, axis_src]) = given.exactly()?;
        let fits = self.fits(&axis, axis_src, &Ty::I64, &Why::new("the dimension asked of `size`"));
        if !(self.is_array(call, &e) && fits) {
            return None;
        }
        if let (Ty::Array { dims, .. }, ExprKind::Const(Const::I64(k))) = (&e.ty, &axis.kind)
            && !usize::try_from(*k).is_ok_and(|k| k < dims.len())
        {
            let message = format!(
                "`{}` has {}, counted from 0; there is no dimension {k}",
                self.show(&e.ty),
                count(dims.len(), "dimension")
            );
            self.checker.reports.say(codes::INDEX, axis.span, message);
            return None;
        }
        Some(builtin(call.span, Ty::I64, Builtin::Size, vec![e, axis]))
    }

    /// Whether this is an array of numbers and of the rank wanted; says so if not.
    fn has_rank(&mut self, call: Call, e: &Expr, want: Want) -> bool {
        let (rank, name) = match want {
            Want::Vector => (1, "vector"),
            Want::Matrix => (2, "matrix"),
        };
        match &e.ty {
            Ty::Array { dims, .. } if dims.len() == rank => true,
            Ty::Array { .. } => {
                let message = format!("`{}` takes a {name}, found `{}`", call.name, self.show(&e.ty));
                self.checker.reports.say(codes::RANK, e.span, message);
                false
            }
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => self.is_array(call, e),
        }
    }

    #[inline(never)]
    fn dot(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([mut a, mut b], [a_src, b_src]) = given.exactly()?;
        if !(self.has_rank(call, &a, Want::Vector) & self.has_rank(call, &b, Want::Vector)) {
            return None;
        }
        agree(&mut Operand { typed: &mut a, src: Some(a_src) }, &mut Operand { typed: &mut b, src: Some(b_src) });
        let element = element(&a.ty)?;
        if element == ScalarType::Bool {
            self.checker.reports.say(codes::MISMATCH, a.span, "`dot` takes vectors of numbers");
            return None;
        }
        let ty = a.ty.clone();
        self.fits(&b, b_src, &ty, &Why::at("the other vector", a.span)).then_some(())?;
        Some(builtin(call.span, Ty::Scalar(element), Builtin::Dot, vec![a, b]))
    }

    #[inline(never)]
    fn transpose(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([e], _) = given.exactly()?;
        if !self.has_rank(call, &e, Want::Matrix) {
            return None;
        }
        let Ty::Array { element, dims } = &e.ty else { return None };
        let ty = shaped(*element, dims.iter().rev().cloned().collect());
        Some(builtin(call.span, ty, Builtin::Transpose, vec![e]))
    }

    #[inline(never)]
    fn matmul(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([mut a, mut b], [a_src, b_src]) = given.exactly()?;
        let left = Operand { typed: &mut a, src: Some(a_src) };
        let right = Operand { typed: &mut b, src: Some(b_src) };
        let ty = self.matrix_product(left, right, call.span)?;
        Some(builtin(call.span, ty, Builtin::MatMul, vec![a, b]))
    }

    #[inline(never)]
    fn where_(&mut self, call: Call, given: Given) -> Option<Expr> {
        let ([mut c, mut a, mut b], [c_src, a_src, b_src]) = given.exactly()?;
        if element(&c.ty) != Some(ScalarType::Bool) {
            let message = format!("`where` takes a `bool` or an array of them first, found `{}`", self.show(&c.ty));
            self.checker.reports.say(codes::MISMATCH, c_src.span, message);
            return None;
        }
        agree(&mut Operand { typed: &mut a, src: Some(a_src) }, &mut Operand { typed: &mut b, src: Some(b_src) });
        let (Some(left), Some(_)) = (element(&a.ty), element(&b.ty)) else {
            let message =
                format!("`where` chooses between numbers, found `{}` and `{}`", self.show(&a.ty), self.show(&b.ty));
            self.checker.reports.say(codes::MISMATCH, call.span, message);
            return None;
        };
        let want = adapt::with_element(&b.ty, left);
        if !self.fit(&mut b, b_src, &want, &Why::at("the other choice", a.span)) {
            return None;
        }
        let dims = self.broadcast(&[&mut c, &mut a, &mut b])?;
        Some(builtin(call.span, shaped(left, dims), Builtin::Where, vec![c, a, b]))
    }

    /// `f64(x)`, `i64(x)`; of a `bool` 1 or 0.
    #[inline(never)]
    fn convert(&mut self, call: Call, given: Given, to: ScalarType) -> Option<Expr> {
        let ([mut e], [src]) = given.exactly()?;
        let Some(from) = element(&e.ty) else {
            let message = format!("`{}` converts numbers, found `{}`", call.name, self.show(&e.ty));
            self.checker.reports.say(codes::MISMATCH, src.span, message);
            return None;
        };
        if from == to || (to.is_float() && adaptable(&e, src, to)) {
            adapt(&mut e, src, to);
            return Some(e);
        }
        if from == ScalarType::Bool {
            let ty = adapt::with_element(&e.ty, to);
            let [one, zero] = match to {
                ScalarType::F64 | ScalarType::F32 => [1.0, 0.0].map(|x| Const::float(to, x)),
                ScalarType::I64 | ScalarType::Bool => [Const::I64(1), Const::I64(0)],
            };
            let args = vec![e, constant(call.span, one), constant(call.span, zero)];
            return Some(builtin(call.span, ty, Builtin::Where, args));
        }
        Some(self.table_call(call.span, call.name, vec![e], &[src]))
    }

    #[inline(never)]
    fn assert(&mut self, call: Call) -> Option<Expr> {
        let (condition, message) = match call.args {
            [ast::Arg { kind: ArgKind::Value(c), .. }] => (c, String::new()),
            [ast::Arg { kind: ArgKind::Value(c), .. }, ast::Arg { kind: ArgKind::Text(text), .. }] => (c, text.clone()),
            args => {
                let d = Diagnostic::new(codes::ARGUMENT_COUNT, call.span, "`assert` takes a condition and a text");
                self.checker.reports.push(d.help("`assert(x > 0, \"x must be positive\")`"));
                self.args_for_themselves(args);
                return None;
            }
        };
        let condition = Box::new(self.condition(condition));
        Some(Expr { span: call.span, ty: Ty::unit(), kind: ExprKind::Assert { condition, message } })
    }

    #[inline(never)]
    fn print(&mut self, call: Call) -> Option<Expr> {
        let mut parts = Vec::with_capacity(call.args.len());
        for arg in call.args {
            match &arg.kind {
                ArgKind::Text(text) => parts.push(PrintArg::Text(text.clone())),
                ArgKind::Value(e) => {
                    let typed = self.expr(e);
                    if element(&typed.ty).is_none() && !is_error(&typed.ty) {
                        let message =
                            format!("`print` writes texts, numbers and arrays, found `{}`", self.show(&typed.ty));
                        self.checker.reports.say(codes::MISMATCH, e.span, message);
                    }
                    parts.push(PrintArg::Value(typed));
                }
                ArgKind::Lent(_) | ArgKind::Generator(_) => {
                    self.checker.reports.say(codes::MISMATCH, arg.span, "`print` writes texts, numbers and arrays");
                }
            }
        }
        Some(Expr { span: call.span, ty: Ty::unit(), kind: ExprKind::Print(parts) })
    }
}
