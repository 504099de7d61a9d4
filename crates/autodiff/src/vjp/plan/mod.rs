//! The plan of a reverse sweep: which primal values are saved, and which are read or computed again.
//!
//! In: a function, and the values that its reverse sweep asked for when it was made once for that purpose ([`Asked`]). Out: [`Plan`], a bit a value. Nothing is emitted here.
//!
//! Every value that is asked for, or that computing such a value again needs, is either saved (8 bytes, once per execution of its region) or made again (its cost, equally
//! often); what a made value is made of must be there in turn. The cheapest choice is a minimum cut:
//!
//! ```text
//! source ──cost of making v──▶ v in ──price of saving v──▶ v out ──∞──▶ u in       for each u that is made of v
//!                                                          v out ──∞──▶ sink       if v is asked for
//! ```
//!
//! `v in` on the source's side and `v out` on the sink's: saved; both on the sink's side: made again. Of equal choices it is the one that makes more again.
//!
//! | never in question | because |
//! |---|---|
//! | values of the function's body and of loops reversed in the forward sweep, parameters, literals, indices of `for` | they are there |
//! | what a loop carries, results of `if`, loops, calls, `tape.pop` | only saving them is exact |
//! | a load from what may be overwritten later ([`overwrites`]), or is gone when the reverse sweep runs | it would read something else, unless a loop gets the array back ([`keeps`]) |
//!
//! A value that is made again is made where its region is reversed, once per execution, of the operands it was made of: bit for bit what it was, and where the primal did not trap it does not.
//!
//! **Prices** in nanoseconds, roughly: the table's column of costs, [`LOAD`], [`SAVE`]; [`LAST_SAVE`] where that leaves a region without a record. A function whose partial in the same operand is computed anyway costs [`SHARED`] if each of
//! the two is the other's derivative, as sine and cosine are: one argument reduction, and no one wants both on the tape.
//!
//! Beyond [`MOST_VALUES`], or where the cut takes too long, each value is decided alone, operands first: made again if that is cheaper than to save it, and all that it is made of is made
//! again, or asked for, or can't be made.

mod cut;
mod keeps;
mod overwrites;
mod report;
mod reruns;

use super::facts::Facts;
use super::independent::Reversal;
use super::kept::Met;
use crate::literals::Literals;
use crate::{AdOpt, AdOpts, Mutant, Options};
use adit_ir::prim::{Expr, Partial, Prim};
use adit_ir::{Function, Inst, Module, Op, Region, Value};
use cut::{Network, UNBOUNDED};
pub use overwrites::Overwrites;
pub use report::{Loop, Saved, Why};
pub use reruns::reruns;
use rustc_hash::{FxHashMap, FxHashSet};

/// To push 8 bytes and pop them.
const SAVE: u64 = 5;

/// The same, where nothing else of the region is saved then: a loop without a tape is worth some time.
const LAST_SAVE: u64 = 20;

/// To read an element again.
const LOAD: u64 = 2;

/// What shares its work with something else.
const SHARED: u64 = 1;

/// The largest network, in values.
const MOST_VALUES: usize = 20_000;

/// What the reverse sweep of a function asked for.
#[derive(Debug, Default)]
pub struct Asked {
    /// The primal values that it would save, in order.
    pub values: Vec<Value>,
    /// The results of functions of numbers of which it computes partials.
    pub partials: Vec<Value>,
    /// The arrays that it would save, as they were at a call.
    pub arrays: Vec<(Inst, Value)>,
    /// The `while`s whose trips it counts in a loop or an `if`.
    pub trips: Vec<Inst>,
    /// The regions of loops that it reverses in the forward sweep, where all their values are visible.
    pub visible: FxHashSet<Region>,
    /// The instructions of the body in whose loops something is saved.
    pub taped: Vec<Inst>,
    /// The calls whose callees save something.
    pub calls: Vec<Inst>,
    /// The loops with a checkpoint.
    pub kept: Vec<Met>,
    /// What was said about the loops that it reverses: a second word about one counts.
    pub loops: Vec<(Inst, Reversal)>,
}

