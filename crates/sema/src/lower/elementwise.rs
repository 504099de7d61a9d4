//! Element-wise arithmetic: lazy arrays, and the loops that make them real.
//!
//! In: operands, scalars and arrays mixed. Out: scalars at once; for arrays a [`Lazy`] tree whose shapes have been compared, and later one loop nest that stores each element.
//!
//! ```text
//! let y = 2.0 * x + z;        v3 = alloc [f64; d0]
//!                             for v4 in 0..d0 { v5 = load x[v4]; v6 = mul 2.0, v5; v7 = load z[v4]; v8 = add v6, v7; store v3[v4], v8 }
//! ```
//!
//! Scalars inside are computed once, before the loop. A chain of 100,000 operators is a list, so nothing here recurses on its length.

use super::Mutant;
use super::env::Lowerer;
use super::values::{Arr, ElementOp, Lazy, Link as LazyLink, Origin, Sink, Val, View};
use crate::typed::{self, BinOp, Expr, Ty};
use adit_diag::Span;
use adit_ir::{Bounds, CmpOp, Const, Int, Ints, Prim, ScalarType, Type, Value};

/// One step of a fold: from indices and what is carried, what is carried on.
type FoldBody<'a, L> = &'a mut dyn FnMut(&mut L, &[Int], &[Value]) -> Vec<Value>;

