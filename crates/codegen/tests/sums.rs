//! Sums that would wait for themselves run several iterations at once, alone and in loops, and give what they give one by one, but for rounding.

mod common;

use adit_codegen::{Mutant, Options, Vectors, clif_text, loop_reports};
use adit_ir::limits::Limits;
use common::{Arg, Seen, compiled, f, i, interpreted, module, out, xs};

/// How far sums may be apart, relative to what they add up.
const CLOSE: f64 = 1e-12;

fn options(vectors: Vectors) -> Options {
    Options { strict: false, vectors, verify_clif: true, ..Options::default() }
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|k| ((k * 37 + 11) % 101) as f64 / 10.0 - 4.3).collect()
}

/// Whether two runs differ by rounding at most.
fn alike(a: &Seen, b: &Seen) -> bool {
    let near = |a: &u64, b: &u64| {
        let (x, y) = (f64::from_bits(*a), f64::from_bits(*b));
        a == b || x.is_nan() && y.is_nan() || (x - y).abs() <= CLOSE * (1.0 + y.abs())
    };
    match (&a.result, &b.result) {
        (Ok(x), Ok(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| near(x, y)) && a.arrays == b.arrays,
        (x, y) => x == y,
    }
}

fn close(text: &str, args: &[Arg]) {
    let module = module(text);
    let expected = interpreted(&module, args, Limits::default());
    for vectors in [Vectors::On, Vectors::Eager] {
        let seen = compiled(&module, args, Limits::default(), &options(vectors));
        assert!(alike(&seen, &expected), "{vectors:?}\n{text}\n{args:?}\n{seen:?}\n{expected:?}");
    }
}

/// Whether code is other than that without vectors.
fn in_vectors(text: &str, on: &Options) -> bool {
    let module = module(text);
    let off = Options { vectors: Vectors::Off, ..on.clone() };
    let [on, off] = [on, &off].map(|o| clif_text(&module, common::last(&module), o).expect("it compiles"));
    on != off
}

/// The three sums of a regression, in an order.
fn regression(order: &str) -> String {
    format!(
        "func @f(v0: f64, v1: f64, v3: [f64; d0], v4: [f64; d1], v2: i64) -> (f64, f64, f64) {{
  v5 = const 0.0
  v6 = const 1
  v7 = isub v2, v6
  v16, v17, v18 = for {order} (v20: f64 = v0, v21: f64 = v5, v22: f64 = v5) {{
    v23 = load v4[v19]
    v24 = load v3[v19]
    v25 = mul v1, v24
    v26 = add v0, v25
    v27 = sub v23, v26
    v28 = mul v27, v27
    v29 = add v20, v28
    v30 = sub v21, v27
    v31 = mul v24, v27
    v32 = add v22, v31
    yield v29, v30, v32
  }}
  return v16, v17, v18
}}"
    )
}

const ORDERS: [&str; 4] = ["v19 in 0..v2", "rev v19 in 0..v2", "v19 in v7..-1 step -1", "rev v19 in v7..-1 step -1"];

#[test]
fn sums_come_out_for_any_number_of_iterations() {
    for order in ORDERS {
        let text = regression(order);
        assert!(in_vectors(&text, &options(Vectors::On)), "{order}");
        for n in [0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 19, 31, 33, 150, 4097, 9000] {
            let args = [f(0.3), f(-1.7), xs(&numbers(n)), xs(&numbers(n)), i(n as i64)];
            close(&text, &args);
        }
    }
}

