//! Matrix products and transposes.
//!
//! In: arrays. Out: loops. Each element of a product is a sum in order of the inner index, from 0, however the loops are ordered:
//!
//! - matrix by matrix: `for i { for k { x = a[i, k]; for j { c[i, j] += x * b[k, j] } } }`, along rows of `b`; with a transposed `b` a sum for each element, along its columns;
//! - matrix by vector, vector by vector: a sum for each element;
//! - vector by matrix: `for k { x = a[k]; for j { c[j] += x * b[k, j] } }`.
//!
//! Operands are read in place, slices and transposes too. A transpose moves nothing: it is a view.

use super::env::Lowerer;
use super::values::{Arr, Axis, Val, View};
use adit_diag::Span;
use adit_ir::{Bounds, Int, Ints, ScalarType, Type, Value};

impl Lowerer<'_> {
    /// `a @ b`
    pub(super) fn matmul(&mut self, a: &Val, b: &Val, words: &str) -> Val {
        let (Val::Array(a), Val::Array(b)) = (a, b) else {
            return a.clone();
        };
        let (Some(&inner), Some(&other)) = (a.dims.last(), b.dims.first()) else {
            return Val::Array(a.clone());
        };
        let span = self.b.span();
        self.require_same(inner, other, format!("the inner dimensions of {words}"));
        let element = a.element;
        let (x, y) = (self.as_view(a), self.as_view(b));
        let mut dims: Ints = a.dims[..a.dims.len() - 1].into();
        dims.extend_from_slice(&b.dims[1..]);
        if dims.is_empty() {
            let zero = self.zero(element);
            return Val::Scalar(self.inner(&x, &y, &[], &[], inner, zero, span));
        }
        self.b.set_span(span);
        let place = self.storage(element, &dims);
        if y.dims.len() == 1 || (x.dims.len() == 2 && is_transposed(&y)) {
            self.by_sums(&x, &y, inner, &place, span);
        } else {
            self.by_rows(&x, &y, inner, &place, span);
        }
        Val::Array(Box::new(Arr::of_view(element, place)))
    }

    /// A sum for each element of the result.
    fn by_sums(&mut self, x: &View, y: &View, inner: Int, place: &View, span: Span) {
        let element = self.element_type(place.array);
        let dims = place.dims.clone();
        self.nest(&dims, &mut |this, indices| {
            let (rows, columns) = indices.split_at(x.dims.len() - 1);
            let zero = this.zero(element);
            let sum = this.inner(x, y, rows, columns, inner, zero, span);
            this.store(place, indices, sum);
        });
    }

    /// The sum over k of `x[rows, k] * y[k, columns]`.
    #[expect(clippy::too_many_arguments, reason = "two operands with an index each, and the sum's three parts")]
    fn inner(
        &mut self,
        x: &View,
        y: &View,
        rows: &[Int],
        columns: &[Int],
        inner: Int,
        zero: Value,
        span: Span,
    ) -> Value {
        let element = self.element_type(x.array);
        let last = self.fold(&[inner], &[zero], &mut |this, k, carried| {
            this.b.set_span(span);
            let a = this.load(x, &[rows, k].concat());
            let b = this.load(y, &[k, columns].concat());
            vec![this.multiply_add(element, carried[0], a, b)]
        });
        last[0]
    }

    /// Rows of `y`, scaled and added up in the result, which is zero at first.
    fn by_rows(&mut self, x: &View, y: &View, inner: Int, place: &View, span: Span) {
        let outer: Ints = x.dims[..x.dims.len() - 1].into();
        let (element, width) = (self.element_type(place.array), y.dims[1]);
        self.nest(&outer, &mut |this, rows| {
            this.nest(&[inner], &mut |this, k| {
                this.b.set_span(span);
                let a = this.load(x, &[rows, k].concat());
                let region = this.region(&[Type::I64], &mut |this, params| {
                    let j = [Int::Value(params[0])];
                    let b = this.load(y, &[k, &j].concat());
                    this.add_product(element, place, &[rows, &j].concat(), a, b);
                    Vec::new()
                });
                this.b.for_(Bounds::up_to(width), &[], region);
            });
        });
    }

    fn add_product(&mut self, element: ScalarType, place: &View, at: &[Int], a: Value, b: Value) {
        if element.is_float() {
            let product = self.b.prim(adit_ir::Prim::Mul, &[a, b]);
            let subscripts = self.subscripts(place, at);
            self.b.acc(place.array, &subscripts, product);
        } else {
            let old = self.load(place, at);
            let new = self.multiply_add(element, old, a, b);
            self.store(place, at, new);
        }
    }

    /// The same elements with the two dimensions exchanged.
    pub(super) fn transpose(&mut self, arr: &Arr) -> Arr {
        let view = self.as_view(arr);
        let exchange = |axis: &Axis| match *axis {
            Axis::Along { dim, offset } => Axis::Along { dim: 1 - dim, offset },
            Axis::Fixed(i) => Axis::Fixed(i),
        };
        let axes = view.axes.iter().map(exchange).collect();
        let dims = view.dims.iter().rev().copied().collect();
        Arr::of_view(arr.element, View { array: view.array, axes, dims, whole: false, origin: view.origin })
    }
}

/// Whether walking along the last index of a view strides through the storage.
fn is_transposed(view: &View) -> bool {
    matches!(view.axes.last(), Some(Axis::Along { dim: 0, .. }))
}
