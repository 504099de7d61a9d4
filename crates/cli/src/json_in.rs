//! From JSON to values, as the types of a function ask.
//!
//! In: [`Json`] and [`Type`]s. Out: [`Value`]s: lists become arrays (row major) or tuples, objects structs, `"NaN"`, `"Infinity"`, `"-Infinity"` floats, integers floats where floats are
//! wanted, `"@data.csv:x"` and `"@x.npy"` the numbers of a file. What does not fit is an error that names the place, `p.alpha` or `x[3]`:
//!
//! | code | what |
//! |---|---|
//! | AD0904 | a name that is unknown, missing or given twice |
//! | AD0905 | another kind, another rank, rows of different lengths, a number that is no `i64` |
//!
//! Sizes are not compared here: that is the library's part, which knows the dimensions.

use crate::columns;
use crate::json::Json;
use crate::names::{list, nearest};
use adit::diag::Code;
use adit::{Array, Data, Error, Function, Result, ScalarType, Type, Value};
use std::fmt;
use std::path::Path;

const NAME: Code = Code("AD0904");
const KIND: Code = Code("AD0905");

/// What stands for a value that is not given.
#[derive(Clone, Copy)]
enum Missing<'v> {
    /// Nothing: it has to be given.
    Refused,
    /// Nothing for floats; what carries none may be left out.
    FloatsRefused,
    /// Zero for floats, and the integers and truth values of this point.
    Zero(&'v Value),
}

/// A place in an argument.
#[derive(Clone, Copy)]
struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Position(usize),
    Index(usize),
}

impl<'a> At<'a> {
    fn root(name: &'a str) -> Self {
        At { parent: None, step: Step::Name(name) }
    }

    fn then(&'a self, step: Step<'a>) -> Self {
        At { parent: Some(self), step }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Name(name) if self.parent.is_none() => f.write_str(name),
            Step::Name(name) => write!(f, ".{name}"),
            Step::Position(i) => write!(f, ".{i}"),
            Step::Index(i) => write!(f, "[{i}]"),
        }
    }
}

/// Arguments by parameter name, in the order of the parameters.
///
/// # Errors
/// AD0904 and AD0905, and what reading files gives.
pub fn arguments(function: &Function, json: &Json, folder: &Path) -> Result<Vec<Value>> {
    all_given(function, some_arguments(function, json, folder)?)
}

/// Some arguments by parameter name, in the order of the parameters; none where a parameter is left out.
///
/// # Errors
/// As [`arguments`], but for what is missing.
pub fn some_arguments(function: &Function, json: &Json, folder: &Path) -> Result<Vec<Option<Value>>> {
    let given = object(json, "the arguments")?;
    let params = &function.signature().params;
    known(given, &params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), &parameters_of(function))?;
    let reader = Reader { folder };
    let read = |p: &adit::Parameter| {
        let json = find(given, &p.name);
        json.map(|json| reader.read(&p.ty, json, &At::root(&p.name), Missing::Refused)).transpose()
    };
    params.iter().map(read).collect()
}

/// All arguments, where none is left out.
///
/// # Errors
/// AD0904 for the first that is.
pub fn all_given(function: &Function, given: Vec<Option<Value>>) -> Result<Vec<Value>> {
    let params = function.signature().params.iter();
    params.zip(given).map(|(p, value)| value.ok_or_else(|| missing(&p.name, &p.ty))).collect()
}

/// A direction by parameter name: one value for each parameter that is given, zero where its parts are left out.
///
/// # Errors
/// As [`arguments`].
pub fn directions(function: &Function, json: &Json, folder: &Path, at: &[Value]) -> Result<Vec<Option<Value>>> {
    let given = object(json, "the direction")?;
    let params = &function.signature().params;
    known(given, &params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), &parameters_of(function))?;
    let reader = Reader { folder };
    let read = |(p, point): (&adit::Parameter, &Value)| {
        let json = find(given, &p.name);
        json.map(|json| reader.read(&p.ty, json, &At::root(&p.name), Missing::Zero(point))).transpose()
    };
    params.iter().zip(at).map(read).collect()
}

/// A cotangent in the shape of the result.
///
/// # Errors
/// As [`arguments`].
pub fn seed(function: &Function, json: &Json, folder: &Path) -> Result<Value> {
    Reader { folder }.read(&function.signature().result, json, &At::root("seed"), Missing::FloatsRefused)
}

/// AD0904 for a name that is given twice.
pub fn given_twice(name: &str) -> Error {
    Error::input(NAME, format!("`{name}` is given twice"))
}

