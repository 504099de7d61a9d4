//! Regions become blocks.
//!
//! In: `if`, `for`, `while`, and regions with memory of their own. Out: blocks. A counted loop is guarded once and tested at its end:
//!
//! ```text
//!           brif lo < hi, body(lo, inits…), after(inits…)
//! body(i, carried…):  …;  brif i + 1 < hi, body(i + 1, yields…), after(yields…)
//! after(results…):
//! ```
//!
//! Where the body is short and simple, interruption is looked for once in some hundred iterations, and not before the first of them: the loop becomes two, the inner one without a look. What is around such
//! a loop looks for itself.
//!
//! Loops with other steps, and reversed ones, know their last index beforehand, so no arithmetic can wrap past the bound. A region that allocates gives its memory back when it ends.

use super::Lower;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::bounds::Facts;
use adit_ir::prim::{Code, Native};
use adit_ir::{Bounds, CmpOp, Inst, Op, Region, Trap, Value};
use adit_runtime::context::offset;
use adit_runtime::hooks;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder};

/// Where memory goes back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    arena: Option<(ir::Value, ir::Value)>,
    tapes: Option<ir::Value>,
}

/// How many iterations may pass between two looks for interruption, where the body is short.
const CHUNK: i64 = 512;

/// The most instructions of such a body.
const CHUNKED_BODY: usize = 150;

/// A counted loop's course.
#[derive(Clone, Copy)]
pub(super) struct Course {
    /// Whether the body runs at all.
    pub(super) enters: ir::Value,
    first: ir::Value,
    step: Step,
    again: Again,
    /// Whether there are at most [`CHUNK`] iterations, as the program says.
    few: bool,
}

/// How the index goes on.
#[derive(Clone, Copy)]
enum Step {
    Literal(i64),
    Value(ir::Value),
}

/// Whether the body runs again.
#[derive(Clone, Copy)]
enum Again {
    /// If the next index is still before the bound.
    NextBefore(IntCC, ir::Value),
    /// Unless this index was the last.
    Unless(ir::Value),
    /// If bound minus index, unsigned, exceeds the step.
    Farther(ir::Value, i64),
}

impl Course {
    /// The index that comes first.
    pub(super) fn first(&self) -> ir::Value {
        self.first
    }

    /// Whether there are so few iterations that one look for interruption in front of them is enough, if each is quick.
    pub(super) fn is_few(&self) -> bool {
        self.few
    }

    /// Whether indices come in rising order.
    pub(super) fn rises(&self) -> bool {
        matches!(self.step, Step::Literal(1))
    }
}

impl Lower<'_, '_, '_, '_> {
    /// What `inside` does with a region, between taking a mark and giving memory back, if the region has memory of its own. What was learned inside is forgotten.
    pub(super) fn scope<T>(
        &mut self,
        region: Region,
        inside: impl FnOnce(&mut Self) -> Result<T, CodegenError>,
    ) -> Result<T, CodegenError> {
        self.aside(|lower| {
            let mark = lower.mark(region);
            let result = inside(lower);
            lower.give_back(mark);
            result
        })
    }

    fn mark(&mut self, region: Region) -> Mark {
        let f = self.f;
        let ops = || f.region(region).insts.iter().map(|&inst| &f.inst(inst).op);
        let allocates = ops().any(|op| matches!(op, Op::Alloc { .. }));
        let arena = if allocates { self.arena_mark().arena } else { None };
        let has_tapes = ops().any(|op| matches!(op, Op::TapeNew { .. }));
        let tapes = has_tapes.then(|| self.context_word(offset::TAPE_DEPTH));
        Mark { arena, tapes }
    }

    /// Where the arena stands.
    pub(super) fn arena_mark(&mut self) -> Mark {
        let arena = Some((self.context_word(offset::ARENA_NEXT), self.context_word(offset::ARENA_CHUNK)));
        Mark { arena, tapes: None }
    }

    fn context_word(&mut self, at: i32) -> ir::Value {
        let flags = self.memory.context;
        let context = self.context();
        self.b.ins().load(abi::WORD, flags, context, at)
    }

