//! One command that prints a table: `cargo run --release -p adit-benches`.
//!
//! ```text
//! adit-benches [--peers LIST [--save]] [--repeats N] [--phases] [--largest N] [--recurrence] [--nested] [--sparse] [--vectors] [--kernels] [--calls] [--derivatives] [--only NAME]
//! ```
//!
//! In: the options. Out: on standard output, per problem the compile time, primal, gradient and their ratio; forward mode along several directions at once; three derivatives inside one another, of every example;
//! straight-line programs and the growth of compile time; the whole process; and a line for each goal. It fails only if something does not compile or run: a goal missed is told, not an error, since wall time on a shared
//! machine is no proof. `--only` takes the problems whose titles contain the name, and nothing else; `--vectors` only compares programs with vectors and without, in turns; `--kernels` only compares kernels of mathematical functions with the functions.
//!
//! With `--peers c,jax,torch,casadi,enzyme`, or `all`: Adit and those side by side, and what was promised of speed beside them; `--save` writes that and a chart for each problem into the book. (`--serve TITLE [--scalar]` is
//! how Adit takes part: as a process that answers, like the others.)

use adit::bench::clock;
use adit_benches::goals::Goal;
use adit_benches::problems::{self, Problem};
use adit_benches::table::{self, Change, Row};
use adit_benches::{
    Result, bundle, calls, kernels, nested, phases, process, promises, recurrence, report as written, rivals, serve,
    side, straight,
};
use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "adit-benches [--peers LIST [--save]] [--repeats N] [--phases] [--largest N] [--recurrence] [--nested] [--sparse] [--vectors] [--kernels] [--calls] [--derivatives] [--only NAME]";

#[derive(Default)]
struct Options {
    peers: Vec<String>,
    save: bool,
    serve: Option<String>,
    scalar: bool,
    vectors: bool,
    repeats: usize,
    phases: bool,
    largest: usize,
    recurrence: bool,
    nested: bool,
    sparse: bool,
    kernels: bool,
    calls: bool,
    derivatives: bool,
    only: Option<String>,
}

