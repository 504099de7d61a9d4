//! Many programs on many threads.
//!
//! In: a seed and how many programs. Out: a [`Tally`]: what they contained, what was checked and what not, and failures, shrunk, each perhaps written to a file. A program that takes
//! very long is named while it runs.

use super::caught::QUIET_NAME;
use super::features::Histogram;
use super::generate::{Case, MAIN, case};
use super::relations::{Failure, Plan, Report};
use super::shrink::{check_caught, shrink};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What to run.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Of the sequence of programs.
    pub seed: u64,
    /// The first program.
    pub from: u64,
    /// How many.
    pub count: u64,
    /// How many at one time.
    pub threads: usize,
    /// Second derivatives for one program in so many; 0 for none.
    pub second_in: u64,
    /// Where failures go.
    pub failures: Option<PathBuf>,
    /// Enough failures to stop.
    pub enough: usize,
    /// How long to shrink each.
    pub shrink: Duration,
}

/// A failure, shrunk.
#[derive(Clone, Debug)]
pub struct Found {
    /// The program's number.
    pub number: u64,
    /// The smallest program that fails so.
    pub case: Case,
    /// How.
    pub failure: Failure,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// What the programs contained.
    pub histogram: Histogram,
    /// How many programs of each report.
    reports: BTreeMap<String, u64>,
    /// Sums over reports.
    counts: [u64; 8],
    /// Failures, in order of discovery.
    pub found: Vec<Found>,
    /// How long it took.
    pub time: Duration,
}

const NAMES: [&str; 8] = [
    "first derivatives compared",
    "second derivatives compared",
    "stopped by an error, alike in all forms",
    "too long or too large to compare",
    "values or derivatives too large to compare",
    "difference excused by a kink",
    "modes of derivatives within compared",
    "derivatives within compared with the tree",
];

impl Tally {
    fn count(&mut self, case: &Case, report: &Report) {
        self.histogram.count(case.features);
        let Report { stopped, too_long, wild, near_kink, modes, tree, first, second } = *report;
        let flags = [first, second, stopped.is_some(), too_long, wild, near_kink, modes, tree];
        self.counts.iter_mut().zip(flags).for_each(|(count, flag)| *count += u64::from(flag));
        if let Some(code) = stopped {
            *self.reports.entry(code.to_owned()).or_default() += 1;
        }
    }

    fn add(&mut self, other: Tally) {
        self.histogram.add(&other.histogram);
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a += b);
        for (key, count) in other.reports {
            *self.reports.entry(key).or_default() += count;
        }
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
        for (name, count) in NAMES.iter().zip(self.counts) {
            writeln!(f, "  {name:45} {count:9}  {:5.1} %", 100.0 * count as f64 / programs.max(1) as f64)?;
        }
        let errors: Vec<String> = self.reports.iter().map(|(code, count)| format!("{code} {count}")).collect();
        writeln!(f, "  errors: {}", errors.join(", "))?;
        let seconds = self.time.as_secs_f64();
        writeln!(
            f,
            "{} failures in {programs} programs, {seconds:.1} s, {:.0} programs/s",
            self.found.len(),
            programs as f64 / seconds
        )?;
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

/// Runs a campaign. Failures are told to `tell` as they are found.
pub fn run(campaign: &Campaign, tell: &(dyn Fn(&str) + Sync)) -> Tally {
    let start = Instant::now();
    let next = AtomicU64::new(campaign.from);
    let enough = AtomicUsize::new(0);
    let total = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..campaign.threads {
            let work = || worker(campaign, &next, &enough, &total, tell);
            let thread = std::thread::Builder::new().name(QUIET_NAME.into()).stack_size(16 << 20);
            thread.spawn_scoped(scope, work).expect("the host has threads left");
        }
    });
    let mut tally = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.time = start.elapsed();
    tally
}

fn worker(
    campaign: &Campaign,
    next: &AtomicU64,
    enough: &AtomicUsize,
    total: &Mutex<Tally>,
    tell: &(dyn Fn(&str) + Sync),
) {
    let mut mine = Tally::default();
    while enough.load(Ordering::Relaxed) < campaign.enough {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= campaign.from + campaign.count {
            break;
        }
        let plan = Plan::of(campaign.seed, number, campaign.second_in);
        let case = case(campaign.seed, number);
        match check_caught(&case, plan) {
            Ok(report) => mine.count(&case, &report),
            Err(failure) => {
                enough.fetch_add(1, Ordering::Relaxed);
                mine.histogram.count(case.features);
                let (case, failure) = shrink(&case, plan, &failure, campaign.shrink);
                let found = Found { number, case, failure };
                tell(&told(campaign, &found));
                total.lock().unwrap_or_else(PoisonError::into_inner).found.push(found);
            }
        }
    }
    total.lock().unwrap_or_else(PoisonError::into_inner).add(mine);
}

/// A failure in words, after it was written to its file.
fn told(campaign: &Campaign, found: &Found) -> String {
    let text = text(campaign.seed, found);
    let written = campaign.failures.as_ref().map(|folder| write(folder, campaign.seed, found, &text));
    let place = match written {
        Some(Ok(path)) => format!("written to {}\n", path.display()),
        Some(Err(e)) => format!("not written: {e}\n"),
        None => String::new(),
    };
    format!("program {} fails `{}`\n{text}{place}", found.number, found.failure.relation)
}

/// The file of a failure: a test program with its arguments.
pub fn text(seed: u64, found: &Found) -> String {
    let args = found.case.params.iter().zip(&found.case.args);
    let args: Vec<String> = args.map(|(p, a)| format!("\"{}\": {}", p.name, a.to_json())).collect();
    let detail: Vec<String> = found.failure.detail.lines().take(60).map(|line| format!("//   {line}")).collect();
    let Found { number, failure, case } = found;
    format!(
        "// Fails `{}`: seed {seed}, program {number}.\n// fn: {MAIN}\n// at: {{{}}}\n\n{}\n{}\n",
        failure.relation,
        args.join(", "),
        case.program.source(),
        detail.join("\n")
    )
}

fn write(folder: &Path, seed: u64, found: &Found, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let relation = found.failure.relation.replace([' ', '='], "-");
    let path = folder.join(format!("{relation}-{seed}-{}.ad", found.number));
    std::fs::write(&path, text)?;
    Ok(path)
}
