//! How soon seeded bugs are found.
//!
//! In: a classic mistake that the compiler can be told to make. Out: how many programs it takes until a relation fails. Only interpreters run here: compiled code does what
//! they do. A program must pass without the bug for its failure with the bug to count.

use super::bug::Bug;
use super::caught::QUIET_NAME;
use super::generate::case;
use super::relations::Plan;
use super::shrink::check_caught;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came of the search for one bug.
#[derive(Clone, PartialEq, Debug)]
pub struct Hunt {
    /// The bug.
    pub bug: Bug,
    /// How many programs were run until it was found, and by which relation; none if it was not.
    pub found: Option<(u64, &'static str)>,
    /// Programs that a longer search found it with, and how many were run.
    pub share: (u64, u64),
}

impl Hunt {
    /// A line for a terminal; `test` is what sees the bug where programs do not.
    pub fn line(&self, test: Option<&str>) -> String {
        match (self.found, test) {
            (Some((programs, relation)), _) => format!("{:24} found by program {programs:5} (`{relation}`)", self.bug),
            (None, Some(test)) => {
                format!("{:24} not found in {} programs, but by the test {test}", self.bug, self.share.1)
            }
            (None, None) => format!("{:24} not found in {} programs", self.bug, self.share.1),
        }
    }

    /// A row of the table in `docs/trust.md`.
    pub fn row(&self, test: Option<&str>) -> String {
        let (hits, run) = self.share;
        let percent = 100.0 * hits as f64 / run.max(1) as f64;
        let found = self.found.map_or_else(|| "not found".to_owned(), |(programs, _)| programs.to_string());
        let test = test.map_or_else(String::new, |test| format!(", `{test}`"));
        format!("| `{}` | {} | {} | {found} | {percent:.1} %{test} |", self.bug, self.bug.room(), self.bug.about())
    }
}

/// Searches for one bug among `count` programs; goes on to the end if `all`, to tell how many programs show it.
pub fn hunt(bug: Bug, seed: u64, count: u64, all: bool, threads: usize) -> Hunt {
    let first = AtomicU64::new(u64::MAX);
    let next = AtomicU64::new(0);
    let hits = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let work = || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || !all && number > first.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Some(relation) = shows(bug, seed, number) {
                        first.fetch_min(number, Ordering::Relaxed);
                        hits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, relation));
                    }
                }
            };
            let thread = std::thread::Builder::new().name(QUIET_NAME.into()).stack_size(16 << 20);
            thread.spawn_scoped(scope, work).expect("the host has threads left");
        }
    });
    let mut hits = hits.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    hits.sort_unstable();
    let found = hits.first().map(|&(number, relation)| (number + 1, relation));
    Hunt { bug, found, share: (hits.len() as u64, next.into_inner().min(count)) }
}

/// The relation that fails with the bug, and holds without.
fn shows(bug: Bug, seed: u64, number: u64) -> Option<&'static str> {
    let case = case(seed, number);
    let sound = Plan { native: false, ..Plan::of(seed, number, 4) };
    let broken = Plan { bug, ..sound };
    let failure = check_caught(&case, broken).err()?;
    check_caught(&case, sound).is_ok().then_some(failure.relation)
}
