//! Inlining: calls become the bodies they run.
//!
//! In: a module. Out: a function without calls of functions that are neither recursive nor too large.
//!
//! ```text
//! v1 = call @square(v0)      ⇒      v1 = mul v0, v0
//! ```
//!
//! Callees are inlined into callers bottom up, so each body is copied at most once per call that remains, and the native stack never grows with the length of a chain
//! of calls. What a call checks about shapes becomes assertions. A body that comes with the language (instructions without a span) takes the span of the
//! user's call. Recursive functions keep their calls; nothing is specialised.

use adit_ir::shape::{Shapes, Wanted};
use adit_ir::{Builder, CmpOp, Copier, FuncId, Function, Inst, Int, Module, Op, Rewrite, Trap, Value};
use std::collections::HashMap;

/// A function never grows beyond this many instructions by inlining.
pub const LARGEST: usize = 200_000;

/// Inlines into one function.
pub fn run(module: &Module, f: &Function) -> Option<Function> {
    let mut plan = Plan { module, bodies: HashMap::new(), recursive: recursive(module) };
    plan.prepare_callees(f);
    plan.inline_into(f)
}

struct Plan<'m> {
    module: &'m Module,
    /// Callees with their own calls inlined.
    bodies: HashMap<FuncId, Body>,
    recursive: Vec<bool>,
}

struct Body {
    function: Function,
    size: usize,
}

impl Plan<'_> {
    /// Fills `bodies` for all that `f` reaches, callees first.
    fn prepare_callees(&mut self, f: &Function) {
        for id in callees_first(self.module, f) {
            if !self.recursive[id.index()] {
                let whole = self.module.function(id);
                let function = self.inline_into(whole).unwrap_or_else(|| whole.clone());
                let size = function.live_inst_count();
                self.bodies.insert(id, Body { function, size });
            }
        }
    }

    fn inline_into(&self, f: &Function) -> Option<Function> {
        if !calls(f).any(|callee| self.bodies.contains_key(&callee)) {
            return None;
        }
        let mut b = Builder::new(f.name.clone(), f.span);
        let mut copier = Copier::new(f);
        copier.copy_signature(&mut b);
        let mut rewrite = Inline { plan: self, room: LARGEST.saturating_sub(f.live_inst_count()) };
        let returned = copier.copy_insts(&mut rewrite, &mut b, f.body);
        Some(b.finish(&returned))
    }
}

struct Inline<'p> {
    plan: &'p Plan<'p>,
    room: usize,
}

impl Inline<'_> {
    /// The body to put in place of a call, if it fits.
    fn take(&mut self, op: &Op) -> Option<(FuncId, &Function)> {
        let Op::Call { callee, .. } = op else {
            return None;
        };
        let body = self.plan.bodies.get(callee)?;
        self.room = self.room.checked_sub(body.size)?;
        Some((*callee, &body.function))
    }
}

impl Rewrite for Inline<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        let plan = self.plan;
        match (self.take(&data.op).map(|(id, _)| id), &data.op) {
            (Some(callee), Op::Call { args, .. }) => {
                let args = copier.map.values(args);
                let results = expand(b, &plan.bodies[&callee].function, &args, copier.span(inst));
                for (&from, to) in data.results.iter().zip(results) {
                    copier.map.set(from, to);
                }
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

/// Emits `callee`'s body for these arguments and gives what it returns.
fn expand(b: &mut Builder, callee: &Function, args: &[Value], call: adit_diag::Span) -> adit_ir::Values {
    let mut copier = Copier::new(callee);
    copier.fallback = call;
    bind(b, &mut copier, callee, args);
    copier.copy_insts(&mut adit_ir::Plain, b, callee.body)
}

/// Binds parameters and dimensions to arguments, and asserts what the call would have checked.
fn bind(b: &mut Builder, copier: &mut Copier<'_>, callee: &Function, args: &[Value]) {
    let shapes = Shapes::of(callee);
    let extent = |b: &Builder, e: adit_ir::shape::Extent| {
        b.ty(args[e.param]).array().map_or(Int::Const(0), |ty| ty.dims[e.axis])
    };
    for (&dim, bound) in callee.dims.iter().zip(&shapes.binds) {
        let from = bound.expect("a verified function binds its dimensions");
        match extent(b, from) {
            Int::Const(literal) => {
                let value = b.i64(literal);
                copier.map.set_literal(dim, literal, value);
            }
            extent @ Int::Value(_) => copier.map.set(dim, extent),
        }
    }
    for (param, &arg) in callee.params.iter().zip(args) {
        copier.map.set(param.value, arg);
    }
    for check in &shapes.checks {
        let found = extent(b, check.found);
        let wanted = match check.wanted {
            Wanted::Literal(c) => Int::Const(c),
            Wanted::Same(other) => extent(b, other),
        };
        assert_equal(b, wanted, found, || check.what(callee));
    }
}

fn assert_equal(b: &mut Builder, wanted: Int, found: Int, what: impl Fn() -> String) {
    if wanted == found {
        return;
    }
    let (x, y) = (b.int_value(wanted), b.int_value(found));
    let equal = b.cmp(CmpOp::Eq, x, y);
    b.assert(equal, Trap::ShapeMismatch(what()), &[wanted, found]);
}

fn calls(f: &Function) -> impl Iterator<Item = FuncId> {
    let mut out = Vec::new();
    f.walk(&mut |inst| {
        if let Op::Call { callee, .. } = f.inst(inst).op {
            out.push(callee);
        }
    });
    out.into_iter()
}

/// Every function that `f` reaches, each after those it calls itself (cycles aside).
fn callees_first(module: &Module, f: &Function) -> Vec<FuncId> {
    let mut order = Vec::new();
    let mut seen = vec![false; module.len()];
    let mut stack: Vec<(Option<FuncId>, Vec<FuncId>)> = vec![(None, calls(f).collect())];
    while let Some((id, pending)) = stack.last_mut() {
        match pending.pop() {
            Some(next) if !seen[next.index()] => {
                seen[next.index()] = true;
                stack.push((Some(next), calls(module.function(next)).collect()));
            }
            Some(_) => {}
            None => {
                order.extend(*id);
                stack.pop();
            }
        }
    }
    order
}

/// Which functions can reach themselves.
pub fn recursive(module: &Module) -> Vec<bool> {
    module.ids().map(|id| callees_first(module, module.function(id)).contains(&id)).collect()
}
