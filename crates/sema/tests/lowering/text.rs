//! The text of stage `lowered`.

use super::harness::program;
use adit_sema::lower::lowered_text;
use adit_sema::typed::FnId;

fn lowered(source: &str) -> String {
    let program = program(source);
    let id = program.functions.iter().position(|f| &*f.name == "f").unwrap();
    lowered_text(&program, FnId(id as u32))
}

#[test]
fn a_nice_function() {
    let text = lowered("fn f(x: f64) -> f64 { 2 * x + 1 }");
    assert_eq!(text, "fn f(x: f64) -> f64\n  %1 = 2.0 * x\n  %2 = %1 + 1.0\n  return %2\n");
}

#[test]
fn loops_and_updates_are_made_plain() {
    let source = "fn f(x: [f64; n]) -> f64 {
        let mut s = 0.0;
        for i in 0..n { if x[i] > 0.5 && s < 3 { s += sin(x[i]); } else { continue; } }
        while abs(s) > 1 { s /= 2; }
        s + sum(2 * x)
    }";
    let expected = "\
fn f(x: [f64; n]) -> f64
  s = 0.0
  for i in 0..n
    %1 = x[i]
    %2 = %1 > 0.5
    %3 = %2
    if %3
      %3 = s < 3.0
    if %3
      %4 = x[i]
      %5 = sin(%4)
      s = s + %5
    else
      continue
  loop
    %6 = abs(s)
    %7 = %6 > 1.0
    break unless %7
    s = s / 2.0
  %8 = 2.0 .* x
  %9 = sum(%8)
  %10 = s + %9
  return %10
";
    assert_eq!(lowered(source), expected);
}

#[test]
fn generators_structs_and_places() {
    let source = "struct P<n> { a: f64, w: [f64; n] }
        fn g(p: &mut P<n>, k: f64) -> (f64, f64) { p.a += k; (p.a, k) }
        fn f(p: &mut P<n>, x: [f64; n]) -> f64 {
            let (u, v) = g(&mut p, sum(x[i] * 3 for i in 0..n));
            p.w[0] += u;
            let x = [x[i + 1] - v for i in 0..n - 1];
            let y = if u > v { x[0] } else { return P { a: u, w: p.w }.a; };
            assert(y > 0, \"positive\");
            y
        }";
    let expected = "\
fn f(p: &mut P<n>, x: [f64; n]) -> f64
  %1 = 0.0
  for i in 0..n
    %2 = x[i]
    %3 = %2 * 3.0
    %1 = %1 + %3
  (u, v) = g(&mut p, %1)
  %4 = p.w[0]
  p.w[0] = %4 + u
  %5 = n - 1
  %6 = zeros(%5)
  for i#2 in 0..%5
    %7 = i#2 + 1
    %8 = x[%7]
    %6[i#2] = %8 - v
  x#2 = %6
  %9 = u > v
  if %9
    y = x#2[0]
  else
    %10 = P { a: u, w: p.w }
    %11 = %10.a
    return %11
  %12 = y > 0.0
  assert %12, \"positive\"
  return y
";
    assert_eq!(lowered(source), expected);
}
