//! How many predators there are over ten years, and what changes that: the gradient of an integral along a solution, by the adjoint method.
//!
//! `cargo run --release -p adit-diffsol --features diffsol --example lotka_volterra`. In: Lotka and Volterra's equations, written in Adit. Out: the integral, and its derivative by each rate, by one solution forward
//! and one backward. The transposed products that diffsol asks for on its way back are compiled by Adit.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use adit::{Engine, Value};
use adit_diffsol::{Equation, Roles};
use diffsol::{AdjointOdeSolverMethod, NalgebraLU, NalgebraMat, OdeBuilder, OdeSolverMethod, OdeSolverState};
use std::error::Error;

const SOURCE: &str = "
fn rates(y: [f64; 2], p: [f64; 4]) -> [f64; 2] { [y[0] * (p[0] - p[1] * y[1]), y[1] * (p[2] * y[0] - p[3])] }
fn begin(p: [f64; 4]) -> [f64; 2] { [1.5, 1.0] + 0 * p[0] }
fn predators(y: [f64; 2], p: [f64; 4]) -> [f64; 1] { [y[1] + 0 * p[0]] }
";

fn main() -> Result<(), Box<dyn Error>> {
    let (integral, gradient) = predators([1.1, 0.4, 0.1, 0.4], 10.0)?;
    println!("predator years  {integral:.6}");
    for (name, slope) in ["births", "catches", "growth by catches", "deaths"].iter().zip(gradient) {
        println!("  by {name:<18}{slope:>12.6}");
    }
    Ok(())
}

/// The integral of the number of predators, and its derivatives by the rates.
fn predators(rates: [f64; 4], years: f64) -> Result<(f64, Vec<f64>), Box<dyn Error>> {
    let module = Engine::new().compile(SOURCE)?;
    let (y, p): (Value, Value) = (vec![1.0; 2].into(), rates.into());
    let roles = Roles { state: &["y"], parameters: &["p"], time: None };
    let f = Equation::new(&module.function("rates")?, &[y.clone(), p.clone()], &roles)?;
    let out = Equation::new(&module.function("predators")?, &[y, p.clone()], &roles)?;
    let begin = Equation::new(&module.function("begin")?, &[p], &Roles { state: &[], ..roles })?;

    let problem = OdeBuilder::<NalgebraMat<f64>>::new()
        .p(rates)
        .rtol(1e-8)
        .atol([1e-10])
        .integrate_out(true)
        .rhs_adjoint_implicit(f.value(), f.jacobian(), f.jacobian_adjoint(), f.sensitivity_adjoint())
        .init_adjoint(begin.start(), begin.start_adjoint(), 2)
        .out_adjoint_implicit(out.value(), out.jacobian(), out.jacobian_adjoint(), out.sensitivity_adjoint(), 1)
        .build()?;
    let mut forward = problem.bdf::<NalgebraLU<f64>>()?;
    let (checkpoints, ..) = forward.solve_with_checkpointing(years, None)?;
    let integral = forward.state().g[0];
    let backward = problem.bdf_solver_adjoint::<NalgebraLU<f64>, _>(checkpoints, Some(forward), Some(1))?;
    let (state, _) = backward.solve_adjoint_backwards_pass(&[], &[])?;
    let gradient = (0..rates.len()).map(|i| state.as_ref().sg[i]).collect();
    match [f, out, begin].iter().find_map(Equation::failure) {
        Some(error) => Err(error.into()),
        None => Ok((integral, gradient)),
    }
}

#[test]
fn the_gradient_is_that_of_differences() {
    let rates = [1.1, 0.4, 0.1, 0.4];
    let (_, gradient) = predators(rates, 10.0).unwrap_or_else(|e| panic!("{e}"));
    for i in 0..rates.len() {
        let at = |h: f64| {
            let mut rates = rates;
            rates[i] += h;
            predators(rates, 10.0).map(|(integral, _)| integral).unwrap_or_else(|e| panic!("{e}"))
        };
        let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
        assert!((gradient[i] - slope).abs() < 1e-4 * slope.abs().max(1.0), "{i}: {} and {slope}", gradient[i]);
    }
}
