//! Tapes: growable stacks of records.
//!
//! In: demands to grow. Out: [`Tape`] headers at fixed addresses, whose `top`, `end` and `base` compiled code uses inline: a push that fits is a comparison and stores, a pop a comparison
//! and loads. Tapes live and die like a stack; dead ones keep their buffers for the next one until memory is wanted elsewhere. Records are not typed here.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::mem::offset_of;
use std::ptr;

/// The smallest capacity in bytes.
const FIRST_CAPACITY: u64 = 1 << 10;

/// A tape's header.
#[repr(C)]
#[derive(Debug)]
pub struct Tape {
    /// Behind the newest record.
    pub top: *mut u8,
    /// Behind the last record that fits.
    pub end: *mut u8,
    /// The oldest record.
    pub base: *mut u8,
}

/// Where [`Tape::top`] lies.
pub const TOP: i32 = offset_of!(Tape, top) as i32;
/// Where [`Tape::end`] lies.
pub const END: i32 = offset_of!(Tape, end) as i32;
/// Where [`Tape::base`] lies.
pub const BASE: i32 = offset_of!(Tape, base) as i32;

impl Tape {
    fn empty() -> Self {
        Tape { top: ptr::null_mut(), end: ptr::null_mut(), base: ptr::null_mut() }
    }

    fn capacity(&self) -> usize {
        self.end as usize - self.base as usize
    }

    /// Changes the capacity, keeping the records; `None` if the host has no memory.
    fn resize(&mut self, bytes: usize) -> Option<()> {
        let used = self.top as usize - self.base as usize;
        let layout = Layout::from_size_align(bytes, 8).ok()?;
        let base = if self.base.is_null() {
            // SAFETY: `bytes` is at least `FIRST_CAPACITY` or one record, not zero.
            unsafe { alloc(layout) }
        } else {
            // SAFETY: `base` came from here with this layout, and `bytes` is a valid size of the same alignment.
            unsafe { realloc(self.base, self.layout(), bytes) }
        };
        if base.is_null() {
            return None;
        }
        (self.base, self.top, self.end) = (base, base.wrapping_add(used), base.wrapping_add(bytes));
        Some(())
    }

    fn layout(&self) -> Layout {
        Layout::from_size_align(self.capacity(), 8).expect("it was valid when the buffer was allocated")
    }

    fn release(&mut self) {
        if !self.base.is_null() {
            // SAFETY: the buffer was allocated by `resize` with this layout; the pointers are forgotten below.
            unsafe { dealloc(self.base, self.layout()) }
        }
        // Field by field: assigning a whole tape would drop the old one again.
        (self.top, self.end, self.base) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.release();
    }
}

/// A tape that a host owns: what one call pushes, another one pops. It is freed when it goes.
#[derive(Debug)]
pub struct OwnedTape {
    // Boxed, because compiled code is given the address of the header.
    tape: Box<Tape>,
}

// SAFETY: the buffer is the tape's own, and only who has it `mut` writes.
unsafe impl Send for OwnedTape {}
// SAFETY: as above; by reference, nothing but lengths and records are read.
unsafe impl Sync for OwnedTape {}

impl OwnedTape {
    /// An empty one.
    pub fn new() -> Self {
        OwnedTape { tape: Box::new(Tape::empty()) }
    }

    /// Bytes of the records on it.
    pub fn bytes(&self) -> usize {
        self.tape.top as usize - self.tape.base as usize
    }

    /// Bytes of its buffer.
    pub fn capacity(&self) -> usize {
        self.tape.capacity()
    }

    /// Forgets the records, and keeps the buffer.
    pub fn clear(&mut self) {
        self.tape.top = self.tape.base;
    }

    /// Where compiled code finds it.
    pub(crate) fn address(&mut self) -> u64 {
        ptr::from_mut(&mut *self.tape).expose_provenance() as u64
    }
}

impl Default for OwnedTape {
    fn default() -> Self {
        OwnedTape::new()
    }
}

/// The records are copied.
impl Clone for OwnedTape {
    fn clone(&self) -> Self {
        let (mut copy, bytes) = (OwnedTape::new(), self.bytes());
        if bytes > 0 {
            let layout = copy.tape.resize(bytes);
            layout.unwrap_or_else(|| std::alloc::handle_alloc_error(self.tape.layout()));
            // SAFETY: both buffers hold at least so many bytes, and are apart.
            unsafe { ptr::copy_nonoverlapping(self.tape.base, copy.tape.base, bytes) }
            copy.tape.top = copy.tape.base.wrapping_add(bytes);
        }
        copy
    }
}

/// The tapes of a workspace: the first `depth` are alive.
#[derive(Debug, Default)]
pub struct Tapes {
    // Boxed, because compiled code holds addresses of headers while the list grows.
    #[expect(clippy::vec_box, reason = "headers must not move")]
    tapes: Vec<Box<Tape>>,
    capacity: u64,
    limit: u64,
    /// Whether the bytes of a tape of the host's are counted among them.
    lent: bool,
}