    pub(super) fn give_back(&mut self, mark: Mark) {
        if let Some(depth) = mark.tapes {
            let (flags, context) = (self.memory.context, self.context());
            self.b.ins().store(flags, depth, context, offset::TAPE_DEPTH);
        }
        if let Some((next, chunk)) = mark.arena {
            let flags = self.memory.context;
            let now = self.context_word(offset::ARENA_CHUNK);
            let same = self.b.ins().icmp(IntCC::Equal, now, chunk);
            let (near, far, after) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
            self.b.set_cold_block(far);
            let context = self.context();
            self.branch_to(same, near, far);
            self.b.ins().store(flags, next, context, offset::ARENA_NEXT);
            self.b.ins().jump(after, &[]);
            self.b.switch_to_block(far);
            self.call_cold(hooks::RESET, &[context, next, chunk]);
            self.b.ins().jump(after, &[]);
            self.b.switch_to_block(after);
        }
    }

    /// A region from its parameters to what it yields.
    pub(super) fn region(&mut self, region: Region, params: &[ir::Value]) -> Result<Vec<ir::Value>, CodegenError> {
        let f = self.f;
        self.scope(region, |lower| {
            lower.define_all(&f.region(region).params, params)?;
            lower.insts(region)?;
            lower.values(&f.region(region).yields)
        })
    }

    /// A block with a parameter for each value.
    pub(super) fn block_for(&mut self, values: &[Value]) -> Block {
        let block = self.b.create_block();
        for &v in values {
            self.b.append_block_param(block, abi::value(self.f.ty(v)));
        }
        block
    }

    pub(super) fn jump(&mut self, to: Block, args: &[ir::Value]) {
        let args: Vec<BlockArg> = args.iter().map(|&a| a.into()).collect();
        self.b.ins().jump(to, &args);
    }

    /// Goes on in `block`, whose parameters are the results.
    pub(super) fn arrive(&mut self, block: Block, results: &[Value]) -> Result<(), CodegenError> {
        self.b.switch_to_block(block);
        let params = self.b.block_params(block).to_vec();
        self.define_all(results, &params)
    }

    pub(super) fn if_(&mut self, cond: Value, regions: [Region; 2], results: &[Value]) -> Result<(), CodegenError> {
        let (around, no_number) = (self.rare, asks_for_no_number(&self.facts, cond));
        let cond = self.get(cond)?;
        let (then, otherwise) = (self.b.create_block(), self.b.create_block());
        if no_number {
            self.b.set_cold_block(then);
        }
        let after = self.block_for(results);
        self.b.ins().brif(cond, then, &[], otherwise, &[]);
        for ((block, region), rare) in [then, otherwise].into_iter().zip(regions).zip([no_number, false]) {
            self.b.switch_to_block(block);
            self.rare = around || rare;
            let yields = self.region(region, &[])?;
            self.jump(after, &yields);
        }
        self.rare = around;
        self.arrive(after, results)
    }

    pub(super) fn while_(
        &mut self,
        inits: &[Value],
        cond: Region,
        body: Region,
        results: &[Value],
    ) -> Result<(), CodegenError> {
        let span = self.span;
        self.preload(&[cond, body])?;
        let (head, inside, after) = (self.block_for(results), self.b.create_block(), self.block_for(results));
        let inits = self.values(inits)?;
        self.jump(head, &inits);
        self.b.switch_to_block(head);
        self.loops += 1;
        let carried = self.b.block_params(head).to_vec();
        let goes_on = self.region(cond, &carried)?;
        let leave: Vec<BlockArg> = carried.iter().map(|&c| c.into()).collect();
        let goes_on = *goes_on.first().ok_or_else(|| CodegenError::Internal("a condition yields nothing".into()))?;
        self.come_back_if(goes_on, inside, (after, &leave));
        self.locate(span);
        self.aside(|lower| {
            lower.poll(span);
            let yields = lower.region(body, &carried)?;
            lower.jump(head, &yields);
            Ok(())
        })?;
        self.loops -= 1;
        self.locate(span);
        self.arrive(after, results)
    }

