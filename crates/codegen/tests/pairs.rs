//! Loops in whose iterations most is done to two numbers alike: they give the same bits as one by one, in every mode, and so in vectors.

mod common;

use adit_codegen::{Mutant, OptLevel, Options, Vectors, clif_text};
use adit_ir::limits::Limits;
use common::{Arg, Seen, compiled, f, interpreted, last, module};

fn all_options() -> Vec<Options> {
    let base = Options { verify_clif: true, ..Options::default() };
    let opts = [OptLevel::O0, OptLevel::O1, OptLevel::O2].map(|opt| Options { opt, ..base.clone() });
    let others = [
        Options { keep_checks: true, ..base.clone() },
        Options { fuel: true, ..base.clone() },
        Options { large_above: 0, ..base.clone() },
    ];
    opts.into_iter().chain(others).collect()
}

/// The program's loops have vectors, and give the same bits.
fn paired(text: &str, args: &[Arg]) {
    assert!(in_pairs(text), "{text}");
    exact(text, args);
}

fn exact(text: &str, args: &[Arg]) {
    let module = module(text);
    let expected = interpreted(&module, args, Limits::default());
    for options in all_options() {
        let seen = compiled(&module, args, Limits::default(), &options);
        assert!(seen == expected, "{options:?}\n{text}\n{args:?}\n{seen:?}\n{expected:?}");
    }
}

fn in_pairs(text: &str) -> bool {
    let module = module(text);
    clif_text(&module, last(&module), &Options::default()).expect("it compiles").contains("f64x2")
}

fn numbers(n: usize) -> Vec<f64> {
    let special = [0.0, -0.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
    let number = |k: usize| if k % 11 == 7 { special[k / 11 % 5] } else { ((k * 37 + 11) % 101) as f64 / 10.0 - 4.3 };
    (0..n).map(number).collect()
}

/// One primal sum, and sums of tangents along so many directions.
fn dot(lanes: usize, product: &str) -> String {
    let all = |part: &dyn Fn(usize) -> String, by: &str| (0..lanes).map(part).collect::<Vec<_>>().join(by);
    format!(
        "func @f(v0: [f64; d0], v1: [f64; d0, {lanes}], v2: [f64; d0], v3: f64) -> (f64, {types}) {{
  v10, {results} = for v4 in 0..d0 (v11: f64 = v3, {carried}) {{
    v5 = load v0[v4]
    {loads}
    v6 = load v2[v4]
    v7 = mul v5, v6
    {products}
    v8 = add v11, v7
    {sums}
    yield v8, {yields}
  }}
  return v10, {results}
}}",
        types = all(&|_| "f64".into(), ", "),
        results = all(&|k| format!("v2{k}"), ", "),
        carried = all(&|k| format!("v3{k}: f64 = v3"), ", "),
        loads = all(&|k| format!("v4{k} = load v1[v4, {k}]"), "\n    "),
        products = all(&|k| format!("v5{k} = {product} v4{k}, v6"), "\n    "),
        sums = all(&|k| format!("v6{k} = add v3{k}, v5{k}"), "\n    "),
        yields = all(&|k| format!("v6{k}"), ", "),
    )
}

#[test]
fn sums_of_several_lanes_are_the_same_bits() {
    for product in ["mul", "smul", "div", "min", "max"] {
        for lanes in [4, 5, 8] {
            for n in [0, 1, 2, 7, 40] {
                let matrix = Arg::F64(vec![n, lanes], numbers(n * lanes));
                let vector = |x: Vec<f64>| Arg::F64(vec![n], x);
                paired(
                    &dot(lanes, product),
                    &[vector(numbers(n)), matrix, vector(numbers(n + 3)[3..].to_vec()), f(0.7)],
                );
            }
        }
    }
}