impl Tapes {
    /// Counts a buffer of the host's until [`Tapes::settle`].
    pub fn lend(&mut self, bytes: u64) {
        self.capacity += bytes;
        self.lent = true;
    }

    /// Counts its own buffers alone.
    #[inline]
    pub fn settle(&mut self) {
        if self.lent {
            self.lent = false;
            self.capacity = self.tapes.iter().map(|tape| tape.capacity() as u64).sum();
        }
    }

    /// Bytes that all buffers hold, those of dead tapes included.
    #[inline]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Starts a call: at most `limit` bytes of buffers may come to be in use.
    pub fn begin(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Bytes that buffers may still grow by, if dead tapes give theirs back.
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.capacity)
    }

    /// An empty tape; `depth` counts it from now on. It finds the buffer of the last tape of this depth, unless that is a good part of what all may have.
    pub fn open(&mut self, depth: &mut u64) -> *mut Tape {
        let index = usize::try_from(*depth).unwrap_or(usize::MAX);
        if index >= self.tapes.len() {
            self.tapes.push(Box::new(Tape::empty()));
        }
        *depth += 1;
        let last = self.tapes.len() - 1;
        let tape: &mut Tape = &mut self.tapes[index.min(last)];
        if tape.capacity() as u64 > self.limit / 8 {
            self.capacity -= tape.capacity() as u64;
            tape.release();
        }
        tape.top = tape.base;
        tape
    }

    /// How many bytes `tape` should grow by for at least `record` more, given what the limits leave; `None` if they leave too little. Whole records, and no more than half of what is left, since other tapes grow too.
    pub fn growth(tape: &Tape, record: u64, left: u64) -> Option<u64> {
        let wish = (tape.capacity() as u64).max(FIRST_CAPACITY);
        let growth = (wish.min(left / 2) / record.max(1) * record).max(record);
        (growth <= left).then_some(growth)
    }

    /// Grows a tape by that many bytes; `None` if the host has no memory.
    pub fn grow(&mut self, tape: &mut Tape, bytes: u64) -> Option<()> {
        let total = usize::try_from(bytes).ok()?.checked_add(tape.capacity())?;
        tape.resize(total)?;
        self.capacity += bytes;
        Some(())
    }

    /// Frees the buffers of dead tapes.
    pub fn trim(&mut self, depth: u64) {
        let depth = usize::try_from(depth).unwrap_or(usize::MAX).min(self.tapes.len());
        for tape in self.tapes.drain(depth..) {
            self.capacity -= tape.capacity() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tapes_grow_and_keep_their_records() {
        let (mut tapes, mut depth) = (Tapes::default(), 0);
        tapes.begin(u64::MAX);
        // SAFETY: the header lives as long as `tapes`.
        let tape = unsafe { &mut *tapes.open(&mut depth) };
        let mut left = 1 << 20;
        for i in 0..1000_u64 {
            if tape.top == tape.end {
                let growth = Tapes::growth(tape, 8, left).expect("the limit is far");
                tapes.grow(tape, growth).expect("the host has memory");
                left -= growth;
            }
            // SAFETY: `top` is below `end`.
            unsafe { tape.top.cast::<u64>().write(i) };
            tape.top = tape.top.wrapping_add(8);
        }
        // SAFETY: 1000 records were written.
        let sum: u64 = (0..1000).map(|i| unsafe { tape.base.cast::<u64>().add(i).read() }).sum();
        assert_eq!(sum, 999 * 500);
        assert_eq!(tapes.capacity() + left, 1 << 20);
        tapes.trim(0);
        assert_eq!(tapes.capacity(), 0);
    }

    #[test]
    fn what_a_host_owns_is_counted_while_it_is_lent() {
        let (mut tapes, mut owned) = (Tapes::default(), OwnedTape::new());
        tapes.begin(u64::MAX);
        tapes.lend(0);
        tapes.grow(&mut owned.tape, 64).expect("the host has memory");
        // SAFETY: there is room for 64 bytes.
        unsafe { owned.tape.top.cast::<u64>().write(7) };
        owned.tape.top = owned.tape.top.wrapping_add(8);
        assert_eq!((tapes.capacity(), owned.bytes(), owned.capacity()), (64, 8, 64));
        tapes.settle();
        assert_eq!(tapes.capacity(), 0);
        let copy = owned.clone();
        drop(owned);
        assert_eq!((copy.bytes(), copy.capacity()), (8, 8));
        // SAFETY: one record was copied.
        assert_eq!(unsafe { copy.tape.base.cast::<u64>().read() }, 7);
        assert_eq!(OwnedTape::new().clone().bytes(), 0);
    }

    #[test]
    fn growth_stops_at_the_limit() {
        let tape = Tape::empty();
        assert_eq!(Tapes::growth(&tape, 16, 100), Some(48));
        assert_eq!(Tapes::growth(&tape, 16, 16), Some(16));
        assert_eq!(Tapes::growth(&tape, 16, 15), None);
    }
}
