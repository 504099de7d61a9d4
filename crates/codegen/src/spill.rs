//! Long-lived values of large functions live in memory.
//!
//! In: a function. Out: a [`Plan`]: which values are stored where they are defined and loaded back near their uses, and in which 8-byte slot of a frame.
//!
//! ```text
//! v7 = sin v6                     v7 stored to its slot
//! …  thousands of instructions    (no register, and nothing for the allocator to consider)
//! v9000 = cos v7                  loaded back, and again only if the next use is far away
//! ```
//!
//! Reverse code keeps what the forward sweep computed until the backward sweep uses it. Cranelift's register allocator takes time quadratic in the number of values that live
//! through such code; with them in memory it is near-linear, and the code is not slower. Before a small loop all that it needs is loaded, so that loads stay outside.
//!
//! In small functions only those floats have a slot that live through a call and are used in a loop without calls: a call leaves no float in its register, and the allocator, left alone, stores and loads
//! such a value in every iteration. What was loaded before a call is loaded again after it.
//!
//! Literals are never kept: they are made anew where they are used. Each value has a slot of its own, so that a wrong guess about its life costs time, never correctness.

use crate::abi;
use crate::error::CodegenError;
use crate::glue::Glue;
use crate::lower::Lower;
use crate::options::{OptLevel, Options};
use crate::straight::{NONE, Run, Runs, Slots};
use adit_ir::bounds::Facts;
use adit_ir::prim::Code;
use adit_ir::{Function, Inst, Op, Region, ScalarType, Value};
use cranelift_codegen::ir::{self, InstBuilder};
use cranelift_codegen::isa::CallConv;
use rustc_hash::FxHashSet;

/// A value that lives longer than so many instructions goes to memory.
const LONG: u32 = 120;

/// After so many instructions, a loaded value is loaded again.
pub(crate) const STALE: usize = 60;

/// Loops of at most so many instructions find their values loaded.
const SMALL_LOOP: usize = 50;

/// Which values live in memory.
#[derive(Debug)]
pub(crate) struct Plan {
    slots: Vec<u32>,
    count: u32,
    large: bool,
    runs: Runs,
    glue: Glue,
}

impl Plan {
    /// Of a function, in which calls stand in a row as `glue` finds, if it is large.
    pub(crate) fn new(
        f: &Function,
        facts: &Facts<'_>,
        (options, call_conv): (&Options, CallConv),
        glue: impl FnOnce() -> Glue,
    ) -> Self {
        if f.inst_count() <= options.large_above {
            let mut crossings = Crossings::new(f);
            crossings.read(f.body);
            return crossings.plan;
        }
        let mut lives = Lives::new(f);
        lives.read(f.body);
        let from = if options.opt == OptLevel::O3 { usize::MAX } else { options.run_from };
        let (runs, slots) = Runs::new(f, facts, from, call_conv);
        lives.plan((runs, slots), glue())
    }

    /// Where a value lives, if in memory.
    pub(crate) fn slot(&self, v: Value) -> Option<u32> {
        self.slots.get(v.index()).copied().filter(|&s| s != NONE)
    }

    /// Whether the function is large enough to have a plan.
    pub(crate) fn is_large(&self) -> bool {
        self.large
    }

    /// The run that begins with an instruction, once.
    pub(crate) fn take_run(&mut self, first: Inst) -> Option<Run> {
        self.runs.take(first)
    }

    /// How many instructions in a row, from this one on, are calls.
    pub(crate) fn calls_from(&self, first: Inst) -> Option<usize> {
        self.glue.run(first)
    }

    /// How many instructions are in runs.
    pub(crate) fn in_runs(&self) -> usize {
        self.runs.length
    }

    /// How many slots there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}

/// Floats that live through a call and are used in a loop without calls.
struct Crossings<'a> {
    f: &'a Function,
    plan: Plan,
    /// Where each float is defined, in instructions of the text.
    from: Vec<u32>,
    now: u32,
    /// Where the last call was, or began to be in a loop that comes back to it.
    call: u32,
}

impl<'a> Crossings<'a> {
    fn new(f: &'a Function) -> Self {
        let n = f.value_count();
        let (runs, glue) = (Runs::default(), Glue::default());
        let plan = Plan { slots: vec![NONE; n], count: 0, large: false, runs, glue };
        let mut crossings = Crossings { f, plan, from: vec![NONE; n], now: 0, call: 0 };
        f.params.iter().for_each(|p| crossings.define(p.value));
        crossings
    }

    fn define(&mut self, v: Value) {
        if self.f.ty(v).scalar().is_some_and(ScalarType::is_float) {
            self.from[v.index()] = self.now;
        }
    }

