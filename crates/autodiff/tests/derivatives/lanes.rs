//! Several lanes are as many runs of one lane, bit for bit, and cost one evaluation of each partial.
//!
//! [`agree`] is one of the relations that every program of these tests passes, derivatives of derivatives included.

use crate::harness::{all_floats, bits, data_like, directions, float_results, floats, inputs, lent, read, run};
use crate::programs::Arg;
use crate::{harness::Random, programs::all};
use adit_autodiff::{Options, RefusalKind, jvp, jvp_with};
use adit_interp::ir::{Array, Cell, Input};
use adit_ir::print::print_function;
use adit_ir::verify::MAX_RANK;
use adit_ir::{FuncId, Module, verify};

/// Odd, so that nothing is right by pairs.
const LANES: usize = 3;

fn with_lanes(lanes: usize) -> Options {
    Options { lanes, ..Options::default() }
}

/// The slots of one parameter's tangent: a scalar per lane, or a shadow with the lanes innermost.
fn packed(lanes: &[&Input<f64>]) -> Vec<Input<f64>> {
    let Input::Array(first) = lanes[0] else { return lanes.iter().map(|&x| x.clone()).collect() };
    let columns: Vec<Vec<f64>> = lanes.iter().map(|x| floats(x)).collect();
    let count = columns[0].len();
    let mixed = (0..count).flat_map(|i| columns.iter().map(move |c| c[i])).collect();
    let dims: Vec<i64> = first.dims.iter().copied().chain([lanes.len() as i64]).collect();
    vec![Input::Array(Array { dims, data: data_like(&first.data, mixed) })]
}

/// By lane: tangents of results, then of `mut` arrays.
fn unpacked(results: &[f64], shadows: &[Vec<f64>], lanes: usize) -> Vec<Vec<f64>> {
    let all: Vec<f64> = results.iter().chain(shadows.iter().flatten()).copied().collect();
    (0..lanes).map(|lane| all.iter().skip(lane).step_by(lanes).copied().collect()).collect()
}

fn tangents(module: &Module, f: FuncId, g: FuncId, mut args: Vec<Input<f64>>) -> Result<Vec<Vec<f64>>, String> {
    let (count, active, is_lent) = (module.function(f).results.len(), all_floats(module, f), lent(module, f));
    let lanes = lanes_of(module, f, g);
    let outcome = run(module, g, &mut args)?;
    let mut at = active.len();
    let mut shadows = Vec::new();
    for (k, (_, lent)) in active.iter().zip(&is_lent).enumerate().filter(|(_, (active, _))| **active) {
        shadows.extend(lent.then(|| floats(&args[at])));
        at += if matches!(args[k], Input::Array(_)) { 1 } else { lanes };
    }
    Ok(unpacked(&float_results(&outcome.results[count..]), &shadows, lanes))
}

/// How many lanes a derivative has, by the name it was given.
fn lanes_of(module: &Module, f: FuncId, g: FuncId) -> usize {
    let suffix = &module.function(g).name[module.function(f).name.len()..];
    suffix.trim_start_matches("__jvp").split('_').next().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// That forward mode with several lanes computes what as many runs with one lane do.
pub fn agree(
    module: &Module,
    f: FuncId,
    point: &[Input<f64>],
    random: &mut Random,
    options: &Options,
) -> Result<(), String> {
    let mut module = module.clone();
    let active = all_floats(&module, f);
    let one = jvp(&mut module, f, &active).expect("within limits");
    let options = Options { lanes: LANES, ..*options };
    let many = jvp_with(&mut module, f, &active, &options).expect("within limits");
    if let Err(violations) = verify(&module) {
        panic!("{}\n{}", violations[0], print_function(&module, module.function(many)));
    }
    let along: Vec<Vec<Input<f64>>> = (0..LANES).map(|_| directions(point, &active, random)).collect();
    let mut args = point.to_vec();
    for k in 0..along[0].len() {
        args.extend(packed(&along.iter().map(|lane| &lane[k]).collect::<Vec<_>>()));
    }
    let found = tangents(&module, f, many, args)?;
    for (lane, direction) in along.iter().enumerate() {
        let expected = tangents(&module, f, one, point.iter().chain(direction).cloned().collect())?;
        if bits(&expected[0]) != bits(&found[lane]) {
            return Err(format!("lane {lane} of {LANES} gives {:?}, alone {:?}", found[lane], expected[0]));
        }
    }
    Ok(())
}

#[test]
fn hand_written_programs_have_independent_lanes() {
    let mut random = Random::new(7);
    for hand in all() {
        let module = read(hand.text);
        let point = inputs(&module, FuncId::new(0), &hand.args);
        let agreed = agree(&module, FuncId::new(0), &point, &mut random, &Options::default());
        assert_eq!(agreed, Ok(()), "{}", hand.name);
    }
}

fn text(source: &str, lanes: usize) -> String {
    let mut module = read(source);
    let active = all_floats(&module, FuncId::new(0));
    let g = jvp_with(&mut module, FuncId::new(0), &active, &with_lanes(lanes)).expect("within limits");
    assert_eq!(verify(&module), Ok(()));
    print_function(&module, module.function(g))
}

#[test]
fn lanes_stand_side_by_side() {
    let f = "
func @f(v0: f64, v1: mut [f64; d0]) -> f64 {
  v2 = const 3.0
  v3 = load v1[0]
  v4 = mul v2, v3
  store v1[1], v4
  fill v1, v0
  return v4
}";
    let expected = "\
func @f__jvp2(v0: f64, v1: mut [f64; d0], v2: f64, v3: f64, v4: mut [f64; d0, 2]) -> (f64, f64, f64) {
  v5 = const 3.0
  v6 = load v1[0]
  v7 = load v4[0, 0]
  v8 = load v4[0, 1]
  v9 = mul v5, v6
  v10 = const 3.0
  v11 = mul v7, v10
  v12 = mul v8, v10
  store v1[1], v9
  store v4[1, 0], v11
  store v4[1, 1], v12
  fill v1, v0
  for v13 in 0..d0 {
    store v4[v13, 0], v2
    store v4[v13, 1], v3
  }
  return v9, v11, v12
}
";
    assert_eq!(text(f, 2), expected);
}

