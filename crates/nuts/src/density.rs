//! A density as the sampler calls it.
//!
//! In: free numbers. Out: the log density of them, Jacobian included, and its gradient, by one call of compiled code; nothing is allocated. What has no finite value is recoverable, and counts as
//! a divergence: a value that is not finite, an assertion of the program's, a matrix without an inverse or a root. Any other error of a run ends the chain ([`Stopped`] keeps it).

use crate::posterior::{Kind, Posterior};
use adit::{Error, Workspace};
use nuts_rs::{CpuLogpFunc, CpuMathError, HasDims, LogpError};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Errors of runs that say that the density has no value there.
const NO_VALUE: [&str; 3] = ["AD0803", "AD0813", "AD0814"];

/// A density and its gradient, with a workspace of its own: one for each chain.
#[derive(Debug)]
pub struct Density {
    posterior: Posterior,
    workspace: Workspace,
    x: Vec<f64>,
    x_bar: Vec<f64>,
    undefined: Arc<AtomicU64>,
}

/// Why there is no density.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// It is not finite, or its gradient is not.
    NotFinite,
    /// The run stopped.
    Run(Error),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::NotFinite => f.write_str("the density or its gradient is not finite"),
            Stopped::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Stopped {}

impl LogpError for Stopped {
    fn is_recoverable(&self) -> bool {
        match self {
            Stopped::NotFinite => true,
            Stopped::Run(error) => error.diagnostics().iter().all(|d| NO_VALUE.contains(&d.code.0)),
        }
    }
}

impl Density {
    pub(crate) fn new(posterior: &Posterior) -> Self {
        let n = posterior.names().len();
        let (x, x_bar) = (vec![0.0; n], vec![0.0; n]);
        Density { posterior: posterior.clone(), workspace: Workspace::new(), x, x_bar, undefined: Arc::default() }
    }

    /// At how many points it has had no finite value, counted as it is called.
    pub fn undefined(&self) -> Arc<AtomicU64> {
        self.undefined.clone()
    }

    /// The log density at free numbers; its gradient is written.
    ///
    /// # Errors
    /// If it is not finite, or the run stops.
    pub fn log_density(&mut self, y: &[f64], gradient: &mut [f64]) -> Result<f64, Stopped> {
        let log_jacobian = self.posterior.apply(y, &mut self.x);
        let called = self.posterior.gradient.value_and_gradient(&mut self.workspace, &self.x, &mut self.x_bar);
        let value = called.map_err(Stopped::Run)?;
        let sign = if self.posterior.kind == Kind::Log { 1.0 } else { -1.0 };
        self.x_bar.iter_mut().for_each(|x_bar| *x_bar *= sign);
        self.pull_back(y, gradient);
        let log_density = sign * value + log_jacobian;
        let finite = log_density.is_finite() && gradient.iter().all(|g| g.is_finite());
        if finite { Ok(log_density) } else { Err(Stopped::NotFinite) }
    }

    fn pull_back(&self, y: &[f64], y_bar: &mut [f64]) {
        for part in &*self.posterior.parts {
            let (x, x_bar) = (&self.x[part.x.clone()], &self.x_bar[part.x.clone()]);
            part.constraint.pull_back(&y[part.y.clone()], x, x_bar, &mut y_bar[part.y.clone()]);
        }
    }
}

impl HasDims for Density {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.posterior.dim() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = Stopped;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.posterior.dim()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Stopped> {
        let found = self.log_density(position, gradient);
        if found.is_err() {
            self.undefined.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}
