//! Who calls whom. A derivative that nobody has made yet counts as calling the function that it is of.
//!
//! In: a module and entry functions. Out: [`CallGraph`]: the functions that entries reach in a fixed order, which calls stay within a cycle of recursion, and an order in which
//! callees come first. Linear in the program, and no recursion here, however long the chains.

use crate::entities::FuncId;
use crate::func::{Function, Module};
use crate::inst::Op;

/// The functions that entries can reach.
#[derive(Debug)]
pub struct CallGraph {
    /// In order of discovery; a function's index here is its *place*.
    pub order: Vec<FuncId>,
    place: Vec<Option<usize>>,
    /// Places of callees, by place.
    callees: Vec<Vec<usize>>,
    /// Which cycle a function is in: equal for two functions that can reach each other.
    cycle: Vec<usize>,
    /// Places so that callees outside the own cycle come first.
    pub bottom_up: Vec<usize>,
}

impl CallGraph {
    /// Explores a module.
    pub fn new(module: &Module, entries: &[FuncId]) -> Self {
        CallGraph::explore(module, entries, false)
    }

    /// Explores a module, derivative rules being among what a function calls.
    pub fn with_rules(module: &Module, entries: &[FuncId]) -> Self {
        CallGraph::explore(module, entries, true)
    }

    fn explore(module: &Module, entries: &[FuncId], rules: bool) -> Self {
        let mut graph = CallGraph {
            order: Vec::new(),
            place: vec![None; module.len()],
            callees: Vec::new(),
            cycle: Vec::new(),
            bottom_up: Vec::new(),
        };
        for &entry in entries {
            graph.discover(entry);
        }
        let mut next = 0;
        while next < graph.order.len() {
            let rules = module.rules(graph.order[next]).iter().filter(|_| rules);
            for callee in callees(module.function(graph.order[next])).into_iter().chain(rules) {
                let place = graph.discover(callee);
                graph.callees[next].push(place);
            }
            next += 1;
        }
        graph.find_cycles();
        graph
    }

    fn discover(&mut self, f: FuncId) -> usize {
        *self.place[f.index()].get_or_insert_with(|| {
            self.order.push(f);
            self.callees.push(Vec::new());
            self.order.len() - 1
        })
    }

    /// How many instructions all functions have together.
    pub fn inst_count(&self, module: &Module) -> usize {
        self.order.iter().map(|&id| module.function(id).inst_count()).sum()
    }

    /// Where a function stands in the order, if it is reachable.
    pub fn place(&self, f: FuncId) -> Option<usize> {
        self.place.get(f.index()).copied().flatten()
    }

    /// Which cycle of recursion the function at this place is in: one place of it. A function that calls no one back is a cycle of its own.
    pub fn cycle(&self, place: usize) -> usize {
        self.cycle[place]
    }

    /// The places of what the function at this place calls, each once.
    pub fn callees(&self, place: usize) -> &[usize] {
        &self.callees[place]
    }

    /// Whether a call between two reachable functions can come back to its caller.
    pub fn recursive(&self, caller: FuncId, callee: FuncId) -> bool {
        match (self.place(caller), self.place(callee)) {
            (Some(caller), Some(callee)) => self.cycle[caller] == self.cycle[callee],
            (_, _) => false,
        }
    }

    /// Whether the function at this place can reach itself.
    pub fn is_recursive(&self, place: usize) -> bool {
        self.callees[place].iter().any(|&callee| self.cycle[callee] == self.cycle[place])
    }

    /// For each function, its own frame and the most that its calls outside its cycle need.
    pub fn stack_needs(&self, frames: &[u64]) -> Vec<u64> {
        let mut needs = vec![0; frames.len()];
        for &f in &self.bottom_up {
            let outside = self.callees[f].iter().filter(|&&g| self.cycle[g] != self.cycle[f]);
            // A member of another cycle may call the rest of it before the first look at the stack pointer only through itself, which looks.
            let deepest = outside.map(|&g| needs[g]).max().unwrap_or(0);
            needs[f] = frames[f].saturating_add(deepest);
        }
        needs
    }

