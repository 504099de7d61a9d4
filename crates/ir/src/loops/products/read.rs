//! Reads a nest.
//!
//! In: a `for`. Out: its [`Nest`], or nothing. One walk over the nest collects accesses, checks, and what is written; what is written then becomes tasks, if no two accesses of an array are in each other's way.

use super::terms::Sum;
use super::{Access, Check, Counted, Form, Linear, Nest, Task};
use crate::bounds::Facts;
use crate::entities::{Inst, Region, Value};
use crate::func::Function;
use crate::inst::{Effect, Op};
use crate::prim::Code;
use crate::types::{Int, ScalarType};
use rustc_hash::{FxHashMap, FxHashSet};

/// Longer nests are left alone.
const LONGEST: usize = 48;

/// Nests of more loops are left alone.
const MOST_LOOPS: usize = 6;

/// Subscripts that go up faster are left alone, so that nothing wraps in loops of 2^21 iterations.
const STEEPEST: u64 = 1 << 16;

/// Where something is done: a region, and the place in it.
type Place = (Region, usize);

/// Something that is written.
struct Write {
    to: usize,
    /// Added rather than put there.
    adds: bool,
    value: Sum,
    /// The loops around it, as bits.
    inside: u8,
    place: Place,
}

struct Reader<'r, 'f> {
    f: &'f Function,
    facts: &'r Facts<'f>,
    /// What the nest defines.
    defined: FxHashSet<Value>,
    loops: Vec<Counted>,
    /// The loops around what is read, as bits.
    inside: u8,
    sums: FxHashMap<Value, Sum>,
    accesses: Vec<Access>,
    reads: Vec<(usize, Place)>,
    writes: Vec<Write>,
    checks: Vec<Check>,
}

/// Reads a nest.
pub fn read(f: &Function, facts: &Facts<'_>, inst: Inst) -> Option<Nest> {
    let reader = walked(f, facts, inst)?;
    reader.is_independent().then_some(())?;
    reader.nest()
}

/// [`read`] without asking whether accesses are in each other's way: for tests, which are to notice.
pub fn read_as_independent(f: &Function, facts: &Facts<'_>, inst: Inst) -> Option<Nest> {
    walked(f, facts, inst)?.nest()
}

fn walked<'r, 'f>(f: &'f Function, facts: &'r Facts<'f>, inst: Inst) -> Option<Reader<'r, 'f>> {
    let Op::For { inits, .. } = &f.inst(inst).op else { return None };
    let (mut defined, mut left) = (FxHashSet::default(), LONGEST);
    if !inits.is_empty() || !is_small(f, inst, &mut left, &mut defined) {
        return None;
    }
    let mut reader = Reader {
        f,
        facts,
        defined,
        loops: Vec::new(),
        inside: 0,
        sums: FxHashMap::default(),
        accesses: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        checks: Vec::new(),
    };
    reader.for_(inst)?;
    (reader.loops.len() > 1).then_some(reader)
}

/// Whether a nest has few instructions, and no regions but those of counted loops; takes down what it defines.
fn is_small(f: &Function, inst: Inst, left: &mut usize, defined: &mut FxHashSet<Value>) -> bool {
    let data = f.inst(inst);
    defined.extend(data.results.iter().copied());
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    let Op::For { body, .. } = &data.op else { return data.op.regions().is_empty() };
    let region = f.region(*body);
    defined.extend(region.params.iter().copied());
    region.insts.iter().all(|&inner| is_small(f, inner, left, defined))
}

impl Reader<'_, '_> {
    fn is_outside(&self, v: Value) -> bool {
        !self.defined.contains(&v)
    }

    fn is_known(&self, i: Int) -> bool {
        i.value().is_none_or(|v| self.is_outside(v))
    }

