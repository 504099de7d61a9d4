//! What is told about loops with a checkpoint: for people.
//!
//! In: the loops that a reverse sweep met ([`Met`]). Out: one [`Kept`] each: what a snapshot holds, how there come to be fewer of them than iterations, or why there are none.
//!
//! ```text
//! @checkpoint(binomial: 10) for t in 0..n { x[0] += sin(x[1]) ; … }       16 bytes and the elements of x; at most 10 of them
//! ```

use super::facts::Facts;
use crate::steps::{Outlined, Unkept};
use adit_diag::Span;
use adit_ir::limits::record_bytes;
use adit_ir::{CheckpointKind, FuncId, Function, Inst, Int, Op, ScalarType};

/// A loop with a checkpoint that a reverse sweep met.
#[derive(Clone, Copy, Debug)]
pub struct Met {
    pub inst: Inst,
    /// Whether its iterations could have been reversed one by one instead.
    pub needless: bool,
}

/// How a loop with a checkpoint is reversed.
#[derive(Clone, PartialEq, Debug)]
pub struct Kept {
    /// The function that is differentiated.
    pub function: String,
    /// The loop.
    pub span: Span,
    /// What the attribute says.
    pub kind: CheckpointKind,
    /// Its number, if the text tells.
    pub size: Option<i64>,
    /// How many iterations there are, if the text tells.
    pub trips: Option<u64>,
    /// Whether they are counted before.
    pub counted: bool,
    /// Whether its iterations could have been reversed one by one, without saving anything.
    pub needless: bool,
    /// What a snapshot holds; why there are none, otherwise.
    pub snapshot: Result<Snapshot, Unkept>,
}

/// What a snapshot holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    /// Bytes of what the loop carries, and of how many iterations came before.
    pub bytes: u64,
    /// Arrays: bytes of an element, and extents.
    pub arrays: Vec<(u64, Vec<Extent>)>,
}

/// An extent of an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// A number.
    Number(i64),
    /// A dimension of the function, by its place.
    Dim(usize),
    /// Something computed.
    Computed,
}

/// What is told about a loop.
pub(super) fn kept(source: &Function, facts: &Facts, outlined: &Outlined, id: FuncId, met: &Met) -> Option<Kept> {
    let data = source.inst(met.inst);
    let checkpoint = data.op.checkpoint()?;
    let bounds = if let Op::For { lo, hi, step, .. } = data.op { Some([lo, hi, step]) } else { None };
    let trips = bounds.and_then(|bounds| facts.nest.known_trips(source, bounds));
    let snapshot = match outlined.of(id, met.inst) {
        None => Err(outlined.prevented(id, met.inst)?),
        Some(steps) => {
            let scalars = data.results.iter().filter_map(|&r| source.ty(r).scalar());
            let state = steps.arrays.iter().filter(|lent| lent.is_state());
            let arrays = state.filter_map(|lent| source.ty(lent.array).array()).map(|ty| {
                let extents = ty.dims.iter().map(|&dim| extent(source, dim)).collect();
                (ty.element.bytes() as u64, extents)
            });
            Ok(Snapshot { bytes: record_bytes(scalars.chain([ScalarType::I64])), arrays: arrays.collect() })
        }
    };
    Some(Kept {
        function: source.name.clone(),
        span: data.span,
        kind: checkpoint.kind,
        size: match checkpoint.size {
            Int::Const(c) => Some(c.max(1)),
            Int::Value(_) => None,
        },
        trips,
        counted: matches!(data.op, Op::While { .. }) && checkpoint.kind != CheckpointKind::Every,
        needless: met.needless,
        snapshot,
    })
}

fn extent(source: &Function, dim: Int) -> Extent {
    match dim {
        Int::Const(c) => Extent::Number(c),
        Int::Value(v) => source.dims.iter().position(|&d| d == v).map_or(Extent::Computed, Extent::Dim),
    }
}
