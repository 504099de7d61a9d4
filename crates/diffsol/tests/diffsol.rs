//! Equations of Adit in diffsol's solvers: solutions, and gradients of losses by the adjoint method.

#![expect(clippy::unwrap_used, reason = "in tests, what fails shall fail")]

use adit::{Engine, Value};
use adit_diffsol::{Equation, Roles};
use diffsol::{
    AdjointOdeSolverMethod, DenseMatrix, Matrix, NalgebraContext, NalgebraLU, NalgebraMat, OdeBuilder, OdeSolverMethod,
    OdeSolverState,
};

type M = NalgebraMat<f64>;
type Solver = NalgebraLU<f64>;

/// Prey and predators from initial values that are parameters too, seen as their sum and their ratio; and the loss at given times, differentiated through a Runge-Kutta method of order 4.
const LOTKA: &str = "
fn rates(y: [f64; 2], p: [f64; 6]) -> [f64; 2] {
    [y[0] * (p[0] - p[1] * y[1]), y[1] * (p[2] * y[0] - p[3])]
}
fn begin(p: [f64; 6]) -> [f64; 2] { [p[4], p[5]] }
fn seen(y: [f64; 2], p: [f64; 6]) -> [f64; 2] { [y[0] + y[1], p[0] * y[0] / y[1]] }
fn step(y: [f64; 2], p: [f64; 6], h: f64) -> [f64; 2] {
    let a = rates(y, p);
    let b = rates(y + 0.5 * h * a, p);
    let c = rates(y + 0.5 * h * b, p);
    let d = rates(y + h * c, p);
    y + h / 6 * (a + 2 * b + 2 * c + d)
}
fn loss(p: [f64; 6], data: [f64; n, 2], spacing: f64, steps: i64) -> f64 {
    let mut y = begin(p);
    let mut total = 0.0;
    for i in 0..n {
        for k in 0..steps { y = step(y, p, spacing / f64(steps)); }
        total += sum((seen(y, p) - data[i, ..])^2);
    }
    total
}
";

const POINT: [f64; 6] = [0.7, 0.5, 0.4, 0.6, 1.5, 1.0];
const DATA: [[f64; 2]; 4] = [[2.4, 1.0], [2.5, 0.6], [2.6, 0.5], [2.2, 0.9]];
const SPACING: f64 = 0.75;

fn equation(source: &str, name: &str, args: &[Value], roles: &Roles<'_>) -> Equation {
    let function = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}")).function(name).unwrap();
    Equation::new(&function, args, roles).unwrap()
}

/// The loss and its gradient: diffsol forward with checkpoints, then its adjoint backwards.
fn by_adjoint() -> (f64, Vec<f64>) {
    let (y, p): (Value, Value) = (vec![1.0; 2].into(), vec![1.0; 6].into());
    let both = Roles { state: &["y"], parameters: &["p"], time: None };
    let rates = equation(LOTKA, "rates", &[y.clone(), p.clone()], &both);
    let seen = equation(LOTKA, "seen", &[y, p.clone()], &both);
    let begin = equation(LOTKA, "begin", &[p], &Roles { state: &[], ..both });
    let problem = OdeBuilder::<M>::new()
        .p(POINT)
        .rtol(1e-9)
        .atol([1e-11])
        .rhs_adjoint_implicit(rates.value(), rates.jacobian(), rates.jacobian_adjoint(), rates.sensitivity_adjoint())
        .init_adjoint(begin.start(), begin.start_adjoint(), 2)
        .out_adjoint_implicit(seen.value(), seen.jacobian(), seen.jacobian_adjoint(), seen.sensitivity_adjoint(), 2)
        .build()
        .unwrap();
    let times: Vec<f64> = (1..=DATA.len()).map(|i| SPACING * i as f64).collect();
    let mut forward = problem.bdf::<Solver>().unwrap();
    let (checkpoints, solution, _) = forward.solve_dense_with_checkpointing(&times, None).unwrap();
    let mut loss = 0.0;
    let mut slopes = M::zeros(2, DATA.len(), NalgebraContext::default());
    for (i, data) in DATA.iter().enumerate() {
        for (j, data) in data.iter().enumerate() {
            let error = solution.get_index(j, i) - data;
            loss += error * error;
            slopes.set_index(j, i, 2.0 * error);
        }
    }
    let backward = problem.bdf_solver_adjoint::<Solver, _>(checkpoints, Some(forward), Some(1)).unwrap();
    let (state, _) = backward.solve_adjoint_backwards_pass(&times, &[&slopes]).unwrap();
    for equation in [rates, seen, begin] {
        assert!(equation.failure().is_none());
    }
    (loss, (0..POINT.len()).map(|i| state.as_ref().sg[i]).collect())
}

#[test]
fn the_adjoint_gradient_is_that_through_a_runge_kutta_method() {
    let (loss, gradient) = by_adjoint();
    let through = Engine::new().compile(LOTKA).unwrap().function("loss").unwrap();
    let data = Value::matrix(&DATA.map(|row| row.to_vec()));
    let args = [POINT.into(), data, SPACING.into(), 200i64.into()];
    let expected = through.gradient().wrt(["p"]).at(&args).unwrap();
    let value = expected.value.as_f64().unwrap();
    assert!((loss - value).abs() < 1e-6 * value, "{loss} and {value}");
    let largest = expected.floats().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (found, expected) in gradient.iter().zip(expected.floats()) {
        assert!((found - expected).abs() < 1e-5 * largest, "{gradient:?} and {:?}", expected);
    }
}

/// Robertson's reaction, whose rates differ by nine orders of magnitude: the usual test of stiff solvers.
const ROBERTSON: &str = "
fn reaction(y: [f64; 3], k: (f64, f64, f64), t: f64) -> [f64; 3] {
    let (slow, middle, fast) = (k.0 * y[0], k.1 * y[1] * y[2], k.2 * y[1]^2);
    [middle - slow, slow - middle - fast, fast + 0 * t]
}
";

#[test]
fn a_stiff_reaction_is_solved_with_its_exact_jacobian() {
    let k = Value::Tuple(vec![0.04.into(), 1e4.into(), 3e7.into()]);
    let args = [[1.0, 0.0, 0.0].into(), k, 0.0.into()];
    let roles = Roles { state: &["y"], parameters: &["k"], time: Some("t") };
    let reaction = equation(ROBERTSON, "reaction", &args, &roles);
    let problem = OdeBuilder::<M>::new()
        .p([0.04, 1e4, 3e7])
        .rtol(1e-8)
        .atol([1e-10, 1e-14, 1e-10])
        .rhs_implicit(reaction.value(), reaction.jacobian())
        .init(|_, _, y| y.copy_from_slice(&[1.0, 0.0, 0.0]), 3)
        .build()
        .unwrap();
    let mut solver = problem.bdf::<Solver>().unwrap();
    let (solution, _) = solver.solve_dense(&[0.4, 40.0]).unwrap();
    // As diffsol's own test of the reaction has them, which are those of CVODE's example.
    for (i, expected) in
        [[9.851641e-1, 3.386242e-5, 1.480205e-2], [7.158017e-1, 9.185037e-6, 2.841892e-1]].iter().enumerate()
    {
        for (j, expected) in expected.iter().enumerate() {
            let found: f64 = solution.get_index(j, i);
            assert!((found / expected - 1.0).abs() < 1e-3, "{i}, {j}: {found}, not {expected}");
        }
    }
    assert!(reaction.failure().is_none());
}
