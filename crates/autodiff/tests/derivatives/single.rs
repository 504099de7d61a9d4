//! Single precision: programs whose floats are all `f32`, and programs that go between the two float types.
//!
//! The programs worked out by hand are rewritten for `f32` by the text, and must give what the hand says as far as `f32` carries. What only rounds otherwise is the same derivative.

use crate::harness::{
    Random, derivatives, float_results, inputs, level_0, read, relations_to_order, reverse, run, single,
};
use crate::programs::{Arg, all};
use crate::random::text_and_args;
use adit_autodiff::Options;
use adit_ir::FuncId;

fn numbers(arg: &Arg) -> Vec<f64> {
    match arg {
        Arg::F(x) => vec![*x],
        Arg::V(x) | Arg::Mut(x) | Arg::Matrix(_, x) => x.clone(),
        Arg::I(_) | Arg::Is(_) => Vec::new(),
    }
}

/// The same program in `f32`.
fn rewritten(text: &str) -> String {
    let line = |line: &str| {
        // Iterations end where `f32` can end them.
        let line = line.replace("f64", "f32").replace("itof", "itos").replace("1e-13", "1e-5");
        match line.split_once("const ") {
            Some((head, c))
                if c.contains(['.', 'e']) && !c.contains("true") && !c.contains("false")
                    || c.contains("inf")
                    || c.contains("nan") =>
            {
                format!("{head}const f32 {c}")
            }
            Some(_) | None => line,
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 2e-4 * (1.0 + b.abs())
}

#[test]
fn gradients_in_single_precision_are_those_of_the_hand() {
    let mut compared = 0;
    for hand in all() {
        // What `f32` cannot hold is no program of it.
        let large = |x: &f64| x.is_finite() && (x.abs() > 1e30 || (*x != 0.0 && x.abs() < 1e-30));
        if hand.args.iter().chain(&hand.gradient).flat_map(numbers).any(|x| large(&x)) {
            continue;
        }
        let mut module = read(&rewritten(hand.text));
        let f = FuncId::new(0);
        let point = inputs(&module, f, &hand.args);
        let primal = run(&module, f, &mut point.clone()).expect("the program runs");
        let value = float_results(&primal.results)[0];
        let (_, vjp) = derivatives(&mut module, f, &level_0());
        let zeros = hand.args.iter().filter(|a| matches!(a, Arg::Mut(_))).map(|a| vec![0.0; numbers(a).len()]);
        let back = reverse(&module, f, vjp, &point, &[1.0], &zeros.collect::<Vec<_>>()).expect("it runs");
        let expected: Vec<f64> = hand.gradient.iter().flat_map(numbers).collect();
        let given = back.adjoints.concat();
        let all_near = given.len() == expected.len() && given.iter().zip(&expected).all(|(a, b)| near(*a, *b));
        assert!(
            near(value, hand.value) && all_near,
            "{}: {value} {given:?}, not {} {expected:?}",
            hand.name,
            hand.value
        );
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn modes_agree_in_single_precision_to_second_order() {
    for hand in all() {
        let mut module = read(&rewritten(hand.text));
        let f = FuncId::new(0);
        let point = inputs(&module, f, &hand.args);
        let checked =
            single(|| relations_to_order(&mut module, f, &point, 2, &mut Random::new(7), &Options::default()));
        if let Err(error) = checked {
            panic!("{}: {error}", hand.name);
        }
    }
}

/// Derivatives pass conversions in the type of what they belong to.
#[test]
fn conversions_hand_derivatives_on() {
    let text = "
func @f(v0: f32, v1: [f64; 2], v2: mut [f32; 2]) -> (f64, f32) {
  v3 = widen v0
  v4 = load v1[0]
  v5 = mul v3, v4
  v6 = narrow v5
  v7 = sin v6
  v8 = load v2[1]
  v9 = mul v7, v8
  store v2[0], v9
  v10 = widen v9
  v11 = const 3
  v12 = powi v10, v11
  v13 = itos v11
  v14 = div v7, v13
  return v12, v14
}";
    let mut module = read(text);
    let f = FuncId::new(0);
    let args = [Arg::F(0.75), Arg::V(vec![1.5, 2.0]), Arg::Mut(vec![0.5, 1.25])];
    let point = inputs(&module, f, &args);
    single(|| relations_to_order(&mut module, f, &point, 3, &mut Random::new(3), &Options::default()))
        .expect("modes agree");
}

#[test]
fn modes_agree_on_random_programs_in_single_precision() {
    for seed in 0..60 {
        let (text, args) = text_and_args(seed);
        let mut module = read(&rewritten(&text));
        let f = FuncId::new(0);
        let point = inputs(&module, f, &args);
        let checked =
            single(|| relations_to_order(&mut module, f, &point, 1, &mut Random::new(seed), &Options::default()));
        assert_eq!(checked, Ok(()), "seed {seed}");
    }
}
