//! What compiled code must not contain: words that run, but not as the compiler believes (ppu-isa 4.1, 4.2).
//!
//! There is no trap for absent instructions, so that nobody notices at run time.

use std::fmt;

use ppu_isa::{Instruction, Op, Spr};

/// Something wrong with an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// No instruction of the processor; runs as a no-operation.
    Unknown,
    /// A shift by a register. Amounts from 32 act as amount - 32, while compilers build 64-bit shifts on their giving 0.
    VariableShift,
    /// A halfword load with sign extension and a negative displacement, which the hardware description zero-extends.
    NegativeDisplacement,
    /// A special purpose register that does not exist. The assembler's `mftb` reads one.
    UnknownRegister,
    /// A `wait` that does not sleep, as assemblers that know the mnemonic encode it.
    WaitThatDoesNot,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no instruction of this processor: it would do nothing",
            Self::VariableShift => "a shift by a register counts only five bits of the amount",
            Self::NegativeDisplacement => "lha with a negative displacement reads elsewhere on some chips",
            Self::UnknownRegister => "no such special purpose register",
            Self::WaitThatDoesNot => "this form of wait does not sleep: write .long 0x7c00007c",
        })
    }
}

/// Looks at one word of code; `None` if it does what it says.
pub fn check(word: u32) -> Option<Finding> {
    let instruction = Instruction::decode(word);
    let special = ((word >> 16 & 31) | (word >> 11 & 31) << 5) as u16;
    match instruction.op() {
        Op::Unknown => Some(Finding::Unknown),
        Op::Slw | Op::Srw | Op::Sraw => Some(Finding::VariableShift),
        Op::Lha | Op::Lhau if instruction.field("D").is_some_and(|d| d & 0x8000 != 0) => {
            Some(Finding::NegativeDisplacement)
        }
        Op::Mfspr | Op::Mtspr if Spr::from_number(special).is_none() => Some(Finding::UnknownRegister),
        Op::Wait if word != 0x7c00_007c => Some(Finding::WaitThatDoesNot),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_trouble_is_found() {
        let word = |text: &str| ppu_isa::assemble(text, 0).unwrap().words()[0];
        for (text, finding) in [
            ("nop", None),
            ("slwi r3, r4, 5", None),
            ("slw r3, r4, r5", Some(Finding::VariableShift)),
            ("sraw r3, r4, r5", Some(Finding::VariableShift)),
            ("lha r3, 4(r4)", None),
            ("lha r3, -4(r4)", Some(Finding::NegativeDisplacement)),
            ("fxvaddbm 1, 2, 3", None),
        ] {
            assert_eq!(check(word(text)), finding, "{text}");
        }
        assert_eq!(check(0x7c00_007c), None);
        assert_eq!(check(0x7c20_007c), Some(Finding::WaitThatDoesNot));
        // lfs, and mftb as the assembler writes it.
        assert_eq!(check(0xc000_0000), Some(Finding::Unknown));
        assert_eq!(check(0x7c6c_42a6), Some(Finding::UnknownRegister));
    }
}