impl Lowerer<'_> {
    /// A function of the table, of scalars or element by element.
    pub(super) fn apply(&mut self, prim: Prim, args: &[Val], span: Span, exprs: &[&Expr]) -> Val {
        if let Some(scalars) = all_scalars(args) {
            return Val::Scalar(self.prim(prim, &scalars));
        }
        let dims = self.common_shape(args, &|this, i, j| {
            let side = |k: usize| exprs.get(k).map_or("an argument".into(), |e| this.name(e, "an argument"));
            format!("{} and {}", side(i), side(j))
        });
        let operand = |i: usize| args.get(i).map(|arg| self.element_type_of(arg));
        let element = prim.row().signature.result_for(operand);
        let lazies = args.iter().map(lazy).collect();
        let lazy = Lazy::Prim { prim, args: lazies, span };
        Val::Array(Box::new(Arr { element, dims, lazy }))
    }

    /// The shape of the array operands, which must have the same one.
    pub(super) fn common_shape(&mut self, args: &[Val], words: &dyn Fn(&Self, usize, usize) -> String) -> Ints {
        let mut first: Option<(usize, Ints)> = None;
        for (i, arg) in args.iter().enumerate() {
            let Val::Array(arr) = arg else { continue };
            match &first {
                None => first = Some((i, arr.dims.clone())),
                Some((j, dims)) => {
                    let text = words(self, *j, i);
                    self.require_shape(dims, &arr.dims, &text);
                }
            }
        }
        first.map(|(_, dims)| dims).unwrap_or_default()
    }

    /// One operator of a chain; `left` is the operand on the left where it is not itself a chain.
    pub(super) fn combine(&mut self, op: BinOp, span: Span, a: Val, b: Val, sides: [Option<&Expr>; 2]) -> Val {
        let op = match op {
            BinOp::Prim(prim) => ElementOp::Prim(prim),
            BinOp::Cmp(op) => ElementOp::Cmp(op),
            BinOp::And => ElementOp::Prim(Prim::And),
            BinOp::Or => ElementOp::Prim(Prim::Or),
            BinOp::MatMul => {
                let words = self.sides(sides);
                return self.matmul(&a, &b, &words);
            }
        };
        if let (Val::Scalar(a), Val::Scalar(b)) = (&a, &b) {
            return Val::Scalar(self.element_op(op, *a, *b));
        }
        let dims = match (&a, &b) {
            (Val::Array(x), Val::Array(y)) => {
                self.require_shape(&x.dims, &y.dims, &self.sides(sides));
                x.dims.clone()
            }
            (Val::Array(x), Val::Scalar(_)) | (Val::Scalar(_), Val::Array(x)) => x.dims.clone(),
            (Val::Scalar(_), Val::Scalar(_)) => Ints::new(),
        };
        let element = self.result_type(op, &a, &b);
        Val::Array(chain(a, LazyLink { op, rhs: lazy(&b), span }, element, dims))
    }

    /// What a scalar or the elements of an array are.
    pub(super) fn element_type_of(&self, val: &Val) -> ScalarType {
        match val {
            Val::Array(arr) => arr.element,
            Val::Scalar(v) => self.scalar_type(*v),
        }
    }

    /// The elements of a combination.
    fn result_type(&self, op: ElementOp, a: &Val, b: &Val) -> ScalarType {
        let operand = |i: usize| Some(self.element_type_of(if i == 0 { a } else { b }));
        match op {
            ElementOp::Prim(prim) => prim.row().signature.result_for(operand),
            ElementOp::Cmp(CmpOp::Eq | CmpOp::Ne | CmpOp::Lt | CmpOp::Le | CmpOp::Gt | CmpOp::Ge) => ScalarType::Bool,
        }
    }

    /// How two operands are named in a message.
    pub(super) fn sides(&self, sides: [Option<&Expr>; 2]) -> String {
        let name = |e: Option<&Expr>, otherwise: &str| e.map_or(otherwise.to_owned(), |e| self.name(e, otherwise));
        let [left, right] = sides;
        format!("{} and {}", name(left, "the left side"), name(right, "the right side"))
    }

    pub(super) fn element_op(&mut self, op: ElementOp, a: Value, b: Value) -> Value {
        match op {
            ElementOp::Prim(prim) => self.prim(prim, &[a, b]),
            ElementOp::Cmp(op) => self.b.cmp(op, a, b),
        }
    }

    /// One element of a lazy array.
    pub(super) fn element(&mut self, lazy: &Lazy, indices: &[Int]) -> Value {
        match lazy {
            Lazy::View(view) => self.load(view, indices),
            Lazy::Splat(v) => *v,
            Lazy::Prim { prim, args, span } => {
                let args: Vec<Value> = args.iter().map(|a| self.element(a, indices)).collect();
                self.at(*span);
                self.prim(*prim, &args)
            }
            Lazy::Chain { first, rest } => {
                let mut value = self.element(first, indices);
                for link in rest {
                    let rhs = self.element(&link.rhs, indices);
                    self.at(link.span);
                    value = self.element_op(link.op, value, rhs);
                }
                value
            }
            Lazy::Select { parts, span } => {
                let [cond, then, otherwise] = &**parts;
                let cond = self.element(cond, indices);
                let then = self.element(then, indices);
                let otherwise = self.element(otherwise, indices);
                self.at(*span);
                self.b.select(cond, then, otherwise)
            }
        }
    }

    /// A nest of loops over all indices of a shape.
    pub(super) fn nest(&mut self, dims: &[Int], body: &mut dyn FnMut(&mut Self, &[Int])) {
        self.nest_from(dims, &mut Vec::new(), body);
    }

    fn nest_from(&mut self, dims: &[Int], indices: &mut Vec<Int>, body: &mut dyn FnMut(&mut Self, &[Int])) {
        let Some((&dim, rest)) = dims.split_first() else {
            body(self, indices);
            return;
        };
        let span = self.b.span();
        let region = self.region(&[Type::I64], &mut |this, params| {
            indices.push(Int::Value(params[0]));
            this.nest_from(rest, indices, body);
            indices.pop();
            Vec::new()
        });
        self.b.set_span(span);
        self.b.for_(Bounds::up_to(dim), &[], region);
    }

    /// Loops over all indices of a shape that carry values; gives the last ones.
    pub(super) fn fold(&mut self, dims: &[Int], inits: &[Value], body: FoldBody<'_, Self>) -> Vec<Value> {
        self.fold_from(dims, &mut Vec::new(), inits, body)
    }

    fn fold_from(
        &mut self,
        dims: &[Int],
        indices: &mut Vec<Int>,
        carried: &[Value],
        body: FoldBody<'_, Self>,
    ) -> Vec<Value> {
        let Some((&dim, rest)) = dims.split_first() else {
            return body(self, indices, carried);
        };
        let span = self.b.span();
        let mut types = vec![Type::I64];
        types.extend(carried.iter().map(|&v| self.b.ty(v).clone()));
        let region = self.region(&types, &mut |this, params| {
            indices.push(Int::Value(params[0]));
            let yields = this.fold_from(rest, indices, &params[1..], body);
            indices.pop();
            yields
        });
        self.b.set_span(span);
        let inst = self.b.for_(Bounds::up_to(dim), carried, region);
        self.b.results(inst).to_vec()
    }

    // Making arrays real

    /// Stores every element; the shapes are the same, and what the array reads of the place is the element to be stored.
    pub(super) fn fill(&mut self, place: &View, arr: &Arr) {
        match &arr.lazy {
            Lazy::Splat(v) if place.whole => self.b.fill(place.array, *v),
            Lazy::View(from) if place.whole && from.whole => self.b.copy(place.array, from.array),
            lazy => {
                let dims = place.dims.clone();
                let span = self.b.span();
                self.nest(&dims, &mut |this, indices| {
                    let v = this.element(lazy, indices);
                    this.b.set_span(span);
                    this.store(place, indices, v);
                });
            }
        }
    }

    /// A new array with these elements.
    pub(super) fn fresh(&mut self, arr: &Arr) -> View {
        self.fresh_of(arr, &arr.dims)
    }

    fn fresh_of(&mut self, arr: &Arr, dims: &[Int]) -> View {
        let place = self.storage(arr.element, dims);
        if !self.is_zero(&arr.lazy) {
            self.fill(&place, arr);
        }
        place
    }

    fn is_zero(&self, lazy: &Lazy) -> bool {
        match lazy {
            Lazy::Splat(v) => {
                let zero = super::env::zero(self.scalar_type(*v));
                self.literal(*v).is_some_and(|c: Const| c == zero)
            }
            Lazy::View(_) | Lazy::Prim { .. } | Lazy::Chain { .. } | Lazy::Select { .. } => false,
        }
    }

    /// The array as part of storage, made if it is not.
    pub(super) fn as_view(&mut self, arr: &Arr) -> View {
        match &arr.lazy {
            Lazy::View(view) => view.clone(),
            Lazy::Splat(_) | Lazy::Prim { .. } | Lazy::Chain { .. } | Lazy::Select { .. } => self.fresh(arr),
        }
    }

    /// The array as all of some storage, made if it is not.
    pub(super) fn handle(&mut self, arr: &Arr) -> Value {
        match arr.view() {
            Some(view) if view.whole => view.array,
            Some(_) | None => self.fresh(arr).array,
        }
    }

    /// Storage for a new variable: a temporary becomes its own, an immutable variable may share what nobody writes, everything else is copied.
    pub(super) fn own(&mut self, arr: &Arr, mutable: bool, ty: &Ty) -> View {
        let origin = if mutable { Origin::Variable } else { Origin::Fixed };
        let elided = self.has(Mutant::CopyElided);
        let keeps = |view: &&View| {
            view.whole
                && match view.origin {
                    Origin::Temporary => true,
                    Origin::Fixed => !mutable,
                    Origin::Variable => !mutable && elided,
                }
        };
        if let Some(view) = arr.view().filter(keeps) {
            return View { origin, ..view.clone() };
        }
        let dims = self.declared_dims(ty, &arr.dims);
        View { origin, ..self.fresh_of(arr, &dims) }
    }

    /// The extents of a variable: as its type names them where it does, since others name them so too.
    fn declared_dims(&mut self, ty: &Ty, dims: &[Int]) -> Ints {
        let Ty::Array { dims: names, .. } = ty else { return dims.into() };
        let named = |this: &mut Self, (name, &found): (&typed::DimExpr, &Int)| match name {
            typed::DimExpr::Const(_) | typed::DimExpr::Local(_) => this.dim(name).unwrap_or(found),
            typed::DimExpr::Apply(..) | typed::DimExpr::Struct(_) | typed::DimExpr::Unknown => found,
        };
        if names.len() != dims.len() {
            return dims.into();
        }
        names.iter().zip(dims).map(|pair| named(self, pair)).collect()
    }

    /// Whether a sink can take what is computed piece by piece: it has this shape for sure.
    pub(super) fn direct_place(&self, sink: Option<&Sink>, dims: &[Int]) -> Option<View> {
        match sink {
            Some(Sink::Place(view)) if view.dims.as_slice() == dims => Some(view.clone()),
            Some(Sink::Place(_) | Sink::Slot(..)) | None => None,
        }
    }
}

