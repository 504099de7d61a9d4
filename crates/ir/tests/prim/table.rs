//! The table as data: names, types, arity, points, text.

use adit_ir::prim::{Algebra, Code, Condition, Expr, Linear, Partial, Row, Sort};
use adit_ir::{Prim, Scalar, ScalarType};
use std::collections::HashSet;

#[test]
fn names_are_unique_and_found() {
    let names: HashSet<_> = Prim::ALL.iter().map(|p| p.name()).collect();
    assert_eq!(names.len(), Prim::ALL.len());
    for &prim in Prim::ALL {
        assert_eq!(Prim::from_name(prim.name()), Some(prim));
        assert_eq!(format!("{prim:?}").to_lowercase(), prim.name(), "variant and row carry one name");
    }
    assert_eq!(Prim::from_name("sine"), None);
}

#[test]
fn one_source_name_and_one_signature_mean_one_row() {
    let mut seen = HashSet::new();
    for &prim in Prim::ALL {
        let row = prim.row();
        if let Some(source) = row.source {
            assert!(seen.insert((source, row.signature.args)), "{source} {:?}", row.signature.args);
            for &float in row.signature.float_types() {
                let args: Vec<_> = row.signature.args_at(float).collect();
                assert_eq!(Prim::for_source(source, &args), Some(prim));
            }
        }
    }
    use ScalarType::{F32, F64, I64};
    assert_eq!(Prim::for_source("*", &[F32, F32]), Some(Prim::Mul));
    assert_eq!(Prim::for_source("*", &[F32, F64]), None);
    assert_eq!(Prim::for_source("f32", &[I64]), Some(Prim::Itos));
    assert_eq!(Prim::for_source("f64", &[F32]), Some(Prim::Widen));
    assert_eq!(Prim::for_source("-", &[F64]), Some(Prim::Neg));
    assert_eq!(Prim::for_source("-", &[I64, I64]), Some(Prim::Isub));
    assert_eq!(Prim::for_source("^", &[F64, I64]), Some(Prim::Powi));
    assert_eq!(Prim::for_source("abs", &[I64]), Some(Prim::Iabs));
    assert_eq!(Prim::for_source("smul", &[F64, F64]), None);
    assert_eq!(Prim::all_for_source("max").count(), 2);
}

#[test]
fn columns_agree_with_the_signature() {
    for &prim in Prim::ALL {
        let row = prim.row();
        assert_eq!(row.eval.signature(), row.signature, "{prim}");
        assert_eq!(row.partials.len(), row.arity(), "{prim}");
        assert_eq!(row.parameters.len(), row.arity(), "{prim}");
        assert!(row.about.ends_with('.') && row.cost > 0, "{prim}");
        assert!(!row.eval.address().is_null());
        for (partial, ty) in row.partials.iter().zip(row.signature.args) {
            let differentiable = ty.is_float() && row.signature.result.is_float();
            assert_eq!(!matches!(partial, Partial::NotFloat), differentiable, "{prim}");
        }
        if let Some(guard) = row.guard {
            let integer = Sort::Only(ScalarType::I64);
            let expected = if guard.stops_if == Condition::NotAnInteger { Sort::Float } else { integer };
            assert_eq!(row.signature.args[usize::from(guard.operand)], expected, "{prim}");
        }
    }
}

#[test]
fn partials_have_the_types_of_the_row() {
    for &prim in Prim::ALL {
        for partial in prim.row().partials {
            let Partial::Expr(e) = partial else { continue };
            for &float in prim.row().signature.float_types() {
                assert_eq!(type_of(e, float, prim.row()), Ok(float), "{prim}");
            }
        }
    }
}

fn type_of(e: &Expr, float: ScalarType, row: &Row) -> Result<ScalarType, String> {
    match e {
        Expr::Arg(i) => row.signature.args_at(float).nth(usize::from(*i)).ok_or_else(|| format!("no operand {i}")),
        Expr::Result => Ok(row.signature.result.at(float)),
        Expr::F64(_) => Ok(float),
        Expr::I64(_) => Ok(ScalarType::I64),
        Expr::Apply(prim, args) => {
            let types: Result<Vec<_>, _> = args.iter().map(|a| type_of(a, float, row)).collect();
            let signature = prim.at(float).row().signature;
            if prim.row().traps() {
                return Err(format!("{prim} may trap"));
            }
            let types = types?;
            let result = signature.result_for(|i| types.get(i).copied());
            if signature.accepts(&types) { Ok(result) } else { Err(format!("operands of {prim}")) }
        }
        Expr::Select { a, b, then, otherwise, .. } => {
            for side in [a, b, then, otherwise] {
                if type_of(side, float, row)? != float {
                    return Err("select".to_owned());
                }
            }
            Ok(float)
        }
    }
}

