//! Loops that only add products with what is zero are passed over.
//!
//! In: a function. Out: the same, with a question in front of counted loops that would do nothing if certain numbers, their *weights*, were zero:
//!
//! ```text
//! v1 = if v0 { yield v2 } else { yield v3 }      v3 is 0.0
//!                                                v4 = cmp ne v1, 0.0
//! for v5 in 0..d0 {                        ⇒     if v4 {
//!   v6 = load v7[v5]                               for v5 in 0..d0 {
//!   v8 = smul v1, v6                                 …
//!   acc v9[v5], v8                                 }
//! }                                              }
//! ```
//!
//! Such are the reverses of what a minimum, a branch or a clipped value was made of: the adjoint of all but one of ten distances is zero. A weight comes from outside of the loop, and is asked only if an arm of an
//! `if` or a `select` makes it zero; no time is lost on others.
//!
//! **Zero** is, if the weights are: a strong product whose first factor is; a function of zeros and literals whose value is, for zeros of either sign. A loop is passed over if all that it adds to arrays is zero, if what it carries
//! ends as it began or with zeros added, and if it does nothing else: no store, no call, nothing that can stop the run; subscripts are proved to be in range. A NaN is no zero.
//!
//! Adding zero turns −0 into 0, and not adding it does not, so results are those of the function but for the sign of zeros; in strict mode loops stay as they are. That a weight is zero does not mean that its derivative is, so this belongs behind all
//! differentiation. What this does not do: loops whose number of iterations is not known on entry; functions of more than [`MOST`] instructions.

use crate::consts::scalar;
use crate::speculate::MOST;
use crate::{Mutant, Options};
use adit_ir::bounds::Facts;
use adit_ir::{
    Builder, CmpOp, Const, Copier, Effect, Function, Inst, Int, Module, Op, Plain, Prim, Region, Rewrite, Scalar, Value,
};

/// Instructions of a loop that is looked at.
const LARGEST: usize = 300;

/// Weights of a loop.
const MOST_WEIGHTS: usize = 4;

/// How far back the reason for a zero may lie.
const DEPTH: u32 = 6;

/// Rewrites one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    if options.strict || f.inst_count() > MOST || !f.insts().any(|i| is_strong(&i.op)) {
        return None;
    }
    let mut skip = Skip { zeros: Zeros::new(f, options), found: false };
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut skip, &mut b, f.body);
    skip.found.then(|| b.finish(&returned))
}

/// Whether a zero in front wins over whatever it is multiplied with.
fn is_strong(op: &Op) -> bool {
    matches!(op, Op::Prim { prim, .. } if prim.row().algebra.left_not_zero.is_some())
}

struct Skip<'f> {
    zeros: Zeros<'f>,
    found: bool,
}

impl Rewrite for Skip<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        match self.zeros.weights(inst) {
            Some(weights) => {
                self.found = true;
                guarded(copier, b, inst, &weights);
            }
            None => copier.copy(self, b, inst),
        }
    }
}

/// A loop that runs unless all weights are zero; else it gives what it begins with.
fn guarded(copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, weights: &[Value]) {
    let data = copier.source.inst(inst);
    let Op::For { inits, .. } = &data.op else { return };
    let mut runs = None;
    for weight in copier.map.values(weights) {
        let zero = b.zero(b.ty(weight).scalar().unwrap_or(adit_ir::ScalarType::F64));
        let counts = b.cmp(CmpOp::Ne, weight, zero);
        runs = Some(runs.map_or(counts, |others| b.select(counts, counts, others)));
    }
    let begins = copier.map.values(inits);
    b.open(&[]);
    copier.copy(&mut Plain, b, inst);
    let then = b.close(&copier.map.values(&data.results));
    b.open(&[]);
    let otherwise = b.close(&begins);
    let runs = runs.unwrap_or_else(|| b.bool(true));
    let chosen = b.if_(runs, then, otherwise);
    for (&result, value) in data.results.iter().zip(b.results(chosen)) {
        copier.map.set(result, Int::Value(value));
    }
}

