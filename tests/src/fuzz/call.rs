//! How the function under test is called in each of its forms.
//!
//! In: arguments as values of the language. Out: slots of the IR's signature, and [`Answer`]s that can be compared: results of the IR function, then the last contents of
//! every array it may write. The tree interpreter's answer is brought into the same order.

use super::compile::Built;
use super::generate::Arg;
use adit_interp::ir::{Array, Cell, Data, Input, Interpreter, Outcome};
use adit_interp::tree;
use adit_ir::{Argument, Elements, ElementsMut, FuncId, Function, Limits, Passing, RunError, Scalar, Type};
use adit_runtime::Entry;
use adit_runtime::Workspace;
use adit_sema::layout::{Given, ResultLeaf};
use std::sync::{Arc, Mutex, PoisonError};

/// What a run gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// Results of the IR function.
    pub results: Vec<Scalar>,
    /// The last contents of `mut` parameters, in order.
    pub arrays: Vec<Array<f64>>,
    /// What was printed.
    pub lines: Vec<String>,
}

/// An answer, or what stopped the run.
pub type Run = Result<Answer, RunError>;

/// The slots of the IR function for these arguments.
///
/// # Errors
/// If sizes do not fit the signature, in words.
pub fn inputs(built: &Built, args: &[Arg]) -> Result<Vec<Input<f64>>, String> {
    let leaves: Vec<&Arg> = args.iter().flat_map(Arg::leaves).collect();
    let shapes: Vec<Vec<Option<usize>>> = leaves.iter().map(|leaf| shape(leaf)).collect();
    let ints: Vec<Option<i64>> = leaves.iter().map(|leaf| int(leaf)).collect();
    let given = Given { shapes: &shapes, ints: &ints, explicit: &[] };
    let bound = built.layout.bind(given).map_err(|e| e.to_string())?;
    let mut slots: Vec<Input<f64>> = bound.explicit.iter().map(|&d| Input::Scalar(Cell::I64(d))).collect();
    slots.extend(leaves.into_iter().map(slot));
    for (leaf, dims) in built.layout.destinations.iter().zip(&bound.destinations) {
        let dims: Vec<i64> = dims.iter().map(|&d| d as i64).collect();
        slots.push(Input::Array(zeros(leaf.element, &dims)));
    }
    Ok(slots)
}

fn shape(leaf: &Arg) -> Vec<Option<usize>> {
    match leaf {
        Arg::Array(_, dims, _) => dims.iter().map(|&d| Some(d)).collect(),
        Arg::Scalar(_) | Arg::Struct(_) | Arg::Tuple(_) => Vec::new(),
    }
}

fn int(leaf: &Arg) -> Option<i64> {
    match leaf {
        Arg::Scalar(Scalar::I64(i)) => Some(*i),
        Arg::Scalar(_) | Arg::Array(..) | Arg::Struct(_) | Arg::Tuple(_) => None,
    }
}

fn slot(leaf: &Arg) -> Input<f64> {
    match leaf {
        Arg::Scalar(s) => Input::Scalar(Cell::from_real(*s)),
        Arg::Array(element, dims, elements) => {
            let dims: Vec<i64> = dims.iter().map(|&d| d as i64).collect();
            Input::Array(array(*element, &dims, elements))
        }
        Arg::Struct(_) | Arg::Tuple(_) => panic!("a leaf is a number or an array"),
    }
}

/// An array of zeros.
pub fn zeros(element: adit_ir::ScalarType, dims: &[i64]) -> Array<f64> {
    let count = dims.iter().product::<i64>().max(0) as usize;
    let data = match element {
        adit_ir::ScalarType::F64 => Data::F64(vec![0.0; count]),
        adit_ir::ScalarType::F32 => Data::F32(vec![0.0; count]),
        adit_ir::ScalarType::I64 => Data::I64(vec![0; count]),
        adit_ir::ScalarType::Bool => Data::Bool(vec![false; count]),
    };
    Array { dims: dims.to_vec(), data }
}

fn array(element: adit_ir::ScalarType, dims: &[i64], elements: &[Scalar]) -> Array<f64> {
    let mut array = zeros(element, dims);
    for (k, s) in elements.iter().enumerate() {
        match (&mut array.data, s) {
            (Data::F64(x), Scalar::F64(v)) => x[k] = *v,
            (Data::F32(x), Scalar::F32(v)) => x[k] = f64::from(*v),
            (Data::I64(x), Scalar::I64(v)) => x[k] = *v,
            (Data::Bool(x), Scalar::Bool(v)) => x[k] = *v,
            (data, s) => panic!("{s:?} is no element of {data:?}"),
        }
    }
    array
}