#[test]
fn points_are_in_the_domain() {
    for &prim in Prim::ALL {
        let row = prim.row();
        assert!(row.points.len() >= 2, "{prim}");
        for at in row.points {
            let types: Vec<_> = at.iter().map(|s| s.ty()).collect();
            assert!(row.signature.accepts(&types), "{prim} {at:?}");
            match prim.apply(at) {
                Ok(Scalar::F64(x)) => assert!(!x.is_nan(), "{prim} {at:?}"),
                Ok(value) => assert_eq!(value.ty(), row.signature.result_for(|i| types.get(i).copied())),
                Err(trap) => panic!("{prim} {at:?}: {trap:?}"),
            }
        }
    }
}

/// Every number that an identity has to survive.
fn awkward(ty: ScalarType) -> Vec<Scalar> {
    match ty {
        ScalarType::F64 => [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.1,
            -2.5,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ]
        .map(Scalar::F64)
        .to_vec(),
        ScalarType::F32 => awkward(ScalarType::F64)
            .into_iter()
            .filter_map(|s| s.as_float().map(|x| Scalar::F32(x as f32)))
            .chain([f32::MAX, f32::MIN_POSITIVE, 1e-45, -1e-45].map(Scalar::F32))
            .collect(),
        ScalarType::I64 => [0, 1, -1, 7, i64::MAX, i64::MIN].map(Scalar::I64).to_vec(),
        ScalarType::Bool => [false, true].map(Scalar::Bool).to_vec(),
    }
}

fn same(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::F64(x), Scalar::F64(y)) => x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()),
        (Scalar::F32(x), Scalar::F32(y)) => x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()),
        _ => a == b,
    }
}

#[test]
fn identities_hold_bit_for_bit() {
    for &prim in Prim::ALL {
        let Row { algebra, signature, .. } = prim.row();
        let apply = |args: &[Scalar]| prim.apply(args).expect("identities do not trap");
        for &float in signature.float_types() {
            for a in awkward(signature.args[0].at(float)) {
                check_one(prim, algebra, a, &apply);
                check_zeros(prim, algebra, &[a], &apply);
                for b in awkward(signature.args[0].at(float)) {
                    assert!(!algebra.commutative || same(apply(&[a, b]), apply(&[b, a])), "{prim} {a:?} {b:?}");
                    if let Some((n, g)) = algebra.second_through {
                        let through = n.apply(&[b]).expect("identities do not trap");
                        let direct = g.apply(&[a, b]).expect("identities do not trap");
                        assert!(same(apply(&[a, through]), direct), "{prim} {a:?} {b:?}");
                    }
                    check_signs(prim, algebra, [a, b], &apply);
                    check_zeros(prim, algebra, &[a, b], &apply);
                }
            }
        }
    }
}

fn check_signs(prim: Prim, algebra: &Algebra, [a, b]: [Scalar; 2], apply: &dyn Fn(&[Scalar]) -> Scalar) {
    let of = |n: Prim, x: Scalar| n.apply(&[x]).expect("identities do not trap");
    if let Some((n, [first, second])) = algebra.odd {
        let outside = of(n, apply(&[a, b]));
        assert!(!first || same(apply(&[of(n, a), b]), outside), "{prim} {a:?} {b:?}");
        assert!(!second || same(apply(&[a, of(n, b)]), outside), "{prim} {a:?} {b:?}");
    }
    if let Some((c, n)) = algebra.right_negating {
        let c = c.as_float().map_or(c, |x| Scalar::float(a.ty(), x));
        assert!(same(apply(&[a, c]), of(n, a)), "{prim} {a:?}");
    }
    if let Some(plain) = algebra.left_not_zero.filter(|_| a.as_float() != Some(0.0)) {
        assert!(same(apply(&[a, b]), plain.apply(&[a, b]).expect("it does not trap")), "{prim} {a:?} {b:?}");
    }
}

/// The columns about the signs of zeros, in as many operands as are given.
fn check_zeros(prim: Prim, algebra: &Algebra, args: &[Scalar], apply: &dyn Fn(&[Scalar]) -> Scalar) {
    if args.len() != prim.row().arity() {
        return;
    }
    let with = |place: usize, x: f64| {
        let mut args = args.to_vec();
        args[place] = Scalar::float(args[place].ty(), x);
        apply(&args)
    };
    let number = |s: Scalar| s.as_float().expect("zeros with signs are floats");
    for place in (0..args.len()).filter(|&k| algebra.unsigned[k]) {
        let (plus, minus) = (with(place, 0.0), with(place, -0.0));
        let zeros = number(plus) == 0.0 && number(minus) == 0.0;
        assert!(zeros || same(plus, minus), "{prim} {args:?} at {place}");
        assert!(number(with(place, f64::NAN)).is_nan(), "{prim} {args:?} at {place}");
    }
    let is_minus = |s: Scalar| s.as_float().is_some_and(|x| x == 0.0 && x.is_sign_negative());
    for place in (0..args.len()).filter(|&k| algebra.not_minus[k]) {
        assert!(is_minus(args[place]) || !is_minus(apply(args)), "{prim} {args:?} at {place}");
    }
}

