//! Sums whose terms have factors that do not change: the factors come after the loop.
//!
//! In: a function. Out: the same with counted loops that add up doing so without what stays the same in each iteration:
//!
//! ```text
//! v1, v2 = for v3 in 0..d0 (v4: f64 = v9, v5: f64 = v9) {       v1, v2 = for v3 in 0..d0 (v4: f64 = 0.0, v5: f64 = 0.0) {
//!   v6 = load v0[v3]                                              v6 = load v0[v3]
//!   v7 = mul v6, v10                                              v7 = mul v6, v6
//!   v8 = mul v7, v7                                               v8 = add v4, v7
//!   v11 = sub v8, v12                                     ⇒       v11 = add v5, v6
//!   v13 = add v4, v11                                             yield v8, v11
//!   v14 = add v5, v7                                            }
//!   yield v13, v14                                              v4' = v9 + v10² · v1 − d0 · v12,  v5' = v9 + v10 · v2
//! }
//! ```
//!
//! Sums of the same products are added up once, whatever factors they have. **Results are rounded otherwise** ([`INEXACT`](crate::INEXACT)), by no more than sums of as many terms are rounded. Where that could not be said, the loop runs once more as it was: if a sum is
//! not finite (which is how an overflow shows, and a strong product that was none), if what was added in each iteration and now is at once cancels the rest, if products of tangents that were multiplied out do so by three digits and more, or if a
//! factor is beyond 1e154, so that a product that it belongs to may have vanished.
//!
//! Loops that write run only once, so they stay; so do loops in loops, which may be too short for what comes after them, and those that would save hardly anything (`LEAST`). What a sum is of, `forms.rs` says. It belongs behind all differentiation, and before
//! [`speculate`](crate::speculate).

mod forms;

use crate::speculate::is_quiet;
use crate::{Mutant, Options, twice};
use adit_ir::bounds::Facts;
use adit_ir::{
    Bounds, Builder, CmpOp, Copier, Effect, Function, Inst, Int, Module, Op, OperandMap, Plain, Prim, Region, Rewrite,
};
use adit_ir::{Type, Value, Values};
use forms::{Coefficient, Expressions, Forms, Monomial};
use rustc_hash::FxHashMap;

/// What an iteration must cost less for a loop to be rewritten, in units of [`adit_ir::prim::Row::cost`].
const LEAST: u32 = 3;

/// What is added at once may be so many times the sum that it is part of.
const CANCELS: f64 = 64.0;

/// A partial derivative times a tangent may be so many times the sum of all such products. That directions are at right angles to a gradient is no rare thing.
const ACROSS: f64 = 4096.0;

/// Functions of more instructions stay as they are.
const MOST: usize = crate::speculate::MOST;

/// Takes factors out of the loops of one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    if f.inst_count() > MOST || !f.insts().any(|i| matches!(i.op, Op::For { .. })) {
        return None;
    }
    let facts = Facts::new(f);
    let mut plans = FxHashMap::default();
    plan_region(f, &facts, f.body, &mut plans);
    if plans.is_empty() {
        return None;
    }
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut Factor { plans, options }, &mut b, f.body);
    Some(b.finish(&returned))
}

/// Plans for the loops of a region that are in no other loop.
fn plan_region(f: &Function, facts: &Facts<'_>, region: Region, plans: &mut FxHashMap<Inst, Plan>) {
    for &inst in &f.region(region).insts {
        match f.inst(inst).op {
            Op::For { .. } => plans.extend(plan(f, facts, inst).map(|plan| (inst, plan))),
            Op::If { then, otherwise, .. } => {
                [then, otherwise].into_iter().for_each(|arm| plan_region(f, facts, arm, plans));
            }
            _ => {}
        }
    }
}

/// A sum that the loop carries, in terms of those that it will carry: by place, or nothing for the number of iterations.
struct Total {
    result: Value,
    init: Value,
    /// Whether that is zero.
    from_zero: bool,
    terms: Vec<(Option<usize>, Coefficient)>,
    /// Whether terms may have been multiplied out, as those of derivatives are.
    derivative: bool,
}

/// A sum that is carried, as it was found.
struct Found {
    /// Its place among what is carried.
    place: usize,
    terms: Vec<(Monomial, Coefficient)>,
    derivative: bool,
}

/// What becomes of a loop.
struct Plan {
    /// What is still computed in each iteration.
    kept: Vec<Inst>,
    /// Products that are added up.
    sums: Vec<Monomial>,
    /// What else is carried, by place.
    others: Vec<usize>,
    totals: Vec<Total>,
    expressions: Expressions,
}

