//! The functions that compiled code calls where its inline paths do not suffice.
//!
//! In: the context and raw operands. Out: addresses, flags. Each has the C convention and is listed in [`ALL`], from which the compiler takes names and addresses. None unwinds: a panic
//! of the host's print sink is caught, kept, and goes on when the call is over.

use crate::context::Context;
use crate::external::external;
use crate::spread::spread;
use crate::tape::{Tape, Tapes};
use crate::workspace::Machine;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

/// A hook: its name in compiled code, which no primitive has, and its address.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Unique.
    pub name: &'static str,
    /// Where it is.
    pub address: *const u8,
}

// SAFETY: addresses of functions are the same in every thread.
unsafe impl Sync for Hook {}

macro_rules! hooks {
    ($($constant:ident $name:literal $function:ident)*) => {
        $(
            #[doc = concat!("The function `", stringify!($function), "` of this file.")]
            pub const $constant: Hook = Hook { name: $name, address: $function as *const u8 };
        )*

        /// Every hook.
        pub static ALL: &[Hook] = &[$($constant),*];
    };
}

hooks! {
    ALLOC "adit.alloc" alloc
    ALLOC_ZEROED "adit.alloc_zeroed" alloc_zeroed
    RESET "adit.reset" reset
    ZERO "adit.zero" zero
    COPY "adit.copy" copy
    FILL_WORDS "adit.fill_words" fill_words
    FILL_HALVES "adit.fill_halves" fill_halves
    FILL_BYTES "adit.fill_bytes" fill_bytes
    TAPE_OPEN "adit.tape_open" tape_open
    TAPE_GROW "adit.tape_grow" tape_grow
    PRINT "adit.print" print
    EXTERNAL "adit.external" external
    SPREAD "adit.spread" spread
}

/// # Safety
/// `context` is the one that [`Workspace::begin`](crate::Workspace::begin) gave, and nothing else uses the machine.
pub(crate) unsafe fn machine<'a>(context: *mut Context) -> &'a mut Machine {
    // SAFETY: the context is the first field of a machine, and the pointer was derived from the machine.
    let machine = unsafe { &mut *context.cast::<Machine>() };
    machine.touched = true;
    machine
}

impl Machine {
    /// Memory for an array; buffers of dead tapes make room if they must.
    fn alloc(&mut self, bytes: u64) -> Option<*mut u8> {
        if bytes > self.arena.left(&self.context) {
            self.trim_tapes();
        }
        self.arena.alloc(&mut self.context, bytes)
    }

    /// Room for at least one more record; 0 where memory, 1 where the limit of tapes forbids it.
    fn grow(&mut self, tape: &mut Tape, record: u64) -> Result<(), u64> {
        if record > self.arena.left(&self.context).min(self.tapes.left()) {
            self.trim_tapes();
        }
        if record > self.tapes.left() {
            return Err(1);
        }
        let left = self.arena.left(&self.context).min(self.tapes.left());
        let growth = Tapes::growth(tape, record, left).ok_or(0_u64)?;
        self.tapes.grow(tape, growth).ok_or(0_u64)?;
        self.arena.set_elsewhere(&mut self.context, self.tapes.capacity());
        Ok(())
    }

    fn trim_tapes(&mut self) {
        self.tapes.trim(self.context.tape_depth);
        self.arena.set_elsewhere(&mut self.context, self.tapes.capacity());
    }

    fn refuse(&mut self, bytes: u64, limit: u64, fault: u64) {
        self.context.details = [bytes, limit].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        self.context.fault = fault;
    }
}

/// The bytes of an array; why not, otherwise: a negative extent, or `None` beyond what can be addressed.
fn array_bytes(dims: &[i64], element: u64) -> Result<u64, Option<i64>> {
    if let Some(&negative) = dims.iter().find(|&&d| d < 0) {
        return Err(Some(negative));
    }
    if dims.contains(&0) {
        return Ok(0);
    }
    let bytes = dims.iter().try_fold(element, |n, &d| n.checked_mul(d.unsigned_abs()));
    bytes.filter(|&n| n <= i64::MAX as u64).ok_or(None)
}

