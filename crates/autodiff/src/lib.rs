//! Forward and reverse differentiation of Adit's SSA.
//!
//! In: a function of a module, and which of its parameters are *active*. Out: one more function of the same module, its derivative: an ordinary function in the
//! same IR, to be optimised, printed, run and differentiated again, to any order.
//!
//! ```text
//! func @f(v0: f64, v1: f64) -> f64 {            func @f__vjp(v0: f64, v1: f64, v2: f64) -> (f64, f64, f64) {
//!   v2 = mul v0, v1                               v3 = mul v0, v1
//!   return v2                                     v4 = smul v2, v1
//! }                                               v5 = smul v2, v0
//!                                                 return v3, v4, v5
//!                                               }
//! ```
//!
//! **Signatures.** [`jvp()`] (forward): parameters of `f`; then, for each active parameter in order, its tangent (`f64`) or the shadow with its tangents (an array, passed as the
//! primal is). Results of `f`; then the tangent of each `f64` result. With W lanes ([`Options::lanes`]) W directions are followed at once: each tangent is W values,
//! each shadow has one more dimension, the last, of extent W; partials are computed once for all.
//! [`vjp()`] (reverse): parameters of `f`; then for each active *array* parameter in order a `mut` shadow; then one seed per `f64` result. Results of `f`; then the adjoint of
//! each active `f64` parameter. Adjoints of an array passed by value are added into its shadow; the shadow of a `mut` array holds the seed of the final contents
//! on entry and the adjoint of the initial contents on exit. [`split_with`] makes two functions of it, with a tape between.
//!
//! **Inactive parameters** are constants. What a program writes into an inactive `mut` array leaves no derivative for the caller; what it reads back from there does
//! carry one, through a shadow of its own that the caller does not see.
//!
//! **Derivatives within programs** are calls of functions that are declared and not yet made; [`resolve()`] makes them.
//!
//! Rules stand in the table of primitives; here only sums and products (`algebra`) and the integers of schedules (`schedule`) are known by name. What the reverse sweep saves, and what it reads or computes
//! again, is decided by a plan; [`AdOpts`] switches parts of that off. What this crate deliberately does not do: it does not inline, and does not clean up what it makes.

mod activity;
mod algebra;
mod catalog;
mod flows;
mod jvp;
mod literals;
mod mutant;
mod nest;
mod refusal;
mod resolve;
mod ruled;
mod rules;
mod schedule;
mod silent;
mod steps;
mod switches;
mod units;
mod vjp;

pub use flows::{Flow, Reached, flows, reached};
pub use mutant::Mutant;
pub use refusal::{Refusal, RefusalKind};
pub use resolve::{Clean, MAX_ORDER, check_orders, resolve};
pub use steps::Unkept;
pub use switches::{AdOpt, AdOpts};
pub use units::complete_rules;
pub use vjp::{Extent, Kept, Loop, Obstacle, Report, Reversal, Reversed, Saved, Snapshot, Why};

use adit_ir::{FuncId, Function, Module};

/// What a derivative pass may be told.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most instructions that one request may add to the module.
    pub instructions: usize,
    /// How many directions forward mode follows in one sweep; 0 counts as 1. Reverse mode has one seed.
    pub lanes: usize,
    /// Which optimisations of the reverse sweep are on.
    pub opts: AdOpts,
    /// Bytes of tape beyond which the iterations of a loop are to be run again: loops that save something share this budget.
    pub max_tape: Option<u64>,
    /// A seeded bug: tests only.
    pub mutant: Option<Mutant>,
}

impl Default for Options {
    /// Four million instructions, one lane, every optimisation, no bug.
    fn default() -> Self {
        Options { instructions: 4_000_000, lanes: 1, opts: AdOpts::ALL, max_tape: None, mutant: None }
    }
}

/// Adds the forward derivative of `f` to the module, and those of the functions it calls: `f__jvp`.
///
/// `active` says for each parameter whether it has a tangent; missing entries, integers and truth values count as inactive.
///
/// # Errors
/// [`RefusalKind::TooLarge`]; the module is then as it was.
pub fn jvp(module: &mut Module, f: FuncId, active: &[bool]) -> Result<FuncId, Refusal> {
    jvp_with(module, f, active, &Options::default())
}

/// [`jvp()`] with options.
///
/// # Errors
/// As [`jvp()`].
pub fn jvp_with(module: &mut Module, f: FuncId, active: &[bool], options: &Options) -> Result<FuncId, Refusal> {
    refusal::refuse_unmade(module, f)?;
    let (root, built) = jvp::all(module, f, &mask(module.function(f), active), options)?;
    for derivative in built {
        module.push(derivative);
    }
    Ok(root)
}

/// Adds the reverse derivative of `f` to the module, and the halves of those of the functions it calls: `f__vjp`, `g__aug` and `g__rev`.
///
/// `active` says for each parameter whether its adjoint is wanted; missing entries, integers and truth values count as inactive.
///
/// # Errors
/// Limits; the module is then as it was.
pub fn vjp(module: &mut Module, f: FuncId, active: &[bool]) -> Result<FuncId, Refusal> {
    vjp_with(module, f, active, &Options::default())
}

/// [`vjp()`] with options.
///
/// # Errors
/// As [`vjp()`].
pub fn vjp_with(module: &mut Module, f: FuncId, active: &[bool], options: &Options) -> Result<FuncId, Refusal> {
    refusal::refuse_unmade(module, f)?;
    let (silent, built) = vjp::all(module, f, &mask(module.function(f), active), options)?;
    for (copy, rules) in silent {
        let place = module.push(copy);
        module.set_rules(place, rules);
    }
    let root = FuncId::new(module.len());
    for derivative in built {
        module.push(derivative);
    }
    Ok(root)
}

/// Adds the two halves of the reverse derivative of `f` to the module: `f__aug`, which does what `f` does and records it on a tape, and `f__rev`, which takes the records back.
///
/// ```text
/// func @f__aug(params, mut tape) -> results
/// func @f__rev(mut shadows of active arrays, seeds, mut tape) -> adjoints of active scalars
/// ```
///
/// # Errors
/// As [`vjp()`].
pub fn split_with(module: &mut Module, f: FuncId, active: &[bool], options: &Options) -> Result<[FuncId; 2], Refusal> {
    refusal::refuse_unmade(module, f)?;
    let (silent, built, reverse) = vjp::split(module, f, &mask(module.function(f), active), options)?;
    for (copy, rules) in silent {
        let place = module.push(copy);
        module.set_rules(place, rules);
    }
    let first = module.len();
    for derivative in built {
        module.push(derivative);
    }
    Ok([FuncId::new(first), FuncId::new(first + reverse)])
}

/// What the reverse derivative that [`vjp_with`] would add saves for its reverse sweep, in the order of the source, function by function.
///
/// # Errors
/// As [`vjp()`].
pub fn saved(module: &Module, f: FuncId, active: &[bool], options: &Options) -> Result<Report, Refusal> {
    refusal::refuse_unmade(module, f)?;
    vjp::saved(module, f, &mask(module.function(f), active), options)
}

/// One entry per parameter; only those with derivatives may be active.
fn mask(f: &Function, active: &[bool]) -> Vec<bool> {
    let wanted = active.iter().copied().chain(std::iter::repeat(false));
    f.params.iter().zip(wanted).map(|(p, wanted)| wanted && f.ty(p.value).is_float()).collect()
}
