//! Pictures of sparsity patterns.
//!
//! In: a pattern. Out: an SVG file: a square for each entry, row 0 above, column 0 left. Of a large matrix a square stands for several rows and columns, and is the darker the more entries they have.

use crate::session::unwritable;
use adit::{Pattern, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The longer side of a picture, without its margin.
const SIDE: usize = 600;
const MARGIN: usize = 24;
/// More rows or columns than this share squares.
const SQUARES: usize = 200;

/// Draws a pattern into a file.
///
/// # Errors
/// AD0902 if the file cannot be written.
pub fn draw(path: &Path, pattern: &Pattern) -> Result<()> {
    std::fs::write(path, svg(pattern)).map_err(|e| unwritable(path, &e))
}

fn svg(pattern: &Pattern) -> String {
    let (rows, columns) = (pattern.rows(), pattern.columns());
    let longer = rows.max(columns).max(1);
    let share = longer.div_ceil(SQUARES);
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (row, column) in pattern.entries() {
        *counts.entry((row / share, column / share)).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1) as f64;
    let scale = SIDE as f64 / longer as f64;
    let side = scale * share as f64;
    let (width, height) = (columns as f64 * scale, rows as f64 * scale);
    let (all, down) = (width + 2.0 * MARGIN as f64, height + 2.0 * MARGIN as f64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all:.1}\" height=\"{down:.1}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{MARGIN}\" y=\"16\" font-family=\"sans-serif\" font-size=\"12\">{rows} by {columns}, nnz {}</text>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n\
         <rect width=\"{width:.2}\" height=\"{height:.2}\" fill=\"none\" stroke=\"#999\"/>\n",
        pattern.nnz()
    );
    for ((row, column), count) in counts {
        let (x, y) = (column as f64 * side, row as f64 * side);
        let shade = 0.35 + 0.65 * count as f64 / most;
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{side:.2}\" height=\"{side:.2}\" fill=\"#0072b2\" fill-opacity=\"{shade:.2}\"/>"
        );
    }
    text + "</g>\n</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_for_each_entry_or_for_several() {
        let squares = |pattern: &Pattern| svg(pattern).matches("fill-opacity").count();
        let diagonal = |n: usize| Pattern::of_entries(n, n, (0..n).map(|i| (i, i)));
        assert_eq!(squares(&diagonal(7)), 7);
        assert_eq!(squares(&diagonal(1000)), 200);
        assert_eq!(squares(&Pattern::of_entries(0, 3, [])), 0);
    }
}
