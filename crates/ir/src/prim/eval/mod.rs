//! Values of the primitives: one total function each, by the C convention, so that interpreter and compiled code call the same one.
//!
//! In: operands. Out: the value; NaN outside the domain, infinities at poles. Functions of the standard library (which are the platform's) where they are
//! accurate to 2 units in the last place, `libm`'s where those are better or the only ones, our own for the rest.
//! What may stop a program (division by zero, …) is not checked here: guards of the table come first.

mod arith;
mod exp;
mod gamma;
mod integer;
mod normal;
mod power;
mod revolve;
mod trig;

pub use arith::*;
pub use exp::*;
pub use gamma::*;
pub use integer::*;
pub use normal::*;
pub use power::*;
pub use revolve::*;
pub use trig::*;
