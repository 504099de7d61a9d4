//! The iterations of a checkpointed loop as a function of their own.
//!
//! In: a module and the function to be differentiated. Out: for each loop with a `checkpoint` in what it reaches a function that runs some of its iterations, whose ordinary reverse derivative is
//! then the reverse of those iterations; and what of the loop's surroundings it takes.
//!
//! ```text
//! v3 = for v4 in 2..v0 step 3 checkpoint every 10 (v5: f64 = v1) {      func @f__steps(v0: f64, v1: f64, v2: i64, v3: i64) -> (f64, f64) {
//!   v6 = mul v5, v2                                                       v4 = for v5 in v2..v3 (v6: f64 = v1) {     (v5: how many iterations came before)
//!   yield v6                                                                v7 = (the index: 2 + 3 · v5) ; v8 = mul v6, v0
//! }                                                                         yield v8
//!                                                                         }
//!                                                                         return v4, v0
//!                                                                       }
//! ```
//!
//! Parameters: the scalars from outside that the body mentions, but for literals, which are made anew so that what is known of them is known inside; what is carried; from which iteration to which; the arrays from outside. Results: what is carried, and the floats from
//! outside, unchanged: seeds for these are what their adjoints start from, so that sums are made in the order in which a reverse without snapshots makes them.
//!
//! Iterations are run to be reversed, after all of them ran once: nothing is printed, by what they call neither ([`crate::silent`]), and what is asserted held. Where the iterations of a `while` are counted first, they are run for the first time, and assert. Loops that run
//! backwards, or whose condition writes, or that use a tape from outside, have no such function: their reverse keeps everything.

use crate::algebra;
use crate::catalog::Names;
use crate::silent::{Silent, hush};
use crate::vjp::{read, written};
use adit_ir::{
    Bounds, Builder, CallGraph, Checkpoint, CheckpointKind, Const, Copier, FuncId, Function, Inst, InstData, Int,
    Module, Op, OperandMap, Passing, Region, Rewrite, Type, Value, Values,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// Some iterations of one loop, and what its function takes.
#[derive(Debug)]
pub struct Steps {
    /// The function.
    pub id: FuncId,
    /// For a `while`: a function that tells how many iterations there will be. It takes what the first one takes, but for the two bounds.
    pub trips: Option<FuncId>,
    /// The scalars from outside that are its first parameters.
    pub scalars: Values,
    /// The arrays from outside that are its last parameters.
    pub arrays: Vec<Lent>,
}

/// An array from outside a loop.
#[derive(Clone, Copy, Debug)]
pub struct Lent {
    /// The array.
    pub array: Value,
    /// Whether the loop writes it.
    pub written: bool,
    /// Whether the loop reads it.
    pub read: bool,
}

impl Lent {
    /// Whether its contents are part of the loop's state.
    pub fn is_state(&self) -> bool {
        self.written && self.read
    }
}

/// The functions of all checkpointed loops that one derivative may meet.
#[derive(Debug, Default)]
pub struct Outlined {
    /// In the order in which they join the module.
    pub functions: Vec<Function>,
    by_loop: FxHashMap<(FuncId, Inst), Steps>,
    prevented: FxHashMap<(FuncId, Inst), Unkept>,
}

/// Why a loop with a checkpoint is reversed without snapshots: its iterations can't be run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unkept {
    /// It runs backwards: the reverse of a loop, in a derivative of a derivative.
    Backwards,
    /// Its condition writes.
    Condition,
    /// It uses a tape from outside, in a derivative of a derivative.
    Tape,
}

impl fmt::Display for Unkept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unkept::Backwards => "it runs backwards",
            Unkept::Condition => "its condition writes to an array",
            Unkept::Tape => "it uses a tape from outside",
        })
    }
}