/// Runs the typed tree.
pub fn run_tree(built: &Built, args: &[Arg], limits: &Limits) -> Run {
    let mut lines = Vec::new();
    let values = args.iter().map(Arg::to_tree).collect();
    let mut print = |line: &str| lines.push(line.to_owned());
    let outcome = tree::run(&built.program, built.tree_main, values, limits, &mut print)?;
    let layout = &built.layout;
    let mut found = Vec::new();
    flatten(&outcome.value, &mut found);
    let mut results = Vec::new();
    let mut destinations = Vec::new();
    for (at, leaf) in layout.result_leaves.iter().zip(&found) {
        match (at, leaf) {
            (ResultLeaf::Scalar(_), tree::Value::Scalar(s)) => results.push(*s),
            (ResultLeaf::Array(_), tree::Value::Array(a)) => destinations.push(tree_array(a)),
            (at, leaf) => panic!("{leaf:?} is not {at:?}"),
        }
    }
    let mut finals = Vec::new();
    outcome.finals.iter().for_each(|value| flatten(value, &mut finals));
    let mut arrays = Vec::new();
    for leaf in finals {
        match leaf {
            tree::Value::Scalar(s) => results.push(*s),
            tree::Value::Array(a) => arrays.push(tree_array(a)),
            tree::Value::Tuple(_) | tree::Value::Function(_) => {}
        }
    }
    arrays.extend(destinations);
    Ok(Answer { results, arrays, lines })
}

fn flatten<'v>(value: &'v tree::Value, found: &mut Vec<&'v tree::Value>) {
    match value {
        tree::Value::Tuple(items) => items.iter().for_each(|item| flatten(item, found)),
        tree::Value::Scalar(_) | tree::Value::Array(_) => found.push(value),
        tree::Value::Function(_) => {}
    }
}

fn tree_array(a: &tree::Array) -> Array<f64> {
    let dims: Vec<i64> = a.dims.iter().map(|&d| d as i64).collect();
    array(a.element, &dims, &a.elements)
}

/// Runs IR; also what the interpreter likes to tell.
pub fn run_ir(
    interpreter: &Interpreter<'_>,
    f: &Function,
    id: FuncId,
    inputs: &[Input<f64>],
) -> Result<(Answer, Outcome<f64>), RunError> {
    let mut slots = inputs.to_vec();
    let mut lines = Vec::new();
    let outcome = interpreter.run_with(id, &mut slots, &mut |line| lines.push(line.to_owned()))?;
    let results = outcome.results.iter().map(|c| c.real()).collect();
    let written = f.params.iter().zip(slots).filter(|(p, _)| p.passing == Passing::Mut);
    let arrays = written.filter_map(|(_, slot)| match slot {
        Input::Array(a) => Some(a),
        Input::Scalar(_) => None,
    });
    Ok((Answer { results, arrays: arrays.collect(), lines }, outcome))
}

