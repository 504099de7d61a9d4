//! Functions that someone wrote the derivative of.
//!
//! In: a function with rules or without a body, and arguments of which some move. Out: what it gives, moving as the rule says. It runs for the primals; its rule runs for them and the tangents of the highest
//! level. Lower levels move within both, so a second derivative goes through the body of the rule.
//!
//! Kernels move by themselves ([`super::dense`]): what the library's rules say of them is not asked.
//!
//! In a forward derivative the jvp rule is asked, in a reverse one the vjp rule, if there is one; otherwise the other. A vjp rule is asked for each unit cotangent, which gives the Jacobian row by row: a
//! forward rule out of a reverse one.

use super::derivatives::{carries_floats, filled, floats, moving, product, unit};
use super::number::{Number, Outcome, Value};
use super::{Eval, Machine, dense, externals};
use adit_diag::Span;
use adit_ir::external::{External, Failure};
use adit_ir::kernel::Kernel;
use adit_ir::{Mode, RunError};
use adit_sema::typed::{ExternalDef, FnDef, FnId, FnRules};

/// What derives a function.
enum Rule<'p> {
    /// A function of the program, for this mode.
    Written(Mode, FnId),
    /// The host's partials, for this mode.
    Host(Mode, &'p External),
    /// None is needed.
    Kernel(Kernel),
    None,
}

/// A call, taken apart at its highest level.
struct Moved {
    primals: Vec<Value>,
    /// For the parameters that carry floats.
    tangents: Vec<Value>,
}

