//! Activity of parameters: subsets, `mut` arrays declared inactive, strong zeros.

use crate::harness::{all_floats, derivatives, floats, inputs, level_0, read, reverse, run, zero_like};
use crate::programs::{Arg, all};
use adit_autodiff::{jvp, vjp};
use adit_interp::ir::{Cell, Input};
use adit_ir::{FuncId, Module, verify};

fn results(module: &Module, g: FuncId, inputs: &mut [Input<f64>]) -> Vec<f64> {
    let outcome = run(module, g, inputs).expect("the program runs");
    let float = |c: &Cell<f64>| match c {
        Cell::F64(x) | Cell::F32(x) => Some(*x),
        Cell::I64(_) | Cell::Bool(_) => None,
    };
    outcome.results.iter().filter_map(float).collect()
}

/// The adjoint of one parameter alone is what it is among all.
#[test]
fn one_active_parameter_gets_the_same_adjoint() {
    for hand in all() {
        let mut module = read(hand.text);
        let f = FuncId::new(0);
        let point = inputs(&module, f, &hand.args);
        let floats_of_f = all_floats(&module, f);
        let (_, full) = derivatives(&mut module, f, &level_0());
        let lent: Vec<Vec<f64>> = hand.args.iter().filter(|a| matches!(a, Arg::Mut(_))).map(zeros).collect();
        let expected = reverse(&module, f, full, &point, &[1.0], &lent).expect("the program runs").adjoints;
        let active: Vec<usize> = (0..floats_of_f.len()).filter(|&i| floats_of_f[i]).collect();
        for (&alone, expected) in active.iter().zip(expected) {
            let mask: Vec<bool> = (0..floats_of_f.len()).map(|i| i == alone).collect();
            let g = vjp(&mut module, f, &mask).expect("no calls");
            assert_eq!(verify(&module), Ok(()));
            let mut args = point.clone();
            let is_array = matches!(point[alone], Input::Array(_));
            args.extend(is_array.then(|| zero_like(&point[alone])));
            args.push(Input::Scalar(Cell::F64(1.0)));
            let results = results(&module, g, &mut args);
            let given = if is_array { floats(&args[point.len()]) } else { vec![results[1]] };
            assert_eq!(given, expected, "{}, parameter {alone}", hand.name);
        }
    }
}

fn zeros(arg: &Arg) -> Vec<f64> {
    match arg {
        Arg::Mut(x) => vec![0.0; x.len()],
        Arg::F(_) | Arg::I(_) | Arg::V(_) | Arg::Is(_) | Arg::Matrix(..) => Vec::new(),
    }
}

/// Writes x to a `mut` array and reads it back.
const THROUGH: &str = "
func @f(v0: f64, v1: mut [f64; d0]) -> f64 {
  v2 = mul v0, v0
  store v1[1], v2
  v3 = load v1[1]
  v4 = load v1[0]
  v5 = mul v3, v4
  return v5
}";

#[test]
fn an_inactive_mut_array_still_carries_derivatives_inside() {
    let mut module = read(THROUGH);
    let f = FuncId::new(0);
    let point = inputs(&module, f, &[Arg::F(3.0), Arg::Mut(vec![5.0, 7.0])]);
    let g = vjp(&mut module, f, &[true, false]).expect("no calls");
    let h = jvp(&mut module, f, &[true, false]).expect("within limits");
    assert_eq!(verify(&module), Ok(()));
    for id in [g, h] {
        let mut args = point.clone();
        args.push(Input::Scalar(Cell::F64(1.0)));
        assert_eq!(results(&module, id, &mut args), [45.0, 30.0]);
        assert_eq!(floats(&args[1]), [5.0, 9.0]);
    }
}

#[test]
fn the_seed_of_a_mut_array_reaches_what_was_written() {
    let mut module = read(THROUGH);
    let f = FuncId::new(0);
    let point = inputs(&module, f, &[Arg::F(3.0), Arg::Mut(vec![5.0, 7.0])]);
    let (_, g) = derivatives(&mut module, f, &level_0());
    let back = reverse(&module, f, g, &point, &[0.0], &[vec![10.0, 100.0]]).expect("the program runs");
    assert_eq!(back.adjoints, [vec![600.0], vec![10.0, 0.0]]);
}

