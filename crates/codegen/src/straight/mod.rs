//! Long runs of arithmetic get their machine code here, without Cranelift.
//!
//! In: a large function. Out: its [`Runs`]: for each long run of float operations in a row, code of its own that reads what it needs from the frame and leaves there what others need, so that in the
//! function itself one call is left.
//!
//! ```text
//! v9 = mul v7, v8
//! v10 = add v9, v3      ⇒    call run0(frame)
//! …  thousands more
//! ```
//!
//! What tracing tools write, and the reverse sweep of it, is tens of thousands of such operations without a branch. Nothing in them asks for a clever choice of instructions, and a register allocator
//! for all of Cranelift's liberties takes fifty times as long as to write the code down in one pass. Runs are made on x86-64 with the System V convention; elsewhere there are none, and Cranelift
//! compiles everything.

mod asm;
mod emit;

use adit_diag::Span;
use adit_ir::bounds::Facts;
use adit_ir::prim::Row;
use adit_ir::{Function, Inst, Op, Region, ScalarType, Type, Value};
use cranelift_codegen::isa::CallConv;
use emit::State;
use rustc_hash::FxHashMap;
use std::fmt;

/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

/// In larger functions an offset into the frame might not fit into an instruction.
const MOST_VALUES: usize = 1 << 27;

/// The machine code of a run.
#[derive(Default, Debug)]
pub(crate) struct Straight {
    pub(crate) code: Vec<u8>,
    /// Where the instructions end.
    pub(crate) end: usize,
    /// What it calls, with the 4 bytes that are to hold the distance from behind them to it.
    pub(crate) calls: Vec<(u32, Callee)>,
    /// From where on the code is that of a span.
    pub(crate) lines: Vec<(u32, Span)>,
    /// How many bytes of stack it takes, the return address included.
    pub(crate) frame: u64,
}

/// What code made without Cranelift calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Callee {
    /// A function that others define, by its place in the table of addresses.
    Import(&'static str),
    /// A loop that is compiled once for several, by its place among those of all functions.
    Shared(u32),
}

impl fmt::Display for Callee {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Callee::Import(name) => out.write_str(name),
            Callee::Shared(place) => write!(out, "loop {place}"),
        }
    }
}

/// A run, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// How many instructions.
    pub(crate) length: usize,
    /// Literals among them that others mention.
    pub(crate) literals: Vec<Inst>,
    /// What it leaves in the frame.
    pub(crate) results: Vec<Value>,
    /// Its code, until it is taken.
    pub(crate) code: Straight,
}

/// The runs of a function.
#[derive(Default, Debug)]
pub(crate) struct Runs {
    by_first: FxHashMap<Inst, Run>,
    /// Instructions in runs.
    pub(crate) length: usize,
}

/// Where values of runs live.
pub(crate) struct Slots {
    /// By value.
    pub(crate) slots: Vec<u32>,
    /// How many there are.
    pub(crate) count: u32,
    /// Whether a run makes the value.
    pub(crate) made: Vec<bool>,
}

impl Runs {
    /// Finds and compiles the runs of at least so many operations.
    pub(crate) fn new(f: &Function, facts: &Facts<'_>, from: usize, call_conv: CallConv) -> (Runs, Slots) {
        let mut runs = Runs::default();
        let mut state = State::new(f, facts);
        if cfg!(target_arch = "x86_64") && call_conv == CallConv::SystemV && f.value_count() < MOST_VALUES {
            runs.region(&mut state, f.body, from.max(1));
        }
        let made = state.made();
        (runs, Slots { slots: state.slots, count: state.count, made })
    }

    fn region(&mut self, state: &mut State<'_>, region: Region, from: usize) {
        let f = state.f;
        for stretch in f.region(region).insts.chunk_by(|&a, &b| simple(f, a) == simple(f, b)) {
            if simple(f, stretch[0]) && operations(f, stretch) >= from {
                self.run(state, stretch);
            } else {
                for &inst in stretch {
                    f.inst(inst).op.regions().into_iter().for_each(|inner| self.region(state, inner, from));
                }
            }
        }
    }

    fn run(&mut self, state: &mut State<'_>, insts: &[Inst]) {
        let f = state.f;
        let code = emit::emit(state, insts);
        let literal = |i: &&Inst| matches!(f.inst(**i).op, Op::Const(_));
        let mentioned = |i: &&Inst| f.inst(**i).results.iter().any(|&r| state.left(r) > 0);
        let literals = insts.iter().filter(literal).filter(mentioned).copied().collect();
        let others = insts.iter().filter(|i| !literal(i)).filter(mentioned);
        let results = others.flat_map(|&i| f.inst(i).results.iter().copied()).collect();
        self.length += insts.len();
        self.by_first.insert(insts[0], Run { length: insts.len(), literals, results, code });
    }

    /// The run that begins with an instruction.
    pub(crate) fn take(&mut self, first: Inst) -> Option<Run> {
        self.by_first.remove(&first)
    }
}

/// How many instructions are no literals.
fn operations(f: &Function, insts: &[Inst]) -> usize {
    insts.iter().filter(|&&i| !matches!(f.inst(i).op, Op::Const(_))).count()
}

/// Whether an instruction is a literal or makes an `f64` from such and at most one integer, and never stops the program.
fn simple(f: &Function, inst: Inst) -> bool {
    match &f.inst(inst).op {
        Op::Const(c) => c.ty() != ScalarType::F32,
        Op::Prim { prim, args } => {
            let single = |&v: &Value| *f.ty(v) == Type::F32;
            arithmetic(prim.row()) && !args.iter().chain(&f.inst(inst).results).any(single)
        }
        Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } | Op::For { .. } | Op::While { .. } => false,
        Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } => false,
        Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => false,
        Op::Assert { .. } | Op::Print { .. } => false,
    }
}

fn arithmetic(row: &Row) -> bool {
    let of = |ty: ScalarType| row.signature.args_at(ScalarType::F64).filter(|&arg| arg == ty).count();
    let (floats, integers) = (of(ScalarType::F64), of(ScalarType::I64));
    let known = floats + integers == row.arity() && integers <= 1;
    known && row.signature.result.at(ScalarType::F64) == ScalarType::F64 && row.guard.is_none()
}