impl<'p> Machine<'p, '_> {
    /// The level in which a call of this function is derived by a rule; 0 if it is run as it is.
    pub(super) fn ruled_level(&self, def: &FnDef, args: &[Value]) -> u32 {
        if def.external.is_none() && def.rules == FnRules::default() {
            return 0;
        }
        args.iter().map(level).max().unwrap_or(0)
    }

    /// A call of a function with rules, of which an argument moves in this level.
    pub(super) fn ruled(
        &mut self,
        id: FnId,
        args: &[Value],
        known: &[(u32, i64)],
        level: u32,
        span: Span,
    ) -> Eval<Outcome> {
        let def = &self.program.functions[id.0 as usize];
        let primals: Vec<Value> = args.iter().map(|arg| arg.map(&mut |n| n.split(level).0)).collect();
        let outcome = self.enter(id, primals.clone(), known, span)?;
        let structs = &self.program.structs;
        let carries = |k: usize| carries_floats(structs, &def.locals[def.params[k].local.0 as usize].ty);
        let inputs = args.iter().enumerate().filter(|(k, _)| carries(*k));
        let tangents = inputs.map(|(_, arg)| arg.map(&mut |n| n.split_or_zero(level).1)).collect();
        let moved = Moved { primals, tangents };
        let tangent = match self.rule(def, level) {
            Rule::Written(Mode::Jvp, rule) => self.by_jvp(rule, moved, span)?,
            Rule::Written(Mode::Vjp, rule) => self.by_vjp(rule, &moved, &outcome.value, span)?,
            Rule::Host(Mode::Jvp, partials) => self.by_host_jvp(partials, &moved, &outcome.value, span)?,
            Rule::Host(Mode::Vjp, partials) => self.by_host_vjp(partials, &moved, &outcome.value, span)?,
            Rule::Kernel(kernel) => self.by_kernel(kernel, args, level, &outcome.value),
            Rule::None => return Err(no_rule(&def.name, span).into()),
        };
        Ok(Outcome { value: moving(level, &outcome.value, &tangent), finals: outcome.finals })
    }

    /// The rule of the level's mode, or else of the other.
    fn rule(&self, def: &'p FnDef, level: u32) -> Rule<'p> {
        if let Some(ExternalDef { function: External::Kernel(kernel), .. }) = &def.external {
            return Rule::Kernel(*kernel);
        }
        let mode = self.modes[level as usize - 1];
        let other = if mode == Mode::Jvp { Mode::Vjp } else { Mode::Jvp };
        for mode in [mode, other] {
            if let Some(rule) = def.rules.of(mode) {
                return Rule::Written(mode, rule);
            }
            if let Some(partials) = def.external.as_ref().and_then(|external| external.partials(mode)) {
                return Rule::Host(mode, partials);
            }
        }
        Rule::None
    }

    /// The rule gives the value again, and the tangent.
    fn by_jvp(&mut self, rule: FnId, moved: Moved, span: Span) -> Eval<Value> {
        let args = moved.primals.into_iter().chain(moved.tangents).collect();
        let outcome = self.enter(rule, args, &[], span)?;
        Ok(outcome.value.field(1).clone())
    }

    /// The rule gives the value again, and the cotangents, in a tuple of their own or not.
    fn by_vjp(&mut self, rule: FnId, moved: &Moved, value: &Value, span: Span) -> Eval<Value> {
        let tangents = Value::Tuple(moved.tangents.clone());
        let mut slopes = Vec::new();
        for k in 0..floats(value) {
            let args = moved.primals.iter().cloned().chain([unit(value, k)]).collect();
            let outcome = self.enter(rule, args, &[], span)?;
            let Value::Tuple(items) = outcome.value else { panic!("a vjp rule gives a tuple") };
            slopes.push(product(&tangents, &Value::Tuple(items[1..].to_vec())));
        }
        Ok(filled(value, &mut slopes.into_iter()))
    }

    fn by_host_jvp(&mut self, partials: &External, moved: &Moved, value: &Value, span: Span) -> Eval<Value> {
        let given: Vec<&Value> = moved.primals.iter().chain(&moved.tangents).collect();
        self.host(partials, &given, value, span)
    }

    /// Seeds of arrays come before those of floats; cotangents of arrays are written, those of floats given.
    fn by_host_vjp(&mut self, partials: &External, moved: &Moved, value: &Value, span: Span) -> Eval<Value> {
        let tangents = Value::Tuple(moved.tangents.clone());
        let mut slopes = Vec::new();
        for k in 0..floats(value) {
            let seed = unit(value, k);
            let (mut given, mut scalars) = (moved.primals.clone(), Vec::new());
            leaves(&seed, &mut given, &mut scalars);
            given.append(&mut scalars);
            let given: Vec<&Value> = given.iter().collect();
            slopes.push(product(&tangents, &self.host(partials, &given, &tangents, span)?));
        }
        Ok(filled(value, &mut slopes.into_iter()))
    }

    /// Partials of the host know plain numbers alone: they have no derivatives themselves.
    fn host(&self, partials: &External, given: &[&Value], shape: &Value, span: Span) -> Eval<Value> {
        if given.iter().any(|value| level(value) > 0) {
            return Err(no_rule("a derivative of the host", span).into());
        }
        Ok(externals::call(partials, given, shape, span)?)
    }

    /// A kernel is run in numbers that move.
    fn by_kernel(&self, kernel: Kernel, args: &[Value], level: u32, value: &Value) -> Value {
        let matrices: Vec<_> = args.iter().map(dense::rows).collect();
        let moved = dense::moved(kernel, &matrices);
        filled(value, &mut moved.into_iter().flatten().map(|n| n.split_or_zero(level).1))
    }
}

/// The highest level in which a value moves.
fn level(value: &Value) -> u32 {
    let mut numbers = Vec::new();
    value.numbers(&mut numbers);
    numbers.into_iter().map(Number::level).max().unwrap_or(0)
}

/// The arrays of a value, and its scalars.
fn leaves(value: &Value, arrays: &mut Vec<Value>, scalars: &mut Vec<Value>) {
    match value {
        Value::Array(_) => arrays.push(value.clone()),
        Value::Scalar(_) => scalars.push(value.clone()),
        Value::Tuple(items) => items.iter().for_each(|item| leaves(item, arrays, scalars)),
        Value::Function(_) => {}
    }
}

/// Compiled code does not come here: such a derivative is refused.
fn no_rule(name: &str, span: Span) -> RunError {
    let (trap, details) = Failure::Host(format!("`{name}` has no derivative")).trap();
    RunError::with_details(trap, span, details)
}