    fn for_(&mut self, inst: Inst) -> Option<()> {
        let f = self.f;
        let data = f.inst(inst);
        let Op::For { lo, hi, step, body, inits, .. } = &data.op else { return None };
        let plain = self.facts.literal(*step) == Some(1) && self.is_known(*lo) && self.is_known(*hi);
        if !plain || self.loops.len() == MOST_LOOPS {
            return None;
        }
        let region = f.region(*body);
        let (around, this) = (self.inside, 1 << self.loops.len());
        self.loops.push(Counted { index: region.params[0], lo: *lo, hi: *hi });
        let begins: Vec<Sum> = inits.iter().map(|&init| self.sum(init)).collect::<Option<_>>()?;
        self.inside |= this;
        for &param in &region.params[1..] {
            self.sums.insert(param, Sum::carried(param));
        }
        region.insts.iter().enumerate().try_for_each(|(at, &inner)| self.inst(inner, (*body, at)))?;
        for ((&end, &param), (begin, &result)) in
            region.yields.iter().zip(&region.params[1..]).zip(begins.iter().zip(&data.results))
        {
            let end = self.sum(end)?;
            if end.base != Some(param) {
                return None;
            }
            let added = Sum { base: None, ..end }.over(self.inside);
            self.sums.insert(result, begin.plus(&added, false)?);
        }
        self.inside = around;
        Some(())
    }

