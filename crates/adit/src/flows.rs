//! The stage `activity`: what derivatives flow through, on the source.
//!
//! In: what is known of each float and each array ([`Flow`]). Out: text: under each line of the source what is made there and whether it carries derivatives, and why or why not.
//!
//! ```text
//! derivatives of f with respect to a, x
//!   3: s += sin(a) * k;
//!      active: sin, mul, add, from a
//!      constant: itof
//! ```

use crate::pipeline::Unit;
use crate::stage::source_line;
use adit_autodiff::Flow;
use std::fmt::Write;

/// The text of the stage. `names` are those of the parameters, by place.
pub(crate) fn text(unit: &Unit, name: &str, names: &[String], active: &[bool], flows: &[Flow]) -> String {
    let wanted: Vec<&str> = names.iter().zip(active).filter(|(_, a)| **a).map(|(name, _)| name.as_str()).collect();
    let mut out = format!("derivatives of {name} with respect to {}\n", wanted.join(", "));
    let mut lines: Vec<(usize, String, Vec<Group>)> = Vec::new();
    for flow in flows.iter().filter(|flow| flow.what != "a literal") {
        let (number, text) = source_line(unit, flow.span).unwrap_or_default();
        let place = lines.iter().position(|line| line.0 == number).unwrap_or_else(|| {
            lines.push((number, text, Vec::new()));
            lines.len() - 1
        });
        add(&mut lines[place].2, flow, names);
    }
    lines.sort_by_key(|line| line.0);
    for (number, text, groups) in &lines {
        let _ = writeln!(out, "  {number}: {text}");
        for group in groups {
            let _ = writeln!(out, "     {}: {}{}", group.status, group.what.join(", "), group.why);
        }
    }
    out
}

/// What a line makes that has one status for one reason.
struct Group {
    status: &'static str,
    why: String,
    what: Vec<String>,
}

fn add(groups: &mut Vec<Group>, flow: &Flow, names: &[String]) {
    let from: Vec<&str> = flow.from.iter().filter_map(|&i| names.get(i)).map(String::as_str).collect();
    let (status, why) = match (flow.is_active(), flow.from.is_empty()) {
        (true, _) => ("active", format!(", from {}", from.join(", "))),
        (false, false) => ("unused", "; no result depends on it differentiably".to_owned()),
        (false, true) => ("constant", String::new()),
    };
    let place = groups.iter().position(|g| g.status == status && g.why == why).unwrap_or_else(|| {
        groups.push(Group { status, why, what: Vec::new() });
        groups.len() - 1
    });
    if !groups[place].what.contains(&flow.what) {
        groups[place].what.push(flow.what.clone());
    }
}
