//! What a checkpointed loop would save: bytes of a snapshot, and of the tape of one iteration.
//!
//! In: what the reverse derivative of the iterations saves, by its plan ([`Records`]). Out: instructions before the loop that compute the bytes, for a budget to be divided.
//!
//! ```text
//! for t in 0..n { for i in 0..m { x = sin(x); } }         8 · m + 8 bytes an iteration
//! ```
//!
//! The arms of an `if` count as if all were taken. What is not counted: what calls record that stay calls. What cannot be said before the loop, since it depends on a length that is known only inside, makes the
//! price unknown; an iteration of unknown price is a block of its own.

use super::facts::Facts;
use super::plan::Asked;
use crate::schedule;
use crate::steps::{Outlined, Steps};
use adit_ir::limits::record_bytes;
use adit_ir::{
    Builder, Checkpoint, CheckpointKind, Const, FuncId, Function, Inst, Int, Ints, Op, OperandMap, Region, ScalarType,
    Value, ValueMap, Values,
};
use rustc_hash::FxHashMap;

/// What a reverse derivative saves, by the region that pushes it.
#[derive(Clone, Default, Debug)]
pub struct Records {
    bytes: FxHashMap<Region, u64>,
    arrays: Vec<(Region, Value)>,
}

impl Records {
    /// Of a derivative that asked for this.
    pub(super) fn of(source: &Function, facts: &Facts, asked: &Asked) -> Self {
        let mut records = Records::default();
        for &v in &asked.values {
            let bytes = record_bytes(source.ty(v).scalar());
            *records.bytes.entry(facts.home(v)).or_default() += bytes;
        }
        for &inst in &asked.trips {
            *records.bytes.entry(facts.nest.region(inst)).or_default() += 8;
        }
        records.arrays = asked.arrays.iter().map(|&(inst, array)| (facts.nest.region(inst), array)).collect();
        records
    }
}

/// A sum of bytes: a number, and what is computed.
struct Sum(u64, Values);

/// Who asks: before a loop of the forward sweep.
pub struct Prices<'a> {
    /// The function of the loop.
    pub source: &'a Function,
    /// What of the forward sweep stands for its values.
    pub map: &'a ValueMap,
    /// All functions of iterations, and those of this loop.
    pub outlined: &'a Outlined,
    /// Likewise.
    pub steps: &'a Steps,
}

impl Prices<'_> {
    /// Bytes of a snapshot with these fields, and of these arrays with their extents.
    pub fn snapshot(b: &mut Builder, fields: &[ScalarType], arrays: &[(ScalarType, Ints)]) -> Value {
        let arrays = arrays.iter().map(|(element, extents)| schedule::bytes_of(b, *element, extents)).collect();
        schedule::total(b, record_bytes(fields.iter().copied()), arrays)
    }

    /// Bytes of the tape of an iteration, if they can be said before the loop. `f` is the function of the iterations.
    pub fn iteration(&self, b: &mut Builder, f: &Function, records: &Records) -> Option<Value> {
        let body = f.region(f.body).insts.iter().rev().find_map(|&inst| f.inst(inst).op.regions().last().copied())?;
        let inside = Inside { f, id: self.steps.id, outlined: self.outlined, records, known: self.known(f) };
        let Sum(number, more) = inside.region(b, body)?;
        Some(schedule::total(b, number, more))
    }

    /// What stands in the forward sweep for integers of the function of the iterations.
    fn known(&self, f: &Function) -> FxHashMap<Value, Int> {
        let mut known = FxHashMap::default();
        for data in f.insts() {
            if let (Op::Const(Const::I64(c)), Some(&result)) = (&data.op, data.results.first()) {
                known.insert(result, Int::Const(*c));
            }
        }
        for (param, &v) in f.params.iter().zip(&self.steps.scalars) {
            known.insert(param.value, Int::Value(self.map.value(v)));
        }
        let mut dims: Vec<Value> = Vec::new();
        for lent in &self.steps.arrays {
            let extents = self.source.ty(lent.array).array().map(|ty| ty.dims.clone()).unwrap_or_default();
            for dim in extents.into_iter().filter_map(Int::value) {
                if !dims.contains(&dim) {
                    dims.push(dim);
                }
            }
        }
        for (&own, &dim) in f.dims.iter().zip(&dims) {
            known.insert(own, Int::Value(self.map.value(dim)));
        }
        known
    }
}

/// The function of iterations, with what is known of it outside.
struct Inside<'a> {
    f: &'a Function,
    id: FuncId,
    outlined: &'a Outlined,
    records: &'a Records,
    known: FxHashMap<Value, Int>,
}

impl Inside<'_> {
    fn int(&self, i: Int) -> Option<Int> {
        match i {
            Int::Const(_) => Some(i),
            Int::Value(v) => self.known.get(&v).copied(),
        }
    }

    /// Bytes that one execution of a region pushes.
    fn region(&self, b: &mut Builder, region: Region) -> Option<Sum> {
        let Sum(mut number, mut more) = Sum(self.records.bytes.get(&region).copied().unwrap_or(0), Values::new());
        for &(_, array) in self.records.arrays.iter().filter(|(home, _)| *home == region) {
            let (element, extents) = self.array(array)?;
            more.push(schedule::bytes_of(b, element, &extents));
        }
        for &inst in &self.f.region(region).insts {
            let op = &self.f.inst(inst).op;
            if let (Some(kept), Some(steps)) = (op.checkpoint(), self.outlined.of(self.id, inst)) {
                more.push(self.kept(b, inst, kept, steps)?);
                continue;
            }
            for inner in op.regions() {
                let Sum(once, computed) = self.region(b, inner)?;
                if let (Op::If { .. }, _) | (_, (0, true)) = (op, (once, computed.is_empty())) {
                    number += once;
                    more.extend(computed);
                } else {
                    let (trips, once) = (self.trips(b, op)?, schedule::total(b, once, computed));
                    more.push(schedule::times(b, trips, once));
                }
            }
        }
        Some(Sum(number, more))
    }

    /// How often a `for` runs.
    fn trips(&self, b: &mut Builder, op: &Op) -> Option<Value> {
        let Op::For { lo, hi, step, .. } = op else { return None };
        let [lo, hi, step] = [self.int(*lo)?, self.int(*hi)?, self.int(*step)?];
        Some(schedule::trips(b, lo, hi, step))
    }

    /// Bytes that a loop with snapshots of its own keeps until it is reversed.
    fn kept(&self, b: &mut Builder, inst: Inst, kept: Checkpoint, steps: &Steps) -> Option<Value> {
        let data = self.f.inst(inst);
        let size = schedule::at_least_one(b, self.int(kept.size)?);
        let count = match kept.kind {
            CheckpointKind::Budget => return Some(size),
            CheckpointKind::Binomial => size,
            CheckpointKind::Every => {
                let trips = self.trips(b, &data.op)?;
                schedule::blocks(b, trips, size)
            }
        };
        let mut fields: Vec<ScalarType> = data.results.iter().filter_map(|&r| self.f.ty(r).scalar()).collect();
        fields.push(ScalarType::I64);
        let state = steps.arrays.iter().filter(|lent| lent.is_state()).map(|lent| self.array(lent.array));
        let snapshot = Prices::snapshot(b, &fields, &state.collect::<Option<Vec<_>>>()?);
        Some(schedule::times(b, count, snapshot))
    }

    fn array(&self, array: Value) -> Option<(ScalarType, Ints)> {
        let ty = self.f.ty(array).array()?;
        let extents = ty.dims.iter().map(|&dim| self.int(dim)).collect::<Option<Ints>>()?;
        Some((ty.element, extents))
    }
}