impl Options {
    fn measures(&self, problem: &Problem) -> bool {
        self.only.as_ref().is_none_or(|name| problem.title().contains(name))
    }
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)).and_then(|options| report(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("adit-benches: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options { repeats: 75, largest: usize::MAX, ..Options::default() };
    while let Some(word) = words.next() {
        let mut number =
            || words.next().and_then(|w| w.parse::<usize>().ok()).ok_or(format!("{word} wants a number\n{USAGE}"));
        match word.as_str() {
            "--peers" => options.peers = peers(&words.next().unwrap_or_default())?,
            "--save" => options.save = true,
            "--serve" => options.serve = words.next(),
            "--scalar" => options.scalar = true,
            "--vectors" => options.vectors = true,
            "--repeats" => options.repeats = number()?.max(1),
            "--largest" => options.largest = number()?,
            "--phases" => options.phases = true,
            "--recurrence" => options.recurrence = true,
            "--nested" => options.nested = true,
            "--sparse" => options.sparse = true,
            "--calls" => options.calls = true,
            "--derivatives" => options.derivatives = true,
            "--kernels" => options.kernels = true,
            "--only" => options.only = Some(words.next().ok_or(format!("{word} wants a name\n{USAGE}"))?),
            _ => return Err(format!("what is {word}?\n{USAGE}")),
        }
    }
    Ok(options)
}

/// Families of peers by their names.
fn peers(list: &str) -> Result<Vec<String>> {
    let known = rivals::families();
    let wanted: Vec<&str> = if list == "all" { known.clone() } else { list.split(',').collect() };
    match wanted.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(format!("--peers knows all, {}, and not `{name}`\n{USAGE}", known.join(", "))),
        None => Ok(wanted.into_iter().map(str::to_owned).collect()),
    }
}

fn report(options: &Options) -> Result<()> {
    if let Some(title) = &options.serve {
        return serve::serve(title, !options.scalar, std::io::stdin().lock(), std::io::stdout().lock());
    }
    if !options.peers.is_empty() {
        return side_by_side(options);
    }
    if options.vectors {
        return changes(options);
    }
    if options.kernels {
        say(&kernels::table(options.repeats));
        return Ok(());
    }
    if options.derivatives {
        say(&written::promises(&promises::derivatives(options.repeats)?));
        return Ok(());
    }
    let mut goals = Vec::new();
    let all = !options.recurrence && !options.nested && !options.sparse && !options.calls && options.only.is_none();
    if all || options.calls {
        called(options, &mut goals)?;
    }
    if all || options.recurrence {
        recurrences(options, &mut goals)?;
    }
    if all || options.nested {
        derivatives_of_derivatives(options, &mut goals)?;
    }
    if all || options.sparse {
        bundles(options, &mut goals)?;
    }
    if all || options.only.is_some() {
        problems(options, &mut goals)?;
        directions(options, &mut goals)?;
    }
    if all {
        straight_lines(options, &mut goals);
        whole_process(&mut goals);
    }
    say("\ngoals");
    goals.iter().for_each(|goal| say(&format!("  {goal}")));
    Ok(())
}

/// Adit and others on every problem that one of them has, in turns; then what was promised.
fn side_by_side(options: &Options) -> Result<()> {
    let rivals = rivals::set_up(&options.peers, &say)?;
    let mut races = Vec::new();
    for problem in problems::all().iter().filter(|problem| options.measures(problem)) {
        if rivals.iter().any(|rival| !rival.is_ours() && rival.has(problem)) {
            let race = side::race(problem, &rivals, options.repeats, &say)?;
            say(&format!("\n{}", written::race(&race)));
            races.push(race);
        }
    }
    if options.only.is_some() {
        return Ok(());
    }
    let promises = promises::keep(&races, &rivals, options.repeats)?;
    say(&written::promises(&promises));
    if options.save { written::save(&races, &promises, &rivals) } else { Ok(()) }
}

fn problems(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    let columns = ["problem", "compile ms", "primal µs", "gradient µs", "ratio"];
    say(&format!("{:<28}{:>11}{:>12}{:>13}{:>8}", columns[0], columns[1], columns[2], columns[3], columns[4]));
    for problem in problems::all().iter().filter(|problem| options.measures(problem)) {
        let row = table::measure(problem, options.repeats)?;
        say(&line(&row));
        if options.phases {
            say(&phases_line(problem.source, problem.function)?);
        }
        goals.extend(goals_of(problem, &row));
    }
    Ok(())
}

/// What vectors change.
fn changes(options: &Options) -> Result<()> {
    let columns = ["with vectors, over without", "compile ms", "over", "primal", "gradient"];
    say(&format!("{:<42}{:>11}{:>8}{:>8}{:>10}", columns[0], columns[1], columns[2], columns[3], columns[4]));
    for problem in problems::all().iter().filter(|problem| options.measures(problem)) {
        let Change { title, compile, over: [compiled, primal, gradient] } = table::vectors(problem, options.repeats)?;
        say(&format!("{title:<42}{compile:>11.3}{compiled:>8.2}{primal:>8.2}{gradient:>10.2}"));
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let Row { title, compile, primal, gradient, ratio, .. } = row;
    let (primal, gradient) = (micros(*primal), micros(*gradient));
    format!("{title:<28}{compile:>11.3}{primal:>12}{gradient:>13}{ratio:>8.2}")
}

fn micros(nanoseconds: f64) -> String {
    let us = nanoseconds / 1e3;
    if us < 1.0 { format!("{us:.4}") } else { format!("{us:.2}") }
}

fn phases_line(source: &str, function: &str) -> Result<String> {
    let walks = (0..5).map(|_| phases::walk(source, function)).collect::<Result<Vec<_>>>()?;
    let walked = walks.last().ok_or("nothing was walked")?;
    let (before, after) = walked.instructions;
    let words = walked.phases.iter().map(|(name, ms)| format!("{name} {ms:.3}"));
    Ok(format!("    {} (ms; {before} → {after} instructions)", words.collect::<Vec<_>>().join(", ")))
}

/// What was promised of a problem.
fn goals_of(problem: &Problem, row: &Row) -> Vec<Goal> {
    let mut goals = Vec::new();
    if let Some(most) = problem.most {
        goals.push(Goal::new(format!("{}: gradient over primal", row.title), row.ratio, most, ""));
    }
    if row.title == "linreg n=150" {
        goals.push(Goal::new("linreg: compile, gradient included", row.compile, 2.0, " ms"));
    }
    goals
}

/// Forward mode along several directions at once.
fn directions(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    let heads = table::LANES.map(|lanes| format!("{:>11}", format!("{lanes} lanes")));
    say(&format!("\n{:<28}{}", "forward mode over primal", heads.concat()));
    for problem in problems::all().iter().filter(|problem| options.measures(problem)) {
        let ratios = table::forward(problem, options.repeats)?;
        say(&format!("{:<28}{}", problem.title(), ratios.map(|r| format!("{r:>11.2}")).concat()));
        if matches!(problem.title().as_str(), "test_function n=1000" | "linreg n=1000") {
            goals.push(Goal::new(format!("{}: forward, 8 lanes, over primal", problem.title()), ratios[2], 3.0, ""));
        }
    }
    Ok(())
}

/// What a call costs beside the work.
fn called(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    say(&format!("{:<36}{:>12}", "calls from Rust", "ns"));
    for (what, ns) in calls::measure(options.repeats)? {
        say(&format!("{what:<36}{ns:>12.1}"));
        goals.extend((what == calls::MEANT).then(|| Goal::new(what.to_owned(), ns, calls::MOST, " ns")));
    }
    say("");
    Ok(())
}

/// A loop whose derivative saves something, with and without snapshots.
fn recurrences(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    say(&format!("\n{:<32}{:>16}{:>8}", "recurrence", "ns a step", "ratio"));
    for row in recurrence::measure(options.repeats)? {
        say(&format!("{:<32}{:>16.2}{:>8.2} over {}", row.title, row.step, row.ratio, row.over));
        goals.push(Goal::new(format!("recurrence, {}: over {}", row.title, row.over), row.ratio, row.goal, ""));
    }
    say("");
    Ok(())
}

/// The sparse Jacobian of bundle adjustment, at growing sizes.
fn bundles(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    let heads = ["bundle adjustment", "nnz", "colours", "prepare s", "jacobian ms"];
    say(&format!("\n{:<24}{:>12}{:>10}{:>12}{:>14}", heads[0], heads[1], heads[2], heads[3], heads[4]));
    let rows = bundle::measure(options.repeats)?;
    for row in &rows {
        let title = format!("{} observations", row.observations);
        say(&format!("{title:<24}{:>12}{:>10}{:>12.3}{:>14.2}", row.nnz, row.colours, row.prepare, row.jacobian));
    }
    if let [first, .., last] = &rows[..] {
        let more = last.observations as f64 / first.observations as f64;
        let titles = ["prepare", "jacobian"];
        let growths = [last.prepare / first.prepare, last.jacobian / first.jacobian];
        for (title, growth) in titles.into_iter().zip(growths) {
            let what = format!("bundle adjustment, {title}: growth over that of observations");
            goals.push(Goal::new(what, growth / more, 2.0, ""));
        }
    }
    say("");
    Ok(())
}

/// Three derivatives inside one another, of every example.
fn derivatives_of_derivatives(options: &Options, goals: &mut Vec<Goal>) -> Result<()> {
    let heads = nested::OPERATORS.map(|operator| format!("{operator:>24}"));
    say(&format!("\n{:<28}{}", "compile ms, of three levels", heads.concat()));
    let mut worst = (0.0, String::new());
    for example in nested::EXAMPLES {
        let mut line = format!("{:<28}", example.name);
        for (operator, name) in nested::OPERATORS.iter().enumerate() {
            let ms = clock::median(&example.compile(operator, options.repeats.min(9))?);
            line += &format!("{ms:>24.2}");
            if ms > worst.0 {
                worst = (ms, format!("{}, {name}", example.name));
            }
        }
        say(&line);
    }
    goals.push(Goal::new(format!("three levels, the slowest ({}): compile", worst.1), worst.0, 50.0, " ms"));
    Ok(())
}

fn straight_lines(options: &Options, goals: &mut Vec<Goal>) {
    say(&format!("\n{:<28}{:>11}{:>12}{:>13}", "straight-line operations", "compile ms", "µs each", "exponent"));
    let mut before: Option<(usize, f64)> = None;
    for n in straight::SIZES.into_iter().filter(|&n| n <= options.largest) {
        let measured = table::straight_line(n, options.repeats.min(200_000 / n + 1).min(15));
        let ms = measured.as_ref().copied().unwrap_or(f64::NAN);
        let growth = before.map(|(m, t)| straight::exponent((m, n), (t, ms)));
        let shown = growth.map_or(String::new(), |g| format!("{g:.2}"));
        say(&format!("{n:<28}{ms:>11.2}{:>12.2}{shown:>13}", ms * 1e3 / n as f64));
        if let Err(message) = measured {
            say(&format!("    not compiled: {}", message.lines().next().unwrap_or_default()));
        } else if options.phases {
            say(&phases_line(&straight::program(n), "straight").unwrap_or_else(|message| message));
        }
        match (n, growth) {
            (10_000, _) => goals.push(Goal::new("10,000 straight-line operations: compile", ms, 150.0, " ms")),
            (100_000, Some(growth)) => {
                goals.push(Goal::new("10,000 to 100,000 operations: exponent of growth", growth, 1.2, ""));
            }
            _ => {}
        }
        before = Some((n, ms));
    }
}

/// A machine on which `adit` can't be built next to this binary has no such line.
fn whole_process(goals: &mut Vec<Goal>) {
    let measured = process::adit().and_then(|adit| process::grad(&adit, "linreg", 31));
    match measured {
        Ok(ms) => {
            say(&format!("\nadit grad examples/linreg.ad, whole process {ms:>22.2} ms"));
            goals.push(Goal::new("adit grad examples/linreg.ad: whole process", ms, 10.0, " ms"));
        }
        Err(message) => say(&format!("\nadit grad examples/linreg.ad: not measured: {message}")),
    }
}

/// Prints a line at once: a table of minutes is read while it grows.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's wish.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
