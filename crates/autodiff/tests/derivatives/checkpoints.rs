//! Loops that keep snapshots: the same numbers as without, bit for bit, whatever the length and the number of snapshots; and every relation, to second order.

use crate::harness::{Random, bits, derivatives, inputs, read, relations_to_order, reverse};
use crate::programs::Arg::{self, F, I, Mut, V};
use adit_autodiff::{AdOpt, AdOpts, Options};
use adit_ir::{FuncId, verify};

/// x = a·x + sin y₀, with an array that is written and read, one that is only read and written afterwards, and one that is only written; `v2` iterations.
const COUNTED: &str = "
func @f(v0: f64, v1: f64, v2: i64, v3: i64, v4: [f64; 3], v5: mut [f64; 2]) -> f64 {
  v6 = const 0.0
  v7 = const 3
  v30 = alloc [f64; 3]
  copy v30, v4
  v31 = imul v2, v7
  v32 = const 2
  v33 = iadd v31, v32
  v34 = alloc [f64; v33]
  v8, v9 = for v10 in 2..v33 step 3 KEPT (v11: f64 = v1, v12: f64 = v6) {
    v13 = irem v10, v7
    v14 = load v30[v13]
    v15 = load v5[0]
    v16 = mul v0, v11
    v17 = sin v15
    v18 = add v16, v17
    v19 = load v5[1]
    store v5[0], v18
    v20 = mul v19, v18
    store v5[1], v20
    store v34[v10], v20
    v21 = mul v14, v18
    v22 = add v12, v21
    yield v18, v22
  }
  store v30[1], v8
  v35 = load v30[1]
  v36 = mul v35, v9
  return v36
}
";

/// The same with a condition, and a loop inside.
const UNCOUNTED: &str = "
func @f(v0: f64, v1: f64, v2: i64, v3: i64, v4: [f64; 3], v5: mut [f64; 2]) -> f64 {
  v6 = const 0.0
  v7 = const 3
  v8 = const 0
  v40 = const 1
  v9, v10, v11 = while KEPT (v12: f64 = v1, v13: f64 = v6, v14: i64 = v8) {
    v15 = cmp lt v14, v2
    yield v15
  } do (v16, v17, v18) {
    v19 = irem v18, v7
    v20 = load v4[v19]
    v21 = for v22 in 0..2 KEPT (v23: f64 = v16) {
      v24 = load v5[v22]
      v25 = mul v0, v23
      v26 = sin v24
      v27 = add v25, v26
      store v5[v22], v27
      yield v27
    }
    v28 = mul v20, v21
    v29 = add v17, v28
    v30 = iadd v18, v40
    yield v21, v29, v30
  }
  v31 = mul v9, v10
  return v31
}
";

fn kept(text: &str, kept: &str) -> String {
    text.replace("KEPT", kept)
}

fn arguments(length: i64, size: i64) -> Vec<Arg> {
    vec![F(0.7), F(0.9), I(length), I(size), V(vec![1.5, -0.5, 0.25]), Mut(vec![0.3, 1.1])]
}

/// Every adjoint and the value, bit by bit.
fn all_bits(text: &str, cases: &[(i64, i64)], opts: AdOpts) -> Vec<String> {
    let mut module = read(text);
    let (_, vjp) = derivatives(&mut module, FuncId::new(0), &Options { opts, ..Options::default() });
    let of = |&(length, size): &(i64, i64)| {
        let point = inputs(&module, FuncId::new(0), &arguments(length, size));
        bits(&reverse(&module, FuncId::new(0), vjp, &point, &[0.6], &[vec![0.2, -0.4]]).expect("it runs"))
    };
    cases.iter().map(of).collect()
}

/// Nothing, each optimisation alone, and all.
fn levels() -> Vec<AdOpts> {
    let alone = AdOpt::ALL.iter().map(|&opt| AdOpts::NONE.with(opt));
    [AdOpts::NONE].into_iter().chain(alone).chain([AdOpts::ALL]).collect()
}

#[test]
fn no_schedule_changes_a_bit() {
    std::thread::scope(|scope| {
        for (at, opts) in levels().into_iter().enumerate() {
            scope.spawn(move || [COUNTED, UNCOUNTED].iter().for_each(|text| no_schedule(text, at, opts)));
        }
    });
}

