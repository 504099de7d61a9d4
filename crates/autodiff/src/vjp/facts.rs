//! What the reverse sweep asks about the primal: how regions nest, where values are defined, which regions write to shadows, and what is written after what.
//!
//! In: a function and its activity. Out: [`Facts`], found in one walk. Nothing is emitted here.

use super::nest::Nest;
use crate::activity::Activity;
use crate::refusal::{MAX_DEPTH, Refusal};
use adit_ir::{FuncId, Function, Inst, Module, Op, Passing, Region, Value, Values};
use rustc_hash::FxHashMap;

/// Answers by value and by region.
#[derive(Debug)]
pub struct Facts {
    /// How regions nest.
    pub nest: Nest,
    writes: Vec<bool>,
    /// By array and tape: what writes it last, in the order of the text.
    last_write: FxHashMap<Value, Inst>,
}

impl Facts {
    /// Walks the function once.
    pub fn new(module: &Module, f: &Function, activity: &Activity) -> Result<Self, Refusal> {
        let mut facts =
            Facts { nest: Nest::new(f), writes: vec![false; f.region_count()], last_write: FxHashMap::default() };
        facts.region(module, f, activity, f.body, 0)?;
        Ok(facts)
    }

    /// The region that defines a value: as a parameter or by an instruction. The body for parameters of the function.
    pub fn home(&self, v: Value) -> Region {
        self.nest.home(v)
    }

    /// The instruction that defines a value, unless it is a parameter.
    pub fn definition(&self, v: Value) -> Option<Inst> {
        self.nest.definition(v)
    }

    /// Whether the reverse of a region changes shadows even where no adjoint comes in: it, or a region inside it, writes to an active array or uses an active tape.
    pub fn writes(&self, region: Region) -> bool {
        self.writes[region.index()]
    }

    /// Whether an array or a tape is written behind a loop, whose body this is, as far as the order of the text goes: an enclosing loop comes back to what stands before.
    pub fn written_after(&self, array: Value, inst: Inst, body: Region) -> bool {
        let behind = |write: Inst| {
            self.nest.position(write) > self.nest.position(inst) && !self.nest.is_inside(self.nest.region(write), body)
        };
        self.last_write.get(&array).is_some_and(|&write| behind(write))
    }

    fn region(
        &mut self,
        module: &Module,
        f: &Function,
        activity: &Activity,
        region: Region,
        depth: usize,
    ) -> Result<(), Refusal> {
        if depth > MAX_DEPTH {
            return Err(Refusal::too_deep(f, f.span));
        }
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            let written = written(module, op);
            self.writes[region.index()] |= written.iter().any(|&v| activity.of(v));
            self.last_write.extend(written.into_iter().map(|v| (v, inst)));
            for inner in op.regions() {
                self.region(module, f, activity, inner, depth + 1)?;
                self.writes[region.index()] |= self.writes[inner.index()];
            }
        }
        Ok(())
    }
}

/// The arrays and tapes that this changes. The reverse changes their shadows without an adjoint coming in. A load has none: its result's adjoint comes in, or nothing happens.
pub(crate) fn written(module: &Module, op: &Op) -> Values {
    match op {
        Op::Store { array, .. } | Op::Acc { array, .. } | Op::Fill { array, .. } | Op::Copy { to: array, .. } => {
            [*array].into_iter().collect()
        }
        Op::TapePush { tape, .. } | Op::TapePop { tape } => [*tape].into_iter().collect(),
        Op::Call { callee, args } => lent(module, *callee, args),
        Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } | Op::Load { .. } => {
            Values::new()
        }
        Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::TapeNew { .. } => Values::new(),
        Op::Assert { .. } | Op::Print { .. } => Values::new(),
    }
}

/// The arrays whose contents an operation may compute with, which printing is not; arguments of calls that are numbers are among them.
pub fn read(op: &Op) -> Values {
    match op {
        Op::Load { array, .. } => [*array].into_iter().collect(),
        Op::Copy { from, .. } => [*from].into_iter().collect(),
        Op::Call { args, .. } => args.clone(),
        Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => Values::new(),
        Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Assert { .. } | Op::Print { .. } => Values::new(),
        Op::Store { .. } | Op::Acc { .. } | Op::Fill { .. } => Values::new(),
        Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => Values::new(),
    }
}

/// The arguments that a callee may change.
pub fn lent(module: &Module, callee: FuncId, args: &[Value]) -> Values {
    let params = &module.function(callee).params;
    let lent = params.iter().zip(args).filter(|(param, _)| param.passing == Passing::Mut);
    lent.map(|(_, &arg)| arg).collect()
}

/// Whether an instruction, or one inside it, may write an array.
pub fn is_written(module: &Module, f: &Function, inst: Inst, array: Value) -> bool {
    let op = &f.inst(inst).op;
    let inside = |region: &Region| f.region(*region).insts.iter().any(|&inner| is_written(module, f, inner, array));
    written(module, op).contains(&array) || op.regions().iter().any(inside)
}
