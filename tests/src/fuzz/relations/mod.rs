//! What must hold for every program.
//!
//! In: a [`Case`] and the [`Plan`] of its checks. Out: a [`Report`], or the [`Failure`] of the first relation that does not hold. Each relation has a name, by which shrinking
//! knows a failure again.
//!
//! | relation | says |
//! |---|---|
//! | `compiles` | what is well typed by construction is accepted, lowered, and keeps the IR's rules |
//! | `tree = ir` | the typed tree and its lowering agree: values, last contents, printed lines, errors and their places |
//! | `passes` | every clean-up pass keeps the IR's rules and the meaning, bit for bit |
//! | `text` | every module reads back from its text |
//! | `stages` | loops that are split into stages compute what they did, bit for bit |
//! | `native` | compiled code agrees with the interpreter, bit for bit |
//! | `threads` | loops that threads divide among themselves give the same but for rounding, and the same again |
//! | `derives` | derivatives are made, keep the IR's rules, and stop where the program stops |
//! | `primal` | derivatives leave the values as they are, bit for bit |
//! | `levels` | optimised reverse mode agrees with level 0, to second order, bit for bit where the order of additions is kept |
//! | `checkpoints` | loops that keep snapshots have the derivatives of loops without, bit for bit |
//! | `lanes` | forward mode along several directions at once computes what it does along each, bit for bit |
//! | `complex step` | the tangent is that of the complex step |
//! | `inner product` | ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ |
//! | `linear` | a seed of zeros gives exact zeros, a doubled seed exactly twice as much |
//! | `tapes` | tapes are empty at the end |
//! | `tree differentiates` | the typed tree gives what the IR gives also where the program contains derivatives, but for rounding |
//! | `modes` | derivatives within the program are the same, forward, in reverse and as the compiler chooses |
//! | `sparse` | what the pattern of a Jacobian or Hessian leaves out is zero; compressed sweeps give the dense matrix |
//! | `split` | the augmented primal and its reverse give what reverse mode gives in one call |
//! | `second order` | forward over reverse is the complex step of reverse; reverse over reverse agrees with it |

mod checkpoints;
pub mod derivatives;
mod handles;
mod lanes;
mod levels;
mod modes;
mod numbers;
mod rounding;
mod second;
mod shaken;
mod sparse;
mod stages;
mod threads;
mod values;
mod vectors;

pub(in crate::fuzz) use values::reachable;

use super::bug::Bug;
use super::call::{self, Run};
use super::compile::{Built, Clean, build};
use super::generate::{Case, MAIN};
use super::rng::Rng;
use adit_ir::{Limits, RunError, Trap};

/// A relation that does not hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// Which.
    pub relation: &'static str,
    /// What was found.
    pub detail: String,
}

/// How to check a program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Plan {
    /// Decides directions, seeds, and which of several forms is compiled.
    pub seed: u64,
    /// Whether compiled code is checked.
    pub native: bool,
    /// Whether derivatives are checked.
    pub derivatives: bool,
    /// Whether second derivatives are checked.
    pub second: bool,
    /// Whether vector code is checked of every program, not of one in two.
    pub vectors: bool,
    /// A bug put into the compiler, which the relations must find.
    pub bug: Bug,
}

impl Plan {
    /// Everything that is on by default, with second derivatives for one program in so many.
    pub fn of(seed: u64, number: u64, second_in: u64) -> Plan {
        Plan {
            seed: seed ^ number,
            native: true,
            derivatives: true,
            second: second_in > 0 && number.is_multiple_of(second_in),
            vectors: false,
            bug: Bug::None,
        }
    }
}