#[test]
fn partials_are_computed_once_for_all_lanes() {
    let f = "
func @f(v0: [f64; d0], v1: f64) -> f64 {
  v2 = for v3 in 0..d0 (v4: f64 = v1) {
    v5 = load v0[v3]
    v6 = sin v5
    v7 = mul v6, v4
    yield v7
  }
  v8 = div v2, v1
  return v8
}";
    let text = text(f, 8);
    let count = |what: &str| text.matches(&format!(" = {what} ")).count();
    assert_eq!(count("cos"), 1, "{text}");
    // The primal's, 1 / y, and the quotient in the partial by y.
    assert_eq!(count("div"), 3, "{text}");
    // One by sin, two by the product, two by the quotient.
    assert_eq!(count("smul"), 5 * 8, "{text}");
}

#[test]
fn a_structural_zero_emits_nothing_in_any_lane() {
    let f = "
func @f(v0: f64, v1: i64) -> f64 {
  v2 = itof v1
  v3 = exp v2
  v4 = floor v0
  v5 = add v3, v4
  v6 = add v5, v0
  return v6
}";
    let eight = text(f, 8);
    assert_eq!(eight.lines().count(), text(f, 1).lines().count(), "{eight}");
}

#[test]
fn arrays_without_elements_have_lanes_without_elements() {
    let module = read(
        "
func @f(v0: [f64; d0, d1], v1: mut [f64; d0], v2: f64) -> f64 {
  fill v1, v2
  v3 = alloc [f64; d0]
  copy v3, v1
  v4 = for v5 in 0..d0 (v6: f64 = v2) {
    v7 = load v3[v5]
    v8 = mul v6, v7
    yield v8
  }
  return v4
}",
    );
    let point = [
        Input::Array(Array::of(&[0, 4], vec![])),
        Input::Array(Array::of(&[0], vec![])),
        Input::Scalar(Cell::F64(2.0)),
    ];
    assert_eq!(agree(&module, FuncId::new(0), &point, &mut Random::new(3), &Options::default()), Ok(()));
}

#[test]
fn recursion_keeps_its_lanes() {
    let module = read(
        "
func @power(v0: f64, v1: i64) -> f64 {
  v2 = const 0
  v3 = cmp le v1, v2
  v4 = if v3 {
    v5 = const 1.0
    yield v5
  } else {
    v6 = const 1
    v7 = isub v1, v6
    v8 = call @power(v0, v7)
    v9 = mul v8, v0
    yield v9
  }
  return v4
}",
    );
    let point = inputs(&module, FuncId::new(0), &[Arg::F(1.5), Arg::I(5)]);
    assert_eq!(agree(&module, FuncId::new(0), &point, &mut Random::new(3), &Options::default()), Ok(()));
    let mut derived = module.clone();
    jvp_with(&mut derived, FuncId::new(0), &[true, false], &with_lanes(4)).expect("within limits");
    assert_eq!(derived.len(), module.len() + 1, "the derivative calls itself");
}

#[test]
fn lanes_count_towards_the_limits() {
    let f = "
func @f(v0: f64) -> f64 {
  v1 = mul v0, v0
  return v1
}";
    let mut module = read(f);
    for lanes in [10_000_000, usize::MAX] {
        let refusal = jvp_with(&mut module, FuncId::new(0), &[true], &with_lanes(lanes)).expect_err("beyond the limit");
        assert!(matches!(refusal.kind, RefusalKind::TooLarge { .. }), "{refusal:?}");
    }
    assert_eq!(text(f, 0), text(f, 1), "no lanes count as one");

    let extents = vec!["1"; MAX_RANK].join(", ");
    let full = format!("func @f(v0: f64) -> f64 {{\n  v1 = alloc [f64; {extents}]\n  fill v1, v0\n  return v0\n}}");
    let mut module =
        read(&full.replace("return v0", &format!("v2 = load v1[{}]\n  return v2", extents.replace('1', "0"))));
    assert!(jvp(&mut module, FuncId::new(0), &[true]).is_ok());
    let refusal = jvp_with(&mut module, FuncId::new(0), &[true], &with_lanes(2)).expect_err("beyond the limit");
    assert!(matches!(refusal.kind, RefusalKind::TooManyDimensions { .. }), "{refusal:?}");
}
