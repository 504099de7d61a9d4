//! Extents: comparing them, checking them when the program runs, and knowing them before an array is made.
//!
//! In: extents as integer operands, types. Out: `assert` instructions where two extents must agree and are not the same operand; storage.
//!
//! ```text
//! x + y with x: [f64; n], y: [f64; m]       v4 = eq d0, d1; assert v4, shape "the length of `x` and `y`" (d0, d1)
//! ```
//!
//! Extents that are the same by name are never compared: arithmetic on extents is computed once ([`super::env`]), so equal expressions are equal names.

use super::env::Lowerer;
use super::values::{Origin, Val, View};
use crate::typed::*;
use adit_diag::{Code, Diagnostic};
use adit_ir::{ArrayType, CmpOp, Const, Int, Ints, Op, ScalarType, Trap, Type, Value};

impl Lowerer<'_> {
    /// Stops the run unless two integers are equal; `text` says what they are.
    pub(super) fn require_same(&mut self, a: Int, b: Int, text: String) {
        if a == b {
            return;
        }
        let (x, y) = (self.int_value(a), self.int_value(b));
        let same = self.b.cmp(CmpOp::Eq, x, y);
        self.b.assert(same, Trap::ShapeMismatch(text), &[a, b]);
    }

    /// Stops the run unless two shapes are equal; `words` names the two arrays.
    pub(super) fn require_shape(&mut self, a: &[Int], b: &[Int], words: &str) {
        for (axis, (&a_dim, &b_dim)) in a.iter().zip(b).enumerate() {
            if a_dim != b_dim {
                let what = if a.len() == 1 { "the length".to_owned() } else { format!("dimension {}", axis + 1) };
                self.require_same(a_dim, b_dim, format!("{what} of {words}"));
            }
        }
    }

    /// The element type of an array in storage.
    pub(super) fn element_type(&self, array: Value) -> ScalarType {
        self.b.ty(array).array().expect("views are of arrays").element
    }

    /// `let x: T = …`: extents that types could not compare.
    pub(super) fn check_ascription(&mut self, vals: &[Val], ty: &Ty) {
        for (val, wanted) in vals.iter().zip(self.leaf_dims(ty)) {
            let Val::Array(arr) = val else { continue };
            for (axis, (dim, &found)) in wanted.iter().zip(&arr.dims).enumerate() {
                let Some(wanted) = self.dim(dim) else { continue };
                let what =
                    if arr.dims.len() == 1 { "the length".to_owned() } else { format!("dimension {}", axis + 1) };
                let text = format!("{what} of the value and `{}`", self.dim_words(dim));
                self.require_same(found, wanted, text);
            }
        }
    }

    /// An extent as the source would write it.
    pub(super) fn dim_words(&self, dim: &DimExpr) -> String {
        crate::layout::write_dim(dim, &|local| self.def.locals[local.0 as usize].name.to_string())
    }

    /// The extents of each leaf of a type; none for scalars.
    pub(super) fn leaf_dims(&self, ty: &Ty) -> Vec<Vec<DimExpr>> {
        let mut out = Vec::new();
        let mut path = crate::layout::Path { param: None, name: "".into(), steps: Vec::new() };
        crate::layout::each_leaf(self.unit.program, ty, &mut path, &mut |_, _, dims| out.push(dims.to_vec()));
        out
    }

    /// What an operand is called in a message.
    pub(super) fn name(&self, e: &Expr, otherwise: &str) -> String {
        self.spelled(e).map_or(otherwise.to_owned(), |name| format!("`{name}`"))
    }

    /// A variable, a field of one, a part of one or a call, as the source has it.
    fn spelled(&self, e: &Expr) -> Option<String> {
        match &e.kind {
            ExprKind::Local(local) => Some(self.def.locals[local.0 as usize].name.to_string()),
            ExprKind::Field { base, index } => {
                let field = match &base.ty {
                    Ty::Struct { id, .. } => {
                        self.unit.program.structs[id.0 as usize].fields[*index as usize].name.to_string()
                    }
                    Ty::Scalar(_) | Ty::Array { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => index.to_string(),
                };
                Some(format!("{}.{field}", self.spelled(base)?))
            }
            ExprKind::Index { base, .. } => Some(format!("{}[…]", self.spelled(base)?)),
            ExprKind::Call { callee, .. } => {
                Some(format!("{}(…)", self.unit.program.functions[callee.0 as usize].name))
            }
            _ => None,
        }
    }

    // Storage

    /// A new array of zeros. While [`Lowerer::lasting`] is set it outlives the guard around, if its extents are known outside: it is made before the guard, with
    /// extents of 0 if the guard is skipped and they could be negative.
    pub(super) fn storage(&mut self, element: ScalarType, dims: &[Int]) -> View {
        let guard = self.guards.last().copied().filter(|g| self.lasting && g.region == self.b.current());
        let Some(guard) = guard else {
            return self.alloc(element, dims);
        };
        let visible = |d: &Int| d.value().is_none_or(|v| v.index() < guard.first_value);
        if !dims.iter().all(visible) {
            return self.alloc(element, dims);
        }
        let outer: Ints = dims.iter().map(|&d| self.outer_extent(d, guard.left)).collect();
        let ty = ArrayType { element, dims: outer };
        let array = self.push_outside(Op::Alloc { ty: ty.clone() }, Type::Array(ty));
        View::whole(array, dims, Origin::Temporary)
    }

    /// An extent of an array that is made before a guard: 0 if the guard is skipped and it could be negative.
    fn outer_extent(&mut self, dim: Int, left: Value) -> Int {
        if self.is_natural_outside(dim) {
            return dim;
        }
        let zero = self.push_outside(Op::Const(Const::I64(0)), Type::I64);
        let dim = match dim {
            Int::Const(c) => self.push_outside(Op::Const(Const::I64(c)), Type::I64),
            Int::Value(v) => v,
        };
        Int::Value(self.push_outside(Op::Select { cond: left, then: zero, otherwise: dim }, Type::I64))
    }

    // Shapes known beforehand

    /// The extents of each leaf of an expression, before it is evaluated. Types tell them: the checker refuses branches of which they don't.
    pub(super) fn shapes_before(&mut self, e: &Expr) -> Vec<Ints> {
        let leaves = self.leaf_dims(&e.ty);
        leaves.iter().map(|dims| dims.iter().map(|dim| self.known_dim(e, Some(dim))).collect()).collect()
    }

    /// An extent that types tell; a mistake of the program if they don't.
    pub(super) fn known_dim(&mut self, e: &Expr, dim: Option<&DimExpr>) -> Int {
        if let Some(known) = dim.and_then(|dim| self.dim(dim)) {
            return known;
        }
        let message = "the shape of this value is not known before it is computed";
        let error = Diagnostic::new(Code("AD0306"), e.span, message)
            .here("an array is needed for it beforehand")
            .help("declare a variable of the right shape first, and assign to it in each branch");
        self.error(error);
        Int::Const(0)
    }
}
