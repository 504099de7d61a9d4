//! Races and promises as text: on a terminal, and between two markers of a page.
//!
//! In: races, promises, rivals. Out: tables in Markdown, which a terminal shows as well. [`save`] writes them into `docs/performance.md` and a chart for each problem into `docs/charts`, which is there, and changes nothing outside the markers.

use crate::Result;
use crate::plot;
use crate::promises::Promise;
use crate::rivals::Rival;
use crate::side::{Race, Which};
use std::path::{Path, PathBuf};
use std::process::Command;

const BEGIN: &str = "<!-- peers: written by `adit-benches --peers … --save` -->";
const END: &str = "<!-- peers: end -->";

/// A race as a table. Ratios are over Adit's gradient: above 1, Adit is faster.
pub fn race(race: &Race) -> String {
    let mut out = format!(
        "| {} | primal µs | gradient µs | over Adit's | first gradient ms |\n|---|--:|--:|--:|--:|\n",
        race.title
    );
    for lane in &race.lanes {
        let micros = |which| lane.time(which).map_or("–".to_owned(), |ns| digits(ns / 1e3));
        let ratio = race.ratio((&lane.name, Which::Gradient), ("Adit", Which::Gradient));
        let ratio = ratio.map_or("–".to_owned(), digits);
        let (primal, gradient) = (micros(Which::Primal), micros(Which::Gradient));
        out += &format!("| {} | {primal} | {gradient} | {ratio} | {} |\n", lane.name, digits(lane.first));
    }
    out
}

/// Promises as a table, misses included.
pub fn promises(rows: &[Promise]) -> String {
    let mut out = "| promised | measured | at most | |\n|---|--:|--:|---|\n".to_owned();
    for Promise { what, most, unit, found } in rows {
        let (figure, verdict) = match found {
            Ok(x) if x <= most => (format!("{}{unit}", digits(*x)), "reached".to_owned()),
            Ok(x) => (format!("{}{unit}", digits(*x)), "**missed**".to_owned()),
            Err(why) => ("–".to_owned(), format!("not measured: {why}")),
        };
        out += &format!("| {what} | {figure} | {most}{unit} | {verdict} |\n");
    }
    out
}

/// Three digits.
fn digits(x: f64) -> String {
    let decimals = if x > 0.0 { (2.0 - x.log10().floor()).clamp(0.0, 4.0) as usize } else { 0 };
    format!("{x:.decimals$}")
}

/// Writes everything into the page and its charts.
///
/// # Errors
/// If files cannot be written, or the page has no markers.
pub fn save(races: &[Race], rows: &[Promise], rivals: &[Rival]) -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut text = machine(rivals);
    text += &format!("\n{}\n", promises(rows));
    for one in races {
        let chart = plot::file(&one.title);
        write(&docs.join(&chart), &plot::svg(one))?;
        text += &format!("{}\n![{}: value and gradient]({chart})\n\n", race(one), one.title);
    }
    let page = docs.join("performance.md");
    let old = std::fs::read_to_string(&page).map_err(|e| format!("{}: {e}", page.display()))?;
    write(&page, &between(&old, text.trim_end())?)
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The page with this text between its markers.
fn between(page: &str, text: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).ok_or("the page has no marker where tables begin")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no marker where tables end")?;
    Ok(format!("{before}{BEGIN}\n\n{text}\n\n{END}{after}"))
}

/// The machine, the day, and who took part.
fn machine(rivals: &[Rival]) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let wide = ["avx512f", "avx2"].into_iter().find(|name| cpu.split_whitespace().any(|word| word == *name));
    let day =
        Command::new("date").arg("+%-d %B %Y").output().map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    let mut versions: Vec<String> = rivals.iter().map(|r| format!("{} {}", family(&r.name), r.version)).collect();
    versions.dedup();
    format!(
        "{model} ({}), one thread, {}. {}.\n",
        wide.unwrap_or("no wide vectors"),
        day.unwrap_or_default(),
        versions.join(" · ")
    )
}

/// A name without its options.
fn family(name: &str) -> &str {
    name.split([',', '-']).next().unwrap_or(name).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_changed_between_its_markers_alone() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between(&page, "new").expect("it has markers");
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(between(&new, "new").as_ref(), Ok(&new));
        assert!(between("nothing", "new").is_err());
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        assert!(between(&std::fs::read_to_string(docs).expect("the page is there"), "").is_ok());
    }

    #[test]
    fn misses_are_told() {
        let row = |found| Promise { what: "a".to_owned(), most: 2.0, unit: " ms", found };
        let text = promises(&[row(Ok(1.0)), row(Ok(3.0)), row(Err("nobody is here".to_owned()))]);
        assert!(text.contains("| a | 1.00 ms | 2 ms | reached |"), "{text}");
        assert!(
            text.contains("| a | 3.00 ms | 2 ms | **missed** |")
                && text.contains("| a | – | 2 ms | not measured: nobody is here |")
        );
    }
}