/// Memory for an array of these extents, not zeroed; null if an extent is negative or the limit is met, with details and fault in the context.
///
/// # Safety
/// As for every hook: the context is that of the running call. There are `rank` extents at `dims`.
unsafe extern "C" fn alloc(context: *mut Context, dims: *const i64, rank: u64, element: u64) -> *mut u8 {
    // SAFETY: compiled code passes its own context and a stack slot of `rank` extents.
    let (machine, dims) = unsafe { (machine(context), slice::from_raw_parts(dims, rank as usize)) };
    let bytes = match array_bytes(dims, element) {
        Ok(bytes) => bytes,
        Err(Some(negative)) => {
            machine.context.details = [negative, 0];
            machine.context.fault = 0;
            return ptr::null_mut();
        }
        Err(None) => {
            machine.refuse(u64::MAX, machine.limits.memory_bytes, 1);
            return ptr::null_mut();
        }
    };
    // An empty array needs an address that is not null, but no memory.
    if bytes == 0 {
        return ptr::dangling_mut::<u64>().cast();
    }
    machine.alloc(bytes.next_multiple_of(8)).unwrap_or_else(|| {
        machine.refuse(bytes, machine.limits.memory_bytes, 1);
        ptr::null_mut()
    })
}

/// Memory for an array, all zeros; null, and in the context the status from `status` on that says why, if there is none.
///
/// # Safety
/// As for [`alloc`].
unsafe extern "C" fn alloc_zeroed(
    context: *mut Context,
    dims: *const i64,
    rank: u64,
    element: u64,
    status: u64,
) -> *mut u8 {
    // SAFETY: as promised.
    let address = unsafe { alloc(context, dims, rank, element) };
    if address.is_null() {
        // SAFETY: compiled code passes its own context.
        let machine = unsafe { machine(context) };
        machine.context.status = status + machine.context.fault;
        return address;
    }
    // SAFETY: compiled code passes a stack slot of `rank` extents.
    let dims = unsafe { slice::from_raw_parts(dims, rank as usize) };
    let bytes = array_bytes(dims, element).unwrap_or(0);
    // SAFETY: there is that much, rounded up.
    unsafe { ptr::write_bytes(address, 0, (bytes as usize).next_multiple_of(8)) };
    address
}

/// Goes back to a mark in an earlier chunk. Gives 0, since every hook that cold paths call gives something.
///
/// # Safety
/// As for every hook; the mark was taken in this call.
unsafe extern "C" fn reset(context: *mut Context, next: *mut u8, chunk: u64) -> u64 {
    // SAFETY: compiled code passes its own context.
    let machine = unsafe { machine(context) };
    machine.arena.reset(&mut machine.context, next, chunk);
    0
}

/// # Safety
/// There are `bytes` writable bytes at `to`.
unsafe extern "C" fn zero(to: *mut u8, bytes: u64) {
    // SAFETY: as promised.
    unsafe { ptr::write_bytes(to, 0, bytes as usize) }
}

/// # Safety
/// There are `bytes` bytes at both addresses.
unsafe extern "C" fn copy(to: *mut u8, from: *const u8, bytes: u64) {
    // SAFETY: as promised.
    unsafe { ptr::copy(from, to, bytes as usize) }
}

/// # Safety
/// There are `count` writable words at `to`.
unsafe extern "C" fn fill_words(to: *mut u64, count: u64, value: u64) {
    // SAFETY: as promised; an empty array may have any address.
    if count > 0 {
        unsafe { slice::from_raw_parts_mut(to, count as usize) }.fill(value);
    }
}

/// # Safety
/// There are `count` writable halves of a word at `to`.
unsafe extern "C" fn fill_halves(to: *mut u32, count: u64, value: u64) {
    // SAFETY: as promised; an empty array may have any address.
    if count > 0 {
        unsafe { slice::from_raw_parts_mut(to, count as usize) }.fill(value as u32);
    }
}

/// # Safety
/// There are `count` writable bytes at `to`.
unsafe extern "C" fn fill_bytes(to: *mut u8, count: u64, value: u64) {
    // SAFETY: as promised.
    unsafe { ptr::write_bytes(to, value as u8, count as usize) }
}

/// A new empty tape.
///
/// # Safety
/// As for every hook.
unsafe extern "C" fn tape_open(context: *mut Context) -> *mut Tape {
    // SAFETY: compiled code passes its own context.
    let machine = unsafe { machine(context) };
    machine.tapes.open(&mut machine.context.tape_depth)
}

/// Makes room for one more record of so many bytes; 0 if a limit is met, with details and fault in the context.
///
/// # Safety
/// As for every hook; `tape` is alive.
unsafe extern "C" fn tape_grow(context: *mut Context, tape: *mut Tape, record: u64) -> u64 {
    // SAFETY: compiled code passes its own context, and a header that the pool keeps at its place; the pool itself only sees the header through this reference.
    let (machine, tape) = unsafe { (machine(context), &mut *tape) };
    match machine.grow(tape, record) {
        Ok(()) => 1,
        Err(fault) => {
            let limits = machine.limits;
            let limit = if fault == 0 { limits.memory_bytes } else { limits.tape_bytes.unwrap_or(u64::MAX) };
            machine.refuse(record, limit, fault);
            0
        }
    }
}

