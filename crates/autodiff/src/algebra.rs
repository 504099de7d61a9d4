//! The algebra of derivatives: sums and products of tangents and cotangents.
//!
//! In: values already in the function. Out: the instructions that add or multiply them, simplified where a structural zero, 1 or −1 is involved.
//! This is the only file of the crate that names primitives: a derivative is a sum of products, whatever the table holds.
//! Nothing else is simplified here: that is the optimiser's.

use adit_ir::{Builder, CmpOp, Const, Function, Inst, Int, Op, Prim, ScalarType, Type, Value};
use smallvec::SmallVec;

/// `a + b`, where `None` is a structural zero.
pub fn sum(b: &mut Builder, a: Option<Value>, x: Value) -> Value {
    match a {
        None => x,
        Some(a) => b.prim(Prim::Add, &[a, x]),
    }
}

/// [`sum()`], lane by lane.
pub fn sums(b: &mut Builder, a: Option<SmallVec<[Value; 1]>>, x: SmallVec<[Value; 1]>) -> SmallVec<[Value; 1]> {
    let Some(a) = a else { return x };
    a.into_iter().zip(x).map(|(a, x)| sum(b, Some(a), x)).collect()
}

/// What a tangent or cotangent is multiplied with.
#[derive(Clone, Copy, Debug)]
pub enum Factor {
    /// A partial, or the operand that it is, stands in the text as a number.
    Literal(f64),
    /// Any other.
    Value(Value),
}

/// A factor written out, to be multiplied with as often as there are lanes.
#[derive(Clone, Copy)]
enum Times {
    Zero,
    One,
    MinusOne,
    /// By this primitive with this value.
    By(Prim, Value),
}

impl Times {
    /// For products with values of this type.
    fn new(b: &mut Builder, p: Factor, ty: ScalarType) -> Times {
        match p {
            Factor::Literal(0.0) => Times::Zero,
            Factor::Literal(1.0) => Times::One,
            Factor::Literal(-1.0) => Times::MinusOne,
            // Zero times a finite number is zero anyway.
            Factor::Literal(c) if c.is_finite() => Times::By(Prim::Mul, b.float(ty, c)),
            Factor::Literal(c) => Times::By(Prim::Smul, b.float(ty, c)),
            Factor::Value(p) => Times::By(Prim::Smul, p),
        }
    }

    fn product(self, b: &mut Builder, w: Value) -> Option<Value> {
        match self {
            Times::Zero => None,
            Times::One => Some(w),
            Times::MinusOne => Some(b.prim(Prim::Neg, &[w])),
            Times::By(prim, p) => Some(b.prim(prim, &[w, p])),
        }
    }
}

/// `w · p` where `w = 0` wins over any `p`: a cotangent or a tangent times a partial. `None` is a structural zero.
pub fn product(b: &mut Builder, w: Value, p: Factor) -> Option<Value> {
    let ty = float_type(b, w);
    Times::new(b, p, ty).product(b, w)
}

/// The contribution of one operand to the tangent of `prim`, lane by lane: [`product()`], but for the second operand of a strong product.
///
/// The tangent of `w · p` is `ẇ · p + w · ṗ`. In the second term `w`, itself a tangent or cotangent of the program that is being differentiated, is the one whose zero
/// wins: where a side that was not taken has `w = 0`, its `ṗ` may be anything. So `select(x > 0, sqrt x, 0)` has second derivative 0 at 0, in every order of modes.
pub fn tangent_terms(
    b: &mut Builder,
    prim: Prim,
    operand: usize,
    tangent: &[Value],
    partial: Factor,
) -> Option<SmallVec<[Value; 1]>> {
    match (prim, operand, partial) {
        (Prim::Smul, 1, Factor::Value(w)) => Some(tangent.iter().map(|&t| b.prim(Prim::Smul, &[w, t])).collect()),
        (_, _, partial) => {
            let ty = tangent.first().map_or(ScalarType::F64, |&t| float_type(b, t));
            let times = Times::new(b, partial, ty);
            tangent.iter().map(|&t| times.product(b, t)).collect()
        }
    }
}

/// The contribution of the result's cotangent to that of one operand of `prim`: [`product()`], but for the second operand of a strong product.
///
/// That of `p` in `w · p` is `z̄ · w`, where either factor's zero wins: `z̄` flows here from the operands of a derivative, so it may be infinite on a side that was not
/// taken, where `w = 0`. Each choice below is a product with the factor in front whose zero is to win, so that its own derivatives are right.
///
/// ```text
/// v3 = cmp eq v_w, 0.0 ; v4 = smul v_w, v_z ; v5 = smul v_z, v_w ; v6 = select v3, v4, v5
/// ```
pub fn cotangent_term(b: &mut Builder, prim: Prim, operand: usize, z: Value, partial: Factor) -> Option<Value> {
    let (Prim::Smul, 1, Factor::Value(w)) = (prim, operand, partial) else {
        return product(b, z, partial);
    };
    let ty = float_type(b, w);
    let zero = b.float(ty, 0.0);
    let idle = b.cmp(CmpOp::Eq, w, zero);
    let [by_weight, by_cotangent] = [[w, z], [z, w]].map(|factors| b.prim(Prim::Smul, &factors));
    Some(b.select(idle, by_weight, by_cotangent))
}

