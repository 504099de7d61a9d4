//! Programs of Adit as densities of [`nuts_rs`], the No-U-Turn sampler.
//!
//! In: a function of Adit that computes a log density or its negative, data, constraints. Out: [`Posterior`], of which [`Posterior::density`] gives each chain a [`nuts_rs::CpuLogpFunc`] with a
//! compiled gradient; [`sample`], which runs chains in parallel; and [`summary`], what statisticians look at: means, quantiles, effective sample sizes, R-hat.
//!
//! ```
//! use adit_nuts::{Constraint, Kind, Posterior, Settings, sample, summary};
//!
//! let source = "fn f(mu: f64, sigma: f64, y: [f64; n]) -> f64 {
//!     sum(normal_logpdf(y, mu, sigma)) + exponential_logpdf(sigma, 1)
//! }";
//! let f = adit::Engine::new().compile(source)?.function("f")?;
//! let y = [1.0, 2.0, 4.0, 3.0].into();
//! let posterior = Posterior::new(&f, Kind::Log, &[("y", y)])?.constrain("sigma", Constraint::Lower(0.0))?;
//! let run = sample(&posterior, &Settings { warmup: 300, draws: 300, ..Settings::default() }, &|_| true)?;
//! let mu = &summary(&run)[0];
//! assert!(mu.name == "mu" && (mu.mean - 2.5).abs() < 0.5);
//! # Ok::<(), adit::Error>(())
//! ```
//!
//! It writes no files and prints nothing.

mod chains;
mod constraint;
mod density;
mod diagnostics;
mod posterior;

pub use chains::{Chain, Progress, Run, Settings, sample};
pub use constraint::Constraint;
pub use density::{Density, Stopped};
pub use diagnostics::{Summary, effective_sample_size, r_hat, summary, tail_sample_size};
pub use posterior::{Kind, Posterior};

use adit::diag::Code;

/// A constraint that is unknown, or does not fit.
const CONSTRAINT: Code = Code("AD0920");
/// Nothing to sample.
const NOTHING: Code = Code("AD0921");
/// No starting point.
const START: Code = Code("AD0922");
