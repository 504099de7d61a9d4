//! What iterations of a recurrence could do side by side is taken out of it, a block of iterations at a time.
//!
//! In: a function. Out: the same with counted loops, in which an iteration needs what the one before it computed, split into *stages*: loops over a block of iterations, one after the other, that are sequential or
//! parallel in turn. What a stage needs of an earlier one waits in an array of one block.
//!
//! ```text
//!                                                v11 = alloc [f64; 128]   v12 = alloc [f64; 128]
//!                                                for v8 in 0..v7 step 128 (v9: i64 = 0, v10: f64 = v2) {
//! v3 = for rev v4 in 0..d0 (v5: f64 = v2) {        for rev k in 0..128 { v6 = tape.pop v0   store v11[k], v6 }
//!   v6 = tape.pop v0                        ⇒      for k in 0..128     { … v13 = sin v6     store v12[k], v13 }
//!   v13 = sin v6                                   v14 = for rev k in 0..128 (v5: f64 = v10) { …  v15 = mul v5, v13   yield v15 }
//!   v15 = mul v5, v13                              yield …, v14
//!   yield v15                                    }
//! }                                              the loop as it was, for what is left
//! ```
//!
//! The parallel stages are loops that a code generator with vectors takes, and functions in them run over slices. Without vectors nothing would be gained, so nothing is split unless [`Options`] say what has vectors.
//!
//! **The same bits, the same stops.** `depend` says what has to come before what: uses, carried values, elements that several iterations touch, and everything that may stop the run, print, call, or use a tape, which stays in one stage,
//! in its order. A subscript that goes evenly with the index and is not proved to be in range is looked at in front of the loop, for the first and the last iteration; if one is out of range, the loop runs as it was. `plan` makes
//! stages, `write` writes them. Of what the run counts, steps become more and memory by some kilobytes.
//!
//! Not only recurrences: where an iteration does the same to many elements beside each other, as derivatives along seven directions and more do, all but the functions goes to the sequential stages, whose iterations have their numbers two at a time. A vector of
//! two iterations would be gathered from two rows for each of them.
//!
//! What this does not do: loops whose step is not one, or with a loop inside; loops within loops, unless they are known to be long, since most are short and would only have more to ask before they begin; loops that a code generator takes as they are; functions of more than 400 instructions.

mod depend;
mod plan;
mod write;

use crate::{Options, twice};
use adit_ir::bounds::Facts;
use adit_ir::loops::Form;
use adit_ir::{Builder, Copier, Function, Inst, Module, Op, Region, Rewrite};
use plan::Plan;
use rustc_hash::FxHashMap;

/// Functions of more instructions are left alone: a split loop stands there twice, and a code generator does not look for vectors in large functions.
const MOST: usize = 400;

/// What is split, and how.
#[derive(Clone, Copy, Debug)]
pub struct Fission {
    /// Iterations of a block, at least 2.
    pub block: i64,
    /// How the code generator does an operation on several numbers at once.
    pub form: fn(&Function, &Facts<'_>, &Op) -> Form,
    /// Whether loops are split that gain nothing: for tests.
    pub eager: bool,
}

/// Rewrites one function.
pub fn run(module: &Module, f: &Function, options: Options) -> Option<Function> {
    let fission = options.fission?;
    if f.inst_count() > MOST || !f.insts().any(|i| matches!(i.op, Op::For { .. })) {
        return None;
    }
    let facts = Facts::new(f);
    let mut search = Search { module, f, facts: &facts, fission, options, plans: FxHashMap::default() };
    search.region(f.body, false);
    let mut split = Split { plans: search.plans, fission, options };
    if split.plans.is_empty() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut split, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Looks for loops to split.
struct Search<'s, 'f> {
    module: &'s Module,
    f: &'f Function,
    facts: &'s Facts<'f>,
    fission: Fission,
    options: Options,
    plans: FxHashMap<Inst, Plan>,
}

impl Search<'_, '_> {
    /// Whether a loop of the region, which may be within another loop, is split; inner ones come first, for they run more often.
    fn region(&mut self, region: Region, within: bool) -> bool {
        let f = self.f;
        let mut found = false;
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            if twice::is_choice(f, self.facts, op) {
                continue;
            }
            let repeats = matches!(op, Op::For { .. } | Op::While { .. });
            let mut inner = false;
            for region in op.regions() {
                inner |= self.region(region, within || repeats);
            }
            if !inner && matches!(op, Op::For { .. }) {
                let context = depend::Context { module: self.module, f, facts: self.facts, options: self.options };
                if let Some(plan) = plan::plan(context, self.fission, inst, within) {
                    self.plans.insert(inst, plan);
                    inner = true;
                }
            }
            found |= inner;
        }
        found
    }
}

struct Split {
    plans: FxHashMap<Inst, Plan>,
    fission: Fission,
    options: Options,
}

impl Rewrite for Split {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        match self.plans.get(&inst) {
            Some(plan) => write::split(copier, b, inst, plan, (self.fission.block, self.options)),
            None => copier.copy(self, b, inst),
        }
    }
}
