//! Several iterations at once.
//!
//! In: a counted loop that [`adit_ir::loops`] has read. Out: in front of the loop itself, a loop over blocks of its iterations, in vectors of two; the loop then runs what is left over, and all of it where there are
//! few iterations, or something does not hold that has to. So what stops a program stops it where it always did, with everything before it done.
//!
//! ```text
//!            brif enough iterations, before, loop(lo, inits…)
//! before:    subscripts in range at both ends?  else loop(lo, inits…);   splats
//! block(i, sums…):    ask for interruption;   each phase sweeps over the block, kernels run in between
//! sweep(k, sums…):    …;  brif k + 2·copies < length, sweep(k + 2·copies, sums'…), next
//! behind:    add the lanes up;  brif left over, loop(rest, results…), after(results…)
//! ```
//!
//! [`phases`] says what each sweep does, [`lanes`] emits arithmetic, [`elements`] and [`records`] read and write. Not in strict mode, since sums are added up in another order; where nothing adds up and no function is called, results are the same, bit for bit.
//! Not with fuel, which counts iterations.

mod cost;
mod elements;
mod lanes;
mod nest;
mod phases;
mod records;
mod report;
mod sums;

use super::Lower;
use super::control::Course;
use crate::abi;
use crate::error::CodegenError;
use crate::mutant::Mutant;
use crate::options::{Options, Vectors};
use adit_ir::bounds::Facts;
use adit_ir::loops::{Before, Form, Linear, Loop, Reduction, Refusal, Why, read, read_as_independent};
use adit_ir::{Bounds, Const, Function, Inst, Op, ScalarType, Trap, Value};
use adit_runtime::vector::Level;
use cost::Worth;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder, StackSlotData, StackSlotKind, types};
use elements::Place;
pub(in crate::lower) use lanes::native_of_lanes;
pub(in crate::lower) use nest::Copy;
use phases::{Phase, Phases, Source};
pub use report::{LoopReport, loop_reports};
use rustc_hash::FxHashMap;

/// Iterations of a block between whose phases kernels run.
const BLOCK: i64 = 128;

/// Iterations between two looks for interruption, where there is one phase.
const STRETCH: i64 = 4096;

/// Loops with more iterations are none that end.
const MOST_TRIPS: i64 = 1 << 40;

/// Functions of more instructions take their time to be compiled as it is.
const MOST: usize = 600;

/// And so do several that have more together, as derivatives of derivatives of derivatives have.
const MOST_IN_ALL: usize = 2_000;

/// A sweep with more sums has one vector of each: sums that are not in registers are slower than sums that wait for themselves.
const MOST_SUMS: usize = 6;

/// How many floats a vector has.
const LANES: i64 = 2;

/// What is the same all over the vector loop.
pub(super) struct Sweeps<'l> {
    l: &'l Loop,
    phases: &'l Phases,
    copies: i64,
    places: Vec<Place<'l>>,
    /// Vectors of what is the same in all iterations.
    splats: FxHashMap<Value, ir::Value>,
    buffers: Vec<ir::StackSlot>,
}

/// Where a vector loop begins and how much it does.
#[derive(Clone, Copy)]
struct Extent {
    from: ir::Value,
    end: ir::Value,
    /// How many iterations the vectors leave over.
    left: ir::Value,
    /// The index from which the loop itself goes on.
    rest: ir::Value,
    /// Whether indices come in rising order.
    rises: bool,
}

/// What of a loop is run in vectors, and how.
pub(super) struct Plan {
    l: Loop,
    phases: Phases,
    /// How many vectors of each value there are at a time.
    copies: i64,
    /// From how many iterations on it is worth it.
    least: i64,
    /// What it gains.
    worth: Worth,
    /// How many iterations there are, where the program says so.
    trips: Option<i64>,
    /// The most iterations of a block.
    block: i64,
}

/// Of which loop, and what is known around it.
#[derive(Clone, Copy)]
struct About<'a> {
    f: &'a Function,
    facts: &'a Facts<'a>,
    /// Whether the function can call itself.
    recursive: bool,
}

