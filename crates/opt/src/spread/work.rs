//! How much there is to do in a loop.
//!
//! In: a counted loop. Out: instructions that compute, in front of it, about how many operations all its iterations are ([`emit`]), or that it is known to be little ([`is_little`]). An operation that takes several times as
//! long as another counts as several, both sides of a branch count, and a loop whose bounds are not known in front counts as [`UNKNOWN`] iterations.

use super::defined;
use adit_ir::bounds::Facts;
use adit_ir::{Builder, Copier, Function, Inst, Int, Op, OperandMap, Prim, Region, Value};
use rustc_hash::FxHashSet;

/// Iterations of a loop of which nothing is known.
const UNKNOWN: f64 = 8.0;

/// What a slow operation, and one on a whole array, counts as.
const SLOW: f64 = 20.0;

/// What a call counts as.
const CALL: f64 = 100.0;

/// Work, as far as it is known: a number, and for each loop inside whose bounds are known in front of the outer one, its work for each iteration.
struct Work {
    plain: f64,
    loops: Vec<(Inst, Work)>,
}

impl Work {
    fn add(&mut self, other: Work) {
        self.plain += other.plain;
        self.loops.extend(other.loops);
    }

    /// So many times as much.
    fn times(mut self, n: f64) -> Work {
        self.plain *= n;
        self.loops = self.loops.into_iter().map(|(inst, work)| (inst, work.times(n))).collect();
        self
    }
}

/// A loop that is looked at.
struct Weigher<'w, 'f> {
    f: &'f Function,
    facts: &'w Facts<'f>,
    /// What it defines.
    inside: FxHashSet<Value>,
}

impl<'w, 'f> Weigher<'w, 'f> {
    /// The work of each iteration of a loop.
    fn weigh(f: &'f Function, facts: &'w Facts<'f>, inst: Inst) -> (Self, Work) {
        let weigher = Weigher { f, facts, inside: defined(f, inst) };
        let mut work = Work { plain: 0.0, loops: Vec::new() };
        f.inst(inst).op.regions().into_iter().for_each(|region| work.add(weigher.region(region)));
        (weigher, work)
    }

    fn region(&self, region: Region) -> Work {
        let mut work = Work { plain: 0.0, loops: Vec::new() };
        self.f.region(region).insts.iter().for_each(|&inst| work.add(self.inst(inst)));
        work
    }

    fn inst(&self, inst: Inst) -> Work {
        let op = &self.f.inst(inst).op;
        let plain = match op {
            Op::Const(_) => 0.0,
            Op::Prim { prim, .. } if prim.row().is_slow() => SLOW,
            Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } => SLOW,
            Op::Call { .. } => CALL,
            _ => 1.0,
        };
        let mut work = Work { plain, loops: Vec::new() };
        for region in op.regions() {
            let inner = self.region(region);
            match op {
                Op::For { lo, hi, .. } if self.is_known(*lo) && self.is_known(*hi) => work.loops.push((inst, inner)),
                Op::For { .. } | Op::While { .. } => work.add(inner.times(UNKNOWN)),
                _ => work.add(inner),
            }
        }
        work
    }

    /// Whether a bound is there in front of the loop.
    fn is_known(&self, bound: Int) -> bool {
        bound.value().is_none_or(|v| !self.inside.contains(&v)) || self.facts.literal(bound).is_some()
    }

    /// How many iterations a loop has, where that is a literal.
    fn literal_trips(&self, inst: Inst) -> Option<f64> {
        let Op::For { lo, hi, .. } = self.f.inst(inst).op else { return None };
        Some((self.facts.literal(hi)? as f64 - self.facts.literal(lo)? as f64).abs())
    }

    /// All of it, where it is known when compiling.
    fn known(&self, (inst, work): (Inst, &Work)) -> Option<f64> {
        let trips = self.literal_trips(inst)?;
        let inner: Option<f64> = work.loops.iter().map(|(inst, work)| self.known((*inst, work))).sum();
        Some(trips * (work.plain + inner?))
    }
}

/// Whether a loop is known to have less than so much work.
pub(super) fn is_little(f: &Function, facts: &Facts<'_>, inst: Inst, least: f64) -> bool {
    let (weigher, work) = Weigher::weigh(f, facts, inst);
    weigher.known((inst, &work)).is_some_and(|known| known < least)
}

/// Computes how much work a loop is, in front of its copy.
pub(super) fn emit(copier: &Copier<'_>, b: &mut Builder, facts: &Facts<'_>, inst: Inst) -> Value {
    let (_, work) = Weigher::weigh(copier.source, facts, inst);
    product(copier, b, facts, (inst, &work))
}

/// The iterations of a loop times the work of each.
fn product(copier: &Copier<'_>, b: &mut Builder, facts: &Facts<'_>, (inst, work): (Inst, &Work)) -> Value {
    let mut sum = b.f64(work.plain);
    for (inner, work) in &work.loops {
        let inner = product(copier, b, facts, (*inner, work));
        sum = b.prim(Prim::Add, &[sum, inner]);
    }
    let Op::For { lo, hi, step, .. } = copier.source.inst(inst).op else { return sum };
    let mut end = |bound: Int| {
        let bound = facts.literal(bound).map_or_else(|| copier.map.int(bound), Int::Const);
        let bound = b.int_value(bound);
        b.prim(Prim::Itof, &[bound])
    };
    let (lo, hi) = (end(lo), end(hi));
    let (first, last) = if facts.literal(step).is_some_and(|step| step < 0) { (hi, lo) } else { (lo, hi) };
    let trips = b.prim(Prim::Sub, &[last, first]);
    b.prim(Prim::Mul, &[trips, sum])
}
