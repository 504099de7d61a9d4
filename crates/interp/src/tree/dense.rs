//! Kernels of linear algebra in numbers that move.
//!
//! In: a kernel and its arrays. Out: what it gives, by the textbook's loops on [`Number`]s: their tangents are those of the algorithm, whatever the library's rules say. Plain parts may differ from the
//! kernel's in the last digits, so that only tangents are taken from here.
//!
//! Only a matrix for which the kernel itself gave something comes here: no pivot is 0.

use super::number::{Array, Number, Value};
use adit_ir::kernel::Kernel;
use adit_ir::{Prim, ScalarType};

/// A matrix, by rows.
type Rows = Vec<Vec<Number>>;

/// What a kernel gives for arrays of which some elements move.
pub(super) fn moved(kernel: Kernel, args: &[Rows]) -> Rows {
    match kernel {
        Kernel::Cholesky => cholesky(&args[0]),
        Kernel::Solve => solve(args[0].clone(), args[1].clone()),
        Kernel::SolveTriangular => solve_triangular(&args[0], args[1].clone()),
        Kernel::Triangle => triangle(&args[0], &args[1]),
        Kernel::Logdet => vec![vec![logdet(args[0].clone())]],
    }
}

/// The rows of a matrix.
pub(super) fn rows(value: &Value) -> Rows {
    let a: &Array = value.array();
    let width = a.dims.get(1).copied().unwrap_or(1);
    (0..a.dims[0]).map(|i| a.elements[i * width..(i + 1) * width].to_vec()).collect()
}

fn c(x: f64) -> Number {
    Number::float(ScalarType::F64, x)
}

fn size(n: &Number) -> f64 {
    n.plain().as_float().unwrap_or(0.0).abs()
}

/// Column by column; the matrix is symmetric, and moves so.
fn cholesky(a: &Rows) -> Rows {
    let n = a.len();
    let mut l = vec![vec![c(0.0); n]; n];
    for j in 0..n {
        for i in j..n {
            let given = symmetric(&a[i][j], &a[j][i]);
            let rest = (0..j).fold(given, |rest, k| rest - l[i][k].clone() * l[j][k].clone());
            l[i][j] = if i == j { Number::of(Prim::Sqrt, &[rest]) } else { rest / l[j][j].clone() };
        }
    }
    l
}

/// An element below the diagonal, moving half as itself and half as the one above, whose plain value is not read.
fn symmetric(lower: &Number, upper: &Number) -> Number {
    let motion = |n: &Number| n.clone() - n.plain().into();
    Number::from(lower.plain()) + c(0.5) * (motion(lower) + motion(upper))
}

/// Elimination with row exchanges, without what stands below the diagonal: the rows of the triangle and of the right-hand sides.
fn eliminated(mut a: Rows, mut b: Rows) -> (Rows, Rows) {
    let n = a.len();
    for k in 0..n {
        let pivot = (k..n).fold(k, |best, i| if size(&a[i][k]) > size(&a[best][k]) { i } else { best });
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i][k].clone() / a[k][k].clone();
            let (upper, lower) = a.split_at_mut(i);
            subtract(&mut lower[0], &factor, &upper[k]);
            let (upper, lower) = b.split_at_mut(i);
            subtract(&mut lower[0], &factor, &upper[k]);
        }
    }
    (a, b)
}

/// row −= factor · other
fn subtract(row: &mut [Number], factor: &Number, other: &[Number]) {
    for (x, y) in row.iter_mut().zip(other) {
        *x = x.clone() - factor.clone() * y.clone();
    }
}

/// The rows from the last to the first, or from the first to the last.
fn substituted(t: &Rows, mut b: Rows, order: &[usize]) -> Rows {
    for (place, &i) in order.iter().enumerate() {
        let mut row = b[i].clone();
        for &k in &order[..place] {
            subtract(&mut row, &t[i][k], &b[k]);
        }
        b[i] = row.into_iter().map(|x| x / t[i][i].clone()).collect();
    }
    b
}

fn solve(a: Rows, b: Rows) -> Rows {
    let (upper, b) = eliminated(a, b);
    let order: Vec<usize> = (0..upper.len()).rev().collect();
    substituted(&upper, b, &order)
}

/// Whether all below the diagonal is exactly 0.
fn is_upper(t: &Rows) -> bool {
    t.iter().enumerate().all(|(i, row)| row[..i].iter().all(|x| size(x) == 0.0))
}

fn solve_triangular(t: &Rows, b: Rows) -> Rows {
    let forward = 0..t.len();
    let order: Vec<usize> = if is_upper(t) { forward.rev().collect() } else { forward.collect() };
    substituted(t, b, &order)
}

fn triangle(t: &Rows, x: &Rows) -> Rows {
    let upper = is_upper(t);
    let kept = |i: usize, j: usize| if upper { j >= i } else { j <= i };
    let row = |(i, row): (usize, &Vec<Number>)| {
        row.iter().enumerate().map(|(j, x)| if kept(i, j) { x.clone() } else { c(0.0) }).collect()
    };
    x.iter().enumerate().map(row).collect()
}

fn logdet(a: Rows) -> Number {
    let empty = vec![Vec::new(); a.len()];
    let (upper, _) = eliminated(a, empty);
    let log = |(i, row): (usize, &Vec<Number>)| Number::of(Prim::Log, &[Number::of(Prim::Abs, &[row[i].clone()])]);
    upper.iter().enumerate().map(log).fold(c(0.0), |sum, log| sum + log)
}
