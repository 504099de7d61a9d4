//! `adit check`: every engine against every other.
//!
//! In: a program and a point. Out: a table of pairs with the worst difference of each, and exit code 1 if any two disagree. The comparison itself is [`adit::check`].

use crate::args::Check;
use crate::json_out::{self, Object, text};
use crate::session::{Answer, Point, Session};
use adit::Result;
use adit::check::{CheckReport, Pair, Quantity};

/// Checks a function at a point.
///
/// # Errors
/// What compiling, differentiating and running give; a disagreement is an answer.
pub fn check(session: &Session, args: &Check) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let wrt: Vec<&str> = args.wrt.iter().map(String::as_str).collect();
    let report = point.function.check(&point.args, &wrt, args.order)?;
    let text = if session.json { as_json(&report) } else { as_text(&report) };
    Ok(Answer { text, code: u8::from(!report.agrees()) })
}

fn as_json(report: &CheckReport) -> String {
    let object = Object::new()
        .with("agrees", |out| out.push_str(if report.agrees() { "true" } else { "false" }))
        .with("value", |out| json_out::value(out, &report.value))
        .with("pairs", |out| json_out::list(out, &report.pairs, &mut |out, p| out.push_str(&pair_as_json(p))))
        .with("notes", |out| json_out::list(out, &report.notes, &mut |out, note| text(out, note)));
    object.finish() + "\n"
}

fn pair_as_json(pair: &Pair) -> String {
    let object = Object::new()
        .with("quantity", |out| text(out, pair.quantity.name()))
        .with("left", |out| text(out, pair.left))
        .with("right", |out| text(out, pair.right))
        .with("worst", |out| json_out::number(out, pair.worst))
        .with("agrees", |out| out.push_str(if pair.agrees { "true" } else { "false" }));
    match &pair.place {
        Some(place) => object.with("place", |out| text(out, place)).finish(),
        None => object.finish(),
    }
}

fn as_text(report: &CheckReport) -> String {
    let mut out = String::new();
    let width = |side: fn(&Pair) -> &str| report.pairs.iter().map(|p| side(p).chars().count()).max().unwrap_or(0);
    let (left, right) = (width(|p| p.left), width(|p| p.right));
    for quantity in Quantity::ALL {
        let pairs: Vec<&Pair> = report.pairs.iter().filter(|p| p.quantity == quantity).collect();
        if pairs.is_empty() {
            continue;
        }
        out.push_str(&format!("{}\n", quantity.name()));
        for p in pairs {
            let line = format!("  {:left$}  {:right$}  {}", p.left, p.right, verdict(p));
            out.push_str(&format!("{}\n", line.trim_end()));
        }
    }
    for note in &report.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    out.push_str(if report.agrees() { "all engines agree\n" } else { "ENGINES DISAGREE\n" });
    out
}

fn verdict(pair: &Pair) -> String {
    let apart = if pair.worst == 0.0 { "equal".to_owned() } else { format!("{:.1e}", pair.worst) };
    let word = if pair.agrees { "" } else { "DIFFERENT" };
    let place = pair.place.as_ref().map_or_else(String::new, |place| format!("at {place}"));
    format!("{apart:<8} {word} {place}").replace("  at", " at")
}
