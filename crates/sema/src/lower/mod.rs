//! From the typed tree to structured SSA.
//!
//! In: a [`Program`] without errors. Out: an [`adit_ir::Module`] that verifies, or diagnostics for what only shows here (shapes not known in time, limits). Also the
//! readable text of the desugared program ([`lowered_text`]).
//!
//! ```text
//! fn f(x: [f64; n]) -> f64 {          func @f(v0: [f64; d0]) -> f64 {
//!     let mut s = 0.0;                  v1 = const 0.0
//!     for i in 0..n {                   v2 = for v3 in 0..d0 (v4: f64 = v1) {
//!         s += x[i];                      v5 = load v0[v3]
//!     }                                   v6 = add v4, v5
//!     s                                   yield v6
//! }                                     }
//!                                       return v2
//!                                     }
//! ```
//!
//! - **Scalars are SSA values**, fields of structs and tuples too: each leaf of a variable has a slot (`env.rs`), regions yield the slots that they change.
//! - **Arrays are storage.** A `let` gives an array a handle for life; assignment writes into it. Expressions over arrays are *lazy* (`elementwise.rs`) until
//!   somebody stores, reduces or lends them, which makes one fused loop. A lazy value never lives past a write: what could change under it is copied first.
//! - **Leaving early** sets flags; what follows runs under a guard (`exits.rs`).
//! - **Order** is the source's. `a op= e` evaluates the subscripts of `a`, then `e`, then reads the old value.
//! - **Spans.** Each instruction has the span of its expression. Instructions of library functions have none ([`Span::NONE`]): who inlines or reports gives them the
//!   span of the nearest call in the user's text.
//!
//! One file per construct; each adds methods to `env::Lowerer`. Nothing here optimises beyond not making copies and temporaries that the source does not need.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a function does not single out takes its common path; the one walk that must know every form matches without a wildcard"
)]

mod analysis;
mod arrays;
mod calls;
mod derivatives;
mod elementwise;
mod env;
mod exits;
mod exprs;
mod functions;
mod generators;
mod linalg;
mod loops;
mod mutant;
mod places;
mod reach;
mod reductions;
mod rules;
mod shapes;
mod slices;
mod special;
mod stmts;
mod text;
mod values;

use crate::layout::{Layout, Sizes};
use crate::typed::{FnDef, FnId, Program};
use adit_diag::{Code, Diagnostic, Span};
use adit_ir::{FuncId, Function, Mode, Module};
use analysis::Facts;
use derivatives::Declared;
use env::Lowerer;
use reach::Reach;
use special::{Special, Specials, Task};
use std::cell::RefCell;

pub use mutant::Mutant;
pub use text::lowered_text;

/// What the lowering may be told.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options {
    /// A seeded bug: tests only.
    pub mutant: Option<Mutant>,
}

/// What the lowering of one function knows of the others.
#[derive(Debug)]
struct Unit<'p> {
    program: &'p Program,
    sizes: Sizes,
    /// By [`FnId`]; for functions that are lowered.
    layouts: Vec<Option<Layout>>,
    /// By [`FnId`]; for functions that are lowered and take no functions.
    ids: Vec<Option<FuncId>>,
    /// Functions made for the functions that they are given.
    specials: RefCell<Specials>,
    /// Derivatives that functions call.
    declared: Declared,
    reach: Reach,
    /// Whether a function has derivative rules of one mode alone.
    one_sided: bool,
    options: Options,
}

/// Lowers the user's functions and what they call, in the order of the program.
///
/// # Errors
/// Diagnostics: `AD0306` for a shape that is not known before it is needed, `AD0701` for limits.
pub fn lower(program: &Program) -> Result<Module, Vec<Diagnostic>> {
    lower_with(program, Options::default())
}

