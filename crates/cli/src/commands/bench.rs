//! `adit bench`.
//!
//! In: a program, a point, and for how long. Out: a table, or JSON, of what the function and its derivatives cost, all in turns: times, ratios to the function itself, compile times, memory. The measuring is
//! [`adit::bench`]; Ctrl-C ends it early, and what was measured by then counts.
//!
//! ```text
//!                     time  middle half     ratio  compile  memory  tape
//! primal           0.31 µs  0.31 … 0.32         1  0.82 ms    48 B   0 B
//! jvp, 8 at once   …
//! ```

use crate::args::Bench;
use crate::json_out::{Object, list, number, text};
use crate::progress::Progress;
use crate::session::{Answer, Point, Session, Source, interruptible};
use crate::table::aligned;
use adit::bench::{BenchReport, Row, Settings, Spread, What};
use adit::{Engine, Error, Result};
use std::sync::atomic::Ordering;

/// Measures a function at a point.
///
/// # Errors
/// What compiling, reading and running give; a derivative that does not exist is told in the table, unless there is nothing else.
pub fn bench(session: &Session, args: &Bench) -> Result<Answer> {
    let (source, name) = (Source::read(&args.target.file)?, args.target.function.as_deref());
    let point = Point::at(source.function(&session.engine, name)?, &args.target)?;
    let mut settings = Settings { wrt: args.wrt.clone(), time: args.time, ..Settings::default() };
    settings.lanes = session.lanes.unwrap_or(settings.lanes);
    let compile = |engine: &Engine| source.function(engine, name);
    let (progress, interrupted) = (Progress::percent(session), interruptible());
    let goes_on = |over: f64| {
        progress.at((100.0 * over) as u64);
        !interrupted.load(Ordering::Relaxed)
    };
    let report = adit::bench::bench(&session.engine, &compile, &point.args, &settings, &goes_on)?;
    drop(progress);
    Ok(if session.json { as_json(&report) } else { as_text(&report) }.into())
}

fn as_json(report: &BenchReport) -> String {
    let object = Object::new()
        .with("function", |out| text(out, &report.function))
        .with("rows", |out| list(out, &report.rows, &mut |out, row| out.push_str(&row_as_json(row))))
        .with("refused", |out| list(out, &report.refused, &mut |out, (what, e)| out.push_str(&refusal(*what, e))))
        .with("turns", |out| out.push_str(&report.turns.to_string()))
        .with("compiled", |out| out.push_str(&report.compiled.to_string()))
        .with("interrupted", |out| out.push_str(if report.interrupted { "true" } else { "false" }));
    object.finish() + "\n"
}

fn row_as_json(row: &Row) -> String {
    let object = Object::new()
        .with("name", |out| text(out, row.what.name()))
        .with("directions", |out| out.push_str(&row.what.directions().to_string()))
        .with("time_ns", |out| spread(out, row.time));
    let object = match row.ratio {
        Some(ratio) => object.with("ratio", |out| spread(out, ratio)),
        None => object,
    };
    let whole = |object: Object, name: &str, n: u64| object.with(name, |out| out.push_str(&n.to_string()));
    let object = object.with("compile_ms", |out| spread(out, row.compile));
    let counts = [("calls", row.calls), ("memory_bytes", row.memory), ("tape_bytes", row.tape)];
    let object = counts.into_iter().fold(object, |object, (name, n)| whole(object, name, n));
    object.with("allocates", |out| out.push_str(if row.allocates { "true" } else { "false" })).finish()
}

fn spread(out: &mut String, s: Spread) {
    let parts = [("median", s.median), ("low", s.low), ("high", s.high)];
    let object = parts.iter().fold(Object::new(), |object, (name, x)| object.with(name, |out| number(out, *x)));
    out.push_str(&object.finish());
}

/// A derivative that there is not, and why.
fn refusal(what: What, error: &Error) -> String {
    let object = Object::new().with("name", |out| text(out, what.name()));
    let why = error.diagnostics().first();
    let object = why.into_iter().fold(object, |object, d| {
        object.with("code", |out| text(out, d.code.0)).with("message", |out| text(out, &d.message))
    });
    object.finish()
}

fn as_text(report: &BenchReport) -> String {
    let heads = ["", "time", "middle half", "ratio", "compile", "memory", "tape"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(report.rows.iter().map(cells));
    let mut out = aligned(&rows);
    let ended = if report.interrupted { ", interrupted" } else { "" };
    let (turns, compiled) = (report.turns, report.compiled);
    out.push_str(&format!(
        "\nmedians of {turns} turns{ended}; compiled {compiled} times, source to the end of the first call\n"
    ));
    for row in report.rows.iter().filter(|row| row.allocates) {
        out.push_str(&format!("{}: memory grew after the first call\n", title(row.what)));
    }
    for (what, error) in &report.refused {
        let why = error.diagnostics().first().map_or("", |d| &d.message);
        out.push_str(&format!("no {}: {why}\n", title(*what)));
    }
    out
}

fn cells(row: &Row) -> Vec<String> {
    let (unit, factor) = unit_of(row.time.median);
    let [time, low, high] = [row.time.median, row.time.low, row.time.high].map(|ns| digits(ns * factor));
    let ratio = row.ratio.map_or(String::new(), |ratio| format!("{:.2}", ratio.median));
    let compile = format!("{} ms", digits(row.compile.median));
    let between = format!("{low} … {high}");
    vec![title(row.what), format!("{time} {unit}"), between, ratio, compile, bytes(row.memory), bytes(row.tape)]
}

fn title(what: What) -> String {
    match what {
        What::Jvp(lanes) if lanes > 1 => format!("jvp, {lanes} at once"),
        What::Primal | What::Jvp(_) | What::Gradient | What::Vjp | What::Hvp => what.name().to_owned(),
    }
}

/// A unit in which so many nanoseconds are a number that can be read, and how many of it one is.
fn unit_of(ns: f64) -> (&'static str, f64) {
    match ns {
        ns if ns < 1e3 => ("ns", 1.0),
        ns if ns < 1e6 => ("µs", 1e-3),
        ns if ns < 1e9 => ("ms", 1e-6),
        _ => ("s", 1e-9),
    }
}

/// Three digits.
fn digits(x: f64) -> String {
    let decimals = if x > 0.0 { (2.0 - x.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    format!("{x:.decimals$}")
}

fn bytes(n: u64) -> String {
    match n {
        n if n < 10_000 => format!("{n} B"),
        n if n < 10_000 << 10 => format!("{} KiB", n >> 10),
        n => format!("{} MiB", n >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        for (x, expected) in
            [(0.0, "0"), (0.1234, "0.123"), (1.5, "1.50"), (99.96, "100.0"), (123.4, "123"), (1e7, "10000000")]
        {
            assert_eq!(digits(x), expected);
        }
        assert_eq!([0, 9999, 20_000, 1 << 30].map(bytes), ["0 B", "9999 B", "19 KiB", "1024 MiB"]);
        assert_eq!([5.0, 5e3, 5e6, 5e9].map(|ns| unit_of(ns).0), ["ns", "µs", "ms", "s"]);
    }
}
