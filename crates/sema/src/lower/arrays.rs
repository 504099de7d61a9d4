//! Functions on arrays that the compiler knows, and array literals.
//!
//! In: [`Builtin`]s and literals. Out: storage, or lazy arrays where nothing needs to be stored. `zeros`, `ones` and `fill` are lazy if their extents are known not to be negative; otherwise they are
//! made at once, since a negative length stops the run here.

use super::env::{Lowerer, zero};
use super::generators::element_of;
use super::values::{Arr, Lazy, Val, Vals, View};
use crate::typed::*;
use adit_ir::{Bounds, CmpOp, Const, Int, Ints, ScalarType, Type, Value};
use smallvec::smallvec;

impl Lowerer<'_> {
    pub(super) fn builtin(&mut self, e: &Expr, builtin: Builtin, args: &[Expr]) -> Vals {
        let exprs: Vec<&Expr> = args.iter().collect();
        let mut vals = self.arguments_of(&exprs);
        self.at(e.span);
        if builtin == Builtin::Where {
            self.complete(&mut vals);
        }
        let val = match builtin {
            Builtin::Reduce(op) => self.with_array(&vals, |this, arr| Val::Scalar(this.reduce_array(e, op, arr))),
            Builtin::Dot => self.dot_of(e, &vals, &exprs),
            Builtin::Zeros => self.made(number(e, 0), &vals),
            Builtin::Ones => self.made(number(e, 1), &vals),
            Builtin::Fill => match vals.split_first() {
                Some((Val::Scalar(v), dims)) => self.filled(*v, dims),
                Some((Val::Array(_), _)) | None => None,
            },
            Builtin::Identity => self.identity(e, &vals),
            Builtin::Len => self.with_array(&vals, |this, arr| this.extent(arr, 0)),
            Builtin::Size => self.size(&vals),
            Builtin::Transpose => self.with_array(&vals, |this, arr| Val::Array(Box::new(this.transpose(arr)))),
            Builtin::MatMul => match vals.as_slice() {
                [a, b] => {
                    let words = self.sides([args.first(), args.get(1)]);
                    Some(self.matmul(a, b, &words))
                }
                _ => None,
            },
            Builtin::Where => self.select(e, &vals, &exprs),
            // These are functions of the library; a tree that has them all the same is not the checker's.
            Builtin::CumSum | Builtin::Sort | Builtin::SoftMax => None,
        };
        val.map_or_else(|| self.nothing(&e.ty), |val| smallvec![val])
    }

    fn with_array(&mut self, vals: &[Val], make: impl FnOnce(&mut Self, &Arr) -> Val) -> Option<Val> {
        match vals.first() {
            Some(Val::Array(arr)) => Some(make(self, arr)),
            Some(Val::Scalar(_)) | None => None,
        }
    }

    fn dot_of(&mut self, e: &Expr, vals: &[Val], exprs: &[&Expr]) -> Option<Val> {
        let [Val::Array(a), Val::Array(b)] = vals else { return None };
        let words = self.sides([exprs.first().copied(), exprs.get(1).copied()]);
        self.require_shape(&a.dims, &b.dims, &words);
        Some(Val::Scalar(self.dot(e, a, b)))
    }

    fn made(&mut self, c: Const, dims: &[Val]) -> Option<Val> {
        let v = self.constant(c);
        self.filled(v, dims)
    }

    /// An array of one value.
    fn filled(&mut self, v: Value, dims: &[Val]) -> Option<Val> {
        let dims: Ints = dims.iter().filter_map(|val| self.extent_arg(val)).collect();
        let arr = Arr { element: self.scalar_type(v), dims, lazy: Lazy::Splat(v) };
        if arr.dims.iter().all(|&d| self.is_natural(d)) {
            return Some(Val::Array(Box::new(arr)));
        }
        let view = self.fresh(&arr);
        Some(Val::Array(Box::new(Arr::of_view(arr.element, view))))
    }

    fn extent_arg(&self, val: &Val) -> Option<Int> {
        match val {
            Val::Scalar(v) => Some(self.int(*v)),
            Val::Array(_) => None,
        }
    }

    fn identity(&mut self, e: &Expr, vals: &[Val]) -> Option<Val> {
        let n = self.extent_arg(vals.first()?)?;
        let element = element_of(&e.ty);
        let place = self.storage(element, &[n, n]);
        let region = self.region(&[Type::I64], &mut |this, params| {
            let one = this.constant(one(element));
            let i = Int::Value(params[0]);
            this.store(&place, &[i, i], one);
            Vec::new()
        });
        self.b.for_(Bounds::up_to(n), &[], region);
        Some(Val::Array(Box::new(Arr::of_view(element, place))))
    }

    /// An extent, after the elements were computed, which may stop the run.
    fn extent(&mut self, arr: &Arr, axis: usize) -> Val {
        if arr.lazy.traps() {
            self.fresh(arr);
        }
        Val::Scalar(self.int_value(arr.dims[axis]))
    }

    /// `size(a, k)`
    fn size(&mut self, vals: &[Val]) -> Option<Val> {
        let [Val::Array(arr), k] = vals else { return None };
        let k = self.extent_arg(k)?;
        let rank = arr.dims.len() as i64;
        if let Int::Const(k) = k
            && (0..rank).contains(&k)
        {
            return Some(self.extent(arr, k as usize));
        }
        self.check_position(k, Int::Const(rank));
        let k = self.int_value(k);
        let mut size = self.int_value(arr.dims[0]);
        for (axis, &dim) in arr.dims.iter().enumerate().skip(1) {
            let axis = self.constant(Const::I64(axis as i64));
            let here = self.b.cmp(CmpOp::Eq, k, axis);
            let dim = self.int_value(dim);
            size = self.b.select(here, dim, size);
        }
        Some(Val::Scalar(size))
    }

    /// `where(c, a, b)`
    fn select(&mut self, e: &Expr, vals: &[Val], exprs: &[&Expr]) -> Option<Val> {
        let [cond, then, otherwise] = vals else { return None };
        if let (Val::Scalar(c), Val::Scalar(a), Val::Scalar(b)) = (cond, then, otherwise) {
            return Some(Val::Scalar(self.b.select(*c, *a, *b)));
        }
        let dims = self.common_shape(vals, &|this, i, j| this.sides([exprs.get(i).copied(), exprs.get(j).copied()]));
        let parts = [cond, then, otherwise].map(super::elementwise::lazy);
        let lazy = Lazy::Select { parts: Box::new(parts), span: e.span };
        Some(Val::Array(Box::new(Arr { element: element_of(&e.ty), dims, lazy })))
    }

    // Literals

    /// `[a, b]`: each element is stored as soon as it is computed.
    pub(super) fn array_literal(&mut self, e: &Expr, dims: &[usize], elements: &[Expr]) -> Vals {
        let extents: Ints = dims.iter().map(|&d| Int::Const(d as i64)).collect();
        let element = element_of(&e.ty);
        let place = self.storage(element, &extents);
        let mut at = vec![0usize; dims.len()];
        for value in elements {
            let v = self.scalar(value);
            self.at(value.span);
            let indices: Ints = at.iter().map(|&i| Int::Const(i as i64)).collect();
            self.store(&place, &indices, v);
            advance(&mut at, dims);
        }
        smallvec![Val::Array(Box::new(Arr::of_view(element, place)))]
    }

    /// Arrays of one shape, one upon the other.
    pub(super) fn stack(&mut self, e: &Expr, items: &[Expr]) -> Vals {
        let exprs: Vec<&Expr> = items.iter().collect();
        let vals = self.arguments_of(&exprs);
        self.at(e.span);
        let rows = self.common_shape(&vals, &|this, i, j| this.sides([exprs.get(i).copied(), exprs.get(j).copied()]));
        let mut dims: Ints = smallvec![Int::Const(items.len() as i64)];
        dims.extend(rows);
        let element = element_of(&e.ty);
        let place: View = self.storage(element, &dims);
        for (i, val) in vals.iter().enumerate() {
            if let Val::Array(arr) = val {
                let row = self.row(&place, &[Int::Const(i as i64)]);
                self.fill(&row, arr);
            }
        }
        smallvec![Val::Array(Box::new(Arr::of_view(element, place)))]
    }
}

/// The next index, row major.
fn advance(at: &mut [usize], dims: &[usize]) {
    for (i, &d) in at.iter_mut().zip(dims).rev() {
        *i += 1;
        if *i < d {
            return;
        }
        *i = 0;
    }
}

fn one(ty: ScalarType) -> Const {
    match ty {
        ScalarType::F64 | ScalarType::F32 => Const::float(ty, 1.0),
        ScalarType::I64 => Const::I64(1),
        ScalarType::Bool => Const::Bool(true),
    }
}

/// 0 or 1 of an array's element type.
fn number(e: &Expr, i: u8) -> Const {
    let element = element_of(&e.ty);
    if i == 0 { zero(element) } else { one(element) }
}
