//! The part of a workspace that compiled code reads and writes by offset.
//!
//! In: nothing. Out: [`Context`], whose layout is that of C, and [`offset`], where each field lies. Compiled code holds a pointer to it in every function. Fields are set by
//! [`Workspace`](crate::Workspace) before a call; nothing here acts.

use std::ptr;
use std::sync::atomic::AtomicBool;

/// What compiled code sees of a workspace.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// The next free byte of the arena's current chunk; a multiple of 8.
    pub arena_next: *mut u8,
    /// Where inline allocation ends: the chunk's end, or earlier where the limit is nearer.
    pub arena_end: *mut u8,
    /// Which chunk is the current one.
    pub arena_chunk: u64,
    /// The interruption flag.
    pub interrupt: *const AtomicBool,
    /// Steps left.
    pub fuel: u64,
    /// The lowest address that the stack pointer may reach.
    pub stack_limit: usize,
    /// For each compiled function, the bytes of stack it needs.
    pub stack_needs: *const u64,
    /// How many tapes are alive.
    pub tape_depth: u64,
    /// The numbers that explain a trap.
    pub details: [i64; 2],
    /// Which of two traps a slow path asks for: of an allocation, 0 a negative extent and 1 the memory limit; of a tape that grows, 0 the memory limit and 1 that of tapes.
    pub fault: u64,
    /// What a slow path gives back.
    pub answer: u64,
    /// What a function that stops returns.
    pub status: u64,
}

impl Context {
    /// A context without memory; nothing may run on it yet.
    pub fn new() -> Self {
        Context {
            arena_next: ptr::null_mut(),
            arena_end: ptr::null_mut(),
            arena_chunk: 0,
            interrupt: ptr::null(),
            fuel: 0,
            stack_limit: usize::MAX,
            stack_needs: ptr::null(),
            tape_depth: 0,
            details: [0; 2],
            fault: 0,
            answer: 0,
            status: 0,
        }
    }
}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

/// Byte offsets of the fields of [`Context`].
pub mod offset {
    use super::Context;
    use std::mem::offset_of;

    macro_rules! offsets {
        ($($name:ident $field:ident)*) => {
            $(
                #[doc = concat!("Of [`Context::", stringify!($field), "`].")]
                pub const $name: i32 = offset_of!(Context, $field) as i32;
            )*
        };
    }

    offsets! {
        ARENA_NEXT arena_next
        ARENA_END arena_end
        ARENA_CHUNK arena_chunk
        INTERRUPT interrupt
        FUEL fuel
        STACK_LIMIT stack_limit
        STACK_NEEDS stack_needs
        TAPE_DEPTH tape_depth
        DETAILS details
        FAULT fault
        ANSWER answer
        STATUS status
    }
}
