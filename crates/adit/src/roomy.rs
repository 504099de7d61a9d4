//! Compilation on a stack that is large enough.
//!
//! In: work of the compiler, which recurses as deep as programs nest. Out: what it gives: from the thread that asks, where that has room, as those of most hosts do; from a thread made for it otherwise, so that a
//! host may compile from a thread of any size. What runs is no matter of this file: calls look after their own stack.

use crate::error::{Error, Result};
use adit_diag::{Code, Diagnostic, Span};
use adit_runtime::stack;
use std::sync::Arc;

/// Bytes of stack that suffice for the deepest programs that the parser admits: fewer than threads have that nobody gave a size.
const ENOUGH: usize = 3 << 19;

/// What a thread gets that is made for the work. Only what is touched is memory.
const ROOMY: usize = 16 << 20;

/// Does the work where there is room for it.
///
/// # Errors
/// AD0701 if this thread has too small a stack, and the system gives no other thread.
pub(crate) fn roomy<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    if stack::here().saturating_sub(stack::limit()) >= ENOUGH { Ok(work()) } else { elsewhere(work) }
}

#[cold]
fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(ROOMY).spawn_scoped(scope, work);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => Ok(done),
            // What a clock of the host's panicked with goes on.
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => {
                let text =
                    format!("compiling takes {ENOUGH} bytes of stack, which this thread has not; for another: {error}");
                Err(Error::compile(vec![Diagnostic::new(Code("AD0701"), Span::NONE, text)], Arc::default()))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_stays_on_a_thread_with_room_and_leaves_one_without() {
        let moved = |size: usize| {
            let ask = || (std::thread::current().id(), roomy(|| std::thread::current().id()).expect("threads start"));
            let (here, there) = std::thread::Builder::new()
                .stack_size(size)
                .spawn(ask)
                .expect("threads start")
                .join()
                .expect("no panic");
            here != there
        };
        assert!(moved(64 << 10) && !moved(4 << 20));
    }
}
