//! Cranelift's description of the machine.
//!
//! In: [`Options`] and the size of a function. Out: the target with its settings. The choice of optimisation and register allocation by size rests on measurements (near-linear time is worth
//! more than the last tenth of speed once a function has tens of thousands of instructions); the thresholds are the constants below. Nothing is lowered here.

use crate::error::CodegenError;
use crate::options::{Cpu, OptLevel, Options};
use crate::unit::Reach;
use adit_ir::prim::Code;
use adit_ir::{Function, Op};
use adit_runtime::machine::Machine;
use adit_runtime::vector::Level;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa, lookup};
use cranelift_codegen::settings::{Configurable, Flags, builder};
use target_lexicon::{Architecture, Triple};

/// Above this many IR instructions, O2 leaves Cranelift's mid-end out: it moves pure operations down to where a side effect needs them, which makes values of long straight code live long, and
/// the register allocator slow, whatever [`crate::spill`] does.
const PLAIN_ABOVE: usize = 600;

/// Above this many, O2 allocates registers in one pass where there are no loops: with long-lived values in memory the code is as fast.
const ONE_PASS_ABOVE: usize = 20_000;

/// The same where there are loops, which become slower by it, by a half to twice and more. First derivatives are seldom so long; of derivatives of derivatives, full allocation takes half of the whole
/// time to compile.
const ONE_PASS_LOOPS_ABOVE: usize = 1_500;

/// The same where there are no loops and every few instructions a mathematical function is called, which leaves no register as it was: full allocation then takes twice the time, and its code is
/// faster by a twentieth.
const ONE_PASS_CALLS_ABOVE: usize = 300;

/// Calls are dense if there is one among so many instructions.
const DENSE: usize = 10;

/// What is known of a function before it is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Size {
    /// IR instructions.
    pub(crate) instructions: usize,
    /// Whether some run more than once.
    pub(crate) loops: bool,
    /// Those that call a function of the table.
    pub(crate) calls: usize,
    /// Whether so many values are alive at the beginning that full allocation takes long.
    pub(crate) wide: bool,
}

/// Functions with more parameters are wide.
const WIDE: usize = 300;

impl Size {
    /// Of an IR function.
    pub(crate) fn of(f: &Function) -> Self {
        let mut size = Size { instructions: 0, loops: false, calls: 0, wide: f.params.len() > WIDE };
        f.walk(&mut |inst| {
            size.instructions += 1;
            size.loops |= matches!(f.inst(inst).op, Op::For { .. } | Op::While { .. });
            size.calls +=
                usize::from(matches!(f.inst(inst).op, Op::Prim { prim, .. } if prim.row().code == Code::Call));
        });
        size
    }

    /// Of glue that only moves so many values.
    pub(crate) fn of_glue(values: usize) -> Self {
        Size { instructions: values, loops: false, calls: 0, wide: values > WIDE / 4 }
    }
}

/// How hard Cranelift works on one function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Effort {
    optimize: bool,
    one_pass: bool,
}

impl Effort {
    /// The effort for a function of that size.
    pub(crate) fn choose(level: OptLevel, Size { instructions, loops, calls, wide }: Size) -> Self {
        let one_pass_above = match loops {
            true => ONE_PASS_LOOPS_ABOVE,
            false if calls * DENSE >= instructions => ONE_PASS_CALLS_ABOVE,
            false => ONE_PASS_ABOVE,
        };
        let (optimize, one_pass) = match level {
            OptLevel::O0 => (false, true),
            OptLevel::O1 => (false, false),
            OptLevel::O2 => (instructions <= PLAIN_ABOVE, wide || instructions > one_pass_above),
            OptLevel::O3 => (true, false),
        };
        Effort { optimize, one_pass }
    }
}

