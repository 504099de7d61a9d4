//! Arguments from the host, and back.
//!
//! In: borrowed buffers. Out: [`Input`]s, checked against a signature; and the final contents of `mut` arguments in the buffers they came from.

use super::Input;
use super::memory::{Array, Data};
use super::number::{Cell, Number};
use adit_ir::limits::element_count;
use adit_ir::{Argument, Elements, ElementsMut, Function, RunError, Trap, Type};

/// A copy of an argument.
pub(super) fn input(arg: &Argument<'_>) -> Input<f64> {
    match arg {
        Argument::Scalar(s) => Input::Scalar(Cell::from_real(*s)),
        Argument::Array { dims, elements } => array(dims, *elements),
        Argument::ArrayMut { dims, elements } => array(dims, elements.as_ref()),
    }
}

fn array(dims: &[usize], elements: Elements<'_>) -> Input<f64> {
    let data = match elements {
        Elements::F64(x) => Data::F64(x.to_vec()),
        Elements::F32(x) => Data::F32(x.iter().map(|&x| x.into()).collect()),
        Elements::I64(x) => Data::I64(x.to_vec()),
        Elements::Bool(x) => Data::Bool(x.to_vec()),
    };
    // An extent that does not fit cannot be that of an existing buffer: the check of sizes refuses it.
    let dims = dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect();
    Input::Array(Array { dims, data })
}

/// Writes what a run left of a `mut` argument to the host's buffer.
pub(super) fn write_back(arg: &mut Argument<'_>, input: &Input<f64>) {
    if let (Argument::ArrayMut { elements, .. }, Input::Array(array)) = (arg, input) {
        match (elements, &array.data) {
            (ElementsMut::F64(to), Data::F64(from)) => to.copy_from_slice(from),
            (ElementsMut::F32(to), Data::F32(from)) => {
                to.iter_mut().zip(from).for_each(|(to, &from)| *to = from as f32);
            }
            (ElementsMut::I64(to), Data::I64(from)) => to.copy_from_slice(from),
            (ElementsMut::Bool(to), Data::Bool(from)) => to.copy_from_slice(from),
            (to, from) => panic!("an array of {from:?} was passed as {to:?}"),
        }
    }
}

/// Whether there is one argument per parameter, of its kind, with as many elements as its extents say. What extents must agree is checked as for every call.
pub(super) fn check<N: Number>(f: &Function, inputs: &[Input<N>]) -> Result<(), RunError> {
    let refuse =
        |what: String, details: [i64; 2]| Err(RunError::with_details(Trap::ShapeMismatch(what), f.span, details));
    if f.params.len() != inputs.len() {
        let counts = [f.params.len() as i64, inputs.len() as i64];
        return refuse(format!("the number of arguments of `{}`", f.name), counts);
    }
    for (i, (param, input)) in f.params.iter().zip(inputs).enumerate() {
        if !fits(f.ty(param.value), input) {
            return refuse(format!("the kind of argument {} of `{}`", i + 1, f.name), [0; 2]);
        }
        if let Input::Array(array) = input {
            let wanted = element_count(array.dims.iter().copied());
            let (wanted, found) = (wanted.map_or(i64::MAX, |n| n as i64), array.len() as i64);
            if wanted != found || array.dims.iter().any(|&d| d < 0) {
                return refuse(
                    format!("the number of elements of argument {} of `{}`", i + 1, f.name),
                    [wanted, found],
                );
            }
        }
    }
    Ok(())
}

fn fits<N: Number>(ty: &Type, input: &Input<N>) -> bool {
    match (ty, input) {
        (Type::Scalar(ty), Input::Scalar(cell)) => *ty == cell.ty(),
        (Type::Array(ty), Input::Array(array)) => ty.element == array.element() && ty.dims.len() == array.dims.len(),
        (Type::Scalar(_) | Type::Array(_) | Type::Tape(_), _) => false,
    }
}