/// What a value is if all weights are zero.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fact {
    /// No instruction has said yet.
    Unsaid,
    /// Zero, of either sign.
    Zero,
    /// What the loop carries as this, or that with zeros added.
    Same(Value),
    /// Anything.
    Any,
}

/// Facts about the values of a function, for one loop at a time; between loops they are all [`Fact::Any`].
struct Zeros<'f> {
    f: &'f Function,
    bounds: Facts<'f>,
    /// By value: what defines it.
    made: Vec<Option<Inst>>,
    facts: Vec<Fact>,
    options: Options,
    changed: bool,
}

impl<'f> Zeros<'f> {
    fn new(f: &'f Function, options: Options) -> Self {
        let mut made = vec![None; f.value_count()];
        f.walk(&mut |inst| f.inst(inst).results.iter().for_each(|r| made[r.index()] = Some(inst)));
        Zeros { f, bounds: Facts::new(f), made, facts: vec![Fact::Any; f.value_count()], options, changed: false }
    }

    /// The numbers such that a loop does nothing if all of them are zero.
    fn weights(&mut self, inst: Inst) -> Option<Vec<Value>> {
        let Op::For { body, step, .. } = self.f.inst(inst).op else { return None };
        if !self.moves(step) || !self.is_harmless(body) {
            return None;
        }
        let mut weights = self.candidates(inst, body);
        if weights.is_empty() || weights.len() > MOST_WEIGHTS || !self.does_nothing(inst, &weights) {
            return None;
        }
        // Those that matter.
        for candidate in weights.clone() {
            let others: Vec<Value> = weights.iter().copied().filter(|&w| w != candidate).collect();
            if self.does_nothing(inst, &others) {
                weights = others;
            }
        }
        if self.options.has(Mutant::SkipFirst) {
            weights.truncate(1);
        }
        (!weights.is_empty()).then_some(weights)
    }

    fn moves(&self, step: Int) -> bool {
        self.bounds.literal(step).is_some_and(|step| step != 0)
    }

    /// Whether the instructions of a loop do nothing but compute, read and add to arrays, and cannot stop the run.
    fn is_harmless(&self, body: Region) -> bool {
        let mut count = 0;
        let mut open = vec![body];
        while let Some(region) = open.pop() {
            for &inst in &self.f.region(region).insts {
                count += 1;
                let op = &self.f.inst(inst).op;
                if count > LARGEST || !self.is_harmless_itself(op) {
                    return false;
                }
                open.extend(op.regions());
            }
        }
        true
    }

    fn is_harmless_itself(&self, op: &Op) -> bool {
        match op {
            Op::Load { array, subscripts } | Op::Acc { array, subscripts, .. } => {
                let dims = self.f.ty(*array).array().map(|ty| &ty.dims[..]).unwrap_or_default();
                let mut pairs = subscripts.iter().zip(dims);
                self.options.has(Mutant::SkipTrapping) || pairs.all(|(&at, &dim)| self.bounds.in_range(at, dim))
            }
            Op::For { step, .. } => self.moves(*step),
            Op::If { .. } => true,
            _ => op.effect() == Effect::Pure,
        }
    }

    /// What a loop mentions of what may be zero, from outside.
    fn candidates(&mut self, inst: Inst, body: Region) -> Vec<Value> {
        let f = self.f;
        self.begin(body);
        let mut found = Vec::new();
        let mut see = |v: Value| {
            if self.facts[v.index()] == Fact::Any && !found.contains(&v) && self.may_be_zero(v, DEPTH) {
                found.push(v);
            }
        };
        let mut visit = |inst: Inst| {
            let op = &f.inst(inst).op;
            op.visit_operands(&mut see);
            op.regions().into_iter().for_each(|r| f.region(r).yields.iter().for_each(|&v| see(v)));
        };
        visit(inst);
        f.walk_region(body, &mut visit);
        self.end(body);
        found
    }