/// [`lower()`] with options.
///
/// # Errors
/// As [`lower()`].
pub fn lower_with(program: &Program, options: Options) -> Result<Module, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let sizes = Sizes::of(program);
    let mut facts: Vec<Facts> = program.functions.iter().map(|def| analysis::facts(program, &sizes, def)).collect();
    let reachable = reachable(program, &facts);
    let declared = Declared::default();
    let specials = RefCell::default();
    let (layouts, ids, reach) = (Vec::new(), Vec::new(), Reach::of(program, &facts));
    let one_sided = program.functions.iter().any(is_one_sided);
    let mut unit = Unit { program, sizes, layouts, ids, specials, declared, reach, one_sided, options };
    let mut count = 0;
    for (i, def) in program.functions.iter().enumerate() {
        let layout = if reachable[i] { layout_of(program, i, def, &mut errors) } else { None };
        unit.ids.push((layout.is_some() && !def.takes_functions()).then(|| {
            count += 1;
            FuncId::new(count - 1)
        }));
        unit.layouts.push(layout);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    unit.specials = RefCell::new(Specials::new(count));
    let mut module = Module::new();
    for (i, def) in program.functions.iter().enumerate() {
        if let (Some(layout), Some(_)) = (&unit.layouts[i], unit.ids[i]) {
            let facts = std::mem::take(&mut facts[i]);
            let task = Task { id: FnId(i as u32), def, layout, special: None };
            module.push(lower_function(&unit, task, facts, &mut errors));
        }
    }
    lower_specials(&unit, &mut module, &mut errors);
    rules::add(&unit, &mut module);
    unit.declared.finish(&mut module);
    if errors.is_empty() { Ok(module) } else { Err(errors) }
}

/// Functions made for the functions that they are given; each may ask for more.
fn lower_specials(unit: &Unit<'_>, module: &mut Module, errors: &mut Vec<Diagnostic>) {
    let mut done = 0;
    while errors.is_empty() {
        let specials = unit.specials.borrow();
        let Some(key) = specials.asked.get(done).cloned() else { return };
        let name = specials.name(unit.program, &key);
        drop(specials);
        done += 1;
        let at = key.def.0 as usize;
        let def = &unit.program.functions[at];
        if let Some(layout) = &unit.layouts[at] {
            let facts = analysis::facts(unit.program, &unit.sizes, def);
            let task = Task { id: key.def, def, layout, special: Some(Special { name, key }) };
            module.push(lower_function(unit, task, facts, errors));
        }
    }
}

fn lower_function(unit: &Unit<'_>, task: Task<'_>, facts: Facts, errors: &mut Vec<Diagnostic>) -> Function {
    let mut lowerer = Lowerer::new(unit, task, facts);
    lowerer.body();
    let (function, found) = lowerer.finish();
    errors.extend(found);
    function
}

fn layout_of(program: &Program, id: usize, def: &FnDef, errors: &mut Vec<Diagnostic>) -> Option<Layout> {
    match Layout::of(program, FnId(id as u32)) {
        Ok(layout) => Some(layout),
        Err(_) => {
            let message = format!("the parameters and the result of `{}` have too many parts", def.name);
            errors.push(limit(def.span, message));
            None
        }
    }
}

fn limit(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code("AD0701"), span, message)
}

/// Whether a function has derivative rules of one mode alone.
fn is_one_sided(def: &FnDef) -> bool {
    let has = |mode| def.rules.of(mode).is_some() || def.external.as_ref().is_some_and(|e| e.partials(mode).is_some());
    has(Mode::Jvp) != has(Mode::Vjp)
}

/// Which functions the user's functions call, themselves and derivative rules included.
fn reachable(program: &Program, facts: &[Facts]) -> Vec<bool> {
    let is_root = |f: &FnDef| !f.is_library && f.instance_of.is_none() && !f.takes_functions();
    let mut seen: Vec<bool> = program.functions.iter().map(is_root).collect();
    let mut open: Vec<usize> = (0..seen.len()).filter(|&i| seen[i]).collect();
    while let Some(i) = open.pop() {
        let rules = program.functions[i].rules;
        for callee in facts[i].calls.iter().chain(&rules.jvp).chain(&rules.vjp) {
            let callee = callee.0 as usize;
            if !std::mem::replace(&mut seen[callee], true) {
                open.push(callee);
            }
        }
    }
    seen
}
