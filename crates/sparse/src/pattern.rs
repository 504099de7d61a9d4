//! Patterns: which entries of a matrix may be other than zero.
//!
//! In: entries. Out: a [`Pattern`], by columns, rows increasing (*compressed sparse columns*). It holds no numbers.

use crate::sets::{Set, Sets};

/// Which entries of a matrix may be other than zero, in compressed sparse columns.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Pattern {
    rows: usize,
    starts: Vec<usize>,
    indices: Vec<usize>,
}

impl Pattern {
    /// Of entries as row and column, in any order.
    pub fn of_entries(rows: usize, columns: usize, entries: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut by_row = vec![Vec::new(); rows];
        for (row, column) in entries {
            by_row[row].push(column);
        }
        Pattern::by_columns(rows, columns, |row, see| {
            let mut sorted = by_row[row].clone();
            sorted.sort_unstable();
            sorted.dedup();
            sorted.into_iter().for_each(see);
        })
    }

    pub(crate) fn of_rows(sets: &Sets, rows: &[Set], columns: usize) -> Self {
        Pattern::by_columns(rows.len(), columns, |row, see| sets.each(rows[row], &mut |column| see(column as usize)))
    }

    fn by_columns(rows: usize, columns: usize, each: impl Fn(usize, &mut dyn FnMut(usize))) -> Self {
        let mut starts = vec![0; columns + 1];
        for row in 0..rows {
            each(row, &mut |column| starts[column + 1] += 1);
        }
        for column in 0..columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut indices = vec![0; starts[columns]];
        for row in 0..rows {
            each(row, &mut |column| {
                indices[next[column]] = row;
                next[column] += 1;
            });
        }
        Pattern { rows, starts, indices }
    }

    /// How many rows the matrix has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns the matrix has.
    pub fn columns(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many entries may be other than zero.
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// For each column where its entries begin, and at the end how many there are in all.
    pub fn column_starts(&self) -> &[usize] {
        &self.starts
    }

    /// The row of each entry, column by column.
    pub fn row_indices(&self) -> &[usize] {
        &self.indices
    }

    /// The rows of a column's entries, increasing.
    pub fn column(&self, column: usize) -> &[usize] {
        &self.indices[self.starts[column]..self.starts[column + 1]]
    }

    /// All entries as row and column, column by column.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.columns()).flat_map(|column| self.column(column).iter().map(move |&row| (row, column)))
    }

    /// Whether this entry may be other than zero.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        self.column(column).binary_search(&row).is_ok()
    }

    /// Rows for columns.
    pub fn transposed(&self) -> Pattern {
        Pattern::by_columns(self.columns(), self.rows, |column, see| self.column(column).iter().copied().for_each(see))
    }

    /// Whether with each entry the mirrored one is there.
    pub fn is_symmetric(&self) -> bool {
        self.rows == self.columns() && self.transposed() == *self
    }
}