    /// Whether an arm of an `if` or a `select` makes a float zero, or a factor of it.
    fn may_be_zero(&self, v: Value, depth: u32) -> bool {
        let is_float = self.f.ty(v).scalar().is_some_and(adit_ir::ScalarType::is_float);
        let (true, Some(depth), Some(inst)) = (is_float, depth.checked_sub(1), self.made[v.index()]) else {
            return false;
        };
        let data = self.f.inst(inst);
        let arm = |v: Value| self.is_literal_zero(v) || self.may_be_zero(v, depth);
        match &data.op {
            Op::Select { then, otherwise, .. } => arm(*then) || arm(*otherwise),
            Op::If { then, otherwise, .. } => {
                let place = data.results.iter().position(|&r| r == v).unwrap_or(0);
                [then, otherwise].into_iter().any(|&region| arm(self.f.region(region).yields[place]))
            }
            Op::Prim { prim, args } => {
                let algebra = &prim.row().algebra;
                (algebra.left_not_zero.is_some() || algebra.odd.is_some())
                    && args.iter().any(|&arg| self.may_be_zero(arg, depth))
            }
            _ => false,
        }
    }

    fn is_literal_zero(&self, v: Value) -> bool {
        self.literal(v).and_then(Const::as_float) == Some(0.0)
    }

    fn literal(&self, v: Value) -> Option<Const> {
        match self.bounds.def(v) {
            Some(Op::Const(c)) => Some(*c),
            _ => None,
        }
    }

    /// Whether a loop does nothing if these are zero.
    fn does_nothing(&mut self, inst: Inst, weights: &[Value]) -> bool {
        let Op::For { ref inits, body, .. } = self.f.inst(inst).op else { return false };
        weights.iter().for_each(|w| self.facts[w.index()] = Fact::Zero);
        self.begin(body);
        let params = &self.f.region(body).params[1..];
        let begins: Vec<Fact> = inits.iter().zip(params).map(|(&init, &param)| self.begins(init, param)).collect();
        params.iter().zip(&begins).for_each(|(param, &fact)| self.facts[param.index()] = fact);
        self.changed = true;
        while std::mem::take(&mut self.changed) {
            self.region(body);
        }
        let mut ends = self.f.region(body).yields.iter().zip(&begins);
        let carries_on = ends.all(|(&end, &fact)| self.of(end) == fact) || self.options.has(Mutant::SkipCarried);
        let adds_nothing = self.adds_nothing(body);
        weights.iter().for_each(|w| self.facts[w.index()] = Fact::Any);
        self.end(body);
        carries_on && adds_nothing
    }

    fn begins(&self, init: Value, param: Value) -> Fact {
        if self.of(init) == Fact::Zero { Fact::Zero } else { Fact::Same(param) }
    }

    fn adds_nothing(&self, body: Region) -> bool {
        let (mut zeros, mut others) = (0, 0);
        self.f.walk_region(body, &mut |inst| {
            if let Op::Acc { value, .. } = self.f.inst(inst).op {
                *(if self.of(value) == Fact::Zero { &mut zeros } else { &mut others }) += 1;
            }
        });
        others == 0 || (zeros > 0 && self.options.has(Mutant::SkipAdded))
    }

    fn begin(&mut self, body: Region) {
        self.reset(body, Fact::Unsaid);
    }

    fn end(&mut self, body: Region) {
        self.reset(body, Fact::Any);
    }

    fn reset(&mut self, region: Region, fact: Fact) {
        let f = self.f;
        f.region(region).params.iter().for_each(|param| self.facts[param.index()] = fact);
        f.walk_region(region, &mut |inst| {
            let data = f.inst(inst);
            data.results.iter().for_each(|r| self.facts[r.index()] = fact);
            let inner = data.op.regions().into_iter().flat_map(|r| &f.region(r).params);
            inner.for_each(|param| self.facts[param.index()] = fact);
        });
    }

    fn of(&self, v: Value) -> Fact {
        if self.is_literal_zero(v) { Fact::Zero } else { self.facts[v.index()] }
    }