/// The plan for a loop, if there is one that saves enough.
fn plan(f: &Function, facts: &Facts<'_>, inst: Inst) -> Option<Plan> {
    let data = f.inst(inst);
    let Op::For { step, ref inits, body, .. } = data.op else { return None };
    let carried = f.region(body).params.get(1..)?;
    if carried.is_empty() || !is_quiet(f, inst) {
        return None;
    }
    let counts = facts.literal(step) == Some(1);
    let inside = inside(f, body);
    let is_inside = |v: Value| inside[v.index()];
    let mut forms = Forms::new(f, facts, &is_inside, carried);
    f.region(body).insts.iter().for_each(|&inst| forms.read(inst));
    let mut sums: Vec<Monomial> = Vec::new();
    let mut found: Vec<Found> = Vec::new();
    for (place, &last) in f.region(body).yields.iter().enumerate() {
        let form = forms.form(last);
        let counted = counts || form.terms.iter().all(|(monomial, _)| !monomial.is_empty());
        if form.carried == Some(carried[place]) && !form.terms.is_empty() && counted {
            found.push(Found { place, derivative: form.derivative, terms: form.terms.into_vec() });
        }
    }
    let (kept, found) = kept(f, body, carried, found)?;
    for (monomial, _) in found.iter().flat_map(|sum| &sum.terms).filter(|(monomial, _)| !monomial.is_empty()) {
        if !sums.contains(monomial) {
            sums.push(monomial.clone());
        }
    }
    let before = cost(f, &f.region(body).insts);
    let after = cost(f, &kept) + sums.iter().map(|sum| sum.len() as u32).sum::<u32>();
    if before < after + LEAST {
        return None;
    }
    let others = (0..carried.len()).filter(|&k| found.iter().all(|sum| sum.place != k)).collect();
    let place = |monomial: Monomial| sums.iter().position(|sum| *sum == monomial);
    let total = |sum: Found| Total {
        result: data.results[sum.place],
        init: inits[sum.place],
        from_zero: matches!(facts.def(inits[sum.place]), Some(Op::Const(c)) if c.as_float() == Some(0.0)),
        terms: sum.terms.into_iter().map(|(monomial, c)| (place(monomial), c)).collect(),
        derivative: sum.derivative,
    };
    let totals = found.into_iter().map(total).collect();
    Some(Plan { kept, sums, others, totals, expressions: forms.expressions() })
}

/// Which values a region defines, parameters and inner regions included.
fn inside(f: &Function, region: Region) -> Vec<bool> {
    let mut inside = vec![false; f.value_count()];
    let mut open = vec![region];
    while let Some(region) = open.pop() {
        let data = f.region(region);
        data.params.iter().for_each(|param| inside[param.index()] = true);
        for &inst in &data.insts {
            f.inst(inst).results.iter().for_each(|result| inside[result.index()] = true);
            open.extend(f.inst(inst).op.regions());
        }
    }
    inside
}

/// What the body must still compute, and the sums that nothing in it needs to know on the way.
fn kept(f: &Function, body: Region, carried: &[Value], mut found: Vec<Found>) -> Option<(Vec<Inst>, Vec<Found>)> {
    loop {
        let mut needed = vec![false; f.value_count()];
        let yields = f.region(body).yields.iter().enumerate();
        yields.filter(|(k, _)| found.iter().all(|sum| sum.place != *k)).for_each(|(_, v)| needed[v.index()] = true);
        let atoms = found.iter().flat_map(|sum| &sum.terms).flat_map(|(monomial, _)| monomial);
        atoms.for_each(|v| needed[v.index()] = true);
        let mut kept = Vec::new();
        for &inst in f.region(body).insts.iter().rev() {
            let data = f.inst(inst);
            if data.op.effect() != Effect::Pure || data.results.iter().any(|r| needed[r.index()]) {
                kept.push(inst);
                mention(f, inst, &mut |v| needed[v.index()] = true);
            }
        }
        let before = found.len();
        found.retain(|sum| !needed[carried[sum.place].index()]);
        if found.len() == before {
            kept.reverse();
            return (!found.is_empty()).then_some((kept, found));
        }
    }
}

/// All values that an instruction mentions, in its regions too.
fn mention(f: &Function, inst: Inst, see: &mut dyn FnMut(Value)) {
    let mut open = vec![inst];
    while let Some(inst) = open.pop() {
        let op = &f.inst(inst).op;
        op.visit_operands(see);
        for region in op.regions() {
            f.region(region).yields.iter().copied().for_each(&mut *see);
            open.extend(&f.region(region).insts);
        }
    }
}

