//! Reductions: what is carried, how an element enters, what comes out.
//!
//! In: elements, one after the other, from a lazy array or a generator. Out: a scalar. Elements enter in order, row major:
//!
//! | reduction | carried | of nothing |
//! |---|---|---|
//! | `sum`, `prod` | the sum from 0, the product from 1 | 0, 1 |
//! | `max`, `min` of floats | the largest and how many are equal to it | −∞, ∞ |
//! | `mean` | sum and count | 0 / 0 |
//! | `any`, `all` | the truth value; all elements are evaluated | false, true |
//! | `argmax`, `argmin` | position, best, its position | an index out of range |
//! | `logsumexp` | first the largest m, then the sum of exp(x − m); m + log of that, or m if it is infinite | −∞ |
//! | `norm` | the sum of squares; its root, or 0 if it is 0 | 0 |
//!
//! The largest of k equal elements has the derivative 1/k in each: the k-th enters as `m − (m − x) / k`, which is m, and whose derivative mixes as it should. The smallest likewise, with signs
//! flipped, which also gives zeros the right sign. NaN stays. `norm` of zeros takes the branch without a root, so its derivative is 0.

use super::Mutant;
use super::env::Lowerer;
use super::generators::element_of;
use super::values::Arr;
use crate::typed::{Expr, Reduction};
use adit_ir::{CmpOp, Const, Int, Prim, ScalarType, Trap, Value};

