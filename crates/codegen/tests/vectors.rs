//! Loops that run several iterations at once give what they give one by one: the same bits where nothing adds up, nearly the same sums elsewhere, the same errors.

mod common;

use adit_codegen::{Mutant, OptLevel, Options, Vectors, clif_text, loop_reports};
use adit_ir::limits::Limits;
use common::{Arg, Seen, compiled, f, i, interpreted, last, module, out, xs};

/// How far sums may be apart, relative to what they add up.
const CLOSE: f64 = 1e-12;

fn options() -> Vec<Options> {
    let base = Options { strict: false, verify_clif: true, ..Options::default() };
    let mut all = Vec::new();
    for vectors in [Vectors::On, Vectors::Eager] {
        for opt in [OptLevel::O1, OptLevel::O2] {
            all.push(Options { vectors, opt, ..base.clone() });
        }
        all.push(Options { vectors, keep_checks: true, ..base.clone() });
        all.push(Options { vectors, large_above: 0, ..base.clone() });
    }
    all
}

fn run(text: &str, args: &[Arg], same: &dyn Fn(&Seen, &Seen) -> bool) {
    let module = module(text);
    let expected = interpreted(&module, args, Limits::default());
    for options in options() {
        let seen = compiled(&module, args, Limits::default(), &options);
        assert!(same(&seen, &expected), "{options:?}\n{text}\n{args:?}\n{seen:?}\n{expected:?}");
    }
}

/// Bit for bit.
fn exact(text: &str, args: &[Arg]) {
    run(text, args, &|a, b| a == b);
}

/// Sums may be rounded otherwise.
fn close(text: &str, args: &[Arg]) {
    run(text, args, &alike);
}

/// Whether two runs differ by rounding at most.
fn alike(a: &Seen, b: &Seen) -> bool {
    let near = |a: &u64, b: &u64| {
        let (x, y) = (f64::from_bits(*a), f64::from_bits(*b));
        a == b || (x - y).abs() <= CLOSE * (1.0 + y.abs())
    };
    let all = |a: &[u64], b: &[u64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b));
    match (&a.result, &b.result) {
        (Ok(x), Ok(y)) => all(x, y) && a.arrays.iter().zip(&b.arrays).all(|(x, y)| all(x, y)),
        (x, y) => x == y,
    }
}

/// Numbers of either sign, no two alike.
fn numbers(n: usize) -> Arg {
    xs(&(0..n).map(|k| ((k * 37 + 11) % 101) as f64 / 10.0 - 4.3).collect::<Vec<_>>())
}

/// Lengths with and without remainders, and some beyond a block.
const LENGTHS: [usize; 16] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 127, 130, 259];

#[test]
fn maps_are_the_same_bits() {
    for order in ["for v3 in 0..d0", "for rev v3 in 0..d0", "for v3 in v2..-1 step -1", "for rev v3 in v2..-1 step -1"]
    {
        let text = format!(
            "func @f(v0: [f64; d0], v1: mut [f64; d0]) {{
  v9 = const 1
  v2 = isub d0, v9
  v8 = const 0.3
  {order} {{
    v4 = load v0[v3]
    v5 = mul v4, v4
    v6 = sub v5, v8
    v7 = div v6, v4
    v10 = sqrt v7
    v11 = neg v10
    v12 = sign v11
    v13 = floor v4
    v14 = min v13, v12
    v15 = max v14, v4
    v16 = relu v15
    v17 = smul v16, v7
    store v1[v3], v17
  }}
}}"
        );
        LENGTHS.iter().for_each(|&n| exact(&text, &[numbers(n), out(n)]));
    }
}

