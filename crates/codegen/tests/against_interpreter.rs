//! Compiled code does what the interpreter does, operation by operation.

mod common;

use adit_ir::prim::{Eval, Native};
use adit_ir::{Prim, Scalar, ScalarType};
use common::{Arg, agree, b, f, i, out, xs};

/// A function that applies one primitive to its parameters.
fn program(prim: Prim, float: ScalarType) -> String {
    let row = prim.row();
    let params: Vec<String> = row.signature.args_at(float).enumerate().map(|(i, ty)| format!("v{i}: {ty}")).collect();
    let names: Vec<String> = (0..params.len()).map(|i| format!("v{i}")).collect();
    let (params, names, n) = (params.join(", "), names.join(", "), names.len());
    format!(
        "func @f({params}) -> {} {{\n  v{n} = {} {names}\n  return v{n}\n}}",
        row.signature.result.at(float),
        row.name
    )
}

const FLOATS: [f64; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.5,
    3.0,
    1e-310,
    -1e300,
    1e300,
    9.3e18,
    -9_223_372_036_854_775_808.0,
    9_223_372_036_854_774_784.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    709.5,
];
const SINGLES: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.3,
    -2.5,
    3.0,
    1e-40,
    -3e38,
    16_777_217.0,
    9.223_372e18,
    -9.223_372e18,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    88.5,
];
const INTS: [i64; 9] = [0, 1, -1, 2, -3, 7, i64::MIN, i64::MAX, 63];

fn values(ty: ScalarType) -> Vec<Scalar> {
    match ty {
        ScalarType::F64 => FLOATS.map(Scalar::F64).to_vec(),
        ScalarType::F32 => SINGLES.map(Scalar::F32).to_vec(),
        ScalarType::I64 => INTS.map(Scalar::I64).to_vec(),
        ScalarType::Bool => vec![Scalar::Bool(false), Scalar::Bool(true)],
    }
}

/// Every combination of operands.
fn combinations(types: &[ScalarType]) -> Vec<Vec<Scalar>> {
    types.iter().fold(vec![vec![]], |all, &ty| {
        let extend = |prefix: &Vec<Scalar>| {
            let prefix = prefix.clone();
            values(ty).into_iter().map(move |v| [prefix.clone(), vec![v]].concat()).collect::<Vec<_>>()
        };
        all.iter().flat_map(extend).collect()
    })
}

#[test]
fn every_primitive_at_every_edge() {
    let instances = Prim::ALL.iter().flat_map(|p| p.row().signature.float_types().iter().map(|&float| (*p, float)));
    for (prim, float) in instances {
        let module = common::module(&program(prim, float));
        let entries: Vec<_> = common::all_options().iter().map(|o| common::entry(&module, o)).collect();
        let mut workspace = adit_runtime::Workspace::new();
        let mut points = combinations(&prim.row().signature.args_at(float).collect::<Vec<_>>());
        let at_float = |s: &Scalar| match (float, *s) {
            (ScalarType::F32, Scalar::F64(x)) => Scalar::F32(x as f32),
            (_, s) => s,
        };
        points.extend(prim.row().points.iter().map(|p| p.iter().map(at_float).collect()));
        for point in points {
            let expected = prim.apply(&point).map(common::bits).map_err(adit_ir::Trap::from);
            for entry in &entries {
                let mut args: Vec<Arg> = point.iter().map(|&s| Arg::Scalar(s)).collect();
                let found = common::call(entry, &mut workspace, &mut args);
                let found = found.map(|r| common::bits(r[0])).map_err(|e| e.trap);
                assert_eq!(found, expected, "{prim} {point:?}");
            }
        }
    }
}

#[test]
fn evaluations_have_the_signature_of_their_row() {
    // Calls by address rely on this.
    for &prim in Prim::ALL {
        let row = prim.row();
        assert_eq!(row.eval.signature(), row.signature, "{prim}");
        assert!(!matches!(row.eval, Eval::B1(_) | Eval::B2(_)) || row.code != adit_ir::prim::Code::Call);
    }
    assert_ne!(Native::FMin, Native::FMax);
}

