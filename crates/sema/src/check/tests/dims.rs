//! Dimensions: what binds names, what agrees, what types can't tell.

use super::{mistakes, right, type_of, wrong};

#[test]
fn bare_mentions_bind_and_expressions_are_checked_after() {
    right("fn f(a: [f64; k, d * (d + 1) / 2], x: [f64; d], y: [f64; k]) -> i64 { d + k }");
    right("struct L<n, m> { w: [f64; n, m], b: [f64; n] } fn f(l: L<n, m>, t: ([f64; p], f64)) -> i64 { n + m + p }");
    wrong("AD0302", "fn f(x: [f64; 2 * «n»]) -> f64 { 1 }");
    wrong("AD0302", "fn f() -> [f64; «n»] { zeros(2) }");
    right("fn f(k: i64, x: [f64; k]) -> [f64; 2 * k] { zeros(2 * k) }");
    wrong("AD0302", "fn f(k: f64, x: [f64; «k»]) -> f64 { 1 }");
    wrong("AD0302", "fn f(k: &mut i64, x: [f64; «k»]) -> f64 { 1 }");
    wrong("AD0302", "fn f(n: [f64; «n»]) -> f64 { 1 }");
    wrong("AD0302", "fn f(x: [f64; «1.5»]) -> f64 { 1 }");
    wrong("AD0302", "fn f(x: [f64; n], y: [f64; n «^» 2]) -> f64 { 1 }");
    wrong("AD0301", "fn f(x: [f64; «-3»]) -> f64 { 1 }");
    wrong("AD0209", "fn f(x: [f64; 3 «/» 0]) -> f64 { 1 }");
}

#[test]
fn dimension_names_are_immutable_integers() {
    right("fn f(x: [f64; n]) -> f64 { let mut s = 0.0; for i in 0..n { s += x[i]; } s / f64(n) }");
    wrong("AD0401", "fn f(x: [f64; n]) { «n» = 2; }");
    wrong("AD0206", "fn f(x: [f64; n]) -> f64 { sum(x) «/» n }");
}

#[test]
fn constants_are_dimensions() {
    right("const N: i64 = 3; fn f(x: [f64; N]) -> [f64; 3] { x }");
    wrong("AD0301", "const N: i64 = 3; fn f(x: [f64; N]) -> [f64; 4] { «x» }");
    wrong("AD0302", "const N: f64 = 3; fn f(x: [f64; «N»]) -> f64 { 1 }");
}

#[test]
fn dimensions_that_differ_by_a_constant_never_agree() {
    wrong("AD0301", "fn f(x: [f64; n]) -> [f64; n + 1] { «x» }");
    wrong("AD0301", "fn f(x: [f64; n]) -> f64 { sum(x + «x[1..n]») }");
    right("fn f(x: [f64; n]) -> [f64; n - 1] { x[1..n] - x[0..n - 1] }");
    right("fn f(x: [f64; n], y: [f64; m]) -> f64 { sum(x + y) }");
    right("fn f(x: [f64; n]) -> [f64; n] { let k = n - 1; let j = k + 1; zeros(j) }");
    wrong("AD0301", "fn f(x: [f64; n]) -> [f64; n] { let k = n - 1; «zeros(k)» }");
    right("fn f(x: [f64; n]) -> [f64; n] { let mut k = n - 1; zeros(k) }");
    wrong("AD0301", "fn f(x: [f64; n]) { let y: [f64; n + 2] = «x»; }");
}

#[test]
fn element_wise_operands_have_one_shape() {
    wrong("AD0301", "fn f(x: [f64; 2], y: [f64; 3]) -> f64 { sum(x * «y») }");
    wrong("AD0303", "fn f(x: [f64; n], y: [f64; n, n]) -> f64 { sum(x * «y») }");
    wrong("AD0301", "fn f(x: [f64; 2], y: [f64; 3]) -> f64 { sum(atan2(x, «y»)) }");
    let words = wrong("AD0301", "fn f(x: [f64; 2]) -> f64 { let mut y = zeros(3); y += «x»; 1 }");
    assert!(words.contains('2') && words.contains('3'), "{words}");
    right("fn f(x: [f64; 2], a: f64) -> [f64; 2] { a * x + x / a - 1 }");
}

#[test]
fn calls_bind_dimensions_and_name_both_sides() {
    let source = "fn g(x: [f64; n], y: [f64; n]) -> [f64; n] { x } ";
    right(&format!("{source} fn f(a: [f64; p], b: [f64; q]) -> [f64; p] {{ g(a, b) }}"));
    let words = wrong("AD0301", &format!("{source} fn f(a: [f64; 3], b: [f64; 4]) {{ g(a, «b»); }}"));
    assert!(words.contains("`x` and `y` must agree in `n`: one has 3, the other 4"), "{words}");
    wrong("AD0301", "fn g(x: [f64; n], y: [f64; n + 1]) { } fn f(a: [f64; p]) { g(a, «a»); }");
    right("fn g(y: [f64; n + 1], x: [f64; n]) { } fn f(a: [f64; p]) { g(a, a[1..p]); }");
    wrong("AD0303", "fn g(x: [f64; n]) { } fn f(a: [f64; p, p]) { g(«a»); }");
    wrong("AD0301", "fn g(x: [f64; 3]) { } fn f(a: [f64; 2]) { g(«a»); }");
    wrong("AD0301", "fn g(k: i64, x: [f64; k]) { } fn f(a: [f64; 2]) { g(3, «a»); }");
}

