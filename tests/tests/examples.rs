//! The programs of `examples/`: each with its input and its expected value and gradient.
//!
//! `NAME.ad` at `NAME.json` gives `NAME.expected.json`, in both modes, with and without optimisation.

use adit::Mode;
use adit_tests::columns::resolve;
use adit_tests::compare::difference;
use adit_tests::filetest::{Limits, TOLERANCE};
use adit_tests::subject::Subject;
use adit_tests::{check_all, files};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

#[test]
fn examples_give_their_expected_gradients() {
    check_all(&files("examples", ".ad"), |path, text| example(path, text).err().into_iter().collect());
}

fn example(path: &Path, source: &str) -> Result<(), String> {
    let folder = path.parent().ok_or("no folder")?;
    let at = resolve(&read(&path.with_extension("json"))?, folder)?;
    let expected = read(&path.with_extension("expected.json"))?;
    for opt in [0, 2] {
        let subject = Subject::new(source, opt, Limits::default()).map_err(|e| e.to_string())?;
        for mode in [Mode::Reverse, Mode::Forward] {
            let (value, gradient) = subject.gradient(None, &at, mode).map_err(|e| e.to_string())?;
            let found = serde_json::json!({ "value": value, "gradient": gradient });
            if let Some(complaint) = difference(&expected, &found, TOLERANCE) {
                return Err(format!("--opt {opt} {mode:?}: {complaint}"));
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Json, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}
