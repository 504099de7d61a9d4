//! Functions that print, without that: what iterations call that run again.
//!
//! In: a module and the function to be differentiated. Out: a module with silent copies of all that prints and that loops with a checkpoint call, itself or by what it calls; and which copy stands for which function.
//!
//! ```text
//! func @tell(v0: f64) -> f64 { print v0 ; … }       func @tell__silent(v0: f64) -> f64 { … }
//! ```

use crate::catalog::Names;
use adit_ir::{CallGraph, FuncId, Function, Inst, Module, Op, Region, Rules};
use rustc_hash::{FxHashMap, FxHashSet};

/// Silent copies.
#[derive(Clone, Default, Debug)]
pub struct Silent {
    /// In the order in which they join the module, before anything else.
    pub copies: Vec<(Function, Rules)>,
    /// What stands for what.
    pub by: FxHashMap<FuncId, FuncId>,
}

impl Silent {
    /// What does as a function does, in silence.
    pub fn of(&self, id: FuncId) -> FuncId {
        self.by.get(&id).copied().unwrap_or(id)
    }
}

/// Copies what loops with a checkpoint call and what prints; nothing if there is no such thing.
pub fn silenced(module: &Module, root: FuncId) -> Option<(Module, Silent)> {
    let order = CallGraph::with_rules(module, &[root]).order;
    let mut open: Vec<FuncId> = order.iter().flat_map(|&id| repeated(module.function(id))).collect();
    if open.is_empty() {
        return None;
    }
    let loud = loud(module, &order);
    let (mut silent, mut originals) = (Silent::default(), Vec::new());
    while let Some(id) = open.pop() {
        if loud.contains(&id) && !silent.by.contains_key(&id) {
            silent.by.insert(id, FuncId::new(module.len() + originals.len()));
            originals.push(id);
            let f = module.function(id);
            f.walk(&mut |inst| open.extend(callee(f, inst)));
        }
    }
    if originals.is_empty() {
        return None;
    }
    let (mut names, mut extended) = (Names::new(module), module.clone());
    for id in originals {
        let mut copy = module.function(id).clone();
        copy.name = names.fresh(&format!("{}__silent", copy.name));
        hush(&mut copy, &|callee| silent.of(callee));
        let (place, rules) = (extended.push(copy.clone()), module.rules(id));
        extended.set_rules(place, rules);
        silent.copies.push((copy, rules));
    }
    Some((extended, silent))
}

/// What loops with a checkpoint call.
fn repeated(f: &Function) -> Vec<FuncId> {
    let mut called = Vec::new();
    f.walk(&mut |inst| {
        let op = &f.inst(inst).op;
        if op.checkpoint().is_some() {
            for region in op.regions() {
                f.walk_region(region, &mut |inner| called.extend(callee(f, inner)));
            }
        }
    });
    called
}

fn callee(f: &Function, inst: Inst) -> Option<FuncId> {
    if let Op::Call { callee, .. } = f.inst(inst).op { Some(callee) } else { None }
}

/// Whether a function prints, itself or by what it calls.
pub fn prints(module: &Module, f: FuncId) -> bool {
    loud(module, &CallGraph::with_rules(module, &[f]).order).contains(&f)
}

/// Which functions print, themselves or by what they call.
fn loud(module: &Module, reached: &[FuncId]) -> FxHashSet<FuncId> {
    let mut callers: FxHashMap<FuncId, Vec<FuncId>> = FxHashMap::default();
    let mut open = Vec::new();
    for &id in reached {
        let f = module.function(id);
        f.walk(&mut |inst| {
            if let Op::Print { .. } = f.inst(inst).op {
                open.push(id);
            }
            if let Some(callee) = callee(f, inst) {
                callers.entry(callee).or_default().push(id);
            }
        });
    }
    let mut loud = FxHashSet::default();
    while let Some(id) = open.pop() {
        if loud.insert(id) {
            open.extend(callers.get(&id).into_iter().flatten());
        }
    }
    loud
}

/// Leaves out what prints, and calls what stands for callees.
pub fn hush(f: &mut Function, standin: &dyn Fn(FuncId) -> FuncId) {
    for region in (0..f.region_count()).map(Region::new) {
        let mut insts = std::mem::take(&mut f.region_mut(region).insts);
        insts.retain(|&inst| !matches!(f.inst(inst).op, Op::Print { .. }));
        f.region_mut(region).insts = insts;
    }
    f.redirect_calls(standin);
}
