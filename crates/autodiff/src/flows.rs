//! What derivatives flow through, for people: each float and each array of a function, whether active parameters reach it and whether results depend on it.
//!
//! In: a function and its active parameters. Out: [`Flow`]s, in the order of the text. The answers are those of [`crate::activity`], which the passes go by; here they are kept apart, and it is asked
//! of each parameter alone where it leads. Nothing is emitted.

use crate::Options;
use crate::activity::Activity;
use adit_diag::Span;
use adit_ir::{FuncId, Function, Inst, Module, Op, Passing, Type, Value};

/// More active parameters than this are not told apart.
const MOST_PARAMS: usize = 64;

/// A float or an array of floats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flow {
    /// Where the source makes it.
    pub span: Span,
    /// What it is, in a word or two.
    pub what: String,
    /// Whether it is an array.
    pub is_array: bool,
    /// Which active parameters reach it differentiably, by place among all parameters.
    pub from: Vec<usize>,
    /// Whether a result, or what the caller lent, depends on it differentiably.
    pub useful: bool,
}

impl Flow {
    /// Whether it carries derivatives.
    pub fn is_active(&self) -> bool {
        self.useful && !self.from.is_empty()
    }
}

/// What depends on active parameters differentiably.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// For each parameter; those that are written to, for what is written.
    pub params: Vec<bool>,
    /// For each result.
    pub results: Vec<bool>,
}

/// Which parameters and results of a function depend on active parameters differentiably.
pub fn reached(module: &Module, f: FuncId, active: &[bool]) -> Reached {
    let f = module.function(f);
    let is_float = |v: Value| f.ty(v).is_float();
    let seeds = f.params.iter().zip(active).filter(|(p, a)| **a && is_float(p.value)).map(|(p, _)| p.value);
    let everything: Vec<Value> = (0..f.value_count()).map(Value::new).filter(|&v| is_float(v)).collect();
    let activity = Activity::new(module, f, &seeds.collect::<Vec<_>>(), &everything, Options::default());
    let depends = |v: Value| is_float(v) && activity.of(v);
    Reached {
        params: f.params.iter().map(|p| depends(p.value)).collect(),
        results: f.region(f.body).yields.iter().map(|&v| depends(v)).collect(),
    }
}

/// All floats and arrays that a function makes.
pub fn flows(module: &Module, f: FuncId, active: &[bool]) -> Vec<Flow> {
    let (f, options) = (module.function(f), Options::default());
    let seeds: Vec<(usize, Value)> = (f.params.iter().enumerate())
        .filter(|(i, p)| active.get(*i).copied().unwrap_or(false) && f.ty(p.value).is_float())
        .map(|(i, p)| (i, p.value))
        .collect();
    let all: Vec<Value> = seeds.iter().map(|&(_, v)| v).collect();
    let lent = f.params.iter().zip(active).filter(|(p, a)| **a && p.passing == Passing::Mut).map(|(p, _)| p.value);
    let sinks: Vec<Value> = f.region(f.body).yields.iter().copied().chain(lent).collect();
    let everything: Vec<Value> = (0..f.value_count()).map(Value::new).filter(|&v| f.ty(v).is_float()).collect();
    // A way from anything to a result, and one from each parameter to anything.
    let useful = Activity::new(module, f, &everything, &sinks, options);
    let each: Vec<(usize, Activity)> = match seeds.len() {
        0..=MOST_PARAMS => {
            seeds.iter().map(|&(i, v)| (i, Activity::new(module, f, &[v], &everything, options))).collect()
        }
        _ => vec![(seeds[0].0, Activity::new(module, f, &all, &everything, options))],
    };
    let mut flows = Vec::new();
    f.walk(&mut |inst| {
        let data = f.inst(inst);
        for &v in data.results.iter().filter(|&&v| f.ty(v).is_float()) {
            flows.push(Flow {
                span: data.span,
                what: what(module, f, inst),
                is_array: matches!(f.ty(v), Type::Array(_)),
                from: each.iter().filter(|(_, reached)| reached.of(v)).map(|(i, _)| *i).collect(),
                useful: useful.of(v),
            });
        }
    });
    flows
}

fn what(module: &Module, f: &Function, inst: Inst) -> String {
    match &f.inst(inst).op {
        Op::Const(_) => "a literal".into(),
        Op::Prim { prim, .. } => prim.name().into(),
        Op::Select { .. } => "a choice".into(),
        Op::If { .. } => "the value of an if".into(),
        Op::For { .. } | Op::While { .. } => "carried by the loop".into(),
        Op::Alloc { .. } => "an array".into(),
        Op::Load { .. } => "an element".into(),
        Op::Call { callee, .. } => format!("call of {}", module.function(*callee).name),
        Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => "a record".into(),
        Op::Cmp { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => "nothing".into(),
        Op::Assert { .. } | Op::Print { .. } => "nothing".into(),
    }
}
