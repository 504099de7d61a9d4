//! Prints how many instructions the finished code of each example has.
//!
//! In: nothing. Out: the table of [`adit_tests::sizes`] on standard output; `cargo run -p adit-tests --bin sizes > tests/references/sizes.txt` accepts what is there now.

use adit_tests::sizes;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (text, code) = match sizes::measure() {
        Ok(measured) => (sizes::table(&measured), ExitCode::SUCCESS),
        Err(why) => (format!("{why}\n"), ExitCode::FAILURE),
    };
    // A closed pipe is the reader's wish.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    code
}
