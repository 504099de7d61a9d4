//! In which order derivatives are made, and how many stand inside one another.
//!
//! In: a module and where to begin. Out: [`Order`]: what is reached, each function after those that it depends on, and the order of each. A function depends on those it calls and on its derivative rules; a
//! declared derivative on the function that it is of. Functions that depend on one another (recursion) have one order; there is none if a derivative is among them.

use crate::refusal::{Refusal, RefusalKind};
use adit_ir::{CallGraph, FuncId, Module};

/// What is reached, inner first.
#[derive(Debug)]
pub struct Order {
    /// Each after all that it depends on, recursion aside.
    pub inner_first: Vec<FuncId>,
    /// For each of these: how many derivatives stand inside one another in it; none if there is no bound.
    orders: Vec<Option<usize>>,
}

impl Order {
    /// Of all that some functions reach.
    pub fn of(module: &Module, roots: &[FuncId]) -> Self {
        let graph = CallGraph::with_rules(module, roots);
        let mut by_cycle = vec![Some(0); graph.order.len()];
        for &place in &graph.bottom_up {
            let cycle = graph.cycle(place);
            let derives = module.function(graph.order[place]).derived.is_some();
            let below = graph.callees(place).iter().map(|&callee| by_cycle[graph.cycle(callee)]);
            let highest = below.fold(by_cycle[cycle], |a, b| a.zip(b).map(|(a, b)| a.max(b)));
            let bounded = !(derives && graph.is_recursive(place));
            by_cycle[cycle] = highest.filter(|_| bounded).map(|order| order + usize::from(derives));
        }
        let inner_first = graph.bottom_up.iter().map(|&place| graph.order[place]).collect();
        let orders = graph.bottom_up.iter().map(|&place| by_cycle[graph.cycle(place)]).collect();
        Order { inner_first, orders }
    }

    /// What is wrong with derivatives: those without a bound, and those beyond the limit whose inner ones are within.
    pub fn refusals(&self, module: &Module, limit: usize) -> Vec<Refusal> {
        let mut out = Vec::new();
        for (&id, &order) in self.inner_first.iter().zip(&self.orders) {
            let f = module.function(id);
            let Some(derived) = &f.derived else { continue };
            let function = module.function(derived.of).name.clone();
            let kind = match order {
                None => RefusalKind::OrderUnbounded { function },
                Some(order) if order == limit + 1 => RefusalKind::OrderTooHigh { function, limit },
                Some(_) => continue,
            };
            out.push(Refusal { span: f.span, kind });
        }
        out
    }
}
