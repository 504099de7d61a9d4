//! `adit grad`, `jvp`, `vjp`, `jac`, `hess`, `hvp`.
//!
//! In: a program, a point, and where needed a direction or a seed. Out: the value and the derivative, as JSON or as a table. The numbers are the library's.

use super::sparse;
use crate::args::{Dense, Grad, Jac, Jvp, Vjp};
use crate::json_out::{self, Object};
use crate::session::{Answer, Point, Session};
use crate::table::Table;
use crate::{input, json_in};
use adit::{Array, Data, Function, Gradient, Mode, Result, Type, Value, float_names};

/// `adit grad`
///
/// # Errors
/// What compiling, differentiating and running give.
pub fn grad(session: &Session, args: &Grad) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let gradient = point.function.gradient().wrt(names(&args.wrt)).mode(args.mode.map(Mode::from)).at(&point.args)?;
    Ok(by_parameter(session, &point.function, "gradient", &gradient))
}

/// `adit vjp`
///
/// # Errors
/// As [`grad`], and what reading the seed gives.
pub fn vjp(session: &Session, args: &Vjp) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let given = input::json("--seed", &args.seed)?;
    let seed = json_in::seed(&point.function, &given.json, &given.folder)?;
    let cotangent = point.function.vjp().wrt(names(&args.wrt)).at(&point.args, &seed)?;
    Ok(by_parameter(session, &point.function, "cotangent", &cotangent))
}

/// `adit hvp`
///
/// # Errors
/// As [`grad`], and what reading the direction gives.
pub fn hvp(session: &Session, args: &Jvp) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let directions = directions(&point, &args.dir)?;
    let product = point.function.hvp().wrt(names(&args.wrt)).at(&point.args, &directions)?;
    Ok(by_parameter(session, &point.function, "hvp", &product))
}

/// `adit jvp`
///
/// # Errors
/// As [`hvp`].
pub fn jvp(session: &Session, args: &Jvp) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let mut directions = directions(&point, &args.dir)?;
    if !args.wrt.is_empty() {
        let wanted = wanted(&point.function, &args.wrt)?;
        directions.iter_mut().zip(wanted).for_each(|(direction, wanted)| _ = direction.take_if(|_| !wanted));
    }
    let (value, tangent) = point.function.jvp().at(&point.args, &directions)?;
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &value))
            .with("tangent", |out| json_out::derivative(out, &tangent, &point.function.signature().result));
        return Ok((object.finish() + "\n").into());
    }
    Ok(Table::default().value("value", &value).derivative("tangent", &tangent).render().into())
}

/// `adit jac`
///
/// # Errors
/// As [`grad`].
pub fn jac(session: &Session, Jac { dense: args, mode }: &Jac) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    let mode = mode.map(Mode::from);
    if args.sparse {
        return sparse::jac(session, args, &point, mode);
    }
    let (value, matrix) = point.function.jacobian().wrt(names(&args.wrt)).mode(mode).at(&point.args)?;
    let wanted = wanted(&point.function, &args.wrt)?;
    let blocks = Block::all(&point, &wanted);
    let result = &point.function.signature().result;
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &value))
            .with("jacobian", |out| jacobian(out, (&value, result), &matrix, &blocks));
        return Ok((object.finish() + "\n").into());
    }
    let columns: Vec<Column> = blocks.iter().flat_map(|b| Column::all(b.name, b.at)).collect();
    let title = "jacobian (result by parameter)";
    let table = Table::default().value("value", &value).title(title);
    Ok(entries(table, &float_names("value", &value), &columns, &matrix).render().into())
}

/// `adit hess`
///
/// # Errors
/// As [`grad`].
pub fn hess(session: &Session, args: &Dense) -> Result<Answer> {
    let point = Point::of(session, &args.target)?;
    if args.sparse {
        return sparse::hess(session, args, &point);
    }
    let (gradient, matrix) = point.function.hessian().wrt(names(&args.wrt)).at(&point.args)?;
    let columns: Vec<Column> = gradient.parameters.iter().flat_map(|(name, v)| Column::all(name, v)).collect();
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &gradient.value))
            .with("gradient", |out| json_out::derivatives(out, &point.function, &gradient.parameters))
            .with("hessian", |out| rows(out, &columns, &matrix));
        return Ok((object.finish() + "\n").into());
    }
    let table = gradient_table("gradient", &gradient).title("hessian");
    let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    Ok(entries(table, &names, &columns, &matrix).render().into())
}

fn names(wrt: &[String]) -> Vec<&str> {
    wrt.iter().map(String::as_str).collect()
}

fn directions(point: &Point, text: &str) -> Result<Vec<Option<Value>>> {
    let given = input::json("--dir", text)?;
    json_in::directions(&point.function, &given.json, &given.folder, &point.args)
}

/// Which parameters are differentiated.
pub(super) fn wanted(function: &Function, wrt: &[String]) -> Result<Vec<bool>> {
    let params = &function.signature().params;
    if let Some(name) = wrt.iter().find(|n| params.iter().all(|p| p.name != **n)) {
        return Err(json_in::unknown_parameter(function, name));
    }
    let all = function.differentiated_by();
    let wanted = |name: &String| if wrt.is_empty() { all.contains(&name.as_str()) } else { wrt.contains(name) };
    Ok(params.iter().map(|p| p.ty.carries_floats() && wanted(&p.name)).collect())
}

