//! Columns of data files in arguments.
//!
//! In: arguments as JSON, where a text `"@data.csv:name"` stands for a column of numbers, its file relative to a folder. Out: the same with the numbers in place.
//! Only plain CSV is read: no quotes, a header, commas.

use serde_json::Value as Json;
use std::fs;
use std::path::Path;

/// Puts columns in the place of their references.
pub fn resolve(json: &Json, folder: &Path) -> Result<Json, String> {
    Ok(match json {
        Json::String(text) => match text.strip_prefix('@') {
            Some(reference) => column(reference, folder)?,
            None => json.clone(),
        },
        Json::Array(items) => {
            let items = items.iter().map(|j| resolve(j, folder));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let fields = fields.iter().map(|(k, j)| Ok::<_, String>((k.clone(), resolve(j, folder)?)));
            Json::Object(fields.collect::<Result<_, _>>()?)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    })
}

fn column(reference: &str, folder: &Path) -> Result<Json, String> {
    let (file, name) = reference.split_once(':').ok_or_else(|| format!("`{reference}` names no column"))?;
    let text = fs::read_to_string(folder.join(file)).map_err(|e| format!("{file}: {e}"))?;
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap_or_default();
    let at = header.iter().position(|h| *h == name).ok_or_else(|| format!("{file} has no column {name}"))?;
    let number = |row: Vec<&str>| {
        let cell = row.get(at).copied().unwrap_or_default();
        cell.parse::<f64>().map(Json::from).map_err(|e| format!("{file}: `{cell}`: {e}"))
    };
    rows.map(number).collect()
}
