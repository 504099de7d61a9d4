//! Sizes while values are passed: what the extents of an argument are or have to be.
//!
//! In: a [`Pass`] with what was given so far. Out: extents, counts of floats, and errors that name what does not agree. It gives nothing.

use super::super::fault::{WRONG_SIZE, argument_name, leaf_of};
use super::super::plan::{Group, Like, Target};
use super::{Extents, Pass};
use crate::error::{Error, Result};
use crate::value::count;
use adit_sema::layout::{DimSource, Given, eval_dim};
use adit_sema::typed::{DimExpr, LocalId};
use smallvec::smallvec;
use std::ops::Range;

impl Pass<'_> {
    /// The extents of an argument, as given or as those that were given say.
    pub(in crate::handle) fn extents(&self, at: usize) -> Option<Extents> {
        match self.target.plan.likes[at] {
            Like::Given => Some(self.given(at)),
            Like::Taped(of) => self.shapes.get(of).cloned(),
            Like::Argument(of, lanes) => {
                let mut dims = self.extents(of)?;
                dims.extend((lanes > 1).then_some(lanes));
                Some(dims)
            }
            Like::Destination(k) => {
                let dims = self.shape().layout.destinations[k].dims.iter();
                dims.map(|dim| usize::try_from(self.dim(dim)?).ok()).collect()
            }
        }
    }

    /// The extents of an argument that are those of one that was given.
    #[inline]
    pub(super) fn given_with(&self, mut at: usize) -> Option<&[usize]> {
        loop {
            match self.target.plan.likes[at] {
                Like::Argument(of, 1) => at = of,
                Like::Given => return self.staged.extents(at),
                Like::Argument(..) | Like::Destination(_) | Like::Taped(_) => return None,
            }
        }
    }

    /// The extents of an argument as given; zeros if it was not.
    fn given(&self, at: usize) -> Extents {
        self.staged.extents(at).map_or_else(|| smallvec![0; self.staged.rank(at)], Extents::from_slice)
    }

    /// The value of an extent that a type says.
    fn dim(&self, dim: &DimExpr) -> Option<i64> {
        eval_dim(dim, &|local| self.local(local))
    }

    fn local(&self, local: LocalId) -> Option<i64> {
        let layout = &self.shape().layout;
        if let Some(dim) = layout.dims.iter().find(|d| d.local == local) {
            return match dim.source {
                DimSource::Extent { leaf, axis } => {
                    Some(self.staged.extents(layout.ir_param(leaf)).map_or(0, |dims| dims[axis] as i64))
                }
                DimSource::Explicit(_) => None,
            };
        }
        let leaf = layout.params.iter().position(|l| l.local == Some(local))?;
        self.staged.given::<i64>(layout.ir_param(leaf))
    }

    /// How many floats the values of a group hold, whose arguments were given.
    pub(in crate::handle) fn floats(&self, group: &Group) -> usize {
        let leaves = group.items.iter().flat_map(Range::clone);
        let float = |leaf: usize| leaf_of(self.shape(), group, leaf).element.is_float();
        let floats = |leaf: usize| match group.targets[leaf] {
            Target::Skip => 0,
            Target::Slot(at) | Target::Lanes(at) if leaf_of(self.shape(), group, leaf).is_array() => {
                let of = match self.target.plan.likes[at] {
                    Like::Argument(of, _) => of,
                    Like::Given | Like::Destination(_) | Like::Taped(_) => at,
                };
                self.extents(of).map_or(0, |dims| count(&dims))
            }
            Target::Slot(_) | Target::Lanes(_) | Target::Result(_) => 1,
        };
        leaves.filter(|&leaf| float(leaf)).map(floats).sum()
    }

    /// That extents which types compute are as they say.
    #[inline]
    pub(super) fn sizes(&self) -> Result<()> {
        let plan = &self.target.plan;
        match () {
            () if plan.plain => Ok(()),
            () if plan.taped => self.taped_sizes(),
            () => self.computed_sizes(),
        }
    }

    fn computed_sizes(&self) -> Result<()> {
        let layout = &self.shape().layout;
        for &(leaf, axis) in &self.target.plan.computed {
            let at = layout.ir_param(leaf);
            let found = self.staged.extents(at).map_or(0, |dims| dims[axis] as i64);
            if self.dim(&layout.params[leaf].dims[axis]) != Some(found) {
                return Err(self.disagreement(at));
            }
        }
        match (0..layout.destinations.len()).map(|k| layout.ir_destination(k)).find(|&at| self.differs(at)) {
            Some(at) => Err(self.disagreement(at)),
            None => Ok(()),
        }
    }

    /// Whether an argument was given with other extents than it is to have.
    fn differs(&self, at: usize) -> bool {
        self.staged.extents(at).is_some_and(|given| self.extents(at).as_deref() != Some(given))
    }

    /// That what goes with arguments of the augmented primal has their extents.
    fn taped_sizes(&self) -> Result<()> {
        let mut likes = self.target.plan.likes.iter().enumerate();
        match likes.find(|&(at, like)| matches!(like, Like::Taped(_)) && self.differs(at)) {
            Some((at, _)) => Err(self.disagreement(at)),
            None => Ok(()),
        }
    }

    /// Says which sizes do not agree: of the function's own arguments if those do not, else of this one.
    #[cold]
    pub(super) fn disagreement(&self, at: usize) -> Error {
        if let Some(error) = self.misbound() {
            return error;
        }
        let (found, wanted) = (self.given(at), self.extents(self.origin(at)));
        let wanted = wanted.unwrap_or_default();
        let name = argument_name(self.target, at);
        Error::input(WRONG_SIZE, format!("{name} has the extents {:?} where {:?} are wanted", &found[..], &wanted[..]))
    }

    /// What of the function's own arguments does not agree, where they are arguments of the call.
    fn misbound(&self) -> Option<Error> {
        if self.target.plan.taped {
            return None;
        }
        let layout = &self.shape().layout;
        let params = 0..layout.params.len();
        let extents = |i| self.given(layout.ir_param(i)).iter().map(|&d| Some(d)).collect();
        let shapes: Vec<Vec<Option<usize>>> = params.clone().map(extents).collect();
        let ints: Vec<Option<i64>> = params.map(|i| self.staged.given::<i64>(layout.ir_param(i))).collect();
        let bound = layout.bind(Given { shapes: &shapes, ints: &ints, explicit: &[] });
        bound.err().map(|e| Error::input(WRONG_SIZE, e.to_string()))
    }

    /// The argument whose extents another one has, found through to the end.
    pub(super) fn origin(&self, mut at: usize) -> usize {
        while let Like::Argument(of, _) = self.target.plan.likes[at] {
            at = of;
        }
        at
    }
}
