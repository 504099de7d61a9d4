//! Loops of large functions are functions of their own, one for those that differ in nothing but what they mention, and nobody can tell but by the size of the code.

mod common;

use adit_codegen::{Options, clif_text, compile};
use adit_ir::Trap;
use adit_ir::limits::Limits;
use common::{agree, agree_with, f, i, last, module, out, xs};

/// Two loops that are the same up to names, and a third that is not.
const TWO: &str = "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: [f64; d1], v3: mut [f64; d1], v4: i64) -> (f64, f64) {
  v5 = const 0.0
  v6 = for v7 in 0..d0 (v8: f64 = v5) {
    v9 = load v0[v7]
    v10 = iadd v7, v4
    store v1[v10], v9
    v11 = add v8, v9
    yield v11
  }
  v12 = for v13 in 0..d1 (v14: f64 = v5) {
    v15 = load v2[v13]
    v16 = iadd v13, v4
    store v3[v16], v15
    v17 = add v14, v15
    yield v17
  }
  v18 = for v19 in 0..d1 (v20: f64 = v5) {
    v21 = load v2[v19]
    v22 = iadd v19, v4
    store v3[v22], v21
    v23 = sub v20, v21
    yield v23
  }
  v24 = add v12, v18
  return v6, v24
}";

fn sharing() -> Options {
    Options { share_above: 0, ..Options::default() }
}

#[test]
fn three_loops_are_calls_of_two_functions() {
    let module = module(TWO);
    let text = clif_text(&module, last(&module), &sharing()).expect("it compiles");
    assert_eq!(text.matches("; loop 0").count(), 1, "{text}");
    assert_eq!(text.matches("; loop 1").count(), 1, "{text}");
    assert_eq!(["call fn0(", "call fn1("].map(|call| text.matches(call).count()), [2, 1], "{text}");
    assert!(!text.contains("; loop 2"), "{text}");
}

#[test]
fn results_are_the_same() {
    agree(TWO, &[xs(&[1.0, 2.5]), out(2), xs(&[-3.0, 4.0, 0.5]), out(3), i(0)]);
    agree(TWO, &[xs(&[]), out(0), xs(&[]), out(0), i(0)]);
}

#[test]
fn what_stops_a_loop_has_the_place_of_that_loop() {
    let places = [(3, 2), (2, 3)].map(|(n, m)| {
        let (a, b) = (vec![1.0; n], vec![2.0; m]);
        let arrays = |v4| [xs(&a), out(n), xs(&b), out(m), i(v4)];
        let seen = agree(TWO, &arrays(1));
        let error = seen.result.expect_err("the last subscript is the extent");
        assert_eq!(error.trap, Trap::IndexOutOfRange);
        error.span
    });
    assert_eq!(places[0], places[1], "the first loop stops both");
    let seen = agree(TWO, &[xs(&[]), out(0), xs(&[1.0]), out(1), i(1)]);
    let error = seen.result.expect_err("the second loop stops");
    assert_ne!(error.span, places[0]);
    for steps in 0..8 {
        let limits = Limits { steps: Some(steps), ..Limits::default() };
        agree_with(TWO, &[xs(&[1.0, 2.0]), out(2), xs(&[3.0, 4.0]), out(2), i(0)], limits);
    }
}

#[test]
fn extents_of_what_a_loop_makes_may_be_negative() {
    let one = |v: usize| {
        let [index, array, value, from] = [v, v + 1, v + 2, v + 3].map(|v| format!("v{v}"));
        format!(
            "  for {index} in v1..2 {{
    {value} = load v0[{index}]
    {array} = alloc [f64; v1]
    {from} = add {value}, {value}
    acc v0[{index}], {from}
  }}
"
        )
    };
    let text = format!("func @f(v0: mut [f64; 2], v1: i64) {{\n{}{}}}", one(10), one(20));
    for v1 in [-1, 0, 1, 2, 3] {
        let seen = agree(&text, &[common::Arg::MutF64(vec![2], vec![1.0, 2.0]), i(v1)]);
        assert_eq!(seen.result.is_err(), v1 < 0);
    }
}

#[test]
fn tapes_and_results_through_memory() {
    let one = |v: usize, tape: &str| {
        let n = |k: usize| format!("v{}", v + k);
        format!(
            "  {}, {}, {} = for {} in 0..3 ({}: f64 = v0, {}: f64 = v0, {}: f64 = v0) {{
    tape.push {tape}, ({})
    {} = add {}, {}
    yield {}, {}, {}
  }}
",
            n(0),
            n(1),
            n(2),
            n(3),
            n(4),
            n(5),
            n(6),
            n(4),
            n(7),
            n(4),
            n(5),
            n(7),
            n(4),
            n(5)
        )
    };
    let text = format!(
        "func @f(v0: f64) -> (f64, f64, f64, f64) {{
  v1 = tape.new (f64)
  v2 = tape.new (f64)
{}{}  v3 = tape.pop v1
  v4 = tape.pop v2
  v5 = add v10, v22
  return v3, v4, v5, v21
}}",
        one(10, "v1"),
        one(20, "v2")
    );
    agree(&text, &[f(1.5)]);
}

#[test]
fn code_is_smaller() {
    let copies: String = (0..30)
        .map(|k| {
            let [i, x, y] = [3 * k + 10, 3 * k + 11, 3 * k + 12].map(|v| format!("v{v}"));
            format!(
                "  for {i} in 0..d0 {{\n    {x} = load v0[{i}]\n    {y} = mul {x}, {x}\n    acc v1[{i}], {y}\n  }}\n"
            )
        })
        .collect();
    let text = format!("func @f(v0: [f64; d0], v1: mut [f64; d0]) {{\n{copies}}}");
    let module = module(&text);
    let size = |options: &Options| compile(&module, &[last(&module)], options).expect("it compiles").size();
    assert!(3 * size(&sharing()) < size(&Options::default()));
}