fn all_scalars(args: &[Val]) -> Option<Vec<Value>> {
    let scalar = |arg: &Val| match arg {
        Val::Scalar(v) => Some(*v),
        Val::Array(_) => None,
    };
    args.iter().map(scalar).collect()
}

/// An operand of an element-wise operation; scalars are the same everywhere.
pub(super) fn lazy(val: &Val) -> Lazy {
    match val {
        Val::Scalar(v) => Lazy::Splat(*v),
        Val::Array(arr) => arr.lazy.clone(),
    }
}

/// Adds a link to a chain, or starts one.
fn chain(a: Val, link: LazyLink, element: ScalarType, dims: Ints) -> Box<Arr> {
    match a {
        Val::Array(mut arr) => {
            match &mut arr.lazy {
                Lazy::Chain { rest, .. } => rest.push(link),
                Lazy::View(_) | Lazy::Splat(_) | Lazy::Prim { .. } | Lazy::Select { .. } => {
                    let first = std::mem::replace(&mut arr.lazy, Lazy::Splat(Value::new(0)));
                    arr.lazy = Lazy::Chain { first: Box::new(first), rest: vec![link] };
                }
            }
            arr.element = element;
            arr.dims = dims;
            arr
        }
        Val::Scalar(v) => {
            let lazy = Lazy::Chain { first: Box::new(Lazy::Splat(v)), rest: vec![link] };
            Box::new(Arr { element, dims, lazy })
        }
    }
}
