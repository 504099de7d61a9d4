//! Activity: which values and which array objects carry derivatives.
//!
//! In: a function, the values that derivatives come from (*seeds*: active parameters) and those they go to (*sinks*: results, shadows of the caller).
//! Out: one bit a value: it is *varied* (depends on a seed differentiably) and *useful* (a sink depends on it differentiably). An array or a tape is one
//! object with one bit: handles never merge, so a value names the object.
//!
//! Both questions are reachability in one graph, whose edge `a -> b` says "b depends on a differentiably":
//!
//! ```text
//! v3 = mul v1, v2              v1 -> v3, v2 -> v3
//! v4 = floor v3                (the partial is zero: no edge)
//! store v5[v6] v3              v3 -> v5
//! v7 = load v5[0]              v5 -> v7
//! v8 = for v9 in 0..4 (v10: f64 = v7) { … yield v11 }     v7 -> v10, v11 -> v10, v10 -> v8
//! ```
//!
//! so the answer is the least one, found in time linear in the function. What this deliberately does not see: order (an array that is active once is active
//! everywhere), elements, and what a callee does (any float operand of a call reaches all that the call can change).
//! That an inactive value overwrites an element of an active array still matters; the passes see to that.

use crate::{Mutant, Options, rules};
use adit_ir::{Function, Inst, Module, Op, Passing, Region, Value};

/// Which values of one function carry derivatives.
#[derive(Debug)]
pub struct Activity {
    active: Vec<bool>,
}

impl Activity {
    /// Finds what lies on a way from a seed to a sink.
    pub fn new(module: &Module, f: &Function, seeds: &[Value], sinks: &[Value], options: Options) -> Self {
        let mut graph = Graph::new(module, f, options);
        f.walk(&mut |inst| graph.inst(inst));
        let Graph { nodes, mut edges, .. } = graph;
        let varied = reach(nodes, &edges, seeds);
        for (from, to) in &mut edges {
            std::mem::swap(from, to);
        }
        let useful = reach(nodes, &edges, sinks);
        let active = varied.iter().zip(useful).map(|(&v, u)| v && u).take(f.value_count()).collect();
        Activity { active }
    }

    /// Whether this value carries derivatives: a float, an array object or a tape.
    pub fn of(&self, v: Value) -> bool {
        self.active[v.index()]
    }
}

/// The nodes that a way along the edges leads to, seeds included.
fn reach(nodes: usize, edges: &[(u32, u32)], seeds: &[Value]) -> Vec<bool> {
    let successors = Successors::new(nodes, edges);
    let mut reached = vec![false; nodes];
    let mut open: Vec<usize> = seeds.iter().map(|v| v.index()).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(successors.of(node).iter().map(|&n| n as usize).filter(|&n| !reached[n]));
        }
    }
    reached
}

/// Edges sorted by where they start.
struct Successors {
    first: Vec<u32>,
    to: Vec<u32>,
}

impl Successors {
    fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let mut first = vec![0; nodes + 1];
        for &(from, _) in edges {
            first[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut to = vec![0; edges.len()];
        for &(from, target) in edges {
            let place = &mut next[from as usize];
            to[*place as usize] = target;
            *place += 1;
        }
        Successors { first, to }
    }

    fn of(&self, node: usize) -> &[u32] {
        &self.to[self.first[node] as usize..self.first[node + 1] as usize]
    }
}

/// The graph under construction. Nodes are values; a call adds one of its own between its operands and what it changes.
struct Graph<'a> {
    module: &'a Module,
    f: &'a Function,
    nodes: usize,
    edges: Vec<(u32, u32)>,
    options: Options,
}

impl<'a> Graph<'a> {
    fn new(module: &'a Module, f: &'a Function, options: Options) -> Self {
        Graph { module, f, nodes: f.value_count(), edges: Vec::new(), options }
    }

    fn edge(&mut self, from: Value, to: Value) {
        if self.f.ty(from).is_float() && self.f.ty(to).is_float() {
            self.join(from.index(), to.index());
        }
    }

    fn edges(&mut self, from: &[Value], to: &[Value]) {
        for (&from, &to) in from.iter().zip(to) {
            self.edge(from, to);
        }
    }

    fn join(&mut self, from: usize, to: usize) {
        let node = |n: usize| u32::try_from(n).expect("limits keep entity counts below 2^32");
        self.edges.push((node(from), node(to)));
    }

    fn inst(&mut self, inst: Inst) {
        let f = self.f;
        let data = f.inst(inst);
        let results = &data.results;
        match &data.op {
            Op::Const(_) | Op::Cmp { .. } | Op::Alloc { .. } | Op::TapeNew { .. } => {}
            Op::Assert { .. } | Op::Print { .. } => {}
            Op::Prim { prim, args } => {
                for (&arg, partial) in args.iter().zip(rules::partials(*prim, self.options.mutant)) {
                    if partial.is_some() {
                        self.edge(arg, results[0]);
                    }
                }
            }
            Op::Select { then, otherwise, .. } => {
                self.edge(*then, results[0]);
                self.edge(*otherwise, results[0]);
            }
            Op::If { then, otherwise, .. } => {
                self.edges(&f.region(*then).yields, results);
                self.edges(&f.region(*otherwise).yields, results);
            }
            Op::For { inits, body, .. } => {
                let params = &f.region(*body).params[1..];
                self.carried(inits, *body, params);
                self.edges(params, results);
            }
            Op::While { inits, cond, body, .. } => {
                let seen = &f.region(*cond).params;
                self.carried(inits, *body, &f.region(*body).params);
                self.carried(inits, *body, seen);
                self.edges(seen, results);
            }
            Op::Load { array, .. } => self.edge(*array, results[0]),
            Op::Store { array, value, .. } | Op::Acc { array, value, .. } | Op::Fill { array, value } => {
                self.edge(*value, *array);
            }
            Op::Copy { to, from } => self.edge(*from, *to),
            Op::Call { callee, args } => self.call(args, &self.module.function(*callee).params, results),
            Op::TapePush { tape, values } => values.iter().for_each(|&v| self.edge(v, *tape)),
            Op::TapePop { tape } => results.iter().for_each(|&r| self.edge(*tape, r)),
        }
    }

    /// Values that a loop carries: from before it, and from one iteration to the next.
    fn carried(&mut self, inits: &[Value], body: Region, params: &[Value]) {
        self.edges(inits, params);
        let f = self.f;
        if self.options.mutant != Some(Mutant::CarriedActivityMissed) {
            self.edges(&f.region(body).yields, params);
        }
    }

    fn call(&mut self, args: &[Value], params: &[adit_ir::Param], results: &[Value]) {
        let call = self.nodes;
        self.nodes += 1;
        let float = |v: &Value| self.f.ty(*v).is_float();
        let operands: Vec<Value> = args.iter().copied().filter(float).collect();
        let lent = args.iter().zip(params).filter(|(_, p)| p.passing == Passing::Mut).map(|(&a, _)| a);
        let changed: Vec<Value> = results.iter().copied().chain(lent).filter(float).collect();
        operands.into_iter().for_each(|v| self.join(v.index(), call));
        changed.into_iter().for_each(|v| self.join(call, v.index()));
    }
}
