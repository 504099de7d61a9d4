//! Carried values that only add up.
//!
//! In: what each step makes of values that go back to a carried one. Out: a [`Reduction`] for each carried value, or that there is none.
//!
//! A value is *on the way* of a carried value if it was computed from it. What may be on the way: a sum or difference whose left side is, a choice of two that both are. Nothing else may look at such values, since an
//! iteration of several at once has only a part of the sum.

use super::Why;
use crate::build::Builder;
use crate::entities::Value;
use crate::inst::{Const, Op};
use crate::prim::{Code, Native, Prim};
use crate::types::ScalarType;

/// How a carried value adds up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Reduction {
    /// It stays as it is.
    #[default]
    Kept,
    /// By additions and subtractions of floats.
    Sum,
    /// By additions and subtractions of integers.
    IntegerSum,
    /// By products of floats.
    Product,
    /// The smallest float.
    Min,
    /// The largest float.
    Max,
}

impl Reduction {
    /// Its word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Kept => "constant",
            Reduction::Sum | Reduction::IntegerSum => "sum",
            Reduction::Product => "product",
            Reduction::Min => "minimum",
            Reduction::Max => "maximum",
        }
    }

    /// With what adding up begins that leaves everything as it is; nothing for what does not add up.
    pub fn nothing(self, ty: ScalarType) -> Option<Const> {
        match self {
            Reduction::Kept => None,
            // Zero less nothing at all: that leaves the sign of a zero as it is.
            Reduction::Sum => Some(Const::float(ty, -0.0)),
            Reduction::IntegerSum => Some(Const::I64(0)),
            Reduction::Product => Some(Const::float(ty, 1.0)),
            Reduction::Min => Some(Const::float(ty, f64::INFINITY)),
            Reduction::Max => Some(Const::float(ty, f64::NEG_INFINITY)),
        }
    }

    /// What adds two parts up.
    pub fn primitive(self) -> Option<Prim> {
        match self {
            Reduction::Kept => None,
            Reduction::Sum => Some(Prim::Add),
            Reduction::IntegerSum => Some(Prim::Iadd),
            Reduction::Product => Some(Prim::Mul),
            Reduction::Min => Some(Prim::Min),
            Reduction::Max => Some(Prim::Max),
        }
    }

    /// Writes the sum of two parts; the first where nothing adds up.
    pub fn join(self, b: &mut Builder, first: Value, second: Value) -> Value {
        self.primitive().map_or(first, |prim| b.prim(prim, &[first, second]))
    }

    /// How an operation adds to its left operand, or to either.
    fn of(native: Native) -> Option<(Reduction, Sides)> {
        match native {
            Native::FAdd => Some((Reduction::Sum, Sides::Either)),
            Native::FSub => Some((Reduction::Sum, Sides::Left)),
            Native::FMul => Some((Reduction::Product, Sides::Either)),
            Native::FMin => Some((Reduction::Min, Sides::Either)),
            Native::FMax => Some((Reduction::Max, Sides::Either)),
            Native::IAdd => Some((Reduction::IntegerSum, Sides::Either)),
            Native::ISub => Some((Reduction::IntegerSum, Sides::Left)),
            Native::FDiv | Native::FNeg | Native::FAbs | Native::FSqrt | Native::FFma | Native::FFloor => None,
            Native::FCeil | Native::FTrunc | Native::FSign | Native::FRelu | Native::FSame | Native::FSmul => None,
            Native::IMul | Native::IDiv | Native::IRem | Native::INeg | Native::IAbs | Native::ISign => None,
            Native::FPowi | Native::IMin | Native::IMax | Native::And | Native::Or | Native::Not => None,
            Native::IToF | Native::IToS | Native::FWiden | Native::FNarrow | Native::FToI => None,
        }
    }

    /// Both, if they are one.
    fn with(self, other: Reduction) -> Option<Reduction> {
        match (self, other) {
            (Reduction::Kept, one) | (one, Reduction::Kept) => Some(one),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// On the way of which carried value an operation is, if it is on one; [`Why::Carried`] if it looks at a part of one. What it says of how that adds up is noted.
pub(super) fn way_through(
    op: &Op,
    way: &dyn Fn(Value) -> Option<usize>,
    carried: &mut [Reduction],
) -> Result<Option<usize>, Why> {
    let Some(first) = op.operands().iter().find_map(|&v| way(v)) else { return Ok(None) };
    if let Op::Select { cond, then, otherwise } = op {
        return chosen([*cond, *then, *otherwise].map(way));
    }
    let Op::Prim { prim, args } = op else { return Err(Why::Carried) };
    let Code::Native(native) = prim.row().code else { return Err(Why::Carried) };
    let (left, right) = (way(args[0]), args.get(1).and_then(|&v| way(v)));
    let fits = match Reduction::of(native) {
        Some((reduction, Sides::Left)) => right.is_none().then_some(reduction),
        Some((reduction, Sides::Either)) => (left.is_none() != right.is_none()).then_some(reduction),
        None => None,
    };
    carried[first] = fits.and_then(|reduction| carried[first].with(reduction)).ok_or(Why::Carried)?;
    Ok(Some(first))
}

/// On the way of which carried value a choice is, if it is on one, given on whose way the condition and both sides are: both sides of the same, or none.
pub(super) fn chosen(ways: [Option<usize>; 3]) -> Result<Option<usize>, Why> {
    match ways {
        [None, then, otherwise] if then == otherwise => Ok(then),
        _ => Err(Why::Carried),
    }
}

/// Where the carried value may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sides {
    Left,
    Either,
}
