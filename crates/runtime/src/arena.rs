//! Memory for arrays: chunks filled from their start, given back down to a mark.
//!
//! In: sizes. Out: addresses, and the three fields of [`Context`] with which compiled code allocates inline: `next`, `end`, `chunk`. A mark is the pair (`next`,
//! `chunk`); going back to it within one chunk is one store. An array never moves. `end` is lowered where the limit is nearer than the chunk's end, so the inline path needs no other check.
//! This file does not zero memory (compiled code does) and does not know tapes, whose bytes it is only told ([`Arena::set_elsewhere`]).

use crate::context::Context;
use std::alloc::{Layout, alloc, dealloc};
use std::ptr;

/// The size of the first chunk.
const FIRST_CHUNK: usize = 64 << 10;

/// Every array starts at a multiple of this.
const ALIGN: usize = 16;

/// Owned bytes.
#[derive(Debug)]
struct Chunk {
    start: *mut u8,
    bytes: usize,
    /// Bytes in use in earlier chunks, from the moment on that this became the current one.
    used_before: u64,
}

impl Chunk {
    fn new(bytes: usize) -> Option<Chunk> {
        let layout = Layout::from_size_align(bytes, ALIGN).ok()?;
        // SAFETY: `bytes` is at least one allocation request, which is not zero.
        let start = unsafe { alloc(layout) };
        (!start.is_null()).then_some(Chunk { start, bytes, used_before: 0 })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let layout = Layout::from_size_align(self.bytes, ALIGN).expect("it was valid when the chunk was allocated");
        // SAFETY: `start` came from `alloc` with this layout and is freed once.
        unsafe { dealloc(self.start, layout) }
    }
}

/// The chunks of a workspace. Their number is one more than the index in [`Context::arena_chunk`] can be; index 0 stands for no chunk at all.
#[derive(Debug, Default)]
pub struct Arena {
    chunks: Vec<Chunk>,
    limit: u64,
    elsewhere: u64,
    /// Bytes that others may use meanwhile.
    lent: u64,
    /// The size of the next first chunk: what the largest call so far needed.
    first: usize,
}

impl Arena {
    /// Starts a call: nothing is in use, and at most `limit` bytes may come to be.
    pub fn begin(&mut self, context: &mut Context, limit: u64) {
        self.limit = limit;
        (self.elsewhere, self.lent) = (0, 0);
        let none = ptr::null_mut();
        if self.chunks.len() > 1 || self.chunks.first().is_some_and(|c| c.bytes as u64 > limit) {
            self.merge();
        }
        (context.arena_next, context.arena_end, context.arena_chunk) = (none, none, 0);
        if let Some(chunk) = self.chunks.first_mut() {
            chunk.used_before = 0;
            context.arena_chunk = 1;
            context.arena_next = chunk.start;
            self.clip(context);
        }
    }

    /// Forgets all chunks; the next first one has the size of all of them.
    fn merge(&mut self) {
        let total: usize = self.chunks.iter().map(|c| c.bytes).sum();
        self.first = usize::try_from(self.limit).unwrap_or(usize::MAX).min(total);
        self.chunks.clear();
    }

    /// Gives all memory back to the host.
    pub fn release(&mut self, context: &mut Context) {
        self.chunks.clear();
        self.first = 0;
        self.begin(context, self.limit);
    }

    /// How many chunks there are.
    #[inline]
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Bytes in use, without what is elsewhere.
    pub fn used(&self, context: &Context) -> u64 {
        match self.current(context) {
            Some(chunk) => chunk.used_before + (context.arena_next as usize - chunk.start as usize) as u64,
            None => 0,
        }
    }

    /// Bytes that may still come into use.
    pub fn left(&self, context: &Context) -> u64 {
        self.limit.saturating_sub(self.used(context)).saturating_sub(self.elsewhere).saturating_sub(self.lent)
    }

    /// States how many bytes of the limit others hold.
    pub fn set_elsewhere(&mut self, context: &mut Context, bytes: u64) {
        self.elsewhere = bytes;
        self.clip(context);
    }

    /// States how many bytes of the limit others may use from now on.
    pub fn set_lent(&mut self, context: &mut Context, bytes: u64) {
        self.lent = bytes;
        self.clip(context);
    }

    /// An address for that many bytes (a multiple of 8), `None` beyond the limit or what the host has.
    pub fn alloc(&mut self, context: &mut Context, bytes: u64) -> Option<*mut u8> {
        if bytes > self.left(context) {
            return None;
        }
        let bytes = usize::try_from(bytes).ok()?;
        if !self.fits(context, bytes) {
            self.advance(context, bytes)?;
        }
        let address = context.arena_next;
        context.arena_next = address.wrapping_add(bytes);
        Some(address)
    }