#[test]
fn what_stops_in_the_middle_stops_there() {
    for order in ORDERS {
        let text = regression(order);
        for (xs_there, ys_there) in [(40, 23), (23, 40), (0, 40), (39, 40)] {
            let args = [f(0.3), f(-1.7), xs(&numbers(xs_there)), xs(&numbers(ys_there)), i(40)];
            close(&text, &args);
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let mut x = numbers(40);
    for (at, odd) in [(3, f64::NAN), (39, f64::INFINITY), (0, f64::NEG_INFINITY), (20, 1e200)] {
        x[at] = odd;
        close(&regression(ORDERS[0]), &[f(0.3), f(-1.7), xs(&x), xs(&numbers(40)), i(40)]);
    }
}

/// A loop over `v0` that carries `v7`, with `v9` read from it; the array `v1` may be written.
fn sum(body: &str) -> String {
    format!(
        "func @f(v0: [f64; d0], v1: mut [f64; d0], v2: f64) -> f64 {{
           v3 = const 0.0
           v4 = for v5 in 0..d0 (v7: f64 = v3) {{
             v9 = load v0[v5]
             {body}
           }}
           return v4
         }}"
    )
}

#[test]
fn what_waits_for_its_sums_runs_several_at_once() {
    let taken = [
        "v10 = add v7, v9  yield v10",
        "v10 = mul v9, v2  v11 = sub v10, v9  v12 = mul v11, v11  v13 = sub v7, v12  yield v13",
        "v10 = mul v9, v9  v11 = add v7, v10  v12 = sub v11, v9  yield v12",
        // Two additions of one sum wait for each other, too.
        "v10 = mul v9, v9  v11 = mul v10, v9  v12 = mul v11, v9  v13 = mul v12, v9  v14 = mul v13, v9  v15 = mul v14, v9
         v16 = mul v15, v9  v17 = add v7, v16  v18 = sub v17, v9  yield v18",
        // These do other things, too.
        "v10 = div v9, v2  v11 = div v9, v10  v12 = div v9, v11  v13 = add v7, v12  yield v13",
        "store v1[v5], v9  v10 = add v7, v9  yield v10",
        "v10 = cmp lt v9, v2  v11 = select v10, v9, v3  v12 = add v7, v11  yield v12",
        "v10 = sin v9  v11 = add v7, v10  yield v11",
        "v10 = max v7, v9  yield v10",
    ];
    // One needs all of the one before it, the other is seen from outside.
    let kept = ["v10 = mul v7, v2  v11 = add v10, v9  yield v11", "print v9  v10 = add v7, v9  yield v10"];
    let on = options(Vectors::On);
    for (bodies, wanted) in [(&taken[..], true), (&kept[..], false)] {
        for body in bodies {
            assert_eq!(in_vectors(&sum(body), &on), wanted, "{body}");
            close(&sum(body), &[xs(&numbers(67)), out(67), f(0.7)]);
        }
    }
    for options in [Options { strict: true, ..on.clone() }, Options { fuel: true, ..on.clone() }, options(Vectors::Off)]
    {
        assert!(!in_vectors(&sum(taken[0]), &options), "{options:?}");
    }
}

/// A loop over rows with a sum in each, between these bounds.
fn nested(outer: &str, inner: &str) -> String {
    format!(
        "func @f(v0: [f64; d0, d1], v20: i64) -> f64 {{
           v1 = const 0.0
           v21 = const 1
           v3 = for {outer} (v4: f64 = v1) {{
             v22 = iadd v5, v21
             v6 = for {inner} (v8: f64 = v4) {{ v9 = load v0[v5, v7]  v10 = add v8, v9  yield v10 }}
             yield v6
           }}
           return v3
         }}"
    )
}

#[test]
fn loops_around_sums_stand_there_twice() {
    let told =
        [("v5 in 0..d0", "v7 in 0..d1"), ("v5 in 0..d0", "rev v7 in 0..d1"), ("rev v5 in 0..v20", "v7 in 0..v5")];
    let also = [("v5 in 0..v20", "v7 in 0..v22"), ("v5 in 0..d0", "v7 in v5..d1")];
    for (outer, inner) in told.into_iter().chain(also) {
        let text = nested(outer, inner);
        let report = loop_reports(&module(&text), common::last(&module(&text))).pop().map(|report| report.what);
        let wanted = "8 at a time (sum), from 16 iterations on, where the loops around gain by it";
        assert_eq!(report.as_deref(), Some(wanted), "{text}");
        assert!(in_vectors(&text, &options(Vectors::On)), "{text}");
        for (rows, columns) in [(0, 3), (1, 1), (3, 21), (3, 90), (60, 60), (2, 700)] {
            let matrix = Arg::F64(vec![rows, columns], numbers(rows * columns));
            close(&text, &[matrix, i(rows.min(columns) as i64)]);
        }
    }
}

