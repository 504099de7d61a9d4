//! Directions side by side: all lanes of one float, then those of the next.
//!
//! In: directions, which say what each of their floats is, and a [`Group`] of parameters. Out: the shadows of these parameters, filled. Nothing is compared here.
//!
//! ```text
//! lane 0: a b c …        lane 1: A B C …        ⇒        a A b B c C …
//! ```

use super::pass::Pass;
use super::plan::{Group, Like, Target};
use crate::value::count;
use adit_ir::ScalarType;

/// Directions, one for each lane.
pub(super) trait Components {
    /// The component of a float in a lane.
    fn of(&self, float: usize, lane: usize) -> f64;

    /// Those of floats from this one on, all of so many lanes for each; all places are written.
    fn fill(&self, first: usize, lanes: usize, to: &mut [f64]) {
        for (float, places) in (first..).zip(to.chunks_exact_mut(lanes)) {
            places.iter_mut().enumerate().for_each(|(lane, x)| *x = self.of(float, lane));
        }
    }
}

impl<F: Fn(usize, usize) -> f64 + ?Sized> Components for F {
    fn of(&self, float: usize, lane: usize) -> f64 {
        self(float, lane)
    }
}

/// Directions that lie one after the other.
pub(super) struct Rows<'r> {
    floats: &'r [f64],
    /// How many each has.
    each: usize,
}

impl<'r> Rows<'r> {
    pub(super) fn new(floats: &'r [f64], lanes: usize) -> Self {
        Rows { floats, each: floats.len() / lanes.max(1) }
    }

    /// The rest of a direction from a float on.
    fn from(&self, first: usize, lane: usize) -> &'r [f64] {
        self.floats.get(lane * self.each + first..(lane + 1) * self.each).unwrap_or_default()
    }

    /// As many lanes as are known when this is compiled, so that they need no counting.
    fn fill_all<const N: usize>(&self, first: usize, to: &mut [f64]) {
        let floats = to.len() / N;
        let rows: [&[f64]; N] = std::array::from_fn(|lane| self.from(first, lane));
        if rows.iter().any(|row| row.len() < floats) {
            return to.fill(0.0);
        }
        let rows = rows.map(|row| &row[..floats]);
        for (i, places) in to.chunks_exact_mut(N).enumerate() {
            places.iter_mut().zip(rows).for_each(|(x, row)| *x = row[i]);
        }
    }
}

impl Components for Rows<'_> {
    fn of(&self, float: usize, lane: usize) -> f64 {
        self.from(float, lane).first().copied().unwrap_or(0.0)
    }

    fn fill(&self, first: usize, lanes: usize, to: &mut [f64]) {
        match lanes {
            2 => self.fill_all::<2>(first, to),
            4 => self.fill_all::<4>(first, to),
            8 => self.fill_all::<8>(first, to),
            _ => {
                for lane in 0..lanes {
                    let places = to.iter_mut().skip(lane).step_by(lanes);
                    let floats = self.from(first, lane).iter().copied().chain(std::iter::repeat(0.0));
                    places.zip(floats).for_each(|(place, x)| *place = x);
                }
            }
        }
    }
}

impl Pass<'_> {
    /// Gives unit directions, the float of this number first in lane 0.
    pub(super) fn units(&mut self, group: &Group, first: usize) {
        self.directions(group, &|float: usize, lane: usize| f64::from(u8::from(float == first + lane)));
    }

    /// Gives directions.
    pub(super) fn directions(&mut self, group: &Group, along: &(impl Components + ?Sized)) {
        let lanes = self.lanes();
        let mut before = 0;
        for leaf in group.items.iter().flat_map(std::ops::Range::clone) {
            let (at, lanes) = match group.targets[leaf] {
                Target::Lanes(at) => (at, lanes),
                Target::Slot(at) => (at, 1),
                Target::Skip | Target::Result(_) => continue,
            };
            if self.like(at) == Like::Given {
                (0..lanes).for_each(|lane| self.float(at + lane, along.of(before, lane)));
                before += 1;
                continue;
            }
            let dims = self.extents(at).unwrap_or_default();
            let n = count(&dims) / lanes;
            match self.type_of(at) {
                ScalarType::F32 => {
                    self.filled::<f32>(at, &dims, |x| {
                        let place = |i: usize| along.of(before + i / lanes, i % lanes);
                        x.iter_mut().enumerate().for_each(|(i, x)| *x = place(i) as f32);
                    });
                }
                ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => {
                    self.filled::<f64>(at, &dims, |x| along.fill(before, lanes, x));
                }
            }
            before += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_side_by_side_however_many_there_are() {
        for lanes in 1..=9 {
            let each = 5;
            let floats: Vec<f64> = (0..lanes * each).map(|i| i as f64).collect();
            let rows = Rows::new(&floats, lanes);
            let first = 2;
            let mut to = vec![f64::NAN; (each - first) * lanes];
            rows.fill(first, lanes, &mut to);
            for (i, x) in to.iter().enumerate() {
                let (float, lane) = (first + i / lanes, i % lanes);
                assert_eq!((*x, rows.of(float, lane)), ((lane * each + float) as f64, *x), "{lanes} lanes");
            }
            // What is missing is zero, and not what stood there.
            to.resize((each + 1) * lanes, f64::NAN);
            rows.fill(0, lanes, &mut to);
            assert!(to.iter().all(|x| x.is_finite()), "{lanes} lanes");
        }
    }
}
