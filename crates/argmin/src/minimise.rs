//! Minimising until nothing more can be gained.
//!
//! In: a [`Problem`], [`Options`], someone who watches. Out: [`Minimum`]: where, how low, how steep, at what cost, and why it stopped there. The methods are `argmin`'s (L-BFGS; Newton's by conjugate gradients in a
//! trust region, from Hessian products) and [`LevenbergMarquardt`] for residuals, in [scaled](crate::scale) coordinates. Where there are few floats, Newton's steps on the gradient add
//! the last digits, which differences of values can't show. It prints nothing and reads no clock.

use crate::levenberg::LevenbergMarquardt;
use crate::line::Wolfe;
use crate::linear::{conjugate_gradients, solve_positive};
use crate::problem::Problem;
use crate::residuals::Residuals;
use crate::scale::{self, FEW};
use crate::target::{Counts, Target};
use adit::diag::Code;
use adit::{Error, Result, Type};
use argmin::core::{Hessian, IterState, Solver, State};
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use argmin_math::ArgminDot;

/// How to go down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// L-BFGS: gradients alone.
    Lbfgs,
    /// Newton's method by conjugate gradients in a trust region: gradients, and products of the Hessian with directions.
    NewtonCg,
    /// Levenberg and Marquardt's: residuals and their Jacobian.
    LevenbergMarquardt,
}

impl Method {
    /// All, with their names.
    pub const ALL: [(Method, &str); 3] = [
        (Method::Lbfgs, "lbfgs"),
        (Method::NewtonCg, "newton-cg"),
        (Method::LevenbergMarquardt, "levenberg-marquardt"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Method::ALL.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }
}

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// Which method; without one, L-BFGS for a function that gives one float, Levenberg and Marquardt's for one that gives several.
    pub method: Option<Method>,
    /// How flat is flat: the largest change of the value, relative to the value, by a change of any float as large as itself. For residuals, the largest cosine between them and a column of the Jacobian.
    pub tolerance: f64,
    /// Iterations at most.
    pub max_iterations: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { method: None, tolerance: 1e-10, max_iterations: 10_000 }
    }
}

/// Where a minimisation is after an iteration.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// Its number; 0 is the start.
    pub iteration: u64,
    /// The value: of a cost, or the sum of squares of residuals.
    pub value: f64,
    /// The norm of the gradient of the value, by the floats as they are; by what moves in their place where they are bounded.
    pub gradient_norm: f64,
}

/// Why it stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The gradient is within the tolerance.
    Gradient,
    /// Neither value nor gradient gets smaller: what is left is rounding.
    Flat,
    /// No step lowers the value.
    Stuck,
    /// So many iterations were allowed.
    Iterations,
}

impl Stop {
    /// A word for machines.
    pub fn name(self) -> &'static str {
        match self {
            Stop::Gradient => "gradient",
            Stop::Flat => "flat",
            Stop::Stuck => "stuck",
            Stop::Iterations => "iterations",
        }
    }

    /// A sentence for people.
    pub fn about(self) -> &'static str {
        match self {
            Stop::Gradient => "the gradient is within the tolerance",
            Stop::Flat => "neither the value nor the gradient gets smaller",
            Stop::Stuck => "no step lowers the value",
            Stop::Iterations => "the iterations allowed are used up",
        }
    }
}

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Minimum {
    /// The floats that move.
    pub point: Vec<f64>,
    /// The value there: of a cost, or the sum of squares of residuals.
    pub value: f64,
    /// The norm of its gradient.
    pub gradient_norm: f64,
    /// How many iterations.
    pub iterations: u64,
    /// What was computed how often.
    pub counts: Counts,
    /// By which method.
    pub method: Method,
    /// Why it stopped.
    pub stop: Stop,
    /// Whether it is a minimum as far as can be seen: flat, or nothing to be gained where the value is a bowl.
    pub converged: bool,
}