#[test]
fn what_is_written_beside_each_other_is_the_same_bits() {
    for write in ["acc", "store"] {
        for order in ["for v4 in 0..d0", "for rev v4 in 0..d0", "for v4 in 0..d0 step 2"] {
            let text = format!(
                "func @f(v0: [f64; d0], v1: mut [f64; d0, 5], v2: f64, v3: f64) {{
  {order} {{
    v5 = load v0[v4]
    v6 = smul v2, v5  v7 = smul v3, v5  v8 = smul v3, v5  v9 = smul v2, v5
    v10 = neg v6  v11 = neg v7  v12 = sqrt v8  v13 = sqrt v9
    {write} v1[v4, 1], v10
    {write} v1[v4, 2], v11
    {write} v1[v4, 3], v12
    {write} v1[v4, 4], v13
  }}
}}"
            );
            for n in [0, 1, 2, 9] {
                let cells = Arg::MutF64(vec![n, 5], numbers(5 * n));
                paired(&text, &[Arg::F64(vec![n], numbers(n)), cells.clone(), f(0.3), f(0.0)]);
                paired(&text, &[Arg::F64(vec![n], numbers(n)), cells, f(-1.5), f(f64::NAN)]);
            }
        }
    }
}

/// These look for interruption once, in front.
#[test]
fn few_iterations_are_the_same_bits() {
    for order in ["for v4 in 0..40", "for rev v4 in 0..40", "for v4 in 0..512", "for v4 in 0..513", "for v4 in 3..3"] {
        let text = dot(8, "smul").replace("for v4 in 0..d0", order);
        let n = 520;
        let matrix = Arg::F64(vec![n, 8], numbers(8 * n));
        paired(&text, &[Arg::F64(vec![n], numbers(n)), matrix, Arg::F64(vec![n], numbers(n)), f(-0.0)]);
    }
}

/// The second of two rows is out of range at the end.
#[test]
fn what_stops_stops_where_it_did() {
    let text = dot(4, "mul").replace("0..d0 (", "0..41 (");
    for n in [40, 41, 42] {
        let matrix = Arg::F64(vec![n, 4], numbers(4 * n));
        exact(&text, &[Arg::F64(vec![n], numbers(n)), matrix, Arg::F64(vec![n], numbers(n)), f(0.7)]);
    }
}

#[test]
fn who_is_wanted_alone_is_in_no_pair() {
    let one = dot(4, "mul").replace("v8 = add v11, v7", "v8 = add v11, v52");
    assert!(!in_pairs(&one));
    let matrix = Arg::F64(vec![5, 4], numbers(20));
    exact(&one, &[Arg::F64(vec![5], numbers(5)), matrix, Arg::F64(vec![5], numbers(5)), f(0.7)]);
    // What is read in between would be read before it is written.
    let between = "func @f(v0: mut [f64; d0, 4], v1: f64) {
  for v4 in 0..d0 {
    v5 = load v0[v4, 0]  v6 = mul v5, v1  store v0[v4, 1], v6
    v7 = load v0[v4, 1]  v8 = mul v7, v1  store v0[v4, 2], v8
    v9 = load v0[v4, 2]  v10 = mul v9, v1  store v0[v4, 3], v10
    v11 = load v0[v4, 3]  v12 = mul v11, v1  store v0[v4, 0], v12
  }
}";
    assert!(!in_pairs(between));
    exact(between, &[Arg::MutF64(vec![5, 4], numbers(20)), f(0.9)]);
}

#[test]
fn the_seeded_bug_is_seen() {
    let text =
        dot(4, "mul").replace("v31: f64 = v3", "v31: f64 = v12").replacen("v10, v20,", "v12 = const 2.5 v10, v20,", 1);
    let args =
        [Arg::F64(vec![5], vec![0.5; 5]), Arg::F64(vec![5, 4], vec![1.5; 20]), Arg::F64(vec![5], vec![1.0; 5]), f(0.7)];
    let module = module(&text);
    let run = |mutant| -> Seen {
        let options = Options { mutant, vectors: Vectors::Off, ..Options::default() };
        compiled(&module, &args, Limits::default(), &options)
    };
    let expected = interpreted(&module, &args, Limits::default());
    assert!(run(None) == expected && run(Some(Mutant::PairSwapped)) != expected);
}
