//! Reads the body of a loop into steps.
//!
//! In: a `for`. Out: its [`Loop`], or the first thing that stands in the way. One walk over the body; branches are walked one after the other, and what they give becomes a choice.

use super::carried::{chosen, way_through};
use super::{
    Access, Before, Choice, Field, Guard, Linear, Loop, Record, Reduction, Refusal, STEEPEST, Step, What, Why,
};
use crate::bounds::Facts;
use crate::entities::{Inst, Region, Value};
use crate::func::Function;
use crate::inst::{Effect, Op};
use crate::limits::{record_bytes, record_offsets};
use crate::types::{Int, ScalarType};
use adit_diag::Span;
use rustc_hash::FxHashMap;

/// Longer bodies are left alone.
const LONGEST: usize = 160;

/// What is known of a value that the loop defines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The same in all iterations.
    Uniform,
    /// Different ones.
    Varying,
    /// On the way of a carried value.
    Way(usize),
}

/// An access of an array.
struct Touch {
    array: Value,
    span: Span,
    forms: Vec<Linear>,
    writes: bool,
}

/// How the accesses of two iterations stand to each other.
enum Meet {
    /// They never touch the same element.
    Never,
    /// They do not if these two forms do not meet.
    Unless(Linear, Linear),
    /// They may.
    May,
}

struct Reader<'r, 'f> {
    f: &'f Function,
    facts: &'r Facts<'f>,
    kinds: FxHashMap<Value, Kind>,
    accesses: Vec<Touch>,
    out: Loop,
    span: Span,
}

/// Reads a loop.
///
/// # Errors
/// If its iterations have to run one by one.
pub fn read(f: &Function, facts: &Facts<'_>, inst: Inst) -> Result<Loop, Refusal> {
    let mut reader = body(f, facts, inst)?;
    reader.independent()?;
    Ok(reader.out)
}

/// [`read`] without asking whether iterations touch the same elements: for tests, which are to notice.
///
/// # Errors
/// If its iterations have to run one by one for another reason.
pub fn read_as_independent(f: &Function, facts: &Facts<'_>, inst: Inst) -> Result<Loop, Refusal> {
    Ok(body(f, facts, inst)?.out)
}

fn body<'r, 'f>(f: &'f Function, facts: &'r Facts<'f>, inst: Inst) -> Result<Reader<'r, 'f>, Refusal> {
    let data = f.inst(inst);
    let refuse = |why| Err(Refusal { why, span: data.span });
    let Op::For { step, body, inits, .. } = &data.op else {
        return refuse(Why::Nothing);
    };
    if !matches!(facts.literal(*step), Some(1 | -1)) {
        return refuse(Why::Step);
    }
    let region = f.region(*body);
    let mut written = Vec::new();
    let mut count = 0;
    f.walk_region(*body, &mut |inner| {
        count += 1;
        if let Op::Store { array, .. } | Op::Acc { array, .. } = f.inst(inner).op
            && !written.contains(&array)
        {
            written.push(array);
        }
    });
    if count > LONGEST {
        return refuse(Why::Long);
    }
    let carried = vec![Reduction::Kept; inits.len()];
    let (before, steps, guards, records) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let index = region.params[0];
    let ends = region.params[1..].iter().copied().zip(region.yields.iter().copied()).collect();
    let ways = FxHashMap::default();
    let out = Loop { index, before, steps, carried, guards, written, records, ends, ways };
    let mut reader = Reader { f, facts, kinds: FxHashMap::default(), accesses: Vec::new(), out, span: data.span };
    reader.kinds.insert(index, Kind::Varying);
    for (k, &param) in region.params[1..].iter().enumerate() {
        reader.define(param, Kind::Way(k));
    }
    reader.region(*body, None)?;
    reader.span = data.span;
    for (k, &yielded) in region.yields.iter().enumerate() {
        if reader.kind(yielded) != Kind::Way(k) {
            return reader.refuse(Why::Carried);
        }
    }
    Ok(reader)
}