#[test]
fn results_have_the_dimensions_of_the_arguments() {
    let double = "fn double(x: [f64; n]) -> [f64; 2 * n] { [x[i / 2] for i in 0..2 * n] } ";
    assert_eq!(type_of(&format!("{double} fn f(a: [f64; 3]) {{ let y = double(a); }}"), "y"), "[f64; 6]");
    assert_eq!(type_of(&format!("{double} fn f(a: [f64; p]) {{ let y = double(double(a)); }}"), "y"), "[f64; 4 * p]");
    let of_k = "fn g(k: i64) -> [f64; k + 1] { zeros(k + 1) } ";
    assert_eq!(type_of(&format!("{of_k} fn f(m: i64) {{ let y = g(m - 1); }}"), "y"), "[f64; m]");
    assert_eq!(type_of(&format!("{of_k} fn f(m: &mut i64) {{ let y = g(m); }}"), "y"), "[f64; ?]");
    assert_eq!(type_of("fn f(x: [f64; n]) { let y = sort(x[1..n]); }", "y"), "[f64; n - 1]");
}

#[test]
fn slices_and_subscripts_give_shapes() {
    let of = |e: &str| {
        type_of(&format!("fn f(x: [f64; n], a: [f64; n, m], t: [f64; n, m, 4], i: i64) {{ let y = {e}; }}"), "y")
    };
    assert_eq!(of("a[i, 0]"), "f64");
    assert_eq!(of("a[i, ..]"), "[f64; m]");
    assert_eq!(of("a[.., 2]"), "[f64; n]");
    assert_eq!(of("a[1.., ..m - 1]"), "[f64; n - 1, m - 1]");
    assert_eq!(of("t[i, .., ..]"), "[f64; m, 4]");
    assert_eq!(of("t[.., 1, 1..=2]"), "[f64; n, 2]");
    assert_eq!(of("x[i..i + 3]"), "[f64; 3]");
    assert_eq!(of("x[2..2]"), "[f64; 0]");
    assert_eq!(of("x[3..2]"), "[f64; ?]");
    wrong("AD0205", "fn f(a: [f64; n, m]) -> f64 { «a[0]» }");
    wrong("AD0205", "fn f(a: [f64; n]) -> f64 { «a[0, 0]» }");
    wrong("AD0205", "fn f(a: [f64; n], x: f64) -> f64 { a[«x»] }");
    wrong("AD0205", "fn f(a: [f64; n], x: f64) -> f64 { sum(a[0..«x»]) }");
    wrong("AD0205", "fn f(x: f64) -> f64 { «x[0]» }");
    wrong("AD0205", "fn f(t: (f64, f64)) -> f64 { «t[0]» }");
}

#[test]
fn matrix_products() {
    let of = |e: &str| {
        type_of(
            &format!("fn f(a: [f64; n, m], b: [f64; m, p], u: [f64; n], v: [f64; m], w: [f64; q]) {{ let y = {e}; }}"),
            "y",
        )
    };
    assert_eq!(of("a @ b"), "[f64; n, p]");
    assert_eq!(of("a @ v"), "[f64; n]");
    assert_eq!(of("u @ a"), "[f64; m]");
    assert_eq!(of("v @ v"), "f64");
    assert_eq!(of("a @ b @ w"), "[f64; n]");
    assert_eq!(of("transpose(a) @ u"), "[f64; m]");
    assert_eq!(of("matmul(a, b)"), "[f64; n, p]");
    assert_eq!(of("[[1, 2], [3, 4]] @ w"), "[f64; 2]");
    wrong("AD0301", "fn f(a: [f64; 2, 3]) -> f64 { sum(a «@» a) }");
    wrong("AD0202", "fn f(x: f64) -> f64 { x «@» x }");
    wrong("AD0303", "fn f(a: [f64; n, n, n]) -> f64 { sum(a «@» a) }");
    wrong("AD0206", "fn f(a: [f64; n], w: [i64; n]) -> f64 { a «@» w }");
}

