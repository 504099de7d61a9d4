//! Clean-up passes over Adit's SSA: one file a pass, one row a pass.
//!
//! In: a module and one of its functions. Out: a function that means the same, bit for bit (but for the signs of zeros in `skip`, and for [`INEXACT`] ones), and runs no trap, print or write more or less. [`PASSES`] is the only
//! list: flags, help and the order of a pipeline come from it. No pass knows a primitive by name; what they need to know of one stands in its row of the table.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a pass names the operations that it changes; all others are copied, whatever the IR may come to say"
)]

mod consts;
pub mod counters;
pub mod cse;
pub mod dce;
pub mod early;
pub mod factor;
pub mod fission;
pub mod fold;
pub mod hoist;
pub mod identities;
pub mod inline;
mod mutant;
mod per_value;
pub mod promote;
mod signs;
pub mod skip;
pub mod speculate;
pub mod spread;
mod twice;
pub mod unroll;
pub mod views;
mod writes;

pub use fission::Fission;
pub use mutant::Mutant;

use adit_ir::{CallGraph, FuncId, Function, Module};
use std::borrow::Cow;

/// What the passes may be told.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options {
    /// Which loops are split into stages, if any.
    pub fission: Option<Fission>,
    /// Whether the compiler may round otherwise where it finishes: run [`INEXACT`] passes too.
    pub inexact: bool,
    /// A seeded bug: tests only.
    pub mutant: Option<Mutant>,
    /// Whether zeros keep their signs, too.
    pub strict: bool,
}

impl Options {
    fn has(self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// One pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// As users name it.
    pub name: &'static str,
    /// One line for the help.
    pub about: &'static str,
    /// What it makes of a function of a module; nothing if it leaves it as it is.
    pub run: fn(&Module, &Function, Options) -> Option<Function>,
}

/// Every pass.
pub const PASSES: &[Pass] = &[
    Pass { name: "inline", about: "put the bodies of called functions in place of calls", run: inline::run },
    Pass { name: "promote", about: "turn small arrays with literal subscripts into scalars", run: promote::run },
    Pass { name: "fold", about: "compute what is known when compiling", run: fold::run },
    Pass { name: "identities", about: "drop operations that give an operand back bit for bit", run: identities::run },
    Pass { name: "counters", about: "compute what a loop counts by hand from its index", run: counters::run },
    Pass { name: "views", about: "read parts of arrays where they are instead of copying them", run: views::run },
    Pass { name: "unroll", about: "write short loops of literal length out", run: unroll::run },
    Pass { name: "cse", about: "merge equal operations and repeated reads", run: cse::run },
    Pass { name: "hoist", about: "move what does not change out of loops", run: hoist::run },
    Pass { name: "dce", about: "drop what nobody needs", run: dce::run },
    Pass { name: "skip", about: "pass over loops that only add products with zero", run: skip::run },
    Pass { name: "early", about: "compute what becomes a call before loops rather than behind them", run: early::run },
    Pass { name: "factor", about: "take factors out of loops that add up", run: factor::run },
    Pass { name: "speculate", about: "try plain products first where sums would show a NaN", run: speculate::run },
    Pass { name: "fission", about: "take out of recurrences what iterations could do side by side", run: fission::run },
];

/// The pass of this name.
pub fn find(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|pass| pass.name == name)
}

/// The clean-up that the compiler runs before and after differentiation: names of [`PASSES`], in order.
pub const CLEAN_UP: &[&str] = &[
    "inline",
    "fold",
    "promote",
    "identities",
    "fold",
    "counters",
    "views",
    "unroll",
    "fold",
    "promote",
    "cse",
    "hoist",
    "dce",
];

/// What the compiler runs after all differentiation and all clean-up, on its way to machine code: names of [`PASSES`], in order.
pub const FINISH: &[&str] = &["skip", "early", "factor", "speculate", "fission"];

/// Of [`FINISH`], those after which results are rounded otherwise; where the order of operations is to be kept they do not run.
pub const INEXACT: &[&str] = &["factor"];

/// Runs [`CLEAN_UP`] on one function.
pub fn clean_up(module: &Module, f: &Function) -> Function {
    clean_up_with(module, f, Options::default())
}

/// [`clean_up`] with options.
pub fn clean_up_with(module: &Module, f: &Function, options: Options) -> Function {
    run(CLEAN_UP, module, f, options)
}

/// Runs [`CLEAN_UP`] on a function and on all that it still calls once calls are inlined; what was inlined everywhere is left as it is.
pub fn clean_up_all(module: &mut Module, root: FuncId) {
    for (f, inlined) in inline::all(module, root) {
        *module.function_mut(f) = inlined;
    }
    let others = CLEAN_UP.strip_prefix(&["inline"]).unwrap_or(CLEAN_UP);
    for f in CallGraph::new(module, &[root]).order {
        *module.function_mut(f) = run(others, module, module.function(f), Options::default());
    }
}

/// Runs [`FINISH`], without [`INEXACT`] passes unless the options allow them, on a function and on all that it calls; nothing if that changes nothing.
pub fn finish_all(module: &Module, root: FuncId, options: Options) -> Option<Module> {
    let finished = |f: FuncId| {
        let passes =
            FINISH.iter().filter(|name| options.inexact || !INEXACT.contains(name)).filter_map(|name| find(name));
        passes.fold(None, |now: Option<Function>, pass| {
            (pass.run)(module, now.as_ref().unwrap_or(module.function(f)), options).or(now)
        })
    };
    let changed: Vec<_> =
        CallGraph::new(module, &[root]).order.into_iter().filter_map(|f| Some((f, finished(f)?))).collect();
    (!changed.is_empty()).then(|| {
        let mut module = module.clone();
        changed.into_iter().for_each(|(f, finished)| *module.function_mut(f) = finished);
        module
    })
}

/// A function without a body, or a derivative that nobody has made yet, has nothing to clean.
fn run(passes: &[&str], module: &Module, f: &Function, options: Options) -> Function {
    if f.derived.is_some() || f.external.is_some() {
        return f.clone();
    }
    let mut now = Cow::Borrowed(f);
    for pass in passes.iter().filter_map(|name| find(name)) {
        if let Some(next) = (pass.run)(module, &now, options) {
            now = Cow::Owned(next);
        }
    }
    now.into_owned()
}
