//! The few machine instructions that runs of calls are made of, for x86-64 with the System V convention.
//!
//! In: calls with their arguments, and what becomes of their results. Out: the bytes of a function `(frame, context, depth) -> status`: 0, or 1 when the context says why the program stops.
//!
//! ```text
//! pass([Context, Word(Slot(3))])     mov %r12,%rdi;  mov 0x18(%rbx),%rsi
//! call(Callee::Shared(7))            call loop 7
//! leave_if_nonzero()                 test %eax,%eax;  jne <the end>
//! ```
//!
//! `rbx` holds the address of the frame, `r12` the context. On the stack lie the arguments that no register holds, the depth, and scratch memory.

use crate::straight::{Callee, Straight};
use adit_diag::Span;
use adit_runtime::context::offset;

/// Registers for integers, in the order of arguments: `rdi`, `rsi`, `rdx`, `rcx`, `r8`, `r9`.
const WORDS: [u8; 6] = [7, 6, 2, 1, 8, 9];

/// Arguments on the stack.
const ON_STACK: usize = 8;

/// The most integers that a call takes.
pub(crate) const MOST_WORDS: usize = WORDS.len() + ON_STACK;

/// The most floats that a call takes.
pub(crate) const MOST_FLOATS: usize = 8;

/// Where the depth lies above the stack pointer.
const DEPTH: i32 = 8 * ON_STACK as i32;

/// Where the scratch memory begins.
const ROOM: i32 = DEPTH + 8;

/// The return address, and two saved registers.
const SAVED: u32 = 24;

/// Where the prologue says how far the stack pointer moves.
const MOVES_BY: usize = 6;

const RAX: u8 = 0;
const RDX: u8 = 2;

/// A number or an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Word {
    Literal(i64),
    /// In the frame, in units of 8 bytes.
    Slot(u32),
}

/// What a call is given.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Context,
    Word(Word),
    Float(Word),
    /// So many elements of 8 bytes: a product.
    Product(Vec<Word>),
    /// The same, in bytes; elements have `1 << n` bytes.
    Bytes(Vec<Word>, u8),
    /// The address of the scratch memory.
    Room,
}

/// Why the function returns early.
#[derive(Clone, Copy, Debug)]
enum Exit {
    /// The context knows.
    Known,
    /// At a site.
    Site(i64),
    /// At one of sites in a row: the context's `fault` says which.
    SitePlusFault(i64),
}

/// A run of calls that grows.
#[derive(Debug)]
pub(crate) struct Asm {
    out: Straight,
    /// 4-byte places that are to hold the distance to an exit.
    exits: Vec<(usize, Exit)>,
    /// Words of scratch memory.
    room: usize,
}

impl Asm {
    pub(crate) fn new() -> Self {
        let mut asm = Asm { out: Straight::default(), exits: Vec::new(), room: 0 };
        asm.bytes(&[0x53, 0x41, 0x54, 0x48, 0x81, 0xec, 0, 0, 0, 0]);
        asm.bytes(&[0x48, 0x89, 0xfb, 0x49, 0x89, 0xf4]);
        asm.on_stack(0x89, RDX, DEPTH);
        asm
    }

    /// What follows belongs to a span.
    pub(crate) fn line(&mut self, span: Span) {
        let at = self.out.code.len() as u32;
        if self.out.lines.last().is_none_or(|line| line.1 != span) {
            self.out.lines.push((at, span));
        }
    }

    /// Puts arguments where a call expects them.
    pub(crate) fn pass(&mut self, arguments: &[Argument]) {
        let (mut words, mut floats) = (0, 0);
        for argument in arguments {
            if let Argument::Float(word) = argument {
                self.float(floats, *word);
                floats += 1;
                continue;
            }
            match WORDS.get(words) {
                Some(&register) => self.argument(register, argument),
                None => {
                    self.argument(RAX, argument);
                    self.on_stack(0x89, RAX, 8 * (words - WORDS.len()) as i32);
                }
            }
            words += 1;
        }
    }

    /// Stores a word in the scratch memory.
    pub(crate) fn put(&mut self, place: usize, word: Word) {
        self.room = self.room.max(place + 1);
        self.load(RAX, word);
        self.on_stack(0x89, RAX, ROOM + 8 * place as i32);
    }

