//! What a function and its gradient cost, without running them.
//!
//! In: cleaned IR and sizes by name. Out: [`Cost`]: operations, weighted as the table of primitives says, and bytes pushed on tapes, as polynomials in sizes and trip counts. Both arms of an `if`
//! count, so a sum is what there is at most. What is not known, a size that was not given or the trips of a loop that depends on data, stays a symbol.
//!
//! ```text
//! for i in 0..n { s += sin(x[i]); }          43·n + 1
//! ```

use crate::pipeline::{Derived, Unit};
use crate::stage::source_line;
use adit_ir::limits::record_bytes;
use adit_ir::{FuncId, Function, Inst, Int, Module, Op, Prim, Region, Type, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Calls deeper than this count for nothing.
const DEEPEST: usize = 40;

/// So many calls are looked into.
const MOST_CALLS: usize = 10_000;

/// A sum of products of symbols.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Formula(BTreeMap<Vec<String>, f64>);

impl Formula {
    fn number(x: f64) -> Self {
        Formula(BTreeMap::from([(Vec::new(), x)]))
    }

    fn symbol(name: String) -> Self {
        Formula(BTreeMap::from([(vec![name], 1.0)]))
    }

    fn add(&mut self, other: &Formula, factor: f64) {
        for (symbols, x) in &other.0 {
            *self.0.entry(symbols.clone()).or_default() += x * factor;
        }
        self.0.retain(|_, x| *x != 0.0);
    }

    fn times(&self, other: &Formula) -> Formula {
        let mut product = Formula::default();
        for (a, x) in &self.0 {
            for (b, y) in &other.0 {
                let mut symbols = [&a[..], &b[..]].concat();
                symbols.sort();
                *product.0.entry(symbols).or_default() += x * y;
            }
        }
        product.0.retain(|_, x| *x != 0.0);
        product
    }

    /// The number, if there are no symbols.
    pub fn value(&self) -> Option<f64> {
        match self.0.iter().next() {
            None => Some(0.0),
            Some((symbols, x)) => (self.0.len() == 1 && symbols.is_empty()).then_some(*x),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<(&Vec<String>, &f64)> = self.0.iter().collect();
        terms.sort_by_key(|(symbols, _)| std::cmp::Reverse(symbols.len()));
        let shown = terms.iter().map(|(symbols, x)| match symbols.is_empty() {
            true => format!("{x}"),
            false => format!("{x}·{}", symbols.join("·")),
        });
        let text = shown.collect::<Vec<_>>().join(" + ");
        f.write_str(if text.is_empty() { "0" } else { &text })
    }
}

/// What a function costs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cost {
    /// Operations, weighted: an addition is 1.
    pub operations: Formula,
    /// Bytes pushed on tapes.
    pub tape: Formula,
}

impl Cost {
    fn add(&mut self, other: &Cost, times: &Formula) {
        self.operations.add(&other.operations.times(times), 1.0);
        self.tape.add(&other.tape.times(times), 1.0);
    }
}

/// The cost of a derived function whose parameters and dimensions have these names; sizes that are given are numbers.
pub(crate) fn of(unit: &Unit, derived: &Derived, names: &Names<'_>) -> Cost {
    let f = derived.function();
    let given = |name: &String| match names.sizes.iter().find(|(n, _)| n == name) {
        Some((_, size)) => Formula::number(*size as f64),
        None => Formula::symbol(name.clone()),
    };
    let mut known: Known = vec![None; f.value_count()];
    for (param, axis, name) in names.dims {
        let dims = f.params.get(*param).and_then(|p| f.ty(p.value).array()).map(|ty| &ty.dims);
        if let Some(dim) = dims.and_then(|dims| dims.get(*axis)).and_then(|dim| dim.value()) {
            known[dim.index()] = Some(given(name));
        }
    }
    for (p, name) in f.params.iter().zip(names.params).filter(|(p, _)| *f.ty(p.value) == Type::I64) {
        known[p.value.index()] = Some(given(name));
    }
    Walk { unit, module: &derived.module, depth: 0, calls: 0 }.function(derived.id, known)
}

/// What sizes are called.
pub(crate) struct Names<'a> {
    /// Which extent of which parameter, and its name.
    pub(crate) dims: &'a [(usize, usize, String)],
    pub(crate) params: &'a [String],
    pub(crate) sizes: &'a [(String, i64)],
}

type Known = Vec<Option<Formula>>;

struct Walk<'a> {
    unit: &'a Unit,
    module: &'a Module,
    depth: usize,
    calls: usize,
}