impl Asked {
    /// Whether nothing would be saved.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.arrays.is_empty() && self.trips.is_empty() && self.calls.is_empty()
    }

    /// Leaves the last word about each loop, in the order of the text.
    pub fn say_once(&mut self, facts: &Facts) {
        self.loops.reverse();
        self.loops.sort_by_key(|&(inst, _)| facts.nest.position(inst));
        self.loops.dedup_by_key(|(inst, _)| *inst);
        self.kept.sort_by_key(|met| facts.nest.position(met.inst));
        self.kept.dedup_by_key(|met| met.inst);
    }
}

/// Which values are made again. The default is level 0: none.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By value; those beyond its end are not.
    again: Vec<bool>,
    /// Values that are saved.
    saved: Vec<Value>,
    /// Arrays that are still as they were at a call.
    unchanged: FxHashSet<(Inst, Value)>,
    /// Loops that run again.
    reruns: FxHashSet<Inst>,
    /// By loop: arrays that it gets back while it is reversed.
    keeps: FxHashMap<Inst, Vec<Value>>,
}

impl Plan {
    /// Whether a value is made again instead of saved.
    pub fn again(&self, v: Value) -> bool {
        self.again.get(v.index()).copied().unwrap_or(false)
    }

    /// Nothing is made again, but these loops run again.
    pub fn running_again(reruns: FxHashSet<Inst>) -> Plan {
        Plan { reruns, ..Plan::default() }
    }

    /// And these loops run again.
    pub fn and_running_again(self, reruns: FxHashSet<Inst>) -> Plan {
        Plan { reruns, ..self }
    }

    /// Whether a loop runs again.
    pub fn reruns(&self, inst: Inst) -> bool {
        self.reruns.contains(&inst)
    }

    /// The arrays that a loop gets back while it is reversed.
    pub fn keeps(&self, inst: Inst) -> &[Value] {
        self.keeps.get(&inst).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the reverse sweep sees an array as it was at a call.
    pub fn unchanged(&self, call: Inst, array: Value) -> bool {
        self.unchanged.contains(&(call, array))
    }
}

/// Whether there is anything to decide.
pub fn is_on(opts: AdOpts) -> bool {
    [AdOpt::Reload, AdOpt::Recompute, AdOpt::Rerun, AdOpt::Keep].into_iter().any(|opt| opts.has(opt))
}

/// Decides. `is_cut` says that the reverse sweep is to be a function of its own, which sees no arrays of the primal.
pub fn plan(module: &Module, source: &Function, facts: &Facts, asked: &Asked, is_cut: bool, options: &Options) -> Plan {
    let mut question = Question::new(module, source, facts, asked, is_cut, options);
    let plan = question.answer(asked);
    if !options.opts.has(AdOpt::Keep) || is_cut {
        return plan;
    }
    let keeps = question.keeps(asked, &plan);
    if keeps.reads.is_empty() {
        return plan;
    }
    question.kept = keeps.reads;
    let mut plan = question.answer(asked);
    for (inst, array, reads) in keeps.arrays {
        if reads.iter().any(|&v| plan.again(v)) {
            plan.keeps.entry(inst).or_default().push(array);
        }
    }
    plan
}

/// What is saved in the end, and why.
pub fn report(
    module: &Module,
    source: &Function,
    facts: &Facts,
    asked: &Asked,
    is_cut: bool,
    options: &Options,
) -> Vec<Saved> {
    Question::new(module, source, facts, asked, is_cut, options).report(asked)
}

struct Question<'a> {
    source: &'a Function,
    facts: &'a Facts,
    overwrites: Overwrites<'a>,
    literals: Literals,
    has_partial: Vec<bool>,
    visible: &'a FxHashSet<Region>,
    /// What is read from arrays that are there, as they were.
    kept: FxHashSet<Value>,
    /// [`Mutant::KeptOverWrites`]
    keeps_all: bool,
    is_cut: bool,
    opts: AdOpts,
}

/// What becomes of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It is made again.
    Made,
    /// It is saved.
    Saved,
    /// Nothing that is made again needs it.
    Unneeded,
}

/// A value in question.
#[derive(Debug)]
struct Node {
    value: Value,
    /// What making it again costs each time; none if that is not possible.
    cost: Option<u64>,
}

