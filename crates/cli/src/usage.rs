//! Wrong usage of the command line.
//!
//! In: clap's error. Out: this program's [`Error`] AD0901 with the same words, or the help that was asked for. Commands that a later build will have are refused by name.

use crate::session::usage;
use adit::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands that are planned, and not here yet.
const NOT_YET: &[&str] = &["explore", "fmt", "lsp", "repl"];

/// What clap stopped for.
pub enum Stop {
    /// Help or version: text for standard output.
    Help(String),
    /// A mistake.
    Wrong(Error),
}

/// Puts clap's error into this program's form.
pub fn stop(error: &clap::Error, color: bool) -> Stop {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render();
        return Stop::Help(if color { text.ansi().to_string() } else { text.to_string() });
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Stop::Wrong(usage("a command is wanted; `adit --help` lists them"));
    }
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && NOT_YET.contains(&name.as_str())
    {
        return Stop::Wrong(usage(format!("`adit {name}` is not in this build")));
    }
    Stop::Wrong(usage(message(error)))
}

/// Clap's words on one line: without its heading, and without the usage, which `--help` tells.
fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines =
        text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ").replace(" tip: ", "; ")
}
