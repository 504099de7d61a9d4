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

/// The instructions of a piece of code. Behind `end`, after the next jump or return, come literals.
#[cfg(target_arch = "x86_64")]
pub(crate) fn disassemble(code: &[u8], end: u32) -> Vec<Instruction> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter, Mnemonic};
    let mut formatter = GasFormatter::new();
    formatter.options_mut().set_first_operand_char_index(10);
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut found = Vec::new();
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        let (start, bytes) = (instruction.ip() as u32, instruction.len() as u32);
        found.push(Instruction { start, bytes, text });
        let leaves = matches!(instruction.mnemonic(), Mnemonic::Ret | Mnemonic::Jmp);
        if leaves && start + bytes >= end {
            break;
        }
    }
    let behind = found.last().map_or(0, |last| (last.start + last.bytes) as usize);
    found.extend(literals(code, behind.next_multiple_of(8)));
    found
}

/// The words behind the code that are not padding, as floats.
#[cfg(target_arch = "x86_64")]
fn literals(code: &[u8], from: usize) -> Vec<Instruction> {
    let words = code.get(from..).unwrap_or(&[]).chunks_exact(8);
    let word = |(i, bytes): (usize, &[u8])| {
        let bits = u64::from_le_bytes(bytes.try_into().ok()?);
        let text = format!(".quad     {bits:#018x}  ; {:?}", f64::from_bits(bits));
        (bits != 0).then_some(Instruction { start: (from + 8 * i) as u32, bytes: 8, text })
    };
    words.enumerate().filter_map(word).collect()
}

/// The words of a piece of code.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn disassemble(code: &[u8], _end: u32) -> Vec<Instruction> {
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
    fn instructions_and_a_literal() {
        let mut code = vec![0xf2, 0x0f, 0x59, 0xc1, 0xc3, 0, 0, 0];
        code.extend(0.5_f64.to_le_bytes());
        let found = disassemble(&code, 5);
        let texts: Vec<(u32, &str)> = found.iter().map(|i| (i.start, i.text.as_str())).collect();
        let literal = ".quad     0x3fe0000000000000  ; 0.5";
        assert_eq!(texts, [(0, "mulsd     %xmm1,%xmm0"), (4, "ret"), (8, literal)]);
    }
}