fn check_one(prim: Prim, algebra: &Algebra, a: Scalar, apply: &dyn Fn(&[Scalar]) -> Scalar) {
    let Algebra { left_identity, right_identity, left_absorbing, right_absorbing, involution, idempotent, .. } =
        *algebra;
    let at = |c: Option<Scalar>| match c.and_then(Scalar::as_float) {
        Some(x) => Some(Scalar::float(a.ty(), x)),
        None => c,
    };
    let [left_identity, right_identity] = [left_identity, right_identity].map(at);
    let [left_absorbing, right_absorbing] = [left_absorbing, right_absorbing].map(at);
    if let Some(c) = left_identity {
        assert!(same(apply(&[c, a]), a), "{prim} {c:?} {a:?}");
    }
    if let Some(c) = right_identity {
        assert!(same(apply(&[a, c]), a), "{prim} {a:?} {c:?}");
    }
    if let Some(c) = left_absorbing {
        assert!(same(apply(&[c, a]), c), "{prim} {c:?} {a:?}");
    }
    if let Some(c) = right_absorbing {
        assert!(same(apply(&[a, c]), c), "{prim} {a:?} {c:?}");
    }
    if involution {
        assert!(same(apply(&[apply(&[a])]), a), "{prim} {a:?}");
    }
    if idempotent && prim.row().arity() == 1 {
        assert!(same(apply(&[apply(&[a])]), apply(&[a])), "{prim} {a:?}");
    }
    if idempotent && prim.row().arity() == 2 {
        assert!(same(apply(&[a, a]), a), "{prim} {a:?}");
    }
}

#[test]
fn total_rows_alone_are_without_a_guard() {
    let guarded: Vec<_> = Prim::ALL.iter().filter(|p| p.row().traps()).map(|p| p.name()).collect();
    assert_eq!(guarded, ["ftoi", "idiv", "irem", "ipow"]);
}

#[test]
fn native_rows_are_those_of_one_instruction_or_few() {
    let called = |name: &str| Prim::from_name(name).expect("a row").row().code == Code::Call;
    assert!(called("sin") && called("round") && called("rem") && called("ipow"));
    assert!(!called("add") && !called("max") && !called("smul") && !called("irem"));
}

#[test]
fn partials_print_as_readers_write_them() {
    let text = |prim: Prim, operand: usize| prim.row().partial_text(operand).unwrap_or_default();
    assert_eq!(text(Prim::Sin, 0), "cos(x)");
    assert_eq!(text(Prim::Cos, 0), "-sin(x)");
    assert_eq!(text(Prim::Tan, 0), "1 + r * r");
    assert_eq!(text(Prim::Div, 1), "-(r / y)");
    assert_eq!(text(Prim::Pow, 0), "smul(y, x ^ (if y == 0 then (if x == 0 then 0 else y - 1) else y - 1))");
    assert_eq!(text(Prim::Powi, 0), "smul(f64(n), x ^ (n - abs(sign(n))))");
    assert_eq!(text(Prim::Relu, 0), "if x <= 0 then 0 else 1");
    assert_eq!(text(Prim::Asin, 0), "1 / sqrt(fma(-x, x, 1))");
    assert_eq!(text(Prim::Gauss, 0), "smul(r, -2 * x)");
    assert_eq!(text(Prim::Floor, 0), "0");
    assert_eq!(text(Prim::Atan2, 1), "-smul(unit(y, x), 1 / (if hypot(y, x) == 0 then inf else hypot(y, x)))");
    assert_eq!(Prim::Powi.row().partial_text(1), None);
}

#[test]
fn expressions_know_what_they_need() {
    let partial = |prim: Prim| match &prim.row().partials[0] {
        Partial::Expr(e) => *e,
        Partial::NotFloat | Partial::Zero => panic!("{prim} has no partial"),
    };
    assert!(partial(Prim::Exp).uses_result() && !partial(Prim::Exp).uses_arg(0));
    assert!(!partial(Prim::Sin).uses_result() && partial(Prim::Sin).uses_arg(0));
    assert!(partial(Prim::Mul).uses_arg(1) && !partial(Prim::Mul).uses_arg(0));
    assert_eq!(partial(Prim::Add).constant(), Some(1.0));
    assert_eq!(partial(Prim::Mul).constant(), None);
}

#[test]
fn linear_rows_are_sums_products_and_quotients() {
    for &prim in Prim::ALL {
        let Some(linear) = prim.row().algebra.linear else { continue };
        for point in prim.row().points {
            let x: Vec<f64> = point.iter().filter_map(|s| s.as_float()).collect();
            let expected = match linear {
                Linear::Sum(weights) => {
                    assert_eq!(weights.len(), x.len(), "{prim}");
                    x.iter().zip(weights).map(|(x, w)| x * w).sum()
                }
                Linear::Product => x[0] * x[1],
                Linear::Quotient => x[0] / x[1],
            };
            let found = prim.apply(point).expect("it does not trap").as_float();
            assert_eq!(found, Some(expected), "{prim} {point:?}");
        }
    }
}
