//! The bundle-adjustment problem: its sparse Jacobian against the dense one and against numbers of others.
//!
//! `references/bundle_adjustment/one_observation.json` is one observation of one point by one camera, with the two residuals of the feature and that of the weight, and their derivatives by camera, point and weight:
//! computed by a derivative written by hand and by Enzyme from a program in C++, which agree to 13 digits. The observation is the test problem of ADBench (MIT licence).

use adit::{Array, Engine, Function, SparseJacobianFn, Value, Workspace};
use serde_json::Value as Json;

const SOURCE: &str = include_str!("../../examples/bundle_adjustment.ad");

fn residuals() -> Function {
    let module = Engine::new().compile(SOURCE).unwrap_or_else(|e| panic!("{e}"));
    module.function("residuals").unwrap_or_else(|e| panic!("{e}"))
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn matrix(dims: &[usize], elements: Vec<f64>) -> Value {
    Value::Array(Array::f64(dims, elements))
}

/// Arguments for observations by these cameras of these points.
fn observations(cameras: usize, points: usize, of: &[(usize, usize)]) -> Vec<Value> {
    let p = of.len();
    let list = |n: usize, shift: f64| -> Vec<f64> { (0..n).map(|i| (i as f64 * 0.7 + shift).sin()).collect() };
    let index = |of: &mut dyn Iterator<Item = usize>| Value::from(of.map(|i| i as i64).collect::<Vec<_>>());
    vec![
        matrix(&[cameras, 11], list(11 * cameras, 0.2)),
        matrix(&[points, 3], list(3 * points, 0.5)),
        list(p, 0.9).into(),
        matrix(&[p, 2], list(2 * p, 0.1)),
        index(&mut of.iter().map(|o| o.0)),
        index(&mut of.iter().map(|o| o.1)),
    ]
}

fn sparse(args: &[Value]) -> (SparseJacobianFn, Vec<f64>) {
    let f = residuals();
    let sparse = f.jacobian().wrt(["cameras", "points", "weights"]).sparse(args).unwrap_or_else(|e| panic!("{e}"));
    let mut values = vec![f64::NAN; sparse.pattern().nnz()];
    sparse.value_and_jacobian(&mut Workspace::new(), args, (), &mut values).unwrap_or_else(|e| panic!("{e}"));
    (sparse, values)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn one_observation_has_the_derivatives_that_others_find() {
    let text = include_str!("../references/bundle_adjustment/one_observation.json");
    let json: Json = serde_json::from_str(text).expect("it is JSON");
    let input = &json["input"];
    let args = [
        matrix(&[1, 11], numbers(&input["cam"])),
        matrix(&[1, 3], numbers(&input["x"])),
        vec![input["w"].as_f64().expect("a number")].into(),
        matrix(&[1, 2], numbers(&input["feat"])),
        vec![0_i64].into(),
        vec![0_i64].into(),
    ];
    let value = residuals().call(&args).expect("it runs").value.floats();
    let mut expected = numbers(&json["reprojection_error"]);
    expected.push(json["weight_error"].as_f64().expect("a number"));
    assert!(value.iter().zip(&expected).all(|(a, b)| near(*a, *b)), "{value:?}");
    let (sparse, values) = sparse(&args);
    let rows: Vec<Vec<f64>> =
        json["jacobian_rows_cam_point_weight"].as_array().expect("rows").iter().map(numbers).collect();
    let weight = json["weight_error_derivative"].as_f64().expect("a number");
    for ((row, column), &x) in sparse.pattern().entries().zip(&values) {
        let expected = rows.get(row).map_or(weight, |row| row[column]);
        assert!(near(x, expected), "({row}, {column}): {x}, not {expected}");
    }
    // The principal point moves one residual each, everything else both; three rows are swept back.
    assert_eq!((sparse.pattern().nnz(), sparse.colours()), (2 * 15 - 2 + 1, 3));
}

#[test]
fn the_sparse_jacobian_is_the_dense_one_without_zeros() {
    let of = [(0, 0), (1, 2), (2, 2), (0, 4), (2, 1), (1, 3), (0, 2)];
    let args = observations(3, 5, &of);
    let (sparse, values) = sparse(&args);
    let (_, dense) = residuals().jacobian().wrt(["cameras", "points", "weights"]).at(&args).expect("it runs");
    let dense = Value::Array(dense).floats();
    let columns = sparse.pattern().columns();
    let mut entries = sparse.pattern().entries().zip(&values).peekable();
    for column in 0..columns {
        for row in 0..sparse.pattern().rows() {
            let x = entries.next_if(|(entry, _)| *entry == (row, column)).map_or(0.0, |(_, &x)| x);
            assert!(near(x, dense[row * columns + column]), "({row}, {column})");
        }
    }
    assert_eq!(sparse.pattern().nnz(), of.len() * (2 * 14 + 1));
}

#[test]
fn entries_and_colours_do_not_grow_with_the_problem() {
    // Each camera sees points of its own, and some of its neighbour's.
    for p in [40, 400, 4000] {
        let of: Vec<(usize, usize)> = (0..p).map(|i| (i / 20, (i / 20 * 15 + i % 20) % (p / 2))).collect();
        let (sparse, _) = sparse(&observations(p / 20, p / 2, &of));
        assert_eq!(sparse.pattern().nnz(), p * (2 * 14 + 1));
        assert!(sparse.colours() <= 20, "{} colours for {p} observations", sparse.colours());
    }
}
