//! Frames: nested values taken apart into the arguments of one IR call, and put together again.
//!
//! In: a [`Layout`] and the host's [`Value`]s. Out: a [`Frame`] that owns one slot per IR parameter, and values rebuilt from leaves. What does not fit is an input
//! error that names the parameter in the user's words. It does not run anything.

use crate::error::{Error, Result};
use crate::signature::Type;
use crate::value::{Array, Data, Value, count};
use adit_diag::Code;
use adit_ir::{Argument, Elements, ElementsMut, Passing, Scalar, ScalarType};
use adit_sema::layout::{Bound, Given, Layout, Leaf};

const UNKNOWN_NAME: Code = Code("AD0904");
const WRONG_KIND: Code = Code("AD0905");
const WRONG_SIZE: Code = Code("AD0906");

/// One argument of an IR call, owned.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Scalar(Scalar),
    Array(Passing, Array),
}

/// All arguments of an IR call, owned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) slots: Vec<Slot>,
}

impl Frame {
    /// The arguments that a function's own parameters want. Before an array for a result is made, `allow` is asked for its bytes (none: more than can be counted).
    pub(crate) fn primal(layout: &Layout, names: &[String], args: &[Value], allow: Allow<'_>) -> Result<Frame> {
        let leaves = leaf_values(layout, names, args)?;
        let bound = bind(layout, &leaves)?;
        let mut slots: Vec<Slot> = bound.explicit.iter().map(|&d| Slot::Scalar(Scalar::I64(d))).collect();
        for ((leaf, value), shape) in layout.params.iter().zip(leaves).zip(bound.shapes) {
            slots.push(value.into_slot(leaf, shape));
        }
        for (leaf, dims) in layout.destinations.iter().zip(bound.destinations) {
            slots.push(Slot::Array(Passing::Mut, zeros(leaf.element, dims, allow)?));
        }
        Ok(Frame { slots })
    }

    /// Borrows the arguments for a call.
    pub(crate) fn arguments(&mut self) -> Vec<Argument<'_>> {
        self.slots.iter_mut().map(argument).collect()
    }

    /// The array in a slot.
    pub(crate) fn array(&self, slot: usize) -> Option<&Array> {
        match &self.slots[slot] {
            Slot::Array(_, array) => Some(array),
            Slot::Scalar(_) => None,
        }
    }
}

/// The arguments, zeros in the place of those that are not given; `sizes` are dimensions that no argument tells.
pub(crate) fn completed(
    layout: &Layout,
    types: &[Type],
    given: &[Option<Value>],
    sizes: &[(String, i64)],
    allow: Allow<'_>,
) -> Result<Vec<Value>> {
    let leaf_of = |leaf: &Leaf| match &given[leaf.path.param.unwrap_or(0)] {
        Some(value) => leaf_value(leaf, value).map(Some),
        None => Ok(None),
    };
    let leaves: Vec<Option<LeafValue>> = layout.params.iter().map(leaf_of).collect::<Result<_>>()?;
    let shape_of = |(leaf, value): (&Leaf, &Option<LeafValue>)| match value {
        Some(value) => shape(leaf, value),
        None => vec![None; leaf.dims.len()],
    };
    let shapes: Vec<Vec<Option<usize>>> = layout.params.iter().zip(&leaves).map(shape_of).collect();
    let ints: Vec<Option<i64>> = leaves.iter().map(|value| value.as_ref().and_then(int)).collect();
    let host = Given { shapes: &shapes, ints: &ints, explicit: sizes };
    let extents = layout.complete(host).map_err(|e| Error::input(WRONG_SIZE, e.to_string()))?;
    let mut blanks = Vec::with_capacity(layout.params.len());
    for (leaf, dims) in layout.params.iter().zip(extents) {
        let given = given[leaf.path.param.unwrap_or(0)].is_some();
        blanks.push(match leaf.is_array() {
            true if !given => Value::Array(zeros(leaf.element, dims, allow)?),
            _ => zero_scalar(leaf.element),
        });
    }
    let mut out = Vec::with_capacity(given.len());
    let mut blanks = blanks.into_iter();
    for (ty, given) in types.iter().zip(given) {
        let blank = rebuild(ty, &mut || blanks.next().unwrap_or_else(Value::unit));
        out.push(given.clone().unwrap_or(blank));
    }
    Ok(out)
}