#[test]
fn literal_operands_of_integer_primitives() {
    for op in ["idiv", "irem", "ipow", "imul", "isub"] {
        for literal in INTS {
            let text =
                format!("func @f(v0: i64) -> i64 {{\n  v1 = const {literal}\n  v2 = {op} v0, v1\n  return v2\n}}");
            for x in [0, 1, -1, 5, i64::MIN, i64::MAX] {
                agree(&text, &[i(x)]);
            }
        }
    }
}

#[test]
fn remainders_by_an_extent() {
    let text = "func @f(v0: [f64; d0], v1: i64) -> i64 {\n  v2 = irem v1, d0\n  return v2\n}";
    for n in [0, 1, 2, 3] {
        for x in (-8..=8).chain([i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]) {
            agree(text, &[xs(&[0.5; 3][..n]), i(x)]);
        }
    }
}

#[test]
fn elements_of_an_array_that_is_round() {
    let text = "func @f(v0: [f64; d0], v1: i64, v2: mut [f64; d0]) {
  for v3 in 0..d0 {
    v4 = iadd v3, d0
    v5 = isub v4, v1
    v6 = irem v5, d0
    v7 = load v0[v6]
    store v2[v3], v7
  }
}";
    let of = |shift: &str| text.replace(", v1\n", ", v8\n").replace("  for", &format!("  v8 = const {shift}\n  for"));
    for n in 0..=5 {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0];
        for shift in -1..=4 {
            agree(text, &[xs(&x[..n]), i(shift), out(n)]);
            agree(&of(&shift.to_string()), &[xs(&x[..n]), i(0), out(n)]);
        }
    }
}

#[test]
fn literal_exponents() {
    for n in -5..=8 {
        let text = format!("func @f(v0: f64) -> f64 {{\n  v1 = const {n}\n  v2 = powi v0, v1\n  return v2\n}}");
        for x in [0.0, -0.0, 1.7, -3.3, f64::INFINITY, f64::NAN, 1e200] {
            agree(&text, &[f(x)]);
        }
    }
}

#[test]
fn comparisons_and_choices_of_every_type() {
    for op in ["eq", "ne", "lt", "le", "gt", "ge"] {
        let floats = format!(
            "func @f(v0: f64, v1: f64) -> (bool, f64, i64) {{
  v2 = cmp {op} v0, v1
  v3 = select v2, v0, v1
  v4 = const 3
  v5 = const 4
  v6 = select v2, v4, v5
  return v2, v3, v6
}}"
        );
        let ints = format!(
            "func @f(v0: i64, v1: i64) -> (bool, f64, bool) {{
  v2 = cmp {op} v0, v1
  v3 = const 1.5
  v4 = const -0.0
  v5 = select v2, v3, v4
  v6 = const true
  v7 = select v2, v2, v6
  return v2, v5, v7
}}"
        );
        for (x, y) in [(1.0, 2.0), (2.0, 1.0), (0.0, -0.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            agree(&floats, &[f(x), f(y)]);
        }
        for (x, y) in [(1, 2), (2, 1), (-1, 1), (i64::MIN, i64::MAX), (3, 3)] {
            agree(&ints, &[i(x), i(y)]);
        }
    }
    for (op, x, y) in [("eq", true, true), ("eq", true, false), ("ne", false, true)] {
        agree(&format!("func @f(v0: bool, v1: bool) -> bool {{ v2 = cmp {op} v0, v1 return v2 }}"), &[b(x), b(y)]);
    }
}