#[test]
fn whatever_adds_up_comes_out() {
    let text = "func @f(v0: [f64; d0], v1: f64, v2: i64) -> (f64, f64, f64, f64, i64) {
  v3, v4, v5, v6, v7 = for v8 in 0..d0 (v9: f64 = v1, v10: f64 = v1, v11: f64 = v1, v12: f64 = v1, v13: i64 = v2) {
    v14 = load v0[v8]
    v15 = sub v9, v14
    v16 = add v14, v15
    v30 = const 1.01
    v17 = mul v10, v30
    v18 = min v11, v14
    v19 = max v14, v12
    v20 = const 0.0
    v21 = cmp lt v14, v20
    v22 = if v21 {
      v23 = iadd v13, v8
      yield v23
    } else {
      yield v13
    }
    v24 = sub v16, v14
    yield v24, v17, v18, v19, v22
  }
  return v3, v4, v5, v6, v7
}";
    LENGTHS.iter().for_each(|&n| close(text, &[numbers(n), f(1.5), i(7)]));
}

#[test]
fn a_sum_of_nothing_keeps_its_sign() {
    let text = "func @f(v0: [f64; d0], v1: f64) -> f64 {
  v2 = for v3 in 0..d0 (v4: f64 = v1) { v5 = load v0[v3] v6 = add v4, v5 yield v6 }
  return v2
}";
    exact(text, &[xs(&[-0.0; 40]), f(-0.0)]);
    exact(text, &[xs(&[-0.0; 40]), f(0.0)]);
}

#[test]
fn iterations_that_need_others_run_one_by_one() {
    for (write, read) in [("v4", "v3"), ("v3", "v4"), ("v4", "v5"), ("v3", "v9")] {
        let text = format!(
            "func @f(v0: mut [f64; d0], v1: i64) {{
  v2 = const 1
  v10 = const 2
  v9 = const 3
  for v3 in 0..v1 {{
    v4 = iadd v3, v2
    v5 = iadd v3, v10
    v6 = load v0[{read}]
    v7 = const 0.5
    v8 = mul v6, v7
    store v0[{write}], v8
  }}
}}"
        );
        for n in [9_usize, 22] {
            let Arg::F64(dims, x) = numbers(n) else { continue };
            exact(&text, &[Arg::MutF64(dims, x), i(n as i64 - 2)]);
        }
    }
}

#[test]
fn what_is_not_taken_does_not_count() {
    let text = "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: mut [f64; d0]) -> f64 {
  v3 = const 0.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = cmp gt v7, v3
    v9 = if v8 {
      v10 = sqrt v7
      v11 = add v6, v10
      v12 = const 2.0
      v13 = cmp gt v7, v12
      if v13 {
        store v1[v5], v10
      } else {
        acc v2[v5], v7
      }
      yield v11
    } else {
      v14 = div v7, v3
      acc v2[v5], v14
      yield v6
    }
    yield v9
  }
  return v4
}";
    LENGTHS.iter().for_each(|&n| close(text, &[numbers(n), numbers_mut(n), numbers_mut(n)]));
}

fn numbers_mut(n: usize) -> Arg {
    let Arg::F64(dims, x) = numbers(n) else { return out(n) };
    Arg::MutF64(dims, x)
}

#[test]
fn what_stops_stops_where_it_did() {
    let text = "func @f(v0: [f64; d0], v1: mut [f64; d1], v2: i64, v3: i64) {
  for v4 in 0..v2 {
    v5 = iadd v4, v3
    v6 = load v0[v5]
    v7 = load v1[v4]
    v8 = add v6, v7
    store v1[v4], v8
  }
}";
    for (n, m, trips, ahead) in
        [(20, 20, 20, 0), (20, 20, 20, 1), (20, 20, 19, 1), (20, 20, 18, -1), (20, 12, 18, 0), (40, 20, 20, 20)]
    {
        exact(text, &[numbers(n), numbers_mut(m), i(trips), i(ahead)]);
    }
}