/// AD0904 for a name that is none of the function's parameters.
pub fn unknown_parameter(function: &Function, name: &str) -> Error {
    let names: Vec<&str> = function.signature().params.iter().map(|p| p.name.as_str()).collect();
    unknown(name, &names, &parameters_of(function))
}

fn unknown(name: &str, names: &[&str], what: &str) -> Error {
    let hint = nearest(name, names).map_or_else(|| list(names), |near| format!("did you mean `{near}`?"));
    Error::input(NAME, format!("`{name}` is not {what}; {hint}"))
}

fn parameters_of(function: &Function) -> String {
    format!("a parameter of `{}`", function.name())
}

fn object<'j>(json: &'j Json, what: &str) -> Result<&'j [(String, Json)]> {
    match json {
        Json::Object(entries) => Ok(entries),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Text(_) | Json::List(_) => {
            let text =
                format!("{what} must be an object by parameter name, such as {{\"x\": 1}}, not {}", json.describe());
            Err(Error::input(KIND, text))
        }
    }
}

fn find<'j>(given: &'j [(String, Json)], name: &str) -> Option<&'j Json> {
    given.iter().find(|(n, _)| n == name).map(|(_, json)| json)
}

/// Checks that every name is known and given once; `what` says what the names are.
fn known(given: &[(String, Json)], names: &[&str], what: &str) -> Result<()> {
    for (i, (name, _)) in given.iter().enumerate() {
        if !names.contains(&name.as_str()) {
            return Err(unknown(name, names, what));
        }
        if given[..i].iter().any(|(earlier, _)| earlier == name) {
            return Err(given_twice(name));
        }
    }
    Ok(())
}

fn missing(place: &str, ty: &Type) -> Error {
    Error::input(NAME, format!("`{place}` has no value; a value of type {ty} is wanted"))
}

struct Reader<'a> {
    folder: &'a Path,
}

impl Reader<'_> {
    fn read(&self, ty: &Type, json: &Json, at: &At<'_>, missing: Missing<'_>) -> Result<Value> {
        let value = match ty {
            Type::Scalar(s) => scalar(*s, json, at)?,
            Type::Array { element, dims } => Value::Array(self.array(*element, dims.len(), json, at)?),
            Type::Struct { name, fields } => self.structure(name, fields, json, at, missing)?,
            Type::Tuple(types) => self.tuple(types, json, at, missing)?,
        };
        match missing {
            // A direction has no part in integers: they stay what they are at the point.
            Missing::Zero(point) if !ty.carries_floats() => Ok(point.clone()),
            Missing::Zero(_) | Missing::Refused | Missing::FloatsRefused => Ok(value),
        }
    }

    fn structure(
        &self,
        name: &str,
        fields: &[(String, Type)],
        json: &Json,
        at: &At<'_>,
        missing: Missing<'_>,
    ) -> Result<Value> {
        let Json::Object(given) = json else {
            return Err(wrong(at, &format!("an object (the struct `{name}`)"), json));
        };
        let names: Vec<&str> = fields.iter().map(|(n, _)| n.as_str()).collect();
        known(given, &names, &format!("a field of `{at}`"))?;
        let mut out = Vec::with_capacity(fields.len());
        for (i, (name, ty)) in fields.iter().enumerate() {
            let at = at.then(Step::Name(name));
            let value = match find(given, name) {
                Some(json) => self.read(ty, json, &at, missing.part(i))?,
                None => missing.part(i).fill(ty, &at)?,
            };
            out.push((name.clone(), value));
        }
        Ok(Value::Struct(out))
    }

    fn tuple(&self, types: &[Type], json: &Json, at: &At<'_>, missing: Missing<'_>) -> Result<Value> {
        let wanted = || format!("a list of {} values", types.len());
        let Json::List(items) = json else {
            return Err(wrong(at, &wanted(), json));
        };
        if items.len() != types.len() {
            return Err(Error::input(KIND, format!("`{at}` takes {}, not of {}", wanted(), items.len())));
        }
        let read = |(i, (ty, json)): (usize, (&Type, &Json))| {
            self.read(ty, json, &at.then(Step::Position(i)), missing.part(i))
        };
        Ok(Value::Tuple(types.iter().zip(items).enumerate().map(read).collect::<Result<_>>()?))
    }

    fn array(&self, element: ScalarType, rank: usize, json: &Json, at: &At<'_>) -> Result<Array> {
        let mut building = Building { reader: self, dims: Vec::with_capacity(rank), rank, data: empty(element) };
        building.level(0, json, at)?;
        Ok(Array { dims: building.dims, data: building.data })
    }
}

