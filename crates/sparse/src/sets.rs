//! Sets of numbers that share what they have in common.
//!
//! In: single numbers and unions. Out: [`Set`]s, of which two are equal exactly if they hold the same numbers; so a set is a small number itself, and comparing two is one comparison.
//!
//! A set is a binary trie of words of 64 bits, and each node exists once (C. Okasaki and A. Gill, *Fast mergeable integer maps*, 1998, with hash consing): adding a number to a large set makes a few nodes, whatever
//! its size, and the union of two sets looks only at where they differ. Nothing is ever taken out of a set. Nodes that nobody needs any more go when [`Sets::collect`] is told what is still needed.
//!
//! ```text
//! {1, 3, 200}   =   branch at 128 words·64:  left = word 0, bits 1 and 3;  right = word 3, bit 8
//! ```

use rustc_hash::FxHashMap;

/// A set of numbers below 2³², known by its place among all sets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Set(u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Node {
    Empty,
    /// Numbers `64 * word + i` for the bits `i`, of which there is one at least.
    Leaf {
        word: u32,
        bits: u64,
    },
    /// Words that agree with `prefix` above the bit `mask`; those without it are left, those with it right.
    Branch {
        prefix: u32,
        mask: u32,
        left: Set,
        right: Set,
    },
}

/// What a node, its entry in the table and its share of the memory for unions take.
const NODE_BYTES: u64 = 64;

/// Unions that are remembered: a power of two.
const REMEMBERED: usize = 1 << 16;

/// All sets of an analysis.
#[derive(Debug)]
pub(crate) struct Sets {
    nodes: Vec<Node>,
    places: FxHashMap<Node, Set>,
    unions: Vec<[Set; 3]>,
}

/// What sets are called after [`Sets::collect`].
pub(crate) struct Renamed(Vec<u32>);

impl Renamed {
    pub(crate) fn of(&self, set: Set) -> Set {
        Set(self.0[set.0 as usize])
    }
}

impl Set {
    pub(crate) const EMPTY: Set = Set(0);

    pub(crate) fn is_empty(self) -> bool {
        self == Set::EMPTY
    }
}

/// The bits of a word above a mask of one bit.
fn above(word: u32, mask: u32) -> u32 {
    word & !(mask | (mask - 1))
}

impl Sets {
    pub(crate) fn new() -> Self {
        let (nodes, places) = (vec![Node::Empty], FxHashMap::default());
        Sets { nodes, places, unions: vec![[Set::EMPTY; 3]; REMEMBERED] }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.nodes.len() as u64 * NODE_BYTES
    }

    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    fn make(&mut self, node: Node) -> Set {
        let next = Set(self.nodes.len() as u32);
        let set = *self.places.entry(node).or_insert(next);
        if set == next {
            self.nodes.push(node);
        }
        set
    }

    pub(crate) fn single(&mut self, number: u32) -> Set {
        self.make(Node::Leaf { word: number / 64, bits: 1 << (number % 64) })
    }

    /// All numbers below `end`.
    pub(crate) fn below(&mut self, end: u32) -> Set {
        let mut all = Set::EMPTY;
        for word in 0..end.div_ceil(64) {
            let rest = end - 64 * word;
            let bits = if rest >= 64 { u64::MAX } else { (1 << rest) - 1 };
            let leaf = self.make(Node::Leaf { word, bits });
            all = self.union(all, leaf);
        }
        all
    }

    pub(crate) fn contains(&mut self, set: Set, part: Set) -> bool {
        self.union(set, part) == set
    }

