//! Plain implementations of the kernels, over any field of numbers.
//!
//! In: operands as the row's signature says; the caller has compared extents. Out: what the row promises. Decisions (which pivot, which triangle, whether a pivot is zero) are made by real parts,
//! so in complex numbers each kernel is the analytic continuation of what it computes in floats: with tiny imaginary parts, these are derivatives.
//! Loops run in one fixed order. Nothing is blocked or vectorised here.

use crate::external::{Answer, Failure, Floats, Operand};
use num_complex::Complex64;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Numbers that kernels compute in.
pub(super) trait Field:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    const ZERO: Self;
    fn real(self) -> f64;
    fn root(self) -> Self;
    fn log(self) -> Self;
    /// An element of a symmetric matrix: in value the lower one, in what moves along the mean of both.
    fn symmetric(lower: Self, upper: Self) -> Self;
}

impl Field for f64 {
    const ZERO: Self = 0.0;

    fn real(self) -> f64 {
        self
    }

    fn root(self) -> Self {
        self.sqrt()
    }

    fn log(self) -> Self {
        self.ln()
    }

    fn symmetric(lower: Self, _upper: Self) -> Self {
        lower
    }
}

impl Field for Complex64 {
    const ZERO: Self = Complex64::new(0.0, 0.0);

    fn real(self) -> f64 {
        self.re
    }

    fn root(self) -> Self {
        self.sqrt()
    }

    fn log(self) -> Self {
        self.ln()
    }

    fn symmetric(lower: Self, upper: Self) -> Self {
        Complex64::new(lower.re, 0.5 * lower.im + 0.5 * upper.im)
    }
}

/// Kernels are called with what their signatures say; anything else is refused rather than read out of bounds.
fn misfit<N>() -> Answer<N> {
    Err(Failure::Host("a kernel was called with operands that do not fit it".into()))
}

fn done<N>() -> Answer<N> {
    Ok(Floats::new())
}

fn order(step: usize, n: usize) -> [i64; 2] {
    [step as i64 + 1, n as i64]
}

pub(super) fn cholesky<N: Field>(operands: &mut [Operand<'_, N>]) -> Answer<N> {
    let [Operand::Array { dims: [n, m], elements: a }, Operand::Out { elements: l, .. }] = operands else {
        return misfit();
    };
    let (n, m) = (*n, *m);
    if n != m || l.len() != n * n {
        return misfit();
    }
    l.fill(N::ZERO);
    for j in 0..n {
        for i in j..n {
            let mut s = N::symmetric(a[i * n + j], a[j * n + i]);
            for k in 0..j {
                s = s - l[i * n + k] * l[j * n + k];
            }
            if i > j {
                l[i * n + j] = s / l[j * n + j];
            } else if s.real() > 0.0 {
                l[j * n + j] = s.root();
            } else {
                return Err(Failure::NotPositiveDefinite(order(j, n)));
            }
        }
    }
    done()
}

/// A = P⁻¹ L U in place, by rows; row `i` of `extra` goes with row `i` of `a`. How often rows were exchanged does not matter here.
fn eliminate<N: Field>(a: &mut [N], n: usize, extra: &mut [N], width: usize) -> Result<(), Failure> {
    for j in 0..n {
        let mut pivot = j;
        for i in j + 1..n {
            if a[i * n + j].real().abs() > a[pivot * n + j].real().abs() {
                pivot = i;
            }
        }
        if a[pivot * n + j].real() == 0.0 {
            return Err(Failure::Singular(order(j, n)));
        }
        if pivot != j {
            (0..n).for_each(|k| a.swap(pivot * n + k, j * n + k));
            (0..width).for_each(|k| extra.swap(pivot * width + k, j * width + k));
        }
        for i in j + 1..n {
            let factor = a[i * n + j] / a[j * n + j];
            a[i * n + j] = factor;
            for k in j + 1..n {
                a[i * n + k] = a[i * n + k] - factor * a[j * n + k];
            }
            for k in 0..width {
                extra[i * width + k] = extra[i * width + k] - factor * extra[j * width + k];
            }
        }
    }
    Ok(())
}

/// U X = B in place.
fn back<N: Field>(u: &[N], n: usize, x: &mut [N], width: usize) {
    for i in (0..n).rev() {
        for k in 0..width {
            let mut s = x[i * width + k];
            for j in i + 1..n {
                s = s - u[i * n + j] * x[j * width + k];
            }
            x[i * width + k] = s / u[i * n + i];
        }
    }
}

/// L X = B in place.
fn forward<N: Field>(l: &[N], n: usize, x: &mut [N], width: usize) {
    for i in 0..n {
        for k in 0..width {
            let mut s = x[i * width + k];
            for j in 0..i {
                s = s - l[i * n + j] * x[j * width + k];
            }
            x[i * width + k] = s / l[i * n + i];
        }
    }
}

/// A system of linear equations.
struct System<'s, N> {
    /// How many there are.
    n: usize,
    /// How many right-hand sides.
    width: usize,
    /// n × n.
    matrix: &'s [N],
    /// n × width: the right-hand sides, where the solutions are to be.
    x: &'s mut [N],
}

