//! Calls in a row are written down without Cranelift, and nobody can tell but by the size of what is left for it.

mod common;

use adit_codegen::{Options, clif_text, native_text};
use adit_ir::Trap;
use adit_ir::limits::Limits;
use adit_runtime::Workspace;
use common::{Arg, agree, agree_with, call, entry, f, i, last, module, out, xs};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Arrays, tapes, fills, copies, a kernel, loops with more parameters than registers, all in a row.
const ROW: &str = "func @solve(v0: [f64; d0, d0], v1: [f64; d0, d1], v2: mut [f64; d0, d1]) = kernel solve

func @f(v0: [f64; d0], v1: mut [f64; d1], v2: f64, v3: i64) -> (f64, f64, i64, i64) {
  v4 = const -2.5
  v5 = const 70000000000
  v6 = alloc [f64; d0, d0]
  v7 = alloc [f64; d0, 1]
  v8 = alloc [i64; d0, v3]
  v9 = tape.new (f64)
  v10 = tape.new (f64)
  fill v6, v2
  fill v8, v5
  v11 = alloc [f64; d0]
  copy v11, v0
  v12 = for v13 in 0..d0 (v14: f64 = v2) {
    v15 = load v0[v13]
    store v6[v13, v13], v15
    store v7[v13, 0], v4
    tape.push v9, (v15)
    v16 = add v14, v15
    v17 = load v8[v13, 0]
    v18 = iadd v17, v3
    store v8[v13, 0], v18
    yield v16
  }
  v19 = for v20 in 0..d0 (v21: f64 = v12) {
    v22 = load v11[v20]
    store v6[v20, v20], v22
    store v7[v20, 0], v4
    tape.push v10, (v22)
    v23 = add v21, v22
    v24 = load v8[v20, 0]
    v25 = iadd v24, v3
    store v8[v20, 0], v25
    yield v23
  }
  v26 = alloc [f64; d0, 1]
  call @solve(v6, v7, v26)
  v27 = for v28 in 0..d0 (v29: i64 = v3) {
    v30 = load v26[v28, 0]
    acc v1[v28], v30
    v31 = load v8[v28, 0]
    v32 = iadd v29, v31
    yield v32
  }
  v33 = for v34 in 0..d0 (v35: i64 = v3) {
    v36 = load v7[v34, 0]
    acc v1[v34], v36
    v37 = load v8[v34, 0]
    v38 = iadd v35, v37
    yield v38
  }
  return v12, v19, v27, v33
}";

fn glued() -> Options {
    Options { share_above: 0, large_above: 0, ..Options::default() }
}

fn arguments(x: &[f64]) -> [Arg; 4] {
    [xs(x), out(x.len()), f(0.25), i(2)]
}

#[test]
#[cfg_attr(not(all(target_arch = "x86_64", unix)), ignore = "Cranelift does it all")]
fn one_call_is_left() {
    let module = module(ROW);
    let text = clif_text(&module, last(&module), &glued()).expect("it compiles");
    assert_eq!(text.matches("= call fn").count(), 1, "{text}");
    let native = native_text(&module, last(&module), &glued(), &|_| None).expect("it compiles");
    for name in
        ["run 0", "adit.alloc_zeroed", "adit.tape_open", "adit.copy", "adit.fill_words", "adit.external", "loop 1"]
    {
        assert!(native.contains(name), "{name}\n{native}");
    }
}

#[test]
fn results_are_the_same() {
    agree(ROW, &arguments(&[3.0, -4.5, 7.0]));
    agree(ROW, &arguments(&[]));
}

#[test]
fn what_stops_a_row_has_its_place() {
    // Every row of the matrix is the same.
    let singular = agree(ROW, &arguments(&[0.25, 0.25])).result.expect_err("the matrix is singular");
    assert_eq!(singular.trap, Trap::Singular);
    let negative = agree(ROW, &[xs(&[1.0]), out(1), f(0.0), i(-1)]).result.expect_err("an extent is negative");
    assert_eq!(negative.trap, Trap::NegativeLength);
    assert_ne!(negative.span, singular.span);
    let index = agree(ROW, &[xs(&[1.0]), out(1), f(0.0), i(0)]).result.expect_err("the array has no element");
    assert_eq!(index.trap, Trap::IndexOutOfRange);
    let short = agree(ROW, &[xs(&[1.0, 2.0]), out(1), f(0.0), i(1)]).result.expect_err("the last array is too short");
    assert_ne!(short.span, index.span);
}

#[test]
fn limits_hold() {
    for memory_bytes in [0, 20, 64] {
        agree_with(ROW, &arguments(&[3.0, -4.5]), Limits { memory_bytes, ..Limits::default() });
    }
    for depth in [0, 1, 2] {
        agree_with(ROW, &arguments(&[3.0, -4.5]), Limits { depth, ..Limits::default() });
    }
    for steps in 0..12 {
        agree_with(ROW, &arguments(&[3.0, -4.5]), Limits { steps: Some(steps), ..Limits::default() });
    }
}

#[test]
fn an_interruption_is_seen_before_a_call() {
    let text = "func @solve(v0: [f64; d0, d0], v1: [f64; d0, d1], v2: mut [f64; d0, d1]) = kernel solve

func @f(v0: mut [f64; 1, 1]) {
  v1 = alloc [f64; 1, 1]
  call @solve(v0, v0, v1)
  copy v0, v1
}";
    let (module, interrupt) = (module(text), Arc::new(AtomicBool::new(true)));
    let mut workspace = Workspace::new();
    workspace.set_interrupt(interrupt);
    let mut args = [Arg::MutF64(vec![1, 1], vec![2.0])];
    let error = call(&entry(&module, &glued()), &mut workspace, &mut args).expect_err("it is interrupted");
    assert_eq!(error.trap, Trap::Interrupted);
}
