//! `adit explain`: what a code means, what a function of the library is, and the conventions at kinks.
//!
//! In: `AD0301`, `atan2`, `sort` or `kinks`. Out: text. Pages are those of `docs/errors/`, put into the program when it is built; functions and conventions are read from the
//! primitive table, so nothing here knows one by name.

use crate::args::Explain;
use crate::json_out::{Object, text};
use crate::names::nearest;
use crate::session::{Answer, Session};
use adit::conventions::{At, Convention};
use adit::diag::Code;
use adit::ir::Prim;
use adit::ir::Scalar;
use adit::ir::prim::{Kink, Row};
use adit::{CONVENTIONS, Error, Result};

macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page.
        const PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../../../docs/errors/", $code, ".md"))),)*];
    };
}

pages! {
    "AD0001" "AD0002" "AD0003" "AD0004" "AD0005" "AD0006" "AD0007" "AD0008" "AD0009"
    "AD0101" "AD0102" "AD0103" "AD0104" "AD0105" "AD0106" "AD0107"
    "AD0201" "AD0202" "AD0203" "AD0204" "AD0205" "AD0206" "AD0207" "AD0208" "AD0209" "AD0210" "AD0211" "AD0212" "AD0213"
    "AD0301" "AD0302" "AD0303" "AD0304" "AD0305" "AD0306"
    "AD0401" "AD0402" "AD0403" "AD0404" "AD0405"
    "AD0502" "AD0505"
    "AD0602" "AD0603" "AD0604" "AD0610" "AD0611" "AD0612"
    "AD0701"
    "AD0801" "AD0802" "AD0803" "AD0804" "AD0805" "AD0806" "AD0807" "AD0808" "AD0809" "AD0810" "AD0811" "AD0812"
    "AD0813" "AD0814" "AD0815" "AD0816"
    "AD0901" "AD0902" "AD0903" "AD0904" "AD0905" "AD0906" "AD0907" "AD0910" "AD0911" "AD0920" "AD0921" "AD0922"
    "AD0930" "AD0931" "AD0932" "AD0933" "AD0934"
    "AD1001" "AD1002"
}

/// The rule behind many of them.
const STRONG_ZERO: &str = "
Strong zero: a tangent or cotangent of exactly 0 that meets an infinite or NaN partial gives 0, in both modes and at every order.
An infinite tangent or cotangent that meets a partial of 0 stays NaN: y * sqrt(x) at x = y = 0 has the derivative 0 in x in reverse mode and NaN in forward
mode, sqrt(x^2) at x = 0 the other way round. Where the modes then differ, `adit check` says so.
";

/// Explains a topic.
///
/// # Errors
/// AD0904 for one that is not known.
pub fn explain(session: &Session, args: &Explain) -> Result<Answer> {
    let explained = page(&args.topic).or_else(|| topic(&args.topic)).ok_or_else(|| unknown(&args.topic))?;
    if session.json {
        return Ok((Object::new().with("text", |out| text(out, &explained)).finish() + "\n").into());
    }
    Ok(explained.into())
}

fn page(code: &str) -> Option<String> {
    let found = PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    found.map(|(_, page)| (*page).to_owned())
}

fn topic(topic: &str) -> Option<String> {
    if topic == "kinks" {
        return Some(kinks());
    }
    if let Some((_, source)) = adit::library_sources().find(|(name, _)| *name == topic) {
        return Some(format!("{topic} is written in the language itself:\n\n{source}"));
    }
    let rows: Vec<String> = Prim::all_for_source(topic).map(|prim| function(prim.row())).collect();
    (!rows.is_empty()).then(|| rows.join("\n"))
}

fn unknown(topic: &str) -> Error {
    let codes = PAGES.iter().map(|(code, _)| *code);
    let functions = Prim::ALL.iter().filter_map(|prim| prim.row().source);
    let library = adit::library_sources().map(|(name, _)| name);
    let known: Vec<&str> = codes.chain(functions).chain(library).chain(["kinks"]).collect();
    let hint = match nearest(topic, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "there are error codes such as AD0301, functions such as atan2, and `kinks`".to_owned(),
    };
    Error::input(Code("AD0904"), format!("nothing is known about `{topic}`; {hint}"))
}

