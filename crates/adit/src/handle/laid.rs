//! Where the arguments of a call that is laid out once come from.
//!
//! In: a [`Callee`], and the arguments of the function. Then, group by group, whose floats come anew with each call and whose go, in order. Out: a [`Part`] for each argument of the call, and which results go to
//! which place of what goes. What nobody mentions stays as it is given; nothing is looked at twice.
//!
//! ```text
//! f(x: [f64; n], k: f64) -> f64, forward by `x`; moving x, along x; giving the value, the tangent
//! arguments   x → input 0..n   k → number   along x → input n..2n        results   value → output 0   tangent → output 1
//! ```

use super::pass::Callee;
use super::plan::{Group, Target};
use crate::error::{Error, Result};
use crate::frame::Slot;
use crate::value::{Data, count};
use adit_ir::{Scalar, ScalarType};
use adit_runtime::{Bound, Buffer, Part};
use std::ops::Range;

/// A call in the making.
pub(super) struct Laid<'c> {
    callee: &'c Callee,
    parts: Vec<Option<Part>>,
    /// Results that go, and their places.
    returned: Vec<(usize, usize)>,
    /// How many floats come so far, and how many go.
    inputs: usize,
    outputs: usize,
}

impl<'c> Laid<'c> {
    /// All arguments of the function stay.
    pub(super) fn new(callee: &'c Callee, slots: Vec<Slot>) -> Self {
        let mut parts: Vec<Option<Part>> = slots.into_iter().map(|slot| Some(kept(slot))).collect();
        parts.resize(callee.entry.parameters(), None);
        Laid { callee, parts, returned: Vec::new(), inputs: 0, outputs: 0 }
    }

    /// The arguments of the function that these leaves are come from here on; how many floats.
    pub(super) fn moving(&mut self, leaves: impl IntoIterator<Item = usize>) -> usize {
        let callee = self.callee;
        self.coming(&callee.plan.params, leaves)
    }

    /// Directions, or seeds, come from here on; how many floats.
    pub(super) fn asked(&mut self, group: &Group) -> usize {
        self.coming(group, group.items.iter().cloned().flatten())
    }

    fn coming(&mut self, group: &Group, leaves: impl IntoIterator<Item = usize>) -> usize {
        let (first, callee) = (self.inputs, self.callee);
        for leaf in leaves.into_iter().filter(|&leaf| is_float(callee, group, leaf)) {
            let (dims, place) = (self.dims(group, leaf), self.inputs);
            self.inputs += dims.as_deref().map_or(1, count);
            if let Target::Slot(at) | Target::Lanes(at) = group.targets[leaf] {
                self.parts[at] = Some(dims.map_or(Part::Number(place), |dims| Part::Input(dims, place)));
            }
        }
        self.inputs - first
    }

    /// What is computed goes from here on; how many floats.
    pub(super) fn giving(&mut self, group: &Group) -> usize {
        let (first, callee) = (self.outputs, self.callee);
        for leaf in group.items.iter().cloned().flatten().filter(|&leaf| is_float(callee, group, leaf)) {
            let (dims, place) = (self.dims(group, leaf), self.outputs);
            self.outputs += dims.as_deref().map_or(1, count);
            match (group.targets[leaf], dims) {
                (Target::Slot(at) | Target::Lanes(at), Some(dims)) => self.parts[at] = Some(Part::Output(dims, place)),
                (Target::Result(k), None) => self.returned.push((k, place)),
                (Target::Skip | Target::Slot(_) | Target::Lanes(_) | Target::Result(_), _) => {}
            }
        }
        self.outputs - first
    }

    /// Seeds that do not come are this number.
    pub(super) fn seeds(&mut self, seed: f64) {
        for &(at, ty) in &self.callee.plan.seeds {
            let seed = if ty == ScalarType::F32 { Scalar::F32(seed as f32) } else { Scalar::F64(seed) };
            self.parts[at].get_or_insert(Part::Scalar(seed));
        }
    }

    /// The call; `inputs` and `outputs` of it are as many floats as were counted.
    pub(super) fn bind(self) -> Result<Bound> {
        let parts: Option<Vec<Part>> = self.parts.into_iter().collect();
        let parts = parts.ok_or_else(|| Error::internal("an argument that nobody gives"))?;
        let bound = self.callee.entry.bind(parts, self.returned);
        bound.map_err(|unfit| Error::internal(format!("argument {} was laid out wrongly", unfit.0)))
    }

    /// The leaves of parameters by their positions.
    pub(super) fn leaves(callee: &Callee, positions: &[usize]) -> Vec<usize> {
        let of = |&position: &usize| -> Range<usize> { callee.plan.params.items[position].clone() };
        positions.iter().flat_map(of).collect()
    }

    /// The extents of an array: those of the function's own argument, or of the place of its result.
    fn dims(&self, group: &Group, leaf: usize) -> Option<Vec<usize>> {
        let plan = &self.callee.plan;
        let own = if group.of_result { &plan.value } else { &plan.params };
        let Target::Slot(at) = own.targets[leaf] else { return None };
        match &self.parts[at] {
            Some(Part::Array(dims, _) | Part::Input(dims, _) | Part::Output(dims, _)) => Some(dims.clone()),
            Some(Part::Scalar(_) | Part::Number(_)) | None => None,
        }
    }
}

fn is_float(callee: &Callee, group: &Group, leaf: usize) -> bool {
    callee.leaf(group, leaf).element.is_float()
}

fn kept(slot: Slot) -> Part {
    match slot {
        Slot::Scalar(x) => Part::Scalar(x),
        Slot::Array(_, array) => {
            let buffer = match array.data {
                Data::F64(x) => Buffer::F64(x),
                Data::F32(x) => Buffer::F32(x),
                Data::I64(x) => Buffer::I64(x),
                Data::Bool(x) => Buffer::Bool(x),
            };
            Part::Array(array.dims, buffer)
        }
    }
}