impl<'a> Question<'a> {
    fn new(
        module: &Module,
        source: &'a Function,
        facts: &'a Facts,
        asked: &'a Asked,
        is_cut: bool,
        options: &Options,
    ) -> Self {
        let forgets = options.mutant == Some(Mutant::LaterIterationForgotten);
        let overwrites = Overwrites::new(module, source, &facts.nest, forgets);
        let mut has_partial = vec![false; source.value_count()];
        asked.partials.iter().for_each(|v| has_partial[v.index()] = true);
        let (literals, visible) = (Literals::new(source), &asked.visible);
        let (kept, keeps_all) = (FxHashSet::default(), options.mutant == Some(Mutant::KeptOverWrites));
        let opts = options.opts;
        Question { source, facts, overwrites, literals, has_partial, visible, kept, keeps_all, is_cut, opts }
    }

    fn answer(&self, asked: &Asked) -> Plan {
        let (nodes, place) = self.nodes(&asked.values);
        let cut =
            |save| if nodes.len() <= MOST_VALUES { self.cheapest(&nodes, &place, &asked.values, save) } else { None };
        let plain = cut(SAVE).unwrap_or_else(|| self.one_by_one(&nodes, &place, &asked.values));
        let lean = cut(LAST_SAVE).unwrap_or_else(|| plain.clone());
        let saves = |choice: &[Fate]| {
            let mut saves = vec![false; self.source.region_count()];
            for (node, _) in nodes.iter().zip(choice).filter(|(_, fate)| **fate == Fate::Saved) {
                saves[self.facts.home(node.value).index()] = true;
            }
            saves
        };
        let mut plan = Plan { again: vec![false; self.source.value_count()], ..Plan::default() };
        let still_saves = saves(&lean);
        for (i, node) in nodes.iter().enumerate() {
            let choice = if still_saves[self.facts.home(node.value).index()] { &plain } else { &lean };
            plan.again[node.value.index()] = choice[i] == Fate::Made;
            plan.saved.extend((choice[i] == Fate::Saved).then_some(node.value));
        }
        let alike = |(call, array): &&(Inst, Value)| self.opts.has(AdOpt::Reload) && self.reads_alike(*call, *array);
        plan.unchanged = asked.arrays.iter().filter(alike).copied().collect();
        plan
    }

    /// What is asked for, and what that is made of, and so on: users before operands. Also by value its number among them.
    fn nodes(&self, asked: &[Value]) -> (Vec<Node>, Vec<Option<u32>>) {
        let (mut nodes, mut place) = (Vec::new(), vec![None; self.source.value_count()]);
        let mut open: Vec<Value> = asked.iter().rev().copied().collect();
        while let Some(v) = open.pop() {
            if place[v.index()].is_some() || self.is_there(v) {
                continue;
            }
            place[v.index()] = u32::try_from(nodes.len()).ok();
            let cost = self.cost(v);
            if let (Some(_), Some(inst)) = (cost, self.facts.definition(v)) {
                let is_array = |v: Value| self.source.ty(v).array().is_some();
                let mut see = |operand| open.extend((!is_array(operand)).then_some(operand));
                self.source.inst(inst).op.visit_operands(&mut see);
            }
            nodes.push(Node { value: v, cost });
        }
        (nodes, place)
    }

    /// Whether the reverse sweep has the value anyway.
    fn is_there(&self, v: Value) -> bool {
        let home = self.facts.home(v);
        self.is_visible(home) || self.literals.of(v).is_some() || self.facts.nest.index(self.source, home) == Some(v)
    }

    fn is_visible(&self, home: Region) -> bool {
        home == self.source.body || self.visible.contains(&home)
    }

    /// What making a value again costs, if that is possible.
    fn cost(&self, v: Value) -> Option<u64> {
        let inst = self.facts.definition(v)?;
        match &self.source.inst(inst).op {
            Op::Const(_) => Some(0),
            Op::Load { .. } if self.kept.contains(&v) => Some(LOAD),
            Op::Load { array, .. } => (self.opts.has(AdOpt::Reload) && self.reads_alike(inst, *array)).then_some(LOAD),
            Op::Prim { prim, args } => {
                let shared = self.has_partial[v.index()] && shares_partial(*prim, args.len());
                let cost = if shared { SHARED } else { u64::from(prim.row().cost).max(1) };
                self.opts.has(AdOpt::Recompute).then_some(cost)
            }
            Op::Cmp { .. } | Op::Select { .. } => self.opts.has(AdOpt::Recompute).then_some(1),
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } | Op::TapePop { .. } => None,
            Op::Alloc { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => None,
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::Assert { .. } | Op::Print { .. } => None,
        }
    }