#[test]
fn elements_may_lie_apart() {
    let text = "func @f(v0: [f64; d0, d1], v1: mut [f64; d1, d0], v2: [i64; d0], v3: i64) -> (f64, i64) {
  v4 = const 1
  v5 = const 0.0
  v20 = const 0
  v6, v7 = for v8 in 0..d0 (v9: f64 = v5, v10: i64 = v20) {
    v11 = isub d0, v4
    v12 = isub v11, v8
    v13 = load v0[v8, v3]
    v14 = load v0[v12, 0]
    v15 = mul v13, v14
    v16 = itof v8
    v17 = mul v15, v16
    store v1[v3, v8], v17
    acc v1[0, v8], v13
    v18 = load v2[v12]
    v19 = iadd v10, v18
    v21 = itof v18
    v22 = add v17, v21
    v23 = add v9, v22
    yield v23, v19
  }
  return v6, v7
}";
    for n in LENGTHS {
        let Arg::F64(_, x) = numbers(3 * n) else { continue };
        let integers = Arg::I64(vec![n], (0..n as i64).map(|k| k * k - 7).collect());
        let args = [Arg::F64(vec![n, 3], x.clone()), Arg::MutF64(vec![3, n], x), integers, i(2)];
        close(text, &args);
    }
}

#[test]
fn long_loops_can_be_interrupted_and_short_ones_are_left_alone() {
    let text = "func @f(v0: [f64; d0, d1]) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = for v6 in 0..d1 (v7: f64 = v4) { v8 = load v0[v3, v6] v9 = mul v8, v8 v10 = add v7, v9 yield v10 }
    yield v5
  }
  return v2
}";
    for n in [0, 1, 3, 8, 11] {
        let Arg::F64(_, x) = numbers(5 * n) else { continue };
        close(text, &[Arg::F64(vec![5, n], x)]);
    }
}

#[test]
fn columns_that_may_lie_apart_are_asked() {
    // Columns j and v3 + j of a matrix, and rows beside each other: apart for a distance as long as the loop, the same for none, in the way of each other else.
    let text = "func @f(v0: mut [f64; d0, d1], v1: [f64; d2], v2: i64, v3: i64) -> f64 {
  v4 = const 1
  v5 = iadd v2, v4
  for v6 in 0..d2 {
    v7 = iadd v3, v6
    v8 = load v0[v2, v6]
    v9 = load v1[v6]
    v10 = add v8, v9
    store v0[v2, v7], v10
    v11 = mul v10, v10
    store v0[v5, v6], v11
    acc v0[v5, v7], v9
  }
  v12 = const 0.0
  return v12
}";
    for n in [0_usize, 1, 2, 4, 9, 16, 33] {
        for distance in [0, 1, 2, 3, n.saturating_sub(1), n, n + 1] {
            let Arg::F64(_, x) = numbers(2 * (n + distance)) else { continue };
            exact(text, &[Arg::MutF64(vec![2, n + distance], x), numbers(n), i(0), i(distance as i64)]);
        }
    }
    let interleaved = "func @f(v0: mut [f64; d0], v1: i64) -> f64 {
  v2 = const 2
  v3 = const 1
  v4 = const 0.5
  for v5 in 0..v1 {
    v6 = imul v5, v2
    v7 = iadd v6, v3
    v8 = load v0[v6]
    v9 = mul v8, v4
    store v0[v7], v9
  }
  return v4
}";
    assert!(!said_of(interleaved).contains("same elements"));
    for n in LENGTHS {
        exact(interleaved, &[numbers_mut(2 * n), i(n as i64)]);
    }
}

#[test]
fn records_are_pushed_and_popped_many_at_a_time() {
    // Pushed first to last or last to first, two on one tape among them, and popped in either order: what an iteration gets may be another one's.
    for push in ["for v8 in 0..d0", "for rev v8 in 0..d0"] {
        for pop in ["for v20 in 0..d0", "for rev v20 in 0..d0"] {
            let text = format!(
                "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: mut [i64; d0]) -> f64 {{
  v3 = const 0.0
  v4 = tape.new (f64, i64)
  v5 = tape.new (f64)
  v6 = const 2.5
  tape.push v5, (v6)
  {push} {{
    v9 = load v0[v8]
    v10 = mul v9, v9
    tape.push v4, (v10, v8)
    tape.push v5, (v9)
    v11 = add v10, v9
    tape.push v4, (v11, v8)
    store v1[v8], v11
  }}
  v21 = {pop} (v22: f64 = v3) {{
    v23, v24 = tape.pop v4
    v25 = tape.pop v5
    v26, v27 = tape.pop v4
    v28 = mul v23, v25
    v29 = sub v28, v26
    store v1[v20], v29
    v30 = iadd v24, v27
    store v2[v20], v30
    v31 = add v22, v29
    yield v31
  }}
  v32 = tape.pop v5
  v33 = add v21, v32
  return v33
}}"
            );
            for n in LENGTHS {
                close(&text, &[numbers(n), numbers_mut(n), Arg::MutI64(vec![n], vec![7; n])]);
            }
        }
    }
}

