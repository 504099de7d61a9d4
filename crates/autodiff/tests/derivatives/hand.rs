//! Tiny programs: against hand values, against the complex step, one mode against the other, to fourth order; and whether seeded bugs are seen.

use crate::harness::{Random, bug, close, derivatives, inputs, plans, read, relations_to_order, reverse, run};
use crate::programs::{Arg, Hand, all};
use adit_autodiff::{Mutant, Options};
use adit_interp::ir::Cell;
use adit_ir::FuncId;

/// What an argument or an adjoint holds.
fn numbers(arg: &Arg) -> Vec<f64> {
    match arg {
        Arg::F(x) => vec![*x],
        Arg::V(x) | Arg::Mut(x) | Arg::Matrix(_, x) => x.clone(),
        Arg::I(_) | Arg::Is(_) => Vec::new(),
    }
}

/// Value and gradient as the hand says.
fn check_hand(hand: &Hand, options: &Options) -> Result<(), String> {
    let mut module = read(hand.text);
    let f = FuncId::new(0);
    let point = inputs(&module, f, &hand.args);
    let primal = run(&module, f, &mut point.clone())?;
    let Some(Cell::F64(value)) = primal.results.first() else { return Err("no float result".into()) };
    if !close(*value, hand.value, 1.0) {
        return Err(format!("value {value}, expected {}", hand.value));
    }
    let (_, vjp) = derivatives(&mut module, f, options);
    let zeros: Vec<Vec<f64>> = hand.args.iter().filter(|a| matches!(a, Arg::Mut(_))).map(numbers).collect();
    let zeros: Vec<Vec<f64>> = zeros.into_iter().map(|x| vec![0.0; x.len()]).collect();
    let back = reverse(&module, f, vjp, &point, &[1.0], &zeros)?;
    let expected: Vec<Vec<f64>> = hand.gradient.iter().map(numbers).collect();
    for (given, expected) in back.adjoints.iter().flatten().zip(expected.iter().flatten()) {
        if !close(*given, *expected, 1e-3) {
            return Err(format!("gradient {:?}, expected {expected}", back.adjoints));
        }
    }
    assert_eq!(back.adjoints.concat().len(), expected.concat().len(), "{}", hand.name);
    Ok(())
}

fn check_relations(hand: &Hand, order: usize, options: &Options) -> Result<(), String> {
    let mut module = read(hand.text);
    let f = FuncId::new(0);
    let point = inputs(&module, f, &hand.args);
    relations_to_order(&mut module, f, &point, order, &mut Random::new(7), options)
}

#[test]
fn gradients_are_those_of_the_hand() {
    for (hand, options) in all().iter().flat_map(|hand| plans().map(|options| (hand, options))) {
        if let Err(error) = check_hand(hand, &options) {
            panic!("{}, {}: {error}", hand.name, options.opts);
        }
    }
}

#[test]
fn modes_agree_to_fourth_order() {
    for (hand, options) in all().iter().flat_map(|hand| plans().map(|options| (hand, options))) {
        if let Err(error) = check_relations(hand, 4, &options) {
            panic!("{}, {}: {error}", hand.name, options.opts);
        }
    }
}

/// What takes other programs, or derivatives of derivatives, to see: random source texts do.
const UNSEEN: &[Mutant] = &[
    Mutant::WrongCondition,
    Mutant::FlagAfterUpdate,
    Mutant::NegativeStepKept,
    Mutant::OffsetLost,
    Mutant::ShadowsSwapped,
    Mutant::RoundTripKept,
    Mutant::StopIgnoredAgain,
    Mutant::StrongZeroAsSelect,
    Mutant::MixedTermLost,
    Mutant::ResultTangentLost,
    Mutant::AscendShared,
];

/// `carried-in-sequence` is seen by the swap of Fibonacci numbers alone.
#[test]
fn each_seeded_bug_is_seen() {
    for &mutant in Mutant::ALL.iter().filter(|mutant| !UNSEEN.contains(mutant)) {
        let of_lanes = mutant == Mutant::LaneLost;
        let seen = |hand: &Hand| match of_lanes {
            true => check_relations(hand, 1, &bug(mutant)).is_err(),
            false => check_hand(hand, &bug(mutant)).is_err(),
        };
        assert!(all().iter().any(seen), "no program sees {}", mutant.name());
    }
}
