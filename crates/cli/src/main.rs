//! The binary `adit`.
//!
//! In: arguments, files, the environment. Out: results on standard output, errors on standard error, an exit code ([`report`] lists them). This crate is the only one that touches files and streams;
//! what programs mean and what derivatives are is the library's matter. Work runs on a thread with a large stack, of which pages are used only when touched, so that deep recursion of a
//! program meets its limit and not the end of the stack; a panic, which would be a bug, becomes a message.

mod args;
mod columns;
mod commands;
mod data;
mod input;
mod json;
mod json_in;
mod json_out;
mod names;
mod plots;
mod progress;
mod report;
mod session;
mod spy;
mod table;
mod usage;

use adit::Error;
use args::Cli;
use clap::Parser;
use report::Style;
use session::{Answer, Session};
use std::any::Any;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Bytes of address space for the stack of the thread that works.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(work);
    let outcome = match worker {
        Ok(worker) => worker.join(),
        Err(_) => std::panic::catch_unwind(work),
    };
    ExitCode::from(outcome.unwrap_or_else(|panic| failed(panic.as_ref())))
}

/// The whole program; gives the exit code.
fn work() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let style = session::style(&cli.common);
    match Session::new(&cli.common)
        .and_then(|session| commands::execute(&session, &cli.command).map_err(|e| session.explained(e)))
    {
        Ok(answer) => print(&answer),
        Err(error) => tell(&error, style),
    }
}

/// Help, or wrong usage. The options that say how errors look were not parsed: they are looked for as words.
fn misused(error: &clap::Error) -> u8 {
    let color = session::wants_color() && !given("--color=never") && !given("never");
    match usage::stop(error, color) {
        usage::Stop::Help(text) => print(&Answer { text, code: 0 }),
        usage::Stop::Wrong(error) => tell(&error, Style { json: given("--json"), color }),
    }
}

/// Whether a word stands on the command line.
fn given(word: &str) -> bool {
    std::env::args_os().any(|arg| arg == word)
}

/// Prints an answer; that nobody reads to the end is no error.
fn print(answer: &Answer) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(answer.text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => answer.code,
        Err(e) if e.kind() == ErrorKind::BrokenPipe => answer.code,
        Err(e) => {
            session::to_stderr(&format!("error: cannot write to standard output: {e}"));
            2
        }
    }
}

fn tell(error: &Error, style: Style) -> u8 {
    // If standard error is closed, the exit code is all that can be told.
    let _ = std::io::stderr().lock().write_all(report::written(error, style).as_bytes());
    report::exit_code(error)
}

/// A panic: a bug of this program.
fn failed(panic: &(dyn Any + Send)) -> u8 {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    tell(&Error::internal(text), Style { json: given("--json"), color: false })
}
