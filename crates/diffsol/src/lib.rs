//! Differential equations written in Adit, for [diffsol](https://docs.rs/diffsol): right-hand sides, outputs and initial values with all the products that its implicit, forward-sensitive and adjoint solvers
//! ask for, by compiled code, without LLVM.
//!
//! In: a function of Adit, what of its arguments is the state, what the parameters, what the time. Out: [`Equation`], which gives closures in the shapes of diffsol's `OdeBuilder`:
//!
//! | `OdeBuilder` | takes |
//! |---|---|
//! | `rhs_implicit` | [`value`](Equation::value), [`jacobian`](Equation::jacobian) |
//! | `rhs_sens_implicit` | these, and [`sensitivity`](Equation::sensitivity) |
//! | `rhs_adjoint_implicit`, `out_adjoint_implicit` | `value`, `jacobian`, [`jacobian_adjoint`](Equation::jacobian_adjoint), [`sensitivity_adjoint`](Equation::sensitivity_adjoint) |
//! | `init_adjoint` | [`start`](Equation::start), [`start_adjoint`](Equation::start_adjoint) |
//!
//! ```
//! use adit_diffsol::{Equation, Roles};
//!
//! let source = "fn growth(y: [f64; n], rate: f64, t: f64) -> [f64; n] { rate * y * (1 - y) + 0 * t }";
//! let growth = adit::Engine::new().compile(source)?.function("growth")?;
//! let args = growth.arrange(&[("y", [0.5, 0.2].into()), ("rate", 3.0.into()), ("t", 0.0.into())])?;
//! let rhs = Equation::new(&growth, &args, &Roles { state: &["y"], parameters: &["rate"], time: Some("t") })?;
//!
//! let mut out = [0.0; 2];
//! rhs.jacobian()(&[0.0, 0.25], &[4.0], 0.0, &[1.0, 1.0], &mut out); // OdeBuilder::rhs_implicit(rhs.value(), rhs.jacobian())
//! assert_eq!(out, [4.0, 2.0]);
//! # Ok::<(), adit::Error>(())
//! ```
//!
//! States and parameters may be numbers, arrays, tuples, structs: their floats are diffsol's vectors, in order. It solves nothing, and does not need diffsol to be compiled; the example `lotka_volterra` and the tests with
//! the feature `diffsol` show both together.

mod equation;

pub use equation::{Equation, Roles};
