//! Arrays, structs, tuples: literals, fields, limits.

use super::{right, type_of, wrong};

#[test]
fn array_literals() {
    let of = |e: &str| type_of(&format!("fn f(x: f64, r: [f64; n], a: [f64; 2, 2]) {{ let y = {e}; }}"), "y");
    assert_eq!(of("[[x, x, x], [1, 2, 3]]"), "[f64; 2, 3]");
    assert_eq!(of("[r, r, 2 * r]"), "[f64; 3, n]");
    assert_eq!(of("[a, a, [[1, 2], [3, 4]]]"), "[f64; 3, 2, 2]");
    assert_eq!(of("[true, x > 1]"), "[bool; 2]");
    assert_eq!(of("[]"), "[f64; 0]");
    assert_eq!(of("[[], []]"), "[f64; 2, 0]");
    right("fn f() { let a: [i64; 0] = []; }");
    wrong("AD0305", "fn f(x: f64) { let y = [[x, x], «[x]»]; }");
    wrong("AD0305", "fn f(x: f64) { let y = [[x, x], «x»]; }");
    wrong("AD0305", "fn f(x: f64) { let y = [[[1], [2]], «[[1, 2], [2, 3]]»]; }");
    wrong("AD0201", "fn f(x: f64) { let y = [x, «true»]; }");
    wrong("AD0201", "fn f(x: f64) { let y = [«(x, x)»]; }");
}

#[test]
fn makers_take_the_type_of_their_context() {
    let of = |e: &str| type_of(&format!("fn f(k: [i64; n]) {{ let y = {e}; }}"), "y");
    assert_eq!(of("zeros(2, n)"), "[f64; 2, n]");
    assert_eq!(of("k + zeros(n)"), "[i64; n]");
    assert_eq!(of("fill(0, 3)"), "[f64; 3]");
    assert_eq!(of("fill(n, 3)"), "[i64; 3]");
    assert_eq!(of("fill(true, 3)"), "[bool; 3]");
    assert_eq!(of("k * fill(2, n)"), "[i64; n]");
    assert_eq!(of("identity(n)"), "[f64; n, n]");
    right(
        "fn f() -> [i64; 3] { zeros(3) } fn g() -> [i64; 2, 2] { identity(2) } fn h() -> [i64; 3] { fill(1, 3) } fn k() -> [bool; 2] { zeros(2) }",
    );
    wrong("AD0203", "fn f() { let a = «zeros()»; }");
    wrong("AD0203", "fn f() { let a = «fill(1)»; }");
    wrong("AD0201", "fn f(x: f64) { let a = zeros(«x»); }");
    wrong("AD0201", "fn f() -> [i64; 3] { «fill(1.5, 3)» }");
}

#[test]
fn structs() {
    let p = "struct P { a: f64, b: i64 } ";
    right(&format!("{p} fn f(x: f64) -> P {{ let a = x; P {{ b: 2, a }} }}"));
    right(&format!("{p} struct Q {{ p: P, t: (f64, P) }} fn f(q: Q) -> f64 {{ q.p.a + q.t.1.a + q.t.0 }}"));
    let words = wrong("AD0106", &format!("{p} fn f() -> P {{ «P» {{ a: 1 }} }}"));
    assert!(words.contains("`b`"), "{words}");
    wrong("AD0104", &format!("{p} fn f() -> P {{ P {{ a: 1, b: 2, «c»: 3 }} }}"));
    wrong("AD0105", &format!("{p} fn f() -> P {{ P {{ a: 1, b: 2, «a»: 3 }} }}").replace("AD0106", ""));
    wrong("AD0103", "fn f() { let p = «P» { a: 1 }; }");
    wrong("AD0201", &format!("{p} fn f() -> P {{ P {{ a: 1, b: «2.5» }} }}"));
    wrong("AD0104", "fn f(x: f64) -> f64 { x.«a» }");
    let words = wrong("AD0104", "fn f(x: [f64; n]) -> i64 { x.«len» }");
    assert!(words.contains("len(a)"), "{words}");
    wrong("AD0201", &format!("{p} struct R {{ a: f64, b: i64 }} fn f(r: R) -> P {{ «r» }}"));
    wrong("AD0201", &format!("{p} fn f(p: [«P»; 3]) {{ }}"));
}

#[test]
fn structs_that_contain_themselves() {
    wrong("AD0210", "struct «S» { a: f64, s: S }");
    wrong("AD0210", "struct A { b: (f64, B) } struct «B» { a: A }");
    right("struct A { b: B } struct B { c: C } struct C { x: f64 } struct D { a: A, b: B }");
}

#[test]
fn tuples() {
    right("fn f(x: f64) -> f64 { let (a, (b, _), mut c) = (x, (2, true), 3.0); c += a; c * f64(b) }");
    right("fn f(t: (f64, (i64, bool))) -> i64 { t.1.0 }");
    right("fn swap(a: f64, b: f64) -> (f64, f64) { (b, a) } fn f() -> f64 { let (a, b) = swap(1, 2); a - b }");
    right("fn f(x: f64) -> f64 { let t = (x,); t.0 }");
    wrong("AD0201", "fn f(x: f64) { let «(a, b)» = x; }");
    wrong("AD0201", "fn f(x: f64) { let «(a, b)» = (x, x, x); }");
    wrong("AD0104", "fn f(t: (f64, f64)) -> f64 { t.«2» }");
    wrong("AD0201", "fn f() -> (f64, f64) { «(1, true)» }");
    wrong("AD0201", "fn f() -> (f64, f64) { «(1, 2, 3)» }");
}

#[test]
fn types_have_a_limit() {
    let many = (0..40).map(|i| format!("let t{} = (t{i}, t{i}); ", i + 1)).collect::<String>();
    let source = format!("fn f(x: f64) {{ let t0 = (x, x); {many} }}");
    assert_eq!(super::mistakes(&source), ["AD0701 (t11, t11)"]);
    let structs = (0..200).map(|i| format!("struct S{} {{ a: S{i} }} ", i + 1)).collect::<String>();
    let found = super::mistakes(&format!("struct S0 {{ a: f64 }} {structs}"));
    assert_eq!(found, ["AD0701 S64", "AD0701 S128", "AD0701 S192"]);
    let deep = (0..100).map(|i| format!("let t{} = (t{i},); ", i + 1)).collect::<String>();
    assert_eq!(super::mistakes(&format!("fn f(x: f64) {{ let t0 = (x,); {deep} }}")).len(), 1);
    let names: Vec<String> = (0..80).map(|i| format!("n{i}")).collect();
    let dims = names.join(" + ");
    let source = format!("fn f(x: [f64; {}], y: [f64; {dims}]) {{ }}", names.join(", "));
    assert_eq!(super::mistakes(&source), ["AD0701 ".to_owned() + &dims]);
}
