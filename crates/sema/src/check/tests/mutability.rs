//! What may be assigned and lent.

use super::{right, wrong};

#[test]
fn only_what_is_mut_is_assigned() {
    right("fn f(x: f64) -> f64 { let mut y = x; y = 2; y += x; y }");
    right("fn f(a: &mut [f64; n]) { a[0] = 1; a[1..2] = a[0..1]; a *= 2; a = 2 * a; a[..] = 0; }");
    let words = wrong("AD0401", "fn f(x: f64) -> f64 { let y = x; «y» = 2; y }");
    assert!(words.contains("let mut y"), "{words}");
    let words = wrong("AD0401", "fn f(x: f64) -> f64 { «x» = 2; x }");
    assert!(words.contains("let mut x = x;"), "{words}");
    wrong("AD0401", "fn f(a: [f64; n]) { «a»[0] = 1; }");
    wrong("AD0401", "struct P { a: f64 } fn f(p: P) { «p».a = 1; }");
    wrong("AD0401", "const C: f64 = 1; fn f() { «C» = 2; }");
    wrong("AD0401", "fn f() { «pi» = 3; }");
    wrong("AD0101", "fn f() { «y» = 3; }");
    wrong("AD0101", "fn f() { «y»[0] += 3; }");
}

#[test]
fn what_is_assigned_fits() {
    right("fn f(m: &mut [f64; n, k], r: [f64; k]) { m[0, ..] = r; m[.., 0] = 1; m[1, ..] += r; m[0, 0] /= 2; }");
    right(
        "struct S<n> { w: [f64; n], t: (f64, i64) } fn f(s: &mut S<n>) { s.w[0] = 1; s.w = 2 * s.w; s.t.1 += 2; s.t = (1, 2); }",
    );
    wrong("AD0201", "fn f(a: &mut [f64; n]) { a = «0»; }");
    wrong("AD0201", "fn f(a: &mut [f64; n]) { a[0] = «true»; }");
    wrong("AD0206", "fn f(a: &mut [f64; n], k: i64) { a[0] = «k»; }");
    wrong("AD0201", "fn f() { let mut k = 0; k = «1.5»; }");
    wrong("AD0303", "fn f(m: &mut [f64; n, k]) { m[.., 0] = «m»; }");
    wrong("AD0301", "fn f(m: &mut [f64; 2, 3]) { m[0, ..] = «m[.., 0]»; }");
    wrong("AD0202", "fn f(a: &mut f64, v: [f64; n]) { a «+=» v; }");
    wrong("AD0202", "fn f(a: &mut bool) { a «+=» true; }");
    wrong("AD0202", "fn f(t: &mut (f64, f64)) { t «*=» 2; }");
    wrong("AD0008", "fn f(m: &mut [f64; n, k]) { «m[0, ..][1]» = 2; }");
    wrong(
        "AD0008",
        "fn g() -> [f64; 2] { zeros(2) } fn f(m: &mut [f64; 2]) { m[0] = 1; m[.. ] = g(); «m[..][0]» += 1; }",
    );
}

#[test]
fn lending() {
    let g = "fn g(a: &mut [f64; n], b: f64) { a[0] = b; } fn h(x: &mut f64) { x += 1; } ";
    right(&format!(
        "{g} fn f(x: [f64; n]) -> f64 {{ let mut a = x; g(&mut a, x[0]); g(&mut a[1..n], 2); h(&mut a[0]); a[0] }}"
    ));
    right(&format!(
        "{g} struct S {{ w: [f64; 2], b: f64 }} fn f(s: &mut S) {{ g(&mut s.w, s.b); h(&mut s.b); h(&mut s.w[1]); }}"
    ));
    right(&format!("{g} fn f(a: &mut [f64; n]) {{ g(&mut a, 1); }}"));
    wrong("AD0404", &format!("{g} fn f(a: &mut [f64; n]) {{ g(«a», 1); }}"));
    wrong("AD0405", &format!("{g} fn f(a: &mut [f64; n], b: &mut f64) {{ g(&mut a, «&mut b»); }}"));
    wrong("AD0405", "fn f(a: &mut f64) -> f64 { sin(«&mut a») }");
    let words = wrong("AD0402", &format!("{g} fn f(a: [f64; n]) {{ g(&mut «a», 1); }}"));
    assert!(words.contains("let mut a = a;"), "{words}");
    wrong("AD0402", &format!("{g} fn f() {{ let a = zeros(2); g(&mut «a», 1); }}"));
    wrong("AD0402", &format!("{g} fn f() {{ h(&mut «pi»); }}"));
    wrong("AD0206", &format!("{g} fn f() {{ let mut a = 0; h(&mut «a»); }}"));
    wrong("AD0303", &format!("{g} fn f(a: &mut [f64; n, n]) {{ g(&mut «a», 1); }}"));
}

#[test]
fn what_is_lent_is_mentioned_once() {
    let g = "fn g(a: &mut f64, b: &mut f64) { } fn h(a: &mut f64, b: f64) -> f64 { b } fn k(s: &mut S, x: f64) { } struct S { a: f64, b: f64, w: [f64; 2] } ";
    right(&format!("{g} fn f(s: &mut S) {{ g(&mut s.a, &mut s.b); h(&mut s.a, s.b); h(&mut s.w[0], s.a); }}"));
    right(&format!(
        "{g} fn f(x: &mut f64) {{ h(&mut x, {{ let x = 2.0; x }}); let y = x; h(&mut x, y); h(&mut x, 1); }}"
    ));
    // Lent twice, one after the other, in calls of their own.
    right(
        "fn g(x: &mut f64) -> f64 { x += 1.0; x } fn m(a: f64) -> f64 { a } fn f(x: &mut f64) -> f64 { m(g(&mut x) - g(&mut x)) }",
    );
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ g(&mut x, &mut «x»); }}").replace("&mut «x»", "&mut «x»"));
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ h(&mut x, «x»); }}"));
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ h(&mut x, 2 * sin(«x»)); }}"));
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ h(&mut x, h(&mut «x», 1)); }}"));
    wrong("AD0403", &format!("{g} fn f(s: &mut S) {{ k(&mut s, «s.a»); }}"));
    wrong("AD0403", &format!("{g} fn f(s: &mut S) {{ g(&mut s.w[0], &mut «s.w[1]»); }}"));
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ h(&mut x, sum(«x» for i in 0..3)); }}"));
    wrong("AD0403", &format!("{g} fn f(x: &mut f64) {{ h(&mut x, {{ let y = 1; «x» = 2; 3 }}); }}"));
    wrong("AD0403", "fn g(x: f64, a: &mut f64) { } fn f(x: &mut f64) { g(x, &mut «x»); }");
}
