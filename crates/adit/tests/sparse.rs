//! Sparse Jacobians and Hessians: the dense ones without their zeros, in few sweeps, for the sizes and integers that they were made for.

use adit::{Array, Engine, Function, Mode, Pattern, Value, Workspace};

fn function(source: &str) -> Function {
    let engine = Engine::builder().strict(true).build();
    let module = engine.and_then(|engine| engine.compile(source)).unwrap_or_else(|e| panic!("{e}"));
    module.entry().unwrap_or_else(|e| panic!("{e}"))
}

/// The dense matrix of a pattern and its values, row major.
fn dense(pattern: &Pattern, values: &[f64]) -> Vec<f64> {
    let mut matrix = vec![0.0; pattern.rows() * pattern.columns()];
    for ((row, column), x) in pattern.entries().zip(values) {
        matrix[row * pattern.columns() + column] = *x;
    }
    matrix
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0);
    assert!(a.iter().zip(b).all(near), "{a:?}\n{b:?}");
}

/// That the sparse Jacobian is the dense one, in every mode.
fn jacobian_agrees(f: &Function, args: &[Value], wrt: &[&str]) -> Pattern {
    let (value, matrix) = f.jacobian().wrt(wrt).mode(Mode::Forward).at(args).expect("it runs");
    let mut workspace = Workspace::new();
    let mut pattern = Pattern::default();
    for mode in [None, Some(Mode::Forward), Some(Mode::Reverse)] {
        let sparse = f.jacobian().wrt(wrt).mode(mode).sparse(args).unwrap_or_else(|e| panic!("{e}"));
        let (same, mut values) = sparse.at(args).expect("it runs");
        assert_eq!(same, value);
        values.fill(f64::NAN);
        sparse.value_and_jacobian(&mut workspace, args, (), &mut values).expect("it runs");
        close(&dense(sparse.pattern(), &values), &Value::Array(matrix.clone()).floats());
        assert!(mode.is_none_or(|mode| mode == sparse.mode()));
        pattern = sparse.pattern().clone();
    }
    pattern
}

fn list(n: usize, shift: f64) -> Value {
    (0..n).map(|i| (i as f64 * 0.7 + shift).sin()).collect::<Vec<_>>().into()
}

const MIXED: &str = "
struct P<n> { w: [f64; n], k: f64, id: i64 }
fn f(p: P<n>, x: [f64; n, 2], s: &mut [f64; n], at: [i64; n]) -> (f64, [f64; n], i64) {
    for i in 0..n {
        if x[i, 0] > x[i, 1] { s[i] = sin(x[i, 0]) * p.w[at[i]]; } else { s[i] *= 1 + x[at[i], 1]^2; }
    }
    (p.k * x[0, 0], [exp(-s[i]) * p.w[i] for i in 0..n], p.id)
}";

fn mixed(at: &[i64]) -> Vec<Value> {
    let n = at.len();
    let p = Value::structure([("w", list(n, 0.1)), ("k", 0.4.into()), ("id", 3i64.into())]);
    let x = Array::f64(&[n, 2], list(2 * n, 0.9).floats());
    vec![p, Value::Array(x), list(n, 0.5), at.to_vec().into()]
}

#[test]
fn structs_tuples_branches_and_index_arrays() {
    let f = function(MIXED);
    let pattern = jacobian_agrees(&f, &mixed(&[2, 0, 1, 3]), &[]);
    // w (4), k, x (8), s (4): the first row is p.k * x[0, 0]; row 1 has both arms of i = 0, where `at` is 2.
    let row = |row| (0..17).filter(|&column| pattern.contains(row, column)).collect::<Vec<_>>();
    assert_eq!((row(0), row(1)), (vec![4, 5], vec![0, 2, 5, 10, 13]));
    jacobian_agrees(&f, &mixed(&[2, 0, 1, 3]), &["x", "s"]);
    jacobian_agrees(&f, &mixed(&[0]), &["p"]);
}

#[test]
fn few_rows_go_in_reverse_and_few_columns_forward() {
    let wide = function("fn f(x: [f64; n]) -> [f64; 2] { [sum(x^2), prod(x)] }");
    let sparse = wide.jacobian().sparse(&[list(50, 0.2)]).expect("it compiles");
    assert_eq!((sparse.mode(), sparse.colours(), sparse.pattern().nnz()), (Mode::Reverse, 2, 100));
    let tall = function("fn f(x: [f64; n]) -> [f64; n] { x^2 }");
    let sparse = tall.jacobian().sparse(&[list(50, 0.2)]).expect("it compiles");
    assert_eq!((sparse.mode(), sparse.colours(), sparse.pattern().nnz()), (Mode::Forward, 1, 50));
    jacobian_agrees(&wide, &[list(9, 0.3)], &[]);
    jacobian_agrees(&tall, &[list(9, 0.3)], &[]);
}

#[test]
fn a_jacobian_without_entries_has_a_value() {
    let f = function("fn f(x: [f64; n], k: f64) -> [f64; n] { zeros(n) }");
    let pattern = jacobian_agrees(&f, &[list(3, 0.0), 2.0.into()], &[]);
    assert_eq!((pattern.nnz(), pattern.rows(), pattern.columns()), (0, 3, 4));
    let linear = function("fn f(x: [f64; n]) -> f64 { sum(x) }");
    let sparse = linear.hessian().sparse(&[list(3, 0.0)]).expect("it compiles");
    let mut gradient = [0.0; 3];
    let value = sparse.value_gradient_and_hessian(&mut Workspace::new(), &[list(3, 0.0)], &mut gradient, &mut []);
    assert_eq!((value.expect("it runs"), gradient), (list(3, 0.0).floats().iter().sum(), [1.0; 3]));
}

