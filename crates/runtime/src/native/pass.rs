//! One call from C.
//!
//! In: words, and how they become arguments. Out: results and arrays written, or why not. Sizes, null addresses, truth values and overlaps are looked at before anything runs; the rest is
//! [`Entry::call`](crate::Entry::call)'s, which checks all that it relies on by itself.

use super::interface::{Float, Matrix, Place, Source};
use super::{Bound, Failure};
use crate::Workspace;
use crate::entry::{Kind, Occupied, colliding, element_count};
use crate::print::scalar;
use adit_ir::{Argument, Elements, ElementsMut, Passing, Scalar, ScalarType};
use std::slice;

/// An array in memory.
struct Array {
    at: *mut u8,
    element: ScalarType,
    dims: Vec<usize>,
    count: usize,
    written: bool,
    place: Place,
    /// The memory itself, if it is the call's own.
    _own: Vec<u64>,
}

/// An argument in the making.
enum Given {
    Scalar(Scalar),
    Array(Array),
}

/// # Safety
/// There are as many words as the interface says, and addresses among them lead to as many numbers as it says.
pub(super) unsafe fn run(bound: &Bound, words: &[u64], workspace: &mut Workspace) -> Result<(), Failure> {
    let interface = &bound.interface;
    let params = &bound.entry.signature().params;
    let mut given = Vec::with_capacity(params.len());
    for (source, kind) in interface.args.iter().zip(params) {
        // SAFETY: as promised.
        given.push(unsafe { argument(source, kind, words) }?);
    }
    apart(&given)?;
    let mut results = Vec::new();
    match &interface.matrix {
        // SAFETY: as promised, and the arrays were just made or checked.
        None => unsafe {
            begin(&given, words);
            once(bound, &given, workspace, &mut results)
        }?,
        // SAFETY: as above.
        Some(matrix) => unsafe { sweep(bound, matrix, words, &mut given, workspace, &mut results) }?,
    }
    for out in &interface.outs {
        if let (Some(&result), Some(&address)) = (results.get(out.result), words.get(out.word))
            && address != 0
        {
            // SAFETY: the caller's address is that of one number of this type.
            unsafe { store(address as *mut u8, result) };
        }
    }
    Ok(())
}

/// # Safety
/// As for [`run`].
unsafe fn argument(source: &Source, kind: &Kind, words: &[u64]) -> Result<Given, Failure> {
    let damaged = || Failure::new("AD0930", "this object does not fit its function");
    let word = |at: usize| words.get(at).copied().ok_or_else(damaged);
    match (source, kind) {
        (Source::Word(at), Kind::Scalar(ty)) => Ok(Given::Scalar(scalar(*ty, word(*at)?))),
        (Source::Bits(bits), Kind::Scalar(ty)) => Ok(Given::Scalar(scalar(*ty, *bits))),
        (Source::Pointee(at), Kind::Scalar(ty)) => match word(*at)? {
            0 => Err(null()),
            // SAFETY: the caller's address is that of one number of this type.
            address => Ok(Given::Scalar(unsafe { load(address as *const u8, *ty) }?)),
        },
        (Source::Array { place: Place::Read(_), .. }, Kind::Array { passing: Passing::Mut, .. }) => Err(damaged()),
        (Source::Array { place, dims }, Kind::Array { element, passing, .. }) => {
            let extent = |dim: &super::Extent| usize::try_from(dim.value(words)?).ok();
            let dims: Option<Vec<usize>> = dims.iter().map(extent).collect();
            let dims = dims.ok_or_else(|| Failure::new("AD0906", "an extent is negative"))?;
            let count = element_count(&dims).ok_or_else(too_large)?;
            let written = *passing == Passing::Mut;
            // SAFETY: as promised.
            unsafe { array(*place, (*element, written), dims, count, words) }
        }
        (Source::Word(_) | Source::Bits(_) | Source::Pointee(_), Kind::Array { .. } | Kind::Tape) => Err(damaged()),
        (Source::Array { .. }, Kind::Scalar(_) | Kind::Tape) => Err(damaged()),
    }
}

fn null() -> Failure {
    Failure::new("AD0905", "an address is null")
}

fn too_large() -> Failure {
    Failure::new("AD0805", "the arrays of this call are too large for the memory")
}

