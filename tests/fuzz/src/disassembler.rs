//! Words to text and back.

use ppu_isa::{Instruction, assemble, disassemble};

use crate::Input;

/// Words at any address: decoding is consistent, and the text assembles to the word.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut address = input.word() & !3;
    while !input.is_empty() {
        let word = input.word();
        let i = Instruction::decode(word);
        if let Some(info) = i.op().info() {
            assert_eq!(word & info.mask, info.matching, "{word:08x}");
        }
        let text = disassemble(word, address);
        match assemble(&text, address) {
            Ok(program) => assert_eq!(program.words(), [word], "{text}"),
            Err(error) => panic!("{text}: {error}"),
        }
        address = address.wrapping_add(4);
    }
}