impl Outlined {
    /// Outlines every checkpointed loop in what `root` reaches; functions get identities after that of the derivative of `root`, which joins the module first. Also gives the names still free.
    pub fn find(module: &Module, root: FuncId, silent: &Silent) -> (Names, Self) {
        let (mut names, first) = (Names::new(module), module.len() + 1);
        let mut outlined = Outlined::default();
        let mut entries = vec![root];
        entries.extend(silent.by.values());
        entries[1..].sort_unstable();
        let order = CallGraph::with_rules(module, &entries).order;
        if !order.iter().any(|&id| has_checkpoints(module.function(id))) {
            return (names, outlined);
        }
        for &id in &order {
            outlined.function(module, id, module.function(id), first, &mut names);
        }
        // What was outlined may contain checkpointed loops in turn.
        let mut next = 0;
        while next < outlined.functions.len() {
            let source = outlined.functions[next].clone();
            outlined.function(module, FuncId::new(first + next), &source, first, &mut names);
            next += 1;
        }
        outlined.functions.iter_mut().for_each(|f| hush(f, &|callee| silent.of(callee)));
        (names, outlined)
    }

    /// What was outlined of a loop.
    pub fn of(&self, f: FuncId, inst: Inst) -> Option<&Steps> {
        self.by_loop.get(&(f, inst))
    }

    /// Why nothing was outlined of a loop with a checkpoint.
    pub fn prevented(&self, f: FuncId, inst: Inst) -> Option<Unkept> {
        self.prevented.get(&(f, inst)).copied()
    }

    fn function(&mut self, module: &Module, id: FuncId, source: &Function, first: usize, names: &mut Names) {
        if !has_checkpoints(source) {
            return;
        }
        let mut open = vec![source.body];
        while let Some(region) = open.pop() {
            for &inst in &source.region(region).insts {
                let op = &source.inst(inst).op;
                let taken = op.checkpoint().map(|_| Surroundings::of(module, source, inst));
                match taken {
                    Some(Ok(taken)) => {
                        self.outline(source, (id, inst), taken, first, names);
                        continue;
                    }
                    Some(Err(unkept)) => {
                        self.prevented.insert((id, inst), unkept);
                    }
                    None => {}
                }
                open.extend(op.regions());
            }
        }
    }

    fn outline(&mut self, source: &Function, at: (FuncId, Inst), taken: Surroundings, first: usize, names: &mut Names) {
        let mut add = |functions: &mut Vec<Function>, what: &str, make: &dyn Fn(String) -> Function| {
            functions.push(make(names.fresh(&format!("{}__{what}", source.name))));
            FuncId::new(first + functions.len() - 1)
        };
        let id = add(&mut self.functions, "steps", &|name| iterations(source, at.1, &taken, name));
        let counts = matches!(source.inst(at.1).op, Op::While { .. });
        let trips = counts.then(|| add(&mut self.functions, "trips", &|name| counted(source, at.1, &taken, name)));
        let Surroundings { scalars, arrays, .. } = taken;
        self.by_loop.insert(at, Steps { id, trips, scalars, arrays });
    }
}

fn has_checkpoints(f: &Function) -> bool {
    f.insts().any(|inst| inst.op.checkpoint().is_some())
}

/// The module with a budget for each outermost loop in some instructions of bodies, unless it has a checkpoint of its own.
///
/// All keep their snapshots at one time, each half of its budget, and one of them a block: n loops within a limit L have 2 L / (n + 1) each.
pub fn bounded(module: &Module, taped: &[(FuncId, Inst)], bytes: u64) -> Module {
    let mut bounded = module.clone();
    let mut loops: Vec<(FuncId, Inst)> = Vec::new();
    for &(id, inst) in taped.iter().filter(|(id, _)| id.index() < module.len()) {
        let f = module.function(id);
        let mut open = vec![inst];
        while let Some(inst) = open.pop() {
            let op = &f.inst(inst).op;
            if let Op::If { .. } = op {
                open.extend(op.regions().into_iter().flat_map(|region| f.region(region).insts.clone()));
            } else if let (Op::For { .. } | Op::While { .. }, None) = (op, op.checkpoint()) {
                loops.push((id, inst));
            }
        }
    }
    loops.sort_unstable();
    loops.dedup();
    let share = u128::from(bytes) * 2 / (loops.len() as u128 + 1);
    let budget =
        Checkpoint { kind: CheckpointKind::Budget, size: Int::Const(i64::try_from(share).unwrap_or(i64::MAX)) };
    for (id, inst) in loops {
        bounded.function_mut(id).inst_mut(inst).op.set_checkpoint(Some(budget));
    }
    bounded
}

/// What a loop mentions of what lies outside.
struct Surroundings {
    literals: Vec<(Value, Const)>,
    scalars: Values,
    arrays: Vec<Lent>,
}

