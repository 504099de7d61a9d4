//! The long command: random programs, seeded bugs, hostile texts.
//!
//! ```text
//! cargo run --release -p adit-tests --bin fuzz -- programs --count 20000
//! cargo run --release -p adit-tests --bin fuzz -- mutants
//! cargo run --release -p adit-tests --bin fuzz -- hostile --kind source --count 100000
//! cargo run --release -p adit-tests --bin fuzz -- show --number 17
//! ```
//!
//! The exit code is 1 if anything failed, 2 for wrong usage.

use adit_tests::fuzz::bug::Bug;
use adit_tests::fuzz::campaign::{self, Campaign};
use adit_tests::fuzz::hostile::{self, Attack, Kind};
use adit_tests::fuzz::progress::Progress;
use adit_tests::fuzz::{by_hand, generate, mutants};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "fuzz COMMAND [--flag VALUE]…
  programs   random programs and all relations
             --count 20000 --seed 1 --from 0 --threads N --second 8 (for one program in 8) --failures fuzz-failures --enough 10 --shrink 20 (seconds)
             --summary fuzz-summary.json --vectors 0 (1: vector code of every program, not of one in two)
  mutants    how many programs it takes to find each seeded bug
             --count 2000 --seed 1 --threads N --bug NAME (one alone) --all 0 (1: a table, with the share of programs that show each)
  hostile    spoiled texts: no panic, nothing that takes longer than a second
             --kind source (or ir) --count 100000 --seed 1 --threads N --failures fuzz-failures --enough 10
  show       a program of the sequence
             --number 0 --seed 1
";

/// `--flag VALUE`, each at most once.
struct Flags(Vec<(String, String)>);

impl Flags {
    fn read(args: &[String]) -> Option<Flags> {
        let pairs = args.chunks(2).map(|pair| match pair {
            [flag, value] => Some((flag.strip_prefix("--")?.to_owned(), value.clone())),
            _ => None,
        });
        pairs.collect::<Option<Vec<_>>>().map(Flags)
    }

    fn text(&self, name: &str, default: &str) -> String {
        let found = self.0.iter().find(|(flag, _)| flag == name);
        found.map_or_else(|| default.to_owned(), |(_, value)| value.clone())
    }

    fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name, "").parse().unwrap_or(default)
    }

    fn threads(&self) -> usize {
        let default = std::thread::available_parallelism().map_or(2, usize::from);
        self.number("threads", default as u64) as usize
    }
}

fn say(text: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let command = args.first().map(String::as_str);
    let Some(flags) = Flags::read(args.get(1..).unwrap_or_default()) else {
        say(USAGE);
        return ExitCode::from(2);
    };
    match command {
        Some("programs") => programs(&flags),
        Some("mutants") => hunt(&flags),
        Some("hostile") => hostile(&flags),
        Some("show") => show(&flags),
        _ => {
            say(USAGE);
            ExitCode::from(2)
        }
    }
}

fn programs(flags: &Flags) -> ExitCode {
    let campaign = Campaign {
        seed: flags.number("seed", 1),
        from: flags.number("from", 0),
        count: flags.number("count", 20_000),
        threads: flags.threads(),
        second_in: flags.number("second", 8),
        vectors: flags.number("vectors", 0) == 1,
        failures: Some(flags.text("failures", "fuzz-failures").into()),
        enough: flags.number("enough", 10) as usize,
        shrink: Duration::from_secs(flags.number("shrink", 20)),
    };
    let progress = Progress::new(&campaign, flags.text("summary", "fuzz-summary.json").into());
    let tally = campaign::run(&campaign, &progress);
    if let Err(e) = progress.finish(&tally) {
        say(&format!("there is no summary: {e}"));
    }
    say(&tally.to_string());
    let missed = tally.histogram.missed();
    missed.iter().for_each(|m| say(&format!("quota missed: {m}")));
    ExitCode::from(u8::from(!tally.found.is_empty() || !missed.is_empty()))
}

fn hunt(flags: &Flags) -> ExitCode {
    let (seed, count, all) = (flags.number("seed", 1), flags.number("count", 2000), flags.number("all", 0) == 1);
    let only = flags.text("bug", "");
    let mut lost = false;
    if all {
        say("| bug | in | what it does | found by program | shown by |\n|---|---|---|---|---|");
    }
    for bug in Bug::all().filter(|bug| only.is_empty() || bug.name() == only) {
        let hunt = mutants::hunt(bug, seed, count, all, flags.threads());
        let test = by_hand::named_test(bug);
        lost |= hunt.found.is_none() && test.is_none();
        say(&if all { hunt.row(test) } else { hunt.line(test) });
    }
    ExitCode::from(u8::from(lost))
}

fn hostile(flags: &Flags) -> ExitCode {
    let kind = match flags.text("kind", "source").as_str() {
        "source" => Kind::Source,
        "ir" => Kind::Ir,
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    let attack = Attack {
        kind,
        seed: flags.number("seed", 1),
        count: flags.number("count", 100_000),
        threads: flags.threads(),
        failures: Some(flags.text("failures", "fuzz-failures").into()),
        enough: flags.number("enough", 10) as usize,
        limit: hostile::LIMIT,
    };
    let start = std::time::Instant::now();
    let outcome = hostile::run(&attack, &say);
    let seconds = start.elapsed().as_secs_f64();
    let rate = outcome.tried as f64 / seconds;
    say(&format!("{} texts in {seconds:.0} s ({rate:.0}/s), the slowest {:?}", outcome.tried, outcome.slowest));
    say(&format!("{:?}", outcome.reached));
    say(&format!("{} failures", outcome.found.len()));
    ExitCode::from(u8::from(!outcome.found.is_empty()))
}

fn show(flags: &Flags) -> ExitCode {
    let case = generate::case(flags.number("seed", 1), flags.number("number", 0));
    say(&case.program.source());
    for (param, arg) in case.params.iter().zip(&case.args) {
        say(&format!("// {} = {}", param.name, arg.to_json()));
    }
    ExitCode::SUCCESS
}
