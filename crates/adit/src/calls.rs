//! How derivatives are called: which slots follow the primal's, and where each derivative comes back.
//!
//! In: a primal [`Frame`] and an activity mask over the parameters of the IR function. Out: frames with shadows, seeds and tangents appended in the order that the derivative passes
//! fix, and derivatives read back as values of the parameters' types.
//!
//! ```text
//! f         params                                                  → results
//! f__vjp    params, shadows of active arrays, seeds of float results → results, adjoints of active scalars
//! gradient  the same without seeds, which are literals in it
//! f__jvp    params, tangents of active params                       → results, tangents of float results
//! ```
//!
//! A tangent is one slot per lane for a scalar, one slot with the lanes innermost for an array. `f__vjp__jvp` is `jvp` applied to `f__vjp`, with shadows active and seeds not;
//! `f__vjp__vjp` likewise. Nothing is run here.

use crate::error::{Error, Result};
use crate::frame::{Frame, Slot, rebuild, scalar_value};
use crate::outcome::{Gradient, Outcome};
use crate::signature::Signature;
use crate::value::{self, Array, Data, Value};
use adit_diag::Code;
use adit_ir::{Passing, Scalar, ScalarType};
use adit_sema::layout::{Layout, Leaf, ResultLeaf};

/// The source's and the IR's view of one signature.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) layout: Layout,
    pub(crate) signature: Signature,
}

/// Which of several lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) at: usize,
    pub(crate) of: usize,
}

impl Lane {
    /// Where there is one.
    pub(crate) const ONLY: Lane = Lane { at: 0, of: 1 };

    /// What belongs to this lane, of numbers that stand side by side.
    fn pick<'a, T: Copy>(self, all: &'a [T]) -> impl Iterator<Item = T> + 'a {
        all.iter().skip(self.at).step_by(self.of).copied()
    }
}

/// Directions in the space of active floats, one per lane.
pub(crate) struct Along<'a> {
    pub(crate) lanes: usize,
    /// The component of a float in a lane.
    pub(crate) component: &'a dyn Fn(usize, usize) -> f64,
}

/// The seed of a result, taken apart.
pub(crate) struct Seeds {
    /// One per float scalar of the result.
    pub(crate) scalars: Vec<f64>,
    /// One per array of floats of the result.
    pub(crate) arrays: Vec<Array>,
}

/// Takes a seed apart.
pub(crate) fn seed_leaves(shape: &Shape, seed: &Value) -> Result<Seeds> {
    let mut leaves = Vec::new();
    flatten(seed, &mut leaves);
    if leaves.len() != shape.layout.result_leaves.len() {
        return Err(wrong_seed(shape));
    }
    let mut seeds = Seeds { scalars: Vec::new(), arrays: Vec::new() };
    for (at, value) in shape.layout.result_leaves.iter().zip(leaves) {
        match (at, value) {
            (ResultLeaf::Scalar(k), v) if shape.layout.results[*k].element.is_float() => {
                seeds.scalars.push(as_float(v).ok_or_else(|| wrong_seed(shape))?);
            }
            (ResultLeaf::Array(k), v) if shape.layout.destinations[*k].element.is_float() => {
                let element = shape.layout.destinations[*k].element;
                seeds.arrays.push(as_floats(v, element).ok_or_else(|| wrong_seed(shape))?);
            }
            (ResultLeaf::Scalar(_) | ResultLeaf::Array(_), _) => {}
        }
    }
    Ok(seeds)
}

fn wrong_seed(shape: &Shape) -> Error {
    Error::input(Code("AD0905"), format!("the seed must be shaped like the result, {}", shape.signature.result))
}

fn flatten<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    match value {
        Value::Struct(fields) => fields.iter().for_each(|(_, v)| flatten(v, out)),
        Value::Tuple(items) => items.iter().for_each(|v| flatten(v, out)),
        Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) | Value::Array(_) => out.push(value),
    }
}

fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::F64(x) => Some(*x),
        Value::F32(x) => Some(f64::from(*x)),
        Value::I64(i) => Some(*i as f64),
        Value::Bool(_) | Value::Array(_) | Value::Struct(_) | Value::Tuple(_) => None,
    }
}

