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
//! | `norm` | the sum of squares; its root, or 0 if it is 0; of an array whose squares over- or underflow the same once more, scaled | 0 |
//!
//! The largest of k equal elements has the derivative 1/k in each: the k-th enters as `m − (m − x) / k`, which is m, and whose derivative mixes as it should. The smallest likewise, with signs
//! flipped, which also gives zeros the right sign. Infinities have no distance: their mean is taken. NaN stays, and the derivative goes to where it came from. `norm` of zeros takes the branch without a root, so its derivative is 0.

use super::Mutant;
use super::env::Lowerer;
use super::generators::element_of;
use super::values::Arr;
use crate::squares;
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
        match (op, last.as_slice()) {
            (Reduction::Norm, &[squares]) => self.length(e, arr, squares),
            _ => self.finish_reduction(op, &last),
        }
    }

    /// The root of the sum of squares. Where that is too large or too small for its digits, or for those of its derivatives, elements are read again, and measured by the largest.
    fn length(&mut self, e: &Expr, arr: &Arr, squares: Value) -> Value {
        let bounds = squares::trusted(arr.element);
        let [least, most] = bounds.map(|bound| self.float_like(squares, bound));
        let small = self.b.cmp(CmpOp::Lt, squares, least);
        let large = self.b.cmp(CmpOp::Gt, squares, most);
        let beyond = self.b.prim(Prim::Or, &[small, large]);
        let result = self.choose(beyond, &mut |this| vec![this.scaled_length(e, arr)], &mut |this| {
            vec![this.b.prim(Prim::Sqrt, &[squares])]
        });
        result[0]
    }

    fn scaled_length(&mut self, e: &Expr, arr: &Arr) -> Value {
        let [least, most] = squares::scales(arr.element).map(|bound| self.constant(Const::float(arr.element, bound)));
        let largest = self.fold(&arr.dims, &[least], &mut |this, indices, carried| {
            let x = this.element(&arr.lazy, indices);
            this.at(e.span);
            let size = this.b.prim(Prim::Abs, &[x]);
            let larger = this.b.cmp(CmpOp::Gt, size, carried[0]);
            vec![this.b.select(larger, size, carried[0])]
        });
        let below = self.b.cmp(CmpOp::Lt, largest[0], most);
        let scale = self.b.select(below, largest[0], most);
        // The length does not depend on what it is measured by.
        let scale = self.b.prim(Prim::Stopgrad, &[scale]);
        let zero = self.zero(arr.element);
        let squares = self.fold(&arr.dims, &[zero], &mut |this, indices, carried| {
            let x = this.element(&arr.lazy, indices);
            this.at(e.span);
            let x = this.b.prim(Prim::Div, &[x, scale]);
            this.step_reduction(Reduction::Norm, arr.element, carried, x)
        });
        let length = self.root(squares[0]);
        self.b.prim(Prim::Mul, &[length, scale])
    }

    /// The largest element once, the shifted exponentials once more.
    fn log_sum_exp(&mut self, e: &Expr, arr: &Arr) -> Value {
        let arr = Arr::of_view(arr.element, self.as_view(arr));
        self.at(e.span);
        let top = self.reduce_array(e, Reduction::Max, &arr);
        let inf = self.constant(Const::float(arr.element, f64::INFINITY));
        let size = self.b.prim(Prim::Abs, &[top]);
        let infinite = self.b.cmp(CmpOp::Eq, size, inf);
        // The sum of nothing but zeros stays 0.
        let lowest = self.constant(Const::float(arr.element, f64::NEG_INFINITY));
        let none = self.b.cmp(CmpOp::Eq, top, lowest);
        let limit = self.b.select(none, lowest, top);
        let result = self.choose(infinite, &mut |_| vec![limit], &mut |this| {
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
            &mut |this| this.step_without_distance(m, k, x),
        );
        next.to_vec()
    }

    /// An element that has no distance from the best so far: an equal infinity, or NaN on either side.
    fn step_without_distance(&mut self, m: Value, k: Value, x: Value) -> Vec<Value> {
        let same = self.b.cmp(CmpOp::Eq, m, x);
        let next = self.choose(
            same,
            &mut |this| {
                let [zero, one] = [0.0, 1.0].map(|c| this.float_like(x, c));
                let count = this.b.prim(Prim::Add, &[k, one]);
                let new = this.b.prim(Prim::Div, &[one, count]);
                let old = this.b.prim(Prim::Sub, &[one, new]);
                let [old, new] = [(m, old), (x, new)].map(|(v, share)| this.b.prim(Prim::Mul, &[v, share]));
                let mixed = this.b.prim(Prim::Add, &[old, new]);
                // What it starts from is no element.
                let first = this.b.cmp(CmpOp::Eq, k, zero);
                vec![this.b.select(first, x, mixed), count]
            },
            &mut |this| {
                let kept = this.b.cmp(CmpOp::Eq, x, x);
                let taken = this.b.cmp(CmpOp::Eq, m, m);
                let both = this.b.prim(Prim::Add, &[m, x]);
                let other = this.b.select(taken, x, both);
                vec![this.b.select(kept, m, other), k]
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
