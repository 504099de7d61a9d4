//! Products of matrices by kernels give what the loops give but for the order of their sums, stop where they stop, and see every seeded bug.

mod common;

use adit_codegen::{Mutant, OptLevel, Options, Products};
use adit_ir::Op;
use adit_ir::bounds::Facts;
use adit_ir::limits::Limits;
use adit_ir::loops::products::read;
use common::{Arg, Seen, compiled, f, i, interpreted, last, module, xs};

/// How far sums may be apart, relative to what they add up.
const CLOSE: f64 = 1e-12;

fn base() -> Options {
    Options { strict: false, verify_clif: true, ..Options::default() }
}

fn options() -> Vec<Options> {
    let eager = Options { products: Products::Eager, ..base() };
    vec![
        Options { products: Products::On, ..base() },
        Options { opt: OptLevel::O1, ..eager.clone() },
        Options { large_above: 0, ..eager.clone() },
        eager,
    ]
}

/// Whether two runs differ by rounding at most. Numbers that are none are all the same.
fn alike(a: &Seen, b: &Seen) -> bool {
    let near = |a: &u64, b: &u64| {
        let (x, y) = (f64::from_bits(*a), f64::from_bits(*b));
        a == b || (x - y).abs() <= CLOSE * (1.0 + y.abs()) || x.is_nan() && y.is_nan()
    };
    let all = |a: &[u64], b: &[u64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b));
    match (&a.result, &b.result) {
        (Ok(x), Ok(y)) => all(x, y) && a.arrays.iter().zip(&b.arrays).all(|(x, y)| all(x, y)),
        (x, y) => x == y,
    }
}

fn close(text: &str, args: &[Arg]) {
    let module = module(text);
    let expected = interpreted(&module, args, Limits::default());
    for options in options() {
        let seen = compiled(&module, args, Limits::default(), &options);
        assert!(alike(&seen, &expected), "{options:?}\n{text}\n{args:?}\n{seen:?}\n{expected:?}");
    }
}

/// How many tasks the first nest of a function comes to; 0 if it is no product.
fn tasks(text: &str) -> usize {
    let module = module(text);
    let f = module.function(last(&module));
    let facts = Facts::new(f);
    let nest = f.region(f.body).insts.iter().find(|&&inst| matches!(f.inst(inst).op, Op::For { .. }));
    nest.and_then(|&inst| read(f, &facts, inst)).map_or(0, |nest| nest.tasks.len())
}

/// A matrix of small numbers, no two rows alike.
fn matrix(rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|k| ((k * 37 + 11) % 101) as f64 / 10.0 - 4.3).collect()
}

fn read_only(rows: usize, columns: usize) -> Arg {
    Arg::F64(vec![rows, columns], matrix(rows, columns))
}

fn written(rows: usize, columns: usize) -> Arg {
    Arg::MutF64(vec![rows, columns], matrix(rows, columns))
}

/// Extents with and without remainders, 0 among them.
const EXTENTS: [[usize; 3]; 7] = [[0, 3, 2], [2, 0, 3], [1, 1, 1], [3, 4, 5], [8, 8, 16], [9, 17, 11], [1, 30, 40]];

#[test]
fn the_order_of_loops_does_not_matter() {
    let [i, j, k] = ["for v3 in 0..d0 {", "for v4 in 0..d2 {", "for rev v5 in 0..d1 {"];
    for loops in [[i, j, k], [i, k, j], [j, i, k], [j, k, i], [k, i, j], [k, j, i]] {
        for (a, b, left, right) in [
            ("[f64; d0, d1]", "[f64; d1, d2]", "v3, v5", "v5, v4"),
            ("[f64; d1, d0]", "[f64; d1, d2]", "v5, v3", "v5, v4"),
            ("[f64; d0, d1]", "[f64; d2, d1]", "v3, v5", "v4, v5"),
            ("[f64; d1, d0]", "[f64; d2, d1]", "v5, v3", "v4, v5"),
        ] {
            let loops = loops.join(" ");
            let text = format!(
                "func @f(v0: {a}, v1: {b}, v2: mut [f64; d0, d2]) {{
  {loops}
    v6 = load v0[{left}]
    v7 = load v1[{right}]
    v8 = mul v7, v6
    v9 = neg v8
    acc v2[v3, v4], v9
  }} }} }}
}}"
            );
            assert_eq!(tasks(&text), 1, "{text}");
            let dims = |subscripts: &str, [m, k, n]: [usize; 3]| match subscripts {
                "v3, v5" => (m, k),
                "v5, v3" => (k, m),
                "v5, v4" => (k, n),
                _ => (n, k),
            };
            for extents in EXTENTS {
                let [(r, s), (t, u)] = [left, right].map(|subscripts| dims(subscripts, extents));
                close(&text, &[read_only(r, s), read_only(t, u), written(extents[0], extents[2])]);
            }
        }
    }
}