/// An array of floats of this type.
fn as_floats(value: &Value, element: ScalarType) -> Option<Array> {
    let Value::Array(array) = value else { return None };
    let data = match &array.data {
        Data::F64(x) => Data::floats(element, x.iter().copied()),
        Data::F32(x) => Data::floats(element, x.iter().map(|&x| f64::from(x))),
        Data::I64(x) => Data::floats(element, x.iter().map(|&i| i as f64)),
        Data::Bool(_) => return None,
    };
    Some(Array { dims: array.dims.clone(), data })
}

impl Shape {
    /// The activity mask of the IR parameters: float leaves of wanted parameters, and float destinations if outputs count.
    pub(crate) fn active(&self, wanted: &dyn Fn(usize) -> bool, outputs: bool) -> Vec<bool> {
        let layout = &self.layout;
        let mut mask = vec![false; layout.explicit];
        let float = |leaf: &Leaf| leaf.element.is_float();
        mask.extend(layout.params.iter().map(|leaf| float(leaf) && leaf.path.param.is_some_and(wanted)));
        mask.extend(layout.destinations.iter().map(|leaf| outputs && float(leaf)));
        mask
    }

    /// What the IR's parameters are called in the source.
    pub(crate) fn param_names(&self) -> Vec<String> {
        let layout = &self.layout;
        let dims = layout.dims.iter().take(layout.explicit).map(|dim| dim.name.to_string());
        dims.chain(layout.params.iter().chain(&layout.destinations).map(|leaf| leaf.path.to_string())).collect()
    }

    /// Which extents of the IR's parameters are dimensions with a name.
    pub(crate) fn dim_names(&self) -> Vec<(usize, usize, String)> {
        let layout = &self.layout;
        let mut names = Vec::new();
        for (i, leaf) in layout.params.iter().enumerate() {
            for (axis, extent) in leaf.dims.iter().enumerate() {
                let named = layout.dims.iter().find(|dim| *extent == adit_sema::typed::DimExpr::Local(dim.local));
                names.extend(named.map(|dim| (layout.explicit + i, axis, dim.name.to_string())));
            }
        }
        names
    }

    /// Result and final contents, from the results and slots of a call.
    pub(crate) fn outcome(&self, frame: &Frame, results: &[Scalar]) -> Outcome {
        let layout = &self.layout;
        let mut leaves = layout.result_leaves.iter().map(|at| match at {
            ResultLeaf::Scalar(k) => scalar_value(results[*k]),
            ResultLeaf::Array(k) => array_value(frame, layout.ir_destination(*k)),
        });
        let value = rebuild(&self.signature.result, &mut || leaves.next().unwrap_or_else(Value::unit));
        let lent = self.signature.params.iter().enumerate().filter(|(_, p)| p.lent);
        let finals = lent.map(|(i, p)| {
            let mut leaves = layout.leaves_of_param(i).map(|leaf| self.final_leaf(frame, results, leaf));
            (p.name.clone(), rebuild(&p.ty, &mut || leaves.next().unwrap_or_else(Value::unit)))
        });
        Outcome { value, finals: finals.collect() }
    }

    /// Something of the result's type and of its sizes.
    pub(crate) fn blank(&self, frame: &Frame) -> Value {
        let zero = |ty: ScalarType| match ty {
            ScalarType::F64 => Scalar::F64(0.0),
            ScalarType::F32 => Scalar::F32(0.0),
            ScalarType::I64 => Scalar::I64(0),
            ScalarType::Bool => Scalar::Bool(false),
        };
        let results: Vec<Scalar> = self.ir_results().map(zero).collect();
        self.outcome(frame, &results).value
    }

    fn final_leaf(&self, frame: &Frame, results: &[Scalar], leaf: usize) -> Value {
        match self.layout.finals.iter().position(|&i| i == leaf) {
            Some(k) => scalar_value(results[self.layout.results.len() + k]),
            None => array_value(frame, self.layout.ir_param(leaf)),
        }
    }