/// What pure operations of a list cost in one iteration.
fn cost(f: &Function, insts: &[Inst]) -> u32 {
    let cost = |&inst: &Inst| match &f.inst(inst).op {
        Op::Prim { prim, .. } => prim.row().cost,
        Op::Cmp { .. } | Op::Select { .. } => 1,
        _ => 0,
    };
    insts.iter().map(cost).sum()
}

struct Factor {
    plans: FxHashMap<Inst, Plan>,
    options: Options,
}

impl Rewrite for Factor {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        match self.plans.remove(&inst) {
            Some(plan) => self.factored(copier, b, inst, plan),
            None => copier.copy(self, b, inst),
        }
    }
}

impl Factor {
    fn factored(&self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, mut plan: Plan) {
        let (sums, others) = bare(copier, b, inst, &plan);
        let places = plan.others.iter().map(|&k| copier.source.inst(inst).results[k]).collect::<Values>();
        places.iter().zip(others).for_each(|(&result, other)| copier.map.set(result, Int::Value(other)));
        let trips = plan.totals.iter().any(|t| t.terms.iter().any(|(sum, _)| sum.is_none()));
        let trips = trips.then(|| self.trips(copier, b, inst));
        let mut doubt = Doubt {
            options: self.options,
            squares: (None, Vec::new()),
            literals: Vec::new(),
            sum: None,
            cancelled: None,
        };
        for total in &plan.totals {
            let places = total.terms.iter().map(|&(sum, c)| {
                let degree = sum.map_or(0, |sum| plan.sums[sum].len());
                let sum = sum.map(|sum| sums[sum]).or(trips).expect("iterations are counted where that is asked for");
                (sum, c, degree)
            });
            let terms: Vec<_> = places.collect();
            let value = self.total(copier, b, &mut plan.expressions, (total, &terms), &mut doubt);
            copier.map.set(total.result, Int::Value(value));
        }
        let wrong = doubt.told(b);
        twice::otherwise(copier, b, inst, wrong);
    }

    /// A sum of what was added up, times what it has for factors.
    fn total(
        &self,
        copier: &Copier<'_>,
        b: &mut Builder,
        expressions: &mut Expressions,
        (total, terms): (&Total, &[(Value, Coefficient, usize)]),
        doubt: &mut Doubt,
    ) -> Value {
        let mut value = (!total.from_zero).then(|| copier.map.value(total.init));
        let mut parts = Vec::new();
        for &(sum, c, degree) in terms {
            let (c, adds) = (c.size(), c.is_positive());
            let term = match c.is_one() {
                true => sum,
                false => {
                    let factor = expressions.write(copier, b, c);
                    if degree > 1 && !c.is_literal() {
                        doubt.large(b, factor);
                    }
                    b.prim(Prim::Mul, &[factor, sum])
                }
            };
            value = Some(match (value, adds) {
                (None, false) => b.prim(Prim::Neg, &[term]),
                (None, true) => term,
                (Some(value), false) => b.prim(Prim::Sub, &[value, term]),
                (Some(value), true) => b.prim(Prim::Add, &[value, term]),
            });
            if terms.len() > 1 && (degree == 0 || total.derivative) {
                parts.push((term, if degree == 0 { CANCELS } else { ACROSS }));
            }
        }
        let value = value.expect("a total has terms");
        doubt.finite(b, value);
        doubt.cancels(b, &parts, value);
        value
    }

    /// How often a loop by ones runs, as a float.
    fn trips(&self, copier: &Copier<'_>, b: &mut Builder, inst: Inst) -> Value {
        let Op::For { lo, hi, .. } = copier.source.inst(inst).op else { return b.f64(0.0) };
        let (lo, hi) = (b.int_value(copier.map.int(lo)), b.int_value(copier.map.int(hi)));
        let end = if self.options.has(Mutant::TripsBelowZero) { hi } else { b.prim(Prim::Imax, &[hi, lo]) };
        let trips = b.prim(Prim::Isub, &[end, lo]);
        b.prim(Prim::Itof, &[trips])
    }
}

