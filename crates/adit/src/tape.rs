//! The stage `tape`: what the reverse sweep saves, on the source.
//!
//! In: what is saved, and how loops are reversed ([`Report`]). Out: text: under each line of the source what is saved there, how often and why; then the sum, as a formula in the trip counts of loops.
//!
//! ```text
//! f saves for its reverse sweep
//!   3: for t in 0..n { x += 0.01 * sin(x) * p; }
//!      8 bytes an iteration of line 3: carried by the loop
//!   in all 8·i3 bytes; iterations: i3 (line 3)
//!   loop of line 3: reversed as a whole: a number that it carries is more than a sum
//! ```
//!
//! The iterations of a loop with a checkpoint are a function of their own, `f__steps`; what that saves is gone when a block of iterations is reversed.

use crate::pipeline::Unit;
use crate::stage::source_line;
use adit_autodiff::{Kept, Loop, Report, Reversal, Reversed, Saved};
use adit_diag::Span;
use adit_ir::{FuncId, Function};
use std::fmt::Write;

/// The text of the stage.
pub(crate) fn text(unit: &Unit, root: FuncId, dims: &[(usize, usize, String)], report: &Report) -> String {
    let root = unit.ir.function(root);
    let mut functions: Vec<&str> = vec![&root.name];
    let names = report.saved.iter().map(|s| &s.function).chain(report.loops.iter().map(|l| &l.function));
    let names = names.chain(report.kept.iter().map(|k| &k.function));
    names.for_each(|name| {
        if !functions.contains(&name.as_str()) {
            functions.push(name)
        }
    });
    let of = |name: &str| {
        let saved = report.saved.iter().filter(|s| s.function == name).collect::<Vec<_>>();
        let kept: Vec<&Kept> = report.kept.iter().filter(|k| k.function == name).collect();
        let snapshots = kept.iter().any(|k| k.snapshot.is_ok());
        let loops = loops(unit, report.loops.iter().filter(|l| l.function == name));
        of_function(unit, name, &saved, snapshots)
            + &loops
            + &checkpoints(unit, &kept, &|dim| name_of(root, name, dims, dim))
    };
    functions.into_iter().map(of).collect::<Vec<_>>().join("\n")
}

/// How each loop with a checkpoint is reversed.
fn checkpoints(unit: &Unit, kept: &[&Kept], name: &dyn Fn(usize) -> String) -> String {
    let mut out = String::new();
    for k in kept {
        let line = source_line(unit, k.span).map_or(0, |(line, _)| line);
        let _ = writeln!(out, "  loop of line {line}: {}", crate::snapshots::text(k, name));
    }
    out
}

/// The name of a dimension: that of the source, or that of the IR in functions that the source does not have.
fn name_of(root: &Function, function: &str, dims: &[(usize, usize, String)], dim: usize) -> String {
    let is_it = |(param, axis, _): &&(usize, usize, String)| {
        let extents = root.params.get(*param).and_then(|p| root.ty(p.value).array()).map(|ty| &ty.dims);
        extents.and_then(|extents| extents.get(*axis)).and_then(|e| e.value()) == root.dims.get(dim).copied()
    };
    match dims.iter().find(is_it).filter(|_| root.name == function) {
        Some((.., name)) => name.clone(),
        None => format!("d{dim}"),
    }
}

/// How each loop is reversed.
fn loops<'r>(unit: &Unit, loops: impl Iterator<Item = &'r Reversed>) -> String {
    let mut out = String::new();
    for l in loops {
        let line = source_line(unit, l.span).map_or(0, |(line, _)| line);
        let how = match l.how {
            Reversal::AtOnce => "each iteration is reversed right after it ran".to_owned(),
            Reversal::Again => "each iteration runs again and is reversed right after".to_owned(),
            Reversal::Whole(obstacle) => format!("reversed as a whole: {obstacle}"),
        };
        let _ = writeln!(out, "  loop of line {line}: {how}");
    }
    out
}

fn of_function(unit: &Unit, name: &str, saved: &[&Saved], snapshots: bool) -> String {
    if saved.is_empty() {
        let but = if snapshots { " but snapshots" } else { "" };
        return format!("{name} saves nothing{but} for its reverse sweep\n");
    }
    let mut names = Names { unit, loops: Vec::new() };
    let mut out = format!("{name} saves for its reverse sweep\n");
    let mut last = None;
    for s in saved {
        let line = source_line(unit, s.span);
        if line != last {
            let (number, text) = line.clone().unwrap_or_default();
            let _ = writeln!(out, "  {number}: {text}");
        }
        last = line;
        let what = if s.array.is_some() {
            format!("{} bytes for each element of an array", s.bytes)
        } else {
            format!("{} bytes", s.bytes)
        };
        let often = names.often(&s.loops);
        let sometimes = if s.sometimes { ", where that is reached" } else { "" };
        let _ = writeln!(out, "     {what}{often}{sometimes}: {}", s.why);
    }
    let _ = writeln!(out, "  in all {}", names.total(saved));
    out
}

/// What the trip counts of loops are called.
struct Names<'u> {
    unit: &'u Unit,
    /// Each loop seen so far, by its place, with its line.
    loops: Vec<(Loop, usize)>,
}

impl Names<'_> {
    fn line(&self, span: Span) -> usize {
        source_line(self.unit, span).map_or(0, |(line, _)| line)
    }

    fn often(&self, loops: &[Loop]) -> String {
        match loops {
            [] => String::new(),
            [.., last] => format!(" an iteration of line {}", self.line(last.span)),
        }
    }

    /// The trip count of a loop: a number, or a name made of its line.
    fn trips(&mut self, l: &Loop) -> String {
        if let Some(trips) = l.trips {
            return trips.to_string();
        }
        let line = self.line(l.span);
        if !self.loops.iter().any(|(known, _)| known == l) {
            self.loops.push((*l, line));
        }
        let mut same = self.loops.iter().filter(|(_, at)| *at == line);
        let number = same.position(|(known, _)| known == l).unwrap_or(0);
        if number == 0 { format!("i{line}") } else { format!("i{line}_{}", number + 1) }
    }

    /// The sum of all that is saved.
    fn total(&mut self, saved: &[&Saved]) -> String {
        let mut terms: Vec<(Vec<Loop>, u64, usize)> = Vec::new();
        for s in saved {
            let place = terms.iter().position(|(loops, ..)| *loops == s.loops).unwrap_or_else(|| {
                terms.push((s.loops.clone(), 0, 0));
                terms.len() - 1
            });
            if s.array.is_some() { terms[place].2 += 1 } else { terms[place].1 += s.bytes }
        }
        let mut sum = Vec::new();
        for (loops, bytes, arrays) in &terms {
            let trips: String = loops.iter().map(|l| format!("·{}", self.trips(l))).collect();
            if *bytes > 0 {
                sum.push(format!("{bytes}{trips}"));
            }
            if *arrays > 0 {
                sum.push(format!("{arrays} arrays{trips}"));
            }
        }
        let at_most = if saved.iter().any(|s| s.sometimes) { "at most " } else { "" };
        let mut text = format!("{at_most}{} bytes", sum.join(" + "));
        let names: Vec<String> =
            self.loops.clone().iter().map(|(l, line)| format!("{} (line {line})", self.trips(l))).collect();
        if !names.is_empty() {
            let _ = write!(text, "; iterations: {}", names.join(", "));
        }
        text
    }
}
