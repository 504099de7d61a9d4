//! Which subscripts cannot be out of range.
//!
//! In: a function. Out: [`Facts`]: for a subscript and an extent, whether `0 <= subscript < extent` always holds, so that compiled code needs no check, and passes may move or drop what reads there.
//!
//! ```text
//! func @f(v0: [f64; d0]) {
//!   for v1 in 1..d0 { v2 = isub v1, 1   v3 = load v0[v2]   … }     v2 >= 0 since v1 >= 1; v2 < d0 since v1 < d0: no check
//! ```
//!
//! A value is followed through additions and subtractions of literals to its root; a root that is the index of a loop with a literal step lies between the loop's bounds. What is proved:
//! the subscript's least value is not negative, and its greatest, followed through enclosing loops, is the extent (the same root, or a literal) less something.
//! Integer arithmetic wraps; each step below says why it may ignore that. Extents are never negative, since `alloc` and the call boundary refuse such. The facts are computed
//! anew from the instructions, never read from text. Of conditions, only assertions are used: of equality, where they come before all else, and of range.

use crate::prim::{Code, Native};
use crate::{CmpOp, Const, Function, Inst, Int, Op, Region, Trap, Value};

/// Literals beyond this are not followed, so that sums of a few never overflow.
const FAR: i64 = 1 << 31;

/// How many additions and enclosing loops are followed.
const DEPTH: u32 = 8;

/// What is known about the integers of a function.
#[derive(Debug)]
pub struct Facts<'a> {
    f: &'a Function,
    defs: Vec<Option<Inst>>,
    loops: Vec<Option<Inst>>,
    dims: Vec<bool>,
    uses: Vec<u32>,
    /// Dimensions that values were found to be equal to before anything else ran.
    equal: Vec<Option<Value>>,
}

/// `root + offset`, or only `offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Affine {
    root: Option<Value>,
    offset: i64,
}

/// An integer operand with a literal added.
type Shifted = (Int, i64);

impl<'a> Facts<'a> {
    /// Reads a function.
    pub fn new(f: &'a Function) -> Self {
        let n = f.value_count();
        let (defs, loops, equal) = (vec![None; n], vec![None; n], vec![None; n]);
        let mut facts = Facts { f, defs, loops, dims: vec![false; n], uses: vec![0; n], equal };
        f.dims.iter().for_each(|d| facts.dims[d.index()] = true);
        facts.read(f.body);
        facts.read_equalities();
        facts
    }

    /// Assertions at the very beginning, before which nothing but arithmetic is done, hold in all that follows.
    fn read_equalities(&mut self) {
        let f = self.f;
        let ops = f.region(f.body).insts.iter().map(|&inst| &f.inst(inst).op);
        for op in ops.take_while(|op| matches!(op, Op::Assert { .. } | Op::Prim { .. } | Op::Cmp { .. } | Op::Const(_)))
        {
            let Op::Assert { cond, .. } = op else { continue };
            if let Some(&Op::Cmp { op: CmpOp::Eq, a, b }) = self.def(*cond) {
                let (value, dim) = if self.dims[b.index()] { (a, b) } else { (b, a) };
                if self.dims[dim.index()] && !self.dims[value.index()] {
                    self.equal[value.index()].get_or_insert(dim);
                }
            }
        }
    }

    fn read(&mut self, region: Region) {
        let f = self.f;
        for &inst in &f.region(region).insts {
            let data = f.inst(inst);
            data.results.iter().for_each(|r| self.defs[r.index()] = Some(inst));
            data.op.visit_operands(&mut |v| self.uses[v.index()] += 1);
            if let Op::For { body, .. } = data.op
                && let Some(index) = f.region(body).params.first()
            {
                self.loops[index.index()] = Some(inst);
            }
            data.op.regions().into_iter().for_each(|inner| self.read(inner));
        }
        f.region(region).yields.iter().for_each(|v| self.uses[v.index()] += 1);
    }

    /// How often a value is mentioned.
    pub fn uses(&self, v: Value) -> u32 {
        self.uses[v.index()]
    }