impl Walk<'_> {
    fn function(&mut self, id: FuncId, mut known: Known) -> Cost {
        let f = self.module.function(id);
        self.region(f, f.body, &mut known)
    }

    fn region(&mut self, f: &Function, region: Region, known: &mut Known) -> Cost {
        let mut cost = Cost::default();
        for &inst in &f.region(region).insts {
            let own = self.inst(f, inst, known);
            cost.add(&own, &Formula::number(1.0));
        }
        cost
    }

    fn inst(&mut self, f: &Function, inst: Inst, known: &mut Known) -> Cost {
        let data = f.inst(inst);
        let mut cost = Cost { operations: Formula::number(weight(&data.op)), ..Cost::default() };
        if let (Some(&result), Some(value)) = (data.results.first(), integer(&data.op, known)) {
            known[result.index()] = Some(value);
        }
        if let Op::TapePush { values, .. } = &data.op {
            let bytes = record_bytes(values.iter().filter_map(|&v| f.ty(v).scalar()));
            cost.tape = Formula::number(bytes as f64);
        }
        if let Op::Call { callee, args } = &data.op {
            let inner = self.call(f, *callee, args, known);
            cost.add(&inner, &Formula::number(1.0));
        }
        let trips = self.trips(f, inst, known);
        for inner in data.op.regions() {
            let once = self.region(f, inner, known);
            cost.add(&once, &trips);
        }
        cost
    }

    fn call(&mut self, f: &Function, callee: FuncId, args: &[Value], known: &Known) -> Cost {
        let g = self.module.function(callee);
        let mut inner: Known = vec![None; g.value_count()];
        for (param, &arg) in g.params.iter().zip(args) {
            inner[param.value.index()] = known[arg.index()].clone();
            let dims = |f: &Function, v: Value| f.ty(v).array().map(|ty| ty.dims.clone()).unwrap_or_default();
            for (to, from) in dims(g, param.value).into_iter().zip(dims(f, arg)) {
                if let Some(to) = to.value() {
                    inner[to.index()] = size(from, known);
                }
            }
        }
        self.calls += 1;
        if self.depth >= DEEPEST || self.calls > MOST_CALLS {
            return Cost::default();
        }
        self.depth += 1;
        let cost = self.function(callee, inner);
        self.depth -= 1;
        cost
    }

    /// How often the regions of an instruction run.
    fn trips(&self, f: &Function, inst: Inst, known: &Known) -> Formula {
        let data = f.inst(inst);
        if let Op::If { .. } = data.op {
            return Formula::number(1.0);
        }
        let counted = if let Op::For { lo, hi, step, .. } = data.op { between([lo, hi, step], known) } else { None };
        counted.unwrap_or_else(|| {
            Formula::symbol(format!("i{}", source_line(self.unit, data.span).map_or(0, |(line, _)| line)))
        })
    }
}

fn size(i: Int, known: &Known) -> Option<Formula> {
    match i {
        Int::Const(c) => Some(Formula::number(c as f64)),
        Int::Value(v) => known[v.index()].clone(),
    }
}

fn between([lo, hi, step]: [Int; 3], known: &Known) -> Option<Formula> {
    let (mut span, lo) = (size(hi, known)?, size(lo, known)?);
    let step = size(step, known)?.value()?;
    span.add(&lo, -1.0);
    match span.value() {
        Some(span) => Some(Formula::number((span / step).ceil().max(0.0))),
        None => Some(span.times(&Formula::number(1.0 / step))),
    }
}

/// Integers that are sums and products of known ones.
fn integer(op: &Op, known: &Known) -> Option<Formula> {
    if let Op::Const(adit_ir::Const::I64(c)) = op {
        return Some(Formula::number(*c as f64));
    }
    let Op::Prim { prim, args } = op else { return None };
    let [a, b] = [args.first()?, args.get(1)?].map(|v| known[v.index()].clone());
    let (mut a, b) = (a?, b?);
    let factor = [(Prim::Iadd, 1.0), (Prim::Isub, -1.0)].into_iter().find(|(p, _)| p == prim);
    match factor {
        Some((_, factor)) => a.add(&b, factor),
        None if *prim == Prim::Imul => a = a.times(&b),
        None => return None,
    }
    Some(a)
}

fn weight(op: &Op) -> f64 {
    match op {
        Op::Prim { prim, .. } => f64::from(prim.row().cost),
        Op::TapePush { values, .. } => values.len() as f64,
        Op::Cmp { .. } | Op::Select { .. } | Op::Load { .. } | Op::Store { .. } | Op::Call { .. } => 1.0,
        Op::Acc { .. } | Op::TapePop { .. } => 2.0,
        Op::Const(_) | Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Assert { .. } => 0.0,
        Op::Alloc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::TapeNew { .. } | Op::Print { .. } => 1.0,
    }
}
