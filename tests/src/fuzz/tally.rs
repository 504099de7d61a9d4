//! What came of many programs.
//!
//! In: what each contained and what its report says. Out: a [`Tally`], for people as text and for programs as JSON.

use super::campaign::Found;
use super::features::Histogram;
use super::generate::Case;
use super::relations::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// What the programs contained.
    pub histogram: Histogram,
    /// How many programs stopped with each error.
    reports: BTreeMap<String, u64>,
    /// Sums over reports.
    counts: [u64; COUNTS.len()],
    /// Failures, in order of discovery.
    pub found: Vec<Found>,
    /// How long it took.
    pub time: Duration,
}

/// What a report counts.
type Counted = fn(&Report) -> u64;

/// Each count with its name in a summary and what it says.
const COUNTS: [(&str, &str, Counted); 22] = [
    ("first", "first derivatives compared", |r| r.first.into()),
    ("second", "second derivatives compared", |r| r.second.into()),
    ("levels", "level 0 and optimised plans agree, first order", |r| (r.levels > 0).into()),
    ("levels_second", "level 0 and optimised plans agree, second order", |r| (r.levels_second > 0).into()),
    ("plans", "  plans compared, first order", |r| r.levels.into()),
    ("plans_second", "  plans compared, second order", |r| r.levels_second.into()),
    ("staged", "functions with loops split into stages, alike", |r| r.staged.into()),
    ("spread", "functions with loops divided among threads, alike", |r| r.spread.into()),
    ("rounded", "functions rounded otherwise when finished, alike but for that", |r| r.rounded.into()),
    ("checkpoints", "loops with snapshots and loops without agree", |r| r.checkpoints.into()),
    ("loops_seen", "programs whose loops were looked at", |r| r.loops_seen.into()),
    ("in_place", "  of these, one is reversed iteration by iteration", |r| r.in_place.into()),
    ("again", "  and one runs again for that", |r| r.again.into()),
    ("stopped", "stopped by an error, alike in all forms", |r| r.stopped.is_some().into()),
    ("too_long", "too long or too large to compare", |r| r.too_long.into()),
    ("wild", "values or derivatives too large to compare", |r| r.wild.into()),
    ("near_kink", "difference excused by a kink", |r| r.near_kink.into()),
    ("modes", "modes of derivatives within compared", |r| r.modes.into()),
    ("tree", "derivatives within compared with the tree", |r| r.tree.into()),
    ("sparse_jacobian", "compressed Jacobians compared with dense ones", |r| r.handles[0].into()),
    ("sparse_hessian", "compressed Hessians compared with dense ones", |r| r.handles[1].into()),
    ("split", "split mode compared with reverse mode", |r| r.handles[2].into()),
];

impl Tally {
    /// Counts a program without failures.
    pub fn count(&mut self, case: &Case, report: &Report) {
        self.histogram.count(case.features);
        self.counts.iter_mut().zip(COUNTS).for_each(|(count, (_, _, counted))| *count += counted(report));
        if let Some(code) = report.stopped {
            *self.reports.entry(code.to_owned()).or_default() += 1;
        }
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: Tally) {
        self.histogram.add(&other.histogram);
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a += b);
        for (key, count) in other.reports {
            *self.reports.entry(key).or_default() += count;
        }
        self.found.extend(other.found);
    }

    /// Everything, for other programs to read.
    pub fn summary(&self) -> Value {
        let counts: Map<String, Value> = COUNTS.iter().zip(self.counts).map(|(c, n)| (c.0.into(), n.into())).collect();
        let found = |f: &Found| json!({ "number": f.number, "relation": f.failure.relation });
        json!({
            "programs": self.histogram.programs(),
            "failures": self.found.iter().map(found).collect::<Vec<Value>>(),
            "seconds": self.time.as_secs_f64(),
            "counts": counts,
            "errors": self.reports,
            "features": self.histogram.rows().map(|(name, count, _)| (name.into(), count.into())).collect::<Map<String, Value>>(),
        })
    }

    /// How far it is, in a line.
    pub fn line(&self) -> String {
        let (programs, seconds) = (self.histogram.programs(), self.time.as_secs_f64());
        let rate = programs as f64 / seconds;
        format!("{} failures in {programs} programs, {seconds:.1} s, {rate:.0} programs/s", self.found.len())
    }

    /// How many programs had their first derivatives compared.
    pub fn first(&self) -> u64 {
        self.counts[0]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.histogram)?;
        let programs = self.histogram.programs();
        writeln!(f, "of these")?;
        for ((_, name, _), count) in COUNTS.iter().zip(self.counts) {
            writeln!(f, "  {name:50} {count:9}  {:5.1} %", 100.0 * count as f64 / programs.max(1) as f64)?;
        }
        let errors: Vec<String> = self.reports.iter().map(|(code, count)| format!("{code} {count}")).collect();
        writeln!(f, "  errors: {}", errors.join(", "))?;
        writeln!(f, "{}", self.line())?;
        if self.found.is_empty() && programs > 0 {
            writeln!(
                f,
                "0 failures in {programs} programs of this distribution: below {:.1e} with 95 % confidence",
                3.0 / programs as f64
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate::case;
    use crate::fuzz::relations::Failure;

    #[test]
    fn a_summary_has_every_count_and_failure() {
        let (mut tally, mut more) = (Tally::default(), Tally::default());
        tally.count(&case(1, 0), &Report { first: true, levels: 2, stopped: Some("AD0801"), ..Report::default() });
        more.count(&case(1, 1), &Report { first: true, levels: 1, levels_second: 1, ..Report::default() });
        let failure = Failure { relation: "levels", detail: String::new() };
        more.found.push(Found { number: 7, case: case(1, 7), failure });
        tally.add(more);
        let summary = tally.summary();
        assert_eq!(summary["programs"], 2);
        assert_eq!(summary["failures"], json!([{ "number": 7, "relation": "levels" }]));
        assert_eq!(summary["errors"], json!({ "AD0801": 1 }));
        let count = |name: &str| summary["counts"][name].as_u64();
        assert_eq!([count("first"), count("levels"), count("plans"), count("plans_second")], [2, 2, 3, 1].map(Some));
        assert_eq!(summary["features"].as_object().map(Map::len), Some(tally.histogram.rows().count()));
        assert!(tally.line().starts_with("1 failures in 2 programs"), "{}", tally.line());
    }
}
