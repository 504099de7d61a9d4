//! How large the finished code of the examples is: what is compared, so that no change makes derivatives longer unseen.
//!
//! In: the programs of `examples/`. Out: a [`Size`] for each: instructions of the cleaned-up function and of its cleaned-up reverse derivative, and of their machine code for any x86-64 processor. The same on every machine, busy or
//! not, which times are not. `references/sizes.txt` is the table that was last accepted; `cargo run -p adit-tests --bin sizes` prints the table of now:
//!
//! ```text
//! linreg                      43      81     202     288
//! ```

use crate::{files, root};
use adit::{Cpu, Engine, Of, Stage};
use std::fs;
use std::path::Path;

/// What an example's columns are called.
pub const COLUMNS: [&str; 4] = ["primal, IR", "gradient, IR", "primal, machine code", "gradient, machine code"];

/// How far a number may move before the table has to be renewed, as a part of it.
pub const TOLERANCE: f64 = 0.05;

/// Numbers this small may move by so much.
const FEW: f64 = 3.0;

/// An example and its numbers, in the order of [`COLUMNS`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Size {
    /// The name of the file, without its ending.
    pub name: String,
    /// How many instructions.
    pub counts: [usize; 4],
}

/// Measures all examples.
///
/// # Errors
/// If one does not compile.
pub fn measure() -> Result<Vec<Size>, String> {
    files("examples", ".ad").iter().map(|path| size(path)).collect()
}

fn size(path: &Path) -> Result<Size, String> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let source = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let told = |e: adit::Error| format!("{name}: {e}");
    let engine = Engine::builder().cpu(Cpu::Baseline).build().map_err(told)?;
    let f = engine.compile(&source).and_then(|module| module.entry()).map_err(told)?;
    let count = |stage, of| f.emit(stage, of, 1).map(|text| instructions(&text)).map_err(told);
    let counts = [
        count(Stage::Optimized, Of::Primal)?,
        count(Stage::VjpOptimized, Of::Vjp)?,
        count(Stage::Native, Of::Primal)?,
        count(Stage::Native, Of::Vjp)?,
    ];
    Ok(Size { name, counts })
}

/// Lines that are set in and are no closing brace: instructions, in both texts.
fn instructions(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("  ") && !matches!(line.trim(), "}" | "} else {" | "")).count()
}

/// The table as text, a line each.
pub fn table(sizes: &[Size]) -> String {
    let line =
        |Size { name, counts }: &Size| format!("{name:<22}{}\n", counts.map(|count| format!("{count:>8}")).concat());
    sizes.iter().map(line).collect()
}

/// The table that was last accepted.
///
/// # Errors
/// If it cannot be read.
pub fn accepted() -> Result<Vec<Size>, String> {
    let text = fs::read_to_string(root().join("tests/references/sizes.txt")).map_err(|e| e.to_string())?;
    text.lines().map(|line| parse(line).ok_or_else(|| format!("{line}: a name and four numbers are wanted"))).collect()
}

fn parse(line: &str) -> Option<Size> {
    let (name, rest) = line.split_once(' ')?;
    let counts: Vec<usize> = rest.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    Some(Size { name: name.to_owned(), counts: counts.try_into().ok()? })
}

/// What moved too far from one table to the other, in words; machine code counts only where it is that of x86-64.
pub fn moved(accepted: &[Size], now: &[Size]) -> Vec<String> {
    let columns = if cfg!(target_arch = "x86_64") { 4 } else { 2 };
    let mut complaints = Vec::new();
    for size in now {
        let Some(old) = accepted.iter().find(|old| old.name == size.name) else {
            complaints.push(format!("{} is not in the table", size.name));
            continue;
        };
        for (column, name) in COLUMNS.iter().enumerate().take(columns) {
            let (before, after) = (old.counts[column] as f64, size.counts[column] as f64);
            if (after - before).abs() > FEW.max(TOLERANCE * before) {
                complaints
                    .push(format!("{}: {name}: {before} instructions were accepted, {after} are there", size.name));
            }
        }
    }
    let gone = accepted.iter().filter(|old| now.iter().all(|size| size.name != old.name));
    complaints.extend(gone.map(|old| format!("{} is in the table and not among the examples", old.name)));
    complaints
}
