//! Comprehensions, reductions, linear algebra, makers of arrays.

use super::harness::*;

#[test]
fn comprehensions() {
    assert_eq!(f("fn f(n: i64) -> f64 { let a = [f64(i) for i in 0..n]; sum(a) }", &[V::I(4)]), "6.0");
    assert_eq!(
        f("fn f(x: [f64; n]) -> [f64; n - 1] { [x[i] - x[i - 1] for i in 1..n] }", &[vec(&[1.0, 3.0, 7.0])]),
        "[2.0, 4.0]"
    );
    assert_eq!(
        f("fn f(n: i64, m: i64) -> [i64; n, m] { [10 * i + j for i in 0..n, j in 0..m] }", &[V::I(2), V::I(3)]),
        "[[0, 1, 2], [10, 11, 12]]"
    );
    assert_eq!(
        f("fn f(k: i64) -> i64 { let a = [i for i in 7..=0 step k]; 100 * len(a) + a[len(a) - 1] }", &[V::I(-3)]),
        "301"
    );
    assert_eq!(f("fn f() -> [i64; 3] { [i for i in 0..6 step 2] }", &[]), "[0, 2, 4]");
    assert_eq!(f("fn f(k: i64) -> i64 { len([i for i in 0..k]) }", &[V::I(-5)]), "0");
}

#[test]
fn comprehensions_of_arrays_and_of_dependent_ranges() {
    let source = "fn f(x: [f64; n]) -> [f64; 2, n] { [x * f64(k) for k in 1..3] }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "[[1.0, 2.0], [2.0, 4.0]]");
    let source =
        "fn f(x: [f64; n], k: i64) -> f64 { let a = [x[i..i + k] for i in 0..2]; a[0, k - 1] * 10 + a[1, k - 1] }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(2)]), "23.0");
    let source = "fn f(n: i64) -> i64 { let a = [10 * i + j for i in 0..n, j in i..i + 2]; a[n - 1, 1] }";
    assert_eq!(f(source, &[V::I(3)]), "23");
}

#[test]
fn sums_and_products() {
    assert_eq!(f("fn f(x: [f64; n]) -> f64 { sum(sin(x) * 0 + x^2) }", &[vec(&[1.0, 2.0, 3.0])]), "14.0");
    assert_eq!(
        f("fn f(x: [f64; n, m]) -> (f64, f64, f64) { (sum(x), prod(x), mean(x)) }", &[mat(2, &[1.0, 2.0, 3.0, 4.0])]),
        "(10.0, 24.0, 2.5)"
    );
    assert_eq!(f("fn f(n: i64) -> i64 { sum(i * j for i in 0..n, j in 0..i) }", &[V::I(4)]), "11");
    assert_eq!(
        f(
            "fn f(n: i64) -> (i64, i64, f64) { (sum(i for i in 0..n), prod(i for i in 0..n), mean(f64(i) for i in 0..n)) }",
            &[V::I(0)]
        ),
        "(0, 1, NaN)"
    );
    assert_eq!(
        f(
            "fn f(x: [f64; n], y: [f64; n]) -> (f64, f64) { (dot(x, y), norm(x)) }",
            &[vec(&[3.0, 4.0]), vec(&[1.0, 2.0])]
        ),
        "(11.0, 5.0)"
    );
    assert_eq!(f("fn f(x: [f64; n]) -> (f64, f64) { (norm(x), logsumexp(x)) }", &[vec(&[])]), "(0.0, -inf)");
    assert_eq!(
        f("fn f(n: i64) -> f64 { logsumexp(f64(i + j) for i in 0..n, j in 0..2) }", &[V::I(2)]),
        "2.6265233750364456"
    );
    assert_eq!(f("fn f(x: [f64; n]) -> f64 { logsumexp(x) }", &[vec(&[0.0, 0.0])]), "0.6931471805599453");
}

#[test]
fn largest_and_smallest() {
    let source = "fn f(x: [f64; n]) -> (f64, f64) { (max(x), min(x)) }";
    assert_eq!(f(source, &[vec(&[1.0, 3.0, 3.0, -2.0, 3.0, -2.0])]), "(3.0, -2.0)");
    assert_eq!(f(source, &[vec(&[])]), "(-inf, inf)");
    assert_eq!(f(source, &[vec(&[1.0, f64::NAN, 3.0])]), "(NaN, NaN)");
    assert_eq!(f(source, &[vec(&[f64::INFINITY, 1.0, f64::INFINITY])]), "(inf, 1.0)");
    assert_eq!(f(source, &[vec(&[f64::NEG_INFINITY, f64::NEG_INFINITY])]), "(-inf, -inf)");
    assert_eq!(f(source, &[vec(&[-0.0, 0.0])]), "(0.0, -0.0)");
    assert_eq!(f(source, &[vec(&[0.0, -0.0])]), "(0.0, -0.0)");
    assert_eq!(f(source, &[vec(&[-0.0, -0.0])]), "(-0.0, -0.0)");
    let source = "fn f(x: [i64; n]) -> (i64, i64, i64, i64) { (max(x), min(x), argmax(x), argmin(x)) }";
    assert_eq!(f(source, &[ints(&[1, 3, 3, -2, -2])]), "(3, -2, 1, 3)");
    assert!(f("fn f(x: [f64; n]) -> i64 { argmax(x) }", &[vec(&[])]).starts_with("AD0801"));
}

