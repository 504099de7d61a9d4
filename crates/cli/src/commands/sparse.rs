//! `adit jac --sparse`, `adit hess --sparse`.
//!
//! In: a program and a point. Out: the value, and of the matrix the entries that may be other than zero, with how many there are and how many directions they took; as JSON in compressed sparse columns, as a table with
//! the names of what moves what, and where they are as a picture. Patterns and numbers are the library's.

use super::derivatives::{Column, gradient_table, wanted};
use crate::args::Dense;
use crate::json_out::{self, Object};
use crate::session::{Answer, Point, Session};
use crate::spy;
use crate::table::Table;
use adit::{Mode, Pattern, Result, Value, float_names};

/// A matrix: where its entries are, and what they are.
struct Matrix<'m> {
    pattern: &'m Pattern,
    values: &'m [f64],
    colours: usize,
    mode: Mode,
}

/// `adit jac --sparse`
///
/// # Errors
/// What compiling, differentiating, running and writing the picture give.
pub fn jac(session: &Session, args: &Dense, point: &Point, mode: Option<Mode>) -> Result<Answer> {
    let (names, columns) = columns(point, &args.wrt)?;
    let sparse = point.function.jacobian().wrt(&names).mode(mode).sparse(&point.args[..])?;
    let (value, values) = sparse.at(&point.args)?;
    let (pattern, colours, mode) = (sparse.pattern(), sparse.colours(), sparse.mode());
    let matrix = Matrix { pattern, values: &values, colours, mode };
    draw(args, &matrix)?;
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &value))
            .with("jacobian", |out| matrix.json(out, &columns));
        return Ok((object.finish() + "\n").into());
    }
    let table = Table::default().value("value", &value);
    Ok(matrix.table(table, "jacobian", &float_names("value", &value), &columns).render().into())
}

/// `adit hess --sparse`
///
/// # Errors
/// As [`jac`].
pub fn hess(session: &Session, args: &Dense, point: &Point) -> Result<Answer> {
    let (names, columns) = columns(point, &args.wrt)?;
    let sparse = point.function.hessian().wrt(&names).sparse(&point.args[..])?;
    let (gradient, values) = sparse.at(&point.args)?;
    let (pattern, colours) = (sparse.pattern(), sparse.colours());
    let matrix = Matrix { pattern, values: &values, colours, mode: Mode::Forward };
    draw(args, &matrix)?;
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &gradient.value))
            .with("gradient", |out| json_out::derivatives(out, &point.function, &gradient.parameters))
            .with("hessian", |out| matrix.json(out, &columns));
        return Ok((object.finish() + "\n").into());
    }
    let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    Ok(matrix.table(gradient_table("gradient", &gradient), "hessian", &names, &columns).render().into())
}

/// The parameters differentiated, as declared, and their floats.
fn columns<'p>(point: &'p Point, wrt: &[String]) -> Result<(Vec<&'p str>, Vec<Column>)> {
    let wanted = wanted(&point.function, wrt)?;
    let params = point.function.signature().params.iter().zip(&point.args).zip(wanted);
    let params: Vec<(&str, &Value)> = params.filter(|(_, w)| *w).map(|((p, at), _)| (&*p.name, at)).collect();
    let columns = params.iter().flat_map(|(name, at)| Column::all(name, at)).collect();
    Ok((params.into_iter().map(|(name, _)| name).collect(), columns))
}

fn draw(args: &Dense, matrix: &Matrix<'_>) -> Result<()> {
    args.plot.as_deref().map_or(Ok(()), |path| spy::draw(path, matrix.pattern))
}

impl Matrix<'_> {
    fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Forward => "forward",
            Mode::Reverse => "reverse",
        }
    }

    fn json(&self, out: &mut String, columns: &[Column]) {
        let count = |out: &mut String, n: &usize| json_out::value(out, &Value::I64(*n as i64));
        let entries = self.pattern.entries().zip(self.values);
        let values: Vec<Value> = entries.map(|((_, column), &x)| columns[column].entry(x)).collect();
        let object = Object::new()
            .with("rows", |out| count(out, &self.pattern.rows()))
            .with("columns", |out| count(out, &self.pattern.columns()))
            .with("nnz", |out| count(out, &self.pattern.nnz()))
            .with("colours", |out| count(out, &self.colours))
            .with("mode", |out| json_out::text(out, self.mode()))
            .with("column_starts", |out| json_out::list(out, self.pattern.column_starts(), &mut |out, n| count(out, n)))
            .with("row_indices", |out| json_out::list(out, self.pattern.row_indices(), &mut |out, n| count(out, n)))
            .with("values", |out| json_out::list(out, &values, &mut json_out::value));
        out.push_str(&object.finish());
    }

    fn table(&self, table: Table, what: &str, rows: &[String], columns: &[Column]) -> Table {
        let (m, n, nnz) = (self.pattern.rows(), self.pattern.columns(), self.pattern.nnz());
        let title = format!("{what}: {m} by {n}, nnz {nnz}, colours {}, {}", self.colours, self.mode());
        let entries = self.pattern.entries().zip(self.values);
        let named = entries.map(|((row, column), &x)| {
            let column = &columns[column];
            (format!("{} / {}", rows[row], column.name), column.entry(x))
        });
        named.fold(table.title(&title), |table, (name, x)| table.values([(name.as_str(), &x)]))
    }
}
