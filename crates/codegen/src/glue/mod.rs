//! Runs of calls in large functions get their machine code without Cranelift.
//!
//! In: a function of which [loops are shared](crate::shared). Out: its [`Glue`]: where in a row arrays and tapes are made and filled, and shared loops and kernels are called, and nothing is computed. Such a run becomes
//! [machine code](asm) that reads its operands from the frame and leaves results there, so that in the function itself one call is left.
//!
//! ```text
//! v7 = alloc [f64; d0, d1]
//! v8 = tape.new (f64)              ⇒    call run0(frame, context, depth)
//! for v9 in 0..d0 { … }
//! ```
//!
//! Third derivatives of programs with small matrices are a thousand and more of such instructions, with a loop between them here and there that is like no other. All their operands are addresses and extents that live long, and are in
//! memory anyway; nothing is left to choose. Runs are made on x86-64 with the System V convention; elsewhere there are none, and Cranelift compiles everything.

pub(crate) mod asm;

use crate::abi;
use crate::options::{OptLevel, Options};
use crate::shared::Shared;
use adit_ir::bounds::Facts;
use adit_ir::shape::{Extent, Shapes, Wanted};
use adit_ir::{Function, Inst, Int, Module, Op, Region, ScalarType, Type, Value};
use cranelift_codegen::isa::CallConv;
use rustc_hash::FxHashMap;

/// Shorter runs are not worth a call.
const SHORTEST: usize = 2;

/// In larger functions an offset into the frame might not fit into an instruction.
const MOST_VALUES: usize = 1 << 27;

/// No array has more extents.
const MOST_EXTENTS: usize = 16;

/// The runs of a function.
#[derive(Default, Debug)]
pub(crate) struct Glue {
    /// How many instructions follow each first one, itself included.
    lengths: FxHashMap<Inst, usize>,
    /// What runs read and make: all of it lives in the frame.
    pub(crate) values: Vec<Value>,
}

impl Glue {
    /// Finds the runs.
    pub(crate) fn new(
        (f, module): (&Function, &Module),
        facts: &Facts<'_>,
        shared: &Shared,
        (options, call_conv): (&Options, CallConv),
    ) -> Self {
        let here = cfg!(target_arch = "x86_64") && call_conv == CallConv::SystemV && options.opt != OptLevel::O3;
        let mut finder = Finder { f, module, facts, shared, fuel: options.fuel, glue: Glue::default() };
        if here && f.value_count() < MOST_VALUES {
            finder.region(f.body);
        }
        finder.glue
    }

    /// The length of the run that begins with an instruction.
    pub(crate) fn run(&self, first: Inst) -> Option<usize> {
        self.lengths.get(&first).copied()
    }
}

struct Finder<'a> {
    f: &'a Function,
    module: &'a Module,
    facts: &'a Facts<'a>,
    shared: &'a Shared,
    fuel: bool,
    glue: Glue,
}