    /// A counted loop; one around others may stand there [twice](super::vector).
    pub(super) fn for_(
        &mut self,
        (inst, bounds): (Inst, Bounds),
        inits: &[Value],
        body: Region,
        results: &[Value],
    ) -> Result<(), CodegenError> {
        match self.nest(inst) {
            Some(nest) => self.twice(&nest, (inst, bounds), inits, body, results),
            None => self.loop_((inst, bounds), inits, body, results),
        }
    }

    /// A counted loop.
    pub(super) fn loop_(
        &mut self,
        (inst, bounds): (Inst, Bounds),
        inits: &[Value],
        body: Region,
        results: &[Value],
    ) -> Result<(), CodegenError> {
        self.preload(&[body])?;
        let course = self.course(bounds)?;
        let after = self.block_for(results);
        let head = self.block_for(&self.f.region(body).params);
        // Here, where it dominates the vectors, the loop and what follows them.
        let inits = self.values(inits)?;
        let nest = self.product_plan(inst);
        if let Some(nest) = &nest {
            self.products(nest, after)?;
        }
        let plan = self.vector_plan(inst);
        if let Some(pairs) = self.pairs(body).filter(|pairs| nest.is_none() && (plan.is_none() || pairs.are_better())) {
            self.loops += 1;
            self.paired(&pairs, &course, body, &inits, after)?;
            self.loops -= 1;
            return self.arrive(after, results);
        }
        if let Some(plan) = plan {
            self.vectors(&plan, &course, bounds, &inits, (head, after))?;
        }
        let start: Vec<BlockArg> = inits.iter().map(|&init| init.into()).collect();
        let enter: Vec<BlockArg> = std::iter::once(course.first.into()).chain(start.iter().copied()).collect();
        self.b.ins().brif(course.enters, head, &enter, after, &start);
        self.b.switch_to_block(head);
        self.loops += 1;
        let around = self.has_kernels;
        self.has_kernels |= nest.is_some();
        self.aside(|lower| match lower.end_of_chunks(&course, body) {
            Some((end, step)) => lower.chunked(&course, (end, step), body, head, after),
            None => lower.polled(&course, body, head, after),
        })?;
        self.has_kernels = around;
        self.loops -= 1;
        self.arrive(after, results)
    }

    /// A loop that polls in each iteration.
    fn polled(&mut self, course: &Course, body: Region, head: Block, after: Block) -> Result<(), CodegenError> {
        let span = self.span;
        self.poll(span);
        let params = self.b.block_params(head).to_vec();
        let yields = self.region(body, &params)?;
        self.locate(span);
        let (next, again) = self.advance(course, params[0]);
        self.close_loop(again, (head, after), next, &yields);
        Ok(())
    }

    /// A loop that runs an inner loop of at most [`CHUNK`] iterations, and polls before it does so again.
    fn chunked(
        &mut self,
        course: &Course,
        (end, step): (ir::Value, i64),
        body: Region,
        head: Block,
        after: Block,
    ) -> Result<(), CodegenError> {
        let span = self.span;
        let params = self.b.block_params(head).to_vec();
        let chunk = self.chunk(course, params[0], (end, step));
        self.keep_ends(body)?;
        let inner = self.block_for(&self.f.region(body).params);
        let ends = self.carried_ends();
        ends.iter().for_each(|_| {
            self.b.append_block_param(inner, abi::WORD);
        });
        let latch = self.b.create_block();
        let carried = params.len();
        self.jump(inner, &[params, ends].concat());
        self.b.switch_to_block(inner);
        let params = self.b.block_params(inner).to_vec();
        self.set_carried_ends(&params[carried..]);
        let yields = self.region(body, &params[..carried])?;
        self.locate(span);
        let (next, again) = self.advance(&chunk, params[0]);
        let mut repeat = with_index(next, &yields);
        repeat.extend(self.carried_ends().into_iter().map(BlockArg::from));
        self.b.ins().brif(again, inner, &repeat, latch, &[]);
        self.b.switch_to_block(latch);
        self.store_ends()?;
        let (_, again) = self.advance(course, params[0]);
        let more = self.b.create_block();
        let leave: Vec<BlockArg> = yields.iter().map(|&y| y.into()).collect();
        self.come_back_if(again, more, (after, &leave));
        self.poll(span);
        self.b.ins().jump(head, &with_index(next, &yields));
        Ok(())
    }

