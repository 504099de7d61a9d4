//! From values to JSON.
//!
//! In: [`Value`]s, for derivatives with their [`Type`]s. Out: JSON text on one line: floats in the shortest form that reads back to the same bits, `"NaN"`, `"Infinity"` and
//! `"-Infinity"` as texts, arrays as nested lists, structs as objects in declared order, tuples as lists. In a derivative, fields that carry no floats are absent; elsewhere integers are 0
//! and truth values `false`.

use adit::{Array, Data, Function, Type, Value};
use std::fmt::Write;

/// What is written for each float of a value: a [`Value::F64`] or a [`Value::F32`].
type Leaf<'l> = &'l mut dyn FnMut(&mut String, &Value);

/// An object under way: `{"a": …, "b": …}`.
#[derive(Debug)]
pub struct Object {
    text: String,
}

impl Object {
    /// Without members.
    pub fn new() -> Self {
        Object { text: "{".to_owned() }
    }

    /// Adds a member that `write` writes.
    #[must_use]
    pub fn with(mut self, name: &str, write: impl FnOnce(&mut String)) -> Self {
        if self.text.len() > 1 {
            self.text.push_str(", ");
        }
        text(&mut self.text, name);
        self.text.push_str(": ");
        write(&mut self.text);
        self
    }

    /// The whole.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// Writes a text in quotes.
pub fn text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => push(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes a float.
pub fn number(out: &mut String, x: f64) {
    finite_or(out, x, format_args!("{x:?}"));
}

/// Writes a float with the digits that its own precision needs.
fn float(out: &mut String, v: &Value) {
    if let Value::F32(x) = v {
        finite_or(out, f64::from(*x), format_args!("{x:?}"));
    } else {
        number(out, v.as_f64().unwrap_or(f64::NAN));
    }
}

fn finite_or(out: &mut String, x: f64, digits: std::fmt::Arguments<'_>) {
    if x.is_nan() {
        out.push_str("\"NaN\"");
    } else if x.is_infinite() {
        out.push_str(if x > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        push(out, digits);
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes all that is written");
}

/// Writes a value, all of it.
pub fn value(out: &mut String, v: &Value) {
    match v {
        Value::F64(_) | Value::F32(_) => float(out, v),
        Value::I64(i) => push(out, format_args!("{i}")),
        Value::Bool(b) => push(out, format_args!("{b}")),
        Value::Array(a) => array(out, a, &mut float),
        Value::Struct(fields) => object(out, fields.iter().map(|(n, v)| (n.as_str(), v)), &mut |out, v| value(out, v)),
        Value::Tuple(items) => list(out, items, &mut |out, v| value(out, v)),
    }
}

/// Writes values by name.
pub fn named(out: &mut String, values: &[(String, Value)]) {
    object(out, values.iter().map(|(n, v)| (n.as_str(), v)), &mut |out, v| value(out, v));
}

/// Writes a derivative of this type.
pub fn derivative(out: &mut String, v: &Value, ty: &Type) {
    shaped(out, v, ty, &mut float);
}

/// Writes derivatives by parameter.
pub fn derivatives(out: &mut String, function: &Function, parts: &[(String, Value)]) {
    let params = &function.signature().params;
    let parts = parts.iter().filter_map(|(name, v)| {
        let param = params.iter().find(|p| p.name == *name)?;
        Some((name.as_str(), (v, &param.ty)))
    });
    object(out, parts, &mut |out, (v, ty)| derivative(out, v, ty));
}

/// Writes what has the shape of a derivative, with something of the caller's in the place of each float.
pub fn shaped(out: &mut String, v: &Value, ty: &Type, leaf: Leaf<'_>) {
    match (v, ty) {
        (Value::F64(_) | Value::F32(_), _) => leaf(out, v),
        (Value::I64(_), _) => out.push('0'),
        (Value::Bool(_), _) => out.push_str("false"),
        (Value::Array(a), _) => array(out, &zero_unless_floats(a), leaf),
        (Value::Struct(parts), Type::Struct { fields, .. }) => {
            let parts = parts.iter().zip(fields).filter(|(_, (_, ty))| ty.carries_floats());
            let parts = parts.map(|((name, v), (_, ty))| (name.as_str(), (v, ty)));
            object(out, parts, &mut |out, (v, ty)| shaped(out, v, ty, leaf));
        }
        (Value::Tuple(items), Type::Tuple(types)) => {
            let pairs: Vec<_> = items.iter().zip(types).collect();
            list(out, &pairs, &mut |out, (v, ty)| shaped(out, v, ty, leaf));
        }
        (Value::Struct(_) | Value::Tuple(_), _) => value(out, v),
    }
}

fn zero_unless_floats(a: &Array) -> Array {
    let data = match &a.data {
        Data::F64(x) => Data::F64(x.clone()),
        Data::F32(x) => Data::F32(x.clone()),
        Data::I64(x) => Data::I64(vec![0; x.len()]),
        Data::Bool(x) => Data::Bool(vec![false; x.len()]),
    };
    Array { dims: a.dims.clone(), data }
}

fn array(out: &mut String, a: &Array, leaf: Leaf<'_>) {
    let mut at = 0;
    level(out, &a.dims, &mut |out| {
        match &a.data {
            Data::F64(x) => leaf(out, &Value::F64(x[at])),
            Data::F32(x) => leaf(out, &Value::F32(x[at])),
            Data::I64(x) => push(out, format_args!("{}", x[at])),
            Data::Bool(x) => push(out, format_args!("{}", x[at])),
        }
        at += 1;
    });
}

/// Writes the lists of one level of an array; `next` writes the next element.
fn level(out: &mut String, dims: &[usize], next: &mut dyn FnMut(&mut String)) {
    let Some((&extent, inner)) = dims.split_first() else {
        next(out);
        return;
    };
    out.push('[');
    for i in 0..extent {
        if i > 0 {
            out.push_str(", ");
        }
        level(out, inner, next);
    }
    out.push(']');
}

fn object<'n, T>(out: &mut String, members: impl Iterator<Item = (&'n str, T)>, write: &mut dyn FnMut(&mut String, T)) {
    out.push('{');
    for (i, (name, member)) in members.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        text(out, name);
        out.push_str(": ");
        write(out, member);
    }
    out.push('}');
}

/// Writes items as a list.
pub fn list<T>(out: &mut String, items: &[T], write: &mut dyn FnMut(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit::ScalarType;

    fn written(v: &Value) -> String {
        let mut out = String::new();
        value(&mut out, v);
        out
    }

    #[test]
    fn floats_read_back() {
        for x in [0.1, -0.0, 1e300, 5e-324, 1.0 / 3.0, 1e16, 123456789.125, f64::MAX] {
            let text = written(&Value::F64(x));
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), x.to_bits(), "{text}");
        }
        assert_eq!(
            written(&vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into()),
            r#"["NaN", "Infinity", "-Infinity"]"#
        );
        assert_eq!(written(&Value::I64(i64::MIN)), "-9223372036854775808");
    }

