//! Machine code as text.
//!
//! In: bytes. Out: instructions in the notation of the GNU assembler on x86-64; on other machines, words in hexadecimal. Addresses count from the start.

/// One instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Instruction {
    /// Where it begins.
    pub(crate) start: u32,
    /// How long it is.
    pub(crate) bytes: u32,
    /// What it does.
    pub(crate) text: String,
}

/// The instructions of a piece of code.
#[cfg(target_arch = "x86_64")]
pub(crate) fn disassemble(code: &[u8]) -> Vec<Instruction> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter};
    let mut formatter = GasFormatter::new();
    formatter.options_mut().set_first_operand_char_index(10);
    formatter.options_mut().set_branch_leading_zeros(false);
    let decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    decoder
        .into_iter()
        .map(|instruction| {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            Instruction { start: instruction.ip() as u32, bytes: instruction.len() as u32, text }
        })
        .collect()
}

/// The words of a piece of code.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn disassemble(code: &[u8]) -> Vec<Instruction> {
    let word = |(i, word): (usize, &[u8])| Instruction {
        start: 4 * i as u32,
        bytes: word.len() as u32,
        text: word.iter().rev().map(|byte| format!("{byte:02x}")).collect(),
    };
    code.chunks(4).enumerate().map(word).collect()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn two_instructions() {
        let found = disassemble(&[0xf2, 0x0f, 0x59, 0xc1, 0xc3]);
        let texts: Vec<(u32, &str)> = found.iter().map(|i| (i.start, i.text.as_str())).collect();
        assert_eq!(texts, [(0, "mulsd     %xmm1,%xmm0"), (4, "ret")]);
    }
}