#[test]
fn comprehensions_have_the_shape_of_their_loops() {
    let of =
        |e: &str| type_of(&format!("fn f(x: [f64; n], a: [f64; n, m], k: i64, j: &mut i64) {{ let y = {e}; }}"), "y");
    assert_eq!(of("[x[i] for i in 0..n]"), "[f64; n]");
    assert_eq!(of("[x[i] + x[j] for i in 0..n, j in 0..n]"), "[f64; n, n]");
    assert_eq!(of("[i for i in 0..=4]"), "[i64; 5]");
    assert_eq!(of("[i for i in 10..0 step -3]"), "[i64; 4]");
    assert_eq!(of("[i for i in 5..2]"), "[i64; 0]");
    assert_eq!(of("[i for i in 0..k step 2]"), "[i64; ?]");
    assert_eq!(of("[a[i, ..] for i in 1..n]"), "[f64; n - 1, m]");
    assert_eq!(of("[x[l] for i in 0..3, l in i..i + 2]"), "[f64; 3, 2]");
    assert_eq!(of("[x[i..i + 2] for i in 0..3]"), "[f64; 3, 2]");
    assert_eq!(of("[[1, i] for i in 0..3]"), "[i64; 3, 2]");
    assert_eq!(of("[i > 1 for i in 0..3]"), "[bool; 3]");
    assert_eq!(of("[{ let c = 2; zeros(c) } for i in 0..3]"), "[f64; 3, 2]");
    wrong("AD0306", "fn f(x: [f64; n]) -> f64 { sum([x[j] for i in 0..n, j in «0..i»]) }");
    wrong("AD0306", "fn f(x: [f64; n]) -> f64 { sum([«x[0..i]» for i in 0..n]) }");
    right("fn f(x: [f64; n]) -> f64 { sum(x[j] for i in 0..n, j in 0..i) }");
    wrong("AD0201", "fn f(x: [f64; n]) { let y = [«(x[i], 1)» for i in 0..n]; }");
    wrong("AD0201", "fn f(x: [f64; n]) -> f64 { sum(«x» for i in 0..n) }");
}

#[test]
fn the_shape_of_a_variable_stays() {
    wrong("AD0301", "fn f() { let mut a = zeros(2); a = «zeros(3)»; }");
    right("fn f(k: i64) { let mut a = zeros(2); a = zeros(k); }");
    right("fn f(x: [f64; n]) -> [f64; n] { let mut x = x; x = [x[n - 1 - i] for i in 0..n]; x }");
    wrong("AD0303", "fn f() { let mut a = zeros(2); a = «zeros(2, 2)»; }");
}

#[test]
fn struct_dimensions() {
    let layer = "struct Layer<n, m> { w: [f64; n, m], b: [f64; n] } ";
    right(&format!("{layer} fn apply(l: Layer<n, m>, x: [f64; m]) -> [f64; n] {{ l.w @ x + l.b }}"));
    let made = format!("{layer} fn f(w: [f64; 2, 3], b: [f64; k]) {{ let l = Layer {{ w: w, b: b }}; let y = l.b; }}");
    assert_eq!(type_of(&made, "l"), "Layer<2, 3>");
    assert_eq!(type_of(&made, "y"), "[f64; 2]");
    let words =
        wrong("AD0301", &format!("{layer} fn f(w: [f64; 2, 3], b: [f64; 3]) {{ let l = Layer {{ w: w, b: «b» }}; }}"));
    assert!(words.contains("`w` and `b` must agree"), "{words}");
    wrong(
        "AD0301",
        &format!("{layer} fn g(l: Layer<n, m>, x: [f64; m]) {{ }} fn f(l: Layer<2, 3>, x: [f64; 2]) {{ g(l, «x»); }}"),
    );
    wrong("AD0304", &format!("{layer} fn f(l: «Layer»<n>) {{ }}"));
    wrong("AD0304", &format!("{layer} fn f(l: «Layer») {{ }}"));
    wrong("AD0304", "struct S { a: f64 } fn f(s: «S»<n>) { }");
    wrong("AD0304", "fn f(s: «f64»<n>) { }");
    wrong("AD0302", "struct S<«n»> { a: [f64; 2 * n] }");
    wrong("AD0302", "struct S<«n»> { a: f64 }");
    wrong("AD0302", "struct S { a: [f64; «n»] }");
    right(
        "struct In<n> { a: [f64; n] } struct Out<n> { s: In<n>, t: ([f64; 2 * n], i64) } fn f(o: Out<k>) -> i64 { k + len(o.s.a) }",
    );
}

#[test]
fn one_mistake_in_dimensions_is_one_message() {
    let found =
        mistakes("fn f(x: [f64; n], y: [f64; n + 1]) -> f64 { let z = x + y; let w = z * 2; sum(w) + sum(z @ x) }");
    assert_eq!(found, ["AD0301 y"]);
}

#[test]
fn ascribed_dimensions_may_be_any_immutable_integer() {
    right(
        "fn f(x: [f64; n]) { let k = n / 2; let y: [f64; k] = x[0..k]; for i in 0..n { let z: [f64; i] = x[..i]; } }",
    );
    wrong("AD0302", "fn f(x: [f64; n]) { let mut k = n; let y: [f64; «k»] = x; }");
    wrong("AD0302", "fn f(x: [f64; n]) { let y: [f64; «m»] = x; }");
}
