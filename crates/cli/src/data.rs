//! Values that several texts give together: `--data @known.json --data @table.csv`.
//!
//! In: texts, each JSON, `@FILE.json`, or `@FILE.csv`, whose columns are named as parameters are. Out: values by parameter, each given once. Which have to be there, the command knows.

use crate::json::Json;
use crate::session::usage;
use crate::{columns, input, json_in};
use adit::{Function, Result, Type, Value};
use std::path::PathBuf;

/// Values by parameter, of one option that may be given several times.
///
/// # Errors
/// What reading gives, and AD0904 for what is given twice.
pub fn given(function: &Function, option: &str, texts: &[String]) -> Result<Vec<(String, Value)>> {
    let mut out: Vec<(String, Value)> = Vec::new();
    for text in texts {
        let given = match text.strip_prefix('@') {
            Some(file) if file.to_ascii_lowercase().ends_with(".csv") => table_columns(function, file)?,
            Some(_) | None => input::json(option, text)?,
        };
        let values = json_in::some_arguments(function, &given.json, &given.folder)?;
        for (param, value) in function.signature().params.iter().zip(values) {
            let Some(value) = value else { continue };
            if out.iter().any(|(name, _)| *name == param.name) {
                return Err(json_in::given_twice(&param.name));
            }
            out.push((param.name.clone(), value));
        }
    }
    Ok(out)
}

/// The columns of a table that are called as parameters are.
fn table_columns(function: &Function, file: &str) -> Result<input::Given> {
    let folder = PathBuf::from(".");
    let header = columns::names(&folder, file)?;
    let is_list = |ty: &Type| matches!(ty, Type::Array { dims, .. } if dims.len() == 1);
    let params = function.signature().params.iter().filter(|p| is_list(&p.ty) && header.contains(&p.name));
    let object: Vec<_> = params.map(|p| (p.name.clone(), Json::Text(format!("@{file}:{}", p.name)))).collect();
    if object.is_empty() {
        return Err(usage(format!("no column of {file} has the name of a parameter that is a list of numbers")));
    }
    Ok(input::Given { json: Json::Object(object), folder })
}