    /// The element types of the IR function's results.
    fn ir_results(&self) -> impl Iterator<Item = ScalarType> + '_ {
        let finals = self.layout.finals.iter().map(|&i| &self.layout.params[i]);
        self.layout.results.iter().chain(finals).map(|leaf| leaf.element)
    }

    /// Whether each result of the IR function is a float.
    fn float_results(&self) -> Vec<bool> {
        self.ir_results().map(ScalarType::is_float).collect()
    }

    /// Appends what `f__vjp` takes: shadows (zero, or the seeds of destinations), then seeds (zero for what comes after `seeds`).
    pub(crate) fn add_shadows(
        &self,
        frame: &mut Frame,
        active: &[bool],
        seeds: &[f64],
        arrays: &[Array],
    ) -> Result<()> {
        self.add_shadow_arrays(frame, active, arrays)?;
        let floats = self.ir_results().filter(|ty| ty.is_float());
        let seeds = seeds.iter().copied().chain(std::iter::repeat(0.0));
        frame.slots.extend(floats.zip(seeds).map(|(ty, s)| Slot::Scalar(Scalar::float(ty, s))));
        Ok(())
    }

    /// Appends what a gradient takes: shadows (zero, or the seeds of destinations).
    pub(crate) fn add_shadow_arrays(&self, frame: &mut Frame, active: &[bool], arrays: &[Array]) -> Result<()> {
        let first_destination = self.layout.ir_destination(0);
        let mut arrays = arrays.iter();
        for i in (0..active.len()).filter(|&i| active[i]) {
            let Slot::Array(_, primal) = &frame.slots[i] else { continue };
            let shadow = if i < first_destination { zeroed(primal) } else { seed_array(primal, arrays.next())? };
            frame.slots.push(Slot::Array(Passing::Mut, shadow));
        }
        Ok(())
    }

    /// Appends what `f__jvp` takes: tangents of active parameters; destinations start at zero.
    pub(crate) fn add_tangents(&self, frame: &mut Frame, active: &[bool], along: &Along<'_>) {
        let mut first = 0;
        for i in (0..active.len()).filter(|&i| active[i]) {
            let zero = i >= self.layout.ir_destination(0);
            let component = |float: usize, lane: usize| if zero { 0.0 } else { (along.component)(first + float, lane) };
            let tangent = tangent_slots(&frame.slots[i], &Along { component: &component, ..*along });
            frame.slots.extend(tangent);
            first += float_count(&frame.slots[i]);
        }
    }

    /// Appends, to a frame of `f__vjp`, what `f__vjp__jvp` takes: tangents of active parameters, then of shadows (zero).
    pub(crate) fn add_second_order(&self, frame: &mut Frame, active: &[bool], along: &Along<'_>) {
        self.add_tangents(frame, active, along);
        for (_, slot) in self.shadow_slots(frame, active) {
            let tangent = tangent_slots(&frame.slots[slot], &Along { component: &|_, _| 0.0, ..*along });
            frame.slots.extend(tangent);
        }
    }

    /// Appends, to a frame of `f__vjp`, what `f__vjp__vjp` takes: shadows of active arrays (zero), the direction as seeds of their shadows, seeds of the results
    /// (zero), and the direction as seeds of the adjoints.
    pub(crate) fn add_reverse_over_reverse(&self, frame: &mut Frame, active: &[bool], along: &[f64]) {
        let (mut arrays, mut scalars, mut first) = (Vec::new(), Vec::new(), 0);
        let mut zeros = Vec::new();
        for i in (0..active.len()).filter(|&i| active[i]) {
            let component = |float: usize, _: usize| along.get(first + float).copied().unwrap_or(0.0);
            let into = if frame.array(i).is_some() { &mut arrays } else { &mut scalars };
            into.extend(tangent_slots(&frame.slots[i], &Along { lanes: 1, component: &component }));
            if let Some(array) = frame.array(i) {
                zeros.push(Slot::Array(Passing::Mut, zeroed(array)));
            }
            first += float_count(&frame.slots[i]);
        }
        frame.slots.extend(zeros);
        frame.slots.extend(arrays.into_iter().map(lent));
        let floats = self.ir_results().filter(|ty| ty.is_float());
        frame.slots.extend(floats.map(|ty| Slot::Scalar(Scalar::float(ty, 0.0))));
        frame.slots.extend(scalars);
    }

    /// For each active array parameter, its position and that of its shadow in a frame of `f__vjp`.
    fn shadow_slots(&self, frame: &Frame, active: &[bool]) -> Vec<(usize, usize)> {
        let arrays = (0..active.len()).filter(|&i| active[i] && frame.array(i).is_some());
        arrays.enumerate().map(|(k, i)| (i, active.len() + k)).collect()
    }

    /// One lane of the tangent of the result, from a call of `f__jvp`.
    pub(crate) fn tangent(&self, frame: &Frame, results: &[Scalar], active: &[bool], lane: Lane) -> Value {
        let floats = self.float_results();
        let tangent_of = |k: usize| {
            let before = floats[..k].iter().filter(|&&f| f).count();
            let first = floats.len() + before * lane.of;
            if floats[k] { scalar_value(results[first + lane.at]) } else { zero_of(results[k]) }
        };
        let slot_of = |i: usize| active.len() + tangent_slot_count(frame, &active[..i], lane.of);
        let mut leaves = self.layout.result_leaves.iter().map(|at| match at {
            ResultLeaf::Scalar(k) => tangent_of(*k),
            ResultLeaf::Array(k) => {
                let i = self.layout.ir_destination(*k);
                if active[i] { lane_value(frame, slot_of(i), lane) } else { array_value(frame, i).zeroed() }
            }
        });
        rebuild(&self.signature.result, &mut || leaves.next().unwrap_or_else(Value::unit))
    }

    /// The gradient, from a call of `f__vjp` or of its forward derivative.
    pub(crate) fn gradient(&self, frame: &Frame, results: &[Scalar], active: &[bool]) -> Gradient {
        let adjoints = results[self.float_results().len()..].iter().copied();
        self.collect(frame, results, active, adjoints, &self.shadow_slots(frame, active), Lane::ONLY)
    }

    /// One lane of the Hessian-vector product, from a call of `f__vjp__jvp`.
    pub(crate) fn hessian_product(&self, frame: &Frame, results: &[Scalar], active: &[bool], lane: Lane) -> Gradient {
        let shadows = self.shadow_slots(frame, active);
        // Results of f__vjp: results, adjoints. Then the tangents of those that are floats.
        let floats = self.float_results().into_iter().filter(|&f| f).count();
        let adjoints = lane.pick(&results[self.vjp_results(frame, active) + floats * lane.of..]);
        let base = self.vjp_slots(active, &shadows) + tangent_slot_count(frame, active, lane.of);
        let slots: Vec<(usize, usize)> = shadows.iter().enumerate().map(|(k, &(i, _))| (i, base + k)).collect();
        self.collect(frame, results, active, adjoints, &slots, lane)
    }

    /// The Hessian-vector product, from a call of `f__vjp__vjp`.
    pub(crate) fn reverse_product(&self, frame: &Frame, results: &[Scalar], active: &[bool]) -> Gradient {
        let shadows = self.shadow_slots(frame, active);
        let adjoints = results[self.vjp_results(frame, active)..].iter().copied();
        let base = self.vjp_slots(active, &shadows);
        let slots: Vec<(usize, usize)> = shadows.iter().enumerate().map(|(k, &(i, _))| (i, base + k)).collect();
        self.collect(frame, results, active, adjoints, &slots, Lane::ONLY)
    }

    /// How many results `f__vjp` has.
    fn vjp_results(&self, frame: &Frame, active: &[bool]) -> usize {
        let scalars = (0..active.len()).filter(|&i| active[i] && frame.array(i).is_none()).count();
        self.float_results().len() + scalars
    }

    /// How many parameters `f__vjp` has.
    fn vjp_slots(&self, active: &[bool], shadows: &[(usize, usize)]) -> usize {
        active.len() + shadows.len() + self.float_results().into_iter().filter(|&f| f).count()
    }

    /// Puts derivatives together by parameter: scalars in order from `scalars`, arrays from the slots named.
    fn collect(
        &self,
        frame: &Frame,
        results: &[Scalar],
        active: &[bool],
        mut scalars: impl Iterator<Item = Scalar>,
        arrays: &[(usize, usize)],
        lane: Lane,
    ) -> Gradient {
        let mut leaf = |i: usize| match arrays.iter().find(|(param, _)| *param == i) {
            Some(&(_, slot)) => lane_value(frame, slot, lane),
            None if active[i] => scalars.next().map_or_else(|| zero_slot(&frame.slots[i]), scalar_value),
            None => zero_slot(&frame.slots[i]),
        };
        let parameters = self.parameters(active, &mut leaf);
        Gradient { value: self.outcome(frame, results).value, parameters }
    }

    /// A value for each parameter with an active leaf; `leaf` gives the derivative of an IR parameter, asked in order.
    fn parameters(&self, active: &[bool], leaf: &mut dyn FnMut(usize) -> Value) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        for (p, param) in self.signature.params.iter().enumerate() {
            let leaves = self.layout.leaves_of_param(p);
            if leaves.clone().any(|l| active[self.layout.ir_param(l)]) {
                let mut at = leaves.map(|l| self.layout.ir_param(l));
                let value = rebuild(&param.ty, &mut || at.next().map_or_else(Value::unit, &mut *leaf));
                out.push((param.name.clone(), value));
            }
        }
        out
    }

    /// A gradient from a flat list of its active floats.
    pub(crate) fn gradient_from_floats(
        &self,
        frame: &Frame,
        value: Value,
        floats: &[f64],
        active: &[bool],
    ) -> Gradient {
        let mut floats = floats.iter().copied();
        let mut leaf = |i: usize| {
            let mut zero = zero_slot(&frame.slots[i]);
            if active[i] {
                zero.for_each_float_mut(&mut |x| *x = floats.next().unwrap_or(0.0));
            }
            zero
        };
        let parameters = self.parameters(active, &mut leaf);
        Gradient { value, parameters }
    }

    /// The seed that picks one float of the result.
    pub(crate) fn unit_seed(&self, frame: &Frame, float: usize) -> Seeds {
        let mut floats = 0..;
        let mut next = || f64::from(u8::from(floats.next() == Some(float)));
        let mut seeds = Seeds { scalars: Vec::new(), arrays: Vec::new() };
        for at in &self.layout.result_leaves {
            match at {
                ResultLeaf::Scalar(k) if self.layout.results[*k].element.is_float() => seeds.scalars.push(next()),
                ResultLeaf::Array(k) if self.layout.destinations[*k].element.is_float() => {
                    let seed = frame.array(self.layout.ir_destination(*k)).map(|a| Array {
                        dims: a.dims.clone(),
                        data: Data::floats(a.data.element(), (0..a.data.len()).map(|_| next())),
                    });
                    seeds.arrays.extend(seed);
                }
                ResultLeaf::Scalar(_) | ResultLeaf::Array(_) => {}
            }
        }
        seeds
    }

    /// How many floats the result holds.
    pub(crate) fn result_floats(&self, frame: &Frame) -> usize {
        let floats = |at: &ResultLeaf| match at {
            ResultLeaf::Scalar(k) => usize::from(self.layout.results[*k].element.is_float()),
            ResultLeaf::Array(k) if self.layout.destinations[*k].element.is_float() => {
                frame.array(self.layout.ir_destination(*k)).map_or(0, |a| a.data.len())
            }
            ResultLeaf::Array(_) => 0,
        };
        self.layout.result_leaves.iter().map(floats).sum()
    }

    /// How many floats the active parameters hold.
    pub(crate) fn active_floats(&self, frame: &Frame, active: &[bool]) -> usize {
        self.inputs(active).map(|i| frame.array(i).map_or(1, |a| a.data.len())).sum()
    }

    /// What each of the active parameters' floats is, in order.
    pub(crate) fn float_types(&self, frame: &Frame, active: &[bool]) -> Vec<ScalarType> {
        let mut types = Vec::new();
        for i in self.inputs(active) {
            let (ty, count) = match &frame.slots[i] {
                Slot::Scalar(s) => (s.ty(), 1),
                Slot::Array(_, a) => (a.data.element(), a.data.len()),
            };
            types.resize(types.len() + count, ty);
        }
        types
    }

    /// The floats of the active parameters, in order.
    pub(crate) fn floats_of(&self, frame: &Frame, active: &[bool]) -> Vec<f64> {
        let mut out = Vec::new();
        for i in self.inputs(active) {
            match &frame.slots[i] {
                Slot::Scalar(s) => scalar_value(*s).for_each_float(&mut |x| out.push(x)),
                Slot::Array(_, a) => Value::Array(a.clone()).for_each_float(&mut |x| out.push(x)),
            }
        }
        out
    }

    /// Active parameters, destinations aside.
    fn inputs<'a>(&'a self, active: &'a [bool]) -> impl Iterator<Item = usize> + 'a {
        (0..self.layout.ir_destination(0)).filter(|&i| active[i])
    }

    /// That a direction has the sizes of the arguments.
    pub(crate) fn same_sizes(&self, frame: &Frame, along: &Frame) -> Result<()> {
        for (k, leaf) in self.layout.params.iter().enumerate() {
            let i = self.layout.ir_param(k);
            let dims = |f: &Frame| f.array(i).map(|a| a.dims.clone());
            if dims(frame) != dims(along) {
                let text = format!("the direction of `{}` must have the sizes of its value", leaf.path);
                return Err(Error::input(Code("AD0906"), text));
            }
        }
        Ok(())
    }
}

