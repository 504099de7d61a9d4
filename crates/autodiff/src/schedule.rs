//! The whole numbers of checkpointed loops: how many iterations there will be, in which blocks, and where the next snapshot goes.
//!
//! In: integers of the function under construction. Out: instructions that compute with them. Like [`crate::algebra`] for floats, this file names primitives so that the passes need not.
//! Nothing here is asked to be right: any plan gives the same derivative, at another price.
//!
//! ```text
//! v3 = isub v1, v2 ; v4 = idiv v3, v0 ; …        (blocks of v0 iterations from v2 to v1)
//! ```

use crate::algebra::{int, successor};
use adit_ir::{Builder, CmpOp, Int, Prim, ScalarType, Value, Values};

/// How a loop's snapshots are spread.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Iterations in a block, which is reversed at once.
    pub width: Value,
    /// How many snapshots there may be at a time.
    pub snapshots: Value,
    /// How many iterations are expected.
    pub trips: Value,
}

/// How many iterations a counted loop has; anything if that is beyond an `i64`.
pub fn trips(b: &mut Builder, lo: Int, hi: Int, step: Int) -> Value {
    let [lo, hi, step] = [lo, hi, step].map(|i| int(b, i));
    let (zero, one) = (b.i64(0), b.i64(1));
    let up = b.cmp(CmpOp::Gt, step, zero);
    let [rise, fall] = [[hi, lo], [lo, hi]].map(|ends| b.prim(Prim::Isub, &ends));
    let span = b.select(up, rise, fall);
    let size = b.prim(Prim::Iabs, &[step]);
    let size = b.prim(Prim::Imax, &[size, one]);
    let less = b.prim(Prim::Isub, &[size, one]);
    let rounded = b.prim(Prim::Iadd, &[span, less]);
    let count = b.prim(Prim::Idiv, &[rounded, size]);
    b.prim(Prim::Imax, &[count, zero])
}

/// What is less than 1 counts as 1.
pub fn at_least_one(b: &mut Builder, size: Int) -> Value {
    match size {
        Int::Const(c) => b.i64(c.max(1)),
        Int::Value(v) => {
            let one = b.i64(1);
            b.prim(Prim::Imax, &[v, one])
        }
    }
}

/// The first iteration of the last block before `end`.
pub fn block_start(b: &mut Builder, width: Value, end: Value) -> Value {
    let one = b.i64(1);
    let last = b.prim(Prim::Isub, &[end, one]);
    let block = b.prim(Prim::Idiv, &[last, width]);
    b.prim(Prim::Imul, &[block, width])
}

/// In the forward sweep, at a snapshot before iteration `n`: before which the next one is due, and how many may follow.
pub fn following(b: &mut Builder, plan: &Plan, n: Value, left: Value) -> [Value; 2] {
    let one = b.i64(1);
    let last = b.prim(Prim::Isub, &[plan.trips, one]);
    next(b, Prim::Sow, plan.width, [n, last], left)
}

/// In the reverse sweep: where the next snapshot goes after one before iteration `n`, if the last block is that of iteration `last`; and how many may follow.
pub fn onward(b: &mut Builder, width: Value, between: [Value; 2], left: Value) -> [Value; 2] {
    next(b, Prim::Revolve, width, between, left)
}

fn next(b: &mut Builder, schedule: Prim, width: Value, [n, last]: [Value; 2], left: Value) -> [Value; 2] {
    let one = b.i64(1);
    let distance = b.prim(Prim::Isub, &[last, n]);
    let between = b.prim(Prim::Idiv, &[distance, width]);
    let blocks = successor(b, between);
    let on = b.prim(schedule, &[blocks, left]);
    let iterations = b.prim(Prim::Imul, &[on, width]);
    [b.prim(Prim::Iadd, &[n, iterations]), b.prim(Prim::Isub, &[left, one])]
}

/// A plan within so many bytes: half of them for snapshots, half for the tape of a block, each of so many bytes.
pub fn affordable(b: &mut Builder, bytes: Value, trips: Value, snapshot: Value, iteration: Value) -> Plan {
    let (one, two) = (b.i64(1), b.i64(2));
    let half = b.prim(Prim::Idiv, &[bytes, two]);
    let [snapshots, width] = [snapshot, iteration].map(|each| {
        let each = b.prim(Prim::Imax, &[each, one]);
        let count = b.prim(Prim::Idiv, &[half, each]);
        b.prim(Prim::Imax, &[count, one])
    });
    let all = b.prim(Prim::Imax, &[trips, one]);
    let width = b.prim(Prim::Imin, &[width, all]);
    Plan { width, snapshots, trips }
}

/// The bytes of all elements.
pub fn bytes_of(b: &mut Builder, element: ScalarType, extents: &[Int]) -> Value {
    let each = b.i64(element.bytes() as i64);
    extents.iter().fold(each, |bytes, &extent| {
        let extent = int(b, extent);
        b.prim(Prim::Imul, &[bytes, extent])
    })
}

/// The sum of some integers and a number.
pub fn total(b: &mut Builder, number: u64, more: Values) -> Value {
    let number = b.i64(i64::try_from(number).unwrap_or(i64::MAX));
    more.into_iter().fold(number, |sum, v| b.prim(Prim::Iadd, &[sum, v]))
}

/// How many blocks of so many iterations there are.
pub fn blocks(b: &mut Builder, trips: Value, width: Value) -> Value {
    let whole = b.prim(Prim::Idiv, &[trips, width]);
    successor(b, whole)
}

/// A product.
pub fn times(b: &mut Builder, n: Value, m: Value) -> Value {
    b.prim(Prim::Imul, &[n, m])
}
