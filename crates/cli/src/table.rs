//! Numbers with their names, aligned, for a person.
//!
//! In: titles and values. Out: text in two columns, numbers aligned at the point:
//!
//! ```text
//! value         -13.451638032646793
//!
//! gradient
//!   p.alpha       9.24666666666687
//!   p.beta      -82.13155555555461
//!   x[0]          0.384
//!   …                 148 more
//!   x[149]        0.5
//! ```
//!
//! Long arrays are shown by their ends. [`aligned`] sets cells of any words in columns. It knows nothing of what the numbers mean.

use adit::{Array, Data, Value, subscripts};

/// An array with more elements is shown by its ends.
const WHOLE: usize = 12;
const FIRST: usize = 8;
const LAST: usize = 2;

enum Row {
    Title(String),
    Blank,
    Entry { label: String, number: String },
    Left { count: usize },
}

/// Which leaves of a value get a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    Floats,
}

/// A table under way.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A line above a group of values.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        if !self.rows.is_empty() {
            self.rows.push(Row::Blank);
        }
        self.rows.push(Row::Title(title.to_owned()));
        self
    }

    /// A value under a name.
    #[must_use]
    pub fn value(mut self, name: &str, value: &Value) -> Self {
        self.add(name, value, Shown::All);
        self
    }

    /// The floats of a derivative under a name.
    #[must_use]
    pub fn derivative(mut self, name: &str, value: &Value) -> Self {
        self.add(name, value, Shown::Floats);
        self
    }

    /// Values under their names, set in.
    #[must_use]
    pub fn values<'v>(self, values: impl IntoIterator<Item = (&'v str, &'v Value)>) -> Self {
        values.into_iter().fold(self, |table, (name, value)| table.value(&format!("  {name}"), value))
    }

    /// The floats of derivatives under their names, set in.
    #[must_use]
    pub fn derivatives<'v>(self, values: impl IntoIterator<Item = (&'v str, &'v Value)>) -> Self {
        values.into_iter().fold(self, |table, (name, value)| table.derivative(&format!("  {name}"), value))
    }

    fn add(&mut self, label: &str, value: &Value, shown: Shown) {
        match value {
            Value::F64(x) => self.entry(label.to_owned(), format!("{x:?}")),
            Value::F32(x) => self.entry(label.to_owned(), format!("{x:?}")),
            Value::Array(a) if shown == Shown::All || matches!(a.data, Data::F64(_) | Data::F32(_)) => {
                self.array(label, a)
            }
            Value::Struct(fields) => {
                fields.iter().for_each(|(name, v)| self.add(&format!("{label}.{name}"), v, shown));
            }
            Value::Tuple(items) if items.is_empty() => self.entry(label.to_owned(), "()".to_owned()),
            Value::Tuple(items) => {
                items.iter().enumerate().for_each(|(i, v)| self.add(&format!("{label}.{i}"), v, shown));
            }
            Value::I64(i) if shown == Shown::All => self.entry(label.to_owned(), i.to_string()),
            Value::Bool(b) if shown == Shown::All => self.entry(label.to_owned(), b.to_string()),
            Value::I64(_) | Value::Bool(_) | Value::Array(_) => {}
        }
    }

    fn array(&mut self, label: &str, a: &Array) {
        let count = a.data.len();
        if count == 0 {
            self.entry(label.to_owned(), "[]".to_owned());
        }
        let (first, last) = if count > WHOLE { (FIRST, count - LAST) } else { (count, count) };
        for i in (0..first).chain(last..count) {
            if i == last {
                self.rows.push(Row::Left { count: last - first });
            }
            let number = match &a.data {
                Data::F64(x) => format!("{:?}", x[i]),
                Data::F32(x) => format!("{:?}", x[i]),
                Data::I64(x) => x[i].to_string(),
                Data::Bool(x) => x[i].to_string(),
            };
            self.entry(format!("{label}{}", subscripts(&a.dims, i)), number);
        }
    }

    fn entry(&mut self, label: String, number: String) {
        self.rows.push(Row::Entry { label, number });
    }

    /// The text.
    pub fn render(&self) -> String {
        let entries = || {
            self.rows.iter().filter_map(|row| match row {
                Row::Entry { label, number } => Some((label, number)),
                Row::Title(_) | Row::Blank | Row::Left { .. } => None,
            })
        };
        let label_width = entries().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let whole_width = entries().map(|(_, number)| before_point(number)).max().unwrap_or(0);
        let mut out = String::new();
        for row in &self.rows {
            let line = match row {
                Row::Title(title) => title.clone(),
                Row::Blank => String::new(),
                Row::Entry { label, number } => {
                    let pad = whole_width - before_point(number);
                    format!("{label:label_width$}  {:pad$}{number}", "")
                }
                Row::Left { count } => format!("{:label_width$}  {:whole_width$}{count} more", "  …", ""),
            };
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Rows of cells in columns: the first to the left, the others to the right. All rows have as many cells as the first.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let width = |k: usize| rows.iter().filter_map(|row| row.get(k)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (k, (cell, w)) in row.iter().zip(&widths).enumerate() {
            line.push_str(&if k == 0 { format!("{cell:w$}") } else { format!("  {cell:>w$}") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// How many characters stand before the point.
fn before_point(number: &str) -> usize {
    number.find(['.', 'e']).unwrap_or(number.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_align_at_the_point() {
        let p = Value::structure([("alpha", 9.25.into()), ("n", 10i64.into())]);
        let text = Table::default().value("value", &(-13.5).into()).title("gradient").values([("p", &p)]).render();
        let expected = "\
value      -13.5

gradient
  p.alpha    9.25
  p.n       10
";
        assert_eq!(text, expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[row(["", "time", "±"]), row(["primal", "1.5 µs", ""])]);
        assert_eq!(text, "          time  ±\nprimal  1.5 µs\n");
        assert_eq!(aligned(&[]), "");
    }

    #[test]
    fn derivatives_show_floats_alone() {
        let p = Value::structure([("a", 9.25.into()), ("n", 10i64.into()), ("k", vec![1i64].into())]);
        assert_eq!(Table::default().derivatives([("p", &p)]).render(), "  p.a  9.25\n");
    }

    #[test]
    fn long_arrays_are_shown_by_their_ends() {
        let x: Value = (0..20).map(f64::from).collect::<Vec<_>>().into();
        let text = Table::default().value("x", &x).render();
        assert_eq!(text.lines().count(), 11);
        assert!(text.contains("10 more") && text.contains("x[7]") && text.contains("x[19]"), "{text}");
    }
}
