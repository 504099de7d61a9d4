//! Algebraic identities that keep IEEE results.
//!
//! In: a function. Out: the same without operations that give an operand back: x · 1, x + (−0), −(−x), `max(x, x)`, with x − y for x + (−y), −x for x · −1, a plain product for a strong one whose
//! weight is a literal, negations where they cost least (`signs.rs`), and what else the algebra column of the primitive table states. That column's identities hold bit for bit (NaNs being all equal), so x + 0 stays: it turns −0 into 0.
//!
//! ```text
//! v1 = const 1.0
//! v2 = mul v0, v1       ⇒      v0 for v2
//! ```

use crate::Options;
use crate::consts::{Consts, literal, scalar};
use crate::per_value::PerValue;
use crate::signs::{Shift, Uses, shift};
use adit_ir::{Builder, Copier, Function, Inst, Module, Op, Prim, Region, Rewrite, Scalar, Value, Values};

/// Simplifies one function.
pub fn run(_: &Module, f: &Function, _: Options) -> Option<Function> {
    if !Identities::default().changes(f, f.body) {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Identities::default(), &mut b, f.body);
    Some(b.finish(&returned))
}

#[derive(Default)]
struct Identities {
    /// Of the source, once they were asked for.
    uses: Option<Uses>,
    consts: Consts,
    /// How values of the new function were computed: by what, first of all from what.
    computed: PerValue<(Prim, Value)>,
}