/// Minimises a function that gives one float, or the sum of squares of one that gives several.
///
/// ```
/// use adit_argmin::{Options, Problem, minimise};
///
/// let source = "fn rosenbrock(x: [f64; 2]) -> f64 { (1 - x[0])^2 + 100 * (x[1] - x[0]^2)^2 }";
/// let function = adit::Engine::new().compile(source)?.function("rosenbrock")?;
/// let problem = Problem::new(&function, &[[-1.2, 1.0].into()], &[])?;
/// let found = minimise(&problem, &Options::default(), &mut |_| ())?;
/// assert!(found.converged && found.point.iter().all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
/// # Ok::<(), adit::Error>(())
/// ```
///
/// # Errors
/// A method that does not fit what the function gives, a derivative that is refused, a start without a finite value and gradient, a run that stops.
pub fn minimise(problem: &Problem, options: &Options, watch: &mut dyn FnMut(&Step)) -> Result<Minimum> {
    let one_float = matches!(&problem.function().signature().result, Type::Scalar(s) if s.is_float());
    if !problem.function().signature().result.carries_floats() {
        // Refused by the library, in its words.
        problem.value_and_gradient(&problem.start())?;
    }
    let usual = if one_float { Method::Lbfgs } else { Method::LevenbergMarquardt };
    let method = options.method.unwrap_or(usual);
    match (method, one_float) {
        (Method::LevenbergMarquardt, true) => {
            let text = "`levenberg-marquardt` is for residuals; `NAME` gives one float, which `lbfgs` and `newton-cg` minimise";
            let text = text.replace("NAME", problem.function().name());
            Err(Error::input(Code("AD0910"), text))
        }
        (Method::LevenbergMarquardt, false) => squares(problem, options, watch),
        (Method::Lbfgs | Method::NewtonCg, _) => cost(problem, method, options, watch),
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |norm, x| norm.hypot(*x))
}

/// The course of a minimisation.
struct Course<'w> {
    options: Options,
    iterations: u64,
    /// How many iterations without gain are too many.
    patience: u32,
    idle: u32,
    lowest: f64,
    flattest: f64,
    watch: &'w mut dyn FnMut(&Step),
}

impl Course<'_> {
    /// Whether to stop, after an iteration that led here; `flatness` is what is compared with the tolerance.
    fn stop(&mut self, value: f64, gradient_norm: f64, flatness: f64) -> Option<Stop> {
        (self.watch)(&Step { iteration: self.iterations, value, gradient_norm });
        let gains = value < self.lowest - 1e-15 * self.lowest.abs() || flatness < 0.5 * self.flattest;
        self.idle = if gains { 0 } else { self.idle + 1 };
        self.lowest = self.lowest.min(value);
        self.flattest = self.flattest.min(flatness);
        if flatness <= self.options.tolerance {
            Some(Stop::Gradient)
        } else if self.idle >= self.patience {
            Some(Stop::Flat)
        } else if self.iterations >= self.options.max_iterations {
            Some(Stop::Iterations)
        } else {
            None
        }
    }
}

/// Where residuals are.
type Squares = Place<Vec<Vec<f64>>, (), Vec<f64>>;

/// A place as solvers of `argmin` keep it.
type Place<J, H, R> = IterState<Vec<f64>, Vec<f64>, J, H, R, f64>;

/// The last place, and why it is.
type Descended<J, H, R> = Result<(Place<J, H, R>, Stop)>;

/// Lets a solver go down until `judge`, who sees each place, says stop; gives the last place with a point.
fn descend<O: Clone, S, J: Clone, H: Clone, R: Clone>(
    mut solver: S,
    target: &O,
    start: Place<J, H, R>,
    failure: &dyn Fn() -> Option<Error>,
    mut judge: impl FnMut(&Place<J, H, R>) -> Option<Stop>,
) -> Descended<J, H, R>
where
    S: Solver<O, Place<J, H, R>>,
    Place<J, H, R>: State<Param = Vec<f64>, Float = f64>,
{
    let mut problem = argmin::core::Problem::new(target.clone());
    let told = |error: argmin::core::Error| failure().unwrap_or_else(|| Error::internal(error.to_string()));
    let (mut place, _) = solver.init(&mut problem, start).map_err(told)?;
    loop {
        if let Some(stop) = judge(&place) {
            return Ok((place, stop));
        }
        let next = solver.next_iter(&mut problem, place.clone());
        if let Some(error) = failure() {
            return Err(error);
        }
        match next {
            Ok((next, _)) if !next.terminated() => place = next,
            Ok(_) | Err(_) => return Ok((place, Stop::Stuck)),
        }
        place.increment_iter();
    }
}

