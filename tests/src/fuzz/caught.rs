//! Panics as failures.
//!
//! In: a piece of work. Out: what it gives, or what it panicked with and where. While a campaign runs, panics of its threads print nothing.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// What a panic said, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Panic {
    /// Its message.
    pub message: String,
    /// File and line.
    pub place: String,
}

/// Runs `work`; a panic of this thread, or of one that it waits for, is told instead of printed.
///
/// # Errors
/// What it panicked with.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
            if std::thread::current().name() == Some(QUIET_NAME) {
                LAST.with(|last| *last.borrow_mut() = Some((info.to_string(), place)));
            } else {
                before(info);
            }
        }));
    });
    LAST.with(|last| *last.borrow_mut() = None);
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let (message, place) = LAST.with(|last| last.borrow_mut().take()).unwrap_or_default();
        Panic { message: if message.is_empty() { text.unwrap_or_default() } else { message }, place }
    })
}

/// The name of threads whose panics are not printed.
pub const QUIET_NAME: &str = "fuzz";