/// Runs compiled code.
pub fn run_native(entry: &Entry, f: &Function, inputs: &[Input<f64>], limits: &Limits) -> Run {
    let mut slots = inputs.to_vec();
    let dims: Vec<Vec<usize>> = slots.iter().map(extents).collect();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut workspace = Workspace::with_limits(*limits);
    let sink = lines.clone();
    workspace.set_sink(Some(Box::new(move |line| lock(&sink).push(line.to_owned()))));
    let mut results = Vec::new();
    let mut singles: Vec<Vec<f32>> = slots.iter().map(singles).collect();
    {
        let pairs = f.params.iter().zip(slots.iter_mut().zip(&dims)).zip(&mut singles);
        let args = pairs.map(|((p, (slot, dims)), singles)| argument(p.passing, slot, dims, singles));
        entry.call(&mut workspace, &mut args.collect::<Vec<Argument<'_>>>(), &mut results)?;
    }
    for (slot, singles) in slots.iter_mut().zip(singles) {
        if let Input::Array(Array { data: Data::F32(x), .. }) = slot {
            *x = singles.into_iter().map(f64::from).collect();
        }
    }
    let written = f.params.iter().zip(slots).filter(|(p, _)| p.passing == Passing::Mut);
    let arrays = written.filter_map(|(_, slot)| match slot {
        Input::Array(a) => Some(a),
        Input::Scalar(_) => None,
    });
    let arrays = arrays.collect();
    let lines = lock(&lines).clone();
    Ok(Answer { results, arrays, lines })
}

fn lock(lines: &Mutex<Vec<String>>) -> std::sync::MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

fn extents(slot: &Input<f64>) -> Vec<usize> {
    match slot {
        Input::Scalar(_) => Vec::new(),
        Input::Array(a) => a.dims.iter().map(|&d| d as usize).collect(),
    }
}

/// The elements of an array of `f32`, as compiled code wants them.
fn singles(slot: &Input<f64>) -> Vec<f32> {
    match slot {
        Input::Array(Array { data: Data::F32(x), .. }) => x.iter().map(|&x| x as f32).collect(),
        Input::Scalar(_) | Input::Array(_) => Vec::new(),
    }
}

fn argument<'a>(passing: Passing, slot: &'a mut Input<f64>, dims: &'a [usize], singles: &'a mut [f32]) -> Argument<'a> {
    match (slot, passing) {
        (Input::Scalar(c), _) => Argument::Scalar(c.real()),
        (Input::Array(a), Passing::Mut) => Argument::ArrayMut {
            dims,
            elements: match &mut a.data {
                Data::F64(x) => ElementsMut::F64(x),
                Data::F32(_) => ElementsMut::F32(singles),
                Data::I64(x) => ElementsMut::I64(x),
                Data::Bool(x) => ElementsMut::Bool(x),
            },
        },
        (Input::Array(a), Passing::ByValue) => Argument::Array {
            dims,
            elements: match &a.data {
                Data::F64(x) => Elements::F64(x),
                Data::F32(_) => Elements::F32(singles),
                Data::I64(x) => Elements::I64(x),
                Data::Bool(x) => Elements::Bool(x),
            },
        },
    }
}

/// Whether each parameter carries floats.
pub fn active(f: &Function) -> Vec<bool> {
    f.params.iter().map(|p| f.ty(p.value).is_float()).collect()
}

/// Whether a parameter is an array.
pub fn is_array(f: &Function, k: usize) -> bool {
    matches!(f.ty(f.params[k].value), Type::Array(_))
}

/// The same with every zero positive: for forms that may begin a sum of adjoints at 0.0 or at its first term.
pub fn zeros_alike(run: &Run) -> Run {
    let mut answer = run.clone()?;
    let alike = |x: &mut f64| *x += 0.0;
    for x in &mut answer.results {
        match x {
            Scalar::F64(x) => alike(x),
            Scalar::F32(x) => *x += 0.0,
            Scalar::I64(_) | Scalar::Bool(_) => {}
        }
    }
    for array in &mut answer.arrays {
        match &mut array.data {
            Data::F64(x) | Data::F32(x) => x.iter_mut().for_each(alike),
            Data::I64(_) | Data::Bool(_) => {}
        }
    }
    Ok(answer)
}

/// Where two answers differ first: bit for bit, all NaNs being one.
pub fn difference(a: &Answer, b: &Answer) -> Option<String> {
    if a.results.len() != b.results.len() || a.arrays.len() != b.arrays.len() {
        return Some(format!(
            "{} and {} results, {} and {} arrays",
            a.results.len(),
            b.results.len(),
            a.arrays.len(),
            b.arrays.len()
        ));
    }
    for (k, (x, y)) in a.results.iter().zip(&b.results).enumerate() {
        if !same_scalar(*x, *y) {
            return Some(format!("result {k}: {x:?} and {y:?}"));
        }
    }
    for (k, (x, y)) in a.arrays.iter().zip(&b.arrays).enumerate() {
        if !same_array(x, y) {
            return Some(format!("array {k}: {x:?} and {y:?}"));
        }
    }
    (a.lines != b.lines).then(|| format!("printed {:?} and {:?}", a.lines, b.lines))
}

fn same_scalar(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::F64(a), Scalar::F64(b)) => same_float(a, b),
        (Scalar::F32(a), Scalar::F32(b)) => same_float(a.into(), b.into()),
        (a, b) => a == b,
    }
}

fn same_float(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

fn same_array(a: &Array<f64>, b: &Array<f64>) -> bool {
    match (&a.data, &b.data) {
        (Data::F64(x), Data::F64(y)) | (Data::F32(x), Data::F32(y)) => {
            a.dims == b.dims && x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_float(*x, *y))
        }
        (_, _) => a == b,
    }
}
