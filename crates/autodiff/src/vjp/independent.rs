//! Which loops can be reversed iteration by iteration: what each iteration adds to adjoints depends on no other iteration's.
//!
//! In: a loop of the primal. Out: nothing, or the first [`Obstacle`]. The conditions:
//!
//! - **a.** Each active number that the loop carries is a *reduction*: the body adds to it, or subtracts from it, something that is free of it, on each way through the
//!   body, and does nothing else with it through which derivatives flow. The adjoint of a reduction is then the same in all iterations.
//! - **c.** Active arrays and tapes that the body writes are made in the body.
//! - **d, e.** Active arrays that the body reads are not written after the loop: until its place in the reverse sweep, nothing reads their shadows or zeroes them.
//!
//! That the adjoints of the reductions are known (b) is for those to say who ask: see [`super::local`].
//!
//! ```text
//! v3 = for v4 in 0..d0 (v5: f64 = v2) {        v5 carries itself
//!   v8 = if v7 {
//!     v10 = add v5, v9                         one operand of the sum carries v5, with the partial 1: so does the sum
//!     yield v10
//!   } else { yield v5 }                        both yields carry v5: so does v8
//!   yield v8                                   v5 is a reduction
//! }
//! ```
//!
//! Integers and numbers without derivatives may be carried as they like. Subscripts are not looked at.

use super::facts::{self, Facts};
use super::plan::Overwrites;
use crate::activity::Activity;
use adit_diag::Span;
use adit_ir::prim::{Expr, Partial};
use adit_ir::{Function, Inst, Module, Op, Prim, Region, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// A loop that is reversed, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reversed {
    /// The function that is differentiated.
    pub function: String,
    /// The loop in the source.
    pub span: Span,
    /// How.
    pub how: Reversal,
}

/// How a loop is reversed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reversal {
    /// Iteration by iteration, each right after it ran.
    AtOnce,
    /// Iteration by iteration, each of which runs again first.
    Again,
    /// All iterations after all have run, for this reason.
    Whole(Obstacle),
}

/// Why the iterations of a loop are not reversed one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// The reverse sweep is a function of its own.
    Apart,
    /// What is around it is reversed as a whole.
    Around,
    /// The adjoints of its sums depend on what comes after it.
    Unknown,
    /// A number that it carries is more than a reduction.
    Carried,
    /// It writes an array, or uses a tape, that is not made in the iteration.
    Writes,
    /// An array that it reads is written later.
    WrittenLater,
    /// It would have to run again, and an array that it reads is gone by then.
    Gone,
    /// It would have to run again, and tells something to the outside.
    Prints,
    /// Its iterations share elements of an array that it writes.
    Shares,
    /// It would have to run again, and nothing of it is saved as it is.
    Needless,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::Apart => "it is in a function that stays a call",
            Obstacle::Around => "what is around it is reversed as a whole",
            Obstacle::Unknown => "the adjoint of a sum is known only after the loop",
            Obstacle::Carried => "a number that it carries is more than a sum",
            Obstacle::Writes => "it writes an array that is not made in the iteration",
            Obstacle::WrittenLater => "an array that it reads is written later",
            Obstacle::Gone => "an array that it reads is made inside a loop or an `if` around it",
            Obstacle::Prints => "it calls what prints",
            Obstacle::Shares => "an iteration may touch an element that another writes",
            Obstacle::Needless => "nothing that it computes has to be saved",
        })
    }
}

/// A seeded bug leaves out one of the conditions.
#[derive(Clone, Copy, Default, Debug)]
pub struct Relaxed {
    /// Condition a.
    pub carried: bool,
    /// Condition c for arrays.
    pub writes: bool,
    /// Conditions d and e for what stores.
    pub stored_later: bool,
}

/// Answers for one function.
#[derive(Clone, Copy)]
pub struct Iterations<'a> {
    pub module: &'a Module,
    pub f: &'a Function,
    pub facts: &'a Facts,
    pub activity: &'a Activity,
    pub relaxed: Relaxed,
    /// Set if they would run again in the reverse sweep.
    pub again: Option<Again<'a>>,
}

/// What else matters to iterations that run again.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    /// Whether a read gives the same in the reverse sweep.
    pub overwrites: &'a Overwrites<'a>,
    /// Whether an array is there in the reverse sweep.
    pub visible: &'a dyn Fn(Value) -> bool,
    /// Whether an array is there as it was.
    pub restored: &'a dyn Fn(Value) -> bool,
}

impl Iterations<'_> {
    /// Whether the iterations of a loop can be reversed one by one. If they run again, also the arrays whose contents have to be kept for that.
    pub fn independent(self, inst: Inst) -> Result<Vec<Value>, Obstacle> {
        let body = self.f.inst(inst).op.regions().last().copied().unwrap_or(self.f.body);
        let (root, made, shared) = <(FxHashMap<_, _>, FxHashSet<_>, FxHashMap<_, _>)>::default();
        let (kept, written) = (Vec::new(), FxHashSet::default());
        let mut search = Search { at: self, inst, body, root, made, shared, kept, written };
        let (tested, params) = received(self.f, inst);
        search.root.extend(tested.iter().chain(params).copied().zip(params.iter().chain(params).copied()));
        match search.regions(inst)? && search.hands_on(inst) || self.relaxed.carried {
            true => search.disjoint(),
            false => Err(Obstacle::Carried),
        }
    }
}

