//! Where a negation had better go.
//!
//! In: an operation that is odd in an operand, as a product is, and that operand a negation. Out: [`Shift`], the same without it. A negation moves
//!
//! ```text
//! (−a) · (−b)   ⇒   a · b
//! (−a) · 2.0    ⇒   a · −2.0
//! c + (−a) · b  ⇒   c − a · b         (only where what comes next takes the negation in; else it stays where it is)
//! ```
//!
//! A strong product thereby asks whether `a` is zero, as its neighbours do, and not once more whether `−a` is. No operation is added. Sums are left alone: −(a − b) is not b − a where both are equal.

use adit_ir::{Function, Op, Prim, Value};

/// How far a product's way is followed.
const STEPS: usize = 8;

/// What becomes of the operands of an odd operation.
pub(crate) enum Shift {
    /// These are the operands, and the operation's result is the same.
    Gone([Value; 2]),
    /// These are the operands, of which that at `literal` is to be negated.
    Literal { args: [Value; 2], literal: usize },
    /// These are the operands, and the result is to be negated.
    Outside(Prim, [Value; 2]),
}

/// The shift of an operation, if there is one: `from` gives what a value is the negation of, `literal` whether it is one, `absorbed` whether the operation's result goes where a negation is taken in.
pub(crate) fn shift(
    prim: Prim,
    args: &[Value],
    from: impl Fn(Prim, Value) -> Option<Value>,
    literal: impl Fn(Value) -> bool,
    absorbed: impl FnOnce() -> bool,
) -> Option<Shift> {
    let (Some((negation, places)), &[x, y]) = (prim.row().algebra.odd, args) else { return None };
    let inside = |place: usize, v: Value| from(negation, v).filter(|_| places[place]);
    match (inside(0, x), inside(1, y)) {
        (None, None) => None,
        (Some(x), Some(y)) => Some(Shift::Gone([x, y])),
        (Some(x), None) if places[1] && literal(y) => Some(Shift::Literal { args: [x, y], literal: 1 }),
        (None, Some(y)) if places[0] && literal(x) => Some(Shift::Literal { args: [x, y], literal: 0 }),
        (a, b) => absorbed().then(|| Shift::Outside(negation, [a.unwrap_or(x), b.unwrap_or(y)])),
    }
}

/// Who uses each value of a function.
pub(crate) struct Uses {
    of: Vec<Use>,
}

#[derive(Clone, Copy)]
enum Use {
    None,
    /// One operation of the table alone, at that place, giving that result.
    One(Prim, usize, Value),
    Other,
}

impl Uses {
    /// Walks a function once.
    pub(crate) fn new(f: &Function) -> Self {
        let mut uses = Uses { of: vec![Use::None; f.value_count()] };
        f.walk(&mut |inst| {
            let data = f.inst(inst);
            match &data.op {
                Op::Prim { prim, args } => {
                    for (place, &v) in args.iter().enumerate() {
                        uses.note(v, Use::One(*prim, place, data.results[0]));
                    }
                }
                op => op.visit_operands(&mut |v| uses.note(v, Use::Other)),
            }
            for region in data.op.regions() {
                f.region(region).yields.iter().for_each(|&v| uses.note(v, Use::Other));
            }
        });
        f.region(f.body).yields.iter().for_each(|&v| uses.note(v, Use::Other));
        uses
    }

    fn note(&mut self, v: Value, by: Use) {
        let known = &mut self.of[v.index()];
        *known = if matches!(known, Use::None) { by } else { Use::Other };
    }

    /// Whether a value, were it negated, goes to one place alone, and on through odd operations to one that takes a negation in.
    pub(crate) fn absorb(&self, mut v: Value) -> bool {
        for _ in 0..STEPS {
            let Use::One(prim, place, result) = self.of[v.index()] else { return false };
            let algebra = &prim.row().algebra;
            if algebra.involution || algebra.second_through.is_some() && (place == 1 || algebra.commutative) {
                return true;
            }
            if algebra.odd.is_none_or(|(_, places)| places.get(place) != Some(&true)) {
                return false;
            }
            v = result;
        }
        false
    }
}