    /// A value may be what this fact says, too.
    fn join(&mut self, v: Value, fact: Fact) {
        let old = self.facts[v.index()];
        let new = match (old, fact) {
            (Fact::Unsaid, fact) => fact,
            (old, Fact::Unsaid) => old,
            (old, fact) => {
                if old == fact {
                    old
                } else {
                    Fact::Any
                }
            }
        };
        self.changed |= new != old;
        self.facts[v.index()] = new;
    }

    fn flow(&mut self, from: &[Value], to: &[Value]) {
        from.iter().zip(to).for_each(|(&from, &to)| self.join(to, self.of(from)));
    }

    fn region(&mut self, region: Region) {
        let f = self.f;
        for &inst in &f.region(region).insts {
            let data = f.inst(inst);
            match &data.op {
                Op::Prim { prim, args } => self.join(data.results[0], self.primitive(*prim, args)),
                Op::Select { then, otherwise, .. } => {
                    self.flow(&[*then], &data.results);
                    self.flow(&[*otherwise], &data.results);
                }
                Op::If { then, otherwise, .. } => {
                    for &arm in [then, otherwise] {
                        self.region(arm);
                        self.flow(&f.region(arm).yields, &data.results);
                    }
                }
                Op::For { inits, body, .. } => {
                    let params = &f.region(*body).params;
                    self.join(params[0], Fact::Any);
                    self.flow(inits, &params[1..]);
                    self.region(*body);
                    self.flow(&f.region(*body).yields, &params[1..]);
                    self.flow(&params[1..], &data.results);
                }
                _ => data.results.iter().for_each(|&r| self.join(r, Fact::Any)),
            }
        }
    }

    fn primitive(&self, prim: Prim, args: &[Value]) -> Fact {
        let facts: Vec<Fact> = args.iter().map(|&arg| self.of(arg)).collect();
        if facts.contains(&Fact::Unsaid) {
            return Fact::Unsaid;
        }
        let algebra = &prim.row().algebra;
        let strong = algebra.left_not_zero.is_some();
        let either = strong && self.options.has(Mutant::SkipFactor);
        if (strong && facts.first() == Some(&Fact::Zero)) || (either && facts.contains(&Fact::Zero)) {
            return Fact::Zero;
        }
        match facts[..] {
            [Fact::Same(root), Fact::Zero] if ignores_zero(algebra.right_identity, algebra.unsigned[1]) => {
                Fact::Same(root)
            }
            [Fact::Zero, Fact::Same(root)] if ignores_zero(algebra.left_identity, algebra.unsigned[0]) => {
                Fact::Same(root)
            }
            _ => {
                if self.is_zero_of_zeros(prim, args) {
                    Fact::Zero
                } else {
                    Fact::Any
                }
            }
        }
    }

    /// Whether a function is zero at literals and zeros, whatever their signs.
    fn is_zero_of_zeros(&self, prim: Prim, args: &[Value]) -> bool {
        let mut points: Vec<Vec<Scalar>> = vec![Vec::new()];
        for &arg in args {
            let choices = match (self.literal(arg), self.of(arg), self.f.ty(arg).scalar()) {
                (Some(c), _, _) => vec![c],
                (None, Fact::Zero, Some(ty)) => vec![Const::float(ty, 0.0), Const::float(ty, -0.0)],
                _ => return false,
            };
            let longer = |c: &Const| points.iter().map(|p| p.iter().copied().chain([scalar(*c)]).collect()).collect();
            points = choices.iter().flat_map(|c| -> Vec<Vec<Scalar>> { longer(c) }).collect();
        }
        points.iter().all(|point| prim.apply(point).is_ok_and(|value| value.as_float() == Some(0.0)))
    }
}

/// Whether an operation gives its other operand for a zero, but for the sign of a zero.
fn ignores_zero(identity: Option<Scalar>, unsigned: bool) -> bool {
    unsigned && identity.and_then(Scalar::as_float) == Some(0.0)
}
