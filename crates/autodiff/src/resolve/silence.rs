//! Functions that do not print.
//!
//! In: a function that is to be differentiated in silence. Out: that function, if neither it nor what it reaches (derivative rules included) prints; else a copy without `print`, which calls such copies.
//!
//! ```text
//! func @f(v0: f64) -> f64 {        func @f__silent(v0: f64) -> f64 {
//!   v1 = call @g(v0)                 v1 = call @g__silent(v0)
//!   print "v1 is", v1                return v1
//!   return v1                      }
//! }
//! ```
//!
//! What was computed only to be printed stays: cleaning is not its matter.

use crate::catalog::Names;
use crate::silent::hush;
use adit_ir::{CallGraph, FuncId, Function, Module, Op, Rules};
use rustc_hash::FxHashMap;

/// The copies made so far.
#[derive(Debug, Default)]
pub struct Silence {
    copies: FxHashMap<FuncId, FuncId>,
}

impl Silence {
    /// What does as `f` does, and prints nothing.
    pub fn of(&mut self, module: &mut Module, f: FuncId) -> FuncId {
        if let Some(&copy) = self.copies.get(&f) {
            return copy;
        }
        let printing = printing(module, f);
        let mut names = Names::new(module);
        let fresh: Vec<FuncId> = printing.into_iter().filter(|id| !self.copies.contains_key(id)).collect();
        for &id in &fresh {
            let mut copy = module.function(id).clone();
            copy.name = names.fresh(&format!("{}__silent", copy.name));
            let copy = module.push(copy);
            self.copies.insert(id, copy);
        }
        for id in fresh {
            self.silence(module, id);
        }
        self.copy_of(f)
    }

    fn copy_of(&self, id: FuncId) -> FuncId {
        self.copies.get(&id).copied().unwrap_or(id)
    }

    /// Makes the copy of a function what it is to be.
    fn silence(&self, module: &mut Module, id: FuncId) {
        let rules = module.rules(id);
        let of = |rule: Option<FuncId>| rule.map(|rule| self.copy_of(rule));
        module.set_rules(self.copy_of(id), Rules { jvp: of(rules.jvp), vjp: of(rules.vjp) });
        hush(module.function_mut(self.copy_of(id)), &|callee| self.copy_of(callee));
    }
}

/// The functions among those that `f` reaches that reach a `print`.
fn printing(module: &Module, f: FuncId) -> Vec<FuncId> {
    let graph = CallGraph::with_rules(module, &[f]);
    let mut by_cycle = vec![false; graph.order.len()];
    for &place in &graph.bottom_up {
        let below = graph.callees(place).iter().any(|&callee| by_cycle[graph.cycle(callee)]);
        by_cycle[graph.cycle(place)] |= below || prints(module.function(graph.order[place]));
    }
    let places = graph.bottom_up.iter().filter(|&&place| by_cycle[graph.cycle(place)]);
    places.map(|&place| graph.order[place]).collect()
}

fn prints(f: &Function) -> bool {
    let mut found = false;
    f.walk(&mut |inst| found |= matches!(f.inst(inst).op, Op::Print { .. }));
    found
}