impl Surroundings {
    /// Why the loop's iterations can't be run again, otherwise.
    fn of(module: &Module, source: &Function, inst: Inst) -> Result<Self, Unkept> {
        let op = &source.inst(inst).op;
        let mut search = Search::default();
        if let Op::For { lo, step, reversed, .. } = op {
            if *reversed {
                return Err(Unkept::Backwards);
            }
            [*lo, *step].into_iter().filter_map(Int::value).for_each(|v| search.see(v));
        }
        if let Op::While { cond, .. } = op {
            search.region(module, source, *cond);
            if !search.written.is_empty() {
                return Err(Unkept::Condition);
            }
        }
        if let Some(&body) = op.regions().last() {
            search.region(module, source, body);
        }
        search.surroundings(source)
    }
}

/// The values that regions mention and those that they define.
#[derive(Default)]
struct Search {
    mentioned: Vec<Value>,
    seen: FxHashSet<Value>,
    inner: FxHashSet<Value>,
    written: FxHashSet<Value>,
    read: FxHashSet<Value>,
}

impl Search {
    fn see(&mut self, v: Value) {
        if self.seen.insert(v) {
            self.mentioned.push(v);
        }
    }

    fn region(&mut self, module: &Module, source: &Function, region: Region) {
        let mut insts = Vec::new();
        self.inner.extend(&source.region(region).params);
        source.walk_region(region, &mut |inst| insts.push(inst));
        for inst in insts {
            let data = source.inst(inst);
            if matches!(data.op, Op::Print { .. }) {
                continue;
            }
            data.op.visit_operands(&mut |v| self.see(v));
            self.inner.extend(&data.results);
            self.written.extend(written(module, &data.op));
            self.read.extend(read(&data.op));
            for inner in data.op.regions() {
                self.inner.extend(&source.region(inner).params);
                source.region(inner).yields.iter().for_each(|&v| self.see(v));
            }
        }
        source.region(region).yields.iter().for_each(|&v| self.see(v));
    }

    fn surroundings(self, source: &Function) -> Result<Surroundings, Unkept> {
        let mut taken = Surroundings { literals: Vec::new(), scalars: Values::new(), arrays: Vec::new() };
        let outside: Vec<Value> = self.mentioned.iter().copied().filter(|v| !self.inner.contains(v)).collect();
        let mut dims = FxHashSet::default();
        for &v in &outside {
            match source.ty(v) {
                Type::Scalar(_) => {}
                Type::Tape(_) => return Err(Unkept::Tape),
                Type::Array(ty) => {
                    dims.extend(ty.dims.iter().filter_map(|dim| dim.value()));
                    let [written, read] = [&self.written, &self.read].map(|set| set.contains(&v));
                    taken.arrays.push(Lent { array: v, written, read });
                }
            }
        }
        let bare = |v: &Value| source.ty(*v).scalar().is_some() && !dims.contains(v);
        let literals = literals(source);
        for v in outside.into_iter().filter(bare) {
            match literals.get(&v) {
                Some(&literal) => taken.literals.push((v, literal)),
                None => taken.scalars.push(v),
            }
        }
        Ok(taken)
    }
}

/// The values that the text gives.
fn literals(source: &Function) -> FxHashMap<Value, Const> {
    let literal = |inst: &InstData| match (&inst.op, &inst.results[..]) {
        (Op::Const(c), &[v]) => Some((v, *c)),
        (_, _) => None,
    };
    source.insts().filter_map(literal).collect()
}

/// The copy of a body: nothing is printed, and nothing asserted unless it runs for the first time.
struct Silently {
    first: bool,
}

impl Rewrite for Silently {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let op = &copier.source.inst(inst).op;
        if !matches!(op, Op::Print { .. }) && (self.first || !matches!(op, Op::Assert { .. })) {
            copier.copy(self, b, inst);
        }
    }
}

