//! Kernels for programs that need not be strict.
//!
//! In: a row of the table of kernels and its operands. Out: what the row promises, to rounding. Matrices of [`SMALL`] rows or more are cut into blocks, and nearly all of the work is products of
//! blocks, which the crate `matrixmultiply` does; small ones, and kernels that are no work, go to the plain loops of the table. Operands that do not fit go there too, to be refused.
//!
//! ```text
//! A11 A12     factor A11 and the panel below it;  solve for A12;  A22 −= A21 A12;  the same with A22
//! A21 A22
//! ```

use adit_ir::Kernel;
use adit_ir::external::{Answer, Failure, Floats, Operand};
use matrixmultiply::dgemm;

/// Matrices with fewer rows are not cut.
pub const SMALL: usize = 64;

/// The rows of a block.
const BLOCK: usize = 48;

/// Runs a kernel.
pub fn run(kernel: Kernel, operands: &mut [Operand<'_, f64>]) -> Answer<f64> {
    let large = matches!(operands.first(), Some(Operand::Array { dims: [n, m], .. }) if n == m && *n >= SMALL);
    match (kernel, large) {
        (Kernel::Solve, true) => solve(operands),
        (Kernel::Logdet, true) => logdet(operands),
        (Kernel::Cholesky, true) => cholesky(operands),
        (Kernel::Solve | Kernel::Logdet | Kernel::Cholesky, false)
        | (Kernel::SolveTriangular | Kernel::Triangle, _) => (kernel.row().real)(operands),
    }
}

/// Where a block begins: its offset, and how many elements a row of its matrix has.
#[derive(Clone, Copy)]
struct At(usize, usize);

/// C −= A B, for blocks of `m` by `k` and `k` by `n` elements. Blocks of other matrices than C's are in `other`; with none, all are in C's, apart from each other.
fn subtract(c: &mut [f64], at: [At; 3], [m, k, n]: [usize; 3], other: Option<&[f64]>, transposed: bool) {
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    let [At(c0, cs), At(a0, a_row), At(b0, b_row)] = at;
    let (b_rows, b_columns) = if transposed { (n, k) } else { (k, n) };
    let end = |start: usize, rows: usize, stride: usize, columns: usize| start + (rows - 1) * stride + columns;
    let a_len = other.map_or(c.len(), <[f64]>::len);
    assert!(end(c0, m, cs, n) <= c.len() && end(a0, m, a_row, k) <= a_len, "blocks lie within their matrices");
    assert!(end(b0, b_rows, b_row, b_columns) <= c.len(), "blocks lie within their matrices");
    let base = c.as_mut_ptr();
    let a = other.map_or(base.cast_const(), <[f64]>::as_ptr);
    let (b_down, b_along) = if transposed { (1, b_row as isize) } else { (b_row as isize, 1) };
    // SAFETY: every block lies within its matrix, as asserted, and the one that is written is apart from those that are read.
    unsafe {
        let (a, b, c) = (a.add(a0), base.cast_const().add(b0), base.add(c0));
        dgemm(m, k, n, -1.0, a, a_row as isize, 1, b, b_down, b_along, 1.0, c, cs as isize, 1);
    }
}

/// A = P⁻¹ L U in place; rows of `x` are exchanged and combined as those of `a`.
fn eliminate(a: &mut [f64], n: usize, x: &mut [f64], width: usize) -> Result<(), Failure> {
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        for j in start..end {
            column(a, n, j, end, x, width)?;
        }
        // The rows of U to the right of the block, and those of `x`.
        for i in start + 1..end {
            let (above, below) = a.split_at_mut(i * n);
            for j in start..i {
                let factor = below[j];
                let row = &above[j * n + end..j * n + n];
                below[end..n].iter_mut().zip(row).for_each(|(to, from)| *to -= factor * from);
                let (above, below) = x.split_at_mut(i * width);
                let row = &above[j * width..j * width + width];
                below[..width].iter_mut().zip(row).for_each(|(to, from)| *to -= factor * from);
            }
        }
        let (rest, size) = (n - end, end - start);
        let below = At(end * n + start, n);
        subtract(a, [At(end * n + end, n), below, At(start * n + end, n)], [rest, size, rest], None, false);
        subtract(x, [At(end * width, width), below, At(start * width, width)], [rest, size, width], Some(a), false);
    }
    Ok(())
}

/// One column of a panel: finds the pivot, exchanges whole rows, and combines those below up to column `end`.
fn column(a: &mut [f64], n: usize, j: usize, end: usize, x: &mut [f64], width: usize) -> Result<(), Failure> {
    let mut pivot = j;
    for i in j + 1..n {
        if a[i * n + j].abs() > a[pivot * n + j].abs() {
            pivot = i;
        }
    }
    if a[pivot * n + j] == 0.0 {
        return Err(Failure::Singular([j as i64 + 1, n as i64]));
    }
    if pivot != j {
        (0..n).for_each(|k| a.swap(pivot * n + k, j * n + k));
        (0..width).for_each(|k| x.swap(pivot * width + k, j * width + k));
    }
    let (above, below) = a.split_at_mut((j + 1) * n);
    let row = &above[j * n..];
    for other in below.chunks_exact_mut(n) {
        let factor = other[j] / row[j];
        other[j] = factor;
        other[j + 1..end].iter_mut().zip(&row[j + 1..end]).for_each(|(to, from)| *to -= factor * from);
    }
    Ok(())
}

