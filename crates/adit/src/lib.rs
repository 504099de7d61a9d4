//! Adit: a compiler that differentiates.
//!
//! A small language is parsed into typed SSA, optimised, differentiated by passes over that SSA, optimised again, and compiled to native code in milliseconds.
//!
//! ```
//! let engine = adit::Engine::new();
//! let module = engine.compile(
//!     "fn energy(x: [f64; n], k: f64) -> f64 {
//!          let mut e = 0.0;
//!          for i in 1..n { e += 0.5 * k * (x[i] - x[i - 1])^2; }
//!          e
//!      }",
//! )?;
//! let energy = module.function("energy")?;
//! let args = energy.arrange(&[("k", 2.0.into()), ("x", [0.0, 1.0, 3.0].into())])?;
//! assert_eq!(energy.call(&args)?.value, adit::Value::F64(5.0));
//! let gradient = energy.gradient().at(&args)?;
//! assert_eq!(gradient.of("x").and_then(|g| g.as_slice()), Some(&[-2.0, -2.0, 4.0][..]));
//! assert_eq!(gradient.of("k").and_then(|g| g.as_f64()), Some(2.5));
//! # Ok::<(), adit::Error>(())
//! ```
//!
//! In: source text and [`Value`]s. Out: values, derivatives, the text of every [`Stage`], and [`Error`]s with spans. An [`Engine`] holds options, a [`Module`] a program, a
//! [`Function`] what can be called. What this crate does not do: it prints nothing unless told where to, and reads no files but those that [`Engine::compile_file`] and [`Engine::load_file`] are asked for.

mod artefact;
pub mod bench;
mod builder;
mod calls;
pub mod check;
mod consequences;
mod cost;
mod engine;
mod error;
mod files;
mod flows;
mod frame;
mod function;
mod handle;
mod host;
mod imports;
mod module;
mod options;
mod outcome;
pub mod passes;
mod pipeline;

mod roomy;
mod signature;
mod snapshots;
mod stage;
mod tape;
mod value;

pub use adit_autodiff::MAX_ORDER as DEFAULT_MAX_ORDER;
pub use adit_autodiff::{AdOpt, AdOpts};
#[cfg(feature = "derive")]
pub use adit_derive::Leaves;
pub use adit_diag as diag;
pub use adit_ir as ir;
pub use adit_ir::ScalarType;
pub use adit_ir::external::{Floats, Operand};
pub use adit_ir::limits::Limits;
pub use adit_sema::check::library_sources;
pub use adit_sema::conventions::{self, CONVENTIONS};
pub use adit_sparse::Pattern;
pub use artefact::{Artefact, Kind, is_artefact};
pub use builder::EngineBuilder;
pub use cost::{Cost, Formula};
pub use engine::Engine;
pub use error::{Error, ErrorKind, Result};
pub use function::Function;
pub use handle::{
    Active, Activity, Adjoint, AllShadows, Annotated, Annotations, BatchDuplicated, Const, Differentiated, Duplicated,
    DuplicatedNoNeed, NoShadow, Shadow, Shadows, Sweep,
};
pub use handle::{
    Argument, Arguments, BoundCall, BoundGradient, CallFn, GradientFn, HessianFn, HvpFn, JacobianFn, JvpFn, Leaves,
    Number, Pass, Request, SparseHessianFn, SparseJacobianFn, SplitFn, Take, Tape, View, ViewMut, VjpFn, Workspace,
    make_zero,
};
pub use handle::{FnType, Outline, Typed};
pub use host::HostFunction;
pub use imports::Loader;
pub use module::Module;
pub use options::{Clock, Cpu, Options, Sink};
pub use outcome::{Gradient, Mode, Outcome};
pub use passes::parse_ir;
pub use signature::{Parameter, Signature, Type};
pub use stage::{Of, Stage};
pub use value::{Array, Data, Value, float_names, subscripts};

/// The Rust snippets of the README and the book, as doc tests.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/library.md")]
    struct Library;

    #[doc = include_str!("../../../docs/tutorial.md")]
    struct Tutorial;

    #[doc = include_str!("../../../docs/artefacts.md")]
    struct Artefacts;

    #[doc = include_str!("../../../docs/posts.md")]
    struct Posts;
}
