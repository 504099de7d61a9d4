//! Derivative rules, from what the source says to what the IR wants.
//!
//! In: a lowered function and one of its rules, an ordinary function. Out: an adapter with the signature of [`adit_ir::rules`], which calls it. A rule of the source gives the value again, which the
//! derivative has already; what has no tangent but belongs to a struct that has one, integers and truth values, is 0 and false.
//!
//! ```text
//! fn f(x: f64, k: i64) -> f64 { … }                       func @f.jvp(v0: f64, v1: i64, v2: f64) -> f64 {
//! @jvp(f) fn g(x: f64, k: i64, dx: f64) -> (f64, f64)        v3, v4 = call @g(v0, v1, v2)
//!                                                           return v4
//!                                                         }
//! ```
//!
//! Partials that a host registered need no adapter: they have that signature.

use super::Unit;
use crate::layout::{Layout, Leaf, ResultLeaf};
use crate::typed::FnId;
use adit_diag::Span;
use adit_ir::{External, FuncId, Function, Mode, Module, RuleHead, RuleParam, RuleShape, Rules, ScalarType, Value};

/// Adds adapters for all rules of the lowered functions, and names them as rules.
pub(super) fn add(unit: &Unit<'_>, module: &mut Module) {
    for (index, def) in unit.program.functions.iter().enumerate() {
        let (Some(layout), Some(id)) = (&unit.layouts[index], unit.ids[index]) else { continue };
        let mut rules = Rules::default();
        for mode in Mode::ALL {
            let adapter = match (def.rules.of(mode), def.external.as_ref().and_then(|e| e.partials(mode))) {
                (Some(rule), _) => adapter(unit, module, mode, (id, layout), rule),
                (None, Some(partials)) => Some(bodiless(module.function(id), mode, partials)),
                (None, None) => None,
            };
            let adapter = adapter.map(|f| module.push(f));
            match mode {
                Mode::Jvp => rules.jvp = adapter,
                Mode::Vjp => rules.vjp = adapter,
            }
        }
        if !rules.is_empty() {
            module.set_rules(id, rules);
        }
    }
}

/// Partials of a host: a function without a body.
fn bodiless(f: &Function, mode: Mode, partials: &External) -> Function {
    let head = RuleHead::new(f, mode, f.span);
    let results = RuleShape::of(f, mode).results.len();
    let mut rule = head.b.finish(&[]);
    rule.results = vec![ScalarType::F64; results];
    rule.external = Some(partials.clone());
    rule
}

fn adapter(unit: &Unit<'_>, module: &Module, mode: Mode, f: (FuncId, &Layout), rule: FnId) -> Option<Function> {
    let (id, layout) = f;
    let (callee, theirs) = (unit.ids[rule.0 as usize]?, unit.layouts[rule.0 as usize].as_ref()?);
    let function = module.function(id);
    let def = &unit.program.functions[rule.0 as usize];
    let span = if def.is_library { Span::NONE } else { def.span };
    let mut head = RuleHead::new(function, mode, span);
    let mut args: Vec<Value> = Vec::new();
    for i in 0..layout.explicit + layout.params.len() {
        let ty = head.ty(i);
        args.push(head.get(RuleParam::Primal(i), &ty));
    }
    match mode {
        Mode::Jvp => jvp_args(&mut head, layout, &mut args),
        Mode::Vjp => vjp_args(&mut head, layout, &mut args),
    }
    let mut results: Vec<ScalarType> = theirs.results.iter().map(|leaf| leaf.element).collect();
    results.extend(theirs.finals.iter().map(|&i| theirs.params[i].element));
    let call = head.b.call(callee, &args, &results);
    let given = head.b.results(call);
    // The value's own scalars come first.
    let moved = given.iter().zip(&results).skip(layout.results.len());
    let returned: Vec<Value> = moved.filter(|(_, ty)| ty.is_float()).map(|(&v, _)| v).collect();
    Some(head.b.finish(&returned))
}

/// Tangents, then destinations: of the value, which nobody reads, and of its tangent.
fn jvp_args(head: &mut RuleHead<'_>, layout: &Layout, args: &mut Vec<Value>) {
    for (_, i) in moving(layout) {
        let ty = head.ty(i);
        args.push(head.get(RuleParam::Given(i), &ty));
    }
    for d in 0..layout.destinations.len() {
        args.push(head.scratch(layout.ir_destination(d)));
    }
    for d in 0..layout.destinations.len() {
        let i = layout.ir_destination(d);
        let ty = head.ty(i);
        args.push(head.get(RuleParam::Wanted(i), &ty));
    }
}

/// Cotangents, then destinations: of the value, which nobody reads, and of the parameters' cotangents.
fn vjp_args(head: &mut RuleHead<'_>, layout: &Layout, args: &mut Vec<Value>) {
    for leaf in &layout.result_leaves {
        args.push(match *leaf {
            ResultLeaf::Scalar(k) => head.get(RuleParam::Seed(k), &layout.results[k].element.into()),
            ResultLeaf::Array(d) => {
                let i = layout.ir_destination(d);
                let ty = head.ty(i);
                head.get(RuleParam::Given(i), &ty)
            }
        });
    }
    for d in 0..layout.destinations.len() {
        args.push(head.scratch(layout.ir_destination(d)));
    }
    for (_, i) in moving(layout).filter(|(leaf, _)| leaf.is_array()) {
        let ty = head.ty(i);
        args.push(head.get(RuleParam::Wanted(i), &ty));
    }
}

/// The leaves of the parameters that carry floats, with their positions among the IR parameters.
fn moving(layout: &Layout) -> impl Iterator<Item = (&Leaf, usize)> {
    let carries = |leaf: &Leaf| {
        let range = leaf.path.param.map(|p| layout.leaves_of_param(p)).unwrap_or_default();
        layout.params[range].iter().any(|leaf| leaf.element.is_float())
    };
    let all = layout.params.iter().enumerate();
    all.filter(move |(_, leaf)| carries(leaf)).map(|(i, leaf)| (leaf, layout.ir_param(i)))
}
