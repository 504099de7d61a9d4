//! Two opinions on every partial: those written here, and those of the primitive table.

use super::partial;
use crate::tree::number::Number;
use adit_ir::prim::Partial;
use adit_ir::{Prim, Scalar, ScalarType};

/// Apart by less than 10⁻¹¹ of themselves, or both nothing, or both infinite.
fn close(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-11 * a.abs().max(b.abs()).max(1e-290)
}

fn float(s: Scalar) -> f64 {
    s.as_float().unwrap_or(f64::NAN)
}

#[test]
fn partials_agree_with_those_of_the_table() {
    let mut compared = 0;
    for &prim in Prim::ALL {
        let row = prim.row();
        for point in row.points.iter().copied().chain(row.kinks.iter().map(|kink| kink.at)) {
            let Ok(value) = prim.apply(point) else { continue };
            let args: Vec<Number> = point.iter().map(|&s| s.into()).collect();
            for (k, theirs) in row.partials.iter().enumerate() {
                let theirs = match theirs {
                    Partial::NotFloat => continue,
                    Partial::Zero => 0.0,
                    Partial::Expr(e) => float(e.eval(point, value).expect("partials never stop")),
                };
                let ours = partial(prim, k, &args, &value.into()).map_or(0.0, |n| float(n.plain()));
                assert!(close(ours, theirs), "{prim} at {point:?} in operand {k}: {ours:e}, the table has {theirs:e}");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "only {compared}");
}

/// The slope of a function of one float, `order` times.
fn slope(prim: Prim, operand: usize, at: &[Scalar], order: u32) -> f64 {
    let mut args: Vec<Number> = at.iter().map(|&s| s.into()).collect();
    for level in 1..=order {
        let one = Number::float(ScalarType::F64, 1.0);
        args[operand] = Number::moving(level, args[operand].clone(), one);
    }
    let mut value = Number::of(prim, &args);
    for level in (1..=order).rev() {
        value = value.split_or_zero(level).1;
    }
    float(value.plain())
}

/// Second derivatives: the slope of the slope is the slope between neighbours.
#[test]
fn partials_move_as_they_change() {
    let mut compared = 0;
    for &prim in Prim::ALL {
        let row = prim.row();
        for point in row.points {
            for (k, partial) in row.partials.iter().enumerate() {
                let (Partial::Expr(_), Scalar::F64(x)) = (partial, point[k]) else { continue };
                let wild = |s: &Scalar| s.as_float().is_some_and(|x| x.abs() > 1e5 || x != 0.0 && x.abs() < 1e-3);
                if point.iter().any(wild) {
                    continue;
                }
                let step = 1e-5 * if x == 0.0 { 1.0 } else { x.abs() };
                let beside = |by: f64| {
                    let mut at = point.to_vec();
                    at[k] = Scalar::F64(x + by);
                    slope(prim, k, &at, 1)
                };
                let difference = |h: f64| (beside(h) - beside(-h)) / (2.0 * h);
                let (rough, fine) = (difference(2.0 * step), difference(step));
                let wanted = (4.0 * fine - rough) / 3.0;
                let found = slope(prim, k, point, 2);
                // Where differences themselves are not sure, or the slope is a jump, there is nothing to compare.
                let scale = wanted.abs().max(beside(0.0).abs() / x.abs().max(1.0)).max(1e-200);
                if (rough - fine).abs() > 1e-4 * scale
                    || !wanted.is_finite()
                    || scale > 1e10
                    || beside(0.0).abs() > 1e10
                {
                    continue;
                }
                assert!(
                    (found - wanted).abs() <= 1e-5 * scale,
                    "{prim} at {point:?} twice in operand {k}: {found:e}, differences give {wanted:e}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 300, "only {compared}");
}
