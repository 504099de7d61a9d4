//! The stage `activity`: what derivatives flow through, on the source.

use adit::{Engine, Of, Stage};

#[test]
fn each_line_says_what_is_active_and_why() {
    let text = "fn f(a: f64, x: [f64; n], k: i64) -> f64 {
    let c = cos(f64(k));
    let mut s = 0.0;
    for i in 0..n {
        let z = floor(x[i]) * c;
        let w = exp(x[i]);
        s += a * c + z;
        if s > 100 { print(w); }
    }
    s * x[0]
}";
    let shown =
        Engine::new().compile(text).and_then(|m| m.entry()).and_then(|f| f.emit(Stage::Activity, Of::Primal, 1));
    let expected = "derivatives of f with respect to a, x
  2: let c = cos(f64(k));
     constant: itof, cos
  4: for i in 0..n {
     active: carried by the loop, from a
  5: let z = floor(x[i]) * c;
     unused: an element; no result depends on it differentiably
     constant: floor, mul
  6: let w = exp(x[i]);
     unused: exp; no result depends on it differentiably
  7: s += a * c + z;
     active: mul, add, from a
  10: s * x[0]
     active: an element, from x
     active: mul, from a, x
";
    assert_eq!(shown.expect("it is shown"), expected);
}
