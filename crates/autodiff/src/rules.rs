//! Partial derivatives as instructions: the one place where a rule of the table becomes code, for both modes.
//!
//! In: an [`Expr`] of the table, and a way to its operands ([`Operands`]). Out: instructions. A rule asks for an operand only when it mentions it, and that
//! is how reverse mode learns what to save: what a rule needs is found by running it once.
//!
//! ```text
//! partial of exp:  r                   nothing is emitted, the result is asked for
//! partial of div:  1 / y               v7 = const 1.0 ; v8 = div v7, v2
//! ```

use crate::Mutant;
use crate::algebra::Factor;
use adit_ir::prim::{Expr, Partial, Prim};
use adit_ir::{Builder, ScalarType, Value};

/// The operands and the result of the instruction that a rule belongs to.
pub trait Operands {
    /// Where the rule's instructions go.
    fn builder(&mut self) -> &mut Builder;
    /// The float type of the instruction.
    fn float(&self) -> ScalarType;
    /// The operand of this index, if it is a literal.
    fn literal(&self, index: usize) -> Option<f64>;
    /// The operand of this index, as a value visible where the rule's instructions go.
    fn arg(&mut self, index: usize) -> Value;
    /// The result, likewise.
    fn result(&mut self) -> Value;
}

/// The partials of a primitive, operand after operand; none where there is no derivative, by type or by structure.
pub fn partials(prim: Prim, mutant: Option<Mutant>) -> impl Iterator<Item = Option<&'static Expr>> {
    let kept = matches!(mutant, Some(Mutant::RoundTripKept | Mutant::StopIgnoredAgain));
    prim.row().partials.iter().map(move |partial| match partial {
        Partial::Expr(partial) => Some(partial),
        Partial::Zero if kept => Some(&Expr::F64(1.0)),
        Partial::Zero | Partial::NotFloat => None,
    })
}

/// The partial as a factor: a literal stays one.
pub fn factor(at: &mut dyn Operands, partial: &Expr) -> Factor {
    match literal(at, partial) {
        Some(c) => Factor::Literal(c),
        None => Factor::Value(emit(at, partial)),
    }
}

fn literal(at: &dyn Operands, partial: &Expr) -> Option<f64> {
    match partial {
        Expr::F64(c) => Some(*c),
        Expr::Arg(index) => at.literal(usize::from(*index)),
        Expr::Result | Expr::I64(_) | Expr::Apply(..) | Expr::Select { .. } => None,
    }
}

fn emit(at: &mut dyn Operands, expr: &Expr) -> Value {
    match expr {
        Expr::Arg(index) => at.arg(usize::from(*index)),
        Expr::Result => at.result(),
        Expr::F64(c) => {
            let float = at.float();
            at.builder().float(float, *c)
        }
        Expr::I64(n) => at.builder().i64(*n),
        Expr::Apply(prim, args) => {
            let args: Vec<Value> = args.iter().map(|arg| emit(at, arg)).collect();
            let prim = prim.at(at.float());
            at.builder().prim(prim, &args)
        }
        Expr::Select { cmp, a, b, then, otherwise } => {
            let [a, b] = [a, b].map(|side| emit(at, side));
            let [then, otherwise] = [then, otherwise].map(|side| emit(at, side));
            let cond = at.builder().cmp(*cmp, a, b);
            at.builder().select(cond, then, otherwise)
        }
    }
}