#[test]
fn tapes_that_end_too_soon_stop_where_they_always_did() {
    let text = "func @f(v0: mut [f64; d0], v1: i64) -> f64 {
  v2 = tape.new (f64)
  v3 = const 1.5
  for v4 in 0..v1 { tape.push v2, (v3) }
  for rev v5 in 0..d0 {
    v6 = tape.pop v2
    store v0[v5], v6
  }
  return v3
}";
    for n in LENGTHS {
        for pushed in [0, 1, n.saturating_sub(1), n, n + 1] {
            exact(text, &[numbers_mut(n), i(pushed as i64)]);
        }
    }
}

#[test]
fn tapes_have_no_more_room_than_they_may() {
    let text = "func @f(v0: mut [f64; d0]) -> f64 {
  v1 = tape.new (f64)
  v2 = const 1.5
  for v3 in 0..d0 {
    v4 = load v0[v3]
    tape.push v1, (v4)
    store v0[v3], v2
  }
  return v2
}";
    let module = module(text);
    let seen = |bytes: u64, n: usize| {
        let limits = Limits { tape_bytes: Some(bytes), ..Limits::default() };
        let args = [numbers_mut(n)];
        let expected = interpreted(&module, &args, limits);
        for options in options() {
            assert_eq!(compiled(&module, &args, limits, &options), expected, "{options:?}, {bytes}, {n}");
        }
        expected.result.is_ok()
    };
    assert!(seen(8 * 200, 200));
    assert!(!seen(8 * 199, 200));
    assert!(seen(1 << 20, 10_000));
}

/// One program with all that vector code can do wrong.
const EVERYTHING: &str = "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: f64, v3: i64) -> (f64, f64) {
  v4 = const 0.0
  v5 = const 1
  v47 = const 3
  v49 = const 60
  v48 = idiv v3, v49
  v6 = for rev v7 in 1..v3 (v8: f64 = v2) {
    v9 = isub v7, v5
    v10 = load v0[v9]
    v11 = cmp gt v10, v4
    v12 = if v11 {
      store v1[v9], v2
      yield v10
    } else {
      yield v2
    }
    v13 = add v8, v12
    yield v13
  }
  v20 = isub d0, v5
  for v21 in 0..v20 {
    v22 = iadd v21, v5
    v23 = load v1[v21]
    v24 = load v1[v22]
    v25 = add v23, v24
    store v1[v22], v25
  }
  v50 = idiv v3, v47
  for v51 in 0..v50 {
    v52 = iadd v51, v48
    v53 = load v1[v51]
    store v1[v52], v53
  }
  v40 = tape.new (f64)
  for v41 in 0..d0 {
    v42 = load v1[v41]
    tape.push v40, (v42)
  }
  for rev v43 in 0..d0 {
    v44 = tape.pop v40
    v45 = mul v44, v2
    store v1[v43], v45
  }
  v30 = for v31 in 0..d0 (v32: f64 = v4) { v33 = load v1[v31] v34 = add v32, v33 yield v34 }
  return v6, v30
}";

