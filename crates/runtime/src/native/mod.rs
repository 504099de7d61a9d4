//! Compiled functions in objects, called from C.
//!
//! In: what an object holds ([`Native`]), and the words of a call: one for each parameter of the C function, by its value or its address. Out: a status: 0, or the number of a diagnostic code (801 for AD0801), and
//! what was computed, where the caller wants it. The first call finds the functions that the code calls and checks version and machine; every call checks sizes and overlaps and runs in a workspace of its
//! thread's own. Nothing unwinds into the caller.
//!
//! How words become arguments is written in the object too: [`Interface`]. That addresses lead to as many numbers as the sizes say is the caller's promise, as ever in C.

mod interface;
mod pass;

pub use interface::{Extent, Float, Interface, Matrix, Out, Place, Source};

use crate::{Entry, Loaded, Program, Signature, Workspace, functions, sealed};
use adit_diag::SourceMap;
use adit_ir::RunError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// What an object says of one function. Its layout is that of C, and the same in every version.
#[repr(C)]
#[derive(Debug)]
pub struct Native {
    /// Null before the first call.
    bound: AtomicPtr<Bound>,
    /// Where the code looks for the addresses of what it calls.
    table: *const AtomicUsize,
    code: *const u8,
    /// A sealed [`Body`].
    body: *const u8,
    length: usize,
}

/// The bytes of a [`Native`].
pub const NATIVE_BYTES: usize = size_of::<Native>();

/// All that a call needs beside machine code.
#[derive(Debug, Serialize, Deserialize)]
pub struct Body {
    /// The outside of the compiled function.
    pub signature: Signature,
    /// Its tables.
    pub program: Program,
    /// The names of the functions that it calls, in the order of the table.
    pub imports: Vec<Cow<'static, str>>,
    /// Where its trampoline begins in the code.
    pub offset: u32,
    /// Its own of [`Program::needs`].
    pub place: usize,
    /// How words become arguments.
    pub interface: Interface,
    /// What spans point into.
    pub sources: SourceMap,
}

/// A function ready to be called. It is never freed: objects stay for as long as the process does.
#[derive(Debug)]
struct Bound {
    entry: Entry,
    interface: Interface,
    sources: SourceMap,
}

/// Why a call gives nothing: the number of a code, and words.
#[derive(Debug)]
struct Failure {
    status: i32,
    message: String,
}

impl Failure {
    fn new(code: &str, message: impl Into<String>) -> Self {
        let status = code.strip_prefix("AD").and_then(|number| number.parse().ok());
        Failure { status: status.unwrap_or(9999), message: message.into() }
    }

    fn run(error: &RunError, sources: &SourceMap) -> Self {
        let place = sources.position(error.span).map_or_else(String::new, |place| format!("{place}: "));
        Failure::new(error.trap.code(), format!("{place}{error}"))
    }
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
    /// What went wrong in the last call.
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// Calls a compiled function. The one function that objects call.
///
/// # Safety
/// The object is one that this version wrote, loaded as its relocations say, and stays; there are as many words as its C function has parameters, and addresses among them lead to as many numbers as sizes
/// among them say, which nobody else writes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adit_native_call(native: *const Native, words: *const u64) -> i32 {
    // SAFETY: as promised.
    let call = || unsafe { call(&*native, words) };
    let outcome = catch_unwind(AssertUnwindSafe(call));
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::new("AD9999", "a bug in Adit: please report it")));
    let Err(Failure { status, message }) = outcome else { return 0 };
    // A thread that is ending has no message left.
    let _ = MESSAGE.try_with(|last| *last.borrow_mut() = CString::new(message).unwrap_or_default());
    status
}

/// What went wrong in the last call of this thread that gave another status than 0, in words; good until the next. Empty before.
#[unsafe(no_mangle)]
pub extern "C" fn adit_native_message() -> *const c_char {
    MESSAGE.try_with(|last| last.borrow().as_ptr()).unwrap_or(ptr::null())
}

/// # Safety
/// As for [`adit_native_call`].
unsafe fn call(native: &Native, words: *const u64) -> Result<(), Failure> {
    // SAFETY: as promised.
    let bound = unsafe { native.bound() }?;
    // SAFETY: as promised.
    let words = unsafe { slice::from_raw_parts(words, bound.interface.words) };
    let run = |workspace: &RefCell<Workspace>| {
        let mut workspace =
            workspace.try_borrow_mut().map_err(|_| Failure::new("AD9999", "a call inside a call of this thread"))?;
        // SAFETY: as promised.
        unsafe { pass::run(bound, words, &mut workspace) }
    };
    WORKSPACE.try_with(run).unwrap_or_else(|_| Err(Failure::new("AD9999", "this thread is ending")))
}

impl Native {
    /// The function, made ready by the first call. Threads that come first together do the same, and one of them is heard.
    ///
    /// # Safety
    /// As for [`adit_native_call`].
    unsafe fn bound(&self) -> Result<&'static Bound, Failure> {
        let known = self.bound.load(Ordering::Acquire);
        if !known.is_null() {
            // SAFETY: what is stored here is never freed.
            return Ok(unsafe { &*known });
        }
        // SAFETY: the object says how long its body is.
        let bytes = unsafe { slice::from_raw_parts(self.body, self.length) };
        let body: Body = sealed::open(bytes).map_err(|e| Failure::new(e.code(), e.to_string()))?;
        for (place, name) in body.imports.iter().enumerate() {
            let lost = || Failure::new("AD0930", format!("there is no function `{name}`"));
            let address = functions::address(name).ok_or_else(lost)?;
            // SAFETY: the table has a word for each import. Whoever writes it writes the same.
            unsafe { &*self.table.add(place) }.store(address.expose_provenance(), Ordering::Relaxed);
        }
        let loaded = Arc::new(Loaded::new(Box::new(()), body.program));
        // SAFETY: the object has the trampoline of this function there, and stays.
        let entry =
            unsafe { Entry::new(loaded, Arc::new(body.signature), self.code.add(body.offset as usize), body.place) };
        let bound = Box::new(Bound { entry, interface: body.interface, sources: body.sources });
        let bound = Box::into_raw(bound);
        match self.bound.compare_exchange(ptr::null_mut(), bound, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it was just made, and is never freed.
            Ok(_) => Ok(unsafe { &*bound }),
            Err(first) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(bound) });
                // SAFETY: what is stored here is never freed.
                Ok(unsafe { &*first })
            }
        }
    }
}
