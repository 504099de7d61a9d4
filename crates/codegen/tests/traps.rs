//! What stops a program stops compiled code too: with the same trap, place and numbers, and never with a signal.

mod common;

use adit_ir::Trap;
use adit_ir::limits::Limits;
use common::{Arg, Seen, agree, agree_with, b, f, i, xs};

fn trap(seen: &Seen) -> Trap {
    seen.result.clone().expect_err("the run stops").trap
}

#[test]
fn subscripts_out_of_range() {
    let text = "func @f(v0: [f64; d0, 3], v1: i64, v2: i64) -> f64 {
  v3 = load v0[v1, v2]
  return v3
}";
    let array = Arg::F64(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    for v1 in [-1, 0, 1, 2, i64::MIN, i64::MAX] {
        for v2 in [-1, 0, 2, 3, i64::MIN, i64::MAX] {
            let seen = agree(text, &[array.clone(), i(v1), i(v2)]);
            assert_eq!(seen.result.is_ok(), (0..2).contains(&v1) && (0..3).contains(&v2));
        }
    }
    let stores = "func @f(v0: mut [f64; d0], v1: i64) {
  v2 = const 1.0
  store v0[0], v2
  acc v0[v1], v2
  v3 = const 1
  v4 = iadd v1, v3
  store v0[v4], v2
}";
    for n in [-2, -1, 0, 1, 2, 3, i64::MAX] {
        agree(stores, &[common::out(3), i(n)]);
    }
    assert_eq!(trap(&agree(stores, &[common::out(0), i(0)])), Trap::IndexOutOfRange);
}

#[test]
fn loops_beyond_the_extent() {
    for (lo, hi) in [("0", "v5"), ("v6", "d0")] {
        let text = format!(
            "func @f(v0: mut [f64; d0]) {{
  v3 = const 1
  v5 = iadd d0, v3
  v6 = const -1
  v2 = const 1.0
  for v4 in {lo}..{hi} {{
    store v0[v4], v2
  }}
}}"
        );
        assert_eq!(trap(&agree(&text, &[common::out(3)])), Trap::IndexOutOfRange);
    }
}

#[test]
fn arithmetic() {
    let text = "func @f(v0: i64, v1: i64, v2: f64) -> i64 {
  v3 = ftoi v2
  v4 = idiv v0, v1
  v5 = irem v0, v1
  v6 = ipow v4, v5
  v7 = iadd v6, v3
  return v7
}";
    let none = [0.0, -3.7, 9e18];
    for x in [none[0], none[1], none[2], f64::NAN, f64::INFINITY, 9.3e18, -9.3e18] {
        for (a, d) in [(7, 2), (i64::MIN, -1), (5, 0), (-7, 2), (-7, -3), (i64::MIN, 1)] {
            agree(text, &[i(a), i(d), f(x)]);
        }
    }
}

#[test]
fn assertions_shapes_and_lengths() {
    let text = "func @g(v0: [f64; d0], v1: [f64; d0, 2]) -> i64 {
  return d0
}
func @f(v0: [f64; d0], v1: [f64; d1, d2], v2: bool, v3: i64) -> i64 {
  assert v2, failed(\"it must\")
  assert v2, bad_slice(v3, 4)
  v4 = alloc [f64; v3, 3]
  v5 = alloc [f64; d1, d2]
  copy v5, v1
  copy v4, v1
  v6 = call @g(v0, v1)
  return v6
}";
    let matrix = |m: usize, n: usize| Arg::F64(vec![m, n], vec![1.0; m * n]);
    let x = xs(&[1.0, 2.0, 3.0]);
    for (m, n) in [(3, 2), (3, 3), (2, 2), (2, 3)] {
        for v3 in [-1, 2, 3] {
            agree(text, &[x.clone(), matrix(m, n), b(true), i(v3)]);
        }
    }
    assert_eq!(trap(&agree(text, &[x.clone(), matrix(3, 2), b(false), i(3)])), Trap::AssertFailed("it must".into()));
    assert_eq!(trap(&agree(text, &[x, matrix(3, 2), b(true), i(-4)])), Trap::NegativeLength);
}

#[test]
fn sizes_never_overflow() {
    for dims in ["v0, 2", "2, v0", "v0, v0, v0", "v0", "v0, 0", "v0, v1, 3"] {
        for ty in ["f64", "bool"] {
            let text = format!(
                "func @f(v0: i64, v1: i64) -> i64 {{
  v2 = alloc [{ty}; {dims}]
  return v0
}}"
            );
            for n in [i64::MAX, i64::MAX - 7, 1 << 62, 1 << 61, 1 << 40, 3, 0, -1, i64::MIN] {
                agree(&text, &[i(n), i(0)]);
            }
        }
    }
    for dims in ["9223372036854775807, 2", "9223372036854775807", "-3", "4611686018427387904, 4, 0"] {
        agree(&format!("func @f() {{\n  v0 = alloc [f64; {dims}]\n}}"), &[]);
    }
}

