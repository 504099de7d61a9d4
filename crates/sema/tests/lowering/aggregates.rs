//! Structs, tuples, `&mut`, and slices of arrays.

use super::harness::*;

#[test]
fn structs_are_values() {
    let source = "struct P { a: f64, b: f64 }
        fn f(p: P) -> P { let mut q = p; q.a += 1; let r = q; q.b = 7; P { b: r.b, a: q.a + q.b } }";
    assert_eq!(f(source, &[V::T(vec![V::F(1.0), V::F(2.0)])]), "(9.0, 2.0)");
}

#[test]
fn tuples_are_taken_apart() {
    let source = "fn g(x: f64) -> (f64, (i64, f64)) { (x, (3, x * 2)) }
        fn f(x: f64) -> f64 { let (a, (k, b)) = g(x); let t = (a, b); t.0 + t.1 * f64(k) }";
    assert_eq!(f(source, &[V::F(1.0)]), "7.0");
}

#[test]
fn lent_scalars_and_fields_come_back() {
    let source = "struct P { a: f64, b: f64 }
        fn bump(x: &mut f64, by: f64) -> f64 { x += by; x * 10 }
        fn f(p: &mut P) -> f64 { let mut s = 1.0; let r = bump(&mut s, 2); r + bump(&mut p.b, s) }";
    assert_eq!(f(source, &[V::T(vec![V::F(1.0), V::F(2.0)])]), "80.0 & (1.0, 5.0)");
}

#[test]
fn lent_structs_are_passed_on() {
    let source = "struct P { a: f64, w: [f64; n] }
        fn g(p: &mut P) { p.a += 1; p.w[0] = p.a; }
        fn f(p: &mut P) { g(&mut p); g(&mut p); }";
    let source = source.replace("struct P {", "struct P<n> {").replace("&mut P)", "&mut P<n>)");
    assert_eq!(f(&source, &[V::T(vec![V::F(1.0), vec(&[0.0, 5.0])])]), "() & (3.0, [3.0, 5.0])");
}

#[test]
fn lent_elements_and_slices() {
    let source = "fn scale(x: &mut [f64; n], k: f64) { for i in 0..n { x[i] *= k; } }
        fn bump(x: &mut f64) { x += 100; }
        fn f(a: &mut [f64; n, m]) { scale(&mut a[1, ..], 10); scale(&mut a[.., 0], -1); bump(&mut a[0, 1]); }";
    assert_eq!(f(source, &[mat(2, &[1.0, 2.0, 3.0, 4.0])]), "() & [[-1.0, 102.0], [-30.0, 40.0]]");
}

#[test]
fn arrays_are_values() {
    let source = "fn f(x: [f64; n]) -> ([f64; n], [f64; n], [f64; n]) {
        let mut a = x; a[0] = 10; let b = a; a[1] = 20; let mut c = b; c[0] = -1; (a, b, c) }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "([10.0, 20.0], [10.0, 2.0], [-1.0, 2.0])");
}

#[test]
fn element_wise_arithmetic() {
    let source = "fn f(x: [f64; n], y: [f64; n]) -> [f64; n] { 2 * x + sin(0 * y) - y^2 / x }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0]), vec(&[3.0, 4.0])]), "[-7.0, -4.0]");
    let source = "fn f(x: [f64; n]) -> [bool; n] { x > 1 }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "[false, true]");
}

#[test]
fn right_hand_sides_are_complete_before_they_are_stored() {
    let source = "fn f(a: &mut [f64; n]) { a[1..n] = a[0..n - 1]; a = a + a; a *= 0.5; a[0..2] += 1; }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0, 3.0])]), "() & [2.0, 2.0, 2.0]");
    let source = "struct S<n> { a: [f64; n], b: [f64; n] }
        fn f(s: &mut S<n>) { s = S { a: s.b, b: s.a }; }";
    assert_eq!(f(source, &[V::T(vec![vec(&[1.0]), vec(&[2.0])])]), "() & ([2.0], [1.0])");
}

#[test]
fn slices_are_values_and_places() {
    let source = "fn f(a: [f64; n, m]) -> ([f64; m], [f64; n], f64) {
        let r = a[1, ..]; let c = a[.., 0]; (r, c, a[.., 1][1] + a[0..1, 1..][0, 0]) }";
    assert_eq!(f(source, &[mat(2, &[1.0, 2.0, 3.0, 4.0])]), "([3.0, 4.0], [1.0, 3.0], 6.0)");
    assert!(f("fn f(a: [f64; n]) -> f64 { a[0..2][2] }", &[vec(&[1.0, 2.0, 3.0])]).starts_with("AD0801"));
    assert!(
        f("fn f(a: [f64; n]) -> [f64; 1] { let b: [f64; 1] = a[3..2]; b }", &[vec(&[1.0, 2.0, 3.0])])
            .starts_with("AD0812")
    );
}

#[test]
fn what_a_later_operand_changes_is_read_before() {
    let source = "fn f(x: [f64; n]) -> [f64; n] { let mut a = x; a + { a[0] = 100; a } }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0])]), "[101.0, 4.0]");
}

#[test]
fn array_results_of_calls_and_branches() {
    let source = "fn g(x: [f64; n], k: f64) -> [f64; n] { if k > 0 { x * k } else { return x; } }
        fn f(x: [f64; n], k: f64) -> [f64; n] { let y = g(x, k); let z = if k > 1 { y } else { y + g(y, 2) }; z }";
    assert_eq!(f(source, &[vec(&[1.0, 2.0]), V::F(3.0)]), "[3.0, 6.0]");
    assert_eq!(f(source, &[vec(&[1.0, 2.0]), V::F(1.0)]), "[3.0, 6.0]");
    assert_eq!(f(source, &[vec(&[1.0, 2.0]), V::F(-1.0)]), "[3.0, 6.0]");
}

#[test]
fn arrays_declared_between_exits_are_known_after() {
    let source = "fn f(x: [f64; n], k: i64) -> f64 {
        if k < 0 { return -1.0; }
        let a = x * 2;
        if k == 0 { return a[0]; }
        let b = a[0..k] + 1;
        if k == 1 { return b[0]; }
        a[1] + b[1]
    }";
    let x = vec(&[1.0, 2.0, 3.0]);
    assert_eq!(f(source, &[x.clone(), V::I(-1)]), "-1.0");
    assert_eq!(f(source, &[x.clone(), V::I(0)]), "2.0");
    assert_eq!(f(source, &[x.clone(), V::I(1)]), "3.0");
    assert_eq!(f(source, &[x, V::I(2)]), "9.0");
}

#[test]
fn shapes_are_compared_when_types_cannot() {
    let source = "fn f(x: [f64; n], y: [f64; m]) -> f64 { let z = x + y; z[0] }";
    let wrong = f(source, &[vec(&[1.0]), vec(&[1.0, 2.0])]);
    assert!(wrong.starts_with("AD0808") && wrong.contains("the length of `x` and `y`"), "{wrong}");
    assert_eq!(f(source, &[vec(&[1.0]), vec(&[1.0])]), "2.0");
}
