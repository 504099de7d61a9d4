//! Sparsity: which derivatives are zero whatever the numbers, and how few sweeps the others take.
//!
//! In: a function of the IR with its sizes and integers. Out: a [`Pattern`] that holds for all floats ([`flow`]), and [`colour`]ings of patterns: columns, rows, or variables that one sweep may serve together. Nothing is
//! differentiated and nothing computed here: compressed sweeps are the library's.
//!
//! Sources: A. Gebremedhin, F. Manne, A. Pothen, *What color is your Jacobian? Graph coloring for computing derivatives*, SIAM Review 47 (2005); A. Walther, *Computing sparse Hessians with automatic
//! differentiation*, ACM TOMS 34 (2008).
//!
//! ```
//! use adit_sparse::flow::{Elements, Input, Options, Output, Problem};
//! let text = "func @f(v0: [f64; d0], v1: mut [f64; d0]) {
//!   for v2 in 1..d0 {
//!     v3 = const 1
//!     v4 = isub v2, v3
//!     v5 = load v0[v2]
//!     v6 = load v0[v4]
//!     v7 = mul v5, v6
//!     store v1[v2], v7
//!   }
//! }";
//! # let module = adit_reader::read_verified(adit_diag::FileId::NONE, text).expect("this is IR");
//! let x = Input::Array(vec![4], Elements::Floats(Some(0)));
//! let y = Input::Array(vec![4], Elements::Floats(None));
//! let function = module.find("f").expect("it is there");
//! let problem = Problem { module: &module, function, inputs: vec![x, y], columns: 4 };
//! let pattern = problem.jacobian(&[Output::Argument(1)], &Options::default())?;
//! let entries: Vec<_> = pattern.entries().collect();
//! assert_eq!(entries, [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]);
//! # Ok::<(), adit_ir::RunError>(())
//! ```

pub mod colour;
pub mod flow;
mod pairs;
mod pattern;
mod sets;
mod structure;
mod value;

pub use pattern::Pattern;

adit_ir::mutants! {
    /// What an `if` gives in its second arm is forgotten where the condition depends on floats.
    ElseForgotten = "else-forgotten",
}
