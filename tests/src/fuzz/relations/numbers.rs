//! Arithmetic on slots: directions, inner products, complex parts.

use crate::fuzz::call::Answer;
use crate::fuzz::rng::Rng;
use adit_interp::ir::{Array, Cell, Data, Input, Number};
use adit_ir::Scalar;
use num_complex::Complex64;

/// The imaginary part of the complex step: so small that real parts stay those of the real run, bit for bit.
pub(super) const STEP: f64 = 1e-200;

/// Beyond this, rounding leaves nothing to compare.
const WILD: f64 = 1e6;

/// The floats of a slot.
pub(super) fn floats(slot: &Input<f64>) -> Vec<f64> {
    match slot {
        Input::Scalar(Cell::F64(x) | Cell::F32(x)) => vec![*x],
        Input::Array(Array { data: Data::F64(x) | Data::F32(x), .. }) => x.clone(),
        Input::Scalar(_) | Input::Array(_) => Vec::new(),
    }
}

/// A slot of the same shape with each float replaced.
pub(super) fn mapped(slot: &Input<f64>, change: &mut dyn FnMut(f64) -> f64) -> Input<f64> {
    match slot {
        Input::Scalar(Cell::F64(x)) => Input::Scalar(Cell::F64(change(*x))),
        Input::Array(Array { dims, data: Data::F64(x) }) => {
            let data = Data::F64(x.iter().map(|&x| change(x)).collect());
            Input::Array(Array { dims: dims.clone(), data })
        }
        Input::Scalar(Cell::F32(x)) => Input::Scalar(Cell::F32(change(*x).single())),
        Input::Array(Array { dims, data: Data::F32(x) }) => {
            let data = Data::F32(x.iter().map(|&x| change(x).single()).collect());
            Input::Array(Array { dims: dims.clone(), data })
        }
        Input::Scalar(_) | Input::Array(_) => slot.clone(),
    }
}

/// A random slot of the same shape.
pub(super) fn random(slot: &Input<f64>, rng: &mut Rng) -> Input<f64> {
    mapped(slot, &mut |_| rng.float(-1.0, 1.0))
}

/// x + iht for a direction t.
pub(super) fn complex(slot: &Input<f64>, along: Option<&Input<f64>>) -> Input<Complex64> {
    let mut along = along.map(floats).unwrap_or_default().into_iter();
    converted(slot, &mut |x| Complex64::new(x, STEP * along.next().unwrap_or(0.0)))
}

/// A slot of the same shape, its floats in other numbers.
pub(super) fn converted<N: Copy, M>(slot: &Input<N>, number: &mut dyn FnMut(N) -> M) -> Input<M> {
    match slot {
        Input::Scalar(cell) => Input::Scalar(match cell {
            Cell::F64(x) => Cell::F64(number(*x)),
            Cell::F32(x) => Cell::F32(number(*x)),
            Cell::I64(i) => Cell::I64(*i),
            Cell::Bool(b) => Cell::Bool(*b),
        }),
        Input::Array(Array { dims, data }) => {
            let data = match data {
                Data::F64(x) => Data::F64(x.iter().map(|&x| number(x)).collect()),
                Data::F32(x) => Data::F32(x.iter().map(|&x| number(x)).collect()),
                Data::I64(x) => Data::I64(x.clone()),
                Data::Bool(x) => Data::Bool(x.clone()),
            };
            Input::Array(Array { dims: dims.clone(), data })
        }
    }
}

/// Imaginary parts over the step.
pub(super) fn tangents(numbers: &[Complex64]) -> Vec<f64> {
    numbers.iter().map(|z| z.im / STEP).collect()
}

/// The floats of results, then of arrays.
pub(super) fn all(results: &[Scalar], arrays: &[Array<f64>]) -> Vec<f64> {
    let scalars = results.iter().filter_map(|s| match s {
        Scalar::F64(x) => Some(*x),
        Scalar::F32(x) => Some(f64::from(*x)),
        Scalar::I64(_) | Scalar::Bool(_) => None,
    });
    scalars.chain(arrays.iter().flat_map(array_floats)).collect()
}

/// The floats of an array.
pub(super) fn array_floats<N: Number>(a: &Array<N>) -> Vec<N> {
    match &a.data {
        Data::F64(x) | Data::F32(x) => x.clone(),
        Data::I64(_) | Data::Bool(_) => Vec::new(),
    }
}

/// All floats of an answer.
pub(super) fn answer_floats(answer: &Answer) -> Vec<f64> {
    all(&answer.results, &answer.arrays)
}

/// Whether numbers are too large, or not numbers.
pub(super) fn wild(x: &[f64]) -> bool {
    x.iter().any(|x| !x.is_finite() || x.abs() > WILD)
}

/// The inner product, and the sum of the sizes of its terms.
pub(super) fn dot(a: &[f64], b: &[f64]) -> (f64, f64) {
    assert_eq!(a.len(), b.len(), "two vectors of one space");
    a.iter().zip(b).fold((0.0, 0.0), |(sum, size), (x, y)| (sum + x * y, size + (x * y).abs()))
}

/// Where two vectors are not close.
pub(super) fn far(a: &[f64], b: &[f64], tolerance: f64) -> Option<String> {
    assert_eq!(a.len(), b.len(), "two vectors of one space");
    let largest = a.iter().chain(b).fold(1.0_f64, |m, x| m.max(x.abs()));
    // NaN is far from everything.
    let far = |(x, y): (&f64, &f64)| (x - y).is_nan() || (x - y).abs() > tolerance * largest;
    let at = a.iter().zip(b).position(far)?;
    Some(format!("entry {at}: {:?} and {:?}", a[at], b[at]))
}
