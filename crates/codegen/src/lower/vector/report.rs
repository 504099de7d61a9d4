//! What became of each loop, for readers.
//!
//! In: a function. Out: for each counted loop its place in the source and a sentence. No code is emitted.

use super::nest::Nest;
use super::{About, LANES, Plan, is_large};
use crate::lower::control::asks_for_no_number;
use crate::options::{Options, Vectors};
use adit_diag::Span;
use adit_ir::bounds::Facts;
use adit_ir::graph::CallGraph;
use adit_ir::loops::products::read;
use adit_ir::loops::{Refusal, Why};
use adit_ir::{FuncId, Inst, Module, Op, Region};
use adit_runtime::vector::Level;

/// What becomes of one loop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoopReport {
    /// The loop.
    pub span: Span,
    /// What becomes of it.
    pub what: String,
    /// What stands in the way, if something does.
    pub because: Option<Span>,
}

/// What becomes of the loops of a function where vectors are on, in order of writing.
pub fn loop_reports(module: &Module, id: FuncId) -> Vec<LoopReport> {
    let f = module.function(id);
    let (facts, graph) = (Facts::new(f), CallGraph::new(module, &[id]));
    let recursive = graph.place(id).is_some_and(|place| graph.is_recursive(place));
    let about = About { f, facts: &facts, recursive };
    let large = is_large(f, graph.inst_count(module));
    let mut report = Report { about, large, nest: None, depth: 0, rare: false, loops: Vec::new() };
    report.region(f.body);
    report.loops
}

struct Report<'r> {
    about: About<'r>,
    /// Whether compiling takes its time as it is.
    large: bool,
    /// What is written twice of what is around.
    nest: Option<Nest>,
    depth: usize,
    /// Whether what is read runs only where something is no number.
    rare: bool,
    loops: Vec<LoopReport>,
}

impl Report<'_> {
    fn region(&mut self, region: Region) {
        let f = self.about.f;
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            let span = f.inst(inst).span;
            let repeats = matches!(op, Op::For { .. } | Op::While { .. });
            let outermost = self.depth == 0;
            if matches!(op, Op::For { .. }) {
                if outermost {
                    self.nest = self.nest(inst);
                }
                let told = self.sentence(inst);
                self.loops.push(told);
            } else if repeats {
                let what = "one by one: how often it runs is not known before".to_owned();
                self.loops.push(LoopReport { span, what, because: None });
            }
            self.depth += usize::from(repeats);
            let around = self.rare;
            for (k, inner) in op.regions().into_iter().enumerate() {
                self.rare = around
                    || (k == 0 && matches!(op, Op::If { cond, .. } if asks_for_no_number(self.about.facts, *cond)));
                self.region(inner);
            }
            self.rare = around;
            self.depth -= usize::from(repeats);
            if outermost {
                self.nest = None;
            }
        }
    }

    fn plan(&self, inst: Inst) -> Result<Plan, Refusal> {
        Plan::new(self.about, inst, &Options { vectors: Vectors::On, ..Options::default() }, Level::here())
    }

    fn nest(&self, inst: Inst) -> Option<Nest> {
        let About { f, facts, .. } = self.about;
        let is_product = |inner| read(f, facts, inner).is_some();
        Nest::of(f, facts, inst, &|inner| self.plan(inner).ok(), &is_product)
    }

    fn sentence(&self, inst: Inst) -> LoopReport {
        let span = self.about.f.inst(inst).span;
        match self.planned(inst) {
            Ok(what) => LoopReport { span, what, because: None },
            Err(Refusal { why, span: at }) => {
                LoopReport { span, what: format!("one by one: {why}"), because: Some(at) }
            }
        }
    }

    fn planned(&self, inst: Inst) -> Result<String, Refusal> {
        let f = self.about.f;
        let plan = self.plan(inst)?;
        let Plan { l, phases, copies, least, trips, .. } = plan;
        let refuse = |why| Err(Refusal { why, span: f.inst(inst).span });
        if self.rare {
            return refuse(Why::Rare);
        }
        if self.large {
            return refuse(Why::Large);
        }
        let among = self.nest.as_ref().is_some_and(|nest| nest.has(inst));
        let from = match trips {
            Some(_) => String::new(),
            None if self.depth == 0 => format!(", from {least} iterations on"),
            None if among => format!(", from {least} iterations on, where the loops around gain by it"),
            None => return refuse(Why::Within),
        };
        let names: Vec<&str> = l.carried.iter().map(|c| c.name()).collect();
        let kind = if l.is_parallel() { "parallel".to_owned() } else { names.join(", ") };
        let kernels: Vec<&str> =
            phases.phases.iter().flat_map(|p| &p.calls).flat_map(|call| &call.prims).map(|p| p.name()).collect();
        let calls = if kernels.is_empty() { String::new() } else { format!("; in blocks for {}", kernels.join(", ")) };
        Ok(format!("{} at a time ({kind}){from}{calls}", LANES * copies))
    }
}