    /// Goes back to a mark.
    pub fn reset(&mut self, context: &mut Context, next: *mut u8, chunk: u64) {
        (context.arena_next, context.arena_chunk) = (next, chunk);
        self.clip(context);
    }

    fn current(&self, context: &Context) -> Option<&Chunk> {
        let index = usize::try_from(context.arena_chunk).ok()?.checked_sub(1)?;
        self.chunks.get(index)
    }

    fn fits(&self, context: &Context, bytes: usize) -> bool {
        self.current(context).is_some_and(|c| c.start as usize + c.bytes - context.arena_next as usize >= bytes)
    }

    /// Makes the next chunk the current one; a kept one that is too small, and all behind it, are replaced.
    fn advance(&mut self, context: &mut Context, bytes: usize) -> Option<()> {
        let used = self.used(context);
        let index = usize::try_from(context.arena_chunk).ok()?;
        if self.chunks.get(index).is_none_or(|c| c.bytes < bytes) {
            self.chunks.truncate(index);
            self.chunks.push(Chunk::new(self.next_size(context, bytes)).or_else(|| Chunk::new(bytes))?);
        }
        let chunk = self.chunks.get_mut(index)?;
        chunk.used_before = used;
        (context.arena_next, context.arena_chunk) = (chunk.start, index as u64 + 1);
        self.clip(context);
        Some(())
    }

    /// Twice the last chunk, but no more than the limit leaves and no less than asked for.
    fn next_size(&self, context: &Context, bytes: usize) -> usize {
        let wish = self.chunks.last().map_or(FIRST_CHUNK.max(self.first), |c| c.bytes.saturating_mul(2));
        let left = usize::try_from(self.left(context)).unwrap_or(usize::MAX);
        wish.min(left).max(bytes).max(ALIGN)
    }

    fn clip(&self, context: &mut Context) {
        let left = usize::try_from(self.left(context)).unwrap_or(usize::MAX);
        context.arena_end = match self.current(context) {
            Some(c) => {
                let room = c.start as usize + c.bytes - context.arena_next as usize;
                context.arena_next.wrapping_add(room.min(left))
            }
            None => ptr::null_mut(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena(limit: u64) -> (Arena, Context) {
        let (mut arena, mut context) = (Arena::default(), Context::new());
        arena.begin(&mut context, limit);
        (arena, context)
    }

    #[test]
    fn the_limit_counts_bytes_in_use_across_chunks() {
        let (mut arena, mut context) = arena(1 << 20);
        for _ in 0..8 {
            assert!(arena.alloc(&mut context, 128 << 10).is_some());
        }
        assert_eq!(arena.left(&context), 0);
        assert_eq!(arena.alloc(&mut context, 8), None);
    }

    #[test]
    fn a_mark_gives_everything_after_it_back() {
        let (mut arena, mut context) = arena(1 << 20);
        arena.alloc(&mut context, 64).expect("fits");
        let mark = (context.arena_next, context.arena_chunk);
        for _ in 0..1000 {
            arena.alloc(&mut context, 500 << 10).expect("fits, again and again");
            arena.reset(&mut context, mark.0, mark.1);
            assert_eq!(arena.used(&context), 64);
        }
    }

    #[test]
    fn the_end_is_clipped_to_the_limit() {
        let (mut arena, mut context) = arena(100);
        arena.alloc(&mut context, 40).expect("fits");
        assert_eq!(context.arena_end as usize - context.arena_next as usize, 60);
        arena.set_elsewhere(&mut context, 50);
        assert_eq!(context.arena_end as usize - context.arena_next as usize, 10);
    }

    #[test]
    fn the_next_call_finds_one_chunk_for_all() {
        let (mut arena, mut context) = arena(1 << 30);
        for _ in 0..10 {
            arena.alloc(&mut context, 100_000).expect("fits");
        }
        arena.begin(&mut context, 1 << 30);
        arena.alloc(&mut context, 8).expect("fits");
        assert!(context.arena_end as usize - context.arena_next as usize >= 1_000_000);
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let (mut arena, mut context) = arena(u64::MAX);
        assert_eq!(arena.alloc(&mut context, !7), None);
        assert_eq!(arena.alloc(&mut context, i64::MAX as u64 & !7), None);
    }
}
