//! The engine: options that hold for all it compiles.
//!
//! In: the host's wishes. Out: [`Engine`], which turns source text into [`Module`]s. It is cheap to make and to clone, and can be shared between threads.

use crate::error::{Error, Result};
use crate::module::Module;
use adit_diag::Code;
use adit_ir::limits::Limits;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use adit_codegen::Cpu;

/// Where printed lines go.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Who is told how long each stage of a compilation or a run took.
pub type Clock = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// What an engine compiles and runs with.
#[derive(Clone)]
pub struct Options {
    /// 0: as written; 1: cleaned up; 2 (the default) and 3: also optimised machine code.
    pub opt: u8,
    /// Source order everywhere, so that results equal the interpreter's bit for bit.
    pub strict: bool,
    /// Instructions used.
    pub cpu: Cpu,
    /// Bytes, depth and steps that a run may use.
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
            strict: false,
            cpu: Cpu::Native,
            limits: Limits::default(),
            interrupt: Arc::default(),
            sink: None,
            clock: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Options { opt, strict, cpu, limits, interrupt: _, sink, clock } = self;
        let (printed, timed) = (sink.is_some(), clock.is_some());
        f.debug_struct("Options")
            .field("opt", opt)
            .field("strict", strict)
            .field("cpu", cpu)
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
            fuel: self.limits.steps.is_some(),
            ..adit_codegen::Options::default()
        }
    }
}

/// Compiles source text to modules.
///
/// ```
/// let engine = adit::Engine::new();
/// let module = engine.compile("fn square(x: f64) -> f64 { x * x }")?;
/// let gradient = module.function("square")?.gradient(&[3.0.into()])?;
/// assert_eq!(gradient.value, adit::Value::F64(9.0));
/// assert_eq!(gradient.of("x"), Some(&adit::Value::F64(6.0)));
/// # Ok::<(), adit::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Engine {
    options: Arc<Options>,
}

impl Engine {
    /// An engine with the default options.
    pub fn new() -> Self {
        Engine::default()
    }

    /// An engine with these options.
    pub fn with_options(options: Options) -> Self {
        Engine { options: Arc::new(options) }
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Compiles a program; errors speak of it as `source`.
    ///
    /// # Errors
    /// Every mistake in the source that can be told in one run.
    pub fn compile(&self, source: &str) -> Result<Module> {
        self.compile_named("source", source)
    }

    /// Compiles a program that errors speak of by this name.
    ///
    /// # Errors
    /// As [`Engine::compile`].
    pub fn compile_named(&self, name: &str, source: &str) -> Result<Module> {
        Module::compile(self.options.clone(), name, source)
    }

    /// Compiles a file.
    ///
    /// # Errors
    /// As [`Engine::compile`], or an input error if the file can't be read.
    pub fn compile_file(&self, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let unreadable = |e| Error::input(Code("AD0902"), format!("cannot read {}: {e}", path.display()));
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        self.compile_named(&path.display().to_string(), &text)
    }
}