    #[test]
    fn values_are_nested_as_their_types_are() {
        let matrix = Value::Array(Array::f64(&[2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        let all = Value::structure([("m", matrix), ("t", Value::Tuple(vec![true.into(), 7.into()]))]);
        assert_eq!(written(&all), r#"{"m": [[1.0, 2.0], [3.0, 4.0]], "t": [true, 7]}"#);
        assert_eq!(written(&Value::Array(Array::f64(&[2, 0], vec![]))), "[[], []]");
        assert_eq!(written(&Value::Array(Array::f64(&[0, 2], vec![]))), "[]");
        assert_eq!(written(&Value::unit()), "[]");
    }

    #[test]
    fn derivatives_leave_integers_out() {
        let float = Type::Scalar(ScalarType::F64);
        let integers = Type::Array { element: ScalarType::I64, dims: vec!["n".into()] };
        let fields = [("a", float.clone()), ("k", integers.clone()), ("t", Type::Tuple(vec![integers, float]))];
        let ty = Type::Struct { name: "P".into(), fields: fields.map(|(n, t)| (n.to_owned(), t)).into() };
        let v = Value::structure([
            ("a", 1.5.into()),
            ("k", vec![3i64].into()),
            ("t", Value::Tuple(vec![vec![4i64, 5].into(), 2.5.into()])),
        ]);
        let mut out = String::new();
        derivative(&mut out, &v, &ty);
        assert_eq!(out, r#"{"a": 1.5, "t": [[0, 0], 2.5]}"#);
    }

    #[test]
    fn texts_are_escaped() {
        let mut out = String::new();
        text(&mut out, "a\"b\\c\n\u{1}θ");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), "a\"b\\c\n\u{1}θ");
    }
}
