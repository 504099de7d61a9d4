//! A line search that meets the Wolfe conditions, and the approximate ones where rounding hides the value.
//!
//! In: a point, its value and gradient, a direction downhill. Out: a point further on. Steps that give no finite value are too long, nothing worse. Near a minimum differences of values are lost in rounding;
//! there slopes alone decide (W. W. Hager and H. Zhang, A new conjugate gradient method with guaranteed descent and an efficient line search, SIAM J. Optim. 16, 2005, the conditions T1
//! and T2), so that minimisers reach the last digits. It is a line search for any solver of `argmin` that takes one.

use argmin::core::{
    CostFunction, Error, Gradient, IterState, KV, LineSearch, Problem, Solver, State, TerminationReason,
};

/// How much of the promised decrease is enough.
const ARMIJO: f64 = 1e-4;
/// How much of the slope may be left.
const CURVATURE: f64 = 0.9;
/// Values that differ by less than this part are taken to be equal.
const ROUNDING: f64 = 1e-10;
/// Trials of one search.
const TRIALS: usize = 60;

/// The line search.
#[derive(Clone, Debug, Default)]
pub struct Wolfe {
    direction: Vec<f64>,
}

/// A trial: how far, what value, what slope.
#[derive(Clone, Copy, Debug)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
}

/// What a trial says.
enum Verdict {
    Short,
    Long,
    Taken,
}

impl Trial {
    fn judged(self, from: Trial) -> Verdict {
        let lowers = self.value <= from.value + ARMIJO * self.step * from.slope;
        let equal = self.value <= from.value + ROUNDING * from.value.abs();
        if !(lowers || equal) {
            Verdict::Long
        } else if self.slope < CURVATURE * from.slope {
            Verdict::Short
        } else if lowers || self.slope <= (2.0 * ARMIJO - 1.0) * from.slope {
            Verdict::Taken
        } else {
            Verdict::Long
        }
    }
}

/// The first step to try: 1, which is what quasi-Newton methods want, but nothing changes by more than its size at once.
fn first(start: &[f64], direction: &[f64]) -> f64 {
    let change = |(x, d): (&f64, &f64)| d.abs() / x.abs().max(1.0);
    1.0 / start.iter().zip(direction).map(change).fold(1.0, f64::max)
}

/// The next step to try, between one too short and one too long, or beyond the former.
fn next(short: Trial, long: Option<Trial>) -> f64 {
    let Some(long) = long else {
        return 4.0 * short.step;
    };
    let width = long.step - short.step;
    let rise = long.value - short.value - short.slope * width;
    // The lowest point of the parabola through both values and the first slope.
    let parabola = -0.5 * short.slope * width * width / rise;
    let inside = if rise.is_finite() && parabola.is_finite() { parabola / width } else { 0.1 };
    short.step + width * inside.clamp(0.1, 0.5)
}

impl LineSearch<Vec<f64>, f64> for Wolfe {
    fn search_direction(&mut self, direction: Vec<f64>) {
        self.direction = direction;
    }

    fn initial_step_length(&mut self, _: f64) -> Result<(), Error> {
        Ok(())
    }
}

type Point = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl<O> Solver<O, Point> for Wolfe
where
    O: CostFunction<Param = Vec<f64>, Output = f64> + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>,
{
    fn name(&self) -> &str {
        "Wolfe"
    }

    fn next_iter(&mut self, problem: &mut Problem<O>, mut state: Point) -> Result<(Point, Option<KV>), Error> {
        let start = state.take_param().unwrap_or_default();
        let value = if state.get_cost().is_finite() { state.get_cost() } else { problem.cost(&start)? };
        let gradient = match state.take_gradient() {
            Some(gradient) => gradient,
            None => problem.gradient(&start)?,
        };
        let from = Trial { step: 0.0, value, slope: dot(&self.direction, &gradient) };
        if from.slope >= 0.0 || from.slope.is_nan() {
            return Err(Error::msg("the direction does not lead downhill"));
        }
        let (mut short, mut long, mut step) = (from, None, first(&start, &self.direction));
        for _ in 0..TRIALS {
            let point: Vec<f64> = start.iter().zip(&self.direction).map(|(x, d)| x + step * d).collect();
            let value = problem.cost(&point)?;
            let gradient = if value.is_finite() { problem.gradient(&point)? } else { Vec::new() };
            let trial = Trial { step, value, slope: dot(&self.direction, &gradient) };
            match if value.is_finite() { trial.judged(from) } else { Verdict::Long } {
                Verdict::Short => short = trial,
                Verdict::Long => long = Some(trial),
                Verdict::Taken => {
                    let state = state.param(point).gradient(gradient).cost(value);
                    return Ok((state.terminate_with(TerminationReason::SolverConverged), None));
                }
            }
            step = next(short, long);
        }
        Err(Error::msg("no step lowers the value"))
    }
}
