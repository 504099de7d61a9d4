//! Levenberg and Marquardt's method, as a solver of `argmin`, which has none.
//!
//! In: residuals ([`Operator`]) and their Jacobian. Out: a point where half the sum of their squares is least; the state's cost is that half. Steps solve the damped linear problem by reflections, without normal
//! equations; columns are damped by the norms that they have had of late, so that units do not matter (J. J. Moré, The Levenberg-Marquardt algorithm, 1978). The damping follows the ratio of decrease and
//! promise (H. B. Nielsen, Damping parameter in Marquardt's method, 1999). Where rounding hides the decrease, the step is taken if the gradient gets smaller. It does not decide when to
//! stop but where no damping helps any more.

use crate::linear::least_squares;
use argmin::core::{Error, IterState, Jacobian, KV, Operator, Problem, Solver, State, TerminationReason};

/// Trials of one step.
const TRIALS: u32 = 80;
/// What is left of the norm of a column after an iteration in which it is smaller: places far from here are forgotten.
const FORGET: f64 = 0.3;
/// A smaller part of the promised decrease is none.
const ENOUGH: f64 = 1e-4;
/// Values that differ by less than this part are taken to be equal.
const ROUNDING: f64 = 1e-10;

/// Where it is: the Jacobian is kept as rows.
type Place = IterState<Vec<f64>, Vec<f64>, Vec<Vec<f64>>, (), Vec<f64>, f64>;

/// Levenberg and Marquardt's method.
#[derive(Clone, Debug)]
pub struct LevenbergMarquardt {
    damping: f64,
    factor: f64,
    trials: u32,
    /// The norms that columns have had of late.
    norms: Vec<f64>,
    /// The sizes of the floats at the start.
    sizes: Vec<f64>,
}

impl Default for LevenbergMarquardt {
    fn default() -> Self {
        LevenbergMarquardt { damping: 1e-3, factor: 2.0, trials: TRIALS, norms: Vec::new(), sizes: Vec::new() }
    }
}

/// Residuals, Jacobian, gradient and half the sum of squares at a point.
struct Local {
    residuals: Vec<f64>,
    jacobian: Vec<Vec<f64>>,
    gradient: Vec<f64>,
}

fn half_square(residuals: &[f64]) -> f64 {
    let sum: f64 = residuals.iter().map(|r| r * r).sum();
    if sum.is_finite() { 0.5 * sum } else { f64::INFINITY }
}

fn gradient(jacobian: &[Vec<f64>], residuals: &[f64], columns: usize) -> Vec<f64> {
    let mut gradient = vec![0.0; columns];
    for (row, r) in jacobian.iter().zip(residuals) {
        gradient.iter_mut().zip(row).for_each(|(g, entry)| *g += entry * r);
    }
    gradient
}

impl LevenbergMarquardt {
    /// Without damping: Gauss and Newton's steps, until one does not help.
    pub(crate) fn undamped() -> Self {
        LevenbergMarquardt { damping: 0.0, trials: 1, ..LevenbergMarquardt::default() }
    }

    /// Takes the norms of columns into account.
    fn measure(&mut self, jacobian: &[Vec<f64>], columns: usize) {
        self.norms.resize(columns, 0.0);
        for (j, norm) in self.norms.iter_mut().enumerate() {
            let now = jacobian.iter().fold(0.0_f64, |norm, row| norm.hypot(row[j]));
            *norm = if now > FORGET * *norm { now } else { FORGET * *norm };
        }
    }

    /// What damps a column.
    fn weight(&self, column: usize) -> f64 {
        let norm = self.norms[column];
        self.damping.sqrt() * if norm > 0.0 { norm } else { 1.0 }
    }

    /// Whether a float that does not start from 0 changes by more than its size, here or at the start: the linear model reaches less far.
    fn is_wild(&self, x: &[f64], step: &[f64]) -> bool {
        let change = |((p, x), size): ((&f64, &f64), &f64)| *size > 0.0 && p.abs() > x.abs().max(*size);
        step.iter().zip(x).zip(&self.sizes).any(change)
    }

    fn step(&self, here: &Local) -> Option<Vec<f64>> {
        let (rows, n) = (here.residuals.len(), self.norms.len());
        let column = |j: usize| {
            let mut column: Vec<f64> = here.jacobian.iter().map(|row| row[j]).collect();
            column.resize(rows + n, 0.0);
            column[rows + j] = self.weight(j);
            column
        };
        let mut aim: Vec<f64> = here.residuals.iter().map(|r| -r).collect();
        aim.resize(rows + n, 0.0);
        least_squares((0..n).map(column).collect(), aim)
    }