impl<'v> Missing<'v> {
    /// The same for the part at this position.
    fn part(self, i: usize) -> Missing<'v> {
        match self {
            Missing::Zero(Value::Struct(fields)) => fields.get(i).map_or(self, |(_, v)| Missing::Zero(v)),
            Missing::Zero(Value::Tuple(items)) => items.get(i).map_or(self, Missing::Zero),
            Missing::Zero(_) | Missing::Refused | Missing::FloatsRefused => self,
        }
    }

    fn fill(self, ty: &Type, at: &At<'_>) -> Result<Value> {
        match self {
            Missing::Zero(point) => {
                let mut zero = point.clone();
                zero.for_each_float_mut(&mut |x| *x = 0.0);
                Ok(zero)
            }
            Missing::FloatsRefused if !ty.carries_floats() => Ok(neutral(ty)),
            Missing::FloatsRefused | Missing::Refused => Err(missing(&at.to_string(), ty)),
        }
    }
}

/// A value that nobody looks at.
fn neutral(ty: &Type) -> Value {
    match ty {
        Type::Scalar(ScalarType::F64) => Value::F64(0.0),
        Type::Scalar(ScalarType::F32) => Value::F32(0.0),
        Type::Scalar(ScalarType::I64) => Value::I64(0),
        Type::Scalar(ScalarType::Bool) => Value::Bool(false),
        Type::Array { element, dims } => Value::Array(Array { dims: vec![0; dims.len()], data: empty(*element) }),
        Type::Struct { fields, .. } => Value::Struct(fields.iter().map(|(n, ty)| (n.clone(), neutral(ty))).collect()),
        Type::Tuple(types) => Value::Tuple(types.iter().map(neutral).collect()),
    }
}

fn empty(element: ScalarType) -> Data {
    match element {
        ScalarType::F64 => Data::F64(Vec::new()),
        ScalarType::F32 => Data::F32(Vec::new()),
        ScalarType::I64 => Data::I64(Vec::new()),
        ScalarType::Bool => Data::Bool(Vec::new()),
    }
}

fn wrong(at: &At<'_>, wanted: &str, found: &Json) -> Error {
    Error::input(KIND, format!("`{at}` takes {wanted}, not {}", found.describe()))
}

/// An array that grows while its lists are walked.
struct Building<'r> {
    reader: &'r Reader<'r>,
    /// Extents of the levels seen so far.
    dims: Vec<usize>,
    rank: usize,
    data: Data,
}

impl Building<'_> {
    /// Reads what stands at a depth of the array: a list, or a file.
    fn level(&mut self, depth: usize, json: &Json, at: &At<'_>) -> Result<()> {
        match json {
            Json::List(items) => {
                self.extent(depth, items.len(), at)?;
                let inner = depth + 1 < self.rank;
                for (i, item) in items.iter().enumerate() {
                    let at = at.then(Step::Index(i));
                    if inner { self.level(depth + 1, item, &at)? } else { self.element(item, &at)? }
                }
                Ok(())
            }
            Json::Text(text) if text.starts_with('@') => self.file(depth, &text[1..], at),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Text(_) | Json::Object(_) => {
                let nested = if self.rank - depth > 1 {
                    format!("lists nested {} deep", self.rank - depth)
                } else {
                    "a list".into()
                };
                Err(wrong(at, &nested, json))
            }
        }
    }

    /// Notes an extent, which all lists of a depth share.
    fn extent(&mut self, depth: usize, found: usize, at: &At<'_>) -> Result<()> {
        match self.dims.get(depth) {
            None => self.dims.push(found),
            Some(&first) if first == found => {}
            Some(&first) => {
                let text =
                    format!("the lists of an array have one length: `{at}` has {found} values, others have {first}");
                return Err(Error::input(KIND, text));
            }
        }
        Ok(())
    }

    fn element(&mut self, json: &Json, at: &At<'_>) -> Result<()> {
        match &mut self.data {
            Data::F64(data) => data.push(float(json, at)?),
            Data::F32(data) => data.push(float(json, at)? as f32),
            Data::I64(data) => data.push(integer(json, at)?),
            Data::Bool(data) => data.push(truth(json, at)?),
        }
        Ok(())
    }

    fn file(&mut self, depth: usize, reference: &str, at: &At<'_>) -> Result<()> {
        let array = columns::read(self.reader.folder, reference)?;
        let rank = self.rank - depth;
        if array.dims.len() != rank {
            let text = format!("`{at}` takes an array of rank {rank}; `{reference}` has rank {}", array.dims.len());
            return Err(Error::input(KIND, text));
        }
        for (i, &extent) in array.dims.iter().enumerate() {
            self.extent(depth + i, extent, at)?;
        }
        append(&mut self.data, array.data).ok_or_else(|| {
            let wanted = match self.data {
                Data::F64(_) | Data::F32(_) => "floats",
                Data::I64(_) => "integers",
                Data::Bool(_) => "truth values",
            };
            Error::input(KIND, format!("`{at}` takes {wanted}, which `{reference}` does not hold"))
        })
    }
}