/// Residuals.
fn squares(problem: &Problem, options: &Options, watch: &mut dyn FnMut(&Step)) -> Result<Minimum> {
    let target = Residuals::new(problem);
    let start_value = target.check_start()?;
    let mut course = course(options, watch, 5);
    let judge = |place: &Squares| {
        let gradient = place.get_gradient().map_or(&[][..], |g| g);
        let stop = course.stop(2.0 * place.get_cost(), 2.0 * norm(gradient), cosine(place));
        course.iterations += u64::from(stop.is_none());
        stop
    };
    let start = IterState::new().param(problem.start());
    let failure = || target.failure();
    let (mut place, stop) = descend(LevenbergMarquardt::default(), &target, start, &failure, judge)?;
    if stop != Stop::Iterations {
        let mut best = f64::INFINITY;
        // Steps without damping, as long as they make the gradient smaller, add the last digits.
        let judge = |next: &Squares| {
            let last = std::mem::replace(&mut best, cosine(next));
            (best > 0.9 * last).then_some(Stop::Flat)
        };
        place = descend(LevenbergMarquardt::undamped(), &target, place, &failure, judge)?.0;
    }
    let gradient = place.get_gradient().map_or(&[][..], |g| g);
    Ok(Minimum {
        point: place.get_param().map(|point| problem.outside(point)).unwrap_or_default(),
        value: 2.0 * place.get_cost(),
        gradient_norm: 2.0 * norm(gradient),
        iterations: course.iterations,
        counts: target.counts(),
        method: Method::LevenbergMarquardt,
        stop,
        // Where nothing but rounding is left of the residuals, their angles mean nothing.
        converged: stop != Stop::Iterations
            && (cosine(&place) <= options.tolerance.max(1e-5) || 2.0 * place.get_cost() <= 1e-24 * start_value),
    })
}

/// The largest cosine between the residuals and a column of the Jacobian.
fn cosine(place: &Squares) -> f64 {
    let (Some(jacobian), Some(gradient)) = (place.get_jacobian(), place.get_gradient()) else {
        return f64::INFINITY;
    };
    let length = (2.0 * place.get_cost()).sqrt();
    if length == 0.0 {
        return 0.0;
    }
    let column = |j: usize| jacobian.iter().fold(0.0_f64, |norm, row| norm.hypot(row[j]));
    let cosine = |(j, g): (usize, &f64)| if *g == 0.0 { 0.0 } else { g.abs() / (column(j) * length) };
    gradient.iter().enumerate().map(cosine).fold(0.0, f64::max)
}

fn course<'w>(options: &Options, watch: &'w mut dyn FnMut(&Step), patience: u32) -> Course<'w> {
    let (lowest, flattest) = (f64::INFINITY, f64::INFINITY);
    Course { options: *options, iterations: 0, patience, idle: 0, lowest, flattest, watch }
}

/// Where a cost is, in scaled coordinates.
#[derive(Clone)]
struct Spot {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Spot {
    fn of<H: Clone>(place: &Place<(), H, ()>) -> Spot {
        Spot {
            point: place.get_param().cloned().unwrap_or_default(),
            value: place.get_cost(),
            gradient: place.get_gradient().cloned().unwrap_or_default(),
        }
    }