#[test]
fn loops_in_both_directions_with_every_step() {
    let max = i64::MAX;
    let headers = [
        "v3 in 1..4".to_owned(),
        "rev v3 in 1..4".to_owned(),
        "v3 in 1..8 step 3".to_owned(),
        "rev v3 in 1..8 step 3".to_owned(),
        "v3 in 7..0 step -3".to_owned(),
        "rev v3 in 7..0 step -3".to_owned(),
        "v3 in 7..0 step -1".to_owned(),
        "rev v3 in 7..0 step -1".to_owned(),
        "v3 in 4..4".to_owned(),
        "v3 in 4..1".to_owned(),
        "rev v3 in 4..1".to_owned(),
        "v3 in 1..4 step -1".to_owned(),
        "v3 in 1..4 step 0".to_owned(),
        format!("v3 in {}..{max} step 10", max - 1),
        format!("rev v3 in {}..{max} step 10", max - 25),
        format!("v3 in {}..{max} step {max}", i64::MIN),
        format!("rev v3 in {max}..{} step {}", i64::MIN, i64::MIN),
        format!("v3 in {max}..{} step {}", i64::MIN, i64::MIN),
    ];
    for header in headers {
        let text = format!(
            "func @f() -> i64 {{
  v0 = const 0
  v1 = const 100
  v2 = for {header} (v4: i64 = v0) {{
    v5 = imul v4, v1
    v6 = iadd v5, v3
    yield v6
  }}
  return v2
}}"
        );
        agree(&text, &[]);
    }
    for rev in ["", "rev "] {
        let text = format!(
            "func @f(v0: i64, v1: i64, v2: i64) -> i64 {{
  v3 = const 0
  v4 = const 100
  v5 = for {rev}v6 in v0..v1 step v2 (v7: i64 = v3) {{
    v8 = imul v7, v4
    v9 = iadd v8, v6
    print v6
    yield v9
  }}
  return v5
}}"
        );
        for lo in [0, 1, -3, max - 2, i64::MIN + 1] {
            for hi in [0, 2, 9, -7, max, i64::MIN] {
                for step in [3, 4, -2, -4, 1 << 62, i64::MIN, max, 0] {
                    // Only short courses.
                    if step == 0 || (i128::from(hi) - i128::from(lo)).abs() / i128::from(step).abs() < 50 {
                        agree(&text, &[i(lo), i(hi), i(step)]);
                    }
                }
            }
        }
    }
}

#[test]
fn whiles_ifs_and_carried_values() {
    let text = "func @f(v0: f64, v1: i64) -> (f64, f64, i64) {
  v2 = const 1.0
  v3, v4, v5 = while (v6: f64 = v0, v7: f64 = v2, v8: i64 = v1) {
    v9 = const 0
    v10 = cmp gt v8, v9
    yield v10
  } do (v11, v12, v13) {
    v14 = const 1
    v15 = isub v13, v14
    v16 = cmp lt v11, v12
    v17, v18 = if v16 {
      v19 = mul v11, v12
      yield v12, v19
    } else {
      v20 = sub v11, v12
      v21 = if v16 { yield v20 } else { v22 = add v20, v20 yield v22 }
      yield v21, v11
    }
    yield v17, v18, v15
  }
  return v3, v4, v5
}";
    for n in 0..9 {
        agree(text, &[f(0.7), i(n)]);
    }
}

const MEMORY: &str = "func @f(v0: mut [f64; d0], v1: mut [i64; 2], v2: mut [bool; d0, 2], v3: f64) -> f64 {
  v4 = const 7
  v5 = const true
  store v0[1], v3
  acc v0[1], v3
  acc v0[0], v3
  fill v1, v4
  v50 = const 5
  store v1[1], v50
  store v2[1, 0], v5
  v40 = load v2[0, 0]
  store v2[1, 1], v40
  v6 = alloc [f64; d0]
  v7 = load v6[1]
  copy v6, v0
  v8 = load v6[1]
  v9 = add v7, v8
  v10 = alloc [bool; 3, 5]
  v11 = load v10[2, 4]
  store v10[2, 3], v5
  print v10, v11, v6
  fill v10, v5
  print \"all\", v10
  v12 = const 2.5
  fill v6, v12
  v13 = load v6[0]
  v14 = add v9, v13
  return v14
}";

#[test]
fn memory_of_every_type() {
    let args = [
        Arg::MutF64(vec![2], vec![1.0, 2.0]),
        Arg::MutI64(vec![2], vec![0, 0]),
        Arg::MutBool(vec![2, 2], vec![true, false, false, false]),
        f(0.5),
    ];
    let seen = agree(MEMORY, &args);
    assert!(seen.result.is_ok());
    assert_eq!(seen.lines.len(), 2);
}

