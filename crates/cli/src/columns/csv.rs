//! A column of a CSV file.
//!
//! In: a file with a header line, and a column's name. Out: its cells as integers where all are, as floats where all are numbers, as truth values where all are `true` or
//! `false`. Anything else is refused with its line.

use super::malformed;
use crate::names::{list, nearest};
use adit::diag::Code;
use adit::{Array, Data, Error, Result};
use csv::{ReaderBuilder, StringRecord, Trim};

/// The column of this name.
///
/// # Errors
/// AD0903 for malformed files, AD0904 for a name that no column or several have, AD0905 for cells that are no numbers.
pub fn column(file: &str, bytes: &[u8], name: &str) -> Result<Array> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| malformed(file, e))?.clone();
    let at = position(file, &header, name)?;
    let mut cells = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| malformed(file, e))?;
        let line = record.position().map_or(0, csv::Position::line);
        cells.push((line, record.get(at).unwrap_or_default().to_owned()));
    }
    let data = numbers(&cells).map_err(|(line, cell)| {
        let text = format!("{file}:{line}: column `{name}`: `{cell}` is not a number");
        Error::input(Code("AD0905"), text)
    })?;
    Ok(Array { dims: vec![data.len()], data })
}

/// The names of all columns.
///
/// # Errors
/// AD0903 for malformed files.
pub fn names(file: &str, bytes: &[u8]) -> Result<Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| malformed(file, e))?;
    Ok(header.iter().map(str::to_owned).collect())
}

fn position(file: &str, header: &StringRecord, name: &str) -> Result<usize> {
    let mut found = header.iter().enumerate().filter(|(_, h)| *h == name.trim()).map(|(i, _)| i);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(Error::input(Code("AD0904"), format!("{file}: several columns are called `{name}`"))),
        (None, _) => {
            let names: Vec<&str> = header.iter().collect();
            let hint = nearest(name, &names).map_or_else(|| list(&names), |near| format!("did you mean `{near}`?"));
            Err(Error::input(Code("AD0904"), format!("{file} has no column `{name}`; {hint}")))
        }
    }
}

/// Cells as data of the narrowest kind that takes all; else the first that is no number.
fn numbers(cells: &[(u64, String)]) -> std::result::Result<Data, (u64, &str)> {
    if let Some(integers) = all(cells, |cell| cell.parse().ok()) {
        return Ok(Data::I64(integers));
    }
    if let Some(truths) = all(cells, truth) {
        return Ok(Data::Bool(truths));
    }
    let float = |(line, cell): &'_ (u64, String)| cell.parse::<f64>().map_err(|_| *line);
    let mut floats = Vec::with_capacity(cells.len());
    for cell in cells {
        floats.push(float(cell).map_err(|line| (line, cell.1.as_str()))?);
    }
    Ok(Data::F64(floats))
}

fn all<T>(cells: &[(u64, String)], read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    cells.iter().map(|(_, cell)| read(cell)).collect()
}

fn truth(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: &str) -> std::result::Result<Data, String> {
        column("d.csv", text.as_bytes(), name).map(|a| a.data).map_err(|e| e.to_string())
    }

    #[test]
    fn columns_have_the_kind_of_their_cells() {
        let text = "\u{feff}a, b ,c,d\n1,1.5,true,\"x, y\"\n-2,NaN,false,z\n";
        assert_eq!(read(text, "a"), Ok(Data::I64(vec![1, -2])));
        assert!(matches!(read(text, "b"), Ok(Data::F64(b)) if b[0] == 1.5 && b[1].is_nan()));
        assert_eq!(read(text, "c"), Ok(Data::Bool(vec![true, false])));
        assert_eq!(read("a\n", "a"), Ok(Data::I64(vec![])));
    }

    #[test]
    fn what_is_no_number_is_told_with_its_line() {
        assert!(read("a,b\n1,2\n3,x\n", "b").is_err_and(|e| e.contains("AD0905") && e.contains("d.csv:3")));
        assert!(read("a,b\n1,\n", "b").is_err_and(|e| e.contains("AD0905")));
    }

    #[test]
    fn malformed_files_and_unknown_columns_are_refused() {
        assert!(read("a,b\n1\n", "a").is_err_and(|e| e.contains("AD0903")));
        assert!(column("d.csv", b"a\n\xff\n", "a").is_err());
        assert!(read("length,b\n1,2\n", "lenght").is_err_and(|e| e.contains("AD0904") && e.contains("`length`")));
        assert!(read("a,a\n1,2\n", "a").is_err_and(|e| e.contains("several")));
        assert!(read("", "a").is_err_and(|e| e.contains("AD0904")));
    }
}
