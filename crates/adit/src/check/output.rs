//! What a run printed, in a few bytes.
//!
//! In: lines. Out: an [`Output`]: how many there were, and a hash of them and their order. The lines themselves are not kept: there may be millions.

use crate::options::Sink;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many lines, and a hash of them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Output {
    pub(super) lines: u64,
    hash: u64,
}

impl Output {
    /// One more line.
    pub(super) fn add(&mut self, line: &str) {
        let mut hasher = DefaultHasher::new();
        (self.hash, line).hash(&mut hasher);
        *self = Output { lines: self.lines + 1, hash: hasher.finish() };
    }

    /// Where machine code prints to, and what was printed there so far.
    pub(super) fn sink() -> (Sink, impl Fn() -> Output) {
        let all = Arc::new(Mutex::new(Output::default()));
        let printed = all.clone();
        (Arc::new(move |line: &str| lock(&printed).add(line)), move || *lock(&all))
    }
}

fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}
