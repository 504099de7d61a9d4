//! How large a change of each float is: units of the coordinates in which costs are minimised.
//!
//! In: a problem at its start. Out: a positive scale for each float. With few floats, the change that would double the value by curvature alone (from the diagonal of the Hessian), but never more than the
//! float itself; with many, the largest float of the array that it stands in. It needs no second derivative where there is none.

use crate::problem::Problem;
use crate::target::Target;
use adit::Value;

/// With so many floats or fewer, whole Hessians are cheap.
pub(crate) const FEW: usize = 50;

pub(crate) fn of(problem: &Problem, value: f64) -> Vec<f64> {
    let sizes = by_array(problem);
    if sizes.len() > FEW {
        return sizes;
    }
    let start = problem.start();
    match Target::new(problem, vec![1.0; start.len()], 1.0).matrix(&start) {
        Ok(hessian) => (0..start.len()).map(|i| by_curvature(value, hessian[i][i], start[i], sizes[i])).collect(),
        Err(_) => sizes,
    }
}

fn by_curvature(value: f64, curvature: f64, x: f64, size: f64) -> f64 {
    let scale = (value.abs() / curvature.abs()).sqrt();
    if !(scale.is_finite() && scale > 0.0) {
        return size;
    }
    if x == 0.0 { scale } else { scale.clamp(1e-3 * x.abs(), x.abs()) }
}

/// For each float the largest of its array, or 1.
fn by_array(problem: &Problem) -> Vec<f64> {
    let mut out = Vec::new();
    let values = problem.free().values_at(&problem.start()).unwrap_or_default();
    values.iter().for_each(|(_, value)| leaves(value, &mut out));
    out
}

fn leaves(value: &Value, out: &mut Vec<f64>) {
    match value {
        Value::Struct(fields) => fields.iter().for_each(|(_, field)| leaves(field, out)),
        Value::Tuple(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) | Value::Array(_) => {
            let floats = value.floats();
            let largest = floats.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let scale = if largest > 0.0 && largest.is_finite() { largest } else { 1.0 };
            out.resize(out.len() + floats.len(), scale);
        }
    }
}
