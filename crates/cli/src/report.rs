//! Errors on their way to the user.
//!
//! In: the library's [`Error`]s. Out: text for standard error, either as a person reads it or as one JSON object a line, and the exit code. It does not print.
//!
//! | exit code | when |
//! |---|---|
//! | 0 | done |
//! | 1 | a check failed, or the program stopped while it ran |
//! | 2 | wrong usage or input |
//! | 3 | the source does not compile, or a derivative cannot be taken |

use crate::json_out::{Object, text};
use adit::diag::{Diagnostic, SourceMap};
use adit::{Error, ErrorKind};

/// How errors are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// As JSON.
    pub json: bool,
    /// In colours.
    pub color: bool,
}

/// The exit code of an error.
pub fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Run => 1,
        ErrorKind::Input => 2,
        ErrorKind::Compile | ErrorKind::Internal => 3,
    }
}

/// The text of an error, with its line end.
pub fn written(error: &Error, style: Style) -> String {
    if style.json {
        error.diagnostics().iter().map(|d| json_line(error.sources(), d)).collect()
    } else {
        error.render(style.color) + "\n"
    }
}

fn json_line(sources: &SourceMap, d: &Diagnostic) -> String {
    let place = sources.position(d.span);
    let or_null = |out: &mut String, written: Option<String>| out.push_str(written.as_deref().unwrap_or("null"));
    let object = Object::new()
        .with("code", |out| text(out, d.code.0))
        .with("message", |out| text(out, &d.message))
        .with("file", |out| match place {
            Some(p) => text(out, p.file),
            None => out.push_str("null"),
        })
        .with("span", |out| or_null(out, place.map(|_| format!("[{}, {}]", d.span.start, d.span.end))))
        .with("line", |out| or_null(out, place.map(|p| p.line.to_string())))
        .with("column", |out| or_null(out, place.map(|p| p.column.to_string())));
    let object = match &d.help {
        Some(help) => object.with("help", |out| text(out, help)),
        None => object,
    };
    object.finish() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit::diag::{Code, Span};
    use std::sync::Arc;

    fn error() -> Error {
        let mut sources = SourceMap::new();
        let file = sources.add("a.ad", "fn f() {\n  y\n}\n");
        let at = Span::new(file, 11, 12);
        let found = Diagnostic::new(Code("AD0101"), at, "unknown \"y\"").help("declare it");
        Error::compile(vec![found, Diagnostic::new(Code("AD0701"), Span::NONE, "too large")], Arc::new(sources))
    }

    #[test]
    fn json_has_one_object_a_line() {
        let written = written(&error(), Style { json: true, color: true });
        let expected = concat!(
            r#"{"code": "AD0101", "message": "unknown \"y\"", "file": "a.ad", "span": [11, 12], "line": 2, "column": 3, "help": "declare it"}"#,
            "\n",
            r#"{"code": "AD0701", "message": "too large", "file": null, "span": null, "line": null, "column": null}"#,
            "\n"
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn kinds_have_exit_codes() {
        assert_eq!(exit_code(&error()), 3);
        assert_eq!(exit_code(&Error::input(Code("AD0904"), "no")), 2);
        assert_eq!(exit_code(&Error::internal("no")), 3);
    }
}