/// # Safety
/// As for [`run`]: there are so many numbers where the word of the place leads.
unsafe fn array(
    place: Place,
    (element, written): (ScalarType, bool),
    dims: Vec<usize>,
    count: usize,
    words: &[u64],
) -> Result<Given, Failure> {
    let from = match place {
        Place::Read(word) | Place::Lent(word) | Place::Fresh(word) | Place::Copy(word) => Some(word),
        Place::Zeros => None,
    };
    let address = from.and_then(|word| words.get(word)).map_or(0, |&word| word as usize);
    if from.is_some() && address == 0 && count > 0 {
        return Err(null());
    }
    let bytes = count.checked_mul(element.bytes()).filter(|&n| n <= isize::MAX as usize).ok_or_else(too_large)?;
    if element == ScalarType::Bool && count > 0 && matches!(place, Place::Read(_) | Place::Lent(_) | Place::Copy(_)) {
        // SAFETY: as promised; bytes may hold anything.
        let bytes = unsafe { slice::from_raw_parts(address as *const u8, count) };
        if bytes.iter().any(|&byte| byte > 1) {
            return Err(Failure::new("AD0905", "a truth value is neither 0 nor 1"));
        }
    }
    let mut own = Vec::new();
    if matches!(place, Place::Copy(_) | Place::Zeros) {
        own.try_reserve_exact(bytes.div_ceil(8)).map_err(|_| too_large())?;
        own.resize(bytes.div_ceil(8), 0);
    }
    let at = match place {
        _ if count == 0 => std::ptr::dangling_mut::<u64>().cast(),
        Place::Copy(_) | Place::Zeros => own.as_mut_ptr().cast(),
        Place::Read(_) | Place::Lent(_) | Place::Fresh(_) => address as *mut u8,
    };
    Ok(Given::Array(Array { at, element, dims, count, written, place, _own: own }))
}

/// That nothing written shares memory with anything else.
fn apart(given: &[Given]) -> Result<(), Failure> {
    let range = |(i, given): (usize, &Given)| match given {
        Given::Array(a) if a.count > 0 => {
            let start = a.at as usize;
            Some((start..start + a.count * a.element.bytes(), a.written, i))
        }
        Given::Array(_) | Given::Scalar(_) => None,
    };
    let mut ranges: Vec<Occupied> = given.iter().enumerate().filter_map(range).collect();
    match colliding(&mut ranges) {
        None => Ok(()),
        Some(_) => Err(Failure::new("AD0808", "an array that is written overlaps another")),
    }
}

/// Calls the function.
///
/// # Safety
/// The arrays are there.
unsafe fn once(
    bound: &Bound,
    given: &[Given],
    workspace: &mut Workspace,
    results: &mut Vec<Scalar>,
) -> Result<(), Failure> {
    // SAFETY: nothing written overlaps anything else, as was checked.
    let mut arguments: Vec<Argument<'_>> = given.iter().map(|given| unsafe { lend(given) }).collect();
    bound.entry.call(workspace, &mut arguments, results).map_err(|e| Failure::run(&e, &bound.sources))
}

/// Arrays of the call's own, and those of the caller that only receive, start anew.
///
/// # Safety
/// The arrays are there, and so is what they are copies of.
unsafe fn begin(given: &[Given], words: &[u64]) {
    for one in given {
        let Given::Array(array) = one else { continue };
        let bytes = array.count * array.element.bytes();
        match array.place {
            Place::Read(_) | Place::Lent(_) => {}
            // SAFETY: as promised; zero bytes are numbers of every type.
            Place::Fresh(_) | Place::Zeros => unsafe { array.at.write_bytes(0, bytes) },
            Place::Copy(_) if bytes == 0 => {}
            // SAFETY: as promised; the copy is the call's own.
            Place::Copy(word) => unsafe {
                std::ptr::copy_nonoverlapping(words[word] as *const u8, array.at, bytes);
            },
        }
    }
}

/// # Safety
/// The array is there, and not looked at meanwhile in another way.
unsafe fn lend(given: &Given) -> Argument<'_> {
    let array = match given {
        Given::Scalar(x) => return Argument::Scalar(*x),
        Given::Array(array) => array,
    };
    macro_rules! elements {
        ($($name:ident $ty:ty),*) => {
            match (array.element, array.written) {
                $(
                    // SAFETY: as promised.
                    (ScalarType::$name, false) => Argument::Array { dims: &array.dims, elements: Elements::$name(unsafe {
                        slice::from_raw_parts(array.at.cast::<$ty>(), array.count)
                    }) },
                    // SAFETY: as promised.
                    (ScalarType::$name, true) => Argument::ArrayMut { dims: &array.dims, elements: ElementsMut::$name(unsafe {
                        slice::from_raw_parts_mut(array.at.cast::<$ty>(), array.count)
                    }) },
                )*
            }
        };
    }
    elements!(F64 f64, F32 f32, I64 i64, Bool bool)
}

