//! What an expression gives while it is lowered.
//!
//! In: nothing. Out: [`Vals`], one [`Val`] per leaf of the expression's type, in order: a scalar is an SSA value, an array is an [`Arr`] that may still be *lazy*:
//! a tree whose scalars are computed and whose elements are not. A [`View`] is a part of an array in storage, so slices and transposes cost nothing by themselves.
//!
//! ```text
//! 2.0 * a[1..n] + t       Chain { Splat(2.0), [mul View(a, offset 1), add View(t)] }       with the extents [n - 1]
//! ```
//!
//! A lazy value must not live past a write to what it views; whoever keeps one across statements makes it real first ([`super::elementwise`]).

use adit_diag::Span;
use adit_ir::{CmpOp, Int, Ints, Prim, ScalarType, Value};
use smallvec::SmallVec;

/// One value per leaf.
pub(super) type Vals = SmallVec<[Val; 1]>;

/// The value of a leaf.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Scalar(Value),
    Array(Box<Arr>),
}

/// An array, perhaps lazy.
#[derive(Clone, Debug)]
pub(super) struct Arr {
    pub(super) element: ScalarType,
    pub(super) dims: Ints,
    pub(super) lazy: Lazy,
}

/// How an element is computed from its indices.
#[derive(Clone, Debug)]
pub(super) enum Lazy {
    View(View),
    /// The same everywhere.
    Splat(Value),
    Prim {
        prim: Prim,
        args: Vec<Lazy>,
        span: Span,
    },
    /// From left to right.
    Chain {
        first: Box<Lazy>,
        rest: Vec<Link>,
    },
    /// Condition, then, otherwise.
    Select {
        parts: Box<[Lazy; 3]>,
        span: Span,
    },
}

/// A step of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) op: ElementOp,
    pub(super) rhs: Lazy,
    pub(super) span: Span,
}

/// What combines two scalars.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ElementOp {
    Prim(Prim),
    Cmp(CmpOp),
}

/// Part of an array in storage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct View {
    pub(super) array: Value,
    /// For each dimension of the storage, where its subscript comes from.
    pub(super) axes: SmallVec<[Axis; 2]>,
    /// The extents of the part.
    pub(super) dims: Ints,
    /// Whether the part is all of it, in its own order.
    pub(super) whole: bool,
    pub(super) origin: Origin,
}

/// Where the subscript of one dimension of the storage comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Axis {
    Fixed(Int),
    /// The index of this dimension of the view, plus an offset.
    Along {
        dim: usize,
        offset: Int,
    },
}

/// Who else may know the storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// Nobody: whoever consumes the value may keep it.
    Temporary,
    /// Others, but nobody writes it.
    Fixed,
    /// A variable that may be assigned.
    Variable,
}

impl View {
    /// All of an array.
    pub(super) fn whole(array: Value, dims: &[Int], origin: Origin) -> View {
        let axes = (0..dims.len()).map(|dim| Axis::Along { dim, offset: Int::Const(0) }).collect();
        View { array, axes, dims: dims.into(), whole: true, origin }
    }

    /// Whether two views show the same elements in the same order.
    pub(super) fn same_place(&self, other: &View) -> bool {
        self.array == other.array && self.axes == other.axes
    }
}

impl Val {
    /// Whether computing an element may stop the run.
    pub(super) fn traps(&self) -> bool {
        match self {
            Val::Scalar(_) => false,
            Val::Array(arr) => arr.lazy.traps(),
        }
    }
}

impl Arr {
    /// An array that is a view.
    pub(super) fn of_view(element: ScalarType, view: View) -> Arr {
        Arr { element, dims: view.dims.clone(), lazy: Lazy::View(view) }
    }

    /// The view, if it is one.
    pub(super) fn view(&self) -> Option<&View> {
        match &self.lazy {
            Lazy::View(view) => Some(view),
            Lazy::Splat(_) | Lazy::Prim { .. } | Lazy::Chain { .. } | Lazy::Select { .. } => None,
        }
    }
}

impl Lazy {
    /// Calls `see` with each view inside.
    pub(super) fn each_view(&self, see: &mut dyn FnMut(&View)) {
        match self {
            Lazy::View(view) => see(view),
            Lazy::Splat(_) => {}
            Lazy::Prim { args, .. } => args.iter().for_each(|a| a.each_view(see)),
            Lazy::Chain { first, rest } => {
                first.each_view(see);
                rest.iter().for_each(|link| link.rhs.each_view(see));
            }
            Lazy::Select { parts, .. } => parts.iter().for_each(|a| a.each_view(see)),
        }
    }

    /// Calls `change` with each view inside.
    pub(super) fn each_view_mut(&mut self, change: &mut dyn FnMut(&mut View)) {
        match self {
            Lazy::View(view) => change(view),
            Lazy::Splat(_) => {}
            Lazy::Prim { args, .. } => args.iter_mut().for_each(|a| a.each_view_mut(change)),
            Lazy::Chain { first, rest } => {
                first.each_view_mut(change);
                rest.iter_mut().for_each(|link| link.rhs.each_view_mut(change));
            }
            Lazy::Select { parts, .. } => parts.iter_mut().for_each(|a| a.each_view_mut(change)),
        }
    }

    /// Whether computing an element may stop the run.
    pub(super) fn traps(&self) -> bool {
        let of = |op: ElementOp| match op {
            ElementOp::Prim(prim) => prim.row().traps(),
            ElementOp::Cmp(_) => false,
        };
        match self {
            Lazy::View(_) | Lazy::Splat(_) => false,
            Lazy::Prim { prim, args, .. } => prim.row().traps() || args.iter().any(Lazy::traps),
            Lazy::Chain { first, rest } => first.traps() || rest.iter().any(|l| of(l.op) || l.rhs.traps()),
            Lazy::Select { parts, .. } => parts.iter().any(Lazy::traps),
        }
    }

    /// Whether it reads something that may be assigned.
    pub(super) fn is_changeable(&self) -> bool {
        let mut found = false;
        self.each_view(&mut |view| found |= view.origin == Origin::Variable);
        found
    }
}

/// Where a value goes.
#[derive(Clone, Debug)]
pub(super) enum Sink {
    /// A slot, for a scalar of this type.
    Slot(u32, ScalarType),
    /// Storage that the value does not read.
    Place(View),
}