#[test]
fn any_and_all_evaluate_everything() {
    let source = "fn p(i: i64) -> bool { print(i); i == 1 }
        fn f(n: i64) -> (bool, bool) { (any(p(i) for i in 0..n), all(p(i) for i in 0..n)) }";
    assert_eq!(f(source, &[V::I(3)]), "(true, false) | 0 | 1 | 2 | 0 | 1 | 2");
    assert_eq!(
        f("fn f(x: [f64; n]) -> (bool, bool) { (any(x > 1), all(x > 0)) }", &[vec(&[1.0, 2.0])]),
        "(true, true)"
    );
}

#[test]
fn products_of_matrices() {
    let a = mat(2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let b = mat(3, &[1.0, 0.0, 2.0, 1.0, 0.0, 3.0]);
    assert_eq!(
        f("fn f(a: [f64; n, k], b: [f64; k, m]) -> [f64; n, m] { a @ b }", &[a.clone(), b.clone()]),
        "[[5.0, 11.0], [14.0, 23.0]]"
    );
    assert_eq!(
        f("fn f(a: [f64; n, k], b: [f64; m, k]) -> [f64; n, m] { a @ transpose(b) }", &[a.clone(), a.clone()]),
        "[[14.0, 32.0], [32.0, 77.0]]"
    );
    assert_eq!(
        f("fn f(a: [f64; n, k], x: [f64; k]) -> [f64; n] { matmul(a, x) }", &[a.clone(), vec(&[1.0, 1.0, 1.0])]),
        "[6.0, 15.0]"
    );
    assert_eq!(
        f("fn f(a: [f64; n, k], x: [f64; n]) -> [f64; k] { x @ a }", &[a.clone(), vec(&[1.0, 1.0])]),
        "[5.0, 7.0, 9.0]"
    );
    assert_eq!(f("fn f(x: [f64; n]) -> f64 { x @ x }", &[vec(&[1.0, 2.0])]), "5.0");
    assert_eq!(
        f("fn f(a: [f64; n, k]) -> [f64; k, n] { transpose(a) }", std::slice::from_ref(&a)),
        "[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]"
    );
    assert_eq!(f("fn f(a: [f64; n, k]) -> f64 { let t = transpose(a); t[2, 1] + transpose(a)[0, 1] }", &[a]), "10.0");
}

#[test]
fn makers() {
    assert_eq!(
        f(
            "fn f(n: i64) -> ([f64; n], [f64; n], [f64; n, n]) { (zeros(n) + 1.0, fill(2.5, n), identity(n)) }",
            &[V::I(2)]
        ),
        "([1.0, 1.0], [2.5, 2.5], [[1.0, 0.0], [0.0, 1.0]])"
    );
    assert!(f("fn f(n: i64) -> f64 { sum(zeros(n)) }", &[V::I(-1)]).starts_with("AD0812"));
    assert_eq!(f("fn f(n: i64) -> f64 { if n < 0 { return -1.0; } let a = ones(n); sum(a) }", &[V::I(-1)]), "-1.0");
    assert_eq!(f("fn f(x: f64) -> [f64; 2, 2] { [[x, 1.0], [2.0, x * x]] }", &[V::F(3.0)]), "[[3.0, 1.0], [2.0, 9.0]]");
    assert_eq!(f("fn f(x: [f64; n]) -> [f64; 2, n] { [x, 2 * x] }", &[vec(&[1.0, 2.0])]), "[[1.0, 2.0], [2.0, 4.0]]");
    assert_eq!(
        f(
            "fn f(x: [f64; n], y: [f64; n]) -> [f64; n] { where(x > y, x, 0 * y) }",
            &[vec(&[1.0, 5.0]), vec(&[2.0, 2.0])]
        ),
        "[0.0, 5.0]"
    );
    assert_eq!(
        f(
            "fn f(a: [f64; n, m], k: i64) -> (i64, i64, i64) { (len(a), size(a, 1), size(a, k)) }",
            &[mat(2, &[1.0; 6]), V::I(1)]
        ),
        "(2, 3, 3)"
    );
    assert!(
        f("fn f(a: [f64; n, m], k: i64) -> i64 { size(a, k) }", &[mat(2, &[1.0; 6]), V::I(2)]).starts_with("AD0801")
    );
}

#[test]
fn library_functions_on_arrays() {
    assert_eq!(f("fn f(x: [f64; n]) -> [f64; n] { sort(x) }", &[vec(&[3.0, 1.0, 2.0, 1.0])]), "[1.0, 1.0, 2.0, 3.0]");
    assert_eq!(f("fn f(x: [f64; n]) -> [f64; n] { cumsum(x) }", &[vec(&[3.0, 1.0, 2.0])]), "[3.0, 4.0, 6.0]");
    assert_eq!(f("fn f(x: [f64; n]) -> [f64; n] { softmax(x) }", &[vec(&[0.0, 0.0])]), "[0.5, 0.5]");
}

#[test]
fn branches_of_arrays() {
    let source = "fn f(x: [f64; n], k: i64) -> f64 { let y = if k > 1 { x[0..k] } else { let mut m = n; m -= k; x[m..n] * 2 }; 10 * sum(y) + f64(len(y)) }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(2)]), "32.0");
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(1)]), "61.0");
    let source = "fn f(x: [f64; n], k: i64) -> f64 { let y = if k > 1 { x[0..k] } else { x }; sum(y) }";
    // The tree's interpreter has no use for one shape of both branches.
    assert!(run_lowered(&program(source), "f", &[vec(&[1.0, 2.0, 3.0]), V::I(1)]).starts_with("AD0808"));
    let source = "fn f(x: [f64; n], k: i64) -> f64 {
        if k == 0 { return 0.0; }
        let m = 2 * k;
        let a = zeros(m);
        if k == 1 { return 1.0; }
        let b = if k > 5 { a } else { a + 1.0 };
        sum(b)
    }";
    for (k, y) in [(0, "0.0"), (1, "1.0"), (2, "4.0"), (6, "0.0")] {
        assert_eq!(f(source, &[vec(&[1.0]), V::I(k)]), y);
    }
}

