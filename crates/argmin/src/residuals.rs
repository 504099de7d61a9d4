//! Residuals, as the minimiser of squares sees them.
//!
//! In: a [`Problem`] whose result is several floats. Out: the same (with the bends of bounds as rows of their own) with its calls counted, and the error of a run that stopped kept, because solvers keep only its text.

use crate::minimise::check_start;
use crate::problem::Problem;
use crate::target::Counts;
use adit::{Error, Result};
use argmin::core::{Jacobian, Operator};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counted residuals. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Residuals {
    problem: Problem,
    seen: Arc<Mutex<(Counts, Option<Error>)>>,
}

impl Residuals {
    pub(crate) fn new(problem: &Problem) -> Residuals {
        Residuals { problem: problem.clone(), seen: Arc::default() }
    }

    fn seen(&self) -> MutexGuard<'_, (Counts, Option<Error>)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.seen().0
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        self.seen().1.clone()
    }

    /// The sum of squares at the start, where residuals and Jacobian have to be finite.
    pub(crate) fn check_start(&self) -> Result<f64> {
        let start = self.problem.start();
        let residuals = self.problem.residuals(&start)?;
        let sums: Vec<f64> = self.problem.with_jacobian(&start, |_, entries| {
            let column = |j: usize| entries.iter().skip(j).step_by(start.len()).sum();
            (0..start.len()).map(column).collect()
        })?;
        let value = residuals.iter().map(|r| r * r).sum();
        check_start(&self.problem, value, &sums)?;
        Ok(value)
    }

    fn kept<T>(&self, ran: Result<T>) -> std::result::Result<T, argmin::core::Error> {
        ran.map_err(|error| {
            self.seen().1 = Some(error.clone());
            error.into()
        })
    }
}

impl Operator for Residuals {
    type Param = Vec<f64>;
    type Output = Vec<f64>;

    fn apply(&self, x: &Vec<f64>) -> std::result::Result<Vec<f64>, argmin::core::Error> {
        self.seen().0.evaluations += 1;
        let residuals = self.problem.residuals(x).map(|mut residuals| {
            residuals.resize(residuals.len() + self.problem.bent(), 0.0);
            residuals
        });
        self.kept(residuals)
    }
}

impl Jacobian for Residuals {
    type Param = Vec<f64>;
    type Jacobian = Vec<Vec<f64>>;

    fn jacobian(&self, x: &Vec<f64>) -> std::result::Result<Vec<Vec<f64>>, argmin::core::Error> {
        self.seen().0.jacobians += 1;
        self.kept(self.problem.squares_jacobian(x))
    }
}
