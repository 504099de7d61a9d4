//! Values, first and second partials against numbers of 20 digits (`tools/references/generate.py`).
//!
//! The contract: a value is within 2 units in the last place, a first partial within 4, a second partial within a relative 1e-13; all at more
//! than 40 points a row. Exceptions are listed, with what was measured.

use crate::tree::{derivative, number, of_row};
use adit_ir::prim::{Partial, Sort};
use adit_ir::{Prim, Scalar, ScalarType};
use std::path::Path;

/// What a row is held to, where it is not the contract.
struct Allowance {
    name: &'static str,
    /// Units in the last place.
    value: u64,
    partial: u64,
    /// For negative operands, where the function has roots: an absolute error below this counts as none.
    value_on_the_left: f64,
    partial_on_the_left: f64,
    /// Of second partials; an absolute error below the first counts as none.
    second_absolute: f64,
    second_relative: f64,
}

const CONTRACT: Allowance = Allowance {
    name: "",
    value: 2,
    partial: 4,
    value_on_the_left: 0.0,
    partial_on_the_left: 0.0,
    second_absolute: 0.0,
    second_relative: 1e-13,
};

const EXCEPTIONS: &[Allowance] = &[
    // A sum of two terms of opposite sign; a helper, met only in second derivatives of `pow`.
    Allowance { name: "powlog", partial: 8, ..CONTRACT },
    // σ″ vanishes at 0 as the difference of two numbers of order 1.
    Allowance { name: "sigmoid", second_absolute: 2e-17, ..CONTRACT },
    // 1 + x² overflows where the second partial is below 1e-300.
    Allowance { name: "atan", second_absolute: 1e-299, ..CONTRACT },
    // exp(w²) multiplies the rounding error of the result w by 2w², at most 68.
    Allowance { name: "erfinv", partial: 32, ..CONTRACT },
    // Likewise, with w up to 15 at 1e-100.
    Allowance { name: "erfcinv", partial: 128, ..CONTRACT },
    // On the left, log |Γ| and ψ have roots, near which terms of order 1 cancel.
    Allowance { name: "lgamma", value_on_the_left: 5e-16, partial_on_the_left: 4e-15, ..CONTRACT },
    Allowance { name: "digamma", value_on_the_left: 4e-15, ..CONTRACT },
    // Powers of rounded x + k: the error grows with the order.
    Allowance { name: "polygamma", value: 4, partial: 8, ..CONTRACT },
];

fn allowance(prim: Prim) -> &'static Allowance {
    EXCEPTIONS.iter().find(|a| a.name == prim.name()).unwrap_or(&CONTRACT)
}

/// One line of a reference file.
struct Reference {
    at: Vec<Scalar>,
    value: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

fn references(prim: Prim) -> Option<Vec<Reference>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/references/{prim}.csv"));
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.lines().skip(1).map(|line| parse(prim, line)).collect())
}

fn parse(prim: Prim, line: &str) -> Reference {
    let types = prim.row().signature.args;
    let fields: Vec<&str> = line.split(',').collect();
    let (operands, numbers) = fields.split_at(types.len());
    let at = operands.iter().zip(types).map(|(text, ty)| match ty {
        Sort::Only(ScalarType::I64) => Scalar::I64(text.parse().expect("an integer")),
        Sort::Float | Sort::Only(_) => Scalar::F64(text.parse().expect("a float")),
    });
    let numbers: Vec<f64> = numbers.iter().map(|text| text.parse().expect("a float")).collect();
    let floats = types.iter().filter(|t| t.is_float()).count();
    Reference {
        at: at.collect(),
        value: numbers[0],
        first: numbers[1..=floats].to_vec(),
        second: numbers[1 + floats..].to_vec(),
    }
}

/// How many floats lie between two.
fn ulps(a: f64, b: f64) -> u64 {
    let ordered = |x: f64| {
        let bits = x.to_bits() as i64;
        if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
    };
    if a.is_nan() || b.is_nan() { u64::MAX } else { ordered(a).abs_diff(ordered(b)) }
}

/// The worst of what was seen.
#[derive(Default)]
struct Worst {
    value: u64,
    partial: u64,
    second: f64,
    failures: Vec<String>,
}

