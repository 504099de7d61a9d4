//! Expressions: how the table writes partial derivatives.
//!
//! In: `d!(smul(y, pow(x, sub(y, 1.0))))` in a row. Out: [`Expr`], a static tree that autodiff turns into instructions, that tests evaluate and type-check,
//! and that `explain` prints: `smul(y, x ^ (y - 1))`.
//! An expression contains primitives only, so it can be differentiated by the same table: to every order, without a rule of its own.

use super::Prim;
use crate::host::Scalar;
use crate::inst::CmpOp;
use crate::types::ScalarType;
use std::fmt::Write;

/// A function of the operands and the result of a row.
#[derive(Clone, Copy, Debug)]
pub enum Expr {
    /// An operand, counted from 0.
    Arg(u8),
    /// The value of the row itself.
    Result,
    /// A float: the nearest of the instruction's float type.
    F64(f64),
    /// An integer.
    I64(i64),
    /// A primitive of these operands, [`Prim::at`] the instruction's float type.
    Apply(Prim, &'static [Expr]),
    /// One of two floats, by a comparison of two floats. Both are evaluated; the other one contributes nothing, to no derivative.
    Select {
        /// Which comparison.
        cmp: CmpOp,
        /// Its left operand.
        a: &'static Expr,
        /// Its right operand.
        b: &'static Expr,
        /// The value if it holds.
        then: &'static Expr,
        /// The value if it does not.
        otherwise: &'static Expr,
    },
}

/// Writes an [`Expr`]: `x`, `y`, `z` are the operands in order, `r` is the result, `1.0` a float, `{E}` a float constant expression, `[1]` an integer,
/// `f(…)` a row by its name, `select(Lt; a, b, c, d)` is c if a < b, else d.
macro_rules! d {
    (x) => { $crate::prim::Expr::Arg(0) };
    (y) => { $crate::prim::Expr::Arg(1) };
    (z) => { $crate::prim::Expr::Arg(2) };
    (r) => { $crate::prim::Expr::Result };
    ([$n:expr]) => { $crate::prim::Expr::I64($n) };
    ({$c:expr}) => { $crate::prim::Expr::F64($c) };
    ($c:literal) => { $crate::prim::Expr::F64($c) };
    (select ($cmp:ident; $a:tt $(($($ai:tt)*))?, $b:tt $(($($bi:tt)*))?, $t:tt $(($($ti:tt)*))?, $o:tt $(($($oi:tt)*))?)) => {
        $crate::prim::Expr::Select {
            cmp: $crate::inst::CmpOp::$cmp,
            a: &d!($a $(($($ai)*))?),
            b: &d!($b $(($($bi)*))?),
            then: &d!($t $(($($ti)*))?),
            otherwise: &d!($o $(($($oi)*))?),
        }
    };
    ($f:ident ($($head:tt $(($($inner:tt)*))?),* $(,)?)) => {
        $crate::prim::Expr::Apply($crate::prim::named::$f, &[$(d!($head $(($($inner)*))?)),*])
    };
}

/// What operands and result are called in printed expressions.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// One per operand.
    pub args: &'a [&'a str],
    /// The result.
    pub result: &'a str,
}

impl Names<'static> {
    /// The names of `d!`.
    pub const DEFAULT: Names<'static> = Names { args: &["x", "y", "z"], result: "r" };
}

/// How tightly a printed expression binds: an operand is put in parentheses if it binds less than its place asks for.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Choice,
    Sum,
    Product,
    Minus,
    Power,
    Atom,
}

impl Expr {
    /// Whether the value of the row itself is needed.
    pub fn uses_result(&self) -> bool {
        match self {
            Expr::Result => true,
            Expr::Arg(_) | Expr::F64(_) | Expr::I64(_) => false,
            Expr::Apply(_, args) => args.iter().any(Expr::uses_result),
            Expr::Select { a, b, then, otherwise, .. } => [a, b, then, otherwise].iter().any(|e| e.uses_result()),
        }
    }

    /// Whether this operand of the row is needed.
    pub fn uses_arg(&self, index: u8) -> bool {
        match self {
            Expr::Arg(i) => *i == index,
            Expr::Result | Expr::F64(_) | Expr::I64(_) => false,
            Expr::Apply(_, args) => args.iter().any(|e| e.uses_arg(index)),
            Expr::Select { a, b, then, otherwise, .. } => [a, b, then, otherwise].iter().any(|e| e.uses_arg(index)),
        }
    }

    /// The constant, where it is one.
    pub fn constant(&self) -> Option<f64> {
        match self {
            Expr::F64(c) => Some(*c),
            Expr::Arg(_) | Expr::Result | Expr::I64(_) | Expr::Apply(..) | Expr::Select { .. } => None,
        }
    }