/// The target for one effort.
pub(crate) fn target(options: &Options, effort: Effort, reach: Reach) -> Result<OwnedTargetIsa, CodegenError> {
    let internal = |e: &dyn std::fmt::Display| CodegenError::Internal(e.to_string());
    let mut flags = builder();
    // Code that is never changed holds no addresses: what it calls and reads it finds by distance.
    let apart = if reach == Reach::Table { "true" } else { "false" };
    let choices = [
        ("opt_level", if effort.optimize { "speed" } else { "none" }),
        ("regalloc_algorithm", if effort.one_pass { "single_pass" } else { "backtracking" }),
        ("enable_verifier", if options.verify_clif { "true" } else { "false" }),
        ("use_colocated_libcalls", apart),
        ("is_pic", "false"),
        ("unwind_info", "false"),
    ];
    for (name, value) in choices {
        flags.set(name, value).map_err(|e| internal(&e))?;
    }
    let flags = Flags::new(flags);
    let unsupported = |e: &dyn std::fmt::Display| CodegenError::UnsupportedHost(e.to_string());
    let native = || cranelift_native::builder().map_err(|e| unsupported(&e));
    let finished = match &options.cpu {
        Cpu::Native => native()?.finish(flags),
        Cpu::Baseline => lookup(Triple::host()).map_err(|e| unsupported(&e))?.finish(flags),
        Cpu::Named(name) => {
            let mut named = lookup(Triple::host()).map_err(|e| unsupported(&e))?;
            named.enable(name).map_err(|_| CodegenError::UnsupportedCpu(name.clone()))?;
            let named = named.finish(flags.clone()).map_err(|e| internal(&e))?;
            let here = native()?.finish(flags).map_err(|e| internal(&e))?;
            check_runs_here(name, &named, &here)?;
            Ok(named)
        }
    };
    finished.map_err(|e| internal(&e))
}

/// Whether this machine runs code for a processor.
///
/// # Errors
/// If there is no such processor, or this machine has not all that it has.
pub fn check_cpu(cpu: &Cpu) -> Result<(), CodegenError> {
    let options = Options { cpu: cpu.clone(), ..Options::default() };
    target(&options, Effort { optimize: false, one_pass: true }, Reach::Address).map(|_| ())
}

/// Refuses a processor with an instruction set that this machine does not have.
fn check_runs_here(name: &str, named: &OwnedTargetIsa, here: &OwnedTargetIsa) -> Result<(), CodegenError> {
    let have: Vec<_> = flags(&**here).collect();
    match flags(&**named).all(|flag| have.contains(&flag)) {
        true => Ok(()),
        false => Err(CodegenError::UnsupportedCpu(name.to_owned())),
    }
}

/// What is switched on.
fn flags(isa: &dyn TargetIsa) -> impl Iterator<Item = &'static str> {
    isa.isa_flags().into_iter().filter(|flag| flag.as_bool() == Some(true)).map(|flag| flag.name)
}

/// Whether a machine has instructions for all that vectors of two are used for: comparisons of integers, too.
pub(crate) fn has_vectors(isa: &dyn TargetIsa) -> bool {
    let architecture = isa.triple().architecture;
    let wide = matches!(architecture, Architecture::Aarch64(_));
    wide || architecture == Architecture::X86_64 && flags(isa).any(|flag| flag == "has_sse42")
}

/// Which functions of slices a machine can run.
pub(crate) fn slices(isa: &dyn TargetIsa) -> Level {
    let has = |names: &[&str]| names.iter().all(|name| flags(isa).any(|flag| flag == *name));
    match has(&["has_avx2", "has_fma"]) {
        true if has(&["has_avx512f", "has_avx512dq", "has_avx512vl"]) => Level::Avx512,
        true => Level::Avx2,
        false => Level::Baseline,
    }
}

/// The machine that a target is for.
pub(crate) fn machine(isa: &dyn TargetIsa) -> Machine {
    Machine::here(flags(isa).filter_map(|flag| flag.strip_prefix("has_")).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_processors_are_refused() {
        let options = Options { cpu: Cpu::Named("no-such-thing".into()), ..Options::default() };
        let effort = Effort::choose(OptLevel::O2, Size::of_glue(1));
        let refused = target(&options, effort, Reach::Address).map(|_| ());
        assert_eq!(refused, Err(CodegenError::UnsupportedCpu("no-such-thing".into())));
    }

    #[test]
    fn every_instruction_set_that_code_may_use_has_a_name_that_can_be_asked_for() {
        let effort = Effort::choose(OptLevel::O2, Size::of_glue(1));
        let isa = target(&Options::default(), effort, Reach::Address).expect("this machine has one");
        let names: Vec<_> = isa.isa_flags().into_iter().filter_map(|flag| flag.name.strip_prefix("has_")).collect();
        let unknown: Vec<_> = names.iter().filter(|name| !adit_runtime::machine::NAMES.contains(name)).collect();
        assert!(!names.is_empty() && unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn every_level_has_a_target() {
        for opt in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::O3] {
            for cpu in [Cpu::Native, Cpu::Baseline] {
                let options = Options { opt, cpu, ..Options::default() };
                assert!(target(&options, Effort::choose(opt, Size::of_glue(1)), Reach::Address).is_ok());
            }
        }
    }
}