    /// How much the linear model promises, with the damping's part.
    fn promise(&self, here: &Local, step: &[f64]) -> f64 {
        let damped: f64 = step.iter().enumerate().map(|(j, p)| (self.weight(j) * p).powi(2)).sum();
        let downhill: f64 = step.iter().zip(&here.gradient).map(|(p, g)| p * g).sum();
        0.5 * (damped - downhill)
    }

    /// The gradient by columns of norm 1.
    fn relative(&self, gradient: &[f64]) -> f64 {
        let part = |(g, norm): (&f64, &f64)| if *norm > 0.0 { g.abs() / norm } else { 0.0 };
        gradient.iter().zip(&self.norms).map(part).fold(0.0, f64::max)
    }

    fn local<O>(problem: &mut Problem<O>, x: &Vec<f64>, residuals: Vec<f64>) -> Result<Local, Error>
    where
        O: Jacobian<Param = Vec<f64>, Jacobian = Vec<Vec<f64>>>,
    {
        let jacobian = problem.jacobian(x)?;
        let gradient = gradient(&jacobian, &residuals, x.len());
        Ok(Local { residuals, jacobian, gradient })
    }
}

impl<O> Solver<O, Place> for LevenbergMarquardt
where
    O: Operator<Param = Vec<f64>, Output = Vec<f64>> + Jacobian<Param = Vec<f64>, Jacobian = Vec<Vec<f64>>>,
{
    fn name(&self) -> &str {
        "Levenberg-Marquardt"
    }

    fn init(&mut self, problem: &mut Problem<O>, mut state: Place) -> Result<(Place, Option<KV>), Error> {
        let x = state.take_param().ok_or_else(|| Error::msg("a start is wanted"))?;
        let residuals = problem.apply(&x)?;
        let here = Self::local(problem, &x, residuals)?;
        self.measure(&here.jacobian, x.len());
        self.sizes = x.iter().map(|x| x.abs()).collect();
        Ok((placed(state, x, here), None))
    }

    fn next_iter(&mut self, problem: &mut Problem<O>, mut state: Place) -> Result<(Place, Option<KV>), Error> {
        let x = state.take_param().unwrap_or_default();
        let here = Local {
            residuals: state.take_residuals().unwrap_or_default(),
            jacobian: state.take_jacobian().unwrap_or_default(),
            gradient: state.take_gradient().unwrap_or_default(),
        };
        let value = half_square(&here.residuals);
        for _ in 0..self.trials {
            let Some(step) = self.step(&here).filter(|step| !self.is_wild(&x, step)) else {
                self.refuse();
                continue;
            };
            let point: Vec<f64> = x.iter().zip(&step).map(|(x, p)| x + p).collect();
            if point == x {
                break;
            }
            let residuals = problem.apply(&point)?;
            let there = half_square(&residuals);
            let hidden = (value - there).abs() <= ROUNDING * value;
            let ratio = (value - there) / self.promise(&here, &step);
            if ratio > ENOUGH || hidden {
                let local = Self::local(problem, &point, residuals)?;
                let finite = local.gradient.iter().all(|g| g.is_finite());
                let better = !hidden || self.relative(&local.gradient) < self.relative(&here.gradient);
                if finite && better {
                    self.accept(ratio, hidden);
                    self.measure(&local.jacobian, point.len());
                    return Ok((placed(state, point, local), None));
                }
            }
            self.refuse();
        }
        let reason = TerminationReason::SolverExit("no step lowers the value".to_owned());
        Ok((placed(state, x, here).terminate_with(reason), None))
    }
}

impl LevenbergMarquardt {
    /// Less damping, the more the better the model was.
    fn accept(&mut self, ratio: f64, hidden: bool) {
        let ratio = if hidden { 1.0 } else { ratio };
        self.damping *= (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(1.0 / 3.0, 2.0);
        self.damping = if self.trials == 1 { 0.0 } else { self.damping.max(1e-20) };
        self.factor = 2.0;
    }

    fn refuse(&mut self) {
        self.damping *= self.factor;
        self.factor *= 2.0;
    }
}

fn placed(state: Place, x: Vec<f64>, here: Local) -> Place {
    let cost = half_square(&here.residuals);
    state.param(x).cost(cost).gradient(here.gradient).jacobian(here.jacobian).residuals(here.residuals)
}