impl Finder<'_> {
    fn region(&mut self, region: Region) {
        let f = self.f;
        let insts = &f.region(region).insts;
        let stretches: Vec<&[Inst]> = insts.chunk_by(|&a, &b| self.is_glue(a) == self.is_glue(b)).collect();
        for stretch in stretches {
            let calls = || stretch.iter().filter(|&&i| !matches!(f.inst(i).op, Op::Const(_))).count();
            if self.is_glue(stretch[0]) && calls() >= SHORTEST {
                self.glue.lengths.insert(stretch[0], stretch.len());
                stretch.iter().for_each(|&inst| self.note(inst));
            } else {
                for &inst in stretch.iter().filter(|&&i| self.shared.instance(i).is_none()) {
                    f.inst(inst).op.regions().into_iter().for_each(|inner| self.region(inner));
                }
            }
        }
    }

    /// Takes down what an instruction of a run reads and makes. Literals are part of the code.
    fn note(&mut self, inst: Inst) {
        let f = self.f;
        let data = f.inst(inst);
        if matches!(data.op, Op::Const(_)) {
            return;
        }
        let mut values = data.results.to_vec();
        match self.shared.instance(inst) {
            Some(instance) => values.extend(&instance.args),
            None => data.op.visit_operands(&mut |v| {
                values.push(v);
                values.extend(f.ty(v).array().into_iter().flat_map(|ty| &ty.dims).filter_map(|dim| dim.value()));
            }),
        }
        values.retain(|&v| !matches!(self.facts.def(v), Some(Op::Const(_))));
        self.glue.values.extend(values);
    }

    /// Whether an instruction is a literal, or a call at most.
    fn is_glue(&self, inst: Inst) -> bool {
        match &self.f.inst(inst).op {
            Op::Const(_) | Op::TapeNew { .. } => true,
            Op::Alloc { ty } => ty.dims.len() <= MOST_EXTENTS,
            Op::Fill { array, .. } => self.f.ty(*array).array().is_some_and(|ty| is_word(ty.element)),
            Op::Copy { to, from } => {
                let dims = |v| self.f.ty(v).array().map_or(&[][..], |ty| &ty.dims);
                dims(*to).iter().zip(dims(*from)).all(|(&a, &b)| self.agree(a, b))
            }
            Op::For { .. } => {
                self.shared.instance(inst).is_some_and(|i| passes(&self.shared.classes[i.class].function))
            }
            Op::Call { callee, args } => !self.fuel && self.is_quiet_call(self.module.function(*callee), args),
            Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } | Op::While { .. } => false,
            Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::TapePush { .. } | Op::TapePop { .. } => false,
            Op::Assert { .. } | Op::Print { .. } => false,
        }
    }

    /// Whether a function without a body is called with arguments that need no check.
    fn is_quiet_call(&self, callee: &Function, args: &[Value]) -> bool {
        let dims = |v| self.f.ty(v).array().map_or(0, |ty| ty.dims.len());
        callee.external.is_some()
            && args.iter().map(|&v| 1 + dims(v)).sum::<usize>() + callee.results.len() <= MOST_EXTENTS
            && callee.params.iter().all(|p| is_passed(callee.ty(p.value)))
            && callee.results.iter().all(|&r| is_word(r))
            && Shapes::of(callee).checks.iter().all(|check| {
                let wanted = match check.wanted {
                    Wanted::Literal(c) => Some(Int::Const(c)),
                    Wanted::Same(first) => self.extent(args, first),
                };
                wanted.zip(self.extent(args, check.found)).is_some_and(|(a, b)| self.agree(a, b))
            })
    }

    fn extent(&self, args: &[Value], extent: Extent) -> Option<Int> {
        self.f.ty(*args.get(extent.param)?).array()?.dims.get(extent.axis).copied()
    }

    /// Whether two extents are known to be equal.
    fn agree(&self, a: Int, b: Int) -> bool {
        let literals = self.facts.literal(a).zip(self.facts.literal(b));
        a == b || literals.is_some_and(|(a, b)| a == b)
    }
}

/// Whether a small function takes and gives only what runs can pass.
fn passes(f: &Function) -> bool {
    let floats = f.params.iter().filter(|p| *f.ty(p.value) == Type::F64).count();
    let words = 2 + f.dims.len() + f.params.len() - floats;
    words <= asm::MOST_WORDS
        && floats <= asm::MOST_FLOATS
        && f.params.iter().all(|p| is_passed(f.ty(p.value)))
        && f.results.iter().all(|&r| is_word(r))
        && !abi::results_in_memory(&f.results, CallConv::SystemV)
}

fn is_passed(ty: &Type) -> bool {
    match ty {
        Type::Scalar(scalar) => is_word(*scalar),
        Type::Array(_) | Type::Tape(_) => true,
    }
}

fn is_word(ty: ScalarType) -> bool {
    matches!(ty, ScalarType::F64 | ScalarType::I64)
}
