//! Kernels at the points of their rows, and where they have no answer.

use super::*;
use crate::external::Failure;

/// Runs a kernel at a point in floats: what it wrote, or what it gave.
fn run(kernel: Kernel, given: &[Known], len: usize) -> Result<Vec<f64>, Failure> {
    let mut out = vec![f64::NAN; len];
    let dims = [len];
    let mut operands: Vec<Operand<'_, f64>> =
        given.iter().map(|&(dims, elements)| Operand::Array { dims, elements }).collect();
    let writes = kernel.row().signature.ends_with(']');
    if writes {
        operands.push(Operand::Out { dims: &dims, elements: &mut out });
    }
    let floats = (kernel.row().real)(&mut operands)?;
    Ok(if writes { out } else { floats.to_vec() })
}

#[test]
fn every_kernel_gives_what_its_points_say() {
    for &kernel in Kernel::ALL {
        for point in kernel.row().points {
            let found = run(kernel, point.given, point.expected.len());
            assert_eq!(found.as_deref(), Ok(point.expected), "{kernel:?} {:?}", point.given);
        }
    }
}

#[test]
fn names_are_unique_and_signatures_begin_with_them() {
    for &kernel in Kernel::ALL {
        let row = kernel.row();
        assert_eq!(Kernel::from_name(row.name), Some(kernel));
        assert!(row.signature.starts_with(&format!("fn {}(", row.name)));
        assert!(!row.points.is_empty());
    }
}

#[test]
fn what_has_no_answer_fails() {
    let singular: &[Known] = &[(&[2, 2], &[1.0, 2.0, 2.0, 4.0]), (&[2, 1], &[1.0, 1.0])];
    assert_eq!(run(Kernel::Solve, singular, 2), Err(Failure::Singular([2, 2])));
    assert_eq!(run(Kernel::Logdet, &singular[..1], 1), Err(Failure::Singular([2, 2])));
    let indefinite: &[Known] = &[(&[2, 2], &[1.0, 2.0, 2.0, 1.0])];
    assert_eq!(run(Kernel::Cholesky, indefinite, 4), Err(Failure::NotPositiveDefinite([2, 2])));
    let nan: &[Known] = &[(&[1, 1], &[f64::NAN])];
    assert_eq!(run(Kernel::Cholesky, nan, 1), Err(Failure::NotPositiveDefinite([1, 1])));
    let flat: &[Known] = &[(&[2, 2], &[1.0, 0.0, 5.0, 0.0]), (&[2, 1], &[1.0, 1.0])];
    assert_eq!(run(Kernel::SolveTriangular, flat, 2), Err(Failure::Singular([2, 2])));
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    for &kernel in Kernel::ALL {
        assert!(matches!((kernel.row().real)(&mut []), Err(Failure::Host(_))), "{kernel:?}");
    }
}

#[test]
fn imaginary_parts_are_derivatives() {
    // d log|det A| along e00 is the element 00 of the inverse: -2 for [[1, 2], [3, 4]].
    let h = 1e-100;
    let a: Vec<Complex64> = [1.0, 2.0, 3.0, 4.0].map(|x| Complex64::new(x, 0.0)).to_vec();
    let mut moved = a;
    moved[0].im = h;
    let mut operands = [Operand::Array { dims: &[2, 2], elements: &moved }];
    let found = (Kernel::Logdet.row().complex)(&mut operands).map(|f| f[0].im / h);
    assert!((found.unwrap_or(f64::NAN) + 2.0).abs() < 1e-14);
}