/// Prints one line; 0 if the sink panicked.
///
/// # Safety
/// As for every hook; the values are as the line says.
unsafe extern "C" fn print(context: *mut Context, line: u64, values: *const u64) -> u64 {
    // SAFETY: compiled code passes its own context.
    let machine = unsafe { machine(context) };
    let Some(sink) = &mut machine.sink else {
        return 1;
    };
    // SAFETY: the program is alive during the call.
    let line = &unsafe { &*machine.program }.lines[line as usize];
    // SAFETY: there are as many values in a stack slot as the line has.
    let written = catch_unwind(AssertUnwindSafe(|| unsafe {
        sink(&line.format(slice::from_raw_parts(values, line.values())));
    }));
    match written {
        Ok(()) => 1,
        Err(panic) => {
            machine.panic = Some(panic);
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Program, Workspace};
    use adit_ir::limits::Limits;

    #[test]
    fn sizes_never_overflow() {
        assert_eq!(array_bytes(&[i64::MAX, 2], 8), Err(None));
        assert_eq!(array_bytes(&[i64::MAX, 2, 0], 8), Ok(0));
        assert_eq!(array_bytes(&[i64::MAX, -2, 0], 8), Err(Some(-2)));
        assert_eq!(array_bytes(&[i64::MAX], 8), Err(None));
        assert_eq!(array_bytes(&[3], 1), Ok(3));
    }

    #[test]
    fn dead_tapes_make_room_for_arrays() {
        let mut workspace = Workspace::with_limits(Limits { memory_bytes: 8192, ..Limits::default() });
        let context = workspace.begin(&Program::default(), 0);
        // SAFETY: this is the context of a call that has begun.
        unsafe {
            let tape = tape_open(context);
            assert_eq!(tape_grow(context, tape, 8), 1);
            assert_eq!(tape_grow(context, tape, 4096), 1);
            assert!(alloc(context, [1024].as_ptr(), 1, 8).is_null());
            assert_eq!((*context).details, [8192, 8192]);
            assert_eq!((*context).fault, 1);
            // What compiled code does where a tape's region ends.
            (*context).tape_depth = 0;
            assert!(!alloc(context, [1024].as_ptr(), 1, 8).is_null());
        }
        workspace.end();
        assert_eq!(workspace.memory_in_use().0, 0);
    }

    #[test]
    fn what_the_runtime_did_in_a_call_is_seen_when_it_ends() {
        let mut workspace = Workspace::with_limits(Limits { memory_bytes: 1 << 20, ..Limits::default() });
        // The first call finds no memory yet, the second one where it wants it.
        for _ in 0..2 {
            let context = workspace.begin(&Program::default(), 0);
            // SAFETY: this is the context of a call that has begun.
            unsafe { assert!(!alloc(context, [16].as_ptr(), 1, 8).is_null()) };
            workspace.end();
        }
        // One that does nothing leaves nothing to be looked at.
        workspace.begin(&Program::default(), 0);
        workspace.end();
        let context = workspace.begin(&Program::default(), 0);
        // SAFETY: as above. Memory is where it was when the call ends, but there is a chunk more.
        unsafe {
            let (next, chunk) = ((*context).arena_next, (*context).arena_chunk);
            assert!(!alloc(context, [64 << 10].as_ptr(), 1, 8).is_null());
            reset(context, next, chunk);
        }
        workspace.end();
        let context = workspace.begin(&Program::default(), 0);
        // SAFETY: as above. One chunk holds all now.
        unsafe {
            assert!(!alloc(context, [16].as_ptr(), 1, 8).is_null());
            assert!((*context).arena_end as usize - (*context).arena_next as usize >= 512 << 10);
        }
        workspace.end();
    }

    #[test]
    fn a_negative_extent_is_told_from_the_limit() {
        let mut workspace = Workspace::new();
        let context = workspace.begin(&Program::default(), 0);
        // SAFETY: this is the context of a call that has begun.
        unsafe {
            assert!(alloc(context, [4, -7].as_ptr(), 2, 8).is_null());
            assert_eq!(((*context).details, (*context).fault), ([-7, 0], 0));
        }
    }
}