impl Rewrite for Identities {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        match &data.op {
            Op::Const(c) => {
                let v = self.consts.emit(b, *c);
                copier.map.set(data.results[0], v);
            }
            Op::Prim { prim, args } => {
                let args = copier.map.values(args);
                b.set_span(copier.span(inst));
                let v = self.simplest(copier.source, b, (*prim, args), data.results[0]);
                copier.map.set(data.results[0], v);
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

impl Identities {
    /// An operation's value by the simplest means; `result` is its name in the source.
    fn simplest(&mut self, f: &Function, b: &mut Builder, operation: (Prim, Values), result: Value) -> Value {
        let (mut prim, mut args) = operation;
        loop {
            if let Some(v) = self.same_as(prim, &args) {
                return v;
            }
            if let Some(next) = self.through(prim, &args) {
                (prim, args) = next;
                continue;
            }
            match self.shift(f, prim, &args, result) {
                None => return self.emit(b, prim, &args),
                Some(Shift::Gone(next)) => args = next.into_iter().collect(),
                Some(Shift::Literal { args: mut next, literal }) => {
                    next[literal] = self.negated(b, prim, next[literal]);
                    args = next.into_iter().collect();
                }
                Some(Shift::Outside(negation, next)) => {
                    let v = self.emit(b, prim, &next);
                    return self.emit(b, negation, &[v]);
                }
            }
        }
    }

    fn emit(&mut self, b: &mut Builder, prim: Prim, args: &[Value]) -> Value {
        let v = b.prim(prim, args);
        self.note(v, prim, args);
        v
    }

    /// The literal that is a literal's negation, by what the operation is odd under.
    fn negated(&mut self, b: &mut Builder, prim: Prim, v: Value) -> Value {
        let negation = prim.row().algebra.odd.map(|(negation, _)| negation);
        let c = self.consts.get(v).and_then(|c| negation?.apply(&[scalar(c)]).ok());
        c.map_or(v, |c| self.consts.emit(b, literal(c)))
    }

    fn shift(&mut self, f: &Function, prim: Prim, args: &[Value], result: Value) -> Option<Shift> {
        let Identities { uses, consts, computed } = self;
        let from =
            |negation: Prim, v: Value| computed.get(v).filter(|(p, _)| *p == negation).map(|&(_, operand)| operand);
        let absorbed = || uses.get_or_insert_with(|| Uses::new(f)).absorb(result);
        shift(prim, args, from, |v| consts.get(v).is_some(), absorbed)
    }

    fn note(&mut self, v: Value, prim: Prim, args: &[Value]) {
        if let Some(&first) = args.first() {
            self.computed.insert(v, (prim, first));
        }
    }

    /// Whether any operation gives an operand back, or can do without one: few functions need a copy.
    fn changes(&mut self, f: &Function, region: Region) -> bool {
        f.region(region).insts.iter().any(|&inst| {
            let data = f.inst(inst);
            match &data.op {
                Op::Const(c) => self.consts.note(data.results[0], *c),
                Op::Prim { prim, args } => {
                    let simpler = self.same_as(*prim, args).is_some() || self.through(*prim, args).is_some();
                    if simpler || self.shift(f, *prim, args, data.results[0]).is_some() {
                        return true;
                    }
                    self.note(data.results[0], *prim, args);
                }
                _ => return data.op.regions().into_iter().any(|r| self.changes(f, r)),
            }
            false
        })
    }

    /// The same by a simpler operation.
    fn through(&self, prim: Prim, args: &[Value]) -> Option<(Prim, Values)> {
        let &[x, y] = args else { return None };
        let algebra = &prim.row().algebra;
        if let Some(plain) = algebra.left_not_zero
            && self.consts.get(x).and_then(adit_ir::Const::as_float).is_some_and(|c| c != 0.0)
        {
            return Some((plain, [x, y].into_iter().collect()));
        }
        if let Some((c, negation)) = algebra.right_negating {
            let other =
                if self.is(y, Some(c)) { Some(x) } else { (algebra.commutative && self.is(x, Some(c))).then_some(y) };
            if let Some(other) = other {
                return Some((negation, std::iter::once(other).collect()));
            }
        }
        self.inverse(prim, [x, y])
    }

    /// The same by an operation that takes what an operand was computed from: x − y for x + (−y).
    fn inverse(&self, prim: Prim, [x, y]: [Value; 2]) -> Option<(Prim, Values)> {
        let algebra = &prim.row().algebra;
        let (inner, direct) = algebra.second_through?;
        let from = |v: Value| self.computed.get(v).filter(|(p, _)| *p == inner).map(|&(_, operand)| operand);
        match (from(y), from(x)) {
            (Some(y), _) => Some((direct, [x, y].into_iter().collect())),
            (None, Some(x)) if algebra.commutative => Some((direct, [y, x].into_iter().collect())),
            (None, _) => None,
        }
    }

    /// The operand (or operand's operand) that the operation gives back.
    fn same_as(&self, prim: Prim, args: &[Value]) -> Option<Value> {
        match *args {
            [x] => self.unary(prim, x),
            [x, y] => self.binary(prim, x, y),
            _ => None,
        }
    }

    fn unary(&self, prim: Prim, x: Value) -> Option<Value> {
        let algebra = &prim.row().algebra;
        let &(inner, operand) = self.computed.get(x)?;
        if inner != prim {
            None
        } else if algebra.involution {
            Some(operand)
        } else {
            algebra.idempotent.then_some(x)
        }
    }

    fn binary(&self, prim: Prim, x: Value, y: Value) -> Option<Value> {
        let algebra = &prim.row().algebra;
        if self.is(x, algebra.left_identity) || self.is(y, algebra.right_absorbing) {
            Some(y)
        } else if self.is(y, algebra.right_identity) || self.is(x, algebra.left_absorbing) {
            Some(x)
        } else {
            (algebra.idempotent && x == y).then_some(x)
        }
    }

    /// Whether a value is this literal, bit for bit.
    fn is(&self, v: Value, literal: Option<Scalar>) -> bool {
        let (Some(a), Some(b)) = (self.consts.get(v).map(scalar), literal) else { return false };
        // The table's floats stand for both float types, and widening keeps zeros' signs.
        match (a.as_float(), b.as_float()) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
            (_, _) => a == b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_ir::{Const, Passing};

    #[test]
    fn a_product_with_one_is_the_other_factor_and_a_sum_with_plus_zero_stays() {
        let mut b = Builder::new("f", adit_diag::Span::default());
        let x = b.param(adit_ir::Type::F64, Passing::ByValue);
        let (one, zero) = (b.constant(Const::F64(1.0)), b.constant(Const::F64(0.0)));
        let product = b.prim(Prim::Mul, &[x, one]);
        let sum = b.prim(Prim::Add, &[product, zero]);
        let f = run(&Module::new(), &b.finish(&[product, sum]), Options::default()).expect("a product goes");
        let returned = &f.region(f.body).yields;
        assert_eq!(returned[0], f.params[0].value);
        assert_ne!(returned[1], f.params[0].value);
    }
    #[test]
    fn a_sum_with_what_was_negated_is_a_difference() {
        let mut b = Builder::new("f", adit_diag::Span::default());
        let [x, y] = [0, 1].map(|_| b.param(adit_ir::Type::F64, Passing::ByValue));
        let minus = b.prim(Prim::Neg, &[y]);
        let sums = [(Prim::Add, [x, minus]), (Prim::Add, [minus, x]), (Prim::Sub, [x, minus]), (Prim::Sub, [minus, x])];
        let returned = sums.map(|(prim, args)| b.prim(prim, &args));
        let f = run(&Module::new(), &b.finish(&returned), Options::default()).expect("this pass always copies");
        let names = f.region(f.body).insts.iter().map(|&i| match &f.inst(i).op {
            Op::Prim { prim, args } => (prim.name(), args.to_vec()),
            _ => ("", vec![]),
        });
        let [x, y] = [0, 1].map(|i| f.params[i].value);
        let minus = f.inst(f.region(f.body).insts[0]).results[0];
        let expected =
            [("neg", vec![y]), ("sub", vec![x, y]), ("sub", vec![x, y]), ("add", vec![x, y]), ("sub", vec![minus, x])];
        assert!(names.eq(expected));
    }
}