    /// The largest change of the value, relative to the value, by a change of any float as large as itself or as its scale.
    fn flatness(&self) -> f64 {
        let change = self.gradient.iter().zip(&self.point).map(|(g, u)| g.abs() * u.abs().max(1.0)).fold(0.0, f64::max);
        if change == 0.0 { 0.0 } else { change / self.value.abs() }
    }
}

/// The norm of the gradient by the floats as they are.
fn gradient_norm(target: &Target, gradient: &[f64]) -> f64 {
    target.unit() * norm(&gradient.iter().zip(target.scale()).map(|(g, scale)| g / scale).collect::<Vec<_>>())
}

/// A function that gives one float.
fn cost(problem: &Problem, method: Method, options: &Options, watch: &mut dyn FnMut(&Step)) -> Result<Minimum> {
    let (value, gradient) = problem.value_and_gradient(&problem.start())?;
    check_start(problem, value, &gradient)?;
    let unit = if value == 0.0 { 1.0 } else { value.abs() };
    let target = Target::new(problem, scale::of(problem, value), unit);
    let start = target.evaluate(&target.scaled(&problem.start())).map_err(|e| Error::internal(e.to_string()))?;
    let start = Spot { point: start.point, value: start.value, gradient: start.gradient };
    let mut course = course(options, watch, if method == Method::NewtonCg { 30 } else { 6 });
    let (mut spot, mut stop) = go(&target, &start, method, &mut course)?;
    // A search that fails may have been misled by what it remembers.
    while stop == Stop::Stuck && method == Method::Lbfgs {
        let (next, why) = go(&target, &spot, method, &mut course)?;
        let gained = next.value < spot.value - 1e-10 * spot.value.abs();
        (spot, stop) = (next, why);
        if !gained {
            break;
        }
    }
    let gain = polish(&target, &mut spot, method, stop)?;
    let bowl = gain.is_some_and(|gain| gain <= 1e-12 * (spot.value.abs() + (start.value - spot.value).abs()));
    let flat = stop == Stop::Gradient || norm(&spot.gradient) <= 1e-6 * norm(&start.gradient);
    let point = target.unscaled(&spot.point);
    Ok(Minimum {
        // What is told is what the function gives there, not what the scaled search rounded it to.
        value: problem.value(&point)?,
        point: problem.outside(&point),
        gradient_norm: gradient_norm(&target, &spot.gradient),
        iterations: course.iterations,
        counts: target.counts(),
        method,
        stop,
        converged: stop != Stop::Iterations && (bowl || gain.is_none() && flat),
    })
}

fn go(target: &Target, from: &Spot, method: Method, course: &mut Course<'_>) -> Result<(Spot, Stop)> {
    let failure = || target.failure();
    macro_rules! by {
        ($solver:expr) => {{
            let judge = |place: &Place<(), _, ()>| {
                let spot = Spot::of(place);
                let stop =
                    course.stop(spot.value * target.unit(), gradient_norm(target, &spot.gradient), spot.flatness());
                course.iterations += u64::from(stop.is_none());
                stop
            };
            let start = IterState::new().param(from.point.clone()).cost(from.value).gradient(from.gradient.clone());
            let (place, stop) = descend($solver, target, start, &failure, judge)?;
            Ok((Spot::of(&place), stop))
        }};
    }
    if method == Method::NewtonCg {
        let products = 2 * from.point.len() as u64 + 20;
        let radius = norm(&from.point).max(1.0);
        let region = TrustRegion::new(Steihaug::new().with_max_iters(products.min(1000)))
            .with_radius(radius)
            .and_then(|region| region.with_max_radius(1e10 * radius))
            .map_err(|e| Error::internal(e.to_string()))?;
        by!(region)
    } else {
        by!(LBFGS::new(Wolfe::default(), 10))
    }
}

/// Newton's steps as long as they make the gradient smaller; what the last one promised to gain, where the value is a bowl.
fn polish(target: &Target, spot: &mut Spot, method: Method, stop: Stop) -> Result<Option<f64>> {
    let many = spot.point.len() > FEW;
    if many && method == Method::Lbfgs || stop == Stop::Iterations {
        return Ok(None);
    }
    let mut promise = None;
    for _ in 0..10 {
        let step = if many { by_products(target, spot)? } else { by_matrix(target, spot) };
        let Some(step) = step else { break };
        promise = Some(0.5 * step.iter().zip(&spot.gradient).map(|(p, g)| p * g).sum::<f64>());
        let point: Vec<f64> = spot.point.iter().zip(&step).map(|(u, p)| u - p).collect();
        let Ok(there) = target.evaluate(&point) else { break };
        let flatter = norm(&there.gradient) < norm(&spot.gradient);
        if !flatter || there.value > spot.value + 1e-8 * spot.value.abs() {
            break;
        }
        *spot = Spot { point: there.point, value: there.value, gradient: there.gradient };
    }
    Ok(promise)
}

fn by_matrix(target: &Target, spot: &Spot) -> Option<Vec<f64>> {
    solve_positive(target.matrix(&spot.point).ok()?, &spot.gradient)
}

fn by_products(target: &Target, spot: &Spot) -> Result<Option<Vec<f64>>> {
    let hessian = target.hessian(&spot.point).map_err(|e| Error::internal(e.to_string()))?;
    let step = conjugate_gradients(|x| hessian.dot(x), &spot.gradient, 1000);
    target.failure().map_or(Ok(step), Err)
}

/// That there is something to go down from.
pub(crate) fn check_start(problem: &Problem, value: f64, gradient: &[f64]) -> Result<()> {
    let name = problem.function().name();
    if !value.is_finite() {
        return Err(Error::input(Code("AD0911"), format!("the value of `{name}` at the start is {value}")));
    }
    let Some(at) = gradient.iter().position(|g| !g.is_finite()) else { return Ok(()) };
    let float = problem.free().names().swap_remove(at);
    let text = format!("the derivative of `{name}` by `{float}` at the start is {}", gradient[at]);
    Err(Error::input(Code("AD0911"), text))
}