#[test]
fn seeded_bugs_are_seen() {
    let module = module(EVERYTHING);
    for &mutant in Mutant::ALL.iter().filter(|&&mutant| !mutant.is_of_products() && mutant != Mutant::PairSwapped) {
        let seen = [63_i64, 64, 69].into_iter().any(|trips| {
            let args = [numbers(64), numbers_mut(64), f(1.5), i(trips)];
            let expected = interpreted(&module, &args, Limits::default());
            [Vectors::On, Vectors::Eager].into_iter().any(|vectors| {
                let options = Options { strict: false, vectors, mutant: Some(mutant), ..Options::default() };
                !alike(&compiled(&module, &args, Limits::default(), &options), &expected)
            })
        });
        assert!(seen, "{} is not seen", mutant.name());
    }
    for trips in [63, 64, 69] {
        close(EVERYTHING, &[numbers(64), numbers_mut(64), f(1.5), i(trips)]);
    }
}

/// What is said of the last loop of a body.
fn said(body: &str) -> String {
    let text = format!("func @f(v0: [f64; d0], v1: mut [f64; d0], v2: f64, v3: [i64; d0]) -> f64 {{\n{body}\n}}");
    said_of(&text)
}

/// What is said of the last loop of a function.
fn said_of(text: &str) -> String {
    let module = module(text);
    loop_reports(&module, last(&module)).pop().map_or_else(String::new, |report| report.what)
}

#[test]
fn what_stands_in_the_way_is_said() {
    let one_by_one = [
        ("for v4 in 0..d0 { v5 = load v3[v4] v6 = load v0[v5] store v1[v4], v6 } return v2", "depends on data"),
        (
            "v7 = for v4 in 0..d0 (v5: f64 = v2) { v6 = mul v5, v2 v8 = add v6, v2 yield v8 } return v7",
            "the one before it",
        ),
        ("for v4 in 0..d0 { v5 = load v0[v4] print v5 } return v2", "it prints"),
        ("v9 = cmp ne v2, v2 if v9 { for v4 in 0..d0 { store v1[v4], v2 } } return v2", "something is no number"),
        ("for v4 in 0..d0 step 2 { store v1[v4], v2 } return v2", "its step is not 1"),
        ("for v4 in 0..d0 { store v1[0], v2 } return v2", "the same elements"),
        (
            "for v4 in 0..d0 { v5 = load v0[v4] v6 = load v3[v4] v7 = powi v5, v6 store v1[v4], v7 } return v2",
            "`powi` has no vector form",
        ),
        ("for v4 in 0..d0 { v5 = load v3[v4] v6 = idiv v5, v4 v7 = itof v6 store v1[v4], v7 } return v2", "may stop"),
    ];
    for (body, why) in one_by_one {
        let said = said(body);
        assert!(said.starts_with("one by one: ") && said.contains(why), "{said}\n{body}");
    }
    let sum = "v7 = for v4 in 0..d0 (v5: f64 = v2) { v6 = load v0[v4] v8 = add v5, v6 yield v8 } return v7";
    assert_eq!(said(sum), "8 at a time (sum), from 16 iterations on");
    let map = "for v4 in 0..d0 { v5 = load v0[v4] v6 = sin v5 v7 = cos v5 v8 = add v6, v7 store v1[v4], v8 } return v2";
    assert_eq!(said(map), "4 at a time (parallel), from 8 iterations on; in blocks for sin, cos");
}

#[test]
fn functions_run_over_slices() {
    let text = "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: f64) -> f64 {
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v0[v4]
    v7 = mul v6, v6
    v8 = exp v6
    v9 = log1p v8
    v10 = sin v7
    v11 = cos v7
    v12 = const 0.0
    v13 = cmp gt v6, v12
    v14 = if v13 {
      v15 = log v6
      v16 = pow v6, v8
      v17 = add v15, v16
      yield v17
    } else {
      v18 = tanh v9
      yield v18
    }
    v19 = div v14, v9
    v20 = mul v10, v11
    v21 = add v19, v20
    acc v1[v4], v21
    v22 = add v5, v10
    v23 = sub v22, v19
    yield v23
  }
  return v3
}";
    LENGTHS.iter().for_each(|&n| close(text, &[numbers(n), numbers_mut(n), f(1.5)]));
}

