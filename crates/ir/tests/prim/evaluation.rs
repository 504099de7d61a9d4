//! Values at points where the language fixes them: integers that wrap, traps, signed zeros, NaN, parity, rounding.

use adit_ir::prim::PrimTrap;
use adit_ir::{Prim, Scalar, Trap};

fn float(prim: Prim, args: &[f64]) -> f64 {
    let args: Vec<_> = args.iter().map(|x| Scalar::F64(*x)).collect();
    match prim.apply(&args) {
        Ok(Scalar::F64(x)) => x,
        other => panic!("{prim}: {other:?}"),
    }
}

fn integer(prim: Prim, args: &[i64]) -> Result<Scalar, PrimTrap> {
    let args: Vec<_> = args.iter().map(|n| Scalar::I64(*n)).collect();
    prim.apply(&args)
}

fn bits(x: f64) -> u64 {
    x.to_bits()
}

#[test]
fn integers_wrap_and_trap() {
    assert_eq!(integer(Prim::Idiv, &[i64::MIN, -1]), Ok(Scalar::I64(i64::MIN)));
    assert_eq!(integer(Prim::Irem, &[i64::MIN, -1]), Ok(Scalar::I64(0)));
    assert_eq!(integer(Prim::Idiv, &[-7, 2]), Ok(Scalar::I64(-3)));
    assert_eq!(integer(Prim::Irem, &[-7, 2]), Ok(Scalar::I64(-1)));
    assert_eq!(integer(Prim::Idiv, &[1, 0]), Err(PrimTrap::DivisionByZero));
    assert_eq!(integer(Prim::Irem, &[1, 0]), Err(PrimTrap::DivisionByZero));
    assert_eq!(integer(Prim::Iadd, &[i64::MAX, 1]), Ok(Scalar::I64(i64::MIN)));
    assert_eq!(integer(Prim::Iabs, &[i64::MIN]), Ok(Scalar::I64(i64::MIN)));
    assert_eq!(integer(Prim::Ipow, &[2, -1]), Err(PrimTrap::NegativeExponent));
    assert_eq!(integer(Prim::Ipow, &[3, 4]), Ok(Scalar::I64(81)));
    assert_eq!(integer(Prim::Ipow, &[0, 0]), Ok(Scalar::I64(1)));
    assert_eq!(integer(Prim::Ipow, &[2, 64]), Ok(Scalar::I64(0)));
    assert_eq!(Trap::from(PrimTrap::FloatToInt), Trap::FloatToInt);
}

#[test]
fn conversions() {
    let ftoi = |x| Prim::Ftoi.apply(&[Scalar::F64(x)]);
    assert_eq!(ftoi(-2.9), Ok(Scalar::I64(-2)));
    assert_eq!(ftoi(-9_223_372_036_854_775_808.0), Ok(Scalar::I64(i64::MIN)));
    for x in [f64::NAN, f64::INFINITY, 9_223_372_036_854_775_808.0, -9_223_372_036_854_777_856.0] {
        assert_eq!(ftoi(x), Err(PrimTrap::FloatToInt));
    }
    assert_eq!(Prim::Itof.apply(&[Scalar::I64(-3)]), Ok(Scalar::F64(-3.0)));
}

#[test]
fn choices_between_zeros_and_nan() {
    assert_eq!(bits(float(Prim::Max, &[-0.0, 0.0])), bits(0.0));
    assert_eq!(bits(float(Prim::Max, &[0.0, -0.0])), bits(0.0));
    assert_eq!(bits(float(Prim::Min, &[-0.0, 0.0])), bits(-0.0));
    assert_eq!(bits(float(Prim::Min, &[0.0, -0.0])), bits(-0.0));
    for (x, y) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
        assert!(float(Prim::Max, &[x, y]).is_nan() && float(Prim::Min, &[x, y]).is_nan());
    }
    assert!(float(Prim::Relu, &[f64::NAN]).is_nan() && float(Prim::Sign, &[f64::NAN]).is_nan());
    assert_eq!(bits(float(Prim::Relu, &[-0.0])), bits(0.0));
    assert_eq!(bits(float(Prim::Sign, &[-0.0])), bits(-0.0));
}

#[test]
fn the_strong_zero_wins() {
    for p in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0] {
        assert_eq!(bits(float(Prim::Smul, &[0.0, p])), bits(0.0));
        assert_eq!(bits(float(Prim::Smul, &[-0.0, p])), bits(-0.0));
    }
    assert!(float(Prim::Smul, &[f64::INFINITY, 0.0]).is_nan() && float(Prim::Smul, &[f64::NAN, 2.0]).is_nan());
    assert_eq!(float(Prim::Smul, &[2.0, 3.0]), 6.0);
}

