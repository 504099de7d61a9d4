//! The few machine instructions that straight runs are made of, for x86-64 with SSE2, which every such machine has.
//!
//! In: instructions, one call each. Out: bytes, behind them the literals, which the instructions address relative to themselves, so that the bytes run wherever they are copied to a multiple of 16.
//!
//! ```text
//! add(Xmm(1), Place::Slot(3))     f2 0f 58 8b 18 00 00 00     addsd 0x18(%rbx),%xmm1
//! ```
//!
//! Register `rbx` holds the address of the frame from beginning to end. Nothing is chosen here: what stands where is [`super::emit`]'s to say.

use rustc_hash::FxHashMap;

/// A register for floats: 0 to 15.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Xmm(pub(super) u8);

/// Where an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Register(Xmm),
    /// In the frame, in units of 8 bytes.
    Slot(u32),
    /// Behind the code.
    Literal(u64),
    /// Behind the code, aligned to 16 bytes, with zeros above: for operations on bits.
    Mask(u64),
}

/// Two-operand instructions: their prefix (0 for none) and their opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sse {
    Load,
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    Xor,
    And,
    /// To all ones where the two differ or cannot be compared, with a byte behind that says so.
    NotEqual,
}

impl Sse {
    fn bytes(self) -> (u8, u8) {
        match self {
            Sse::Load => (SCALAR, 0x10),
            Sse::Add => (SCALAR, 0x58),
            Sse::Sub => (SCALAR, 0x5c),
            Sse::Mul => (SCALAR, 0x59),
            Sse::Div => (SCALAR, 0x5e),
            Sse::Sqrt => (SCALAR, 0x51),
            Sse::Xor => (0, 0x57),
            Sse::And => (0, 0x54),
            Sse::NotEqual => (SCALAR, 0xc2),
        }
    }
}

/// The prefix of operations on one double.
const SCALAR: u8 = 0xf2;
/// Stores a double.
const STORE: u8 = 0x11;
/// The number of the register with the frame's address.
const RBX: u8 = 3;
/// Copies a whole register.
const MOVE: u8 = 0x28;

/// Sse that grows.
#[derive(Default, Debug)]
pub(super) struct Asm {
    code: Vec<u8>,
    literals: Literals,
    /// 4-byte places that are to hold the distance to a literal.
    holes: Vec<(usize, Literal)>,
}

/// What stands behind the code, each value once.
#[derive(Default, Debug)]
struct Literals {
    words: Vec<u64>,
    word: FxHashMap<u64, u32>,
    masks: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Literal {
    Word(u32),
    Mask(u32),
}

impl Literals {
    fn word(&mut self, bits: u64) -> Literal {
        let next = self.words.len() as u32;
        let place = *self.word.entry(bits).or_insert(next);
        if place == next {
            self.words.push(bits);
        }
        Literal::Word(place)
    }

    fn mask(&mut self, bits: u64) -> Literal {
        Literal::Mask(place_in(&mut self.masks, bits))
    }
}

/// Where a number stands in a list, which is short.
fn place_in(list: &mut Vec<u64>, bits: u64) -> u32 {
    let known = list.iter().position(|&other| other == bits);
    let place = known.unwrap_or_else(|| {
        list.push(bits);
        list.len() - 1
    });
    place as u32
}

impl Asm {
    /// How many bytes there are so far.
    pub(super) fn len(&self) -> usize {
        self.code.len()
    }

    /// Takes the frame's address out of the first argument, and aligns the stack for calls.
    pub(super) fn enter(&mut self) {
        self.code.extend([0x53, 0x48, 0x89, 0xfb]);
    }

    /// Returns.
    pub(super) fn leave(&mut self) {
        self.code.extend([0x5b, 0xc3]);
    }

    /// `to = to ∘ from`; for some codes, `to = ∘ from`.
    pub(super) fn op(&mut self, code: Sse, to: Xmm, from: Place) {
        let (prefix, opcode) = code.bytes();
        self.instruction(prefix, opcode, to, from);
        if code == Sse::NotEqual {
            self.code.push(4);
        }
    }

    /// Copies one register into another.
    pub(super) fn copy(&mut self, to: Xmm, from: Xmm) {
        self.instruction(0, MOVE, to, Place::Register(from));
    }

    /// Stores a register.
    pub(super) fn store(&mut self, to: Place, from: Xmm) {
        self.instruction(SCALAR, STORE, from, to);
    }

    /// `rdi` = a literal: the only integer argument of a call.
    pub(super) fn integer_argument(&mut self, n: i64) {
        self.code.extend([0x48, 0xbf]);
        self.code.extend(n.to_le_bytes());
    }

    /// `rdi` = what is in a slot.
    pub(super) fn integer_argument_from(&mut self, slot: u32) {
        self.code.extend([0x48, 0x8b]);
        self.based(7, slot);
    }

    /// Calls a function by its place in the table of addresses. Gives where the distance to that place is wanted, which ends the instruction.
    pub(super) fn call(&mut self) -> usize {
        self.code.extend([0xff, 0x15, 0, 0, 0, 0]);
        self.code.len() - 4
    }

    fn instruction(&mut self, prefix: u8, opcode: u8, register: Xmm, rm: Place) {
        if prefix != 0 {
            self.code.push(prefix);
        }
        let other = if let Place::Register(r) = rm { r.0 } else { 0 };
        let rex = 0x40 | (register.0 >> 3) << 2 | other >> 3;
        if rex != 0x40 {
            self.code.push(rex);
        }
        self.code.extend([0x0f, opcode]);
        let field = register.0 & 7;
        match rm {
            Place::Register(r) => self.code.push(0xc0 | field << 3 | r.0 & 7),
            Place::Slot(slot) => self.based(field, slot),
            Place::Literal(bits) => {
                let literal = self.literals.word(bits);
                self.relative(field, literal);
            }
            Place::Mask(bits) => {
                let literal = self.literals.mask(bits);
                self.relative(field, literal);
            }
        }
    }

    /// An operand in the frame.
    fn based(&mut self, field: u8, slot: u32) {
        let bytes = 8 * slot as i32;
        match i8::try_from(bytes) {
            Ok(near) => self.code.extend([0x40 | field << 3 | RBX, near as u8]),
            Err(_) => {
                self.code.push(0x80 | field << 3 | RBX);
                self.code.extend(bytes.to_le_bytes());
            }
        }
    }

    fn relative(&mut self, field: u8, literal: Literal) {
        self.code.push(field << 3 | 5);
        self.hole(literal);
    }

    fn hole(&mut self, literal: Literal) {
        self.holes.push((self.code.len(), literal));
        self.code.extend([0; 4]);
    }

    /// The code with its literals, and where those begin.
    pub(super) fn finish(mut self) -> (Vec<u8>, usize) {
        let end = self.code.len();
        self.code.resize(end.next_multiple_of(16), 0);
        let masks = self.code.len();
        for &mask in &self.literals.masks {
            self.code.extend(mask.to_le_bytes());
            self.code.extend([0; 8]);
        }
        let words = self.code.len();
        self.literals.words.iter().for_each(|word| self.code.extend(word.to_le_bytes()));
        for (hole, literal) in self.holes {
            let at = match literal {
                Literal::Mask(place) => masks + 16 * place as usize,
                Literal::Word(place) => words + 8 * place as usize,
            };
            // Every hole is the last thing in its instruction.
            let distance = (at - (hole + 4)) as u32;
            self.code[hole..hole + 4].copy_from_slice(&distance.to_le_bytes());
        }
        (self.code, end)
    }
}