#[test]
fn what_is_not_told_in_front_of_the_loops_around_stays() {
    // The length is read from an array, or the program says that it is short.
    let read = "func @f(v0: [f64; d0], v1: [i64; d0]) -> f64 {
  v2 = const 0.0
  v3 = for v4 in 0..d0 (v5: f64 = v2) {
    v6 = load v1[v4]
    v7 = for v8 in 0..v6 (v9: f64 = v5) { v10 = load v0[v8]  v11 = add v9, v10  yield v11 }
    yield v7
  }
  return v3
}";
    for (text, wanted) in [
        (read.to_owned(), "one by one: in front of the loops around it nothing tells"),
        (nested("v5 in 0..d0", "v7 in 0..9"), "one by one: it gains from 16 iterations on"),
    ] {
        let reports = loop_reports(&module(&text), common::last(&module(&text)));
        let last = reports.last().map_or("", |report| &report.what);
        assert!(last.starts_with(wanted), "{last}\n{text}");
        assert!(!in_vectors(&text, &options(Vectors::On)), "{text}");
    }
}

#[test]
fn functions_that_call_themselves_have_no_slices() {
    let text = "func @f(v0: [f64; d0], v1: i64) -> f64 {
  v2 = const 0.0
  v3 = const 0
  v4 = cmp gt v1, v3
  v5 = if v4 {
    v6 = const 1
    v7 = isub v1, v6
    v8 = call @f(v0, v7)
    yield v8
  } else {
    yield v2
  }
  v9 = for v10 in 0..d0 (v11: f64 = v5) { v12 = load v0[v10]  v13 = sin v12  v14 = add v11, v13  yield v14 }
  return v9
}";
    let m = module(text);
    let told = loop_reports(&m, common::last(&m)).pop().map(|report| report.what);
    assert_eq!(told.as_deref(), Some("one by one: its function calls itself, and slices would take much of the stack"));
    assert!(!in_vectors(text, &options(Vectors::On)));
    close(text, &[xs(&numbers(40)), i(3)]);
}

#[test]
fn seeded_bugs_are_seen() {
    let bugs = [
        Mutant::RemainderLost,
        Mutant::LaneLost,
        Mutant::AccumulatorLost,
        Mutant::StartRepeated,
        Mutant::StopHoisted,
        Mutant::OrderLost,
    ];
    let numbers = |n: usize| xs(&numbers(n));
    // Of the second more elements are wanted than there are, which comes late in its order. The third has several vectors, and begins with something.
    let regressions = [(ORDERS[1], 41, 41), (ORDERS[0], 41, 30)];
    let cases = regressions.map(|(order, trips, there)| {
        (regression(order), vec![f(0.3), f(-1.7), numbers(trips), numbers(there), i(trips as i64)])
    });
    let one = sum("v10 = add v7, v9  yield v10").replace("= v3)", "= v2)");
    let alone = (one, vec![numbers(37), out(37), f(0.7)]);
    for mutant in bugs {
        let seen = cases.iter().chain([&alone]).any(|(text, args)| {
            let module = module(text);
            let expected = interpreted(&module, args, Limits::default());
            let options = Options { mutant: Some(mutant), ..options(Vectors::On) };
            !alike(&compiled(&module, args, Limits::default(), &options), &expected)
        });
        assert!(seen, "{} is not seen", mutant.name());
    }
}