/// Appends elements, converted where nothing is lost but digits that an `f32` has no room for.
fn append(to: &mut Data, from: Data) -> Option<()> {
    match (to, from) {
        (Data::F64(to), Data::F64(from)) => to.extend(from),
        (Data::F64(to), Data::F32(from)) => to.extend(from.into_iter().map(f64::from)),
        (Data::F32(to), Data::F32(from)) => to.extend(from),
        (Data::F32(to), Data::F64(from)) => to.extend(from.into_iter().map(|x| x as f32)),
        (Data::F32(to), Data::I64(from)) => to.extend(from.into_iter().map(|i| i as f32)),
        (Data::F64(to), Data::I64(from)) => to.extend(from.into_iter().map(|i| i as f64)),
        (Data::I64(to), Data::I64(from)) => to.extend(from),
        (Data::I64(to), Data::F64(from)) => {
            for x in from {
                to.push(whole(x)?);
            }
        }
        (Data::I64(to), Data::F32(from)) => {
            for x in from {
                to.push(whole(f64::from(x))?);
            }
        }
        (Data::Bool(to), Data::Bool(from)) => to.extend(from),
        (Data::Bool(to), Data::I64(from)) => {
            for i in from {
                to.push(match i {
                    0 => false,
                    1 => true,
                    _ => return None,
                });
            }
        }
        (Data::F64(_) | Data::F32(_) | Data::I64(_), Data::Bool(_)) => return None,
        (Data::Bool(_), Data::F64(_) | Data::F32(_)) => return None,
    }
    Some(())
}

fn scalar(ty: ScalarType, json: &Json, at: &At<'_>) -> Result<Value> {
    Ok(match ty {
        ScalarType::F64 => Value::F64(float(json, at)?),
        ScalarType::F32 => Value::F32(float(json, at)? as f32),
        ScalarType::I64 => Value::I64(integer(json, at)?),
        ScalarType::Bool => Value::Bool(truth(json, at)?),
    })
}

fn float(json: &Json, at: &At<'_>) -> Result<f64> {
    match json {
        Json::Float(x) => Ok(*x),
        Json::Int(i) => Ok(*i as f64),
        Json::Text(text) => match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(wrong(at, "a number", json)),
        },
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => Err(wrong(at, "a number", json)),
    }
}

/// An integer that a float holds exactly, where all its neighbours would be exact too.
fn whole(x: f64) -> Option<i64> {
    let exact = x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(x as i64)
}

fn integer(json: &Json, at: &At<'_>) -> Result<i64> {
    match json {
        Json::Int(i) => Ok(*i),
        Json::Float(x) => whole(*x).ok_or_else(|| {
            let wanted = if x.fract() == 0.0 { "an integer of 64 bits" } else { "an integer" };
            wrong(at, wanted, json)
        }),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => {
            Err(wrong(at, "an integer", json))
        }
    }
}

