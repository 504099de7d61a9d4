//! The verifier, which is the specification of the IR.
//!
//! In: a module, or a function of one. Out: nothing, or every [`Violation`] found (the first hundred per function). A function that verifies has these properties;
//! each bullet has its [`Rule`] and a test with a program that breaks it:
//!
//! - [`Rule::Exists`]: every value, instruction, region and function that is mentioned exists.
//! - [`Rule::Names`]: function names are unique in the module.
//! - [`Rule::Once`]: each value is defined once: as a dimension, a parameter, a region's parameter or a result. Each instruction is listed once.
//! - [`Rule::Scope`]: each value is defined before its use, in the region of its use or in one around it.
//! - [`Rule::Regions`]: each region has one owner. Bodies of functions and arms of `if` have no parameters; a `for` body has its `i64` index and one parameter per
//!   carried value; both regions of a `while` have one per carried value.
//! - [`Rule::Nesting`]: regions nest at most [`MAX_NESTING`] deep, so that whoever recurses over them may.
//! - [`Rule::Operands`]: operands have the number and the types that the operation asks for; those of a primitive, what its signature says.
//! - [`Rule::Results`]: results have the number and the types that the operation gives.
//! - [`Rule::Yields`]: each region yields the number and the types that its owner expects: an `if` of its arms, a loop of what it carries, a `while` one
//!   `bool` of its condition, a function its results.
//! - [`Rule::Handles`]: arrays are parameters and results of `alloc`, tapes are results of `tape.new`, mixed ones parameters too. No region takes, carries or yields
//!   one, no `select` picks one.
//! - [`Rule::Signature`]: only arrays and tapes are passed as `mut`, tapes always. Dimensions are `i64`, and at least one parameter mentions each. Dimensions of
//!   parameters are literals or dimensions of the function.
//! - [`Rule::Arrays`]: arrays have 1 to [`MAX_RANK`] dimensions, each a literal or an `i64` in scope where the array is made.
//! - [`Rule::Subscripts`]: there is one subscript per dimension, each a literal or an `i64`.
//! - [`Rule::Writes`]: `store`, `acc`, `copy`, `fill` and `mut` arguments write only arrays made by `alloc` and `mut` parameters.
//! - [`Rule::Calls`]: calls have one argument per parameter: a scalar of its type, or an array of its element type and rank.
//! - [`Rule::Aliases`]: an array that is passed as `mut`, or written by a `copy`, is mentioned no second time by the same instruction.
//! - [`Rule::Tapes`]: records have at least one field; what is pushed on a tape that is not mixed has the types of its records.
//! - [`Rule::External`]: a function without a body has none, takes scalars and arrays of floats, gives floats, and its `mut` parameters are arrays of floats.
//! - [`Rule::Rules`]: a function's derivative rules exist and have the signatures of [`crate::rules`].
//! - [`Rule::Details`]: an `assert` has at most two details.
//! - [`Rule::Derived`]: a derivative without a body is of a function that exists, its active parameters are floats, it has 1 to [`MAX_LANES`] lanes (one in reverse), and its signature is the one that follows.
//!
//! It does **not** check what only a run can tell: that subscripts are in range, that extents agree across a call or a copy (both trap), that loops end, that a
//! tape has a record to pop (traps), that recursion has a bottom. It does not ask whether a trap's details are the right ones, whether spans are, or whether a result is used.

mod ops;
#[cfg(test)]
mod tests;

use crate::derived::{Derived, MAX_LANES, Mode};
use crate::entities::{FuncId, Inst, Region, Value};
use crate::func::{Function, Module, Param, Passing};
use crate::rules::RuleShape;
use crate::types::{ArrayType, Int, ScalarType, Type};
use adit_diag::Span;
use std::collections::HashSet;
use std::fmt;

/// How deep regions nest at most; a function's body is at depth 1.
pub const MAX_NESTING: usize = 512;

/// How many dimensions an array has at most.
pub const MAX_RANK: usize = 32;

/// After so many violations in one function, no more are looked for.
const ENOUGH: usize = 100;

/// What was broken; the head of [`mod@crate::verify`] says what each means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the head of the file documents each")]
pub enum Rule {
    Exists,
    Names,
    Once,
    Scope,
    Regions,
    Nesting,
    Operands,
    Results,
    Yields,
    Handles,
    Signature,
    Arrays,
    Subscripts,
    Writes,
    Calls,
    Aliases,
    Tapes,
    External,
    Rules,
    Details,
    Derived,
}

