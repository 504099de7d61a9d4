//! The reverse of tapes, which makes derivatives of derivatives.
//!
//! In and out, for a tape with active fields; the shadow tape holds the adjoints of the float fields:
//!
//! ```text
//! t = tape.new            t̄ = tape.new, at the start of the region's reverse
//! tape.push t, v          w = tape.pop t̄ ; v̄ += w
//! v = tape.pop t          tape.push t̄, v̄                  also if v̄ is zero
//! ```
//!
//! A mixed tape has a mixed shadow, on which a record stands only for records with floats.
//!
//! The reverse meets the pops in the opposite order of the primal, and then the pushes: the shadow tape is balanced where the primal one is. A program that
//! leaves records on a tape it made is not: reversing it raises `EmptyTape`. No pass makes such programs.

use super::Sweep;
use adit_ir::{ScalarType, TapeType, Value, Values};

impl Sweep<'_, '_> {
    pub(super) fn shadow_tape(&mut self, tape: Value, ty: &TapeType) {
        let floats: Vec<ScalarType> = ty.fields.iter().copied().filter(|f| f.is_float()).collect();
        self.shadow[tape.index()] = Some(self.b.tape_new(&floats));
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) {
        let floats = self.floats(values);
        if let (Some(shadow), false) = (self.shadow(tape), floats.is_empty()) {
            let fields: Vec<ScalarType> = floats.iter().filter_map(|&v| self.source.ty(v).scalar()).collect();
            let popped = self.b.tape_pop_record(shadow, &fields);
            for (v, w) in floats.into_iter().zip(popped) {
                self.add(v, w);
            }
        }
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) {
        let floats = self.floats(results);
        if let (Some(shadow), false) = (self.shadow(tape), floats.is_empty()) {
            let adjoints: Vec<Option<Value>> = floats.iter().map(|&v| self.take(v)).collect();
            let adjoints: Values = floats.into_iter().zip(adjoints).map(|(v, w)| self.or_zero(w, v)).collect();
            self.b.tape_push(shadow, &adjoints);
        }
    }

    fn floats(&self, values: &[Value]) -> Values {
        values.iter().copied().filter(|&v| self.source.ty(v).is_float()).collect()
    }
}