fn argument(slot: &mut Slot) -> Argument<'_> {
    match slot {
        Slot::Scalar(s) => Argument::Scalar(*s),
        Slot::Array(Passing::ByValue, Array { dims, data }) => {
            let elements = match data {
                Data::F64(x) => Elements::F64(x),
                Data::F32(x) => Elements::F32(x),
                Data::I64(x) => Elements::I64(x),
                Data::Bool(x) => Elements::Bool(x),
            };
            Argument::Array { dims, elements }
        }
        Slot::Array(Passing::Mut, Array { dims, data }) => {
            let elements = match data {
                Data::F64(x) => ElementsMut::F64(x),
                Data::F32(x) => ElementsMut::F32(x),
                Data::I64(x) => ElementsMut::I64(x),
                Data::Bool(x) => ElementsMut::Bool(x),
            };
            Argument::ArrayMut { dims, elements }
        }
    }
}

/// Says whether an array of so many bytes may be made.
pub(crate) type Allow<'a> = &'a dyn Fn(Option<u64>) -> Result<()>;

/// An array of zeros, refused where it may not or cannot be made.
fn zeros(element: ScalarType, dims: Vec<usize>, allow: Allow<'_>) -> Result<Array> {
    let extents = dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX));
    let bytes = adit_ir::limits::array_bytes(element, extents.collect::<Vec<_>>());
    allow(bytes)?;
    let n = count(&dims);
    let data = match element {
        ScalarType::F64 => zeroed(n, 0.0).map(Data::F64),
        ScalarType::F32 => zeroed(n, 0.0).map(Data::F32),
        ScalarType::I64 => zeroed(n, 0).map(Data::I64),
        ScalarType::Bool => zeroed(n, false).map(Data::Bool),
    };
    match data {
        Some(data) => Ok(Array { dims, data }),
        None => allow(None).and(Err(Error::internal("an array was allowed that cannot be made"))),
    }
}

/// So many equal elements; nothing if the system has no memory for them. The probe is returned before the elements are made by the allocator's own zeroing, which touches no page.
fn zeroed<T: Clone>(n: usize, zero: T) -> Option<Vec<T>> {
    Vec::<T>::new().try_reserve_exact(n).ok()?;
    Some(vec![zero; n])
}

/// The value of one leaf, of the leaf's element type.
enum LeafValue {
    Scalar(Scalar),
    Array(Array),
}

impl LeafValue {
    fn into_slot(self, leaf: &Leaf, shape: Vec<usize>) -> Slot {
        match self {
            LeafValue::Scalar(s) => Slot::Scalar(s),
            LeafValue::Array(array) => {
                let passing = if leaf.lent { Passing::Mut } else { Passing::ByValue };
                Slot::Array(passing, Array { dims: shape, data: array.data })
            }
        }
    }
}

fn leaf_values(layout: &Layout, names: &[String], args: &[Value]) -> Result<Vec<LeafValue>> {
    if args.len() != names.len() {
        let text = format!("{} arguments are wanted ({}), {} were given", names.len(), names.join(", "), args.len());
        return Err(Error::input(UNKNOWN_NAME, text));
    }
    layout.params.iter().map(|leaf| leaf_value(leaf, &args[leaf.path.param.unwrap_or(0)])).collect()
}

/// Follows a leaf's path into a parameter's value and converts what is there.
fn leaf_value(leaf: &Leaf, value: &Value) -> Result<LeafValue> {
    let mut at = value;
    for (position, name) in &leaf.path.steps {
        at = step(at, *position as usize, name).ok_or_else(|| missing(leaf, name))?;
    }
    convert(leaf, at).ok_or_else(|| wrong_kind(leaf, at))
}