    /// Copies a word of the scratch memory to the frame.
    pub(crate) fn fetch(&mut self, place: usize, slot: u32) {
        self.room = self.room.max(place + 1);
        self.on_stack(0x8b, RAX, ROOM + 8 * place as i32);
        self.store_word(slot);
    }

    pub(crate) fn call(&mut self, callee: Callee) {
        match callee {
            Callee::Import(_) => self.bytes(&[0xff, 0x15]),
            Callee::Shared(_) => self.bytes(&[0xe8]),
        }
        self.out.calls.push((self.out.code.len() as u32, callee));
        self.bytes(&[0; 4]);
    }

    /// Keeps the address that a call has given.
    pub(crate) fn store_word(&mut self, slot: u32) {
        self.based(&[0x48, 0x89], RAX, slot);
    }

    /// Keeps the integer that a call has given besides its status.
    pub(crate) fn store_integer(&mut self, slot: u32) {
        self.based(&[0x48, 0x89], RDX, slot);
    }

    /// Keeps one of the floats that a call has given.
    pub(crate) fn store_float(&mut self, which: u8, slot: u32) {
        self.based(&[0xf2, 0x0f, 0x11], which, slot);
    }

    /// Returns if a call has given a status that is not 0.
    pub(crate) fn leave_if_nonzero(&mut self) {
        self.bytes(&[0x85, 0xc0]);
        self.jump(0x85, Exit::Known);
    }

    /// Returns if a call has given no address, and told the context why.
    pub(crate) fn leave_if_none(&mut self) {
        self.bytes(&[0x48, 0x85, 0xc0]);
        self.jump(0x84, Exit::Known);
    }

    /// Stops at one of sites in a row if a call has given 0.
    pub(crate) fn stop_if_none(&mut self, sites: i64) {
        self.bytes(&[0x48, 0x85, 0xc0]);
        self.jump(0x84, Exit::SitePlusFault(sites));
    }

    /// Stops if someone has interrupted.
    pub(crate) fn poll(&mut self, site: i64) {
        self.bytes(&[0x49, 0x8b, 0x84, 0x24]);
        self.bytes(&offset::INTERRUPT.to_le_bytes());
        self.bytes(&[0x80, 0x38, 0]);
        self.jump(0x85, Exit::Site(site));
    }

    /// Stops if the program may go no deeper.
    pub(crate) fn enter(&mut self, site: i64) {
        self.bytes(&[0x48, 0x83, 0xbc, 0x24]);
        self.bytes(&DEPTH.to_le_bytes());
        self.bytes(&[0]);
        self.jump(0x84, Exit::Site(site));
    }

    /// The code of the function.
    pub(crate) fn finish(mut self) -> Straight {
        let moves_by = ROOM as u32 + 8 * self.room.next_multiple_of(2) as u32;
        self.out.code[MOVES_BY..MOVES_BY + 4].copy_from_slice(&moves_by.to_le_bytes());
        self.bytes(&[0x31, 0xc0]);
        let leave = self.out.code.len();
        self.bytes(&[0x48, 0x81, 0xc4]);
        self.bytes(&moves_by.to_le_bytes());
        self.bytes(&[0x41, 0x5c, 0x5b, 0xc3]);
        let known = self.out.code.len();
        self.status_1(leave);
        for (hole, exit) in std::mem::take(&mut self.exits) {
            let target = match exit {
                Exit::Known => known,
                Exit::Site(_) | Exit::SitePlusFault(_) => self.out.code.len(),
            };
            self.fill(hole, target);
            match exit {
                Exit::Known => continue,
                Exit::Site(site) => {
                    self.bytes(&[0x41, 0xc7, 0x84, 0x24]);
                    self.bytes(&offset::STATUS.to_le_bytes());
                    self.bytes(&(site as i32).to_le_bytes());
                }
                Exit::SitePlusFault(site) => {
                    self.bytes(&[0x41, 0x8b, 0x84, 0x24]);
                    self.bytes(&offset::FAULT.to_le_bytes());
                    self.bytes(&[0x05]);
                    self.bytes(&(site as i32).to_le_bytes());
                    self.bytes(&[0x41, 0x89, 0x84, 0x24]);
                    self.bytes(&offset::STATUS.to_le_bytes());
                }
            }
            self.status_1(leave);
        }
        self.out.end = self.out.code.len();
        self.out.frame = u64::from(SAVED + moves_by);
        self.out
    }

