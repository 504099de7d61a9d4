//! Many programs on many threads.
//!
//! In: a seed and how many programs. Out: a [`Tally`]: what they contained, what was checked and what not, and failures, shrunk, each perhaps written to a file. Who [watches](Watch) hears of it on
//! the way.

use super::caught::QUIET_NAME;
use super::generate::{Case, MAIN, case};
use super::relations::{Failure, Plan};
use super::shrink::{check_caught, shrink};
use super::tally::Tally;
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
    /// Vector code, too.
    pub vectors: bool,
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

/// Who listens to a campaign.
pub trait Watch: Sync {
    /// A failure, in words.
    fn failure(&self, text: &str);

    /// All that was counted so far: told now and then, and at the end.
    fn progress(&self, tally: &Tally);
}

/// Nobody.
impl Watch for () {
    fn failure(&self, _: &str) {}

    fn progress(&self, _: &Tally) {}
}

/// After so many programs, a thread tells what it counted.
const TURN: u64 = 50;

/// What the threads of a campaign share.
struct Shared<'c> {
    campaign: &'c Campaign,
    watch: &'c dyn Watch,
    start: Instant,
    next: AtomicU64,
    failures: AtomicUsize,
    total: Mutex<Tally>,
}

/// Runs a campaign. Failures are told as they are found.
pub fn run(campaign: &Campaign, watch: &dyn Watch) -> Tally {
    let shared = Shared {
        campaign,
        watch,
        start: Instant::now(),
        next: AtomicU64::new(campaign.from),
        failures: AtomicUsize::new(0),
        total: Mutex::new(Tally::default()),
    };
    std::thread::scope(|scope| {
        for _ in 0..campaign.threads {
            let thread = std::thread::Builder::new().name(QUIET_NAME.into()).stack_size(16 << 20);
            thread.spawn_scoped(scope, || shared.work()).expect("the host has threads left");
        }
    });
    let mut tally = shared.total.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.time = shared.start.elapsed();
    tally
}

impl Shared<'_> {
    /// Takes programs until there are no more.
    fn work(&self) {
        let campaign = self.campaign;
        let mut mine = Tally::default();
        while self.failures.load(Ordering::Relaxed) < campaign.enough {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= campaign.from + campaign.count {
                break;
            }
            let plan = Plan { vectors: campaign.vectors, ..Plan::of(campaign.seed, number, campaign.second_in) };
            let case = case(campaign.seed, number);
            match check_caught(&case, plan) {
                Ok(report) => mine.count(&case, &report),
                Err(failure) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    mine.histogram.count(case.features);
                    let (case, failure) = shrink(&case, plan, &failure, campaign.shrink);
                    let found = Found { number, case, failure };
                    self.watch.failure(&told(campaign, &found));
                    mine.found.push(found);
                }
            }
            if mine.histogram.programs() >= TURN {
                self.tell(&mut mine);
            }
        }
        self.tell(&mut mine);
    }

    /// Adds what a thread counted.
    fn tell(&self, mine: &mut Tally) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        total.add(std::mem::take(mine));
        total.time = self.start.elapsed();
        self.watch.progress(&total);
    }
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