/// One thing that is wrong with a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which property it lacks.
    pub rule: Rule,
    /// The function's name.
    pub function: String,
    /// The instruction, if it is one's.
    pub inst: Option<Inst>,
    /// Where the instruction or the function comes from.
    pub span: Span,
    /// What is wrong, without a final stop.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = crate::print::function_name(&self.function);
        write!(f, "{name}: {} ({:?})", self.message, self.rule)
    }
}

impl std::error::Error for Violation {}

/// Checks every function of a module, and that their names differ.
pub fn verify(module: &Module) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    let mut names = HashSet::new();
    for (id, f) in module.iter() {
        if !names.insert(f.name.as_str()) {
            let message = "there is another function of this name".into();
            violations.push(Violation {
                rule: Rule::Names,
                function: f.name.clone(),
                inst: None,
                span: f.span,
                message,
            });
        }
        violations.extend(verify_function(module, f).err().into_iter().flatten());
        violations.extend(broken_rules(module, id));
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// What is wrong with the derivative rules of a function.
fn broken_rules(module: &Module, id: FuncId) -> Vec<Violation> {
    let f = module.function(id);
    let mut violations = Vec::new();
    for kind in Mode::ALL {
        let Some(rule) = module.rules(id).of(kind) else { continue };
        let exists = (rule.index() < module.len()).then(|| module.function(rule));
        let wrong = exists.map_or(Some("it does not exist".into()), |g| RuleShape::of(f, kind).mismatch(f, g));
        if let Some(wrong) = wrong {
            let message = format!("the {} rule does not fit: {wrong}", kind.name());
            violations.push(Violation {
                rule: Rule::Rules,
                function: f.name.clone(),
                inst: None,
                span: f.span,
                message,
            });
        }
    }
    violations
}

/// Checks one function; the module tells the signatures of those it calls.
pub fn verify_function(module: &Module, f: &Function) -> Result<(), Vec<Violation>> {
    let mut checker = Checker::new(module, f);
    checker.function();
    if checker.violations.is_empty() { Ok(()) } else { Err(checker.violations) }
}

/// Where the walk is with respect to a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Undefined,
    Visible,
    OutOfScope,
}

struct Checker<'a> {
    module: &'a Module,
    f: &'a Function,
    states: Vec<State>,
    /// The visible values, in order of definition.
    visible: Vec<Value>,
    /// Whether each value is an array or tape that may be written.
    writable: Vec<bool>,
    owned: Vec<bool>,
    listed: Vec<bool>,
    depth: usize,
    inst: Option<Inst>,
    violations: Vec<Violation>,
}

impl<'a> Checker<'a> {
    fn new(module: &'a Module, f: &'a Function) -> Self {
        Checker {
            module,
            f,
            states: vec![State::Undefined; f.value_count()],
            visible: Vec::new(),
            writable: vec![false; f.value_count()],
            owned: vec![false; f.region_count()],
            listed: vec![false; f.inst_count()],
            depth: 0,
            inst: None,
            violations: Vec::new(),
        }
    }

    fn function(&mut self) {
        let f = self.f;
        self.signature();
        if let Some(derived) = &f.derived {
            return self.derived(derived);
        }
        if f.external.is_some() {
            return self.external();
        }
        let expected: Vec<Type> = f.results.iter().map(|&s| s.into()).collect();
        self.region(f.body, &[], "a function's body");
        self.yields(f.body, &expected, "the function");
    }

    fn signature(&mut self) {
        let f = self.f;
        for &dim in &f.dims {
            self.define(dim);
            if self.ty(dim).is_some_and(|ty| *ty != Type::I64) {
                self.report(Rule::Signature, "a dimension is not an i64");
            }
        }
        let mut mentioned = vec![false; f.value_count()];
        for param in &f.params {
            self.parameter(param.value, param.passing, &mut mentioned);
        }
        let unbound = |dim: &&Value| mentioned.get(dim.index()) == Some(&false);
        if f.dims.iter().any(|dim| unbound(&dim)) {
            self.report(Rule::Signature, "no parameter mentions one of the dimensions");
        }
        // Dimensions are the first that became visible, so a parameter's array type sees exactly them.
        for param in &f.params {
            self.define(param.value);
        }
    }

