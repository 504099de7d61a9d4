//! From the syntax tree to the typed tree: names, types, dimensions, mutability.
//!
//! In: one [`ast::File`]. Out: [`Checked`]: the program, if there is one, and every mistake found. Functions of the language's own library that the program uses,
//! directly or not, are parsed, checked and added to it; the rest of the library costs nothing.
//!
//! ```text
//! fn f(x: [f64; n]) -> f64 { sum(2 * x) }
//! fn f [n] (x: [f64; n]) -> f64 { Builtin Reduce(Sum) (Binary (Const 2.0) mul (Local x : [f64; n]) : [f64; n]) : f64 }
//! ```
//!
//! One file per sort of thing: `items` definitions and signatures, `types` written types, `consts` constants, `body` statements, `expr` expressions,
//! `operators` operators and functions of the table, `calls` calls, `functions` functions as values, `lambdas` and `frames` what a lambda is where it is used,
//! `builtins` what the compiler knows by name, `fit` whether a value fits its place,
//! `dims` when dimensions agree, `rules` derivative rules, `hosts` what a host registered.
//!
//! **Mistakes don't cascade**: what was reported has the type `report::error`, which fits everywhere. It deliberately does not desugar, fold or
//! optimise; what types can't decide is left for run time.

mod adapt;
mod binding;
mod body;
mod builtins;
mod calls;
mod checkpoints;
mod consts;
mod derivatives;
mod dims;
mod expr;
mod fit;
mod foreign;
mod frames;
mod functions;
mod generators;
mod hosts;
mod indexing;
mod items;
mod lambdas;
mod library;
mod mapped;
mod operators;
mod report;
mod rules;
mod scope;
mod stops;
mod types;
mod values;

#[cfg(test)]
mod tests;

pub use hosts::HostFn;
pub use library::sources as library_sources;

use crate::typed::{ExternalDef, FnDef, FnId, FnRules, LocalDef, LocalId, Program, StructDef, StructId, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::Const;
use adit_syntax::ast;
use report::Reports;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use std::sync::Arc;

/// What checking gives.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The program; none if there are diagnostics, or the syntax tree has error nodes (for which the parser gave a diagnostic).
    pub program: Option<Program>,
    /// In order of discovery; at most 100.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks one file.
pub fn check(file: &ast::File) -> Checked {
    check_with(file, &[])
}

/// Checks one file that may use functions of the host.
pub fn check_with(file: &ast::File, hosts: &[HostFn]) -> Checked {
    let mut checker = Checker { hosts, ..Checker::default() };
    checker.collect(file);
    let program = checker.bodies();
    let (diagnostics, failed) = checker.reports.finish();
    Checked { program: (!failed).then_some(program), diagnostics }
}

/// What is known of the whole program.
#[derive(Default)]
struct Checker<'a> {
    reports: Reports,
    structs: Vec<StructDef>,
    struct_names: FxHashMap<Arc<str>, StructId>,
    /// For each struct, how large it is.
    weights: Vec<types::Weight>,
    /// `None` for a constant with a mistake.
    consts: FxHashMap<Arc<str>, Option<Const>>,
    /// By [`FnId`]; none where a lambda was made a function.
    functions: Vec<Option<Rc<Function<'a>>>>,
    /// Functions that were made of lambdas.
    made: FxHashMap<FnId, FnDef>,
    made_names: FxHashMap<String, u32>,
    /// Functions known by their names, as values.
    known_instances: FxHashMap<Arc<str>, Vec<lambdas::InstanceOf>>,
    /// How much text lambdas had, each as often as it was checked.
    lambda_text: usize,
    function_names: FxHashMap<Arc<str>, FnId>,
    library_ids: FxHashMap<&'a str, FnId>,
    hosts: &'a [HostFn],
    host_ids: FxHashMap<&'a str, FnId>,
    /// The functions that say what derivatives are.
    fn_rules: FxHashMap<FnId, FnRules>,
    /// Whether a library function is being checked: then names of the user's program are out of sight.
    in_library: bool,
    /// Whether names may come from a file that was not read; then unknown ones are no news.
    imports: bool,
    /// Names that are no variables, by the function that mentions them: told once each.
    missing: FxHashSet<(Arc<str>, Box<str>)>,
}

/// A function, before its body is checked.
struct Function<'a> {
    name: Arc<str>,
    docs: &'a str,
    is_library: bool,
    item: &'a ast::FnItem,
    /// What it is instead of its body.
    external: Option<ExternalDef>,
    signature: Signature,
}

/// What a call must know.
struct Signature {
    params: Vec<Parameter>,
    /// What the parameter list binds.
    dims: Vec<LocalId>,
    result: Ty,
    /// Parameters, then dimensions.
    locals: Vec<LocalDef>,
}

/// A parameter: its local is the one of its position.
struct Parameter {
    name: Arc<str>,
    lent: bool,
    ty: Ty,
    span: Span,
}