#[test]
fn elements_whose_subscripts_come_to_the_same_are_read_in_each_iteration() {
    let text = "func @f(v0: [f64; d0], v1: mut [f64; d0]) {
  for v2 in 0..d0 {
    v3 = isub v2, v2
    v4 = load v0[v3]
    v5 = load v0[v2]
    v6 = mul v4, v5
    store v1[v2], v6
  }
}";
    LENGTHS.iter().for_each(|&n| exact(text, &[numbers(n), out(n)]));
}

#[test]
fn what_lives_through_a_call_is_there_in_loops_and_after_them() {
    let text = "func @f(v0: [f64; d0], v1: f64, v2: mut [f64; d0]) -> (f64, f64) {
  v3 = sin v1
  v4 = for v5 in 0..d0 (v6: f64 = v1) {
    v7 = load v0[v5]
    v8 = mul v7, v1
    v9 = add v6, v8
    yield v9
  }
  for v10 in 0..d0 {
    v11 = load v0[v10]
    v12 = add v11, v1
    store v2[v10], v12
  }
  return v3, v4
}";
    LENGTHS.iter().for_each(|&n| close(text, &[numbers(n), f(0.7), out(n)]));
}

#[test]
fn loops_of_a_function_have_the_same_buffers() {
    let buffers = |loops: i64| {
        let maps = (0..loops).map(|k| {
            let [i, x, y] = [0, 1, 2].map(|v| 10 * (k + 1) + v);
            format!("for v{i} in 0..d0 {{ v{x} = load v0[v{i}] v{y} = sin v{x} store v1[v{i}], v{y} }}\n")
        });
        let module = module(&format!("func @f(v0: [f64; d0], v1: mut [f64; d0]) {{\n{}}}", maps.collect::<String>()));
        let options = Options { strict: false, vectors: Vectors::On, ..Options::default() };
        let text = clif_text(&module, last(&module), &options).expect("it is lowered");
        text.matches("explicit_slot 1024").count()
    };
    assert_eq!((buffers(1), buffers(5)), (1, 1));
}

#[test]
fn what_stays_as_it_is_may_be_chosen() {
    let text = "func @f(v0: [f64; d0], v1: f64, v2: mut [f64; d0]) -> f64 {
  v3 = for v4 in 0..d0 (v5: f64 = v1) {
    v6 = load v0[v4]
    v7 = const 0.0
    v8 = cmp lt v6, v7
    v9 = if v8 { yield v5 } else { yield v5 }
    store v2[v4], v6
    yield v9
  }
  return v3
}";
    LENGTHS.iter().for_each(|&n| exact(text, &[numbers(n), f(0.7), out(n)]));
}

/// What one iteration reads of a row, in this order: pairs, what has no neighbour, the second of two first.
#[test]
fn elements_beside_each_other_are_read_together() {
    for columns in [[0, 1, 2, 3, 4], [4, 1, 0, 3, 2], [0, 2, 4, 1, 3], [3, 4, 4, 0, 0]] {
        let reads: Vec<String> = columns.iter().enumerate().map(|(k, c)| format!("v1{k} = load v0[v3, {c}]")).collect();
        let text = format!(
            "func @f(v0: [f64; d0, 5], v1: mut [f64; d0], v2: mut [f64; d0, 5]) {{
  for v3 in 0..d0 {{
    {}
    v20 = div v10, v11
    v21 = sub v20, v12
    v22 = div v13, v21
    v23 = sub v22, v14
    store v1[v3], v23
    v24 = load v2[v3, 1]
    v25 = sub v24, v10
    store v2[v3, 0], v25
    v26 = load v2[v3, 0]
    v27 = load v2[v3, 1]
    v28 = div v26, v27
    store v2[v3, 2], v28
  }}
}}",
            reads.join("\n    ")
        );
        for n in [0, 1, 2, 3, 8, 9, 130] {
            let cells: Vec<f64> = (0..5 * n).map(|k| ((k * 37 + 11) % 101) as f64 / 10.0 - 4.3).collect();
            exact(&text, &[Arg::F64(vec![n, 5], cells.clone()), out(n), Arg::MutF64(vec![n, 5], cells)]);
        }
    }
}