fn solve(operands: &mut [Operand<'_, f64>]) -> Answer<f64> {
    let [
        Operand::Array { dims: [n, _], elements: a },
        Operand::Array { dims: [rows, width], elements: b },
        Operand::Out { elements: x, .. },
    ] = operands
    else {
        return (Kernel::Solve.row().real)(operands);
    };
    let (n, width) = (*n, *width);
    if n != *rows || x.len() != b.len() || a.len() != n * n || width == 0 {
        return (Kernel::Solve.row().real)(operands);
    }
    let mut a = a.to_vec();
    x.copy_from_slice(b);
    eliminate(&mut a, n, x, width)?;
    for i in (0..n).rev() {
        let (above, below) = x.split_at_mut((i + 1) * width);
        let row = &mut above[i * width..];
        for (j, other) in below.chunks_exact(width).enumerate() {
            let factor = a[i * n + i + 1 + j];
            row.iter_mut().zip(other).for_each(|(to, from)| *to -= factor * from);
        }
        row.iter_mut().for_each(|to| *to /= a[i * n + i]);
    }
    Ok(Floats::new())
}

fn logdet(operands: &mut [Operand<'_, f64>]) -> Answer<f64> {
    let [Operand::Array { dims: [n, _], elements: a }] = operands else {
        return (Kernel::Logdet.row().real)(operands);
    };
    let (n, mut a) = (*n, a.to_vec());
    eliminate(&mut a, n, &mut [], 0)?;
    Ok(Floats::from_iter([(0..n).map(|i| a[i * n + i].abs().ln()).sum()]))
}

fn cholesky(operands: &mut [Operand<'_, f64>]) -> Answer<f64> {
    let [Operand::Array { dims: [n, _], elements: a }, Operand::Out { elements: l, .. }] = operands else {
        return (Kernel::Cholesky.row().real)(operands);
    };
    let n = *n;
    if l.len() != a.len() || a.len() != n * n {
        return (Kernel::Cholesky.row().real)(operands);
    }
    l.copy_from_slice(a);
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        for i in start..n {
            for j in start..end.min(i + 1) {
                let dot: f64 = (start..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
                let s = l[i * n + j] - dot;
                if i > j {
                    l[i * n + j] = s / l[j * n + j];
                } else if s > 0.0 {
                    l[i * n + i] = s.sqrt();
                } else {
                    return Err(Failure::NotPositiveDefinite([i as i64 + 1, n as i64]));
                }
            }
        }
        let (rest, size, below) = (n - end, end - start, At(end * n + start, n));
        subtract(l, [At(end * n + end, n), below, below], [rest, size, rest], None, true);
    }
    (0..n).for_each(|i| l[i * n + i + 1..(i + 1) * n].fill(0.0));
    Ok(Floats::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reproducible numbers between −½ and ½.
    fn numbers(count: usize, mut seed: u64) -> Vec<f64> {
        let next = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        (0..count).map(next).collect()
    }

    /// What both implementations give of a matrix and perhaps a right-hand side.
    fn both(kernel: Kernel, n: usize, a: &[f64], b: Option<(usize, &[f64])>) -> [Result<Vec<f64>, Failure>; 2] {
        let call = |fast: bool| {
            let mut out = vec![0.0; b.map_or(n * n, |(_, b)| b.len())];
            let (dims, right) = ([n, n], [n, b.map_or(0, |(k, _)| k)]);
            let mut operands = vec![Operand::Array { dims: &dims, elements: a }];
            operands.extend(b.map(|(_, elements)| Operand::Array { dims: &right, elements }));
            if kernel != Kernel::Logdet {
                operands.push(Operand::Out { dims: &dims, elements: &mut out });
            }
            let floats = if fast { run(kernel, &mut operands) } else { (kernel.row().real)(&mut operands) }?;
            Ok(if kernel == Kernel::Logdet { floats.to_vec() } else { out })
        };
        [call(false), call(true)]
    }

    fn near(kernel: Kernel, [plain, fast]: [Result<Vec<f64>, Failure>; 2]) {
        let (plain, fast) = (plain.expect("there is an answer"), fast.expect("there is an answer"));
        let largest = plain.iter().fold(1.0f64, |m, x| m.max(x.abs()));
        for (x, y) in plain.iter().zip(&fast) {
            assert!((x - y).abs() <= 1e-9 * largest, "{kernel:?}: {x} {y}");
        }
    }

    #[test]
    fn blocks_give_what_loops_give() {
        for n in [SMALL - 1, SMALL, 96, 97, 150] {
            let a = numbers(n * n, n as u64);
            let mut spd: Vec<f64> = (0..n * n).map(|at| 0.1 * (a[at] + a[at % n * n + at / n])).collect();
            (0..n).for_each(|i| spd[i * n + i] += n as f64);
            near(Kernel::Logdet, both(Kernel::Logdet, n, &a, None));
            near(Kernel::Cholesky, both(Kernel::Cholesky, n, &spd, None));
            for k in [1, 7] {
                let b = numbers(n * k, 5);
                near(Kernel::Solve, both(Kernel::Solve, n, &a, Some((k, &b))));
            }
        }
    }

    #[test]
    fn failures_are_the_same() {
        let n = 100;
        let mut a = numbers(n * n, 3);
        (0..n).for_each(|i| a[i * n + 70] = 0.0);
        let [plain, fast] = both(Kernel::Logdet, n, &a, None);
        assert!(plain.is_err() && plain == fast, "{plain:?} {fast:?}");
        let mut spd = vec![0.0; n * n];
        (0..n).for_each(|i| spd[i * n + i] = if i == 80 { -1.0 } else { 2.0 });
        let [plain, fast] = both(Kernel::Cholesky, n, &spd, None);
        assert!(plain.is_err() && plain == fast, "{plain:?} {fast:?}");
    }
}