    /// Returns 1.
    fn status_1(&mut self, leave: usize) {
        self.bytes(&[0xb8, 1, 0, 0, 0, 0xe9, 0, 0, 0, 0]);
        self.fill(self.out.code.len() - 4, leave);
    }

    fn fill(&mut self, hole: usize, target: usize) {
        let distance = target as i32 - (hole as i32 + 4);
        self.out.code[hole..hole + 4].copy_from_slice(&distance.to_le_bytes());
    }

    fn jump(&mut self, condition: u8, exit: Exit) {
        self.bytes(&[0x0f, condition, 0, 0, 0, 0]);
        self.exits.push((self.out.code.len() - 4, exit));
    }

    fn argument(&mut self, register: u8, argument: &Argument) {
        match argument {
            Argument::Context => self.bytes(&[0x4c | register >> 3, 0x89, 0xe0 | register & 7]),
            Argument::Word(word) | Argument::Float(word) => self.load(register, *word),
            Argument::Product(factors) => self.product(register, factors),
            Argument::Bytes(factors, shift) => {
                self.product(register, factors);
                self.bytes(&[0x48 | register >> 3, 0xc1, 0xe0 | register & 7, *shift]);
            }
            Argument::Room => self.on_stack(0x8d, register, ROOM),
        }
    }

    /// `register` = the product of integers, which wraps.
    fn product(&mut self, register: u8, factors: &[Word]) {
        let literal = |&word: &Word| if let Word::Literal(n) = word { Some(n) } else { None };
        let literals = factors.iter().filter_map(literal).fold(1_i64, i64::wrapping_mul);
        self.load(register, Word::Literal(literals));
        for &factor in factors {
            if let Word::Slot(slot) = factor {
                self.based(&[0x48 | register >> 3 << 2, 0x0f, 0xaf], register, slot);
            }
        }
    }

    fn load(&mut self, register: u8, word: Word) {
        match word {
            Word::Slot(slot) => self.based(&[0x48 | register >> 3 << 2, 0x8b], register, slot),
            Word::Literal(n) => match (u32::try_from(n), i32::try_from(n)) {
                (Ok(n), _) => {
                    self.bytes(&[0x40 | register >> 3, 0xb8 | register & 7]);
                    self.bytes(&n.to_le_bytes());
                }
                (_, Ok(n)) => {
                    self.bytes(&[0x48 | register >> 3, 0xc7, 0xc0 | register & 7]);
                    self.bytes(&n.to_le_bytes());
                }
                (Err(_), Err(_)) => {
                    self.bytes(&[0x48 | register >> 3, 0xb8 | register & 7]);
                    self.bytes(&n.to_le_bytes());
                }
            },
        }
    }

    fn float(&mut self, which: u8, word: Word) {
        match word {
            Word::Slot(slot) => self.based(&[0xf2, 0x0f, 0x10], which, slot),
            Word::Literal(_) => {
                self.load(RAX, word);
                self.bytes(&[0x66, 0x48, 0x0f, 0x6e, 0xc0 | which << 3]);
            }
        }
    }

    /// An instruction on a register, by the low bits of its number, and a slot of the frame.
    fn based(&mut self, opcode: &[u8], register: u8, slot: u32) {
        self.bytes(opcode);
        self.bytes(&[0x83 | (register & 7) << 3]);
        self.bytes(&(8 * slot as i32).to_le_bytes());
    }

    /// An instruction on a register and a place above the stack pointer.
    fn on_stack(&mut self, opcode: u8, register: u8, at: i32) {
        self.bytes(&[0x48 | register >> 3 << 2, opcode, 0x84 | (register & 7) << 3, 0x24]);
        self.bytes(&at.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.code.extend_from_slice(bytes);
    }
}
