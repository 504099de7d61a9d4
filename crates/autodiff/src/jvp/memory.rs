//! Forward mode through arrays and tapes: the shadow is treated as the primal is.
//!
//! In: the instruction just copied. Out: the same one on the shadow. A value without tangent that overwrites an element of an array with a shadow
//! overwrites the shadow's element with zero. The shadow of a tape holds the tangents of the float fields.
//!
//! ```text
//! v2 = alloc f64[4]            v3 = alloc f64[4]
//! store v2[v0] v1              store v3[v0] v1_dot
//! fill v2 = v5                 v6 = const 0.0 ; fill v3 = v6
//!
//! v7 = load v2[v0]             v8 = load v3[v0, 0] ; v9 = load v3[v0, 1]           (two lanes)
//! ```

use super::lanes::zero_of;
use super::{Lanes, Sweep};
use crate::refusal::Refusal;
use crate::{Mutant, nest};
use adit_ir::{Int, Ints, OperandMap, ScalarType, TapeType, Value, Values};
use smallvec::smallvec;

impl Sweep<'_, '_> {
    /// The shadow of an array or a tape that carries derivatives.
    fn shadow(&self, handle: Value) -> Option<Value> {
        let shadow = self.tangent[handle.index()].as_ref()?;
        self.activity.of(handle).then(|| shadow[0])
    }

    fn ints(&self, ints: &[Int]) -> Ints {
        ints.iter().map(|&i| self.copier.map.int(i)).collect()
    }

    pub(super) fn shadow_alloc(&mut self, array: Value) -> Result<(), Refusal> {
        if let Some(ty) = self.source.ty(array).array() {
            let ty = self.shadow_type(ty)?;
            self.tangent[array.index()] = Some(smallvec![self.b.alloc(ty)]);
        }
        Ok(())
    }

    pub(super) fn alloc(&mut self, array: Value) -> Result<(), Refusal> {
        if self.activity.of(array) { self.shadow_alloc(array) } else { Ok(()) }
    }

    pub(super) fn load(&mut self, array: Value, subscripts: &[Int], result: Value) {
        if let (Some(shadow), true) = (self.shadow(array), self.activity.of(result)) {
            let at = self.ints(subscripts);
            let tangent = (0..self.lanes).map(|lane| self.b.load(shadow, &self.at_lane(&at, lane))).collect();
            self.tangent[result.index()] = Some(tangent);
        }
    }

    pub(super) fn store(&mut self, array: Value, subscripts: &[Int], value: Value) {
        if let Some(shadow) = self.shadow(array) {
            let at = self.ints(subscripts);
            let mut tangent = self.tangent_or_zero(value);
            if self.lanes > 1 && self.has(Mutant::LaneLost) {
                tangent.pop();
            }
            for (lane, tangent) in tangent.into_iter().enumerate() {
                self.b.store(shadow, &self.at_lane(&at, lane), tangent);
            }
        }
    }

    pub(super) fn acc(&mut self, array: Value, subscripts: &[Int], value: Value) {
        if let (Some(shadow), Some(tangent)) = (self.shadow(array), self.tangent[value.index()].clone()) {
            let at = self.ints(subscripts);
            for (lane, tangent) in tangent.into_iter().enumerate() {
                self.b.acc(shadow, &self.at_lane(&at, lane), tangent);
            }
        }
    }

    pub(super) fn copy(&mut self, to: Value, from: Value) {
        match (self.shadow(to), self.shadow(from)) {
            (Some(to), Some(from)) => self.b.copy(to, from),
            (Some(shadow), None) => {
                let zero = zero_of(&mut self.b, self.source.ty(to));
                self.b.fill(shadow, zero);
            }
            (None, _) => {}
        }
    }

    pub(super) fn fill(&mut self, array: Value, value: Value) {
        let Some(shadow) = self.shadow(array) else { return };
        let tangent = self.tangent_or_zero(value);
        if tangent.iter().all(|&t| t == tangent[0]) {
            self.b.fill(shadow, tangent[0]);
        } else {
            self.fill_lanes(array, shadow, &tangent);
        }
    }

    /// Every element of the shadow gets these lanes.
    fn fill_lanes(&mut self, array: Value, shadow: Value, tangent: &Lanes) {
        let extents = self.source.ty(array).array().map(|ty| self.ints(&ty.dims)).unwrap_or_default();
        nest::each(&mut self.b, &extents, None, |b, at, _| {
            for (lane, &tangent) in (0..).zip(tangent) {
                let at: Ints = at.iter().copied().chain([Int::Const(lane)]).collect();
                b.store(shadow, &at, tangent);
            }
            None
        });
    }

    pub(super) fn tape_new(&mut self, tape: Value, ty: &TapeType) {
        if self.activity.of(tape) {
            let floats = ty.fields.iter().copied().filter(|f| f.is_float());
            let fields: Vec<ScalarType> = floats.flat_map(|f| std::iter::repeat_n(f, self.lanes)).collect();
            self.tangent[tape.index()] = Some(smallvec![self.b.tape_new(&fields)]);
        }
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) {
        let tangents = self.tangents_or_zeros(&self.floats(values));
        if let (Some(shadow), false) = (self.shadow(tape), tangents.is_empty()) {
            self.b.tape_push(shadow, &tangents);
        }
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) {
        let floats = self.floats(results);
        if let (Some(shadow), false) = (self.shadow(tape), floats.is_empty()) {
            let each = floats.iter().filter_map(|&v| self.source.ty(v).scalar());
            let fields: Vec<ScalarType> = each.flat_map(|f| std::iter::repeat_n(f, self.lanes)).collect();
            let tangents = self.b.tape_pop_record(shadow, &fields);
            self.set_tangents(floats, &tangents);
        }
    }

    fn floats(&self, values: &[Value]) -> Values {
        values.iter().copied().filter(|&v| self.source.ty(v).is_float()).collect()
    }
}