    fn read(&mut self, region: Region) {
        let f = self.f;
        f.region(region).params.iter().for_each(|&p| self.define(p));
        for &inst in &f.region(region).insts {
            let data = f.inst(inst);
            self.now += 1;
            let calls = has_call(f, inst);
            let repeats = matches!(data.op, Op::For { .. } | Op::While { .. });
            if repeats && !calls {
                self.quiet_loop(inst);
            } else {
                // A loop that calls comes back from its end: to its beginning, all that is from before has lived through a call.
                self.call = if repeats { self.now } else { self.call };
                self.now += u32::from(repeats);
                data.op.regions().into_iter().for_each(|inner| self.read(inner));
                self.call = if calls { self.now } else { self.call };
            }
            // Literals are made anew at each use.
            if !matches!(data.op, Op::Const(_)) {
                data.results.iter().for_each(|&r| self.define(r));
            }
        }
    }

    /// Gives slots to what a loop without calls uses from before the last call.
    fn quiet_loop(&mut self, inst: Inst) {
        let f = self.f;
        for region in f.inst(inst).op.regions() {
            self.quiet_region(region);
        }
    }

    fn quiet_region(&mut self, region: Region) {
        let f = self.f;
        for &inst in &f.region(region).insts {
            f.inst(inst).op.visit_operands(&mut |v| self.used(v));
            self.quiet_loop(inst);
        }
        f.region(region).yields.iter().for_each(|&v| self.used(v));
    }

    fn used(&mut self, v: Value) {
        let slot = &mut self.plan.slots[v.index()];
        if self.from[v.index()] < self.call && *slot == NONE {
            *slot = self.plan.count;
            self.plan.count += 1;
        }
    }
}

/// Whether an instruction calls a function, itself or in its regions.
fn has_call(f: &Function, inst: Inst) -> bool {
    let op = &f.inst(inst).op;
    let of_table = matches!(op, Op::Prim { prim, .. } if prim.row().code == Code::Call);
    let itself = of_table || matches!(op, Op::Call { .. });
    itself || op.regions().into_iter().any(|r| f.region(r).insts.iter().any(|&i| has_call(f, i)))
}

/// From where to where each value lives, in instructions of the text.
struct Lives<'a> {
    f: &'a Function,
    from: Vec<u32>,
    to: Vec<u32>,
    now: u32,
    /// Open loops: where each begins, and the values from outside that are used in it.
    loops: Vec<(u32, Vec<Value>)>,
}

impl<'a> Lives<'a> {
    fn new(f: &'a Function) -> Self {
        let n = f.value_count();
        let mut lives = Lives { f, from: vec![NONE; n], to: vec![0; n], now: 0, loops: Vec::new() };
        f.dims.iter().chain(f.params.iter().map(|p| &p.value)).for_each(|&v| lives.define(v));
        lives
    }

    fn define(&mut self, v: Value) {
        self.from[v.index()] = self.now;
    }

    /// A use of a value, and where it is an array, of its extents.
    fn used(&mut self, v: Value) {
        let f = self.f;
        let dims = f.ty(v).array().map_or(&[][..], |a| &a.dims);
        dims.iter().filter_map(|d| d.value()).for_each(|d| self.scalar_used(d));
        self.scalar_used(v);
    }

    fn scalar_used(&mut self, v: Value) {
        let (from, to) = (self.from[v.index()], &mut self.to[v.index()]);
        *to = (*to).max(self.now);
        // What comes from outside a loop lives until the loop ends.
        let outermost = self.loops.partition_point(|(start, _)| *start < from);
        if let Some((_, outside)) = self.loops.get_mut(outermost) {
            outside.push(v);
        }
    }

    fn read(&mut self, region: Region) {
        let f = self.f;
        f.region(region).params.iter().for_each(|&p| self.define(p));
        for &inst in &f.region(region).insts {
            self.inst(inst);
        }
        f.region(region).yields.iter().for_each(|&v| self.used(v));
    }

    fn inst(&mut self, inst: Inst) {
        let data = self.f.inst(inst);
        self.now += 1;
        data.op.visit_operands(&mut |v| self.used(v));
        let regions = data.op.regions();
        let repeats = matches!(data.op, Op::For { .. } | Op::While { .. });
        if repeats {
            self.loops.push((self.now, Vec::new()));
            self.now += 1;
        }
        regions.into_iter().for_each(|inner| self.read(inner));
        if repeats && let Some((_, outside)) = self.loops.pop() {
            for v in outside {
                self.used(v);
            }
        }
        // Literals are made anew at each use.
        if !matches!(data.op, Op::Const(_)) {
            data.results.iter().for_each(|&r| self.define(r));
        }
    }