fn truth(json: &Json, at: &At<'_>) -> Result<bool> {
    match json {
        Json::Bool(b) => Ok(*b),
        Json::Null | Json::Int(_) | Json::Float(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => {
            Err(wrong(at, "`true` or `false`", json))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ty: &Type, text: &str) -> std::result::Result<Value, String> {
        let json = Json::parse("--at", text).expect("the test's JSON is well formed");
        let reader = Reader { folder: Path::new(".") };
        reader.read(ty, &json, &At::root("x"), Missing::Refused).map_err(|e| e.to_string())
    }

    fn vector(element: ScalarType, rank: usize) -> Type {
        Type::Array { element, dims: vec!["n".to_owned(); rank] }
    }

    fn point() -> Type {
        let fields = [("a", Type::Scalar(ScalarType::F64)), ("k", Type::Scalar(ScalarType::I64))];
        Type::Struct { name: "P".into(), fields: fields.map(|(n, t)| (n.to_owned(), t)).into() }
    }

    #[test]
    fn numbers_fit_what_is_wanted() {
        let float = Type::Scalar(ScalarType::F64);
        assert_eq!(read(&float, "2"), Ok(Value::F64(2.0)));
        assert_eq!(read(&float, "\"-Infinity\""), Ok(Value::F64(f64::NEG_INFINITY)));
        assert_eq!(read(&float, "18446744073709551615"), Ok(Value::F64(18446744073709551615.0)));
        let integer = Type::Scalar(ScalarType::I64);
        assert_eq!(read(&integer, "-9223372036854775808"), Ok(Value::I64(i64::MIN)));
        assert_eq!(read(&integer, "3.0"), Ok(Value::I64(3)));
        let refused: [(&Type, &[&str]); 3] = [
            (&float, &["null", "true", "[1]", "{}", "\"1\"", "\"inf\""]),
            (&integer, &["0.5", "9223372036854775808", "1e300", "\"NaN\"", "true", "null"]),
            (&Type::Scalar(ScalarType::Bool), &["0", "1.0", "null", "\"true\"", "[true]"]),
        ];
        for (ty, texts) in refused {
            for text in texts {
                assert!(read(ty, text).is_err_and(|e| e.contains("AD0905") && e.contains("`x`")), "{text}");
            }
        }
    }

    #[test]
    fn nested_lists_are_arrays() {
        let matrix = Value::Array(Array::f64(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        assert_eq!(read(&vector(ScalarType::F64, 2), "[[1, 2, 3], [4, 5, 6]]"), Ok(matrix));
        assert_eq!(read(&vector(ScalarType::F64, 2), "[]"), Ok(Value::Array(Array::f64(&[0], vec![]))));
        assert_eq!(read(&vector(ScalarType::F64, 2), "[[], []]"), Ok(Value::Array(Array::f64(&[2, 0], vec![]))));
        assert_eq!(read(&vector(ScalarType::Bool, 1), "[true]"), Ok(vec![true].into()));
        let ragged = read(&vector(ScalarType::F64, 2), "[[1, 2], [3]]").unwrap_err();
        assert!(ragged.contains("`x[1]` has 1 values, others have 2"), "{ragged}");
        let deep = read(&vector(ScalarType::F64, 1), "[[1]]").unwrap_err();
        assert!(deep.contains("`x[0]` takes a number, not a list"), "{deep}");
        let flat = read(&vector(ScalarType::F64, 2), "[1]").unwrap_err();
        assert!(flat.contains("`x[0]` takes a list"), "{flat}");
    }

    #[test]
    fn structs_take_their_fields_by_name() {
        let expected = Value::structure([("a", Value::F64(1.0)), ("k", Value::I64(2))]);
        assert_eq!(read(&point(), r#"{"k": 2, "a": 1}"#), Ok(expected));
        for (text, told) in [
            (r#"{"a": 1}"#, "`x.k` has no value"),
            (r#"{"a": 1, "k": 2, "b": 3}"#, "`b` is not a field of `x`"),
            (r#"{"a": 1, "k": 2, "a": 3}"#, "`a` is given twice"),
            ("[1, 2]", "`x` takes an object (the struct `P`), not a list"),
        ] {
            assert!(read(&point(), text).is_err_and(|e| e.contains(told)), "{text}");
        }
        let pair = Type::Tuple(vec![point(), Type::Scalar(ScalarType::Bool)]);
        assert!(read(&pair, r#"[{"a": 1, "k": null}, true]"#).is_err_and(|e| e.contains("`x.0.k`")));
        assert!(read(&pair, "[1]").is_err_and(|e| e.contains("a list of 2 values, not of 1")));
    }

    #[test]
    fn what_a_direction_leaves_out_is_zero_and_integers_stay() {
        let at = Value::structure([("a", Value::F64(7.0)), ("k", Value::I64(2))]);
        let reader = Reader { folder: Path::new(".") };
        let read = |text: &str| {
            let json = Json::parse("--dir", text).expect("well formed");
            reader.read(&point(), &json, &At::root("p"), Missing::Zero(&at)).expect("it fits")
        };
        assert_eq!(read("{}"), Value::structure([("a", Value::F64(0.0)), ("k", Value::I64(2))]));
        assert_eq!(read(r#"{"a": 1, "k": 5}"#), Value::structure([("a", Value::F64(1.0)), ("k", Value::I64(2))]));
    }

    #[test]
    fn a_seed_may_leave_integers_out() {
        let reader = Reader { folder: Path::new(".") };
        let read = |text: &str| {
            let json = Json::parse("--seed", text).expect("well formed");
            reader.read(&point(), &json, &At::root("seed"), Missing::FloatsRefused)
        };
        assert!(read(r#"{"a": 1}"#).is_ok());
        assert!(read(r#"{"k": 1}"#).is_err_and(|e| e.to_string().contains("`seed.a` has no value")));
    }
}
