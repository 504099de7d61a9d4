//! The table of kernels: dense linear algebra that is no loop of the program's.
//!
//! In: nothing. Out: [`Kernel`], whose [`Row`] says all there is to know of one: its name, its signature in the language, what it does, how it is computed in floats and in complex
//! numbers, and points where its value is known. Derivatives do not stand here: they are rules written in the language, in terms of the same kernels.
//!
//! The implementations of this table are plain loops, the same on every machine; the runtime has faster ones for programs that need not be strict.

mod dense;

use crate::external::{Answer, Operand};
use num_complex::Complex64;

/// How a kernel is computed in one kind of numbers.
pub type Run<N> = fn(&mut [Operand<'_, N>]) -> Answer<N>;

/// A matrix or vector of a test point: extents and elements, row major.
pub type Known = (&'static [usize], &'static [f64]);

/// A point where a kernel's value is known.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// One array per parameter.
    pub given: &'static [Known],
    /// The elements of the result, or the result.
    pub expected: &'static [f64],
}

/// All that is known of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in programs and in the text form.
    pub name: &'static str,
    /// Its signature in the language.
    pub signature: &'static str,
    /// What it gives.
    pub about: &'static str,
    /// In floats.
    pub real: Run<f64>,
    /// In complex numbers, as an analytic function: nothing is conjugated, and real parts decide.
    pub complex: Run<Complex64>,
    /// Where its value is known.
    pub points: &'static [Point],
}

macro_rules! kernels {
    ($($variant:ident $name:literal $signature:literal $run:ident $about:literal [$($point:expr),* $(,)?])*) => {
        /// A kernel.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum Kernel {
            $(#[doc = $about] $variant,)*
        }

        impl Kernel {
            /// Every kernel.
            pub const ALL: &'static [Kernel] = &[$(Kernel::$variant,)*];

            /// Its row.
            pub fn row(self) -> &'static Row {
                match self {
                    $(Kernel::$variant => {
                        const ROW: Row = Row {
                            name: $name,
                            signature: $signature,
                            about: $about,
                            real: dense::$run::<f64>,
                            complex: dense::$run::<Complex64>,
                            points: &[$($point),*],
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

const fn point(given: &'static [Known], expected: &'static [f64]) -> Point {
    Point { given, expected }
}

kernels! {
    Cholesky "cholesky" "fn cholesky(a: [f64; n, n]) -> [f64; n, n]" cholesky
        "The lower triangular L with positive diagonal and L Lᵀ = A, for a symmetric positive definite A, of which the lower triangle is read. Derivatives are those of a symmetric A."
        [
            point(&[(&[0, 0], &[])], &[]),
            point(&[(&[1, 1], &[9.0])], &[3.0]),
            point(&[(&[2, 2], &[4.0, 99.0, 2.0, 10.0])], &[2.0, 0.0, 1.0, 3.0]),
            point(
                &[(&[3, 3], &[4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0])],
                &[2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0],
            ),
        ]
    Solve "solve" "fn solve(a: [f64; n, n], b: [f64; n, k]) -> [f64; n, k]" solve
        "The X with A X = B, by elimination with row exchanges."
        [
            point(&[(&[0, 0], &[]), (&[0, 3], &[])], &[]),
            point(&[(&[1, 1], &[4.0]), (&[1, 2], &[2.0, -8.0])], &[0.5, -2.0]),
            point(&[(&[2, 2], &[0.0, 2.0, 4.0, 0.0]), (&[2, 1], &[6.0, 8.0])], &[2.0, 3.0]),
            point(
                &[(&[3, 3], &[2.0, 1.0, 1.0, 4.0, 3.0, 3.0, 8.0, 7.0, 9.0]), (&[3, 1], &[4.0, 10.0, 24.0])],
                &[1.0, 1.0, 1.0],
            ),
        ]
    SolveTriangular "solve_triangular" "fn solve_triangular(t: [f64; n, n], b: [f64; n, k]) -> [f64; n, k]" solve_triangular
        "The X with T X = B for a triangular T: the lower triangle is read, unless all below the diagonal is 0; then T is upper triangular."
        [
            point(&[(&[0, 0], &[]), (&[0, 2], &[])], &[]),
            point(&[(&[2, 2], &[2.0, 99.0, 1.0, 4.0]), (&[2, 1], &[6.0, 11.0])], &[3.0, 2.0]),
            point(&[(&[2, 2], &[2.0, 1.0, 0.0, 4.0]), (&[2, 1], &[8.0, 8.0])], &[3.0, 2.0]),
        ]
    Triangle "triangle" "fn triangle(t: [f64; n, n], x: [f64; n, n]) -> [f64; n, n]" triangle
        "The elements of X in the triangle that `solve_triangular` reads of T, zeros elsewhere."
        [
            point(&[(&[2, 2], &[1.0, 9.0, 5.0, 1.0]), (&[2, 2], &[1.0, 2.0, 3.0, 4.0])], &[1.0, 0.0, 3.0, 4.0]),
            point(&[(&[2, 2], &[1.0, 9.0, 0.0, 1.0]), (&[2, 2], &[1.0, 2.0, 3.0, 4.0])], &[1.0, 2.0, 0.0, 4.0]),
        ]
    Logdet "logdet" "fn logdet(a: [f64; n, n]) -> f64" logdet
        "log |det A|, by elimination with row exchanges."
        [
            point(&[(&[0, 0], &[])], &[0.0]),
            point(&[(&[1, 1], &[-1.0])], &[0.0]),
            point(&[(&[2, 2], &[0.0, 1.0, 1.0, 0.0])], &[0.0]),
            point(&[(&[2, 2], &[1.0, 7.0, 0.0, -1.0])], &[0.0]),
        ]
}

impl Kernel {
    /// The kernel of this name.
    pub fn from_name(name: &str) -> Option<Kernel> {
        Kernel::ALL.iter().copied().find(|k| k.row().name == name)
    }
}

#[cfg(test)]
mod tests;
