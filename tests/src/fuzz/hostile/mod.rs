//! Texts that nobody would write.
//!
//! In: good programs, as source or as IR text, and a way to spoil them. Out: failures: a panic, or a text that takes longer than a second. Every text goes as far as the compiler lets it: checked,
//! lowered, cleaned, differentiated in both modes, interpreted and compiled with small limits; where both run, they must agree.

mod pipeline;
mod spoil;

use super::caught::{QUIET_NAME, caught};
use super::generate;
use super::rng::Rng;
use crate::{files, root};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is spoiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Source text.
    Source,
    /// The text form of the IR.
    Ir,
}

/// How far texts came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reached {
    /// Refused before anything was made of them.
    pub refused: u64,
    /// Accepted: lowered, or read and verified.
    pub accepted: u64,
    /// A function ran to its end.
    pub ran: u64,
    /// A function was stopped by a run-time error.
    pub stopped: u64,
    /// A derivative was made.
    pub derived: u64,
}

impl Reached {
    fn add(&mut self, other: Reached) {
        self.refused += other.refused;
        self.accepted += other.accepted;
        self.ran += other.ran;
        self.stopped += other.stopped;
        self.derived += other.derived;
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What is spoiled.
    pub kind: Kind,
    /// Of the sequence of texts.
    pub seed: u64,
    /// How many.
    pub count: u64,
    /// How many at one time.
    pub threads: usize,
    /// Where failures go.
    pub failures: Option<PathBuf>,
    /// Enough failures to stop.
    pub enough: usize,
    /// How long one text may take.
    pub limit: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many texts were tried.
    pub tried: u64,
    /// How far they came.
    pub reached: Reached,
    /// What went wrong, and with which text.
    pub found: Vec<(String, String)>,
    /// The longest that one text took.
    pub slowest: Duration,
}

/// What one text may take on a machine that has nothing else to do.
pub const LIMIT: Duration = Duration::from_secs(1);

/// Good texts of this kind: the project's own test programs, and generated ones.
///
/// # Panics
/// If the project's own programs can't be read.
pub fn corpus(kind: Kind) -> Vec<String> {
    let mut sources: Vec<String> = Vec::new();
    for folder in ["tests/filetests/run", "tests/filetests/diag", "examples"] {
        for path in files(folder, ".ad") {
            sources.push(std::fs::read_to_string(&path).expect("a test program is text"));
        }
    }
    sources.extend((0..200).map(|i| generate::case(77, i).program.source()));
    match kind {
        Kind::Source => sources,
        Kind::Ir => sources.iter().filter_map(|s| pipeline::ir_text(s)).filter(|s| s.len() < 20_000).collect(),
    }
}

/// Tries spoiled texts. Failures are told to `tell` as they are found.
pub fn run(attack: &Attack, tell: &(dyn Fn(&str) + Sync)) -> Outcome {
    let corpus = corpus(attack.kind);
    let next = AtomicU64::new(0);
    let enough = AtomicUsize::new(0);
    let total = Mutex::new(Outcome::default());
    // What each thread is at, for whoever looks after them.
    let at: Vec<Mutex<Option<(Instant, String)>>> = (0..attack.threads).map(|_| Mutex::new(None)).collect();
    let running = AtomicUsize::new(attack.threads);
    std::thread::scope(|scope| {
        for mine in &at {
            let work = || {
                worker(attack, &corpus, &next, &enough, mine, &total, tell);
                running.fetch_sub(1, Ordering::Relaxed);
            };
            let thread = std::thread::Builder::new().name(QUIET_NAME.into()).stack_size(16 << 20);
            thread.spawn_scoped(scope, work).expect("the host has threads left");
        }
        while running.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(Duration::from_millis(20));
            at.iter().for_each(|at| watch(attack, at, tell));
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Tells of a text that has run for very long, once. Nothing can stop it.
fn watch(attack: &Attack, at: &Mutex<Option<(Instant, String)>>, tell: &(dyn Fn(&str) + Sync)) {
    let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
    if at.as_ref().is_some_and(|(since, _)| since.elapsed() > 20 * attack.limit)
        && let Some((_, text)) = at.take()
    {
        tell(&format!("hangs: {}", keep(attack, "hang", &text)));
    }
}

fn worker(
    attack: &Attack,
    corpus: &[String],
    next: &AtomicU64,
    enough: &AtomicUsize,
    at: &Mutex<Option<(Instant, String)>>,
    total: &Mutex<Outcome>,
    tell: &(dyn Fn(&str) + Sync),
) {
    let mut mine = Outcome::default();
    while enough.load(Ordering::Relaxed) < attack.enough {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= attack.count {
            break;
        }
        let mut rng = Rng::new(attack.seed, number);
        let text = spoil::spoiled(corpus, &mut rng);
        *at.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), text.clone()));
        let wrong = attempt((attack.kind, attack.limit), &text, &mut mine);
        *at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        mine.tried += 1;
        if let Some(what) = wrong {
            enough.fetch_add(1, Ordering::Relaxed);
            let small = smaller((attack.kind, attack.limit), &text, &what);
            tell(&format!("text {number}: {what}\n{}", keep(attack, &number.to_string(), &small)));
            mine.found.push((what, small));
        }
    }
    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
    total.tried += mine.tried;
    total.reached.add(mine.reached);
    total.found.extend(mine.found);
    total.slowest = total.slowest.max(mine.slowest);
}

/// What is wrong with a text's treatment.
fn attempt((kind, limit): (Kind, Duration), text: &str, outcome: &mut Outcome) -> Option<String> {
    let mut time = limit;
    // A busy machine may make anything slow once.
    for _ in 0..3 {
        let start = Instant::now();
        let result = caught(|| pipeline::whole(kind, text));
        time = start.elapsed();
        match result {
            Err(panic) => return Some(format!("panic at {}: {}", panic.place, panic.message)),
            Ok(Err(what)) => return Some(what),
            Ok(Ok(_)) if time > limit => {}
            Ok(Ok(reached)) => {
                outcome.reached.add(reached);
                outcome.slowest = outcome.slowest.max(time);
                return None;
            }
        }
    }
    Some(format!("slow: {time:?}"))
}

/// The text with as many lines and characters left out as still fail the same way.
fn smaller(how: (Kind, Duration), text: &str, what: &str) -> String {
    let key = |what: &str| what.split([':', '\n']).take(2).collect::<String>();
    let wanted = key(what);
    let fails = |text: &str| attempt(how, text, &mut Outcome::default()).is_some_and(|w| key(&w) == wanted);
    let mut best = text.to_owned();
    let end = Instant::now() + Duration::from_secs(15);
    let mut size = best.len() / 2;
    while size > 0 && Instant::now() < end {
        let mut start = 0;
        while start < best.len() && Instant::now() < end {
            let stop = (start + size).min(best.len());
            let candidate = match (best.get(..start), best.get(stop..)) {
                (Some(a), Some(b)) => format!("{a}{b}"),
                _ => String::new(),
            };
            if !candidate.is_empty() && fails(&candidate) {
                best = candidate;
            } else {
                start += size;
            }
        }
        size /= 2;
    }
    best
}

/// Writes a text to its file, if files are wanted; where, or the text itself.
fn keep(attack: &Attack, name: &str, text: &str) -> String {
    let Some(folder) = &attack.failures else { return text.to_owned() };
    let ending = match attack.kind {
        Kind::Source => "ad",
        Kind::Ir => "adir",
    };
    let path = folder.join(format!("hostile-{}-{name}.{ending}", attack.seed));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    match written {
        Ok(()) => format!("{text}\nwritten to {}", path.display()),
        Err(e) => format!("{text}\nnot written: {e}"),
    }
}

/// The failures of a folder of texts, for those that were found once.
pub fn again(kind: Kind, path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    attempt((kind, LIMIT), &text, &mut Outcome::default())
}