impl Plan {
    /// What of a loop is run in vectors.
    fn new(about: About<'_>, inst: Inst, options: &Options, machine: Level) -> Result<Plan, Refusal> {
        let About { f, facts, recursive } = about;
        let refuse = |why| Err(Refusal { why, span: f.inst(inst).span });
        let l = match options.mutant {
            Some(Mutant::DistanceIgnored) => read_as_independent(f, facts, inst)?,
            Some(_) | None => read(f, facts, inst)?,
        };
        let phases = phases::plan(f, &l, machine, &|op| lanes::form(f, facts, machine, op))?;
        if l.written.is_empty() && l.records.is_empty() && l.carried.iter().all(|&c| c == Reduction::Kept) {
            return refuse(Why::Nothing);
        }
        if recursive && phases.buffers > 0 {
            return refuse(Why::Recursive);
        }
        let trips = trips(f, facts, inst);
        if options.vectors == Vectors::Eager {
            let worth = Worth { saves: 1, once: 1 };
            return Ok(Plan { l, phases, copies: 1, least: LANES, worth, trips, block: 2 * LANES });
        }
        let copies = sums::copies(f, &l, &phases).unwrap_or_else(|| copies(&phases));
        let worth = cost::weigh(f, &l, &phases, copies);
        let Some(least) = worth.least(LANES * copies) else { return refuse(Why::Nothing) };
        let block = if phases.buffers > 0 { BLOCK } else { STRETCH };
        match trips {
            Some(trips) if trips < least => refuse(Why::Short(least)),
            Some(_) | None => Ok(Plan { l, phases, copies, least, worth, trips, block }),
        }
    }
}

/// How many iterations a loop has, where the program says so.
fn trips(f: &Function, facts: &Facts<'_>, inst: Inst) -> Option<i64> {
    let Op::For { lo, hi, .. } = f.inst(inst).op else { return None };
    let distance = facts.literal(lo)?.abs_diff(facts.literal(hi)?);
    Some(i64::try_from(distance).unwrap_or(i64::MAX))
}

/// Whether compiling a function takes its time as it is, where all that is compiled has so many instructions.
fn is_large(f: &Function, in_all: usize) -> bool {
    f.inst_count() > MOST || in_all > MOST_IN_ALL
}

/// How vector code does an operation, on any machine that has vectors.
pub fn vector_form(f: &Function, facts: &Facts<'_>, op: &Op) -> Form {
    lanes::form(f, facts, Level::Baseline, op)
}

/// How many vectors of each value there are at a time: short sweeps have more, or would wait for their own sums.
fn copies(phases: &Phases) -> i64 {
    let longest = phases.phases.iter().map(|p| p.steps.len()).max().unwrap_or(0);
    let sums = phases.phases.iter().map(|p| p.carried.len()).max().unwrap_or(0);
    match longest {
        _ if sums > MOST_SUMS => 1,
        // What is left over calls its functions one by one.
        9.. if phases.buffers > 0 => 1,
        _ if phases.buffers > 0 => 2,
        0..=8 => 4,
        9..=24 => 2,
        _ => 1,
    }
}

impl Lower<'_, '_, '_, '_> {
    /// Whether any loop of the function may run in vectors.
    fn may_have_vectors(&self) -> bool {
        let options = self.unit.options;
        let all = options.vectors == Vectors::Eager;
        let small = all || !is_large(self.f, self.unit.insts);
        let often = all || !self.rare;
        options.vectors != Vectors::Off && small && often && !options.strict && !options.fuel && self.unit.has_vectors
    }

    /// What of a loop could be run in vectors, wherever it stands.
    fn planned(&self, inst: Inst) -> Result<Plan, Refusal> {
        let graph = &self.unit.graph;
        let recursive = graph.place(self.id).is_some_and(|place| graph.is_recursive(place));
        let about = About { f: self.f, facts: &self.facts, recursive };
        Plan::new(about, inst, self.unit.options, self.unit.slices)
    }

    /// What of a loop is run in vectors, if anything is.
    pub(super) fn vector_plan(&self, inst: Inst) -> Option<Plan> {
        if !self.may_have_vectors() {
            return None;
        }
        let plan = self.planned(inst).ok()?;
        let eager = self.unit.options.vectors == Vectors::Eager;
        let here = match self.copy.as_ref().and_then(|copy| copy.takes(inst)) {
            Some(takes) => takes,
            None => self.loops == 0 || plan.trips.is_some() || eager,
        };
        here.then_some(plan)
    }

