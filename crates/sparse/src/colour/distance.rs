//! Partial distance-2 colouring of columns.
//!
//! In: a pattern. Out: a colouring in which columns that share a row have different colours. Rows with many entries keep the set of colours that they have seen; in the others each column looks at its neighbours.

use super::{Colouring, NONE, Taken, largest_first};
use crate::pattern::Pattern;

/// Rows with more entries keep a set of colours.
const LONG: usize = 256;

/// Colours columns, so that those that share a row differ. Columns without entries get none.
pub fn columns(pattern: &Pattern) -> Colouring {
    let by_rows = pattern.transposed();
    let neighbours = |column: usize| pattern.column(column).iter().map(|&row| by_rows.column(row).len()).sum();
    let degrees: Vec<usize> = (0..pattern.columns()).map(neighbours).collect();
    let mut colours = vec![NONE; pattern.columns()];
    let mut seen: Vec<Vec<u64>> = vec![Vec::new(); pattern.rows()];
    let mut taken = Taken::default();
    for column in largest_first(&degrees).into_iter().filter(|&column| degrees[column] > 0) {
        for &row in pattern.column(column) {
            if by_rows.column(row).len() > LONG {
                seen[row].iter().enumerate().for_each(|(word, &bits)| taken.or(word, bits));
            } else {
                let others = by_rows.column(row).iter().map(|&other| colours[other]);
                others.filter(|&colour| colour != NONE).for_each(|colour| taken.add(colour));
            }
        }
        let colour = taken.first_free();
        colours[column] = colour;
        for &row in pattern.column(column).iter().filter(|&&row| by_rows.column(row).len() > LONG) {
            let word = colour as usize / 64;
            if word >= seen[row].len() {
                seen[row].resize(word + 1, 0);
            }
            seen[row][word] |= 1 << (colour % 64);
        }
    }
    Colouring::new(colours)
}
