//! Programs of Adit as problems of [`argmin`]: costs, gradients, Hessians and residuals by compiled code.
//!
//! In: a function of Adit, arguments, the names of those that move. Out: [`Problem`], which implements `argmin`'s traits, and [`minimise`], which uses them until no digit can be gained.
//!
//! It writes no files and prints nothing.

mod bounds;
mod free;
mod levenberg;
mod line;
mod linear;
mod minimise;
mod problem;
mod residuals;
mod scale;
mod target;

pub use argmin::core::{CostFunction, Gradient, Hessian, Jacobian, Operator};
pub use bounds::Bound;
pub use free::Free;
pub use levenberg::LevenbergMarquardt;
pub use line::Wolfe;
pub use minimise::{Method, Minimum, Options, Step, Stop, minimise};
pub use problem::Problem;
pub use target::Counts;