/// # Safety
/// As for [`run`].
unsafe fn sweep(
    bound: &Bound,
    matrix: &Matrix,
    words: &[u64],
    given: &mut [Given],
    workspace: &mut Workspace,
    results: &mut Vec<Scalar>,
) -> Result<(), Failure> {
    let lanes = matrix.lanes.max(1);
    let floats = |float: &Float| match float {
        Float::Result(_) => 1,
        Float::Argument(at) => match &given[*at] {
            Given::Scalar(_) => 1,
            Given::Array(array) => array.count / lanes,
        },
    };
    let directions: usize = matrix.directions.iter().map(floats).sum();
    let entries: usize = matrix.entries.iter().map(floats).sum();
    let total = directions.checked_mul(entries).ok_or_else(too_large)?;
    let address = words.get(matrix.word).map_or(0, |&word| word as usize);
    if address == 0 && total > 0 {
        return Err(null());
    }
    let out = address as *mut f64;
    for first in (0..directions.max(1)).step_by(lanes) {
        // SAFETY: the arrays are there, and directions are the call's own.
        unsafe { directed(matrix, given, first, words) };
        // SAFETY: as above.
        unsafe { once(bound, given, workspace, results) }?;
        let put = |direction: usize, entry: usize, x: f64| {
            let at = if matrix.rows { direction * entries + entry } else { entry * directions + direction };
            if direction < directions {
                // SAFETY: the caller's matrix has as many entries.
                unsafe { out.add(at).write(x) };
            }
        };
        // SAFETY: as above.
        unsafe { collect(matrix, given, results, &mut |lane, entry, x| put(first + lane, entry, x)) };
    }
    Ok(())
}

/// Begins anew, and sets directions to unit vectors, the first float of them being this.
///
/// # Safety
/// The arrays are there, and those of directions the call's own.
unsafe fn directed(matrix: &Matrix, given: &mut [Given], first: usize, words: &[u64]) {
    // SAFETY: as promised.
    unsafe { begin(given, words) };
    let lanes = matrix.lanes.max(1);
    let mut before = 0;
    for float in &matrix.directions {
        let Float::Argument(at) = *float else { continue };
        if matches!(given[at], Given::Scalar(_)) {
            for lane in 0..lanes {
                if let Some(Given::Scalar(x)) = given.get_mut(at + lane) {
                    *x = Scalar::float(x.ty(), f64::from(u8::from(before == first + lane)));
                }
            }
            before += 1;
            continue;
        }
        let Given::Array(array) = &given[at] else { continue };
        for lane in 0..lanes {
            let float = (first + lane).checked_sub(before).filter(|&float| float < array.count / lanes);
            if let Some(float) = float {
                let place = (float * lanes + lane) * array.element.bytes();
                // SAFETY: the place is within the array.
                unsafe { store(array.at.add(place), Scalar::float(array.element, 1.0)) };
            }
        }
        before += array.count / lanes;
    }
}

/// Calls `see` with lane, number and value of every entry.
///
/// # Safety
/// The arrays of entries are there.
unsafe fn collect(matrix: &Matrix, given: &[Given], results: &[Scalar], see: &mut dyn FnMut(usize, usize, f64)) {
    let lanes = matrix.lanes.max(1);
    let mut before = 0;
    for float in &matrix.entries {
        match *float {
            Float::Result(k) => {
                let found = results.iter().skip(k).take(lanes);
                found.enumerate().for_each(|(lane, x)| see(lane, before, x.as_float().unwrap_or(f64::NAN)));
                before += 1;
            }
            Float::Argument(at) => {
                let Given::Array(array) = &given[at] else { continue };
                for i in 0..array.count {
                    // SAFETY: the place is within the array.
                    let x = unsafe { load(array.at.add(i * array.element.bytes()), array.element) };
                    let x = x.ok().and_then(Scalar::as_float).unwrap_or(f64::NAN);
                    see(i % lanes, before + i / lanes, x);
                }
                before += array.count / lanes;
            }
        }
    }
}

/// # Safety
/// There is a number of this type, or a byte for a truth value.
unsafe fn load(from: *const u8, ty: ScalarType) -> Result<Scalar, Failure> {
    // SAFETY: as promised.
    Ok(unsafe {
        match ty {
            ScalarType::F64 => Scalar::F64(from.cast::<f64>().read_unaligned()),
            ScalarType::F32 => Scalar::F32(from.cast::<f32>().read_unaligned()),
            ScalarType::I64 => Scalar::I64(from.cast::<i64>().read_unaligned()),
            ScalarType::Bool => Scalar::Bool(from.read() != 0),
        }
    })
}

/// # Safety
/// There is room for it.
unsafe fn store(to: *mut u8, x: Scalar) {
    // SAFETY: as promised.
    unsafe {
        match x {
            Scalar::F64(x) => to.cast::<f64>().write_unaligned(x),
            Scalar::F32(x) => to.cast::<f32>().write_unaligned(x),
            Scalar::I64(n) => to.cast::<i64>().write_unaligned(n),
            Scalar::Bool(b) => to.write(u8::from(b)),
        }
    }
}