/// Declares what both functions take first, and makes the literals; gives the parameters of what is carried, and the bounds if there are any.
fn signature(
    b: &mut Builder,
    copier: &mut Copier<'_>,
    inst: Inst,
    taken: &Surroundings,
    bounded: bool,
) -> (Values, Option<[Value; 2]>) {
    let source = copier.source;
    for lent in &taken.arrays {
        let dims = source.ty(lent.array).array().map(|ty| ty.dims.clone()).unwrap_or_default();
        for dim in dims.into_iter().filter_map(Int::value) {
            if copier.map.get(dim).is_none() {
                copier.map.set(dim, b.dim());
            }
        }
    }
    for &v in &taken.scalars {
        copier.map.set(v, b.param(source.ty(v).clone(), Passing::ByValue));
    }
    let carried = source.inst(inst).results.iter().map(|&r| b.param(source.ty(r).clone(), Passing::ByValue)).collect();
    let bounds = bounded.then(|| [b.param(Type::I64, Passing::ByValue), b.param(Type::I64, Passing::ByValue)]);
    for lent in &taken.arrays {
        let passing = if lent.written { Passing::Mut } else { Passing::ByValue };
        let ty = copier.map.ty(source.ty(lent.array));
        copier.map.set(lent.array, b.param(ty, passing));
    }
    for &(v, literal) in &taken.literals {
        copier.map.set(v, b.constant(literal));
    }
    (carried, bounds)
}

fn types_of(b: &Builder, first: Option<Type>, values: &[Value]) -> Vec<Type> {
    first.into_iter().chain(values.iter().map(|&v| b.ty(v).clone())).collect()
}

/// `f__steps`.
fn iterations(source: &Function, inst: Inst, taken: &Surroundings, name: String) -> Function {
    let data = source.inst(inst);
    let (mut b, mut copier) = (Builder::new(name, data.span), Copier::new(source));
    let (carried, bounds) = signature(&mut b, &mut copier, inst, taken, true);
    b.set_span(data.span);
    let types = types_of(&b, Some(Type::I64), &carried);
    let region = b.open(&types);
    let params = b.func().region(region).params.clone();
    let body = data.op.regions().last().copied().unwrap_or(source.body);
    let mut receives = &source.region(body).params[..];
    if let (Op::For { lo, step, .. }, Some((&index, rest))) = (&data.op, receives.split_first()) {
        let [lo, step] = [*lo, *step].map(|bound| copier.map.int(bound));
        copier.map.set(index, algebra::nth(&mut b, lo, step, params[0]));
        receives = rest;
    }
    for (&from, &to) in receives.iter().zip(&params[1..]) {
        copier.map.set(from, to);
    }
    let yields = copier.copy_insts(&mut Silently { first: false }, &mut b, body);
    b.set_span(data.span);
    let region = b.close(&yields);
    let [lo, hi] = bounds.map_or([Int::Const(0); 2], |bounds| bounds.map(Int::Value));
    let inst = b.for_(Bounds { lo, hi, step: Int::Const(1), reversed: false }, &carried, region);
    let mut results = b.results(inst);
    results.extend(floats(source, &taken.scalars).map(|v| copier.map.value(v)));
    b.finish(&results)
}

/// The floats among the scalars from outside.
pub fn floats<'a>(source: &'a Function, scalars: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
    scalars.iter().copied().filter(|&v| source.ty(v).is_float())
}

/// `f__trips`: runs a `while` to its end, and counts.
fn counted(source: &Function, inst: Inst, taken: &Surroundings, name: String) -> Function {
    let data = source.inst(inst);
    let (mut b, mut copier) = (Builder::new(name, data.span), Copier::new(source));
    let (mut carried, _) = signature(&mut b, &mut copier, inst, taken, false);
    b.set_span(data.span);
    carried.push(b.i64(0));
    let types = types_of(&b, None, &carried);
    let mut copy = |region: Region, counts: bool| {
        let into = b.open(&types);
        let params = b.func().region(into).params.clone();
        for (&from, &to) in source.region(region).params.iter().zip(&params) {
            copier.map.set(from, to);
        }
        let mut yields = copier.copy_insts(&mut Silently { first: true }, &mut b, region);
        b.set_span(data.span);
        if let (true, Some(&count)) = (counts, params.last()) {
            yields.push(algebra::successor(&mut b, count));
        }
        b.close(&yields)
    };
    let regions = data.op.regions();
    let [cond, body] = [copy(regions[0], false), copy(regions[1], true)];
    let inst = b.while_(&carried, cond, body);
    let count = b.results(inst)[carried.len() - 1];
    b.finish(&[count])
}