/// What reverse mode makes of a product: one nest, two products, and a weight that wins.
const REVERSE: &str =
    "func @f(v0: [f64; d0, d1], v1: [f64; d1, d2], v2: mut [f64; d0, d1], v3: mut [f64; d1, d2], v4: [f64; d0, d2]) {
  v5 = const 0.0
  for v34 in 0..d0 {
    for v35 in 0..d1 {
      v36 = load v0[v34, v35]
      v37 = for v38 in 0..d2 (v39: f64 = v5) {
        v40 = load v4[v34, v38]
        v41 = load v1[v35, v38]
        v42 = smul v40, v41
        v43 = add v39, v42
        v44 = smul v40, v36
        acc v3[v35, v38], v44
        yield v43
      }
      acc v2[v34, v35], v37
    }
  }
}";

#[test]
fn products_may_share_a_nest_and_zeros_win() {
    assert_eq!(tasks(REVERSE), 2);
    for [m, k, n] in EXTENTS {
        for odd in [1.0, f64::INFINITY, f64::NAN] {
            let [mut a, mut b, mut ct] = [matrix(m, k), matrix(k, n), matrix(m, n)];
            a.iter_mut().step_by(5).for_each(|x| *x = odd);
            b.iter_mut().step_by(7).for_each(|x| *x = odd);
            ct.iter_mut().step_by(2).for_each(|x| *x = 0.0);
            let [a, b, ct] = [(a, [m, k]), (b, [k, n]), (ct, [m, n])].map(|(x, dims)| Arg::F64(dims.to_vec(), x));
            close(REVERSE, &[a, b, written(m, k), written(k, n), ct]);
        }
    }
}

/// What reverse mode makes of a matrix times a vector: what is read is set to zero.
const CLEARS: &str =
    "func @f(v0: [f64; d0, d1], v1: [f64; d1], v2: mut [f64; d0, d1], v3: mut [f64; d1], v7: mut [f64; d0]) {
  v5 = const 0.0
  for v25 in 0..d0 {
    v26 = load v7[v25]
    store v7[v25], v5
    for v27 in 0..d1 {
      v28 = load v1[v27]
      v29 = smul v26, v28
      v30 = load v0[v25, v27]
      v31 = smul v26, v30
      acc v3[v27], v31
      acc v2[v25, v27], v29
    }
  }
}";

#[test]
fn what_is_read_may_be_set_to_zero() {
    assert_eq!(tasks(CLEARS), 3);
    for [m, _, n] in EXTENTS {
        let vector = |n: usize| Arg::MutF64(vec![n], matrix(n, 1));
        close(CLEARS, &[read_only(m, n), xs(&matrix(n, 1)), written(m, n), vector(n), vector(m)]);
    }
}

/// A sum that takes the place of what was there, of parts of arrays; `v3` and `v4` say where they begin.
const PARTS: &str = "func @f(v0: [f64; d0, d1], v1: [f64; d2, d3], v2: mut [f64; d4, d5], v3: i64, v4: i64, v5: i64) {
  v6 = const 0.0
  v7 = const 2
  for v8 in v3..v5 {
    for v9 in 0..v5 {
      v10 = for v11 in v4..v5 (v12: f64 = v6) {
        v13 = iadd v11, v3
        v14 = load v0[v13, v8]
        v15 = imul v9, v7
        v16 = iadd v15, v4
        v17 = load v1[v11, v16]
        v18 = mul v14, v17
        v19 = add v12, v18
        yield v19
      }
      v20 = isub v8, v3
      store v2[v9, v20], v10
    }
  }
}";

fn parts(dims: [usize; 6], numbers: [i64; 3]) -> Vec<Arg> {
    let [a, b, c, d, e, g] = dims;
    let mut args = vec![read_only(a, b), read_only(c, d), written(e, g)];
    args.extend(numbers.map(i));
    args
}

#[test]
fn parts_of_arrays_may_be_multiplied_and_what_stops_stops_where_it_did() {
    assert_eq!(tasks(PARTS), 1);
    for numbers in [[0, 0, 5], [1, 2, 6], [3, 1, 4], [2, 2, 2], [5, 0, 3], [-1, 0, 5], [0, -1, 3], [0, 0, 9]] {
        close(PARTS, &parts([9, 8, 7, 14, 6, 6], numbers));
        close(PARTS, &parts([20, 20, 20, 30, 20, 20], numbers));
    }
    let extremes = [i64::MAX, i64::MIN];
    close(PARTS, &parts([9, 8, 7, 14, 6, 6], [extremes[0], 0, extremes[1]]));
}

