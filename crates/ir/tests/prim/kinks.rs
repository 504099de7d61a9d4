//! Conventions: what partials give where the derivative does not exist or is infinite.

use crate::tree::{derivative, number, of_row};
use adit_ir::prim::Partial;
use adit_ir::{Prim, Scalar};

#[test]
fn partials_follow_the_conventions() {
    for &prim in Prim::ALL {
        let row = prim.row();
        for kink in row.kinks {
            assert_eq!(kink.at.len(), row.arity(), "{prim}");
            assert_eq!(kink.partials.len(), row.arity(), "{prim}");
            let value = prim.apply(kink.at).expect("conventions are for evaluations that do not trap");
            for (partial, expected) in row.partials.iter().zip(kink.partials) {
                let got = match partial {
                    Partial::NotFloat | Partial::Zero => 0.0,
                    Partial::Expr(e) => match e.eval(kink.at, value) {
                        Some(Scalar::F64(x)) => x,
                        other => panic!("{prim} at {:?}: {other:?}", kink.at),
                    },
                };
                assert!(
                    got == *expected || (got.is_nan() && expected.is_nan()),
                    "{prim} at {:?}: {got}, not {expected}",
                    kink.at
                );
            }
        }
    }
}

/// Second derivatives at edges where they exist, or are infinite with a sign: (row, point, operands, value).
#[test]
fn second_partials_at_edges() {
    let cases: &[(Prim, &[f64], [u8; 2], f64)] = &[
        (Prim::Sqrt, &[0.0], [0, 0], f64::NEG_INFINITY),
        (Prim::Cbrt, &[0.0], [0, 0], f64::NEG_INFINITY),
        (Prim::Cbrt, &[-0.0], [0, 0], f64::INFINITY),
        (Prim::Log, &[0.0], [0, 0], f64::NEG_INFINITY),
        (Prim::Asin, &[1.0], [0, 0], f64::INFINITY),
        (Prim::Asin, &[-1.0], [0, 0], f64::NEG_INFINITY),
        (Prim::Acosh, &[1.0], [0, 0], f64::NEG_INFINITY),
        (Prim::Pow, &[0.0, 2.0], [0, 0], 2.0),
        (Prim::Pow, &[0.0, 2.0], [0, 1], 0.0),
        (Prim::Pow, &[0.0, 2.0], [1, 0], 0.0),
        (Prim::Pow, &[0.0, 2.0], [1, 1], 0.0),
        (Prim::Pow, &[0.0, 1.0], [0, 0], 0.0),
        (Prim::Pow, &[0.0, 3.0], [0, 0], 0.0),
        (Prim::Pow, &[-2.0, 3.0], [0, 0], -12.0),
        (Prim::Xlogy, &[0.0, 2.0], [0, 1], 0.5),
        (Prim::Xlogy, &[0.0, 2.0], [1, 0], 0.5),
        (Prim::Xlogy, &[0.0, 2.0], [1, 1], 0.0),
        (Prim::Sigmoid, &[800.0], [0, 0], 0.0),
        (Prim::Sigmoid, &[f64::INFINITY], [0, 0], 0.0),
        (Prim::Softplus, &[1000.0], [0, 0], 0.0),
        (Prim::Softplus, &[-1000.0], [0, 0], 0.0),
        (Prim::Tanh, &[800.0], [0, 0], 0.0),
        (Prim::Tanh, &[f64::INFINITY], [0, 0], 0.0),
        (Prim::Log1mexp, &[-1000.0], [0, 0], 0.0),
        (Prim::Log1mexp, &[f64::NEG_INFINITY], [0, 0], 0.0),
        (Prim::Logaddexp, &[1000.0, 1000.0], [0, 0], 0.25),
        (Prim::Logaddexp, &[1000.0, 1000.0], [0, 1], -0.25),
        (Prim::Logaddexp, &[f64::NEG_INFINITY, f64::NEG_INFINITY], [0, 1], 0.0),
        (Prim::Hypot, &[0.0, 0.0], [0, 0], 0.0),
        (Prim::Hypot, &[0.0, 0.0], [0, 1], 0.0),
        (Prim::Atan2, &[0.0, 0.0], [0, 0], 0.0),
        (Prim::Atan2, &[0.0, 0.0], [1, 0], 0.0),
        (Prim::Atan, &[1e200], [0, 0], 0.0),
        (Prim::Gauss, &[1e200], [0, 0], 0.0),
        (Prim::Erf, &[f64::INFINITY], [0, 0], 0.0),
    ];
    for (prim, at, [first, second], expected) in cases {
        let at: Vec<Scalar> = at.iter().map(|x| Scalar::F64(*x)).collect();
        let tree = derivative(&of_row(*prim), *first).and_then(|t| derivative(&t, *second));
        let got = number(tree.as_ref(), &at);
        assert!(got == *expected, "{prim} at {at:?}, operands {first} {second}: {got}, not {expected}");
    }
}

/// Third derivatives at points where naive formulas overflow or cancel.
#[test]
fn third_partials_at_edges() {
    for (prim, x) in [
        (Prim::Sigmoid, 800.0),
        (Prim::Tanh, 800.0),
        (Prim::Softplus, -1000.0),
        (Prim::Gauss, 1e200),
        (Prim::Log1pexp, 1000.0),
    ] {
        let tree = (0..3).try_fold(of_row(prim), |t, _| derivative(&t, 0));
        assert_eq!(number(tree.as_ref(), &[Scalar::F64(x)]), 0.0, "{prim} at {x}");
    }
}

/// The same of a float exponent that is an integer.
#[test]
fn whole_powers_at_zero_to_order_six() {
    for n in 0..6_i64 {
        let mut tree = Some(of_row(Prim::Pow));
        for order in 1..=6_i64 {
            tree = tree.and_then(|t| derivative(&t, 0));
            let expected = if order == n { (1..=n).product::<i64>() as f64 } else { 0.0 };
            let at = [Scalar::F64(0.0), Scalar::F64(n as f64)];
            assert_eq!(number(tree.as_ref(), &at), expected, "x^{n}.0, order {order}");
        }
    }
}

/// Products of the derivatives of an integer power meet no infinity at 0, to the highest order.
#[test]
fn integer_powers_at_zero_to_order_five() {
    for n in 0..6_i64 {
        let mut tree = Some(of_row(Prim::Powi));
        for order in 1..=5_i64 {
            tree = tree.and_then(|t| derivative(&t, 0));
            let expected = if order == n { (1..=n).product::<i64>() as f64 } else { 0.0 };
            assert_eq!(number(tree.as_ref(), &[Scalar::F64(0.0), Scalar::I64(n)]), expected, "x^{n}, order {order}");
        }
    }
}
