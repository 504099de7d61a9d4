//! Partials, and their own partials up to order three, against the complex step: Im f(x + ih) / h.

use crate::tree::{Tree, derivative, evaluate, number, of_row};
use adit_ir::prim::{ComplexScalar, Point};
use adit_ir::{Prim, Scalar};
use std::rc::Rc;

/// How far from the table's own numbers the complex step may be, as a multiple of the magnitude; and absolutely, where a function is a difference that vanishes.
fn tolerance(prim: Prim) -> (f64, f64) {
    match prim.name() {
        "lgamma" | "digamma" | "polygamma" => (2e-13, 2e-14),
        "erf" | "erfc" | "erfinv" | "erfcinv" => (5e-13, 0.0),
        // The second derivative vanishes at 0 as the difference of two numbers of order 1.
        "sigmoid" | "softplus" | "log1pexp" | "logaddexp" | "logshare" => (5e-14, 2e-17),
        _ => (5e-14, 0.0),
    }
}

/// Imaginary parts to try: one that is nothing beside the operand, yet leaves room for small derivatives, and the one that the complex interpreter uses.
fn steps(x: f64) -> [f64; 2] {
    let size = x.abs();
    let relative = if size == 0.0 {
        1e-25
    } else if size < 1e-280 {
        size * 1e-8
    } else {
        size * 1e-26
    };
    [relative, 1e-100]
}

/// Whether an imaginary part is small enough for this operand to give the derivative, and not lost to underflow.
fn fits(h: f64, x: f64, derivative: f64) -> bool {
    (x == 0.0 || h <= 1e-8 * x.abs()) && h > 1e-307 && (derivative == 0.0 || derivative.abs() * h > 1e-290)
}

fn by_complex_step(tree: &Tree, at: &[Scalar], operand: usize, h: f64) -> f64 {
    let mut args: Vec<ComplexScalar> = at.iter().map(|s| (*s).into()).collect();
    if let ComplexScalar::F64(z) | ComplexScalar::F32(z) = &mut args[operand] {
        z.im = h;
    }
    evaluate(tree, &args).imaginary() / h
}

fn is_kink(prim: Prim, at: Point) -> bool {
    prim.row().kinks.iter().any(|k| k.at == at)
}

/// Whether derivatives of higher order stay within the range of floats there.
fn is_moderate(at: Point) -> bool {
    at.iter().all(|s| match s {
        Scalar::F64(x) => *x == 0.0 || (1e-80..1e80).contains(&x.abs()) || x.is_infinite(),
        Scalar::F32(_) | Scalar::I64(_) | Scalar::Bool(_) => true,
    })
}

/// Compares at every point of a row, and collects what differs.
fn compare(prim: Prim, tree: &Rc<Tree>, order: usize, failures: &mut Vec<String>) -> usize {
    let (relative, absolute) = tolerance(prim);
    let mut compared = 0;
    for at in prim.row().points.iter().filter(|at| !is_kink(prim, at) && (order == 1 || is_moderate(at))) {
        for (operand, scalar) in at.iter().enumerate() {
            let Some(x) = scalar.as_float() else { continue };
            let ours = number(derivative(tree, operand as u8).as_ref(), at);
            for h in steps(x).into_iter().filter(|h| x.is_finite() && fits(*h, x, ours)) {
                let oracle = by_complex_step(tree, at, operand, h);
                let scale = ours.abs().max(oracle.abs());
                compared += 1;
                let equal = ours == oracle || (ours - oracle).abs() <= relative * scale + absolute + h;
                if !equal {
                    failures.push(format!(
                        "{prim} order {order} {at:?} operand {operand}: table {ours:e}, complex step {oracle:e}"
                    ));
                }
            }
        }
    }
    compared
}

fn run(order: usize) -> usize {
    let (mut failures, mut compared) = (Vec::new(), 0);
    for &prim in Prim::ALL {
        let mut trees = vec![of_row(prim)];
        for _ in 1..order {
            trees = trees.iter().flat_map(|t| (0..prim.row().arity()).filter_map(|i| derivative(t, i as u8))).collect();
        }
        for tree in trees {
            compared += compare(prim, &tree, order, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{} of {compared}:\n{}", failures.len(), failures.join("\n"));
    compared
}

#[test]
fn partials_are_the_complex_step() {
    assert!(run(1) > 450);
}

#[test]
fn second_partials_are_the_complex_step_of_partials() {
    assert!(run(2) > 450);
}

#[test]
fn third_partials_are_the_complex_step_of_second_ones() {
    assert!(run(3) > 450);
}
