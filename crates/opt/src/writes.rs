//! Which arrays each region writes.
//!
//! In: a function and its module. Out: [`Writes`]. Handles never alias and are never carried, so the answer is a list of names, exact but for subscripts.

use adit_ir::{Function, Module, Op, Passing, Region, Value};
use rustc_hash::FxHashSet;

/// The arrays written in each region, nested regions included.
pub struct Writes {
    by_region: Vec<Vec<Value>>,
}

impl Writes {
    /// Looks through a function.
    pub fn of(module: &Module, f: &Function) -> Self {
        let mut writes = Writes { by_region: vec![Vec::new(); f.region_count()] };
        writes.visit(module, f, f.body);
        writes
    }

    /// What a region writes, each array once, in order of first write.
    pub fn in_region(&self, region: Region) -> &[Value] {
        &self.by_region[region.index()]
    }

    fn visit(&mut self, module: &Module, f: &Function, region: Region) {
        let mut seen = FxHashSet::default();
        let mut list = Vec::new();
        let mut add = |v: Value| {
            if seen.insert(v) {
                list.push(v);
            }
        };
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            written(module, op, &mut add);
            for inner in op.regions() {
                self.visit(module, f, inner);
                self.in_region(inner).iter().copied().for_each(&mut add);
            }
        }
        self.by_region[region.index()] = list;
    }
}

/// Calls `add` with each array that an operation writes itself.
pub fn written(module: &Module, op: &Op, add: &mut dyn FnMut(Value)) {
    match op {
        Op::Store { array, .. } | Op::Acc { array, .. } | Op::Fill { array, .. } | Op::Copy { to: array, .. } => {
            add(*array)
        }
        Op::Call { callee, args } => {
            let params = &module.function(*callee).params;
            let lent = params.iter().zip(args).filter(|(p, _)| p.passing == Passing::Mut);
            lent.for_each(|(_, &arg)| add(arg));
        }
        Op::Const(_)
        | Op::Prim { .. }
        | Op::Cmp { .. }
        | Op::Select { .. }
        | Op::If { .. }
        | Op::For { .. }
        | Op::While { .. } => {}
        Op::Alloc { .. } | Op::Load { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => {}
        Op::Assert { .. } | Op::Print { .. } => {}
    }
}
