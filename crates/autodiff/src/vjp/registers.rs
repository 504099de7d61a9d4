//! Adjoints in registers: what a loop adds to one element of a shadow, it adds up and adds once, after the loop.
//!
//! In: a load inside a loop, of an element that the loop does not change: neither its subscripts nor, by any write, its array. Out: a *register* in the place of the shadow's element: an adjoint like
//! that of a value of the region around the loop, carried through it. When the loop's reverse is done, it is added to the shadow.
//!
//! ```text
//! for v4 in 0..d1 {                   v7 = for v4 in rev 0..d1 (v5: f64 = 0.0) {
//!   v3 = load v0[2]                     …
//!   …                                   v6 = add v5, v3_bar
//! }                                     yield v6
//!                                     }
//!                                     if 2 < d0 { acc v0_bar[2], v7 }
//! ```
//!
//! The question whether the subscripts are in range is asked because the loop may not have read the element at all. It never depends on a float, so derivatives of this derivative are right.
//! Sums are taken in another order than without. Loops without bounds that differ, conditions and loops inside need no care: registers are merged and carried as all adjoints are.

use super::Sweep;
use super::facts::{self, Facts};
use crate::activity::Activity;
use crate::{Mutant, algebra};
use adit_ir::{Function, Inst, Ints, Module, Op, Region, Value};
use rustc_hash::FxHashMap;

/// The registers of one function. They have numbers behind those of the function's values.
#[derive(Debug, Default)]
pub struct Registers {
    /// By register.
    registers: Vec<Register>,
    first: usize,
    /// By load.
    of: FxHashMap<Inst, Value>,
    /// By loop: the registers that it fills.
    filled: FxHashMap<Inst, Vec<Value>>,
}

/// More registers than this for one loop are not in registers.
const MOST: usize = 8;

/// What a loop adds to one element.
#[derive(Debug)]
struct Register {
    array: Value,
    subscripts: Ints,
    /// The region around the loop.
    home: Region,
}

impl Registers {
    /// Finds them: for each load the outermost loop that does not change its element.
    pub fn find(module: &Module, f: &Function, activity: &Activity, facts: &Facts, mutant: Option<Mutant>) -> Self {
        let mut found = Registers { first: f.value_count(), ..Registers::default() };
        let mut loads = Vec::new();
        let mut writes: FxHashMap<Value, Vec<u32>> = FxHashMap::default();
        f.walk(&mut |inst| {
            let op = &f.inst(inst).op;
            if let Op::Load { array, subscripts } = op
                && activity.of(*array)
            {
                loads.push((inst, *array, subscripts));
            }
            facts::written(module, op)
                .iter()
                .for_each(|&array| writes.entry(array).or_default().push(facts.nest.position(inst)));
        });
        let mut known: FxHashMap<(Inst, Value, &Ints), Value> = FxHashMap::default();
        for (load, array, subscripts) in loads {
            let writes = writes.get(&array).map_or(&[][..], |at| at);
            let writes = if mutant == Some(Mutant::RegisterOverWrites) { &[] } else { writes };
            let Some(around) = outermost(facts, load, array, subscripts, writes) else { continue };
            let key = (around, array, subscripts);
            let filled = found.filled.entry(around).or_default();
            if !known.contains_key(&key) && filled.len() < MOST {
                let register = Value::new(found.first + found.registers.len());
                let home = facts.nest.region(around);
                found.registers.push(Register { array, subscripts: subscripts.clone(), home });
                filled.push(register);
                known.insert(key, register);
            }
            if let Some(&register) = known.get(&key) {
                found.of.insert(load, register);
            }
        }
        found
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.registers.len()
    }

    /// The register in the place of what a load reads.
    pub fn of(&self, load: Inst) -> Option<Value> {
        self.of.get(&load).copied()
    }

    /// The region around the loop, if this is a register.
    pub fn home(&self, v: Value) -> Option<Region> {
        self.get(v).map(|register| register.home)
    }

    /// The array, if this is a register.
    pub fn array(&self, v: Value) -> Option<Value> {
        self.get(v).map(|register| register.array)
    }

    /// What a loop fills.
    fn filled(&self, around: Inst) -> &[Value] {
        self.filled.get(&around).map_or(&[], |filled| filled)
    }

    fn get(&self, v: Value) -> Option<&Register> {
        self.registers.get(v.index().checked_sub(self.first)?)
    }
}

/// The outermost loop around a load, up to the first that changes the element or makes it.
fn outermost(facts: &Facts, load: Inst, array: Value, subscripts: &Ints, writes: &[u32]) -> Option<Inst> {
    let mentioned = || subscripts.iter().filter_map(|s| s.value()).chain([array]);
    facts
        .nest
        .loops_around(load)
        .take_while(|&(body, inst)| {
            let (first, last) = (facts.nest.position(inst), facts.nest.last(inst));
            let written = writes.partition_point(|&at| at < first);
            let is_written = writes.get(written).is_some_and(|&at| at <= last);
            !is_written && mentioned().all(|v| !facts.nest.is_inside(facts.nest.home(v), body))
        })
        .last()
        .map(|(_, inst)| inst)
}

impl Sweep<'_, '_> {
    /// After the reverse of a loop: adds what it filled to shadows.
    pub(super) fn empty_registers(&mut self, around: Inst) {
        let registers = self.registers;
        for &v in registers.filled(around) {
            let (Some(w), Some(register)) = (self.take(v), registers.get(v)) else { continue };
            let Some(shadow) = self.shadow(register.array) else { continue };
            let at = self.residual_ints(&register.subscripts);
            let dims = self.b.ty(shadow).array().map(|ty| ty.dims.clone()).unwrap_or_default();
            match algebra::in_range(&mut self.b, &at, &dims) {
                None => self.b.acc(shadow, &at, w),
                Some(in_range) => {
                    self.b.open(&[]);
                    self.b.acc(shadow, &at, w);
                    let add = self.b.close(&[]);
                    self.b.open(&[]);
                    let nothing = self.b.close(&[]);
                    self.b.if_(in_range, add, nothing);
                }
            }
        }
    }
}