#[test]
fn rounding_and_remainders() {
    assert_eq!(float(Prim::Round, &[2.5]), 3.0);
    assert_eq!(float(Prim::Round, &[-2.5]), -3.0);
    assert_eq!(float(Prim::Round, &[0.499_999_999_999_999_94]), 0.0);
    assert_eq!(float(Prim::Rem, &[-7.5, 2.0]), -1.5);
    assert_eq!(bits(float(Prim::Trunc, &[-0.5])), bits(-0.0));
}

#[test]
fn integer_powers_are_products() {
    let powi = |x, n| match Prim::Powi.apply(&[Scalar::F64(x), Scalar::I64(n)]) {
        Ok(Scalar::F64(y)) => y,
        other => panic!("{other:?}"),
    };
    let x = 1.1_f64;
    assert_eq!(powi(x, 2), x * x);
    assert_eq!(powi(x, 3), x * x * x);
    assert_eq!(powi(x, 4), (x * x) * (x * x));
    assert_eq!(powi(x, -1), 1.0 / x);
    assert_eq!(powi(f64::NAN, 0), 1.0);
    assert_eq!(powi(-2.0, 5), -32.0);
    assert_eq!(powi(-1.0, i64::MAX), -1.0);
    assert_eq!(powi(-1.0, i64::MIN), 1.0);
    assert_eq!(bits(powi(-0.0, 5)), bits(-0.0));
    assert_eq!(powi(-0.0, -3), f64::NEG_INFINITY);
    assert!(powi(f64::NAN, 7).is_nan());
}

#[test]
fn functions_at_their_limits() {
    let cases: &[(Prim, &[f64], f64)] = &[
        (Prim::Hypot, &[1e300, 1e300], std::f64::consts::SQRT_2 * 1e300),
        (Prim::Hypot, &[f64::INFINITY, f64::NAN], f64::INFINITY),
        (Prim::Unit, &[f64::INFINITY, 3.0], 1.0),
        (Prim::Unit, &[3.0, f64::NEG_INFINITY], 0.0),
        (Prim::Unit, &[f64::MAX, f64::MAX], std::f64::consts::FRAC_1_SQRT_2),
        (Prim::Logaddexp, &[f64::NEG_INFINITY, f64::NEG_INFINITY], f64::NEG_INFINITY),
        (Prim::Logaddexp, &[f64::INFINITY, f64::NEG_INFINITY], f64::INFINITY),
        (Prim::Logaddexp, &[1000.0, 1000.0], 1000.0 + std::f64::consts::LN_2),
        (Prim::Softplus, &[-40.0], 4.248_354_255_291_589e-18),
        (Prim::Log1mexp, &[0.0], f64::NEG_INFINITY),
        (Prim::Xlogy, &[0.0, 0.0], 0.0),
        (Prim::Xlogy, &[0.0, f64::INFINITY], 0.0),
        (Prim::Xlog1py, &[0.0, -1.0], 0.0),
        (Prim::Pow, &[0.0, 0.0], 1.0),
        (Prim::Erfinv, &[1.0], f64::INFINITY),
        (Prim::Erfinv, &[-1.0], f64::NEG_INFINITY),
        (Prim::Lgamma, &[0.0], f64::INFINITY),
        (Prim::Lgamma, &[-3.0], f64::INFINITY),
        (Prim::Digamma, &[0.0], f64::NEG_INFINITY),
        (Prim::Digamma, &[f64::INFINITY], f64::INFINITY),
        (Prim::Gauss, &[f64::NEG_INFINITY], 0.0),
        (Prim::Sigmoid, &[-800.0], 0.0),
        (Prim::Sech, &[800.0], 0.0),
    ];
    for (prim, args, expected) in cases {
        let got = float(*prim, args);
        assert!(
            (got - expected).abs() <= 4e-16 * expected.abs() || got == *expected,
            "{prim} {args:?}: {got}, not {expected}"
        );
    }
    for (prim, args) in [
        (Prim::Log, [-1.0]),
        (Prim::Erfinv, [1.5]),
        (Prim::Digamma, [-2.0]),
        (Prim::Log1mexp, [1.0]),
        (Prim::Acosh, [0.5]),
        (Prim::Digamma, [f64::NEG_INFINITY]),
    ] {
        assert!(float(prim, &args).is_nan(), "{prim} {args:?}");
    }
    for x in [f64::NAN, 1.0] {
        assert!(float(Prim::Xlogy, &[0.0 * x, f64::NAN]).is_nan() && float(Prim::Logaddexp, &[x, f64::NAN]).is_nan());
    }
}

/// Any order and any operand give an answer in bounded time.
#[test]
fn polygamma_of_absurd_orders_ends() {
    for n in [i64::MIN, -1, 0, 1, 171, 1000, 1_000_000, i64::MAX] {
        for x in [
            1e-300,
            0.5,
            3.0,
            1e5,
            1e18,
            1e300,
            -0.5,
            -1e17,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            0.0,
            -0.0,
            -4.0,
        ] {
            assert!(Prim::Polygamma.apply(&[Scalar::I64(n), Scalar::F64(x)]).is_ok());
        }
    }
}