    /// The instruction that defines a value, unless it is a parameter of something.
    pub fn def(&self, v: Value) -> Option<&'a Op> {
        self.defs[v.index()].map(|inst| &self.f.inst(inst).op)
    }

    /// The literal that an operand is, in place or by a `const`.
    pub fn literal(&self, i: Int) -> Option<i64> {
        match i {
            Int::Const(c) => Some(c),
            Int::Value(v) => match self.def(v) {
                Some(Op::Const(Const::I64(c))) => Some(*c),
                _ => None,
            },
        }
    }

    /// An operand as another plus a literal, where it is one: what addresses are made from.
    pub fn split(&self, i: Int) -> (Option<Value>, i64) {
        let affine = self.affine(i);
        (affine.root, affine.offset)
    }

    /// Whether `0 <= subscript < extent` always holds.
    pub fn in_range(&self, subscript: Int, extent: Int) -> bool {
        self.least(subscript, DEPTH).is_some_and(|least| least >= 0) && self.below((subscript, 0), extent, DEPTH)
            || self.wraps_around(subscript, extent)
    }

    /// Whether an operand is never negative.
    pub fn never_negative(&self, i: Int) -> bool {
        self.least(i, DEPTH).is_some_and(|least| least >= 0)
    }

    /// Whether a subscript is a remainder by the extent, and never negative: what is divided is not, or is the extent plus something that is not, less 1 or 2. (If that is negative, it is -1 and the extent 1, which divides it.)
    ///
    /// Extents that are added are taken to be below 2^62, so that the sum of one and of an index below it does not wrap. An array of which that is not true has no elements, so that another of its subscripts is out of range.
    fn wraps_around(&self, subscript: Int, extent: Int) -> bool {
        let Some((Native::IRem, a, n)) = self.binary(subscript) else { return false };
        if !self.same(n, extent) || !self.is_dim(n) {
            return false;
        }
        let Affine { root: Some(root), offset } = self.affine(a) else { return false };
        match self.binary(Int::Value(root)) {
            Some((Native::IAdd, x, y)) => {
                let other = if self.same(x, n) { y } else { x };
                (-2..=0).contains(&offset) && (self.same(x, n) || self.same(y, n)) && self.is_below(other, n)
            }
            _ => self.never_negative(a),
        }
    }

    /// Whether an operand is never negative, and below an extent.
    fn is_below(&self, i: Int, extent: Int) -> bool {
        self.never_negative(i) && self.below((i, 0), extent, DEPTH)
    }

    fn is_dim(&self, i: Int) -> bool {
        let Affine { root, offset } = self.affine(i);
        offset == 0 && root.is_some_and(|root| self.dims[root.index()])
    }

    /// What an operation of two integers does, and to what.
    fn binary(&self, i: Int) -> Option<(Native, Int, Int)> {
        let Some(Op::Prim { prim, args }) = self.def(i.value()?) else { return None };
        match (prim.row().code, &args[..]) {
            (Code::Native(native), &[a, b]) => Some((native, Int::Value(a), Int::Value(b))),
            _ => None,
        }
    }

    /// The subscript and the extent of an assertion that the one is in range of the other, and asserts that and nothing less.
    pub fn asserted(&self, op: &Op) -> Option<(Int, Int)> {
        let Op::Assert { cond, trap: Trap::IndexOutOfRange, details } = op else { return None };
        let (&[subscript, extent], Some(Op::Prim { prim, args })) = (&details[..], self.def(*cond)) else {
            return None;
        };
        let &[first, second] = &args[..] else { return None };
        let compares = |v: Value, wanted: CmpOp, to: Int| match self.def(v) {
            Some(&Op::Cmp { op, a, b }) => op == wanted && Int::Value(a) == subscript && self.same(Int::Value(b), to),
            _ => false,
        };
        let both = prim.row().code == Code::Native(Native::And)
            && compares(first, CmpOp::Ge, Int::Const(0))
            && compares(second, CmpOp::Lt, extent);
        both.then_some((subscript, extent))
    }

    /// Whether two operands are known to be equal.
    pub fn same(&self, a: Int, b: Int) -> bool {
        self.affine(a) == self.affine(b)
    }

    fn affine(&self, i: Int) -> Affine {
        let (mut i, mut offset) = (i, 0);
        for _ in 0..DEPTH {
            if let Some(c) = self.literal(i) {
                // Only a value can have an offset already, so a sum that wraps still has a root.
                return match c.checked_add(offset) {
                    Some(c) => Affine { root: None, offset: c },
                    None => Affine { root: i.value(), offset },
                };
            }
            match self.step(i).map(|(next, c)| (next, offset + c)) {
                Some((next, sum)) if sum.unsigned_abs() < FAR.unsigned_abs() => (i, offset) = (next, sum),
                Some(_) | None => break,
            }
        }
        Affine { root: i.value().map(|v| self.equal[v.index()].unwrap_or(v)), offset }
    }

    /// One addition or subtraction of a literal.
    fn step(&self, i: Int) -> Option<(Int, i64)> {
        let Some(Op::Prim { prim, args }) = self.def(i.value()?) else {
            return None;
        };
        let (a, b) = (Int::Value(*args.first()?), Int::Value(*args.get(1)?));
        let near = |c: i64| (c.unsigned_abs() < FAR.unsigned_abs()).then_some(c);
        let code = prim.row().code;
        if code == Code::Native(Native::IAdd) {
            match (self.literal(a), self.literal(b)) {
                (_, Some(c)) => Some((a, near(c)?)),
                (Some(c), None) => Some((b, near(c)?)),
                (None, None) => None,
            }
        } else if code == Code::Native(Native::ISub) {
            Some((a, -near(self.literal(b)?)?))
        } else {
            None
        }
    }

    /// The least and the greatest value of a loop's index; nothing for a step that is no literal.
    fn range(&self, v: Value) -> Option<(Shifted, Shifted)> {
        let inst = self.loops[v.index()]?;
        let Op::For { lo, hi, step, .. } = &self.f.inst(inst).op else {
            return None;
        };
        match self.literal(*step)? {
            1.. => Some(((*lo, 0), (*hi, -1))),
            0 => None,
            _ => Some(((*hi, 1), (*lo, 0))),
        }
    }

    /// A literal that the operand is never below.
    fn least(&self, i: Int, depth: u32) -> Option<i64> {
        let Affine { root, offset } = self.affine(i);
        let Some(root) = root else {
            return Some(offset);
        };
        if self.dims[root.index()] {
            // An extent is at least 0; adding could wrap.
            return (offset <= 0).then_some(offset);
        }
        let ((start, shift), _) = self.range(root)?;
        let least = self.least(start, depth.checked_sub(1)?)?.checked_add(shift)?;
        // An index is below its loop's bound, so 1 can be added without wrapping; more could wrap. What is subtracted is checked.
        (offset <= 1).then(|| least.checked_add(offset)).flatten()
    }

    /// Whether `i + extra < extent`, provided that `i + extra >= 0`.
    fn below(&self, (i, extra): Shifted, extent: Int, depth: u32) -> bool {
        let (value, bound) = (self.affine(i), self.affine(extent));
        let Some(total) = value.offset.checked_add(extra) else {
            return false;
        };
        // With the same root, the value is the extent minus a literal; the extent is not negative, so this does not wrap.
        // (If the literal is negative, it is a loop's bound beyond the extent: a sum that wraps is negative, and the loop does not run.)
        if value.root == bound.root {
            return total < bound.offset;
        }
        let Some(root) = value.root else {
            return false;
        };
        // A bound that is an outer index less a literal must not wrap around to the top.
        let sound = value.offset >= 0 || self.least(Int::Value(root), DEPTH).is_some();
        match (self.range(root), depth.checked_sub(1)) {
            (Some((_, (end, shift))), Some(depth)) if sound => match shift.checked_add(total) {
                Some(extra) => self.below((end, extra), extent, depth),
                None => false,
            },
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArrayType, Bounds, Builder, Passing, Prim, ScalarType, Type};
    use adit_diag::Span;

    /// A loop over `lo..d0 + hi` by `step`; whether `i + shift` is in range of `d0`.
    fn simple(lo: i64, hi: i64, step: i64, shift: i64) -> bool {
        let mut b = Builder::new("f", Span::default());
        let d = b.dim();
        let dims = [Int::Value(d)].into_iter().collect();
        b.param(Type::Array(ArrayType { element: ScalarType::F64, dims }), Passing::ByValue);
        let more = b.i64(hi);
        let end = b.prim(Prim::Iadd, &[d, more]);
        let (lo, hi) = if step > 0 { (Int::Const(lo), Int::Value(end)) } else { (Int::Value(end), Int::Const(lo)) };
        let body = b.open(&[Type::I64]);
        let i = b.func().region(body).params[0];
        let by = b.i64(shift);
        let subscript = b.prim(Prim::Iadd, &[i, by]);
        b.close(&[]);
        b.for_(Bounds { lo, hi, step: Int::Const(step), reversed: false }, &[], body);
        let f = b.finish(&[]);
        Facts::new(&f).in_range(Int::Value(subscript), Int::Value(d))
    }

    #[test]
    fn an_index_stays_within_its_bounds() {
        assert!(simple(0, 0, 1, 0));
        assert!(simple(1, 0, 1, -1));
        assert!(simple(0, -1, 1, 1));
        assert!(simple(2, 0, 3, -2));
        assert!(simple(-1, -1, 1, 1));
    }

    #[test]
    fn one_too_many_is_not_proved() {
        assert!(!simple(0, 0, 1, 1));
        assert!(!simple(0, 0, 1, -1));
        assert!(!simple(0, 1, 1, 0));
        assert!(!simple(-1, 0, 1, 0));
    }

    #[test]
    fn downward_loops_start_below_the_extent() {
        assert!(simple(-1, -1, -1, 0), "d0 - 1 down to 0");
        assert!(!simple(-1, 0, -1, 0), "starts at d0");
        assert!(!simple(-2, -1, -1, 0), "ends at -1");
    }

    #[test]
    fn triangular_loops_are_followed_outwards() {
        let mut b = Builder::new("f", Span::default());
        let d = b.dim();
        let dims = [Int::Value(d)].into_iter().collect();
        b.param(Type::Array(ArrayType { element: ScalarType::F64, dims }), Passing::ByValue);
        let outer = b.open(&[Type::I64]);
        let i = b.func().region(outer).params[0];
        let inner = b.open(&[Type::I64]);
        let j = b.func().region(inner).params[0];
        b.close(&[]);
        let one = b.i64(1);
        let from = b.prim(Prim::Iadd, &[i, one]);
        b.for_(Bounds { lo: from.into(), ..Bounds::up_to(d.into()) }, &[], inner);
        let second = b.open(&[Type::I64]);
        let k = b.func().region(second).params[0];
        b.close(&[]);
        b.for_(Bounds::up_to(i.into()), &[], second);
        b.close(&[]);
        b.for_(Bounds::up_to(d.into()), &[], outer);
        let f = b.finish(&[]);
        let facts = Facts::new(&f);
        for subscript in [i, j, k] {
            assert!(facts.in_range(subscript.into(), d.into()), "{subscript:?}");
        }
    }

    /// Whether `(i + shift) % d0`, with d0 added if asked for, is in range of `d0` for an index of a loop from `lo`.
    fn round(lo: i64, extent: bool, shift: i64) -> bool {
        let mut b = Builder::new("f", Span::default());
        let d = b.dim();
        let dims = [Int::Value(d)].into_iter().collect();
        b.param(Type::Array(ArrayType { element: ScalarType::F64, dims }), Passing::ByValue);
        let body = b.open(&[Type::I64]);
        let i = b.func().region(body).params[0];
        let by = b.i64(shift);
        let from = if extent { b.prim(Prim::Iadd, &[i, d]) } else { i };
        let sum = b.prim(Prim::Iadd, &[from, by]);
        let subscript = b.prim(Prim::Irem, &[sum, d]);
        b.close(&[]);
        b.for_(Bounds { lo: Int::Const(lo), ..Bounds::up_to(d.into()) }, &[], body);
        let f = b.finish(&[]);
        Facts::new(&f).in_range(Int::Value(subscript), Int::Value(d))
    }

    #[test]
    fn remainders_of_what_is_not_negative_are_in_range() {
        assert!(round(0, false, 1) && round(1, false, -1) && round(0, true, 0) && round(0, true, -1));
        assert!(round(0, true, -2), "if there is one element, -1 is a multiple of its number");
    }

    #[test]
    fn remainders_of_what_may_be_negative_are_not() {
        assert!(!round(0, false, -1) && !round(-1, false, 0) && !round(-1, true, 0));
        assert!(!round(0, true, -3), "of two elements, (0 + 2 - 3) % 2 is -1");
    }

    #[test]
    fn literals_are_compared() {
        let f = Builder::new("f", Span::default()).finish(&[]);
        let facts = Facts::new(&f);
        assert!(facts.in_range(Int::Const(2), Int::Const(3)));
        assert!(!facts.in_range(Int::Const(3), Int::Const(3)));
        assert!(!facts.in_range(Int::Const(-1), Int::Const(3)));
    }
}
