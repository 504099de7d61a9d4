//! Inlining: calls become the bodies they run.
//!
//! In: a module. Out: functions without calls of functions that are small or called once (`plan`: which ones those are).
//!
//! ```text
//! v1 = call @square(v0)      ⇒      v1 = mul v0, v0
//! ```
//!
//! Bodies go straight from where they are defined to where they are called, so each instruction is copied about as often as it is there in the end; only a long chain of
//! bodies in bodies is written down on its way, which keeps the native stack short. What a call checks about shapes becomes assertions. A body that comes
//! with the language (instructions without a span) takes the span of the user's call. Recursive functions keep their calls; nothing is specialised.

mod plan;

use crate::{Mutant, Options};
use adit_ir::shape::{Shapes, Wanted};
use adit_ir::{Builder, CmpOp, Copier, FuncId, Function, Inst, Int, Module, Op, Rewrite, Trap, Value};
use plan::{Fate, Plan, Which};
pub use plan::{GROWTH, LARGE, MEDIUM, SMALL};
use rustc_hash::FxHashMap;

/// No function grows by more than this many instructions.
const ROOM: usize = 100_000;

/// Inlines into one function of a module.
pub fn run(module: &Module, f: &Function, options: Options) -> Option<Function> {
    let which = if options.has(Mutant::RuleBypassed) { Which::EvenRuled } else { Which::All };
    Inliner::new(module, f, which).inline_into(f)
}

/// What becomes of a function, and of all that it still calls afterwards, by inlining: those that change.
pub fn all(module: &Module, root: FuncId) -> Vec<(FuncId, Function)> {
    changed(module, root, Which::All)
}

/// The same for calls of functions that come with the language alone: what goes wrong in them then has the place of the program's call.
pub fn library(module: &Module, root: FuncId) -> Vec<(FuncId, Function)> {
    changed(module, root, Which::Library)
}

fn changed(module: &Module, root: FuncId, which: Which) -> Vec<(FuncId, Function)> {
    let inliner = Inliner::new(module, module.function(root), which);
    let others = inliner.plan.with_fate(Fate::Called).filter(|&f| f != root);
    let called = std::iter::once(root).chain(others);
    called.filter_map(|f| inliner.inline_into(module.function(f)).map(|inlined| (f, inlined))).collect()
}

struct Inliner<'m> {
    module: &'m Module,
    plan: Plan,
    /// Callees that are written down with their own calls inlined.
    prepared: FxHashMap<FuncId, Function>,
}

impl<'m> Inliner<'m> {
    fn new(module: &'m Module, root: &Function, which: Which) -> Self {
        let plan = Plan::new(module, root, which);
        let mut inliner = Inliner { module, plan, prepared: FxHashMap::default() };
        let callees: Vec<FuncId> = inliner.plan.with_fate(Fate::Prepared).collect();
        for callee in callees {
            if let Some(body) = inliner.inline_into(module.function(callee)) {
                inliner.prepared.insert(callee, body);
            }
        }
        inliner
    }

    /// The function with calls inlined, if it has any that are.
    fn inline_into(&self, source: &Function) -> Option<Function> {
        let mut any = false;
        source.walk(&mut |inst| {
            any |= matches!(source.inst(inst).op, Op::Call { callee, .. } if self.plan.fate(callee) != Fate::Called);
        });
        if !any {
            return None;
        }
        let mut b = Builder::new(source.name.clone(), source.span);
        let mut copier = Copier::new(source);
        copier.copy_signature(&mut b);
        let mut rewrite = Inline { inliner: self, room: ROOM };
        let returned = copier.copy_insts(&mut rewrite, &mut b, source.body);
        Some(b.finish(&returned))
    }

    fn body(&self, f: FuncId) -> &Function {
        self.prepared.get(&f).unwrap_or_else(|| self.module.function(f))
    }
}

struct Inline<'p, 'm> {
    inliner: &'p Inliner<'m>,
    /// By how much the function may still grow.
    room: usize,
}

impl Inline<'_, '_> {
    /// Whether a call is to be replaced, and fits.
    fn takes(&mut self, callee: FuncId) -> bool {
        let room = match self.inliner.plan.fate(callee) {
            Fate::Called => None,
            Fate::Inlined | Fate::Prepared => self.room.checked_sub(self.inliner.body(callee).live_inst_count()),
        };
        self.room = room.unwrap_or(self.room);
        room.is_some()
    }
}

impl Rewrite for Inline<'_, '_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        match &data.op {
            Op::Call { callee, args } if self.takes(*callee) => {
                let args = copier.map.values(args);
                let callee = self.inliner.body(*callee);
                let results = expand(self, b, callee, &args, copier.span(inst));
                for (&from, to) in data.results.iter().zip(results) {
                    copier.map.set(from, to);
                }
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

/// Emits `callee`'s body for these arguments, its own calls inlined, and gives what it returns.
fn expand(
    rewrite: &mut Inline<'_, '_>,
    b: &mut Builder,
    callee: &Function,
    args: &[Value],
    call: adit_diag::Span,
) -> adit_ir::Values {
    let mut copier = Copier::new(callee);
    copier.fallback = call;
    bind(b, &mut copier, callee, args);
    copier.copy_insts(rewrite, b, callee.body)
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
