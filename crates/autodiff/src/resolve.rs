//! Derivatives within programs: from what was declared to what can run.
//!
//! In: a module in which functions are declared as derivatives of others ([`adit_ir::Derived`]), and the function that will run. Out: the same module, in which that function
//! and all that it reaches call derivatives with bodies. Inner derivatives are made first, so what an outer one differentiates is ordinary IR.
//!
//! ```text
//! func @g(v0: f64) -> f64 { … }                               func @g(v0: f64) -> f64 { … }
//! func @g__jvp(v0: f64, v1: f64) -> (f64, f64) = jvp @g wrt v0    func @g__jvp(v0: f64, v1: f64) -> (f64, f64) { … }
//! func @f(v0: f64) -> f64 {                                   func @f(v0: f64) -> f64 {
//!   v1 = const 1.0                                              v1 = const 1.0
//!   v2, v3 = call @g__jvp(v0, v1)                               v2, v3 = call @g__jvp(v0, v1)
//!   return v3                                                   return v3
//! }                                                           }
//! ```
//!
//! The *order* of a function is how many derivatives stand inside one another in what it reaches. It is finite unless a function contains its own derivative, which is refused,
//! as is an order beyond the limit ([`check_orders`]). A silent derivative is that of a copy that does not print ([`silence`]). A function is cleaned (by whoever asks: this crate does not optimise) before it is differentiated, and
//! so is what comes out. A declaration stays in the module, without a caller.

mod order;
mod silence;

use crate::refusal::Refusal;
use crate::units::complete_rules;
use crate::{Options, jvp_with, vjp_with};
use adit_ir::{Derived, FuncId, Mode, Module};
use order::Order;
use rustc_hash::{FxHashMap, FxHashSet};
use silence::Silence;

/// How many derivatives may stand inside one another, if nobody says otherwise.
pub const MAX_ORDER: usize = 4;

/// Replaces a function, and what it calls, by one that means the same and is cheaper, with calls inlined.
pub type Clean<'a> = &'a mut dyn FnMut(&mut Module, FuncId);

/// Whether every derivative that the module declares has an order within the limit.
///
/// # Errors
/// The derivatives whose order is not bounded, or beyond the limit: the first of each function.
pub fn check_orders(module: &Module, limit: usize) -> Result<(), Vec<Refusal>> {
    if !has_derivatives(module) {
        return Ok(());
    }
    let all: Vec<FuncId> = module.ids().collect();
    let refusals = Order::of(module, &all).refusals(module, limit);
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Makes the derivatives that a function reaches.
///
/// # Errors
/// As [`check_orders`], for what the function reaches; and what either mode refuses.
pub fn resolve(
    module: &mut Module,
    root: FuncId,
    limit: usize,
    options: &Options,
    clean: Clean<'_>,
) -> Result<(), Refusal> {
    if !has_derivatives(module) {
        return Ok(());
    }
    let order = Order::of(module, &[root]);
    if let Some(refusal) = order.refusals(module, limit).into_iter().next() {
        return Err(refusal);
    }
    let mut resolver = Resolver {
        made: FxHashMap::default(),
        cleaned: FxHashSet::default(),
        silence: Silence::default(),
        options,
        clean,
    };
    for id in order.inner_first {
        match module.function(id).derived.clone() {
            Some(derived) => resolver.make(module, id, &derived)?,
            None => resolver.redirect(module, id),
        }
    }
    Ok(())
}

fn has_derivatives(module: &Module) -> bool {
    module.iter().any(|(_, f)| f.derived.is_some())
}

struct Resolver<'a> {
    /// By declaration: the function that it became.
    made: FxHashMap<FuncId, FuncId>,
    cleaned: FxHashSet<FuncId>,
    silence: Silence,
    options: &'a Options,
    clean: Clean<'a>,
}

impl Resolver<'_> {
    /// Makes a derivative; all that it depends on is made.
    fn make(&mut self, module: &mut Module, id: FuncId, derived: &Derived) -> Result<(), Refusal> {
        let of = self.actual(derived.of);
        self.clean(module, of);
        let of = if derived.silent { self.silence.of(module, of) } else { of };
        let options = Options { lanes: derived.lanes, ..*self.options };
        let completed = if derived.served { complete_rules(module) } else { Vec::new() };
        let made = match derived.mode {
            Mode::Jvp => jvp_with(module, of, &derived.active, &options),
            Mode::Vjp => vjp_with(module, of, &derived.active, &options),
        };
        // Where a mode is asked for, its rules must be there.
        completed.into_iter().for_each(|(id, rules)| module.set_rules(id, rules));
        let made = made.map_err(|refusal| refusal.asked_for_at(module.function(id).span, module.function(of).span))?;
        exchange_names(module, id, made);
        self.made.insert(id, made);
        Ok(())
    }

    fn clean(&mut self, module: &mut Module, id: FuncId) {
        if self.cleaned.insert(id) {
            (self.clean)(module, id);
        }
    }

    /// What is called for a function.
    fn actual(&self, id: FuncId) -> FuncId {
        self.made.get(&id).copied().unwrap_or(id)
    }

    /// Calls of declarations become calls of what was made of them.
    fn redirect(&self, module: &mut Module, id: FuncId) {
        module.function_mut(id).redirect_calls(&|callee| self.actual(callee));
    }
}

/// The function that was made takes the name that was declared.
fn exchange_names(module: &mut Module, declared: FuncId, made: FuncId) {
    let name = std::mem::take(&mut module.function_mut(declared).name);
    let other = std::mem::replace(&mut module.function_mut(made).name, name);
    module.function_mut(declared).name = other;
}