    /// Tarjan's components, with an explicit stack.
    fn find_cycles(&mut self) {
        let n = self.order.len();
        let mut search = Search {
            index: vec![usize::MAX; n],
            low: vec![0; n],
            on_stack: vec![false; n],
            stack: Vec::new(),
            counter: 0,
        };
        self.cycle = vec![usize::MAX; n];
        for root in 0..n {
            if search.index[root] == usize::MAX {
                self.search_from(root, &mut search);
            }
        }
    }

    fn search_from(&mut self, root: usize, search: &mut Search) {
        let mut path = vec![(root, 0)];
        search.enter(root);
        while let Some(top) = path.last_mut() {
            let (f, next) = *top;
            match self.callees[f].get(next) {
                Some(&g) => {
                    top.1 += 1;
                    if search.index[g] == usize::MAX {
                        search.enter(g);
                        path.push((g, 0));
                    } else if search.on_stack[g] {
                        search.low[f] = search.low[f].min(search.index[g]);
                    }
                }
                None => {
                    path.pop();
                    if let Some(&(caller, _)) = path.last() {
                        search.low[caller] = search.low[caller].min(search.low[f]);
                    }
                    self.close(f, search);
                }
            }
        }
    }

    /// Takes a component off the stack if `f` is its root.
    fn close(&mut self, f: usize, search: &mut Search) {
        if search.low[f] != search.index[f] {
            return;
        }
        while let Some(member) = search.stack.pop() {
            search.on_stack[member] = false;
            self.cycle[member] = f;
            self.bottom_up.push(member);
            if member == f {
                break;
            }
        }
    }
}

struct Search {
    index: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    counter: usize,
}

impl Search {
    fn enter(&mut self, f: usize) {
        (self.index[f], self.low[f]) = (self.counter, self.counter);
        self.counter += 1;
        self.stack.push(f);
        self.on_stack[f] = true;
    }
}

fn callees(f: &Function) -> Vec<FuncId> {
    if let Some(derived) = &f.derived {
        return vec![derived.of];
    }
    let mut found = Vec::new();
    f.walk(&mut |inst| {
        if let Op::Call { callee, .. } = f.inst(inst).op {
            found.push(callee);
        }
    });
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Builder;
    use adit_diag::Span;

    /// A module whose function i calls those that `calls[i]` lists.
    fn module(calls: &[&[usize]]) -> Module {
        let mut module = Module::new();
        for (i, callees) in calls.iter().enumerate() {
            let mut b = Builder::new(format!("f{i}"), Span::default());
            for &callee in *callees {
                b.call(FuncId::new(callee), &[], &[]);
            }
            module.push(b.finish(&[]));
        }
        module
    }

    #[test]
    fn frames_add_up_along_calls_but_not_within_cycles() {
        let graph = CallGraph::new(&module(&[&[1, 2], &[3], &[2, 3], &[], &[0]]), &[FuncId::new(0)]);
        assert_eq!(graph.order.len(), 4, "nothing calls the last one");
        let frames: Vec<u64> = graph.order.iter().map(|f| [1, 10, 100, 1000][f.index()]).collect();
        let needs = graph.stack_needs(&frames);
        let need = |f: usize| needs[graph.place(FuncId::new(f)).expect("reachable")];
        assert_eq!([need(3), need(2), need(1), need(0)], [1000, 1100, 1010, 1101]);
        assert!(graph.recursive(FuncId::new(2), FuncId::new(2)));
        assert!(!graph.recursive(FuncId::new(0), FuncId::new(2)));
    }

    #[test]
    fn a_long_chain_needs_no_stack_here() {
        let calls: Vec<Vec<usize>> = (0..100_000).map(|i| if i < 99_999 { vec![i + 1] } else { vec![] }).collect();
        let calls: Vec<&[usize]> = calls.iter().map(Vec::as_slice).collect();
        let graph = CallGraph::new(&module(&calls), &[FuncId::new(0)]);
        let needs = graph.stack_needs(&vec![1; 100_000]);
        assert_eq!(needs[0], 100_000);
    }

    #[test]
    fn mutual_recursion_is_one_cycle() {
        let graph = CallGraph::new(&module(&[&[1], &[2], &[1]]), &[FuncId::new(0)]);
        assert!(graph.recursive(FuncId::new(1), FuncId::new(2)));
        assert!(!graph.recursive(FuncId::new(0), FuncId::new(1)));
    }
}