    /// A derivative without a body has the signature that follows from what it is of.
    fn derived(&mut self, derived: &Derived) {
        let f = self.f;
        let Some(of) = self.callee(derived.of) else {
            return self.report(Rule::Exists, "the function that this is a derivative of does not exist");
        };
        let mut theirs = Checker::new(self.module, of);
        theirs.signature();
        if !theirs.violations.is_empty() {
            // It is reported where it is.
            return;
        }
        let float = |p: &Param| of.ty(p.value).is_float();
        let fits = derived.active.len() == of.params.len()
            && of.params.iter().zip(&derived.active).all(|(p, &active)| !active || float(p));
        if !fits {
            return self.report(Rule::Derived, "the active parameters are not floats of the function derived from");
        }
        let most = match derived.mode {
            Mode::Jvp => MAX_LANES,
            Mode::Vjp => 1,
        };
        if !(1..=most).contains(&derived.lanes) {
            return self.report(Rule::Derived, "so many lanes there are not");
        }
        let wanted = derived.clone().declare(self.module, f.name.clone());
        let body = f.body.index() < f.region_count() && f.region(f.body).insts.is_empty();
        if !body || !crate::same::same(&wanted, f) {
            self.report(Rule::Derived, "this is not the signature of that derivative");
        }
    }

    fn external(&mut self) {
        let f = self.f;
        let body = f.region(f.body);
        if !body.insts.is_empty() || !body.yields.is_empty() || !body.params.is_empty() {
            self.report(Rule::External, "a function of the host has a body");
        }
        if f.results.iter().any(|&r| r != ScalarType::F64) {
            self.report(Rule::External, "a function of the host gives `f64` alone");
        }
        let other = |p: &&Param| self.ty(p.value).and_then(Type::array).is_some_and(|a| a.element != ScalarType::F64);
        if f.params.iter().any(|p| other(&p)) {
            self.report(Rule::External, "arrays of a function of the host hold `f64`");
        }
    }

    fn parameter(&mut self, value: Value, passing: Passing, mentioned: &mut [bool]) {
        let Some(ty) = self.existing(value) else {
            return;
        };
        match ty {
            Type::Scalar(_) if passing == Passing::Mut => {
                self.report(Rule::Signature, "a scalar parameter is `mut`");
            }
            Type::Scalar(_) => {}
            Type::Tape(tape) => {
                if !tape.is_mixed() {
                    self.report(Rule::Handles, "a parameter is a tape that is not mixed");
                }
                if passing != Passing::Mut {
                    self.report(Rule::Signature, "a tape is not passed as `mut`");
                }
                self.writable[value.index()] = true;
            }
            Type::Array(array) => {
                self.writable[value.index()] = passing == Passing::Mut;
                self.rank(array);
                for dim in array.dims.iter().filter_map(|d| d.value()) {
                    match self.states.get(dim.index()) {
                        Some(State::Visible) => mentioned[dim.index()] = true,
                        Some(State::Undefined | State::OutOfScope) | None => {
                            let what = "a parameter's dimension is neither a literal nor a dimension of the function";
                            self.report(Rule::Signature, what);
                        }
                    }
                }
            }
        }
    }

    /// Checks a region, and leaves it: what it defined is visible no longer, its yields have been looked at for scope.
    fn region(&mut self, region: Region, params: &[Type], what: &str) {
        if region.index() >= self.f.region_count() {
            return self.report(Rule::Exists, format!("{what} does not exist"));
        }
        if std::mem::replace(&mut self.owned[region.index()], true) {
            return self.report(Rule::Regions, format!("{what} has two owners"));
        }
        if self.depth == MAX_NESTING {
            return self.report(Rule::Nesting, "regions nest too deeply");
        }
        self.depth += 1;
        let outer = self.visible.len();
        let data = self.f.region(region);
        self.region_params(&data.params, params, what);
        for &inst in &data.insts {
            if self.violations.len() >= ENOUGH {
                break;
            }
            self.listed(inst);
        }
        for &v in &data.yields {
            self.in_scope(v, "a yielded value");
        }
        for v in self.visible.split_off(outer) {
            self.states[v.index()] = State::OutOfScope;
        }
        self.depth -= 1;
    }

    fn region_params(&mut self, params: &[Value], expected: &[Type], what: &str) {
        for &v in params {
            self.define(v);
        }
        if params.len() != expected.len() {
            let (found, wanted) = (params.len(), expected.len());
            let message = format!("{what} has {found} parameters instead of {wanted}");
            self.report(Rule::Regions, message);
        }
        for (i, (&v, wanted)) in params.iter().zip(expected).enumerate() {
            if self.ty(v).is_some_and(|ty| ty != wanted) {
                self.report(Rule::Regions, format!("parameter {i} of {what} has the wrong type"));
            }
        }
    }