#[test]
fn nothing_active_is_allowed() {
    for hand in all() {
        let mut module = read(hand.text);
        let f = FuncId::new(0);
        let g = vjp(&mut module, f, &[]).expect("no calls");
        jvp(&mut module, f, &[]).expect("within limits");
        assert_eq!(verify(&module), Ok(()));
        let mut args = inputs(&module, f, &hand.args);
        let expected = results(&module, f, &mut args.clone());
        args.push(Input::Scalar(Cell::F64(1.0)));
        assert_eq!(results(&module, g, &mut args), expected, "{}", hand.name);
    }
}

#[test]
fn integers_are_never_active() {
    let mut module = read(THROUGH);
    let f = FuncId::new(0);
    let size = module.function(f).params.len();
    let g = vjp(&mut module, f, &vec![true; size + 5]).expect("no calls");
    assert_eq!(module.function(g).params.len(), 4);
}

/// log(x) - y^2 at (0, 1).
const F4: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = log v0
  v3 = mul v1, v1
  v4 = sub v2, v3
  return v4
}";

#[test]
fn a_zero_direction_wins_over_an_infinite_partial() {
    let mut module = read(F4);
    let f = FuncId::new(0);
    let g = jvp(&mut module, f, &[true, true]).expect("within limits");
    let mut args = inputs(&module, f, &[Arg::F(0.0), Arg::F(1.0)]);
    args.extend([0.0, 1.0].map(|t| Input::Scalar(Cell::F64(t))));
    assert_eq!(results(&module, g, &mut args), [f64::NEG_INFINITY, -2.0]);
    let gg = jvp(&mut module, g, &[true, true, false, false]).expect("within limits");
    let mut args: Vec<Input<f64>> = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0].map(|t| Input::Scalar(Cell::F64(t))).to_vec();
    let given = results(&module, gg, &mut args);
    assert_eq!(given[3], 0.0, "the mixed second derivative is 0: {given:?}");
}

/// x log y at (0, 2): its Hessian is [[0, 1/2], [1/2, 0]], whichever modes make it.
const XLOGY: &str = "
func @f(v0: f64, v1: f64) -> f64 {
  v2 = log v1
  v3 = mul v0, v2
  return v3
}";

#[test]
fn a_strong_zero_does_not_lose_a_second_derivative() {
    let mut module = read(XLOGY);
    let f = FuncId::new(0);
    let (jvp1, vjp1) = derivatives(&mut module, f, &level_0());
    let (_, over_jvp) = derivatives(&mut module, jvp1, &level_0());
    let (forward, over_vjp) = derivatives(&mut module, vjp1, &level_0());
    let scalars = |x: &[f64]| x.iter().map(|&x| Input::Scalar(Cell::F64(x))).collect::<Vec<Input<f64>>>();
    for (row, expected) in [([1.0, 0.0], [0.0, 0.5]), ([0.0, 1.0], [0.5, 0.0])] {
        // Forward over reverse: the tangents of the two adjoints.
        let args = [&[0.0, 2.0, 1.0], &row[..], &[0.0]].concat();
        assert_eq!(results(&module, forward, &mut scalars(&args))[4..], expected);
        // Reverse over reverse: the adjoints of x and y for a seed on the two adjoints.
        let args = [&[0.0, 2.0, 1.0], &[0.0][..], &row].concat();
        assert_eq!(results(&module, over_vjp, &mut scalars(&args))[3..5], expected);
        // Reverse over forward: a seed on the tangent.
        let args = [&[0.0, 2.0][..], &row, &[0.0, 1.0]].concat();
        assert_eq!(results(&module, over_jvp, &mut scalars(&args))[2..4], expected);
    }
    // The third derivative d/dx d/dy^2 at (0, 2) is -1/4.
    let (third, _) = derivatives(&mut module, forward, &level_0());
    let args = [0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let given = results(&module, third, &mut scalars(&args));
    assert_eq!(given[given.len() - 1], -0.25, "{given:?}");
}
