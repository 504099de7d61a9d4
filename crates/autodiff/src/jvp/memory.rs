//! Forward mode through arrays and tapes: the shadow is treated as the primal is.
//!
//! In: the instruction just copied. Out: the same one on the shadow. A value without tangent that overwrites an element of an array with a shadow
//! overwrites the shadow's element with zero. The shadow of a tape holds the tangents of the float fields.
//!
//! ```text
//! v2 = alloc f64[4]            v3 = alloc f64[4]
//! store v2[v0] v1              store v3[v0] v1_dot
//! fill v2 = v5                 v6 = const 0.0 ; fill v3 = v6
//! ```

use super::Sweep;
use adit_ir::{Int, Ints, OperandMap, ScalarType, TapeType, Type, Value, Values};

impl Sweep<'_, '_> {
    /// The shadow of an array or a tape that carries derivatives.
    fn shadow(&self, handle: Value) -> Option<Value> {
        self.tangent[handle.index()].filter(|_| self.activity.of(handle))
    }

    fn ints(&self, ints: &[Int]) -> Ints {
        ints.iter().map(|&i| self.copier.map.int(i)).collect()
    }

    pub(super) fn shadow_alloc(&mut self, array: Value) {
        if let Some(ty) = self.source.ty(array).array() {
            let ty = self.copier.map.array_ty(ty);
            self.tangent[array.index()] = Some(self.b.alloc(ty));
        }
    }

    pub(super) fn alloc(&mut self, array: Value) {
        if self.activity.of(array) {
            self.shadow_alloc(array);
        }
    }

    pub(super) fn load(&mut self, array: Value, subscripts: &[Int], result: Value) {
        if let (Some(shadow), true) = (self.shadow(array), self.activity.of(result)) {
            let at = self.ints(subscripts);
            self.tangent[result.index()] = Some(self.b.load(shadow, &at));
        }
    }

    pub(super) fn store(&mut self, array: Value, subscripts: &[Int], value: Value) {
        if let Some(shadow) = self.shadow(array) {
            let (at, tangent) = (self.ints(subscripts), self.tangent_or_zero(value));
            self.b.store(shadow, &at, tangent);
        }
    }

    pub(super) fn acc(&mut self, array: Value, subscripts: &[Int], value: Value) {
        if let (Some(shadow), Some(tangent)) = (self.shadow(array), self.tangent[value.index()]) {
            let at = self.ints(subscripts);
            self.b.acc(shadow, &at, tangent);
        }
    }

    pub(super) fn copy(&mut self, to: Value, from: Value) {
        match (self.shadow(to), self.shadow(from)) {
            (Some(to), Some(from)) => self.b.copy(to, from),
            (Some(to), None) => {
                let zero = self.b.zero(ScalarType::F64);
                self.b.fill(to, zero);
            }
            (None, _) => {}
        }
    }

    pub(super) fn fill(&mut self, array: Value, value: Value) {
        if let Some(shadow) = self.shadow(array) {
            let tangent = self.tangent_or_zero(value);
            self.b.fill(shadow, tangent);
        }
    }

    pub(super) fn tape_new(&mut self, tape: Value, ty: &TapeType) {
        if self.activity.of(tape) {
            let floats: Vec<ScalarType> = ty.fields.iter().copied().filter(|f| f.is_float()).collect();
            self.tangent[tape.index()] = Some(self.b.tape_new(&floats));
        }
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) {
        if let Some(shadow) = self.shadow(tape) {
            let tangents = self.tangents_or_zeros(&self.floats(values));
            self.b.tape_push(shadow, &tangents);
        }
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) {
        if let Some(shadow) = self.shadow(tape) {
            let tangents = self.b.tape_pop(shadow);
            for (result, tangent) in self.floats(results).into_iter().zip(tangents) {
                self.tangent[result.index()] = Some(tangent);
            }
        }
    }

    fn floats(&self, values: &[Value]) -> Values {
        values.iter().copied().filter(|&v| *self.source.ty(v) == Type::F64).collect()
    }
}
