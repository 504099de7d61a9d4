//! Loops whose iterations are reversed one by one, each right after its own primal: nothing is saved from one iteration to the next.
//!
//! In: a loop whose iterations are independent ([`super::independent`]) and whose results have adjoints that are known before it (condition b: [`super::early`]). Out: its forward copy, with
//! the reverse of the body at the end of the body.
//!
//! ```text
//! v6 = for v7 in 0..d0 (v8: f64 = v5) {         v2 is the adjoint of v6
//!   v9 = load v0[v7]
//!   v10 = sin v9
//!   v11 = add v8, v10
//!   v12 = cos v9                                  the reverse of the iteration begins
//!   v13 = smul v2, v12
//!   acc v1[v7], v13
//!   yield v11
//! }
//! ```
//!
//! All values of the iteration are visible, so they are used as they are. What the body adds to adjoints of values from outside is carried by the forward loop, from zero, and added to these
//! at the loop's place in the reverse sweep. Loops and branches inside the body are reversed as ever, on tapes that are empty again when the iteration ends; or
//! in place, if they, too, fulfil the conditions.
//!
//! What this does not do: a function that falls into two halves has no seeds in the forward sweep, so its loops are not reversed there.

use super::Sweep;
use super::frames::{Change, Closed};
use super::independent::{Iterations, Obstacle, Relaxed, Reversal};
use super::loops::Carried;
use crate::refusal::Refusal;
use crate::{AdOpt, Mutant};
use adit_ir::{Const, Inst, Op, Region, Value};

impl Sweep<'_, '_> {
    /// Whether loops are reversed in the forward sweep at all.
    pub(super) fn may_be_local(&self) -> bool {
        self.options.opts.has(AdOpt::Local) && !self.is_cut
    }

    /// Reverses the iterations of a loop in the forward sweep, if that is allowed; says whether.
    pub(super) fn locally(&mut self, inst: Inst, body: Region, carried: &[Carried]) -> Result<bool, Refusal> {
        let copies = (self.forward.inst(inst), self.forward.region(body));
        let (Some(copy), Some(region), true) = (copies.0, copies.1, self.options.opts.has(AdOpt::Local)) else {
            return Ok(false);
        };
        let seeds = match self.seeds(inst, copy, carried) {
            Ok(seeds) => seeds,
            Err(obstacle) => {
                self.asked.loops.push((inst, Reversal::Whole(obstacle)));
                return Ok(false);
            }
        };
        self.asked.loops.push((inst, Reversal::AtOnce));
        let Closed { changes, .. } = self.reverse_at_end(body, region, carried, &seeds)?;
        self.hand_on(copy, &changes, carried);
        Ok(true)
    }

    /// The adjoints of what a loop carries, before the loop, if its iterations can be reversed one by one.
    pub(super) fn seeds(
        &mut self,
        inst: Inst,
        copy: Inst,
        carried: &[Carried],
    ) -> Result<Vec<Option<Value>>, Obstacle> {
        match () {
            () if self.is_cut => Err(Obstacle::Apart),
            () if !self.frame().visible => Err(Obstacle::Around),
            () => Ok(()),
        }?;
        self.independent(inst)?;
        let seeds: Vec<Option<Value>> = carried.iter().map(|c| c.seed).collect();
        let known = self.early(&seeds, copy);
        let one = |sweep: &mut Self, v| {
            sweep.at_entry(Op::Const(Const::float(sweep.scalar_type(v), 1.0)), sweep.b.ty(v).clone())
        };
        let guess = self.has(Mutant::LocalSeed) && known.is_none();
        let guessed = guess.then(|| seeds.iter().map(|seed| seed.map(|v| one(self, v))).collect());
        known.or(guessed).ok_or(Obstacle::Unknown)
    }

    fn independent(&self, inst: Inst) -> Result<Vec<Value>, Obstacle> {
        let relaxed = Relaxed {
            carried: self.has(Mutant::LocalCarried),
            writes: self.has(Mutant::LocalWrites),
            stored_later: self.has(Mutant::LocalWrittenLater),
        };
        let (module, f, facts, activity) = (self.requests.module, self.source, self.facts, self.activity);
        Iterations { module, f, facts, activity, relaxed, again: None }.independent(inst)
    }

    /// Appends the reverse of a loop's body to a copy of it.
    pub(super) fn reverse_at_end(
        &mut self,
        body: Region,
        region: Region,
        carried: &[Carried],
        seeds: &[Option<Value>],
    ) -> Result<Closed, Refusal> {
        let mut yields = self.b.func().region(region).yields.clone();
        self.reopen(body, region)?;
        for (c, &seed) in carried.iter().zip(seeds) {
            if let Some(seed) = seed {
                self.add(c.yielded, seed);
            }
        }
        self.region(body)?;
        // It is the seed again.
        for c in carried {
            self.take(c.param);
        }
        let closed = self.close();
        for change in &closed.changes {
            yields.push(self.or_zero(change.inside, change.value));
        }
        self.b.func_mut().region_mut(region).yields = yields;
        Ok(closed)
    }

    /// Makes that copy of the loop carry what its body adds to adjoints from outside, and adds that to these.
    pub(super) fn hand_on(&mut self, copy: Inst, changes: &[Change], carried: &[Carried]) {
        for change in changes {
            let zero = self.zero(change.value);
            // The body has its parameter and its yield already.
            let regions = self.b.func().inst(copy).op.regions();
            let total = self.carry_more(copy, &[zero], &regions[..regions.len() - 1]);
            self.add(change.value, total[0]);
        }
        for c in carried {
            if let Some(seed) = c.seed {
                self.add(c.init, seed);
            }
        }
    }
}
