//! After a call: its results, on their way to where a host wants them.
//!
//! In: the results of the last call, or a row of floats. Out: numbers, written into leaves in the order in which these were passed. Arrays were written by the call itself, but for rows.

use super::leaves::Leaves;
use super::memory::{Number, Workspace};
use super::plan::{Group, Target};

/// The results of a call, on their way to where a host wants them.
#[derive(Debug)]
pub struct Take<'w> {
    pub(super) workspace: &'w Workspace,
    pub(super) group: &'w Group,
    pub(super) leaf: usize,
    /// Whether results are added to what is there.
    pub(super) add: bool,
    /// Floats that are put into the leaves in order, in the place of results.
    pub(super) row: Option<Row<'w>>,
    /// Whether the row was not as long as the leaves.
    pub(super) mismatch: bool,
}

/// Floats in a row, every one or one in so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'w> {
    floats: &'w [f64],
    step: usize,
}

impl<'w> Row<'w> {
    /// All of them.
    pub(super) fn of(floats: &'w [f64]) -> Self {
        Row { floats, step: 1 }
    }

    /// Those of one lane, of so many side by side.
    pub(super) fn of_lane(floats: &'w [f64], lane: usize, lanes: usize) -> Self {
        Row { floats: floats.get(lane..).unwrap_or_default(), step: lanes }
    }
}

/// The shadow of a value: the same with zeros for its floats. What is no float in it stays. [`Value::zeroed`](crate::Value::zeroed) does it for values of a dynamic type.
///
/// ```
/// use adit::{Leaves, make_zero};
///
/// #[derive(Clone, Leaves)]
/// struct Net { w: Vec<[f64; 2]>, b: f64, depth: i64 }
///
/// let shadow = make_zero(&Net { w: vec![[1.0, 2.0]; 3], b: 0.5, depth: 3 });
/// assert_eq!((shadow.w, shadow.b, shadow.depth), (vec![[0.0; 2]; 3], 0.0, 3));
/// ```
pub fn make_zero<T: Leaves + Clone>(value: &T) -> T {
    let mut shadow = value.clone();
    let (workspace, group) = (Workspace::new(), Group::unknown());
    // A row that has ended gives zeros.
    let mut zeros =
        Take { workspace: &workspace, group: &group, leaf: 0, add: false, row: Some(Row::of(&[])), mismatch: false };
    shadow.take(&mut zeros);
    shadow
}

impl Take<'_> {
    /// The value of this place in the group comes.
    #[inline]
    pub(super) fn item(&mut self, at: usize) {
        self.leaf = self.group.items.get(at).map_or(0, |leaves| leaves.start);
    }

    #[inline]
    fn next(&mut self) -> Target {
        self.leaf += 1;
        self.group.targets.get(self.leaf - 1).copied().unwrap_or(self.group.others)
    }

    /// The next number of the row.
    fn next_of_row(&mut self) -> f64 {
        let Some(Row { floats: [x, ..], step }) = self.row else {
            self.mismatch = true;
            return 0.0;
        };
        let x = *x;
        self.row = self.row.map(|row| Row { floats: row.floats.get(step..).unwrap_or_default(), step });
        x
    }

    #[inline]
    fn put<T: Number>(&self, to: &mut T, x: T) {
        *to = if self.add { to.plus(x) } else { x };
    }

    /// A number, in the order in which it was passed.
    #[inline]
    pub fn scalar<T: Number>(&mut self, x: &mut T) {
        match (self.next(), self.row) {
            (Target::Skip, _) => {}
            (_, Some(_)) => {
                let float = self.next_of_row();
                self.put(x, x.nearest(float));
            }
            (Target::Result(k), None) => self.put(x, self.workspace.staging.result::<T>(k)),
            (Target::Slot(_) | Target::Lanes(_), None) => {}
        }
    }

    /// An array, in the order in which it was passed.
    #[inline]
    pub fn array<T: Number>(&mut self, x: &mut [T]) {
        if self.next() != Target::Skip && self.row.is_some() {
            for x in x {
                let float = self.next_of_row();
                self.put(x, x.nearest(float));
            }
        }
    }

    /// An array that was handed over by [`Pass::elements`](super::Pass::elements): `put` is given elements row by row.
    pub fn elements<T: Number>(&mut self, n: usize, mut put: impl FnMut(usize, T)) {
        let target = self.next();
        if target != Target::Skip && self.row.is_some() {
            for i in 0..n {
                let float = self.next_of_row();
                put(i, T::default().nearest(float));
            }
        } else if let Target::Slot(at) | Target::Lanes(at) = target
            && let Some(x) = self.workspace.argument::<T>(at)
        {
            x.iter().enumerate().for_each(|(i, &x)| put(i, x));
        }
    }
}
