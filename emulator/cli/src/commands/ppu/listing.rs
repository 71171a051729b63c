//! Listings: words as instructions with labels, and branch targets by name.

use ppu_isa::{Instruction, Op, disassemble};
use serde::Serialize;

use super::symbols::Symbols;

/// A word of a listing.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) address: u32,
    pub(super) word: u32,
    /// The instruction as the assembler would take it.
    pub(super) text: String,
    /// Symbols that begin here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    /// Where a branch goes, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

impl Line {
    pub(super) fn new(word: u32, address: u32, symbols: &Symbols) -> Self {
        Self {
            address,
            word,
            text: disassemble(word, address),
            labels: symbols.starting_at(address).map(str::to_owned).collect(),
            target: branch_target(word, address).and_then(|target| symbols.describe(target)),
        }
    }

    /// The instruction, with the name of its target.
    pub(super) fn instruction(&self) -> String {
        match &self.target {
            Some(target) => format!("{} <{target}>", self.text),
            None => self.text.clone(),
        }
    }
}

/// Labels on lines of their own, then address, word, instruction.
impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for label in &self.labels {
            writeln!(f, "{:08x} <{label}>:", self.address)?;
        }
        writeln!(f, "{:08x}:  {:08x}  {}", self.address, self.word, self.instruction())
    }
}

/// Where a branch with its target in the word goes (ppu-isa 4.5: `b`, `bc`).
fn branch_target(word: u32, address: u32) -> Option<u32> {
    let instruction = Instruction::decode(word);
    // The displacement counts words; shifting it to the top extends its sign.
    let displacement = match instruction.op() {
        Op::B => (word << 6 & 0xffff_ff00) as i32 >> 6,
        Op::Bc => i32::from(word as u16 as i16 & !3),
        _ => return None,
    };
    Some(if instruction.absolute() { displacement as u32 } else { address.wrapping_add_signed(displacement) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The assembler knows where its branches go.
    #[test]
    fn targets_are_those_that_the_assembler_was_given() {
        for (source, target) in [
            ("b 0x40", 0x40),
            ("bl 0x1fffffc", 0x1ff_fffc),
            ("ba 0x20", 0x20),
            ("bne 0x1000", 0x1000),
            ("bdnz 0x2000", 0x2000),
        ] {
            for origin in [0x100, 0x1ff0] {
                let words = ppu_isa::assemble(source, origin).unwrap().words();
                assert_eq!(branch_target(words[0], origin), Some(target), "{source}");
            }
        }
        for source in ["blr", "bctr", "nop", "addi r3, r3, 4"] {
            let words = ppu_isa::assemble(source, 0).unwrap().words();
            assert_eq!(branch_target(words[0], 0), None, "{source}");
        }
    }
}
