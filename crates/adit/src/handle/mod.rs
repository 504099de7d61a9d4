//! Handles: compiled functions and derivatives that are called many times, on the host's own values.
//!
//! In: a [`Function`](crate::Function) and what is asked of it ([`Request`]). Out: handles, which are `Send + Sync` and cheap to clone, and called with a [`Workspace`] for each thread, [`Arguments`] in
//! and `&mut` buffers out. After the first call at a size, nothing is allocated.
//!
//! ```text
//! request   gradient().wrt(["x"]).build()                      once: compiles, and plans where every leaf goes (plan)
//! call      Arguments → Leaves → Pass → words → compiled code  each time: straight into the words of the call (pass)
//! after     results → Take → Leaves                            numbers come back; arrays were written in place
//! ```
//!
//! What it deliberately does not do: it holds no values and remembers nothing of a call; all code is made by [`crate::pipeline`], and one-time calls on [`Value`](crate::Value)s are [`crate::function`]'s.

/// Passes values and runs, and passes them again where the workspace was too small. A macro, because each pass borrows for itself what it is given.
macro_rules! passing {
    ($workspace:expr, $callee:expr, |$pass:ident| $give:block) => {
        loop {
            let mut $pass = $workspace.begin($callee);
            $give
            let ran = $pass.run()?;
            if $workspace.ran($callee, ran)? {
                break;
            }
        }
    };
}

mod annotations;
pub(crate) mod arguments;
mod bound;
mod bound_call;
mod explicit;
pub(crate) mod fault;
#[cfg(any(feature = "ndarray", feature = "nalgebra", feature = "faer"))]
mod foreign;
mod forward;
mod gradient;
mod interleaved;
mod laid;
pub(crate) mod leaves;
mod matrix;
pub(crate) mod memory;
pub(crate) mod pass;
pub(crate) mod plan;
mod primal;
mod request;
mod reverse;
mod second;
mod sparse;
mod split;
mod take;
#[expect(
    coherence_leak_check,
    reason = "a pointer to a function of any reference is another type than one of a reference of one lifetime, and meant to be"
)]
mod typed;

pub use annotations::{
    Active, Activity, Adjoint, AllShadows, Annotated, Annotations, BatchDuplicated, Const, Duplicated,
    DuplicatedNoNeed, NoShadow, Shadow, Shadows,
};
pub use arguments::{Argument, Arguments, View, ViewMut};
pub use bound::BoundGradient;
pub use bound_call::BoundCall;
pub use explicit::{Differentiated, Sweep};
pub use forward::JvpFn;
pub use gradient::GradientFn;
pub use leaves::Leaves;
pub use matrix::{HessianFn, JacobianFn};
pub use memory::{Number, Workspace};
pub use pass::Pass;
pub use primal::CallFn;
pub use request::Request;
pub use reverse::VjpFn;
pub use second::HvpFn;
pub use sparse::{SparseHessianFn, SparseJacobianFn};
pub use split::{SplitFn, Tape};
pub use take::{Take, make_zero};
pub use typed::{FnType, Outline, Typed};