    fn listed(&mut self, inst: Inst) {
        if inst.index() >= self.f.inst_count() {
            return self.report(Rule::Exists, "a listed instruction does not exist");
        }
        let outer = self.inst.replace(inst);
        if std::mem::replace(&mut self.listed[inst.index()], true) {
            self.report(Rule::Once, "the instruction is listed twice");
        } else {
            self.instruction(inst);
            for &v in &self.f.inst(inst).results {
                self.define(v);
            }
        }
        self.inst = outer;
    }

    /// Checks what a region that exists yields, after [`Checker::region`].
    fn yields(&mut self, region: Region, expected: &[Type], owner: &str) {
        if region.index() >= self.f.region_count() {
            return;
        }
        let yields = &self.f.region(region).yields;
        if yields.len() != expected.len() {
            let (found, wanted) = (yields.len(), expected.len());
            let message = format!("{owner} gets {found} values instead of {wanted}");
            return self.report(Rule::Yields, message);
        }
        for (i, (&v, wanted)) in yields.iter().zip(expected).enumerate() {
            if self.ty(v).is_some_and(|ty| ty != wanted) {
                self.report(Rule::Yields, format!("yielded value {i} has not the type that {owner} expects"));
            }
        }
    }

    fn define(&mut self, v: Value) {
        match self.states.get(v.index()) {
            None => self.report(Rule::Exists, "a defined value does not exist"),
            Some(State::Undefined) => {
                self.states[v.index()] = State::Visible;
                self.visible.push(v);
            }
            Some(State::Visible | State::OutOfScope) => {
                self.report(Rule::Once, "a value is defined twice");
            }
        }
    }

    /// The type of a value that exists, defined or not.
    fn ty(&self, v: Value) -> Option<&'a Type> {
        (v.index() < self.f.value_count()).then(|| self.f.ty(v))
    }

    /// [`Checker::ty`], with a report if there is none.
    fn existing(&mut self, v: Value) -> Option<&'a Type> {
        if self.ty(v).is_none() {
            self.report(Rule::Exists, "a value does not exist");
        }
        self.ty(v)
    }

    fn is_visible(&self, v: Value) -> bool {
        self.states.get(v.index()) == Some(&State::Visible)
    }

    /// The type of a value that may be used here.
    fn in_scope(&mut self, v: Value, what: &str) -> Option<&'a Type> {
        match self.states.get(v.index()) {
            Some(State::Visible) => return self.ty(v),
            Some(State::Undefined) => self.report(Rule::Scope, format!("{what} is used before its definition")),
            Some(State::OutOfScope) => {
                self.report(Rule::Scope, format!("{what} is defined in a region that has ended"))
            }
            None => self.report(Rule::Exists, format!("{what} does not exist")),
        }
        None
    }

    fn rank(&mut self, array: &ArrayType) {
        if !(1..=MAX_RANK).contains(&array.dims.len()) {
            self.report(Rule::Arrays, format!("an array has not 1 to {MAX_RANK} dimensions"));
        }
    }

    /// Integer operands: literals, or `i64` values in scope.
    fn ints(&mut self, ints: &[Int], rule: Rule, what: &str) {
        for v in ints.iter().filter_map(|i| i.value()) {
            if self.in_scope(v, what).is_some_and(|ty| *ty != Type::I64) {
                self.report(rule, format!("{what} is not an i64"));
            }
        }
    }

    fn callee(&self, id: FuncId) -> Option<&'a Function> {
        (id.index() < self.module.len()).then(|| self.module.function(id))
    }

    fn report(&mut self, rule: Rule, message: impl Into<String>) {
        if self.violations.len() < ENOUGH {
            let span = self.inst.map_or(self.f.span, |inst| self.f.inst(inst).span);
            self.violations.push(Violation {
                rule,
                function: self.f.name.clone(),
                inst: self.inst,
                span,
                message: message.into(),
            });
        }
    }
}

/// How messages call a type.
fn called(ty: &Type) -> String {
    match ty {
        Type::Scalar(s) => s.name().into(),
        Type::Array(a) => format!("an array of {} with {} dimensions", a.element, a.dims.len()),
        Type::Tape(_) => "a tape".into(),
    }
}

/// The types of scalars.
fn types(scalars: &[ScalarType]) -> Vec<Type> {
    scalars.iter().map(|&s| s.into()).collect()
}
