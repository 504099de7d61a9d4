//! Functions without a body: kernels of the engine's own, and functions that a host registered.
//!
//! In: a row of the table of kernels, or a closure. Out: [`External`], which the interpreters and compiled code call with [`Operand`]s, one per parameter. They take floats, integers, truth
//! values and arrays of floats, write floats to `mut` arrays and give floats back; they know nothing of spans. What goes wrong is a [`Failure`]; a host's panic becomes one.
//!
//! ```text
//! func @cholesky(v0: [f64; d0, d0], v1: mut [f64; d0, d0]) = kernel cholesky
//! func @spring(v0: f64, v1: f64) -> f64 jvp @spring.jvp = host "spring"
//! ```

use crate::kernel::Kernel;
use crate::trap::Trap;
use num_complex::Complex64;
use smallvec::SmallVec;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One argument of a call, in floats or in other numbers. The product of `dims` is the number of elements.
#[derive(Debug)]
pub enum Operand<'a, N> {
    /// A float.
    Float(N),
    /// An integer.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// An array that is only read, row major.
    Array {
        /// Extents, outermost first.
        dims: &'a [usize],
        /// Row major.
        elements: &'a [N],
    },
    /// A `mut` array, row major: what it held before does not matter.
    Out {
        /// Extents, outermost first.
        dims: &'a [usize],
        /// Row major.
        elements: &'a mut [N],
    },
}

/// The floats that a call gives back.
pub type Floats<N> = SmallVec<[N; 2]>;

/// Why a call gave nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A matrix has no inverse: this pivot of so many is zero, counted from 1.
    Singular([i64; 2]),
    /// A symmetric matrix is not positive definite: this leading minor of so many is the first that is not, counted from 1.
    NotPositiveDefinite([i64; 2]),
    /// A host function refused its arguments or panicked, or is not there.
    Host(String),
}

impl Failure {
    /// The trap that it raises, and its details.
    pub fn trap(self) -> (Trap, [i64; 2]) {
        match self {
            Failure::Singular(details) => (Trap::Singular, details),
            Failure::NotPositiveDefinite(details) => (Trap::NotPositiveDefinite, details),
            Failure::Host(text) => (Trap::HostFailed(text), [0; 2]),
        }
    }
}

/// What a call gives.
pub type Answer<N> = Result<Floats<N>, Failure>;

/// A host's closure: reads its operands, writes those that are `mut`, gives floats back or says why not.
pub type Closure = dyn Fn(&mut [Operand<'_, f64>]) -> Result<Floats<f64>, String> + Send + Sync;

/// A function that a host registered.
pub struct Host {
    /// How messages and the text form call it.
    pub name: String,
    /// What it does; none if IR text names a function that nobody registered.
    pub run: Option<Box<Closure>>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).field("registered", &self.run.is_some()).finish()
    }
}

impl Host {
    /// Calls the closure, which is to give so many floats; a panic ends here.
    fn call(&self, operands: &mut [Operand<'_, f64>], results: usize) -> Answer<f64> {
        let Some(run) = &self.run else {
            return Err(Failure::Host(format!("no host function `{}` is registered", self.name)));
        };
        let said = |text: String| Failure::Host(format!("`{}`: {text}", self.name));
        match catch_unwind(AssertUnwindSafe(|| run(operands))) {
            Ok(Ok(floats)) if floats.len() != results => {
                let wanted = if results == 1 { "float is" } else { "floats are" };
                Err(said(format!("gave {} where {results} {wanted} wanted", floats.len())))
            }
            Ok(answer) => answer.map_err(said),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|s| (*s).to_string());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                Err(said(format!("panicked: {}", text.unwrap_or_else(|| "without a message".into()))))
            }
        }
    }
}

/// What a function without a body is.
#[derive(Clone, Debug)]
pub enum External {
    /// A row of the table.
    Kernel(Kernel),
    /// A host's.
    Host(Arc<Host>),
}

impl PartialEq for External {
    /// Kernels by row, host functions by name.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (External::Kernel(a), External::Kernel(b)) => a == b,
            (External::Host(a), External::Host(b)) => a.name == b.name,
            (External::Kernel(_) | External::Host(_), _) => false,
        }
    }
}

impl External {
    /// A host function of this name that nobody registered.
    pub fn unregistered(name: impl Into<String>) -> Self {
        External::Host(Arc::new(Host { name: name.into(), run: None }))
    }

    /// A host function.
    pub fn host(
        name: impl Into<String>,
        run: impl Fn(&mut [Operand<'_, f64>]) -> Result<Floats<f64>, String> + Send + Sync + 'static,
    ) -> Self {
        External::Host(Arc::new(Host { name: name.into(), run: Some(Box::new(run)) }))
    }

    /// Calls it in floats, of which it is to give so many. Kernels are the plain ones, whose results are the same everywhere.
    ///
    /// # Errors
    /// What stops the run; for a function of the host, also another number of floats.
    pub fn call(&self, operands: &mut [Operand<'_, f64>], results: usize) -> Answer<f64> {
        match self {
            External::Kernel(kernel) => (kernel.row().real)(operands),
            External::Host(host) => host.call(operands, results),
        }
    }

    /// Calls it in complex numbers, for the complex step.
    ///
    /// # Errors
    /// What stops the run; always, for a host function, which knows floats alone.
    pub fn call_complex(&self, operands: &mut [Operand<'_, Complex64>]) -> Answer<Complex64> {
        match self {
            External::Kernel(kernel) => (kernel.row().complex)(operands),
            External::Host(host) => {
                Err(Failure::Host(format!("`{}` is a host function, which computes in floats alone", host.name)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_refusals_of_hosts_are_failures() {
        let panics = External::host("f", |_| panic!("at {}", 3));
        let refuses = External::host("g", |_| Err("too hot".into()));
        let text = |e: &External| match e.call(&mut [], 1) {
            Err(Failure::Host(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text(&panics), "`f`: panicked: at 3");
        assert_eq!(text(&refuses), "`g`: too hot");
        assert!(text(&External::unregistered("h")).contains("`h`"));
    }

    #[test]
    fn another_number_of_floats_than_wanted_is_a_failure() {
        let gives = |n: usize| External::host("f", move |_| Ok(Floats::from_elem(1.0, n)));
        assert_eq!(gives(2).call(&mut [], 2), Ok(Floats::from_elem(1.0, 2)));
        let told = |n: usize, wanted: usize| match gives(n).call(&mut [], wanted) {
            Err(Failure::Host(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(0, 1), "`f`: gave 0 where 1 float is wanted");
        assert_eq!(told(3, 2), "`f`: gave 3 where 2 floats are wanted");
    }
}
