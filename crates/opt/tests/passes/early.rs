//! `early`: calls come before loops.

use crate::harness::check;

#[test]
fn calls_come_before_loops_that_they_do_not_need() {
    check(
        "early",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
           v2 = const 2.0
           v3 = for v4 in 0..d0 (v5: f64 = v2) {
             v6 = load v1[v4]
             v7 = add v5, v6
             yield v7
           }
           v8 = const 3.0
           v9 = mul v0, v8
           v10 = log v9
           v11 = exp v3
           v12 = add v10, v11
           return v12
         }",
        "func @f(v0: f64, v1: [f64; d0]) -> f64 {
  v2 = const 2.0
  v3 = const 3.0
  v4 = mul v0, v3
  v5 = log v4
  v6 = for v7 in 0..d0 (v8: f64 = v2) {
    v9 = load v1[v7]
    v10 = add v8, v9
    yield v10
  }
  v11 = exp v6
  v12 = add v5, v11
  return v12
}",
    );
}

#[test]
fn a_call_that_may_stop_the_run_stays_behind_its_loop() {
    let text = "func @f(v0: i64, v1: [f64; d0], v2: i64) -> i64 {
  for v3 in 0..v2 {
    v4 = load v1[v3]
  }
  v5 = ipow v0, v2
  return v5
}";
    check("early", text, text);
}
