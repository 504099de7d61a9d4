//! A map whose entries go when the scope ends that made them.
//!
//! In: entries. Out: lookups. [`Scoped::mark`] opens a scope, [`Scoped::reset`] ends it. Made for facts that hold only in what a region dominates.

use rustc_hash::FxHashMap;
use std::hash::Hash;

/// A scoped map.
#[derive(Debug)]
pub(crate) struct Scoped<K, V> {
    map: FxHashMap<K, V>,
    /// What was there before, newest last.
    log: Vec<(K, Option<V>)>,
}

impl<K: Copy + Eq + Hash, V: Copy> Scoped<K, V> {
    pub(crate) fn new() -> Self {
        Scoped { map: FxHashMap::default(), log: Vec::new() }
    }

    pub(crate) fn get(&self, key: K) -> Option<V> {
        self.map.get(&key).copied()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let before = self.map.insert(key, value);
        self.log.push((key, before));
    }

    /// The state to come back to.
    pub(crate) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Goes back to a state.
    pub(crate) fn reset(&mut self, mark: usize) {
        for (key, before) in self.log.drain(mark..).rev() {
            match before {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_scope_brings_the_old_entries_back() {
        let mut map = Scoped::new();
        map.insert(1, 'a');
        let mark = map.mark();
        map.insert(1, 'b');
        map.insert(1, 'c');
        map.insert(2, 'd');
        map.reset(mark);
        assert_eq!((map.get(1), map.get(2)), (Some('a'), None));
    }
}