/// What the condition region of a `while` receives and what the body of a loop does, the index of a `for` aside, which receives both at once.
fn received(f: &Function, inst: Inst) -> (&[Value], &[Value]) {
    match &f.inst(inst).op {
        Op::For { body, .. } => {
            let params = &f.region(*body).params[1..];
            (params, params)
        }
        Op::While { cond, body, .. } => (&f.region(*cond).params, &f.region(*body).params),
        Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } => (&[], &[]),
        Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } => (&[], &[]),
        Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } => (&[], &[]),
        Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => (&[], &[]),
    }
}

struct Search<'a> {
    at: Iterations<'a>,
    /// The loop.
    inst: Inst,
    body: Region,
    /// The reduction whose value so far a value is, but for what was added.
    root: FxHashMap<Value, Value>,
    /// Arrays and tapes made in the body.
    made: FxHashSet<Value>,
    /// Active arrays from outside that the body writes or reads, if iterations run again: what touches them.
    shared: FxHashMap<Value, Vec<Inst>>,
    /// Likewise, arrays from outside that hold something else by then.
    kept: Vec<Value>,
    /// Likewise, arrays from outside that the body writes.
    written: FxHashSet<Value>,
}

impl Search<'_> {
    fn root(&self, v: Value) -> Option<Value> {
        self.root.get(&v).copied().filter(|_| self.at.activity.of(v))
    }

    /// Whether a loop yields for what it carries what carries the same reduction, or neither does.
    fn hands_on(&self, inst: Inst) -> bool {
        let f = self.at.f;
        let (tested, params) = received(f, inst);
        let Some(&body) = f.inst(inst).op.regions().last() else { return true };
        let active = |v: Value| self.at.activity.of(v);
        let yields = &f.region(body).yields;
        params.iter().zip(tested).zip(yields).all(|((&param, &tested), &yielded)| {
            let root = self.root(yielded);
            (!active(param) || self.root(param) == root) && (!active(tested) || self.root(tested) == root)
        })
    }

    fn regions(&mut self, inst: Inst) -> Result<bool, Obstacle> {
        let mut reduced = true;
        for region in self.at.f.inst(inst).op.regions() {
            reduced &= self.region(region)?;
        }
        Ok(reduced)
    }

    /// Whether the reductions stay reductions; the search ends where not.
    fn region(&mut self, region: Region) -> Result<bool, Obstacle> {
        let f = self.at.f;
        for &inst in &f.region(region).insts {
            self.memory(inst)?;
            if !self.inst(inst)? && !self.at.relaxed.carried {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the reductions stay reductions.
    fn inst(&mut self, inst: Inst) -> Result<bool, Obstacle> {
        let f = self.at.f;
        let data = f.inst(inst);
        let results = &data.results;
        Ok(match &data.op {
            Op::Prim { prim, args } => self.prim(*prim, args, results[0]),
            Op::Select { then, otherwise, .. } => self.same(results[0], &[*then, *otherwise]),
            Op::If { then, otherwise, .. } => {
                let reduced = self.regions(inst)?;
                let sides = f.region(*then).yields.iter().zip(&f.region(*otherwise).yields);
                reduced && results.iter().zip(sides).all(|(&result, (&a, &b))| self.same(result, &[a, b]))
            }
            Op::For { inits, .. } | Op::While { inits, .. } => self.inner(inst, inits)?,
            Op::Store { array, value, .. } | Op::Acc { array, value, .. } | Op::Fill { array, value } => {
                !self.at.activity.of(*array) || self.root(*value).is_none()
            }
            Op::Call { args, .. } => !args.iter().any(|&v| self.root(v).is_some()),
            Op::TapePush { tape, values } => {
                !self.at.activity.of(*tape) || !values.iter().any(|&v| self.root(v).is_some())
            }
            Op::Const(_) | Op::Cmp { .. } | Op::Alloc { .. } | Op::Load { .. } | Op::Copy { .. } => true,
            Op::TapeNew { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => true,
        })
    }

    /// A sum carries what one of its terms carries.
    fn prim(&mut self, prim: Prim, args: &[Value], result: Value) -> bool {
        if !self.at.activity.of(result) {
            return true;
        }
        let mut carried = None;
        for (&arg, partial) in args.iter().zip(prim.row().partials) {
            let (Partial::Expr(partial), Some(root)) = (partial, self.root(arg)) else { continue };
            let is_one = matches!(partial, Expr::F64(c) if *c == 1.0);
            if carried.replace(root).is_some() || !is_one {
                return false;
            }
        }
        // A conversion rounds the adjoint.
        if carried.is_some_and(|root| self.at.f.ty(root) != self.at.f.ty(result)) {
            return false;
        }
        self.root.extend(carried.map(|root| (result, root)));
        true
    }

    /// A result that is one of these.
    fn same(&mut self, result: Value, sources: &[Value]) -> bool {
        if !self.at.activity.of(result) {
            return true;
        }
        let root = self.root(sources[0]);
        self.root.extend(root.map(|root| (result, root)));
        sources.iter().all(|&v| self.root(v) == root)
    }

    /// A loop inside the body hands on what it carries.
    fn inner(&mut self, inst: Inst, inits: &[Value]) -> Result<bool, Obstacle> {
        let (tested, params) = received(self.at.f, inst);
        for (&init, (&param, &tested)) in inits.iter().zip(params.iter().zip(tested)) {
            if let Some(root) = self.root(init) {
                self.root.extend([(param, root), (tested, root)]);
            }
        }
        let reduced = self.regions(inst)? && self.hands_on(inst);
        let results = self.at.f.inst(inst).results.iter().zip(tested);
        Ok(results.fold(reduced, |reduced, (&result, &tested)| self.same(result, &[tested]) && reduced))
    }

    /// Conditions c, d and e.
    fn memory(&mut self, inst: Inst) -> Result<(), Obstacle> {
        let at = self.at;
        let data = at.f.inst(inst);
        if let Op::Alloc { .. } | Op::TapeNew { .. } = data.op {
            self.made.extend(data.results.iter().copied());
        }
        if let Some(again) = at.again {
            return self.memory_again(inst, again);
        }
        let outside = |v: &Value| at.activity.of(*v) && !self.made.contains(v);
        let shared = |v: &Value| outside(v) && !(at.relaxed.writes && at.f.ty(*v).array().is_some());
        if facts::written(at.module, &data.op).iter().any(shared) {
            return Err(Obstacle::Writes);
        }
        let overwritten = |v: &Value| outside(v) && at.facts.written_after(*v, self.inst, self.body);
        if facts::read(&data.op).iter().any(overwritten) && !at.relaxed.stored_later {
            return Err(Obstacle::WrittenLater);
        }
        Ok(())
    }

    /// What runs again reads the same again, tells nothing, and writes only what it makes; the rest of what it writes is left out.
    fn memory_again(&mut self, inst: Inst, again: Again<'_>) -> Result<(), Obstacle> {
        let at = self.at;
        let op = &at.f.inst(inst).op;
        let outside = |v: &Value| !self.made.contains(v);
        match op {
            Op::Call { callee, args } => {
                if facts::lent(at.module, *callee, args).iter().any(outside) {
                    return Err(Obstacle::Writes);
                }
                if crate::silent::prints(at.module, *callee) {
                    return Err(Obstacle::Prints);
                }
            }
            Op::TapePush { tape, .. } | Op::TapePop { tape } if outside(tape) => return Err(Obstacle::Writes),
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::If { .. } => {}
            Op::For { .. } | Op::While { .. } | Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } => {}
            Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::TapeNew { .. } | Op::TapePush { .. } => {}
            Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {}
        }
        let is_array = |v: &&Value| at.f.ty(**v).array().is_some();
        let read = facts::read(op);
        for &array in read.iter().filter(is_array).filter(|v| outside(v)) {
            let changes = match () {
                () if (again.restored)(array) => None,
                () if !(again.visible)(array) => Some(Obstacle::Gone),
                () if again.overwrites.hit(inst, array) && !at.relaxed.stored_later => Some(Obstacle::WrittenLater),
                () => None,
            };
            if let Some(obstacle) = changes {
                let all = again.overwrites.reads_all(inst, array, self.body);
                if !all {
                    return Err(obstacle);
                }
                if !self.kept.contains(&array) {
                    self.kept.push(array);
                }
            }
        }
        let written = facts::written(at.module, op);
        self.written.extend(written.iter().copied().filter(|v| outside(v)));
        let touched: Vec<Value> = read.iter().chain(&written).copied().collect();
        for &array in touched.iter().filter(is_array).filter(|v| at.activity.of(**v) && outside(v)) {
            self.shared.entry(array).or_default().push(inst);
        }
        Ok(())
    }

    /// Whether what iterations write is added to only, or touched by one iteration only: at the index of the loop and a number. Also, whether what is kept stays the same in the loop.
    fn disjoint(self) -> Result<Vec<Value>, Obstacle> {
        if self.kept.iter().any(|array| self.written.contains(array)) {
            return Err(Obstacle::WrittenLater);
        }
        let again = self.at.again.filter(|_| !self.at.relaxed.writes);
        let Some(Again { overwrites, .. }) = again else { return Ok(self.kept) };
        let op = |inst: &Inst| &self.at.f.inst(*inst).op;
        let harmless = |(array, touching): (&Value, &Vec<Inst>)| {
            let all = |is: &dyn Fn(&Op) -> bool| touching.iter().all(|inst| is(op(inst)));
            all(&|op| matches!(op, Op::Acc { .. }))
                || all(&|op| !facts::written(self.at.module, op).contains(array))
                || overwrites.own_element(touching, self.body)
        };
        match self.shared.iter().all(harmless) {
            true => Ok(self.kept),
            false => Err(Obstacle::Shares),
        }
    }
}
