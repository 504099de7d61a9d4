//! The reference meaning of the IR.
//!
//! In: a module that verifies, one of its functions, arguments, limits. Out: its results, and the final contents of its `mut` arguments; or the [`RunError`] that stopped
//! it. What an instruction does is said here as plainly as possible, and compiled code has to agree bit for bit.
//!
//! The interpreter walks the IR as it is, with a stack of its own (`ir/machine.rs`), so that neither deep recursion nor deep nesting of the program touches the host's
//! stack. It is generic over the numbers that floats become ([`Number`]): `f64` for the meaning, `Complex64` for the complex step, others for other oracles. Whatever the
//! numbers, comparisons and conversions look at real parts, so every run takes the branches of the real one; the real part of an `f32` is rounded to one after each
//! operation, whatever else it has is not. It optimises nothing, and trusts the verifier: a
//! module that does not verify may panic here.
//!
//! ```
//! use adit_interp::ir::run;
//! use adit_ir::{Argument, Builder, Limits, Module, Passing, Prim, Scalar, ScalarType};
//! let mut b = Builder::new("square", Default::default());
//! let x = b.param(ScalarType::F64.into(), Passing::ByValue);
//! let y = b.prim(Prim::Mul, &[x, x]);
//! let mut module = Module::new();
//! let square = module.push(b.finish(&[y]));
//! let mut args = [Argument::Scalar(Scalar::F64(3.0))];
//! let results = run(&module, square, &mut args, &Limits::default(), &mut |_| {});
//! assert_eq!(results, Ok(vec![Scalar::F64(9.0)]));
//! ```

mod externals;
mod host;
mod machine;
mod memory;
mod number;
mod ops;
#[cfg(test)]
mod tests;

pub use memory::{Array, Data};
pub use number::{Cell, Number};

use adit_diag::Span;
use adit_ir::{Argument, FuncId, Limits, Module, RunError, Scalar, Shapes};
use machine::Machine;
use num_complex::Complex64;
use std::sync::atomic::AtomicBool;

/// One argument of a run in other numbers than `f64`. A `mut` parameter's final contents replace what was passed.
#[derive(Clone, PartialEq, Debug)]
pub enum Input<N> {
    /// For a scalar parameter.
    Scalar(Cell<N>),
    /// For an array parameter.
    Array(Array<N>),
}

/// What a run gave, and what tests like to know about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome<N> {
    /// The results.
    pub results: Vec<Cell<N>>,
    /// The smallest distance seen between two compared floats, or between an operand and a point where the table of primitives states a kink; infinite if nothing was
    /// compared. Finite differences mean little where this is small.
    pub nearest_kink: f64,
    /// The instruction that saw it.
    pub nearest_kink_at: Span,
    /// The first instruction whose operands were exactly on a kink of the table: there the derivative is a convention, which the complex step does not know.
    pub on_kink: Option<Span>,
    /// The largest finite float that a function of the table gave: what rounding is relative to, where large numbers cancel.
    pub largest: f64,
    /// Whether a function of the table gave an infinity or NaN.
    pub not_finite: bool,
    /// Loop iterations and calls, as [`adit_ir::limits`] counts them.
    pub steps: u64,
    /// The most bytes of arrays and tapes alive at one time.
    pub peak_bytes: u64,
    /// Records still on a tape when the tape's region ended: 0 for every derivative.
    pub records_left: u64,
}

/// Where `print` lines go, without their line end.
pub type Print<'a> = &'a mut dyn FnMut(&str);

/// A module to run functions of. Cheap to make; keeps nothing between runs.
#[derive(Clone, Debug)]
pub struct Interpreter<'m> {
    module: &'m Module,
    limits: Limits,
    interrupt: Option<&'m AtomicBool>,
    shapes: Vec<Shapes>,
}

impl<'m> Interpreter<'m> {
    /// An interpreter of a module that verifies, with these limits.
    pub fn new(module: &'m Module, limits: Limits) -> Self {
        let shapes = module.iter().map(|(_, f)| Shapes::of(f)).collect();
        Interpreter { module, limits, interrupt: None, shapes }
    }

    /// A flag that another thread sets to stop a run; it is looked at with each step.
    pub fn interrupted_by(mut self, flag: &'m AtomicBool) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Runs a function on the host's buffers. After an error the contents of `mut` arguments are unspecified.
    pub fn run(&self, id: FuncId, args: &mut [Argument<'_>], print: Print<'_>) -> Result<Vec<Scalar>, RunError> {
        let mut inputs: Vec<Input<f64>> = args.iter().map(host::input).collect();
        let outcome = self.run_with(id, &mut inputs, print);
        for (arg, input) in args.iter_mut().zip(&inputs) {
            host::write_back(arg, input);
        }
        Ok(outcome?.results.into_iter().map(Scalar::from).collect())
    }

    /// Runs a function in numbers of any kind.
    pub fn run_with<N: Number>(
        &self,
        id: FuncId,
        inputs: &mut [Input<N>],
        print: Print<'_>,
    ) -> Result<Outcome<N>, RunError> {
        host::check(self.module.function(id), inputs)?;
        let mut machine = Machine::new(self, print);
        let results = machine.run(id, inputs);
        let tally = machine.tally();
        results.map(|results| Outcome { results: results.into_vec(), ..tally })
    }
}

/// Runs one function in floats.
pub fn run(
    module: &Module,
    id: FuncId,
    args: &mut [Argument<'_>],
    limits: &Limits,
    print: Print<'_>,
) -> Result<Vec<Scalar>, RunError> {
    Interpreter::new(module, *limits).run(id, args, print)
}

/// Runs one function in complex numbers: with an argument x + ih for a tiny h, the imaginary parts of the results are h times the derivative.
pub fn run_complex(
    module: &Module,
    id: FuncId,
    inputs: &mut [Input<Complex64>],
    limits: &Limits,
    print: Print<'_>,
) -> Result<Outcome<Complex64>, RunError> {
    Interpreter::new(module, *limits).run_with(id, inputs, print)
}
