//! The primitive table: every function of numbers that the language has, each in one row.
//!
//! In: nothing. Out: [`Prim`], a closed enum, and for each of its variants a [`Row`]: name, signature, evaluation, complex continuation,
//! partial derivatives, machine code, cost, algebra, documentation, test points, conventions at kinks. No pass names a function; all read columns:
//!
//! | who | reads |
//! |---|---|
//! | sema | [`Prim::for_source`], [`Row::signature`] |
//! | opt | [`Row::algebra`], [`Row::guard`], [`Prim::apply`] to fold constants |
//! | autodiff | [`Row::partials`] |
//! | interp | [`Prim::apply`], [`Prim::apply_complex`] |
//! | codegen | [`Row::code`], [`Row::eval`] (by address), [`Row::guard`], [`Row::cost`] |
//! | `explain` | [`Row::about`], [`Row::partials`], [`Row::kinks`] |
//!
//! **To add a row**: one line in the list below, and one `static` in the file of `table/` that the line names. Neither compiles without the other,
//! and a row without one of its columns does not compile either. `docs/adding-a-primitive.md` tells the rest.
//!
//! **Both float types in one row.** Operands that are floats may be `f64` or `f32`, all of one instruction the same ([`Sort::Float`]); partials are computed at that
//! type. `eval` is a function of `f64`, from which the value in `f32` is rounded once ([`Eval`]).
//!
//! Comparisons and `select` are instructions, not rows: they work on operands of any scalar type.

mod apply;
mod complex;
mod eval;
pub use eval::reversed_after_all;
#[macro_use]
mod expr;
mod row;
mod table;

pub use apply::ComplexScalar;
pub use expr::{Expr, Names};
pub use row::{
    Algebra, Code, Complex, Condition, Eval, Guard, Kink, Linear, Native, Partial, Point, PrimTrap, Row, Signature,
    Sort,
};

use crate::types::ScalarType;
use std::fmt;

/// Makes the enum, its list of variants and the way to each row out of one list.
macro_rules! prims {
    ($($file:ident { $($variant:ident $row:ident),* $(,)? })*) => {
        /// A primitive: the key of one [`Row`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum Prim {
            $($(
                #[doc = concat!("The row `", stringify!($row), "`.")]
                $variant,
            )*)*
        }

        impl Prim {
            /// Every primitive, in the order of the table.
            pub const ALL: &'static [Prim] = &[$($(Prim::$variant,)*)*];

            /// All that is known about it.
            pub fn row(self) -> &'static Row {
                match self {
                    $($(Prim::$variant => &table::$file::$row,)*)*
                }
            }
        }

        /// The primitives by the names of their rows, for [`d!`](expr).
        #[expect(non_upper_case_globals, reason = "a partial is written with the names that the text form uses")]
        mod named {
            use super::Prim;
            $($(#[allow(dead_code, reason = "not every row occurs in a partial")] pub const $row: Prim = Prim::$variant;)*)*
        }
    };
}

prims! {
    arith {
        Add add, Sub sub, Mul mul, Div div, Rem rem, Neg neg, Fma fma, Smul smul, Abs abs, Sign sign, Min min, Max max, Relu relu,
    }
    round {
        Floor floor, Ceil ceil, Round round, Trunc trunc, Stopgrad stopgrad, Itof itof, Itos itos, Ftoi ftoi, Widen widen, Narrow narrow,
    }
    power {
        Sqrt sqrt, Cbrt cbrt, Hypot hypot, Unit unit, Pow pow, Powi powi, Powlog powlog,
    }
    exp {
        Exp exp, Exp2 exp2, Expm1 expm1, Log log, Log2 log2, Log10 log10, Log1p log1p,
        Sigmoid sigmoid, Softplus softplus, Log1pexp log1pexp, Log1mexp log1mexp, Logaddexp logaddexp, Logshare logshare,
        Xlogy xlogy, Xlog1py xlog1py,
    }
    trig {
        Sin sin, Cos cos, Tan tan, Asin asin, Acos acos, Atan atan, Atan2 atan2,
        Sinh sinh, Cosh cosh, Tanh tanh, Sech sech, Asinh asinh, Acosh acosh, Atanh atanh,
    }
    special {
        Erf erf, Erfc erfc, Erfinv erfinv, Erfcinv erfcinv, Gauss gauss, Lgamma lgamma, Digamma digamma, Polygamma polygamma,
    }
    integer {
        Iadd iadd, Isub isub, Imul imul, Idiv idiv, Irem irem, Ineg ineg, Ipow ipow, Iabs iabs, Isign isign, Imin imin, Imax imax, Revolve revolve, Sow sow,
        And and, Or or, Not not,
    }
}

impl Prim {
    /// The name in the text form of the IR; unique.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The primitive of that name in the text form.
    pub fn from_name(name: &str) -> Option<Prim> {
        Prim::ALL.iter().copied().find(|p| p.name() == name)
    }

    /// The primitive that a function name or an operator of the language means for operands of these types: `("-", [F64])` is `neg`,
    /// `("-", [I64, I64])` is `isub`, `("^", [F32, I64])` is `powi`.
    pub fn for_source(source: &str, args: &[ScalarType]) -> Option<Prim> {
        Prim::ALL.iter().copied().find(|p| p.row().source == Some(source) && p.row().signature.accepts(args))
    }

    /// What stands for it in a partial at this float type: a row serves both, but where no operand tells the type of the result, there are two.
    pub fn at(self, float: ScalarType) -> Prim {
        match (self, float) {
            (Prim::Itof | Prim::Itos, ScalarType::F64) => Prim::Itof,
            (Prim::Itof | Prim::Itos, ScalarType::F32) => Prim::Itos,
            (other, _) => other,
        }
    }

    /// The conversion of one float type to another; none where nothing is to be converted.
    pub fn conversion(from: ScalarType, to: ScalarType) -> Option<Prim> {
        match (from, to) {
            (ScalarType::F32, ScalarType::F64) => Some(Prim::Widen),
            (ScalarType::F64, ScalarType::F32) => Some(Prim::Narrow),
            (_, _) => None,
        }
    }

    /// The primitives that share a name or an operator of the language, for messages.
    pub fn all_for_source(source: &str) -> impl Iterator<Item = Prim> {
        Prim::ALL.iter().copied().filter(move |p| p.row().source == Some(source))
    }
}

impl fmt::Display for Prim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