/// The operands of a kernel that solves equations, if they fit.
fn system<'s, N: Field>(operands: &'s mut [Operand<'_, N>]) -> Option<System<'s, N>> {
    let [
        Operand::Array { dims: [n, m], elements: matrix },
        Operand::Array { dims: [rows, width], elements: b },
        Operand::Out { elements: x, .. },
    ] = operands
    else {
        return None;
    };
    if n != m || n != rows || x.len() != b.len() {
        return None;
    }
    x.copy_from_slice(b);
    Some(System { n: *n, width: *width, matrix, x })
}

pub(super) fn solve<N: Field>(operands: &mut [Operand<'_, N>]) -> Answer<N> {
    let Some(System { n, width, matrix, x }) = system(operands) else { return misfit() };
    let mut a = matrix.to_vec();
    eliminate(&mut a, n, x, width)?;
    back(&a, n, x, width);
    done()
}

/// Whether `solve_triangular` takes a matrix for an upper triangular one.
fn is_upper<N: Field>(t: &[N], n: usize) -> bool {
    let set = |&(i, j): &(usize, usize)| t[i * n + j].real() != 0.0;
    let below = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let mut above = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    !below.into_iter().any(|at| set(&at)) && above.any(|at| set(&at))
}

pub(super) fn solve_triangular<N: Field>(operands: &mut [Operand<'_, N>]) -> Answer<N> {
    let Some(System { n, width, matrix: t, x }) = system(operands) else { return misfit() };
    if let Some(i) = (0..n).find(|&i| t[i * n + i].real() == 0.0) {
        return Err(Failure::Singular(order(i, n)));
    }
    if is_upper(t, n) {
        back(t, n, x, width);
    } else {
        forward(t, n, x, width);
    }
    done()
}

pub(super) fn triangle<N: Field>(operands: &mut [Operand<'_, N>]) -> Answer<N> {
    let [
        Operand::Array { dims: [n, m], elements: t },
        Operand::Array { elements: x, .. },
        Operand::Out { elements: out, .. },
    ] = operands
    else {
        return misfit();
    };
    let (n, m) = (*n, *m);
    if n != m || x.len() != n * n || out.len() != n * n {
        return misfit();
    }
    let upper = is_upper(t, n);
    for i in 0..n {
        for j in 0..n {
            let kept = if upper { j >= i } else { j <= i };
            out[i * n + j] = if kept { x[i * n + j] } else { N::ZERO };
        }
    }
    done()
}

pub(super) fn logdet<N: Field>(operands: &mut [Operand<'_, N>]) -> Answer<N> {
    let [Operand::Array { dims: [n, m], elements: a }] = operands else {
        return misfit();
    };
    let (n, m) = (*n, *m);
    if n != m {
        return misfit();
    }
    let mut a = a.to_vec();
    eliminate(&mut a, n, &mut [], 0)?;
    let mut sum = N::ZERO;
    for i in 0..n {
        let pivot = a[i * n + i];
        sum = sum + if pivot.real() < 0.0 { -pivot } else { pivot }.log();
    }
    Ok(Floats::from_iter([sum]))
}
