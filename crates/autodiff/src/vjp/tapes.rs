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
//! The reverse meets the pops in the opposite order of the primal, and then the pushes: the shadow tape is balanced where the primal one is. A program that
//! leaves records on a tape it made is not: reversing it raises `EmptyTape`. No pass makes such programs.

use super::Sweep;
use adit_ir::{ScalarType, TapeType, Type, Value, Values};

impl Sweep<'_> {
    pub(super) fn shadow_tape(&mut self, tape: Value, ty: &TapeType) {
        let floats: Vec<ScalarType> = ty.fields.iter().copied().filter(|f| f.is_float()).collect();
        self.shadow[tape.index()] = Some(self.b.tape_new(&floats));
    }

    pub(super) fn tape_push(&mut self, tape: Value, values: &[Value]) {
        if let Some(shadow) = self.shadow(tape) {
            let popped = self.b.tape_pop(shadow);
            for (v, w) in self.floats(values).into_iter().zip(popped) {
                self.add(v, w);
            }
        }
    }

    pub(super) fn tape_pop(&mut self, tape: Value, results: &[Value]) {
        if let Some(shadow) = self.shadow(tape) {
            let adjoints: Vec<Option<Value>> = self.floats(results).into_iter().map(|v| self.take(v)).collect();
            let adjoints: Values = adjoints.into_iter().map(|w| self.or_zero(w)).collect();
            self.b.tape_push(shadow, &adjoints);
        }
    }

    fn floats(&self, values: &[Value]) -> Values {
        values.iter().copied().filter(|&v| *self.source.ty(v) == Type::F64).collect()
    }
}