    /// The value for these operands and this result of the row. `None` if types do not fit or a guard stops it, which no row of the table does.
    pub fn eval(&self, args: &[Scalar], result: Scalar) -> Option<Scalar> {
        let float = args.iter().chain([&result]).map(|s| s.ty()).find(|ty| ty.is_float());
        self.eval_at(float.unwrap_or(ScalarType::F64), args, result)
    }

    fn eval_at(&self, float: ScalarType, args: &[Scalar], result: Scalar) -> Option<Scalar> {
        match self {
            Expr::Arg(i) => args.get(usize::from(*i)).copied(),
            Expr::Result => Some(result),
            Expr::F64(c) => Some(Scalar::float(float, *c)),
            Expr::I64(n) => Some(Scalar::I64(*n)),
            Expr::Apply(prim, operands) => {
                let values: Option<Vec<Scalar>> = operands.iter().map(|e| e.eval_at(float, args, result)).collect();
                prim.at(float).apply(&values?).ok()
            }
            Expr::Select { cmp, a, b, then, otherwise } => {
                let [a, b] = [a, b].map(|e| e.eval_at(float, args, result).and_then(Scalar::as_float));
                let chosen = if cmp.holds(a?, b?) { then } else { otherwise };
                chosen.eval_at(float, args, result)
            }
        }
    }

    /// The text for readers, infix where the primitive has an operator.
    pub fn text(&self, names: Names<'_>) -> String {
        let mut out = String::new();
        self.write(names, Binding::Choice, &mut out);
        out
    }

    fn write(&self, names: Names<'_>, place: Binding, out: &mut String) {
        let binding = self.binding();
        let open = binding < place;
        if open {
            out.push('(');
        }
        match self {
            Expr::Arg(i) => out.push_str(names.args.get(usize::from(*i)).copied().unwrap_or("?")),
            Expr::Result => out.push_str(names.result),
            Expr::F64(c) => push(out, format_args!("{c}")),
            Expr::I64(n) => push(out, format_args!("{n}")),
            Expr::Apply(prim, args) => write_apply(*prim, args, names, binding, out),
            Expr::Select { cmp, a, b, then, otherwise } => {
                out.push_str("if ");
                a.write(names, Binding::Sum, out);
                push(out, format_args!(" {} ", symbol(*cmp)));
                b.write(names, Binding::Sum, out);
                out.push_str(" then ");
                then.write(names, Binding::Sum, out);
                out.push_str(" else ");
                otherwise.write(names, Binding::Choice, out);
            }
        }
        if open {
            out.push(')');
        }
    }

    fn binding(&self) -> Binding {
        match self {
            Expr::F64(c) if c.is_sign_negative() => Binding::Minus,
            Expr::I64(n) if *n < 0 => Binding::Minus,
            Expr::Arg(_) | Expr::Result | Expr::F64(_) | Expr::I64(_) => Binding::Atom,
            Expr::Select { .. } => Binding::Choice,
            Expr::Apply(prim, args) => match (operator(*prim), args.len()) {
                (Some("+" | "-"), 2) => Binding::Sum,
                (Some("*" | "/" | "%"), 2) => Binding::Product,
                (Some("^"), 2) => Binding::Power,
                (Some("-"), 1) => Binding::Minus,
                _ => Binding::Atom,
            },
        }
    }
}

/// The operator of a row that has one: a source name that is no identifier.
fn operator(prim: Prim) -> Option<&'static str> {
    prim.row().source.filter(|s| !s.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn write_apply(prim: Prim, args: &[Expr], names: Names<'_>, binding: Binding, out: &mut String) {
    match (operator(prim), binding, args) {
        (Some(op), Binding::Sum | Binding::Product | Binding::Power, [a, b]) => {
            let (left, right) = sides(binding);
            a.write(names, left, out);
            push(out, format_args!(" {op} "));
            b.write(names, right, out);
        }
        (Some(op), Binding::Minus, [a]) => {
            out.push_str(op);
            a.write(names, Binding::Minus, out);
        }
        _ => {
            push(out, format_args!("{}(", prim.row().source.unwrap_or(prim.name())));
            for (i, a) in args.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                a.write(names, Binding::Choice, out);
            }
            out.push(')');
        }
    }
}

/// What the left and the right operand of an operator must bind: sums and products associate to the left, powers to the right.
fn sides(binding: Binding) -> (Binding, Binding) {
    match binding {
        Binding::Sum => (Binding::Sum, Binding::Product),
        Binding::Product => (Binding::Product, Binding::Minus),
        Binding::Power => (Binding::Atom, Binding::Minus),
        Binding::Choice | Binding::Minus | Binding::Atom => (Binding::Atom, Binding::Atom),
    }
}

fn symbol(cmp: CmpOp) -> &'static str {
    match cmp {
        CmpOp::Eq => "==",
        CmpOp::Ne => "!=",
        CmpOp::Lt => "<",
        CmpOp::Le => "<=",
        CmpOp::Gt => ">",
        CmpOp::Ge => ">=",
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = out.write_fmt(text);
}
