//! Errors as values: what went wrong, where, in the user's words.
//!
//! In: diagnostics of any stage. Out: [`Error`], of three kinds that are never mixed: the source does not compile, the input does not fit, the run stopped. Each carries
//! diagnostics with codes and spans, and can render them with the source line. Nothing is printed here.

use adit_diag::{Code, Diagnostic, SourceMap, Span};
use adit_ir::{RunError, Trap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What sort of mistake an [`Error`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The source (or IR text) does not compile, or a derivative of it cannot be taken. One diagnostic or more.
    Compile,
    /// Arguments do not fit the function: names, kinds, ranks, sizes. The program is fine.
    Input,
    /// The program stopped while it ran, by one of its own rules or at a limit.
    Run,
    /// A bug of Adit's: please report it.
    Internal,
}

/// A failure of any stage.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    diagnostics: Vec<Diagnostic>,
    sources: Arc<SourceMap>,
}

/// What helps against a trap.
const HELP: [(Trap, &str); 3] = [
    (
        Trap::MemoryLimit,
        "if the derivative of a loop needs it, `@checkpoint(budget: 64 MiB)` before that loop bounds it; `--max-tape 64MiB` (`Limits::tape_bytes`) bounds all that derivatives save",
    ),
    (
        Trap::TapeLimit,
        "if this is a loop, `@checkpoint(budget: 1 MiB)` before it, or `@checkpoint(binomial: 10)`, makes it save less and run iterations again; `--max-tape` (`Limits::tape_bytes`) sets the limit",
    ),
    (
        Trap::RecursionTooDeep,
        "does it end? `--max-depth` (`Limits::depth`) sets the limit of calls; a thread of the host has the stack that it was made with (`std::thread::Builder::stack_size`)",
    ),
];

/// What the library's functions give.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Diagnostics of a compilation.
    pub fn compile(diagnostics: Vec<Diagnostic>, sources: Arc<SourceMap>) -> Self {
        Error { kind: ErrorKind::Compile, diagnostics, sources }
    }

    /// An argument that does not fit.
    pub fn input(code: Code, message: impl Into<String>) -> Self {
        let diagnostics = vec![Diagnostic::new(code, Span::NONE, message)];
        Error { kind: ErrorKind::Input, diagnostics, sources: Arc::default() }
    }

    /// The same error, which says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        if let Some(last) = self.diagnostics.last_mut() {
            last.help = Some(text.into());
        }
        self
    }

    /// A run that stopped.
    pub fn run(error: &RunError, sources: Arc<SourceMap>) -> Self {
        let mut diagnostic = Diagnostic::new(Code(error.trap.code()), error.span, error.to_string());
        let help = HELP.iter().find(|(trap, _)| *trap == error.trap);
        diagnostic.help = help.map(|(_, text)| (*text).to_owned());
        Error { kind: ErrorKind::Run, diagnostics: vec![diagnostic], sources }
    }

    /// A time limit that was reached before the work was done.
    pub fn timeout(limit: Duration) -> Self {
        Error::interrupted(too_long("this", limit))
    }

    /// The same error, which says of an interrupted run that this limit of time was why.
    #[must_use]
    pub fn timed_out(mut self, limit: Duration) -> Self {
        let interrupted = self.diagnostics.iter_mut().filter(|d| d.code.0 == Trap::Interrupted.code());
        interrupted.for_each(|d| d.message = too_long("the run", limit));
        self
    }

    /// Work that was stopped from outside before it gave anything.
    pub fn interrupted(message: impl Into<String>) -> Self {
        let diagnostics = vec![Diagnostic::new(Code("AD0807"), Span::NONE, message)];
        Error { kind: ErrorKind::Run, diagnostics, sources: Arc::default() }
    }

    /// A broken promise between two stages.
    pub fn internal(message: impl Into<String>) -> Self {
        let text = format!("{} (this is a bug in Adit; please report it with the program)", message.into());
        let diagnostics = vec![Diagnostic::new(Code("AD9999"), Span::NONE, text)];
        Error { kind: ErrorKind::Internal, diagnostics, sources: Arc::default() }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was found, in the order of the source; at least one.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The texts that the diagnostics' spans point into.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// All diagnostics with their source lines, carets and hints.
    pub fn render(&self, color: bool) -> String {
        let rendered = self.diagnostics.iter().map(|d| adit_diag::render(&self.sources, d, color));
        rendered.map(|text| text.trim_end().to_string()).collect::<Vec<_>>().join("\n\n")
    }
}

fn too_long(what: &str, limit: Duration) -> String {
    format!("{what} took longer than the limit of {} s (`--timeout`)", limit.as_secs_f64())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Error {}