    pub(crate) fn union(&mut self, a: Set, b: Set) -> Set {
        if a == b || b.is_empty() {
            return a;
        }
        if a.is_empty() {
            return b;
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let hash = (u64::from(a.0) << 32 | u64::from(b.0)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (hash >> 40) as usize % REMEMBERED;
        if let [x, y, union] = self.unions[place]
            && (x, y) == (a, b)
        {
            return union;
        }
        let union = self.united(a, b);
        self.unions[place] = [a, b, union];
        union
    }

    /// Recursion ends after 32 bits of a word.
    fn united(&mut self, a: Set, b: Set) -> Set {
        let (first, second) = (self.nodes[a.0 as usize], self.nodes[b.0 as usize]);
        let ((word, mask), (other, other_mask)) = (place(first), place(second));
        match (first, second) {
            (Node::Leaf { bits, .. }, Node::Leaf { bits: more, .. }) if word == other => {
                self.make(Node::Leaf { word, bits: bits | more })
            }
            (Node::Branch { left, right, .. }, Node::Branch { left: l, right: r, .. })
                if (word, mask) == (other, other_mask) =>
            {
                let (left, right) = (self.union(left, l), self.union(right, r));
                self.make(Node::Branch { prefix: word, mask, left, right })
            }
            (Node::Branch { left, right, .. }, _) if mask > other_mask && above(other, mask) == word => {
                self.inserted((word, mask), [left, right], other, b)
            }
            (_, Node::Branch { left, right, .. }) if other_mask > mask && above(word, other_mask) == other => {
                self.inserted((other, other_mask), [left, right], word, a)
            }
            (_, _) => {
                let mask = 1 << (31 - (word ^ other).leading_zeros());
                let [left, right] = if word & mask == 0 { [a, b] } else { [b, a] };
                self.make(Node::Branch { prefix: above(word, mask), mask, left, right })
            }
        }
    }

    /// A branch with what belongs below it.
    fn inserted(&mut self, (prefix, mask): (u32, u32), [left, right]: [Set; 2], word: u32, below: Set) -> Set {
        let [left, right] = match word & mask {
            0 => [self.union(left, below), right],
            _ => [left, self.union(right, below)],
        };
        self.make(Node::Branch { prefix, mask, left, right })
    }

    /// Calls `see` with every number, in increasing order.
    pub(crate) fn each(&self, set: Set, see: &mut dyn FnMut(u32)) {
        match self.nodes[set.0 as usize] {
            Node::Empty => {}
            Node::Leaf { word, mut bits } => {
                while bits != 0 {
                    see(64 * word + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
            Node::Branch { left, right, .. } => {
                self.each(left, see);
                self.each(right, see);
            }
        }
    }

    /// How many numbers each of these sets holds, in all.
    pub(crate) fn total(&self, sets: &[Set]) -> u64 {
        let mut sizes: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            // Parts come before what they are part of.
            sizes.push(match *node {
                Node::Empty => 0,
                Node::Leaf { bits, .. } => u64::from(bits.count_ones()),
                Node::Branch { left, right, .. } => sizes[left.0 as usize] + sizes[right.0 as usize],
            });
        }
        sets.iter().fold(0, |sum, set| sum.saturating_add(sizes[set.0 as usize]))
    }

    /// Forgets all sets but those that are marked, whose parts are marked here; the others are called otherwise now.
    pub(crate) fn collect(&mut self, mut marked: Vec<bool>) -> Renamed {
        marked[0] = true;
        for place in (0..self.nodes.len()).rev().filter(|&place| marked[place]).collect::<Vec<_>>() {
            if let Node::Branch { left, right, .. } = self.nodes[place] {
                // Parts come before what they are part of, so they may be marked only now.
                self.mark(&mut marked, left);
                self.mark(&mut marked, right);
            }
        }
        let mut names = vec![0; self.nodes.len()];
        let mut kept = Vec::new();
        for place in (0..self.nodes.len()).filter(|&place| marked[place]) {
            names[place] = kept.len() as u32;
            kept.push(match self.nodes[place] {
                Node::Branch { prefix, mask, left, right } => {
                    let [left, right] = [left, right].map(|part| Set(names[part.0 as usize]));
                    Node::Branch { prefix, mask, left, right }
                }
                node @ (Node::Empty | Node::Leaf { .. }) => node,
            });
        }
        self.places = kept.iter().enumerate().skip(1).map(|(place, &node)| (node, Set(place as u32))).collect();
        self.nodes = kept;
        self.unions.fill([Set::EMPTY; 3]);
        Renamed(names)
    }

    /// Marks a set with its parts. Depth is that of a trie of 32 bits.
    fn mark(&self, marked: &mut [bool], set: Set) {
        if std::mem::replace(&mut marked[set.0 as usize], true) {
            return;
        }
        if let Node::Branch { left, right, .. } = self.nodes[set.0 as usize] {
            self.mark(marked, left);
            self.mark(marked, right);
        }
    }

    /// Nothing is marked.
    pub(crate) fn unmarked(&self) -> Vec<bool> {
        vec![false; self.nodes.len()]
    }
}

impl Set {
    /// Marks it as needed.
    pub(crate) fn needed(self, marked: &mut [bool]) {
        marked[self.0 as usize] = true;
    }
}

/// The word or prefix of a node and its mask, which is 0 for a leaf.
fn place(node: Node) -> (u32, u32) {
    match node {
        Node::Empty => (0, 0),
        Node::Leaf { word, .. } => (word, 0),
        Node::Branch { prefix, mask, .. } => (prefix, mask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn of(sets: &mut Sets, numbers: &BTreeSet<u32>) -> Set {
        let mut set = Set::EMPTY;
        for &n in numbers {
            let one = sets.single(n);
            set = sets.union(set, one);
        }
        set
    }

    fn numbers(sets: &Sets, set: Set) -> Vec<u32> {
        let mut all = Vec::new();
        sets.each(set, &mut |n| all.push(n));
        all
    }

    fn some() -> impl Strategy<Value = BTreeSet<u32>> {
        let number = prop_oneof![0..200_u32, 0..100_000_u32, any::<u32>()];
        proptest::collection::btree_set(number, 0..40)
    }

    proptest! {
        #[test]
        fn unions_are_those_of_sets_and_equal_sets_are_one(a in some(), b in some()) {
            let mut sets = Sets::new();
            let (x, y) = (of(&mut sets, &a), of(&mut sets, &b));
            let both: BTreeSet<u32> = a.union(&b).copied().collect();
            let united = sets.union(x, y);
            prop_assert_eq!(numbers(&sets, united), both.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(of(&mut sets, &both), united);
            prop_assert_eq!(sets.contains(x, y), b.is_subset(&a));
            prop_assert_eq!(sets.total(&[x, y, united]), (a.len() + b.len() + both.len()) as u64);
        }

        #[test]
        fn what_is_needed_outlives_a_collection(a in some(), b in some()) {
            let mut sets = Sets::new();
            let (x, y) = (of(&mut sets, &a), of(&mut sets, &b));
            let mut marked = sets.unmarked();
            y.needed(&mut marked);
            let before = sets.count();
            let renamed = sets.collect(marked);
            prop_assert!(sets.count() <= before && numbers(&sets, renamed.of(y)) == b.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(of(&mut sets, &b), renamed.of(y));
            let _ = x;
        }
    }

    #[test]
    fn all_numbers_below_a_bound() {
        let mut sets = Sets::new();
        for end in [0, 1, 63, 64, 65, 1000] {
            let set = sets.below(end);
            assert_eq!(numbers(&sets, set), (0..end).collect::<Vec<_>>());
        }
    }
}
