//! Star colouring of a symmetric pattern.
//!
//! In: a symmetric pattern. Out: a colouring in which neighbours differ and no path of four has two colours: what two colours span are stars, and the entry of each edge is found alone in the row of a point.
//!
//! When v gets its colour: not those of its neighbours; not those of neighbours of neighbours w that have no colour yet; and not that of x in a path v, w, x, y if y has the colour of w. How often a colour
//! occurs around x is counted, so that y is not looked for.
//!
//! A variable that meets very many others gets a colour for itself alone: no path through it can then have two colours, so it is taken out, and what is left is cheap.

use super::{Colouring, NONE, Taken, largest_first};
use crate::pattern::Pattern;
use rustc_hash::FxHashMap;

/// Steps that colouring may take, about; more, and those with most neighbours are taken out.
const STEPS: usize = 2_000_000_000;

/// Colours the columns of a symmetric pattern, for [`star_reads`](super::star_reads). Columns without entries get no colour.
pub fn star(pattern: &Pattern) -> Colouring {
    star_within(pattern, STEPS)
}

/// The same in about so many steps.
pub(super) fn star_within(pattern: &Pattern, steps: usize) -> Colouring {
    let degrees: Vec<usize> = (0..pattern.columns()).map(|column| pattern.column(column).len()).collect();
    let mut order = largest_first(&degrees);
    let mut colours = vec![NONE; degrees.len()];
    let mut work: usize = degrees.iter().fold(0, |sum, &d| sum.saturating_add(d.saturating_mul(d)));
    let mut alone = 0;
    while work > steps && alone < order.len() {
        let degree = degrees[order[alone]];
        colours[order[alone]] = alone as u32;
        work = work.saturating_sub(degree.saturating_mul(degree));
        alone += 1;
    }
    order.drain(..alone);
    let mut greedy = Greedy { pattern, colours, alone: alone as u32, around: FxHashMap::default() };
    for column in order.into_iter().filter(|&column| degrees[column] > 0) {
        greedy.colour(column);
    }
    Colouring::new(greedy.colours)
}

struct Greedy<'p> {
    pattern: &'p Pattern,
    colours: Vec<u32>,
    /// Colours below are those of one variable each.
    alone: u32,
    /// How often a colour occurs among the neighbours of a variable.
    around: FxHashMap<(usize, u32), u32>,
}

impl<'p> Greedy<'p> {
    /// The others that a variable meets, without those that have a colour for themselves.
    fn neighbours(&self, of: usize) -> impl Iterator<Item = usize> + use<'p, '_> {
        let others = self.pattern.column(of).iter().copied();
        others.filter(move |&w| w != of && (self.colours[w] == NONE || self.colours[w] >= self.alone))
    }

    fn colour(&mut self, v: usize) {
        let mut taken = Taken::default();
        for w in self.neighbours(v) {
            let between = self.colours[w];
            if between != NONE {
                taken.add(between - self.alone);
            }
            for x in self.neighbours(w).filter(|&x| x != v && self.colours[x] != NONE) {
                if between == NONE || self.around.get(&(x, between)).is_some_and(|&count| count > 1) {
                    taken.add(self.colours[x] - self.alone);
                }
            }
        }
        let colour = self.alone + taken.first_free();
        self.colours[v] = colour;
        let neighbours: Vec<usize> = self.neighbours(v).collect();
        for w in neighbours {
            *self.around.entry((w, colour)).or_default() += 1;
        }
    }
}
