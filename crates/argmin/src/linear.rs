//! A little linear algebra: Cholesky, least squares by Householder's reflections, conjugate gradients.
//!
//! In: matrices as rows. Out: solutions, or nothing where there is none. Nothing here knows what is minimised.

/// Solves `a x = b` for a symmetric positive definite `a`; none if it is not (to rounding).
pub(crate) fn solve_positive(mut a: Vec<Vec<f64>>, b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        let diagonal = a[j][j];
        let rest = diagonal - (0..j).map(|k| a[j][k] * a[j][k]).sum::<f64>();
        if rest <= 1e-14 * diagonal.abs() || rest.is_nan() {
            return None;
        }
        let pivot = rest.sqrt();
        a[j][j] = pivot;
        for i in j + 1..n {
            let sum: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = (a[i][j] - sum) / pivot;
        }
    }
    let mut x = b.to_vec();
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i][k] * x[k]).sum();
        x[i] = (x[i] - sum) / a[i][i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k][i] * x[k]).sum();
        x[i] = (x[i] - sum) / a[i][i];
    }
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// The `x` that makes `|a x - b|` least, for `a` by columns, each as long as `b`; none if columns depend on each other.
pub(crate) fn least_squares(mut columns: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = columns.len();
    let mut diagonal = vec![0.0; n];
    for j in 0..n {
        let (done, rest) = columns.split_at_mut(j + 1);
        let v = &mut done[j][j..];
        let norm = v.iter().fold(0.0_f64, |norm, x| norm.hypot(*x));
        if !(norm > 0.0 && norm.is_finite()) {
            return None;
        }
        // The reflection takes the column to -sign(v0) norm e0.
        diagonal[j] = -norm.copysign(v[0]);
        v[0] -= diagonal[j];
        let half = -diagonal[j] * v[0];
        for other in rest.iter_mut().map(|column| &mut column[j..]).chain([&mut b[j..]]) {
            let part = v.iter().zip(&*other).map(|(v, x)| v * x).sum::<f64>() / half;
            other.iter_mut().zip(&*v).for_each(|(x, v)| *x -= part * v);
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| columns[k][i] * x[k]).sum();
        x[i] = (b[i] - sum) / diagonal[i];
    }
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// Solves `a x = b` by products with a symmetric positive definite `a`; none if it is not (where it was looked at).
pub(crate) fn conjugate_gradients(a: impl Fn(&Vec<f64>) -> Vec<f64>, b: &[f64], at_most: usize) -> Option<Vec<f64>> {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let (mut x, mut rest, mut direction) = (vec![0.0; b.len()], b.to_vec(), b.to_vec());
    let mut square = dot(b, b);
    let enough = 1e-20 * square;
    for _ in 0..at_most.min(2 * b.len()) {
        if square <= enough {
            break;
        }
        let product = a(&direction);
        let curvature = dot(&direction, &product);
        if curvature <= 0.0 || curvature.is_nan() {
            return None;
        }
        let step = square / curvature;
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
        rest.iter_mut().zip(&product).for_each(|(r, p)| *r -= step * p);
        let before = std::mem::replace(&mut square, dot(&rest, &rest));
        direction.iter_mut().zip(&rest).for_each(|(d, r)| *d = r + square / before * *d);
    }
    x.iter().all(|x| x.is_finite()).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positive_systems_are_solved_and_others_refused() {
        let x = solve_positive(vec![vec![4.0, 2.0], vec![2.0, 3.0]], &[8.0, 8.0]).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15, "{x:?}");
        for wrong in [vec![vec![1.0, 2.0], vec![2.0, 1.0]], vec![vec![f64::NAN, 0.0], vec![0.0, 1.0]]] {
            assert_eq!(solve_positive(wrong, &[1.0, 1.0]), None);
        }
    }

    #[test]
    fn products_solve_positive_systems() {
        let a = |x: &Vec<f64>| vec![4.0 * x[0] + 2.0 * x[1], 2.0 * x[0] + 3.0 * x[1]];
        let x = conjugate_gradients(a, &[8.0, 8.0], 10).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14, "{x:?}");
        assert_eq!(conjugate_gradients(|x| vec![-x[0]], &[1.0], 10), None);
    }

    #[test]
    fn lines_are_fitted() {
        let (ones, at) = (vec![1.0; 4], vec![0.0, 1.0, 2.0, 3.0]);
        let x = least_squares(vec![ones.clone(), at], vec![1.0, 3.0, 5.0, 7.0]).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14, "{x:?}");
        assert_eq!(least_squares(vec![ones, vec![0.0; 4]], vec![1.0; 4]), None);
    }
}
