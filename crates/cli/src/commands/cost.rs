//! `adit cost`: what a function and its gradient cost, without running them.
//!
//! In: a program and sizes. Out: operations and bytes of tape, as formulas, with their values where every size is known.

use crate::args::Cost;
use crate::json_out::{Object, text};
use crate::session::{Answer, Session, function, usage};
use adit::{Formula, Result};

/// Prints the costs.
///
/// # Errors
/// AD0901 for sizes that can't be read, and what compiling and differentiating give.
pub fn cost(session: &Session, args: &Cost) -> Result<Answer> {
    let sizes = args.sizes.iter().map(|size| parse(size)).collect::<Result<Vec<(String, i64)>>>()?;
    let module = session.compile(&args.file)?;
    let [value, gradient] = function(&module, args.function.as_deref())?.cost(&sizes)?;
    let ratio = match (value.operations.value(), gradient.operations.value()) {
        (Some(value), Some(gradient)) if value > 0.0 => Some(format!("{:.2}", gradient / value)),
        (_, _) => None,
    };
    let shown = |f: &Formula| f.to_string();
    let rows = [
        ("value_operations", shown(&value.operations)),
        ("gradient_operations", shown(&gradient.operations)),
        ("ratio", ratio.unwrap_or_else(|| "depends on sizes that were not given".to_owned())),
        ("tape_bytes", shown(&gradient.tape)),
    ];
    if session.json {
        let object = rows.iter().fold(Object::new(), |o, (name, t)| o.with(name, |out| text(out, t)));
        return Ok((object.finish() + "\n").into());
    }
    let lines = rows.iter().map(|(name, t)| format!("{:<20} {t}\n", name.replace('_', " ")));
    Ok(lines.collect::<String>().into())
}

fn parse(size: &str) -> Result<(String, i64)> {
    let parsed = size.split_once('=').and_then(|(name, number)| Some((name.trim(), number.trim().parse().ok()?)));
    let (name, number) = parsed.ok_or_else(|| usage(format!("`{size}` is no size: write `--size n=1000`")))?;
    Ok((name.to_owned(), number))
}