fn by_parameter(session: &Session, function: &Function, what: &str, gradient: &Gradient) -> Answer {
    if session.json {
        let object = Object::new()
            .with("value", |out| json_out::value(out, &gradient.value))
            .with(what, |out| json_out::derivatives(out, function, &gradient.parameters));
        return (object.finish() + "\n").into();
    }
    gradient_table(what, gradient).render().into()
}

pub(super) fn gradient_table(what: &str, gradient: &Gradient) -> Table {
    let parts = gradient.parameters.iter().map(|(n, v)| (n.as_str(), v));
    Table::default().value("value", &gradient.value).title(what).derivatives(parts)
}

/// One float of a parameter: a column of a matrix, whose numbers are of its type.
pub(super) struct Column {
    pub(super) name: String,
    single: bool,
}

impl Column {
    /// Those of a parameter's floats.
    pub(super) fn all(name: &str, value: &Value) -> Vec<Column> {
        let mut single = Vec::new();
        singles(value, &mut single);
        float_names(name, value).into_iter().zip(single).map(|(name, single)| Column { name, single }).collect()
    }

    /// A number of this column.
    pub(super) fn entry(&self, x: f64) -> Value {
        if self.single { Value::F32(x as f32) } else { Value::F64(x) }
    }
}

/// For each float whether it is one of single precision.
fn singles(value: &Value, out: &mut Vec<bool>) {
    match value {
        Value::F64(_) => out.push(false),
        Value::F32(_) => out.push(true),
        Value::I64(_) | Value::Bool(_) => {}
        Value::Array(Array { data: Data::F64(x), .. }) => out.resize(out.len() + x.len(), false),
        Value::Array(Array { data: Data::F32(x), .. }) => out.resize(out.len() + x.len(), true),
        Value::Array(Array { data: Data::I64(_) | Data::Bool(_), .. }) => {}
        Value::Struct(fields) => fields.iter().for_each(|(_, v)| singles(v, out)),
        Value::Tuple(items) => items.iter().for_each(|v| singles(v, out)),
    }
}

/// The numbers of a matrix, row by row.
fn numbers(matrix: &Array) -> Vec<f64> {
    Value::Array(matrix.clone()).floats()
}

/// Writes a matrix as a list of rows.
fn rows(out: &mut String, columns: &[Column], matrix: &Array) {
    let x = numbers(matrix);
    let rows: Vec<&[f64]> = x.chunks(columns.len().max(1)).collect();
    json_out::list(out, &rows, &mut |out, row| {
        let row: Vec<Value> = row.iter().zip(columns).map(|(x, column)| column.entry(*x)).collect();
        json_out::list(out, &row, &mut json_out::value);
    });
}

/// The entries of a matrix, a line each.
fn entries(mut table: Table, rows: &[String], columns: &[Column], matrix: &Array) -> Table {
    let names = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
    for ((row, column), x) in names.zip(numbers(matrix)) {
        let name = format!("{row} / {}", column.name);
        table = table.values([(name.as_str(), &column.entry(x))]);
    }
    table
}

/// The columns of a Jacobian that belong to one parameter.
struct Block<'p> {
    name: &'p str,
    ty: &'p Type,
    at: &'p Value,
    first: usize,
}

impl<'p> Block<'p> {
    fn all(point: &'p Point, wanted: &[bool]) -> Vec<Block<'p>> {
        let mut first = 0;
        let params = point.function.signature().params.iter().zip(&point.args).zip(wanted);
        let mut blocks = Vec::new();
        for ((p, at), _) in params.filter(|(_, wanted)| **wanted) {
            blocks.push(Block { name: &p.name, ty: &p.ty, at, first });
            first += at.floats().len();
        }
        blocks
    }

    /// Writes one row's part in the shape of the parameter.
    fn write(&self, out: &mut String, row: &[f64]) {
        let mut column = self.first;
        json_out::shaped(out, self.at, self.ty, &mut |out, float| {
            let x = row.get(column).copied().unwrap_or(f64::NAN);
            json_out::value(out, &if matches!(float, Value::F32(_)) { Value::F32(x as f32) } else { Value::F64(x) });
            column += 1;
        });
    }
}

/// By parameter, the result's shape with the parameter's shape in the place of each float.
fn jacobian(out: &mut String, result: (&Value, &Type), matrix: &Array, blocks: &[Block<'_>]) {
    let x = numbers(matrix);
    let columns = matrix.dims.get(1).copied().unwrap_or(0);
    let mut object = Object::new();
    for block in blocks {
        object = object.with(block.name, |out| {
            let mut row = 0;
            json_out::shaped(out, result.0, result.1, &mut |out, _| {
                block.write(out, &x[row * columns..(row + 1) * columns]);
                row += 1;
            });
        });
    }
    out.push_str(&object.finish());
}
