//! Which counted loops threads can divide among themselves.
//!
//! In: a `for` of a function. Out: a [`Spread`], how carried values and arrays add up; or a [`Refusal`], why its iterations have to run one after the other, and where.
//!
//! ```text
//! for v4 in 0..d0 (v5: f64 = v2) {
//!   for v6 in 0..d1 { v7 = load v0[v4, v6]   store v1[v4, v6], v7 }       v1: each iteration has elements of its own
//!   v8 = load v3[v4]   acc v9[v8], v7                                ⇒    v9: only added to, so that each thread can have one of its own
//!   v10 = call @g(v7)  v11 = add v5, v10   yield v11                      v5: a sum
//! }
//! ```
//!
//! More than [`read`](super::read) takes: what a thread runs are whole iterations, so anything may stand in them (loops, calls, arrays and tapes of their own, what may stop the program) but what others could see: a line
//! printed, a function of the host, an element that another iteration writes. A tape that is new in front of the loop, and not mentioned behind it, is as good as the iterations' own: no derivative takes from one in an
//! iteration what another one put there, and a program that did would stop where nothing is left to take. Less than it takes of carried values: each has to add up. All is computed anew from the instructions; nothing is believed.

use super::carried::{chosen, way_through};
use super::{Linear, Reduction, Refusal, STEEPEST, Why};
use crate::bounds::Facts;
use crate::entities::{FuncId, Inst, Region, Value};
use crate::external::External;
use crate::func::{Function, Module, Passing};
use crate::inst::{Effect, Op};
use crate::types::Int;
use adit_diag::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// How a loop's iterations can be divided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spread {
    /// How carried values add up, in order.
    pub carried: Vec<Reduction>,
    /// Arrays from outside to which iterations only add, at any place.
    pub summed: Vec<Value>,
    /// Arrays from outside of which each iteration writes elements of its own.
    pub own: Vec<Value>,
}

/// Says how a loop can be divided.
///
/// # Errors
/// If its iterations have to run one after the other.
pub fn spread(module: &Module, f: &Function, facts: &Facts<'_>, inst: Inst) -> Result<Spread, Refusal> {
    let data = f.inst(inst);
    let refuse = |why| Err(Refusal { why, span: data.span });
    let Op::For { step, body, inits, .. } = &data.op else {
        return refuse(Why::Nothing);
    };
    if !matches!(facts.literal(*step), Some(1 | -1)) {
        return refuse(Why::Step);
    }
    let mut reader = Reader {
        module,
        f,
        facts,
        body: *body,
        index: f.region(*body).params[0],
        kinds: FxHashMap::default(),
        accesses: Vec::new(),
        carried: vec![Reduction::Kept; inits.len()],
        span: data.span,
    };
    reader.kinds.insert(reader.index, Kind::Varying);
    for (k, &param) in f.region(*body).params[1..].iter().enumerate() {
        reader.kinds.insert(param, Kind::Way(k));
    }
    reader.region(*body)?;
    reader.span = data.span;
    for (k, &yielded) in f.region(*body).yields.iter().enumerate() {
        if reader.kind(yielded) != Kind::Way(k) || reader.carried[k] == Reduction::Kept {
            return reader.refuse(Why::Carried);
        }
    }
    reader.arrays()
}

/// What is known of a value that the loop defines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The same in all iterations.
    Uniform,
    /// Different ones; and every array and tape of an iteration's own.
    Varying,
    /// On the way of a carried value.
    Way(usize),
}

/// What is done to elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Touch {
    Read,
    Write,
    Add,
}

/// Elements of an array from outside that an iteration touches. Subscripts that are not linear are `None`; a whole array has none.
struct Access {
    array: Value,
    touch: Touch,
    subscripts: Vec<Option<Linear>>,
    span: Span,
}

struct Reader<'r, 'f> {
    module: &'r Module,
    f: &'f Function,
    facts: &'r Facts<'f>,
    body: Region,
    index: Value,
    kinds: FxHashMap<Value, Kind>,
    accesses: Vec<Access>,
    carried: Vec<Reduction>,
    span: Span,
}

impl Reader<'_, '_> {
    fn refuse<T>(&self, why: Why) -> Result<T, Refusal> {
        Err(Refusal { why, span: self.span })
    }

    /// What is known of a value; those that the loop does not define are the same in all iterations.
    fn kind(&self, v: Value) -> Kind {
        self.kinds.get(&v).copied().unwrap_or(Kind::Uniform)
    }

    /// The carried value on whose way a value is.
    fn way(&self, v: Value) -> Option<usize> {
        match self.kind(v) {
            Kind::Way(k) => Some(k),
            Kind::Uniform | Kind::Varying => None,
        }
    }