fn examine(prim: Prim, reference: &Reference, worst: &mut Worst) {
    let Reference { at, value, first, second } = reference;
    let limit = allowance(prim);
    let floats: Vec<usize> = (0..at.len()).filter(|i| prim.row().signature.args[*i].is_float()).collect();
    let left = if matches!(at.last(), Some(Scalar::F64(x)) if *x < 0.0) { 1.0 } else { 0.0 };
    let result = prim.apply(at).expect("references are in the domain");
    let Scalar::F64(got) = result else { panic!("{prim} is not a float") };
    let error = if (got - value).abs() <= limit.value_on_the_left * left { 0 } else { ulps(got, *value) };
    worst.value = worst.value.max(error);
    if error > limit.value {
        worst.failures.push(format!("{prim} {at:?}: {got:e} is {error} ulp from {value:e}"));
    }
    for (operand, expected) in floats.iter().zip(first) {
        let Partial::Expr(e) = &prim.row().partials[*operand] else { panic!("{prim} has no partial") };
        let Some(Scalar::F64(got)) = e.eval(at, result) else { panic!("{prim} {at:?}") };
        let error = if (got - expected).abs() <= limit.partial_on_the_left * left { 0 } else { ulps(got, *expected) };
        worst.partial = worst.partial.max(error);
        if error > limit.partial {
            worst.failures.push(format!("{prim} {at:?} partial {operand}: {got:e} is {error} ulp from {expected:e}"));
        }
    }
    if second.iter().any(|x| x.is_infinite()) {
        return;
    }
    let pairs = floats.iter().enumerate().flat_map(|(k, i)| floats[k..].iter().map(move |j| (*i, *j)));
    for ((i, j), expected) in pairs.zip(second) {
        let tree = derivative(&of_row(prim), i as u8).and_then(|t| derivative(&t, j as u8));
        let got = number(tree.as_ref(), at);
        let excess = (got - expected).abs() - limit.second_absolute;
        // Subnormal numbers carry fewer digits.
        let error = if got == *expected || excess <= 1e-300 { 0.0 } else { excess / expected.abs() };
        worst.second = worst.second.max(error);
        if error.is_nan() || error > limit.second_relative {
            worst
                .failures
                .push(format!("{prim} {at:?} second partial {i} {j}: {got:e}, not {expected:e}, off by {error:e}"));
        }
    }
}

#[test]
fn values_and_partials_are_accurate() {
    let mut failures = Vec::new();
    for &prim in Prim::ALL {
        let Some(references) = references(prim) else { continue };
        assert!(references.len() >= 40, "{prim} has {} points", references.len());
        let mut worst = Worst::default();
        for reference in &references {
            examine(prim, reference, &mut worst);
        }
        #[expect(clippy::print_stdout, reason = "the table of measured errors, for `--nocapture`")]
        {
            println!(
                "{prim:12} value {:3} ulp, partials {:3} ulp, second partials {:.1e}",
                worst.value, worst.partial, worst.second
            );
        }
        failures.append(&mut worst.failures);
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_row_that_is_called_has_references() {
    let exact = ["rem", "round", "ipow", "revolve", "sow"];
    for &prim in Prim::ALL {
        if prim.row().code == adit_ir::prim::Code::Call && !exact.contains(&prim.name()) {
            assert!(references(prim).is_some(), "{prim}");
        }
    }
}

/// How many floats of single precision lie between two.
fn single_ulps(a: f32, b: f32) -> u32 {
    let ordered = |x: f32| {
        let bits = x.to_bits() as i32;
        if bits < 0 { i32::MIN.wrapping_sub(bits) } else { bits }
    };
    if a.is_nan() || b.is_nan() { u32::MAX } else { ordered(a).abs_diff(ordered(b)) }
}

/// The references whose operands are floats of single precision: a value is the nearest or one beside it, a partial within a relative 1e-6, since each
/// of its steps is rounded; subnormal numbers carry fewer digits.
#[test]
fn single_precision_is_accurate() {
    let (mut failures, mut compared) = (Vec::new(), 0);
    for &prim in Prim::ALL {
        let exact = |s: &Scalar| s.as_float().is_none_or(|x| f64::from(x as f32) == x);
        for reference in references(prim).into_iter().flatten().filter(|r| r.at.iter().all(exact)) {
            let at: Vec<Scalar> =
                reference.at.iter().map(|s| s.as_float().map_or(*s, |x| Scalar::F32(x as f32))).collect();
            let result = prim.apply(&at).expect("references are in the domain");
            let Scalar::F32(got) = result else { panic!("{prim} is no float of single precision") };
            compared += 1;
            if single_ulps(got, reference.value as f32) > 1 {
                failures.push(format!("{prim} {at:?}: {got:e}, not {:e}", reference.value));
            }
            let partials = prim.row().partials.iter().filter_map(|p| match p {
                Partial::Expr(e) => e.eval(&at, result).and_then(Scalar::as_float),
                Partial::NotFloat | Partial::Zero => None,
            });
            for (got, expected) in partials.zip(&reference.first) {
                let near = (got - expected).abs() <= 1e-6 * expected.abs() + f64::from(f32::MIN_POSITIVE);
                let beyond = expected.abs() > f64::from(f32::MAX) || !expected.is_finite();
                if !near && !beyond {
                    failures.push(format!("{prim} {at:?}: partial {got:e}, not {expected:e}"));
                }
            }
        }
    }
    assert!(failures.is_empty() && compared > 150, "{compared} compared:\n{}", failures.join("\n"));
}
