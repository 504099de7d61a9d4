//! Arrays that a loop gets back, as it read them, for as long as it is reversed.
//!
//! In: a loop that is reversed as a whole, and the arrays that the [plan](super::plan) keeps for it: it reads them again and again, and leaves them alone. Out: arrays that stand for these. Their elements are pushed behind the loop
//! in the forward sweep, and popped in front of its reverse:
//!
//! ```text
//! for … { … load a[i, k] … }              v8 = alloc ; pop the elements of v8
//! push the elements of a                  for rev … { … load v8[i, k] … }
//! ```
//!
//! Loops and calls in a row that see the same in an array share what comes back.

use super::Sweep;
use super::frames::Kind;
use crate::Mutant;
use adit_ir::{Inst, OperandMap, Value};

impl Sweep<'_, '_> {
    /// Brings the arrays back that are kept for a loop; gives what they stand for.
    pub(super) fn hold(&mut self, inst: Inst) -> Vec<Value> {
        let mut held = Vec::new();
        for array in self.plan.keeps(inst).to_vec() {
            let forward = self.forward.map.value(array);
            if self.standin.contains_key(&forward) {
                continue;
            }
            if let Some(restored) = self.held(inst, array) {
                self.standin.insert(forward, restored);
                held.push(forward);
            }
        }
        held
    }

    /// The loop is reversed.
    pub(super) fn release(&mut self, held: &[Value]) {
        for forward in held {
            self.standin.remove(forward);
        }
    }

    /// What stands for an array as it was when a loop ran.
    fn held(&mut self, inst: Inst, array: Value) -> Option<Value> {
        let copy = self.forward.inst(inst)?;
        let parent = self.frame().primal.and_then(|primal| self.forward.region(primal))?;
        let key = (self.b.current(), array);
        let known = self.forward.ruled.standing.get(&key).copied();
        let forgets = self.has(Mutant::KeptForAll);
        let restored = match known.filter(|&(next, _)| forgets || self.is_same_until(inst, next, array)) {
            Some((_, restored)) => restored,
            None => {
                let restored = self.as_it_was(array, copy, parent);
                if restored != self.forward.map.value(array) {
                    self.note_tape(Kind::Straight);
                    self.asked.arrays.push((inst, array));
                }
                restored
            }
        };
        self.forward.ruled.standing.insert(key, (inst, restored));
        Some(restored)
    }
}