    /// Whether an array or a tape lives outside the loop.
    fn is_outside(&self, v: Value) -> bool {
        !self.kinds.contains_key(&v)
    }

    /// Whether a tape may hold what was saved before the loop, or is for what comes after it: one that is new in front of the loop and mentioned in it alone is not.
    fn is_shared(&self, tape: Value) -> bool {
        let (f, mut mentioned) = (self.f, 0);
        f.walk_region(self.body, &mut |inst| {
            f.inst(inst).op.visit_operands(&mut |v| mentioned += u32::from(v == tape))
        });
        let new = matches!(self.facts.def(tape), Some(Op::TapeNew { .. }));
        self.is_outside(tape) && !(new && self.facts.uses(tape) == mentioned)
    }

    fn define(&mut self, values: &[Value], kind: Kind) {
        self.kinds.extend(values.iter().map(|&v| (v, kind)));
    }

    fn region(&mut self, region: Region) -> Result<(), Refusal> {
        let f = self.f;
        f.region(region).insts.iter().try_for_each(|&inst| self.inst(inst))
    }

    fn inst(&mut self, inst: Inst) -> Result<(), Refusal> {
        let f = self.f;
        let data = f.inst(inst);
        self.span = data.span;
        match &data.op {
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => {
                return self.compute(&data.op, data.results[0]);
            }
            Op::For { inits, body, .. } => return self.inner(&data.op, inits, &[*body], &data.results),
            Op::While { inits, cond, body, .. } => {
                return self.inner(&data.op, inits, &[*cond, *body], &data.results);
            }
            Op::If { cond, then, otherwise } => return self.branch(*cond, [*then, *otherwise], &data.results),
            Op::Load { array, subscripts } => self.access(*array, Touch::Read, subscripts),
            Op::Store { array, subscripts, .. } => self.access(*array, Touch::Write, subscripts),
            Op::Acc { array, subscripts, .. } => self.access(*array, Touch::Add, subscripts),
            Op::Copy { to, from } => {
                self.whole(*from, Touch::Read);
                self.whole(*to, Touch::Write);
            }
            Op::Fill { array, .. } => self.whole(*array, Touch::Write),
            Op::Call { callee, args } => self.call(*callee, args)?,
            Op::TapePush { tape, .. } | Op::TapePop { tape } if self.is_shared(*tape) => {
                return self.refuse(Why::Tape);
            }
            Op::Print { .. } => return self.refuse(Why::Prints),
            Op::Alloc { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } => {}
        }
        // A part of a sum is nobody's to look at.
        if data.op.operands().iter().any(|&v| self.way(v).is_some()) {
            return self.refuse(Why::Carried);
        }
        self.define(&data.results, Kind::Varying);
        Ok(())
    }

    fn compute(&mut self, op: &Op, result: Value) -> Result<(), Refusal> {
        let operands = op.operands();
        let kind = match self.way_through(op)? {
            Some(k) => Kind::Way(k),
            None if op.effect() == Effect::Pure && operands.iter().all(|&v| self.kind(v) == Kind::Uniform) => {
                Kind::Uniform
            }
            None => Kind::Varying,
        };
        self.define(&[result], kind);
        Ok(())
    }

    /// The carried value on whose way an operation is, if it is on one.
    fn way_through(&mut self, op: &Op) -> Result<Option<usize>, Refusal> {
        let mut carried = std::mem::take(&mut self.carried);
        let found = way_through(op, &|v| self.way(v), &mut carried);
        self.carried = carried;
        found.or_else(|why| self.refuse(why))
    }

    fn branch(&mut self, cond: Value, regions: [Region; 2], results: &[Value]) -> Result<(), Refusal> {
        let span = self.span;
        regions.into_iter().try_for_each(|region| self.region(region))?;
        self.span = span;
        let [then, otherwise] = regions.map(|region| &self.f.region(region).yields);
        for (k, &result) in results.iter().enumerate() {
            let way = chosen([cond, then[k], otherwise[k]].map(|v| self.way(v))).or_else(|why| self.refuse(why))?;
            self.define(&[result], way.map_or(Kind::Varying, Kind::Way));
        }
        if self.way(cond).is_some() {
            return self.refuse(Why::Carried);
        }
        Ok(())
    }