fn array_value(frame: &Frame, slot: usize) -> Value {
    frame.array(slot).map_or_else(Value::unit, |a| Value::Array(a.clone()))
}

fn zero_slot(slot: &Slot) -> Value {
    match slot {
        Slot::Scalar(s) => zero_of(*s),
        Slot::Array(_, a) => Value::Array(a.clone()).zeroed(),
    }
}

fn zero_of(s: Scalar) -> Value {
    scalar_value(s).zeroed()
}

fn zeroed(array: &Array) -> Array {
    Array { dims: array.dims.clone(), data: value::zeroed(&array.data) }
}

/// The seed of a destination, of its sizes.
fn seed_array(primal: &Array, seed: Option<&Array>) -> Result<Array> {
    match seed {
        None => Ok(zeroed(primal)),
        Some(seed) if seed.dims == primal.dims => Ok(seed.clone()),
        Some(seed) => {
            let text = format!("the seed has the extents {:?}, the result {:?}", seed.dims, primal.dims);
            Err(Error::input(Code("AD0906"), text))
        }
    }
}

/// The tangent of a slot: a slot for each lane of a scalar, one for all lanes of an array.
fn tangent_slots(slot: &Slot, along: &Along<'_>) -> Vec<Slot> {
    let lanes = 0..along.lanes;
    match slot {
        Slot::Scalar(s) => lanes.map(|lane| Slot::Scalar(Scalar::float(s.ty(), (along.component)(0, lane)))).collect(),
        Slot::Array(passing, a) => {
            let floats = (0..a.data.len()).flat_map(|k| lanes.clone().map(move |lane| (along.component)(k, lane)));
            let innermost = (along.lanes > 1).then_some(along.lanes);
            let dims = a.dims.iter().copied().chain(innermost).collect();
            vec![Slot::Array(*passing, Array { dims, data: Data::floats(a.data.element(), floats) })]
        }
    }
}