#[test]
fn hessians_of_chains_and_arrows() {
    let sources = [
        ("fn f(x: [f64; n]) -> f64 { sum(100 * (x[1..] - x[..-1]^2)^2 + (1 - x[..-1])^2) }", 3 * 20 - 2, 3),
        ("fn f(x: [f64; n]) -> f64 { x[0] * sum(sin(x[1..])) + sum(x^3) }", 3 * 20 - 2, 2),
        ("fn f(x: [f64; n]) -> f64 { if norm(x) > 1 { sum(x^2) } else { sum(exp(x)) } }", 20, 1),
        ("fn f(x: [f64; n]) -> f64 { sum(x)^2 }", 400, 20),
    ];
    for (source, nnz, colours) in sources {
        let (f, args) = (function(&source.replace("x[..-1]", "x[0..(n - 1)]")), [list(20, 0.3)]);
        let (expected, matrix) = f.hessian().at(&args).expect("it runs");
        let sparse = f.hessian().sparse(&args).unwrap_or_else(|e| panic!("{source}: {e}"));
        assert_eq!((sparse.pattern().nnz(), sparse.colours()), (nnz, colours), "{source}");
        assert!(sparse.pattern().is_symmetric());
        let (mut gradient, mut values) = (vec![0.0; 20], vec![f64::NAN; nnz]);
        let value = sparse.value_gradient_and_hessian(&mut Workspace::new(), &args, &mut gradient, &mut values);
        assert_eq!(Value::F64(value.expect("it runs")), expected.value);
        close(&gradient, &expected.floats());
        close(&dense(sparse.pattern(), &values), &Value::Array(matrix).floats());
        let (once, same) = sparse.at(&args).expect("it runs");
        assert_eq!((once.value, same), (expected.value, values));
    }
}

#[test]
fn what_the_pattern_was_not_made_for_is_refused() {
    let f = function(MIXED);
    let sparse = f.jacobian().sparse(&mixed(&[2, 0, 1])[..]).expect("it compiles");
    let mut values = vec![0.0; sparse.pattern().nnz()];
    let mut workspace = Workspace::new();
    let mut call = |args: &[Value], values: &mut [f64]| {
        let e = sparse.value_and_jacobian(&mut workspace, args, (), values).unwrap_err();
        e.diagnostics()[0].message.clone()
    };
    let other = call(&mixed(&[2, 0, 0]), &mut values);
    assert!(other.starts_with("`at` has other extents, integers or truth values"), "{other}");
    let longer = call(&mixed(&[2, 0, 1, 3]), &mut values);
    assert!(longer.starts_with("`p.w` has other extents"), "{longer}");
    let short = call(&mixed(&[2, 0, 1]), &mut []);
    assert!(short.contains("entries: 0 elements were given"), "{short}");
}

#[test]
fn finding_a_pattern_keeps_the_limits_of_a_run() {
    let source = "fn f(x: [f64; n]) -> [f64; n] { let mut y = x; for k in 0..n { for i in 0..n { y[i] += x[k]; } } y }";
    let engine = Engine::builder().limits(|limits| limits.steps = Some(1000)).build().expect("it is built");
    let f = engine.compile(source).expect("it compiles").function("f").expect("it is there");
    let error = f.jacobian().sparse(&[list(100, 0.0)]).unwrap_err();
    assert_eq!(error.diagnostics()[0].code.to_string(), "AD0806");
}

#[test]
fn rules_count_as_they_are_written() {
    // The tangent that is written down says more than the body.
    let source = "
        fn quantised(x: f64) -> f64 { round(x) }
        @jvp(quantised) fn straight(x: f64, dx: f64) -> (f64, f64) { (round(x), dx) }
        fn f(x: [f64; n]) -> [f64; n] { [quantised(x[i]) for i in 0..n] }";
    let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
    let f = module.function("f").expect("it is there");
    let sparse = f.jacobian().mode(Mode::Forward).sparse(&[list(4, 0.0)]).unwrap_or_else(|e| panic!("{e}"));
    let mut values = vec![0.0; 4];
    sparse.value_and_jacobian(&mut Workspace::new(), &[list(4, 0.0)], (), &mut values).expect("it runs");
    assert_eq!((sparse.colours(), values), (1, vec![1.0; 4]));
}

#[test]
fn derivatives_within_a_program_have_patterns() {
    let source = "fn e(x: [f64; n]) -> f64 { sum(x[1..] * x[0..(n - 1)]^2) }
        fn f(x: [f64; n]) -> [f64; n] { grad(e)(x) }";
    let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
    let f = module.function("f").expect("it is there");
    let pattern = jacobian_agrees(&f, &[list(6, 0.4)], &[]);
    assert_eq!(pattern.nnz(), 3 * 6 - 2 - 1, "e is linear in its last variable");
}

#[test]
fn threads_share_a_handle() {
    let f = function(MIXED);
    let args = mixed(&[2, 0, 1, 3, 3]);
    let sparse = f.jacobian().sparse(&args[..]).expect("it compiles");
    let run = || {
        let (mut workspace, mut values) = (Workspace::new(), vec![0.0; sparse.pattern().nnz()]);
        for _ in 0..20 {
            sparse.value_and_jacobian(&mut workspace, &args[..], (), &mut values).expect("it runs");
        }
        values
    };
    let serial = run();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().expect("no panic") == serial));
    });
}