    /// Whether what an instruction reads of an array is there in the reverse sweep.
    fn reads_alike(&self, read: Inst, array: Value) -> bool {
        !self.is_cut && self.is_visible(self.facts.home(array)) && !self.overwrites.hit(read, array)
    }

    /// By node: what becomes of it in the cheapest plan.
    fn cheapest(&self, nodes: &[Node], place: &[Option<u32>], asked: &[Value], save: u64) -> Option<Vec<Fate>> {
        let (source, sink) = (2 * nodes.len(), 2 * nodes.len() + 1);
        let mut network = Network::new(2 * nodes.len() + 2);
        for (i, node) in nodes.iter().enumerate() {
            let often = self.facts.nest.executions(self.facts.home(node.value));
            network.edge(source, 2 * i, node.cost.map_or(UNBOUNDED, |cost| cost.saturating_mul(often)));
            network.edge(2 * i, 2 * i + 1, save.saturating_mul(often));
            self.operands(node, place, &mut |operand| network.edge(2 * operand + 1, 2 * i, UNBOUNDED));
        }
        for v in asked {
            if let Some(i) = place[v.index()] {
                network.edge(2 * i as usize + 1, sink, UNBOUNDED);
            }
        }
        let near = network.source_side(source, sink)?;
        let fate = |i: usize| match (near[2 * i], near[2 * i + 1]) {
            (true, true) => Fate::Unneeded,
            (true, false) => Fate::Saved,
            (false, _) => Fate::Made,
        };
        Some((0..nodes.len()).map(fate).collect())
    }

    /// By node: what becomes of it, each decided alone, operands first.
    fn one_by_one(&self, nodes: &[Node], place: &[Option<u32>], asked: &[Value]) -> Vec<Fate> {
        let kept = |node: &Node| if node.cost.is_none() { Fate::Saved } else { Fate::Unneeded };
        let mut fates: Vec<Fate> = nodes.iter().map(kept).collect();
        for i in asked.iter().filter_map(|v| place[v.index()]) {
            fates[i as usize] = Fate::Saved;
        }
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        let position = |i: usize| self.facts.definition(nodes[i].value).map(|inst| self.facts.nest.position(inst));
        order.sort_by_key(|&i| position(i));
        for i in order {
            let mut there = true;
            self.operands(&nodes[i], place, &mut |operand| there &= fates[operand] != Fate::Unneeded);
            if there && nodes[i].cost.is_some_and(|cost| cost <= SAVE) {
                fates[i] = Fate::Made;
            }
        }
        fates
    }

    /// The numbers of what a node is made of.
    fn operands(&self, node: &Node, place: &[Option<u32>], see: &mut dyn FnMut(usize)) {
        if let (Some(_), Some(inst)) = (node.cost, self.facts.definition(node.value)) {
            self.source.inst(inst).op.visit_operands(&mut |operand| {
                if let Some(i) = place[operand.index()] {
                    see(i as usize);
                }
            });
        }
    }
}

/// Whether a function and one that its partial mentions, of the same operand, are each other's derivative.
fn shares_partial(prim: Prim, arity: usize) -> bool {
    let mut others = Vec::new();
    of_operand(prim, &mut |other| others.push(other));
    let back = |other: &Prim| {
        let mut found = false;
        of_operand(*other, &mut |p| found |= p == prim);
        found
    };
    arity == 1 && others.iter().any(back)
}

/// The functions of the operand alone that the partial of a function mentions.
fn of_operand(prim: Prim, see: &mut dyn FnMut(Prim)) {
    if let [Partial::Expr(partial)] = prim.row().partials {
        inner(partial, see);
    }
}

fn inner(expr: &Expr, see: &mut dyn FnMut(Prim)) {
    match expr {
        Expr::Apply(prim, [Expr::Arg(0)]) => see(*prim),
        Expr::Apply(_, args) => args.iter().for_each(|arg| inner(arg, see)),
        Expr::Select { a, b, then, otherwise, .. } => [a, b, then, otherwise].iter().for_each(|e| inner(e, see)),
        Expr::Arg(_) | Expr::Result | Expr::F64(_) | Expr::I64(_) => {}
    }
}
