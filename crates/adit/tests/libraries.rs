//! Arrays of `ndarray`, `nalgebra` and `faer` go in and out, in the order of the language, whatever theirs is.
//!
//! `cargo test --workspace` has these features, by the crate of the tests; alone it is `cargo test -p adit --features ndarray,nalgebra,faer --test libraries`.

use adit::{Engine, Leaves, Workspace};

/// d/da of `sum(w[i, j] * a[i, j]^2)` is `2 * w * a`: not symmetric, so a transposed matrix would be seen.
const SOURCE: &str = "
fn f(a: [f64; m, n], w: [f64; m, n], x: [f64; n]) -> f64 {
    sum(w[i, j] * a[i, j]^2 * x[j] for i in 0..m, j in 0..n)
}";

fn entry(i: usize, j: usize) -> f64 {
    (10 * i + j + 1) as f64
}

/// The same with matrices and vectors of any library.
fn check<M: Leaves, V: Leaves>(
    matrix: impl Fn(&dyn Fn(usize, usize) -> f64) -> M,
    vector: impl Fn(&dyn Fn(usize) -> f64) -> V,
    at: impl Fn(&M, usize, usize) -> f64,
    get: impl Fn(&V, usize) -> f64,
) {
    let f = Engine::new().compile(SOURCE).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"));
    for mode in [adit::Mode::Reverse, adit::Mode::Forward] {
        let gradient = f.gradient().wrt(["a", "x"]).mode(mode).build().expect("it compiles");
        let (a, w, x) = (matrix(&entry), matrix(&|i, j| if i < j { 2.0 } else { 3.0 }), vector(&|j| 1.0 + j as f64));
        let (mut da, mut dx, mut ws) = (matrix(&|_, _| 9.0), vector(&|_| 9.0), Workspace::new());
        for _ in 0..2 {
            gradient.value_and_gradient(&mut ws, (&a, &w, &x), (&mut da, &mut dx)).unwrap_or_else(|e| panic!("{e}"));
            for j in 0..3 {
                let of = |i| at(&w, i, j) * entry(i, j);
                for i in 0..2 {
                    assert_eq!(at(&da, i, j), 2.0 * of(i) * (1.0 + j as f64), "{i} {j}");
                }
                assert_eq!(get(&dx, j), of(0) * entry(0, j) + of(1) * entry(1, j));
            }
        }
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray() {
    use ndarray::{Array1, Array2, ShapeBuilder};
    let vector = |f: &dyn Fn(usize) -> f64| Array1::from_shape_fn(3, f);
    check(|f| Array2::from_shape_fn((2, 3), |(i, j)| f(i, j)), vector, |a, i, j| a[(i, j)], |x, j| x[j]);
    check(|f| Array2::from_shape_fn((2, 3).f(), |(i, j)| f(i, j)), vector, |a, i, j| a[(i, j)], |x, j| x[j]);

    let f = Engine::new().compile(SOURCE).and_then(|m| m.function("f")).unwrap_or_else(|e| panic!("{e}"));
    let (a, x) = (Array2::<f64>::ones((2, 3)), Array1::<f64>::ones(3));
    let mut da = Array2::<f64>::zeros((0, 0));
    let gradient = f.gradient().wrt(["a"]).build().expect("it compiles");
    gradient.value_and_gradient(&mut Workspace::new(), (&a.view(), &a, &x), &mut da).expect("it runs");
    assert_eq!(da, 2.0 * a.clone());
    let error = gradient.value_and_gradient(&mut Workspace::new(), (&a, &a, &x), &mut a.view()).expect_err("read only");
    assert!(error.to_string().contains("the gradient of `a` is written"), "{error}");
}

#[cfg(feature = "nalgebra")]
#[test]
fn nalgebra() {
    use nalgebra::{DMatrix, DVector, SMatrix, SVector};
    check(|f| DMatrix::from_fn(2, 3, f), |f| DVector::from_fn(3, |j, _| f(j)), |a, i, j| a[(i, j)], |x, j| x[j]);
    check(
        |f| SMatrix::<f64, 2, 3>::from_fn(f),
        |f| SVector::<f64, 3>::from_fn(|j, _| f(j)),
        |a, i, j| a[(i, j)],
        |x, j| x[j],
    );
}

#[cfg(feature = "faer")]
#[test]
fn faer() {
    use faer::{Col, Mat};
    check(|f| Mat::from_fn(2, 3, f), |f| Col::from_fn(3, f), |a, i, j| a[(i, j)], |x, j| x[j]);
}