    /// Runs what can be run in vectors, and goes to `head` with the rest, or to `after`. Goes on in a block where the loop has still to be begun.
    pub(super) fn vectors(
        &mut self,
        plan: &Plan,
        course: &Course,
        bounds: Bounds,
        inits: &[ir::Value],
        (head, after): (Block, Block),
    ) -> Result<(), CodegenError> {
        let (before, scalar) = (self.b.create_block(), self.b.create_block());
        let (lo, hi) = (self.int(bounds.lo)?, self.int(bounds.hi)?);
        // The indices are those from `low` up to `low + trips`, in whichever order.
        let forward = course.rises();
        let (low, trips) = match forward != bounds.reversed {
            true => (lo, self.b.ins().isub(hi, lo)),
            false => (self.b.ins().iadd_imm_s(hi, 1), self.b.ins().isub(lo, hi)),
        };
        let surplus = self.b.ins().iadd_imm_s(trips, -plan.least);
        let many = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, surplus, MOST_TRIPS);
        let enough = self.b.ins().band(course.enters, many);
        self.b.ins().brif(enough, before, &[], scalar, &[]);
        self.b.switch_to_block(before);
        let span = self.span;
        self.aside(|lower| {
            lower.before(plan, (low, trips), scalar)?;
            lower.locate(span);
            let whole = lower.b.ins().band_imm_s(trips, -(LANES * plan.copies));
            lower.tapes_suffice(&plan.l, whole, scalar)?;
            let left = lower.b.ins().isub(trips, whole);
            let from = if forward || lower.errs(Mutant::OrderLost) { low } else { lower.b.ins().iadd(low, left) };
            let end = lower.b.ins().iadd(from, whole);
            let rest = if forward { end } else { lower.b.ins().iadd_imm_s(from, -1) };
            lower.blocks(plan, Extent { from, end, left, rest, rises: forward }, inits, (head, after))
        })?;
        self.locate(span);
        self.b.switch_to_block(scalar);
        Ok(())
    }

    /// What is done once, and what has to hold, in order.
    fn before(&mut self, plan: &Plan, (low, trips): (ir::Value, ir::Value), scalar: Block) -> Result<(), CodegenError> {
        let distance = self.b.ins().iadd_imm_s(trips, -1);
        for before in &plan.l.before {
            match before {
                Before::Compute(inst) => self.inst(*inst)?,
                Before::Choose(choice) => {
                    let value = self.select(choice.cond, choice.then, choice.otherwise)?;
                    self.define(choice.result, value)?;
                }
                Before::InRange(form, extent) => {
                    let first = self.linear(form, low)?;
                    let extent = self.int(*extent)?;
                    let mut outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, first, extent);
                    if !form.is_uniform() {
                        let way = self.b.ins().imul_imm_s(distance, form.scale);
                        let last = self.b.ins().iadd(first, way);
                        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, last, extent);
                        outside = self.b.ins().bor(outside, beyond);
                    }
                    if self.errs(Mutant::StopHoisted) {
                        self.trap_if(outside, Trap::IndexOutOfRange, &[first, extent]);
                    }
                    self.unless(outside, scalar);
                }
                Before::Apart(one, other) => {
                    let (a, b) = (self.uniform_part(one)?, self.uniform_part(other)?);
                    let distance = self.b.ins().isub(a, b);
                    let distance = self.b.ins().iabs(distance);
                    let reach = self.b.ins().imul_imm_s(trips, one.scale.wrapping_abs());
                    // From one up to before the reach; nothing where they are the same.
                    let (distance, reach) = (self.b.ins().iadd_imm_s(distance, -1), self.b.ins().iadd_imm_s(reach, -1));
                    let near = self.b.ins().icmp(IntCC::UnsignedLessThan, distance, reach);
                    if !self.errs(Mutant::DistanceBelieved) {
                        self.unless(near, scalar);
                    }
                }
                Before::Holds(cond) => {
                    let cond = self.get(*cond)?;
                    let go_on = self.b.create_block();
                    self.branch_to(cond, go_on, scalar);
                }
            }
        }
        Ok(())
    }

    /// Whether a seeded bug acts.
    pub(super) fn errs(&self, mutant: Mutant) -> bool {
        self.unit.options.mutant == Some(mutant)
    }

    /// Goes to the loop itself if `cond` holds.
    fn unless(&mut self, cond: ir::Value, scalar: Block) {
        let go_on = self.b.create_block();
        self.b.ins().brif(cond, scalar, &[], go_on, &[]);
        self.b.switch_to_block(go_on);
    }

    /// The form's value at an index.
    fn linear(&mut self, form: &Linear, index: ir::Value) -> Result<ir::Value, CodegenError> {
        let fixed = self.uniform_part(form)?;
        if form.is_uniform() {
            return Ok(fixed);
        }
        let way = self.b.ins().imul_imm_s(index, form.scale);
        Ok(self.b.ins().iadd(way, fixed))
    }

    /// The form's value at index 0.
    pub(super) fn uniform_part(&mut self, form: &Linear) -> Result<ir::Value, CodegenError> {
        let mut sum: Option<ir::Value> = None;
        for &(v, factor) in &form.terms {
            let value = self.get(v)?;
            let term = if factor == 1 { value } else { self.b.ins().imul_imm_s(value, factor) };
            sum = Some(sum.map_or(term, |sum| self.b.ins().iadd(sum, term)));
        }
        Ok(match sum {
            Some(sum) if form.offset == 0 => sum,
            Some(sum) => {
                let offset = self.word(form.offset);
                self.b.ins().iadd(sum, offset)
            }
            None => self.word(form.offset),
        })
    }

    /// The loop over blocks, from splats to results.
    fn blocks(
        &mut self,
        plan: &Plan,
        extent: Extent,
        inits: &[ir::Value],
        (head, after): (Block, Block),
    ) -> Result<(), CodegenError> {
        let buffers = self.buffers(plan.phases.buffers);
        let (places, splats) = (self.places(plan, extent)?, self.splats(&plan.phases)?);
        let mut v = Sweeps { l: &plan.l, phases: &plan.phases, copies: plan.copies, places, splats, buffers };
        let sums = self.first_sums(&v, inits);
        let block = self.b.create_block();
        self.b.append_block_param(block, abi::WORD);
        for &sum in sums.iter().flatten() {
            let ty = self.b.func.dfg.value_type(sum);
            self.b.append_block_param(block, ty);
        }
        let enter = block_args(extent.from, &sums);
        self.b.ins().jump(block, &enter);
        self.b.switch_to_block(block);
        let params = self.b.block_params(block).to_vec();
        let (from, sums) = (params[0], regroup(&params[1..], &sums));
        let span = self.span;
        self.poll(span);
        let left = self.b.ins().isub(extent.end, from);
        let most = self.word(plan.block);
        let length = self.b.ins().umin(left, most);
        let sums = self.block(&mut v, (from, length), sums)?;
        self.locate(span);
        let next = self.b.ins().iadd(from, length);
        let again = self.b.ins().icmp(IntCC::NotEqual, next, extent.end);
        let behind = self.b.create_block();
        let repeat = block_args(next, &sums);
        self.b.ins().brif(again, block, &repeat, behind, &[]);
        self.b.switch_to_block(behind);
        let results = self.results(&v, &sums, inits);
        let whole = self.b.ins().isub(extent.end, extent.from);
        self.move_tops(&plan.l, whole)?;
        let leave: Vec<BlockArg> = results.iter().map(|&r| r.into()).collect();
        let go_on: Vec<BlockArg> = std::iter::once(extent.rest.into()).chain(leave.iter().copied()).collect();
        match self.errs(Mutant::RemainderLost) {
            true => self.b.ins().jump(after, &leave),
            false => self.b.ins().brif(extent.left, head, &go_on, after, &leave),
        };
        Ok(())
    }

    /// So many buffers. Loops have them one after the other, so all of a function have the same ones.
    fn buffers(&mut self, count: usize) -> Vec<ir::StackSlot> {
        while self.slices.len() < count {
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * BLOCK as u32, 4);
            self.slices.push(self.b.create_sized_stack_slot(data));
        }
        self.slices[..count].to_vec()
    }

    /// All phases over one block of iterations.
    fn block(
        &mut self,
        v: &mut Sweeps<'_>,
        (from, length): (ir::Value, ir::Value),
        mut sums: Vec<Vec<ir::Value>>,
    ) -> Result<Vec<Vec<ir::Value>>, CodegenError> {
        let bases = self.bases(v, from);
        let phases = v.phases;
        for phase in &phases.phases {
            if !phase.steps.is_empty() || !phase.kept.is_empty() || !phase.carried.is_empty() {
                self.sweep(v, phase, (from, length, &bases), &mut sums)?;
            }
            for call in &phase.calls {
                let mut args = Vec::new();
                for &to in &call.to {
                    args.push(self.b.ins().stack_addr(abi::WORD, v.buffers[to], 0));
                }
                for &from in &call.from {
                    args.push(match from {
                        Source::Buffer(buffer) => self.b.ins().stack_addr(abi::WORD, v.buffers[buffer], 0),
                        Source::Array(step) => self.base_of(v, &bases, step),
                    });
                }
                args.push(length);
                self.call_import(call.slice.name, &args, None);
            }
        }
        Ok(sums)
    }

    /// One sweep over a block.
    fn sweep(
        &mut self,
        v: &Sweeps<'_>,
        phase: &Phase,
        (from, length, bases): (ir::Value, ir::Value, &[ir::Value]),
        sums: &mut [Vec<ir::Value>],
    ) -> Result<(), CodegenError> {
        let (sweep, next) = (self.b.create_block(), self.b.create_block());
        let zero = self.word(0);
        let mut enter: Vec<BlockArg> = vec![zero.into()];
        self.b.append_block_param(sweep, abi::WORD);
        for &k in &phase.carried {
            for &sum in &sums[k] {
                let ty = self.b.func.dfg.value_type(sum);
                self.b.append_block_param(sweep, ty);
                enter.push(sum.into());
            }
        }
        self.b.ins().jump(sweep, &enter);
        self.b.switch_to_block(sweep);
        let params = self.b.block_params(sweep).to_vec();
        let k = params[0];
        let copies = v.copies as usize;
        let mut out: Vec<ir::Value> = vec![zero; params.len() - 1];
        for copy in 0..copies {
            let mut env = lanes::Env::new((from, k, copy), bases);
            for (place, &way) in phase.carried.iter().enumerate() {
                env.set(v.l.ends[way].0, params[1 + place * copies + copy]);
            }
            self.copy_of(v, phase, &mut env)?;
            for (place, &way) in phase.carried.iter().enumerate() {
                out[place * copies + copy] = self.lanes_of_value(v, &mut env, v.l.ends[way].1)?;
            }
        }
        let ahead = self.b.ins().iadd_imm_s(k, LANES * v.copies);
        let again = self.b.ins().icmp(IntCC::UnsignedLessThan, ahead, length);
        let mut repeat: Vec<BlockArg> = vec![ahead.into()];
        repeat.extend(out.iter().map(|&o| BlockArg::from(o)));
        self.b.ins().brif(again, sweep, &repeat, next, &[]);
        self.b.switch_to_block(next);
        for (place, &way) in phase.carried.iter().enumerate() {
            sums[way] = out[place * copies..][..copies].to_vec();
        }
        Ok(())
    }

    /// The steps of a phase, for one vector of each value.
    fn copy_of(&mut self, v: &Sweeps<'_>, phase: &Phase, env: &mut lanes::Env<'_>) -> Result<(), CodegenError> {
        for &(value, buffer) in &phase.fetched {
            let lanes = self.fetch_lanes(env, v.buffers[buffer], value);
            env.set(value, lanes);
        }
        for &step in &phase.steps {
            let step = &v.l.steps[step];
            self.locate(step.span);
            self.step_in_lanes(v, env, step)?;
        }
        for &(value, buffer) in &phase.kept {
            let lanes = self.lanes_of_value(v, env, value)?;
            self.keep_lanes(env, v.buffers[buffer], lanes);
        }
        Ok(())
    }

    /// What sums begin with: the first lane with what is carried in, the others with what changes nothing.
    fn first_sums(&mut self, v: &Sweeps<'_>, inits: &[ir::Value]) -> Vec<Vec<ir::Value>> {
        let mut sums = Vec::new();
        for (&reduction, &init) in v.l.carried.iter().zip(inits) {
            let neutral = match reduction {
                Reduction::Sum => Some(self.constant_lanes(Const::F64(-0.0))),
                Reduction::Product => Some(self.constant_lanes(Const::F64(1.0))),
                Reduction::IntegerSum => Some(self.constant_lanes(Const::I64(0))),
                Reduction::Kept | Reduction::Min | Reduction::Max => None,
            };
            let first = match neutral {
                Some(neutral) => self.b.ins().insertlane(neutral, init, 0),
                None => self.splat(init),
            };
            let neutral = neutral.filter(|_| !self.errs(Mutant::StartRepeated));
            let mut all = vec![neutral.unwrap_or(first); v.copies as usize];
            all[0] = first;
            sums.push(all);
        }
        sums
    }

    /// What sums come to.
    fn results(&mut self, v: &Sweeps<'_>, sums: &[Vec<ir::Value>], inits: &[ir::Value]) -> Vec<ir::Value> {
        let mut results = Vec::new();
        for ((&reduction, sums), &init) in v.l.carried.iter().zip(sums).zip(inits) {
            if reduction == Reduction::Kept {
                results.push(init);
                continue;
            }
            let mut open = sums.clone();
            if self.errs(Mutant::AccumulatorLost) && open.len() > 1 {
                open.pop();
            }
            while open.len() > 1 {
                open = open
                    .chunks(2)
                    .map(|pair| if pair.len() == 2 { self.join(reduction, pair[0], pair[1]) } else { pair[0] })
                    .collect();
            }
            let (first, second) = (self.b.ins().extractlane(open[0], 0), self.b.ins().extractlane(open[0], 1));
            let joined = self.join(reduction, first, second);
            results.push(if self.errs(Mutant::LaneLost) { first } else { joined });
        }
        results
    }

    fn join(&mut self, reduction: Reduction, a: ir::Value, b: ir::Value) -> ir::Value {
        match reduction {
            Reduction::Kept => a,
            Reduction::Sum => self.b.ins().fadd(a, b),
            Reduction::IntegerSum => self.b.ins().iadd(a, b),
            Reduction::Product => self.b.ins().fmul(a, b),
            Reduction::Min => self.b.ins().fmin(a, b),
            Reduction::Max => self.b.ins().fmax(a, b),
        }
    }

    /// Vectors of what is the same in all iterations, literals aside.
    fn splats(&mut self, phases: &Phases) -> Result<FxHashMap<Value, ir::Value>, CodegenError> {
        let mut splats = FxHashMap::default();
        for &v in &phases.uniform {
            if !matches!(self.facts.def(v), Some(Op::Const(_))) {
                let value = self.get(v)?;
                let lanes = match self.f.ty(v).scalar() {
                    Some(ScalarType::Bool) => {
                        let mask = self.b.ins().bmask(types::I64, value);
                        self.splat(mask)
                    }
                    Some(_) | None => self.splat(value),
                };
                splats.insert(v, lanes);
            }
        }
        Ok(splats)
    }

    /// A vector of one number.
    fn splat(&mut self, x: ir::Value) -> ir::Value {
        let ty = match self.b.func.dfg.value_type(x) {
            types::F64 => types::F64X2,
            types::I8 => {
                let wide = self.b.ins().bmask(types::I64, x);
                return self.b.ins().splat(types::I64X2, wide);
            }
            _ => types::I64X2,
        };
        self.b.ins().splat(ty, x)
    }
}

fn block_args(first: ir::Value, sums: &[Vec<ir::Value>]) -> Vec<BlockArg> {
    std::iter::once(first).chain(sums.iter().flatten().copied()).map(BlockArg::from).collect()
}

/// A list in groups of the sizes of others.
fn regroup(flat: &[ir::Value], like: &[Vec<ir::Value>]) -> Vec<Vec<ir::Value>> {
    let mut rest = flat;
    let mut groups = Vec::new();
    for group in like {
        let (now, later) = rest.split_at(group.len().min(rest.len()));
        groups.push(now.to_vec());
        rest = later;
    }
    groups
}
