//! The reverse of `for` and `while`: a `for` over the same iterations, last to first; or first to last, where iterations are independent ([`super::independent`]) and take nothing back from a tape.
//!
//! In: the adjoints of the results. Out: the adjoints of the first values, and the accumulators that the body changed.
//!
//! ```text
//! v3 = for v4 in 0..v0 (v5: f64 = v1) {       v12, v13 = for v4 in rev 0..v0 (c: f64 = w, v8: f64 = v2_bar) {
//!   v6 = mul v5, v2                             v9 = tape.pop …                      (v5 of this iteration)
//!   yield v6                                    v10 = smul c, v2 ; v11 = smul c, v9 ; v12 = add v8, v11
//! }                                             yield v10, v12
//!                                             }                                      (v1_bar += v12, v2_bar = v13)
//! ```
//!
//! Carried adjoints: at the start of an iteration's reverse, c_j is the adjoint of what the iteration yields; at its end, the adjoint of what the iteration received
//! is the next c_j. All c_j are values of their own, so a body that swaps what it carries needs no care: they are all read before anything is added.
//!
//! A `while` counts its trips in the forward sweep, and is reversed as a counted loop. If its condition region writes to active arrays, that region has a reverse
//! of its own, which runs once more than the body's:
//!
//! ```text
//! for k in rev 0..n+1 (c = w) {
//!   c' = if k < n { reverse of the body } else { yield c }
//!   reverse of the condition
//!   yield c' + what that adds
//! }
//! ```

use super::Sweep;
use super::frames::{Closed, Kind};
use super::independent::Relaxed;
use crate::algebra;
use crate::refusal::Refusal;
use crate::{AdOpt, Mutant};
use adit_ir::{Bounds, CmpOp, Function, Inst, Int, Op, OperandMap, Region, Type, Value, Values};

/// A carried value through which derivatives flow.
#[derive(Clone, Copy)]
pub(super) struct Carried {
    pub(super) init: Value,
    /// What the body receives.
    pub(super) param: Value,
    /// What the condition region of a `while` receives; the same as `param` for a `for`.
    tested: Value,
    pub(super) yielded: Value,
    /// The loop's result.
    pub(super) result: Value,
    /// Its adjoint.
    pub(super) seed: Option<Value>,
}

impl Sweep<'_, '_> {
    pub(super) fn counted(&mut self, inst: Inst, body: Region, inits: &[Value]) -> Result<(), Refusal> {
        let params = &self.source.region(body).params;
        let carried = self.carried(inst, inits, &params[1..], &params[1..], body);
        if self.is_silent(&carried) && !self.facts.writes(body) {
            return Ok(());
        }
        if self.checkpointed(inst, &carried)? {
            return Ok(());
        }
        if self.locally(inst, body, &carried)? || self.again_and_back(inst, body, &carried)? {
            return Ok(());
        }
        let Op::For { lo, hi, step, reversed, .. } = self.source.inst(inst).op else { return Ok(()) };
        let [lo, hi, step] = [lo, hi, step].map(|bound| self.bound(bound));
        let kept = self.has(Mutant::NegativeStepKept) && matches!(step, Int::Const(..0));
        let bounds = Bounds { lo, hi, step, reversed: reversed == kept };
        let free = self.takes_any_order(inst);

        let held = self.hold(inst);
        let cotangents = self.open_loop(body, &carried)?;
        let index = self.forward.map.value(params[0]);
        self.name(index, cotangents[0]);
        let next = self.body(body, &carried, &cotangents[1..])?;
        let closed = self.close();
        let ascends = free && (!unwinds(self.b.func(), closed.region) || self.has(Mutant::AscendSaved));
        let bounds = if ascends { Bounds { reversed, ..bounds } } else { bounds };
        self.hand_back(bounds, &carried, next, closed);
        self.release(&held);
        Ok(())
    }

    /// Whether the iterations of a `for` can be reversed in any order, if they save nothing: then first to last, as the primal did.
    fn takes_any_order(&self, inst: Inst) -> bool {
        let relaxed = Relaxed {
            carried: self.has(Mutant::AscendCarried),
            writes: self.has(Mutant::AscendShared),
            stored_later: false,
        };
        self.options.opts.has(AdOpt::Ascend) && self.may_run_again(inst, relaxed).is_ok()
    }

    fn bound(&mut self, bound: Int) -> Int {
        match bound {
            Int::Value(v) if self.has(Mutant::BoundsAgain) => Int::Value(self.last_only(v)),
            Int::Value(_) | Int::Const(_) => self.residual_int(bound),
        }
    }

    pub(super) fn uncounted(&mut self, inst: Inst, inits: &[Value], cond: Region, body: Region) -> Result<(), Refusal> {
        let [tested, params] = [cond, body].map(|region| self.source.region(region).params.as_slice());
        let carried = self.carried(inst, inits, tested, params, body);
        let both = self.facts.writes(cond);
        if self.is_silent(&carried) && !self.facts.writes(body) && !both {
            return Ok(());
        }
        if self.checkpointed(inst, &carried)? {
            return Ok(());
        }
        if !both && (self.locally(inst, body, &carried)? || self.again_and_back(inst, body, &carried)?) {
            return Ok(());
        }
        let Some(count) = self.count_trips(inst) else { return Ok(()) };
        if self.depth() > 0 {
            self.asked.trips.push(inst);
        }
        let count = self.saved(count, self.depth());
        if both {
            return self.with_condition(count, &carried, cond, body);
        }
        let cotangents = self.open_loop(body, &carried)?;
        let next = self.body(body, &carried, &cotangents[1..])?;
        self.close_loop(backwards(count), &carried, next);
        Ok(())
    }