#[test]
fn matrices_with_constant_and_symbolic_extents() {
    let text = "func @f(v0: [f64; d0, d1], v1: [f64; d1, 3], v2: mut [f64; d0, 3]) {
  for v3 in 0..d0 {
    for v4 in 0..3 {
      v5 = const 0.0
      v6 = for v7 in 0..d1 (v8: f64 = v5) {
        v9 = load v0[v3, v7]
        v10 = load v1[v7, v4]
        v11 = mul v9, v10
        v12 = add v8, v11
        yield v12
      }
      store v2[v3, v4], v6
    }
  }
}";
    let a: Vec<f64> = (0..8).map(|i| f64::from(i) + 0.5).collect();
    let b: Vec<f64> = (0..12).map(|i| 1.0 / (f64::from(i) + 1.0)).collect();
    let args = [Arg::F64(vec![2, 4], a), Arg::F64(vec![4, 3], b.clone()), Arg::MutF64(vec![2, 3], vec![0.0; 6])];
    assert!(agree(text, &args).result.is_ok());
    let args = [Arg::F64(vec![0, 4], vec![]), Arg::F64(vec![4, 3], b), Arg::MutF64(vec![0, 3], vec![])];
    assert!(agree(text, &args).result.is_ok());
}

#[test]
fn stencils_with_shifted_subscripts_in_both_directions() {
    for header in ["v2 in 1..v9", "rev v2 in 1..v9", "v2 in 1..v9 step 2", "rev v2 in 1..v9 step 3"] {
        let text = format!(
            "func @f(v0: [f64; d0], v1: mut [f64; d0]) {{
  v8 = const 1
  v9 = isub d0, v8
  for {header} {{
    v3 = isub v2, v8
    v4 = iadd v2, v8
    v5 = load v0[v3]
    v6 = load v0[v4]
    v7 = add v5, v6
    store v1[v2], v7
    acc v1[v4], v5
  }}
}}"
        );
        for n in 0..7_usize {
            let x: Vec<f64> = (0..n).map(|i| (i * i) as f64).collect();
            assert!(agree(&text, &[xs(&x), out(n)]).result.is_ok());
        }
    }
}

#[test]
fn calls_with_many_results_and_arrays() {
    let text = "func @three(v0: f64, v1: [f64; d0], v2: i64) -> (f64, f64, f64, i64, bool) {
  v3 = load v1[v2]
  v4 = mul v0, v3
  v5 = neg v4
  v6 = const true
  v7 = iadd v2, d0
  return v3, v4, v5, v7, v6
}
func @two(v0: f64) -> (f64, f64) {
  v1 = sin v0
  v2 = cos v0
  return v1, v2
}
func @into(v0: mut [f64; d0], v1: f64) {
  for v2 in 0..d0 {
    acc v0[v2], v1
  }
}
func @f(v0: f64, v1: [f64; d0], v2: mut [f64; d1], v3: i64) -> f64 {
  v4, v5, v6, v7, v8 = call @three(v0, v1, v3)
  v9, v10 = call @two(v5)
  call @into(v2, v9)
  v11 = itof v7
  v12 = add v11, v10
  v13 = add v12, v6
  v14 = alloc [f64; d1]
  call @into(v14, v4)
  v15 = load v14[0]
  v16 = add v13, v15
  v17 = select v8, v16, v4
  return v17
}";
    for n in -1..4 {
        agree(text, &[f(1.25), xs(&[1.0, 2.0, 4.0]), out(2), i(n)]);
    }
}

#[test]
fn recursion() {
    let text = "func @f(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp le v1, v2
  v4 = if v3 {
    v5 = const 1.0
    yield v5
  } else {
    v6 = const 1
    v7 = isub v1, v6
    v8 = call @f(v0, v7)
    v9 = mul v8, v0
    yield v9
  }
  return v4
}";
    // The interpreter has no stack that could be full before the limit of calls.
    let all = || [0, 1, 5, 1000, 20_000].into_iter().for_each(|n| _ = agree(text, &[f(1.0001), i(n)]));
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(all).expect("threads start");
    thread.join().expect("they agree");
}

