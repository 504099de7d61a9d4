//! What became of each loop, for readers.
//!
//! In: a function. Out: for each counted loop its place in the source and a sentence. No code is emitted.

use super::{LANES, Plan};
use crate::options::{Options, Vectors};
use adit_diag::Span;
use adit_ir::bounds::Facts;
use adit_ir::loops::Refusal;
use adit_ir::{Function, Inst, Op};
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
pub fn loop_reports(f: &Function) -> Vec<LoopReport> {
    let facts = Facts::new(f);
    let mut loops = Vec::new();
    f.walk(&mut |inst| {
        let span = f.inst(inst).span;
        let op = &f.inst(inst).op;
        if matches!(op, Op::For { .. }) {
            loops.push(sentence(f, &facts, inst));
        } else if matches!(op, Op::While { .. }) {
            let what = "one by one: how often it runs is not known before".to_owned();
            loops.push(LoopReport { span, what, because: None });
        }
    });
    loops
}

fn sentence(f: &Function, facts: &Facts<'_>, inst: Inst) -> LoopReport {
    let span = f.inst(inst).span;
    match planned(f, facts, inst) {
        Ok(what) => LoopReport { span, what, because: None },
        Err(Refusal { why, span: at }) => LoopReport { span, what: format!("one by one: {why}"), because: Some(at) },
    }
}

fn planned(f: &Function, facts: &Facts<'_>, inst: Inst) -> Result<String, Refusal> {
    let Plan { l, phases, copies, .. } =
        Plan::new(f, facts, inst, &Options { vectors: Vectors::On, ..Options::default() }, Level::here())?;
    let names: Vec<&str> = l.carried.iter().map(|c| c.name()).collect();
    let kind = if l.is_parallel() { "parallel".to_owned() } else { names.join(", ") };
    let kernels: Vec<&str> =
        phases.phases.iter().flat_map(|p| &p.calls).flat_map(|call| &call.prims).map(|p| p.name()).collect();
    let calls = if kernels.is_empty() { String::new() } else { format!("; in blocks for {}", kernels.join(", ")) };
    Ok(format!("{} at a time ({kind}){calls}", LANES * copies))
}