    /// A `while` whose condition region has a reverse.
    fn with_condition(&mut self, count: Value, carried: &[Carried], cond: Region, body: Region) -> Result<(), Refusal> {
        let tests = match self.has(Mutant::TestsMiscounted) {
            true => count,
            false => algebra::successor(&mut self.b, count),
        };
        let cotangents = self.open_loop(cond, carried)?;
        let (index, cotangents) = (cotangents[0], &cotangents[1..]);

        self.open(Kind::Straight, Some(body), &[])?;
        let next = self.body(body, carried, cotangents)?;
        let ran = self.close();
        self.b.func_mut().region_mut(ran.region).yields = next;
        self.open(Kind::Straight, None, &[])?;
        let skipped = self.close();
        self.b.func_mut().region_mut(skipped.region).yields = cotangents.into();
        let runs = self.b.cmp(CmpOp::Lt, index, count);
        let received = self.join(runs, [ran, skipped]);

        let region = self.b.current();
        self.frame().before = self.b.func().region(region).insts.len();
        for (c, &adjoint) in carried.iter().zip(&received) {
            self.set(c.tested, adjoint);
        }
        self.region(cond)?;
        let next = carried.iter().map(|c| self.take_or_zero(c.tested)).collect();
        self.close_loop(backwards(tests), carried, next);
        Ok(())
    }

    /// What is carried with derivatives. `tested` and `params` are what the regions receive.
    fn carried(
        &mut self,
        inst: Inst,
        inits: &[Value],
        tested: &[Value],
        params: &[Value],
        body: Region,
    ) -> Vec<Carried> {
        let source = self.source;
        let (results, yields) = (&source.inst(inst).results, &source.region(body).yields);
        let mut carried = Vec::new();
        for (j, &param) in params.iter().enumerate() {
            let (init, tested, yielded, result) = (inits[j], tested[j], yields[j], results[j]);
            if [tested, param, result].iter().any(|&v| self.activity.of(v)) {
                carried.push(Carried { init, param, tested, yielded, result, seed: self.take(result) });
            }
        }
        carried
    }

    fn is_silent(&self, carried: &[Carried]) -> bool {
        carried.iter().all(|c| c.seed.is_none())
    }

    /// Begins the body of the reversed loop: its parameters are the index and the carried adjoints.
    fn open_loop(&mut self, primal: Region, carried: &[Carried]) -> Result<Values, Refusal> {
        let mut types = vec![Type::I64];
        types.extend(carried.iter().map(|c| self.source.ty(c.param).clone()));
        self.open(Kind::Loop, Some(primal), &types)
    }

    /// The reverse of the body: from the adjoints of what it yields to those of what it received.
    fn body(&mut self, body: Region, carried: &[Carried], cotangents: &[Value]) -> Result<Values, Refusal> {
        if self.has(Mutant::CarriedInSequence) {
            for (c, &cotangent) in carried.iter().zip(cotangents) {
                self.set(c.param, cotangent);
            }
            for c in carried {
                let cotangent = self.take_or_zero(c.param);
                self.add(c.yielded, cotangent);
            }
        } else {
            for (c, &cotangent) in carried.iter().zip(cotangents) {
                self.add(c.yielded, cotangent);
            }
        }
        self.region(body)?;
        Ok(carried.iter().map(|c| self.take_or_zero(c.param)).collect())
    }

    fn take_or_zero(&mut self, v: Value) -> Value {
        let adjoint = self.take(v);
        self.or_zero(adjoint, v)
    }

    /// Ends the reversed loop and hands its results on.
    fn close_loop(&mut self, bounds: Bounds, carried: &[Carried], next: Values) {
        let closed = self.close();
        self.hand_back(bounds, carried, next, closed);
    }

    fn hand_back(&mut self, bounds: Bounds, carried: &[Carried], next: Values, closed: Closed) {
        let Closed { region, changes } = closed;
        let mut inits: Values = carried.iter().map(|c| self.or_zero(c.seed, c.init)).collect();
        let mut yields = next;
        for change in &changes {
            inits.push(self.or_zero(change.outside, change.value));
            yields.push(self.or_zero(change.inside, change.value));
        }
        self.b.func_mut().region_mut(region).yields = yields;
        let inst = self.b.for_(bounds, &inits, region);
        let results = self.b.results(inst);
        for (change, &result) in changes.iter().zip(&results[carried.len()..]) {
            self.adjoint[change.value.index()] = Some(result);
        }
        for (c, &result) in carried.iter().zip(&results) {
            self.add(c.init, result);
        }
    }
}

/// Whether a region takes back what was saved, last first.
fn unwinds(f: &Function, region: Region) -> bool {
    let mut unwinds = false;
    f.walk_region(region, &mut |inst| {
        let tapes = match &f.inst(inst).op {
            Op::TapePop { .. } | Op::TapePush { .. } => true,
            Op::Call { args, .. } => args.iter().any(|&v| matches!(f.ty(v), Type::Tape(_))),
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } => false,
            Op::For { .. } | Op::While { .. } | Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } => false,
            Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::TapeNew { .. } => false,
            Op::Assert { .. } | Op::Print { .. } => false,
        };
        unwinds |= tapes;
    });
    unwinds
}

/// From the last trip to the first.
fn backwards(count: Value) -> Bounds {
    Bounds { reversed: true, ..Bounds::up_to(Int::Value(count)) }
}