/// The loop that adds up products alone: their sums, and what else it carries.
fn bare(copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, plan: &Plan) -> (Values, Values) {
    let source = copier.source;
    let Op::For { lo, hi, step, reversed, ref inits, body, .. } = source.inst(inst).op else {
        return Default::default();
    };
    let params = &source.region(body).params;
    let mut firsts: Values = plan.sums.iter().map(|_| b.f64(0.0)).collect();
    firsts.extend(plan.others.iter().map(|&k| copier.map.value(inits[k])));
    let types: Vec<Type> = firsts.iter().map(|&v| b.ty(v).clone()).collect();
    let index = [source.ty(params[0]).clone()];
    let region = b.open(&index.into_iter().chain(types.iter().cloned()).collect::<Vec<_>>());
    let now: Values = b.func().region(region).params.iter().copied().collect();
    copier.map.set(params[0], Int::Value(now[0]));
    for (&k, &v) in plan.others.iter().zip(&now[1 + plan.sums.len()..]) {
        copier.map.set(params[1 + k], Int::Value(v));
    }
    for &inst in &plan.kept {
        copier.copy(&mut Plain, b, inst);
    }
    let mut yields = Values::new();
    for (k, monomial) in plan.sums.iter().enumerate() {
        let atoms = copier.map.values(monomial);
        let product = atoms.into_iter().reduce(|a, c| b.prim(Prim::Mul, &[a, c]));
        let product = product.expect("sums are of products of something");
        yields.push(b.prim(Prim::Add, &[now[1 + k], product]));
    }
    yields.extend(plan.others.iter().map(|&k| copier.map.value(source.region(body).yields[k])));
    let body = b.close(&yields);
    let [lo, hi, step] = [lo, hi, step].map(|int| copier.map.int(int));
    let copy = b.for_(Bounds { lo, hi, step, reversed }, &firsts, body);
    let results = b.results(copy);
    let (sums, others) = results.split_at(plan.sums.len());
    (sums.iter().copied().collect(), others.iter().copied().collect())
}

/// Whether what was computed may be wrong, as it is found out.
struct Doubt {
    options: Options,
    /// Factors' squares, added up, and which factors these are.
    squares: (Option<Value>, Vec<Value>),
    /// What is written of how many times a sum may be.
    literals: Vec<(f64, Value)>,
    /// No number if one that should be finite is not.
    sum: Option<Value>,
    cancelled: Option<Value>,
}

impl Doubt {
    /// A number should be finite.
    fn finite(&mut self, b: &mut Builder, x: Value) {
        if self.options.has(Mutant::InfiniteBelieved) {
            return;
        }
        let zero = b.prim(Prim::Sub, &[x, x]);
        self.sum = Some(added(b, self.sum, zero));
    }

    /// A factor should not be large.
    fn large(&mut self, b: &mut Builder, factor: Value) {
        let (squares, of) = &mut self.squares;
        if !of.contains(&factor) {
            of.push(factor);
            let square = b.prim(Prim::Mul, &[factor, factor]);
            *squares = Some(added(b, *squares, square));
        }
    }

    /// Parts of a sum should not be so many times the sum.
    fn cancels(&mut self, b: &mut Builder, parts: &[(Value, f64)], sum: Value) {
        if parts.is_empty() || self.options.has(Mutant::CancelledBelieved) {
            return;
        }
        let sum = b.prim(Prim::Abs, &[sum]);
        let mut most: Option<(f64, Value)> = None;
        for &(part, times) in parts {
            let most = match most {
                Some((of, most)) if of == times => most,
                Some(_) | None => {
                    let literal = self.literal(b, times);
                    most.insert((times, b.prim(Prim::Mul, &[sum, literal]))).1
                }
            };
            let part = b.prim(Prim::Abs, &[part]);
            let cancelled = b.cmp(CmpOp::Gt, part, most);
            self.cancelled = Some(match self.cancelled {
                Some(other) => b.prim(Prim::Or, &[other, cancelled]),
                None => cancelled,
            });
        }
    }

    fn literal(&mut self, b: &mut Builder, x: f64) -> Value {
        if let Some(&(_, known)) = self.literals.iter().find(|(known, _)| *known == x) {
            return known;
        }
        let literal = b.f64(x);
        self.literals.push((x, literal));
        literal
    }

    fn told(mut self, b: &mut Builder) -> Value {
        if let Some(squares) = self.squares.0.take() {
            self.finite(b, squares);
        }
        let infinite = match self.sum {
            Some(sum) => b.cmp(CmpOp::Ne, sum, sum),
            None => b.bool(false),
        };
        match self.cancelled {
            Some(cancelled) => b.prim(Prim::Or, &[infinite, cancelled]),
            None => infinite,
        }
    }
}

fn added(b: &mut Builder, sum: Option<Value>, more: Value) -> Value {
    match sum {
        Some(sum) => b.prim(Prim::Add, &[sum, more]),
        None => more,
    }
}
