//! Options: what holds for all that an engine compiles and runs.
//!
//! In: what an [`EngineBuilder`](crate::EngineBuilder) was told. Out: [`Options`], and what of them concerns code generation. Nothing is compiled here.

use adit_autodiff::{AdOpt, AdOpts};
use adit_ir::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use adit_codegen::Cpu;

/// Where printed lines go.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Who is told how long each stage of a compilation or a run took.
pub type Clock = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// What an engine compiles and runs with, as [`Engine::builder`](crate::Engine::builder) was told.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// 0: as written; 1: cleaned up; 2 (the default) and 3: also optimised machine code.
    pub opt: u8,
    /// Which optimisations of the reverse sweep are on; all by default.
    pub ad_opt: AdOpts,
    /// Source order everywhere, so that results equal the interpreter's bit for bit.
    pub strict: bool,
    /// Whether loops whose iterations have nothing to do with one another, or only add something up, run several at once; only from `opt` 2 on, and neither with `strict` nor where steps are limited.
    pub vectors: bool,
    /// Whether kernels take the place of loops that are products of matrices, where they are large; only from `opt` 2 on, and neither with `strict` nor where steps are limited. By default they do.
    pub products: bool,
    /// Along how many directions forward mode goes at once, at most, where a Jacobian or a Hessian wants many; 12 by default.
    pub lanes: usize,
    /// Instructions used.
    pub cpu: Cpu,
    /// Whether derivatives of functions of the host are compared with differences when they are registered.
    pub check_hosts: bool,
    /// How many derivatives within a program may stand inside one another.
    pub max_order: usize,
    /// Bytes, depth and steps that a run may use. Where bytes of tapes are limited, loops that would save more are reversed from snapshots, as if `@checkpoint(budget: …)` stood before them.
    pub limits: Limits,
    /// Set from any thread to stop a run.
    pub interrupt: Arc<AtomicBool>,
    /// Where `print` writes; none drops it.
    pub sink: Option<Sink>,
    /// Told the time of each stage.
    pub clock: Option<Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            opt: 2,
            ad_opt: AdOpts::ALL,
            strict: false,
            vectors: true,
            products: true,
            lanes: 12,
            cpu: Cpu::Native,
            check_hosts: false,
            max_order: adit_autodiff::MAX_ORDER,
            limits: Limits::default(),
            interrupt: Arc::default(),
            sink: None,
            clock: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Options { opt, ad_opt, strict, vectors, products, lanes, cpu, check_hosts, max_order, limits, .. } = self;
        let (sink, clock) = (&self.sink, &self.clock);
        let (printed, timed) = (sink.is_some(), clock.is_some());
        f.debug_struct("Options")
            .field("opt", opt)
            .field("ad_opt", ad_opt)
            .field("strict", strict)
            .field("vectors", vectors)
            .field("products", products)
            .field("lanes", lanes)
            .field("cpu", cpu)
            .field("check_hosts", check_hosts)
            .field("max_order", max_order)
            .field("limits", limits)
            .field("sink", &printed)
            .field("clock", &timed)
            .finish()
    }
}

impl Options {
    /// Does a stage, and tells the clock how long it took.
    pub(crate) fn timed<T>(&self, stage: &str, work: impl FnOnce() -> T) -> T {
        let Some(clock) = &self.clock else { return work() };
        let start = Instant::now();
        let out = work();
        clock(stage, start.elapsed());
        out
    }

    /// For the derivative passes, with so many lanes. Where the order of additions is to be kept, they are not added up in registers first.
    pub(crate) fn autodiff(&self, lanes: usize) -> adit_autodiff::Options {
        let opts = if self.strict { self.ad_opt.without(AdOpt::Registers) } else { self.ad_opt };
        adit_autodiff::Options { lanes, opts, max_tape: self.limits.tape_bytes, ..adit_autodiff::Options::default() }
    }

    pub(crate) fn codegen(&self) -> adit_codegen::Options {
        adit_codegen::Options {
            opt: match self.opt {
                0 => adit_codegen::OptLevel::O0,
                1 => adit_codegen::OptLevel::O1,
                2 => adit_codegen::OptLevel::O2,
                _ => adit_codegen::OptLevel::O3,
            },
            cpu: self.cpu.clone(),
            strict: self.strict,
            vectors: match self.vectors {
                _ if self.opt < 2 => adit_codegen::Vectors::Off,
                true => adit_codegen::Vectors::On,
                false => adit_codegen::Vectors::Off,
            },
            products: match self.products && self.opt >= 2 {
                true => adit_codegen::Products::On,
                false => adit_codegen::Products::Off,
            },
            fuel: self.limits.steps.is_some(),
            ..adit_codegen::Options::default()
        }
    }
}
