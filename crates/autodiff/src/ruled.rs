//! Calls that someone wrote the derivative of.
//!
//! In: a callee and the mode. Out: [`Way`]: its rule, or the rule of the other mode run once per unit seed, or a refusal. A function without a body has no other derivative than its rules'.
//!
//! Rules of one mode serve the other where all that moves is a few scalars: the Jacobian is then found column by column, or row by row.
//!
//! ```text
//! func @f(v0: f64) -> f64 vjp @r         v5 = const 1.0 ; v6 = call @r(v0, v5) ; v7 = smul v0_dot, v6        (forward)
//! ```

use crate::refusal::{Refusal, RefusalKind};
use adit_diag::Span;
use adit_ir::{Builder, Copier, FuncId, Function, Mode, Module, Op, Type};

/// How a call is differentiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By the rule of this mode.
    Rule(FuncId),
    /// By the rule of the other mode, with unit seeds.
    Units(FuncId),
}

/// How a call of a function is differentiated in a mode; nothing if by its body.
pub fn way(module: &Module, callee: FuncId, kind: Mode, span: Span) -> Result<Option<Way>, Refusal> {
    let rules = module.rules(callee);
    let f = module.function(callee);
    if rules.is_empty() && f.external.is_none() {
        return Ok(None);
    }
    let other = match kind {
        Mode::Jvp => Mode::Vjp,
        Mode::Vjp => Mode::Jvp,
    };
    match (rules.of(kind), rules.of(other)) {
        (Some(rule), _) => Ok(Some(Way::Rule(rule))),
        (None, Some(rule)) if only_scalars_move(f) => Ok(Some(Way::Units(rule))),
        (None, other) => {
            let kind = RefusalKind::NoRule { callee: f.name.clone(), kind, other: other.is_some() };
            Err(Refusal { span, kind })
        }
    }
}

/// Whether no parameter is an array of floats.
pub fn only_scalars_move(f: &Function) -> bool {
    f.params.iter().all(|p| f.ty(p.value).array().is_none() || !f.ty(p.value).is_float())
}

/// A function that does nothing but call one that is not differentiated by its body; nothing for one that is.
pub fn stand_in(module: &Module, f: FuncId) -> Option<Function> {
    let source = module.function(f);
    if module.rules(f).is_empty() && source.external.is_none() {
        return None;
    }
    let mut b = Builder::new(source.name.clone(), source.span);
    let mut copier = Copier::new(source);
    copier.copy_signature(&mut b);
    let args = b.func().params.iter().map(|p| p.value).collect();
    let types: Vec<Type> = source.results.iter().map(|&s| s.into()).collect();
    b.set_span(source.span);
    let call = b.push(Op::Call { callee: f, args }, &types);
    let results = b.results(call);
    Some(b.finish(&results))
}
