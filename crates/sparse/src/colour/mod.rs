//! Colourings: which columns, rows or variables one sweep may serve together.
//!
//! In: a [`Pattern`]. Out: a [`Colouring`], and for each entry of the pattern a [`Read`]: where in the products it is found. Two kinds:
//!
//! - [`columns`] (and rows, of the transposed pattern): columns of one colour share no row, so that in a product with the sum of their unit vectors each number is one entry. *Partial distance-2 colouring.*
//! - [`star`], of a symmetric pattern: columns of one colour may share rows, if of each pair of entries (i, j), (j, i) one is found alone. *Star colouring*, and direct recovery.
//!
//! Both are greedy, those with most neighbours first: A. Gebremedhin, F. Manne, A. Pothen, *What color is your Jacobian?*, SIAM Review 47 (2005), algorithms 3.2 and 4.1. The least number of colours is not looked
//! for: that is NP-hard. [`reads`] and [`star_reads`] find nothing where a colouring is wrong, so that no wrong colouring is ever used.

mod distance;
mod stars;
#[cfg(test)]
mod tests;

pub use distance::columns;
pub use stars::star;

use crate::pattern::Pattern;
use rustc_hash::FxHashMap;

/// A colour for each column that has entries.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Colouring {
    colours: Vec<u32>,
    count: usize,
}

/// Where an entry is found: in the product with this colour's directions, at this place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Read {
    /// Which colour.
    pub colour: usize,
    /// Which element of the product.
    pub place: usize,
}

/// Not coloured.
const NONE: u32 = u32::MAX;

impl Colouring {
    fn new(colours: Vec<u32>) -> Self {
        let count = colours.iter().filter(|&&c| c != NONE).max().map_or(0, |&c| c as usize + 1);
        Colouring { colours, count }
    }

    /// Each column in a colour of its own.
    pub fn distinct(columns: usize) -> Self {
        Colouring::new((0..columns as u32).collect())
    }

    /// How many colours there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The colour of a column; none if it has no entries.
    pub fn of(&self, column: usize) -> Option<usize> {
        let colour = self.colours[column];
        (colour != NONE).then_some(colour as usize)
    }
}

/// Where the entries of a pattern are found, in its own order, if its columns are coloured so; none if two columns of one colour share a row, or one has no colour.
pub fn reads(pattern: &Pattern, colouring: &Colouring) -> Option<Vec<Read>> {
    let by_rows = pattern.transposed();
    let mut seen = vec![usize::MAX; colouring.count];
    for row in 0..pattern.rows() {
        for &column in by_rows.column(row) {
            let colour = colouring.of(column)?;
            if std::mem::replace(&mut seen[colour], row) == row {
                return None;
            }
        }
    }
    pattern.entries().map(|(row, column)| Some(Read { colour: colouring.of(column)?, place: row })).collect()
}

/// Where the entries of a symmetric pattern are found, in its own order, if its columns are coloured so; none if some entry is not found alone in either of its two places.
pub fn star_reads(pattern: &Pattern, colouring: &Colouring) -> Option<Vec<Read>> {
    let mut counts: FxHashMap<(usize, usize), u32> = FxHashMap::default();
    for (row, column) in pattern.entries() {
        *counts.entry((row, colouring.of(column)?)).or_default() += 1;
    }
    let alone = |row: usize, column: usize| {
        let colour = colouring.of(column)?;
        (counts.get(&(row, colour)) == Some(&1)).then_some(Read { colour, place: row })
    };
    pattern.entries().map(|(row, column)| alone(row, column).or_else(|| alone(column, row))).collect()
}

/// Columns in order of how much they have to do with others, those with most first.
fn largest_first(degrees: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..degrees.len()).collect();
    order.sort_by_key(|&column| std::cmp::Reverse(degrees[column]));
    order
}

/// Which colours are taken, and how far.
#[derive(Default)]
struct Taken {
    words: Vec<u64>,
    /// Words that are not 0.
    touched: Vec<usize>,
}

impl Taken {
    fn add(&mut self, colour: u32) {
        let (word, bit) = (colour as usize / 64, 1 << (colour % 64));
        self.or(word, bit);
    }

    fn or(&mut self, word: usize, bits: u64) {
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if self.words[word] == 0 && bits != 0 {
            self.touched.push(word);
        }
        self.words[word] |= bits;
    }

    /// The first colour that is not taken; after it, none is.
    fn first_free(&mut self) -> u32 {
        let word = self.words.iter().position(|&word| word != u64::MAX).unwrap_or(self.words.len());
        let bits = self.words.get(word).copied().unwrap_or(0);
        let free = word as u32 * 64 + bits.trailing_ones();
        for word in self.touched.drain(..) {
            self.words[word] = 0;
        }
        free
    }
}
