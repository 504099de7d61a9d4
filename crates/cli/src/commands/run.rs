//! `adit run`: the value of a function.
//!
//! In: a program and a point. Out: the value, and the final contents of `&mut` parameters.

use crate::args::Run;
use crate::json_out::{self, Object};
use crate::session::{Answer, Point, Session};
use crate::table::Table;
use adit::{Outcome, Result, Value};

/// Runs a function.
///
/// # Errors
/// What compiling and running give.
pub fn run(session: &Session, args: &Run) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let Outcome { value, finals } = point.function.call(&point.args)?;
    if session.json {
        let object = Object::new().with("value", |out| json_out::value(out, &value));
        let object = if finals.is_empty() { object } else { object.with("final", |out| json_out::named(out, &finals)) };
        return Ok((object.finish() + "\n").into());
    }
    let mut table = Table::default();
    if value != Value::unit() || finals.is_empty() {
        table = table.value("value", &value);
    }
    if !finals.is_empty() {
        table = table.title("final").values(finals.iter().map(|(n, v)| (n.as_str(), v)));
    }
    Ok(table.render().into())
}