/// What was checked, and what could not be.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Report {
    /// The code of the error with which the program stopped; all forms agreed on it.
    pub stopped: Option<&'static str>,
    /// It took more steps than a test may.
    pub too_long: bool,
    /// Derivatives were not compared, since values or derivatives were not finite or very large.
    pub wild: bool,
    /// The complex step disagreed, which a kink nearby excuses.
    pub near_kink: bool,
    /// The modes of derivatives within the program were compared.
    pub modes: bool,
    /// The typed tree gave the same derivatives within the program.
    pub tree: bool,
    /// First derivatives were compared.
    pub first: bool,
    /// Second derivatives were compared.
    pub second: bool,
    /// How many optimised plans gave the first derivatives of level 0.
    pub levels: u32,
    /// How many gave its second derivatives.
    pub levels_second: u32,
    /// How many functions were rounded otherwise when they were finished, and gave the same but for that.
    pub rounded: u32,
    /// How many functions gave the same with loops split into stages.
    pub staged: u32,
    /// How many functions gave the same with loops divided among threads.
    pub spread: u32,
    /// Loops with snapshots gave the same as loops without.
    pub checkpoints: bool,
    /// It was seen how loops are reversed.
    pub loops_seen: bool,
    /// A loop was reversed iteration by iteration.
    pub in_place: bool,
    /// One of them runs again for that.
    pub again: bool,
    /// The library's handles were compared: sparse Jacobian, sparse Hessian, split mode.
    pub handles: [bool; 3],
}

/// Limits of every run.
pub const LIMITS: Limits =
    Limits { memory_bytes: 64 << 20, tape_bytes: None, depth: 60, steps: Some(100_000), threads: 1 };

/// Those of derivatives, which take more.
pub const MORE: Limits =
    Limits { memory_bytes: 256 << 20, tape_bytes: None, depth: 60, steps: Some(1_000_000), threads: 1 };

/// A program under check.
pub(super) struct Subject<'c> {
    pub(super) case: &'c Case,
    pub(super) plan: Plan,
    pub(super) rng: Rng,
    pub(super) source: String,
    pub(super) built: Built,
    pub(super) report: Report,
}

/// Checks everything that the plan says.
///
/// # Errors
/// The first relation that does not hold.
pub fn check(case: &Case, plan: Plan) -> Result<Report, Failure> {
    let source = case.program.source();
    let built =
        build(&source, MAIN, Clean::Nothing, plan.bug).map_err(|detail| Failure { relation: "compiles", detail })?;
    let rng = Rng::new(plan.seed, 1);
    let mut subject = Subject { case, plan, rng, source, built, report: Report::default() };
    let inputs = call::inputs(&subject.built, &case.args)
        .map_err(|detail| Failure { relation: "compiles", detail: format!("arguments: {detail}") })?;
    subject.values(&inputs)?;
    if plan.derivatives && !subject.report.too_long {
        subject.modes(&inputs)?;
        subject.derivatives(&inputs)?;
        subject.handles()?;
    }
    Ok(subject.report)
}

impl Subject<'_> {
    /// Fails unless two runs end alike.
    fn same(&self, relation: &'static str, names: [&str; 2], a: &Run, b: &Run) -> Result<(), Failure> {
        let [x, y] = names;
        let difference = match (a, b) {
            (Ok(a), Ok(b)) => call::difference(a, b).map(|d| format!("{x} and {y}: {d}")),
            (Err(a), Err(b)) => {
                let (a_at, b_at) = (self.stop(a), self.stop(b));
                let same = a_at.0 == b_at.0 && (a_at.1 == b_at.1 || a.span.is_none() || b.span.is_none());
                (!same).then(|| format!("{x} stops at {a_at:?} ({a}), {y} at {b_at:?} ({b})"))
            }
            (Ok(_), Err(b)) => Some(format!("{y} stops at {:?} ({b}), {x} does not", self.stop(b))),
            (Err(a), Ok(_)) => Some(format!("{x} stops at {:?} ({a}), {y} does not", self.stop(a))),
        };
        difference.map_or(Ok(()), |detail| Err(Failure { relation, detail }))
    }

    /// The code and the place of an error.
    fn stop(&self, e: &RunError) -> (&'static str, Option<(usize, usize)>) {
        (e.trap.code(), super::compile::place(&self.source, e.span))
    }
}

/// Whether a run ended for lack of steps or memory, which forms count differently.
fn limited(run: &Run) -> bool {
    matches!(run, Err(RunError { trap: Trap::StepLimit | Trap::MemoryLimit, .. }))
}

/// A module with every function cleaned up.
pub(super) fn all_cleaned(module: &adit_ir::Module) -> adit_ir::Module {
    let mut cleaned = module.clone();
    for id in module.ids() {
        let f = adit_opt::clean_up(&cleaned, module.function(id));
        *cleaned.function_mut(id) = f;
    }
    cleaned
}