fn step<'v>(value: &'v Value, position: usize, name: &str) -> Option<&'v Value> {
    match value {
        Value::Struct(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, v)| v),
        Value::Tuple(items) => items.get(position),
        Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) | Value::Array(_) => None,
    }
}

fn missing(leaf: &Leaf, name: &str) -> Error {
    Error::input(UNKNOWN_NAME, format!("the value of `{}` is missing: there is no `{name}`", leaf.path))
}

fn wrong_kind(leaf: &Leaf, found: &Value) -> Error {
    let kind = if leaf.is_array() { format!("an array of {}", leaf.element) } else { leaf.element.to_string() };
    Error::input(WRONG_KIND, format!("`{}` takes {kind}, not {}", leaf.path, describe(found)))
}

/// What a value is, in words.
fn describe(value: &Value) -> String {
    match value {
        Value::F64(x) => format!("the float {x:?}"),
        Value::F32(x) => format!("the float {x:?}"),
        Value::I64(i) => format!("the integer {i}"),
        Value::Bool(b) => format!("{b}"),
        Value::Array(a) => format!("an array with the extents {:?}", a.dims),
        Value::Struct(_) => "a struct".into(),
        Value::Tuple(_) => "a tuple".into(),
    }
}

fn convert(leaf: &Leaf, value: &Value) -> Option<LeafValue> {
    match (leaf.is_array(), value) {
        (false, Value::F64(x)) if leaf.element.is_float() => Some(LeafValue::Scalar(Scalar::float(leaf.element, *x))),
        (false, Value::F32(x)) if leaf.element.is_float() => {
            Some(LeafValue::Scalar(Scalar::float(leaf.element, f64::from(*x))))
        }
        (false, Value::I64(i)) => match leaf.element {
            ScalarType::F64 => Some(LeafValue::Scalar(Scalar::F64(*i as f64))),
            ScalarType::F32 => Some(LeafValue::Scalar(Scalar::F32(*i as f32))),
            ScalarType::I64 => Some(LeafValue::Scalar(Scalar::I64(*i))),
            ScalarType::Bool => None,
        },
        (false, Value::Bool(b)) if leaf.element == ScalarType::Bool => Some(LeafValue::Scalar(Scalar::Bool(*b))),
        (true, Value::Array(a)) => {
            let data = elements(leaf.element, &a.data)?;
            Some(LeafValue::Array(Array { dims: a.dims.clone(), data }))
        }
        (_, _) => None,
    }
}

fn elements(wanted: ScalarType, data: &Data) -> Option<Data> {
    match (wanted, data) {
        _ if wanted == data.element() => Some(data.clone()),
        (ScalarType::F64, Data::I64(x)) => Some(Data::F64(x.iter().map(|&i| i as f64).collect())),
        (ScalarType::F64, Data::F32(x)) => Some(Data::F64(x.iter().map(|&x| f64::from(x)).collect())),
        (ScalarType::F32, Data::I64(x)) => Some(Data::F32(x.iter().map(|&i| i as f32).collect())),
        (ScalarType::F32, Data::F64(x)) => Some(Data::F32(x.iter().map(|&x| x as f32).collect())),
        // `[]` is an array of anything.
        (_, empty) if empty.is_empty() => Some(match wanted {
            ScalarType::F64 => Data::F64(Vec::new()),
            ScalarType::F32 => Data::F32(Vec::new()),
            ScalarType::I64 => Data::I64(Vec::new()),
            ScalarType::Bool => Data::Bool(Vec::new()),
        }),
        (ScalarType::F64 | ScalarType::F32 | ScalarType::I64 | ScalarType::Bool, _) => None,
    }
}

fn bind(layout: &Layout, leaves: &[LeafValue]) -> Result<Bound> {
    let shapes: Vec<Vec<Option<usize>>> = layout.params.iter().zip(leaves).map(|(leaf, v)| shape(leaf, v)).collect();
    let ints: Vec<Option<i64>> = leaves.iter().map(int).collect();
    let given = Given { shapes: &shapes, ints: &ints, explicit: &[] };
    let bound = layout.bind(given).map_err(|e| Error::input(WRONG_SIZE, e.to_string()))?;
    for (leaf, value) in layout.params.iter().zip(leaves) {
        check_count(leaf, value)?;
    }
    Ok(bound)
}

