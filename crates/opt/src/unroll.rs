//! Unrolling: short loops whose bounds are literals are written out.
//!
//! In: a function. Out: the same where a `for` of at most [`MOST_TRIPS`] iterations, whose body is short and runs no loop that stays, stands as that many copies of its body, one after the other, the index a literal in each.
//!
//! ```text
//! v1 = for v2 in 0..2 (v3: f64 = v0) {          v2 = const 0     v4 = load v9[v2]    v5 = add v0, v4
//!   v4 = load v9[v2]                      ⇒     v6 = const 1     v7 = load v9[v6]    v8 = add v5, v7
//!   v5 = add v3, v4                             v8 for v1
//!   yield v5
//! }
//! ```
//!
//! `fold` then writes the subscripts in place, and `promote` makes scalars of small arrays that are read and written nowhere else: points of space, rows of small matrices. Loops are looked at from the inside
//! outwards, so that nests are written out as long as they stay short. Loops stay whose reverse the program says something about, and those that allocate what a program might notice, since it would all be alive at one time.

use crate::promote::MOST_ELEMENTS;
use crate::{Mutant, Options};
use adit_ir::{Builder, Copier, Function, Inst, Module, Op, Region, Rewrite, Trips};
use rustc_hash::FxHashMap;

/// Loops of more iterations stay.
pub const MOST_TRIPS: u64 = 8;

/// Loops that would be written out with more instructions stay.
pub const MOST_INSTS: usize = 128;

/// No function grows by more than this many instructions.
const ROOM: usize = 2000;

/// Unrolls in one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    let mut plan = Plan { f, chosen: FxHashMap::default(), room: ROOM, options };
    plan.region(f.body);
    if plan.chosen.is_empty() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Unroll { chosen: plan.chosen }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Which loops are written out.
struct Plan<'f> {
    f: &'f Function,
    chosen: FxHashMap<Inst, Trips>,
    /// By how much the function may still grow.
    room: usize,
    options: Options,
}

impl Plan<'_> {
    /// How many instructions a region has when loops inside are written out; nothing if it can stand only once.
    fn region(&mut self, region: Region) -> Option<usize> {
        let f = self.f;
        // All are looked at, also behind one that stays.
        let sizes: Vec<Option<usize>> = f.region(region).insts.iter().map(|&inst| self.inst(inst)).collect();
        sizes.into_iter().sum()
    }

    fn inst(&mut self, inst: Inst) -> Option<usize> {
        let f = self.f;
        match &f.inst(inst).op {
            Op::If { then, otherwise, .. } => {
                let (then, otherwise) = (self.region(*then), self.region(*otherwise));
                Some(1 + then? + otherwise?)
            }
            Op::For { body, .. } => {
                let body = self.region(*body);
                self.loop_(inst, body?)
            }
            Op::While { cond, body, .. } => {
                self.region(*cond);
                self.region(*body);
                None
            }
            Op::Alloc { ty } => {
                let count = ty.dims.iter().try_fold(1_i64, |n, d| n.checked_mul(d.constant()?));
                count.filter(|n| (0..=MOST_ELEMENTS).contains(n)).map(|_| 1)
            }
            Op::Call { .. } | Op::TapeNew { .. } => None,
            _ => Some(1),
        }
    }

    /// The instructions of a loop that is written out from now on, if it may be.
    fn loop_(&mut self, inst: Inst, body: usize) -> Option<usize> {
        let Op::For { lo, hi, step, reversed, checkpoint: None, .. } = self.f.inst(inst).op else { return None };
        let reversed = reversed && !self.options.has(Mutant::UnrolledForwards);
        let trips = Trips::new(lo.constant()?, hi.constant()?, step.constant()?, reversed)?;
        let count = usize::try_from(trips.count()).ok().filter(|_| trips.count() <= MOST_TRIPS)?;
        let size = body.saturating_mul(count);
        self.room = (size <= MOST_INSTS).then(|| self.room.checked_sub(size)).flatten()?;
        self.chosen.insert(inst, trips);
        Some(size)
    }
}

struct Unroll {
    chosen: FxHashMap<Inst, Trips>,
}

impl Rewrite for Unroll {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let source = copier.source;
        let (Some(&trips), Op::For { inits, body, .. }) = (self.chosen.get(&inst), &source.inst(inst).op) else {
            return copier.copy(self, b, inst);
        };
        let mut carried = copier.map.values(inits);
        for index in (0..).map_while(|done| trips.index(done)) {
            b.set_span(copier.span(inst));
            let index = b.i64(index);
            let now = std::iter::once(index).chain(carried);
            for (&param, v) in source.region(*body).params.iter().zip(now) {
                copier.map.set(param, v);
            }
            carried = copier.copy_insts(self, b, *body);
        }
        for (&result, v) in source.inst(inst).results.iter().zip(carried) {
            copier.map.set(result, v);
        }
    }
}