/// All that a row tells a user.
fn function(row: &Row) -> String {
    let mut out = format!("{}\n\n{}\n", heading(row), row.about);
    let partials = row.parameters.iter().enumerate().filter_map(|(i, p)| Some((p, row.partial_text(i)?)));
    for (i, (parameter, partial)) in partials.enumerate() {
        let title = if i == 0 { "\nPartial derivatives (r is the result):\n" } else { "" };
        out.push_str(&format!("{title}  in {parameter}: {partial}\n"));
    }
    if !row.kinks.is_empty() {
        out.push_str("\nConventions:\n");
        row.kinks.iter().for_each(|kink| out.push_str(&format!("  {}\n", convention(row, kink))));
    }
    out
}

fn heading(row: &Row) -> String {
    let name = row.source.unwrap_or(row.name);
    let types = row.parameters.iter().zip(row.signature.args).map(|(p, ty)| format!("{p}: {ty}"));
    format!("{name}({}) -> {}", types.collect::<Vec<_>>().join(", "), row.signature.result)
}

/// The conventions of the whole table.
fn kinks() -> String {
    let mut out = "Where a derivative does not exist or is infinite, these are the values used.\n\n".to_owned();
    let rows = || Prim::ALL.iter().map(|prim| prim.row()).filter(|row| row.source.is_some());
    for row in rows() {
        for kink in row.kinks {
            out.push_str(&format!("{}\n", convention(row, kink)));
        }
    }
    out.push_str("\nOf what is built from several, each with its value, gradient and what was decided:\n\n");
    CONVENTIONS.iter().for_each(|c| out.push_str(&format!("{}\n", composed(c))));
    out.push_str(STRONG_ZERO);
    out
}

/// `max(a) at a = [3, 3]: 3, gradient [0.5, 0.5] (…)`
fn composed(c: &Convention) -> String {
    let at = c.at.iter().map(|(name, at)| match at {
        At::Number(x) => format!("{name} = {x}"),
        At::Vector(x) => format!("{name} = {x:?}"),
    });
    let at = at.collect::<Vec<_>>().join(", ");
    format!("{} at {at}: {}, gradient {:?}  {}", c.expression, c.value, c.gradient, c.note)
}

/// `abs at x = 0: d/dx = 0 (…)`
fn convention(row: &Row, kink: &Kink) -> String {
    let name = row.source.unwrap_or(row.name);
    let at = row.parameters.iter().zip(kink.at).map(|(p, x)| format!("{p} = {}", scalar(*x)));
    let floats = row.parameters.iter().zip(kink.partials).zip(row.signature.args);
    let partials = floats.filter(|(_, ty)| ty.is_float()).map(|((p, d), _)| format!("d/d{p} = {d}"));
    let (at, partials): (Vec<_>, Vec<_>) = (at.collect(), partials.collect());
    format!("{name:<8} at {:<16} {:<24} {}", at.join(", "), partials.join(", "), kink.note).trim_end().to_owned()
}

fn scalar(s: Scalar) -> String {
    match s {
        Scalar::F64(x) => x.to_string(),
        Scalar::F32(x) => x.to_string(),
        Scalar::I64(i) => i.to_string(),
        Scalar::Bool(b) => b.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_in_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut pages: Vec<String> =
            names.filter_map(|n| n.strip_suffix(".md").map(str::to_owned)).filter(|n| n != "README").collect();
        pages.sort();
        let known: Vec<&str> = PAGES.iter().map(|(code, _)| *code).collect();
        assert_eq!(known, pages);
    }

    #[test]
    fn every_kink_of_the_table_is_told() {
        let text = kinks();
        for row in Prim::ALL.iter().map(|p| p.row()).filter(|row| row.source.is_some()) {
            for kink in row.kinks {
                assert!(text.contains(kink.note) && text.contains(row.source.unwrap_or_default()), "{}", row.name);
            }
        }
        assert!(CONVENTIONS.iter().all(|c| text.contains(c.expression) && text.contains(c.note)));
    }

    #[test]
    fn functions_are_told_with_their_partials() {
        let text = topic("atan2").unwrap();
        assert!(text.contains("atan2(") && text.contains("Partial derivatives"), "{text}");
        assert!(topic("normal_logpdf").unwrap().contains("scale > 0"));
        assert!(topic("no_such").is_none());
        assert!(unknown("sine").to_string().contains("did you mean `sin`?"));
    }
}