#[test]
fn other_nests_stay_loops() {
    let nest = |loops: &str, body: &str| {
        format!(
            "func @f(v0: [f64; d0, d0], v1: mut [f64; d0, d0], v2: mut [f64; d0, d0], v3: f64) {{
  v4 = const 0.0
  v5 = const 1
  for v6 in 0..d0 {{ {loops} {{ {body} }} }}
}}"
        )
    };
    let inner = "for v7 in 0..d0";
    let product = "v8 = load v0[v6, v7] v9 = load v0[v7, v6] v10 = mul v8, v9";
    // A product it is, for comparison.
    let vector = "v8 = load v0[v6, v7] v9 = load v1[v7, v5] v10 = mul v8, v9 acc v2[v6, v5], v10";
    let others = [
        // Every index is in both factors and in the result, or in one factor alone.
        (inner, format!("{product} acc v2[v6, v7], v10")),
        (inner, "v8 = load v0[v6, v7] v9 = load v0[v5, v5] v10 = mul v8, v9 acc v2[v5, v5], v10".to_owned()),
        // A triangle; another step.
        ("for v7 in 0..v6", vector.to_owned()),
        ("for v7 in 0..d0 step 2", vector.to_owned()),
        // What is written is read.
        (inner, vector.replace("load v1", "load v2")),
        (inner, format!("{vector} store v1[v7, v5], v4")),
        (inner, format!("store v1[v7, v5], v4 {vector}")),
        // An element is overwritten again and again; other things than products.
        (inner, vector.replace("acc", "store")),
        (inner, vector.replace("mul v8, v9", "mul v8, v3")),
        (inner, vector.replace("mul v8, v9", "div v8, v9")),
        (inner, format!("{vector} print \"here\"")),
        (inner, format!("{vector} acc v2[v6, v7], v3")),
        (inner, vector.replace("v2[v6, v5]", "v2[v6, v6]").replace("v1[v7, v5]", "v1[v7, v6]")),
    ];
    assert_eq!(tasks(&nest(inner, vector)), 1);
    for (loops, body) in others {
        let text = nest(loops, &body);
        assert_eq!(tasks(&text), 0, "{text}");
        for n in [0, 1, 5] {
            close(&text, &[read_only(n, n), written(n, n), written(n, n), f(1.5)]);
        }
    }
}

#[test]
fn single_precision_is_multiplied_too() {
    let text = REVERSE.replace("f64", "f32").replace("const 0.0", "const f32 0.0");
    assert_eq!(tasks(&text), 2);
    let [m, k, n] = [9, 17, 11];
    let small =
        |rows: usize, columns: usize| matrix(rows, columns).iter().map(|x| x.round() as f32).collect::<Vec<_>>();
    let given = |rows, columns| Arg::F32(vec![rows, columns], small(rows, columns));
    let written = |rows, columns| Arg::MutF32(vec![rows, columns], small(rows, columns));
    // Small whole numbers: every order gives the same.
    let args = [given(m, k), given(k, n), written(m, k), written(k, n), given(m, n)];
    let module = module(&text);
    let expected = interpreted(&module, &args, Limits::default());
    for options in options() {
        assert_eq!(compiled(&module, &args, Limits::default(), &options), expected, "{options:?}");
    }
}

/// Programs that between them show every seeded bug.
fn shows(mutant: Mutant) -> bool {
    let [m, k, n] = [9, 17, 11];
    let mut odd = matrix(k, n);
    odd[4] = f64::INFINITY;
    let mut zero = matrix(m, n);
    zero[4] = 0.0;
    let (odd, zero) = (Arg::F64(vec![k, n], odd), Arg::F64(vec![m, n], zero));
    let aliased = "func @f(v0: [f64; d0, d0], v1: mut [f64; d0]) {
  for v2 in 0..d0 { for v3 in 0..d0 { v4 = load v0[v2, v3] v5 = load v1[v3] v6 = mul v4, v5 acc v1[v2], v6 } }
}";
    let vector = |n: usize| Arg::MutF64(vec![n], matrix(n, 1));
    let programs = [
        (REVERSE, vec![read_only(m, k), odd, written(m, k), written(k, n), zero]),
        (CLEARS, vec![read_only(m, n), xs(&matrix(n, 1)), written(m, n), vector(n), vector(m)]),
        (PARTS, parts([9, 8, 7, 14, 6, 6], [1, 2, 6])),
        (PARTS, parts([9, 8, 7, 14, 6, 6], [0, 0, 6])),
        (PARTS, parts([20, 20, 20, 30, 20, 20], [1, 2, 6])),
        // A column that is not there, but memory that is.
        (PARTS, parts([9, 8, 7, 8, 6, 6], [0, 0, 6])),
        (aliased, vec![read_only(9, 9), vector(9)]),
    ];
    programs.into_iter().any(|(text, args)| {
        let module = module(text);
        let expected = interpreted(&module, &args, Limits::default());
        let options = Options { products: Products::Eager, mutant: Some(mutant), ..base() };
        !alike(&compiled(&module, &args, Limits::default(), &options), &expected)
    })
}

#[test]
fn seeded_bugs_are_seen() {
    for &mutant in Mutant::ALL.iter().filter(|mutant| mutant.is_of_products()) {
        assert!(shows(mutant), "{} is not seen", mutant.name());
    }
    assert!(!shows(Mutant::RemainderLost));
}
