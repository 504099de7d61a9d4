//! Sets of pairs: which inputs meet in a product, a sine, or anything else with a second derivative.
//!
//! In: products of [`Set`]s and unions. Out: [`Pairs`], and in the end for each number the set of those it is paired with. A set of pairs is kept as the unions and products it was made of, because most values of a
//! program never reach the result, and those that do share most of it. Pairs are symmetric: (i, j) stands for (j, i) too.
//!
//! All pairs of a set (*full*) swallow whatever lies within; that is what keeps chains of functions of the same inputs short.

use crate::sets::{Renamed, Set, Sets};
use rustc_hash::FxHashMap;

/// A set of pairs, known by its place among all of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Pairs(u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Node {
    Empty,
    /// Each of the first with each of the second.
    Product(Set, Set),
    Union(Pairs, Pairs),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    node: Node,
    /// What occurs in it.
    support: Set,
    /// Whether it is all pairs of its support.
    full: bool,
}

/// What an entry and its place in the table take.
const ENTRY_BYTES: u64 = 56;

/// Beyond so many parts, one set of pairs is not searched for another.
const SEARCHED: usize = 1 << 12;

/// All sets of pairs of an analysis.
#[derive(Debug)]
pub(crate) struct AllPairs {
    entries: Vec<Entry>,
    places: FxHashMap<Node, Pairs>,
}

impl Pairs {
    pub(crate) const NONE: Pairs = Pairs(0);
}

impl AllPairs {
    pub(crate) fn new() -> Self {
        let nothing = Entry { node: Node::Empty, support: Set::EMPTY, full: false };
        AllPairs { entries: vec![nothing], places: FxHashMap::default() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.entries.len() as u64 * ENTRY_BYTES
    }

    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    fn make(&mut self, entry: Entry) -> Pairs {
        let next = Pairs(self.entries.len() as u32);
        let pairs = *self.places.entry(entry.node).or_insert(next);
        if pairs == next {
            self.entries.push(entry);
        }
        pairs
    }

    fn entry(&self, pairs: Pairs) -> Entry {
        self.entries[pairs.0 as usize]
    }

    /// Each number of the one with each of the other.
    pub(crate) fn product(&mut self, sets: &mut Sets, a: Set, b: Set) -> Pairs {
        if a.is_empty() || b.is_empty() {
            return Pairs::NONE;
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let support = sets.union(a, b);
        self.make(Entry { node: Node::Product(a, b), support, full: a == b })
    }

    pub(crate) fn union(&mut self, sets: &mut Sets, a: Pairs, b: Pairs) -> Pairs {
        if a == b || b == Pairs::NONE {
            return a;
        }
        if a == Pairs::NONE {
            return b;
        }
        let (x, y) = (self.entry(a), self.entry(b));
        if x.full && sets.contains(x.support, y.support) {
            return a;
        }
        if y.full && sets.contains(y.support, x.support) {
            return b;
        }
        let support = sets.union(x.support, y.support);
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        self.make(Entry { node: Node::Union(a, b), support, full: false })
    }

    /// The union, one of the two if it is known to hold the other: for where values meet again and again.
    pub(crate) fn joined(&mut self, sets: &mut Sets, a: Pairs, b: Pairs) -> Pairs {
        if self.covers(sets, a, b) {
            return a;
        }
        if self.covers(sets, b, a) {
            return b;
        }
        self.union(sets, a, b)
    }

    /// Whether all of `b` is found in `a`; `false` if that takes too long to say.
    pub(crate) fn covers(&self, sets: &mut Sets, a: Pairs, b: Pairs) -> bool {
        if a == b || b == Pairs::NONE {
            return true;
        }
        let x = self.entry(a);
        if a == Pairs::NONE || !sets.contains(x.support, self.entry(b).support) {
            return false;
        }
        if x.full {
            return true;
        }
        let (Some(mut all), Some(wanted)) = (self.products(a), self.products(b)) else { return false };
        all.sort_unstable();
        wanted.into_iter().all(|product| all.binary_search(&product).is_ok())
    }

    /// The products that it is the union of, unless there are too many.
    fn products(&self, pairs: Pairs) -> Option<Vec<Pairs>> {
        let (mut waiting, mut found, mut looked) = (vec![pairs], Vec::new(), 0);
        while let Some(pairs) = waiting.pop() {
            looked += 1;
            if looked > SEARCHED {
                return None;
            }
            match self.entry(pairs).node {
                Node::Empty => {}
                Node::Product(..) => found.push(pairs),
                Node::Union(a, b) => waiting.extend([a, b]),
            }
        }
        Some(found)
    }

    /// For each number below `count`, those it is paired with.
    pub(crate) fn rows(&self, sets: &mut Sets, pairs: Pairs, count: usize) -> Vec<Set> {
        let mut rows = vec![Set::EMPTY; count];
        let mut needed = vec![false; self.entries.len()];
        needed[pairs.0 as usize] = true;
        for place in (0..self.entries.len()).rev() {
            if !needed[place] {
                continue;
            }
            match self.entries[place].node {
                Node::Empty => {}
                Node::Union(a, b) => [a, b].into_iter().for_each(|part| needed[part.0 as usize] = true),
                Node::Product(a, b) => {
                    add_to_rows(sets, &mut rows, a, b);
                    add_to_rows(sets, &mut rows, b, a);
                }
            }
        }
        rows
    }

    /// Marks the sets that are needed by those sets of pairs that are marked, with their parts.
    pub(crate) fn mark(&self, marked: &mut [bool], sets: &mut [bool]) {
        for place in (0..self.entries.len()).rev() {
            if !marked[place] {
                continue;
            }
            self.entries[place].support.needed(sets);
            match self.entries[place].node {
                Node::Empty => {}
                Node::Union(a, b) => [a, b].into_iter().for_each(|part| marked[part.0 as usize] = true),
                Node::Product(a, b) => [a, b].into_iter().for_each(|set| set.needed(sets)),
            }
        }
    }

    /// Forgets those that are not marked. Gives what the others are called now.
    pub(crate) fn collect(&mut self, marked: &[bool], sets: &Renamed) -> Vec<u32> {
        let mut names = vec![0; self.entries.len()];
        let old = std::mem::replace(self, AllPairs::new());
        for (place, entry) in old.entries.into_iter().enumerate().skip(1).filter(|(place, _)| marked[*place]) {
            let node = match entry.node {
                Node::Empty => Node::Empty,
                Node::Union(a, b) => Node::Union(Pairs(names[a.0 as usize]), Pairs(names[b.0 as usize])),
                Node::Product(a, b) => Node::Product(sets.of(a), sets.of(b)),
            };
            names[place] = self.make(Entry { node, support: sets.of(entry.support), full: entry.full }).0;
        }
        names
    }

    /// Nothing is marked.
    pub(crate) fn unmarked(&self) -> Vec<bool> {
        vec![false; self.entries.len()]
    }
}

impl Pairs {
    /// Marks it as needed.
    pub(crate) fn needed(self, marked: &mut [bool]) {
        marked[self.0 as usize] = true;
    }

    /// What it is called after [`AllPairs::collect`].
    pub(crate) fn renamed(self, names: &[u32]) -> Pairs {
        Pairs(names[self.0 as usize])
    }
}

fn add_to_rows(sets: &mut Sets, rows: &mut [Set], numbers: Set, paired: Set) {
    let mut places = Vec::new();
    sets.each(numbers, &mut |n| places.push(n as usize));
    for place in places {
        rows[place] = sets.union(rows[place], paired);
    }
}
