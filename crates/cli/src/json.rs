//! JSON as it was written.
//!
//! In: text. Out: [`Json`], in which objects keep their order and every name that was given, twice or not, and integers are apart from floats. Malformed text is an error with line
//! and column. Nesting is limited by the parser (128). What a value means is [`crate::json_in`]'s matter.

use adit::diag::Code;
use adit::{Error, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A JSON value.
#[derive(Clone, PartialEq, Debug)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number without point or exponent that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, as given.
    Object(Vec<(String, Json)>),
}

/// What is written where JSON is wanted.
const FORM: &str =
    "names stand in quotes, and so does what is no number of JSON: {\"x\": [1, 2.5], \"k\": \"NaN\"}; or @FILE.json";

impl Json {
    /// Reads a text; errors speak of it by `name`.
    ///
    /// # Errors
    /// AD0903 for malformed text.
    pub fn parse(name: &str, text: &str) -> Result<Json> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(text).map_err(|e| {
            let full = e.to_string();
            let what = full.split(" at line ").next().unwrap_or_default();
            let place = format!("{name}:{}:{}", e.line(), e.column());
            Error::input(Code("AD0903"), format!("{place}: malformed JSON: {what}")).help(FORM)
        })
    }

    /// What it is, in words.
    pub fn describe(&self) -> String {
        match self {
            Json::Null => "`null`".into(),
            Json::Bool(b) => format!("`{b}`"),
            Json::Int(i) => format!("the number {i}"),
            Json::Float(x) => format!("the number {x:?}"),
            Json::Text(text) if text.chars().count() > 40 => "a text".into(),
            Json::Text(text) => format!("the text {text:?}"),
            Json::List(_) => "a list".into(),
            Json::Object(_) => "an object".into(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, b: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> std::result::Result<Json, E> {
        Ok(Json::Int(i))
    }

    fn visit_u64<E>(self, u: u64) -> std::result::Result<Json, E> {
        Ok(i64::try_from(u).map_or(Json::Float(u as f64), Json::Int))
    }

    fn visit_f64<E>(self, x: f64) -> std::result::Result<Json, E> {
        Ok(Json::Float(x))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Json::parse("--at", text).unwrap_err().to_string()
    }

    #[test]
    fn names_and_numbers_stay_as_written() {
        let json = Json::parse("--at", r#"{"b": 1, "a": 1.0, "b": [-0, 1e3, true, null, "x"]}"#).unwrap();
        let list = [Json::Float(-0.0), Json::Float(1e3), Json::Bool(true), Json::Null, Json::Text("x".into())];
        let expected = [("b", Json::Int(1)), ("a", Json::Float(1.0)), ("b", Json::List(list.into()))];
        assert_eq!(json, Json::Object(expected.map(|(n, v)| (n.to_owned(), v)).into()));
    }

    #[test]
    fn malformed_text_is_told_with_its_place() {
        assert!(message("{\"x\": 1").contains("--at:1:7: malformed JSON: EOF"), "{}", message("{\"x\": 1"));
        assert!(message("{\n \"x\": NaN}").contains("--at:2:"));
        assert!(message("x=1").contains("names stand in quotes"));
        assert!(message("").contains("AD0903"));
        assert!(message("1 2").contains("trailing"));
        assert!(message(&"[".repeat(100_000)).contains("recursion"));
        assert!(message("1e999").contains("out of range"));
    }
}
