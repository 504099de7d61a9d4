//! Flags that are decided when they are set need not be tested again.
//!
//! In: an `if` that yields truth values, followed at once by an `if` on one of them: what `break`, `continue` and early returns become. Out: blocks in which the first one's arms jump straight into
//! the right arm of the second, where they yield a literal.
//!
//! ```text
//! v3, v4 = if v2 { yield true, v1 }           brif v2, a, b
//!          else { … yield false, v9 }      ⇒  a:  jump then(v1)
//! v5 = if v3 { yield v4 }                     b:  …  jump otherwise(v9)
//!      else { … }                             (no block where they meet, no flag in a register)
//! ```
//!
//! What the first one yields becomes parameters of both arms of the second, and of what follows if it is still needed there. Chains of any length are followed; everything else about
//! the regions is as in [`super::control`].

use super::Lower;
use crate::error::CodegenError;
use adit_ir::{Const, Inst, Op, Region, Value};
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Where the arms of an `if` go.
enum Arrival {
    /// Both to one block.
    Join(Block),
    /// To the arms of the next `if`, by the yielded value at this place.
    Arms(usize, [Block; 2]),
}

impl Lower<'_, '_, '_, '_> {
    /// The instructions of a region.
    pub(super) fn insts(&mut self, region: Region) -> Result<(), CodegenError> {
        let f = self.f;
        let mut rest = &f.region(region).insts[..];
        while let Some(&first) = rest.first() {
            if let Some(run) = self.plan.take_run(first) {
                rest = &rest[run.length..];
                self.run(first, run)?;
                continue;
            }
            if let Some(length) = self.plan.calls_from(first) {
                self.glue(&rest[..length])?;
                rest = &rest[length..];
                continue;
            }
            let length = self.chain(rest);
            if length > 1 {
                self.threaded(&rest[..length])?;
            } else {
                self.inst(first)?;
            }
            rest = &rest[length.max(1)..];
        }
        Ok(())
    }

    /// How many of the next instructions are `if`s, each on a flag of the one before, which is a literal in at least one arm.
    fn chain(&self, insts: &[Inst]) -> usize {
        let linked = insts.windows(2).take_while(|pair| {
            let flag = self.flag(pair[0], pair[1]);
            flag.is_some_and(|place| self.arms(pair[0]).iter().any(|&arm| self.literal_flag(arm, place).is_some()))
        });
        linked.count() + 1
    }

    /// Which result of the first is the condition of the second.
    fn flag(&self, first: Inst, second: Inst) -> Option<usize> {
        let Op::If { cond, .. } = self.f.inst(second).op else {
            return None;
        };
        let results = &self.f.inst(first).results;
        results.iter().position(|&r| r == cond).filter(|_| !self.arms(first).is_empty())
    }

    /// The arms of an `if`; nothing for other instructions.
    fn arms(&self, inst: Inst) -> SmallVec<[Region; 2]> {
        let op = &self.f.inst(inst).op;
        if matches!(op, Op::If { .. }) { op.regions() } else { SmallVec::new() }
    }

    /// The truth value that an arm yields at a place, if it is a literal.
    fn literal_flag(&self, arm: Region, place: usize) -> Option<bool> {
        let yielded = *self.f.region(arm).yields.get(place)?;
        match self.facts.def(yielded) {
            Some(Op::Const(Const::Bool(b))) => Some(*b),
            _ => None,
        }
    }

    fn threaded(&mut self, chain: &[Inst]) -> Result<(), CodegenError> {
        let f = self.f;
        let Op::If { cond, .. } = f.inst(chain[0]).op else {
            return Err(CodegenError::Internal("a chain of choices begins with something else".into()));
        };
        self.locate(f.inst(chain[0]).span);
        let cond = self.get(cond)?;
        let mut arms = [self.b.create_block(), self.b.create_block()];
        self.b.ins().brif(cond, arms[0], &[], arms[1], &[]);
        let mut incoming: Vec<Value> = Vec::new();
        let mut used: FxHashMap<Value, u32> = FxHashMap::default();
        for (i, &inst) in chain.iter().enumerate() {
            self.position += 1;
            self.locate(f.inst(inst).span);
            self.count_uses(inst, &mut used);
            let mut outgoing = f.inst(inst).results.to_vec();
            let later = |v: &&Value| self.facts.uses(**v) > used.get(*v).copied().unwrap_or(0);
            outgoing.extend(incoming.iter().filter(later));
            let arrival = match chain.get(i + 1).and_then(|&next| self.flag(inst, next)) {
                Some(flag) => Arrival::Arms(flag, [self.block_for(&outgoing), self.block_for(&outgoing)]),
                None => Arrival::Join(self.block_for(&outgoing)),
            };
            for (block, region) in arms.into_iter().zip(self.arms(inst)) {
                self.aside(|lower| lower.arm((block, region), &incoming, &outgoing, &arrival))?;
            }
            incoming = outgoing;
            match arrival {
                Arrival::Arms(_, next) => arms = next,
                Arrival::Join(block) => return self.arrive(block, &incoming),
            }
        }
        Ok(())
    }

    /// One arm: its block's parameters are what came in; it sends out what it yields, and what of that is still needed.
    fn arm(
        &mut self,
        (block, region): (Block, Region),
        incoming: &[Value],
        outgoing: &[Value],
        arrival: &Arrival,
    ) -> Result<(), CodegenError> {
        self.arrive(block, incoming)?;
        let yields = self.region(region, &[])?;
        let kept = outgoing.get(yields.len()..).unwrap_or(&[]);
        let mut args: Vec<BlockArg> = yields.iter().map(|&y| y.into()).collect();
        args.extend(self.block_args(kept)?);
        match arrival {
            Arrival::Join(block) => {
                self.b.ins().jump(*block, &args);
            }
            Arrival::Arms(flag, arms) => match self.literal_flag(region, *flag) {
                Some(true) => {
                    self.b.ins().jump(arms[0], &args);
                }
                Some(false) => {
                    self.b.ins().jump(arms[1], &args);
                }
                None => self.choose_arm(yields.get(*flag).copied(), arms, &args)?,
            },
        }
        Ok(())
    }

    fn choose_arm(
        &mut self,
        flag: Option<ir::Value>,
        arms: &[Block; 2],
        args: &[BlockArg],
    ) -> Result<(), CodegenError> {
        let flag = flag.ok_or_else(|| CodegenError::Internal("an arm yields too little".into()))?;
        self.b.ins().brif(flag, arms[0], args, arms[1], args);
        Ok(())
    }

    /// Adds the uses of values in an instruction and in all that it owns.
    fn count_uses(&self, inst: Inst, used: &mut FxHashMap<Value, u32>) {
        let f = self.f;
        let op = &f.inst(inst).op;
        op.visit_operands(&mut |v| *used.entry(v).or_insert(0) += 1);
        for region in op.regions() {
            f.region(region).insts.iter().for_each(|&inner| self.count_uses(inner, used));
            f.region(region).yields.iter().for_each(|&v| *used.entry(v).or_insert(0) += 1);
        }
    }
}