/// How many slots the tangents of the active parameters take.
fn tangent_slot_count(frame: &Frame, active: &[bool], lanes: usize) -> usize {
    let slots = |i: usize| if frame.array(i).is_some() { 1 } else { lanes };
    (0..active.len()).filter(|&i| active[i]).map(slots).sum()
}

fn float_count(slot: &Slot) -> usize {
    match slot {
        Slot::Scalar(_) => 1,
        Slot::Array(_, a) => a.data.len(),
    }
}

/// The array that a slot holds, as one that may be written.
fn lent(slot: Slot) -> Slot {
    match slot {
        Slot::Array(_, array) => Slot::Array(Passing::Mut, array),
        Slot::Scalar(_) => slot,
    }
}

/// One lane of the shadow in a slot.
fn lane_value(frame: &Frame, slot: usize, lane: Lane) -> Value {
    match frame.array(slot) {
        Some(Array { dims, data }) if lane.of > 1 => {
            let dims = dims[..dims.len().saturating_sub(1)].to_vec();
            let data = match data {
                Data::F64(x) => Data::F64(lane.pick(x).collect()),
                Data::F32(x) => Data::F32(lane.pick(x).collect()),
                Data::I64(_) | Data::Bool(_) => data.clone(),
            };
            Value::Array(Array { dims, data })
        }
        Some(_) | None => array_value(frame, slot),
    }
}