impl Lowerer<'_> {
    /// A reduction over all elements of an array.
    pub(super) fn reduce_array(&mut self, e: &Expr, op: Reduction, arr: &Arr) -> Value {
        if op == Reduction::LogSumExp {
            return self.log_sum_exp(e, arr);
        }
        let element = arr.element;
        let mut inits = self.start_reduction(op, element);
        if op == Reduction::Sum && self.has(Mutant::ReductionSeededTwice) {
            inits[0] = self.element(&arr.lazy, &vec![Int::Const(0); arr.dims.len()]);
        }
        let last = self.fold(&arr.dims, &inits, &mut |this, indices, carried| {
            let x = this.element(&arr.lazy, indices);
            this.at(e.span);
            this.step_reduction(op, element, carried, x)
        });
        self.finish_reduction(op, &last)
    }

    /// The largest element once, the shifted exponentials once more.
    fn log_sum_exp(&mut self, e: &Expr, arr: &Arr) -> Value {
        let arr = Arr::of_view(arr.element, self.as_view(arr));
        self.at(e.span);
        let top = self.reduce_array(e, Reduction::Max, &arr);
        let inf = self.constant(Const::float(arr.element, f64::INFINITY));
        let size = self.b.prim(Prim::Abs, &[top]);
        let infinite = self.b.cmp(CmpOp::Eq, size, inf);
        let result = self.choose(infinite, &mut |_| vec![top], &mut |this| {
            let zero = this.zero(arr.element);
            let last = this.fold(&arr.dims, &[zero], &mut |this, indices, carried| {
                let x = this.element(&arr.lazy, indices);
                this.at(e.span);
                let below = this.b.prim(Prim::Sub, &[x, top]);
                let power = this.b.prim(Prim::Exp, &[below]);
                vec![this.b.prim(Prim::Add, &[carried[0], power])]
            });
            let log = this.b.prim(Prim::Log, &[last[0]]);
            vec![this.b.prim(Prim::Add, &[top, log])]
        });
        result[0]
    }

    /// What is carried at first.
    pub(super) fn start_reduction(&mut self, op: Reduction, element: ScalarType) -> Vec<Value> {
        let is_float = element.is_float();
        let number = |x: f64, i: i64| if is_float { Const::float(element, x) } else { Const::I64(i) };
        let zero = number(0.0, 0);
        let inits = match op {
            Reduction::Sum | Reduction::Norm => vec![zero],
            Reduction::Prod => vec![number(1.0, 1)],
            Reduction::Max if is_float => vec![number(f64::NEG_INFINITY, 0), zero],
            Reduction::Min if is_float => vec![number(f64::INFINITY, 0), zero],
            Reduction::Max => vec![Const::I64(i64::MIN)],
            Reduction::Min => vec![Const::I64(i64::MAX)],
            Reduction::Mean => vec![zero, Const::I64(0)],
            Reduction::Any => vec![Const::Bool(false)],
            Reduction::All => vec![Const::Bool(true)],
            Reduction::ArgMax | Reduction::ArgMin => vec![Const::I64(0), zero, Const::I64(0)],
            Reduction::LogSumExp => vec![number(f64::NEG_INFINITY, 0)],
        };
        inits.into_iter().map(|c| self.constant(c)).collect()
    }

    /// What is carried after another element.
    pub(super) fn step_reduction(
        &mut self,
        op: Reduction,
        element: ScalarType,
        carried: &[Value],
        x: Value,
    ) -> Vec<Value> {
        let is_float = element.is_float();
        match (op, carried) {
            (Reduction::Max, &[m, k]) => self.step_extreme(m, k, x, CmpOp::Gt),
            (Reduction::Min, &[m, k]) => self.step_extreme(m, k, x, CmpOp::Lt),
            (Reduction::Mean, &[sum, count]) => {
                let one = self.constant(Const::I64(1));
                vec![self.prim(Prim::Add, &[sum, x]), self.prim(Prim::Iadd, &[count, one])]
            }
            (Reduction::ArgMax, &[at, best, of]) => self.step_arg(at, best, of, x, CmpOp::Gt),
            (Reduction::ArgMin, &[at, best, of]) => self.step_arg(at, best, of, x, CmpOp::Lt),
            (Reduction::Norm, &[sum]) => {
                let square = self.prim(Prim::Mul, &[x, x]);
                vec![self.prim(Prim::Add, &[sum, square])]
            }
            (_, &[acc]) => {
                let prim = match op {
                    Reduction::Sum if is_float => Prim::Add,
                    Reduction::Prod if is_float => Prim::Mul,
                    Reduction::Prod => Prim::Imul,
                    Reduction::Max => Prim::Imax,
                    Reduction::Min => Prim::Imin,
                    Reduction::Any => Prim::Or,
                    Reduction::All => Prim::And,
                    Reduction::LogSumExp => Prim::Logaddexp,
                    Reduction::Sum | Reduction::Mean | Reduction::ArgMax | Reduction::ArgMin | Reduction::Norm => {
                        Prim::Iadd
                    }
                };
                vec![self.prim(prim, &[acc, x])]
            }
            (_, carried) => carried.to_vec(),
        }
    }

    /// The largest (`Gt`) or smallest (`Lt`) so far and the number of its equals.
    fn step_extreme(&mut self, m: Value, k: Value, x: Value, beats: CmpOp) -> Vec<Value> {
        let loses = if beats == CmpOp::Gt { CmpOp::Lt } else { CmpOp::Gt };
        let worse = self.b.cmp(loses, x, m);
        let next = self.choose(worse, &mut |_| vec![m, k], &mut |this| {
            let better = this.b.cmp(beats, x, m);
            let next = this.choose(better, &mut |this| vec![x, this.float_like(x, 1.0)], &mut |this| {
                this.step_equal(m, k, x, beats)
            });
            next.to_vec()
        });
        next.to_vec()
    }

    /// An element that neither wins nor loses: an equal one, or NaN on either side.
    fn step_equal(&mut self, m: Value, k: Value, x: Value, beats: CmpOp) -> Vec<Value> {
        let flip = |this: &mut Self, v: Value| {
            if beats == CmpOp::Gt { v } else { this.b.prim(Prim::Neg, &[v]) }
        };
        let (top, other) = (flip(self, m), flip(self, x));
        let distance = self.b.prim(Prim::Sub, &[top, other]);
        let zero = self.float_like(x, 0.0);
        let tie = self.b.cmp(CmpOp::Eq, distance, zero);
        let next = self.choose(
            tie,
            &mut |this| {
                let one = this.float_like(x, 1.0);
                let count = this.b.prim(Prim::Add, &[k, one]);
                let share = this.b.prim(Prim::Div, &[distance, count]);
                let mixed = this.b.prim(Prim::Sub, &[top, share]);
                vec![flip(this, mixed), count]
            },
            &mut |this| {
                let infinite = this.b.cmp(CmpOp::Eq, m, x);
                let next =
                    this.choose(infinite, &mut |_| vec![m, k], &mut |this| vec![this.b.prim(Prim::Add, &[m, x]), k]);
                next.to_vec()
            },
        );
        next.to_vec()
    }

    /// Position, best so far, its position.
    fn step_arg(&mut self, at: Value, best: Value, of: Value, x: Value, beats: CmpOp) -> Vec<Value> {
        let zero = self.constant(Const::I64(0));
        let first = self.b.cmp(CmpOp::Eq, at, zero);
        let better = self.b.cmp(beats, x, best);
        let take = self.b.prim(Prim::Or, &[first, better]);
        let best = self.b.select(take, x, best);
        let of = self.b.select(take, at, of);
        let one = self.constant(Const::I64(1));
        vec![self.prim(Prim::Iadd, &[at, one]), best, of]
    }

    /// The result of what was carried at last.
    pub(super) fn finish_reduction(&mut self, op: Reduction, last: &[Value]) -> Value {
        match (op, last) {
            (Reduction::Mean, &[sum, count]) => {
                let count = self.b.prim(Prim::Itof.at(self.scalar_type(sum)), &[count]);
                self.b.prim(Prim::Div, &[sum, count])
            }
            (Reduction::Norm, &[sum]) => self.root(sum),
            (Reduction::ArgMax | Reduction::ArgMin, &[count, _, of]) => {
                let zero = self.constant(Const::I64(0));
                let some = self.b.cmp(CmpOp::Gt, count, zero);
                self.b.assert(some, Trap::IndexOutOfRange, &[Int::Const(0), Int::Const(0)]);
                of
            }
            (_, &[result, ..]) => result,
            (_, []) => self.bool(false),
        }
    }

    fn root(&mut self, sum: Value) -> Value {
        let zero = self.float_like(sum, 0.0);
        let none = self.b.cmp(CmpOp::Eq, sum, zero);
        self.choose(none, &mut |_| vec![zero], &mut |this| vec![this.b.prim(Prim::Sqrt, &[sum])])[0]
    }

    /// A literal of the type of a float.
    fn float_like(&mut self, v: Value, x: f64) -> Value {
        self.constant(Const::float(self.scalar_type(v), x))
    }

    /// The sum of products of two lazy vectors of this length.
    pub(super) fn dot(&mut self, e: &Expr, a: &Arr, b: &Arr) -> Value {
        let element = element_of(&e.ty);
        let zero = self.zero(element);
        let last = self.fold(&a.dims, &[zero], &mut |this, indices, carried| {
            let x = this.element(&a.lazy, indices);
            let y = this.element(&b.lazy, indices);
            this.at(e.span);
            vec![this.multiply_add(element, carried[0], x, y)]
        });
        last[0]
    }

    /// `sum + x * y`, in two roundings.
    pub(super) fn multiply_add(&mut self, element: ScalarType, sum: Value, x: Value, y: Value) -> Value {
        let (times, plus) = if element.is_float() { (Prim::Mul, Prim::Add) } else { (Prim::Imul, Prim::Iadd) };
        let product = self.prim(times, &[x, y]);
        self.prim(plus, &[sum, product])
    }
}
