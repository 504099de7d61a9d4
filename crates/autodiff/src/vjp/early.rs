//! Adjoints that are known before their time: what the reverse sweep computes from seeds and from values of the forward sweep that come earlier.
//!
//! In: an adjoint, visible at the end of the innermost region, and an earlier instruction of that region. Out: the same adjoint in front of that instruction, if operations without effects, as
//! many as are computed a second time at most, lead to it from what is visible there.
//!
//! ```text
//! v3 = for … { … }                  v7 = itof d0 ; v8 = div 1.0, v7 ; v9 = smul v2, v8        (v2: the seed)
//! v4 = itof d0 ; v5 = div v3, v4    v3 = for … { … }                                          (and v9 is the adjoint of v3)
//! ```

use super::Sweep;
use adit_ir::{Effect, Function, Inst, Op, OperandMap, Value, Values};
use rustc_hash::FxHashMap;

/// More operations than this are not computed a second time.
const MOST: usize = 64;

/// Which instruction of a function under construction defines what.
#[derive(Debug, Default)]
pub struct Definitions {
    of: Vec<Definition>,
    seen: usize,
}

#[derive(Clone, Copy, Default, Debug)]
enum Definition {
    /// Nothing known: a parameter, of a region perhaps.
    #[default]
    Parameter,
    Inst(Inst),
    /// An instruction that got this result after it was made.
    Added,
}

impl Definitions {
    /// States that a value was added to the results of an instruction.
    pub fn state(&mut self, v: Value) {
        self.set(v, Definition::Added);
    }

    fn set(&mut self, v: Value, definition: Definition) {
        if self.of.len() <= v.index() {
            self.of.resize(v.index() + 1, Definition::default());
        }
        self.of[v.index()] = definition;
    }

    /// Learns about new instructions.
    fn update(&mut self, f: &Function) {
        for index in self.seen..f.inst_count() {
            let inst = Inst::new(index);
            for &result in &f.inst(inst).results {
                if let Definition::Parameter = self.of(result) {
                    self.set(result, Definition::Inst(inst));
                }
            }
        }
        self.seen = f.inst_count();
    }

    fn of(&self, v: Value) -> Definition {
        self.of.get(v.index()).copied().unwrap_or_default()
    }
}

/// Stands for what copies of instructions mention.
struct Copies<'a>(&'a FxHashMap<Value, Value>);

impl OperandMap for Copies<'_> {
    fn value(&self, v: Value) -> Value {
        self.0.get(&v).copied().unwrap_or(v)
    }
}

impl Sweep<'_, '_> {
    /// These adjoints in front of an instruction of the innermost region; nothing if one of them is not known there.
    pub(super) fn early(&mut self, adjoints: &[Option<Value>], before: Inst) -> Option<Vec<Option<Value>>> {
        self.definitions.update(self.b.func());
        let mut late = Vec::new();
        for &adjoint in adjoints.iter().flatten() {
            self.late(adjoint, before, &mut late)?;
        }
        // An operand is made before what mentions it.
        late.sort_unstable();
        late.dedup();
        let mut copies = FxHashMap::default();
        let made: Vec<Inst> = late.iter().map(|&inst| self.copied(inst, &mut copies)).collect();
        let region = self.b.current();
        let insts = &mut self.b.func_mut().region_mut(region).insts;
        let place = insts.iter().position(|&inst| inst == before)?;
        insts.splice(place..place, made);
        Some(adjoints.iter().map(|adjoint| adjoint.map(|v| Copies(&copies).value(v))).collect())
    }

    /// Collects what has to be computed a second time.
    fn late(&self, adjoint: Value, before: Inst, late: &mut Vec<Inst>) -> Option<()> {
        let f = self.b.func();
        let mut open = vec![adjoint];
        while let Some(v) = open.pop() {
            match self.definitions.of(v) {
                Definition::Parameter => {}
                Definition::Inst(inst) if inst < before || late.contains(&inst) => {}
                Definition::Inst(inst) if f.inst(inst).op.effect() == Effect::Pure && late.len() < MOST => {
                    late.push(inst);
                    f.inst(inst).op.visit_operands(&mut |operand| open.push(operand));
                }
                Definition::Inst(_) | Definition::Added => return None,
            }
        }
        Some(())
    }

    fn copied(&mut self, inst: Inst, copies: &mut FxHashMap<Value, Value>) -> Inst {
        let f = self.b.func_mut();
        let data = f.inst(inst).clone();
        let mut op: Op = data.op;
        op.map_operands(&Copies(copies));
        let mut results = Values::new();
        for &result in &data.results {
            let copy = f.add_value(f.ty(result).clone());
            copies.insert(result, copy);
            results.push(copy);
        }
        f.add_inst(op, results, data.span)
    }
}
