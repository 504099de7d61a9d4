//! What is known of functions with all that they call, before any of them is lowered.
//!
//! In: the [`Facts`] of every function. Out: whether one prints, and how many lanes pay where it is differentiated in many directions. Derivative rules count as called.
//!
//! The size of a function is estimated by the nodes of its tree: instructions are not there yet. Nothing but speed and the size of code hangs on that.

use super::analysis::Facts;
use crate::typed::{FnId, Program};
use adit_ir::sweeps;
use adit_ir::verify::MAX_RANK;

/// Instructions that a node of the tree becomes, about: a node may stand for a loop over an array.
const PER_NODE: usize = 6;

/// Beyond so many nodes nobody needs to know how many there are.
const MANY: usize = 1 << 14;

/// So many dimensions are left free for lanes: one for each derivative around another.
const FREE: usize = 8;

/// By function.
#[derive(Clone, Default, Debug)]
struct Own {
    /// What it calls, with how much longer code gets there by being differentiated.
    calls: Vec<(FnId, usize)>,
    nodes: usize,
    rank: usize,
    /// It, or something that it calls.
    prints: bool,
}

/// By function of the program.
#[derive(Debug)]
pub(super) struct Reach {
    functions: Vec<Own>,
}

impl Reach {
    pub(super) fn of(program: &Program, facts: &[Facts]) -> Reach {
        let own = |(facts, def): (&Facts, &crate::typed::FnDef)| Own {
            calls: facts
                .derived
                .iter()
                .copied()
                .chain(facts.calls.iter().chain(&def.rules.jvp).chain(&def.rules.vjp).map(|&id| (id, 1)))
                .collect(),
            nodes: facts.nodes,
            rank: facts.rank,
            prints: facts.prints,
        };
        let mut reach = Reach { functions: facts.iter().zip(&program.functions).map(own).collect() };
        reach.spread_prints();
        reach
    }

    /// From what prints to what calls it.
    fn spread_prints(&mut self) {
        let mut callers = vec![Vec::new(); self.functions.len()];
        for (caller, own) in self.functions.iter().enumerate() {
            own.calls.iter().for_each(|(callee, _)| callers[callee.0 as usize].push(caller));
        }
        let mut open: Vec<usize> = (0..self.functions.len()).filter(|&f| self.functions[f].prints).collect();
        while let Some(f) = open.pop() {
            for &caller in &callers[f] {
                if !std::mem::replace(&mut self.functions[caller].prints, true) {
                    open.push(caller);
                }
            }
        }
    }

    /// Whether one of these prints, or something that it calls.
    pub(super) fn prints(&self, roots: &[FnId]) -> bool {
        roots.iter().any(|id| self.functions[id.0 as usize].prints)
    }

    /// How many directions one sweep should follow at most, of a derivative of this order of what calls these.
    pub(super) fn lanes(&self, roots: &[FnId], order: u32) -> usize {
        let mut seen = rustc_hash::FxHashSet::default();
        let mut open: Vec<(FnId, usize)> = roots.iter().map(|&id| (id, 1)).collect();
        let mut nodes = 0usize;
        while let Some((id, factor)) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let own = &self.functions[id.0 as usize];
            nodes = nodes.saturating_add(own.nodes.saturating_mul(factor));
            if nodes > MANY || own.rank + FREE > MAX_RANK {
                return 1;
            }
            open.extend(own.calls.iter().map(|&(callee, by)| (callee, factor.saturating_mul(by))));
        }
        sweeps::affordable(sweeps::LANES, nodes.saturating_mul(PER_NODE), order)
    }
}