    /// The course of the next chunk, from an index on.
    pub(super) fn chunk(&mut self, course: &Course, index: ir::Value, (end, step): (ir::Value, i64)) -> Course {
        let (from, to) = if step > 0 { (index, end) } else { (end, index) };
        let left = self.b.ins().isub(to, from);
        let far = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, left, CHUNK);
        let ahead = self.b.ins().iadd_imm_s(index, step * CHUNK);
        // This form of `select` stays where it is; the plain one would sink into the inner loop.
        let stop = self.b.ins().select_spectre_guard(far, ahead, end);
        let again = match course.again {
            Again::NextBefore(order, _) => Again::NextBefore(order, stop),
            Again::Unless(_) | Again::Farther(..) => Again::Unless(stop),
        };
        Course { again, ..*course }
    }

    fn close_loop(&mut self, again: ir::Value, (head, after): (Block, Block), next: ir::Value, yields: &[ir::Value]) {
        let leave: Vec<BlockArg> = yields.iter().map(|&y| y.into()).collect();
        self.b.ins().brif(again, head, &with_index(next, yields), after, &leave);
    }

    /// The bound (or the last index) of a loop that may run in chunks, and its step of 1 or -1: its body must be short, and take little time.
    pub(super) fn end_of_chunks(&self, course: &Course, body: Region) -> Option<(ir::Value, i64)> {
        let Step::Literal(step @ (1 | -1)) = course.step else {
            return None;
        };
        let end = match course.again {
            Again::NextBefore(_, end) | Again::Unless(end) => end,
            Again::Farther(..) => return None,
        };
        let mut left = CHUNKED_BODY;
        (!self.unit.options.fuel && self.is_quick(body, &mut left)).then_some((end, step))
    }

    /// Whether a region has few instructions, all of bounded time.
    fn is_quick(&self, region: Region, left: &mut usize) -> bool {
        let f = self.f;
        f.region(region).insts.iter().all(|&inst| {
            *left = left.saturating_sub(1);
            *left > 0
                && match &f.inst(inst).op {
                    Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => true,
                    Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Assert { .. } => true,
                    Op::TapePush { .. } | Op::TapePop { .. } => true,
                    Op::If { then, otherwise, .. } => self.is_quick(*then, left) && self.is_quick(*otherwise, left),
                    Op::For { .. } | Op::While { .. } | Op::Call { .. } | Op::Print { .. } => false,
                    Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::TapeNew { .. } => false,
                }
        })
    }

    /// The next index, and whether the body runs with it.
    pub(super) fn advance(&mut self, course: &Course, index: ir::Value) -> (ir::Value, ir::Value) {
        let next = match course.step {
            Step::Literal(step) => self.b.ins().iadd_imm_s(index, step),
            Step::Value(step) => self.b.ins().iadd(index, step),
        };
        let again = match course.again {
            Again::NextBefore(order, bound) => self.b.ins().icmp(order, next, bound),
            Again::Unless(last) => self.b.ins().icmp(IntCC::NotEqual, index, last),
            Again::Farther(bound, step) => {
                let left = if step > 0 { self.b.ins().isub(bound, index) } else { self.b.ins().isub(index, bound) };
                let step = self.word(step.wrapping_abs());
                self.b.ins().icmp(IntCC::UnsignedGreaterThan, left, step)
            }
        };
        (next, again)
    }

    fn course(&mut self, bounds: Bounds) -> Result<Course, CodegenError> {
        let course = match self.facts.literal(bounds.step) {
            Some(step) if step != 0 => self.literal_course(bounds, step)?,
            Some(_) | None => self.dynamic_course(bounds)?,
        };
        let distance = self.facts.literal(bounds.lo).zip(self.facts.literal(bounds.hi)).map(|(lo, hi)| lo.abs_diff(hi));
        Ok(Course { few: distance.is_some_and(|distance| distance <= CHUNK.unsigned_abs()), ..course })
    }

    fn literal_course(&mut self, bounds: Bounds, step: i64) -> Result<Course, CodegenError> {
        let (lo, hi) = (self.int(bounds.lo)?, self.int(bounds.hi)?);
        let order = if step > 0 { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
        let enters = self.b.ins().icmp(order, lo, hi);
        let by_one = matches!(step, 1 | -1);
        if !bounds.reversed {
            let again = if by_one { Again::NextBefore(order, hi) } else { Again::Farther(hi, step) };
            return Ok(Course { enters, first: lo, step: Step::Literal(step), again, few: false });
        }
        let first = if by_one {
            self.b.ins().iadd_imm_s(hi, -step)
        } else {
            let distance = if step > 0 { self.b.ins().isub(hi, lo) } else { self.b.ins().isub(lo, hi) };
            let (step, size) = (self.word(step), self.word(step.wrapping_abs()));
            self.last(lo, distance, step, size)
        };
        Ok(Course { enters, first, step: Step::Literal(step.wrapping_neg()), again: Again::Unless(lo), few: false })
    }

    /// `lo + (distance - 1) / size * step`, which means something only if the loop enters.
    fn last(&mut self, lo: ir::Value, distance: ir::Value, step: ir::Value, size: ir::Value) -> ir::Value {
        let before = self.b.ins().iadd_imm_s(distance, -1);
        let trips = self.b.ins().udiv(before, size);
        let span = self.b.ins().imul(trips, step);
        self.b.ins().iadd(lo, span)
    }

    fn dynamic_course(&mut self, bounds: Bounds) -> Result<Course, CodegenError> {
        let (lo, hi, step) = (self.int(bounds.lo)?, self.int(bounds.hi)?, self.int(bounds.step)?);
        let zero = self.b.ins().icmp_imm_s(IntCC::Equal, step, 0);
        self.trap_if(zero, Trap::ZeroStep, &[]);
        let up = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, step, 0);
        let (below, above) =
            (self.b.ins().icmp(IntCC::SignedLessThan, lo, hi), self.b.ins().icmp(IntCC::SignedGreaterThan, lo, hi));
        let enters = self.b.ins().select(up, below, above);
        let (ahead, behind) = (self.b.ins().isub(hi, lo), self.b.ins().isub(lo, hi));
        let distance = self.b.ins().select(up, ahead, behind);
        let back = self.b.ins().ineg(step);
        let size = self.b.ins().select(up, step, back);
        let last = self.last(lo, distance, step, size);
        Ok(if bounds.reversed {
            Course { enters, first: last, step: Step::Value(back), again: Again::Unless(lo), few: false }
        } else {
            Course { enters, first: lo, step: Step::Value(step), again: Again::Unless(last), few: false }
        })
    }
}

/// The arguments of a loop's body: its index and what it carries.
fn with_index(index: ir::Value, carried: &[ir::Value]) -> Vec<BlockArg> {
    std::iter::once(index.into()).chain(carried.iter().map(|&c| c.into())).collect()
}

/// Whether a condition asks, perhaps among other things, whether something is no number, which is seldom so: what has to be done again does.
pub(super) fn asks_for_no_number(facts: &Facts<'_>, cond: Value) -> bool {
    let asks = |v: Value| matches!(facts.def(v), Some(Op::Cmp { op: CmpOp::Ne, a, b }) if a == b);
    match facts.def(cond) {
        Some(Op::Prim { prim, args }) if prim.row().code == Code::Native(Native::Or) => args.iter().any(|&v| asks(v)),
        Some(_) | None => asks(cond),
    }
}