impl<'f> Reader<'_, 'f> {
    fn refuse<T>(&self, why: Why) -> Result<T, Refusal> {
        Err(Refusal { why, span: self.span })
    }

    /// What is known of a value; those that the loop does not define are the same in all iterations.
    fn kind(&self, v: Value) -> Kind {
        self.kinds.get(&v).copied().unwrap_or(Kind::Uniform)
    }

    fn is_uniform(&self, v: Value) -> bool {
        self.kind(v) == Kind::Uniform
    }

    fn region(&mut self, region: Region, guard: Option<usize>) -> Result<(), Refusal> {
        let f = self.f;
        f.region(region).insts.iter().try_for_each(|&inst| self.inst(inst, guard))
    }

    fn inst(&mut self, inst: Inst, guard: Option<usize>) -> Result<(), Refusal> {
        let data = self.f.inst(inst);
        self.span = data.span;
        match &data.op {
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => self.compute(inst),
            Op::If { cond, then, otherwise } => self.branch(inst, *cond, [*then, *otherwise], guard),
            Op::Load { array, subscripts } => self.load(inst, *array, subscripts),
            Op::Store { array, subscripts, value } => {
                let access = self.written(*array, subscripts, *value)?;
                self.step(What::Store(access, *value, guard));
                Ok(())
            }
            Op::Acc { array, subscripts, value } => {
                let access = self.written(*array, subscripts, *value)?;
                self.step(What::Acc(access, *value, guard));
                Ok(())
            }
            Op::Assert { cond, .. } => self.assert(&data.op, *cond),
            Op::For { .. } | Op::While { .. } => self.refuse(Why::Nested),
            Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } => self.refuse(Why::WholeArrays),
            Op::Call { .. } => self.refuse(Why::Calls),
            Op::TapePush { .. } | Op::TapePop { .. } if guard.is_some() => self.refuse(Why::Records),
            Op::TapePush { tape, values } => self.record(*tape, values, true),
            Op::TapePop { tape } => self.record(*tape, &data.results, false),
            Op::TapeNew { .. } => self.refuse(Why::Tape),
            Op::Print { .. } => self.refuse(Why::Prints),
        }
    }

    fn step(&mut self, what: What) {
        self.out.steps.push(Step { what, span: self.span });
    }

    fn define(&mut self, v: Value, kind: Kind) {
        if let Kind::Way(k) = kind {
            self.out.ways.insert(v, k);
        }
        self.kinds.insert(v, kind);
    }

    fn compute(&mut self, inst: Inst) -> Result<(), Refusal> {
        let data = self.f.inst(inst);
        let result = data.results[0];
        if data.op.effect() != Effect::Pure {
            return self.refuse(Why::Stops);
        }
        let operands = data.op.operands();
        if operands.iter().all(|&v| self.is_uniform(v)) {
            self.define(result, Kind::Uniform);
            self.out.before.push(Before::Compute(inst));
            return Ok(());
        }
        let kind = match self.way_through(&data.op)? {
            Some(way) => Kind::Way(way),
            None => Kind::Varying,
        };
        if kind == Kind::Varying && !self.has_lanes(result) {
            return self.refuse(Why::Type);
        }
        self.define(result, kind);
        self.step(What::Compute(inst));
        Ok(())
    }

    /// Whether values of its type have vectors, in registers.
    fn has_lanes(&self, v: Value) -> bool {
        matches!(self.f.ty(v).scalar(), Some(ScalarType::F64 | ScalarType::I64 | ScalarType::Bool))
    }

    /// The carried value on whose way a value is.
    fn way(&self, v: Value) -> Option<usize> {
        match self.kind(v) {
            Kind::Way(k) => Some(k),
            Kind::Uniform | Kind::Varying => None,
        }
    }

    /// The carried value on whose way an operation is, if it is on one.
    fn way_through(&mut self, op: &Op) -> Result<Option<usize>, Refusal> {
        let mut carried = std::mem::take(&mut self.out.carried);
        let found = way_through(op, &|v| self.way(v), &mut carried);
        self.out.carried = carried;
        match (found, op) {
            (Ok(Some(_)), Op::Prim { args, .. }) if !self.has_lanes(args[0]) => self.refuse(Why::Carried),
            (found, _) => found.or_else(|why| self.refuse(why)),
        }
    }

    fn branch(&mut self, inst: Inst, cond: Value, regions: [Region; 2], outer: Option<usize>) -> Result<(), Refusal> {
        let f = self.f;
        if matches!(self.kind(cond), Kind::Way(_)) {
            return self.refuse(Why::Carried);
        }
        for (region, holds) in regions.into_iter().zip([true, false]) {
            if f.region(region).insts.is_empty() {
                continue;
            }
            self.out.guards.push(Guard { cond, holds, outer });
            let guard = self.out.guards.len() - 1;
            self.region(region, Some(guard))?;
        }
        let data = f.inst(inst);
        self.span = data.span;
        let [then, otherwise] = regions.map(|region| &f.region(region).yields);
        for (k, &result) in data.results.iter().enumerate() {
            let choice = Choice { cond, then: then[k], otherwise: otherwise[k], result };
            if [cond, choice.then, choice.otherwise].into_iter().all(|v| self.is_uniform(v)) {
                self.define(result, Kind::Uniform);
                self.out.before.push(Before::Choose(choice));
                continue;
            }
            match chosen([cond, choice.then, choice.otherwise].map(|v| self.way(v))).or_else(|why| self.refuse(why))? {
                Some(way) => self.define(result, Kind::Way(way)),
                None if self.has_lanes(result) => self.define(result, Kind::Varying),
                None => return self.refuse(Why::Type),
            }
            self.step(What::Choose(choice));
        }
        Ok(())
    }

    /// The form of a subscript.
    fn linear(&self, i: Int) -> Result<Linear, Refusal> {
        let form = Linear::of(self.facts, self.out.index, &|v| self.is_uniform(v), i);
        form.filter(|form| form.scale.unsigned_abs() <= STEEPEST).map_or_else(|| self.refuse(Why::Subscript), Ok)
    }

    /// An element, whose subscripts are checked before the loop where nothing proves them.
    fn access(&mut self, array: Value, subscripts: &[Int], writes: bool) -> Result<Access, Refusal> {
        let f = self.f;
        let Some(ty) = f.ty(array).array() else { return self.refuse(Why::Type) };
        let mut forms = Vec::new();
        for (&subscript, &extent) in subscripts.iter().zip(&ty.dims) {
            let form = self.linear(subscript)?;
            if !self.facts.in_range(subscript, extent) {
                self.in_range(form.clone(), extent);
            }
            forms.push(form);
        }
        self.accesses.push(Touch { array, span: self.span, forms: forms.clone(), writes });
        Ok(Access { array, subscripts: forms.into() })
    }

    fn in_range(&mut self, form: Linear, extent: Int) {
        let known = |before: &Before| matches!(before, Before::InRange(f, e) if *f == form && *e == extent);
        if !self.out.before.iter().any(known) {
            self.out.before.push(Before::InRange(form, extent));
        }
    }

    fn load(&mut self, inst: Inst, array: Value, subscripts: &[Int]) -> Result<(), Refusal> {
        let result = self.f.inst(inst).results[0];
        let access = self.access(array, subscripts, false)?;
        // A subscript may be the same all over and still be computed in each iteration, like `i - i`: then the element is read there, too.
        let same = subscripts.iter().all(|s| s.value().is_none_or(|v| self.is_uniform(v)));
        if same && !self.out.written.contains(&array) {
            self.define(result, Kind::Uniform);
            self.out.before.push(Before::Compute(inst));
            return Ok(());
        }
        self.in_memory(result)?;
        self.define(result, Kind::Varying);
        self.step(What::Load(access, result));
        Ok(())
    }

    /// Refuses elements of other types than those with lanes.
    fn in_memory(&self, v: Value) -> Result<(), Refusal> {
        match self.f.ty(v).scalar() {
            Some(ScalarType::F64 | ScalarType::I64) => Ok(()),
            Some(ScalarType::F32 | ScalarType::Bool) | None => self.refuse(Why::Type),
        }
    }

    fn written(&mut self, array: Value, subscripts: &[Int], value: Value) -> Result<Access, Refusal> {
        if matches!(self.kind(value), Kind::Way(_)) {
            return self.refuse(Why::Carried);
        }
        self.in_memory(value)?;
        self.access(array, subscripts, true)
    }

    /// A record that is pushed, or popped.
    fn record(&mut self, tape: Value, fields: &[Value], saves: bool) -> Result<(), Refusal> {
        let others = || self.out.records.iter().filter(|record| record.tape == tape);
        if !self.is_uniform(tape) || others().any(|record| record.saves != saves) {
            return self.refuse(Why::Records);
        }
        let before = others().map(|record| record.bytes).sum();
        let types: Vec<ScalarType> = fields.iter().filter_map(|&v| self.f.ty(v).scalar()).collect();
        let record = self.out.records.len();
        self.out.records.push(Record { tape, saves, bytes: record_bytes(types.iter().copied()), before });
        for (&v, offset) in fields.iter().zip(record_offsets(&types)) {
            self.in_memory(v)?;
            let field = Field { record, offset };
            if !saves {
                self.define(v, Kind::Varying);
                self.step(What::Take(field, v));
                continue;
            }
            if self.way(v).is_some() {
                return self.refuse(Why::Carried);
            }
            self.step(What::Save(field, v));
        }
        Ok(())
    }

    /// An assertion that can be made once, or of a subscript.
    fn assert(&mut self, op: &Op, cond: Value) -> Result<(), Refusal> {
        if let Some((subscript, extent)) = self.facts.asserted(op)
            && extent.value().is_none_or(|v| self.is_uniform(v))
            && let Ok(form) = self.linear(subscript)
        {
            self.in_range(form, extent);
            return Ok(());
        }
        if !self.is_uniform(cond) {
            return self.refuse(Why::Stops);
        }
        self.out.before.push(Before::Holds(cond));
        Ok(())
    }

    /// Whether what an iteration writes is touched by no other; what has to hold for that is asked before the loop.
    fn independent(&mut self) -> Result<(), Refusal> {
        let mut apart: Vec<(Linear, Linear)> = Vec::new();
        for (k, a) in self.accesses.iter().enumerate() {
            let others = self.accesses[k..].iter().filter(|b| a.array == b.array && (a.writes || b.writes));
            for b in others {
                match a.meets(b) {
                    Meet::Never => {}
                    Meet::Unless(one, other) if apart.contains(&(one.clone(), other.clone())) => {}
                    Meet::Unless(one, other) => apart.push((one, other)),
                    Meet::May => return Err(Refusal { why: Why::Dependence, span: b.span }),
                }
            }
        }
        self.out.before.extend(apart.into_iter().map(|(one, other)| Before::Apart(one, other)));
        Ok(())
    }
}

impl Touch {
    /// Whether two iterations may touch the same element, one as this says, the other as that.
    fn meets(&self, other: &Touch) -> Meet {
        let axes = || self.forms.iter().zip(&other.forms);
        if axes().any(|(a, b)| never_meet(a, b)) {
            return Meet::Never;
        }
        let far = axes().find(|(a, b)| a.scale == b.scale && !a.is_uniform() && a.terms != b.terms);
        far.map_or(Meet::May, |(a, b)| Meet::Unless(a.clone(), b.clone()))
    }
}

/// Whether two forms are never the same in different iterations.
fn never_meet(a: &Linear, b: &Linear) -> bool {
    if a.scale != b.scale || a.terms != b.terms {
        return false;
    }
    match a.offset.wrapping_sub(b.offset) {
        0 => !a.is_uniform(),
        _ if a.is_uniform() => true,
        distance => distance % a.scale != 0,
    }
}