    fn inst(&mut self, inst: Inst, place: Place) -> Option<()> {
        let data = self.f.inst(inst);
        match &data.op {
            Op::For { .. } => self.for_(inst),
            Op::Load { array, subscripts } => {
                let access = self.access(*array, subscripts)?;
                self.reads.push((access, place));
                self.sums.insert(data.results[0], Sum::element(access));
                Some(())
            }
            Op::Store { array, subscripts, value } => self.write((*array, subscripts), *value, false, place),
            Op::Acc { array, subscripts, value } => self.write((*array, subscripts), *value, true, place),
            Op::Assert { cond, .. } => self.assert(&data.op, *cond),
            Op::Prim { prim, args } => {
                (data.op.effect() == Effect::Pure).then_some(())?;
                if let Code::Native(native) = prim.row().code
                    && let Some(operands) = args.iter().map(|&arg| self.sum(arg)).collect::<Option<Vec<_>>>()
                    && let Some(sum) = Sum::of(native, &operands.iter().collect::<Vec<_>>())
                {
                    self.sums.insert(data.results[0], sum);
                }
                Some(())
            }
            Op::Const(_) | Op::Cmp { .. } | Op::Select { .. } => Some(()),
            Op::If { .. } | Op::While { .. } | Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } => None,
            Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Print { .. } => None,
        }
    }

    /// A value as a sum: zero, or what the nest computes.
    fn sum(&self, v: Value) -> Option<Sum> {
        match self.facts.def(v) {
            Some(Op::Const(c)) => (c.as_float() == Some(0.0)).then(Sum::default),
            _ => self.sums.get(&v).cloned(),
        }
    }

    /// A subscript.
    fn form(&self, i: Int) -> Option<Form> {
        let is_index = |v: Value| self.loops.iter().position(|l| l.index == v);
        let uniform = |v: Value| self.is_outside(v) || is_index(v).is_some();
        let first = self.loops.first()?.index;
        let mut rest = Linear::of(self.facts, first, &uniform, i)?;
        let mut along = (rest.scale != 0).then_some((0, rest.scale));
        rest.scale = 0;
        for (v, factor) in std::mem::take(&mut rest.terms) {
            match is_index(v) {
                Some(_) if along.is_some() => return None,
                Some(l) => along = Some((l, factor)),
                None => rest.terms.push((v, factor)),
            }
        }
        along.is_none_or(|(_, scale)| scale.unsigned_abs() <= STEEPEST).then_some(Form { along, rest })
    }

    /// An element, whose subscripts are checked before the nest where nothing proves them.
    fn access(&mut self, array: Value, subscripts: &[Int]) -> Option<usize> {
        let f = self.f;
        let ty = f.ty(array).array()?;
        let mut forms = Vec::new();
        for (&subscript, &extent) in subscripts.iter().zip(&ty.dims) {
            let form = self.form(subscript)?;
            if !self.facts.in_range(subscript, extent) {
                self.check(Check::InRange(form.clone(), extent));
            }
            forms.push(form);
        }
        self.accesses.push(Access { array, subscripts: forms.into() });
        Some(self.accesses.len() - 1)
    }

    fn check(&mut self, check: Check) {
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    fn assert(&mut self, op: &Op, cond: Value) -> Option<()> {
        if let Some((subscript, extent)) = self.facts.asserted(op)
            && self.is_known(extent)
            && let Some(form) = self.form(subscript)
        {
            self.check(Check::InRange(form, extent));
            return Some(());
        }
        self.is_outside(cond).then(|| self.check(Check::Holds(cond)))
    }

    fn write(&mut self, (array, subscripts): (Value, &[Int]), value: Value, adds: bool, place: Place) -> Option<()> {
        let to = self.access(array, subscripts)?;
        let value = self.sum(value)?;
        if value.base.is_some() {
            return None;
        }
        let inside = self.inside;
        self.writes.push(Write { to, adds, value: value.over(inside), inside, place });
        Some(())
    }

    fn array(&self, access: usize) -> Value {
        self.accesses[access].array
    }

    /// Whether no two accesses of an array are in each other's way.
    fn is_independent(&self) -> bool {
        self.writes.iter().all(|write| {
            let array = self.array(write.to);
            let mut others = self.writes.iter().filter(|other| self.array(other.to) == array);
            let reads: Vec<_> = self.reads.iter().filter(|&&(access, _)| self.array(access) == array).collect();
            match (write.adds, &reads[..]) {
                (true, []) => others.all(|other| other.adds),
                (false, []) => others.count() == 1,
                (false, [read]) => others.count() == 1 && self.is_cleared(write, read),
                _ => false,
            }
        })
    }

    /// Whether a write sets to zero what was read just before, in the same iteration.
    fn is_cleared(&self, write: &Write, &(access, place): &(usize, Place)) -> bool {
        let same = self.accesses[access].subscripts == self.accesses[write.to].subscripts;
        same && write.value.terms.is_empty() && place.0 == write.place.0 && place.1 < write.place.1
    }

    fn nest(self) -> Option<Nest> {
        let mut products = Vec::new();
        let mut clears = Vec::new();
        for write in &self.writes {
            let to = &self.accesses[write.to];
            let float = self.float(to)?;
            if !write.adds && to.loops() != write.inside {
                return None;
            }
            for (k, term) in write.value.terms.iter().enumerate() {
                let task = term.task(to, &self.accesses, float, !write.adds && k == 0)?;
                let factors = task.factors.iter().flatten();
                if factors.into_iter().any(|factor| self.float(factor) != Some(float)) {
                    return None;
                }
                products.push(task);
            }
            if !write.adds && write.value.terms.is_empty() {
                clears.push(cleared(to, float)?);
            }
        }
        let worth_it = products.iter().any(|task| task.loops().count() > 1);
        products.append(&mut clears);
        worth_it.then_some(Nest { loops: self.loops, checks: self.checks, tasks: products })
    }

    /// The element type of a float array.
    fn float(&self, access: &Access) -> Option<ScalarType> {
        self.f.ty(access.array).array().map(|ty| ty.element).filter(|element| element.is_float())
    }
}

/// The task of setting elements to zero.
fn cleared(to: &Access, float: ScalarType) -> Option<Task> {
    let mut loops = (0..MOST_LOOPS).filter(|l| to.loops() & (1 << l) != 0);
    let (rows, columns) = (loops.next(), loops.next());
    if loops.next().is_some() {
        return None;
    }
    let (to, terms) = (to.clone(), None);
    let (factors, negative, weight) = (None, false, None);
    Some(Task { float, to, factors, rows, terms, columns, negative, weight, overwrites: true })
}
