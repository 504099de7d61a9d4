//! The builder: the one way to say what an engine compiles and runs with.
//!
//! In: the host's wishes, one call each; what is not said is as [`Options`] has it by default. Out: an [`Engine`], or an error that names the wish that cannot be met. Nothing is compiled here, and an
//! engine starts no threads unless [`Limits::threads`] allows it: hosts call its handles from as many as they like.
//!
//! ```
//! let engine = adit::Engine::builder().strict(true).limits(|limits| limits.memory_bytes = 64 << 20).build()?;
//! assert!(engine.options().strict);
//! let refused = adit::Engine::builder().opt(4).build().unwrap_err();
//! assert_eq!(refused.diagnostics()[0].message, "the optimisation level is 0, 1, 2 or 3, not 4");
//! # Ok::<(), adit::Error>(())
//! ```

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::{Clock, Cpu, Options, Sink};
use crate::pipeline::codegen_error;
use adit_autodiff::AdOpts;
use adit_diag::Code;
use adit_ir::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Says what an [`Engine`] compiles and runs with: [`Engine::builder`].
#[derive(Clone, Debug, Default)]
#[must_use = "an engine is there after `build`"]
pub struct EngineBuilder {
    options: Options,
}

/// One method for each option.
macro_rules! wishes {
    ($($(#[$about:meta])* $name:ident: $ty:ty;)*) => {
        impl EngineBuilder {
            $($(#[$about])*
            pub fn $name(mut self, $name: $ty) -> Self {
                self.options.$name = $name;
                self
            })*
        }
    };
}

wishes! {
    /// How much is optimised, from 0 to 3: [`Options::opt`].
    opt: u8;
    /// Which optimisations of the reverse sweep are on: [`Options::ad_opt`].
    ad_opt: AdOpts;
    /// Source order everywhere, bit for bit: [`Options::strict`].
    strict: bool;
    /// Whether iterations of loops may run several at once: [`Options::vectors`].
    vectors: bool;
    /// Whether kernels take the place of loops that are products of matrices: [`Options::products`].
    products: bool;
    /// Along how many directions forward mode goes at once, from 1 to 64: [`Options::lanes`].
    lanes: usize;
    /// Instructions used: [`Options::cpu`].
    cpu: Cpu;
    /// Whether derivatives of functions of the host are compared with differences when they are registered: [`Options::check_hosts`].
    check_hosts: bool;
    /// How many derivatives within a program may stand inside one another: [`Options::max_order`].
    max_order: usize;
    /// A flag that stops runs when it is set, from any thread: [`Options::interrupt`].
    interrupt: Arc<AtomicBool>;
}

impl EngineBuilder {
    /// Changes what a run may use: [`Options::limits`].
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.options.limits);
        self
    }

    /// Where `print` writes, line by line: [`Options::sink`].
    pub fn sink(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let sink: Sink = Arc::new(sink);
        self.options.sink = Some(sink);
        self
    }

    /// Who is told the time of each stage: [`Options::clock`].
    pub fn clock(mut self, clock: impl Fn(&str, std::time::Duration) + Send + Sync + 'static) -> Self {
        let clock: Clock = Arc::new(clock);
        self.options.clock = Some(clock);
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// An input error (AD0901) if a number is out of its range, no function could ever run, or this machine cannot run code for the processor.
    pub fn build(self) -> Result<Engine> {
        let Options { opt, lanes, limits, cpu, .. } = &self.options;
        let wrong = |text: String| Err(Error::input(Code("AD0901"), text));
        if *opt > 3 {
            return wrong(format!("the optimisation level is 0, 1, 2 or 3, not {opt}"));
        }
        if !(1..=MOST_LANES).contains(lanes) {
            return wrong(format!("there are from 1 to {MOST_LANES} lanes, not {lanes}"));
        }
        if !(1..=MOST_THREADS).contains(&limits.threads) {
            return wrong(format!("loops run on 1 to {MOST_THREADS} threads, not {}", limits.threads));
        }
        if limits.depth == 0 {
            return wrong("with a limit of 0 for the depth of calls, nothing can be called".to_owned());
        }
        match cpu {
            Cpu::Native | Cpu::Baseline => {}
            Cpu::Named(_) => adit_codegen::check_cpu(cpu).map_err(codegen_error)?,
        }
        Ok(Engine::with_options(self.options))
    }
}

/// More lanes than this make functions large and nothing faster.
const MOST_LANES: usize = 64;

/// More threads than any machine has.
const MOST_THREADS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_that_cannot_be_met_are_told() {
        let told = |builder: EngineBuilder| {
            let error = builder.build().expect_err("it is refused");
            assert_eq!((error.kind(), error.diagnostics()[0].code), (crate::ErrorKind::Input, Code("AD0901")));
            error.diagnostics()[0].message.clone()
        };
        let new = Engine::builder;
        assert_eq!(told(new().opt(4)), "the optimisation level is 0, 1, 2 or 3, not 4");
        assert_eq!(told(new().lanes(0)), "there are from 1 to 64 lanes, not 0");
        assert_eq!(told(new().lanes(65)), "there are from 1 to 64 lanes, not 65");
        assert_eq!(told(new().limits(|limits| limits.threads = 0)), "loops run on 1 to 1024 threads, not 0");
        assert!(told(new().limits(|limits| limits.depth = 0)).contains("nothing can be called"));
        let unknown = told(new().cpu(Cpu::Named("no-such-thing".to_owned())));
        assert!(unknown.contains("`no-such-thing`"), "{unknown}");
    }

    #[test]
    fn what_was_said_holds() {
        let engine = Engine::builder().opt(0).strict(true).lanes(3).max_order(2).check_hosts(true).cpu(Cpu::Baseline);
        let engine = engine.limits(|limits| limits.steps = Some(7)).build().expect("it can be met");
        let o = engine.options();
        assert_eq!((o.opt, o.strict, o.lanes, o.max_order, o.check_hosts), (0, true, 3, 2, true));
        assert_eq!((o.limits.steps, o.cpu.clone(), o.sink.is_some()), (Some(7), Cpu::Baseline, false));
    }
}