fn float_type(b: &Builder, v: Value) -> ScalarType {
    b.ty(v).scalar().unwrap_or(ScalarType::F64)
}

/// A tangent or cotangent in the type of the value that it belongs to. Only conversions between floats hand on what is of another.
pub fn converted(b: &mut Builder, v: Value, to: &Type) -> Value {
    let conversion = to.scalar().and_then(|to| Prim::conversion(float_type(b, v), to));
    conversion.map_or(v, |prim| b.prim(prim, &[v]))
}

/// Whether this is a strong product, as only derivatives have.
pub fn is_strong(prim: Prim) -> bool {
    prim == Prim::Smul
}

/// What is added to an offset: the second term of a sum of integers.
pub fn without_offset(op: &Op) -> Option<Value> {
    if let Op::Prim { prim: Prim::Iadd, args } = op { args.last().copied() } else { None }
}

/// `t`, or 0 where `w = 0`.
pub fn unless_zero(b: &mut Builder, w: Value, t: Value) -> Value {
    let ty = float_type(b, w);
    let zero = b.float(ty, 0.0);
    let idle = b.cmp(CmpOp::Eq, w, zero);
    b.select(idle, zero, t)
}

/// `n + 1` for trip counts.
pub fn successor(b: &mut Builder, n: Value) -> Value {
    let one = b.i64(1);
    b.prim(Prim::Iadd, &[n, one])
}

/// Whether subscripts are within dimensions; `None` where the text says that they are.
pub fn in_range(b: &mut Builder, subscripts: &[Int], dims: &[Int]) -> Option<Value> {
    let mut all = None;
    for (&at, &dim) in subscripts.iter().zip(dims) {
        if let (Int::Const(at), Int::Const(dim)) = (at, dim)
            && (0..dim).contains(&at)
        {
            continue;
        }
        let [at, dim] = [at, dim].map(|int| match int {
            Int::Const(c) => b.i64(c),
            Int::Value(v) => v,
        });
        let zero = b.i64(0);
        for in_range in [b.cmp(CmpOp::Le, zero, at), b.cmp(CmpOp::Lt, at, dim)] {
            all = Some(all.map_or(in_range, |all| b.prim(Prim::And, &[all, in_range])));
        }
    }
    all
}

/// An integer as something and a number, where the text says so; a literal is nothing (0) and itself.
///
/// ```text
/// v3 = const 1
/// v4 = isub v2, v3             v4 is v2 and -1, v3 is 0 and 1
/// ```
pub fn integer_sum(f: &Function, definition: &dyn Fn(Value) -> Option<Inst>, v: Value) -> Option<(Int, i64)> {
    let op = |v: Value| definition(v).map(|inst| &f.inst(inst).op);
    let number = |v: Value| if let Op::Const(Const::I64(c)) = op(v)? { Some(*c) } else { None };
    if let Some(c) = number(v) {
        return Some((Int::Const(0), c));
    }
    let Op::Prim { prim, args } = op(v)? else { return None };
    let (a, b) = (*args.first()?, *args.get(1)?);
    if *prim == Prim::Iadd {
        let from_right = number(b).map(|c| (Int::Value(a), c));
        from_right.or_else(|| number(a).map(|c| (Int::Value(b), c)))
    } else if *prim == Prim::Isub {
        Some((Int::Value(a), number(b)?.checked_neg()?))
    } else {
        None
    }
}

/// The index of a loop's iteration: `lo + step · n`.
pub fn nth(b: &mut Builder, lo: Int, step: Int, n: Value) -> Value {
    let scaled = match step {
        Int::Const(1) => n,
        Int::Const(_) | Int::Value(_) => {
            let step = int(b, step);
            b.prim(Prim::Imul, &[n, step])
        }
    };
    match lo {
        Int::Const(0) => scaled,
        Int::Const(_) | Int::Value(_) => {
            let lo = int(b, lo);
            b.prim(Prim::Iadd, &[lo, scaled])
        }
    }
}

/// An integer operand as a value.
pub fn int(b: &mut Builder, i: Int) -> Value {
    match i {
        Int::Const(c) => b.i64(c),
        Int::Value(v) => v,
    }
}