#[test]
fn returns_within_generators() {
    let source = "fn f(x: [f64; n]) -> f64 { sum({ if x[i] < 0 { return -1.0; } x[i] } for i in 0..n) * 2 }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "6.0");
    assert_eq!(f(source, &[vec(&[1.0, -2.0, 3.0])]), "-1.0");
    let source =
        "fn f(x: [f64; n]) -> [f64; n] { let y = [{ if x[i] < 0 { return x; } x[i] + 1 } for i in 0..n]; y * 2 }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "[4.0, 6.0]");
    assert_eq!(f(source, &[vec(&[1.0, -2.0])]), "[1.0, -2.0]");
}

#[test]
fn arrays_in_loops_are_new_in_each_iteration() {
    let source = "fn f(n: i64) -> f64 { let mut s = 0.0; for i in 1..n { let mut a = zeros(i); a[i - 1] += 1; s += sum(a) + f64(len(a)); } s }";
    assert_eq!(f(source, &[V::I(4)]), "9.0");
}

#[test]
fn ascribed_shapes_are_checked() {
    let source = "fn f(x: [f64; n], k: i64) -> f64 { let y: [f64; 2] = x[0..k]; y[1] }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(2)]), "2.0");
    assert!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(3)]).starts_with("AD0808"));
}

#[test]
fn parameters_with_expressions_as_extents() {
    let source = "fn g(d: i64, x: [f64; d * (d + 1) / 2]) -> [f64; d + 1] { [x[i] for i in 0..d + 1] }
        fn f(x: [f64; n], d: i64) -> f64 { sum(g(d, x)) }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(2)]), "6.0");
    assert!(f(source, &[vec(&[1.0, 2.0, 3.0]), V::I(3)]).starts_with("AD0808"));
}

#[test]
fn structs_with_arrays_through_calls_and_branches() {
    let source = "struct L<n, m> { w: [f64; n, m], b: [f64; n] }
        fn apply(l: L<n, m>, x: [f64; m]) -> [f64; n] { l.w @ x + l.b }
        fn twice(l: L<n, m>) -> L<n, m> { L { w: l.w * 2, b: l.b } }
        fn f(l: L<n, m>, x: [f64; m], k: i64) -> [f64; n] { let q = if k > 0 { twice(l) } else { l }; apply(q, x) }";
    let l = V::T(vec![mat(1, &[1.0, 2.0]), vec(&[10.0])]);
    assert_eq!(f(source, &[l.clone(), vec(&[1.0, 1.0]), V::I(1)]), "[16.0]");
    assert_eq!(f(source, &[l, vec(&[1.0, 1.0]), V::I(0)]), "[13.0]");
}

#[test]
fn a_fused_expression_makes_no_temporaries() {
    let text = text("fn f(x: [f64; n], y: [f64; n]) -> f64 { sum(2 * x[0..n] + transpose([y])[.., 0] - y^2) }");
    assert_eq!(text.matches("alloc").count(), 1, "{text}");
    let text = super::harness::text("fn f(x: [f64; n], y: [f64; n]) -> [f64; n] { exp(x) * 2 + y }");
    assert_eq!(text.matches("alloc").count(), 0, "{text}");
    assert_eq!(text.matches("for ").count(), 1, "{text}");
}