#[test]
fn popped_too_often() {
    let text = "func @f(v0: i64) -> f64 {
  v1 = tape.new (f64, f64)
  v2 = const 1.0
  tape.push v1, (v2, v2)
  v3 = for v4 in 0..v0 (v5: f64 = v2) {
    v6, v7 = tape.pop v1
    v8 = add v6, v7
    yield v8
  }
  return v3
}";
    for n in 0..3 {
        agree(text, &[i(n)]);
    }
}

#[test]
fn memory_limits() {
    let limits = |memory_bytes| Limits { memory_bytes, ..Limits::default() };
    let text = "func @f(v0: i64) -> i64 {
  v1 = alloc [f64; v0]
  v2 = alloc [f64; v0]
  return v0
}";
    for n in [0, 100, 500, 512, 513, 1024, 1025, 100_000] {
        agree_with(text, &[i(n)], limits(8192));
    }
    let tape = "func @f(v0: i64) {
  v1 = tape.new (i64, f64)
  v2 = const 1.0
  for v3 in 0..v0 {
    tape.push v1, (v3, v2)
  }
}";
    for n in [0, 100, 512, 513, 1_000_000] {
        agree_with(tape, &[i(n)], limits(8192));
    }
}

#[test]
fn depth_and_step_limits() {
    let text = "func @f(v0: i64) -> i64 {
  v1 = const 0
  v2 = cmp le v0, v1
  v3 = if v2 {
    yield v0
  } else {
    v4 = const 1
    v5 = isub v0, v4
    v6 = call @f(v5)
    yield v6
  }
  return v3
}";
    for depth in [0, 1, 2, 5, 10] {
        for n in 0..10 {
            agree_with(text, &[i(n)], Limits { depth, ..Limits::default() });
            agree_with(text, &[i(n)], Limits { steps: Some(u64::from(depth)), ..Limits::default() });
        }
    }
    let loops = "func @f(v0: i64) -> i64 {
  for v1 in 0..v0 {
    v2 = while (v3: i64 = v1) {
      v4 = const 0
      v5 = cmp gt v3, v4
      yield v5
    } do (v6) {
      v7 = const 1
      v8 = isub v6, v7
      yield v8
    }
  }
  return v0
}";
    for steps in 0..25 {
        agree_with(loops, &[i(5)], Limits { steps: Some(steps), ..Limits::default() });
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused_alike() {
    let text = "func @f(v0: f64, v1: [f64; d0], v2: mut [f64; d0, 3]) -> f64 {
  return v0
}";
    let m = |dims: &[usize], n: usize| Arg::MutF64(dims.to_vec(), vec![0.0; n]);
    let good = [f(1.0), xs(&[1.0, 2.0]), m(&[2, 3], 6)];
    assert!(agree(text, &good).result.is_ok());
    let [x, a, out] = good;
    let bad: Vec<Vec<Arg>> = vec![
        vec![],
        vec![x.clone(), a.clone()],
        vec![x.clone(), a.clone(), out.clone(), x.clone()],
        vec![i(1), a.clone(), out.clone()],
        vec![a.clone(), a.clone(), out.clone()],
        vec![x.clone(), x.clone(), out.clone()],
        vec![x.clone(), Arg::I64(vec![2], vec![1, 2]), out.clone()],
        vec![x.clone(), Arg::F64(vec![2, 1], vec![1.0, 2.0]), out.clone()],
        vec![x.clone(), Arg::F64(vec![3], vec![1.0, 2.0]), out.clone()],
        vec![x.clone(), Arg::F64(vec![], vec![1.0]), out.clone()],
        vec![x.clone(), a.clone(), m(&[3, 3], 9)],
        vec![x.clone(), a.clone(), m(&[2, 4], 8)],
        vec![x.clone(), a.clone(), m(&[2, 3], 5)],
        vec![x.clone(), a.clone(), m(&[2, 3], 0)],
        vec![x.clone(), a.clone(), m(&[usize::MAX, usize::MAX], 1)],
        vec![x, a, m(&[usize::MAX, 0], 0)],
    ];
    for args in bad {
        assert!(matches!(trap(&agree(text, &args)), Trap::ShapeMismatch(_)), "{args:?}");
    }
}
