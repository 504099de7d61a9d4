//! Values that are looked at, beside or in the place of being given: shadows are compared with arguments, directions are listed, integers are remembered.
//!
//! In: a [`Pass`], and what comes. Out: lists, and faults. It is off the way of ordinary calls, which ask one flag for each leaf.

use super::super::fault::Fault;
use super::super::memory::Number;
use super::super::plan::{Group, Target};
use super::Pass;
use adit_runtime::Misfit;

impl<'a> Pass<'a> {
    /// Values of this group are compared with arguments, and their floats put in a list.
    pub(in crate::handle) fn gather(&mut self, group: &'a Group, to: &'a mut Vec<f64>) {
        self.group(group, false);
        self.gathered = Some(to);
        (self.probe, self.watched, self.preserve) = (true, true, true);
    }

    /// The list that floats were put in; no more are.
    pub(in crate::handle) fn listed(&mut self) -> Option<&'a [f64]> {
        self.gathered.take().map(|list| &list[..])
    }

    /// What comes is given again.
    pub(in crate::handle) fn give(&mut self) {
        (self.probe, self.watched, self.preserve) = (false, self.witness.is_some(), false);
    }

    /// Extents, integers and truth values of the arguments that come are put in a list too.
    pub(in crate::handle) fn witness(&mut self, to: &'a mut Vec<i64>) {
        self.witness = Some(to);
        self.watched = true;
    }

    /// Values of this group are compared with arguments, and not given.
    pub(in crate::handle) fn probe(&mut self, group: &'a Group) {
        self.group(group, true);
        (self.probe, self.watched, self.preserve) = (true, true, false);
    }

    /// A number, which is looked at.
    #[cold]
    pub(super) fn watch<T: Number>(&mut self, leaf: usize, x: T) {
        if let Some(to) = &mut self.witness {
            to.extend(x.whole());
        }
        let given = match self.group.targets[leaf] {
            Target::Skip => Ok(()),
            Target::Slot(at) | Target::Lanes(at) if !self.probe => self.staged.scalar(at, x),
            Target::Slot(_) | Target::Lanes(_) | Target::Result(_) => match self.leaf_at(leaf) {
                leaf if leaf.is_array() => Err(Misfit::Kind),
                leaf if leaf.element != T::TYPE => Err(Misfit::Element),
                _ => {
                    if let Some(to) = self.gathered.as_mut().filter(|_| self.probe) {
                        to.push(x.wide());
                    }
                    Ok(())
                }
            },
        };
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    /// An array came of so many elements.
    #[cold]
    pub(super) fn seen<T: Number>(&mut self, dims: &[usize], n: usize, get: impl Fn(usize) -> T) {
        let Some(to) = &mut self.witness else { return };
        to.extend(dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)));
        if !T::TYPE.is_float() {
            to.extend((0..n).filter_map(|i| get(i).whole()));
        }
    }

    /// An array that is read, which is looked at.
    #[cold]
    pub(super) fn watch_array<T: Number>(&mut self, leaf: usize, dims: &[usize], x: &'a [T]) {
        self.seen(dims, x.len(), |i| x[i]);
        let given = match self.group.targets[leaf] {
            Target::Slot(at) | Target::Lanes(at) if self.probe => {
                if let Some(to) = &mut self.gathered {
                    to.extend(x.iter().map(|x| x.wide()));
                }
                return self.compare::<T>(leaf, at, dims);
            }
            Target::Slot(_) | Target::Lanes(_) | Target::Result(_) | Target::Skip => self.read(leaf, dims, x),
        };
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    /// That an array is like an argument.
    #[inline(never)]
    pub(super) fn compare<T: Number>(&mut self, leaf: usize, at: usize, dims: &[usize]) {
        let like = self.leaf_at(leaf);
        if !like.is_array() {
            self.fail(Fault::Misfit(leaf, Misfit::Kind, T::NAME));
        } else if like.element != T::TYPE {
            self.fail(Fault::Misfit(leaf, Misfit::Element, T::NAME));
        } else if !self.carver.short && self.extents(self.origin(at)).as_deref() != Some(dims) {
            self.fail(Fault::Extents(leaf));
        }
    }
}
