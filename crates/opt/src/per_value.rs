//! Facts about some of the values of a function that grows.
//!
//! In: values as they are made, with a fact each. Out: the fact, by value. Values are dense, so this is a vector; a hash map of them costs several times as much in large functions.

use adit_ir::Value;

/// At most one fact per value.
pub struct PerValue<T> {
    facts: Vec<Option<T>>,
}

impl<T> Default for PerValue<T> {
    fn default() -> Self {
        PerValue { facts: Vec::new() }
    }
}

impl<T> PerValue<T> {
    /// States a fact.
    pub fn insert(&mut self, v: Value, fact: T) {
        if self.facts.len() <= v.index() {
            self.facts.resize_with(v.index() + 1, || None);
        }
        self.facts[v.index()] = Some(fact);
    }

    /// The fact about a value.
    pub fn get(&self, v: Value) -> Option<&T> {
        self.facts.get(v.index())?.as_ref()
    }
}