#[test]
fn tapes_of_every_field() {
    let text = "func @f(v0: [f64; d0], v1: mut [f64; d0]) -> (f64, i64) {
  v2 = tape.new (f64, i64, bool)
  v3 = const 1.0
  v4 = for v5 in 0..d0 (v6: f64 = v3) {
    v7 = load v0[v5]
    v8 = cmp gt v7, v3
    tape.push v2, (v6, v5, v8)
    v9 = mul v6, v7
    yield v9
  }
  v10 = const 0
  v11 = for rev v12 in 0..d0 (v13: i64 = v10) {
    v14, v15, v16 = tape.pop v2
    v17 = select v16, v14, v4
    store v1[v15], v17
    v18 = iadd v13, v15
    yield v18
  }
  return v4, v11
}";
    for n in [0, 1, 3, 2000] {
        let x: Vec<f64> = (0..n).map(|i| 1.0 + f64::from(i % 3) * 1e-3 - 1e-3).collect();
        assert!(agree(text, &[xs(&x), out(n as usize)]).result.is_ok());
    }
}

#[test]
fn nested_tapes_and_arrays_in_loops() {
    let text = "func @f(v0: i64) -> f64 {
  v1 = const 0.0
  v2 = for v3 in 0..v0 (v4: f64 = v1) {
    v5 = alloc [f64; v0]
    v6 = tape.new (f64)
    for v7 in 0..v3 {
      v8 = itof v7
      tape.push v6, (v8)
      v9 = alloc [f64; 100]
      store v9[v7], v8
      v10 = load v9[v7]
      acc v5[v7], v10
    }
    v11 = for rev v12 in 0..v3 (v13: f64 = v4) {
      v14 = tape.pop v6
      v15 = load v5[v12]
      v16 = add v13, v14
      v17 = add v16, v15
      yield v17
    }
    yield v11
  }
  return v2
}";
    assert!(agree(text, &[i(60)]).result.is_ok());
    assert!(agree(text, &[i(0)]).result.is_ok());
    assert!(agree(text, &[i(102)]).result.is_err(), "a subscript beyond 100");
}

#[test]
fn printing() {
    let text = "func @f(v0: [f64; d0, 2], v1: i64, v2: bool, v3: f64) {
  print \"x =\", v0, v1, v2, v3
  print
  for v4 in 0..v1 {
    print v4, \"of\", v1
  }
}";
    let x = Arg::F64(vec![2, 2], vec![1.0, -0.0, f64::NAN, 1e300]);
    assert_eq!(agree(text, &[x, i(3), b(true), f(0.1)]).lines.len(), 5);
}

/// A sum of products in `f32` with a choice, a power, a conversion, a called function: every step is rounded.
const SINGLE: &str = r#"
func @f(v0: [f32; d0], v1: mut [f32; d0], v2: f32) -> (f32, f64, f32) {
  v3 = const f32 0.1
  v4 = const 3
  v5 = alloc [f32; d0]
  fill v5, v2
  v6 = tape.new (f32, i64, f32)
  v7 = for v8 in 0..d0 (v9: f32 = v3) {
    v10 = load v0[v8]
    v11 = load v5[v8]
    v12 = fma v10, v11, v9
    v13 = sin v12
    v14 = powi v13, v4
    v15 = cmp lt v14, v10
    v16 = select v15, v14, v10
    acc v1[v8], v16
    tape.push v6, (v16, v8, v14)
    v17 = smul v16, v3
    v18 = relu v17
    v19 = sign v10
    v20 = add v18, v19
    yield v20
  }
  v21 = for v22 in 0..d0 (v23: f32 = v7) {
    v24, v25, v26 = tape.pop v6
    v27 = itos v25
    v28 = mul v24, v27
    v29 = sub v28, v26
    v30 = add v23, v29
    yield v30
  }
  v31 = alloc [f32; d0]
  copy v31, v1
  v32 = widen v21
  v33 = const 0.3
  v34 = mul v32, v33
  v35 = narrow v34
  v36 = cmp ge v34, v33
  v37 = select v36, v35, v3
  print "single", v21, v31
  return v21, v34, v37
}
"#;

#[test]
fn single_precision_is_rounded_alike() {
    for n in [0, 1, 2, 7] {
        let x: Vec<f32> = (0..n).map(|i| 0.7 * i as f32 - 1.3).collect();
        agree(SINGLE, &[Arg::F32(vec![n], x.clone()), Arg::MutF32(vec![n], x), Arg::Scalar(Scalar::F32(1.1))]);
    }
}