/// The extents of a leaf; those that an empty list cannot tell are unknown.
fn shape(leaf: &Leaf, value: &LeafValue) -> Vec<Option<usize>> {
    let LeafValue::Array(array) = value else { return Vec::new() };
    let mut shape: Vec<Option<usize>> = array.dims.iter().map(|&d| Some(d)).collect();
    if array.data.is_empty() && shape.last() == Some(&Some(0)) && shape.len() < leaf.dims.len() {
        shape.resize(leaf.dims.len(), None);
    }
    shape
}

fn int(value: &LeafValue) -> Option<i64> {
    match value {
        LeafValue::Scalar(Scalar::I64(i)) => Some(*i),
        LeafValue::Scalar(Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) | LeafValue::Array(_) => None,
    }
}

fn check_count(leaf: &Leaf, value: &LeafValue) -> Result<()> {
    match value {
        LeafValue::Array(a) if !a.is_whole() => {
            let text =
                format!("`{}` has {} elements, which its extents {:?} do not say", leaf.path, a.data.len(), a.dims);
            Err(Error::input(WRONG_SIZE, text))
        }
        LeafValue::Array(_) | LeafValue::Scalar(_) => Ok(()),
    }
}

/// Checks that a nested value has no names that its type lacks.
pub(crate) fn check_names(path: &str, ty: &Type, value: &Value) -> Result<()> {
    match (ty, value) {
        (Type::Struct { fields, .. }, Value::Struct(given)) => {
            given.iter().enumerate().try_for_each(|(at, (name, v))| {
                if given[..at].iter().any(|(before, _)| before == name) {
                    return Err(Error::input(UNKNOWN_NAME, format!("`{path}.{name}` is given twice")));
                }
                let field = fields.iter().find(|(n, _)| n == name);
                let known: Vec<&str> = fields.iter().map(|(n, _)| n.as_str()).collect();
                let (_, ty) = field.ok_or_else(|| {
                    Error::input(UNKNOWN_NAME, format!("`{path}` has no field `{name}`; it has {}", known.join(", ")))
                })?;
                check_names(&format!("{path}.{name}"), ty, v)
            })
        }
        (Type::Tuple(types), Value::Tuple(items)) if types.len() != items.len() => {
            Err(Error::input(WRONG_KIND, format!("`{path}` takes {} values, not {}", types.len(), items.len())))
        }
        (Type::Tuple(types), Value::Tuple(items)) => {
            let mut pairs = types.iter().zip(items).enumerate();
            pairs.try_for_each(|(i, (ty, v))| check_names(&format!("{path}.{i}"), ty, v))
        }
        (_, _) => Ok(()),
    }
}

/// Puts leaves together as a value of this type; `next` gives them in order.
pub(crate) fn rebuild(ty: &Type, next: &mut dyn FnMut() -> Value) -> Value {
    match ty {
        Type::Scalar(_) | Type::Array { .. } => next(),
        Type::Struct { fields, .. } => {
            Value::Struct(fields.iter().map(|(name, ty)| (name.clone(), rebuild(ty, next))).collect())
        }
        Type::Tuple(items) => Value::Tuple(items.iter().map(|ty| rebuild(ty, next)).collect()),
    }
}

fn zero_scalar(element: ScalarType) -> Value {
    match element {
        ScalarType::F64 => Value::F64(0.0),
        ScalarType::F32 => Value::F32(0.0),
        ScalarType::I64 => Value::I64(0),
        ScalarType::Bool => Value::Bool(false),
    }
}

/// A number as a value.
pub(crate) fn scalar_value(s: Scalar) -> Value {
    match s {
        Scalar::F64(x) => Value::F64(x),
        Scalar::F32(x) => Value::F32(x),
        Scalar::I64(i) => Value::I64(i),
        Scalar::Bool(b) => Value::Bool(b),
    }
}
