//! Which floats are literals.
//!
//! In: a function. Out: the number that each value is, where the text says so. A partial that is a literal needs no strong product, and none at all if it is 0, 1 or −1:
//!
//! ```text
//! v1 = const 2.0
//! v2 = mul v1, v0              v0_bar += mul w, 2.0        (not smul: no literal is infinite by surprise)
//! ```
//!
//! Nothing is folded: what is not literally there is not seen.

use adit_ir::{Function, Op, Value};

/// The literal floats of one function.
#[derive(Debug)]
pub struct Literals {
    of: Vec<Option<f64>>,
}

impl Literals {
    /// Walks the function once.
    pub fn new(f: &Function) -> Self {
        let mut of = vec![None; f.value_count()];
        f.walk(&mut |inst| {
            let data = f.inst(inst);
            if let (Op::Const(c), [result]) = (&data.op, &data.results[..]) {
                of[result.index()] = c.as_float();
            }
        });
        Literals { of }
    }

    /// The number that this value is.
    pub fn of(&self, v: Value) -> Option<f64> {
        self.of[v.index()]
    }
}