    /// Gives a slot to each long life, and to all that calls in a row read and make; what runs make have theirs already, where they need one.
    fn plan(self, (runs, Slots { mut slots, mut count, made }): (Runs, Slots), glue: Glue) -> Plan {
        for v in &glue.values {
            let slot = &mut slots[v.index()];
            if *slot == NONE {
                *slot = count;
                count += 1;
            }
        }
        for (i, slot) in slots.iter_mut().enumerate() {
            let (from, to) = (self.from[i], self.to[i]);
            if from != NONE && to > from.saturating_add(LONG) && *slot == NONE && !made[i] {
                *slot = count;
                count += 1;
            }
        }
        Plan { slots, count, large: true, runs, glue }
    }
}

impl Lower<'_, '_, '_, '_> {
    /// Makes room for the plan's values.
    pub(crate) fn open_frame(&mut self) -> Result<(), CodegenError> {
        let count = self.plan.count();
        if count > 0 {
            self.frame = Some(self.frame(count)?);
        }
        Ok(())
    }

    /// A value of the plan, out of memory if it was not loaded lately.
    pub(crate) fn reload(&mut self, v: Value, slot: u32) -> Result<ir::Value, CodegenError> {
        if let Some((value, at)) = self.reloads.get(v)
            && self.position - at <= STALE
            && at >= self.last_call
        {
            return Ok(value);
        }
        let (address, offset) = self.slot_address(slot)?;
        let (ty, flags) = (abi::value(self.f.ty(v)), self.memory.frame);
        let value = self.b.ins().load(ty, flags, address, offset);
        self.reloads.insert(v, (value, self.position));
        Ok(value)
    }

    /// Stores a value of the plan.
    pub(crate) fn keep(&mut self, v: Value, slot: u32, value: ir::Value) -> Result<(), CodegenError> {
        let (address, offset) = self.slot_address(slot)?;
        let flags = self.memory.frame;
        self.b.ins().store(flags, value, address, offset);
        self.values[v.index()] = Some(value);
        self.reloads.insert(v, (value, self.position));
        Ok(())
    }

    fn slot_address(&mut self, slot: u32) -> Result<(ir::Value, i32), CodegenError> {
        let offset = i32::try_from(8 * i64::from(slot)).map_err(|e| CodegenError::Internal(e.to_string()))?;
        Ok((self.frame_address(), offset))
    }

    /// Loads what a small loop needs, so that it is not loaded in each iteration.
    pub(crate) fn preload(&mut self, regions: &[Region]) -> Result<(), CodegenError> {
        if self.plan.count() == 0 {
            return Ok(());
        }
        let mut needs = Needs { f: self.f, plan: &self.plan, size: 0, found: FxHashSet::default(), order: Vec::new() };
        if !regions.iter().all(|&r| needs.read(r)) {
            return Ok(());
        }
        let order = std::mem::take(&mut needs.order);
        for v in order {
            if let Some(slot) = self.plan.slot(v).filter(|_| self.values[v.index()].is_some()) {
                // As fresh as possible, so that it holds to the loop's end.
                let value = self.reload(v, slot)?;
                self.reloads.insert(v, (value, self.position));
            }
        }
        Ok(())
    }
}

/// The plan's values that a loop mentions.
struct Needs<'a> {
    f: &'a Function,
    plan: &'a Plan,
    size: usize,
    found: FxHashSet<Value>,
    order: Vec<Value>,
}

impl Needs<'_> {
    /// Whether the loop is still small.
    fn read(&mut self, region: Region) -> bool {
        let f = self.f;
        for &inst in &f.region(region).insts {
            self.size += 1;
            if self.size > SMALL_LOOP {
                return false;
            }
            let op = &f.inst(inst).op;
            op.visit_operands(&mut |v| self.need(v));
            if !op.regions().into_iter().all(|inner| self.read(inner)) {
                return false;
            }
        }
        f.region(region).yields.iter().for_each(|&v| self.need(v));
        true
    }

    fn need(&mut self, v: Value) {
        let dims = self.f.ty(v).array().map_or(&[][..], |a| &a.dims);
        dims.iter().filter_map(|d| d.value()).for_each(|d| self.scalar_need(d));
        self.scalar_need(v);
    }

    fn scalar_need(&mut self, v: Value) {
        if self.plan.slot(v).is_some() && self.found.insert(v) {
            self.order.push(v);
        }
    }
}