/// Up to 40 iterations, up to 8 snapshots: all pairs without optimisations and with all of them, a third of the pairs with one alone.
fn no_schedule(text: &str, at: usize, opts: AdOpts) {
    let whole = [AdOpts::NONE, AdOpts::ALL].contains(&opts);
    let chosen = |length: i64, size: i64| whole || (length + size) % 3 == at as i64 % 3;
    let pairs = (0..=40).flat_map(|length| (1..=8).map(move |size| (length, size)));
    let cases: Vec<(i64, i64)> = pairs.filter(|&(length, size)| chosen(length, size)).collect();
    let budgets: Vec<(i64, i64)> = cases.iter().map(|&(length, size)| (length, 120 * size)).collect();
    // Without snapshots, sizes mean nothing.
    let lengths: Vec<(i64, i64)> = (0..=40).map(|length| (length, 0)).collect();
    let plain = all_bits(&kept(text, ""), &lengths, opts);
    for (kind, cases) in [("every", &cases), ("binomial", &cases), ("budget", &budgets)] {
        let snapshots = all_bits(&kept(text, &format!("checkpoint {kind} v3")), cases, opts);
        for ((length, size), snapshots) in cases.iter().zip(&snapshots) {
            let plain = &plain[*length as usize];
            assert_eq!(plain, snapshots, "{opts}, {kind}, {length} iterations, size {size}");
        }
    }
}

#[test]
fn no_budget_changes_a_bit() {
    let cases: Vec<(i64, i64)> =
        [0, 1, 2, 7, 40].into_iter().flat_map(|l| [-5, 0, 1, 100, 300, 1000, 5000, i64::MAX].map(|b| (l, b))).collect();
    for text in [COUNTED, UNCOUNTED] {
        let [plain, snapshots] =
            ["", "checkpoint budget v3"].map(|kind| all_bits(&kept(text, kind), &cases, AdOpts::default()));
        assert_eq!(plain, snapshots);
    }
}

#[test]
fn every_relation_holds_to_second_order() {
    for (text, kind) in [(COUNTED, "every"), (COUNTED, "binomial"), (UNCOUNTED, "binomial"), (UNCOUNTED, "budget")] {
        let mut module = read(&kept(text, &format!("checkpoint {kind} v3")));
        let point = inputs(&module, FuncId::new(0), &arguments(4, 2));
        let outcome =
            relations_to_order(&mut module, FuncId::new(0), &point, 2, &mut Random::new(5), &Options::default());
        if let Err(error) = outcome {
            panic!("{kind}: {error}");
        }
        assert_eq!(verify(&module), Ok(()));
    }
}

/// A `while` that asserts before it reads out of range: `v4` has two elements.
const ASSERTS: &str = "
func @f(v0: f64, v1: i64, v4: [f64; 2]) -> f64 {
  v5 = const 0
  v6 = const 1
  v7 = const 2
  v8, v9 = while checkpoint binomial 2 (v10: f64 = v0, v11: i64 = v5) {
    v12 = cmp lt v11, v1
    yield v12
  } do (v13, v14) {
    v15 = cmp lt v14, v7
    assert v15, failed(\"too far\")
    v16 = load v4[v14]
    v17 = mul v13, v16
    v18 = iadd v14, v6
    yield v17, v18
  }
  return v8
}
";

#[test]
fn where_iterations_are_counted_first_they_stop_as_the_loop_does() {
    let mut module = read(ASSERTS);
    let (_, vjp) = derivatives(&mut module, FuncId::new(0), &Options::default());
    for (length, told) in [(2, None), (3, Some("too far"))] {
        let point = inputs(&module, FuncId::new(0), &[F(0.7), I(length), V(vec![1.5, -0.5])]);
        let found = reverse(&module, FuncId::new(0), vjp, &point, &[0.6], &[]);
        match told {
            None => assert!(found.is_ok(), "{found:?}"),
            Some(told) => assert!(found.as_ref().is_err_and(|e| e.contains(told)), "{found:?}"),
        }
    }
}