    /// A loop inside: what it carries is on the way of a carried value in every one of its iterations, or in none.
    fn inner(&mut self, op: &Op, inits: &[Value], regions: &[Region], results: &[Value]) -> Result<(), Refusal> {
        let (f, span) = (self.f, self.span);
        let kinds: Vec<Kind> = inits.iter().map(|&v| self.way(v).map_or(Kind::Varying, Kind::Way)).collect();
        let operands = op.operands();
        let (bounds, _) = operands.split_at(operands.len() - inits.len());
        if bounds.iter().any(|&v| self.way(v).is_some()) {
            return self.refuse(Why::Carried);
        }
        for &region in regions {
            let params = &f.region(region).params;
            let (index, carried) = params.split_at(params.len() - inits.len());
            self.define(index, Kind::Varying);
            carried.iter().zip(&kinds).for_each(|(&param, &kind)| self.define(&[param], kind));
            self.region(region)?;
        }
        self.span = span;
        let (body, conditions) = regions.split_last().map_or((None, regions), |(body, rest)| (Some(body), rest));
        let condition = conditions.iter().flat_map(|&r| &f.region(r).yields);
        let ends = body.into_iter().flat_map(|&r| &f.region(r).yields).map(|&v| self.way(v));
        let begins = kinds.iter().map(|kind| match kind {
            Kind::Way(k) => Some(*k),
            Kind::Uniform | Kind::Varying => None,
        });
        if condition.copied().any(|v| self.way(v).is_some()) || !ends.eq(begins) {
            return self.refuse(Why::Carried);
        }
        results.iter().zip(&kinds).for_each(|(&result, &kind)| self.define(&[result], kind));
        Ok(())
    }

    fn access(&mut self, array: Value, touch: Touch, subscripts: &[Int]) {
        if !self.is_outside(array) {
            return;
        }
        let uniform = |v: Value| self.kind(v) == Kind::Uniform;
        let form = |&i: &Int| Linear::of(self.facts, self.index, &uniform, i);
        let subscripts = subscripts.iter().map(form).collect();
        self.accesses.push(Access { array, touch, subscripts, span: self.span });
    }

    fn whole(&mut self, array: Value, touch: Touch) {
        if self.is_outside(array) {
            self.accesses.push(Access { array, touch, subscripts: Vec::new(), span: self.span });
        }
    }

    /// A call, which may do whatever it likes with arrays of the iteration's own, and read others.
    fn call(&mut self, callee: FuncId, args: &[Value]) -> Result<(), Refusal> {
        if let Some(why) = heard(self.module, callee) {
            return self.refuse(why);
        }
        for (&arg, param) in args.iter().zip(&self.module.function(callee).params) {
            match (self.f.ty(arg), param.passing) {
                (crate::Type::Scalar(_), _) => {}
                (crate::Type::Array(_), Passing::ByValue) => self.whole(arg, Touch::Read),
                (crate::Type::Array(_), Passing::Mut) => self.whole(arg, Touch::Write),
                (crate::Type::Tape(_), _) if self.is_shared(arg) => return self.refuse(Why::Tape),
                (crate::Type::Tape(_), _) => {}
            }
        }
        Ok(())
    }

    /// How arrays from outside are written.
    fn arrays(self) -> Result<Spread, Refusal> {
        let mut spread = Spread { carried: self.carried, ..Spread::default() };
        for access in self.accesses.iter().filter(|access| access.touch != Touch::Read) {
            let array = access.array;
            if spread.own.contains(&array) || spread.summed.contains(&array) {
                continue;
            }
            let all: Vec<&Access> = self.accesses.iter().filter(|other| other.array == array).collect();
            if (0..access.subscripts.len()).any(|axis| apart(&all, axis)) {
                spread.own.push(array);
            } else if all.iter().all(|other| other.touch == Touch::Add) {
                spread.summed.push(array);
            } else {
                return Err(Refusal { why: Why::Dependence, span: access.span });
            }
        }
        Ok(spread)
    }
}

/// Whether two iterations never touch the same element, for the sake of this axis: all accesses have the same subscript there, and it differs from one iteration to the next.
fn apart(all: &[&Access], axis: usize) -> bool {
    let form = |access: &Access| access.subscripts.get(axis).cloned().flatten();
    let Some(first) = all.first().and_then(|access| form(access)) else { return false };
    let steep = first.scale.unsigned_abs() > STEEPEST;
    !first.is_uniform() && !steep && all.iter().all(|access| form(access).as_ref() == Some(&first))
}

/// What makes a call of a function visible to others: it prints, or it calls a function of the host.
fn heard(module: &Module, callee: FuncId) -> Option<Why> {
    let (mut known, mut open) = (FxHashSet::default(), vec![callee]);
    while let Some(id) = open.pop() {
        if !known.insert(id) {
            continue;
        }
        let f = module.function(id);
        if f.derived.is_some() || matches!(f.external, Some(External::Host(_))) {
            return Some(Why::Host);
        }
        let mut prints = false;
        f.walk(&mut |inst| {
            let op = &f.inst(inst).op;
            prints |= matches!(op, Op::Print { .. });
            if let Op::Call { callee, .. } = op {
                open.push(*callee);
            }
        });
        if prints {
            return Some(Why::Prints);
        }
    }
    None
}
