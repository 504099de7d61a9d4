//! A cost in scaled coordinates, as the minimisers of this crate see it.
//!
//! In: a [`Problem`], a scale for each float (`x = scale · u`), a unit of the value. Out: [`Target`], whose point is `u`, and whose value counts units. Value and gradient come from one run, and the last one is remembered: solvers ask for them one after
//! the other. Where the value or the gradient is not finite, the value is infinite, so that searches turn back; a run that stops is an error, kept in [`Target::failure`] because solvers
//! keep only its text. It decides nothing.

use crate::problem::Problem;
use adit::Error;
use argmin::core::{CostFunction, Gradient, Hessian};
use argmin_math::ArgminDot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Answer<T> = Result<T, argmin::core::Error>;

/// A cost in scaled coordinates. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    problem: Problem,
    scale: Vec<f64>,
    unit: f64,
    seen: Mutex<Seen>,
}

/// What was computed last, and how often.
#[derive(Debug, Default)]
struct Seen {
    last: Option<Evaluated>,
    counts: Counts,
    failure: Option<Error>,
}

/// A point with its value and gradient, in scaled coordinates.
#[derive(Clone, Debug)]
pub(crate) struct Evaluated {
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
}

/// How often what was computed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Values with their gradients, or residuals.
    pub evaluations: u64,
    /// Hessians times a direction; a whole Hessian counts as many as it has columns.
    pub products: u64,
    /// Jacobians.
    pub jacobians: u64,
}

impl Target {
    pub(crate) fn new(problem: &Problem, scale: Vec<f64>, unit: f64) -> Target {
        Target { inner: Arc::new(Inner { problem: problem.clone(), scale, unit, seen: Mutex::default() }) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.seen().counts
    }

    /// The error that stopped a run, if one did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.seen().failure.clone()
    }

    pub(crate) fn scale(&self) -> &[f64] {
        &self.inner.scale
    }

    /// What the value counts.
    pub(crate) fn unit(&self) -> f64 {
        self.inner.unit
    }

    /// A derivative of the value by floats as they are, in scaled coordinates and units.
    fn scaled_slopes(&self, slopes: &[f64]) -> Vec<f64> {
        times(slopes, &self.inner.scale).into_iter().map(|slope| slope / self.inner.unit).collect()
    }

    /// From scaled coordinates to the problem's.
    pub(crate) fn unscaled(&self, u: &[f64]) -> Vec<f64> {
        times(u, &self.inner.scale)
    }

    /// From the problem's coordinates to scaled ones.
    pub(crate) fn scaled(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.inner.scale).map(|(x, scale)| x / scale).collect()
    }

    /// Keeps the error of a run for [`Target::failure`].
    fn kept<T>(&self, ran: adit::Result<T>) -> Answer<T> {
        ran.map_err(|error| {
            self.seen().failure = Some(error.clone());
            error.into()
        })
    }

    /// The value and the gradient here.
    pub(crate) fn evaluate(&self, u: &[f64]) -> Answer<Evaluated> {
        if let Some(last) = self.seen().last.as_ref().filter(|last| last.point == u) {
            return Ok(last.clone());
        }
        let (value, gradient) = self.kept(self.inner.problem.value_and_gradient(&self.unscaled(u)))?;
        let gradient = self.scaled_slopes(&gradient);
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        let value = if finite { value / self.inner.unit } else { f64::INFINITY };
        let evaluated = Evaluated { point: u.to_vec(), value, gradient };
        let mut seen = self.seen();
        seen.counts.evaluations += 1;
        seen.last = Some(evaluated.clone());
        Ok(evaluated)
    }

    /// The whole Hessian, row by row.
    pub(crate) fn matrix(&self, u: &[f64]) -> Answer<Vec<Vec<f64>>> {
        let mut matrix = self.kept(self.inner.problem.dense_hessian(&self.unscaled(u)))?;
        for (row, scale) in matrix.iter_mut().zip(&self.inner.scale) {
            *row = self.scaled_slopes(row);
            row.iter_mut().for_each(|entry| *entry *= scale);
        }
        self.seen().counts.products += u.len() as u64;
        Ok(matrix)
    }
}

fn times(x: &[f64], scale: &[f64]) -> Vec<f64> {
    x.iter().zip(scale).map(|(x, scale)| x * scale).collect()
}

impl CostFunction for Target {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, u: &Vec<f64>) -> Answer<f64> {
        Ok(self.evaluate(u)?.value)
    }
}

impl Gradient for Target {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, u: &Vec<f64>) -> Answer<Vec<f64>> {
        Ok(self.evaluate(u)?.gradient)
    }
}

/// The Hessian at a point, by its products with directions alone.
#[derive(Clone, Debug)]
pub(crate) struct Curvature {
    target: Target,
    point: Arc<Vec<f64>>,
}

impl Hessian for Target {
    type Param = Vec<f64>;
    type Hessian = Curvature;

    fn hessian(&self, u: &Vec<f64>) -> Answer<Curvature> {
        Ok(Curvature { target: self.clone(), point: Arc::new(self.unscaled(u)) })
    }
}

/// A product that cannot be had, or is not finite, is zero: a direction without curvature, along which trust regions go to their edge. What stopped a run is kept and told after the step.
impl ArgminDot<Vec<f64>, Vec<f64>> for Curvature {
    fn dot(&self, along: &Vec<f64>) -> Vec<f64> {
        let inner = &self.target.inner;
        self.target.seen().counts.products += 1;
        let product = self.target.kept(inner.problem.hessian_product(&self.point, &times(along, &inner.scale)));
        match product.map(|product| self.target.scaled_slopes(&product)) {
            Ok(product) if product.iter().all(|p| p.is_finite()) => product,
            Ok(_) | Err(_) => vec![0.0; along.len()],
        }
    }
}
